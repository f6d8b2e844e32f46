//! The engine: the one process that owns the data, the jobs and the connections.
//!
//! It serves clients over a unix socket, authorises every request, and lives on when they leave. Start with `answer`, the
//! table from requests to what is done; `connection` is one client, `jobs` and `site` are running installations.
//!
//! Order of locks, to be kept by every function here: [`Engine::write`] (one change at a time), then a job, then the
//! model. Nobody holds the model while locking a job (`rested` only tries to, and only what nobody else has).
//!
//! Never here: a rule about what is allowed (that is `domain`), a text of the screen, a wait for a client.

mod accounts;
mod answer;
mod asks;
mod audit;
mod auth;
mod authorise;
mod bundles;
mod check;
mod clock;
mod cobbler;
mod connection;
mod credential_sets;
mod deeds;
mod diagnosis;
#[cfg(test)]
mod discovery_tests;
mod door;
mod doors;
mod environments;
mod exports;
mod factors;
mod facts;
mod first_error;
mod fresh;
mod import;
mod ipam;
#[cfg(test)]
mod ipam_tests;
mod jobs;
mod journal;
#[cfg(test)]
mod jump_tests;
mod jumps;
mod keeping;
mod knowing;
mod leave;
mod logins;
mod logs;
mod loki;
mod model;
mod netplan;
mod nodes;
mod objects;
mod options;
mod origin;
mod parcel;
mod parcel_import;
#[cfg(test)]
mod parcel_tests;
mod passwords;
mod people;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod permissions_tests;
mod proof;
mod purge;
mod recordings;
mod records;
mod reports;
mod rested;
#[cfg(test)]
mod rested_tests;
mod rows;
mod schedule;
mod server;
mod services;
mod sessions;
mod shells;
#[cfg(test)]
mod shells_tests;
mod site;
mod standing;
#[cfg(test)]
mod standing_tests;
mod sweep_memory;
mod sweeps;
mod syslog;
mod taking_up;
mod tasks;
mod team;
#[cfg(test)]
mod team_tests;
#[cfg(test)]
mod tests;
mod topics;
mod trail;
mod transfers;

pub use passwords::hash_password;

use crate::api::{Failure, FailureKind};
use crate::catalog::Catalog;
use crate::domain::time::Moment;
use crate::domain::usual::StepTimes;
use crate::logs::findings::Findings;
use crate::logs::format::Formats;
use crate::store::{self, DataDir, Opened, OutputStore};
use auth::{Auth, Caller};
use model::{Model, ModelLock, Probing};
use records::{
    ADDRESSES, CHECKS, DISCOVERY, DOOR, ENVIRONMENTS, EXPORT_RULES, LEARNED, LOCKOUTS, LOGINS, LOGS,
    NETWORKS, NODES, ONLY, PROOF_IMAGES, PROOFS, Records, SESSIONS, SETS, SHELL_RULES, SIGHTINGS, SWEEPS,
    USERS,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How often the space that is put aside is looked after: one question to the file system.
const PUT_ASIDE_EVERY: std::time::Duration = std::time::Duration::from_secs(2);
/// How long the copy of an export is waited for.
const COPY_PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
/// How often the data is exported.
const EXPORT_EVERY: std::time::Duration = std::time::Duration::from_hours(1);

/// Most nodes of jobs that are connected to at the same time.
const CONNECTING: usize = 32;

/// How an engine is to be started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Data directory.
    pub data: PathBuf,
    /// Directory below which the socket is made.
    pub run: PathBuf,
    /// Where roles are read from, first to last; a later one wins.
    pub roles: Vec<PathBuf>,
    /// The nodes are simulated: said on every screen.
    pub simulated: bool,
    /// The socket of syslog (or of journald, which listens there too) that gets the audit trail as well.
    pub audit_syslog: Option<PathBuf>,
}

/// Why an engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The data cannot be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The socket cannot be made.
    #[error("the socket {path} cannot be made: {source}")]
    Socket {
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The kernel takes 107 bytes.
    #[error(
        "the path of the socket {0} is too long for the operating system: choose a shorter directory with --socket"
    )]
    SocketPathTooLong(PathBuf),
    /// Another engine, on other data, listens there.
    #[error(
        "another engine listens at {0} already: stop it first, or choose another directory with --socket"
    )]
    SocketInUse(PathBuf),
    /// Something that does not happen on a sound machine.
    #[error("{0}")]
    Other(String),
}

/// The engine's clock.
pub fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Random bytes of the operating system.
pub fn dice<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| {
        Failure::new(FailureKind::Engine, format!("the operating system gives no random numbers: {e}"))
    })?;
    Ok(bytes)
}

/// The engine.
pub struct Engine {
    options: Options,
    records: Records,
    output: OutputStore,
    model: ModelLock,
    auth: Auth,
    /// Compared with the passwords of users that do not exist, so that they take as long as others.
    dummy_hash: String,
    topics: topics::Topics,
    sweeps: sweep_memory::Sweeps,
    checks: check::Checks,
    proofs: proof::Proofs,
    settings: schedule::Settings,
    sets: credential_sets::Sets,
    logins: logins::Logins,
    shells: shells::Shells,
    recordings: recordings::Recordings,
    transfers: transfers::Transfers,
    door: door::Door,
    logbooks: logs::Logbooks,
    probing: Probing,
    cobblers: cobbler::Cobblers,
    pushers: loki::Pushers,
    tails: loki::Tails,
    books: ipam::Books,
    imports: import::Imports,
    reports: reports::Reports,
    learned: Mutex<BTreeMap<(String, String), StepTimes>>,
    catalog: RwLock<Option<Arc<Catalog>>>,
    /// Errors that are known; read when the engine starts.
    findings: Arc<Findings>,
    callers: Mutex<Vec<Weak<Caller>>>,
    exports: Arc<exports::Exports>,
    notices: Mutex<Vec<String>>,
    changes: Mutex<()>,
    journal: journal::Journal,
    shelf: rested::Shelf,
    /// Nodes of jobs that are connected to at the same time: a thousand key exchanges at once would all come too late.
    connecting: tokio::sync::Semaphore,
    /// The threads for all that outlives a request.
    threads: tokio::runtime::Handle,
    started: Moment,
    stop: CancellationToken,
    /// Holds the lock of the data directory as long as the engine lives.
    data: DataDir,
}

impl Engine {
    /// Opens the data.
    pub fn open(options: Options, stop: CancellationToken) -> Result<Arc<Self>, EngineError> {
        let data = DataDir::open(&options.data)?;
        let records = Records::new(data.store(), data.sealer(), options.audit_syslog.clone());
        let output = OutputStore::open(&options.data.join("output"))?;
        let dummy_hash = passwords::nobodys_hash(&dice().map_err(|f| EngineError::Other(f.message))?);
        let (journal, orders) = journal::Journal::new();
        let found = Findings::load(&options.roles);
        let wrong = found.as_ref().err().and_then(|faults| faults.first()).map(ToString::to_string);
        let findings = Arc::new(found.unwrap_or_default());
        let formats = Formats::load(&options.roles);
        let unread = formats.as_ref().err().and_then(|faults| faults.first()).map(ToString::to_string);
        formats.unwrap_or_default().know();
        let engine = Self {
            records,
            output,
            model: ModelLock::default(),
            auth: Auth::default(),
            dummy_hash,
            topics: topics::Topics::default(),
            sweeps: sweep_memory::Sweeps::default(),
            checks: check::Checks::default(),
            proofs: proof::Proofs::default(),
            settings: schedule::Settings::default(),
            sets: credential_sets::Sets::default(),
            logins: logins::Logins::default(),
            shells: shells::Shells::default(),
            recordings: recordings::Recordings::new(&options.data),
            transfers: transfers::Transfers::default(),
            door: door::Door::default(),
            logbooks: logs::Logbooks::default(),
            probing: Probing::default(),
            cobblers: cobbler::Cobblers::default(),
            pushers: loki::Pushers::default(),
            tails: loki::Tails::default(),
            books: ipam::Books::default(),
            imports: import::Imports::default(),
            reports: reports::Reports::default(),
            learned: Mutex::default(),
            catalog: RwLock::default(),
            findings,
            callers: Mutex::default(),
            notices: Mutex::default(),
            exports: Arc::default(),
            changes: Mutex::default(),
            journal,
            shelf: rested::Shelf::default(),
            connecting: tokio::sync::Semaphore::new(CONNECTING),
            threads: tokio::runtime::Handle::try_current().map_err(|e| EngineError::Other(e.to_string()))?,
            started: now(),
            stop,
            options,
            data,
        };
        if let Opened::Rebuilt { broken, why, from } = engine.data.opened() {
            engine.notice(rebuilt(broken.as_deref(), why, from.as_ref()));
        }
        if let Some(wrong) = wrong {
            engine.notice(format!(
                "known errors are not told of: {wrong}; 'cpmg catalog check' names all faults"
            ));
        }
        if let Some(wrong) = unread {
            engine.notice(format!(
                "logs are read without formats of your own: {wrong}; 'cpmg catalog check' names all faults"
            ));
        }
        engine.load()?;
        engine.note_recovery().map_err(|f| EngineError::Other(f.message))?;
        let engine = Arc::new(engine);
        let mine = Arc::downgrade(&engine);
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || journal::write_all(&mine, &orders))
            .map_err(|e| EngineError::Other(format!("no thread for the journal: {e}")))?;
        Ok(engine)
    }

    fn load(&self) -> Result<(), EngineError> {
        *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = self.records.all(LEARNED)?;
        {
            let mut model = self.model.write();
            model.users = self.records.all(USERS)?;
            model.envs = self.records.all(ENVIRONMENTS)?;
            model.nodes = self.records.all(NODES)?;
            model.networks = self.records.all(NETWORKS)?;
        }
        let expired = |s: &auth::Session| s.expires() <= now();
        for (hash, session) in self.records.all(SESSIONS)? {
            if expired(&session) {
                self.records.remove(SESSIONS, &hash).map_err(|f| EngineError::Other(f.message))?;
            } else {
                self.auth.sessions().insert(hash, session);
            }
        }
        if let Some(rules) = self.records.all(EXPORT_RULES)?.remove(ONLY) {
            self.exports.load(rules);
        }
        self.auth.doors.load(self.records.all(LOCKOUTS)?, self.auth.clock.steady());
        if let Some(rules) = self.records.all(SHELL_RULES)?.remove(ONLY) {
            self.recordings.rules.send_replace(rules);
        }
        self.recordings.tidy();
        self.door.load(self.records.all(DOOR)?.remove(ONLY));
        self.books.load(self.records.all(ADDRESSES)?);
        self.checks.load(self.records.all(CHECKS)?);
        self.settings.load(self.records.all(DISCOVERY)?);
        self.logbooks.load(self.records.all(LOGS)?);
        self.sets.load(self.records.all(SETS)?);
        let told = |f: Failure| EngineError::Other(f.message);
        let interrupted = self.proofs.load(self.records.all(PROOFS)?, self.records.all(PROOF_IMAGES)?);
        self.keep_interrupted(&interrupted).map_err(told)?;
        for place in self.logins.load(self.records.all(LOGINS)?) {
            self.records.remove(LOGINS, &place).map_err(told)?;
        }
        for record in self.sweeps.load(self.records.all(SWEEPS)?, self.records.all(SIGHTINGS)?) {
            self.records.save(SWEEPS, &record.id, &record).map_err(told)?;
        }
        self.load_jobs()?;
        Ok(())
    }

    /// Serves clients until it is told to stop. Jobs that a dead engine left behind are taken up first.
    pub async fn serve(self: Arc<Self>) -> Result<(), EngineError> {
        let server = server::Server::bind(&self.options.run)?;
        self.take_up_jobs();
        self.start_all_pushing();
        self.reopen_door();
        let stop = self.stop.clone();
        // Not in the task that accepts clients: a sweep that begins is written to the disk first.
        let engine = Arc::clone(&self);
        let _schedules = AbortOnDropHandle::new(tokio::spawn(async move { engine.keep_schedules().await }));
        let engine = Arc::clone(&self);
        let _logs = AbortOnDropHandle::new(tokio::spawn(async move { engine.keep_logs().await }));
        let engine = Arc::clone(&self);
        let _shells = AbortOnDropHandle::new(tokio::spawn(async move { engine.watch_shells().await }));
        tokio::select! {
            end = server.serve(Arc::clone(&self), stop) => end,
            () = self.export_hourly() => Ok(()),
            () = self.put_aside() => Ok(()),
        }
    }

    /// Does something that outlives the request which asks for it.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.threads.spawn(work);
    }

    /// Space for the next start is put aside again as soon as a full disk has room.
    async fn put_aside(self: &Arc<Self>) {
        loop {
            tokio::time::sleep(PUT_ASIDE_EVERY).await;
            let engine = Arc::clone(self);
            if let Err(why) = tokio::task::spawn_blocking(move || engine.data.put_aside()).await {
                self.notice(format!("no space could be put aside for the next start: {why}"));
            }
        }
    }

    /// Keeps exports from which a broken database is rebuilt, as many as the rules say.
    async fn export_hourly(self: &Arc<Self>) {
        loop {
            // What failed is told of as long as it does.
            if let Err(why) = self.export_now().await {
                tracing::warn!(%why, "the hourly export failed");
            }
            tokio::time::sleep(EXPORT_EVERY).await;
        }
    }

    /// One change at a time.
    fn write(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The catalog, read anew when its files changed.
    pub fn catalog(&self) -> Result<Arc<Catalog>, Failure> {
        let faults = |faults: Vec<crate::catalog::Fault>| {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            Failure::new(
                FailureKind::Engine,
                format!(
                    "the roles have {} faults, the first: {first}; 'cpmg catalog check' names them all",
                    faults.len()
                ),
            )
        };
        let known = self.catalog.read().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = match &known {
            Some(catalog) => match catalog.reload() {
                None => return Ok(Arc::clone(catalog)),
                Some(fresh) => fresh,
            },
            None => Catalog::load(&self.options.roles),
        };
        let catalog = Arc::new(fresh.map_err(faults)?);
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&catalog));
        Ok(catalog)
    }

    /// Something operators should know about this engine.
    /// Tells administrators something, once: a job that is read again says of its journal what it said before.
    fn notice(&self, text: String) {
        tracing::warn!("{text}");
        let mut all = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&text) {
            all.push(text);
        }
    }

    fn notices(&self) -> Vec<String> {
        let mut all = self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.extend(self.exports.faults());
        all
    }

    fn arrived(&self, caller: &Arc<Caller>) {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(caller));
    }

    fn left(&self, caller: &Caller) {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.retain(|c| c.upgrade().is_some_and(|c| c.number != caller.number));
        drop(callers);
        self.topics.touch(topics::Area::Sessions);
    }

    fn callers(&self) -> Vec<Arc<Caller>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }
}

/// What a rebuilt database means for operators.
fn rebuilt(broken: Option<&std::path::Path>, why: &str, from: Option<&store::export::Summary>) -> String {
    let aside = broken.map_or(String::new(), |b| format!(" It was moved to {}.", b.display()));
    let source = from.map_or_else(
        || "There was no good export: users, environments and nodes must be entered again.".to_owned(),
        |s| format!("It was rebuilt from {}; what was changed after that export is lost.", s.path.display()),
    );
    format!("The database could not be used ({why}).{aside} {source}")
}
