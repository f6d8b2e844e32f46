//! Patterns: one line that names a NIC on each of many nodes.
//!
//! `eth1`, `ens*` (by name, `*` and `?` as in a shell), `2nd 10G` (by place among the NICs of that speed), `3rd`, `driver ixgbe`, `1st driver
//! ixgbe`, or a list of MAC addresses of which each node has one. A place counts NICs in the order of their names, numbers in them as
//! numbers (eth2 before eth10), machines' own NICs only: bridges and other devices of software are not counted.

use super::values::{MacAddress, ValueFault, as_text};
use crate::domain::facts::Nic;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The last place that can be asked for.
const PLACE_MAX: u8 = 64;
/// Places in words.
const WORDS: [&str; 8] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NicMatch {
    /// Every NIC of the machine (only with a place).
    Any,
    /// Its name, with `*` and `?`.
    Name(String),
    /// Its speed in Mbit/s.
    Speed(u32),
    /// Its kernel driver, with `*` and `?`.
    Driver(String),
    /// Its MAC address is one of these.
    Macs(Vec<MacAddress>),
}

/// Names a NIC on each node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NicPattern {
    place: Option<u8>,
    by: NicMatch,
}

impl NicPattern {
    /// The NICs it names among `nics`: none, the one, or several when it is ambiguous on this node.
    pub fn find<'a>(&self, nics: &'a [Nic]) -> Vec<&'a Nic> {
        let mut found: Vec<&Nic> = nics.iter().filter(|nic| self.matches(nic, nics)).collect();
        found.sort_by(|a, b| natural(&a.name, &b.name));
        match self.place {
            None => found,
            Some(place) => found.into_iter().skip(usize::from(place) - 1).take(1).collect(),
        }
    }

    fn matches(&self, nic: &Nic, all: &[Nic]) -> bool {
        match &self.by {
            NicMatch::Any => is_hardware(nic, all),
            NicMatch::Name(glob) => fits(glob, &nic.name),
            NicMatch::Speed(mbit) => nic.speed == Some(*mbit) && is_hardware(nic, all),
            NicMatch::Driver(glob) => !nic.driver.is_empty() && fits(glob, &nic.driver),
            NicMatch::Macs(macs) => macs.iter().any(|m| m.as_str() == nic.mac) && is_hardware(nic, all),
        }
    }

    /// Whether it names the NIC by its MAC address.
    pub fn is_by_mac(&self) -> bool {
        matches!(self.by, NicMatch::Macs(_))
    }
}

/// Whether a NIC belongs to the machine, not to software on it. Where no NIC tells a driver (containers), the names decide.
fn is_hardware(nic: &Nic, all: &[Nic]) -> bool {
    const SOFTWARE: [&str; 14] = [
        "br-", "virbr", "docker", "veth", "ovs", "vxlan", "gre", "tap", "tun", "dummy", "qvo", "qvb", "qbr",
        "ifb",
    ];
    if nic.name.contains(['.', '@']) || SOFTWARE.iter().any(|s| nic.name.starts_with(s)) {
        return false;
    }
    !nic.driver.is_empty() || all.iter().all(|n| n.driver.is_empty())
}

/// Order of names in which digits count as numbers.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) {
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let ((mine, after), (other, rest)) = (number(left), number(right));
            (left, right) = (after, rest);
            mine.cmp(&other)
        } else {
            left = left.get(x.len_utf8()..).unwrap_or_default();
            right = right.get(y.len_utf8()..).unwrap_or_default();
            x.cmp(&y)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

fn number(text: &str) -> (u64, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (digits.parse().unwrap_or(u64::MAX), rest)
}

/// Whether `text` is what `glob` says: `*` is any characters, `?` is one.
fn fits(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    // reached[i]: the glob so far can have eaten i characters.
    let mut reached = vec![false; text.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for g in glob {
        let mut next = vec![false; text.len() + 1];
        let mut any = false;
        for (i, slot) in next.iter_mut().enumerate() {
            let before = i.checked_sub(1).and_then(|p| reached.get(p).zip(text.get(p)));
            any |= reached.get(i).copied().unwrap_or_default();
            *slot = match g {
                '*' => any,
                '?' => before.is_some_and(|(r, _)| *r),
                c => before.is_some_and(|(r, t)| *r && *t == c),
            };
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

impl FromStr for NicPattern {
    type Err = ValueFault;
    fn from_str(s: &str) -> Result<Self, ValueFault> {
        let wrong = || ValueFault::Pattern(s.trim().to_owned());
        let text = s.trim();
        if let Some(list) = text.strip_prefix("mac ").or_else(|| text.contains(':').then_some(text)) {
            let parts = list.split([',', ' ', ';']).map(str::trim).filter(|p| !p.is_empty());
            let macs = parts.map(str::parse).collect::<Result<Vec<MacAddress>, _>>()?;
            return if macs.is_empty() {
                Err(wrong())
            } else {
                Ok(Self { place: None, by: NicMatch::Macs(macs) })
            };
        }
        let mut words: Vec<&str> = text.split_whitespace().collect();
        // `second 10G NIC`, but not `driver nic`.
        if let [.., before, last] = words.as_slice()
            && last.eq_ignore_ascii_case("nic")
            && !["name", "driver"].contains(before)
        {
            words.pop();
        }
        let place = match words.first().map(|w| place(w)) {
            Some(Some(place)) => {
                words.remove(0);
                Some(place?)
            }
            _ => None,
        };
        let by = match words.as_slice() {
            [] if place.is_some() => NicMatch::Any,
            ["driver", driver] if is_glob(driver) => NicMatch::Driver((*driver).to_owned()),
            ["name", name] if is_glob(name) => NicMatch::Name((*name).to_owned()),
            [word] => match speed(word) {
                Some(mbit) => NicMatch::Speed(mbit),
                None if is_glob(word) => NicMatch::Name((*word).to_owned()),
                None => return Err(wrong()),
            },
            _ => return Err(wrong()),
        };
        Ok(Self { place, by })
    }
}

/// `2nd`, `second`: a place, perhaps one that is out of bounds; `None`: no place.
fn place(word: &str) -> Option<Result<u8, ValueFault>> {
    let word = word.to_ascii_lowercase();
    if let Some(at) = (1..).zip(WORDS).find(|(_, w)| *w == word).map(|(at, _)| at) {
        return Some(Ok(at));
    }
    let end = word.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = word.split_at_checked(end)?;
    if digits.is_empty() || !matches!(rest, "st" | "nd" | "rd" | "th" | ".") {
        return None;
    }
    let number = digits.parse().ok().filter(|n| (1..=PLACE_MAX).contains(n));
    Some(number.ok_or_else(|| ValueFault::Place(word.clone())))
}

/// `10G`, `2.5G`, `100M` in Mbit/s.
fn speed(word: &str) -> Option<u32> {
    let upper = word.to_ascii_uppercase();
    let upper = upper.trim_end_matches("BIT/S").trim_end_matches("BPS");
    if let Some(mbit) = upper.strip_suffix('M') {
        return mbit.parse().ok().filter(|m| *m > 0);
    }
    let (whole, part) = upper.strip_suffix('G')?.split_once('.').unwrap_or((upper.strip_suffix('G')?, "0"));
    let tenths = part.parse::<u32>().ok().filter(|_| part.len() == 1)?;
    let mbit = whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(tenths * 100)?;
    (mbit > 0).then_some(mbit)
}

fn is_glob(word: &str) -> bool {
    (1..=32).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-@+*?".contains(c))
}

impl fmt::Display for NicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            let end = match (place % 10, place % 100) {
                (1, n) if n != 11 => "st",
                (2, n) if n != 12 => "nd",
                (3, n) if n != 13 => "rd",
                _ => "th",
            };
            write!(f, "{place}{end}")?;
            if self.by != NicMatch::Any {
                f.write_str(" ")?;
            }
        }
        match &self.by {
            NicMatch::Any => Ok(()),
            // A name that would be read as something else says what it is.
            NicMatch::Name(name) if speed(name).is_some() || place(name).is_some() || name == "nic" => {
                write!(f, "name {name}")
            }
            NicMatch::Name(name) => f.write_str(name),
            NicMatch::Speed(mbit) if *mbit < 1000 || mbit % 100 != 0 => write!(f, "{mbit}M"),
            NicMatch::Speed(mbit) if mbit % 1000 == 0 => write!(f, "{}G", mbit / 1000),
            NicMatch::Speed(mbit) => write!(f, "{}.{}G", mbit / 1000, mbit % 1000 / 100),
            NicMatch::Driver(driver) => write!(f, "driver {driver}"),
            NicMatch::Macs(macs) => {
                for (n, mac) in macs.iter().enumerate() {
                    if n > 0 {
                        f.write_str(",")?;
                    }
                    mac.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}
as_text!(NicPattern);
