//! The table of permissions, whole: every request, every role, objects that one may reach and objects that one may not.
//!
//! The requests are counted in the source of `api`, so that none can be forgotten here; `docs/permissions.md` is drawn from the same
//! samples and is what a person reviews.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

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
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A request of every kind, about the environment, node, job, sweep, shell, list and tail 1.
#[expect(clippy::too_many_lines, reason = "one line a request: the table itself")]
fn samples() -> Vec<Value> {
    let text = json!("s3cret");
    let credential = json!({"password": text});
    let place = json!({"url": "http://c/cobbler_api", "user": "u", "password": "p", "power_seconds": 60});
    let mut all = vec![
        json!("ping"),
        json!({"first-administrator": {"name": "ada", "password": text}}),
        json!({"login": {"name": "ada", "password": text}}),
        json!({"resume": {"token": text}}),
        json!("logout"),
        json!("who-am-i"),
        json!("users"),
        json!({"user-add": {"name": "bob", "role": "viewer", "password": text}}),
        json!({"user-password": {"name": "bob", "old": null, "new": text}}),
        json!({"user-disable": {"name": "bob", "disabled": true}}),
        json!("catalog"),
        json!({"env-add": {"name": "e", "platform": null}}),
        json!({"keep": {"env-purge": {"env": 1, "name": "e", "why": "w"}}}),
        json!({"keep": {"env-clone": {"env": 1, "name": "e"}}}),
        json!({"keep": {"env-export": {"env": 1, "passphrase": text}}}),
        json!({"keep": {"env-import": {"upload": 1, "name": null, "passphrase": text}}}),
        json!({"sweep-start": {"env": 1, "ranges": [], "port": 22}}),
        json!({"sweep-cancel": {"sweep": 1}}),
        json!({"sightings-forget": {"env": 1}}),
        json!({"discovery-edit": {"env": 1, "based_on": 0, "change": {"schedule": null}}}),
        json!({"set-edit": {"env": 1, "name": "s", "change": "remove"}}),
        json!({"node-add": {"env": 1, "name": null, "address": "a", "port": 22, "user": "root", "credential": credential}}),
        json!({"node-remove": {"node": 1, "based_on": 1}}),
        json!({"import-text": {"upload": null, "offset": 0, "text": "t"}}),
        json!({"import-preview": {"env": 1, "source": "cobbler", "user": "root", "port": 22}}),
        json!({"import-apply": {"import": 1, "digest": 0}}),
        json!({"facts-history": {"node": 1}}),
        json!({"node-probe": {"node": 1}}),
        json!({"node-trust": {"node": 1, "key": "k"}}),
        json!({"cobbler-set": {"env": 1, "place": place}}),
        json!({"cobbler-settings": {"env": 1}}),
        json!({"cobbler": {"env": 1}}),
        json!({"cobbler-register": {"node": 1, "system": null, "profile": "p", "power": null}}),
        json!({"ip": {"env": 1}}),
        json!({"ip-change": {"env": 1, "request": {"remove-pool": {"net": "10.0.0.0/24"}}}}),
        json!({"accounts": {"env": 1}}),
        json!({"account-set": {"env": 1, "name": "A", "new": "old"}}),
        json!({"rotation-preview": {"env": 1, "name": "A"}}),
        json!({"account-rotate": {"env": 1, "name": "A", "new": "old", "digest": 0}}),
        json!({"account-reveal": {"env": 1, "name": "A"}}),
        json!({"net": {"env": 1}}),
        json!({"net-set": {"env": 1, "based_on": 0, "plan": {}}}),
        json!({"plan-preview": {"env": 1}}),
        json!({"step-script": {"env": 1, "node": 1, "step": "a/b"}}),
        json!({"install": {"env": 1}}),
        json!({"job-retry": {"job": 1}}),
        json!({"job-stop": {"job": 1, "stop": "now"}}),
        json!({"job-release": {"job": 1}}),
        json!({"job-forecast": {"job": 1, "stop": "now"}}),
        json!({"node-again": {"job": 1, "node": 1}}),
        json!({"undo-preview": {"job": 1, "scope": "all"}}),
        json!({"undo": {"job": 1, "scope": "all", "digest": 0}}),
        json!({"node-reinstall": {"node": 1, "name": "n1", "profile": null, "minutes": null}}),
        json!({"reinstall-extend": {"job": 1, "node": 1, "minutes": 5}}),
        json!({"manual-start": {"node": 1}}),
        json!({"manual-confirm": {"job": 1, "node": 1, "number": 1}}),
        json!({"manual-check": {"job": 1, "node": 1}}),
        json!({"manual-leave": {"job": 1, "node": 1}}),
        json!({"ceiling-extend": {"job": 1, "node": 1, "seconds": 5}}),
        json!({"job-report": {"job": 1}}),
        json!({"node-lock": {"node": 1, "why": null}}),
        json!({"output": {"job": 1, "node": 1, "step": "a/b", "action": "run", "attempt": 1, "offset": 0, "max": 1}}),
        json!({"shell-open": {"node": 1, "cols": 80, "rows": 24}}),
        json!({"shell-attach": {"shell": 1, "cols": 80, "rows": 24}}),
        json!({"shell-write": {"shell": 1, "bytes": []}}),
        json!({"shell-resize": {"shell": 1, "cols": 80, "rows": 24}}),
        json!({"shell-detach": {"shell": 1}}),
        json!({"shell-close": {"shell": 1}}),
        json!({"check-run": {"env": 1}}),
        json!({"check-cancel": {"env": 1}}),
        json!({"prove": {"env": 1}}),
        json!({"prove-cancel": {"env": 1}}),
        json!({"audit": {"filter": {}, "limit": 1}}),
        json!({"keep": "audit-verify"}),
        json!({"keep": "backup"}),
        json!({"keep": "export-rules"}),
        json!({"keep": {"export-rules-set": {"kept": 10}}}),
        json!("diagnosis"),
        json!("stop"),
        json!("unknown"),
    ];
    let more =
        |outer: &str, inner: Vec<Value>| inner.into_iter().map(|v| json!({ outer: v })).collect::<Vec<_>>();
    let env_edit = |change: Value| json!({"env-edit": {"env": 1, "based_on": 1, "change": change}});
    all.extend(
        [
            json!({"rename": "n"}),
            json!({"hide": true}),
            json!({"hide": false}),
            json!({"platform": "p"}),
            json!({"modules": []}),
            json!({"parallel": 5}),
            json!({"policy": {}}),
            json!({"options": {"scope": "all", "file": "/etc/f", "text": ""}}),
            json!({"members": ["bob"]}),
        ]
        .map(env_edit),
    );
    let node_edit = |change: Value| json!({"node-edit": {"node": 1, "based_on": 1, "change": change}});
    all.extend(
        [
            json!({"rename": "n"}),
            json!({"roles": []}),
            json!({"credential": {"user": "root", "credential": credential}}),
            json!({"address": {"address": "a", "port": 22}}),
            json!("forget-host-key"),
            json!({"jump": null}),
            json!("forget-jump-key"),
        ]
        .map(node_edit),
    );
    let topics = [
        json!("environments"),
        json!("hidden"),
        json!({"nodes": 1}),
        json!({"jobs": 1}),
        json!("running-jobs"),
        json!({"job": 1}),
        json!({"job-node": [1, 1]}),
        json!({"sweep": 1}),
        json!({"check": 1}),
        json!({"proof": 1}),
        json!({"discovery": 1}),
        json!({"matter": [1, "network"]}),
        json!({"logs": 1}),
        json!("shells"),
        json!("sessions"),
    ];
    for outer in ["subscribe", "unsubscribe", "rows"] {
        all.extend(more(outer, topics.to_vec()));
    }
    all.extend(more(
        "people",
        vec![
            json!({"edit": {"name": "bob", "based_on": 1, "role": null, "full_name": null}}),
            json!({"delete": {"name": "bob"}}),
            json!({"unlock": {"name": "bob"}}),
            json!({"factor-reset": {"name": "bob"}}),
            json!("sessions"),
            json!({"end": "others"}),
            json!("own"),
            json!({"end-own": "others"}),
            json!({"unlocked": {"password": "s3cret"}}),
            json!({"factor-begin": {"password": "s3cret"}}),
            json!({"factor-confirm": {"code": "s3cret"}}),
            json!({"factor-off": {"password": "s3cret", "code": "s3cret"}}),
            json!({"recovery-renew": {"password": "s3cret", "code": "s3cret"}}),
            json!("unknown"),
        ],
    ));
    all.extend(more(
        "team",
        vec![
            json!({"here": {"env": 1, "page": "nodes"}}),
            json!({"take-over": {"job": 1, "why": "w"}}),
            json!("unknown"),
        ],
    ));
    all.extend(more(
        "door",
        vec![
            json!("status"),
            json!({"set": {"on": true, "listen": null}}),
            json!("own-keys"),
            json!({"own-key-add": {"key": "ssh-ed25519 A", "password": "s3cret"}}),
            json!({"own-key-remove": {"fingerprint": "SHA256:a"}}),
            json!({"keys": {"name": "bob"}}),
            json!({"key-add": {"name": "bob", "key": "ssh-ed25519 A"}}),
            json!({"key-remove": {"name": "bob", "fingerprint": "SHA256:a"}}),
        ],
    ));
    let how = serde_json::to_value(crate::domain::day2::LeaveHow::default()).unwrap();
    all.extend(more(
        "day2",
        vec![
            json!({"leave-preview": {"node": 1, "how": how}}),
            json!({"leave": {"node": 1, "how": how}}),
            json!({"services": {"node": 1}}),
            json!({"restart": {"node": 1, "unit": "u"}}),
            json!({"options-pending": {"env": 1}}),
            json!({"roll-out-preview": {"env": 1}}),
            json!({"roll-out": {"env": 1}}),
            json!({"task-preview": {"env": 1, "task": {"remove-flat": {"name": "f"}}}}),
            json!({"task": {"env": 1, "task": {"remove-flat": {"name": "f"}}}}),
        ],
    ));
    all.extend(more(
        "logs",
        vec![
            json!({"sources": {"env": 1}}),
            json!({"window": {"env": 1, "at": "end", "before": 1, "after": 1}}),
            json!({"search": {"env": 1, "regex": "x", "from": "end", "limit": 1, "budget_ms": 1}}),
            json!({"histogram": {"env": 1, "buckets": 1}}),
            json!({"record": {"env": 1, "cursor": 1}}),
            json!({"trace": {"env": 1, "of": {"request": "r"}}}),
            json!({"marks": {"env": 1}}),
            json!({"mark": {"env": 1, "cursor": 1}}),
            json!({"unmark": {"env": 1, "cursor": 1}}),
            json!({"views": {"env": 1}}),
            json!({"view-save": {"env": 1, "view": {}}}),
            json!({"view-remove": {"env": 1, "name": "v"}}),
            json!({"collect": {"env": 1, "what": "off"}}),
        ],
    ));
    all.extend(more(
        "loki",
        vec![
            json!({"show": {"env": 1}}),
            json!({"set": {"env": 1, "place": null}}),
            json!({"push": {"env": 1, "on": true}}),
            json!({"test": {"env": 1}}),
            json!({"query": {"env": 1, "query": {"query": "{}", "start": 0, "end": 1, "limit": 1}}}),
            json!({"labels": {"env": 1}}),
            json!({"values": {"env": 1, "label": "l"}}),
            json!({"tail-open": {"env": 1, "query": "{}", "limit": 1}}),
            json!({"tail-next": {"tail": 1}}),
            json!({"tail-close": {"tail": 1}}),
        ],
    ));
    all.extend(more(
        "shells",
        vec![
            json!("rules"),
            json!({"rules-set": crate::domain::shells::ShellRules::default()}),
            json!({"record": {"shell": 1, "on": true}}),
            json!({"recordings": {}}),
            json!({"recording-part": {"number": 1, "offset": 0}}),
            json!({"upload": {"node": 1, "path": "/tmp/a", "name": "a", "size": 1, "mode": 420}}),
            json!({"upload-part": {"transfer": 1, "bytes": [1]}}),
            json!({"upload-end": {"transfer": 1}}),
            json!({"download": {"node": 1, "path": "/tmp/a"}}),
            json!({"download-part": {"transfer": 1}}),
            json!({"transfer-cancel": {"transfer": 1}}),
        ],
    ));
    all
}

/// The name of a request: outer word, and inner one where there is one.
fn name(sample: &Value) -> String {
    let word = |v: &Value| match v {
        Value::Object(o) => o.keys().next().cloned().unwrap(),
        other => other.as_str().unwrap().to_owned(),
    };
    let outer = word(sample);
    match outer.as_str() {
        "day2" | "door" | "keep" | "people" | "logs" | "loki" | "shells" | "team" | "subscribe"
        | "unsubscribe" | "rows" => {
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
        let changes = ["node-", "install", "undo", "stop", "shell-", "net-set", "env-edit", "account-"];
        let only_looks = name == "undo-preview" || name == "shell-detach";
        assert!(
            !(reads && changes.iter().any(|c| name.starts_with(c))) || only_looks,
            "{name} only needs reading"
        );
    }
}
