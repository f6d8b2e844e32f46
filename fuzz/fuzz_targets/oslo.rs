#![no_main]
//! Lines of the format oslo.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "",
        "2026-11-20 23:35:27.904 12777 ERROR oslo.db ",
        "2026-11-20 23:35:27.904 1 INFO a.b [",
        "2026-11-20 23:35:27",
        "nova-api.log 2026-11-20 23:35:27.904 ",
        "2026-11-20 23:35:27.904 1 INFO a.b [-] [instance: ",
        "2026-11-20 23:35:27.904 \u{1b}[",
    ];
    shared::run("2026-11-20 23:35:27.904 12777 ERROR oslo.db [-] failed", &beginnings, data);
});
