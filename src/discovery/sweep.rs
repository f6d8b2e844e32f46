//! Looks for SSH servers in ranges of addresses.

use crate::domain::net::{AddressRange, HostAddress};
use crate::ssh::banner::{Greeting, read_greeting};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::collections::BTreeSet;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How a sweep is done.
#[derive(Clone, Copy, Debug)]
pub struct SweepOptions {
    /// Port to look at.
    pub port: u16,
    /// How long an address may take to answer; longer than a second, so that one lost packet is forgiven.
    pub connect: Duration,
    /// How long an open port may take to say what it is.
    pub greeting: Duration,
    /// Addresses looked at at once, at least 1.
    pub parallel: usize,
}

impl Default for SweepOptions {
    fn default() -> Self {
        Self {
            port: 22,
            connect: Duration::from_millis(1500),
            greeting: Duration::from_secs(4),
            parallel: 256,
        }
    }
}

/// What is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// An SSH server: its first line, as `SSH-2.0-OpenSSH_9.2p1`.
    Ssh(String),
    /// The port is open for something else: its first words, perhaps none.
    NotSsh(String),
    /// A machine that refuses the port.
    Closed,
    /// No answer: no machine, or a firewall.
    Silent,
}

/// One address that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub address: HostAddress,
    /// What; never [`Probe::Silent`].
    pub probe: Probe,
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Addresses looked at.
    pub done: u32,
    /// Addresses in all.
    pub total: u32,
    /// SSH servers among them.
    pub found: u32,
}

/// One step of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepEvent {
    /// How far it is now.
    pub progress: Progress,
    /// What answered, if something did.
    pub found: Option<Found>,
}

/// A sweep under way. Dropping it ends it at once.
pub struct Sweep {
    probes: BoxStream<'static, (HostAddress, Probe)>,
    progress: Progress,
}

/// Starts a sweep of `ranges`; an address in several of them is looked at once. Nothing happens before [`Sweep::next`].
pub fn sweep(ranges: &[AddressRange], options: SweepOptions) -> Sweep {
    let addresses: BTreeSet<Ipv4Addr> = ranges.iter().flat_map(|r| r.iter()).collect();
    let addresses: Vec<HostAddress> =
        addresses.into_iter().filter_map(|ip| HostAddress::try_from(ip).ok()).collect();
    let total = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let probes = futures_util::stream::iter(addresses)
        .map(move |address| async move { (address, probe(address, options).await) })
        .buffer_unordered(options.parallel.max(1))
        .boxed();
    Sweep { probes, progress: Progress { total, ..Progress::default() } }
}

impl Sweep {
    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The next address that was looked at; `None` when all were. Safe to drop and call again.
    pub async fn next(&mut self) -> Option<SweepEvent> {
        let (address, probe) = self.probes.next().await?;
        self.progress.done += 1;
        self.progress.found += u32::from(matches!(probe, Probe::Ssh(_)));
        let found = (probe != Probe::Silent).then_some(Found { address, probe });
        Some(SweepEvent { progress: self.progress, found })
    }
}

async fn probe(address: HostAddress, options: SweepOptions) -> Probe {
    let mut stream = loop {
        match timeout(options.connect, TcpStream::connect((address.ip(), options.port))).await {
            Ok(Ok(stream)) => break stream,
            Ok(Err(e)) if e.kind() == io::ErrorKind::ConnectionRefused => return Probe::Closed,
            // This machine has no file descriptor left: that says nothing about the address.
            Ok(Err(e)) if matches!(e.raw_os_error(), Some(23 | 24)) => {
                sleep(Duration::from_millis(100)).await;
            }
            Ok(Err(_)) | Err(_) => return Probe::Silent,
        }
    };
    match timeout(options.greeting, read_greeting(&mut stream, &mut Vec::new())).await {
        Ok(Ok(Greeting::Ssh(line))) => Probe::Ssh(line),
        Ok(Ok(Greeting::Other(words))) => Probe::NotSsh(words),
        Ok(Err(_)) | Err(_) => Probe::NotSsh(String::new()),
    }
}
