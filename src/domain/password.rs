//! Passwords of cpmg's users: what is accepted, and how strong it is.
//!
//! Rules that a person can follow come first (length, name, digits); what passes them is estimated by zxcvbn, which knows
//! words, names, keyboard walks, dates and the usual substitutions. Passwords that a user had before are the engine's to
//! refuse, because only it has their hashes.

use zxcvbn::{Score, zxcvbn};

/// Shortest password that is accepted, in characters.
pub const PASSWORD_MIN: usize = 8;
/// Longest password that is accepted, in bytes: argon2 would take more, a denial of service too.
pub const PASSWORD_MAX: usize = 256;
/// Fewest characters of a passphrase that seals a file: whoever finds the file may try as often as they like.
pub const PASSPHRASE_MIN: usize = 12;
/// Passwords of a user, the present one included, that cannot be taken again.
pub const REMEMBERED: usize = 6;
/// Characters that are estimated: what comes after them can only make a password stronger, and the work grows quickly.
const ESTIMATED: usize = 64;

/// The passwords of this trade that guessers try first; general ones are in the estimator's lists.
const COMMON: &[&str] = &[
    "administrator",
    "openstack",
    "openstack1",
    "openstack123",
    "changeme",
    "changeme1",
    "p@ssw0rd",
    "controller",
    "rabbitmq",
    "keystone",
    "devstack",
    "stackrack",
    "toor1234",
    "root1234",
    "ubuntu2204",
    "debian12",
    "centos-7",
];

/// A rule that a password breaks. The word is the key of the sentence in the message catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    /// Under [`PASSWORD_MIN`] characters.
    TooShort,
    /// Over [`PASSWORD_MAX`] bytes.
    TooLong,
    /// Contains the user's name or is contained in it, also backwards or with digits for letters.
    LikeName,
    /// Digits only.
    DigitsOnly,
    /// One character over and over.
    Repetition,
    /// Among the first that guessers try.
    Common,
    /// Guessed in fewer than a million tries.
    Guessable,
    /// One of the last [`REMEMBERED`] of this user.
    UsedBefore,
}

impl PasswordFault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::TooShort,
        Self::TooLong,
        Self::LikeName,
        Self::DigitsOnly,
        Self::Repetition,
        Self::Common,
        Self::Guessable,
        Self::UsedBefore,
    ];

    /// What is wrong, in English, for the command line and the log.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::TooShort => "the password is too short: it needs at least 8 characters",
            Self::TooLong => "the password is too long: 256 bytes are the most",
            Self::LikeName => "the password is too similar to the user's name",
            Self::DigitsOnly => "the password consists of digits only: add letters",
            Self::Repetition => "the password repeats one character: choose a varied one",
            Self::Common => "the password is among those that are tried first: choose a less common one",
            Self::Guessable => {
                "the password is easily guessed: take several words that do not belong together"
            }
            Self::UsedBefore => "this user had the password before: choose a new one",
        }
    }

    /// Key of the sentence in the message catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::TooShort => "password-too-short",
            Self::TooLong => "password-too-long",
            Self::LikeName => "password-like-name",
            Self::DigitsOnly => "password-digits-only",
            Self::Repetition => "password-repetition",
            Self::Common => "password-common",
            Self::Guessable => "password-guessable",
            Self::UsedBefore => "password-used-before",
        }
    }
}

/// How strong a password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// 0 (guessed at once) to 4 (withstands the theft of its hash).
    pub score: u8,
    /// Guesses until it is found, as a power of ten.
    pub magnitude: u16,
}

/// Estimates a password of the user called `name`.
pub fn estimate(name: &str, password: &str) -> Estimate {
    let text: String = password.chars().take(ESTIMATED).collect();
    let entropy = zxcvbn(&text, &[name, "cpmg", "openstack"]);
    let score = match entropy.score() {
        Score::Zero => 0,
        Score::One => 1,
        Score::Two => 2,
        Score::Three => 3,
        _ => 4,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 300, rounded down")]
    let magnitude = entropy.guesses_log10().clamp(0.0, 300.0) as u16;
    Estimate { score, magnitude }
}

/// Letters that digits and signs often stand for.
fn plain(text: &str) -> String {
    let letter = |c: char| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.to_lowercase().chars().map(letter).filter(|c| c.is_alphanumeric()).collect()
}

fn like_name(name: &str, password: &str) -> bool {
    let (name, password) = (plain(name), plain(password));
    if name.chars().count() < 3 || password.is_empty() {
        return false;
    }
    let backwards: String = password.chars().rev().collect();
    password.contains(&name) || backwards.contains(&name) || name.contains(&password)
}

/// Every rule that `password` breaks for the user called `name`; empty when it is accepted.
pub fn password_faults(name: &str, password: &str) -> Vec<PasswordFault> {
    let mut faults = Vec::new();
    if password.chars().count() < PASSWORD_MIN {
        faults.push(PasswordFault::TooShort);
    }
    if password.len() > PASSWORD_MAX {
        faults.push(PasswordFault::TooLong);
    }
    if like_name(name, password) {
        faults.push(PasswordFault::LikeName);
    }
    if !password.is_empty() && password.chars().all(|c| c.is_ascii_digit()) {
        faults.push(PasswordFault::DigitsOnly);
    }
    let mut chars = password.chars();
    if let Some(first) = chars.next()
        && password.chars().count() > 1
        && chars.all(|c| c == first)
    {
        faults.push(PasswordFault::Repetition);
    }
    if faults.is_empty() {
        faults.extend(guessed(name, password));
    }
    faults
}

fn guessed(name: &str, password: &str) -> Option<PasswordFault> {
    if COMMON.contains(&password.to_lowercase().as_str()) {
        return Some(PasswordFault::Common);
    }
    let found = estimate(name, password);
    match found.score {
        // Ten thousand guesses: the estimator's lists of passwords, with their usual variations.
        0 | 1 if found.magnitude < 4 => Some(PasswordFault::Common),
        0 | 1 => Some(PasswordFault::Guessable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_rules() {
        use PasswordFault as F;
        for (name, password, faults) in [
            ("ada", "correct horse", vec![]),
            ("ada", "a8Jf!29x", vec![]),
            ("ada", "short", vec![F::TooShort]),
            ("admin", "admin", vec![F::TooShort, F::LikeName]),
            ("ada", "12345678", vec![F::DigitsOnly]),
            ("ada", "Password1", vec![F::Common]),
            ("ada", "qwertyuiop", vec![F::Common]),
            ("ada", "OpenStack", vec![F::Common]),
            ("ada", "P@ssword2024", vec![F::Guessable]),
            ("ada", "abcdefgh1", vec![F::Guessable]),
            ("ada", "xxxxxxxxxx", vec![F::Repetition]),
            ("ada", "", vec![F::TooShort]),
            ("grace", "gr4ce-hopper", vec![F::LikeName]),
            ("grace", "Xx-ecarg-9!", vec![F::LikeName]),
            ("grace.hopper", "Grace_Hopper", vec![F::LikeName]),
            // Two letters of a name stand in too many words.
            ("li", "correct libraries", vec![]),
        ] {
            assert_eq!(password_faults(name, password), faults, "{password:?}");
        }
        assert_eq!(password_faults("ada", &"correct horse ".repeat(20)), [F::TooLong]);
    }

    #[test]
    fn more_guesses_are_stronger_and_nothing_is_estimated_for_long() {
        let score = |password: &str| estimate("ada", password).score;
        assert_eq!((score("zaq12wsx"), score("P@ssword2024"), score("a8Jf!29x")), (0, 1, 2));
        assert_eq!((score("correct horse"), score("kitten sofa lamp")), (3, 4));
        // Each of them would keep an unbounded estimate busy for minutes.
        for hostile in ["a1!".repeat(90), "\u{10ffff}".repeat(256), "(((((((((".repeat(30), "p4$$".repeat(64)]
        {
            assert!(!password_faults("ada", &hostile).contains(&PasswordFault::TooShort));
        }
    }
}
