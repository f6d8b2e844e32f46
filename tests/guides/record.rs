//! A sample environment of a platform: its plan made by the catalog, its steps run by `recorder.sh`, what they ask for as things.

use crate::files;
use crate::guide::Guide;
use cpmg::catalog::{AccountKind, BundleInput, Catalog, PlanInput, PlanInputNode, Platform, shape};
use cpmg::domain::day2::{FlatNics, Shape};
use cpmg::domain::facts::Facts;
use cpmg::domain::ids::{EnvId, JobId, NodeId};
use cpmg::domain::node::NodeRole;
use cpmg::domain::plan::{Plan, PlanKind, StageKind, StepId};
use cpmg::domain::policy::Policy;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

/// Commands that read or only work on their input; all others are written down instead of run.
const TOOLS: [&str; 31] = [
    "awk", "basename", "bash", "cat", "chmod", "chown", "cmp", "cp", "cut", "date", "dirname", "expr",
    "grep", "head", "ln", "ls", "mkdir", "mktemp", "mv", "paste", "readlink", "rm", "rmdir", "sed", "seq",
    "sort", "stat", "tail", "tr", "uniq", "wc",
];

/// What the plan does on one node.
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// Its roles.
    pub roles: BTreeSet<String>,
    /// What it gets.
    pub things: BTreeSet<String>,
}

/// A node that the images move to, where a guide moves them; it has this role alone.
pub const GLANCE_HOST: &str = "glance-host";

/// The controller and the first other node of the guide's environment; where the guide moves Glance, its new node after that.
pub fn record(catalog: &Catalog, platform: &Platform, guide: &Guide) -> Vec<Recorded> {
    let planned =
        |input: &PlanInput| catalog.plan(input).unwrap_or_else(|f| panic!("{}: {f}", platform.name));
    let mut input = environment(platform, guide);
    let plan = planned(&input);
    let nodes = plan.nodes.iter().take(2);
    let mut out: Vec<Recorded> =
        nodes.map(|node| one(catalog, platform, guide, &plan, node.id, |_| true)).collect();
    let moved = guide.samples.get("GLANCE_HOST_MGMT_IP");
    if let Some(host) = moved.and_then(|address| plan.nodes.iter().find(|n| n.address == *address)) {
        input.images = Some(host.id);
        let plan = planned(&input);
        let mut there = one(catalog, platform, guide, &plan, host.id, |s| s.module() == "glance");
        there.roles = BTreeSet::from([GLANCE_HOST.to_owned()]);
        out.push(there);
    }
    out
}

fn environment(platform: &Platform, guide: &Guide) -> PlanInput {
    use NodeRole::{Compute, Controller, Storage};
    let addresses = ["CONTROLLER_MGMT_IP", "NODE_MGMT_IP", "COMPUTE2_MGMT_IP", "COMPUTE3_MGMT_IP"];
    let storages = if guide.samples.contains_key("STORAGE2_MGMT_IP") { 1..3 } else { 1..2 };
    let nodes = guide.nodes.iter().zip(addresses).enumerate();
    let nodes = nodes.map(|(at, (name, address))| {
        let mut roles = BTreeSet::from([if at == 0 { Controller } else { Compute }]);
        if storages.contains(&at) {
            roles.insert(Storage);
        }
        PlanInputNode {
            id: NodeId(at as u64 + 1),
            // the table of seed 004 calls its fourth node by the name of the third
            name: if at == 3 { "compute03".to_owned() } else { name.clone() },
            address: guide.samples[address].clone(),
            roles: roles.into_iter().collect(),
            facts: Some(facts(platform)),
        }
    });
    PlanInput {
        env: EnvId(1),
        kind: PlanKind::Install,
        policy: Policy::default(),
        platform: platform.name.clone(),
        modules: platform.modules.clone(),
        nodes: nodes.collect(),
        parallel: 1,
        images: None,
    }
}

fn facts(platform: &Platform) -> Facts {
    Facts {
        os_id: platform.os_id.clone(),
        os_version: platform.os_version.clone(),
        memory: 16 << 30,
        ..Facts::default()
    }
}

/// What the network plan and the operator's options would give every step.
fn variables(guide: &Guide, address: &str) -> BTreeMap<String, String> {
    let sample =
        |name: &str, default: &str| guide.samples.get(name).cloned().unwrap_or_else(|| default.to_owned());
    let nic = sample("PROVIDER_NIC", "eth1");
    let mut vars = BTreeMap::new();
    // Only one guide has the files of the network (netplan's); the others take it as given.
    let public = if address == guide.samples["CONTROLLER_MGMT_IP"] {
        "CONTROLLER_PROVIDER_IP"
    } else {
        "NODE_PROVIDER_IP"
    };
    if let (Some(public), Some(gateway)) = (guide.samples.get(public), guide.samples.get("PROVIDER_GATEWAY"))
    {
        let cluster = sample("MGMT_NIC", "eth0");
        let ports = format!(
            "public {nic} {public}/24 {gateway} - br-ex - -\ncluster {cluster} {address}/24 - - - - -"
        );
        vars.insert("NETWORK_PORTS".to_owned(), ports);
        vars.insert("NET_NAMES".to_owned(), sample("DNS_SERVER", ""));
    }
    vars.extend(
        [
            ("NET_TAGS", "public".to_owned()),
            ("NET_PUBLIC_NIC", nic.clone()),
            ("NET_PUBLIC_BRIDGE", "br-ex".to_owned()),
            ("PROVIDER_NIC", nic),
            ("CLUSTER_ADDRESS", address.to_owned()),
            ("CLUSTER_NIC", sample("MGMT_NIC", "eth0")),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    vars
}

fn one(
    catalog: &Catalog,
    platform: &Platform,
    guide: &Guide,
    plan: &Plan,
    id: NodeId,
    only: impl Fn(&StepId) -> bool,
) -> Recorded {
    let node = plan.node(id).unwrap();
    let mut vars = variables(guide, &node.address);
    // A second flat network, as in the guide's own chapter.
    let nic = guide.samples.get("NET172_NIC").map(|nic| nic.parse().unwrap());
    let flat = nic.map(|nic| ("net172".to_owned(), FlatNics { nic: Some(nic), ..FlatNics::default() }));
    let mine = plan.stages.iter().flat_map(|s| &s.items).filter(|i| i.node == id).flat_map(|i| &i.steps);
    let moved =
        mine.into_iter().any(|s| s.module() == "glance") && !node.roles.contains(&NodeRole::Controller);
    let shape = Shape { flat: flat.into_iter().collect(), images: moved.then_some(id), ..Shape::default() };
    vars.extend(shape::variables(&shape, plan.known(), id));
    let input =
        BundleInput { plan, node: id, job: JobId(1), facts: &facts(platform), vars: &vars, options: "" };
    let bundle = catalog.bundle(input).unwrap_or_else(|f| panic!("{}: {f}", platform.name));
    let folder = tempfile::Builder::new().prefix("guides").tempdir().unwrap();
    let top = folder.path();
    for name in ["job", "root", "tools", "secrets", "attempts", "saved"] {
        fs::create_dir_all(top.join(name)).unwrap();
    }
    for file in &bundle.files {
        write(&top.join("job").join(&file.path), &file.bytes);
    }
    let steps: Vec<&StepId> = plan
        .stages
        .iter()
        .filter(|s| ![StageKind::Preflight, StageKind::Verification].contains(&s.kind))
        .flat_map(|s| &s.items)
        .filter(|i| i.node == id)
        .flat_map(|i| &i.steps)
        .filter(|s| only(s))
        .collect();
    let mut list = String::new();
    for step in &steps {
        let _ = writeln!(list, "{step}");
        let path = top.join(format!("secrets/{}.{}", step.module(), step.step()));
        write(&path, secrets(catalog, plan, step).as_bytes());
    }
    write(&top.join("steps"), list.as_bytes());
    let here = crate::top().join("tests/guides");
    copy_all(&here.join("packages").join(&platform.name), &top.join("root"));
    let answers = here.join("answers.sh");
    write(&top.join("answers.sh"), &fs::read(answers).unwrap());
    for tool in TOOLS {
        let real =
            ["/usr/bin", "/bin"].iter().map(|dir| Path::new(dir).join(tool)).find(|path| path.exists());
        symlink(real.unwrap_or_else(|| panic!("this machine has no {tool}")), top.join("tools").join(tool))
            .unwrap();
    }
    let before = things_of_files(&top.join("root"));
    run(top, &here.join("recorder.sh"));
    let record = fs::read_to_string(top.join("record")).unwrap();
    let steps_named = steps.clone();
    for step in steps {
        assert!(
            record.lines().any(|l| l == format!("done\t{step}")),
            "{}: {step} on {} could not be recorded:\n{}",
            platform.name,
            node.name,
            fs::read_to_string(top.join("output"))
                .unwrap_or_default()
                .lines()
                .rev()
                .take(15)
                .collect::<Vec<_>>()
                .join("\n")
        );
    }
    let steps_of: BTreeSet<&str> = steps_named.iter().map(|s| s.module()).collect();
    let mut things: BTreeSet<String> =
        things_of_files(&top.join("root")).difference(&before).cloned().collect();
    for line in record.lines() {
        let words: Vec<String> = line.split('\t').map(|w| w.replace('\r', "\n")).collect();
        things.extend(thing(&words));
    }
    for (name, _) in &plan.modules {
        let module = catalog.module(name).unwrap();
        if !module.roles.is_disjoint(&node.roles) && steps_of.contains(name.as_str()) {
            things.extend(module.ports.iter().map(|p| format!("port {p}")));
        }
    }
    if std::env::var_os("GUIDES_SHOW").is_some() {
        println!(
            "== {} {}\n{}",
            platform.name,
            node.name,
            things.iter().cloned().collect::<Vec<_>>().join("\n")
        );
    }
    let roles = node.roles.iter().map(|r| r.word().to_owned()).collect();
    Recorded { name: node.name.clone(), roles, things }
}

/// As nobody where this is root: a step that writes to a path of its own is refused, not obeyed.
fn run(top: &Path, script: &Path) {
    let copy = top.join("recorder.sh");
    fs::copy(script, &copy).unwrap();
    let mut command = if rustix::process::geteuid().is_root() {
        let mut list = vec![top.to_owned()];
        while let Some(path) = list.pop() {
            if path.is_symlink() {
                continue;
            }
            let mode = if path.is_dir() { 0o777 } else { 0o666 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            if path.is_dir() {
                list.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            }
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "bash", "--posix"]);
        command
    } else {
        let mut command = Command::new("bash");
        command.arg("--posix");
        command
    };
    let done = command.arg(&copy).arg(top).status().unwrap();
    assert!(done.success(), "the recorder ended with {done}");
}

/// Accounts as the guide's placeholders: `GLANCE_DB_PASSWORD` is `{GLANCE_DBPASS}`.
fn secrets(catalog: &Catalog, plan: &Plan, step: &StepId) -> String {
    let accounts = plan.modules.iter().filter_map(|(name, _)| catalog.module(name)).flat_map(|m| &m.accounts);
    let mut out = String::new();
    let wanted = &catalog.step(step).unwrap().spec.secrets;
    for account in accounts.filter(|a| wanted.contains(&a.name)) {
        let value = match (account.kind, &account.default) {
            (AccountKind::User, Some(default)) => default.clone(),
            _ => format!(
                "{{{}}}",
                account.name.replace("_DB_PASSWORD", "_DBPASS").replace("_PASSWORD", "_PASS")
            ),
        };
        let _ = writeln!(out, "{}='{value}'", account.name);
    }
    out
}

fn thing(words: &[String]) -> Vec<String> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let rest = |from: usize| words.get(from..).unwrap_or_default().join(" ");
    match word(0) {
        "package" => vec![format!("package {}", word(1))],
        "service" | "restart" => vec![format!("service {}", word(1).trim_end_matches(".service"))],
        "stopped" => word(1)
            .split_whitespace()
            .filter(|w| !w.starts_with('-') && !["stop", "disable", "mask"].contains(w))
            .map(|unit| format!("stopped {}", unit.trim_end_matches(".service")))
            .collect(),
        "database" => vec![format!("database {}", word(1))],
        "grant" => vec![format!("grant {} to {}@{} by {}", word(1), word(2), word(3), word(4))],
        "port" => vec![format!("port {}", word(1))],
        "link" => vec![format!("link {} to {}", word(1), word(2))],
        "identity_project" => vec![format!("project {}", word(1))],
        "identity_domain" => vec![format!("domain {}", word(1))],
        "identity_role" => vec![format!("role {}", word(1))],
        "identity_user" => vec![format!("user {} {}", word(1), word(2))],
        "identity_grant" => vec![format!("assignment {} in {}: {}", word(1), word(2), word(3))],
        "identity_domain_user" => vec![format!("user {} {}", word(1), word(3))],
        "identity_domain_grant" => vec![format!("assignment {} in domain:{}: {}", word(1), word(2), word(3))],
        "identity_service" => vec![format!("identity {} {}", word(1), word(2))],
        "identity_endpoint" => {
            vec![format!("endpoint {} {} {} {}", word(3), word(1), word(2), word(4).trim_end_matches('/'))]
        }
        kind if kind.starts_with("object_") => vec![files::command(&object(kind, words))],
        "command" => command(&rest(2), words.get(2..).unwrap_or_default()),
        "fail" | "step" | "done" | "folder" => Vec::new(),
        other => panic!("the recorder wrote a line of kind {other}"),
    }
}

/// The client's command that makes a thing of the cloud, as guides have it; `$SUBNET_ID` stands for what they look up.
fn object(kind: &str, words: &[String]) -> String {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let name = word(1);
    let text = match kind {
        "object_flavor" => format!(
            "flavor create --id {} --vcpus {} --ram {} --disk {} {name} --private",
            word(2),
            word(3),
            word(4),
            word(5)
        ),
        "object_image" => format!(
            "image create --disk-format qcow2 --container-format bare --private --tag {} --file {} {name}",
            word(3),
            word(2)
        ),
        "object_keypair" => format!("keypair create --public-key {} {name}", word(2)),
        "object_group" => format!("security group create {name}"),
        "object_rule" if word(3).is_empty() => {
            format!("security group rule create --protocol {} {name}", word(2))
        }
        "object_rule" => {
            format!("security group rule create --protocol {} --dst-port {} {name}", word(2), word(3))
        }
        "object_network" => format!("network create {name}"),
        "object_subnet" => format!(
            "subnet create --subnet-range {} --allocation-pool start={},end={} --network {} {name}",
            word(3),
            word(4),
            word(5),
            word(2)
        ),
        "object_port" => format!(
            "port create --security-group {} --device-owner {} --host={} --network {} --fixed-ip subnet=$SUBNET_ID,ip-address={} {name}",
            word(5),
            word(6),
            word(7),
            word(2),
            word(4)
        ),
        other => panic!("the recorder wrote a line of kind {other}"),
    };
    format!("openstack {text}")
}

fn command(text: &str, words: &[String]) -> Vec<String> {
    // a program's entry point called by Python, so that its arguments are seen by nobody
    let named = Regex::new(r#"argv(?:\[0\])? = \[?"([^"]+)""#).unwrap();
    let python =
        words.first().is_some_and(|w| w.starts_with("python")) && words.get(1).is_some_and(|w| w == "-c");
    let text = match named.captures(text).filter(|_| python) {
        Some(found) => format!("{} {}", &found[1], words.get(3..).unwrap_or_default().join(" ")),
        None => text.to_owned(),
    };
    let mut out = vec![files::command(&text)];
    if text.starts_with("keystone-manage bootstrap") {
        out.extend(bootstrapped(&text));
    }
    out
}

/// What `keystone-manage bootstrap` makes.
fn bootstrapped(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let option = |name: &str| {
        let at = words.iter().position(|w| w.strip_prefix("--bootstrap-") == Some(name));
        at.and_then(|at| words.get(at + 1)).copied().unwrap_or_else(|| panic!("bootstrap without {name}"))
    };
    let (user, project, role) = (option("username"), option("project-name"), option("role-name"));
    let mut out = vec![
        "domain default".to_owned(),
        format!("project {project}"),
        format!("role {role}"),
        format!("user {user} {{ADMIN_PASS}}"), // given by standard input
        format!("assignment {user} in {project}: {role}"),
        format!("identity {} identity", option("service-name")),
    ];
    for face in ["admin", "internal", "public"] {
        out.push(format!(
            "endpoint {} identity {face} {}",
            option("region-id"),
            option(&format!("{face}-url")).trim_end_matches('/')
        ));
    }
    out
}

fn things_of_files(root: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let name = format!("/{}", path.strip_prefix(root).unwrap().display());
                out.extend(files::things(&name, &String::from_utf8_lossy(&fs::read(&path).unwrap())));
            }
        }
    }
    out
}

fn copy_all(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    for path in entries.map(|e| e.unwrap().path()) {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_all(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
