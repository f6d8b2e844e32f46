//! Frames, ARP, DHCP, ICMP.

use super::*;

fn mac_of(rack: &Rack, node: &str, nic: &str) -> String {
    let link = rack.link(node, nic);
    link.split_whitespace().skip_while(|w| *w != "link/ether").nth(1).unwrap().to_owned()
}

/// Four NICs on two bridges: `c` is plugged into the wrong one, `b`'s was down, VLAN 101 is missing at `b`'s port.
#[tokio::test]
async fn who_hears_whom() {
    if !possible() {
        return;
    }
    let rack = Rack::new(3, |w| {
        w.bridge("one");
        w.bridge("two");
        for node in ["a", "b"] {
            w.nic(node, "eth1", "one");
            w.nic(node, "eth2", "two");
        }
        w.nic("c", "eth1", "two");
        w.ip("a", "link set eth1 up");
        w.ip("a", "link set eth2 up");
        w.ip("c", "link set eth1 up");
        w.drop_frames("oifname \"b-eth1\" ether type vlan vlan id 101");
        w.drop_frames("iifname \"b-eth1\" ether type vlan vlan id 101");
    })
    .await;
    for interpreter in interpreters() {
        let both = vec![frames("eth1", &[100, 101]), frames("eth2", &[])];
        let all = rack.ask(vec![both.clone(), both, vec![frames("eth1", &[])]], &interpreter).await;
        all.iter().for_each(all_checked);
        assert_eq!(heard(&all[0]), ["eth1<2.eth1:0u,100t", "eth2<2.eth2:0u", "eth2<3.eth1:0u"]);
        assert_eq!(heard(&all[1]), ["eth1<1.eth1:0u,100t", "eth2<1.eth2:0u", "eth2<3.eth1:0u"]);
        assert_eq!(heard(&all[2]), ["eth1<1.eth2:0u", "eth1<2.eth2:0u"]);
        let nics: Vec<(&str, bool, bool)> = all[..2]
            .iter()
            .flat_map(|n| &n.results)
            .filter_map(|r| match r {
                ProbeResult::Nic { nic, was_up, carrier, mtu: 1500, .. } => {
                    Some((nic.as_str(), *was_up, *carrier))
                }
                _ => None,
            })
            .collect();
        let up = |nic, was| (nic, was, true);
        assert_eq!(nics, [up("eth1", true), up("eth2", true), up("eth1", false), up("eth2", false)]);
        // At once, not a little later: `done` is said only then.
        assert!(!rack.link("b", "eth1").contains(",UP"), "{interpreter}: {}", rack.link("b", "eth1"));
        for (node, nic) in [("a", "eth1"), ("b", "eth2"), ("c", "eth1")] {
            assert!(rack.link(node, nic).contains("promiscuity 0"), "{interpreter} {node} {nic}");
        }
    }
}

/// Two NICs of one node on a segment hear each other; a NIC that is not there and one that is no Ethernet are not checked.
#[tokio::test]
async fn the_same_node_and_missing_nics() {
    if !possible() {
        return;
    }
    let rack = Rack::new(1, |w| {
        w.bridge("one");
        w.nic("a", "eth1", "one");
        w.nic("a", "eth2", "one");
    })
    .await;
    for interpreter in interpreters() {
        let tasks = vec![
            frames("eth1", &[7]),
            frames("eth2", &[]),
            frames("eth9", &[]),
            frames("lo", &[]),
            frames("no nic", &[]),
            Task::Dhcp { nic: "eth9".into() },
        ];
        let all = rack.ask(vec![tasks], &interpreter).await;
        assert_eq!(heard(&all[0]), ["eth1<1.eth2:0u", "eth2<1.eth1:0u,7t"]);
        let mut left: Vec<String> = all[0]
            .results
            .iter()
            .filter_map(|r| match r {
                ProbeResult::NotChecked { task, nic, why, .. } => Some(format!("{task} {nic:?} {why}")),
                _ => None,
            })
            .collect();
        left.sort();
        assert_eq!(left.len(), 4, "{left:?}");
        assert!(left[0].starts_with("dhcp Some(\"eth9\") there is no such NIC"), "{left:?}");
        assert!(left[1].starts_with("frames Some(\"eth9\") there is no such NIC"), "{left:?}");
        assert!(left[2].starts_with("frames Some(\"lo\") it is not an Ethernet NIC"), "{left:?}");
        assert!(left[3].contains("is no name of a NIC"), "{left:?}");
    }
}

/// 10.7.0.2 is both `b`'s and `c`'s; a DHCP server of `d` offers; the link of `c` takes 1400 bytes.
#[tokio::test]
async fn addresses_dhcp_and_mtu() {
    if !possible() {
        return;
    }
    let rack = Rack::new(4, |w| {
        w.bridge("one");
        for (node, address) in [("a", "10.7.0.1"), ("b", "10.7.0.2"), ("c", "10.7.0.2"), ("d", "10.7.0.4")] {
            w.nic(node, "eth1", "one");
            w.ip(node, "link set eth1 up");
            w.ip(node, &format!("addr add {address}/24 dev eth1"));
        }
        w.ip("c", "addr add 10.7.0.3/24 dev eth1");
        w.ip("c", "link set eth1 mtu 1396");
    })
    .await;
    let mut server = DhcpServer::start(&rack.wires, "d", "eth1", "10.7.0.4");
    for interpreter in interpreters() {
        let asked = ["10.7.0.2", "10.7.0.3", "10.7.0.9"].map(ip).to_vec();
        let echo = |targets: &[&str]| Task::Echo {
            nic: Some("eth1".into()),
            source: Some(ip("10.7.0.1")),
            targets: targets.iter().map(|t| ip(t)).collect(),
            mtu: Some(1500),
        };
        let tasks = vec![
            Task::Addresses { nic: "eth1".into(), addresses: asked },
            Task::Dhcp { nic: "eth1".into() },
            echo(&["10.7.0.3", "10.7.0.4", "10.7.0.9"]),
            Task::Echo { nic: None, source: Some(ip("10.99.0.1")), targets: vec![ip("10.7.0.4")], mtu: None },
            Task::Echo {
                nic: None,
                source: None,
                targets: vec![ip("10.55.0.1"), ip("127.0.0.1")],
                mtu: None,
            },
        ];
        // `b` asks for its own address: who else has it?
        let own = vec![Task::Addresses { nic: "eth1".into(), addresses: vec![ip("10.7.0.2")] }];
        let all = rack.ask(vec![tasks, own], &interpreter).await;
        let [b, c, d] = ["b", "c", "d"].map(|n| mac_of(&rack, n, "eth1"));
        let macs = |probe: &NodeProbe, of: &str| -> Vec<String> {
            let one = probe.results.iter().find_map(|r| match r {
                ProbeResult::Address { address, macs, .. } if *address == ip(of) => Some(macs.clone()),
                _ => None,
            });
            one.unwrap()
        };
        let mut twice = vec![b, c.clone()];
        twice.sort();
        assert_eq!(macs(&all[0], "10.7.0.2"), twice, "{interpreter}");
        assert_eq!(macs(&all[1], "10.7.0.2"), std::slice::from_ref(&c));
        assert_eq!(macs(&all[0], "10.7.0.3"), [c]);
        assert_eq!(macs(&all[0], "10.7.0.9"), Vec::<String>::new());
        let offers = all[0].results.iter().find_map(|r| match r {
            ProbeResult::Dhcp { offers, .. } => Some(offers.clone()),
            _ => None,
        });
        let [offer] = &offers.unwrap()[..] else { panic!("{interpreter}: {all:?}") };
        assert_eq!((offer.server, &offer.mac, offer.offered), (ip("10.7.0.4"), &d, ip("10.7.0.77")));
        let echoes: Vec<(String, bool, Option<u16>)> = all[0]
            .results
            .iter()
            .filter_map(|r| match r {
                ProbeResult::Echo { target, rtt_us, mtu, .. } => {
                    Some((target.to_string(), rtt_us.is_some(), *mtu))
                }
                _ => None,
            })
            .collect();
        let passed =
            |target: &str| echoes.iter().find(|e| e.0 == target).map(|(_, answered, mtu)| (*answered, *mtu));
        // A veth takes four bytes more than its MTU.
        assert_eq!(passed("10.7.0.3"), Some((true, Some(1400))), "{interpreter}: {echoes:?}");
        assert_eq!(passed("10.7.0.4"), Some((true, Some(1500))));
        assert_eq!(passed("10.7.0.9"), Some((false, None)));
        assert_eq!(passed("127.0.0.1"), Some((true, None)));
        assert_eq!(passed("10.55.0.1"), Some((false, None)), "no route there");
        assert_eq!(echoes.len(), 5);
        let left: Vec<_> =
            all[0].results.iter().filter(|r| matches!(r, ProbeResult::NotChecked { .. })).collect();
        assert!(
            matches!(&left[..], [ProbeResult::NotChecked { subject, why, .. }]
                if subject == "10.7.0.4" && why.contains("source address 10.99.0.1")),
            "{left:?}"
        );
        assert_eq!(server.asked(), "DISCOVER only", "{interpreter}");
    }
}

/// A server that offers 10.7.0.77 to whoever asks, and remembers when somebody requests.
struct DhcpServer {
    child: std::process::Child,
    log: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl DhcpServer {
    fn start(wires: &Wires, node: &str, nic: &str, own: &str) -> Self {
        const PROGRAM: &str = r#"
            my ($nic, $own, $log) = @ARGV;
            socket my $s, 2, 2, 17 or die; setsockopt $s, 1, 6, pack 'i', 1; setsockopt $s, 1, 25, "$nic\0";
            bind $s, pack 'S n a4 x8', 2, 67, "\0\0\0\0" or die;
            $| = 1; print "listening\n";
            while (defined recv $s, my $b, 1500, 0) {
                my ($kind) = substr($b, 240) =~ /^\x35\x01(.)/s; $kind = ord $kind;
                if ($kind != 1 || (unpack 'x10 n', $b) != 0x8000) { open my $f, '>>', $log; print $f "kind $kind\n"; next }
                my $o = "\x02" . substr($b, 1, 15) . pack('C4', 10, 7, 0, 77) . substr($b, 20, 220);
                $o .= pack 'C*', 53, 1, 2, 54, 4, split(/\./, $own), 51, 4, 0, 0, 1, 0, 255;
                send $s, $o, 0, pack 'S n a4 x8', 2, 68, "\xff\xff\xff\xff";
            }"#;
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = wires.exec(node);
        command.args(["perl", "-e", PROGRAM, nic, own]).arg(&log).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        assert_eq!(line, "listening\n");
        Self { child, log, _folder: folder }
    }

    fn asked(&mut self) -> String {
        assert!(self.child.try_wait().unwrap().is_none(), "the server ended");
        std::fs::read_to_string(&self.log).unwrap_or_else(|_| "DISCOVER only".into())
    }
}

impl Drop for DhcpServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
