//! Switching machines, one at a time, through the agents on the Cobbler server.
//!
//! Only the blocking `power_system` is used: the background one ends "complete" even when it did nothing. `reboot` is never used: off and
//! on are words of their own, so that each has its own time and its own check.

use super::client::{Cobbler, unexpected};
use super::error::{CobblerError, FaultKind};
use super::value;
use super::wire::{text, yes};
use dxr::Value;
use tokio::time::{Instant, sleep};

/// Whether a machine has power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerState {
    /// It runs.
    On,
    /// It does not.
    Off,
}

impl PowerState {
    /// The word for it, which is also Cobbler's.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl Cobbler {
    /// What the power agent says.
    pub async fn power_status(&self, name: &str) -> Result<PowerState, CobblerError> {
        self.may_write()?;
        let _one_at_a_time = self.switching.lock().await;
        self.status(name).await
    }

    /// Switches a machine and waits until its agent says that it is so. Does nothing when it is so already, so it can be repeated; after an
    /// unclear answer the state is asked, not the word repeated.
    pub async fn power(&self, name: &str, wanted: PowerState) -> Result<(), CobblerError> {
        self.may_write()?;
        let _one_at_a_time = self.switching.lock().await;
        if self.status(name).await? == wanted {
            return Ok(());
        }
        let said = self.word(name, wanted.word()).await;
        match said {
            Ok(answer) => yes(&answer, || format!("switching '{name}' {}", wanted.word()))?,
            Err(unclear @ CobblerError::Unclear { .. }) => {
                return match self.status(name).await {
                    Ok(now) if now == wanted => Ok(()),
                    _ => Err(unclear),
                };
            }
            Err(e) => return Err(e),
        }
        // A machine may take a while to go down, and its agent to notice.
        let end = Instant::now() + self.timeouts.power;
        loop {
            let now = self.status(name).await?;
            if now == wanted {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(CobblerError::Power {
                    name: name.to_owned(),
                    wanted: wanted.word(),
                    found: now.word(),
                });
            }
            sleep(self.timeouts.pause).await;
        }
    }

    async fn status(&self, name: &str) -> Result<PowerState, CobblerError> {
        let answer = self.word(name, "status").await?;
        match value::truth(&answer) {
            Some(true) => Ok(PowerState::On),
            Some(false) => Ok(PowerState::Off),
            None => Err(unexpected("power_system", "a truth value", &answer)),
        }
    }

    async fn word(&self, name: &str, word: &'static str) -> Result<Value, CobblerError> {
        // A handle is asked for each time: it may be gone after a restart.
        let handle = self.handle(name).await?;
        match self.tell("power_system", vec![text(handle), text(word)], Vec::new()).await {
            Err(e) if e.fault() == Some(&FaultKind::NoPowerType) => {
                Err(CobblerError::WithoutPower { name: name.to_owned() })
            }
            other => other,
        }
    }
}
