//! Against real servers on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::net::HostAddress;
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::ssh::testing::{Options, Sshd, own_address};
use crate::ssh::{Credential, Hop, HostKeyCheck, connect};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

#[tokio::test]
async fn a_sweep_tells_what_is_where() {
    let [a, b, c, _] = own_address().octets();
    // Addresses that no other server of this process uses; one port for all of them.
    let at = |last: u8| Ipv4Addr::new(a, b, c, last);
    let sshd = Sshd::with(Options { address: at(201), port: 2222, ..Options::default() });
    let mail = tokio::net::TcpListener::bind((at(203), 2222)).await.unwrap();
    let serve = tokio::spawn(async move {
        let (mut client, _) = mail.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut client, b"220 mail\r\n").await.unwrap();
    });
    let _mute = tokio::net::TcpListener::bind((at(204), 2222)).await.unwrap();
    let options = SweepOptions {
        port: 2222,
        greeting: Duration::from_millis(700),
        parallel: 3,
        ..SweepOptions::default()
    };
    let ranges = [format!("{}-210", at(199)).parse().unwrap(), format!("{}-204", at(200)).parse().unwrap()];
    let mut sweep = sweep(&ranges, options);
    assert_eq!(sweep.progress(), Progress { total: 12, ..Progress::default() });
    let mut found = BTreeMap::new();
    let mut before = 0;
    while let Some(event) = sweep.next().await {
        assert_eq!(event.progress.done, before + 1);
        before += 1;
        let one = event.found.unwrap();
        found.insert(one.address.ip(), one.probe);
    }
    assert_eq!(sweep.progress(), Progress { done: 12, total: 12, found: 1, unasked: 0 });
    assert!(matches!(&found[&at(201)], Probe::Ssh(line) if line.starts_with("SSH-2.0-OpenSSH")), "{found:?}");
    assert_eq!(found[&at(203)], Probe::NotSsh("220 mail".into()));
    assert_eq!(found[&at(204)], Probe::NotSsh(String::new()));
    assert_eq!(found[&at(199)], Probe::Closed);
    assert_eq!(found.len(), 12);
    serve.await.unwrap();
    drop(sshd);
}

#[tokio::test]
async fn a_sweep_shares_its_sockets_and_keeps_its_pace() {
    let listener = tokio::net::TcpListener::bind((own_address(), 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sockets = std::sync::Arc::new(tokio::sync::Semaphore::new(2));
    let options = || SweepOptions {
        port,
        parallel: 64,
        rate: 100,
        greeting: Duration::from_millis(50),
        sockets: Some(std::sync::Arc::clone(&sockets)),
        ..SweepOptions::default()
    };
    let [a, b, c, _] = own_address().octets();
    let range = format!("{}-129", Ipv4Addr::new(a, b, c, 100)).parse().unwrap();
    let started = std::time::Instant::now();
    let mut one = sweep(&[range], options());
    let mut seen = 0;
    while one.next().await.is_some() {
        seen += 1;
        assert!(sockets.available_permits() <= 2);
    }
    assert_eq!(seen, 30);
    assert!(started.elapsed() >= Duration::from_millis(285), "30 addresses at 100 a second");
    assert_eq!(sockets.available_permits(), 2, "all given back");
    // One that is dropped half-way gives its places back too.
    let mut other = sweep(&[range], options());
    other.next().await.unwrap();
    drop(other);
    assert_eq!(sockets.available_permits(), 2);
}

#[tokio::test]
async fn a_sweep_of_4094_addresses_finds_all_servers_and_invents_none() {
    let [a, b, c, _] = own_address().octets();
    // A network beside that of the other tests of this process.
    let base = u32::from(Ipv4Addr::new(a, b ^ 1, c & 0xf0, 0));
    let at = |n: u32| Ipv4Addr::from(base + n);
    let there: std::collections::BTreeSet<Ipv4Addr> = (0..16).map(|n| at(1 + n * 270)).collect();
    let first = *there.first().unwrap();
    // One server takes sixteen addresses.
    let config = there.iter().skip(1).map(|ip| format!("ListenAddress {ip}")).collect();
    let _sshd = Sshd::with(Options { address: first, port: 2223, config, ..Options::default() });
    for ip in &there {
        while tokio::net::TcpStream::connect((*ip, 2223)).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    let options = SweepOptions { port: 2223, rate: 20_000, parallel: 512, ..SweepOptions::default() };
    let mut sweep = sweep(&[format!("{}/20", at(0)).parse().unwrap()], options);
    let mut found = std::collections::BTreeSet::new();
    while let Some(event) = sweep.next().await {
        if let Some(Found { address, probe: Probe::Ssh(_) }) = event.found {
            assert!(found.insert(address.ip()), "{address} twice");
        }
    }
    assert_eq!(sweep.progress(), Progress { done: 4094, total: 4094, found: 16, unasked: 0 });
    assert_eq!(found, there);
}

fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Moment(u64::try_from(since.as_millis()).unwrap())
}

#[tokio::test]
async fn facts_of_a_real_machine() {
    let sshd = Sshd::start();
    let hop = Hop {
        address: HostAddress::try_from(sshd.address).unwrap(),
        port: sshd.port,
        user: sshd.user.clone(),
        credentials: vec![Credential::Key { private: Secret::new(sshd.key.clone()), passphrase: None }],
        host_key: HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
    };
    let session = connect(&hop.into()).await.unwrap();
    let facts = gather(&session, now).await.unwrap();
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    assert_eq!(facts.hostname, file("/proc/sys/kernel/hostname"));
    assert_eq!(facts.boot_id, file("/proc/sys/kernel/random/boot_id"));
    assert_eq!(facts.kernel, file("/proc/sys/kernel/osrelease"));
    assert_eq!(facts.machine_id, file("/etc/machine-id"));
    let kb = file("/proc/meminfo").lines().next().unwrap().split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(facts.memory, kb.parse::<u64>().unwrap() * 1024);
    assert!(
        facts.cpus > 0 && !facts.arch.is_empty() && !facts.os_id.is_empty() && !facts.virt_kind.is_empty()
    );
    assert!(facts.clock_offset_ms.abs() < 5_000, "the same clock: {}", facts.clock_offset_ms);
    assert!(facts.nics.iter().all(|n| n.name != "lo"));
}
