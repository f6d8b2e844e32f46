//! Shells beside tmux and a plain ssh: `cargo bench --bench shells`. Needs sshd, ssh and tmux. What came out is in `docs/figures.md`.
//!
//! All of them are in a pseudo-terminal of 120x40 whose output is read at once, and reach the same OpenSSH server on loopback: cpmg through its
//! engine, tmux with the ssh command in its pane. Measured in one run, by turns: 100 MB of coloured lines through a pane until the line after
//! them is on the screen; from a key to its echo on the screen; how often another pane changes while `yes` runs beside it.
//! `MIB`, `KEYS` and `ROUNDS` change the measure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    dead_code,
    reason = "a bench that cannot go on should say so and stop"
)]

#[path = "../support/mod.rs"]
mod support;
#[path = "../../src/ssh/testing.rs"]
mod testing;

use portable_pty::CommandBuilder;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::Spread;
use support::process::{Awake, Stolen, load};
use support::pty::Pty;
use support::site::{PASSWORD, Site, USER};
use testing::Sshd;

const SIZE: (u16, u16) = (120, 40);
/// How long panes are watched.
const LOOK: Duration = Duration::from_secs(5);
/// Between two keys.
const PAUSE: Duration = Duration::from_millis(30);
/// Letters on a line before it is wiped.
const WIDTH: usize = 60;
/// Prints a number some 200 times a second, always in the same place.
const COUNTER: &str =
    "perl -e '$|=1; while (1) { printf qq(\\rframe-%d ), ++$n; select undef, undef, undef, 0.005 }'";

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Where the keys go: one of the programs that are compared, with a prompt of ours in its pane.
struct Peer {
    name: &'static str,
    pty: Pty,
    /// Ends what lives on behind the pty.
    end: Option<Command>,
    /// What another pane of it would run.
    again: Option<Vec<OsString>>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(end) = &mut self.end {
            let _ = end.output();
        }
    }
}

fn has(screen: &[String], what: &str) -> bool {
    screen.iter().any(|line| line.contains(what))
}

impl Peer {
    fn ready(mut self) -> Self {
        // Without what the account's own shell adds to it; the marks are not in the line that is typed.
        self.pty.type_in("PS1=; PROMPT_COMMAND=; stty -echoctl; clear; echo rea''dy-$((40+2))\r");
        self.pty.wait("the shell", |s| has(s, "ready-42"));
        self
    }

    fn cpmg(site: &Site) -> Self {
        let mut pty = Pty::start(site, SIZE);
        pty.wait("the login", |s| has(s, "Password"));
        pty.type_in(&format!("{USER}\t{PASSWORD}\r"));
        pty.wait("the environments", |s| has(s, "Environments") && has(s, "bench"));
        pty.type_in("\r");
        pty.wait("the node", |s| s.iter().any(|l| l.starts_with('»') && l.contains("n1")));
        pty.type_in("s");
        pty.wait("a prompt", |s| s.iter().any(|l| l.contains('#') || l.contains('$')));
        Self { name: "cpmg", pty, end: None, again: None }.ready()
    }

    fn ssh(sshd: &Sshd, key: &Path) -> CommandBuilder {
        let mut command = CommandBuilder::new("ssh");
        command.args(["-F", "none", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"]);
        command.args(["-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i"]);
        command.arg(key);
        command.args(["-tt", "-p", &sshd.port.to_string(), &format!("{}@{}", sshd.user, sshd.address)]);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command
    }

    fn plain(sshd: &Sshd, key: &Path) -> Self {
        let mut pty = Pty::of(Self::ssh(sshd, key), SIZE);
        pty.wait("a prompt", |s| s.iter().any(|l| l.contains('#') || l.contains('$')));
        Self { name: "ssh", pty, end: None, again: None }.ready()
    }

    fn tmux(sshd: &Sshd, key: &Path) -> Self {
        let socket = format!("cpmg-bench-{}", std::process::id());
        let mut command = CommandBuilder::new("tmux");
        command.args(["-L", &socket, "-f", "/dev/null", "new-session"]);
        let ssh = Self::ssh(sshd, key);
        command.args(ssh.get_argv());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let mut end = Command::new("tmux");
        end.args(["-L", &socket, "kill-server"]);
        let mut pty = Pty::of(command, SIZE);
        pty.wait("a prompt", |s| s.iter().any(|l| l.contains('#') || l.contains('$')));
        Self { name: "tmux", pty, end: Some(end), again: Some(ssh.get_argv().clone()) }.ready()
    }

    /// From the key that begins it to the line after it.
    fn flood(&mut self, file: &Path) -> Duration {
        let began = Instant::now();
        self.pty.type_in(&format!("cat {}; echo do''ne-$((40+2))\r", file.display()));
        let at = self.pty.wait("the end of the flood", |s| has(s, "done-42"));
        self.pty.type_in("clear\r");
        self.pty.wait("an empty screen", |s| !has(s, "done-42"));
        at - began
    }

    /// Ends the shell, which would live on in the engine.
    fn leave(mut self) {
        self.pty.type_in("exit\r");
        self.pty.settle(Duration::from_millis(500));
    }

    /// From each of so many keys to its echo.
    fn echoes(&mut self, keys: usize) -> Vec<Duration> {
        self.pty.type_in("clear; cat >/dev/null\r");
        self.pty.wait("cat", |s| !has(s, "ready-42"));
        self.pty.settle(Duration::from_millis(300));
        let mut times = Vec::new();
        for n in 0..keys {
            let there = n % WIDTH;
            let wanted = "x".repeat(there + 1);
            let pressed = Instant::now();
            self.pty.type_in("x");
            let at = self.pty.wait("the echo", |s| has(s, &wanted));
            times.push(at.saturating_duration_since(pressed));
            if there + 1 == WIDTH {
                self.pty.type_in("\u{15}");
                self.pty.wait("an empty line", |s| !has(s, "x"));
            }
            std::thread::sleep(PAUSE);
        }
        // What is typed before the interrupted program is gone would be thrown away with its input.
        self.pty.type_in("\u{3}");
        self.pty.settle(Duration::from_millis(300));
        times
    }

    /// The counter in one pane of tmux, `yes` in another.
    fn beside_yes(mut self) -> f64 {
        self.pty.type_in(&format!("{COUNTER}\r"));
        self.pty.wait("the counter", |s| counted(s).is_some());
        let split =
            self.end.as_ref().map(|end| end.get_args().take(2).map(ToOwned::to_owned).collect::<Vec<_>>());
        let ssh = self.again.clone().expect("tmux");
        let made =
            Command::new("tmux").args(split.expect("tmux")).args(["split-window", "-h"]).args(ssh).status();
        assert!(made.expect("tmux").success());
        self.pty.wait("another pane", |s| s.iter().filter(|l| l.contains('│')).count() > 20);
        self.pty.watch(Duration::from_secs(1), |_| ());
        self.pty.type_in("yes\r");
        self.pty.wait("yes", |s| s.iter().filter(|l| l.contains("│y")).count() > 20);
        self.frames()
    }

    /// Different numbers of the counter that were on the screen, a second.
    fn frames(&mut self) -> f64 {
        let mut seen = BTreeSet::new();
        let began = Instant::now();
        self.pty.watch(LOOK, |screen| {
            seen.extend(counted(screen));
        });
        seen.len() as f64 / began.elapsed().as_secs_f64()
    }
}

/// What the counter shows; the line that was typed to begin it has no number.
fn counted(screen: &[String]) -> Option<u64> {
    let mut after = screen.iter().filter_map(|line| line.split("frame-").nth(1));
    after.find_map(|n| n.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
}

fn lines(file: &Path, mib: usize) {
    let mut text = String::new();
    let mut n = 0_u64;
    while text.len() < 1 << 20 {
        n += 1;
        let _ = writeln!(
            text,
            "\x1b[32mNov 22 02:00:{:02}\x1b[m \x1b[1;34mcontroller\x1b[m nova-api[1234]: GET /v2.1/servers/{n} status: \x1b[33m200\x1b[m len: 1900 time: 0.0{n}",
            n % 60
        );
    }
    std::fs::write(file, text.repeat(mib)).unwrap();
}

fn main() {
    let (mib, keys, rounds) = (number("MIB", 100), number("KEYS", 200), number("ROUNDS", 3));
    let program = PathBuf::from(env!("CARGO_BIN_EXE_cpmg"));
    let work = tempfile::tempdir().unwrap();
    let (file, key) = (work.path().join("lines"), work.path().join("key"));
    lines(&file, mib);
    let sshd = Sshd::start();
    std::fs::write(&key, &sshd.key).unwrap();
    let quiet = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, quiet).unwrap();
    let site = Site::new(program);
    site.ok(&["env", "add", "bench"], "");
    let (address, port) = (sshd.address.to_string(), sshd.port.to_string());
    let add =
        ["node", "add", "bench", &address, "--port", &port, "--name", "n1", "--user", &sshd.user, "--key"];
    site.ok(&[&add[..], &[key.to_str().unwrap()]].concat(), "");
    site.ok(&["node", "trust", "n1", "--accept-new"], "");
    println!("{} cores, load {}", std::thread::available_parallelism().unwrap(), load());
    let (awake, stolen) = (Awake::keep(), Stolen::begin());

    let mut floods: Vec<[f64; 2]> = Vec::new();
    for round in 1..=rounds {
        let (mut cpmg, mut tmux) = (Peer::cpmg(&site), Peer::tmux(&sshd, &key));
        let (ours, theirs) = (cpmg.flood(&file).as_secs_f64(), tmux.flood(&file).as_secs_f64());
        cpmg.leave();
        println!(
            "{mib} MiB, round {round}: cpmg {ours:.2} s, tmux {theirs:.2} s: {:.2} of tmux's time",
            ours / theirs
        );
        floods.push([ours, theirs]);
    }
    let mut ratios: Vec<f64> = floods.iter().map(|[ours, theirs]| ours / theirs).collect();
    ratios.sort_by(f64::total_cmp);
    support::verdict("median of the ratios", ratios[ratios.len() / 2], 1.0, "of tmux's time");

    let mut medians = Vec::new();
    let (plain, cpmg, tmux) = (Peer::plain(&sshd, &key), Peer::cpmg(&site), Peer::tmux(&sshd, &key));
    for mut peer in [plain, cpmg, tmux] {
        let times = Spread::of(peer.echoes(keys));
        println!(
            "key to its echo, {}: median {:.2}, 95 of 100 {:.2}, worst {:.2} ms of {}",
            peer.name,
            times.median(),
            times.at(95),
            times.worst(),
            times.count()
        );
        medians.push(times.median());
        if peer.name == "cpmg" {
            peer.leave();
        }
    }
    support::verdict("echo beyond plain ssh's", medians[1] - medians[0], 1.0, "ms");
    // A machine that has enough to do wakes by itself, and tasks of the idle class get some of its time all the same.
    drop(awake);

    let mut pane = Peer::cpmg(&site);
    pane.pty.type_in(&format!("{COUNTER}\r"));
    pane.pty.wait("the counter", |s| counted(s).is_some());
    println!("a counter alone: {:.0} frames a second", pane.frames());
    pane.pty.type_in("\u{1d}|");
    pane.pty.wait("another pane", |s| s.iter().filter(|l| l.contains('│')).count() > 20);
    pane.pty.watch(Duration::from_millis(500), |_| ());
    pane.pty.type_in("yes\r");
    pane.pty
        .wait("yes", |s| s.iter().filter(|l| l.trim_end().ends_with('y') || l.contains("│y")).count() > 20);
    let before = pane.pty.frames;
    let beside = pane.frames();
    let painted = (pane.pty.frames - before) as f64 / LOOK.as_secs_f64();
    println!(
        "the counter beside yes: {beside:.0} frames a second of {painted:.0} that were painted; bound: 60"
    );
    println!("the same in tmux: {:.0} frames a second", Peer::tmux(&sshd, &key).beside_yes());
    println!("load {}, {:.0} % of the processors taken away by the host", load(), stolen.per_cent());
}
