//! Every page in every state it can be in. One table says for each page (and each of its tabs) and each state where its picture
//! is, or why the page cannot be in that state; the test below finds pages that are not in it.
//!
//! Pictures of states that no other test has are taken here: all of a page and a language in one file, 80x24 and 160x50, and
//! once without colours, with the attributes of the cells under their lines.

mod cloud;
mod environment;
mod jobs;
mod nodes;
mod people;

use super::harness::{NOW, Rig, footer_is_true};
use crate::api::{Failure, FailureKind};
use crate::domain::user::UserRole;
use crate::tui::event::Event;
use crate::tui::i18n::{Catalogue, Language};
use crate::tui::theme::{self, Colours};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The states, in the order of the table.
const STATES: [&str; 6] = ["empty", "one", "many", "error", "busy", "no permission"];

/// Where the picture of a state is.
enum Case {
    /// Taken by another test, under this name.
    Seen(&'static str),
    /// Taken here.
    Shown(fn() -> Rig),
    /// The page cannot be in this state, because.
    Never(&'static str),
}
use Case::{Never, Seen, Shown};

/// A page, or a tab of one, with its six states.
struct Row {
    page: &'static str,
    tab: &'static str,
    cases: [Case; 6],
}

fn row(page: &'static str, cases: [Case; 6]) -> Row {
    Row { page, tab: "", cases }
}

fn tab(page: &'static str, tab: &'static str, cases: [Case; 6]) -> Row {
    Row { page, tab, cases }
}

fn table() -> Vec<Row> {
    [environment::rows(), nodes::rows(), cloud::rows(), jobs::rows(), people::rows()]
        .into_iter()
        .flatten()
        .collect()
}

/// What an engine says that will not.
fn refused() -> Failure {
    Failure::new(FailureKind::Engine, "no").keyed("error-unknown-request")
}

/// The engine has been away for a while.
fn lost(mut rig: Rig) -> Rig {
    rig.event(Event::Lost);
    rig.at = NOW.plus(7_000);
    rig.event(Event::ConnectFailed { why: "no engine answers at /run/cpmg".into(), retry_ms: 4_000 });
    rig
}

/// After these keys.
fn keyed(mut rig: Rig, keys: &str) -> Rig {
    rig.keys(keys);
    rig
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui")
}

fn sources(dir: &Path, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Names of the pages in the code, with the tabs that they turn.
fn pages() -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    sources(&folder(), &mut files);
    let name = Regex::new(r"(?s)fn name\(&self\).*?\n    }").unwrap();
    let word = Regex::new("\"([a-z0-9-]+)\"").unwrap();
    let turned = Regex::new(r"const ALL: &'static \[Self\] = &\[([^\]]+)\]").unwrap();
    let mut out = BTreeMap::new();
    for file in files {
        let tabs: BTreeSet<String> = turned.captures(&file).map_or_else(BTreeSet::new, |c| {
            c[1].split(',').map(|t| t.trim().trim_start_matches("Self::").to_lowercase()).collect()
        });
        for screen in file.split("\nimpl Screen for ").skip(1) {
            let body = &screen[..screen.find("\n}").unwrap()];
            if body.contains("fn is_dialog") {
                continue;
            }
            let named = name.find(body).unwrap().as_str();
            for c in word.captures_iter(named) {
                out.insert(c[1].to_owned(), tabs.clone());
            }
        }
    }
    out
}

/// Forms that stand before everything are pages, too; their kind is the forms'.
const GATES: [&str; 4] = ["first-administrator", "locked", "login", "password-first"];

#[test]
fn every_page_is_in_the_table_in_every_state() {
    let mut wanted: BTreeSet<(String, String)> = GATES.iter().map(|g| ((*g).into(), String::new())).collect();
    for (page, tabs) in pages() {
        if tabs.is_empty() {
            wanted.insert((page, String::new()));
        } else {
            wanted.extend(tabs.into_iter().map(|tab| (page.clone(), tab)));
        }
    }
    assert!(wanted.len() > 40, "{wanted:?}");
    let table = table();
    let have: Vec<(String, String)> = table.iter().map(|r| (r.page.into(), r.tab.into())).collect();
    let known: BTreeSet<_> = have.iter().cloned().collect();
    assert_eq!(known.len(), have.len(), "a page is there twice");
    assert_eq!(
        wanted.difference(&known).collect::<Vec<_>>(),
        Vec::<&(String, String)>::new(),
        "not in the table"
    );
    assert_eq!(known.difference(&wanted).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "no page");
    for row in &table {
        for (case, state) in row.cases.iter().zip(STATES) {
            match case {
                Seen(name) => {
                    for size in ["80x24-en", "80x24-zh-CN", "160x50-en", "160x50-zh-CN"] {
                        let file = folder().join(format!("snapshots/{name}-{size}.snap"));
                        assert!(file.exists(), "{} {state}: no {}", row.page, file.display());
                    }
                }
                Shown(_) => {}
                Never(why) => assert!(why.len() > 12, "{} {state}: say why: {why}", row.page),
            }
        }
    }
}

/// The same screen without colours: no cell has one, and nothing is said with one that is not said without.
fn colourless(rig: &mut Rig, mono: &theme::Theme, coloured: &Buffer) -> Buffer {
    let before = (rig.app.shared.theme.clone(), rig.app.shared.colours);
    rig.app.shared.theme = mono.clone();
    rig.app.shared.colours = Colours::None;
    let area = coloured.area;
    let buffer = rig.buffer(area.width, area.height);
    (rig.app.shared.theme, rig.app.shared.colours) = before;
    assert!(buffer.content.iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset), "a colour");
    // The settings show the theme itself; a code to be photographed is drawn light on dark.
    if !rig.stack().iter().any(|s| ["settings", "second-factor-key"].contains(s)) {
        for (with, without) in coloured.content.iter().zip(&buffer.content) {
            assert_eq!(with.symbol(), without.symbol(), "is said otherwise without colours");
        }
    }
    buffer
}

/// Lines as they are; under each, where one of its cells is reverse, bold, underlined.
fn with_attributes(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let (mut line, mut below) = (String::new(), String::new());
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            line.push_str(cell.symbol());
            below.push(match cell.modifier {
                m if m.contains(Modifier::REVERSED) => 'r',
                m if m.contains(Modifier::UNDERLINED) => 'u',
                m if m.contains(Modifier::BOLD) => 'b',
                _ => ' ',
            });
        }
        let _ = writeln!(out, "{}", line.trim_end());
        if !below.trim().is_empty() {
            let _ = writeln!(out, "{}", below.trim_end());
        }
    }
    out
}

/// Takes the pictures of the pages that these rows are about.
fn pictures(rows: &[Row]) {
    let mut out: BTreeMap<(&str, &str), String> = BTreeMap::new();
    let mono = theme::Theme::built_in().into_iter().find(|t| t.name == "mono").unwrap();
    let mut catalogues: Vec<Catalogue> = Language::ALL.into_iter().map(Catalogue::new).collect();
    for row in rows {
        for (case, state) in row.cases.iter().zip(STATES) {
            let Shown(make) = case else { continue };
            let mut rig = make();
            assert!(
                state == "no permission"
                    || rig.stack().last() == Some(&row.page)
                    || rig.stack()[0] == row.page,
                "{} {} {state}: {:?}",
                row.page,
                row.tab,
                rig.stack()
            );
            footer_is_true(&rig);
            for catalogue in &mut catalogues {
                let language = catalogue.language();
                std::mem::swap(&mut rig.app.shared.catalogue, catalogue);
                let text = out.entry((row.page, language.code())).or_default();
                for (columns, rows) in [(80, 24), (160, 50)] {
                    let screen = rig.screen(columns, rows);
                    assert!(!screen.contains('⟨'), "a text is missing: {screen}");
                    let _ = writeln!(text, "=== {}: {state}, {columns}x{rows}\n{screen}", title(row));
                }
                if language == Language::En {
                    let coloured = rig.buffer(80, 24);
                    let plain = with_attributes(&colourless(&mut rig, &mono, &coloured));
                    let _ = writeln!(text, "=== {}: {state}, 80x24, without colours\n{plain}", title(row));
                }
                std::mem::swap(&mut rig.app.shared.catalogue, catalogue);
            }
        }
    }
    for ((page, language), text) in out {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("states-{page}-{language}"), text));
    }
}

fn title(row: &Row) -> String {
    if row.tab.is_empty() { row.page.to_owned() } else { format!("{}, {}", row.page, row.tab) }
}

#[test]
fn pictures_of_environments() {
    pictures(&environment::rows());
}

#[test]
fn pictures_of_nodes() {
    pictures(&nodes::rows());
}

#[test]
fn pictures_of_clouds() {
    pictures(&cloud::rows());
}

#[test]
fn pictures_of_jobs() {
    pictures(&jobs::rows());
}

#[test]
fn pictures_of_people() {
    pictures(&people::rows());
}

/// Somebody who is logged in, with an environment, before anything of it has come.
fn entered(role: UserRole) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(
        crate::api::Topic::Environments,
        vec![crate::api::Row::from(super::fixtures::env(7, "production", 4, 1, 1))],
    );
    rig.keys("<Enter>");
    rig
}
