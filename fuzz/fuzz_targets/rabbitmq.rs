#![no_main]
//! Lines of the format rabbitmq.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "2026-11-20 22:47:23.238277",
        "2026-11-20 22:47:23.238277+00:00 [notice] ",
        "2026-11-20 22:47:23.238 [",
        "=INFO REPORT==== ",
    ];
    shared::run("2026-11-20 22:47:23.238277+00:00 [notice] <0.223.0> text", &beginnings, data);
});
