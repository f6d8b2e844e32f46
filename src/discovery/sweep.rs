//! Looks for SSH servers in ranges of addresses.
//!
//! Three bounds keep a sweep polite: so many addresses are begun in a second, so many are waited for at the same time, and
//! each of those holds a place in [`Sockets`], which all sweeps of the process share, so that its other connections always
//! find a free file descriptor. 65,536 silent addresses at the usual settings take 48 s: 2,048 of them wait 1.5 s at a time.
//!
//! What this host cannot ask (no descriptor, no buffer, a full neighbour table) is tried again and, in the end, said to be
//! not asked: never that nobody is there.

use crate::domain::net::{AddressRange, HostAddress, merged};
use crate::domain::sweeps::{PARALLEL_DEFAULT, RATE_DEFAULT};
use crate::ssh::banner::{Greeting, read_greeting};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long an address may take to answer unless told otherwise; longer than a second, so that one lost packet is forgiven.
pub const CONNECT: Duration = Duration::from_millis(1500);
/// How long is waited before something that this host could not do is tried again.
const AGAIN: Duration = Duration::from_millis(100);
/// How often it is tried.
const TRIES: u32 = 200;
/// Faults of this host that pass: out of memory, descriptors (process, system), no free port, no buffers, try again.
const OURS: [i32; 6] = [12, 23, 24, 99, 105, 11];

/// Places for open sockets, shared by all sweeps of a process.
pub type Sockets = Arc<Semaphore>;

/// How a sweep is done.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    /// Port to look at.
    pub port: u16,
    /// How long an address may take to answer.
    pub connect: Duration,
    /// How long an open port may take to say what it is.
    pub greeting: Duration,
    /// Addresses waited for at once, at least 1.
    pub parallel: usize,
    /// Addresses begun in a second, at least 1.
    pub rate: u32,
    /// Places that it shares with others; `None`: as many as it likes.
    pub sockets: Option<Sockets>,
}

impl Default for SweepOptions {
    fn default() -> Self {
        Self {
            port: 22,
            connect: CONNECT,
            greeting: Duration::from_secs(4),
            parallel: PARALLEL_DEFAULT as usize,
            rate: RATE_DEFAULT,
            sockets: None,
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
    /// This host could not ask.
    NotAsked(String),
}

/// One address that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub address: HostAddress,
    /// What; never [`Probe::Silent`] or [`Probe::NotAsked`].
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
    /// Addresses that this host could not ask.
    pub unasked: u32,
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

/// Lets addresses begin one after the other, never closer than the rate allows, also after a pause.
struct Pace {
    next: Mutex<Instant>,
    step: Duration,
}

impl Pace {
    fn new(rate: u32) -> Self {
        Self { next: Mutex::new(Instant::now()), step: Duration::from_secs(1) / rate.max(1) }
    }

    async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = (*next).max(Instant::now());
            *next = at + self.step;
            at
        };
        sleep_until(at).await;
    }
}

/// Starts a sweep of `ranges`; an address in several of them is looked at once. Nothing happens before [`Sweep::next`].
pub fn sweep(ranges: &[AddressRange], options: SweepOptions) -> Sweep {
    let ranges = merged(ranges);
    let total = ranges.iter().fold(0_u32, |sum, r| sum.saturating_add(r.count()));
    let parallel = options.parallel.max(1);
    let pace = Arc::new(Pace::new(options.rate));
    let options = Arc::new(options);
    let addresses =
        ranges.into_iter().flat_map(AddressRange::iter).filter_map(|ip| HostAddress::try_from(ip).ok());
    let probes = futures_util::stream::iter(addresses)
        .map(move |address| {
            let (options, pace) = (Arc::clone(&options), Arc::clone(&pace));
            async move {
                let _place = match &options.sockets {
                    // Nobody closes it; if somebody did, the sweep would only be less polite.
                    Some(sockets) => Arc::clone(sockets).acquire_owned().await.ok(),
                    None => None,
                };
                pace.turn().await;
                (address, probe(address, &options).await)
            }
        })
        .buffer_unordered(parallel)
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
        self.progress.unasked += u32::from(matches!(probe, Probe::NotAsked(_)));
        let answered = !matches!(probe, Probe::Silent | Probe::NotAsked(_));
        Some(SweepEvent { progress: self.progress, found: answered.then_some(Found { address, probe }) })
    }
}

async fn probe(address: HostAddress, options: &SweepOptions) -> Probe {
    let mut tries = 0;
    let mut stream = loop {
        match timeout(options.connect, TcpStream::connect((address.ip(), options.port))).await {
            Ok(Ok(stream)) => break stream,
            Ok(Err(e)) if e.kind() == io::ErrorKind::ConnectionRefused => return Probe::Closed,
            // That says something about this host, nothing about the address.
            Ok(Err(e)) if e.raw_os_error().is_some_and(|n| OURS.contains(&n)) => {
                tries += 1;
                if tries == TRIES {
                    return Probe::NotAsked(e.to_string());
                }
                sleep(AGAIN).await;
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
