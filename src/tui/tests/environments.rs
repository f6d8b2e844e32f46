//! The list of environments, users, help, command line, messages.

use super::fixtures::{ENV, env, job, ms_ago};
use super::harness::{Rig, snapshots, user};
use crate::api::keep::Keep;
use crate::api::message::EnvChange;
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::EnvId;
use crate::domain::job::JobState;
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use crate::tui::event::{Command, Event};

fn listed(role: UserRole) -> Rig {
    let mut rig = Rig::logged_in(role);
    let mut busy = env(7, "production", 3, 0, 0);
    busy.job = Some(job(JobState::Running));
    rig.rows(Topic::RunningJobs, vec![Row::from(job(JobState::Running))]);
    rig.rows(
        Topic::Environments,
        vec![
            Row::from(busy),
            Row::from(env(8, "测试云 二号", 12, 12, 0)),
            Row::from(env(9, "staging with a name of forty characters!", 5, 2, 1)),
            Row::from(env(10, "lab", 0, 0, 0)),
        ],
    );
    rig.calls.clear();
    rig
}

#[test]
fn the_list() {
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.rows(Topic::Environments, Vec::new());
    snapshots("environments-empty", &mut rig);
    let mut rig = listed(UserRole::Administrator);
    snapshots("environments", &mut rig);
    rig.keys("/STAG");
    snapshots("environments-filter", &mut rig);
    rig.keys("zzz<Enter>");
    snapshots("environments-filter-nothing", &mut rig);
    rig.keys("<Esc>");
    assert!(rig.screen(80, 24).contains("production"), "Esc clears the filter");
}

#[test]
fn a_viewer_sees_no_way_to_change_and_is_told_why() {
    let mut rig = listed(UserRole::Viewer);
    let screen = rig.screen(80, 24);
    assert!(!screen.contains("x hide") && !screen.contains("n new"), "{screen}");
    rig.keys("x");
    assert!(rig.notice().contains("logged in as viewer"), "{}", rig.notice());
    assert_eq!(rig.stack(), ["environments"]);
    rig.keys(":env-hide<Enter>");
    assert!(rig.calls.is_empty() && rig.stack() == ["environments"], "not by its name either");
}

#[test]
fn new_and_rename() {
    let mut rig = listed(UserRole::Operator);
    rig.keys("n");
    rig.answer("Catalog", Ok(Response::Catalog(super::fixtures::catalog())));
    snapshots("env-new", &mut rig);
    rig.keys("a/b<C-s>");
    assert!(rig.screen(80, 24).contains("A name consists of letters"));
    rig.keys("<C-u>cloud 9<C-s>");
    let taken =
        Failure::new(FailureKind::Conflict, "there is an environment of that name already").at("name");
    rig.answer("EnvAdd", Err(taken));
    assert!(rig.screen(80, 24).contains("✗ there is an environment"), "under its field");
    rig.keys("<Backspace>8<C-s>");
    let Request::EnvAdd { name, platform } = rig.call("EnvAdd").request else { panic!() };
    assert_eq!((name.as_str(), platform.as_deref()), ("cloud 8", Some("debian-12-zed")));
    rig.keys("<Esc><Esc>G<Up>e");
    assert_eq!(rig.stack(), ["environments", "env-edit"]);
}

#[test]
fn hiding_asks_first_and_the_focus_is_on_cancel() {
    let mut rig = listed(UserRole::Operator);
    rig.keys("jx");
    assert!(
        rig.notice().contains("of ada has worked on it since"),
        "a disabled key says why: {}",
        rig.notice()
    );
    rig.keys("ggx");
    snapshots("env-hide", &mut rig);
    rig.keys("<Enter>");
    assert!(rig.calls.is_empty(), "Enter on Cancel does nothing");
    rig.keys("x<Right><Enter>");
    let Request::EnvEdit { env, change, .. } = rig.call("EnvEdit").request else { panic!() };
    assert_eq!((env, change), (EnvId(10), EnvChange::Hide(true)));
}

#[test]
fn esc_never_leaves_and_q_does() {
    let mut rig = listed(UserRole::Operator);
    rig.other.clear();
    rig.keys("<Esc><Esc>");
    assert!(rig.other.is_empty());
    rig.keys("q");
    assert!(matches!(rig.other[..], [Command::Quit]));
}

#[test]
fn esc_and_a_key_that_arrive_together_are_two_keys() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut rig = listed(UserRole::Operator);
    rig.keys("?");
    assert_eq!(rig.stack(), ["environments", "help"]);
    rig.event(crate::tui::event::Event::Key(KeyEvent::new(KeyCode::Char('n'), KeyModifiers::ALT)));
    assert_eq!(rig.stack(), ["environments", "env-new"]);
}

#[test]
fn users() {
    let mut rig = listed(UserRole::Administrator);
    rig.keys("u");
    let mut old = user(3, "alan", UserRole::Viewer);
    old.disabled = true;
    let all = vec![user(1, "ada", UserRole::Administrator), user(2, "grace", UserRole::Operator), old];
    rig.answer("Users", Ok(Response::Users(all)));
    snapshots("users", &mut rig);
    rig.keys("x");
    assert!(rig.notice().contains("your own account"), "{}", rig.notice());
    rig.keys("jx");
    snapshots("user-disable", &mut rig);
    rig.keys("<Esc>n");
    snapshots("user-new", &mut rig);
    rig.keys("linus<Tab>Linus T.<Tab><Right><Tab>hunter2hunter2 ok<Tab>hunter2hunter2 ok<C-s>");
    let Request::UserAdd { name, role, .. } = rig.call("UserAdd").request else { panic!() };
    assert_eq!((name.as_str(), role), ("linus", UserRole::Administrator));
}

#[test]
fn help_command_line_and_messages() {
    let mut rig = listed(UserRole::Administrator);
    rig.keys("?");
    snapshots("help", &mut rig);
    rig.keys("<Esc>:");
    snapshots("palette", &mut rig);
    rig.keys("<Esc>:lzh<Enter>");
    assert_eq!(rig.app.shared.language(), "zh-CN");
    rig.keys(":language en<Enter>:nonsense!<Enter>");
    assert!(rig.notice().contains("no command here"), "{}", rig.notice());
    rig.keys(":<Up><Up>");
    assert!(rig.screen(80, 24).contains(":language en"), "the history");
    rig.keys("<Esc>:mess<Enter>");
    snapshots("messages", &mut rig);
}

#[test]
fn keys_of_the_mouse_and_themes() {
    let mut rig = listed(UserRole::Operator);
    rig.other.clear();
    rig.keys("<F4>");
    assert_eq!(rig.app.shared.theme.name, "contrast", "the next one that this terminal can show");
    rig.keys(":theme dark<Enter>");
    assert!(rig.notice().contains("cannot show"), "{}", rig.notice());
    rig.keys("<F3>");
    assert_eq!(rig.app.shared.language(), "zh-CN");
}

#[test]
fn the_audit_trail() {
    use crate::domain::audit::{AuditEntry, AuditKind, AuditPage, Difference};
    use crate::domain::trail::{TrailFault, TrailReport};
    let mut rig = listed(UserRole::Administrator);
    rig.keys("A");
    rig.answer("Audit", Ok(Response::Audit(AuditPage::default())));
    snapshots("audit-empty", &mut rig);
    rig.keys("r");
    let entry = |ms, by: &str, kind, what: &str| AuditEntry::new(ms_ago(ms), by, kind, what);
    let mut limited =
        entry(60_000, "ada", AuditKind::Environment, "has 7 nodes worked on at once").env(ENV, "prod");
    limited.account = Some("root".into());
    limited.from = Some("192.0.2.7".into());
    limited.hash = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef".into();
    limited.changes =
        vec![Difference { what: "environment.parallel".into(), before: "20".into(), after: "7".into() }];
    let locked = entry(3_600_000, "grace", AuditKind::Lock, "locked it")
        .env(ENV, "prod")
        .node(crate::domain::ids::NodeId(3), "cmp-1")
        .because(Some("its disk is being changed".into()));
    let login = entry(90_000_000, "grace", AuditKind::Session, "logged in");
    let entries = vec![(9, limited), (7, locked), (2, login)];
    rig.answer("Audit", Ok(Response::Audit(AuditPage { entries: entries.clone(), before: None })));
    snapshots("audit", &mut rig);
    rig.keys("<Enter>");
    snapshots("audit-entry", &mut rig);
    rig.keys("<Esc>f");
    snapshots("audit-filter", &mut rig);
    rig.keys("grace<C-s>");
    let Request::Audit { filter, before: None, .. } = rig.call("Audit").request else { panic!() };
    assert_eq!((filter.user.as_deref(), filter.kind), (Some("grace"), None));
    rig.keys("V");
    let faults = vec![TrailFault {
        number: 7,
        why: "it was changed, or something before it was taken out or put in".into(),
    }];
    let report = TrailReport { entries: 3, older: 1, head: Some((9, "5f70".into())), faults };
    rig.answer("Keep", Ok(Response::AuditVerified(report)));
    assert!(rig.screen(80, 24).contains("not as it was written"), "{}", rig.screen(80, 24));
}

#[test]
fn members_of_an_environment() {
    let mut rig = listed(UserRole::Administrator);
    rig.keys("m");
    rig.keys("grace alan<C-s>");
    let Request::EnvEdit { change: EnvChange::Members(names), .. } = rig.call("EnvEdit").request else {
        panic!()
    };
    assert_eq!(names, Some(vec!["grace".to_owned(), "alan".to_owned()]));
}

#[test]
fn an_environment_as_a_file_and_from_one() {
    let mut rig = listed(UserRole::Operator);
    rig.keys("E");
    assert_eq!(rig.stack(), ["environments"], "secrets leave for administrators only");
    let mut rig = listed(UserRole::Administrator);
    rig.keys("E");
    snapshots("env-export", &mut rig);
    rig.keys("short<Tab>short<C-s>");
    assert!(rig.screen(80, 24).contains("fewer than 12 characters"), "{}", rig.screen(80, 24));
    assert!(rig.calls.is_empty());
    rig.keys("<C-u>four words of it<Tab><C-u>four words of us<C-s>");
    assert!(rig.screen(80, 24).contains("passphrases differ"), "{}", rig.screen(80, 24));
    rig.keys("<C-u>four words of it<C-s>");
    let asked = rig.calls.iter().find_map(|c| match &c.request {
        Request::Keep(Keep::EnvExport { passphrase, .. }) => Some(passphrase.reveal().to_owned()),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some("four words of it"));
    rig.answer("Keep", Ok(Response::EnvFile(Secret::new("sealed\n"))));
    let Some(Command::WriteFile { path, text }) = rig.other.pop() else { panic!("{:?}", rig.other) };
    assert_eq!((path.as_str(), text.as_str()), ("~/lab.cpmg-env", "sealed\n"));
    assert_eq!(rig.stack(), ["environments"]);

    rig.keys("I");
    snapshots("env-import", &mut rig);
    rig.keys("<C-s>");
    let read = |c: &Command| matches!(c, Command::ReadText { .. });
    assert!(!rig.other.iter().any(read), "nothing is read without a name");
    rig.keys("~/lab.env<Tab>four words of it<Tab>twin<C-s>");
    let Some(Command::ReadText { to, path }) = rig.other.pop() else { panic!("{:?}", rig.other) };
    assert_eq!(path, "~/lab.env");
    rig.event(Event::File { to, result: Ok(Secret::new("sealed\n")) });
    rig.answer("ImportText", Ok(Response::ImportText(4)));
    let name = rig.calls.iter().find_map(|c| match &c.request {
        Request::Keep(Keep::EnvImport { upload: 4, name, .. }) => name.clone(),
        _ => None,
    });
    assert_eq!(name.as_deref(), Some("twin"));
    let wrong = Failure::new(
        FailureKind::Invalid,
        "the passphrase is wrong, or the first line of the file is damaged",
    );
    rig.answer("Keep", Err(wrong.at("passphrase").keyed("error-parcel-passphrase")));
    snapshots("env-import-refused", &mut rig);
}
