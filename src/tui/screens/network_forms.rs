//! Forms of the network plan: one network, and what is chosen for one node. Checked while somebody types, by the same rules as the engine's.

use super::network::{nic_line, seen};
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::netplan::{NetText, NetworkPlan, PlanFault, PlanText, PortText, Resolved, Tag};
use crate::tui::event::{Effect, Level, Tag as Call};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::stale::Theirs;

/// Nodes that a preview of a pattern names.
const NAMED: usize = 4;
/// The text of a NIC's field that says: this node does without.
const WITHOUT: &str = "-";

/// What is wrong, in the language of the moment.
pub fn sentence(cx: &Shared, fault: &PlanFault) -> Text {
    cx.catalogue.said(Some(&fault.key), &fault.args, &fault.message)
}

fn keyed(fault: &PlanFault) -> Text {
    Text::key(fault.key.clone()).with_all(&fault.args)
}

/// What both forms know: the plan they are based on, and the nodes as they were when the form was opened.
struct Base {
    env: EnvId,
    plan: NetworkPlan,
    text: PlanText,
    nodes: Vec<NodeRow>,
    /// What somebody else has saved meanwhile.
    fresh: Option<(NetworkPlan, PlanText)>,
}

impl Base {
    fn new(env: EnvId, plan: &NetworkPlan, text: PlanText, nodes: &[&NodeRow]) -> Self {
        Self {
            env,
            plan: plan.clone(),
            text,
            nodes: nodes.iter().map(|n| (*n).clone()).collect(),
            fresh: None,
        }
    }

    fn work_out(&self, text: &PlanText) -> (NetworkPlan, Resolved) {
        let nodes: Vec<&NodeRow> = self.nodes.iter().collect();
        text.work_out(&seen(&nodes), &self.plan)
    }

    fn send(&self, plan: NetworkPlan) -> Vec<Effect> {
        let request = Request::NetSet { env: self.env, based_on: self.plan.revision, plan: Box::new(plan) };
        vec![Effect::Call(Call::Form, request)]
    }

    fn ask_fresh(&self) -> Request {
        Request::Net { env: self.env }
    }

    /// Keeps the plan aside that there is now; returns its text and who saved it.
    fn keep(&mut self, fresh: Option<Response>) -> Option<(PlanText, String)> {
        let Some(Response::Net(view)) = fresh else { return None };
        let names: Vec<(NodeId, &str)> = self.nodes.iter().map(|n| (n.id, n.name.as_str())).collect();
        let text = PlanText::of(&view.plan, &names);
        self.fresh = Some((view.plan, text.clone()));
        Some((text, view.changed_by))
    }

    fn rebase(&mut self) {
        if let Some((plan, text)) = self.fresh.take() {
            (self.plan, self.text) = (plan, text);
        }
    }

    /// Marks what is wrong; the first fault of each field. What is only missing is no fault until the form is sent.
    fn mark(
        fields: &mut Fields,
        faults: &[PlanFault],
        id: impl Fn(&PlanFault) -> Option<String>,
        sent: bool,
    ) {
        for field in &mut fields.all {
            let mut mine = faults.iter().filter(|f| f.is_fault());
            let found = mine.find(|f| id(f).as_deref() == Some(field.id));
            field.fault = found.filter(|f| sent || !f.key.ends_with("-missing")).map(keyed);
        }
    }
}

fn done(response: &Response) -> Vec<Effect> {
    let said = match response {
        Response::Net(view) => t!("net-saved", revision = view.plan.revision.0),
        _ => t!("net-saved", revision = 0_u64),
    };
    vec![Effect::Close, Effect::Say(Level::Good, said)]
}

/// What the fields of a network's form hold by a plan.
fn values(tag: Tag, text: &PlanText) -> Vec<(&'static str, String)> {
    let net = text.net(tag).cloned().unwrap_or_default();
    vec![
        ("cidr", net.cidr),
        ("range", net.range),
        ("gateway", net.gateway),
        ("floating", net.floating),
        ("vlans", net.vlans),
        ("nic", net.nic),
        ("vlan", net.vlan),
        ("mtu", net.mtu),
        ("vip", net.vip),
        ("cidr6", net.cidr6),
        ("range6", net.range6),
        ("gateway6", net.gateway6),
        ("names", text.names.clone()),
    ]
}

struct Network {
    base: Base,
    tag: Tag,
}

/// The form of one network. `field` has the focus.
pub fn network(
    env: EnvId,
    plan: &NetworkPlan,
    text: PlanText,
    nodes: &[&NodeRow],
    tag: Tag,
    field: Option<&str>,
) -> Box<dyn Screen> {
    let net = text.net(tag).cloned().unwrap_or_default();
    let names = text.names.clone();
    let line = |id, label, start: &str| Field::text(id, label, start);
    let mut fields = Vec::new();
    if tag.has_addresses() {
        fields.push(line("cidr", t!("field-cidr"), &net.cidr).hint(t!("hint-cidr")));
        fields.push(line("range", t!("field-node-range"), &net.range).hint(t!("hint-node-range")));
        fields.push(line("gateway", t!("field-gateway"), &net.gateway).hint(t!("hint-gateway")));
    }
    if tag == Tag::Public {
        fields.push(line("floating", t!("field-floating"), &net.floating).hint(t!("hint-floating")));
    }
    if tag == Tag::BrVlan {
        fields.push(line("vlans", t!("field-vlans"), &net.vlans).hint(t!("hint-vlans")));
    }
    fields.push(line("nic", t!("field-nic-pattern"), &net.nic).hint(t!("hint-nic-pattern")));
    if tag != Tag::BrVlan {
        fields.push(line("vlan", t!("field-vlan"), &net.vlan).hint(t!("hint-vlan")));
    }
    fields.push(line("mtu", t!("field-mtu"), &net.mtu).hint(t!("hint-mtu")));
    if tag.has_addresses() {
        fields.push(line("vip", t!("field-vip"), &net.vip).hint(t!("hint-vip")));
        fields.push(line("cidr6", t!("field-cidr6"), &net.cidr6).hint(t!("hint-cidr6")));
        fields.push(line("range6", t!("field-range6"), &net.range6).hint(t!("hint-range6")));
        fields.push(line("gateway6", t!("field-gateway6"), &net.gateway6));
    }
    if tag == Tag::Cluster {
        fields.push(line("names", t!("field-names"), &names).hint(t!("hint-names")));
    }
    let purpose = Network { base: Base::new(env, plan, text, nodes), tag };
    let id = field.map(|f| f.split_once('.').map_or(f, |(_, part)| part).to_owned());
    Box::new(Form::new(purpose, fields).at(id.as_deref().unwrap_or("cidr")))
}

impl Network {
    fn text(&self, fields: &Fields) -> PlanText {
        let mut text = self.base.text.clone();
        let of = |id: &str| fields.text(id).to_owned();
        *text.net_mut(self.tag) = Some(NetText {
            cidr: of("cidr"),
            range: of("range"),
            gateway: of("gateway"),
            floating: of("floating"),
            vip: of("vip"),
            vlan: of("vlan"),
            vlans: of("vlans"),
            mtu: of("mtu"),
            nic: of("nic"),
            cidr6: of("cidr6"),
            range6: of("range6"),
            gateway6: of("gateway6"),
        });
        if self.tag == Tag::Cluster {
            text.names = of("names");
        }
        text
    }

    /// The field of this form that a fault is about.
    fn id(&self, fault: &PlanFault) -> Option<String> {
        match (fault.node, fault.field.split_once('.')) {
            (None, Some((tag, part))) if tag == self.tag.word() => Some(part.to_owned()),
            (None, None) if ["names", "vlans"].contains(&fault.field.as_str()) => Some(fault.field.clone()),
            _ => None,
        }
    }
}

impl Purpose for Network {
    fn name(&self) -> &'static str {
        "network-form"
    }

    fn title(&self) -> Text {
        t!("net-form-title", tag = self.tag.word())
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![Text::key(format!("net-about-{}", self.tag.word()))]
    }

    /// Which NIC of which node it comes to.
    fn outro(&self, fields: &Fields) -> Option<Text> {
        let (_, resolved) = self.base.work_out(&self.text(fields));
        let mut good = Vec::new();
        let mut bad = Vec::new();
        for node in &self.base.nodes {
            let port = resolved.nodes.get(&node.id).and_then(|p| p.get(&self.tag));
            let wrong = |f: &&PlanFault| f.node == Some(node.id) && f.tag() == Some(self.tag);
            let wrong = resolved.faults.iter().filter(|f| f.is_fault()).find(wrong);
            match (port, wrong) {
                (_, Some(_)) => bad.push(node.name.as_str()),
                (Some(port), None) => good.push(format!("{} {}", node.name, port.nic)),
                (None, None) => {}
            }
        }
        if good.is_empty() && bad.is_empty() {
            return None;
        }
        let some = |names: &[String]| {
            let more = if names.len() > NAMED { " …" } else { "" };
            names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ") + more
        };
        if bad.is_empty() {
            return Some(t!("net-preview", good = good.len(), names = some(&good)));
        }
        let (bad, names): (Vec<String>, _) = (bad.into_iter().map(str::to_owned).collect(), some(&good));
        Some(t!("net-preview-bad", good = good.len(), names = names, bad = bad.len(), which = some(&bad)))
    }

    fn typed(&self, fields: &mut Fields) {
        let (_, resolved) = self.base.work_out(&self.text(fields));
        Base::mark(fields, &resolved.faults, |f| self.id(f), false);
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let (plan, resolved) = self.base.work_out(&self.text(fields));
        let refused: Vec<PlanFault> = resolved.faults.into_iter().filter(PlanFault::is_refused).collect();
        for fault in &refused {
            match self.id(fault) {
                Some(id) => fields.wrong(&id, keyed(fault)),
                None => fields.fault = fields.fault.take().or_else(|| Some(keyed(fault))),
            }
        }
        if refused.is_empty() { self.base.send(plan) } else { Vec::new() }
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Call, response: Response) -> Vec<Effect> {
        done(&response)
    }

    fn ask_fresh(&self) -> Option<Request> {
        Some(self.base.ask_fresh())
    }

    fn theirs(&mut self, _: &Shared, fresh: Option<Response>) -> Option<Theirs> {
        let (text, by) = self.base.keep(fresh)?;
        Some(Theirs { by, values: values(self.tag, &text) })
    }

    fn rebase(&mut self) {
        self.base.rebase();
    }
}

struct Choices {
    base: Base,
    node: NodeId,
    name: String,
}

/// Fields of the form of a node: NIC and address for each tag.
fn ids(tag: Tag) -> (&'static str, &'static str) {
    match tag {
        Tag::Public => ("public.nic", "public.address"),
        Tag::Cluster => ("cluster.nic", "cluster.address"),
        Tag::BrMirror => ("br-mirror.nic", "br-mirror.address"),
        Tag::BrVlan => ("br-vlan.nic", "br-vlan.address"),
    }
}

/// The form of one node. `field` has the focus. `None`: there is no such node.
pub fn node(
    env: EnvId,
    plan: &NetworkPlan,
    text: PlanText,
    nodes: &[&NodeRow],
    node: NodeId,
    field: Option<&str>,
) -> Option<Box<dyn Screen>> {
    let row = nodes.iter().find(|n| n.id == node)?;
    let mut fields = Vec::new();
    for tag in Tag::ALL.into_iter().filter(|t| plan.uses(*t)) {
        let chosen = text.nodes.get(&row.name).and_then(|p| p.get(tag.word())).cloned().unwrap_or_default();
        let nic = if chosen.none { WITHOUT } else { &chosen.nic };
        let pattern = plan.patterns.get(&tag).map(ToString::to_string).unwrap_or_default();
        let (nic_id, address_id) = ids(tag);
        let hint = if pattern.is_empty() {
            t!("hint-node-nic-none")
        } else {
            t!("hint-node-nic", pattern = pattern)
        };
        fields.push(Field::text(nic_id, t!("field-node-nic", tag = tag.word()), nic).hint(hint));
        if tag.has_addresses() {
            let label = t!("field-node-address", tag = tag.word());
            fields.push(Field::text(address_id, label, &chosen.address).hint(t!("hint-node-address")));
        }
    }
    let name = row.name.clone();
    let purpose = Choices { base: Base::new(env, plan, text, nodes), node, name };
    Some(Box::new(Form::new(purpose, fields).at(field.unwrap_or("cluster.nic"))))
}

impl Choices {
    /// What the fields hold by a plan.
    fn values(&self, text: &PlanText) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        for tag in Tag::ALL.into_iter().filter(|t| self.base.plan.uses(*t)) {
            let chosen =
                text.nodes.get(&self.name).and_then(|p| p.get(tag.word())).cloned().unwrap_or_default();
            let (nic, address) = ids(tag);
            out.push((nic, if chosen.none { WITHOUT.to_owned() } else { chosen.nic }));
            out.push((address, chosen.address));
        }
        out
    }

    fn text(&self, fields: &Fields) -> PlanText {
        let mut text = self.base.text.clone();
        let ports = text.nodes.entry(self.name.clone()).or_default();
        for tag in Tag::ALL.into_iter().filter(|t| self.base.plan.uses(*t)) {
            let (nic, address) = ids(tag);
            let none = fields.text(nic) == WITHOUT;
            let nic = if none { String::new() } else { fields.text(nic).to_owned() };
            ports.insert(tag.to_string(), PortText { nic, address: fields.text(address).to_owned(), none });
        }
        text
    }
}

impl Purpose for Choices {
    fn name(&self) -> &'static str {
        "network-node-form"
    }

    fn title(&self) -> Text {
        t!("net-node-title", name = &self.name)
    }

    /// The NICs to choose from.
    fn intro(&self, _: &Shared) -> Vec<Text> {
        let node = self.base.nodes.iter().find(|n| n.id == self.node);
        let nics = node.and_then(|n| n.facts.as_ref()).map(|f| f.nics.as_slice()).unwrap_or_default();
        let mut lines: Vec<Text> = nics.iter().take(8).map(|n| Text::plain(nic_line(n))).collect();
        if lines.is_empty() {
            lines.push(t!("net-no-facts", node = &self.name, tag = "-"));
        }
        lines
    }

    /// Whether the choice cuts our own connection; otherwise what it comes to.
    fn outro(&self, fields: &Fields) -> Option<Text> {
        let (_, resolved) = self.base.work_out(&self.text(fields));
        let mine = |f: &&PlanFault| f.node == Some(self.node) && !f.is_fault();
        if let Some(fault) = resolved.faults.iter().find(mine) {
            return Some(keyed(fault));
        }
        let ports = resolved.nodes.get(&self.node)?;
        let told = ports.iter().map(|(tag, port)| {
            let address = port.address.map(|a| format!(" {a}")).unwrap_or_default();
            format!("{tag} {}{address}", port.nic)
        });
        Some(Text::plain(told.collect::<Vec<_>>().join(" · ")))
    }

    fn typed(&self, fields: &mut Fields) {
        let (_, resolved) = self.base.work_out(&self.text(fields));
        let id = |f: &PlanFault| (f.node == Some(self.node)).then(|| f.field.clone());
        Base::mark(fields, &resolved.faults, id, true);
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let (plan, resolved) = self.base.work_out(&self.text(fields));
        let refused: Vec<&PlanFault> = resolved.faults.iter().filter(|f| f.is_refused()).collect();
        for fault in &refused {
            match fault.node {
                Some(id) if id == self.node => fields.wrong(&fault.field, keyed(fault)),
                _ => fields.fault = fields.fault.take().or_else(|| Some(keyed(fault))),
            }
        }
        if refused.is_empty() { self.base.send(plan) } else { Vec::new() }
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Call, response: Response) -> Vec<Effect> {
        done(&response)
    }

    fn ask_fresh(&self) -> Option<Request> {
        Some(self.base.ask_fresh())
    }

    fn theirs(&mut self, _: &Shared, fresh: Option<Response>) -> Option<Theirs> {
        let (text, by) = self.base.keep(fresh)?;
        Some(Theirs { by, values: self.values(&text) })
    }

    fn rebase(&mut self) {
        self.base.rebase();
    }
}
