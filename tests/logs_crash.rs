//! What is left of kept logs after `kill -9` at any moment.
//!
//! The test binary runs itself as the writer: with `CPMG_LOGS_CRASH_DIR` set, the "test" `the_writer` goes on with each file where
//! the store says that it ends, appends numbered lines, and prints what the store accepted, until it is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "shared/killed.rs"]
mod killed;

use cpmg::domain::logs::LogFilter;
use cpmg::logs::store::{At, Chunk, FileState, LogStore, Options, Source};
use killed::Dice;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

const VARIABLE: &str = "CPMG_LOGS_CRASH_DIR";
const FILES: usize = 3;
/// Writes of a round to each file at most; then the writer waits to be killed.
const TURNS: u64 = 10;
/// 2026-03-01 00:00 UTC, microseconds.
const DAY: i64 = 1_772_323_200_000_000;

/// Rounds of killing.
fn rounds() -> u64 {
    killed::rounds(40)
}

/// So small that segments end and begin while the test runs, and so large that nothing is thrown away: a round writes
/// at most some 900 KiB, a segment is a sixteenth of all.
fn options() -> Options {
    Options { bytes: rounds() << 21 }
}

/// Lines of a file by their number: each has its own length, so that a place in the file says which line it is.
fn line(out: &mut String, file: usize, number: u64) {
    let (s, us) = (number / 1000, number % 1000);
    let length = if number.is_multiple_of(211) { 30_000 } else { (number * 37) % 300 };
    let _ = writeln!(
        out,
        "2026-03-01 {:02}:{:02}:{:02}.{us:03} 7 INFO nova.compute.manager [-] file {file} line {number} {}",
        s / 3600 % 24,
        s / 60 % 60,
        s % 60,
        "x".repeat(usize::try_from(length).unwrap())
    );
}

fn files(store: &LogStore) -> Vec<u32> {
    (0..FILES)
        .map(|n| {
            let source = Source {
                node: n as u64,
                node_name: format!("cmp{n}"),
                service: "nova".into(),
                path: "/var/log/nova/nova-compute.log".into(),
                ..Source::default()
            };
            let source = store.source(&source).unwrap();
            let known = store.files(source).first().cloned();
            let file = known.unwrap_or_else(|| FileState { source, ..FileState::default() });
            store.file(&file).unwrap()
        })
        .collect()
}

#[test]
#[ignore = "no test: the process that `accepted_lines_survive_kill_9` kills"]
fn the_writer() {
    let Ok(dir) = std::env::var(VARIABLE) else { return };
    let store = LogStore::open(Path::new(&dir), options()).unwrap();
    let files = files(&store);
    // As a follower does: on from the place up to which the store has the file.
    let mut places: Vec<(u64, u64)> = files
        .iter()
        .enumerate()
        .map(|(n, id)| {
            let end = store.file_state(*id).unwrap().cover.end().unwrap_or(0);
            let (mut at, mut number, mut text) = (0, 0, String::new());
            while at < end {
                number += 1;
                text.clear();
                line(&mut text, n, number);
                at += text.len() as u64;
            }
            assert_eq!(at, end, "file {n} is kept up to the middle of line {number}");
            (at, number)
        })
        .collect();
    let say = |text: String| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").unwrap();
        out.flush().unwrap();
    };
    say("ready".to_owned());
    let mut turn = 0_u64;
    for _ in 0..TURNS {
        for (n, id) in files.iter().enumerate() {
            let (at, number) = &mut places[n];
            let mut text = String::new();
            turn += 1;
            let count = 1 + turn * 7919 % 200;
            for _ in 0..count {
                *number += 1;
                line(&mut text, n, *number);
            }
            let chunk = Chunk {
                file: *id,
                offset: *at,
                bytes: text.as_bytes(),
                complete: true,
                arrived: DAY + 86_400_000_000,
                ..Chunk::default()
            };
            let kept = store.append(&chunk).unwrap();
            assert_eq!(kept.bytes, text.len() as u64);
            *at += kept.bytes;
            say(format!("kept {n} {number}"));
        }
    }
    loop {
        std::thread::park();
    }
}

#[test]
fn accepted_lines_survive_kill_9() {
    let guard = tempfile::tempdir().unwrap();
    let dir = guard.path().join("logs");
    let (mut accepted, mut dice) = (BTreeMap::<usize, u64>::new(), Dice::new());
    for round in 0..rounds() {
        let rolled = dice.roll();
        killed::round(VARIABLE, &dir, rolled % 28, rolled % 50_000, |line| {
            if let Some((file, number)) = line.strip_prefix("kept ").and_then(|l| l.split_once(' ')) {
                accepted.insert(file.parse().unwrap(), number.parse().unwrap());
            }
        });
        if round % 20 == 19 || round + 1 == rounds() {
            look(&dir, &accepted);
        }
    }
    println!("accepted in {} rounds: {accepted:?}", rounds());
}

/// Every line once, in the file's order, up to the last one that was accepted or beyond.
fn look(dir: &Path, accepted: &BTreeMap<usize, u64>) {
    let store = LogStore::open(dir, options()).unwrap();
    for file in 0..FILES {
        let filter: LogFilter = format!("node=cmp{file}").parse().unwrap();
        let wanted = store.wanted(&filter, 0).unwrap();
        let (mut from, mut number, mut expected) = (At::Begin, 0, String::new());
        loop {
            let hits = store.search(&wanted, from, false, 10_000, None).unwrap();
            for row in &hits.rows {
                number += 1;
                expected.clear();
                line(&mut expected, file, number);
                let text = String::from_utf8(row.text(1 << 16).unwrap()).unwrap();
                assert_eq!(text.trim_end(), expected.trim_end(), "file {file}, line {number}");
            }
            match hits.searched_to {
                Some(next) => from = next,
                None => break,
            }
        }
        let last = accepted.get(&file).copied().unwrap_or(0);
        assert!(number >= last, "file {file}: {number} lines are there, {last} were accepted");
    }
}
