//! The connectivity check on booted nodes, and the gate before an installation: what is really wrong is found where it is and holds an
//! installation up until somebody says why it goes on; a check that is ended early leaves the nodes as they were.

use super::support::{Cpmg, Lab, wait_until};
use serde_json::{Value, json};
use std::process::{Child, Stdio};

const REASON: &str = "the port is freed by the package's own script";

/// Holds a port, as a service that somebody left on a machine does.
const HOLD: &str = "perl -MSocket -e 'socket(S,PF_INET,SOCK_STREAM,6); bind(S,sockaddr_in(3306,INADDR_ANY)) or die; listen(S,5); \
    open(F,q(>),q(/run/holder)); print F $$; close F; sleep 3600' </dev/null >/dev/null 2>&1 &";

/// Programs of a check that run on a node, and what it has switched on there.
const SWITCHED: &str = "ip -d -o link | sed -n 's/^[0-9]*: \\([a-z0-9]*\\)[@:].*<\\([A-Z,_]*\\)>.*promiscuity \\([0-9]*\\).*/\\1 \\2 \\3/p'; \
    ps -e -o comm= | grep -cE '^(perl|python)' || :";

struct Site {
    lab: Lab,
    cpmg: Cpmg,
}

impl Site {
    fn new(instance: &str) -> Self {
        let lab = Lab::up(instance, &["ctl1", "cmp1"]);
        let cpmg = Cpmg::new();
        cpmg.ok(&["env", "add", "prod"]);
        cpmg.adopt(&lab, "prod", "ctl1", &["controller"]);
        cpmg.adopt(&lab, "prod", "cmp1", &["compute"]);
        let status: Value = serde_json::from_str(&lab.run(&["status", "--json"])).unwrap();
        for (tag, nic) in [("public", "prov0"), ("cluster", "clus0")] {
            let cidr = status[if tag == "public" { "provider_network" } else { "cluster_network" }]
                .as_str()
                .unwrap();
            let range = cidr.replace("0/24", "11-99");
            cpmg.ok(&["net", "set", "prod", tag, "--cidr", cidr, "--range", &range, "--nic", nic]);
        }
        Self { lab, cpmg }
    }

    /// Checks; the verdict, and the findings as `SEVERITY CAUSE NODE NIC SUBJECT`.
    fn check(&self) -> (String, Vec<String>) {
        let out = self.cpmg.run_with(&["check", "run", "prod", "--json"], "");
        let row: Value = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
        let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        let told = row["report"]["findings"].as_array().unwrap().iter().map(|f| {
            let all = [&f["severity"], &f["cause"], &f["node_name"], &f["nic"], &f["args"]["subject"]];
            all.map(text).join(" ")
        });
        let (verdict, told) = (text(&row["report"]["verdict"]), told.collect());
        println!("{verdict}: {told:?}");
        assert_eq!(out.status.success(), verdict == "passed");
        (verdict, told)
    }

    fn refused(&self, more: &[&str]) -> String {
        let out = self.cpmg.run_with(&[&["install", "prod"], more].concat(), "");
        assert!(!out.status.success(), "an installation began");
        String::from_utf8_lossy(&out.stderr).into_owned()
    }

    fn jobs(&self) -> Value {
        self.cpmg.json(&["job", "list", "prod"])
    }

    fn switched(&self, node: &str) -> String {
        self.lab.exec(node, SWITCHED)
    }

    /// A check that is asking on both nodes: its program, and what was switched on there.
    fn asking(&self) -> Child {
        let mut command = self.cpmg.command(&["check", "run", "prod"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        for node in ["ctl1", "cmp1"] {
            wait_until("frames are listened for", || {
                let now = self.switched(node);
                now.lines().any(|l| l.starts_with("prov0 ") && l.contains("UP") && !l.ends_with(" 0"))
            });
        }
        child
    }
}

#[test]
#[ignore = "needs root and the lab"]
fn what_is_wrong_holds_an_installation_up_until_somebody_says_why() {
    let site = Site::new("gate");
    let passed = ("passed".to_owned(), Vec::new());
    assert_eq!(site.check(), passed, "nothing is invented on sound nodes");
    let failed = |what: &str| ("failed".to_owned(), vec![what.to_owned()]);

    site.lab.run(&["cut", "cmp1", "clus0"]);
    assert_eq!(site.check(), failed("fault no-carrier cmp1 clus0 -"));
    site.lab.run(&["mend", "cmp1", "clus0"]);
    site.lab.exec("cmp1", "ip link set clus0 mtu 1400");
    assert_eq!(site.check(), failed("fault nic-mtu cmp1 clus0 -"));
    site.lab.exec("cmp1", "ip link set clus0 mtu 1500");
    assert_eq!(site.check(), passed);

    site.lab.exec("ctl1", HOLD);
    wait_until("the port is held", || !site.lab.exec("ctl1", "cat /run/holder 2>/dev/null || :").is_empty());
    assert_eq!(site.check(), failed("fault port-taken ctl1 - 3306"));
    let told = site.refused(&[]);
    assert!(told.contains("has not passed (1 faults)") && told.contains("--reason"), "{told}");
    let told = site.refused(&["--reason", "  "]);
    assert!(told.contains("say why"), "an empty one is none: {told}");
    assert_eq!(site.jobs(), json!([]));

    site.cpmg.ok(&["install", "prod", "--reason", REASON]);
    let jobs = site.jobs();
    let job = jobs[0]["id"].to_string();
    site.cpmg.ok(&["job", "stop", &job, "--now", "--yes"]);
    wait_until("the job is over", || site.jobs()[0]["ended"].is_u64());
    let trail = site.cpmg.json(&["audit", "--env", "prod", "--kind", "install"]);
    println!("{trail:#}");
    let entry = &trail[0];
    assert_eq!((&entry["by"], &entry["reason"]), (&json!("ada"), &json!(REASON)));
    assert!(
        entry["what"].as_str().unwrap().contains("the connectivity check has not passed (1 faults)"),
        "{entry}"
    );
    assert!(
        entry["at"].as_u64() >= jobs[0]["created"].as_u64().map(|t| t.saturating_sub(60_000)),
        "{entry} {jobs}"
    );
    assert_eq!(entry["job"].to_string(), job);
    let text = site.cpmg.ok(&["audit", "--env", "prod"]);
    assert!(text.contains(REASON) && text.contains("ada"), "{text}");
}

#[test]
#[ignore = "needs root and the lab"]
fn a_check_that_is_ended_early_leaves_the_nodes_as_they_were() {
    let site = Site::new("early");
    // One that the check has to bring up.
    for node in ["ctl1", "cmp1"] {
        site.lab.exec(node, "ip link set prov0 down");
    }
    let before = |node: &str| site.switched(node);
    let (ctl1, cmp1) = (before("ctl1"), before("cmp1"));
    assert!(ctl1.ends_with("\n0\n"), "no Perl or Python runs there: {ctl1}");
    let as_before = || {
        wait_until("all is switched off again", || {
            site.switched("ctl1") == ctl1 && site.switched("cmp1") == cmp1
        });
        let never = site.cpmg.run_with(&["check", "show", "prod"], "");
        assert!(String::from_utf8_lossy(&never.stdout).contains("never checked"), "no report is left");
    };

    let child = site.asking();
    site.cpmg.ok(&["check", "cancel", "prod"]);
    let out = child.wait_with_output().unwrap();
    assert!(!out.status.success());
    assert!(String::from_utf8_lossy(&out.stderr).contains("ended early"), "{out:?}");
    as_before();

    // The same by Ctrl-C.
    let child = site.asking();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&out.stderr).contains("ended early"), "{out:?}");
    as_before();

    // The engine dies in the middle of one: nobody is left to tell the nodes.
    let mut child = site.asking();
    site.cpmg.kill_engine();
    child.wait().unwrap();
    as_before();
}
