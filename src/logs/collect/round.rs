//! One round of collecting: ask what is there, decide, read, keep.

mod journal;

use super::CollectFault;
use super::backfill;
use super::link::{Gone, Link, Listed, Listing};
use super::tracking::{self, Read, Step};
use crate::logs::store::{Appended, Chunk, FileState, LogStore, Source, StoreFault};
use crate::ssh::Session;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes of one read.
const PIECE: usize = 512 << 10;
/// Bytes of a read when one record is longer than a piece.
const PIECE_MAX: usize = 8 << 20;
/// Bytes of one file in one round: others must get their turn.
const TURN: u64 = 8 << 20;
/// Rounds after which a file that cannot be found is given up.
const ABSENT_MAX: u32 = 5;
/// Clocks that differ by less are the same, microseconds.
const CLOCK: i64 = 200_000;
/// The service under which the node's own note is kept.
const NODE: &str = "";

/// What is to be collected from a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Number of the node.
    pub node: u64,
    /// Its name.
    pub name: String,
    /// Patterns of files, each with its module.
    pub files: Vec<(String, String)>,
    /// Units, each with its module.
    pub units: BTreeMap<String, String>,
}

/// How collecting from a node goes.
#[derive(Clone, Debug, Default)]
pub struct NodeStatus {
    /// How far its clock is ahead, microseconds; 0 when that is less than can be told.
    pub clock: i64,
    /// Seconds east of UTC.
    pub zone: i32,
    /// Bytes of each source that are not here yet, and the age of the oldest in seconds, by source.
    pub behind: BTreeMap<u32, (u64, u64)>,
    /// What is wrong with a part of it: the journal.
    pub trouble: Option<String>,
    /// Rounds that were done.
    pub rounds: u64,
}

/// Collects from one node as long as its connection lasts.
pub struct Collector {
    link: Link,
    store: Arc<LogStore>,
    places: Places,
    status: Arc<Mutex<NodeStatus>>,
    /// How often a file was not found.
    absent: BTreeMap<u32, u32>,
    /// How far a file was read when something at its end was left, and how long it was then.
    left: BTreeMap<u32, (u64, u64)>,
    /// Where a file was read to when more was behind that, and since when, microseconds by the node's clock.
    late: BTreeMap<u32, (u64, i64)>,
    /// How far the node's clock is ahead, microseconds, as records are corrected by it.
    clock: i64,
    zone: i32,
    /// A file that is there and cannot be read, in this round, with the reason.
    unread: Option<String>,
    /// From when on lines are to be fetched as well, seconds by our clock.
    backfill: Option<i64>,
    first: bool,
    /// The newest position in the journal.
    journal: String,
    /// Without a position: from when on the journal is wanted, seconds by the node's clock. What is written until its first entry
    /// comes must not fall out.
    since: Option<i64>,
}

fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Runs what reads and writes files.
async fn blocking<T: Send + 'static>(
    store: &Arc<LogStore>,
    work: impl FnOnce(&LogStore) -> Result<T, StoreFault> + Send + 'static,
) -> Result<T, StoreFault> {
    let store = Arc::clone(store);
    match tokio::task::spawn_blocking(move || work(&store)).await {
        Ok(result) => result,
        Err(why) => Err(StoreFault::Pattern(format!("a thread ended: {why}"))),
    }
}

impl Collector {
    /// Begins on a connection.
    pub async fn begin(
        session: &Session,
        store: Arc<LogStore>,
        places: Places,
        status: Arc<Mutex<NodeStatus>>,
    ) -> Result<Self, CollectFault> {
        let link = Link::open(session).await?;
        let clock = status.lock().unwrap_or_else(PoisonError::into_inner).clock;
        let node = places.node;
        let (first, journal) = blocking(&store, move |store| {
            let mine: Vec<Source> =
                store.sources().into_iter().map(|(s, _)| s).filter(|s| s.node == node).collect();
            let notes = mine.iter().filter(|s| s.journal).flat_map(|s| store.files(s.id)).map(|f| f.note);
            let newest = notes.max_by_key(|note| journal::time(note)).unwrap_or_default();
            Ok((!mine.iter().any(|s| s.path == NODE), newest))
        })
        .await?;
        Ok(Self {
            link,
            store,
            places,
            status,
            absent: BTreeMap::new(),
            left: BTreeMap::new(),
            late: BTreeMap::new(),
            unread: None,
            clock,
            zone: 0,
            backfill: None,
            first,
            journal,
            since: None,
        })
    }

    /// The next round asks for older lines as well, from then on (seconds since 1970-01-01 UTC). To ask twice does no harm.
    pub fn fetch_from(&mut self, since: i64) {
        self.backfill = Some(self.backfill.map_or(since, |b| b.min(since)));
    }

    /// Other places from now on.
    pub fn change(&mut self, places: Places) {
        self.places = places;
    }

    fn status(&self, change: impl FnOnce(&mut NodeStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// One round; answers the records that came.
    pub async fn round(&mut self) -> Result<u64, CollectFault> {
        let globs: Vec<String> = self.places.files.iter().map(|(glob, _)| glob.clone()).collect();
        let asked = micros();
        let node = self.places.node;
        let (mut names, lens) = blocking(&self.store, move |store| {
            let mine = store.sources().into_iter().map(|(s, _)| s).filter(|s| s.node == node && !s.journal);
            let mine: Vec<Source> = mine.collect();
            let short = mine.iter().flat_map(|s| store.files(s.id)).map(|f| f.print.0).filter(|l| *l < 64);
            let short: std::collections::BTreeSet<u32> = short.collect();
            let names: Vec<String> = mine.into_iter().map(|s| s.path).filter(|p| p != NODE).collect();
            Ok((names, short.into_iter().collect::<Vec<u32>>()))
        })
        .await?;
        let listing = self.link.list(&globs, &lens).await?;
        let bare = listing.files.iter().filter(|f| tracking::base_path(&f.0) == f.0 && !f.6);
        names.extend(bare.map(|f| f.0.clone()));
        // What was rotated under an unusual name is not a file of its own.
        let parts: Vec<String> = names
            .iter()
            .filter(|n| {
                names.iter().any(|m| m != *n && tracking::base_of(n, std::slice::from_ref(m)) == m.as_str())
            })
            .cloned()
            .collect();
        names.retain(|n| !parts.contains(n));
        self.note_clock(asked, &listing);
        let now = listing.t / 1_000_000;
        let mut sources: BTreeMap<String, Vec<&Listed>> = BTreeMap::new();
        for file in &listing.files {
            sources.entry(tracking::base_of(&file.0, &names).to_owned()).or_default().push(file);
        }
        let (first, backfill) = (self.first, self.backfill.take());
        self.unread = listing.refused.first().map(|why| crate::domain::text::harmless(why));
        let (mut records, mut behind) = (0, BTreeMap::new());
        for (base, listed) in sources {
            let glob = listed.first().map_or(0, |l| l.1);
            let service = self.places.files.get(glob).map(|(_, s)| s.clone()).unwrap_or_default();
            let source = self.source(service, base.clone(), false).await?;
            let known = self.known(source).await?;
            for step in tracking::decide(&base, &known, &listed, first, now) {
                records += self.step(source, step).await?;
            }
            if let Some(since) = backfill {
                self.begin_backfill(source, &listed, since).await?;
            }
            let known = self.known(source).await?;
            let late = &mut self.late;
            let open = known.iter().filter_map(|k| {
                let here = listed.iter().find(|l| !l.6 && l.2 == k.inode)?;
                let older = k.follow.saturating_sub(k.start).min(k.follow);
                let filled = k.cover.begin().map_or(0, |b| k.follow.saturating_sub(b.max(k.start)));
                let at = tracking::position(k);
                let rest = here.3.saturating_sub(at) + older.saturating_sub(filled);
                if rest == 0 {
                    late.remove(&k.id);
                    return None;
                }
                // How long what is next has waited, not how old the last record is: a quiet log is not behind.
                let waits = late.entry(k.id).or_insert((at, listing.t));
                if waits.0 != at {
                    *waits = (at, listing.t);
                }
                Some((rest, u64::try_from((listing.t - waits.1).max(0) / 1_000_000).unwrap_or(0)))
            });
            let sum = open.fold((0, 0), |(bytes, age): (u64, u64), (b, a)| (bytes + b, age.max(a)));
            if sum.0 > 0 {
                behind.insert(source, sum);
            }
        }
        if first {
            self.source(String::new(), NODE.to_owned(), false).await?;
            self.first = false;
        }
        records += self.journal(backfill).await?;
        self.status(|s| {
            s.behind = behind;
            s.rounds += 1;
        });
        Ok(records)
    }

    fn note_clock(&mut self, asked: i64, listing: &Listing) {
        let answered = micros();
        let took = answered - asked;
        let offset = listing.t - (asked + took / 2);
        // What is corrected by stays as long as it can be true: a slow answer must not move lines that stand in order.
        if (offset - self.clock).abs() > took / 2 + CLOCK {
            self.clock = offset;
        }
        self.zone = listing.z;
        let (clock, zone) = (self.clock, self.zone);
        self.status(|s| (s.clock, s.zone) = (clock, zone));
    }

    async fn source(&self, service: String, path: String, journal: bool) -> Result<u32, CollectFault> {
        let (node, node_name) = (self.places.node, self.places.name.clone());
        let source = Source { node, node_name, service, path, journal, ..Source::default() };
        Ok(blocking(&self.store, move |s| s.source(&source)).await?)
    }

    async fn known(&self, source: u32) -> Result<Vec<FileState>, CollectFault> {
        Ok(blocking(&self.store, move |s| Ok(s.files(source))).await?)
    }

    async fn keep(&self, file: FileState) -> Result<u32, CollectFault> {
        Ok(blocking(&self.store, move |s| s.file(&file)).await?)
    }

    async fn step(&mut self, source: u32, step: Step) -> Result<u64, CollectFault> {
        match step {
            Step::New(listed) => {
                let print = tracking::print(&listed.5);
                let file = FileState { source, inode: listed.2, print, ..FileState::default() };
                let file = self.keep(file).await?;
                let Listed(path, _, _, _, _, _, packed) = listed;
                self.read(&Read { file, path, packed, from: 0, to: None, complete: false }).await
            }
            Step::Old(listed) => {
                let follow = backfill::line_start(&mut self.link, &listed).await?;
                let print = tracking::print(&listed.5);
                let (inode, over) = (listed.2, listed.6);
                let file =
                    FileState { source, inode, print, follow, start: follow, over, ..FileState::default() };
                self.keep(file).await?;
                Ok(0)
            }
            Step::Changed(file) => self.keep(file).await.map(|_| 0),
            Step::Read(read) => {
                self.absent.remove(&read.file);
                self.read(&read).await
            }
            Step::Over(file) => self.over(file).await,
            Step::Absent(file) => {
                let times = self.absent.entry(file).or_default();
                *times += 1;
                if *times >= ABSENT_MAX { self.over(file).await } else { Ok(0) }
            }
        }
    }

    async fn over(&mut self, id: u32) -> Result<u64, CollectFault> {
        self.left.remove(&id);
        if let Some(file) = blocking(&self.store, move |s| Ok(s.file_state(id))).await? {
            self.keep(FileState { over: true, ..file }).await?;
        }
        Ok(0)
    }

    /// Reads on in a file and keeps what is whole.
    async fn read(&mut self, read: &Read) -> Result<u64, CollectFault> {
        let (mut at, mut piece, mut records) = (read.from, PIECE, 0);
        let until = read.from + TURN;
        while at < until {
            let wanted = read.to.map_or(piece, |to| piece.min(usize::try_from(to - at).unwrap_or(piece)));
            if wanted == 0 {
                break;
            }
            let got = match self.link.read(&read.path, read.packed, at, wanted).await? {
                Ok(got) => got,
                Err(Gone::Away) => break,
                Err(Gone::Refused(why)) => {
                    self.unread = Some(why);
                    break;
                }
            };
            let id = read.file;
            let state = blocking(&self.store, move |s| Ok(s.file_state(id))).await?;
            // Between the list and now it may have been rotated: then it is another file, and the next round will tell.
            let same = state.is_some_and(|f| {
                tracking::same_beginning(&f, &got.prints).unwrap_or(read.packed || f.inode == got.inode)
            });
            if !same {
                break;
            }
            if got.text.is_empty() {
                if read.packed && got.whole && got.eof {
                    self.over(id).await?;
                }
                break;
            }
            let last = got.eof || read.to == Some(at + got.text.len() as u64);
            let len = got.text.len();
            let taken = self.take(read, at, got.text, last, piece >= PIECE_MAX).await?;
            records += u64::from(taken.records);
            at += taken.bytes;
            if taken.bytes == 0 {
                if last || piece >= PIECE_MAX {
                    break;
                }
                piece = (piece * 4).min(PIECE_MAX);
            } else {
                piece = PIECE;
                if last && taken.bytes == len as u64 && !read.packed {
                    break;
                }
            }
        }
        Ok(records)
    }

    /// Keeps what is whole of bytes that were read. Without more behind them, the last record is taken when the file has not
    /// grown since the round before: its continuation lines would have come.
    async fn take(
        &mut self,
        read: &Read,
        at: u64,
        mut bytes: Vec<u8>,
        last: bool,
        forced: bool,
    ) -> Result<Appended, CollectFault> {
        let end = at + bytes.len() as u64;
        let settled = self.left.get(&read.file) == Some(&(at, end)) || read.to.is_some();
        let complete = (last && (settled || read.complete)) || forced;
        if !((last && read.complete) || forced) {
            bytes.truncate(memchr::memrchr(b'\n', &bytes).map_or(0, |n| n + 1));
        }
        if bytes.is_empty() {
            self.left.insert(read.file, (at, end));
            return Ok(Appended::default());
        }
        let (file, clock, zone, arrived) = (read.file, self.clock, self.zone, micros());
        let taken = blocking(&self.store, move |store| {
            let chunk = Chunk { file, offset: at, bytes: &bytes, complete, note: "", arrived, clock, zone };
            store.append(&chunk)
        })
        .await?;
        if last && at + taken.bytes < end {
            self.left.insert(read.file, (at + taken.bytes, end));
        } else {
            self.left.remove(&read.file);
        }
        Ok(taken)
    }

    /// Asks for the lines of a source from a moment on, as far as they are not here.
    async fn begin_backfill(
        &mut self,
        source: u32,
        listed: &[&Listed],
        since: i64,
    ) -> Result<(), CollectFault> {
        let cutoff = since.saturating_mul(1_000_000).saturating_add(self.clock);
        for file in self.known(source).await? {
            let here = listed.iter().find(|l| {
                tracking::same_beginning(&file, &l.5).unwrap_or(l.2 == file.inode)
                    && l.4 >= cutoff / 1_000_000
            });
            let Some(here) = here else { continue };
            if file.start == 0 {
                continue;
            }
            let size = file.follow.min(here.3);
            let start = backfill::find(&mut self.link, here, size, cutoff, (self.zone, micros())).await?;
            let mut wanted = FileState { start: start.min(file.start), ..file };
            if here.6 && wanted.follow == u64::MAX {
                // Compressed before anybody looked: it is read whole, like one that was compressed meanwhile.
                (wanted.follow, wanted.start, wanted.over) = (0, 0, false);
            }
            self.keep(wanted).await?;
        }
        Ok(())
    }

    /// How long to wait until the next round: less when much came.
    pub fn pause(records: u64) -> Duration {
        if records > 0 { Duration::from_millis(300) } else { Duration::from_secs(1) }
    }
}
