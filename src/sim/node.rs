//! One simulated node: what lies on it, which attempts at steps were made, and how far each has come.
//!
//! Nothing runs. An attempt is a take of a recording and the moment it was started; what it has printed and whether it has
//! ended follow from the clock. That is the semantics of `runner.sh` without its processes: an attempt is claimed once,
//! outlives every connection, and is remembered.

use super::clock::Clock;
use super::fault::Trouble;
use super::recording::{Recordings, Take};
use crate::domain::plan::StepId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// An attempt as the runner's protocol names it: folder of the job, `module.step`, `1` or `u1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) folder: String,
    pub(super) step: String,
    pub(super) attempt: String,
}

/// What an attempt came to otherwise than by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// By a signal; the status is kept.
    Signal(i32),
    /// The node was rebooted.
    Reboot,
}

#[derive(Debug)]
struct Attempt {
    started: Duration,
    take: Take,
    stopped: Option<(Duration, Stop)>,
}

impl Attempt {
    /// The moment after which nothing more happens; `None` for one that hangs.
    fn over_at(&self) -> Option<Duration> {
        match self.stopped {
            Some((at, _)) => Some(at),
            None if self.take.end == Duration::MAX => None,
            None => Some(self.started + self.take.end),
        }
    }

    fn out(&self, now: Duration) -> String {
        let until = self.over_at().map_or(now, |at| at.min(now)).saturating_sub(self.started);
        self.take.out.iter().take_while(|(at, _)| *at <= until).map(|(_, text)| text.as_str()).collect()
    }

    fn state(&self, now: Duration) -> String {
        match self.stopped {
            Some((_, Stop::Signal(status))) => format!("ended {status} unchanged"),
            Some((_, Stop::Reboot)) => "lost rebooted".to_owned(),
            None if self.over_at().is_some_and(|at| at <= now) => {
                let outcome = if self.take.changed { "changed" } else { "unchanged" };
                format!("ended {} {outcome}", self.take.status)
            }
            None => "running".to_owned(),
        }
    }
}

#[derive(Debug, Default)]
struct Memory {
    /// Files of a job's folder: path to content.
    files: BTreeMap<String, Vec<u8>>,
    attempts: BTreeMap<Key, Attempt>,
    /// Times each step was begun on this node, over all jobs.
    begun: BTreeMap<StepId, u32>,
    /// When each step was undone last.
    undone: BTreeMap<StepId, Duration>,
    /// Troubles that happen once and have happened.
    happened: BTreeSet<usize>,
    boot: u32,
}

/// One simulated node.
#[derive(Debug)]
pub(super) struct SimNode {
    pub(super) name: String,
    pub(super) index: usize,
    pub(super) address: std::net::SocketAddr,
    pub(super) clock: Arc<Clock>,
    recordings: Arc<Recordings>,
    troubles: Vec<Trouble>,
    memory: Mutex<Memory>,
    /// Cancelled when all connections break.
    link: Mutex<CancellationToken>,
    /// Grows when something happened that the clock does not tell.
    pub(super) news: watch::Sender<u64>,
}

impl SimNode {
    pub(super) fn new(
        name: String,
        index: usize,
        address: std::net::SocketAddr,
        clock: Arc<Clock>,
        recordings: Arc<Recordings>,
        troubles: Vec<Trouble>,
    ) -> Self {
        Self {
            name,
            index,
            address,
            clock,
            recordings,
            troubles,
            memory: Mutex::default(),
            link: Mutex::default(),
            news: watch::Sender::new(0),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.news.send_modify(|n| *n += 1);
    }

    /// Whether it has that trouble.
    pub(super) fn has(&self, trouble: &Trouble) -> bool {
        self.troubles.contains(trouble)
    }

    /// The token that is cancelled when the connections of now break.
    pub(super) fn link(&self) -> CancellationToken {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Breaks every connection. Steps go on.
    pub(super) fn drop_connections(&self) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *link).cancel();
    }

    /// Ends what runs, forgets nothing on disk, breaks connections, comes up with another boot id.
    pub(super) fn reboot(&self) {
        {
            let mut memory = self.memory();
            let now = self.clock.now();
            memory.boot += 1;
            for attempt in memory.attempts.values_mut() {
                if attempt.over_at().is_none_or(|at| at > now) {
                    attempt.stopped = Some((now, Stop::Reboot));
                }
            }
        }
        self.tell();
        self.drop_connections();
    }

    /// Changes with every boot.
    pub(super) fn boot_id(&self) -> String {
        format!("51b0{:04x}-0000-4000-8000-{:012x}", self.memory().boot, self.index + 1)
    }

    /// Keeps uploaded files; `folder` is absolute.
    pub(super) fn unpack(&self, folder: &str, archive: &[u8]) -> std::io::Result<()> {
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() {
                let path = format!("{folder}/{}", entry.path()?.display());
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut entry, &mut bytes)?;
                self.write(path, bytes);
            }
        }
        Ok(())
    }

    /// Keeps a file.
    pub(super) fn write(&self, path: String, bytes: Vec<u8>) {
        self.memory().files.insert(path, bytes);
    }

    /// Whether a file is there.
    pub(super) fn has_file(&self, path: &str) -> bool {
        self.memory().files.contains_key(path)
    }

    /// Removes files and folders below a path.
    pub(super) fn remove(&self, path: &str) {
        let below = format!("{path}/");
        self.memory().files.retain(|p, _| p != path && !p.starts_with(&below));
    }

    /// Starts an attempt unless it was started before; says whether it was started now.
    pub(super) fn start(self: &Arc<Self>, key: &Key, secrets: &str) -> bool {
        let now = self.clock.now();
        let mut memory = self.memory();
        let secrets_file = format!("{}/run/{}.{}/{secrets}", key.folder, key.step, key.attempt);
        let given = secrets == "-" || memory.files.remove(&secrets_file).is_some();
        if memory.attempts.contains_key(key) {
            return false;
        }
        let Ok(step) = key.step.replacen('.', "/", 1).parse::<StepId>() else { return false };
        let script = format!("{}/steps/{step}.sh", key.folder);
        let check = key.attempt.starts_with('c');
        let runs = !key.attempt.starts_with(['c', 'u']);
        let mut take = if !memory.files.contains_key(&script) {
            failure(2, &format!("sh: 1: .: cannot open {script}: No such file\n"))
        } else if !given {
            failure(1, &format!("error: the secrets for {step} are gone: try the step again\n"))
        } else if key.attempt.starts_with('u') {
            let out = vec![(Duration::from_millis(100), format!("{step}: put back what was found\n"))];
            memory.undone.insert(step.clone(), now);
            Take { out, end: Duration::from_millis(300), status: 0, changed: true }
        } else if check {
            let changed = memory.done(&step, now) == 0;
            let text = if changed {
                format!("{step} has not been done yet\n")
            } else {
                "nothing to do\n".to_owned()
            };
            let out = vec![(Duration::from_millis(50), text)];
            Take { out, end: Duration::from_millis(100), status: 0, changed }
        } else {
            let vars = memory.files.get(&format!("{}/vars/{}.sh", key.folder, step.module()));
            let vars = variables(vars.map_or(&[], Vec::as_slice));
            let done = memory.done(&step, now);
            let mut take =
                self.recordings.take(&step, vars.get("NODE_ROLES").map_or("", String::as_str), done);
            for (_, text) in &mut take.out {
                replace(text, &vars);
            }
            take
        };
        let begun = memory.begun.entry(step.clone()).or_default();
        *begun += u32::from(runs);
        let begun = *begun;
        let mut soon = None;
        // Troubles are for what is really run.
        for (i, trouble) in self.troubles.iter().enumerate().filter(|_| runs) {
            match trouble {
                Trouble::Slow { factor } => slow(&mut take, *factor),
                Trouble::Fail { step: s, attempt } if *s == step && *attempt == begun => {
                    fail(&mut take, &step);
                }
                Trouble::Hang { step: s, attempt } if *s == step && *attempt == begun => {
                    take.end = Duration::MAX;
                }
                Trouble::Drop { step: s } | Trouble::Reboot { step: s }
                    if *s == step && memory.happened.insert(i) =>
                {
                    soon = Some(trouble.clone());
                }
                _ => {}
            }
        }
        if let Some(trouble) = soon {
            self.provoke_at(now + take.end.min(Duration::from_hours(1)) / 2, trouble);
        }
        memory.attempts.insert(key.clone(), Attempt { started: now, take, stopped: None });
        true
    }

    fn provoke_at(self: &Arc<Self>, at: Duration, trouble: Trouble) {
        let node = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep_until(node.clock.when(at)).await;
            match trouble {
                Trouble::Reboot { .. } => node.reboot(),
                _ => node.drop_connections(),
            }
        });
    }

    /// State and output of an attempt: `absent` and nothing where it was never started.
    pub(super) fn look(&self, key: &Key) -> (String, String) {
        let memory = self.memory();
        let now = self.clock.now();
        memory
            .attempts
            .get(key)
            .map_or_else(|| ("absent".to_owned(), String::new()), |a| (a.state(now), a.out(now)))
    }

    /// When an attempt will be over: `None` if it was never started or hangs.
    pub(super) fn over_at(&self, key: &Key) -> Option<Duration> {
        self.memory().attempts.get(key)?.over_at()
    }

    /// Ends an attempt that runs. Returns its state.
    pub(super) fn kill(&self, key: &Key, status: i32) -> String {
        let now = self.clock.now();
        if let Some(attempt) = self.memory().attempts.get_mut(key)
            && attempt.over_at().is_none_or(|at| at > now)
        {
            attempt.stopped = Some((now, Stop::Signal(status)));
        }
        self.tell();
        self.look(key).0
    }
}

impl Memory {
    /// How often a step was done well on this node since it was undone.
    fn done(&self, step: &StepId, now: Duration) -> usize {
        let undone = self.undone.get(step);
        let of = |k: &Key| k.step == step.dotted() && !k.attempt.starts_with(['u', 'c']);
        let good = |a: &Attempt| {
            a.take.status == 0
                && a.stopped.is_none()
                && a.over_at().is_some_and(|at| at <= now)
                && undone.is_none_or(|at| *at < a.started)
        };
        self.attempts.iter().filter(|(k, a)| of(k) && good(a)).count()
    }
}

fn failure(status: i32, text: &str) -> Take {
    Take {
        out: vec![(Duration::ZERO, text.to_owned())],
        end: Duration::from_millis(50),
        status,
        changed: false,
    }
}

fn slow(take: &mut Take, factor: f64) {
    for (at, _) in &mut take.out {
        *at = at.mul_f64(factor);
    }
    if take.end != Duration::MAX {
        take.end = take.end.mul_f64(factor);
    }
}

fn fail(take: &mut Take, step: &StepId) {
    take.out.truncate(take.out.len() / 2);
    take.end /= 2;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "error: {step} was told to fail by the demonstration. Try it again: the next attempt works"
    );
    take.out.push((take.end, text));
    (take.status, take.changed) = (1, false);
}

/// `NAME=value` lines as the catalog writes them; only plain and single-quoted one-line values, which names and addresses are.
fn variables(file: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(file);
    let pair = |line: &str| {
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), value.trim_matches('\'').to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

fn replace(text: &mut String, vars: &BTreeMap<String, String>) {
    if !text.contains('@') {
        return;
    }
    for name in ["NODE_NAME", "NODE_ADDRESS", "CONTROLLER_NAME", "CONTROLLER_ADDRESS"] {
        if let Some(value) = vars.get(name) {
            *text = text.replace(&format!("@{name}@"), value);
        }
    }
}
