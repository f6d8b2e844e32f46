//! The processes: their runtimes, logs and signals.

use cpmg::cli::args::{EngineArgs, Global, Screens};
use cpmg::cli::connect::{IfAbsent, connect};
use cpmg::cli::exit::{Code, Fault};
use cpmg::cli::places::{self, Places};
use cpmg::domain::secret::Secret;
use cpmg::engine::{Engine, EngineError, Options};
use cpmg::tui::choices;
use cpmg::tui::{self, ConnectFault, Connecting, Exit, Language};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Days of the engine's log that are kept.
const LOG_DAYS: usize = 14;
/// Most threads that wait for the disk or hash a password beside the workers: all nodes of a job wait for the same journal, and
/// a thread for each would only cost its stack.
const WAITING_THREADS: usize = 16;
/// glibc's settings for a process of many threads that lives long: few arenas, and what is large (a password's hash takes
/// 19 MiB) goes back to the system at once.
#[cfg(target_env = "gnu")]
const MALLOC: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "1048576"), ("MALLOC_TRIM_THRESHOLD_", "1048576")];

fn cannot(what: impl std::fmt::Display) -> Fault {
    Fault::new(Code::NoEngine, what.to_string())
}

/// The runtime of a client: small, it mostly waits.
pub fn client() -> Result<Runtime, Fault> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)
}

/// The runtime of a process that does work of its own.
pub fn server() -> Result<Runtime, Fault> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.max_blocking_threads(WAITING_THREADS).enable_all().build().map_err(cannot)
}

/// Starts this program anew with [`MALLOC`], which glibc reads only from the environment and only at the start.
#[cfg(target_env = "gnu")]
fn frugal() {
    use std::os::unix::process::CommandExt;
    if MALLOC.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut args = std::env::args_os();
    let mut command = std::process::Command::new(program);
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    // It returns only when it failed: then we go on with more memory than we need.
    let _ = command.args(args).envs(MALLOC).exec();
}

/// Files and connections that an engine may have open, if the system lets it: a sweep waits for thousands of addresses at a time.
const FILES: u64 = 16_384;

/// Raises the soft limit of open files as far as the hard one allows, up to [`FILES`].
fn more_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |most| most.min(FILES));
    if limit.current.is_some_and(|now| now < wanted) {
        // Without it sweeps are slower, no more.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
}

/// Runs the engine until it is told to stop.
pub fn engine(places: &Places, roles: Vec<PathBuf>, args: &EngineArgs) -> Result<Code, Fault> {
    #[cfg(target_env = "gnu")]
    frugal();
    if args.detached {
        // Without a terminal of its own no hang-up reaches it. It fails only for a leader, who has left already.
        let _ = rustix::process::setsid();
    }
    more_files();
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let options = Options {
        data: places.data.clone(),
        run: places.run.clone(),
        roles,
        simulated: args.simulated,
        audit_syslog: args.audit_syslog.clone(),
    };
    let runtime = server()?;
    let result = runtime.block_on(async {
        let stop = CancellationToken::new();
        let _log = log(places, args);
        stop_on_signals(&stop)?;
        let engine = Engine::open(options, stop)?;
        tracing::info!(release = env!("CARGO_PKG_VERSION"), "the engine is up");
        engine.serve().await
    });
    // Connections to nodes are cut here; their steps go on, the next engine takes them up.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result.map_err(cannot)?;
    Ok(Code::Done)
}

fn stop_on_signals(stop: &CancellationToken) -> Result<(), EngineError> {
    let other = |e: std::io::Error| EngineError::Other(e.to_string());
    let mut terminate = signal(SignalKind::terminate()).map_err(other)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(other)?;
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}

/// Where the engine's log goes: into the data directory when it has left the terminal, else to the standard error.
fn log(places: &Places, args: &EngineArgs) -> Option<WorkerGuard> {
    let filter =
        EnvFilter::try_from_env("CPMG_LOG").unwrap_or_else(|_| EnvFilter::new("info,russh=warn,sled=warn"));
    if !args.detached {
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
        return None;
    }
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("engine")
        .filename_suffix("log")
        .max_log_files(LOG_DAYS)
        .build(places.data.join("log"))
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer).try_init();
    Some(guard)
}

/// The screens, on the engine at `places`; one is started where none answers. `token` logs in without asking.
pub async fn screens(
    global: &Global,
    screens: &Screens,
    places: Places,
    token: Option<Secret>,
) -> Result<Exit, Fault> {
    let served = places.served;
    // Whoever came in over SSH has one connection, made before there is a second thread: it ends with it.
    let made = if served { Some(connect(&places, IfAbsent::Tell).await?) } else { None };
    let made = Arc::new(Mutex::new(made));
    let to = Arc::new(places);
    let connecting = Arc::new(move || -> Connecting {
        let made = made.lock().unwrap_or_else(PoisonError::into_inner).take();
        let places = Arc::clone(&to);
        Box::pin(async move {
            match made {
                Some(connection) => Ok(connection),
                None => connect(&places, IfAbsent::Start).await.map_err(|fault| ConnectFault(fault.message)),
            }
        })
    });
    let mut options = tui::Options::from_environment(connecting);
    options.served = served;
    if let Some(language) = global.lang.as_deref().and_then(Language::from_locale) {
        options.language = language;
        options.language_given = true;
    }
    // Nobody knows the password of the demonstration: its screens come with a token and would stay locked.
    options.lock_after = ((token.is_none() || served) && screens.lock_after > 0)
        .then(|| u64::from(screens.lock_after) * 60_000);
    options.token = token;
    options.theme.clone_from(&screens.theme);
    options.theme_dirs =
        if served { places::shared("themes").into_iter().collect() } else { places::themes() };
    options.own_themes = places::own_themes().filter(|_| !served);
    options.record.clone_from(&screens.record);
    if let Some(file) = places::choices().ok().filter(|_| !served) {
        options.remembered = choices::read(&file);
        options.on_choice = Box::new(move |user, prefs| choices::keep(&file, user, prefs));
    }
    tui::run(options).await.map_err(cannot)
}

/// What becomes of a recording.
pub enum Replay {
    /// It is played on the terminal.
    Play,
    /// Its events and screens are printed.
    Print,
    /// The last screen with that text is printed as a picture.
    Picture(Option<String>),
    /// What its frames cost is printed.
    Times,
}

/// Plays a recording of the screens, or prints it.
pub fn replay(file: &Path, how: Replay) -> Result<Code, Fault> {
    use std::io::Write as _;
    let recording = tui::replay::Recording::load(file, &places::themes()).map_err(cannot)?;
    match how {
        Replay::Play => tui::replay::play(&recording).map_err(cannot)?,
        Replay::Print => tui::replay::print(&recording, &mut std::io::stdout().lock()).map_err(cannot)?,
        Replay::Times => tui::replay::times(&recording, &mut std::io::stdout().lock()).map_err(cannot)?,
        Replay::Picture(shows) => {
            let Some(svg) = tui::replay::picture(&recording, shows.as_deref()) else {
                return Err(cannot(format!("no screen of {} shows that text", file.display())));
            };
            std::io::stdout().lock().write_all(svg.as_bytes()).map_err(cannot)?;
        }
    }
    Ok(Code::Done)
}

/// Says what goes on now that the screens were left.
pub fn left(exit: Exit) -> Code {
    match exit {
        Exit::Left { jobs: 0 } | Exit::Signal => {}
        Exit::Left { jobs: 1 } => eprintln!("left; the installation goes on"),
        Exit::Left { jobs } => eprintln!("left; {jobs} installations go on"),
    }
    Code::Done
}
