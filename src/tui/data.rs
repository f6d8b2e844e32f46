//! What the engine has told us: the rows of every topic that is watched.
//!
//! Rows of a topic stay when nobody watches it any more, so that going back shows something at once; the next snapshot
//! replaces them. Nothing here is ever made up by the client.

use crate::api::check::{CheckRow, CheckRunRow};
use crate::api::rows::{
    DiscoveryRow, EnvRow, FoundRow, JobNodeRow, JobRow, MarkRow, Matter, NodeRow, StepRow, SweepRow,
};
use crate::api::{Row, RowKey, Topic, Update};
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::tui::i18n::Text;
use std::collections::{BTreeMap, HashMap};

/// Topics kept although nobody watches them.
const KEPT: usize = 32;

/// Rows by topic.
#[derive(Debug, Default)]
pub struct Data {
    topics: HashMap<Topic, BTreeMap<RowKey, Row>>,
    /// Why the engine does not tell of these.
    refused: HashMap<Topic, Text>,
}

impl Data {
    /// Takes an update in. Returns whether anything differs.
    pub fn take(&mut self, update: Update) -> bool {
        let known = self.topics.contains_key(&update.topic);
        self.refused.remove(&update.topic);
        let rows = self.topics.entry(update.topic).or_default();
        let mut changed = !known;
        if update.snapshot {
            let fresh: BTreeMap<RowKey, Row> = update.rows.into_iter().map(|r| (r.key(), r)).collect();
            changed |= *rows != fresh;
            *rows = fresh;
        } else {
            changed |= !update.rows.is_empty();
            rows.extend(update.rows.into_iter().map(|r| (r.key(), r)));
        }
        for key in update.gone {
            changed |= rows.remove(&key).is_some();
        }
        changed
    }

    /// Forgets everything: somebody else logs in.
    pub fn clear(&mut self) {
        self.topics.clear();
        self.refused.clear();
    }

    /// The engine does not tell of a topic.
    pub fn refuse(&mut self, topic: Topic, why: Text) {
        self.refused.insert(topic, why);
    }

    /// Why it does not.
    pub fn refusal(&self, topic: Topic) -> Option<&Text> {
        self.refused.get(&topic)
    }

    /// Forgets topics of which neither `watched` nor memory wants to know any more.
    pub fn trim(&mut self, watched: impl Fn(&Topic) -> bool) {
        if self.topics.len() > KEPT {
            self.topics.retain(|topic, _| watched(topic));
            self.refused.retain(|topic, _| watched(topic));
        }
    }

    /// Whether the topic's snapshot has come.
    pub fn has(&self, topic: Topic) -> bool {
        self.topics.contains_key(&topic)
    }

    fn rows(&self, topic: Topic) -> impl DoubleEndedIterator<Item = &Row> {
        self.topics.get(&topic).into_iter().flat_map(|rows| rows.values())
    }

    /// The environments, hidden ones instead of the others if asked.
    pub fn environments(&self, topic: Topic) -> Vec<&EnvRow> {
        self.rows(topic).filter_map(|r| if let Row::Env(r) = r { Some(&**r) } else { None }).collect()
    }

    /// An environment.
    pub fn environment(&self, id: EnvId) -> Option<&EnvRow> {
        [Topic::Environments, Topic::Hidden]
            .into_iter()
            .find_map(|t| self.environments(t).into_iter().find(|r| r.env.id == id))
    }

    /// Nodes of an environment.
    pub fn nodes(&self, env: EnvId) -> Vec<&NodeRow> {
        self.rows(Topic::Nodes(env))
            .filter_map(|r| if let Row::Node(r) = r { Some(&**r) } else { None })
            .collect()
    }

    /// A node, in whichever environment.
    pub fn node(&self, id: NodeId) -> Option<&NodeRow> {
        self.topics.values().filter_map(|rows| rows.get(&RowKey(id.0))).find_map(|r| match r {
            Row::Node(r) if r.id == id => Some(&**r),
            _ => None,
        })
    }

    /// Jobs of an environment, newest last.
    pub fn jobs(&self, env: EnvId) -> Vec<&JobRow> {
        self.rows(Topic::Jobs(env)).filter_map(job_row).collect()
    }

    /// Jobs of all environments that are not over.
    pub fn running_jobs(&self) -> Vec<&JobRow> {
        self.rows(Topic::RunningJobs).filter_map(job_row).filter(|j| !j.state.is_over()).collect()
    }

    /// A job.
    pub fn job(&self, id: JobId) -> Option<&JobRow> {
        self.rows(Topic::Job(id)).find_map(job_row)
    }

    /// Nodes of a job.
    pub fn job_nodes(&self, id: JobId) -> Vec<&JobNodeRow> {
        self.rows(Topic::Job(id))
            .filter_map(|r| if let Row::JobNode(r) = r { Some(&**r) } else { None })
            .collect()
    }

    /// Steps of a node of a job, in order.
    pub fn steps(&self, job: JobId, node: NodeId) -> Vec<&StepRow> {
        self.rows(Topic::JobNode(job, node))
            .filter_map(|r| if let Row::Step(r) = r { Some(r) } else { None })
            .collect()
    }

    /// How machines are found for an environment.
    pub fn discovery(&self, env: EnvId) -> Option<&DiscoveryRow> {
        self.rows(Topic::Discovery(env))
            .find_map(|r| if let Row::Discovery(r) = r { Some(&**r) } else { None })
    }

    /// The newest sweep of an environment.
    pub fn sweep(&self, env: EnvId) -> Option<&SweepRow> {
        let all = self.rows(Topic::Discovery(env));
        all.filter_map(|r| if let Row::Sweep(r) = r { Some(r) } else { None }).max_by_key(|r| r.id)
    }

    /// What answered at an address, by [`crate::domain::sweeps::Sighting::key`].
    pub fn found_at(&self, env: EnvId, key: u64) -> Option<&FoundRow> {
        match self.topics.get(&Topic::Discovery(env))?.get(&RowKey(key + 1))? {
            Row::Found(r) => Some(r),
            _ => None,
        }
    }

    /// Addresses at which something ever answered.
    pub fn found(&self, env: EnvId) -> Vec<&FoundRow> {
        self.rows(Topic::Discovery(env))
            .filter_map(|r| if let Row::Found(r) = r { Some(r) } else { None })
            .collect()
    }

    /// The last connectivity check of an environment.
    pub fn check(&self, env: EnvId) -> Option<&CheckRow> {
        self.rows(Topic::Check(env)).find_map(|r| if let Row::Check(r) = r { Some(&**r) } else { None })
    }

    /// The connectivity check of an environment that runs, or ran last.
    pub fn check_run(&self, env: EnvId) -> Option<&CheckRunRow> {
        self.rows(Topic::Check(env)).find_map(|r| if let Row::CheckRun(r) = r { Some(r) } else { None })
    }

    /// The proof of an environment.
    pub fn proof(&self, env: EnvId) -> Option<&crate::api::proof::ProofRow> {
        self.rows(Topic::Proof(env)).find_map(|r| if let Row::Proof(r) = r { Some(&**r) } else { None })
    }

    /// How far the logs of an environment are.
    pub fn logs(&self, env: EnvId) -> Option<&crate::api::logs::LogNews> {
        self.rows(Topic::Logs(env)).find_map(|r| if let Row::Logs(r) = r { Some(r) } else { None })
    }

    /// When a matter of an environment has changed.
    pub fn mark(&self, env: EnvId, matter: Matter) -> Option<&MarkRow> {
        let mut rows = self.rows(Topic::Matter(env, matter));
        rows.find_map(|r| if let Row::Mark(r) = r { Some(r) } else { None })
    }

    /// Who is here.
    pub fn sessions(&self) -> Vec<&crate::api::team::SessionRow> {
        self.rows(Topic::Sessions)
            .filter_map(|r| if let Row::Session(r) = r { Some(r) } else { None })
            .collect()
    }

    /// Shells that are open.
    pub fn shells(&self) -> Vec<&crate::api::rows::ShellRow> {
        self.rows(Topic::Shells).filter_map(|r| if let Row::Shell(r) = r { Some(r) } else { None }).collect()
    }
}

fn job_row(row: &Row) -> Option<&JobRow> {
    if let Row::Job(r) = row { Some(r) } else { None }
}
