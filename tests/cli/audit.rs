//! Who did what.

use super::support::Site;

#[test]
fn the_trail_tells_who_did_what_and_why() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    site.ok(&["env", "add", "test"]);
    assert_eq!(site.ok(&["audit", "--kind", "lock"]), "nothing was done that fits\n");
    for (env, address, name) in [("prod", "127.8.0.1", "n1"), ("test", "127.8.0.2", "n2")] {
        site.ok_typing(
            &["node", "add", env, address, "--name", name, "--password-stdin"],
            "a secret of the node\n",
        );
    }
    site.ok(&["node", "lock", "n1", "--why", "its disk is being changed"]);
    site.ok(&["node", "lock", "n2", "--why", "no power"]);
    site.ok(&["node", "unlock", "n1"]);
    site.ok(&["node", "forget-key", "n1"]);
    let value = site.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]);
    let all = site.json(&["audit"]);
    let told: Vec<(&str, &str, &str)> = all
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| !["user", "session", "environment", "node"].contains(&e["kind"].as_str().unwrap()))
        .map(|e| {
            let place = if e["node"].is_null() { &e["env"][1] } else { &e["node"][1] };
            (e["by"].as_str().unwrap(), e["kind"].as_str().unwrap(), place.as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ada", "lock", "n1"),
            ("ada", "lock", "n2"),
            ("ada", "lock", "n1"),
            ("ada", "host-key", "n1"),
            ("ada", "account", "prod")
        ]
    );
    let lock = site.json(&["audit", "--kind", "lock"]);
    assert_eq!(lock[0]["reason"], "its disk is being changed");
    assert!(!all.to_string().contains(value.trim()), "a password is in the trail");
    // What the trail says outlives what it speaks of, and an engine.
    site.ok(&["node", "remove", "n2", "--yes"]);
    site.kill_engine();
    let text = site.ok(&["audit"]);
    assert!(text.contains("test/n2") && text.contains("locked it: no power"), "{text}");
    let count = |args: &[&str]| site.json(&[&["audit"], args].concat()).as_array().unwrap().len();
    // Its making, a node, two locks, a key forgotten, an account shown.
    assert_eq!(count(&["--env", "prod"]), 6);
    assert_eq!(count(&["--node", "n1"]), 3);
    assert_eq!(count(&["--kind", "lock", "--since", "1h"]), 3);
    // The reason of the lock, and what stood there before it was taken away.
    assert_eq!(count(&["--text", "DISK IS BEING"]), 2);
    assert_eq!(count(&["--user", "bob"]), 0);
    assert_eq!(count(&["--limit", "2"]), 2);
    assert_eq!(count(&["--until", "1h"]), 0);
    let newest = site.json(&["audit", "--limit", "1"]);
    assert_eq!(
        (&newest[0]["kind"], &newest[0]["what"]),
        (&"node".into(), &"took it out of the environment".into())
    );
    site.refused(&["audit", "--since", "soon"], 2, "is no time");
    site.refused(&["audit", "--kind", "banana"], 2, "host-key");
}

#[test]
fn every_change_is_told_with_values_and_the_chain_is_proven() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    site.ok(&["env", "set", "prod", "--parallel", "7"]);
    site.ok_typing(
        &["node", "add", "prod", "127.8.0.1", "--name", "n1", "--password-stdin"],
        "hunter2hunter2\n",
    );
    site.ok_typing(&["user", "add", "bob", "--role", "viewer", "--password-stdin"], "correct horse\n");
    let entries = site.json(&["audit"]);
    let of = |what: &str| {
        entries
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["what"] == what)
            .unwrap_or_else(|| panic!("{what}: {entries}"))
    };
    let parallel = &of("has 7 nodes worked on at once")["changes"][0];
    assert_eq!(
        (&parallel["what"], &parallel["before"], &parallel["after"]),
        (&"environment.parallel".into(), &"20".into(), &"7".into())
    );
    assert_eq!(of("made the user ada as administrator")["by"], "ada");
    let node = of("added a node at 127.8.0.1");
    assert_eq!(
        (&node["changes"][0]["what"], &node["changes"][0]["after"]),
        (&"credentials".into(), &"(hidden)".into())
    );
    assert!(of("made the user bob as viewer")["account"].is_string(), "who comes from the kernel");
    assert!(!entries.to_string().contains("hunter2") && !entries.to_string().contains("argon2"), "{entries}");
    // What is refused is no deed, what is looked at neither.
    let before = entries.as_array().unwrap().len();
    site.refused(&["env", "add", "prod"], 5, "already");
    site.ok(&["env", "list"]);
    assert_eq!(site.json(&["audit"]).as_array().unwrap().len(), before);

    let text = site.ok(&["audit", "verify"]);
    assert!(text.contains(&format!("{before} entries are as they were written")), "{text}");
    let file = site.dir.path().join("trail.jsonl");
    let file = file.to_str().unwrap();
    site.ok(&["audit", "export", file]);
    site.refused(&["audit", "export", file], 1, "exists");
    assert!(site.ok(&["audit", "verify", file]).contains("are one chain"));
    let good = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, good.replace("has 7 nodes", "has 9 nodes")).unwrap();
    let ended = site.run(&["audit", "verify", file]);
    assert!(ended.code == 1 && ended.out.contains("FAULT at entry"), "{ended:?}");
    // Still whole in another engine.
    site.kill_engine();
    site.ok(&["env", "set", "prod", "--parallel", "8"]);
    assert!(site.ok(&["audit", "verify"]).contains(&format!("{} entries are as", before + 1)));
}
