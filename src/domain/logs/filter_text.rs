//! The text form of a filter.
//!
//! Words are separated by spaces. `field=value` asks for a field, with commas between values where several may be given; any
//! other word is a regular expression over the text, `!word` one that must not match. Double quotes keep spaces together; `\"`
//! is a quote, and every other backslash stays with what follows it, because regular expressions need it.

use super::filter::{FilterFault, LogFilter, TextMatch, When};
use super::level::NoLevel;
use std::fmt::Write as _;

/// A filter has at most so many words.
const WORDS_MAX: usize = 64;

/// The fields, for messages.
const FIELDS: &str = "level, node, service, source, component, request, instance, user, project, pid, since, until, job, \
    step, attempt and text";

/// One word: where it begins, what stands before the first bare `=` or `>=`, and the rest without quotes.
struct Word {
    column: u32,
    inverted: bool,
    field: Option<String>,
    value: String,
    /// The value began with a quote.
    quoted: bool,
}

fn fault(column: u32, key: &str, args: &[(&str, &str)], why: impl Into<String>) -> FilterFault {
    FilterFault::new(column, key, args, why)
}

fn words(text: &str) -> Result<Vec<Word>, FilterFault> {
    let mut out = Vec::new();
    let mut rest = text.chars().zip(1u32..).peekable();
    loop {
        while rest.next_if(|(c, _)| c.is_whitespace()).is_some() {}
        let Some(&(first, column)) = rest.peek() else { return Ok(out) };
        let mut word =
            Word { column, inverted: first == '!', field: None, value: String::new(), quoted: false };
        if word.inverted {
            rest.next();
        }
        let mut any_quote = false;
        while let Some((c, at)) = rest.next_if(|(c, _)| !c.is_whitespace()) {
            match c {
                '"' => {
                    word.quoted |= word.value.is_empty();
                    any_quote = true;
                    quoted(&mut rest, at, &mut word.value)?;
                }
                '\\' => match rest.next_if(|(c, _)| !c.is_whitespace()) {
                    Some(('"', _)) => word.value.push('"'),
                    Some((c, _)) => word.value.extend(['\\', c]),
                    None => word.value.push('\\'),
                },
                '=' if word.field.is_none() && !any_quote && is_name(&word.value) => {
                    let name = std::mem::take(&mut word.value);
                    word.field = Some(name.strip_suffix('>').unwrap_or(&name).to_owned());
                }
                c => word.value.push(c),
            }
        }
        if out.len() == WORDS_MAX {
            let most = WORDS_MAX.to_string();
            let why = format!("a filter has at most {most} words");
            return Err(fault(column, "filter-fault-words", &[("most", &most)], why));
        }
        out.push(word);
    }
}

/// Whether what stands before `=` can be the name of a field (`level>` included).
fn is_name(word: &str) -> bool {
    let word = word.strip_suffix('>').unwrap_or(word);
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_')
}

fn quoted(
    rest: &mut std::iter::Peekable<impl Iterator<Item = (char, u32)>>,
    began: u32,
    into: &mut String,
) -> Result<(), FilterFault> {
    while let Some((c, _)) = rest.next() {
        match c {
            '"' => return Ok(()),
            '\\' => match rest.next() {
                Some(('"', _)) => into.push('"'),
                Some((c, _)) => into.extend(['\\', c]),
                None => into.push('\\'),
            },
            c => into.push(c),
        }
    }
    Err(fault(began, "filter-fault-quote", &[], "the quote that begins here has no end"))
}

/// Reads the text form.
pub fn read(text: &str) -> Result<LogFilter, FilterFault> {
    let mut filter = LogFilter::default();
    for word in words(text)? {
        let column = word.column;
        let Some(field) = word.field.as_deref().filter(|_| !word.inverted) else {
            let pattern = match &word.field {
                Some(field) if field == "text" => word.value.clone(),
                Some(field) => {
                    let why = format!("'!' goes before a text, not before the field {field}");
                    return Err(fault(column, "filter-fault-not", &[("field", field)], why));
                }
                None => word.value.clone(),
            };
            text_match(&mut filter, column, pattern, word.inverted)?;
            continue;
        };
        if word.value.is_empty() {
            let why = format!("{field}= needs a value");
            return Err(fault(column, "filter-fault-value", &[("field", field)], why));
        }
        let value = word.value.as_str();
        let several = || value.split(',').filter(|v| !v.is_empty()).map(str::to_owned);
        match field {
            "level" => {
                let no =
                    |why: NoLevel| fault(column, "filter-fault-level", &[("value", value)], why.to_string());
                filter.level = Some(value.parse().map_err(no)?);
            }
            "node" => filter.nodes.extend(several()),
            "service" => filter.services.extend(several()),
            "component" => filter.components.extend(several()),
            "source" => {
                for one in several() {
                    filter.sources.push(number(column, field, &one)?);
                }
            }
            "request" | "req" | "request_id" => filter.request = Some(value.to_owned()),
            "instance" => filter.instance = Some(value.to_owned()),
            "user" => filter.user = Some(value.to_owned()),
            "project" => filter.project = Some(value.to_owned()),
            "pid" => filter.pid = Some(number(column, field, value)?),
            "since" => filter.from = Some(when(column, value)?),
            "until" => filter.to = Some(when(column, value)?),
            "job" => filter.job = Some(number(column, field, value)?),
            "step" => filter.step = Some(value.to_owned()),
            "attempt" => filter.attempt = Some(number(column, field, value)?),
            "text" => text_match(&mut filter, column, value.to_owned(), false)?,
            other => {
                let why = format!(
                    "there is no field {other}: the fields are {FIELDS}; to search for this text, put it in quotes"
                );
                let list = FIELDS.replace(" and ", ", ");
                return Err(fault(column, "filter-fault-field", &[("field", other), ("fields", &list)], why));
            }
        }
    }
    if filter.job.is_none() && (filter.step.is_some() || filter.attempt.is_some()) {
        return Err(fault(1, "filter-fault-job", &[], "step= and attempt= need job=, the number of the job"));
    }
    Ok(filter)
}

fn text_match(
    filter: &mut LogFilter,
    column: u32,
    pattern: String,
    inverted: bool,
) -> Result<(), FilterFault> {
    if pattern.is_empty() {
        return Err(fault(column, "filter-fault-empty", &[], "an empty text would match everything"));
    }
    check_pattern(&pattern).map_err(|why| FilterFault { column, ..why })?;
    filter.text.push(TextMatch { pattern, inverted });
    Ok(())
}

/// Whether a regular expression is one; what is wrong with it, in one line.
pub fn check_pattern(pattern: &str) -> Result<(), FilterFault> {
    regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().map(drop).map_err(|why| match why {
        regex::Error::CompiledTooBig(_) => {
            let why = format!("the regular expression {pattern} is too large");
            fault(1, "filter-fault-regex-size", &[("pattern", pattern)], why)
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let why = format!("the regular expression {pattern} is wrong: {last}");
            fault(1, "filter-fault-regex", &[("pattern", pattern), ("why", last)], why)
        }
    })
}

fn number<N: std::str::FromStr>(column: u32, field: &str, value: &str) -> Result<N, FilterFault> {
    value.parse().map_err(|_| {
        let why = format!("{field}={value}: this is no number");
        fault(column, "filter-fault-number", &[("field", field), ("value", value)], why)
    })
}

/// `90m`, `12h`, `7d`, or a date or time; one without a zone is UTC.
fn when(column: u32, value: &str) -> Result<When, FilterFault> {
    let unit = match value.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => 0,
    };
    if unit > 0
        && let Some(Ok(count)) = value.get(..value.len() - 1).map(str::parse::<u64>)
    {
        return Ok(When::Ago(count.saturating_mul(unit)));
    }
    let utc = jiff::tz::TimeZone::UTC;
    let at = value
        .parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| {
            Some(value.parse::<jiff::civil::DateTime>().ok()?.to_zoned(utc.clone()).ok()?.timestamp())
        })
        .or_else(|| Some(value.parse::<jiff::civil::Date>().ok()?.to_zoned(utc).ok()?.timestamp()));
    at.map(|t| When::At(t.as_microsecond())).ok_or_else(|| {
        let why = format!(
            "'{value}' is no time: say how long ago (90m, 12h, 7d), or a date or time (2026-03-01, 2026-03-01T07:02:09Z)"
        );
        fault(column, "filter-fault-time", &[("value", value)], why)
    })
}

/// A value as it can be read back.
fn quote(value: &str, pattern: bool) -> String {
    let plain = !value.is_empty()
        && !value.chars().any(|c| c.is_whitespace() || c == '"')
        && !(pattern && (value.contains('=') || value.starts_with('!')));
    if plain {
        return value.to_owned();
    }
    let (mut out, mut rest, mut tail) = (String::from('"'), value.chars(), "");
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => match rest.next() {
                Some('"') => out.push_str("\\\""),
                Some(next) => out.extend(['\\', next]),
                None => tail = "\\",
            },
            c => out.push(c),
        }
    }
    out.push('"');
    out + tail
}

fn write_when(out: &mut String, field: &str, when: Option<When>) {
    match when {
        Some(When::Ago(s)) => {
            let (count, unit) = match s {
                s if s > 0 && s % 86_400 == 0 => (s / 86_400, 'd'),
                s if s > 0 && s % 3_600 == 0 => (s / 3_600, 'h'),
                s if s > 0 && s % 60 == 0 => (s / 60, 'm'),
                s => (s, 's'),
            };
            let _ = write!(out, " {field}={count}{unit}");
        }
        Some(When::At(at)) => {
            if let Ok(at) = jiff::Timestamp::from_microsecond(at) {
                let _ = write!(out, " {field}={at}");
            }
        }
        None => {}
    }
}

/// The text form of a filter.
pub fn write(filter: &LogFilter) -> String {
    let mut out = String::new();
    if let Some(level) = filter.level {
        let _ = write!(out, " level>={level}");
    }
    let lists = [("node", &filter.nodes), ("service", &filter.services), ("component", &filter.components)];
    for (field, values) in lists {
        if !values.is_empty() {
            let _ = write!(out, " {field}={}", quote(&values.join(","), false));
        }
    }
    if !filter.sources.is_empty() {
        let numbers: Vec<String> = filter.sources.iter().map(ToString::to_string).collect();
        let _ = write!(out, " source={}", numbers.join(","));
    }
    let single = [
        ("request", &filter.request),
        ("instance", &filter.instance),
        ("user", &filter.user),
        ("project", &filter.project),
    ];
    for (field, value) in single {
        if let Some(value) = value {
            let _ = write!(out, " {field}={}", quote(value, false));
        }
    }
    if let Some(pid) = filter.pid {
        let _ = write!(out, " pid={pid}");
    }
    write_when(&mut out, "since", filter.from);
    write_when(&mut out, "until", filter.to);
    if let Some(job) = filter.job {
        let _ = write!(out, " job={job}");
    }
    if let Some(step) = &filter.step {
        let _ = write!(out, " step={}", quote(step, false));
    }
    if let Some(attempt) = filter.attempt {
        let _ = write!(out, " attempt={attempt}");
    }
    for text in &filter.text {
        let _ = write!(out, " {}{}", if text.inverted { "!" } else { "" }, quote(&text.pattern, true));
    }
    out.split_off(usize::from(!out.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fields() {
        let text = "level>=warning node=ctl1,cmp2 service=nova request=req-1 instance=i user=u project=p pid=7 since=1h \
            until=2026-03-01T07:02:09Z component=nova.compute \"No valid host\" !DEBUG text=a=b";
        let filter = read(text).unwrap();
        assert_eq!(filter.level, Some(Level::Warning));
        assert_eq!(filter.nodes, ["ctl1", "cmp2"]);
        assert_eq!(filter.from, Some(When::Ago(3600)));
        assert_eq!(filter.to, Some(When::At(1_772_348_529_000_000)));
        let patterns: Vec<_> = filter.text.iter().map(|t| (t.pattern.as_str(), t.inverted)).collect();
        assert_eq!(patterns, [("No valid host", false), ("DEBUG", true), ("a=b", false)]);
        assert_eq!(read(&write(&filter)).unwrap(), filter);
        assert_eq!(read("").unwrap(), LogFilter::default());
        assert_eq!(write(&LogFilter::default()), "");
        let quoted = read(r#""say \"hi\" \d+""#).unwrap();
        assert_eq!(quoted.text[0].pattern, r#"say "hi" \d+"#);
    }

    #[test]
    fn faults_name_the_column_and_the_way_out() {
        for (text, column, part) in [
            ("level=loud", 1, "is no level"),
            ("node=a foo=bar", 8, "no field foo"),
            ("a \"b", 3, "no end"),
            ("pid=x", 1, "no number"),
            ("since=soon", 1, "is no time"),
            ("x (", 3, "regular expression"),
            ("node=", 1, "needs a value"),
            ("!node=a", 1, "'!' goes before a text"),
            ("step=nova/packages", 1, "need job="),
            ("\"\"", 1, "empty text"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.column, column, "{text}: {fault}");
            assert!(fault.why.contains(part), "{text}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_read_back(text in ".{0,80}") {
            if let Ok(filter) = read(&text) {
                prop_assert_eq!(read(&write(&filter)).unwrap(), filter, "{}", text);
            }
        }

        #[test]
        fn patterns_come_back(pattern in "[a-z \"=!\\\\]{1,20}") {
            let pattern = regex::escape(&pattern);
            let filter = LogFilter {
                text: vec![TextMatch { pattern, inverted: false }],
                ..LogFilter::default()
            };
            prop_assert_eq!(read(&write(&filter)).unwrap(), filter);
        }
    }
}
