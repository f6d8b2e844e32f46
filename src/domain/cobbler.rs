//! An environment's Cobbler server: where it is, and what it has, as operators see it.

use super::facts::Facts;
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

/// Where the server is, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CobblerSettings {
    /// `http(s)://HOST/cobbler_api`.
    pub url: String,
    /// The user there.
    pub user: String,
    /// Certificates (PEM) of the authority that signed the server's, if they were given.
    #[serde(default)]
    pub authority: Option<String>,
    /// Seconds that a power agent gets for a word.
    pub power_seconds: u32,
}

impl CobblerSettings {
    /// Whether passwords go over the network as they are.
    pub fn is_plain(&self) -> bool {
        self.url.starts_with("http://")
    }
}

/// What is wrong with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CobblerFault {
    /// Not `http://…` or `https://…` with a host.
    #[error("write the address of the server as http(s)://HOST/cobbler_api")]
    Url,
    /// A user or a password in the address.
    #[error("the address holds a user or a password: they have fields of their own")]
    UrlHoldsLogin,
    /// No user.
    #[error("the user of Cobbler is missing")]
    User,
    /// Not certificates.
    #[error("this is no certificate: its first line would be '-----BEGIN CERTIFICATE-----'")]
    Authority,
}

impl CobblerFault {
    /// The field that is wrong.
    pub fn field(self) -> &'static str {
        match self {
            Self::Url | Self::UrlHoldsLogin => "url",
            Self::User => "user",
            Self::Authority => "authority",
        }
    }

    /// Key of the sentence in the message catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Url => "cobbler-bad-url",
            Self::UrlHoldsLogin => "cobbler-url-login",
            Self::User => "cobbler-bad-user",
            Self::Authority => "cobbler-bad-authority",
        }
    }
}

impl CobblerPlace {
    /// Whether it can be right, as far as its text tells.
    pub fn check(&self) -> Result<(), CobblerFault> {
        let rest = self.url.strip_prefix("https://").or_else(|| self.url.strip_prefix("http://"));
        let host = rest.and_then(|r| r.split('/').next()).unwrap_or_default();
        if host.contains('@') {
            return Err(CobblerFault::UrlHoldsLogin);
        }
        let odd = |c: char| c.is_whitespace() || c.is_control();
        if host.is_empty() || host.starts_with(':') || self.url.contains(odd) {
            return Err(CobblerFault::Url);
        }
        if self.user.trim().is_empty() {
            return Err(CobblerFault::User);
        }
        if self.authority.as_ref().is_some_and(|pem| !pem.contains("-----BEGIN CERTIFICATE-----")) {
            return Err(CobblerFault::Authority);
        }
        Ok(())
    }
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
    /// Distros, profiles and systems beyond what one answer holds.
    #[serde(default)]
    pub left_out: u32,
}

impl CobblerSystem {
    /// Whether it is the machine with that address and those facts.
    pub fn is_machine(&self, address: &str, facts: Option<&Facts>) -> bool {
        let has = |mac: &str| self.macs.iter().any(|m| m.eq_ignore_ascii_case(mac));
        self.addresses.iter().any(|a| a == address)
            || facts.is_some_and(|f| f.nics.iter().any(|nic| has(&nic.mac)))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        let check = |url: &str, user: &str, authority: Option<&str>| {
            let password = Secret::new("x");
            let authority = authority.map(str::to_owned);
            CobblerPlace { url: url.into(), user: user.into(), password, authority, power_seconds: 120 }
                .check()
        };
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        assert_eq!(check("https://cobbler.example/cobbler_api", "ops", Some(pem)), Ok(()));
        assert_eq!(check("http://127.0.0.1:25151/", "cobbler", None), Ok(()));
        for bad in ["", "cobbler.example", "ftp://x/", "http://", "http:///api", "http://:80/", "http://a b/"]
        {
            assert_eq!(check(bad, "ops", None), Err(CobblerFault::Url), "{bad}");
        }
        assert_eq!(check("http://ops:secret@x/", "ops", None), Err(CobblerFault::UrlHoldsLogin));
        assert_eq!(check("http://x/", " ", None), Err(CobblerFault::User));
        assert_eq!(check("http://x/", "ops", Some("MIIB")), Err(CobblerFault::Authority));
    }
}
