//! What every store must do, run on both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::{
    ids::{JobId, Revision, UserId},
    time::Moment,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Person {
    name: String,
}

const PEOPLE: Table<UserId, Person> = Table::new(Kind::Users, &[]);
const LINES: Table<(JobId, u64), String> = Table::new(Kind::Journal, &[]);

fn person(name: &str) -> Person {
    Person { name: name.into() }
}

fn stamp() -> Stamp {
    Stamp { at: Moment(7), by: UserId(3) }
}

fn on_both(test: impl Fn(&dyn Store)) {
    test(&MemoryStore::new());
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), Options::default()).unwrap();
    test(&store);
    let blobs = std::fs::read_dir(dir.path().join("blobs")).unwrap().count();
    assert_eq!(blobs, 0, "sled does not flush its blob files: there must be none");
}

#[test]
fn a_record_comes_back_with_revision_and_stamp() {
    on_both(|store| {
        assert_eq!(PEOPLE.get(store, &UserId(1)).unwrap(), None);
        assert_eq!(PEOPLE.save(store, &UserId(1), &person("ada"), stamp()).unwrap(), [Revision(1)]);
        assert_eq!(PEOPLE.save(store, &UserId(1), &person("bob"), stamp()).unwrap(), [Revision(2)]);
        let expected = Stored { revision: Revision(2), stamp: stamp(), value: person("bob") };
        assert_eq!(PEOPLE.get(store, &UserId(1)).unwrap(), Some(expected));
    });
}

#[test]
fn a_change_based_on_an_old_revision_is_refused_as_a_whole() {
    on_both(|store| {
        PEOPLE.save(store, &UserId(1), &person("ada"), stamp()).unwrap();
        PEOPLE.save(store, &UserId(1), &person("ada l"), stamp()).unwrap();
        let mut batch = Batch::new();
        LINES.put(&mut batch, &(JobId(1), 1), &"said".into(), stamp()).unwrap();
        PEOPLE.put_if(&mut batch, &UserId(1), &person("eve"), stamp(), Revision(1)).unwrap();
        let refused = store.apply(batch).unwrap_err();
        let Error::Conflict { current: Some(current), expected: Some(Revision(1)), .. } = &refused else {
            panic!("{refused:?}")
        };
        assert_eq!((current.revision, current.stamp), (Revision(2), stamp()));
        assert!(refused.to_string().contains("changed meanwhile"), "{refused}");
        assert_eq!(LINES.list(store).unwrap(), []);
        assert_eq!(PEOPLE.get(store, &UserId(1)).unwrap().unwrap().value, person("ada l"));
        let next = PEOPLE.save_if(store, &UserId(1), &person("ada k"), stamp(), Revision(2));
        assert_eq!(next.unwrap(), [Revision(3)]);
    });
}

#[test]
fn what_exists_is_not_inserted_and_what_is_gone_not_saved() {
    on_both(|store| {
        let mut batch = Batch::new();
        PEOPLE.insert(&mut batch, &UserId(1), &person("ada"), stamp()).unwrap();
        store.apply(batch.clone()).unwrap();
        assert!(store.apply(batch).unwrap_err().to_string().contains("exists already"));
        let mut batch = Batch::new();
        PEOPLE.remove_if(&mut batch, &UserId(1), Revision(1));
        store.apply(batch.clone()).unwrap();
        assert!(store.apply(batch).unwrap_err().to_string().contains("was removed meanwhile"));
        assert_eq!(PEOPLE.get(store, &UserId(1)).unwrap(), None);
    });
}

#[test]
fn stretches_are_ordered_and_bounded() {
    on_both(|store| {
        let mut batch = Batch::new();
        for job in [1, 2, 256] {
            for line in 1..=5 {
                LINES.put(&mut batch, &(JobId(job), line), &format!("{job}.{line}"), stamp()).unwrap();
            }
        }
        store.apply(batch).unwrap();
        let texts = |span: &Span| -> Vec<String> {
            LINES.range(store, span).unwrap().into_iter().map(|(_, line)| line.value).collect()
        };
        let job = || Span::under(JobId(2).encoded());
        assert_eq!(texts(&job()), ["2.1", "2.2", "2.3", "2.4", "2.5"]);
        assert_eq!(texts(&job().after((JobId(2), 3_u64).encoded())), ["2.4", "2.5"]);
        assert_eq!(texts(&job().limit(2)), ["2.1", "2.2"]);
        assert_eq!(texts(&job().backwards().limit(2)), ["2.5", "2.4"]);
        assert_eq!(texts(&job().backwards().after((JobId(2), 3_u64).encoded())), ["2.2", "2.1"]);
        assert_eq!(texts(&job().after((JobId(256), 1_u64).encoded())), [""; 0]);
        assert_eq!(texts(&job().backwards().after((JobId(1), 9_u64).encoded())), [""; 0]);
        assert_eq!(texts(&job().backwards().after((JobId(256), 1_u64).encoded()).limit(1)), ["2.5"]);
        assert_eq!(texts(&Span::default().backwards().limit(1)), ["256.5"]);
        assert_eq!(LINES.under(store, &JobId(1)).unwrap().len(), 5);
    });
}

#[test]
fn identities_are_never_given_twice() {
    on_both(|store| {
        assert_eq!((store.next_id(Kind::Users).unwrap(), store.next_id(Kind::Users).unwrap()), (1, 2));
        assert_eq!(store.next_id(Kind::Nodes).unwrap(), 1);
    });
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), Options::default()).unwrap();
    for _ in 0..3 {
        store.next_id(Kind::Users).unwrap();
    }
    PEOPLE.save(&store, &UserId(3), &person("ada"), stamp()).unwrap();
    let mut batch = Batch::new();
    PEOPLE.remove(&mut batch, &UserId(3));
    store.apply(batch).unwrap();
    drop(store);
    let store = SledStore::open(dir.path(), Options::default()).unwrap();
    assert_eq!(store.next_id(Kind::Users).unwrap(), 4);
}

#[test]
fn large_values_are_kept_and_their_parts_removed() {
    on_both(|store| {
        let text = |n: usize| "x".repeat(n);
        for round in 0..40_u64 {
            for size in [10, 4_000, 4_200, 100_000, 20_000] {
                LINES.save(store, &(JobId(round), 1), &text(size), stamp()).unwrap();
                assert_eq!(LINES.get(store, &(JobId(round), 1)).unwrap().unwrap().value.len(), size);
            }
        }
        LINES.save(store, &(JobId(1), 1), &text(3 << 20), stamp()).unwrap();
        assert_eq!(LINES.get(store, &(JobId(1), 1)).unwrap().unwrap().value.len(), 3 << 20);
        let refused = LINES.save(store, &(JobId(1), 1), &text(MAX_VALUE), stamp()).unwrap_err();
        assert!(matches!(refused, Error::TooLarge { .. }), "{refused}");
    });
}

#[test]
fn changes_from_many_threads_all_count() {
    on_both(|store| {
        std::thread::scope(|scope| {
            for thread in 0..16_u64 {
                scope.spawn(move || {
                    for line in 0..20 {
                        LINES.save(store, &(JobId(thread), line), &"x".into(), stamp()).unwrap();
                        PEOPLE.save(store, &UserId(1), &person("all"), stamp()).unwrap();
                    }
                });
            }
        });
        assert_eq!(LINES.list(store).unwrap().len(), 320);
        assert_eq!(PEOPLE.get(store, &UserId(1)).unwrap().unwrap().revision, Revision(320));
    });
}

#[test]
fn tasks_can_await_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(dir.path(), Options::default()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..200)
            .map(|n| {
                let mut batch = Batch::new();
                LINES.put(&mut batch, &(JobId(1), n), &"x".into(), stamp()).unwrap();
                tokio::spawn(store.submit(batch))
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap(), [Revision(1)]);
        }
    });
    assert_eq!(LINES.list(&*store).unwrap().len(), 200);
}

#[test]
fn a_newer_schema_is_refused_and_an_older_one_read() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Full {
        first: String,
        last: String,
    }
    let split: Migration = |old| {
        let name = old.get("name").and_then(|n| n.as_str()).ok_or("no name")?;
        let (first, last) = name.split_once(' ').ok_or("one word")?;
        Ok(serde_json::json!({ "first": first, "last": last }))
    };
    let full: Table<UserId, Full> = Table::new(Kind::Users, Box::leak(Box::new([split])));
    on_both(|store| {
        PEOPLE.save(store, &UserId(1), &person("Ada Lovelace"), stamp()).unwrap();
        let new = Full { first: "Ada".into(), last: "Lovelace".into() };
        assert_eq!(full.get(store, &UserId(1)).unwrap().unwrap().value, new);
        assert_eq!(full.outdated(store).unwrap().len(), 1);
        full.save(store, &UserId(1), &new, stamp()).unwrap();
        assert_eq!(full.outdated(store).unwrap(), []);
        let refused = PEOPLE.list(store).unwrap_err();
        assert_eq!(refused, Error::Newer { kind: Kind::Users, found: 2, known: 1 });
        assert!(refused.to_string().contains("newer cpmg"), "{refused}");
    });
}

/// A change as the property test thinks of it.
#[derive(Clone, Debug)]
enum Change {
    Put(u8, String),
    PutIf(u8, String, u64),
    Remove(u8),
}

fn change() -> impl Strategy<Value = Change> {
    let key = 0..6_u8;
    prop_oneof![
        (key.clone(), "[a-z]{0,9}").prop_map(|(k, t)| Change::Put(k, t)),
        (key.clone(), "[a-z]{0,9}", 0..4_u64).prop_map(|(k, t, r)| Change::PutIf(k, t, r)),
        key.prop_map(Change::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn both_stores_answer_the_same(batches in prop::collection::vec(prop::collection::vec(change(), 1..5), 1..20)) {
        let dir = tempfile::tempdir().unwrap();
        let sled = SledStore::open(dir.path(), Options::default()).unwrap();
        let memory = MemoryStore::new();
        for changes in batches {
            let mut batch = Batch::new();
            for change in &changes {
                match change {
                    Change::Put(k, t) => PEOPLE.put(&mut batch, &UserId((*k).into()), &person(t), stamp()).unwrap(),
                    Change::PutIf(k, t, r) => {
                        let id = UserId((*k).into());
                        PEOPLE.put_if(&mut batch, &id, &person(t), stamp(), Revision(*r)).unwrap();
                    }
                    Change::Remove(k) => PEOPLE.remove(&mut batch, &UserId((*k).into())),
                }
            }
            prop_assert_eq!(sled.apply(batch.clone()), memory.apply(batch));
        }
        let all = Kind::ALL;
        prop_assert_eq!(sled.snapshot(all).unwrap(), memory.snapshot(all).unwrap());
        let before: BTreeMap<_, _> = sled.scan(Kind::Users, &[]).unwrap().into_iter().collect();
        drop(sled);
        let again = SledStore::open(dir.path(), Options::default()).unwrap();
        let after: BTreeMap<_, _> = again.scan(Kind::Users, &[]).unwrap().into_iter().collect();
        prop_assert_eq!(before, after);
    }
}
