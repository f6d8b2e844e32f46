//! What is known of a pool, a subnet or an address, and in which order they can stand.

use super::addresses::{Tab, who};
use crate::domain::ipam::{AddressRow, IpView, PoolUse, Subnet, SubnetState};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::widgets::beside;
use std::cmp::Ordering;

/// Compares two rows of a tab by what a column shows.
pub fn order(has: &IpView, tab: Tab, by: Action, a: u64, b: u64) -> Ordering {
    fn two<T>(all: &[T], a: u64, b: u64) -> Option<(&T, &T)> {
        Some((all.get(usize::try_from(a).ok()?)?, all.get(usize::try_from(b).ok()?)?))
    }
    let sooner = |s: &Subnet| match s.state {
        SubnetState::Reserved { until } => (0, until),
        SubnetState::Confirmed { at } => (1, at),
    };
    let found = match tab {
        Tab::Pools => two(&has.pools, a, b).map(|(a, b)| match by {
            Action::SortUse => a.allocated.cmp(&b.allocated),
            _ => a.pool.net.cmp(&b.pool.net),
        }),
        Tab::Subnets => two(&has.subnets, a, b).map(|(a, b)| match by {
            Action::SortOwner => a.owner.to_string().cmp(&b.owner.to_string()),
            Action::SortState => sooner(a).cmp(&sooner(b)),
            Action::SortUse => a.addresses.len().cmp(&b.addresses.len()),
            _ => a.net.cmp(&b.net),
        }),
        Tab::Addresses => two(&has.addresses, a, b).map(|(a, b)| match by {
            Action::SortOwner => who(a).cmp(&who(b)),
            _ => a.address.cmp(&b.address),
        }),
    };
    found.unwrap_or(Ordering::Equal)
}

/// What is known of a row: its name, and a line each.
pub fn describe(cx: &Shared, has: &IpView, tab: Tab, at: usize) -> Option<(String, Vec<Text>)> {
    match tab {
        Tab::Pools => has.pools.get(at).map(|p| (p.pool.net.to_string(), pool(cx, has, p))),
        Tab::Subnets => has.subnets.get(at).map(|s| (s.net.to_string(), subnet(cx, s))),
        Tab::Addresses => has.addresses.get(at).map(|a| (a.address.to_string(), address(cx, a))),
    }
}

fn pool(cx: &Shared, has: &IpView, p: &PoolUse) -> Vec<Text> {
    let line = |label: Text, value: String| beside::line(cx, &label, &value);
    let mut lines = vec![
        line(t!("col-for"), cx.tr(&Text::key(format!("pool-{}", p.pool.kind.word())))),
        line(t!("address-made"), format!("{}, {}", cx.clock(p.pool.made), p.pool.by)),
    ];
    if p.addresses > 0 {
        lines.push(line(t!("col-addresses"), p.addresses.to_string()));
        lines.push(line(t!("col-reserved"), p.reserved.to_string()));
        lines.push(line(t!("col-confirmed"), p.confirmed.to_string()));
        lines.push(line(t!("col-in-use"), p.allocated.to_string()));
    }
    let inside = |s: &&Subnet| match p.pool.net {
        ipnet::IpNet::V4(net) => net.contains(&s.net),
        ipnet::IpNet::V6(_) => false,
    };
    let subnets: Vec<&Subnet> = has.subnets.iter().filter(inside).collect();
    if !subnets.is_empty() {
        lines.extend([Text::plain(""), t!("tab-subnets")]);
        lines.extend(subnets.iter().map(|s| Text::plain(format!("  {}  {}", s.net, s.owner))));
    }
    lines
}

fn subnet(cx: &Shared, s: &Subnet) -> Vec<Text> {
    let line = |label: Text, value: String| beside::line(cx, &label, &value);
    let state = match s.state {
        SubnetState::Reserved { until } => t!("subnet-reserved", left = text::duration(until.since(cx.now))),
        SubnetState::Confirmed { .. } => t!("subnet-confirmed"),
    };
    let mut lines = vec![
        line(t!("col-owner"), s.owner.to_string()),
        line(t!("col-for"), cx.tr(&Text::key(format!("pool-{}", s.kind.word())))),
        line(t!("col-state"), cx.tr(&state)),
        line(t!("address-made"), format!("{}, {}", cx.clock(s.made), s.by)),
        line(t!("col-in-use"), format!("{}/{}", s.addresses.len(), s.usable())),
    ];
    if !s.addresses.is_empty() {
        lines.push(Text::plain(""));
    }
    let used = s.addresses.iter();
    lines.extend(used.map(|(ip, to)| Text::plain(format!("{ip}  {}  {}", to.to, cx.clock(to.at)))));
    lines
}

fn address(cx: &Shared, row: &AddressRow) -> Vec<Text> {
    let line = |label: Text, value: String| beside::line(cx, &label, &value);
    let mut lines = Vec::new();
    if row.conflict {
        lines.push(t!("address-conflict"));
    }
    lines.push(line(t!("col-subnet-of"), row.subnet.clone().unwrap_or_else(|| "-".to_owned())));
    let kind = row.pool.map_or_else(|| "-".to_owned(), |k| cx.tr(&Text::key(format!("pool-{}", k.word()))));
    lines.push(line(t!("address-pool"), kind));
    lines.push(Text::plain(""));
    lines.extend(
        row.claims
            .iter()
            .map(|claim| line(Text::key(format!("ip-source-{}", claim.source.word())), claim.owner.clone())),
    );
    lines
}
