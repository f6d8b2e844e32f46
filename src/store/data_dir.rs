//! The directory with everything: `lock`, `key`, `db/`, `exports/`, `reserve` (and `output/`, see there).
//!
//! One engine at a time has it. A database that does not open, or has a record that cannot be read, is put aside as
//! `db.broken-TIME` and built again from the newest export that is good; the caller is told what that means. The new
//! one is complete before the old one is touched, so that a death in between only repeats the work.
//!
//! sled writes while it opens. `reserve` is space put aside for that: on a full disk it is given back, so that an engine starts
//! and can show how things stand.

use super::{
    Batch, Error, Header, Identity, Kind, Migrate, Options, Result, Sealed, Sealer, SledStore, Stamp, Store,
    error::free_bytes, export, files, rotate, rotate::Rotated,
};
use crate::domain::{ids::Revision, secret::Secret, time::Moment};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Version of the store's own layout, in `Kind::Meta`.
const FORMAT: u8 = 1;
/// Bytes of the file `reserve`. A snapshot of sled's for a hundred thousand records takes some hundred KiB.
const RESERVE: usize = 2 << 20;
const FORMAT_KEY: &[u8] = b"format";
pub(super) const KEY_CHECK: &[u8] = b"key-check";
/// Sealed when the data is made; it opens only with the right key file.
const KEY_CHECK_TEXT: &str = "this is the right key";

/// What was found at the opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// There was nothing; it was made.
    Fresh,
    /// Everything was there.
    Existing,
    /// The end of the database was damaged: it was read as far as it could be.
    Shortened {
        /// How many of its newest changes are missing.
        changes: u64,
    },
    /// The database was unusable and was built again from an export.
    Rebuilt {
        /// Where the unusable one is now; `None`: it was gone.
        broken: Option<PathBuf>,
        /// What was wrong with it.
        why: String,
        /// The export it was built from; `None`: there was no good one, the store is empty. What was changed after
        /// the export is lost.
        from: Option<export::Summary>,
    },
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("the data directory was made"),
            Self::Existing => f.write_str("the data are as they were left"),
            Self::Shortened { changes } => write!(
                f,
                "the end of the database was damaged: its newest {changes} changes are lost; compare it with your machines, and the disk with its \
                 own reports"
            ),
            Self::Rebuilt { broken, why, from } => {
                write!(f, "the database was unusable ({why}). ")?;
                match from {
                    Some(from) => write!(
                        f,
                        "It was built again with {} records from the export {}; what was changed after that is lost: compare it with your machines",
                        from.records,
                        from.path.display()
                    )?,
                    None => f.write_str("There is no good export to build it from: cpmg starts empty")?,
                }
                match broken {
                    Some(broken) => write!(f, ". The old one is kept in {}", broken.display()),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The open data of an installation. Dropping it and every handle to its store lets another engine in.
pub struct DataDir {
    opened: Opened,
    store: Arc<SledStore>,
    sealer: Sealer,
    dir: PathBuf,
    options: Options,
    kept: AtomicUsize,
    _lock: File,
}

impl DataDir {
    /// Opens the data in `dir`, makes it (0700) if there is none.
    pub fn open(dir: &Path) -> Result<Self> {
        let now = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
        Self::open_with(dir, Options::default(), Moment(now))
    }

    /// What was found.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The tables.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// Seals secrets for the tables.
    pub fn sealer(&self) -> Sealer {
        self.sealer.clone()
    }

    /// `open` with options; `now` names the files that it may have to make.
    pub fn open_with(dir: &Path, options: Options, now: Moment) -> Result<Self> {
        files::private_dir(dir)?;
        check_dir(dir)?;
        let lock = lock(dir)?;
        finish_swap(dir)?;
        export::drop_unfinished(&dir.join("exports"), "");
        let db = dir.join("db");
        let key = dir.join("key");
        let exports = export::exports(&dir.join("exports"))?;
        let was_there = db.join("db").exists();
        let fresh = !was_there && exports.is_empty();
        let sealer = if fresh && !key.exists() { Sealer::create(&key)? } else { Sealer::load(&key)? };
        let (store, opened) = if was_there || fresh {
            let mut opened = open_whole(&db, options, lock.1);
            if matches!(opened, Err(Error::DiskFull { .. }))
                && std::fs::remove_file(dir.join("reserve")).is_ok()
            {
                tracing::warn!("the disk is full: the space put aside for that is given back");
                opened = open_whole(&db, options, lock.1);
            }
            match opened {
                Ok(store) => {
                    let opened = match store.lost()? {
                        _ if fresh => Opened::Fresh,
                        0 => Opened::Existing,
                        changes => Opened::Shortened { changes },
                    };
                    (store, opened)
                }
                Err(error @ (Error::Database { .. } | Error::Unreadable { .. })) => {
                    rebuild(dir, options, lock.1, &exports, now, error.to_string())?
                }
                Err(error) => return Err(error),
            }
        } else {
            rebuild(dir, options, lock.1, &exports, now, "the database is missing".into())?
        };
        let sealer = if rotate::under_way(dir) {
            tracing::warn!("a change of the key was interrupted: going on with it");
            rotate::finish(dir, &store, sealer, now)?.0
        } else {
            sealer
        };
        check_meta(&store, &sealer, &key, now)?;
        put_aside(dir, &options);
        Ok(Self {
            opened,
            store: Arc::new(store),
            sealer,
            dir: dir.to_path_buf(),
            options,
            kept: AtomicUsize::new(export::KEPT),
            _lock: lock.0,
        })
    }

    /// Puts space aside again after it was given back, where there is room for it.
    pub fn put_aside(&self) {
        put_aside(&self.dir, &self.options);
    }

    /// How many exports are to be kept.
    pub fn keep(&self, exports: usize) {
        self.kept.store(exports, Ordering::Relaxed);
    }

    /// Writes an export now.
    pub fn export(&self, now: Moment) -> Result<export::Summary> {
        let kept = self.kept.load(Ordering::Relaxed);
        export::export(&*self.store, &self.dir.join("exports"), now, kept)
    }

    /// Brings all records to the current schemas, after an export; nothing is done if they are. Answers the export and
    /// how many records were changed. A record of a newer schema is an error, and nothing is changed.
    pub fn migrate(&self, tables: &[&dyn Migrate], now: Moment) -> Result<Option<(export::Summary, usize)>> {
        let mut batch = Batch::new();
        let mut records = 0;
        for table in tables {
            for (key, value) in table.outdated(&*self.store)? {
                let revision = Header::split(&value).map(|(header, _)| header.revision);
                batch.expect(table.kind(), key.clone(), revision);
                batch.restore(table.kind(), key, value);
                records += 1;
            }
        }
        if records == 0 {
            return Ok(None);
        }
        let summary = self.export(now)?;
        self.store.apply(batch)?;
        Ok(Some((summary, records)))
    }

    /// Gives the data in `dir`, which no engine may have open, another key, and seals everything anew with it.
    pub fn rotate(dir: &Path, options: Options, now: Moment) -> Result<Rotated> {
        if !dir.join("db").exists() {
            let why = "there are no data here whose key could be changed".into();
            return Err(Error::Io { path: dir.to_path_buf(), why });
        }
        // Opened whole first: what cannot be read is not sealed anew, and an interrupted change comes to its end.
        let data = Self::open_with(dir, options, now)?;
        rotate::begin(dir)?;
        rotate::finish(dir, &*data.store, data.sealer(), now).map(|(_, rotated)| rotated)
    }

    /// Replaces the data in `dir`, which no engine may have open, by an export. What was there is kept as
    /// `db.broken-TIME`. `key` is the one that the export was made with, where it came along; one that is there and is another is kept
    /// as `key.before-TIME`. Nothing is changed before the export is read whole and its secrets are known to open.
    pub fn restore(
        dir: &Path,
        from: &Path,
        options: Options,
        key: Option<&Sealer>,
        now: Moment,
    ) -> Result<export::Summary> {
        check_dir(dir)?;
        let lock = lock(dir)?;
        finish_swap(dir)?;
        rotate::refuse_under_way(dir)?;
        let path = dir.join("key");
        let there = if path.exists() || key.is_none() { Some(Sealer::load(&path)?) } else { None };
        let sealer = key.or(there.as_ref()).ok_or(Error::Closed)?;
        let (store, summary) = build(dir, options, from)?;
        check_meta(&store, sealer, &path, now)?;
        drop(store);
        if let Some(key) = key
            && !there.as_ref().is_some_and(|there| there.is(key))
        {
            if there.is_some() {
                files::rename(&path, &dir.join(format!("key.before-{}", export::name_of(now))))?;
            }
            key.save(&path)?;
        }
        swap(dir, now)?;
        open_whole(&dir.join("db"), options, lock.1)?;
        Ok(summary)
    }
}

/// Makes the file `reserve` where there is room for it; without it only a start on a full disk fails.
fn put_aside(dir: &Path, options: &Options) {
    let path = dir.join("reserve");
    let there = std::fs::metadata(&path).is_ok_and(|m| m.len() == RESERVE as u64);
    let room = free_bytes(dir).is_none_or(|free| free > options.reserve + RESERVE as u64);
    if !there
        && room
        && let Err(error) = files::write_durably(&path, &vec![0; RESERVE])
    {
        tracing::warn!(%error, "no space could be put aside");
    }
}

fn check_dir(dir: &Path) -> Result<()> {
    let handle = File::open(dir).map_err(|e| Error::io(dir, &e))?;
    files::check_owner(dir, &handle, 0o700)
}

/// Takes the directory for this process. The file stays; the lock goes with the process.
fn lock(dir: &Path) -> Result<(File, u32)> {
    let path = dir.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|e| Error::io(&path, &e))?;
    if let Err(error) = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(Error::io(&path, &error.into()));
        }
        let mut text = String::new();
        let _ = file.read_to_string(&mut text);
        return Err(Error::InUse { dir: dir.to_path_buf(), pid: text.trim().parse().ok() });
    }
    let pid = std::process::id();
    // Only for the message of a second engine: a full disk is no reason to stop here.
    let _ = file.set_len(0);
    let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(pid.to_string().as_bytes()));
    Ok((file, pid))
}

/// Opens the database and reads every record once: sled notices a damaged page only when it is read.
fn open_whole(db: &Path, options: Options, pid: u32) -> Result<SledStore> {
    let store = SledStore::open(db, options).map_err(|error| match error {
        // Our own lock is held, so this is something in this very process.
        Error::InUse { dir, .. } => Error::InUse { dir, pid: Some(pid) },
        other => other,
    })?;
    for (kind, entries) in store.snapshot(Kind::ALL)? {
        if let Some((key, _)) = entries.iter().find(|(_, value)| Header::split(value).is_none()) {
            return Err(Error::Unreadable { kind, key: hex::encode(key), why: "it is too short".into() });
        }
    }
    Ok(store)
}

fn rebuild(
    dir: &Path,
    options: Options,
    pid: u32,
    exports: &[PathBuf],
    now: Moment,
    why: String,
) -> Result<(SledStore, Opened)> {
    tracing::error!(%why, "the database is unusable, building it again from an export");
    let mut from = None;
    for path in exports {
        match build(dir, options, path) {
            Ok((store, summary)) => {
                drop(store);
                from = Some(summary);
                break;
            }
            Err(error @ (Error::Export { .. } | Error::Io { .. })) => {
                tracing::warn!(%error, "export skipped");
            }
            Err(error) => return Err(error),
        }
    }
    if from.is_none() {
        drop(empty(dir, options)?);
    }
    let broken = swap(dir, now)?;
    Ok((open_whole(&dir.join("db"), options, pid)?, Opened::Rebuilt { broken, why, from }))
}

/// A new, empty database under the name of one that is not complete.
fn empty(dir: &Path, options: Options) -> Result<SledStore> {
    let place = dir.join("db.building");
    match std::fs::remove_dir_all(&place) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(&place, &e)),
        _ => {}
    }
    SledStore::open(&place, options)
}

fn build(dir: &Path, options: Options, from: &Path) -> Result<(SledStore, export::Summary)> {
    let store = empty(dir, options)?;
    let summary = export::import(&store, from)?;
    Ok((store, summary))
}

/// Puts the complete new database at the place of the old one; answers where that is now.
fn swap(dir: &Path, now: Moment) -> Result<Option<PathBuf>> {
    let db = dir.join("db");
    files::rename(&dir.join("db.building"), &dir.join("db.new"))?;
    let broken = if db.exists() {
        let name = format!("db.broken-{}", export::name_of(now));
        let path = (0..100).map(|n| dir.join(if n == 0 { name.clone() } else { format!("{name}+{n}") }));
        let path = path.into_iter().find(|p| !p.exists()).unwrap_or_else(|| dir.join("db.broken"));
        files::rename(&db, &path)?;
        Some(path)
    } else {
        None
    };
    finish_swap(dir)?;
    Ok(broken)
}

/// Ends a swap that a death may have interrupted: a complete new database takes the empty place.
fn finish_swap(dir: &Path) -> Result<()> {
    let (new, db) = (dir.join("db.new"), dir.join("db"));
    if !new.exists() {
        return Ok(());
    }
    if db.exists() {
        // The old one was not moved yet: it is tried again, and built again if need be.
        return std::fs::remove_dir_all(&new).map_err(|e| Error::io(&new, &e));
    }
    files::rename(&new, &db)
}

/// Checks the layout's version and the key file against the data; writes both where they are missing.
fn check_meta(store: &SledStore, sealer: &Sealer, key: &Path, now: Moment) -> Result<()> {
    let mut batch = Batch::new();
    match store.get(Kind::Meta, FORMAT_KEY)? {
        None => {
            batch.put(Kind::Meta, FORMAT_KEY.to_vec(), FORMAT, Stamp::engine(now), FORMAT.to_string().into());
        }
        Some(bytes) => {
            let found = Header::split(&bytes).map_or(0, |(header, _)| header.schema);
            if found > FORMAT {
                return Err(Error::Newer { kind: Kind::Meta, found, known: FORMAT });
            }
        }
    }
    let identity = Identity::raw(Kind::Meta, KEY_CHECK, "");
    match store.get(Kind::Meta, KEY_CHECK)? {
        None => {
            let text = sealer.seal(&identity, &Secret::new(KEY_CHECK_TEXT))?;
            let body = serde_json::to_vec(&text).map_err(|e| Error::Unreadable {
                kind: Kind::Meta,
                key: hex::encode(KEY_CHECK),
                why: e.to_string(),
            })?;
            batch.put(Kind::Meta, KEY_CHECK.to_vec(), 1, Stamp::engine(now), body);
            batch.expect(Kind::Meta, KEY_CHECK.to_vec(), None::<Revision>);
        }
        Some(bytes) => {
            let text = Header::split(&bytes).and_then(|(_, b)| serde_json::from_slice::<Sealed>(b).ok());
            let right = text.is_some_and(|text| sealer.open(&identity, &text).is_ok());
            if !right {
                let why = "it is not the key these data were sealed with".to_owned();
                return Err(Error::Key { path: key.to_path_buf(), why });
            }
        }
    }
    if batch.is_empty() { Ok(()) } else { store.apply(batch).map(|_| ()) }
}
