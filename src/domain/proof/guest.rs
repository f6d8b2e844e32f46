//! What an instance's console, a DHCP server's log and a metadata service's log tell of an instance.
//!
//! Nothing is expected of an image but that it says something on its serial console: its address somewhere, and something that it can
//! know from its metadata only (its identity, its name). The tiny guest of the tests does, and so do images with cloud-init and `CirrOS`.
//! Images that are silent are judged by the logs of those who served them.

use crate::domain::text::harmless;
use regex::Regex;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

/// Longest line that is quoted, characters.
const LINE_MAX: usize = 160;

/// What the console shows about the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// Nothing yet.
    Silent,
    /// They were read.
    Read,
    /// The guest says that it could not read them: that line.
    Failed(String),
}

/// What a console shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// The address appears.
    pub address: bool,
    /// About the metadata.
    pub metadata: Metadata,
    /// Lines that are not empty.
    pub lines: usize,
    /// The last of them, harmless and cut.
    pub last: String,
}

/// Identities as EC2's part of the metadata tells them.
static EC2_ID: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bi-[0-9a-f]{8}\b").ok());
static STATUS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?:status: |HTTP/1\.[01]"? )([1-5]\d\d)\b"#).ok());

/// Whether `text` holds the address, not as a part of another one.
pub fn holds(text: &str, address: Ipv4Addr) -> bool {
    let wanted = address.to_string();
    let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices(&wanted).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after: Vec<char> =
            text.get(at + wanted.len()..).map(|t| t.chars().take(2).collect()).unwrap_or_default();
        // `10.0.0.5.` at the end of a sentence is the address, `10.0.0.5.1` is not.
        let more = after.first() == Some(&'.') && after.get(1).is_some_and(char::is_ascii_digit);
        !part(before) && before != Some('.') && !part(after.first().copied()) && !more
    })
}

fn cut(line: &str) -> String {
    harmless(line.trim()).chars().take(LINE_MAX).collect()
}

/// Reads a console. `names`: what the guest can know from its metadata only (identity, name).
pub fn console(log: &str, address: Option<Ipv4Addr>, names: &[&str]) -> Console {
    let mut seen = Console { address: false, metadata: Metadata::Silent, lines: 0, last: String::new() };
    for line in log.split(['\n', '\r']).filter(|l| !l.trim().is_empty()) {
        seen.lines += 1;
        seen.last = cut(line);
        seen.address |= address.is_some_and(|a| holds(line, a));
        let tells = names.iter().any(|n| !n.is_empty() && line.contains(n))
            || EC2_ID.as_ref().is_some_and(|r| r.is_match(line));
        let low = line.to_lowercase();
        let about = low.contains("metadata") || low.contains("meta-data") || low.contains("169.254.169.254");
        let bad = ["fail", "error", "timed out", "timeout", "no answer", "unreachable", "refused", "none"];
        if tells {
            seen.metadata = Metadata::Read;
        } else if about && seen.metadata != Metadata::Read && bad.iter().any(|w| low.contains(w)) {
            seen.metadata = Metadata::Failed(cut(line));
        }
    }
    seen
}

/// Whether the log of a DHCP server shows that the address was handed out.
pub fn acknowledged(log: &str, address: Ipv4Addr) -> bool {
    log.lines().any(|l| l.contains("DHCPACK") && holds(l, address))
}

/// The status with which a metadata service served the address last, by its log.
pub fn served(log: &str, address: Ipv4Addr) -> Option<u16> {
    let asked = |l: &&str| {
        l.contains("GET /")
            && ["meta-data", "/openstack", "/latest", "user-data"].iter().any(|p| l.contains(p))
    };
    let status = |l: &str| STATUS.as_ref()?.captures(l)?.get(1)?.as_str().parse().ok();
    let mut all: Vec<u16> =
        log.lines().filter(|l| holds(l, address)).filter(asked).filter_map(status).collect();
    // A guest asks for things that there need not be: one answer is enough.
    if all.contains(&200) { Some(200) } else { all.pop() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);

    #[test]
    fn an_address_is_not_a_part_of_another() {
        for (text, is) in [
            ("inet 10.0.0.5/24", true),
            ("got 10.0.0.5.", true),
            ("(10.0.0.5)", true),
            ("10.0.0.51", false),
            ("110.0.0.5", false),
            ("1.10.0.0.5", false),
            ("10.0.0.5.7", false),
            ("x 10.0.0.51 10.0.0.5", true),
        ] {
            assert_eq!(holds(text, A), is, "{text}");
        }
    }

    #[test]
    fn consoles_of_several_images() {
        let tiny = "Linux version 6.1\r\nudhcpc: lease of 10.0.0.5 obtained\r\nMETADATA instance-id=5d3f\r\nREADY\r\n\r\n";
        let seen = console(tiny, Some(A), &["5d3f", "cpmg-proof-1-1-cmp1"]);
        assert_eq!((seen.address, seen.metadata, seen.lines), (true, Metadata::Read, 4));
        assert_eq!(seen.last, "READY");
        let cirros = "checking http://169.254.169.254/2009-04-04/instance-id\nfailed 1/20: up 9.0. request failed\nsuccessful after 2/20 tries: up 3.2. iid=i-0000002a\n";
        assert_eq!(console(cirros, Some(A), &[]).metadata, Metadata::Read);
        let dead = "request to 169.254.169.254 timed out\u{1b}[0m\n";
        let Metadata::Failed(line) = console(dead, None, &["x"]).metadata else { panic!() };
        assert_eq!(line, "request to 169.254.169.254 timed out");
        let later = format!("{cirros}fetching metadata of keys failed\n");
        assert_eq!(console(&later, None, &[]).metadata, Metadata::Read, "what was read once was read");
        assert_eq!(console("", Some(A), &["", "n"]).metadata, Metadata::Silent);
    }

    #[test]
    fn logs_of_those_who_served() {
        let dns = "Nov 21 dnsmasq-dhcp[7]: DHCPOFFER(tap1) 10.0.0.5 fa:16:3e:00:00:01\nNov 21 dnsmasq-dhcp[7]: DHCPACK(tap1) 10.0.0.5 fa:16:3e:00:00:01 host-10-0-0-5\n";
        assert!(acknowledged(dns, A));
        assert!(!acknowledged(dns, Ipv4Addr::new(10, 0, 0, 6)));
        for (line, status) in [
            (
                "2026-11-20 23:28:09.1 77 INFO eventlet.wsgi.server [-] 10.0.0.5,<local> \"GET /latest/meta-data/instance-id HTTP/1.1\" status: 200  len: 146 time: 0.5",
                Some(200),
            ),
            (
                "2026-11-20 23:28:09.1 77 INFO eventlet.wsgi.server [-] 10.0.0.5,<local> \"GET /2009-04-04/meta-data/ HTTP/1.0\" status: 404  len: 1",
                Some(404),
            ),
            (
                "INFO nova.metadata.wsgi.server [req-1] 10.0.0.5,10.77.1.11 \"GET /openstack/latest/meta_data.json HTTP/1.1\" status: 200 len: 9",
                Some(200),
            ),
            (
                "[pid: 8|app: 0|req: 1/1] 10.0.0.5 () {34 vars} [Fri Nov 20] GET /latest/meta-data/instance-id => generated 10 bytes in 167 msecs (HTTP/1.1 200) 4 headers",
                Some(200),
            ),
            ("10.0.0.55 GET /latest/meta-data HTTP/1.1 status: 200", None),
            ("10.0.0.5 GET /healthcheck HTTP/1.1 status: 200", None),
        ] {
            assert_eq!(served(line, A), status, "{line}");
        }
    }
}
