//! Formats that are data: what they read, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
use super::super::{Entries, Options};
use super::*;

const GOOD: &str = r#"name = "own"
title = { en = "Own", zh-CN = "自己的" }
pattern = '^(?<time>\d+-\d+-\d+ \d+:\d+:\d+) (?<level>\w) (?<pid>\d+) (?<component>\S+) (?<request_id>\S+) (?<instance>\S+) \| (?<message>.*)$'
time = "%Y-%m-%d %H:%M:%S"
zone = "+01:00"
continuation = '^>'
levels = { W = "warning" }
sample = ["2026-03-01 08:02:09 W 7 part req-1 - | text"]
"#;

fn directory(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("formats")).unwrap();
    let path = dir.path().join("formats/own.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

#[test]
fn a_format_of_ones_own() {
    let (dir, _) = directory(GOOD);
    let formats = Arc::new(Formats::load(&[dir.path().to_owned()]).unwrap());
    assert_eq!(formats.len(), 1);
    let file = "2026-03-01 08:02:09 W 7 part req-1 - | one\n> more\nnot of it\n2026-03-01 08:02:10 E 7 part - - | two\n\
                2026-11-20 23:35:27.904 12777 INFO oslo.a [-] mixed\n";
    let options = Options { formats, ..Options::default() };
    let all: Vec<_> = Entries::new(file.as_bytes(), options).map(Result::unwrap).collect();
    assert_eq!(all.len(), 4, "{all:#?}");
    let one = &all[0].record;
    assert_eq!((one.time, one.zone_known), (Some(1_772_348_529_000_000), true));
    assert_eq!((one.level, one.pid, &*one.message), (Some(Level::Warning), Some(7), "one\n> more"));
    assert_eq!((one.request_id.as_deref(), one.instance.as_deref()), (Some("req-1"), None));
    assert_eq!((one.format.name(), all[1].record.format), ("own", FormatId::Text));
    assert_eq!(all[2].record.level, None);
    assert_eq!(all[3].record.format, FormatId::Oslo);
}

#[test]
fn faults_say_where() {
    for (from, to, line, words) in [
        ("name = \"own\"", "name = \"other\"", 1, "the file is named own"),
        (", zh-CN = \"自己的\"", "", 2, "zh-CN is missing"),
        ("'^(?<time>", "'(?<time>", 3, "must begin with ^"),
        ("(?<component>", "(?<part>", 3, "the group 'part' means nothing"),
        ("(?<message>", "(", 3, "'message' is missing"),
        ("(?<level>", "(?<level>(", 3, "no regular expression"),
        ("time = \"%Y-%m-%d %H:%M:%S\"\n", "", 3, "no line 'time"),
        ("%H:%M:%S", "%H.%M", 8, "the time of this line cannot be read"),
        ("time = \"%Y-%m-%d %H:%M:%S\"", "time = \"when\"", 4, "is no form of a time"),
        ("+01:00", "Mars", 5, "is no zone"),
        ("'^>'", "'>'", 6, "must begin with ^"),
        ("\"warning\"", "\"loud\"", 7, "'loud' is no level"),
        ("W = ", "X = ", 8, "the level of this line"),
        ("W 7 part", "W seven part", 8, "does not match this line"),
        ("[\"2026-03-01 08:02:09 W 7 part req-1 - | text\"]", "[]", 8, "no sample"),
        ("zone = ", "zome = ", 5, "unknown field"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let (dir, path) = directory(&GOOD.replacen(from, to, 1));
        let faults = Formats::load(&[dir.path().to_owned()]).unwrap_err();
        let told = faults[0].to_string();
        assert!(told.starts_with(&format!("{}:{line}: ", path.display())), "{told}");
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn the_operators_directory_wins() {
    let (first, _) = directory("broken");
    let (second, _) = directory(GOOD);
    let both = [first.path().to_owned(), second.path().to_owned()];
    assert_eq!(Formats::load(&both).unwrap().len(), 1);
    assert!(Formats::load(&both[..1]).is_err());
    assert!(Formats::load(&[PathBuf::from("/nowhere")]).unwrap().is_empty());
}

#[test]
fn times_of_all_forms() {
    let at = |form: &str, text: &str| {
        let (dir, _) = directory(
            &GOOD
                .replace("\\d+-\\d+-\\d+ \\d+:\\d+:\\d+", "\\S+")
                .replace("%Y-%m-%d %H:%M:%S", form)
                .replace("2026-03-01 08:02:09", text),
        );
        let formats = Formats::load(&[dir.path().to_owned()]).unwrap();
        let line = format!("{text} W 7 part - - | x");
        formats.get(0).unwrap().read(line.as_bytes()).unwrap().time
    };
    assert_eq!(at("unix", "1772348529.5"), Some(1_772_348_529_500_000));
    assert_eq!(at("unix-ms", "1772348529123"), Some(1_772_348_529_123_000));
    assert_eq!(at("unix-us", "1772348529123456"), Some(1_772_348_529_123_456));
    assert_eq!(at("iso", "2026-03-01T08:02:09.123"), Some(1_772_348_529_123_000));
    assert_eq!(at("iso", "2026-03-01T07:02:09Z"), Some(1_772_348_529_000_000));
    assert_eq!(at("%Y-%m-%dT%H:%M:%S%z", "2026-03-01T09:02:09+0200"), Some(1_772_348_529_000_000));
}

/// The formats that come with cpmg.
#[test]
fn our_own_are_right() {
    let roles = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
    let formats = Formats::load(&[roles]).unwrap_or_else(|f| panic!("{f:#?}"));
    assert!(formats.len() >= 3);
}
