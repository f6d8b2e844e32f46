//! Kept logs in figures: `cargo bench --bench logs_store`, in `TMPDIR` or `/tmp`, with about 1.3 GB of room.
//!
//! One gigabyte of oslo lines (3.6 million records) of 50 nodes is appended as it would come from nodes, in pieces of 256 KiB; then
//! memory, first hits of regular expressions, and windows at any place are measured. `LOGS_MIB` sets another size. Last: 100,000 lines
//! a second of 50 nodes, in the pieces in which a second's lines of a file come, as share of one core (without SSH).
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on should say so and stop, and prints figures"
)]

use cpmg::domain::logs::{LogFilter, TextMatch};
use cpmg::logs::store::{At, Chunk, FileState, LogStore, Options, Source};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const NODES: u32 = 50;
const DAY: i64 = 1_772_323_200_000_000;

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find(|l| l.starts_with("VmRSS")).expect("a line");
    line.split_whitespace().nth(1).and_then(|k| k.parse::<u64>().ok()).expect("a number") / 1024
}

/// CPU seconds of this process.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("proc");
    let after = stat.rsplit_once(')').expect("a name").1;
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn line(out: &mut String, dice: &mut Dice, number: u64, node: u32) {
    let us = number * 24_000;
    let (s, ms) = (us / 1_000_000, us / 1000 % 1000);
    let level = match dice.roll(1000) {
        0..3 => "ERROR",
        3..20 => "WARNING",
        20..400 => "DEBUG",
        _ => "INFO",
    };
    let request = dice.roll(400_000) + number / 30;
    let instance = dice.roll(2_000);
    let _ = writeln!(
        out,
        "2026-03-01 {:02}:{:02}:{:02}.{ms:03} {} {level} nova.compute.manager [req-{:08x}-aaaa-4bbb-8ccc-{request:012x} 113d3a99c3da401fbd62cc2caa5b96d2 \
         54fadb412c4e40cdbaed9335e4c35a9e - - -] [instance: {instance:08x}-1111-4222-8333-00000000{node:04x}] Took {}.{:02} seconds to do work number {number} on the hypervisor",
        s / 3600 % 24,
        s / 60 % 60,
        s % 60,
        2900 + node,
        request.wrapping_mul(2_654_435_761) & 0xffff_ffff,
        dice.roll(60),
        dice.roll(100)
    );
}

struct Rig {
    _dir: tempfile::TempDir,
    store: LogStore,
    files: Vec<(u32, u64)>,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = LogStore::open(&dir.path().join("logs"), Options { bytes: 1 << 40 }).expect("a store");
        let mut files = Vec::new();
        for node in 0..NODES {
            let source = Source {
                node: u64::from(node),
                node_name: format!("cmp{node}"),
                service: "nova".into(),
                path: "/var/log/nova/nova-compute.log".into(),
                ..Source::default()
            };
            let source = store.source(&source).expect("a source");
            let file = store.file(&FileState { source, ..FileState::default() }).expect("a file");
            files.push((file, 0));
        }
        Self { _dir: dir, store, files }
    }

    fn append(&mut self, node: usize, text: &str) {
        let Some((file, offset)) = self.files.get_mut(node) else { return };
        let chunk = Chunk {
            file: *file,
            offset: *offset,
            bytes: text.as_bytes(),
            complete: true,
            arrived: DAY + 86_400_000_000,
            ..Chunk::default()
        };
        self.store.append(&chunk).expect("kept");
        *offset += text.len() as u64;
    }
}

fn main() {
    let mib: u64 = std::env::var("LOGS_MIB").ok().and_then(|m| m.parse().ok()).unwrap_or(1024);
    let mut rig = Rig::new();
    let mut dice = Dice(1);
    let (mut number, mut bytes, mut spent, mut text) = (0u64, 0u64, 0.0, String::new());
    while bytes < mib << 20 {
        let node = usize::try_from(number / 900 % u64::from(NODES)).unwrap_or(0);
        text.clear();
        for _ in 0..900 {
            line(&mut text, &mut dice, number, u32::try_from(node).unwrap_or(0));
            number += 1;
        }
        let began = cpu_clock();
        rig.append(node, &text);
        spent += cpu_clock().saturating_sub(began).as_secs_f64();
        bytes += text.len() as u64;
    }
    let stats = rig.store.stats();
    println!(
        "indexed: {number} records, {} MiB in {spent:.1} s, {:.0} MB/s",
        bytes >> 20,
        bytes as f64 / spent / 1e6
    );
    println!(
        "resident: {} MiB; summaries {} KiB; on the disk {} MiB",
        resident(),
        stats.memory >> 10,
        stats.bytes >> 20
    );
    searches(&rig, number);
    windows(&rig, number);
    println!("resident after searches: {} MiB", resident());
    live();
}

fn cpu_clock() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn searches(rig: &Rig, number: u64) {
    let rare = format!("number {}\\d on", number / 20);
    for (name, pattern, from, backwards) in [
        ("common, from the end", "hypervisor$", At::End, true),
        ("an expression, from the end", r"Took 5[0-9]\.\d+ seconds", At::End, true),
        ("rare, from the beginning", rare.as_str(), At::Begin, false),
        ("rare, small letters", "NUMBER 77 ON", At::Begin, false),
        ("nothing at all", "no such thing at all", At::Begin, false),
    ] {
        let mut wanted = rig.store.wanted(&LogFilter::default(), 0).expect("a filter");
        wanted.text(&TextMatch { pattern: pattern.to_owned(), inverted: false }).expect("a pattern");
        let began = Instant::now();
        // The first answer, as the screen asks for it: what is found in 150 ms.
        let deadline = Some(began + Duration::from_millis(150));
        let hits = rig.store.search(&wanted, from, backwards, 50, deadline).expect("hits");
        let first = began.elapsed();
        let (mut found, mut next, mut read) = (hits.rows.len(), hits.searched_to, hits.bytes);
        while let Some(at) = next.filter(|_| found == 0) {
            let deadline = Some(Instant::now() + Duration::from_millis(150));
            let hits = rig.store.search(&wanted, at, backwards, 50, deadline).expect("hits");
            (found, next, read) = (hits.rows.len(), hits.searched_to, read + hits.bytes);
        }
        println!(
            "search {name}: first answer {:.1} ms; {found} hits after {:.0} ms, {} MiB read",
            first.as_secs_f64() * 1e3,
            began.elapsed().as_secs_f64() * 1e3,
            read >> 20
        );
    }
    let filter: LogFilter = "instance=000003e8-1111-4222-8333-000000000007".parse().expect("a filter");
    let wanted = rig.store.wanted(&filter, 0).expect("a filter");
    let began = Instant::now();
    let hits = rig.store.search(&wanted, At::Begin, false, 500, None).expect("hits");
    println!("an instance: {} records in {:.0} ms", hits.rows.len(), began.elapsed().as_secs_f64() * 1e3);
    let wanted = rig.store.wanted(&LogFilter::default(), 0).expect("a filter");
    let began = Instant::now();
    let counts = rig.store.histogram(&wanted, (None, None), 200, None).expect("counts");
    let sum: u64 = counts.buckets.iter().flatten().map(|c| u64::from(*c)).sum();
    println!("histogram of {sum} records: {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
}

fn windows(rig: &Rig, number: u64) {
    let mut dice = Dice(7);
    for (name, filter) in [("everything", ""), ("errors", "level>=error"), ("one node", "node=cmp7")] {
        let filter: LogFilter = filter.parse().expect("a filter");
        let wanted = rig.store.wanted(&filter, 0).expect("a filter");
        let mut times = Vec::new();
        for _ in 0..200 {
            let at = At::Cursor(1 + dice.roll(number));
            let began = Instant::now();
            let window = rig.store.window(&wanted, at, (50, 50), None).expect("a window");
            for row in &window.rows {
                row.text(8192).expect("a text");
            }
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let ms = |at: usize| times.get(at).map_or(0.0, |t| t.as_secs_f64() * 1e3);
        println!(
            "window of 100 rows anywhere, {name}: median {:.2} ms, worst of 200 {:.2} ms",
            ms(100),
            ms(199)
        );
    }
}

/// 100,000 lines a second of 50 nodes: ten seconds' worth.
fn live() {
    let mut rig = Rig::new();
    let mut dice = Dice(3);
    let (mut number, mut spent) = (0u64, Duration::ZERO);
    for _ in 0..30 {
        for node in 0..NODES {
            let mut text = String::new();
            for _ in 0..667 {
                line(&mut text, &mut dice, number, node);
                number += 1;
            }
            let began = cpu_clock();
            rig.append(node as usize, &text);
            spent += cpu_clock().saturating_sub(began);
        }
    }
    let cost = spent.as_secs_f64() / (number as f64 / 100_000.0);
    println!(
        "100,000 lines a second from {NODES} nodes: {:.1} % of one core (keeping and indexing; {:.1} s in all)",
        cost * 100.0,
        cpu()
    );
}
