//! The network plan: show, change, check.
//!
//! A change is made on the plan as text and worked out here before it is sent, so that everything that is wrong is told at once; the engine
//! checks it again.

use super::args::Global;
use super::exit::{Code, Fault};
use super::net_args::{NetArgs, NetCommand};
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::message::NetView;
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, NodeId, Revision};
use crate::domain::netplan::{
    NetText, NetworkPlan, NodeFacts, PlanFault, PlanText, Port, Resolved, Severity, Tag,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Most bytes of a file with a plan.
const FILE_MAX: u64 = 4 << 20;

/// `cpmg net …`.
pub async fn run(global: &Global, command: NetCommand) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    match command {
        NetCommand::Show { env, toml } => {
            let here = Here::of_env(&talk, &env).await?;
            if toml {
                let text = toml::to_string(&here.text())
                    .map_err(|e| Fault::new(Code::Engine, format!("the plan cannot be written: {e}")))?;
                print::write(text.as_bytes())?;
            } else if talk.json {
                print::json(&here.document(&here.view))?;
            } else {
                here.show()?;
            }
        }
        NetCommand::Set { env, tag, file, names, revision, change } => {
            let here = Here::of_env(&talk, &env).await?;
            let mut text = match file {
                Some(path) => read(&path)?,
                None => here.text(),
            };
            if let Some(tag) = tag {
                edit(text.net_mut(tag).get_or_insert_default(), *change);
            }
            if let Some(names) = names {
                text.names = names;
            }
            here.save(&talk, &text, revision).await?;
        }
        NetCommand::Remove { env, tag } => {
            let here = Here::of_env(&talk, &env).await?;
            let mut text = here.text();
            if text.net_mut(tag).take().is_none() {
                return Err(Fault::new(Code::NotFound, format!("{} has no network {tag}", here.env.name)));
            }
            for ports in text.nodes.values_mut() {
                ports.remove(tag.word());
            }
            here.save(&talk, &text, None).await?;
        }
        NetCommand::Forget { env, yes } => {
            let here = Here::of_env(&talk, &env).await?;
            let question = format!("Forget the network plan of {}?", here.env.name);
            if !yes && !prompt::confirmed(&question)? {
                return Err(Fault::usage("nothing was done: say yes, or give --yes"));
            }
            here.save(&talk, &PlanText::default(), None).await?;
        }
        NetCommand::Nic { node, tag, nic, pattern: _, none } => {
            let here = Here::of_node(&talk, &node).await?;
            let mut text = here.text();
            let port = text.nodes.entry(here.node_name()?).or_default().entry(tag.to_string()).or_default();
            (port.nic, port.none) = (nic.unwrap_or_default(), none);
            here.save(&talk, &text, None).await?;
        }
        NetCommand::Address { node, tag, address, auto: _ } => {
            let here = Here::of_node(&talk, &node).await?;
            let mut text = here.text();
            let port = text.nodes.entry(here.node_name()?).or_default().entry(tag.to_string()).or_default();
            port.address = address.unwrap_or_default();
            here.save(&talk, &text, None).await?;
        }
        NetCommand::Confirm { node, yes } => confirm(&talk, &node, yes).await?,
        NetCommand::Check { env, file } => {
            let here = Here::of_env(&talk, &env).await?;
            return match file {
                Some(path) => {
                    let (_, resolved) = here.work_out(&read(&path)?);
                    here.verdict(&talk, &resolved)
                }
                None => here.verdict(&talk, &here.view.resolved),
            };
        }
    }
    Ok(Code::Done)
}

/// An environment with its plan and nodes.
struct Here {
    env: Environment,
    view: NetView,
    nodes: Vec<NodeRow>,
    /// The node that was named.
    node: Option<NodeId>,
}

impl Here {
    async fn of(talk: &Talk, env: Environment, node: Option<NodeId>) -> Result<Self, Fault> {
        let view = view(talk, env.id).await?;
        let nodes = find::nodes(talk, env.id).await?;
        Ok(Self { env, view, nodes, node })
    }

    async fn of_env(talk: &Talk, env: &str) -> Result<Self, Fault> {
        let env = find::environment(talk, env, false).await?.env;
        Self::of(talk, env, None).await
    }

    async fn of_node(talk: &Talk, node: &str) -> Result<Self, Fault> {
        let node = find::node(talk, node).await?;
        let env = find::environment(talk, &node.env.to_string(), false).await?.env;
        Self::of(talk, env, Some(node.id)).await
    }

    fn name(&self, id: NodeId) -> String {
        self.nodes.iter().find(|n| n.id == id).map_or_else(|| id.to_string(), |n| n.name.clone())
    }

    fn node_name(&self) -> Result<String, Fault> {
        self.node.map(|id| self.name(id)).ok_or_else(Talk::unexpected)
    }

    fn seen(&self) -> Vec<NodeFacts<'_>> {
        self.nodes.iter().map(NodeFacts::from).collect()
    }

    fn text(&self) -> PlanText {
        let names: Vec<(NodeId, &str)> = self.nodes.iter().map(|n| (n.id, n.name.as_str())).collect();
        PlanText::of(&self.view.plan, &names)
    }

    fn work_out(&self, text: &PlanText) -> (NetworkPlan, Resolved) {
        text.work_out(&self.seen(), &self.view.plan)
    }

    /// Sends the plan that a text describes, and tells what it comes to.
    async fn save(&self, talk: &Talk, text: &PlanText, revision: Option<u64>) -> Result<(), Fault> {
        let (plan, resolved) = self.work_out(text);
        let wrong: Vec<&PlanFault> = resolved.faults.iter().filter(|f| f.is_refused()).collect();
        if !wrong.is_empty() {
            let lines: Vec<String> = wrong.iter().map(|f| self.sentence(f)).collect();
            return Err(Fault::usage(format!("the plan was not changed:\n  {}", lines.join("\n  "))));
        }
        self.send(talk, plan, revision).await
    }

    async fn send(&self, talk: &Talk, plan: NetworkPlan, revision: Option<u64>) -> Result<(), Fault> {
        let based_on = revision.map_or(self.view.plan.revision, Revision);
        let request = Request::NetSet { env: self.env.id, based_on, plan: Box::new(plan) };
        let Response::Net(view) = talk.call(request).await? else { return Err(Talk::unexpected()) };
        if talk.json {
            return print::json(&self.document(&view));
        }
        print::line(&format!(
            "the network plan of {} is changed (revision {})",
            self.env.name, view.plan.revision
        ))?;
        for fault in &view.resolved.faults {
            print::line(&self.sentence(fault))?;
        }
        Ok(())
    }

    /// A fault as a line: how bad, where, what.
    fn sentence(&self, fault: &PlanFault) -> String {
        let mark = match fault.severity {
            Severity::Refused | Severity::Fault => "✗",
            Severity::Confirm => "?",
            Severity::Warning => "!",
        };
        let node = fault.node.map(|id| format!("{} ", self.name(id))).unwrap_or_default();
        format!("{mark} {node}{}: {}", fault.field, fault.message)
    }

    fn verdict(&self, talk: &Talk, resolved: &Resolved) -> Result<Code, Fault> {
        let blocking = resolved.blocking().count();
        if talk.json {
            let faults: Vec<Value> = resolved.faults.iter().map(|f| self.fault(f)).collect();
            print::json(&json!({ "ready": blocking == 0, "faults": faults }))?;
        } else if self.view.plan.is_empty()
            && resolved.nodes.values().all(BTreeMap::is_empty)
            && blocking == 0
        {
            print::line(&format!(
                "{} has no network plan: it is installed on the network that is there",
                self.env.name
            ))?;
        } else {
            for fault in &resolved.faults {
                print::line(&self.sentence(fault))?;
            }
            let warnings = resolved.faults.len() - blocking;
            print::line(&match (blocking, warnings) {
                (0, 0) => "the network plan can be installed".to_owned(),
                (0, n) => format!("the network plan can be installed; {n} warnings"),
                (n, _) => format!("the network plan cannot be installed: {n} faults"),
            })?;
        }
        Ok(if blocking == 0 { Code::Done } else { Code::Failed })
    }

    fn fault(&self, fault: &PlanFault) -> Value {
        json!({
            "severity": fault.severity,
            "field": fault.field,
            "node": fault.node.map(|id| self.name(id)),
            "nic": fault.nic,
            "key": fault.key,
            "message": fault.message,
        })
    }

    /// The whole as one JSON document, nodes by name.
    fn document(&self, view: &NetView) -> Value {
        let names: Vec<(NodeId, &str)> = self.nodes.iter().map(|n| (n.id, n.name.as_str())).collect();
        let ports: BTreeMap<String, &BTreeMap<Tag, Port>> =
            view.resolved.nodes.iter().map(|(id, ports)| (self.name(*id), ports)).collect();
        let addresses: BTreeMap<String, _> =
            view.resolved.addresses.iter().map(|(id, all)| (self.name(*id), all)).collect();
        let lock_outs: BTreeMap<String, _> =
            view.resolved.lock_outs.iter().map(|(id, l)| (self.name(*id), l)).collect();
        json!({
            "environment": self.env.name,
            "revision": view.plan.revision,
            "changed": view.changed,
            "changed_by": view.changed_by,
            "plan": PlanText::of(&view.plan, &names),
            "nodes": ports,
            "addresses": addresses,
            "lock_outs": lock_outs,
            "faults": view.resolved.faults.iter().map(|f| self.fault(f)).collect::<Vec<_>>(),
        })
    }

    fn show(&self) -> Result<(), Fault> {
        let NetView { plan, resolved, changed, changed_by } = &self.view;
        if plan.is_empty() {
            return print::line(&format!(
                "{} has no network plan: it is installed on the network that is there. Make one with 'cpmg net set'",
                self.env.name
            ));
        }
        print::line(&format!("revision {}, by {changed_by} {}", plan.revision, print::ago(*changed)))?;
        let text = self.text();
        let mut rows = Vec::new();
        for tag in Tag::ALL {
            let Some(net) = text.net(tag) else { continue };
            let or_dash = |s: &str| if s.is_empty() { "-".to_owned() } else { s.to_owned() };
            rows.push([
                tag.to_string(),
                or_dash(&net.cidr),
                or_dash(&net.range),
                or_dash(&net.gateway),
                or_dash(&net.floating),
                or_dash(if tag == Tag::BrVlan { &net.vlans } else { &net.vlan }),
                or_dash(&net.mtu),
                or_dash(&net.nic),
            ]);
        }
        print::table(
            ["NETWORK", "CIDR", "NODES", "GATEWAY", "FLOATING", "VLAN", "MTU", "NIC"],
            &rows,
            "no network",
        )?;
        print::line(
            "public, cluster and br-mirror are one VLAN on the uplink switch; br-vlan's port is a trunk",
        )?;
        print::line("")?;
        let mut rows = Vec::new();
        for (id, ports) in &resolved.nodes {
            let cell = |tag| ports.get(&tag).map_or_else(|| "-".to_owned(), told);
            rows.push([
                self.name(*id),
                cell(Tag::Public),
                cell(Tag::Cluster),
                cell(Tag::BrMirror),
                cell(Tag::BrVlan),
            ]);
        }
        print::table(["NODE", "PUBLIC", "CLUSTER", "BR-MIRROR", "BR-VLAN"], &rows, "no nodes")?;
        if resolved.nodes.values().flat_map(BTreeMap::values).any(|p| p.ours) {
            print::line("* over this NIC cpmg reaches the node")?;
        }
        for fault in &resolved.faults {
            print::line(&self.sentence(fault))?;
        }
        Ok(())
    }
}

/// `eth1 10.100.7.3`, with a star where our own connection runs.
fn told(port: &Port) -> String {
    let ours = if port.ours { "*" } else { "" };
    match port.address {
        Some(address) => format!("{}{ours} {address}", port.nic),
        None => format!("{}{ours}", port.nic),
    }
}

async fn view(talk: &Talk, env: EnvId) -> Result<NetView, Fault> {
    match talk.call(Request::Net { env }).await? {
        Response::Net(view) => Ok(*view),
        _ => Err(Talk::unexpected()),
    }
}

async fn confirm(talk: &Talk, node: &str, yes: bool) -> Result<(), Fault> {
    let here = Here::of_node(talk, node).await?;
    let name = here.node_name()?;
    let found = here.node.and_then(|id| here.view.resolved.lock_outs.get(&id).map(|l| (id, l.clone())));
    let Some((id, lock_out)) = found else {
        return Err(Fault::new(Code::NotFound, format!("nothing in the plan cuts the connection to {name}")));
    };
    let question =
        format!("{name}: {lock_out}. If it fails, somebody must go to its console. Do it all the same?");
    if !yes && !prompt::confirmed(&question)? {
        return Err(Fault::usage("nothing was done: say yes, or give --yes"));
    }
    let mut plan = here.view.plan.clone();
    plan.confirmed.insert(id, lock_out);
    here.send(talk, plan, None).await
}

/// A plan from a file; JSON begins with a brace, everything else is TOML.
fn read(path: &Path) -> Result<PlanText, Fault> {
    let name = path.display();
    let wrong = |why: String| Fault::usage(format!("{name}: {why}"));
    let mut text = String::new();
    let limit = FILE_MAX + 1;
    let result = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    result.map_err(|e| wrong(e.to_string()))?;
    if text.len() as u64 > FILE_MAX {
        return Err(wrong(format!("a plan has {} MiB at most", FILE_MAX >> 20)));
    }
    if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))
    } else {
        toml::from_str(&text).map_err(|e| wrong(e.to_string()))
    }
}

fn edit(net: &mut NetText, change: NetArgs) {
    let NetArgs { cidr, range, gateway, floating, vip, vlan, vlans, mtu, nic, cidr6, range6, gateway6 } =
        change;
    for (field, value) in [
        (&mut net.cidr, cidr),
        (&mut net.range, range),
        (&mut net.gateway, gateway),
        (&mut net.floating, floating),
        (&mut net.vip, vip),
        (&mut net.vlan, vlan),
        (&mut net.vlans, vlans),
        (&mut net.mtu, mtu),
        (&mut net.nic, nic),
        (&mut net.cidr6, cidr6),
        (&mut net.range6, range6),
        (&mut net.gateway6, gateway6),
    ] {
        if let Some(value) = value {
            *field = value;
        }
    }
}
