//! What a page says that has nothing to show: that it asks and waits, why it got nothing and when it asks again, or that there
//! is nothing and what to do about it.

use crate::api::Topic;
use crate::domain::access;
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Link, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Draws sentences in the upper middle of `area`.
pub fn draw(cx: &Shared, frame: &mut Frame, area: Rect, sentences: &[Text]) {
    put(cx, frame, area, sentences.iter().map(|s| (cx.tr(s), Part::Dim)));
}

/// What was asked for has not come: it is on its way, or why it was refused and when it is asked for again.
pub fn asked(cx: &Shared, frame: &mut Frame, area: Rect, refused: Option<&Text>) {
    let Some(why) = refused else { return draw(cx, frame, area, &[loading(cx)]) };
    put(cx, frame, area, [(format!("✗ {}", cx.tr(why)), Part::Bad), (cx.tr(&again(cx)), Part::Dim)]);
}

/// When it is asked for again.
pub fn again(cx: &Shared) -> Text {
    if cx.link == Link::Up { t!("ask-again") } else { t!("ask-later") }
}

/// That it is asked for.
pub fn loading(cx: &Shared) -> Text {
    if cx.link == Link::Up { t!("loading") } else { t!("loading-down") }
}

/// The same of rows that are watched.
pub fn watched(cx: &Shared, frame: &mut Frame, area: Rect, topic: Topic) {
    asked(cx, frame, area, cx.data.refusal(topic));
}

/// There is nothing; how to change that is told to those who may, the others hear whom to ask.
pub fn invite(cx: &Shared, frame: &mut Frame, area: Rect, what: Text, needs: access::Action, how: Text) {
    draw(cx, frame, area, &[what, if cx.may(needs) { how } else { cx.only_look(needs) }]);
}

fn put(cx: &Shared, frame: &mut Frame, area: Rect, sentences: impl IntoIterator<Item = (String, Part)>) {
    let room = usize::from(area.width).saturating_sub(4);
    let lines = sentences
        .into_iter()
        .flat_map(|(words, part)| text::wrap(&words, room).into_iter().map(move |line| (line, part)));
    let top = area.y.saturating_add(area.height / 4);
    for (n, (line, part)) in lines.enumerate() {
        let y = top.saturating_add(cells(n));
        if y < area.bottom() {
            let row = Rect { y, height: 1, ..area };
            frame.render_widget(Line::styled(line, cx.style(part)).centered(), row);
        }
    }
}
