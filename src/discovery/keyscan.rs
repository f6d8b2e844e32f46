//! The host key of an SSH server, asked without logging in; and the MAC addresses of our own networks.

use crate::domain::net::HostAddress;
use crate::ssh::{self, Deadlines, Hop, HostKey, HostKeyCheck, SshError, Target};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Entries of the neighbour table that are read.
const NEIGHBOURS_MAX: usize = 65_536;

/// The key that a server shows, or `None`: it shows none within a few seconds. Nothing is tried to log in: the connection ends
/// after the exchange of keys.
pub async fn host_key(address: HostAddress, port: u16) -> Option<HostKey> {
    let hop = Hop {
        address,
        port,
        user: "cpmg".to_owned(),
        credentials: Vec::new(),
        host_key: HostKeyCheck::AskFirst,
    };
    let deadlines = Deadlines {
        connect: Duration::from_secs(3),
        greeting: Duration::from_secs(4),
        key_exchange: Duration::from_secs(8),
        ..Deadlines::default()
    };
    match ssh::connect_with(&Target::from(hop), deadlines).await {
        Err(SshError::HostKeyUnknown { offered, .. }) => Some(*offered),
        _ => None,
    }
}

/// MAC addresses by address, as the kernel knows them now; empty where it does not tell.
pub fn neighbours() -> HashMap<Ipv4Addr, String> {
    parse(&std::fs::read_to_string("/proc/net/arp").unwrap_or_default())
}

/// `ADDRESS TYPE FLAGS MAC MASK DEVICE` after a heading; flags without bit 1 are no answer.
fn parse(table: &str) -> HashMap<Ipv4Addr, String> {
    let line = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = words.next()?.parse().ok()?;
        let flags = u32::from_str_radix(words.nth(1)?.trim_start_matches("0x"), 16).ok()?;
        let mac = words.next()?.to_lowercase();
        (flags & 2 != 0 && mac.len() == 17).then_some((address, mac))
    };
    table.lines().skip(1).take(NEIGHBOURS_MAX).filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neighbour_table_is_read() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
            192.0.2.1        0x1         0x2         02:FC:00:00:00:05     *        eth0\n\
            192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        eth0\nrubbish\n";
        let read = parse(table);
        assert_eq!(read.len(), 1);
        assert_eq!(read.get(&Ipv4Addr::new(192, 0, 2, 1)).map(String::as_str), Some("02:fc:00:00:00:05"));
        assert!(parse("").is_empty());
    }
}
