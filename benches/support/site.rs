//! A throw-away engine with an administrator.

use serde_json::Value;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The administrator.
pub const USER: &str = "ada";
/// And the password.
pub const PASSWORD: &str = "correct horse";

/// Data, home and engine; all gone when dropped.
pub struct Site {
    /// The program that is measured.
    pub program: PathBuf,
    dir: TempDir,
    /// Directories of roles, the last one wins.
    roles: String,
    engine: Option<Child>,
}

impl Site {
    /// With an engine that answers and an administrator who is logged in.
    pub fn new(program: PathBuf) -> Self {
        Self::with_roles(program, None)
    }

    /// As [`Self::new`], with a directory of roles beside the project's own.
    pub fn with_roles(program: PathBuf, own: Option<&Path>) -> Self {
        let mut roles = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles").display().to_string();
        if let Some(own) = own {
            roles = format!("{roles}:{}", own.display());
        }
        let mut site = Self { program, dir: TempDir::new().expect("a directory"), roles, engine: None };
        site.start_engine();
        let add = ["user", "add", USER, "--role", "administrator", "--password-stdin"];
        site.ok(&add, &format!("{PASSWORD}\n"));
        site
    }

    /// Starts an engine and returns when it listens.
    pub fn start_engine(&mut self) {
        let log = File::create(self.dir.path().join("engine.log")).expect("a file");
        let engine = self.command(&["engine"]).stdout(Stdio::null()).stderr(log).spawn();
        self.engine = Some(engine.expect("the engine"));
        let began = Instant::now();
        let socket = self.socket();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(began.elapsed() < Duration::from_mins(1), "no engine at {}", socket.display());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// SIGKILL to the engine, and its end.
    pub fn kill_engine(&mut self) {
        if let Some(mut engine) = self.engine.take() {
            let _ = engine.kill();
            let _ = engine.wait();
        }
    }

    /// Where the engine listens.
    pub fn socket(&self) -> PathBuf {
        cpmg::api::socket_path(&self.dir.path().join("data/run"))
    }

    /// What the engine last said, for a bench that cannot go on.
    pub fn engine_log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("engine.log")).unwrap_or_default()
    }

    /// Process of the engine.
    pub fn engine(&self) -> u32 {
        self.engine.as_ref().expect("the engine").id()
    }

    /// What the program's environment is.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("HOME", self.dir.path().into()),
            ("TERM", "xterm-256color".into()),
            ("LANG", "C.UTF-8".into()),
            ("CPMG_DATA", self.dir.path().join("data").into()),
            ("CPMG_ROLES", (&self.roles).into()),
        ]
    }

    /// The program, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().envs(self.environment()).stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed; gives what it printed.
    pub fn ok(&self, args: &[&str], stdin: &str) -> String {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        // A command that asks for nothing may have closed its input already.
        let _ = child.stdin.take().expect("its input").write_all(stdin.as_bytes());
        let out = child.wait_with_output().expect("its end");
        assert!(out.status.success(), "cpmg {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// The JSON document that a command prints.
    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--json"]].concat(), "")).expect("JSON")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill_engine();
    }
}
