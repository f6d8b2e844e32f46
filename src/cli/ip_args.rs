//! The command line about addresses.

use crate::domain::ipam::PoolKind;
use clap::{Subcommand, ValueEnum};

/// Commands about addresses.
#[derive(Clone, Debug, Subcommand)]
pub enum IpCommand {
    /// List an environment's pools, subnets and addresses: who uses what, and which two claim the same
    List {
        /// Environment, by name or number
        env: String,
        /// Only this
        #[arg(long, value_name = "WHAT")]
        only: Option<IpItems>,
    },
    /// Pools: the networks that subnets are taken from
    #[command(subcommand)]
    Pool(PoolCommand),
    /// Reserve a subnet for an owner; it falls back to its pool unless it is confirmed in time
    Reserve {
        /// Environment, by name or number
        env: String,
        /// For whom: a name that is unique in the environment
        owner: String,
        /// Addresses: 64, 32, 16 or 8; two of them, network and broadcast, cannot be used
        #[arg(long, default_value_t = 64)]
        count: u32,
        /// From which kind of pool
        #[arg(long, value_parser = kind, default_value = "tenant")]
        kind: PoolKind,
        /// Seconds until it falls back
        #[arg(long, value_name = "SECONDS", default_value_t = crate::domain::ipam::TIMEOUT_S)]
        timeout: u32,
        /// This network and no other
        #[arg(long, value_name = "CIDR")]
        at: Option<String>,
    },
    /// Keep a reserved subnet
    Confirm {
        /// Environment, by name or number
        env: String,
        /// Whose
        owner: String,
    },
    /// Give an owner's subnet back, with all addresses in it
    Delete {
        /// Environment, by name or number
        env: String,
        /// Whose
        owner: String,
        /// Do not ask, also when addresses of it are in use
        #[arg(long, short)]
        yes: bool,
    },
    /// Give an address of an owner's subnet to a machine
    Allocate {
        /// Environment, by name or number
        env: String,
        /// Whose subnet
        owner: String,
        /// What the address is for: a machine, an instance, a controller
        to: String,
        /// This address and no other
        #[arg(long, value_name = "ADDRESS")]
        address: Option<String>,
    },
    /// Take an address back
    Release {
        /// Environment, by name or number
        env: String,
        /// Which
        address: String,
    },
}

/// Commands about pools.
#[derive(Clone, Debug, Subcommand)]
pub enum PoolCommand {
    /// Add a pool
    Add {
        /// Environment, by name or number
        env: String,
        /// Network in CIDR form, as 10.20.0.0/24
        net: String,
        /// What its addresses are for: infrastructure or tenant
        #[arg(long, value_parser = kind, default_value = "tenant")]
        kind: PoolKind,
    },
    /// Remove a pool that no subnet lies in
    Remove {
        /// Environment, by name or number
        env: String,
        /// Network in CIDR form
        net: String,
    },
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IpItems {
    /// Networks that subnets are taken from
    Pools,
    /// What belongs to whom
    Subnets,
    /// Single addresses and who has them
    Addresses,
}

fn kind(text: &str) -> Result<PoolKind, String> {
    text.parse()
}
