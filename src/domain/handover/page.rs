//! The file: HTML with its style in it.

use super::{Handover, Machine};
use crate::domain::check::{CellState, CheckReport};
use crate::domain::netplan::Tag;
use crate::domain::picture::{escape, gantt, topology};
use crate::domain::proof::RungState;
use crate::domain::time::{span, utc};
use crate::domain::timeline::{Fill, Timeline};
use std::fmt::Write;

/// Colours differ in lightness as well, and every state stands there as a word.
const STYLE: &str = "
:root{--bg:#fff;--text:#1c2733;--dim:#5b6673;--line:#c3ccd5;--good:#1f6b36;--bad:#b3202c;--warn:#855a00;--busy:#1d5a9b;--a:#0072b2;--b:#a34700;--c:#00735a;--d:#8a3d78}
@media(prefers-color-scheme:dark){:root{--bg:#14181d;--text:#dfe3e8;--dim:#97a1ad;--line:#3a444f;--good:#7fcf96;--bad:#ff8a80;--warn:#f0e442;--busy:#8fc1ef;--a:#56b4e9;--b:#f0a060;--c:#4fd0ae;--d:#e59cc4}}
@media print{:root{--bg:#fff;--text:#000;--dim:#444;--line:#999;--good:#1f6b36;--bad:#b3202c;--warn:#855a00;--busy:#1d5a9b;--a:#0072b2;--b:#a34700;--c:#00735a;--d:#8a3d78}section{break-inside:avoid}}
body{background:var(--bg);color:var(--text);font:15px/1.5 system-ui,sans-serif;max-width:1020px;margin:2em auto;padding:0 1em}
h1{font-size:1.6em;margin:0}h2{font-size:1.15em;margin:2em 0 .5em;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:.92em}th,td{text-align:left;padding:.25em .7em .25em 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}td.n{text-align:right}p.dim,.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}.warn{color:var(--warn)}
svg{width:100%;height:auto;font:13px system-ui,sans-serif;margin:.5em 0}svg text{fill:var(--text)}svg .small{font-size:11px;fill:var(--dim)}svg .net{font-weight:600}svg .node{font-weight:600}svg .end{text-anchor:end}
.rail{stroke-width:3;stroke:var(--a)}.port{fill:var(--a)}.rail.r1{stroke:var(--b)}.port.r1{fill:var(--b)}.rail.r2{stroke:var(--c)}.port.r2{fill:var(--c)}.rail.r3{stroke:var(--d)}.port.r3{fill:var(--d)}
.wire{stroke:var(--dim);stroke-width:1.5}.port.dead{fill:var(--bg);stroke:var(--bad);stroke-width:2}.stage{stroke:var(--line);stroke-dasharray:3 3}
rect.changed,i.changed{fill:var(--good);background:var(--good)}rect.unchanged,i.unchanged{fill:var(--line);background:var(--line)}rect.failed,i.failed{fill:var(--bad);background:var(--bad);stroke:var(--text)}rect.undo,i.undo{fill:var(--warn);background:var(--warn)}rect.renewed,i.renewed{fill:var(--d);background:var(--d)}rect.runs,i.runs{fill:var(--busy);background:var(--busy)}rect.spark{fill:var(--busy)}
i{display:inline-block;width:1em;height:.8em;margin:0 .3em 0 1em}
";

type Words<'a> = &'a dyn Fn(&str) -> String;

pub(super) fn html(of: &Handover<'_>, language: &str, word: Words<'_>) -> String {
    let name = escape(&of.env.name);
    let title = escape(&word("handover-title"));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{name}: {title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>\n<p class=\"dim\">{title} · {}: {}, {}</p>\n",
        escape(language),
        escape(&word("handover-made")),
        utc(of.at),
        escape(of.by)
    );
    summary(&mut out, of, word);
    networks(&mut out, of, word);
    nodes(&mut out, of, word);
    check(&mut out, of, word);
    proof(&mut out, of, word);
    job(&mut out, of, word);
    options(&mut out, of, word);
    out.push_str("</body>\n</html>\n");
    out
}

fn heading(out: &mut String, word: Words<'_>, key: &str) {
    let _ = writeln!(out, "<section>\n<h2>{}</h2>", escape(&word(key)));
}

fn head(out: &mut String, word: Words<'_>, keys: &[&str]) {
    out.push_str("<table>\n<tr>");
    for key in keys {
        let _ = write!(out, "<th>{}</th>", escape(&word(key)));
    }
    out.push_str("</tr>\n");
}

fn row(out: &mut String, cells: &[String]) {
    out.push_str("<tr>");
    for cell in cells {
        let _ = write!(out, "<td>{}</td>", escape(cell));
    }
    out.push_str("</tr>\n");
}

fn roles(machine: &Machine<'_>, word: Words<'_>) -> String {
    let words: Vec<String> = machine.roles().iter().map(|r| word(&format!("role-{}", r.word()))).collect();
    words.join(" + ")
}

fn state(machine: &Machine<'_>, word: Words<'_>) -> String {
    word(&format!("node-state-{}", machine.state.word()))
}

fn summary(out: &mut String, of: &Handover<'_>, word: Words<'_>) {
    heading(out, word, "handover-summary");
    out.push_str("<table>\n");
    let installed = of.nodes.iter().filter(|n| n.state == super::super::node::NodeState::Installed).count();
    let pairs = [
        ("handover-name", format!("{} (#{})", of.env.name, of.env.id)),
        ("handover-platform", of.env.platform.clone()),
        ("handover-modules", of.env.modules.join(", ")),
        ("handover-nodes", format!("{}, {installed} {}", of.nodes.len(), word("handover-installed"))),
        ("handover-created", format!("{}, {}", utc(of.env.created), of.env.created_by)),
        ("handover-changed", format!("{}, {}", utc(of.env.changed), of.env.changed_by)),
    ];
    for (key, value) in pairs {
        let _ = writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", escape(&word(key)), escape(&value));
    }
    out.push_str("</table>\n</section>\n");
}

fn networks(out: &mut String, of: &Handover<'_>, word: Words<'_>) {
    heading(out, word, "handover-topology");
    let drawn = of.topology();
    if drawn.members.is_empty() {
        let _ = writeln!(out, "<p>{}</p>\n</section>", escape(&word("handover-no-nodes")));
        return;
    }
    if of.plan.is_empty() {
        let _ = writeln!(out, "<p class=\"dim\">{}</p>", escape(&word("handover-topology-found")));
    }
    out.push_str(&topology(&drawn, &word("handover-topology"), |member| {
        of.nodes.iter().find(|n| n.seen.id == member.id).map(|n| roles(n, word)).unwrap_or_default()
    }));
    if !of.plan.is_empty() {
        head(
            out,
            word,
            &[
                "handover-network",
                "handover-cidr",
                "handover-range",
                "handover-gateway",
                "handover-floating",
                "handover-vlan",
            ],
        );
        for tag in Tag::ALL.into_iter().filter(|t| of.plan.uses(*t)) {
            let net = of.plan.nets.get(&tag);
            let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            let vlans = (tag == Tag::BrVlan).then(|| of.plan.vlans.to_string());
            row(
                out,
                &[
                    tag.word().to_owned(),
                    text(net.map(|n| n.cidr.to_string())),
                    text(net.map(|n| n.range.to_string())),
                    text(net.and_then(|n| n.gateway).map(|g| g.to_string())),
                    text(net.and_then(|n| n.floating.as_ref()).map(ToString::to_string)),
                    text(vlans.or_else(|| of.plan.vlan(tag).map(|v| v.to_string()))),
                ],
            );
        }
        out.push_str("</table>\n");
    }
    out.push_str("</section>\n");
}

fn gib(bytes: u64) -> String {
    format!("{} GiB", bytes.div_ceil(1 << 30))
}

fn nodes(out: &mut String, of: &Handover<'_>, word: Words<'_>) {
    if of.nodes.is_empty() {
        return;
    }
    heading(out, word, "handover-nodes");
    head(
        out,
        word,
        &[
            "handover-node",
            "handover-roles",
            "handover-state",
            "handover-address",
            "handover-system",
            "handover-hardware",
            "handover-nics",
        ],
    );
    for machine in &of.nodes {
        let facts = machine.facts();
        let hardware = facts.map_or_else(String::new, |f| {
            let disks: Vec<String> = f.disks.iter().map(|d| format!("{} {}", d.name, gib(d.bytes))).collect();
            format!("{} × {}; {}; {}", f.cpus, f.cpu_model, gib(f.memory), disks.join(", "))
        });
        let nics = facts.map_or_else(String::new, |f| {
            f.nics.iter().map(|n| format!("{} {}", n.name, n.mac)).collect::<Vec<_>>().join(", ")
        });
        row(
            out,
            &[
                machine.seen.name.to_owned(),
                roles(machine, word),
                state(machine, word),
                machine.seen.address.to_string(),
                facts.map_or_else(String::new, |f| format!("{}, {}", f.os_pretty, f.kernel)),
                hardware,
                nics,
            ],
        );
    }
    out.push_str("</table>\n</section>\n");
}

fn check(out: &mut String, of: &Handover<'_>, word: Words<'_>) {
    heading(out, word, "handover-check");
    let Some(report) = of.check else {
        let _ = writeln!(out, "<p class=\"warn\">{}</p>\n</section>", escape(&word("handover-check-none")));
        return;
    };
    let verdict = report.verdict();
    let class = if verdict == super::super::check::Verdict::Passed { "good" } else { "bad" };
    let _ = writeln!(
        out,
        "<p><span class=\"{class}\">{}</span>, {}, {}</p>",
        escape(&word(&format!("check-verdict-{}", verdict.word()))),
        utc(report.ended),
        escape(&report.by)
    );
    matrix(out, report, word);
    if !of.findings.is_empty() {
        out.push_str("<ul>\n");
        for finding in &of.findings {
            let _ = writeln!(out, "<li>{}</li>", escape(finding));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}

/// Nodes and what was looked at on each: a sign, a word, and how many of the others were reached.
fn matrix(out: &mut String, report: &CheckReport, word: Words<'_>) {
    if report.nodes.is_empty() || report.columns.is_empty() {
        return;
    }
    let _ = write!(out, "<table class=\"matrix\">\n<tr><th>{}</th>", escape(&word("handover-node")));
    for column in &report.columns {
        let title = if column.is_network() {
            column.word()
        } else {
            word(&format!("check-column-{}", column.word()))
        };
        let _ = write!(out, "<th>{}</th>", escape(&title));
    }
    out.push_str("</tr>\n");
    for line in &report.nodes {
        let _ = write!(out, "<tr><th>{}</th>", escape(&line.name));
        for column in &report.columns {
            let cell = report.cells.iter().find(|c| c.node == line.node && c.column == *column);
            let Some(cell) = cell else {
                out.push_str("<td class=\"dim\">-</td>");
                continue;
            };
            let (sign, class) = match cell.state {
                CellState::Passed => ("✓", "good"),
                CellState::Fault => ("✗", "bad"),
                CellState::Warning => ("!", "warn"),
                CellState::NotChecked => ("?", "warn"),
            };
            let wire = cell.wire_only && cell.state == CellState::Passed;
            let key = if wire { "wire" } else { cell.state.word() };
            let reached = cell.reached.map(|(n, of)| format!(" {n}/{of}")).unwrap_or_default();
            let said = word(&format!("check-cell-{key}"));
            let _ = write!(out, "<td class=\"{class}\">{sign} {}{reached}</td>", escape(&said));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
}

fn proof(out: &mut String, of: &Handover<'_>, word: Words<'_>) {
    heading(out, word, "handover-proof");
    let Some(proof) = of.proof.filter(|p| !p.clean_only) else {
        let _ = writeln!(out, "<p class=\"warn\">{}</p>\n</section>", escape(&word("handover-proof-none")));
        return;
    };
    let class = if proof.red().is_some() { "bad" } else { "good" };
    let _ = writeln!(
        out,
        "<p><span class=\"{class}\">{}</span>, {}, {}</p>\n<table>",
        escape(&word(&format!("proof-outcome-{}", proof.outcome.word()))),
        utc(proof.ended.unwrap_or(proof.started)),
        escape(&proof.by)
    );
    for rung in &proof.rungs {
        let class = match rung.state {
            RungState::Passed => "good",
            RungState::Failed => "bad",
            _ => "dim",
        };
        let took = match (rung.started, rung.ended) {
            (Some(from), Some(to)) => span(to.since(from)),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"{class}\">{}</td><td class=\"n\">{took}</td></tr>",
            escape(&word(&format!("proof-rung-{}", rung.kind.word()))),
            escape(&word(&format!("proof-state-{}", rung.state.word())))
        );
    }
    out.push_str("</table>\n</section>\n");
}

fn job(out: &mut String, of: &Handover<'_>, word: Words<'_>) {
    heading(out, word, "handover-job");
    let Some(report) = of.job else {
        let _ = writeln!(out, "<p>{}</p>\n</section>", escape(&word("handover-job-none")));
        return;
    };
    let _ = writeln!(
        out,
        "<p>#{} · {} · {} – {} · {} · {}</p>",
        report.job,
        escape(&word(&format!("job-state-{}", report.state.word()))),
        utc(report.created),
        utc(report.ended.unwrap_or(report.at)),
        span(report.totals.elapsed_ms),
        escape(&report.by)
    );
    let _ = writeln!(out, "<h3>{}</h3>", escape(&word("handover-gantt")));
    let mut line = Timeline::of(report);
    for (_, stage) in &mut line.stages {
        *stage = word(&format!("stage-{stage}"));
    }
    let fill = |f: Fill| word(&format!("fill-{}", f.word()));
    out.push_str(&gantt(&line, &word("handover-gantt"), &word("handover-throughput"), fill));
    let _ = write!(out, "<p class=\"dim\">{}:", escape(&word("handover-legend")));
    for f in Fill::ALL.into_iter().filter(|f| !matches!(f, Fill::Nothing | Fill::Waited)) {
        let _ = write!(out, " <i class=\"{}\"></i>{}", f.word(), escape(&fill(f)));
    }
    out.push_str("</p>\n");
    head(out, word, &["handover-stage", "handover-took"]);
    for stage in &report.stages {
        row(out, &[word(&format!("stage-{}", stage.name)), span(stage.busy_ms)]);
    }
    out.push_str("</table>\n");
    head(out, word, &["handover-steps", "handover-took"]);
    for step in report.steps.iter().take(8) {
        row(out, &[step.step.to_string(), span(step.busy_ms)]);
    }
    out.push_str("</table>\n</section>\n");
}

fn options(out: &mut String, of: &Handover<'_>, word: Words<'_>) {
    use crate::domain::overrides::{Scope, parse};
    heading(out, word, "handover-options");
    if of.env.options.is_empty() {
        let _ = writeln!(out, "<p>{}</p>\n</section>", escape(&word("handover-options-none")));
        return;
    }
    let _ = writeln!(out, "<p class=\"dim\">{}</p>", escape(&word("handover-options-note")));
    head(out, word, &["handover-file", "handover-nodes", "handover-count"]);
    for text in &of.env.options {
        let whom = match text.scope {
            Scope::All => "*".to_owned(),
            Scope::Role(role) => word(&format!("role-{}", role.word())),
            Scope::Node(id) => {
                let node = of.nodes.iter().find(|n| n.seen.id == id);
                node.map_or_else(|| id.to_string(), |n| n.seen.name.to_owned())
            }
        };
        row(out, &[text.file.clone(), whom, parse(&text.text).0.len().to_string()]);
    }
    out.push_str("</table>\n</section>\n");
}
