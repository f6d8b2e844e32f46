//! The import: its form, the preview with everything that can become of a line, keys, and the yes; the export.

use super::fixtures::{env, nodes};
use super::harness::{Rig, snapshots};
use crate::api::import::{ImportDone, ImportSource, ImportView, PART_MAX};
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::import::preview::{Defaults, Known, KnownLogin, plan};
use crate::domain::import::{Format, read};
use crate::domain::node::{NodeRoles, NodeState};
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use crate::tui::event::{Command, Event};
use std::collections::BTreeMap;

pub(super) const LIST: &str =
    "web.example.org ansible_host=10.9.9.20 ansible_ssh_private_key_file=~/.ssh/rack
[controller]
ctl9 ansible_host=10.9.9.9 ansible_password=geheim
ctl1 ansible_host=10.9.9.1
[compute]
cmp[1:2]
cmp1 ansible_host=10.9.9.31
cmp2 ansible_host=10.9.9.310
far ansible_host=10.9.9.40 ansible_ssh_common_args='-o ProxyJump=ops@bastion.example.org'
[racks:things]
";

pub(super) fn opened(role: UserRole) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 1, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(EnvId(7)), nodes());
    rig
}

/// The request of the first call of that name; the call stays.
fn asked(rig: &Rig, what: &str) -> Request {
    let call = rig.calls.iter().find(|c| format!("{:?}", c.request).starts_with(what));
    call.unwrap_or_else(|| panic!("no {what}")).request.clone()
}

pub(super) fn view(text: &str, keys: &BTreeMap<String, Secret>) -> ImportView {
    let known = Known {
        id: NodeId(1),
        name: "ctl1".into(),
        address: "10.9.9.11".parse().unwrap(),
        port: 22,
        jump: None,
        user: "root".into(),
        roles: NodeRoles::new(),
        state: NodeState::Discovered,
        login: KnownLogin::Other,
    };
    let defaults = Defaults { user: "root".into(), port: 22, keys: keys.clone() };
    let (preview, _) = plan(&read(Format::AnsibleIni, text), &[known], &defaults);
    ImportView { number: 5, preview }
}

pub(super) fn file(rig: &mut Rig, text: &str) {
    let at = rig.other.iter().position(|c| matches!(c, Command::ReadText { .. } | Command::ReadFile { .. }));
    let (Command::ReadText { to, .. } | Command::ReadFile { to, .. }) = rig.other.remove(at.unwrap()) else {
        panic!()
    };
    rig.event(Event::File { to, result: Ok(Secret::new(text)) });
}

pub(super) fn previewed(text: &str) -> Rig {
    let mut rig = opened(UserRole::Operator);
    rig.keys("M~/hosts<C-s>");
    file(&mut rig, text);
    rig.answer("ImportText", Ok(Response::ImportText(5)));
    rig.answer("ImportPreview", Ok(Response::ImportPreview(Box::new(view(text, &BTreeMap::new())))));
    rig
}

#[test]
fn what_is_asked() {
    let mut rig = opened(UserRole::Operator);
    rig.keys("M");
    snapshots("import-form", &mut rig);
    rig.keys("<C-s>");
    assert!(rig.screen(80, 24).contains("✗"), "no file");
    rig.keys("~/rack.csv<Tab><Tab><C-u>r oot");
    assert!(rig.screen(80, 24).contains("is not an account"), "while it is typed");
    rig.keys("<C-u>deploy<C-s>");
    // A long list goes in parts.
    let long = format!("name,address\n{}", "x".repeat(PART_MAX));
    file(&mut rig, &long);
    let Request::ImportText { upload: None, offset: 0, text } = asked(&rig, "ImportText") else { panic!() };
    assert_eq!(text.reveal().len(), PART_MAX);
    rig.answer("ImportText", Ok(Response::ImportText(3)));
    let Request::ImportText { upload: Some(3), offset, .. } = asked(&rig, "ImportText") else { panic!() };
    assert_eq!(offset, PART_MAX as u64);
    rig.answer("ImportText", Ok(Response::ImportText(3)));
    let Request::ImportPreview(ask) = rig.call("ImportPreview").request else { panic!() };
    assert_eq!(ask.source, ImportSource::Text { upload: 3, format: Format::Csv });
    assert_eq!(ask.user, "deploy");
    let mut rig = opened(UserRole::Viewer);
    rig.keys("M");
    assert!(rig.notice().contains("viewer"), "{}", rig.notice());
}

#[test]
fn the_preview_says_what_becomes_of_each_line() {
    let mut rig = previewed(LIST);
    snapshots("import", &mut rig);
    let screen = rig.screen(160, 50);
    assert!(!screen.contains("geheim") && screen.contains("password: given"), "{screen}");
    rig.keys("/refused<Enter>");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("far") && !screen.contains("ctl9"), "{screen}");
    rig.keys("G<Enter>");
    assert!(rig.screen(80, 24).contains("not understood"), "{}", rig.screen(80, 24));
    rig.keys("<Esc>/nothing like this<Enter>");
    assert!(rig.screen(80, 24).contains("nothing like this"));
}

#[test]
fn keys_are_read_when_asked_for() {
    let mut rig = previewed(LIST);
    rig.keys("K");
    file(&mut rig, "PRIVATE KEY");
    let call = rig.call("ImportPreview");
    let Request::ImportPreview(ask) = call.request else { panic!() };
    assert_eq!(ask.keys.keys().collect::<Vec<_>>(), ["~/.ssh/rack"]);
    let result = Ok(Response::ImportPreview(Box::new(view(LIST, &ask.keys))));
    rig.event(Event::Answer { to: call.to, tag: call.tag, result });
    rig.keys("K");
    assert!(rig.notice().contains("no key"), "{}", rig.notice());
}

#[test]
fn only_what_was_shown_is_done() {
    let mut rig = previewed(LIST);
    rig.keys("i");
    snapshots("import-confirm", &mut rig);
    rig.keys("<Tab><Enter>");
    let digest = view(LIST, &BTreeMap::new()).preview.digest;
    let Request::ImportApply { import: 5, digest: sent } = asked(&rig, "ImportApply") else { panic!() };
    assert_eq!(sent, digest);
    let changed = Failure::new(FailureKind::Conflict, "nodes have changed").keyed("error-import-changed");
    rig.answer("ImportApply", Err(changed));
    assert!(rig.screen(80, 24).contains("changed since the preview"));
    rig.answer("ImportPreview", Ok(Response::ImportPreview(Box::new(view(LIST, &BTreeMap::new())))));
    rig.keys("i<Tab><Enter>");
    rig.answer("ImportApply", Ok(Response::Imported(ImportDone { added: 4, changed: 1, refused: 3 })));
    assert!(rig.notice().contains("4 nodes added, 1 changed"), "{}", rig.notice());
    assert_eq!(rig.stack().last(), Some(&"environment"));
}

#[test]
fn a_list_without_machines_says_so() {
    let mut rig = previewed("# nothing\n");
    snapshots("import-empty", &mut rig);
    rig.keys("i");
    assert!(rig.notice().contains("nothing to do"), "{}", rig.notice());
}

#[test]
fn an_export_goes_into_a_new_file() {
    let mut rig = opened(UserRole::Viewer);
    rig.keys("E");
    snapshots("export", &mut rig);
    rig.keys("<Right><C-s>");
    let Some(Command::WriteFile { path, text }) = rig.other.pop() else { panic!() };
    assert_eq!(path, "~/nodes.csv");
    assert!(text.starts_with("name,address,port,user,roles,jump,login"), "{text}");
    assert_eq!(text.lines().count(), nodes().len() + 1);
}
