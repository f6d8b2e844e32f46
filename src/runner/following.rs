//! Following one attempt: asks for what lies beyond its offset, often while there is news, rarely while there is none.

use super::frames::{CHUNK_MAX, Key};
use super::serve::{ANSWER, Answer};
use super::{Loss, NodeRunner, RunnerError, StepState};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout_at};

/// How long a step that was just started is left alone: most small ones have ended by then, and their end comes unasked.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// Pause between two questions while there is news.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause, after a while of silence. The end of a step comes unasked.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a node may take from being told to start a step until it has.
pub(super) const START: Duration = Duration::from_secs(30);

/// What a followed attempt tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepEvent {
    /// The next bytes of its output; offsets have no gap and no overlap.
    Output {
        /// Offset of the first one.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// It ended; all its output was told before. The last event.
    Ended {
        /// Exit status; 128 + signal for a killed one.
        status: i32,
        /// Whether it changed something.
        changed: bool,
    },
    /// It will never end; what it printed was told before. The last event.
    Lost(Loss),
}

/// An attempt being followed. Dropping it stops the following and nothing else.
pub struct Following {
    runner: NodeRunner,
    key: Key,
    answers: UnboundedReceiver<Answer>,
    offset: u64,
    events: VecDeque<StepEvent>,
    last: Option<StepEvent>,
    asked: bool,
    pause: Duration,
    wake: Instant,
    /// Begun by us and not seen running yet, since then.
    starting: Option<Instant>,
}

impl Following {
    pub(super) fn new(
        runner: NodeRunner,
        key: Key,
        answers: UnboundedReceiver<Answer>,
        offset: u64,
        begun: bool,
    ) -> Self {
        let now = Instant::now();
        Self {
            runner,
            key,
            answers,
            offset,
            events: VecDeque::new(),
            last: None,
            // A start is answered when the step ends, or at once where it was started before.
            asked: !begun,
            pause: PAUSE_MIN,
            wake: now + if begun { PAUSE_FIRST } else { ANSWER },
            starting: Some(now),
        }
    }

    /// Offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next event; after the last one, that one again. Safe to drop and call again.
    pub async fn next(&mut self) -> Result<StepEvent, RunnerError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            if let Some(last) = &self.last {
                return Ok(last.clone());
            }
            match timeout_at(self.wake, self.answers.recv()).await {
                Ok(Some(answer)) => self.take(answer),
                Ok(None) => return Err(self.runner.gone()),
                Err(_) if self.asked => return Err(self.runner.silent()),
                Err(_) => {
                    self.runner.ask(&self.key, self.offset).await?;
                    self.asked = true;
                    self.wake = Instant::now() + ANSWER;
                }
            }
        }
    }

    fn take(&mut self, answer: Answer) {
        let mut more = false;
        let mut news = false;
        if let Some((start, bytes)) = answer.chunk {
            // It starts at a block, and an unasked one at an older offset: what we have is left out.
            let known = usize::try_from(self.offset.saturating_sub(start)).unwrap_or(usize::MAX);
            more = bytes.len() >= CHUNK_MAX || start > self.offset;
            if let (true, Some(fresh)) = (start <= self.offset, bytes.get(known..).filter(|f| !f.is_empty()))
            {
                news = true;
                let event = StepEvent::Output { offset: self.offset, bytes: fresh.to_vec() };
                self.offset += fresh.len() as u64;
                self.events.push_back(event);
            }
        }
        self.asked = false;
        let now = Instant::now();
        if !matches!(answer.state, StepState::Absent | StepState::Starting) {
            self.starting = None;
        }
        match answer.state {
            _ if more => {}
            StepState::Ended { status, changed } => self.last = Some(StepEvent::Ended { status, changed }),
            StepState::Lost(loss) => self.last = Some(StepEvent::Lost(loss)),
            // It was there before.
            StepState::Absent if self.starting.is_none() || self.offset > 0 => {
                self.last = Some(StepEvent::Lost(Loss::Removed));
            }
            StepState::Absent | StepState::Starting => {
                if self.starting.is_some_and(|since| now - since > START) {
                    self.last = Some(StepEvent::Lost(Loss::NeverStarted));
                }
            }
            StepState::Running => {}
        }
        self.pause = if news { PAUSE_MIN } else { (self.pause * 3 / 2).min(PAUSE_MAX) };
        self.wake = if more { now } else { now + self.pause };
    }
}
