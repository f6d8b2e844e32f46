//! Ways through another machine: `ProxyJump`, `-J`, and `ProxyCommand` as far as it says the same.

use super::reason::{Reason, Why};
use super::words;
use crate::domain::jump::JumpPlace;

/// The jump host that a text names; names are not looked up.
pub fn place(text: &str) -> Result<JumpPlace, Reason> {
    text.parse().map_err(|_| Reason::of(Why::Jump, text))
}

/// The jump host of a command that is `ssh … -W %h:%p … [account@]host`; other commands are refused.
pub fn command(text: &str) -> Result<JumpPlace, Reason> {
    let refused = || Reason::new(Why::Proxy);
    let words = words::split(text).ok_or_else(|| Reason::new(Why::Quotes))?;
    let mut words = words.iter().map(String::as_str);
    if words.next().is_none_or(|w| w.rsplit('/').next() != Some("ssh")) {
        return Err(refused());
    }
    let (mut host, mut port, mut user, mut passes) = (None, None, None, false);
    while let Some(word) = words.next() {
        let letter = word.strip_prefix('-').and_then(|w| w.chars().next());
        let Some(letter) = letter else {
            if host.replace(word).is_some() {
                return Err(refused());
            }
            continue;
        };
        // Options of ssh with a value; the others stand alone or in groups.
        if !"BbcDEeFIiJLlmOopQRSWw".contains(letter) {
            continue;
        }
        let joined = word.get(2..).unwrap_or_default();
        let value = if joined.is_empty() { words.next().unwrap_or_default() } else { joined };
        match letter {
            'W' => passes = value == "%h:%p" || value == "[%h]:%p",
            'p' => port = Some(value),
            'l' => user = Some(value),
            // Another file of settings, another machine in between, another key: not the whole way is said here.
            'F' | 'J' | 'i' => return Err(refused()),
            _ => {}
        }
    }
    let host = host.filter(|_| passes).ok_or_else(refused)?;
    let user = user.filter(|_| !host.contains('@')).map(|u| format!("{u}@")).unwrap_or_default();
    let port = port.filter(|_| !host.contains(':')).map(|p| format!(":{p}")).unwrap_or_default();
    place(&format!("{user}{host}{port}"))
}

/// The jump host that arguments of ssh name.
pub fn arguments(text: &str) -> Result<Option<JumpPlace>, Reason> {
    let words = words::split(text).ok_or_else(|| Reason::new(Why::Quotes))?;
    let mut words = words.iter().map(String::as_str);
    let mut found = None;
    while let Some(word) = words.next() {
        let option = match (word, word.strip_prefix("-o"), word.strip_prefix("-J")) {
            ("-o", _, _) => words.next().unwrap_or_default(),
            ("-J", _, _) => {
                found = Some(place(words.next().unwrap_or_default())?);
                continue;
            }
            ("-W", _, _) => return Err(Reason::new(Why::Proxy)),
            (_, Some(option), _) => option,
            (_, _, Some(host)) => {
                found = Some(place(host)?);
                continue;
            }
            _ => continue,
        };
        let (key, value) = option.split_once(['=', ' ']).unwrap_or((option, ""));
        let value = value.trim().trim_start_matches('=').trim();
        if value.eq_ignore_ascii_case("none") {
            continue;
        }
        match key.trim().to_lowercase().as_str() {
            "proxyjump" => found = Some(place(value)?),
            "proxycommand" => found = Some(command(words::unquoted(value))?),
            _ => {}
        }
    }
    Ok(found)
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

    #[test]
    fn ways_that_ssh_takes_are_read() {
        let shown = |text: &str| arguments(text).map(|j| j.map(|j| j.to_string()));
        for (text, jump) in [
            ("-C -o ForwardAgent=yes", None),
            ("-o ProxyJump=none", None),
            ("-J 10.0.0.1", Some("10.0.0.1:22")),
            ("-Jops@10.0.0.1:2222 -C", Some("ops@10.0.0.1:2222")),
            ("-o ProxyJump=ops@10.0.0.1", Some("ops@10.0.0.1:22")),
            ("-o ProxyCommand=\"ssh -W %h:%p -q ops@10.0.0.1\"", Some("ops@10.0.0.1:22")),
            (
                "-o 'ProxyCommand=ssh -p 2222 -l ops -o StrictHostKeyChecking=no 10.0.0.1 -W %h:%p'",
                Some("ops@10.0.0.1:2222"),
            ),
            ("-oProxyCommand='/usr/bin/ssh -qW %h:%p 10.0.0.1'", None),
        ] {
            match shown(text) {
                Ok(found) => assert_eq!(found.as_deref(), jump, "{text}"),
                // A group of letters with a value at its end is not taken apart.
                Err(why) => assert_eq!((why.why, jump), (Why::Proxy, None), "{text}"),
            }
        }
        for (text, why) in [
            ("-J bastion", Why::Jump),
            ("-J 10.0.0.1,10.0.0.2", Why::Jump),
            ("-o ProxyCommand=\"nc %h %p\"", Why::Proxy),
            ("-o ProxyCommand=\"ssh -i /root/k -W %h:%p 10.0.0.1\"", Why::Proxy),
            ("-o ProxyCommand=\"ssh 10.0.0.1 nc %h %p\"", Why::Proxy),
            ("-o 'ProxyCommand=ssh", Why::Quotes),
        ] {
            assert_eq!(arguments(text).unwrap_err().why, why, "{text}");
        }
    }
}
