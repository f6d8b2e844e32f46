//! Somebody else was quicker: what he saved, what is typed here, and what is to become of both.
//!
//! Nothing that was typed is lost: the dialog lies over the editor, and the focus is on going on with the editing.

use super::dialog::{frame_of, more_below};
use super::form::Fields;
use crate::tui::event::{Effect, Settle};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What somebody else has saved.
pub struct Theirs {
    /// Who; blank where nobody knows.
    pub by: String,
    /// What the fields hold by it.
    pub values: Vec<(&'static str, String)>,
}

/// A line of the difference, with its look.
pub type Difference = (Text, Part);

/// Fields that somebody changed: here, there, or on both sides.
pub fn compare(
    fields: &Fields,
    before: &[(&'static str, String)],
    theirs: &[(&'static str, String)],
) -> Vec<Difference> {
    let blank = |s: &str| if s.is_empty() { Text::plain("-") } else { Text::plain(s) };
    let mut out = Vec::new();
    for (id, now) in theirs {
        let Some(field) = fields.all.iter().find(|f| f.id == *id) else { continue };
        let mine = fields.value(id).unwrap_or_default();
        let was = before.iter().find(|(known, _)| known == id).map_or("", |(_, v)| v.as_str());
        let label = field.label.clone();
        if mine == *now {
            continue;
        }
        out.push(if mine == was {
            (t!("stale-theirs", field = label, theirs = blank(now), was = blank(was)), Part::Text)
        } else if now == was {
            (t!("stale-mine", field = label, mine = blank(&mine), was = blank(was)), Part::Good)
        } else {
            let text =
                t!("stale-both", field = label, theirs = blank(now), mine = blank(&mine), was = blank(was));
            (text, Part::Warn)
        });
    }
    out
}

/// Lines of a text that only one side has: `-` of theirs, `+` of what is typed here.
pub fn compare_lines(mine: &str, theirs: &str) -> Vec<Difference> {
    let only = |a: &str, b: &str| -> Vec<String> {
        let b: Vec<&str> = b.lines().map(str::trim).collect();
        let lines = a.lines().map(str::trim).filter(|l| !l.is_empty() && !b.contains(l));
        lines.map(str::to_owned).collect()
    };
    let theirs_only = only(theirs, mine).into_iter().map(|l| (Text::plain(format!("- {l}")), Part::Bad));
    let mine_only = only(mine, theirs).into_iter().map(|l| (Text::plain(format!("+ {l}")), Part::Good));
    theirs_only.chain(mine_only).collect()
}

/// The dialog.
pub struct Stale {
    by: String,
    lines: Vec<Difference>,
    /// What saving would make of both.
    what: Text,
    at: usize,
}

/// What may be chosen, in order.
const WAYS: [Settle; 3] = [Settle::Keep, Settle::Theirs, Settle::Mine];

impl Stale {
    /// Over an editor whose save was refused.
    pub fn new(by: &str, lines: Vec<Difference>, what: Text) -> Self {
        Self { by: by.to_owned(), lines, what, at: 0 }
    }
}

impl Screen for Stale {
    fn name(&self) -> &'static str {
        "stale"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Dialog]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        let settle = |how| vec![Effect::Close, Effect::Below(vec![Effect::Settle(how)])];
        match action {
            Action::ChoiceNext => self.at = (self.at + 1) % WAYS.len(),
            Action::ChoiceBefore => self.at = (self.at + WAYS.len() - 1) % WAYS.len(),
            Action::Choose => return Some(settle(WAYS.get(self.at).copied().unwrap_or(Settle::Keep))),
            Action::Cancel => return Some(settle(Settle::Keep)),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let columns = usize::from(area.width).saturating_sub(6).min(84);
        let by = if self.by.is_empty() { t!("stale-somebody") } else { Text::plain(&self.by) };
        let mut lines: Vec<Line> = Vec::new();
        let mut put = |text: &str, part: Part| {
            let pieces = text::wrap(text, columns);
            lines.extend(pieces.into_iter().map(|l| Line::styled(l, cx.style(part))));
        };
        if self.lines.is_empty() {
            put(&cx.tr(&t!("stale-nothing")), Part::Text);
        }
        for (text, part) in &self.lines {
            put(&cx.tr(text), *part);
        }
        put("", Part::Text);
        put(&cx.tr(&self.what), Part::Dim);
        let inner = frame_of(cx, frame, area, &t!("stale-title", by = by), columns, lines.len() + 2);
        let room = usize::from(inner.height.saturating_sub(2));
        more_below(cx, frame, inner, lines.len().saturating_sub(room));
        for (n, line) in lines.into_iter().take(room).enumerate() {
            let y = inner.y.saturating_add(cells(n));
            frame.render_widget(line, Rect { y, height: 1, ..inner });
        }
        let words = [t!("button-keep-editing"), t!("button-take-theirs"), t!("button-save-mine")];
        let mut spans = Vec::new();
        for (n, word) in words.iter().enumerate() {
            let word = cx.tr(word);
            let (shown, part) = if n == self.at {
                (format!("▸[ {word} ]"), Part::Selection)
            } else {
                (format!(" [ {word} ]"), Part::Text)
            };
            spans.extend([Span::styled(shown, cx.style(part)), Span::raw("  ")]);
        }
        let y = inner.bottom().saturating_sub(1);
        frame.render_widget(Line::from(spans), Rect { y, height: 1, ..inner });
    }
}
