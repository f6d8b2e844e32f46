//! Finds the engine, and starts one where none answers.
//!
//! Used by the commands and by the screens. An engine that a client starts outlives the client and its terminal.

use super::exit::{Code, Fault};
use super::places::{Places, UNIT};
use crate::api::client::Pushes;
use crate::api::{Client, ClientError};
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a new engine may take until it answers.
const START_DEADLINE: Duration = Duration::from_secs(20);
/// How long another engine may take that was quicker than the one we started.
const OTHER_DEADLINE: Duration = Duration::from_secs(3);
/// How often a new engine is asked whether it is there.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// What to do when no engine answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfAbsent {
    /// Start one.
    Start,
    /// Say so.
    Tell,
}

/// A connection and what comes over it unasked.
pub type Connection = (Client, Pushes);

/// Connects to the engine at `places`.
pub async fn connect(places: &Places, if_absent: IfAbsent) -> Result<Connection, Fault> {
    let socket = places.socket();
    match Client::connect(&socket).await {
        Ok(connection) => {
            if places.served {
                give_up_root()?;
            }
            Ok(connection)
        }
        Err(ClientError::NoEngine { source, .. })
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            Err(Fault::new(
                Code::NotAllowed,
                format!(
                    "you may not talk to the engine at {}: ask for membership in the group of that socket, or give another \
                     engine with --data",
                    socket.display()
                ),
            ))
        }
        Err(ClientError::NoEngine { .. }) if serviced(places) => service(places).await,
        Err(ClientError::NoEngine { .. }) if places.served => {
            Err(Fault::new(Code::NoEngine, "the engine has ended: connect anew in a moment"))
        }
        Err(ClientError::NoEngine { source, .. }) if if_absent == IfAbsent::Tell => Err(Fault::new(
            Code::NoEngine,
            format!("no engine answers at {} ({source}): start one with 'cpmg engine'", socket.display()),
        )),
        Err(ClientError::NoEngine { .. }) => start(places).await,
        Err(other) => Err(other.into()),
    }
}

/// Nobody's numbers on Linux.
const NOBODY: u32 = 65_534;

/// A process that serves somebody from afar has no use for root once it is connected. It has no other thread yet. Where the engine may
/// not change accounts (as a service), it keeps the number of root, without its capabilities: these go in any case, or the session does not begin.
fn give_up_root() -> Result<(), Fault> {
    use rustix::process::{Gid, Uid, geteuid};
    use rustix::thread::{
        CapabilitySet, CapabilitySets, set_capabilities, set_thread_groups, set_thread_res_gid,
        set_thread_res_uid,
    };
    if !geteuid().is_root() {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    let _ = set_thread_groups(&[]);
    let _ = set_thread_res_gid(gid, gid, gid);
    let _ = set_thread_res_uid(uid, uid, uid);
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none }).map_err(
        |why| Fault::new(Code::Engine, format!("this session cannot give up the rights of root: {why}")),
    )
}

/// Whether systemd looks after the engine at `places`.
fn serviced(places: &Places) -> bool {
    places.system && Path::new(UNIT).exists() && Path::new("/run/systemd/system").exists()
}

/// Waits for an engine that systemd has started a moment ago.
async fn service(places: &Places) -> Result<Connection, Fault> {
    let began = Instant::now();
    loop {
        let active = Command::new("systemctl").args(["is-active", "--quiet", "cpmg"]).status();
        if !active.is_ok_and(|status| status.success()) || began.elapsed() > START_DEADLINE {
            return Err(Fault::new(
                Code::NoEngine,
                "the engine is not running: start it with 'systemctl start cpmg', or see 'journalctl -u cpmg'",
            ));
        }
        match Client::connect(&places.socket()).await {
            Ok(connection) => return Ok(connection),
            Err(ClientError::NoEngine { .. }) => tokio::time::sleep(ASK_EVERY).await,
            Err(other) => return Err(other.into()),
        }
    }
}

async fn start(places: &Places) -> Result<Connection, Fault> {
    if places.system && !rustix::process::geteuid().is_root() {
        return Err(Fault::new(
            Code::NoEngine,
            "the system's engine has ended: ask an administrator of this machine to start it ('cpmg engine' as root)",
        ));
    }
    let said = places.data.join("engine-start.log");
    let mut child = spawn(places, &said)?;
    let began = Instant::now();
    let mut ended: Option<Instant> = None;
    loop {
        match Client::connect(&places.socket()).await {
            Ok(connection) => return Ok(connection),
            Err(ClientError::NoEngine { .. }) => {}
            Err(other) => return Err(other.into()),
        }
        if ended.is_none() && matches!(child.try_wait(), Ok(Some(_))) {
            ended = Some(Instant::now());
        }
        // An engine that ended may have done so because another client's was quicker.
        if began.elapsed() > START_DEADLINE || ended.is_some_and(|at| at.elapsed() > OTHER_DEADLINE) {
            return Err(Fault::new(Code::NoEngine, last_words(&said, ended.is_some())));
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

fn spawn(places: &Places, said: &Path) -> Result<Child, Fault> {
    let cannot = |what: String| Fault::new(Code::NoEngine, format!("the engine cannot be started: {what}"));
    let told = |path: &Path, e: std::io::Error| cannot(format!("{}: {e}", path.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(&places.data).map_err(|e| told(&places.data, e))?;
    let log = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(said)
        .map_err(|e| told(said, e))?;
    let program = std::env::current_exe().map_err(|e| cannot(e.to_string()))?;
    Command::new(&program)
        .args(["engine", "--detached", "--data"])
        .arg(&places.data)
        .arg("--socket")
        .arg(&places.run)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|e| told(&program, e))
}

/// Why the engine did not come up, from what it left in its log.
fn last_words(said: &Path, ended: bool) -> String {
    let text = std::fs::read_to_string(said).unwrap_or_default();
    let words = text.lines().rev().find(|l| !l.trim().is_empty()).map(crate::domain::text::harmless);
    match words {
        Some(words) => format!("the engine did not start: {}", words.trim_start_matches("cpmg: ")),
        None if ended => format!("the engine ended at once and said nothing (see {})", said.display()),
        None => format!("the engine did not answer within {} seconds", START_DEADLINE.as_secs()),
    }
}
