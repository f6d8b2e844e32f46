//! The store in sled.
//!
//! One writer thread takes what was submitted, merges it into one sled transaction over all tables, flushes, synchronises
//! the file and then answers everybody whose change was in it; so a thousand concurrent changes cost a few flushes. While
//! it does so nobody reads: what can be read is on the disk.
//!
//! sled's own flush on Linux is `sync_file_range`, which reaches neither the file's metadata nor the disk's cache: the
//! `fdatasync` on a handle of our own is what makes a change durable. After any failure of sled (a full disk poisons it
//! for good) the database is dropped and opened again, which brings back exactly what was flushed.
//!
//! sled takes a log whose end it cannot read for one that ends earlier, and says nothing. So every change is counted, in the database with
//! the change and afterwards in the file `height` beside it: a database that is behind the file has lost its newest changes.

use super::{
    Batch, Entry, Error, Kind, Pending, Result, Span, Store,
    batch::{Plan, Writes},
    counter::Counters,
    error::free_bytes,
    parts::{Place, cut, part_key, place},
    pending::{self, Promise},
};
use sled::Transactional;
use sled::transaction::{ConflictableTransactionError, TransactionError};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Most bytes of changes that share a flush.
const GROUP: usize = 4 << 20;

/// How long a database that was just dropped may hold its file: sled's pool threads let go of it a little later.
const LET_GO: Duration = Duration::from_secs(5);

/// Name of the table of `parts`, beside those of the kinds.
const PARTS: &str = "parts";

/// Name of the table that counts changes, of its only key, and of the file beside.
const HEIGHT: &str = "height";

/// How the database is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of pages sled keeps in memory.
    pub cache: u64,
    /// Bytes that must be free on the disk before a change is begun. A disk that fills up in the middle of a write
    /// costs sled its state and an opening; this keeps it from getting there.
    pub reserve: u64,
    /// How often sled's own thread looks for segments to clean, in milliseconds. Without it the file only grows.
    pub cleaning: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache: 16 << 20, reserve: 8 << 20, cleaning: 10_000 }
    }
}

/// The database while it is open.
struct Live {
    // The trees are dropped before the database, the database before the handle.
    trees: BTreeMap<Kind, sled::Tree>,
    parts: sled::Tree,
    height: sled::Tree,
    db: sled::Db,
    file: File,
    /// Changes that the database has had, and the file that says so; without a file (a full disk) only that is not noticed.
    changes: AtomicU64,
    beside: Option<File>,
}

struct Shared {
    dir: PathBuf,
    options: Options,
    /// `Err` after a failure, until it could be opened again.
    live: RwLock<Result<Live>>,
    counters: Counters,
}

type Queue = Sender<(Batch, Promise)>;

/// The store in a directory of sled's. It belongs to one process; see `data_dir` for the lock.
pub struct SledStore {
    shared: Arc<Shared>,
    queue: Mutex<Option<Queue>>,
    writer: Option<JoinHandle<()>>,
}

impl SledStore {
    /// Opens the database in `dir` and makes it if there is none.
    pub fn open(dir: &Path, options: Options) -> Result<Self> {
        let live = Live::open(dir, &options)?;
        let shared = Arc::new(Shared {
            dir: dir.to_path_buf(),
            options,
            live: RwLock::new(Ok(live)),
            counters: Counters::default(),
        });
        let (queue, orders) = channel();
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.write_all(&orders)
            })
            .map_err(|e| Error::io(dir, &e))?;
        Ok(Self { shared, queue: Mutex::new(Some(queue)), writer: Some(writer) })
    }

    /// How many of the newest changes the database has lost since it was written last.
    pub fn lost(&self) -> Result<u64> {
        self.shared.read(|live| Ok(live.lost()))
    }

    /// Bytes the database takes on the disk.
    pub fn size_on_disk(&self) -> Result<u64> {
        self.shared.read(|live| live.db.size_on_disk().map_err(|e| sled_error(&self.shared.dir, &e)))
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer ended in a panic");
        }
    }
}

impl Store for SledStore {
    fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.shared.read(|live| live.get(&self.shared.dir, kind, key))
    }

    fn range(&self, kind: Kind, span: &Span) -> Result<Vec<Entry>> {
        self.shared.read(|live| live.range(&self.shared.dir, kind, span))
    }

    fn snapshot(&self, kinds: &[Kind]) -> Result<Vec<(Kind, Vec<Entry>)>> {
        self.shared.read(|live| {
            let table = |kind: &Kind| Ok((*kind, live.range(&self.shared.dir, *kind, &Span::default())?));
            kinds.iter().map(table).collect()
        })
    }

    fn submit(&self, batch: Batch) -> Pending {
        let (promise, pending) = pending::pair();
        // A promise that cannot be sent answers `Closed` when it is dropped.
        if let Some(queue) = &*self.queue.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = queue.send((batch, promise));
        }
        pending
    }

    fn next_id(&self, kind: Kind) -> Result<u64> {
        self.shared.counters.next(kind, |key| self.get(Kind::Meta, key))
    }
}

impl Shared {
    /// Reads from the open database; opens it again first if it failed before.
    fn read<A>(&self, act: impl Fn(&Live) -> Result<A>) -> Result<A> {
        let lock = || -> RwLockReadGuard<'_, Result<Live>> {
            self.live.read().unwrap_or_else(PoisonError::into_inner)
        };
        {
            let guard = lock();
            if let Ok(live) = &*guard {
                return act(live);
            }
        }
        self.reopen(&mut self.exclusive())?;
        match &*lock() {
            Ok(live) => act(live),
            Err(error) => Err(error.clone()),
        }
    }

    fn exclusive(&self) -> RwLockWriteGuard<'_, Result<Live>> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the database if it is not open.
    fn reopen(&self, live: &mut Result<Live>) -> Result<()> {
        if live.is_err() {
            match Live::open(&self.dir, &self.options) {
                Ok(opened) => *live = Ok(opened),
                Err(error) => {
                    *live = Err(error.clone());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The writer's life: ends when the store is dropped and the queue is empty.
    fn write_all(&self, orders: &Receiver<(Batch, Promise)>) {
        while let Ok(first) = orders.recv() {
            self.write_group(first, orders);
        }
    }

    fn write_group(&self, first: (Batch, Promise), orders: &Receiver<(Batch, Promise)>) {
        let mut guard = self.exclusive();
        let opened = self.room().and_then(|()| self.reopen(&mut guard));
        let live = match (opened, &*guard) {
            (Ok(()), Ok(live)) => live,
            (Err(error), _) => return first.1.answer(Err(error)),
            (Ok(()), Err(error)) => return first.1.answer(Err(error.clone())),
        };
        let mut plan = Plan::default();
        let mut accepted = Vec::new();
        let mut next = Some(first);
        while let Some((batch, promise)) = next {
            match plan.add(&batch, &|kind, key| live.get(&self.dir, kind, key)) {
                Ok(revisions) => accepted.push((promise, revisions)),
                Err(error) => promise.answer(Err(error)),
            }
            next = if plan.bytes() < GROUP { orders.try_recv().ok() } else { None };
        }
        if accepted.is_empty() {
            return;
        }
        let writes = plan.finish(&self.counters);
        // sled has assertions on its way to the disk; one of them must not take the engine along.
        let mut done =
            catch_unwind(AssertUnwindSafe(|| live.write(&self.dir, &writes))).unwrap_or_else(|_| {
                Err(Error::Database { dir: self.dir.clone(), why: "it ended in a panic".into() })
            });
        if let Err(error) = &done {
            tracing::error!(%error, "a change could not be written, opening the database again");
            // What sled holds in memory is ahead of the disk now: only opening it again tells what was written.
            *guard = Err(error.clone());
            if self.reopen(&mut guard).is_ok()
                && let Ok(live) = &*guard
                && live.holds(&self.dir, &writes)
            {
                done = Ok(());
            }
        }
        if done.is_ok() {
            self.counters.written(&writes);
        }
        drop(guard);
        for (promise, revisions) in accepted {
            promise.answer(done.clone().map(|()| revisions));
        }
    }

    /// Refuses early when the disk is nearly full.
    fn room(&self) -> Result<()> {
        match free_bytes(&self.dir) {
            Some(free) if free < self.options.reserve => Err(Error::DiskFull { dir: self.dir.clone(), free }),
            _ => Ok(()),
        }
    }
}

impl Live {
    fn open(dir: &Path, options: &Options) -> Result<Self> {
        let began = Instant::now();
        drop_half_snapshots(dir)?;
        let db = loop {
            let config = sled::Config::new()
                .path(dir)
                .cache_capacity(options.cache)
                .flush_every_ms(Some(options.cleaning));
            // A damaged database makes sled panic at least as often as it makes it answer an error.
            let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
            match opened {
                Ok(Ok(db)) => break db,
                Ok(Err(sled::Error::Io(e))) if held(&e) && began.elapsed() < LET_GO => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Ok(Err(e)) => return Err(sled_error(dir, &e)),
                Err(_) => {
                    return Err(Error::Database {
                        dir: dir.to_path_buf(),
                        why: "it cannot be opened".into(),
                    });
                }
            }
        };
        let tree = |name: &str| db.open_tree(name).map_err(|e| sled_error(dir, &e));
        let trees = Kind::ALL.iter().map(|kind| Ok((*kind, tree(kind.name())?)));
        let trees = trees.collect::<Result<BTreeMap<_, _>>>()?;
        let parts = tree(PARTS)?;
        let height = tree(HEIGHT)?;
        let changes = height.get(HEIGHT).map_err(|e| sled_error(dir, &e))?.map_or(0, |bytes| number(&bytes));
        let mut how = File::options();
        let beside =
            how.read(true).write(true).create(true).truncate(false).mode(0o600).open(dir.join(HEIGHT));
        let path = dir.join("db");
        let file = File::open(&path).map_err(|e| Error::io(&path, &e))?;
        let live = Self { trees, parts, height, db, file, changes: changes.into(), beside: beside.ok() };
        live.sync(dir)?;
        // The files themselves must survive, too: their names are in the directory, its name in its parent.
        for place in [Some(dir), dir.parent()].into_iter().flatten().filter(|p| !p.as_os_str().is_empty()) {
            File::open(place).and_then(|d| d.sync_all()).map_err(|e| Error::io(place, &e))?;
        }
        Ok(live)
    }

    fn lost(&self) -> u64 {
        let mut bytes = [0; 8];
        let told = self.beside.as_ref().is_some_and(|file| file.read_exact_at(&mut bytes, 0).is_ok());
        let there = self.changes.load(Ordering::Relaxed);
        if told { number(&bytes).saturating_sub(there) } else { 0 }
    }

    fn tree(&self, kind: Kind) -> Result<&sled::Tree> {
        self.trees.get(&kind).ok_or(Error::Closed)
    }

    fn get(&self, dir: &Path, kind: Kind, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let bytes = self.tree(kind)?.get(key).map_err(|e| sled_error(dir, &e))?;
        bytes.map(|bytes| self.whole(dir, kind, key, &bytes)).transpose()
    }

    /// The value of which `bytes` stand at its place.
    fn whole(&self, dir: &Path, kind: Kind, key: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
        let unreadable = |why: &str| Error::Unreadable { kind, key: hex::encode(key), why: why.to_owned() };
        match place(bytes).ok_or_else(|| unreadable("its first byte is unknown"))? {
            Place::Whole(value) => Ok(value.to_vec()),
            Place::Cut(count) => {
                let mut value = Vec::new();
                for number in 0..count {
                    let part =
                        self.parts.get(part_key(kind, key, number)).map_err(|e| sled_error(dir, &e))?;
                    value.extend_from_slice(&part.ok_or_else(|| unreadable("a part of it is missing"))?);
                }
                Ok(value)
            }
        }
    }

    fn range(&self, dir: &Path, kind: Kind, span: &Span) -> Result<Vec<Entry>> {
        let limit = span.limit.unwrap_or(usize::MAX);
        let mut found = self.tree(kind)?.range::<Vec<u8>, _>(span.bounds());
        let mut entries = Vec::new();
        while entries.len() < limit {
            let next = if span.backwards { found.next_back() } else { found.next() };
            let Some(entry) = next else { break };
            let (key, bytes) = entry.map_err(|e| sled_error(dir, &e))?;
            entries.push((key.to_vec(), self.whole(dir, kind, &key, &bytes)?));
        }
        Ok(entries)
    }

    /// Writes everything in one transaction and has it on the disk when it returns.
    fn write(&self, dir: &Path, writes: &Writes) -> Result<()> {
        let mut trees: Vec<&sled::Tree> = self.trees.values().collect();
        let slots: BTreeMap<Kind, usize> = self.trees.keys().enumerate().map(|(i, k)| (*k, i)).collect();
        trees.push(&self.height);
        trees.push(&self.parts);
        let changes = self.changes.load(Ordering::Relaxed).saturating_add(1);
        let done = trees.as_slice().transaction(|views| {
            let [.., height, parts] = views.as_slice() else {
                return Err(ConflictableTransactionError::Abort(()));
            };
            height.insert(HEIGHT.as_bytes(), changes.to_be_bytes().as_slice())?;
            for ((kind, key), value) in writes {
                let tree = slots.get(kind).and_then(|slot| views.get(*slot));
                let tree = tree.ok_or(ConflictableTransactionError::Abort(()))?;
                let old = match value {
                    Some(value) => {
                        let (place, pieces) = cut(value);
                        for (number, piece) in (0_u32..).zip(&pieces) {
                            parts.insert(part_key(*kind, key, number), *piece)?;
                        }
                        let kept = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
                        (tree.insert(key.as_slice(), place)?, kept)
                    }
                    None => (tree.remove(key.as_slice())?, 0),
                };
                if let (Some(old), kept) = old
                    && let Some(Place::Cut(count)) = place(&old)
                {
                    for number in kept..count {
                        parts.remove(part_key(*kind, key, number))?;
                    }
                }
            }
            Ok(())
        });
        match done {
            Ok(()) => {}
            Err(TransactionError::Abort(())) => return Err(Error::Closed),
            Err(TransactionError::Storage(e)) => return Err(sled_error(dir, &e)),
        }
        self.sync(dir)?;
        self.changes.store(changes, Ordering::Relaxed);
        // Never ahead of the database: after it, and not synchronised, which costs nothing but the notice after a power failure.
        if let Some(beside) = &self.beside
            && let Err(why) = beside.write_all_at(&changes.to_be_bytes(), 0)
        {
            tracing::warn!(%why, "the count of changes could not be written beside the database");
        }
        Ok(())
    }

    /// Whether these writes are what is stored: a failure at the very end may have come after the deed.
    fn holds(&self, dir: &Path, writes: &Writes) -> bool {
        writes.iter().all(|((kind, key), value)| self.get(dir, *kind, key).as_ref() == Ok(value))
    }

    fn sync(&self, dir: &Path) -> Result<()> {
        self.db.flush().map_err(|e| sled_error(dir, &e))?;
        self.file.sync_data().map_err(|e| Error::io(dir, &e))
    }
}

/// A count of changes as it is stored.
fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Whether sled says that somebody holds the file; it says so in words only.
fn held(error: &std::io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// Removes what a death or a full disk left of a snapshot that was being written: sled takes it for a whole one and, finding
/// it damaged, says that of the whole database.
fn drop_half_snapshots(dir: &Path) -> Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io(dir, &e)),
    };
    for entry in entries {
        let path = entry.map_err(|e| Error::io(dir, &e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(path = %path.display(), "half a snapshot is removed");
            std::fs::remove_file(&path).map_err(|e| Error::io(&path, &e))?;
        }
    }
    Ok(())
}

fn sled_error(dir: &Path, error: &sled::Error) -> Error {
    match error {
        sled::Error::Io(e) if held(e) => Error::InUse { dir: dir.to_path_buf(), pid: None },
        sled::Error::Io(e) if from_system(e) => Error::io(dir, e),
        other => Error::Database { dir: dir.to_path_buf(), why: other.to_string() },
    }
}

/// Whether the operating system refused something; otherwise it is sled's word for damaged data. An error that sled kept
/// for later is only a text with a kind.
fn from_system(error: &std::io::Error) -> bool {
    error.raw_os_error().is_some() || error.to_string().starts_with("Os {")
}
