//! Twenty clients at once, on an engine that is a process of its own: each edits what others edit too, installs simulated nodes, takes
//! jobs over and watches; one more stops reading altogether. Nothing that was acknowledged is lost, nobody waits for the one that stalls,
//! and the engine does not grow.
//!
//! `CPMG_CROWD_SECONDS=60` is the long form; with `CPMG_CROWD_STALL=no` nobody stalls, which tells what a minute of work alone costs.
//! Of the growth that is measured the stalled client has next to nothing: 18 MiB in the second half without it (some 90 jobs and 850 edits
//! that the engine keeps), 20 MiB with it, and answers became no slower (`docs/figures.md`, "Twenty clients").
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../../benches/scale/tree.rs"]
#[allow(clippy::cast_precision_loss, dead_code, reason = "small numbers; what the other users of it need")]
mod tree;

mod site;
mod worker;

use cpmg::api::{Request, Response, Row, Topic};
use cpmg::domain::audit::AuditFilter;
use cpmg::domain::ids::{EnvId, JobId, NodeId};
use cpmg::domain::job::JobState;
use site::{Site, Stalled};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use worker::{Tally, Worker};

/// Clients.
const CLIENTS: usize = 20;
/// Environments, each of as many clients as the others.
const ENVIRONMENTS: usize = 4;
/// Seconds of work where nobody says otherwise.
const USUAL: u64 = 4;
/// From so many seconds on times and memory are judged, too.
const LONG: u64 = 60;
/// Longest that any one thing may take before it counts as a deadlock; machines may be loaded.
const PATIENCE: Duration = Duration::from_mins(1);
/// How much the engine may grow from the moment the other client stalls to the end, bytes.
const GROWTH: u64 = 12 * 1024 * 1024;

fn seconds() -> u64 {
    std::env::var("CPMG_CROWD_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(USUAL)
}

/// Whether a client stalls in the second half.
fn is_stalling() -> bool {
    std::env::var("CPMG_CROWD_STALL").map_or(true, |said| said != "no")
}

/// The part of `times` that is below the answer: the median, the 95th of a hundred, the longest.
fn figures(times: &mut [Duration]) -> (Duration, Duration, Duration) {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let at = |share| at(share).copied().unwrap_or_default();
    (at(50), at(95), at(100))
}

fn median(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// The number that a name ends in.
fn count(name: &str) -> u64 {
    name.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no number in {name}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_loses_anything_or_waits_for_the_one_that_stalls() {
    let long = Duration::from_secs(seconds());
    let site = Arc::new(Site::start(ENVIRONMENTS).await);
    let began = Instant::now();
    let (stall, end) = (began + long / 2, began + long);
    let mut workers = Vec::new();
    for n in 0..CLIENTS {
        let env = site.envs[n % ENVIRONMENTS];
        // The clients of an environment are several people.
        workers.push(Worker::new(&site, n, n / ENVIRONMENTS, env, stall).await);
    }
    let running: Vec<_> = workers.into_iter().map(|w| tokio::spawn(w.run(end))).collect();
    let mut memory: Vec<(Instant, u64)> = Vec::new();
    let mut stalled = None;
    while Instant::now() < end {
        memory.push((Instant::now(), site.memory()));
        if stalled.is_none() && is_stalling() && Instant::now() >= stall {
            stalled = Some(Stalled::new(&site).await);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut all = Tally::default();
    let mut replicas = Vec::new();
    for (n, worker) in running.into_iter().enumerate() {
        let ended = tokio::time::timeout(PATIENCE, worker).await;
        let worker = ended.unwrap_or_else(|_| panic!("client {n} hangs")).unwrap();
        all.add(worker.tally.clone());
        replicas.push(worker);
    }
    let asked = stalled.as_ref().map_or(0, |s| s.asked);
    assert!(asked > 0 || !is_stalling(), "the other client never stalled");
    settle(&site).await;
    nothing_is_lost(&site, &all).await;
    the_trail_knows(&site, &all).await;
    for worker in &replicas {
        worker.sees_what_there_is(&site).await;
    }

    let (before, after) = (figures(&mut all.before), figures(&mut all.after));
    let of = |late: bool| memory.iter().filter(|(at, _)| (*at >= stall) == late).map(|(_, m)| *m).collect();
    let (early, late): (Vec<u64>, Vec<u64>) = (of(false), of(true));
    let last = &late[late.len() * 2 / 3..];
    let mib = |bytes: u64| bytes / (1024 * 1024);
    let tenths: Vec<u64> = (0..10).map(|n| mib(memory[n * memory.len() / 10].1)).collect();
    println!(
        "{CLIENTS} clients, {} s: {} edits acknowledged, {} lost to a told conflict, {} refused because a job works; {} jobs, \
         {} refused because one works; {} take-overs; {} answers before the stall (median {:?}, 95 of 100 within {:?}, longest {:?}), \
         {} after it (median {:?}, 95 of 100 within {:?}, longest {:?}); the one that stalls had asked {asked} times; the engine's memory: \
         {} MiB at first, {} MiB before the stall, {} MiB at the end; at each tenth {tenths:?}",
        long.as_secs(),
        all.envs.values().sum::<u64>() + all.nodes.values().sum::<u64>(),
        all.conflicts,
        all.busy_edits,
        all.jobs.len(),
        all.busy_installs,
        all.taken,
        all.before.len(),
        before.0,
        before.1,
        before.2,
        all.after.len(),
        after.0,
        after.1,
        after.2,
        mib(memory[0].1),
        mib(median(&early[early.len() / 2..])),
        mib(median(last)),
    );
    assert!(!all.after.is_empty(), "nobody was answered while the other client stalled");
    // Times and memory of a few seconds on a machine that does other things say nothing.
    if seconds() >= LONG {
        assert!(
            after.1 <= 3 * before.1 + Duration::from_millis(250),
            "others are slowed by the one that stalls: {:?} instead of {:?}",
            after.1,
            before.1
        );
        let grown = median(last).saturating_sub(median(&early[early.len() / 2..]));
        assert!(grown <= GROWTH, "the engine has grown by {} MiB", mib(grown));
    }
    drop(stalled);
    site.stop().await;
}

/// Goes on with what is held and waits until no job works.
async fn settle(site: &Site) {
    let waiting = async {
        loop {
            let jobs = site.rows(Topic::RunningJobs).await;
            if jobs.is_empty() {
                return;
            }
            for row in jobs {
                let Row::Job(job) = row else { continue };
                if job.foreign("ada").is_some() {
                    site.take_over(job.id).await;
                }
                if job.state == JobState::Holding {
                    let _ = site.ada.call(Request::JobRelease { job: job.id }).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(2 * PATIENCE, waiting).await.expect("jobs do not come to their end");
}

/// Every acknowledged edit counts in the end, and every acknowledged job is there and came to its end.
async fn nothing_is_lost(site: &Site, all: &Tally) {
    let mut names = BTreeMap::new();
    for row in site.rows(Topic::Environments).await {
        let Row::Env(row) = row else { panic!("{row:?}") };
        names.insert(row.env.id, count(&row.env.name));
    }
    let envs: BTreeMap<EnvId, u64> =
        site.envs.iter().map(|e| (*e, all.envs.get(e).copied().unwrap_or_default())).collect();
    assert_eq!(names, envs, "acknowledged names of environments");
    let mut nodes: BTreeMap<NodeId, u64> = BTreeMap::new();
    let mut jobs: BTreeSet<JobId> = BTreeSet::new();
    for env in &site.envs {
        for row in site.rows(Topic::Nodes(*env)).await {
            let Row::Node(row) = row else { panic!("{row:?}") };
            nodes.insert(row.id, count(&row.name));
        }
        for row in site.rows(Topic::Jobs(*env)).await {
            let Row::Job(row) = row else { panic!("{row:?}") };
            assert!(row.state.is_over(), "{row:?}");
            assert_eq!(row.state, JobState::Succeeded, "{row:?}");
            jobs.insert(row.id);
        }
    }
    nodes.retain(|_, n| *n > 0);
    assert_eq!(nodes, all.nodes, "acknowledged names of nodes");
    assert_eq!(jobs, all.jobs, "acknowledged jobs");
}

/// Each edit and each take-over stands in the audit trail once.
async fn the_trail_knows(site: &Site, all: &Tally) {
    let (mut renamed, mut taken, mut before) = (0, 0, None);
    loop {
        let ask = Request::Audit { filter: AuditFilter::default(), before, limit: 500 };
        let Response::Audit(page) = site.ada.call(ask).await.unwrap() else { panic!() };
        for (_, entry) in &page.entries {
            renamed += u64::from(entry.what.starts_with("renamed it to"));
            taken += u64::from(entry.what.starts_with("took it over from") && entry.by != "ada");
        }
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    let edits: u64 = all.envs.values().sum::<u64>() + all.nodes.values().sum::<u64>();
    assert_eq!((renamed, taken), (edits, all.taken), "edits and take-overs in the trail");
}
