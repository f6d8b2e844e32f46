//! Ctrl-C, for commands that wait.
//!
//! From the first time that anybody listens for it, Ctrl-C no longer ends the process: one that comes while nobody listens would be
//! lost, and the command would go on for ever. So a command listens once, before it starts anything, and not anew in every round of its waiting.

use super::exit::{Code, Fault};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C from now on, also while nobody waits for it. Several that come before they are taken count as one.
pub struct Interrupt(Signal);

impl Interrupt {
    /// Listens.
    pub fn listen() -> Result<Self, Fault> {
        signal(SignalKind::interrupt())
            .map(Self)
            .map_err(|why| Fault::new(Code::Failed, format!("cannot listen for Ctrl-C: {why}")))
    }

    /// The next. Cancel-safe.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            // None will come any more.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use rustix::process::{Signal as Number, getpid, kill_process};
    use std::time::Duration;

    #[tokio::test]
    async fn one_that_comes_while_nobody_waits_is_not_lost() {
        let mut other = signal(SignalKind::interrupt()).unwrap();
        let mut interrupt = Interrupt::listen().unwrap();
        for _ in 0..3 {
            // Somebody waited and gave up for something else, as in a select.
            assert!(tokio::time::timeout(Duration::ZERO, interrupt.next()).await.is_err());
            kill_process(getpid(), Number::INT).unwrap();
            // It has been handed out.
            other.recv().await.unwrap();
            tokio::time::timeout(Duration::from_mins(1), interrupt.next()).await.unwrap();
        }
    }
}
