//! A whole cloud: from an empty environment to instances that answer, on one controller and two compute nodes; installed again, which changes
//! nothing; one API call followed through all services; a third compute node that comes while the cloud runs, and leaves again.

use super::support::{Cpmg, Lab, last_words};
use super::trace;
use super::watch::{self, Watch};
use cpmg::catalog::Catalog;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

const ENV: &str = "prod";
/// What comes with these is everything that a cloud needs.
const MODULES: &str = "neutron,horizon";

/// The packages of all modules that are installed, so that they need not be unpacked while the clock runs.
fn packages() -> Vec<String> {
    let catalog = Catalog::load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("roles")]).unwrap();
    let platform = catalog.platform("debian-12-zed").unwrap();
    let vars = |m: &str, name: &str| platform.module_vars.get(m).and_then(|v| v.get(name)).cloned();
    let mut all = BTreeSet::new();
    for module in [
        "network",
        "time",
        "mariadb",
        "rabbitmq",
        "memcached",
        "keystone",
        "glance",
        "placement",
        "nova",
        "neutron",
        "horizon",
    ] {
        for name in ["PACKAGES", "COMPUTE_PACKAGES", "AGENT_PACKAGES"] {
            let words = vars(module, name).unwrap_or_default();
            all.extend(words.split_whitespace().map(str::to_owned));
        }
    }
    all.into_iter().collect()
}

/// Public network on the lab's provider bridge, cluster on the third NIC.
fn plan_networks(cpmg: &Cpmg, lab: &Lab) {
    let status = lab.status();
    for (tag, key, nic) in [("public", "provider_network", "prov0"), ("cluster", "cluster_network", "clus0")]
    {
        let cidr = status[key].as_str().expect("a network");
        let near = |rest: &str| cidr.replace("0/24", rest);
        let (range, gateway, floating) = (near("11-60"), near("1"), near("100-199"));
        let mut args = vec!["net", "set", ENV, tag, "--cidr", cidr, "--range", &range, "--nic", nic];
        if tag == "public" {
            args.extend(["--gateway", &gateway, "--floating", &floating]);
        }
        // The plan has faults until the second network is there.
        cpmg.run_with(&args, "");
    }
    cpmg.ok(&["net", "check", ENV]);
}

/// Installs; gives the job's record and the lines of steps that changed something.
fn install(cpmg: &Cpmg, more: &[&str]) -> (Value, String) {
    let printed = cpmg.ok(&[&["install", ENV, "--follow"], more].concat());
    println!("{}", last_words(&printed, 8));
    let jobs = cpmg.json(&["job", "list", ENV]);
    let jobs = jobs.as_array().expect("jobs").iter();
    let job = jobs.max_by_key(|j| j["id"].as_u64()).expect("a job").clone();
    assert_eq!(job["state"], "succeeded", "{job}");
    let changed: Vec<&str> = printed.lines().filter(|l| l.contains(": changed in ")).collect();
    (job, changed.join("\n"))
}

#[test]
#[ignore = "needs root and the lab"]
fn a_cloud_whose_instances_answer() {
    let packages = packages();
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    let image = Lab::image();
    let lab = Lab::up_with("cloud", &["ctl1", "cmp1", "cmp2", "cmp3"], &packages);
    let began = Instant::now();
    let clock = |what: &str| println!("== after {} s: {what}", began.elapsed().as_secs());

    let cpmg = Cpmg::new();
    cpmg.ok(&["env", "add", ENV]);
    cpmg.ok(&["env", "set", ENV, "--modules", MODULES]);
    cpmg.adopt(&lab, ENV, "ctl1", &["controller"]);
    cpmg.adopt(&lab, ENV, "cmp1", &["compute"]);
    cpmg.adopt(&lab, ENV, "cmp2", &["compute"]);
    plan_networks(&cpmg, &lab);
    let secrets = watch::secrets(&cpmg, ENV);
    assert!(secrets.len() >= 12 && secrets.iter().all(|s| s.len() >= 16), "{} passwords", secrets.len());

    clock("the check of the wires");
    cpmg.told(&["check", "run", ENV]);

    clock("the installation");
    let watcher = Watch::begin(secrets.clone());
    let (job, _) = install(&cpmg, &[]);
    assert!(job["changed"].as_u64().unwrap() > 60, "{job}");

    clock("the proof");
    cpmg.told(&["prove", ENV, "--image", &image]);
    watcher.end();
    for node in ["ctl1", "cmp1", "cmp2"] {
        watch::logs_are_silent(&lab, node, &secrets);
    }
    watch::engine_is_silent(&cpmg.data(), &secrets);

    clock("the trace of a request");
    trace::an_instance_is_followed(&cpmg, ENV, "ctl1");

    clock("the second installation");
    let (again, what) = install(&cpmg, &["--reason", "the wires are as they were"]);
    assert_eq!(again["changed"], 0, "a second installation changes nothing: {again}\n{what}");

    clock("a third compute node");
    cpmg.adopt(&lab, ENV, "cmp3", &["compute"]);
    let (third, _) = install(&cpmg, &["--new", "--reason", "one node more on the same wires"]);
    assert!(third["changed"].as_u64().unwrap() > 10, "{third}");
    cpmg.told(&["prove", ENV]);

    clock("it leaves");
    cpmg.told(&["node", "remove", "prod/cmp3", "--undo", "--yes", "--follow"]);
    let nodes = cpmg.json(&["node", "list", ENV]);
    let names: Vec<&str> = nodes.as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ctl1", "cmp1", "cmp2"], "{nodes}");
    for node in ["ctl1", "cmp1", "cmp2"] {
        assert_eq!(lab.exec(node, "grep -c cmp3 /etc/hosts || :").trim(), "0", "{node} knows it no more");
    }

    clock("the end");
    assert!(began.elapsed().as_secs() < 25 * 60, "it took {} s", began.elapsed().as_secs());
}
