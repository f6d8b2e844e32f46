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
    /// Attempts to undo it, and the state of the last.
    pub undo: Option<(u64, String)>,
    /// How earlier attempts ended, by their names.
    pub history: BTreeMap<String, String>,
}

impl Shown {
    fn of(step: &Value) -> Self {
        let mut history = BTreeMap::new();
        for past in step["history"].as_array().into_iter().flatten() {
            let undo = if past["action"] == "undo" { "u" } else { "" };
            history.insert(format!("{undo}{}", past["number"]), end(&past["end"]));
        }
        let undo = step["undo"].is_object().then(|| &step["undo"]);
        let undo = undo.map(|u| (u["attempt"].as_u64().expect("a number"), state(&u["state"])));
        let attempt = step["attempt"].as_u64().expect("a number");
        Self { attempt, state: state(&step["state"]), undo, history }
    }

    /// The names of all attempts with what is shown of each; empty where an earlier end is not told.
    pub fn attempts(&self) -> BTreeMap<String, String> {
        let mut all = self.history.clone();
        for number in 1..=self.attempt {
            all.entry(number.to_string()).or_default();
        }
        // An undone step waits again: its last attempt is in the history then.
        if self.attempt > 0 && self.state != "waiting" {
            all.insert(self.attempt.to_string(), self.state.clone());
        }
        if let Some((number, state)) = &self.undo {
            for number in 1..=*number {
                all.entry(format!("u{number}")).or_default();
            }
            if state != "waiting" {
                all.insert(format!("u{number}"), state.clone());
            }
        }
        all
    }
}

/// Whether an attempt in this state is not over.
fn open(state: &str) -> bool {
    state == "running" || state == "interrupted"
}

/// What a screen shows of a job.
pub struct Screen {
    /// The job's row.
    pub job: Value,
    /// State of each node.
    pub nodes: BTreeMap<String, Value>,
    /// Steps by node and name.
    pub steps: BTreeMap<(String, String), Shown>,
    /// The steps that are not the campaign's (the preflight checks), by node and whole name.
    pub others: BTreeMap<(String, String), Shown>,
}

impl Screen {
    /// Asks the program.
    pub fn of(world: &World, job: &str) -> Self {
        let all = world.json(&["job", "show", job]);
        let mut screen = Self {
            job: all["job"].clone(),
            nodes: BTreeMap::new(),
            steps: BTreeMap::new(),
            others: BTreeMap::new(),
        };
        for node in all["nodes"].as_array().expect("nodes") {
            let name = node["name"].as_str().expect("a name").to_owned();
            for step in all["steps"][node["node"].to_string()].as_array().expect("steps") {
                let (step_name, shown) = (step["step"].as_str().expect("a step"), Shown::of(step));
                match step_name.strip_prefix("campaign/") {
                    Some(ours) => screen.steps.insert((name.clone(), ours.to_owned()), shown),
                    None => screen.others.insert((name.clone(), step_name.to_owned()), shown),
                };
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
    if word == "ended" { end(&inner["end"]) } else { word.clone() }
}

fn end(value: &Value) -> String {
    match value {
        Value::String(end) => end.clone(),
        end if end["failed"].is_object() => format!("failed {}", end["failed"]["status"]),
        end if end["lost"].is_object() => format!("lost {}", end["lost"]["why"].as_str().expect("a reason")),
        other => other.to_string(),
    }
}

/// Whether an attempt that is shown as ended has ended so on the node.
fn contradicts(state: &str, found: Option<&Found>) -> Option<&'static str> {
    let rc = found.and_then(|f| f.rc);
    let (good, changed) = (rc == Some(0), found.is_some_and(|f| f.changed));
    match state {
        "changed" if !good || !changed => Some("shown as done"),
        "unchanged" if !good || changed => Some("shown as done and unchanged"),
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
            for (attempt, state) in shown.attempts() {
                let there = found.get(&(step.clone(), attempt.clone()));
                if let Some(what) = contradicts(&state, there) {
                    panic!("{node} {step} {attempt}: {what}: {state}, the node says {there:?}");
                }
            }
        }
        for (step, attempt) in found.keys() {
            // What is begun between the two looks is known by the second: it is journalled before the node is told.
            let known = after.steps[&((*node).to_owned(), step.clone())].attempts();
            assert!(
                known.contains_key(attempt),
                "{node} {step}: attempt {attempt} was begun, known are {known:?}"
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

/// Waits until every attempt that is shown as running runs, or until the screen says something else of it. For moments at
/// which nothing is broken.
pub fn agree(world: &World, job: &str) {
    let deadline = Instant::now() + AGREE;
    let mut all_the_time: Option<BTreeMap<(String, Key), String>> = None;
    loop {
        let screen = Screen::of(world, job);
        let folder = nodes::folder(&screen.job);
        let mut now = BTreeMap::new();
        for ((node, step), shown) in &screen.steps {
            let shown = shown.attempts();
            for (attempt, state) in shown.into_iter().filter(|(_, state)| open(state)) {
                let key = (step.clone(), attempt);
                let runs = nodes::attempts(world, node, &folder)
                    .get(&key)
                    .is_some_and(|f| f.alive && f.rc.is_none());
                // Shown as interrupted although the node can be asked is as wrong as shown as running without a process.
                if state == "interrupted" || !runs {
                    now.insert((node.clone(), key), state);
                }
            }
        }
        let wrong = all_the_time.get_or_insert_with(|| now.clone());
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
    /// Attempts that were compared, those to undo among them.
    pub attempts: u64,
    /// Of these, to undo.
    pub undone: u64,
    /// Of these, lost.
    pub lost: u64,
    /// Of these, failed.
    pub failed: u64,
    /// Bytes that were compared.
    pub bytes: u64,
    /// What is counted already.
    seen: BTreeSet<(String, String, Key)>,
}

impl Tally {
    fn count(&mut self, place: (String, String, Key), end: &str, bytes: usize) {
        let undo = place.2.1.starts_with('u');
        if self.seen.insert(place) {
            self.attempts += 1;
            self.undone += u64::from(undo);
            self.lost += u64::from(end.starts_with("lost"));
            self.failed += u64::from(end.starts_with("failed"));
            self.bytes += u64::try_from(bytes).expect("few");
        }
    }
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
        let step = steps.iter().find(|s| s.name == *name).expect("one of ours");
        let marks = nodes::marks(world, node, &folder);
        for (attempt, end) in shown.attempts() {
            assert!(!open(&end), "{node} {name} {attempt} is shown as {end} in a job that is over");
            let key = (name.clone(), attempt.clone());
            let kept = output(world, job, node, &key);
            let wanted = step.output(node, &folder, &attempt);
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
                    wanted.starts_with(without_the_shells_word(&kept)) || said_of_a_full_disk(&kept),
                    "{node} {key:?}: other bytes ({end}): {}",
                    first_difference(&wanted, &kept)
                );
            }
            tally.count((folder.clone(), node.clone(), key), &end, kept.len());
        }
    }
    screen
}

/// All that the program kept of an attempt.
fn output(world: &World, job: &str, node: &str, (step, attempt): &Key) -> Vec<u8> {
    let step = format!("campaign/{step}");
    let mut args =
        vec!["job", "output", job, node, &step, "--raw", "--attempt", attempt.trim_start_matches('u')];
    if attempt.starts_with('u') {
        args.push("--undo");
    }
    world.ok(&args)
}

/// A step that could not print leaves the shell's complaint behind.
fn said_of_a_full_disk(kept: &[u8]) -> bool {
    let text = String::from_utf8_lossy(kept);
    text.contains("No space left") || text.contains("I/O error")
}

/// A system that goes down ends the `sleep` of a step first, at times: the step's shell then says so before it is ended itself,
/// and what a step printed is kept as it is. (dash, `showjob` in its jobs.c: only the signal's name, for a job in front.)
fn without_the_shells_word(kept: &[u8]) -> &[u8] {
    [&b"Terminated\n"[..], b"Hangup\n", b"Killed\n"]
        .iter()
        .find_map(|word| kept.strip_suffix(*word))
        .unwrap_or(kept)
}

/// Where two outputs part, and the words there.
fn first_difference(wanted: &[u8], kept: &[u8]) -> String {
    let at = wanted.iter().zip(kept).take_while(|(a, b)| a == b).count();
    let words = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes.get(at..bytes.len().min(at + 80)).unwrap_or_default()).into_owned()
    };
    format!("at byte {at} {:?} instead of {:?}", words(kept), words(wanted))
}
