//! The program, as an account has it.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest that anything is waited for; machines may be loaded.
pub const PATIENCE: Duration = Duration::from_mins(2);

pub const PASSWORD: &str = "correct horse";

/// Waits until `happened`, or fails with `what`.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A directory with an engine's data and an account's home. The engine is killed at the end.
pub struct Site {
    pub dir: TempDir,
}

impl Site {
    /// Nothing in it, no engine.
    pub fn empty() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// With the administrator ada, logged in.
    pub fn new() -> Self {
        Self::empty().with_administrator()
    }

    /// Makes the administrator ada, who is logged in then. This starts the engine.
    pub fn with_administrator(self) -> Self {
        self.ok_typing(
            &["user", "add", "ada", "--role", "administrator", "--password-stdin"],
            &format!("{PASSWORD}\n"),
        );
        self
    }

    /// A directory of roles that win over the project's own; made before the engine starts.
    pub fn own_roles(&self) -> PathBuf {
        self.dir.path().join("roles")
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn socket(&self) -> PathBuf {
        self.data().join("run/v1/engine.sock")
    }

    /// A command of the account `home`.
    pub fn command_of(&self, home: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cpmg"));
        let home = self.dir.path().join(home);
        std::fs::create_dir_all(&home).unwrap();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles").display().to_string();
        let own = self.own_roles();
        let roles = if own.exists() { format!("{project}:{}", own.display()) } else { project };
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("LANG", "C.UTF-8")
            .env("CPMG_DATA", self.data())
            .env("CPMG_ROLES", roles)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of("home", args)
    }

    /// Runs a command of the account `home` with `typed` on its standard input.
    pub fn run_of(&self, home: &str, args: &[&str], typed: &str) -> Ended {
        let mut child = self.command_of(home, args).stdin(Stdio::piped()).spawn().unwrap();
        // A command that refuses before it reads has closed its input already.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    pub fn run(&self, args: &[&str]) -> Ended {
        self.command(args).output().unwrap().into()
    }

    /// Runs a command that must succeed, gives its output.
    pub fn ok(&self, args: &[&str]) -> String {
        self.ok_typing(args, "")
    }

    pub fn ok_typing(&self, args: &[&str], typed: &str) -> String {
        let ended = self.run_of("home", args, typed);
        assert_eq!(ended.code, 0, "{args:?}: {ended:?}");
        ended.out
    }

    /// What a command says under `--json`.
    pub fn json(&self, args: &[&str]) -> Value {
        let out = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}: {out}"))
    }

    /// Runs a command that must be refused with `code` and a sentence that holds `part`.
    pub fn refused(&self, args: &[&str], code: i32, part: &str) -> Ended {
        self.refused_typing(args, "", code, part)
    }

    pub fn refused_typing(&self, args: &[&str], typed: &str, code: i32, part: &str) -> Ended {
        let ended = self.run_of("home", args, typed);
        assert_eq!(ended.code, code, "{args:?}: {ended:?}");
        assert!(ended.err.contains(part), "{args:?}: no '{part}' in {ended:?}");
        ended
    }

    /// Process of the engine that answers, if one does.
    pub fn engine(&self) -> Option<u32> {
        let ended = self.run(&["engine", "status", "--json"]);
        let hello: Value = serde_json::from_str(&ended.out).ok()?;
        hello["pid"].as_u64().and_then(|p| u32::try_from(p).ok())
    }

    /// SIGKILL for the engine; returns when it is gone.
    pub fn kill_engine(&self) {
        let Some(pid) = self.engine() else { return };
        let process = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        wait_until("the engine is gone", || gone(pid));
    }
}

/// Whether a process has ended (nobody may have taken note of it yet).
pub fn gone(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_or(true, |stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])))
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill_engine();
    }
}
