//! Users, sessions, environments, and what is said about wrong input.

use super::support::{PASSWORD, Site};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

const TYPED: &str = "correct horse\n";

#[test]
fn the_first_administrator() {
    let site = Site::empty();
    site.refused(&["engine", "status"], 7, "no engine answers");
    // The first command that needs an engine starts one.
    site.refused(&["whoami"], 3, "cpmg user add NAME --role administrator");
    site.refused_typing(&["login", "ada", "--password-stdin"], TYPED, 3, "no user exists yet");
    let add = ["user", "add", "ada", "--role", "administrator", "--password-stdin"];
    site.refused_typing(&["user", "add", "ada", "--password-stdin"], TYPED, 1, "must be an administrator");
    site.refused_typing(&add, "short\n", 2, "too short");
    site.refused_typing(&add, "12345678\n", 2, "digits only");
    site.refused_typing(&add, "", 2, "expected on the standard input");
    assert!(site.ok_typing(&add, TYPED).contains("first administrator is ada"));
    assert_eq!(site.ok(&["whoami"]), "ada (administrator)\n");
    site.refused_typing(&add, TYPED, 5, "ada");
}

#[test]
fn logging_in_and_out() {
    let site = Site::new();
    let sessions = site.dir.path().join("home/.local/state/cpmg");
    let kept: Vec<_> = std::fs::read_dir(&sessions).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(std::fs::metadata(&kept[0]).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&kept[0]).unwrap().contains(PASSWORD));
    assert_eq!(site.ok(&["logout"]), "logged out\n");
    site.refused(&["whoami"], 3, "not logged in");
    assert_eq!(site.ok(&["logout"]), "nobody was logged in\n");
    let wrong = site.refused_typing(&["login", "ada", "--password-stdin"], "wrong horse\n", 3, "wrong");
    let unknown = site.refused_typing(&["login", "bob", "--password-stdin"], "wrong horse\n", 3, "wrong");
    assert_eq!(wrong.err, unknown.err, "an unknown name is not told from a wrong password");
    assert_eq!(
        site.ok_typing(&["login", "ada", "--password-stdin"], TYPED),
        "logged in as ada (administrator)\n"
    );
    // A new password: the old one first.
    let change = ["user", "password", "--password-stdin"];
    site.refused_typing(&change, "wrong horse\nbattery staple\n", 2, "old password is wrong");
    site.ok_typing(&change, "correct horse\nbattery staple\n");
    site.refused_typing(&["login", "ada", "--password-stdin"], TYPED, 3, "wrong");
    site.ok_typing(&["login", "ada", "--password-stdin"], "battery staple\n");
}

#[test]
fn each_role_may_what_it_may() {
    let site = Site::new();
    for (name, role) in [("vera", "viewer"), ("otto", "operator")] {
        site.ok_typing(&["user", "add", name, "--role", role, "--password-stdin"], TYPED);
        assert_eq!(site.run_of(name, &["login", name, "--password-stdin"], TYPED).code, 0);
    }
    site.ok(&["env", "add", "prod"]);
    let code = |who: &str, args: &[&str]| site.run_of(who, args, "").code;
    for (args, viewer, operator) in [
        (&["env", "list"][..], 0, 0),
        (&["env", "add", "mine"], 3, 0),
        (&["env", "set", "prod", "--parallel", "3"], 3, 0),
        (&["node", "sweep", "prod", "127.0.0.1"], 3, 0),
        (&["env", "list", "--hidden"], 3, 3),
        (&["user", "list"], 3, 3),
        (&["engine", "stop"], 3, 3),
    ] {
        assert_eq!(code("vera", args), viewer, "viewer {args:?}");
        assert_eq!(code("otto", args), operator, "operator {args:?}");
    }
    let refused = site.run_of("vera", &["env", "add", "x1"], "");
    assert!(refused.err.contains("viewer") || refused.err.contains("operator"), "{refused:?}");
    // Disabling ends what a session may do at once.
    site.ok(&["user", "disable", "otto"]);
    assert_eq!(code("otto", &["env", "list"]), 3);
    assert_eq!(site.run_of("otto", &["login", "otto", "--password-stdin"], TYPED).code, 3);
    site.ok(&["user", "enable", "otto"]);
    assert_eq!(site.run_of("otto", &["login", "otto", "--password-stdin"], TYPED).code, 0);
    let users = site.json(&["user", "list"]);
    assert_eq!(users.as_array().unwrap().len(), 3);
    assert!(!users.to_string().contains("argon2"), "no hash leaves the engine");
}

#[test]
fn the_life_of_an_environment() {
    let site = Site::new();
    assert!(site.ok(&["env", "list"]).contains("no environments yet"));
    let made = site.json(&["env", "add", "prod"]);
    assert_eq!(made["name"], "prod");
    assert_eq!(made["platform"], "debian-12-zed");
    site.ok(&["env", "add", "测试 云"]);
    site.refused(&["env", "add", "prod"], 5, "called prod already");
    for (name, part) in [("", "1 to 40"), ("a/b", "letters"), ("42", "at least one letter"), ("-", "")] {
        site.refused(&["env", "add", "--", name], 2, part);
    }
    site.refused(&["env", "add", "x1", "--platform", "debian-13"], 2, "cpmg catalog list");
    assert!(site.ok(&["env", "rename", "prod", "production"]).contains("production"));
    site.refused(&["env", "show", "prodution"], 4, "did you mean 'production'?");
    let number = made["id"].to_string();
    assert!(site.ok(&["env", "show", &number]).contains("production"), "by number");
    site.ok(&["env", "hide", "production"]);
    site.refused(&["env", "show", "production"], 4, "no environment");
    assert!(!site.ok(&["env", "list"]).contains("production"));
    assert!(site.ok(&["env", "list", "--hidden"]).contains("production"));
    site.ok(&["env", "unhide", "production"]);
    let set = site.json(&["env", "set", "production", "--parallel", "7", "--modules", "hosts,time,mariadb"]);
    assert_eq!((&set["parallel"], set["modules"].as_array().unwrap().len()), (&7.into(), 3));
    site.refused(&["env", "set", "production", "--parallel", "0"], 2, "1 to 1000");
    site.refused(&["env", "set", "production", "--modules", "nonsense"], 2, "no module nonsense");
    site.refused(&["plan", "production"], 1, "");
    site.refused(&["install", "production"], 1, "");
    let list = site.json(&["env", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 2);
}

#[test]
fn wrong_commands_are_refused_with_code_2() {
    let site = Site::empty();
    for args in [
        &["teleport"][..],
        &["env"],
        &["env", "add"],
        &["env", "set", "x"],
        &["node", "role", "x", "king"],
        &["user", "add", "x", "--role", "king"],
        &["login", "ada", "--password", "secret"],
        &["node", "add", "e", "10.0.0.1", "--password-stdin", "--key", "x"],
        &["--lang", "tlh", "env", "list"],
    ] {
        assert_eq!(site.run(args).code, 2, "{args:?}");
    }
    let roles = site.run(&["node", "role", "x", "king"]);
    assert!(roles.err.contains("the roles are controller, compute and storage"), "{roles:?}");
    assert!(!site.data().exists(), "no engine was started for these");
}

#[test]
fn complaints_are_json_too() {
    let site = Site::new();
    let ended = site.refused(&["env", "show", "nowhere", "--json"], 4, "nowhere");
    let told: serde_json::Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!((&told["code"], ended.out.as_str()), (&4.into(), ""));
}

#[test]
fn pages_are_made_from_the_definition() {
    let site = Site::empty();
    let docs =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md")).unwrap_or_default();
    assert!(site.ok(&["reference"]) == docs, "docs/cli.md is out of date: cpmg reference >docs/cli.md");
    for shell in ["bash", "zsh", "fish"] {
        assert!(site.ok(&["completions", shell]).contains("cpmg"), "{shell}");
    }
    assert!(site.ok(&["man"]).contains(".TH cpmg 1"));
    let pages = site.dir.path().join("man");
    site.ok(&["man", "--dir", pages.to_str().unwrap()]);
    assert!(pages.join("cpmg-env-add.1").exists());
    assert!(site.ok(&["--help"]).contains("Exit codes:"));
    assert!(!site.data().exists(), "no engine is needed for these");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let site = Site::empty();
    let mut child = site.command(&["reference"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn role_files_are_checked() {
    let site = Site::empty();
    let roles = concat!(env!("CARGO_MANIFEST_DIR"), "/roles");
    assert!(site.ok(&["catalog", "check", roles]).contains("nothing wrong"));
    let own = site.dir.path().join("own");
    std::fs::create_dir_all(own.join("modules/keystone")).unwrap();
    let module = std::fs::read_to_string(format!("{roles}/modules/keystone/module.toml")).unwrap();
    std::fs::write(own.join("modules/keystone/module.toml"), format!("colour = \"red\"\n{module}")).unwrap();
    let ended = site.run(&["catalog", "check", roles, own.to_str().unwrap()]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("module.toml:1:") && ended.out.contains("colour"), "{ended:?}");
    site.refused(&["catalog", "check", "/nonexistent"], 4, "is no directory");
}

#[test]
fn doctor_names_what_is_wrong() {
    let site = Site::empty();
    let healthy = site.run(&["doctor"]);
    assert_eq!(healthy.code, 0, "a machine without an engine is healthy: {healthy:?}");
    assert!(healthy.out.contains("WARNING  engine: none runs"), "{healthy:?}");
    let site = Site::new();
    let findings = site.json(&["doctor"]);
    let level = |what: &str| {
        let all = findings.as_array().unwrap();
        all.iter().find(|f| f["what"] == what).unwrap_or_else(|| panic!("{what} in {findings}"))["level"]
            .clone()
    };
    for what in ["engine", "inside the engine", "data directory", "key of the sealed secrets", "roles"] {
        assert_eq!(level(what), "ok", "{what}: {findings}");
    }
    std::fs::set_permissions(site.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let ended = site.run(&["doctor"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("FAILURE  data directory") && ended.out.contains("chmod 0700"), "{ended:?}");
}
