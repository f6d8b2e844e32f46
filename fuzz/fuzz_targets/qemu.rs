#![no_main]
//! Lines of the format qemu.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "2026-11-20T23:21:30.714511Z qemu",
        "libvirt: ",
        "2026-11-20 23:21:30.652+0000: ",
    ];
    shared::run("2026-11-20 23:21:30.652+0000: starting up libvirt version: 9.0.0", &beginnings, data);
});
