//! The door over SSH, with OpenSSH's own client.

use crate::support::{Ended, PASSWORD, PATIENCE, Site, wait_until};
use cpmg::domain::totp;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A site whose door is open on loopback.
struct Open {
    site: Site,
    port: u16,
}

impl Open {
    fn new() -> Self {
        let site = Site::new();
        let mut port = 0;
        // Another program may be quicker with a port that was free a moment ago.
        wait_until("the door is open", || {
            port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            site.run(&["serve", "on", "--listen", &format!("127.0.0.1:{port}")]).code == 0
        });
        let view = site.json(&["serve", "status"]);
        let line = format!("[127.0.0.1]:{port} {}\n", view["host-key"].as_str().unwrap());
        std::fs::write(site.dir.path().join("known_hosts"), line).unwrap();
        Self { site, port }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.site.dir.path().join(name)
    }

    fn program(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// `ssh`, which takes no notice of who runs it and asks a program for passwords.
    fn ssh(&self, user: &str, options: &[&str], command: &[&str]) -> Command {
        let known = self.file("known_hosts").display().to_string();
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-p", &self.port.to_string()])
            .args(["-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=INFO", "-o", "IdentityAgent=none"])
            .args(["-o", &format!("UserKnownHostsFile={known}"), "-o", "IdentitiesOnly=yes"])
            .args(["-o", &format!("IdentityFile={}", self.file("none").display())])
            .args(options)
            .arg(format!("{user}@127.0.0.1"))
            .args(command)
            .env_remove("SSH_AUTH_SOCK")
            .env("HOME", self.site.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        ssh
    }

    /// With these answers to its questions, one after the other.
    fn asked(&self, user: &str, options: &[&str], answers: &[&str], command: &[&str]) -> Command {
        let dir = self.site.dir.path().display();
        std::fs::write(self.file("answers"), answers.join("\n") + "\n").unwrap();
        let ask = self.program(
            "askpass",
            &format!(
                "#!/bin/sh\nhead -n 1 {dir}/answers\nsed -i 1d {dir}/answers\necho \"$1\" >>{dir}/questions\n"
            ),
        );
        let mut ssh = self.ssh(user, options, command);
        ssh.env("SSH_ASKPASS", ask).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0");
        ssh
    }

    fn by_password(&self, user: &str, command: &[&str]) -> Ended {
        self.asked(user, &[], &[PASSWORD], command).output().unwrap().into()
    }

    /// Makes a key and registers it for ada.
    fn key(&self) -> String {
        let path = self.file("id").display().to_string();
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path]).status();
        assert!(made.unwrap().success());
        let line = std::fs::read_to_string(format!("{path}.pub")).unwrap();
        self.site.ok_typing(&["ssh-key", "add", "--password-stdin"], &format!("{PASSWORD}\n{line}"));
        path
    }

    fn by_key(&self, key: &str, command: &[&str]) -> Ended {
        self.ssh("ada", &["-i", key, "-o", "BatchMode=yes"], command).output().unwrap().into()
    }
}

#[test]
fn the_door_is_closed_until_an_administrator_opens_it() {
    let site = Site::new();
    assert!(site.ok(&["serve", "status"]).starts_with("off: "));
    site.refused(&["serve", "on"], 2, "192.0.2.10:2222");
    site.refused(&["serve", "on", "--listen", "localhost:22"], 2, "an address of this machine");
    site.refused(&["serve", "on", "--listen", "192.0.2.10:2222"], 2, "nothing can listen at");
    assert!(!site.data().join("ssh_host_ed25519_key.new").exists());
    site.ok_typing(&["user", "add", "otto", "--password-stdin"], &format!("{PASSWORD}\n"));
    assert_eq!(site.run_of("otto", &["login", "otto", "--password-stdin"], &format!("{PASSWORD}\n")).code, 0);
    let refused = site.run_of("otto", &["serve", "on", "--listen", "127.0.0.1:2222"], "");
    assert!(refused.code == 3 && refused.err.contains("administrator"), "{refused:?}");
}

#[test]
fn a_password_reaches_the_commands_and_no_shell() {
    let open = Open::new();
    let list = open.by_password("ada", &["env", "list", "--json"]);
    assert_eq!((list.code, list.out.trim()), (0, "[]"), "{list:?}");
    let me = open.by_password("ada", &["cpmg", "whoami"]);
    assert_eq!(me.out, "ada (administrator)\n", "{me:?}");
    let made = open.by_password("ada", &["env", "add", "'my cloud'"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(open.site.ok(&["env", "list"]).contains("my cloud"));
    // A file that is sent through ssh itself.
    let typed = {
        let mut ssh = open.asked(
            "ada",
            &[],
            &[PASSWORD],
            &["node", "import", "1", "-", "--format", "csv", "--dry-run"],
        );
        let mut child = ssh.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"name,address\nn1,192.0.2.50\n").unwrap();
        Ended::from(child.wait_with_output().unwrap())
    };
    assert!(typed.code == 0 && typed.out.contains("192.0.2.50"), "{typed:?}");
    for (command, part) in [
        (&["sh"][..], "no shell"),
        (&["/bin/sh", "-c", "id"], "no shell"),
        (&["env", "list;", "id"], "unrecognized subcommand"),
        (&["env", "report", "1", "-o", "/tmp/cpmg-door-report"], "management host"),
        (&["cpmg", "--data", "/tmp", "env", "list"], "management host"),
        (&["engine", "stop"], "management host"),
        (&["copy", "/etc/shadow", "1:/tmp/x"], "management host"),
        (&["prove", "1", "--image", "/etc/shadow"], "management host"),
        (&["logs", "parse", "/etc/passwd"], "management host"),
    ] {
        let ended = open.by_password("ada", command);
        assert!(ended.code != 0 && ended.err.contains(part), "{command:?}: {ended:?}");
        assert!(!ended.out.contains("uid=") && !ended.out.contains("root:"), "{command:?}: {ended:?}");
    }
    assert!(!std::path::Path::new("/tmp/cpmg-door-report").exists());
    let trail = open.site.ok(&["audit", "--kind", "session"]);
    assert!(trail.contains("logged in; account ssh:127.0.0.1"), "{trail}");
    wait_until("sessions have ended with their connections", || {
        let sessions = open.site.json(&["session", "list", "--all"]);
        sessions.as_array().unwrap().iter().all(|s| !s["account"].as_str().unwrap().starts_with("ssh:"))
    });
}

#[test]
fn wrong_passwords_make_wait_and_unknown_names_look_the_same() {
    let open = Open::new();
    open.site.ok_typing(&["user", "add", "otto", "--password-stdin"], &format!("{PASSWORD}\n"));
    let wrong = |name: &str| {
        let options =
            ["-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=keyboard-interactive"];
        Ended::from(open.asked(name, &options, &["not it"], &["whoami"]).output().unwrap())
    };
    let (known, unknown) = (wrong("otto"), wrong("nobody"));
    assert!(known.code == 255 && known.err.contains("Permission denied"), "{known:?}");
    assert_eq!(known.err.replace("otto", "nobody"), unknown.err);
    let mut told = String::new();
    for _ in 0..3 {
        told.push_str(&wrong("otto").err);
    }
    assert!(told.contains("too many wrong passwords: try again in"), "{told}");
    // The right one has to wait as well, and over the socket too.
    let socket = open.site.run_of("otto", &["login", "otto", "--password-stdin"], &format!("{PASSWORD}\n"));
    assert!(socket.err.contains("too many wrong passwords"), "{socket:?}");
    open.site.ok(&["user", "unlock", "otto"]);
    assert_eq!(open.by_password("otto", &["whoami"]).out, "otto (operator)\n");
    let trail = open.site.ok(&["audit", "--kind", "session"]);
    assert!(
        trail.contains("a login was refused, number 1 in a row for this name; account ssh:127.0.0.1"),
        "{trail}"
    );
    // Whoever is disabled is not let in.
    open.site.ok(&["user", "disable", "otto"]);
    assert_eq!(open.by_password("otto", &["whoami"]).code, 255);
}

#[test]
fn keys_are_registered_used_and_removed() {
    let open = Open::new();
    let key = open.key();
    assert_eq!(open.by_key(&key, &["whoami"]).out, "ada (administrator)\n");
    let keys = open.site.json(&["ssh-key", "list"]);
    let fingerprint = keys[0]["fingerprint"].as_str().unwrap().to_owned();
    assert!(
        open.site
            .ok(&["audit", "--kind", "session"])
            .contains(&format!("logged in by the key {fingerprint}"))
    );
    // Another user's name does not open with it, and nobody else can register it.
    open.site.ok_typing(&["user", "add", "otto", "--password-stdin"], &format!("{PASSWORD}\n"));
    let other = open.ssh("otto", &["-i", &key, "-o", "BatchMode=yes"], &["whoami"]).output().unwrap();
    assert_eq!(other.status.code(), Some(255));
    let line = std::fs::read_to_string(format!("{key}.pub")).unwrap();
    open.site.refused_typing(&["ssh-key", "add", "--user", "otto"], &line, 5, "belongs to another user");
    let private = std::fs::read_to_string(&key).unwrap();
    open.site.refused_typing(&["ssh-key", "add", "--user", "otto"], &private, 2, "private key");
    let typed = format!("not my password\n{line}");
    open.site.refused_typing(&["ssh-key", "add", "--password-stdin"], &typed, 2, "password is wrong");
    open.site.ok(&["ssh-key", "remove", &fingerprint]);
    assert_eq!(open.by_key(&key, &["whoami"]).code, 255);
    let trail = open.site.ok(&["audit", "--kind", "user"]);
    for part in ["registered the key SHA256:", "removed the key SHA256:"] {
        assert!(trail.contains(part), "no '{part}' in {trail}");
    }
}

/// A key as it is printed, in bytes.
fn decoded(base32: &str) -> Vec<u8> {
    let (mut out, mut bits, mut have) = (Vec::new(), 0_u32, 0);
    for c in base32.bytes().filter(u8::is_ascii_alphanumeric) {
        let n = if c.is_ascii_digit() { c - b'2' + 26 } else { c.to_ascii_uppercase() - b'A' };
        bits = (bits << 5) | u32::from(n);
        have += 5;
        if have >= 8 {
            have -= 8;
            out.push(u8::try_from((bits >> have) & 0xff).unwrap());
        }
    }
    out
}

#[test]
fn a_second_factor_is_asked_for_after_passwords_and_keys() {
    let open = Open::new();
    let key = open.key();
    let mut child = open
        .site
        .command(&["second-factor", "on", "--password-stdin", "--json"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = child.stdin.take().unwrap();
    writeln!(typed, "{PASSWORD}").unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    let shown: Value = loop {
        assert!(out.read_line(&mut text).unwrap() > 0, "{text}");
        if let Ok(shown) = serde_json::from_str(&text) {
            break shown;
        }
    };
    let secret = decoded(shown["key"].as_str().unwrap());
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    writeln!(typed, "{:06}", totp::code(&secret, seconds / 30).unwrap()).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    let recovery: Value = serde_json::from_str(&rest).unwrap();
    let code = |n: usize| recovery["recovery-codes"][n].as_str().unwrap().to_owned();

    // The key alone is not enough, with a code it is; a wrong code is asked for once more.
    assert_eq!(open.by_key(&key, &["whoami"]).code, 255);
    let with_key = |answers: &[&str]| {
        Ended::from(open.asked("ada", &["-i", &key], answers, &["whoami"]).output().unwrap())
    };
    assert_eq!(with_key(&["000000", &code(0)]).out, "ada (administrator)\n");
    // So it is for a password, whichever way it is asked for.
    for (n, method) in ["keyboard-interactive", "password,keyboard-interactive"].into_iter().enumerate() {
        let preferred = format!("PreferredAuthentications={method}");
        let ended: Ended = open
            .asked("ada", &["-o", &preferred], &[PASSWORD, &code(n + 1)], &["whoami"])
            .output()
            .unwrap()
            .into();
        assert_eq!(ended.out, "ada (administrator)\n", "{method}: {ended:?}");
    }
    // A recovery code counts once.
    let spent = with_key(&[&code(0), &code(0), &code(0)]);
    assert_eq!(spent.code, 255, "{spent:?}");
    assert!(std::fs::read_to_string(open.file("questions")).unwrap().contains("Code of the second factor"));
}

#[test]
fn nothing_is_forwarded_and_no_files_are_served() {
    let open = Open::new();
    let key = open.key();
    let key = key.as_str();
    // What a forwarding would reach.
    let inner = TcpListener::bind("127.0.0.1:0").unwrap();
    inner.set_nonblocking(true).unwrap();
    let at = inner.local_addr().unwrap();
    let through = open.ssh("ada", &["-i", key, "-W", &at.to_string()], &[]).output().unwrap();
    assert!(!through.status.success(), "{through:?}");
    assert!(String::from_utf8_lossy(&through.stderr).contains("administratively prohibited"), "{through:?}");
    assert!(inner.accept().is_err(), "nobody has connected");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let back = format!("{free}:{at}");
    let options = ["-i", key, "-o", "ExitOnForwardFailure=yes", "-R", &back];
    let remote = Ended::from(open.ssh("ada", &options, &["whoami"]).output().unwrap());
    assert!(remote.code != 0 && remote.err.contains("remote port forwarding failed"), "{remote:?}");
    let files = Ended::from(open.ssh("ada", &["-i", key, "-s"], &["sftp"]).output().unwrap());
    assert!(files.code != 0 && files.err.contains("subsystem request failed"), "{files:?}");
    // An agent is offered and not taken.
    let agent = Ended::from(open.ssh("ada", &["-i", key, "-A"], &["whoami"]).output().unwrap());
    assert_eq!(agent.out, "ada (administrator)\n", "{agent:?}");
    // A forwarded socket, as a terminal would.
    let socket = open.site.socket().display().to_string();
    let local = open.file("local.sock").display().to_string();
    let forward = format!("{local}:{socket}");
    let mut held = open.ssh("ada", &["-i", key, "-N", "-L", &forward], &[]).spawn().unwrap();
    wait_until("the client listens", || std::path::Path::new(&local).exists());
    let mut stream = std::os::unix::net::UnixStream::connect(&local).unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(said.is_empty(), "the engine's socket said hello: {said:?}");
    held.kill().unwrap();
    held.wait().unwrap();
}

/// A terminal in which somebody sits.
struct Sitting {
    screen: Arc<Mutex<Vec<u8>>>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
}

impl Sitting {
    fn new(like: &Command) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(like.get_program());
        command.args(like.get_args());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in like.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            }
        }
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, seen) = (pty.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                seen.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Self { screen, master: pty.master, keys, child }
    }

    fn seen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    fn until(&self, text: &str) {
        let began = Instant::now();
        while !self.seen().contains(text) {
            assert!(began.elapsed() < PATIENCE, "no '{text}' in {}", self.seen());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn ended(&mut self) {
        wait_until("ssh has ended", || self.child.try_wait().unwrap().is_some());
    }
}

#[test]
fn the_screens_come_over_ssh_and_follow_the_size() {
    let open = Open::new();
    open.site.ok(&["env", "add", "lighthouse"]);
    let mut sitting = Sitting::new(&open.asked("ada", &[], &[PASSWORD], &[]));
    sitting.until("lighthouse");
    let sessions = open.site.json(&["session", "list", "--all"]);
    let mine = sessions.as_array().unwrap().iter().find(|s| s["account"] == "ssh:127.0.0.1").unwrap().clone();
    assert_eq!((&mine["name"], &mine["connections"]), (&"ada".into(), &1.into()), "{mine}");
    // Wider: the last column of the new width is drawn on.
    sitting.screen.lock().unwrap().clear();
    sitting.master.resize(PtySize { rows: 40, cols: 132, pixel_width: 0, pixel_height: 0 }).unwrap();
    sitting.until("\u{1b}[40;");
    // An administrator ends the session: the connection goes, the terminal is as it was.
    open.site.ok(&["session", "end", mine["id"].as_str().unwrap()]);
    sitting.ended();
    // The terminal is put back first.
    sitting.until("\u{1b}[?1049l");
    sitting.until("this session has ended");
}

#[test]
fn a_key_that_is_removed_ends_what_was_begun_with_it() {
    let open = Open::new();
    open.site.ok(&["env", "add", "lighthouse"]);
    let key = open.key();
    let mut by_key = Sitting::new(&open.ssh("ada", &["-i", &key, "-o", "BatchMode=yes"], &[]));
    by_key.until("lighthouse");
    let mut by_password = Sitting::new(&open.asked("ada", &[], &[PASSWORD], &[]));
    by_password.until("lighthouse");
    let keys = open.site.json(&["ssh-key", "list"]);
    open.site.ok(&["ssh-key", "remove", keys[0]["fingerprint"].as_str().unwrap()]);
    by_key.ended();
    by_key.until("this session has ended");
    let sessions = open.site.json(&["session", "list", "--all"]);
    let outside = |s: &&Value| s["account"] == "ssh:127.0.0.1";
    assert_eq!(sessions.as_array().unwrap().iter().filter(outside).count(), 1, "{sessions}");
    assert!(by_password.child.try_wait().unwrap().is_none(), "the other one goes on");
    by_password.child.kill().unwrap();
    by_password.ended();
}

#[test]
fn a_new_password_is_asked_for_first_and_leaving_ends_the_session() {
    let open = Open::new();
    let typed = format!("{PASSWORD}\n");
    open.site.ok_typing(&["user", "add", "otto", "--must-change", "--password-stdin"], &typed);
    let refused = open.by_password("otto", &["env", "list"]);
    assert!(refused.code == 3 && refused.err.contains("set by somebody else"), "{refused:?}");
    let mut sitting = Sitting::new(&open.asked("otto", &[], &[PASSWORD], &[]));
    sitting.until("Old password");
    // Disabled while somebody sits there.
    open.site.ok(&["user", "disable", "otto"]);
    sitting.ended();
    open.site.ok(&["user", "enable", "otto"]);
    // Closed while somebody sits there.
    let mut sitting = Sitting::new(&open.asked("otto", &[], &[PASSWORD], &[]));
    sitting.until("Old password");
    sitting.type_keys("\u{1a}");
    open.site.ok(&["serve", "off"]);
    sitting.ended();
    assert_eq!(open.by_password("ada", &["whoami"]).code, 255);
}

#[test]
fn a_new_engine_opens_the_door_with_the_same_key() {
    let open = Open::new();
    assert_eq!(open.by_password("ada", &["whoami"]).code, 0);
    let before = open.site.json(&["serve", "status"]);
    assert!(before["fingerprint"].as_str().unwrap().starts_with("SHA256:"), "{before}");
    open.site.kill_engine();
    wait_until("the door is open again", || open.site.json(&["serve", "status"])["listening"] == true);
    assert_eq!(open.site.json(&["serve", "status"])["fingerprint"], before["fingerprint"]);
    // The client compares the key with the one it has kept.
    assert_eq!(open.by_password("ada", &["whoami"]).code, 0);
}
