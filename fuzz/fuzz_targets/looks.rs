#![no_main]
//! Files of themes and keymaps.

use cpmg::tui::keys::{self, Keymap};
use cpmg::tui::theme::{self, Theme};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data).into_owned();
    if let Err(fault) = Theme::parse("a.toml", &text) {
        assert!(!fault.to_string().is_empty());
    }
    if let Err(fault) = Keymap::parse("a.toml", &text) {
        assert!(!fault.to_string().is_empty());
    }
    let files = [("a.toml".to_owned(), text)];
    // What is built in stays, whatever else there is.
    assert!(theme::collect(&files).0.len() >= Theme::built_in().len());
    assert!(keys::collect(&files).0.len() >= Keymap::built_in().len());
});
