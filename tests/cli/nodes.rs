//! Nodes: a real sshd on loopback, host keys, credentials, and everything that is not a node.

use super::support::{Site, wait_until};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// An sshd of this account on a loopback port.
pub(super) struct Sshd {
    child: Child,
    pub(super) folder: PathBuf,
    pub(super) port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn keygen(path: &PathBuf, passphrase: &str) {
    let _ = std::fs::remove_file(path);
    let done = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", passphrase, "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .status()
        .expect("ssh-keygen (package openssh-client)");
    assert!(done.success());
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Sshd {
    /// With a fresh host key, letting `key` in.
    pub(super) fn start(site: &Site, port: u16) -> Self {
        let folder = site.dir.path().join("sshd");
        std::fs::create_dir_all(&folder).unwrap();
        if !folder.join("id").exists() {
            keygen(&folder.join("id"), "");
        }
        keygen(&folder.join("host"), "");
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/id.pub\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\n",
            folder.display()
        );
        std::fs::write(folder.join("config"), config).unwrap();
        let sshd =
            ["/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"].into_iter().find(|p| PathBuf::from(p).exists());
        let sshd = sshd.expect("sshd (package openssh-server)");
        if rustix::process::geteuid().is_root() {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let child = Command::new(sshd)
            .args(["-D", "-e", "-f"])
            .arg(folder.join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sshd = Self { child, folder, port };
        wait_until("sshd listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        sshd
    }

    pub(super) fn key(&self) -> String {
        self.folder.join("id").display().to_string()
    }

    /// Fingerprint of the host key, as ssh-keygen tells it.
    pub(super) fn fingerprint(&self) -> String {
        let out = Command::new("ssh-keygen").arg("-lf").arg(self.folder.join("host.pub")).output().unwrap();
        String::from_utf8(out.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
    }
}

pub(super) fn account() -> String {
    let out = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

fn add(site: &Site, sshd: &Sshd, name: &str) {
    let (port, key, user) = (sshd.port.to_string(), sshd.key(), account());
    site.ok(&[
        "node",
        "add",
        "prod",
        "127.0.0.1",
        "--name",
        name,
        "--port",
        &port,
        "--user",
        &user,
        "--key",
        &key,
    ]);
}

#[test]
fn a_node_is_trusted_once_and_a_changed_key_is_a_hard_stop() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    let sshd = Sshd::start(&site, free_port());
    add(&site, &sshd, "ctl1");
    let fingerprint = sshd.fingerprint();
    let new = site.refused(&["node", "probe", "ctl1"], 6, "is new");
    assert!(new.err.contains(&fingerprint), "shows the key's fingerprint: {new:?}");
    site.refused(&["node", "trust", "ctl1"], 6, "is new");
    site.refused(&["node", "trust", "ctl1", "SHA256:AAAA"], 6, "nothing was pinned");
    assert!(site.ok(&["node", "trust", "prod/ctl1", &fingerprint]).contains("facts gathered"));
    let node = site.json(&["node", "show", "ctl1"]);
    assert_eq!(node["host_key"].as_str(), Some(fingerprint.as_str()));
    assert!(node["facts"]["memory"].as_u64().unwrap() > 0, "{node}");
    assert!(site.ok(&["node", "show", "ctl1"]).contains("kernel"));
    assert!(site.ok(&["node", "list", "prod"]).contains("answered"));
    let said = site.ok_typing(&["shell", "ctl1"], "echo from-$((40 + 2))\nexit\n");
    assert!(said.contains("from-42"), "{said}");

    let port = sshd.port;
    drop(sshd);
    site.refused(&["node", "probe", "ctl1"], 6, "nothing listens");
    let sshd = Sshd::start(&site, port);
    let changed = site.refused(&["node", "probe", "ctl1"], 6, "changed");
    assert!(changed.err.contains(&sshd.fingerprint()), "shows what it is now: {changed:?}");
    let other = sshd.fingerprint();
    assert_eq!(site.run(&["node", "trust", "ctl1", &other]).code, 6, "not even with the right fingerprint");
    site.ok(&["node", "forget-key", "ctl1"]);
    site.ok(&["node", "trust", "ctl1", "--accept-new"]);
    assert_eq!(site.json(&["node", "show", "ctl1"])["host_key"].as_str(), Some(other.as_str()));
}

#[test]
fn wrong_keys_ports_and_addresses_are_told_in_words() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    let sshd = Sshd::start(&site, free_port());
    add(&site, &sshd, "ctl1");
    site.ok(&["node", "trust", "ctl1", "--accept-new"]);
    // A key that the node does not take.
    let stranger = sshd.folder.join("stranger");
    keygen(&stranger, "open sesame");
    let stranger = stranger.display().to_string();
    let credential = ["node", "credential", "ctl1", "--key", &stranger, "--passphrase-stdin"];
    site.refused_typing(&credential, "wrong\n", 2, "passphrase");
    site.ok_typing(&credential, "open sesame\n");
    let refused = site.refused(&["node", "probe", "ctl1"], 6, "");
    assert!(refused.err.contains("refused") || refused.err.contains("key"), "{refused:?}");
    site.ok(&["node", "credential", "ctl1", "--key", &sshd.key()]);
    site.ok(&["node", "probe", "ctl1"]);
    // Files that are no keys.
    let public = format!("{}.pub", sshd.key());
    site.refused(&["node", "credential", "ctl1", "--key", &public], 2, "no private key");
    site.refused(&["node", "credential", "ctl1", "--key", "/nonexistent"], 2, "/nonexistent");
    site.refused(&["node", "credential", "ctl1"], 2, "--password-stdin");
    // A port where something else answers.
    let http = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = http.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in http.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    site.ok(&["node", "address", "ctl1", "127.0.0.1", "--port", &port.to_string()]);
    let not_ssh = site.refused(&["node", "probe", "ctl1"], 6, "");
    assert!(not_ssh.err.to_lowercase().contains("ssh"), "{not_ssh:?}");
    // Addresses and ranges that are none.
    site.refused(&["node", "add", "prod", "10.0.0.300", "--password-stdin"], 2, "");
    site.refused_typing(&["node", "add", "prod", "224.0.0.1", "--password-stdin"], "x\n", 2, "multicast");
    site.refused(&["node", "sweep", "prod", "banana"], 2, "is not a range");
    site.refused(&["node", "sweep", "prod", "10.0.0.9-3"], 2, "before it starts");
    site.refused(&["node", "sweep", "prod", "10.0.0.0/8"], 2, "65536");
    site.refused(&["node", "show", "ctl2"], 4, "did you mean 'ctl1'?");
    site.refused(&["node", "remove", "ctl1"], 2, "--yes");
    site.ok(&["node", "remove", "ctl1", "--yes"]);
    assert!(site.ok(&["node", "list", "prod"]).contains("no nodes yet"));
}

#[test]
fn a_sweep_finds_what_speaks_ssh() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    let sshd = Sshd::start(&site, free_port());
    let port = sshd.port.to_string();
    let found = site.json(&["node", "sweep", "prod", "127.0.0.1-20", "--port", &port]);
    assert_eq!(found["sweep"]["total"], 20);
    assert_eq!(found["sweep"]["done"], 20);
    let rows = found["found"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{found}");
    assert_eq!((rows[0]["address"].as_str(), rows[0]["ssh"].as_bool()), (Some("127.0.0.1"), Some(true)));
    assert!(site.ok(&["node", "sweep", "prod", "127.0.0.1", "--port", &port]).contains("OpenSSH"));
}

#[test]
fn roles_are_given_and_a_plan_needs_facts() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    for (name, last) in [("ctl1", "1"), ("cmp1", "2")] {
        let address = format!("127.0.0.{last}");
        let args = ["node", "add", "prod", &address, "--name", name, "--port", "9", "--password-stdin"];
        site.ok_typing(&args, "node password\n");
    }
    site.refused(&["plan", "prod"], 1, "role");
    assert_eq!(site.json(&["node", "role", "ctl1", "controller"])["state"], "ready");
    assert_eq!(
        site.json(&["node", "role", "cmp1", "controller", "compute"])["roles"].as_array().unwrap().len(),
        2
    );
    site.refused(&["plan", "prod"], 1, "gather its facts");
    site.refused(&["install", "prod", "--follow"], 1, "gather its facts");
    assert_eq!(site.json(&["node", "role", "cmp1", "--none"])["state"], "discovered");
    site.ok(&["node", "rename", "cmp1", "storage1"]);
    let listed = site.ok(&["node", "list", "prod"]);
    assert!(listed.contains("storage1") && !listed.contains("node password"), "{listed}");
}
