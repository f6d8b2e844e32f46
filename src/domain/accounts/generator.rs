//! Passwords from dice: of a length, of classes of characters, each class at least once, each password as likely as any other.

use super::AccountUse;
use super::rules::{breaks, faults};
use crate::domain::secret::Secret;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Lengths that can be asked for, characters.
pub const LENGTH_RANGE: RangeInclusive<u8> = 12..=64;

/// Characters that are taken for one another when somebody reads or types them.
const LOOKALIKES: &str = "0OoQ1lI|5S2Z8B'`\".,:;";
/// Symbols that a generated password may hold. No blanks, quotation marks or backslashes: somebody will paste it somewhere.
const SYMBOLS: &str = "!#%&()*+,-./:;<=>?@[]^_{}~";

/// What a generated password is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each a box to tick")]
#[serde(default)]
pub struct GeneratorRules {
    /// Characters, of [`LENGTH_RANGE`].
    pub length: u8,
    /// a to z.
    pub lower: bool,
    /// A to Z.
    pub upper: bool,
    /// 0 to 9.
    pub digits: bool,
    /// Those symbols that the account's uses allow.
    pub symbols: bool,
    /// Leave out characters that are taken for one another.
    pub readable: bool,
}

impl Default for GeneratorRules {
    fn default() -> Self {
        Self { length: 24, lower: true, upper: true, digits: true, symbols: false, readable: true }
    }
}

/// Why there is no password of these rules. `Display` is the sentence for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeneratorFault {
    /// Outside [`LENGTH_RANGE`].
    #[error("a generated password has 12 to 64 characters, not {0}")]
    Length(u8),
    /// No class, or digits only.
    #[error("choose at least one kind of letters: a password of digits or symbols only is refused")]
    Classes,
    /// The dice ran out.
    #[error("no password could be made: the random numbers ran out; try again")]
    Dice,
}

impl GeneratorFault {
    /// Key of the sentence in the message catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Length(_) => "generator-fault-length",
            Self::Classes => "generator-fault-classes",
            Self::Dice => "generator-fault-dice",
        }
    }
}

impl GeneratorRules {
    /// The chosen classes, each with its characters; symbols that the uses do not allow are left out.
    fn classes(self, uses: &[AccountUse]) -> Vec<Vec<char>> {
        let range = |from: char, to: char| (from..=to).collect::<String>();
        let chosen = [
            (self.lower, range('a', 'z')),
            (self.upper, range('A', 'Z')),
            (self.digits, range('0', '9')),
            (self.symbols, SYMBOLS.to_owned()),
        ];
        let fits = |c: &char| {
            let in_the_middle = format!("a{c}a");
            (!self.readable || !LOOKALIKES.contains(*c)) && breaks(uses, &in_the_middle).is_empty()
        };
        let classes = chosen.into_iter().filter(|(wanted, _)| *wanted);
        classes
            .map(|(_, all)| all.chars().filter(fits).collect())
            .filter(|c: &Vec<char>| !c.is_empty())
            .collect()
    }

    /// Whether there are passwords of these rules.
    pub fn check(self) -> Result<(), GeneratorFault> {
        if !LENGTH_RANGE.contains(&self.length) {
            return Err(GeneratorFault::Length(self.length));
        }
        if !self.lower && !self.upper {
            return Err(GeneratorFault::Classes);
        }
        Ok(())
    }
}

/// A password of these rules from `dice`, random bytes; 4096 are enough for any rules.
pub fn generate(rules: GeneratorRules, uses: &[AccountUse], dice: &[u8]) -> Result<Secret, GeneratorFault> {
    rules.check()?;
    let classes = rules.classes(uses);
    let alphabet: Vec<char> = classes.iter().flatten().copied().collect();
    let size = alphabet.len().max(1);
    let fair = 256 / size * size;
    let mut throws = dice.iter().map(|b| usize::from(*b)).filter(|b| *b < fair);
    // A password without one of the classes is thrown away as a whole: that keeps all others equally likely.
    loop {
        let mut text = String::with_capacity(64);
        for _ in 0..rules.length {
            let throw = throws.next().ok_or(GeneratorFault::Dice)?;
            text.extend(alphabet.get(throw % size));
        }
        let has_all = classes.iter().all(|class| text.chars().any(|c| class.contains(&c)));
        let made = Secret::new(text);
        if has_all && faults(uses, made.reveal()).is_empty() {
            return Ok(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As many throws as the engine makes.
    fn thrown(seed: u64) -> Vec<u8> {
        let mut at = seed | 1;
        let throw = |_| {
            at ^= at << 13;
            at ^= at >> 7;
            at ^= at << 17;
            at.to_le_bytes()
        };
        (0..512).flat_map(throw).collect()
    }

    fn uses() -> impl Strategy<Value = Vec<AccountUse>> {
        use AccountUse as U;
        prop::sample::subsequence(vec![U::Database, U::Url, U::Ini, U::Identity], 0..=4)
    }

    proptest! {
        #[test]
        fn what_is_generated_is_accepted(
            uses in uses(),
            length in LENGTH_RANGE,
            (lower, upper, digits, symbols, readable) in any::<(bool, bool, bool, bool, bool)>(),
            seed: u64,
        ) {
            let dice = thrown(seed);
            let rules = GeneratorRules { length, lower, upper, digits, symbols, readable };
            let made = generate(rules, &uses, &dice);
            if !lower && !upper {
                prop_assert_eq!(made.err(), Some(GeneratorFault::Classes));
            } else {
                let made = made.unwrap();
                let text = made.reveal();
                prop_assert_eq!(text.chars().count(), usize::from(length));
                prop_assert_eq!(faults(&uses, text), vec![]);
                prop_assert_eq!(text.chars().any(|c| c.is_ascii_lowercase()), lower);
                prop_assert_eq!(text.chars().any(|c| c.is_ascii_uppercase()), upper);
                prop_assert_eq!(text.chars().any(|c| c.is_ascii_digit()), digits);
                prop_assert_eq!(text.chars().any(|c| c.is_ascii_punctuation()), symbols);
                prop_assert!(!readable || !text.chars().any(|c| LOOKALIKES.contains(c)));
            }
        }
    }

    #[test]
    fn rules_are_checked_and_dice_may_run_out() {
        let rules = GeneratorRules::default();
        for length in [0, 11, 65, 255] {
            let bad = GeneratorRules { length, ..rules };
            assert_eq!(generate(bad, &[], &[7; 4096]).unwrap_err(), GeneratorFault::Length(length));
        }
        assert_eq!(generate(rules, &[], &[1, 2, 3]).unwrap_err(), GeneratorFault::Dice);
        // Dice that always fall the same never make a password of all classes: no weak one comes out.
        assert_eq!(generate(rules, &[], &[7; 4096]).unwrap_err(), GeneratorFault::Dice);
    }
}
