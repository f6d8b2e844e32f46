//! Openings of every kind, exports, rebuilding.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::{ids::UserId, secret::Secret, time::Moment};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const NAMES: Table<UserId, String> = Table::new(Kind::Users, &[]);
const NOW: Moment = Moment(1_700_000_000_123);

fn open(dir: &Path) -> Result<DataDir> {
    DataDir::open_with(dir, Options::default(), NOW)
}

fn name(data: &DataDir, id: u64, name: &str) {
    NAMES.save(&*data.store(), &UserId(id), &name.to_owned(), Stamp::engine(NOW)).unwrap();
}

fn names(data: &DataDir) -> Vec<String> {
    NAMES.list(&*data.store()).unwrap().into_iter().map(|(_, n)| n.value).collect()
}

/// The data directory under a temporary one, which is not 0700 everywhere.
fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    (dir, path)
}

/// All bytes of all files under a directory.
fn all_bytes(dir: &Path, out: &mut Vec<u8>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all_bytes(&path, out) } else { out.extend(std::fs::read(path).unwrap()) }
    }
}

fn contains(dir: &Path, text: &[u8]) -> bool {
    let mut bytes = Vec::new();
    all_bytes(dir, &mut bytes);
    bytes.windows(text.len()).any(|w| w == text)
}

#[test]
fn it_is_made_once_and_private() {
    let (_guard, dir) = place();
    assert_eq!(open(&dir).unwrap().opened(), &Opened::Fresh);
    let data = open(&dir).unwrap();
    assert_eq!(data.opened(), &Opened::Existing);
    let mode = |name: &str| std::fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("key"), mode("lock")), (0o700, 0o600, 0o600));
}

#[test]
fn a_second_engine_is_told_who_has_it() {
    let (_guard, dir) = place();
    let _first = open(&dir).unwrap();
    let refused = open(&dir).err().unwrap().to_string();
    assert!(refused.contains(&format!("(process {})", std::process::id())), "{refused}");
}

#[test]
fn an_open_directory_is_refused() {
    let (_guard, dir) = place();
    drop(open(&dir).unwrap());
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    let refused = open(&dir).err().unwrap().to_string();
    assert!(refused.contains("mode 755") && refused.contains("chmod 700"), "{refused}");
}

#[test]
fn another_or_a_lost_key_is_refused() {
    let (_guard, dir) = place();
    drop(open(&dir).unwrap());
    let key = dir.join("key");
    std::fs::remove_file(&key).unwrap();
    let refused = open(&dir).err().unwrap().to_string();
    assert!(refused.contains("it is missing"), "{refused}");
    Sealer::create(&key).unwrap();
    let refused = open(&dir).err().unwrap().to_string();
    assert!(refused.contains("not the key these data were sealed with"), "{refused}");
}

#[test]
fn no_file_holds_a_secret() {
    const CREDENTIALS: Table<UserId, Sealed> = Table::new(Kind::Credentials, &[]);
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    let secret = Secret::new("S3cret-that-must-not-be-seen");
    let identity = Identity::of(&CREDENTIALS, &UserId(1), "password");
    let sealed = data.sealer().seal(&identity, &secret).unwrap();
    CREDENTIALS.save(&*data.store(), &UserId(1), &sealed, Stamp::engine(NOW)).unwrap();
    name(&data, 1, "a name that is no secret");
    data.export(NOW).unwrap();
    let stored = CREDENTIALS.get(&*data.store(), &UserId(1)).unwrap().unwrap().value;
    assert_eq!(data.sealer().open(&identity, &stored).unwrap(), secret);
    drop(data);
    assert!(contains(&dir, b"a name that is no secret"), "the search itself works");
    assert!(!contains(&dir, secret.reveal().as_bytes()));
    assert!(!contains(&dir, hex::encode(secret.reveal()).as_bytes()));
}

#[test]
fn an_export_is_the_whole_store_and_ten_are_kept() {
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    name(&data, 1, "ada");
    name(&data, 1, "ada \"l\"\n");
    data.store().next_id(Kind::Users).unwrap();
    name(&data, 2, &"x".repeat(50_000));
    let mut last = data.export(Moment(NOW.0 + 1)).unwrap();
    // A clock that goes back must not make the newest export look old.
    for moment in [NOW.0, 5, NOW.0 + 1, NOW.0 + 2, 9, 9, 9, 9, 9, 9, 9, 9, 9] {
        let next = data.export(Moment(moment)).unwrap();
        assert!(next.path > last.path, "{next:?} {last:?}");
        last = next;
    }
    let kept = export::exports(&dir.join("exports")).unwrap();
    assert_eq!((kept.len(), &kept[0]), (export::KEPT, &last.path));
    let copy = MemoryStore::new();
    assert_eq!(export::import(&copy, &last.path).unwrap(), last);
    let records = |store: &dyn Store| -> Vec<(Kind, Vec<u8>, Header, serde_json::Value)> {
        let tables = store.snapshot(Kind::ALL).unwrap().into_iter();
        let entries = tables.flat_map(|(kind, entries)| entries.into_iter().map(move |e| (kind, e)));
        let parsed = entries.map(|(kind, (key, bytes))| {
            let (header, body) = Header::split(&bytes).unwrap();
            (kind, key, header, serde_json::from_slice(body).unwrap())
        });
        parsed.collect()
    };
    assert_eq!(records(&copy), records(&*data.store()));
    assert_eq!(copy.next_id(Kind::Users).unwrap(), 2);
}

#[test]
fn a_bad_export_is_refused_with_its_line() {
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    name(&data, 1, "ada");
    let good = std::fs::read_to_string(data.export(NOW).unwrap().path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let path = dir.join("bad.jsonl");
    for (text, said) in [
        (String::new(), "line 1: the file ends too early"),
        ("hello\n".into(), "line 1: this is no export"),
        (lines[..2].join("\n"), "line 3: the file ends too early"),
        (good.replace("\"cpmg_export\":1", "\"cpmg_export\":9"), "newer cpmg"),
        (good.replace("\"users\"", "\"losers\""), "unknown table losers"),
        (good.replace("\"records\":3", "\"records\":4"), "3 records are here, 4 were written"),
    ] {
        std::fs::write(&path, text).unwrap();
        let copy = MemoryStore::new();
        let refused = export::import(&copy, &path).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
        assert_eq!(copy.scan(Kind::Users, &[]).unwrap(), [], "nothing is written");
    }
}

/// Overwrites the middle of the database's log.
fn damage(dir: &Path) {
    let path = dir.join("db/db");
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes {
        *byte ^= 0x5A;
    }
    std::fs::write(&path, bytes).unwrap();
    std::fs::write(dir.join("db/conf"), b"nonsense nonsense").unwrap();
}

#[test]
fn a_broken_database_is_built_again_from_the_newest_good_export() {
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    name(&data, 1, "ada");
    let good = data.export(NOW).unwrap();
    name(&data, 2, "lost");
    let cut = data.export(Moment(NOW.0 + 1)).unwrap();
    drop(data);
    std::fs::write(&cut.path, "{}").unwrap();
    damage(&dir);
    let data = open(&dir).unwrap();
    let Opened::Rebuilt { broken: Some(broken), from: Some(from), .. } = data.opened() else {
        panic!("{:?}", data.opened())
    };
    assert!(broken.join("db").exists());
    assert_eq!(from, &good);
    assert_eq!(names(&data), ["ada"]);
    drop(data);
    assert_eq!(open(&dir).unwrap().opened(), &Opened::Existing);
}

#[test]
fn a_missing_database_is_built_again_and_a_half_swap_finished() {
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    name(&data, 1, "ada");
    data.export(NOW).unwrap();
    drop(data);
    // Death between the two renames of a swap.
    std::fs::rename(dir.join("db"), dir.join("db.new")).unwrap();
    let data = open(&dir).unwrap();
    assert_eq!((data.opened(), names(&data)), (&Opened::Existing, vec!["ada".to_owned()]));
    drop(data);
    std::fs::remove_dir_all(dir.join("db")).unwrap();
    let data = open(&dir).unwrap();
    assert!(
        matches!(data.opened(), &Opened::Rebuilt { broken: None, from: Some(_), .. }),
        "{:?}",
        data.opened()
    );
    assert_eq!(names(&data), ["ada"]);
}

#[test]
fn a_backup_is_restored_over_what_is_there() {
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    name(&data, 1, "ada");
    let backup = data.export(NOW).unwrap();
    name(&data, 2, "eve");
    let refused = DataDir::restore(&dir, &backup.path, Options::default(), None, NOW).unwrap_err();
    assert!(matches!(refused, Error::InUse { .. }), "{refused}");
    drop(data);
    DataDir::restore(&dir, &backup.path, Options::default(), None, NOW).unwrap();
    assert_eq!(names(&open(&dir).unwrap()), ["ada"]);
}

#[test]
fn older_records_are_migrated_after_an_export() {
    let longer: Table<UserId, Vec<String>> = {
        const STEPS: &[Migration] = &[|old| Ok(serde_json::json!([old]))];
        Table::new(Kind::Users, STEPS)
    };
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    assert_eq!(data.migrate(&[&longer], NOW).unwrap(), None);
    let mut batch = Batch::new();
    for id in 0..5_000 {
        NAMES.put(&mut batch, &UserId(id), &format!("user {id}"), Stamp::engine(NOW)).unwrap();
    }
    data.store().apply(batch).unwrap();
    let (export, records) = data.migrate(&[&longer], NOW).unwrap().unwrap();
    assert_eq!(records, 5_000);
    assert!(std::fs::read_to_string(export.path).unwrap().contains("\"user 7\""), "exported as it was");
    let seventh = longer.get(&*data.store(), &UserId(7)).unwrap().unwrap();
    assert_eq!((seventh.value, seventh.revision.0), (vec!["user 7".to_owned()], 1));
    assert_eq!(data.migrate(&[&longer], NOW).unwrap(), None);
    assert!(matches!(data.migrate(&[&NAMES], NOW), Err(Error::Newer { found: 2, known: 1, .. })));
}

/// What a kill or a full disk leaves while sled writes a snapshot, at a start or later.
#[test]
fn half_a_snapshot_costs_nothing() {
    let (_guard, dir) = place();
    {
        let data = open(&dir).unwrap();
        name(&data, 1, "ada");
    }
    for half in ["", "some bytes of a snapshot that was not finished"] {
        std::fs::write(dir.join("db/snap.7FFFFFFFFFFFFFFF.generating"), half).unwrap();
        let data = open(&dir).unwrap();
        assert_eq!((data.opened(), names(&data)), (&Opened::Existing, vec!["ada".to_owned()]));
    }
}

#[test]
fn exports_that_were_not_finished_do_not_pile_up() {
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    name(&data, 1, "ada");
    let whole = data.export(NOW).unwrap().path;
    drop(data);
    let other = dir.parent().unwrap().join("copies");
    std::fs::create_dir(&other).unwrap();
    let unfinished = [
        dir.join("exports/20261122T104440.240Z.jsonl.part"),
        other.join("cpmg-20261122T104440.240Z.jsonl.part"),
    ];
    let foreign = other.join("photos.jsonl.part");
    for path in unfinished.iter().chain([&foreign]) {
        std::fs::write(path, "half of").unwrap();
    }
    drop(open(&dir).unwrap());
    super::export::copy(&whole, &other, 3).unwrap();
    assert!(unfinished.iter().all(|path| !path.exists()));
    assert!(whole.exists() && foreign.exists());
}

#[test]
fn space_is_put_aside_once() {
    let (_guard, dir) = place();
    drop(open(&dir).unwrap());
    let reserve = dir.join("reserve");
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 2 << 20);
    std::fs::write(&reserve, "short").unwrap();
    let data = open(&dir).unwrap();
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 2 << 20);
    std::fs::remove_file(&reserve).unwrap();
    data.put_aside();
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 2 << 20, "again, while the engine runs");
}

#[test]
fn a_backup_opens_on_another_machine_with_its_passphrase_only() {
    const CREDENTIALS: Table<UserId, Sealed> = Table::new(Kind::Credentials, &[]);
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    name(&data, 1, "ada");
    let identity = Identity::of(&CREDENTIALS, &UserId(1), "password");
    let sealed = data.sealer().seal(&identity, &Secret::new("of a node")).unwrap();
    CREDENTIALS.save(&*data.store(), &UserId(1), &sealed, Stamp::engine(NOW)).unwrap();
    let export = data.export(NOW).unwrap();
    drop(data);
    let (_other_guard, other) = place();
    let file = dir.join("backup");
    let phrase = Secret::new("four words of a passphrase");
    assert_eq!(backup::write(&dir, &file, &phrase).unwrap(), export.path);
    assert!(backup::write(&dir, &file, &phrase).unwrap_err().to_string().contains("exists already"));
    assert!(backup::needs_passphrase(&file).unwrap() && !backup::needs_passphrase(&export.path).unwrap());
    let key = std::fs::read(dir.join("key")).unwrap();
    let text = std::fs::read(&file).unwrap();
    assert!(!text.windows(key.len()).any(|w| w == key) && !contains(&dir, hex::encode(&key).as_bytes()));
    // A wrong passphrase, or an export without its key, changes nothing.
    let wrong = backup::restore(&other, &file, Some(&Secret::new("guessed")), NOW).unwrap_err().to_string();
    assert!(wrong.contains("passphrase is wrong"), "{wrong}");
    let keyless = backup::restore(&other, &export.path, None, NOW).unwrap_err().to_string();
    assert!(keyless.contains("it is missing"), "{keyless}");
    // Over other data: what was there is kept, its key too.
    name(&open(&other).unwrap(), 7, "eve");
    let mixed = backup::restore(&other, &export.path, None, NOW).unwrap_err().to_string();
    assert!(mixed.contains("not the key these data were sealed with"), "{mixed}");
    assert_eq!(names(&open(&other).unwrap()), ["eve"], "a refused restoration changes nothing");
    let restored = backup::restore(&other, &file, Some(&phrase), NOW).unwrap();
    assert_eq!(restored.records, export.records);
    let data = open(&other).unwrap();
    assert_eq!(names(&data), ["ada"]);
    let stored = CREDENTIALS.get(&*data.store(), &UserId(1)).unwrap().unwrap().value;
    assert_eq!(data.sealer().open(&identity, &stored).unwrap().reveal(), "of a node");
    assert_eq!(backup::note(&other), Some(restored));
    backup::noted(&other);
    assert_eq!(backup::note(&other), None);
    let kept = std::fs::read_dir(&other).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let kept: Vec<String> =
        kept.filter(|n| n.starts_with("key.before-") || n.starts_with("db.broken-")).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
}

const CREDENTIALS: Table<UserId, Sealed> = Table::new(Kind::Credentials, &[]);

fn seal_one(data: &DataDir) {
    let identity = Identity::of(&CREDENTIALS, &UserId(1), "login");
    let sealed = data.sealer().seal(&identity, &Secret::new("of a node")).unwrap();
    CREDENTIALS.save(&*data.store(), &UserId(1), &sealed, Stamp::engine(NOW)).unwrap();
}

fn opens(store: &dyn Store, sealer: &Sealer) -> bool {
    let identity = Identity::of(&CREDENTIALS, &UserId(1), "login");
    let stored = CREDENTIALS.get(store, &UserId(1)).unwrap().unwrap().value;
    sealer.open(&identity, &stored).is_ok_and(|s| s.reveal() == "of a node")
}

#[test]
fn another_key_opens_everything_and_the_old_one_nothing() {
    let (_guard, dir) = place();
    let empty = DataDir::rotate(&dir.join("none"), Options::default(), NOW).unwrap_err().to_string();
    assert!(empty.contains("there are no data here"), "{empty}");
    let data = open(&dir).unwrap();
    seal_one(&data);
    let export = data.export(NOW).unwrap().path;
    let before = std::fs::read(dir.join("key")).unwrap();
    let (old, revision) =
        (data.sealer(), CREDENTIALS.get(&*data.store(), &UserId(1)).unwrap().unwrap().revision);
    assert!(matches!(DataDir::rotate(&dir, Options::default(), NOW), Err(Error::InUse { .. })));
    let cut = dir.join("exports/19700101T000000.000Z.jsonl");
    std::fs::write(&cut, "{\"cpmg_export\":1,\"at\":0}\n").unwrap();
    drop(data);
    let done = DataDir::rotate(&dir, Options::default(), NOW).unwrap();
    // The node's login and the check of the key.
    assert_eq!((done.secrets, done.exports, done.unreadable.as_slice()), (2, 1, &[cut][..]));
    assert_ne!(std::fs::read(dir.join("key")).unwrap(), before);
    let data = open(&dir).unwrap();
    assert!(opens(&*data.store(), &data.sealer()) && !opens(&*data.store(), &old));
    assert_eq!(CREDENTIALS.get(&*data.store(), &UserId(1)).unwrap().unwrap().revision, revision);
    let copy = MemoryStore::new();
    export::import(&copy, &export).unwrap();
    assert!(opens(&copy, &data.sealer()) && !opens(&copy, &old));
    assert_eq!(rotate::note(&dir), Some(done));
    rotate::noted(&dir);
    assert_eq!(rotate::note(&dir), None);
}

#[test]
fn an_interrupted_change_of_the_key_goes_on_whatever_is_left() {
    let (_guard, dir) = place();
    let data = open(&dir).unwrap();
    seal_one(&data);
    let export = data.export(NOW).unwrap().path;
    drop(data);
    let old = std::fs::read(dir.join("key")).unwrap();
    // Nothing but the new key.
    rotate::begin(&dir).unwrap();
    let refused = DataDir::restore(&dir, &export, Options::default(), None, NOW).unwrap_err().to_string();
    assert!(refused.contains("a change of the key was interrupted"), "{refused}");
    let data = open(&dir).unwrap();
    assert!(opens(&*data.store(), &data.sealer()) && !dir.join("key.next").exists());
    drop(data);
    // Exports with the new key, the database gone: it is built again from them.
    let new = std::fs::read(dir.join("key")).unwrap();
    files::write_durably(&dir.join("key"), &old).unwrap();
    files::write_durably(&dir.join("key.next"), &new).unwrap();
    std::fs::remove_dir_all(dir.join("db")).unwrap();
    let data = open(&dir).unwrap();
    assert!(matches!(data.opened(), Opened::Rebuilt { from: Some(_), .. }), "{:?}", data.opened());
    assert!(opens(&*data.store(), &data.sealer()) && !dir.join("key.next").exists());
    assert_eq!(std::fs::read(dir.join("key")).unwrap(), new);
}
