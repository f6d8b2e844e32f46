//! Configuration files as things: options, variables, lines.

use std::collections::BTreeSet;

/// Blanks made one.
pub fn spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A command; that it is not to ask anything (`-y`) makes no difference.
pub fn command(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().filter(|w| *w != "-y").collect();
    format!("command {}", words.join(" "))
}

/// An option's value as it is compared; these are the same to whom they are for:
/// * true, True and TRUE; lists with blanks behind their commas and without;
/// * an URL with a slash at its end and without, RabbitMQ's with its usual port and without;
/// * a name of a domain in any case, as Keystone compares it.
pub fn value_of(key: &str, text: &str) -> String {
    let mut text = spaces(text).replace(", ", ",");
    if text.contains("://") {
        text.truncate(text.trim_end_matches('/').len());
        if text.starts_with("rabbit://") {
            text.truncate(text.trim_end_matches(":5672").len());
        }
    }
    let domain = key.ends_with("domain_name") || key.ends_with("domain_id");
    if domain || ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return text.to_lowercase();
    }
    text
}

/// The things of a file.
pub fn things(path: &str, text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for line in text.lines().map(spaces).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some((name, value)) = line.trim_start_matches("export ").split_once('=')
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        {
            out.insert(format!("env {path} {name}={}", value.trim_matches(['"', '\''])));
        }
        out.insert(format!("line {path} {line}"));
    }
    out.extend(options(path, text));
    out
}

fn options(path: &str, text: &str) -> Vec<String> {
    let sections = text.lines().any(|l| l.starts_with('[') && l.trim_end().ends_with(']'));
    if !sections {
        return Vec::new();
    }
    let mut section = String::new();
    let mut found: Vec<(String, String, String)> = Vec::new();
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with('[') {
            bare.trim_matches(['[', ']']).clone_into(&mut section);
        } else if line.starts_with([' ', '\t']) && path != "/etc/rsyncd.conf" {
            if let Some((_, _, value)) = found.last_mut() {
                value.push(' ');
                value.push_str(bare);
            }
        } else if let Some((key, value)) = bare.split_once(['=']) {
            found.push((section.clone(), key.trim().to_owned(), value.trim().to_owned()));
        } else {
            found.push((section.clone(), bare.to_owned(), String::new()));
        }
    }
    found.iter().map(|(s, k, v)| format!("option {path} [{s}] {k} = {}", value_of(k, v))).collect()
}
