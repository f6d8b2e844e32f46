//! What a request is about, and whether a user may reach that.
//!
//! An environment can be limited to named users, and a hidden one is for administrators. Everything else belongs to an environment: its
//! nodes, jobs, sweeps, shells on its nodes, lists that were previewed for it, live tails. Whoever may not reach an environment is told what
//! would be told if it did not exist, and lists and subscriptions leave it out. The match has no "all others": a new request does not
//! compile before somebody has said what it is about.

use super::{Engine, environments, jobs, nodes, sweeps};
use crate::api::accounts::AccountAsk;
use crate::api::cobbler::CobblerAsk;
use crate::api::day2::Day2;
use crate::api::keep::Keep;
use crate::api::logs::LogAsk;
use crate::api::loki::LokiAsk;
use crate::api::manual::ManualAsk;
use crate::api::proof::ProofAsk;
use crate::api::shells::ShellAsk;
use crate::api::team::Team;
use crate::api::{Failure, FailureKind, Request, Row, Topic};
use crate::domain::environment::Environment;
use crate::domain::facts::same::Twin;
use crate::domain::ids::{EnvId, JobId, NodeId, ShellId, SweepId};
use crate::domain::user::{User, UserRole};

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// Nothing that belongs to an environment.
    Nothing,
    /// An environment.
    Env(EnvId),
    /// A node.
    Node(NodeId),
    /// A job.
    Job(JobId),
    /// A node of a job.
    JobNode(JobId, NodeId),
    /// A sweep.
    Sweep(SweepId),
    /// A shell.
    Shell(ShellId),
    /// A list that was previewed.
    Import(u64),
    /// A live tail.
    Tail(u64),
}

impl Object {
    /// The word for it in the table of permissions.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "-",
            Self::Env(_) => "environment",
            Self::Node(_) => "node",
            Self::Job(_) => "job",
            Self::JobNode(..) => "node of a job",
            Self::Sweep(_) => "sweep",
            Self::Shell(_) => "shell",
            Self::Import(_) => "list",
            Self::Tail(_) => "tail",
        }
    }
}

/// What `request` is about.
pub fn object(request: &Request) -> Object {
    use Request as R;
    match request {
        R::Ping
        | R::FirstAdministrator { .. }
        | R::Login { .. }
        | R::Resume { .. }
        | R::Logout
        | R::WhoAmI
        | R::Users
        | R::UserAdd { .. }
        | R::UserPassword { .. }
        | R::UserDisable { .. }
        | R::People(_)
        | R::Door(_)
        | R::Catalog
        | R::EnvAdd { .. }
        // Of the list of one user, before it is known what it is for.
        | R::ImportText { .. }
        // Entries are left out one by one.
        | R::Audit { .. }
        | R::Keep(
            Keep::AuditVerify
            | Keep::Backup
            | Keep::ExportRules
            | Keep::ExportRulesSet(_)
            | Keep::EnvImport { .. },
        )
        | R::Diagnosis
        | R::Stop
        | R::Team(Team::Unknown)
        | R::Cobbler(CobblerAsk::Unknown)
        | R::Accounts(AccountAsk::Unknown)
        | R::Manual(ManualAsk::Unknown)
        | R::Proof(ProofAsk::Unknown)
        | R::Unknown => Object::Nothing,
        R::Team(Team::Here(place)) => place.env.map_or(Object::Nothing, Object::Env),
        R::Subscribe(topic) | R::Rows(topic) | R::Unsubscribe(topic) => of_topic(*topic),
        R::EnvEdit { env, .. }
        | R::Keep(Keep::EnvPurge { env, .. } | Keep::EnvClone { env, .. } | Keep::EnvExport { env, .. })
        | R::SweepStart { env, .. }
        | R::SightingsForget { env }
        | R::DiscoveryEdit { env, .. }
        | R::SetEdit { env, .. }
        | R::NodeAdd { env, .. }
        | R::Cobbler(CobblerAsk::Set { env, .. } | CobblerAsk::Settings { env } | CobblerAsk::View { env })
        | R::Ip { env }
        | R::IpChange { env, .. }
        | R::Accounts(
            AccountAsk::List { env }
            | AccountAsk::Set { env, .. }
            | AccountAsk::RotationPreview { env, .. }
            | AccountAsk::Rotate { env, .. }
            | AccountAsk::Reveal { env, .. },
        )
        | R::Net { env }
        | R::NetSet { env, .. }
        | R::PlanPreview { env }
        | R::StepScript { env, .. }
        | R::Install { env, .. }
        | R::CheckRun { env, .. }
        | R::CheckCancel { env }
        | R::Proof(ProofAsk::Start { env, .. } | ProofAsk::Cancel { env }) => Object::Env(*env),
        R::ImportPreview(ask) => Object::Env(ask.env),
        R::ImportApply { import, .. } => Object::Import(*import),
        R::SweepCancel { sweep } => Object::Sweep(*sweep),
        R::NodeEdit { node, .. }
        | R::NodeRemove { node, .. }
        | R::FactsHistory { node }
        | R::NodeProbe { node }
        | R::NodeTrust { node, .. }
        | R::Cobbler(CobblerAsk::Register { node, .. })
        | R::NodeReinstall { node, .. }
        | R::Manual(ManualAsk::Start { node })
        | R::NodeLock { node, .. }
        | R::ShellOpen { node, .. } => Object::Node(*node),
        R::JobRetry { job }
        | R::JobStop { job, .. }
        | R::JobRelease { job }
        | R::JobForecast { job, .. }
        | R::UndoPreview { job, .. }
        | R::Undo { job, .. }
        | R::JobReport { job, .. }
        | R::Team(Team::TakeOver { job, .. }) => Object::Job(*job),
        R::NodeAgain { job, node }
        | R::ReinstallExtend { job, node, .. }
        | R::Manual(
            ManualAsk::Confirm { job, node, .. }
            | ManualAsk::Check { job, node }
            | ManualAsk::Leave { job, node },
        )
        | R::CeilingExtend { job, node, .. }
        | R::Output { job, node, .. } => Object::JobNode(*job, *node),
        R::ShellAttach { shell, .. }
        | R::ShellWrite { shell, .. }
        | R::ShellResize { shell, .. }
        | R::ShellDetach { shell }
        | R::ShellClose { shell } => Object::Shell(*shell),
        R::Day2(asked) => of_day2(asked),
        R::Logs(asked) => of_logs(asked),
        R::Loki(asked) => of_loki(asked),
        R::Shells(asked) => of_shells(asked),
    }
}

/// What `topic` is about.
pub fn of_topic(topic: Topic) -> Object {
    match topic {
        // Rows are left out one by one.
        Topic::Environments | Topic::Hidden | Topic::RunningJobs | Topic::Shells | Topic::Sessions => {
            Object::Nothing
        }
        Topic::Nodes(env)
        | Topic::Jobs(env)
        | Topic::Check(env)
        | Topic::Proof(env)
        | Topic::Discovery(env)
        | Topic::Matter(env, _)
        | Topic::Logs(env) => Object::Env(env),
        Topic::Job(job) => Object::Job(job),
        Topic::JobNode(job, node) => Object::JobNode(job, node),
        Topic::Sweep(sweep) => Object::Sweep(sweep),
    }
}

fn of_day2(asked: &Day2) -> Object {
    match asked {
        Day2::LeavePreview { node, .. }
        | Day2::Leave { node, .. }
        | Day2::Services { node, .. }
        | Day2::Restart { node, .. } => Object::Node(*node),
        Day2::OptionsPending { env }
        | Day2::RollOutPreview { env }
        | Day2::RollOut { env, .. }
        | Day2::TaskPreview { env, .. }
        | Day2::Task { env, .. } => Object::Env(*env),
    }
}

fn of_logs(asked: &LogAsk) -> Object {
    match asked {
        LogAsk::Sources { env }
        | LogAsk::Window { env, .. }
        | LogAsk::Search { env, .. }
        | LogAsk::Histogram { env, .. }
        | LogAsk::Record { env, .. }
        | LogAsk::Trace { env, .. }
        | LogAsk::Marks { env }
        | LogAsk::Mark { env, .. }
        | LogAsk::Unmark { env, .. }
        | LogAsk::Views { env }
        | LogAsk::ViewSave { env, .. }
        | LogAsk::ViewRemove { env, .. }
        | LogAsk::Collect { env, .. } => Object::Env(*env),
    }
}

fn of_shells(asked: &ShellAsk) -> Object {
    match asked {
        ShellAsk::Record { shell, .. } => Object::Shell(*shell),
        ShellAsk::Upload { node, .. } | ShellAsk::Download { node, .. } => Object::Node(*node),
        // Recordings belong to who made them; a transfer is looked for among one's own.
        ShellAsk::Rules
        | ShellAsk::RulesSet(_)
        | ShellAsk::Recordings { .. }
        | ShellAsk::RecordingPart { .. }
        | ShellAsk::UploadPart { .. }
        | ShellAsk::UploadEnd { .. }
        | ShellAsk::DownloadPart { .. }
        | ShellAsk::TransferCancel { .. } => Object::Nothing,
    }
}

fn of_loki(asked: &LokiAsk) -> Object {
    match asked {
        LokiAsk::Show { env }
        | LokiAsk::Set { env, .. }
        | LokiAsk::Push { env, .. }
        | LokiAsk::Test { env }
        | LokiAsk::Query { env, .. }
        | LokiAsk::Labels { env }
        | LokiAsk::Values { env, .. }
        | LokiAsk::TailOpen { env, .. } => Object::Env(*env),
        LokiAsk::TailNext { tail } | LokiAsk::TailClose { tail } => Object::Tail(*tail),
    }
}

impl Engine {
    /// The environment to which something belongs; `None` if it belongs to none, or is not there.
    pub fn env_of(&self, object: Object) -> Option<EnvId> {
        let of_node = |node| self.model.read().nodes.get(&node).map(|n| n.env);
        match object {
            Object::Nothing => None,
            Object::Env(env) => Some(env),
            Object::Node(node) => of_node(node),
            Object::Job(job) | Object::JobNode(job, _) => {
                let kept = self.model.read().jobs.get(&job).cloned();
                kept.map(|k| k.env())
            }
            Object::Sweep(sweep) => self.sweeps.state().records.get(&sweep).map(|r| r.env),
            Object::Shell(shell) => self.shells.node(shell).and_then(of_node),
            Object::Import(import) => self.imports.env(import),
            Object::Tail(tail) => self.tails.env(tail),
        }
    }

    /// The environment of that identity, if it is there.
    fn known_env(&self, env: EnvId) -> Option<Environment> {
        self.model.read().envs.get(&env).cloned()
    }

    /// Whether `user` may reach an environment; one that is not there any more is for administrators.
    pub fn sees(&self, user: &User, env: EnvId) -> bool {
        user.role == UserRole::Administrator
            || self.model.read().envs.get(&env).is_some_and(|e| e.admits(user))
    }

    /// Refuses what `user` may not reach, with the sentence for what is not there.
    pub fn reach(&self, user: &User, object: Object) -> Result<(), Failure> {
        let Some(env) = self.env_of(object).and_then(|env| self.known_env(env)) else { return Ok(()) };
        if env.admits(user) {
            return Ok(());
        }
        Err(match object {
            Object::Node(node) => nodes::no_node(node),
            Object::Job(job) | Object::JobNode(job, _) => jobs::no_job(job),
            Object::Sweep(sweep) => sweeps::no_sweep(sweep),
            Object::Shell(shell) => Failure::new(FailureKind::NotFound, format!("shell {shell} has ended"))
                .keyed("error-shell-ended")
                .arg("number", shell),
            Object::Import(_) | Object::Tail(_) | Object::Nothing | Object::Env(_) => {
                environments::no_env(env.id)
            }
        })
    }

    /// The rows of a topic that `user` may see.
    pub fn rows_for(&self, user: &User, topic: Topic) -> Vec<Row> {
        let mut rows = if self.reach(user, of_topic(topic)).is_ok() { self.rows(topic) } else { Vec::new() };
        if user.role == UserRole::Administrator {
            return rows;
        }
        let theirs = |twins: &mut Vec<Twin>| twins.retain(|t| self.sees(user, t.env));
        rows.retain_mut(|row| match row {
            Row::Env(row) => self.sees(user, row.env.id),
            Row::Job(row) => self.sees(user, row.env),
            // Who is here is no secret; that there is another environment is.
            Row::Session(row) => {
                row.place.take_if(|p| p.env.is_some_and(|env| !self.sees(user, env)));
                true
            }
            Row::Shell(row) => self.env_of(Object::Node(row.node)).is_some_and(|env| self.sees(user, env)),
            Row::Node(row) => {
                theirs(&mut row.twins);
                true
            }
            Row::Found(row) => {
                theirs(&mut row.twins);
                true
            }
            _ => true,
        });
        rows
    }
}
