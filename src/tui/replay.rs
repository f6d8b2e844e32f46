//! A recorded session shown again: the same events go through the same interface, without an engine and without anything being done.
//!
//! A step back begins anew and goes as far as the step before: what is shown follows from the events alone. A frame depends on
//! nothing else but what screens remember from drawing (how many rows they had), so after a resize a list may stand a row off.

mod times;
pub use times::times;

use super::app::{App, Looks};
use super::event::Event;
use super::guard::{Guard, quietly};
use super::i18n::{Language, t};
use super::keys::Keymap;
use super::options::TuiError;
use super::theme::{Theme, collect};
use super::update::update;
use super::widgets::chrome;
use super::{files, picture, record, text};
use crate::domain::secret::Secret;
use crate::domain::text::harmless;
use crate::domain::time::Moment;
use crossterm::event::{Event as Input, KeyCode, KeyEventKind};
use ratatui::Terminal;
use ratatui::backend::{CrosstermBackend, TestBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use unicode_width::UnicodeWidthStr;

/// Longer pauses are cut to this.
const PAUSE: Duration = Duration::from_secs(2);
/// Speeds, times the recorded one.
const SPEEDS: [f32; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 16.0];
/// The most columns and rows that a recording may ask for.
const SIZE_MAX: (u16, u16) = (1000, 500);

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFault {
    /// Not to be read.
    #[error("{path}: {source}")]
    Read {
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Not a recording.
    #[error(
        "{0} is not a recording of cpmg: no line of it begins one; make one with 'cpmg debug record FILE'"
    )]
    NoRecording(PathBuf),
    /// Of another release.
    #[error("{path} was recorded by cpmg {release} in form {form}, this program understands form {ours}")]
    Form {
        /// Where.
        path: PathBuf,
        /// By which release.
        release: String,
        /// Its form.
        form: u32,
        /// Ours.
        ours: u32,
    },
    /// The terminal.
    #[error(transparent)]
    Tui(#[from] TuiError),
}

impl From<io::Error> for ReplayFault {
    fn from(fault: io::Error) -> Self {
        Self::Tui(fault.into())
    }
}

/// One event of a recording.
struct Step {
    at: Moment,
    /// As it is kept: read anew each time, since events cannot be copied.
    word: String,
    /// For the eyes.
    said: String,
}

/// A recorded session.
pub struct Recording {
    head: record::Head,
    steps: Vec<Step>,
    themes: Vec<Theme>,
    keymaps: Vec<Keymap>,
    /// Lines that could not be understood: how many, and the first with its reason.
    lost: Option<(usize, String)>,
}

impl Recording {
    /// The last recording in a file; `theme_dirs` as the screens have them.
    pub fn load(path: &Path, theme_dirs: &[PathBuf]) -> Result<Self, ReplayFault> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ReplayFault::Read { path: path.to_path_buf(), source })?;
        let (themes, _) = collect(&files::toml_files(theme_dirs));
        let (keymaps, _) = files::keymaps(theme_dirs);
        Self::parse(path, &text, &themes, &keymaps)
    }

    fn parse(path: &Path, text: &str, themes: &[Theme], keymaps: &[Keymap]) -> Result<Self, ReplayFault> {
        let mut found: Option<Self> = None;
        for (number, line) in text.lines().enumerate() {
            let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
                if let Some(found) = &mut found {
                    found.lose(number, "not JSON");
                }
                continue;
            };
            if value.get("recording").is_some() {
                if let Ok(head) = serde_json::from_value(value) {
                    found = Some(Self {
                        head,
                        steps: Vec::new(),
                        themes: themes.to_vec(),
                        keymaps: keymaps.to_vec(),
                        lost: None,
                    });
                }
                continue;
            }
            let (Some(recording), Some(event)) = (&mut found, value.get("event")) else { continue };
            let at = Moment(value.get("at").and_then(serde_json::Value::as_u64).unwrap_or_default());
            let Some(word) = value.get("replay").and_then(|w| w.as_str()) else {
                recording.lose(number, "an event without its replay");
                continue;
            };
            match record::read(word) {
                Ok(_) => {
                    let said = harmless(&event.to_string());
                    recording.steps.push(Step { at, word: word.to_owned(), said });
                }
                Err(why) => recording.lose(number, &why),
            }
        }
        let found = found.ok_or_else(|| ReplayFault::NoRecording(path.to_path_buf()))?;
        let form = found.head.recording;
        if form == record::FORM {
            Ok(found)
        } else {
            let (release, ours) = (found.head.release, record::FORM);
            Err(ReplayFault::Form { path: path.to_path_buf(), release, form, ours })
        }
    }

    fn lose(&mut self, line: usize, why: &str) {
        match &mut self.lost {
            Some((count, _)) => *count += 1,
            None => self.lost = Some((1, format!("line {}: {why}", line + 1))),
        }
    }

    fn app(&self) -> App {
        let zone = self.head.zone.as_deref().and_then(|name| jiff::tz::TimeZone::get(name).ok());
        let looks = Looks {
            language: Language::from_locale(&self.head.language).unwrap_or(Language::En),
            colours: self.head.colours,
            themes: self.themes.clone(),
            theme: self.head.theme.clone(),
            zone: zone.unwrap_or(jiff::tz::TimeZone::UTC),
            size: self.head.size,
            user: self.head.user.clone(),
            keymaps: self.keymaps.clone(),
            given: self.head.given,
            remembered: self.head.remembered.clone(),
            lock_after: self.head.lock_after,
        };
        // No page may be missing or there in addition: answers find theirs by its number.
        let token = self.head.resumes.then(|| Secret::new(String::new()));
        App::new(looks, token, Moment(self.head.at))
    }
}

/// A recording at one of its steps.
struct Player<'a> {
    recording: &'a Recording,
    app: App,
    /// How many steps were done.
    done: usize,
    size: (u16, u16),
}

impl<'a> Player<'a> {
    fn new(recording: &'a Recording) -> Self {
        Self { recording, app: recording.app(), done: 0, size: recording.head.size }
    }

    /// Goes one step on; `false` at the end.
    fn step(&mut self) -> bool {
        if self.done >= self.recording.steps.len() {
            return false;
        }
        if let Some((at, event)) = self.next() {
            self.take(at, event);
        }
        true
    }

    /// The next event, if there is one that can be read; it counts as done.
    fn next(&mut self) -> Option<(Moment, Event)> {
        let step = self.recording.steps.get(self.done)?;
        self.done += 1;
        record::read(&step.word).ok().map(|event| (step.at, event))
    }

    /// Lets an event happen.
    fn take(&mut self, at: Moment, event: Event) {
        if let Event::Resize(columns, rows) = event {
            self.size = (columns, rows);
        }
        let app = &mut self.app;
        // What is to be done outside was done when it was recorded.
        if let Err(defect) = quietly(|| drop(update(app, at, event))) {
            self.app.defect = Some(defect);
        }
    }

    /// Goes to the moment after so many steps.
    fn go(&mut self, to: usize) {
        if to < self.done {
            *self = Self::new(self.recording);
        }
        while self.done < to && self.step() {
            // Drawn each time, as it was: screens remember how many rows they had.
            let _ = self.frame();
        }
    }

    fn frame(&mut self) -> Buffer {
        let (columns, rows) = (self.size.0.clamp(1, SIZE_MAX.0), self.size.1.clamp(1, SIZE_MAX.1));
        let mut terminal = match Terminal::new(TestBackend::new(columns, rows)) {
            Ok(terminal) => terminal,
            Err(never) => match never {},
        };
        let app = &self.app;
        let drawn = quietly(|| terminal.draw(|frame| chrome::draw(app, frame)).map(|_| ()));
        if let Err(defect) = drawn {
            self.app.defect = Some(defect);
            let app = &self.app;
            let _ = terminal.draw(|frame| chrome::draw_defect(app, frame));
        }
        terminal.backend().buffer().clone()
    }

    /// How long after the step before the next one came.
    fn wait(&self) -> Option<Duration> {
        let next = self.recording.steps.get(self.done)?.at.0;
        let before = self.done.checked_sub(1).and_then(|n| self.recording.steps.get(n));
        let before = before.map_or(self.recording.head.at, |s| s.at.0);
        Some(Duration::from_millis(next.saturating_sub(before)).min(PAUSE))
    }
}

/// A frame as text, without blanks at the ends of lines.
fn lines(frame: &Buffer) -> String {
    let area = frame.area;
    let mut out = String::new();
    for y in area.top()..area.bottom() {
        let (mut line, mut x) = (String::new(), area.left());
        while x < area.right() {
            let symbol = frame.cell((x, y)).map_or(" ", |cell| cell.symbol());
            line.push_str(symbol);
            x += text::cells(symbol.width().max(1));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// Writes every event, and the screen after it where it has changed.
pub fn print(recording: &Recording, out: &mut impl Write) -> io::Result<()> {
    let mut player = Player::new(recording);
    let mut shown = lines(&player.frame());
    writeln!(out, "== start {}x{}\n{shown}", player.size.0, player.size.1)?;
    while player.step() {
        let said = recording.steps.get(player.done.saturating_sub(1)).map_or("", |s| s.said.as_str());
        writeln!(out, "== {}/{} {}", player.done, recording.steps.len(), text::fit(said, 200))?;
        let now = lines(&player.frame());
        if now != shown {
            writeln!(out, "{now}")?;
            shown = now;
        }
    }
    if let Some((count, first)) = &recording.lost {
        writeln!(out, "== {count} lines were not understood; {first}")?;
    }
    out.flush()
}

/// The last frame on which `shows` stands (`None`: the last of all), as a picture; `None` when there is no such frame.
pub fn picture(recording: &Recording, shows: Option<&str>) -> Option<String> {
    let mut player = Player::new(recording);
    let mut found = None;
    loop {
        let frame = player.frame();
        if shows.is_none_or(|words| lines(&frame).contains(words)) {
            found = Some(frame);
        }
        if !player.step() {
            break;
        }
    }
    found.map(|frame| picture::svg(&frame, "cpmg"))
}

/// Plays a recording on the terminal until it is left.
pub fn play(recording: &Recording) -> Result<(), ReplayFault> {
    let _guard = Guard::enter()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let mut player = Player::new(recording);
    let (mut playing, mut speed) = (true, 2_usize);
    loop {
        let frame = player.frame();
        let bar = bar(&player, playing, SPEEDS.get(speed).copied().unwrap_or(1.0));
        terminal.draw(|to| show(to, &frame, &bar))?;
        let factor = SPEEDS.get(speed).copied().unwrap_or(1.0);
        let due = player.wait().filter(|_| playing).map(|wait| Instant::now() + wait.div_f32(factor));
        let key = match due {
            Some(due) => read_until(due)?,
            None => Some(crossterm::event::read()?),
        };
        let Some(key) = key else {
            player.step();
            continue;
        };
        let Input::Key(key) = key else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
            KeyCode::Char(' ') => playing = !playing,
            KeyCode::Right | KeyCode::Char('n' | 'l') => {
                playing = false;
                player.step();
            }
            KeyCode::Left | KeyCode::Char('p' | 'h') => {
                playing = false;
                player.go(player.done.saturating_sub(1));
            }
            KeyCode::Char('+') => speed = (speed + 1).min(SPEEDS.len() - 1),
            KeyCode::Char('-') => speed = speed.saturating_sub(1),
            KeyCode::Char('g') | KeyCode::Home => player.go(0),
            KeyCode::Char('G') | KeyCode::End => player.go(recording.steps.len()),
            _ => {}
        }
    }
}

/// The next input, or nothing when that moment has come.
fn read_until(due: Instant) -> io::Result<Option<Input>> {
    let left = due.saturating_duration_since(Instant::now());
    Ok(if crossterm::event::poll(left)? { Some(crossterm::event::read()?) } else { None })
}

fn bar(player: &Player<'_>, playing: bool, speed: f32) -> String {
    let cx = &player.app.shared;
    let step = player.done.checked_sub(1).and_then(|n| player.recording.steps.get(n));
    let (done, all, speed) = (player.done, player.recording.steps.len(), speed.to_string());
    let mut bar = cx.tr(&if playing {
        t!("session-playing", done = done, all = all, speed = speed)
    } else {
        t!("session-paused", done = done, all = all, speed = speed)
    });
    if let Some((count, _)) = &player.recording.lost {
        bar = format!("{bar}  {}", cx.tr(&t!("session-lost", count = *count)));
    }
    format!("{bar}  {}", step.map_or("", |s| s.said.as_str()))
}

/// The recorded frame, as much of it as there is room for, and the bar in the last row.
fn show(to: &mut ratatui::Frame<'_>, frame: &Buffer, bar: &str) {
    let area = to.area();
    let room = Rect { height: area.height.saturating_sub(1), ..area };
    // On a terminal of the recorded size the last row is the recording's footer, which the bar covers.
    for y in 0..room.height.min(frame.area.height) {
        for x in 0..room.width.min(frame.area.width) {
            if let (Some(from), Some(cell)) = (frame.cell((x, y)), to.buffer_mut().cell_mut((x, y))) {
                cell.clone_from(from);
            }
        }
    }
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1.min(area.height), ..area };
    let line = text::fit(bar, usize::from(area.width));
    to.render_widget(Line::styled(line, Style::new().add_modifier(Modifier::REVERSED)), last);
}

#[cfg(test)]
mod tests;
