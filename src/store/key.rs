//! Keys of records as bytes that sort as their values do.
//!
//! Numbers are big-endian; text ends with `00 01` (a zero in it becomes `00 FF`), so that the parts of a compound key
//! never run into each other and a shorter text comes first. Encoding the first part of a compound key gives the prefix
//! of everything under it.

use crate::domain::ids::{EnvId, JobId, NodeId, ShellId, SweepId, UserId};

/// Something that identifies a record, or the first part of such a thing.
pub trait Key: Sized {
    /// Appends the key's bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// Takes the key off the front of `bytes`; `None` if it is not there.
    fn decode(bytes: &mut &[u8]) -> Option<Self>;

    /// The key's bytes.
    fn encoded(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

impl Key for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        *bytes = rest;
        Some(u64::from_be_bytes(*head))
    }
}

impl Key for u32 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        *bytes = rest;
        Some(u32::from_be_bytes(*head))
    }
}

macro_rules! id_key {
    ($($name:ident),*) => {$(
        impl Key for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }
            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                u64::decode(bytes).map($name)
            }
        }
    )*};
}
id_key!(EnvId, JobId, NodeId, ShellId, SweepId, UserId);

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        for byte in self.as_bytes().iter().copied() {
            out.push(byte);
            if byte == 0 {
                out.push(0xFF);
            }
        }
        out.extend_from_slice(&[0, 1]);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let mut text = Vec::new();
        loop {
            let (byte, rest) = bytes.split_first()?;
            *bytes = rest;
            if *byte == 0 {
                let (mark, rest) = bytes.split_first()?;
                *bytes = rest;
                match mark {
                    1 => return String::from_utf8(text).ok(),
                    0xFF => {}
                    _ => return None,
                }
            }
            text.push(*byte);
        }
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::decode(bytes)?, B::decode(bytes)?))
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
        self.2.encode(out);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::decode(bytes)?, B::decode(bytes)?, C::decode(bytes)?))
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_come_back_and_sort_as_their_values(a: (u64, String, u32), b: (u64, String, u32)) {
            let (left, right) = (a.encoded(), b.encoded());
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
            let mut rest = left.as_slice();
            prop_assert_eq!(<(u64, String, u32)>::decode(&mut rest), Some(a.clone()));
            prop_assert!(rest.is_empty());
            prop_assert!(left.starts_with(&(a.0, a.1).encoded()));
        }

        #[test]
        fn hostile_bytes_are_no_key(bytes: Vec<u8>) {
            let mut rest = bytes.as_slice();
            let _ = <(String, u64)>::decode(&mut rest);
        }
    }
}
