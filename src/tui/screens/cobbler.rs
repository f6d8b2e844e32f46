//! An environment's Cobbler server: where it is, what it said, and what it has.

use super::cobbler_forms;
use crate::api::cobbler::CobblerAsk;
use crate::api::rows::NodeRow;
use crate::api::{Failure, Request, Response};
use crate::domain::access;
use crate::domain::cobbler::{CobblerSettings, CobblerSystem, CobblerView};
use crate::domain::ids::EnvId;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::empty;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crate::tui::widgets::tabs::{self, Tab as _};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Systems,
    Profiles,
    Distros,
}

impl tabs::Tab for Tab {
    const ALL: &'static [Self] = &[Self::Systems, Self::Profiles, Self::Distros];

    fn title(self) -> Text {
        match self {
            Self::Systems => t!("tab-systems"),
            Self::Profiles => t!("tab-profiles"),
            Self::Distros => t!("tab-distros"),
        }
    }
}

/// The page.
pub struct CobblerPage {
    env: EnvId,
    tab: Tab,
    list: List,
    /// Not asked yet, none, or where it is.
    #[expect(
        clippy::option_option,
        reason = "not asked yet, none, or one: what the engine answers is an option"
    )]
    settings: Option<Option<CobblerSettings>>,
    /// Not answered yet, why not, or what it has.
    view: Option<Result<Box<CobblerView>, Text>>,
    /// Why it is not known where it is.
    refused: Option<Text>,
}

impl CobblerPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, tab: Tab::Systems, list: List::default(), settings: None, view: None, refused: None }
    }

    fn has(&self) -> Option<&CobblerView> {
        self.view.as_ref()?.as_deref().ok()
    }

    fn set(&self) -> Option<&CobblerSettings> {
        self.settings.as_ref()?.as_ref()
    }

    fn ask(&mut self) -> Vec<Effect> {
        vec![Effect::Call(Tag::Item(1), Request::Cobbler(CobblerAsk::View { env: self.env }))]
    }

    fn names(&self) -> Vec<&str> {
        let Some(has) = self.has() else { return Vec::new() };
        match self.tab {
            Tab::Systems => has.systems.iter().map(|s| s.name.as_str()).collect(),
            Tab::Profiles => has.profiles.iter().map(|p| p.name.as_str()).collect(),
            Tab::Distros => has.distros.iter().map(|d| d.name.as_str()).collect(),
        }
    }

    fn keys(&self) -> Vec<u64> {
        let all = (0_u64..).zip(self.names());
        all.filter(|(_, name)| self.list.filter.matches(name)).map(|(key, _)| key).collect()
    }

    fn count(&self, tab: Tab) -> Option<usize> {
        self.has().map(|has| match tab {
            Tab::Systems => has.systems.len(),
            Tab::Profiles => has.profiles.len(),
            Tab::Distros => has.distros.len(),
        })
    }

    /// Nodes that Cobbler does not know.
    fn strangers<'a>(&self, cx: &'a Shared) -> Vec<&'a NodeRow> {
        let known = |n: &NodeRow| self.has().is_some_and(|has| has.systems.iter().any(|s| is(s, n)));
        cx.data.nodes(self.env).into_iter().filter(|n| !known(n)).collect()
    }

    fn forget(&self) -> Option<Vec<Effect>> {
        let (env, url) = (self.env, self.set()?.url.clone());
        let body = vec![t!("cobbler-forget-what", url = url.as_str()), t!("cobbler-forget-undo")];
        let dialog = Confirm::new(t!("cobbler-forget-title"), body, t!("button-forget-server"), move || {
            vec![Effect::CallDetached(Tag::Refresh, Request::Cobbler(CobblerAsk::Set { env, place: None }))]
        });
        Some(vec![Effect::Push(Box::new(dialog))])
    }

    /// Where it is and what it said.
    fn head(&self, cx: &Shared) -> Vec<(String, Part)> {
        let Some(set) = self.set() else { return Vec::new() };
        let at = t!("cobbler-at", url = set.url.as_str(), user = set.user.as_str());
        let mut lines = vec![(cx.tr(&at), Part::Text)];
        lines.push(match &self.view {
            None => (cx.tr(&t!("cobbler-asking")), Part::Dim),
            Some(Err(why)) => (format!("✗ {}", cx.tr(why)), Part::Bad),
            Some(Ok(v)) if !v.writes => {
                (format!("! {}", cx.tr(&t!("cobbler-read-only", version = v.version.as_str()))), Part::Warn)
            }
            Some(Ok(v)) => {
                (format!("✓ {}", cx.tr(&t!("cobbler-good", version = v.version.as_str()))), Part::Good)
            }
        });
        if set.is_plain() {
            lines.push((format!("! {}", cx.tr(&t!("cobbler-plain"))), Part::Warn));
        }
        if self.has().is_some_and(|has| has.systems.iter().any(|s| s.power_password)) {
            lines.push((format!("! {}", cx.tr(&t!("cobbler-power-passwords"))), Part::Warn));
        }
        lines
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(has) = self.has() else { return Vec::new() };
        let at = usize::try_from(key).unwrap_or(usize::MAX);
        let or_dash = |s: &str| if s.is_empty() { "-".to_owned() } else { s.to_owned() };
        match self.tab {
            Tab::Systems => has.systems.get(at).map(|s| self.system(cx, s)).unwrap_or_default(),
            Tab::Profiles => {
                let Some(p) = has.profiles.get(at) else { return Vec::new() };
                vec![
                    (p.name.clone(), Part::Text),
                    (or_dash(&p.distro), Part::Text),
                    (or_dash(&p.autoinstall), Part::Dim),
                ]
            }
            Tab::Distros => {
                let Some(d) = has.distros.get(at) else { return Vec::new() };
                vec![
                    (d.name.clone(), Part::Text),
                    (format!("{} {}", d.breed, d.os_version), Part::Text),
                    (or_dash(&d.arch), Part::Dim),
                ]
            }
        }
    }

    fn system(&self, cx: &Shared, s: &CobblerSystem) -> Vec<Cell> {
        let nodes = cx.data.nodes(self.env);
        let node = nodes.iter().find(|n| is(s, n)).map(|n| n.name.clone());
        let boot = match s.netboot {
            Some(true) => (cx.tr(&t!("cobbler-boot-anew")), Part::Warn),
            Some(false) => (cx.tr(&t!("cobbler-boot-disk")), Part::Text),
            None => (cx.tr(&t!("cobbler-boot-unknown")), Part::Dim),
        };
        let power = if s.power.is_empty() {
            (cx.tr(&t!("cobbler-no-power")), Part::Warn)
        } else {
            (s.power.clone(), Part::Text)
        };
        let first = |list: &[String]| list.first().cloned().unwrap_or_else(|| "-".to_owned());
        vec![
            (s.name.clone(), Part::Text),
            node.map_or(("-".to_owned(), Part::Dim), |n| (n, Part::Text)),
            (s.profile.clone(), Part::Text),
            boot,
            power,
            (first(&s.macs), Part::Dim),
            (first(&s.addresses), Part::Dim),
        ]
    }
}

impl Screen for CobblerPage {
    fn name(&self) -> &'static str {
        "cobbler"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(Text::plain("Cobbler"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Cobbler, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<crate::api::Topic> {
        vec![crate::api::Topic::Nodes(self.env)]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.tab(&mut self.tab);
        memory.list("list", &mut self.list);
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.refused = None;
        vec![Effect::Call(Tag::Content, Request::Cobbler(CobblerAsk::Settings { env: self.env }))]
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::CobblerCheck | Action::CobblerForget | Action::CobblerRegister
                if self.set().is_none() =>
            {
                Some(t!("refused-no-cobbler"))
            }
            Action::CobblerRegister if self.has().is_some_and(|has| !has.writes) => {
                Some(t!("refused-cobbler-read-only"))
            }
            Action::CobblerRegister if self.has().is_none_or(|h| h.profiles.is_empty()) => {
                Some(t!("refused-no-profiles"))
            }
            Action::CobblerRegister if self.strangers(cx).is_empty() => Some(t!("refused-all-registered")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys();
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::TabSystems => self.tab = Tab::Systems,
            Action::TabProfiles => self.tab = Tab::Profiles,
            Action::TabDistros => self.tab = Tab::Distros,
            Action::TabNext => self.tab = self.tab.next(),
            Action::TabBefore => self.tab = self.tab.before(),
            Action::CobblerSet => {
                return Some(vec![Effect::Push(cobbler_forms::settings(self.env, self.set()))]);
            }
            Action::CobblerCheck => {
                self.view = None;
                return Some(self.ask());
            }
            Action::CobblerForget => return self.forget(),
            Action::CobblerRegister => {
                let nodes = self.strangers(cx);
                let profiles: Vec<&str> =
                    self.has().iter().flat_map(|h| &h.profiles).map(|p| p.name.as_str()).collect();
                return Some(vec![Effect::Push(cobbler_forms::register(&nodes, &profiles))]);
            }
            Action::Open | Action::Yank => {}
            _ => return None,
        }
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::CobblerSettings(settings)) => {
                if self.set() != settings.as_ref() {
                    self.view = None;
                }
                let known = settings.is_some();
                self.settings = Some(settings);
                // After a registration there is one system more.
                if known { self.ask() } else { Vec::new() }
            }
            Ok(Response::Cobbler(view)) => {
                self.view = Some(Ok(view));
                Vec::new()
            }
            Ok(_) => Vec::new(),
            Err(f) if tag == Tag::Item(1) => {
                self.view = Some(Err(cx.catalogue.failure(&f)));
                Vec::new()
            }
            Err(f) if self.settings.is_none() => {
                self.refused = Some(cx.catalogue.failure(&f));
                Vec::new()
            }
            Err(f) => vec![Effect::Say(crate::tui::event::Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        match &self.settings {
            None => return empty::asked(cx, frame, area, self.refused.as_ref()),
            Some(None) => {
                let (what, how) = (t!("cobbler-empty"), t!("cobbler-empty-do"));
                return empty::invite(cx, frame, area, what, access::Action::Configure, how);
            }
            Some(Some(_)) => {}
        }
        let mut y = area.y;
        let width = usize::from(area.width).saturating_sub(2);
        for (line, part) in self.head(cx) {
            for piece in text::wrap(&line, width.max(1)) {
                if y >= area.bottom() {
                    return;
                }
                let line = Line::styled(format!(" {piece}"), cx.style(part));
                frame.render_widget(line, Rect { y, height: 1, ..area });
                y += 1;
            }
        }
        y = y.saturating_add(1);
        if y >= area.bottom() {
            return;
        }
        frame.render_widget(
            Line::from(tabs::spans(cx, self.tab, |tab| self.count(tab))),
            Rect { y, height: 1, ..area },
        );
        let rest = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area };
        let keys = self.keys();
        if keys.is_empty() {
            let sentence = match (self.has(), self.tab) {
                (None, _) => return,
                (Some(_), _) if !self.list.filter.text().is_empty() => {
                    t!("filter-empty", filter = self.list.filter.text())
                }
                (Some(_), Tab::Systems) => {
                    let (what, how) = (t!("cobbler-no-systems"), t!("cobbler-no-systems-do"));
                    return empty::invite(cx, frame, rest, what, access::Action::Configure, how);
                }
                (Some(_), _) => {
                    return empty::draw(cx, frame, rest, &[t!("cobbler-nothing"), t!("cobbler-nothing-do")]);
                }
            };
            return empty::draw(cx, frame, rest, &[sentence]);
        }
        let name = || column(t!("col-name"), Wide::Flex(14), 0);
        let columns = match self.tab {
            Tab::Systems => vec![
                name(),
                column(t!("col-node"), Wide::Flex(10), 0),
                column(t!("col-profile"), Wide::Flex(14), 0),
                column(t!("col-next-boot"), Wide::Fixed(14), 0),
                column(t!("col-power"), Wide::Fixed(12), 1),
                column(t!("col-mac"), Wide::Fixed(18), 2),
                column(t!("col-address"), Wide::Fixed(16), 3),
            ],
            Tab::Profiles => vec![
                name(),
                column(t!("col-distro"), Wide::Flex(14), 0),
                column(t!("col-template"), Wide::Flex(16), 1),
            ],
            Tab::Distros => vec![
                name(),
                column(t!("col-system"), Wide::Flex(16), 0),
                column(t!("col-arch"), Wide::Fixed(12), 1),
            ],
        };
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}

fn is(system: &CobblerSystem, node: &NodeRow) -> bool {
    system.is_machine(&node.address.to_string(), node.facts.as_ref())
}
