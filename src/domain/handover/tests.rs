//! The file: everything in it, nothing fetched, nothing that is a secret.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::environment::Environment;
use crate::domain::ids::NodeId;
use crate::domain::overrides::{OptionText, Scope};

fn env() -> Environment {
    let mut env: Environment = serde_json::from_value(serde_json::json!({
        "id": 7, "name": "prod & <test>", "platform": "debian-12-zed", "modules": ["keystone", "nova"], "parallel": 20,
        "hidden": false, "created": 1_772_355_600_000_u64, "created_by": "ada", "changed": 1_772_355_600_000_u64,
        "changed_by": "grace", "revision": 3
    }))
    .unwrap();
    env.options = vec![OptionText {
        scope: Scope::All,
        file: "/etc/nova/nova.conf".into(),
        text: "[database]\nconnection = mysql://nova:geheim@db\n".into(),
    }];
    env
}

#[test]
fn the_file_stands_alone_and_tells_no_secret() {
    let env = env();
    let roles: NodeRoles = [crate::domain::node::NodeRole::Controller].into_iter().collect();
    let seen = NodeFacts {
        id: NodeId(1),
        name: "node-1",
        address: "10.20.0.11".parse().unwrap(),
        roles: &roles,
        facts: None,
    };
    let (plan, resolved) = (NetworkPlan::default(), Resolved::default());
    let of = Handover {
        at: Moment(1_772_355_600_000),
        by: "ada",
        env: &env,
        nodes: vec![Machine { seen, state: NodeState::Installed }],
        plan: &plan,
        resolved: &resolved,
        check: None,
        findings: Vec::new(),
        proof: None,
        job: None,
    };
    let html = of.html("en", &english);
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    for part in [
        "prod &amp; &lt;test&gt;",
        "2026-03-01 09:00:00 UTC",
        "node-1",
        "<svg class=\"topology\"",
        "never proven",
        "nova.conf",
    ] {
        assert!(html.contains(part), "{part} is missing:\n{html}");
    }
    for never in ["geheim", "<script", "http://", "https://", "src=", "url(", "@import"] {
        assert!(!html.contains(never), "{never} is there");
    }
    let sections = |what: &str| html.matches(what).count();
    assert_eq!(sections("<section>"), sections("</section>"));
    assert_eq!(sections("<table>"), sections("</table>"));
}

#[test]
fn the_matrix_of_the_last_check_is_a_table() {
    let cell = |node: u64, column: &str, state: &str, reached: Option<(u32, u32)>| serde_json::json!({"node": node, "column": column, "state": state, "reached": reached, "rtt_us": null});
    let check: CheckReport = serde_json::from_value(serde_json::json!({
        "env": 7, "number": 3, "at": 1_772_355_000_000_u64, "ended": 1_772_355_060_000_u64, "by": "ada", "planned": true,
        "basis": {}, "segments": [],
        "nodes": [{"node": 1, "name": "node-1", "program": null}, {"node": 2, "name": "node<2>", "program": null}],
        "columns": ["ssh", {"net": "cluster"}, "clock"],
        "cells": [cell(1, "ssh", "passed", None), cell(2, "ssh", "fault", None), cell(1, "clock", "not-checked", None)],
        "findings": [],
    }))
    .unwrap();
    let env = env();
    let (plan, resolved) = (NetworkPlan::default(), Resolved::default());
    let of = Handover {
        at: Moment(1_772_355_600_000),
        by: "ada",
        env: &env,
        nodes: Vec::new(),
        plan: &plan,
        resolved: &resolved,
        check: Some(&check),
        findings: vec!["node<2> does not answer".into()],
        proof: None,
        job: None,
    };
    let html = of.html("en", &english);
    for part in [
        "<tr><th>Node</th><th>ssh</th><th>cluster</th><th>clock</th></tr>",
        "<tr><th>node-1</th><td class=\"good\">✓ passed</td><td class=\"dim\">-</td><td class=\"warn\">? not checked</td></tr>",
        "<tr><th>node&lt;2&gt;</th><td class=\"bad\">✗ fault</td>",
        "<li>node&lt;2&gt; does not answer</li>",
    ] {
        assert!(html.contains(part), "{part} is missing:\n{html}");
    }
}
