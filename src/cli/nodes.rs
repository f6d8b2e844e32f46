//! Nodes: adding, credentials, host keys, roles.

use super::args::{CredentialArgs, Global, JumpLoginArgs, NodeCommand};
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{facts, find, import, print, prompt, sweep};
use crate::api::message::{Credential, JumpAsk, NodeChange};
use crate::api::rows::NodeRow;
use crate::api::views::HostKeyView;
use crate::api::{Request, Response};
use crate::domain::node::{CredentialKind, NodeLock, Reach};
use crate::domain::secret::Secret;
use std::io::Read;
use std::path::Path;

/// Largest private key that is read, bytes.
const KEY_MAX: u64 = 64 * 1024;

/// `cpmg node …`.
pub async fn run(global: &Global, command: NodeCommand) -> Result<(), Fault> {
    let mut talk = Talk::open(global).await?;
    match command {
        NodeCommand::Sweep { env, ranges, how } => sweep::run(&mut talk, &env, ranges, &how).await,
        NodeCommand::Facts { node, history, refresh } => facts::run(&talk, &node, history, refresh).await,
        NodeCommand::Add { env, address, name, port, user, credential, jump, jump_login } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let credential = how(&credential, &format!("Password of {user} at {address}"))?;
            let jump = jump.map(|place| jump_ask(place, &jump_login)).transpose()?;
            let add = Request::NodeAdd { env: env.id, name, address, port, user, credential, jump };
            let node = answer(talk.call(add).await?)?;
            let text = format!(
                "added {} (number {}) at {}; next: cpmg node trust {}/{}",
                node.name, node.id, node.address, env.name, node.name
            );
            talk.done(&text, &node)
        }
        NodeCommand::Import(args) => import::import(&talk, args).await,
        NodeCommand::Export(args) => import::export(&talk, args).await,
        NodeCommand::List { env } => {
            let env = find::environment(&talk, &env, false).await?;
            let nodes = find::nodes(&talk, env.env.id).await?;
            if talk.json { print::json(&nodes) } else { table(&nodes) }
        }
        NodeCommand::Show { node } => {
            let node = find::node(&talk, &node).await?;
            if talk.json { print::json(&node) } else { show(&node) }
        }
        NodeCommand::Probe { node } => {
            let node = find::node(&talk, &node).await?;
            probe(&talk, &node).await
        }
        NodeCommand::Trust { node, fingerprint, accept_new } => {
            let node = find::node(&talk, &node).await?;
            trust(&talk, &node, fingerprint.as_deref(), accept_new).await
        }
        NodeCommand::ForgetKey { node, jump: true } => {
            let node = edit(&talk, &node, NodeChange::ForgetJumpKey).await?;
            talk.done(&format!("{}: the pinned host key of its jump host is forgotten", node.name), &node)
        }
        NodeCommand::Jump { node, jump, none: _, login } => {
            let ask = jump.map(|place| jump_ask(place, &login)).transpose()?;
            let node = edit(&talk, &node, NodeChange::Jump(ask)).await?;
            talk.done(&format!("{} is reached {}", node.name, way(&node)), &node)
        }
        NodeCommand::ForgetKey { node, jump: false } => {
            let node = edit(&talk, &node, NodeChange::ForgetHostKey).await?;
            talk.done(&format!("{}: the pinned host key is forgotten", node.name), &node)
        }
        NodeCommand::Role { node, roles, none: _ } => {
            let node = edit(&talk, &node, NodeChange::Roles(roles.into_iter().collect())).await?;
            let text = format!("{}: {} ({})", node.name, print::words(&node.roles), node.state);
            talk.done(&text, &node)
        }
        NodeCommand::Rename { node, name } => {
            let node = edit(&talk, &node, NodeChange::Rename(name)).await?;
            talk.done(&format!("node {} is called {} now", node.id, node.name), &node)
        }
        NodeCommand::Address { node, address, port } => {
            let node = edit(&talk, &node, NodeChange::Address { address, port }).await?;
            talk.done(&format!("{} is at {} port {} now", node.name, node.address, node.port), &node)
        }
        NodeCommand::Credential { node, user, credential } => {
            let old = find::node(&talk, &node).await?;
            let user = user.unwrap_or(old.user);
            let credential = how(&credential, &format!("Password of {user} at {}", old.address))?;
            let node = edit(&talk, &node, NodeChange::Credential { user, credential }).await?;
            talk.done(&format!("{}: log in as {} with {}", node.name, node.user, means(&node)), &node)
        }
        NodeCommand::Lock { node, why } => {
            let node = lock(&talk, &node, Some(why)).await?;
            talk.done(&format!("{} is locked: nobody installs, undoes or reinstalls it", node.name), &node)
        }
        NodeCommand::Unlock { node } => {
            let node = lock(&talk, &node, None).await?;
            talk.done(&format!("{} is not locked", node.name), &node)
        }
        NodeCommand::Remove { .. } | NodeCommand::Reinstall { .. } | NodeCommand::Manual(_) => {
            Err(Talk::unexpected())
        }
    }
}

async fn lock(talk: &Talk, wanted: &str, why: Option<String>) -> Result<NodeRow, Fault> {
    let node = find::node(talk, wanted).await?;
    answer(talk.call(Request::NodeLock { node: node.id, why }).await?)
}

fn answer(response: Response) -> Result<NodeRow, Fault> {
    match response {
        Response::Node(node) => Ok(*node),
        _ => Err(Talk::unexpected()),
    }
}

async fn edit(talk: &Talk, wanted: &str, change: NodeChange) -> Result<NodeRow, Fault> {
    let node = find::node(talk, wanted).await?;
    answer(talk.call(Request::NodeEdit { node: node.id, based_on: node.revision, change }).await?)
}

/// The jump host that the options describe.
fn jump_ask(place: String, args: &JumpLoginArgs) -> Result<JumpAsk, Fault> {
    let own = CredentialArgs {
        password_stdin: args.jump_password_stdin,
        key: args.jump_key.clone(),
        agent: args.jump_agent.clone(),
        ..CredentialArgs::default()
    };
    let given = args.jump_password || own.password_stdin || own.key.is_some() || own.agent.is_some();
    let credential = given.then(|| how(&own, &format!("Password of the jump host {place}"))).transpose()?;
    Ok(JumpAsk { place, credential })
}

/// The way to a node, in words.
fn way(node: &NodeRow) -> String {
    let Some(jump) = &node.jump else { return "directly".to_owned() };
    let login = match &jump.credential {
        None => "logged in to as to the node".to_owned(),
        kind => format!("logged in to with {}", self::kind(kind.as_ref())),
    };
    let key = jump.host_key.as_deref().unwrap_or("host key not pinned for this node");
    format!("through {} ({login}; {key})", jump.place())
}

/// The credential that the options describe.
pub fn how(args: &CredentialArgs, question: &str) -> Result<Credential, Fault> {
    if let Some(name) = &args.set {
        return Ok(Credential::Set { name: name.clone() });
    }
    if let Some(socket) = &args.agent {
        let socket = if socket.is_empty() {
            std::env::var("SSH_AUTH_SOCK").map_err(|_| {
                Fault::usage(
                    "SSH_AUTH_SOCK is not set: start an agent, or name its socket with --agent=SOCKET",
                )
            })?
        } else {
            socket.clone()
        };
        return Ok(Credential::Agent { socket });
    }
    if let Some(path) = &args.key {
        let text = key_file(path)?;
        let passphrase = if args.passphrase_stdin {
            prompt::line_of_input("the passphrase")?
        } else if encrypted(&text) {
            prompt::hidden(&format!("Passphrase of {}", path.display()), "--passphrase-stdin")?
        } else {
            Secret::default()
        };
        return Ok(Credential::Key { text, passphrase });
    }
    prompt::password(question, args.password_stdin).map(Credential::Password)
}

fn key_file(path: &Path) -> Result<Secret, Fault> {
    let cannot = |e: std::io::Error| Fault::usage(format!("the key {}: {e}", path.display()));
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(KEY_MAX).read_to_string(&mut text))
        .map_err(cannot)?;
    let text = Secret::new(text);
    if text.reveal().contains("PRIVATE KEY") {
        Ok(text)
    } else {
        Err(Fault::usage(format!(
            "{} is no private key (its first line would be '-----BEGIN … PRIVATE KEY-----')",
            path.display()
        )))
    }
}

/// Whether a private key asks for a passphrase, as far as its text tells: PEM says so in a heading, OpenSSH names the cipher at
/// the start of its content ("none" is `bm9uZQ` there).
fn encrypted(key: &Secret) -> bool {
    let text = key.reveal();
    if text.contains("BEGIN OPENSSH PRIVATE KEY") {
        let start: String = text.lines().skip(1).take(1).collect();
        return !start.starts_with("b3BlbnNzaC1rZXktdjEAAAAABG5vbmU");
    }
    text.contains("ENCRYPTED")
}

async fn probe(talk: &Talk, node: &NodeRow) -> Result<(), Fault> {
    match talk.call(Request::NodeProbe { node: node.id }).await? {
        Response::Node(node) if talk.json => print::json(&node),
        Response::Node(node) => show(&node),
        Response::HostKey(key) => Err(unpinned(node, &key)),
        _ => Err(Talk::unexpected()),
    }
}

/// Whose key it is, in words.
fn whose(node: &NodeRow, key: &HostKeyView) -> String {
    match &key.jump {
        Some(host) => format!("the jump host {host} of {}", node.name),
        None => node.name.clone(),
    }
}

fn unpinned(node: &NodeRow, key: &HostKeyView) -> Fault {
    Fault::new(
        Code::Node,
        format!(
            "the host key of {} is new: {} {}. Compare it with what the machine's console shows \
             (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then run 'cpmg node trust {} {}'",
            whose(node, key),
            key.kind,
            key.fingerprint,
            node.id,
            key.fingerprint
        ),
    )
}

async fn trust(talk: &Talk, node: &NodeRow, expected: Option<&str>, any: bool) -> Result<(), Fault> {
    // That of its jump host comes first, then its own.
    let mut pinned = Vec::new();
    loop {
        let key = match talk.call(Request::NodeProbe { node: node.id }).await? {
            Response::HostKey(key) => key,
            Response::Node(node) => return trusted(talk, &node, expected, &pinned),
            _ => return Err(Talk::unexpected()),
        };
        match expected {
            // The next key is another one: it is compared by another call.
            Some(expected) if pinned.iter().any(|p| p == expected) => return Err(unpinned(node, &key)),
            Some(expected) if expected != key.fingerprint => {
                return Err(Fault::new(
                    Code::Node,
                    format!(
                        "{} shows the key {} {}, not {expected}: nothing was pinned",
                        whose(node, &key),
                        key.kind,
                        key.fingerprint
                    ),
                ));
            }
            None if !any => {
                let (whose, kind, print) = (whose(node, &key), &key.kind, &key.fingerprint);
                let question = format!("{whose} ({}) shows the key {kind} {print}.", node.address);
                if !prompt::confirmed(&format!("{question} Pin it?"))? {
                    return Err(unpinned(node, &key));
                }
            }
            _ => {}
        }
        pinned.push(key.fingerprint);
        talk.call(Request::NodeTrust { node: node.id, key: key.key, jump: key.jump.is_some() }).await?;
    }
}

/// All keys on the way are pinned.
fn trusted(talk: &Talk, node: &NodeRow, expected: Option<&str>, pinned: &[String]) -> Result<(), Fault> {
    if pinned.is_empty() {
        if let (Some(expected), Some(pinned)) = (expected, &node.host_key)
            && expected != pinned
        {
            return Err(Fault::new(Code::Node, format!("{} has another key pinned: {pinned}", node.name)));
        }
        return talk.done(&format!("{}: the host key was pinned already, and fits", node.name), node);
    }
    let text = format!("{}: host key {} pinned, facts gathered", node.name, pinned.join(", "));
    talk.done(&text, node)
}

/// Gathers a node's facts.
pub async fn probe_now(talk: &Talk, node: &NodeRow) -> Result<(), Fault> {
    match talk.call(Request::NodeProbe { node: node.id }).await? {
        Response::Node(_) => Ok(()),
        Response::HostKey(key) => Err(unpinned(node, &key)),
        _ => Err(Talk::unexpected()),
    }
}

fn means(node: &NodeRow) -> String {
    kind(node.credential.as_ref())
}

/// What a credential is, in words.
pub fn kind(credential: Option<&CredentialKind>) -> String {
    match credential {
        None => "nothing yet".to_owned(),
        Some(CredentialKind::Password) => "a password".to_owned(),
        Some(CredentialKind::Key) => "a key".to_owned(),
        Some(CredentialKind::Agent { socket }) => format!("the agent at {socket}"),
        Some(CredentialKind::Set { name, refused }) if refused.is_empty() => {
            format!("the set {name} (none tried yet)")
        }
        Some(CredentialKind::Set { name, refused }) => {
            format!("the set {name} ({} refused so far)", refused.len())
        }
    }
}

/// Who locked a node, when and why.
pub fn locked(lock: &NodeLock) -> String {
    format!("by {}, {}: {}", lock.by, print::ago(lock.at), lock.why)
}

/// Whether a node answers, with the age of that knowledge.
pub fn reach(node: &NodeRow) -> String {
    match &node.reach {
        Reach::Unknown => "never tried".to_owned(),
        Reach::Answers { at } => format!("answered {}", print::ago(*at)),
        Reach::Silent { since, .. } => format!("silent for {}", print::span(print::now().since(*since))),
    }
}

/// Where a node stands, with what is worth a look.
fn state(node: &NodeRow) -> String {
    let lock = if node.lock.is_some() { " (locked)" } else { "" };
    let mark = if facts::against(node).is_empty() { "" } else { " !" };
    format!("{}{lock}{mark}", node.state)
}

/// The node table.
pub fn table(nodes: &[NodeRow]) -> Result<(), Fault> {
    let rows: Vec<[String; 7]> = nodes
        .iter()
        .map(|n| {
            let place =
                if n.port == 22 { n.address.to_string() } else { format!("{}:{}", n.address, n.port) };
            [
                n.id.to_string(),
                n.name.clone(),
                place,
                print::words(&n.roles),
                state(n),
                reach(n),
                n.facts.as_ref().map_or_else(|| "-".to_owned(), |f| f.os_pretty.clone()),
            ]
        })
        .collect();
    print::table(
        ["#", "NAME", "ADDRESS", "ROLES", "STATE", "REACH", "SYSTEM"],
        &rows,
        "no nodes yet: look for some with 'cpmg node sweep ENV RANGE', add one with 'cpmg node add ENV ADDRESS'",
    )
}

fn show(node: &NodeRow) -> Result<(), Fault> {
    let why = if let Reach::Silent { why, .. } = &node.reach { why.to_string() } else { String::new() };
    print::pairs(&[
        ("name", node.name.clone()),
        ("number", node.id.to_string()),
        ("address", format!("{} port {}", node.address, node.port)),
        ("reached", node.jump.as_ref().map(|_| way(node)).unwrap_or_default()),
        ("roles", print::words(&node.roles)),
        ("state", node.state.to_string()),
        ("reach", reach(node)),
        ("", why),
        ("locked", node.lock.as_ref().map(locked).unwrap_or_default()),
        ("log in", format!("as {} with {}", node.user, means(node))),
        ("host key", node.host_key.clone().unwrap_or_else(|| "not pinned".to_owned())),
        ("job", node.job.map(|j| j.to_string()).unwrap_or_default()),
    ])?;
    for line in facts::against(node) {
        print::line(&format!("! {line}"))?;
    }
    show_facts(node)
}

/// A node's facts, a line each.
pub fn show_facts(node: &NodeRow) -> Result<(), Fault> {
    let Some(f) = &node.facts else { return print::line("\nno facts yet: 'cpmg node probe' gathers them") };
    print::line(&format!("\nfacts, gathered {}:", print::ago(f.gathered)))?;
    let gateway = match (&f.gateway, &f.gateway_nic) {
        (Some(gateway), Some(nic)) => format!("{gateway} through {nic}"),
        (gateway, _) => gateway.clone().unwrap_or_else(|| "none".to_owned()),
    };
    let kept = match f.clock_synchronised {
        Some(true) => format!(
            ", synchronised by {}",
            if f.clock_service.is_empty() { "something" } else { &f.clock_service }
        ),
        Some(false) => ", not synchronised".to_owned(),
        None => String::new(),
    };
    let kvm = match f.kvm {
        Some(true) => "KVM is there".to_owned(),
        Some(false) => "no KVM".to_owned(),
        None => String::new(),
    };
    let root = match f.root_size {
        0 => String::new(),
        size => format!("{} free of {}", print::size(f.root_free), print::size(size)),
    };
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    print::pairs(&[
        ("hostname", f.hostname.clone()),
        ("system", format!("{} ({} {}), kernel {}", f.os_pretty, f.os_id, f.os_version, f.kernel)),
        (
            "processor",
            format!(
                "{} × {} {} ({}, virtualisation flags: {})",
                f.cpus,
                f.cpu_model,
                f.arch,
                f.virt_kind,
                or_none(&f.virt_flags)
            ),
        ),
        ("memory", print::size(f.memory)),
        ("gateway", gateway),
        ("", kvm),
        ("root", root),
        ("clock", format!("{} ms from the engine's{kept}", f.clock_offset_ms)),
        ("SELinux", or_none(&f.selinux)),
        ("firewall", or_none(&f.firewall)),
        ("Python", or_none(&f.python)),
        ("packages", or_none(&f.package_manager)),
        ("systemd", or_none(&f.systemd)),
    ])?;
    for disk in &f.disks {
        let kind = if disk.rotational { "spins" } else { "solid" };
        print::line(&format!("disk {}: {}, {kind}", disk.name, print::size(disk.bytes)))?;
    }
    for nic in &f.nics {
        let link = if nic.carrier { "link" } else { "no link" };
        let speed = nic.speed.map(|s| format!(", {s} Mbit/s")).unwrap_or_default();
        let text = format!(
            "nic {}: {} {link}{speed}, MTU {}, {} {}",
            nic.name,
            nic.mac,
            nic.mtu,
            nic.driver,
            print::words(&nic.addresses)
        );
        print::line(&text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_ask_for_a_passphrase_are_known() {
        let key = |body: &str| Secret::new(format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n"));
        assert!(!encrypted(&key("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW")));
        assert!(encrypted(&key("b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCyK4")));
        assert!(encrypted(&Secret::new("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")));
        assert!(!encrypted(&Secret::new("-----BEGIN PRIVATE KEY-----\n")));
    }
}
