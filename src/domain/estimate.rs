//! How much time is left, with a range.
//!
//! Each node's steps are added up to a [`Left`]; a stage gives its nodes turns in the order of the plan, as many at once as the
//! plan allows, and begins when the one before is done. That is done three times: with the short, the middle and the long
//! times. What nobody ever measured makes the range wide, and so does a step that takes longer than it usually does: the
//! range then says how little is known instead of standing at "nearly done".

use super::ids::NodeId;
use super::plan::StageKind;
use super::usual::Usual;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Time left, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// If all goes well; at most `mid`.
    pub low: u64,
    /// As usual.
    pub mid: u64,
    /// If it goes slowly; at least `mid`.
    pub high: u64,
    /// More than half of `mid` was never measured.
    pub guess: bool,
}

/// What one node has still to do, added up step by step.
///
/// Steps that were measured are taken as independent of each other, so that their spreads partly cancel out; guesses are not,
/// as they are all wrong in the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    mid: u64,
    guessed: u64,
    below: u64,
    above: u64,
    below_squared: u128,
    above_squared: u128,
}

impl Work {
    fn add(&mut self, low: u64, mid: u64, high: u64, guess: bool) {
        self.mid = self.mid.saturating_add(mid);
        let (below, above) = (mid.saturating_sub(low), high.saturating_sub(mid));
        if guess {
            self.guessed = self.guessed.saturating_add(mid);
            self.below = self.below.saturating_add(below);
            self.above = self.above.saturating_add(above);
        } else {
            let square = |v: u64| u128::from(v) * u128::from(v);
            self.below_squared = self.below_squared.saturating_add(square(below));
            self.above_squared = self.above_squared.saturating_add(square(above));
        }
    }

    /// A step that has not begun.
    pub fn waiting(&mut self, usual: &Usual) {
        self.add(usual.low, usual.mid, usual.high, usual.is_guess());
    }

    /// A step that has run for `elapsed_ms`.
    ///
    /// As long as it runs no longer than usual, what is left is the difference. Afterwards it may end any moment, and it is
    /// thought to need the longer the longer it took already.
    pub fn running(&mut self, usual: &Usual, elapsed_ms: u64) {
        let over = elapsed_ms.saturating_sub(usual.mid);
        let mid = usual.mid.saturating_sub(elapsed_ms).max(usual.mid / 10).max(over / 4);
        let high = usual.high.saturating_sub(elapsed_ms).max(mid).max(over);
        let low = usual.low.saturating_sub(elapsed_ms).min(mid);
        self.add(low, mid, high, usual.is_guess());
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.mid == 0
    }

    /// The sum with its range.
    pub fn left(&self) -> Left {
        let root = |squared: u128| u64::try_from(squared.isqrt()).unwrap_or(u64::MAX);
        let below = self.below.saturating_add(root(self.below_squared));
        let above = self.above.saturating_add(root(self.above_squared));
        Left {
            low: self.mid.saturating_sub(below),
            mid: self.mid,
            high: self.mid.saturating_add(above),
            guess: self.guessed > self.mid / 2,
        }
    }
}

/// What a node does in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemWork {
    /// The node.
    pub node: NodeId,
    /// It has had its turn already: it goes on before others begin.
    pub begun: bool,
    /// What is left.
    pub work: Work,
}

/// A stage with what is left in it, in the order of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageWork {
    /// Which.
    pub kind: StageKind,
    /// Nodes that have something left and are not stopped.
    pub items: Vec<ItemWork>,
}

/// Time left of a job, of its stages and of its nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Until the job is done.
    pub job: Left,
    /// Until each stage is done, those before it included. A stage in which nothing is left is not in it.
    pub stages: BTreeMap<StageKind, Left>,
    /// Until each node is done with its last stage.
    pub nodes: BTreeMap<NodeId, Left>,
}

/// The end of each item, when they get their turns in order, `parallel` at a time.
fn ends(times: impl Iterator<Item = u64>, parallel: usize) -> Vec<u64> {
    let mut free: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
    let mut out = Vec::new();
    for time in times {
        let from = if free.len() < parallel { 0 } else { free.pop().map_or(0, |Reverse(at)| at) };
        let end = from.saturating_add(time);
        free.push(Reverse(end));
        out.push(end);
    }
    out
}

/// What is left of a job, as its stages are done one after another.
pub fn estimate(stages: &[StageWork], parallel: u32) -> Estimate {
    let parallel = usize::try_from(parallel.max(1)).unwrap_or(usize::MAX);
    let mut out = Estimate::default();
    let (mut guessed, mut summed) = (0_u128, 0_u128);
    for stage in stages {
        let mut items: Vec<&ItemWork> = stage.items.iter().filter(|i| !i.work.is_done()).collect();
        items.sort_by_key(|i| !i.begun);
        if items.is_empty() {
            continue;
        }
        let lefts: Vec<Left> = items.iter().map(|i| i.work.left()).collect();
        let before = out.job;
        let low = ends(lefts.iter().map(|l| l.low), parallel);
        let mid = ends(lefts.iter().map(|l| l.mid), parallel);
        let high = ends(lefts.iter().map(|l| l.high), parallel);
        for (((item, low), mid), high) in items.iter().zip(low).zip(mid).zip(high) {
            guessed += u128::from(item.work.guessed);
            summed += u128::from(item.work.mid);
            let left = Left {
                low: before.low.saturating_add(low),
                mid: before.mid.saturating_add(mid),
                high: before.high.saturating_add(high),
                guess: guessed > summed / 2,
            };
            out.nodes.insert(item.node, left);
            out.job.low = out.job.low.max(left.low);
            out.job.mid = out.job.mid.max(left.mid);
            out.job.high = out.job.high.max(left.high);
        }
        out.job.guess = guessed > summed / 2;
        out.stages.insert(stage.kind, out.job);
    }
    out
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
mod tests;
