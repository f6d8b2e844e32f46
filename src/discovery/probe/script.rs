//! Tasks as the programs read them, and what has to be answered.

use crate::domain::check::probe::{LIST_MAX, MTU_MIN, NICS_MAX, ProbeResult, Task, TaskKind, VLANS_MAX};
use crate::domain::ids::NodeId;
use crate::domain::text::sh_quote;
use std::collections::BTreeSet;
use std::fmt::{Display, Write};
use std::net::Ipv4Addr;

const PERL: &str = concat!(
    include_str!("perl/base.pl"),
    include_str!("perl/nics.pl"),
    include_str!("perl/wires.pl"),
    include_str!("perl/echo.pl"),
    include_str!("perl/host.pl"),
    include_str!("perl/main.pl")
);
const PYTHON: &str = concat!(
    include_str!("python/base.py"),
    include_str!("python/nics.py"),
    include_str!("python/wires.py"),
    include_str!("python/echo.py"),
    include_str!("python/host.py"),
    include_str!("python/main.py")
);
/// Where interpreters are looked for, best first.
pub const INTERPRETERS: [&str; 5] = ["perl", "python3", "/usr/libexec/platform-python", "python2", "python"];

// Both read a line with the program's length, the program, and leave the rest of standard input to it.
const PERL_START: &str = r#"my($n,$p)=("","");while(sysread(STDIN,my $c,1)){last if $c eq "\n";$n.=$c}
while(length $p<$n){sysread(STDIN,$p,$n-length $p,length $p)||exit 1}eval $p;die $@ if $@"#;
const PYTHON_START: &str = r#"import os
n=b""
c=os.read(0,1)
while c not in(b"\n",b""):
    n+=c
    c=os.read(0,1)
p=b""
while len(p)<int(n):
    c=os.read(0,int(n)-len(p))
    if not c: raise SystemExit(1)
    p+=c
exec(compile(p,"probe","exec"))"#;

/// The command that finds an interpreter, says which, and starts it. Nothing depends on the account's login shell or its
/// environment.
pub fn command(interpreters: &[String]) -> String {
    let mut sh = String::new();
    for name in interpreters {
        let at = sh_quote(name);
        let (word, test, start) = if is_perl(name) {
            ("perl", "-MConfig -e 1", format!("-e {}", sh_quote(PERL_START)))
        } else {
            (
                "python",
                "-c 'import ctypes, fcntl, select, socket, struct'",
                format!("-c {}", sh_quote(PYTHON_START)),
            )
        };
        let _ = writeln!(sh, "if {at} {test} 2>/dev/null; then echo 'program {word}'; exec {at} {start}; fi");
    }
    sh.push_str("echo 'program none'");
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    format!("exec env -i PATH={path} LC_ALL=C sh -c {}", sh_quote(&sh))
}

fn is_perl(interpreter: &str) -> bool {
    interpreter.rsplit('/').next().is_some_and(|name| name.starts_with("perl"))
}

/// The program for a `program WORD` line, as the starters read it; none for another word.
pub fn program(word: &str) -> Option<String> {
    let text = match word {
        "perl" => PERL,
        "python" => PYTHON,
        _ => return None,
    };
    Some(format!("{}\n{text}", text.len()))
}

/// A question, as its answer names it. Every one must be answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Frames on a NIC; answered by the end of the program.
    Frames(String),
    /// An address on a NIC.
    Address(String, Ipv4Addr),
    /// A NIC.
    Dhcp(String),
    /// NIC, source, target, size.
    Echo(Option<String>, Option<Ipv4Addr>, Ipv4Addr, Option<u16>),
    /// A port.
    Port(u16),
    /// A name.
    Name(String),
    /// A repository.
    Url(String),
    /// The node's own repositories; answered by any.
    Configured,
    /// The clock.
    Clock,
}

impl Question {
    /// Kind of the task it came from.
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::Frames(_) => TaskKind::Frames,
            Self::Address(..) => TaskKind::Addresses,
            Self::Dhcp(_) => TaskKind::Dhcp,
            Self::Echo(..) => TaskKind::Echo,
            Self::Port(_) => TaskKind::Ports,
            Self::Name(_) => TaskKind::Names,
            Self::Url(_) | Self::Configured => TaskKind::Repositories,
            Self::Clock => TaskKind::Clock,
        }
    }

    /// NIC that it is about.
    pub fn nic(&self) -> Option<&str> {
        match self {
            Self::Frames(nic) | Self::Address(nic, _) | Self::Dhcp(nic) | Self::Echo(Some(nic), ..) => {
                Some(nic)
            }
            _ => None,
        }
    }

    /// What a fault of the program calls it, besides the NIC.
    pub fn key(&self) -> String {
        match self {
            Self::Echo(_, Some(source), target, _) => format!("{target},{source}"),
            Self::Echo(_, None, target, _) => format!("{target},-"),
            other => other.subject(),
        }
    }

    /// What it is about, in a word; empty: nothing special.
    pub fn subject(&self) -> String {
        match self {
            Self::Address(_, ip) | Self::Echo(_, _, ip, _) => ip.to_string(),
            Self::Port(port) => port.to_string(),
            Self::Name(text) | Self::Url(text) => text.clone(),
            Self::Configured => "configured".to_owned(),
            Self::Frames(nic) | Self::Dhcp(nic) => nic.clone(),
            Self::Clock => String::new(),
        }
    }

    /// The answer that there is none.
    pub fn not_checked(&self, why: &str) -> ProbeResult {
        ProbeResult::NotChecked {
            task: self.kind(),
            nic: self.nic().map(str::to_owned),
            subject: self.subject(),
            why: why.to_owned(),
        }
    }
}

/// What one node gets.
#[derive(Debug, Default)]
pub struct Script {
    /// Lines for the program, `begin` last.
    pub text: String,
    /// To be answered.
    pub open: BTreeSet<Question>,
    /// Tasks that make no sense.
    pub refused: Vec<ProbeResult>,
    /// Something asks for the clock.
    pub clock: bool,
}

/// Kernel names that are safe as a word of a line.
pub fn is_nic(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._:@-".contains(c))
}

fn is_word(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text != "-" && text.chars().all(|c| c.is_ascii_graphic())
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join(",") }
}

/// The tasks of `node`. `limit`: seconds after which the program ends by itself.
pub fn script(run: [u8; 8], node: NodeId, limit: u64, tasks: &[Task]) -> Script {
    let mut script =
        Script { text: format!("run {} {node}\nlimit {limit}\n", hex::encode(run)), ..Script::default() };
    let mut nics = BTreeSet::new();
    for task in tasks {
        if let Err(why) = sound(task, &mut nics) {
            let nic = match task {
                Task::Frames { nic, .. } | Task::Addresses { nic, .. } | Task::Dhcp { nic } => {
                    Some(nic.clone())
                }
                Task::Echo { nic, .. } => nic.clone(),
                _ => None,
            };
            let subject = nic.clone().unwrap_or_default();
            script.refused.push(ProbeResult::NotChecked { task: task.kind(), nic, subject, why });
        } else {
            add(&mut script, task);
        }
    }
    script.text.push_str("begin\n");
    script
}

fn add(script: &mut Script, task: &Task) {
    let open = &mut script.open;
    let text = &mut script.text;
    // Writing to a String cannot fail.
    let _ = match task {
        Task::Frames { nic, untagged, vlans } => {
            let tags: BTreeSet<u16> =
                untagged.then_some(0).into_iter().chain(vlans.iter().copied()).collect();
            open.insert(Question::Frames(nic.clone()));
            writeln!(text, "frames {nic} {}", list(tags))
        }
        Task::Addresses { nic, addresses } => {
            open.extend(addresses.iter().map(|ip| Question::Address(nic.clone(), *ip)));
            writeln!(text, "addresses {nic} {}", list(addresses))
        }
        Task::Dhcp { nic } => {
            open.insert(Question::Dhcp(nic.clone()));
            writeln!(text, "dhcp {nic}")
        }
        Task::Echo { nic, source, targets, mtu } => {
            let targets: BTreeSet<Ipv4Addr> = targets.iter().copied().collect();
            let fresh: Vec<Ipv4Addr> = targets
                .into_iter()
                .filter(|ip| open.insert(Question::Echo(nic.clone(), *source, *ip, *mtu)))
                .collect();
            if fresh.is_empty() {
                return;
            }
            let nic = nic.as_deref().unwrap_or("-");
            let source = source.map_or_else(|| "-".to_owned(), |ip| ip.to_string());
            writeln!(text, "echo {nic} {source} {} {}", mtu.unwrap_or(0), list(fresh))
        }
        Task::Ports { ports } => {
            open.extend(ports.iter().map(|port| Question::Port(*port)));
            writeln!(text, "ports {}", list(ports))
        }
        Task::Names { names } => {
            for name in names {
                if open.insert(Question::Name(name.clone())) {
                    let _ = writeln!(text, "name {name}");
                }
            }
            Ok(())
        }
        Task::Repositories { urls, configured } => {
            for url in urls {
                if open.insert(Question::Url(without_user(url))) {
                    let _ = writeln!(text, "url {url}");
                }
            }
            if *configured && open.insert(Question::Configured) {
                let _ = writeln!(text, "configured");
            }
            Ok(())
        }
        Task::Clock => {
            script.clock = true;
            open.insert(Question::Clock);
            writeln!(text, "clock")
        }
    };
}

/// A URL as it is shown: no user, no password.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("//") else { return url.to_owned() };
    let host = rest.find('/').unwrap_or(rest.len());
    let (place, path) = rest.split_at(host);
    format!("{scheme}//{}{path}", place.rsplit_once('@').map_or(place, |(_, host)| host))
}

/// Why a task cannot be asked.
fn sound(task: &Task, nics: &mut BTreeSet<String>) -> Result<(), String> {
    let (nic, count) = match task {
        Task::Frames { nic, vlans, .. } => (Some(nic), vlans.len()),
        Task::Addresses { nic, addresses } => (Some(nic), addresses.len()),
        Task::Dhcp { nic } => (Some(nic), 1),
        Task::Echo { nic, targets, .. } => (nic.as_ref(), targets.len()),
        Task::Ports { ports } => (None, ports.len()),
        Task::Names { names } => (None, names.len()),
        Task::Repositories { urls, .. } => (None, urls.len()),
        Task::Clock => (None, 1),
    };
    if count > LIST_MAX {
        return Err(format!("{count} are too many at once, {LIST_MAX} are the most: ask for less"));
    }
    if let Some(nic) = nic {
        if !is_nic(nic) {
            return Err(format!("'{nic}' is no name of a NIC"));
        }
        nics.insert(nic.clone());
        if nics.len() > NICS_MAX {
            return Err(format!("more than {NICS_MAX} NICs of one node: ask for less"));
        }
    }
    match task {
        Task::Frames { vlans, .. } if vlans.len() > VLANS_MAX => Err(format!(
            "{} VLANs are too many for one check, {VLANS_MAX} are the most: choose some",
            vlans.len()
        )),
        Task::Frames { vlans, .. } => match vlans.iter().find(|id| !(1..=4094).contains(*id)) {
            Some(id) => Err(format!("{id} is no VLAN id: 1 to 4094")),
            None => Ok(()),
        },
        Task::Addresses { addresses, .. } if addresses.is_empty() => Err("no address to ask for".into()),
        Task::Echo { mtu: Some(mtu), .. } if *mtu < MTU_MIN => {
            Err(format!("an MTU of {mtu} is too small: {MTU_MIN} at least"))
        }
        Task::Echo { targets, .. } if targets.is_empty() => Err("nobody to ask".into()),
        Task::Ports { ports } if ports.is_empty() => Err("no port to look at".into()),
        Task::Names { names } => match names.iter().find(|name| !is_word(name, 253)) {
            Some(name) => Err(format!("'{name}' is no host name")),
            None => Ok(()),
        },
        Task::Repositories { urls, .. } => match urls.iter().find(|url| !is_word(url, 200)) {
            Some(url) => Err(format!("'{url}' is no address of a repository")),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}
