//! Whether an installation may start by what the last check said, or whether somebody has to say why it starts all the same.
//!
//! With a network plan everything but a whole, recent check without findings needs a reason: who plans a network means it to
//! be as planned. Without a plan nothing is known that could be compared, so only faults that were found need one; the rest is
//! noted in the audit trail.

use super::report::{Changed, CheckReport, Severity, Verdict};
use crate::domain::said::{self, Said, sentence};
use serde::{Deserialize, Serialize};

/// What the last check means for an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// A reason has to be given.
    pub needs_reason: bool,
    /// Why it is not open.
    pub state: GateState,
    /// Faults in the last report.
    pub faults: u32,
    /// Warnings in it.
    pub warnings: u32,
    /// What could not be looked at.
    pub not_checked: u32,
    /// What changed since.
    pub changed: Vec<Changed>,
}

/// How the last check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateState {
    /// Everything is as it should be.
    Passed,
    /// There is no report.
    Missing,
    /// Something changed since the report, or it is old.
    Stale,
    /// The report has findings.
    Findings,
}

impl GateState {
    /// The word used in JSON and in the message catalogue (`check-gate-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Findings => "findings",
        }
    }
}

/// What the last report means. `planned`: the environment has a network plan.
pub fn gate(planned: bool, report: Option<&CheckReport>, changed: &[Changed]) -> Gate {
    let count = |severity| report.map_or(0, |r| u32::try_from(r.count(severity)).unwrap_or(u32::MAX));
    let state = match report.map(CheckReport::verdict) {
        None => GateState::Missing,
        Some(Verdict::Passed) if changed.is_empty() => GateState::Passed,
        Some(Verdict::Passed) => GateState::Stale,
        Some(_) => GateState::Findings,
    };
    let faults = count(Severity::Fault);
    Gate {
        needs_reason: if planned { state != GateState::Passed } else { faults > 0 },
        state,
        faults,
        warnings: count(Severity::Warning),
        not_checked: count(Severity::NotChecked),
        changed: changed.to_vec(),
    }
}

impl Gate {
    /// How it stands, in words, for the audit trail and for refusals.
    pub fn said(&self) -> Said {
        match self.state {
            GateState::Passed => sentence!("gate-passed", "the connectivity check has passed"),
            GateState::Missing => sentence!("gate-missing", "its connectivity was not checked"),
            GateState::Stale => {
                let what: Vec<&str> = self.changed.iter().map(|c| c.word()).collect();
                sentence!(
                    "gate-stale",
                    "the connectivity check has passed, but is out of date ({what})",
                    what = what.join(", ")
                )
            }
            GateState::Findings => {
                let (faults, warnings, unchecked) = (self.faults, self.warnings, self.not_checked);
                let parts = [
                    (faults, sentence!("gate-faults", "{count} faults", count = faults)),
                    (warnings, sentence!("gate-warnings", "{count} warnings", count = warnings)),
                    (unchecked, sentence!("gate-unchecked", "{count} not checked", count = unchecked)),
                ];
                let parts = said::list(parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, said)| said));
                sentence!("gate-findings", "the connectivity check has not passed ({parts})",; parts = parts)
            }
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
    use super::super::report::{Basis, Finding, NodeLine};
    use super::super::{CheckKind, CheckReport};
    use super::*;
    use crate::domain::ids::{EnvId, NodeId};
    use crate::domain::time::Moment;

    fn report(severities: &[Severity]) -> CheckReport {
        let finding = |severity: &Severity| Finding {
            severity: *severity,
            check: CheckKind::Clock,
            cause: "clock-off".into(),
            node: None,
            nic: None,
            column: None,
            peer: None,
            args: std::collections::BTreeMap::new(),
            since: Moment(1),
        };
        CheckReport {
            env: EnvId(1),
            number: 1,
            at: Moment(1),
            ended: Moment(2),
            by: "ada".into(),
            planned: true,
            basis: Basis::default(),
            nodes: vec![NodeLine { node: NodeId(1), name: "n1".into(), program: None }],
            columns: Vec::new(),
            cells: Vec::new(),
            findings: severities.iter().map(finding).collect(),
            segments: Vec::new(),
        }
    }

    #[test]
    fn the_whole_table() {
        use Severity::{Fault, NotChecked, Warning};
        let passed = report(&[]);
        let plan = [Changed::Plan];
        for (planned, report, changed, needs, state) in [
            (true, None, &[][..], true, GateState::Missing),
            (false, None, &[], false, GateState::Missing),
            (true, Some(&passed), &[], false, GateState::Passed),
            (false, Some(&passed), &[], false, GateState::Passed),
            (true, Some(&passed), &plan, true, GateState::Stale),
            (false, Some(&passed), &plan, false, GateState::Stale),
            (true, Some(&report(&[Warning])), &[], true, GateState::Findings),
            (false, Some(&report(&[Warning])), &[], false, GateState::Findings),
            (true, Some(&report(&[NotChecked])), &[], true, GateState::Findings),
            (false, Some(&report(&[NotChecked])), &[], false, GateState::Findings),
            (true, Some(&report(&[Fault])), &[], true, GateState::Findings),
            (false, Some(&report(&[Fault, Warning])), &[], true, GateState::Findings),
            (false, Some(&report(&[Fault])), &plan, true, GateState::Findings),
        ] {
            let gate = gate(planned, report, changed);
            assert_eq!((gate.needs_reason, gate.state), (needs, state), "{planned} {changed:?} {gate:?}");
        }
        let said = gate(true, Some(&report(&[Fault, Fault, Warning])), &[]).said();
        assert_eq!(&*said, "the connectivity check has not passed (2 faults, 1 warnings)");
    }
}
