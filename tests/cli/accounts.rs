//! Accounts on the command line: set, generated, rotated on nodes that speak real SSH.

use super::jobs::World;
use super::support::{Site, wait_until};

#[test]
fn an_account_that_nothing_uses_is_set_or_generated() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    let set = |name: &str, value: &str| {
        site.run_of("home", &["account", "set", "prod", name, "--password-stdin"], &format!("{value}\n"))
    };
    for (name, value, part) in [
        ("KEYSTONE_DB_PASSWORD", "correct@horse7", "%40"),
        ("KEYSTONE_DB_PASSWORD", "tiny-1", "too short"),
        ("RABBIT_PASSWORD", "corréct horse", "RabbitMQ"),
        ("RABBIT_PASSWORD", "correct horse ", "blank"),
        ("RABBIT_USER", "2 users", "begins with a letter"),
        ("ADMIN_PASSWORD", &"aB3".repeat(30), "72 bytes"),
    ] {
        let refused = set(name, value);
        assert!(refused.code == 2 && refused.err.contains(part), "{name} {value}: {refused:?}");
        assert!(!refused.err.contains(value), "a refused value is not repeated: {refused:?}");
    }
    for (name, value) in [
        ("RABBIT_PASSWORD", "p@ss/w:rd#7 %x'\"$"),
        ("ADMIN_PASSWORD", "Zoë's \"pa$$\\wörd"),
        ("RABBIT_USER", "cloud"),
    ] {
        assert_eq!(set(name, value).code, 0, "{name}");
        assert_eq!(site.ok(&["account", "reveal", "prod", name]), format!("{value}\n"));
    }
    let said =
        site.ok(&["account", "generate", "prod", "KEYSTONE_DB_PASSWORD", "--length", "40", "--symbols"]);
    assert!(said.contains("40 characters, strong"), "{said}");
    site.refused(&["account", "generate", "prod", "ADMIN_PASSWORD", "--length", "6"], 2, "12 to 64");
    site.refused(&["account", "rotate", "prod", "ADMIN_PASSWORD", "--yes"], 2, "no service uses");
    let trail = site.ok(&["audit", "--env", "prod", "--kind", "account"]);
    assert!(
        trail.contains("set the account RABBIT_PASSWORD") && trail.contains("generated the account"),
        "{trail}"
    );
    assert!(!trail.contains("p@ss"), "{trail}");
}

#[test]
fn a_rotation_is_shown_done_and_taken_back() {
    // Fast enough that an hour's step takes a few milliseconds; the second step fails the second time it is run.
    let world = World::new(1_000_000.0, &[]);
    let site = &world.site;
    let run = |args: &[&str]| {
        let job = site.json(args);
        let id = job["id"].to_string();
        wait_until("the job is over", || {
            let state = site.json(&["job", "show", &id])["job"]["state"].clone();
            matches!(state.as_str(), Some("succeeded" | "failed" | "cancelled" | "undone"))
        });
        (id.clone(), site.json(&["job", "show", &id]))
    };
    site.refused(&["account", "rotate", "lab", "TOY_PASSWORD", "--yes"], 2, "no service uses");
    let (_, done) = run(&["install", "lab"]);
    assert_eq!(done["job"]["state"], "succeeded", "{done}");
    let before = site.ok(&["account", "reveal", "lab", "TOY_PASSWORD"]);
    site.refused(&["account", "generate", "lab", "TOY_PASSWORD"], 5, "rotate it");

    let plan = site.json(&["account", "rotate", "lab", "TOY_PASSWORD", "--dry-run"]);
    let steps: Vec<(&str, &str)> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["node_name"].as_str().unwrap(), s["step"].as_str().unwrap()))
        .collect();
    // The first step does not get the password and comes before; the third restarts what the second changed.
    let two = |node| [(node, "toy/second"), (node, "toy/third")];
    assert_eq!(steps, [two("ctl1"), two("cmp1")].concat());
    let (id, done) = run(&["account", "rotate", "lab", "TOY_PASSWORD", "--yes"]);
    assert_eq!(
        (done["job"]["state"].as_str(), done["job"]["kind"].as_str()),
        (Some("succeeded"), Some("rotate"))
    );
    let after = site.ok(&["account", "reveal", "lab", "TOY_PASSWORD"]);
    assert_ne!(before, after);
    let account = &site.json(&["account", "list", "lab"])[0];
    assert!(account["rotation"].is_null() && account["used_on"].as_array().unwrap().len() == 2, "{account}");
    site.refused(
        &["account", "rotate", "lab", "TOY_PASSWORD", "--back", "--yes"],
        2,
        "nothing to go back to",
    );
    // It is not undone: that would take back the installation.
    let undo = site.run(&["job", "undo", &id, "--yes"]);
    assert!(undo.code != 0, "{undo:?}");
    assert_eq!(site.ok(&["account", "reveal", "lab", "TOY_PASSWORD"]), after);
    let same = site.run_of(
        "home",
        &["account", "rotate", "lab", "TOY_PASSWORD", "--password-stdin", "--yes"],
        &after,
    );
    assert!(same.err.contains("present password"), "{same:?}");
}
