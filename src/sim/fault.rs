//! Failures that can be provoked, as data and as text for a command line.

use crate::domain::plan::StepId;
use std::str::FromStr;

/// Stands for every node.
pub const EVERY: &str = "*";

/// Something that goes wrong on one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Provoked {
    /// Name of the node, or [`EVERY`].
    pub node: String,
    /// What.
    pub what: Trouble,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// The step prints half of its output, then fails with status 1.
    Fail {
        /// Which step.
        step: StepId,
        /// At which attempt, counted over the node's life from 1.
        attempt: u32,
    },
    /// The step never ends.
    Hang {
        /// Which step.
        step: StepId,
        /// At which attempt, counted over the node's life from 1.
        attempt: u32,
    },
    /// The node's connections break in the middle of the step, once. The step goes on.
    Drop {
        /// Which step.
        step: StepId,
    },
    /// The node is rebooted in the middle of the step, once.
    Reboot {
        /// Which step.
        step: StepId,
    },
    /// From the second connection on the node has another host key.
    HostKey,
    /// Steps take so many times as long.
    Slow {
        /// 0.01 to 1000.
        factor: f64,
    },
    /// Nothing listens.
    Silent,
}

impl FromStr for Provoked {
    type Err = String;

    /// `NODE:fail:STEP[:ATTEMPT]`, `NODE:hang:STEP[:ATTEMPT]`, `NODE:drop:STEP`, `NODE:reboot:STEP`, `NODE:host-key`,
    /// `NODE:slow:FACTOR`, `NODE:silent`. NODE is a name or `*`; a step alone fails at its first attempt on every node.
    fn from_str(text: &str) -> Result<Self, String> {
        let rule = || {
            format!(
                "'{text}' is no failure: write a step, NODE:fail:STEP[:ATTEMPT], NODE:hang:STEP[:ATTEMPT], NODE:drop:STEP, \
                 NODE:reboot:STEP, NODE:host-key, NODE:slow:FACTOR or NODE:silent"
            )
        };
        if let Ok(step) = text.parse() {
            return Ok(Self { node: EVERY.to_owned(), what: Trouble::Fail { step, attempt: 1 } });
        }
        let words: Vec<&str> = text.split(':').collect();
        let step = |s: &str| s.parse::<StepId>().map_err(|e| e.to_string());
        let attempt = |a: Option<&&str>| a.map_or(Ok(1), |a| a.parse::<u32>().map_err(|_| rule()));
        let [node, kind, rest @ ..] = words.as_slice() else { return Err(rule()) };
        let what = match (*kind, rest) {
            ("fail", [s] | [s, _]) => Trouble::Fail { step: step(s)?, attempt: attempt(rest.get(1))? },
            ("hang", [s] | [s, _]) => Trouble::Hang { step: step(s)?, attempt: attempt(rest.get(1))? },
            ("drop", [s]) => Trouble::Drop { step: step(s)? },
            ("reboot", [s]) => Trouble::Reboot { step: step(s)? },
            ("host-key", []) => Trouble::HostKey,
            ("silent", []) => Trouble::Silent,
            ("slow", [factor]) => {
                let factor: f64 = factor.parse().map_err(|_| rule())?;
                if !(0.01..=1000.0).contains(&factor) {
                    return Err(format!("{factor} is not between 0.01 and 1000"));
                }
                Trouble::Slow { factor }
            }
            _ => return Err(rule()),
        };
        if *node != EVERY {
            crate::domain::node::check_name(node)?;
        }
        Ok(Self { node: (*node).to_owned(), what })
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

    #[test]
    fn texts() {
        let fail: Provoked = "node-2:fail:mariadb/service:2".parse().unwrap();
        assert_eq!(fail.node, "node-2");
        assert_eq!(fail.what, Trouble::Fail { step: "mariadb/service".parse().unwrap(), attempt: 2 });
        assert_eq!("a/b".parse::<Provoked>(), "*:fail:a/b:1".parse());
        for good in ["n1:hang:a/b", "n1:drop:a/b", "n1:reboot:a/b", "n1:host-key", "n1:slow:2.5", "n1:silent"]
        {
            assert!(good.parse::<Provoked>().is_ok(), "{good}");
        }
        for bad in
            ["", "n1", "n1:fail", "n1:fail:x", "n1:slow:0", "n1:slow:nan", "n1:drop:a/b:1", "A b:silent"]
        {
            assert!(bad.parse::<Provoked>().is_err(), "{bad}");
        }
    }
}
