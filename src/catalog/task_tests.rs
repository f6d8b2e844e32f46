//! Plans of day 2, made of the roles that come with the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::day2::{FlatNics, LeaveHow, Shape, Task};
use crate::domain::facts::Facts;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::job::StepAction;
use crate::domain::plan::{Plan, PlanKind};
use crate::domain::policy::Policy;
use std::path::Path;

const CTL: NodeId = NodeId(1);
const CMP1: NodeId = NodeId(2);
const CMP2: NodeId = NodeId(3);

fn catalog() -> Catalog {
    Catalog::load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("roles")]).unwrap_or_else(|f| panic!("{f:#?}"))
}

fn input() -> PlanInput {
    let node = |id: NodeId, name: &str, role| PlanInputNode {
        id,
        name: name.to_owned(),
        address: format!("10.0.0.{}", id.0),
        roles: NodeRoles::from([role]),
        facts: Some(Facts { os_id: "debian".into(), os_version: "12".into(), ..Facts::default() }),
    };
    PlanInput {
        env: EnvId(1),
        kind: PlanKind::Install,
        policy: Policy::default(),
        platform: "debian-12-zed".into(),
        modules: vec!["neutron".into(), "horizon".into()],
        nodes: vec![
            node(CTL, "ctl1", NodeRole::Controller),
            node(CMP1, "cmp1", NodeRole::Compute),
            node(CMP2, "cmp2", NodeRole::Compute),
        ],
        parallel: 20,
        images: None,
    }
}

/// What a node does, stage by stage; undo with a minus sign.
fn of(plan: &Plan, node: NodeId) -> Vec<String> {
    let items = plan.stages.iter().flat_map(|s| s.items.iter().map(move |i| (s.kind, i)));
    let steps = items.filter(|(_, i)| i.node == node).flat_map(|(k, i)| i.steps.iter().map(move |s| (k, s)));
    let sign = |step| if plan.action(node, step) == StepAction::Undo { "-" } else { "" };
    steps.map(|(kind, step)| format!("{kind}: {}{step}", sign(step))).collect()
}

fn has(plan: &Plan, node: NodeId, step: &str) -> bool {
    of(plan, node).iter().any(|s| s.ends_with(step))
}

/// Before what, after what.
fn ordered(steps: &[String], first: &str, then: &str) {
    let at = |name: &str| {
        steps.iter().position(|s| s.ends_with(name)).unwrap_or_else(|| panic!("no {name}: {steps:#?}"))
    };
    assert!(at(first) < at(then), "{first} before {then}: {steps:#?}");
}

#[test]
fn a_compute_node_that_leaves_has_the_controller_do_nothing_about_databases_and_the_dashboard() {
    let plan = catalog().leave(&input(), CMP2, LeaveHow::default()).unwrap();
    let controller = of(&plan, CTL);
    for module in ["mariadb", "horizon", "rabbitmq", "keystone", "glance"] {
        assert!(!controller.iter().any(|s| s.contains(&format!(" {module}/"))), "{module}: {controller:#?}");
    }
    assert!(has(&plan, CTL, "hosts/names") && has(&plan, CMP1, "hosts/names"), "{controller:#?}");
}

#[test]
fn a_further_flat_network_concerns_neutron_alone() {
    let nics = FlatNics { nic: Some("eth2".parse().unwrap()), ..FlatNics::default() };
    let task = Task::AddFlat { name: "net172".into(), nics };
    let plan = catalog().task(&input(), &task, &Shape::default()).unwrap();
    for node in [CTL, CMP1, CMP2] {
        let steps = of(&plan, node);
        assert!(steps.iter().all(|s| s.contains(" neutron/")), "{steps:#?}");
        ordered(&steps, "neutron/flat", "neutron/linuxbridge");
    }
    ordered(&of(&plan, CTL), "neutron/linuxbridge", "neutron/service");
    ordered(&of(&plan, CTL), "neutron/service", "verification: neutron/flat-carried");
    ordered(&of(&plan, CMP1), "neutron/linuxbridge", "neutron/agent");
    let vars = shape::variables(plan.aside.shape.as_ref().unwrap(), plan.known(), CMP1);
    assert_eq!((&*vars["FLAT_NETWORKS"], &*vars["FLAT_NAMES"]), ("net172:eth2", "net172"));
    assert_eq!(vars["FLAT_PLACES"], "net172 ctl1\nnet172 cmp1\nnet172 cmp2");
    assert_eq!(plan.aside.task.as_ref().unwrap().1, Task::RemoveFlat { name: "net172".into() });
}

#[test]
fn self_service_concerns_neutron_and_the_dashboard() {
    let off = Shape { provider_only: true, ..Shape::default() };
    let plan = catalog().task(&input(), &Task::SelfService { on: true }, &off).unwrap();
    let controller = of(&plan, CTL);
    ordered(&controller, "neutron/controller", "neutron/service");
    ordered(&controller, "neutron/service", "neutron/self-service-works");
    assert!(has(&plan, CTL, "horizon/configure") && has(&plan, CTL, "horizon/login"), "{controller:#?}");
    assert!(has(&plan, CMP1, "neutron/linuxbridge") && has(&plan, CMP1, "neutron/agent"));
    let back = catalog().task(&input(), &Task::SelfService { on: false }, &Shape::default()).unwrap();
    ordered(&of(&back, CTL), "preflight: neutron/self-service-unused", "neutron/controller");
}

#[test]
fn images_move_before_anybody_is_sent_to_them_and_come_back() {
    let catalog = catalog();
    let there = PlanInput { images: Some(CMP1), ..input() };
    let plan = catalog.task(&there, &Task::Images { node: CMP1 }, &Shape::default()).unwrap();
    let host = of(&plan, CMP1);
    for (first, then) in [
        ("preflight: glance/packages", "preflight: glance/configure"),
        ("preflight: glance/configure", "preflight: glance/service"),
        ("preflight: glance/service", "preflight: glance/fetch"),
        ("preflight: glance/fetch", "computes: nova/configure"),
        ("computes: nova/configure", "storage: glance/fetch-rest"),
    ] {
        ordered(&host, first, then);
    }
    let controller = of(&plan, CTL);
    ordered(&controller, "controllers: glance/identity", "controllers: nova/configure");
    ordered(&controller, "controllers: nova/service", "verification: glance/retire");
    ordered(&controller, "verification: glance/retire", "verification: glance/images");
    assert!(has(&plan, CMP2, "nova/configure") && has(&plan, CMP2, "nova/compute-service"));
    let vars = shape::variables(plan.aside.shape.as_ref().unwrap(), plan.known(), CMP1);
    assert_eq!((&*vars["IMAGE_NAME"], &*vars["IMAGES_HERE"]), ("cmp1", "yes"));
    assert_eq!(plan.aside.vars["IMAGES_FROM"], "10.0.0.1 ctl1");

    let (_, back) = plan.aside.task.clone().unwrap();
    assert_eq!(back, Task::Images { node: CTL });
    let moved = Shape { images: Some(CMP1), ..Shape::default() };
    let plan = catalog.task(&input(), &back, &moved).unwrap();
    ordered(&of(&plan, CTL), "preflight: glance/fetch", "controllers: glance/identity");
    let old = of(&plan, CMP1);
    ordered(&old, "verification: glance/retire", "verification: -glance/service");
    ordered(&old, "verification: -glance/service", "verification: -glance/packages");
    assert!(matches!(catalog.leave(&there, CMP1, LeaveHow::default()), Err(PlanFault::HasImages { .. })));
}

#[test]
fn a_dry_run_of_a_way_back_asks_what_would_be_taken_back() {
    let catalog = catalog();
    let mut input = input();
    let shape = Shape::default();
    let mut plan = catalog.task(&input, &Task::Compute { node: CTL, on: false }, &shape).unwrap();
    plan.kind = PlanKind::DryRun;
    let lost = plan.aside.undone.first().cloned().unwrap();
    assert_eq!(plan.action(CTL, &lost), StepAction::Check);
    let facts = input.nodes.remove(0).facts.unwrap();
    let vars = std::collections::BTreeMap::new();
    let of = BundleInput {
        plan: &plan,
        node: CTL,
        job: crate::domain::ids::JobId(1),
        facts: &facts,
        vars: &vars,
        options: "",
    };
    let bundle = catalog.bundle(of).unwrap();
    let path = format!("vars/{}.sh", lost.module());
    let file = bundle.files.iter().find(|f| f.path == path).unwrap();
    let text = String::from_utf8_lossy(&file.bytes);
    let undoes = |line: &&str| line.ends_with("CPMG_UNDOES=yes ;;");
    let said: Vec<&str> = text.lines().filter(undoes).collect();
    assert!(said.iter().any(|line| line.starts_with(&format!("{lost})"))), "{text}");
    let stays = plan.stages.iter().flat_map(|s| &s.items).filter(|i| i.node == CTL).flat_map(|i| &i.steps);
    for step in stays.filter(|s| !plan.aside.undone.contains(s)) {
        assert!(!said.iter().any(|line| line.starts_with(&format!("{step})"))), "{step} is not taken back");
    }
}

#[test]
fn a_controller_runs_instances_as_well_and_no_longer() {
    let catalog = catalog();
    let mut both = input();
    both.nodes[0].roles.insert(NodeRole::Compute);
    let plan = catalog.task(&both, &Task::Compute { node: CTL, on: true }, &Shape::default()).unwrap();
    let steps = of(&plan, CTL);
    for step in [
        "nova/compute-packages",
        "nova/compute",
        "nova/compute-service",
        "neutron/service",
        "nova/hypervisors",
    ] {
        assert!(has(&plan, CTL, step), "{step}: {steps:#?}");
    }
    for step in ["mariadb/packages", "glance/packages", "keystone/bootstrap", "nova/tables"] {
        assert!(!has(&plan, CTL, step), "{step}: {steps:#?}");
    }
    let (_, back) = plan.aside.task.clone().unwrap();
    let plan = catalog.task(&input(), &back, &Shape::default()).unwrap();
    let steps = of(&plan, CTL);
    ordered(&steps, "preflight: nova/compute-leaves", "controllers: -nova/compute-service");
    ordered(&steps, "controllers: -nova/compute-service", "controllers: -nova/compute-packages");
    // Undo puts whole files back: what the controller is by itself is written afterwards.
    ordered(&steps, "controllers: -nova/compute-packages", "controllers: nova/configure");
    ordered(&steps, "controllers: nova/configure", "controllers: nova/service");
    ordered(&steps, "controllers: nova/service", "verification: nova/compute-left");
    assert!(!has(&plan, CTL, "-neutron/service"), "{steps:#?}");
}
