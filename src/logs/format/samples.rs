//! Files of real services: the shapes in `fixtures/logs`, each with what must be read from it beside it, and the whole sample of a
//! cloud where it is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// 2026-12-01: the samples are not younger.
const REFERENCE: i64 = 1_796_083_200_000_000;

fn options() -> Options {
    Options { reference: Some(REFERENCE), ..Options::default() }
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// Each fixture gives the JSON lines in the file of its name with `.expected`; with `CPMG_BLESS=1` these are written anew, to be
/// looked at in a review.
#[test]
fn every_fixture_gives_what_lies_beside_it() {
    let mut all = Vec::new();
    files(&top().join("fixtures/logs"), &mut all);
    let mut seen = 0;
    for path in all.iter().filter(|p| p.extension().is_some_and(|e| e == "log" || e == "json")) {
        let mut out = Vec::new();
        for entry in Entries::new(&*std::fs::read(path).unwrap(), options()) {
            json::write(&mut out, &entry.unwrap()).unwrap();
        }
        let out = String::from_utf8(out).unwrap();
        let beside = PathBuf::from(format!("{}.expected", path.display()));
        if std::env::var_os("CPMG_BLESS").is_some() {
            std::fs::write(&beside, &out).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        for (number, (is, should)) in out.lines().zip(expected.lines()).enumerate() {
            assert_eq!(is, should, "{}, entry {}", path.display(), number + 1);
        }
        assert_eq!(out.lines().count(), expected.lines().count(), "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 20, "{seen}");
}

/// What the lines of a file are.
#[derive(Debug, Default)]
struct Count {
    formats: BTreeMap<&'static str, usize>,
    continuations: usize,
    /// Lines of no known format that belong to no entry: they are shown as they are.
    unparsed: Vec<String>,
}

fn count(bytes: &[u8]) -> Count {
    let mut parser = Parser::new(options());
    let mut count = Count::default();
    for line in bytes.split(|b| *b == b'\n') {
        match parser.line(line) {
            Line::Head(r) if r.format == FormatId::Text => count.unparsed.push(r.message.into_owned()),
            Line::Head(r) => *count.formats.entry(r.format.name()).or_default() += 1,
            Line::Continuation(_) => count.continuations += 1,
            Line::Empty => {}
        }
    }
    count
}

/// Every line of a cloud's logs. The only lines that nothing is known about are what the Erlang runtime prints when it ends
/// (`rabbitmq-server.error.log`), and the heading of the list of samples: neither has a time, a level or a name.
#[test]
fn every_line_of_a_cloud_is_known() {
    let places = [top().join("../shared/data/oslogs"), top().join("../../shared/data/oslogs")];
    let Some(folder) = places.iter().find(|p| p.is_dir()) else {
        eprintln!("skipped: there is no ../shared/data/oslogs here; the shapes in fixtures/logs were read");
        return;
    };
    let mut all = Vec::new();
    files(folder, &mut all);
    let (mut lines, mut unparsed) = (0, Vec::new());
    for path in &all {
        let bytes = std::fs::read(path).unwrap();
        let name = path.strip_prefix(folder).unwrap().display().to_string();
        let count = count(&bytes);
        let heads: usize = count.formats.values().sum();
        lines += heads + count.continuations + count.unparsed.len();
        eprintln!(
            "{name}: {:?}, {} continuations, {} unparsed",
            count.formats,
            count.continuations,
            count.unparsed.len()
        );
        unparsed.extend(count.unparsed.into_iter().map(|line| (name.clone(), line)));
    }
    let why = |name: &str, line: &str| match name {
        "controller/rabbitmq/rabbitmq-server.error.log" => line == "Gracefully halting Erlang VM",
        "SAMPLES.txt" => line.starts_with("## "),
        _ => false,
    };
    let unexplained: Vec<_> = unparsed.iter().filter(|(name, line)| !why(name, line)).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
    eprintln!("{} files, {lines} lines, {} unparsed, each explained", all.len(), unparsed.len());
}

/// As above by counting in another way: an entry of oslo.log begins where a line has time, process, level and logger and either a
/// bracket that is a context or another key than the line before.
#[test]
fn fields_do_not_move() {
    let mut all = Vec::new();
    files(&top().join("fixtures/logs"), &mut all);
    let uuid = regex::Regex::new("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$").unwrap();
    let mut requests = 0;
    for path in all.iter().filter(|p| p.extension().is_some_and(|e| e == "log" || e == "json")) {
        for entry in Entries::new(&*std::fs::read(path).unwrap(), options()) {
            let record = entry.unwrap().record;
            for id in [&record.request_id, &record.global_request_id].into_iter().flatten() {
                assert!(
                    id.strip_prefix("req-").is_some_and(|u| uuid.is_match(u)),
                    "{id} in {}",
                    path.display()
                );
                requests += 1;
            }
            for id in [&record.user_id, &record.project_id].into_iter().flatten() {
                let good = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
                assert!(good || matches!(&**id, "demo" | "admin"), "{id} in {}", path.display());
            }
            if let Some(instance) = &record.instance {
                assert!(uuid.is_match(instance));
            }
            assert!(!record.message.contains("[instance: b"), "{}", record.message);
        }
    }
    assert!(requests > 20, "{requests}");
}
