//! Jobs: holding, stopping, undoing, renewing, on nodes that speak real SSH and play what steps print.

use super::support::{Ended, Site, wait_until};
use cpmg::sim::{self, Recording, Recordings, SimHandle, SimOptions};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Child;
use tokio::runtime::Runtime;

/// Fast enough that nobody waits.
const FAST: f64 = 1000.0;
/// Steps of every node, each an hour long.
const STEPS: [&str; 3] = ["toy/first", "toy/second", "toy/third"];

/// A controller and a compute node of an environment called `lab`, each with three steps.
pub struct World {
    pub site: Site,
    sim: SimHandle,
    // Dropped last: the nodes live in it.
    _runtime: Runtime,
}

fn write_roles(roles: &Path) {
    let write = |path: &str, text: &str| {
        let path = roles.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "platforms/debian-12-toy.toml",
        "name = \"debian-12-toy\"\ntitle = { en = \"Toy\", zh-CN = \"玩具\" }\n\
         os = { id = \"debian\", version = \"12\" }\nrelease = \"toy\"\nmodules = [\"toy\"]\n",
    );
    // Nothing is looked at first: every step of these jobs is one of STEPS.
    write(
        "modules/preflight/module.toml",
        "name = \"preflight\"\ntitle = { en = \"Preflight\", zh-CN = \"预检\" }\nroles = [\"storage\"]\nneeds = []\n\n\
         [[step]]\nname = \"node\"\ntitle = { en = \"Look\", zh-CN = \"看\" }\nscript = \"node.sh\"\nweight = 1\n\
         stage = \"preflight\"\n",
    );
    write("modules/preflight/node.sh", "#!/bin/sh\nrun() { :; }\nundo() { :; }\n");
    let mut module = "name = \"toy\"\ntitle = { en = \"Toy\", zh-CN = \"玩具\" }\nroles = [\"controller\", \
                      \"compute\"]\nneeds = []\n\n[accounts.TOY_PASSWORD]\ntitle = { en = \"Toy\", zh-CN = \
                      \"玩具\" }\nkind = \"password\"\n"
        .to_owned();
    for name in STEPS.map(|s| s.trim_start_matches("toy/")) {
        let _ = write!(
            module,
            "\n[[step]]\nname = \"{name}\"\ntitle = {{ en = \"The {name}\", zh-CN = \"步\" }}\n\
             script = \"{name}.sh\"\nweight = 10\n{}",
            match name {
                "second" => "secrets = [\"TOY_PASSWORD\"]\n",
                "third" => "restarts = [\"toy\"]\n",
                _ => "",
            }
        );
        let script = "#!/bin/sh\ncheck() { return 1; }\nrun() { mark_changed; }\nundo() { mark_changed; }\n";
        write(&format!("modules/toy/{name}.sh"), script);
    }
    write("modules/toy/module.toml", &module);
}

fn recordings() -> Recordings {
    let hour = 3_600_000;
    let mut text = String::new();
    for step in STEPS {
        let _ = write!(
            text,
            "{{\"step\":\"{step}\",\"at\":1,\"out\":\"{step} works on @NODE_NAME@\\n\"}}\n\
             {{\"step\":\"{step}\",\"at\":{hour},\"status\":0,\"changed\":true}}\n"
        );
    }
    let recording = Recording::parse(&text).unwrap();
    Recordings { controller: recording.clone(), compute: recording }
}

impl World {
    pub fn new(speed: f64, failures: &[&str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SimOptions {
            nodes: 2,
            port: 0,
            speed,
            failures: failures.iter().map(|f| f.parse().unwrap()).collect(),
            recordings: Some(recordings()),
            ..SimOptions::default()
        };
        let sim = runtime.block_on(sim::start(options)).unwrap();
        let site = Site::empty();
        write_roles(&site.own_roles());
        let site = site.with_administrator();
        site.ok(&["env", "add", "lab", "--platform", "debian-12-toy"]);
        for (node, (name, role)) in sim.nodes.iter().zip([("ctl1", "controller"), ("cmp1", "compute")]) {
            let (address, port) = (node.address.ip().to_string(), node.address.port().to_string());
            let add = ["node", "add", "lab", &address, "--name", name, "--port", &port, "--password-stdin"];
            site.ok_typing(&add, "simulated\n");
            site.ok(&["node", "trust", name, "--accept-new"]);
            site.ok(&["node", "role", name, role]);
        }
        Self { site, sim, _runtime: runtime }
    }

    /// Starts an installation, gives the job's number.
    pub fn install(&self) -> String {
        self.site.json(&["install", "lab"])["id"].to_string()
    }

    fn show(&self, job: &str) -> Value {
        self.site.json(&["job", "show", job])
    }

    /// Waits until a node of the job is in that state.
    pub fn wait_for_node(&self, job: &str, node: usize, state: &str) -> Value {
        let mut last = Value::Null;
        wait_until(&format!("node {node} is {state}"), || {
            last = self.show(job);
            last["nodes"][node]["state"] == state
        });
        last
    }

    pub fn wait_for_job(&self, job: &str, state: &str) {
        wait_until(&format!("the job is {state}"), || self.show(job)["job"]["state"] == state);
    }

    fn begin(&self, args: &[&str]) -> Child {
        self.site.command(args).spawn().unwrap()
    }
}

fn end(child: Child) -> Ended {
    child.wait_with_output().unwrap().into()
}

fn has(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.code, code, "{ended:?}");
    for part in parts {
        assert!(ended.out.contains(part), "no '{part}' in {ended:?}");
    }
}

#[test]
fn a_job_is_held_after_the_running_steps_and_goes_on() {
    let world = World::new(1.0, &[]);
    let site = &world.site;
    let job = world.install();
    let follower = world.begin(&["job", "follow", &job]);
    world.wait_for_node(&job, 0, "running");
    // Looking first changes nothing.
    let forecast = site.json(&["job", "hold", &job, "--dry-run"]);
    assert_eq!((forecast[0]["name"].as_str(), forecast[0]["now"].as_str()), (Some("ctl1"), Some("running")));
    assert_eq!((forecast[0]["then"].as_str(), forecast[0]["done"].as_u64()), (Some("waiting"), Some(1)));
    assert_eq!(forecast[0]["step"], "toy/first");
    let table = site.ok(&["job", "hold", &job, "--dry-run"]);
    assert!(table.contains("THEN") && table.contains("waiting"), "{table}");
    site.refused(&["job", "hold", &job], 2, "--yes");
    site.refused(&["job", "release", &job], 5, "look again");
    assert_eq!(world.show(&job)["job"]["state"], "running");

    let held = site.json(&["job", "hold", &job, "--yes"]);
    assert_eq!((held["state"].as_str(), held["held_by"].as_str()), (Some("holding"), Some("ada")));
    assert!(site.ok(&["job", "hold", &job, "--yes"]).contains("job release"), "once more changes nothing");
    world.sim.set_speed(FAST);
    wait_until("the running step has ended", || world.show(&job)["nodes"][0]["done"] == 1);
    let shown = world.show(&job);
    assert_eq!((shown["nodes"][0]["done"].as_u64(), shown["nodes"][1]["done"].as_u64()), (Some(1), Some(0)));
    assert!(site.ok(&["job", "show", &job]).contains("held by ada"));

    has(&site.run(&["job", "release", &job, "--follow"]), 0, &["cmp1 < toy/third: changed"]);
    has(&end(follower), 0, &["is held by ada", "goes on", "toy/first works on", "succeeded"]);
    site.refused(&["job", "hold", &job, "--yes"], 5, "over already");
    site.refused(&["job", "release", "99"], 4, "no job 99");
}

#[test]
fn the_two_stops_say_first_what_they_leave_behind() {
    let world = World::new(1.0, &[]);
    let site = &world.site;
    let job = world.install();
    world.wait_for_node(&job, 0, "running");
    site.refused(&["job", "stop", &job], 2, "--now");
    site.refused(&["job", "stop", &job, "--now", "--after-steps"], 2, "cannot be used");
    site.refused(&["job", "stop", &job, "--now"], 2, "--yes");
    let forecast = site.json(&["job", "stop", &job, "--now", "--dry-run"]);
    assert_eq!((forecast[0]["then"].as_str(), forecast[0]["done"].as_u64()), (Some("cancelled"), Some(0)));
    site.ok(&["job", "stop", &job, "--now", "--yes"]);
    world.wait_for_job(&job, "cancelled");
    site.refused(&["job", "stop", &job, "--now", "--yes"], 5, "over already");
    assert!(site.ok(&["job", "show", &job]).contains(&format!("cpmg job retry {job} --node ctl1")));

    // Now the milder one, on the same job taken up again.
    site.ok(&["job", "retry", &job]);
    world.wait_for_node(&job, 0, "running");
    site.ok(&["job", "stop", &job, "--after-steps", "--yes"]);
    assert_eq!(world.show(&job)["job"]["state"], "draining");
    world.sim.set_speed(FAST);
    world.wait_for_job(&job, "cancelled");
    assert_eq!(world.show(&job)["nodes"][0]["done"], 1, "the running step was let end");
    has(&site.run(&["job", "retry", &job, "--follow"]), 0, &["attempt 2", "succeeded"]);
    site.refused(&["job", "retry", &job], 5, "");
}

#[test]
fn steps_are_undone_in_reverse_order_after_the_list_was_shown() {
    let world = World::new(FAST, &["node-1:fail:toy/third"]);
    let site = &world.site;
    let failed = site.run(&["install", "lab", "--follow"]);
    has(&failed, 1, &["ctl1 < toy/third: failed with status 1", "cpmg job retry"]);
    let job = site.json(&["job", "list", "lab"])[0]["id"].to_string();
    let shown = site.ok(&["job", "show", &job]);
    for way in ["job retry", "job undo", "node reinstall", "node manual start"] {
        assert!(shown.contains(&format!("cpmg {way}")), "{way}: {shown}");
    }
    assert!(shown.contains("the node is failed") && shown.contains("not locked"), "{shown}");

    site.refused(&["job", "undo", &job], 2, "--all");
    site.refused(&["job", "undo", &job, "--all", "--stage", "computes"], 2, "cannot be used");
    site.refused(&["job", "undo", &job, "--stage", "attic"], 2, "is no stage");
    site.refused(&["job", "undo", &job, "--back-to", "toy/first"], 2, "--node");
    site.refused(&["job", "undo", &job, "--node", "ctl1", "--back-to", "toy/thrid"], 4, "toy/third");
    site.refused(&["job", "undo", &job, "--node", "ctl9"], 4, "ctl1");
    site.refused(&["job", "undo", &job, "--stage", "computes", "--yes"], 2, "nothing");
    site.refused(&["job", "undo", "99", "--all"], 4, "no job 99");
    let listed = site.json(&["job", "undo", &job, "--node", "ctl1", "--dry-run"]);
    let steps: Vec<&str> =
        listed["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["toy/third", "toy/second", "toy/first"]);
    let asked = site.refused(&["job", "undo", &job, "--node", "ctl1"], 2, "--yes");
    assert!(asked.out.contains("toy/second"), "the list comes first: {asked:?}");

    let back = ["job", "undo", &job, "--node", "ctl1", "--back-to", "toy/second", "--yes", "--follow"];
    let undone = site.run(&back);
    has(&undone, 0, &["ctl1 < undo of toy/third: changed", "ctl1 < undo of toy/second: changed", "put back"]);
    assert!(!undone.out.contains("undo of toy/first"), "{undone:?}");
    let shown = world.show(&job);
    assert_eq!(shown["nodes"][0]["state"], "undone");
    assert_eq!(
        (shown["nodes"][0]["done"].as_u64(), shown["job"]["state"].as_str()),
        (Some(1), Some("undone"))
    );
    assert!(site.ok(&["job", "output", &job, "ctl1", "toy/third", "--undo"]).contains("put back"));
    site.refused(&["job", "output", &job, "ctl1", "toy/first", "--undo"], 4, "0 times");

    has(&site.run(&["job", "undo", &job, "--all", "--yes", "--follow"]), 0, &["undo of toy/first"]);
    assert_eq!(site.json(&["node", "show", "ctl1"])["state"], "ready");
    let again = site.run(&["job", "retry", &job, "--node", "ctl1", "--follow"]);
    has(&again, 1, &["ctl1 < toy/third: changed"]);
    assert_eq!(world.show(&job)["nodes"][0]["state"], "done", "the other one was not asked for");
    has(&site.run(&["job", "retry", &job, "--follow"]), 0, &["cmp1 < toy/third: changed", "succeeded"]);
    // An undo's events are documents of their own.
    let told = site.ok(&["job", "follow", &job, "--json"]);
    let told: Vec<Value> = told.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let undos = told.iter().filter(|t| t["event"] == "step-ended" && t["action"] == "undo");
    assert_eq!(undos.count(), 3, "all attempts are told, those of the past too");

    // The report is made from the same journal.
    let report = site.json(&["job", "report", &job]);
    let totals = &report["totals"];
    assert_eq!((totals["undone"].as_u64(), totals["nodes_done"].as_u64()), (Some(3), Some(2)), "{totals}");
    assert!(totals["repeated"].as_u64() >= Some(3), "{totals}");
    assert_eq!(report["first_error"]["step"], "toy/third");
    let text = site.ok(&["job", "report", &job]);
    for part in ["First error", "asked to undo 1 nodes", "Where did the time go", "(undo 1)", "(attempt 2)"] {
        assert!(text.contains(part), "no '{part}' in {text}");
    }
    let line = site.ok(&["job", "timeline", &job]);
    assert!(line.contains("ctl1  ") && line.contains("x failed"), "{line}");
}

#[test]
fn a_policy_undoes_what_failed_and_a_budget_ends_the_job() {
    let world = World::new(FAST, &["node-1:fail:toy/second", "node-2:fail:toy/first"]);
    let site = &world.site;
    let policy = site.json(&["env", "policy", "lab"]);
    assert_eq!(
        (policy["on_failure"].as_str(), policy["budget"]["controllers"].as_str()),
        (Some("ask"), Some("0"))
    );
    site.refused(&["env", "policy", "lab", "--on-failure", "pray"], 2, "ask, undo, reinstall");
    site.refused(&["env", "policy", "lab", "--budget-computes", "110%"], 2, "no budget");
    site.refused(&["env", "policy", "lab", "--retries", "11"], 2, "10 times at most");
    site.refused(&["env", "policy", "lib"], 4, "lab");
    let change = ["env", "policy", "lab", "--on-failure", "undo", "--budget-controllers", "1"];
    assert_eq!(site.json(&change)["on_failure"], "undo");
    let policy = site.json(&["env", "policy", "lab", "--budget-computes", "0"]);
    assert_eq!(
        (policy["on_failure"].as_str(), policy["budget"]["computes"].as_str()),
        (Some("undo"), Some("0"))
    );
    assert!(site.ok(&["env", "show", "lab"]).contains("undo; 0 retries"));

    let ended = site.run(&["install", "lab", "--follow"]);
    has(&ended, 1, &["ctl1 < undo of toy/first: changed", "ctl1 * is undone"]);
    has(&ended, 1, &["1 compute nodes failed, 0 are allowed"]);
}

#[test]
fn a_dry_run_asks_and_changes_nothing() {
    let world = World::new(FAST, &[]);
    let site = &world.site;
    let ended = site.run(&["install", "lab", "--dry-run", "--follow"]);
    has(&ended, 0, &["ctl1 < toy/first: would change something", "nothing was changed"]);
    assert_eq!(site.json(&["node", "show", "ctl1"])["state"], "ready");
    let job = site.json(&["job", "list", "lab"])[0]["id"].to_string();
    assert_eq!(world.show(&job)["job"]["kind"], "dry-run");
    site.refused(&["job", "undo", &job, "--all", "--yes"], 2, "nothing");
    assert!(site.ok(&["job", "output", &job, "ctl1", "toy/first"]).contains("has not been done yet"));
}

#[test]
fn a_fresh_system_is_asked_for_by_name_or_made_by_hand() {
    let world = World::new(FAST, &["node-1:fail:toy/second"]);
    let site = &world.site;
    site.refused(&["node", "reinstall", "ctl1"], 2, "--confirm ctl1");
    site.refused(&["node", "reinstall", "ctl1", "--confirm", "cmp1"], 2, "type the node's name, ctl1");
    site.refused(&["node", "reinstall", "ctl1", "--confirm", "ctl1", "--minutes", "0"], 2, "1 to 1440");
    site.refused(&["node", "manual", "show", "ctl1"], 1, "nobody installs ctl1 by hand");
    site.refused(&["node", "lock", "ctl1", "--why", " "], 2, "say why");
    let locked = site.json(&["node", "lock", "ctl1", "--why", "its disk is being copied"]);
    assert_eq!(locked["lock"]["by"], "ada");
    assert!(site.ok(&["node", "show", "ctl1"]).contains("its disk is being copied"));
    assert!(site.ok(&["node", "list", "lab"]).contains("(locked)"));
    site.refused(&["node", "reinstall", "ctl1", "--confirm", "ctl1"], 5, "locked by ada");
    site.refused(&["install", "lab"], 5, "locked by ada");
    assert!(site.json(&["node", "unlock", "ctl1"])["lock"].is_null());

    has(&site.run(&["install", "lab", "--follow"]), 1, &["toy/second: failed"]);
    let job = site.json(&["job", "list", "lab"])[0]["id"].to_string();
    let ended = site.run(&["node", "reinstall", "ctl1", "--confirm", "ctl1", "--follow"]);
    has(&ended, 1, &["ctl1 * failed", "Cobbler"]);
    site.refused(&["job", "extend-reinstall", &job, "ctl1", "--minutes", "5"], 5, "look again");
    site.refused(&["job", "extend-step", &job, "ctl1", "--minutes", "5"], 5, "nothing runs");

    assert!(site.ok(&["node", "manual", "start", "ctl1"]).contains("manual show ctl1"));
    let follower = world.begin(&["job", "follow", &job]);
    assert_eq!(site.json(&["node", "manual", "show", "ctl1"])["manual"]["by"], "ada");
    let shown = site.ok(&["node", "manual", "show", "ctl1"]);
    assert!(shown.contains("[ ]  1") && shown.contains("02:51:00:01:00:00"), "its own NIC: {shown}");
    site.refused(&["node", "manual", "confirm", "ctl1", "2"], 5, "look again");
    site.refused(&["node", "manual", "confirm", "ctl1", "99"], 2, "numbered 1 to");
    site.refused(&["node", "manual", "check", "ctl1"], 1, "confirm the others first");
    let all = site.json(&["node", "manual", "show", "ctl1"])["instructions"].as_array().unwrap().len();
    for number in 1..=all {
        site.ok(&["node", "manual", "confirm", "ctl1", &number.to_string()]);
    }
    assert_eq!(site.json(&["node", "manual", "show", "ctl1"])["manual"]["confirmed"], all);
    // The old system still answers: the check says so, and hands the node back.
    let checked = site.run(&["node", "manual", "check", "ctl1", "--follow"]);
    has(&checked, 1, &["old host key", "manual show ctl1"]);
    assert!(site.ok(&["job", "show", &job]).contains("in the hands of ada"));
    site.ok(&["node", "manual", "leave", "ctl1"]);
    world.wait_for_job(&job, "failed");
    has(&end(follower), 1, &["ctl1 * waits for an operator"]);
}
