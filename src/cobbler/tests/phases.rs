//! A reinstallation from inspection to disarming, and back.

use super::fake::{Fake, s};
use super::server::{CLOCK, Reply};
use crate::cobbler::{CobblerError, PowerState, Progress, Target, Values};
use dxr::Value;

fn target(system: Option<&str>, profile: Option<&str>) -> Target {
    Target {
        system: system.map(str::to_owned),
        macs: vec!["52:54:00:aa:00:01".parse().unwrap()],
        address: Some("10.0.0.1".parse().unwrap()),
        profile: profile.map(str::to_owned),
    }
}

fn entry(start: f64, stop: f64, name: &str, word: &str) -> Value {
    let seen = Value::Integer(1);
    Value::Array(vec![Value::Double(start), Value::Double(stop), s(name), seen.clone(), seen, s(word)])
}

#[tokio::test]
async fn from_inspection_to_disarming() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    let seen = cobbler.inspect(&target(None, Some("fresh"))).await.unwrap();
    assert_eq!(
        (seen.system.name.as_str(), seen.profile.as_str(), seen.power),
        ("ctl1", "fresh", PowerState::On)
    );
    assert_eq!(seen.distro.unwrap().os_version, "bullseye");
    let arming = cobbler.arm("ctl1", Some("fresh")).await.unwrap();
    assert_eq!(
        arming.was,
        Values::from([("netboot_enabled".into(), "false".into()), ("profile".into(), "old".into())])
    );
    assert_eq!(
        fake.state.lock().unwrap().count("save_system", ""),
        0,
        "nothing is changed before it is journalled"
    );
    cobbler.write(&arming).await.unwrap();
    cobbler.write(&arming).await.unwrap();
    assert_eq!(fake.both("ctl1", "netboot_enabled"), (Value::Boolean(true), Value::Boolean(true)));
    assert_eq!(fake.both("ctl1", "profile"), (s("fresh"), s("fresh")));

    let since = cobbler.clock().await.unwrap();
    assert_eq!(since, CLOCK);
    cobbler.power("ctl1", PowerState::Off).await.unwrap();
    cobbler.power("ctl1", PowerState::On).await.unwrap();
    #[allow(clippy::cast_precision_loss, reason = "a date")]
    let now = since as f64;
    let old = entry(now - 5000.0, now - 4000.0, "system:ctl1", "finished");
    fake.state.lock().unwrap().status = [("10.0.0.1".to_owned(), old)].into();
    assert_eq!(cobbler.progress("ctl1", since).await.unwrap(), Progress::Silent);
    // Behind an address translation the installer has another address.
    fake.state
        .lock()
        .unwrap()
        .status
        .insert("192.0.2.7".into(), entry(now + 9.0, -1.0, "system:ctl1", "installing (1m 2s)"));
    assert_eq!(cobbler.progress("ctl1", since).await.unwrap(), Progress::Installing(since + 9));
    fake.state
        .lock()
        .unwrap()
        .status
        .insert("192.0.2.7".into(), entry(now + 9.0, now + 300.0, "system:ctl1", "finished"));
    assert_eq!(cobbler.progress("ctl1", since).await.unwrap(), Progress::Finished);
    cobbler.disarm("ctl1").await.unwrap();
    assert_eq!(fake.both("ctl1", "netboot_enabled"), (Value::Boolean(false), Value::Boolean(false)));
    // What was journalled brings back the rest.
    cobbler.restore("ctl1", &arming.was).await.unwrap();
    assert_eq!(fake.both("ctl1", "profile"), (s("old"), s("old")));
}

#[tokio::test]
async fn only_what_is_ours_is_written_back() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    let was = Values::from([
        ("netboot_enabled".to_owned(), "true".to_owned()),
        ("power_pass".to_owned(), "evil".to_owned()),
        ("profile".to_owned(), String::new()),
    ]);
    cobbler.restore("ctl1", &was).await.unwrap();
    assert_eq!(fake.both("ctl1", "power_pass").1, s("s3cr3t-pw"));
    assert_eq!(fake.both("ctl1", "netboot_enabled").1, Value::Boolean(true));
    cobbler.restore("ctl1", &Values::new()).await.unwrap();
}

#[tokio::test]
async fn the_wrong_machine_is_refused_before_anything_is_changed() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    let error = cobbler.inspect(&target(Some("ctl2"), None)).await.unwrap_err();
    assert!(matches!(error, CobblerError::OtherMachine { .. }), "{error:?}");
    let error = cobbler.inspect(&target(Some("gone"), None)).await.unwrap_err();
    assert_eq!(error, CobblerError::NoSystem { name: "gone".into() });
    let error = cobbler.inspect(&target(None, Some("gone"))).await.unwrap_err();
    assert_eq!(error, CobblerError::NoProfile { name: "gone".into() });
    let mut other = target(None, None);
    other.address = Some("10.0.0.2".parse().unwrap());
    let error = cobbler.inspect(&other).await.unwrap_err();
    assert!(matches!(&error, CobblerError::Taken { system, .. } if system == "ctl2"), "{error:?}");
    // Neither a MAC address nor an address that Cobbler knows.
    let stranger = Target { macs: vec!["52:54:00:ff:ff:ff".parse().unwrap()], ..target(None, None) };
    assert_eq!(
        cobbler.inspect(&stranger).await.unwrap_err().to_string(),
        CobblerError::OtherMachine { name: "ctl1".into(), what: "52:54:00:ff:ff:ff".into() }.to_string()
    );
    fake.state.lock().unwrap().live.get_mut("ctl1").unwrap().insert("profile".into(), s("<<inherit>>"));
    let error = cobbler.inspect(&target(None, None)).await.unwrap_err();
    assert_eq!(error, CobblerError::WithoutProfile { name: "ctl1".into() });
    // A power agent that does not work is found now, not when the machine has to come up again.
    fake.rule(|_, method, _| {
        (method == "power_system")
            .then(|| Reply::Fault("<class 'cobbler.cexceptions.CX'>:'command failed (rc=1)'".into()))
    });
    assert!(cobbler.inspect(&target(None, Some("fresh"))).await.is_err());
    assert_eq!(fake.state.lock().unwrap().count("modify_system", ""), 0);
}

#[tokio::test]
async fn a_task_counts_by_its_log() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    fake.state.lock().unwrap().task.1 =
        "[x] 12:00 - WARNING | missing bootloader\n[x] 12:00 - INFO | ### TASK COMPLETE ###\n".into();
    assert_eq!(cobbler.sync().await.unwrap().warnings, ["WARNING | missing bootloader"]);
    assert!(fake.state.lock().unwrap().count("get_task_status", "") >= 2, "'notification' is no end");
    for (state, log) in [
        ("complete", "[x] 12:00 - ERROR | dhcpd does not start: password=s3cr3t\n"),
        ("failed", "[x] 12:00 - INFO | ### TASK FAILED ###\n"),
    ] {
        fake.state.lock().unwrap().task = (state.into(), log.into());
        let error = cobbler.sync().await.unwrap_err();
        assert!(
            matches!(error, CobblerError::Task { .. }) && !error.to_string().contains("s3cr3t"),
            "{error:?}"
        );
    }
}
