//! The message catalogue for documents that commands write: the words of the screens, without a screen.

use super::i18n::{Catalogue, Language, Text};
use super::screens::check;
use crate::domain::check::{CheckReport, Finding};

/// The catalogue in one language.
pub struct Words(Catalogue);

impl Words {
    /// In the language of that code; English where there is no such one.
    pub fn of(code: &str) -> Self {
        Self(Catalogue::new(Language::from_locale(code).unwrap_or(Language::En)))
    }

    /// The words of a key.
    pub fn word(&self, key: &str) -> String {
        self.0.tr(&Text::key(key))
    }

    /// What a check found, as a sentence.
    pub fn finding(&self, report: &CheckReport, finding: &Finding) -> String {
        check::sentence_in(&self.0, report, finding, "found")
    }
}
