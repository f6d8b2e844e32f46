//! The disturbances: what is broken, for how long, and how it is mended.

use super::checks::Screen;
use super::dice::Dice;
use super::nodes;
use super::world::{NODES, World};
use std::collections::BTreeSet;
use std::process::Child;
use std::time::{Duration, Instant};

/// What may happen at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SIGKILL to the engine, and a new one.
    Kill,
    /// The same while a node that runs a step cannot be asked: until it can, nobody knows, and that is shown.
    Orphan,
    /// A node's cable is pulled for a while.
    Cut,
    /// A node is rebooted in order.
    Reboot,
    /// A node loses power.
    Power,
    /// The disk of the nodes is full for a while.
    NodeDisk,
    /// The disk with the engine's data is full for a while.
    HostDisk,
    /// The engine's clock jumps.
    Clock,
    /// Somebody removes `/var/lib/cpmg` on a node.
    Removal,
    /// An operator holds the job for a while.
    Hold,
    /// An operator undoes some of what was done, when the job is over the next time.
    Undo,
}

/// How often each happens in a campaign.
pub const FULL: [(Kind, u32); 11] = [
    (Kind::Kill, 190),
    (Kind::Orphan, 10),
    (Kind::Cut, 50),
    (Kind::Reboot, 6),
    (Kind::Power, 6),
    (Kind::NodeDisk, 6),
    (Kind::HostDisk, 6),
    (Kind::Clock, 20),
    (Kind::Removal, 2),
    (Kind::Hold, 6),
    (Kind::Undo, 4),
];
/// The same where it must be quick.
pub const SHORT: [(Kind, u32); 11] = [
    (Kind::Kill, 18),
    (Kind::Orphan, 2),
    (Kind::Cut, 4),
    (Kind::Reboot, 1),
    (Kind::Power, 1),
    (Kind::NodeDisk, 1),
    (Kind::HostDisk, 2),
    (Kind::Clock, 4),
    (Kind::Removal, 0),
    (Kind::Hold, 1),
    (Kind::Undo, 1),
];

/// What is broken now and will be mended.
enum Broken {
    Cable(&'static str),
    Boot(&'static str, Child),
    NodeDisk,
    HostDisk,
    Held(String),
}

/// All that is broken, and what has happened so far.
#[derive(Default)]
pub struct Trouble {
    broken: Vec<(Instant, Broken)>,
    /// Nodes whose files somebody removed during this job.
    pub forgotten: BTreeSet<&'static str>,
    /// Longest time a new engine took until it answered.
    pub slowest_start: Duration,
    /// How often a new engine showed a step as interrupted.
    pub interrupted: u32,
    /// Starts that a full disk did not allow.
    pub refused_starts: u32,
    /// Undos that are to be asked for.
    pub undos: u32,
}

impl Trouble {
    /// Whether something is broken.
    pub fn any(&self) -> bool {
        !self.broken.is_empty()
    }

    /// Does it, unless the same is broken already.
    pub fn make(&mut self, kind: Kind, world: &mut World, dice: &mut Dice, job: &str) {
        let node = *dice.pick(&NODES);
        let span = Duration::from_millis(dice.between(300, 9_000));
        let mend = Instant::now() + span;
        match kind {
            Kind::Kill => self.kill(world, dice, job),
            Kind::Orphan => self.orphan(world, dice, job),
            Kind::Hold => {
                // Refused when the job was quicker.
                if world.try_run(&["job", "hold", job, "--yes"], "").is_ok() {
                    self.broken.push((mend, Broken::Held(job.to_owned())));
                }
            }
            Kind::Undo => self.undos += 1,
            Kind::Cut => {
                if !self.broken.iter().any(|(_, b)| matches!(b, Broken::Cable(n) if *n == node)) {
                    world.lab_ok(&["cut", node]);
                    self.broken.push((mend, Broken::Cable(node)));
                }
            }
            Kind::Reboot | Kind::Power => {
                // The lab itself waits for the last reboot of a node.
                self.wait_for_boots();
                let how: &[&str] =
                    if kind == Kind::Power { &["reboot", node, "--hard"] } else { &["reboot", node] };
                let child = world.lab(how).spawn().expect("the lab");
                self.broken.push((mend, Broken::Boot(node, child)));
            }
            Kind::NodeDisk => {
                world.node_disk_full(true);
                self.broken.push((mend, Broken::NodeDisk));
            }
            Kind::HostDisk => {
                world.host_disk_full(true);
                self.broken.push((mend, Broken::HostDisk));
            }
            Kind::Clock => {
                let far = i64::try_from(dice.between(0, 10 * 3600)).expect("hours");
                world.set_clock(if dice.between(0, 1) == 0 { far } else { -far });
            }
            Kind::Removal => {
                self.wait_for_boots();
                nodes::remove_everything(world, node);
                self.forgotten.insert(node);
            }
        }
    }

    /// Kills the engine, starts another at a random moment, and looks at what that one shows first.
    fn kill(&mut self, world: &mut World, dice: &mut Dice, job: &str) {
        let before = Screen::of(world, job);
        std::thread::sleep(Duration::from_millis(dice.between(0, 400)));
        world.kill_engine();
        std::thread::sleep(Duration::from_millis(dice.between(0, 300)));
        let started = world.try_start_engine().unwrap_or_else(|said| {
            // A start on a full disk that has used up what was put aside for it is refused in words, and works afterwards.
            let full = self.broken.iter().position(|(_, b)| matches!(b, Broken::HostDisk));
            assert!(full.is_some() && said.contains("is full"), "the engine does not start: {said}");
            self.broken.retain(|(_, b)| !matches!(b, Broken::HostDisk));
            world.host_disk_full(false);
            self.refused_starts += 1;
            world.start_engine()
        });
        self.slowest_start = self.slowest_start.max(started);
        let after = Screen::of(world, job);
        assert!(!before.over() || after.over(), "job {job} was over and is not any more");
        let interrupted =
            |s: &Screen| s.steps.values().any(|s| s.attempts().values().any(|s| s == "interrupted"));
        self.interrupted += u32::from(interrupted(&after));
    }

    /// A new engine that cannot ask a node shows that it does not know.
    fn orphan(&mut self, world: &mut World, dice: &mut Dice, job: &str) {
        self.wait_for_boots();
        let screen = Screen::of(world, job);
        let at_work =
            |node: &str| matches!(screen.nodes[node]["state"].as_str(), Some("running" | "undoing"));
        let Some(node) = NODES.into_iter().find(|n| at_work(n)) else { return self.kill(world, dice, job) };
        world.lab_ok(&["cut", node]);
        let mend = Instant::now() + Duration::from_millis(dice.between(2_000, 6_000));
        self.broken.push((mend, Broken::Cable(node)));
        self.kill(world, dice, job);
        while Instant::now() < mend {
            let screen = Screen::of(world, job);
            for ((at, step), shown) in &screen.steps {
                let runs = shown.attempts().values().any(|s| s == "running");
                assert!(
                    at != node || !runs,
                    "{node} {step} is shown as running, and nobody can know: {shown:?}"
                );
            }
        }
    }

    /// Mends what is due, or all.
    pub fn mend(&mut self, world: &World, all: bool) {
        let now = Instant::now();
        let (due, left) = std::mem::take(&mut self.broken).into_iter().partition(|(at, _)| all || *at <= now);
        self.broken = left;
        let due: Vec<(Instant, Broken)> = due;
        for (_, broken) in due {
            match broken {
                Broken::Cable(node) => world.lab_ok(&["mend", node]),
                Broken::Boot(node, child) => booted(node, child),
                Broken::NodeDisk => world.node_disk_full(false),
                Broken::HostDisk => world.host_disk_full(false),
                // A job that is not held any more is over, or was tried again.
                Broken::Held(job) => release(world, &job),
            }
        }
    }

    fn wait_for_boots(&mut self) {
        let (boots, left) =
            std::mem::take(&mut self.broken).into_iter().partition(|(_, b)| matches!(b, Broken::Boot(..)));
        self.broken = left;
        let boots: Vec<(Instant, Broken)> = boots;
        for (_, broken) in boots {
            if let Broken::Boot(node, child) = broken {
                booted(node, child);
            }
        }
    }
}

/// Goes on with a held job, as soon as the disk allows it.
fn release(world: &World, job: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while let Err(refusal) = world.try_run(&["job", "release", job], "") {
        if refusal.code != 8 {
            let state = Screen::of(world, job);
            assert!(state.state() != "holding", "job {job} is held and cannot be released: {refusal:?}");
            return;
        }
        world.host_disk_full(false);
        assert!(Instant::now() < deadline, "{refusal:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn booted(node: &str, child: Child) {
    let out = child.wait_with_output().expect("the lab");
    assert!(out.status.success(), "{node} does not come up again: {}", String::from_utf8_lossy(&out.stderr));
}
