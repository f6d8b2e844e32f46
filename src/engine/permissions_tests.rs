//! The table of permissions, whole: every request, every role, objects that one may reach and objects that one may not.
//!
//! The requests are counted in the source of `api`, so that none can be forgotten here; `docs/permissions.md` is drawn from the same
//! samples and is what a person reviews.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod samples;

use super::authorise::{needs, permit};
use super::objects::{Object, object};
use super::standing_tests::{CMP, CTL, cloud, left};
use super::*;
use crate::api::{FailureKind, Request, Topic};
use crate::domain::access::{Action, allowed};
use crate::domain::ids::{EnvId, JobId, NodeId, SweepId, UserId};
use crate::domain::node::NodeState;
use crate::domain::plan::PlanKind;
use crate::domain::sweeps::SweepOrder;
use crate::domain::user::{User, UserRole};
use samples::samples;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The name of a request: outer word, and inner one where there is one.
fn name(sample: &Value) -> String {
    let word = |v: &Value| match v {
        Value::Object(o) => o.keys().next().cloned().unwrap(),
        other => other.as_str().unwrap().to_owned(),
    };
    let outer = word(sample);
    match outer.as_str() {
        "accounts" | "cobbler" | "day2" | "door" | "keep" | "manual" | "people" | "proof" | "logs"
        | "loki" | "shells" | "team" | "subscribe" | "unsubscribe" | "rows" => {
            format!("{outer} {}", word(&sample[&outer]))
        }
        "env-edit" | "node-edit" => {
            let change = &sample[&outer]["change"];
            let value = if change["hide"] == json!(false) { " (show again)" } else { "" };
            format!("{outer} {}{value}", word(change))
        }
        _ => outer,
    }
}

/// The variants of an enum as they stand in its source.
fn variants(source: &str, of: &str) -> BTreeSet<String> {
    let body = source.split(&format!("pub enum {of} {{\n")).nth(1).unwrap().split("\n}\n").next().unwrap();
    let starts = body
        .lines()
        .filter_map(|l| l.strip_prefix("    "))
        .filter(|l| l.starts_with(|c: char| c.is_ascii_uppercase()));
    starts
        .map(|l| {
            let ident = l.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
            let mut kebab = String::new();
            for c in ident.chars() {
                if c.is_ascii_uppercase() && !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.push(c.to_ascii_lowercase());
            }
            kebab
        })
        .collect()
}

fn parsed() -> Vec<(String, Request)> {
    let all = samples();
    all.iter()
        .map(|s| (name(s), serde_json::from_value(s.clone()).unwrap_or_else(|e| panic!("{s}: {e}"))))
        .collect()
}

#[test]
fn no_request_is_left_out_of_the_table() {
    let names: BTreeSet<String> = samples().iter().map(name).collect();
    assert_eq!(names.len(), samples().len(), "each once");
    let outer = |n: &str| n.split(' ').next().unwrap().to_owned();
    let found: BTreeSet<String> = names.iter().map(|n| outer(n)).collect();
    assert_eq!(found, variants(include_str!("../api/request.rs"), "Request"));
    for (word, source, of) in [
        ("accounts", include_str!("../api/accounts.rs"), "AccountAsk"),
        ("cobbler", include_str!("../api/cobbler.rs"), "CobblerAsk"),
        ("manual", include_str!("../api/manual.rs"), "ManualAsk"),
        ("proof", include_str!("../api/proof.rs"), "ProofAsk"),
        ("day2", include_str!("../api/day2.rs"), "Day2"),
        ("people", include_str!("../api/people.rs"), "People"),
        ("team", include_str!("../api/team.rs"), "Team"),
        ("door", include_str!("../api/door.rs"), "DoorAsk"),
        ("keep", include_str!("../api/keep.rs"), "Keep"),
        ("logs", include_str!("../api/logs.rs"), "LogAsk"),
        ("loki", include_str!("../api/loki.rs"), "LokiAsk"),
        ("shells", include_str!("../api/shells.rs"), "ShellAsk"),
        ("env-edit", include_str!("../api/changes.rs"), "EnvChange"),
        ("node-edit", include_str!("../api/changes.rs"), "NodeChange"),
        ("rows", include_str!("../api/rows.rs"), "Topic"),
        ("subscribe", include_str!("../api/rows.rs"), "Topic"),
    ] {
        let inner = names.iter().filter(|n| outer(n) == word);
        let inner: BTreeSet<String> = inner.map(|n| n.split(' ').nth(1).unwrap().to_owned()).collect();
        assert_eq!(inner, variants(source, of), "{word}");
    }
}

#[test]
fn the_table_is_drawn_in_the_docs() {
    let mut text = String::from(
        "# Who may do what\n\nDrawn from the engine's own table by a test; after a change `UPDATE_PERMISSIONS=1 cargo nextest run the_table_is_drawn_in_the_docs`.\n\n\
         The first column is the request as it crosses the socket, the second the weakest role that may make it, the third what it is about. What it is\n\
         about belongs to an environment (a node, job, sweep, shell on a node, list that was previewed, live tail). An environment that is limited to\n\
         named users is reached by these and by administrators, a hidden one by administrators only; for everybody else all that belongs to it is not\n\
         there: requests are answered as if it did not exist, and lists leave it out. Users, and entries of the audit trail about users and the engine,\n\
         are the administrators' (and one's own).\n\n| request | needs | about |\n|---|---|---|\n",
    );
    for (name, request) in parsed() {
        let role = needs(&request).map_or("nobody's: no login", |a| a.needs().word());
        writeln!(text, "| {name} | {role} | {} |", object(&request).word()).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/permissions.md");
    if std::env::var_os("UPDATE_PERMISSIONS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == text,
        "docs/permissions.md is not what the engine does: UPDATE_PERMISSIONS=1 draws it anew"
    );
}

fn user(id: u64, role: UserRole) -> User {
    User { id: UserId(id), name: format!("u{id}"), role, ..serde_json::from_value(json!({
        "id": id, "name": "x", "role": "viewer", "password_hash": "", "disabled": false, "created": 0, "revision": 1
    })).unwrap() }
}

/// An engine in which environment, node, job, sweep and list 1 are there.
async fn furnished() -> (super::tests::Running, Arc<Engine>, EnvId) {
    let (running, engine, env) = cloud().await;
    assert_eq!((env, CTL, CMP), (EnvId(1), NodeId(1), NodeId(2)));
    let plan = engine.plan(&engine.env(env).unwrap(), PlanKind::Install).unwrap();
    left(&engine, 1, plan, NodeState::Installed);
    let sweep = serde_json::from_value(json!({
        "id": 1, "env": 1, "order": SweepOrder::new(vec!["127.0.0.1".into()], 1), "total": 1, "done": 1, "by": null,
        "started": 0, "ended": 1, "cancelled": false, "found": 0
    }));
    engine.sweeps.state().records.insert(SweepId(1), sweep.unwrap());
    (running, engine, env)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_every_role_to_own_and_foreign_objects() {
    let (_running, engine, env) = furnished().await;
    for known in [
        Object::Env(env),
        Object::Node(CTL),
        Object::Job(JobId(1)),
        Object::JobNode(JobId(1), CTL),
        Object::Sweep(SweepId(1)),
    ] {
        assert_eq!(engine.env_of(known), Some(env), "{known:?}");
    }
    let mine = UserId(70);
    let mut looked_at = 0;
    // Who the environment is limited to; whether it is hidden.
    for (members, hidden) in [
        (None, false),
        (Some(vec![mine]), false),
        (Some(vec![UserId(99)]), false),
        (Some(Vec::new()), false),
        (None, true),
    ] {
        {
            let mut model = engine.model.write();
            let record = model.envs.get_mut(&env).unwrap();
            (record.members, record.hidden) = (members.clone(), hidden);
        }
        let reached = !hidden && members.as_ref().is_none_or(|m| m.contains(&mine));
        for role in UserRole::ALL {
            let asks = user(mine.0, role);
            for (name, request) in parsed() {
                let Some(action) = needs(&request) else { continue };
                let result = permit(&engine, &asks, &request);
                // Shells, lists and tails that are not there are refused by what answers the request.
                let mine = matches!(
                    object(&request),
                    Object::Nothing | Object::Shell(_) | Object::Import(_) | Object::Tail(_)
                );
                let case = format!("{name} by {role}, members {members:?}, hidden {hidden}: {result:?}");
                match result {
                    Ok(()) => {
                        assert!(allowed(role, action), "{case}");
                        assert!(reached || mine || role == UserRole::Administrator, "{case}");
                    }
                    Err(why) if why.kind == FailureKind::NotAllowed => {
                        assert!(!allowed(role, action), "{case}");
                    }
                    Err(why) => {
                        assert_eq!(why.kind, FailureKind::NotFound, "{case}");
                        assert!(
                            allowed(role, action) && !reached && !mine && role != UserRole::Administrator,
                            "{case}"
                        );
                    }
                }
                looked_at += 1;
            }
            // Lists and subscriptions leave it out.
            let seen = reached || role == UserRole::Administrator;
            for topic in [
                Topic::Environments,
                Topic::Nodes(env),
                Topic::Jobs(env),
                Topic::Job(JobId(1)),
                Topic::Discovery(env),
            ] {
                let none = engine.rows_for(&asks, topic).is_empty();
                assert!(none != seen || (topic == Topic::Environments && hidden), "{topic:?} for {role}");
            }
        }
    }
    // A request of nobody is not answered at all, but for those that begin a session.
    let anonymous: Vec<String> =
        parsed().into_iter().filter(|(_, r)| needs(r).is_none()).map(|(n, _)| n).collect();
    assert_eq!(anonymous, ["ping", "first-administrator", "login", "resume", "unknown"]);
    println!("{looked_at} cases");
    assert!(looked_at > 2_000, "{looked_at}");
}

#[test]
fn what_administrators_alone_may_is_written_down() {
    let only: BTreeSet<String> = parsed()
        .into_iter()
        .filter(|(_, r)| needs(r).is_some_and(|a| a.needs() == UserRole::Administrator))
        .map(|(n, _)| n)
        .collect();
    let wanted = [
        "keep audit-verify",
        "keep backup",
        "keep env-purge",
        "env-edit hide (show again)",
        "env-edit members",
        "rows hidden",
        "stop",
        "subscribe hidden",
        "user-add",
        "user-disable",
        "users",
    ];
    for name in wanted {
        assert!(only.contains(name), "{name} is not the administrators' any more: {only:?}");
    }
    for (name, request) in parsed() {
        let reads = needs(&request).is_some_and(|a| a == Action::Read);
        let changes = ["node-", "install", "undo", "stop", "shell-", "net-set", "env-edit", "accounts set"];
        let only_looks = name == "undo-preview" || name == "shell-detach";
        assert!(
            !(reads && changes.iter().any(|c| name.starts_with(c))) || only_looks,
            "{name} only needs reading"
        );
    }
}
