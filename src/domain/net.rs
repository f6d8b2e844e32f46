//! Addresses, networks and ranges, parsed once at the edge.

use super::said::Said;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// Most addresses that one sweep takes: a /16.
pub const RANGE_MAX: u32 = 65_536;

/// Why a text is not an address or a range. `Display` is the sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetFault {
    /// Not an IPv4 address.
    #[error(
        "'{0}' is not an IPv4 address: four numbers from 0 to 255 with dots between them, as in 192.168.7.10"
    )]
    Address(String),
    /// An address no node can have.
    #[error("{0} cannot be a node's address: it is {1}")]
    Unusable(Ipv4Addr, &'static str),
    /// Not a network.
    #[error("'{0}' is not a network: give an address and a prefix length from 0 to 32, as in 192.168.7.0/24")]
    Network(String),
    /// Not a range.
    #[error("'{0}' is not a range: write 10.0.0.0/24, 10.0.0.1-10.0.0.50, 10.0.0.1-50 or one address")]
    Range(String),
    /// The end lies before the start.
    #[error("the range ends at {end}, before it starts at {start}: exchange the two")]
    Backwards {
        /// First address given.
        start: Ipv4Addr,
        /// Last address given.
        end: Ipv4Addr,
    },
    /// More than [`RANGE_MAX`].
    #[error("'{0}' holds {1} addresses; 65536 are the most for one sweep: split it")]
    TooLarge(String, u64),
}

impl NetFault {
    /// The sentence with its key in the message catalogue.
    pub fn said(&self) -> Said {
        let keyed = |key| Said::keyed(self.to_string(), key);
        match self {
            Self::Address(_) => keyed("fault-address"),
            Self::Unusable(address, _) => keyed("fault-range-unusable").arg("address", address.to_string()),
            Self::Network(_) | Self::Range(_) => keyed("fault-range"),
            Self::Backwards { start, end } => {
                keyed("fault-range-backwards").arg("start", start.to_string()).arg("end", end.to_string())
            }
            Self::TooLarge(text, count) => {
                keyed("fault-range-large").arg("range", text.as_str()).arg("count", count.to_string())
            }
        }
    }
}

/// An address that a node may have: not loopback's network address, multicast, broadcast or unspecified. Loopback itself is
/// allowed, the demonstration's nodes live there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Ipv4Addr", into = "Ipv4Addr")]
pub struct HostAddress(Ipv4Addr);

impl HostAddress {
    /// The plain address.
    pub fn ip(self) -> Ipv4Addr {
        self.0
    }
}

impl TryFrom<Ipv4Addr> for HostAddress {
    type Error = NetFault;
    fn try_from(ip: Ipv4Addr) -> Result<Self, NetFault> {
        let why = if ip.is_unspecified() {
            "the unspecified address"
        } else if ip.is_multicast() {
            "a multicast address"
        } else if ip.is_broadcast() {
            "the broadcast address"
        } else if ip.octets().first() == Some(&0) {
            "in 'this network', 0.0.0.0/8"
        } else if ip.octets().first().is_some_and(|o| *o >= 240) {
            "reserved"
        } else {
            return Ok(Self(ip));
        };
        Err(NetFault::Unusable(ip, why))
    }
}

impl From<HostAddress> for Ipv4Addr {
    fn from(a: HostAddress) -> Self {
        a.0
    }
}

impl FromStr for HostAddress {
    type Err = NetFault;
    fn from_str(s: &str) -> Result<Self, NetFault> {
        let s = s.trim();
        s.parse::<Ipv4Addr>().map_err(|_| NetFault::Address(s.to_owned()))?.try_into()
    }
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Addresses from a first to a last one, both included. A CIDR of /30 or shorter leaves out its network and broadcast
/// address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AddressRange {
    first: Ipv4Addr,
    last: Ipv4Addr,
}

impl AddressRange {
    /// How many addresses, 1 to [`RANGE_MAX`].
    pub fn count(self) -> u32 {
        u32::from(self.last).saturating_sub(u32::from(self.first)).saturating_add(1)
    }

    /// Its first address.
    pub fn first(self) -> Ipv4Addr {
        self.first
    }

    /// Its last address.
    pub fn last(self) -> Ipv4Addr {
        self.last
    }

    /// From `first` to `last`, both included, in the given order, [`RANGE_MAX`] at most.
    pub fn between(first: Ipv4Addr, last: Ipv4Addr) -> Result<Self, NetFault> {
        Self::new(&format!("{first}-{last}"), first, last)
    }

    /// Whether the two share an address.
    pub fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Every address, in order.
    pub fn iter(self) -> impl Iterator<Item = Ipv4Addr> {
        (u32::from(self.first)..=u32::from(self.last)).map(Ipv4Addr::from)
    }

    /// Whether `ip` lies in it.
    pub fn contains(self, ip: Ipv4Addr) -> bool {
        self.first <= ip && ip <= self.last
    }

    fn new(text: &str, first: Ipv4Addr, last: Ipv4Addr) -> Result<Self, NetFault> {
        if last < first {
            return Err(NetFault::Backwards { start: first, end: last });
        }
        let count = u64::from(u32::from(last)) - u64::from(u32::from(first)) + 1;
        if count > u64::from(RANGE_MAX) {
            return Err(NetFault::TooLarge(text.to_owned(), count));
        }
        HostAddress::try_from(first)?;
        HostAddress::try_from(last)?;
        Ok(Self { first, last })
    }
}

/// The same addresses as ranges in order that neither overlap nor touch.
pub fn merged(ranges: &[AddressRange]) -> Vec<AddressRange> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable_by_key(|r| (r.first, r.last));
    let mut out: Vec<AddressRange> = Vec::new();
    for range in sorted {
        match out.last_mut() {
            Some(before) if u32::from(range.first) <= u32::from(before.last).saturating_add(1) => {
                before.last = before.last.max(range.last);
            }
            _ => out.push(range),
        }
    }
    out
}

impl FromStr for AddressRange {
    type Err = NetFault;
    fn from_str(s: &str) -> Result<Self, NetFault> {
        let s = s.trim();
        let bad = || NetFault::Range(s.to_owned());
        if s.contains('/') {
            let net: Ipv4Net = s.parse().map_err(|_| NetFault::Network(s.to_owned()))?;
            if net.prefix_len() < 16 {
                return Err(NetFault::TooLarge(s.to_owned(), 1_u64 << (32 - net.prefix_len())));
            }
            let edge = u32::from(net.prefix_len() <= 30);
            let first = Ipv4Addr::from(u32::from(net.network()).saturating_add(edge));
            let last = Ipv4Addr::from(u32::from(net.broadcast()).saturating_sub(edge));
            return Self::new(s, first, last);
        }
        let Some((from, to)) = s.split_once('-') else {
            let one: Ipv4Addr = s.parse().map_err(|_| bad())?;
            return Self::new(s, one, one);
        };
        let first: Ipv4Addr = from.trim().parse().map_err(|_| bad())?;
        let to = to.trim();
        let last = match to.parse::<u8>() {
            Ok(end) => {
                let [a, b, c, _] = first.octets();
                Ipv4Addr::new(a, b, c, end)
            }
            Err(_) => to.parse().map_err(|_| bad())?,
        };
        Self::new(s, first, last)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { self.first.fmt(f) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, count) in [
            ("10.0.0.0/24", 254),
            ("10.0.0.5/30", 2),
            ("10.0.0.4/31", 2),
            ("10.0.0.4/32", 1),
            ("10.0.0.1-50", 50),
            ("10.0.0.250 - 10.0.1.5", 12),
            ("10.0.0.7", 1),
            ("10.1.0.0/16", 65_534),
        ] {
            let r: AddressRange = text.parse().unwrap();
            assert_eq!(r.count(), count, "{text}");
            assert_eq!(r.iter().count(), count as usize, "{text}");
        }
    }

    #[test]
    fn bad_ranges_say_why() {
        for (text, part) in [
            ("banana", "is not a range"),
            ("10.0.0.0/33", "is not a network"),
            ("10.0.0.9-3", "before it starts"),
            ("10.0.0.0/8", "65536"),
            ("224.0.0.1", "multicast"),
            ("1.2.3.4-banana", "is not a range"),
            ("", "is not a range"),
        ] {
            let why = text.parse::<AddressRange>().unwrap_err().to_string();
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
