//! Passwords changed in services that run: the old one is refused, the new one accepted, and everything works on.

use super::install::token;
use super::support::{Cpmg, Lab, last_words};
use serde_json::Value;

/// A text for the shell of the node.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Whether the real database server lets Keystone's user in with that password, over the network.
fn database_takes(lab: &Lab, password: &str) -> bool {
    let script = format!(
        "printf '[client]\\npassword=\"%s\"\\n' {} >/root/.try && mariadb --defaults-extra-file=/root/.try -h {} -u keystone \
         -e 'SELECT 1' keystone >/dev/null 2>/root/.said && echo yes || cat /root/.said; rm -f /root/.try",
        quoted(password),
        lab.address("ctl1")
    );
    let said = lab.exec("ctl1", &script);
    assert!(said.contains("yes") || said.contains("Access denied"), "{said}");
    said.contains("yes")
}

/// Whether the real RabbitMQ takes the services' user with that password.
fn queue_takes(lab: &Lab, password: &str) -> bool {
    let script = format!(
        "printf '%s\\n%s\\n%s\\n' {} openstack {} | python3 \"$(ls /var/lib/cpmg/jobs/*/files/rabbitmq/amqp_login.py | head -n 1)\" \
         2>&1 && echo yes || :",
        lab.address("ctl1"),
        quoted(password)
    );
    let said = lab.exec("ctl1", &script);
    // It closes the connection on whom it does not let in, or says so, or just drops it.
    let no = ["wrong user or password", "refused", "reset by peer"];
    assert!(said.contains("yes") || no.iter().any(|n| said.contains(n)), "{said}");
    said.contains("yes")
}

fn reveal(cpmg: &Cpmg, name: &str) -> String {
    cpmg.ok(&["account", "reveal", "prod", name]).trim_end_matches('\n').to_owned()
}

fn account(cpmg: &Cpmg, name: &str) -> Value {
    let all = cpmg.json(&["account", "list", "prod"]);
    all.as_array().unwrap().iter().find(|a| a["name"] == name).unwrap().clone()
}

/// Whether Keystone gives the administrator a token.
fn keystone_takes(lab: &Lab, password: &str) -> bool {
    token(&lab.address("ctl1"), password).contains(" 201 ")
}

#[test]
#[ignore = "needs root and the lab"]
fn a_password_is_rotated_in_the_services_that_use_it() {
    let lab = Lab::up("rotate", &["ctl1"]);
    let cpmg = Cpmg::new();
    cpmg.ok(&["env", "add", "prod"]);
    cpmg.ok(&["env", "set", "prod", "--modules", "keystone"]);
    // Before the installation nothing uses it: it is set, not rotated.
    cpmg.ok(&["account", "generate", "prod", "KEYSTONE_DB_PASSWORD", "--length", "32", "--symbols"]);
    let unused = cpmg.run_with(&["account", "rotate", "prod", "KEYSTONE_DB_PASSWORD", "--yes"], "");
    assert!(!unused.status.success());
    cpmg.adopt(&lab, "prod", "ctl1", &["controller"]);
    cpmg.ok(&["install", "prod", "--follow"]);
    let admin = reveal(&cpmg, "ADMIN_PASSWORD");

    // The database password of Keystone, generated.
    let old = reveal(&cpmg, "KEYSTONE_DB_PASSWORD");
    assert!(database_takes(&lab, &old) && keystone_takes(&lab, &admin));
    let shown = cpmg.ok(&["account", "rotate", "prod", "KEYSTONE_DB_PASSWORD", "--dry-run"]);
    let steps: Vec<&str> = shown.lines().skip(1).map(|l| l.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(
        steps,
        ["keystone/database", "keystone/configure", "keystone/service", "keystone/token"],
        "{shown}"
    );
    println!("{}", last_words(&shown, 20));
    let said = cpmg.ok(&["account", "rotate", "prod", "KEYSTONE_DB_PASSWORD", "--yes", "--follow"]);
    println!("{}", last_words(&said, 20));
    let new = reveal(&cpmg, "KEYSTONE_DB_PASSWORD");
    assert!(new != old && database_takes(&lab, &new), "the real server takes the new one");
    assert!(!database_takes(&lab, &old), "and refuses the old one");
    assert!(keystone_takes(&lab, &admin), "Keystone still works");
    assert_eq!(account(&cpmg, "KEYSTONE_DB_PASSWORD")["rotation"], Value::Null);

    // RabbitMQ's, typed, with what has to be encoded in a URL.
    let old = reveal(&cpmg, "RABBIT_PASSWORD");
    let odd = "p@ss/w:rd#7 %x'\"$\\q?&=";
    assert!(queue_takes(&lab, &old));
    cpmg.ok_with(
        &["account", "rotate", "prod", "RABBIT_PASSWORD", "--password-stdin", "--yes", "--follow"],
        &format!("{odd}\n"),
    );
    assert_eq!(reveal(&cpmg, "RABBIT_PASSWORD"), odd);
    assert!(queue_takes(&lab, odd) && !queue_takes(&lab, &old), "RabbitMQ takes the new one only");

    // The cloud administrator's, with letters of other scripts.
    let odd = "Zoë's \"pa$$\\wörd 中; #%";
    cpmg.ok_with(
        &["account", "rotate", "prod", "ADMIN_PASSWORD", "--password-stdin", "--yes", "--follow"],
        &format!("{odd}\n"),
    );
    assert!(keystone_takes(&lab, odd) && !keystone_takes(&lab, &admin), "Keystone takes the new one only");

    // One that stops half-way: the database has the new one, the service's file is away.
    let old = new;
    lab.exec("ctl1", "mv /etc/keystone/keystone.conf /root/");
    let failed =
        cpmg.run_with(&["account", "rotate", "prod", "KEYSTONE_DB_PASSWORD", "--yes", "--follow"], "");
    assert!(!failed.status.success());
    let new = reveal(&cpmg, "KEYSTONE_DB_PASSWORD");
    assert!(database_takes(&lab, &new) && !database_takes(&lab, &old));
    let rotation = account(&cpmg, "KEYSTONE_DB_PASSWORD")["rotation"].clone();
    assert_eq!(rotation["state"], "failed");
    let places: Vec<(&str, &str)> = rotation["places"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p[1].as_str().unwrap(), p[2].as_str().unwrap()))
        .collect();
    assert_eq!(places, [("keystone/database", "set"), ("keystone/configure", "unknown")]);
    let install = cpmg.run_with(&["install", "prod"], "");
    let said = String::from_utf8_lossy(&install.stderr).into_owned();
    assert!(!install.status.success() && said.contains("--back"), "{said}");
    lab.exec("ctl1", "mv /root/keystone.conf /etc/keystone/");
    cpmg.ok(&["account", "rotate", "prod", "KEYSTONE_DB_PASSWORD", "--back", "--yes", "--follow"]);
    assert_eq!(reveal(&cpmg, "KEYSTONE_DB_PASSWORD"), old);
    assert!(database_takes(&lab, &old) && !database_takes(&lab, &new), "the old one is in force again");
    assert!(keystone_takes(&lab, odd));
    assert_eq!(account(&cpmg, "KEYSTONE_DB_PASSWORD")["rotation"], Value::Null);

    // What is there now is what an installation would make.
    let again = cpmg.ok(&["install", "prod", "--follow"]);
    assert!(again.contains("nothing was changed"), "{again}");
    let processes = lab.exec("ctl1", "cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n'");
    assert!(!processes.contains(&old), "no secret in an argument or an environment");
}
