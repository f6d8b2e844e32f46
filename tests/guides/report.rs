//! The tables of `docs/proven.md`.

use crate::compare::{Comparison, Counts};
use crate::guide::Guide;
use cpmg::catalog::Platform;
use std::fmt::Write as _;

const BEGIN: &str = "<!-- made by tests/guides: begin -->\n";
const END: &str = "<!-- made by tests/guides: end -->\n";

/// One platform's table.
pub fn table(platform: &Platform, guide: &Guide, comparison: &Comparison) -> String {
    let mut out = format!(
        "### {} (guide: seed {})\n\n| component | facts | in the plan | otherwise, with a reason | missing |\n|---|---|---|---|---|\n",
        platform.name, guide.seed
    );
    let mut all = Counts::default();
    let row = |out: &mut String, name: &str, c: Counts| {
        let _ =
            writeln!(out, "| {name} | {} | {} | {} | {} |", c.demanded, c.planned, c.otherwise, c.missing);
    };
    for (name, counts) in &comparison.counts {
        row(&mut out, name, *counts);
        all.demanded += counts.demanded;
        all.planned += counts.planned;
        all.otherwise += counts.otherwise;
        all.missing += counts.missing;
    }
    row(&mut out, "**all**", all);
    let _ = writeln!(
        out,
        "\nOf {} packages, services, databases, Keystone objects, endpoints and options of the plan {} are facts of the guide; the others carry a reason.",
        comparison.things, comparison.known
    );
    out
}

/// Compares with the document, or writes it.
pub fn keep(text: &str) {
    let path = crate::top().join("docs/proven.md");
    let there = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = there.split_once(BEGIN).expect("docs/proven.md has lost the mark of its beginning");
    let (_, tail) = rest.split_once(END).expect("docs/proven.md has lost the mark of its end");
    let wanted = format!("{head}{BEGIN}\n{text}\n{END}{tail}");
    if std::env::var_os("UPDATE_PROVEN").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    assert!(
        there == wanted,
        "docs/proven.md is stale: UPDATE_PROVEN=1 cargo nextest run -E 'binary(guides)'"
    );
}
