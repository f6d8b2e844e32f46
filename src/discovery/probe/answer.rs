//! The lines of a program, read with suspicion.

use super::script::{Question, is_nic};
use crate::domain::check::probe::{DhcpOffer, Listener, Mark, ProbeResult, Program, TaskKind};
use crate::domain::ids::NodeId;
use crate::domain::text::harmless;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// Characters kept of a text.
const TEXT_MAX: usize = 400;
/// Answers kept to one question: MACs, offers, addresses, listeners.
const FEW: usize = 16;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// The shell found this interpreter.
    Found(String),
    /// The program runs.
    Hello(Program),
    /// It is ready to begin.
    Ready,
    /// Its clock, in milliseconds since 1970.
    Time(f64),
    /// All its frames are sent.
    Sent,
    /// A result, and the question that it answers.
    Result(ProbeResult, Option<Question>),
    /// The answer to all questions of a kind (on a NIC, about a subject) is that they could not be asked.
    Fault(Fault),
    /// Who keeps the clock right: whom was asked, what it says.
    Clock(String, Option<bool>),
    /// Everything is said, everything is put back.
    Done,
}

/// Why something was not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Kind of question.
    pub task: TaskKind,
    /// On this NIC.
    pub nic: Option<String>,
    /// About this; empty: all.
    pub subject: String,
    /// Why.
    pub why: String,
}

impl Fault {
    /// Whether it answers `question`.
    pub fn answers(&self, question: &Question) -> bool {
        question.kind() == self.task
            && self.nic.as_deref() == question.nic()
            && (self.subject.is_empty() || self.subject == question.key())
    }
}

/// Reads a line; none: it is nothing that a program says.
pub fn line(text: &str) -> Option<Line> {
    let mut words = text.split_ascii_whitespace();
    let what = words.next()?;
    let words: Vec<&str> = words.collect();
    match (what, words.as_slice()) {
        ("program", [word]) => Some(Line::Found((*word).to_owned())),
        ("hello", [language @ ("perl" | "python"), version]) => {
            Some(Line::Hello(Program { language: (*language).to_owned(), version: plain(version)? }))
        }
        ("ready", []) => Some(Line::Ready),
        ("time", [ms]) => ms.parse().ok().filter(|ms: &f64| ms.is_finite() && *ms >= 0.0).map(Line::Time),
        ("sent", []) => Some(Line::Sent),
        ("done", []) => Some(Line::Done),
        ("clock", [source, state]) => Some(Line::Clock(
            plain(source).unwrap_or_default(),
            match *state {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
        )),
        ("fault", [task, nic, subject, why]) => Some(Line::Fault(Fault {
            task: TaskKind::ALL.into_iter().find(|k| k.word() == *task)?,
            nic: optional_nic(nic)?,
            subject: plain(subject).unwrap_or_default(),
            why: plain(why)?,
        })),
        (what, words) => result(what, words).map(|(result, question)| Line::Result(result, question)),
    }
}

fn result(what: &str, words: &[&str]) -> Option<(ProbeResult, Option<Question>)> {
    match (what, words) {
        ("nic", [nic, mac, up, carrier, mtu]) => {
            let result = ProbeResult::Nic {
                nic: nic_name(nic)?,
                mac: mac_text(mac)?,
                was_up: flag(up, "up", "down")?,
                carrier: flag(carrier, "carrier", "no-carrier")?,
                mtu: mtu.parse().ok()?,
            };
            Some((result, None))
        }
        ("heard", [nic, from, from_nic, marks]) => {
            let marks: BTreeSet<Mark> = marks.split(',').map(mark).collect::<Option<_>>()?;
            let from_nic = nic_name(&plain(from_nic)?)?;
            let marks = marks.into_iter().collect();
            Some((
                ProbeResult::Heard { nic: nic_name(nic)?, from: NodeId(from.parse().ok()?), from_nic, marks },
                None,
            ))
        }
        ("address", [nic, address, macs @ ..]) => {
            let (nic, address) = (nic_name(nic)?, address.parse().ok()?);
            let macs: BTreeSet<String> =
                macs.iter().take(FEW).map(|mac| mac_text(mac)).collect::<Option<_>>()?;
            let question = Question::Address(nic.clone(), address);
            Some((ProbeResult::Address { nic, address, macs: macs.into_iter().collect() }, Some(question)))
        }
        ("dhcp", [nic, offers @ ..]) => {
            let nic = nic_name(nic)?;
            let offers: BTreeSet<DhcpOffer> =
                offers.iter().take(FEW).map(|o| offer(o)).collect::<Option<_>>()?;
            let question = Question::Dhcp(nic.clone());
            Some((ProbeResult::Dhcp { nic, offers: offers.into_iter().collect() }, Some(question)))
        }
        ("echo", [nic, source, target, rtt, asked, mtu, why]) => {
            let (nic, source, target) = (optional_nic(nic)?, optional(source)?, target.parse().ok()?);
            let (rtt_us, mtu_asked, mtu) = (optional(rtt)?, optional(asked)?, optional(mtu)?);
            let question = Question::Echo(nic.clone(), source, target, mtu_asked);
            let result = ProbeResult::Echo { nic, source, target, rtt_us, mtu_asked, mtu, fault: plain(why) };
            // Larger than asked for, or without an answer: nonsense.
            (mtu <= mtu_asked && (mtu.is_none() || rtt_us.is_some())).then_some((result, Some(question)))
        }
        ("port", [port, listeners @ ..]) => {
            let port = port.parse().ok()?;
            let listeners: BTreeSet<Listener> =
                listeners.iter().take(FEW).map(|l| listener(l)).collect::<Option<_>>()?;
            let listeners = listeners.into_iter().collect();
            Some((ProbeResult::Port { port, listeners }, Some(Question::Port(port))))
        }
        ("name", [name, ms, addresses, why]) => {
            let (name, fault) = (plain(name)?, plain(why));
            let addresses: Vec<IpAddr> = match *addresses {
                "-" => Vec::new(),
                list => list.split(',').take(FEW).map(|a| a.parse().ok()).collect::<Option<_>>()?,
            };
            let question = Question::Name(name.clone());
            // No address and no reason would read as neither.
            let result = ProbeResult::Name { name, ms: ms.parse().ok()?, fault, addresses };
            consistent(&result).then_some((result, Some(question)))
        }
        ("url", [url, proxy, status, ms, why]) => {
            let url = plain(url)?;
            let question = Question::Url(url.clone());
            let (proxy, status, fault) = (plain(proxy), optional(status)?, plain(why));
            Some((
                ProbeResult::Repository { url, proxy, status, ms: ms.parse().ok()?, fault },
                Some(question),
            ))
        }
        _ => None,
    }
}

fn consistent(result: &ProbeResult) -> bool {
    match result {
        ProbeResult::Name { addresses, fault, .. } => addresses.is_empty() == fault.is_some(),
        _ => true,
    }
}

fn flag(word: &str, yes: &str, no: &str) -> Option<bool> {
    (word == yes || word == no).then_some(word == yes)
}

fn nic_name(text: &str) -> Option<String> {
    is_nic(text).then(|| text.to_owned())
}

/// The outer `None` is nonsense, the inner one stands for nothing.
#[expect(clippy::option_option, reason = "said above")]
fn optional_nic(text: &str) -> Option<Option<String>> {
    if text == "-" { Some(None) } else { nic_name(text).map(Some) }
}

/// As `optional_nic`.
#[expect(clippy::option_option, reason = "said above")]
fn optional<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text == "-" { Some(None) } else { text.parse().ok().map(Some) }
}

fn mac_text(text: &str) -> Option<String> {
    let bytes: Vec<&str> = text.split(':').collect();
    let sound = |b: &&str| b.len() == 2 && b.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    (bytes.len() == 6 && bytes.iter().all(sound)).then(|| text.to_owned())
}

/// `100t`: sent with VLAN 100, came with a tag; `0u`: neither.
fn mark(text: &str) -> Option<Mark> {
    let (id, tagged) = match text.strip_suffix('t') {
        Some(id) => (id, true),
        None => (text.strip_suffix('u')?, false),
    };
    let id: u16 = id.parse().ok().filter(|id| *id <= 4094)?;
    Some(Mark { vlan: (id > 0).then_some(id), tagged })
}

fn offer(text: &str) -> Option<DhcpOffer> {
    let mut parts = text.split(',');
    let offer = DhcpOffer {
        server: parts.next()?.parse().ok()?,
        mac: mac_text(parts.next()?)?,
        offered: parts.next()?.parse::<Ipv4Addr>().ok()?,
    };
    parts.next().is_none().then_some(offer)
}

fn listener(text: &str) -> Option<Listener> {
    let mut parts = text.split(',');
    let listener = Listener {
        address: parts.next()?.parse().ok()?,
        pid: optional(parts.next()?)?,
        process: plain(parts.next()?),
        unit: plain(parts.next()?),
    };
    parts.next().is_none().then_some(listener)
}

/// A word with its `%XX` undone, harmless and bounded; none for `-`, which stands for nothing.
fn plain(word: &str) -> Option<String> {
    if word == "-" {
        return None;
    }
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.bytes();
    while let Some(b) = rest.next() {
        if b != b'%' {
            bytes.push(b);
            continue;
        }
        let digit =
            |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(high * 16 + low);
    }
    let text = harmless(&String::from_utf8_lossy(&bytes)).replace('\n', " ");
    Some(text.trim().chars().take(TEXT_MAX).collect())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_read() {
        let Some(Line::Result(heard, None)) = line("heard eth1 7 ens3f0 0u,100t,101u") else { panic!() };
        let marks = vec![
            Mark { vlan: None, tagged: false },
            Mark { vlan: Some(100), tagged: true },
            Mark { vlan: Some(101), tagged: false },
        ];
        assert_eq!(
            heard,
            ProbeResult::Heard { nic: "eth1".into(), from: NodeId(7), from_nic: "ens3f0".into(), marks }
        );
        let Some(Line::Result(ProbeResult::Port { listeners, .. }, Some(Question::Port(80)))) =
            line("port 80 0.0.0.0,17,nginx,nginx.service 0:0:0:0:0:0:0:0,-,-,-")
        else {
            panic!()
        };
        assert_eq!(listeners.len(), 2);
        assert_eq!(listeners[0].unit.as_deref(), Some("nginx.service"));
        let Some(Line::Fault(fault)) = line("fault echo eth1 10.0.0.1,- no%20way") else { panic!() };
        assert_eq!(fault.why, "no way");
        assert!(fault.answers(&Question::Echo(
            Some("eth1".into()),
            None,
            "10.0.0.1".parse().unwrap(),
            Some(1500)
        )));
        assert!(!fault.answers(&Question::Echo(None, None, "10.0.0.1".parse().unwrap(), None)));
        assert!(!fault.answers(&Question::Dhcp("eth1".into())));
    }

    #[test]
    fn nonsense_is_no_answer() {
        for bad in [
            "",
            "heard eth1 7 eth2 4095t",
            "heard eth1 7 eth2 100",
            "heard eth1 x eth2 0u",
            "heard e%1b 7 eth2 0u",
            "address eth1 10.0.0.1 00:11:22:33:44",
            "address eth1 10.0.0.1 00:11:22:33:44:GG",
            "dhcp eth1 10.0.0.1,00:11:22:33:44:55",
            "echo eth1 - 10.0.0.1 - 1400 1400 -",
            "echo eth1 - 10.0.0.1 5 1400 1500 -",
            "name a 5 - -",
            "name a 5 10.0.0.1 why",
            "time nan",
            "time -5",
            "fault everything - - why",
            "nic eth1 00:11:22:33:44:55 up maybe 1500",
        ] {
            assert_eq!(line(bad), None, "{bad}");
        }
    }

    #[test]
    fn texts_are_harmless() {
        let Some(Line::Result(ProbeResult::Name { fault, .. }, _)) = line("name a 5 - %1B[31mred%0Aline%FF")
        else {
            panic!()
        };
        assert_eq!(fault.unwrap(), "red line\u{fffd}");
    }

    proptest! {
        #[test]
        fn no_line_panics(text in ".{0,200}") {
            line(&text);
        }

        #[test]
        fn no_words_panic(
            what in "nic|heard|address|dhcp|echo|port|name|url|clock|fault|time|hello",
            words in proptest::collection::vec("[!-~]{0,12}|-|eth0|[0-9.,:%]{1,9}", 0..8),
        ) {
            line(&format!("{what} {}", words.join(" ")));
        }
    }
}
