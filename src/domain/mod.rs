//! What things are and what is allowed.
//!
//! Pure rules and nothing else: no IO, no async, no clock, no randomness; time and dice come in as arguments. Everything
//! else in cpmg may use this room, and this room uses nothing of ours. Read `node` and `job` first: they hold the two
//! state machines around which the program is built.
//!
//! Never here: a file, a socket, `SystemTime::now`, a text for the screen (those live in the message catalogue of the `tui`).

pub mod access;
pub mod accounts;
pub mod asciicast;
pub mod audit;
pub mod check;
pub mod choice;
pub mod cobbler;
pub mod day2;
pub mod door;
pub mod environment;
pub mod estimate;
pub mod export;
pub mod facts;
pub mod handover;
pub mod ids;
pub mod import;
pub mod ipam;
pub mod job;
pub mod jump;
pub mod keeping;
pub mod lockout;
pub mod logs;
pub mod loki;
pub mod manual;
pub mod net;
pub mod netplan;
pub mod node;
pub mod overrides;
pub mod password;
pub mod picture;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod proof;
pub mod qr;
pub mod rate;
pub mod report;
pub mod said;
pub mod secret;
pub mod shells;
pub mod sweeps;
pub mod text;
pub mod time;
pub mod timeline;
pub mod totp;
pub mod trail;
pub mod user;
pub mod usual;
