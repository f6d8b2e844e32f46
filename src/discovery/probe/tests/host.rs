//! Names, ports, repositories, clock: what a program learns from the node itself.
//!
//! Each program runs with an `/etc` of the test's own (a mount namespace), so that it sees a node with apt or with dnf.

use super::*;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    put(folder, name, &format!("#!/bin/sh\n{text}\n"));
    let path = folder.join(name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The interpreter on a node with this `/etc`, and with these commands before all others.
fn inside(folder: &Path, interpreter: &str) -> String {
    let kind = if interpreter.ends_with("perl") { "perl" } else { "python" };
    let (etc, bin) = (folder.join("etc"), folder.join("bin"));
    let text = format!(
        "PATH={}:$PATH\nexport PATH\nexec unshare -m sh -c 'mount --bind {} /etc && exec {interpreter} \"$@\"' sh \"$@\"",
        bin.display(),
        etc.display()
    );
    script(folder, kind, &text).to_str().unwrap().to_owned()
}

/// An HTTP server that remembers what it was asked: 404 for paths with `missing`.
async fn web(address: Ipv4Addr) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let (mut text, mut buf) = (String::new(), [0; 2048]);
                while !text.contains("\r\n\r\n") {
                    match client.read(&mut buf).await {
                        Ok(n) if n > 0 => text.push_str(&String::from_utf8_lossy(&buf[..n])),
                        _ => return,
                    }
                }
                let status = if text.contains("missing") { "404 Not Found" } else { "200 OK" };
                log.lock().unwrap().push(text);
                client
                    .write_all(format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n").as_bytes())
                    .await
                    .ok();
            });
        }
    });
    (port, asked)
}

type Reached = BTreeMap<String, (Option<String>, Option<u16>, Option<String>)>;

fn repositories(probe: &NodeProbe) -> Reached {
    let one = |r: &ProbeResult| match r {
        ProbeResult::Repository { url, proxy, status, fault, .. } => {
            Some((url.clone(), (proxy.clone(), *status, fault.clone())))
        }
        _ => None,
    };
    probe.results.iter().filter_map(one).collect()
}

#[tokio::test]
async fn repositories_through_the_proxy_of_apt() {
    if !possible() {
        return;
    }
    if !Path::new("/usr/bin/apt-config").exists() {
        eprintln!("SKIPPED: there is no apt here");
        return;
    }
    let rack = Rack::new(1, |_| {}).await;
    let here = rack.wires.ssh_address(0);
    let ((direct, _), (proxy, through)) = (web(here).await, web(here).await);
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().join("etc");
    put(&etc, "hosts", &format!("{here} direct.test\n"));
    put(&etc, "nsswitch.conf", "hosts: files\n");
    put(
        &etc,
        "apt/sources.list",
        "# deb http://off.test/ x main\ndeb [signed-by=/k.gpg] http://user:secret@archive.test/debian stable main\n\
         deb cdrom:[x]/ y main\n",
    );
    put(
        &etc,
        "apt/sources.list.d/more.sources",
        &format!(
            "Types: deb\nURIs: http://direct.test:{direct}/d/\nSuites: one\n missing\nComponents: main\n\n\
             Enabled: no\nTypes: deb\nURIs: http://off.test/\nSuites: x\n"
        ),
    );
    put(
        &etc,
        "apt/apt.conf.d/01proxy",
        &format!(
            "Acquire::http::Proxy \"http://me:p%40ss@{here}:{proxy}/\";\nAcquire::http::Proxy::direct.test \"DIRECT\";\n"
        ),
    );
    for interpreter in interpreters() {
        through.lock().unwrap().clear();
        let urls = vec![
            "http://direct.test:1/".to_owned(),
            format!("https://direct.test:{direct}/"),
            "https://archive.test/x".to_owned(),
            "ftp://direct.test/".to_owned(),
        ];
        let tasks = vec![Task::Repositories { urls, configured: true }];
        let all = rack.ask(vec![tasks], &inside(folder.path(), &interpreter)).await;
        all_checked(&all[0]);
        let found = repositories(&all[0]);
        let via = Some(format!("{here}:{proxy}"));
        let expected = |status| (None, Some(status), None);
        assert_eq!(
            found["http://archive.test/debian/dists/stable/InRelease"],
            (via.clone(), Some(200), None)
        );
        assert_eq!(found[&format!("http://direct.test:{direct}/d/dists/one/InRelease")], expected(200));
        assert_eq!(found[&format!("http://direct.test:{direct}/d/dists/missing/InRelease")], expected(404));
        let refused = found["http://direct.test:1/"].clone();
        assert!(refused.2.unwrap().contains("Connection refused"));
        assert_eq!(
            found[&format!("https://direct.test:{direct}/")],
            (None, None, None),
            "the connection alone"
        );
        assert_eq!(found["https://archive.test/x"], (via, Some(200), None));
        assert!(found["ftp://direct.test/"].2.as_ref().unwrap().contains("no http"));
        assert_eq!(found.len(), 7, "{found:?}");
        let asked = through.lock().unwrap().clone();
        let line =
            |start: &str| asked.iter().find(|a| a.starts_with(start)).unwrap_or_else(|| panic!("{asked:?}"));
        // me:p@ss
        let secret = "Proxy-Authorization: Basic bWU6cEBzcw==\r\n";
        assert!(
            line("HEAD http://archive.test:80/debian/dists/stable/InRelease HTTP/1.1\r\n").contains(secret)
        );
        assert!(line("CONNECT archive.test:443 HTTP/1.1\r\n").contains(secret));
        assert!(!format!("{all:?}").contains("secret") && !format!("{all:?}").contains("p%40ss"));
    }
}

#[tokio::test]
async fn repositories_of_dnf_and_none_at_all() {
    if !possible() {
        return;
    }
    let rack = Rack::new(1, |_| {}).await;
    let here = rack.wires.ssh_address(0);
    let ((direct, _), (proxy, through)) = (web(here).await, web(here).await);
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().join("etc");
    put(&etc, "hosts", &format!("{here} direct.test\n"));
    put(&etc, "os-release", "ID=\"centos\"\nVERSION_ID=\"9.3\"\n");
    put(&etc, "dnf/vars/stream", "9-stream\n");
    put(&etc, "dnf/dnf.conf", &format!("[main]\nproxy=http://{here}:{proxy}\n"));
    let repo = "[base]\nname=x\nbaseurl=http://a.test/$releasever/$stream/os/\nenabled=1\n\n\
                [off]\nbaseurl=http://off.test/\nenabled=0\n[meta]\nmetalink=http://b.test/${releasever}?x=1\n";
    put(&etc, "yum.repos.d/a.repo", repo);
    put(
        &etc,
        "yum.repos.d/b.repo",
        &format!("[own]\nbaseurl=http://direct.test:{direct}/missing\nproxy=http://{here}:1\n"),
    );
    let bare = tempfile::tempdir().unwrap();
    put(&bare.path().join("etc"), "hosts", "");
    for interpreter in interpreters() {
        through.lock().unwrap().clear();
        let tasks = || vec![vec![Task::Repositories { urls: Vec::new(), configured: true }]];
        let all = rack.ask(tasks(), &inside(folder.path(), &interpreter)).await;
        all_checked(&all[0]);
        let found = repositories(&all[0]);
        let via = Some(format!("{here}:{proxy}"));
        assert_eq!(found["http://a.test/9/9-stream/os/repodata/repomd.xml"], (via.clone(), Some(200), None));
        assert_eq!(found["http://b.test/9?x=1"], (via, Some(200), None));
        let own = &found[&format!("http://direct.test:{direct}/missing/repodata/repomd.xml")];
        assert_eq!(own.0, Some(format!("{here}:1")), "its own proxy");
        assert!(own.2.as_ref().unwrap().contains("refused"));
        assert_eq!((found.len(), through.lock().unwrap().len()), (3, 2));

        let none = rack.ask(tasks(), &inside(bare.path(), &interpreter)).await;
        assert!(
            matches!(&none[0].results[..], [ProbeResult::NotChecked { why, .. }] if why.contains("no package repository")),
            "{none:?}"
        );
    }
}

#[tokio::test]
async fn names() {
    if !possible() {
        return;
    }
    let rack = Rack::new(1, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().join("etc");
    put(&etc, "hosts", "192.0.2.7 twice\n192.0.2.8 twice\n2001:db8::1 six\n");
    put(&etc, "nsswitch.conf", "hosts: files\n");
    put(&etc, "host.conf", "multi on\n");
    let long = format!("{}.test", ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(60)].join("."));
    for interpreter in interpreters() {
        let names = ["twice", "six", "nowhere.test", &long, "bad name", "twice"].map(str::to_owned).to_vec();
        let (good, bad) = ([&names[..4], &names[5..]].concat(), vec![names[4].clone()]);
        let all = rack
            .ask(
                vec![vec![Task::Names { names: good }, Task::Names { names: bad }]],
                &inside(folder.path(), &interpreter),
            )
            .await;
        let mut found = BTreeMap::new();
        let mut left = Vec::new();
        for result in &all[0].results {
            match result {
                ProbeResult::Name { name, addresses, fault, .. } => {
                    let mut texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                    texts.sort();
                    assert_eq!(fault.is_some(), texts.is_empty());
                    assert!(found.insert(name.clone(), texts).is_none(), "once");
                }
                ProbeResult::NotChecked { why, .. } => left.push(why.clone()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(found["twice"], ["192.0.2.7", "192.0.2.8"], "{interpreter}");
        assert_eq!(found["six"], ["2001:db8::1"]);
        assert!(found["nowhere.test"].is_empty() && found[&long].is_empty());
        assert_eq!((found.len(), left), (4, vec!["'bad name' is no host name".to_owned()]));
    }
}

struct Listening(Child);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn ports() {
    if !possible() {
        return;
    }
    let rack = Rack::new(1, |_| {}).await;
    let program = "use IO::Socket::IP; $0 = 'dash, board'; my $s = IO::Socket::IP->new(LocalHost => '::', LocalPort => 8443, \
                   Listen => 1, V6Only => 1) or die; $| = 1; print \"listening\\n\"; sleep 100";
    let mut child =
        rack.wires.exec("a").args(["perl", "-e", program]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    let child = Listening(child);
    assert_eq!(line, "listening\n");
    for interpreter in interpreters() {
        let all = rack.ask(vec![vec![Task::Ports { ports: vec![80, 22, 8443] }]], &interpreter).await;
        all_checked(&all[0]);
        let mut found = BTreeMap::new();
        for result in &all[0].results {
            let ProbeResult::Port { port, listeners } = result else { panic!("{result:?}") };
            let form = |l: &crate::domain::check::probe::Listener| {
                (l.address.to_string(), l.pid, l.process.clone().unwrap_or_default())
            };
            found.insert(*port, listeners.iter().map(form).collect::<Vec<_>>());
        }
        assert_eq!(found.len(), 3);
        assert_eq!(found[&80], []);
        let own = rack.wires.ssh_address(1).to_string();
        assert_eq!(found[&22], [(own, Some(rack.sshd(0).pid()), "sshd".to_owned())], "{interpreter}");
        assert_eq!(found[&8443], [("::".to_owned(), Some(child.0.id()), "dash, board".to_owned())]);
    }
}

#[tokio::test]
async fn the_clock() {
    fn an_hour_ahead() -> Moment {
        now().plus(3_600_000)
    }
    if !possible() {
        return;
    }
    let rack = Rack::new(1, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("etc"), "hosts", "");
    let bin = folder.path().join("bin");
    let states = [
        ("chronyc", "echo 'Leap status     : Normal'", Some(true)),
        ("chronyc", "echo 'Stratum : 0'; echo 'Leap status     : Not synchronised'", Some(false)),
        ("timedatectl", "[ $1 = show ] || exit 1; echo NTPSynchronized=no", Some(false)),
        ("timedatectl", "[ $1 = status ] || exit 1; echo '     NTP synchronized: yes'", Some(true)),
        ("ntpq", "echo 'associd=0 status=0615 leap_none, sync_ntp, 1 event'", Some(true)),
        ("ntpq", "echo 'associd=0 status=c016 leap_alarm, sync_unspec'", Some(false)),
    ];
    for interpreter in interpreters() {
        let started = inside(folder.path(), &interpreter);
        for (tool, says, expected) in states {
            std::fs::remove_dir_all(&bin).ok();
            // Whatever this machine has says nothing.
            for other in ["chronyc", "timedatectl", "ntpq"] {
                script(&bin, other, if other == tool { says } else { "exit 1" });
            }
            let nodes = vec![(NodeId(1), rack.sessions[0].clone(), vec![Task::Clock])];
            let all = run(nodes, with(&started), an_hour_ahead, &CancellationToken::new()).collect().await;
            let [ProbeResult::Clock { offset_ms, uncertainty_ms, synchronised, source }] =
                &all[0].results[..]
            else {
                panic!("{all:?}")
            };
            assert_eq!((source.as_str(), *synchronised), (tool, expected), "{interpreter}: {says}");
            let error = (offset_ms + 3_600_000).unsigned_abs();
            assert!(error <= u64::from(*uncertainty_ms) + 2, "{offset_ms} ± {uncertainty_ms}");
        }
    }
}
