//! What the engine refuses is said in the language of the screens: each refusal has the key of a sentence.

use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Refusals without a key, by file: how many, and why.
const BARE: [(&str, usize, &str); 15] = [
    ("engine/asks.rs", 1, "a helper, its callers add the key"),
    ("engine/check.rs", 1, "a helper, its callers add the key"),
    ("engine/cobbler.rs", 1, "words of a parser"),
    ("engine/connection.rs", 1, "an answer that cannot be encoded: a fault of the program"),
    ("engine/credential_sets.rs", 1, "a helper, its callers add the key"),
    ("engine/exports.rs", 2, "a task that broke off: a fault of the program"),
    ("engine/jobs.rs", 2, "words of the operating system; words of a parser"),
    ("engine/loki/mod.rs", 2, "the key is added where the kind is known; words of a parser"),
    ("engine/nodes.rs", 2, "a helper, its callers add the key; faults of SSH bring their own"),
    ("engine/options.rs", 2, "a helper, its callers add the key; words of a parser"),
    ("engine/parcel.rs", 1, "a fault of the program or of this host"),
    ("engine/reports.rs", 1, "a task that broke off: a fault of the program"),
    ("engine/tasks.rs", 1, "a helper, its callers add the key"),
    ("tui/moving.rs", 1, "what went wrong between the screens and the engine"),
    ("tui/run.rs", 1, "what went wrong between the screens and the engine"),
];

/// Where the parenthesis is closed that was opened before `from`.
fn closed(text: &str, from: usize) -> usize {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    panic!("a parenthesis is not closed: {}", &text[from..]);
}

/// Every refusal of a source, with the calls that follow.
fn refusals(source: &str) -> Vec<&str> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let made = Regex::new(r"Failure::new\(|(?:fn )?\binvalid\(").unwrap();
    let call = Regex::new(r"^\s*\.\w+\(").unwrap();
    let mut found = Vec::new();
    for start in made.find_iter(code).filter(|m| !m.as_str().starts_with("fn ")) {
        let mut end = closed(code, start.end());
        while let Some(next) = call.find(&code[end..]) {
            end = closed(code, end + next.end());
        }
        found.push(&code[start.start()..end]);
    }
    found
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let test = path.file_stem().unwrap().to_string_lossy().contains("test");
        if path.is_dir() && !test {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") && !test {
            out.push(path);
        }
    }
}

#[test]
fn every_refusal_has_a_sentence_in_both_languages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let mut bare: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut keyed = 0;
    for path in all {
        let source = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        for refusal in refusals(&source) {
            if refusal.contains(".keyed(") {
                keyed += 1;
            } else {
                bare.entry(name.clone()).or_default().push(refusal.to_owned());
            }
        }
    }
    assert!(keyed > 150, "{keyed}");
    for (file, found) in &bare {
        let allowed = BARE.iter().find(|(name, ..)| name == file).map_or(0, |(_, count, _)| *count);
        assert!(found.len() <= allowed, "{file}, without a key of the catalogue: {found:#?}");
    }
}

#[test]
fn a_refusal_without_a_key_is_found() {
    let source = r#"
        fn invalid(why: &str) -> Failure { other(why) }
        let a = Failure::new(Kind::Busy, format!("{} (x)", name())).at("a");
        let b = invalid("b")
            .keyed("error-b").arg("b", 1);
        "#;
    let found = refusals(source);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(!found[0].contains(".keyed(") && found[0].ends_with(".at(\"a\")"), "{found:?}");
    assert!(found[1].contains(".keyed(") && found[1].ends_with(".arg(\"b\", 1)"), "{found:?}");
}
