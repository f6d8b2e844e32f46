//! Questions to many bare nodes at once: which wires reach whom, who answers for which address, what listens, what resolves.
//!
//! Nothing has to be installed on a node and nothing is left there: a program goes through the standard input of one SSH
//! channel straight into an interpreter, and its answers come back as lines. There are two programs with one protocol, as
//! no language is everywhere. `perl/` needs perl-base alone, which is "essential" on Debian and Ubuntu: every node has it
//! (and usually no Python). `python/` runs on Python 2.7 and 3, which dnf and yum need on all of the Red Hat family (where Perl is
//! often missing; version 8 hides its Python as `platform-python`). Perl is tried first, then Python; with neither, every
//! question is answered with [`ProbeResult::NotChecked`]. A static helper was not chosen: one a processor architecture to
//! build, ship and keep trusted, for programs of a few hundred lines that an operator can read.
//!
//! Layer 2 works only if all listen while all send. So [`run()`] holds the nodes at two barriers:
//!
//! ```text
//! node                                        cpmg
//! program perl | python | none                (a line of the shell that looks for an interpreter)
//!                                             length and text of the program, then its tasks, then: begin
//! hello LANGUAGE VERSION
//! nic NAME MAC up|down carrier|no-carrier MTU (each NIC of the tasks; those that are down are brought up)
//! ready                                       all are ready, or have had their time: go
//! time MS                                     time (a few times, before go, to compare clocks)
//! address …, dhcp …, echo …, port …, name …, url …, clock …, fault …
//! sent                                        all have sent: stop
//! heard …                                     (who was heard on which NIC)
//! done                                        (after everything that was switched on is off again)
//! ```
//!
//! What is switched on goes off again: promiscuous mode belongs to a socket and ends with it, whatever ends the program;
//! NICs that were down are put down by a second process which waits for the end of the first, so that SIGTERM, a lost
//! connection, the program's own time limit and even SIGKILL of it are covered. Not covered: SIGKILL of both at the same moment,
//! and a power failure (after which NICs are down anyway).
//!
//! Node output is hostile: lines, their length and their number are bounded, an answer to a question that was not asked is
//! thrown away, texts are made harmless. Silence is never "nothing found": what was asked and not answered becomes
//! `NotChecked`, with the reason.

mod answer;
mod coordinate;
mod error;
mod node;
mod script;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use coordinate::{Options, ProbeEvent, Run, run};
pub use error::ProbeError;

#[cfg(doc)]
use crate::domain::check::probe::ProbeResult;
