//! Whatever dies, no step runs twice and no byte is lost.

use super::support::{Cpmg, Lab, kill_child, wait_until};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

/// Seconds that the slow step runs.
const SECONDS: u32 = 300;

/// A platform of one module with one slow step that counts how often it ran and prints numbered lines.
fn slow_roles(dir: &Path) {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "platforms/debian-12-slow.toml",
        "name = \"debian-12-slow\"\ntitle = { en = \"Slow\", zh-CN = \"慢\" }\n\
         os = { id = \"debian\", version = \"12\" }\nrelease = \"slow\"\nmodules = [\"slow\"]\n",
    );
    write(
        "modules/slow/module.toml",
        "name = \"slow\"\ntitle = { en = \"Slow\", zh-CN = \"慢\" }\nroles = [\"controller\"]\nneeds = []\n\n\
         [[step]]\nname = \"count\"\ntitle = { en = \"Count\", zh-CN = \"数\" }\nscript = \"count.sh\"\nweight = 300\n\
         irreversible = true\n",
    );
    let script = format!(
        "#!/bin/sh\n# Prints numbered lines for a while.\nrun() {{\n    echo run >>/root/runs\n    i=0\n    \
         while [ $i -lt {} ]; do\n        i=$((i + 1))\n        echo \"line $i of the slow step\"\n        sleep 0.1\n    \
         done\n    mark_changed\n}}\n",
        SECONDS * 10
    );
    write("modules/slow/count.sh", &script);
}

fn expected() -> String {
    let lines: Vec<String> = (1..=SECONDS * 10).map(|i| format!("line {i} of the slow step\n")).collect();
    lines.concat()
}

fn job(cpmg: &Cpmg) -> Value {
    cpmg.json(&["job", "list", "slow"]).as_array().unwrap()[0].clone()
}

fn output_length(cpmg: &Cpmg, id: &str) -> usize {
    let shown = job(cpmg);
    assert_ne!(shown["state"], "failed", "{shown}");
    let out = cpmg.run_with(&["job", "output", id, "ctl1", "slow/count"], "");
    if out.status.success() { out.stdout.len() } else { 0 }
}

#[test]
#[ignore = "needs root and the lab"]
fn killed_clients_and_engines_change_nothing() {
    let lab = Lab::up("kill", &["ctl1"]);
    let cpmg = Cpmg::new();
    slow_roles(&cpmg.own_roles());
    // The engine was started before the roles were there: it reads them anew.
    cpmg.ok(&["env", "add", "slow", "--platform", "debian-12-slow"]);
    cpmg.adopt(&lab, "slow", "ctl1", &["controller"]);
    let mut client = cpmg
        .command(&["install", "slow", "--follow"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    wait_until("the step has begun", || {
        let jobs = cpmg.json(&["job", "list", "slow"]);
        jobs.as_array().is_some_and(|j| !j.is_empty())
    });
    let id = job(&cpmg)["id"].to_string();
    wait_until("it prints", || output_length(&cpmg, &id) > 1_000);
    kill_child(&mut client);
    let before = output_length(&cpmg, &id);
    wait_until("it prints on without its client", || output_length(&cpmg, &id) > before + 500);

    for _ in 0..3 {
        cpmg.kill_engine();
        // The next command starts a new engine, which takes the job up.
        let before = output_length(&cpmg, &id);
        wait_until("a new engine goes on", || output_length(&cpmg, &id) > before + 500);
        assert_eq!(job(&cpmg)["state"], "running");
    }
    lab.run(&["cut", "ctl1"]);
    let before = output_length(&cpmg, &id);
    wait_until("the cut is noticed", || {
        let shown = cpmg.json(&["job", "show", &id]);
        shown["nodes"][0]["link_down"].is_u64()
    });
    lab.run(&["mend", "ctl1"]);
    wait_until("the output goes on after the cut", || output_length(&cpmg, &id) > before + 500);

    wait_until("the job is over", || job(&cpmg)["ended"].is_u64());
    assert_eq!(job(&cpmg)["state"], "succeeded");
    assert_eq!(lab.exec("ctl1", "wc -l </root/runs").trim(), "1", "the step ran once");
    let output = cpmg.ok(&["job", "output", &id, "ctl1", "slow/count"]);
    assert!(output == expected(), "no byte is lost or doubled ({} of {})", output.len(), expected().len());
}
