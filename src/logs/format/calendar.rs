//! Dates with names of months, and dates without a year.

use super::scan;

/// A month's English name of three letters.
pub fn month(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (name, rest) = bytes.split_first_chunk::<3>()?;
    let number = match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    Some((number, rest))
}

/// A day's English name of three letters and the space after it.
pub fn weekday(bytes: &[u8]) -> Option<&[u8]> {
    let (name, rest) = bytes.split_first_chunk::<4>()?;
    matches!(name, b"Mon " | b"Tue " | b"Wed " | b"Thu " | b"Fri " | b"Sat " | b"Sun ").then_some(rest)
}

/// Month, day, microseconds of the day.
pub type YearDay = (u32, u32, i64);

/// `Nov 20 23:41:57`, the day padded with a space or a nought, with a fraction or not.
pub fn month_day_clock(bytes: &[u8]) -> Option<(YearDay, &[u8])> {
    let (month, rest) = month(bytes)?;
    let [b' ', d1, d2, b' ', rest @ ..] = rest else { return None };
    let day = scan::decimal([if *d1 == b' ' { b'0' } else { *d1 }, *d2])?;
    let (clock, rest) = rest.split_first_chunk::<8>()?;
    let clock = scan::clock(*clock)?;
    match scan::fraction(rest) {
        Some((micros, _, rest)) => Some(((month, day, clock + micros), rest)),
        None => Some(((month, day, clock), rest)),
    }
}

/// `Fri Nov 20 23:41:57 2026`, with a fraction of the seconds or not.
pub fn ctime(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let ((month, day, clock), rest) = month_day_clock(weekday(bytes)?)?;
    let [b' ', y1, y2, y3, y4, rest @ ..] = rest else { return None };
    let year = scan::decimal([*y1, *y2, *y3, *y4])?;
    Some((scan::days(i64::from(year), month, day)? * scan::DAY + clock, rest))
}

/// `20/Nov/2026:23:30:48 +0000`: a moment.
pub fn common_log(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let [d1, d2, b'/', rest @ ..] = bytes else { return None };
    let (month, rest) = month(rest)?;
    let [b'/', y1, y2, y3, y4, b':', rest @ ..] = rest else { return None };
    let (clock, rest) = rest.split_first_chunk::<8>()?;
    let (zone, rest) = scan::zone(rest.strip_prefix(b" ")?)?;
    let day = scan::days(i64::from(scan::decimal([*y1, *y2, *y3, *y4])?), month, scan::decimal([*d1, *d2])?)?;
    Some((day * scan::DAY + scan::clock(*clock)? - i64::from(zone) * scan::SECOND, rest))
}

/// The moment of a date without a year: the newest that is not more than a day after `reference`.
pub fn nearest(reference: i64, month: u32, day: u32, clock: i64) -> Option<i64> {
    let (year, _, _) = scan::date((reference + scan::DAY).div_euclid(scan::DAY));
    // 29 February may be eight years ago.
    (0..9)
        .filter_map(|back| scan::days(year - back, month, day))
        .map(|days| days * scan::DAY + clock)
        .find(|time| *time <= reference + scan::DAY)
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

    fn shown(time: i64) -> String {
        super::super::json::timestamp(time, false)
    }

    #[test]
    fn dates_of_old_formats() {
        assert_eq!(shown(ctime(b"Tue Mar 28 03:56:00.804140 2017]").unwrap().0), "2017-03-28T03:56:00.804");
        assert_eq!(shown(ctime(b"Tue Mar  8 03:56:00 2017 -").unwrap().0), "2017-03-08T03:56:00.000");
        assert_eq!(shown(common_log(b"20/Nov/2026:23:30:48 +0100]").unwrap().0), "2026-11-20T22:30:48.000");
        assert!(ctime(b"Tue Mar 32 03:56:00 2017").is_none());
        assert!(ctime(b"Day Mar 28 03:56:00 2017").is_none());
        assert!(common_log(b"20/Nov/2026:23:30:48").is_none());
    }

    #[test]
    fn a_year_is_found() {
        let at = |y, m, d| scan::days(y, m, d).unwrap() * scan::DAY;
        assert_eq!(nearest(at(2026, 3, 1), 2, 10, 5), Some(at(2026, 2, 10) + 5));
        assert_eq!(nearest(at(2026, 1, 1), 12, 31, 0), Some(at(2025, 12, 31)));
        assert_eq!(nearest(at(2025, 12, 31), 1, 1, 0), Some(at(2026, 1, 1)));
        assert_eq!(nearest(at(2026, 3, 1), 3, 3, 0), Some(at(2025, 3, 3)));
        assert_eq!(nearest(at(2026, 3, 1), 2, 29, 0), Some(at(2024, 2, 29)));
        assert_eq!(nearest(at(2026, 3, 1), 2, 30, 0), None);
    }
}
