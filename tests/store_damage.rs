//! Damaged databases: truncated, with flipped bytes, with files missing. Each is read as it was, built again from the export, or refused
//! in words; none makes the program panic, none loses records without a word.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use cpmg::domain::{
    ids::{JobId, UserId},
    time::Moment,
};
use cpmg::store::{Batch, DataDir, Error, Kind, Opened, Options, Stamp, Table};
use std::path::{Path, PathBuf};

const LINES: Table<(JobId, u64), String> = Table::new(Kind::Journal, &[]);
const STAMP: Stamp = Stamp { at: Moment(1), by: UserId(1) };
/// Records in the export, and records in all.
const EXPORTED: u64 = 300;
const WRITTEN: u64 = 400;

fn open(dir: &Path) -> cpmg::store::Result<DataDir> {
    DataDir::open_with(dir, Options::default(), Moment(1_700_000_000_000))
}

fn text(number: u64) -> String {
    let length = if number.is_multiple_of(17) { 9_000 } else { (number * 37) % 900 };
    format!("{number}:{}", "y".repeat(usize::try_from(length).unwrap()))
}

fn write(data: &DataDir, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let mut batch = Batch::new();
        LINES.insert(&mut batch, &(JobId(1), number), &text(number), STAMP).unwrap();
        data.store().apply(batch).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// What is done to a data directory.
type Damage = Box<dyn Fn(&Path)>;

fn cut(file: &'static str, share: (u64, u64)) -> Damage {
    Box::new(move |dir| {
        let file = std::fs::File::options().write(true).open(dir.join(file)).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length * share.0 / share.1).unwrap();
    })
}

fn flip(file: &'static str, seed: u64, count: usize) -> Damage {
    Box::new(move |dir| {
        let path = dir.join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        let used = bytes.iter().rposition(|b| *b != 0).unwrap_or(0).max(1);
        let mut dice = seed;
        for _ in 0..count {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            let at = usize::try_from(dice).unwrap() % used;
            bytes[at] ^= 1 << (dice % 8);
        }
        std::fs::write(&path, bytes).unwrap();
    })
}

fn gone(what: &'static str) -> Damage {
    Box::new(move |dir| {
        let path = dir.join(what);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    })
}

fn snapshots(dir: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir.join("db")).unwrap().map(|e| e.unwrap().path());
    files.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("snap.")).collect()
}

fn damages() -> Vec<(&'static str, Damage)> {
    let both: Damage = Box::new(|dir| {
        cut("db/db", (1, 2))(dir);
        let newest = std::fs::read_dir(dir.join("exports")).unwrap().next().unwrap().unwrap().path();
        std::fs::write(newest, "{\"cpmg_export\":1,\"at\":1}\n").unwrap();
    });
    let zeros: Damage = Box::new(|dir| {
        let length = std::fs::metadata(dir.join("db/db")).unwrap().len();
        std::fs::write(dir.join("db/db"), vec![0; usize::try_from(length).unwrap()]).unwrap();
    });
    let no_snapshot: Damage =
        Box::new(|dir| snapshots(dir).iter().for_each(|p| std::fs::remove_file(p).unwrap()));
    let cut_snapshot: Damage = Box::new(|dir| {
        for path in snapshots(dir) {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        }
    });
    let head: Damage = Box::new(|dir| {
        let path = dir.join("db/db");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[..4096].fill(0xFF);
        std::fs::write(&path, bytes).unwrap();
    });
    vec![
        ("log cut to nothing", cut("db/db", (0, 1))),
        ("log cut to a tenth", cut("db/db", (1, 10))),
        ("log cut to a third", cut("db/db", (1, 3))),
        ("log cut to two thirds", cut("db/db", (2, 3))),
        ("log cut by a hundredth", cut("db/db", (99, 100))),
        ("log of zeros", zeros),
        ("head of the log overwritten", head),
        ("a byte of the log flipped", flip("db/db", 88_172_645, 1)),
        ("another byte of the log flipped", flip("db/db", 987_654_321, 1)),
        ("ten bytes of the log flipped", flip("db/db", 1_234_567, 10)),
        ("a hundred bytes of the log flipped", flip("db/db", 5_555_555, 100)),
        ("ten thousand bytes of the log flipped", flip("db/db", 777_777_777, 10_000)),
        ("configuration cut", cut("db/conf", (1, 2))),
        ("configuration flipped", flip("db/conf", 4_242, 5)),
        ("configuration missing", gone("db/conf")),
        ("log missing", gone("db/db")),
        ("database missing", gone("db")),
        ("snapshots missing", no_snapshot),
        ("snapshots cut", cut_snapshot),
        ("log and export cut", both),
        ("key missing", gone("key")),
        ("key cut", cut("key", (1, 2))),
        ("key flipped", flip("key", 31_337, 3)),
    ]
}

#[test]
fn damaged_databases_are_recovered_or_refused_in_words() {
    let guard = tempfile::tempdir().unwrap();
    let good = guard.path().join("good");
    {
        let data = open(&good).unwrap();
        write(&data, 1..=EXPORTED);
        data.export(Moment(1_700_000_000_000)).unwrap();
        write(&data, EXPORTED + 1..=WRITTEN);
    }
    // Once more, so that there is a snapshot as after a usual life.
    drop(open(&good).unwrap());
    let all = damages();
    assert!(all.len() >= 20);
    let mut ways = [0; 3];
    for (number, (name, damage)) in all.iter().enumerate() {
        let dir = guard.path().join(format!("damaged-{number}"));
        copy(&good, &dir);
        damage(&dir);
        match open(&dir) {
            Ok(data) => {
                let found = LINES.list(&*data.store()).unwrap();
                for ((_, number), record) in &found {
                    assert_eq!(record.value, text(*number), "{name}: a record is not what was written");
                }
                let there = found.len() as u64;
                match data.opened() {
                    Opened::Existing => {
                        assert_eq!(there, WRITTEN, "{name}: records are missing without a word");
                        ways[0] += 1;
                        println!("{name}: read as it was");
                    }
                    Opened::Rebuilt { from: Some(_), .. } => {
                        assert_eq!(there, EXPORTED, "{name}");
                        let told = data.opened().to_string();
                        assert!(told.contains("built again") && told.contains("is lost"), "{name}: {told}");
                        ways[1] += 1;
                        println!("{name}: {told}");
                    }
                    Opened::Rebuilt { from: None, .. } => {
                        let told = data.opened().to_string();
                        assert!(
                            *name == "log and export cut" && told.contains("starts empty"),
                            "{name}: {told}"
                        );
                        ways[1] += 1;
                        println!("{name}: {told}");
                    }
                    Opened::Shortened { changes } => {
                        assert_eq!(there + changes, WRITTEN, "{name}");
                        ways[0] += 1;
                        println!("{name}: {}", data.opened());
                    }
                    Opened::Fresh => panic!("{name}: taken for new"),
                }
            }
            Err(why) => {
                let told = why.to_string();
                assert!(matches!(why, Error::Key { .. }), "{name}: {told}");
                assert!(told.contains("put the right file back"), "{name}: {told}");
                assert!(dir.join("exports").is_dir(), "{name}");
                ways[2] += 1;
                println!("{name}: refused: {told}");
            }
        }
    }
    println!("{} read as they were, {} built again, {} refused", ways[0], ways[1], ways[2]);
}

/// The end of the log of a database that was not closed: what is damaged there are the newest changes. None is lost without a word.
#[test]
fn the_end_of_a_log_that_was_not_closed() {
    let guard = tempfile::tempdir().unwrap();
    let good = guard.path().join("good");
    let data = open(&good).unwrap();
    write(&data, 1..=EXPORTED);
    data.export(Moment(1_700_000_000_000)).unwrap();
    write(&data, EXPORTED + 1..=WRITTEN);
    let live = guard.path().join("live");
    copy(&good, &live);
    drop(data);
    let bytes = std::fs::read(live.join("db/db")).unwrap();
    let used = bytes.iter().rposition(|b| *b != 0).unwrap();
    for back in [10, 100, 1_000, 5_000, 20_000, 60_000] {
        for cut in [false, true] {
            let dir = guard.path().join(format!("end-{back}-{cut}"));
            copy(&live, &dir);
            let mut bytes = bytes.clone();
            if cut {
                bytes[used - back..].fill(0);
            } else {
                bytes[used - back] ^= 0x10;
            }
            std::fs::write(dir.join("db/db"), bytes).unwrap();
            let data = open(&dir).unwrap();
            let found = LINES.list(&*data.store()).unwrap();
            assert!(found.iter().all(|((_, n), record)| record.value == text(*n)));
            let there = found.len() as u64;
            println!("{back} bytes before the end, cut {cut}: {there} records, {}", data.opened());
            match data.opened() {
                Opened::Existing => assert_eq!(there, WRITTEN),
                Opened::Shortened { changes } => assert_eq!(there + changes, WRITTEN),
                Opened::Rebuilt { from: Some(_), .. } => assert_eq!(there, EXPORTED),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn files_of_others_or_open_to_others_are_refused_with_what_mends_it() {
    use std::os::unix::fs::PermissionsExt;
    let guard = tempfile::tempdir().unwrap();
    let dir = guard.path().join("data");
    drop(open(&dir).unwrap());
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&dir, 0o750);
    let told = open(&dir).err().unwrap().to_string();
    assert!(told.contains("mode 750") && told.contains("chmod 700"), "{told}");
    mode(&dir, 0o700);
    mode(&dir.join("key"), 0o644);
    let told = open(&dir).err().unwrap().to_string();
    assert!(told.contains("mode 644") && told.contains("chmod 600"), "{told}");
    mode(&dir.join("key"), 0o600);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(dir.join("key"), Some(4711), None).unwrap();
        let told = open(&dir).err().unwrap().to_string();
        assert!(told.contains("belongs to user 4711") && told.contains("give the files"), "{told}");
        std::os::unix::fs::chown(dir.join("key"), Some(0), None).unwrap();
    } else {
        eprintln!("skipped: giving files to another user needs root");
    }
    open(&dir).unwrap();
}

/// A data directory on a file system that was mounted read-only, as after a fault of the disk.
#[test]
fn a_read_only_file_system_is_refused_in_words() {
    let guard = tempfile::tempdir().unwrap();
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: mounting needs root");
        return;
    }
    let run = |args: &[&str]| {
        std::process::Command::new("mount").args(args).arg(guard.path()).status().is_ok_and(|s| s.success())
    };
    if !run(&["-t", "tmpfs", "-o", "size=32m,mode=700", "tmpfs"]) {
        eprintln!("skipped: no tmpfs can be mounted here");
        return;
    }
    let dir = guard.path().join("data");
    drop(open(&dir).unwrap());
    let read_only = run(&["-o", "remount,ro"]);
    let told = open(&dir).err().map(|e| e.to_string());
    let done = std::process::Command::new("umount").arg("--lazy").arg(guard.path()).status();
    assert!(done.is_ok_and(|s| s.success()));
    assert!(read_only);
    let told = told.unwrap();
    assert!(told.contains("is read-only") && told.contains("mount it writable"), "{told}");
}

/// Copies and backups go to places that cpmg does not own: each fault is a sentence, and no half file is left there.
#[test]
fn what_goes_elsewhere_says_why_it_cannot() {
    use cpmg::domain::secret::Secret;
    use cpmg::store::{backup, export};
    let guard = tempfile::tempdir().unwrap();
    let (dir, share) = (guard.path().join("data"), guard.path().join("share"));
    std::fs::create_dir(&share).unwrap();
    let data = open(&dir).unwrap();
    write(&data, 1..=EXPORTED);
    let made = data.export(Moment(1_700_000_000_000)).unwrap().path;
    assert!(std::fs::metadata(&made).unwrap().len() > 100_000);
    let both = |wanted: &[&str]| {
        let told = [
            export::copy(&made, &share, 3).unwrap_err().to_string(),
            backup::write(&dir, &share.join("backup"), &Secret::new("four words of a phrase"))
                .unwrap_err()
                .to_string(),
        ];
        for told in told {
            assert!(wanted.iter().all(|w| told.contains(w)), "{told}");
        }
    };
    let run = |args: &[&str]| {
        std::process::Command::new("mount").args(args).arg(&share).status().is_ok_and(|s| s.success())
    };
    if !rustix::process::geteuid().is_root() || !run(&["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"]) {
        eprintln!("skipped: mounting needs root");
        return;
    }
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        both(&["is full", "free some space"]);
        assert_eq!(std::fs::read_dir(&share).unwrap().count(), 0, "no half file is left");
        assert!(run(&["-o", "remount,ro"]));
        both(&["is read-only", "mount it writable"]);
    }));
    let done = std::process::Command::new("umount").arg("--lazy").arg(&share).status();
    assert!(done.is_ok_and(|s| s.success()));
    checked.unwrap();
    std::fs::remove_dir(&share).unwrap();
    both(&["share"]);
}
