//! Simulated nodes: real SSH, played-back installations, failures on demand.
//!
//! For the demonstration on machines that cannot host real nodes, and for tests at scale. A simulated node listens on a
//! loopback address of its own, lets in by password or key, answers the script of facts, takes a job's files, speaks the
//! protocol of `roles/runner.sh` with its full semantics (an attempt is claimed once, outlives connections, is followed
//! from any offset), and gives terminals with a tiny shell. What steps print is a [`recording`] of a real installation at
//! an adjustable speed. **Nothing runs**; whoever shows such nodes says so.
//!
//! Read [`start`], then `node` (attempts), `serve` (the runner's protocol), `server` (SSH).

mod clock;
pub mod fault;
mod machine;
mod node;
pub mod recording;
mod serve;
mod server;
mod shell;

pub use clock::{SPEED_MAX, SPEED_MIN};
pub use fault::{Provoked, Trouble};
pub use recording::{Recording, RecordingFault, Recordings};

use crate::domain::secret::Secret;
use clock::Clock;
use node::SimNode;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Most nodes of one simulation.
pub const NODES_MAX: usize = 2_000;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// How many nodes, 1 to [`NODES_MAX`].
    pub nodes: usize,
    /// Address of the first node, in 127.0.0.0/8; the others follow.
    pub base: Ipv4Addr,
    /// Port of SSH on every node; 0 takes any free one for each.
    pub port: u16,
    /// 1.0 plays as recorded, 10.0 ten times as fast; [`SPEED_MIN`] to [`SPEED_MAX`].
    pub speed: f64,
    /// What goes wrong.
    pub failures: Vec<Provoked>,
    /// Password of `root`.
    pub password: Secret,
    /// What steps print; `None` for the recordings that come with cpmg.
    pub recordings: Option<Recordings>,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            nodes: 3,
            base: Ipv4Addr::new(127, 77, 0, 1),
            port: 2222,
            speed: 1.0,
            failures: Vec::new(),
            password: Secret::new("simulated"),
            recordings: None,
        }
    }
}

/// How to log in to every node.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Account.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// A private key in OpenSSH's format, accepted as well.
    pub private_key: Secret,
}

/// One simulated node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimAddress {
    /// Its host name: `node-1`, or `node-01` where there are ten or more.
    pub name: String,
    /// Where SSH listens.
    pub address: SocketAddr,
}

/// Why there is no simulation. `Display` is the sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// Too few or too many.
    #[error("{0} nodes cannot be simulated: 1 to {NODES_MAX} can")]
    Count(usize),
    /// Not loopback, or the nodes would not fit.
    #[error("simulated nodes live on loopback addresses, 127.0.0.1 to 127.255.255.254; {0} is none")]
    Base(String),
    /// A failure of a node that does not exist.
    #[error("there is no node {name} that could fail; the nodes are {first} to {last}")]
    NoNode {
        /// As asked for.
        name: String,
        /// First node.
        first: String,
        /// Last node.
        last: String,
    },
    /// Not the text of a failure.
    #[error("{0}")]
    Failure(String),
    /// The address is in use, or this system has only one loopback address.
    #[error(
        "a simulated node cannot listen on {address}: {why}. Choose another port or another first address"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// No randomness, no keys.
    #[error("no key can be made for a simulated node: {0}")]
    Key(String),
    /// A recording is damaged.
    #[error(transparent)]
    Recording(#[from] RecordingFault),
}

/// A running simulation; dropping it ends it.
#[derive(Debug)]
pub struct SimHandle {
    /// The nodes, in order.
    pub nodes: Vec<SimAddress>,
    /// How to log in.
    pub credentials: Credentials,
    machines: Vec<Arc<SimNode>>,
    clock: Arc<Clock>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl SimHandle {
    /// Plays on at another speed from now.
    pub fn set_speed(&self, speed: f64) {
        self.clock.set_speed(speed);
        for machine in &self.machines {
            machine.news.send_modify(|n| *n += 1);
        }
    }

    /// Breaks every connection of a node. Its steps go on.
    pub fn drop_connections(&self, name: &str) {
        self.with(name, SimNode::drop_connections);
    }

    /// Reboots a node: what runs on it is lost, its boot id changes.
    pub fn reboot(&self, name: &str) {
        self.with(name, SimNode::reboot);
    }

    fn with(&self, name: &str, action: impl Fn(&SimNode)) {
        self.machines.iter().filter(|m| m.name == name).for_each(|m| action(m));
    }

    /// Ends every node: listeners and connections are closed when this returns.
    pub async fn stop(self) {
        self.stop.cancel();
        for machine in &self.machines {
            machine.drop_connections();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for SimHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn key() -> Result<PrivateKey, SimError> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|e| SimError::Key(e.to_string()))?;
    Ok(PrivateKey::from(Ed25519Keypair::from_seed(&seed)))
}

/// Simulated nodes for the demonstration: on the usual addresses, at the first usual port that is free on all of them.
/// `fail` is the text of a [`Provoked`].
pub async fn demonstration(nodes: u16, speed: f64, fail: Option<&str>) -> Result<SimHandle, SimError> {
    let failures = fail.map(str::parse).transpose().map_err(SimError::Failure)?;
    let mut options = SimOptions {
        nodes: nodes.into(),
        speed,
        failures: failures.into_iter().collect(),
        ..SimOptions::default()
    };
    let last = options.port + 9;
    loop {
        match start(options.clone()).await {
            Err(SimError::Listen { why, .. })
                if why.kind() == std::io::ErrorKind::AddrInUse && options.port < last =>
            {
                options.port += 1;
            }
            other => return other,
        }
    }
}

/// Starts simulated nodes; they live in tasks of the current runtime until the handle is stopped or dropped.
pub async fn start(options: SimOptions) -> Result<SimHandle, SimError> {
    if !(1..=NODES_MAX).contains(&options.nodes) {
        return Err(SimError::Count(options.nodes));
    }
    let recordings = Arc::new(match options.recordings {
        Some(recordings) => recordings,
        None => Recordings::builtin()?,
    });
    let width = options.nodes.to_string().len();
    let names: Vec<String> = (1..=options.nodes).map(|n| format!("node-{n:0width$}")).collect();
    if let Some(wrong) = options.failures.iter().find(|f| f.node != fault::EVERY && !names.contains(&f.node))
    {
        let end = |name: Option<&String>| name.cloned().unwrap_or_default();
        let (first, last) = (end(names.first()), end(names.last()));
        return Err(SimError::NoNode { name: wrong.node.clone(), first, last });
    }
    let login = key()?;
    let private = login.to_openssh(LineEnding::LF).map_err(|e| SimError::Key(e.to_string()))?;
    let credentials = Credentials {
        user: server::USER.to_owned(),
        password: options.password,
        private_key: Secret::new(private.as_str()),
    };
    let door =
        Arc::new(server::Door { credentials: credentials.clone(), public: login.public_key().clone() });
    let clock = Arc::new(Clock::new(options.speed));
    let mut handle = SimHandle {
        nodes: Vec::new(),
        credentials,
        machines: Vec::new(),
        clock: Arc::clone(&clock),
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    for (index, name) in names.into_iter().enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let ip = u32::from(options.base).checked_add(number).map(Ipv4Addr::from);
        let Some(ip) = ip.filter(|ip| ip.is_loopback() && ip.octets() != [127, 255, 255, 255]) else {
            return Err(SimError::Base(options.base.to_string()));
        };
        let wanted = SocketAddr::new(IpAddr::V4(ip), options.port);
        let troubles: Vec<Trouble> = options
            .failures
            .iter()
            .filter(|f| f.node == name || f.node == fault::EVERY)
            .map(|f| f.what.clone())
            .collect();
        let listener = TcpListener::bind(wanted).await;
        let listener = listener.map_err(|why| SimError::Listen { address: wanted, why })?;
        let address = listener.local_addr().map_err(|why| SimError::Listen { address: wanted, why })?;
        let silent = troubles.contains(&Trouble::Silent);
        let recordings = Arc::clone(&recordings);
        let node = SimNode::new(name.clone(), index, address, Arc::clone(&clock), recordings, troubles);
        let node = Arc::new(node);
        handle.nodes.push(SimAddress { name, address });
        handle.machines.push(Arc::clone(&node));
        if !silent {
            let keys = [key()?, key()?];
            handle.tasks.spawn(server::listen(node, listener, keys, Arc::clone(&door), handle.stop.clone()));
        }
    }
    Ok(handle)
}
