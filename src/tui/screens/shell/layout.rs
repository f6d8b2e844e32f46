//! How the panes of a tab share its room: a tree of splits. Pure.
//!
//! A pane's place includes its title line when there is more than one pane; between panes side by side lies one column.

use ratatui::layout::Rect;

/// Number of a pane; never used twice in a page.
pub type PaneId = u64;

/// Least columns and rows of a pane, its title line included: what an emulator can be.
const LEAST: (u16, u16) = (20, 5);
/// Least and most share of the first half, in thousandths.
const SHARE: (u16, u16) = (100, 900);
/// What one step of growing takes.
const STEP: i32 = 50;

/// Where the second half lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// On the right.
    Beside,
    /// Below.
    Below,
}

/// Where to look for another pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// Left.
    Left,
    /// Right.
    Right,
    /// Up.
    Up,
    /// Down.
    Down,
}

/// The tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// A pane.
    Pane(PaneId),
    /// Two halves.
    Split {
        /// How they lie.
        way: Way,
        /// Share of the first, in thousandths.
        share: u16,
        /// The first half.
        first: Box<Tree>,
        /// The second half.
        second: Box<Tree>,
    },
}

impl Tree {
    /// Panes in reading order.
    pub fn panes(&self) -> Vec<PaneId> {
        match self {
            Self::Pane(id) => vec![*id],
            Self::Split { first, second, .. } => [first.panes(), second.panes()].concat(),
        }
    }

    /// Panes in a grid, as square as it can be.
    pub fn tiled(panes: &[PaneId]) -> Option<Self> {
        let rows = (1..=panes.len().max(1)).find(|rows| rows * rows * 2 >= panes.len()).unwrap_or(1);
        let per_row = panes.len().div_ceil(rows).max(1);
        let lines: Vec<Self> = panes.chunks(per_row).filter_map(|row| even(row, Way::Beside)).collect();
        even_trees(lines, Way::Below)
    }

    /// Halves the pane `at`; false when it is not here.
    pub fn split(&mut self, at: PaneId, way: Way, new: PaneId) -> bool {
        match self {
            Self::Pane(id) if *id == at => {
                let (first, second) = (Box::new(Self::Pane(at)), Box::new(Self::Pane(new)));
                *self = Self::Split { way, share: 500, first, second };
                true
            }
            Self::Pane(_) => false,
            Self::Split { first, second, .. } => first.split(at, way, new) || second.split(at, way, new),
        }
    }

    /// The tree without a pane; none when it was the last one.
    pub fn without(self, id: PaneId) -> Option<Self> {
        match self {
            Self::Pane(here) => (here != id).then_some(Self::Pane(here)),
            Self::Split { way, share, first, second } => match (first.without(id), second.without(id)) {
                (Some(first), Some(second)) => {
                    Some(Self::Split { way, share, first: Box::new(first), second: Box::new(second) })
                }
                (one, other) => one.or(other),
            },
        }
    }

    /// Gives a pane more or less of the innermost split it is in; false when there is none.
    pub fn grow(&mut self, id: PaneId, more: bool) -> bool {
        let Self::Split { share, first, second, .. } = self else { return false };
        if first.grow(id, more) || second.grow(id, more) {
            return true;
        }
        let in_first = first.panes().contains(&id);
        if !in_first && !second.panes().contains(&id) {
            return false;
        }
        let by = if more == in_first { STEP } else { -STEP };
        *share = u16::try_from(i32::from(*share) + by).unwrap_or(SHARE.0).clamp(SHARE.0, SHARE.1);
        true
    }

    /// Where each pane lies.
    pub fn places(&self, area: Rect) -> Vec<(PaneId, Rect)> {
        match self {
            Self::Pane(id) => vec![(*id, area)],
            Self::Split { way, share, first, second } => {
                let (one, _, other) = halves(area, *way, *share);
                [first.places(one), second.places(other)].concat()
            }
        }
    }

    /// The columns between panes side by side.
    pub fn borders(&self, area: Rect) -> Vec<Rect> {
        match self {
            Self::Pane(_) => Vec::new(),
            Self::Split { way, share, first, second } => {
                let (one, between, other) = halves(area, *way, *share);
                let mut all = [first.borders(one), second.borders(other)].concat();
                all.extend(between);
                all
            }
        }
    }
}

fn even(panes: &[PaneId], way: Way) -> Option<Tree> {
    even_trees(panes.iter().map(|id| Tree::Pane(*id)).collect(), way)
}

/// Trees one after the other, each with as much room as the others.
fn even_trees(mut trees: Vec<Tree>, way: Way) -> Option<Tree> {
    let mut all = trees.pop()?;
    let mut count: u16 = 1;
    while let Some(tree) = trees.pop() {
        count += 1;
        all = Tree::Split { way, share: 1000 / count, first: Box::new(tree), second: Box::new(all) };
    }
    Some(all)
}

fn halves(area: Rect, way: Way, share: u16) -> (Rect, Option<Rect>, Rect) {
    let part = |all: u16| u16::try_from((u32::from(all) * u32::from(share) + 499) / 1000).unwrap_or(all);
    match way {
        Way::Beside => {
            let room = area.width.saturating_sub(1);
            let width = part(room);
            let one = Rect { width, ..area };
            let between = Rect { x: area.x + width, width: area.width.min(1), ..area };
            let other = Rect { x: area.x + width + between.width, width: room - width, ..area };
            (one, Some(between), other)
        }
        Way::Below => {
            let height = part(area.height);
            let one = Rect { height, ..area };
            (one, None, Rect { y: area.y + height, height: area.height - height, ..area })
        }
    }
}

/// Whether a place can be halved and both halves still be used.
pub fn fits(place: Rect, way: Way) -> bool {
    let (one, _, other) = halves(place, way, 500);
    [one, other].iter().all(|half| half.width >= LEAST.0 && half.height >= LEAST.1)
}

/// The nearest pane in a direction: one that touches, and of those the one beside the middle.
pub fn towards(places: &[(PaneId, Rect)], from: PaneId, way: Towards) -> Option<PaneId> {
    let (_, here) = places.iter().find(|(id, _)| *id == from)?;
    let middle =
        |r: &Rect| (i32::from(r.x) * 2 + i32::from(r.width), i32::from(r.y) * 2 + i32::from(r.height));
    let (x, y) = middle(here);
    let lies = |r: &Rect| match way {
        Towards::Left => r.right() <= here.x,
        Towards::Right => r.x >= here.right(),
        Towards::Up => r.bottom() <= here.y,
        Towards::Down => r.y >= here.bottom(),
    };
    let far = |r: &Rect| {
        let (along, across) = match way {
            Towards::Left => (here.x - r.right(), (middle(r).1 - y).abs()),
            Towards::Right => (r.x - here.right(), (middle(r).1 - y).abs()),
            Towards::Up => (here.y - r.bottom(), (middle(r).0 - x).abs()),
            Towards::Down => (r.y - here.bottom(), (middle(r).0 - x).abs()),
        };
        (along, across)
    };
    places.iter().filter(|(id, r)| *id != from && lies(r)).min_by_key(|(_, r)| far(r)).map(|(id, _)| *id)
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

    #[test]
    fn splitting_moving_and_closing() {
        let area = Rect::new(0, 0, 81, 20);
        let mut tree = Tree::Pane(1);
        assert!(tree.split(1, Way::Beside, 2));
        assert!(tree.split(2, Way::Below, 3));
        assert!(!tree.split(9, Way::Below, 4));
        let places = tree.places(area);
        let of = |id| places.iter().find(|(p, _)| *p == id).unwrap().1;
        assert_eq!(of(1), Rect::new(0, 0, 40, 20));
        assert_eq!(of(2), Rect::new(41, 0, 40, 10));
        assert_eq!(of(3), Rect::new(41, 10, 40, 10));
        assert_eq!(tree.borders(area), [Rect::new(40, 0, 1, 20)]);
        assert_eq!(towards(&places, 3, Towards::Left), Some(1));
        assert_eq!(towards(&places, 3, Towards::Up), Some(2));
        assert_eq!(towards(&places, 1, Towards::Right), Some(2));
        assert_eq!(towards(&places, 1, Towards::Up), None);
        assert!(tree.grow(3, true));
        assert_eq!(tree.places(area).last().unwrap().1.height, 11);
        let tree = tree.without(1).unwrap();
        assert_eq!(tree.panes(), [2, 3]);
        assert_eq!(tree.places(area)[0].1.width, 81);
        assert_eq!(tree.without(2).unwrap().without(3), None);
        assert!(fits(area, Way::Beside) && !fits(Rect::new(0, 0, 40, 9), Way::Below));
    }

    #[test]
    fn a_grid_is_even() {
        assert_eq!(Tree::tiled(&[]), None);
        for (count, rows) in [(1, 1), (2, 1), (3, 2), (6, 2), (8, 2), (9, 3)] {
            let panes: Vec<PaneId> = (0..count).collect();
            let tree = Tree::tiled(&panes).unwrap();
            assert_eq!(tree.panes(), panes);
            let places = tree.places(Rect::new(0, 0, 160, 48));
            let mut tops: Vec<u16> = places.iter().map(|(_, r)| r.y).collect();
            tops.dedup();
            assert_eq!(tops.len(), rows, "{count}");
            let heights = places.iter().map(|(_, r)| r.height);
            assert!(heights.clone().max().unwrap() - heights.min().unwrap() <= 1);
        }
    }

    proptest! {
        /// Whatever is split and closed, the panes and the columns between them fill the room exactly.
        #[test]
        fn nothing_overlaps_and_nothing_is_left(
            deeds in prop::collection::vec((0_usize..8, any::<bool>(), 0_u8..4), 0..12),
            width in 1_u16..200, height in 1_u16..60,
        ) {
            let mut tree = Tree::Pane(0);
            for (next, (which, beside, what)) in (1..).zip(deeds) {
                let panes = tree.panes();
                let at = panes[which % panes.len()];
                match what {
                    0 if panes.len() > 1 => tree = tree.without(at).unwrap(),
                    1 => { tree.grow(at, beside); }
                    _ => { tree.split(at, if beside { Way::Beside } else { Way::Below }, next); }
                }
            }
            let area = Rect::new(3, 2, width, height);
            let cells = |r: &Rect| u32::from(r.width) * u32::from(r.height);
            let all: Vec<Rect> = tree.places(area).into_iter().map(|(_, r)| r).chain(tree.borders(area)).collect();
            prop_assert_eq!(all.iter().map(cells).sum::<u32>(), cells(&area));
            for (n, one) in all.iter().enumerate() {
                prop_assert_eq!(one.intersection(area), *one);
                for other in all.iter().skip(n + 1) {
                    prop_assert_eq!(cells(&one.intersection(*other)), 0);
                }
            }
        }
    }
}
