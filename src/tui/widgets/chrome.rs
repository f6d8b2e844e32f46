//! What stands around every screen: header, banner, breadcrumbs, message line, footer.

use crate::tui::app::App;
use crate::tui::bindings::BINDINGS;
use crate::tui::event::Level;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Binding, Context, pretty};
use crate::tui::presence;
use crate::tui::screen::{Link, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Color;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;

/// Least columns in which a screen makes sense.
pub const LEAST_COLUMNS: u16 = 50;
/// Least rows in which a screen makes sense.
pub const LEAST_ROWS: u16 = 14;
/// Least columns in which it makes sense to say who else is here.
const LEAST_HERE: usize = 16;

/// Draws everything.
pub fn draw(app: &App, frame: &mut Frame) {
    let area = frame.area();
    let cx = &app.shared;
    frame.render_widget(Block::new().style(cx.style(Part::Text)), area);
    if area.width < LEAST_COLUMNS || area.height < LEAST_ROWS {
        too_small(cx, frame, area);
    } else {
        let rest = top(app, frame, area);
        let rest = bottom(app, frame, rest);
        for held in app.visible() {
            held.screen.view(cx, frame, rest);
        }
    }
    if cx.theme.colourless {
        for cell in &mut frame.buffer_mut().content {
            cell.fg = Color::Reset;
            cell.bg = Color::Reset;
        }
    }
}

/// Draws what is left to say when a frame failed.
pub fn draw_defect(app: &App, frame: &mut Frame) {
    let area = frame.area();
    let what = app.defect.as_deref().unwrap_or("?");
    let text = app.shared.tr(&t!("defect", what = what));
    for (n, line) in
        text::wrap(&text, usize::from(area.width)).into_iter().take(usize::from(area.height)).enumerate()
    {
        frame.render_widget(Line::from(line), row(area, area.y + cells(n)));
    }
}

fn too_small(cx: &Shared, frame: &mut Frame, area: Rect) {
    let size = |w: u16, h: u16| format!("{w}x{h}");
    let text = t!("too-small", least = size(LEAST_COLUMNS, LEAST_ROWS), now = size(area.width, area.height));
    let lines = text::wrap(&cx.tr(&text), usize::from(area.width));
    for (n, line) in lines.into_iter().take(usize::from(area.height)).enumerate() {
        frame.render_widget(Line::from(line), Rect { y: area.y + cells(n), height: 1, ..area });
    }
}

fn row(area: Rect, y: u16) -> Rect {
    Rect { y, height: 1, ..area }
}

/// Header, banner, breadcrumbs; returns what is left.
fn top(app: &App, frame: &mut Frame, area: Rect) -> Rect {
    let cx = &app.shared;
    let mut y = area.y;
    header(app, frame, row(area, y));
    y += 1;
    if let Some(banner) = banner(cx) {
        let line = text::left(&format!(" {}", cx.tr(&banner)), usize::from(area.width));
        frame.render_widget(Line::styled(line, cx.style(Part::Banner)), row(area, y));
        y += 1;
    }
    if app.gate.is_none() {
        let crumbs: Vec<String> =
            app.stack.iter().filter_map(|held| held.screen.crumb(cx)).map(|c| cx.tr(&c)).collect();
        let line = text::fit(&format!(" {}", crumbs.join(" › ")), usize::from(area.width));
        // Who else is here has the rest of the line.
        let here = environment(app).map(|env| presence::also_here(cx, env)).unwrap_or_default();
        let room = usize::from(area.width).saturating_sub(text::width(&line) + 3);
        let mut spans = vec![Span::styled(line, cx.style(Part::Dim))];
        if !here.is_empty() && room >= LEAST_HERE {
            let here = text::fit(&here, room);
            let blank = " ".repeat(room.saturating_sub(text::width(&here)) + 2);
            spans.extend([Span::raw(blank), Span::styled(here, cx.style(Part::Mark))]);
        }
        frame.render_widget(Line::from(spans), row(area, y));
        y += 1;
    }
    Rect { y, height: area.bottom().saturating_sub(y), ..area }
}

fn banner(cx: &Shared) -> Option<Text> {
    match &cx.link {
        Link::Down { since, next, why } => {
            let left = next.since(cx.now).div_ceil(1000);
            let age = text::duration(cx.now.since(*since));
            Some(if why.is_empty() {
                t!("banner-lost", age = age)
            } else {
                t!("banner-retry", age = age, seconds = left, why = why)
            })
        }
        _ if cx.hello.as_ref().is_some_and(|h| h.simulated) => Some(t!("banner-simulated")),
        _ => None,
    }
}

fn header(app: &App, frame: &mut Frame, area: Rect) {
    let cx = &app.shared;
    let mut left = " cpmg".to_owned();
    if let Some(env) = environment(app).and_then(|id| cx.data.environment(id)).filter(|_| app.gate.is_none())
    {
        let state = super::states::environment(env);
        left = format!("{left}  {}  {}", env.env.name, state.text(cx));
    }
    let mut right: Vec<String> = Vec::new();
    if let Some(me) = &cx.me
        && app.gate.is_none()
    {
        let jobs = cx.data.running_jobs();
        if let Some(first) = jobs.first() {
            let share = text::percent(first.permille);
            right.push(cx.tr(&t!("header-jobs", count = jobs.len(), share = share)));
        }
        let role = Text::key(format!("user-role-{}", me.role.word()));
        right.push(cx.tr(&t!("header-user", name = me.name.as_str(), role = role)));
    }
    let engine = match cx.link {
        Link::Up => t!("link-up"),
        Link::Starting => t!("link-starting"),
        Link::Down { .. } => t!("link-down"),
    };
    right.push(cx.tr(&engine));
    let right = format!("{} ", right.join("  "));
    let room = usize::from(area.width);
    let for_left = room.saturating_sub(text::width(&right));
    let line = text::left(&left, for_left) + &text::fit(&right, room);
    frame.render_widget(Line::styled(text::fit(&line, room), cx.style(Part::Header)), area);
}

/// The environment that is being looked at.
pub fn environment(app: &App) -> Option<crate::domain::ids::EnvId> {
    app.stack.iter().rev().find_map(|held| held.screen.topics().into_iter().find_map(env_of))
}

fn env_of(topic: crate::api::Topic) -> Option<crate::domain::ids::EnvId> {
    match topic {
        crate::api::Topic::Nodes(env) | crate::api::Topic::Jobs(env) => Some(env),
        _ => None,
    }
}

/// Message line or prompt, and the footer; returns what is left.
fn bottom(app: &App, frame: &mut Frame, area: Rect) -> Rect {
    let cx = &app.shared;
    let width = usize::from(area.width);
    let footer_y = area.bottom().saturating_sub(1);
    frame.render_widget(footer(app, width), row(area, footer_y));
    let y = footer_y.saturating_sub(1);
    let mut height = area.height.saturating_sub(2);
    let mut notice_y = y;
    if let Some((label, typed, cursor)) = app.top().and_then(|held| held.screen.prompt(cx)) {
        let label = cx.tr(&label);
        let used = text::width(&label);
        let (shown, column) = super::prompt::window(&typed, cursor, width.saturating_sub(used + 1));
        let line = Line::from(vec![Span::styled(label, cx.style(Part::Key)), Span::raw(shown)]);
        frame.render_widget(line, row(area, y));
        frame.set_cursor_position(Position { x: area.x + cells(used + column), y });
    } else if let Some(defect) = &app.defect {
        let line = text::fit(&cx.tr(&t!("defect", what = defect)), width);
        frame.render_widget(Line::styled(line, cx.style(Part::Bad)), row(area, y));
    } else if let Some((level, text)) = &app.notice {
        let (glyph, part) = level_look(*level);
        let lines = text::wrap(&format!("{glyph} {}", cx.tr(text)), width);
        // A sentence may take three lines: what is wrong must not be cut off.
        let count = lines.len().min(3);
        height = area.height.saturating_sub(1 + cells(count));
        notice_y = footer_y.saturating_sub(cells(count));
        for (n, line) in lines.into_iter().take(count).enumerate() {
            frame.render_widget(Line::styled(line, cx.style(part)), row(area, notice_y + cells(n)));
        }
    } else if !app.pending.is_empty() {
        frame.render_widget(Line::from(app.pending.join(" ")), row(area, y));
    }
    let _ = notice_y;
    Rect { height, ..area }
}

/// Glyph and look of a message.
pub fn level_look(level: Level) -> (&'static str, Part) {
    match level {
        Level::Info => ("·", Part::Dim),
        Level::Good => ("✓", Part::Good),
        Level::Warn => ("!", Part::Warn),
        Level::Bad => ("✗", Part::Bad),
    }
}

/// Hints of the top screen: place in the footer, what it does, the key as the table spells it.
pub fn hints(app: &App) -> Vec<(u8, &'static Binding, &str)> {
    let cx = &app.shared;
    let Some(held) = app.top() else { return Vec::new() };
    let mut contexts = held.screen.contexts();
    if !held.screen.is_dialog() && app.gate.is_none() {
        contexts.push(Context::Global);
    }
    let role = cx.me.as_ref().map(|me| me.role);
    // Where letters are text, a key that is a letter is none.
    let typing = held.screen.types() || held.screen.prompt(cx).is_some();
    let mut hints: Vec<(u8, &'static Binding, &str)> = Vec::new();
    let mut taken: Vec<&str> = Vec::new();
    for context in &contexts {
        let here: Vec<&'static Binding> = BINDINGS.iter().filter(|b| b.context == *context).collect();
        for binding in here.iter().filter(|b| b.permitted(role)) {
            // A key that means something else further in is not this one's any more.
            let free = |k: &&str| !(taken.contains(k) || typing && k.chars().count() == 1);
            let key = cx.keymap.keys(binding).into_iter().find(free);
            if let (Some(place), Some(key)) = (binding.hint, key)
                && hints.iter().all(|(_, known, _)| known.action != binding.action)
            {
                hints.push((place, binding, key));
            }
        }
        taken.extend(here.iter().flat_map(|b| cx.keymap.keys(b)));
    }
    hints
}

/// The most useful keys of this screen, as many as fit.
fn footer(app: &App, width: usize) -> Line<'static> {
    let cx = &app.shared;
    let Some(held) = app.top() else { return Line::default() };
    let in_shell = held.screen.contexts().contains(&Context::Shell);
    let prefix = if in_shell { pretty(cx.keymap.prefix()) } else { String::new() };
    let mut hints: Vec<(u8, &Binding, String)> = hints(app)
        .into_iter()
        .map(|(place, b, key)| (place, b, format!("{prefix}{}", pretty(key))))
        .collect();
    hints.sort_by_key(|(place, b, _)| (held.refusal(cx, b.action).is_some(), *place));
    // Help and leaving are always there; what does not fit is in the help.
    let (always, mut some): (Vec<_>, Vec<_>) = hints.into_iter().partition(|(place, ..)| *place >= 90);
    let word = |b: &Binding| cx.tr(&Text::key(format!("hint-{}", b.action.word())));
    let length = |b: &Binding, key: &str| text::width(key) + text::width(&word(b)) + 3;
    let fixed: usize = always.iter().map(|(_, b, key)| length(b, key)).sum();
    let mut used = fixed + 1;
    some.retain(|(_, b, key)| {
        used += length(b, key);
        used <= width
    });
    let mut spans = vec![Span::raw(" ")];
    for (_, binding, key) in some.iter().chain(&always) {
        let (key, word) = (key.clone(), word(binding));
        let possible = held.refusal(cx, binding.action).is_none();
        let (key_part, word_part) = if possible { (Part::Key, Part::Text) } else { (Part::Dim, Part::Dim) };
        spans.push(Span::styled(key, cx.style(key_part)));
        spans.push(Span::styled(format!(" {word}  "), cx.style(word_part)));
    }
    Line::from(spans)
}
