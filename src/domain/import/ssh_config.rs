//! OpenSSH's `~/.ssh/config`: every host that is named there without a wildcard is a machine; what stands under patterns that fit it
//! counts as well, and the first value that is found wins, as in ssh.

use super::reason::{Note, Reason, Why, short};
use super::{Login, Record, Records, Wanted, address, line_number, node_name, port, user, way, words};
use crate::domain::jump::JumpPlace;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What stands under one `Host` or `Match`.
struct Block {
    line: u32,
    patterns: Vec<String>,
    values: Vec<(&'static str, String)>,
    fault: Option<Reason>,
}

impl Block {
    fn fits(&self, alias: &str) -> bool {
        let matches = |p: &str| words::fits(p, alias);
        let refused = self.patterns.iter().filter_map(|p| p.strip_prefix('!')).any(matches);
        !refused && self.patterns.iter().any(|p| !p.starts_with('!') && matches(p))
    }

    fn is_plain(&self) -> bool {
        self.patterns.iter().all(|p| is_alias(p))
    }
}

fn is_alias(pattern: &str) -> bool {
    !pattern.contains(['*', '?']) && !pattern.starts_with('!')
}

/// The setting of ours that a word is.
fn setting(word: &str) -> Option<&'static str> {
    Some(match word {
        "hostname" => "hostname",
        "port" => "port",
        "user" => "user",
        "identityfile" => "key",
        "proxyjump" => "jump",
        "proxycommand" => "proxy",
        _ => return None,
    })
}

/// Reads a text.
pub fn read(text: &str) -> Records {
    let mut records = Records::default();
    let mut blocks = vec![Block { line: 0, patterns: vec!["*".into()], values: Vec::new(), fault: None }];
    for (index, line) in text.lines().enumerate() {
        let number = line_number(index);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // KEYWORD VALUE, KEYWORD=VALUE, KEYWORD = VALUE
        let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        let rest = rest.trim_start();
        let rest = rest.strip_prefix('=').unwrap_or(rest).trim();
        let word = word.to_lowercase();
        let values = words::split(rest);
        match (word.as_str(), values) {
            ("host", Some(patterns)) => {
                blocks.push(Block { line: number, patterns, values: Vec::new(), fault: None });
            }
            ("match", values) => {
                let patterns = values.and_then(|v| condition(&v));
                if patterns.is_none() {
                    records.notes.push(Note { line: number, reason: Reason::new(Why::Match) });
                }
                let patterns = patterns.unwrap_or_default();
                blocks.push(Block { line: number, patterns, values: Vec::new(), fault: None });
            }
            ("include", Some(files)) => {
                let reason = Reason::of(Why::Include, files.join(" "));
                records.notes.push(Note { line: number, reason });
            }
            ("host", None) => {
                blocks.push(Block { line: number, patterns: Vec::new(), values: Vec::new(), fault: None });
                records.refuse(number, "", Reason::new(Why::Quotes));
            }
            (word, values) => {
                let Some(block) = blocks.last_mut() else { continue };
                match (setting(word), values) {
                    // A command is the whole rest of its line.
                    (Some("proxy"), _) => block.values.push(("proxy", rest.to_owned())),
                    (Some(key), Some(values)) => {
                        block.values.extend(values.into_iter().next().map(|value| (key, value)));
                    }
                    (Some(_), None) => block.fault = Some(Reason::new(Why::Quotes)),
                    (None, _) => {}
                }
            }
        }
    }
    machines(&blocks, &mut records);
    records.all.sort_by_key(|r| r.line);
    records
}

/// The patterns of a condition that only looks at the name; `None`: it looks at something else.
fn condition(words: &[String]) -> Option<Vec<String>> {
    match words {
        [all] if all.eq_ignore_ascii_case("all") => Some(vec!["*".into()]),
        [what, patterns] if matches!(what.to_lowercase().as_str(), "host" | "originalhost") => {
            Some(patterns.split(',').map(str::to_owned).collect())
        }
        _ => None,
    }
}

fn machines(blocks: &[Block], records: &mut Records) {
    // Thousands of hosts have a block each: only those with wildcards are tried on every host.
    let mut plain: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut others = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        if block.is_plain() {
            for alias in &block.patterns {
                plain.entry(alias).or_default().push(at);
            }
        } else {
            others.push(at);
        }
    }
    let all = Values { blocks, plain, others };
    let mut seen = HashSet::new();
    for block in blocks {
        for alias in block.patterns.iter().filter(|p| is_alias(p)) {
            if !seen.insert(alias.as_str()) {
                continue;
            }
            let (values, fault) = all.of(alias);
            let mut notes = Vec::new();
            let wanted = match fault {
                Some(fault) => Err(fault.clone()),
                None => wanted(alias, &values, &all, &mut notes),
            };
            records.push(Record { line: block.line, label: short(alias), wanted, notes });
        }
    }
}

/// What counts for each host.
struct Values<'a> {
    blocks: &'a [Block],
    plain: HashMap<&'a str, Vec<usize>>,
    others: Vec<usize>,
}

impl<'a> Values<'a> {
    fn of(&self, alias: &str) -> (BTreeMap<&'a str, &'a str>, Option<&'a Reason>) {
        let mut fitting: Vec<usize> = self.others.clone();
        fitting.extend(self.plain.get(alias).into_iter().flatten());
        fitting.sort_unstable();
        let mut values: BTreeMap<&str, &str> = BTreeMap::new();
        let mut fault = None;
        for block in fitting.into_iter().filter_map(|at| self.blocks.get(at)).filter(|b| b.fits(alias)) {
            fault = fault.or(block.fault.as_ref());
            for (key, value) in &block.values {
                values.entry(key).or_insert(value);
            }
        }
        (values, fault)
    }

    /// The jump host of a `ProxyJump`: an address, or a host that is described in the same file.
    fn jump(&self, text: &str, own_key: Option<&str>, notes: &mut Vec<Reason>) -> Result<JumpPlace, Reason> {
        let refused = || Reason::of(Why::Jump, text);
        let (account, host) = text.rsplit_once('@').map_or((None, text), |(a, h)| (Some(a), h));
        let (host, written) = host.split_once(':').map_or((host, None), |(h, p)| (h, Some(p)));
        let (values, fault) = self.of(host);
        if fault.is_some() || values.get("jump").is_some_and(|j| !j.eq_ignore_ascii_case("none")) {
            return Err(refused());
        }
        if let Some(key) = values.get("key").filter(|key| Some(**key) != own_key) {
            notes.push(Reason::of(Why::JumpKey, key));
        }
        let place = values.get("hostname").map_or(host.to_owned(), |h| h.replace("%h", host));
        let account = account.or_else(|| values.get("user").copied());
        let port = written.or_else(|| values.get("port").copied()).unwrap_or("22");
        let account = account.map(|a| format!("{a}@")).unwrap_or_default();
        way::place(&format!("{account}{place}:{port}")).map_err(|_| refused())
    }
}

fn wanted(
    alias: &str,
    values: &BTreeMap<&str, &str>,
    all: &Values<'_>,
    notes: &mut Vec<Reason>,
) -> Result<Wanted, Reason> {
    let is_set = |key: &str| values.get(key).copied().filter(|v| !v.eq_ignore_ascii_case("none"));
    let jump = match (is_set("jump"), is_set("proxy")) {
        (Some(jump), _) => Some(all.jump(jump, is_set("key"), notes)?),
        (None, Some(command)) => Some(way::command(command)?),
        (None, None) => None,
    };
    let own = node_name(alias)?;
    let address = match (values.get("hostname"), &own) {
        (Some(place), _) => address(&place.replace("%h", alias))?,
        (None, None) => address(alias)?,
        (None, Some(_)) => return Err(Reason::of(Why::NoAddress, "HostName 10.0.0.7")),
    };
    Ok(Wanted {
        name: own,
        address,
        port: values.get("port").map(|p| port(p)).transpose()?,
        user: values.get("user").map(|u| user(u)).transpose()?,
        login: is_set("key").map(|k| Login::Key(k.to_owned())),
        jump,
        roles: None,
    })
}
