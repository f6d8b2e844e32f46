//! What a value may be, and how long it would take to guess.
//!
//! Each refusal names what would break. Sources: the helpers of `roles/lib.sh` (values travel as lines of standard input, with
//! tabs between the fields for Keystone), `SQLAlchemy`'s and alembic's reading of connection URLs (alembic puts them through
//! `ConfigParser`, where `%` begins a reference), `PyMySQL` (encodes passwords as Latin-1), oslo.config (`$` begins a reference;
//! blanks and quotation marks around a value are taken away), and bcrypt in Keystone (72 bytes).

use super::AccountUse;
use crate::domain::password::{PasswordFault, password_faults};
use serde::{Deserialize, Serialize};

/// Bytes of a password that Keystone's bcrypt looks at.
const BCRYPT_BYTES: usize = 72;

/// A rule that a value breaks. `Display` is the sentence; [`ValueFault::key`] is that of the message catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// What every password must not be.
    #[error("{}", .0.sentence())]
    Weak(PasswordFault),
    /// A control character or a line separator.
    #[error(
        "no tabs, ends of lines or other control characters: values are handed to the steps as fields of lines"
    )]
    Control,
    /// A blank first or last.
    #[error("no blank at the beginning or the end: configuration files and clients take it away")]
    BlankAtEnd,
    /// Something that is encoded differently by different programs.
    #[error(
        "'{0}' is no ASCII character: the database client sends it as Latin-1, the server reads UTF-8, and the login fails"
    )]
    NotAscii(char),
    /// The same, of RabbitMQ.
    #[error(
        "'{0}' is no ASCII character: RabbitMQ's tools and its clients encode it differently, and the login fails"
    )]
    NotAsciiUrl(char),
    /// Would have to be encoded in the URL.
    #[error(
        "'{0}' would have to be written as %{1:02X} in the connection URL, and the service's database migrations take % for \
         something else: use letters, digits and . _ ~ -"
    )]
    InTemplate(char, u32),
    /// `$` in an option.
    #[error("no '$': configuration files of OpenStack take it for a reference to another option")]
    Dollar,
    /// Quotation marks around it.
    #[error("no quotation marks around it: configuration files of OpenStack take them away")]
    Quoted,
    /// More than bcrypt looks at.
    #[error("longer than 72 bytes: Keystone looks at the first 72 only")]
    TooLongForKeystone,
    /// Not a user's name.
    #[error("a user's name has 1 to 32 letters, digits, underscores and hyphens, and begins with a letter")]
    Name,
}

impl ValueFault {
    /// Key of the sentence in the message catalogue. Its variable is `char`, of [`ValueFault::character`].
    pub fn key(self) -> &'static str {
        match self {
            Self::Weak(fault) => fault.key(),
            Self::Control => "account-fault-control",
            Self::BlankAtEnd => "account-fault-blank",
            Self::NotAscii(_) => "account-fault-ascii",
            Self::NotAsciiUrl(_) => "account-fault-ascii-url",
            Self::InTemplate(..) => "account-fault-template",
            Self::Dollar => "account-fault-dollar",
            Self::Quoted => "account-fault-quoted",
            Self::TooLongForKeystone => "account-fault-keystone",
            Self::Name => "account-fault-name",
        }
    }

    /// The character that it is about, where it is about one.
    pub fn character(self) -> Option<char> {
        match self {
            Self::NotAscii(c) | Self::NotAsciiUrl(c) | Self::InTemplate(c, _) => Some(c),
            _ => None,
        }
    }
}

/// What needs no encoding in a URL (RFC 3986).
pub(super) fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._~-".contains(c)
}

fn is_control(c: char) -> bool {
    // Python, which reads what the steps hand to Keystone, ends a line at these two as well.
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// What breaks when these characters are in a value that is used so, the first of each kind.
pub(super) fn breaks(uses: &[AccountUse], value: &str) -> Vec<ValueFault> {
    let mut faults = Vec::new();
    let uses = |one| uses.contains(&one);
    if value.chars().any(is_control) {
        faults.push(ValueFault::Control);
    }
    if value != value.trim() {
        faults.push(ValueFault::BlankAtEnd);
    }
    let foreign = value.chars().find(|c| !c.is_ascii() && !is_control(*c));
    if uses(AccountUse::Database) {
        faults.extend(foreign.map(ValueFault::NotAscii));
        let encoded = value.chars().find(|c| c.is_ascii() && !c.is_control() && !is_unreserved(*c));
        faults.extend(encoded.map(|c| ValueFault::InTemplate(c, u32::from(c))));
    } else if uses(AccountUse::Url) {
        faults.extend(foreign.map(ValueFault::NotAsciiUrl));
    }
    if uses(AccountUse::Ini) {
        if value.contains('$') {
            faults.push(ValueFault::Dollar);
        }
        let mut ends = value.chars();
        if let (Some(first @ ('"' | '\'')), Some(last)) = (ends.next(), ends.next_back())
            && first == last
        {
            faults.push(ValueFault::Quoted);
        }
    }
    if uses(AccountUse::Identity) && value.len() > BCRYPT_BYTES {
        faults.push(ValueFault::TooLongForKeystone);
    }
    faults
}

/// Rules of passwords that are not typed by people again and again: what is merely guessable has a word of its own ([`Strength`]).
fn plain_faults(value: &str) -> Vec<PasswordFault> {
    password_faults("", value).into_iter().filter(|f| *f != PasswordFault::Guessable).collect()
}

/// Every rule that a password breaks; empty when it is accepted.
pub fn faults(uses: &[AccountUse], value: &str) -> Vec<ValueFault> {
    let weak = plain_faults(value);
    let mut all: Vec<ValueFault> = weak.into_iter().map(ValueFault::Weak).collect();
    all.extend(breaks(uses, value));
    all
}

/// Every rule that a user's name breaks.
pub fn name_faults(value: &str) -> Vec<ValueFault> {
    let good = (1..=32).contains(&value.len())
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if good { Vec::new() } else { vec![ValueFault::Name] }
}

/// How good a password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// A determined guesser needs hours.
    Weak,
    /// Days to years.
    Fair,
    /// Nobody guesses it.
    Strong,
}

impl Strength {
    /// The word used on the command line and as key in the message catalogue (`strength-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Fair => "fair",
            Self::Strong => "strong",
        }
    }
}

/// Bits that a guesser has to find, at most: characters times what each could be, where one that repeats or follows its
/// neighbour counts for one bit only. A word of a language is worth less than this says.
pub fn strength_bits(value: &str) -> u32 {
    let has = |is: fn(char) -> bool, size: u32| if value.chars().any(is) { size } else { 0 };
    let pool = has(|c| c.is_ascii_lowercase(), 26)
        + has(|c| c.is_ascii_uppercase(), 26)
        + has(|c| c.is_ascii_digit(), 10)
        + has(|c| c.is_ascii() && !c.is_ascii_alphanumeric(), 33)
        + has(|c| !c.is_ascii(), 100);
    let each = f64::from(pool.max(1)).log2();
    let mut bits = 0.0;
    let mut before: Option<u32> = None;
    for c in value.chars().map(u32::from) {
        let near = before.is_some_and(|b| b.abs_diff(c) <= 1);
        bits += if near { 1.0_f64.min(each) } else { each };
        before = Some(c);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let bits = bits.floor().min(9_999.0) as u32;
    bits
}

/// How good a password is, in a word.
pub fn strength(value: &str) -> Strength {
    if plain_faults(value).is_empty() {
        match strength_bits(value) {
            0..50 => Strength::Weak,
            50..80 => Strength::Fair,
            _ => Strength::Strong,
        }
    } else {
        Strength::Weak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_breaks_is_refused() {
        use AccountUse as U;
        let long = "aB3".repeat(25);
        let cases: [(&[U], &str, Option<&str>); 18] = [
            (&[U::Database], "Correct-horse.7~_", None),
            (&[U::Database], "correct horse 7", Some("%20")),
            (&[U::Database], "correct@horse7", Some("'@' would have to be written as %40")),
            (&[U::Database], "corréct-horse7", Some("Latin-1")),
            (&[U::Url], "corr@ct/h:rse%7 #?", None),
            (&[U::Url], "corréct-horse7", Some("RabbitMQ")),
            (&[U::Identity], "corréct \"h'rse\\ $7`%;", None),
            (&[U::Identity], &long, Some("first 72")),
            (&[U::Database], &long, None),
            (&[U::Ini], "corr$ct-horse7", Some("reference")),
            (&[U::Ini], "'correct-horse7'", Some("quotation")),
            (&[U::Ini], "'correct-horse7", None),
            (&[U::Ini], "corr#ct;horse=7%", None),
            (&[], "correct\thorse7", Some("fields of lines")),
            (&[], "correct\u{2028}horse7", Some("fields of lines")),
            (&[], " correct-horse7", Some("blank")),
            (&[], "short", Some("too short")),
            (&[], "12345678901", Some("digits only")),
        ];
        for (uses, value, part) in cases {
            let told: Vec<String> = faults(uses, value).iter().map(ToString::to_string).collect();
            match part {
                None => assert_eq!(told, Vec::<String>::new(), "{uses:?} {value:?}"),
                Some(part) => assert!(told.iter().any(|t| t.contains(part)), "{uses:?} {value:?}: {told:?}"),
            }
        }
        assert!(name_faults("openstack_2-x").is_empty());
        for bad in ["", "2x", "a b", "a:b", "ä", &"x".repeat(33)] {
            assert_eq!(name_faults(bad), [ValueFault::Name], "{bad}");
        }
    }

    #[test]
    fn the_meter_grows_with_length_and_variety() {
        assert_eq!(strength("password1"), Strength::Weak);
        assert_eq!(strength("abcdefghijklmnop"), Strength::Weak, "a sequence");
        assert_eq!(strength("kR7-qWz9"), Strength::Fair);
        assert_eq!(strength("kR7-qWz9.Lm3_Tb"), Strength::Strong);
        assert!(strength_bits("aaaaaaaa") < strength_bits("acegikmo"));
        assert_eq!(strength_bits(""), 0);
    }

    #[test]
    fn the_seeds_own_passwords_are_accepted() {
        // RABBITMQ_PASSWD, MARIADB_ROOT_PASSWD and ADMIN_PASSWD of seed 000.
        for value in ["Hp6GWR1r6CVFOM5", "iAdBLsIQx4qSpVN", "7gqiMnynHErdrjc"] {
            assert_eq!(faults(&[AccountUse::Database, AccountUse::Url, AccountUse::Identity], value), []);
            assert_eq!(strength(value), Strength::Strong);
        }
    }
}
