//! Looking at machines and wires before they are touched: what was asked, what was seen, what is wrong with it.

pub mod probe;
