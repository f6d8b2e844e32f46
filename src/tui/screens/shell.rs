//! Shells on nodes: a real terminal in the page.
//!
//! Every key goes to the shell but the prefix (Ctrl-]); twice it is sent itself. A shell lives in the engine: leaving the page
//! detaches, coming back shows the screen as it is. What the shell prints goes through the emulator and reaches the
//! operator's terminal only as cells.

use crate::api::message::ShellBytes;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::{NodeId, ShellId};
use crate::terminal::{Alacritty, Answers, Emulator, Scroll, Size, encode_paste};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context, spell};
use crate::tui::keys_to_terminal::{key_bytes, mouse_bytes};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::{Colours, Part};
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::terminal_view::{ColorDepth, TerminalView};
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cell::Cell;
use std::time::Duration;

/// The key that is not the shell's.
const PREFIX: &str = "ctrl-]";

/// One shell.
struct Tab {
    node: NodeId,
    name: String,
    id: Option<ShellId>,
    emulator: Alacritty,
    /// Bytes seen.
    end: u64,
    over: Option<String>,
}

impl Tab {
    fn new(node: NodeId, name: &str, id: Option<ShellId>, size: Size) -> Self {
        let emulator = Alacritty::new(size, Answers::Discard);
        Self { node, name: name.to_owned(), id, emulator, end: 0, over: None }
    }

    fn ask(&self) -> Request {
        let size = self.emulator.size();
        let (cols, rows) = (size.columns(), size.lines());
        match self.id {
            Some(shell) => Request::ShellAttach { shell, cols, rows },
            None => Request::ShellOpen { node: self.node, cols, rows },
        }
    }
}

/// The page.
pub struct ShellPage {
    tabs: Vec<Tab>,
    at: usize,
    prefix: bool,
    scrolled: bool,
    /// Where the last frame showed the shell; the view writes it, only the mouse reads it.
    area: Cell<Rect>,
}

/// Room for a shell on a terminal of that size: header, crumbs, tabs, message line and footer are taken off.
fn room(cx: &Shared) -> Size {
    let (columns, rows) = cx.size;
    Size::new(columns, rows.saturating_sub(5))
}

impl ShellPage {
    /// Shells of the operator, with one on `node` in front: an open one, or a new one.
    pub fn open(cx: &Shared, node: NodeId, name: &str) -> Self {
        let mine = cx.me.as_ref().map(|me| me.name.as_str());
        let mut tabs: Vec<Tab> = cx
            .data
            .shells()
            .into_iter()
            .filter(|s| Some(s.by.as_str()) == mine)
            .map(|s| Tab::new(s.node, &s.name, Some(s.id), room(cx)))
            .collect();
        let at = tabs.iter().position(|t| t.node == node).unwrap_or_else(|| {
            tabs.push(Tab::new(node, name, None, room(cx)));
            tabs.len() - 1
        });
        Self { tabs, at, prefix: false, scrolled: false, area: Cell::default() }
    }

    fn tab(&self) -> Option<&Tab> {
        self.tabs.get(self.at)
    }

    fn tab_mut(&mut self) -> Option<&mut Tab> {
        self.tabs.get_mut(self.at)
    }

    /// Types into the shell in front.
    fn write(&self, bytes: Vec<u8>) -> Vec<Effect> {
        match self.tab() {
            Some(Tab { id: Some(shell), over: None, .. }) if !bytes.is_empty() => {
                vec![Effect::Call(Tag::Typed(*shell), Request::ShellWrite { shell: *shell, bytes })]
            }
            _ => Vec::new(),
        }
    }

    /// Attaches to the shell in front, or opens it.
    fn attach(&self) -> Vec<Effect> {
        self.tab()
            .filter(|t| t.over.is_none())
            .map(|t| Effect::Call(Tag::Shell, t.ask()))
            .into_iter()
            .collect()
    }

    fn turn(&mut self, step: usize) -> Vec<Effect> {
        self.scrolled = false;
        self.at = (self.at + step) % self.tabs.len().max(1);
        self.attach()
    }

    fn scroll(&mut self, scroll: Scroll) {
        if let Some(tab) = self.tab_mut() {
            tab.emulator.scroll(scroll);
            self.scrolled = true;
        }
    }

    fn close(&mut self) -> Vec<Effect> {
        let Some(tab) = self.tab() else { return vec![Effect::Close] };
        let Some(shell) = tab.id.filter(|_| tab.over.is_none()) else {
            return self.drop_tab();
        };
        let title = t!("shell-close-title", name = &tab.name);
        let dialog = Confirm::new(title, vec![t!("shell-close-what")], t!("button-close"), move || {
            vec![Effect::CallDetached(Tag::Quiet, Request::ShellClose { shell })]
        });
        vec![Effect::Push(Box::new(dialog))]
    }

    fn drop_tab(&mut self) -> Vec<Effect> {
        if self.at < self.tabs.len() {
            self.tabs.remove(self.at);
        }
        self.at = 0;
        if self.tabs.is_empty() { vec![Effect::Close] } else { self.attach() }
    }

    fn tab_line(&self, cx: &Shared, columns: usize) -> Line<'static> {
        let mut spans = vec![Span::raw(" ")];
        for (n, tab) in self.tabs.iter().enumerate() {
            let end = if tab.over.is_some() { " ✗" } else { "" };
            let (word, part) = if n == self.at {
                (format!("[{}{end}]", tab.name), Part::Title)
            } else {
                (format!(" {}{end} ", tab.name), Part::Dim)
            };
            spans.push(Span::styled(word, cx.style(part)));
        }
        let note = if self.prefix {
            cx.tr(&t!("shell-prefix-on"))
        } else if self.scrolled {
            let lines = self.tab().map_or(0, |t| t.emulator.scroll_offset());
            cx.tr(&t!("shell-scrolled", lines = lines))
        } else {
            String::new()
        };
        let used: usize = spans.iter().map(|s| text::width(&s.content)).sum();
        let room = columns.saturating_sub(used + 1);
        spans.push(Span::styled(text::right(&note, room), cx.style(Part::Dim)));
        Line::from(spans)
    }
}

impl Screen for ShellPage {
    fn name(&self) -> &'static str {
        "shell"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-shell"))
    }

    fn contexts(&self) -> Vec<Context> {
        if self.scrolled { vec![Context::ShellScroll, Context::Moving] } else { vec![Context::Shell] }
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Shells]
    }

    fn is_secret(&self) -> bool {
        !self.scrolled
    }

    fn key(&mut self, cx: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        if self.prefix {
            self.prefix = false;
            return None;
        }
        let word = spell(key);
        if word.as_deref() == Some(PREFIX) {
            self.prefix = true;
            return Some(Vec::new());
        }
        if self.scrolled {
            return None;
        }
        let tab = self.tab()?;
        if tab.over.is_some() {
            // Nothing reads keys any more: they are the page's.
            return matches!(word.as_deref(), Some("esc" | "enter" | "q")).then(|| self.drop_tab());
        }
        let modes = tab.emulator.modes();
        let _ = cx;
        Some(self.write(key_bytes(*key, &modes)))
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Option<Vec<Effect>> {
        if self.scrolled {
            return None;
        }
        let bytes = mouse_bytes(mouse, self.area.get(), &self.tab()?.emulator.modes());
        (!bytes.is_empty()).then(|| self.write(bytes))
    }

    fn paste(&mut self, _: &Shared, text: &str) -> Vec<Effect> {
        let bytes = self.tab().map(|t| encode_paste(text, &t.emulator.modes())).unwrap_or_default();
        self.write(bytes)
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.attach()
    }

    fn closed(&mut self, _: &Shared) -> Vec<Effect> {
        let open = self.tabs.iter().filter(|t| t.over.is_none()).filter_map(|t| t.id);
        open.map(|shell| Effect::CallDetached(Tag::Quiet, Request::ShellDetach { shell })).collect()
    }

    fn resized(&mut self, cx: &Shared) -> Vec<Effect> {
        let size = room(cx);
        let mut effects = Vec::new();
        for (n, tab) in self.tabs.iter_mut().enumerate() {
            if tab.id.is_none() {
                tab.emulator.resize(size);
            }
            if n == self.at
                && tab.over.is_none()
                && let Some(shell) = tab.id
            {
                let (cols, rows) = (size.columns(), size.lines());
                effects.push(Effect::CallDetached(Tag::Quiet, Request::ShellResize { shell, cols, rows }));
            }
        }
        effects
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        let half = self.tab().map_or(10, |t| i32::from(t.emulator.size().lines()) / 2);
        match action {
            Action::ShellDetach => {
                let name = self.tab().map(|t| t.name.clone()).unwrap_or_default();
                return Some(vec![
                    Effect::Close,
                    Effect::Say(Level::Info, t!("shell-detached", name = name)),
                ]);
            }
            Action::ShellClose => return Some(self.close()),
            Action::ShellNext => return Some(self.turn(1)),
            Action::ShellBefore => return Some(self.turn(self.tabs.len().saturating_sub(1))),
            Action::ShellPrefix => return Some(self.write(vec![0x1d])),
            Action::ShellLive => {
                self.scroll(Scroll::Bottom);
                self.scrolled = false;
            }
            Action::Up => self.scroll(Scroll::Lines(1)),
            Action::Down => self.scroll(Scroll::Lines(-1)),
            Action::HalfUp => self.scroll(Scroll::Lines(half)),
            Action::HalfDown => self.scroll(Scroll::Lines(-half)),
            Action::ShellScroll | Action::PageUp => self.scroll(Scroll::PageUp),
            Action::PageDown => self.scroll(Scroll::PageDown),
            Action::Top => self.scroll(Scroll::Top),
            Action::Bottom => self.scroll(Scroll::Bottom),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (Tag::Shell, Ok(Response::Shell(id))) => {
                if let Some(tab) = self.tabs.iter_mut().find(|t| t.id.is_none()) {
                    tab.id = Some(id);
                }
                Vec::new()
            }
            (Tag::Shell, Err(failure)) => {
                let why = cx.catalogue.failure(&failure);
                if let Some(tab) = self.tab_mut() {
                    tab.over = Some(cx.tr(&why));
                }
                vec![Effect::Say(Level::Bad, why)]
            }
            (_, Err(failure)) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&failure))],
            (_, Ok(_)) => Vec::new(),
        }
    }

    fn shell(&mut self, cx: &Shared, bytes: &ShellBytes) -> Vec<Effect> {
        // The first bytes of a new shell may come before the answer that names it.
        let known = self.tabs.iter().any(|t| t.id == Some(bytes.shell));
        let wanted = if known { Some(bytes.shell) } else { None };
        let Some(tab) = self.tabs.iter_mut().find(|t| t.id == wanted && t.over.is_none()) else {
            return Vec::new();
        };
        tab.id = Some(bytes.shell);
        if bytes.redraw {
            // Another client may have made it larger or smaller than our room.
            let size = if bytes.cols == 0 { room(cx) } else { Size::new(bytes.cols, bytes.rows) };
            tab.emulator = Alacritty::new(size, Answers::Discard);
            tab.end = bytes.offset;
            tab.emulator.feed(&bytes.bytes);
        } else {
            let skip = usize::try_from(tab.end.saturating_sub(bytes.offset)).unwrap_or(usize::MAX);
            let fresh = bytes.bytes.get(skip..).unwrap_or_default();
            tab.emulator.feed(fresh);
            tab.end = tab.end.max(bytes.offset + u64::try_from(bytes.bytes.len()).unwrap_or(0));
        }
        tab.over.clone_from(&bytes.ended);
        Vec::new()
    }

    fn tick(&mut self) {
        for tab in &mut self.tabs {
            if let Some(deadline) = tab.emulator.deadline() {
                tab.emulator.tick(deadline + Duration::from_millis(1));
            }
        }
    }

    fn ticks(&self, _: &Shared) -> bool {
        self.tab().is_some_and(|t| t.emulator.deadline().is_some())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        frame.render_widget(self.tab_line(cx, usize::from(area.width)), Rect { height: 1, ..area });
        let rest = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        self.area.set(rest);
        let Some(tab) = self.tab() else { return };
        if tab.id.is_none() && tab.over.is_none() {
            let line = cx.tr(&t!("shell-opening", name = &tab.name));
            return frame.render_widget(Line::styled(line, cx.style(Part::Dim)), Rect { height: 1, ..rest });
        }
        let depth = match cx.colours {
            Colours::None => ColorDepth::None,
            Colours::Basic => ColorDepth::Indexed,
            Colours::True => ColorDepth::True,
        };
        let view = TerminalView::new(&tab.emulator).depth(depth);
        let cursor = view.cursor_position(rest).filter(|_| !self.scrolled && !self.prefix);
        frame.render_widget(view, rest);
        if let Some(why) = &tab.over {
            let sentence = cx.tr(&t!("shell-ended", why = why));
            let y = rest.bottom().saturating_sub(1);
            let line = text::left(&sentence, usize::from(rest.width));
            frame.render_widget(Line::styled(line, cx.style(Part::Warn)), Rect { y, height: 1, ..rest });
        } else if let Some(cursor) = cursor {
            frame.set_cursor_position(cursor);
        }
    }
}
