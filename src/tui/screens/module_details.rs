//! What a chosen module comes to: beside the list where there is room, else a few lines below it.

use crate::api::views::ModuleView;
use crate::domain::choice::{Choice, Finding, NodeShare, Why};
use crate::domain::plan::localized;
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::states;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Columns from which on details stand beside the list.
const BESIDE: u16 = 120;
/// Lines below the list on a narrow terminal.
const BELOW: u16 = 3;

/// The part for the list, and the part for the details.
pub fn split(area: Rect) -> (Rect, Rect) {
    if area.width >= BESIDE {
        let left = area.width * 11 / 20;
        let right = Rect { x: area.x + left + 2, width: area.width - left - 2, ..area };
        return (Rect { width: left, ..area }, right);
    }
    let below = if area.height > 12 { BELOW } else { 0 };
    let list = Rect { height: area.height - below, ..area };
    (list, Rect { y: area.y + list.height, height: below, ..area })
}

/// A finding as a sentence.
pub fn finding(node: &str, finding: &Finding) -> Text {
    match finding {
        Finding::Memory { needs, has } => t!("module-memory-short", node = node, needs = *needs, has = *has),
        Finding::Port { port, one, other } => {
            t!("module-port-twice", node = node, port = port.to_string(), one = one, other = other)
        }
    }
}

/// Why a module is there, and what has to be said of it, shortest first.
fn first(cx: &Shared, module: &ModuleView, choice: &Choice) -> Vec<(String, Part)> {
    let mut out = Vec::new();
    let why = match choice.why(&module.name) {
        Some(Why::Base) => t!("module-why-base", name = &module.name),
        Some(Why::Chosen) => t!("module-why-chosen", name = &module.name),
        Some(Why::NeededBy(by)) => t!("module-why-needed", name = &module.name, by = by),
        None => t!("module-why-off", name = &module.name),
    };
    out.push((cx.tr(&why), Part::Text));
    if !module.proven {
        out.push((format!("! {}", cx.tr(&t!("module-unproven-long"))), Part::Warn));
    }
    let odd = choice.nodes.iter().flat_map(|n| n.findings.iter().map(move |f| (n, f)));
    out.extend(odd.map(|(n, f)| (format!("! {}", cx.tr(&finding(&n.node, f))), Part::Warn)));
    out
}

fn node_line(cx: &Shared, share: &NodeShare) -> (String, Part) {
    let has = share.has.map_or_else(|| "?".to_owned(), |mib| mib.to_string());
    let part = if share.findings.is_empty() { Part::Text } else { Part::Warn };
    (cx.tr(&t!("module-node-memory", node = &share.node, needs = share.memory, has = has)), part)
}

fn all(cx: &Shared, module: &ModuleView, choice: &Choice) -> Vec<(String, Part)> {
    let mut out = vec![(localized(&module.title, cx.language()).to_owned(), Part::Title)];
    out.extend(first(cx, module, choice));
    out.push((String::new(), Part::Text));
    let or_dash = |s: String| if s.is_empty() { "-".to_owned() } else { s };
    let ports: Vec<String> = module.ports.iter().map(ToString::to_string).collect();
    let memory: Vec<String> = module
        .memory
        .iter()
        .map(|(role, mib)| format!("{} {mib} MiB", states::roles(cx, &std::iter::once(*role).collect())))
        .collect();
    for (head, value) in [
        (t!("col-on"), states::roles(cx, &module.roles.iter().copied().collect())),
        (t!("col-needs"), module.needs.join(", ")),
        (t!("module-conflicts"), module.conflicts.join(", ")),
        (t!("col-ports"), ports.join(" ")),
        (t!("module-memory"), memory.join(", ")),
        (t!("module-configs"), module.configs.join(" ")),
    ] {
        out.push((format!("{}: {}", cx.tr(&head), or_dash(value)), Part::Text));
    }
    let on: Vec<&str> =
        choice.nodes.iter().filter(|n| n.modules.contains(&module.name)).map(|n| n.node.as_str()).collect();
    let on = if on.is_empty() { cx.tr(&t!("module-on-none")) } else { super::nodes::names(on) };
    out.push((cx.tr(&t!("module-comes-on", names = on)), Part::Text));
    if !choice.nodes.is_empty() {
        out.push((String::new(), Part::Text));
        out.push((cx.tr(&t!("module-node-head")), Part::Title));
        out.extend(choice.nodes.iter().map(|n| node_line(cx, n)));
    }
    out
}

/// Draws what there is room for.
pub fn draw(cx: &Shared, frame: &mut Frame, area: Rect, module: &ModuleView, choice: &Choice) {
    let lines = if area.height > BELOW { all(cx, module, choice) } else { first(cx, module, choice) };
    let columns = usize::from(area.width.saturating_sub(1));
    let mut y = 0;
    for (words, part) in lines {
        for line in text::wrap(&words, columns.max(10)) {
            if y >= usize::from(area.height) {
                return;
            }
            let line = Line::styled(format!(" {line}"), cx.style(part));
            frame.render_widget(line, Rect { y: area.y.saturating_add(cells(y)), height: 1, ..area });
            y += 1;
        }
    }
}
