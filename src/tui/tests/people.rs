//! One's own account, second factors, locked screens, passwords that somebody else has set.

use super::harness::{NOW, Rig, session, snapshots, user};
use crate::api::people::{EndSessions, LoginView, OwnView, People, PeopleReply};
use crate::api::{Failure, FailureKind, Request, Response};
use crate::domain::ids::UserId;
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::user::{LastLogin, UserRole};
use crate::tui::event::Event;

pub(super) fn ago(minutes: u64) -> Moment {
    Moment(NOW.0 - minutes * 60_000)
}

pub(super) fn opened(id: &str, name: &str, account: &str, mine: bool) -> LoginView {
    LoginView {
        id: id.into(),
        user: UserId(1),
        name: name.into(),
        account: account.into(),
        began: ago(200),
        used: ago(if mine { 0 } else { 35 }),
        expires: NOW.plus(11 * 3_600_000),
        connections: u32::from(mine),
        mine,
    }
}

pub(super) fn own(second_factor: bool) -> Response {
    let mut me = user(1, "ada", UserRole::Operator);
    me.full_name = "Ada Lovelace".into();
    me.second_factor = second_factor;
    let sessions =
        vec![opened("a1b2c3d4e5", "ada", "ops", true), opened("0123456789", "ada", "backup", false)];
    let recovery_left = if second_factor { 8 } else { 0 };
    let own = OwnView { user: me, password_set: ago(90 * 1440), recovery_left, sessions };
    Response::People(PeopleReply::Own(Box::new(own)))
}

fn people(rig: &mut Rig) -> People {
    match rig.call("People").request {
        Request::People(asked) => asked,
        other => panic!("{other:?}"),
    }
}

fn refused(key: &str, field: &str) -> Failure {
    Failure::new(FailureKind::NotLoggedIn, "no").keyed(key).at(field)
}

#[test]
fn users_with_all_they_may_be() {
    let mut rig = Rig::logged_in(UserRole::Administrator);
    rig.keys("u");
    let mut ada = user(1, "ada", UserRole::Administrator);
    ada.second_factor = true;
    ada.last_login = Some(LastLogin { at: ago(3), account: "ops".into() });
    let mut otto = user(2, "otto", UserRole::Operator);
    otto.locked_until = Some(NOW.plus(95_000));
    otto.full_name = "Otto Lilienthal".into();
    let mut vera = user(3, "vera", UserRole::Viewer);
    vera.must_change = true;
    vera.second_factor = true;
    rig.answer("Users", Ok(Response::Users(vec![ada, otto, vera])));
    snapshots("users-states", &mut rig);
    rig.keys("D");
    assert!(rig.notice().contains("your own account"), "{}", rig.notice());
    rig.keys("U");
    assert!(rig.notice().contains("Nobody has to wait"), "{}", rig.notice());
    rig.keys("jU");
    assert!(matches!(people(&mut rig), People::Unlock { name } if name == "otto"));
    rig.keys("e");
    snapshots("user-edit", &mut rig);
    rig.keys("<Right><C-s>");
    let People::Edit { name, role, full_name, .. } = people(&mut rig) else { panic!() };
    assert_eq!((name.as_str(), role), ("otto", Some(UserRole::Administrator)));
    assert_eq!(full_name.as_deref(), Some("Otto Lilienthal"));
    rig.keys("<Esc>");
    if rig.stack().len() > 2 {
        rig.keys("<Esc>");
    }
    rig.keys("jD");
    snapshots("user-delete", &mut rig);
    rig.keys("<Tab><Enter>");
    assert!(rig.calls.iter().all(|c| !format!("{:?}", c.request).contains("Delete")), "the name first");
    rig.keys("vera<Enter>");
    assert!(matches!(people(&mut rig), People::Delete { name } if name == "vera"));
}

#[test]
fn ones_own_account_and_its_sessions() {
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.calls.clear();
    rig.event(Event::Key(crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::F(6),
        crossterm::event::KeyModifiers::NONE,
    )));
    assert_eq!(rig.stack(), ["environments", "own"]);
    rig.answer("People(Own)", Ok(own(false)));
    snapshots("own", &mut rig);
    rig.keys("r");
    assert!(rig.notice().contains("No second factor"), "{}", rig.notice());
    rig.keys("x");
    assert!(rig.notice().contains(":logout"), "{}", rig.notice());
    rig.keys("jx");
    snapshots("session-end", &mut rig);
    rig.keys("<Tab><Enter>");
    let Request::People(asked) = rig.call("People(EndOwn").request else { panic!() };
    assert!(matches!(asked, People::EndOwn(EndSessions::One(id)) if id == "0123456789"));
    rig.keys("p");
    assert_eq!(rig.stack().last(), Some(&"own-password"));
}

#[test]
fn a_second_factor_from_its_key_to_its_recovery_codes() {
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.calls.clear();
    rig.keys(":own-account<Enter>");
    rig.answer("People(Own)", Ok(own(false)));
    rig.keys("t");
    snapshots("factor-on", &mut rig);
    rig.keys("correct horse<Enter>");
    let key = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let uri = crate::domain::totp::uri("ada", &key);
    rig.answer("People(FactorBegin", Ok(Response::People(PeopleReply::Factor { uri, key })));
    snapshots("factor-key", &mut rig);
    assert!(rig.app.is_secret());
    rig.keys("123 456<Enter>");
    let call = rig.call("People(FactorConfirm");
    let result = Err(Failure { kind: FailureKind::Invalid, ..refused("error-wrong-code", "code") });
    rig.event(Event::Answer { to: call.to, tag: call.tag, result });
    snapshots("factor-key-wrong", &mut rig);
    rig.keys("654321<Enter>");
    let codes = (0..10).map(|n| Secret::new(format!("abcd-efgh-jkmn-pqr{n}"))).collect();
    rig.answer("People(FactorConfirm", Ok(Response::People(PeopleReply::Recovery(codes))));
    snapshots("factor-recovery", &mut rig);
    rig.keys("<Esc>");
    rig.answer("People(Own)", Ok(own(true)));
    snapshots("own-factor", &mut rig);
    rig.keys("t");
    snapshots("factor-off", &mut rig);
}

#[test]
fn a_small_terminal_shows_the_key_without_the_picture() {
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.keys(":own-account<Enter>");
    rig.answer("People(Own)", Ok(own(false)));
    rig.keys("tcorrect horse<Enter>");
    let key = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let uri = crate::domain::totp::uri("ada", &key);
    rig.answer("People(FactorBegin", Ok(Response::People(PeopleReply::Factor { uri, key })));
    let screen = rig.screen(60, 20);
    assert!(screen.contains("too small") && screen.contains("GEZD GNBV"), "{screen}");
}

#[test]
fn the_login_asks_for_a_code_when_there_is_a_second_factor() {
    let mut rig = Rig::connected(false);
    rig.keys("ada<Enter>correct horse<Enter>");
    rig.answer("Login", Err(refused("error-code-needed", "code")));
    snapshots("login-code", &mut rig);
    rig.keys("111111<Enter>");
    let call = rig.call("Login");
    let Request::Login { password, code, .. } = &call.request else { panic!() };
    assert_eq!((password, code), (&Secret::new("correct horse"), &Some(Secret::new("111111"))));
    let result = Err(refused("error-wrong-code", "code"));
    rig.event(Event::Answer { to: call.to, tag: call.tag, result });
    snapshots("login-code-wrong", &mut rig);
    rig.keys("222222<Enter>");
    rig.answer("Login", Ok(session("ada", UserRole::Operator)));
    assert_eq!(rig.stack(), ["environments"]);
}

#[test]
fn a_password_that_somebody_else_has_set_is_changed_first() {
    let mut rig = Rig::connected(false);
    rig.keys("ada<Enter>battery staple<Enter>");
    let Response::Session(mut view) = session("ada", UserRole::Operator) else { panic!() };
    view.user.must_change = true;
    rig.answer("Login", Ok(Response::Session(view)));
    assert_eq!(rig.stack(), ["password-first"]);
    rig.keys("battery staple<Tab>kitten sofa lamp");
    snapshots("password-first", &mut rig);
    assert!(rig.calls.is_empty(), "nothing is asked for that would be refused: {:?}", rig.calls);
    rig.keys("<Tab>kitten sofa lamp<Enter>");
    rig.answer("UserPassword", Ok(Response::Done));
    assert_eq!(rig.stack(), ["environments"]);
    assert!(!rig.app.shared.me.as_ref().unwrap().must_change);
}

#[test]
fn an_idle_screen_locks_itself_and_stays_locked_when_the_engine_comes_back() {
    let mut rig = Rig::logged_in(UserRole::Administrator);
    rig.keys("u");
    let due = rig.app.locks_at().unwrap();
    rig.at = Moment(due.0 - 1);
    rig.event(Event::Idle);
    assert_eq!(rig.stack(), ["environments", "users"]);
    rig.at = due;
    rig.event(Event::Idle);
    assert_eq!(rig.stack(), ["locked", "environments", "users"]);
    assert_eq!(rig.app.locks_at(), None);
    snapshots("locked", &mut rig);
    // Neither Esc nor a key of the screen behind, nor the engine's return, opens it.
    rig.keys("<Esc>q<C-u>");
    rig.event(Event::Lost);
    rig.connect(false);
    rig.answer("Resume", Ok(session("ada", UserRole::Administrator)));
    assert_eq!(rig.stack(), ["locked", "environments", "users"]);
    rig.keys("wrong horse<Enter>");
    rig.answer("People(Unlocked", Err(Failure::new(FailureKind::Invalid, "wrong").at("password")));
    assert_eq!(rig.stack()[0], "locked");
    rig.keys("correct horse<Enter>");
    rig.answer("People(Unlocked", Ok(Response::People(PeopleReply::Done)));
    assert_eq!(rig.stack(), ["environments", "users"]);
    // A machine that slept: the first key locks, and does nothing else.
    rig.at = rig.app.locks_at().unwrap().plus(1);
    rig.keys("n");
    assert_eq!(rig.stack(), ["locked", "environments", "users"]);
    // A session that has expired meanwhile asks for the login.
    rig.keys("correct horse<Enter>");
    rig.answer("People(Unlocked", Err(Failure::new(FailureKind::NotLoggedIn, "expired")));
    assert_eq!(rig.stack(), ["login", "environments", "users"]);
}

#[test]
fn where_locking_is_switched_off_the_key_says_so() {
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.app.lock_after = None;
    rig.keys(":lock-screen<Enter>");
    assert!(rig.notice().contains("--lock-after 0"), "{}", rig.notice());
    assert_eq!(rig.stack(), ["environments"]);
    rig.app.lock_after = Some(60_000);
    rig.keys(":lock-screen<Enter>");
    assert_eq!(rig.stack(), ["locked", "environments"]);
}
