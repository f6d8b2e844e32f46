//! Tabs and splits as a line of text, so that the same ones come back after the operator was away.
//!
//! `2;12.1772355600000@;(b500 13.1772355600001 (d300 14.1772355600002 15.1772355600003))@1z`: the tab in front, then each tab: its tree,
//! which of its panes had the focus, `z` for one that was zoomed. A pane is the number of its shell with the moment in which it
//! was opened, since an engine that began anew counts from the beginning again. What is not open any more leaves its room to its neighbours.

use super::layout::{PaneId, Tree, Way};
use super::{PANES, ShellPage, Tab};
use crate::tui::memory::Memory;
use crate::tui::screen::Shared;
use std::collections::BTreeMap;

/// A tab as it was kept; panes are numbered in reading order.
#[derive(Debug, PartialEq, Eq)]
struct KeptTab {
    tree: Tree,
    shells: Vec<String>,
    focus: usize,
    zoomed: bool,
}

/// Writes a tree, its panes by name; `None` when one has none.
fn write(tree: &Tree, name: &impl Fn(PaneId) -> Option<String>) -> Option<String> {
    match tree {
        Tree::Pane(id) => name(*id),
        Tree::Split { way, share, first, second } => {
            let (first, second) = (write(first, name)?, write(second, name)?);
            let way = if *way == Way::Beside { 'b' } else { 'd' };
            Some(format!("({way}{share} {first} {second})"))
        }
    }
}

/// Reads a tree, and what is left of the text.
fn read<'a>(text: &'a str, shells: &mut Vec<String>) -> Option<(Tree, &'a str)> {
    let Some(inner) = text.strip_prefix('(') else {
        let end = text.find([' ', ')', '@']).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        if word.is_empty() || shells.len() >= PANES {
            return None;
        }
        shells.push(word.to_owned());
        return Some((Tree::Pane(shells.len() as u64 - 1), rest));
    };
    let (head, rest) = inner.split_once(' ')?;
    let way = match head.get(..1)? {
        "b" => Way::Beside,
        "d" => Way::Below,
        _ => return None,
    };
    let share = head.get(1..)?.parse::<u16>().ok()?.clamp(100, 900);
    let (first, rest) = read(rest, shells)?;
    let (second, rest) = read(rest.strip_prefix(' ')?, shells)?;
    let tree = Tree::Split { way, share, first: Box::new(first), second: Box::new(second) };
    Some((tree, rest.strip_prefix(')')?))
}

/// Reads a whole line; what makes no sense is as if it were not there.
fn parse(text: &str) -> (usize, Vec<KeptTab>) {
    let mut parts = text.split(';');
    let at = parts.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let tab = |part: &str| {
        let mut shells = Vec::new();
        let (tree, rest) = read(part, &mut shells)?;
        let rest = rest.strip_prefix('@')?;
        let zoomed = rest.ends_with('z');
        let focus = rest.trim_end_matches('z').parse().unwrap_or(0);
        Some(KeptTab { tree, shells, focus, zoomed })
    };
    (at, parts.take(PANES).filter_map(tab).collect())
}

/// The tree with the panes that there are, under their numbers here.
fn now(tree: Tree, pane: &impl Fn(PaneId) -> Option<PaneId>) -> Option<Tree> {
    match tree {
        Tree::Pane(id) => pane(id).map(Tree::Pane),
        Tree::Split { way, share, first, second } => match (now(*first, pane), now(*second, pane)) {
            (Some(first), Some(second)) => {
                Some(Tree::Split { way, share, first: Box::new(first), second: Box::new(second) })
            }
            (one, other) => one.or(other),
        },
    }
}

impl ShellPage {
    /// Tabs and splits, in or out.
    pub(super) fn remember(&mut self, cx: &Shared, memory: &mut Memory) {
        let names: BTreeMap<PaneId, String> = self
            .panes
            .iter()
            .filter_map(|(id, pane)| {
                let shell = pane.open()?;
                let row = cx.data.shells().into_iter().find(|s| s.id == shell)?;
                Some((*id, format!("{}.{}", shell.0, row.opened.0)))
            })
            .collect();
        if memory.recalls() {
            if let Some(text) = memory.word("layout", None) {
                self.arrange(&names, &text);
            }
            return;
        }
        let tabs: Vec<(usize, String)> =
            self.tabs.iter().enumerate().filter_map(|(n, tab)| Some((n, kept(tab, &names)?))).collect();
        // One shell in one tab comes back like that anyhow.
        let alone = self.tabs.iter().all(|tab| tab.tree.panes().len() < 2);
        let at = tabs.iter().position(|(n, _)| *n == self.at).unwrap_or(0);
        let words: Vec<String> = tabs.into_iter().map(|(_, word)| word).collect();
        memory.word("layout", (!alone).then(|| format!("{at};{}", words.join(";"))));
    }

    /// Puts the panes of the page, each in a tab of its own so far, where they were.
    fn arrange(&mut self, names: &BTreeMap<PaneId, String>, text: &str) {
        let wanted = self.pane().map(|pane| pane.wanted.node);
        let front = self.tab().map(|tab| tab.focus);
        let (kept_at, all) = parse(text);
        let mut tabs: Vec<Tab> = Vec::new();
        let mut at = None;
        for (n, KeptTab { tree, shells, focus, zoomed }) in all.into_iter().enumerate() {
            let taken: Vec<PaneId> = tabs.iter().flat_map(|t| t.tree.panes()).collect();
            let pane = |id: PaneId| {
                let name = shells.get(usize::try_from(id).ok()?)?;
                let (found, _) = names.iter().find(|(_, known)| *known == name)?;
                (!taken.contains(found)).then_some(*found)
            };
            let focus = pane(focus as u64);
            let Some(tree) = now(tree, &pane) else { continue };
            let panes = tree.panes();
            let Some(focus) = focus.or(panes.first().copied()) else { continue };
            // In front is what was asked for; of several shells on that node the one that was in front.
            let same = self.panes.get(&focus).map(|p| p.wanted.node) == wanted;
            if same && n == kept_at && front.is_some_and(|f| names.contains_key(&f)) {
                at = Some(tabs.len());
            }
            let zoomed = zoomed && panes.len() > 1;
            tabs.push(Tab { tree, focus, zoomed, together: false });
        }
        let placed: Vec<PaneId> = tabs.iter().flat_map(|t| t.tree.panes()).collect();
        let rest = std::mem::take(&mut self.tabs);
        tabs.extend(rest.into_iter().filter(|tab| !tab.tree.panes().iter().any(|p| placed.contains(p))));
        let of_front = || tabs.iter().position(|tab| front.is_some_and(|f| tab.tree.panes().contains(&f)));
        let to = at.or_else(of_front).unwrap_or(0);
        self.tabs = tabs;
        self.at = to;
        if at.is_none()
            && let (Some(tab), Some(front)) = (self.tabs.get_mut(to), front)
        {
            tab.focus = front;
        }
    }
}

/// A tab with those of its panes that have a shell; `None`: it has none.
fn kept(tab: &Tab, names: &BTreeMap<PaneId, String>) -> Option<String> {
    let tree = now(tab.tree.clone(), &|id| names.contains_key(&id).then_some(id))?;
    let focus = tree.panes().iter().position(|id| *id == tab.focus).unwrap_or(0);
    let text = write(&tree, &|id| names.get(&id).cloned())?;
    Some(format!("{text}@{focus}{}", if tab.zoomed { "z" } else { "" }))
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
    use proptest::prelude::*;

    fn tree() -> impl Strategy<Value = Tree> {
        (any::<u8>()).prop_map(|_| Tree::Pane(0)).prop_recursive(5, 32, 2, |inner| {
            (any::<bool>(), 100_u16..=900, inner.clone(), inner).prop_map(|(beside, share, a, b)| {
                Tree::Split {
                    way: if beside { Way::Beside } else { Way::Below },
                    share,
                    first: Box::new(a),
                    second: Box::new(b),
                }
            })
        })
    }

    fn numbered(tree: Tree, next: &mut u64) -> Tree {
        match tree {
            Tree::Pane(_) => {
                *next += 1;
                Tree::Pane(*next - 1)
            }
            Tree::Split { way, share, first, second } => {
                let first = Box::new(numbered(*first, next));
                Tree::Split { way, share, first, second: Box::new(numbered(*second, next)) }
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        for text in [
            "",
            "x",
            "1;",
            "0;(b500 1.1)@0",
            "0;(b500 1.1 2.2@0",
            "0;(x500 1.1 2.2)@0",
            "0;(b 1.1 2.2)@0",
            "0;()@0",
        ] {
            assert_eq!(parse(text).1, Vec::new(), "{text}");
        }
        let deep = format!("0;{}", "(b500 ".repeat(600));
        assert_eq!(parse(&deep).1, Vec::new());
        let (at, tabs) = parse("1;7.5@0;(b250 8.6 (d500 9.7 10.8))@2z");
        assert_eq!((at, tabs.len()), (1, 2));
        assert_eq!((tabs[1].focus, tabs[1].zoomed), (2, true));
        assert_eq!(tabs[1].shells, ["8.6", "9.7", "10.8"]);
        // The shell in the middle is gone: its neighbour has its room.
        let left =
            now(tabs.into_iter().next_back().unwrap().tree, &|id| (id != 1).then_some(id + 40)).unwrap();
        assert_eq!(left.panes(), [40, 42]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tree in tree()) {
            let tree = numbered(tree, &mut 0);
            let text = write(&tree, &|id| Some(format!("{}.{}", id + 3, id))).unwrap();
            let (_, tabs) = parse(&format!("0;{text}@0"));
            prop_assert_eq!(&tabs[0].tree, &tree);
        }

        #[test]
        fn nothing_in_a_file_does_harm(text in "[0-9.;@z()bd ]{0,200}") {
            let _ = parse(&text);
        }
    }
}
