//! What the overview says in words: its drawing's lines, the nodes, the newest job, what is asked for.

use crate::api::Topic;
use crate::api::rows::{JobRow, NodeRow};
use crate::domain::node::{NodeState, Reach};
use crate::domain::picture::{Drawn, Ink};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::{empty, states};
use ratatui::text::{Line, Span};

/// Of what has not come: that it is asked for, or why it does not come.
pub fn waiting(cx: &Shared, refused: Option<&Text>) -> (String, Part) {
    match refused {
        Some(why) => (format!("✗ {}", cx.tr(why)), Part::Bad),
        None => (cx.tr(&empty::loading(cx)), Part::Dim),
    }
}

/// What is said of rows that have come; of others that they are asked for, or why they do not come.
pub fn known(cx: &Shared, topic: Topic, said: impl Fn() -> (String, Part)) -> (String, Part) {
    if cx.data.has(topic) { said() } else { waiting(cx, cx.data.refusal(topic)) }
}

/// A line of the drawing in its looks; that of the selected node is marked.
pub fn line_of(cx: &Shared, drawn: Drawn, here: bool) -> Line<'static> {
    let named = drawn.pieces.iter().any(|(ink, _)| *ink == Ink::Name);
    let node = drawn.node.filter(|_| named).and_then(|n| cx.data.node(n));
    let mut spans = vec![match node {
        Some(node) => {
            let state = states::node(node.state);
            Span::styled(format!("{}{}", if here { "»" } else { " " }, state.glyph), cx.style(state.part))
        }
        None => Span::raw("  "),
    }];
    for (ink, piece) in drawn.pieces {
        let part = match ink {
            Ink::Name if here => Part::Selection,
            Ink::Name | Ink::Label => Part::Text,
            Ink::Title => Part::Title,
            Ink::Wire => Part::Border,
            Ink::Fault => Part::Bad,
        };
        spans.push(Span::styled(piece, cx.style(part)));
    }
    Line::from(spans)
}

/// How many nodes there are, by state, and what is odd about them.
pub fn nodes_line(cx: &Shared, nodes: &[&NodeRow]) -> (String, Part) {
    if nodes.is_empty() {
        return (format!("– {}", cx.tr(&t!("nodes-empty"))), Part::Dim);
    }
    let count = |wanted: fn(&NodeRow) -> bool| nodes.iter().filter(|n| wanted(n)).count();
    let mut words = vec![cx.tr(&t!("overview-nodes-of", count = nodes.len()))];
    let mut part = Part::Text;
    for state in NodeState::ALL {
        let here = nodes.iter().filter(|n| n.state == state).count();
        if here > 0 {
            let shown = states::node(state);
            words.push(format!(
                "{} {here} {}",
                shown.glyph,
                cx.tr(&Text::key(format!("node-state-{}", state.word())))
            ));
        }
    }
    let silent = count(|n| matches!(n.reach, Reach::Silent { .. }));
    if silent > 0 {
        part = Part::Warn;
        words.push(format!("! {}", cx.tr(&t!("overview-silent", count = silent))));
    }
    let locked = count(|n| n.lock.is_some());
    if locked > 0 {
        words.push(format!("■ {}", cx.tr(&t!("overview-locked", count = locked))));
    }
    // The count first, then each state.
    (words.join("  ").replacen(":  ", ": ", 1).replacen("：  ", "：", 1), part)
}

/// The newest job: its state, kind and number, and how long ago.
pub fn job_line(cx: &Shared, job: &JobRow) -> (String, Part) {
    let state = states::job(job.state);
    let kind = cx.tr(&Text::key(format!("plan-kind-{}", job.kind.word())));
    let when = cx.tr(&text::ago(cx.now, job.ended.unwrap_or(job.created)));
    (format!("{} {kind} #{}, {when}", state.text(cx), job.id), state.part)
}
