//! The network plan of an environment: networks, the NIC of each node for each, and what is wrong.

use super::network_forms as forms;
use crate::api::message::NetView;
use crate::api::rows::{Matter, NodeRow};
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::facts::Nic;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::netplan::{NodeFacts, PlanFault, PlanText, Resolved, Tag, resolve};
use crate::tui::event::{Effect, Level, Tag as Call};
use crate::tui::fresh::Fresh;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::empty;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Wide, column};
use crate::tui::widgets::tabs::{self, Tab as _};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines at the foot of the page for what the selected row has to say.
const FOOT: u16 = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Networks,
    Nics,
    Faults,
}

impl tabs::Tab for Tab {
    const ALL: &'static [Self] = &[Self::Networks, Self::Nics, Self::Faults];

    fn title(self) -> Text {
        match self {
            Self::Networks => t!("tab-networks"),
            Self::Nics => t!("tab-nics"),
            Self::Faults => t!("tab-faults"),
        }
    }
}

/// The page.
pub struct NetworkPage {
    pub(super) env: EnvId,
    pub(super) tab: Tab,
    list: List,
    /// Not answered yet, why not, or the plan.
    view: Option<Result<Box<NetView>, Text>>,
    pub(super) resolved: Resolved,
    pub(super) fresh: Fresh,
}

/// The rows as the rules of a plan look at them.
pub fn seen<'a>(nodes: &[&'a NodeRow]) -> Vec<NodeFacts<'a>> {
    nodes.iter().map(|n| NodeFacts::from(*n)).collect()
}

/// A NIC as a person chooses it: `eth1 10G ixgbe 52:54:00:00:00:01 10.0.0.5/24`.
pub fn nic_line(nic: &Nic) -> String {
    let speed = match nic.speed {
        Some(mbit) if mbit % 1000 == 0 => format!(" {}G", mbit / 1000),
        Some(mbit) => format!(" {mbit}M"),
        None => String::new(),
    };
    let driver = if nic.driver.is_empty() { String::new() } else { format!(" {}", nic.driver) };
    let mut words = vec![format!("{}{speed}{driver} {}", nic.name, nic.mac)];
    words.extend(nic.addresses.iter().take(2).cloned());
    words.join(" ")
}

impl NetworkPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self {
            env,
            tab: Tab::Networks,
            list: List::default(),
            view: None,
            resolved: Resolved::default(),
            fresh: Fresh::default(),
        }
    }

    /// Opens a tab, on its first row.
    fn turn(&mut self, tab: Tab) {
        self.tab = tab;
        self.list = List::default();
    }

    pub(super) fn has(&self) -> Option<&NetView> {
        self.view.as_ref()?.as_deref().ok()
    }

    fn text(&self, cx: &Shared) -> Option<PlanText> {
        let nodes = cx.data.nodes(self.env);
        let names: Vec<(NodeId, &str)> = nodes.iter().map(|n| (n.id, n.name.as_str())).collect();
        self.has().map(|view| PlanText::of(&view.plan, &names))
    }

    fn work_out(&mut self, cx: &Shared) {
        let nodes = cx.data.nodes(self.env);
        if let Some(view) = self.has() {
            self.resolved = resolve(&view.plan, &seen(&nodes));
        }
    }

    fn keys(&self, cx: &Shared) -> Vec<u64> {
        let wanted = |text: &str| self.list.filter.matches(text);
        match self.tab {
            Tab::Networks => {
                (0_u64..).zip(Tag::ALL).filter(|(_, t)| wanted(t.word())).map(|(k, _)| k).collect()
            }
            Tab::Nics => {
                let nodes = cx.data.nodes(self.env);
                nodes.into_iter().filter(|n| wanted(&n.name)).map(|n| n.id.0).collect()
            }
            Tab::Faults => {
                let all = (0_u64..).zip(&self.resolved.faults);
                all.filter(|(_, f)| wanted(&f.message)).map(|(k, _)| k).collect()
            }
        }
    }

    pub(super) fn fault(&self, key: u64) -> Option<&PlanFault> {
        self.resolved.faults.get(usize::try_from(key).ok()?)
    }

    pub(super) fn selected_fault(&self, cx: &Shared) -> Option<&PlanFault> {
        (self.tab == Tab::Faults)
            .then(|| self.list.selected(&self.keys(cx)))
            .flatten()
            .and_then(|k| self.fault(k))
    }

    pub(super) fn selected_node(&self, cx: &Shared) -> Option<NodeId> {
        match self.tab {
            Tab::Networks => None,
            Tab::Nics => self.list.selected(&self.keys(cx)).map(NodeId),
            Tab::Faults => self.selected_fault(cx)?.node,
        }
    }

    pub(super) fn selected_tag(&self, cx: &Shared) -> Option<Tag> {
        match self.tab {
            Tab::Networks => {
                let key = self.list.selected(&self.keys(cx))?;
                Tag::ALL.get(usize::try_from(key).ok()?).copied()
            }
            Tab::Nics => None,
            Tab::Faults => {
                let fault = self.selected_fault(cx)?;
                fault.tag().or(Some(if fault.field == "vlans" { Tag::BrVlan } else { Tag::Cluster }))
            }
        }
    }

    /// The form for what is selected, on the field that is wrong when that is a fault.
    fn edit(&self, cx: &Shared) -> Option<Vec<Effect>> {
        let view = self.has()?;
        let nodes = cx.data.nodes(self.env);
        let field = self.selected_fault(cx).map(|f| f.field.clone());
        let text = self.text(cx)?;
        let screen = match self.selected_node(cx) {
            Some(node) => forms::node(self.env, &view.plan, text, &nodes, node, field.as_deref())?,
            None => {
                forms::network(self.env, &view.plan, text, &nodes, self.selected_tag(cx)?, field.as_deref())
            }
        };
        Some(vec![Effect::Push(screen)])
    }

    /// Asks before a network is taken out.
    fn remove(&self, cx: &Shared) -> Option<Vec<Effect>> {
        let (view, tag) = (self.has()?, self.selected_tag(cx)?);
        let (env, based_on) = (self.env, view.plan.revision);
        let mut plan = view.plan.clone();
        plan.nets.remove(&tag);
        plan.wires.remove(&tag);
        plan.patterns.remove(&tag);
        if tag == Tag::BrVlan {
            plan.vlans = crate::domain::netplan::VlanSet::default();
        }
        for nics in plan.nics.values_mut() {
            nics.remove(&tag);
        }
        for addresses in plan.addresses.values_mut() {
            addresses.remove(&tag);
        }
        let body = vec![t!("net-remove-what", tag = tag.word()), t!("net-remove-undo")];
        let dialog =
            Confirm::new(t!("net-remove-title", tag = tag.word()), body, t!("button-remove"), move || {
                vec![Effect::CallDetached(
                    Call::Refresh,
                    Request::NetSet { env, based_on, plan: Box::new(plan) },
                )]
            });
        Some(vec![Effect::Push(Box::new(dialog))])
    }

    /// Asks before a change that may lock us out is confirmed.
    fn confirm(&self, cx: &Shared) -> Option<Vec<Effect>> {
        let (view, id) = (self.has()?, self.selected_node(cx)?);
        let lock_out = self.resolved.lock_outs.get(&id)?.clone();
        let name = cx.data.nodes(self.env).iter().find(|n| n.id == id).map(|n| n.name.clone())?;
        let fault =
            self.resolved.faults.iter().find(|f| f.node == Some(id) && f.key.starts_with("net-lock-out"));
        let (env, based_on) = (self.env, view.plan.revision);
        let mut plan = view.plan.clone();
        plan.confirmed.insert(id, lock_out);
        let mut body: Vec<Text> = fault.map(|f| forms::sentence(cx, f)).into_iter().collect();
        body.push(t!("net-confirm-risk"));
        let dialog =
            Confirm::new(t!("net-confirm-title", name = &name), body, t!("button-confirm"), move || {
                vec![Effect::CallDetached(
                    Call::Refresh,
                    Request::NetSet { env, based_on, plan: Box::new(plan) },
                )]
            });
        Some(vec![Effect::Push(Box::new(dialog.typed(name)))])
    }

    fn count(&self, cx: &Shared, tab: Tab) -> usize {
        match tab {
            Tab::Networks => self.has().map_or(0, |v| Tag::ALL.iter().filter(|t| v.plan.uses(**t)).count()),
            Tab::Nics => cx.data.nodes(self.env).len(),
            Tab::Faults => self.resolved.faults.len(),
        }
    }
}

impl Screen for NetworkPage {
    fn name(&self) -> &'static str {
        "network"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("network-crumb"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Network, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Nodes(self.env), Topic::Matter(self.env, Matter::Network)]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.tab(&mut self.tab);
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.fresh.ask(cx, Request::Net { env: self.env })
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn changed(&mut self, cx: &Shared, topic: Topic) -> Vec<Effect> {
        if matches!(topic, Topic::Matter(..)) {
            let moved = self.fresh.marked(cx.data.mark(self.env, Matter::Network));
            return if moved { self.fresh.changed(cx, Request::Net { env: self.env }) } else { Vec::new() };
        }
        self.work_out(cx);
        Vec::new()
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::NetRemove if self.tab != Tab::Networks => Some(t!("refused-net-tab")),
            Action::NetRemove
                if !self.has().zip(self.selected_tag(cx)).is_some_and(|(v, t)| v.plan.uses(t)) =>
            {
                Some(t!("refused-net-unused"))
            }
            Action::NetConfirm
                if !self.selected_node(cx).is_some_and(|id| self.resolved.lock_outs.contains_key(&id)) =>
            {
                Some(t!("refused-net-nothing-to-confirm"))
            }
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::TabNetworks => self.turn(Tab::Networks),
            Action::TabNics => self.turn(Tab::Nics),
            Action::TabFaults => self.turn(Tab::Faults),
            Action::TabNext => self.turn(self.tab.next()),
            Action::TabBefore => self.turn(self.tab.before()),
            Action::NetEdit => return self.edit(cx).or(Some(Vec::new())),
            Action::NetRemove => return self.remove(cx),
            Action::NetConfirm => return self.confirm(cx),
            Action::Yank => {
                return self.text(cx).and_then(|t| toml::to_string(&t).ok()).map(|t| vec![Effect::Copy(t)]);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Call, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Net(view)) => {
                self.view = Some(Ok(view));
                self.work_out(cx);
                self.fresh.came(cx, true, Request::Net { env: self.env })
            }
            Ok(_) => Vec::new(),
            Err(f) if tag == Call::Content && self.has().is_none() => {
                self.view = Some(Err(cx.catalogue.failure(&f)));
                self.fresh.came(cx, false, Request::Net { env: self.env })
            }
            Err(f) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        match &self.view {
            None => return empty::asked(cx, frame, area, None),
            Some(Err(why)) => return empty::asked(cx, frame, area, Some(why)),
            Some(Ok(_)) => {}
        }
        let Some(plan) = self.text(cx) else { return };
        let width = usize::from(area.width).saturating_sub(2).max(1);
        let below = self.foot(cx);
        let below: Vec<(String, Part)> = below
            .into_iter()
            .flat_map(|(line, part)| text::wrap(&line, width).into_iter().map(move |l| (l, part)))
            .take(usize::from(FOOT))
            .collect();
        let foot = cells(below.len()).min(area.height / 3);
        let mut y = area.y;
        let put = |frame: &mut Frame, y: u16, line: &str, part: Part| {
            if y < area.bottom() {
                let line = Line::styled(format!(" {line}"), cx.style(part));
                frame.render_widget(line, Rect { y, height: 1, ..area });
            }
        };
        for (line, part) in self.head(cx) {
            for piece in text::wrap(&line, width) {
                put(frame, y, &piece, part);
                y += 1;
            }
        }
        for (n, (line, part)) in below.iter().take(usize::from(foot)).enumerate() {
            put(frame, area.bottom().saturating_sub(foot) + cells(n), line, *part);
        }
        if y >= area.bottom() {
            return;
        }
        frame.render_widget(
            Line::from(tabs::spans(cx, self.tab, |tab| self.count(cx, tab))),
            Rect { y, height: 1, ..area },
        );
        let rest = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 2 + foot), ..area };
        let keys = self.keys(cx);
        if keys.is_empty() {
            let sentence = match self.tab {
                _ if !self.list.filter.text().is_empty() => {
                    t!("filter-empty", filter = self.list.filter.text())
                }
                Tab::Networks => return,
                Tab::Nics => t!("net-no-nodes"),
                Tab::Faults => t!("net-no-faults"),
            };
            return empty::draw(cx, frame, rest, &[sentence]);
        }
        // Names of racks differ at their ends: they are not cut while there is room.
        let names = cx.data.nodes(self.env).into_iter().map(|n| text::width(&n.name)).max().unwrap_or(0);
        let columns = match self.tab {
            Tab::Networks => vec![
                column(t!("col-network"), Wide::Fixed(9), 0),
                column(t!("col-cidr"), Wide::Fixed(18), 0),
                column(t!("col-node-range"), Wide::Flex(14), 0),
                column(t!("col-nic"), Wide::Flex(8), 0),
                column(t!("col-gateway"), Wide::Fixed(15), 1),
                column(t!("col-vlan"), Wide::Fixed(12), 2),
                column(t!("col-floating"), Wide::Flex(16), 3),
                column(t!("col-mtu"), Wide::Fixed(5), 4),
                column(t!("col-vip"), Wide::Fixed(15), 5),
            ],
            Tab::Nics => std::iter::once(column(t!("col-node"), Wide::Flex(names.clamp(10, 20)), 0))
                .chain(Tag::ALL.map(|tag| {
                    let wide = if tag.has_addresses() { Wide::Flex(18) } else { Wide::Flex(6) };
                    column(Text::plain(tag.word()), wide, 0)
                }))
                .collect(),
            Tab::Faults => vec![
                column(Text::plain(" "), Wide::Fixed(1), 0),
                column(t!("col-node"), Wide::Fixed(names.clamp(12, 20)), 0),
                column(t!("col-field"), Wide::Fixed(16), 0),
                column(t!("col-what"), Wide::Flex(20), 0),
            ],
        };
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| self.cells(cx, &plan, key));
    }
}
