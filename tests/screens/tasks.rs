//! How many keys the ten most usual tasks take, counted on the real program with simulated nodes.
//!
//! `docs/keystrokes.md` is the table this test makes; `UPDATE_KEYSTROKES=1` writes it.

use super::Terminal;
use super::support::Site;
use std::fmt::Write as _;

/// What a task is typed with.
#[derive(Default)]
struct Count {
    keys: usize,
    names: Vec<&'static str>,
    letters: usize,
}

struct Operator {
    terminal: Terminal,
    table: String,
}

/// A key by its name.
fn key(name: &str) -> &str {
    match name {
        "Enter" => "\r",
        "Esc" => "\u{1b}",
        "Tab" => "\t",
        "Ctrl-S" => "\u{13}",
        "Ctrl-]" => "\u{1d}",
        "F3" => "\u{1b}OR",
        one => one,
    }
}

impl Operator {
    /// Does a task: presses each key when the screen shows what stands before it, and counts. `"text"` in quotes is typed text,
    /// counted apart. At the end the screen shows `done`.
    fn task(&mut self, what: &str, keys: &[(&str, &'static str)], done: &str) {
        let mut count = Count::default();
        for (seen, name) in keys {
            self.terminal.wait_for(seen);
            if let Some(text) = name.strip_prefix('"') {
                let text = text.trim_end_matches('"');
                count.letters += text.chars().count();
                count.names.push("text");
                self.terminal.press(text);
            } else {
                count.keys += 1;
                count.names.push(name);
                self.terminal.press(key(name));
            }
        }
        self.terminal.wait_for(done);
        let typed = if count.letters == 0 { String::new() } else { " + the text".to_owned() };
        let names: Vec<String> =
            count.names.iter().map(|n| if *n == "text" { "text".into() } else { format!("`{n}`") }).collect();
        let _ = writeln!(self.table, "| {what} | {}{typed} | {} |", count.keys, names.join(" "));
    }

    /// Keys between tasks, not counted.
    fn aside(&mut self, keys: &[(&str, &str)]) {
        for (seen, name) in keys {
            self.terminal.wait_for(seen);
            self.terminal.press(key(name));
        }
    }
}

#[test]
fn usual_tasks_take_few_keys() {
    let site = Site::empty();
    let args = ["demo", "--simulated", "--speed", "200", "--fail", "node-2:fail:time/service:1"];
    let terminal = Terminal::running(&site, &args);
    let mut operator = Operator { terminal, table: String::new() };
    operator.task("Open an environment from the list", &[("not installed", "Enter")], "Nodes 3");
    operator.task(
        "Find a node by a part of its name",
        &[("Nodes 3", "/"), ("Nodes 3", "\"node-3\""), ("/node-3", "Enter")],
        "» node-3",
    );
    operator.aside(&[("i install", "/"), ("/node-3", "Esc")]);
    operator.task("A shell on the selected node", &[("node-1", "s")], "[simulated] root@node");
    operator.aside(&[("[simulated] root@node", "Ctrl-]"), ("^]", "d")]);
    operator.task(
        "Look at what an installation would do",
        &[("Nodes 3", "i")],
        "Check that the node can be installed",
    );
    operator.task(
        "Install, from the plan",
        &[("preflight", "i"), ("[ Install ]", "Tab"), ("[ Install ]", "Enter")],
        "running",
    );
    operator.task(
        "From the job's first failure to its cause",
        &[("First error", "e")],
        "Last lines of its output",
    );
    operator.aside(&[("Last lines", "Esc")]);
    operator.task("Try the failed step again", &[("a again", "a")], "found nothing to do.");
    operator.aside(&[("found nothing to do.", "Esc")]);
    operator.task("The logs of the selected node", &[("Nodes 3", "l")], "› Logs");
    operator.aside(&[("› Logs", "Esc"), ("Nodes 3", "Esc")]);
    operator.task(
        "Make an environment",
        &[("n new", "n"), ("New environment", "\"cloud 9\""), ("cloud 9", "Ctrl-S")],
        "cloud 9 was made",
    );
    operator.task("Every key of the page", &[("n new", "?")], "╔ Keys");
    operator.aside(&[("╔ Keys", "Esc"), ("n new", "q")]);
    operator.terminal.wait_for_end();
    let page = format!(
        "# Keystrokes of the usual tasks\n\n[简体中文](zh-CN/keystrokes.md)\n\nCounted by `tests/screens/tasks.rs` on the real program with simulated nodes and the default keys; \
         `UPDATE_KEYSTROKES=1 cargo nextest run usual_tasks` writes this page.\n\n| task | keys | which |\n|---|---|---|\n{}",
        operator.table
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keystrokes.md");
    if std::env::var_os("UPDATE_KEYSTROKES").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        page,
        "docs/keystrokes.md: UPDATE_KEYSTROKES=1 writes it"
    );
}
