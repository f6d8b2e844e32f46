//! `docs/states.md` is drawn from the tables of the state machines.
#![allow(clippy::unwrap_used, reason = "tests")]

use cpmg::domain::job::{JOB_TABLE, JobNodeState, NODE_TABLE, NodeMove, exits};
use cpmg::domain::node;
use std::fmt::Write;

#[test]
fn the_tables_are_drawn_in_the_docs() {
    let mut text = String::from(
        "# The states of nodes and jobs\n\nDrawn from the tables in `src/domain` by a test; what is not here cannot happen. After a change of a table:\n`UPDATE_STATES=1 cargo nextest run the_tables_are_drawn_in_the_docs`.\n",
    );
    let join = |words: Vec<&str>| words.join(", ");
    text += "\n## A node's life\n\nBesides: whether it answers and since when, and whether an operator has locked it. Neither changes its state.\n\n| event | from | to |\n|---|---|---|\n";
    for (event, from, to) in node::TRANSITIONS {
        writeln!(text, "| {} | {} | {to} |", event.word(), join(from.iter().map(|s| s.word()).collect()))
            .unwrap();
    }
    text += "\n## A job\n\n| move | from | to |\n|---|---|---|\n";
    for (by, from, to) in JOB_TABLE {
        writeln!(text, "| {} | {} | {to} |", by.word(), join(from.iter().map(|s| s.word()).collect()))
            .unwrap();
    }
    text += "\n## A node within a job\n\n| move | from | to |\n|---|---|---|\n";
    for (by, from, to) in NODE_TABLE {
        writeln!(text, "| {} | {} | {to} |", by.word(), join(from.iter().map(|s| s.word()).collect()))
            .unwrap();
    }
    text += "\nWhat an operator can ask for, by state:\n\n| state | ways on |\n|---|---|\n";
    for state in JobNodeState::ALL {
        writeln!(text, "| {state} | {} |", join(exits(state).map(NodeMove::word).collect())).unwrap();
    }
    text += "\n## The same as a picture\n\n```mermaid\nstateDiagram-v2\n";
    for (event, from, to) in node::TRANSITIONS {
        for from in from.iter().filter(|f| *f != to) {
            writeln!(
                text,
                "    {} --> {}: {}",
                from.word().replace('-', "_"),
                to.word().replace('-', "_"),
                event.word()
            )
            .unwrap();
        }
    }
    text += "```\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/states.md");
    if std::env::var_os("UPDATE_STATES").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(there == text, "docs/states.md is not what the tables say: UPDATE_STATES=1 draws it anew");
}
