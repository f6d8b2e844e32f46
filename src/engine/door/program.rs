//! The program that runs for whoever came in: this one, as a process of its own, on a terminal or with plain streams.
//!
//! Its environment is empty but for language, colours and where the engine is; its arguments are what was asked for, split into
//! words without a shell. It keeps itself away from the files of this host (`served`), and may ask for no more than its user may.

use super::super::Engine;
use super::super::auth::Caller;
use crate::domain::door::words;
use crate::ssh::serve::{Held, Program, Terminal, Wanted};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

/// Where the engine is; that it is set at all makes the program a guest.
const INVITATION: &str = "CPMG_DOOR";

struct Running {
    child: Child,
    pid: i32,
    engine: Arc<Engine>,
    /// Our end of its terminal.
    terminal: Option<File>,
}

impl Running {
    /// Expects it at the socket no longer. Before it is waited for: after that its number may be another process's.
    fn forget(&self) {
        self.engine.door.expected().remove(&self.pid);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Held for Running {
    fn resize(&self, cols: u16, rows: u16) {
        if let Some(terminal) = &self.terminal {
            let _ = tcsetwinsize(terminal, size(cols, rows));
        }
    }

    fn hang_up(&mut self) {
        self.forget();
        // Its number is its own until it has been waited for, and then it has none here any more.
        if self.child.id().is_some()
            && let Some(pid) = Pid::from_raw(self.pid)
        {
            let _ = kill_process(pid, Signal::HUP);
        }
    }

    fn ended(&mut self) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
        self.forget();
        Box::pin(async {
            let status = self.child.wait().await.ok();
            let code = status.and_then(|s| s.code().or_else(|| s.signal().map(|n| 128 + n)));
            code.and_then(|c| u32::try_from(c).ok()).unwrap_or(255)
        })
    }
}

fn size(cols: u16, rows: u16) -> Winsize {
    Winsize { ws_col: cols, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}

/// A terminal: our end, and that of the program.
fn terminal(wanted: &Terminal) -> rustix::io::Result<(File, File)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let its = ioctl_tiocgptpeer(&ours, flags)?;
    tcsetwinsize(&ours, size(wanted.cols, wanted.rows))?;
    let mode = rustix::fs::fcntl_getfl(&ours)?;
    rustix::fs::fcntl_setfl(&ours, mode | OFlags::NONBLOCK)?;
    Ok((File::from(ours), File::from(its)))
}

fn told(what: &str) -> impl Fn(std::io::Error) -> String {
    move |why| {
        tracing::error!(%why, "a program for a session over SSH: {what}");
        format!(
            "nothing can be started for you at the moment ({what}): ask an administrator to look at the engine's log"
        )
    }
}

/// Starts what is wanted for a caller who has logged in.
pub fn start(engine: &Arc<Engine>, caller: &Arc<Caller>, wanted: &Wanted) -> Result<Program, String> {
    let args = words(wanted.command.as_deref().unwrap_or_default())?;
    // 'cpmg env list' and 'env list' are the same here.
    let args = args.strip_prefix(&["cpmg".to_owned()]).unwrap_or(&args);
    let program = std::env::current_exe().map_err(told("the program is gone"))?;
    let mut command = Command::new(program);
    command.args(args).env_clear().current_dir("/").kill_on_drop(true);
    command.envs(wanted.variables.iter().map(|(name, value)| (name, value)));
    command.env(INVITATION, &engine.options.run);
    let pty = match &wanted.terminal {
        None => {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            None
        }
        Some(wanted) => {
            let fault = told("no terminal");
            let (ours, its) = terminal(wanted).map_err(|e| fault(e.into()))?;
            let again = || its.try_clone().map_err(&fault);
            command.stdin(again()?).stdout(again()?).stderr(again()?).env("TERM", &wanted.kind);
            Some(ours)
        }
    };
    let (child, pid) = {
        // Whoever looks for it waits until it is entered.
        let mut expected = engine.door.expected();
        let child = command.spawn().map_err(told("no process"))?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
        expected.insert(pid, Arc::clone(caller));
        (child, pid)
    };
    // Only the program holds its end of the terminal now, so that it ends with it.
    drop(command);
    let mut running = Running { child, pid, engine: Arc::clone(engine), terminal: None };
    let Some(ours) = pty else {
        let (Some(input), Some(output), Some(errors)) =
            (running.child.stdin.take(), running.child.stdout.take(), running.child.stderr.take())
        else {
            return Err("nothing can be started for you at the moment".to_owned());
        };
        let errors = Some(Box::new(errors) as _);
        return Ok(Program {
            input: Box::new(input),
            output: Box::new(output),
            errors,
            held: Box::new(running),
        });
    };
    let fault = told("no terminal");
    let input = pipe::Sender::from_file_unchecked(ours.try_clone().map_err(&fault)?).map_err(&fault)?;
    let output = pipe::Receiver::from_file_unchecked(ours.try_clone().map_err(&fault)?).map_err(&fault)?;
    running.terminal = Some(ours);
    Ok(Program { input: Box::new(input), output: Box::new(output), errors: None, held: Box::new(running) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::super::super::tests::Running as Site;
    use super::*;

    /// Its number may be another process's as soon as it was waited for.
    #[tokio::test]
    async fn a_program_that_ends_or_is_cut_off_is_expected_no_longer() {
        let site = Site::new();
        let engine = site.engine();
        for cut in [false, true] {
            let child = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
            let pid = i32::try_from(child.id().unwrap()).unwrap();
            let caller = Arc::new(Caller::at_door(&engine, [127, 0, 0, 1].into()));
            engine.door.expected().insert(pid, caller);
            let mut running = Running { child, pid, engine: Arc::clone(&engine), terminal: None };
            if cut {
                running.hang_up();
            } else {
                let ended = running.ended();
                assert!(engine.door.expected().is_empty(), "before it is waited for");
                ended.await;
            }
            assert!(engine.door.expected().is_empty());
        }
    }
}
