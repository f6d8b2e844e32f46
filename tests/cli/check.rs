//! Connectivity checks without wires: what is refused, what is reported, how long a report holds. The wires, and the reason before
//! an installation (which needs facts of real nodes), are in `tests/wires`.

use super::support::Site;

#[test]
fn a_node_that_does_not_answer_is_a_finding_and_the_report_is_kept() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    site.refused(&["check", "run", "prod"], 2, "add some first");
    site.refused(&["check", "cancel", "prod"], 5, "no check runs");
    let never = site.run(&["check", "show", "prod"]);
    assert_eq!(never.code, 1);
    assert!(never.out.contains("was never checked"), "{never:?}");
    // Nothing listens there.
    let add = ["node", "add", "prod", "127.8.0.9", "--port", "1", "--name", "n1", "--password-stdin"];
    site.ok_typing(&add, "a secret of the node\n");
    site.ok(&["node", "role", "n1", "controller"]);
    let ended = site.run(&["check", "run", "prod", "--json"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let row: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let findings = row["report"]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{row:#}");
    assert_eq!((&findings[0]["cause"], &findings[0]["node_name"]), (&"unreachable".into(), &"n1".into()));
    assert!(findings[0]["words"]["mend"].as_str().unwrap().contains("see that it runs"), "{row:#}");
    assert_eq!(row["gate"]["needs_reason"], true);
    let text = site.run(&["check", "show", "prod"]).out;
    assert!(
        text.contains("FAULT") && text.contains("not checked") && text.contains("failed (1 faults"),
        "{text}"
    );
    let english = site.ok(&["env", "report", "prod", "--lang", "en"]);
    for part in ["<html lang=\"en\">", "Connectivity check", "<th>n1</th><td class=\"bad\">✗ fault"] {
        assert!(english.contains(part), "{part} is missing: {english}");
    }
    let chinese = site.ok(&["env", "report", "prod", "--language", "zh-CN"]);
    for part in
        ["<html lang=\"zh-CN\">", "连通性检查", "<th>n1</th><td class=\"bad\">✗ 故障", "从未", "127.8.0.9"]
    {
        assert!(chinese.contains(part), "{part} is missing: {chinese}");
    }
    for never in ["Connectivity", "fault", "never", "handover-", "check-"] {
        assert!(!chinese.contains(never), "{never} is there: {chinese}");
    }
    site.refused(&["check", "run", "prod", "--only", "banana"], 2, "segments");
    // The report outlives the engine.
    site.kill_engine();
    let again = site.json_of(&["check", "show", "prod"]);
    assert_eq!(again["report"]["number"], row["report"]["number"]);
    // A change of a node makes the report one of another time.
    let stale = site.json_of(&["check", "show", "prod"]);
    assert_eq!(stale["changed"].as_array().unwrap().len(), 0);
    site.ok_typing(
        &["node", "add", "prod", "127.8.0.10", "--name", "n2", "--password-stdin"],
        "another secret\n",
    );
    assert_eq!(site.json_of(&["check", "show", "prod"])["changed"], serde_json::json!(["nodes", "roles"]));
}

impl Site {
    /// JSON of a command, whatever its exit code.
    fn json_of(&self, args: &[&str]) -> serde_json::Value {
        let ended = self.run(&[args, &["--json"]].concat());
        serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{e}: {ended:?}"))
    }
}
