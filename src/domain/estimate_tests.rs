//! Examples of estimates, and properties over random jobs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
use super::*;
use crate::domain::usual::Basis;
use proptest::prelude::*;

fn usual(low: u64, mid: u64, high: u64) -> Usual {
    Usual { low, mid, high, silence: None, basis: Basis::Learned }
}

fn item(node: u64, begun: bool, steps: &[Usual]) -> ItemWork {
    let mut work = Work::default();
    for step in steps {
        work.waiting(step);
    }
    ItemWork { node: NodeId(node), begun, work }
}

#[test]
fn nothing_left_takes_no_time() {
    assert_eq!(estimate(&[], 4), Estimate::default());
    let stage = StageWork { kind: StageKind::Computes, items: vec![item(1, true, &[])] };
    assert_eq!(estimate(&[stage], 4).job, Left::default());
}

#[test]
fn nodes_beside_each_other_stages_one_after_another() {
    let ten = [usual(10, 10, 10)];
    let computes =
        StageWork { kind: StageKind::Computes, items: (1..=5).map(|n| item(n, false, &ten)).collect() };
    let verify = StageWork { kind: StageKind::Verification, items: vec![item(1, false, &ten)] };
    let both = [computes, verify];
    for (parallel, total) in [(1, 60), (2, 40), (5, 20), (100, 20), (0, 60)] {
        let told = estimate(&both, parallel);
        assert_eq!(told.job.mid, total, "{parallel}");
        assert_eq!(told.stages[&StageKind::Verification].mid, total);
        assert_eq!(told.stages[&StageKind::Computes].mid, total - 10);
        assert_eq!(told.nodes[&NodeId(1)].mid, total, "its last stage counts");
    }
    assert_eq!(estimate(&both, 2).nodes[&NodeId(4)].mid, 20);
}

#[test]
fn who_has_begun_goes_first() {
    let items = vec![item(1, false, &[usual(10, 10, 10)]), item(2, true, &[usual(100, 100, 100)])];
    let told = estimate(&[StageWork { kind: StageKind::Computes, items }], 1);
    assert_eq!(told.nodes[&NodeId(2)].mid, 100);
    assert_eq!(told.nodes[&NodeId(1)].mid, 110);
}

#[test]
fn measured_spreads_cancel_out_guesses_do_not() {
    let measured = item(1, false, &[usual(6, 10, 14); 100]).work.left();
    assert_eq!((measured.low, measured.mid, measured.high), (960, 1000, 1040));
    assert!(!measured.guess);
    let guessed = item(1, false, &[Usual::guess(10); 100]).work.left();
    assert_eq!((guessed.low, guessed.mid, guessed.high), (250_000, 1_000_000, 3_000_000));
    assert!(guessed.guess);
}

#[test]
fn a_step_that_runs_longer_than_usual_widens_the_range() {
    let known = usual(8_000, 10_000, 14_000);
    let left = |elapsed| {
        let mut work = Work::default();
        work.running(&known, elapsed);
        work.left()
    };
    assert_eq!(left(4_000), Left { low: 4_000, mid: 6_000, high: 10_000, guess: false });
    assert_eq!(left(10_000), Left { low: 0, mid: 1_000, high: 4_000, guess: false });
    let late = left(110_000);
    assert_eq!(late, Left { low: 0, mid: 25_000, high: 100_000, guess: false });
    assert!(left(500_000).high > late.high);
}

fn any_usual() -> impl Strategy<Value = Usual> {
    let time = 1_u64..4_000_000;
    (time.clone(), time.clone(), time, any::<bool>()).prop_map(|(a, b, c, guess)| {
        let mut sorted = [a, b, c];
        sorted.sort_unstable();
        let [low, mid, high] = sorted;
        Usual { low, mid, high, silence: None, basis: if guess { Basis::Guess } else { Basis::Learned } }
    })
}

/// Stages of nodes of steps; how far each node is, and how long its running step has run.
type Shape = Vec<Stage>;
type Stage = Vec<(Vec<Usual>, bool, u64)>;

fn any_shape() -> impl Strategy<Value = Shape> {
    let node = (prop::collection::vec(any_usual(), 0..8), any::<bool>(), 0_u64..20_000_000);
    prop::collection::vec(prop::collection::vec(node, 0..8), 0..5)
}

fn stages(shape: &Shape) -> Vec<StageWork> {
    let stage = |(kind, nodes): (StageKind, &Stage)| StageWork {
        kind,
        items: nodes
            .iter()
            .enumerate()
            .map(|(n, (steps, begun, elapsed))| {
                let mut work = Work::default();
                for (place, step) in steps.iter().enumerate() {
                    if *begun && place == 0 { work.running(step, *elapsed) } else { work.waiting(step) }
                }
                ItemWork { node: NodeId(n as u64), begun: *begun, work }
            })
            .collect(),
    };
    StageKind::ALL.into_iter().zip(shape).map(stage).collect()
}

fn in_order(left: Left) -> bool {
    left.low <= left.mid && left.mid <= left.high
}

proptest! {
    #[test]
    fn ranges_are_in_order_and_the_job_ends_last(shape in any_shape(), parallel in 0_u32..10) {
        let told = estimate(&stages(&shape), parallel);
        prop_assert!(in_order(told.job));
        for left in told.stages.values().chain(told.nodes.values()) {
            prop_assert!(in_order(*left));
            prop_assert!(left.low <= told.job.low && left.mid <= told.job.mid && left.high <= told.job.high);
        }
        let last: Vec<Left> = told.stages.values().copied().collect();
        prop_assert!(last.windows(2).all(|w| w[0].mid <= w[1].mid));
    }

    #[test]
    fn it_shrinks_as_steps_end(shape in any_shape(), parallel in 0_u32..10, stage in 0_usize..5, node in 0_usize..8) {
        let before = estimate(&stages(&shape), parallel).job;
        let mut after = shape;
        let Some(item) = after.get_mut(stage).and_then(|s| s.get_mut(node)) else { return Ok(()) };
        if item.0.is_empty() {
            return Ok(());
        }
        item.0.remove(0);
        item.2 = 0;
        let after = estimate(&stages(&after), parallel).job;
        prop_assert!(after.low <= before.low && after.mid <= before.mid && after.high <= before.high, "{before:?} {after:?}");
    }

    #[test]
    fn hostile_numbers_do_no_harm(low in any::<u64>(), mid in any::<u64>(), high in any::<u64>(), elapsed in any::<u64>()) {
        let mut work = Work::default();
        for _ in 0..3 {
            work.running(&usual(low, mid, high), elapsed);
            work.waiting(&usual(low, mid, high));
        }
        prop_assert!(in_order(work.left()));
    }

    #[test]
    fn time_that_passes_never_adds_to_a_step_within_its_usual_time(known in any_usual(), a in 0_u64..4_000_000, b in 0_u64..4_000_000) {
        let left = |elapsed: u64| { let mut w = Work::default(); w.running(&known, elapsed.min(known.mid)); w.left() };
        let (early, late) = (left(a.min(b)), left(a.max(b)));
        prop_assert!(late.low <= early.low && late.mid <= early.mid && late.high <= early.high);
    }
}
