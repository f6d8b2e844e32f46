#![no_main]
//! Lines of the format openvswitch.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "2022-02-10T16:14:03",
        "2022-02-10T16:14:03.004Z|",
        "2022-02-10T16:14:03.004Z|00145|",
    ];
    shared::run("2022-02-10T16:14:03.004Z|00145|netdev|WARN|text", &beginnings, data);
});
