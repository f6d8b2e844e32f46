//! From what was seen to what is wrong.
//!
//! Causes come before what follows from them: a node that cannot be logged in to, then NICs on the wrong segment, then
//! addresses that somebody else has, then pairs, packet sizes, gateways, and what needs those. Each step leaves out what an
//! earlier one explains ([`Judge::off`], [`Judge::taken`], [`Judge::cut`]), so that one fault gives one finding, at the place that
//! differs from most others of its network.

mod blame;
mod layer2;
mod layer3;
mod node;
mod wires;

use super::CheckKind;
use super::expect::Expected;
use super::probe::{ProbeResult, TaskKind};
use super::report::{Cell, CellState, Column, Finding, NodeLine, Observed, Place, SegmentView, Severity};
use crate::domain::ids::NodeId;
use crate::domain::text::harmless;
use crate::domain::time::Moment;
use std::collections::{BTreeMap, BTreeSet};
use wires::Wires;

/// Characters of an argument.
const ARG_MAX: usize = 300;
/// Names that are listed in a sentence.
const LISTED: usize = 6;
/// Findings of a report; of more the worst stay.
const FINDINGS_MAX: usize = 1000;

/// What was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Rows of the matrix.
    pub nodes: Vec<NodeLine>,
    /// Columns of the matrix.
    pub columns: Vec<Column>,
    /// The matrix.
    pub cells: Vec<Cell>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Which NICs share a segment.
    pub segments: Vec<SegmentView>,
}

/// Judges what was seen at `at` by what was to be expected. `kinds` were asked for.
pub fn evaluate(expected: &Expected, observed: &Observed, kinds: &BTreeSet<CheckKind>, at: Moment) -> Judged {
    let mut judge = Judge::new(expected, observed, kinds, at);
    judge.reached();
    judge.segments();
    judge.vlans();
    judge.duplicates();
    judge.pairs();
    judge.gateways();
    judge.dhcp();
    judge.own();
    judge.unanswered();
    judge.finish()
}

struct Judge<'a> {
    expected: &'a Expected,
    observed: &'a Observed,
    kinds: &'a BTreeSet<CheckKind>,
    at: Moment,
    wires: Wires<'a>,
    findings: Vec<Finding>,
    cells: BTreeMap<(NodeId, Column), Cell>,
    /// Nodes that could not be logged in to, or on which nothing ran: nothing is known of them.
    blind: BTreeSet<NodeId>,
    /// NICs that are not where they belong: everything else about them follows from that.
    off: BTreeSet<Place>,
    /// Nodes whose address on a network somebody else has, too.
    taken: BTreeSet<(NodeId, Column)>,
    /// Nodes that do not reach their gateway, or whose names do not resolve.
    cut: BTreeSet<NodeId>,
    vlans_passing: BTreeSet<u16>,
}

/// A finding in the making.
struct Draft {
    finding: Finding,
}

impl Draft {
    fn node(mut self, node: NodeId) -> Self {
        self.finding.node = Some(node);
        self
    }
    fn place(mut self, place: &Place) -> Self {
        (self.finding.node, self.finding.nic) = (Some(place.node), Some(place.nic.clone()));
        self
    }
    fn column(mut self, column: &Column) -> Self {
        self.finding.column = Some(column.clone());
        self
    }
    fn peer(mut self, peer: &Place) -> Self {
        self.finding.peer = Some(peer.clone());
        self
    }
    #[expect(clippy::needless_pass_by_value, reason = "texts and numbers alike, as they come")]
    fn arg(mut self, name: &str, value: impl ToString) -> Self {
        let value: String = harmless(&value.to_string()).replace('\n', " ").chars().take(ARG_MAX).collect();
        self.finding.args.insert(name.to_owned(), value);
        self
    }
}

impl<'a> Judge<'a> {
    fn new(
        expected: &'a Expected,
        observed: &'a Observed,
        kinds: &'a BTreeSet<CheckKind>,
        at: Moment,
    ) -> Self {
        Self {
            expected,
            observed,
            kinds,
            at,
            wires: Wires::new(observed),
            findings: Vec::new(),
            cells: BTreeMap::new(),
            blind: BTreeSet::new(),
            off: BTreeSet::new(),
            taken: BTreeSet::new(),
            cut: BTreeSet::new(),
            vlans_passing: BTreeSet::new(),
        }
    }

    fn asks(&self, kind: CheckKind) -> bool {
        self.kinds.contains(&kind)
    }

    fn draft(&self, severity: Severity, check: CheckKind, cause: &str) -> Draft {
        let finding = Finding {
            severity,
            check,
            cause: cause.to_owned(),
            node: None,
            nic: None,
            column: None,
            peer: None,
            args: BTreeMap::new(),
            since: self.at,
        };
        Draft { finding }
    }

    fn fault(&self, check: CheckKind, cause: &str) -> Draft {
        self.draft(Severity::Fault, check, cause)
    }

    fn tell(&mut self, draft: Draft) {
        self.findings.push(draft.finding);
    }

    /// `node NIC` for a sentence.
    fn shown(&self, place: &Place) -> String {
        format!("{} {}", self.expected.name(place.node), place.nic)
    }

    /// A few of them, and how many more.
    fn list<'p>(&self, places: impl IntoIterator<Item = &'p Place>) -> String {
        listed(places.into_iter().map(|p| self.shown(p)))
    }

    fn names(&self, nodes: impl IntoIterator<Item = NodeId>) -> String {
        listed(nodes.into_iter().map(|n| self.expected.name(n).to_owned()))
    }

    /// Questions of a kind that a node could not answer: on which NIC, about what, why.
    fn not_checked(
        &self,
        node: NodeId,
        kind: TaskKind,
    ) -> impl Iterator<Item = (Option<&'a str>, &'a str, &'a str)> {
        let observed: &'a Observed = self.observed;
        observed.results(node).filter_map(move |r| match r {
            ProbeResult::NotChecked { task, nic, subject, why } if *task == kind => {
                Some((nic.as_deref(), subject.as_str(), why.as_str()))
            }
            _ => None,
        })
    }

    /// Who can be logged in to, and what ran there.
    fn reached(&mut self) {
        let expected = self.expected;
        for id in expected.nodes.keys() {
            let Some(seen) = self.observed.nodes.get(id) else {
                self.blind.insert(*id);
                continue;
            };
            let program = seen.probe.as_ref().and_then(|p| p.program.as_ref());
            let state = if seen.unreachable.is_some() { CellState::Fault } else { CellState::Passed };
            self.cell(*id, &Column::Ssh, state);
            if let Some(why) = &seen.unreachable {
                self.blind.insert(*id);
                self.tell(self.fault(CheckKind::Ssh, "unreachable").node(*id).arg("why", why));
            } else if program.is_none() && seen.probe.is_some() {
                self.blind.insert(*id);
                let why = seen.probe.as_ref().and_then(|p| p.fault.clone()).unwrap_or_default();
                let draft = self.draft(Severity::NotChecked, CheckKind::Ssh, "no-program");
                self.tell(draft.node(*id).arg("why", why));
            } else if let Some(fault) = seen.probe.as_ref().and_then(|p| p.fault.as_ref()) {
                // What came before it broke off is judged; what is missing is not told one by one.
                let draft = self.draft(Severity::NotChecked, CheckKind::Ssh, "broke-off");
                self.tell(draft.node(*id).arg("why", fault));
            }
        }
        if expected.plan_faults > 0 && self.asks(CheckKind::Segments) {
            let draft = self.draft(Severity::NotChecked, CheckKind::Segments, "plan-faults");
            self.tell(draft.arg("count", expected.plan_faults));
        }
    }

    /// One finding for each kind of question that a node could not answer.
    fn unanswered(&mut self) {
        let expected = self.expected;
        for id in expected.nodes.keys() {
            if self.blind.contains(id) {
                continue;
            }
            let broke_off =
                self.observed.nodes.get(id).and_then(|s| s.probe.as_ref()).is_some_and(|p| p.fault.is_some());
            for kind in TaskKind::ALL {
                let all: Vec<_> = self.not_checked(*id, kind).collect();
                let Some((nic, _, why)) = all.first().filter(|_| !broke_off) else { continue };
                let check = check_of(kind);
                // Without a way out nobody can say whether repositories are there.
                let follows =
                    self.cut.contains(id) && matches!(kind, TaskKind::Names | TaskKind::Repositories);
                if !self.asks(check) || follows {
                    continue;
                }
                let subjects = all.iter().map(|(_, subject, _)| (*subject).to_owned());
                let subjects = listed(subjects.filter(|s| !s.is_empty()));
                let mut draft = self.draft(Severity::NotChecked, check, "not-checked").node(*id);
                if all.iter().all(|(other, ..)| other == nic) {
                    draft.finding.nic = nic.map(str::to_owned);
                }
                self.tell(draft.arg("subject", subjects).arg("why", why));
            }
        }
    }

    /// Sets a cell, or makes it worse.
    fn cell(&mut self, node: NodeId, column: &Column, state: CellState) -> &mut Cell {
        let cell = self.cells.entry((node, column.clone())).or_insert_with(|| Cell {
            node,
            column: column.clone(),
            state: CellState::Passed,
            reached: None,
            rtt_us: None,
            wire_only: false,
        });
        cell.state = cell.state.min(state);
        cell
    }

    /// Cells from findings: each finding reddens the cells it is about.
    fn redden(&mut self) {
        let findings = std::mem::take(&mut self.findings);
        for finding in &findings {
            let state = CellState::from(finding.severity);
            let column = finding.column.clone().or(match finding.check {
                CheckKind::Ssh => Some(Column::Ssh),
                CheckKind::Names => Some(Column::Names),
                CheckKind::Clock => Some(Column::Clock),
                CheckKind::Repositories => Some(Column::Repositories),
                CheckKind::Ports => Some(Column::Ports),
                _ => None,
            });
            let columns: Vec<Column> = match (column, &finding.nic) {
                (Some(column), _) => vec![column],
                // On a NIC: the networks that it carries. Without a NIC: all networks.
                (None, nic) => self
                    .expected
                    .nets
                    .iter()
                    .filter(|net| match (finding.node.and_then(|n| net.members.get(&n)), nic) {
                        (Some(member), Some(nic)) => member.nic == *nic,
                        (_, nic) => nic.is_none(),
                    })
                    .map(|net| net.column.clone())
                    .collect(),
            };
            for column in columns {
                let rows: Vec<NodeId> = match finding.node {
                    Some(node) => {
                        std::iter::once(node).chain(finding.peer.as_ref().map(|p| p.node)).collect()
                    }
                    None => self.cells.keys().filter(|(_, c)| *c == column).map(|(n, _)| *n).collect(),
                };
                for row in rows {
                    self.cell(row, &column, state);
                }
            }
        }
        self.findings = findings;
    }

    fn finish(mut self) -> Judged {
        let expected = self.expected;
        let columns = expected.columns();
        for id in expected.nodes.keys().copied() {
            let blind = self.blind.contains(&id);
            let unseen = |seen: bool| if blind || !seen { CellState::NotChecked } else { CellState::Passed };
            for net in &expected.nets {
                if let Some(member) = net.members.get(&id) {
                    let place = Place { node: id, nic: member.nic.clone() };
                    let answered = |r: &ProbeResult| matches!(r, ProbeResult::Echo { source, .. } if source.is_some() && *source == member.address);
                    let seen =
                        self.wires.carrier.contains_key(&place) || self.observed.results(id).any(answered);
                    self.cell(id, &net.column, unseen(seen)).wire_only = member.address.is_none();
                }
            }
            let ports = expected.nodes.get(&id).is_some_and(|n| !n.ports.is_empty());
            for (column, kind) in [
                (Column::Names, CheckKind::Names),
                (Column::Clock, CheckKind::Clock),
                (Column::Repositories, CheckKind::Repositories),
                (Column::Ports, CheckKind::Ports),
            ] {
                if column != Column::Ports || ports {
                    // Silence is never "nothing found".
                    let seen = self.observed.results(id).any(|r| answers(kind, r));
                    self.cell(id, &column, unseen(seen));
                }
            }
        }
        self.redden();
        let line = |id: &NodeId| {
            let probe = self.observed.nodes.get(id).and_then(|s| s.probe.as_ref());
            let program = probe.and_then(|p| p.program.as_ref());
            let program = program.map(|p| harmless(&format!("{} {}", p.language, p.version)));
            NodeLine { node: *id, name: expected.name(*id).to_owned(), program }
        };
        let nodes = expected.nodes.keys().map(line).collect();
        let segments = self.segment_views();
        let mut findings = self.findings;
        findings.sort_by_cached_key(|f| {
            let rank = CheckKind::ALL.iter().position(|k| *k == f.check);
            (f.severity, rank, f.node.map(|n| expected.name(n).to_owned()), f.nic.clone(), f.key())
        });
        findings.truncate(FINDINGS_MAX);
        Judged { nodes, columns, cells: self.cells.into_values().collect(), findings, segments }
    }
}

/// A few texts with commas between them, and how many more there are.
fn listed(all: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = all.into_iter().collect();
    let shown: Vec<&str> = all.iter().take(LISTED).map(String::as_str).collect();
    let more = all.len().saturating_sub(LISTED);
    if more == 0 { shown.join(", ") } else { format!("{} +{more}", shown.join(", ")) }
}

/// Whether a result says something for a check that a node makes alone.
fn answers(kind: CheckKind, result: &ProbeResult) -> bool {
    match kind {
        // Names are those of repositories at least.
        CheckKind::Names => {
            matches!(result, ProbeResult::Name { .. } | ProbeResult::Repository { .. })
        }
        CheckKind::Clock => matches!(result, ProbeResult::Clock { .. }),
        CheckKind::Repositories => matches!(result, ProbeResult::Repository { .. }),
        CheckKind::Ports => matches!(result, ProbeResult::Port { .. }),
        _ => false,
    }
}

/// The check that a question that could not be answered belongs to.
fn check_of(kind: TaskKind) -> CheckKind {
    match kind {
        TaskKind::Frames => CheckKind::Segments,
        TaskKind::Addresses => CheckKind::Duplicates,
        TaskKind::Dhcp => CheckKind::Dhcp,
        TaskKind::Echo => CheckKind::Pairs,
        TaskKind::Ports => CheckKind::Ports,
        TaskKind::Names => CheckKind::Names,
        TaskKind::Repositories => CheckKind::Repositories,
        TaskKind::Clock => CheckKind::Clock,
    }
}
