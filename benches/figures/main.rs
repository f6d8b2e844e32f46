//! The figures that cpmg promises: `cargo bench --bench figures`. What they were is in `docs/figures.md`.
//!
//! A real engine on throw-away data, the real program in a real pty, a hundred simulated nodes in a process of their own. Each
//! figure is printed with the demanded bound and whether it is kept. The program fails only when something does not work: on a
//! loaded machine times say little, so that no test of the suite depends on them. For quiet figures on a busy machine:
//!
//! ```text
//! cargo bench --no-run --bench figures && sudo nice -n -5 cargo bench --bench figures
//! ```
//! `-- --only NAME,...` measures some of them: frame, idle, command, nodes. `--program FILE` measures another cpmg than the one
//! built with this.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a bench that cannot go on should say so and stop"
)]

mod crowd;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with the other measuring programs")]
mod support;

use std::time::{Duration, Instant};
use support::process::{cpu, load, wakeups};
use support::pty::Pty;
use support::site::{PASSWORD, Site, USER};
use support::{Spread, verdict};

/// How often short things are measured.
const ROUNDS: usize = 30;
/// How long idle processes are watched.
const IDLE: Duration = Duration::from_secs(30);
/// Sizes of the terminal.
const SIZES: [(u16, u16); 2] = [(80, 24), (160, 50)];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, count] = args.as_slice()
        && word == "--simulate"
    {
        return crowd::simulate(count.parse().expect("a number of nodes"));
    }
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    let only = option("--only");
    let program = option("--program").map_or(env!("CARGO_BIN_EXE_cpmg"), String::as_str);
    let wanted = |name: &str| only.is_none_or(|o| o.split(',').any(|n| n == name));
    println!("{} cores, load {}", std::thread::available_parallelism().unwrap(), load());
    let site = Site::new(program.into());
    site.ok(&["env", "add", "prod"], "");
    if wanted("frame") {
        for size in SIZES {
            first_frame(&site, size);
        }
    }
    if wanted("idle") {
        idle(&site);
    }
    if wanted("command") {
        command(&site);
    }
    if wanted("nodes") {
        crowd::measure(&site);
    }
    println!("load {}", load());
}

/// From the start of the program to its first frame, and to the first that can be worked with: the login.
fn first_frame(site: &Site, grid: (u16, u16)) {
    let (mut first, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let mut pty = Pty::start(site, grid);
        first.push(pty.wait("a whole frame", |screen| !screen.concat().trim().is_empty()) - began);
        ready.push(pty.wait("the login", |screen| screen.concat().contains("Password")) - began);
    }
    let at = format!("{}x{}", grid.0, grid.1);
    let first = Spread::of(first);
    println!();
    tell(&format!("first frame at {at}, {ROUNDS} starts"), &first, "");
    let ready = Spread::of(ready);
    tell(&format!("login at {at}, {ROUNDS} starts"), &ready, "");
    verdict(&format!("login at {at}, median"), ready.median(), 50.0, "ms");
}

/// CPU of the program on its list of environments together with the engine, when nobody does anything.
fn idle(site: &Site) {
    let mut pty = Pty::start(site, SIZES[0]);
    pty.wait("the login", |screen| screen.concat().contains("Password"));
    pty.type_in(&format!("{USER}\t{PASSWORD}\r"));
    pty.wait("the environments", |screen| {
        screen.concat().contains("Environments") && screen.concat().contains("prod")
    });
    pty.settle(Duration::from_secs(3));
    let pids = [pty.pid(), site.engine()];
    let (before, woken) = (pids.map(cpu), pids.map(wakeups));
    let began = Instant::now();
    std::thread::sleep(IDLE);
    let wall = began.elapsed().as_secs_f64();
    let (after, woke) = (pids.map(cpu), pids.map(wakeups));
    println!();
    for (index, name) in ["the screens", "the engine"].into_iter().enumerate() {
        let used = after[index] - before[index];
        let times = (woke[index] - woken[index]) as f64 / wall;
        println!(
            "idle for {wall:.0} s, {name}: {:.0} ms of CPU, woken {times:.1} times a second",
            used * 1e3
        );
    }
    let used: f64 = after.iter().sum::<f64>() - before.iter().sum::<f64>();
    verdict("idle screens and engine together", used / wall * 100.0, 0.5, "% of a core");
}

/// A command from its start to its end.
fn command(site: &Site) {
    let time = || {
        let began = Instant::now();
        site.ok(&["env", "list", "--json"], "");
        began.elapsed()
    };
    println!();
    let times = Spread::of((0..ROUNDS).map(|_| time()));
    tell(&format!("cpmg env list --json, {ROUNDS} times"), &times, " (no bound)");
}

fn tell(what: &str, times: &Spread, rest: &str) {
    let (least, median, worst) = (times.least(), times.median(), times.worst());
    println!("{what}: least {least:.1}, median {median:.1}, worst {worst:.1} ms{rest}");
}
