//! What nodes tell over SSH: whether units run, what services logged, who answers a ping.
//!
//! Scripts are POSIX `sh` with GNU `date` and systemd, as on every platform; nothing is changed on the nodes. Lines of logs are hostile:
//! they are made harmless here, and cut.

use super::climb::{Climb, Good, PAUSE, Red, module_of};
use super::ground::Module;
use crate::domain::ids::NodeId;
use crate::domain::node::{Node, NodeRole};
use crate::domain::proof::culprit::culprits;
use crate::domain::proof::guest;
use crate::domain::proof::judge::{Fault, ModuleUnits, NodeUnits, is_host, judge_units, units};
use crate::domain::proof::lines::{TELLS_NOTHING, choose, sift};
use crate::domain::proof::{LogPart, RungKind, Said};
use crate::ssh::quote;
use futures_util::StreamExt;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a command on a node may take.
const DEADLINE: Duration = Duration::from_mins(1);
/// Nodes asked at the same time.
const PARALLEL: usize = 24;
/// How long units that are starting may take.
const STARTING: Duration = Duration::from_secs(20);
/// Most nodes whose logs are read.
const LOG_NODES_MAX: usize = 4;
/// How long a service may take for its answer when it is asked who is at fault.
const ANSWER: Duration = Duration::from_secs(10);

/// What was read of logs: nodes and modules, the fresh lines with their module, the parts to choose from.
type Reading<'a> =
    (&'a mut BTreeSet<(NodeId, String)>, &'a mut Vec<(String, String)>, &'a mut Vec<(bool, u8, LogPart)>);

/// Reads logs: seconds since the beginning of the rung, files, units. Each part begins with a line of its own.
const LOGS: &str = r#"
ago=$1; files=$2; units=$3
start=$(( $(date +%s) - ago ))
since=$(date -d "@$start" '+%Y-%m-%d %H:%M:%S')
for f in $files; do
  [ -f "$f" ] && [ -r "$f" ] || continue
  printf '\036%s\n' "$f"
  tail -c 3000000 "$f" | awk -v s="$since" '
    substr($0, 5, 1) == "-" && substr($0, 11, 1) == " " && substr($0, 14, 1) == ":" { show = (substr($0, 1, 19) >= s) }
    show' | tail -n 600
  printf '\037\n'
  tail -n 6 "$f"
done
command -v journalctl >/dev/null 2>&1 || exit 0
for u in $units; do
  printf '\036journal of %s\n' "$u"
  journalctl -q -u "$u" --since "@$start" -o short-iso --no-pager -n 80 2>/dev/null
  printf '\037\n'
  journalctl -q -u "$u" -o short-iso --no-pager -n 6 2>/dev/null
done
exit 0
"#;

impl Climb {
    /// Every unit of every module runs.
    pub async fn units(&mut self) -> Result<Good, Red> {
        let patience = Instant::now() + STARTING;
        loop {
            match judge_units(&self.ask_units().await) {
                Ok(said) => return Ok(Good::Passed(vec![said])),
                Err(faults) if Instant::now() < patience && faults.iter().all(|f| f.unit.is_some()) => {
                    let first = faults.first().map(|f| f.said.clone());
                    if let Some(said) = first {
                        self.tell(RungKind::Units, said);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(faults) => return Err(Red::faults(faults)),
            }
        }
    }

    /// Asks systemd on every node.
    async fn ask_units(&mut self) -> Vec<NodeUnits> {
        let kept = |node: &Node| self.sessions.get(&node.id).filter(|s| s.is_up()).cloned();
        let every: Vec<_> = self
            .ground
            .nodes
            .iter()
            .cloned()
            .map(|(n, m)| (kept(&n), n, m, Arc::clone(&self.engine)))
            .collect();
        let asked = every.into_iter().map(|(session, node, modules, engine)| async move {
            let names: BTreeSet<&str> = modules.iter().flat_map(|m| &m.units).map(String::as_str).collect();
            let answer = async {
                let session = match session {
                    Some(session) => session,
                    None => engine.connect_node(&node).await.map_err(|f| f.to_string())?,
                };
                let list: Vec<String> = names.iter().map(|n| quote(n)).collect();
                let what = "Id,Names,LoadState,ActiveState,UnitFileState,TriggeredBy";
                let command = format!("systemctl show -p {what} -- {}", list.join(" "));
                let out = if list.is_empty() {
                    String::new()
                } else {
                    let out = session.run(&command, "", DEADLINE).await.map_err(|f| f.to_string())?;
                    String::from_utf8_lossy(&out.stdout).into_owned()
                };
                Ok::<_, String>((session, units(&out)))
            };
            let answer = answer.await;
            (node, modules, answer)
        });
        let answers: Vec<_> = futures_util::stream::iter(asked).buffered(PARALLEL).collect().await;
        let mut all = Vec::new();
        let mut sessions = Vec::new();
        for (node, modules, answer) in answers {
            let answer = answer.map(|(session, units)| {
                sessions.push((node.id, session));
                units
            });
            let modules = modules
                .into_iter()
                .map(|m| ModuleUnits { name: m.name, units: m.units, base: m.base })
                .collect();
            all.push(NodeUnits { node: node.name.clone(), modules, answer });
        }
        self.sessions.extend(sessions);
        all
    }

    /// What those responsible for a red rung logged since it began, and who is at fault behind them, as far as that is told.
    pub async fn logs(&mut self, kind: RungKind, mut red: Red, since: Duration) -> (Vec<LogPart>, Vec<Said>) {
        let mut more = Vec::new();
        let mut blamed: BTreeSet<String> = BTreeSet::new();
        for (service, why) in self.silent().await {
            let module = module_of(&service).to_owned();
            let known = red.at.iter().any(|f| f.module.as_deref() == Some(module.as_str()));
            if !known && !matches!(kind, RungKind::Token | RungKind::Endpoints) {
                more.push(
                    Said::new("silent-now")
                        .with("service", &service)
                        .with("why", why)
                        .with("module", &module),
                );
            }
            blamed.insert(module);
        }
        // What the cloud says of an instance or a volume; faults of cpmg's own calls name the service themselves.
        let quoted = red.said.iter().filter(|s| s.key.ends_with("-bad") && s.key != "endpoint-bad");
        let mut told: Vec<(String, String)> = quoted.map(|s| ("cpmg".to_owned(), s.words())).collect();
        let mut visited: BTreeSet<(NodeId, String)> = BTreeSet::new();
        let mut parts = Vec::new();
        if red.at.is_empty() {
            let suspect = |(module, unit): &(&str, &str)| Fault {
                node: None,
                module: Some((*module).into()),
                unit: Some((*unit).into()),
                said: Said::new("why"),
            };
            red.at = kind.suspects().iter().map(suspect).collect();
        }
        let wanted = self.responsible(kind, &red);
        self.read_logs(wanted, &red, since, (&mut visited, &mut told, &mut parts)).await;
        for (module, of) in culprits(told.iter().map(|(m, l)| (m.as_str(), l.as_str()))).into_iter().take(2) {
            if blamed.insert(module.to_owned()) {
                let of = if of == "cpmg" { "a service" } else { &of };
                more.push(Said::new("waited-for").with("module", module).with("of", of));
            }
        }
        if !blamed.is_empty() {
            red.at = blamed
                .iter()
                .map(|m| Fault { node: None, module: Some(m.clone()), unit: None, said: Said::new("why") })
                .collect();
            let wanted = self.responsible(kind, &red);
            self.read_logs(wanted, &red, since, (&mut visited, &mut told, &mut parts)).await;
        }
        // One that hangs says nothing: the last lines of its API are shown all the same, before the everyday lines of its agents.
        for (asked, rank, part) in &mut parts {
            let api = ["api", "server"].iter().any(|w| part.source.contains(w));
            *asked |= blamed.contains(&part.module) && (*rank < TELLS_NOTHING || api);
        }
        (choose(parts), more)
    }

    /// Services of the catalogue that do not answer right now: type, and why. Each is asked several times at once, for one process of several
    /// may hang.
    async fn silent(&self) -> Vec<(String, String)> {
        let Some(cloud) = self.cloud.as_ref().filter(|c| c.http().session().is_up()) else {
            return Vec::new();
        };
        let ask = |service: String| async move {
            let one = || async {
                match tokio::time::timeout(ANSWER, cloud.answers(&service)).await {
                    Ok(Ok(_)) => None,
                    Ok(Err(why)) => Some(why.to_string()),
                    Err(_) => Some(format!("no answer within {} s", ANSWER.as_secs())),
                }
            };
            let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
            let why = a.or(b).or(c).or(d)?;
            Some((service, why))
        };
        let services: Vec<String> = cloud.services().into_iter().map(str::to_owned).collect();
        let asked = futures_util::stream::iter(services.into_iter().map(ask)).buffered(4);
        asked.filter_map(std::future::ready).collect().await
    }

    /// Reads the logs of modules on nodes that were not read yet: the lines since then are told with the module, the parts kept.
    async fn read_logs(
        &mut self,
        wanted: Vec<(Node, Vec<Module>, BTreeSet<String>)>,
        red: &Red,
        since: Duration,
        (visited, told, parts): Reading<'_>,
    ) {
        for (node, modules, named) in wanted.into_iter().take(LOG_NODES_MAX) {
            let Ok(session) = self.session(&node).await else { continue };
            for module in modules {
                if !visited.insert((node.id, module.name.clone())) {
                    continue;
                }
                // Files may be patterns; the catalog is ours.
                let files = module.logs.join(" ");
                let without_files = module.logs.is_empty();
                let of_module: Vec<&str> = module
                    .units
                    .iter()
                    .filter(|u| without_files || named.contains(u.as_str()))
                    .map(String::as_str)
                    .collect();
                let command = format!(
                    "sh -c {} sh {} {} {}",
                    quote(LOGS),
                    since.as_secs() + 2,
                    quote(&files),
                    quote(&of_module.join(" "))
                );
                let Ok(out) = session.run(&command, "", DEADLINE).await else { continue };
                let text = String::from_utf8_lossy(&out.stdout);
                for piece in text.split('\u{1e}').skip(1) {
                    let (source, rest) = piece.split_once('\n').unwrap_or((piece, ""));
                    let (fresh, last) = rest.split_once('\u{1f}').unwrap_or((rest, ""));
                    told.extend(fresh.lines().map(|l| (module.name.clone(), l.to_owned())));
                    let (rank, earlier, lines) = sift(fresh, last, &red.marks);
                    if !lines.is_empty() {
                        let source = crate::domain::text::harmless(source);
                        let part = LogPart {
                            node: node.name.clone(),
                            module: module.name.clone(),
                            source,
                            earlier,
                            lines,
                        };
                        let asked = named.iter().any(|u| part.source.contains(u.as_str()));
                        parts.push((asked, rank, part));
                    }
                }
            }
        }
    }

    /// Nodes and their modules whose logs are to be read, with the units that are known to be at fault; the likeliest first.
    fn responsible(&self, kind: RungKind, red: &Red) -> Vec<(Node, Vec<Module>, BTreeSet<String>)> {
        let mut out: Vec<(Node, Vec<Module>, BTreeSet<String>)> = Vec::new();
        let named =
            |node: &Node| red.at.iter().any(|f| f.node.as_deref().is_some_and(|n| is_host(n, &node.name)));
        let mut nodes: Vec<&(Node, Vec<Module>)> = self.ground.nodes.iter().collect();
        let anywhere = red.at.iter().all(|f| f.node.is_none());
        // In the order in which the faults name them.
        let place = |node: &Node| {
            red.at
                .iter()
                .position(|f| f.node.as_deref().is_some_and(|n| is_host(n, &node.name)))
                .unwrap_or(usize::MAX)
        };
        nodes.sort_by_key(|(n, _)| (place(n), !n.roles.contains(&NodeRole::Controller)));
        for (node, modules) in nodes {
            if !anywhere && !named(node) {
                continue;
            }
            let faults = red.at.iter().filter(|f| f.node.as_deref().is_none_or(|n| is_host(n, &node.name)));
            let at_fault: BTreeSet<&str> = faults.clone().filter_map(|f| f.module.as_deref()).collect();
            let units: BTreeSet<String> = faults.filter_map(|f| f.unit.clone()).collect();
            let wanted = |m: &&Module| {
                if at_fault.is_empty() {
                    kind.modules().contains(&m.name.as_str())
                } else {
                    at_fault.contains(m.name.as_str())
                }
            };
            let modules: Vec<Module> = modules.iter().filter(wanted).cloned().collect();
            if !modules.is_empty() {
                out.push((node.clone(), modules, units));
            }
        }
        out
    }

    fn controllers(&self) -> Vec<Node> {
        let is = |n: &&(Node, Vec<Module>)| n.0.roles.contains(&NodeRole::Controller);
        self.ground.nodes.iter().filter(is).map(|(n, _)| n.clone()).collect()
    }

    /// Runs a script on the controllers, gives what they print one after the other.
    async fn ask_controllers(&mut self, script: &str) -> Vec<(Node, String, bool)> {
        let mut out = Vec::new();
        for node in self.controllers() {
            let Ok(session) = self.session(&node).await else { continue };
            let command = format!("sh -c {}", quote(script));
            if let Ok(answer) = session.run(&command, "", DEADLINE).await {
                let good = answer.status.is_success();
                out.push((node, String::from_utf8_lossy(&answer.stdout).into_owned(), good));
            }
        }
        out
    }

    /// Whether a DHCP server logged that it gave the address out since the proof began.
    pub async fn dhcp_gave(&mut self, address: Ipv4Addr) -> bool {
        let ago = self.began.elapsed().as_secs() + 5;
        let script = format!(
            "journalctl -q --no-pager -o cat --since \"@$(( $(date +%s) - {ago} ))\" -t dnsmasq-dhcp -t dnsmasq 2>/dev/null | grep -F DHCPACK | grep -F -e {address} | tail -n 20; \
             grep -h -F DHCPACK /var/log/syslog /var/log/messages /var/log/daemon.log 2>/dev/null | grep -F -e {address} | tail -n 20"
        );
        self.ask_controllers(&script).await.iter().any(|(_, text, _)| guest::acknowledged(text, address))
    }

    /// The status with which a metadata service served the address, by the logs of Neutron and Nova.
    pub async fn metadata_served(&mut self, address: Ipv4Addr) -> Option<u16> {
        let modules = self
            .ground
            .nodes
            .iter()
            .flat_map(|(_, m)| m)
            .filter(|m| ["neutron", "nova"].contains(&m.name.as_str()));
        let files: BTreeSet<&str> = modules.flat_map(|m| &m.logs).map(String::as_str).collect();
        let files: Vec<&str> = files.into_iter().collect();
        let script = format!(
            "for f in {}; do [ -f \"$f\" ] && tail -c 2000000 \"$f\" | grep -a -F -e {address} | tail -n 40; done; exit 0",
            files.join(" ")
        );
        let answers = self.ask_controllers(&script).await;
        let mut found: Vec<u16> =
            answers.iter().filter_map(|(_, text, _)| guest::served(text, address)).collect();
        found.sort_unstable();
        found.first().copied()
    }

    /// Whether the first controller gets an answer.
    pub async fn answers_controller(&mut self, address: Ipv4Addr) -> bool {
        let node = self.ground.controller.clone();
        let Ok(session) = self.session(&node).await else { return false };
        let command = format!("ping -n -c 1 -W 2 {address}");
        session.run(&command, "", DEADLINE).await.is_ok_and(|out| out.status.is_success())
    }

    /// The controller on which the address answers inside its network, in the name space of its DHCP server.
    pub async fn answers_inside(&mut self, network: &str, address: Ipv4Addr) -> Option<String> {
        let space = quote(&format!("qdhcp-{network}"));
        let script = format!("ip netns exec {space} ping -n -c 1 -W 2 {address}");
        let answers = self.ask_controllers(&script).await;
        answers.into_iter().find(|(_, _, good)| *good).map(|(node, ..)| node.name)
    }
}

/// Whether this machine gets an answer; `None`: it cannot ask.
pub async fn answers_here(address: Ipv4Addr) -> Option<bool> {
    let mut ping = tokio::process::Command::new("ping");
    ping.args(["-n", "-c", "1", "-W", "2"]).arg(address.to_string());
    ping.stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    ping.kill_on_drop(true);
    let status = tokio::time::timeout(Duration::from_secs(10), ping.status()).await.ok()?.ok()?;
    Some(status.success())
}
