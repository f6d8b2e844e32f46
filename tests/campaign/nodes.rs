//! What the nodes themselves know: the runner's files about each attempt, and the marks that the steps left.

use super::work::MARKS;
use super::world::World;
use std::collections::BTreeMap;
use std::path::Path;

/// A step and its attempt's name (`1`, `2` …, `u1` … when it undoes).
pub type Key = (String, String);

/// One attempt as the runner's files tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Process and boot that claimed it; `None` while nobody has.
    pub claim: Option<(u32, String)>,
    /// Exit status, when it is complete.
    pub rc: Option<i32>,
    /// Its last word is `changed`.
    pub changed: bool,
    /// A process runs it now.
    pub alive: bool,
}

/// Folder of a job on the nodes.
pub fn folder(job: &serde_json::Value) -> String {
    format!("{}-{:x}", job["id"], job["created"].as_u64().expect("a moment"))
}

/// All attempts of a job that a node knows.
pub fn attempts(world: &World, node: &str, folder: &str) -> BTreeMap<Key, Found> {
    let run = world.on_disk(node, &format!("/var/lib/cpmg/jobs/{folder}/run"));
    let boot =
        World::in_proc(node, "sys/kernel/random/boot_id").and_then(|p| std::fs::read_to_string(p).ok());
    let boot = boot.unwrap_or_default().trim().to_owned();
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(run).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((step, attempt)) = name.strip_prefix("campaign.").and_then(|n| n.split_once('.')) else {
            continue;
        };
        let at = entry.path();
        let read = |file: &str| std::fs::read_to_string(at.join(file)).unwrap_or_default();
        // Status before process: one that is gone has written it.
        let claim = read("claim");
        let claim = claim.trim().split_once(' ').and_then(|(p, b)| Some((p.parse().ok()?, b.to_owned())));
        if !at.join("claim").exists() {
            continue;
        }
        let alive = claim.as_ref().is_some_and(|(pid, of)| *of == boot && runs(node, *pid, &name));
        let rc = read("rc");
        let rc = rc.strip_suffix('\n').and_then(|rc| rc.parse().ok());
        let found = Found { claim, rc, changed: read("outcome").trim() == "changed", alive };
        all.insert((step.to_owned(), attempt.to_owned()), found);
    }
    all
}

/// Whether that process of the node is the one that runs the attempt.
fn runs(node: &str, pid: u32, attempt: &str) -> bool {
    let line = World::in_proc(node, &format!("{pid}/cmdline"))
        .and_then(|p| std::fs::read(p).ok())
        .unwrap_or_default();
    let words: Vec<&[u8]> = line.split(|b| *b == 0).collect();
    let (step, number) = attempt.rsplit_once('.').expect("step and attempt");
    words.windows(3).any(|w| w == [b"step".as_slice(), step.as_bytes(), number.as_bytes()])
}

/// What the attempt printed, as it lies on the node.
pub fn output(world: &World, node: &str, folder: &str, (step, attempt): &Key) -> Option<Vec<u8>> {
    std::fs::read(
        world.on_disk(node, &format!("/var/lib/cpmg/jobs/{folder}/run/campaign.{step}.{attempt}/out")),
    )
    .ok()
}

/// Marks of one attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// How often it began.
    pub begins: u32,
    /// How often it came to its end.
    pub ends: u32,
    /// How often another step was running when it began.
    pub overlaps: u32,
}

/// All marks of a job on a node.
pub fn marks(world: &World, node: &str, folder: &str) -> BTreeMap<Key, Marks> {
    let mut all: BTreeMap<Key, Marks> = BTreeMap::new();
    for entry in std::fs::read_dir(world.on_disk(node, MARKS)).expect("the marks").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix(folder).and_then(|n| n.strip_prefix('.')) else { continue };
        let words: Vec<&str> = rest.split('.').collect();
        let [step, attempt, what, _run] = words[..] else { panic!("an odd mark on {node}: {name}") };
        let marks = all.entry((step.to_owned(), attempt.to_owned())).or_default();
        match what {
            "begin" => marks.begins += 1,
            "end" => marks.ends += 1,
            _ => marks.overlaps += 1,
        }
    }
    all
}

/// Removes all that cpmg has on a node, as an operator might who cleans up at the wrong moment.
pub fn remove_everything(world: &World, node: &str) {
    world.exec(node, "rm -rf /var/lib/cpmg");
    assert!(!Path::new(&world.on_disk(node, "/var/lib/cpmg/jobs")).exists());
}
