#![no_main]
//! Lines of the format uwsgi.

#[path = "shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let beginnings = [
        "[pid: ",
        "[pid: 1|app: 0|req: 1/1] ",
        "*** ",
        "Fri Nov 20 23:27:33 2026",
        "!!! ",
        "[uwsgi",
    ];
    shared::run("*** Starting uWSGI 2.0.21-debian (64bit) on [Fri Nov 20 22:50:43 2026] ***", &beginnings, data);
});
