#![no_main]
//! Lists of machines in every form. The first byte chooses the form.

use cpmg::domain::import::preview::{Defaults, plan};
use cpmg::domain::import::{Format, read};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((form, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let forms = Format::ALL;
    let form = forms[usize::from(*form) % forms.len()];
    let records = read(form, &text);
    let (preview, work) = plan(&records, &[], &Defaults::default());
    assert!(work.len() <= preview.rows.len(), "more work than lines");
});
