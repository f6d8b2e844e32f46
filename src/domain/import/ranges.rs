//! Ranges of hosts as Ansible writes them: `node[01:20]`, `db-[a:f]`, `10.0.0.[1:9:2]`, several in one name.

use super::RECORDS_MAX;
use super::reason::{Reason, Why};

/// The hosts that `pattern` stands for, in order.
pub fn expand(pattern: &str) -> Result<Vec<String>, Reason> {
    let mut all = vec![String::new()];
    let mut rest = pattern;
    let bad = || Reason::of(Why::BadRange, pattern);
    while let Some((before, after)) = rest.split_once('[') {
        let (range, end) = after.split_once(']').ok_or_else(bad)?;
        let words = words(range).ok_or_else(bad)?;
        if all.len().saturating_mul(words.len()) > RECORDS_MAX {
            return Err(Reason::of(Why::TooMany, RECORDS_MAX));
        }
        all = all
            .iter()
            .flat_map(|head| words.iter().map(move |word| format!("{head}{before}{word}")))
            .collect();
        rest = end;
    }
    if rest.contains(']') {
        return Err(bad());
    }
    Ok(all.into_iter().map(|head| head + rest).collect())
}

/// What stands between the brackets, as words; `None`: not a range.
fn words(range: &str) -> Option<Vec<String>> {
    let mut parts = range.split(':');
    let (first, last) = (parts.next()?, parts.next()?);
    let step = parts.next().map_or(Some(1), |s| s.parse::<usize>().ok())?;
    if parts.next().is_some() || step == 0 {
        return None;
    }
    let mut letters = (first.chars(), last.chars());
    if let (Some(a), Some(z), None, None) =
        (letters.0.next(), letters.1.next(), letters.0.next(), letters.1.next())
        && a.is_ascii_alphabetic()
        && z.is_ascii_alphabetic()
    {
        return (a <= z).then(|| (a..=z).step_by(step).map(String::from).collect());
    }
    let digits = |s: &str| !s.is_empty() && s.len() <= 9 && s.chars().all(|c| c.is_ascii_digit());
    // Ansible takes a missing start as 0.
    let first = if first.is_empty() { "0" } else { first };
    if !digits(first) || !digits(last) {
        return None;
    }
    let (from, to): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    if from > to || (to - from) as usize / step >= RECORDS_MAX {
        return None;
    }
    // Leading zeros are kept: 01 02 … 20.
    let wide = if first.len() > 1 && first.starts_with('0') { first.len() } else { 0 };
    Some((from..=to).step_by(step).map(|n| format!("{n:0wide$}")).collect())
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

    #[test]
    fn ranges() {
        assert_eq!(
            expand("node[08:11].lab").unwrap(),
            ["node08.lab", "node09.lab", "node10.lab", "node11.lab"]
        );
        assert_eq!(expand("x[a:c]-[1:2]").unwrap(), ["xa-1", "xa-2", "xb-1", "xb-2", "xc-1", "xc-2"]);
        assert_eq!(expand("10.0.0.[1:7:3]").unwrap(), ["10.0.0.1", "10.0.0.4", "10.0.0.7"]);
        assert_eq!(expand("plain").unwrap(), ["plain"]);
        for bad in ["n[1:", "n[5:1]", "n[1]", "n[a:9]", "n1:2]", "n[1:2:0]", "n[]", "n[1:999999999]"] {
            assert_eq!(expand(bad).unwrap_err().why, Why::BadRange, "{bad}");
        }
        assert_eq!(expand("n[1:999][1:999]").unwrap_err().why, Why::TooMany);
    }
}
