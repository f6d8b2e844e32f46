//! Reads fields of Cobbler's answers leniently.
//!
//! Cobbler never sends `<nil/>`: nothing is the text `"~"`, and what is inherited is the text `"<<inherit>>"` where a number, a
//! list or a struct was expected. So every reader takes the real type or a text that says the same, and answers `None` otherwise.

use dxr::Value;
use std::collections::BTreeMap;

/// What Cobbler writes for nothing.
const NOTHING: &str = "~";
/// What Cobbler writes for a value of the profile or of the settings.
const INHERIT: &str = "<<inherit>>";

/// The member of a struct.
pub fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Struct(members) => members.get(name),
        _ => None,
    }
}

/// The first member that is there: names change between versions.
pub fn any<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| field(value, name))
}

/// Members of a struct; of anything else none.
pub fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    static EMPTY: BTreeMap<String, Value> = BTreeMap::new();
    match value {
        Value::Struct(members) => members.iter(),
        _ => EMPTY.iter(),
    }
}

/// Elements of an array; of anything else none.
pub fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(elements) => elements,
        _ => &[],
    }
}

/// A text, or a number or truth value written as one. Nothing and inherited values are `None`; the empty text is a text.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) if s == NOTHING || s == INHERIT => None,
        Value::String(s) => Some(s.clone()),
        Value::Integer(n) => Some(n.to_string()),
        Value::Double(n) => Some(n.to_string()),
        Value::Boolean(b) => Some(b.to_string()),
        _ => None,
    }
}

/// The text of a member; empty when there is none.
pub fn text_of(value: &Value, name: &str) -> String {
    field(value, name).and_then(text).unwrap_or_default()
}

/// Yes or no, as Cobbler itself reads it.
pub fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(b) => Some(*b),
        Value::Integer(n) => Some(*n != 0),
        Value::String(s) => match s.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" | "y" => Some(true),
            "false" | "0" | "off" | "no" | "n" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A number.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Double(n) => Some(*n),
        Value::Integer(n) => Some(f64::from(*n)),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

/// A whole number.
pub fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(n) => Some(i64::from(*n)),
        Value::String(s) => s.trim().parse().ok(),
        Value::Double(n) => seconds(*n),
        _ => None,
    }
}

/// The whole part of a number of seconds; `None` outside of what a time can be.
#[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
pub fn seconds(n: f64) -> Option<i64> {
    (n.is_finite() && n.abs() < 1e15).then_some(n.floor() as i64)
}

/// What it is, for messages: never what is in it.
pub fn shape(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "a whole number",
        Value::Boolean(_) => "a truth value",
        Value::String(_) => "a text",
        Value::Double(_) => "a number",
        Value::Struct(_) => "a struct",
        Value::Array(_) => "a list",
        Value::Nil => "nothing",
        _ => "something else",
    }
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
    fn a_text_may_stand_for_anything() {
        let s = |s: &str| Value::String(s.to_owned());
        assert_eq!((text(&s("~")), text(&s("<<inherit>>")), text(&s(""))), (None, None, Some(String::new())));
        assert_eq!(
            (truth(&s("1")), truth(&s("False")), truth(&s("<<inherit>>"))),
            (Some(true), Some(false), None)
        );
        assert_eq!((whole(&s(" 7 ")), whole(&Value::Double(3.9)), number(&s("x"))), (Some(7), Some(3), None));
        assert!(list(&s("<<inherit>>")).is_empty() && members(&s("~")).next().is_none());
        assert_eq!(seconds(f64::NAN), None);
    }
}
