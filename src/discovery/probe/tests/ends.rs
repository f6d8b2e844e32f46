//! How a run ends, and that nothing stays switched on.

use super::*;
use crate::discovery::probe::{ProbeError, ProbeEvent};
use crate::domain::check::probe::TaskKind;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

/// Node `a` with a NIC that is down.
async fn one() -> Rack {
    Rack::new(1, |w| {
        w.bridge("one");
        w.nic("a", "eth1", "one");
    })
    .await
}

/// Takes five seconds, so that there is time to disturb it.
fn tasks() -> Vec<Task> {
    vec![frames("eth1", &[]), Task::Dhcp { nic: "eth1".into() }]
}

async fn until_ready(run: &mut Run) {
    loop {
        match run.next().await.unwrap().1 {
            ProbeEvent::Ready => return,
            ProbeEvent::Ended(why) => panic!("{why:?}"),
            _ => {}
        }
    }
}

/// What is left of a run: kinds that were not checked, and how it ended.
async fn rest(run: &mut Run) -> (Vec<TaskKind>, Result<(), ProbeError>) {
    let mut left = Vec::new();
    loop {
        match run.next().await.unwrap().1 {
            ProbeEvent::Ended(how) => return (left, how),
            ProbeEvent::Result(ProbeResult::NotChecked { task, .. }) => left.push(task),
            _ => {}
        }
    }
}

/// The program itself: the session's leader, not the process that puts the NICs back.
fn program_pid(rack: &Rack) -> u32 {
    let out = Command::new("ip").args(["netns", "pids", &rack.wires.name("a")]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let leader = |pid: &&str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let command = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        stat.split_whitespace().nth(5) == Some(*pid)
            && (command.starts_with("perl") || command.starts_with("python"))
    };
    text.split_whitespace().find(leader).expect("a program").parse().unwrap()
}

#[tokio::test]
async fn killed() {
    if !possible() {
        return;
    }
    let rack = one().await;
    for interpreter in interpreters() {
        for signal in ["TERM", "HUP", "KILL"] {
            let mut run = rack.start(vec![tasks()], with(&interpreter), &CancellationToken::new());
            until_ready(&mut run).await;
            let link = rack.link("a", "eth1");
            assert!(link.contains(",UP") && link.contains("promiscuity 1"), "{link}");
            let pid = program_pid(&rack).to_string();
            assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
            let (left, how) = rest(&mut run).await;
            assert_eq!(left, [TaskKind::Frames, TaskKind::Dhcp], "{interpreter} {signal}");
            assert!(matches!(how, Err(ProbeError::Ended(_))), "{how:?}");
            rack.wait_restored("a", "eth1").await;
        }
    }
}

#[tokio::test]
async fn the_connection_dies() {
    if !possible() {
        return;
    }
    let mut rack = one().await;
    for interpreter in interpreters() {
        rack.sessions[0] = rack.login(0).await;
        let mut run = rack.start(vec![tasks()], with(&interpreter), &CancellationToken::new());
        until_ready(&mut run).await;
        rack.sshd(0).cut();
        let (left, how) = rest(&mut run).await;
        assert_eq!(left.len(), 2);
        assert!(matches!(how, Err(ProbeError::Ssh(_))), "{how:?}");
        rack.wait_restored("a", "eth1").await;
    }
}

#[tokio::test]
async fn cancelled_dropped_and_too_slow() {
    if !possible() {
        return;
    }
    let rack = one().await;
    for interpreter in interpreters() {
        let cancel = CancellationToken::new();
        let mut run = rack.start(vec![tasks()], with(&interpreter), &cancel);
        until_ready(&mut run).await;
        let since = Instant::now();
        cancel.cancel();
        let (left, how) = rest(&mut run).await;
        assert!(since.elapsed() < Duration::from_secs(2), "at once: {:?}", since.elapsed());
        assert_eq!(left.len(), 2);
        assert!(matches!(how, Err(ProbeError::Cancelled)), "{how:?}");
        rack.wait_restored("a", "eth1").await;

        let mut run = rack.start(vec![tasks()], with(&interpreter), &CancellationToken::new());
        until_ready(&mut run).await;
        drop(run);
        rack.wait_restored("a", "eth1").await;

        let options = Options { deadline: Duration::from_millis(2500), ..with(&interpreter) };
        let mut run = rack.start(vec![tasks()], options, &CancellationToken::new());
        let (left, how) = rest(&mut run).await;
        assert_eq!(left, [TaskKind::Frames, TaskKind::Dhcp]);
        assert!(matches!(how, Err(ProbeError::Silent(_))), "{how:?}");
        rack.wait_restored("a", "eth1").await;
    }
}

#[tokio::test]
async fn one_that_is_late_is_not_judged() {
    if !possible() {
        return;
    }
    let rack = one().await;
    for interpreter in interpreters() {
        let options = Options { ready: Duration::ZERO, ..with(&interpreter) };
        let all =
            rack.start(vec![vec![frames("eth1", &[])]], options, &CancellationToken::new()).collect().await;
        assert_eq!(all[0].fault, None, "{all:?}");
        let left = all[0].results.iter().find(|r| matches!(r, ProbeResult::NotChecked { .. }));
        let Some(ProbeResult::NotChecked { task: TaskKind::Frames, why, .. }) = left else {
            panic!("{all:?}")
        };
        assert!(why.contains("after the others"), "{why}");
    }
}

#[tokio::test]
async fn no_interpreter_and_hostile_ones() {
    if !possible() {
        return;
    }
    let rack = one().await;
    let ask = async |interpreter: &str| {
        let cancel = CancellationToken::new();
        rack.start(vec![tasks()], with(interpreter), &cancel).collect().await.remove(0)
    };
    let none = ask("/nowhere/python3").await;
    assert!(none.fault.unwrap().contains("neither Perl nor Python"));
    assert_eq!((none.program, none.results.len()), (None, 2));

    let folder = tempfile::tempdir().unwrap();
    let fake = |name: &str, body: &str| {
        let path = folder.path().join(name);
        let text = format!("#!/bin/sh\ncase $1 in -MConfig) exit 0 ;; esac\n{body}\n");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let flood = ask(&fake("perl-flood", "exec yes 'heard eth1 1 eth1 0u'")).await;
    assert!(flood.fault.unwrap().contains("more than"), "a flood");
    let endless =
        ask(&fake("perl-line", "while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"))
            .await;
    assert!(endless.fault.unwrap().contains("more than"), "a line without end");
    let liar = ask(&fake(
        "perl-liar",
        "echo 'hello perl 5'; echo 'heard eth1 99 eth1 0u'; echo 'heard eth2 1 eth1 0u'; echo 'port 22'
        echo 'dhcp eth2'; echo 'name a 1 1.2.3.4 -'; echo 'url http://a - 200 1 -'; echo 'clock ntpq yes'; echo done",
    ))
    .await;
    assert_eq!(liar.fault, None);
    assert!(
        matches!(&liar.results[..], [ProbeResult::NotChecked { task: TaskKind::Dhcp, .. }]),
        "what was not asked is no answer: {liar:?}"
    );
}
