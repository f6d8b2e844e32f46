//! The key of the data is changed, and the process that does it is killed at any moment: every secret opens with what lies on the disk.
//!
//! The test binary runs itself: with `CPMG_STORE_ROTATE_DIR` set, the "test" `the_writer` changes the key over and over and says when it was
//! done, until it is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "shared/killed.rs"]
mod killed;

use cpmg::domain::{
    ids::{NodeId, UserId},
    secret::Secret,
    time::Moment,
};
use cpmg::store::{
    Batch, DataDir, Identity, Kind, MemoryStore, Opened, Options, Sealed, Sealer, Stamp, Store, Table, export,
};
use killed::Dice;
use std::path::Path;

const LOGINS: Table<NodeId, Sealed> = Table::new(Kind::Credentials, &[]);
const STAMP: Stamp = Stamp { at: Moment(1), by: UserId(1) };
const VARIABLE: &str = "CPMG_STORE_ROTATE_DIR";
const SECRETS: u64 = 60;

fn open(dir: &Path) -> DataDir {
    DataDir::open_with(dir, Options::default(), Moment(0)).unwrap()
}

/// Every secret of a store opens.
fn all_open(store: &dyn Store, sealer: &Sealer, whose: &str) {
    let all = LOGINS.list(store).unwrap();
    assert_eq!(all.len() as u64, SECRETS, "{whose}");
    for (node, stored) in all {
        let secret = sealer.open(&Identity::of(&LOGINS, &node, "login"), &stored.value);
        assert_eq!(secret.unwrap_or_else(|e| panic!("{whose}: {e}")).reveal(), format!("secret {node}"));
    }
}

#[test]
#[ignore = "no test: the process that `a_change_of_the_key_is_killed_at_any_moment` kills"]
fn the_writer() {
    use std::io::Write;
    let Ok(dir) = std::env::var(VARIABLE) else { return };
    let say = |text: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").unwrap();
        out.flush().unwrap();
    };
    say("ready");
    loop {
        let done = DataDir::rotate(Path::new(&dir), Options::default(), Moment(1)).unwrap();
        assert_eq!(done.unreadable.len(), 0, "{done:?}");
        say("changed");
    }
}

#[test]
fn a_change_of_the_key_is_killed_at_any_moment() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("data");
    let data = open(&dir);
    let mut batch = Batch::new();
    for node in (1..=SECRETS).map(NodeId) {
        let identity = Identity::of(&LOGINS, &node, "login");
        let sealed = data.sealer().seal(&identity, &Secret::new(format!("secret {node}"))).unwrap();
        LOGINS.put(&mut batch, &node, &sealed, STAMP).unwrap();
    }
    data.store().apply(batch).unwrap();
    for at in 1..=3 {
        data.export(Moment(at)).unwrap();
    }
    drop(data);
    let mut dice = Dice::new();
    let (mut changed, mut interrupted) = (0, 0);
    for round in 0..1_000 {
        if round >= killed::rounds(8) && interrupted > 0 {
            break;
        }
        let (answers, more) = (dice.roll() % 2, dice.roll() % 20_000_000);
        killed::round(VARIABLE, &dir, answers, more, |line| {
            assert_eq!(line, "changed", "round {round}");
            changed += 1;
        });
        interrupted += u32::from(dir.join("key.next").exists());
        let data = open(&dir);
        assert!(matches!(data.opened(), Opened::Existing), "{:?}", data.opened());
        assert!(!dir.join("key.next").exists(), "the next start goes on to the end");
        all_open(&*data.store(), &data.sealer(), "the database");
        let exports = export::exports(&dir.join("exports")).unwrap();
        assert_eq!(exports.len(), 3);
        for path in exports {
            let copy = MemoryStore::new();
            export::import(&copy, &path).unwrap();
            all_open(&copy, &data.sealer(), &path.display().to_string());
        }
    }
    println!("{changed} changes of the key, {interrupted} kills in the middle of one");
    assert!(interrupted > 0, "no kill came in the middle of a change");
}
