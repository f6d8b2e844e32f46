//! Shells on nodes: real terminals in tabs and panes.
//!
//! Every key goes to the shell but the prefix (Ctrl-], or another one of the keymap or the settings); twice it is sent itself. A shell lives in the engine: leaving the page
//! detaches, coming back shows the screen as it is. What the shell prints goes through the emulator and reaches the
//! operator's terminal only as cells.
//!
//! `layout` is how panes share the room, `tabs` how they come and go, `pane` one shell of the engine, `panes` those in sight, `copying` a look at the
//! history and `look` its keys, `draw` the picture, `pick` the list from which another shell is opened,
//! `kept` what comes back. Here is which pane gets what.

mod copying;
mod draw;
mod kept;
mod layout;
mod look;
mod pane;
mod panes;
mod pick;
mod send;
mod tabs;

use crate::api::message::ShellBytes;
use crate::api::shells::ShellAsk;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::{EnvId, JobId, NodeId, ShellId};
use crate::domain::time::Moment;
use crate::terminal::{Emulator, Size, encode_paste};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context, pretty, spell};
use crate::tui::keys_to_terminal::{key_bytes, mouse_bytes};
use crate::tui::memory::Memory;
use crate::tui::screen::{Patch, Screen, Shared};
use crate::tui::screens::recordings::RecordingsPage;
use copying::{Copying, Found};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use layout::{PaneId, Towards, Tree, Way};
use pane::Pane;
pub use pane::Wanted;
use panes::typing;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

/// Frames of shells whose number is not known yet that are kept.
const EARLY: usize = 64;
/// Longest that an update without an end hides what is shown, milliseconds.
const UPDATE: u64 = 150;
/// Panes that a page has at most.
const PANES: usize = 64;

/// Some panes that share the room.
struct Tab {
    tree: Tree,
    focus: PaneId,
    zoomed: bool,
    /// What is typed goes to every pane in sight.
    together: bool,
}

/// Where the prefix key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prefix {
    No,
    /// Pressed: the next key is the page's.
    Pressed,
    /// That key is being looked up.
    Used,
}

/// The page.
pub struct ShellPage {
    env: EnvId,
    tabs: Vec<Tab>,
    at: usize,
    panes: BTreeMap<PaneId, Pane>,
    next: PaneId,
    prefix: Prefix,
    /// The key after the prefix.
    after: Option<KeyEvent>,
    /// The digit after the prefix.
    digit: usize,
    /// Bytes of shells whose number has not been told yet.
    early: Vec<ShellBytes>,
    /// There were too many of them.
    missed: bool,
    /// A file on its way: its name, bytes that arrived, bytes there are.
    moving: Option<(String, u64, u64)>,
    /// Room for panes: what the last frame had.
    area: Cell<Rect>,
    /// What of it could be seen, as long as nothing but cells of shells has changed since that frame.
    drawn: Cell<Option<Rect>>,
}

/// Room for panes on a terminal of that size: header, crumbs, tabs, message line and footer are taken off.
fn room(cx: &Shared) -> Rect {
    let (columns, rows) = cx.size;
    Rect::new(0, 0, columns, rows.saturating_sub(5))
}

impl ShellPage {
    /// Shells of the operator. In front is the one on the node, an open one or a new one; with several nodes a tab that has a
    /// pane for each of them.
    pub fn open(cx: &Shared, env: EnvId, job: Option<JobId>, nodes: &[(NodeId, &str)]) -> Self {
        let mine = cx.me.as_ref().map(|me| me.name.as_str());
        let open: Vec<Wanted> = cx
            .data
            .shells()
            .into_iter()
            .filter(|s| Some(s.by.as_str()) == mine)
            .map(|s| Wanted { node: s.node, name: s.name.clone(), shell: Some(s.id), job: s.job })
            .collect();
        let mut page = Self {
            env,
            tabs: Vec::new(),
            at: 0,
            panes: BTreeMap::new(),
            next: 1,
            prefix: Prefix::No,
            after: None,
            digit: 0,
            early: Vec::new(),
            missed: false,
            moving: None,
            area: Cell::new(room(cx)),
            drawn: Cell::new(None),
        };
        let front = if let [(node, name)] = nodes {
            let known = open.iter().position(|w| w.node == *node);
            for wanted in &open {
                page.add_tab(vec![wanted.clone()]);
            }
            known.unwrap_or_else(|| {
                page.add_tab(vec![Wanted { node: *node, name: (*name).to_owned(), shell: None, job }]);
                page.tabs.len() - 1
            })
        } else {
            // Several at once share a tab; shells that are open already have their own.
            for wanted in &open {
                page.add_tab(vec![wanted.clone()]);
            }
            let fresh = |(node, name): &(NodeId, &str)| Wanted {
                node: *node,
                name: (*name).to_owned(),
                shell: None,
                job,
            };
            page.add_tab(nodes.iter().map(fresh).collect());
            page.tabs.len().saturating_sub(1)
        };
        page.at = front;
        page
    }

    fn add_pane(&mut self, wanted: Wanted) -> PaneId {
        let id = self.next;
        self.next += 1;
        let area = self.area.get();
        self.panes.insert(id, Pane::new(wanted, Size::new(area.width, area.height)));
        id
    }

    fn add_tab(&mut self, wanted: Vec<Wanted>) {
        let room = PANES.saturating_sub(self.panes.len());
        let panes: Vec<PaneId> = wanted.into_iter().take(room).map(|w| self.add_pane(w)).collect();
        if let (Some(tree), Some(focus)) = (Tree::tiled(&panes), panes.first()) {
            self.tabs.push(Tab { tree, focus: *focus, zoomed: false, together: false });
        }
    }

    fn tab(&self) -> Option<&Tab> {
        self.tabs.get(self.at)
    }

    fn pane(&self) -> Option<&Pane> {
        self.panes.get(&self.tab()?.focus)
    }

    fn pane_mut(&mut self) -> Option<&mut Pane> {
        let focus = self.tab()?.focus;
        self.panes.get_mut(&focus)
    }

    fn copying(&mut self) -> Option<(&mut Copying, &mut crate::terminal::Alacritty)> {
        let pane = self.pane_mut()?;
        Some((pane.copying.as_mut()?, &mut pane.emulator))
    }

    fn is_copying(&self) -> bool {
        self.pane().is_some_and(|p| p.copying.is_some())
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
        if self.prefix == Prefix::No && self.is_copying() {
            vec![Context::ShellScroll, Context::Moving]
        } else {
            vec![Context::Shell]
        }
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Shells, Topic::Nodes(self.env)]
    }

    fn is_secret(&self) -> bool {
        !self.is_copying()
    }

    fn key(&mut self, cx: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        if self.prefix == Prefix::Pressed {
            (self.prefix, self.after) = (Prefix::Used, Some(*key));
            if let KeyCode::Char(c) = key.code {
                self.digit = c.to_digit(10).and_then(|d| usize::try_from(d).ok()).unwrap_or(0);
            }
            return None;
        }
        self.prefix = Prefix::No;
        if spell(key).as_deref() == Some(cx.keymap.prefix()) {
            self.prefix = Prefix::Pressed;
            return Some(Vec::new());
        }
        if let Some((copying, emulator)) = self.copying() {
            return Some(match copying.key(emulator, key)? {
                Found::Here => Vec::new(),
                Found::Nothing => {
                    vec![Effect::Say(Level::Info, t!("shell-not-found", text = copying.needle()))]
                }
            });
        }
        let pane = self.pane()?;
        if pane.over.is_some() {
            // The shell has ended: nothing to type to, so the keys that go back close it.
            return matches!(key.code, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q'))
                .then(|| self.drop_pane());
        }
        Some(self.write(|pane| key_bytes(*key, &pane.emulator.modes())))
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Option<Vec<Effect>> {
        let (pane, place) = self.under(mouse)?;
        if matches!(mouse.kind, MouseEventKind::Down(_)) {
            self.focus(pane);
        }
        if self.tab()?.focus != pane {
            return None;
        }
        let here = self.pane()?;
        let bytes = mouse_bytes(mouse, place, &here.emulator.modes());
        if bytes.is_empty() || here.copying.is_some() {
            return self.select(mouse, place).or(Some(Vec::new()));
        }
        let shell = here.open()?;
        Some(vec![typing((shell, Request::ShellWrite { shell, bytes }))])
    }

    fn paste(&mut self, _: &Shared, text: &str) -> Vec<Effect> {
        if let Some((copying, _)) = self.copying() {
            copying.paste(text);
            return Vec::new();
        }
        self.write(|pane| encode_paste(text, &pane.emulator.modes()))
    }

    fn keep(&mut self, cx: &Shared, memory: &mut Memory) {
        self.remember(cx, memory);
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.panes.values_mut().for_each(|p| p.attached = false);
        self.settle()
    }

    fn closed(&mut self, _: &Shared) -> Vec<Effect> {
        let open = self.panes.values().filter(|p| p.attached).filter_map(Pane::open);
        open.map(|shell| Effect::CallDetached(Tag::Quiet, Request::ShellDetach { shell })).collect()
    }

    fn resized(&mut self, cx: &Shared) -> Vec<Effect> {
        self.area.set(Rect { width: room(cx).width, height: room(cx).height, ..self.area.get() });
        self.settle()
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        let line = self.pane()?.copying.as_ref()?.typing()?;
        Some((t!("prompt-shell-search"), line.text().to_owned(), line.cursor()))
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        if self.prefix == Prefix::No && self.is_copying() {
            return self.act_copying(action);
        }
        self.prefix = Prefix::No;
        let count = self.tabs.len().max(1);
        Some(match action {
            Action::ShellDetach => {
                let name = self.pane().map(|p| p.name().to_owned()).unwrap_or_default();
                vec![Effect::Close, Effect::Say(Level::Info, t!("shell-detached", name = name))]
            }
            Action::ShellClose => self.close(),
            Action::ShellNext => self.turn((self.at + 1) % count),
            Action::ShellBefore => self.turn((self.at + count - 1) % count),
            Action::ShellNumber if self.digit > self.tabs.len() => {
                vec![Effect::Say(Level::Warn, t!("shell-no-tab", number = self.digit))]
            }
            Action::ShellNumber => self.turn(self.digit.saturating_sub(1)),
            Action::ShellPrefix => match self.after {
                Some(key) => self.write(|pane| key_bytes(key, &pane.emulator.modes())),
                None => Vec::new(),
            },
            Action::ShellRight => self.split(cx, Way::Beside),
            Action::ShellBelow => self.split(cx, Way::Below),
            Action::ShellNew => vec![Effect::Push(Box::new(pick::Pick::new(self.env, &self.shown())))],
            Action::ShellSend => {
                let Some(pane) = self.pane() else { return Some(Vec::new()) };
                vec![Effect::Push(send::send(pane.wanted.node, pane.name()))]
            }
            Action::ShellRecord => {
                let Some(shell) = self.pane().and_then(Pane::open) else { return Some(Vec::new()) };
                let on = recording(cx, shell).is_none();
                vec![Effect::Call(Tag::Quiet, Request::Shells(ShellAsk::Record { shell, on }))]
            }
            Action::Recordings => vec![Effect::Push(Box::new(RecordingsPage::default()))],
            Action::ShellTogether => self.toggle_together(cx),
            Action::ShellAside => {
                let together = self.tab().is_some_and(|t| t.together);
                let Some(pane) = self.pane_mut().filter(|_| together) else {
                    return Some(vec![Effect::Say(
                        Level::Warn,
                        t!("shell-not-together", prefix = prefix(cx)),
                    )]);
                };
                pane.aside = !pane.aside;
                Vec::new()
            }
            Action::Zoom => {
                if let Some(tab) = self.tabs.get_mut(self.at) {
                    tab.zoomed = !tab.zoomed;
                }
                self.settle()
            }
            Action::ShellWider | Action::ShellNarrower => {
                let more = action == Action::ShellWider;
                if let Some(tab) = self.tabs.get_mut(self.at) {
                    tab.tree.grow(tab.focus, more);
                }
                self.settle()
            }
            Action::PaneNext => self.go_round(),
            Action::ScrollLeft => self.go(Towards::Left),
            Action::ScrollRight => self.go(Towards::Right),
            Action::Up => self.go(Towards::Up),
            Action::Down => self.go(Towards::Down),
            Action::ShellScroll => self.look_back(),
            Action::ShellSearch => {
                let effects = self.look_back();
                self.act_copying(Action::ShellSearch);
                effects
            }
            _ => return None,
        })
    }

    fn line(&mut self, cx: &Shared, line: &str) -> Option<Vec<Effect>> {
        let (wanted, way) = pick::chosen(cx, self.env, line)?;
        Some(self.add(cx, wanted, way))
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        let pane = if let Tag::Item(id) = tag { self.panes.get_mut(&id) } else { None };
        match (pane, result) {
            (Some(pane), Ok(Response::Shell(id))) => {
                let ahead = pane.opened(id).map(typing);
                let room = self.area.get();
                let (mine, others): (Vec<_>, Vec<_>) =
                    std::mem::take(&mut self.early).into_iter().partition(|b| b.shell == id);
                self.early = others;
                for bytes in mine {
                    pane.take(&bytes, Size::new(room.width, room.height));
                }
                // Attached anew, it is drawn whole.
                pane.attached &= !self.missed;
                self.missed &= self.panes.values().any(|p| p.id.is_none() && p.attached);
                ahead.into_iter().chain(self.settle()).collect()
            }
            (Some(pane), Err(failure)) => {
                let why = cx.catalogue.failure(&failure);
                // A lost link is no end: the shell lives on in the engine.
                if cx.link == crate::tui::screen::Link::Up {
                    pane.over = Some(cx.tr(&why));
                } else {
                    pane.attached = false;
                }
                vec![Effect::Say(Level::Bad, why)]
            }
            (_, Err(failure)) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&failure))],
            (_, Ok(_)) => Vec::new(),
        }
    }

    fn shell(&mut self, _: &Shared, bytes: &ShellBytes) -> Vec<Effect> {
        let room = self.area.get();
        if let Some(pane) = self.panes.values_mut().find(|p| p.id == Some(bytes.shell)) {
            let before = (pane.emulator.title(), pane.over.clone());
            pane.take(bytes, Size::new(room.width, room.height));
            if bytes.redraw || before != (pane.emulator.title(), pane.over.clone()) {
                self.drawn.set(None);
            }
        } else if self.panes.values().any(|p| p.id.is_none() && p.attached) {
            // The first bytes of a new shell may come before the answer that names it.
            if self.early.len() < EARLY {
                self.early.push(bytes.clone());
            } else {
                self.missed = true;
            }
        }
        Vec::new()
    }

    fn tick(&mut self, _: &Shared) -> Vec<Effect> {
        for pane in self.panes.values_mut() {
            if let Some(deadline) = pane.emulator.deadline() {
                pane.emulator.tick(deadline + Duration::from_millis(1));
            }
        }
        Vec::new()
    }

    fn wakes(&self, cx: &Shared) -> Option<Moment> {
        // A program that began an update and does not end it freezes its pane no longer than this.
        self.ticks(cx).then(|| cx.now.plus(UPDATE))
    }

    fn moving(&mut self, _: &Shared, how: Option<(&str, u64, u64)>) {
        self.moving = how.map(|(name, done, size)| (name.to_owned(), done, size));
    }

    fn ticks(&self, _: &Shared) -> bool {
        self.places(self.area.get())
            .iter()
            .any(|(id, ..)| self.panes.get(id).is_some_and(|p| p.emulator.deadline().is_some()))
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        self.draw(cx, frame, area);
    }

    fn patches(&self) -> bool {
        true
    }

    fn patch(&mut self, cx: &Shared, last: &mut Buffer) -> Option<Patch> {
        self.draw_changes(cx, last)
    }
}

impl ShellPage {
    /// The shells that have a pane.
    fn shown(&self) -> Vec<ShellId> {
        self.panes.values().filter_map(|p| p.id).collect()
    }
}

/// The recording that is made of a shell.
fn recording(cx: &Shared, shell: ShellId) -> Option<u64> {
    cx.data.shells().into_iter().find(|s| s.id == shell)?.recording
}

/// The prefix as it is written on screens.
fn prefix(cx: &Shared) -> String {
    pretty(cx.keymap.prefix())
}
