//! The node table of an environment.

use super::facts::{FactsPage, against};
use super::job::JobPage;
use super::leave;
use super::logs::LogsPage;
use super::manual::ManualPage;
use super::services::ServicesPage;
use super::sweep::SweepPage;
use super::{
    credential_sets, import_forms, node_forms, node_jump, node_lock, node_login, renewal, shell, sweep_forms,
};
use crate::api::Request;
use crate::api::message::NodeChange;
use crate::api::rows::NodeRow;
use crate::domain::access;
use crate::domain::facts::Facts;
use crate::domain::facts::findings::{Severity, findings, worst};
use crate::domain::ids::EnvId;
use crate::domain::node::{self, NodeEvent, NodeState, Reach};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{Confirm, Reading};
use crate::tui::widgets::list::{Descending, List};
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crate::tui::widgets::{beside, empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The table.
pub struct NodesTab {
    env: EnvId,
    /// Selection, marks, filter, order.
    pub list: List,
}

impl NodesTab {
    /// The nodes of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, list: List::default() }
    }

    /// The rows as they are shown.
    pub fn keys(&self, cx: &Shared) -> Vec<u64> {
        let mut rows = cx.data.nodes(self.env);
        if !self.list.filter.text().is_empty() {
            rows.retain(|r| self.list.filter.matches(&search_text(cx, r)));
        }
        match self.list.sort {
            Some((Action::SortAddress, _)) => rows.sort_by_key(|r| (r.address, r.port)),
            Some((Action::SortState, _)) => rows.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name))),
            Some((Action::SortRoles, _)) => {
                rows.sort_by(|a, b| (&a.roles, &a.name).cmp(&(&b.roles, &b.name)));
            }
            _ => rows.sort_by_key(|r| natural(&r.name)),
        }
        if matches!(self.list.sort, Some((_, Descending::Yes))) {
            rows.reverse();
        }
        rows.iter().map(|r| r.id.0).collect()
    }

    fn row<'a>(&self, cx: &'a Shared, key: u64) -> Option<&'a NodeRow> {
        cx.data.nodes(self.env).into_iter().find(|r| r.id.0 == key)
    }

    /// The marked nodes, or the selected one.
    fn chosen<'a>(&self, cx: &'a Shared) -> Vec<&'a NodeRow> {
        self.list.chosen(&self.keys(cx)).into_iter().filter_map(|key| self.row(cx, key)).collect()
    }

    fn selected<'a>(&self, cx: &'a Shared) -> Option<&'a NodeRow> {
        self.list.selected(&self.keys(cx)).and_then(|key| self.row(cx, key))
    }

    /// Why an action is not possible now.
    pub fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        use Action as A;
        let on_nodes = matches!(
            action,
            A::NodeProbe
                | A::NodeRoles
                | A::NodeRename
                | A::NodeCredential
                | A::NodeAddress
                | A::NodeJump
                | A::NodeForget
                | A::NodeRemove
                | A::NodeLock
                | A::NodeReinstall
                | A::NodeByHand
                | A::Details
                | A::FactsHistory
                | A::Shell
                | A::Logs
                | A::NodeOutput
                | A::Open
        );
        if !on_nodes {
            return None;
        }
        let chosen = self.chosen(cx);
        let Some(first) = chosen.first() else { return Some(t!("refused-no-node")) };
        let single = matches!(action, A::NodeRename | A::NodeAddress | A::NodeForget);
        if single && chosen.len() > 1 {
            return Some(t!("refused-one-node"));
        }
        let changes =
            matches!(action, A::NodeRoles | A::NodeRename | A::NodeAddress | A::NodeJump | A::NodeRemove);
        if changes && let Some(busy) = chosen.iter().find(|n| n.state.is_busy()) {
            return Some(t!("refused-node-busy", name = &busy.name));
        }
        let selected = self.selected(cx).unwrap_or(first);
        match action {
            A::NodeReinstall => no_way(selected, NodeEvent::Reinstall),
            A::NodeByHand if selected.state == NodeState::Manual => None,
            A::NodeByHand => no_way(selected, NodeEvent::ByHand),
            A::NodeProbe | A::Shell => {
                let without = chosen.iter().find(|n| n.credential.is_none());
                without.map(|n| t!("refused-no-credential", name = &n.name)).or_else(|| {
                    let unknown = chosen.iter().find(|n| action == A::Shell && n.host_key.is_none());
                    unknown.map(|n| t!("refused-no-key", name = &n.name))
                })
            }
            A::Services if selected.credential.is_none() => {
                Some(t!("refused-no-credential", name = &selected.name))
            }
            A::NodeForget if first.host_key.is_none() => Some(t!("refused-no-pin", name = &first.name)),
            A::NodeOutput if selected.job.is_none() => Some(t!("refused-no-job", name = &selected.name)),
            _ => None,
        }
    }

    /// Does an action.
    pub fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        let chosen = self.chosen(cx);
        let effects = match action {
            Action::NodeAdd => vec![Effect::Push(node_login::add(self.env))],
            Action::NodeImport => vec![Effect::Push(import_forms::import(self.env))],
            Action::NodeExport => {
                let name = cx.data.environment(self.env).map_or_else(String::new, |e| e.env.name.clone());
                vec![Effect::Push(import_forms::export(&name, &cx.data.nodes(self.env)))]
            }
            Action::Sweep => vec![Effect::Push(sweep_forms::find(self.env, None))],
            Action::Discovered => vec![Effect::Push(Box::new(SweepPage::new(self.env)))],
            Action::Services => {
                vec![Effect::Push(Box::new(ServicesPage::new(self.env, self.selected(cx)?.id)))]
            }
            Action::FactsHistory => {
                vec![Effect::Push(Box::new(FactsPage::new(self.env, self.selected(cx)?.id)))]
            }
            Action::NodeProbe => {
                let count = chosen.len();
                let nodes = chosen.iter().map(|n| n.id).collect();
                vec![Effect::Say(Level::Info, t!("probe-started", count = count)), Effect::Probe(nodes)]
            }
            Action::NodeRoles => vec![Effect::Push(node_forms::roles(&chosen))],
            Action::NodeRename => vec![Effect::Push(node_forms::rename(chosen.first()?))],
            Action::NodeAddress => vec![Effect::Push(node_forms::address(chosen.first()?))],
            Action::NodeJump => vec![Effect::Push(node_jump::jump(&chosen))],
            Action::NodeCredential => vec![Effect::Push(node_login::credentials(&chosen))],
            Action::NodeForget => vec![Effect::Push(Box::new(forget(chosen.first()?)))],
            Action::NodeRemove => vec![Effect::Push(match chosen.as_slice() {
                [one] if one.is_part_of_a_cloud() => leave::leave(one),
                _ => Box::new(remove(&chosen)),
            })],
            Action::NodeLock => vec![Effect::Push(node_lock::lock(cx, &chosen))],
            Action::NodeReinstall => {
                let node = self.selected(cx)?;
                vec![Effect::Push(renewal::reinstall(cx, node.id, &node.name, renewal::From::Table))]
            }
            Action::NodeByHand => {
                let node = self.selected(cx)?;
                vec![match node.job.filter(|_| node.state == NodeState::Manual) {
                    Some(job) => Effect::Push(Box::new(ManualPage::new(node.env, job, node.id))),
                    None => Effect::Push(Box::new(renewal::by_hand(node.id, &node.name))),
                }]
            }
            Action::Open | Action::Details => vec![Effect::Push(Box::new(details(self.selected(cx)?)))],
            Action::Shell => {
                let nodes: Vec<_> = chosen.iter().map(|n| (n.id, n.name.as_str())).collect();
                vec![Effect::Push(Box::new(shell::ShellPage::open(cx, self.env, None, &nodes)))]
            }
            Action::Logs => {
                let node = self.selected(cx)?;
                vec![Effect::Push(Box::new(LogsPage::of_node(self.env, &node.name)))]
            }
            Action::NodeOutput => {
                let node = self.selected(cx)?;
                vec![Effect::Push(Box::new(JobPage::on(node.job?, node.id)))]
            }
            Action::Yank => {
                let texts: Vec<String> = chosen
                    .iter()
                    .map(|n| describe(cx, n).iter().map(|l| cx.tr(l) + "\n").collect())
                    .collect();
                vec![Effect::Copy(texts.join("\n"))]
            }
            _ => return None,
        };
        if matches!(
            action,
            Action::NodeRemove | Action::NodeRoles | Action::NodeProbe | Action::NodeLock | Action::NodeJump
        ) {
            self.list.unmark();
        }
        Some(effects)
    }

    /// Draws it.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let keys = self.keys(cx);
        if keys.is_empty() {
            let (topic, filter) = (crate::api::Topic::Nodes(self.env), self.list.filter.text());
            if !cx.data.has(topic) {
                return empty::watched(cx, frame, area, topic);
            }
            if !filter.is_empty() {
                return empty::draw(cx, frame, area, &[t!("filter-empty", filter = filter)]);
            }
            let (what, how) = (t!("nodes-empty"), t!("nodes-empty-how"));
            return empty::invite(cx, frame, area, what, access::Action::Configure, how);
        }
        let (area, details) = beside::split(area);
        if let (Some(place), Some(row)) = (details, self.selected(cx)) {
            beside::draw(cx, frame, place, &row.name, &describe(cx, row));
        }
        // Locks are rare: their column takes room only where there is one.
        let locked = keys.iter().any(|key| self.row(cx, *key).is_some_and(|r| r.lock.is_some()));
        let lock = if locked { 4 } else { 0 };
        let columns = [
            column(t!("col-name"), Wide::Flex(if locked { 12 } else { 15 }), 0)
                .sorted_by(Action::SortName, 'N'),
            column(t!("col-state"), Wide::Fixed(14), 0).sorted_by(Action::SortState, 'S'),
            column(t!("col-roles"), Wide::Flex(14), 0).sorted_by(Action::SortRoles, 'R'),
            column(t!("col-address"), Wide::Fixed(if locked { 15 } else { 16 }), 1)
                .sorted_by(Action::SortAddress, 'A'),
            column(t!("col-reach"), Wide::Fixed(9), 2),
            column(t!("col-lock"), Wide::Fixed(lock), u8::from(!locked) * 9),
            column(t!("col-system"), Wide::Flex(16), 3),
            column(t!("col-cpus"), Wide::Fixed(4), 4),
            column(t!("col-memory"), Wide::Fixed(9), 5),
            column(t!("col-host-key"), Wide::Fixed(24), 6),
        ];
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| {
            self.row(cx, key).map(|row| cells(cx, row)).unwrap_or_default()
        });
    }
}

/// `node-2` before `node-10`.
pub fn natural(name: &str) -> (String, u64, String) {
    let head = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name.get(head.len()..).and_then(|n| n.parse().ok()).unwrap_or(0);
    (head.to_owned(), number, name.to_owned())
}

fn cells(cx: &Shared, row: &NodeRow) -> Vec<Cell> {
    let facts = row.facts.as_ref();
    let fact = |text: Option<String>| (text.unwrap_or_else(|| "-".into()), Part::Dim);
    vec![
        (name(row), Part::Text),
        states::node(row.state).cell(cx),
        (states::roles(cx, &row.roles), Part::Text),
        (place(row), Part::Text),
        states::reach(&row.reach, row.probing.is_some()).cell(cx),
        (row.lock.as_ref().map_or_else(String::new, |_| "■".into()), Part::Warn),
        fact(facts.map(|f| format!("{} {}", f.os_id, f.os_version))),
        fact(facts.map(|f| f.cpus.to_string())),
        fact(facts.map(|f| text::bytes(f.memory))),
        fact(row.host_key.clone()),
    ]
}

/// Address, with the port where it is not the usual one.
fn place(row: &NodeRow) -> String {
    if row.port == 22 { row.address.to_string() } else { format!("{}:{}", row.address, row.port) }
}

fn search_text(cx: &Shared, row: &NodeRow) -> String {
    let state = states::node(row.state).text(cx);
    let reach = states::reach(&row.reach, row.probing.is_some()).text(cx);
    let lock = row
        .lock
        .as_ref()
        .map_or_else(String::new, |l| format!("{} {} {}", cx.tr(&t!("col-lock")), l.by, l.why));
    format!("{} {} {} {state} {reach} {lock}", row.name, place(row), states::roles(cx, &row.roles))
}

/// What is known about a node, a line each.
fn describe(cx: &Shared, row: &NodeRow) -> Vec<Text> {
    let line =
        |label: Text, value: String| Text::plain(format!("{}  {value}", text::left(&cx.tr(&label), 12)));
    let mut lines = vec![
        line(t!("col-name"), row.name.clone()),
        line(t!("col-address"), format!("{}@{}:{}", row.user, row.address, row.port)),
        line(t!("field-method"), login(cx, row)),
        line(t!("col-host-key"), row.host_key.clone().unwrap_or_else(|| "-".into())),
        line(t!("col-roles"), states::roles(cx, &row.roles)),
        line(t!("col-state"), states::node(row.state).text(cx)),
    ];
    let reach = states::reach(&row.reach, row.probing.is_some()).text(cx);
    lines.push(match &row.reach {
        Reach::Silent { since, why } => {
            let why = cx.tr(&cx.catalogue.kept(why));
            line(t!("col-reach"), format!("{reach}, {}: {why}", cx.clock(*since)))
        }
        Reach::Answers { at } => line(t!("col-reach"), format!("{reach}, {}", cx.clock(*at))),
        Reach::Unknown => line(t!("col-reach"), reach),
    });
    if let Some(jump) = &row.jump {
        let key = jump.host_key.as_deref().unwrap_or("-");
        lines.push(line(t!("field-jump"), format!("{}  {key}", jump.place())));
    }
    if let Some(lock) = &row.lock {
        lines.push(line(t!("col-lock"), format!("{}, {}: {}", lock.by, cx.clock(lock.at), lock.why)));
    }
    lines.push(line(t!("label-ways"), ways_on(cx, row)));
    lines.extend(against(cx, row).into_iter().map(|(line, _)| Text::plain(line)));
    let Some(facts) = &row.facts else {
        lines.extend([Text::plain(""), t!("details-none")]);
        return lines;
    };
    lines.push(Text::plain(""));
    lines.extend([
        line(t!("fact-host"), facts.hostname.clone()),
        line(t!("col-system"), facts.os_pretty.clone()),
        line(t!("fact-kernel"), format!("{} {}", facts.kernel, facts.arch)),
        line(t!("col-cpus"), format!("{} x {} {}", facts.cpus, facts.cpu_model, facts.virt_flags)),
        line(t!("fact-kind"), facts.virt_kind.clone()),
        line(t!("col-memory"), text::bytes(facts.memory)),
        line(t!("fact-clock"), clock(cx, facts)),
        line(
            t!("fact-gateway"),
            format!(
                "{} {}",
                facts.gateway.as_deref().unwrap_or("-"),
                facts.gateway_nic.as_deref().unwrap_or("")
            ),
        ),
        line(
            t!("fact-firewall"),
            if facts.firewall.is_empty() { "-".into() } else { facts.firewall.clone() },
        ),
        line(t!("fact-python"), if facts.python.is_empty() { "-".into() } else { facts.python.clone() }),
        line(t!("fact-selinux"), if facts.selinux.is_empty() { "-".into() } else { facts.selinux.clone() }),
        line(t!("fact-packages"), facts.package_manager.clone()),
        line(t!("fact-gathered"), cx.clock(facts.gathered)),
    ]);
    for disk in &facts.disks {
        lines.push(line(t!("fact-disk"), format!("{} {}", disk.name, text::bytes(disk.bytes))));
    }
    for nic in &facts.nics {
        let carrier = if nic.carrier { "+" } else { "-" };
        let addresses = nic.addresses.join(" ");
        lines.push(line(t!("fact-nic"), format!("{} {} {carrier} {addresses}", nic.name, nic.mac)));
    }
    lines
}

/// How far the clock is off, and what keeps it.
fn clock(cx: &Shared, facts: &Facts) -> String {
    let kept = match facts.clock_synchronised {
        Some(true) => cx.tr(&t!("clock-synchronised")),
        Some(false) => cx.tr(&t!("clock-free")),
        None => String::new(),
    };
    format!("{} ms {kept} {}", facts.clock_offset_ms, facts.clock_service).trim_end().to_owned()
}

/// Its name, with a mark when something speaks against it: `d` and `H` say what.
fn name(row: &NodeRow) -> String {
    let found = row.facts.as_ref().map(|f| findings(f, &row.roles)).unwrap_or_default();
    match worst(&found) {
        Some(Severity::Fault) => format!("{} ✗", row.name),
        Some(Severity::Warning) => format!("{} !", row.name),
        None if row.logins.is_some_and(|l| l.until.is_some()) => format!("{} !", row.name),
        None if !row.twins.is_empty() => format!("{} !", row.name),
        None => row.name.clone(),
    }
}

/// Why a node cannot be renewed now.
fn no_way(row: &NodeRow, event: NodeEvent) -> Option<Text> {
    if let Some(lock) = &row.lock {
        return Some(t!("refused-locked", name = &row.name, by = &lock.by, why = &lock.why));
    }
    if row.state.is_busy() && row.state != NodeState::Manual {
        return Some(t!("refused-node-busy", name = &row.name));
    }
    let state = Text::key(format!("node-state-{}", row.state.word()));
    let none = !node::exits(row.state).any(|(e, _)| e == event);
    none.then(|| t!("refused-way-state", name = &row.name, state = state))
}

/// What leads on from where a node stands, by the table of its states, as far as an operator can ask for it.
fn ways_on(cx: &Shared, row: &NodeRow) -> String {
    let mut words: Vec<String> = node::exits(row.state)
        .filter_map(|(event, _)| match event {
            NodeEvent::Queue if !row.state.is_busy() => Some(t!("exit-install")),
            NodeEvent::Undo if !row.state.is_busy() && row.job.is_some() => Some(t!("exit-undo")),
            NodeEvent::Reinstall if row.state != NodeState::Interrupted => Some(t!("exit-reinstall")),
            NodeEvent::ByHand if !row.state.is_busy() => Some(t!("exit-by-hand")),
            NodeEvent::Check if row.state == NodeState::Manual => Some(t!("exit-check")),
            NodeEvent::RolesSet | NodeEvent::RolesCleared => Some(t!("exit-roles")),
            _ => None,
        })
        .map(|text| cx.tr(&text))
        .collect();
    if row.lock.is_some() {
        words = vec![cx.tr(&t!("exit-unlock"))];
    } else if words.is_empty() {
        words.push(cx.tr(&t!("exit-job")));
    }
    words.join(", ")
}

fn login(cx: &Shared, row: &NodeRow) -> String {
    row.credential.as_ref().map_or_else(|| "-".into(), |kind| credential_sets::kind_words(cx, kind))
}

pub(super) fn details(row: &NodeRow) -> Reading {
    let id = row.id;
    let lines = move |cx: &Shared| cx.data.node(id).map(|row| describe(cx, row)).unwrap_or_default();
    Reading::live(t!("details-title", name = &row.name), lines)
}

/// Names with commas, the rest of many as a number.
pub fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.into_iter().collect();
    let shown = all.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    if all.len() > 8 { format!("{shown} … +{}", all.len() - 8) } else { shown }
}

fn forget(row: &NodeRow) -> Confirm {
    let (node, based_on) = (row.id, row.revision);
    let key = row.host_key.clone().unwrap_or_default();
    let body = vec![t!("node-forget-what", key = key), t!("node-forget-when")];
    let title = t!("node-forget-title", name = &row.name);
    let dialog = Confirm::new(title, body, t!("button-forget"), move || {
        let request = Request::NodeEdit { node, based_on, change: NodeChange::ForgetHostKey };
        vec![Effect::CallDetached(Tag::Quiet, request)]
    });
    dialog.typed(row.name.clone())
}

fn remove(rows: &[&NodeRow]) -> Confirm {
    let requests: Vec<Request> =
        rows.iter().map(|n| Request::NodeRemove { node: n.id, based_on: n.revision }).collect();
    let first = rows.first().map(|n| n.name.clone()).unwrap_or_default();
    let list = names(rows.iter().map(|n| n.name.as_str()));
    let body = vec![t!("node-remove-what", names = list), t!("node-remove-machines"), t!("node-remove-undo")];
    let title = t!("node-remove-title", count = rows.len(), first = first);
    Confirm::new(title, body, t!("button-remove"), move || {
        requests.into_iter().map(|r| Effect::CallDetached(Tag::Quiet, r)).collect()
    })
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
    fn numbers_sort_as_numbers() {
        let mut all = ["node-10", "node-2", "db", "node-1", "10"];
        all.sort_by_key(|n| natural(n));
        assert_eq!(all, ["10", "db", "node-1", "node-2", "node-10"]);
    }
}
