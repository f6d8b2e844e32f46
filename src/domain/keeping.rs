//! Rules for exports: how many are kept, and whether copies go to another directory.

use super::said::{Said, sentence};
use serde::{Deserialize, Serialize};

/// Exports that are kept unless somebody says otherwise.
pub const KEPT: u32 = 10;
/// Most that may be kept, in each place.
pub const KEPT_MAX: u32 = 1_000;

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRules {
    /// How many are kept in the data directory.
    pub kept: u32,
    /// A directory that gets a copy of each; it must be there, so that nothing is written below a share that is not mounted.
    #[serde(default)]
    pub copies: Option<String>,
    /// How many copies are kept there.
    #[serde(default = "usual")]
    pub copies_kept: u32,
}

fn usual() -> u32 {
    KEPT
}

impl Default for ExportRules {
    fn default() -> Self {
        Self { kept: KEPT, copies: None, copies_kept: KEPT }
    }
}

impl ExportRules {
    /// What is wrong with them: field and sentence.
    pub fn check(&self) -> Result<(), (&'static str, Said)> {
        for (field, kept) in [("kept", self.kept), ("copies-kept", self.copies_kept)] {
            if !(1..=KEPT_MAX).contains(&kept) {
                let why = sentence!(
                    "error-exports-kept",
                    "1 to {most} exports can be kept, not {kept}",
                    most = KEPT_MAX,
                    kept = kept
                );
                return Err((field, why));
            }
        }
        match &self.copies {
            Some(dir) if !dir.starts_with('/') || dir.chars().any(char::is_control) => {
                let why = sentence!(
                    "error-copies-path",
                    "give the whole path of a directory on this host, beginning with /"
                );
                Err(("copies", why))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_cannot_be_followed_are_refused() {
        let with = |kept, copies: Option<&str>, copies_kept| ExportRules {
            kept,
            copies: copies.map(str::to_owned),
            copies_kept,
        };
        assert_eq!(with(1, Some("/mnt/share"), 1_000).check(), Ok(()));
        for (rules, field) in [
            (with(0, None, 10), "kept"),
            (with(10, None, 1_001), "copies-kept"),
            (with(10, Some("share"), 10), "copies"),
            (with(10, Some("/mnt\n"), 10), "copies"),
        ] {
            assert_eq!(rules.check().map_err(|(at, _)| at), Err(field), "{rules:?}");
        }
    }
}
