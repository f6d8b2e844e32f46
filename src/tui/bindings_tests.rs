//! The table of keys: no two meanings in one place, all of them named in every language.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::tui::i18n::{Catalogue, Language, Text};
use crate::tui::keymap::{Found, pretty};
use crate::tui::keys::Keymap;
use std::collections::BTreeSet;
use std::fmt::Write;

#[test]
fn a_key_means_one_thing_in_a_context() {
    let mut seen = BTreeSet::new();
    for b in BINDINGS {
        for key in b.keys {
            assert!(seen.insert((b.context.word(), *key)), "{key} twice in {}", b.context.word());
        }
        assert!(
            BINDINGS.iter().filter(|o| o.context == b.context && o.action == b.action).count() == 1,
            "{} twice in {}",
            b.action.word(),
            b.context.word()
        );
    }
}

#[test]
fn no_key_is_the_start_of_another() {
    for b in BINDINGS {
        for key in b.keys {
            let longer = format!("{key} ");
            let hidden = BINDINGS
                .iter()
                .filter(|o| o.context == b.context)
                .flat_map(|o| o.keys)
                .find(|k| k.starts_with(&longer));
            assert_eq!(hidden, None, "{key} in {}", b.context.word());
        }
    }
}

#[test]
fn every_action_has_a_place_in_the_table() {
    let bound: BTreeSet<&str> = BINDINGS.iter().map(|b| b.action.word()).collect();
    let all: Vec<&str> = A::ALL.iter().map(|a| a.word()).filter(|w| !bound.contains(w)).collect();
    assert_eq!(all, Vec::<&str>::new());
}

#[test]
fn combinations_are_found() {
    let keys = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let contexts = [C::Nodes, C::Moving];
    let lookup = |contexts: &[C], keys: &[String]| Keymap::default().lookup(contexts, keys);
    assert!(matches!(lookup(&contexts, &keys("g")), Found::Prefix));
    assert!(matches!(lookup(&contexts, &keys("g g")), Found::Binding(b) if b.action == A::Top));
    assert!(matches!(lookup(&contexts, &keys("g x")), Found::Nothing));
    assert!(matches!(lookup(&contexts, &keys("f")), Found::Binding(b) if b.action == A::Sweep));
    assert_eq!(pretty("g g"), "gg");
    assert_eq!(pretty("ctrl-]"), "^]");
}

/// What stands around the tables of keys: path, what begins the page, headings of the tables, the word for a keymap and what
/// is said of one.
struct Page {
    language: Language,
    path: &'static str,
    head: &'static str,
    keys: &'static str,
    keymap: &'static str,
    differs: &'static str,
}

const PAGES: [Page; 2] = [
    Page {
        language: Language::En,
        path: "docs/keys.md",
        head: "# Keys\n\n[简体中文](zh-CN/keys.md)\n\nMade from the table in `src/tui/bindings.rs`; `UPDATE_KEYS=1 cargo nextest run \
               keys_reference` writes it anew. `^X` is Ctrl-X, `S-Tab` Shift-Tab. Everything without a key, and everything \
               with one, is on the command line (`:`) under its name.\n",
        keys: "| keys | name | what it does | needs |",
        keymap: "Keymap",
        differs: "What differs; everything else is as above.\n\n| section | name | keys | instead of |",
    },
    Page {
        language: Language::ZhCn,
        path: "docs/zh-CN/keys.md",
        head: "# 按键\n\n[English](../keys.md)\n\n由 `src/tui/bindings.rs` 中的表生成；`UPDATE_KEYS=1 cargo nextest run keys_reference` \
               重新写出。`^X` 是 Ctrl-X，`S-Tab` 是 Shift-Tab。不论有没有键，每个操作都可在命令行（`:`）用名称调用。\n",
        keys: "| 键 | 名称 | 作用 | 所需角色 |",
        keymap: "键位",
        differs: "只列出不同之处；其余与上面相同。\n\n| 场合 | 名称 | 键 | 原来的键 |",
    },
];

fn reference(page: &Page) -> String {
    let catalogue = Catalogue::new(page.language);
    let mut out = String::from(page.head);
    for context in C::ALL {
        let title = Text::key(format!("context-{}", context.word())).with("prefix", pretty("ctrl-]"));
        let title = catalogue.tr(&title);
        write!(out, "\n## {title}\n\n{}\n|---|---|---|---|\n", page.keys).unwrap();
        for b in BINDINGS.iter().filter(|b| b.context == context) {
            let keys: Vec<String> = b.keys.iter().map(|k| format!("`{}`", pretty(k))).collect();
            let what = catalogue.tr(&Text::key(format!("act-{}", b.action.word())));
            let role = |word: &str| catalogue.tr(&Text::key(format!("user-role-{word}")));
            let needs = b.needs.map(|n| role(n.needs().word())).unwrap_or_default();
            writeln!(out, "| {} | {} | {what} | {needs} |", keys.join(" "), b.action.word()).unwrap();
        }
    }
    for map in Keymap::built_in().iter().filter(|m| m.differs() > 0) {
        write!(out, "\n## {} {}\n\n{}\n|---|---|---|---|\n", page.keymap, map.name, page.differs).unwrap();
        for b in BINDINGS.iter().filter(|b| map.keys(b) != b.keys) {
            let shown =
                |keys: &[&str]| keys.iter().map(|k| format!("`{}`", pretty(k))).collect::<Vec<_>>().join(" ");
            let (here, there) = (shown(&map.keys(b)), shown(b.keys));
            writeln!(out, "| {} | {} | {here} | {there} |", b.context.word(), b.action.word()).unwrap();
        }
    }
    out
}

#[test]
fn keys_reference() {
    for page in &PAGES {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page.path);
        let wanted = reference(page);
        if std::env::var_os("UPDATE_KEYS").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == wanted, "{} is stale: UPDATE_KEYS=1 cargo nextest run keys_reference", page.path);
    }
}

#[test]
fn pages_of_an_environment_stand_in_its_footer() {
    let pages = BINDINGS.iter().filter(|b| b.context == C::Environment && !b.keys.is_empty());
    let silent: Vec<&str> = pages
        .filter(|b| {
            b.hint.is_none() && !matches!(b.action, A::TabNodes | A::TabModules | A::TabJobs | A::TabBefore)
        })
        .map(|b| b.action.word())
        .collect();
    assert_eq!(silent, Vec::<&str>::new());
}
