//! What an operator has chosen, kept from one day to the next: language, theme, keymap, mouse, the last lines of the command line,
//! how pages were left.
//!
//! Kept by the name of the cpmg user, since several may share one account of the host. The file is the client's own; a part
//! that cannot be read is as if it were not there. What the command line of the program asks for wins, and is not kept.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Lines of the command line that are kept.
pub const HISTORY: usize = 50;

/// Choices of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Prefs {
    /// Code of the language.
    pub language: Option<String>,
    /// Name of the theme.
    pub theme: Option<String>,
    /// Name of the keymap.
    pub keys: Option<String>,
    /// The key before those of a shell's page, if it is not the keymap's.
    pub prefix: Option<String>,
    /// The mouse is reported.
    pub mouse: bool,
    /// Lines of the command line, oldest first.
    pub history: Vec<String>,
    /// What pages keep: open tabs, orders, filters; see [`super::memory`].
    pub pages: BTreeMap<String, String>,
}

/// Choices of everybody who has used this account of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Remembered {
    /// Who was here last: the login looks as he likes it.
    pub last: Option<String>,
    /// By name.
    pub users: BTreeMap<String, Prefs>,
}

impl Remembered {
    /// Reads the file; nothing is remembered where it makes no sense.
    pub fn read(text: &str) -> Self {
        toml::from_str(text).unwrap_or_default()
    }

    /// The file.
    pub fn text(&self) -> String {
        let body = toml::to_string(self).unwrap_or_default();
        format!("# Written by cpmg's screens; the settings (F2) change it.\n{body}")
    }

    /// What the user chose.
    pub fn of(&self, user: &str) -> Option<&Prefs> {
        self.users.get(user)
    }

    /// What whoever was here last chose.
    pub fn of_last(&self) -> Option<&Prefs> {
        self.of(self.last.as_ref()?)
    }

    /// Takes the choices of a user in.
    pub fn keep(&mut self, user: &str, prefs: Prefs) {
        self.last = Some(user.to_owned());
        self.users.insert(user.to_owned(), prefs);
    }
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
    fn what_is_kept_comes_back_and_nonsense_is_nothing() {
        let mut all = Remembered::default();
        let prefs = Prefs {
            theme: Some("light".into()),
            keys: Some("vim".into()),
            mouse: true,
            history: vec!["logs node-3".into()],
            pages: [("environment.nodes.filter.production".to_owned(), "!rack-1 \"x".to_owned())].into(),
            ..Prefs::default()
        };
        all.keep("ada", prefs.clone());
        all.keep("linus", Prefs::default());
        let back = Remembered::read(&all.text());
        assert_eq!(back, all);
        assert_eq!(back.of("ada"), Some(&prefs));
        assert_eq!(back.of_last(), Some(&Prefs::default()));
        for text in ["", "?", "users = 3", "[users.ada]\nmouse = 'yes'"] {
            assert_eq!(Remembered::read(text), Remembered::default(), "{text}");
        }
        assert_eq!(Remembered::read("[users.ada]\nfuture = 1").users.len(), 1);
    }
}
