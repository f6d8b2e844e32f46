//! What saving would change, line by line, before it is saved.

use super::dialog::{frame_of, more_below};
use crate::tui::event::Effect;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines shown around a change.
const AROUND: usize = 2;

/// A line of the difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// As it was.
    Same(String),
    /// It goes.
    Gone(String),
    /// It comes.
    New(String),
    /// Lines that stay are left out here.
    Gap(usize),
}

/// The shortest way from one text to the other, with a few lines around each change.
pub fn changes(before: &str, after: &str) -> Vec<Change> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    // Length of what both have in common from each pair of places on.
    let wide = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * wide];
    let at = |i: usize, j: usize| i * wide + j;
    let get = |common: &[u32], i: usize, j: usize| common.get(at(i, j)).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let best = if a == b {
                get(&common, i + 1, j + 1) + 1
            } else {
                get(&common, i + 1, j).max(get(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(at(i, j)) {
                *cell = best;
            }
        }
    }
    let mut out = Vec::new();
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => {
                out.push(Change::Same((*a).to_owned()));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || get(&common, i + 1, j) >= get(&common, i, j + 1) => {
                out.push(Change::Gone((*a).to_owned()));
                i += 1;
            }
            (_, Some(b)) => {
                out.push(Change::New((*b).to_owned()));
                j += 1;
            }
            _ => break,
        }
    }
    shortened(out)
}

fn shortened(all: Vec<Change>) -> Vec<Change> {
    let same = |c: &Change| matches!(c, Change::Same(_));
    let near: Vec<bool> = (0..all.len())
        .map(|n| {
            let around = all.iter().skip(n.saturating_sub(AROUND)).take(n.min(AROUND) + AROUND + 1);
            around.into_iter().any(|c| !same(c))
        })
        .collect();
    let mut out = Vec::new();
    for (change, near) in all.into_iter().zip(near) {
        match (near, out.last_mut()) {
            (true, _) => out.push(change),
            (false, Some(Change::Gap(count))) => *count += 1,
            (false, _) => out.push(Change::Gap(1)),
        }
    }
    out
}

/// The dialog. Enter saves; nothing is lost by that, so the focus is there.
pub struct Changes {
    title: Text,
    lines: Vec<Change>,
    from: usize,
    yes: Option<Vec<Effect>>,
}

impl Changes {
    /// Before `yes` is done on the screen below.
    pub fn new(title: Text, lines: Vec<Change>, yes: Vec<Effect>) -> Self {
        Self { title, lines, from: 0, yes: Some(yes) }
    }
}

impl Screen for Changes {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Changes]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Submit => {
                let yes = self.yes.take().unwrap_or_default();
                return Some(vec![Effect::Close, Effect::Below(yes)]);
            }
            Action::Cancel => return Some(vec![Effect::Close]),
            Action::Down => self.from = (self.from + 1).min(self.lines.len().saturating_sub(1)),
            Action::Up => self.from = self.from.saturating_sub(1),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let columns = usize::from(area.width).saturating_sub(6).min(96);
        let inner = frame_of(cx, frame, area, &self.title, columns, self.lines.len().max(1));
        let room = usize::from(inner.height);
        more_below(cx, frame, inner, self.lines.len().saturating_sub(self.from + room));
        for (n, change) in self.lines.iter().skip(self.from).take(room).enumerate() {
            let (words, part) = match change {
                Change::Same(line) => (format!("  {line}"), Part::Dim),
                Change::Gone(line) => (format!("- {line}"), Part::Bad),
                Change::New(line) => (format!("+ {line}"), Part::Good),
                Change::Gap(count) => (format!("  {}", cx.tr(&t!("changes-gap", count = *count))), Part::Dim),
            };
            let words = cx.tr(&Text::plain(words.replace('\t', "    ")));
            let y = inner.y.saturating_add(cells(n));
            let line = Line::styled(text::fit(&words, usize::from(inner.width)), cx.style(part));
            frame.render_widget(line, Rect { y, height: 1, ..inner });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let words = |c: &Change| match c {
            Change::Same(l) => format!(" {l}"),
            Change::Gone(l) => format!("-{l}"),
            Change::New(l) => format!("+{l}"),
            Change::Gap(n) => format!("~{n}"),
        };
        changes(before, after).iter().map(words).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn differences_are_the_shortest_ones() {
        assert_eq!(shown("", ""), "");
        assert_eq!(shown("a\nb", "a\nb"), "~2");
        assert_eq!(shown("", "a\nb"), "+a|+b");
        assert_eq!(shown("a\nb\nc", "a\nx\nc"), " a|-b|+x| c");
        assert_eq!(shown("1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5\n7"), "~3| 4| 5|-6|+7");
        assert_eq!(shown("a\nb\nc\nd", "b\nc\nd\ne"), "-a| b| c| d|+e");
    }
}
