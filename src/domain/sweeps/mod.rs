//! Looking for machines: what is asked, how often, what was found, and how carefully cpmg logs in to it.
//!
//! A [`SweepOrder`] is what an operator asks for, a [`SweepRecord`] what became of it, a [`Sighting`] one address at which
//! something answered, from the first time to the last. [`LoginLimit`] keeps cpmg from locking accounts out.

mod logins;
mod order;
mod schedule;

pub use logins::LoginLimit;
pub use order::{OrderFault, PARALLEL_DEFAULT, PARALLEL_MAX, RATE_DEFAULT, RATE_MAX, SweepOrder};
pub use schedule::{Every, EveryFault, Schedule};

use super::ids::{EnvId, Revision, SweepId};
use super::net::HostAddress;
use super::time::Moment;
use serde::{Deserialize, Serialize};

/// Sweeps that are remembered of an environment.
pub const KEPT: usize = 16;
/// Addresses that are remembered of an environment.
pub const SIGHTINGS_MAX: usize = 65_536;
/// How long something that was found counts as new.
const NEW_MS: u64 = 24 * 60 * MINUTE;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// Settings of an environment about finding machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovery {
    /// The sweep that is done by itself.
    #[serde(default)]
    pub schedule: Option<Schedule>,
    /// How carefully cpmg logs in.
    #[serde(default)]
    pub limit: LoginLimit,
    /// Who changed this last.
    #[serde(default)]
    pub changed_by: String,
    /// When.
    #[serde(default)]
    pub changed: Moment,
    /// Grows with every change.
    #[serde(default)]
    pub revision: Revision,
}

/// A sweep, under way or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// Identity.
    pub id: SweepId,
    /// For which environment.
    pub env: EnvId,
    /// What is asked.
    pub order: SweepOrder,
    /// Who asked; `None`: the schedule.
    pub by: Option<String>,
    /// When it began.
    pub started: Moment,
    /// When it was over.
    pub ended: Option<Moment>,
    /// Addresses asked.
    pub done: u32,
    /// Addresses in all.
    pub total: u32,
    /// Addresses at which SSH answered.
    pub found: u32,
    /// Addresses that could not be asked, because this host lacked something (files, buffers).
    #[serde(default)]
    pub unasked: u32,
    /// Ended by an operator, or with the engine.
    pub cancelled: bool,
}

impl SweepRecord {
    /// Whether every address was asked, so that silence means something.
    pub fn is_whole(&self) -> bool {
        self.ended.is_some() && !self.cancelled && self.unasked == 0
    }
}

/// An address at which something answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Where.
    pub address: HostAddress,
    /// Port.
    pub port: u16,
    /// What answered, made harmless.
    pub banner: String,
    /// Whether that is SSH.
    pub ssh: bool,
    /// Seen first.
    pub first: Moment,
    /// Seen last.
    pub last: Moment,
    /// The sweep that saw it last.
    pub sweep: SweepId,
    /// It was not there when its address was asked before it was seen first.
    #[serde(default)]
    pub fresh: bool,
    /// A sweep asked and got no answer, first at that moment.
    #[serde(default)]
    pub missing: Option<Moment>,
    /// Fingerprint of the SSH host key it shows.
    #[serde(default)]
    pub host_key: Option<String>,
    /// MAC address it answers from, where it is on a network of the management host.
    #[serde(default)]
    pub mac: Option<String>,
}

impl Sighting {
    /// Its key: address and port in one number.
    pub fn key(address: HostAddress, port: u16) -> u64 {
        (u64::from(u32::from(address.ip())) << 16) | u64::from(port)
    }

    /// "New since yesterday": it has come within the last 24 hours, at an address that was asked in vain before.
    pub fn is_new(&self, now: Moment) -> bool {
        self.fresh && now.since(self.first) < NEW_MS
    }

    /// What is known after it was seen again, or for the first time.
    #[must_use]
    pub fn seen(before: Option<&Self>, now: Self) -> Self {
        let Some(before) = before else { return now };
        Self {
            first: before.first,
            fresh: before.fresh,
            missing: None,
            host_key: now.host_key.or_else(|| before.host_key.clone()),
            mac: now.mac.or_else(|| before.mac.clone()),
            ..now
        }
    }
}

/// Whether an address was asked by one of these sweeps as a whole: what appears there later is new.
pub fn asked_before<'a>(
    sweeps: impl IntoIterator<Item = &'a SweepRecord>,
    address: HostAddress,
    port: u16,
) -> bool {
    sweeps.into_iter().any(|s| s.is_whole() && s.order.covers(address, port))
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

    fn sighting(first: u64, fresh: bool) -> Sighting {
        Sighting {
            address: "10.0.0.1".parse().unwrap(),
            port: 22,
            banner: "SSH-2.0-x".into(),
            ssh: true,
            first: Moment(first),
            last: Moment(first),
            sweep: SweepId(1),
            fresh,
            missing: None,
            host_key: None,
            mac: None,
        }
    }

    #[test]
    fn new_since_yesterday() {
        let now = Moment(5 * DAY);
        assert!(sighting(4 * DAY + 1, true).is_new(now));
        assert!(!sighting(4 * DAY, true).is_new(now), "a day old");
        assert!(!sighting(5 * DAY - 1, false).is_new(now), "nobody had looked there before");
        let known = Sighting { missing: Some(Moment(9)), host_key: Some("K".into()), ..sighting(5, true) };
        let again = Sighting::seen(Some(&known), sighting(70, false));
        assert_eq!(
            (again.first, again.last, again.fresh, again.missing),
            (Moment(5), Moment(70), true, None)
        );
        assert_eq!(again.host_key.as_deref(), Some("K"));
    }

    #[test]
    fn silence_counts_only_in_a_whole_sweep() {
        let record = SweepRecord {
            id: SweepId(1),
            env: EnvId(1),
            order: SweepOrder::new(vec!["10.0.0.0/24".into()], 22),
            by: None,
            started: Moment(1),
            ended: Some(Moment(2)),
            done: 254,
            total: 254,
            found: 0,
            unasked: 0,
            cancelled: false,
        };
        let (here, there) = ("10.0.0.9".parse().unwrap(), "10.0.1.9".parse().unwrap());
        assert!(asked_before([&record], here, 22));
        assert!(!asked_before([&record], here, 2222));
        assert!(!asked_before([&record], there, 22));
        for broken in [
            SweepRecord { cancelled: true, ..record.clone() },
            SweepRecord { ended: None, ..record.clone() },
            SweepRecord { unasked: 1, ..record.clone() },
        ] {
            assert!(!asked_before([&broken], here, 22));
        }
    }
}
