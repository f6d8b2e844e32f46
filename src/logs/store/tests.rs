//! The store as a whole: what goes in comes out, in order, also after crashes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::logs::{Level, LogFilter};
use std::fmt::Write as _;
use std::path::Path;

const LIMIT: Options = Options { bytes: 1 << 40 };
const SECOND: i64 = 1_000_000;
/// 2026-03-01 00:00:00 UTC.
const DAY: i64 = 1_772_323_200 * SECOND;

/// One line of oslo's format, `ms` milliseconds after the day's beginning.
fn line(ms: i64, level: &str, request: u32, text: &str) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!(
        "2026-03-01 {:02}:{:02}:{:02}.{ms:03} 4711 {level} nova.compute.manager [req-00000000-0000-4000-8000-{request:012} u p - - -] {text}\n",
        s / 3600,
        s / 60 % 60,
        s % 60
    )
}

struct Rig {
    dir: tempfile::TempDir,
    store: LogStore,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = LogStore::open(dir.path(), LIMIT).unwrap();
        Self { dir, store }
    }

    fn file(&self, node: u64, path: &str) -> u32 {
        let source = Source {
            node,
            node_name: format!("n{node}"),
            service: "nova".into(),
            path: path.into(),
            ..Source::default()
        };
        let source = self.store.source(&source).unwrap();
        self.store.file(&FileState { source, ..FileState::default() }).unwrap()
    }

    fn add(&self, file: u32, text: &str) -> Appended {
        let offset = self.store.file_state(file).unwrap().cover.end().unwrap_or(0);
        let chunk = Chunk {
            file,
            offset,
            bytes: text.as_bytes(),
            complete: true,
            arrived: DAY + 86_400 * SECOND,
            ..Chunk::default()
        };
        self.store.append(&chunk).unwrap()
    }

    fn reopen(self) -> Self {
        let Self { dir, store } = self;
        drop(store);
        let store = LogStore::open(dir.path(), LIMIT).unwrap();
        Self { dir, store }
    }

    fn wanted(&self, filter: &str) -> Wanted {
        self.store.wanted(&filter.parse::<LogFilter>().unwrap(), DAY).unwrap()
    }

    fn texts(rows: &[Found]) -> Vec<String> {
        let text = |f: &Found| f.record(&f.text(10_000).unwrap()).message.into_owned();
        rows.iter().map(text).collect()
    }

    fn all(&self, filter: &str) -> Vec<String> {
        let window = self.store.window(&self.wanted(filter), At::Begin, (0, 1_000_000), None).unwrap();
        assert!(window.reaches_begin && window.reaches_end);
        Self::texts(&window.rows)
    }
}

#[test]
fn two_nodes_are_one_order_and_filters_find() {
    let rig = Rig::new();
    let (a, b) = (rig.file(1, "/var/log/nova/nova-api.log"), rig.file(2, "/var/log/nova/nova-compute.log"));
    rig.add(a, &(line(1000, "INFO", 1, "a1") + &line(3000, "ERROR", 2, "a2") + "Traceback x\n  File y\n"));
    rig.add(b, &(line(2000, "WARNING", 1, "b1") + &line(4000, "INFO", 3, "b2")));
    rig.add(a, &line(2500, "INFO", 1, "a3: not before a2, its own file is in order"));
    assert_eq!(rig.all(""), ["a1", "b1", "a2", "a3: not before a2, its own file is in order", "b2"]);
    assert_eq!(rig.all("level>=warning"), ["b1", "a2"]);
    assert_eq!(rig.all("node=n2"), ["b1", "b2"]);
    assert_eq!(rig.all("service=nova-compute !b1"), ["b2"]);
    assert_eq!(rig.all("Traceback"), ["a2"]);
    assert_eq!(rig.all("request=req-00000000-0000-4000-8000-000000000001").len(), 3);
    assert_eq!(rig.all("component=nova.compute pid=4711").len(), 5);
    assert_eq!(rig.all("component=glance"), Vec::<String>::new());
    assert_eq!(rig.all("until=2026-03-01T00:00:03Z"), ["a1", "b1"]);
    // In the middle: what is before a record, and it with what comes after.
    let all = rig.store.window(&rig.wanted(""), At::Begin, (0, 10), None).unwrap();
    let middle = all.rows[2].cursor;
    let window = rig.store.window(&rig.wanted(""), At::Cursor(middle), (1, 1), None).unwrap();
    assert_eq!(Rig::texts(&window.rows), ["b1", "a2"]);
    assert_eq!((window.before, window.above, window.total), (1, 1, 5));
    assert!(!window.reaches_begin && !window.reaches_end);
    let end = rig.store.window(&rig.wanted("level>=info"), At::End, (2, 5), None).unwrap();
    assert_eq!(end.before, 2);
    assert!(end.reaches_end);
    let record = rig.store.get(middle).unwrap().unwrap();
    assert_eq!(record.entry.lines, 3);
    assert_eq!(record.entry.level, Some(Level::Error));
    assert_eq!(record.origin().unwrap().unwrap().0, a);
}

#[test]
fn a_record_at_the_end_waits_for_its_traceback() {
    let rig = Rig::new();
    let file = rig.file(1, "/x.log");
    let first = line(1, "INFO", 1, "one");
    let text = first.clone() + &line(2, "ERROR", 1, "two");
    let chunk = Chunk { file, bytes: text.as_bytes(), arrived: DAY, ..Chunk::default() };
    assert_eq!(rig.store.append(&chunk).unwrap(), Appended { bytes: first.len() as u64, records: 1 });
    let rest = line(2, "ERROR", 1, "two") + "traceback\n";
    let chunk = Chunk {
        file,
        offset: first.len() as u64,
        bytes: rest.as_bytes(),
        complete: true,
        arrived: DAY,
        ..Chunk::default()
    };
    assert_eq!(rig.store.append(&chunk).unwrap().records, 1);
    assert_eq!(rig.all(""), ["one", "two"]);
    assert!(matches!(rig.store.append(&chunk), Err(StoreFault::Again { .. })));
}

/// Many records over several blocks and segments, from two files that overlap in time.
fn filled(rig: &Rig, count: u32) -> (u32, u32) {
    let (a, b) = (rig.file(1, "/a.log"), rig.file(2, "/b.log"));
    for start in (0..count).step_by(500) {
        for (file, name) in [(a, "a"), (b, "b")] {
            let mut text = String::new();
            for n in start..(start + 500).min(count) {
                let level = if n % 100 == 7 { "ERROR" } else { "INFO" };
                let _ = write!(text, "{}", line(i64::from(n) * 10, level, n % 50, &format!("{name}{n}")));
            }
            rig.add(file, &text);
        }
    }
    (a, b)
}

#[test]
fn any_place_of_many_blocks_in_both_directions() {
    let rig = Rig::new();
    filled(&rig, 9_000);
    let wanted = rig.wanted("");
    let stats = rig.store.stats();
    assert_eq!(stats.records, 18_000);
    let all = rig.store.window(&wanted, At::Begin, (0, 20_000), None).unwrap();
    let times: Vec<i64> = all.rows.iter().map(Found::time).collect();
    assert!(times.is_sorted());
    let cursors: Vec<u64> = all.rows.iter().map(|f| f.cursor).collect();
    for at in [0, 1, 77, 5_000, 12_345, 17_999] {
        let window = rig.store.window(&wanted, At::Cursor(cursors[at]), (5, 5), None).unwrap();
        let got: Vec<u64> = window.rows.iter().map(|f| f.cursor).collect();
        assert_eq!(got, cursors[at.saturating_sub(5)..(at + 5).min(18_000)], "{at}");
        assert_eq!(window.above, at.saturating_sub(5) as u64, "{at}");
    }
    let errors = rig.all("level>=error");
    assert_eq!(errors.len(), 180);
    // A search finds the same, forwards and back, also with no time at all.
    let wanted = rig.wanted("a8[0-9]07$");
    let mut found = Vec::new();
    let mut from = At::Begin;
    loop {
        let deadline = Some(std::time::Instant::now());
        let hits = rig.store.search(&wanted, from, false, 3, deadline).unwrap();
        found.extend(Rig::texts(&hits.rows));
        match hits.searched_to {
            Some(next) => from = next,
            None => break,
        }
    }
    let expected: Vec<String> = (0..10).map(|n| format!("a8{n}07")).collect();
    assert_eq!(found, expected);
    let hits = rig.store.search(&wanted, At::End, true, 100, None).unwrap();
    assert_eq!(Rig::texts(&hits.rows), expected.iter().rev().cloned().collect::<Vec<_>>());
    let histogram = rig.store.histogram(&rig.wanted("level>=error"), (None, None), 50, None).unwrap();
    assert!(histogram.complete);
    assert_eq!(histogram.buckets.iter().flatten().sum::<u32>(), 180);
    let histogram = rig.store.histogram(&rig.wanted("a8[0-9]07$"), (None, None), 50, None).unwrap();
    assert_eq!(histogram.buckets.iter().flatten().sum::<u32>(), 10);
}

#[test]
fn cursors_and_positions_outlive_a_restart() {
    let rig = Rig::new();
    let (a, _) = filled(&rig, 6_000);
    let before: Vec<(u64, i64)> = {
        let window = rig.store.window(&rig.wanted(""), At::Begin, (0, 20_000), None).unwrap();
        window.rows.iter().map(|f| (f.cursor, f.time())).collect()
    };
    let (kept, state, sources) = (rig.store.stats(), rig.store.file_state(a), rig.store.sources());
    let rig = rig.reopen();
    let window = rig.store.window(&rig.wanted(""), At::Begin, (0, 20_000), None).unwrap();
    let after: Vec<(u64, i64)> = window.rows.iter().map(|f| (f.cursor, f.time())).collect();
    assert_eq!(before, after);
    assert_eq!(rig.store.stats().records, kept.records);
    assert_eq!(rig.store.sources(), sources);
    assert_eq!(rig.store.file_state(a).unwrap().cover, state.unwrap().cover);
    rig.add(a, &line(80_000_000, "INFO", 1, "after"));
    assert_eq!(rig.all("").last().unwrap(), "after");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn torn_at_any_byte_it_opens_with_a_whole_beginning() {
    let rig = Rig::new();
    let file = rig.file(1, "/a.log");
    for n in 0..12 {
        rig.add(file, &line(n * 10, "INFO", 1, &format!("row{n}")));
    }
    let data = rig.dir.path().join("00000001.log");
    let whole = std::fs::read(&data).unwrap();
    let all = rig.all("");
    let spare = tempfile::tempdir().unwrap();
    let mut lengths = std::collections::BTreeSet::new();
    for cut in (0..=whole.len()).step_by(7).chain([whole.len()]) {
        let dir = spare.path().join(cut.to_string());
        copy(rig.dir.path(), &dir);
        let torn = std::fs::OpenOptions::new().write(true).open(dir.join("00000001.log")).unwrap();
        torn.set_len(cut as u64).unwrap();
        let store = LogStore::open(&dir, LIMIT).unwrap();
        let wanted = store.wanted(&LogFilter::default(), 0).unwrap();
        let window = store.window(&wanted, At::Begin, (0, 100), None).unwrap();
        let texts = Rig::texts(&window.rows);
        assert_eq!(texts, all[..texts.len()], "{cut}");
        // What is kept and what is said to be kept agree: going on there neither loses nor doubles.
        let kept: usize = texts.iter().zip(0..).map(|(t, n)| line(n * 10, "INFO", 1, t).len()).sum();
        let said = store.file_state(file).map_or(0, |f| f.cover.end().unwrap_or(0));
        assert_eq!(said, kept as u64, "{cut}");
        lengths.insert(texts.len());
        drop(store);
        std::fs::remove_dir_all(&dir).unwrap();
    }
    assert_eq!(lengths.len(), 13);
}

#[test]
fn a_damaged_index_is_made_again() {
    let rig = Rig::new();
    filled(&rig, 6_000);
    let all = rig.all("");
    let index = rig.dir.path().join("00000001.idx");
    let whole = std::fs::metadata(&index).unwrap().len();
    for keep in [0, whole / 3, whole - 1] {
        let spare = tempfile::tempdir().unwrap();
        copy(rig.dir.path(), spare.path());
        let torn = std::fs::OpenOptions::new().write(true).open(spare.path().join("00000001.idx")).unwrap();
        torn.set_len(keep).unwrap();
        let store = LogStore::open(spare.path(), LIMIT).unwrap();
        let wanted = store.wanted(&LogFilter::default(), 0).unwrap();
        let window = store.window(&wanted, At::Begin, (0, 20_000), None).unwrap();
        assert_eq!(Rig::texts(&window.rows), all, "{keep}");
        assert_eq!(store.stats().records, 12_000);
    }
}

#[test]
fn old_segments_go_and_positions_stay() {
    let rig = Rig::new();
    let file = rig.file(1, "/a.log");
    rig.store.keep(None, 12 << 20).unwrap();
    let filler = "x".repeat(900);
    for start in 0..40i64 {
        let mut text = String::new();
        for n in 0..500i64 {
            let _ = write!(text, "{}", line((start * 500 + n) * 10, "INFO", 1, &filler));
        }
        rig.add(file, &text);
    }
    let stats = rig.store.stats();
    assert!(stats.bytes <= 13 << 20, "{stats:?}");
    assert!(stats.records < 20_000 && stats.records > 5_000);
    let position = rig.store.file_state(file).unwrap().cover.end();
    assert_eq!(rig.store.sources()[0].1.records, stats.records);
    let rig = rig.reopen();
    assert_eq!(rig.store.file_state(file).unwrap().cover.end(), position);
    assert_eq!(rig.store.stats().records, stats.records);
    // A record that is gone is a place all the same: the beginning.
    assert!(rig.store.get(1).unwrap().is_none());
    let window = rig.store.window(&rig.wanted(""), At::Cursor(1), (3, 3), None).unwrap();
    assert!(window.reaches_begin && window.rows.len() == 3);
    assert!(rig.store.keep(Some(i64::MAX), 12 << 20).unwrap() > 0, "age throws away as well");
}

#[test]
fn a_segment_that_was_only_begun_is_forgotten() {
    let rig = Rig::new();
    filled(&rig, 1_000);
    let all = rig.all("");
    std::fs::write(rig.dir.path().join("00000002.log"), b"half a fra").unwrap();
    let rig = rig.reopen();
    assert_eq!(rig.all(""), all);
}

#[test]
fn hostile_bytes_are_records_like_others() {
    let rig = Rig::new();
    let file = rig.file(1, "/a.log");
    let chunk =
        |offset, bytes| Chunk { file, offset, bytes, complete: true, arrived: DAY, ..Chunk::default() };
    let first = b"\x00\xff\x1b[2J\n\n\n\r\n".to_vec();
    rig.store.append(&chunk(0, &first)).unwrap();
    let long = vec![b'y'; 3 << 20];
    rig.store.append(&chunk(first.len() as u64, &long)).unwrap();
    let window = rig.store.window(&rig.wanted(""), At::Begin, (0, 10), None).unwrap();
    assert!(!window.rows.is_empty());
    assert_eq!(rig.all("yyyy").len(), 1);
    let far = line(0, "INFO", 1, "x").replace("2026", "9999");
    rig.store.append(&chunk(4 << 20, far.as_bytes())).unwrap();
    assert!(rig.store.stats().span.unwrap().1 <= DAY, "a year that cannot be is not believed");
}

#[test]
fn in_the_order_of_arrival_each_record_is_met_once() {
    let rig = Rig::new();
    assert_eq!(rig.store.cursors(), (None, None));
    assert_eq!(rig.store.arrived(&rig.wanted(""), 0, 5, 1000).unwrap().upto, None);
    let (a, b) = (rig.file(1, "/var/log/nova/nova-api.log"), rig.file(2, "/var/log/nova/nova-compute.log"));
    let mut expected = Vec::new();
    // More than two blocks, older lines last.
    for n in 0..9_000u32 {
        let at = 20_000_000 - i64::from(n) * 100;
        let text = format!("r{n}");
        rig.add(
            if n % 2 == 0 { a } else { b },
            &line(at, if n % 50 == 0 { "ERROR" } else { "INFO" }, n, &text),
        );
        expected.push(text);
    }
    let rig = rig.reopen();
    assert_eq!(rig.store.cursors(), (Some(1), Some(9_000)));
    let walk = |filter: &str, records: usize, bytes: usize| {
        let (wanted, mut after, mut texts) = (rig.wanted(filter), 0, Vec::new());
        loop {
            let arrived = rig.store.arrived(&wanted, after, records, bytes).unwrap();
            assert!(arrived.rows.len() <= records && arrived.rows.is_sorted_by(|x, y| x.cursor < y.cursor));
            texts.extend(Rig::texts(&arrived.rows));
            let Some(upto) = arrived.upto else { break };
            assert!(upto > after);
            after = upto;
        }
        assert_eq!(after, 9_000);
        texts
    };
    assert_eq!(walk("", 700, 1 << 20), expected);
    assert_eq!(walk("", 5_000, 100_000), expected);
    let errors: Vec<&String> = expected.iter().step_by(50).collect();
    assert_eq!(walk("level>=error", 7, 1), errors.into_iter().cloned().collect::<Vec<_>>());
    assert_eq!(walk("r8999", 7, 1000), ["r8999"]);
    assert_eq!(walk("node=n2 r\\d*1$", 1000, 1 << 20).len(), 900);
    let ahead = |filter: &str, after| rig.store.ahead(&rig.wanted(filter), after).unwrap();
    assert_eq!(ahead("", 0).records, 9_000);
    assert_eq!((ahead("", 8_998).records, ahead("", 9_000)), (2, Ahead::default()));
    assert!(ahead("", 8_998).oldest.is_some_and(|at| at > DAY && at < DAY + 20_000 * SECOND));
    assert_eq!(ahead("level>=error", 5_000).records, 80);
}

#[test]
fn older_lines_that_are_fetched_later_stand_before_those_that_were_followed() {
    let rig = Rig::new();
    let file = rig.file(1, "/a.log");
    let (older, newer) = (line(1000, "INFO", 1, "older"), line(2000, "INFO", 1, "newer"));
    let add = |offset, text: &str| {
        let chunk =
            Chunk { file, offset, bytes: text.as_bytes(), complete: true, arrived: DAY, ..Chunk::default() };
        rig.store.append(&chunk).unwrap();
    };
    add(older.len() as u64, &newer);
    add(0, &older);
    add((older.len() + newer.len()) as u64, &line(3000, "INFO", 1, "newest"));
    assert_eq!(rig.all(""), ["older", "newer", "newest"]);
    assert_eq!(rig.reopen().all(""), ["older", "newer", "newest"]);
}
