//! `cpmg shell`: a node's terminal in this one.
//!
//! Every key goes to the node but Ctrl-]: followed by a full stop it ends the shell, by `d` it leaves the shell open, and twice
//! it sends itself. Bytes of the node reach the terminal as they came: that is what a terminal is for.

use super::args::Global;
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::client::Pushed;
use crate::api::{ClientError, Request, Response, Row, Topic};
use crate::domain::ids::ShellId;
use crate::domain::shells::locale;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io::Read;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Ctrl-].
const PREFIX: u8 = 0x1d;
/// End of transmission: what Ctrl-D sends.
const END: u8 = 0x04;

/// A request whose answer has not come.
type Asked<'a> = BoxFuture<'a, Result<Response, ClientError>>;

/// What the keys ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    Close,
    Detach,
}

/// The terminal raw, until dropped.
struct Raw(bool);

impl Raw {
    fn new(wanted: bool) -> Result<Self, Fault> {
        if wanted {
            crossterm::terminal::enable_raw_mode()
                .map_err(|e| Fault::new(Code::Failed, format!("the terminal cannot be made raw: {e}")))?;
        }
        Ok(Self(wanted))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if self.0 {
            let _ = crossterm::terminal::disable_raw_mode();
        }
    }
}

/// Opens a shell, attaches to one, or lists them.
pub async fn run(
    global: &Global,
    node: Option<String>,
    attach: Option<u64>,
    list: bool,
) -> Result<Code, Fault> {
    let mut talk = Talk::open(global).await?;
    if list {
        return shells(&talk).await.map(|()| Code::Done);
    }
    let terminal = prompt::interactive();
    let (cols, rows) = if terminal { size() } else { (80, 24) };
    let request = match (attach, node) {
        (Some(shell), _) => Request::ShellAttach { shell: ShellId(shell), cols, rows },
        (None, Some(node)) => {
            let locale = locale(
                std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))),
            );
            Request::ShellOpen { node: find::node(&talk, &node).await?.id, cols, rows, job: None, locale }
        }
        (None, None) => return Err(Fault::usage("name a node")),
    };
    let shell = match (talk.call(request).await?, attach) {
        (Response::Shell(shell), _) => shell,
        (Response::Done, Some(shell)) => ShellId(shell),
        _ => return Err(Talk::unexpected()),
    };
    let raw = Raw::new(terminal)?;
    let ended = pass(&mut talk, shell, terminal).await;
    drop(raw);
    match ended? {
        Ended::Said(how) => {
            if terminal {
                print::complain(&format!("\nthe shell has ended: {how}"));
            }
        }
        Ended::Left(Leave::Close) => print::complain("\nthe shell is closed"),
        Ended::Left(Leave::Detach) => {
            print::complain(&format!("\nleft; the shell stays open (cpmg shell --attach {shell})"));
        }
    }
    Ok(Code::Done)
}

enum Ended {
    Said(String),
    Left(Leave),
}

fn size() -> (u16, u16) {
    crossterm::terminal::size().unwrap_or((80, 24))
}

/// Passes bytes both ways until the shell ends or the operator leaves.
async fn pass(talk: &mut Talk, shell: ShellId, terminal: bool) -> Result<Ended, Fault> {
    let (typed, mut keys) = mpsc::channel::<Vec<u8>>(64);
    // A thread of its own: reading a terminal cannot be cancelled, and must not hold the program when it ends.
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 4096];
        while let Ok(read) = std::io::stdin().lock().read(&mut buffer) {
            let bytes = buffer.get(..read).unwrap_or_default().to_vec();
            if typed.blocking_send(bytes).is_err() || read == 0 {
                break;
            }
        }
    });
    let mut resized = signal(SignalKind::window_change())
        .map_err(|e| Fault::new(Code::Failed, format!("changes of the size cannot be noticed: {e}")))?;
    let client = talk.client();
    let mut prefixed = false;
    let mut open = true;
    // Its answer comes behind what the shell says: that is printed meanwhile, and nothing else is asked.
    let mut asked: Option<Asked<'_>> = None;
    let mut leaving = None;
    loop {
        let free = asked.is_none();
        let request = tokio::select! {
            answer = answered(&mut asked) => {
                asked = None;
                answer?;
                if let Some(leave) = leaving {
                    return Ok(Ended::Left(leave));
                }
                None
            }
            pushed = talk.pushed.recv() => match pushed {
                Some(Pushed::Shell(bytes)) if bytes.shell == shell => {
                    print::write(&bytes.bytes)?;
                    if let Some(how) = bytes.ended.filter(|_| leaving.is_none()) {
                        return Ok(Ended::Said(how));
                    }
                    None
                }
                Some(Pushed::SessionEnded) => {
                    return Err(Fault::new(Code::NotAllowed, "the session has ended: log in again"));
                }
                Some(_) => None,
                None => {
                    let text = format!("the connection to the engine was lost (cpmg shell --attach {shell})");
                    return Err(Fault::new(Code::NoEngine, text));
                }
            },
            bytes = keys.recv(), if open && free => {
                let mut bytes = bytes.unwrap_or_default();
                if bytes.is_empty() {
                    open = false;
                    bytes.push(END);
                } else if terminal {
                    (bytes, leaving) = keys_of(&bytes, &mut prefixed);
                }
                match leaving {
                    Some(Leave::Close) => Some(Request::ShellClose { shell }),
                    Some(Leave::Detach) => Some(Request::ShellDetach { shell }),
                    None => (!bytes.is_empty()).then_some(Request::ShellWrite { shell, bytes }),
                }
            }
            _ = resized.recv(), if terminal && free => {
                let (cols, rows) = size();
                Some(Request::ShellResize { shell, cols, rows })
            }
        };
        if let Some(request) = request {
            asked = Some(client.call(request).boxed());
        }
    }
}

/// The answer to what was asked; never, when nothing was.
async fn answered(asked: &mut Option<Asked<'_>>) -> Result<Response, ClientError> {
    match asked {
        Some(asked) => asked.await,
        None => std::future::pending().await,
    }
}

/// Takes the prefix out of what was typed. `prefixed`: the last byte before was the prefix.
fn keys_of(typed: &[u8], prefixed: &mut bool) -> (Vec<u8>, Option<Leave>) {
    let mut send = Vec::with_capacity(typed.len());
    for byte in typed {
        match (std::mem::take(prefixed), byte) {
            (false, &PREFIX) => *prefixed = true,
            (true, b'.') => return (send, Some(Leave::Close)),
            (true, b'd') => return (send, Some(Leave::Detach)),
            (_, byte) => send.push(*byte),
        }
    }
    (send, None)
}

async fn shells(talk: &Talk) -> Result<(), Fault> {
    let rows = find::rows(talk, Topic::Shells).await?;
    let shells: Vec<_> =
        rows.into_iter().filter_map(|r| if let Row::Shell(s) = r { Some(s) } else { None }).collect();
    if talk.json {
        return print::json(&shells);
    }
    let clients = |s: &crate::api::rows::ShellRow| match s.alone {
        Some(since) => format!("none, left {}", print::ago(since)),
        None => s.clients.to_string(),
    };
    let recording = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let rows: Vec<[String; 6]> = shells
        .iter()
        .map(|s| {
            let (id, opened) = (s.id.to_string(), print::ago(s.opened));
            [id, s.name.clone(), s.by.clone(), opened, clients(s), recording(s.recording)]
        })
        .collect();
    print::table(["SHELL", "NODE", "BY", "OPENED", "CLIENTS", "RECORDING"], &rows, "no shell is open")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_prefix_and_nothing_else_is_taken() {
        let mut prefixed = false;
        assert_eq!(keys_of(b"ls\r", &mut prefixed), (b"ls\r".to_vec(), None));
        assert_eq!(keys_of(b"a\x1d\x1db", &mut prefixed), (b"a\x1db".to_vec(), None));
        assert_eq!(keys_of(b"a\x1d", &mut prefixed), (b"a".to_vec(), None));
        assert_eq!(keys_of(b".", &mut prefixed), (Vec::new(), Some(Leave::Close)), "over two reads");
        assert_eq!(keys_of(b"\x1dd", &mut prefixed), (Vec::new(), Some(Leave::Detach)));
        assert_eq!(keys_of(b"\x1dx.", &mut prefixed), (b"x.".to_vec(), None));
    }
}
