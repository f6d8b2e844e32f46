#![no_main]
//! Files of themes and keymaps, as they lie in somebody's folder of settings.

use cpmg::tui::faults_of_files;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let file = [("a.toml".to_owned(), String::from_utf8_lossy(data).into_owned())];
    for faults in [faults_of_files(&file, &[]), faults_of_files(&[], &file)] {
        // One that is wrong is left aside, with a sentence that names it.
        assert!(faults.len() <= 1);
        assert!(faults.iter().all(|fault| fault.contains("a.toml")), "{faults:?}");
    }
});
