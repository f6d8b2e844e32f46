//! Takes secrets out of texts that Cobbler sends.
//!
//! Faults quote tokens, task logs quote the whole input of power agents, and a system's record holds its power password in clear.
//! Nothing of what comes from Cobbler is stored, shown or logged before it went through [`text`].

use regex::Regex;
use std::sync::LazyLock;

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// Keys of a power agent's input that are no secrets; all others are taken for one (power options may be anything).
const PLAIN: [&str; 4] = ["action", "ip", "plug", "username"];

fn rule(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// Tokens in faults: `invalid token: qJgP…==`, with or without quotes around.
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| rule(r"(?i)(token:\s*)[A-Za-z0-9+/=_-]+"));
/// A line of a power agent's input; also at the end of a line of a log that opens with the time.
static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    rule(r"(?m)^(?P<before>.*?(?:input:\s*)?)\b(?P<key>[A-Za-z][A-Za-z0-9_-]*)=(?P<value>[^\r\n]*)")
});
/// The same names written as JSON, or as Python prints them.
static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    rule(
        r#"(?i)(["'](?:power_)?(?:pass|password|passwd|options|power_options)["']\s*:\s*)(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"#,
    )
});
/// `password=…` and its like in the middle of a line, up to the next white space.
static PASSWORD: LazyLock<Option<Regex>> =
    LazyLock::new(|| rule(r"(?i)\b((?:power_)?(?:pass|passwd|password|power_options)\s*[=:]\s*)[^\s,;}\]]+"));

/// The text without tokens, passwords and power options.
pub fn text(dirty: &str) -> String {
    let mut clean = dirty.to_owned();
    if let Some(rule) = FIELD.as_ref() {
        clean = rule.replace_all(&clean, format!("${{1}}\"{MASK}\"").as_str()).into_owned();
    }
    if let Some(rule) = TOKEN.as_ref() {
        clean = rule.replace_all(&clean, format!("${{1}}{MASK}").as_str()).into_owned();
    }
    let clean = lines(&clean);
    match PASSWORD.as_ref() {
        Some(rule) => rule.replace_all(&clean, format!("${{1}}{MASK}").as_str()).into_owned(),
        None => clean,
    }
}

/// The lines of a power agent's input follow `power command input:` up to an empty line; each `KEY=VALUE` loses its value.
fn lines(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        inside = (inside && !line.trim().is_empty()) || line.contains("power command input:");
        match LINE.as_ref().filter(|_| inside).and_then(|rule| rule.captures(line)) {
            Some(c) if !PLAIN.contains(&c.name("key").map_or("", |m| m.as_str())) => {
                let (before, key) = (&c["before"], &c["key"]);
                out.push_str(before);
                out.push_str(key);
                out.push('=');
                out.push_str(MASK);
                if line.ends_with('\n') {
                    out.push('\n');
                }
            }
            // A power option need not be of the form KEY=VALUE.
            None if inside && !line.trim().is_empty() && !line.contains("power command input:") => {
                out.push_str(MASK);
                out.push('\n');
            }
            _ => out.push_str(line),
        }
    }
    out
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
    fn every_rule_is_a_pattern() {
        assert!([&TOKEN, &LINE, &FIELD, &PASSWORD].iter().all(|rule| rule.is_some()));
    }

    #[test]
    fn tokens_go() {
        let seen =
            text("<class 'cobbler.cexceptions.CX'>:'invalid token: qJgPWeQu99c4c2Sn47tiRjzam49dG3aigg=='");
        assert_eq!(seen, format!("<class 'cobbler.cexceptions.CX'>:'invalid token: {MASK}'"));
    }

    #[test]
    fn the_input_of_a_power_agent_keeps_only_what_is_no_secret() {
        let log = "12:00 - INFO | power configuration is: {\"type\": \"lab\", \"options\": \"secret=1\", 'power_pass': 'x y'}\n\
                   12:00 - INFO | power command input: action=off\nip=10.0.0.1\nusername=admin\nplug=ctl1\npassword=s3cr3t pw\n\
                   identity-file=/root/key\ncommunity=hush\n--bare-option\n\n12:01 - INFO | running: /sbin/fence_lab\n";
        let seen = text(log);
        for secret in ["secret=1", "x y", "s3cr3t", "/root/key", "hush", "bare"] {
            assert!(!seen.contains(secret), "{secret} in {seen}");
        }
        for kept in ["action=off", "ip=10.0.0.1", "plug=ctl1", "running: /sbin/fence_lab"] {
            assert!(seen.contains(kept), "{kept} not in {seen}");
        }
    }

    #[test]
    fn a_password_in_the_middle_of_a_line_goes() {
        assert_eq!(text("failed: password=abc, plug=ctl1"), format!("failed: password={MASK}, plug=ctl1"));
    }
}
