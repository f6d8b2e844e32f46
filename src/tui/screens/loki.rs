//! An environment's Loki: where it is, what goes there, how far that is, and what goes wrong since when.

use super::logs::LogsPage;
use super::loki_forms;
use crate::api::loki::{LokiAsk, LokiReply};
use crate::api::{Failure, Request, Response};
use crate::domain::access;
use crate::domain::ids::EnvId;
use crate::domain::loki::{LokiSettings, LokiView, PushState};
use crate::domain::text::harmless;
use crate::domain::time::Moment;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::empty;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The tag of a question to the server itself.
const TEST: Tag = Tag::Item(1);

/// What the server itself says.
enum Trial {
    NotAsked,
    Asked,
    /// Version and number of labels, or what is wrong.
    Said(Result<(String, usize), Text>),
}

/// The page.
pub struct LokiPage {
    env: EnvId,
    view: Option<Box<LokiView>>,
    refused: Option<Text>,
    test: Trial,
    scroll: usize,
}

impl LokiPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, view: None, refused: None, test: Trial::NotAsked, scroll: 0 }
    }

    fn set(&self) -> Option<&LokiSettings> {
        self.view.as_ref()?.settings.as_ref()
    }

    fn ask(&self) -> Effect {
        Effect::Call(Tag::Content, Request::Loki(LokiAsk::Show { env: self.env }))
    }

    fn try_it(&mut self) -> Effect {
        self.test = Trial::Asked;
        Effect::Call(TEST, Request::Loki(LokiAsk::Test { env: self.env }))
    }

    fn forget(&self) -> Option<Vec<Effect>> {
        let (env, url) = (self.env, self.set()?.url.clone());
        let body = vec![t!("loki-forget-what", url = url.as_str()), t!("loki-forget-undo")];
        let dialog = Confirm::new(t!("loki-forget-title"), body, t!("button-forget-server"), move || {
            let request = Request::Loki(LokiAsk::Set { env, place: None });
            vec![Effect::CallDetached(Tag::Refresh, request)]
        });
        Some(vec![Effect::Push(Box::new(dialog))])
    }

    fn lines(&self, cx: &Shared) -> Vec<(String, Part)> {
        let (Some(view), Some(set)) = (&self.view, self.set()) else { return Vec::new() };
        let progress = &view.progress;
        let mut lines: Vec<(String, Part)> = Vec::new();
        let mut say = |text: Text, part: Part| {
            let mark = match part {
                Part::Good => "✓ ",
                Part::Bad => "✗ ",
                Part::Warn => "! ",
                _ => "",
            };
            lines.push((format!("{mark}{}", harmless(&cx.tr(&text))), part));
        };
        say(t!("loki-at", url = set.url.as_str()), Part::Text);
        if let Some(tenant) = &set.tenant {
            say(t!("loki-tenant", tenant = tenant.as_str()), Part::Text);
        }
        if let Some(user) = &set.user {
            say(t!("loki-user", user = user.as_str()), Part::Text);
        }
        match &self.test {
            Trial::NotAsked => {}
            Trial::Asked => say(t!("loki-asking"), Part::Dim),
            Trial::Said(Err(why)) => say(why.clone(), Part::Bad),
            Trial::Said(Ok((version, labels))) => {
                say(t!("loki-good", version = version.as_str(), labels = *labels), Part::Good);
            }
        }
        if set.is_plain() {
            say(t!("loki-plain"), Part::Warn);
        }
        say(Text::plain(""), Part::Text);
        match (set.push, set.what.as_str()) {
            (false, _) => say(t!("loki-pushes-nothing"), Part::Dim),
            (true, "") => say(t!("loki-pushes-all", job = set.job.as_str()), Part::Text),
            (true, what) => say(t!("loki-pushes-some", job = set.job.as_str(), what = what), Part::Text),
        }
        let part = match progress.state {
            PushState::Level => Part::Good,
            PushState::Stopped => Part::Bad,
            PushState::Waiting => Part::Warn,
            PushState::Off | PushState::Unknown => Part::Dim,
            PushState::Pushing => Part::Text,
        };
        say(Text::key(format!("loki-state-{}", progress.state.word())), part);
        if let Some(trouble) = &progress.trouble {
            say(Text::plain(trouble.words.clone()), part);
            let ago = cx.tr(&text::ago(cx.now, trouble.since));
            say(t!("loki-since", ago = ago, tries = trouble.tries), Part::Dim);
        }
        if let Some(micros) = progress.pushed_to {
            let at = Moment(u64::try_from(micros / 1000).unwrap_or_default());
            say(t!("loki-pushed-to", at = crate::domain::time::utc(at)), Part::Text);
        }
        if progress.behind > 0 {
            let age = crate::domain::time::span(progress.behind_seconds.saturating_mul(1000));
            say(t!("loki-behind", count = progress.behind, age = age), Part::Warn);
        }
        say(t!("loki-pushed", count = progress.pushed), Part::Text);
        if progress.refused_batches > 0 {
            say(t!("loki-refused", count = progress.refused, batches = progress.refused_batches), Part::Warn);
        }
        if let Some((at, said)) = &progress.last_refusal {
            let ago = cx.tr(&text::ago(cx.now, *at));
            say(t!("loki-last-refusal", ago = ago, said = said.as_str()), Part::Dim);
        }
        if progress.cut > 0 {
            say(t!("loki-cut", count = progress.cut), Part::Dim);
        }
        if progress.missed > 0 {
            say(t!("loki-missed", count = progress.missed), Part::Warn);
        }
        if let Some(at) = progress.anew {
            say(t!("loki-anew", ago = cx.tr(&text::ago(cx.now, at))), Part::Dim);
        }
        lines
    }
}

impl Screen for LokiPage {
    fn name(&self) -> &'static str {
        "loki"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(Text::plain("Loki"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Loki, Context::Moving]
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.refused = None;
        vec![self.ask()]
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        let needs = matches!(action, Action::LokiTest | Action::LokiPush | Action::LokiForget | Action::Logs);
        (needs && self.set().is_none()).then(|| t!("refused-no-loki"))
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::LokiSet => Some(vec![Effect::Push(loki_forms::settings(self.env, self.set()))]),
            Action::LokiTest => Some(vec![self.ask(), self.try_it()]),
            Action::LokiPush => {
                let stopped = self.view.as_ref().is_some_and(|v| v.progress.state == PushState::Stopped);
                let on = stopped || !self.set()?.push;
                Some(vec![Effect::Call(Tag::Content, Request::Loki(LokiAsk::Push { env: self.env, on }))])
            }
            Action::LokiForget => self.forget(),
            Action::Logs => {
                let query = format!("{{job={:?}}}", self.set()?.job);
                Some(vec![Effect::Push(Box::new(LogsPage::of_loki(cx, self.env, &query)))])
            }
            Action::Down => {
                self.scroll += 1;
                Some(Vec::new())
            }
            Action::Up => {
                self.scroll = self.scroll.saturating_sub(1);
                Some(Vec::new())
            }
            _ => None,
        }
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Loki(LokiReply::View(view))) => {
                let changed = self.set() != view.settings.as_ref();
                let set = view.settings.is_some();
                self.view = Some(view);
                if changed && set {
                    return vec![self.try_it()];
                }
                if !set {
                    self.test = Trial::NotAsked;
                }
                Vec::new()
            }
            Ok(Response::Loki(LokiReply::Tested { version, labels })) => {
                self.test = Trial::Said(Ok((version, labels.len())));
                Vec::new()
            }
            Ok(_) => Vec::new(),
            Err(f) if tag == TEST => {
                self.test = Trial::Said(Err(cx.catalogue.failure(&f)));
                Vec::new()
            }
            Err(f) if self.view.is_none() => {
                self.refused = Some(cx.catalogue.failure(&f));
                Vec::new()
            }
            Err(f) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        match &self.view {
            None => return empty::asked(cx, frame, area, self.refused.as_ref()),
            Some(view) if view.settings.is_none() => {
                let (what, how) = (t!("loki-empty"), t!("loki-empty-do"));
                return empty::invite(cx, frame, area, what, access::Action::Configure, how);
            }
            Some(_) => {}
        }
        let width = usize::from(area.width).saturating_sub(2).max(1);
        let all: Vec<(String, Part)> = self
            .lines(cx)
            .into_iter()
            .flat_map(|(line, part)| {
                let pieces = if line.is_empty() { vec![line] } else { text::wrap(&line, width) };
                pieces.into_iter().map(move |piece| (piece, part))
            })
            .collect();
        let most = all.len().saturating_sub(usize::from(area.height));
        for (y, (line, part)) in (area.y..area.bottom()).zip(all.into_iter().skip(self.scroll.min(most))) {
            let line = Line::styled(format!(" {line}"), cx.style(part));
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }
}
