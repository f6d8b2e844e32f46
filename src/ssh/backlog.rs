//! A bounded queue between a channel's reader, which must never wait, and its consumer, which may.
//!
//! `push` never blocks. When the bytes queued would exceed the bound, [`WhenFull`] decides: a lossless stream ends with an
//! overrun (its consumer knows an offset and follows again), a terminal forgets its oldest bytes and says how many.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What a full backlog does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// Takes nothing more and ends after what it holds.
    End,
    /// Throws away the oldest.
    DropOldest,
}

/// Something with a size in bytes.
pub trait Weigh {
    /// Bytes held.
    fn size(&self) -> usize;
}

/// Result of a [`Backlog::push`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Queued.
    Taken,
    /// Full, and the policy is to end: stop pushing.
    Overrun,
}

struct State<T> {
    queue: VecDeque<T>,
    bytes: usize,
    dropped: u64,
    overrun: bool,
    ended: bool,
}

/// The queue. Clones share it.
pub struct Backlog<T> {
    state: Arc<(Mutex<State<T>>, Notify)>,
    limit: usize,
    when_full: WhenFull,
}

impl<T> Clone for Backlog<T> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), limit: self.limit, when_full: self.when_full }
    }
}

impl<T: Weigh> Backlog<T> {
    /// A queue of at most `limit` bytes.
    pub fn new(limit: usize, when_full: WhenFull) -> Self {
        let state = State { queue: VecDeque::new(), bytes: 0, dropped: 0, overrun: false, ended: false };
        Self { state: Arc::new((Mutex::new(state), Notify::new())), limit, when_full }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues `item` without ever waiting.
    pub fn push(&self, item: T) -> Pushed {
        let mut state = self.lock();
        if state.overrun {
            return Pushed::Overrun;
        }
        let size = item.size();
        if state.bytes + size > self.limit {
            match self.when_full {
                WhenFull::End if !state.queue.is_empty() => {
                    state.overrun = true;
                    state.ended = true;
                    drop(state);
                    self.state.1.notify_one();
                    return Pushed::Overrun;
                }
                WhenFull::End => {}
                WhenFull::DropOldest => {
                    while state.bytes + size > self.limit {
                        let Some(old) = state.queue.pop_front() else { break };
                        state.bytes -= old.size();
                        state.dropped += old.size() as u64;
                    }
                }
            }
        }
        state.bytes += size;
        state.queue.push_back(item);
        drop(state);
        self.state.1.notify_one();
        Pushed::Taken
    }

    /// Nothing will follow.
    pub fn end(&self) {
        self.lock().ended = true;
        self.state.1.notify_one();
    }

    /// Whether it ended because it was full.
    pub fn overran(&self) -> bool {
        self.lock().overrun
    }

    /// Bytes thrown away since the last call.
    pub fn take_dropped(&self) -> u64 {
        std::mem::take(&mut self.lock().dropped)
    }

    /// The next item, or `None` at the end. For one consumer. Cancel-safe.
    pub async fn pop(&self) -> Option<T> {
        loop {
            {
                let mut state = self.lock();
                if let Some(item) = state.queue.pop_front() {
                    state.bytes -= item.size();
                    return Some(item);
                }
                if state.ended {
                    return None;
                }
            }
            self.state.1.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for Vec<u8> {
        fn size(&self) -> usize {
            self.len()
        }
    }

    #[tokio::test]
    async fn a_lossless_queue_ends_when_full() {
        let q = Backlog::new(4, WhenFull::End);
        assert_eq!(q.push(vec![1, 2, 3]), Pushed::Taken);
        assert_eq!(q.push(vec![4, 5]), Pushed::Overrun);
        assert_eq!(q.push(vec![6]), Pushed::Overrun, "nothing after a gap");
        assert_eq!(q.pop().await, Some(vec![1, 2, 3]));
        assert_eq!(q.pop().await, None);
        assert!(q.overran());
    }

    #[tokio::test]
    async fn a_terminals_queue_forgets_the_oldest_and_counts() {
        let q = Backlog::new(4, WhenFull::DropOldest);
        for i in 0..10_u8 {
            q.push(vec![i, i]);
        }
        assert_eq!(q.take_dropped(), 16);
        assert_eq!((q.pop().await, q.pop().await), (Some(vec![8, 8]), Some(vec![9, 9])));
        q.end();
        assert_eq!(q.pop().await, None);
    }
}
