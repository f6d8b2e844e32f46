//! What is left of the store after `kill -9` and on a full disk.
//!
//! The test binary runs itself as the writer: with `CPMG_STORE_CRASH_DIR` set, the "test" `the_writer` writes numbered
//! records and prints each number after the store accepted it, until it is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "shared/killed.rs"]
mod killed;

use cpmg::domain::{
    ids::{JobId, NodeId, UserId},
    time::Moment,
};
use cpmg::store::{
    Batch, DataDir, Error, Kind, Opened, Options, OutputId, OutputStore, SledStore, Stamp, Store, Table,
};
use killed::Dice;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const LINES: Table<(JobId, u64), String> = Table::new(Kind::Journal, &[]);
const LAST: Table<UserId, u64> = Table::new(Kind::Users, &[]);
const STAMP: Stamp = Stamp { at: Moment(1), by: UserId(1) };
const VARIABLE: &str = "CPMG_STORE_CRASH_DIR";

/// Rounds of killing; the long form is `CPMG_CRASH_ROUNDS=1000`.
fn rounds() -> u64 {
    killed::rounds(40)
}

/// Text of a record, of very different lengths, some of them cut into parts.
fn text(number: u64) -> String {
    let length = if number.is_multiple_of(13) { 9_000 } else { (number * 37) % 700 };
    format!("{number}:{}", "x".repeat(usize::try_from(length).unwrap()))
}

fn output_id() -> OutputId {
    OutputId::new(JobId(1), NodeId(1), "a.step", 1).unwrap()
}

#[test]
#[ignore = "no test: the process that `what_was_accepted_survives_kill_9` kills"]
fn the_writer() {
    let Ok(dir) = std::env::var(VARIABLE) else { return };
    let data = DataDir::open_with(Path::new(&dir), Options::default(), Moment(0)).unwrap();
    assert!(!matches!(data.opened(), Opened::Rebuilt { .. }), "{:?}", data.opened());
    let outputs = OutputStore::open(&Path::new(&dir).join("output")).unwrap();
    let first = LAST.get(&*data.store(), &UserId(1)).unwrap().map_or(1, |n| n.value + 1);
    let say = |text: String| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").unwrap();
        out.flush().unwrap();
    };
    say("ready".to_owned());
    let mut number = first;
    loop {
        // Two changes in flight, so that groups are torn, too.
        let pending: Vec<_> = (0..2)
            .map(|n| {
                let mut batch = Batch::new();
                let number = number + n;
                LINES.insert(&mut batch, &(JobId(1), number), &text(number), STAMP).unwrap();
                LAST.put(&mut batch, &UserId(1), &number, STAMP).unwrap();
                (number, data.store().submit(batch))
            })
            .collect();
        for (number, pending) in pending {
            pending.wait().unwrap();
            say(format!("record {number}"));
        }
        let at = outputs.len(&output_id()).unwrap();
        let len = outputs.append(&output_id(), at, format!("{number}\n").as_bytes()).unwrap();
        say(format!("output {len}"));
        number += 2;
    }
}

#[test]
fn what_was_accepted_survives_kill_9() {
    let guard = tempfile::tempdir().unwrap();
    let dir = guard.path().join("data");
    let (mut accepted, mut written, mut dice) = (0_u64, 0_u64, Dice::new());
    for round in 0..rounds() {
        killed::round(VARIABLE, &dir, dice.roll() % 40, 0, |line| {
            if let Some(number) = line.strip_prefix("record ") {
                accepted = number.parse().unwrap();
            } else if let Some(len) = line.strip_prefix("output ") {
                written = len.parse().unwrap();
            }
        });
        // Every tenth time a look inside; the writer itself goes on from what it finds every time.
        if round % 10 == 9 || round + 1 == rounds() {
            look(&dir, accepted, written);
        }
    }
    println!("{accepted} records accepted and all found again in {} rounds", rounds());
}

fn look(dir: &Path, accepted: u64, written: u64) {
    let data = DataDir::open_with(dir, Options::default(), Moment(0)).unwrap();
    assert_eq!(data.opened(), &Opened::Existing);
    let outputs = OutputStore::open(&dir.join("output")).unwrap();
    let records = LINES.list(&*data.store()).unwrap();
    let last = LAST.get(&*data.store(), &UserId(1)).unwrap().unwrap().value;
    assert!(last >= accepted, "{accepted} were accepted, {last} are there");
    assert_eq!(records.len() as u64, last, "the record and the count of it are one change");
    for (expected, ((_, number), record)) in (1..).zip(&records) {
        assert_eq!((*number, &record.value), (expected, &text(expected)));
    }
    assert!(outputs.len(&output_id()).unwrap() >= written);
    let blobs = std::fs::read_dir(dir.join("db/blobs")).unwrap().count();
    assert_eq!(blobs, 0, "sled does not flush such files");
}

/// A small file system of its own, gone with the value.
struct Small(PathBuf, Option<tempfile::TempDir>);

impl Small {
    /// `None`, in words, where this user cannot mount.
    fn mount(megabytes: u32) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: mounting a small file system needs root");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={megabytes}m,mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(dir.path())
            .status()
            .is_ok_and(|s| s.success());
        if !mounted {
            eprintln!("skipped: no tmpfs can be mounted here");
            return None;
        }
        Some(Self(dir.path().to_path_buf(), Some(dir)))
    }

    /// Takes all the space that is left.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        while file.write(&[1; 4096]).is_ok_and(|n| n > 0) {}
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(done.is_ok_and(|s| s.success()), "{} is still mounted", self.0.display());
        drop(self.1.take());
    }
}

fn save(store: &dyn Store, number: u64) -> Result<(), Error> {
    let mut batch = Batch::new();
    LINES.insert(&mut batch, &(JobId(1), number), &text(number), STAMP)?;
    store.apply(batch).map(|_| ())
}

#[test]
fn a_full_disk_refuses_changes_and_keeps_the_rest() {
    let Some(small) = Small::mount(24) else { return };
    let dir = small.0.join("data");
    let data = DataDir::open_with(&dir, Options::default(), Moment(0)).unwrap();
    for number in 1..=50 {
        save(&*data.store(), number).unwrap();
    }
    let filler = small.fill();
    let refused = save(&*data.store(), 51).unwrap_err();
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
    assert!(
        refused.to_string().contains("is full") && refused.to_string().contains("free some space"),
        "{refused}"
    );
    assert_eq!(LINES.list(&*data.store()).unwrap().len(), 50, "reading goes on");
    let refused = data.export(Moment(1)).unwrap_err();
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
    let outputs = OutputStore::open(&small.0.join("output")).unwrap();
    let refused = outputs.append(&output_id(), 0, &vec![b'x'; 100_000]).unwrap_err();
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
    let refused = DataDir::open_with(&small.0.join("other"), Options::default(), Moment(0)).err().unwrap();
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
    // An engine that starts on a full disk either reads what is there or says why not; it never gives the data up.
    drop(data);
    match DataDir::open_with(&dir, Options::default(), Moment(0)) {
        Ok(data) => {
            assert_eq!((data.opened(), LINES.list(&*data.store()).unwrap().len()), (&Opened::Existing, 50));
        }
        Err(refused) => assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}"),
    }
    std::fs::remove_file(filler).unwrap();
    let data = DataDir::open_with(&dir, Options::default(), Moment(0)).unwrap();
    assert_eq!((data.opened(), LINES.list(&*data.store()).unwrap().len()), (&Opened::Existing, 50));
    save(&*data.store(), 51).unwrap();
    assert_eq!(outputs.append(&output_id(), 0, &vec![b'x'; 100_000]).unwrap(), 100_000);
    data.export(Moment(1)).unwrap();
    drop(data);
    let data = DataDir::open_with(&dir, Options::default(), Moment(0)).unwrap();
    assert_eq!((data.opened(), LINES.list(&*data.store()).unwrap().len()), (&Opened::Existing, 51));
}

/// Without the reserve sled itself runs into the wall, which poisons it: the store must open it again.
#[test]
fn a_disk_that_fills_up_under_sled_loses_nothing() {
    let Some(small) = Small::mount(24) else { return };
    let dir = small.0.join("db");
    let store = SledStore::open(&dir, Options { reserve: 0, ..Options::default() }).unwrap();
    let mut accepted = 0;
    for round in 0..5 {
        let filler = small.fill();
        // Free a little, so that it fails in the middle of something.
        let kept = std::fs::metadata(&filler).unwrap().len().saturating_sub(100_000 * round);
        std::fs::File::options().write(true).open(&filler).unwrap().set_len(kept).unwrap();
        let refused = loop {
            match save(&store, accepted + 1) {
                Ok(()) => accepted += 1,
                Err(error) => break error,
            }
        };
        assert!(refused.is_passing(), "{refused:?}");
        assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
        std::fs::remove_file(filler).unwrap();
        let began = Instant::now();
        save(&store, accepted + 1).unwrap();
        println!("round {round}: {accepted} accepted, {refused}; usable again after {:?}", began.elapsed());
        accepted += 1;
        assert_eq!(LINES.list(&store).unwrap().len() as u64, accepted);
    }
    drop(store);
    let store = SledStore::open(&dir, Options::default()).unwrap();
    let found = LINES.list(&store).unwrap();
    assert!(found.iter().zip(1..).all(|(((_, n), line), i)| *n == i && line.value == text(i)));
    assert_eq!(found.len() as u64, accepted);
}
