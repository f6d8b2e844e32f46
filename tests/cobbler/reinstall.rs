//! From a failing step to a finished installation without a hand, and what can go wrong between: each ends in an honest state, with the old
//! values in Cobbler and a way on.

use crate::lab::{Cpmg, wait_until};
use crate::site::Site;
use serde_json::Value;
use std::path::Path;

const ENV: &str = "cloud";
const NODE: &str = "node1";

/// A platform with one module of two steps; the second fails as long as `/etc/broken` is there: only a fresh system helps.
fn roles(dir: &Path) {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "platforms/debian-12-frail.toml",
        "name = \"debian-12-frail\"\ntitle = { en = \"Frail\", zh-CN = \"脆\" }\n\
         os = { id = \"debian\", version = \"12\" }\nrelease = \"frail\"\nmodules = [\"frail\"]\n",
    );
    let step = |name: &str| {
        format!(
            "[[step]]\nname = \"{name}\"\ntitle = {{ en = \"{name}\", zh-CN = \"{name}\" }}\nscript = \"{name}.sh\"\n\
             weight = 1\nirreversible = true\n\n"
        )
    };
    let head = "name = \"frail\"\ntitle = { en = \"Frail\", zh-CN = \"脆\" }\nroles = [\"controller\"]\nneeds = []\n\n";
    write("modules/frail/module.toml", &format!("{head}{}{}", step("first"), step("second")));
    write(
        "modules/frail/first.sh",
        "#!/bin/sh\n# Counts its runs on this system.\nrun() {\n    echo run >>/root/first\n    mark_changed\n}\n",
    );
    write(
        "modules/frail/second.sh",
        "#!/bin/sh\n# Fails on a broken system.\nrun() {\n    [ ! -e /etc/broken ] || return 1\n    echo run >>/root/second\n    \
         mark_changed\n}\n",
    );
}

struct Scene {
    site: Site,
    cpmg: Cpmg,
}

impl Scene {
    fn new(instance: &str, power_seconds: u32) -> Self {
        let site = Site::up(instance, &[NODE]);
        let cpmg = Cpmg::new();
        roles(&cpmg.own_roles());
        cpmg.ok(&["env", "add", ENV, "--platform", "debian-12-frail"]);
        let (_, address) = site.machine(NODE);
        let key = site.lab(&["key"]);
        cpmg.ok(&["node", "add", ENV, &address, "--name", NODE, "--key", key.trim()]);
        cpmg.ok(&["node", "trust", NODE, "--accept-new"]);
        cpmg.ok(&["node", "role", NODE, "controller"]);
        let seconds = power_seconds.to_string();
        let login = ["--user", "cobbler", "--password-stdin", "--power-seconds", &seconds];
        let set = [&["cobbler", "set", ENV, "--url", &site.url][..], &login].concat();
        assert!(cpmg.ok_with(&set, "cobbler\n").contains("Cobbler 3.3.10"));
        let power =
            ["--power", "lab", "--power-address", "rack", "--power-id", NODE, "--power-password-stdin"];
        let register = [&["cobbler", "register", NODE, "--profile", "openstack"][..], &power].concat();
        assert!(cpmg.ok_with(&register, "b0x-s3cret\n").contains("is a system"));
        cpmg.ok(&["env", "policy", ENV, "--on-failure", "reinstall"]);
        Self { site, cpmg }
    }

    /// What an operator reads about the system: profile, whether it would be installed anew.
    fn cobbler(&self) -> (String, bool) {
        let view = self.cpmg.json(&["cobbler", "show", ENV]);
        let system = view["systems"].as_array().unwrap().iter().find(|s| s["name"] == NODE).unwrap().clone();
        assert!(!view.to_string().contains("b0x-s3cret"), "{view}");
        (system["profile"].as_str().unwrap().to_owned(), system["netboot"].as_bool().unwrap())
    }

    /// A step will fail on the system that is there.
    fn break_it(&self) {
        self.site.lab(&["exec", NODE, "touch", "/etc/broken"]);
    }

    fn reinstall(&self, more: &[&str]) {
        self.cpmg.ok(&[&["node", "reinstall", NODE, "--confirm", NODE][..], more].concat());
    }

    /// The newest job, with its only node.
    fn job(&self) -> (Value, Value) {
        let jobs = self.cpmg.json(&["job", "list", ENV]);
        let newest = jobs.as_array().unwrap().iter().max_by_key(|j| j["id"].as_u64()).unwrap().clone();
        let shown = self.cpmg.json(&["job", "show", &newest["id"].to_string()]);
        (newest, shown["nodes"][0].clone())
    }

    /// Waits until the newest job is over; its state, and why its node failed.
    fn over(&self) -> (String, String) {
        wait_until("the job is over", || {
            matches!(self.job().0["state"].as_str().unwrap(), "succeeded" | "failed" | "cancelled")
        });
        let (job, node) = self.job();
        (job["state"].as_str().unwrap().to_owned(), node["why"].as_str().unwrap_or_default().to_owned())
    }

    fn phase(&self, phase: &str) {
        wait_until(phase, || self.job().1["reinstall"]["phase"] == phase);
    }

    fn runs(&self) -> (String, String) {
        let count =
            |step: &str| self.site.lab(&["exec", NODE, "sh", "-c", &format!("grep -c . /root/{step} || :")]);
        (count("first").trim().to_owned(), count("second").trim().to_owned())
    }

    /// The job is done on a fresh system, each step once, and the next boot is from the disk.
    fn is_fresh(&self, before: &str) {
        assert_eq!(self.over(), ("succeeded".to_owned(), String::new()));
        assert_ne!(self.site.machine_id(NODE), before, "it was installed anew");
        assert_eq!(self.runs(), ("1".to_owned(), "1".to_owned()));
        assert!(!self.cobbler().1 && !self.site.boot_file(NODE).contains("kernel"), "disarmed");
    }

    /// It failed for that reason, and Cobbler has what it had.
    fn failed(&self, why: &[&str], before: &(String, bool)) {
        let (state, said) = self.over();
        assert_eq!(state, "failed");
        for why in why {
            assert!(said.contains(why), "'{why}' is not in: {said}");
        }
        assert_eq!(self.cobbler(), *before, "{said}");
        assert!(!self.site.boot_file(NODE).contains("kernel"));
    }
}

#[test]
#[ignore = "needs root and the lab"]
fn a_failing_step_leads_to_a_fresh_system_and_a_finished_installation() {
    let scene = Scene::new("cobbler-policy", 120);
    let before = scene.site.machine_id(NODE);
    scene.break_it();
    // Nobody does anything from here on.
    scene.cpmg.ok(&["install", ENV, "--follow"]);
    scene.is_fresh(&before);

    // An engine that dies while the installer works: the next one goes on.
    let before = scene.site.machine_id(NODE);
    scene.reinstall(&[]);
    scene.phase("install");
    scene.cpmg.kill_engine();
    scene.is_fresh(&before);

    // What is in production by now is installed anew when somebody says so, whatever the policy.
    let before = scene.site.machine_id(NODE);
    scene.site.run(&["expire", "1"]);
    scene.break_it();
    scene.cpmg.run_with(&["install", ENV, "--follow"], "");
    assert_eq!(scene.over().0, "failed");
    assert_eq!(scene.site.machine_id(NODE), before, "nobody asked for a fresh system");
    // Tokens live a second, and cobblerd is restarted in the middle.
    scene.reinstall(&[]);
    scene.phase("install");
    scene.site.run(&["restart"]);
    scene.is_fresh(&before);
}

#[test]
#[ignore = "needs root and the lab"]
fn whatever_fails_the_old_values_come_back_and_there_is_a_way_on() {
    let mut scene = Scene::new("cobbler-faults", 15);
    let old = ("openstack".to_owned(), false);
    assert_eq!(scene.cobbler(), old);
    let machine = scene.site.machine_id(NODE);

    // A step fails, and the power agent, too: found before anything is changed.
    scene.site.order(NODE, "fail");
    scene.break_it();
    scene.cpmg.run_with(&["install", ENV, "--follow"], "");
    scene.failed(&["command failed (rc=1)", "Nothing was changed"], &old);
    // The same with an agent that never answers.
    scene.site.order(NODE, "hang");
    scene.cpmg.run_with(&["install", ENV, "--follow"], "");
    scene.failed(&["gave no answer to power_system", "Nothing was changed"], &old);
    scene.site.order(NODE, "well");
    // A profile that is not there.
    scene.reinstall(&["--profile", "gone"]);
    scene.failed(&["no profile 'gone'", "Nothing was changed"], &old);
    // Agents that tell the state but do not switch, one with and one without a word: after the arming.
    scene.site.order(NODE, "stuck");
    scene.reinstall(&["--profile", "plain"]);
    scene
        .failed(&["command failed (rc=1)", "has its old values again", "the machine is on, as before"], &old);
    scene.site.order(NODE, "stall");
    scene.reinstall(&["--profile", "plain"]);
    scene.failed(&["gave no answer to power_system", "has its old values again"], &old);
    // With cobblerd its agents end, which would switch the machine off once they can.
    scene.site.run(&["restart"]);
    scene.site.order(NODE, "well");
    assert_eq!(scene.site.machine_id(NODE), machine, "the old system is still there");

    // A machine that never comes back.
    scene.site.order(NODE, "dead");
    scene.reinstall(&["--profile", "plain", "--minutes", "1"]);
    scene.failed(&["no fresh system within 1 minutes", "has its old values again"], &old);
    // The way on.
    scene.site.order(NODE, "well");
    scene.reinstall(&[]);
    scene.is_fresh(&machine);
}
