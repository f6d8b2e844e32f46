//! Numbers, words and moments at the beginning of bytes.
//!
//! Every function takes bytes and gives what it read with the bytes after it, or `None` when they begin with something else.
//! Dates are counted by hand (days of the proleptic Gregorian calendar): a general parser of dates costs more than the whole
//! rest of a line.

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub const DAY: i64 = 86_400 * SECOND;

/// Days from 1970-01-01 to a date; None for a date that is none.
pub fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > last {
        return None;
    }
    // Years begin in March, so that the leap day is the last one.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i64::from((153 * month + 2) / 5 + day - 1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The date of a number of days since 1970-01-01: year, month, day.
pub fn date(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// Decimal digits, all of them, or None.
pub fn decimal<const N: usize>(digits: [u8; N]) -> Option<u32> {
    let mut value = 0u32;
    let mut good = true;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        good &= digit <= 9;
        value = value.wrapping_mul(10).wrapping_add(u32::from(digit));
    }
    good.then_some(value)
}

/// A number of one to ten digits that fits.
pub fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0u64;
    let mut rest = bytes;
    let mut count = 0;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        if count == 10 {
            return None;
        }
        value = value * 10 + u64::from(digit - b'0');
        rest = after;
        count += 1;
    }
    if count == 0 { None } else { Some((u32::try_from(value).ok()?, rest)) }
}

/// The bytes up to a space, and those after it; all of them when there is none. Nothing is no word.
pub fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = match memchr::memchr(b' ', bytes) {
        Some(at) => (bytes.get(..at)?, bytes.get(at + 1..)?),
        None => (bytes, &[][..]),
    };
    if word.is_empty() { None } else { Some((word, rest)) }
}

/// `HH:MM:SS` as microseconds of the day; a first nought may be a space.
pub fn clock(bytes: [u8; 8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = bytes else { return None };
    let h1 = if h1 == b' ' { b'0' } else { h1 };
    let (hour, minute, second) = (decimal([h1, h2])?, decimal([m1, m2])?, decimal([s1, s2])?);
    // 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(i64::from(hour * 3600 + minute * 60 + second) * SECOND)
}

/// `YYYY-MM-DD`, any byte, `HH:MM:SS`: microseconds as if it were UTC, the byte between date and time, and the rest.
pub fn stamp(bytes: &[u8]) -> Option<(i64, u8, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, between, h1, h2, c1, m1, m2, c2, s1, s2] = *head
    else {
        return None;
    };
    let day = days(i64::from(decimal([y1, y2, y3, y4])?), decimal([mo1, mo2])?, decimal([d1, d2])?)?;
    Some((day * DAY + clock([h1, h2, c1, m1, m2, c2, s1, s2])?, between, rest))
}

/// A fraction of a second after `.` or `,`: microseconds (further digits are left out) and how many digits there were.
pub fn fraction(bytes: &[u8]) -> Option<(i64, usize, &[u8])> {
    let [b'.' | b',', digits @ ..] = bytes else { return None };
    let mut rest = digits;
    let (mut value, mut count) = (0i64, 0usize);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        if count < 6 {
            value = value * 10 + i64::from(digit - b'0');
        }
        count += 1;
        rest = after;
    }
    if count == 0 {
        return None;
    }
    for _ in count..6 {
        value *= 10;
    }
    Some((value, count, rest))
}

/// `Z`, `+hh:mm`, `+hhmm` or `+hh`: seconds east of Greenwich.
pub fn zone(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (sign, rest) = match bytes {
        [b'Z', rest @ ..] => return Some((0, rest)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes, rest) = match rest {
        [h1, h2, b':', m1 @ b'0'..=b'9', m2 @ b'0'..=b'9', rest @ ..]
        | [h1, h2, m1 @ b'0'..=b'9', m2 @ b'0'..=b'9', rest @ ..] => {
            (decimal([*h1, *h2])?, decimal([*m1, *m2])?, rest)
        }
        [h1, h2, rest @ ..] => (decimal([*h1, *h2])?, 0, rest),
        _ => return None,
    };
    if hours > 15 || minutes > 59 {
        return None;
    }
    Some((sign * i32::try_from(hours * 3600 + minutes * 60).ok()?, rest))
}

/// A UUID of 36 characters.
pub fn uuid(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (uuid, rest) = bytes.split_at_checked(36)?;
    let good = uuid.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    good.then_some((uuid, rest))
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
    fn days_and_dates_lead_to_each_other() {
        assert_eq!(days(1970, 1, 1), Some(0));
        assert_eq!(days(2000, 3, 1), Some(11_017));
        assert_eq!(days(2023, 2, 29), None);
        assert_eq!(days(1900, 2, 29), None);
        assert_eq!(days(2000, 2, 29), Some(11_016));
        assert_eq!(days(2000, 13, 1), None);
        assert_eq!(days(2000, 4, 31), None);
        for day in (-800_000..800_000).step_by(37) {
            let (y, m, d) = date(day);
            assert_eq!(days(y, u32::try_from(m).unwrap(), u32::try_from(d).unwrap()), Some(day));
        }
    }

    #[test]
    fn stamps() {
        let (at, between, rest) = stamp(b"2026-03-01 07:02:09.123 x").unwrap();
        assert_eq!((at, between, rest), (1_772_348_529 * SECOND, b' ', &b".123 x"[..]));
        assert_eq!(fraction(rest), Some((123_000, 3, &b" x"[..])));
        assert_eq!(fraction(b".1234567+"), Some((123_456, 7, &b"+"[..])));
        assert!(stamp(b"2026-03-01 24:00:00").is_none());
        assert!(stamp(b"2026-03-01 07:02:0").is_none());
        assert!(stamp(b"20-6-03-01 07:02:09").is_none());
    }

    #[test]
    fn zones() {
        assert_eq!(zone(b"Z|"), Some((0, &b"|"[..])));
        assert_eq!(zone(b"+00:00 ["), Some((0, &b" ["[..])));
        assert_eq!(zone(b"+0530:"), Some((19_800, &b":"[..])));
        assert_eq!(zone(b"-08"), Some((-28_800, &b""[..])));
        assert_eq!(zone(b"+99:00"), None);
        assert_eq!(zone(b" x"), None);
    }

    #[test]
    fn numbers_and_words() {
        assert_eq!(number(b"4711 x"), Some((4711, &b" x"[..])));
        assert_eq!(number(b"99999999999"), None);
        assert_eq!(number(b"4294967296"), None);
        assert_eq!(number(b"x"), None);
        assert_eq!(word(b"a b c"), Some((&b"a"[..], &b"b c"[..])));
        assert_eq!(word(b""), None);
        assert!(uuid(b"cb9aada2-b2e1-4930-94df-a4e3169b62f2]").is_some());
        assert!(uuid(b"cb9aada2-b2e1-4930-94df-a4e3169b62f").is_none());
    }
}
