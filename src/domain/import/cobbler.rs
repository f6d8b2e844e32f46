//! Cobbler's systems as machines of a list.

use super::reason::{Reason, Why, short};
use super::{Record, Records, Wanted, address, node_name};
use crate::domain::cobbler::CobblerSystem;

/// A machine for each system. One with several addresses is taken by the one that is `known`, else by its first.
pub fn records(systems: &[CobblerSystem], known: impl Fn(&str) -> bool) -> Records {
    let mut records = Records::default();
    for system in systems {
        let mut notes = Vec::new();
        let all: Vec<&str> = system.addresses.iter().map(String::as_str).filter(|a| !a.is_empty()).collect();
        let chosen = all.iter().copied().find(|a| known(a)).or_else(|| all.first().copied());
        if let (Some(chosen), true) = (chosen, all.len() > 1) {
            notes.push(Reason::of(Why::SeveralAddresses, chosen).and(all.len()));
        }
        let wanted = || -> Result<Wanted, Reason> {
            let chosen = chosen.ok_or_else(|| Reason::of(Why::NoAddress, "ip_address"))?;
            Ok(Wanted {
                address: address(chosen)?,
                name: node_name(&system.name)?,
                port: None,
                user: None,
                login: None,
                jump: None,
                roles: None,
            })
        };
        records.push(Record { line: 0, label: short(&system.name), wanted: wanted(), notes });
    }
    if records.all.is_empty() {
        records.notes.push(super::Note { line: 0, reason: Reason::new(Why::Empty) });
    }
    records
}
