//! A guide's facts, and the thing that each of them asks for.

use crate::files::{spaces, value_in};
use std::collections::BTreeMap;

/// One guide.
pub struct Guide {
    /// Number of the seed it was taken from, `004`.
    pub seed: String,
    /// Names of its nodes, the controller first.
    pub nodes: Vec<String>,
    /// What stands for its example addresses and devices; passwords are left as `{NAMES}`.
    pub samples: BTreeMap<String, String>,
    /// Its facts, in its order.
    pub facts: Vec<Fact>,
}

/// One fact.
pub struct Fact {
    /// Chapter of the guide, nearly a module.
    pub component: String,
    /// `all`, `controller`, `compute`, `storage`, or a role of the guide's own.
    pub role: String,
    /// `install` and so on.
    pub phase: String,
    /// Line of the seed.
    pub line: i64,
    /// What a plan has to have for it.
    pub wants: Wants,
}

/// What a fact asks of a plan.
pub enum Wants {
    /// This thing; `*` for any text.
    Thing(String),
    /// Nothing that begins like this.
    Nothing(String),
    /// Not this thing.
    Not(String),
    /// Nothing that a plan could have: it is about the shell of a person, its folder, its variables, credentials loaded into it.
    Personal,
}

impl Fact {
    /// Must a plan have it?
    pub fn demanded(&self) -> bool {
        ["install", "repair", "implied"].contains(&self.phase.as_str())
            && !matches!(self.wants, Wants::Personal)
    }

    /// As a line for a person.
    pub fn told(&self) -> String {
        match &self.wants {
            Wants::Thing(t) => t.clone(),
            Wants::Nothing(t) => format!("no {t}"),
            Wants::Not(t) => format!("not {t}"),
            Wants::Personal => String::new(),
        }
    }
}

impl Guide {
    /// Reads `fixtures/guides/NAME.toml`.
    pub fn read(name: &str) -> Self {
        let path = crate::top().join(format!("fixtures/guides/{name}.toml"));
        let file: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let word = |text: &str| text.split([' ', ',']).next().unwrap_or_default().to_owned();
        let head = &file["guide"];
        let nodes: Vec<String> = head.get("nodes").and_then(|n| n.as_array()).map_or_else(
            || vec!["controller".to_owned(), "compute".to_owned()],
            |list| list.iter().map(|n| word(n.as_str().unwrap())).collect(),
        );
        let is_sample = |name: &str| {
            ["_IP", "_NIC", "_CIDR", "_GATEWAY", "_START", "_END"].iter().any(|end| name.ends_with(end))
                || name == "DNS_SERVER"
        };
        let mut samples: BTreeMap<String, String> = file["placeholders"]
            .as_table()
            .unwrap()
            .iter()
            .filter(|(name, _)| is_sample(name))
            .map(|(name, value)| (name.clone(), word(value.as_str().unwrap())))
            .collect();
        for (name, value) in [
            ("CONTROLLER_MGMT_IP", "10.0.0.11"),
            ("NODE_MGMT_IP", "10.0.0.31"),
            ("COMPUTE2_MGMT_IP", "10.0.0.32"),
            ("PROVIDER_NIC", "eth1"),
        ] {
            samples.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        let facts = file["fact"].as_array().unwrap().iter().map(|f| f.as_table().unwrap());
        let shell = shell(facts.clone(), &nodes);
        let facts = facts.map(|f| fact(f, &samples, &shell)).collect();
        let seed = head["seed"].as_str().unwrap().chars().take(3).collect();
        Self { seed, nodes, samples, facts }
    }
}

/// What stands for variables of the guide's shell and for `$(hostname)`, long names first: one may begin like another.
fn shell<'a>(facts: impl Iterator<Item = &'a toml::Table>, nodes: &[String]) -> Vec<(String, String)> {
    let text =
        |f: &toml::Table, key: &str| f.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let mut out: Vec<(String, String)> = facts
        .filter(|f| text(f, "file") == "(shell)" && text(f, "phase") == "install")
        .map(|f| (format!("${}", text(f, "name")), text(f, "value")))
        .collect();
    out.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    out.push(("$(hostname)".to_owned(), nodes[0].clone()));
    let known = out.clone();
    for (_, value) in &mut out {
        for (name, other) in &known {
            *value = value.replace(name.as_str(), other);
        }
    }
    out
}

fn fact(table: &toml::Table, samples: &BTreeMap<String, String>, shell: &[(String, String)]) -> Fact {
    let text = |key: &str| -> String {
        let mut text = match table.get(key) {
            Some(toml::Value::String(s)) => s.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        for (name, value) in samples {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    };
    let args: Vec<String> = table.get("args").and_then(|a| a.as_array()).map_or_else(Vec::new, |list| {
        list.iter()
            .map(|a| {
                let text =
                    shell.iter().fold(a.as_str().unwrap_or_default().to_owned(), |text, (name, value)| {
                        text.replace(name.as_str(), value)
                    });
                samples.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
            })
            .collect()
    });
    let kind = text("kind");
    let unit = |name: String| name.trim_end_matches(".service").to_owned();
    let wants = match kind.as_str() {
        "package" => Wants::Thing(format!("package {}", text("name").trim_end_matches(".noarch"))),
        "service" if ["stop", "disable", "mask"].contains(&text("action").as_str()) => {
            Wants::Thing(format!("stopped {}", unit(text("name"))))
        }
        "service" => Wants::Thing(format!("service {}", unit(text("name")))),
        "option" => {
            let head = format!("option {} [{}] {} = ", text("file"), text("section"), text("key"));
            let whole = format!("{head}{}", value_in(&text("file"), &text("key"), &text("value")));
            match text("op").as_str() {
                "absent" => Wants::Nothing(head),
                "alternative" => Wants::Not(whole),
                _ => Wants::Thing(whole),
            }
        }
        "env_file_var" if text("file") == "(shell)" => Wants::Personal,
        "env_file_var" => Wants::Thing(format!("env {} {}={}", text("file"), text("name"), text("value"))),
        "file_line" => Wants::Thing(format!("line {} {}", text("file"), spaces(&text("text")))),
        "database" => Wants::Thing(format!("database {}", text("name"))),
        "db_grant" => Wants::Thing(format!(
            "grant {} to {}@{} by {}",
            text("database"),
            text("user"),
            text("host"),
            text("password")
        )),
        "keystone_user" => Wants::Thing(format!("user {} {}", text("name"), text("password"))),
        "keystone_role" if text("action") == "create" => Wants::Thing(format!("role {}", text("role_name"))),
        "keystone_role" => {
            let scope = match (text("project"), text("system"), text("domain")) {
                (project, _, _) if !project.is_empty() => project,
                (_, system, _) if !system.is_empty() => format!("system:{system}"),
                (_, _, domain) => format!("domain:{domain}"),
            };
            Wants::Thing(format!("assignment {} in {scope}: {}", text("user"), text("role_name")))
        }
        "keystone_service" => Wants::Thing(format!("identity {} {}", text("name"), text("type"))),
        "endpoint" => Wants::Thing(format!(
            "endpoint {} {} {} {}",
            text("region"),
            text("service_type"),
            text("interface"),
            text("url").trim_end_matches('/')
        )),
        "port" => Wants::Thing(format!("port {}", text("port"))),
        "ring" => Wants::Thing(ring(&text)),
        "symlink" => Wants::Thing(format!("link {} to {}", text("path"), text("target"))),
        "command" => command(&text("program"), &args),
        other => panic!("a fact of kind {other} is not known"),
    };
    Fact {
        component: text("component"),
        role: text("role"),
        phase: text("phase"),
        line: table["line"].as_integer().unwrap(),
        wants,
    }
}

fn command(program: &str, args: &[String]) -> Wants {
    let last = args.last().cloned().unwrap_or_default();
    let first: Vec<&str> = args.iter().take(2).map(String::as_str).collect();
    match (program, first.as_slice()) {
        ("source" | "." | "cd", _) => Wants::Personal,
        ("openstack", ["project" | "domain", "create"]) if args.len() > 2 => {
            Wants::Thing(format!("{} {last}", args[0]))
        }
        _ => Wants::Thing(crate::files::command(&format!("{program} {}", args.join(" ")))),
    }
}

fn ring(text: &dyn Fn(&str) -> String) -> String {
    if text("operation") == "add" {
        let place = format!(
            "r{}z{}-{}:{}/{}",
            text("region"),
            text("zone"),
            text("ip"),
            text("port"),
            text("device")
        );
        return format!("ring {} add {place} {}", text("builder"), text("weight"));
    }
    spaces(&format!(
        "ring {} {} {} {} {}",
        text("builder"),
        text("operation"),
        text("part_power"),
        text("replicas"),
        text("min_part_hours")
    ))
}
