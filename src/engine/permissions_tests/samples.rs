//! A request of every kind, as JSON.

use serde_json::{Value, json};

/// A request of every kind, about the environment, node, job, sweep, shell, list and tail 1.
#[expect(clippy::too_many_lines, reason = "one line a request: the table itself")]
pub(super) fn samples() -> Vec<Value> {
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
        json!({"cobbler": {"set": {"env": 1, "place": place}}}),
        json!({"cobbler": {"settings": {"env": 1}}}),
        json!({"cobbler": {"view": {"env": 1}}}),
        json!({"cobbler": "unknown"}),
        json!({"cobbler": {"register": {"node": 1, "system": null, "profile": "p", "power": null}}}),
        json!({"ip": {"env": 1}}),
        json!({"ip-change": {"env": 1, "request": {"remove-pool": {"net": "10.0.0.0/24"}}}}),
        json!({"accounts": "unknown"}),
        json!({"accounts": {"list": {"env": 1}}}),
        json!({"accounts": {"set": {"env": 1, "name": "A", "new": "old"}}}),
        json!({"accounts": {"rotation-preview": {"env": 1, "name": "A"}}}),
        json!({"accounts": {"rotate": {"env": 1, "name": "A", "new": "old", "digest": 0}}}),
        json!({"accounts": {"reveal": {"env": 1, "name": "A"}}}),
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
        json!({"manual": "unknown"}),
        json!({"manual": {"start": {"node": 1}}}),
        json!({"manual": {"confirm": {"job": 1, "node": 1, "number": 1}}}),
        json!({"manual": {"check": {"job": 1, "node": 1}}}),
        json!({"manual": {"leave": {"job": 1, "node": 1}}}),
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
        json!({"proof": "unknown"}),
        json!({"proof": {"start": {"env": 1}}}),
        json!({"proof": {"cancel": {"env": 1}}}),
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
