#![no_main]
//! Lines of the format libvirt.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "2013-10-23 17:32:19.957",
        "2013-10-23 17:32:19.957+0000: ",
        "2013-10-23 17:32:19.957+0000: 14069: error : ",
    ];
    shared::run("2013-10-23 17:32:19.957+0000: 14069: error : f:1 : text", &beginnings, data);
});
