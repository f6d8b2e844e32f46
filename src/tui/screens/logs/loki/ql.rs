//! LogQL as far as a line of it is typed here: what may follow, and queries made out of others.
//!
//! Nothing is judged: Loki itself says what is wrong with a query, in its own words.

use std::collections::BTreeMap;

/// Functions with which a metric query begins.
const FUNCTIONS: [&str; 8] = [
    "count_over_time(",
    "rate(",
    "bytes_rate(",
    "bytes_over_time(",
    "sum(",
    "sum by (",
    "topk(",
    "absent_over_time(",
];
/// What may stand behind a `|`.
const STAGES: [&str; 14] = [
    "json",
    "logfmt",
    "pattern `",
    "regexp `",
    "unpack",
    "line_format `",
    "label_format ",
    "decolorize",
    "level=",
    "detected_level=",
    "request_id=",
    "instance=",
    "component=",
    "pid=",
];

/// Names and values of labels as far as Loki has told them.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Names.
    pub names: Vec<String>,
    /// Values by name.
    pub values: BTreeMap<String, Vec<String>>,
}

/// What the end of a query is in the middle of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The begin of a query.
    Begin(String),
    /// The name of a label.
    Label(String),
    /// The value of a label; whether its quote is open already.
    Value(String, String, bool),
    /// Behind a `|`.
    Stage(String),
    /// Nothing that can be completed.
    Other,
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The letters of a word at the end of a text.
fn word_at_end(text: &str) -> &str {
    let end = text.trim_end_matches(is_word).len();
    text.get(end..).unwrap_or_default()
}

/// What stands at the end of what is typed.
pub fn place(text: &str) -> Place {
    let (mut quote, mut from, mut braces) = (None, 0, 0_i32);
    let mut skip = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if skip => skip = false,
            (Some('"'), '\\') => skip = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '`') => (quote, from) = (Some(c), at),
            (None, '{') => braces += 1,
            (None, '}') => braces -= 1,
            _ => {}
        }
    }
    let before = text.get(..from).unwrap_or_default();
    if quote.is_some() {
        let name = word_at_end(before.trim_end_matches(['=', '!', '~', ' ']));
        let begun = text.get(from + 1..).unwrap_or_default();
        return if braces > 0 && !name.is_empty() {
            Place::Value(name.to_owned(), begun.to_owned(), true)
        } else {
            Place::Other
        };
    }
    let word = word_at_end(text);
    let rest = text.get(..text.len() - word.len()).unwrap_or_default();
    let trimmed = rest.trim_end();
    if braces > 0 {
        if trimmed.ends_with(['=', '~']) {
            let name = word_at_end(trimmed.trim_end_matches(['=', '!', '~', ' ']));
            return Place::Value(name.to_owned(), word.to_owned(), false);
        }
        return Place::Label(word.to_owned());
    }
    if trimmed.is_empty() || trimmed.ends_with('(') {
        return Place::Begin(word.to_owned());
    }
    if trimmed.ends_with('|') { Place::Stage(word.to_owned()) } else { Place::Other }
}

/// What Tab makes of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completed {
    /// The query.
    pub text: String,
    /// What it may go on with, when there are several ways.
    pub offers: Vec<String>,
    /// The label whose values must be asked for first.
    pub wants: Option<String>,
}

/// Completes the end of a query.
pub fn complete(text: &str, labels: &Labels) -> Completed {
    let place = place(text);
    let (begun, all, after): (&str, Vec<&str>, &str) = match &place {
        Place::Begin(begun) if text.is_empty() => {
            return Completed { text: "{".to_owned() + begun, ..Completed::default() };
        }
        Place::Begin(begun) => (begun, FUNCTIONS.to_vec(), ""),
        Place::Label(begun) => (begun, labels.names.iter().map(String::as_str).collect(), "=\""),
        Place::Value(name, begun, _) => {
            let Some(values) = labels.values.get(name) else {
                return Completed {
                    text: text.to_owned(),
                    wants: Some(name.clone()),
                    ..Completed::default()
                };
            };
            (begun, values.iter().map(String::as_str).collect(), "\"")
        }
        Place::Stage(begun) => (begun, STAGES.to_vec(), ""),
        Place::Other => return Completed { text: text.to_owned(), ..Completed::default() },
    };
    let fitting: Vec<&str> = all.into_iter().filter(|w| w.starts_with(begun)).collect();
    let Some(common) = super::super::typing::common(&fitting) else {
        return Completed { text: text.to_owned(), ..Completed::default() };
    };
    let kept = text.get(..text.len() - begun.len()).unwrap_or_default();
    let quote = if matches!(place, Place::Value(_, _, false)) { "\"" } else { "" };
    if let [_] = fitting[..] {
        return Completed { text: format!("{kept}{quote}{common}{after}"), ..Completed::default() };
    }
    let offers = fitting.iter().map(|w| (*w).to_owned()).collect();
    Completed { text: format!("{kept}{quote}{common}"), offers, wants: None }
}

/// A text in quotes of LogQL.
fn quoted(text: &str) -> String {
    if text.contains('`') { format!("{text:?}") } else { format!("`{text}`") }
}

/// The lines of a query that match a regular expression; small letters match large ones, if there is no large one in it.
pub fn matching(query: &str, pattern: &str) -> String {
    let case = if pattern.chars().any(char::is_uppercase) { "" } else { "(?i)" };
    format!("{query} |~ {}", quoted(&format!("{case}{pattern}")))
}

/// The lines of all streams of an environment that name something.
pub fn naming(labels: &BTreeMap<String, String>, what: &str) -> String {
    // What tells the environment, not the node or the service; else any label, with any value.
    let own = ["environment", "job"].iter().find_map(|name| labels.get_key_value(*name));
    let selector = match (own, labels.keys().next()) {
        (Some((name, value)), _) => format!("{name}={value:?}"),
        (None, Some(name)) => format!("{name}=~\".+\""),
        (None, None) => "job=~\".+\"".to_owned(),
    };
    format!("{{{selector}}} |= {}", quoted(what))
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
    fn a_query_is_completed_at_its_end() {
        let values = [("job", vec!["openstack", "varlogs"]), ("host", vec!["ctl1"])];
        let values =
            values.into_iter().map(|(k, v)| (k.to_owned(), v.into_iter().map(String::from).collect()));
        let labels =
            Labels { names: vec!["host".into(), "job".into(), "joke".into()], values: values.collect() };
        for (typed, completed, offers) in [
            ("", "{", 0),
            ("{", "{", 3),
            ("{h", "{host=\"", 0),
            ("{j", "{jo", 2),
            ("{host=", "{host=\"ctl1\"", 0),
            ("{job=\"", "{job=\"", 2),
            ("{job=~\"o", "{job=~\"openstack\"", 0),
            ("{job=\"openstack\", ho", "{job=\"openstack\", host=\"", 0),
            ("{job=\"a\"} | lo", "{job=\"a\"} | logfmt", 0),
            ("sum(ra", "sum(rate(", 0),
            ("{job=\"a\"} |= \"j", "{job=\"a\"} |= \"j", 0),
        ] {
            let done = complete(typed, &labels);
            assert_eq!(done.text, completed, "{typed}");
            assert_eq!((done.offers.len(), done.wants), (offers, None), "{typed}");
        }
        assert_eq!(complete("{other=\"x", &labels).wants, Some("other".to_owned()));
    }

    #[test]
    fn queries_out_of_others() {
        assert_eq!(matching("{a=\"b\"}", "no valid"), "{a=\"b\"} |~ `(?i)no valid`");
        assert_eq!(matching("{a=\"b\"}", "`E"), "{a=\"b\"} |~ \"`E\"");
        let labels =
            BTreeMap::from([("host".to_owned(), "c".to_owned()), ("job".to_owned(), "o".to_owned())]);
        assert_eq!(naming(&labels, "req-1"), "{job=\"o\"} |= `req-1`");
    }
}
