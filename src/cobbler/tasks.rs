//! Tasks of the server: synchronisation, and how it ended.
//!
//! A task's state says little: while it runs it is `notification` or `running`, and it ends `complete` even when what it did failed. So its
//! log is read: an error in it counts as failure, warnings are handed on.

use super::client::{Cobbler, unexpected};
use super::error::CobblerError;
use super::wire::text;
use super::{redact, value};
use dxr::Value;
use tokio::time::{Instant, sleep};

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskEnd {
    /// Lines of its log that are warnings, without secrets. Many servers always have some.
    pub warnings: Vec<String>,
}

/// Most lines that are kept.
const LINES_MAX: usize = 20;

/// Lines of a task's log that bear one of the marks, without secrets.
fn marked(log: &str, marks: &[&str]) -> Vec<String> {
    // What stands before the level is the task's name and the time.
    let short = |line: &str| line.split_once(" - ").map_or(line, |(_, rest)| rest).trim().to_owned();
    let has = |line: &&str| marks.iter().any(|mark| line.contains(mark));
    redact::text(log).lines().filter(has).map(short).take(LINES_MAX).collect()
}

impl Cobbler {
    /// Writes the configuration of the DHCP server and the boot files anew, and waits until it is done.
    ///
    /// # Errors
    /// [`CobblerError::Task`] when the task failed or its log has an error.
    pub async fn sync(&self) -> Result<TaskEnd, CobblerError> {
        self.may_write()?;
        let options = Value::Struct([("verbose".to_owned(), Value::Boolean(false))].into());
        let answer = self.tell("background_sync", vec![options], Vec::new()).await?;
        let event = value::text(&answer).ok_or_else(|| unexpected("background_sync", "a text", &answer))?;
        let end = Instant::now() + self.timeouts.task;
        let state = loop {
            let state = self.task_state(&event).await?;
            if matches!(state.as_str(), "complete" | "failed") {
                break state;
            }
            if Instant::now() >= end {
                let why = format!("not at its end within {} s", self.timeouts.task.as_secs());
                return Err(CobblerError::Task { why });
            }
            sleep(self.timeouts.pause).await;
        };
        let log = self.ask("get_event_log", vec![text(&event)]).await?;
        let log = value::text(&log).unwrap_or_default();
        let errors = marked(&log, &[" - ERROR |", " - CRITICAL |", "Traceback", "Exception occur"]);
        if state == "failed" || !errors.is_empty() {
            let why =
                if errors.is_empty() { "its log does not say why".to_owned() } else { errors.join("; ") };
            return Err(CobblerError::Task { why });
        }
        Ok(TaskEnd { warnings: marked(&log, &[" - WARNING |"]) })
    }

    /// The third element of a task's record; everything but two words means that it still runs.
    async fn task_state(&self, event: &str) -> Result<String, CobblerError> {
        let answer = self.ask("get_task_status", vec![text(event)]).await?;
        value::list(&answer)
            .get(2)
            .and_then(value::text)
            .ok_or_else(|| unexpected("get_task_status", "a list of four", &answer))
    }
}
