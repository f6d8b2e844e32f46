//! Against a real OpenSSH server and the real script.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod losses;

use super::*;
use crate::domain::net::HostAddress;
use crate::domain::secret::Secret;
use crate::ssh::testing::Sshd;
use crate::ssh::{Credential, Hop, HostKeyCheck, Session, connect};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIB: &str = r#"mark_changed() { printf 'changed\n' >"$CPMG_ATTEMPT/outcome"; }
dry_run() { check || { echo "would $STEP $ACTION $CPMG_CHECKED"; mark_changed; }; }
trap 'echo cleaned' EXIT
"#;

/// A job's folder on the "node", its server, and a connection.
struct Node {
    sshd: Sshd,
    base: PathBuf,
    /// `PATH` for the runner: decides which shell `sh` is.
    path: String,
    session: Session,
}

async fn connected(sshd: &Sshd) -> Session {
    let hop = Hop {
        address: HostAddress::try_from(sshd.address).unwrap(),
        port: sshd.port,
        user: sshd.user.clone(),
        credentials: vec![Credential::Key { private: Secret::new(sshd.key.clone()), passphrase: None }],
        host_key: HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
    };
    connect(&hop.into()).await.unwrap()
}

impl Node {
    /// With these steps of module `m`, run by `shell`.
    async fn with(shell: &str, steps: &[(&str, &str)]) -> Self {
        let sshd = Sshd::start();
        let session = connected(&sshd).await;
        let base = sshd.folder().join("it is/cpmg");
        let bin = sshd.folder().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let found = Command::new("sh").args(["-c", "command -v \"$0\"", shell]).output().unwrap();
        let shell = String::from_utf8(found.stdout).unwrap().trim().to_owned();
        assert!(!shell.is_empty(), "the shell is installed");
        std::os::unix::fs::symlink(shell, bin.join("sh")).unwrap();
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", bin.display());
        let node = Self { sshd, base, path, session };
        let mut tar = tar::Builder::new(Vec::new());
        let mut add = |name: &str, text: &str| {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o600);
            tar.append_data(&mut header, name, text.as_bytes()).unwrap();
        };
        add("runner.sh", RUNNER_SH);
        add("lib.sh", LIB);
        add("vars/m.sh", "NODE_NAME='one'\n");
        for (name, text) in steps {
            add(&format!("steps/m/{name}.sh"), text);
        }
        NodeRunner::upload(&node.session, &node.folder(), tar.into_inner().unwrap()).await.unwrap();
        node
    }

    async fn new(steps: &[(&str, &str)]) -> Self {
        Self::with("dash", steps).await
    }

    fn folder(&self) -> String {
        NodeRunner::folder(self.base.to_str().unwrap(), "j1")
    }

    fn run_folder(&self, attempt: &Attempt) -> PathBuf {
        let key = attempt.key();
        Path::new(&self.folder()).join(format!("run/{}.{}", key.step, key.attempt))
    }

    async fn attach(&self) -> NodeRunner {
        NodeRunner::attach_with_path(&self.session, &self.folder(), &self.path).await.unwrap()
    }

    /// Over a new connection.
    async fn reattach(&self) -> NodeRunner {
        let session = connected(&self.sshd).await;
        NodeRunner::attach_with_path(&session, &self.folder(), &self.path).await.unwrap()
    }
}

fn attempt(step: &str, number: u32) -> Attempt {
    Attempt { step: format!("m/{step}").parse().unwrap(), action: StepAction::Run, number }
}

/// Follows to the end: the output, which must have no gap, and the last event.
async fn finish(mut f: Following) -> (Vec<u8>, StepEvent) {
    let mut all = Vec::new();
    let mut next = f.offset();
    loop {
        match f.next().await.unwrap() {
            StepEvent::Output { offset, bytes } => {
                assert_eq!(offset, next);
                next += bytes.len() as u64;
                all.extend(bytes);
            }
            last => return (all, last),
        }
    }
}

/// Waits for a condition on this machine's files.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    });
    assert!(waited.await.is_ok(), "never happened: {what}");
}

const ENDED: StepEvent = StepEvent::Ended { status: 0, changed: true };

#[tokio::test]
async fn every_shell_runs_steps_as_the_contract_says() {
    for shell in ["dash", "bash", "busybox"] {
        let node = Node::with(
            shell,
            &[
                (
                    "see",
                    r#"run() { mark_changed
                    echo "$NODE_NAME $STEP $ACTION $JOB_ID $(umask) $PWD"
                    echo "$CPMG_SAVED $CPMG_FILES $(env | cut -d= -f1 | sort | tr '\n' ' ')"
                    cat; echo err >&2; printf 'no newline'; }"#,
                ),
                ("same", "run() { echo nothing to do; }"),
                ("checked", "check() { true; }\nrun() { echo never; }"),
                ("fails", "run() { echo before; false; echo never; }"),
                ("leaves", "run() { exit 9; }"),
                ("unset", "run() { echo \"$NO_SUCH_VARIABLE\"; }"),
                ("both", "run() { echo ran; }\nundo() { echo undone; mark_changed; }"),
            ],
        )
        .await;
        let r = node.attach().await;
        let run = async |step: &str| {
            let (out, end) = finish(r.begin(&attempt(step, 1), 0, &[]).await.unwrap()).await;
            (String::from_utf8(out).unwrap(), end)
        };
        let (out, end) = run("see").await;
        assert_eq!(end, ENDED, "{shell}: {out}");
        let base = node.base.to_str().unwrap();
        assert!(out.contains(&format!("one m/see run j1 0022 {base}/jobs/j1/run/m.see.1")), "{shell}: {out}");
        assert!(out.contains(&format!("{base}/saved/m/see {base}/jobs/j1/files/m ")), "{shell}: {out}");
        // Nothing but the neutral environment (and what the shells themselves set).
        let names = out.lines().nth(1).unwrap().rsplit('/').next().unwrap().strip_prefix("m ").unwrap();
        for name in names.split_whitespace() {
            assert!(
                ["HOME", "LC_ALL", "OLDPWD", "PATH", "PWD", "SHLVL", "_"].contains(&name),
                "{shell}: {name}"
            );
        }
        assert!(out.ends_with("err\nno newlinecleaned\n"), "{shell}: {out}");
        let ended = |status, changed| StepEvent::Ended { status, changed };
        assert_eq!(run("same").await, ("nothing to do\ncleaned\n".into(), ended(0, false)), "{shell}");
        assert_eq!(run("checked").await, ("cleaned\n".into(), ended(0, false)), "{shell}");
        assert_eq!(run("fails").await, ("before\ncleaned\n".into(), ended(1, false)), "{shell}");
        assert_eq!(run("leaves").await, ("cleaned\n".into(), ended(9, false)), "{shell}");
        assert!(matches!(run("unset").await.1, StepEvent::Ended { status: 1.., changed: false }), "{shell}");
        assert!(
            matches!(run("missing").await.1, StepEvent::Ended { status: 1.., changed: false }),
            "{shell}"
        );
        let undo = Attempt { action: StepAction::Undo, ..attempt("both", 1) };
        assert_eq!(finish(r.begin(&undo, 0, &[]).await.unwrap()).await.0, b"undone\ncleaned\n", "{shell}");
        for (step, said, changed) in
            [("both", "would m/both check no\ncleaned\n", true), ("checked", "cleaned\n", false)]
        {
            let check = Attempt { action: StepAction::Check, ..attempt(step, 1) };
            let (out, end) = finish(r.begin(&check, 0, &[]).await.unwrap()).await;
            assert_eq!((String::from_utf8(out).unwrap().as_str(), end), (said, ended(0, changed)), "{shell}");
        }
        assert_eq!(run("both").await, ("ran\ncleaned\n".into(), ended(0, false)), "{shell}");
        r.close().await;
        assert!(r.status(&attempt("see", 1)).await.is_err());
        until("serve removes its FIFO", || {
            !std::fs::read_dir(node.folder())
                .unwrap()
                .any(|e| e.unwrap().file_name().to_str().unwrap().starts_with("serve"))
        })
        .await;
    }
}

#[tokio::test]
async fn two_starts_run_once() {
    let node = Node::new(&[("s", "run() { echo $$ >>../../runs; echo hello; mark_changed; }")]).await;
    let (a, b) = (node.attach().await, node.reattach().await);
    let at = attempt("s", 1);
    let (fa, fb) = tokio::join!(a.begin(&at, 0, &[]), b.begin(&at, 0, &[]));
    let (ra, rb) = tokio::join!(finish(fa.unwrap()), finish(fb.unwrap()));
    assert_eq!(ra, rb);
    assert_eq!(ra, (b"hello\ncleaned\n".to_vec(), ENDED));
    let again = finish(a.begin(&at, 6, &[]).await.unwrap()).await;
    assert_eq!(again, (b"cleaned\n".to_vec(), ENDED), "attached, from an offset");
    let runs = std::fs::read_to_string(Path::new(&node.folder()).join("runs")).unwrap();
    assert_eq!(runs.lines().count(), 1, "{runs}");
    assert_eq!(finish(a.begin(&attempt("s", 2), 0, &[]).await.unwrap()).await.1, ENDED);
}

/// Prints numbered lines, waits for `go` in the middle, prints the rest.
const LONG: &str = r#"run() {
    i=0; while [ $i -lt 20000 ]; do echo "line $i of the first half"; i=$((i+1)); done
    while ! [ -e ../../go ]; do sleep 0.05; done
    while [ $i -lt 40000 ]; do echo "line $i of the second half"; i=$((i+1)); done
    echo >>../../runs; mark_changed; }"#;

#[tokio::test]
async fn output_is_exact_though_connections_and_engines_die() {
    let node = Node::new(&[("long", LONG)]).await;
    let at = attempt("long", 1);
    let out = node.run_folder(&at).join("out");
    let mut got = Vec::new();
    let mut f = node.attach().await.begin(&at, 0, &[]).await.unwrap();
    while got.len() < 300_000 {
        let StepEvent::Output { offset, bytes } = f.next().await.unwrap() else { panic!("ended early") };
        assert_eq!(offset, got.len() as u64);
        got.extend(bytes);
    }
    // The server's processes die under it.
    node.sshd.cut();
    let lost = loop {
        match f.next().await {
            Ok(StepEvent::Output { bytes, .. }) => got.extend(bytes),
            Ok(other) => panic!("{other:?}"),
            Err(e) => break e,
        }
    };
    assert!(lost.is_passing(), "{lost}");
    drop(f);
    // A new engine follows from what the old one kept, and dies itself (everything is dropped).
    let r = node.reattach().await;
    assert_eq!(r.status(&at).await.unwrap(), StepState::Running);
    let mut f = r.follow(&at, got.len() as u64).await.unwrap();
    let half = std::fs::read(&out).unwrap();
    while got.len() < half.len() {
        let StepEvent::Output { bytes, .. } = f.next().await.unwrap() else { panic!("ended early") };
        got.extend(bytes);
    }
    drop((f, r));
    std::fs::write(Path::new(&node.folder()).join("go"), "").unwrap();
    // The third one begins, as if it knew nothing, and gets the rest.
    let f = node.reattach().await.begin(&at, got.len() as u64, &[]).await.unwrap();
    let (rest, end) = finish(f).await;
    assert_eq!(end, ENDED);
    got.extend(rest);
    assert!(got == std::fs::read(&out).unwrap(), "byte for byte");
    assert_eq!(String::from_utf8(got).unwrap().lines().count(), 40_001);
    let runs = std::fs::read_to_string(Path::new(&node.folder()).join("runs")).unwrap();
    assert_eq!(runs, "\n", "it ran once");
}

#[tokio::test]
async fn binary_output_of_any_size() {
    let node = Node::new(&[(
        "big",
        "run() { head -c 3000000 /dev/urandom | tee ../../copy; printf '\\ncpmg out\\n\\0'; mark_changed; trap - EXIT; }",
    )])
    .await;
    let (out, end) = finish(node.attach().await.begin(&attempt("big", 1), 0, &[]).await.unwrap()).await;
    let mut copy = std::fs::read(Path::new(&node.folder()).join("copy")).unwrap();
    copy.extend(b"\ncpmg out\n\0");
    assert!(out == copy, "{} of {}", out.len(), copy.len());
    assert_eq!(end, ENDED);
}

#[tokio::test]
async fn scratch_files_of_killed_attempts_are_removed() {
    let scratch =
        "mkdir -p \"$CPMG_ATTEMPT/tmp\"; echo x >\"$CPMG_ATTEMPT/tmp/secret\"; echo started; sleep 1005";
    let script = format!("run() {{ trap '' TERM; {scratch}; }}");
    let node = Node::new(&[("killed", &script), ("runs", &script)]).await;
    let r = node.attach().await;
    let (killed, runs) = (attempt("killed", 1), attempt("runs", 1));
    let tmp = |at| node.run_folder(at).join("tmp");
    let begin = async |at| {
        let mut f = r.begin(at, 0, &[]).await.unwrap();
        // The first words may be that it waits for the one that was killed, which is not gone at once.
        let mut said = Vec::new();
        while !String::from_utf8_lossy(&said).contains("started") {
            let StepEvent::Output { bytes, .. } = f.next().await.unwrap() else { panic!("it ended") };
            said.extend(bytes);
        }
        assert!(tmp(at).exists());
    };
    begin(&killed).await;
    assert!(r.cancel(&killed, Duration::ZERO).await.unwrap().is_over());
    assert!(tmp(&killed).exists(), "nobody could remove it");
    begin(&runs).await;
    let again = node.reattach().await;
    assert!(!tmp(&killed).exists() && tmp(&runs).exists(), "only what is not used any more goes");
    assert!(again.cancel(&runs, Duration::ZERO).await.unwrap().is_over());
}

#[tokio::test]
async fn cancel_ends_the_whole_group() {
    futures_util::future::join_all(["dash", "bash", "busybox"].map(async |shell| {
        let node = Node::with(
            shell,
            &[
                ("kind", "run() { echo started; sleep 1000 & sleep 1001; }"),
                ("stubborn", "run() { trap '' TERM; echo started; (sleep 1002); sleep 1003; sleep 1004; }"),
            ],
        )
        .await;
        let r = node.attach().await;
        for (step, grace, statuses) in [("kind", 20_000, [143, 143]), ("stubborn", 300, [137, 137])] {
            let at = attempt(step, 1);
            let mut f = r.begin(&at, 0, &[]).await.unwrap();
            assert!(matches!(f.next().await.unwrap(), StepEvent::Output { .. }), "{shell}");
            let claim = std::fs::read_to_string(node.run_folder(&at).join("claim")).unwrap();
            let group = claim.split(' ').next().unwrap().to_owned();
            let (state, end) = tokio::join!(r.cancel(&at, Duration::from_millis(grace)), finish(f));
            let StepState::Ended { status, .. } = state.unwrap() else { panic!("{shell} {step}") };
            assert!(statuses.contains(&status), "{shell} {step}: {status}");
            assert!(
                matches!(end.1, StepEvent::Ended { status, .. } if statuses.contains(&status)),
                "{shell}: {end:?}"
            );
            until("the group is empty", || group_is_empty(&group)).await;
        }
        assert_eq!(
            r.cancel(&attempt("kind", 7), Duration::ZERO).await.unwrap(),
            StepState::Absent,
            "{shell}"
        );
    }))
    .await;
}

fn group_is_empty(group: &str) -> bool {
    let all = Command::new("ps").args(["-eo", "pgid=,stat="]).output().unwrap();
    !String::from_utf8_lossy(&all.stdout).lines().any(|l| {
        let mut words = l.split_whitespace();
        words.next() == Some(group) && !words.next().unwrap_or("Z").starts_with('Z')
    })
}

#[tokio::test]
async fn secrets_reach_the_step_and_nothing_else() {
    let secret = "s3cr't \"$(touch /tmp/never)\\ 中\nline two";
    let node = Node::new(&[(
        "s",
        r#"run() { printf '%s' "$DB_PASSWORD"; ls; env | grep -c DB_PASSWORD || :; trap - EXIT; }"#,
    )])
    .await;
    let r = node.attach().await;
    let at = attempt("s", 1);
    let given = [("DB_PASSWORD".to_owned(), Secret::new(secret))];
    let (out, _) = finish(r.begin(&at, 0, &given).await.unwrap()).await;
    let out = String::from_utf8(out).unwrap();
    // Not exported; the file is gone before the step's function runs.
    let rest = out.strip_prefix(secret).unwrap_or_else(|| panic!("{out}"));
    assert!(!rest.contains("secrets"), "{rest}");
    assert!(rest.trim_end().ends_with('0'), "{rest}");
    // Attaching with the secrets again leaves no file either.
    finish(r.begin(&at, 0, &given).await.unwrap()).await;
    let left = |node: &Node| {
        let folder = node.run_folder(&at);
        std::fs::read_dir(folder)
            .unwrap()
            .any(|e| e.unwrap().file_name().to_str().unwrap().starts_with("secrets"))
    };
    assert!(!left(&node));
    // Nor does an engine that died between giving the secrets and starting the step.
    let orphan = node.run_folder(&attempt("s", 2));
    std::fs::create_dir_all(&orphan).unwrap();
    std::fs::write(orphan.join("secrets-1"), "X=1\n").unwrap();
    node.reattach().await;
    assert!(!orphan.join("secrets-1").exists());
}

#[tokio::test]
async fn secrets_are_in_no_process_table() {
    let node =
        Node::new(&[("s", "run() { echo started; while ! [ -e ../../go ]; do sleep 0.05; done; }")]).await;
    let r = node.attach().await;
    let given = [("TOKEN".to_owned(), Secret::new("needle-in-a-haystack-4711"))];
    let mut f = r.begin(&attempt("s", 1), 0, &given).await.unwrap();
    assert!(matches!(f.next().await.unwrap(), StepEvent::Output { .. }));
    let mut looked = 0;
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        if process
            .file_name()
            .to_str()
            .is_some_and(|n| n.parse::<u32>().is_ok_and(|p| p != std::process::id()))
        {
            for file in ["cmdline", "environ"] {
                let text = std::fs::read(process.path().join(file)).unwrap_or_default();
                looked += usize::from(!text.is_empty());
                assert!(
                    !String::from_utf8_lossy(&text).contains("needle-in-a-haystack"),
                    "{:?}",
                    process.path()
                );
            }
        }
    }
    assert!(looked > 3);
    std::fs::write(Path::new(&node.folder()).join("go"), "").unwrap();
    assert!(matches!(finish(f).await.1, StepEvent::Ended { status: 0, .. }));
}

#[tokio::test]
async fn torn_and_strange_commands_start_nothing() {
    let node = Node::new(&[("s", "run() { :; }")]).await;
    let nonce = "n1";
    let command = format!("env -i PATH={} sh '{}/runner.sh' serve", node.path, node.folder());
    let input = format!(
        "{nonce}\nstart m.s 1 0\nstart m.s 1 0 -\nstart m.s ../x 0 - .\nstart m.s 1 a[0] - .\nfollow m.s 1 x - .\n\
         start m.s $(id) 0 - .\n\nnonsense\nstatus m.s 1 - - .\nstart m.s 1 0 - "
    );
    let out = node.session.run(&command, input, Duration::from_secs(30)).await.unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(text.matches("n1 error").count(), 8, "{text}");
    assert!(text.ends_with("n1 state m.s 1 absent\nn1 error command not understood\n"), "{text}");
    assert!(out.status.is_success(), "{:?}", out.status);
    assert!(!node.run_folder(&attempt("s", 1)).join("claim").exists());
}

#[tokio::test]
async fn a_job_that_was_never_uploaded() {
    let node = Node::new(&[]).await;
    let Err(e) = NodeRunner::attach(&node.session, "/nowhere/jobs/j9").await else { panic!("attached") };
    assert!(matches!(&e, RunnerError::NotThere { said, .. } if said.contains("/nowhere")), "{e}");
    assert!(!e.is_passing());
}
