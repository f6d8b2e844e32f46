//! Keymaps: those that come along are whole, and what is wrong with others is said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;

fn keys(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn does(map: &Keymap, contexts: &[Context], pressed: &str) -> String {
    match map.lookup(contexts, &keys(pressed)) {
        Found::Binding(b) => b.action.word().to_owned(),
        Found::Prefix => "…".into(),
        Found::Nothing => "-".into(),
    }
}

#[test]
fn built_in_keymaps_are_without_conflict() {
    Keymap::default().conflicts("the table").unwrap();
    for (file, text) in BUILT_IN {
        Keymap::parse(file, text).unwrap();
    }
    let names: Vec<String> = Keymap::built_in().into_iter().map(|m| m.name).collect();
    assert_eq!(names, ["default", "vim", "emacs"]);
}

#[test]
fn keymaps_differ_where_they_say_so_and_nowhere_else() {
    use Context as C;
    let [default, vim, emacs] = Keymap::built_in().try_into().unwrap();
    for (map, contexts, pressed, does_what) in [
        (&default, vec![C::Nodes, C::Marking, C::Moving], "x", "node-remove"),
        (&vim, vec![C::Nodes, C::Marking, C::Moving], "x", "-"),
        (&vim, vec![C::Nodes, C::Marking, C::Moving], "d", "…"),
        (&vim, vec![C::Nodes, C::Marking, C::Moving], "d d", "node-remove"),
        (&vim, vec![C::Nodes, C::Marking, C::Moving], "g g", "top"),
        (&vim, vec![C::Global], "Z Z", "quit"),
        (&emacs, vec![C::Moving], "ctrl-n", "down"),
        (&emacs, vec![C::Moving], "ctrl-v", "page-down"),
        (&emacs, vec![C::Form], "ctrl-x ctrl-s", "submit"),
        (&emacs, vec![C::Dialog], "ctrl-g", "close"),
        (&emacs, vec![C::Nodes], "x", "node-remove"),
    ] {
        assert_eq!(does(map, &contexts, pressed), does_what, "{} {pressed}", map.name);
    }
}

#[test]
fn faults_say_what_and_where() {
    for (text, part) in [
        ("", "name = "),
        ("name = 'default'", "name = "),
        ("name = 'x'\n[nowhere]\nup = ['u']", "no section [nowhere]"),
        ("name = 'x'\n[moving]\nfly = ['u']", "[moving] has no action 'fly'"),
        ("name = 'x'\n[moving]\nup = 'u'", "[moving]"),
        ("name = 'x'\n[moving]\nup = ['ctrl-m']", "'ctrl-m' is no key"),
        ("name = 'x'\n[moving]\nup = ['alt-x']", "'alt-x' is no key"),
        ("name = 'x'\n[moving]\nup = ['']", "'' is no key"),
        ("name = 'x'\n[form]\nsubmit = ['s']", "'s' is text there"),
        ("name = 'x'\n[moving]\nup = ['j']", "'j' is for 'up' and for 'down'"),
        ("name = 'x'\n[moving]\nup = ['g']", "'g' (up) hides 'g g' (top)"),
        ("name = 'x'\n[shell]\nshell-prefix = ['a']", "'a' would be missing in shells"),
        ("name = 'x'\n[shell]\nshell-prefix = ['ctrl-a b']", "'ctrl-a b' would be missing in shells"),
        ("name = 'x'\n[shell]\nshell-prefix = ['enter']", "'enter' would be missing in shells"),
        (
            "name = 'x'\n[shell]\nshell-prefix = ['ctrl-a']\nzoom = ['ctrl-a']",
            "'ctrl-a' is for 'zoom' in [shell]",
        ),
        ("name = 'x'\n[shell]\nshell-prefix = ['ctrl-d']", "'ctrl-d' is for 'half-down' in [moving]"),
        ("name = 'x'\n[shell]\nshell-prefix = []", "shell-prefix must keep a key"),
        ("name = 'x'\n[global]\nquit = []", "quit must keep a key"),
        ("name = 'x'\n[dialog]\nclose = []", "close must keep a key"),
    ] {
        let fault = Keymap::parse("x.toml", text).unwrap_err().to_string();
        assert!(fault.starts_with("x.toml: ") && fault.contains(part), "{fault}");
    }
    let (maps, faults) = collect(&[("bad.toml".into(), "?".into())]);
    assert_eq!((maps.len(), faults.len()), (3, 1));
}

#[test]
fn the_prefix_is_the_keymaps_or_the_users() {
    let default = Keymap::default();
    assert_eq!(default.prefix(), "ctrl-]");
    let screen = Keymap::parse("x.toml", "name = 'x'\n[shell]\nshell-prefix = ['ctrl-a']").unwrap();
    assert_eq!(screen.prefix(), "ctrl-a");
    let own = screen.with_prefix(Some("ctrl-b"));
    assert_eq!((own.prefix(), own.with_prefix(None).prefix()), ("ctrl-b", "ctrl-a"));
    assert!(own.prefixes().contains(&"ctrl-]"));
    // What the keymap has for something else in shells is not offered, and a choice from before does not count.
    let taken = Keymap::parse("y.toml", "name = 'y'\n[shell]\nzoom = ['ctrl-b']").unwrap();
    assert!(!taken.prefixes().contains(&"ctrl-b"));
    assert_eq!(taken.with_prefix(Some("ctrl-b")).prefix(), "ctrl-]");
    assert_eq!(taken.with_prefix(Some("x")).prefix(), "ctrl-]");
}

#[test]
fn faults_have_their_line() {
    for (text, line) in [
        ("name = 'x'\n[moving]\nup = [", 2),
        ("name = 'x'\n\n[nowhere]\nup = ['u']", 2),
        ("name = 'x'\n[moving]\ndown = ['d']\nfly = ['u']", 3),
        ("name = 'x'\n[moving]\ndown = ['j']\nup = ['j']", 2),
        ("name = 'x'\n[shell]\nshell-prefix = ['a']", 2),
    ] {
        let fault = Keymap::parse("", text).unwrap_err();
        assert_eq!(fault.line(text), Some(line), "{fault}");
    }
}
