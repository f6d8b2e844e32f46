//! Options of services: the files, the editor, the roll-out.

use super::fixtures::{catalog, env, nodes, plan};
use super::harness::snapshots;
use super::nodes::opened;
use crate::api::day2::Day2;
use crate::api::message::EnvChange;
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::{NodeId, Revision};
use crate::domain::overrides::{OptionText, Scope};
use crate::domain::user::UserRole;

#[test]
fn files_and_the_editor() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("O");
    rig.answer("Catalog", Ok(Response::Catalog(catalog())));
    let open = vec!["set\t/etc/keystone/keystone.conf\ttoken\texpiration\t7200".to_owned()];
    rig.answer("Day2", Ok(Response::OptionsPending([(NodeId(11), (Vec::new(), open))].into())));
    rig.keys("<Tab>");
    snapshots("options", &mut rig);
    rig.keys("<Enter>[tokn]<Enter>expiration = 7200<Enter>password = x");
    snapshots("option-editor", &mut rig);
    rig.keys("<C-s>");
    assert!(rig.calls.is_empty(), "a secret is not sent");
    for _ in 0.."password = x".len() {
        rig.keys("<Backspace>");
    }
    rig.keys("!gone<C-s>");
    let call = rig.call("EnvEdit");
    let Request::EnvEdit { change: EnvChange::Options(text), .. } = call.request else { panic!() };
    assert_eq!(text.text, "[tokn]\nexpiration = 7200\n!gone\n");
    assert_eq!(text.file, "/etc/keystone/keystone.conf");
}

#[test]
fn nothing_typed_is_lost() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("O");
    rig.answer("Catalog", Ok(Response::Catalog(catalog())));
    rig.keys("<Enter>[a]<Enter>k = 1<C-s>");
    rig.answer("EnvEdit", Err(Failure::new(FailureKind::Conflict, "somebody was quicker")));
    assert!(rig.screen(80, 24).contains("k = 1"), "a refusal leaves the text");
    rig.keys("<Esc>");
    assert!(rig.stack().contains(&"option-editor"), "asked once");
    rig.keys("<Esc>");
    assert!(!rig.stack().contains(&"option-editor"));
}

#[test]
fn a_roll_out_is_shown_first() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("OR");
    rig.answer("Day2", Ok(Response::Plan(Box::new(plan()))));
    snapshots("roll-out", &mut rig);
    rig.calls.clear();
    rig.keys("<Right><Enter>");
    let Request::Day2(Day2::RollOut { dry_run: false, .. }) = rig.call("Day2").request else { panic!() };
}

#[test]
fn who_was_outrun_sees_the_difference() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("O");
    rig.answer("Catalog", Ok(Response::Catalog(catalog())));
    rig.keys("<Enter>[a]<Enter>k = 1");
    let mut row = env(7, "production", 2, 0, 0);
    row.env.revision = Revision(9);
    row.env.changed_by = "grace".into();
    let file = "/etc/keystone/keystone.conf".to_owned();
    row.env.options = vec![OptionText { scope: Scope::All, file, text: "[a]\nk = 2\nm = 3\n".into() }];
    rig.rows(Topic::Environments, vec![Row::Env(row)]);
    assert!(rig.screen(80, 24).contains("grace has changed this text meanwhile"));
    rig.keys("<C-s>");
    snapshots("option-stale", &mut rig);
    rig.keys("<Right><Right><Enter>");
    let Request::EnvEdit { based_on, change: EnvChange::Options(text), .. } = rig.call("EnvEdit").request
    else {
        panic!()
    };
    assert_eq!((based_on, text.text.as_str()), (Revision(9), "[a]\nk = 1\n"));
}
