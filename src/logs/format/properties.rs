//! Hostile bytes: nothing panics, nothing is lost, nothing costs more than its length.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

/// Lines of every format.
static LINES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e != "expected") {
            let bytes = std::fs::read(path).unwrap();
            all.extend(bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec));
        }
    }
    all.sort();
    all.dedup();
    all
});

/// Bytes that formats look at, and bytes that no format expects; a table, because a strategy for each byte takes a minute.
fn hostile_byte() -> impl Strategy<Value = u8> {
    any::<u8>().prop_map(hostile)
}

fn hostile(byte: u8) -> u8 {
    const LOOKED_AT: &[u8; 16] = b"[] :.|\"{-\0\x1b\xff\r9<\n";
    if byte < 160 { LOOKED_AT[usize::from(byte) % LOOKED_AT.len()] } else { byte }
}

/// A line of some format, cut, and with some of its bytes exchanged, put in or taken out.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..3u8, hostile_byte());
    let place = any::<prop::sample::Index>();
    (any::<prop::sample::Index>(), prop::collection::vec(change, 0..6), place, any::<bool>()).prop_map(
        |(line, changes, cut, whole)| {
            let mut line = line.get(&LINES).clone();
            for (at, how, byte) in changes {
                let at = at.index(line.len() + 1);
                match how {
                    0 => line.insert(at, byte),
                    1 if at < line.len() => line[at] = byte,
                    _ if at < line.len() => drop(line.remove(at)),
                    _ => {}
                }
            }
            if !whole {
                line.truncate(cut.index(line.len() + 1));
            }
            line
        },
    )
}

/// Bytes of the text of a record or a line, and of what was taken out of it, are bytes of the line: no text is longer.
fn check(line: &[u8], parsed: &Line<'_>) {
    // A byte that is no UTF-8 becomes three; JSON holds what it holds.
    let most = 3 * line.len() + 64;
    match parsed {
        Line::Head(r) => {
            assert!(r.message.len() <= most);
            if let Some(component) = &r.component {
                assert!(!component.is_empty() && component.len() <= most);
            }
            for id in [&r.request_id, &r.global_request_id, &r.user_id, &r.project_id].into_iter().flatten() {
                assert!(!matches!(&**id, "" | "-" | "None"));
            }
            if let Some(time) = r.time {
                let shown = json::timestamp(time, r.zone_known);
                assert!(shown.len() >= 23, "{shown}");
            }
        }
        Line::Continuation(text) => assert!(text.len() <= most),
        Line::Empty => assert!(line.iter().all(|b| matches!(b, b'\r' | b'\n'))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn damaged_lines_are_read(lines in prop::collection::vec(damaged(), 1..24)) {
        let mut parser = Parser::new(Options { offset: Some(3600), reference: Some(1_796_083_200_000_000), ..Options::default() });
        for line in &lines {
            check(line, &parser.line(line));
        }
        // Whole entries: every line that is not empty belongs to one, and they are in order.
        let file = lines.join(&b'\n');
        let mut before = 0;
        for entry in Entries::new(&*file, Options::default()) {
            let entry = entry.unwrap();
            prop_assert!(entry.line > before);
            prop_assert!(entry.lines > 0);
            before = entry.line + entry.lines - 1;
            let mut out = Vec::new();
            json::write(&mut out, &entry).unwrap();
            let back: serde_json::Value = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(back["message"].as_str().unwrap(), &*entry.record.message);
            prop_assert!(!out[..out.len() - 1].iter().any(|b| *b < 0x20 || *b == 0x7f));
        }
        prop_assert!(before <= lines.iter().map(|l| 1 + memchr::memchr_iter(b'\n', l).count()).sum::<usize>() as u64);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let bytes: Vec<u8> = bytes.into_iter().map(hostile).collect();
        let mut parser = Parser::new(Options::default());
        check(&bytes, &parser.line(&bytes));
        for entry in Entries::new(&*bytes, Options::default()) {
            entry.unwrap();
        }
    }

    /// It does not matter in which pieces the bytes come.
    #[test]
    fn pieces_do_not_matter(lines in prop::collection::vec(damaged(), 1..12), piece in 1..50usize) {
        struct Slow<'a>(&'a [u8], usize);
        impl std::io::Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let count = self.1.min(buffer.len()).min(self.0.len());
                buffer[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let file = lines.join(&b'\n');
        let whole: Vec<_> = Entries::new(&*file, Options::default()).map(Result::unwrap).collect();
        let pieces: Vec<_> = Entries::new(Slow(&file, piece), Options::default()).map(Result::unwrap).collect();
        prop_assert_eq!(whole, pieces);
    }
}

/// Ten million bytes in one line, after every beginning that some format knows. Anything that is not linear would not come back.
#[test]
fn endless_lines_cost_their_length() {
    let mut beginnings: Vec<Vec<u8>> = LINES.iter().map(|l| l[..l.len().min(40)].to_vec()).collect();
    beginnings.sort();
    beginnings.dedup_by_key(|l| l.iter().take(12).copied().collect::<Vec<_>>());
    beginnings.extend([
        b"{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":".to_vec(),
        b"{\"levelname\":".to_vec(),
        b"2026-11-20 23:35:27.904 1 INFO a [".to_vec(),
        b"2026-11-20 23:35:27.904 1 INFO \x1b[".to_vec(),
    ]);
    let mut seen = 0;
    for beginning in beginnings.iter().rev().step_by(2).take(24) {
        for filler in [&b"["[..], b"\x1b[", b"{\"a\":", b" [", b"} [", b" "] {
            let mut line = beginning.clone();
            while line.len() < 10_000_000 {
                let more = filler.repeat(100_000);
                line.extend_from_slice(&more);
            }
            let mut parser = Parser::new(Options::default());
            check(&line, &parser.line(&line));
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}
