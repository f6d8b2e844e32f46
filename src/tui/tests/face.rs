//! Settings, looks that are remembered, keymaps at work, the command line by names.

use super::fixtures::{ENV, env, job, nodes};
use super::harness::{NOW, Rig, session, snapshots};
use super::nodes::opened;
use crate::api::door::{DoorAnswer, DoorView};
use crate::api::message::NodeChange;
use crate::api::views::NetView;
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::job::JobState;
use crate::domain::netplan::{NetworkPlan, PlanText, Resolved};
use crate::domain::user::UserRole;
use crate::tui::event::{Command, Event};
use crate::tui::i18n::Language;
use crate::tui::prefs::Prefs;
use crate::tui::theme::Colours;

fn kept(rig: &Rig) -> Option<(String, Prefs)> {
    rig.other.iter().rev().find_map(|c| match c {
        Command::Remember { user, prefs } => Some((user.clone(), prefs.clone())),
        _ => None,
    })
}

#[test]
fn settings_count_at_once_and_are_kept() {
    let mut rig = Rig::looking(Language::En, Colours::True);
    rig.connect(false);
    rig.keys("ada<Enter>correct horse<Enter>");
    rig.answer("Login", Ok(session("ada", UserRole::Operator)));
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    assert_eq!(kept(&rig), None, "nothing was chosen");
    rig.keys("<F2>");
    snapshots("settings", &mut rig);
    rig.keys("<Down><Right>");
    assert_eq!(rig.app.shared.theme.name, "dark");
    rig.keys("<Right><Left><Right><Down><Right>");
    assert_eq!((rig.app.shared.theme.name.as_str(), rig.app.shared.keymap.name.as_str()), ("light", "vim"));
    rig.keys("<Down><Down>l");
    assert!(rig.app.shared.mouse);
    let (user, prefs) = kept(&rig).unwrap();
    assert_eq!(user, "ada");
    let theme = Some("light".to_owned());
    assert_eq!(prefs, Prefs { theme, keys: Some("vim".into()), mouse: true, ..Prefs::default() });
    // Somebody else finds the screens as they come; who comes back finds his own.
    rig.keys("<Esc>:logout<Enter>");
    rig.keys("<S-Tab><C-u>linus<Tab>correct horse<Enter>");
    rig.answer("Login", Ok(other("linus")));
    assert_eq!((rig.app.shared.theme.name.as_str(), rig.app.shared.mouse), ("default", false));
    rig.keys(":logout<Enter><S-Tab><C-u>ada<Tab>correct horse<Enter>");
    rig.answer("Login", Ok(session("ada", UserRole::Operator)));
    assert_eq!((rig.app.shared.theme.name.as_str(), rig.app.shared.keymap.name.as_str()), ("light", "vim"));
}

fn door(rig: &mut Rig, view: DoorView) {
    rig.answer("Door", Ok(Response::Door(Box::new(DoorAnswer::Status(view)))));
}

#[test]
fn administrators_see_how_the_door_over_ssh_stands() {
    let mut rig = Rig::logged_in(UserRole::Administrator);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.keys("<F2>");
    door(&mut rig, DoorView::default());
    rig.keys("G");
    snapshots("settings-door-closed", &mut rig);
    rig.keys("<Right>");
    assert!(rig.screen(80, 24).contains("By command only"), "{}", rig.screen(80, 24));
    let open = DoorView {
        on: true,
        listen: Some("192.0.2.10:2222".into()),
        listening: true,
        fingerprint: Some("SHA256:5h0Kx6l3nZq8d2mWcP1yTe9vBf4sRjUaGoXiLkNwEQY".into()),
        ..DoorView::default()
    };
    rig.keys("<Esc><F2>G");
    door(&mut rig, open.clone());
    snapshots("settings-door", &mut rig);
    rig.keys("<Esc><F2>G");
    let why = "nothing can listen at 192.0.2.10:2222 (Cannot assign requested address)";
    door(&mut rig, DoorView { listening: false, everywhere: true, why: Some(why.into()), ..open });
    let shown = rig.screen(80, 24);
    for part in ["! closed, although it should be open", "Cannot assign", "every address", "SHA256:5h0K"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // Nobody else is told.
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.keys("<F2>");
    assert!(!rig.calls.iter().any(|c| matches!(c.request, Request::Door(_))));
}

#[test]
fn keys_for_files_of_the_host_are_off_over_ssh_and_say_so_first() {
    let mut rig = Rig::logged_in(UserRole::Administrator);
    rig.app.shared.served = true;
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    for keys in ["E", "I", "<C-z>"] {
        rig.keys(keys);
        let shown = rig.screen(80, 24);
        assert!(shown.contains("Not in a session over SSH"), "{keys}: {shown}");
        assert_eq!(rig.app.stack.len(), 1, "{keys}: no form opens");
    }
    assert!(!rig.other.iter().any(|c| matches!(c, Command::Suspend)));
    rig.keys("<F3>E");
    assert!(rig.screen(80, 24).contains("通过 SSH"), "{}", rig.screen(80, 24));
}

fn other(name: &str) -> crate::api::Response {
    let mut view = session(name, UserRole::Operator);
    if let crate::api::Response::Session(s) = &mut view {
        s.user.id = crate::domain::ids::UserId(2);
    }
    view
}

#[test]
fn a_keymap_changes_keys_footer_and_help() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys(":keys vim<Enter>");
    rig.keys("x");
    assert_eq!(rig.stack().last(), Some(&"environment"), "x removes nothing any more");
    assert!(rig.screen(160, 50).contains("dd "), "the footer");
    rig.keys("?");
    assert!(rig.screen(160, 50).contains("gd "), "the help");
    rig.keys("<Esc>dd");
    assert_eq!(rig.stack().len(), 3, "a question: {:?}", rig.stack());
    rig.keys("<Esc>:keys nonsense<Enter>");
    assert!(rig.notice().contains("no keymap"), "{}", rig.notice());
    rig.keys(":keys emacs<Enter><C-n><C-n><C-p>:<C-g>");
    assert_eq!(rig.stack().last(), Some(&"environment"));
}

#[test]
fn the_command_line_goes_by_names() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.rows(Topic::Jobs(ENV), vec![Row::from(job(JobState::Running))]);
    rig.keys(":node-3");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("» node node-3") && screen.contains("shell node-3"), "{screen}");
    snapshots("palette-names", &mut rig);
    rig.keys("<Enter>");
    assert!(rig.screen(80, 24).lines().any(|l| l.starts_with('»') && l.contains("node-3")));
    rig.keys(":job 12<Enter>");
    assert_eq!(rig.stack().last(), Some(&"job"));
    rig.keys(":env production<Enter>");
    assert_eq!(rig.stack(), ["environments", "environment"]);
    rig.keys(":env nowhere at all<Enter>");
    assert!(rig.notice().contains("no environment"), "{}", rig.notice());
    let history = kept(&rig).unwrap().1.history;
    assert_eq!(history.last().map(String::as_str), Some("env nowhere at all"));
}

/// The overview of an environment with these nodes.
pub(super) fn overview(rows: Vec<Row>, plan: NetworkPlan) -> Rig {
    let mut rig = opened(UserRole::Operator, rows);
    rig.keys("0");
    rig.rows(Topic::Check(ENV), Vec::new());
    rig.rows(Topic::Proof(ENV), Vec::new());
    let view = NetView { plan, resolved: Resolved::default(), changed: NOW, changed_by: "grace".into() };
    rig.answer("Net ", Ok(Response::Net(Box::new(view))));
    rig
}

#[test]
fn an_environment_at_a_glance() {
    let mut rig = overview(Vec::new(), NetworkPlan::default());
    snapshots("overview-empty", &mut rig);
    let mut rig = overview(nodes(), NetworkPlan::default());
    snapshots("overview-unplanned", &mut rig);
    let text: PlanText = toml::from_str(
        "[cluster]\ncidr = '10.20.0.0/24'\nrange = '10.20.0.10-200'\nnic = 'eno1'\n\
         [public]\ncidr = '10.100.7.0/24'\nrange = '10.100.7.1-99'\nnic = 'eno2'\n",
    )
    .unwrap();
    let (plan, _) = text.read(&[], &NetworkPlan::default());
    let mut rig = overview(nodes(), plan);
    rig.rows(Topic::Jobs(ENV), vec![Row::from(job(JobState::Running))]);
    rig.at = rig.at.plus(12_000);
    let mut later = job(JobState::Running);
    later.changed += 9;
    rig.rows(Topic::Jobs(ENV), vec![Row::from(later)]);
    snapshots("overview", &mut rig);
    // Pages and tabs are one key away, as on the page below.
    rig.keys("w");
    assert_eq!(rig.stack().last(), Some(&"network"));
    rig.keys("<Esc>j<Enter>");
    assert_eq!(rig.stack().len(), 4, "the node: {:?}", rig.stack());
    rig.keys("<Esc>2");
    assert_eq!(rig.stack(), ["environments", "environment"]);
    assert!(rig.screen(80, 24).contains("[2 "), "on the modules");
}

#[test]
fn the_report_for_the_owner() {
    let mut rig = overview(nodes(), NetworkPlan::default());
    rig.keys("<C-s>");
    snapshots("handover", &mut rig);
    rig.other.clear();
    rig.keys("<C-s>");
    let Some(Command::WriteFile { path, text }) = rig.other.last() else { panic!("{:?}", rig.other) };
    assert_eq!(path, "~/cpmg-production.html");
    assert!(
        text.contains("<svg class=\"topology\"") && text.contains("node-1") && !text.contains('⟨'),
        "{text}"
    );
    // In the other language, with a job that cannot be had.
    rig.keys("<F3>");
    rig.rows(Topic::Jobs(ENV), vec![Row::from(job(JobState::Running))]);
    rig.keys("<C-s>");
    rig.answer("JobReport", Err(Failure::new(FailureKind::Engine, "gone")));
    rig.keys("<C-s>");
    let Some(Command::WriteFile { text, .. }) = rig.other.last() else { panic!("{:?}", rig.other) };
    assert!(text.contains("lang=\"zh-CN\"") && text.contains("节点与网络") && !text.contains('⟨'), "{text}");
}

#[test]
fn marked_nodes_get_the_same_way_at_once() {
    let mut rig = opened(UserRole::Operator, nodes());
    // The second one is being installed: it keeps its way.
    rig.keys("<Space>j<Space>J");
    snapshots("node-jump-many", &mut rig);
    rig.keys("<C-u>ops@10.0.0.1<C-s>");
    let mut nodes = Vec::new();
    for good in [true, false] {
        let call = rig.call("NodeEdit");
        let Request::NodeEdit { node, change: NodeChange::Jump(Some(ask)), .. } = &call.request else {
            panic!()
        };
        nodes.push(*node);
        assert_eq!(ask.place, "ops@10.0.0.1");
        let result = if good {
            Ok(Response::Done)
        } else {
            Err(Failure::new(FailureKind::Conflict, "somebody was quicker"))
        };
        rig.event(Event::Answer { to: call.to, tag: call.tag, result });
    }
    assert_ne!(nodes[0], nodes[1]);
    assert_eq!(rig.notice(), "1 of 2 done; the rest was refused, see above.");
    rig.call("NodeProbe");
    assert_eq!(rig.stack(), ["environments", "environment"]);
}

/// The file that was to be kept, and its place as the answer.
fn keep_look(rig: &mut Rig) -> (String, Option<String>, String) {
    let at = rig.other.iter().position(|c| matches!(c, Command::KeepLook { .. })).expect("nothing is kept");
    let Command::KeepLook { to, name, file, text, .. } = rig.other.remove(at) else { unreachable!() };
    let place = file.clone().unwrap_or_else(|| format!("/home/ada/.config/cpmg/themes/{name}.toml"));
    rig.event(Event::File { to, result: Ok(crate::domain::secret::Secret::new(place)) });
    (name, file, text)
}

#[test]
fn a_theme_of_ones_own_is_edited_and_taken() {
    let mut rig = Rig::looking(Language::En, Colours::True);
    rig.connect(false);
    rig.keys("ada<Enter>correct horse<Enter>");
    rig.answer("Login", Ok(session("ada", UserRole::Operator)));
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.keys("<F2>e");
    assert!(rig.notice().contains("Only a theme"), "{}", rig.notice());
    rig.keys("<Down>e");
    snapshots("look-editor", &mut rig);
    // A part that is none is told with its line, and nothing is kept.
    rig.keys("<C-f>[styles]<Enter><Esc><C-e><Enter>bat = { fg = \"red\" }");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("unknown variant"), "{screen}");
    rig.keys("<C-s>");
    snapshots("look-editor-fault", &mut rig);
    assert!(!rig.other.iter().any(|c| matches!(c, Command::KeepLook { .. })));
    rig.keys("<Esc><Esc>");
    assert_eq!(rig.stack().last(), Some(&"settings"));
    rig.keys("e<C-s>");
    snapshots("look-changes", &mut rig);
    rig.keys("<Enter>");
    let (name, file, text) = keep_look(&mut rig);
    assert_eq!((name.as_str(), file), ("default-own", None));
    assert!(text.contains("name = \"default-own\"") && text.contains("[styles]"), "{text}");
    assert_eq!(rig.app.shared.theme.name, "default-own");
    assert_eq!(kept(&rig).unwrap().1.theme.as_deref(), Some("default-own"));
    // Now it is a file of one's own, edited in its place.
    rig.keys("e");
    assert!(rig.screen(160, 50).contains("/home/ada/.config/cpmg/themes/default-own.toml"));
    rig.keys("<C-s>");
    assert_eq!(rig.stack().last(), Some(&"settings"), "nothing was changed");
}

#[test]
fn a_keymap_of_ones_own_is_checked_as_it_is_typed() {
    let mut rig = opened(UserRole::Viewer, nodes());
    rig.keys("<F2><Down><Down>e");
    rig.keys("<C-f>own<Enter><Esc><C-e>");
    for line in ["[shell]", "shell-prefix = [\"ctrl-a\"]", "zoom = [\"ctrl-a\"]"] {
        rig.keys(&format!("<Enter>{line}"));
    }
    snapshots("look-editor-keys", &mut rig);
    let screen = rig.screen(80, 24);
    assert!(screen.contains("\"ctrl-a\" is for"), "{screen}");
    rig.keys("<Backspace><Backspace><Backspace>b\"]<C-s><Enter>");
    let (name, _, text) = keep_look(&mut rig);
    assert_eq!(name, "default-own", "{text}");
    assert_eq!(
        (rig.app.shared.keymap.name.as_str(), rig.app.shared.keymap.prefix()),
        ("default-own", "ctrl-a")
    );
}
