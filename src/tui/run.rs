//! The one loop that owns the terminal.
//!
//! Signals, keys, frames of the engine, answers and time meet in one `select!`. Everything that is there is taken in before
//! one frame is drawn; frames come 60 times a second at most and only when something changed; each lies inside
//! synchronised output. Without events nothing wakes us, except once a second while something on the screen counts.

mod perform;

use super::app::{App, Given, Looks};
use super::event::{Command, Event, Tag};
use super::files::{keymaps, read_file, toml_files};
use super::guard::{Guard, quietly};
use super::input::{Input, read_input};
use super::keymap::spell;
use super::options::{ConnectFault, Exit, Options, TuiError};
use super::paint::{Gathered, Paint};
use super::theme::collect;
use super::update::update;
use super::{record, widgets};
use crate::api::client::{Pushed, Pushes};
use crate::api::{Client, ClientError, Failure, FailureKind};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crossterm::queue;
use ratatui::backend::CrosstermBackend;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// From one frame to the next, at least: a sixtieth of a second.
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// First and longest wait before connecting anew.
const RETRY_MS: (u64, u64) = (250, 8_000);
/// How long events are taken in at least before a frame that is due already, so that a flood cannot stop the drawing, nor the
/// drawing a flood.
const DRAIN: Duration = Duration::from_millis(4);

type Screen = Paint<CrosstermBackend<Gathered>>;

/// What of the screen is out of date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stale {
    Nothing,
    /// Cells of shells, at most.
    Shells,
    Everything,
}

struct Loop {
    app: App,
    options: Options,
    terminal: Screen,
    /// What the terminal is to get.
    written: Gathered,
    guard: Option<Guard>,
    record: Option<BufWriter<File>>,
    client: Option<Client>,
    pushed: Option<Pushes>,
    send: mpsc::UnboundedSender<Inner>,
    retry_ms: u64,
    exit: Option<Exit>,
    stale: Stale,
}

/// What tasks of ours report.
enum Inner {
    Event(Box<Event>),
    Connected(Box<(Client, Pushes)>),
    Failed(ConnectFault),
}

/// Runs the interface until it is left.
pub async fn run(mut options: Options) -> Result<Exit, TuiError> {
    let mut record = match &options.record {
        None => None,
        Some(path) => {
            use std::os::unix::fs::OpenOptionsExt;
            let open = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
            Some(BufWriter::new(open.map_err(|source| TuiError::Record { path: path.clone(), source })?))
        }
    };
    let guard = Guard::enter()?;
    let written = Gathered::default();
    let terminal = Paint::new(CrosstermBackend::new(written.clone()))?;
    let size = terminal.size()?;
    let mut files = toml_files(&options.theme_dirs);
    let (keymaps, key_faults) = keymaps(&options.theme_dirs);
    let mut theme = options.theme.clone();
    // A theme may also be named by its file.
    if let Some(path) = options.theme.as_ref().filter(|t| t.contains(['/', '.'])) {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TuiError::Theme { path: PathBuf::from(path), source })?;
        theme = super::theme::Theme::parse(path, &text).ok().map(|t| t.name);
        files.push((path.clone(), text));
    }
    let (themes, faults) = collect(&files);
    let looks = Looks {
        language: options.language,
        colours: options.colours,
        themes,
        given: Given { language: options.language_given, theme: theme.is_some() },
        theme,
        keymaps,
        remembered: std::mem::take(&mut options.remembered),
        zone: jiff::tz::TimeZone::system(),
        size: (size.width, size.height),
        user: options.user.clone(),
        lock_after: options.lock_after,
    };
    let began = now();
    if let (Some(record), Some(path)) = (&mut record, &options.record) {
        let head = record::head(&looks, options.token.is_some(), began);
        writeln!(record, "{head}").map_err(|source| TuiError::Record { path: path.clone(), source })?;
    }
    let mut app = App::new(looks, options.token.clone(), began);
    app.shared.served = options.served;
    let faults = faults.iter().map(ToString::to_string);
    for fault in faults.chain(key_faults.iter().map(ToString::to_string)) {
        let text = super::i18n::Text::plain(fault);
        super::update::say(&mut app, super::event::Level::Warn, text);
    }
    let (send, inner) = mpsc::unbounded_channel();
    let state = Loop {
        app,
        options,
        terminal,
        written,
        guard: Some(guard),
        record,
        client: None,
        pushed: None,
        send,
        retry_ms: RETRY_MS.0,
        exit: None,
        stale: Stale::Everything,
    };
    state.run(inner).await
}

/// The clock is read here and nowhere else in the interface.
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

struct Signals {
    term: Signal,
    hup: Signal,
    int: Signal,
    stop: Signal,
    cont: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let stop = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        let cont = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
            int: signal(SignalKind::interrupt())?,
            stop: signal(stop)?,
            cont: signal(cont)?,
        })
    }
}

/// Whether an event can leave the screen as it is.
enum Quiet {
    Never,
    /// Where it went to a shell.
    IfTyped,
    Always,
}

impl Loop {
    async fn run(mut self, mut inner: mpsc::UnboundedReceiver<Inner>) -> Result<Exit, TuiError> {
        self.draw()?;
        self.connect(Duration::ZERO);
        let mut signals = Signals::new()?;
        let mut input = read_input()?;
        let mut due = Instant::now() + FRAME;
        let mut tick = tokio::time::Instant::now() + Duration::from_secs(1);
        while self.exit.is_none() {
            let wakes = self
                .app
                .wakes()
                .map(|at| tokio::time::Instant::now() + Duration::from_millis(at.since(now())));
            let ticks = wakes.is_some() || self.app.ticks();
            let wake = wakes.map_or(tick, |at| at.min(tick));
            let locks = self.app.locks_at().map(|due| Duration::from_millis(due.since(now())));
            tokio::select! {
                Some(event) = input.recv() => self.input(event),
                Some(done) = inner.recv() => self.inner(done),
                pushed = receive(&mut self.pushed) => self.pushed(pushed),
                () = tokio::time::sleep_until(wake), if ticks => {
                    tick = tokio::time::Instant::now() + Duration::from_secs(1);
                    self.happens(Event::Tick);
                }
                () = tokio::time::sleep(locks.unwrap_or_default()), if locks.is_some() => {
                    self.happens(Event::Idle);
                }
                () = tokio::time::sleep_until(due.into()), if self.stale > Stale::Nothing => {}
                _ = signals.term.recv() => self.exit = Some(Exit::Signal),
                _ = signals.hup.recv() => self.exit = Some(Exit::Signal),
                _ = signals.int.recv() => self.exit = Some(Exit::Signal),
                _ = signals.stop.recv() => self.suspend()?,
                _ = signals.cont.recv() => self.resume()?,
            }
            self.drain(&mut input, &mut inner, due);
            let at = Instant::now();
            if self.stale > Stale::Nothing && at >= due {
                self.draw()?;
                due = next_frame(due, at);
            }
        }
        drop(self.guard.take());
        if let Some(record) = &mut self.record {
            let _ = record.flush();
        }
        Ok(self.exit.unwrap_or(Exit::Signal))
    }

    /// Takes in what is there already, but a flood of it not for longer than until the next frame is due.
    fn drain(&mut self, input: &mut Input, inner: &mut mpsc::UnboundedReceiver<Inner>, due: Instant) {
        let due = due.max(Instant::now() + DRAIN);
        loop {
            if let Ok(event) = input.try_recv() {
                self.input(event);
            } else if let Ok(done) = inner.try_recv() {
                self.inner(done);
            } else if let Some(pushed) = self.pushed.as_mut().and_then(Pushes::try_recv) {
                self.pushed(Some(pushed));
            } else {
                break;
            }
            if Instant::now() >= due {
                break;
            }
        }
    }

    fn input(&mut self, event: io::Result<crossterm::event::Event>) {
        use crossterm::event::Event as E;
        match event {
            Ok(E::Key(key)) => self.happens(Event::Key(key)),
            Ok(E::Paste(text)) => self.happens(Event::Paste(Secret::new(text))),
            Ok(E::Mouse(mouse)) => self.happens(Event::Mouse(mouse)),
            Ok(E::Resize(columns, rows)) => self.happens(Event::Resize(columns, rows)),
            Ok(E::FocusGained | E::FocusLost) => {}
            // The terminal is gone.
            Err(_) => self.exit = Some(Exit::Signal),
        }
    }

    fn inner(&mut self, done: Inner) {
        match done {
            Inner::Event(event) => self.happens(*event),
            Inner::Connected(link) => {
                let (client, pushed) = *link;
                let hello = client.hello().clone();
                self.client = Some(client);
                self.pushed = Some(pushed);
                self.retry_ms = RETRY_MS.0;
                self.happens(Event::Connected(Box::new(hello)));
            }
            Inner::Failed(_) if self.options.served => self.exit = Some(Exit::Signal),
            Inner::Failed(fault) => {
                let wait = self.retry_ms;
                self.retry_ms = (wait * 2).min(RETRY_MS.1);
                self.happens(Event::ConnectFailed { why: fault.0, retry_ms: wait });
                self.connect(Duration::from_millis(wait));
            }
        }
    }

    fn pushed(&mut self, pushed: Option<Pushed>) {
        if let Some(pushed) = pushed {
            self.happens(Event::Pushed(pushed));
        } else if self.options.served {
            self.exit = Some(Exit::Signal);
        } else {
            self.pushed = None;
            self.client = None;
            self.happens(Event::Lost);
            self.connect(Duration::ZERO);
        }
    }

    /// Reads a file for a screen.
    fn read(&self, to: super::event::ScreenId, path: String, max: u64) {
        let send = self.send.clone();
        tokio::spawn(async move {
            let result = read_file(&path, max).await;
            let _ = send.send(Inner::Event(Box::new(Event::File { to, result })));
        });
    }

    /// Lets an event change the state and does what follows from it.
    fn happens(&mut self, event: Event) {
        let at = now();
        let line = self.record.is_some().then(|| record::event(&self.app, at, &event));
        let app = &mut self.app;
        let told = app.notice.is_some() || app.defect.is_some();
        let quiet = match &event {
            // The prefix of shells, typed for itself, also changes the line below.
            Event::Key(key) if spell(key).as_deref() == Some(app.shared.keymap.prefix()) => Quiet::Never,
            Event::Key(_) | Event::Paste(_) => Quiet::IfTyped,
            Event::Answer { tag: Tag::Typed(_), result: Ok(_), .. } => Quiet::Always,
            _ => Quiet::Never,
        };
        let cells = matches!(event, Event::Pushed(Pushed::Shell(_)));
        let commands = match quietly(|| update(app, at, event)) {
            Ok(commands) => commands,
            Err(defect) => {
                self.app.defect = Some(defect);
                Vec::new()
            }
        };
        if let (Some(out), Some(line)) = (&mut self.record, line) {
            let more = [record::commands(&commands), record::state(&self.app)];
            for value in std::iter::once(line).chain(more) {
                let _ = writeln!(out, "{value}");
            }
            let _ = out.flush();
        }
        // What is typed into a shell is shown by its echo: a frame without it would make the echo wait for the next.
        let unseen = match quiet {
            Quiet::Always => commands.is_empty(),
            Quiet::IfTyped => !told && !commands.is_empty() && commands.iter().all(Command::types),
            Quiet::Never => false,
        };
        let stale = match unseen {
            _ if self.app.defect.is_some() => Stale::Everything,
            true => Stale::Nothing,
            false if cells && commands.is_empty() => Stale::Shells,
            false => Stale::Everything,
        };
        self.stale = self.stale.max(stale);
        for command in commands {
            self.perform(command);
        }
    }

    fn connect(&self, wait: Duration) {
        let (connect, send) = (Arc::clone(&self.options.connect), self.send.clone());
        tokio::spawn(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let done = match connect().await {
                Ok(link) => Inner::Connected(Box::new(link)),
                Err(fault) => Inner::Failed(fault),
            };
            let _ = send.send(done);
        });
    }

    /// Gives the terminal back and stops this process, as every program does on Ctrl-Z.
    fn suspend(&mut self) -> io::Result<()> {
        drop(self.guard.take());
        let pid = rustix::process::getpid();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP)?;
        // Here somebody has woken us.
        self.resume()
    }

    fn resume(&mut self) -> io::Result<()> {
        if self.guard.is_none() {
            self.guard = Some(Guard::enter()?);
            if self.app.shared.mouse {
                Guard::mouse(true)?;
            }
        }
        let size = self.afresh()?;
        self.happens(Event::Resize(size.width, size.height));
        Ok(())
    }

    /// The next frame is drawn whole. `Terminal::clear` would do that too, but asks the terminal where its cursor is, and the
    /// thread that reads the terminal would swallow the answer.
    fn afresh(&mut self) -> io::Result<ratatui::layout::Size> {
        self.stale = Stale::Everything;
        self.terminal.afresh()
    }

    fn draw(&mut self) -> io::Result<()> {
        use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let only_cells = std::mem::replace(&mut self.stale, Stale::Nothing) < Stale::Everything;
        let (app, terminal) = (&mut self.app, &mut self.terminal);
        let keep = app.top().is_some_and(|held| held.screen.patches());
        let drawn = quietly(|| {
            if only_cells && terminal.repaint(|last| app.patch(last))? {
                return Ok(());
            }
            terminal.draw(keep, |frame| widgets::chrome::draw(app, frame))
        });
        let result = match drawn {
            Ok(result) => result,
            Err(defect) => {
                self.app.defect = Some(defect);
                let app = &self.app;
                self.terminal.draw(false, |frame| widgets::chrome::draw_defect(app, frame))
            }
        };
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.written.let_out(&mut io::stdout())?;
        result
    }
}

/// When the frame after one that was `due` and drawn `at` some moment is due. A timer is late by up to a millisecond: counted from
/// when it was drawn, sixty frames a second would be fifty-six.
fn next_frame(due: Instant, at: Instant) -> Instant {
    let next = due + FRAME;
    if next > at { next } else { at + FRAME }
}

async fn receive(from: &mut Option<Pushes>) -> Option<Pushed> {
    match from {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

fn failure(fault: ClientError) -> Failure {
    match fault {
        ClientError::Refused(failure) => failure,
        ClientError::Lost => {
            Failure::new(FailureKind::Engine, ClientError::Lost.to_string()).keyed("link-lost")
        }
        other => Failure::new(FailureKind::Engine, other.to_string()),
    }
}
