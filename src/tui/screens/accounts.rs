//! Accounts of an environment's services: masked, with how good each is, where it is in use, and what a rotation came to.

use super::account_forms;
use super::rotation::RotationDialog;
use crate::api::accounts::AccountAsk;
use crate::api::rows::{JobRow, Matter};
use crate::api::views::AccountView;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::access;
use crate::domain::accounts::{AccountKind, NewValue, Place, RotationView, Strength};
use crate::domain::ids::EnvId;
use crate::domain::plan::localized;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::fresh::Fresh;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Reading;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crate::tui::widgets::{beside, empty};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Dots that stand for a value: as many as of every other, they tell nothing of its length.
const MASK: &str = "••••••••";

/// The page.
pub struct AccountsPage {
    env: EnvId,
    list: List,
    /// Not answered yet, why not, or what there is.
    view: Option<Result<Vec<AccountView>, Text>>,
    fresh: Fresh,
}

impl AccountsPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, list: List::default(), view: None, fresh: Fresh::default() }
    }

    fn all(&self) -> &[AccountView] {
        self.view.as_ref().and_then(|v| v.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    fn keys(&self, cx: &Shared) -> Vec<u64> {
        let language = cx.language();
        let title = |a: &AccountView| localized(&a.title, language).to_owned();
        let matches =
            |(_, a): &(u64, &AccountView)| self.list.filter.matches(&format!("{} {}", a.name, title(a)));
        let mut rows: Vec<_> = (0_u64..).zip(self.all()).filter(matches).collect();
        self.list.arrange(&mut rows, |by, (_, a), (_, b)| match by {
            Action::SortState => rank(a).cmp(&rank(b)),
            Action::SortStrength => a.strength.cmp(&b.strength),
            Action::SortUse => a.used_on.cmp(&b.used_on),
            _ => title(a).cmp(&title(b)),
        });
        rows.into_iter().map(|(key, _)| key).collect()
    }

    fn at(&self, key: u64) -> Option<&AccountView> {
        self.all().get(usize::try_from(key).ok()?)
    }

    fn selected(&self, cx: &Shared) -> Option<&AccountView> {
        self.at(self.list.selected(&self.keys(cx))?)
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(a) = self.at(key) else { return Vec::new() };
        let value = match a.kind {
            AccountKind::Password => MASK.to_owned(),
            AccountKind::User => cx.tr(&t!("account-user")),
        };
        let used = if a.used_on.is_empty() { "-".to_owned() } else { a.used_on.join(", ") };
        vec![
            (localized(&a.title, cx.catalogue.language().code()).to_owned(), Part::Text),
            (a.name.clone(), Part::Dim),
            (value, Part::Dim),
            meter(cx, a),
            state(cx, a),
            (used, Part::Dim),
        ]
    }

    /// Which password is in force where, of everything that is not settled.
    fn open(&self, cx: &Shared) -> Vec<(String, Part)> {
        let mut lines = Vec::new();
        for (a, r) in self.all().iter().filter_map(|a| Some((a, a.rotation.as_ref()?))) {
            let job = r.job.to_string();
            let words = Text::key(format!("job-state-{}", r.state));
            let name = a.name.as_str();
            let head = if r.back {
                t!("rotation-back-open", name = name, job = job, state = words)
            } else {
                t!("rotation-open", name = name, job = job, state = words)
            };
            lines.push((format!("! {}", cx.tr(&head)), Part::Warn));
            lines.extend(r.places.iter().map(|(node, step, place)| {
                let word = cx.tr(&Text::key(format!("rotation-has-{}", place.word())));
                let (glyph, part) = match place {
                    Place::Set => ("✓", Part::Good),
                    Place::NotYet => ("·", Part::Dim),
                    Place::Unknown => ("?", Part::Warn),
                };
                (format!("    {glyph} {node}  {step}  {word}"), part)
            }));
        }
        lines
    }
}

fn meter(cx: &Shared, a: &AccountView) -> Cell {
    let Some(strength) = a.strength else { return ("-".to_owned(), Part::Dim) };
    let (bar, part) = match strength {
        Strength::Weak => ("■□□", Part::Bad),
        Strength::Fair => ("■■□", Part::Warn),
        Strength::Strong => ("■■■", Part::Good),
    };
    let word = cx.tr(&Text::key(format!("strength-word-{}", strength.word())));
    (format!("{bar} {word}"), part)
}

/// What needs a look comes first.
fn rank(a: &AccountView) -> u8 {
    match &a.rotation {
        Some(r) if !r.state.is_over() => 1,
        Some(_) => 0,
        None if a.used_on.is_empty() => 3,
        None => 2,
    }
}

/// What is known of an account, a line each; never its value.
fn describe(cx: &Shared, a: &AccountView) -> Vec<Text> {
    let line = |label: Text, value: String| beside::line(cx, &label, &value);
    let kind = match a.kind {
        AccountKind::Password => t!("account-kind-password"),
        AccountKind::User => t!("account-user"),
    };
    let mut lines = vec![
        line(t!("col-name"), a.name.clone()),
        line(t!("account-module"), a.module.clone()),
        line(t!("col-value"), cx.tr(&kind)),
    ];
    if a.strength.is_some() {
        lines.push(line(t!("col-strength"), meter(cx, a).0));
        let long = t!("account-long", count = a.length, bits = a.bits);
        lines.push(line(t!("account-length"), cx.tr(&long)));
    }
    lines.push(line(t!("col-state"), state(cx, a).0));
    if let Some(at) = a.changed {
        lines.push(line(t!("account-changed"), cx.clock(at)));
    }
    let used = if a.used_on.is_empty() { "-".to_owned() } else { a.used_on.join(", ") };
    lines.push(line(t!("col-used-on"), used));
    let purposes: Vec<String> =
        a.uses.iter().map(|u| cx.tr(&Text::key(format!("account-use-{}", u.word())))).collect();
    if !purposes.is_empty() {
        lines.push(Text::plain(""));
        lines.extend(purposes.into_iter().map(Text::plain));
    }
    lines
}

fn state(cx: &Shared, a: &AccountView) -> Cell {
    let going = |r: &RotationView| !r.state.is_over();
    match &a.rotation {
        Some(r) if going(r) => (cx.tr(&t!("account-rotating")), Part::Busy),
        Some(_) => (cx.tr(&t!("account-unsettled")), Part::Warn),
        None if a.used_on.is_empty() => (cx.tr(&t!("account-unused")), Part::Dim),
        None => (cx.tr(&t!("account-in-force")), Part::Good),
    }
}

impl Screen for AccountsPage {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-accounts"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Accounts, Context::List, Context::Moving]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Jobs(self.env), Topic::Matter(self.env, Matter::Accounts)]
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.list("list", &mut self.list);
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.fresh.ask(cx, Request::Accounts(AccountAsk::List { env: self.env }))
    }

    fn changed(&mut self, cx: &Shared, topic: Topic) -> Vec<Effect> {
        let moved = if matches!(topic, Topic::Matter(..)) {
            self.fresh.marked(cx.data.mark(self.env, Matter::Accounts))
        } else {
            // Where an account is in use follows from what jobs have done.
            let jobs = cx.data.jobs(self.env);
            let of = |j: &&JobRow| (j.id, j.state.word(), j.changed, j.nodes_done);
            self.fresh.differs(&jobs.iter().map(of).collect::<Vec<_>>())
        };
        if moved {
            self.fresh.changed(cx, Request::Accounts(AccountAsk::List { env: self.env }))
        } else {
            Vec::new()
        }
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let selected = self.selected(cx);
        match action {
            Action::AccountSet | Action::AccountBack | Action::Details if selected.is_none() => {
                Some(t!("refused-nothing-selected"))
            }
            Action::AccountSet => {
                let a = selected?;
                if a.rotation.is_some() {
                    Some(t!("refused-rotation-open"))
                } else if a.kind == AccountKind::User && !a.used_on.is_empty() {
                    Some(t!("refused-user-in-use"))
                } else {
                    None
                }
            }
            Action::AccountBack => match &selected?.rotation {
                None => Some(t!("refused-no-rotation")),
                Some(r) if !r.state.is_over() => Some(t!("refused-rotation-runs")),
                Some(_) => None,
            },
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::AccountSet => {
                let account = self.selected(cx)?;
                Some(vec![Effect::Push(account_forms::change(self.env, account))])
            }
            Action::AccountBack => {
                let name = self.selected(cx)?.name.clone();
                let dialog = RotationDialog::new(self.env, name, NewValue::Old);
                Some(vec![Effect::Push(Box::new(dialog))])
            }
            Action::Details => {
                let account = self.selected(cx)?.clone();
                let title = Text::plain(localized(&account.title, cx.language()));
                let lines = move |cx: &Shared| describe(cx, &account);
                Some(vec![Effect::Push(Box::new(Reading::live(title, lines)))])
            }
            Action::IpRefresh => Some(self.online(cx)),
            Action::Yank => Some(vec![Effect::Copy(self.selected(cx)?.name.clone())]),
            _ => None,
        }
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Accounts(all)) => {
                self.view = Some(Ok(all));
                self.fresh.came(cx, true, Request::Accounts(AccountAsk::List { env: self.env }))
            }
            Ok(_) => Vec::new(),
            Err(f) if tag == Tag::Content => {
                let why = cx.catalogue.failure(&f);
                let known = matches!(self.view, Some(Ok(_)));
                let mut effects =
                    self.fresh.came(cx, false, Request::Accounts(AccountAsk::List { env: self.env }));
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
            Some(Ok(all)) if all.is_empty() => {
                let (what, how) = (t!("accounts-empty"), t!("accounts-empty-do"));
                return empty::invite(cx, frame, area, what, access::Action::Configure, how);
            }
            Some(Ok(_)) => {}
        }
        let mut open: Vec<(String, Part)> =
            self.fresh.known(cx).map(|k| (cx.tr(&k), Part::Dim)).into_iter().collect();
        for (line, part) in self.open(cx) {
            let width = usize::from(area.width).saturating_sub(2).max(1);
            open.extend(text::wrap(&line, width).into_iter().map(|l| (l, part)));
        }
        let most = usize::from(area.height) / 2;
        open.truncate(most);
        let rows = text::cells(open.len());
        for (n, (line, part)) in open.into_iter().enumerate() {
            let place = Rect { y: area.y.saturating_add(text::cells(n)), height: 1, ..area };
            frame.render_widget(Line::styled(format!(" {line}"), cx.style(part)), place);
        }
        let rest = Rect { y: area.y.saturating_add(rows), height: area.height.saturating_sub(rows), ..area };
        let keys = self.keys(cx);
        if keys.is_empty() {
            let sentence = t!("filter-empty", filter = self.list.filter.text());
            return empty::draw(cx, frame, rest, &[sentence]);
        }
        let columns = [
            column(t!("col-account"), Wide::Flex(24), 0).sorted_by(Action::SortName, 'N'),
            column(t!("col-name"), Wide::Fixed(22), 2),
            column(t!("col-value"), Wide::Fixed(10), 3),
            column(t!("col-strength"), Wide::Fixed(12), 0).sorted_by(Action::SortStrength, 'T'),
            column(t!("col-state"), Wide::Fixed(14), 0).sorted_by(Action::SortState, 'S'),
            column(t!("col-used-on"), Wide::Fixed(16), 1).sorted_by(Action::SortUse, 'U'),
        ];
        let (rest, details) = beside::split(rest);
        if let (Some(place), Some(account)) = (details, self.selected(cx)) {
            let title = localized(&account.title, cx.language());
            beside::draw(cx, frame, place, title, &describe(cx, account));
        }
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}
