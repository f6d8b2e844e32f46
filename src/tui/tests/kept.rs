//! How pages were left, when somebody comes back another day: tabs, orders, filters, panes, splits of shells.

use super::fixtures::{ENV, env, nodes};
use super::harness::{NOW, Rig, session, snapshots};
use super::nodes::opened;
use crate::api::rows::ShellRow;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::ids::{NodeId, ShellId};
use crate::domain::user::UserRole;
use crate::tui::event::Command;
use crate::tui::prefs::Remembered;

/// What the file has after these screens.
fn kept(rig: &Rig) -> Remembered {
    let mut all = Remembered::default();
    for command in &rig.other {
        if let Command::Remember { user, prefs } = command {
            all.keep(user, prefs.clone());
        }
    }
    Remembered::read(&all.text())
}

/// Another day: the program is started anew, and the same user opens the environment.
fn another_day(before: &Rig, rows: Vec<Row>) -> Rig {
    let mut rig = Rig::new();
    rig.app.remembered = kept(before);
    rig.connect(false);
    rig.keys("ada<Enter>correct horse<Enter>");
    rig.answer("Login", Ok(session("ada", UserRole::Operator)));
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(ENV), rows);
    rig
}

#[test]
fn order_filter_and_tab_come_back() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("NN/node-");
    let typing = kept(&rig).of("ada").cloned().unwrap_or_default();
    assert!(!typing.pages.keys().any(|k| k.contains("filter")), "not while it is typed: {typing:?}");
    rig.keys("<Enter>");
    let pages = kept(&rig).of("ada").unwrap().pages.clone();
    assert_eq!(pages["environment.nodes.sort"], "sort-name down");
    assert_eq!(pages["environment.nodes.filter.production"], "node-");
    let mut rig = another_day(&rig, nodes());
    assert!(rig.notice().contains("node-") && rig.notice().contains("Esc"), "{}", rig.notice());
    snapshots("kept-filter", &mut rig);
    let screen = rig.screen(80, 24);
    assert!(screen.contains("Name(N)↓") && screen.contains("/node-"), "{screen}");
    // What is taken away stays away.
    rig.keys("N<Esc>3");
    let pages = kept(&rig).of("ada").unwrap().pages.clone();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(pages["environment.tab"], "3");
    let mut rig = another_day(&rig, nodes());
    assert!(rig.screen(80, 24).contains("[3 Jobs"), "the tab");
    // Who goes to a node by name sees the node.
    rig.keys(":node node-1<Enter>");
    assert!(rig.screen(80, 24).contains("[1 Nodes"), "the node");
}

fn row(number: u64, node: u64) -> Row {
    Row::Shell(ShellRow {
        id: ShellId(number),
        node: NodeId(node),
        name: format!("node-{}", node - 10),
        by: "ada".into(),
        opened: NOW,
        clients: 0,
        alone: None,
        closes: None,
        recording: None,
        job: None,
    })
}

#[test]
fn splits_of_shells_come_back() {
    let shells = || vec![row(5, 11), row(6, 11), row(7, 11)];
    let mut rig = opened(UserRole::Operator, nodes());
    rig.screen(80, 24);
    rig.keys("s");
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(5))));
    rig.keys("<C-]>|");
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(6))));
    rig.keys("<C-]>-");
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(7))));
    rig.rows(Topic::Shells, shells());
    rig.keys("<C-]>+<C-]>d");
    let layout = kept(&rig).of("ada").unwrap().pages["shell.layout"].clone();
    assert_eq!(layout.matches('(').count(), 2, "{layout}");
    let first = rig;
    let mut rig = another_day(&first, nodes());
    rig.rows(Topic::Shells, shells());
    rig.screen(80, 24);
    rig.calls.clear();
    rig.keys("s");
    let attached: Vec<u64> = rig
        .calls
        .iter()
        .filter_map(|c| if let Request::ShellAttach { shell, .. } = c.request { Some(shell.0) } else { None })
        .collect();
    assert_eq!(attached, [5, 6, 7], "all three are in sight, and none is new");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("│"), "beside each other: {screen}");
    // One has ended meanwhile: the others have its room.
    let mut rig = another_day(&first, nodes());
    rig.rows(Topic::Shells, vec![row(5, 11), row(7, 11)]);
    rig.calls.clear();
    rig.keys("s");
    let count = rig.calls.iter().filter(|c| matches!(c.request, Request::ShellAttach { .. })).count();
    assert_eq!(count, 2);
}
