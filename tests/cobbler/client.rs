//! The client against a real cobblerd: what the recordings cannot show, because it takes a server that does something.

use crate::site::Site;
use cpmg::cobbler::{
    Cobbler, CobblerError, FaultKind, Login, PowerSettings, PowerState, Progress, Registered, Registration,
    Target, Timeouts,
};
use cpmg::domain::secret::Secret;
use std::time::Duration;

const SECRET: &str = "b0x-s3cret";

fn login(site: &Site) -> Login {
    Login { url: site.url.clone(), user: "cobbler".into(), password: Secret::new("cobbler"), authority: None }
}

fn timeouts() -> Timeouts {
    Timeouts { pause: Duration::from_millis(200), ..Timeouts::default() }
}

fn registration(site: &Site, name: &str) -> Registration {
    let (mac, address) = site.machine(name);
    Registration {
        name: name.into(),
        hostname: String::new(),
        profile: "plain".into(),
        interface: "host0".into(),
        mac: mac.to_uppercase().parse().unwrap(),
        address: address.parse().unwrap(),
        netmask: "255.255.255.0".into(),
        gateway: String::new(),
        power: Some(PowerSettings {
            kind: "lab".into(),
            address: "rack".into(),
            user: "admin".into(),
            password: Secret::new(SECRET),
            id: name.into(),
            identity_file: String::new(),
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root and the lab"]
async fn browsing_registering_and_every_trap() {
    let site = tokio::task::block_in_place(|| Site::up("cobbler-client", &["node1"]));
    let wrong = Login { password: Secret::new("wr0ng"), ..login(&site) };
    let refused = Cobbler::connect(wrong, timeouts()).await.unwrap_err();
    assert_eq!(refused, CobblerError::LoginRefused { user: "cobbler".into() });
    let cobbler = Cobbler::connect(login(&site), timeouts()).await.unwrap();
    assert_eq!(cobbler.version().to_string(), "3.3.10");
    assert!(cobbler.clock().await.unwrap() > 1_700_000_000);

    // Browsing.
    assert_eq!(cobbler.distros().await.unwrap()[0].os_version, "bullseye");
    let profiles = cobbler.profiles().await.unwrap();
    assert_eq!(profiles.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["openstack", "plain"]);
    assert!(cobbler.systems().await.unwrap().is_empty());
    assert!(!cobbler.os_versions("debian").await.unwrap().contains(&"bookworm".to_owned()));
    assert!(!cobbler.manages_dhcp().await.unwrap());

    // Registering.
    let node1 = registration(&site, "node1");
    assert_eq!(cobbler.register(&node1).await.unwrap(), Registered::New);
    assert_eq!(cobbler.register(&node1).await.unwrap(), Registered::Already);
    let again = Registration { name: "node2".into(), ..node1.clone() };
    let taken = cobbler.register(&again).await.unwrap_err();
    assert!(matches!(&taken, CobblerError::Taken { system, .. } if system == "node1"), "{taken:?}");
    let lost =
        Registration { name: "node3".into(), mac: "02:00:00:00:00:03".parse().unwrap(), ..node1.clone() };
    let lost = Registration { address: "10.99.0.3".parse().unwrap(), profile: "gone".into(), ..lost };
    assert_eq!(cobbler.register(&lost).await.unwrap_err(), CobblerError::NoProfile { name: "gone".into() });
    let bad_power = Registration {
        profile: "plain".into(),
        power: lost.power.clone().map(|p| PowerSettings { kind: "nosuchagent".into(), ..p }),
        ..lost
    };
    assert_eq!(cobbler.register(&bad_power).await.unwrap_err().fault(), Some(&FaultKind::BadPowerType));
    assert_eq!(cobbler.systems().await.unwrap().len(), 1, "nothing half-made stays");
    let system = cobbler.system("node1").await.unwrap().unwrap();
    assert!(system.has_mac(&node1.mac) && system.netboot == Some(false) && system.power.has_password);
    assert!(!format!("{system:?}").contains(SECRET));
    assert!(
        !site.boot_file("node1").to_lowercase().contains("kernel"),
        "registering does not have it installed"
    );

    // Arming and disarming are in the boot file, not only in the answers.
    let arming = cobbler.arm("node1", Some("openstack")).await.unwrap();
    assert_eq!(arming.was["profile"], "plain");
    cobbler.write(&arming).await.unwrap();
    assert!(site.boot_file("node1").contains("kernel"));
    cobbler.disarm("node1").await.unwrap();
    assert!(!site.boot_file("node1").contains("kernel"));
    cobbler.restore("node1", &arming.was).await.unwrap();
    assert_eq!(cobbler.system("node1").await.unwrap().unwrap().profile, "plain");

    // A profile that is not there: a fault after the live object was changed, taken back on the server and on its disk.
    let stored = "cat /var/lib/cobbler/collections/systems/node1.json";
    let mut gone = cobbler.arm("node1", None).await.unwrap();
    gone.wanted.insert("profile".into(), "gone".into());
    let error = cobbler.write(&gone).await.unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::NoProfile), "{error:?}");
    assert_eq!(cobbler.system("node1").await.unwrap().unwrap().netboot, Some(false));
    assert!(site.server(stored).replace(' ', "").contains("\"netboot_enabled\":false"));

    // A disk that cannot store.
    site.server("mv /var/lib/cobbler/collections/systems /var/lib/cobbler/collections/away");
    let error = cobbler.write(&cobbler.arm("node1", None).await.unwrap()).await.unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::Disk), "{error:?}");
    assert_eq!(cobbler.system("node1").await.unwrap().unwrap().netboot, Some(false));
    site.server("mv /var/lib/cobbler/collections/away /var/lib/cobbler/collections/systems");

    // A synchronisation is followed to its end.
    cobbler.sync().await.unwrap();

    // A server that is restarted between two calls, and one that is away.
    tokio::task::block_in_place(|| site.run(&["restart"]));
    cobbler.write(&cobbler.arm("node1", None).await.unwrap()).await.unwrap();
    site.server("systemctl stop cobblerd");
    let away = cobbler.disarm("node1").await.unwrap_err();
    assert!(away.passes(), "{away:?}");
    tokio::task::block_in_place(|| site.run(&["restart"]));
    assert_eq!(cobbler.system("node1").await.unwrap().unwrap().netboot, Some(true), "it was stored");
    cobbler.disarm("node1").await.unwrap();

    // A token that dies in silence.
    tokio::task::block_in_place(|| site.run(&["expire", "1"]));
    cobbler.disarm("node1").await.unwrap();
    for _ in 0..3 {
        // The server's own clock says when the token is dead.
        let then = cobbler.clock().await.unwrap();
        while cobbler.clock().await.unwrap() < then + 3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        cobbler.disarm("node1").await.unwrap();
    }
    // One malformed line in its log, and it cannot say how installations go.
    site.server("echo broken line >>/var/log/cobbler/install.log");
    let error = cobbler.progress("node1", 0).await.unwrap_err();
    assert!(Cobbler::log_unreadable(&error), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root and the lab"]
async fn a_machine_is_installed_anew_and_power_agents_fail() {
    let mut site = tokio::task::block_in_place(|| Site::up("cobbler-power", &["node1"]));
    let cobbler = Cobbler::connect(login(&site), timeouts()).await.unwrap();
    let node1 = registration(&site, "node1");
    cobbler.register(&node1).await.unwrap();
    let target = Target {
        system: None,
        macs: vec![node1.mac.clone()],
        address: Some(node1.address),
        profile: Some("openstack".into()),
    };
    let seen = cobbler.inspect(&target).await.unwrap();
    assert_eq!((seen.system.name.as_str(), seen.power, seen.manages_dhcp), ("node1", PowerState::On, false));
    let before = site.machine_id("node1");

    let arming = cobbler.arm("node1", Some("openstack")).await.unwrap();
    cobbler.write(&arming).await.unwrap();
    let since = cobbler.clock().await.unwrap();
    cobbler.power("node1", PowerState::Off).await.unwrap();
    cobbler.power("node1", PowerState::On).await.unwrap();
    tokio::time::timeout(crate::lab::PATIENCE, async {
        while cobbler.progress("node1", since).await.unwrap() != Progress::Finished {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await
    .expect("it is installed");
    assert_eq!(cobbler.progress("node1", since + 3600).await.unwrap(), Progress::Silent);
    cobbler.disarm("node1").await.unwrap();
    site.wait("booted node1");
    assert_ne!(site.machine_id("node1"), before);

    // The agent fails; the log of it would show the password.
    site.order("node1", "fail");
    let error = cobbler.power("node1", PowerState::Off).await.unwrap_err();
    assert_eq!(error.fault(), Some(&FaultKind::PowerFailed), "{error:?}");
    assert!(cobbler.inspect(&target).await.is_err());
    let log = site.server("cat /var/log/cobbler/cobbler.log");
    assert!(log.contains(SECRET), "the server writes it down");

    // The agent hangs; others are served meanwhile, and afterwards the state decides.
    site.order("node1", "hang");
    let hasty = Cobbler::connect(login(&site), Timeouts { power: Duration::from_secs(2), ..timeouts() })
        .await
        .unwrap();
    let error = hasty.power("node1", PowerState::Off).await.unwrap_err();
    assert!(matches!(error, CobblerError::Unclear { .. }), "{error:?}");
    assert!(cobbler.system("node1").await.unwrap().is_some());
    site.order("node1", "well");
    cobbler.power("node1", PowerState::Off).await.unwrap();
    assert_eq!(cobbler.power_status("node1").await.unwrap(), PowerState::Off);
    // Not armed: it boots its disk.
    let id = arming.system.clone();
    cobbler.power(&id, PowerState::On).await.unwrap();
    crate::lab::wait_until("it runs again", || site.said("booted node1") == 2);
}
