//! What an environment is made with: networks, addresses, accounts, options, servers, checks, proofs.

use super::super::fixtures::{catalog, env, nodes};
use super::super::harness::Rig;
use super::super::nodes::opened;
use super::super::{accounts, addresses, check, cobbler, loki, network, proof};
use super::environment::rack;
use super::{Never, Row as Line, Seen, Shown, entered, keyed, refused, row, tab};
use crate::api::{Response, Row, Topic};
use crate::domain::cobbler::CobblerView;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::ipam::{IpRequest, IpView, Ipam, PoolKind, Seen as Claims};
use crate::domain::loki::LokiProgress;
use crate::domain::netplan::NetworkPlan;
use crate::domain::user::UserRole::{self, Operator, Viewer};

const ENV: EnvId = EnvId(7);

/// On a page of the environment whose question was answered with a refusal.
fn no(key: &str, question: &str) -> Rig {
    let mut rig = keyed(opened(Operator, nodes()), key);
    rig.answer(question, Err(refused()));
    rig
}

/// On a page of the environment before any answer.
fn waits(key: &str) -> Rig {
    keyed(opened(Operator, nodes()), key)
}

/// Pools and subnets, so many of each, and as many addresses.
fn ips(count: u64) -> IpView {
    let now = super::super::harness::NOW;
    let mut claims = Claims::new();
    for n in 0..count {
        let ip = format!("10.9.{}.{}", n / 200, 1 + n % 200).parse().unwrap();
        let owner = format!("rack-2-node-{n}");
        let claim = crate::domain::ipam::Claim { source: crate::domain::ipam::Source::Node, owner };
        claims.entry(ip).or_default().push(claim);
    }
    let mut state = Ipam::default();
    for n in 0..count {
        let net = format!("10.{}.0.0/24", 20 + n);
        let kind = if n % 2 == 0 { PoolKind::Tenant } else { PoolKind::Infrastructure };
        let owner = format!("slice-{n}");
        let all = [
            IpRequest::AddPool { net, kind },
            IpRequest::Reserve { owner: owner.clone(), kind, count: 16, seconds: None, at: None },
            IpRequest::Confirm { owner },
        ];
        for request in all.iter().take(if n % 3 == 0 { 3 } else { 2 }) {
            state = crate::domain::ipam::next(&state, request, "ada", now, &claims).unwrap().0;
        }
    }
    crate::domain::ipam::view(&state, &claims, now, 200)
}

fn account(count: usize) -> Rig {
    let all = accounts::accounts(None);
    let many = (0..count).map(|n| {
        let mut one = all[n % all.len()].clone();
        if n >= all.len() {
            one.name = format!("{}_{n}", one.name);
        }
        one
    });
    accounts::opened(Operator, many.collect())
}

/// The page of options with as many files.
fn options(role: UserRole, count: usize) -> Rig {
    let mut rig = opened(role, nodes());
    rig.keys("O");
    let mut all = catalog();
    for platform in &mut all.platforms {
        for module in &mut platform.modules {
            module.configs = (0..count).map(|n| format!("/etc/{}/part-{n:02}.conf", module.name)).collect();
        }
        platform.modules.retain(|m| m.name == "keystone");
    }
    rig.answer("Catalog", Ok(Response::Catalog(all)));
    let open: Vec<String> =
        (0..count).map(|n| format!("set\t/etc/keystone/part-{n:02}.conf\ta\tb\tc")).collect();
    let pending = if count > 1 { [(NodeId(11), (Vec::new(), open))].into() } else { [].into() };
    rig.answer("Day2", Ok(Response::OptionsPending(pending)));
    rig
}

/// The page of Cobbler on a tab, with as many of everything.
fn cobbled(role: UserRole, count: usize, keys: &str) -> Rig {
    let mut rig = cobbler::opened(role, Some(cobbler::settings("https://cobbler.example/cobbler_api")));
    let full = cobbler::view("3.3.10", true);
    let named = |n: usize, name: &str| if n == 0 { name.to_owned() } else { format!("{name}-{n}") };
    let view = CobblerView {
        systems: (0..count)
            .map(|n| {
                let mut one = full.systems[n % 2].clone();
                one.name = named(n, &one.name);
                one
            })
            .collect(),
        profiles: (0..count)
            .map(|n| {
                let mut one = full.profiles[n % 2].clone();
                one.name = named(n, &one.name);
                one
            })
            .collect(),
        distros: (0..count)
            .map(|n| {
                let mut one = full.distros[0].clone();
                one.name = named(n, &one.name);
                one
            })
            .collect(),
        ..full
    };
    rig.answer("Cobbler(View", Ok(Response::Cobbler(Box::new(view))));
    keyed(rig, keys)
}

/// A network page on a tab, with a rack of nodes.
fn planned(keys: &str, count: u64) -> Rig {
    let mut rig = Rig::logged_in(Operator);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 4, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(ENV), rack(count));
    rig.keys("w");
    rig.answer("Net ", Ok(network::view(network::plan(network::FILE))));
    keyed(rig, keys)
}

fn no_cobbler(keys: &str) -> Rig {
    let mut rig = cobbler::opened(Operator, Some(cobbler::settings("https://cobbler.example/cobbler_api")));
    rig.answer("Cobbler(View", Err(refused()));
    keyed(rig, keys)
}

fn cobbler_waits(keys: &str) -> Rig {
    let rig = cobbler::opened(Operator, Some(cobbler::settings("https://cobbler.example/cobbler_api")));
    keyed(rig, keys)
}

const TABS: &str = "the question is the page's, not the tab's: as on the first tab";

#[expect(clippy::too_many_lines, reason = "a list: the table itself")]
pub fn rows() -> Vec<Line> {
    vec![
        tab(
            "network",
            "networks",
            [
                Seen("network-empty"),
                Never("the networks are always the same six"),
                Seen("network"),
                Shown(|| no("w", "Net ")),
                Shown(|| waits("w")),
                Shown(|| keyed(network::opened(Viewer, NetworkPlan::default()), "<Enter>")),
            ],
        ),
        tab(
            "network",
            "nics",
            [
                Shown(|| planned("2", 0)),
                Shown(|| planned("2", 1)),
                Shown(|| planned("2G", 60)),
                Never(TABS),
                Never(TABS),
                Never(TABS),
            ],
        ),
        tab(
            "network",
            "faults",
            [
                Shown(|| keyed(network::opened(Operator, NetworkPlan::default()), "3")),
                Seen("network-faults"),
                Shown(|| planned("3G", 60)),
                Never(TABS),
                Never(TABS),
                Never(TABS),
            ],
        ),
        tab(
            "addresses",
            "pools",
            [
                Seen("addresses-empty"),
                Shown(|| addresses::opened(Operator, ips(1))),
                Shown(|| keyed(addresses::opened(Operator, ips(60)), "G")),
                Shown(|| no("D", "Ip")),
                Shown(|| waits("D")),
                Shown(|| keyed(addresses::opened(Viewer, IpView::default()), "n")),
            ],
        ),
        tab(
            "addresses",
            "subnets",
            [
                Shown(|| keyed(addresses::opened(Operator, ips(0)), "2")),
                Shown(|| keyed(addresses::opened(Operator, ips(1)), "2")),
                Shown(|| keyed(addresses::opened(Operator, ips(60)), "2G")),
                Never(TABS),
                Never(TABS),
                Never(TABS),
            ],
        ),
        tab(
            "addresses",
            "addresses",
            [
                Shown(|| keyed(addresses::opened(Operator, ips(0)), "3")),
                Shown(|| keyed(addresses::opened(Operator, ips(1)), "3")),
                Shown(|| keyed(addresses::opened(Operator, ips(60)), "3G")),
                Never(TABS),
                Never(TABS),
                Never(TABS),
            ],
        ),
        row(
            "accounts",
            [
                Seen("accounts-empty"),
                Shown(|| account(1)),
                Shown(|| keyed(account(60), "G")),
                Shown(|| no("C", "Accounts")),
                Shown(|| waits("C")),
                Shown(|| keyed(accounts::opened(Viewer, Vec::new()), "e")),
            ],
        ),
        row(
            "options",
            [
                Shown(|| options(Operator, 0)),
                Shown(|| options(Operator, 1)),
                Shown(|| keyed(options(Operator, 60), "G")),
                Shown(|| no("O", "Catalog")),
                Shown(|| waits("O")),
                Shown(|| keyed(options(Viewer, 2), "<Enter>")),
            ],
        ),
        row(
            "option-editor",
            [
                Shown(|| keyed(options(Operator, 1), "<Enter>")),
                Seen("option-editor"),
                Shown(|| {
                    let mut rig = keyed(options(Operator, 1), "<Enter>[token]<Enter>");
                    for n in 0..60 {
                        rig.keys(&format!("option_{n} = {n}<Enter>"));
                    }
                    rig
                }),
                Shown(|| {
                    let mut rig =
                        keyed(options(Operator, 1), "<Enter>[token]<Enter>expiration = 1<C-s><Enter>");
                    rig.answer("EnvEdit", Err(refused()));
                    rig
                }),
                Shown(|| keyed(options(Operator, 1), "<Enter>[token]<Enter>expiration = 1<C-s><Enter>")),
                Never("it opens from the options, where viewers are refused"),
            ],
        ),
        tab(
            "cobbler",
            "systems",
            [
                Seen("cobbler-empty"),
                Shown(|| cobbled(Operator, 1, "")),
                Shown(|| cobbled(Operator, 60, "G")),
                Shown(|| no_cobbler("")),
                Shown(|| cobbler_waits("")),
                Shown(|| keyed(cobbler::opened(Viewer, None), "e")),
            ],
        ),
        tab(
            "cobbler",
            "profiles",
            [
                Shown(|| cobbled(Operator, 0, "2")),
                Shown(|| cobbled(Operator, 1, "2")),
                Shown(|| cobbled(Operator, 60, "2G")),
                Never(TABS),
                Never(TABS),
                Never(TABS),
            ],
        ),
        tab(
            "cobbler",
            "distros",
            [
                Shown(|| cobbled(Operator, 0, "3")),
                Shown(|| cobbled(Operator, 1, "3")),
                Shown(|| cobbled(Operator, 60, "3G")),
                Never(TABS),
                Never(TABS),
                Never(TABS),
            ],
        ),
        row(
            "loki",
            [
                Seen("loki-empty"),
                Seen("loki"),
                Never("an environment has one Loki or none"),
                Shown(|| no("K", "Loki(Show")),
                Shown(|| waits("K")),
                Shown(|| keyed(loki::opened(Viewer, loki::shown(None, LokiProgress::default())), "e")),
            ],
        ),
        row(
            "check",
            [
                Seen("check-empty"),
                Shown(|| check::opened(Operator, vec![check::row(Some(check::report(|_| {})), &[])])),
                Seen("check"),
                Shown(|| {
                    let mut rig = keyed(entered(Operator), "t");
                    rig.answer("Subscribe(Check", Err(refused()));
                    rig
                }),
                Seen("check-running"),
                Shown(|| keyed(check::opened(Viewer, vec![check::row(None, &[])]), "c")),
            ],
        ),
        row(
            "proof",
            [
                Seen("proof-empty"),
                Never("a proof has all its rungs from the beginning"),
                Seen("proof-proven"),
                Shown(|| {
                    let mut rig = keyed(entered(Operator), "V");
                    rig.answer("Subscribe(Proof", Err(refused()));
                    rig
                }),
                Seen("proof-running"),
                Shown(|| keyed(proof::opened(Viewer, None), "c")),
            ],
        ),
    ]
}
