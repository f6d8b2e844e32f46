//! Addresses of an environment: pools, subnets, who uses what.

use super::{address_details, address_forms};
use crate::api::rows::{Matter, NodeRow};
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::access;
use crate::domain::ids::EnvId;
use crate::domain::ipam::{AddressRow, IpRequest, IpView, PoolUse, Subnet, SubnetState};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::fresh::Fresh;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{Confirm, Reading};
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Column, Wide, column};
use crate::tui::widgets::tabs::{self, Tab as _};
use crate::tui::widgets::{beside, empty};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Pools,
    Subnets,
    Addresses,
}

impl tabs::Tab for Tab {
    const ALL: &'static [Self] = &[Self::Pools, Self::Subnets, Self::Addresses];

    fn title(self) -> Text {
        match self {
            Self::Pools => t!("tab-pools"),
            Self::Subnets => t!("tab-subnets"),
            Self::Addresses => t!("tab-used"),
        }
    }
}

/// The page.
pub struct AddressPage {
    env: EnvId,
    tab: Tab,
    list: List,
    /// Not answered yet, why not, or what there is.
    view: Option<Result<Box<IpView>, Text>>,
    fresh: Fresh,
}

impl AddressPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, tab: Tab::Pools, list: List::default(), view: None, fresh: Fresh::default() }
    }

    fn has(&self) -> Option<&IpView> {
        self.view.as_ref()?.as_deref().ok()
    }

    fn names(&self) -> Vec<String> {
        let Some(has) = self.has() else { return Vec::new() };
        match self.tab {
            Tab::Pools => has.pools.iter().map(|p| p.pool.net.to_string()).collect(),
            Tab::Subnets => has.subnets.iter().map(|s| format!("{} {}", s.net, s.owner)).collect(),
            Tab::Addresses => has.addresses.iter().map(|a| format!("{} {}", a.address, who(a))).collect(),
        }
    }

    fn keys(&self) -> Vec<u64> {
        let all = (0_u64..).zip(self.names());
        let mut keys: Vec<u64> =
            all.filter(|(_, name)| self.list.filter.matches(name)).map(|(key, _)| key).collect();
        if let Some(has) = self.has() {
            self.list.arrange(&mut keys, |by, a, b| address_details::order(has, self.tab, by, *a, *b));
        }
        keys
    }

    fn at(&self) -> Option<usize> {
        usize::try_from(self.list.selected(&self.keys())?).ok()
    }

    fn pool(&self) -> Option<&PoolUse> {
        self.has()?.pools.get(self.at()?).filter(|_| self.tab == Tab::Pools)
    }

    fn subnet(&self) -> Option<&Subnet> {
        self.has()?.subnets.get(self.at()?).filter(|_| self.tab == Tab::Subnets)
    }

    /// The selected address, if it was allocated here.
    fn allocated(&self) -> Option<(String, String)> {
        let row = self.has()?.addresses.get(self.at()?).filter(|_| self.tab == Tab::Addresses)?;
        let mine = row.claims.iter().find(|c| c.source == crate::domain::ipam::Source::Allocated)?;
        Some((row.address.to_string(), mine.owner.clone()))
    }

    fn count(&self, tab: Tab) -> usize {
        self.has().map_or(0, |has| match tab {
            Tab::Pools => has.pools.len(),
            Tab::Subnets => has.subnets.len(),
            Tab::Addresses => has.addresses.len() + usize::try_from(has.left_out).unwrap_or(0),
        })
    }

    fn change(&self, request: IpRequest) -> Vec<Effect> {
        vec![Effect::Call(Tag::Form, Request::IpChange { env: self.env, request })]
    }

    /// Takes away what is selected: a pool, a subnet, an address.
    fn free(&self) -> Option<Vec<Effect>> {
        if let Some(pool) = self.pool() {
            return Some(self.change(IpRequest::RemovePool { net: pool.pool.net.to_string() }));
        }
        let env = self.env;
        let ask = move |title, body, request: IpRequest| {
            let dialog = Confirm::new(title, body, t!("button-give-back"), move || {
                vec![Effect::Call(Tag::Form, Request::IpChange { env, request })]
            });
            Some(vec![Effect::Push(Box::new(dialog))])
        };
        if let Some(s) = self.subnet() {
            let (owner, net) = (s.owner.to_string(), s.net.to_string());
            let body = vec![t!("ip-delete-what", owner = &owner, net = net, count = s.addresses.len())];
            return ask(t!("ip-delete-title"), body, IpRequest::Delete { owner });
        }
        let (address, owner) = self.allocated()?;
        let body = vec![t!("ip-release-what", address = &address, owner = owner)];
        ask(t!("ip-release-title"), body, IpRequest::Release { address })
    }

    fn tabs(&self, cx: &Shared) -> Line<'static> {
        let mut spans = tabs::spans(cx, self.tab, |tab| self.count(tab));
        let conflicts = self.has().map_or(0, |h| h.addresses.iter().filter(|a| a.conflict).count());
        if conflicts > 0 {
            let text = format!("! {}", cx.tr(&t!("ip-conflicts", count = conflicts)));
            spans.push(Span::styled(text, cx.style(Part::Bad)));
        }
        Line::from(spans)
    }

    fn columns(&self) -> Vec<Column> {
        match self.tab {
            Tab::Pools => vec![
                column(t!("col-pool-net"), Wide::Flex(18), 0).sorted_by(Action::SortAddress, 'A'),
                column(t!("col-for"), Wide::Fixed(16), 0),
                column(t!("col-addresses"), Wide::Fixed(10), 2),
                column(t!("col-reserved"), Wide::Fixed(10), 1),
                column(t!("col-confirmed"), Wide::Fixed(10), 1),
                column(t!("col-in-use"), Wide::Fixed(10), 0).sorted_by(Action::SortUse, 'U'),
            ],
            Tab::Subnets => vec![
                column(t!("col-pool-net"), Wide::Fixed(18), 0).sorted_by(Action::SortAddress, 'A'),
                column(t!("col-owner"), Wide::Flex(14), 0).sorted_by(Action::SortOwner, 'W'),
                column(t!("col-for"), Wide::Fixed(16), 1),
                column(t!("col-state"), Wide::Fixed(22), 0).sorted_by(Action::SortState, 'S'),
                column(t!("col-in-use"), Wide::Fixed(10), 0).sorted_by(Action::SortUse, 'U'),
            ],
            Tab::Addresses => vec![
                column(t!("col-address"), Wide::Fixed(16), 0).sorted_by(Action::SortAddress, 'A'),
                column(t!("col-who"), Wide::Flex(24), 0).sorted_by(Action::SortOwner, 'W'),
                column(t!("col-known-by"), Wide::Flex(16), 1),
                column(t!("col-subnet-of"), Wide::Fixed(14), 2),
            ],
        }
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(has) = self.has() else { return Vec::new() };
        let at = usize::try_from(key).unwrap_or(usize::MAX);
        match self.tab {
            Tab::Pools => has.pools.get(at).map(|p| pool_cells(cx, p)).unwrap_or_default(),
            Tab::Subnets => {
                let left = |s: &Subnet| match s.state {
                    SubnetState::Reserved { until } => {
                        let left = text::duration(until.since(cx.now));
                        (cx.tr(&t!("subnet-reserved", left = left)), Part::Warn)
                    }
                    SubnetState::Confirmed { .. } => (cx.tr(&t!("subnet-confirmed")), Part::Good),
                };
                let cells = |s: &Subnet| {
                    vec![
                        (s.net.to_string(), Part::Text),
                        (s.owner.to_string(), Part::Text),
                        (cx.tr(&Text::key(format!("pool-{}", s.kind.word()))), Part::Dim),
                        left(s),
                        (format!("{}/{}", s.addresses.len(), s.usable()), Part::Text),
                    ]
                };
                has.subnets.get(at).map(cells).unwrap_or_default()
            }
            Tab::Addresses => has.addresses.get(at).map(|a| address_cells(cx, a)).unwrap_or_default(),
        }
    }
}

pub(super) fn who(row: &AddressRow) -> String {
    let mut names: Vec<&str> = row.claims.iter().map(|c| c.owner.as_str()).collect();
    names.dedup();
    names.join(", ")
}

fn pool_cells(cx: &Shared, p: &PoolUse) -> Vec<Cell> {
    let count = |n: u64| if p.addresses == 0 { "-".to_owned() } else { n.to_string() };
    vec![
        (p.pool.net.to_string(), Part::Text),
        (cx.tr(&Text::key(format!("pool-{}", p.pool.kind.word()))), Part::Text),
        (count(p.addresses), Part::Dim),
        (count(p.reserved), Part::Text),
        (count(p.confirmed), Part::Text),
        (count(p.allocated), Part::Text),
    ]
}

fn address_cells(cx: &Shared, row: &AddressRow) -> Vec<Cell> {
    let known: Vec<String> =
        row.claims.iter().map(|c| cx.tr(&Text::key(format!("ip-source-{}", c.source.word())))).collect();
    // A conflict is told by its mark, not by its look alone.
    let (mark, part) = if row.conflict { ("! ", Part::Bad) } else { ("", Part::Text) };
    vec![
        (row.address.to_string(), part),
        (format!("{mark}{}", who(row)), part),
        (known.join(", "), Part::Dim),
        (row.subnet.clone().unwrap_or_else(|| "-".to_owned()), Part::Dim),
    ]
}

impl Screen for AddressPage {
    fn name(&self) -> &'static str {
        "addresses"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-addresses"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Addresses, Context::List, Context::Moving]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Nodes(self.env), Topic::Matter(self.env, Matter::Addresses)]
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.tab(&mut self.tab);
        memory.list("list", &mut self.list);
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.fresh.ask(cx, Request::Ip { env: self.env })
    }

    fn changed(&mut self, cx: &Shared, topic: Topic) -> Vec<Effect> {
        let moved = if matches!(topic, Topic::Matter(..)) {
            self.fresh.marked(cx.data.mark(self.env, Matter::Addresses))
        } else {
            // Nodes have addresses too.
            let of = |n: &&NodeRow| {
                (n.id, n.name.clone(), n.address.to_string(), n.facts.as_ref().map(|f| f.gathered))
            };
            let nodes = cx.data.nodes(self.env);
            self.fresh.differs(&nodes.iter().map(of).collect::<Vec<_>>())
        };
        if moved { self.fresh.changed(cx, Request::Ip { env: self.env }) } else { Vec::new() }
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn ticks(&self, _: &Shared) -> bool {
        let reserved = |s: &Subnet| matches!(s.state, SubnetState::Reserved { .. });
        self.tab == Tab::Subnets && self.has().is_some_and(|h| h.subnets.iter().any(reserved))
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        let no_pool = || self.has().is_some_and(|h| h.pools.is_empty());
        match action {
            Action::IpNew if self.tab == Tab::Subnets && no_pool() => Some(t!("refused-no-pool")),
            Action::IpNew if self.tab == Tab::Addresses => {
                let confirmed = |s: &Subnet| matches!(s.state, SubnetState::Confirmed { .. });
                let none = !self.has().is_some_and(|h| h.subnets.iter().any(confirmed));
                none.then(|| t!("refused-no-subnet"))
            }
            Action::IpConfirm if self.subnet().is_none() => Some(t!("refused-ip-confirm")),
            Action::IpFree if self.tab == Tab::Addresses && self.allocated().is_none() => {
                Some(t!("refused-ip-release"))
            }
            Action::IpFree | Action::Details if self.at().is_none() => Some(t!("refused-nothing-selected")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys();
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::TabPools => self.tab = Tab::Pools,
            Action::TabSubnets => self.tab = Tab::Subnets,
            Action::TabUsed => self.tab = Tab::Addresses,
            Action::TabNext => self.tab = self.tab.next(),
            Action::TabBefore => self.tab = self.tab.before(),
            Action::IpNew => {
                let form = match self.tab {
                    Tab::Pools => address_forms::pool(self.env),
                    Tab::Subnets => address_forms::reserve(self.env),
                    Tab::Addresses => {
                        let owners: Vec<String> = self
                            .has()?
                            .subnets
                            .iter()
                            .filter(|s| matches!(s.state, SubnetState::Confirmed { .. }))
                            .map(|s| s.owner.to_string())
                            .collect();
                        address_forms::allocate(self.env, &owners)
                    }
                };
                return Some(vec![Effect::Push(form)]);
            }
            Action::IpConfirm => {
                let owner = self.subnet()?.owner.to_string();
                return Some(self.change(IpRequest::Confirm { owner }));
            }
            Action::IpFree => return self.free(),
            Action::Details | Action::Open => {
                let (title, lines) = address_details::describe(cx, self.has()?, self.tab, self.at()?)?;
                let lines = move |_: &Shared| lines.clone();
                return Some(vec![Effect::Push(Box::new(Reading::live(Text::plain(title), lines)))]);
            }
            Action::IpRefresh => return Some(self.online(cx)),
            Action::Yank => {
                let text = self.names().into_iter().nth(self.at()?)?;
                return Some(vec![Effect::Copy(text)]);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Ip(view)) => {
                self.view = Some(Ok(view));
                self.fresh.came(cx, true, Request::Ip { env: self.env })
            }
            Ok(Response::IpEvents(_)) => self.online(cx),
            Ok(_) => Vec::new(),
            Err(f) if tag == Tag::Content => {
                let why = cx.catalogue.failure(&f);
                let known = matches!(self.view, Some(Ok(_)));
                let mut effects = self.fresh.came(cx, false, Request::Ip { env: self.env });
                if known {
                    // What is known stays in sight while the engine is away.
                    effects.push(Effect::Say(Level::Bad, why));
                } else {
                    self.view = Some(Err(why));
                }
                effects
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
        // Since when it is known stands behind the tabs where there is room, below them otherwise.
        let mut tabs = self.tabs(cx);
        let known = self.fresh.known(cx).map(|k| format!(" {}", cx.tr(&k))).unwrap_or_default();
        let fits = tabs.width() + text::width(&known) + 2 <= usize::from(area.width);
        let dim = cx.style(Part::Dim);
        if fits {
            tabs.push_span(Span::styled(format!("  {known}"), dim));
        } else {
            let below = Rect { y: area.y.saturating_add(1), height: 1, ..area }.intersection(area);
            frame.render_widget(Line::styled(known, dim), below);
        }
        frame.render_widget(tabs, Rect { height: 1.min(area.height), ..area });
        let used = if fits { 1 } else { 2 };
        let rest = Rect { y: area.y.saturating_add(used), height: area.height.saturating_sub(used), ..area };
        let keys = self.keys();
        if keys.is_empty() {
            let filter = self.list.filter.text();
            if !filter.is_empty() {
                return empty::draw(cx, frame, rest, &[t!("filter-empty", filter = filter)]);
            }
            let (what, how) = match self.tab {
                Tab::Pools => (t!("ip-no-pools"), t!("ip-no-pools-do")),
                Tab::Subnets => (t!("ip-no-subnets"), t!("ip-no-subnets-do")),
                Tab::Addresses => (t!("ip-no-addresses"), t!("ip-no-addresses-do")),
            };
            return empty::invite(cx, frame, rest, what, access::Action::Configure, how);
        }
        let (rest, details) = beside::split(rest);
        if let (Some(place), Some(has), Some(at)) = (details, self.has(), self.at())
            && let Some((title, lines)) = address_details::describe(cx, has, self.tab, at)
        {
            beside::draw(cx, frame, place, &title, &lines);
        }
        table::draw(cx, frame, rest, &self.list, &self.columns(), &keys, |key| self.cells(cx, key));
    }
}
