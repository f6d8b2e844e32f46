//! The demonstration: a throw-away engine with nodes to try things on.
//!
//! Everything lies in one directory that is removed at the end, the engine is a child that is stopped at the end, and the
//! nodes are either real ones of the lab or simulated ones inside this process, which every screen says.

use crate::process;
use cpmg::api::message::{Credential, NodeChange};
use cpmg::api::{Client, Request, Response};
use cpmg::cli::args::{DemoArgs, Global, Screens};
use cpmg::cli::exit::{Code, Fault};
use cpmg::cli::places::{self, Places};
use cpmg::domain::ids::{EnvId, Revision};
use cpmg::domain::node::{NodeRole, NodeRoles};
use cpmg::domain::secret::Secret;
use cpmg::sim;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Name of the demonstration's administrator.
const USER: &str = "demo";
/// Free memory that real nodes with their services need, KiB.
const MEMORY: u64 = 6 * 1024 * 1024;
/// How long the engine may take until it answers.
const START: Duration = Duration::from_secs(20);

fn cannot(what: impl std::fmt::Display) -> Fault {
    Fault::new(Code::NoEngine, format!("the demonstration cannot be started: {what}"))
}

/// A node to try things on.
struct Machine {
    name: String,
    address: String,
    port: u16,
    credential: Credential,
}

/// What must be taken away at the end, whatever happens.
struct Traces {
    dir: PathBuf,
    engine: Option<Child>,
    lab: Option<(PathBuf, String)>,
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(engine) = &mut self.engine {
            if let Some(pid) = i32::try_from(engine.id()).ok().and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
            let _ = engine.wait();
        }
        if let Some((lab, instance)) = &self.lab {
            eprintln!("taking the nodes down …");
            let _ = Command::new(lab).args(["--instance", instance, "down"]).stdin(Stdio::null()).status();
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Runs the demonstration until its screens are left.
pub async fn run(global: &Global, args: &DemoArgs, screens: &Screens) -> Result<Code, Fault> {
    let dir = std::env::temp_dir().join(format!("cpmg-demo-{}", std::process::id()));
    cpmg::store::private_dir(&dir).map_err(cannot)?;
    let mut traces = Traces { dir: dir.clone(), engine: None, lab: None };
    let lab = if args.simulated { None } else { lab_program() };
    let simulated = lab.is_none();
    let (machines, _nodes) = if let Some(lab) = lab {
        let instance = format!("demo{}", std::process::id());
        traces.lab = Some((lab.clone(), instance.clone()));
        (lab_up(&lab, &instance, args.nodes)?, None)
    } else {
        let nodes = sim::demonstration(args.nodes, args.speed, args.fail.as_deref()).await.map_err(cannot)?;
        let machines = nodes
            .nodes
            .iter()
            .map(|n| Machine {
                name: n.name.clone(),
                address: n.address.ip().to_string(),
                port: n.address.port(),
                credential: Credential::Password(nodes.credentials.password.clone()),
            })
            .collect();
        (machines, Some(nodes))
    };
    let places = Places { data: dir.join("data"), run: dir.join("run"), system: false, served: false };
    traces.engine = Some(engine(&places, simulated)?);
    let token = prepare(&places, &machines).await?;
    let mine = Global { data: Some(places.data.clone()), socket: Some(places.run.clone()), ..global.clone() };
    process::screens(&mine, screens, places, Some(token)).await?;
    eprintln!("the demonstration is over; what it made is removed");
    Ok(Code::Done)
}

/// The lab's program where this machine can host real nodes; otherwise says why not.
fn lab_program() -> Option<PathBuf> {
    let told = |why: &str| {
        eprintln!("the nodes will be simulated: {why}");
        None
    };
    let Some(lab) = places::shared("tests/lab").map(|d| d.join("lab")).filter(|l| l.is_file()) else {
        return told("the lab is part of the source tree, and this program was not started from there");
    };
    if !rustix::process::geteuid().is_root() {
        return told("real ones need root");
    }
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|l| matches!(l, "ID=debian" | "ID=ubuntu")) {
        return told("real ones need Debian or Ubuntu");
    }
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let free: Option<u64> = memory
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse().ok());
    if free.is_none_or(|f| f < MEMORY) {
        return told("real ones need 6 GiB of free memory");
    }
    Some(lab)
}

fn lab_up(lab: &Path, instance: &str, nodes: u16) -> Result<Vec<Machine>, Fault> {
    let names: Vec<String> =
        (1..=nodes).map(|i| if i == 1 { "ctl1".into() } else { format!("cmp{}", i - 1) }).collect();
    let run = |args: &[&str]| -> Result<String, Fault> {
        let out = Command::new(lab)
            .args(["--instance", instance])
            .args(args)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(cannot)?;
        if !out.status.success() {
            return Err(cannot(format!("the lab failed at '{}'; try --simulated", args.join(" "))));
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    };
    eprintln!("booting {nodes} real Debian nodes on this machine (the first time takes a few minutes) …");
    run(&["up", &nodes.to_string(), "--names", &names.join(",")])?;
    let key = run(&["key"])?;
    let text = Secret::new(std::fs::read_to_string(key.trim()).map_err(cannot)?);
    let status: serde_json::Value = serde_json::from_str(&run(&["status", "--json"])?).map_err(cannot)?;
    let listed = status.get("nodes").and_then(|n| n.as_array()).cloned().unwrap_or_default();
    let machines = listed.iter().filter_map(|n| {
        Some(Machine {
            name: n.get("name")?.as_str()?.to_owned(),
            address: n.get("address")?.as_str()?.to_owned(),
            port: 22,
            credential: Credential::Key { text: text.clone(), passphrase: Secret::default() },
        })
    });
    Ok(machines.collect())
}

fn engine(places: &Places, simulated: bool) -> Result<Child, Fault> {
    let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
    command.args(["engine", "--detached", "--data"]).arg(&places.data).arg("--socket").arg(&places.run);
    if simulated {
        command.arg("--simulated");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(cannot)
}

/// Makes the administrator, an environment and its nodes with their roles; gives the session's token.
async fn prepare(places: &Places, machines: &[Machine]) -> Result<Secret, Fault> {
    let began = std::time::Instant::now();
    let (client, _pushed) = loop {
        match Client::connect(&places.socket()).await {
            Ok(connected) => break connected,
            Err(why) if began.elapsed() > START => return Err(why.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let mut dice = [0; 64];
    getrandom::fill(&mut dice).map_err(cannot)?;
    let password = cpmg::domain::secret::password_from(&dice, 16).ok_or_else(|| cannot("no password"))?;
    let first = Request::FirstAdministrator { name: USER.to_owned(), password };
    let Response::Session(session) = client.call(first).await? else { return Err(cannot("no session")) };
    let add = Request::EnvAdd { name: "demo".to_owned(), platform: None };
    let Response::Environment(env) = client.call(add).await? else { return Err(cannot("no environment")) };
    for (index, machine) in machines.iter().enumerate() {
        let role = if index == 0 { NodeRole::Controller } else { NodeRole::Compute };
        adopt(&client, env.id, machine, role).await?;
    }
    Ok(session.token)
}

/// Adds a machine, pins the key it shows (it is ours, nobody sits in between), learns its facts, gives it a role.
async fn adopt(client: &Client, env: EnvId, machine: &Machine, role: NodeRole) -> Result<(), Fault> {
    let add = Request::NodeAdd {
        jump: None,
        env,
        name: Some(machine.name.clone()),
        address: machine.address.clone(),
        port: machine.port,
        user: "root".to_owned(),
        credential: machine.credential.clone(),
    };
    let Response::Node(node) = client.call(add).await? else { return Err(cannot("no node")) };
    if let Response::HostKey(offered) = client.call(Request::NodeProbe { node: node.id }).await? {
        client.call(Request::NodeTrust { node: node.id, key: offered.key, jump: false }).await?;
        client.call(Request::NodeProbe { node: node.id }).await?;
    }
    let change = NodeChange::Roles(NodeRoles::from([role]));
    let edit = Request::NodeEdit { node: node.id, based_on: Revision(node.revision.0), change };
    client.call(edit).await?;
    Ok(())
}
