//! Everything real that the campaign works with: nodes on a disk of their own, an engine whose data are on another, a clock that
//! can be moved, and the program's own commands.

use super::support::wait_until;
use serde_json::Value;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The nodes.
pub const NODES: [&str; 3] = ["ctl1", "cmp1", "cmp2"];
/// Where the lab keeps its Debian base.
const LAB_CACHE: &str = "/var/cache/cpmg-lab";
/// MiB of the disk that all nodes share.
const NODE_DISK: u64 = 700;
/// MiB of the disk with the engine's data.
const HOST_DISK: u64 = 160;
/// Debian's library that moves a process's clock.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// Longest that a command may take.
const COMMAND_SECONDS: &str = "90";

/// How a command ended that was not well.
#[derive(Debug)]
pub struct Refusal {
    /// Its exit code.
    pub code: i32,
    /// What it said.
    pub said: String,
}

/// A file system in a file.
struct Disk {
    place: PathBuf,
}

impl Disk {
    fn new(image: &Path, place: PathBuf, mib: u64) -> Self {
        File::create(image).and_then(|f| f.set_len(mib << 20)).expect("an image");
        std::fs::create_dir_all(&place).expect("a directory");
        // Nothing is kept back for root, as root is who fills it.
        good(Command::new("mkfs.ext4").args(["-q", "-m", "0"]).arg(image));
        good(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&place));
        Self { place }
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }

    /// Takes the last byte.
    fn fill(&self) {
        let mut file = File::create(self.ballast()).expect("a file");
        let mut piece = vec![0_u8; 1 << 20];
        while piece.len() >= 512 {
            if file.write_all(&piece).is_err() {
                piece.truncate(piece.len() / 2);
            }
        }
        let _ = file.sync_all();
    }

    fn free(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a shell of a person who looks at it may stand in it.
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}

fn good(command: &mut Command) -> String {
    let out = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// All of it; taken down when dropped, unless `CPMG_CAMPAIGN_KEEP` is set.
pub struct World {
    node_disk: Option<Disk>,
    host_disk: Option<Disk>,
    subnet: String,
    engine: Option<Child>,
    clock: Option<PathBuf>,
    dir: Option<TempDir>,
}

impl World {
    /// Boots the nodes, writes the roles, starts an engine, adopts the nodes.
    pub fn new(roles: impl FnOnce(&Path)) -> Self {
        let dir = TempDir::with_prefix("campaign").expect("a directory");
        let (at, cache) = (dir.path().to_path_buf(), dir.path().join("cache"));
        let mut world = Self {
            node_disk: None,
            host_disk: None,
            subnet: String::new(),
            engine: None,
            clock: None,
            dir: Some(dir),
        };
        // A campaign that was killed may have left its nodes.
        good(&mut world.lab(&["down"]));
        world.node_disk = Some(Disk::new(&at.join("nodes.img"), cache.clone(), NODE_DISK));
        world.host_disk = Some(Disk::new(&at.join("host.img"), at.join("data"), HOST_DISK));
        borrow_base(&cache);
        good(&mut world.lab(&["up", "3", "--names", &NODES.join(",")]));
        let conf = std::fs::read_to_string(lab_run().join("conf")).expect("the lab's notes");
        conf.lines().find_map(|l| l.strip_prefix("X=")).expect("its number").clone_into(&mut world.subnet);
        for node in NODES {
            world.exec(node, &format!("mkdir -p {}", super::work::MARKS));
        }
        if Path::new(FAKETIME).exists() {
            let clock = at.join("clock");
            std::fs::write(&clock, "+0").expect("a file");
            world.clock = Some(clock);
        }
        roles(&at.join("roles"));
        world.start_engine();
        world.set_up();
        world
    }

    fn set_up(&self) {
        self.ok_with(
            &["user", "add", "ada", "--role", "administrator", "--password-stdin"],
            "correct horse\n",
        );
        self.log_in();
        self.ok(&["env", "add", "campaign", "--platform", "debian-12-campaign"]);
        self.ok(&["env", "policy", "campaign", "--retries", "1"]);
        let key = good(&mut self.lab(&["key"]));
        let status: Value = serde_json::from_str(&good(&mut self.lab(&["status", "--json"]))).expect("JSON");
        for (node, row) in NODES.iter().zip(status["nodes"].as_array().expect("nodes")) {
            let address = row["address"].as_str().expect("an address");
            self.ok(&["node", "add", "campaign", address, "--name", node, "--key", key.trim()]);
            self.ok(&["node", "trust", node, "--accept-new"]);
            self.ok(&["node", "role", node, if *node == "ctl1" { "controller" } else { "compute" }]);
        }
    }

    fn log_in(&self) {
        self.ok_with(&["login", "ada", "--password-stdin"], "correct horse\n");
    }

    /// Where all of it is.
    pub fn dir(&self) -> &Path {
        self.dir.as_ref().expect("there until the end").path()
    }

    // ------------------------------------------------------------ the lab

    /// A command of the lab, not yet started.
    pub fn lab(&self, args: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab"));
        command.args(["--instance", &instance()]).args(args).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).env("CPMG_LAB_CACHE", self.dir().join("cache"));
        command
    }

    /// Runs a command of the lab.
    pub fn lab_ok(&self, args: &[&str]) {
        good(&mut self.lab(args));
    }

    /// Runs a shell command on a node, not over the network.
    pub fn exec(&self, node: &str, script: &str) -> String {
        good(&mut self.lab(&["exec", node, "sh", "-c", script]))
    }

    /// A path of a node as this machine sees it on the node's disk, whether the node is up or not.
    pub fn on_disk(&self, node: &str, path: &str) -> PathBuf {
        self.dir()
            .join("cache/nodes")
            .join(format!("cl{}", self.subnet))
            .join(node)
            .join("upper")
            .join(path.trim_start_matches('/'))
    }

    /// A path of a node's `/proc`, while it is up.
    pub fn in_proc(node: &str, path: &str) -> Option<PathBuf> {
        let leader = std::fs::read_to_string(lab_run().join("nodes").join(node).join("leader")).ok()?;
        Some(PathBuf::from(format!("/proc/{}/root/proc/{path}", leader.split_whitespace().next()?)))
    }

    /// Fills the disk of all nodes, or frees it.
    pub fn node_disk_full(&self, full: bool) {
        let disk = self.node_disk.as_ref().expect("there until the end");
        if full { disk.fill() } else { disk.free() }
    }

    /// Fills the disk with the engine's data, or frees it.
    pub fn host_disk_full(&self, full: bool) {
        let disk = self.host_disk.as_ref().expect("there until the end");
        if full { disk.fill() } else { disk.free() }
    }

    // ------------------------------------------------------------ the engine

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.arg(COMMAND_SECONDS).arg(program()).args(args);
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir())
            .env("LANG", "C.UTF-8")
            .env("CPMG_DATA", self.dir().join("data/cpmg"))
            .env("CPMG_SOCKET", self.dir().join("run"))
            // The project's own roles stay out: their preflight would refuse so small a disk.
            .env("CPMG_ROLES", self.dir().join("roles"));
    }

    /// Starts an engine and waits until it answers. How long that took.
    pub fn start_engine(&mut self) -> Duration {
        self.try_start_engine().unwrap_or_else(|said| panic!("the engine does not start: {said}"))
    }

    /// The same; what it said where it ended instead.
    pub fn try_start_engine(&mut self) -> Result<Duration, String> {
        let began = Instant::now();
        let log =
            OpenOptions::new().append(true).create(true).open(self.dir().join("engine.log")).expect("a log");
        let mut command = Command::new(program());
        command.args(["engine", "--foreground"]);
        self.surround(&mut command);
        if let Some(clock) = &self.clock {
            // Only what a person who sets the clock would move: not the monotonic one, not the times of files.
            command
                .env("LD_PRELOAD", FAKETIME)
                .env("FAKETIME_TIMESTAMP_FILE", clock)
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("NO_FAKE_STAT", "1");
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().expect("the program");
        let deadline = began + Duration::from_mins(1);
        loop {
            if let Some(status) = child.try_wait().expect("a child") {
                return Err(format!("{status}: {}", self.log_tail(1)));
            }
            if UnixStream::connect(self.dir().join("run/v1/engine.sock")).is_ok() {
                break;
            }
            assert!(Instant::now() < deadline, "the engine does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.engine = Some(child);
        Ok(began.elapsed())
    }

    /// Starts an engine without waiting for it.
    pub fn kill_engine(&mut self) {
        let Some(mut child) = self.engine.take() else { return };
        if let Some(status) = child.try_wait().expect("a child") {
            panic!("the engine ended by itself ({status}); see {}", self.dir().join("engine.log").display());
        }
        super::support::kill_child(&mut child);
    }

    /// Whether the engine's clock can be moved here.
    pub fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// Moves the engine's clock to so many seconds from now.
    pub fn set_clock(&self, seconds: i64) {
        let Some(clock) = &self.clock else { return };
        // Renamed over: the engine never reads half of it.
        let aside = clock.with_extension("new");
        std::fs::write(&aside, format!("{seconds:+}"))
            .and_then(|()| std::fs::rename(&aside, clock))
            .expect("a file");
    }

    // ------------------------------------------------------------ the program's commands

    /// Runs a command; logs in again where the session has expired.
    pub fn try_run(&self, args: &[&str], stdin: &str) -> Result<Vec<u8>, Refusal> {
        for turn in 0..2 {
            let mut command = self.command(args);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().expect("the program");
            let _ = child.stdin.take().expect("its input").write_all(stdin.as_bytes());
            let out = child.wait_with_output().expect("its end");
            let code = out.status.code().unwrap_or(-1);
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            match code {
                0 => return Ok(out.stdout),
                3 if turn == 0 && args.first() != Some(&"login") => self.log_in(),
                124 => panic!("cpmg {args:?} did not end"),
                _ => return Err(Refusal { code, said }),
            }
        }
        Err(Refusal { code: 3, said: "the session does not hold".into() })
    }

    fn ok_with(&self, args: &[&str], stdin: &str) -> Vec<u8> {
        self.try_run(args, stdin).unwrap_or_else(|r| panic!("cpmg {args:?}: {} {}", r.code, r.said))
    }

    /// Runs a command that must succeed.
    pub fn ok(&self, args: &[&str]) -> Vec<u8> {
        self.ok_with(args, "")
    }

    /// The JSON document that a command prints.
    pub fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["--json"]].concat());
        serde_json::from_slice(&text).unwrap_or_else(|e| panic!("cpmg {args:?}: {e}"))
    }

    /// The last lines of the engine's log.
    pub fn log_tail(&self, lines: usize) -> String {
        let text = std::fs::read_to_string(self.dir().join("engine.log")).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].iter().fold(String::new(), |mut out, line| {
            let _ = writeln!(out, "{line}");
            out
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut child) = self.engine.take() {
            super::support::kill_child(&mut child);
        }
        if std::thread::panicking() {
            eprintln!("the engine's last words:\n{}", self.log_tail(40));
        }
        if std::env::var_os("CPMG_CAMPAIGN_KEEP").is_some() {
            let dir = self.dir.take().map(TempDir::keep);
            eprintln!("kept: {dir:?} and the lab's instance '{}'", instance());
            std::mem::forget((self.node_disk.take(), self.host_disk.take()));
            return;
        }
        let _ = self.lab(&["down"]).status();
    }
}

/// The program under test; another build of it where the environment says so.
fn program() -> OsString {
    std::env::var_os("CPMG_CAMPAIGN_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_cpmg").into())
}

/// The lab's instance; another one where two campaigns run at once.
fn instance() -> String {
    std::env::var("CPMG_CAMPAIGN_INSTANCE").unwrap_or_else(|_| "campaign".to_owned())
}

fn lab_run() -> PathBuf {
    Path::new("/run/cpmg-lab").join(instance())
}

/// Shows the lab's Debian base under the campaign's own cache, so that only what nodes write lies on their disk.
fn borrow_base(cache: &Path) {
    let borrow = || {
        let entries = std::fs::read_dir(LAB_CACHE).into_iter().flatten().flatten();
        for entry in entries.filter(|e| e.file_name().to_string_lossy().starts_with("base-")) {
            let _ = std::os::unix::fs::symlink(entry.path(), cache.join(entry.file_name()));
            let used = format!("used-{}", entry.file_name().to_string_lossy());
            std::fs::write(cache.join(used), "").expect("a file");
        }
    };
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab");
    // Builds the base where it is not there yet.
    good(Command::new(&lab).args(["--instance", "campaign-base", "up", "1"]));
    good(Command::new(&lab).args(["--instance", "campaign-base", "down"]));
    borrow();
    wait_until("the lab's base is there", || cache.read_dir().is_ok_and(|mut d| d.next().is_some()));
}
