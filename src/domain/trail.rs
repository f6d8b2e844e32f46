//! The audit trail as a chain: each entry's hash covers the entry, its number and the hash before it.
//!
//! An entry that was changed, put in or taken out breaks the chain where it stood. That the newest ones were cut off, or the whole was
//! written anew, is told by the head, which the engine keeps sealed with its key. Here are the hash, the look at a whole trail, and what
//! of a change of records is written down; keeping them is the engine's.
//!
//! The hash is made of the entry as JSON with its names in alphabetical order and without what is empty, so that a later version may
//! give entries more fields.

use super::audit::{AuditEntry, Difference};
use super::said;
use super::text::{beginning, harmless};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Faults of a trail that are told; there may be more.
const FAULTS_MAX: usize = 20;
/// Differences that one entry keeps.
pub const DIFFERENCES_MAX: usize = 24;
/// Bytes of a value that are kept before and after a change.
const VALUE_MAX: usize = 160;
/// Shown in the place of a value that is secret, or may be.
pub const MASK: &str = "(hidden)";

/// Hash of an entry behind `before`, the hash of the entry before it; empty for the first.
pub fn hash(before: &str, number: u64, entry: &AuditEntry) -> String {
    let mut value = said::whole(|| serde_json::to_value(entry)).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.remove("hash");
        fields.retain(|_, v| !v.is_null() && v.as_array().is_none_or(|a| !a.is_empty()));
    }
    let mut text = Sha256::new();
    text.update(format!("{before}\n{number}\n{}", in_order(&value)));
    hex::encode(text.finalize())
}

/// JSON with the names of every object in alphabetical order, however this program was built.
fn in_order(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            let pair = |n: &String| {
                format!("{}:{}", Value::from(n.as_str()), in_order(fields.get(n).unwrap_or(&Value::Null)))
            };
            format!("{{{}}}", names.into_iter().map(pair).collect::<Vec<_>>().join(","))
        }
        Value::Array(all) => format!("[{}]", all.iter().map(in_order).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// The newest entry, as it is kept beside the trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the first entry that has a hash.
    pub first: u64,
    /// Number of the newest.
    pub number: u64,
    /// Its hash.
    pub hash: String,
}

/// A place at which a trail is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailFault {
    /// Number of the entry.
    pub number: u64,
    /// What is wrong.
    pub why: String,
}

/// What a look at a whole trail found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrailReport {
    /// Entries in the chain.
    pub entries: u64,
    /// Entries from before there was a chain: nothing proves them.
    pub older: u64,
    /// Number and hash of the newest entry.
    pub head: Option<(u64, String)>,
    /// What is wrong; nothing, if it is whole.
    pub faults: Vec<TrailFault>,
}

/// An entry in an exported trail, one a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Its number.
    pub number: u64,
    /// The entry.
    #[serde(flatten)]
    pub entry: AuditEntry,
}

impl Line {
    /// As it is exported: with the key of its sentence and all of its arguments, which the hash covers too.
    pub fn json(&self) -> serde_json::Result<String> {
        said::whole(|| serde_json::to_string(self))
    }
}

/// Looks at entries one after the other, oldest first.
#[derive(Default)]
pub struct Verifier {
    report: TrailReport,
    before: String,
    first: Option<u64>,
}

impl Verifier {
    /// The next entry. After a fault the chain is followed on from what stands there, so that further faults are found.
    pub fn take(&mut self, number: u64, entry: &AuditEntry) {
        if entry.hash.is_empty() {
            match self.first {
                None => self.report.older += 1,
                Some(_) => self.fault(number, "it has no hash: it was put in"),
            }
            return;
        }
        let first = self.first.is_none();
        self.first.get_or_insert(number);
        if hash(&self.before, number, entry) != entry.hash {
            let why = if first {
                "it was changed, or the beginning is missing"
            } else {
                "it was changed, or something before it was taken out or put in"
            };
            self.fault(number, why);
        }
        self.before.clone_from(&entry.hash);
        self.report.entries += 1;
        self.report.head = Some((number, entry.hash.clone()));
    }

    /// The end. `head` is what was kept beside the trail; `None` where that is not known, as for a file.
    pub fn end(mut self, head: Option<&Head>) -> TrailReport {
        if let Some(head) = head {
            let (number, hash) = self.report.head.clone().unwrap_or_default();
            if number < head.number {
                let why = format!("the newest entries are missing: the trail went on to {}", head.number);
                self.fault(number, &why);
            } else if (number, &hash) != (head.number, &head.hash) {
                self.fault(number, "the end is not what the engine wrote last");
            }
            if self.first.is_some_and(|first| first != head.first) {
                self.fault(head.first, "the chain does not begin where the engine began it");
            }
        }
        self.report
    }

    fn fault(&mut self, number: u64, why: &str) {
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(TrailFault { number, why: why.to_owned() });
        }
    }
}

/// Whether a field of that name may hold something secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = [
        "password",
        "passphrase",
        "secret",
        "token",
        "hash",
        "sealed",
        "private",
        "recovery",
        "totp",
        "seed",
    ];
    words.iter().any(|w| name.contains(w))
}

/// What changed between two records. Fields that may be secret are named, and their values masked; what every change changes is left out.
pub fn differences(what: &str, before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(what, before, after, &mut found);
    found.truncate(DIFFERENCES_MAX);
    found
}

/// A change of something sealed.
pub fn sealed(what: &str, before: bool, after: bool) -> Difference {
    let shown = |there: bool| if there { MASK.to_owned() } else { String::new() };
    Difference { what: harmless(what), before: shown(before), after: shown(after) }
}

fn walk(path: &str, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    if before == after || found.len() >= DIFFERENCES_MAX {
        return;
    }
    let name = path.rsplit('.').next().unwrap_or_default();
    if matches!(name, "revision" | "changed" | "changed_by") {
        return;
    }
    if !is_secret(name)
        && let (Value::Object(b), Value::Object(a)) = (before, after)
    {
        let mut names: Vec<&String> = b.keys().chain(a.keys().filter(|k| !b.contains_key(*k))).collect();
        names.sort();
        for name in names {
            let side = |m: &serde_json::Map<String, Value>| m.get(name).cloned().unwrap_or_default();
            walk(&format!("{path}.{name}"), &side(b), &side(a), found);
        }
        return;
    }
    let shown = |value: &Value| match value {
        Value::Null => String::new(),
        _ if is_secret(name) => MASK.to_owned(),
        Value::String(text) => lines_without_secrets(text),
        other => lines_without_secrets(&masked(other).to_string()),
    };
    found.push(Difference { what: harmless(path), before: shown(before), after: shown(after) });
}

/// A value in which fields that may be secret are masked.
fn masked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(k, v)| (k.clone(), if is_secret(k) { Value::from(MASK) } else { masked(v) }))
            .collect(),
        Value::Array(all) => all.iter().map(masked).collect(),
        // Files of options: `password = …` stands in their text.
        Value::String(text) => Value::from(lines_without_secrets(text)),
        other => other.clone(),
    }
}

/// A text, cut, in which lines that set something secret have no value.
fn lines_without_secrets(text: &str) -> String {
    let line = |line: &str| match line.split_once(['=', ':']) {
        Some((name, _)) if is_secret(name) => format!("{}= {MASK}", name.trim_end()),
        // The password in a URL.
        _ => super::text::without_login(line),
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    let whole = harmless(&lines.join(" / "));
    let cut = beginning(&whole, VALUE_MAX);
    if cut.len() < whole.len() { format!("{cut}…") } else { whole }
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
    use crate::domain::audit::AuditKind;
    use crate::domain::time::Moment;
    use serde_json::json;

    fn trail(n: u64) -> (Vec<(u64, AuditEntry)>, Head) {
        let (mut before, mut all) = (String::new(), Vec::new());
        for number in (1..=n).map(|i| i * 2) {
            let mut entry = AuditEntry::new(Moment(number), "ada", AuditKind::Lock, format!("deed {number}"));
            entry.hash = hash(&before, number, &entry);
            before.clone_from(&entry.hash);
            all.push((number, entry));
        }
        (all, Head { first: 2, number: n * 2, hash: before })
    }

    fn look(all: &[(u64, AuditEntry)], head: &Head) -> TrailReport {
        let mut verifier = Verifier::default();
        for (n, e) in all {
            verifier.take(*n, e);
        }
        verifier.end(Some(head))
    }

    #[test]
    fn the_hash_covers_what_screens_say_too_and_entries_without_it_keep_theirs() {
        let plain = AuditEntry::new(Moment(5), "ada", AuditKind::Lock, "locked it");
        // As the release before wrote it.
        let old = r#"{"at":5,"by":"ada","kind":"lock","what":"locked it"}"#;
        let mut text = Sha256::new();
        text.update(format!("\n7\n{old}"));
        assert_eq!(hash("", 7, &plain), hex::encode(text.finalize()));

        let inner = said::sentence!("role-compute", "compute");
        let what = said::sentence!("deed-scope-role", "role {role}",; role = inner);
        let mut keyed = AuditEntry::new(Moment(5), "ada", AuditKind::Lock, what);
        keyed.hash = hash("", 1, &keyed);
        let line = Line { number: 1, entry: keyed }.json().unwrap();
        let take = |line: &str| {
            let Line { number, entry } = serde_json::from_str(line).unwrap();
            let mut verifier = Verifier::default();
            verifier.take(number, &entry);
            verifier.report.faults.len()
        };
        assert_eq!(take(&line), 0, "{line}");
        for (old, new) in [("deed-scope-role", "deed-scope-all"), ("role-compute", "role-storage")] {
            assert_eq!(take(&line.replace(old, new)), 1, "{new}");
        }
    }

    #[test]
    fn a_whole_trail_is_whole_and_every_tampering_is_found() {
        let (all, head) = trail(5);
        assert_eq!(look(&all, &head).faults, []);
        assert_eq!(look(&all, &head).entries, 5);
        for at in 0..5 {
            let mut changed = all.clone();
            changed[at].1.by = "eve".into();
            assert_eq!(look(&changed, &head).faults[0].number, all[at].0, "changed at {at}");
            let mut out = all.clone();
            out.remove(at);
            assert!(!look(&out, &head).faults.is_empty(), "removed at {at}");
            let mut renumbered = all.clone();
            renumbered[at].0 += 1;
            assert!(!look(&renumbered, &head).faults.is_empty(), "renumbered at {at}");
            let mut put_in = all.clone();
            put_in.insert(at + 1, (all[at].0 + 1, AuditEntry::new(Moment(1), "eve", AuditKind::Lock, "x")));
            assert!(!look(&put_in, &head).faults.is_empty(), "put in after {at}");
        }
        // Written anew by somebody who has no key: whole in itself, but not what the engine keeps.
        let (short, other) = trail(3);
        assert_eq!(look(&short, &other).faults, []);
        assert!(look(&short, &head).faults[0].why.contains("went on to 10"));
    }

    #[test]
    fn entries_from_before_the_chain_are_counted() {
        let (mut all, head) = trail(2);
        all.insert(0, (1, AuditEntry::new(Moment(1), "ada", AuditKind::Lock, "old")));
        let report = look(&all, &head);
        assert_eq!((report.older, report.entries, report.faults.len()), (1, 2, 0));
    }

    #[test]
    fn the_hash_stays_the_same_through_a_file() {
        let (all, _) = trail(1);
        let text = serde_json::to_string(&all[0].1).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let back: AuditEntry = serde_json::from_value(value).unwrap();
        assert_eq!(hash("", 2, &back), all[0].1.hash);
    }

    #[test]
    fn what_changed_is_said_and_no_secret() {
        let before =
            json!({"name": "prod", "revision": 1, "parallel": 5, "password_hash": "$argon2", "options": []});
        let after = json!({"name": "prod", "revision": 2, "parallel": 9, "password_hash": "$other",
            "options": [{"file": "nova.conf", "text": "[a]\ntransport_url = rabbit://u:S3cret@h\nadmin_password = S3cret"}]});
        let told = differences("environment", &before, &after);
        let text = format!("{told:?}");
        assert!(!text.contains("S3cret") && !text.contains("argon"), "{text}");
        let names: Vec<&str> = told.iter().map(|d| d.what.as_str()).collect();
        assert_eq!(names, ["environment.options", "environment.parallel", "environment.password_hash"]);
        assert_eq!((told[1].before.as_str(), told[1].after.as_str()), ("5", "9"));
    }
}
