//! The drawings in a document: SVG that stands within HTML, styled by classes of the page around it.
//!
//! Everything that came from outside goes through [`escape`]. A state is told by a word (in the drawing or as its title), not by
//! colour alone.

use super::Topology;
use crate::domain::text::harmless;
use crate::domain::time::{Moment, span, utc};
use crate::domain::timeline::{Fill, Timeline};
use std::fmt::Write;

/// Width of a drawing, in its own units.
const WIDE: usize = 960;

/// Text that means nothing to HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The topology: networks as vertical lines, nodes as horizontal ones. `about` says of a node what stands below its name.
pub fn topology(of: &Topology, title: &str, about: impl Fn(&super::Member) -> String) -> String {
    let (left, top, step) = (230, 60, 46);
    let count = of.rails.len().max(1);
    let rail = (WIDE - left) / count;
    let high = top + step * of.members.len() + 10;
    let x = |n: usize| left + rail * n + 30;
    let mut out = format!(
        "<svg class=\"topology\" viewBox=\"0 0 {WIDE} {high}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>\n",
        escape(title)
    );
    for (n, net) in of.rails.iter().enumerate() {
        let _ = writeln!(
            out,
            "<text class=\"net\" x=\"{}\" y=\"20\">{}</text><text class=\"small\" x=\"{0}\" y=\"37\">{}</text><line class=\"rail r{n}\" \
             x1=\"{0}\" y1=\"46\" x2=\"{0}\" y2=\"{high}\"/>",
            x(n),
            escape(&net.title),
            escape(&net.detail)
        );
    }
    for (row, member) in of.members.iter().enumerate() {
        let y = top + step * row + 14;
        let _ = write!(
            out,
            "<text class=\"node\" x=\"6\" y=\"{y}\">{}</text><text class=\"small\" x=\"6\" y=\"{}\">{}</text>",
            escape(&member.name),
            y + 16,
            escape(&about(member))
        );
        if let Some(last) = member.links.iter().rposition(Option::is_some) {
            let _ =
                write!(out, "<line class=\"wire\" x1=\"{left}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\"/>", x(last));
        }
        for (n, link) in member.links.iter().enumerate() {
            let Some(link) = link else { continue };
            let dead = link.carrier == Some(false);
            let nic = if dead { format!("{} ✗", link.nic) } else { link.nic.clone() };
            let address = link.address.map(|a| a.to_string()).unwrap_or_default();
            let _ = write!(
                out,
                "<circle class=\"port r{n}{}\" cx=\"{2}\" cy=\"{y}\" r=\"5\"/><text class=\"nic\" x=\"{3}\" y=\"{4}\">{1}</text><text \
                 class=\"small\" x=\"{3}\" y=\"{5}\">{6}</text>",
                if dead { " dead" } else { "" },
                escape(&nic),
                x(n),
                x(n) + 10,
                y - 5,
                y + 14,
                escape(&address)
            );
        }
        out.push('\n');
    }
    out.push_str("</svg>\n");
    out
}

/// A job over time: a row for each node, a bar for each attempt; below it the steps that ended. `word` gives the word of a fill.
pub fn gantt(line: &Timeline, title: &str, throughput: &str, word: impl Fn(Fill) -> String) -> String {
    let (left, top, step) = (170, 40, 20);
    let rows = line.rows.len();
    let whole = line.until.since(line.since).max(1);
    let wide = WIDE - left - 10;
    let scaled = |ms: u64| usize::try_from(ms.saturating_mul(wide as u64) / whole).unwrap_or(wide).min(wide);
    let x = |at: Moment| left + scaled(at.since(line.since));
    let bars_top = top + step * rows + 34;
    let high = bars_top + 60;
    let mut out = format!(
        "<svg class=\"gantt\" viewBox=\"0 0 {WIDE} {high}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>\n",
        escape(title)
    );
    for (since, stage) in &line.stages {
        let at = x(*since);
        let _ = writeln!(
            out,
            "<line class=\"stage\" x1=\"{at}\" y1=\"18\" x2=\"{at}\" y2=\"{}\"/><text class=\"small\" x=\"{}\" y=\"14\">{}</text>",
            top + step * rows,
            at + 3,
            escape(stage)
        );
    }
    for (n, row) in line.rows.iter().enumerate() {
        let y = top + step * n;
        let _ = write!(out, "<text class=\"nic\" x=\"6\" y=\"{}\">{}</text>", y + 12, escape(&row.name));
        for bar in &row.spans {
            let (from, to) = (x(bar.since), x(bar.until));
            let what = bar.step.as_ref().map(ToString::to_string).unwrap_or_default();
            let took = span(bar.until.since(bar.since));
            let _ = write!(
                out,
                "<rect class=\"{}\" x=\"{from}\" y=\"{y}\" width=\"{}\" height=\"{}\"><title>{} {}: {took}</title></rect>",
                bar.fill.word(),
                to.saturating_sub(from).max(1),
                step - 6,
                escape(&what),
                escape(&word(bar.fill))
            );
        }
        out.push('\n');
    }
    let _ = writeln!(
        out,
        "<text class=\"small\" x=\"{left}\" y=\"{0}\">{1}</text><text class=\"small end\" x=\"{2}\" y=\"{0}\">{3}</text>",
        top + step * rows + 12,
        utc(line.since),
        WIDE - 10,
        utc(line.until)
    );
    let (values, _) = super::throughput(line, 120);
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let _ =
        writeln!(out, "<text class=\"small\" x=\"6\" y=\"{}\">{}</text>", bars_top + 30, escape(throughput));
    for (n, value) in values.iter().enumerate().filter(|(_, v)| **v > 0) {
        let tall = usize::try_from(value.saturating_mul(50) / most).unwrap_or(50).clamp(1, 50);
        let _ = write!(
            out,
            "<rect class=\"spark\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{tall}\"><title>{value}</title></rect>",
            left + wide * n / 120,
            bars_top + 50 - tall,
            (wide / 120).max(1)
        );
    }
    out.push_str("\n</svg>\n");
    out
}
