//! What is lost is said to be lost, and never begun again by itself: kills, reboots, full disks, removed files, half uploads.

use super::*;

#[tokio::test]
async fn a_killed_step_is_lost_and_a_reboot_is_told_apart() {
    let node = Node::new(&[("s", "run() { echo started; sleep 1000; }")]).await;
    let r = node.attach().await;
    let at = attempt("s", 1);
    assert_eq!(r.status(&at).await.unwrap(), StepState::Absent);
    let mut f = r.begin(&at, 0, &[]).await.unwrap();
    assert!(matches!(f.next().await.unwrap(), StepEvent::Output { .. }));
    assert_eq!(r.status(&at).await.unwrap(), StepState::Running);
    let claim = node.run_folder(&at).join("claim");
    let text = std::fs::read_to_string(&claim).unwrap();
    let group = format!("-{}", text.split(' ').next().unwrap());
    assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
    assert_eq!(f.next().await.unwrap(), StepEvent::Lost(Loss::Killed));
    assert_eq!(f.next().await.unwrap(), StepEvent::Lost(Loss::Killed), "the last event stays");
    // The same claim from another boot.
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words[1] = "00000000-0000-0000-0000-000000000000";
    std::fs::write(&claim, words.join(" ") + "\n").unwrap();
    assert_eq!(r.status(&at).await.unwrap(), StepState::Lost(Loss::Rebooted));
    assert_eq!(finish(r.follow(&at, 0).await.unwrap()).await.1, StepEvent::Lost(Loss::Rebooted));
    // A process number that belongs to somebody else now.
    words[1] = r.boot_id();
    let own = std::process::id().to_string();
    words[0] = &own;
    std::fs::write(&claim, words.join(" ") + "\n").unwrap();
    assert_eq!(r.status(&at).await.unwrap(), StepState::Lost(Loss::Killed));
}

#[tokio::test]
async fn what_a_system_that_goes_down_ended_has_not_failed() {
    for shell in ["dash", "bash", "busybox"] {
        let node =
            Node::with(shell, &[("fails", "run() { false; }"), ("works", "run() { mark_changed; }")]).await;
        let r = node.attach().await;
        let systemctl = node.sshd.folder().join("bin/systemctl");
        std::fs::write(&systemctl, "#!/bin/sh\n[ \"$1\" = is-system-running ] && echo stopping; exit 1\n")
            .unwrap();
        std::fs::set_permissions(&systemctl, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let end = finish(r.begin(&attempt("fails", 1), 0, &[]).await.unwrap()).await.1;
        assert_eq!(end, StepEvent::Lost(Loss::Rebooted), "{shell}");
        assert_eq!(r.status(&attempt("fails", 1)).await.unwrap(), StepState::Lost(Loss::Rebooted), "{shell}");
        let end = finish(r.begin(&attempt("works", 1), 0, &[]).await.unwrap()).await.1;
        assert_eq!(end, ENDED, "{shell}: what it did is done");
    }
}

#[tokio::test]
async fn a_disk_without_room_for_the_status_is_no_end() {
    for shell in ["dash", "bash", "busybox"] {
        let node = Node::with(
            shell,
            &[("s", "run() { echo before; ln -s /dev/full \"$CPMG_ATTEMPT/rc\"; mark_changed; }")],
        )
        .await;
        let r = node.attach().await;
        let (out, end) = finish(r.begin(&attempt("s", 1), 0, &[]).await.unwrap()).await;
        assert_eq!(end, StepEvent::Lost(Loss::Full), "{shell}");
        assert_eq!(out, b"before\ncleaned\n", "{shell}");
    }
}

#[tokio::test]
async fn removed_files_lose_the_step_and_do_not_run_it_again() {
    let runs = tempfile::tempdir().unwrap();
    let script = format!("run() {{ echo run >>{}/runs; echo started; sleep 1000; }}", runs.path().display());
    let node = Node::new(&[("s", &script)]).await;
    let r = node.attach().await;
    let at = attempt("s", 1);
    let mut f = r.begin(&at, 0, &[]).await.unwrap();
    assert!(matches!(f.next().await.unwrap(), StepEvent::Output { .. }));
    let claim = std::fs::read_to_string(node.run_folder(&at).join("claim")).unwrap();
    std::fs::remove_dir_all(node.run_folder(&at)).unwrap();
    assert_eq!(f.next().await.unwrap(), StepEvent::Lost(Loss::Removed));
    let again = finish(r.begin(&at, f.offset(), &[]).await.unwrap()).await;
    assert_eq!(again.1, StepEvent::Lost(Loss::Removed));
    assert_eq!(std::fs::read_to_string(runs.path().join("runs")).unwrap(), "run\n");
    let group = format!("-{}", claim.split(' ').next().unwrap());
    assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
}

#[tokio::test]
async fn a_step_that_was_given_up_is_waited_for() {
    let node = Node::new(&[(
        "s",
        "run() { echo begun >>../../order; while [ ! -e ../../go ]; do sleep 0.05; done; echo ended >>../../order; }",
    )])
    .await;
    let r = node.attach().await;
    let mut first = r.begin(&attempt("s", 1), 0, &[]).await.unwrap();
    let order = Path::new(&node.folder()).join("order");
    until("the first attempt runs", || order.exists()).await;
    let second = r.begin(&attempt("s", 2), 0, &[]).await.unwrap();
    let out = node.run_folder(&attempt("s", 2)).join("out");
    until("the second waits", || {
        std::fs::read_to_string(&out).is_ok_and(|o| o.contains("waiting: another step"))
    })
    .await;
    std::fs::write(Path::new(&node.folder()).join("go"), "").unwrap();
    assert!(matches!(finish(second).await.1, StepEvent::Ended { status: 0, .. }));
    assert!(matches!(
        first.next().await.unwrap(),
        StepEvent::Output { .. } | StepEvent::Ended { status: 0, .. }
    ));
    assert_eq!(std::fs::read_to_string(&order).unwrap(), "begun\nended\nbegun\nended\n");
}

#[tokio::test]
async fn half_an_upload_is_none() {
    let node = Node::new(&[("s", "run() { echo ran; }")]).await;
    let folder = node.folder();
    // Torn in the middle of the archive.
    let other = format!("{folder}-2");
    let torn = NodeRunner::upload(&node.session, &other, vec![b'x'; 700]).await;
    assert!(torn.is_err() && !Path::new(&other).exists(), "{torn:?}");
    // A second one leaves what is there.
    let at = Path::new(&folder).join("lib.sh");
    std::fs::write(&at, LIB.replace("cleaned", "mine")).unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    tar.append_data(&mut header, "lib.sh", std::io::empty()).unwrap();
    NodeRunner::upload(&node.session, &folder, tar.into_inner().unwrap()).await.unwrap();
    let (out, _) = finish(node.attach().await.begin(&attempt("s", 1), 0, &[]).await.unwrap()).await;
    assert_eq!(out, b"ran\nmine\n");
}
