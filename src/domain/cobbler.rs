//! An environment's Cobbler server: where it is, and what it has, as operators see it.

use super::secret::Secret;
use serde::{Deserialize, Serialize};

/// Seconds that a power agent gets for a word unless the environment says otherwise.
pub const POWER_SECONDS: u32 = 120;
/// Fewest and most seconds for that. Cobbler itself tries three times, so less than a minute is only for machines that answer at once.
pub const POWER_SECONDS_RANGE: std::ops::RangeInclusive<u32> = 5..=900;

/// Where the server is, and as whom to log in. Stored sealed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CobblerPlace {
    /// `http(s)://HOST/cobbler_api`.
    pub url: String,
    /// The user there.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// Certificates (PEM) of the authority that signed the server's; `None`: those that this machine trusts.
    #[serde(default)]
    pub authority: Option<String>,
    /// Seconds that a power agent gets for a word.
    pub power_seconds: u32,
}

/// What a server has. No secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CobblerView {
    /// Where it is.
    pub url: String,
    /// As whom the engine logs in.
    pub user: String,
    /// Its version.
    pub version: String,
    /// Whether cpmg changes systems of that version; otherwise it only reads them.
    pub writes: bool,
    /// Operating systems.
    pub distros: Vec<CobblerDistro>,
    /// What can be installed.
    pub profiles: Vec<CobblerProfile>,
    /// Machines.
    pub systems: Vec<CobblerSystem>,
}

/// An operating system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CobblerDistro {
    /// Its name.
    pub name: String,
    /// `debian`, `redhat` …
    pub breed: String,
    /// `bookworm`, `rhel9` …
    pub os_version: String,
    /// `x86_64` …
    pub arch: String,
}

/// A way to install an operating system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CobblerProfile {
    /// Its name.
    pub name: String,
    /// The distro's name.
    pub distro: String,
    /// The template that answers the installer.
    pub autoinstall: String,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CobblerSystem {
    /// Its name.
    pub name: String,
    /// What is installed on it.
    pub profile: String,
    /// Whether it is installed anew when it next boots from the network; `None`: not said.
    pub netboot: Option<bool>,
    /// MAC addresses of its interfaces.
    pub macs: Vec<String>,
    /// Addresses of its interfaces.
    pub addresses: Vec<String>,
    /// Its power agent; empty: none.
    pub power: String,
    /// Whether the server holds a password for that agent, which it shows to whoever asks.
    pub power_password: bool,
}

/// How a node that is registered is switched by the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CobblerPower {
    /// The agent: `ipmilan`, `redfish` …
    pub kind: String,
    /// Where it connects to.
    pub address: String,
    /// As whom.
    pub user: String,
    /// With what; may be empty.
    pub password: Secret,
    /// Which plug or machine; may be empty.
    pub id: String,
    /// A file with a key on the server; may be empty.
    pub identity_file: String,
}
