//! How the page of a network plan looks: its head, its rows, and what the selected row has to say.

use super::network::{NetworkPage, Tab, nic_line};
use super::network_forms as forms;
use crate::domain::access;
use crate::domain::ids::NodeId;
use crate::domain::netplan::{Chosen, PlanFault, PlanText, Port, Severity, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::table::Cell;

impl NetworkPage {
    /// Who changed it when, and how much is wrong.
    pub(super) fn head(&self, cx: &Shared) -> Vec<(String, Part)> {
        let Some(view) = self.has() else { return Vec::new() };
        if view.plan.is_empty() {
            let known = self.fresh.known(cx).map(|k| (cx.tr(&k), Part::Dim));
            let may = access::Action::Configure;
            let how = if cx.may(may) { t!("net-none-do") } else { cx.only_look(may) };
            let said = [t!("net-none"), how].map(|text| (cx.tr(&text), Part::Dim));
            return said.into_iter().chain(known).collect();
        }
        let ago = text::ago(cx.now, view.changed);
        let changed = t!("net-changed", revision = view.plan.revision.0, by = &view.changed_by, ago = ago);
        let count = |severity| self.resolved.faults.iter().filter(|f| f.severity == severity).count();
        let faults = self.resolved.faults.iter().filter(|f| f.is_fault()).count();
        let (confirm, warnings) = (count(Severity::Confirm), count(Severity::Warning));
        let (line, part) = if faults + confirm > 0 {
            (t!("net-not-ready", faults = faults, confirm = confirm, warnings = warnings), Part::Bad)
        } else if warnings > 0 {
            (t!("net-ready-warnings", warnings = warnings), Part::Warn)
        } else {
            (t!("net-ready"), Part::Good)
        };
        let known = self.fresh.known(cx).map(|k| format!(" · {}", cx.tr(&k))).unwrap_or_default();
        let changed = format!("{}{known}", cx.tr(&changed));
        vec![(changed, Part::Dim), (cx.tr(&line), part), (cx.tr(&t!("net-switch")), Part::Dim)]
    }

    /// The cells of a row.
    pub(super) fn cells(&self, cx: &Shared, text: &PlanText, key: u64) -> Vec<Cell> {
        match self.tab {
            Tab::Networks => {
                let tag = usize::try_from(key).ok().and_then(|k| Tag::ALL.get(k)).copied();
                tag.map(|t| network_cells(cx, text, t)).unwrap_or_default()
            }
            Tab::Nics => {
                let Some(node) = cx.data.nodes(self.env).into_iter().find(|n| n.id.0 == key) else {
                    return Vec::new();
                };
                let mut row = vec![(node.name.clone(), Part::Text)];
                row.extend(Tag::ALL.map(|tag| self.port_cell(node.id, tag)));
                row
            }
            Tab::Faults => {
                let Some(fault) = self.fault(key) else { return Vec::new() };
                let nodes = cx.data.nodes(self.env);
                let node = fault.node.and_then(|id| nodes.iter().find(|n| n.id == id));
                let (sign, part) = mark(fault.severity);
                vec![
                    (sign.to_owned(), part),
                    (node.map_or_else(|| "-".to_owned(), |n| n.name.clone()), Part::Text),
                    (fault.field.clone(), Part::Text),
                    (cx.tr(&forms::sentence(cx, fault)), part),
                ]
            }
        }
    }

    /// The NIC and address of a node for a tag; `*`: our own connection, `=`: chosen for this node.
    fn port_cell(&self, node: NodeId, tag: Tag) -> Cell {
        let wrong = |f: &PlanFault| f.node == Some(node) && f.tag() == Some(tag) && f.is_fault();
        let wrong = self.resolved.faults.iter().any(wrong);
        let port: Option<&Port> = self.resolved.nodes.get(&node).and_then(|ports| ports.get(&tag));
        let Some(port) = port else {
            return if wrong { ("✗".to_owned(), Part::Bad) } else { ("-".to_owned(), Part::Dim) };
        };
        let ours = if port.ours { "*" } else { "" };
        let chosen = if port.chosen == Chosen::Explicit { "=" } else { "" };
        let address = port.address.map(|a| format!(" {a}")).unwrap_or_default();
        let bad = if wrong { "✗ " } else { "" };
        (format!("{bad}{chosen}{}{ours}{address}", port.nic), if wrong { Part::Bad } else { Part::Text })
    }

    /// What the selected row has to say in full.
    pub(super) fn foot(&self, cx: &Shared) -> Vec<(String, Part)> {
        match self.tab {
            Tab::Networks => {
                let Some(tag) = self.selected_tag(cx) else { return Vec::new() };
                vec![(cx.tr(&Text::key(format!("net-about-{}", tag.word()))), Part::Dim)]
            }
            Tab::Nics => {
                let id = self.selected_node(cx);
                let nodes = cx.data.nodes(self.env);
                let Some(node) = nodes.into_iter().find(|n| Some(n.id) == id) else { return Vec::new() };
                let mut lines = vec![(cx.tr(&t!("net-legend")), Part::Dim)];
                match &node.facts {
                    None => {
                        lines.push((cx.tr(&t!("net-no-facts", node = &node.name, tag = "-")), Part::Warn));
                    }
                    Some(facts) => {
                        let nics: Vec<String> = facts.nics.iter().map(nic_line).collect();
                        lines.push((nics.join("  ·  "), Part::Text));
                    }
                }
                lines
            }
            Tab::Faults => self
                .selected_fault(cx)
                .map(|f| (cx.tr(&forms::sentence(cx, f)), mark(f.severity).1))
                .into_iter()
                .collect(),
        }
    }
}

/// `10.100.7.1-10.100.7.99` as `10.100.7.1-99`.
fn short(range: &str) -> String {
    let ends = range.split_once('-').and_then(|(a, b)| Some((a, a.rsplit_once('.')?.0, b.rsplit_once('.')?)));
    match ends {
        Some((first, net, (other, last))) if net == other => format!("{first}-{last}"),
        _ => range.to_owned(),
    }
}

fn network_cells(cx: &Shared, text: &PlanText, tag: Tag) -> Vec<Cell> {
    let Some(net) = text.net(tag) else {
        let unused = cx.tr(&t!("net-unused"));
        return vec![(tag.word().to_owned(), Part::Dim), (unused, Part::Dim)];
    };
    let what = match tag {
        Tag::BrVlan => (cx.tr(&t!("net-trunk", vlans = &net.vlans)), Part::Text),
        Tag::BrMirror => (cx.tr(&t!("net-bare")), Part::Dim),
        Tag::Public | Tag::Cluster => (net.cidr.clone(), Part::Text),
    };
    let cell = |s: &str| if s.is_empty() { ("-".to_owned(), Part::Dim) } else { (s.to_owned(), Part::Text) };
    vec![
        (tag.word().to_owned(), Part::Title),
        what,
        cell(&short(&net.range)),
        cell(&net.nic),
        cell(&net.gateway),
        cell(&net.vlan),
        cell(&short(&net.floating)),
        cell(&net.mtu),
        cell(&net.vip),
    ]
}

/// The word and the look of how bad something is; the mark tells it without colours.
fn mark(severity: Severity) -> (&'static str, Part) {
    match severity {
        Severity::Refused | Severity::Fault => ("✗", Part::Bad),
        Severity::Confirm => ("?", Part::Warn),
        Severity::Warning => ("!", Part::Warn),
    }
}
