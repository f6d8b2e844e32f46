//! Whole files: what belongs together, what is bounded, what is harmless.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::logs::Level;

fn entries(bytes: &[u8]) -> Vec<Entry> {
    Entries::new(bytes, Options::default()).map(Result::unwrap).collect()
}

/// Line, lines and message of every entry.
fn shape(text: &str) -> Vec<(u64, u64, String)> {
    entries(text.as_bytes()).into_iter().map(|e| (e.line, e.lines, e.record.message.into_owned())).collect()
}

#[test]
fn a_traceback_belongs_to_its_entry() {
    let text = "\
2026-11-20 23:35:27.904 12777 WARNING oslo_db.engines [-] connection lost
[SQL: SELECT 1]
2026-11-20 23:35:27.904 12777 ERROR oslo_db.engines Traceback (most recent call last):
2026-11-20 23:35:27.904 12777 ERROR oslo_db.engines   File \"x\", line 1
2026-11-20 23:35:27.904 12777 ERROR oslo_db.engines 
2026-11-20 23:35:27.904 12777 ERROR oslo_db.engines [parameters: {}]
2026-11-20 23:35:27.904 12778 ERROR oslo_db.engines of another process
2026-11-20 23:35:27.904 12778 ERROR oslo_db.engines [-] an entry of its own
2026-11-20 23:35:27.904 12778 ERROR oslo_db.engines";
    let all = shape(text);
    assert_eq!(
        all[0],
        (
            1,
            6,
            "connection lost\n[SQL: SELECT 1]\nTraceback (most recent call last):\n  File \"x\", line 1\n\n[parameters: {}]"
                .to_owned()
        )
    );
    assert_eq!(all[1], (7, 1, "of another process".to_owned()));
    assert_eq!(all[2], (8, 2, "an entry of its own".to_owned()));
    assert_eq!(all.len(), 3);
    assert_eq!(entries(text.as_bytes())[0].record.level, Some(Level::Warning));
}

#[test]
fn an_instance_in_a_traceback_is_not_part_of_its_text() {
    let text = "\
2026-11-20 23:21:30.981 8241 ERROR nova.compute.manager [-] [instance: 50618220-2fcc-4399-9a68-5cf179965ce0] failed
2026-11-20 23:21:30.981 8241 ERROR nova.compute.manager [instance: 50618220-2fcc-4399-9a68-5cf179965ce0] Traceback
";
    assert_eq!(shape(text), [(1, 2, "failed\nTraceback".to_owned())]);
}

#[test]
fn ends_of_lines_and_of_files() {
    let text = "2026-11-20 23:35:27.904 1 INFO a [-] one\r\nmore\r\n\r\nand more\r\n\r\n2026-11-20 23:35:27.904 1 INFO a [-] two";
    assert_eq!(shape(text), [(1, 4, "one\nmore\n\nand more".to_owned()), (6, 1, "two".to_owned())]);
    assert!(entries(b"").is_empty());
    assert!(entries(b"\n\n").is_empty());
}

#[test]
fn lines_before_the_first_entry_stand_for_themselves() {
    let text = "one\ntwo\n  of two\n2026-11-20 23:35:27.904 1 INFO a [-] three\nof three\n";
    let all = shape(text);
    assert_eq!(all.iter().map(|(l, n, _)| (*l, *n)).collect::<Vec<_>>(), [(1, 1), (2, 2), (4, 2)], "{all:?}");
    assert_eq!(entries(text.as_bytes())[0].record.format, FormatId::Text);
}

#[test]
fn names_of_files_before_lines() {
    let text = "nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova.api [req-1 u p - - -] one\n\
                nova-api.log:2017-05-16 00:00:00.009 25746 INFO nova.api [-] two\n";
    let all = entries(text.as_bytes());
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].record.request_id.as_deref(), Some("req-1"));
    assert_eq!(all[0].record.user_id.as_deref(), Some("u"));
    assert_eq!(all[1].record.message, "two");
}

#[test]
fn colours_are_no_part_of_a_text() {
    let text = "2026-11-20 23:04:41.628 14262 INFO neutron.common.config [-] Logging enabled!\u{1b}[00m\n\
                2026-11-20 23:04:41.628 \u{1b}[00;32mINFO nova.api [\u{1b}[01;36mNone req-1 \u{1b}[00;36mdemo admin\u{1b}[00;32m] \u{1b}[01;35m\u{1b}[00;32mtext\u{1b}[00m\n";
    let all = entries(text.as_bytes());
    assert_eq!(all[0].record.message, "Logging enabled!");
    assert_eq!(all[1].record.message, "text");
    assert_eq!(all[1].record.user_id.as_deref(), Some("admin"));
}

#[test]
fn the_zone_that_is_told() {
    let line = b"2026-03-01 08:02:09.123 1 INFO a [-] x\n";
    let with = Entries::new(&line[..], Options { offset: Some(3600), ..Options::default() })
        .next()
        .unwrap()
        .unwrap();
    assert_eq!((with.record.time, with.record.zone_known), (Some(1_772_348_529_123_000), true));
    let without = &entries(line)[0];
    assert_eq!((without.record.time, without.record.zone_known), (Some(1_772_352_129_123_000), false));
}

#[test]
fn a_line_without_end_is_bounded() {
    let mut bytes = b"2026-11-20 23:35:27.904 1 INFO a [-] ".to_vec();
    bytes.resize(10 << 20, b'x');
    bytes.extend_from_slice(b"\n2026-11-20 23:35:27.905 1 INFO a [-] next\nmore");
    let all = entries(&bytes);
    assert_eq!(all.len(), 2);
    assert!(all[0].record.message.len() < LINE_MAX + 64);
    assert!(
        all[0].record.message.ends_with(&format!(" … ({} more bytes)", 9 << 20)),
        "{}",
        &all[0].record.message[LINE_MAX - 100..]
    );
    assert_eq!((all[1].line, &*all[1].record.message), (2, "next\nmore"));
}

#[test]
fn an_entry_without_end_is_bounded() {
    let mut bytes = b"2026-11-20 23:35:27.904 1 INFO a [-] x\n".to_vec();
    for _ in 0..30_000 {
        bytes.extend_from_slice(b"a line of a hundred bytes that belongs to the entry before it and makes its text too long to be kept\n");
    }
    let all = entries(&bytes);
    assert_eq!((all.len(), all[0].lines), (1, 30_001));
    assert!(all[0].record.message.len() < LINE_MAX + 64);
}

#[test]
fn bytes_that_are_no_text() {
    let all = entries(b"2026-11-20 23:35:27.904 1 INFO a\xff [-] x\xfe\0y\n\xff\xff\n");
    assert_eq!(all[0].record.component.as_deref(), Some("a\u{fffd}"));
    assert_eq!(all[0].record.message, "x\u{fffd}\0y\n\u{fffd}\u{fffd}");
}

/// What a WSGI application says in Apache's error log has its own level; the server calls everything there an error.
#[test]
fn the_inner_level_counts() {
    let before = "[Fri Nov 20 23:33:52.123456 2026] [wsgi:error] [pid 194:tid 195] [client 10.78.0.1:54528] ";
    for (text, level, message) in [
        (
            "2026-11-20 23:33:52.120 194 WARNING keystone.common [req-1 - - - - -] slow",
            Level::Warning,
            "slow",
        ),
        (
            "INFO openstack_auth.plugin.base Attempted scope",
            Level::Info,
            "INFO openstack_auth.plugin.base Attempted scope",
        ),
        ("WARNING root no dot in this logger", Level::Warning, "WARNING root no dot in this logger"),
        (
            "WARNING:py.warnings:as Python writes it",
            Level::Warning,
            "WARNING:py.warnings:as Python writes it",
        ),
        ("/usr/lib/a/policy.py:114: DeprecationWarning: old rule", Level::Warning, "old rule"),
        ("Timeout when reading response headers", Level::Error, "Timeout when reading response headers"),
        ("NOTHING known", Level::Error, "NOTHING known"),
    ] {
        let line = format!("{before}{text}");
        let Line::Head(record) = Parser::new(Options::default()).line(line.as_bytes()) else {
            panic!("{line}")
        };
        assert_eq!(record.level, Some(level), "{line}");
        assert!(record.message.ends_with(message), "{line}: {}", record.message);
    }
}
