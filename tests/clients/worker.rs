//! One client of the crowd: edits, installs, steers and watches, and counts what was acknowledged to it.

use crate::site::Site;
use cpmg::api::client::Pushed;
use cpmg::api::message::{EnvChange, NodeChange};
use cpmg::api::rows::JobRow;
use cpmg::api::team::{Place, Team};
use cpmg::api::{Client, ClientError, Failure, FailureKind, Request, Response, Row, RowKey, Topic, Update};
use cpmg::domain::ids::{EnvId, JobId, NodeId};
use cpmg::domain::job::forecast::Stop;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest that an answer may take before it counts as a deadlock.
const ANSWER: Duration = Duration::from_mins(1);

/// What was acknowledged, and how long answers took.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Renamings of environments.
    pub envs: BTreeMap<EnvId, u64>,
    /// Renamings of nodes.
    pub nodes: BTreeMap<NodeId, u64>,
    /// Jobs that were started.
    pub jobs: BTreeSet<JobId>,
    /// Take-overs.
    pub taken: u64,
    /// Edits that were refused since somebody was quicker.
    pub conflicts: u64,
    /// Edits that were refused since a job works.
    pub busy_edits: u64,
    /// Installations that were refused since one works.
    pub busy_installs: u64,
    /// Times of answers before the other client stalled.
    pub before: Vec<Duration>,
    /// And after.
    pub after: Vec<Duration>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        for (env, n) in other.envs {
            *self.envs.entry(env).or_default() += n;
        }
        for (node, n) in other.nodes {
            *self.nodes.entry(node).or_default() += n;
        }
        for job in other.jobs {
            assert!(self.jobs.insert(job), "job {job} was acknowledged twice");
        }
        self.taken += other.taken;
        self.conflicts += other.conflicts;
        self.busy_edits += other.busy_edits;
        self.busy_installs += other.busy_installs;
        self.before.extend(other.before);
        self.after.extend(other.after);
    }
}

/// What the engine has told a client.
#[derive(Default)]
struct Replica(HashMap<Topic, BTreeMap<RowKey, Row>>);

impl Replica {
    fn take(&mut self, update: Update) {
        let rows = self.0.entry(update.topic).or_default();
        if update.snapshot {
            rows.clear();
        }
        rows.extend(update.rows.into_iter().map(|r| (r.key(), r)));
        for key in update.gone {
            rows.remove(&key);
        }
    }
}

pub struct Worker {
    client: Client,
    env: EnvId,
    replica: Arc<Mutex<Replica>>,
    /// Dice, the same in every run.
    dice: u64,
    stall: Instant,
    watched: Option<JobId>,
    pub tally: Tally,
}

impl Worker {
    pub async fn new(site: &Site, n: usize, person: usize, env: EnvId, stall: Instant) -> Self {
        let (client, mut pushed) = site.client(person).await;
        let replica = Arc::new(Mutex::new(Replica::default()));
        let mine = Arc::clone(&replica);
        tokio::spawn(async move {
            while let Some(told) = pushed.recv().await {
                if let Pushed::Update(update) = told {
                    mine.lock().unwrap().take(update);
                }
            }
        });
        for topic in [Topic::Environments, Topic::Nodes(env), Topic::Jobs(env), Topic::Sessions] {
            client.call(Request::Subscribe(topic)).await.unwrap();
        }
        let dice = 0x9e37_79b9_7f4a_7c15 ^ (n as u64 + 1);
        Self { client, env, replica, dice, stall, watched: None, tally: Tally::default() }
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % sides
    }

    fn rows(&self, topic: Topic) -> Vec<Row> {
        self.replica.lock().unwrap().0.get(&topic).map(|r| r.values().cloned().collect()).unwrap_or_default()
    }

    async fn call(&mut self, request: Request) -> Result<Response, Failure> {
        let began = Instant::now();
        let shown = format!("{request:?}");
        let answer = tokio::time::timeout(ANSWER, self.client.call(request)).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {shown}"));
        let took = began.elapsed();
        let times = if began < self.stall { &mut self.tally.before } else { &mut self.tally.after };
        times.push(took);
        match answer {
            Ok(response) => Ok(response),
            Err(ClientError::Refused(failure)) => {
                assert!(
                    matches!(failure.kind, FailureKind::Conflict | FailureKind::Busy),
                    "{shown}: {failure}"
                );
                Err(failure)
            }
            Err(other) => panic!("{shown}: {other}"),
        }
    }

    /// Works until `end`.
    pub async fn run(mut self, end: Instant) -> Self {
        while Instant::now() < end {
            match self.roll(10) {
                0..=2 => self.rename_environment().await,
                3 | 4 => self.rename_node().await,
                5 => self.install().await,
                6 => self.steer().await,
                7 => self.watch().await,
                8 => self.go().await,
                _ => drop(self.call(Request::Ping).await),
            }
            let pause = 20 + self.roll(60);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        self
    }

    /// What is read is counted up by one: an edit that is lost is missing in the end.
    async fn rename_environment(&mut self) {
        let rows = self.rows(Topic::Environments);
        let Some(Row::Env(row)) = rows.into_iter().find(|r| matches!(r, Row::Env(e) if e.env.id == self.env))
        else {
            return;
        };
        let change = EnvChange::Rename(next(&row.env.name));
        let edit = Request::EnvEdit { env: self.env, based_on: row.env.revision, change };
        match self.call(edit).await {
            Ok(_) => *self.tally.envs.entry(self.env).or_default() += 1,
            Err(why) => self.refused(&why),
        }
    }

    async fn rename_node(&mut self) {
        let rows = self.rows(Topic::Nodes(self.env));
        let at = usize::try_from(self.roll(8)).unwrap();
        let Some(Row::Node(row)) = rows.get(at % rows.len().max(1)) else { return };
        let node = row.id;
        let change = NodeChange::Rename(next(&row.name));
        let edit = Request::NodeEdit { node, based_on: row.revision, change };
        match self.call(edit).await {
            Ok(_) => *self.tally.nodes.entry(node).or_default() += 1,
            Err(why) => self.refused(&why),
        }
    }

    fn refused(&mut self, why: &Failure) {
        match why.kind {
            FailureKind::Conflict => self.tally.conflicts += 1,
            _ => self.tally.busy_edits += 1,
        }
    }

    async fn install(&mut self) {
        let install = Request::Install { env: self.env, dry_run: false, only_new: false, over: None };
        match self.call(install).await {
            Ok(Response::Job(job)) => assert!(self.tally.jobs.insert(job.id), "{job:?}"),
            Ok(other) => panic!("{other:?}"),
            Err(_) => self.tally.busy_installs += 1,
        }
    }

    fn job(&self) -> Option<JobRow> {
        let jobs = self.rows(Topic::Jobs(self.env)).into_iter();
        jobs.filter_map(|r| if let Row::Job(j) = r { Some(*j) } else { None }).next_back()
    }

    /// Holds the job that works and goes on with it, which only one at a time may.
    async fn steer(&mut self) {
        let Some(job) = self.job().filter(|j| !j.state.is_over()).map(|j| j.id) else { return };
        let hold = Request::JobStop { job, stop: Stop::Hold };
        if let Err(why) = self.call(hold.clone()).await {
            if why.key.as_deref() != Some("error-job-foreign") {
                return;
            }
            let take = Request::Team(Team::TakeOver { job, why: "it is my turn".into() });
            if self.call(take).await.is_err() {
                return;
            }
            self.tally.taken += 1;
            let _ = self.call(hold).await;
        }
        let _ = self.call(Request::JobRelease { job }).await;
    }

    async fn watch(&mut self) {
        let Some(job) = self.job().map(|j| j.id) else { return };
        if self.watched != Some(job) {
            if let Some(old) = self.watched.replace(job) {
                self.call(Request::Unsubscribe(Topic::Job(old))).await.unwrap();
            }
            self.call(Request::Subscribe(Topic::Job(job))).await.unwrap();
        }
        self.call(Request::Rows(Topic::Job(job))).await.unwrap();
    }

    async fn go(&mut self) {
        let page = ["nodes", "jobs", "modules"][usize::try_from(self.roll(3)).unwrap()].to_owned();
        let place = Place { env: Some(self.env), page };
        self.call(Request::Team(Team::Here(place))).await.unwrap();
    }

    /// Waits until what it was told is what there is.
    pub async fn sees_what_there_is(&self, site: &Site) {
        let names = |rows: Vec<Row>| -> Vec<String> {
            rows.into_iter()
                .map(|r| match r {
                    Row::Env(e) => format!("{} {}", e.env.name, e.env.revision),
                    Row::Node(n) => format!("{} {} {}", n.name, n.revision, n.state),
                    Row::Job(j) => format!("{} {} {}", j.id, j.state, j.permille),
                    other => format!("{other:?}"),
                })
                .collect()
        };
        for topic in [Topic::Environments, Topic::Nodes(self.env), Topic::Jobs(self.env)] {
            let there = names(site.rows(topic).await);
            let same = async {
                while names(self.rows(topic)) != there {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let seen = tokio::time::timeout(ANSWER, same).await;
            assert!(seen.is_ok(), "{topic:?}: it sees {:?}, there is {there:?}", names(self.rows(topic)));
        }
    }
}

/// The name with its number counted up.
fn next(name: &str) -> String {
    let (word, number) = name.rsplit_once('-').unwrap();
    format!("{word}-{}", number.parse::<u64>().unwrap() + 1)
}
