//! The arrows between the rooms, as `docs/architecture.md` draws them.
//!
//! The tables in the document are the only home of the rules; this test parses them and reads every path in the sources.
//! A failure names the file, the line and what is wrong with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Most lines of a file.
const LINES_MAX: usize = 600;

type Table = BTreeMap<String, BTreeSet<String>>;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rows of the table under the heading `first | …`: names in back quotes of the first and of column `column`.
fn table(document: &str, first: &str, column: usize) -> Table {
    let quoted = Regex::new("`([a-z0-9_]+)`").unwrap();
    let mut lines = document.lines().skip_while(|l| !l.starts_with(&format!("| {first} |")));
    assert!(lines.next().is_some(), "docs/architecture.md has no table that starts with '{first}'");
    let rows: Table = lines
        .skip(1)
        .take_while(|l| l.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            let name =
                quoted.captures(cells[0]).unwrap_or_else(|| panic!("no name in: {line}"))[1].to_owned();
            let cell = cells[column];
            let mut others: BTreeSet<String> = quoted.captures_iter(cell).map(|c| c[1].to_owned()).collect();
            if cell.trim() == "all" {
                others.insert("all".to_owned());
            }
            (name, others)
        })
        .collect();
    assert!(!rows.is_empty(), "the table '{first}' is empty");
    rows
}

fn document() -> String {
    std::fs::read_to_string(top().join("docs/architecture.md")).expect("docs/architecture.md")
}

/// Files under `folder` whose name ends with `.end`, sorted.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![top().join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|e| e.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == end) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(top()).unwrap_or(path).display().to_string()
}

/// The room a source file belongs to: `src/ssh/link.rs` and `src/ssh.rs` belong to `ssh`.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(top().join("src")).unwrap();
    let first = inside.components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Comments and text literals.
static NOISE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r##"(?s)//[^\n]*|/\*.*?\*/|r#".*?"#|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\\n])'"##).unwrap()
});

/// Paths from the crate's root in files that are 1, 2 … deep: `super::` as often as the file is deep leads to the root, too.
static ROOTS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let root =
        |above| Regex::new(&format!(r"\b(?:crate|cpmg|(?:super::){{{above}}}super)::(\{{|\w+)")).unwrap();
    (0..6).map(root).collect()
});

/// The code with comments and text literals blanked out; lines stay where they are.
fn code(source: &str) -> String {
    NOISE
        .replace_all(source, |c: &regex::Captures<'_>| {
            c[0].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect::<String>()
        })
        .into_owned()
}

/// First names of every path that starts at the crate's root, each with its line.
fn arrows(path: &Path, code: &str) -> Vec<(usize, String)> {
    let inside = path.strip_prefix(top().join("src")).unwrap();
    let depth = inside.components().count() - usize::from(path.ends_with("mod.rs"));
    let mut found = Vec::new();
    for hit in ROOTS[depth - 1].captures_iter(code) {
        let line = code[..hit.get(0).unwrap().start()].matches('\n').count() + 1;
        if &hit[1] == "{" {
            found.extend(group(&code[hit.get(0).unwrap().end()..]).into_iter().map(|name| (line, name)));
        } else {
            found.push((line, hit[1].to_owned()));
        }
    }
    found
}

/// First names in `a::{b, c}, d}`, the rest of a group after its brace.
fn group(rest: &str) -> Vec<String> {
    let (mut depth, mut fresh, mut names) = (1, true, Vec::new());
    let mut word = String::new();
    for c in rest.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() && fresh && depth == 1 {
            names.push(word.clone());
            fresh = false;
        }
        word.clear();
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn report(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}\n", faults.join("\n  "));
}

#[test]
fn every_arrow_is_in_the_table() {
    let may = table(&document(), "room", 2);
    let mut faults = Vec::new();
    for path in files("src", "rs") {
        let from = room(&path);
        let Some(allowed) = may.get(&from) else {
            faults.push(format!("{}: the room '{from}' is not in the table", shown(&path)));
            continue;
        };
        let source = std::fs::read_to_string(&path).unwrap();
        for (line, to) in arrows(&path, &code(&source)) {
            if to != from && may.contains_key(&to) && !allowed.contains(&to) && !allowed.contains("all") {
                faults.push(format!("{}:{line}: '{from}' must not use '{to}'", shown(&path)));
            }
        }
    }
    report("arrows that docs/architecture.md does not draw", &faults);
}

#[test]
fn crates_stay_in_their_rooms() {
    let only = table(&document(), "crate", 1);
    let mut faults = Vec::new();
    for path in files("src", "rs") {
        let here = room(&path);
        let code = code(&std::fs::read_to_string(&path).unwrap());
        let strangers =
            only.iter().filter(|(name, rooms)| !rooms.contains(&here) && code.contains(name.as_str()));
        for (name, rooms) in strangers {
            let named = Regex::new(&format!(r"(?:^|[^\w:]){name}::|\buse {name}\b")).unwrap();
            for (number, line) in code.lines().enumerate() {
                if named.is_match(line) {
                    let rooms = rooms.iter().cloned().collect::<Vec<_>>().join(", ");
                    faults.push(format!("{}:{}: '{name}' is only for {rooms}", shown(&path), number + 1));
                }
            }
        }
    }
    report("crates outside their rooms", &faults);
}

#[test]
fn domain_is_pure() {
    let impure = Regex::new(
        r"\b(async fn|\.await|std::fs|std::process|std::net::(Tcp|Udp|UnixStream)|SystemTime|Instant::now|getrandom|tokio|rand)\b",
    )
    .unwrap();
    let mut faults = Vec::new();
    for path in files("src/domain", "rs") {
        let code = code(&std::fs::read_to_string(&path).unwrap());
        for (number, line) in code.lines().enumerate() {
            if let Some(hit) = impure.find(line) {
                faults.push(format!("{}:{}: {}", shown(&path), number + 1, hit.as_str()));
            }
        }
    }
    report("the domain does IO, waits, reads a clock or throws dice", &faults);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut faults = Vec::new();
    for (folder, end) in [("src", "rs"), ("tests", "rs"), ("benches", "rs"), ("roles", "sh"), ("tests", "py")]
    {
        for path in files(folder, end) {
            let source = std::fs::read_to_string(&path).unwrap();
            let lines = source.lines().count();
            if lines > LINES_MAX {
                faults.push(format!("{}: {lines} lines, {LINES_MAX} are the most", shown(&path)));
            }
            if end == "rs" && !source.starts_with("//!") {
                faults.push(format!("{}: does not open with what it is for (//!)", shown(&path)));
            }
        }
    }
    report("files that are too long or do not say what they are for", &faults);
}

#[test]
fn the_reader_of_paths_reads_paths() {
    let path = top().join("src/ssh/link.rs");
    let source = "use crate::{domain::{ids, net}, store::Thing};\n// crate::tui\nlet x = crate::engine::go(\"crate::sim\");\nuse super::super::cli;\n";
    let names: Vec<String> = arrows(&path, &code(source)).into_iter().map(|(_, n)| n).collect();
    assert_eq!(names, ["domain", "store", "engine", "cli"]);
}
