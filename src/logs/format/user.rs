//! Formats that are data: `roles/formats/NAME.toml`, and the operator's own directory, which wins.
//!
//! ```toml
//! name = "etcd"                       # the file's name
//! title = { en = "etcd", zh-CN = "etcd" }
//! pattern = '^(?<time>\S+ \S+) (?<level>[A-Z]) \| (?<component>\w+): (?<message>.*)$'
//! time = "%Y-%m-%d %H:%M:%S%.f"       # strftime's letters, or iso, unix, unix-ms, unix-us
//! zone = "local"                      # local (the usual one), utc or +08:00, for times that do not say it
//! continuation = '^\s'                # only such lines belong to the entry before; without it every line that does not match
//! levels = { W = "warning" }          # words that are not the usual ones
//! sample = ["2026-03-01 07:02:09.123456 W | raft: text"]
//! ```
//!
//! The groups may be time, pid, level, component, `request_id`, instance and message, which must be there. Each sample must match and
//! its time be readable, so that a format that cannot work is refused before it is used. A file is known to be in one of these
//! formats when one of its first lines matches; from then on that format is tried first.

use super::record::{FormatId, Record, field, text};
use super::scan;
use crate::domain::logs::Level;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use toml::Spanned;

/// Largest compiled pattern, bytes.
const PATTERN_MAX: usize = 1 << 20;
/// Largest file, bytes.
const FILE_MAX: u64 = 64 << 10;
/// Groups that mean something.
const GROUPS: [&str; 7] = ["time", "pid", "level", "component", "request_id", "instance", "message"];
/// Names of formats that are built in.
const BUILT_IN: [FormatId; 14] = [
    FormatId::Oslo,
    FormatId::OsloJson,
    FormatId::RabbitMq,
    FormatId::MariaDb,
    FormatId::ApacheAccess,
    FormatId::ApacheError,
    FormatId::Uwsgi,
    FormatId::Libvirt,
    FormatId::Qemu,
    FormatId::OpenVSwitch,
    FormatId::Syslog,
    FormatId::Journald,
    FormatId::Text,
    FormatId::User("user"),
];

/// What is wrong in a file. `Display` is `file:line: sentence`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}:{line}: {message}", file.display())]
pub struct DataFault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The sentence.
    pub message: String,
}

/// The formats of some directories.
#[derive(Clone, Debug, Default)]
pub struct Formats(Vec<UserFormat>);

/// The formats with which this process reads the records that it keeps. There is one set, because a record is read again from
/// its text wherever it is looked at, and must be read in the same way each time.
static KNOWN: OnceLock<Arc<Formats>> = OnceLock::new();

/// One format that is data.
#[derive(Clone, Debug)]
pub(super) struct UserFormat {
    name: &'static str,
    pattern: Regex,
    groups: Groups,
    time: Option<TimeForm>,
    zone: Zone,
    continuation: Option<Regex>,
    levels: BTreeMap<Vec<u8>, Level>,
}

/// Numbers of the groups in the pattern.
#[derive(Clone, Copy, Debug, Default)]
struct Groups {
    time: Option<usize>,
    pid: Option<usize>,
    level: Option<usize>,
    component: Option<usize>,
    request_id: Option<usize>,
    instance: Option<usize>,
    message: usize,
}

#[derive(Clone, Debug)]
enum TimeForm {
    Iso,
    Unix(i64),
    Letters(String),
}

#[derive(Clone, Copy, Debug, Default)]
enum Zone {
    #[default]
    Local,
    East(i32),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    title: Spanned<BTreeMap<String, String>>,
    pattern: Spanned<String>,
    #[serde(default)]
    time: Option<Spanned<String>>,
    #[serde(default)]
    zone: Option<Spanned<String>>,
    #[serde(default)]
    continuation: Option<Spanned<String>>,
    #[serde(default)]
    levels: BTreeMap<Spanned<String>, Spanned<String>>,
    sample: Spanned<Vec<Spanned<String>>>,
}

impl Formats {
    /// Makes these the formats of this process, if there are none yet.
    pub fn know(self) {
        let _ = KNOWN.set(Arc::new(self));
    }

    /// The formats of this process; none before [`know`](Self::know).
    pub fn known() -> Arc<Self> {
        KNOWN.get().cloned().unwrap_or_default()
    }

    /// Reads `formats/*.toml` of directories with roles; of files with one name the last directory's counts. Directories or
    /// folders that are not there are none.
    pub fn load(dirs: &[PathBuf]) -> Result<Self, Vec<DataFault>> {
        let (mut formats, mut faults) = (Vec::new(), Vec::new());
        for (name, path) in data_files(dirs, "formats") {
            match read_text(&path).and_then(|text| format(&name, &path, &text)) {
                Ok(format) => formats.push(format),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self(formats)) } else { Err(faults) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &UserFormat> {
        self.0.iter()
    }

    pub(super) fn get(&self, number: usize) -> Option<&UserFormat> {
        self.0.get(number)
    }
}

/// The files `FOLDER/*.toml` of directories, by name without the end, the last directory's first.
pub(in super::super) fn data_files(dirs: &[PathBuf], folder: &str) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for dir in dirs {
        let Ok(entries) = std::fs::read_dir(dir.join(folder)) else { continue };
        for path in entries.flatten().map(|e| e.path()) {
            let stem = path.file_stem().and_then(|s| s.to_str()).filter(|s| !s.starts_with('.'));
            if let (Some(stem), Some("toml")) = (stem, path.extension().and_then(|e| e.to_str())) {
                files.insert(stem.to_owned(), path);
            }
        }
    }
    files
}

/// The text of a file of data.
pub(in super::super) fn read_text(path: &Path) -> Result<String, DataFault> {
    let fault = |message: String| DataFault { file: path.to_owned(), line: 1, message };
    let cannot = |e: std::io::Error| fault(format!("the file cannot be read: {e}"));
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > FILE_MAX {
        return Err(fault(format!("the file has {length} bytes; {FILE_MAX} are the most")));
    }
    std::fs::read_to_string(path).map_err(cannot)
}

/// Tells what is wrong at a place of a file.
pub(in super::super) struct Place<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

impl Place<'_> {
    /// A fault at a piece.
    pub fn at<T>(&self, piece: &Spanned<T>, message: impl Into<String>) -> DataFault {
        self.offset(piece.span().start, message)
    }

    /// A fault at a byte.
    pub fn offset(&self, offset: usize, message: impl Into<String>) -> DataFault {
        let line = self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
        DataFault { file: self.path.to_owned(), line, message: message.into() }
    }

    /// What a parser of TOML complains of.
    pub fn toml(&self, e: &toml::de::Error) -> DataFault {
        self.offset(e.span().map_or(0, |s| s.start), e.message().replace('\n', "; "))
    }

    /// Both languages are there and say something.
    pub fn languages(&self, title: &Spanned<BTreeMap<String, String>>) -> Result<(), DataFault> {
        for language in ["en", "zh-CN"] {
            if title.get_ref().get(language).is_none_or(|t| t.trim().is_empty()) {
                return Err(self.at(title, format!("the text in {language} is missing")));
            }
        }
        match title.get_ref().keys().find(|k| !matches!(k.as_str(), "en" | "zh-CN")) {
            Some(other) => Err(self.at(title, format!("'{other}' is no language: en and zh-CN are"))),
            None => Ok(()),
        }
    }

    /// The file is named as what it holds.
    pub fn named(&self, name: &Spanned<String>, stem: &str) -> Result<(), DataFault> {
        let good = (1..=40).contains(&stem.len())
            && stem.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !good {
            return Err(self.at(name, format!("'{stem}' is no name: 1 to 40 of a-z 0-9 -")));
        }
        if name.get_ref() == stem {
            Ok(())
        } else {
            Err(self.at(name, format!("the file is named {stem}, its name says {}", name.get_ref())))
        }
    }
}

fn format(stem: &str, path: &Path, text: &str) -> Result<UserFormat, DataFault> {
    let place = Place { path, text };
    let file: File = toml::from_str(text).map_err(|e| place.toml(&e))?;
    place.named(&file.name, stem)?;
    if BUILT_IN.iter().any(|f| f.name() == stem) {
        return Err(place.at(&file.name, format!("'{stem}' is the name of a format that is built in")));
    }
    place.languages(&file.title)?;
    let pattern = compile(&place, &file.pattern)?;
    let groups = groups(&place, &file.pattern, &pattern)?;
    let format = UserFormat {
        name: intern(stem),
        groups,
        time: time_form(&place, &file, groups)?,
        zone: file.zone.as_ref().map_or(Ok(Zone::Local), |z| zone(&place, z))?,
        continuation: file.continuation.as_ref().map(|c| compile(&place, c)).transpose()?,
        levels: levels(&place, &file)?,
        pattern,
    };
    if file.sample.get_ref().is_empty() {
        return Err(
            place.at(&file.sample, "there is no sample: give one line at least that the pattern matches")
        );
    }
    for sample in file.sample.get_ref() {
        let Some(record) = format.read(sample.get_ref().as_bytes()) else {
            return Err(place.at(sample, "the pattern does not match this line"));
        };
        if format.groups.time.is_some() && record.time.is_none() {
            return Err(place.at(sample, "the time of this line cannot be read with what 'time' says"));
        }
        if format.groups.level.is_some() && record.level.is_none() {
            return Err(
                place.at(sample, "the level of this line is none that is known: add its word to 'levels'")
            );
        }
    }
    Ok(format)
}

fn compile(place: &Place<'_>, pattern: &Spanned<String>) -> Result<Regex, DataFault> {
    if !pattern.get_ref().starts_with('^') {
        return Err(place.at(pattern, "the pattern must begin with ^: it is tried on every line"));
    }
    RegexBuilder::new(pattern.get_ref())
        .size_limit(PATTERN_MAX)
        .build()
        .map_err(|e| place.at(pattern, format!("this is no regular expression: {e}").replace('\n', " ")))
}

fn groups(place: &Place<'_>, written: &Spanned<String>, pattern: &Regex) -> Result<Groups, DataFault> {
    if let Some(other) = pattern.capture_names().flatten().find(|n| !GROUPS.contains(n)) {
        let known = GROUPS.join(", ");
        return Err(place.at(written, format!("the group '{other}' means nothing here; there are {known}")));
    }
    let find = |name: &str| pattern.capture_names().position(|n| n == Some(name));
    let Some(message) = find("message") else {
        return Err(place.at(written, "the group 'message' is missing: (?<message>.*)"));
    };
    Ok(Groups {
        time: find("time"),
        pid: find("pid"),
        level: find("level"),
        component: find("component"),
        request_id: find("request_id"),
        instance: find("instance"),
        message,
    })
}

fn time_form(place: &Place<'_>, file: &File, groups: Groups) -> Result<Option<TimeForm>, DataFault> {
    match (&file.time, groups.time) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(place
            .at(&file.pattern, "there is a group 'time' and no line 'time = …' that says how to read it")),
        (Some(form), None) => Err(place.at(form, "the pattern has no group 'time'")),
        (Some(form), Some(_)) => Ok(Some(match form.get_ref().as_str() {
            "iso" => TimeForm::Iso,
            "unix" => TimeForm::Unix(1_000_000),
            "unix-ms" => TimeForm::Unix(1000),
            "unix-us" => TimeForm::Unix(1),
            letters if letters.contains('%') => TimeForm::Letters(letters.to_owned()),
            other => {
                let message =
                    format!("'{other}' is no form of a time: iso, unix, unix-ms, unix-us, or letters as %Y");
                return Err(place.at(form, message));
            }
        })),
    }
}

fn zone(place: &Place<'_>, zone: &Spanned<String>) -> Result<Zone, DataFault> {
    match zone.get_ref().as_str() {
        "local" => Ok(Zone::Local),
        "utc" => Ok(Zone::East(0)),
        other => match scan::zone(other.as_bytes()) {
            Some((seconds, [])) => Ok(Zone::East(seconds)),
            _ => Err(place.at(zone, format!("'{other}' is no zone: local, utc or an offset as +08:00"))),
        },
    }
}

fn levels(place: &Place<'_>, file: &File) -> Result<BTreeMap<Vec<u8>, Level>, DataFault> {
    let level = |(word, level): (&Spanned<String>, &Spanned<String>)| match level.get_ref().parse() {
        Ok(parsed) => Ok((word.get_ref().as_bytes().to_vec(), parsed)),
        Err(e) => Err(place.at(level, format!("{e}"))),
    };
    file.levels.iter().map(level).collect()
}

/// Names live as long as the process: there are a handful, and records carry them without counting.
fn intern(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}

impl UserFormat {
    /// Reads a line; None when it is not in this format.
    pub(super) fn read<'a>(&self, line: &'a [u8]) -> Option<Record<'a>> {
        let found = self.pattern.captures(line)?;
        let group = |number: Option<usize>| number.and_then(|n| found.get(n)).map(|m| m.as_bytes());
        let take = |number: Option<usize>| group(number).and_then(field);
        let (time, zone_known) = group(self.groups.time).and_then(|t| self.moment(t)).unzip();
        Some(Record {
            time,
            zone_known: zone_known.unwrap_or(false),
            pid: group(self.groups.pid).and_then(scan::number).map(|(pid, _)| pid),
            level: group(self.groups.level)
                .and_then(|w| self.levels.get(w).copied().or_else(|| Level::from_word(w))),
            component: take(self.groups.component),
            request_id: take(self.groups.request_id),
            instance: take(self.groups.instance),
            message: text(group(Some(self.groups.message)).unwrap_or_default()),
            format: FormatId::User(self.name),
            ..Record::default()
        })
    }

    /// Whether a line that does not match belongs to the entry before.
    pub(super) fn continues(&self, line: &[u8]) -> bool {
        self.continuation.as_ref().is_none_or(|c| c.is_match(line))
    }

    /// Microseconds, and whether they are a moment.
    fn moment(&self, bytes: &[u8]) -> Option<(i64, bool)> {
        let (time, own) = match self.time.as_ref()? {
            TimeForm::Iso => {
                let (time, _, rest) = scan::stamp(bytes)?;
                let (micros, rest) =
                    scan::fraction(rest).map_or((0, rest), |(micros, _, rest)| (micros, rest));
                match scan::zone(rest) {
                    Some((east, [])) => (time + micros - i64::from(east) * scan::SECOND, true),
                    None if rest.is_empty() => (time + micros, false),
                    _ => return None,
                }
            }
            TimeForm::Unix(factor) => {
                let (whole, fraction) = match bytes.iter().position(|b| *b == b'.') {
                    Some(at) => (bytes.get(..at)?, scan::fraction(bytes.get(at..)?)?.0),
                    None => (bytes, 0),
                };
                let whole: i64 = std::str::from_utf8(whole).ok()?.parse().ok()?;
                (whole.checked_mul(*factor)?.checked_add(fraction * factor / scan::SECOND)?, true)
            }
            TimeForm::Letters(letters) => {
                let read = jiff::fmt::strtime::parse(letters, bytes).ok()?;
                if let Ok(moment) = read.to_timestamp() {
                    (moment.as_microsecond(), true)
                } else {
                    let local = read.to_datetime().ok()?;
                    (local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond(), false)
                }
            }
        };
        match (own, self.zone) {
            (false, Zone::East(east)) => Some((time - i64::from(east) * scan::SECOND, true)),
            (own, _) => Some((time, own)),
        }
    }
}

#[cfg(test)]
#[path = "user_tests.rs"]
mod tests;
