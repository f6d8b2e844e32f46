#![no_main]
//! Lines of the format oslo-json.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        r#"{"levelname":"#,
        r#"{"levelname":"ERROR","context":{"#,
        r#"{"levelname":"ERROR","created":"#,
        r#"{"levelname":"ERROR","traceback":"#,
    ];
    shared::run(r#"{"levelname":"INFO","message":"x","created":1.5}"#, &beginnings, data);
});
