//! Host keys: the question for new ones, the hard stop for changed ones.

use crate::api::message::HostKeyView;
use crate::api::{Failure, FailureKind, Response};
use crate::domain::ids::NodeId;
use crate::tui::app::App;
use crate::tui::event::{Effect, Level};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::update::say;
use crate::tui::widgets::dialog::{Reading, frame_of};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What became of a probe.
pub fn probed(app: &mut App, node: NodeId, result: Result<Response, Failure>) {
    let name = app.shared.data.node(node).map_or_else(|| node.to_string(), |n| n.name.clone());
    match result {
        Ok(Response::HostKey(key)) => {
            if !app.host_keys.iter().any(|k| k.node == key.node) {
                app.host_keys.push(key);
            }
        }
        Ok(_) => say(app, Level::Good, t!("probe-done", name = name)),
        Err(failure) if is_changed_key(&failure) => {
            say(app, Level::Bad, t!("host-key-changed-short", name = name.as_str()));
            let held = app.hold(Box::new(changed(&name, &failure)));
            app.stack.push(held);
        }
        Err(failure) => {
            let why = app.shared.catalogue.failure(&failure);
            say(app, Level::Bad, t!("probe-failed", name = name, why = why));
        }
    }
}

fn is_changed_key(failure: &Failure) -> bool {
    failure.kind == FailureKind::Node && failure.key.as_deref() == Some("error-host-key-changed")
}

/// The hard stop: nothing can be accepted here.
fn changed(name: &str, failure: &Failure) -> Reading {
    let lines = vec![
        t!("host-key-changed-what", name = name),
        Text::plain(""),
        Text::plain(failure.message.clone()),
        Text::plain(""),
        t!("host-key-changed-danger"),
        t!("host-key-changed-how"),
    ];
    Reading::new(t!("host-key-changed-title", name = name), lines)
}

/// New host keys, shown together; they are trusted together or not at all.
pub struct NewKeys {
    keys: Vec<HostKeyView>,
    from: usize,
    trust: bool,
}

impl NewKeys {
    /// A question for these keys.
    pub fn new(keys: Vec<HostKeyView>) -> Self {
        Self { keys, from: 0, trust: false }
    }
}

impl Screen for NewKeys {
    fn name(&self) -> &'static str {
        "new-host-keys"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Dialog, Context::Moving]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::ChoiceNext | Action::ChoiceBefore => self.trust = !self.trust,
            Action::Up => self.from = self.from.saturating_sub(1),
            Action::Down => self.from = (self.from + 1).min(self.keys.len().saturating_sub(1)),
            Action::Choose if self.trust => {
                return Some(vec![Effect::Trust(std::mem::take(&mut self.keys)), Effect::Close]);
            }
            Action::Choose | Action::Cancel => {
                return Some(vec![Effect::Say(Level::Warn, t!("host-key-not-trusted")), Effect::Close]);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let room = usize::from(area.width).saturating_sub(6).min(90);
        let mut lines: Vec<(String, Part)> = Vec::new();
        let ask = cx.tr(&t!("host-key-ask", count = self.keys.len()));
        lines.extend(text::wrap(&ask, room).into_iter().map(|l| (l, Part::Text)));
        lines.push((String::new(), Part::Text));
        for key in self.keys.iter().skip(self.from) {
            let name = cx
                .data
                .node(key.node)
                .map_or_else(|| key.node.to_string(), |n| format!("{} ({})", n.name, n.address));
            let name = match &key.jump {
                Some(host) => cx.tr(&t!("host-key-jump", host = host.as_str(), node = name)),
                None => name,
            };
            lines.push((format!("{name}  {}", key.kind), Part::Title));
            lines.push((format!("  {}", key.fingerprint), Part::Text));
        }
        lines.push((String::new(), Part::Text));
        lines.extend(text::wrap(&cx.tr(&t!("host-key-how")), room).into_iter().map(|l| (l, Part::Dim)));
        let title = t!("host-key-title", count = self.keys.len());
        let inner = frame_of(cx, frame, area, &title, room, lines.len() + 2);
        let shown = usize::from(inner.height.saturating_sub(2));
        for (n, (line, part)) in lines.into_iter().take(shown).enumerate() {
            let y = inner.y.saturating_add(cells(n));
            frame.render_widget(
                Line::styled(text::fit(&line, room), cx.style(part)),
                Rect { y, height: 1, ..inner },
            );
        }
        let button = |word: Text, here: bool| {
            let word = cx.tr(&word);
            if here {
                Span::styled(format!("▸[ {word} ]"), cx.style(Part::Selection))
            } else {
                Span::raw(format!(" [ {word} ]"))
            }
        };
        let trust = t!("button-trust", count = self.keys.len());
        let line = Line::from(vec![
            button(t!("button-cancel"), !self.trust),
            Span::raw("   "),
            button(trust, self.trust),
        ]);
        let y = inner.bottom().saturating_sub(1);
        frame.render_widget(line, Rect { y, height: 1, ..inner });
    }
}
