#![no_main]
//! Lines of the format apache-error.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "[Tue Mar 28 ",
        "[Tue Mar 28 03:56:00.804140 2017] [",
        "[Tue Mar 28 03:56:00.804140 2017] [wsgi:error] [pid 4343:tid 1399] ",
        "2017-03-28 03:56:00.804140 ",
    ];
    shared::run("[Tue Mar 28 03:56:00.804140 2017] [wsgi:error] [pid 4343:tid 1399] text", &beginnings, data);
});
