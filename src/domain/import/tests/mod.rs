//! Every form with its faults, what exists and what does not; `properties` has texts that nobody would write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod properties;

use super::preview::{Defaults, Known, KnownLogin, Verdict, Work, plan};
use super::{Format, Login, Record, Records, Why, read};
use crate::domain::export::{self, Exported};
use crate::domain::ids::NodeId;
use crate::domain::node::{CredentialKind, NodeRole, NodeRoles, NodeState, check_name};
use crate::domain::secret::Secret;
use std::collections::BTreeMap;
use std::fmt::Write;

fn defaults() -> Defaults {
    Defaults { user: "root".into(), port: 22, keys: BTreeMap::new() }
}

fn known(id: u64, name: &str, address: &str) -> Known {
    Known {
        id: NodeId(id),
        name: name.into(),
        address: address.parse().unwrap(),
        port: 22,
        jump: None,
        user: "root".into(),
        roles: NodeRoles::new(),
        state: NodeState::Discovered,
        login: KnownLogin::Other,
    }
}

fn one<'a>(records: &'a Records, label: &str) -> &'a Record {
    records.all.iter().find(|r| r.label == label).unwrap_or_else(|| panic!("{label} in {records:?}"))
}

fn why(records: &Records, label: &str) -> (u32, Why) {
    let record = one(records, label);
    (record.line, record.wanted.as_ref().unwrap_err().why)
}

/// Lines and reasons of all that is refused.
fn refused(records: &Records) -> Vec<(u32, Why)> {
    let faults = records.all.iter().filter_map(|r| Some((r.line, r.wanted.as_ref().err()?.why)));
    faults.collect()
}

#[test]
fn csv_with_everything() {
    let text = "\u{feff}# machines\r\nName;IP address;Port;User;Password;Roles;Rack\r\n\
                ctl1.example.org;10.0.0.1;2222;deploy;\"a;b\"\"c\";controller+compute;4\r\n\
                \r\n;10.0.0.2;;;;;\r\n";
    let records = read(Format::Csv, text);
    assert_eq!(records.notes.len(), 1);
    assert_eq!((records.notes[0].line, records.notes[0].reason.why), (2, Why::Column));
    let first = one(&records, "ctl1.example.org");
    let wanted = first.wanted.as_ref().unwrap();
    assert_eq!((first.line, wanted.name.as_deref(), wanted.port), (3, Some("ctl1"), Some(2222)));
    assert_eq!(wanted.login, Some(Login::Password(Secret::new("a;b\"c"))));
    assert_eq!(wanted.roles, Some([NodeRole::Controller, NodeRole::Compute].into()));
    let second = one(&records, "10.0.0.2").wanted.as_ref().unwrap();
    assert_eq!((&second.name, second.port, &second.user, &second.roles), (&None, None, &None, &None));
}

#[test]
fn csv_faults_have_their_line() {
    let text = "name,address,port,user,roles\n\
                a,10.0.0.1,22,root,compute\n\
                b,10.0.0.1.4,22,root,\n\
                c,,22,root,\n\
                d,10.0.0.4,70000,root,\n\
                e_1,10.0.0.5,22,root,\n\
                f,10.0.0.6,22,r oot,\n\
                g,10.0.0.7,22,root,boss\n\
                h,10.0.0.8,22\n\
                i,\"10.0.0.9,22,root,\n\
                j,239.0.0.1,22,root,\n\
                k,10.0.0.10,22,root,storage\n";
    let records = read(Format::Csv, text);
    assert_eq!(
        refused(&records),
        [
            (3, Why::BadAddress),
            (4, Why::NoAddress),
            (5, Why::BadPort),
            (6, Why::BadName),
            (7, Why::BadUser),
            (8, Why::BadRole),
            (9, Why::Fields),
            (10, Why::Quotes),
            (11, Why::Unusable),
        ]
    );
    assert!(one(&records, "k").wanted.is_ok(), "an open quote spoils its own line only");
    assert_eq!(refused(&read(Format::Csv, "10.0.0.1,root,hunter2\n")), [(1, Why::NoHeadings)]);
    // Quotes within cells and cells that begin with one, however odd, keep to their line.
    let odd =
        "name,address\na\"b,\"10.0.0.1\n \"c,\"10.0.0.2\nd\"\",10.0.0.3\n\"e\"\"\",10.0.0.4\nf,10.0.0.5\n";
    let records = read(Format::Csv, odd);
    assert_eq!(records.all.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert_eq!(why(&records, "").1, Why::Quotes);
    assert!(one(&records, "f").wanted.is_ok());
}

const INVENTORY: &str = "
bare ansible_host=10.0.0.9   # a comment
[control]
ctl[1:2].lab ansible_user=admin
ctl1.lab ansible_host=10.0.0.1
ctl2.lab ansible_host=10.0.0.2 ansible_password='pass word#1'
[racks:children]
compute
[compute]
10.0.1.[1:3]
far ansible_host=10.9.9.9 ansible_ssh_common_args='-o ProxyJump=ops@bastion'
farther ansible_host=10.9.9.8 ansible_ssh_common_args='-o ProxyCommand=\"ssh -W %h:%p b\"'
near ansible_host=10.0.1.7 ansible_ssh_common_args='-o ProxyJump=none -C'
local ansible_connection=local
named ansible_host=node.example.org
odd ansible_host=10.0.1.8 ansible_user='x
half ansible_host=10.0.1.9 password
[compute:vars]
ansible_user = deploy
ansible_ssh_private_key_file=~/.ssh/rack
[all:vars]
ansible_user=nobody
ansible_port=2022
[broken:section]
lost
[a:children]
b
[b:children]
a
";

#[test]
fn ansible_ini() {
    let records = read(Format::AnsibleIni, INVENTORY);
    let wanted = |label: &str| one(&records, label).wanted.clone().unwrap();
    let ctl2 = wanted("ctl2.lab");
    assert_eq!((ctl2.name.as_deref(), ctl2.user.as_deref()), (Some("ctl2"), Some("admin")));
    assert_eq!((ctl2.port, ctl2.roles), (Some(2022), Some([NodeRole::Controller].into())));
    assert_eq!(ctl2.login, Some(Login::Password(Secret::new("pass word#1"))));
    let rack = wanted("10.0.1.3");
    assert_eq!((rack.name, rack.user.as_deref()), (None, Some("deploy")), "compute wins over all");
    assert_eq!(rack.login, Some(Login::Key("~/.ssh/rack".into())));
    assert_eq!(wanted("bare").user.as_deref(), Some("nobody"));
    assert!(wanted("near").roles.is_some());
    assert_eq!(why(&records, "far"), (11, Why::Jump));
    assert_eq!(why(&records, "farther"), (12, Why::Jump), "names are not looked up");
    assert_eq!(why(&records, "local"), (14, Why::Connection));
    assert_eq!(why(&records, "named"), (15, Why::BadAddress));
    assert_eq!(why(&records, "odd"), (16, Why::Quotes));
    assert_eq!(why(&records, "half"), (17, Why::Syntax));
    assert_eq!(why(&records, "broken:section").0, 24);
    assert_eq!(why(&records, "a").1, Why::Circle);
    assert_eq!(why(&records, "b").1, Why::Circle);
}

#[test]
fn groups_within_groups_are_roles() {
    let text = "[rack1]\nn1 ansible_host=10.0.0.1\n[rack2]\nn2 ansible_host=10.0.0.2\n\
                [compute_nodes:children]\nracks\n[racks:children]\nrack1\nrack2\n[storage]\nn2\n";
    let records = read(Format::AnsibleIni, text);
    let roles = |label: &str| one(&records, label).wanted.as_ref().unwrap().roles.clone().unwrap();
    assert_eq!(roles("n1"), [NodeRole::Compute].into());
    assert_eq!(roles("n2"), [NodeRole::Compute, NodeRole::Storage].into());
}

#[test]
fn ansible_yaml() {
    let text = "---
all:
  vars: &common
    ansible_user: nobody
    ansible_port: 2022
  children:
    controllers:
      hosts:
        ctl[1:2]:
        ctl1: {ansible_host: 10.0.0.1, ansible_ssh_pass: \"s3cret\"}
        ctl2:
          ansible_host: 10.0.0.2
          ansible_password: !vault |
            $ANSIBLE_VAULT;1.1;AES256
            6162
    computes:
      vars:
        <<: *common
        ansible_user: deploy
      children:
        rack1:
          hosts:
            10.0.1.1:
            bad:
              ansible_host: 10.0.1.999
            far:
              ansible_host: 10.0.1.3
              ansible_ssh_common_args: -J bastion
            list: [1]
";
    let records = read(Format::AnsibleYaml, text);
    let wanted = |label: &str| one(&records, label).wanted.clone().unwrap();
    let ctl1 = wanted("ctl1");
    assert_eq!(ctl1.login, Some(Login::Password(Secret::new("s3cret"))));
    assert_eq!((ctl1.port, ctl1.user.as_deref()), (Some(2022), Some("nobody")));
    assert_eq!(one(&records, "ctl2").notes[0].why, Why::Vault);
    let rack = wanted("10.0.1.1");
    assert_eq!((rack.user.as_deref(), rack.roles), (Some("deploy"), Some([NodeRole::Compute].into())));
    assert_eq!(why(&records, "bad"), (24, Why::BadAddress));
    assert_eq!(why(&records, "far"), (26, Why::Jump));
    assert_eq!(why(&records, "list"), (29, Why::Syntax));
    assert_eq!(refused(&read(Format::AnsibleYaml, "all:\n  hosts:\n    a: {x\n  b: c\n")).len(), 1);
    assert_eq!(refused(&read(Format::AnsibleYaml, "- a\n- b\n")), [(1, Why::Syntax)]);
}

#[test]
fn aliases_within_aliases_end() {
    let mut text = String::from("g0: &g0\n  hosts: {n1: {ansible_host: 10.0.0.1}}\n");
    for n in 1..40 {
        let _ = write!(text, "g{n}: &g{n}\n  children: {{a{n}: *g{}, b{n}: *g{}}}\n", n - 1, n - 1);
    }
    let records = read(Format::AnsibleYaml, &text);
    assert!(records.all.iter().any(|r| r.wanted.as_ref().is_err_and(|w| w.why == Why::TooMany)));
}

#[test]
fn ssh_config() {
    let text = "User first\nHost ctl1 ctl2 !ctl3\n  HostName 10.0.0.1\nHost=ctl2\n  Port 2222\n\
                Host 10.0.0.3\n  User root\nHost *.lab\n  IdentityFile ~/.ssh/lab\n  Port 23\n\
                Host n1.lab\n  HostName = 10.0.0.4\nMatch originalhost n1.lab\n  User late\n\
                Match exec \"true\"\n  Port 99\nInclude ~/.ssh/more\n\
                Host away\n  HostName 10.0.0.5\n  ProxyJump bastion\n\
                Host git.example.org\n  User git\nHost q\n  HostName \"10.0.0.6\nHost *\n  Port 24\n  User last\n";
    let records = read(Format::SshConfig, text);
    let wanted = |label: &str| one(&records, label).wanted.clone().unwrap();
    let ctl1 = wanted("ctl1");
    assert_eq!((ctl1.user.as_deref(), ctl1.port), (Some("first"), Some(24)), "the first value wins");
    assert_eq!(one(&records, "ctl2").line, 2);
    let n1 = wanted("n1.lab");
    assert_eq!((n1.name.as_deref(), n1.port), (Some("n1"), Some(23)));
    assert_eq!(n1.login, Some(Login::Key("~/.ssh/lab".into())));
    assert_eq!(wanted("10.0.0.3").name, None);
    assert_eq!(why(&records, "away"), (18, Why::Jump));
    assert_eq!(why(&records, "git.example.org"), (21, Why::NoAddress));
    assert_eq!(why(&records, "q"), (23, Why::Quotes));
    let notes: Vec<_> = records.notes.iter().map(|n| (n.line, n.reason.why)).collect();
    assert_eq!(notes, [(15, Why::Match), (17, Why::Include)]);
}

#[test]
fn what_exists_is_recognised() {
    use Verdict as V;
    let text = "name,address,port,user,password,roles\n\
                new,10.0.0.9,,,,compute\n\
                old1,10.0.0.1,,,,\n\
                old2,10.0.0.22,,,,\n\
                other,10.0.0.3,,,,\n\
                old4,10.0.0.1,,,,\n\
                new,10.0.0.10,,,,\n\
                new2,10.0.0.9,,,,\n\
                ,10.0.0.5,,admin,geheim,\n\
                busy,10.0.0.66,,,,\n\
                done,10.0.0.7,,,,compute\n\
                ,10.0.0.2,,,,\n";
    let mut busy = known(6, "busy", "10.0.0.6");
    busy.state = NodeState::Installing;
    let mut done = known(7, "done", "10.0.0.7");
    (done.state, done.roles) = (NodeState::Installed, [NodeRole::Controller].into());
    let nodes = [
        known(1, "old1", "10.0.0.1"),
        known(2, "old2", "10.0.0.2"),
        known(3, "old3", "10.0.0.3"),
        known(4, "old4", "10.0.0.4"),
        known(5, "old5", "10.0.0.5"),
        busy,
        done,
    ];
    let records = read(Format::Csv, text);
    let (preview, works) = plan(&records, &nodes, &defaults());
    let rows: Vec<_> =
        preview.rows.iter().map(|r| (r.line, r.verdict, r.reason.as_ref().map(|w| w.why))).collect();
    assert_eq!(
        rows,
        [
            (2, V::New, None),
            (3, V::Same, None),
            (4, V::Changed, None),
            (5, V::Changed, None),
            (6, V::Refused, Some(Why::AddressTaken)),
            (7, V::Refused, Some(Why::NameTwice)),
            (8, V::Refused, Some(Why::AddressTwice)),
            (9, V::Changed, None),
            (10, V::Refused, Some(Why::Busy)),
            (11, V::Refused, Some(Why::RolesFixed)),
            (12, V::Refused, Some(Why::NodeTwice)),
        ]
    );
    assert_eq!(works.len(), 4);
    let renamed = &preview.rows[3].changes[0];
    assert_eq!(
        (renamed.field.as_str(), renamed.from.as_str(), renamed.to.as_str()),
        ("name", "old3", "other")
    );
    let fields: Vec<&str> = preview.rows[7].changes.iter().map(|c| c.field.as_str()).collect();
    assert_eq!(fields, ["user", "password"]);
    assert!(!format!("{preview:?}").contains("geheim"));
    // The same password again is no change, and the digest stands for what is shown.
    let mut after = nodes.clone();
    (after[4].user, after[4].login) = ("admin".into(), KnownLogin::Password(Secret::new("geheim")));
    let (again, _) = plan(&records, &after, &defaults());
    assert_eq!(again.rows[7].verdict, V::Same);
    assert_ne!(again.digest, preview.digest);
    assert_eq!(plan(&records, &nodes, &defaults()).0.digest, preview.digest);
}

#[test]
fn keys_are_taken_over_only_when_their_text_is_given() {
    let records = read(Format::SshConfig, "Host a\n HostName 10.0.0.1\n IdentityFile ~/.ssh/id\n");
    let (preview, works) = plan(&records, &[], &defaults());
    assert_eq!(preview.keys, ["~/.ssh/id"]);
    assert_eq!(preview.rows[0].notes[0].why, Why::KeyNotRead);
    assert!(matches!(&works[0], Work::Add { login: None, .. }));
    let keys = BTreeMap::from([("~/.ssh/id".to_owned(), Secret::new("PRIVATE"))]);
    let (preview, works) = plan(&records, &[], &Defaults { keys, ..defaults() });
    assert!(preview.keys.is_empty() && preview.rows[0].notes.is_empty());
    assert!(matches!(&works[0], Work::Add { login: Some(KnownLogin::Key(_)), .. }));
}

#[test]
fn every_reason_has_its_own_word_and_sentence() {
    let words: std::collections::BTreeSet<&str> = Why::ALL.iter().map(|w| w.word()).collect();
    assert_eq!(words.len(), Why::ALL.len());
    for why in Why::ALL {
        let json = serde_json::to_value(why).unwrap();
        assert_eq!(json, why.word(), "the word on the wire is the key of the sentence");
        let text = super::Reason::of(why, "{other}").and("B").to_string();
        assert!(!text.is_empty() && !text.contains("{what}"), "{text}");
    }
}
