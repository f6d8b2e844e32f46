//! Puts the processes together: client, engine, demonstration.
#![forbid(unsafe_code)]

fn main() {}
