//! Dialogs: a frame in the middle, a question with choices, a text to read.

use super::prompt::Line as Typed;
use crate::tui::event::Effect;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

/// Clears and frames a box for `rows` lines of `columns`, in the middle of `area`; returns its inside.
pub fn frame_of(
    cx: &Shared,
    frame: &mut Frame,
    area: Rect,
    title: &Text,
    columns: usize,
    rows: usize,
) -> Rect {
    let width = cells(columns + 4).min(area.width);
    let height = cells(rows + 2).min(area.height);
    let outer =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, outer);
    halve(frame, outer);
    let title = text::fit(&format!(" {} ", cx.tr(title)), usize::from(width).saturating_sub(4));
    let block = Block::bordered()
        .border_type(BorderType::Double)
        .border_style(cx.style(Part::BorderFocus))
        .title(Span::styled(title, cx.style(Part::Title)))
        .style(cx.style(Part::Text));
    let inner = block.inner(outer);
    frame.render_widget(block, outer);
    Rect { x: inner.x.saturating_add(1), width: inner.width.saturating_sub(2), ..inner }
}

/// Half a wide character would stand over the left edge of a box, and hide it.
fn halve(frame: &mut Frame, outer: Rect) {
    let Some(x) = outer.x.checked_sub(1) else { return };
    for y in outer.top()..outer.bottom() {
        if let Some(cell) = frame.buffer_mut().cell_mut((x, y))
            && text::width(cell.symbol()) > 1
        {
            cell.set_char(' ');
        }
    }
}

/// Says at the lower edge of a box how much of its text lies below.
pub fn more_below(cx: &Shared, frame: &mut Frame, inner: Rect, count: usize) {
    if count > 0 {
        let note = format!(" {} ", cx.tr(&t!("more-below", count = count)));
        let width = cells(text::width(&note)).min(inner.width);
        let place = Rect { x: inner.right().saturating_sub(width), y: inner.bottom(), width, height: 1 };
        frame.render_widget(Line::styled(note, cx.style(Part::Title)), place.intersection(frame.area()));
    }
}

/// What a question does when it is answered with yes.
type Yes = Box<dyn FnOnce() -> Vec<Effect> + Send>;

/// A question before something that cannot be taken back lightly. The focus is on "Cancel".
pub struct Confirm {
    title: Text,
    body: Vec<Text>,
    go: Text,
    on_go: bool,
    typed: Option<(String, Typed)>,
    yes: Option<Yes>,
}

impl Confirm {
    /// A question: its title, what will happen, the word on the button that does it.
    pub fn new(
        title: Text,
        body: Vec<Text>,
        go: Text,
        yes: impl FnOnce() -> Vec<Effect> + Send + 'static,
    ) -> Self {
        Self { title, body, go, on_go: false, typed: None, yes: Some(Box::new(yes)) }
    }

    /// Asks for `name` to be typed first.
    #[must_use]
    pub fn typed(mut self, name: impl Into<String>) -> Self {
        self.typed = Some((name.into(), Typed::default()));
        self
    }

    fn is_typed(&self) -> bool {
        self.typed.as_ref().is_none_or(|(name, typed)| typed.text() == name)
    }
}

impl Screen for Confirm {
    fn name(&self) -> &'static str {
        "confirm"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Dialog]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        use crossterm::event::KeyCode;
        let (_, typed) = self.typed.as_mut()?;
        match key.code {
            KeyCode::Char(_) | KeyCode::Backspace if typed.key(key) => Some(Vec::new()),
            _ => None,
        }
    }

    fn paste(&mut self, _: &Shared, text: &str) -> Vec<Effect> {
        if let Some((_, typed)) = &mut self.typed {
            typed.paste(text);
        }
        Vec::new()
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        (action == Action::Choose && self.on_go && !self.is_typed()).then(|| t!("confirm-type-first"))
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::ChoiceNext | Action::ChoiceBefore => {
                self.on_go = !self.on_go;
                Some(Vec::new())
            }
            Action::Choose if self.on_go => {
                let effects = self.yes.take().map(|yes| yes()).unwrap_or_default();
                Some(vec![Effect::Close, Effect::Below(effects)])
            }
            Action::Choose | Action::Cancel => Some(vec![Effect::Close]),
            _ => None,
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let room = usize::from(area.width).saturating_sub(6).min(72);
        let body: Vec<String> = self.body.iter().map(|t| cx.tr(t)).collect();
        let mut lines: Vec<Line> = Vec::new();
        let widest = body.iter().map(|l| text::width(l)).max().unwrap_or(0);
        let columns = widest.clamp(40.min(room), room);
        for sentence in &body {
            lines.extend(text::wrap(sentence, columns).into_iter().map(Line::from));
        }
        let mut cursor = None;
        if let Some((name, typed)) = &self.typed {
            lines.push(Line::default());
            let ask = cx.tr(&t!("confirm-type", name = name.as_str()));
            lines.extend(text::wrap(&ask, columns).into_iter().map(Line::from));
            cursor = Some((lines.len(), typed.cursor()));
            lines.push(Line::styled(text::left(typed.text(), columns.min(40)), cx.style(Part::FieldFocus)));
        }
        lines.push(Line::default());
        let inner = frame_of(cx, frame, area, &self.title, columns, lines.len() + 1);
        // The buttons stay in sight on a small terminal.
        let room = usize::from(inner.height.saturating_sub(1));
        for (n, line) in lines.into_iter().take(room).enumerate() {
            let y = inner.y.saturating_add(cells(n));
            frame.render_widget(line, Rect { y, height: 1, ..inner });
        }
        if let Some((row, column)) = cursor {
            let (x, y) = (inner.x.saturating_add(cells(column)), inner.y.saturating_add(cells(row)));
            if y < inner.bottom() {
                frame.set_cursor_position(Position { x, y });
            }
        }
        let buttons = buttons(cx, &t!("button-cancel"), &self.go, self.on_go, self.is_typed());
        let y = inner.bottom().saturating_sub(1);
        frame.render_widget(buttons, Rect { y, height: 1, ..inner });
    }
}

/// The two buttons of a question; `on_go`: the focus is on the second one.
pub fn buttons(cx: &Shared, stay: &Text, go: &Text, on_go: bool, possible: bool) -> Line<'static> {
    let button = |text: &Text, here: bool, part: Part| {
        let style = if here { cx.style(Part::Selection) } else { cx.style(part) };
        let word = cx.tr(text);
        Span::styled(if here { format!("▸[ {word} ]") } else { format!(" [ {word} ]") }, style)
    };
    let part = if possible { Part::Text } else { Part::Dim };
    Line::from(vec![button(stay, !on_go, Part::Text), Span::raw("   "), button(go, on_go, part)])
}

/// Makes the lines of a text.
type Telling = Box<dyn Fn(&Shared) -> Vec<Text> + Send>;

/// Where the lines of a text come from.
enum Lines {
    /// They stay as they are.
    Fixed(Vec<Text>),
    /// They are made anew for each frame: they follow the language and what they tell of.
    Live(Telling),
}

/// A text to read: details of a row, the first error, a sentence that needs room.
pub struct Reading {
    title: Text,
    lines: Lines,
    from: usize,
    page: std::cell::Cell<usize>,
}

impl Reading {
    /// A text under a title.
    pub fn new(title: Text, lines: Vec<Text>) -> Self {
        Self { title, lines: Lines::Fixed(lines), from: 0, page: std::cell::Cell::new(10) }
    }

    /// A text that is made anew for each frame.
    pub fn live(title: Text, lines: impl Fn(&Shared) -> Vec<Text> + Send + 'static) -> Self {
        Self { title, lines: Lines::Live(Box::new(lines)), from: 0, page: std::cell::Cell::new(10) }
    }

    fn sentences(&self, cx: &Shared) -> Vec<String> {
        match &self.lines {
            Lines::Fixed(lines) => lines.iter().map(|t| cx.tr(t)).collect(),
            Lines::Live(make) => make(cx).iter().map(|t| cx.tr(t)).collect(),
        }
    }
}

impl Screen for Reading {
    fn name(&self) -> &'static str {
        "reading"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Reading, Context::Moving]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let page = self.page.get().max(2);
        self.from = match action {
            Action::Up => self.from.saturating_sub(1),
            Action::Down => self.from + 1,
            Action::HalfUp | Action::PageUp => self.from.saturating_sub(page / 2),
            Action::HalfDown | Action::PageDown => self.from + page / 2,
            Action::Top => 0,
            Action::Bottom => usize::MAX / 2,
            Action::Yank => {
                return Some(vec![Effect::Copy(self.sentences(cx).join("\n"))]);
            }
            Action::Cancel | Action::Choose | Action::Open | Action::Back | Action::Quit => {
                return Some(vec![Effect::Close]);
            }
            // What every dialog lets through, the language above all.
            Action::Language | Action::Theme | Action::Leave | Action::Redraw | Action::Suspend => {
                return None;
            }
            _ => return Some(Vec::new()),
        };
        Some(Vec::new())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let room = usize::from(area.width).saturating_sub(6).min(100);
        let sentences = self.sentences(cx);
        let columns = sentences.iter().map(|l| text::width(l)).max().unwrap_or(0).clamp(30.min(room), room);
        let lines: Vec<String> = sentences.iter().flat_map(|s| text::wrap(s, columns)).collect();
        let inner = frame_of(cx, frame, area, &self.title, columns, lines.len());
        let shown = usize::from(inner.height);
        self.page.set(shown);
        let from = self.from.min(lines.len().saturating_sub(shown));
        more_below(cx, frame, inner, lines.len().saturating_sub(from + shown));
        for (n, line) in lines.into_iter().skip(from).take(shown).enumerate() {
            let y = inner.y.saturating_add(cells(n));
            frame.render_widget(Line::from(line), Rect { y, height: 1, ..inner });
        }
    }
}
