//! A recorded installation: what each step printed and when, one JSON object a line.
//!
//! ```text
//! {"step":"mariadb/packages","at":120,"out":"Reading package lists...\n"}
//! {"step":"mariadb/packages","at":5230,"status":0,"changed":true}
//! ```
//! `at` is milliseconds since the step's start. A step's second take begins after the end of its first and is what it
//! does where it was done before. Names and addresses of the recorded nodes are written as `@NODE_NAME@`,
//! `@NODE_ADDRESS@`, `@CONTROLLER_NAME@`, `@CONTROLLER_ADDRESS@` and replaced when played.

use crate::domain::plan::StepId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    step: StepId,
    at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<i32>,
    #[serde(default, skip_serializing_if = "is_false")]
    changed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(b: &bool) -> bool {
    !*b
}

/// What a step did once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Take {
    /// What it printed, each piece with the time since its start.
    pub out: Vec<(Duration, String)>,
    /// When it ended.
    pub end: Duration,
    /// Exit status.
    pub status: i32,
    /// Whether it changed something.
    pub changed: bool,
}

/// Takes of every step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    takes: BTreeMap<StepId, Vec<Take>>,
}

/// A line that is none of a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the recording: {why}")]
pub struct RecordingFault {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl Recording {
    /// Reads a recording.
    pub fn parse(text: &str) -> Result<Self, RecordingFault> {
        let mut recording = Self::default();
        let mut open: BTreeMap<StepId, Take> = BTreeMap::new();
        for (index, text) in text.lines().enumerate().filter(|(_, t)| !t.trim().is_empty()) {
            let fault = |why: String| RecordingFault { line: index + 1, why };
            let line: Line = serde_json::from_str(text).map_err(|e| fault(e.to_string()))?;
            let at = Duration::from_millis(line.at);
            let take = open.entry(line.step.clone()).or_default();
            if take.out.last().is_some_and(|(last, _)| *last > at) {
                return Err(fault(format!("{} goes back in time", line.step)));
            }
            if let Some(out) = line.out {
                take.out.push((at, out));
            }
            if let Some(status) = line.status {
                let mut take = open.remove(&line.step).unwrap_or_default();
                (take.end, take.status, take.changed) = (at, status, line.changed);
                recording.takes.entry(line.step).or_default().push(take);
            }
        }
        match open.keys().next() {
            None => Ok(recording),
            Some(step) => {
                Err(RecordingFault { line: text.lines().count(), why: format!("{step} has no end") })
            }
        }
    }

    /// Adds a take of a step.
    pub fn push(&mut self, step: StepId, take: Take) {
        self.takes.entry(step).or_default().push(take);
    }

    /// The text that [`parse`](Self::parse) reads, with names and addresses replaced: pairs of what is replaced and by
    /// what, longest first.
    pub fn write(&self, replace: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let mut put = |line: &Line| {
            // These lines are texts and numbers: nothing in them cannot be written.
            if let Ok(text) = serde_json::to_string(line) {
                out.push_str(&text);
                out.push('\n');
            }
        };
        for (step, takes) in &self.takes {
            for take in takes {
                for (at, text) in &take.out {
                    let text = replace.iter().fold(text.clone(), |t, (from, to)| t.replace(from, to));
                    let at = millis(*at);
                    put(&Line { step: step.clone(), at, out: Some(text), status: None, changed: false });
                }
                let (status, changed) = (Some(take.status), take.changed);
                put(&Line { step: step.clone(), at: millis(take.end), out: None, status, changed });
            }
        }
        out
    }

    /// The take of a step that was done `before` times; the last one where there are not so many.
    pub fn take(&self, step: &StepId, before: usize) -> Option<&Take> {
        let takes = self.takes.get(step)?;
        takes.get(before).or(takes.last())
    }

    /// Steps in it.
    pub fn steps(&self) -> impl Iterator<Item = &StepId> {
        self.takes.keys()
    }
}

fn millis(d: Duration) -> u64 {
    u64::try_from(d.as_millis()).unwrap_or(u64::MAX)
}

/// What was recorded on nodes of the three roles; a step that one lacks is looked for in the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recordings {
    /// On a controller.
    pub controller: Recording,
    /// On a compute node.
    pub compute: Recording,
}

impl Recordings {
    /// Those that come with cpmg.
    pub fn builtin() -> Result<Self, RecordingFault> {
        Ok(Self {
            controller: Recording::parse(include_str!("../../fixtures/recordings/controller.jsonl"))?,
            compute: Recording::parse(include_str!("../../fixtures/recordings/compute.jsonl"))?,
        })
    }

    /// What a step does on a node with these roles (as in `NODE_ROLES`), done `before` times on it. A step nobody recorded
    /// says so, and takes a second.
    pub fn take(&self, step: &StepId, roles: &str, before: usize) -> Take {
        let order = if roles.contains("controller") {
            [&self.controller, &self.compute]
        } else {
            [&self.compute, &self.controller]
        };
        let found = order.into_iter().find_map(|r| r.take(step, before));
        found.cloned().unwrap_or_else(|| Take {
            out: vec![(
                Duration::from_millis(200),
                format!("{step} was not recorded; this node is simulated\n"),
            )],
            end: Duration::from_secs(1),
            status: 0,
            changed: before == 0,
        })
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

    const TEXT: &str = concat!(
        r#"{"step":"a/b","at":10,"out":"hello @NODE_NAME@\n"}"#,
        "\n",
        r#"{"step":"a/b","at":20,"status":0,"changed":true}"#,
        "\n",
        r#"{"step":"a/b","at":5,"status":0}"#,
        "\n"
    );

    #[test]
    fn what_is_written_is_read() {
        let recording = Recording::parse(TEXT).unwrap();
        assert_eq!(recording.write(&[]), TEXT);
        let step: StepId = "a/b".parse().unwrap();
        assert!(recording.take(&step, 0).unwrap().changed);
        assert!(!recording.take(&step, 1).unwrap().changed);
        assert_eq!(recording.take(&step, 7), recording.take(&step, 1));
        let mut real = Recording::default();
        let out = vec![(Duration::from_millis(10), "hello ctl1\n".into())];
        real.push(step, Take { out, end: Duration::from_millis(20), status: 0, changed: true });
        assert!(TEXT.starts_with(&real.write(&[("ctl1", "@NODE_NAME@")])));
    }

    #[test]
    fn rubbish_is_refused_with_its_line() {
        for (text, line) in [
            ("x", 1),
            (r#"{"step":"a/b","at":1,"colour":1}"#, 1),
            (r#"{"step":"a/b","at":1,"out":""}"#, 1),
            ("{\"step\":\"a/b\",\"at\":9,\"out\":\"\"}\n{\"step\":\"a/b\",\"at\":1,\"status\":0}", 2),
        ] {
            assert_eq!(Recording::parse(text).unwrap_err().line, line, "{text}");
        }
    }

    #[test]
    fn the_recordings_that_come_along_are_good() {
        let all = Recordings::builtin().unwrap();
        assert!(all.controller.steps().count() >= 10);
    }
}
