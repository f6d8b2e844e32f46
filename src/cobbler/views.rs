//! What Cobbler has, as much of it as cpmg needs and may show. No view holds a secret: of a power password only that there is one.

use super::dialect::Dialect;
use super::error::CobblerError;
use super::value;
use dxr::Value;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A MAC address in the form in which Cobbler stores it: lower case, with colons. Cobbler's search is case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Mac(String);

impl Mac {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Mac {
    type Err = CobblerError;
    fn from_str(s: &str) -> Result<Self, CobblerError> {
        let text = s.trim().to_ascii_lowercase().replace('-', ":");
        let pairs: Vec<&str> = text.split(':').collect();
        let good = pairs.len() == 6
            && pairs.iter().all(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()));
        if good { Ok(Self(text)) } else { Err(CobblerError::BadMac(s.to_owned())) }
    }
}

/// An operating system that can be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Distro {
    /// Its name.
    pub name: String,
    /// `debian`, `ubuntu`, `redhat` …
    pub breed: String,
    /// As Cobbler's signatures call it: `bookworm`, `rhel9` …
    pub os_version: String,
    /// `x86_64` …
    pub arch: String,
}

impl Distro {
    pub(super) fn read(item: &Value) -> Self {
        let text = |name| value::text_of(item, name);
        Self { name: text("name"), breed: text("breed"), os_version: text("os_version"), arch: text("arch") }
    }
}

/// A distro with the way it is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The distro's name; empty when it comes from a parent profile.
    pub distro: String,
    /// The parent profile's name, if it has one.
    pub parent: String,
    /// The template that answers the installer.
    pub autoinstall: String,
}

impl Profile {
    pub(super) fn read(item: &Value) -> Self {
        let text = |name| value::text_of(item, name);
        Self {
            name: text("name"),
            distro: text("distro"),
            parent: text("parent"),
            autoinstall: value::any(item, &["autoinstall", "kickstart"])
                .and_then(value::text)
                .unwrap_or_default(),
        }
    }
}

/// A network interface of a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// `eth0` …
    pub name: String,
    /// Its MAC address, if it is one.
    pub mac: Option<Mac>,
    /// Its address, if it has one.
    pub address: Option<IpAddr>,
}

impl Interface {
    pub(super) fn read(name: &str, item: &Value) -> Self {
        let address = value::field(item, "ip_address")
            .or_else(|| value::field(item, "ipv4").and_then(|v| value::field(v, "address")))
            .and_then(value::text);
        Self {
            name: name.to_owned(),
            mac: value::text_of(item, "mac_address").parse().ok(),
            address: address.and_then(|a| a.parse().ok()),
        }
    }
}

/// How a system is switched, without its password and options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PowerView {
    /// Name of the agent: `ipmilan`, `redfish` …; empty when there is none.
    pub kind: String,
    /// Where the agent connects to.
    pub address: String,
    /// As whom.
    pub user: String,
    /// Which plug or machine.
    pub id: String,
    /// Whether Cobbler holds a password. It gives that to whoever asks, without a login.
    pub has_password: bool,
}

impl PowerView {
    fn read(item: &Value) -> Self {
        let nested = value::field(item, "power");
        let text = |flat: &str, short: &str| {
            nested
                .and_then(|p| value::field(p, short))
                .or_else(|| value::field(item, flat))
                .and_then(value::text)
                .unwrap_or_default()
        };
        Self {
            kind: text("power_type", "type"),
            address: text("power_address", "address"),
            user: text("power_user", "user"),
            id: text("power_id", "id"),
            has_password: !text("power_pass", "password").is_empty(),
        }
    }
}

/// A machine that Cobbler knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct System {
    /// Its name.
    pub name: String,
    /// What is installed on it; empty when it has an image instead.
    pub profile: String,
    /// The name that it gets.
    pub hostname: String,
    /// Whether it is installed anew when it next boots from the network. `None`: Cobbler does not say.
    pub netboot: Option<bool>,
    /// Its interfaces, by name.
    pub interfaces: Vec<Interface>,
    /// How it is switched.
    pub power: PowerView,
}

impl System {
    /// Reads a system of 3.x, or of 4 with the names of profiles and the interfaces that belong to it.
    pub(super) fn read(item: &Value, others: &Others) -> Self {
        let uid = value::text_of(item, "uid");
        let profile = value::text_of(item, "profile");
        let mut interfaces: Vec<Interface> = value::field(item, "interfaces")
            .map(|all| value::members(all).map(|(name, i)| Interface::read(name, i)).collect())
            .unwrap_or_default();
        if let Some(more) = others.interfaces.get(&uid) {
            interfaces.extend(more.iter().cloned());
        }
        interfaces.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            name: value::text_of(item, "name"),
            profile: others.profiles.get(&profile).cloned().unwrap_or(profile),
            hostname: value::text_of(item, "hostname"),
            netboot: value::field(item, "netboot_enabled").and_then(value::truth),
            interfaces,
            power: PowerView::read(item),
        }
    }

    /// Whether an interface has that MAC address.
    pub fn has_mac(&self, mac: &Mac) -> bool {
        self.interfaces.iter().any(|i| i.mac.as_ref() == Some(mac))
    }

    /// Whether an interface has that address.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.interfaces.iter().any(|i| i.address == Some(address))
    }
}

/// What 4 keeps apart from its systems: names of profiles by uid, interfaces by the uid of their system.
#[derive(Clone, Debug, Default)]
pub(super) struct Others {
    pub profiles: BTreeMap<String, String>,
    pub interfaces: BTreeMap<String, Vec<Interface>>,
}

impl Others {
    pub(super) fn read(dialect: Dialect, profiles: &Value, interfaces: &Value) -> Self {
        if dialect != Dialect::V4 {
            return Self::default();
        }
        let mut all = Self::default();
        for profile in value::list(profiles) {
            all.profiles.insert(value::text_of(profile, "uid"), value::text_of(profile, "name"));
        }
        for item in value::list(interfaces) {
            let system = value::text_of(item, "system_uid");
            let interface = Interface::read(&value::text_of(item, "name"), item);
            all.interfaces.entry(system).or_default().push(interface);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]

    use super::*;

    #[test]
    fn mac_addresses_become_what_cobbler_stores() {
        assert_eq!("52-54-00-AA-00-01".parse::<Mac>().unwrap().as_str(), "52:54:00:aa:00:01");
        for bad in ["", "zz:zz", "52:54:00:aa:00", "52:54:00:aa:00:01:02", "525400aa0001"] {
            assert!(bad.parse::<Mac>().is_err(), "{bad}");
        }
    }
}
