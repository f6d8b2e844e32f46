//! Finding machines and getting to know them.
//!
//! [`sweep`] looks for SSH servers in ranges of addresses; [`gather`] asks a node for its facts with one POSIX script,
//! without an agent and without Python. Both are bounded in time and in number, and stop when dropped.
//!
//! Never here: logging in (that is `ssh`), judging what a node is good for, storing anything.

mod gather;
mod keyscan;
pub mod probe;
mod sweep;
#[cfg(test)]
mod tests;

pub use gather::{GatherError, gather};
pub use keyscan::{host_key, neighbours};
pub use sweep::{CONNECT, Found, Probe, Progress, Sockets, Sweep, SweepEvent, SweepOptions, sweep};
