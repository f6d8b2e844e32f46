//! What was typed as what is meant, for the rules and for forms that check while somebody types.

use super::{Owner, Refused, SubnetSize, TIMEOUT_RANGE_S, TIMEOUT_S};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

/// A network in normal form that can be a pool.
pub fn pool_of(text: &str) -> Result<IpNet, Refused> {
    let typed = text.trim();
    let net: IpNet = match typed.parse() {
        Ok(net) if typed.contains('/') => net,
        _ => return Err(Refused::Network(typed.to_owned())),
    };
    if net != net.trunc() {
        return Err(Refused::NotNormal { typed: typed.to_owned(), net: net.trunc() });
    }
    if let Some(why) = unusable(&net) {
        return Err(Refused::Unusable { net, why });
    }
    let good = match net {
        IpNet::V4(net) => (16..=29).contains(&net.prefix_len()),
        IpNet::V6(net) => (32..=126).contains(&net.prefix_len()),
    };
    if good { Ok(net) } else { Err(Refused::PoolSize(net)) }
}

/// Why nobody's machine can have an address of it.
fn unusable(net: &IpNet) -> Option<&'static str> {
    match net {
        IpNet::V4(net) => {
            let (first, last) = (net.network(), net.broadcast());
            match first.octets() {
                [0, ..] => Some("in 'this network', 0.0.0.0/8"),
                [127, ..] => Some("loopback"),
                [224..=239, ..] => Some("multicast"),
                [240..=255, ..] => Some("reserved"),
                _ if last.is_loopback() || last.is_multicast() || last.is_broadcast() => {
                    Some("partly loopback, multicast or reserved")
                }
                _ if first.is_link_local() => Some("link-local"),
                _ => None,
            }
        }
        IpNet::V6(net) => {
            let first = net.network();
            if first.is_multicast() {
                Some("multicast")
            } else if first.is_unicast_link_local() {
                Some("link-local")
            } else if net.contains(&std::net::Ipv6Addr::LOCALHOST) {
                Some("loopback")
            } else if matches!(first.segments(), [0, 0, 0, 0, 0, 0xFFFF, ..]) {
                Some("IPv4 in the clothes of IPv6")
            } else {
                None
            }
        }
    }
}

/// A network of IPv4 in normal form.
pub fn net_of(text: &str) -> Result<Ipv4Net, Refused> {
    match pool_or_smaller(text)? {
        IpNet::V4(net) => Ok(net),
        IpNet::V6(net) => Err(Refused::Network(net.to_string())),
    }
}

fn pool_or_smaller(text: &str) -> Result<IpNet, Refused> {
    let typed = text.trim();
    let net: IpNet = match typed.parse() {
        Ok(net) if typed.contains('/') => net,
        _ => return Err(Refused::Network(typed.to_owned())),
    };
    if net == net.trunc() {
        Ok(net)
    } else {
        Err(Refused::NotNormal { typed: typed.to_owned(), net: net.trunc() })
    }
}

/// An owner's name.
pub fn owner_of(text: &str) -> Result<Owner, Refused> {
    let good = (1..=64).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' '));
    if good { Ok(Owner(text.to_owned())) } else { Err(Refused::Owner) }
}

/// A subnet's size.
pub fn size_of(count: u32) -> Result<SubnetSize, Refused> {
    match count {
        8 => Ok(SubnetSize(3)),
        16 => Ok(SubnetSize(4)),
        32 => Ok(SubnetSize(5)),
        64 => Ok(SubnetSize(6)),
        _ => Err(Refused::Size(count)),
    }
}

/// Seconds until a reservation falls back.
pub fn timeout_of(seconds: Option<u32>) -> Result<u32, Refused> {
    let seconds = seconds.unwrap_or(TIMEOUT_S);
    if TIMEOUT_RANGE_S.contains(&seconds) { Ok(seconds) } else { Err(Refused::Timeout(seconds)) }
}

/// An address of IPv4.
pub fn address_of(text: &str) -> Result<Ipv4Addr, Refused> {
    match text.trim().parse() {
        Ok(IpAddr::V4(ip)) => Ok(ip),
        _ => Err(Refused::Address(text.trim().to_owned())),
    }
}
