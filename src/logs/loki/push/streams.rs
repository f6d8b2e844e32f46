//! How far each stream is: what decides the next entry's time, and whether it is too old for its stream.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries may be so much older than the newest of their stream, microseconds. Loki's rule is an hour.
pub const WINDOW: i64 = 50 * 60 * 1_000_000;
/// Streams of one file, at most; the last takes all that the others do not.
pub const LANES: u8 = 16;

/// How far a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The last record's time, microseconds since 1970.
    pub micros: i64,
    /// The time it was given, nanoseconds since 1970.
    pub given: i64,
    /// The newest time of all its records, microseconds.
    pub newest: i64,
}

/// All streams of an environment: by host, by service, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Streams(BTreeMap<String, BTreeMap<String, Vec<Option<Reached>>>>);

impl Streams {
    /// How far one is; `None`: it has no entry yet.
    pub fn of(&self, host: &str, service: &str, lane: u8) -> Option<Reached> {
        *self.0.get(host)?.get(service)?.get(usize::from(lane))?
    }

    /// It is as far as that.
    pub fn note(&mut self, host: &str, service: &str, lane: u8, reached: Reached) {
        let lanes = self.0.entry(host.to_owned()).or_default().entry(service.to_owned()).or_default();
        let lane = usize::from(lane);
        if lanes.len() <= lane {
            lanes.resize(lane + 1, None);
        }
        if let Some(place) = lanes.get_mut(lane) {
            *place = Some(reached);
        }
    }
}
