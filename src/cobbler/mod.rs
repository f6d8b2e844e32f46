//! Cobbler: the server that installs operating systems over the network, spoken to in XML-RPC.
//!
//! How to read it: [`wire`] sends one call and tells its answer, a fault and an unclear end apart; [`client`] logs in and browses;
//! [`register`], [`power`] and [`reinstall`] change things. What Cobbler sends is decoded in [`value`] and [`views`], by the one
//! rule that a field may be a text where its real type was expected (`"<<inherit>>"`, `"~"`). [`dialect`] knows the versions.
//!
//! Cobbler reports much of what goes wrong as `False`, or not at all. So every answer is checked, every change is read back and
//! compared, a change that fails half-way is taken back, and after an unclear answer the state is read before anything is repeated.
//!
//! What must never be here: a password, a token or power options in an error, a `Debug` or a log; see [`redact`].

mod changes;
mod client;
mod dialect;
mod error;
mod power;
mod redact;
mod register;
mod reinstall;
mod said;
mod tasks;
mod value;
mod views;
mod wire;

#[cfg(test)]
mod tests;

pub use changes::{ATTRIBUTES, Values};
pub use client::{Cobbler, systems_in};
pub use dialect::{Dialect, Version};
pub use error::{CobblerError, Fault, FaultKind};
pub use power::PowerState;
pub use register::{PowerSettings, Registered, Registration};
pub use reinstall::{Arming, Inspection, Progress, Target};
pub use tasks::TaskEnd;
pub use views::{Distro, Interface, Mac, PowerView, Profile, System};
pub use wire::{Login, Timeouts};
