//! A job of 1,000 nodes and 60 steps each: `cargo bench --bench scale`. What came out is in `docs/figures.md`.
//!
//! The nodes are simulated ones (real SSH on loopback addresses, nothing runs) in a process of their own. On each of them steps
//! take 1 to 5 s, times 0.6 to 1.4 by node, and print eight lines: some 330 steps begin, and as many end, a second. The engine
//! is the real one on throw-away data, the program watches the job in a real pty and is typed at all the time. In the middle
//! the engine is killed, started again, and asked for the job; then everything goes on to the end, which must be good: every
//! step of every node done at its first attempt.
//!
//! `-- --nodes N --steps N` measures another size, `--program FILE` another cpmg than the one built with this.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a bench that cannot go on should say so and stop"
)]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with the other measuring programs")]
mod support;
mod tree;
mod watch;

use cpmg::api::message::{Credential, NodeChange};
use cpmg::api::{Client, Request, Response};
use cpmg::domain::ids::{EnvId, Revision};
use cpmg::domain::node::{NodeRole, NodeRoles};
use cpmg::domain::secret::Secret;
use cpmg::sim::SimOptions;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};
use support::crowd::{self, Crowd};
use support::process::{Stolen, load};
use support::site::{PASSWORD, Site, USER};
use support::verdict;
use watch::{Screens, Watch};

/// Address of the first node.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 79, 0, 1);
/// Nodes that are added at the same time.
const AT_ONCE: usize = 32;
/// Name of the environment.
const ENV: &str = "scale";
/// Where the engine is killed: so many thousandths of the job are done.
const MIDDLE: u64 = 450;
/// How long screens are recorded.
const RECORDED: Duration = Duration::from_secs(20);
/// Bounds: memory in MB, cores, milliseconds from a key to the screen, seconds until a new engine tells of the job.
const BOUNDS: (f64, f64, f64, f64) = (300.0, 1.0, 50.0, 2.0);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    let number = |name: &str, usual: usize| option(name).map_or(usual, |n| n.parse().expect("a number"));
    let (nodes, steps) = (number("--nodes", 1000), number("--steps", 60));
    if args.iter().any(|a| a == "--simulate") {
        return crowd::serve(SimOptions {
            nodes,
            base: FIRST,
            port: 0,
            failures: tree::speeds(nodes),
            recordings: Some(tree::recordings(steps)),
            ..SimOptions::default()
        });
    }
    let program = option("--program").map_or(env!("CARGO_BIN_EXE_cpmg"), String::as_str);
    println!("{} cores, load {}", std::thread::available_parallelism().unwrap(), load());
    let tree = tempfile::tempdir().unwrap();
    tree::write(tree.path(), steps);
    let simulate = ["--simulate", "--nodes", &nodes.to_string(), "--steps", &steps.to_string()];
    let crowd = Crowd::start(&simulate.map(str::to_owned));
    assert_eq!(crowd.all.len(), nodes);
    let program = std::fs::canonicalize(program).expect("the program");
    let mut site = Site::with_roles(program, Some(tree.path()));
    let began = Instant::now();
    tokio::runtime::Runtime::new().unwrap().block_on(set_up(&site, &crowd));
    println!(
        "{nodes} nodes added, trusted, looked at and given roles: {:.1} s",
        began.elapsed().as_secs_f64()
    );

    let began = Instant::now();
    let job = site.json(&["install", ENV])["id"].as_u64().expect("a job");
    println!("asked for the installation: {:.1} s until it had begun\n", began.elapsed().as_secs_f64());
    part("first engine", &site, &crowd, |permille, _| permille >= MIDDLE);

    frames(&site, nodes);

    let asked = Instant::now();
    site.json(&["job", "show", &job.to_string()]);
    println!("'cpmg job show' in the middle of the work: {:.2} s", asked.elapsed().as_secs_f64());
    let (_, _, done) = progress(&site);
    site.kill_engine();
    let began = Instant::now();
    site.start_engine();
    let listens = began.elapsed();
    let shown = site.json(&["job", "show", &job.to_string()]);
    let told = began.elapsed().as_secs_f64();
    let known = shown["nodes"].as_array().unwrap().iter().map(|n| n["done"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(shown["nodes"].as_array().unwrap().len(), nodes);
    assert!(known >= done, "{known} steps are known to be done, {done} were before");
    println!("killed at {known} steps done; the new engine listened after {:.2} s", listens.as_secs_f64());
    verdict("from its start to the answer of 'cpmg job show' with every step", told, BOUNDS.3, "s");
    println!();

    part("second engine", &site, &crowd, |_, state| !matches!(state, "running" | "interrupted"));
    let asked = Instant::now();
    let shown = site.json(&["job", "show", &job.to_string()]);
    println!("'cpmg job show' when all is done: {:.2} s", asked.elapsed().as_secs_f64());
    assert_eq!(shown["job"]["state"], "succeeded", "{}", shown["job"]);
    assert_eq!(shown["job"]["changed"], nodes * steps, "every step was done");
    let again = shown["steps"].as_object().unwrap().values().flat_map(|s| s.as_array().unwrap());
    assert_eq!(again.filter(|s| s["attempt"] != 1).count(), 0, "no step was begun twice");
    println!("load {}", load());
}

/// Records screens that look on for [`RECORDED`], and plays the recording again: what their frames alone cost.
fn frames(site: &Site, nodes: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recording");
    let file = file.to_str().unwrap();
    Screens::open(site, ENV, nodes, &["debug", "record", file]).look(RECORDED);
    let told = site.ok(&["debug", "replay", file, "--times"], "");
    println!("a recording of the screens for {} s, from the login on, played again:", RECORDED.as_secs());
    print!("{told}");
    let computed = told.lines().find_map(|l| l.strip_prefix("computed: ")?.split(' ').next()?.parse().ok());
    verdict("a frame computed, on the average", computed.expect("a figure"), 4.0, "ms");
    println!();
}

/// Thousandths done, the state, and the steps that changed something, of the environment's only job.
fn progress(site: &Site) -> (u64, String, u64) {
    let jobs: Value = site.json(&["job", "list", ENV]);
    let number = |name: &str| jobs[0][name].as_u64().unwrap();
    (number("permille"), jobs[0]["state"].as_str().unwrap().to_owned(), number("changed"))
}

/// Watches engine, nodes and screens until the job's thousandths and state are as wanted, and prints what was measured.
fn part(name: &str, site: &Site, crowd: &Crowd, over: impl Fn(u64, &str) -> bool) {
    let mut screens = Screens::open(site, ENV, crowd.all.len(), &[]);
    let stolen = Stolen::begin();
    let watch = Watch::over(site.engine(), screens.pid(), crowd.pid(), || {
        screens.until(|| {
            let (permille, state, _) = progress(site);
            over(permille, &state)
        });
    });
    let (frames, bytes, face) = screens.painted();
    let keys = screens.keys();
    println!("{name}: {watch}");
    println!("{name}: {:.0} % of the processors were taken away by the host", stolen.per_cent());
    verdict(&format!("{name}: memory at most"), watch.peak, BOUNDS.0, "MB");
    verdict(&format!("{name}: CPU on the average"), watch.engine, BOUNDS.1, "cores");
    let (each, cost) = (bytes / frames.max(1.0) / 1000.0, watch.screens_spent() * 1e3 / frames.max(1.0));
    verdict(&format!("{name}: written, on the average of {frames:.0} frames"), each, 8.0, "kB");
    verdict(&format!("{name}: CPU of the screens for each frame, with all else they do"), cost, 4.0, "ms");
    println!("{name}: screens: {face}");
    verdict(&format!("{name}: memory of the screens at most"), face.peak, 40.0, "MB");
    let (count, worst) = (keys.count(), keys.worst());
    verdict(&format!("{name}: key to screen, median of {count}"), keys.median(), BOUNDS.2, "ms");
    verdict(&format!("{name}: key to screen, 99 of 100 (worst {worst:.1} ms)"), keys.at(99), BOUNDS.2, "ms");
    println!();
}

/// Logs in, makes the environment, adds the nodes.
async fn set_up(site: &Site, crowd: &Crowd) {
    let (client, _pushed) = Client::connect(&site.socket()).await.expect("the engine");
    let login = Request::Login { name: USER.into(), password: Secret::new(PASSWORD), code: None };
    client.call(login).await.expect("a session");
    let add = Request::EnvAdd { name: ENV.into(), platform: Some(tree::PLATFORM.into()) };
    let Response::Environment(env) = client.call(add).await.expect("an environment") else {
        panic!("no environment")
    };
    site.ok(&["env", "set", ENV, "--parallel", &crowd.all.len().min(1000).to_string()], "");
    let each = crowd.all.iter().enumerate().map(|(index, (name, address))| {
        let role = if index == 0 { NodeRole::Controller } else { NodeRole::Compute };
        adopt(&client, env.id, name, *address, role)
    });
    let added = stream::iter(each).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await;
    added.unwrap_or_else(|e| panic!("{e}\n{}", site.engine_log()));
}

async fn adopt(
    client: &Client,
    env: EnvId,
    name: &str,
    address: SocketAddrV4,
    role: NodeRole,
) -> Result<(), cpmg::api::ClientError> {
    let add = Request::NodeAdd {
        jump: None,
        env,
        name: Some(name.to_owned()),
        address: address.ip().to_string(),
        port: address.port(),
        user: "root".to_owned(),
        credential: Credential::Password(SimOptions::default().password),
    };
    let Response::Node(node) = client.call(add).await? else { panic!("no node") };
    let Response::HostKey(offered) = client.call(Request::NodeProbe { node: node.id }).await? else {
        panic!("no host key")
    };
    client.call(Request::NodeTrust { node: node.id, key: offered.key, jump: false }).await?;
    client.call(Request::NodeProbe { node: node.id }).await?;
    let change = NodeChange::Roles(NodeRoles::from([role]));
    client.call(Request::NodeEdit { node: node.id, based_on: Revision(node.revision.0), change }).await?;
    Ok(())
}
