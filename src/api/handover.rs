//! What the report of an environment is made from, as clients get it from the engine.

use super::rows::NodeRow;
use super::views::NetView;
use crate::domain::check::CheckReport;
use crate::domain::environment::Environment;
use crate::domain::handover::{Handover, Machine};
use crate::domain::netplan::{NetworkPlan, NodeFacts, Resolved};
use crate::domain::proof::Proof;
use crate::domain::report::JobReport;
use crate::domain::time::Moment;

/// The parts; what is not there is left out of the report, with a sentence that says so.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The environment.
    pub env: Environment,
    /// Its nodes.
    pub nodes: Vec<NodeRow>,
    /// Its network plan.
    pub plan: NetworkPlan,
    /// What that comes to.
    pub resolved: Resolved,
    /// The last connectivity check.
    pub check: Option<CheckReport>,
    /// The last proof.
    pub proof: Option<Proof>,
    /// The newest job.
    pub job: Option<JobReport>,
}

impl Parts {
    /// An environment with its nodes and nothing else yet.
    pub fn new(env: Environment, nodes: Vec<NodeRow>) -> Self {
        let (plan, resolved) = (NetworkPlan::default(), Resolved::default());
        Self { env, nodes, plan, resolved, check: None, proof: None, job: None }
    }

    /// Takes the network plan in.
    pub fn take(&mut self, view: NetView) {
        (self.plan, self.resolved) = (view.plan, view.resolved);
    }

    /// The report, as of `at`, asked for `by` somebody; `findings` are the sentences of the check.
    pub fn handover<'a>(&'a self, at: Moment, by: &'a str, findings: Vec<String>) -> Handover<'a> {
        let nodes = self.nodes.iter().map(|n| Machine { seen: NodeFacts::from(n), state: n.state }).collect();
        Handover {
            at,
            by,
            env: &self.env,
            nodes,
            plan: &self.plan,
            resolved: &self.resolved,
            check: self.check.as_ref(),
            findings,
            proof: self.proof.as_ref(),
            job: self.job.as_ref(),
        }
    }
}
