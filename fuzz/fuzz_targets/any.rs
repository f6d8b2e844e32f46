#![no_main]
//! Any bytes as a file, with the formats that are data, and through the findings.

#[path = "shared.rs"]
mod shared;

use cpmg::logs::findings::Findings;
use cpmg::logs::format::{Entries, Formats, Options};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

static ROLES: LazyLock<(Arc<Formats>, Findings)> = LazyLock::new(|| {
    let dirs = [PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../roles")];
    let formats = Formats::load(&dirs).expect("our formats are right");
    (Arc::new(formats), Findings::load(&dirs).expect("our findings are right"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    shared::run("", &[""], data);
    let options = Options { formats: Arc::clone(&ROLES.0), ..Options::default() };
    for entry in Entries::new(data, options) {
        let record = entry.expect("memory is read").record;
        ROLES.1.find(None, record.level, &record.message);
    }
});
