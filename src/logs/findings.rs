//! Findings: errors that are known, what they mean and how they are mended.
//!
//! They are data: `roles/findings/*.toml`, and the operator's own directory, whose file of the same name wins. Each has an id, a pattern
//! that is looked for in an entry's text, the services it is for, texts in both languages, and samples that must match, so that a
//! finding that cannot be found is refused. [`Findings::find`] is pure: text in, finding out, all patterns in one pass.

use super::format::{DataFault, Place, data_files, read_text};
use crate::domain::logs::Level;
use crate::domain::text::beginning;
use regex::{RegexSet, RegexSetBuilder};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Largest compiled set of patterns, bytes.
const PATTERNS_MAX: usize = 16 << 20;
/// Bytes of a text that are looked at: errors are named at the beginning, and at the end of a traceback.
const LOOKED_AT: usize = 16 << 10;

/// One known error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name, lower case with hyphens; unique.
    pub id: String,
    /// Modules it can come from; none: any.
    pub services: Vec<String>,
    /// What it is, in a few words, by language (`en`, `zh-CN`).
    pub title: BTreeMap<String, String>,
    /// What it means.
    pub meaning: BTreeMap<String, String>,
    /// What to do.
    pub mend: BTreeMap<String, String>,
}

/// All known errors.
#[derive(Clone, Debug)]
pub struct Findings {
    list: Vec<Finding>,
    set: RegexSet,
}

impl Default for Findings {
    fn default() -> Self {
        Self { list: Vec::new(), set: RegexSet::empty() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    finding: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Spanned<String>,
    #[serde(default)]
    services: Vec<String>,
    pattern: Spanned<String>,
    sample: Spanned<Vec<Spanned<String>>>,
    title: Spanned<BTreeMap<String, String>>,
    meaning: Spanned<BTreeMap<String, String>>,
    mend: Spanned<BTreeMap<String, String>>,
}

impl Findings {
    /// Reads `findings/*.toml` of directories with roles; of files with one name the last directory's counts.
    pub fn load(dirs: &[PathBuf]) -> Result<Self, Vec<DataFault>> {
        let (mut list, mut patterns, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let mut ids = BTreeSet::new();
        for path in data_files(dirs, "findings").into_values() {
            let text = match read_text(&path) {
                Ok(text) => text,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            let place = Place { path: &path, text: &text };
            match toml::from_str::<File>(&text) {
                Ok(file) => {
                    for raw in file.finding {
                        match check(&place, &raw, &mut ids) {
                            Ok(()) => {
                                patterns.push(raw.pattern.into_inner());
                                list.push(Finding {
                                    id: raw.id.into_inner(),
                                    services: raw.services,
                                    title: raw.title.into_inner(),
                                    meaning: raw.meaning.into_inner(),
                                    mend: raw.mend.into_inner(),
                                });
                            }
                            Err(fault) => faults.push(fault),
                        }
                    }
                }
                Err(e) => faults.push(place.toml(&e)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        match RegexSetBuilder::new(&patterns).size_limit(PATTERNS_MAX).build() {
            Ok(set) => Ok(Self { list, set }),
            Err(e) => {
                let file =
                    dirs.last().map_or_else(|| Path::new("findings").to_owned(), |d| d.join("findings"));
                Err(vec![DataFault {
                    file,
                    line: 1,
                    message: format!("the patterns together are too large: {e}"),
                }])
            }
        }
    }

    /// The finding of an entry. `service`: the module whose log it is, if that is known. Entries that are no warning and no error
    /// are not looked at; those of unknown level are (what programs print has none).
    pub fn find(&self, service: Option<&str>, level: Option<Level>, text: &str) -> Option<&Finding> {
        if level.is_some_and(|l| l < Level::Warning) {
            return None;
        }
        self.find_in(service, beginning(text, LOOKED_AT)).or_else(|| self.find_in(service, tail(text)?))
    }

    /// As [`find`](Self::find), of a text as it came: only one that is looked at is made readable.
    pub fn find_raw(&self, service: Option<&str>, level: Option<Level>, text: &[u8]) -> Option<&Finding> {
        if level.is_some_and(|l| l < Level::Warning) || self.list.is_empty() {
            return None;
        }
        self.find(service, level, &String::from_utf8_lossy(text))
    }

    fn find_in(&self, service: Option<&str>, text: &str) -> Option<&Finding> {
        let fits = |f: &&Finding| match service {
            Some(service) => f.services.is_empty() || f.services.iter().any(|s| s == service),
            None => true,
        };
        self.set.matches(text).iter().filter_map(|n| self.list.get(n)).find(fits)
    }

    /// The finding of that id.
    pub fn get(&self, id: &str) -> Option<&Finding> {
        self.list.iter().find(|f| f.id == id)
    }

    /// All of them, in the order of files and lines; the first that matches counts.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }
}

impl Finding {
    /// One of its texts in a language, in English where there is none.
    pub fn text<'a>(texts: &'a BTreeMap<String, String>, language: &str) -> &'a str {
        texts.get(language).or_else(|| texts.get("en")).map_or("", String::as_str)
    }
}

/// The end of a text that is longer than what was looked at.
fn tail(text: &str) -> Option<&str> {
    if text.len() <= LOOKED_AT {
        return None;
    }
    text.get(text.ceil_char_boundary(text.len() - LOOKED_AT)..)
}

fn check(place: &Place<'_>, raw: &Raw, ids: &mut BTreeSet<String>) -> Result<(), DataFault> {
    let id = raw.id.get_ref();
    let good = (1..=40).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !good {
        return Err(place.at(&raw.id, format!("'{id}' is no name: 1 to 40 of a-z 0-9 -")));
    }
    if !ids.insert(id.clone()) {
        return Err(place.at(&raw.id, format!("there are two findings '{id}'")));
    }
    for texts in [&raw.title, &raw.meaning, &raw.mend] {
        place.languages(texts)?;
    }
    let pattern = regex::Regex::new(raw.pattern.get_ref()).map_err(|e| {
        place.at(&raw.pattern, format!("this is no regular expression: {e}").replace('\n', " "))
    })?;
    if pattern.is_match("") {
        return Err(place.at(&raw.pattern, "the pattern matches everything"));
    }
    if raw.sample.get_ref().is_empty() {
        return Err(
            place.at(&raw.sample, "there is no sample: give one line at least that the pattern matches")
        );
    }
    match raw.sample.get_ref().iter().find(|s| !pattern.is_match(s.get_ref())) {
        Some(sample) => Err(place.at(sample, "the pattern does not match this line")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;
    use crate::logs::format::{Entries, Options};

    fn top() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn ours() -> Findings {
        Findings::load(&[top().join("roles")]).unwrap_or_else(|f| panic!("{f:#?}"))
    }

    /// Every finding is found: each sample is a whole line, which the parser reads first.
    #[test]
    fn every_finding_is_found_in_its_samples() {
        let findings = ours();
        assert!(findings.iter().count() >= 30);
        for path in data_files(&[top().join("roles")], "findings").into_values() {
            let file: File = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            for raw in file.finding {
                for sample in raw.sample.get_ref() {
                    let entry = Entries::new(sample.get_ref().as_bytes(), Options::default())
                        .next()
                        .unwrap()
                        .unwrap();
                    let service = raw.services.first().map(String::as_str);
                    let found = findings.find(service, entry.record.level, &entry.record.message);
                    assert_eq!(
                        found.map(|f| f.id.as_str()),
                        Some(raw.id.get_ref().as_str()),
                        "{}",
                        sample.get_ref()
                    );
                    assert!(findings.find(None, Some(Level::Info), &entry.record.message).is_none());
                }
            }
        }
    }

    /// What services write while nothing is wrong.
    #[test]
    fn healthy_services_match_nothing() {
        let findings = ours();
        let mut seen = 0;
        for name in [
            "apache-access.log",
            "apache-error.log",
            "dpkg",
            "journal-short-iso.log",
            "oslo-crlf.log",
            "oslo-devstack.log",
            "oslo-global-request.log",
            "oslo-six-words.log",
            "openvswitch.log",
            "rabbitmq.log",
            "rabbitmq-3.8.log",
            "syslog.log",
            "uwsgi-neutron-coloured.log",
            "uwsgi-nova-api.log",
        ] {
            let Ok(bytes) = std::fs::read(top().join("fixtures/logs").join(name)) else { continue };
            for entry in Entries::new(&*bytes, Options::default()) {
                let record = entry.unwrap().record;
                // Whatever the level is.
                let found = findings.find(None, None, &record.message);
                assert!(found.is_none(), "{name}: {found:?} in {}", record.message);
                seen += 1;
            }
        }
        assert!(seen > 60, "{seen}");
    }

    /// The whole sample of a cloud, where it is there: what is information matches nothing, and its failures are found.
    #[test]
    fn a_cloud_that_failed_and_was_mended() {
        let places = [top().join("../shared/data/oslogs"), top().join("../../shared/data/oslogs")];
        let Some(folder) = places.iter().find(|p| p.is_dir()) else {
            eprintln!("skipped: there is no ../shared/data/oslogs here");
            return;
        };
        let findings = ours();
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        let mut open = vec![folder.clone()];
        while let Some(folder) = open.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                for entry in Entries::new(std::fs::File::open(&path).unwrap(), Options::default()) {
                    let record = entry.unwrap().record;
                    if record.level.is_some_and(|l| l <= Level::Info) {
                        let found = findings.find(None, None, &record.message);
                        assert!(found.is_none(), "{}: {found:?} in {}", path.display(), record.message);
                    } else if let Some(found) = findings.find(None, record.level, &record.message) {
                        *count.entry(found.id.clone()).or_default() += 1;
                    }
                }
            }
        }
        eprintln!("{count:?}");
        for id in
            ["database-empty", "rabbitmq-unreachable", "cgroup-read-only", "apache-ssl-site", "rpc-timeout"]
        {
            assert!(count.contains_key(id), "{id}: {count:?}");
        }
    }

    #[test]
    fn services_and_languages() {
        let findings = ours();
        let text = "unsupported configuration: spice graphics are not supported with this QEMU";
        assert!(findings.find(Some("nova"), Some(Level::Error), text).is_some());
        assert!(findings.find(Some("keystone"), Some(Level::Error), text).is_none());
        let finding = findings.get("spice-not-there").unwrap();
        assert_eq!(Finding::text(&finding.title, "en"), "QEMU has no SPICE");
        assert_eq!(Finding::text(&finding.title, "zh-CN"), "QEMU 不支持 SPICE");
        assert_eq!(Finding::text(&finding.title, "fr"), "QEMU has no SPICE");
    }

    #[test]
    fn the_cause_at_the_end_of_a_long_traceback_is_found() {
        let findings = ours();
        let text = format!("failed\n{}\nOSError: [Errno 28] No space left on device", "é".repeat(50_000));
        assert_eq!(findings.find(None, None, &text).map(|f| f.id.as_str()), Some("disk-full"));
    }

    #[test]
    fn faults_say_where() {
        const GOOD: &str = "[[finding]]\nid = \"own\"\npattern = 'bad'\nsample = [\"too bad\"]\n\
            title = { en = \"a\", zh-CN = \"b\" }\nmeaning = { en = \"a\", zh-CN = \"b\" }\nmend = { en = \"a\", zh-CN = \"b\" }\n";
        let load = |text: &str| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("findings")).unwrap();
            std::fs::write(dir.path().join("findings/own.toml"), text).unwrap();
            Findings::load(&[dir.path().to_owned()])
        };
        assert_eq!(load(GOOD).unwrap().iter().count(), 1);
        for (text, line, words) in [
            (GOOD.replace("\"own\"", "\"Own\""), 2, "is no name"),
            (GOOD.replace("'bad'", "'('"), 3, "no regular expression"),
            (GOOD.replace("'bad'", "'b*'"), 3, "matches everything"),
            (GOOD.replace("too bad", "good"), 4, "does not match this line"),
            (GOOD.replace("[\"too bad\"]", "[]"), 4, "no sample"),
            (GOOD.replacen(", zh-CN = \"b\"", "", 1), 5, "zh-CN is missing"),
            (GOOD.replace("mend", "mand"), 7, "unknown field"),
            (format!("{GOOD}{GOOD}"), 9, "there are two findings 'own'"),
        ] {
            let told = load(&text).unwrap_err()[0].to_string();
            assert!(told.contains(&format!("own.toml:{line}: ")) && told.contains(words), "{told}");
        }
    }
}
