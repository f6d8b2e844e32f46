//! Somebody at the screens, and the processes meanwhile.

use crate::support::Spread;
use crate::support::process::{Memory, cpu, threads};
use crate::support::pty::Pty;
use crate::support::site::{PASSWORD, Site, USER};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often processes are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Looks that make the time over which the busiest moment is told: 5 s.
const WINDOW: usize = 10;
/// Between two keys.
const PAUSE: Duration = Duration::from_millis(150);
/// Rows that the selection goes down before it goes up again: more than are in sight.
const WAY: usize = 60;
/// How often it is asked whether the end has come.
const ASK: Duration = Duration::from_secs(3);
/// Size of the terminal.
const SIZE: (u16, u16) = (160, 50);

/// The program on the page of the job.
pub struct Screens {
    pty: Pty,
    /// How many rows the selection goes down before it goes up again.
    way: usize,
    keys: Vec<Duration>,
    /// Frames and bytes that had come before the first key.
    before: (u64, u64),
}

/// The name in the selected row.
fn selected(screen: &[String]) -> Option<&str> {
    let row = screen.iter().find(|l| l.starts_with('»'))?;
    row.split_whitespace().find(|w| w.starts_with("node-"))
}

impl Screens {
    /// Logs in and opens the job of the only environment. `args`: how the screens are started.
    pub fn open(site: &Site, env: &str, nodes: usize, args: &[&str]) -> Self {
        let mut pty = Pty::run(site, SIZE, args);
        pty.wait("the login", |screen| screen.concat().contains("Password"));
        pty.type_in(&format!("{USER}\t{PASSWORD}\r"));
        pty.wait("the environments", |s| s.concat().contains("Environments") && s.concat().contains(env));
        pty.type_in("\r");
        // The page remembers the tab on which it was left.
        pty.wait("the tabs", |screen| screen.concat().contains("1 Nodes"));
        pty.type_in("1");
        pty.wait("the nodes", |screen| selected(screen).is_some());
        pty.type_in("3");
        pty.wait("the jobs", |screen| screen.concat().contains("[3"));
        pty.wait("a job", |screen| screen.iter().any(|l| l.starts_with('»')));
        pty.type_in("\r");
        pty.wait("the job's nodes", |s| s.concat().contains("nodes done") && selected(s).is_some());
        let before = (pty.frames, pty.bytes);
        Self { pty, way: WAY.min(nodes - 1), keys: Vec::new(), before }
    }

    pub fn pid(&self) -> u32 {
        self.pty.pid()
    }

    /// Moves the selection up and down until `over`, taking the time of each.
    pub fn until(&mut self, over: impl Fn() -> bool) {
        let mut asked = Instant::now();
        self.pty.type_in("gg");
        self.pty.wait("the first node", |screen| {
            let first = screen.iter().find(|l| l.contains(" node-"));
            first.is_some_and(|row| row.starts_with('»'))
        });
        let way = std::iter::repeat_n("j", self.way).chain(std::iter::repeat_n("k", self.way));
        for key in way.cycle() {
            let screen = self.pty.lines();
            let was = selected(&screen).unwrap_or_default();
            let pressed = Instant::now();
            self.pty.type_in(key);
            let moved = |s: &[String]| selected(s).is_some_and(|now| now != was);
            self.keys.push(self.pty.wait("another selected node", moved).saturating_duration_since(pressed));
            std::thread::sleep(PAUSE);
            if asked.elapsed() > ASK {
                asked = Instant::now();
                if over() {
                    return;
                }
            }
        }
    }

    /// Looks on, without a key, for that long.
    pub fn look(mut self, long: Duration) {
        self.pty.watch(long, |_| ());
    }

    /// Frames and bytes that came while keys were pressed, and the memory of the process.
    pub fn painted(&self) -> (f64, f64, Memory) {
        let (frames, bytes) = self.before;
        ((self.pty.frames - frames) as f64, (self.pty.bytes - bytes) as f64, Memory::of(self.pty.pid()))
    }

    /// From each key to the screen that it changed.
    pub fn keys(self) -> Spread {
        Spread::of(self.keys)
    }
}

/// What processes used over some time.
pub struct Watch {
    wall: f64,
    /// Resident memory of the engine at most, in its life so far, MB.
    pub peak: f64,
    /// Cores that the engine used on the average.
    pub engine: f64,
    /// Cores that the engine used in its busiest [`WINDOW`].
    pub busiest: f64,
    screens: f64,
    nodes: f64,
    threads: usize,
}

impl Watch {
    /// Over the time of `work`.
    pub fn over(engine: u32, screens: u32, nodes: u32, work: impl FnOnce()) -> Self {
        let pids = [engine, screens, nodes];
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let looker = scope.spawn(|| {
                let mut looks: Vec<(Instant, [f64; 3])> = Vec::new();
                let mut most = 0;
                while !over.load(Ordering::Relaxed) {
                    looks.push((Instant::now(), pids.map(cpu)));
                    most = most.max(threads(engine).len());
                    std::thread::sleep(LOOK);
                }
                looks.push((Instant::now(), pids.map(cpu)));
                (looks, most)
            });
            // Without the looker's end a failure of the work would never be told.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            over.store(true, Ordering::Relaxed);
            done.unwrap_or_else(|failure| std::panic::resume_unwind(failure));
            let (looks, threads) = looker.join().unwrap();
            let share = |a: &(Instant, [f64; 3]), b: &(Instant, [f64; 3]), who: usize| {
                (b.1[who] - a.1[who]) / (b.0 - a.0).as_secs_f64()
            };
            let (first, last) = (&looks[0], &looks[looks.len() - 1]);
            let windows = looks.iter().zip(looks.iter().skip(WINDOW));
            Self {
                wall: (last.0 - first.0).as_secs_f64(),
                peak: Memory::of(engine).peak,
                engine: share(first, last, 0),
                busiest: windows.map(|(a, b)| share(a, b, 0)).fold(0.0, f64::max),
                screens: share(first, last, 1),
                nodes: share(first, last, 2),
                threads,
            }
        })
    }
}

impl Watch {
    /// CPU seconds of the screens.
    pub fn screens_spent(&self) -> f64 {
        self.screens * self.wall
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} s; engine {:.2} cores ({:.2} in its busiest 5 s), at most {:.0} MB, {} threads; screens {:.2} cores, nodes \
             {:.2} cores",
            self.wall, self.engine, self.busiest, self.peak, self.threads, self.screens, self.nodes
        )
    }
}
