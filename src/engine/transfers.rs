//! Files to and from nodes, part by part, over a connection of their own.
//!
//! A file that is written lies beside its place under another name until it is complete; whatever ends the transfer before
//! leaves nothing. A file that is read is sent only as far as its client has asked. The bytes go through the engine, never
//! into a file of it.

use super::nodes::node_fault;
use super::{Engine, now};
use crate::api::shells::{PART, Part};
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::ids::NodeId;
use crate::domain::node::Node;
use crate::domain::said::sentence;
use crate::domain::text::{harmless, sh_quote};
use crate::domain::time::Moment;
use crate::domain::user::User;
use crate::ssh::{ExecStream, Session, SshError, Status, StreamEvent};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Transfers under way at most.
const MOST: usize = 32;
/// A transfer of which nothing was heard for so long is given up, milliseconds.
const IDLE: u64 = 5 * 60_000;
/// How long a node may take for an answer.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of a file that may be on their way at once.
const AHEAD: u64 = 4 * PART as u64;
/// Bytes that are written to the connection without a pause for an answer.
const PIECE: usize = 4096;
/// Longest path.
const PATH_MAX: usize = 4096;

/// Writes standard input beside its place, and moves it there when it is all of it. What lies under the name of the part already, a link of
/// somebody else's above all, is not written through.
const WRITE: &str = r#"
if [ -d "$p" ]; then p="${p%/}/$n"; fi
if [ -d "$p" ]; then echo "folder $p"; exit 17; fi
if [ -e "$p" ] && [ "$r" != 1 ]; then echo "there $p"; exit 17; fi
t="$p.cpmg-part.$$"
umask 077
(set -C; : >"$t") || exit 18
trap 'rm -f "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
echo ready
cat >"$t" || exit 18
g=$(($(wc -c <"$t")))
if [ "$g" -ne "$s" ]; then echo "$g of $s bytes arrived" >&2; exit 18; fi
chmod "$m" "$t" && mv -f "$t" "$p" || exit 18
printf 'written %s\n' "$p"
"#;

/// Sends a part of a file for each line that it reads.
const READ: &str = r#"
if [ ! -f "$p" ]; then echo "none $p"; exit 17; fi
exec 3<"$p" || exit 18
echo "size $(($(wc -c <"$p")))"
while read -r x; do dd bs=65536 count=4 <&3 2>/dev/null || exit 18; done
"#;

struct Work {
    session: Session,
    stream: ExecStream,
    size: u64,
    /// Bytes that were passed on.
    done: u64,
    /// Bytes that the node was asked for.
    asked: u64,
    held: Vec<u8>,
    said: Vec<u8>,
}

#[derive(Clone)]
struct Held {
    by: String,
    used: Moment,
    work: Arc<tokio::sync::Mutex<Work>>,
}

/// Transfers under way.
#[derive(Default)]
pub struct Transfers {
    all: Mutex<BTreeMap<u64, Held>>,
    last: AtomicU64,
}

impl Transfers {
    fn add(&self, user: &User, work: Work) -> Result<u64, Failure> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now();
        all.retain(|_, held| at.since(held.used) < IDLE);
        if all.len() >= MOST {
            return Err(Failure::new(
                FailureKind::Busy,
                format!("{MOST} files are under way: wait for one of them"),
            )
            .keyed("error-transfers-many")
            .arg("most", MOST));
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let work = Arc::new(tokio::sync::Mutex::new(work));
        all.insert(number, Held { by: user.name.clone(), used: at, work });
        Ok(number)
    }

    fn get(&self, user: &User, number: u64) -> Result<Arc<tokio::sync::Mutex<Work>>, Failure> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get_mut(&number).filter(|h| h.by == user.name).ok_or_else(|| {
            Failure::new(FailureKind::NotFound, format!("transfer {number} is over: begin it anew"))
                .keyed("error-transfer-over")
                .arg("number", number)
        })?;
        held.used = now();
        Ok(Arc::clone(&held.work))
    }

    fn remove(&self, number: u64) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }
}

impl Work {
    async fn begin(session: Session, settings: &str, script: &str) -> Result<Self, SshError> {
        let command = format!("exec sh -c {}", sh_quote(&format!("{settings}{script}")));
        // Twice what is asked for at once, so that nothing is lost.
        let stream = session.exec_stream(&command, usize::try_from(2 * AHEAD).unwrap_or(usize::MAX)).await?;
        Ok(Self { session, stream, size: 0, done: 0, asked: 0, held: Vec::new(), said: Vec::new() })
    }

    /// The next event; what was said on the standard error is kept.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.stream.next()).await.map_err(|_| {
                let host = self.session.host();
                Failure::new(
                    FailureKind::Node,
                    format!("{host} said nothing for two minutes: the transfer is given up"),
                )
                .keyed("error-transfer-silent")
                .arg("host", host)
            })?;
            match event {
                Some(StreamEvent::Stdout(bytes)) => return Ok(Some(bytes.to_vec())),
                Some(StreamEvent::Stderr(bytes)) => {
                    let room = 2000_usize.saturating_sub(self.said.len());
                    self.said.extend(bytes.iter().take(room));
                }
                Some(StreamEvent::Ended(Status::Exit(0))) => {}
                Some(StreamEvent::Ended(_)) | None => return Ok(None),
                Some(StreamEvent::Refused | StreamEvent::Overrun) => return Err(self.broken()),
            }
        }
    }

    /// A line of what the node says.
    async fn line(&mut self) -> Result<String, Failure> {
        loop {
            if let Some(end) = self.held.iter().position(|b| *b == b'\n') {
                let rest = self.held.split_off(end + 1);
                let line = std::mem::replace(&mut self.held, rest);
                return Ok(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned());
            }
            match self.next().await? {
                Some(bytes) if self.held.len() + bytes.len() <= 2 * PATH_MAX => self.held.extend(bytes),
                _ => return Err(self.broken()),
            }
        }
    }

    fn broken(&self) -> Failure {
        let said = String::from_utf8_lossy(&self.said);
        let said = harmless(said.trim());
        let host = self.session.host();
        let why = if said.is_empty() { "the node ended it".to_owned() } else { said };
        Failure::new(FailureKind::Node, format!("the transfer with {host} failed: {why}"))
            .keyed("error-transfer")
            .arg("host", host)
            .arg("why", why)
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), Failure> {
        let input = self.stream.input();
        let mut bytes = tokio_util::bytes::Bytes::from(bytes);
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE));
            input.write(piece).await.map_err(|f| node_fault(&f))?;
        }
        Ok(())
    }

    /// Takes the next part of a file that is read.
    async fn part(&mut self) -> Result<Part, Failure> {
        let wanted = self.size.saturating_sub(self.done).min(PART as u64);
        while self.asked < self.size && self.asked < self.done + AHEAD {
            self.send(b"\n".to_vec()).await?;
            self.asked += PART as u64;
        }
        while (self.held.len() as u64) < wanted {
            match self.next().await? {
                Some(bytes) => self.held.extend(bytes),
                None => return Err(self.broken()),
            }
        }
        let rest = self.held.split_off(usize::try_from(wanted).unwrap_or(usize::MAX));
        let bytes = std::mem::replace(&mut self.held, rest);
        self.done += bytes.len() as u64;
        Ok(Part { bytes, size: self.size, last: self.done >= self.size })
    }
}

/// A path as the node's `sh` takes it: from the home where it begins with `~/` or with no `/`.
fn path_of(path: &str) -> Result<String, Failure> {
    let path = match path.strip_prefix("~/") {
        Some("") => ".",
        Some(rest) => rest,
        None if path == "~" => ".",
        None => path,
    };
    if path.is_empty() || path.len() > PATH_MAX || path.contains('\0') || path.contains('\n') {
        return Err(Failure::new(
            FailureKind::Invalid,
            "a path on the node, of at most 4096 characters on one line",
        )
        .at("path")
        .keyed("error-path"));
    }
    // A leading hyphen is no option.
    Ok(if path.starts_with('-') { format!("./{path}") } else { path.to_owned() })
}

fn refused(node: &Node, line: &str) -> Failure {
    let (word, path) = line.split_once(' ').unwrap_or((line, ""));
    let (path, name) = (harmless(path), &node.name);
    let (kind, key, text) = match word {
        "there" => (
            FailureKind::Conflict,
            "error-file-there",
            format!("{path} is on {name} already: replace it, or choose another place"),
        ),
        "folder" => (FailureKind::Invalid, "error-file-folder", format!("{path} is a folder on {name}")),
        "none" => (FailureKind::NotFound, "error-file-none", format!("there is no file {path} on {name}")),
        _ => (
            FailureKind::Node,
            "error-file-odd",
            format!("{name} answered something odd: {}", harmless(line)),
        ),
    };
    Failure::new(kind, text)
        .keyed(key)
        .arg("path", path)
        .arg("node", name)
        .arg("line", harmless(line))
        .at("path")
}

/// A file to be written on a node.
pub struct Upload<'a> {
    /// Where.
    pub path: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Its bytes.
    pub size: u64,
    /// Its permissions.
    pub mode: u32,
    /// Replace one that is there.
    pub replace: bool,
}

impl Engine {
    async fn transfer(&self, node: &Node, settings: &str, script: &str) -> Result<Work, Failure> {
        let session = self.connect_node(node).await.map_err(|f| node_fault(&f))?;
        Work::begin(session, settings, script).await.map_err(|f| node_fault(&f))
    }

    /// Begins to write a file on a node.
    pub async fn upload(&self, user: &User, node: NodeId, file: Upload<'_>) -> Result<u64, Failure> {
        let node = self.node(node)?;
        let path = path_of(file.path)?;
        let name = path_of(file.name.rsplit('/').next().unwrap_or_default())?;
        let what = sentence!(
            "deed-upload-file",
            "uploads {name}, {bytes} bytes, to {path}",
            name = name,
            bytes = file.size,
            path = path
        );
        self.audit(&self.deed_on(user, AuditKind::Shell, &node, what))?;
        let settings = format!(
            "p={} n={} s={} m={:o} r={}\n",
            sh_quote(&path),
            sh_quote(&name),
            file.size,
            file.mode & 0o777,
            u8::from(file.replace)
        );
        let mut work = self.transfer(&node, &settings, WRITE).await?;
        match work.line().await?.as_str() {
            "ready" => {}
            other => return Err(refused(&node, other)),
        }
        work.size = file.size;
        self.transfers.add(user, work)
    }

    /// The next part of it.
    pub async fn upload_part(&self, user: &User, number: u64, bytes: Vec<u8>) -> Result<(), Failure> {
        let work = self.transfers.get(user, number)?;
        let mut work = work.lock().await;
        work.done += bytes.len() as u64;
        let sent = work.send(bytes).await;
        if sent.is_err() {
            self.transfers.remove(number);
        }
        sent
    }

    /// It is complete; where it lies.
    pub async fn upload_end(&self, user: &User, number: u64) -> Result<String, Failure> {
        let work = self.transfers.get(user, number)?;
        let mut work = work.lock().await;
        self.transfers.remove(number);
        work.stream.input().end().await;
        let line = work.line().await?;
        work.session.close().await;
        line.strip_prefix("written ").map(harmless).ok_or_else(|| work.broken())
    }

    /// Begins to read a file of a node; its number and its size.
    pub async fn download(&self, user: &User, node: NodeId, path: &str) -> Result<(u64, u64), Failure> {
        let node = self.node(node)?;
        let path = path_of(path)?;
        self.audit(&self.deed_on(
            user,
            AuditKind::Shell,
            &node,
            sentence!("deed-download", "downloads {path}", path = path),
        ))?;
        let mut work = self.transfer(&node, &format!("p={}\n", sh_quote(&path)), READ).await?;
        let line = work.line().await?;
        let size = line.strip_prefix("size ").and_then(|s| s.trim().parse().ok());
        work.size = size.ok_or_else(|| refused(&node, &line))?;
        let size = work.size;
        Ok((self.transfers.add(user, work)?, size))
    }

    /// The next part of it.
    pub async fn download_part(&self, user: &User, number: u64) -> Result<Part, Failure> {
        let work = self.transfers.get(user, number)?;
        let mut work = work.lock().await;
        let part = work.part().await;
        if part.as_ref().map_or(true, |p| p.last) {
            self.transfers.remove(number);
            work.session.close().await;
        }
        part
    }

    /// Gives a transfer up.
    pub async fn transfer_cancel(&self, user: &User, number: u64) -> Result<(), Failure> {
        let work = self.transfers.get(user, number)?;
        self.transfers.remove(number);
        work.lock().await.session.close().await;
        Ok(())
    }
}
