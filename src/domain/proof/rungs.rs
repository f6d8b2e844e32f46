//! The rungs: their order, how long each takes at a guess, when each is given up, and whose logs tell why one is red.

use serde::{Deserialize, Serialize};

macro_rules! rungs {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $weight:literal, $ceiling:literal, $modules:expr;)*) => {
        /// A rung of the ladder.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum RungKind {
            $($(#[$doc])* $name,)*
            /// Something this program does not know.
            #[serde(other)]
            Unknown,
        }

        impl RungKind {
            /// All, from the bottom to the top.
            pub const ALL: [Self; 18] = [$(Self::$name,)*];

            /// The word in JSON, in learned times (`proof/WORD`) and in the message catalogue (`proof-rung-WORD`).
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* Self::Unknown => "unknown" }
            }

            /// A guess at how long it takes, seconds, until that was measured.
            pub fn weight_s(self) -> u32 {
                match self { $(Self::$name => $weight,)* Self::Unknown => 1 }
            }

            fn base_ceiling_s(self) -> u32 {
                match self { $(Self::$name => $ceiling,)* Self::Unknown => 60 }
            }

            /// Modules whose logs are looked at when it is red, the likeliest first.
            pub fn modules(self) -> &'static [&'static str] {
                match self { $(Self::$name => &$modules,)* Self::Unknown => &[] }
            }
        }
    };
}

rungs! {
    /// The modules' units run on every node.
    Units = "units", 3, 180, [];
    /// Keystone gives the administrator a token.
    Token = "token", 1, 180, ["keystone", "memcached", "mariadb"];
    /// Every service of the catalogue answers at its address.
    Endpoints = "endpoints", 2, 240, [];
    /// Nova's services and Neutron's agents are alive, a hypervisor for each compute node. After a reboot of the controller agents need
    /// three minutes.
    Agents = "agents", 2, 300, ["nova", "neutron", "rabbitmq"];
    /// The image is uploaded and active.
    Image = "image", 5, 1800, ["glance"];
    /// A flavor.
    Flavor = "flavor", 1, 120, ["nova"];
    /// The provider network, if there is none, and a self-service network.
    Network = "network", 3, 180, ["neutron"];
    /// A router between the two, and the agents have set both up.
    Router = "router", 15, 300, ["neutron"];
    /// Rules that let ping and SSH in.
    SecurityGroup = "security-group", 2, 120, ["neutron"];
    /// A key pair.
    KeyPair = "key-pair", 1, 120, ["nova"];
    /// An instance on each compute node is active.
    Instance = "instance", 20, 900, ["nova", "placement", "neutron", "glance"];
    /// Each instance has got its address by DHCP.
    Address = "address", 20, 300, ["neutron"];
    /// Each instance has read its metadata.
    Metadata = "metadata", 5, 300, ["neutron", "nova"];
    /// A floating address on the first instance.
    Floating = "floating", 3, 180, ["neutron"];
    /// The floating address answers.
    Ping = "ping", 5, 300, ["neutron"];
    /// The console has an address that answers.
    Console = "console", 2, 120, ["nova"];
    /// A volume is attached.
    Volume = "volume", 20, 600, ["cinder", "nova"];
    /// Everything that was made is removed.
    Cleanup = "cleanup", 15, 900, ["nova", "neutron", "cinder", "glance"];
}

/// No rung is waited for longer than this, seconds, whatever was learned.
const CEILING_MAX_S: u32 = 7200;

impl RungKind {
    /// When it is given up, seconds after its beginning: never sooner than six times what it usually takes, since a machine that is
    /// busy with other things takes that long.
    pub fn ceiling_s(self, usual_ms: u64) -> u32 {
        let six = u32::try_from(usual_ms.saturating_mul(6) / 1000).unwrap_or(u32::MAX);
        self.base_ceiling_s().max(six).min(CEILING_MAX_S)
    }

    /// Modules and units that are looked at first when it is red and nothing else is known: those through whom what it waits for must come.
    pub fn suspects(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Address => &[
                ("neutron", "neutron-dhcp-agent"),
                ("neutron", "neutron-linuxbridge-agent"),
                ("neutron", "neutron-openvswitch-agent"),
            ],
            Self::Metadata => &[
                ("neutron", "neutron-l3-agent"),
                ("neutron", "neutron-metadata-agent"),
                ("neutron", "neutron-dhcp-agent"),
                ("nova", "nova-api-metadata"),
            ],
            Self::Ping => &[("neutron", "neutron-l3-agent"), ("neutron", "neutron-linuxbridge-agent")],
            _ => &[],
        }
    }

    /// Whether a proof that only removes leftovers has it.
    pub fn is_for_cleaning(self) -> bool {
        matches!(self, Self::Token | Self::Cleanup)
    }

    /// Its name among learned times.
    pub fn learned(self) -> String {
        format!("proof/{}", self.word())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn words_are_what_is_stored() {
        for kind in RungKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.word()));
            assert!(kind.ceiling_s(0) >= kind.weight_s() * 6);
        }
        assert_eq!(RungKind::ALL[17], RungKind::Cleanup);
    }

    #[test]
    fn a_slow_site_gets_more_time_and_an_end() {
        assert_eq!(RungKind::Instance.ceiling_s(10_000), 900);
        assert_eq!(RungKind::Instance.ceiling_s(300_000), 1800);
        assert_eq!(RungKind::Image.ceiling_s(u64::MAX), 7200);
    }
}
