//! What is to be asked, how quickly, and why an order is refused.

use super::super::net::{AddressRange, HostAddress, NetFault, RANGE_MAX, merged};
use super::super::said::Said;
use serde::{Deserialize, Serialize};

/// Addresses begun in a second unless told otherwise: 65,536 in 33 s.
pub const RATE_DEFAULT: u32 = 2_000;
/// Most addresses begun in a second.
pub const RATE_MAX: u32 = 20_000;
/// Addresses waited for at the same time unless told otherwise. A silent one takes 1.5 s: 65,536 of them take 48 s.
pub const PARALLEL_DEFAULT: u32 = 2_048;
/// Most addresses waited for at the same time: each is an open file of the engine.
pub const PARALLEL_MAX: u32 = 8_192;

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

    /// The sentence with its key in the message catalogue.
    pub fn said(&self) -> Said {
        let keyed = |key| Said::keyed(self.to_string(), key);
        match self {
            Self::Range(fault) => fault.said(),
            Self::NoRange => keyed("error-sweep-no-range"),
            Self::TooMany(count) => keyed("fault-ranges-large").arg("count", count.to_string()),
            Self::Port => keyed("fault-port"),
            Self::Rate => keyed("error-sweep-rate").arg("most", RATE_MAX.to_string()),
            Self::Parallel => keyed("error-sweep-parallel").arg("most", PARALLEL_MAX.to_string()),
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
}
