//! UUIDs in lines: what makes a search for a request or an instance skip nearly everything.
//!
//! Every UUID of a block (request ids, instances, ports, volumes … wherever in a line it stands) leaves 32 bits in the block's
//! sorted list. A search for one looks there first; one block in a million is read in vain.

/// Length of a UUID with its hyphens.
const LENGTH: usize = 36;

/// Calls `found` with the fingerprint of each UUID in `text`.
pub fn each(text: &[u8], mut found: impl FnMut(u32)) {
    let mut at = 0;
    while let Some(hyphen) = text.get(at..).and_then(|rest| memchr::memchr(b'-', rest)) {
        let hyphen = at + hyphen;
        at = hyphen + 1;
        let Some(candidate) = hyphen.checked_sub(8).and_then(|start| text.get(start..start + LENGTH)) else {
            continue;
        };
        if let Some(print) = fingerprint(candidate) {
            found(print);
            at = hyphen + (LENGTH - 8);
        }
    }
}

/// The fingerprint of a UUID in its usual form, in letters of any size.
fn fingerprint(text: &[u8]) -> Option<u32> {
    let mut sum: u64 = 0;
    // The hyphens first: they are what dates and words do not have.
    if [8, 13, 18, 23].iter().any(|at| text.get(*at) != Some(&b'-')) {
        return None;
    }
    for byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'-' => continue,
            _ => return None,
        };
        sum = (sum.rotate_left(5) ^ u64::from(digit)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    u32::try_from(sum >> 32).ok()
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

    fn all(text: &str) -> Vec<u32> {
        let mut out = Vec::new();
        each(text.as_bytes(), |id| out.push(id));
        out
    }

    #[test]
    fn uuids_are_found_wherever_they_stand() {
        let id = "b9000564-fe1a-409b-b8cc-1e88b294cd1d";
        let one = all(id);
        assert_eq!(one.len(), 1);
        for line in [
            format!("2017-05-16 00:00:04.500 2931 INFO nova [req-{id} - - -] [instance: x]"),
            format!("-{id}-"),
            id.to_uppercase(),
            format!("{id}{id}").chars().take(40).collect(),
        ] {
            assert_eq!(all(&line), one, "{line}");
        }
        assert_eq!(all(&format!("{id} {}", id.replace('b', "c"))).len(), 2);
        for none in [
            "",
            "----",
            "2017-05-16",
            "b9000564-fe1a-409b-b8cc-1e88b294cd1",
            "b9000564-fe1a-409b-b8cc-1e88b294cdXd",
        ] {
            assert_eq!(all(none), Vec::<u32>::new(), "{none}");
        }
    }
}
