//! Connectivity checks: one at a time for each environment, in the background, on all its nodes.
//!
//! A check logs in to the nodes (a bounded number at once), gathers their facts, asks the questions that `domain::check` makes of
//! the network plan, and stores the judged report; the last ones of each environment stay. A smaller check (some nodes, some
//! kinds) renews that part of what the last one saw and judges all of it again; where that is not kept any more, or what it
//! rests on has changed, the whole check is made. Ending a check early leaves no report, and the nodes as they were.

use super::deeds::given_reason;
use super::records::{CHECKS, refused};
use super::topics::Area;
use super::{Engine, now};
use crate::api::check::{CheckPhase, CheckRow, CheckRunRow, CheckScope};
use crate::api::{Failure, FailureKind, Row};
use crate::discovery;
use crate::discovery::probe::{self, ProbeEvent};
use crate::domain::check::gate::gate;
use crate::domain::check::probe::{NodeProbe, Task, TaskKind};
use crate::domain::check::{
    Basis, CheckKind, CheckReport, Expected, Facing, Observed, PortNeed, Seen, evaluate, expect, tasks,
};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::node::Node;
use crate::domain::plan::PlanKind;
use crate::domain::said::Said;
use crate::domain::user::User;
use crate::ssh::Session;
use crate::store::{Kind, Stamp};
use futures_util::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Reports that are kept of an environment.
const KEPT: usize = 10;
/// Nodes that are logged in to at the same time.
const PARALLEL: usize = 48;
/// Most results of a check that are kept in memory, so that a smaller one can renew a part of them.
const RESULTS_KEPT: usize = 100_000;

/// What is known of an environment's checks.
#[derive(Default)]
struct Cell {
    run: Option<CheckRunRow>,
    cancel: CancellationToken,
    latest: Option<Arc<CheckReport>>,
    /// What the latest report was judged by, if it is not too much.
    seen: Option<Observed>,
    /// How long the last whole check took, milliseconds.
    took: Option<u64>,
}

/// Checks of all environments.
#[derive(Default)]
pub struct Checks(Mutex<BTreeMap<EnvId, Cell>>);

impl Checks {
    fn with<R>(&self, env: EnvId, work: impl FnOnce(&mut Cell) -> R) -> R {
        work(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(env).or_default())
    }

    /// Takes up the reports that were stored.
    pub fn load(&self, all: BTreeMap<(EnvId, u64), CheckReport>) {
        for ((env, _), report) in all {
            self.with(env, |cell| {
                cell.took = Some(report.ended.since(report.at));
                cell.latest = Some(Arc::new(report));
            });
        }
    }
}

/// Everything a check is made of.
struct Ground {
    nodes: Vec<Node>,
    ports: BTreeMap<NodeId, Vec<PortNeed>>,
    basis: Basis,
}

/// Why a check left no report.
enum Broken {
    Cancelled,
    Failed(String),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.message)
    }
}

impl Engine {
    /// Rows of an environment's check.
    pub fn check_rows(&self, env: EnvId) -> Vec<Row> {
        let (run, report) = self.checks.with(env, |c| (c.run.clone(), c.latest.clone()));
        let Ok(basis) = self.check_basis(env) else { return Vec::new() };
        let changed = report.as_ref().map(|r| r.changed(&basis, now())).unwrap_or_default();
        let gate = gate(basis.plan > 0, report.as_deref(), &changed);
        let report = report.map(|r| (*r).clone());
        let mut rows = vec![Row::Check(Box::new(CheckRow { report, changed, gate }))];
        rows.extend(run.map(Row::CheckRun));
        rows
    }

    /// What a report made now would rest on.
    fn check_basis(&self, env: EnvId) -> Result<Basis, Failure> {
        let record = self.env(env)?;
        let (plan, _) = self.network(env)?;
        let model = self.model.read();
        let nodes: Vec<&Node> = model.nodes.values().filter(|n| n.env == env).collect();
        let places: Vec<_> = nodes.iter().map(|n| (n.id, n.address.ip(), n.port)).collect();
        let nics: Vec<_> = nodes
            .iter()
            .filter_map(|n| n.facts.as_ref().map(|f| (n.id, f)))
            .map(|(id, f)| (id, f.nics.iter().map(|n| (n.name.clone(), n.mac.clone())).collect::<Vec<_>>()))
            .collect();
        let roles: Vec<_> = nodes.iter().map(|n| (n.id, n.roles.clone())).collect();
        Ok(Basis {
            plan: if plan.is_empty() { 0 } else { plan.revision.0 },
            nodes: Basis::number(&places),
            nics: Basis::number(&nics),
            roles: Basis::number(&(roles, &record.modules, &record.platform)),
        })
    }

    /// Whether an installation may start: how the check stands, and the reason that was given. Refused when it needs one.
    pub fn pass_gate(&self, env: EnvId, over: Option<String>) -> Result<(Said, Option<String>), Failure> {
        let report = self.checks.with(env, |c| c.latest.clone());
        let basis = self.check_basis(env)?;
        let changed = report.as_ref().map(|r| r.changed(&basis, now())).unwrap_or_default();
        let gate = gate(basis.plan > 0, report.as_deref(), &changed);
        let over = over.map(|text| given_reason("over", &text)).transpose()?;
        if gate.needs_reason && over.is_none() {
            let words = gate.said();
            let why = format!(
                "{words}: check first ('cpmg check run'), or say why it is to be installed all the same (--reason)"
            );
            return Err(Failure::new(FailureKind::Invalid, why).at("over").keyed("error-check-gate"));
        }
        Ok((gate.said(), over))
    }

    /// Starts a check.
    pub fn check_run(
        self: &Arc<Self>,
        asks: &User,
        env: EnvId,
        scope: CheckScope,
    ) -> Result<CheckRunRow, Failure> {
        self.env(env)?;
        let nodes = self.model.read().nodes.values().filter(|n| n.env == env).count();
        let invalid = |field: &str, why: &str| Failure::new(FailureKind::Invalid, why).at(field);
        if nodes == 0 {
            return Err(
                invalid("env", "there are no nodes to check: add some first").keyed("error-check-empty")
            );
        }
        for id in &scope.nodes {
            if self.node(*id)?.env != env {
                return Err(invalid("nodes", "this node belongs to another environment")
                    .keyed("error-node-elsewhere"));
            }
        }
        let cancel = CancellationToken::new();
        let run = CheckRunRow {
            env,
            by: asks.name.clone(),
            started: now(),
            ended: None,
            phase: CheckPhase::Facts,
            scope,
            done: 0,
            total: u32::try_from(nodes).unwrap_or(u32::MAX),
            usual_ms: None,
            cancelled: false,
            fault: None,
        };
        let run = self.checks.with(env, |cell| {
            if let Some(run) = cell.run.as_ref().filter(|r| r.ended.is_none()) {
                return Err(Failure::new(
                    FailureKind::Busy,
                    format!("{} checks this environment already: wait, or cancel that check", run.by),
                )
                .keyed("error-check-runs"));
            }
            // Runs are told apart by when they began.
            let began = cell.run.as_ref().map_or(run.started, |last| run.started.max(last.started.plus(1)));
            let run = CheckRunRow { usual_ms: cell.took, started: began, ..run };
            cell.run = Some(run.clone());
            cell.cancel = cancel.clone();
            Ok(run)
        })?;
        self.topics.touch(Area::Check(env));
        let engine = Arc::clone(self);
        self.spawn(async move {
            let result = engine.check(env, &cancel).await;
            engine.checks.with(env, |cell| {
                let Some(run) = &mut cell.run else { return };
                run.ended = Some(now());
                run.phase = CheckPhase::Over;
                match result {
                    Ok(()) => {}
                    Err(Broken::Cancelled) => run.cancelled = true,
                    Err(Broken::Failed(why)) => run.fault = Some(why),
                }
            });
            engine.topics.touch(Area::Check(env));
        });
        Ok(run)
    }

    /// Ends the check that runs.
    pub fn check_cancel(&self, env: EnvId) -> Result<(), Failure> {
        self.env(env)?;
        self.checks.with(env, |cell| {
            if cell.run.as_ref().is_none_or(|r| r.ended.is_some()) {
                return Err(Failure::new(FailureKind::Busy, "no check runs").keyed("error-check-idle"));
            }
            cell.cancel.cancel();
            Ok(())
        })
    }

    fn check_progress(&self, env: EnvId, change: impl FnOnce(&mut CheckRunRow)) {
        self.checks.with(env, |cell| cell.run.as_mut().map(change));
        self.topics.touch(Area::Check(env));
    }

    /// Nodes with what modules chosen for them need.
    fn check_ground(&self, env: EnvId) -> Result<Ground, Failure> {
        let record = self.env(env)?;
        let nodes: Vec<Node> = self.model.read().nodes.values().filter(|n| n.env == env).cloned().collect();
        let mut ports: BTreeMap<NodeId, Vec<PortNeed>> = BTreeMap::new();
        // An environment that cannot be planned yet has nothing that needs ports.
        if let (Ok(plan), Ok(catalog)) = (self.plan(&record, PlanKind::Install), self.catalog()) {
            for item in plan.stages.iter().flat_map(|s| &s.items) {
                let modules: BTreeSet<&str> =
                    item.steps.iter().map(crate::domain::plan::StepId::module).collect();
                let list = ports.entry(item.node).or_default();
                for module in modules.into_iter().filter_map(|m| catalog.module(m)) {
                    let units: BTreeSet<String> =
                        module.units.iter().map(|u| u.trim_end_matches(".service").to_owned()).collect();
                    list.extend(module.ports.iter().map(|port| PortNeed {
                        port: *port,
                        module: module.name.clone(),
                        units: units.clone(),
                    }));
                }
                list.sort();
                list.dedup();
            }
        }
        Ok(Ground { nodes, ports, basis: self.check_basis(env)? })
    }

    /// DHCP servers that belong to the environment: its Cobbler server.
    async fn dhcp_known(&self, env: EnvId) -> Vec<Ipv4Addr> {
        let Ok(Some(settings)) = self.cobbler_settings(env) else { return Vec::new() };
        let host = settings.url.split("://").last().unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default().to_owned();
        let found = tokio::net::lookup_host((host, 0)).await;
        let ips = found.into_iter().flatten().filter_map(|a| match a.ip() {
            std::net::IpAddr::V4(ip) => Some(ip),
            std::net::IpAddr::V6(_) => None,
        });
        ips.collect()
    }

    /// The whole check.
    async fn check(self: &Arc<Self>, env: EnvId, cancel: &CancellationToken) -> Result<(), Broken> {
        let began = now();
        let ground = self.check_ground(env)?;
        let (scope, by) = self
            .checks
            .with(env, |c| c.run.as_ref().map(|r| (r.scope.clone(), r.by.clone())).unwrap_or_default());
        // A part is renewed only where everything else still holds.
        let kept = self.checks.with(env, |cell| {
            let same = cell.latest.as_ref().is_some_and(|r| r.basis == ground.basis);
            cell.seen.clone().filter(|_| same && !scope.is_whole())
        });
        let kept = kept.filter(|seen| {
            ground.nodes.iter().all(|n| seen.nodes.get(&n.id).is_some_and(|s| s.unreachable.is_none()))
        });
        let all: BTreeSet<CheckKind> = CheckKind::ALL.into();
        let kinds: BTreeSet<CheckKind> = match &kept {
            Some(_) if !scope.kinds.is_empty() => scope.kinds.iter().copied().collect(),
            _ => all.clone(),
        };
        let with_others = kinds.iter().any(|k| k.needs_others());
        let wanted: Vec<Node> = ground
            .nodes
            .iter()
            .filter(|n| {
                kept.is_none() || with_others || scope.nodes.is_empty() || scope.nodes.contains(&n.id)
            })
            .cloned()
            .collect();
        let total = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
        self.check_progress(env, |run| run.total = total);

        let mut sessions = BTreeMap::new();
        let mut observed = Observed::default();
        let logins = futures_util::stream::iter(wanted.iter().cloned().map(|node| self.look(node)));
        let mut logins = logins.buffer_unordered(PARALLEL);
        loop {
            let next = tokio::select! {
                next = logins.next() => next,
                () = cancel.cancelled() => return Err(Broken::Cancelled),
            };
            let Some((node, result)) = next else { break };
            match result {
                Ok(session) => drop(sessions.insert(node, session)),
                Err(why) => drop(observed.nodes.insert(node, Seen { unreachable: Some(why), probe: None })),
            }
            self.check_progress(env, |run| run.done += 1);
        }
        drop(logins);

        let ground = self.check_ground(env)?;
        let expected = self.check_expected(env, &ground).await?;
        let questions = tasks(&expected, &kinds);
        let asked: BTreeSet<TaskKind> = questions.values().flatten().map(Task::kind).collect();
        self.check_progress(env, |run| (run.phase, run.done) = (CheckPhase::Asking, 0));
        let probes = self.ask_nodes(env, sessions, questions, cancel).await?;
        for probe in probes {
            observed.nodes.insert(probe.node, Seen { unreachable: None, probe: Some(probe) });
        }
        let observed = match kept {
            Some(mut seen) => {
                seen.update(observed, &asked);
                seen
            }
            None => observed,
        };
        let judged = evaluate(&expected, &observed, &all, began);
        let report = CheckReport {
            env,
            number: self.records.next_id(Kind::Checks)?,
            at: began,
            ended: now(),
            by,
            planned: expected.planned,
            basis: ground.basis,
            nodes: judged.nodes,
            columns: judged.columns,
            cells: judged.cells,
            findings: judged.findings,
            segments: judged.segments,
        };
        self.keep_report(report, observed, scope.is_whole())?;
        Ok(())
    }

    /// Logs in to a node and gathers its facts.
    async fn look(self: &Arc<Self>, node: Node) -> (NodeId, Result<Session, String>) {
        let session = match self.connect_node(&node).await {
            Ok(session) => session,
            Err(why) => return (node.id, Err(why.to_string())),
        };
        match discovery::gather(&session, now).await {
            Ok(facts) => {
                if let Err(why) = self.keep_facts(node.id, facts, |_, _| {}) {
                    tracing::warn!(%why, node = %node.name, "its facts could not be kept");
                }
            }
            // What was known before is judged by; the questions themselves will tell.
            Err(why) => tracing::warn!(%why, node = %node.name, "no facts before the check"),
        }
        (node.id, Ok(session))
    }

    async fn check_expected(&self, env: EnvId, ground: &Ground) -> Result<Expected, Failure> {
        let (plan, resolved) = self.network(env)?;
        let dhcp = self.dhcp_known(env).await;
        let none = Vec::new();
        let facing: Vec<Facing<'_>> = ground
            .nodes
            .iter()
            .map(|node| Facing {
                node,
                facts: node.facts.as_ref(),
                ports: ground.ports.get(&node.id).unwrap_or(&none),
            })
            .collect();
        Ok(expect(&facing, Some((&plan, &resolved)), &dhcp))
    }

    /// Asks all nodes at the same time. However this ends, every program has put back what it switched on.
    async fn ask_nodes(
        &self,
        env: EnvId,
        mut sessions: BTreeMap<NodeId, Session>,
        questions: BTreeMap<NodeId, Vec<Task>>,
        cancel: &CancellationToken,
    ) -> Result<Vec<NodeProbe>, Broken> {
        let mut asked = Vec::new();
        let mut answers: BTreeMap<NodeId, NodeProbe> = BTreeMap::new();
        for (node, tasks) in questions {
            if let Some(session) = sessions.get(&node) {
                asked.push((node, session.clone(), tasks));
                answers.insert(node, NodeProbe { node, program: None, results: Vec::new(), fault: None });
            }
        }
        let mut run = probe::run(asked, probe::Options::default(), now, cancel);
        while let Some((node, event)) = run.next().await {
            let Some(answer) = answers.get_mut(&node) else { continue };
            match event {
                ProbeEvent::Started(program) => answer.program = Some(program),
                ProbeEvent::Result(result) => answer.results.push(result),
                ProbeEvent::Ready => {}
                ProbeEvent::Ended(end) => {
                    answer.fault = end.err().map(|e| e.to_string());
                    self.check_progress(env, |run| run.done += 1);
                }
            }
        }
        let closing = std::mem::take(&mut sessions).into_values().map(|s| async move { s.close().await });
        futures_util::future::join_all(closing).await;
        if cancel.is_cancelled() { Err(Broken::Cancelled) } else { Ok(answers.into_values().collect()) }
    }

    /// Stores a report; the oldest ones go.
    fn keep_report(&self, mut report: CheckReport, seen: Observed, whole: bool) -> Result<(), Failure> {
        let env = report.env;
        let before = self.checks.with(env, |c| c.latest.clone());
        if let Some(before) = &before {
            report.carry_on(before);
        }
        let stored = self.records.under(CHECKS, &env).map_err(|f| refused(&f))?;
        let over = (stored.len() + 1).saturating_sub(KEPT);
        let took = report.ended.since(report.at);
        self.records.change(|batch| {
            for (key, _) in stored.iter().take(over) {
                CHECKS.remove(batch, key);
            }
            CHECKS.put(batch, &(env, report.number), &report, Stamp::engine(report.ended))
        })?;
        self.checks.with(env, |cell| {
            cell.latest = Some(Arc::new(report));
            cell.seen = (seen.len() <= RESULTS_KEPT).then_some(seen);
            if whole {
                cell.took = Some(took);
            }
        });
        Ok(())
    }
}
