//! Registers a node as a system: by its MAC address, without making it boot from the network.

use super::client::Cobbler;
use super::error::{CobblerError, FaultKind};
use super::value;
use super::views::Mac;
use super::wire::text;
use crate::domain::secret::Secret;
use dxr::Value;
use std::net::IpAddr;

/// How the machine is switched. The password is stored by Cobbler and given by it to whoever asks: an identity file is better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerSettings {
    /// Name of the agent on the Cobbler server: `ipmilan`, `redfish` …
    pub kind: String,
    /// Where the agent connects to.
    pub address: String,
    /// As whom.
    pub user: String,
    /// With what.
    pub password: Secret,
    /// Which plug or machine; may be empty.
    pub id: String,
    /// A file with a key on the Cobbler server; may be empty.
    pub identity_file: String,
}

/// A node to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The system's name.
    pub name: String,
    /// The machine's host name; empty: the system's name.
    pub hostname: String,
    /// What is to be installed on it.
    pub profile: String,
    /// Its interface: `eth0` …
    pub interface: String,
    /// The MAC address of that interface.
    pub mac: Mac,
    /// The address of that interface.
    pub address: IpAddr,
    /// Its network's mask (`255.255.255.0`); may be empty.
    pub netmask: String,
    /// Its way out; may be empty.
    pub gateway: String,
    /// How it is switched, if Cobbler is to do that.
    pub power: Option<PowerSettings>,
}

/// What registering did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// There is a new system.
    New,
    /// The system was there, with the same addresses; nothing was changed.
    Already,
}

impl Registration {
    fn interface(&self) -> Value {
        let key = |what: &str| format!("{what}-{}", self.interface);
        let address = if self.address.is_ipv4() { "ip_address" } else { "ipv6_address" };
        let mut all = vec![
            (key("mac_address"), text(self.mac.as_str())),
            (key(address), text(self.address.to_string())),
            (key("static"), Value::Boolean(true)),
        ];
        for (what, value) in [("netmask", &self.netmask), ("if_gateway", &self.gateway)] {
            if !value.is_empty() {
                all.push((key(what), text(value)));
            }
        }
        Value::Struct(all.into_iter().collect())
    }

    /// Attributes in the order in which they are set.
    fn attributes(&self) -> Vec<(&'static str, Value)> {
        let hostname = if self.hostname.is_empty() { &self.name } else { &self.hostname };
        let mut all = vec![
            ("name", text(&self.name)),
            ("profile", text(&self.profile)),
            ("hostname", text(hostname)),
            // A new system boots from the network otherwise: the machine would be wiped at its next start.
            ("netboot_enabled", Value::Boolean(false)),
            ("modify_interface", self.interface()),
        ];
        if let Some(p) = &self.power {
            all.push(("power_type", text(&p.kind)));
            let rest = [
                ("power_address", p.address.as_str()),
                ("power_user", &p.user),
                ("power_pass", p.password.reveal()), // Cobbler hands it to the agent
                ("power_id", &p.id),
                ("power_identity_file", &p.identity_file),
            ];
            all.extend(rest.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k, text(v))));
        }
        all
    }
}

impl Cobbler {
    /// Makes a system for a node, unless there is one with the same addresses. A refused attribute ends it before anything is saved.
    ///
    /// # Errors
    /// [`CobblerError::Taken`] when the MAC address or the address belongs to a system of another name, [`CobblerError::OtherMachine`]
    /// when the name belongs to another machine.
    pub async fn register(&self, node: &Registration) -> Result<Registered, CobblerError> {
        self.may_write()?;
        let _one_at_a_time = self.changing.lock().await;
        self.nobody_elses(&node.name, std::slice::from_ref(&node.mac), Some(node.address)).await?;
        if let Some(system) = self.system(&node.name).await? {
            return if system.has_mac(&node.mac) && system.has_address(node.address) {
                Ok(Registered::Already)
            } else {
                let what = format!("the addresses {} and {}", node.mac, node.address);
                Err(CobblerError::OtherMachine { name: node.name.clone(), what })
            };
        }
        if !self.has_profile(&node.profile).await? {
            return Err(CobblerError::NoProfile { name: node.profile.clone() });
        }
        let answer = self.tell("new_system", Vec::new(), Vec::new()).await?;
        let handle =
            value::text(&answer).ok_or_else(|| super::client::unexpected("new_system", "a text", &answer))?;
        // A new handle that is not saved is forgotten after ten minutes.
        for (attribute, value) in node.attributes() {
            self.modify(&handle, attribute, value).await.map_err(|e| taken(e, node))?;
        }
        if let Err(why) = self.save(&handle, "new").await {
            return self.after_failed_save(node, why).await;
        }
        match self.system(&node.name).await? {
            Some(s) if s.has_mac(&node.mac) && s.has_address(node.address) && s.netboot != Some(true) => {
                Ok(Registered::New)
            }
            _ => Err(CobblerError::Ignored { what: format!("registering '{}'", node.name) }),
        }
    }

    /// With an unclear end, what counts is what is there. After a refusal a broken server may show a system that it could not store: that
    /// one is removed.
    async fn after_failed_save(
        &self,
        node: &Registration,
        why: CobblerError,
    ) -> Result<Registered, CobblerError> {
        let found = self.system(&node.name).await;
        let ours = matches!(&found, Ok(Some(s)) if s.has_mac(&node.mac));
        match &why {
            CobblerError::Unclear { .. } if ours => return Ok(Registered::New),
            CobblerError::Fault(f) if ours && f.kind != FaultKind::DuplicateName => {
                // `True` also for one that is not there.
                let recursive = vec![Value::Boolean(false)];
                let _ = self.tell("remove_system", vec![text(&node.name)], recursive).await;
            }
            _ => {}
        }
        Err(why)
    }

    /// Refuses when a MAC address or the address belongs to a system of another name.
    pub(super) async fn nobody_elses(
        &self,
        name: &str,
        macs: &[Mac],
        address: Option<IpAddr>,
    ) -> Result<(), CobblerError> {
        for mac in macs {
            if let Some(system) = self.owners_of_mac(mac).await?.into_iter().find(|n| n != name) {
                return Err(CobblerError::Taken { what: mac.to_string(), system });
            }
        }
        if let Some(address) = address
            && let Some(system) = self.owners_of_address(address).await?.into_iter().find(|n| n != name)
        {
            return Err(CobblerError::Taken { what: address.to_string(), system });
        }
        Ok(())
    }
}

/// Somebody was quicker between the question and the answer.
fn taken(error: CobblerError, node: &Registration) -> CobblerError {
    match error.fault() {
        Some(FaultKind::DuplicateMac(system)) => {
            CobblerError::Taken { what: node.mac.to_string(), system: system.clone() }
        }
        Some(FaultKind::DuplicateAddress(system)) => {
            CobblerError::Taken { what: node.address.to_string(), system: system.clone() }
        }
        Some(FaultKind::NoProfile) => CobblerError::NoProfile { name: node.profile.clone() },
        _ => error,
    }
}
