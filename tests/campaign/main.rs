//! The campaign of kills: real nodes, a plan of short and long steps, and everything that can break, breaking at random
//! moments. Whatever breaks, no step runs twice, no byte of output is lost, and what is shown is so.
//!
//! Read `work` for what the nodes do, `disturb` for what is done to them, `checks` for what must hold. The seed is printed;
//! the same seed draws the same steps and the same disturbances. `tests/campaign/run --full` is the long one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod checks;
mod dice;
mod disturb;
mod nodes;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod support;
mod work;
mod world;

use checks::{Screen, Tally};
use dice::Dice;
use disturb::{Kind, Trouble};
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};
use world::World;

/// Longest that a job may take to its end once nothing is broken.
const TO_THE_END: Duration = Duration::from_secs(400);

fn setting(name: &str) -> Option<String> {
    std::env::var(format!("CPMG_CAMPAIGN_{name}")).ok().filter(|v| !v.is_empty())
}

struct Campaign {
    world: World,
    dice: Dice,
    steps: Vec<work::Step>,
    trouble: Trouble,
    tally: Tally,
    left: Vec<Kind>,
    made: BTreeMap<Kind, u32>,
    pauses: (u64, u64),
    jobs: u32,
    retries: u32,
    undos: u32,
}

impl Campaign {
    /// Installs again and again until every disturbance has happened; the last job is left to end in peace.
    fn run(&mut self) {
        loop {
            let job = self.install();
            loop {
                self.disturb_until_over(&job);
                let succeeded = self.finished(&job);
                // A job whose files somebody removed cannot be gone on with.
                if !self.trouble.forgotten.is_empty() {
                    break;
                }
                if self.trouble.undos > 0 {
                    self.trouble.undos -= 1;
                    self.undo(&job);
                    continue;
                }
                if succeeded {
                    break;
                }
                self.when_it_can("the job can be tried again", |w| {
                    w.try_run(&["job", "retry", &job], "").map(drop)
                });
                self.retries += 1;
            }
            if self.left.is_empty() {
                return;
            }
        }
    }

    /// Asks for an undo of all, of one node, or of the last steps of one.
    fn undo(&mut self, job: &str) {
        let node = *self.dice.pick(&world::NODES);
        let step = format!("campaign/{}", self.dice.pick(&self.steps).name);
        let scope = match self.dice.between(0, 2) {
            0 => vec!["--all"],
            1 => vec!["--node", node],
            _ => vec!["--node", node, "--back-to", &step],
        };
        let args = [&["job", "undo", job, "--yes"], scope.as_slice()].concat();
        match self.world.try_run(&args, "") {
            Ok(_) => self.undos += 1,
            // There may be nothing to be undone.
            Err(refusal) => assert!(matches!(refusal.code, 1 | 2 | 4 | 5), "{args:?}: {refusal:?}"),
        }
        eprintln!("{}", args.join(" "));
    }

    fn install(&mut self) -> String {
        self.trouble.forgotten.clear();
        self.when_it_can("an installation can be begun", |w| {
            w.try_run(&["install", "campaign"], "").map(drop)
        });
        self.jobs += 1;
        let jobs = self.world.json(&["job", "list", "campaign"]);
        let newest = jobs.as_array().expect("jobs").iter().filter_map(|j| j["id"].as_u64()).max();
        newest.expect("a job").to_string()
    }

    /// What needs a sound disk is tried until it has one.
    fn when_it_can(&mut self, what: &str, act: impl Fn(&World) -> Result<(), world::Refusal>) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while let Err(refusal) = act(&self.world) {
            let full = refusal.code == 8 && refusal.said.contains("full");
            assert!(full && self.trouble.any(), "{what}: {refusal:?}");
            assert!(Instant::now() < deadline, "{what}: {refusal:?}");
            self.trouble.mend(&self.world, false);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Disturbs the job until it is over.
    fn disturb_until_over(&mut self, job: &str) {
        let mut deadline = Instant::now() + TO_THE_END;
        let mut looks = 0_u32;
        loop {
            let screen = checks::glance(&self.world, job, &self.trouble.forgotten);
            if screen.over() {
                self.trouble.mend(&self.world, true);
                return;
            }
            self.trouble.mend(&self.world, false);
            looks += 1;
            if looks.is_multiple_of(10) {
                self.trouble.mend(&self.world, true);
                checks::agree(&self.world, job);
            }
            std::thread::sleep(Duration::from_millis(self.dice.between(self.pauses.0, self.pauses.1)));
            if let Some(kind) = self.left.pop() {
                eprintln!("{:?} in job {job}, {} left", kind, self.left.len());
                self.trouble.make(kind, &mut self.world, &mut self.dice, job);
                *self.made.entry(kind).or_default() += 1;
                deadline = Instant::now() + TO_THE_END;
            }
            assert!(Instant::now() < deadline, "job {job} does not end:\n{}", self.last_words(job));
        }
    }

    fn last_words(&self, job: &str) -> String {
        String::from_utf8_lossy(&self.world.ok(&["job", "show", job])).into_owned()
    }

    /// Checks a job that is over. False: a step failed, as some must.
    fn finished(&mut self, job: &str) -> bool {
        let screen = checks::ended(&self.world, job, &self.steps, &self.trouble.forgotten, &mut self.tally);
        eprintln!("job {job} {} after {} attempts in all", screen.state(), self.tally.attempts);
        match screen.state() {
            "succeeded" => true,
            "failed" | "undone" => self.may_go_on(job, &screen),
            other => panic!("job {job} ended as {other}:\n{}", self.last_words(job)),
        }
    }

    /// Whether the failures are what they may be. A job whose files somebody removed cannot be gone on with.
    fn may_go_on(&self, job: &str, screen: &Screen) -> bool {
        for ((node, step), shown) in screen.steps.iter().chain(&screen.others) {
            for (attempt, end) in shown.attempts() {
                let Some(why) = end.strip_prefix("lost ") else { continue };
                let known = ["rebooted", "full", "No space left", "no longer on", "were removed"];
                assert!(known.iter().any(|k| why.contains(k)), "{node} {step} {attempt} is lost: {why}");
            }
        }
        for (node, row) in screen.nodes.iter().filter(|(_, n)| n["state"] == "failed") {
            let of_a_step = screen.steps.iter().any(|((n, _), s)| {
                n == node && (s.state.starts_with("lost ") || s.state.starts_with("failed "))
            });
            // Preflight checks find nothing wrong with these nodes: only what cut them short is a reason.
            let cut_short = screen.others.iter().any(|((n, _), s)| n == node && s.state.starts_with("lost "));
            assert!(
                of_a_step || cut_short || row["why"].is_string(),
                "{node} failed without a word:\n{}",
                self.last_words(job)
            );
        }
        false
    }

    fn report(&self, seed: u64, began: Instant) {
        let count = |kind: Kind| self.made.get(&kind).copied().unwrap_or_default();
        println!(
            "seed {seed}: {} jobs, tried again {} times, undone {} times",
            self.jobs, self.retries, self.undos
        );
        println!(
            "kills {} (of which {} with a node cut off), cuts {}, reboots {}, power cuts {}, full disks of nodes {}, of the engine {}, clock jumps {}, \
             removals {}, holds {}",
            count(Kind::Kill) + count(Kind::Orphan),
            count(Kind::Orphan),
            count(Kind::Cut),
            count(Kind::Reboot),
            count(Kind::Power),
            count(Kind::NodeDisk),
            count(Kind::HostDisk),
            count(Kind::Clock),
            count(Kind::Removal),
            count(Kind::Hold)
        );
        println!(
            "attempts {}, of which to undo {}, lost {}, failed {}; bytes compared {}; starts that showed a step as interrupted {}, refused for a full \
             disk {}; slowest start {:.2} s; time {:.0} s",
            self.tally.attempts,
            self.tally.undone,
            self.tally.lost,
            self.tally.failed,
            self.tally.bytes,
            self.trouble.interrupted,
            self.trouble.refused_starts,
            self.trouble.slowest_start.as_secs_f64(),
            began.elapsed().as_secs_f64()
        );
    }
}

#[test]
#[ignore = "needs root and the lab"]
fn whatever_dies_nothing_runs_twice_and_nothing_is_lost() {
    let began = Instant::now();
    let full = setting("FULL").is_some();
    let seed = setting("SEED").map_or_else(
        || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs(),
        |s| s.parse().expect("CPMG_CAMPAIGN_SEED is a number"),
    );
    println!("seed {seed}");
    eprintln!("seed {seed}");
    let mut dice = Dice::new(seed);
    let steps =
        if full { work::draw(&mut dice, 40, 4, (5, 20)) } else { work::draw(&mut dice, 40, 2, (4, 6)) };
    let world = World::new(|roles| work::write_roles(roles, &steps));
    let mut left = Vec::new();
    for (kind, often) in if full { disturb::FULL } else { disturb::SHORT } {
        let often =
            setting(&format!("{kind:?}").to_uppercase()).map_or(often, |n| n.parse().expect("a number"));
        left.extend((0..often).map(|_| kind));
    }
    if !world.has_clock() {
        println!("the clock is left alone: the package libfaketime is not installed");
        left.retain(|k| *k != Kind::Clock);
    }
    dice.shuffle(&mut left);
    world.set_clock(0);
    let mut campaign = Campaign {
        world,
        dice,
        steps,
        trouble: Trouble::default(),
        tally: Tally::default(),
        left,
        made: BTreeMap::new(),
        pauses: (0, 800),
        jobs: 0,
        retries: 0,
        undos: 0,
    };
    campaign.run();
    campaign.report(seed, began);
}
