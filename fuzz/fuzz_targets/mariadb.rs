#![no_main]
//! Lines of the format mariadb.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "2019-01-29 16:14:41",
        "2019-01-29  6:14:41 ",
        "190129 16:14:41 ",
        "2026-03-01T07:02:09.123456Z ",
    ];
    shared::run("2019-01-29 16:14:41 139996262553344 [Note] text", &beginnings, data);
});
