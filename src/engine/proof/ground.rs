//! What a proof rests on, gathered from the records when it begins.

use super::Engine;
use crate::api::{Failure, FailureKind};
use crate::domain::environment::Environment;
use crate::domain::ids::NodeId;
use crate::domain::netplan::Tag;
use crate::domain::node::{Node, NodeRole};
use crate::domain::plan::{PlanKind, StepId};
use crate::domain::secret::Secret;
use crate::domain::usual::NodeSize;
use ipnet::Ipv4Net;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The physical network that the provider network is made on, unless the role names another.
const PHYSICAL: &str = "provider";

/// A module on a node.
#[derive(Clone, Debug)]
pub struct Module {
    pub name: String,
    pub units: Vec<String>,
    pub logs: Vec<String>,
    pub base: bool,
}

/// What a proof rests on, gathered when it begins.
pub struct Ground {
    pub env: Environment,
    /// Nodes with the modules on them.
    pub nodes: Vec<(Node, Vec<Module>)>,
    /// The first controller.
    pub controller: Node,
    /// Its size, for usual times.
    pub size: NodeSize,
    pub keystone_port: u16,
    pub region: Option<String>,
    pub physical: String,
    pub password: Secret,
    pub cinder: bool,
    /// CIDR, gateway and pool of the public network.
    pub public: Option<(Ipv4Net, Option<Ipv4Addr>, (Ipv4Addr, Ipv4Addr))>,
    /// Networks that are in use.
    pub taken: Vec<Ipv4Net>,
}

impl Ground {
    /// Of an environment.
    pub fn of(engine: &Engine, env: &Environment) -> Result<Self, Failure> {
        let plan = engine.plan(env, PlanKind::Install)?;
        let catalog = engine.catalog()?;
        let mut on: BTreeMap<NodeId, BTreeSet<&str>> = BTreeMap::new();
        for item in plan.stages.iter().flat_map(|s| &s.items) {
            on.entry(item.node).or_default().extend(item.steps.iter().map(StepId::module));
        }
        let module = |name: &str| {
            catalog.module(name).map(|m| Module {
                name: m.name.clone(),
                units: m.units.iter().map(|u| u.trim_end_matches(".service").to_owned()).collect(),
                base: m.base,
                logs: m.logs.clone(),
            })
        };
        let mut nodes = Vec::new();
        for n in &plan.nodes {
            let modules = on.get(&n.id).into_iter().flatten().filter_map(|m| module(m)).collect();
            nodes.push((engine.node(n.id)?, modules));
        }
        let controller = nodes.iter().map(|(n, _)| n).find(|n| n.roles.contains(&NodeRole::Controller));
        let controller = controller.cloned().ok_or_else(|| {
            Failure::new(FailureKind::Invalid, "there is no controller to ask: give a node that role first")
                .keyed("error-proof-controller")
        })?;
        let password = engine.accounts(env)?.remove("ADMIN_PASSWORD").ok_or_else(|| {
            let why = "the environment has no Keystone: choose the modules of a cloud and install them first";
            Failure::new(FailureKind::Invalid, why).keyed("error-proof-keystone")
        })?;
        let platform = catalog.platform(&env.platform);
        let variable = |module: &str, name: &str| {
            let of_platform = platform.and_then(|p| p.module_vars.get(module)?.get(name));
            of_platform.or_else(|| catalog.module(module)?.vars.get(name)).cloned()
        };
        let keystone = catalog.module("keystone").and_then(|m| m.ports.first().copied());
        let (network, _) = engine.network(env.id)?;
        let public = network.nets.get(&Tag::Public);
        let mut taken: Vec<Ipv4Net> = network.nets.values().map(|n| n.cidr).collect();
        taken.extend(nodes.iter().map(|(n, _)| Ipv4Net::from(n.address.ip())));
        Ok(Self {
            env: env.clone(),
            size: NodeSize::of_cpus(controller.facts.as_ref().map_or(0, |f| f.cpus)),
            controller,
            keystone_port: keystone.unwrap_or(5000),
            region: platform.and_then(|p| p.vars.get("REGION")).cloned(),
            physical: ["PROVIDER_NETWORK", "PHYSICAL_NETWORK", "PROVIDER_LABEL"]
                .iter()
                .find_map(|v| variable("neutron", v))
                .filter(|v| !v.trim().is_empty())
                .unwrap_or_else(|| PHYSICAL.to_owned()),
            password,
            cinder: plan.modules.iter().any(|(m, _)| m == "cinder"),
            public: public
                .and_then(|n| Some((n.cidr, n.gateway, n.floating.map(|f| (f.first(), f.last()))?))),
            taken,
            nodes,
        })
    }

    /// Names of the compute nodes.
    pub fn computes(&self) -> Vec<String> {
        let is = |n: &&(Node, Vec<Module>)| n.0.roles.contains(&NodeRole::Compute);
        self.nodes.iter().filter(is).map(|(n, _)| n.name.clone()).collect()
    }
}
