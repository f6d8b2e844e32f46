//! An installation that is held, undone, taken up again, and what policies do without asking, on a real node.

use super::support::{Cpmg, Lab, wait_until};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// A module of four steps that leave marks on the node, the third of which fails while `/root/broken` is there.
fn roles(dir: &Path) {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "platforms/debian-12-marks.toml",
        "name = \"debian-12-marks\"\ntitle = { en = \"Marks\", zh-CN = \"标记\" }\n\
         os = { id = \"debian\", version = \"12\" }\nrelease = \"marks\"\nmodules = [\"marks\"]\n",
    );
    let mut module = "name = \"marks\"\ntitle = { en = \"Marks\", zh-CN = \"标记\" }\nroles = [\"controller\"]\nneeds = []\n"
        .to_owned();
    for (name, extra) in [("one", ""), ("two", ""), ("three", "retryable = true\n"), ("four", "")] {
        let _ = write!(
            module,
            "\n[[step]]\nname = \"{name}\"\ntitle = {{ en = \"Mark {name}\", zh-CN = \"标记\" }}\nscript = \"{name}.sh\"\n\
             weight = 2\n{extra}"
        );
        // The first step waits for a file, so that something runs as long as the test wants.
        let special = match name {
            "one" => "    while [ ! -e /root/go ]; do sleep 0.1; done\n",
            "three" => {
                "    echo try >>/root/tries\n    [ ! -e /root/broken ] || { echo 'it is broken'; return 3; }\n"
            }
            _ => "",
        };
        write(
            &format!("modules/marks/{name}.sh"),
            &format!(
                "#!/bin/sh\n# Leaves a mark in a file that was there before.\ncheck() {{\n    grep -qx {name} \
                 /etc/marks.conf\n}}\nfiles() {{\n    {{ cat /etc/marks.conf; echo {name}; }} | file_write /etc/marks.conf 0640\n}}\n\
                 run() {{\n{special}    files\n}}\nundo() {{\n    undo_all\n}}\n"
            ),
        );
    }
    write("modules/marks/module.toml", &module);
}

struct Site {
    lab: Lab,
    cpmg: Cpmg,
}

impl Site {
    fn marks(&self) -> String {
        self.lab.exec("ctl1", "tr '\\n' ' ' </etc/marks.conf; stat -c %a /etc/marks.conf").trim().to_owned()
    }

    fn job(&self) -> String {
        self.cpmg.json(&["job", "list", "marks"]).as_array().unwrap().last().unwrap()["id"].to_string()
    }

    fn show(&self, job: &str) -> Value {
        self.cpmg.json(&["job", "show", job])
    }

    fn over(&self, job: &str) -> Value {
        wait_until("the job is over", || self.show(job)["job"]["ended"].is_u64());
        self.show(job)
    }
}

#[test]
#[ignore = "needs root and the lab"]
fn what_was_installed_is_held_undone_and_installed_again() {
    let lab = Lab::up("undo", &["ctl1"]);
    let cpmg = Cpmg::new();
    roles(&cpmg.own_roles());
    cpmg.ok(&["env", "add", "marks", "--platform", "debian-12-marks"]);
    cpmg.adopt(&lab, "marks", "ctl1", &["controller"]);
    let site = Site { lab, cpmg };
    let cpmg = &site.cpmg;
    site.lab.exec("ctl1", "echo found >/etc/marks.conf; chmod 600 /etc/marks.conf");

    // Held in the middle: the running step ends, the next one does not begin.
    cpmg.ok(&["install", "marks"]);
    let job = site.job();
    wait_until("the first step runs", || {
        site.show(&job)["nodes"][0]["current"]["state"]["running"].is_object()
            && site.show(&job)["nodes"][0]["current"]["step"] == "marks/one"
    });
    cpmg.ok(&["job", "hold", &job, "--yes"]);
    site.lab.exec("ctl1", "touch /root/go");
    wait_until("the running step has ended", || site.marks() == "found one 640");
    let steps = |job: &str| site.show(job)["nodes"][0]["done"].as_u64().unwrap();
    let held = steps(&job);
    assert_eq!(site.show(&job)["job"]["state"], "holding");
    // A policy that undoes, and a step that fails: nobody is asked.
    site.lab.exec("ctl1", "touch /root/broken");
    cpmg.ok(&["job", "release", &job]);
    let failed = site.over(&job);
    assert!(failed["nodes"][0]["done"].as_u64().unwrap() > held);
    assert_eq!(failed["nodes"][0]["state"], "failed", "the policy says ask");
    assert_eq!(site.marks(), "found one two 640");

    // Undone back to a step, then all of it: content and mode are what they were.
    cpmg.ok(&["job", "undo", &job, "--node", "ctl1", "--back-to", "marks/two", "--yes", "--follow"]);
    assert_eq!(site.marks(), "found one 640");
    cpmg.ok(&["job", "undo", &job, "--node", "ctl1", "--yes", "--follow"]);
    assert_eq!(site.marks(), "found 600", "as before the installation");
    assert_eq!(cpmg.json(&["node", "show", "ctl1"])["state"], "ready");

    // Taken up again, the cause mended.
    site.lab.exec("ctl1", "rm /root/broken");
    cpmg.ok(&["job", "retry", &job, "--follow"]);
    assert_eq!(site.marks(), "found one two three four 640");
    assert_eq!(cpmg.json(&["node", "show", "ctl1"])["state"], "installed");
    cpmg.ok(&["job", "undo", &job, "--all", "--yes", "--follow"]);
    assert_eq!(site.marks(), "found 600");

    // The policy tries again, then undoes; the budget of controllers says why nothing else begins.
    site.lab.exec("ctl1", "touch /root/broken; : >/root/tries");
    cpmg.ok(&["env", "policy", "marks", "--on-failure", "undo", "--retries", "2"]);
    let out = cpmg.run_with(&["install", "marks", "--follow"], "");
    let told = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert!(told.contains("ctl1 * is undone") && told.contains("0 are allowed"), "{told}");
    assert_eq!(site.lab.exec("ctl1", "wc -l </root/tries").trim(), "3", "one try and two more");
    assert_eq!(site.marks(), "found 600", "undone without being asked");
    let shown = site.over(&site.job());
    assert_eq!(shown["nodes"][0]["state"], "undone");
    assert!(shown["nodes"][0]["undo"]["by"].is_null(), "nobody asked for it: {shown}");
}
