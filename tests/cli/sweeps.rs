//! Finding a machine, taking it in with a set of credentials, its facts over time.

use super::nodes::{Sshd, account, free_port, keygen};
use super::support::Site;

#[test]
fn from_a_sweep_to_a_node_with_a_set_of_credentials() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    let sshd = Sshd::start(&site, free_port());
    let port = sshd.port.to_string();
    let found = site.json(&["sweep", "start", "prod", "127.0.0.1-3", "--port", &port, "--rate", "1000"]);
    assert_eq!(
        (found["sweep"]["done"].as_u64(), found["sweep"]["found"].as_u64()),
        (Some(3), Some(1)),
        "{found}"
    );
    let row = &site.json(&["sweep", "found", "prod"])[0];
    assert_eq!((row["address"].as_str(), row["new"].as_bool()), (Some("127.0.0.1"), Some(false)), "{row}");
    assert_eq!(row["host_key"].as_str(), Some(sshd.fingerprint().as_str()));
    assert!(site.ok(&["sweep", "list", "prod"]).contains("SSH at 1"));
    site.refused(&["sweep", "start", "prod", "10.0.0.0/8"], 2, "65536");

    // A set: first one that the node does not take.
    let stranger = sshd.folder.join("nobody");
    keygen(&stranger, "");
    let (stranger, key, user) = (stranger.display().to_string(), sshd.key(), account());
    site.ok(&["credential-set", "add", "prod", "rack", "--user", &user, "--key", &stranger]);
    site.ok(&["credential-set", "add", "prod", "rack", "--user", &user, "--key", &key]);
    let sets = site.json(&["credential-set", "list", "prod"]);
    assert_eq!(sets[0]["entries"].as_array().map(Vec::len), Some(2), "{sets}");
    assert!(!sets.to_string().contains("PRIVATE KEY"));
    site.refused(&["sweep", "add", "prod", "127.0.0.2", "--set", "rack"], 4, "nothing was found");
    let added = site.json(&["sweep", "add", "prod", "--all", "--set", "rack"]);
    let name = added[0]["name"].as_str().unwrap();
    let node = format!("prod/{name}");
    site.ok(&["node", "trust", &node, "--accept-new"]);
    let list = site.json(&["node", "list", "prod"]);
    let id = list[0]["id"].to_string();
    assert_eq!(list[0]["credential"].as_str(), Some("key"), "the second one fits: {list}");
    assert_eq!(list[0]["logins"]["refused"].as_u64(), Some(1), "{list}");
    assert!(site.ok(&["node", "show", &id]).contains("it refused 1 logins within 10 minutes"));

    let facts = site.json(&["node", "facts", &id, "--history", "--refresh"]);
    assert_eq!(facts["history"].as_array().map(Vec::len), Some(1), "{facts}");
    assert!(facts["findings"].is_array() && facts["facts"]["kernel"].is_string(), "{facts}");
    assert!(site.ok(&["node", "facts", &id, "--history"]).contains("first facts"));

    assert!(site.ok(&["sweep", "limit", "prod"]).contains("refuse 3 logins within 10 minutes"));
    site.ok(&["sweep", "limit", "prod", "--attempts", "5"]);
    assert_eq!(site.json(&["sweep", "limit", "prod"])["attempts"].as_u64(), Some(5));
    site.refused(&["sweep", "limit", "prod", "--attempts", "99"], 2, "1 to 20");
    assert!(site.ok(&["sweep", "schedule", "prod"]).contains("no schedule"));
    let set = site.json(&["sweep", "schedule", "prod", "--every", "03:30", "127.0.0.1-2", "--port", &port]);
    assert_eq!(set["schedule"]["every"].as_str(), Some("03:30"), "{set}");
    assert!(set["next"].is_u64());
    assert!(site.json(&["sweep", "schedule", "prod", "--off"])["schedule"].is_null());
    site.ok(&["credential-set", "remove", "prod", "rack"]);
    assert!(site.ok(&["credential-set", "list", "prod"]).contains("no sets yet"));
}
