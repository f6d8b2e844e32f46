//! Starting, the first administrator, the login, the lost engine.

use super::harness::{NOW, Rig, session, snapshots};
use crate::api::{Failure, FailureKind, Request};
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use crate::tui::event::{Command, Event};
use crate::tui::theme::Colours;

#[test]
fn the_first_frame_needs_no_engine() {
    let mut rig = Rig::new();
    snapshots("starting", &mut rig);
    rig.event(Event::ConnectFailed { why: "no engine answers at /run/x: not found".into(), retry_ms: 2_000 });
    snapshots("starting-failed", &mut rig);
    assert!(rig.app.ticks(), "the seconds to the next try are counted");
    rig.keys("q");
    assert!(matches!(rig.other[..], [Command::Quit]));
}

#[test]
fn first_administrator() {
    let mut rig = Rig::connected(true);
    assert_eq!(rig.stack(), ["first-administrator"]);
    snapshots("first-administrator", &mut rig);
    rig.keys("Ada<Tab>short<Tab>other<Enter>");
    snapshots("first-administrator-faults", &mut rig);
    assert!(rig.calls.is_empty(), "nothing wrong is sent");
    rig.keys("<C-u>ada<Tab><C-u>correct horse 7<Tab><C-u>correct horse 7<Enter>");
    let call = rig.calls.front().unwrap();
    let Request::FirstAdministrator { name, password } = &call.request else { panic!("{call:?}") };
    assert_eq!((name.as_str(), password), ("ada", &Secret::new("correct horse 7")));
    rig.answer("FirstAdministrator", Ok(session("ada", UserRole::Administrator)));
    assert_eq!(rig.stack(), ["environments"]);
    assert!(matches!(&rig.other[..], [Command::Token(Some(_))]));
}

#[test]
fn login_and_wrong_password() {
    let mut rig = Rig::connected(false);
    snapshots("login", &mut rig);
    rig.keys("ada<Enter>wrong password<Enter>");
    snapshots("login-busy", &mut rig);
    let sentence = "the user or the password is wrong; the next try is possible in 2 seconds";
    rig.answer("Login", Err(Failure::new(FailureKind::NotLoggedIn, sentence)));
    snapshots("login-wrong", &mut rig);
    assert_eq!(rig.stack(), ["login"]);
    rig.keys("right password<Enter>");
    rig.answer("Login", Ok(session("ada", UserRole::Operator)));
    assert_eq!(rig.stack(), ["environments"]);
}

#[test]
fn a_lost_engine_leaves_the_screen_and_comes_back_by_itself() {
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.calls.clear();
    rig.event(Event::Lost);
    rig.at = NOW.plus(7_000);
    rig.event(Event::ConnectFailed { why: "no engine answers".into(), retry_ms: 4_000 });
    snapshots("environments-lost", &mut rig);
    rig.connect(false);
    rig.answer("Resume", Ok(session("ada", UserRole::Operator)));
    assert_eq!(rig.stack(), ["environments"]);
    rig.call("Subscribe(Environments)");
    rig.call("Subscribe(RunningJobs)");
}

#[test]
fn an_ended_session_asks_for_the_login_and_keeps_the_place() {
    let mut rig = Rig::logged_in(UserRole::Administrator);
    rig.keys("u");
    assert_eq!(rig.stack(), ["environments", "users"]);
    rig.event(Event::Pushed(crate::api::client::Pushed::SessionEnded));
    assert_eq!(rig.stack(), ["login", "environments", "users"]);
    snapshots("login-ended", &mut rig);
    rig.keys("correct horse<Enter>");
    rig.answer("Login", Ok(session("ada", UserRole::Administrator)));
    assert_eq!(rig.stack(), ["environments", "users"]);
}

#[test]
fn a_tiny_terminal_says_how_large_it_must_be() {
    let mut rig = Rig::connected(false);
    for (columns, rows) in [(20, 5), (49, 24), (80, 13), (1, 1)] {
        let screen = rig.screen(columns, rows);
        assert!(
            columns < 20 || screen.replace('\n', " ").contains("needs 50x14"),
            "{columns}x{rows}: {screen}"
        );
    }
}

#[test]
fn without_colours_no_cell_has_one_and_the_selection_is_seen() {
    use ratatui::style::{Color, Modifier};
    let mut rig = Rig::looking(crate::tui::i18n::Language::En, Colours::None);
    rig.connect(false);
    let buffer = rig.buffer(80, 24);
    assert!(buffer.content.iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
    assert!(buffer.content.iter().any(|c| c.modifier.contains(Modifier::REVERSED)), "the header");
}
