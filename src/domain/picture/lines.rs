//! The drawing in columns of a terminal.
//!
//! Networks are rails from top to bottom, a node is a line that crosses them: `●` where a NIC of it is on the network, the NIC's
//! name behind it and its address below. Rails that do not fit are left out from the right; the head says how many.

use super::{Link, Member, Topology};
use crate::domain::ids::NodeId;
use crate::domain::node::NodeRoles;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// A name.
    Name,
    /// A title.
    Title,
    /// A rail or a line of a node.
    Wire,
    /// A NIC, an address.
    Label,
    /// A NIC without a carrier.
    Fault,
}

/// A line of the drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The node it belongs to; none: the head.
    pub node: Option<NodeId>,
    /// Its pieces, from left to right.
    pub pieces: Vec<(Ink, String)>,
}

impl Drawn {
    /// As plain text.
    pub fn text(&self) -> String {
        let all: String = self.pieces.iter().map(|(_, p)| p.as_str()).collect();
        all.trim_end().to_owned()
    }
}

/// Least and most columns of a rail.
const RAIL: (usize, usize) = (19, 30);
/// Most columns of a name, and of its roles.
const NAME: usize = 20;
const ROLES: usize = 14;

/// The text in exactly that many columns.
fn fit(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push_str(&" ".repeat(columns - used));
    out
}

impl Topology {
    /// The head, and two lines for each of the members `wanted`, each of at most `columns`.
    pub fn lines(
        &self,
        columns: usize,
        wanted: Range<usize>,
        roles: impl Fn(&NodeRoles) -> String,
    ) -> (Vec<Drawn>, Vec<Drawn>) {
        let name = self.members.iter().map(|m| m.name.width()).max().unwrap_or(4).clamp(4, NAME);
        // Of a thousand nodes most have the same roles.
        let all: BTreeSet<&NodeRoles> = self.members.iter().map(|m| &m.roles).collect();
        let words: BTreeMap<&NodeRoles, String> = all.into_iter().map(|r| (r, roles(r))).collect();
        let role = words.values().map(|w| w.width()).max().unwrap_or(0).min(ROLES);
        let lead = name + role + 3;
        let room = columns.saturating_sub(lead);
        let shown = self.rails.len().min((room / RAIL.0).max(1));
        let rail = (room / shown.max(1)).clamp(4, RAIL.1);
        let rails = self.rails.get(..shown).unwrap_or_default();
        let hidden = self.rails.len() - shown;
        let mut head = Vec::new();
        let row = |ink: Ink, of: &dyn Fn(usize) -> String, first: String| {
            let mut pieces = vec![(Ink::Label, fit(&first, lead))];
            pieces.extend((0..shown).map(|n| (ink, fit(&of(n), rail))));
            Drawn { node: None, pieces }
        };
        let more = if hidden > 0 { format!("+{hidden} …") } else { String::new() };
        let text =
            |n: usize, pick: fn(&super::Rail) -> &str| rails.get(n).map(pick).unwrap_or_default().to_owned();
        head.push(row(Ink::Title, &|n| text(n, |r| &r.title), more));
        if rails.iter().any(|r| !r.detail.is_empty()) {
            head.push(row(Ink::Label, &|n| text(n, |r| &r.detail), String::new()));
        }
        head.push(row(Ink::Wire, &|_| "┃".into(), String::new()));
        let mut body = Vec::new();
        let first = wanted.start;
        for member in self.members.iter().skip(first).take(wanted.len()) {
            let words = words.get(&member.roles).map_or("", String::as_str);
            let label = format!(" {} {} ", fit(&member.name, name), fit(words, role));
            body.push(crossing(member, label, shown, rail));
            let mut pieces = vec![(Ink::Label, " ".repeat(lead))];
            for link in member.links.iter().take(shown) {
                let below = link.as_ref().and_then(|l| l.address).map(|a| a.to_string()).unwrap_or_default();
                pieces.push((Ink::Wire, "┃ ".into()));
                pieces.push((Ink::Label, fit(&below, rail - 2)));
            }
            body.push(Drawn { node: Some(member.id), pieces });
        }
        (head, body)
    }
}

/// The line of a node: it ends at the last rail that it is on.
fn crossing(member: &Member, label: String, shown: usize, rail: usize) -> Drawn {
    let links = member.links.get(..shown).unwrap_or_default();
    let last = links.iter().rposition(Option::is_some);
    let mut pieces = vec![(Ink::Name, label)];
    for (n, link) in links.iter().enumerate() {
        let goes_on = last.is_some_and(|last| n < last);
        let fill = if goes_on { "─" } else { " " };
        match link {
            Some(link) => {
                let (part, words) = nic(link);
                let words = fit_end(&format!(" {words} "), rail - 2);
                let rest = rail.saturating_sub(2 + words.width());
                pieces.push((Ink::Wire, "●─".into()));
                pieces.push((part, words));
                pieces.push((Ink::Wire, fill.repeat(rest)));
            }
            None if goes_on => pieces.push((Ink::Wire, format!("╂{}", "─".repeat(rail - 1)))),
            None => pieces.push((Ink::Wire, fit("┃", rail))),
        }
    }
    Drawn { node: Some(member.id), pieces }
}

fn fit_end(text: &str, columns: usize) -> String {
    if text.width() <= columns { text.to_owned() } else { fit(text, columns) }
}

/// `eth0 10G`; `eth0 ✗` where no cable is in it.
fn nic(link: &Link) -> (Ink, String) {
    let speed = match link.speed {
        Some(mbit) if mbit >= 1000 && mbit % 1000 == 0 => format!(" {}G", mbit / 1000),
        Some(mbit) => format!(" {mbit}M"),
        None => String::new(),
    };
    match link.carrier {
        Some(false) => (Ink::Fault, format!("{} ✗", link.nic)),
        _ => (Ink::Label, format!("{}{speed}", link.nic)),
    }
}
