//! Live tails that clients poll.

use crate::api::{Failure, FailureKind};
use crate::domain::ids::{EnvId, UserId};
use crate::domain::loki::LokiTail;
use crate::logs::loki::Tail;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// Most tails at the same time: each is a connection to Loki.
const MOST: usize = 32;
/// Most entries that wait for a client; older ones are dropped and counted.
const WAITING: usize = 5_000;
/// How long [`Tails::next`] waits for something to come.
const PATIENCE: Duration = Duration::from_secs(1);
/// A tail that nobody asked after for so long is ended.
const FORGOTTEN: Duration = Duration::from_mins(1);

struct Cell {
    of: UserId,
    env: EnvId,
    waits: Mutex<LokiTail>,
    news: Notify,
    asked: Mutex<Instant>,
}

impl Cell {
    fn waits(&self) -> MutexGuard<'_, LokiTail> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> MutexGuard<'_, Instant> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn follow(&self, mut tail: Tail) {
        let ended = loop {
            let until = *self.asked() + FORGOTTEN;
            let next = tokio::select! {
                next = tail.next() => next,
                () = tokio::time::sleep_until(until) => {
                    if self.asked().elapsed() < FORGOTTEN {
                        continue;
                    }
                    tail.close().await;
                    break "nobody asked after it for a minute".to_owned();
                }
            };
            match next {
                Ok(Some(frame)) => {
                    let mut waits = self.waits();
                    waits.dropped += frame.dropped;
                    waits.entries.extend(frame.entries);
                    let over = waits.entries.len().saturating_sub(WAITING);
                    waits.entries.drain(..over);
                    waits.dropped += over as u64;
                }
                Ok(None) => break "Loki ended it".to_owned(),
                Err(why) => break why.to_string(),
            }
            self.news.notify_one();
        };
        self.waits().ended = Some(ended);
        self.news.notify_one();
    }
}

type Open = HashMap<u64, (Arc<Cell>, AbortOnDropHandle<()>)>;

/// Tails that are open.
#[derive(Default)]
pub struct Tails(Mutex<(u64, Open)>);

fn gone() -> Failure {
    Failure::new(FailureKind::NotFound, "there is no such tail: it has ended, or the engine was started anew")
        .keyed("error-no-tail")
}

impl Tails {
    fn open(&self) -> MutexGuard<'_, (u64, Open)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a tail brings; its number.
    pub fn begin(
        &self,
        threads: &tokio::runtime::Handle,
        tail: Tail,
        (of, env): (UserId, EnvId),
    ) -> Result<u64, Failure> {
        let mut open = self.open();
        // Those that nobody asks after any more.
        open.1.retain(|_, (cell, _)| cell.asked().elapsed() < FORGOTTEN);
        if open.1.len() >= MOST {
            let why = format!("{MOST} live tails are open: close one first");
            return Err(Failure::new(FailureKind::Busy, why).keyed("error-tails").arg("count", MOST));
        }
        let cell = Arc::new(Cell {
            of,
            env,
            waits: Mutex::default(),
            news: Notify::new(),
            asked: Mutex::new(Instant::now()),
        });
        let follows = Arc::clone(&cell);
        let task = threads.spawn(async move { follows.follow(tail).await });
        open.0 += 1;
        let number = open.0;
        open.1.insert(number, (cell, AbortOnDropHandle::new(task)));
        Ok(number)
    }

    /// The environment whose Loki a tail follows.
    pub fn env(&self, number: u64) -> Option<EnvId> {
        self.open().1.get(&number).map(|(cell, _)| cell.env)
    }

    fn cell(&self, number: u64, of: UserId) -> Result<Arc<Cell>, Failure> {
        let open = self.open();
        let (cell, _) = open.1.get(&number).filter(|(cell, _)| cell.of == of).ok_or_else(gone)?;
        Ok(Arc::clone(cell))
    }

    /// What came since it was last asked; waits a little for something to come.
    pub async fn next(&self, number: u64, of: UserId) -> Result<LokiTail, Failure> {
        let cell = self.cell(number, of)?;
        *cell.asked() = Instant::now();
        let empty = |t: &LokiTail| t.entries.is_empty() && t.ended.is_none() && t.dropped == 0;
        let waits = empty(&cell.waits());
        if waits {
            // Nothing within the time is an answer, too.
            let _ = tokio::time::timeout(PATIENCE, cell.news.notified()).await;
        }
        let came = std::mem::take(&mut *cell.waits());
        if came.ended.is_some() {
            self.open().1.remove(&number);
        }
        Ok(came)
    }

    /// Ends a tail; what was left of it.
    pub fn end(&self, number: u64, of: UserId) -> Result<LokiTail, Failure> {
        let cell = self.cell(number, of)?;
        self.open().1.remove(&number);
        let mut left = std::mem::take(&mut *cell.waits());
        left.ended.get_or_insert_with(|| "it was closed".to_owned());
        Ok(left)
    }
}
