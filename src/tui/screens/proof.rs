//! The proof of an environment: its ladder, what was seen on each rung, and the log lines of whoever is responsible for the red one.

use crate::api::proof::ProofAsk;
use crate::api::proof::ProofRow;
use crate::api::{Request, Response, Topic};
use crate::domain::access;
use crate::domain::ids::EnvId;
use crate::domain::proof::{Outcome, Proof, Rung, RungState, Said};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::screens::job_dialogs::known as known_error;
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{Confirm, Reading};
use crate::tui::widgets::empty;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The page.
pub struct ProofPage {
    env: EnvId,
    rungs: List,
}

impl ProofPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, rungs: List::default() }
    }

    fn row<'a>(&self, cx: &'a Shared) -> Option<&'a ProofRow> {
        cx.data.proof(self.env)
    }

    fn proof<'a>(&self, cx: &'a Shared) -> Option<&'a Proof> {
        self.row(cx)?.proof.as_ref()
    }

    fn runs(&self, cx: &Shared) -> bool {
        self.proof(cx).is_some_and(|p| p.ended.is_none())
    }

    fn keys(&self, cx: &Shared, proof: &Proof) -> Vec<u64> {
        let all = (0_u64..).zip(&proof.rungs);
        all.filter(|(_, r)| self.rungs.filter.matches(&line(cx, r))).map(|(key, _)| key).collect()
    }

    fn selected<'a>(&self, cx: &Shared, proof: &'a Proof) -> Option<&'a Rung> {
        let at = self.rungs.selected(&self.keys(cx, proof))?;
        proof.rungs.get(usize::try_from(at).ok()?)
    }

    /// Everything about the selected rung.
    fn details(&self, cx: &Shared) -> Option<Vec<Effect>> {
        let proof = self.proof(cx)?;
        let rung = self.selected(cx, proof)?;
        let (glyph, _) = look(rung.state);
        let mut lines = vec![t!(
            "proof-detail-head",
            glyph = glyph,
            state = Text::key(format!("proof-state-{}", rung.state.word())),
            took = rung.took(cx.now).map(text::duration).unwrap_or_default(),
            usual = text::duration(rung.usual_ms),
            ceiling = text::duration(u64::from(rung.ceiling_s) * 1000)
        )];
        lines.extend(rung.said.iter().map(sentence));
        if rung.state == RungState::Failed {
            if let Some(known) = self.row(cx).and_then(|r| r.known.as_ref()) {
                lines.push(Text::plain(""));
                lines.extend(known_error(known));
            }
            for (head, body) in logs(cx, proof) {
                lines.push(Text::plain(""));
                lines.push(Text::plain(head));
                lines.extend(body.into_iter().map(Text::plain));
            }
        }
        let title = Text::key(format!("proof-rung-{}", rung.kind.word()));
        Some(vec![Effect::Push(Box::new(Reading::new(title, lines)))])
    }

    /// How the proof stands, in lines.
    fn head(&self, cx: &Shared) -> Vec<(String, Part)> {
        let Some(proof) = self.proof(cx) else { return Vec::new() };
        let outcome = Text::key(format!("proof-outcome-{}", proof.outcome.word()));
        let mut lines = Vec::new();
        if proof.ended.is_none() {
            let rung = proof.current().map(|r| Text::key(format!("proof-rung-{}", r.kind.word())));
            let left = text::duration(proof.left_ms(cx.now).max(1000));
            let words = match &proof.cancelled_by {
                Some(by) => t!("proof-ending", by = by.as_str()),
                None => t!(
                    "proof-running",
                    by = proof.by.as_str(),
                    rung = rung.unwrap_or_else(|| Text::plain("-")),
                    left = left
                ),
            };
            lines.push((format!("▸ {}", cx.tr(&words)), Part::Busy));
            return lines;
        }
        let (glyph, part) = match proof.outcome {
            Outcome::Proven | Outcome::Cleaned => ("✓", Part::Good),
            Outcome::Failed => ("✗", Part::Bad),
            _ => ("–", Part::Warn),
        };
        let ended = proof.ended.unwrap_or(cx.now);
        let words = t!(
            "proof-verdict",
            outcome = outcome,
            span = text::duration(ended.since(proof.started)),
            ago = text::ago(cx.now, ended),
            at = cx.clock(ended),
            by = proof.by.as_str()
        );
        let red = proof
            .red()
            .map(|r| cx.tr(&t!("proof-red", rung = Text::key(format!("proof-rung-{}", r.kind.word())))));
        lines.push((
            format!("{glyph} {} {}", cx.tr(&words), red.unwrap_or_default()).trim_end().to_owned(),
            part,
        ));
        if let Some(known) = self.row(cx).and_then(|r| r.known.as_ref()) {
            let (title, mend) = (Text::Local(known.title.clone()), Text::Local(known.mend.clone()));
            lines.push((
                format!("! {}", cx.tr(&t!("job-known-short", title = title, mend = mend))),
                Part::Warn,
            ));
        }
        if proof.may_have_left() {
            lines.push((format!("! {}", cx.tr(&t!("proof-may-have-left"))), Part::Warn));
        }
        lines
    }

    fn ladder(&self, cx: &Shared, frame: &mut Frame, area: Rect, proof: &Proof) {
        let columns = [
            column(t!("proof-col-rung"), Wide::Fixed(18), 0),
            column(t!("proof-col-state"), Wide::Fixed(10), 3),
            column(t!("proof-col-took"), Wide::Fixed(7), 1),
            column(t!("proof-col-usual"), Wide::Fixed(7), 2),
            column(t!("proof-col-seen"), Wide::Flex(24), 0),
        ];
        let keys = self.keys(cx, proof);
        table::draw(cx, frame, area, &self.rungs, &columns, &keys, |key| {
            let Some(r) = usize::try_from(key).ok().and_then(|at| proof.rungs.get(at)) else {
                return Vec::new();
            };
            let (glyph, part) = look(r.state);
            let usual = text::duration(r.usual_ms);
            vec![
                (format!("{glyph} {}", cx.tr(&Text::key(format!("proof-rung-{}", r.kind.word())))), part),
                (cx.tr(&Text::key(format!("proof-state-{}", r.state.word()))), part),
                (r.took(cx.now).map(text::duration).unwrap_or_default(), Part::Text),
                (if r.guess { format!("~{usual}") } else { usual }, Part::Dim),
                (seen(cx, r), Part::Text),
            ]
        });
    }

    /// What those responsible logged, as many lines as there is room for.
    fn log(cx: &Shared, frame: &mut Frame, area: Rect, proof: &Proof) {
        let mut y = area.y;
        let mut put = |text: &str, part: Part| {
            if y < area.bottom() {
                let text = text::fit(text, usize::from(area.width).saturating_sub(2));
                let row = Rect { y, height: 1, ..area };
                frame.render_widget(Line::styled(format!(" {text}"), cx.style(part)), row);
                y += 1;
            }
        };
        put(&cx.tr(&t!("proof-logs")), Part::Title);
        for (head, body) in logs(cx, proof) {
            put(&head, Part::Dim);
            for line in body {
                put(&format!("  {line}"), Part::Text);
            }
        }
    }
}

fn look(state: RungState) -> (&'static str, Part) {
    match state {
        RungState::Waiting => ("·", Part::Dim),
        RungState::Running => ("▸", Part::Busy),
        RungState::Passed => ("✓", Part::Good),
        RungState::Failed => ("✗", Part::Bad),
        RungState::Skipped => ("–", Part::Dim),
        RungState::Ended => ("–", Part::Warn),
        RungState::Unknown => ("?", Part::Warn),
    }
}

/// A sentence in the language of the screen.
fn sentence(said: &Said) -> Text {
    Text::key(format!("proof-said-{}", said.key)).with_all(&said.args)
}

/// Everything that was said on a rung, on one line.
fn seen(cx: &Shared, rung: &Rung) -> String {
    rung.said.iter().map(|s| cx.tr(&sentence(s))).collect::<Vec<_>>().join("; ")
}

/// What the filter looks at.
fn line(cx: &Shared, rung: &Rung) -> String {
    let name = cx.tr(&Text::key(format!("proof-rung-{}", rung.kind.word())));
    format!("{} {} {name} {}", rung.kind.word(), rung.state.word(), seen(cx, rung))
}

/// Parts of logs: a heading, and the lines.
fn logs(cx: &Shared, proof: &Proof) -> Vec<(String, Vec<String>)> {
    let head = |part: &crate::domain::proof::LogPart| {
        let text = if part.earlier {
            t!("proof-log-earlier", node = part.node.as_str(), source = part.source.as_str())
        } else {
            t!("proof-log", node = part.node.as_str(), source = part.source.as_str())
        };
        cx.tr(&text)
    };
    proof.logs.iter().map(|p| (head(p), p.lines.clone())).collect()
}

impl Screen for ProofPage {
    fn name(&self) -> &'static str {
        "proof"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-proof"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Proof, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Proof(self.env)]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.rungs.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.rungs.filter.prompt()
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::ProofRun | Action::ProofClean if self.runs(cx) => Some(t!("refused-proof-runs")),
            Action::ProofStop if !self.runs(cx) => Some(t!("refused-proof-idle")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        if let Some(proof) = self.proof(cx) {
            let keys = self.keys(cx, proof);
            if self.rungs.act(action, &keys) {
                return Some(Vec::new());
            }
        }
        let env = self.env;
        match action {
            Action::ProofRun => {
                let image = self.row(cx).map(|r| r.image.clone()).unwrap_or_default();
                Some(vec![Effect::Push(prove(env, &image))])
            }
            Action::ProofClean => {
                let body = vec![t!("proof-clean-what")];
                let dialog =
                    Confirm::new(t!("proof-clean-title"), body, t!("button-proof-clean"), move || {
                        let request = Request::Proof(ProofAsk::Start { env, image: None, clean: true });
                        vec![Effect::CallDetached(Tag::Refresh, request)]
                    });
                Some(vec![Effect::Push(Box::new(dialog))])
            }
            Action::ProofStop => {
                let body = vec![t!("proof-stop-what")];
                let dialog = Confirm::new(t!("proof-stop-title"), body, t!("button-proof-stop"), move || {
                    vec![Effect::CallDetached(Tag::Refresh, Request::Proof(ProofAsk::Cancel { env }))]
                });
                Some(vec![Effect::Push(Box::new(dialog))])
            }
            Action::Open | Action::Details => self.details(cx).or(Some(Vec::new())),
            Action::Yank => {
                let proof = self.proof(cx)?;
                let mut lines: Vec<String> = proof.rungs.iter().map(|r| line(cx, r)).collect();
                for (head, body) in logs(cx, proof) {
                    lines.push(head);
                    lines.extend(body);
                }
                Some(vec![Effect::Copy(lines.join("\n"))])
            }
            _ => None,
        }
    }

    fn ticks(&self, cx: &Shared) -> bool {
        self.runs(cx)
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
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
        let rest = |y: u16| Rect { y, height: area.bottom().saturating_sub(y), ..area };
        if !cx.data.has(Topic::Proof(self.env)) {
            return empty::watched(cx, frame, rest(y), Topic::Proof(self.env));
        }
        let Some(proof) = self.proof(cx) else {
            let (what, how) = (t!("proof-empty"), t!("proof-empty-do"));
            return empty::invite(cx, frame, rest(y), what, access::Action::Install, how);
        };
        let room = area.bottom().saturating_sub(y);
        let rows = u16::try_from(proof.rungs.len()).unwrap_or(u16::MAX).saturating_add(1);
        // The log keeps a third of a small screen, the ladder all that it needs of a large one.
        let height = if proof.logs.is_empty() { room } else { rows.min((room * 2 / 3).max(3)).min(room) };
        self.ladder(cx, frame, Rect { y, height, ..area }, proof);
        if !proof.logs.is_empty() {
            Self::log(cx, frame, rest(y.saturating_add(height)), proof);
        }
    }
}

struct Prove {
    env: EnvId,
}

/// Asks for the image, and proves.
fn prove(env: EnvId, image: &str) -> Box<dyn Screen> {
    let field = Field::text("image", t!("field-proof-image"), image).hint(t!("hint-proof-image"));
    Box::new(Form::new(Prove { env }, vec![field]))
}

impl Purpose for Prove {
    fn name(&self) -> &'static str {
        "prove"
    }

    fn title(&self) -> Text {
        t!("proof-form-title")
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("proof-form-what")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let image = fields.text("image").trim().to_owned();
        if !image.starts_with('/') {
            fields.wrong("image", t!("fault-proof-image"));
            return Vec::new();
        }
        vec![Effect::Call(
            Tag::Form,
            Request::Proof(ProofAsk::Start { env: self.env, image: Some(image), clean: false }),
        )]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        match response {
            Response::Proof(_) => vec![Effect::Close, Effect::Say(Level::Good, t!("proof-started"))],
            _ => Vec::new(),
        }
    }
}
