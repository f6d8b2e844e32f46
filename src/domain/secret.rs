//! Text that must never be seen: passwords, keys, tokens.
//!
//! `Secret` wipes its memory when dropped and shows nothing in `Debug`. It can be serialised, because secrets do travel
//! once, from a client that typed one to the engine over the local socket; what the engine stores is sealed by the `store`
//! and what it answers never contains a `Secret`.

use serde::{Deserialize, Serialize, Serializer};
use std::cell::Cell;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A piece of secret text.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(String);

/// What stands for a secret where it must not be seen; always as long, whatever the secret's length.
pub const MASK: &str = "••••••••";

thread_local! {
    static MASKING: Cell<bool> = const { Cell::new(false) };
}

/// Does something, a serialisation, in which every secret becomes [`MASK`] (an empty one stays empty).
pub fn masking<T>(work: impl FnOnce() -> T) -> T {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            MASKING.set(self.0);
        }
    }
    let _back = Back(MASKING.replace(true));
    work()
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let hidden = MASKING.get() && !self.0.is_empty();
        to.serialize_str(if hidden { MASK } else { &self.0 })
    }
}

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Say at the call why it is needed.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Letters and digits that cannot be mistaken for each other and need no encoding in a connection URL, a shell, SQL or ini.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A password of `length` characters made from `dice`, random bytes of which some are rejected for fairness.
///
/// Returns `None` when the dice run out: give at least twice as many bytes as characters.
pub fn password_from(dice: &[u8], length: usize) -> Option<Secret> {
    let fair = (256 / ALPHABET.len()) * ALPHABET.len();
    let text: String = dice
        .iter()
        .map(|b| usize::from(*b))
        .filter(|b| *b < fair)
        .filter_map(|b| ALPHABET.get(b % ALPHABET.len()).map(|c| char::from(*c)))
        .take(length)
        .collect();
    (text.len() == length).then(|| Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }

    #[test]
    fn serialised_in_the_open_or_behind_a_mask() {
        let secrets = (Secret::new("hunter2"), Secret::default());
        let told = masking(|| serde_json::to_string(&secrets).unwrap());
        assert_eq!(told, format!(r#"["{MASK}",""]"#));
        assert_eq!(serde_json::to_string(&secrets).unwrap(), r#"["hunter2",""]"#);
    }

    #[test]
    fn passwords_are_long_enough_or_refused() {
        let dice: Vec<u8> = (0..=255).collect();
        assert_eq!(password_from(&dice, 24).unwrap().reveal().len(), 24);
        assert!(password_from(&[255; 64], 24).is_none(), "all rejected: no weak password");
    }
}
