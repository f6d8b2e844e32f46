#![no_main]
//! Lines of the format syslog.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "",
        "Feb ",
        "Feb 10 16:09:23 ",
        "<30>",
        "2026-11-20T22:45:16",
        "Fri 2026-11-20 22:45:16 ",
        "1763678716.123456 ",
        "[    5.",
        "Feb 10 16:09:23 h p[1]: ",
        "-- ",
    ];
    shared::run("Feb 10 16:09:23 host program[5]: text", &beginnings, data);
});
