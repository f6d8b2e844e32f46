//! Long lists, and whatever a text may hold: no reader panics, no password is shown, no two machines become one node.

use super::*;
use proptest::prelude::*;

/// A list of `lines` machines in a form; every tenth is wrong. The lines of those, with their reasons.
fn long(format: Format, count: u32) -> (String, Vec<(u32, Why)>) {
    let mut text = match format {
        Format::Csv => "name,address,port,user,password,roles\n".to_owned(),
        Format::AnsibleIni => "[compute]\n".to_owned(),
        Format::AnsibleYaml => "compute:\n  hosts:\n".to_owned(),
        Format::SshConfig => String::new(),
    };
    let mut faults = Vec::new();
    let mut line = u32::try_from(text.lines().count()).unwrap();
    for n in 0..count {
        line += 1;
        let (a, b) = (n / 250, n % 250 + 1);
        let (address, port, fault) = match n % 40 {
            9 => (format!("10.7.{a}.{}", b + 256), "22", Some(Why::BadAddress)),
            19 => (format!("10.7.{a}.{b}"), "0", Some(Why::BadPort)),
            29 => (String::new(), "22", Some(Why::NoAddress)),
            39 => (format!("224.0.0.{b}"), "22", Some(Why::Unusable)),
            _ => (format!("10.7.{a}.{b}"), "22", None),
        };
        faults.extend(fault.map(|f| (line, f)));
        let name = format!("node{n:05}");
        match format {
            Format::Csv => {
                let _ = writeln!(text, "{name},{address},{port},root,pw{n},compute");
            }
            Format::AnsibleIni => {
                let _ = writeln!(
                    text,
                    "{name} ansible_host={address} ansible_port={port} ansible_password=pw{n}"
                );
            }
            Format::AnsibleYaml => {
                let _ = writeln!(text, "    {name}: {{ansible_host: {address}, ansible_port: {port}}}");
            }
            Format::SshConfig => {
                line += 1;
                let place = if address.is_empty() { "#".into() } else { format!("HostName {address}") };
                let _ = writeln!(text, "Host {name}\n  {place}");
                if port == "0" {
                    line += 1;
                    let _ = writeln!(text, "  Port {port}");
                }
            }
        }
    }
    // In ssh's form a machine stands at its `Host` line.
    if format == Format::SshConfig {
        faults = Vec::new();
        let mut at = 1;
        for n in 0..count {
            let fault = match n % 40 {
                9 => Some(Why::BadAddress),
                19 => Some(Why::BadPort),
                29 => Some(Why::NoAddress),
                39 => Some(Why::Unusable),
                _ => None,
            };
            faults.extend(fault.map(|f| (at, f)));
            at += if n % 40 == 19 { 3 } else { 2 };
        }
    }
    (text, faults)
}

#[test]
fn five_thousand_lines_with_errors_in_every_tenth() {
    for format in Format::ALL {
        let (text, faults) = long(format, 5_000);
        let records = read(format, &text);
        assert_eq!(records.all.len(), 5_000, "{format}");
        let (preview, works) = plan(&records, &[], &defaults());
        let found: Vec<(u32, Why)> =
            preview.rows.iter().filter_map(|r| Some((r.line, r.reason.as_ref()?.why))).collect();
        assert_eq!(found, faults, "{format}");
        assert_eq!((preview.count(Verdict::New), works.len()), (4_500, 4_500), "{format}");
        let shown = serde_json::to_string(&preview).unwrap();
        assert!(!shown.contains("pw17"), "{format}: a password is shown");
    }
}

fn soup() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "[",
        "]",
        ":",
        "{",
        "}",
        "*a",
        "&a",
        "!vault ",
        "- ",
        "all:\n",
        "  hosts:\n",
        "    a:\n",
        "\n",
        " ",
        "\t",
        "\"",
        "'",
        "\\",
        "#",
        ",",
        ";",
        "Host ",
        "HostName ",
        "Match ",
        "ansible_host=",
        "10.0.0.1",
        "[1:9999]",
        "<<: ",
        "%h",
        "children",
        "[x:vars]\n",
        "name,address,password\n",
        "a,10.0.0.2,pw\n",
        "é",
        "中",
        "\u{0}",
        "\r",
        "| ",
        "? ",
        "---\n",
        "ProxyJump ",
        "=",
        "-o",
        "$ANSIBLE_VAULT",
    ];
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|p| p.concat())
}

fn a_format() -> impl Strategy<Value = Format> {
    prop::sample::select(&Format::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_reader_panic(format in a_format(), text in soup()) {
        let records = read(format, &text);
        // YAML ends a line at a bare carriage return, too.
        let lines = u32::try_from(text.matches(['\n', '\r']).count()).unwrap() + 1;
        let (preview, works) = plan(&records, &[known(1, "a", "10.0.0.1")], &defaults());
        prop_assert!(records.all.iter().all(|r| r.line <= lines));
        prop_assert!(preview.rows.iter().all(|r| (r.verdict == Verdict::Refused) == r.reason.is_some()));
        let worked = preview.count(Verdict::New) + preview.count(Verdict::Changed);
        prop_assert_eq!(worked, works.len());
        // What is refused, and what is shown, never makes a name that a node cannot have.
        for row in preview.rows.iter().filter(|r| r.verdict != Verdict::Refused) {
            prop_assert!(check_name(&row.name).is_ok(), "{}", row.name);
        }
    }

    #[test]
    fn no_password_is_shown(format in a_format(), head in soup(), at in 0_usize..3) {
        let secret = "Xq7-hunter2-Zz9";
        let text = match format {
            Format::Csv => format!("name,address,password\nn1,10.0.0.{},{secret}\n{head}", at + 1),
            Format::AnsibleIni => format!("n1 ansible_host=10.0.0.{} ansible_ssh_pass={secret}\n{head}", at + 1),
            _ => format!("all:\n  hosts:\n    n1: {{ansible_host: 10.0.0.{}, ansible_password: {secret}}}\n{head}", at + 1),
        };
        let format = if format == Format::SshConfig { Format::AnsibleYaml } else { format };
        let records = read(format, &text);
        let (preview, _) = plan(&records, &[known(1, "n1", "10.0.0.1")], &defaults());
        prop_assert!(!serde_json::to_string(&preview).unwrap().contains(secret));
        let all = format!("{records:?}");
        prop_assert!(!all.contains(secret));
    }

    #[test]
    fn two_machines_never_become_one_node(
        lines in prop::collection::vec((0_u8..6, 0_u8..6, prop::bool::ANY), 0..12),
    ) {
        let nodes = [known(1, "n0", "10.0.0.1"), known(2, "n1", "10.0.0.2"), known(3, "n2", "10.0.0.4")];
        let mut text = "name,address\n".to_owned();
        for (name, address, named) in &lines {
            let name = if *named { format!("n{name}") } else { String::new() };
            let _ = writeln!(text, "{name},10.0.0.{}", address + 1);
        }
        let (preview, works) = plan(&read(Format::Csv, &text), &nodes, &defaults());
        // As it would be after the import.
        let mut after: BTreeMap<u64, (String, String)> =
            nodes.iter().map(|n| (n.id.0, (n.name.clone(), n.address.to_string()))).collect();
        for (work, fresh) in works.iter().zip(100..) {
            match work {
                Work::Add { name, wanted, .. } => {
                    after.insert(fresh, (name.clone(), wanted.address.to_string()));
                }
                Work::Change { node, wanted, .. } => {
                    after.insert(node.0, (wanted.name.clone().unwrap(), wanted.address.to_string()));
                }
            }
        }
        let names: std::collections::BTreeSet<_> = after.values().map(|(n, _)| n).collect();
        let places: std::collections::BTreeSet<_> = after.values().map(|(_, a)| a).collect();
        prop_assert_eq!(names.len(), after.len(), "{:?}", preview);
        prop_assert_eq!(places.len(), after.len(), "{:?}", preview);
    }

    #[test]
    fn what_is_exported_comes_back_unchanged(
        nodes in prop::collection::btree_map("[a-z][a-z0-9]{0,8}", (1_u8..200, 1_u16.., "[a-z._-]{1,32}", 0_u8..8), 0..12),
    ) {
        let nodes: Vec<Known> = nodes
            .into_iter()
            .zip(1_u8..)
            .map(|((name, (last, port, user, roles)), n)| Known {
                port,
                jump: None,                user,
                roles: NodeRole::ALL.into_iter().zip([1, 2, 4]).filter(|(_, b)| roles & b != 0).map(|(r, _)| r).collect(),
                ..known(u64::from(n), &name, &format!("10.1.{n}.{last}"))
            })
            .collect();
        let exported: Vec<Exported<'_>> = nodes
            .iter()
            .map(|n| Exported {
                name: &n.name,
                address: n.address,
                port: n.port,
                jump: None,
                user: &n.user,
                credential: Some(&CredentialKind::Password),
                roles: &n.roles,
                state: n.state,
                facts: None,
            })
            .collect();
        for (write, back) in [(export::Format::Csv, Format::Csv), (export::Format::Ansible, Format::AnsibleIni)] {
            let text = export::export(write, "a cloud", &exported);
            let (preview, works) = plan(&read(back, &text), &nodes, &defaults());
            prop_assert_eq!(preview.count(Verdict::Same), nodes.len(), "{}\n{:?}", text, preview);
            prop_assert!(works.is_empty());
        }
    }
}
