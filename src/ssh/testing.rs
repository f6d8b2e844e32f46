//! Real OpenSSH servers on loopback, for tests.
//!
//! Self-contained on purpose: integration tests and benches take this file in with `#[path]`. Every server has its own
//! host key, keys and configuration in a temporary folder, listens on a loopback address of its own process, and is killed
//! when dropped. Nothing is waited for by sleeping: a server is ready when it says `Server listening`.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::zombie_processes,
    reason = "tests"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

static NEXT_PORT: AtomicU16 = AtomicU16::new(2201);

/// A loopback address that only this process uses: derived from its process id.
pub fn own_address() -> Ipv4Addr {
    let pid = std::process::id();
    let part = |shift: u32, modulus: u32| u8::try_from((pid >> shift) % modulus).unwrap();
    Ipv4Addr::new(127, 64 + part(15, 128), part(7, 250), 1 + (u8::try_from(pid & 0x7f).unwrap()))
}

pub fn is_root() -> bool {
    let out = Command::new("id").arg("-u").output().unwrap();
    out.stdout == b"0\n"
}

/// The account that runs the tests, the one to log in with.
pub fn own_user() -> String {
    let out = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// Makes a key pair with ssh-keygen; the path of the private one.
pub fn keygen(folder: &Path, name: &str, kind: &str, passphrase: &str) -> PathBuf {
    let path = folder.join(name);
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", "test", "-f"])
        .arg(&path)
        .status()
        .expect("ssh-keygen is installed");
    assert!(status.success());
    path
}

pub fn public(private: &Path) -> String {
    std::fs::read_to_string(private.with_extension("pub")).unwrap().trim().to_owned()
}

/// How a server is to be.
#[derive(Clone, Debug)]
pub struct Options {
    pub address: Ipv4Addr,
    pub port: u16,
    /// Key types of the host keys.
    pub host_keys: Vec<&'static str>,
    /// Lines for `sshd_config`, before ours.
    pub config: Vec<String>,
    /// Root's password (crypt format) instead of the machine's; needs root, uses a private mount namespace.
    pub root_password_hash: Option<String>,
    /// Runs in this network namespace; needs root.
    pub netns: Option<String>,
    /// This folder is seen where that one is, by the server and by what it starts; needs root.
    pub bind: Option<(PathBuf, PathBuf)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: own_address(),
            port: NEXT_PORT.fetch_add(1, Ordering::Relaxed),
            host_keys: vec!["ed25519"],
            config: Vec::new(),
            root_password_hash: None,
            netns: None,
            bind: None,
        }
    }
}

/// A running sshd.
pub struct Sshd {
    pub address: Ipv4Addr,
    pub port: u16,
    pub user: String,
    /// Text of a private key that it accepts.
    pub key: String,
    folder: tempfile::TempDir,
    child: Child,
    log: Arc<Mutex<String>>,
    options: Options,
}

impl Sshd {
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let client = keygen(folder.path(), "client", "ed25519", "");
        std::fs::write(folder.path().join("authorized_keys"), public(&client) + "\n").unwrap();
        for kind in &options.host_keys {
            keygen(folder.path(), &format!("host_{kind}"), kind, "");
        }
        let key = std::fs::read_to_string(client).unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let child = launch(folder.path(), &options, &log);
        let (address, port) = (options.address, options.port);
        Self { address, port, user: own_user(), key, folder, child, log, options }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The listening process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One of its host keys, in OpenSSH's format with a comment.
    pub fn host_key(&self, kind: &str) -> String {
        public(&self.folder().join(format!("host_{kind}")))
    }

    /// Accepts one more public key.
    pub fn authorize(&self, public: &str) {
        let path = self.folder().join("authorized_keys");
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        writeln!(file, "{public}").unwrap();
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends the listening process and every process of its connections.
    pub fn kill(&mut self) {
        self.cut();
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Kills the servers of all present connections; new ones are accepted.
    pub fn cut(&self) {
        for pid in descendants(self.child.id()) {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            if name.trim().starts_with("sshd") {
                Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status().ok();
            }
        }
    }

    /// Starts again after [`kill`](Self::kill), same address, same keys.
    pub fn restart(&mut self) {
        self.child = launch(self.folder.path(), &self.options, &self.log);
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Children, grandchildren … of a process.
pub fn descendants(root: u32) -> Vec<u32> {
    let mut all = Vec::new();
    let mut queue = vec![root];
    while let Some(pid) = queue.pop() {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let kids = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for kid in kids.split_whitespace().filter_map(|k| k.parse().ok()) {
                all.push(kid);
                queue.push(kid);
            }
        }
    }
    all
}

fn launch(folder: &Path, options: &Options, log: &Arc<Mutex<String>>) -> Child {
    let mut config: Vec<String> = options.config.clone();
    for kind in &options.host_keys {
        config.push(format!("HostKey {}", folder.join(format!("host_{kind}")).display()));
    }
    config.push(format!("AuthorizedKeysFile {}", folder.join("authorized_keys").display()));
    for line in [
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "AcceptEnv LANG LC_*",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin yes",
        "MaxStartups 500",
        "LogLevel VERBOSE",
        "PrintMotd no",
        "PrintLastLog no",
    ] {
        config.push(line.to_owned());
    }
    config.push(format!("ListenAddress {}", options.address));
    config.push(format!("Port {}", options.port));
    let path = folder.join("sshd_config");
    std::fs::write(&path, config.join("\n") + "\n").unwrap();
    if is_root() {
        std::fs::create_dir_all("/run/sshd").unwrap();
    }
    let mut command = if let Some(hash) = &options.root_password_hash {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
        std::fs::write(folder.join("passwd"), passwd).unwrap();
        std::fs::write(
            folder.join("shadow"),
            format!("root:{hash}:19000:0:99999:7:::\nsshd:*:19000::::::\n"),
        )
        .unwrap();
        std::fs::set_permissions(folder.join("shadow"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-ec"]);
        command
            .arg("mount --bind \"$1/shadow\" /etc/shadow; exec /usr/sbin/sshd -D -e -f \"$1/sshd_config\"");
        command.arg("sh").arg(folder);
        command
    } else if let Some((folder, place)) = &options.bind {
        let mut command = Command::new("unshare");
        command.args([
            "-m",
            "sh",
            "-ec",
            "mount --bind \"$1\" \"$2\"; exec /usr/sbin/sshd -D -e -f \"$3\"",
            "sh",
        ]);
        command.args([folder, place, &path]);
        command
    } else {
        let mut command = match &options.netns {
            Some(netns) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", netns, "/usr/sbin/sshd"]);
                command
            }
            None => Command::new("/usr/sbin/sshd"),
        };
        command.args(["-D", "-e", "-f"]).arg(&path);
        command
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sshd is installed");
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        let ready = line.starts_with("Server listening");
        log.lock().unwrap().push_str(&line);
        line.clear();
        if ready {
            let log = Arc::clone(log);
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                while lines.read_until(b'\n', &mut bytes).unwrap_or(0) > 0 {
                    log.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes));
                    bytes.clear();
                }
            });
            return child;
        }
    }
    panic!("sshd did not start: {}", log.lock().unwrap());
}
