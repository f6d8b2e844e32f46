//! The proof of an environment: a ladder from running services to an instance that answers a ping.
//!
//! [`Proof`] is the record: its rungs in order, how each stands, what was seen on it, and the log lines of whoever is responsible for
//! the first red one. The engine climbs; what comes next, and what an outcome means, is decided here ([`Proof::next`]). `judge` turns
//! what nodes and APIs answer into a verdict, `guest` reads an instance's console, `lines` a service's log, `culprit` finds whom a service that
//! failed was waiting for, `words` holds the sentences.
//!
//! All that a proof makes in a cloud has a name that begins with [`PREFIX`], so that a later one finds what an earlier one could
//! not remove. Never here: a call to a cloud, a clock.

pub mod culprit;
pub mod guest;
pub mod judge;
pub mod lines;
mod rungs;
mod words;

pub use rungs::RungKind;
pub use words::{ENGLISH, Said};

use super::ids::EnvId;
use super::time::Moment;
use serde::{Deserialize, Serialize};

/// What the names of everything that a proof makes begin with.
pub const PREFIX: &str = "cpmg-proof-";

/// How a rung stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RungState {
    /// Not reached, or not yet.
    Waiting,
    /// It is being climbed.
    Running,
    /// Good.
    Passed,
    /// Red.
    Failed,
    /// Does not apply to this environment; its sentence says why.
    Skipped,
    /// An operator, or the end of the engine, ended it.
    Ended,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

impl RungState {
    /// All that are written.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Running, Self::Passed, Self::Failed, Self::Skipped, Self::Ended];

    /// The word in JSON and in the message catalogue (`proof-state-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }
}

/// A rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Which.
    pub kind: RungKind,
    /// How it stands.
    pub state: RungState,
    /// When it was begun.
    #[serde(default)]
    pub started: Option<Moment>,
    /// When it was over.
    #[serde(default)]
    pub ended: Option<Moment>,
    /// How long it usually takes, milliseconds.
    #[serde(default)]
    pub usual_ms: u64,
    /// Nobody has measured it yet: `usual_ms` is a guess.
    #[serde(default)]
    pub guess: bool,
    /// When it is given up, seconds after its beginning.
    #[serde(default)]
    pub ceiling_s: u32,
    /// What was seen on it, in order; the newest progress while it runs.
    #[serde(default)]
    pub said: Vec<Said>,
}

impl Rung {
    /// How long it took, or has taken until `now`; milliseconds.
    pub fn took(&self, now: Moment) -> Option<u64> {
        self.started.map(|at| self.ended.unwrap_or(now).since(at))
    }
}

/// How a proof ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It goes on.
    Running,
    /// Every rung that applies is green, and everything it made is removed.
    Proven,
    /// A rung is red.
    Failed,
    /// An operator ended it.
    Cancelled,
    /// The engine died meanwhile.
    Interrupted,
    /// Leftovers were removed; nothing was proven.
    Cleaned,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

impl Outcome {
    /// All that are written.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Proven, Self::Failed, Self::Cancelled, Self::Interrupted, Self::Cleaned];

    /// The word in JSON and in the message catalogue (`proof-outcome-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Proven => "proven",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Cleaned => "cleaned",
            Self::Unknown => "unknown",
        }
    }
}

/// Lines of a service's log from the beginning of the red rung on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPart {
    /// Name of the node.
    pub node: String,
    /// Module that the log belongs to.
    pub module: String,
    /// The file, or `journal of UNIT`.
    pub source: String,
    /// There was nothing since then: these are its last lines from before.
    #[serde(default)]
    pub earlier: bool,
    /// Lines, harmless, cut.
    pub lines: Vec<String>,
}

/// A proof: one that goes on, or the record of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Of which environment.
    pub env: EnvId,
    /// Its number; the names of what it makes carry it.
    pub number: u64,
    /// Who started it.
    pub by: String,
    /// When.
    pub started: Moment,
    /// When it was over.
    #[serde(default)]
    pub ended: Option<Moment>,
    /// How it ended.
    pub outcome: Outcome,
    /// The image's file on the management host.
    #[serde(default)]
    pub image: String,
    /// Only leftovers are to be removed.
    #[serde(default)]
    pub clean_only: bool,
    /// The ladder.
    pub rungs: Vec<Rung>,
    /// What the responsible services logged since the red rung was begun.
    #[serde(default)]
    pub logs: Vec<LogPart>,
    /// What could not be removed, by name: the next proof, or `cpmg prove ENV --clean`, removes it.
    #[serde(default)]
    pub left: Vec<String>,
    /// Who asked to end it.
    #[serde(default)]
    pub cancelled_by: Option<String>,
}

impl Proof {
    /// A proof that has not begun. `usual` tells the usual time of a rung (milliseconds, and whether that is a guess).
    pub fn new(
        env: EnvId,
        number: u64,
        by: &str,
        started: Moment,
        clean_only: bool,
        usual: impl Fn(RungKind) -> (u64, bool),
    ) -> Self {
        let kinds = RungKind::ALL.into_iter().filter(|k| !clean_only || k.is_for_cleaning());
        let rungs = kinds.map(|kind| {
            let (usual_ms, guess) = usual(kind);
            let ceiling_s = kind.ceiling_s(usual_ms);
            Rung {
                kind,
                state: RungState::Waiting,
                started: None,
                ended: None,
                usual_ms,
                guess,
                ceiling_s,
                said: Vec::new(),
            }
        });
        Self {
            env,
            number,
            by: by.to_owned(),
            started,
            ended: None,
            outcome: Outcome::Running,
            image: String::new(),
            clean_only,
            rungs: rungs.collect(),
            logs: Vec::new(),
            left: Vec::new(),
            cancelled_by: None,
        }
    }

    /// What the names of everything that this proof makes begin with.
    pub fn name(&self, what: &str) -> String {
        format!("{PREFIX}{}-{}-{what}", self.env, self.number)
    }

    /// The rung of that kind.
    pub fn rung(&self, kind: RungKind) -> Option<&Rung> {
        self.rungs.iter().find(|r| r.kind == kind)
    }

    fn rung_mut(&mut self, kind: RungKind) -> Option<&mut Rung> {
        self.rungs.iter_mut().find(|r| r.kind == kind)
    }

    /// The first red rung.
    pub fn red(&self) -> Option<&Rung> {
        self.rungs.iter().find(|r| r.state == RungState::Failed)
    }

    /// The rung that is climbed now.
    pub fn current(&self) -> Option<&Rung> {
        self.rungs.iter().find(|r| r.state == RungState::Running)
    }

    /// The rung to be climbed next: the first one that waits. After a red one, or when it was cancelled, what is left is the removal of
    /// what was made; `None`: nothing.
    pub fn next(&self) -> Option<RungKind> {
        let stopped = self.red().is_some() || self.cancelled_by.is_some();
        let waits = |r: &&Rung| r.state == RungState::Waiting && (!stopped || r.kind == RungKind::Cleanup);
        self.rungs.iter().find(waits).map(|r| r.kind)
    }

    /// A rung is begun.
    pub fn begin(&mut self, kind: RungKind, at: Moment) {
        if let Some(rung) = self.rung_mut(kind) {
            (rung.state, rung.started, rung.ended) = (RungState::Running, Some(at), None);
            rung.said.clear();
        }
    }

    /// What a rung does right now.
    pub fn progress(&mut self, kind: RungKind, said: Said) {
        if let Some(rung) = self.rung_mut(kind) {
            rung.said = vec![said];
        }
    }

    /// A rung is over.
    pub fn finish(&mut self, kind: RungKind, state: RungState, at: Moment, said: Vec<Said>) {
        if let Some(rung) = self.rung_mut(kind) {
            rung.state = state;
            rung.ended = Some(at);
            rung.said = said;
        }
    }

    /// More about a rung that is over.
    pub fn add(&mut self, kind: RungKind, said: Vec<Said>) {
        if let Some(rung) = self.rung_mut(kind) {
            rung.said.extend(said);
        }
    }

    /// It is over: what it comes to.
    pub fn conclude(&mut self, at: Moment) {
        self.ended = Some(at);
        let all_good = self.rungs.iter().all(|r| matches!(r.state, RungState::Passed | RungState::Skipped));
        let red = self.red().is_some();
        self.outcome = match &self.cancelled_by {
            Some(_) if !red => Outcome::Cancelled,
            None if !red && self.clean_only => Outcome::Cleaned,
            None if !red && all_good => Outcome::Proven,
            _ => Outcome::Failed,
        };
    }

    /// The engine that made it is gone.
    pub fn interrupt(&mut self, at: Moment) {
        for rung in self.rungs.iter_mut().filter(|r| r.state == RungState::Running) {
            (rung.state, rung.ended) = (RungState::Ended, Some(at));
        }
        (self.ended, self.outcome) = (Some(at), Outcome::Interrupted);
    }

    /// Whether what it made may still be in the cloud.
    pub fn may_have_left(&self) -> bool {
        let made = self.rung(RungKind::Image).is_some_and(|r| r.started.is_some());
        let cleaned = self.rung(RungKind::Cleanup).is_some_and(|r| r.state == RungState::Passed);
        self.ended.is_some() && made && !cleaned
    }

    /// Milliseconds that the rungs which are left usually take; those of the running one that are over are not counted.
    pub fn left_ms(&self, now: Moment) -> u64 {
        self.rungs
            .iter()
            .map(|r| match r.state {
                RungState::Waiting => r.usual_ms,
                RungState::Running => r.usual_ms.saturating_sub(r.took(now).unwrap_or(0)),
                _ => 0,
            })
            .sum()
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
    use proptest::prelude::*;

    fn proof(clean: bool) -> Proof {
        Proof::new(EnvId(3), 9, "ada", Moment(1000), clean, |k| (u64::from(k.weight_s()) * 1000, true))
    }

    fn climb(p: &mut Proof, mut result: impl FnMut(RungKind) -> RungState) -> Vec<RungKind> {
        let mut at = 1000;
        let mut climbed = Vec::new();
        while let Some(kind) = p.next() {
            climbed.push(kind);
            p.begin(kind, Moment(at));
            at += 100;
            p.finish(kind, result(kind), Moment(at), Vec::new());
            assert!(climbed.len() <= p.rungs.len(), "it ends");
        }
        p.conclude(Moment(at));
        climbed
    }

    #[test]
    fn a_green_ladder_is_climbed_in_order() {
        let mut p = proof(false);
        assert_eq!(climb(&mut p, |_| RungState::Passed), RungKind::ALL.to_vec());
        assert_eq!(p.outcome, Outcome::Proven);
        assert!(!p.may_have_left());
        assert_eq!(p.name("net"), "cpmg-proof-3-9-net");
    }

    #[test]
    fn after_the_first_red_rung_only_the_removal_follows() {
        for red in RungKind::ALL.into_iter().filter(|k| *k != RungKind::Cleanup) {
            let mut p = proof(false);
            let climbed = climb(&mut p, |k| if k == red { RungState::Failed } else { RungState::Passed });
            assert_eq!(climbed.last(), Some(&RungKind::Cleanup));
            assert_eq!(climbed.iter().rev().nth(1), Some(&red));
            assert_eq!((p.outcome, p.red().unwrap().kind), (Outcome::Failed, red));
        }
    }

    #[test]
    fn a_cancelled_proof_still_cleans_and_a_dead_engine_says_that_something_may_be_left() {
        let mut p = proof(false);
        p.begin(RungKind::Image, Moment(1));
        p.cancelled_by = Some("otto".into());
        p.finish(RungKind::Image, RungState::Ended, Moment(2), Vec::new());
        assert_eq!(p.next(), Some(RungKind::Cleanup));
        p.begin(RungKind::Cleanup, Moment(3));
        let mut dead = p.clone();
        p.finish(RungKind::Cleanup, RungState::Passed, Moment(4), Vec::new());
        p.conclude(Moment(4));
        assert_eq!((p.outcome, p.may_have_left()), (Outcome::Cancelled, false));
        dead.interrupt(Moment(5));
        assert_eq!((dead.outcome, dead.may_have_left()), (Outcome::Interrupted, true));
        assert!(dead.current().is_none());
    }

    #[test]
    fn cleaning_alone_needs_a_token_and_nothing_else() {
        let mut p = proof(true);
        let climbed = climb(&mut p, |_| RungState::Passed);
        assert_eq!(climbed, [RungKind::Token, RungKind::Cleanup]);
        assert_eq!(p.outcome, Outcome::Cleaned);
    }

    #[test]
    fn the_time_left_shrinks() {
        let mut p = proof(false);
        let all = p.left_ms(Moment(0));
        p.begin(RungKind::Units, Moment(0));
        assert!(p.left_ms(Moment(500)) < all);
        p.finish(RungKind::Units, RungState::Passed, Moment(600), Vec::new());
        assert_eq!(all - p.left_ms(Moment(600)), u64::from(RungKind::Units.weight_s()) * 1000);
    }

    #[test]
    fn records_of_other_releases_are_read() {
        let text = r#"{"env":1,"number":2,"by":"a","started":3,"outcome":"moon","rungs":[
            {"kind":"image","state":"levitating"},{"kind":"antigravity","state":"passed"}]}"#;
        let p: Proof = serde_json::from_str(text).unwrap();
        assert_eq!((p.outcome, p.rungs[0].state), (Outcome::Unknown, RungState::Unknown));
        assert_eq!(p.rungs[1].kind, RungKind::Unknown);
    }

    proptest! {
        #[test]
        fn every_climb_ends_with_an_outcome(results in prop::collection::vec(0_usize..4, 18), cancel in 0_usize..40) {
            let mut p = proof(false);
            let mut n = 0;
            let states = [RungState::Passed, RungState::Skipped, RungState::Failed, RungState::Ended];
            while let Some(kind) = p.next() {
                p.begin(kind, Moment(n as u64));
                if n == cancel { p.cancelled_by = Some("x".into()); }
                p.finish(kind, states[results[n % results.len()]], Moment(n as u64), Vec::new());
                n += 1;
                prop_assert!(n <= 18);
            }
            p.conclude(Moment(99));
            prop_assert!(p.outcome != Outcome::Running);
            prop_assert_eq!(p.rung(RungKind::Cleanup).unwrap().state == RungState::Waiting, false);
            if p.outcome == Outcome::Proven { prop_assert!(p.red().is_none() && !p.may_have_left()); }
        }
    }
}
