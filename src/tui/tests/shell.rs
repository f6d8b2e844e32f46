//! Shells: every key is the shell's but the prefix; tabs, panes, a look back, typing to several.

use super::fixtures::{ENV, nodes};
use super::harness::{NOW, Rig, snapshots};
use super::nodes::opened;
use crate::api::client::Pushed;
use crate::api::message::ShellBytes;
use crate::api::rows::ShellRow;
use crate::api::shells::{Part, RecordingRow, ShellAnswer};
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::asciicast::{Event, Header, Origin, What};
use crate::domain::ids::{JobId, NodeId, ShellId};
use crate::domain::time::Moment;
use crate::domain::user::UserRole;
use crate::tui::event::{Command, Event as TuiEvent};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

pub(super) fn bytes(rig: &mut Rig, offset: u64, redraw: bool, text: &str, ended: Option<&str>) {
    of(rig, ShellId(5), (80, 19), offset, redraw, text.as_bytes(), ended);
}

pub(super) fn of(
    rig: &mut Rig,
    shell: ShellId,
    (cols, rows): (u16, u16),
    offset: u64,
    redraw: bool,
    text: &[u8],
    ended: Option<&str>,
) {
    let bytes = ShellBytes {
        shell,
        offset,
        redraw,
        more: false,
        cols,
        rows,
        bytes: text.to_vec(),
        ended: ended.map(str::to_owned),
    };
    rig.event(TuiEvent::Pushed(Pushed::Shell(bytes)));
}

/// What was typed, by shell.
fn written(rig: &mut Rig) -> Vec<(u64, String)> {
    let mut all: Vec<(u64, String)> = Vec::new();
    rig.calls.retain(|c| {
        let Request::ShellWrite { shell, bytes } = &c.request else { return true };
        let text = String::from_utf8(bytes.clone()).unwrap();
        match all.iter_mut().find(|(known, _)| *known == shell.0) {
            Some((_, before)) => before.push_str(&text),
            None => all.push((shell.0, text)),
        }
        false
    });
    all
}

pub(super) fn shell() -> Rig {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.screen(80, 24);
    rig.keys("s");
    let Request::ShellOpen { cols, rows, .. } = rig.calls.back().unwrap().request else { panic!() };
    assert_eq!((cols, rows), (80, 19), "what the page has room for");
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(5))));
    bytes(&mut rig, 0, true, "root@node-1:~# \u{1b}[31mred\u{1b}[0m 中文", None);
    rig
}

/// Two panes beside each other, on shells 5 and 6.
pub(super) fn two() -> Rig {
    let mut rig = shell();
    rig.keys("<C-]>|");
    let Request::ShellOpen { cols, rows, .. } = rig.calls.back().unwrap().request else { panic!() };
    assert_eq!((cols, rows), (40, 18), "half the room, without the title");
    let Request::ShellResize { cols, rows, .. } = rig.call("ShellResize").request else { panic!() };
    assert_eq!((cols, rows), (39, 18), "the other half, without the border");
    // Its first bytes come before the answer that names it.
    of(&mut rig, ShellId(6), (40, 18), 0, true, b"root@node-1:~# second", None);
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(6))));
    of(&mut rig, ShellId(5), (39, 18), 0, true, b"root@node-1:~# first", None);
    rig.calls.clear();
    rig
}

#[test]
fn keys_reach_the_shell() {
    let mut rig = shell();
    snapshots("shell", &mut rig);
    rig.screen(80, 24);
    rig.calls.clear();
    rig.keys("q:?<Esc><C-c><Up><Enter>");
    assert_eq!(written(&mut rig), [(5, "q:?\u{1b}\u{3}\u{1b}[A\r".to_owned())]);
    rig.keys("<C-]><C-]>");
    assert_eq!(written(&mut rig), [(5, "\u{1d}".to_owned())], "twice sends it");
    rig.keys("<C-]>d");
    assert_eq!(rig.stack(), ["environments", "environment"]);
    rig.call("ShellDetach");
}

#[test]
fn what_is_typed_before_the_shell_is_open_reaches_it() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.screen(80, 24);
    rig.keys("suptime<Enter>");
    assert_eq!(written(&mut rig), []);
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(5))));
    assert_eq!(written(&mut rig), [(5, "uptime\r".to_owned())]);
    rig.keys("w");
    assert_eq!(written(&mut rig), [(5, "w".to_owned())]);
    // Nothing of it goes anywhere else when there is no shell.
    rig.keys("<C-]>cexit<Enter>");
    rig.answer("ShellOpen", Err(Failure::new(FailureKind::Node, "no route")));
    rig.keys("ls");
    assert_eq!(written(&mut rig), []);
}

#[test]
fn a_large_screen_comes_in_parts_and_none_is_left_out() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.screen(80, 24);
    rig.keys("s");
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(5))));
    let frame = |offset, redraw, more, text: &str| {
        TuiEvent::Pushed(Pushed::Shell(ShellBytes {
            shell: ShellId(5),
            offset,
            redraw,
            more,
            cols: 80,
            rows: 19,
            bytes: text.as_bytes().to_vec(),
            ended: None,
        }))
    };
    for (redraw, more, text) in [(true, false, "one "), (false, true, "two "), (false, true, "three ")] {
        rig.event(frame(900, redraw, more, text));
    }
    rig.event(frame(900, false, false, "and on"));
    let screen = rig.screen(80, 24);
    assert!(screen.contains("one two three and on"), "{screen}");
}

#[test]
fn a_pane_that_missed_its_beginning_is_drawn_whole() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.screen(80, 24);
    rig.keys("s");
    for n in 0..100 {
        of(&mut rig, ShellId(5), (80, 19), n, n == 0, b"x", None);
    }
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(5))));
    rig.call("ShellAttach");
    of(&mut rig, ShellId(5), (80, 19), 100, true, b"the whole screen", None);
    assert!(rig.screen(80, 24).contains("the whole screen"));
}

#[test]
fn looking_back_and_the_end() {
    let mut rig = shell();
    let lines: String = (0..100).map(|n| format!("\r\nline {n}")).collect();
    bytes(&mut rig, 40, false, &lines, None);
    rig.keys("<C-]>[");
    rig.call("ShellDetach");
    rig.keys("<PgUp>");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("looking back") && screen.contains("line 70"), "{screen}");
    let seen = 40 + u64::try_from(lines.len()).unwrap();
    bytes(&mut rig, seen, false, "\r\nmeanwhile", None);
    assert!(!rig.screen(80, 24).contains("meanwhile"), "it stands still");
    rig.keys("q");
    assert!(rig.screen(80, 24).contains("line 99"));
    rig.answer("ShellAttach", Ok(Response::Done));
    bytes(&mut rig, seen + 11, true, "all of it anew", None);
    assert!(rig.screen(80, 24).contains("all of it anew"));
    rig.keys("<C-]>x");
    snapshots("shell-close", &mut rig);
    rig.keys("<Right><Enter>");
    rig.call("ShellClose");
    bytes(&mut rig, seen + 11, false, "", Some("the shell ended (exit status 0)"));
    snapshots("shell-ended", &mut rig);
    rig.keys("<Enter>");
    assert_eq!(rig.stack(), ["environments", "environment"]);
}

#[test]
fn what_is_selected_goes_to_the_operators_clipboard() {
    let mut rig = shell();
    let lines: String = (0..100).map(|n| format!("\r\nline {n}")).collect();
    bytes(&mut rig, 40, false, &lines, None);
    rig.keys("<C-]>/");
    rig.keys("line 42<Enter>");
    snapshots("shell-search", &mut rig);
    rig.keys("<Up>Vjy");
    let copied =
        rig.other.iter().find_map(|c| if let Command::Copy(text) = c { Some(text.clone()) } else { None });
    assert_eq!(copied.unwrap(), "line 41\nline 42\n");
    rig.keys("/nowhere<Enter>");
    assert!(rig.notice().contains("nowhere"), "{}", rig.notice());
    rig.keys("y");
    assert!(rig.notice().contains("Nothing is selected"), "{}", rig.notice());
    rig.keys("v");
    rig.keys("<Esc>");
    assert!(rig.screen(80, 24).contains("looking back"), "the first Esc ends the selection");
    rig.keys("<Esc>");
    assert!(!rig.screen(80, 24).contains("looking back"));
}

#[test]
fn the_mouse_selects_where_the_program_does_not_want_it() {
    let mut rig = shell();
    rig.screen(80, 24);
    let mouse = |rig: &mut Rig, kind, column| {
        rig.event(TuiEvent::Mouse(MouseEvent { kind, column, row: 3, modifiers: KeyModifiers::NONE }));
    };
    mouse(&mut rig, MouseEventKind::Down(MouseButton::Left), 0);
    mouse(&mut rig, MouseEventKind::Drag(MouseButton::Left), 0);
    mouse(&mut rig, MouseEventKind::Drag(MouseButton::Left), 3);
    mouse(&mut rig, MouseEventKind::Up(MouseButton::Left), 3);
    let copied =
        rig.other.iter().find_map(|c| if let Command::Copy(text) = c { Some(text.clone()) } else { None });
    assert_eq!(copied.as_deref(), Some("root"), "{}", rig.screen(80, 24));
}

#[test]
fn panes_share_the_room() {
    let mut rig = two();
    snapshots("shell-panes", &mut rig);
    rig.screen(80, 24);
    rig.calls.clear();
    rig.keys("a<C-]>hb<C-]><Tab>c<C-]><Right>d");
    assert_eq!(written(&mut rig), [(6, "acd".to_owned()), (5, "b".to_owned())]);
    rig.keys("<C-]>z");
    let Request::ShellResize { cols, rows, shell } = rig.call("ShellResize").request else { panic!() };
    assert_eq!((cols, rows, shell), (80, 18, ShellId(6)));
    let screen = rig.screen(80, 24);
    assert!(screen.contains("zoomed") && !screen.contains("first"), "{screen}");
    rig.keys("<C-]>z");
    assert!(rig.screen(80, 24).contains("first"));
    rig.keys("<C-]>-");
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(7))));
    rig.keys("<C-]>|");
    assert!(rig.notice().contains("No room"), "{}", rig.notice());
    of(&mut rig, ShellId(7), (40, 8), 0, true, b"", Some("the shell ended (exit status 0)"));
    rig.keys("q");
    assert!(!rig.screen(80, 24).contains("ended"), "an ended pane closes, the others have its room");
}

#[test]
fn typing_to_several_says_to_whom() {
    let mut rig = two();
    rig.keys("<C-]>b");
    snapshots("shell-together", &mut rig);
    rig.screen(80, 24);
    rig.calls.clear();
    // One of them wants application cursor keys.
    of(&mut rig, ShellId(5), (39, 18), 20, false, b"\x1b[?1h", None);
    rig.keys("ls<Up>");
    assert_eq!(written(&mut rig), [(5, "ls\u{1b}OA".to_owned()), (6, "ls\u{1b}[A".to_owned())]);
    rig.keys("<C-]>m");
    rig.keys("x");
    assert_eq!(written(&mut rig), [(5, "x".to_owned())], "left out");
    rig.keys("<C-]>m<C-]>z");
    rig.keys("y");
    assert_eq!(written(&mut rig), [(6, "y".to_owned())], "only who is in sight is typed to");
    rig.keys("<C-]>z<C-]>b");
    rig.keys("z");
    assert_eq!(written(&mut rig), [(6, "z".to_owned())]);
    rig.keys("<C-]>m");
    assert!(rig.notice().contains("Not typing to several"), "{}", rig.notice());
}

#[test]
fn other_shells_are_chosen_from_a_list() {
    let mut rig = shell();
    let row = |id, node: u64, by: &str| {
        let opened = Moment(NOW.0 - 600_000);
        Row::Shell(ShellRow {
            id: ShellId(id),
            node: NodeId(node),
            name: format!("node-{node}"),
            by: by.into(),
            opened,
            clients: 0,
            alone: None,
            closes: None,
            recording: None,
            job: None,
        })
    };
    rig.rows(Topic::Shells, vec![row(5, 1, "ada"), row(8, 2, "ada"), row(9, 3, "grace")]);
    rig.keys("<C-]>c");
    snapshots("shell-pick", &mut rig);
    rig.screen(80, 24);
    rig.calls.clear();
    rig.keys("<Enter>");
    let Request::ShellAttach { shell, .. } = rig.call("ShellAttach").request else { panic!() };
    assert_eq!(shell, ShellId(8), "the open one first; what is another's is not offered");
    rig.keys("<C-]>c<Space><Space><Enter>");
    let opened = rig.calls.iter().filter(|c| matches!(c.request, Request::ShellOpen { .. })).count();
    assert_eq!(opened, 2, "marked ones share a new tab");
    assert!(rig.screen(80, 24).contains("[3 "), "{}", rig.screen(80, 24));
    rig.keys("<C-]>1");
    assert!(rig.screen(80, 24).contains("red"));
    rig.keys("<C-]>9");
    assert!(rig.notice().contains("no tab 9"), "{}", rig.notice());
}

#[test]
fn a_lost_engine_is_no_end_of_the_shell() {
    let mut rig = two();
    rig.event(TuiEvent::Lost);
    rig.keys("x");
    rig.calls.clear();
    rig.connect(false);
    rig.answer("Resume", Ok(super::harness::session("ada", UserRole::Operator)));
    let again: Vec<ShellId> = rig
        .calls
        .iter()
        .filter_map(|c| if let Request::ShellAttach { shell, .. } = c.request { Some(shell) } else { None })
        .collect();
    assert_eq!(again, [ShellId(5), ShellId(6)]);
    let gone = Failure::new(FailureKind::NotFound, "shell 5 has ended");
    rig.answer("ShellAttach", Err(gone));
    assert!(rig.screen(80, 24).contains("has ended"), "{}", rig.screen(80, 24));
}

#[test]
fn marked_nodes_open_together() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.screen(160, 50);
    rig.keys("<Space><Space>s");
    let opened = rig.calls.iter().filter(|c| matches!(c.request, Request::ShellOpen { .. })).count();
    assert_eq!(opened, 2, "{}", rig.screen(160, 50));
    assert_eq!(rig.app.top().unwrap().screen.topics(), [Topic::Shells, Topic::Nodes(ENV)]);
}

pub(super) fn recordings() -> Vec<RecordingRow> {
    let row = |number: u64, by: &str, job: Option<u64>, open| RecordingRow {
        number,
        origin: Origin {
            shell: ShellId(number),
            by: by.into(),
            user: None,
            node: NodeId(1),
            name: format!("node-{number}"),
            env: ENV,
            job: job.map(JobId),
            began: Moment(NOW.0 - 3_600_000 * number),
        },
        bytes: 48_200 * number,
        lasts: 65_000 * number,
        open,
    };
    vec![row(3, "ada", None, true), row(2, "ada", Some(12), false), row(1, "grace", Some(12), false)]
}

#[expect(clippy::unnecessary_wraps, reason = "what an answer is")]
pub(super) fn shells(answer: ShellAnswer) -> Result<Response, Failure> {
    Ok(Response::Shells(Box::new(answer)))
}

#[test]
fn recordings_are_listed_played_and_exported() {
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.keys(":recordings<Enter>");
    rig.answer("Shells(Recordings", shells(ShellAnswer::Recordings(Vec::new())));
    snapshots("recordings-empty", &mut rig);
    rig.keys("e");
    assert!(rig.notice().contains("no recording"), "{}", rig.notice());
    rig.keys("<Esc>:recordings<Enter>");
    rig.answer("Shells(Recordings", shells(ShellAnswer::Recordings(recordings())));
    snapshots("recordings", &mut rig);
    rig.keys("j<Enter>");
    let mut cast = Header::new(recordings()[1].origin.clone(), (40, 6), "xterm-256color").line();
    for (at, text) in [
        (0, "$ "),
        (1_000, "uptime\r\n"),
        (61_000, " 09:00 up 3 days\r\n$ "),
        (62_000, "\u{1b}[31mred\u{1b}[m 中"),
    ] {
        cast.push_str(&Event { at, what: What::Output(text.into()) }.line());
    }
    cast.push_str(
        &Event { at: 62_500, what: What::Marker("5 bytes of output are missing here".into()) }.line(),
    );
    let bytes = cast.clone().into_bytes();
    let part = Part { size: bytes.len() as u64, bytes: bytes.clone(), last: true };
    rig.answer("Shells(RecordingPart", shells(ShellAnswer::Part(part.clone())));
    assert!(rig.screen(80, 24).contains("\n$") && !rig.screen(80, 24).contains("uptime"));
    let wake = rig.app.wakes().unwrap();
    assert_eq!(wake, Moment(NOW.0 + 1_000), "woken for the next event and not before");
    rig.at = wake;
    rig.event(TuiEvent::Tick);
    assert!(rig.screen(80, 24).contains("uptime"));
    assert_eq!(rig.app.wakes(), Some(Moment(wake.0 + 2_000)), "a pause of a minute takes two seconds");
    rig.keys("+");
    assert_eq!(rig.app.wakes(), Some(Moment(wake.0 + 1_000)), "and at twice the speed one");
    rig.keys("<Space>");
    assert_eq!(rig.app.wakes(), None, "it costs nothing while it is paused");
    snapshots("replay", &mut rig);
    rig.keys("G");
    let screen = rig.screen(160, 50);
    assert!(screen.contains("red 中") && screen.contains("missing here"), "{screen}");
    rig.keys("h");
    rig.answer("Shells(RecordingPart", shells(ShellAnswer::Part(part.clone())));
    let screen = rig.screen(80, 24);
    assert!(screen.contains("uptime") && !screen.contains("red"), "{screen}");
    rig.keys("<Esc>e");
    snapshots("recording-export", &mut rig);
    rig.keys("<Enter>");
    rig.answer("Shells(RecordingPart", shells(ShellAnswer::Part(part)));
    let written = rig.other.iter().find_map(|c| match c {
        Command::WriteFile { path, text } => Some((path.clone(), text.clone())),
        _ => None,
    });
    assert_eq!(written.unwrap(), ("~/node-2-ada-2.cast".into(), cast));
    assert_eq!(rig.stack().last(), Some(&"recordings"));
}

#[test]
fn files_are_sent_with_progress() {
    let mut rig = shell();
    rig.keys("<C-]>u");
    snapshots("transfer", &mut rig);
    rig.keys("/tmp/image.qcow2<Enter>/var/tmp/<Enter><Enter>");
    let asked =
        rig.other.iter().find_map(|c| if let Command::Transfer(t) = c { Some(t.clone()) } else { None });
    let asked = asked.unwrap_or_else(|| panic!("{}", rig.screen(80, 24)));
    assert_eq!(
        (asked.here.as_str(), asked.there.as_str(), asked.send),
        ("/tmp/image.qcow2", "/var/tmp/", true)
    );
    rig.event(TuiEvent::Moving { name: "image.qcow2".into(), done: 420_000, size: 1_000_000 });
    assert!(rig.screen(80, 24).contains("image.qcow2: 42%"), "{}", rig.screen(80, 24));
    rig.event(TuiEvent::Moved(Ok(("node-1:/var/tmp/image.qcow2".into(), 1_000_000))));
    assert!(rig.notice().contains("/var/tmp/image.qcow2") && !rig.screen(80, 24).contains("42%"));
    rig.event(TuiEvent::Moved(Err(Failure::new(FailureKind::Node, "no room on the node"))));
    assert!(rig.notice().contains("no room"), "{}", rig.notice());
}

#[test]
fn another_prefix_leaves_the_usual_one_to_the_shell() {
    let mut rig = shell();
    rig.keys("<C-]>d");
    rig.keys("<F2><Down><Down><Down><Right><Right>");
    snapshots("settings-prefix", &mut rig);
    assert_eq!(rig.app.shared.keymap.prefix(), "ctrl-a");
    rig.keys("<Esc>");
    rig.screen(80, 24);
    rig.calls.clear();
    rig.keys("s");
    rig.answer("ShellOpen", Ok(Response::Shell(ShellId(8))));
    of(&mut rig, ShellId(8), (80, 19), 0, true, b"root@node-1:~# ", None);
    rig.calls.clear();
    rig.keys("<C-]>x<C-a><C-a>");
    assert_eq!(written(&mut rig), [(8, "\u{1d}x\u{1}".to_owned())]);
    let screen = rig.screen(80, 24);
    assert!(screen.contains("^Ad ") && !screen.contains("^]"), "the footer: {screen}");
    rig.keys("<C-a>?");
    assert!(rig.screen(160, 50).contains("after ^A"), "the help");
    rig.keys("<Esc><C-a>d");
    assert_eq!(rig.stack(), ["environments", "environment"]);
}
