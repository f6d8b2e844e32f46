//! The network plan by commands, on simulated nodes: set, refused at its field, checked, and given to an installation's steps.

use super::jobs::World;
use super::support::Site;
use std::path::Path;

const PLAN: &str = r#"
names = "192.168.7.53"
[public]
cidr = "10.100.7.0/24"
range = "10.100.7.1-99"
gateway = "10.100.7.254"
floating = "10.100.7.100-200"
nic = "1st 25G"
[cluster]
cidr = "192.168.7.0/24"
range = "192.168.7.1-200"
nic = "eno1"
[br-vlan]
vlans = "100-199,300"
nic = "2nd 25G"
"#;

/// What the steps of the newest job got, all of it as text.
fn bundles(dir: &Path) -> Option<String> {
    let mut found = None;
    for entry in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            found = bundles(&entry).or(found);
        } else if entry.file_name().is_some_and(|n| n == "bundles") {
            found = Some(String::from_utf8_lossy(&std::fs::read(&entry).unwrap()).into_owned());
        }
    }
    found
}

#[test]
fn a_plan_is_made_field_by_field_and_each_fault_is_told_at_its_field() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    assert!(site.ok(&["net", "show", "prod"]).contains("has no network plan"));
    assert!(site.ok(&["net", "check", "prod"]).contains("on the network that is there"));
    let set = |args: &[&'static str]| [&["net", "set", "prod"], args].concat();
    site.refused(&set(&[]), 2, "required");
    site.refused(&set(&["--cidr", "10.0.0.0/24"]), 2, "required");
    site.refused(&set(&["private", "--cidr", "10.0.0.0/24"]), 2, "is not a network");
    site.refused(
        &set(&["cluster", "--cidr", "10.0.0.5/24", "--range", "10.0.0.10-20"]),
        2,
        "cluster.cidr: 10.0.0.5/24 has bits of a host: you mean 10.0.0.0/24",
    );
    assert!(site.ok(&["net", "show", "prod"]).contains("has no network plan"), "nothing was stored");
    // The public network alone is stored, and cannot be installed.
    site.ok(&set(&[
        "public",
        "--cidr",
        "10.100.7.0/24",
        "--range",
        "10.100.7.1-99",
        "--gateway",
        "10.100.7.254",
    ]));
    let checked = site.run(&["net", "check", "prod"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    assert!(checked.out.contains("the cluster network is missing"), "{checked:?}");
    site.ok(&set(&[
        "cluster",
        "--cidr",
        "192.168.7.0/24",
        "--range",
        "192.168.7.1-200",
        "--vlan",
        "7",
        "--nic",
        "eth0",
    ]));
    site.refused(&set(&["public", "--floating", "10.100.7.50-200"]), 2, "public.floating");
    site.refused(&set(&["public", "--vlan", "8"]), 2, "one VLAN on the uplink switch");
    site.ok(&set(&["public", "--floating", "10.100.7.100-200", "--nic", "second 10G NIC"]));
    assert_eq!(site.run(&["net", "check", "prod"]).code, 0);
    let shown = site.json(&["net", "show", "prod"]);
    assert_eq!(shown["revision"], 3);
    assert_eq!(shown["plan"]["public"]["nic"], "2nd 10G");
    assert_eq!((shown["changed_by"].as_str(), shown["faults"].as_array().unwrap().len()), (Some("ada"), 0));
    // Somebody was quicker.
    site.refused(&set(&["public", "--mtu", "1500", "--revision", "2"]), 5, "changed by ada in the meantime");
    // A whole plan as a file and back.
    let toml = site.ok(&["net", "show", "prod", "--toml"]);
    let file = site.dir.path().join("plan.toml");
    std::fs::write(&file, toml.replace("10.100.7.254", "10.100.7.253")).unwrap();
    let file = file.to_str().unwrap();
    site.ok(&["net", "check", "prod", "--file", file]);
    site.ok(&["net", "set", "prod", "--file", file]);
    assert!(site.ok(&["net", "show", "prod"]).contains("10.100.7.253"));
    let json = shown["plan"].to_string();
    site.ok_typing(&["net", "set", "prod", "--file", "-"], &json);
    assert!(site.ok(&["net", "show", "prod"]).contains("10.100.7.254"));
    site.refused_typing(&["net", "set", "prod", "--file", "-"], "[public]\ngatway = 'x'", 2, "gatway");
    site.refused(&["net", "set", "prod", "--file", "/nonexistent"], 2, "/nonexistent");
    site.ok(&["net", "remove", "prod", "public"]);
    site.refused(&["net", "remove", "prod", "public"], 4, "no network public");
    site.refused(&["net", "forget", "prod"], 2, "--yes");
    site.ok(&["net", "forget", "prod", "--yes"]);
    assert!(site.ok(&["net", "show", "prod"]).contains("has no network plan"));
    let trail = site.ok(&["audit"]);
    assert!(trail.contains("changed the network plan: public"), "{trail}");
    site.refused(&["net", "show", "nowhere"], 4, "nowhere");
    // A viewer looks and changes nothing.
    site.ok_typing(&["user", "add", "eve", "--role", "viewer", "--password-stdin"], "correct horse too\n");
    let login = site.run_of("eve", &["login", "eve", "--password-stdin"], "correct horse too\n");
    assert_eq!(login.code, 0, "{login:?}");
    assert_eq!(site.run_of("eve", &["net", "show", "prod"], "").code, 0);
    let refused = site.run_of("eve", &["net", "set", "prod", "--names", "10.0.0.1"], "");
    assert_eq!(refused.code, 3, "{refused:?}");
}

#[test]
fn an_installation_gets_the_plan_and_waits_until_it_is_ready() {
    let world = World::new(1000.0, &[]);
    let site = &world.site;
    site.ok_typing(&["net", "set", "lab", "--file", "-"], PLAN);
    let shown = site.json(&["net", "show", "lab"]);
    let nodes = &shown["nodes"];
    assert_eq!(
        (&nodes["ctl1"]["public"]["nic"], &nodes["ctl1"]["br-vlan"]["nic"]),
        (&"ens2f0".into(), &"ens2f1".into())
    );
    assert_eq!(nodes["ctl1"]["public"]["address"], "10.100.7.1");
    assert_eq!(nodes["cmp1"]["public"]["address"], "10.100.7.2");
    assert!(site.ok(&["net", "show", "lab"]).contains("ens2f0 10.100.7.1"));
    // A NIC that a node does not have: stored, told, and not installed.
    let told = site.ok(&["net", "nic", "cmp1", "public", "eth9"]);
    assert!(told.contains("has no NIC eth9 for public; it has eno1 (1G)"), "{told}");
    assert_eq!(site.run(&["net", "check", "lab"]).code, 1);
    site.refused(&["install", "lab"], 1, "cmp1 has no NIC eth9");
    // One NIC for two tags: told where a pattern is involved, refused where both were chosen by hand.
    let told = site.ok(&["net", "nic", "cmp1", "public", "ens2f1"]);
    assert!(told.contains("only public and cluster can share a NIC"), "{told}");
    let twice = ["net", "nic", "cmp1", "br-vlan", "ens2f1"];
    site.refused(&twice, 2, "only public and cluster can share a NIC");
    site.ok(&["net", "nic", "cmp1", "public", "--pattern"]);
    site.refused(&["net", "address", "cmp1", "public", "10.100.7.254"], 2, "it is the gateway");
    site.ok(&["net", "address", "cmp1", "public", "10.100.7.42"]);
    site.ok(&["net", "nic", "cmp1", "br-vlan", "--none"]);
    assert_eq!(site.run(&["net", "check", "lab"]).code, 0);
    site.refused(&["net", "confirm", "cmp1", "--yes"], 4, "cuts the connection");
    let over = ["install", "lab", "--follow", "--over-failed-checks", "nobody can check simulated nodes"];
    let ended = site.run(&over);
    assert_eq!(ended.code, 0, "{ended:?}");
    let steps = bundles(&site.data()).unwrap();
    for line in [
        "NET_CLUSTER_CIDR=192.168.7.0/24",
        "NET_PUBLIC_GATEWAY=10.100.7.254",
        "NET_PUBLIC_POOL_START=10.100.7.100",
        "NET_PUBLIC_POOL_END=10.100.7.200",
        "NET_PUBLIC_ADDRESS=10.100.7.1",
        "NET_PUBLIC_ADDRESS=10.100.7.42",
        "NET_PUBLIC_NIC=ens2f0",
        "NET_TAGS='public cluster'",
        "NET_TAGS='public cluster br-vlan'",
        "NET_NAMES=192.168.7.53",
    ] {
        let bare = line.replace('\'', "");
        let (name, value) = bare.split_once('=').unwrap();
        let quoted = format!("{name}='{value}'\n");
        assert!(steps.contains(&format!("{bare}\n")) || steps.contains(&quoted), "no {line}");
    }
}

#[test]
fn without_a_plan_an_installation_is_as_before() {
    let world = World::new(1000.0, &[]);
    let ended = world.site.run(&["install", "lab", "--follow"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!bundles(&world.site.data()).unwrap().contains("\nNET_"));
}
