//! The recorder never writes a secret.

use super::fixtures::nodes;
use super::harness::Rig;
use super::nodes::opened;
use crate::api::Response;
use crate::api::views::SessionView;
use crate::domain::ids::ShellId;
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use crate::tui::event::{Command, Event, ScreenId, Tag};
use crate::tui::record;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Types `text`, writing down what the recorder would.
fn record_typing(rig: &mut Rig, text: &str) -> String {
    let mut log = String::new();
    for c in text.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        record_event(rig, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), &mut log);
    }
    log
}

fn record_event(rig: &mut Rig, event: Event, log: &mut String) {
    log.push_str(&record::event(&rig.app, rig.at, &event).to_string());
    let commands = crate::tui::update::update(&mut rig.app, rig.at, event);
    log.push_str(&record::commands(&commands).to_string());
    log.push_str(&record::state(&rig.app).to_string());
    log.push('\n');
}

/// Characters that keys were recorded for, in order.
fn typed(log: &str) -> String {
    let key = regex::Regex::new(r#""key":"Char\('(.)'\)""#).unwrap();
    key.captures_iter(log).map(|c| c[1].to_owned()).collect()
}

#[test]
fn passwords_are_masked_wherever_they_pass() {
    let mut rig = Rig::connected(false);
    let mut log = record_typing(&mut rig, "ada\nZq7 secret phrase\n");
    let view = super::harness::session("ada", UserRole::Operator);
    let Response::Session(SessionView { user, expires, .. }) = view else { panic!() };
    let token = Secret::new("TOKEN-5f3a");
    let result = Ok(Response::Session(SessionView { token, user, expires }));
    let to = rig.app.gate.as_ref().map(|held| held.id);
    record_event(&mut rig, Event::Answer { to, tag: Tag::Form, result }, &mut log);
    let mut rig = opened(UserRole::Operator, nodes());
    log += &record_typing(&mut rig, "n10.0.0.7\t\t\t\t\t\tPASS-wort 9\n");
    record_event(&mut rig, Event::Paste(Secret::new("PASTED-secret")), &mut log);
    let key = Ok(Secret::new("-----BEGIN OPENSSH PRIVATE KEY-----"));
    record_event(&mut rig, Event::File { to: ScreenId(9), result: key }, &mut log);
    let write = Command::Call {
        to: None,
        tag: Tag::Typed(ShellId(1)),
        request: crate::api::Request::ShellWrite { shell: ShellId(1), bytes: b"SUDO-password".to_vec() },
    };
    log += &record::commands(&[write]).to_string();
    assert_eq!(typed(&log), "adan10.0.0.7", "what is no secret is there");
    for secret in ["Zq7", "secret phrase", "TOKEN-5f3a", "PASS-wort", "PASTED", "BEGIN OPENSSH", "SUDO"] {
        assert!(!log.contains(secret), "{secret} is in the record:\n{log}");
    }
    assert!(log.contains("masked") && log.contains("NodeAdd"), "{log}");
    // What is kept for a replay, decoded.
    let word = regex::Regex::new(r#""replay":"([^"]*)""#).unwrap();
    let words: Vec<String> = word.captures_iter(&log).map(|c| c[1].to_owned()).collect();
    assert!(words.len() > 40, "{} events", words.len());
    let kept: String = words.iter().map(|w| format!("{:?}", record::read(w).unwrap())).collect();
    let keys = regex::Regex::new(r"Char\('(.)'\)").unwrap();
    let typed: String = keys.captures_iter(&kept).map(|c| c[1].to_owned()).filter(|c| c != "•").collect();
    assert_eq!(typed, "adan10.0.0.7");
    for word in words {
        let (Event::Paste(text) | Event::File { result: Ok(text), .. }) = record::read(&word).unwrap() else {
            continue;
        };
        assert_eq!(text.reveal(), crate::domain::secret::MASK);
    }
}
