//! Who did what.

use super::support::Site;

#[test]
fn the_trail_tells_who_did_what_and_why() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    site.ok(&["env", "add", "test"]);
    assert_eq!(site.ok(&["audit"]), "nothing was done that fits\n");
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
    assert_eq!(all[0]["reason"], "its disk is being changed");
    assert!(!all.to_string().contains(value.trim()), "a password is in the trail");
    // What the trail says outlives what it speaks of, and an engine.
    site.ok(&["node", "remove", "n2", "--yes"]);
    site.kill_engine();
    let text = site.ok(&["audit"]);
    assert!(text.contains("test/n2") && text.contains("locked it: no power"), "{text}");
    let count = |args: &[&str]| site.json(&[&["audit"], args].concat()).as_array().unwrap().len();
    assert_eq!(count(&["--env", "prod"]), 4);
    assert_eq!(count(&["--node", "n1"]), 3);
    assert_eq!(count(&["--kind", "lock", "--since", "1h"]), 3);
    assert_eq!(count(&["--user", "bob"]), 0);
    assert_eq!(count(&["--limit", "2"]), 2);
    let newest = site.json(&["audit", "--limit", "1"]);
    assert_eq!(newest[0]["kind"], "account");
    site.refused(&["audit", "--since", "soon"], 2, "is no time");
    site.refused(&["audit", "--kind", "banana"], 2, "host-key");
}
