//! Choosing modules and setting options of services.

use super::support::Site;

#[test]
fn modules_come_with_their_reason() {
    let site = Site::new();
    site.ok(&["env", "add", "prod", "--platform", "debian-12-zed"]);
    site.ok(&["env", "set", "prod", "--modules", "mariadb"]);
    let told = site.ok(&["module", "add", "prod", "glance"]);
    assert!(told.contains("keystone: needed by glance"), "{told}");
    let listed = site.ok(&["module", "list", "prod"]);
    assert!(listed.contains("needed by glance"), "{listed}");
    assert!(listed.contains("no node has a role yet"), "{listed}");
    site.refused(&["module", "remove", "prod", "keystone"], 2, "keystone stays: needed by glance");
    site.refused(&["module", "add", "prod", "glanc"], 4, "did you mean \'glance\'");
}

#[test]
fn options_are_kept_checked_and_forgotten() {
    let site = Site::new();
    site.ok(&["env", "add", "prod", "--platform", "debian-12-zed"]);
    let conf = "/etc/keystone/keystone.conf";
    site.ok(&["option", "set", "prod", conf, "token", "expiration", "7200"]);
    site.ok(&["option", "set", "prod", conf, "cache", "enabled", "--absent", "--role", "controller"]);
    let listed = site.ok(&["option", "list", "prod"]);
    assert!(listed.contains("expiration = 7200") && listed.contains("!enabled"), "{listed}");
    site.refused(&["option", "set", "prod", conf, "DEFAULT", "admin_token", "x"], 2, "cpmg account");
    site.ok(&["option", "unset", "prod", conf, "token", "expiration"]);
    let listed = site.ok(&["option", "list", "prod"]);
    assert!(!listed.contains("expiration"), "{listed}");
}
