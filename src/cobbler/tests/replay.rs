//! Recorded exchanges of 3.3.10 and 4.0.0b7, answered to the same questions.

use super::server::{CLOCK, Reply, serve};
use crate::cobbler::{
    Cobbler, CobblerError, Dialect, FaultKind, Login, PowerState, Progress, Timeouts, redact,
};
use crate::domain::secret::Secret;
use dxr::{MethodCall, Value};

struct Exchange {
    call: (String, Vec<Value>),
    date: String,
    body: String,
}

/// Recordings of a version, whose names begin with one of these.
fn recordings(version: &str, names: &[&str]) -> Vec<Exchange> {
    let folder = format!("{}/fixtures/cobbler/{version}", env!("CARGO_MANIFEST_DIR"));
    let read = |name: &&str| {
        let text = std::fs::read_to_string(format!("{folder}/{name}.http")).unwrap();
        let (request, response) = text.split_once("----- response -----").unwrap();
        let xml = |s: &str| s.get(s.find("<?xml").unwrap()..).unwrap().trim().to_owned();
        let call = MethodCall::from_xml(&xml(request)).unwrap();
        let date = response.lines().find_map(|l| l.strip_prefix("Date: ")).unwrap().to_owned();
        Exchange { call: (call.name.to_string(), plain(&call.params)), date, body: xml(response) }
    };
    names.iter().map(read).collect()
}

/// Parameters without tokens, which differ each time, and without what only the recorder sent.
fn plain(params: &[Value]) -> Vec<Value> {
    let token = |v: &Value| matches!(v, Value::String(s) if s.len() == 36 && s.ends_with('='));
    params.iter().filter(|v| !token(v)).cloned().collect()
}

async fn client(version: &str, names: &[&str], password: &str) -> Result<Cobbler, CobblerError> {
    let recorded = recordings(version, names);
    let url = serve(move |method, params| {
        let wanted = (method.to_owned(), plain(params));
        match recorded
            .iter()
            .find(|e| e.call == wanted)
            .or_else(|| recorded.iter().find(|e| method == "version" && e.call.0 == "extended_version"))
        {
            Some(e) => Reply::Raw { date: e.date.clone(), body: e.body.clone() },
            None => Reply::Fault(format!("<class 'x'>:not recorded: {wanted:?}")),
        }
    })
    .await;
    let login = Login { url, user: "cobbler".into(), password: Secret::new(password), authority: None };
    Cobbler::connect(login, Timeouts::default()).await
}

const HELLO: [&str; 2] = ["03-extended_version", "05-login"];

#[tokio::test]
async fn version_login_and_clock() {
    let cobbler = client("3.3.10", &HELLO, "cobbler").await.unwrap();
    assert_eq!((cobbler.version().to_string().as_str(), cobbler.dialect()), ("3.3.10", Dialect::V33));
    assert_eq!(cobbler.clock().await.unwrap(), 1_795_215_903);
}

#[tokio::test]
async fn a_wrong_password_is_said_in_words() {
    let refused = recordings("3.3.10", &["04-login"]);
    let Value::String(password) = &refused[0].call.1[1] else { panic!("a password") };
    let error = client("3.3.10", &["03-extended_version", "04-login"], password).await.unwrap_err();
    assert_eq!(error, CobblerError::LoginRefused { user: "cobbler".into() });
    assert!(!format!("{error:?} {error}").contains(password.as_str()));
}

#[tokio::test]
async fn systems_are_read_without_their_secrets() {
    let names = [
        "03-extended_version",
        "05-login",
        "33-get_systems",
        "34-get_system",
        "17-get_system",
        "18-get_system_handle",
    ];
    let cobbler = client("3.3.10", &names, "cobbler").await.unwrap();
    let systems = cobbler.systems().await.unwrap();
    assert_eq!(systems.len(), 1);
    let ctl1 = cobbler.system("ctl1").await.unwrap().unwrap();
    assert_eq!(
        (ctl1.name.as_str(), ctl1.profile.as_str(), ctl1.netboot),
        ("ctl1", "openstack-controller", Some(true))
    );
    assert!(
        ctl1.has_mac(&"52:54:00:AA:00:01".parse().unwrap())
            && ctl1.has_address("127.10.0.11".parse().unwrap())
    );
    assert_eq!((ctl1.power.kind.as_str(), ctl1.power.has_password), ("lab", true));
    assert!(!format!("{ctl1:?}{}", serde_json::to_string(&ctl1).unwrap()).contains("s3cr3t"));
    // Nothing is a text, and no fault.
    assert_eq!(cobbler.system("nope").await.unwrap(), None);
    assert_eq!(cobbler.handle("nope").await.unwrap_err(), CobblerError::NoSystem { name: "nope".into() });
}

#[tokio::test]
async fn distros_and_what_the_server_can_install() {
    let names = [
        "03-extended_version",
        "05-login",
        "24-get_distros",
        "b4-get_valid_os_versions_for_breed",
        "b5-get_valid_os_versions_for_breed",
    ];
    let cobbler = client("3.3.10", &names, "cobbler").await.unwrap();
    let distros = cobbler.distros().await.unwrap();
    assert_eq!((distros[0].breed.as_str(), distros[0].os_version.as_str()), ("debian", "bullseye"));
    assert!(cobbler.os_versions("ubuntu").await.unwrap().contains(&"focal".to_owned()));
    assert!(
        !cobbler.os_versions("debian").await.unwrap().contains(&"bookworm".to_owned()),
        "it depends on the server"
    );
}

#[tokio::test]
async fn owners_of_addresses_are_found_in_any_case() {
    let names =
        ["03-extended_version", "05-login", "36-0-find_system", "36-1-find_system", "36-2-find_system"];
    let cobbler = client("3.3.10", &names, "cobbler").await.unwrap();
    let owners = cobbler.owners_of_mac(&"52:54:00:AA:00:01".parse().unwrap()).await.unwrap();
    assert_eq!(owners.into_iter().collect::<Vec<_>>(), ["ctl1"]);
    let owners = cobbler.owners_of_address("127.10.0.11".parse().unwrap()).await.unwrap();
    assert_eq!(owners.into_iter().collect::<Vec<_>>(), ["ctl1"]);
}

#[tokio::test]
async fn the_power_agent_is_asked() {
    for (recorded, state) in [("61-power_system", PowerState::Off), ("63-power_system", PowerState::On)] {
        let names = ["03-extended_version", "05-login", "35-get_system_handle", recorded];
        let cobbler = client("3.3.10", &names, "cobbler").await.unwrap();
        assert_eq!(cobbler.power_status("ctl1").await.unwrap(), state);
    }
}

#[tokio::test]
async fn only_installations_since_the_power_cycle_count() {
    let names = ["03-extended_version", "05-login", "a2-installing-get_status"];
    let cobbler = client("3.3.10", &names, "cobbler").await.unwrap();
    assert_eq!(cobbler.progress("ctl1", CLOCK).await.unwrap(), Progress::Installing(CLOCK));
    assert_eq!(cobbler.progress("ctl1", CLOCK + 1).await.unwrap(), Progress::Silent, "an old one");
    assert_eq!(cobbler.progress("ctl", 0).await.unwrap(), Progress::Silent, "another's");

    let names = ["03-extended_version", "05-login", "a6-stalled-get_status"];
    let cobbler = client("3.3.10", &names, "cobbler").await.unwrap();
    // Began and ended within one second: Cobbler says "installing" for ever.
    assert_eq!(cobbler.progress("ctl1", CLOCK + 2).await.unwrap(), Progress::Finished);
    assert_eq!(cobbler.progress("old1", 0).await.unwrap(), Progress::Stalled);

    let names = ["03-extended_version", "05-login", "a6-broken-line-get_status"];
    let cobbler = client("3.3.10", &names, "cobbler").await.unwrap();
    let error = cobbler.progress("ctl1", CLOCK).await.unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::StatusUnreadable));
    assert!(Cobbler::log_unreadable(&error));
}

#[test]
fn logs_of_tasks_lose_passwords_and_power_options() {
    for name in ["68-get_event_log", "74-get_event_log"] {
        let recorded = recordings("3.3.10", &[name]);
        assert!(recorded[0].body.contains("password=s3cr3t-pw"), "{name}");
        let clean = redact::text(&recorded[0].body);
        for secret in ["s3cr3t", "fail=1"] {
            assert!(!clean.contains(secret), "{secret} in {clean}");
        }
        assert!(clean.contains("plug=ctl1") && clean.contains("running: /sbin/fence_lab"));
    }
}

#[tokio::test]
async fn version_4_is_read_and_not_written() {
    let names = ["02-extended_version", "03-login", "04-login", "21-get_systems"];
    let mut recorded = recordings("4.0.0b7", &names);
    let interfaces = recordings("4.0.0b7", &["19d-find_network_interface"]).remove(0);
    recorded.push(Exchange { call: ("get_network_interfaces".into(), Vec::new()), ..interfaces });
    let url = serve(move |method, params| {
        let e = recorded.iter().find(|e| e.call == (method.to_owned(), plain(params)));
        match (method, e) {
            (_, Some(e)) => Reply::Raw { date: e.date.clone(), body: e.body.clone() },
            // Not recorded; the uid is that of the recorded system's profile.
            ("get_profiles", None) => Reply::Value(Value::Array(vec![Value::Struct(
                [
                    ("uid".to_owned(), Value::String("bd07922835514980b361ca334798f6ce".into())),
                    ("name".to_owned(), Value::String("openstack".into())),
                ]
                .into(),
            )])),
            _ => Reply::Fault(format!("<class 'x'>:{method}")),
        }
    })
    .await;
    let login = Login { url, user: "cobbler".into(), password: Secret::new("cobbler"), authority: None };
    let cobbler = Cobbler::connect(login, Timeouts::default()).await.unwrap();
    assert_eq!(cobbler.dialect(), Dialect::V4);
    let system = cobbler.system("ctl1").await.unwrap().unwrap();
    assert_eq!((system.profile.as_str(), system.power.kind.as_str()), ("openstack", "lab"));
    assert!(system.has_mac(&"52:54:00:aa:00:01".parse().unwrap()));
    assert_eq!(cobbler.locate(&["52:54:00:aa:00:01".parse().unwrap()], None).await.unwrap(), "ctl1");
    let refused = cobbler.disarm("ctl1").await.unwrap_err();
    assert!(
        matches!(refused, CobblerError::ReadOnly { .. }) && refused.to_string().contains("4.0.0"),
        "{refused}"
    );
    assert!(matches!(cobbler.power("ctl1", PowerState::Off).await, Err(CobblerError::ReadOnly { .. })));
    assert!(matches!(cobbler.sync().await, Err(CobblerError::ReadOnly { .. })));
}
