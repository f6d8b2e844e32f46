//! What must hold: between the screen and the nodes at every moment, and about every byte at the end of a job.

use super::nodes::{self, Found, Key};
use super::work::Step;
use super::world::{NODES, World};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long the screen may say something else than a node that can be reached.
const AGREE: Duration = Duration::from_secs(45);

/// What a screen shows of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Attempts so far.
    pub attempt: u64,
    /// `waiting`, `running`, `interrupted`, or how it ended: `changed`, `unchanged`, `failed 7`, `lost WHY`, `cancelled`.
    pub state: String,
}

impl Shown {
    fn open(&self) -> bool {
        self.state == "running" || self.state == "interrupted"
    }
}

/// What a screen shows of a job.
pub struct Screen {
    /// The job's row.
    pub job: Value,
    /// State of each node.
    pub nodes: BTreeMap<String, Value>,
    /// Steps by node and name.
    pub steps: BTreeMap<(String, String), Shown>,
}

impl Screen {
    /// Asks the program.
    pub fn of(world: &World, job: &str) -> Self {
        let all = world.json(&["job", "show", job]);
        let mut screen = Self { job: all["job"].clone(), nodes: BTreeMap::new(), steps: BTreeMap::new() };
        for node in all["nodes"].as_array().expect("nodes") {
            let name = node["name"].as_str().expect("a name").to_owned();
            for step in all["steps"][node["node"].to_string()].as_array().expect("steps") {
                let Some(step_name) =
                    step["step"].as_str().expect("a step").strip_prefix("campaign/").map(str::to_owned)
                else {
                    continue;
                };
                let shown = Shown {
                    attempt: step["attempt"].as_u64().expect("a number"),
                    state: state(&step["state"]),
                };
                screen.steps.insert((name.clone(), step_name), shown);
            }
            screen.nodes.insert(name, node.clone());
        }
        screen
    }

    /// The job's state.
    pub fn state(&self) -> &str {
        self.job["state"].as_str().expect("a state")
    }

    /// Whether nothing happens any more.
    pub fn over(&self) -> bool {
        self.job["ended"].is_u64()
    }
}

fn state(value: &Value) -> String {
    if let Some(word) = value.as_str() {
        return word.to_owned();
    }
    let (word, inner) = value.as_object().and_then(|o| o.iter().next()).expect("a state");
    if word != "ended" {
        return word.clone();
    }
    match &inner["end"] {
        Value::String(end) => end.clone(),
        end if end["failed"].is_object() => format!("failed {}", end["failed"]["status"]),
        end => format!("lost {}", end["lost"]["why"].as_str().expect("a reason")),
    }
}

/// The last attempt's key.
fn key(step: &str, attempt: u64) -> Key {
    (step.to_owned(), attempt.to_string())
}

/// Whether a step that is shown as ended has ended so on the node.
fn contradicts(shown: &Shown, found: Option<&Found>) -> Option<&'static str> {
    let rc = found.and_then(|f| f.rc);
    let (good, changed) = (rc == Some(0), found.is_some_and(|f| f.changed));
    match shown.state.as_str() {
        "changed" if !good || !changed => Some("shown as done"),
        "unchanged" if !good || changed => Some("shown as done and unchanged"),
        "waiting" if shown.attempt == 0 && found.is_some() => Some("shown as waiting, but it was begun"),
        state
            if state.starts_with("failed ")
                && Some(state) != rc.map(|rc| format!("failed {rc}")).as_deref() =>
        {
            Some("shown as failed with another status")
        }
        state if state.starts_with("lost ") && (rc.is_some() || found.is_some_and(|f| f.alive)) => {
            Some("shown as lost, but it ended or runs")
        }
        _ => None,
    }
}

/// Compares the screen with the nodes, whatever goes on. `forgotten`: nodes whose files somebody removed.
pub fn glance(world: &World, job: &str, forgotten: &BTreeSet<&str>) -> Screen {
    let before = Screen::of(world, job);
    let folder = nodes::folder(&before.job);
    let found: BTreeMap<&str, _> = NODES.iter().map(|n| (*n, nodes::attempts(world, n, &folder))).collect();
    let after = Screen::of(world, job);
    for node in NODES.iter().filter(|n| !forgotten.contains(*n)) {
        let found = &found[node];
        for ((_, step), shown) in before.steps.iter().filter(|((n, _), _)| n == node) {
            // What is begun between the two looks is no contradiction.
            let fresh = shown.attempt == 0;
            if let Some(what) =
                contradicts(shown, found.get(&key(step, shown.attempt.max(1)))).filter(|_| !fresh)
            {
                panic!(
                    "{node} {step}: {what}: {shown:?}, the node says {:?}",
                    found.get(&key(step, shown.attempt))
                );
            }
        }
        for (step, attempt) in found.keys().filter(|(_, a)| a.parse::<u64>().is_ok()) {
            let known = after.steps[&((*node).to_owned(), step.clone())].attempt;
            assert!(
                attempt.parse::<u64>().is_ok_and(|a| a <= known),
                "{node} {step}: attempt {attempt} was begun, {known} known"
            );
        }
        once(world, node, &folder);
    }
    after
}

/// No attempt ran twice, none beside another.
fn once(world: &World, node: &str, folder: &str) {
    for (key, marks) in nodes::marks(world, node, folder) {
        assert!(marks.begins == 1 && marks.ends <= 1, "{node} {key:?} ran more than once: {marks:?}");
        assert!(marks.overlaps == 0, "{node} {key:?} ran beside another step: {marks:?}");
    }
}

/// Waits until every step that is shown as running runs, or until the screen says something else of it. For moments at which
/// nothing is broken.
pub fn agree(world: &World, job: &str) {
    let deadline = Instant::now() + AGREE;
    let mut open: Option<BTreeMap<(String, String), Shown>> = None;
    loop {
        let screen = Screen::of(world, job);
        let folder = nodes::folder(&screen.job);
        let mut now: BTreeMap<_, _> = screen.steps.into_iter().filter(|(_, s)| s.open()).collect();
        now.retain(|(node, step), shown| {
            let found = nodes::attempts(world, node, &folder).remove(&key(step, shown.attempt));
            // Shown as interrupted although the node can be asked is as wrong as shown as running without a process.
            !(shown.state == "running" && found.is_some_and(|f| f.alive && f.rc.is_none()))
        });
        // Only what is wrong all the time is wrong.
        let wrong = open.get_or_insert_with(|| now.clone());
        wrong.retain(|k, s| now.get(k) == Some(s));
        if wrong.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "shown for {AGREE:?} and not so on the node: {wrong:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What the checks at the ends of jobs have counted.
#[derive(Default)]
pub struct Tally {
    /// Attempts that were compared.
    pub attempts: u64,
    /// Of these, lost.
    pub lost: u64,
    /// Of these, failed.
    pub failed: u64,
    /// Bytes that were compared.
    pub bytes: u64,
    /// Ends that are known, by job, node, step, attempt.
    ends: BTreeMap<(String, String, Key), String>,
}

/// Checks a job that is over: every attempt began once at most, and all that it printed was kept.
pub fn ended(
    world: &World,
    job: &str,
    steps: &[Step],
    forgotten: &BTreeSet<&str>,
    tally: &mut Tally,
) -> Screen {
    let screen = glance(world, job, forgotten);
    assert!(screen.over(), "job {job} is over");
    let folder = nodes::folder(&screen.job);
    for ((node, name), shown) in &screen.steps {
        assert!(!shown.open(), "{node} {name} is shown as {shown:?} in a job that is over");
        let step = steps.iter().find(|s| s.name == *name).expect("one of ours");
        let marks = nodes::marks(world, node, &folder);
        for attempt in 1..=shown.attempt {
            let key = key(name, attempt);
            let place = (folder.clone(), node.clone(), key.clone());
            let end = tally.ends.get(&place).cloned();
            // The screen shows the last attempt; of earlier ones we know from the end of the run in which they were the last.
            let end = if attempt == shown.attempt { shown.state.clone() } else { end.unwrap_or_default() };
            if attempt == shown.attempt && end != "waiting" && tally.ends.insert(place, end.clone()).is_none()
            {
                tally.attempts += 1;
                tally.lost += u64::from(end.starts_with("lost"));
                tally.failed += u64::from(end.starts_with("failed"));
            }
            let number = attempt.to_string();
            let kept = world.ok(&[
                "job",
                "output",
                job,
                node,
                &format!("campaign/{name}"),
                "--attempt",
                &number,
                "--raw",
            ]);
            let wanted = step.output(node, &folder, &number);
            let done = matches!(end.as_str(), "changed" | "unchanged" | "failed 7");
            let gone = forgotten.contains(node.as_str());
            if let Some(there) = nodes::output(world, node, &folder, &key) {
                assert!(
                    kept == there,
                    "{node} {key:?} ({end}): {} bytes kept, {} on the node",
                    kept.len(),
                    there.len()
                );
            } else {
                assert!(
                    kept.is_empty() || gone,
                    "{node} {key:?} ({end}): output is kept that the node never printed"
                );
            }
            assert!(
                !done || kept == wanted,
                "{node} {key:?} ({end}): {} bytes of {}",
                kept.len(),
                wanted.len()
            );
            assert!(
                !done || marks.get(&key).is_some_and(|m| m.begins == 1),
                "{node} {key:?}: done without a mark"
            );
            if end.starts_with("lost") {
                assert!(
                    wanted.starts_with(&kept) || said_of_a_full_disk(&kept),
                    "{node} {key:?}: other bytes ({end})"
                );
            }
            if attempt == shown.attempt {
                tally.bytes += kept.len() as u64;
            }
        }
    }
    screen
}

/// A step that could not print leaves the shell's complaint behind.
fn said_of_a_full_disk(kept: &[u8]) -> bool {
    let text = String::from_utf8_lossy(kept);
    text.contains("No space left") || text.contains("I/O error")
}
