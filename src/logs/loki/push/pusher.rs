//! Takes records from the source and gives them to Loki, one batch a round.
//!
//! The position is the spool: what is not dealt with stays in the log store and is read again, whether Loki or the engine was away. Save
//! [`Pusher::position`] after each [`Round::Moved`]; a batch whose position was not saved is sent again, and what is the same to Loki
//! (stream, time, line) it keeps once.

use super::backoff::Backoff;
use super::encode::{Batch, Encoder};
use super::source::{PushSource, Slice};
use super::streams::Streams;
use super::verdict::{Verdict, judge};
use crate::logs::loki::wire::Loki;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Records read at once.
const RECORDS: usize = 2_000;
/// Bytes of records read at once.
const BYTES: usize = 2 << 20;
/// After so many refusals of a rate, a batch goes in halves whatever was said.
const PATIENCE: u32 = 3;
/// After so many, a single entry that is above a second's allowance is given up: it is above the burst, and would be refused for ever.
const GIVE_UP: u32 = 8;

/// Where pushing is, and what was counted on the way. Kept between engines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Position {
    /// Everything up to this record is dealt with; `None`: nothing.
    pub cursor: Option<u64>,
    /// Time of the last record that Loki took, µs since 1970.
    pub pushed_to: Option<i64>,
    /// Entries that Loki took.
    pub pushed: u64,
    /// Batches of which something was refused.
    pub refused_batches: u64,
    /// Entries refused: at least so many.
    pub refused: u64,
    /// Lines that were cut.
    pub cut: u64,
    /// Records that were gone before they could be pushed.
    pub missed: u64,
    /// When it last began with the store's first record again, µs since 1970: the store had been made anew, with smaller cursors.
    pub anew: Option<i64>,
    /// How far each stream is.
    pub streams: Streams,
}

/// What a round did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Round {
    /// There is nothing to push.
    Level,
    /// The position has moved. The sentence is Loki's, when it refused some of it for good.
    Moved(Option<String>),
    /// A batch is sent in halves: go on at once.
    Split,
    /// Try again after that pause; why.
    Wait(Duration, String),
    /// Nothing more until somebody has done something; why.
    Stopped(String),
}

/// Pushes the records of one environment.
pub struct Pusher {
    source: Arc<dyn PushSource>,
    loki: Loki,
    encoder: Option<Encoder>,
    queue: VecDeque<Batch>,
    backoff: Backoff,
    /// Refusals of the batch in front because of a rate.
    too_much: u32,
    position: Position,
}

impl Pusher {
    /// Goes on from `position`.
    pub fn new(source: Arc<dyn PushSource>, loki: Loki, encoder: Encoder, position: Position) -> Self {
        let mut encoder = encoder;
        encoder.resume(position.streams.clone());
        Self {
            source,
            loki,
            encoder: Some(encoder),
            queue: VecDeque::new(),
            backoff: Backoff::default(),
            too_much: 0,
            position,
        }
    }

    /// Where it is.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Failures in a row.
    pub fn tries(&self) -> u32 {
        self.backoff.tries()
    }

    /// Pushes one batch, if there is something. `dice` is any number, `now` µs since 1970.
    pub async fn round(&mut self, dice: u64, now: i64) -> Round {
        if self.queue.is_empty()
            && let Err(why) = self.read(now).await
        {
            return Round::Wait(self.backoff.next(dice), format!("the collected logs cannot be read: {why}"));
        }
        let Some(batch) = self.queue.pop_front() else { return Round::Level };
        if batch.is_empty() {
            return self.dealt_with(&batch, None);
        }
        let (batch, packed) = packed(batch).await;
        let outcome = match packed {
            Ok(bytes) => self.loki.push(bytes).await,
            Err(why) => {
                self.queue.push_front(batch);
                return Round::Wait(self.backoff.next(dice), why);
            }
        };
        let status = outcome.as_ref().map_or(0, |r| r.status);
        match self.patience(judge(&outcome), status, batch.len()) {
            Verdict::Stored => {
                self.position.pushed += batch.len() as u64;
                self.position.pushed_to = batch.newest().max(self.position.pushed_to);
                self.dealt_with(&batch, None)
            }
            Verdict::Refused { entries, said } => {
                let refused = entries.unwrap_or(1).clamp(1, batch.len() as u64);
                self.position.refused_batches += 1;
                self.position.refused += refused;
                // Without a count nobody knows how many were good: none is called pushed.
                self.position.pushed += entries.map_or(0, |_| batch.len() as u64 - refused);
                tracing::warn!(entries = batch.len(), refused, %said, "Loki refused something for good");
                self.dealt_with(&batch, Some(said))
            }
            Verdict::Again(said) => {
                self.queue.push_front(batch);
                Round::Wait(self.backoff.next(dice), said)
            }
            Verdict::Split { pause, said } => {
                match batch.split() {
                    Ok((first, second)) => {
                        self.queue.push_front(second);
                        self.queue.push_front(first);
                        self.too_much = 0;
                    }
                    Err(one) if pause => self.queue.push_front(one),
                    Err(one) => {
                        self.position.refused_batches += 1;
                        self.position.refused += 1;
                        return self.dealt_with(&one, Some(said));
                    }
                }
                if pause { Round::Wait(self.backoff.next(dice), said) } else { Round::Split }
            }
            Verdict::Stop(said) => {
                self.queue.push_front(batch);
                Round::Stopped(said)
            }
        }
    }

    /// What a rate's refusals come to when they go on.
    fn patience(&mut self, verdict: Verdict, status: u16, entries: usize) -> Verdict {
        if status != 429 {
            return verdict;
        }
        self.too_much += 1;
        match verdict {
            Verdict::Again(said) if self.too_much >= PATIENCE && entries > 1 => {
                Verdict::Split { pause: true, said }
            }
            Verdict::Split { said, .. } if self.too_much >= GIVE_UP && entries == 1 => {
                Verdict::Refused { entries: Some(1), said }
            }
            verdict => verdict,
        }
    }

    fn dealt_with(&mut self, batch: &Batch, said: Option<String>) -> Round {
        self.position.cursor = batch.upto().max(self.position.cursor);
        self.position.cut += batch.cut();
        batch.note(&mut self.position.streams);
        self.backoff.reset();
        self.too_much = 0;
        Round::Moved(said)
    }

    async fn read(&mut self, now: i64) -> Result<(), String> {
        let source = Arc::clone(&self.source);
        let mut after = self.position.cursor;
        let Some(mut encoder) = self.encoder.take() else { return Err("it is being read".to_owned()) };
        let work = tokio::task::spawn_blocking(move || {
            let mut read = || {
                let span = source.span()?;
                let (mut missed, mut anew) = (0, false);
                // Nothing is there, or not yet: the place is kept.
                let Some(last) = span.last else { return Ok((Slice::default(), after, 0, false)) };
                // A store that begins anew has smaller cursors than one that is gone.
                if let Some(was) = after.filter(|after| last < *after) {
                    tracing::warn!(
                        was,
                        last,
                        "the collected logs were made anew: pushing to Loki goes on from their first record"
                    );
                    (after, anew) = (None, true);
                }
                if let (Some(after), Some(first)) = (after, span.first) {
                    missed = first.saturating_sub(after.saturating_add(1));
                }
                source.read_after(after, RECORDS, BYTES).map(|slice| (slice, after, missed, anew))
            };
            let read = read();
            let done = read.map(|(slice, after, missed, anew)| {
                (encoder.batches(slice.records, slice.upto, now), after, missed, anew)
            });
            (encoder, done)
        });
        let (encoder, done) = work.await.map_err(|e| e.to_string())?;
        self.encoder = Some(encoder);
        let (batches, after, missed, anew) = done?;
        self.position.cursor = after;
        if anew {
            self.position.anew = Some(now);
        }
        if !batches.is_empty() {
            self.position.missed += missed;
        }
        self.queue.extend(batches);
        Ok(())
    }
}

/// A batch with what is sent of it; packing is work for a thread that may be busy.
async fn packed(batch: Batch) -> (Batch, Result<Vec<u8>, String>) {
    let copy = batch.clone();
    let packed = tokio::task::spawn_blocking(move || copy.gzip()).await;
    let packed = packed.map_err(|e| e.to_string()).and_then(|r| r.map_err(|e| e.to_string()));
    (batch, packed)
}
