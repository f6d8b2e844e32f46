//! Looking for machines: what is asked, how often, what was found, and how carefully cpmg logs in to it.
//!
//! A [`SweepOrder`] is what an operator asks for, a [`SweepRecord`] what became of it, a [`Sighting`] one address at which
//! something answered, from the first time to the last. [`LoginLimit`] keeps cpmg from locking accounts out.

use super::ids::{EnvId, Revision, SweepId};
use super::net::{AddressRange, HostAddress, NetFault, RANGE_MAX, merged};
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Addresses begun in a second unless told otherwise: 65,536 in 33 s.
pub const RATE_DEFAULT: u32 = 2_000;
/// Most addresses begun in a second.
pub const RATE_MAX: u32 = 20_000;
/// Addresses waited for at the same time unless told otherwise. A silent one takes 1.5 s: 65,536 of them take 48 s.
pub const PARALLEL_DEFAULT: u32 = 2_048;
/// Most addresses waited for at the same time: each is an open file of the engine.
pub const PARALLEL_MAX: u32 = 8_192;
/// Sweeps that are remembered of an environment.
pub const KEPT: usize = 16;
/// Addresses that are remembered of an environment.
pub const SIGHTINGS_MAX: usize = 65_536;
/// How long something that was found counts as new.
const NEW_MS: u64 = 24 * 60 * MINUTE;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// What is to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepOrder {
    /// Ranges as typed, as `10.0.0.0/24` or `10.0.0.1-50`.
    pub ranges: Vec<String>,
    /// Port of SSH.
    pub port: u16,
    /// Addresses begun in a second, 1 to [`RATE_MAX`].
    #[serde(default = "rate_default")]
    pub rate: u32,
    /// Addresses waited for at the same time, 1 to [`PARALLEL_MAX`].
    #[serde(default = "parallel_default")]
    pub parallel: u32,
}

fn rate_default() -> u32 {
    RATE_DEFAULT
}

fn parallel_default() -> u32 {
    PARALLEL_DEFAULT
}

/// Why an order is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// One of the ranges is none.
    #[error(transparent)]
    Range(#[from] NetFault),
    /// No range at all.
    #[error("give at least one range, as in 10.0.0.0/24")]
    NoRange,
    /// More than [`RANGE_MAX`] addresses.
    #[error("the ranges hold {0} addresses; 65536 are the most for one sweep: split it")]
    TooMany(u64),
    /// Port 0.
    #[error("a port is a number from 1 to 65535")]
    Port,
    /// Out of bounds.
    #[error("the rate is a number from 1 to {RATE_MAX} addresses a second")]
    Rate,
    /// Out of bounds.
    #[error("at the same time 1 to {PARALLEL_MAX} addresses are asked")]
    Parallel,
}

impl OrderFault {
    /// The field that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Range(_) | Self::NoRange | Self::TooMany(_) => "ranges",
            Self::Port => "port",
            Self::Rate => "rate",
            Self::Parallel => "parallel",
        }
    }
}

impl SweepOrder {
    /// An order with the usual rate.
    pub fn new(ranges: Vec<String>, port: u16) -> Self {
        Self { ranges, port, rate: RATE_DEFAULT, parallel: PARALLEL_DEFAULT }
    }

    /// Its ranges in order, each address once; or what is wrong with it.
    pub fn check(&self) -> Result<Vec<AddressRange>, OrderFault> {
        let ranges = self.ranges.iter().map(|r| r.parse()).collect::<Result<Vec<AddressRange>, _>>()?;
        let ranges = merged(&ranges);
        let total: u64 = ranges.iter().map(|r| u64::from(r.count())).sum();
        match total {
            0 => return Err(OrderFault::NoRange),
            n if n > u64::from(RANGE_MAX) => return Err(OrderFault::TooMany(n)),
            _ => {}
        }
        if self.port == 0 {
            return Err(OrderFault::Port);
        }
        if !(1..=RATE_MAX).contains(&self.rate) {
            return Err(OrderFault::Rate);
        }
        if !(1..=PARALLEL_MAX).contains(&self.parallel) {
            return Err(OrderFault::Parallel);
        }
        Ok(ranges)
    }

    /// Whether it asks this port of this address.
    pub fn covers(&self, address: HostAddress, port: u16) -> bool {
        let holds = |r: &String| r.parse::<AddressRange>().is_ok_and(|r| r.contains(address.ip()));
        self.port == port && self.ranges.iter().any(holds)
    }

    /// How long it takes at most when nothing answers and each address is waited for `connect_ms`, milliseconds.
    pub fn takes_ms(&self, addresses: u32, connect_ms: u64) -> u64 {
        let waiting = u64::from(addresses) * connect_ms / u64::from(self.parallel.max(1));
        let beginning = u64::from(addresses) * 1000 / u64::from(self.rate.max(1));
        waiting.max(beginning) + connect_ms
    }
}

/// How often a sweep is done by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Every {
    /// Every so many minutes, 5 to a week.
    Minutes(u32),
    /// Every day at this minute of the day, by the management host's clock.
    Daily(u16),
}

/// Not a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a schedule: write 30m, 6h or 1d (5 minutes to 7 days), or a time of day as 03:30")]
pub struct EveryFault(pub String);

impl FromStr for Every {
    type Err = EveryFault;
    fn from_str(s: &str) -> Result<Self, EveryFault> {
        let fault = || EveryFault(s.chars().take(40).collect());
        let text = s.trim();
        let text = text.strip_prefix("daily").unwrap_or(text).trim();
        if let Some((hour, minute)) = text.split_once(':') {
            let number = |t: &str, most: u16| {
                let n = t.parse::<u16>().ok().filter(|n| *n <= most && !t.starts_with('+'));
                n.ok_or_else(fault)
            };
            return Ok(Self::Daily(number(hour, 23)? * 60 + number(minute, 59)?));
        }
        let (at, unit) = text.char_indices().last().ok_or_else(fault)?;
        let number: u32 = text.get(..at).and_then(|n| n.parse().ok()).ok_or_else(fault)?;
        let minutes = match unit {
            'm' => Some(number),
            'h' => number.checked_mul(60),
            'd' => number.checked_mul(24 * 60),
            _ => None,
        };
        minutes.filter(|m| (5..=7 * 24 * 60).contains(m)).map(Self::Minutes).ok_or_else(fault)
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(m) if m % (24 * 60) == 0 => write!(f, "{}d", m / (24 * 60)),
            Self::Minutes(m) if m % 60 == 0 => write!(f, "{}h", m / 60),
            Self::Minutes(m) => write!(f, "{m}m"),
            Self::Daily(m) => write!(f, "{:02}:{:02}", m / 60, m % 60),
        }
    }
}

impl TryFrom<String> for Every {
    type Error = EveryFault;
    fn try_from(s: String) -> Result<Self, EveryFault> {
        s.parse()
    }
}

impl From<Every> for String {
    fn from(every: Every) -> Self {
        every.to_string()
    }
}

impl Every {
    /// When it is due: set at `since`, done last at `last`; `utc_offset_s` is the management host's offset from UTC. A moment
    /// that was slept through stays due.
    pub fn due(self, since: Moment, last: Option<Moment>, utc_offset_s: i32) -> Moment {
        match self {
            Self::Minutes(m) => last.map_or(since, |l| l.plus(u64::from(m) * MINUTE)),
            Self::Daily(minute) => {
                let offset = i64::from(utc_offset_s) * 1000;
                let after = last.unwrap_or(since).max(since);
                let local = after.0.saturating_add_signed(offset);
                let mut next = local / DAY * DAY + u64::from(minute) * MINUTE;
                if next <= local {
                    next += DAY;
                }
                Moment(next.saturating_add_signed(-offset))
            }
        }
    }
}

/// A sweep that is done by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// What is asked.
    pub order: SweepOrder,
    /// How often.
    pub every: Every,
    /// When that was set.
    pub since: Moment,
}

/// How often cpmg lets a node refuse it before it waits: less than what locks an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginLimit {
    /// Refused logins, 1 to 20.
    pub attempts: u32,
    /// Within so many minutes, 1 to a day.
    pub minutes: u32,
}

/// The usual limit: `faillock` locks after three to five refusals within a quarter of an hour.
impl Default for LoginLimit {
    fn default() -> Self {
        Self { attempts: 3, minutes: 10 }
    }
}

impl LoginLimit {
    /// Largest number of attempts.
    pub const ATTEMPTS_MAX: u32 = 20;
    /// Largest window, minutes.
    pub const MINUTES_MAX: u32 = 24 * 60;

    /// Refuses what is out of bounds, with the field.
    pub fn check(self) -> Result<(), (&'static str, String)> {
        if !(1..=Self::ATTEMPTS_MAX).contains(&self.attempts) {
            return Err(("attempts", format!("1 to {} refused logins", Self::ATTEMPTS_MAX)));
        }
        if !(1..=Self::MINUTES_MAX).contains(&self.minutes) {
            return Err(("minutes", format!("1 to {} minutes", Self::MINUTES_MAX)));
        }
        Ok(())
    }

    fn window(self) -> u64 {
        u64::from(self.minutes) * MINUTE
    }

    /// The refusals that still count.
    pub fn counting(self, refused: &[Moment], now: Moment) -> Vec<Moment> {
        let mut all: Vec<Moment> =
            refused.iter().copied().filter(|at| now.since(*at) < self.window()).collect();
        all.sort_unstable();
        all
    }

    /// Until when nothing is tried any more; `None`: it may be tried.
    pub fn held_until(self, refused: &[Moment], now: Moment) -> Option<Moment> {
        let counting = self.counting(refused, now);
        let attempts = usize::try_from(self.attempts.max(1)).unwrap_or(1);
        let over = counting.len().checked_sub(attempts)?;
        counting.get(over).map(|at| at.plus(self.window()))
    }
}

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
    use proptest::prelude::*;

    fn order(ranges: &[&str]) -> SweepOrder {
        SweepOrder::new(ranges.iter().map(|r| (*r).to_owned()).collect(), 22)
    }

    #[test]
    fn orders_are_checked() {
        let total = |r: &[&str]| order(r).check().unwrap().iter().map(|r| r.count()).sum::<u32>();
        assert_eq!(total(&["10.0.0.0/24", "10.0.0.100-10.0.1.3"]), 259, "each address once");
        assert_eq!(total(&["10.0.0.1", "10.0.0.1"]), 1);
        let why = |o: SweepOrder| o.check().unwrap_err();
        assert_eq!(why(order(&[])), OrderFault::NoRange);
        assert_eq!(why(order(&["10.0.0.0/16", "10.9.0.0/24"])).field(), "ranges");
        assert_eq!(why(order(&["x"])).field(), "ranges");
        let many = vec!["10.0.0.0/16"; 100_000];
        assert_eq!(total(&many), 65_534, "many times the same is not many addresses");
        assert_eq!(why(SweepOrder { port: 0, ..order(&["10.0.0.1"]) }), OrderFault::Port);
        assert_eq!(why(SweepOrder { rate: 0, ..order(&["10.0.0.1"]) }), OrderFault::Rate);
        assert_eq!(why(SweepOrder { parallel: 9_000, ..order(&["10.0.0.1"]) }), OrderFault::Parallel);
    }

    #[test]
    fn a_silent_net_of_65536_takes_less_than_a_minute() {
        assert!(order(&[]).takes_ms(65_536, 1_500) < 60_000);
    }

    #[test]
    fn schedules_are_read_and_written() {
        for (text, shown) in [
            ("30m", "30m"),
            ("6h", "6h"),
            ("1d", "1d"),
            ("120m", "2h"),
            ("03:30", "03:30"),
            ("daily 3:05", "03:05"),
        ] {
            assert_eq!(text.parse::<Every>().unwrap().to_string(), shown, "{text}");
        }
        for bad in ["", "6", "h", "4m", "8d", "24:00", "03:60", "-6h", "99999999999h", "6h30", "é"] {
            assert!(bad.parse::<Every>().is_err(), "{bad}");
        }
    }

    #[test]
    fn schedules_are_due() {
        let hour = 60 * MINUTE;
        let six: Every = "6h".parse().unwrap();
        assert_eq!(six.due(Moment(5), None, 0), Moment(5), "at once");
        assert_eq!(six.due(Moment(5), Some(Moment(100)), 0), Moment(100 + 6 * hour));
        let night: Every = "03:30".parse().unwrap();
        let at = |h: u64| Moment(10 * DAY + h * hour);
        assert_eq!(night.due(at(2), None, 0), at(3).plus(30 * MINUTE));
        assert_eq!(night.due(at(4), None, 0), at(27).plus(30 * MINUTE));
        // Shanghai: 03:30 there is 19:30 of the day before.
        assert_eq!(night.due(at(4), None, 8 * 3600), at(19).plus(30 * MINUTE));
        assert_eq!(night.due(at(2), Some(at(3).plus(31 * MINUTE)), 0), at(27).plus(30 * MINUTE));
    }

    #[test]
    fn refused_logins_hold_back() {
        let limit = LoginLimit { attempts: 3, minutes: 10 };
        let at = |minutes: u64| Moment(minutes * MINUTE);
        assert_eq!(limit.held_until(&[at(1), at(2)], at(3)), None);
        assert_eq!(limit.held_until(&[at(3), at(1), at(2)], at(4)), Some(at(11)));
        assert_eq!(limit.held_until(&[at(1), at(2), at(3)], at(11)), None, "the oldest counts no more");
        assert_eq!(limit.held_until(&[at(1), at(2), at(3), at(4)], at(5)), Some(at(12)));
        assert!(LoginLimit { attempts: 0, minutes: 1 }.check().is_err());
    }

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
            order: order(&["10.0.0.0/24"]),
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

    proptest! {
        #[test]
        fn never_more_refusals_in_a_window_than_allowed(
            attempts in 1_u32..6, minutes in 1_u32..30, tries in proptest::collection::vec(0_u64..400_000, 1..60))
        {
            // A client that tries whenever it is let, and is always refused.
            let limit = LoginLimit { attempts, minutes };
            let (mut now, mut refused) = (Moment(1_000_000), Vec::new());
            for wait in tries {
                now = now.plus(wait);
                match limit.held_until(&refused, now) {
                    None => refused.push(now),
                    Some(until) => prop_assert!(until > now && until.since(now) <= u64::from(minutes) * MINUTE),
                }
            }
            for (i, first) in refused.iter().enumerate() {
                let within = refused.iter().skip(i).filter(|at| at.since(*first) < u64::from(minutes) * MINUTE);
                prop_assert!(within.count() <= attempts as usize);
            }
        }

        #[test]
        fn a_schedule_is_always_due_later(minute in 0_u16..1440, since in 0_u64..1 << 42, offset in -50_000_i32..50_000) {
            let due = Every::Daily(minute).due(Moment(since + DAY), None, offset);
            prop_assert!(due > Moment(since + DAY) && due.since(Moment(since + DAY)) <= DAY);
        }
    }
}
