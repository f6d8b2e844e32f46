//! The logs: rows pulled around a place, following, filters with their faults, search, marks, details, traces, export.

use super::fixtures::{env, nodes};
use super::harness::{NOW, Rig, snapshots};
use crate::api::logs::{
    CollectState, Cursor, LogAnswer, LogAsk, LogAt, LogHistogram, LogHits, LogMark, LogNews, LogNode,
    LogRecord, LogRow, LogSource, LogSources, LogWindow, SourceKind, TraceOf,
};
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::logs::{Level, When};
use crate::domain::time::Moment;
use crate::domain::user::UserRole;
use crate::tui::event::Command;
use crate::tui::theme::Colours;

const ENV: EnvId = EnvId(7);
const BASE: i64 = NOW.0.cast_signed() * 1000 - 600_000_000;

/// Row `n` of the fixture: one every 0.4 s.
fn row(n: u64) -> LogRow {
    let (level, service, component, message) = match n % 7 {
        0 => (
            Level::Warning,
            "nova",
            "nova.scheduler.manager",
            "Host node-2 has more disk space than database expected",
        ),
        1 => (
            Level::Error,
            "neutron",
            "neutron.agent.dhcp.agent",
            "Unable to enable dhcp for 2f1c: \u{1b}[31mPermissionError\u{1b}[0m",
        ),
        2 => (
            Level::Debug,
            "nova",
            "oslo_concurrency.lockutils",
            "Lock \"compute_resources\" acquired by \"_update_available_resource\" :: waited 0.000s",
        ),
        3 => (Level::Critical, "mariadb", "mysqld", "InnoDB: 磁盘已满, cannot extend './ibdata1'"),
        _ => (Level::Info, "keystone", "keystone.server.flask", "GET http://controller:5000/v3/auth/tokens"),
    };
    LogRow {
        cursor: Cursor(1000 + n),
        time: BASE + i64::try_from(n).unwrap() * 400_000,
        node: format!("node-{}", 1 + n % 3),
        service: service.into(),
        level: (n % 11 != 10).then_some(level),
        pid: Some(4711),
        component: Some(component.into()),
        request_id: (n % 5 == 1).then(|| "req-7c2e61f0-0000-4000-8000-000000000001".to_owned()),
        message: message.into(),
        lines: if n % 7 == 1 { 12 } else { 1 },
        guessed: n % 11 == 10,
        finding: (n % 14 == 1).then(|| "dhcp-no-permission".to_owned()),
        ..LogRow::default()
    }
}

pub(super) fn window(from: u64, to: u64, before: u32, ends: (bool, bool)) -> Response {
    let (reaches_begin, reaches_end) = ends;
    let rows = (from..to).map(row).collect();
    let window =
        LogWindow { rows, before, reaches_begin, reaches_end, above: from, total: 1500, searched_to: None };
    Response::Logs(Box::new(LogAnswer::Window(window)))
}

pub(super) fn sources(on: bool) -> LogSources {
    let following =
        |behind, behind_s| CollectState::Following { since: Moment(NOW.0 - 3_600_000), behind, behind_s };
    let failed =
        CollectState::Failed { why: "the connection was refused".into(), since: Moment(NOW.0 - 60_000) };
    let states = if on {
        [following(0, 0), following(3 << 20, 42), failed]
    } else {
        [CollectState::Off, CollectState::Off, CollectState::Off]
    };
    let nodes = states.into_iter().zip(1..).map(|(state, n)| LogNode {
        node: NodeId(n),
        name: format!("node-{n}"),
        state,
        clock_ms: 1_500 * i64::from(n == 2),
        utc_offset: 0,
    });
    let file = |id: u32, node: &str, service: &str, path: &str| LogSource {
        id,
        kind: if path.starts_with('/') { SourceKind::File } else { SourceKind::Journal },
        node_name: node.into(),
        service: service.into(),
        path: path.into(),
        format: "oslo".into(),
        state: following(0, 0),
        bytes: 73_400_320,
        records: 412_000,
        last: Some(BASE),
        ..LogSource::default()
    };
    LogSources {
        on,
        by: "ada".into(),
        keep_days: 14,
        keep_mib: 10_240,
        bytes: if on { 1 << 30 } else { 0 },
        records: if on { 3_600_000 } else { 0 },
        nodes: nodes.collect(),
        sources: if on {
            vec![
                file(1, "node-1", "nova", "/var/log/nova/nova-compute.log"),
                file(2, "node-1", "libvirt", "libvirtd.service"),
                file(3, "node-2", "neutron", "/var/log/neutron/neutron-dhcp-agent.log"),
            ]
        } else {
            Vec::new()
        },
        ..LogSources::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what the harness answers with")]
pub(super) fn answer(answer: LogAnswer) -> Result<Response, Failure> {
    Ok(Response::Logs(Box::new(answer)))
}

/// The page of the environment before any answer.
pub(super) fn asked(role: UserRole) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.rows(Topic::Nodes(ENV), nodes());
    rig.keys("l");
    rig
}

/// The page with the newest 300 of 1500 lines.
pub(super) fn opened() -> Rig {
    let mut rig = asked(UserRole::Operator);
    rig.answer("Logs(Sources", answer(LogAnswer::Sources(sources(true))));
    rig.answer("Logs(Marks", answer(LogAnswer::Marks(Vec::new())));
    rig.answer("Logs(Window", Ok(window(1200, 1500, 300, (false, true))));
    // Large terminals show the histogram unasked.
    rig.screen(160, 50);
    rig.answer("Logs(Histogram", answer(LogAnswer::Histogram(counts())));
    rig.screen(80, 24);
    rig
}

fn counts() -> LogHistogram {
    let bucket =
        |n: u32| [0, n % 3, 40 + n % 7 * 10, 0, n % 5, u32::from(n == 77) * 3, u32::from(n == 78), 2];
    LogHistogram {
        from: BASE,
        to: BASE + 600_000_000,
        buckets: (0..100).map(bucket).collect(),
        complete: true,
    }
}

pub(super) fn ask(rig: &mut Rig, what: &str) -> LogAsk {
    let Request::Logs(ask) = rig.call(what).request else { panic!() };
    ask
}

/// What the next question for rows is, answered with nothing.
fn at_of(rig: &mut Rig) -> (LogAt, u32, u32) {
    let LogAsk::Window { at, before, after, .. } = ask(rig, "Logs(Window") else { panic!() };
    (at, before, after)
}

pub(super) fn calls(rig: &Rig, what: &str) -> usize {
    rig.calls.iter().filter(|c| format!("{:?}", c.request).starts_with(what)).count()
}

#[test]
fn the_newest_lines_and_how_they_look() {
    let mut rig = opened();
    snapshots("logs-rows", &mut rig);
    rig.keys("ktw");
    snapshots("logs-wrapped-utc", &mut rig);
    let screen = rig.screen(80, 24);
    assert!(!screen.contains('\u{1b}') && screen.contains("PermissionErro"), "{screen}");
}

#[test]
fn readable_without_colour() {
    let mut rig = Rig::looking(crate::tui::i18n::Language::En, Colours::None);
    rig.connect(false);
    rig.keys("ada<Enter>correct horse<Enter>");
    rig.answer("Login", Ok(super::harness::session("ada", UserRole::Viewer)));
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.keys("l");
    rig.answer("Logs(Window", Ok(window(1200, 1500, 300, (false, true))));
    let buffer = rig.buffer(80, 24);
    assert!(buffer.content.iter().all(|c| c.fg == ratatui::style::Color::Reset));
    let screen = rig.screen(80, 24);
    for sign in [" W ", " E ", " D ", " C ", " I "] {
        assert!(screen.contains(sign), "{sign}: {screen}");
    }
}

#[test]
fn going_up_stops_following_and_pulls_what_lies_above() {
    let mut rig = opened();
    assert!(rig.screen(80, 24).contains("following"));
    rig.keys("k");
    assert!(!rig.screen(80, 24).contains("following"));
    assert_eq!(calls(&rig, "Logs(Window"), 0, "enough is here");
    for _ in 0..13 {
        rig.keys("<PgUp>");
    }
    assert_eq!(at_of(&mut rig).0, LogAt::Cursor(Cursor(2200)));
    // A late answer of a place that was left counts nothing; G leads back to the end.
    rig.keys("G");
    assert!(rig.screen(80, 24).contains("following"));
    rig.keys("gg");
    assert_eq!(at_of(&mut rig), (LogAt::Begin, 0, 200));
}

#[test]
fn rows_before_come_without_moving_what_is_seen() {
    let mut rig = opened();
    rig.screen(80, 24);
    for _ in 0..13 {
        rig.keys("<PgUp>");
    }
    let before = rig.screen(80, 24);
    rig.answer("Logs(Window", Ok(window(1000, 1200, 200, (false, false))));
    let lines = |s: &str| {
        s.lines().skip(3).take(15).map(|l| l.trim_end_matches(['│', '█', ' ']).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines(&before), lines(&rig.screen(80, 24)));
}

#[test]
fn news_are_fetched_while_following_only() {
    let mut rig = opened();
    let news =
        |last, version| vec![Row::Logs(LogNews { last: Cursor(last), records: 1, time: BASE, version })];
    rig.rows(Topic::Logs(ENV), news(9_000, 0));
    assert_eq!(at_of(&mut rig).0, LogAt::End);
    let mut rig = opened();
    rig.keys("k");
    rig.rows(Topic::Logs(ENV), news(9_000, 0));
    let LogAsk::Window { at, before, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert_eq!((at, before), (LogAt::Cursor(Cursor(2499)), 0), "near the end: what comes after the last row");
    rig.rows(Topic::Logs(ENV), news(9_001, 5));
    assert_eq!(
        (calls(&rig, "Logs(Sources"), calls(&rig, "Logs(Marks")),
        (1, 1),
        "sources and marks have changed"
    );
}

#[test]
fn a_filter_is_typed_with_its_faults_underneath() {
    let mut rig = opened();
    rig.keys("/level>=warning nodes=node-1");
    snapshots("logs-filter-fault", &mut rig);
    rig.keys("<Enter>");
    assert_eq!(calls(&rig, "Logs(Window"), 0, "nothing is asked with a fault");
    rig.keys("<Esc>/level>=warning node=node-1<Enter>");
    let LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert_eq!((filter.level, filter.nodes), (Some(Level::Warning), vec!["node-1".to_owned()]));
    rig.keys("3");
    let LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert_eq!(filter.from, Some(When::Ago(3_600)));
    rig.keys("<Esc>");
    let LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert!(filter.is_empty(), "Esc leads back to the filter of the beginning");
    assert_eq!(rig.stack(), ["environments", "logs"]);
    rig.keys("<Esc>");
    assert_eq!(rig.stack(), ["environments"]);
}

#[test]
fn nothing_matches_nothing_collected_nothing_yet() {
    for (role, on, keys) in [
        (UserRole::Operator, false, "off"),
        (UserRole::Viewer, false, "off-viewer"),
        (UserRole::Operator, true, "nothing-matches"),
    ] {
        let mut rig = asked(role);
        if on {
            rig.keys("/level>=critical \"disk full\"<Enter>");
        }
        rig.answer("Logs(Sources", answer(LogAnswer::Sources(sources(on))));
        let call =
            rig.calls.iter().rposition(|c| format!("{:?}", c.request).starts_with("Logs(Window")).unwrap();
        let call = rig.calls.remove(call).unwrap();
        let nothing = Ok(window(0, 0, 0, (true, true)));
        rig.event(crate::tui::event::Event::Answer { to: call.to, tag: call.tag, result: nothing });
        if role == UserRole::Viewer {
            assert!(rig.screen(80, 24).contains("An operator can switch it on"));
            rig.keys("C");
            assert!(rig.notice().contains("viewer"), "{}", rig.notice());
        } else {
            snapshots(&format!("logs-{keys}"), &mut rig);
        }
    }
}

#[test]
fn collecting_is_switched_on() {
    let mut rig = asked(UserRole::Operator);
    rig.answer("Logs(Sources", answer(LogAnswer::Sources(sources(false))));
    rig.keys("C");
    snapshots("logs-collect-on", &mut rig);
    rig.keys("<C-s>");
    let LogAsk::Collect { what, .. } = ask(&mut rig, "Logs(Collect") else { panic!() };
    assert_eq!(what, crate::api::logs::CollectChange::On { backfill_hours: 24 });
}

#[test]
fn searching_goes_on_until_something_is_found() {
    let mut rig = opened();
    rig.keys("Sdisk space<Enter>");
    let call = rig.call("Logs(Search");
    let Request::Logs(LogAsk::Search { regex, from, backwards, .. }) = &call.request else { panic!() };
    assert_eq!((regex.as_str(), *from, *backwards), ("disk space", LogAt::Cursor(Cursor(2499)), true));
    let hits = LogHits { searched_to: Some(LogAt::Time(BASE)), ..LogHits::default() };
    rig.event(crate::tui::event::Event::Answer {
        to: call.to,
        tag: call.tag,
        result: answer(LogAnswer::Search(hits)),
    });
    assert!(rig.screen(80, 24).contains("searching"));
    rig.answer(
        "Logs(Search",
        answer(LogAnswer::Search(LogHits { rows: vec![row(1498)], ..LogHits::default() })),
    );
    snapshots("logs-found", &mut rig);
    rig.keys("n");
    let LogAsk::Search { from, backwards, .. } = ask(&mut rig, "Logs(Search") else { panic!() };
    assert_eq!((from, backwards), (LogAt::Cursor(Cursor(2498)), false));
    rig.keys("N");
    rig.answer(
        "Logs(Search",
        answer(LogAnswer::Search(LogHits { rows: vec![row(3)], ..LogHits::default() })),
    );
    assert_eq!(
        at_of(&mut rig).0,
        LogAt::Cursor(Cursor(1003)),
        "a hit that is not here is fetched with its surroundings"
    );
}

#[test]
fn details_marks_and_the_lines_around() {
    let mut rig = opened();
    rig.keys("kk<Enter>");
    let LogAsk::Record { cursor, .. } = ask(&mut rig, "Logs(Record") else { panic!() };
    assert_eq!(cursor, Cursor(2497));
    rig.keys("<Enter>");
    let message = "Unable to enable dhcp\nTraceback (most recent call last):\n  File \"agent.py\", line 12\nPermissionError: no";
    let raw = format!("2026-03-01 08:59:59.123 4711 ERROR neutron.agent [req-1] {message}");
    let record = LogRecord {
        row: row(1500 - 9),
        len: raw.len() as u64,
        raw: raw.into_bytes(),
        message: message.into(),
        user_id: Some("a1b2".into()),
        format: "oslo".into(),
        path: "/var/log/neutron/neutron-dhcp-agent.log".into(),
        offset: 81_237,
        ..LogRecord::default()
    };
    rig.answer("Logs(Record", answer(LogAnswer::Record(Box::new(record))));
    snapshots("logs-record", &mut rig);
    rig.keys("<Esc>m");
    rig.keys("look here<C-s>");
    let LogAsk::Mark { cursor, note, .. } = ask(&mut rig, "Logs(Mark {") else { panic!() };
    assert_eq!((cursor, note.as_str()), (Cursor(2497), "look here"));
    rig.keys("<Esc>");
    rig.keys("<Enter>");
    if rig.stack().last() != Some(&"logs") {
        rig.keys("<Esc>");
    }
    let mark = LogMark {
        cursor: Cursor(2497),
        note: "look here".into(),
        by: "ada".into(),
        time: row(1497).time,
        row: Some(row(1497)),
        ..LogMark::default()
    };
    rig.answer("Logs(Marks", answer(LogAnswer::Marks(vec![mark.clone()])));
    assert!(rig.screen(160, 50).contains("◆ look here"));
    rig.keys("M");
    let call = rig.calls.iter().rposition(|c| format!("{:?}", c.request).starts_with("Logs(Marks")).unwrap();
    let call = rig.calls.remove(call).unwrap();
    rig.event(crate::tui::event::Event::Answer {
        to: call.to,
        tag: call.tag,
        result: answer(LogAnswer::Marks(vec![mark])),
    });
    snapshots("logs-marks", &mut rig);
    rig.keys("<Esc>c");
    let asks: Vec<String> = rig.calls.iter().map(|c| format!("{:?}", c.request)).collect();
    assert!(asks.iter().any(|a| a.contains("at: Cursor(Cursor(2497))")), "{asks:#?}");
    assert_eq!(rig.stack(), ["environments", "logs", "logs"]);
    rig.keys("<Esc>");
    assert_eq!(rig.stack(), ["environments", "logs"]);
}

#[test]
fn a_request_is_followed_over_all_nodes() {
    let mut rig = opened();
    rig.keys("r");
    assert!(rig.notice().contains("no request"), "{}", rig.notice());
    rig.keys("kkkr");
    let call = rig.call("Logs(Trace");
    let Request::Logs(LogAsk::Trace { of: TraceOf::Request(id), after: None, .. }) = &call.request else {
        panic!()
    };
    assert!(id.starts_with("req-7c2e"));
    let rows = (1..40).filter(|n| n % 5 == 1).map(row).collect();
    let trace = LogWindow { rows, reaches_begin: true, reaches_end: true, ..LogWindow::default() };
    rig.event(crate::tui::event::Event::Answer {
        to: call.to,
        tag: call.tag,
        result: answer(LogAnswer::Window(trace)),
    });
    snapshots("logs-trace", &mut rig);
    rig.calls.clear();
    rig.keys("3");
    assert!(rig.notice().contains("one request") && rig.calls.is_empty(), "{}", rig.notice());
    rig.keys("<C-s><C-s>");
    let LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert!(filter.request.is_some_and(|id| id.starts_with("req-7c2e")), "what is shown is exported");
}

#[test]
fn sources_are_a_tree_that_filters() {
    let mut rig = opened();
    rig.keys("<Tab>jl");
    snapshots("logs-tree", &mut rig);
    rig.keys("j<Space>");
    let LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert_eq!(filter.sources, [1]);
    rig.keys("gg<Enter>");
    let LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert!(filter.is_empty());
}

#[test]
fn export_pulls_pages_and_whole_records() {
    let mut rig = opened();
    rig.keys("<C-s><C-s>");
    let call = rig.call("Logs(Window");
    let Request::Logs(LogAsk::Window { at: LogAt::Begin, before: 0, after: 500, .. }) = &call.request else {
        panic!()
    };
    rig.event(crate::tui::event::Event::Answer {
        to: call.to,
        tag: call.tag,
        result: Ok(window(0, 3, 0, (true, false))),
    });
    let whole = LogRecord { row: row(1), message: "Unable\n  at line 12".into(), ..LogRecord::default() };
    rig.answer("Logs(Record", answer(LogAnswer::Record(Box::new(whole))));
    rig.answer("Logs(Window", Ok(window(2, 4, 0, (false, true))));
    let Some(Command::WriteFile { path, text }) = rig.other.pop() else { panic!() };
    assert_eq!(path, "~/production-logs.txt");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert_eq!(
        lines[1],
        "2026-03-01 08:50:00.400 node-2 neutron ERROR neutron.agent.dhcp.agent [req-7c2e61f0-0000-4000-8000-000000000001] Unable"
    );
    assert_eq!(lines[2], "  at line 12");
}

#[test]
fn the_command_line_opens_logs_of_a_node() {
    let mut rig = Rig::logged_in(UserRole::Operator);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(ENV), nodes());
    rig.keys(":logs node-3<Enter>");
    let LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert_eq!(filter.nodes, ["node-3"]);
    rig.keys("<Esc>:logs level>=loud<Enter>");
    assert!(rig.notice().contains("Column 1"), "{}", rig.notice());
    rig.keys("l");
    assert_eq!(rig.stack().last(), Some(&"logs"), "of the selected node");
}

#[test]
fn a_refusal_stands_over_the_rows() {
    let mut rig = opened();
    rig.keys("gg");
    rig.answer(
        "Logs(Window",
        Err(Failure::new(FailureKind::Engine, "the index of this log cannot be read: run cpmg logs check")),
    );
    assert!(rig.screen(80, 24).contains("✗ the index of this log"));
}
