//! A recording of a shell, played again: in real time or faster, long pauses shortened, forwards and back.
//!
//! The recording is fetched part by part as it is needed; going back begins anew. What was printed goes through an emulator
//! as it did in the shell's pane.

use crate::api::shells::{RecordingRow, ShellAnswer, ShellAsk};
use crate::api::{Failure, Request, Response};
use crate::domain::asciicast::{Event, Header, Lines, What};
use crate::domain::time::Moment;
use crate::terminal::{Alacritty, Answers, Emulator, Size};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::{Colours, Part};
use crate::tui::widgets::empty;
use crate::tui::widgets::terminal_view::{ColorDepth, TerminalView};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::collections::VecDeque;

/// Longest pause that is played, milliseconds.
const PAUSE: u64 = 2_000;
/// Events at hand; below it the next part is fetched.
const AHEAD: usize = 500;
/// How far a step goes, milliseconds.
const STEP: u64 = 10_000;
/// Least time between two frames, milliseconds.
const FRAME: u64 = 16;
/// Speeds, in hundredths.
const SPEEDS: [u64; 7] = [25, 50, 100, 200, 400, 800, 1600];

/// The page.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about where the replay stands")]
pub struct Replay {
    row: RecordingRow,
    emulator: Alacritty,
    lines: Lines,
    begun: bool,
    events: VecDeque<Event>,
    offset: u64,
    asked: bool,
    whole: bool,
    /// Where it is, milliseconds of the recording.
    at: u64,
    /// Played beyond that, and when that was known.
    credit: u64,
    since: Moment,
    playing: bool,
    speed: usize,
    /// Everything up to there is shown at once.
    skip_to: Option<u64>,
    mark: Option<String>,
    /// Why nothing of it came.
    refused: Option<Text>,
    /// How often it was begun anew.
    turn: u64,
}

impl Replay {
    /// Plays a recording from its beginning.
    pub fn new(row: RecordingRow, now: Moment) -> Self {
        Self {
            row,
            emulator: Alacritty::new(Size::default(), Answers::Discard),
            lines: Lines::default(),
            begun: false,
            events: VecDeque::new(),
            offset: 0,
            asked: false,
            whole: false,
            at: 0,
            credit: 0,
            since: now,
            playing: true,
            speed: 2,
            skip_to: None,
            mark: None,
            refused: None,
            turn: 0,
        }
    }

    fn speed(&self) -> u64 {
        SPEEDS.get(self.speed).copied().unwrap_or(100)
    }

    fn fetch(&mut self) -> Vec<Effect> {
        if self.asked || self.whole || self.events.len() >= AHEAD {
            return Vec::new();
        }
        self.asked = true;
        let ask = ShellAsk::RecordingPart { number: self.row.number, offset: self.offset };
        vec![Effect::Call(Tag::Item(self.turn), Request::Shells(ask))]
    }

    fn show(&mut self, event: Event) {
        self.at = event.at;
        match event.what {
            What::Output(text) => self.emulator.feed(text.as_bytes()),
            What::Resize(columns, rows) => self.emulator.resize(Size::new(columns, rows)),
            What::Marker(text) => self.mark = Some(text),
            What::Other => {}
        }
    }

    /// Goes on to `now`.
    fn go_on(&mut self, now: Moment) {
        while let Some(to) = self.skip_to {
            match self.events.front() {
                Some(event) if event.at <= to => {
                    if let Some(event) = self.events.pop_front() {
                        self.show(event);
                    }
                }
                Some(_) => {
                    self.at = to;
                    self.skip_to = None;
                }
                None if self.whole => self.skip_to = None,
                None => break,
            }
            (self.credit, self.since) = (0, now);
        }
        if !self.playing || self.skip_to.is_some() {
            self.since = now;
            return;
        }
        self.credit += now.since(self.since) * self.speed() / 100;
        self.since = now;
        while let Some(next) = self.events.front() {
            let pause = next.at.saturating_sub(self.at).min(PAUSE);
            if pause > self.credit {
                return;
            }
            self.credit -= pause;
            if let Some(event) = self.events.pop_front() {
                self.show(event);
            }
        }
        self.credit = 0;
        if self.whole {
            self.playing = false;
        }
    }

    fn seek(&mut self, to: u64) {
        if to < self.at {
            let now = self.since;
            let fresh = Self::new(self.row.clone(), now);
            let (playing, speed, turn) = (self.playing, self.speed, self.turn + 1);
            // An answer that is under way belongs to the turn before.
            *self = Self { playing, speed, turn, ..fresh };
        }
        self.skip_to = Some(to);
    }

    fn take(&mut self, bytes: &[u8], last: bool) {
        self.offset += bytes.len() as u64;
        for line in self.lines.take(bytes) {
            if self.begun {
                self.events.extend(Event::parse(&line));
            } else if let Some(header) = Header::parse(&line) {
                self.begun = true;
                self.emulator.resize(Size::new(header.width, header.height));
            }
        }
        self.whole = last || bytes.is_empty();
    }

    fn status(&self, cx: &Shared, columns: usize) -> Line<'static> {
        let glyph = if self.playing { "▶" } else { "‖" };
        let word = cx.tr(&if self.playing { t!("replay-playing") } else { t!("replay-paused") });
        let speed = self.speed();
        let (at, lasts) = (text::duration(self.at), text::duration(self.row.lasts));
        let speed = format!("{}.{:02}", speed / 100, speed % 100);
        let left = cx.tr(&t!("replay-at", at = at, lasts = lasts, speed = speed));
        let mut words = format!(" {glyph} {word}  {left}");
        if let Some(mark) = &self.mark {
            words = format!("{words}  · {}", cx.tr(&Text::plain(mark.clone())));
        }
        let who = cx.tr(&t!("replay-of", by = &self.row.origin.by, node = &self.row.origin.name));
        let room = columns.saturating_sub(text::width(&who) + 2);
        Line::from(vec![
            Span::styled(text::left(&words, room), cx.style(Part::Title)),
            Span::styled(format!(" {who} "), cx.style(Part::Dim)),
        ])
    }
}

impl Screen for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-replay", number = self.row.number))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Replay]
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        (self.asked, self.refused) = (false, None);
        self.since = cx.now;
        self.fetch()
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        self.go_on(cx.now);
        match action {
            Action::ReplayPause if self.whole && self.events.is_empty() => {
                self.seek(0);
                self.playing = true;
            }
            Action::ReplayPause => self.playing = !self.playing,
            Action::ReplayFaster => self.speed = (self.speed + 1).min(SPEEDS.len() - 1),
            Action::ReplaySlower => self.speed = self.speed.saturating_sub(1),
            Action::ReplayBack => self.seek(self.at.saturating_sub(STEP)),
            Action::ReplayOn => self.seek(self.at + STEP),
            Action::Top => self.seek(0),
            Action::Bottom => self.seek(u64::MAX),
            _ => return None,
        }
        self.go_on(cx.now);
        Some(self.fetch())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Shells(answer)) => {
                if let (ShellAnswer::Part(part), true) = (*answer, tag == Tag::Item(self.turn)) {
                    self.asked = false;
                    self.take(&part.bytes, part.last);
                    self.go_on(cx.now);
                }
                self.fetch()
            }
            Ok(_) => Vec::new(),
            Err(failure) => {
                self.playing = false;
                let why = cx.catalogue.failure(&failure);
                if self.begun {
                    return vec![Effect::Say(Level::Bad, why)];
                }
                self.refused = Some(why);
                Vec::new()
            }
        }
    }

    fn tick(&mut self, cx: &Shared) -> Vec<Effect> {
        self.go_on(cx.now);
        self.fetch()
    }

    fn wakes(&self, cx: &Shared) -> Option<Moment> {
        let next = self.events.front().filter(|_| self.playing)?;
        let pause = next.at.saturating_sub(self.at).min(PAUSE).saturating_sub(self.credit);
        Some(self.since.plus(pause * 100 / self.speed()).max(cx.now.plus(FRAME)))
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let first = Rect { height: area.height.min(1), ..area };
        frame.render_widget(self.status(cx, usize::from(area.width)), first);
        let rest = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        if !self.begun {
            return empty::asked(cx, frame, rest, self.refused.as_ref());
        }
        let depth = match cx.colours {
            Colours::None => ColorDepth::None,
            Colours::Basic => ColorDepth::Indexed,
            Colours::True => ColorDepth::True,
        };
        frame.render_widget(TerminalView::new(&self.emulator).depth(depth).cursor_cell(true), rest);
    }
}
