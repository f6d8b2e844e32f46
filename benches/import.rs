//! Previews of long lists: 5,000 machines, an error in every tenth, in each form; reading it and comparing it with 5,000 nodes.
//!
//! `cargo bench --bench import`; the demand is a second, the figures stand in docs/figures.md.

use cpmg::domain::ids::NodeId;
use cpmg::domain::import::preview::{Defaults, Known, KnownLogin, Verdict};
use cpmg::domain::import::{Format, plan, read};
use cpmg::domain::node::{NodeRoles, NodeState};
use divan::{Bencher, black_box};
use std::collections::BTreeMap;
use std::fmt::Write;

const MACHINES: u32 = 5_000;

fn main() {
    divan::main();
}

fn list(format: Format) -> String {
    let mut text = match format {
        Format::Csv => "name,address,port,user,password,roles\n".to_owned(),
        Format::AnsibleIni => "[compute]\n".to_owned(),
        Format::AnsibleYaml => "compute:\n  hosts:\n".to_owned(),
        Format::SshConfig => "Host *\n  User root\n".to_owned(),
    };
    for n in 0..MACHINES {
        let last = if n % 10 == 9 { 999 } else { n % 250 + 1 };
        let (name, address) = (format!("node{n:05}"), format!("10.7.{}.{last}", n / 250));
        let done = match format {
            Format::Csv => writeln!(text, "{name},{address},22,root,secret{n},compute"),
            Format::AnsibleIni => writeln!(text, "{name} ansible_host={address} ansible_password=secret{n}"),
            Format::AnsibleYaml => {
                writeln!(text, "    {name}: {{ansible_host: {address}, ansible_password: secret{n}}}")
            }
            Format::SshConfig => writeln!(text, "Host {name}\n  HostName {address}"),
        };
        done.unwrap_or_default();
    }
    text
}

/// As many nodes as the list has machines, half of them at another address.
fn nodes() -> Vec<Known> {
    (0..MACHINES)
        .filter_map(|n| {
            let net = if n % 2 == 0 { 7 } else { 8 };
            Some(Known {
                jump: None,
                id: NodeId(u64::from(n) + 1),
                name: format!("node{n:05}"),
                address: format!("10.{net}.{}.{}", n / 250, n % 250 + 1).parse().ok()?,
                port: 22,
                user: "root".into(),
                roles: NodeRoles::new(),
                state: NodeState::Discovered,
                login: KnownLogin::Other,
            })
        })
        .collect()
}

#[divan::bench(args = Format::ALL)]
fn preview_5000(bencher: Bencher<'_, '_>, format: Format) {
    let (text, nodes) = (list(format), nodes());
    let defaults = Defaults { user: "root".into(), port: 22, keys: BTreeMap::new() };
    bencher.bench_local(|| {
        let (preview, works) = plan(&read(format, black_box(&text)), &nodes, &defaults);
        assert_eq!(preview.count(Verdict::Refused), 500, "every tenth");
        (preview, works)
    });
}
