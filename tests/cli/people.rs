//! Users, sessions and second factors as commands.

use crate::support::{PASSWORD, Site};
use cpmg::domain::totp;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

const TYPED: &str = "correct horse\n";

fn add(site: &Site, name: &str, more: &[&str]) {
    site.ok_typing(&[&["user", "add", name, "--password-stdin"], more].concat(), TYPED);
}

#[test]
fn users_are_changed_and_deleted() {
    let site = Site::new();
    add(&site, "otto", &["--full-name", "Otto Lilienthal"]);
    site.ok(&["user", "edit", "otto", "--role", "viewer"]);
    let users = site.json(&["user", "list"]);
    let otto = users.as_array().unwrap().iter().find(|u| u["name"] == "otto").unwrap();
    assert_eq!((&otto["role"], &otto["full_name"]), (&"viewer".into(), &"Otto Lilienthal".into()));
    site.refused(&["user", "edit", "ada", "--role", "viewer"], 5, "last administrator");
    site.refused(&["user", "delete", "otto"], 2, "--confirm otto");
    site.refused(&["user", "delete", "otto", "--confirm", "oto"], 2, "not typed");
    site.refused(&["user", "delete", "ada", "--confirm", "ada"], 5, "own account");
    assert_eq!(site.ok(&["user", "delete", "otto", "--confirm", "otto"]), "otto is deleted\n");
    site.refused(&["user", "unlock", "otto"], 4, "no user called otto");
    let trail = site.ok(&["audit", "--kind", "user"]);
    for part in ["made the user otto", "role viewer instead of operator", "deleted the user otto"] {
        assert!(trail.contains(part), "no '{part}' in {trail}");
    }
    assert!(site.ok(&["audit", "--kind", "session"]).contains("logged in; account "));
}

#[test]
fn weak_passwords_are_refused_and_one_of_somebody_else_is_changed_first() {
    let site = Site::new();
    for (password, part) in [("P@ssword2024", "easily guessed"), ("0tt0-rocks", "similar to the user's name")]
    {
        let args = ["user", "add", "otto", "--password-stdin"];
        site.refused_typing(&args, &format!("{password}\n"), 2, part);
    }
    add(&site, "otto", &["--must-change"]);
    let of_otto = |args: &[&str], typed: &str| site.run_of("otto", args, typed);
    let login = of_otto(&["login", "otto", "--password-stdin"], TYPED);
    assert!(login.code == 0 && login.out.contains("cpmg user password"), "{login:?}");
    let refused = of_otto(&["env", "list"], "");
    assert!(refused.code == 3 && refused.err.contains("set by somebody else"), "{refused:?}");
    let change = of_otto(&["user", "password", "--password-stdin"], "correct horse\nkitten sofa lamp\n");
    assert_eq!(change.code, 0, "{change:?}");
    assert_eq!(of_otto(&["env", "list"], "").code, 0);
}

#[test]
fn sessions_are_listed_and_ended() {
    let site = Site::new();
    add(&site, "otto", &[]);
    assert_eq!(site.run_of("otto", &["login", "otto", "--password-stdin"], TYPED).code, 0);
    let all = site.json(&["session", "list", "--all"]);
    let of_otto = all.as_array().unwrap().iter().find(|s| s["name"] == "otto").unwrap();
    assert!(!of_otto["account"].as_str().unwrap().is_empty());
    assert_eq!(site.run_of("otto", &["session", "list", "--all"], "").code, 3);
    site.ok(&["session", "end", of_otto["id"].as_str().unwrap()]);
    assert_eq!(site.run_of("otto", &["whoami"], "").code, 3);
    assert_eq!(site.run_of("otto", &["login", "otto", "--password-stdin"], TYPED).code, 0);
    assert_eq!(site.ok(&["session", "end", "--user", "otto"]), "1 sessions ended\n");
}

#[test]
fn a_second_factor_is_set_up_and_asked_for() {
    let site = Site::new();
    let args = ["second-factor", "on", "--password-stdin"];
    let mut on = site.command_of("home", &args).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = on.stdin.take().unwrap();
    let mut output = BufReader::new(on.stdout.take().unwrap());
    writeln!(input, "{PASSWORD}").unwrap();
    let mut line = String::new();
    while !line.contains("type this key: ") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "no key was shown");
    }
    let key: String = line.split("type this key: ").nth(1).unwrap().split_whitespace().collect();
    let code = |ahead: u64| {
        let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        format!("{:06}", totp::code(&from_base32(&key), seconds / 30 + ahead).unwrap())
    };
    writeln!(input, "{}", code(0)).unwrap();
    let rest: Vec<String> = output.lines().map(Result::unwrap).collect();
    assert!(on.wait().unwrap().success(), "{rest:?}");
    let recovery = rest.last().unwrap().trim().to_owned();
    let login = ["login", "ada", "--password-stdin"];
    site.refused_typing(&login, &format!("{PASSWORD}\n000000x\n"), 3, "wrong code");
    // The next step's code: that of this one has been used.
    site.ok_typing(&login, &format!("{PASSWORD}\n{}\n", code(1)));
    site.ok_typing(&login, &format!("{PASSWORD}\n{recovery}\n"));
    assert_eq!(site.ok(&["second-factor", "status"]), "on; 9 recovery codes left\n");
    site.refused_typing(&login, &format!("{PASSWORD}\n{recovery}\n"), 3, "wrong code");
}

#[expect(clippy::format_collect, reason = "a few bits")]
fn from_base32(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = text.chars().map(|c| format!("{:05b}", alphabet.find(c).unwrap())).collect();
    let byte = |b: &[u8]| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap();
    bits.as_bytes().chunks_exact(8).map(byte).collect()
}
