//! Things in a cloud that carry a name: found by how it begins, removed in an order in which each lets the next go.

use super::{Cloud, CloudError, list, text};
use serde_json::{Value, json};

/// A kind of thing, in the order in which they are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThingKind {
    /// An instance.
    Instance,
    /// A volume.
    Volume,
    /// A floating address; its description counts as its name.
    Floating,
    /// A router.
    Router,
    /// A network with its subnets.
    Network,
    /// A security group.
    Rules,
    /// A key pair; its name is its identity.
    Key,
    /// A flavor.
    Flavor,
    /// An image.
    Image,
}

/// A thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// What it is.
    pub kind: ThingKind,
    /// Identity.
    pub id: String,
    /// Name.
    pub name: String,
}

impl ThingKind {
    /// All, in the order in which they are removed.
    pub const ALL: [Self; 9] = [
        Self::Instance,
        Self::Volume,
        Self::Floating,
        Self::Router,
        Self::Network,
        Self::Rules,
        Self::Key,
        Self::Flavor,
        Self::Image,
    ];

    /// Service, path of the list, its name in the answer, path of one.
    fn home(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Instance => {
                ("compute", "/servers/detail?all_tenants=true&limit=1000", "servers", "/servers")
            }
            Self::Volume => ("volumev3", "/volumes/detail?all_tenants=true", "volumes", "/volumes"),
            Self::Floating => ("network", "/floatingips", "floatingips", "/floatingips"),
            Self::Router => ("network", "/routers", "routers", "/routers"),
            Self::Network => ("network", "/networks", "networks", "/networks"),
            Self::Rules => ("network", "/security-groups", "security_groups", "/security-groups"),
            Self::Key => ("compute", "/os-keypairs", "keypairs", "/os-keypairs"),
            Self::Flavor => ("compute", "/flavors?is_public=None&limit=1000", "flavors", "/flavors"),
            Self::Image => ("image", "/images?limit=1000", "images", "/images"),
        }
    }
}

fn thing(kind: ThingKind, value: &Value) -> Thing {
    let inner = value.get("keypair").filter(|_| kind == ThingKind::Key).unwrap_or(value);
    let name = text(inner, if kind == ThingKind::Floating { "description" } else { "name" });
    let id = if kind == ThingKind::Key { name.clone() } else { text(inner, "id") };
    Thing { kind, id, name }
}

impl Cloud {
    /// Things of a kind whose name begins so. A service that the cloud does not have has none.
    pub async fn things(&self, kind: ThingKind, prefix: &str) -> Result<Vec<Thing>, CloudError> {
        let (service, path, name, _) = kind.home();
        if !self.has(service) {
            return Ok(Vec::new());
        }
        let answer = self.get(service, path).await?;
        let all = list(&answer, name).iter().map(|v| thing(kind, v));
        Ok(all.filter(|t| t.name.starts_with(prefix) && !t.id.is_empty()).collect())
    }

    /// Begins to remove a thing, with what is in the way of it. Instances and volumes go a while later.
    pub async fn remove(&self, thing: &Thing) -> Result<(), CloudError> {
        let (service, _, _, path) = thing.kind.home();
        let id = &thing.id;
        match thing.kind {
            ThingKind::Router => {
                let ports = self.get("network", &format!("/ports?device_id={id}")).await?;
                for port in list(&ports, "ports") {
                    if text(port, "device_owner") == "network:router_gateway" {
                        continue;
                    }
                    let body = json!({"port_id": text(port, "id")});
                    let taken =
                        self.put("network", &format!("/routers/{id}/remove_router_interface"), &body).await;
                    if let Err(fault) = taken
                        && fault.status() != Some(404)
                    {
                        return Err(fault);
                    }
                }
            }
            // What an instance left behind, if Nova could not remove it.
            ThingKind::Network => {
                let ports = self.get("network", &format!("/ports?network_id={id}")).await?;
                for port in
                    list(&ports, "ports").iter().filter(|p| text(p, "device_owner").starts_with("compute:"))
                {
                    self.delete("network", &format!("/ports/{}", text(port, "id"))).await?;
                }
            }
            // One that is stuck in attaching or in error lets go only like this; a service that refuses it is asked to remove all the same.
            ThingKind::Volume => {
                let status = self.volume_status(id).await.unwrap_or_default();
                if !matches!(status.as_str(), "available" | "deleting" | "") {
                    let reset =
                        json!({"os-reset_status": {"status": "available", "attach_status": "detached"}});
                    if let Err(why) = self.post("volumev3", &format!("/volumes/{id}/action"), &reset).await {
                        tracing::debug!(%why, "a volume keeps its status");
                    }
                }
            }
            _ => {}
        }
        self.delete(service, &format!("{path}/{id}")).await
    }
}
