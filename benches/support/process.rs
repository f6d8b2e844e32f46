//! What Linux tells of processes.

use std::collections::HashSet;
use std::path::Path;

/// Clock ticks a second in `/proc`: the same on every Linux.
const TICKS: f64 = 100.0;

fn read(pid: u32, what: &str) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/{what}"))
        .unwrap_or_else(|e| panic!("/proc/{pid}/{what}: {e}"))
}

/// Load of the machine over 1, 5 and 15 minutes.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// How much of its processors this machine was refused by the one that it runs on, from [`Stolen::begin`] on.
pub struct Stolen((u64, u64));

impl Stolen {
    pub fn begin() -> Self {
        Self(Self::now())
    }

    /// Ticks of all processors, and those that were taken away.
    fn now() -> (u64, u64) {
        let text = std::fs::read_to_string("/proc/stat").expect("Linux");
        let line = text.lines().next().expect("a line").split_whitespace().skip(1);
        let ticks: Vec<u64> = line.map(|n| n.parse().expect("ticks")).collect();
        // What guests of ours use is in the time of users already: proc_stat(5).
        (ticks.iter().take(8).sum(), ticks.get(7).copied().unwrap_or_default())
    }

    /// Per cent of the processors, of all the time since it began.
    pub fn per_cent(&self) -> f64 {
        let (all, stolen) = Self::now();
        100.0 * (stolen - self.0.1) as f64 / ((all - self.0.0) as f64).max(1.0)
    }
}

/// Keeps the processors from being halted: a virtual machine's may be given back tens of milliseconds after they have something to do, and
/// what is measured is the host. One task of the idle class for each: it gives way to whoever wakes. Not for a machine
/// that is busy: there it takes its share.
pub struct Awake(Vec<std::process::Child>);

impl Awake {
    /// Where `chrt` is missing nothing is kept awake, and that is said.
    pub fn keep() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let task = || {
            let mut command = std::process::Command::new("chrt");
            command.args(["--idle", "0", "sh", "-c", "while :; do :; done"]).spawn()
        };
        let tasks: Vec<_> = (0..cores).filter_map(|_| task().ok()).collect();
        if tasks.is_empty() {
            println!("there is no chrt: idle processors may be halted, and wake late");
        }
        Self(tasks)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for task in &mut self.0 {
            let _ = task.kill();
            let _ = task.wait();
        }
    }
}

/// The threads of a process.
pub fn threads(pid: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    tasks.map(|t| t.unwrap().file_name().into_string().unwrap()).collect()
}

/// CPU seconds that a process has used, in user and kernel mode, to a hundredth.
pub fn cpu(pid: u32) -> f64 {
    let stat = read(pid, "stat");
    let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    fields.map(|f| f.parse::<f64>().unwrap()).sum::<f64>() / TICKS
}

/// How often the threads of a process went to sleep of their own accord.
pub fn wakeups(pid: u32) -> u64 {
    let of = |task: String| number(&read(pid, &format!("task/{task}/status")), "voluntary_ctxt_switches:");
    threads(pid).into_iter().map(of).sum()
}

fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}"));
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Memory of a process, MB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Resident.
    pub resident: f64,
    /// Resident, shared pages divided by those who share them.
    pub share: f64,
    /// Resident at most, ever.
    pub peak: f64,
    /// Of what is resident, pages of the program's own file and of libraries: they are there once for all processes, and need not be.
    pub file: f64,
}

impl Memory {
    pub fn of(pid: u32) -> Self {
        let (status, smaps) = (read(pid, "status"), read(pid, "smaps_rollup"));
        let mb = |text: &str, name: &str| number(text, name) as f64 * 1024.0 / 1e6;
        Self {
            resident: mb(&status, "VmRSS:"),
            share: mb(&smaps, "Pss:"),
            peak: mb(&status, "VmHWM:"),
            file: mb(&status, "RssFile:"),
        }
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { resident, share, peak, file } = self;
        write!(
            f,
            "{resident:.1} MB resident, {file:.1} MB of them files that it shares; {share:.1} MB when what is shared is divided; \
             {peak:.1} MB resident at most"
        )
    }
}

/// To how many of these addresses a process has an established TCP connection (written as in `/proc/net/tcp`: hexadecimal, port
/// after a colon).
pub fn connected(pid: u32, peers: &HashSet<String>) -> usize {
    let own: HashSet<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("it runs")
        .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
        .filter_map(|to| Some(to.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let table = std::fs::read_to_string(Path::new("/proc/net/tcp")).expect("/proc/net/tcp");
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows = rows.filter(|r| r[3] == "01" && peers.contains(r[2]) && own.contains(r[9]));
    rows.map(|r| r[2].to_owned()).collect::<HashSet<_>>().len()
}
