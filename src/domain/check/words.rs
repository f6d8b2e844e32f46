//! What is said about each cause, in English: found, expected, how to mend it.
//!
//! The command line and JSON say these; the message catalogue holds the same sentences (`check-CAUSE-found`, `-expected`, `-mend`) and
//! their translations, and a test compares the two.

use super::report::Finding;
use crate::domain::ids::NodeId;

/// The three sentences about a finding.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Words {
    /// What was found.
    pub found: String,
    /// What should be.
    pub expected: String,
    /// What to do about it.
    pub mend: String,
}

/// Cause, what was found, what should be, how to mend it. `{name}` is an argument of the finding, `{peer}` the other side,
/// `{net}` the network.
pub const CAUSES: &[(&str, &str, &str, &str)] = &[
    (
        "unreachable",
        "the node cannot be logged in to: {why}",
        "a login over SSH",
        "see that it runs and has its address, then look at its login ('cpmg node probe'); its host key must be pinned",
    ),
    (
        "no-program",
        "nothing could be looked at on the node: {why}",
        "Perl or Python on the node",
        "install perl-base (Debian, Ubuntu) or python3, then check again",
    ),
    ("broke-off", "the node did not tell everything: {why}", "an answer to every question", "check again"),
    (
        "not-checked",
        "could not be looked at: {subject} {why}",
        "an answer",
        "do what the reason says, then check again",
    ),
    (
        "plan-faults",
        "the network plan has {count} faults of its own",
        "a plan without faults",
        "mend the plan first ('cpmg net show'), then check again",
    ),
    (
        "no-carrier",
        "nothing is at the other end of the cable ({net})",
        "a link",
        "plug the cable in, switch the port on, or choose another NIC in the network plan",
    ),
    (
        "wrong-segment",
        "planned for {net}, but it is on the segment of {there}",
        "the segment of {others}",
        "put the cable, or the switch port's VLAN, where the others of {net} are; or choose another NIC in the plan",
    ),
    (
        "hears-nobody",
        "planned for {net}, but it shares no segment with anybody",
        "the segment of {others}",
        "put the cable, or the switch port's VLAN, where the others of {net} are; look whether the port is switched on",
    ),
    (
        "segment-apart",
        "on {net} these NICs are away from the others: {nics}",
        "one segment with {others}",
        "look at the link between the switches: it does not carry the VLAN of {net}",
    ),
    (
        "segment-split",
        "{net} is in parts of equal size: {groups}",
        "one segment",
        "one side is plugged in wrongly, or the link between switches does not carry the VLAN of {net}",
    ),
    (
        "is-not-heard",
        "what it sends on {net} reaches none of the others, though it hears them",
        "traffic both ways",
        "look at the switch port's filters and at the cable's pairs",
    ),
    (
        "hears-nothing",
        "it hears none of the others on {net}, though they hear it",
        "traffic both ways",
        "look at the switch port's filters and at the cable's pairs",
    ),
    (
        "frames-filtered",
        "these NICs reach each other by IP, but their frames are not heard on {net}: {nics}",
        "frames of any type pass",
        "something between them passes only types of frames that it knows; the segments cannot be told, the other checks count",
    ),
    (
        "networks-joined",
        "{net} and {subject} are one segment, though the plan gives them the VLANs {vlans}",
        "two segments",
        "look at the VLANs of the switch ports, or correct the plan",
    ),
    (
        "vlan-missing",
        "the VLANs {subject} do not pass at this NIC",
        "every VLAN of the plan passes on {net}",
        "allow them on the trunk of its switch port",
    ),
    (
        "vlan-not-sent",
        "the VLANs {subject} do not pass from this NIC to the others",
        "every VLAN of the plan passes on {net}",
        "allow them on the trunk of its switch port, also inwards",
    ),
    (
        "vlan-not-received",
        "the VLANs {subject} do not pass from the others to this NIC",
        "every VLAN of the plan passes on {net}",
        "allow them on the trunk of its switch port, also outwards",
    ),
    (
        "vlan-none",
        "no VLAN of the plan passes at this NIC ({subject})",
        "a trunk with the VLANs of the plan",
        "make its switch port a trunk that allows them; or it is the wrong port",
    ),
    (
        "vlan-untagged",
        "frames of the VLANs {subject} arrive here without their tag",
        "frames keep their tag",
        "make its switch port a trunk instead of an access port, and none of these its native VLAN",
    ),
    (
        "vlan-between",
        "the VLANs {subject} do not pass between {nics}",
        "every VLAN of the plan passes on {net}",
        "allow them on the trunks of both switch ports and on every link between",
    ),
    (
        "vlan-nowhere",
        "the VLANs {subject} pass between none of {nics}",
        "every VLAN of the plan passes on {net}",
        "make them on the switch and allow them on all trunks; or take them out of the plan",
    ),
    (
        "vlans-left",
        "{count} VLANs of the plan were not tried ({tried} were)",
        "every VLAN is tried",
        "plan only the VLANs that tenants are to use",
    ),
    (
        "address-of-other",
        "it also has {subject}, the address of {other} on {net}",
        "one owner of each address",
        "take the address off this node",
    ),
    (
        "address-twice",
        "these nodes have the same address {subject} on {net}: {nodes}",
        "one owner of each address",
        "give all but one another address",
    ),
    (
        "address-taken",
        "somebody else answers for its address {subject} on {net}: {mac}",
        "nobody else has it",
        "find that machine by its MAC address and take the address off it, or plan another one",
    ),
    (
        "vip-taken",
        "the virtual address {subject} of {net} is in use: {mac}",
        "nobody has it yet",
        "find that machine by its MAC address and take the address off it, or plan another one",
    ),
    (
        "address-of-gateway",
        "it has {subject}, the address of the gateway of {net}",
        "only the gateway has it",
        "take the address off this node",
    ),
    (
        "gateway-twice",
        "two machines answer for the gateway {subject} of {net}: {mac}",
        "one gateway",
        "find the one that is not the gateway by its MAC address and take the address off it",
    ),
    (
        "no-answer",
        "no other node reaches it on {net} at {address}: {why}",
        "every node reaches every other",
        "look at its firewall, its address and prefix, and whether the NIC is up",
    ),
    (
        "pair-silent",
        "it and {peer} do not reach each other on {net}: {why}",
        "every node reaches every other",
        "look at the firewalls and prefixes of both",
    ),
    (
        "net-cut",
        "many pairs do not reach each other on {net}: {nics}",
        "every node reaches every other",
        "look at the switches between them",
    ),
    (
        "nobody-answers",
        "no node reaches any other on {net}: {why}",
        "every node reaches every other",
        "look at the switch of {net}, at firewalls, and at the prefix of the addresses",
    ),
    (
        "nic-mtu",
        "the NIC is set to an MTU of {mtu} on {net}",
        "{expected}, as most others of this network",
        "set the MTU of this NIC to {expected}, or the plan's to {mtu}",
    ),
    (
        "link-mtu",
        "packets of more than {mtu} bytes do not pass at this NIC on {net}",
        "{expected}",
        "set the MTU of its switch port, and of what is between, to {expected} or more",
    ),
    (
        "pair-mtu",
        "packets of more than {mtu} bytes do not pass between {nics} on {net}",
        "{expected}",
        "set the MTU of the switch ports between them to {expected} or more",
    ),
    (
        "net-mtu",
        "packets of more than {mtu} bytes pass nowhere on {net}",
        "{expected}",
        "set the MTU of all switch ports of {net} to {expected} or more, or the plan's to {mtu}",
    ),
    (
        "gateway-silent",
        "the gateway {subject} answers none of those who asked: {nics}",
        "an answer",
        "see that the gateway runs and is plugged into this network; or correct its address in the plan",
    ),
    (
        "gateway-unreached",
        "the gateway {subject} answers others, but not this node",
        "an answer",
        "look at the node's address and prefix on this network, and at filters of its switch port",
    ),
    (
        "gateway-no-echo",
        "the gateway {subject} is there, but does not answer pings",
        "an answer",
        "nothing, if it is meant so; whether it forwards is seen by the package repositories",
    ),
    (
        "dhcp-foreign",
        "a DHCP server that does not belong there answers on {net}: {subject} ({mac}) {host}, heard at {nics}",
        "no DHCP server but Cobbler's",
        "switch it off, or keep it away from this network: nodes would get wrong addresses and routes",
    ),
    (
        "dhcp-rivals",
        "more than one DHCP server answers on {net}; one of them: {subject} ({mac}) {host}, heard at {nics}",
        "one DHCP server at most",
        "switch off the one that does not belong there",
    ),
    (
        "name-unresolved",
        "names do not resolve on the node: {subject} ({why})",
        "they resolve",
        "set working DNS servers in /etc/resolv.conf of the node and see that it reaches them",
    ),
    (
        "clock-off",
        "its clock is off by {offset}",
        "2 s at most",
        "set the clock of the node, and have a time service keep it",
    ),
    (
        "own-clock-off",
        "the clock of this management host is off by {offset} from the {nodes} nodes, which agree with each other",
        "2 s at most",
        "set the clock of the management host, and have a time service keep it",
    ),
    (
        "clock-loose",
        "nothing keeps its clock right ({source} says it is not synchronised)",
        "a synchronised clock",
        "look at chrony on the node: 'chronyc sources'",
    ),
    (
        "repository-silent",
        "package repositories do not answer: {subject} ({why})",
        "they answer",
        "look at the node's routes, its proxy, and the addresses of its repositories",
    ),
    (
        "repository-nowhere",
        "package repositories answer none of the {nodes} nodes: {subject} ({why})",
        "they answer",
        "look at the way out of this network, at the proxy, and whether the repository is there",
    ),
    (
        "port-taken",
        "port {subject}, which {module} needs, is held by {who} at {address}",
        "free, or held by what cpmg installed",
        "stop and disable that service, or do not choose {module} for this node",
    ),
    (
        "port-unknown",
        "port {subject}, which {module} needs, is held by something that the node does not name, at {address}",
        "free, or held by what cpmg installed",
        "look at the node: 'ss -ltnp'",
    ),
];

/// The sentences about a finding; `name` gives the names of nodes.
pub fn words(finding: &Finding, name: impl Fn(NodeId) -> String) -> Words {
    let unknown = ("", "{cause}", "", "");
    let (_, found, expected, mend) =
        CAUSES.iter().find(|(cause, ..)| *cause == finding.cause).unwrap_or(&unknown);
    let fill = |text: &str| {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((arg, tail)) = after.split_once('}') else { break };
            out.push_str(before);
            out.push_str(&argument(finding, arg, &name));
            rest = tail;
        }
        out.push_str(rest);
        tidy(&out)
    };
    Words { found: fill(found), expected: fill(expected), mend: fill(mend) }
}

/// The value of `{arg}` in the sentences about a finding.
pub fn argument(finding: &Finding, arg: &str, name: impl Fn(NodeId) -> String) -> String {
    match arg {
        "peer" => finding.peer.as_ref().map(|p| format!("{} {}", name(p.node), p.nic)).unwrap_or_default(),
        "net" => finding.column.as_ref().map(super::Column::word).unwrap_or_default(),
        "cause" => finding.cause.clone(),
        arg => finding.args.get(arg).cloned().unwrap_or_default(),
    }
}

/// Takes away what an empty argument leaves behind: double spaces, empty brackets, a colon at the end.
pub fn tidy(text: &str) -> String {
    let text = text.replace(" ()", "").replace("  ", " ").replace(" ,", ",");
    text.trim().trim_end_matches([':', '：']).trim_end().to_owned()
}
