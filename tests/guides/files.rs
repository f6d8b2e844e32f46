//! Configuration files as things: options, variables, lines.

use crate::yaml;
use std::collections::BTreeSet;

/// Blanks made one.
pub fn spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A command; that it is not to ask or to tell anything (`-y`, `-q`), and in which form a client tells what it made (`-c id -f value`), makes no difference.
pub fn command(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().filter(|w| !["-y", "-q"].contains(w)).collect();
    if words.first() == Some(&"openstack") {
        for option in ["-c", "-f"] {
            if let Some(at) = words.iter().position(|w| *w == option) {
                words.drain(at..(at + 2).min(words.len()));
            }
        }
    }
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
    for line in text.lines().map(spaces).filter(|l| !l.is_empty()) {
        if let Some((name, value)) = line.trim_start_matches("export ").split_once('=')
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        {
            out.insert(format!("env {path} {name}={}", value.trim_matches(['"', '\''])));
        }
        out.insert(format!("line {path} {line}"));
    }
    out.extend(if is_python(path) {
        settings(path, text)
    } else if is_yaml(path) {
        let line = |(s, k, v): (String, String, String)| {
            format!("option {path} [{s}] {k} = {}", value_in(path, &k, &v))
        };
        yaml::options(text).into_iter().map(line).collect()
    } else if path.ends_with("/nginx.conf") {
        blocks(path, text)
    } else {
        options(path, text)
    });
    out
}

/// Whether it is a file of settings in Python: Django's, or of gunicorn.
fn is_python(path: &str) -> bool {
    path.contains("local_settings") || has_extension(path, "py")
}

fn is_yaml(path: &str) -> bool {
    has_extension(path, "yaml")
}

fn has_extension(path: &str, wanted: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|e| e == wanted)
}

/// As [`value_of`], in a file: Python has two kinds of quotes, and lists that may end in a comma; YAML has quotes where it likes, and netplan's no is false.
pub fn value_in(path: &str, key: &str, text: &str) -> String {
    if is_python(path) {
        spaces(&text.replace('\'', "\"")).replace(",]", "]")
    } else if is_yaml(path) {
        match text.trim_matches(['"', '\'']) {
            "no" if path.starts_with("/etc/netplan/") => "false".to_owned(),
            text => value_of(key, text),
        }
    } else {
        value_of(key, text)
    }
}

/// What stands in the blocks of nginx that have a name: `upstream skyline { server ADDRESS; }`.
fn blocks(path: &str, text: &str) -> Vec<String> {
    let mut inside: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for line in text.lines().map(spaces).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(name) = line.strip_suffix('{') {
            inside.push(name.trim().to_owned());
        } else if line == "}" {
            inside.pop();
        } else if let (Some(section), Some((key, value))) = (inside.last(), line.split_once(' '))
            && section.starts_with("upstream ")
        {
            out.push(format!("option {path} [{section}] {key} = {}", value.trim_end_matches(';')));
        }
    }
    out
}

/// Assignments of a Python file; the keys of a dictionary are options of a section of its name.
fn settings(path: &str, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut statement = String::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with('#')) {
        statement.push_str(line);
        statement.push(' ');
        let depth = |open, close| statement.matches(open).count() == statement.matches(close).count();
        if !(depth('{', '}') && depth('[', ']') && depth('(', ')')) {
            continue;
        }
        if let Some((name, value)) = statement.split_once('=') {
            assigned(path, "", name.trim(), value.trim(), &mut out);
        }
        statement.clear();
    }
    out
}

fn assigned(path: &str, section: &str, name: &str, value: &str, out: &mut Vec<String>) {
    let Some(inner) = value.strip_prefix('{').and_then(|v| v.strip_suffix('}')) else {
        out.push(format!("option {path} [{section}] {name} = {}", value_in(path, name, value)));
        return;
    };
    let section = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
    let mut depth = 0;
    let entries = inner.split(|c| {
        depth += i32::from("{[(".contains(c)) - i32::from("}])".contains(c));
        c == ',' && depth == 0
    });
    for (key, value) in entries.filter_map(|e| e.split_once(':')) {
        assigned(path, &section, key.trim().trim_matches(['"', '\'']), value.trim(), out);
    }
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
