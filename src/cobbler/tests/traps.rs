//! One test for each way in which Cobbler says something other than what happened.

use super::fake::{Fake, s};
use super::server::Reply;
use crate::cobbler::{
    Cobbler, CobblerError, FaultKind, Login, Mac, PowerSettings, PowerState, Registered, Registration,
    Timeouts, Values,
};
use crate::domain::secret::Secret;
use dxr::Value;
use std::time::Duration;

fn node(name: &str, mac: &str, address: &str) -> Registration {
    Registration {
        name: name.into(),
        hostname: String::new(),
        profile: "fresh".into(),
        interface: "eth0".into(),
        mac: mac.parse().unwrap(),
        address: address.parse().unwrap(),
        netmask: "255.255.255.0".into(),
        gateway: String::new(),
        power: Some(PowerSettings {
            kind: "lab".into(),
            address: "10.9.0.3".into(),
            user: "admin".into(),
            password: Secret::new("b0x-pw"),
            id: "3".into(),
            identity_file: String::new(),
        }),
    }
}

fn short() -> Timeouts {
    let long = Duration::from_secs(20);
    Timeouts { call: long, power: Duration::from_millis(300), task: long, pause: Duration::from_millis(1) }
}

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[tokio::test]
async fn an_expired_token_is_replaced_once_and_never_shown() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    fake.state.lock().unwrap().tokens.clear();
    cobbler.disarm("ctl1").await.unwrap();
    assert_eq!(fake.state.lock().unwrap().logins, 2);
    // Tokens that are never good: an end, not a loop.
    fake.rule(|state, method, _| {
        if method == "login" {
            return None;
        }
        state.tokens.clear();
        None
    });
    let error = cobbler.disarm("ctl1").await.unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::InvalidToken));
    assert!(!format!("{error} {error:?} {cobbler:?}").contains("t0ken"), "{error:?}");
    assert!(fake.state.lock().unwrap().logins <= 4);
}

#[tokio::test]
async fn false_is_no_success() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    let handle = cobbler.handle("ctl1").await.unwrap();
    let error = cobbler.modify(&handle, "nosuchattr", s("x")).await.unwrap_err();
    assert!(matches!(error, CobblerError::Ignored { .. }), "{error:?}");

    // The second of two attributes is ignored: the first is taken back, and nothing of it is stored.
    fake.rule(|_, method, params| {
        let profile = method == "modify_system" && params[1] == s("profile") && params[2] == s("fresh");
        profile.then_some(Reply::Value(Value::Boolean(false)))
    });
    let error = cobbler
        .change("ctl1", &values(&[("netboot_enabled", "true"), ("profile", "fresh")]))
        .await
        .unwrap_err();
    assert!(matches!(error, CobblerError::Ignored { .. }), "{error:?}");
    assert_eq!(fake.both("ctl1", "netboot_enabled"), (Value::Boolean(false), Value::Boolean(false)));
    assert_eq!(fake.both("ctl1", "profile"), (s("old"), s("old")));
}

#[tokio::test]
async fn a_fault_in_the_middle_leaves_everything_as_it_was() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    let error = cobbler
        .change("ctl1", &values(&[("netboot_enabled", "true"), ("profile", "gone")]))
        .await
        .unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::NoProfile));
    assert_eq!(fake.both("ctl1", "netboot_enabled"), (Value::Boolean(false), Value::Boolean(false)));
    // A value that Cobbler would take for something else is not sent.
    let error = cobbler.change("ctl1", &values(&[("netboot_enabled", "maybe")])).await.unwrap_err();
    assert!(matches!(error, CobblerError::BadValue { .. }));
    let error = cobbler.change("ctl9", &values(&[("netboot_enabled", "true")])).await.unwrap_err();
    assert_eq!(error, CobblerError::NoSystem { name: "ctl9".into() });
}

#[tokio::test]
async fn a_disk_that_cannot_store_is_a_fault_and_the_live_object_is_put_back() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    fake.rule(|_, method, _| {
        (method == "save_system").then(|| {
            Reply::Fault(
                "<class 'FileNotFoundError'>:[Errno 2] No such file or directory: 'ctl1.json'".into(),
            )
        })
    });
    let error = cobbler.disarm("ctl1").await.unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::Disk));
    let error = cobbler.change("ctl1", &values(&[("netboot_enabled", "true")])).await.unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::Disk));
    assert_eq!(fake.both("ctl1", "netboot_enabled"), (Value::Boolean(false), Value::Boolean(false)));
    // A new system that could not be stored does not stay in sight.
    fake.heal();
    fake.rule(|state, method, params| {
        if method != "save_system" {
            return None;
        }
        let Value::String(handle) = &params[0] else { panic!("a handle") };
        if let Some(record) = state.new.remove(handle) {
            state.live.insert("ctl3".into(), record);
        }
        Some(Reply::Fault("<class 'FileNotFoundError'>:[Errno 2] No such file or directory: 'x.json'".into()))
    });
    let error = cobbler.register(&node("ctl3", "52:54:00:aa:00:03", "10.0.0.3")).await.unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::Disk));
    assert_eq!(cobbler.system("ctl3").await.unwrap(), None);
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_said() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    fake.rule(|_, method, params| {
        let back = method == "modify_system" && params[2] == Value::Boolean(false);
        let wrong = method == "modify_system" && params[1] == s("profile");
        (back || wrong).then(|| Reply::Fault("<class 'RuntimeError'>:password=s3cr3t".into()))
    });
    let error = cobbler
        .change("ctl1", &values(&[("netboot_enabled", "true"), ("profile", "fresh")]))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, CobblerError::HalfWritten { attributes, .. } if attributes.contains("netboot_enabled"))
    );
    assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
}

#[tokio::test]
async fn a_restart_between_a_change_and_its_saving_is_noticed() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    let mut restarted = false;
    fake.rule(move |state, method, _| {
        if method == "save_system" && !restarted {
            restarted = true;
            state.restart();
        }
        None
    });
    cobbler.change("ctl1", &values(&[("netboot_enabled", "true")])).await.unwrap();
    assert_eq!(fake.both("ctl1", "netboot_enabled"), (Value::Boolean(true), Value::Boolean(true)));
}

#[tokio::test]
async fn nodes_are_registered_once_and_never_over_another_s_addresses() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    let ctl3 = node("ctl3", "52:54:00:AA:00:03", "10.0.0.3");
    assert_eq!(cobbler.register(&ctl3).await.unwrap(), Registered::New);
    assert_eq!(cobbler.register(&ctl3).await.unwrap(), Registered::Already);
    assert_eq!(fake.state.lock().unwrap().count("save_system", "new"), 1);
    assert_eq!(
        fake.both("ctl3", "netboot_enabled").1,
        Value::Boolean(false),
        "not wiped by being registered"
    );
    assert!(!format!("{ctl3:?}").contains("b0x-pw"));

    let taken = |e: CobblerError, by: &str| {
        assert!(matches!(&e, CobblerError::Taken { system, .. } if system == by), "{e:?}");
    };
    taken(cobbler.register(&node("new", "52:54:00:AA:00:01", "10.0.0.9")).await.unwrap_err(), "ctl1");
    taken(cobbler.register(&node("new", "52:54:00:aa:00:09", "10.0.0.2")).await.unwrap_err(), "ctl2");
    let other = cobbler.register(&node("ctl1", "52:54:00:aa:00:09", "10.0.0.9")).await.unwrap_err();
    assert!(matches!(other, CobblerError::OtherMachine { .. }), "{other:?}");
    let mut lost = node("new", "52:54:00:aa:00:09", "10.0.0.9");
    lost.profile = "gone".into();
    assert_eq!(cobbler.register(&lost).await.unwrap_err(), CobblerError::NoProfile { name: "gone".into() });

    // A duplicate that appears in between is a fault at the interface; saving would store a system without one.
    fake.rule(|_, method, params| {
        (method == "modify_system" && params[1] == s("modify_interface")).then(|| {
            Reply::Fault("<class 'ValueError'>:MAC address duplicate found \"52:54:00:aa:00:09\". Object with the conflict has the name \"ctl2\"".into())
        })
    });
    let before = fake.state.lock().unwrap().count("save_system", "");
    taken(cobbler.register(&node("new", "52:54:00:aa:00:09", "10.0.0.9")).await.unwrap_err(), "ctl2");
    assert_eq!(fake.state.lock().unwrap().count("save_system", ""), before, "stopped at the first fault");
}

#[tokio::test]
async fn an_unclear_saving_of_a_new_system_is_looked_at() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    fake.rule(|state, method, params| {
        if method != "save_system" {
            return None;
        }
        let Value::String(handle) = &params[0] else { panic!("a handle") };
        let record = state.new.remove(handle).unwrap();
        state.live.insert("ctl3".into(), record.clone());
        state.disk.insert("ctl3".into(), record);
        Some(Reply::Close)
    });
    assert_eq!(
        cobbler.register(&node("ctl3", "52:54:00:aa:00:03", "10.0.0.3")).await.unwrap(),
        Registered::New
    );
}

#[tokio::test]
async fn power_is_off_status_on_and_never_reboot_nor_in_the_background() {
    let fake = Fake::start().await;
    let cobbler = fake.client().await;
    cobbler.power("ctl1", PowerState::Off).await.unwrap();
    assert_eq!(cobbler.power_status("ctl1").await.unwrap(), PowerState::Off);
    cobbler.power("ctl1", PowerState::On).await.unwrap();
    cobbler.power("ctl1", PowerState::On).await.unwrap();
    let state = fake.state.lock().unwrap();
    assert_eq!(
        (state.count("power_system", "off"), state.count("power_system", "on")),
        (1, 1),
        "repeating does nothing"
    );
    assert!(!state.calls.iter().any(|(m, p)| m.starts_with("background_power") || p.contains(&s("reboot"))));
}

#[tokio::test]
async fn a_power_agent_that_fails_hangs_or_lies() {
    let fake = Fake::start().await;
    let cobbler = fake.client_with(short()).await;
    let failed = "<class 'cobbler.cexceptions.CX'>:'command failed (rc=1), please validate the physical setup and cobbler config'";
    fake.rule(move |_, method, params| {
        (method == "power_system" && params[1] != s("status")).then(|| Reply::Fault(failed.into()))
    });
    assert_eq!(
        cobbler.power("ctl1", PowerState::Off).await.unwrap_err().fault(),
        Some(&FaultKind::PowerFailed)
    );

    fake.heal();
    fake.rule(|_, method, params| {
        (method == "power_system" && params[1] != s("status")).then_some(Reply::Hang)
    });
    let error = cobbler.power("ctl1", PowerState::Off).await.unwrap_err();
    assert!(
        matches!(error, CobblerError::Unclear { method: "power_system", .. }) && error.passes(),
        "{error:?}"
    );

    // It was switched, but the answer got lost: the state decides.
    fake.heal();
    fake.rule(|state, method, params| {
        (method == "power_system" && params[1] == s("off")).then(|| {
            state.on = false;
            Reply::Close
        })
    });
    cobbler.power("ctl1", PowerState::Off).await.unwrap();

    // Cobbler says yes, the machine stays off.
    fake.heal();
    fake.rule(|_, method, params| {
        (method == "power_system" && params[1] == s("on")).then_some(Reply::Value(Value::Boolean(true)))
    });
    let error = cobbler.power("ctl1", PowerState::On).await.unwrap_err();
    assert!(matches!(error, CobblerError::Power { wanted: "on", found: "off", .. }), "{error:?}");

    fake.heal();
    fake.rule(|_, method, _| {
        (method == "power_system")
            .then(|| Reply::Fault("<class 'cobbler.cexceptions.CX'>:'no power type set for system'".into()))
    });
    assert!(matches!(cobbler.power_status("ctl1").await, Err(CobblerError::WithoutPower { .. })));
}

#[tokio::test]
async fn other_calls_are_answered_while_a_power_agent_hangs() {
    let fake = Fake::start().await;
    let cobbler = std::sync::Arc::new(fake.client_with(short()).await);
    fake.rule(|_, method, _| (method == "power_system").then_some(Reply::Hang));
    let switching = tokio::spawn({
        let cobbler = std::sync::Arc::clone(&cobbler);
        async move { cobbler.power_status("ctl1").await }
    });
    assert!(cobbler.system("ctl2").await.unwrap().is_some());
    cobbler.disarm("ctl2").await.unwrap();
    assert!(matches!(switching.await.unwrap(), Err(CobblerError::Unclear { .. })));
}

#[tokio::test]
async fn a_server_that_is_away_and_one_that_is_none() {
    let login = |url: &str| Login {
        url: url.into(),
        user: "c".into(),
        password: Secret::new("l0gin-pw"),
        authority: None,
    };
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let error = Cobbler::connect(login(&url), Timeouts::default()).await.unwrap_err();
    assert!(matches!(error, CobblerError::Unreachable { .. }) && error.passes(), "{error:?}");
    // HTTPS to a server that speaks HTTP.
    let fake = Fake::start().await;
    let error =
        Cobbler::connect(login(&fake.url.replace("http:", "https:")), Timeouts::default()).await.unwrap_err();
    assert!(matches!(error, CobblerError::Unreachable { .. }), "{error:?}");
    for (reply, passes) in [(Reply::Status(503), true), (Reply::Status(404), false)] {
        let mut reply = Some(reply);
        fake.heal();
        fake.rule(move |_, _, _| reply.take());
        let error = Cobbler::connect(login(&fake.url), Timeouts::default()).await.unwrap_err();
        assert!(matches!(error, CobblerError::NotCobbler { .. }) && error.passes() == passes, "{error:?}");
    }
    fake.heal();
    fake.rule(|_, _, _| Some(Reply::Raw { date: String::new(), body: "<html>l0gin-pw</html>".into() }));
    let error = Cobbler::connect(login(&fake.url), Timeouts::default()).await.unwrap_err();
    assert!(
        matches!(error, CobblerError::NotCobbler { .. }) && !error.to_string().contains("l0gin"),
        "{error:?}"
    );
}

#[test]
fn mac_addresses_compare_in_one_form() {
    assert_eq!("52:54:00:AA:00:01".parse::<Mac>().unwrap(), "52-54-00-aa-00-01".parse().unwrap());
}
