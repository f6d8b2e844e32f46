//! Everything that can be installed: looked at first, installed, looked at again, undone. The node is as it was before.

use super::steps::{NODES, Steps};
use super::support::{Cpmg, Lab};
use cpmg::domain::job::StepAction;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Instant;

const CENSUS: &str = include_str!("census.sh");

/// What undo leaves on purpose: how a line of the census begins (`*` stands for anything without a blank), a tab, and why. The longer suite reads
/// it too.
const LEFT: &str = include_str!("left.tsv");

pub type Census = BTreeSet<String>;

pub fn census(lab: &Lab, node: &str) -> Census {
    let text = lab.exec(node, CENSUS);
    let lines: Census = text.lines().map(str::to_owned).collect();
    let kinds = [
        "file /etc/passwd ",
        "content /etc/passwd ",
        "package dpkg ",
        "user root:",
        "unit ssh.service ",
        "active ",
        "listens tcp 0016",
    ];
    for kind in kinds {
        assert!(lines.iter().any(|l| l.starts_with(kind)), "the census has no {kind}:\n{text}");
    }
    lines
}

/// `-` what was there before only, `+` what is there after only.
pub fn differences(before: &Census, after: &Census) -> Vec<String> {
    let gone = before.difference(after).map(|l| format!("- {l}"));
    let new = after.difference(before).map(|l| format!("+ {l}"));
    gone.chain(new).collect()
}

/// Packages that are there in another version than before.
fn upgraded(before: &Census, after: &Census) -> Vec<String> {
    let name = |line: &String| Some(line.strip_prefix("package ")?.split(' ').next()?.to_owned());
    let old: BTreeSet<String> = before.difference(after).filter_map(name).collect();
    let new: BTreeSet<String> = after.difference(before).filter_map(name).collect();
    old.intersection(&new).cloned().collect()
}

/// Whether `line` begins as `pattern` says.
fn begins(line: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return line.starts_with(pattern) };
    let Some(tail) = line.strip_prefix(first) else { return false };
    let word = tail.find(' ').unwrap_or(tail.len());
    (0..=word).any(|at| tail.get(at..).is_some_and(|t| begins(t, rest)))
}

/// Why a difference may stay.
fn justified(line: &str, upgraded: &[String]) -> Option<String> {
    let line = line.get(2..).unwrap_or_default();
    let package = |name: &String| {
        let about = [format!("package {name} "), format!("content /var/lib/dpkg/info/{name}.")];
        let with_architecture = format!("content /var/lib/dpkg/info/{name}:");
        about.iter().any(|a| line.starts_with(a)) || line.starts_with(&with_architecture)
    };
    if let Some(name) = upgraded.iter().find(|name| package(name)) {
        return Some(format!(
            "{name} was there before and is newer now: the archive has no older one to go back to"
        ));
    }
    let mut left = LEFT.lines().filter_map(|l| l.split_once('\t'));
    left.find(|(pattern, _)| begins(line, pattern)).map(|(_, why)| why.to_owned())
}

/// Fails when undo left something that nothing justifies.
pub fn compare(node: &str, before: &Census, after: &Census) {
    let (newer, mut faults) = (upgraded(before, after), Vec::new());
    for line in differences(before, after) {
        match justified(&line, &newer) {
            Some(why) => println!("left: {line}   ({why})"),
            None => faults.push(line),
        }
    }
    assert!(faults.is_empty(), "undo left on {node} what nothing justifies:\n{}", faults.join("\n"));
}

/// The job that was made last, when it is over.
pub fn last_job(cpmg: &Cpmg) -> Value {
    let jobs = cpmg.json(&["job", "list", "prod"]);
    let jobs = jobs.as_array().expect("jobs");
    jobs.iter().max_by_key(|j| j["id"].as_u64()).expect("a job").clone()
}

/// What MariaDB, RabbitMQ and Swift keep their data in; Swift's replicators go over theirs all the time.
const DATA: [&str; 3] = [" /var/lib/mysql/", " /var/lib/rabbitmq/mnesia/", " /srv/node/"];

#[test]
#[ignore = "needs root and the lab"]
fn a_look_changes_nothing_and_undo_puts_everything_back() {
    let lab = Lab::up("before", &NODES.map(|(name, _)| name));
    let cpmg = Cpmg::new();
    cpmg.ok(&["env", "add", "prod"]);
    // Keystone, and what it needs: every helper of the library is in it. The longer suite takes all modules.
    let modules = std::env::var("CPMG_TEST_MODULES").unwrap_or_else(|_| "keystone".into());
    cpmg.ok(&["env", "set", "prod", "--modules", &modules]);
    for (name, role) in NODES {
        cpmg.adopt(&lab, "prod", name, &[role.word()]);
    }
    let all = || NODES.map(|(name, _)| census(&lab, name));
    let same = |what: &str, before: &[Census], after: &[Census]| {
        for ((name, _), (before, after)) in NODES.iter().zip(before.iter().zip(after)) {
            let mut differ = differences(before, after);
            // Services write by themselves as long as they run.
            differ.retain(|line| !DATA.iter().any(|folder| line.contains(folder)));
            assert!(differ.is_empty(), "{what} changed {name}:\n{}", differ.join("\n"));
        }
    };
    let began = Instant::now();
    let clock = |what: &str| println!("== after {} s: {what}", began.elapsed().as_secs());

    clock("a look at fresh nodes");
    let before = all();
    cpmg.told(&["install", "prod", "--dry-run", "--follow"]);
    assert!(last_job(&cpmg)["changed"].as_u64().unwrap() > 10, "{}", last_job(&cpmg));
    same("a look at a fresh node", &before, &all());

    clock("the installation");
    cpmg.told(&["install", "prod", "--follow"]);
    let job = last_job(&cpmg);
    assert_eq!(job["state"], "succeeded", "{job}");
    let installed = all();

    clock("a look at installed nodes");
    cpmg.told(&["install", "prod", "--dry-run", "--follow"]);
    assert_eq!(last_job(&cpmg)["changed"], 0, "everything is done: {}", last_job(&cpmg));
    same("a look at an installed node", &installed, &all());

    clock("undo");
    cpmg.told(&["job", "undo", &job["id"].to_string(), "--all", "--yes", "--follow"]);
    let after = all();
    clock("the end");
    for ((name, _), (before, after)) in NODES.iter().zip(before.iter().zip(&after)) {
        compare(name, before, after);
    }
}

#[tokio::test]
#[ignore = "needs root and the lab"]
async fn an_installation_of_packages_that_was_killed_is_undone() {
    let lab = Lab::up("killed", &NODES.map(|(name, _)| name));
    let mut steps = Steps::on(&lab, "ctl1").await;
    let before = census(&lab, "ctl1");
    let packages = "memcached/packages".parse().unwrap();
    for word in ["Unpacking python3", "Setting up python3"] {
        for again in [false, true] {
            let told = steps.attempt_until(&packages, StepAction::Run, Some(word)).await;
            assert_ne!(told.status, 0, "killed at '{word}':\n{}", told.out);
            let half = new_packages(&before, &census(&lab, "ctl1"));
            assert!(half > 0, "it was in the middle:\n{}", told.out);
            if again {
                let told = steps.attempt(&packages, StepAction::Run).await;
                assert_eq!(told.status, 0, "a second run mends what the first left:\n{}", told.out);
            }
            let told = steps.attempt(&packages, StepAction::Undo).await;
            assert_eq!(told.status, 0, "{}", told.out);
            compare("ctl1", &before, &census(&lab, "ctl1"));
        }
    }
}

/// Packages that were not there before, in whatever state.
fn new_packages(before: &Census, after: &Census) -> usize {
    after.difference(before).filter(|l| l.starts_with("package ")).count()
}
