//! Nova: its services, flavors, key pairs, instances, consoles.

use super::{Cloud, CloudError, list, text};
use crate::domain::proof::judge::Worker;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

const NOVA: &str = "compute";
/// The version of the API from which on an instance's host is named openly and still goes through the scheduler.
const HOST_VERSION: (u32, u32) = (2, 74);

/// A flavor to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlavorSpec {
    /// Its name.
    pub name: String,
    /// Memory, MiB.
    pub ram: u32,
    /// Disk, GiB.
    pub disk: u32,
}

/// An instance to be made.
#[derive(Clone, Debug)]
pub struct InstanceSpec<'a> {
    /// Its name, host name of the guest too.
    pub name: &'a str,
    /// Image.
    pub image: &'a str,
    /// Flavor.
    pub flavor: &'a str,
    /// Network.
    pub network: &'a str,
    /// Security group.
    pub rules: &'a str,
    /// Name of the key pair.
    pub key: &'a str,
    /// The nova-compute that it is to run on.
    pub host: &'a Worker,
}

/// An instance as Nova tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Identity.
    pub id: String,
    /// `ACTIVE`, `BUILD`, `ERROR` …
    pub status: String,
    /// What is done with it, blank if nothing.
    pub task: String,
    /// The host it runs on.
    pub host: String,
    /// Why it is in error.
    pub fault: String,
}

impl Cloud {
    /// Finds out which version of Nova's API there is.
    pub async fn learn_compute(&mut self) -> Result<(), CloudError> {
        let about = self.get(NOVA, "/").await?;
        let told = about.get("version").map(|v| text(v, "version")).unwrap_or_default();
        let (major, minor) = told.split_once('.').unwrap_or_default();
        let known = (major.parse().unwrap_or(0), minor.parse().unwrap_or(0));
        self.compute = (known >= HOST_VERSION).then_some(HOST_VERSION);
        Ok(())
    }

    /// Nova's services.
    pub async fn compute_services(&self) -> Result<Vec<Worker>, CloudError> {
        let answer = self.get(NOVA, "/os-services").await?;
        let worker = |v: &Value| Worker {
            binary: text(v, "binary"),
            host: text(v, "host"),
            alive: text(v, "state") == "up",
            enabled: text(v, "status") != "disabled",
            seen: text(v, "updated_at"),
            zone: text(v, "zone"),
        };
        Ok(list(&answer, "services").iter().map(worker).collect())
    }

    /// Names of the hypervisors.
    pub async fn hypervisors(&self) -> Result<Vec<String>, CloudError> {
        let answer = self.get(NOVA, "/os-hypervisors").await?;
        Ok(list(&answer, "hypervisors").iter().map(|v| text(v, "hypervisor_hostname")).collect())
    }

    /// How many instances of one processor and so much memory, MiB, the project's quota still lets in; `None`: no limit.
    pub async fn instances_free(&self, ram: u32) -> Result<Option<u32>, CloudError> {
        let answer = self.get(NOVA, "/limits").await?;
        Ok(fits(&answer, ram))
    }

    /// Makes a flavor of one processor.
    pub async fn flavor_make(&self, spec: &FlavorSpec) -> Result<String, CloudError> {
        let body = json!({"flavor": {"name": spec.name, "ram": spec.ram, "vcpus": 1, "disk": spec.disk}});
        let answer = self.post(NOVA, "/flavors", &body).await?;
        Self::id(NOVA, "POST /flavors", &answer, "flavor")
    }

    /// Has Nova make a key pair; its fingerprint. The private half is dropped here.
    pub async fn key_make(&self, name: &str) -> Result<String, CloudError> {
        let answer = self.post(NOVA, "/os-keypairs", &json!({"keypair": {"name": name}})).await?;
        Ok(answer.get("keypair").map(|k| text(k, "fingerprint")).unwrap_or_default())
    }

    /// Makes an instance on a host; its identity.
    pub async fn instance_make(&self, spec: &InstanceSpec<'_>) -> Result<String, CloudError> {
        let mut server = json!({
            "name": spec.name,
            "imageRef": spec.image,
            "flavorRef": spec.flavor,
            "key_name": spec.key,
            "networks": [{"uuid": spec.network}],
            "security_groups": [{"name": spec.rules}],
            "metadata": {"cpmg": spec.name},
        });
        if let Some(map) = server.as_object_mut() {
            if self.compute.is_some() {
                map.insert("host".into(), json!(spec.host.host));
            } else {
                // Older versions leave the scheduler out when a host is named.
                map.insert(
                    "availability_zone".into(),
                    json!(format!("{}:{}", spec.host.zone, spec.host.host)),
                );
            }
        }
        let answer = self.post(NOVA, "/servers", &json!({"server": server})).await?;
        Self::id(NOVA, "POST /servers", &answer, "server")
    }

    /// How an instance stands; `None`: it is gone.
    pub async fn instance(&self, id: &str) -> Result<Option<Instance>, CloudError> {
        let answer = match self.get(NOVA, &format!("/servers/{id}")).await {
            Err(fault) if fault.status() == Some(404) => return Ok(None),
            other => other?,
        };
        let server = answer.get("server").cloned().unwrap_or_default();
        Ok(Some(Instance {
            id: text(&server, "id"),
            status: text(&server, "status"),
            task: text(&server, "OS-EXT-STS:task_state"),
            host: text(&server, "OS-EXT-SRV-ATTR:host"),
            fault: server.get("fault").map(|f| text(f, "message")).unwrap_or_default(),
        }))
    }

    /// The last lines of an instance's console; blank while it has none.
    pub async fn console_log(&self, id: &str, lines: u32) -> Result<String, CloudError> {
        let body = json!({"os-getConsoleOutput": {"length": lines}});
        match self.post(NOVA, &format!("/servers/{id}/action"), &body).await {
            Ok(answer) => Ok(text(&answer, "output")),
            // Not ready yet.
            Err(fault) if matches!(fault.status(), Some(404 | 409)) => Ok(String::new()),
            Err(fault) => Err(fault),
        }
    }

    /// The address of an instance's console. There is a token in it: it is not for messages.
    pub async fn console_url(&self, id: &str) -> Result<String, CloudError> {
        let path = format!("/servers/{id}");
        let url = if self.compute.is_some() {
            let body = json!({"remote_console": {"protocol": "vnc", "type": "novnc"}});
            let answer = self.post(NOVA, &format!("{path}/remote-consoles"), &body).await?;
            answer.get("remote_console").map(|c| text(c, "url"))
        } else {
            let body = json!({"os-getVNCConsole": {"type": "novnc"}});
            let answer = self.post(NOVA, &format!("{path}/action"), &body).await?;
            answer.get("console").map(|c| text(c, "url"))
        };
        url.filter(|u| !u.is_empty())
            .ok_or_else(|| Self::odd(NOVA, "remote console", "there is no address in it"))
    }

    /// Attaches a volume; the device as Nova names it.
    pub async fn volume_attach(&self, instance: &str, volume: &str) -> Result<String, CloudError> {
        let path = format!("/servers/{instance}/os-volume_attachments");
        let answer = self.post(NOVA, &path, &json!({"volumeAttachment": {"volumeId": volume}})).await?;
        Ok(answer.get("volumeAttachment").map(|a| text(a, "device")).unwrap_or_default())
    }

    /// Detaches a volume.
    pub async fn volume_detach(&self, instance: &str, volume: &str) -> Result<(), CloudError> {
        self.delete(NOVA, &format!("/servers/{instance}/os-volume_attachments/{volume}")).await
    }
}

/// An IPv4 address in a field.
pub(super) fn address(value: &Value, name: &str) -> Option<Ipv4Addr> {
    text(value, name).parse().ok()
}

/// How many instances of one processor and so much memory, MiB, fit into what `/limits` says; `None`: no limit.
fn fits(answer: &Value, ram: u32) -> Option<u32> {
    let limits = answer.get("limits").and_then(|l| l.get("absolute"));
    let number = |name: &str| limits.and_then(|l| l.get(name)).and_then(Value::as_i64);
    let free = |max: &str, used: &str| {
        number(max).filter(|m| *m >= 0).map(|m| (m - number(used).unwrap_or(0)).max(0))
    };
    let instances = free("maxTotalInstances", "totalInstancesUsed");
    let cores = free("maxTotalCores", "totalCoresUsed");
    let memory = free("maxTotalRAMSize", "totalRAMUsed").map(|m| m / i64::from(ram.max(1)));
    [instances, cores, memory].into_iter().flatten().min().map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn quotas_of_instances_processors_and_memory() {
        let limits = |ram: i64| {
            json!({"limits": {"absolute": {
                "maxTotalInstances": 10, "totalInstancesUsed": 2, "maxTotalCores": -1, "maxTotalRAMSize": ram, "totalRAMUsed": 512,
            }}})
        };
        assert_eq!(fits(&limits(-1), 1024), Some(8));
        assert_eq!(fits(&limits(4096), 1024), Some(3));
        assert_eq!(fits(&limits(4096), 256), Some(8));
        assert_eq!(fits(&json!({}), 256), None);
    }
}
