//! Text that leaves for another installation: sealed with a passphrase, in two lines.
//!
//! The first line says what it is and holds a key, made for this text and sealed with the passphrase (as in a backup); the second one
//! is the text, sealed with that key. So a wrong passphrase and a damaged text are told apart.

use super::backup::sealer;
use super::{Error, Identity, Kind, Result, Sealed, Sealer};
use crate::domain::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Version of the form.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct First {
    cpmg_environment: u32,
    /// In hexadecimal.
    salt: String,
    /// The key of the text, sealed.
    key: Sealed,
}

/// What is known of a first line of any version.
#[derive(Deserialize)]
struct Version {
    cpmg_environment: u32,
}

/// Why a file does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParcelFault {
    /// It is something else.
    #[error("this is no file of 'cpmg env export'")]
    Foreign,
    /// Of a later form.
    #[error("it was exported by a newer cpmg: import it with that one")]
    Newer,
    /// The key does not open.
    #[error("the passphrase is wrong, or the first line of the file is damaged")]
    Passphrase,
    /// The text does not open, or is not all there.
    #[error("the file is damaged: it was cut or changed after it was exported; copy it again")]
    Damaged,
}

impl ParcelFault {
    /// Key of the sentence in the message catalogue.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Foreign => "error-parcel-foreign",
            Self::Newer => "error-parcel-newer",
            Self::Passphrase => "error-parcel-passphrase",
            Self::Damaged => "error-parcel-damaged",
        }
    }
}

fn identity(field: &str) -> Identity {
    Identity::raw(Kind::Meta, b"environment", field)
}

/// The file of a text.
pub fn seal(text: &Secret, passphrase: &Secret) -> Result<String> {
    let salt: [u8; 16] = super::seal::random_bytes()?;
    let own = Sealer::of(Zeroizing::new(super::seal::random_bytes()?));
    let first = First {
        cpmg_environment: FORMAT,
        salt: hex::encode(salt),
        key: sealer(&salt, passphrase)?.seal(&identity("key"), &own.as_text())?,
    };
    let line = |value: serde_json::Result<String>| {
        value.map_err(|e| Error::Io { path: "environment".into(), why: e.to_string() })
    };
    let first = line(serde_json::to_string(&first))?;
    let second = line(serde_json::to_string(&own.seal(&identity("text"), text)?))?;
    Ok(format!("{first}\n{second}\n"))
}

/// The text of a file.
pub fn open(file: &str, passphrase: &Secret) -> std::result::Result<Secret, ParcelFault> {
    let (first, rest) = file.split_once('\n').unwrap_or((file, ""));
    let version: Version = serde_json::from_str(first).map_err(|_| ParcelFault::Foreign)?;
    if version.cpmg_environment > FORMAT {
        return Err(ParcelFault::Newer);
    }
    let first: First = serde_json::from_str(first).map_err(|_| ParcelFault::Passphrase)?;
    let salt = hex::decode(&first.salt).map_err(|_| ParcelFault::Passphrase)?;
    let key = sealer(&salt, passphrase).and_then(|s| s.open(&identity("key"), &first.key));
    let key = key.map_err(|_| ParcelFault::Passphrase)?;
    let own = Sealer::from_text(&key).ok_or(ParcelFault::Damaged)?;
    let second = rest.strip_suffix('\n').ok_or(ParcelFault::Damaged)?;
    let sealed: Sealed = serde_json::from_str(second).map_err(|_| ParcelFault::Damaged)?;
    own.open(&identity("text"), &sealed).map_err(|_| ParcelFault::Damaged)
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
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static FILE: LazyLock<String> =
        LazyLock::new(|| seal(&Secret::new("what leaves: 密码"), &Secret::new("four words of it")).unwrap());

    fn open_it(file: &str) -> std::result::Result<Secret, ParcelFault> {
        open(file, &Secret::new("four words of it"))
    }

    #[test]
    fn a_file_opens_with_its_passphrase_only() {
        assert_eq!(open_it(&FILE).unwrap().reveal(), "what leaves: 密码");
        assert!(!FILE.contains("what leaves"));
        assert_eq!(open(&FILE, &Secret::new("four words of us")), Err(ParcelFault::Passphrase));
        assert_ne!(*FILE, seal(&Secret::new("what leaves: 密码"), &Secret::new("four words of it")).unwrap());
    }

    #[test]
    fn what_is_damaged_is_refused_in_words() {
        let lines: Vec<&str> = FILE.lines().collect();
        let other = seal(&Secret::new("another"), &Secret::new("four words of it")).unwrap();
        let mixed = format!("{}\n{}\n", lines[0], other.lines().nth(1).unwrap());
        for (file, fault) in [
            (String::new(), ParcelFault::Foreign),
            ("name,address\n".into(), ParcelFault::Foreign),
            (FILE.replace("\"cpmg_environment\":1", "\"cpmg_environment\":2"), ParcelFault::Newer),
            ("{\"cpmg_environment\":7}\n".into(), ParcelFault::Newer),
            ("{\"cpmg_environment\":1}\n".into(), ParcelFault::Passphrase),
            (lines[0].to_owned(), ParcelFault::Damaged),
            (format!("{}\n", lines[0]), ParcelFault::Damaged),
            (FILE.trim_end().to_owned(), ParcelFault::Damaged),
            (format!("{}more\n", *FILE), ParcelFault::Damaged),
            (mixed, ParcelFault::Damaged),
        ] {
            assert_eq!(open_it(&file), Err(fault), "{file}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_flipped_or_missing_byte_goes_unseen(at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f, cut: bool) {
            let mut bytes = FILE.clone().into_bytes();
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                prop_assume!(!bytes[at].eq_ignore_ascii_case(&byte));
                bytes[at] = byte;
            }
            prop_assert!(open_it(&String::from_utf8(bytes).unwrap()).is_err());
        }
    }
}
