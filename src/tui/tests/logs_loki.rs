//! The logs: Loki as a source with its query, completion, pages, live tail, refusals; output of installations.

use super::fixtures::{JOB, failed_job, steps};
use super::harness::{NOW, Rig, snapshots};
use super::job::on_job;
use super::logs::{answer, ask, calls, opened, sources};
use crate::api::logs::{LogAnswer, LogAt};
use crate::api::loki::{LokiAsk, LokiReply};
use crate::api::{Failure, FailureKind, Request, Response, Topic};
use crate::domain::ids::NodeId;
use crate::domain::loki::{
    JOB as LABEL, LokiAnswer, LokiEntry, LokiSeries, LokiSettings, LokiTail, LokiView,
};
use crate::domain::user::UserRole;
use crate::tui::event::Command;
use std::collections::BTreeMap;

const NANOS: i64 = NOW.0.cast_signed() * 1_000_000;

fn map(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// Entry `n`, two seconds after the one before.
fn entry(n: i64) -> LokiEntry {
    let (level, words) = if n % 5 == 3 { ("error", "磁盘已满") } else { ("info", "GET /v2.1/servers") };
    LokiEntry {
        time: NANOS - (300 - n) * 2_000_000_000,
        line: format!("2026-03-01 4711 nova.api [req-{n}] {words} \u{1b}[31m{n}"),
        labels: map(&[("job", "openstack"), ("host", "ctl1"), ("service", "nova-api")]),
        metadata: map(&[("level", level), ("request_id", "req-7c2e61f0")]),
        ..LokiEntry::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what the harness answers with")]
fn reply(reply: LokiReply) -> Result<Response, Failure> {
    Ok(Response::Loki(reply))
}

fn page(entries: impl Iterator<Item = i64>, more: bool) -> Result<Response, Failure> {
    let entries = entries.map(entry).collect();
    reply(LokiReply::Query(Box::new(LokiAnswer { entries, more, ..LokiAnswer::default() })))
}

fn asked(rig: &mut Rig, what: &str) -> LokiAsk {
    let Request::Loki(ask) = rig.call(what).request else { panic!() };
    ask
}

/// The page with Loki in its pane, before its first answer.
fn on_loki() -> Rig {
    let mut rig = opened();
    let settings = LokiSettings {
        url: "https://loki.example:3100".into(),
        tenant: None,
        user: None,
        authority: None,
        push: true,
        job: LABEL.into(),
        what: String::new(),
    };
    let view = LokiView { settings: Some(settings), ..LokiView::default() };
    rig.answer("Loki(Show", reply(LokiReply::View(Box::new(view))));
    rig.keys("<Tab>G<Enter>");
    rig
}

/// With the newest 100 entries, followed live.
fn filled() -> Rig {
    let mut rig = on_loki();
    rig.answer("Loki(Query", page((200..300).rev(), true));
    rig.answer("Loki(TailOpen", reply(LokiReply::Tailing(7)));
    rig
}

#[test]
fn loki_is_a_source_that_is_followed_live() {
    let mut rig = on_loki();
    snapshots("logs-loki-busy", &mut rig);
    let LokiAsk::Query { query, .. } = asked(&mut rig, "Loki(Query") else { panic!() };
    assert_eq!((query.query.as_str(), query.forward), ("{job=\"openstack\"}", false));
    let mut rig = filled();
    snapshots("logs-loki", &mut rig);
    let tail = LokiTail { entries: vec![entry(299), entry(300), entry(301)], ..LokiTail::default() };
    rig.answer("Loki(TailNext", reply(LokiReply::Tail(Box::new(tail))));
    let screen = rig.screen(80, 24);
    assert!(screen.contains("live") && screen.matches("[req-299]").count() == 1, "{screen}");
    assert!(screen.contains("[req-301]") && !screen.contains('\u{1b}'), "{screen}");
    // Going up ends it with the next answer.
    rig.keys("k");
    rig.answer("Loki(TailNext", reply(LokiReply::Tail(Box::default())));
    assert!(matches!(asked(&mut rig, "Loki(TailClose"), LokiAsk::TailClose { tail: 7 }));
    assert!(!rig.screen(80, 24).contains("live"));
    rig.keys("f");
    rig.answer("Loki(Query", page((200..300).rev(), true));
    rig.answer("Loki(TailOpen", reply(LokiReply::Tailing(8)));
    let ended = LokiTail { ended: Some("Loki ended it".into()), ..LokiTail::default() };
    rig.answer("Loki(TailNext", reply(LokiReply::Tail(Box::new(ended))));
    assert!(rig.screen(80, 24).contains("Following ended: Loki ended it"));
}

#[test]
fn older_entries_come_page_by_page() {
    let mut rig = filled();
    rig.calls.clear();
    rig.keys("gg");
    let LokiAsk::Query { query, .. } = asked(&mut rig, "Loki(Query") else { panic!() };
    assert!(query.forward, "the oldest of all");
    let mut rig = filled();
    rig.keys("<PgUp><PgUp><PgUp>");
    let call = rig.call("Loki(Query");
    let Request::Loki(LokiAsk::Query { query, .. }) = &call.request else { panic!() };
    assert!(!query.forward && query.end == entry(200).time + 1_000, "up to the first one that is here");
    let to = call.to;
    let event = crate::tui::event::Event::Answer { to, tag: call.tag, result: page((150..201).rev(), false) };
    rig.event(event);
    rig.calls.clear();
    rig.keys("gg");
    assert_eq!(calls(&rig, "Loki(Query"), 0, "all are here");
    assert!(rig.screen(80, 24).contains("[req-150]"), "{}", rig.screen(80, 24));
}

#[test]
fn a_query_is_typed_with_completion_and_refused_in_lokis_words() {
    let mut rig = filled();
    rig.keys("/");
    rig.answer("Loki(Labels", reply(LokiReply::Names(vec!["host".into(), "job".into(), "service".into()])));
    rig.keys("<C-u>{se<Tab>");
    assert!(rig.screen(80, 24).contains("{service=\""), "{}", rig.screen(80, 24));
    rig.keys("n<Tab>");
    let values = vec!["neutron-server".into(), "nova-api".into()];
    rig.answer("Loki(Values", reply(LokiReply::Names(values)));
    snapshots("logs-loki-typing", &mut rig);
    rig.keys("o<Tab>} |= <Enter>");
    let call = rig.call("Loki(Query");
    let refused = Failure::new(
        FailureKind::Invalid,
        "Loki refuses: parse error at line 1, col 27: syntax error: unexpected $end, expecting STRING",
    );
    let (to, tag) = (call.to, call.tag);
    rig.event(crate::tui::event::Event::Answer { to, tag, result: Err(refused) });
    snapshots("logs-loki-refused", &mut rig);
    let LokiAsk::TailClose { tail: 7 } = asked(&mut rig, "Loki(TailClose") else { panic!() };
    // Esc goes back to what the page was opened with.
    rig.keys("<Esc>");
    assert!(matches!(ask(&mut rig, "Logs(Window"), crate::api::logs::LogAsk::Window { at: LogAt::End, .. }));
}

#[test]
fn nothing_figures_details_and_the_request() {
    let mut rig = on_loki();
    rig.answer("Loki(Query", page(0..0, false));
    snapshots("logs-loki-nothing", &mut rig);
    rig.answer("Loki(TailOpen", reply(LokiReply::Tailing(6)));
    rig.keys("/<C-u>rate({job=\"openstack\"}[5m])<Enter>");
    let series = |host: &str| LokiSeries {
        labels: map(&[("host", host)]),
        points: (0..60).map(|n| (NANOS / 1_000_000 - n * 60_000, format!("0.{}", n % 10))).rev().collect(),
    };
    let answer = LokiAnswer { series: vec![series("ctl1"), series("cmp1")], ..LokiAnswer::default() };
    rig.answer("Loki(Query", reply(LokiReply::Query(Box::new(answer))));
    snapshots("logs-loki-figures", &mut rig);
    assert_eq!(calls(&rig, "Loki(TailOpen"), 0, "figures are not followed");
    let mut rig = filled();
    rig.keys("kk<Enter>");
    snapshots("logs-loki-entry", &mut rig);
    rig.keys("<Esc>");
    rig.calls.clear();
    rig.keys("r");
    let LokiAsk::Query { query, .. } = asked(&mut rig, "Loki(Query") else { panic!() };
    assert_eq!(query.query, "{job=\"openstack\"} |= `req-7c2e61f0`");
    rig.keys("<Esc>m");
    assert!(rig.notice().contains("Loki's"), "{}", rig.notice());
    rig.keys("Sfull<Enter>");
    let LokiAsk::Query { query, .. } = asked(&mut rig, "Loki(Query") else { panic!() };
    assert!(query.query.ends_with(" |~ `(?i)full`"), "{}", query.query);
}

#[test]
fn what_loki_has_is_exported() {
    let mut rig = filled();
    rig.calls.clear();
    rig.keys("<C-s><C-s>");
    let LokiAsk::Query { query, .. } = asked(&mut rig, "Loki(Query") else { panic!() };
    assert!(query.forward && query.limit == 5_000);
    let mut rig = filled();
    rig.calls.clear();
    rig.keys("<C-s><C-s>");
    rig.answer("Loki(Query", page(0..3, true));
    rig.answer("Loki(Query", page(2..5, false));
    let Some(Command::WriteFile { text, .. }) = rig.other.pop() else { panic!() };
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains("ctl1 nova-api ERROR") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn output_of_a_job_in_the_same_screen() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    rig.keys("d");
    rig.rows(Topic::JobNode(JOB, NodeId(11)), steps(1_800));
    rig.keys("l");
    let crate::api::logs::LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert_eq!((filter.job, filter.nodes.as_slice()), (Some(JOB.0), &["node-1".to_owned()][..]));
    assert!(filter.step.is_some(), "{filter:?}");
    rig.answer("Logs(Sources", answer(LogAnswer::Sources(sources(true))));
    rig.keys("<Tab>gg<Enter>");
    let crate::api::logs::LogAsk::Window { filter, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert!(filter.is_empty(), "the tree leads back to everything");
}
