//! Where the time went: sums of the same attempts by stage, by module and by step.

use super::NodeReport;
use crate::domain::plan::{StageKind, StepId};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The part of a stage or a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Word of the stage, or name of the module.
    pub name: String,
    /// Begin of its first attempt.
    pub since: Moment,
    /// End of its last one, or now.
    pub until: Moment,
    /// Time worked on it, summed over the nodes.
    pub busy_ms: u64,
    /// Of all that was worked, 0 to 1000.
    pub permille: u16,
    /// Attempts.
    pub attempts: u32,
    /// Attempts that did not end well.
    pub failed: u32,
}

/// The part of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepShare {
    /// Which.
    pub step: StepId,
    /// Time worked on it, summed over the nodes.
    pub busy_ms: u64,
    /// Of all that was worked, 0 to 1000.
    pub permille: u16,
    /// Attempts.
    pub attempts: u32,
    /// Half of the attempts were shorter.
    pub median_ms: u64,
    /// The longest one.
    pub longest_ms: u64,
    /// Name of the node it was on.
    pub longest_on: String,
}

fn permille(part: u64, whole: u64) -> u16 {
    u16::try_from(u128::from(part) * 1000 / u128::from(whole.max(1))).unwrap_or(1000)
}

fn gather<K: Ord>(
    nodes: &[NodeReport],
    now: Moment,
    key: impl Fn(StageKind, &StepId) -> K,
    name: impl Fn(&K) -> String,
) -> Vec<(K, Share)> {
    let mut found: BTreeMap<K, Share> = BTreeMap::new();
    let mut whole = 0_u64;
    for step in nodes.iter().flat_map(|n| &n.steps) {
        for attempt in &step.attempts {
            let stretch = &attempt.stretch;
            let until = stretch.until.unwrap_or(now);
            let key = key(step.stage, &step.step);
            let share = Share {
                name: name(&key),
                since: stretch.since,
                until,
                busy_ms: 0,
                permille: 0,
                attempts: 0,
                failed: 0,
            };
            let share = found.entry(key).or_insert(share);
            share.since = share.since.min(stretch.since);
            share.until = share.until.max(until);
            share.busy_ms = share.busy_ms.saturating_add(stretch.took_ms);
            share.attempts += 1;
            share.failed += u32::from(attempt.is_bad());
            whole = whole.saturating_add(stretch.took_ms);
        }
    }
    for share in found.values_mut() {
        share.permille = permille(share.busy_ms, whole);
    }
    found.into_iter().collect()
}

/// By stage, in their order.
pub(super) fn stages(nodes: &[NodeReport], now: Moment) -> Vec<Share> {
    let of = gather(nodes, now, |stage, _| stage, |stage| stage.word().to_owned());
    of.into_iter().map(|(_, share)| share).collect()
}

/// By module, the longest first.
pub(super) fn modules(nodes: &[NodeReport], now: Moment) -> Vec<Share> {
    let of = gather(nodes, now, |_, step| step.module().to_owned(), Clone::clone);
    let mut out: Vec<Share> = of.into_iter().map(|(_, share)| share).collect();
    out.sort_by(|a, b| b.busy_ms.cmp(&a.busy_ms).then_with(|| a.name.cmp(&b.name)));
    out
}

/// By step, the longest first.
pub(super) fn steps(nodes: &[NodeReport]) -> Vec<StepShare> {
    let mut found: BTreeMap<&StepId, Vec<(u64, &str)>> = BTreeMap::new();
    for node in nodes {
        for step in &node.steps {
            let times = step.attempts.iter().map(|a| (a.stretch.took_ms, node.name.as_str()));
            found.entry(&step.step).or_default().extend(times);
        }
    }
    let whole = found.values().flatten().map(|(ms, _)| *ms).fold(0, u64::saturating_add);
    let mut out: Vec<StepShare> = found
        .into_iter()
        .filter_map(|(step, mut times)| {
            times.sort_by_key(|(ms, _)| *ms);
            let (longest_ms, longest_on) = *times.last()?;
            let busy_ms = times.iter().map(|(ms, _)| *ms).fold(0, u64::saturating_add);
            Some(StepShare {
                step: step.clone(),
                busy_ms,
                permille: permille(busy_ms, whole),
                attempts: u32::try_from(times.len()).unwrap_or(u32::MAX),
                median_ms: times.get(times.len() / 2).map_or(longest_ms, |(ms, _)| *ms),
                longest_ms,
                longest_on: longest_on.to_owned(),
            })
        })
        .collect();
    out.sort_by(|a, b| b.busy_ms.cmp(&a.busy_ms).then_with(|| a.step.cmp(&b.step)));
    out
}
