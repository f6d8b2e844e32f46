//! The answer to a submitted change: waited for by a thread or awaited by a task.

use super::{Error, Result};
use crate::domain::ids::Revision;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What an accepted change answers: the revisions of its puts in their order.
pub type Answer = Result<Vec<Revision>>;

#[derive(Default)]
struct Slot {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

#[derive(Default)]
struct Shared {
    slot: Mutex<Slot>,
    ready: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change on its way to the disk. Await it in a task or `wait` in a thread; dropping it does not take the change back.
#[must_use = "the change is accepted only when this says so"]
pub struct Pending(Arc<Shared>);

/// The writer's end. Dropped without an answer it says that the store is closed.
pub(super) struct Promise(Option<Arc<Shared>>);

/// A fresh pair.
pub(super) fn pair() -> (Promise, Pending) {
    let shared = Arc::new(Shared::default());
    (Promise(Some(Arc::clone(&shared))), Pending(shared))
}

impl Pending {
    /// An answer that is there already.
    pub(super) fn ready(answer: Answer) -> Self {
        let (promise, pending) = pair();
        promise.answer(answer);
        pending
    }

    /// Blocks this thread until the change is on the disk or refused.
    pub fn wait(self) -> Answer {
        let mut slot = self.0.lock();
        loop {
            if let Some(answer) = slot.answer.take() {
                return answer;
            }
            slot = self.0.ready.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Future for Pending {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let mut slot = self.0.lock();
        if let Some(answer) = slot.answer.take() {
            return Poll::Ready(answer);
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Promise {
    /// Gives the answer.
    pub fn answer(mut self, answer: Answer) {
        self.give(answer);
    }

    fn give(&mut self, answer: Answer) {
        let Some(shared) = self.0.take() else { return };
        let mut slot = shared.lock();
        slot.answer = Some(answer);
        let waker = slot.waker.take();
        drop(slot);
        shared.ready.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.give(Err(Error::Closed));
    }
}
