#![no_main]
//! Lines of the format journald.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        r#"{"__REALTIME_TIMESTAMP":"#,
        r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":"#,
        r#"{"__REALTIME_TIMESTAMP":"1","PRIORITY":"3","#,
    ];
    shared::run(r#"{"__REALTIME_TIMESTAMP":"1772348529123456","MESSAGE":"x"}"#, &beginnings, data);
});
