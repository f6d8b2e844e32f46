//! The second factor: one-time passwords by time (RFC 6238, as every authenticator app makes them) and recovery codes.
//!
//! SHA-1, six digits, thirty seconds: what the apps take without being asked. A code counts once: the step of the last one
//! that was accepted is kept, and no code of that step or an earlier one is taken again.

use super::secret::Secret;
use super::time::Moment;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Bytes of a key, as RFC 4226 advises.
pub const KEY: usize = 20;
/// Seconds that a code stands for.
pub const STEP_S: u64 = 30;
/// Steps before and after the present one whose codes are taken: clocks differ and people type.
const AROUND: u64 = 1;
/// Recovery codes that are given at once.
pub const RECOVERY_CODES: usize = 10;
/// Letters of a recovery code: 16 of 32 are 80 bits.
const RECOVERY_LETTERS: usize = 16;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters and digits that cannot be mistaken for each other.
const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The code of a step.
pub fn code(key: &[u8], step: u64) -> Option<u32> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last()? & 0x0f);
    let bytes: [u8; 4] = digest.get(offset..offset + 4)?.try_into().ok()?;
    Some((u32::from_be_bytes(bytes) & 0x7fff_ffff) % 1_000_000)
}

/// The step whose code `typed` is, if it is near `now` and after the step `after`.
pub fn accepted(key: &[u8], typed: &str, now: Moment, after: u64) -> Option<u64> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let typed: u32 = digits.parse().ok()?;
    let present = now.0 / 1_000 / STEP_S;
    // All are compared, so that the time tells nothing.
    let near = (present.saturating_sub(AROUND)..=present + AROUND)
        .map(|step| (step, code(key, step)))
        .fold(None, |found, (step, code)| if code == Some(typed) { Some(step) } else { found });
    near.filter(|step| *step > after)
}

/// Bytes in base 32 (RFC 4648) without padding, as apps take a key that is typed.
pub fn base32(bytes: &[u8]) -> Secret {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0);
    let letter = |five: u32| BASE32.get((five & 31) as usize).map_or('A', |b| char::from(*b));
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    Secret::new(text)
}

/// A key in groups of four, for people who type it.
pub fn grouped(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    letters.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What the QR code says.
pub fn uri(user: &str, key: &Secret) -> Secret {
    Secret::new(format!("otpauth://totp/cpmg:{user}?secret={}&issuer=cpmg", key.reveal()))
}

/// Recovery codes made from random bytes, [`RECOVERY_LETTERS`] for each: `abcd-efgh-jkmn-pqrs`.
pub fn recovery_codes(dice: &[u8; RECOVERY_CODES * RECOVERY_LETTERS]) -> Vec<Secret> {
    let letter = |byte: &u8| READABLE.get(usize::from(byte & 31)).map_or('a', |b| char::from(*b));
    let one = |bytes: &[u8]| {
        let groups: Vec<String> = bytes.chunks(4).map(|c| c.iter().map(letter).collect()).collect();
        Secret::new(groups.join("-"))
    };
    dice.chunks(RECOVERY_LETTERS).map(one).collect()
}

/// A recovery code as it is compared, whatever was typed between its letters; `None`: this cannot be one.
pub fn recovery_typed(typed: &str) -> Option<Secret> {
    let letters: String = typed.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    (letters.len() == RECOVERY_LETTERS).then_some(letters).map(Secret::new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const KEY_OF_RFC: &[u8] = b"12345678901234567890";

    #[test]
    fn the_vectors_of_rfc_6238() {
        for (seconds, eight_digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(code(KEY_OF_RFC, seconds / STEP_S), Some(eight_digits % 1_000_000), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_near_its_time_and_once() {
        let now = Moment(59_000);
        assert_eq!(accepted(KEY_OF_RFC, "287082", now, 0), Some(1));
        assert_eq!(accepted(KEY_OF_RFC, " 287 082", now.plus(30_000), 0), Some(1), "a step late");
        assert_eq!(accepted(KEY_OF_RFC, "287082", Moment(0), 0), Some(1), "a step early");
        assert_eq!(accepted(KEY_OF_RFC, "287082", now.plus(61_000), 0), None, "too late");
        assert_eq!(accepted(KEY_OF_RFC, "287082", now, 1), None, "not twice");
        for wrong in ["287083", "28708", "2870822", "", "28708x", "+28708", "２８７０８２"] {
            assert_eq!(accepted(KEY_OF_RFC, wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn base_32_is_that_of_rfc_4648() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "MY"),
            (b"fo", "MZXQ"),
            (b"foo", "MZXW6"),
            (b"foob", "MZXW6YQ"),
            (b"fooba", "MZXW6YTB"),
            (b"foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes).reveal(), text);
        }
        assert_eq!(grouped("GEZDGNBVGY"), "GEZD GNBV GY");
        let uri = uri("ada", &base32(KEY_OF_RFC));
        assert_eq!(
            uri.reveal(),
            "otpauth://totp/cpmg:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=cpmg"
        );
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_typed() {
        let mut dice = [0_u8; RECOVERY_CODES * RECOVERY_LETTERS];
        dice.iter_mut().enumerate().for_each(|(n, b)| *b = u8::try_from(n * 7 % 256).unwrap());
        let codes = recovery_codes(&dice);
        assert_eq!(codes.len(), RECOVERY_CODES);
        let shown = codes[0].reveal();
        assert_eq!(shown.len(), 19, "{shown}");
        let plain = recovery_typed(shown).unwrap();
        assert_eq!(recovery_typed(&shown.to_uppercase().replace('-', " ")), Some(plain));
        assert_eq!(recovery_typed("123456"), None);
    }
}
