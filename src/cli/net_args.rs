//! The command line about the network plan.

use crate::domain::netplan::Tag;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// Commands about the network plan.
#[derive(Clone, Debug, Subcommand)]
pub enum NetCommand {
    /// Show an environment's network plan: networks, NIC and address of each node, what is wrong
    Show {
        /// Environment, by name or number
        env: String,
        /// Print the plan as a file for `cpmg net set --file`
        #[arg(long, conflicts_with = "json")]
        toml: bool,
    },
    /// Set the whole plan from a file, or some fields of one network
    Set {
        /// Environment, by name or number
        env: String,
        /// The network: public, cluster, br-mirror or br-vlan
        #[arg(required_unless_present_any = ["file", "names"])]
        tag: Option<Tag>,
        /// File with the whole plan, TOML or JSON; - is the standard input
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "tag")]
        file: Option<PathBuf>,
        /// DNS servers of the nodes, separated by commas; an empty text for none
        #[arg(long, value_name = "ADDRESSES", conflicts_with = "file")]
        names: Option<String>,
        /// Revision the change is based on [default: the newest]
        #[arg(long, value_name = "N")]
        revision: Option<u64>,
        /// What changes.
        #[command(flatten)]
        change: Box<NetArgs>,
    },
    /// Take a network out of the plan
    Remove {
        /// Environment, by name or number
        env: String,
        /// The network: public, cluster, br-mirror or br-vlan
        tag: Tag,
    },
    /// Forget an environment's network plan: it is installed on the network that is there
    Forget {
        /// Environment, by name or number
        env: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Choose the NIC of one node for a network, stronger than the pattern
    Nic {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// The network: public, cluster, br-mirror or br-vlan
        tag: Tag,
        /// Its NIC, as eth1
        #[arg(required_unless_present_any = ["pattern", "none"])]
        nic: Option<String>,
        /// Take the choice back: the pattern counts again
        #[arg(long, conflicts_with = "nic")]
        pattern: bool,
        /// The node does without this network
        #[arg(long, conflicts_with_all = ["nic", "pattern"])]
        none: bool,
    },
    /// Choose the address of one node on a network
    Address {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// The network: public or cluster
        tag: Tag,
        /// Its address, of the range for nodes
        #[arg(required_unless_present = "auto")]
        address: Option<String>,
        /// Take the choice back: it keeps what it has, or gets a free one
        #[arg(long, conflicts_with = "address")]
        auto: bool,
    },
    /// Confirm a change that may cut cpmg's own connection to a node
    Confirm {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Say what is wrong with the plan; exit code 1 if it cannot be installed
    Check {
        /// Environment, by name or number
        env: String,
        /// Check this file instead of the stored plan; - is the standard input
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
}

/// Fields of one network. An empty text takes the field out.
#[derive(Clone, Debug, Default, Args)]
pub struct NetArgs {
    /// Network, as 192.168.7.0/24
    #[arg(long, value_name = "NETWORK", requires = "tag")]
    pub cidr: Option<String>,
    /// Addresses for nodes, as 192.168.7.1-200
    #[arg(long, value_name = "RANGE", requires = "tag")]
    pub range: Option<String>,
    /// Router to other networks
    #[arg(long, value_name = "ADDRESS", requires = "tag")]
    pub gateway: Option<String>,
    /// Addresses for instances (public)
    #[arg(long, value_name = "RANGE", requires = "tag")]
    pub floating: Option<String>,
    /// Virtual addresses, separated by commas
    #[arg(long, value_name = "ADDRESSES", requires = "tag")]
    pub vip: Option<String>,
    /// VLAN on the uplink switch, the same for public, cluster and br-mirror
    #[arg(long, value_name = "VLAN", requires = "tag")]
    pub vlan: Option<String>,
    /// VLANs for tenants (br-vlan), as 100-199,300
    #[arg(long, value_name = "VLANS", requires = "tag")]
    pub vlans: Option<String>,
    /// Largest packet, bytes
    #[arg(long, value_name = "BYTES", requires = "tag")]
    pub mtu: Option<String>,
    #[arg(long, value_name = "PATTERN", requires = "tag")]
    #[arg(
        help = "NIC of each node: a name (eth1, ens*), a place (2nd 10G), a driver (driver ixgbe), MAC addresses"
    )]
    pub nic: Option<String>,
    #[arg(long, value_name = "NETWORK", requires = "tag", help = "IPv6 network, as fd00:7::/64")]
    pub cidr6: Option<String>,
    #[arg(
        long,
        value_name = "RANGE",
        requires = "tag",
        help = "IPv6 addresses for nodes, as fd00:7::10-fd00:7::ff"
    )]
    pub range6: Option<String>,
    /// IPv6 router
    #[arg(long, value_name = "ADDRESS", requires = "tag")]
    pub gateway6: Option<String>,
}
