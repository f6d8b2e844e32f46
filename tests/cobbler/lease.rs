//! An address that a real Cobbler's DHCP server gives: recorded, and made static by the installation, so that it outlives the server.

use crate::lab::Cpmg;
use crate::site::Site;
use serde_json::Value;

const ENV: &str = "cloud";
const NODE: &str = "node1";

/// On the server: Cobbler manages ISC's DHCP server on the cluster network, and knows the machine by the MAC address there.
const SERVER: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
apt-get -qq update && apt-get -qq -y install --no-install-recommends isc-dhcp-server >/dev/null
rm /usr/sbin/policy-rc.d
printf 'INTERFACESv4="clus0"\n' >/etc/default/isc-dhcp-server
# No way out and no names over this network; nobody but whom Cobbler knows gets an address.
sed -i "/option routers  *192\.168/d; /option domain-name-servers  *192\.168/d; /range dynamic-bootp/d; s/192\.168\.1\./$NET/g" /etc/cobbler/dhcp.template
# It would look for a program of the service's name, which Debian's has not, and fail.
sed -i 's/^manage_dhcp:.*/manage_dhcp: true/; s/^manage_dhcp_v4:.*/manage_dhcp_v4: true/; s/^restart_dhcp:.*/restart_dhcp: false/' /etc/cobbler/settings.yaml
systemctl restart cobblerd
python3 - "$MAC" "${NET}66" <<'END'
import sys, time, xmlrpc.client
server = xmlrpc.client.ServerProxy("http://127.0.0.1:25151")
for _ in range(240):
    try:
        token = server.login("cobbler", "cobbler")
        break
    except OSError:
        time.sleep(0.5)
handle = server.new_system(token)
for name, value in {"name": "rack4-07", "profile": "openstack", "hostname": "rack4-07"}.items():
    assert server.modify_system(handle, name, value, token), name
nic = {"macaddress-clus0": sys.argv[1], "ipaddress-clus0": sys.argv[2], "netmask-clus0": "255.255.255.0", "static-clus0": False}
assert server.modify_system(handle, "modify_interface", nic, token)
assert server.save_system(handle, token, "new")
server.sync_dhcp(token)
END
grep -q "fixed-address ${NET}66" /etc/dhcp/dhcpd.conf
systemctl restart isc-dhcp-server
"#;

/// On the machine: as an installer leaves it that asks for addresses.
const CLIENT: &str = r"
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update && apt-get -qq -y install --no-install-recommends ifupdown isc-dhcp-client >/dev/null
printf 'auto lo\niface lo inet loopback\n\nauto clus0\niface clus0 inet dhcp\n' >/etc/network/interfaces
mkdir -p /run/network
ip -4 address flush dev clus0
ifup --force lo clus0
";

#[test]
#[ignore = "needs root and the lab"]
fn an_address_from_cobblers_dhcp_server_is_recorded_and_made_static() {
    let site = Site::up("lease", &[NODE]);
    let cpmg = Cpmg::new();
    let roles = cpmg.own_roles().join("platforms");
    std::fs::create_dir_all(&roles).unwrap();
    let platform = "name = \"debian-12-wires\"\ntitle = { en = \"Wires\", zh-CN = \"网线\" }\nos = { id = \"debian\", version = \"12\" }\n\
         release = \"wires\"\nmodules = [\"network\"]\n[module.network]\nPACKAGES = \"ifupdown\"\n";
    std::fs::write(roles.join("debian-12-wires.toml"), platform).unwrap();
    let node = |script: &str| site.lab(&["exec", NODE, "sh", "-c", script]);
    let status: Value = serde_json::from_str(&site.lab(&["status", "--json"])).unwrap();
    let cidr = status["cluster_network"].as_str().unwrap().to_owned();
    let net = cidr.strip_suffix("0/24").unwrap();
    let leased = format!("{net}66");
    let mac = node("cat /sys/class/net/clus0/address").trim().to_owned();
    site.server(&format!("NET={net} MAC={mac}\n{SERVER}"));
    node(CLIENT);
    let address = || node("ip -o -4 address show dev clus0 scope global");
    assert!(address().contains(&format!("inet {leased}/24")), "{}", address());
    assert!(address().contains("dynamic"), "with an end: {}", address());
    let files = || node("cat /etc/network/interfaces; ls /etc/network/interfaces.d");
    let before = files();

    cpmg.ok(&["env", "add", ENV, "--platform", "debian-12-wires"]);
    let (_, reached) = site.machine(NODE);
    let key = site.lab(&["key"]);
    cpmg.ok(&["node", "add", ENV, &reached, "--name", NODE, "--key", key.trim()]);
    cpmg.ok(&["node", "trust", NODE, "--accept-new"]);
    cpmg.ok(&["node", "role", NODE, "controller"]);
    cpmg.ok(&["node", "probe", NODE]);
    let listed = || {
        let all = cpmg.json(&["ip", "list", ENV]).to_string();
        println!("{all}");
        all
    };
    let told = listed();
    assert!(told.contains(&leased) && told.contains("\"dhcp\""), "the node says so: {told}");
    let login = ["--user", "cobbler", "--password-stdin"];
    cpmg.ok_with(&[&["cobbler", "set", ENV, "--url", &site.url][..], &login].concat(), "cobbler\n");
    // Cobbler calls the machine otherwise; its MAC address tells whose the address is.
    cpmg.ok(&["cobbler", "show", ENV]);
    let told = listed();
    assert!(told.contains(&leased) && told.contains("\"cobbler\""), "Cobbler knows better: {told}");
    assert!(!told.contains("rack4-07"), "{told}");

    let range = format!("{net}20-{net}80");
    cpmg.ok(&["net", "set", ENV, "cluster", "--cidr", &cidr, "--range", &range, "--nic", "clus0"]);
    let planned = cpmg.json(&["net", "show", ENV]).to_string();
    assert!(planned.contains(&leased), "the plan gives the node the address that it has: {planned}");
    let printed =
        cpmg.ok(&["install", ENV, "--follow", "--over-failed-checks", "a test of Cobbler's addresses"]);
    println!("{printed}");
    assert!(address().contains(&format!("inet {leased}/24")), "{}", address());
    assert!(!address().contains("dynamic"), "without an end: {}", address());
    assert_eq!(
        node("ps -C dhclient -o args= | grep -c clus0 || :").trim(),
        "0",
        "nobody asks for it any more"
    );
    // It outlives the server that gave it, and a new start of the network.
    site.server("systemctl stop isc-dhcp-server");
    node("ip -4 address flush dev clus0; systemctl restart networking");
    assert!(address().contains(&format!("inet {leased}/24")), "{}", address());
    let again =
        cpmg.ok(&["install", ENV, "--follow", "--over-failed-checks", "a test of Cobbler's addresses"]);
    assert!(again.contains("nothing was changed"), "{again}");
    // It is the node's, as long as Cobbler says so; DHCP gives it no more.
    cpmg.ok(&["node", "probe", NODE]);
    let told = listed();
    assert!(told.contains(&leased) && !told.contains("\"dhcp\""), "{told}");

    site.server("systemctl start isc-dhcp-server");
    let jobs = cpmg.json(&["job", "list", ENV]);
    let newest = jobs.as_array().unwrap().iter().map(|j| j["id"].as_u64().unwrap()).max().unwrap();
    cpmg.ok(&["job", "undo", &newest.to_string(), "--all", "--yes", "--follow"]);
    assert_eq!(files(), before);
    assert!(address().contains(&leased) && address().contains("dynamic"), "asked for again: {}", address());
}
