//! Shells: every key is the shell's but the prefix.

use super::fixtures::nodes;
use super::harness::{Rig, snapshots};
use super::nodes::opened;
use crate::api::client::Pushed;
use crate::api::message::ShellBytes;
use crate::api::{Request, Response};
use crate::domain::ids::ShellId;
use crate::domain::user::UserRole;
use crate::tui::event::Event;

fn bytes(rig: &mut Rig, offset: u64, redraw: bool, text: &str, ended: Option<&str>) {
    let bytes = ShellBytes {
        shell: ShellId(5),
        offset,
        redraw,
        cols: 80,
        rows: 19,
        bytes: text.as_bytes().to_vec(),
        ended: ended.map(str::to_owned),
    };
    rig.event(Event::Pushed(Pushed::Shell(bytes)));
}

fn written(rig: &mut Rig) -> String {
    let mut all = Vec::new();
    rig.calls.retain(|c| {
        if let Request::ShellWrite { bytes, .. } = &c.request {
            all.extend_from_slice(bytes);
            return false;
        }
        true
    });
    String::from_utf8(all).unwrap()
}

fn shell() -> Rig {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.screen(80, 24);
    rig.keys("s");
    let Request::ShellOpen { cols, rows, .. } = rig.calls.back().unwrap().request else { panic!() };
    assert_eq!((cols, rows), (80, 19), "what the page has room for");
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(5))));
    bytes(&mut rig, 0, true, "root@node-1:~# \u{1b}[31mred\u{1b}[0m 中文", None);
    rig
}

#[test]
fn keys_reach_the_shell() {
    let mut rig = shell();
    snapshots("shell", &mut rig);
    rig.screen(80, 24);
    rig.calls.clear();
    rig.keys("q:?<Esc><C-c><Up><Enter>");
    assert_eq!(written(&mut rig), "q:?\u{1b}\u{3}\u{1b}[A\r");
    rig.keys("<C-]><C-]>");
    assert_eq!(written(&mut rig), "\u{1d}", "twice sends it");
    rig.keys("<C-]>d");
    assert_eq!(rig.stack(), ["environments", "environment"]);
    rig.call("ShellDetach");
}

#[test]
fn scrolling_back_and_the_end() {
    let mut rig = shell();
    let lines: String = (0..100).map(|n| format!("\r\nline {n}")).collect();
    bytes(&mut rig, 40, false, &lines, None);
    rig.keys("<C-]>[");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("scrolled back") && screen.contains("line 70"), "{screen}");
    rig.keys("q");
    assert!(rig.screen(80, 24).contains("line 99"));
    rig.keys("<C-]>x");
    snapshots("shell-close", &mut rig);
    rig.keys("<Right><Enter>");
    rig.call("ShellClose");
    bytes(
        &mut rig,
        40 + u64::try_from(lines.len()).unwrap(),
        false,
        "",
        Some("the shell ended (exit status 0)"),
    );
    snapshots("shell-ended", &mut rig);
    rig.keys("<Enter>");
    assert_eq!(rig.stack(), ["environments", "environment"]);
}
