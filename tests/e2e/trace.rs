//! One API call, followed through the cloud's services by its request id, in one view.

use super::support::{Cpmg, wait_until};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that a command prints, all in one document.
fn rows(cpmg: &Cpmg, env: &str, filter: &str) -> Vec<Value> {
    match cpmg.json(&["logs", env, filter, "--lines", "500"]) {
        Value::Array(rows) => rows,
        other => panic!("not a list of rows: {other}"),
    }
}

/// Switches collecting on, takes the last instance that was asked for (the proof did so on each compute node), and looks for its
/// request everywhere.
pub fn an_instance_is_followed(cpmg: &Cpmg, env: &str, controller: &str) {
    cpmg.ok(&["logs", "collect", env, "on", "--backfill", "1"]);
    let asked = || {
        // Of the quotation marks the second is a dot here: a word with one would be taken for one that is quoted.
        let rows = rows(cpmg, env, "POST /v2.1/servers. status: 202");
        rows.last().and_then(|row| row["request_id"].as_str().map(str::to_owned))
    };
    wait_until("the request is here", || asked().is_some());
    // The other nodes' logs come at their own speed.
    let following = || {
        let told = cpmg.json(&["logs", "sources", env]);
        let nodes = told["nodes"].as_array().expect("nodes");
        nodes.len() >= 3 && nodes.iter().all(|n| n["state"].get("following").is_some())
    };
    wait_until("every node is followed", following);
    let id = asked().expect("a request");
    println!("request {id}");

    let told = cpmg.json(&["logs", "sources", env]);
    let sources = told["sources"].as_array().expect("sources").iter();
    let files: BTreeMap<u64, String> = sources
        .map(|s| {
            let name = s["path"].as_str().expect("a path").rsplit('/').next().unwrap_or_default();
            (s["id"].as_u64().expect("a number"), name.to_owned())
        })
        .collect();
    let seen = |rows: &[Value]| -> BTreeSet<(String, String)> {
        let place = |row: &Value| {
            let file = files.get(&row["source"].as_u64().expect("a source")).cloned().unwrap_or_default();
            (row["node"].as_str().expect("a node").to_owned(), file)
        };
        rows.iter().map(place).collect()
    };
    let lacking = |rows: &[Value]| {
        let seen = seen(rows);
        let here =
            |files: &[&str]| files.iter().any(|f| seen.contains(&(controller.to_owned(), (*f).into())));
        let mut lacking = Vec::new();
        for files in [
            &["nova-api.log", "nova-api-wsgi.log"][..],
            &["nova-scheduler.log", "nova-conductor.log"],
            &["placement-api.log"],
            &["neutron-api.log"],
            &["glance-api.log"],
        ] {
            if !here(files) {
                lacking.push(files.join(" or "));
            }
        }
        if !seen.iter().any(|(node, file)| node != controller && file == "nova-compute.log") {
            lacking.push("nova-compute.log of a compute node".to_owned());
        }
        lacking
    };
    wait_until("the request is seen in every service", || {
        let rows = rows(cpmg, env, &id);
        let lacking = lacking(&rows);
        if !lacking.is_empty() {
            println!("{} rows; not in {}", rows.len(), lacking.join(", "));
        }
        lacking.is_empty()
    });

    let trace = rows(cpmg, env, &id);
    let times: Vec<i64> = trace.iter().map(|row| row["time"].as_i64().expect("a time")).collect();
    assert!(times.is_sorted(), "in the order of time: {times:?}");
    println!("{} rows of {:?}", trace.len(), seen(&trace));
    // By the field alone it is the same request: no service names another's only in its text.
    let field = rows(cpmg, env, &format!("request={id}"));
    assert_eq!(lacking(&field), Vec::<String>::new(), "by the field");
    cpmg.ok(&["logs", "collect", env, "off"]);
}
