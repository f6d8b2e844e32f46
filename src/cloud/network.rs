//! Neutron: agents, networks, routers, security groups, ports, floating addresses.

use super::compute::address;
use super::{Cloud, CloudError, list, text};
use crate::domain::proof::judge::{Worker, is_dhcp_port, is_router_port};
use ipnet::Ipv4Net;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

const NEUTRON: &str = "network";

/// A network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Net {
    /// Identity.
    pub id: String,
    /// Name.
    pub name: String,
    /// `flat`, `vxlan` …
    pub kind: String,
    /// Name of the physical network, of flat and VLAN networks.
    pub physical: String,
}

/// A subnet to be made.
#[derive(Clone, Debug)]
pub struct Subnet<'a> {
    /// Name.
    pub name: &'a str,
    /// Network.
    pub network: &'a str,
    /// Its addresses.
    pub cidr: Ipv4Net,
    /// The way out; `None`: Neutron's choice.
    pub gateway: Option<Ipv4Addr>,
    /// First and last address that Neutron hands out; `None`: all.
    pub pool: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Whether DHCP serves it.
    pub dhcp: bool,
}

fn net(value: &Value) -> Net {
    Net {
        id: text(value, "id"),
        name: text(value, "name"),
        kind: text(value, "provider:network_type"),
        physical: text(value, "provider:physical_network"),
    }
}

impl Cloud {
    /// Neutron's agents.
    pub async fn agents(&self) -> Result<Vec<Worker>, CloudError> {
        let answer = self.get(NEUTRON, "/agents").await?;
        let worker = |v: &Value| Worker {
            binary: text(v, "binary"),
            host: text(v, "host"),
            alive: text(v, "alive") == "true",
            enabled: text(v, "admin_state_up") != "false",
            seen: text(v, "heartbeat_timestamp"),
            zone: text(v, "availability_zone"),
        };
        Ok(list(&answer, "agents").iter().map(worker).collect())
    }

    /// Networks that lead outside.
    pub async fn external_networks(&self) -> Result<Vec<Net>, CloudError> {
        let answer = self.get(NEUTRON, "/networks?router%3Aexternal=true").await?;
        Ok(list(&answer, "networks").iter().map(net).collect())
    }

    /// Address ranges of every subnet there is.
    pub async fn subnets(&self) -> Result<Vec<Ipv4Net>, CloudError> {
        let answer = self.get(NEUTRON, "/subnets").await?;
        Ok(list(&answer, "subnets").iter().filter_map(|s| text(s, "cidr").parse().ok()).collect())
    }

    /// Makes a provider network: flat, leading outside.
    pub async fn provider_make(&self, name: &str, physical: &str) -> Result<Net, CloudError> {
        let body = json!({"network": {
            "name": name, "router:external": true, "shared": false,
            "provider:network_type": "flat", "provider:physical_network": physical,
        }});
        self.network_make(&body).await
    }

    /// Makes a self-service network.
    pub async fn tenant_make(&self, name: &str) -> Result<Net, CloudError> {
        self.network_make(&json!({"network": {"name": name}})).await
    }

    async fn network_make(&self, body: &Value) -> Result<Net, CloudError> {
        let answer = self.post(NEUTRON, "/networks", body).await?;
        Self::id(NEUTRON, "POST /networks", &answer, "network")?;
        Ok(answer.get("network").map(net).unwrap_or_default())
    }

    /// Makes a subnet.
    pub async fn subnet_make(&self, spec: &Subnet<'_>) -> Result<String, CloudError> {
        let mut subnet = json!({
            "name": spec.name, "network_id": spec.network, "ip_version": 4,
            "cidr": spec.cidr.to_string(), "enable_dhcp": spec.dhcp,
        });
        if let Some(map) = subnet.as_object_mut() {
            if let Some(gateway) = spec.gateway {
                map.insert("gateway_ip".into(), json!(gateway));
            }
            if let Some((start, end)) = spec.pool {
                map.insert("allocation_pools".into(), json!([{"start": start, "end": end}]));
            }
        }
        let answer = self.post(NEUTRON, "/subnets", &json!({"subnet": subnet})).await?;
        Self::id(NEUTRON, "POST /subnets", &answer, "subnet")
    }

    /// Makes a router, leading to a provider network if there is one; its identity and its address outside.
    pub async fn router_make(
        &self,
        name: &str,
        outside: Option<&str>,
    ) -> Result<(String, Option<Ipv4Addr>), CloudError> {
        let mut router = json!({"name": name});
        if let (Some(net), Some(map)) = (outside, router.as_object_mut()) {
            map.insert("external_gateway_info".into(), json!({"network_id": net}));
        }
        let answer = self.post(NEUTRON, "/routers", &json!({"router": router})).await?;
        let id = Self::id(NEUTRON, "POST /routers", &answer, "router")?;
        let gateway =
            answer.get("router").and_then(|r| r.get("external_gateway_info")).cloned().unwrap_or_default();
        let outside = list(&gateway, "external_fixed_ips").iter().find_map(|i| address(i, "ip_address"));
        Ok((id, outside))
    }

    /// Puts a subnet behind a router.
    pub async fn router_attach(&self, router: &str, subnet: &str) -> Result<(), CloudError> {
        let path = format!("/routers/{router}/add_router_interface");
        self.put(NEUTRON, &path, &json!({"subnet_id": subnet})).await.map(drop)
    }

    /// Makes a security group that lets ping and SSH in.
    pub async fn rules_make(&self, name: &str) -> Result<String, CloudError> {
        let answer =
            self.post(NEUTRON, "/security-groups", &json!({"security_group": {"name": name}})).await?;
        let id = Self::id(NEUTRON, "POST /security-groups", &answer, "security_group")?;
        for (protocol, port) in [("icmp", None), ("tcp", Some(22))] {
            let rule = json!({"security_group_rule": {
                "security_group_id": id, "direction": "ingress", "ethertype": "IPv4", "protocol": protocol,
                "port_range_min": port, "port_range_max": port, "remote_ip_prefix": "0.0.0.0/0",
            }});
            self.post(NEUTRON, "/security-group-rules", &rule).await?;
        }
        Ok(id)
    }

    /// The first port of an instance and its address.
    pub async fn port_of(&self, instance: &str) -> Result<Option<(String, Ipv4Addr)>, CloudError> {
        let answer = self.get(NEUTRON, &format!("/ports?device_id={instance}")).await?;
        Ok(list(&answer, "ports").iter().find_map(|p| {
            let fixed = list(p, "fixed_ips").iter().find_map(|i| address(i, "ip_address"))?;
            Some((text(p, "id"), fixed))
        }))
    }

    /// The ports of a network that agents set up, the DHCP server's and the router's: who owns each, and its state.
    pub async fn wiring_of(&self, network: &str) -> Result<Vec<(String, String)>, CloudError> {
        let answer = self.get(NEUTRON, &format!("/ports?network_id={network}")).await?;
        let ports = list(&answer, "ports").iter().map(|p| (text(p, "device_owner"), text(p, "status")));
        Ok(ports.filter(|(owner, _)| is_dhcp_port(owner) || is_router_port(owner)).collect())
    }

    /// Gives a port an address outside. `mark` stands in its description: it has no name.
    pub async fn floating_make(&self, network: &str, port: &str, mark: &str) -> Result<Ipv4Addr, CloudError> {
        let body =
            json!({"floatingip": {"floating_network_id": network, "port_id": port, "description": mark}});
        let answer = self.post(NEUTRON, "/floatingips", &body).await?;
        let made = answer.get("floatingip").and_then(|f| address(f, "floating_ip_address"));
        made.ok_or_else(|| Self::odd(NEUTRON, "POST /floatingips", "there is no address in it"))
    }
}
