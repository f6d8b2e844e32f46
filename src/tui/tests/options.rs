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
    rig.keys("!gone<C-f>exp<Enter>");
    snapshots("option-editor-find", &mut rig);
    rig.keys("<Esc><C-s>");
    assert!(rig.calls.is_empty(), "the difference is shown first");
    snapshots("option-changes", &mut rig);
    rig.keys("<Enter>");
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
    rig.keys("<Enter>[a]<Enter>k = 1<C-s><Enter>");
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
    rig.rows(Topic::Environments, vec![Row::from(row)]);
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

#[test]
fn undo_search_and_where_a_value_comes_from() {
    let mut rig = opened(UserRole::Operator, nodes());
    let mut row = env(7, "production", 4, 1, 1);
    let text = |scope, text: &str| OptionText {
        scope,
        file: "/etc/keystone/keystone.conf".into(),
        text: text.into(),
    };
    row.env.options = vec![
        text(Scope::All, "[token]\nexpiration = 3600\n"),
        text(Scope::Node(NodeId(11)), "[token]\nexpiration = 60\n"),
        text(
            Scope::Role(crate::domain::node::NodeRole::Controller),
            "[token]\nexpiration = 7200\n[cache]\nenabled = true\n",
        ),
    ];
    rig.rows(Topic::Environments, vec![Row::from(row)]);
    rig.keys("O");
    rig.answer("Catalog", Ok(Response::Catalog(catalog())));
    rig.keys("<Tab><Enter><Down>");
    snapshots("option-origin", &mut rig);
    let wide = rig.screen(160, 50);
    assert!(wide.contains("3600 (wider") && wide.contains("60 (narrower"), "{wide}");
    rig.keys("<Down><Down>x");
    assert!(rig.screen(80, 24).contains("xenabled"), "typed");
    rig.keys("<C-u>");
    assert!(!rig.screen(80, 24).contains("xenabled"), "undone");
    rig.keys("<C-r>");
    assert!(rig.screen(80, 24).contains("xenabled"), "done again");
    rig.keys("<C-u><C-s>");
    assert!(rig.notice().contains("Nothing in"), "{}", rig.notice());
}
