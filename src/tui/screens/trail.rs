//! The audit trail: who did what, newest first, with filters, details, export and proof.
//!
//! The engine filters; what is typed after `/` narrows the entries that are here. Older ones are fetched when the last row is reached.

use crate::api::keep::Keep;
use crate::api::{Failure, Request, Response};
use crate::domain::access;
use crate::domain::audit::{AuditEntry, AuditFilter, AuditKind};
use crate::domain::time::{Moment, utc};
use crate::domain::trail::{Line, TrailReport};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Reading;
use crate::tui::widgets::empty;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line as Row;

/// Entries asked for at once.
const PAGE: u32 = 200;
/// Entries that an export from here may hold; the command has no such limit.
const EXPORT_MAX: usize = 10_000;
/// Hours of the times to choose from; 0: all.
const HOURS: [u64; 5] = [0, 1, 24, 168, 720];
/// A filter that was chosen, on its way from the form to the page.
const FILTER: &str = "audit-shown ";

/// The page.
#[derive(Default)]
pub struct Trail {
    list: List,
    filter: AuditFilter,
    entries: Option<Vec<(u64, AuditEntry)>>,
    /// There may be older ones before this number.
    before: Option<u64>,
    /// Older ones are on their way.
    asking: bool,
    refused: Option<Text>,
}

impl Trail {
    fn ask(&mut self, before: Option<u64>) -> Vec<Effect> {
        (self.asking, self.refused) = (true, None);
        let request = Request::Audit { filter: self.filter.clone(), before, limit: PAGE };
        vec![Effect::Call(if before.is_none() { Tag::Content } else { Tag::Item(0) }, request)]
    }

    fn keys(&self, cx: &Shared) -> Vec<u64> {
        let all = self.list.filter.text().is_empty();
        let shown = |e: &AuditEntry| {
            all || self.list.filter.matches(&format!(
                "{} {} {} {}",
                e.who(),
                e.kind,
                place(e),
                sentence(cx, e)
            ))
        };
        self.entries.iter().flatten().filter(|(_, e)| shown(e)).map(|(n, _)| *n).collect()
    }

    fn entry(&self, key: u64) -> Option<&AuditEntry> {
        self.entries.iter().flatten().find(|(n, _)| *n == key).map(|(_, e)| e)
    }

    fn selected(&self, cx: &Shared) -> Option<(u64, &AuditEntry)> {
        let key = self.list.selected(&self.keys(cx))?;
        self.entry(key).map(|e| (key, e))
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(e) = self.entry(key) else { return Vec::new() };
        let job = e.job.map_or_else(|| "-".to_owned(), |j| j.to_string());
        vec![
            (cx.clock(e.at), Part::Dim),
            (e.by.clone(), Part::Text),
            (cx.tr(&kind(e.kind)), Part::Dim),
            (place(e), Part::Text),
            (sentence(cx, e), Part::Text),
            (job, Part::Dim),
        ]
    }

    /// More when the last row that is here was reached.
    fn older(&mut self, cx: &Shared) -> Vec<Effect> {
        let keys = self.keys(cx);
        let at_end = self.list.index(&keys).is_none_or(|at| at + 1 >= keys.len());
        match self.before {
            Some(before) if at_end && !self.asking => self.ask(Some(before)),
            _ => Vec::new(),
        }
    }

    /// What is filtered by, in words; `None`: nothing.
    fn filtered(&self, cx: &Shared) -> Option<String> {
        let f = &self.filter;
        let mut words = Vec::new();
        words.extend(f.user.clone());
        words.extend(f.kind.map(|k| cx.tr(&kind(k))));
        words.extend(f.env.map(|env| {
            let named =
                cx.data.environments(crate::api::Topic::Environments).into_iter().find(|r| r.env.id == env);
            named.map_or_else(|| env.to_string(), |r| r.env.name.clone())
        }));
        words.extend(f.since.map(|since| cx.tr(&t!("audit-since", when = cx.clock(since)))));
        words.extend(f.text.as_ref().map(|t| format!("\"{t}\"")));
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// What was done, in the language of the screens, with its reason and what changed.
fn sentence(cx: &Shared, e: &AuditEntry) -> String {
    e.sentence_with(&cx.tr(&cx.catalogue.kept(&e.said())), "-")
}

fn kind(kind: AuditKind) -> Text {
    Text::key(format!("audit-kind-{}", kind.word()))
}

fn place(e: &AuditEntry) -> String {
    let env = e.env.as_ref().map_or("-", |(_, name)| name.as_str());
    e.node.as_ref().map_or_else(|| env.to_owned(), |(_, node)| format!("{env}/{node}"))
}

/// Everything about an entry.
fn details(cx: &Shared, number: u64, e: &AuditEntry) -> Effect {
    let none = || "-".to_owned();
    let mut lines = vec![
        t!("audit-when", when = utc(e.at)),
        t!("audit-who", user = e.by.as_str()),
        t!(
            "audit-account",
            account = e.account.clone().unwrap_or_else(none),
            from = e.from.clone().unwrap_or_else(none)
        ),
        t!("audit-where", place = place(e)),
        t!("audit-what", what = cx.catalogue.kept(&e.said())),
    ];
    lines.extend(e.job.map(|job| t!("audit-job", id = job.to_string())));
    lines.extend(e.reason.as_ref().map(|why| t!("audit-reason", why = why)));
    for c in &e.changes {
        let shown = |v: &str| if v.is_empty() { none() } else { v.to_owned() };
        lines.push(t!(
            "audit-change",
            what = c.what.as_str(),
            before = shown(&c.before),
            after = shown(&c.after)
        ));
    }
    lines.push(if e.hash.is_empty() {
        t!("audit-unchained")
    } else {
        t!("audit-hash", hash = e.hash.as_str())
    });
    Effect::Push(Box::new(Reading::new(t!("audit-entry", number = number.to_string()), lines)))
}

/// What a proof of the trail found.
fn verified(report: &TrailReport) -> Effect {
    let end = report.head.as_ref().map_or_else(|| "-".to_owned(), |(n, hash)| format!("{n} {hash}"));
    if report.faults.is_empty() && report.older == 0 {
        let said = t!("audit-whole", entries = report.entries.to_string());
        return Effect::Push(Box::new(Reading::new(
            t!("audit-verified-title"),
            vec![said, t!("audit-end", end = end)],
        )));
    }
    let mut lines = Vec::new();
    if report.faults.is_empty() {
        lines.push(t!("audit-whole", entries = report.entries.to_string()));
    } else {
        lines.push(t!("audit-broken"));
    }
    // The engine's sentence, as it is written into exports.
    lines.extend(
        report.faults.iter().map(|f| t!("audit-fault", number = f.number.to_string(), why = f.why.as_str())),
    );
    if report.older > 0 {
        lines.push(t!("audit-older", entries = report.older.to_string()));
    }
    lines.push(t!("audit-end", end = end));
    Effect::Push(Box::new(Reading::new(t!("audit-verified-title"), lines)))
}

impl Screen for Trail {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-audit"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Audit, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<crate::api::Topic> {
        // For their names in the filter.
        vec![crate::api::Topic::Environments]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.list("list", &mut self.list);
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.ask(None)
    }

    fn line(&mut self, _: &Shared, line: &str) -> Option<Vec<Effect>> {
        self.filter = serde_json::from_str(line.strip_prefix(FILTER)?).ok()?;
        self.entries = None;
        Some(self.ask(None))
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let none = self.keys(cx).is_empty();
        (none && matches!(action, Action::Open | Action::Export | Action::Yank))
            .then(|| t!("refused-no-entry"))
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(self.older(cx));
        }
        Some(match action {
            Action::Open => self.selected(cx).map(|(n, e)| vec![details(cx, n, e)]).unwrap_or_default(),
            Action::Yank => {
                let line = |(number, entry): (u64, &AuditEntry)| {
                    Line { number, entry: entry.clone() }.json().unwrap_or_default()
                };
                self.selected(cx).map(|s| vec![Effect::Copy(line(s))]).unwrap_or_default()
            }
            Action::AuditFilter => vec![Effect::Push(filter_form(cx, &self.filter))],
            Action::AuditVerify => vec![Effect::Call(Tag::Form, Request::Keep(Keep::AuditVerify))],
            Action::AuditRefresh => self.ask(None),
            Action::Export => {
                let shown: Vec<String> = self
                    .entries
                    .iter()
                    .flatten()
                    .rev()
                    .filter(|(n, _)| keys.contains(n))
                    .take(EXPORT_MAX)
                    .filter_map(|(number, entry)| Line { number: *number, entry: entry.clone() }.json().ok())
                    .collect();
                vec![Effect::Push(export_form(shown))]
            }
            _ => return None,
        })
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Audit(page)) => {
                self.asking = false;
                self.before = page.before;
                match &mut self.entries {
                    Some(entries) if tag != Tag::Content => entries.extend(page.entries),
                    entries => *entries = Some(page.entries),
                }
                // A filter that fits little: the engine looks at a part of the trail at a time.
                if self.entries.as_ref().is_some_and(Vec::is_empty) { self.older(cx) } else { Vec::new() }
            }
            Ok(Response::AuditVerified(report)) => vec![verified(&report)],
            Ok(_) => Vec::new(),
            Err(f) => {
                self.asking = false;
                let why = cx.catalogue.failure(&f);
                if self.entries.is_none() {
                    self.refused = Some(why);
                    return Vec::new();
                }
                vec![Effect::Say(Level::Bad, why)]
            }
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        if self.entries.is_none() {
            return empty::asked(cx, frame, area, self.refused.as_ref());
        }
        let mut area = area;
        if let Some(words) = self.filtered(cx) {
            let shown = text::fit(
                &format!(" {}", cx.tr(&t!("audit-filtered", words = words))),
                usize::from(area.width),
            );
            frame.render_widget(
                Row::styled(shown, cx.style(Part::Title)),
                Rect { height: 1.min(area.height), ..area },
            );
            area = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        }
        let keys = self.keys(cx);
        if keys.is_empty() {
            let typed = self.list.filter.text();
            if !typed.is_empty() {
                return empty::draw(cx, frame, area, &[t!("filter-empty", filter = typed)]);
            }
            let more =
                if cx.may(access::Action::Users) { t!("audit-empty") } else { t!("audit-empty-yours") };
            return empty::draw(cx, frame, area, &[more, t!("audit-empty-filter")]);
        }
        let columns = [
            column(t!("col-audit-when"), Wide::Fixed(17), 0),
            column(t!("col-who"), Wide::Fixed(10), 0),
            column(t!("col-kind"), Wide::Fixed(12), 2),
            column(t!("col-audit-where"), Wide::Fixed(16), 1),
            column(t!("col-audit-what"), Wide::Flex(20), 0),
            column(t!("col-audit-job"), Wide::Fixed(6), 3),
        ];
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}

fn filter_form(cx: &Shared, filter: &AuditFilter) -> Box<dyn Screen> {
    let any = || (String::new(), t!("audit-any"));
    let mut kinds = vec![any()];
    kinds.extend(AuditKind::ALL.map(|k| (k.word().to_owned(), kind(k))));
    let at_kind = AuditKind::ALL.iter().position(|k| filter.kind == Some(*k)).map_or(0, |at| at + 1);
    let mut envs = vec![any()];
    let rows = cx.data.environments(crate::api::Topic::Environments);
    envs.extend(rows.iter().map(|r| (r.env.id.to_string(), Text::plain(&r.env.name))));
    let at_env = rows.iter().position(|r| filter.env == Some(r.env.id)).map_or(0, |at| at + 1);
    let hours = HOURS.map(|h| {
        (h.to_string(), if h == 0 { t!("audit-any") } else { t!("audit-hours", hours = h.to_string()) })
    });
    let fields = vec![
        Field::text("user", t!("field-audit-user"), filter.user.as_deref().unwrap_or_default()),
        Field::choice("kind", t!("field-audit-kind"), kinds, at_kind),
        Field::choice("env", t!("field-audit-env"), envs, at_env),
        Field::choice("hours", t!("field-audit-hours"), hours.to_vec(), 0),
        Field::text("text", t!("field-audit-text"), filter.text.as_deref().unwrap_or_default())
            .hint(t!("hint-audit-text")),
    ];
    Box::new(Form::new(Choose { now: cx.now }, fields))
}

/// Which entries are shown.
struct Choose {
    now: Moment,
}

impl Purpose for Choose {
    fn name(&self) -> &'static str {
        "audit-filter"
    }

    fn title(&self) -> Text {
        t!("audit-filter-title")
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let typed = |id: &str| Some(fields.text(id).trim().to_owned()).filter(|t| !t.is_empty());
        let hours = fields.choice("hours").parse::<u64>().unwrap_or_default();
        let filter = AuditFilter {
            user: typed("user"),
            kind: fields.choice("kind").parse().ok(),
            env: fields.choice("env").parse().ok().map(crate::domain::ids::EnvId),
            since: (hours > 0).then(|| Moment(self.now.0.saturating_sub(hours * 3_600_000))),
            text: typed("text"),
            ..AuditFilter::default()
        };
        let text = serde_json::to_string(&filter).unwrap_or_default();
        vec![Effect::Close, Effect::Line(format!("{FILTER}{text}"))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        Vec::new()
    }
}

fn export_form(lines: Vec<String>) -> Box<dyn Screen> {
    let field = Field::text("path", t!("field-audit-path"), "~/cpmg-audit.jsonl").hint(t!("hint-audit-path"));
    Box::new(Form::new(Export { lines }, vec![field]))
}

/// Writes the entries that are shown into a file.
struct Export {
    lines: Vec<String>,
}

impl Purpose for Export {
    fn name(&self) -> &'static str {
        "audit-export"
    }

    fn title(&self) -> Text {
        t!("audit-export-title", count = self.lines.len())
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let path = fields.text("path").to_owned();
        if path.is_empty() || path.ends_with('/') {
            fields.wrong("path", t!("report-no-path"));
            return Vec::new();
        }
        let mut text = self.lines.join("\n");
        text.push('\n');
        vec![Effect::Close, Effect::WriteFile { path, text }]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        Vec::new()
    }
}
