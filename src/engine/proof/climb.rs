//! The rungs as they are climbed: each asks, makes or waits for one thing, and says what it saw.
//!
//! A rung waits for as long as its ceiling lets it; what it waits for stands in the record meanwhile ([`Climb::waits`]), and is what a
//! rung that was given up says.

use super::ground::Ground;
use super::image::{self, File};
use super::{Engine, now};
use crate::cloud::{
    Cloud, CloudError, FlavorSpec, Http, Login, Net, Place, Subnet, Thing, ThingKind, Upload,
};
use crate::domain::ids::NodeId;
use crate::domain::node::Node;
use crate::domain::proof::judge::{Fault, Worker, free_subnet, judge_workers};
use crate::domain::proof::{PREFIX, Proof, RungKind, Said};
use crate::ssh::Session;
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Pause between two looks.
pub const PAUSE: Duration = Duration::from_millis(1500);
/// Services without which there is nothing to prove.
const NEEDED: [&str; 4] = ["identity", "image", "compute", "network"];

/// The module that serves a type of the catalogue.
pub fn module_of(service: &str) -> &str {
    match service {
        "image" => "glance",
        "compute" => "nova",
        "network" => "neutron",
        "identity" => "keystone",
        "volumev3" | "volumev2" | "block-storage" => "cinder",
        "orchestration" | "cloudformation" => "heat",
        "key-manager" => "barbican",
        "object-store" => "swift",
        "load-balancer" => "octavia",
        "container-infra" => "magnum",
        other => other,
    }
}

/// A rung that is not red.
pub enum Good {
    Passed(Vec<Said>),
    Skipped(Said),
}

/// A red rung.
pub struct Red {
    pub said: Vec<Said>,
    /// Modules, nodes and units whose logs tell more; none: those of the rung, on all nodes.
    pub at: Vec<Fault>,
    /// Identities that stand in the lines wanted: of requests, of instances.
    pub marks: Vec<String>,
}

impl Red {
    pub fn new(said: Said) -> Self {
        Self { said: vec![said], at: Vec::new(), marks: Vec::new() }
    }

    pub fn faults(faults: Vec<Fault>) -> Self {
        Self { said: faults.iter().map(|f| f.said.clone()).collect(), at: faults, marks: Vec::new() }
    }
}

impl From<CloudError> for Red {
    fn from(fault: CloudError) -> Self {
        let marks = fault.request_id().map(str::to_owned).into_iter().collect();
        Self { said: vec![Said::new("why").with("why", fault)], at: Vec::new(), marks }
    }
}

pub type Climbed = Result<Good, Red>;

#[allow(clippy::unnecessary_wraps, reason = "how a rung ends that has nothing more to say")]
pub fn passed(said: Said) -> Climbed {
    Ok(Good::Passed(vec![said]))
}

/// An instance that was made.
#[derive(Clone, Debug)]
pub struct Made {
    pub id: String,
    pub name: String,
    /// The node it is on.
    pub node: String,
    pub port: String,
    pub address: Option<Ipv4Addr>,
}

/// A proof under way.
pub struct Climb {
    pub engine: Arc<Engine>,
    pub ground: Ground,
    pub sessions: BTreeMap<NodeId, Session>,
    pub cloud: Option<Cloud>,
    pub began: Instant,
    /// Names of what could not be removed.
    pub left: Vec<String>,
    pub proof: Proof,
    pub workers: Vec<Worker>,
    pub image: String,
    pub flavor: String,
    /// Memory of the flavor, MiB.
    pub ram: u32,
    pub outside: Option<Net>,
    pub tenant: String,
    subnet: String,
    cidr: Option<Ipv4Net>,
    pub rules: String,
    pub made: Vec<Made>,
    pub floating: Option<Ipv4Addr>,
}

impl Climb {
    pub fn new(engine: Arc<Engine>, ground: Ground, proof: &Proof) -> Self {
        Self {
            engine,
            ground,
            sessions: BTreeMap::new(),
            cloud: None,
            began: Instant::now(),
            left: Vec::new(),
            proof: proof.clone(),
            workers: Vec::new(),
            image: String::new(),
            flavor: String::new(),
            ram: 0,
            outside: None,
            tenant: String::new(),
            subnet: String::new(),
            cidr: None,
            rules: String::new(),
            made: Vec::new(),
            floating: None,
        }
    }

    /// Climbs a rung.
    pub async fn rung(&mut self, kind: RungKind) -> Climbed {
        match kind {
            RungKind::Units => self.units().await,
            RungKind::Token => self.token().await,
            RungKind::Endpoints => self.endpoints().await,
            RungKind::Agents => self.agents().await,
            RungKind::Image => self.image().await,
            RungKind::Flavor => self.flavor().await,
            RungKind::Network => self.network().await,
            RungKind::Router => self.router().await,
            RungKind::SecurityGroup => {
                self.rules = self.cloud()?.rules_make(&self.proof.name("rules")).await?;
                passed(Said::new("rules-good"))
            }
            RungKind::KeyPair => {
                let fingerprint = self.cloud()?.key_make(&self.proof.name("key")).await?;
                passed(Said::new("key-good").with("fingerprint", fingerprint))
            }
            RungKind::Instance => self.instances().await,
            RungKind::Address => self.addresses().await,
            RungKind::Metadata => self.metadata().await,
            RungKind::Floating => self.floating().await,
            RungKind::Ping => self.ping().await,
            RungKind::Console => self.console().await,
            RungKind::Volume => self.volume().await,
            RungKind::Cleanup => self.cleanup().await,
            RungKind::Unknown => Err(Red::new(Said::new("why").with("why", "an unknown rung"))),
        }
    }

    /// What the rung waits for right now, as the record shows it.
    pub fn tell(&self, kind: RungKind, said: Said) {
        self.engine.proof_note(self.ground.env.id, |p| p.progress(kind, said));
    }

    pub fn waits(&self, kind: RungKind, why: impl ToString) {
        self.tell(kind, Said::new("waits").with("why", why));
    }

    pub fn cloud(&self) -> Result<&Cloud, Red> {
        self.cloud
            .as_ref()
            .ok_or_else(|| Red::new(Said::new("why").with("why", "nobody is logged in to the cloud")))
    }

    /// A connection to a node, kept.
    pub async fn session(&mut self, node: &Node) -> Result<Session, String> {
        if let Some(session) = self.sessions.get(&node.id).filter(|s| s.is_up()) {
            return Ok(session.clone());
        }
        let session = self.engine.connect_node(node).await.map_err(|f| f.to_string())?;
        self.sessions.insert(node.id, session.clone());
        Ok(session)
    }

    /// Closes the connections.
    pub async fn close(self) {
        for session in self.sessions.into_values() {
            session.close().await;
        }
        if let Some(cloud) = self.cloud {
            cloud.http().session().close().await;
        }
    }

    /// Logs in to the cloud, over a connection of its own.
    pub async fn login(&self) -> Result<Cloud, CloudError> {
        let session = match &self.cloud {
            Some(cloud) if cloud.http().session().is_up() => cloud.http().session().clone(),
            _ => self.engine.connect_node(&self.ground.controller).await?,
        };
        let keystone = Place {
            host: self.ground.controller.name.clone(),
            port: self.ground.keystone_port,
            path: "/v3".into(),
        };
        let login =
            Login { user: "admin".into(), project: "admin".into(), password: self.ground.password.clone() };
        Cloud::login(Http::new(session), &keystone, &login, self.ground.region.clone()).await
    }

    async fn token(&mut self) -> Climbed {
        let patience = Instant::now() + Duration::from_secs(30);
        loop {
            match self.login().await {
                Ok(cloud) => {
                    let services = cloud.services().len();
                    let said = Said::new("token-good").with("until", &cloud.expires).with("count", services);
                    self.cloud = Some(cloud);
                    return passed(said);
                }
                Err(fault) if fault.is_passing() && Instant::now() < patience => {
                    self.waits(RungKind::Token, &fault);
                    tokio::time::sleep(PAUSE).await;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
    }

    async fn endpoints(&mut self) -> Climbed {
        let cloud = self.cloud()?;
        if let Some(missing) = NEEDED.iter().find(|n| !cloud.has(n)) {
            return Err(Red::new(Said::new("endpoint-missing").with("service", missing)));
        }
        let services: Vec<String> = cloud.services().into_iter().map(str::to_owned).collect();
        let patience = Instant::now() + Duration::from_secs(45);
        for service in &services {
            loop {
                let Err(fault) = self.cloud()?.answers(service).await else { break };
                if fault.is_passing() && Instant::now() < patience {
                    self.waits(RungKind::Endpoints, &fault);
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                let module = module_of(service);
                let said = Said::new("endpoint-bad").with("service", service).with("why", &fault);
                let at = Fault { node: None, module: Some(module.into()), unit: None, said };
                return Err(Red::faults(vec![at]));
            }
        }
        let mut cloud = self.cloud()?.clone();
        cloud.learn_compute().await?;
        self.cloud = Some(cloud);
        let said =
            Said::new("endpoint-good").with("count", services.len()).with("services", services.join(", "));
        passed(said)
    }

    async fn agents(&mut self) -> Climbed {
        let computes = self.ground.computes();
        let patience = Instant::now() + Duration::from_secs(u64::from(RungKind::Agents.ceiling_s(0)) - 20);
        loop {
            let cloud = self.cloud()?;
            let asked = async {
                Ok::<_, CloudError>((
                    cloud.compute_services().await?,
                    cloud.agents().await?,
                    cloud.hypervisors().await?,
                ))
            };
            match asked.await {
                Ok((services, agents, hypervisors)) => {
                    match judge_workers(&services, &agents, &hypervisors, &computes) {
                        Ok(said) => {
                            self.workers = services;
                            return passed(said);
                        }
                        Err(faults) if Instant::now() < patience => {
                            let words = faults.first().map(|f| f.said.words()).unwrap_or_default();
                            self.waits(RungKind::Agents, words);
                        }
                        Err(faults) => return Err(Red::faults(faults)),
                    }
                }
                Err(fault) if fault.is_passing() && Instant::now() < patience => {
                    self.waits(RungKind::Agents, &fault);
                }
                Err(fault) => return Err(fault.into()),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn image(&mut self) -> Climbed {
        let found =
            image::look(&self.proof.image).map_err(|why| Red::new(Said::new("why").with("why", why)))?;
        let mut all = Vec::new();
        let earlier = self.things().await?;
        if !earlier.is_empty() {
            let names: Vec<&str> = earlier.iter().map(|t| t.name.as_str()).collect();
            all.push(Said::new("leftovers").with("count", names.len()).with("names", names.join(", ")));
            self.remove_all(RungKind::Image).await?;
        }
        let mut boots_with = None;
        let mut bytes = found.disk.length;
        if let Some((kernel, initrd)) = &found.boots_with {
            let parts =
                (self.upload("kernel", kernel, None).await?, self.upload("initrd", initrd, None).await?);
            bytes += kernel.length + initrd.length;
            boots_with = Some(parts);
        }
        let parts = boots_with.as_ref().map(|(k, i)| (k.as_str(), i.as_str()));
        self.image = self.upload("image", &found.disk, parts).await?;
        let key = if parts.is_some() { "image-parts" } else { "image-good" };
        let size =
            if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) };
        let said = Said::new(key).with("name", self.proof.name("image")).with("format", found.disk.format);
        all.push(said.with("size", size).with("file", &self.proof.image));
        Ok(Good::Passed(all))
    }

    /// Makes an image, sends its content and waits until it can be used.
    async fn upload(&self, what: &str, file: &File, boots_with: Option<(&str, &str)>) -> Result<String, Red> {
        let cloud = self.cloud()?;
        let name = self.proof.name(what);
        let upload =
            Upload { name: &name, path: &file.path, length: file.length, format: file.format, boots_with };
        let id = cloud.image_make(&upload).await?;
        let sent = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&sent);
        let watch = async {
            loop {
                tokio::time::sleep(PAUSE).await;
                let done = counter.load(Ordering::Relaxed) >> 20;
                let said = Said::new("image-sending").with("sent", done).with("total", file.length >> 20);
                self.tell(RungKind::Image, said);
            }
        };
        tokio::select! {
            result = cloud.image_send(&id, &upload, sent) => result?,
            () = watch => {}
        }
        loop {
            let status = cloud.image_status(&id).await?;
            match status.as_str() {
                "active" => return Ok(id),
                "killed" | "deleted" | "deactivated" => {
                    let why = format!("Glance says that the image is {status}");
                    return Err(Red::new(Said::new("why").with("why", why)));
                }
                _ => self.waits(RungKind::Image, format!("the image is {status}")),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn flavor(&mut self) -> Climbed {
        let found =
            image::look(&self.proof.image).map_err(|why| Red::new(Said::new("why").with("why", why)))?;
        let gib = |bytes: u64| u32::try_from(bytes.div_ceil(1 << 30)).unwrap_or(u32::MAX).max(1);
        let disk = gib(found.disk.holds);
        // A whole distribution wants more than a guest made for tests.
        let ram = match found.disk.holds >> 20 {
            0..=256 => 256,
            257..=1024 => 512,
            _ => 1024,
        };
        let spec = FlavorSpec { name: self.proof.name("flavor"), ram, disk };
        self.flavor = self.cloud()?.flavor_make(&spec).await?;
        self.ram = ram;
        passed(
            Said::new("flavor-good")
                .with("name", spec.name)
                .with("vcpus", 1)
                .with("ram", ram)
                .with("disk", disk),
        )
    }

    async fn network(&mut self) -> Climbed {
        let cloud = self.cloud()?;
        let there = cloud.external_networks().await?;
        let ours = there.iter().find(|n| n.physical == self.ground.physical).or(there.first()).cloned();
        let mut all = Vec::new();
        let outside = match (&self.ground.public, ours) {
            (_, Some(net)) => {
                all.push(Said::new("provider-there").with("name", &net.name));
                Some(net)
            }
            (Some((cidr, gateway, pool)), None) => {
                let name = self.proof.name("public");
                let net = cloud.provider_make(&name, &self.ground.physical).await?;
                let subnet = Subnet {
                    name: &name,
                    network: &net.id,
                    cidr: *cidr,
                    gateway: *gateway,
                    pool: Some(*pool),
                    dhcp: false,
                };
                cloud.subnet_make(&subnet).await?;
                let said =
                    Said::new("provider-made").with("cidr", cidr).with("physical", &self.ground.physical);
                all.push(said.with("pool", format!("{}-{}", pool.0, pool.1)));
                Some(net)
            }
            (None, None) => {
                all.push(Said::new("provider-none"));
                None
            }
        };
        let mut taken = self.ground.taken.clone();
        taken.extend(cloud.subnets().await?);
        let cidr = free_subnet(&taken, self.proof.number).ok_or_else(|| {
            Red::new(
                Said::new("why")
                    .with("why", "every private network is in use: none is left for the instances"),
            )
        })?;
        let name = self.proof.name("net");
        let net = cloud.tenant_make(&name).await?;
        let subnet = Subnet { name: &name, network: &net.id, cidr, gateway: None, pool: None, dhcp: true };
        let subnet = cloud.subnet_make(&subnet).await?;
        all.push(Said::new("tenant-made").with("cidr", cidr).with("kind", &net.kind));
        (self.outside, self.tenant, self.subnet, self.cidr) = (outside, net.id, subnet, Some(cidr));
        Ok(Good::Passed(all))
    }

    async fn router(&mut self) -> Climbed {
        let cloud = self.cloud()?;
        let outside = self.outside.as_ref().map(|n| n.id.as_str());
        let (router, address) = cloud.router_make(&self.proof.name("router"), outside).await?;
        cloud.router_attach(&router, &self.subnet).await?;
        self.wired().await?;
        let cidr = self.cidr.map(|c| c.to_string()).unwrap_or_default();
        passed(match (outside, address) {
            (None, _) => Said::new("router-inside").with("cidr", cidr),
            (Some(_), address) => {
                let address = address.map_or_else(|| "-".to_owned(), |a| a.to_string());
                Said::new("router-good").with("cidr", cidr).with("address", address)
            }
        })
    }

    /// Everything in the cloud that a proof made, this one or an earlier one.
    pub async fn things(&self) -> Result<Vec<Thing>, CloudError> {
        let Some(cloud) = &self.cloud else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for kind in ThingKind::ALL {
            all.extend(cloud.things(kind, PREFIX).await?);
        }
        Ok(all)
    }

    /// Seconds since a moment, for messages.
    pub fn age(&self) -> u64 {
        now().since(self.proof.started) / 1000
    }
}
