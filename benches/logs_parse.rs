//! How fast logs are read: `cargo bench --bench logs_parse`, one thread.
//!
//! CPU time (not wall time) of finding the lines in memory and reading each into its fields, for files of every kind: lines as nova wrote them
//! in 2017 with the name of their file before them, and, where `../shared/data/oslogs` is there, each file of a real cloud, repeated to the same
//! size. Where `lnav` is installed it reads the same bytes from a file (`-n`, no screen), for the ratio. `CPMG_BENCH_MIB` is the size in
//! MiB (256).
#![allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on should say so and stop"
)]

use cpmg::logs::format::{Entries, Line, Options, Parser, json};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Lines of nova in 2017: requests, instances, periodic tasks.
const NOVA: [&str; 6] = [
    r#"nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova.osapi_compute.wsgi.server [req-38101a0b-2096-447d-96ea-a692162415ae 113d3a99c3da401fbd62cc2c05b96d2c 54fadb412c4e40cdbaed9335e4c35a9e - - -] 10.11.10.1 "GET /v2/54fadb412c4e40cdbaed9335e4c35a9e/servers/detail HTTP/1.1" status: 200 len: 1893 time: 0.2477829"#,
    r#"nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.272 25746 INFO nova.osapi_compute.wsgi.server [req-9bc36dd9-91c5-4314-898a-47625eb93b09 113d3a99c3da401fbd62cc2c05b96d2c 54fadb412c4e40cdbaed9335e4c35a9e - - -] 10.11.10.1 "GET /v2/54fadb412c4e40cdbaed9335e4c35a9e/servers/detail HTTP/1.1" status: 200 len: 1893 time: 0.2577181"#,
    "nova-compute.log.1.2017-05-16_13:55:31 2017-05-16 00:00:04.500 2931 INFO nova.compute.manager [req-3ea4052c-895d-4b64-9e2d-04d64c4d94ab - - - - -] [instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] VM Started (Lifecycle Event)",
    "nova-compute.log.1.2017-05-16_13:55:31 2017-05-16 00:00:04.693 2931 INFO nova.compute.manager [req-3ea4052c-895d-4b64-9e2d-04d64c4d94ab - - - - -] [instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] During sync_power_state the instance has a pending task (spawning). Skip.",
    "nova-compute.log.1.2017-05-16_13:55:31 2017-05-16 00:00:05.185 2931 INFO nova.virt.libvirt.imagecache [req-addc1839-2ed5-4778-b57e-5854eb7b8b09 - - - - -] image 0673dd71-34c5-4fbb-86c4-40623fbe45b4 at (/var/lib/nova/instances/_base/a489c868f0c37da93b76227c91bb03908ac0e742): in use: on this node 1 local, 0 on other nodes sharing this instance storage",
    "nova-compute.log.1.2017-05-16_13:55:31 2017-05-16 00:00:05.367 2931 WARNING nova.virt.libvirt.imagecache [req-addc1839-2ed5-4778-b57e-5854eb7b8b09 - - - - -] Unknown base file: /var/lib/nova/instances/_base/a489c868f0c37da93b76227c91bb03908ac0e742",
];

fn main() {
    let mib: usize = std::env::var("CPMG_BENCH_MIB").ok().and_then(|t| t.parse().ok()).unwrap_or(256);
    println!("{mib} MiB each, one thread, CPU time");
    let nova = format!("{}\n", NOVA.join("\n")).into_bytes();
    let all = repeated(&nova, mib << 20);
    let ours = fields("nova of 2017", &all);
    whole(&all);
    lnav(&all, ours);
    drop(all);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places =
        [folder.join("../shared/data/oslogs/controller"), folder.join("../../shared/data/oslogs/controller")];
    let Some(cloud) = places.iter().find(|p| p.is_dir()) else {
        println!("no ../shared/data/oslogs here: files of a real cloud are left out");
        return;
    };
    for name in [
        "nova/nova-api-wsgi.log",
        "keystone/keystone.log",
        "placement/placement-api.log",
        "rabbitmq/rabbit@ctl1.log",
        "apache2/error.log",
        "journal.txt",
    ] {
        if let Ok(bytes) = std::fs::read(cloud.join(name)) {
            fields(name, &repeated(&bytes, mib << 20));
        }
    }
}

fn repeated(bytes: &[u8], size: usize) -> Vec<u8> {
    bytes.repeat(size.div_ceil(bytes.len()))
}

/// Seconds of CPU time that this thread has had.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with schedstat");
    text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).expect("nanoseconds") / 1e9
}

/// Every line into fields; the best of three, as seconds.
fn fields(name: &str, bytes: &[u8]) -> f64 {
    let mut best = f64::MAX;
    let (mut lines, mut heads) = (0u64, 0u64);
    for _ in 0..3 {
        (lines, heads) = (0, 0);
        let before = cpu();
        let mut parser =
            Parser::new(Options { reference: Some(1_796_083_200_000_000), ..Options::default() });
        let mut from = 0;
        for at in memchr::memchr_iter(b'\n', bytes) {
            let line = bytes.get(from..at).unwrap_or_default();
            from = at + 1;
            lines += 1;
            if let Line::Head(record) = black_box(parser.line(line)) {
                heads += 1;
                black_box(record);
            }
        }
        best = best.min(cpu() - before);
    }
    println!(
        "{name:28} {:5.2} GB/s  {:6.1} ns a line  {lines} lines, {heads} entries",
        bytes.len() as f64 / best / 1e9,
        best * 1e9 / lines as f64
    );
    best
}

/// The same as `cpmg logs parse` does it: entries joined and owned, written as JSON lines to nowhere.
fn whole(bytes: &[u8]) {
    let before = cpu();
    let mut out = std::io::sink();
    for entry in Entries::new(bytes, Options::default()) {
        json::write(&mut out, &entry.expect("memory is read")).expect("nowhere takes everything");
    }
    println!("{:28} {:5.2} GB/s", "  as JSON lines", bytes.len() as f64 / (cpu() - before) / 1e9);
}

/// lnav on the same bytes.
fn lnav(bytes: &[u8], ours: f64) {
    let Ok(version) = Command::new("lnav").arg("-V").output() else {
        println!("  lnav is not installed: no ratio");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("nova.log");
    // lnav knows the format without the name of the file before each line.
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    for line in bytes.split(|b| *b == b'\n') {
        let line = memchr::memchr(b' ', line).and_then(|at| line.get(at + 1..)).unwrap_or(line);
        file.write_all(line).and_then(|()| file.write_all(b"\n")).expect("room for the file");
    }
    drop(file);
    let children = || {
        let text = std::fs::read_to_string("/proc/self/stat").expect("proc");
        let after = text.rsplit(')').next().unwrap_or_default();
        let ticks: Vec<f64> = after.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        // cutime and cstime, 100 a second.
        ticks.get(12..14).map_or(0.0, |t| t.iter().sum::<f64>() / 100.0)
    };
    let before = children();
    let state = Command::new("lnav")
        .args(["-n", "-c", ":filter-in WARNING", "-c", ":goto 0"])
        .arg(&path)
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let theirs = children() - before;
    println!(
        "  {}: {theirs:.2} s of CPU ({:.2} GB/s), {:.0} times ours ({state:?})",
        String::from_utf8_lossy(&version.stdout).trim(),
        bytes.len() as f64 / theirs / 1e9,
        theirs / ours
    );
}
