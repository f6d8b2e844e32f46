//! The whole line: find, adopt, install, ask the real Keystone, install again.

use super::support::{Cpmg, Lab, last_words};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Asks Keystone for a token over plain HTTP; gives the status line.
pub fn token(address: &str, password: &str) -> String {
    let body = json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "admin", "domain": {"id": "default"}, "password": password}}},
        "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}
    }})
    .to_string();
    let mut stream = TcpStream::connect((address, 5000)).expect("keystone listens");
    write!(
        stream,
        "POST /v3/auth/tokens HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_owned();
    if head.contains(" 201 ") {
        assert!(head.to_lowercase().contains("x-subject-token: "), "{head}");
    }
    head.lines().next().unwrap_or_default().to_owned()
}

#[test]
#[ignore = "needs root and the lab"]
fn from_nothing_to_a_token() {
    let lab = Lab::up("e2e", &["ctl1", "cmp1", "cmp2"]);
    let cpmg = Cpmg::new();
    cpmg.ok(&["env", "add", "prod"]);
    cpmg.ok(&["env", "set", "prod", "--modules", "keystone"]);
    let (first, last) = (lab.address("ctl1"), lab.address("cmp2"));
    let sweep = cpmg.json(&["node", "sweep", "prod", &format!("{first}-{last}")]);
    let found = sweep["found"].as_array().expect("what was found");
    assert_eq!(found.iter().filter(|f| f["ssh"] == true).count(), 3, "{sweep}");
    cpmg.adopt(&lab, "prod", "ctl1", &["controller"]);
    cpmg.adopt(&lab, "prod", "cmp1", &["compute"]);
    cpmg.adopt(&lab, "prod", "cmp2", &["compute"]);
    let plan = cpmg.json(&["plan", "prod"]);
    let stages: Vec<&str> =
        plan["stages"].as_array().unwrap().iter().map(|s| s["kind"].as_str().unwrap()).collect();
    assert_eq!(stages, ["preflight", "controllers", "computes", "verification"]);

    let printed = cpmg.ok(&["install", "prod", "--follow"]);
    println!("{}", last_words(&printed, 20));
    let nodes = cpmg.json(&["node", "list", "prod"]);
    let installed = |n: &Value| n["state"] == "installed";
    assert!(nodes.as_array().unwrap().iter().all(installed), "{nodes}");

    let password = cpmg.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]);
    assert!(
        token(&first, password.trim()).contains(" 201 "),
        "the generated password opens the real Keystone"
    );
    assert!(token(&first, "wrong").contains(" 401 "), "and no other does");
    for node in ["ctl1", "cmp1", "cmp2"] {
        let hosts = lab.exec(node, "getent hosts ctl1 cmp1 cmp2 | wc -l");
        assert_eq!(hosts.trim(), "3", "{node} knows the others");
    }
    let processes = lab.exec("ctl1", "cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n'");
    assert!(!processes.contains(password.trim()), "no secret in an argument or an environment");

    let again = cpmg.ok(&["install", "prod", "--follow"]);
    println!("{}", last_words(&again, 20));
    let jobs = cpmg.json(&["job", "list", "prod"]);
    let jobs = jobs.as_array().unwrap();
    assert_eq!(jobs.len(), 2);
    let (one, two) = (&jobs[0], &jobs[1]);
    let (first_job, second_job) =
        if one["id"].as_u64() < two["id"].as_u64() { (one, two) } else { (two, one) };
    assert!(first_job["changed"].as_u64().unwrap() > 10, "{first_job}");
    assert_eq!(second_job["changed"], 0, "a second installation changes nothing: {second_job}");
    assert_eq!(second_job["state"], "succeeded");
    assert!(again.contains("nothing was changed"), "and says so: {again}");
}
