//! Verdicts over what nodes and APIs answered. Plain values in, sentences out.

use super::Said;
use ipnet::Ipv4Net;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// What systemd says about a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitState {
    /// `loaded`, `not-found` …
    pub load: String,
    /// `active`, `inactive`, `failed` …
    pub active: String,
    /// `enabled`, `disabled`, `static` …
    pub file: String,
    /// A socket or a timer starts it when it is needed.
    pub triggered: bool,
}

/// The answer of `systemctl show -p Id,Names,LoadState,ActiveState,UnitFileState,TriggeredBy UNIT…`, by name without `.service`.
pub fn units(answer: &str) -> BTreeMap<String, UnitState> {
    let mut all = BTreeMap::new();
    for block in answer.split("\n\n") {
        let mut names: Vec<&str> = Vec::new();
        let mut unit = UnitState::default();
        for (key, value) in block.lines().filter_map(|l| l.trim().split_once('=')) {
            match key {
                // A unit may have been asked for by another of its names.
                "Id" | "Names" => {
                    names.extend(value.split_whitespace().map(|n| n.trim_end_matches(".service")));
                }
                "LoadState" => value.clone_into(&mut unit.load),
                "ActiveState" => value.clone_into(&mut unit.active),
                "UnitFileState" => value.clone_into(&mut unit.file),
                "TriggeredBy" => unit.triggered = !value.trim().is_empty(),
                _ => {}
            }
        }
        for name in names {
            all.insert(name.to_owned(), unit.clone());
        }
    }
    all
}

/// The units of a module.
#[derive(Clone, Debug)]
pub struct ModuleUnits {
    /// Its name.
    pub name: String,
    /// Without `.service`.
    pub units: Vec<String>,
    /// Every node has it, and it may have nothing to do there.
    pub base: bool,
}

/// A node with the modules it carries and what it answered.
pub struct NodeUnits {
    /// Its name.
    pub node: String,
    /// Modules on it.
    pub modules: Vec<ModuleUnits>,
    /// What systemd says; or why the node did not answer.
    pub answer: Result<BTreeMap<String, UnitState>, String>,
}

/// What is wrong: a node, a module (as far as known) and the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Name of the node.
    pub node: Option<String>,
    /// The module responsible.
    pub module: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
    /// The sentence.
    pub said: Said,
}

/// Judges units. A module names the units of all its roles and platforms, so that one which a node does not have belongs to another; a
/// module of which no node has any unit is not installed. A unit that a node has must run, unless it is disabled there.
pub fn judge_units(nodes: &[NodeUnits]) -> Result<Said, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut count = 0_usize;
    let mut found: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for node in nodes {
        let units = match &node.answer {
            Ok(units) => units,
            Err(why) => {
                let said = Said::new("node-silent").with("node", &node.node).with("why", why);
                faults.push(Fault { node: Some(node.node.clone()), module: None, unit: None, said });
                continue;
            }
        };
        for (module, unit) in node.modules.iter().flat_map(|m| m.units.iter().map(move |u| (m, u))) {
            let state = units.get(unit);
            let here = state.is_some_and(|s| s.load == "loaded");
            *found.entry((&module.name, unit)).or_default() |= here || module.base;
            let Some(state) = state.filter(|_| here) else { continue };
            let wanted =
                !matches!(state.file.as_str(), "disabled" | "masked" | "masked-runtime" | "indirect");
            if state.active == "active" {
                count += 1;
            } else if module.base && state.active != "failed" {
                // What every node has may have nothing to do there.
            } else if wanted && !state.triggered {
                let said = Said::new("unit-down")
                    .with("node", &node.node)
                    .with("unit", unit)
                    .with("state", &state.active);
                faults.push(Fault {
                    node: Some(node.node.clone()),
                    module: Some(module.name.clone()),
                    unit: Some(unit.clone()),
                    said,
                });
            }
        }
    }
    if faults.is_empty() {
        let installed: BTreeSet<&str> =
            found.iter().filter(|(_, here)| **here).map(|((m, _), _)| *m).collect();
        for ((module, unit), _) in found.iter().filter(|((m, _), _)| !installed.contains(m)) {
            let said = Said::new("unit-missing").with("unit", unit).with("module", module);
            faults.push(Fault { node: None, module: Some((*module).to_owned()), unit: None, said });
        }
    }
    if faults.is_empty() {
        Ok(Said::new("units-good").with("count", count).with("nodes", nodes.len()))
    } else {
        Err(faults)
    }
}

/// A service of Nova, or an agent of Neutron, as its API tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worker {
    /// `nova-compute`, `neutron-dhcp-agent` …
    pub binary: String,
    /// Host as the API knows it.
    pub host: String,
    /// It has reported lately.
    pub alive: bool,
    /// It is not switched off.
    pub enabled: bool,
    /// When it reported last, as the API says.
    pub seen: String,
    /// Availability zone, of Nova's services.
    pub zone: String,
}

/// Whether a host as an API knows it (`cmp1`, `cmp1.example.org`) is the node of that name.
pub fn is_host(host: &str, node: &str) -> bool {
    let short = |s: &str| s.split('.').next().unwrap_or_default().to_lowercase();
    short(host) == short(node)
}

/// Whether a port with this owner is a DHCP server's.
pub fn is_dhcp_port(owner: &str) -> bool {
    owner == "network:dhcp"
}

/// Whether it is a router's inside a network: `network:router_interface`, or that of a router on several hosts.
pub fn is_router_port(owner: &str) -> bool {
    owner.starts_with("network:") && owner.contains("router") && owner.contains("interface")
}

/// Judges the ports of a network that agents set up, owner and state of each: one of a DHCP server and one of a router must be active. Neutron
/// calls them so when the agent that wires ports has done so, and the DHCP agent knows of them.
pub fn judge_wiring(ports: &[(String, String)]) -> Vec<Fault> {
    let state = |is: fn(&str) -> bool| {
        let mut states = ports.iter().filter(|(owner, _)| is(owner)).map(|(_, state)| state.as_str());
        let first = states.next().unwrap_or("missing");
        if first == "ACTIVE" || states.any(|s| s == "ACTIVE") { None } else { Some(first.to_lowercase()) }
    };
    let idle = |key: &str, unit: &str, state: String| Fault {
        node: None,
        module: Some("neutron".into()),
        unit: Some(unit.into()),
        said: Said::new(key).with("state", state),
    };
    let dhcp = state(is_dhcp_port).map(|state| idle("dhcp-idle", "neutron-dhcp-agent", state));
    let router = state(is_router_port).map(|state| idle("router-idle", "neutron-l3-agent", state));
    dhcp.into_iter().chain(router).collect()
}

/// Judges services and agents: all alive, and a `nova-compute` for each compute node.
pub fn judge_workers(
    services: &[Worker],
    agents: &[Worker],
    hypervisors: &[String],
    computes: &[String],
) -> Result<Said, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut fault = |host: &str, module: &str, unit: Option<&str>, said| {
        faults.push(Fault {
            node: Some(host.to_owned()),
            module: Some(module.to_owned()),
            unit: unit.map(str::to_owned),
            said,
        });
    };
    for (module, worker) in services.iter().map(|s| ("nova", s)).chain(agents.iter().map(|a| ("neutron", a)))
    {
        let said = |key: &str| Said::new(key).with("binary", &worker.binary).with("host", &worker.host);
        if !worker.alive && worker.enabled {
            fault(&worker.host, module, Some(&worker.binary), said("agent-down").with("seen", &worker.seen));
        } else if !worker.enabled && worker.binary == "nova-compute" {
            fault(&worker.host, module, Some(&worker.binary), said("agent-disabled"));
        }
    }
    for node in computes {
        let reports = |w: &Worker| w.binary == "nova-compute" && is_host(&w.host, node);
        let listed = hypervisors.iter().any(|h| is_host(h, node));
        if !(services.iter().any(reports) && listed) {
            fault(node, "nova", Some("nova-compute"), Said::new("compute-missing").with("node", node));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let hosts: BTreeSet<&str> = hypervisors.iter().map(String::as_str).collect();
    Ok(Said::new("agents-good")
        .with("services", services.len())
        .with("agents", agents.len())
        .with("hosts", hosts.into_iter().collect::<Vec<_>>().join(", ")))
}

/// A small network for the instances of the proof of that number that overlaps none of `taken`. Proofs after each other have others, so that
/// lines of an earlier one's DHCP and metadata servers are not taken for this one's.
pub fn free_subnet(taken: &[Ipv4Net], number: u64) -> Option<Ipv4Net> {
    let free =
        |net: &Ipv4Net| !taken.iter().any(|t| t.contains(&net.network()) || net.contains(&t.network()));
    // High up in the private ranges, where hand-made plans rarely are.
    let begin = usize::try_from(number % 55).unwrap_or_default();
    let places = || (200..=254_u8).rev().cycle().skip(begin).take(55);
    let high = places().map(|c| Ipv4Addr::new(192, 168, c, 0));
    let ten = places().map(|b| Ipv4Addr::new(10, b, 253, 0));
    high.chain(ten).filter_map(|a| Ipv4Net::new(a, 24).ok()).find(free)
}

/// The format of a disk image by its first 64 KiB, as Glance names it; `None`: not a disk image.
pub fn disk_format(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"QFI\xfb") {
        return Some("qcow2");
    }
    if head.starts_with(b"KDMV") || head.starts_with(b"# Disk Descri") {
        return Some("vmdk");
    }
    if head.get(0x8001..0x8006) == Some(b"CD001".as_slice()) && head.get(510..512) != Some(&[0x55, 0xaa]) {
        return Some("iso");
    }
    // A boot sector, or a filesystem (ext: magic at 1080) without one.
    let boots = head.get(510..512) == Some(&[0x55, 0xaa]);
    let ext = head.get(1080..1082) == Some(&[0x53, 0xef]);
    (boots || ext).then_some("raw")
}

/// The size of the disk that a `qcow2` or raw image holds, bytes.
pub fn disk_size(head: &[u8], file: u64) -> u64 {
    let told = head.get(24..32).and_then(|b| <[u8; 8]>::try_from(b).ok()).map(u64::from_be_bytes);
    match (disk_format(head), told) {
        (Some("qcow2"), Some(size)) => size,
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    fn node(name: &str, module: &str, names: &[&str], answer: &str) -> NodeUnits {
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        let modules = vec![ModuleUnits { name: module.into(), units: names, base: module == "time" }];
        NodeUnits { node: name.into(), modules, answer: Ok(units(answer)) }
    }

    const API_UP: &str = "TriggeredBy=\nId=nova-api.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\nId=nova-compute.service\nLoadState=not-found\nActiveState=inactive\n";

    #[test]
    fn a_network_is_wired_when_its_dhcp_server_and_its_router_are() {
        let ports = |all: &[(&str, &str)]| -> Vec<String> {
            let all: Vec<(String, String)> =
                all.iter().map(|(owner, state)| ((*owner).into(), (*state).into())).collect();
            judge_wiring(&all).iter().map(|f| f.said.words()).collect()
        };
        let (dhcp, router) = ("network:dhcp", "network:router_interface");
        assert!(ports(&[(dhcp, "ACTIVE"), (router, "ACTIVE")]).is_empty());
        // Several DHCP servers: one is enough. A router on several hosts owns its ports by another name.
        let replicated = "network:ha_router_replicated_interface";
        assert!(ports(&[(dhcp, "DOWN"), (dhcp, "ACTIVE"), (replicated, "ACTIVE")]).is_empty());
        let bad = ports(&[(dhcp, "ACTIVE"), (router, "DOWN"), ("compute:nova", "ACTIVE")]);
        assert_eq!(bad.len(), 1, "{bad:?}");
        assert!(bad[0].contains("router's port on the self-service network is down"), "{bad:?}");
        let bad = ports(&[("network:router_gateway", "ACTIVE")]);
        assert!(bad.len() == 2 && bad[0].contains("DHCP server is missing"), "{bad:?}");
    }

    #[test]
    fn units_are_judged_where_they_are() {
        let names = ["nova-api", "nova-compute"];
        let compute = |state: &str, file: &str| {
            format!(
                "Id=nova-compute.service\nLoadState=loaded\nActiveState={state}\nUnitFileState={file}\n\nId=nova-api.service\nLoadState=not-found\nActiveState=inactive\n"
            )
        };
        let both = |text: &str| [node("ctl1", "nova", &names, API_UP), node("cmp1", "nova", &names, text)];
        assert_eq!(
            judge_units(&both(&compute("active", "enabled"))).unwrap().words(),
            "2 units run on 2 nodes"
        );
        let faults = judge_units(&both(&compute("inactive", "enabled"))).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert_eq!(
            (faults[0].node.as_deref(), faults[0].unit.as_deref()),
            (Some("cmp1"), Some("nova-compute"))
        );
        assert!(judge_units(&both(&compute("inactive", "disabled"))).is_ok(), "switched off on purpose");
        assert!(judge_units(&both(&compute("failed", "enabled"))).is_err());
        // On no node at all.
        let faults = judge_units(&[node("ctl1", "nova", &names[1..], API_UP)]).unwrap_err();
        assert!(faults[0].said.words().contains("no node has the unit nova-compute"), "{faults:?}");
        assert!(judge_units(&[node("ctl1", "nova", &names, API_UP)]).is_ok(), "another platform's");
        assert!(judge_units(&[node("ctl1", "time", &["chrony"], "")]).is_ok(), "may have nothing to do");
        // A silent node is the only thing that is told: what is missing may be there.
        let mut silent = both("");
        silent[1].answer = Err("no route".into());
        let faults = judge_units(&silent).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].said.words().contains("no route"));
    }

    #[test]
    fn a_unit_that_a_socket_starts_may_sleep() {
        let text = "Id=libvirtd.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\nTriggeredBy=libvirtd.socket\n";
        assert!(judge_units(&[node("cmp1", "nova", &["libvirtd"], text)]).is_ok());
    }

    fn worker(binary: &str, host: &str, alive: bool, enabled: bool) -> Worker {
        Worker { binary: binary.into(), host: host.into(), alive, enabled, ..Worker::default() }
    }

    #[test]
    fn workers_are_alive_and_every_compute_node_reports() {
        let services =
            [worker("nova-scheduler", "ctl1", true, true), worker("nova-compute", "cmp1.lan", true, true)];
        let agents = [worker("neutron-dhcp-agent", "ctl1", true, true)];
        let (hyp, computes) = (["cmp1.lan".to_owned()], ["cmp1".to_owned()]);
        let good = judge_workers(&services, &agents, &hyp, &computes).unwrap();
        assert!(good.words().contains("2 services of Nova and 1 agents"), "{}", good.words());
        let dead = [worker("neutron-dhcp-agent", "ctl1", false, true)];
        let faults = judge_workers(&services, &dead, &hyp, &computes).unwrap_err();
        assert_eq!(faults[0].module.as_deref(), Some("neutron"));
        let faults = judge_workers(&services[..1], &agents, &hyp, &computes).unwrap_err();
        assert!(faults[0].said.words().contains("no nova-compute has reported from cmp1"));
        assert!(judge_workers(&services, &agents, &[], &computes).is_err(), "its hypervisor is not listed");
        let off = [worker("nova-compute", "cmp1", true, false)];
        assert!(
            judge_workers(&off, &agents, &hyp, &computes).unwrap_err()[0]
                .said
                .words()
                .contains("switched off")
        );
    }

    #[test]
    fn a_subnet_that_nobody_has() {
        let net = |s: &str| s.parse::<Ipv4Net>().unwrap();
        assert_eq!(free_subnet(&[], 0), Some(net("192.168.254.0/24")));
        assert_eq!(free_subnet(&[net("192.168.254.0/23")], 0), Some(net("192.168.253.0/24")));
        assert_eq!(free_subnet(&[net("192.168.0.0/16")], 55), Some(net("10.254.253.0/24")));
        assert_eq!(free_subnet(&[net("0.0.0.0/0")], 7), None);
        let of: std::collections::BTreeSet<_> = (1..=55).filter_map(|n| free_subnet(&[], n)).collect();
        assert_eq!(of.len(), 55, "proofs after each other have different ones");
    }

    #[test]
    fn disk_images_are_known_by_their_beginning() {
        let mut raw = vec![0_u8; 65_536];
        assert_eq!(disk_format(&raw), None);
        assert_eq!(disk_format(b"root:$6$secret"), None, "not any file of the management host");
        (raw[510], raw[511]) = (0x55, 0xaa);
        assert_eq!(disk_format(&raw), Some("raw"));
        let mut qcow = b"QFI\xfb\0\0\0\x03".to_vec();
        qcow.resize(64, 0);
        qcow[24..32].copy_from_slice(&(5_u64 << 30).to_be_bytes());
        assert_eq!((disk_format(&qcow), disk_size(&qcow, 7)), (Some("qcow2"), 5 << 30));
        assert_eq!(disk_size(&raw, 7), 7);
    }
}
