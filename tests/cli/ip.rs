//! Addresses on the command line: pools, subnets, single addresses, and refusals with their exit codes.

use super::support::Site;

#[test]
fn a_subnet_from_its_reservation_to_its_end() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    assert!(site.ok(&["ip", "list", "prod"]).contains("cpmg ip pool add"));
    let refused = site.run(&["ip", "pool", "add", "prod", "10.20.0.7/24"]);
    assert!(refused.code == 2 && refused.err.contains("10.20.0.0/24"), "{refused:?}");
    site.ok(&["ip", "pool", "add", "prod", "10.20.0.0/24"]);
    site.ok(&["ip", "pool", "add", "prod", "2001:db8::/64", "--kind", "infrastructure"]);

    let reserved = site.json(&["ip", "reserve", "prod", "slice-1", "--count", "16"]);
    assert_eq!(reserved["reserved"]["subnet"], "10.20.0.1/28");
    let four = site.run(&["ip", "reserve", "prod", "slice-2", "--count", "4"]);
    assert!(four.code == 2 && four.err.contains("nothing would be left"), "{four:?}");
    let early = site.run(&["ip", "allocate", "prod", "slice-1", "vm-1"]);
    assert!(early.err.contains("only reserved"), "{early:?}");
    site.ok(&["ip", "confirm", "prod", "slice-1"]);
    let given = site.ok(&["ip", "allocate", "prod", "slice-1", "vm-1"]);
    assert_eq!(given, "10.20.0.1/28 belongs to vm-1\n");
    let taken = site.run(&["ip", "allocate", "prod", "slice-1", "vm-2", "--address", "10.20.0.1"]);
    assert!(taken.err.contains("10.20.0.1 belongs to vm-1 already (allocated)"), "{taken:?}");

    let list = site.ok(&["ip", "list", "prod"]);
    for part in ["10.20.0.0/24", "slice-1", "1 of 14", "vm-1 (allocated)", "2001:db8::/64"] {
        assert!(list.contains(part), "{part} is missing in\n{list}");
    }
    let rows = site.json(&["ip", "list", "prod", "--only", "addresses"]);
    assert_eq!(rows[0]["address"], "10.20.0.1");
    // Addresses are in use and nobody says yes: nothing is done.
    assert_eq!(site.run(&["ip", "delete", "prod", "slice-1"]).code, 2);
    site.ok(&["ip", "release", "prod", "10.20.0.1"]);
    site.ok(&["ip", "delete", "prod", "slice-1"]);
    site.ok(&["ip", "pool", "remove", "prod", "10.20.0.0/24"]);
    let trail = site.ok(&["audit", "--env", "prod", "--kind", "network"]);
    assert!(trail.contains("10.20.0.1/28 belongs to vm-1"), "{trail}");
}
