//! The lab and the program under test, as a user has them.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest that anything here is waited for; on a loaded machine everything takes several times longer.
pub const PATIENCE: Duration = Duration::from_mins(15);

/// Real Debian nodes on this machine; taken down when dropped.
pub struct Lab {
    instance: String,
}

impl Lab {
    /// Boots nodes of these names on a bridge of their own.
    pub fn up(instance: &str, names: &[&str]) -> Self {
        Self::up_with(instance, names, &[])
    }

    /// The same with packages that lie there unpacked already, so that an installation need not wait for them.
    pub fn up_with(instance: &str, names: &[&str], packages: &[&str]) -> Self {
        // Several people may run the same test on one machine.
        let instance = std::env::var("CPMG_TEST_LAB").unwrap_or_default() + instance;
        let lab = Self { instance };
        let (count, names, packages) = (names.len().to_string(), names.join(","), packages.join(" "));
        let mut args = vec!["up", &count, "--names", &names];
        if !packages.is_empty() {
            args.extend(["--packages", &packages]);
        }
        lab.run(&args);
        lab
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab"));
        command.args(["--instance", &self.instance]).args(args).stdin(Stdio::null());
        command
    }

    /// Runs a command of the lab, which must succeed.
    pub fn run(&self, args: &[&str]) -> String {
        let out = self.command(args).output().expect("the lab is a program");
        assert!(out.status.success(), "lab {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Runs a shell command on a node, gives its output.
    pub fn exec(&self, node: &str, script: &str) -> String {
        self.run(&["exec", node, "sh", "-c", script])
    }

    /// Runs a shell command on a node with that standard input, gives its output.
    #[allow(dead_code, reason = "not every program of tests needs it")]
    pub fn exec_with(&self, node: &str, script: &str, stdin: &str) -> String {
        let mut command = self.command(&["exec", node, "sh", "-c", script]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the lab");
        child.stdin.take().expect("its input").write_all(stdin.as_bytes()).expect("it reads");
        let out = child.wait_with_output().expect("its end");
        assert!(out.status.success(), "on {node}: {script}: {:?}", out.status);
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// What the lab says of itself.
    #[allow(dead_code, reason = "not every program of tests needs it")]
    pub fn status(&self) -> Value {
        serde_json::from_str(&self.run(&["status", "--json"])).expect("JSON of the lab")
    }

    /// Path of the disk image of a tiny guest.
    #[allow(dead_code, reason = "not every program of tests needs it")]
    pub fn image() -> String {
        let made = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/image"))
            .stderr(Stdio::inherit())
            .output()
            .expect("a program");
        assert!(made.status.success(), "no image of a guest");
        String::from_utf8_lossy(&made.stdout).trim().to_owned()
    }

    /// Address of a node.
    pub fn address(&self, node: &str) -> String {
        let status: Value = serde_json::from_str(&self.run(&["status", "--json"])).expect("JSON of the lab");
        let nodes = status["nodes"].as_array().expect("nodes");
        let found = nodes.iter().find(|n| n["name"] == node).expect("the node");
        found["address"].as_str().expect("an address").to_owned()
    }

    /// Private key that every node takes for root.
    pub fn key(&self) -> PathBuf {
        PathBuf::from(self.run(&["key"]).trim())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).status();
    }
}

/// The program with data, sessions and roles of its own; its engine is ended when dropped.
pub struct Cpmg {
    dir: TempDir,
}

impl Cpmg {
    /// Fresh, with an administrator called ada who is logged in.
    pub fn new() -> Self {
        let cpmg = Self { dir: TempDir::new().expect("a directory") };
        cpmg.ok_with(
            &["user", "add", "ada", "--role", "administrator", "--password-stdin"],
            "correct horse\n",
        );
        cpmg.ok_with(&["login", "ada", "--password-stdin"], "correct horse\n");
        cpmg
    }

    /// Its data directory.
    #[allow(dead_code, reason = "not every program of tests needs it")]
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A directory of roles that wins over the project's own.
    pub fn own_roles(&self) -> PathBuf {
        self.dir.path().join("roles")
    }

    /// The command, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
        let own = self.own_roles();
        std::fs::create_dir_all(&own).expect("a directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cpmg"));
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("CPMG_DATA", self.dir.path().join("data"))
            .env("CPMG_ROLES", format!("{}:{}", project.display(), own.display()))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run_with(&self, args: &[&str], stdin: &str) -> Output {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        child.stdin.take().expect("its input").write_all(stdin.as_bytes()).expect("it reads");
        child.wait_with_output().expect("its end")
    }

    /// Runs a command that must succeed; gives what it printed.
    pub fn ok_with(&self, args: &[&str], stdin: &str) -> String {
        let out = self.run_with(args, stdin);
        let said = String::from_utf8_lossy(&out.stderr);
        let printed = String::from_utf8_lossy(&out.stdout).into_owned();
        let status = out.status;
        assert!(status.success(), "cpmg {args:?}: {status:?}\n{said}\n{}", last_words(&printed, 80));
        printed
    }

    /// As [`Self::ok`], and prints the last of it.
    #[allow(dead_code, reason = "not every program of tests needs it")]
    pub fn told(&self, args: &[&str]) {
        println!("{}", last_words(&self.ok(args), 8));
    }

    /// As [`Self::ok_with`], without input.
    pub fn ok(&self, args: &[&str]) -> String {
        self.ok_with(args, "")
    }

    /// The JSON document that a command prints.
    pub fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("cpmg {args:?}: {e}\n{text}"))
    }

    /// Adds the lab's node, pins its key, learns its facts, gives it its roles.
    pub fn adopt(&self, lab: &Lab, env: &str, node: &str, roles: &[&str]) {
        let key = lab.key();
        let key = key.to_str().expect("UTF-8");
        self.ok(&["node", "add", env, &lab.address(node), "--name", node, "--key", key]);
        self.ok(&["node", "trust", node, "--accept-new"]);
        self.ok(&[&["node", "role", node], roles].concat());
    }

    /// Process of the engine.
    pub fn engine_pid(&self) -> i32 {
        let status = self.json(&["engine", "status"]);
        i32::try_from(status["pid"].as_i64().expect("a process")).expect("a process number")
    }

    /// Kills the engine without a chance to clean up, and waits until it is gone.
    pub fn kill_engine(&self) {
        let pid = self.engine_pid();
        kill(pid);
        wait_until("the engine is gone", || !Path::new(&format!("/proc/{pid}")).exists());
    }
}

impl Drop for Cpmg {
    fn drop(&mut self) {
        let _ = self.command(&["engine", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// The last lines of what an installation told. Of a test that fails, often the beginning alone is kept: what an installation said while
/// all went well must not hide why it failed.
pub fn last_words(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let left_out = lines.len().saturating_sub(most);
    let last = lines.get(left_out..).unwrap_or_default().join("\n");
    if left_out == 0 { last } else { format!("({left_out} lines before)\n{last}") }
}

/// SIGKILL to a process that a test started.
pub fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a process");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// SIGKILL to a child, and its end.
pub fn kill_child(child: &mut Child) {
    child.kill().expect("it runs");
    child.wait().expect("its end");
}

/// Asks again and again until `is` is true.
pub fn wait_until(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
