//! The upper rungs: instances, what reaches them, their console, a volume.

use super::climb::{Climb, Climbed, Good, Made, PAUSE, Red, passed};
use super::evidence::answers_here;
use crate::cloud::{Cloud, CloudError, InstanceSpec};
use crate::domain::proof::guest::{self, Metadata};
use crate::domain::proof::judge::{Fault, is_host, judge_wiring};
use crate::domain::proof::{RungKind, Said};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// How long a guest that says it cannot read its metadata may go on trying.
const METADATA_PATIENCE: Duration = Duration::from_secs(90);
/// Console lines that are read.
const CONSOLE_LINES: u32 = 300;

impl Climb {
    pub async fn instances(&mut self) -> Climbed {
        let cloud = self.cloud()?.clone();
        let computes = self.ground.computes();
        // A compute node that was not tried is not proven.
        if let Some(free) = cloud.instances_free(self.ram).await?
            && let Some(over) = computes.get(free as usize..).filter(|over| !over.is_empty())
        {
            return Err(Red::new(
                Said::new("instance-quota").with("count", free).with("nodes", over.join(", ")),
            ));
        }
        let began = Instant::now();
        let patience = began + self.patience(RungKind::Instance);
        for node in &computes {
            let host = self.workers.iter().find(|w| w.binary == "nova-compute" && is_host(&w.host, node));
            let host =
                host.cloned().ok_or_else(|| Red::new(Said::new("compute-missing").with("node", node)))?;
            let name = self.proof.name(node);
            let key = self.proof.name("key");
            let spec = InstanceSpec {
                name: &name,
                image: &self.image,
                flavor: &self.flavor,
                network: &self.tenant,
                rules: &self.rules,
                key: &key,
                host: &host,
            };
            let id = cloud.instance_make(&spec).await?;
            self.made.push(Made { id, name, node: node.clone(), port: String::new(), address: None });
        }
        let mut active: BTreeMap<String, Said> = BTreeMap::new();
        while active.len() < self.made.len() {
            for made in &self.made {
                if active.contains_key(&made.id) {
                    continue;
                }
                let gone = || {
                    Red::new(
                        Said::new("instance-bad")
                            .with("node", &made.node)
                            .with("state", "gone")
                            .with("why", "somebody removed it"),
                    )
                };
                let asked = cloud.instance(&made.id).await;
                let Some(instance) = self.told(RungKind::Instance, patience, asked)? else { continue };
                let instance = instance.ok_or_else(gone)?;
                let said = |key: &str| Said::new(key).with("node", &made.node);
                if instance.status == "ERROR" {
                    let said = said("instance-bad").with("state", "in error").with("why", &instance.fault);
                    let at = |node: Option<String>, module: &str| Fault {
                        node,
                        module: Some(module.into()),
                        unit: None,
                        said: said.clone(),
                    };
                    let mut red = Red::faults(vec![at(Some(made.node.clone()), "nova")]);
                    red.at.push(at(Some(made.node.clone()), "neutron"));
                    red.at.push(at(Some(self.ground.controller.name.clone()), "nova"));
                    red.marks = vec![made.id.clone()];
                    return Err(red);
                }
                if instance.status == "ACTIVE" {
                    if !is_host(&instance.host, &made.node) && !instance.host.is_empty() {
                        return Err(Red::new(said("instance-elsewhere").with("host", &instance.host)));
                    }
                    active.insert(
                        made.id.clone(),
                        said("instance-good").with("seconds", began.elapsed().as_secs()),
                    );
                    continue;
                }
                let task = if instance.task.is_empty() { &instance.status } else { &instance.task };
                let waits =
                    said("instance-waits").with("active", active.len()).with("total", self.made.len());
                self.tell(RungKind::Instance, waits.with("state", task.to_lowercase()));
            }
            if active.len() < self.made.len() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(Good::Passed(self.made.iter().filter_map(|m| active.get(&m.id).cloned()).collect()))
    }

    /// Looks until each instance is seen to have got its address.
    pub async fn addresses(&mut self) -> Climbed {
        let cloud = self.cloud()?.clone();
        let mut seen: BTreeMap<String, Said> = BTreeMap::new();
        let patience = Instant::now() + self.patience(RungKind::Address);
        for turn in 0_u32.. {
            for at in 0..self.made.len() {
                let Some(made) = self.made.get(at).filter(|m| !seen.contains_key(&m.id)).cloned() else {
                    continue;
                };
                let asked = self.address_of(&cloud, at).await;
                let Some(address) = self.told(RungKind::Address, patience, asked)? else { continue };
                let Some(address) = address else {
                    self.waits(RungKind::Address, format!("{}: its port has no address yet", made.node));
                    continue;
                };
                let said = |key: &str| Said::new(key).with("node", &made.node).with("address", address);
                let asked = cloud.console_log(&made.id, CONSOLE_LINES).await;
                let Some(log) = self.told(RungKind::Address, patience, asked)? else { continue };
                if guest::console(&log, Some(address), &[]).address {
                    seen.insert(made.id.clone(), said("address-console"));
                } else if turn % 3 == 2 && self.dhcp_gave(address).await {
                    seen.insert(made.id.clone(), said("address-dhcp"));
                } else {
                    let last = guest::console(&log, None, &[]).last;
                    self.waits(RungKind::Address, format!("{}: {address}; console: {last}", made.node));
                }
            }
            let missing: Vec<&Made> = self.made.iter().filter(|m| !seen.contains_key(&m.id)).collect();
            if missing.is_empty() {
                break;
            }
            if Instant::now() > patience {
                let mut red = Red { said: Vec::new(), at: Vec::new(), marks: Vec::new() };
                let missing: Vec<Made> = missing.into_iter().cloned().collect();
                for made in &missing {
                    let address = made.address.map(|a| a.to_string()).unwrap_or_default();
                    red.said
                        .push(Said::new("address-none").with("node", &made.node).with("address", address));
                    red.said.push(last_line(&cloud, made).await);
                    red.marks.push(made.port.clone());
                }
                let silent = |s: &Said| s.key == "console-silent";
                if missing.len() == self.made.len()
                    && red.said.iter().filter(|s| silent(s)).count() == missing.len()
                {
                    red.said.push(Said::new("boot-guess"));
                }
                return Err(red);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Good::Passed(self.made.iter().filter_map(|m| seen.get(&m.id).cloned()).collect()))
    }

    async fn address_of(&mut self, cloud: &Cloud, at: usize) -> Result<Option<Ipv4Addr>, CloudError> {
        let Some(made) = self.made.get_mut(at) else { return Ok(None) };
        if made.address.is_none()
            && let Some((port, address)) = cloud.port_of(&made.id).await?
        {
            (made.port, made.address) = (port, Some(address));
        }
        Ok(made.address)
    }

    /// Waits until agents have set up what was asked for: the port of the network's DHCP server and the router's. That Neutron has accepted them
    /// says little. An instance that comes earlier is told by the DHCP server to fetch its metadata from a place that is taken away as soon as
    /// the agent hears of the router.
    pub(super) async fn wired(&self) -> Result<(), Red> {
        let patience = Instant::now() + self.patience(RungKind::Router);
        loop {
            let asked = self.cloud()?.wiring_of(&self.tenant).await;
            if let Some(ports) = self.told(RungKind::Router, patience, asked)? {
                let idle = judge_wiring(&ports);
                if idle.is_empty() {
                    return Ok(());
                }
                if Instant::now() > patience {
                    return Err(Red::faults(idle));
                }
                let words: Vec<String> = idle.iter().map(|f| f.said.words()).collect();
                self.waits(RungKind::Router, words.join("; "));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What a service said to a rung that asks it again and again; `None` if it failed in a way that may pass and there is time left: a
    /// cloud whose nodes are busy loses a message now and then, and the rung says that it waits for this service.
    pub(super) fn told<T>(
        &self,
        kind: RungKind,
        patience: Instant,
        asked: Result<T, CloudError>,
    ) -> Result<Option<T>, Red> {
        match asked {
            Ok(answer) => Ok(Some(answer)),
            Err(fault) if fault.is_passing() && Instant::now() < patience => {
                self.waits(kind, &fault);
                Ok(None)
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// How long a rung is waited for before it says itself what is missing.
    pub(super) fn patience(&self, kind: RungKind) -> Duration {
        let ceiling = self.proof.rung(kind).map_or(60, |r| r.ceiling_s);
        Duration::from_secs(u64::from(ceiling.saturating_sub(15).max(5)))
    }

    pub async fn metadata(&mut self) -> Climbed {
        let cloud = self.cloud()?.clone();
        let mut seen: BTreeMap<String, Said> = BTreeMap::new();
        let began = Instant::now();
        let patience = began + self.patience(RungKind::Metadata);
        for turn in 0_u32.. {
            for made in self.made.iter().filter(|m| !seen.contains_key(&m.id)).cloned().collect::<Vec<_>>() {
                let said = |key: &str| Said::new(key).with("node", &made.node);
                let asked = cloud.console_log(&made.id, CONSOLE_LINES).await;
                let Some(log) = self.told(RungKind::Metadata, patience, asked)? else { continue };
                let console = guest::console(&log, made.address, &[&made.id, &made.name]);
                let served = match (made.address, turn % 3) {
                    (Some(address), 2) => self.metadata_served(address).await,
                    _ => None,
                };
                match (console.metadata, served) {
                    (Metadata::Read, _) => drop(seen.insert(made.id.clone(), said("metadata-console"))),
                    (_, Some(200)) => {
                        seen.insert(made.id.clone(), said("metadata-log").with("status", 200));
                    }
                    (Metadata::Failed(line), _) if began.elapsed() > METADATA_PATIENCE => {
                        let mut red = Red::new(said("metadata-bad").with("line", line));
                        red.marks = vec![made.id.clone()];
                        return Err(red);
                    }
                    (_, Some(status)) if began.elapsed() > METADATA_PATIENCE => {
                        let mut red = Red::new(said("metadata-log").with("status", status));
                        red.marks = vec![made.id.clone()];
                        return Err(red);
                    }
                    _ => self.waits(RungKind::Metadata, format!("{}: console: {}", made.node, console.last)),
                }
            }
            let missing: Vec<&Made> = self.made.iter().filter(|m| !seen.contains_key(&m.id)).collect();
            if missing.is_empty() {
                break;
            }
            if Instant::now() > patience {
                let mut red = Red { said: Vec::new(), at: Vec::new(), marks: Vec::new() };
                for made in missing {
                    red.said.push(Said::new("metadata-none").with("node", &made.node));
                    red.said.push(last_line(&cloud, made).await);
                }
                return Err(red);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Good::Passed(self.made.iter().filter_map(|m| seen.get(&m.id).cloned()).collect()))
    }

    pub async fn floating(&mut self) -> Climbed {
        let Some(outside) = self.outside.clone() else { return Ok(Good::Skipped(Said::new("no-provider"))) };
        let Some(made) = self.made.first().cloned() else {
            return Err(Red::new(Said::new("why").with("why", "there is no instance")));
        };
        let address =
            self.cloud()?.floating_make(&outside.id, &made.port, &self.proof.name("address")).await?;
        self.floating = Some(address);
        let fixed = made.address.map(|a| a.to_string()).unwrap_or_default();
        passed(
            Said::new("floating-good").with("address", address).with("fixed", fixed).with("node", made.node),
        )
    }

    pub async fn ping(&mut self) -> Climbed {
        let began = Instant::now();
        let patience = self.patience(RungKind::Ping);
        let Some(made) = self.made.first().cloned() else {
            return Err(Red::new(Said::new("why").with("why", "there is no instance")));
        };
        let controller = self.ground.controller.name.clone();
        let Some(address) = self.floating else {
            let Some(address) = made.address else {
                return Err(Red::new(Said::new("why").with("why", "the instance has no address")));
            };
            while began.elapsed() < patience {
                if let Some(node) = self.answers_inside(&self.tenant.clone(), address).await {
                    let said = Said::new("ping-inside").with("address", address).with("node", node);
                    return passed(said.with("seconds", began.elapsed().as_secs()));
                }
                self.waits(RungKind::Ping, format!("{address} does not answer yet"));
                tokio::time::sleep(PAUSE).await;
            }
            return Err(Red::new(Said::new("ping-none").with("address", address).with("node", controller)));
        };
        let said = |key: &str| Said::new(key).with("address", address);
        while began.elapsed() < patience {
            let there = self.answers_controller(address).await;
            let after = began.elapsed().as_secs();
            let here = answers_here(address).await;
            if there || here == Some(true) {
                let mut all = Vec::new();
                if there {
                    all.push(said("ping-controller").with("node", &controller).with("seconds", after));
                }
                // The first answer may have been too late for the one who asked first.
                let here = if here == Some(true) { here } else { answers_here(address).await };
                all.push(match here {
                    Some(true) => said("ping-here"),
                    Some(false) => said("ping-not-here"),
                    None => Said::new("ping-nobody-here"),
                });
                return Ok(Good::Passed(all));
            }
            self.waits(RungKind::Ping, format!("{address} does not answer yet"));
            tokio::time::sleep(PAUSE).await;
        }
        let mut red = Red::new(said("ping-none").with("node", &controller));
        red.marks = vec![address.to_string()];
        Err(red)
    }

    pub async fn console(&mut self) -> Climbed {
        let cloud = self.cloud()?;
        let Some(made) = self.made.first() else {
            return Err(Red::new(Said::new("why").with("why", "there is no instance")));
        };
        let url = cloud.console_url(&made.id).await?;
        let place = cloud.console_answers(&url).await?;
        let log = cloud.console_log(&made.id, CONSOLE_LINES).await?;
        let lines = guest::console(&log, None, &[]).lines;
        passed(Said::new("console-good").with("place", place).with("lines", lines))
    }

    pub async fn volume(&mut self) -> Climbed {
        if !self.ground.cinder {
            return Ok(Good::Skipped(Said::new("no-cinder")));
        }
        let cloud = self.cloud()?.clone();
        let Some(made) = self.made.first().cloned() else {
            return Err(Red::new(Said::new("why").with("why", "there is no instance")));
        };
        let volume = cloud.volume_make(&self.proof.name("volume")).await?;
        self.volume_becomes(&cloud, &volume, "available").await?;
        let device = cloud.volume_attach(&made.id, &volume).await?;
        self.volume_becomes(&cloud, &volume, "in-use").await?;
        cloud.volume_detach(&made.id, &volume).await?;
        self.volume_becomes(&cloud, &volume, "available").await?;
        passed(Said::new("volume-good").with("node", made.node).with("device", device))
    }

    async fn volume_becomes(&self, cloud: &Cloud, volume: &str, wanted: &str) -> Result<(), Red> {
        let patience = Instant::now() + self.patience(RungKind::Volume);
        let mut was = String::new();
        loop {
            let asked = cloud.volume_status(volume).await;
            let Some(status) = self.told(RungKind::Volume, patience, asked)? else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            // Attaching that fails goes back to where it came from.
            let fell_back = was == "attaching" && status == "available" && wanted == "in-use";
            if status == wanted {
                return Ok(());
            }
            if status.starts_with("error") || fell_back {
                let why = if fell_back { "it could not be attached" } else { "Cinder's log says why" };
                let mut red = Red::new(Said::new("volume-bad").with("state", &status).with("why", why));
                red.marks = vec![volume.to_owned()];
                return Err(red);
            }
            self.waits(RungKind::Volume, format!("the volume is {status}"));
            was = status;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The last line of an instance's console.
async fn last_line(cloud: &Cloud, made: &Made) -> Said {
    // A console that could not be read is not one that says nothing.
    let log = match cloud.console_log(&made.id, CONSOLE_LINES).await {
        Ok(log) => log,
        Err(fault) => return Said::new("why").with("why", fault),
    };
    let last = guest::console(&log, None, &[]).last;
    let said = |key: &str| Said::new(key).with("node", &made.node);
    if last.is_empty() { said("console-silent") } else { said("console-last").with("line", last) }
}
