//! A shell session: two tasks between the pty and the emulator, and a handle for the engine.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio_util::bytes::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::core::{Chunk, Core, Taken};
use super::floor::{Floor, Speaker};
use super::pipe::{PipeEvent, PipeReader, PipeWriter};
use super::recorder::Recorder;
use crate::domain::said::Said;
use crate::ssh::{Session, SshError};
use crate::terminal::{Emulator, Screen, Size, TERM};

/// Bytes of output kept for clients that fall behind.
const LOG: usize = 1024 * 1024;
/// Bytes of input that may wait for the node.
const INPUT: usize = 1024 * 1024;
/// Bytes of input handed to the connection at once.
const PIECE: usize = 16 * 1024;

/// Bytes that are taken without a look at who else wants the emulator: 1 ms of the shortest lines.
const TAKEN: usize = 4 * 1024;

/// How long a broken input waits for the output to tell why.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a shell came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The shell ended by itself; how, in words.
    Ended(String),
    /// The node gives no terminal or no shell.
    Refused,
    /// The connection broke; why, if known.
    Lost(String),
    /// Somebody closed it here.
    Here,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(how) => write!(f, "the shell ended ({how})"),
            Self::Refused => f.write_str(
                "the node refused a shell: look for PermitTTY, a forced command or the login shell of the account there",
            ),
            Self::Lost(why) if why.is_empty() => f.write_str("the connection of the shell was lost: open another one"),
            Self::Lost(why) => write!(f, "the connection of the shell was lost ({why}): open another one"),
            Self::Here => f.write_str("the shell was closed"),
        }
    }
}

impl From<&Closed> for Said {
    fn from(closed: &Closed) -> Self {
        let keyed = |key| Self::keyed(closed.to_string(), key);
        match closed {
            Closed::Ended(how) => keyed("error-shell-over").arg("how", how.as_str()),
            Closed::Refused => keyed("error-shell-refused"),
            Closed::Lost(why) if why.is_empty() => keyed("error-shell-lost"),
            Closed::Lost(why) => keyed("error-shell-lost-why").arg("why", why.as_str()),
            Closed::Here => keyed("error-shell-closed"),
        }
    }
}

/// Why a shell does not take input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShellError {
    /// It has ended.
    #[error("{0}")]
    Closed(Closed),
    /// 1 MiB of input waits already.
    #[error("the program on the node takes no input: wait, or interrupt it with Ctrl-C in another shell")]
    Busy,
}

impl From<&ShellError> for Said {
    fn from(fault: &ShellError) -> Self {
        match fault {
            ShellError::Closed(closed) => closed.into(),
            ShellError::Busy => Self::keyed(fault.to_string(), "error-shell-no-input"),
        }
    }
}

/// How far a shell is. A client that sees a greater `end` than its own number has something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The number after the newest byte.
    pub end: u64,
    /// The end, when it has come.
    pub closed: Option<Closed>,
}

enum Input {
    Bytes(Bytes),
    Resize(Size),
}

struct Shared {
    core: Mutex<Core>,
    /// How many wait for the core. A mutex is not fair: who takes a flood would have it again before they woke.
    wanted: AtomicUsize,
    recorder: Mutex<Option<Recorder>>,
    progress: watch::Sender<Progress>,
    input: mpsc::UnboundedSender<Input>,
    waiting: AtomicUsize,
    close: CancellationToken,
}

/// A shell that lives in the engine. Dropping it hangs up.
pub struct ShellSession {
    shared: Arc<Shared>,
    _hang_up: DropGuard,
}

impl ShellSession {
    /// Opens a shell over an SSH connection that nothing else uses.
    /// `locale` is told to the node, which may have other ideas. On the `floor` are those that it shares its time with.
    pub async fn over_ssh(
        session: &Session,
        size: Size,
        locale: &[(String, String)],
        floor: &Floor,
    ) -> Result<Self, SshError> {
        let pty = session.pty(TERM, size.columns(), size.lines(), locale).await?;
        let writer = pty.writer();
        Ok(Self::with_log(pty, writer, size, LOG, floor))
    }

    /// Makes a session of a pty that has this size already. To be called within a tokio runtime.
    pub fn open(reader: impl PipeReader, writer: impl PipeWriter, size: Size) -> Self {
        Self::with_log(reader, writer, size, LOG, &Floor::default())
    }

    pub(super) fn with_log(
        reader: impl PipeReader,
        writer: impl PipeWriter,
        size: Size,
        log: usize,
        floor: &Floor,
    ) -> Self {
        let (input, queue) = mpsc::unbounded_channel();
        let close = CancellationToken::new();
        let shared = Arc::new(Shared {
            core: Mutex::new(Core::new(size, log)),
            wanted: AtomicUsize::new(0),
            recorder: Mutex::new(None),
            progress: watch::Sender::new(Progress { end: 0, closed: None }),
            input,
            waiting: AtomicUsize::new(0),
            close: close.clone(),
        });
        tokio::spawn(read(Arc::clone(&shared), reader, floor.enter()));
        tokio::spawn(write(Arc::clone(&shared), writer, queue));
        Self { shared, _hang_up: close.drop_guard() }
    }

    /// Sends input. Never waits.
    pub fn write(&self, bytes: &[u8]) -> Result<(), ShellError> {
        if let Some(closed) = self.closed() {
            return Err(ShellError::Closed(closed));
        }
        if self.shared.send(bytes) { Ok(()) } else { Err(ShellError::Busy) }
    }

    /// Gives the pty another size. Never waits.
    pub fn resize(&self, size: Size) {
        if self.closed().is_none() {
            let mut core = self.shared.core();
            if core.resize(size) {
                let _ = self.shared.input.send(Input::Resize(size));
                self.shared.publish(&core);
                // Whoever has the recorder may wait for the core.
                drop(core);
                self.shared.record(|recorder| recorder.resize(size));
            }
        }
    }

    /// What comes after a number, or a redrawn screen when that is no longer known. Works after the end, too.
    pub fn read_from(&self, offset: u64) -> Chunk {
        self.shared.core().read_from(offset)
    }

    /// The whole screen, for a client that comes.
    pub fn attach(&self) -> Chunk {
        self.shared.core().redraw()
    }

    /// Tells of new output, changes of size and the end.
    pub fn changed(&self) -> watch::Receiver<Progress> {
        self.shared.progress.subscribe()
    }

    /// Waits for the end. Output does not wake who waits here.
    pub async fn ended(&self) {
        self.shared.close.cancelled().await;
        let mut changed = self.changed();
        drop(changed.wait_for(|p| p.closed.is_some()).await);
    }

    /// How it ended; none while it lives.
    pub fn closed(&self) -> Option<Closed> {
        self.shared.progress.borrow().closed.clone()
    }

    /// The size of the pty.
    pub fn size(&self) -> Size {
        self.shared.core().size()
    }

    /// The title the program set; harmless.
    pub fn title(&self) -> String {
        self.shared.core().emulator().title()
    }

    /// What is on the screen.
    pub fn screen(&self) -> Screen {
        self.shared.core().emulator().screen()
    }

    /// Begins or ends a recording. One that begins starts with the screen as it is.
    pub fn record(&self, recorder: Option<Recorder>) {
        let mut here = self.shared.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        *here = recorder;
        if let Some(recorder) = &mut *here {
            let mut core = self.shared.core();
            if core.end() > 0 {
                recorder.output(&Bytes::from(core.redraw().bytes));
            }
        }
    }

    /// Hangs up. The node ends the shell's programs as it does when a terminal is closed.
    pub fn close(&self) {
        self.shared.close.cancel();
    }
}

impl Shared {
    fn core(&self) -> MutexGuard<'_, Core> {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        self.wanted.fetch_sub(1, Ordering::Relaxed);
        core
    }

    fn record(&self, what: impl FnOnce(&mut Recorder)) {
        if let Some(recorder) = &mut *self.recorder.lock().unwrap_or_else(PoisonError::into_inner) {
            what(recorder);
        }
    }

    /// Queues input; false when too much waits.
    fn send(&self, bytes: &[u8]) -> bool {
        // Checked before it is added: what is a little late is a little over.
        if self.waiting.load(Ordering::Relaxed) + bytes.len() > INPUT {
            return false;
        }
        self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        for piece in bytes.chunks(PIECE) {
            let _ = self.input.send(Input::Bytes(Bytes::copy_from_slice(piece)));
        }
        true
    }

    fn publish(&self, core: &Core) {
        let end = core.end();
        self.progress.send_if_modified(|progress| std::mem::replace(&mut progress.end, end) != end);
    }

    /// Shows an update that is overdue.
    fn tick(&self) {
        self.change(|core| core.tick(Instant::now()));
    }

    /// Takes what came from the pty.
    async fn take(&self, event: Option<PipeEvent>, speaker: &mut Speaker) -> Result<(), Closed> {
        match event {
            Some(PipeEvent::Output(bytes)) => {
                self.record(|recorder| recorder.output(&bytes));
                for piece in bytes.chunks(TAKEN) {
                    let began = Instant::now();
                    self.change(|core| core.feed(piece));
                    let now = Instant::now();
                    if let Some(pause) = speaker.said(now, now.duration_since(began)) {
                        tokio::time::sleep(pause).await;
                    }
                    // A flood from one shell leaves room for the others, and for who reads this one.
                    tokio::task::yield_now().await;
                    while self.wanted.load(Ordering::Relaxed) > 0 {
                        tokio::task::yield_now().await;
                    }
                }
            }
            Some(PipeEvent::Lost) => self.change(Core::lost),
            Some(PipeEvent::Ended(how)) => return Err(Closed::Ended(how)),
            Some(PipeEvent::Refused) => return Err(Closed::Refused),
            None => return Err(Closed::Lost(String::new())),
        }
        Ok(())
    }

    fn change(&self, how: impl FnOnce(&mut Core) -> Taken) {
        let mut core = self.core();
        let taken = how(&mut core);
        self.settle(&core, &taken);
    }

    /// Does what bytes asked for.
    fn settle(&self, core: &Core, taken: &Taken) {
        // A question whose answer does not fit stays without one.
        self.send(&taken.answers);
        if taken.repaint {
            // Programs paint anew when the size changes, and only then.
            let size = core.size();
            let other = Size::new(size.columns(), if size.lines() > 4 { size.lines() - 1 } else { 5 });
            let _ = self.input.send(Input::Resize(other));
            let _ = self.input.send(Input::Resize(size));
        }
        self.publish(core);
    }

    fn end(&self, how: Closed) {
        self.progress.send_if_modified(|progress| {
            let first = progress.closed.is_none();
            if first {
                progress.closed = Some(how);
            }
            first
        });
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.close.cancel();
    }
}

/// From the pty to emulator and log.
async fn read(shared: Arc<Shared>, mut reader: impl PipeReader, mut speaker: Speaker) {
    let how = loop {
        let deadline = shared.core().deadline();
        let overdue = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            biased;
            () = shared.close.cancelled() => break Closed::Here,
            () = overdue => {
                shared.tick();
                continue;
            }
            event = reader.next() => event,
        };
        if let Err(how) = shared.take(event, &mut speaker).await {
            break how;
        }
    };
    reader.hang_up();
    shared.end(how);
}

/// From the queue to the pty.
async fn write(shared: Arc<Shared>, mut writer: impl PipeWriter, mut queue: mpsc::UnboundedReceiver<Input>) {
    loop {
        let input = tokio::select! {
            biased;
            () = shared.close.cancelled() => return,
            input = queue.recv() => input,
        };
        let (size, sent) = match input {
            None => return,
            Some(Input::Bytes(bytes)) => (bytes.len(), either(&shared, writer.write(bytes)).await),
            Some(Input::Resize(size)) => (0, either(&shared, writer.resize(size)).await),
        };
        shared.waiting.fetch_sub(size, Ordering::Relaxed);
        match sent {
            None => return,
            Some(Ok(())) => {}
            Some(Err(why)) => {
                // If it is the end of the shell itself, the reader hears of it too and knows more.
                let known = tokio::time::timeout(LAST_WORDS, shared.close.cancelled()).await;
                if known.is_err() {
                    shared.end(Closed::Lost(why));
                }
                return;
            }
        }
    }
}

/// Does something unless the session is closed meanwhile.
async fn either<T>(shared: &Shared, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = shared.close.cancelled() => None,
        outcome = work => Some(outcome),
    }
}
