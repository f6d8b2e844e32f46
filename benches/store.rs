//! How long a change takes until it is on the disk: `cargo bench --bench store`. The directory is `TMPDIR` or `/tmp`.
#![allow(clippy::expect_used, reason = "a bench that cannot go on should say so and stop")]

use cpmg::domain::{
    ids::{JobId, UserId},
    time::Moment,
};
use cpmg::store::{Batch, Kind, Options, SledStore, Stamp, Store, Table};
use std::sync::atomic::{AtomicU64, Ordering};

const LINES: Table<(JobId, u64), String> = Table::new(Kind::Journal, &[]);
const STAMP: Stamp = Stamp { at: Moment(1), by: UserId(1) };

fn main() {
    divan::main();
}

fn open() -> (tempfile::TempDir, SledStore) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = SledStore::open(dir.path(), Options::default()).expect("a database");
    (dir, store)
}

fn entry(number: u64) -> Batch {
    let mut batch = Batch::new();
    let text = "x".repeat(200);
    LINES.insert(&mut batch, &(JobId(1), number), &text, STAMP).expect("a journal entry");
    batch
}

/// One journal entry of 200 bytes, one writer.
#[divan::bench(sample_count = 300, sample_size = 1)]
fn apply(bencher: divan::Bencher) {
    let (_dir, store) = open();
    let number = AtomicU64::new(0);
    bencher.bench_local(|| store.apply(entry(number.fetch_add(1, Ordering::Relaxed))).expect("accepted"));
}

/// So many journal entries at once, as when that many nodes end a step together: the time until the last is on the disk.
#[divan::bench(args = [10, 100, 1000], sample_count = 20, sample_size = 1)]
fn apply_together(bencher: divan::Bencher, nodes: u64) {
    let (_dir, store) = open();
    let number = AtomicU64::new(0);
    bencher.bench_local(|| {
        let first = number.fetch_add(nodes, Ordering::Relaxed);
        let pending: Vec<_> = (first..first + nodes).map(|n| store.submit(entry(n))).collect();
        for change in pending {
            change.wait().expect("accepted");
        }
    });
}

/// Reading one record of 100,000.
#[divan::bench]
fn get(bencher: divan::Bencher) {
    let (_dir, store) = open();
    for chunk in 0..100_u64 {
        let mut batch = Batch::new();
        for number in 0..1000 {
            let key = (JobId(1), chunk * 1000 + number);
            LINES.put(&mut batch, &key, &"x".repeat(200), STAMP).expect("a journal entry");
        }
        store.apply(batch).expect("accepted");
    }
    let number = AtomicU64::new(0);
    bencher.bench_local(|| {
        let number = number.fetch_add(7_919, Ordering::Relaxed) % 100_000;
        LINES.get(&store, &(JobId(1), number)).expect("readable").expect("there")
    });
}
