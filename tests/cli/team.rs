//! Several operators: who is here, and taking a job over.

use super::jobs::World;
use super::support::{Ended, PASSWORD, Site, wait_until};
use std::process::Stdio;

/// Makes a user who is logged in as the account of that name.
fn person(site: &Site, name: &str, role: &str) {
    let typed = format!("{PASSWORD}\n");
    site.ok_typing(&["user", "add", name, "--role", role, "--password-stdin"], &typed);
    let login = site.run_of(name, &["login", name, "--password-stdin"], &typed);
    assert_eq!(login.code, 0, "{login:?}");
}

fn refused(ended: &Ended, code: i32, part: &str) {
    assert!(ended.code == code && ended.err.contains(part), "no '{part}' in {ended:?}");
}

#[test]
fn who_tells_who_is_connected_and_with_what() {
    let site = Site::new();
    let alone = site.json(&["who"]);
    assert_eq!(alone.as_array().unwrap().len(), 1, "only the command itself: {alone}");
    assert_eq!((&alone[0]["name"], &alone[0]["face"]), (&"ada".into(), &"command".into()), "{alone}");
    assert!(alone[0]["place"].is_null() && alone[0]["environment"].is_null(), "{alone}");
    person(&site, "otto", "viewer");
    // A command that waits for what is typed is connected meanwhile.
    let mut waiting = site
        .command_of("otto", &["second-factor", "on", "--password-stdin"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("otto is here", || site.ok(&["who"]).contains("otto"));
    let table = site.ok(&["who"]);
    let head = ["USER", "ACCOUNT", "SINCE", "WITH", "ENVIRONMENT", "PAGE"];
    assert!(head.iter().all(|h| table.contains(h)), "{table}");
    let row = table.lines().find(|l| l.starts_with("otto")).unwrap();
    assert!(row.contains("command"), "{table}");
    // Everybody may ask, nobody without a session.
    let others = site.run_of("otto", &["who"], "");
    assert!(others.code == 0 && others.out.contains("otto"), "{others:?}");
    refused(&site.run_of("nobody", &["who"], ""), 3, "not logged in");
    drop(waiting.stdin.take());
    waiting.wait().unwrap();
    wait_until("otto has left", || !site.ok(&["who"]).contains("otto"));
}

#[test]
fn a_job_is_taken_over_with_a_reason_and_has_one_hand_at_a_time() {
    let world = World::new(1.0, &[]);
    let site = &world.site;
    person(site, "otto", "operator");
    person(site, "vic", "viewer");
    let job = world.install();
    world.wait_for_node(&job, 0, "running");
    let otto = |args: &[&str]| site.run_of("otto", args, "");
    let (stop, take) = (["job", "stop", &job, "--now", "--yes"], ["job", "take", &job]);
    let take_because = |why| [&take[..], &["--reason", why]].concat();

    refused(&otto(&stop), 5, &format!("ada has job {job} in hand"));
    refused(&otto(&take), 2, "--reason");
    refused(&otto(&take_because(" ")), 2, "");
    refused(&site.run_of("vic", &take_because("I want it"), ""), 3, "operator");
    site.refused(&take_because("it is mine"), 5, "in hand already");
    refused(&otto(&["job", "take", "99", "--reason", "x y z"]), 4, "99");

    let taken = otto(&take_because("ada went home"));
    assert!(taken.code == 0 && taken.out.contains(&format!("you have job {job} in hand")), "{taken:?}");
    site.refused(&stop, 5, &format!("otto has job {job} in hand"));
    let stopped = otto(&stop);
    assert_eq!(stopped.code, 0, "{stopped:?}");
    world.wait_for_job(&job, "cancelled");
    refused(&otto(&take_because("once more")), 5, "is over");
    let trail = site.json(&["audit", "--kind", "job"]);
    let entry = trail.as_array().unwrap().iter().find(|e| e["what"] == "took it over from ada").unwrap();
    assert_eq!((&entry["by"], &entry["reason"]), (&"otto".into(), &"ada went home".into()), "{trail}");
}
