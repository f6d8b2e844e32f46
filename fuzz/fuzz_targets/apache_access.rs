#![no_main]
//! Lines of the format apache-access.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "10.0.0.1 - - [",
        "::1 - - [20/Nov/2026:23:30:48 +0000] \"",
        "ctl1:80 ",
    ];
    shared::run("10.0.0.1 - - [20/Nov/2026:23:30:48 +0000] \"GET / HTTP/1.1\" 200 5", &beginnings, data);
});
