//! Lists of nodes over the real engine: previews, imports in parts, secrets that never come back, exports that can be imported.

use super::support::Site;
use std::fmt::Write;

const SECRET: &str = "Xq7-hunter2-Zz9";

#[test]
fn a_list_is_previewed_imported_and_the_same_afterwards() {
    let site = Site::new();
    site.ok(&["env", "add", "cloud"]);
    let list = site.dir.path().join("rack.ini");
    let text = format!(
        "[controller]\nctl[1:2] ansible_user=deploy\n[compute]\ncmp1 ansible_host=10.7.0.11 ansible_ssh_pass={SECRET}\n\
         ctl1 ansible_host=10.7.0.1\nctl2 ansible_host=10.7.0.2 ansible_port=2222\n\
         far ansible_host=10.7.0.9 ansible_ssh_common_args='-J bastion'\n\
         near ansible_host=10.7.0.10 ansible_ssh_common_args='-o ProxyCommand=\"ssh -W %h:%p ops@10.6.0.1\"'\n"
    );
    std::fs::write(&list, text).unwrap();
    let list = list.to_str().unwrap();
    let shown = site.ok(&["node", "import", "cloud", list, "--dry-run"]);
    assert!(shown.contains("7     refused  far"), "{shown}");
    assert!(
        shown.contains("jump host 'bastion'")
            && shown.contains("through ops@10.6.0.1:22")
            && shown.contains("password: given"),
        "{shown}"
    );
    assert!(shown.contains("4 new, 0 changed, 0 as they are, 1 refused"), "{shown}");
    assert!(site.json(&["node", "list", "cloud"]).as_array().unwrap().is_empty(), "a dry run does nothing");
    let preview = site.json(&["node", "import", "cloud", list, "--dry-run"]);
    assert_eq!(preview["rows"][3]["reason"]["why"], "jump");
    assert!(!preview.to_string().contains(SECRET));
    site.refused(&["node", "import", "cloud", list], 2, "--yes");
    let done = site.json(&["node", "import", "cloud", list, "--yes"]);
    assert_eq!((&done["added"], &done["refused"]), (&4.into(), &1.into()));
    let nodes = site.json(&["node", "list", "cloud"]);
    let node = |name: &str| nodes.as_array().unwrap().iter().find(|n| n["name"] == name).unwrap().clone();
    assert_eq!((&node("ctl2")["port"], &node("ctl2")["user"]), (&2222.into(), &"deploy".into()));
    assert_eq!((&node("cmp1")["state"], &node("cmp1")["credential"]), (&"ready".into(), &"password".into()));
    assert!(!nodes.to_string().contains(SECRET));
    let again = site.ok(&["node", "import", "cloud", list, "--yes"]);
    assert!(again.contains("0 new, 0 changed, 4 as they are, 1 refused"), "{again}");
    assert!(again.contains("nothing to do"), "{again}");
    // What is exported holds no secret, and comes back without a change.
    for (format, ending) in [("ansible", "ini"), ("csv", "csv")] {
        let file = site.dir.path().join(format!("nodes.{ending}"));
        let file = file.to_str().unwrap();
        site.ok(&["node", "export", "cloud", "--format", format, "-o", file]);
        assert!(!std::fs::read_to_string(file).unwrap().contains(SECRET));
        let back = site.ok(&["node", "import", "cloud", file, "--dry-run"]);
        assert!(back.contains("0 new, 0 changed, 4 as they are, 0 refused"), "{back}");
        site.refused(&["node", "export", "cloud", "-o", file], 1, "exists");
    }
    assert_eq!(site.json(&["node", "export", "cloud", "--format", "json"]).as_array().unwrap().len(), 4);
}

#[test]
fn what_exists_is_changed_by_a_list() {
    let site = Site::new();
    site.ok(&["env", "add", "cloud"]);
    let csv = |text: &str| {
        let path = site.dir.path().join("list.csv");
        std::fs::write(&path, text).unwrap();
        site.json(&["node", "import", "cloud", path.to_str().unwrap(), "--yes"])
    };
    csv("name,address,roles\na,10.7.0.1,controller\nb,10.7.0.2,\n");
    let done = csv("name,address,roles\na,10.7.0.5,compute\nc,10.7.0.2,\n,10.7.0.3,\n");
    assert_eq!((&done["added"], &done["changed"]), (&1.into(), &2.into()));
    let nodes = site.json(&["node", "list", "cloud"]);
    let mut all: Vec<String> = nodes
        .as_array()
        .unwrap()
        .iter()
        .map(|n| format!("{} {} {}", n["name"].as_str().unwrap(), n["address"].as_str().unwrap(), n["roles"]))
        .collect();
    all.sort();
    assert_eq!(all, ["a 10.7.0.5 [\"compute\"]", "c 10.7.0.2 []", "node-10-7-0-3 10.7.0.3 []"]);
}

#[test]
fn keys_are_read_on_demand_and_checked() {
    let site = Site::new();
    site.ok(&["env", "add", "cloud"]);
    let key = site.dir.path().join("id");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let config = site.dir.path().join("config");
    let text = format!(
        "Host a\n  HostName 10.7.0.1\nHost b\n  HostName 10.7.0.2\n  IdentityFile /nowhere/id\nHost *\n  IdentityFile {}\n",
        key.display()
    );
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let without = site.json(&["node", "import", "cloud", config, "--dry-run"]);
    assert_eq!(without["keys"].as_array().unwrap().len(), 2);
    site.ok(&["node", "import", "cloud", config, "--keys", "--yes"]);
    let nodes = site.json(&["node", "list", "cloud"]);
    assert_eq!((&nodes[0]["credential"], &nodes[1]["credential"]), (&"key".into(), &serde_json::Value::Null));
    assert!(!nodes.to_string().contains("PRIVATE"));
}

#[test]
fn long_lists_go_in_parts_and_wrong_ones_are_refused_in_words() {
    let site = Site::new();
    site.ok(&["env", "add", "cloud"]);
    let path = site.dir.path().join("long.csv");
    // More than one frame of a client holds, and more than one answer of a shell: 5,000 lines, an error in every tenth.
    let mut text = "name,address,rack\n".to_owned();
    for n in 0..5_000 {
        let last = if n % 10 == 9 { 999 } else { n % 250 + 1 };
        let _ = writeln!(text, "n{n},10.7.{}.{last},{}", n / 250, "x".repeat(300));
    }
    std::fs::write(&path, &text).unwrap();
    assert!(text.len() > 1024 * 1024);
    let path = path.to_str().unwrap();
    let preview = site.json(&["node", "import", "cloud", path, "--dry-run"]);
    let rows = preview["rows"].as_array().unwrap();
    let refused: Vec<u64> =
        rows.iter().filter(|r| r["verdict"] == "refused").map(|r| r["line"].as_u64().unwrap()).collect();
    let wanted: Vec<u64> = (0..500).map(|n| n * 10 + 11).collect();
    assert_eq!(refused, wanted, "the line of each error");
    assert!(rows.iter().filter(|r| r["verdict"] == "refused").all(|r| r["reason"]["why"] == "bad-address"));
    let done = site.json(&["node", "import", "cloud", path, "--yes"]);
    assert_eq!(done["added"], 4_500);
    let bytes = site.dir.path().join("bytes.csv");
    std::fs::write(&bytes, b"name,address\na,10.0.0.1\nb\xff,10.0.0.2\n").unwrap();
    site.refused(&["node", "import", "cloud", bytes.to_str().unwrap()], 2, "line 3: not UTF-8");
    site.refused(&["node", "import", "cloud"], 2, "FILE");
    site.refused(&["node", "import", "cloud", "--format", "cobbler", "--dry-run"], 4, "Cobbler");
}
