//! The door over SSH: whether it is open and where, what it is asked to run, the keys of users.

use super::said::{Said, sentence};
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// Keys that a user may have.
pub const KEYS_MAX: usize = 20;

/// Whether and where the engine listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DoorSettings {
    /// It listens.
    pub on: bool,
    /// Address and port; nothing was chosen yet.
    pub listen: Option<SocketAddr>,
}

/// A key that a user logs in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserKey {
    /// Its fingerprint, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// Kind and key, without comment.
    pub line: String,
    /// What its owner wrote behind it.
    #[serde(default)]
    pub comment: String,
    /// When it was registered.
    pub added: Moment,
}

/// Reads an address and a port to listen at. A name would be looked up, and may be another address tomorrow.
pub fn listen_at(text: &str) -> Result<SocketAddr, Said> {
    let at: SocketAddr = text.trim().parse().map_err(|_| {
        sentence!(
            "error-listen-address",
            "give an address of this machine and a port, as in 192.0.2.10:2222 or [2001:db8::10]:2222"
        )
    })?;
    if at.port() == 0 {
        return Err(sentence!("error-listen-port", "port 0 is no port: 2222 is usual"));
    }
    Ok(at)
}

/// Whether that means every address of the machine, also those in networks of tenants and of storage.
pub fn everywhere(at: &SocketAddr) -> bool {
    at.ip().to_canonical().is_unspecified()
}

/// The source that wrong passwords from an address count for: a network of IPv6 has more addresses than anybody could count.
pub fn source(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(ip) => format!("ssh:{ip}"),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("ssh:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Splits a command as it came into words, as a shell does with quotes, and nothing else: no shell ever sees it.
pub fn words(command: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = command.chars();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None | Some('"'), '\\') => {
                let next = letters.next().ok_or("the command ends with a backslash")?;
                let word = word.get_or_insert_default();
                if quote.is_some() && !matches!(next, '"' | '\\' | '$' | '`') {
                    word.push('\\');
                }
                word.push(next);
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, '\0') => return Err("the command has a zero byte"),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_and_nothing_is_expanded() {
        let table: [(&str, &[&str]); 8] = [
            ("env list --json", &["env", "list", "--json"]),
            ("  env\tlist\n", &["env", "list"]),
            ("env add 'my cloud'", &["env", "add", "my cloud"]),
            (r#"env add "a \"b\" c\d""#, &["env", "add", r#"a "b" c\d"#]),
            (r"env add my\ cloud", &["env", "add", "my cloud"]),
            ("a'b'\"c\"", &["abc"]),
            (
                "x '' $(id) `id` ; sh > /tmp/x | y && *",
                &["x", "", "$(id)", "`id`", ";", "sh", ">", "/tmp/x", "|", "y", "&&", "*"],
            ),
            ("", &[]),
        ];
        for (command, expected) in table {
            assert_eq!(words(command).unwrap(), expected, "{command}");
        }
        for command in ["'", "\"a", "a\\", "a\0b"] {
            assert!(words(command).is_err(), "{command}");
        }
    }

    #[test]
    fn where_to_listen_is_an_address_and_a_port() {
        assert!(!everywhere(&listen_at(" 192.0.2.10:2222 ").unwrap()));
        assert!(everywhere(&listen_at("0.0.0.0:22").unwrap()) && everywhere(&listen_at("[::]:22").unwrap()));
        for text in ["", "2222", "localhost:22", "192.0.2.10", "192.0.2.10:0", "192.0.2.10:99999"] {
            assert!(listen_at(text).is_err(), "{text}");
        }
    }

    #[test]
    fn neighbours_of_an_ipv6_address_count_as_one() {
        let of = |text: &str| source(text.parse().unwrap());
        assert_eq!(of("192.0.2.7"), "ssh:192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "ssh:192.0.2.7");
        assert_eq!(of("2001:db8:0:1::5"), of("2001:db8:0:1:ffff::6"));
        assert_ne!(of("2001:db8:0:1::5"), of("2001:db8:0:2::5"));
    }
}
