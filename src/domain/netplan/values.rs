//! The small types of a network plan, parsed once at the edge.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is none of these. `Display` is the sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// Not a VLAN's number.
    #[error("'{0}' is not a VLAN: its number is 1 to 4094")]
    Vlan(String),
    /// Not a list of VLANs.
    #[error("'{0}' is not a list of VLANs: write numbers from 1 to 4094 and ranges, as in 100-199,300")]
    Vlans(String),
    /// A range that ends before it starts.
    #[error("the VLANs {0} end before they start: exchange the two numbers")]
    VlansBackwards(String),
    /// Not a NIC's name.
    #[error(
        "'{0}' is not a NIC's name: 1 to 15 characters without spaces, '/' and ':', as in eth1 or ens2f0"
    )]
    Nic(String),
    /// Not a MAC address.
    #[error("'{0}' is not a MAC address: six pairs of hexadecimal digits, as in 52:54:00:12:34:56")]
    Mac(String),
    /// A MAC address that no single NIC has.
    #[error("{0} is the address of a group of NICs, not of one: look at the NIC's own MAC address again")]
    MacGroup(String),
    /// Not a pattern.
    #[error(
        "'{0}' is not a pattern for NICs: write a name (eth1, ens*), a place and speed (2nd 10G), a driver (driver ixgbe) or MAC addresses"
    )]
    Pattern(String),
    /// A place that no NIC has.
    #[error("a NIC's place is 1st to 64th, not '{0}'")]
    Place(String),
}

impl ValueFault {
    /// Key of the sentence in the message catalogue; its only argument is `value`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Vlan(_) => "net-bad-vlan",
            Self::Vlans(_) => "net-bad-vlans",
            Self::VlansBackwards(_) => "net-vlans-backwards",
            Self::Nic(_) => "net-bad-nic",
            Self::Mac(_) => "net-bad-mac",
            Self::MacGroup(_) => "net-mac-group",
            Self::Pattern(_) => "net-bad-pattern",
            Self::Place(_) => "net-bad-place",
        }
    }

    /// The text that is wrong.
    pub fn value(&self) -> &str {
        match self {
            Self::Vlan(v)
            | Self::Vlans(v)
            | Self::VlansBackwards(v)
            | Self::Nic(v)
            | Self::Mac(v)
            | Self::MacGroup(v)
            | Self::Pattern(v)
            | Self::Place(v) => v,
        }
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = ValueFault;
            fn try_from(s: String) -> Result<Self, ValueFault> {
                s.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}
pub(super) use as_text;

/// Number of a VLAN, 1 to 4094 (IEEE 802.1Q; 0 and 4095 have other meanings).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct VlanId(u16);

impl VlanId {
    /// The number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for VlanId {
    type Error = ValueFault;
    fn try_from(number: u16) -> Result<Self, ValueFault> {
        if (1..=4094).contains(&number) {
            Ok(Self(number))
        } else {
            Err(ValueFault::Vlan(number.to_string()))
        }
    }
}

impl From<VlanId> for u16 {
    fn from(vlan: VlanId) -> Self {
        vlan.0
    }
}

impl FromStr for VlanId {
    type Err = ValueFault;
    fn from_str(s: &str) -> Result<Self, ValueFault> {
        let wrong = || ValueFault::Vlan(s.trim().to_owned());
        s.trim().parse::<u16>().map_err(|_| wrong())?.try_into().map_err(|_| wrong())
    }
}

impl fmt::Display for VlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of VLANs, written `100-199,300`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VlanSet(Vec<(VlanId, VlanId)>);

impl VlanSet {
    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds `vlan`.
    pub fn contains(&self, vlan: VlanId) -> bool {
        self.0.iter().any(|(first, last)| (first..=last).contains(&&vlan))
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.iter().map(|(first, last)| usize::from(last.0 - first.0) + 1).sum()
    }

    /// Each, in order.
    pub fn iter(&self) -> impl Iterator<Item = VlanId> {
        self.0.iter().flat_map(|(first, last)| (first.0..=last.0).map(VlanId))
    }

    /// First and last of each stretch without a gap, in order.
    pub fn stretches(&self) -> impl Iterator<Item = (VlanId, VlanId)> {
        self.0.iter().copied()
    }
}

impl FromStr for VlanSet {
    type Err = ValueFault;
    fn from_str(s: &str) -> Result<Self, ValueFault> {
        let wrong = || ValueFault::Vlans(s.trim().to_owned());
        let mut parts = Vec::new();
        for part in s.split([',', ' ', '，', '、']).map(str::trim).filter(|p| !p.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first: VlanId = first.parse().map_err(|_| wrong())?;
            let last: VlanId = last.parse().map_err(|_| wrong())?;
            if last < first {
                return Err(ValueFault::VlansBackwards(part.to_owned()));
            }
            parts.push((first, last));
        }
        if parts.is_empty() && !s.trim().is_empty() {
            return Err(wrong());
        }
        parts.sort_unstable();
        let mut joined: Vec<(VlanId, VlanId)> = Vec::new();
        for (first, last) in parts {
            match joined.last_mut() {
                Some((_, end)) if first.0 <= end.0.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Ok(Self(joined))
    }
}

impl fmt::Display for VlanSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (first, last)) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            if first == last { first.fmt(f)? } else { write!(f, "{first}-{last}")? }
        }
        Ok(())
    }
}
as_text!(VlanSet);

/// The kernel's name of a NIC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NicName(String);

impl NicName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NicName {
    type Err = ValueFault;
    fn from_str(s: &str) -> Result<Self, ValueFault> {
        let name = s.trim();
        // The kernel's rule (dev_valid_name), and nothing that a terminal or a shell would act on.
        let good = (1..=15).contains(&name.len())
            && name != "."
            && name != ".."
            && name != "lo"
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@+".contains(c));
        if good { Ok(Self(name.to_owned())) } else { Err(ValueFault::Nic(name.to_owned())) }
    }
}

impl fmt::Display for NicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
as_text!(NicName);

/// A MAC address of one NIC: lower case, colons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress(String);

impl MacAddress {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MacAddress {
    type Err = ValueFault;
    fn from_str(s: &str) -> Result<Self, ValueFault> {
        let text = s.trim().to_ascii_lowercase().replace('-', ":");
        let mut bytes = Vec::new();
        for pair in text.split(':') {
            let byte =
                u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2 && !pair.starts_with('+'));
            bytes.push(byte.ok_or_else(|| ValueFault::Mac(s.trim().to_owned()))?);
        }
        match (bytes.len(), bytes.first()) {
            (6, Some(first)) if first & 1 == 1 => Err(ValueFault::MacGroup(text)),
            (6, _) => Ok(Self(text)),
            _ => Err(ValueFault::Mac(s.trim().to_owned())),
        }
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
as_text!(MacAddress);
