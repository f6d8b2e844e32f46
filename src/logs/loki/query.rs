//! Queries: one page as Loki gives it, merged and sorted, and pages put together.
//!
//! A page ends in the middle of a nanosecond when several entries share it. So the next page begins with that nanosecond again, and what
//! was seen of it is left out by comparing whole entries.

use super::error::LokiError;
use super::streams;
use super::wire::{Loki, Reply};
use crate::domain::loki::{LokiAnswer, LokiEntry, LokiQuery};
use serde_json::Value;

/// Most entries that Loki gives at once unless its administrator said otherwise.
const PAGE_MAX: u32 = 5_000;

/// One page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// What is in it.
    pub answer: LokiAnswer,
    /// It is as long as was asked for: there may be more.
    pub full: bool,
}

impl Loki {
    /// One page of a query, merged and sorted. It has at most `limit` entries, and Loki refuses more than it allows.
    pub async fn page(&self, query: &LokiQuery) -> Result<Page, LokiError> {
        let mut params = vec![
            ("query", query.query.clone()),
            ("start", query.start.to_string()),
            ("end", query.end.to_string()),
            ("limit", query.limit.to_string()),
            ("direction", if query.forward { "forward" } else { "backward" }.to_owned()),
        ];
        if let Some(step) = query.step {
            params.push(("step", format!("{step}s")));
        }
        let body = self.get("loki/api/v1/query_range", &params, true).await?;
        let answer = read(&body, query.forward)?;
        let full = answer.entries.len() >= query.limit as usize;
        Ok(Page { answer, full })
    }

    /// A query over as many pages as it takes to get `limit` entries. A server that allows shorter pages only is asked for those.
    pub async fn query(&self, query: &LokiQuery) -> Result<LokiAnswer, LokiError> {
        let mut whole = LokiAnswer::default();
        let mut next = query.clone();
        let mut most = PAGE_MAX;
        // Entries of the nanosecond at which the page before ended.
        let mut seen: Vec<LokiEntry> = Vec::new();
        loop {
            let wanted = (query.limit as usize).saturating_sub(whole.entries.len()) + seen.len();
            next.limit = u32::try_from(wanted).unwrap_or(u32::MAX).min(most);
            let page = match self.page(&next).await {
                Ok(page) => page,
                Err(LokiError::Refused { said, .. }) if allowed(&said).is_some_and(|m| m < next.limit) => {
                    most = allowed(&said).unwrap_or(most);
                    continue;
                }
                Err(why) => return Err(why),
            };
            whole.series.extend(page.answer.series);
            for note in page.answer.notes {
                if !whole.notes.contains(&note) {
                    whole.notes.push(note);
                }
            }
            let edge = page.answer.entries.last().map(|e| e.time);
            let at_edge: Vec<LokiEntry> =
                page.answer.entries.iter().filter(|e| Some(e.time) == edge).cloned().collect();
            let fresh = without(page.answer.entries, &mut seen);
            let stands = fresh.is_empty();
            whole.entries.extend(fresh);
            whole.more = page.full;
            if !page.full || whole.entries.len() >= query.limit as usize {
                let more = whole.entries.len() > query.limit as usize;
                whole.more |= more;
                whole.entries.truncate(query.limit as usize);
                return Ok(whole);
            }
            let Some(edge) = edge else { return Ok(whole) };
            if stands {
                // A whole page of one nanosecond: what is beyond it in that nanosecond cannot be asked for.
                let note =
                    format!("more than {} entries of one nanosecond: not all of them are here", next.limit);
                if !whole.notes.contains(&note) {
                    whole.notes.push(note);
                }
                seen = Vec::new();
                if query.forward { next.start = edge.saturating_add(1) } else { next.end = edge }
            } else {
                seen = at_edge;
                if query.forward { next.start = edge } else { next.end = edge.saturating_add(1) }
            }
            if next.start >= next.end {
                whole.more = false;
                return Ok(whole);
            }
        }
    }
}

/// `entries` without those that were seen, each taken off once.
fn without(entries: Vec<LokiEntry>, seen: &mut Vec<LokiEntry>) -> Vec<LokiEntry> {
    let fresh = |entry: &LokiEntry| match seen.iter().position(|s| s == entry) {
        Some(at) => {
            seen.swap_remove(at);
            false
        }
        None => true,
    };
    entries.into_iter().filter(fresh).collect()
}

/// The longest page that the server allows, if that is what it says.
fn allowed(said: &str) -> Option<u32> {
    if !said.contains("max entries limit") {
        return None;
    }
    let (_, rest) = said.rsplit_once('>')?;
    rest.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok().filter(|n| *n > 0)
}

/// Reads an answer to a query: entries sorted by time, and as they came where times are equal.
fn read(body: &[u8], forward: bool) -> Result<LokiAnswer, LokiError> {
    let odd = |why: &str| LokiError::Odd { why: why.to_owned() };
    let value: Value = serde_json::from_slice(body).map_err(|_| odd("no JSON"))?;
    if value.get("status").and_then(Value::as_str) != Some("success") {
        return Err(odd("no success in it"));
    }
    let data = value.get("data").ok_or_else(|| odd("no data in it"))?;
    let result = data.get("result").unwrap_or(&Value::Null);
    let mut answer = LokiAnswer::default();
    match data.get("resultType").and_then(Value::as_str) {
        Some("streams") => {
            let (mut entries, unreadable) = streams::entries(result);
            if forward {
                entries.sort_by_key(|e| e.time);
            } else {
                entries.sort_by_key(|e| std::cmp::Reverse(e.time));
            }
            if unreadable > 0 {
                answer.notes.push(format!("{unreadable} entries were unreadable"));
            }
            if let Some(why) = entries.iter().find_map(|e| e.field("__error__")) {
                // Not an error of Loki's: the line is there, and the parser of the query did not fit it.
                answer.notes.push(format!("a parser of the query does not fit all lines ({why})"));
            }
            answer.entries = entries;
        }
        Some("matrix" | "vector") => answer.series = streams::series(result),
        other => return Err(odd(&format!("a result of the kind '{}'", other.unwrap_or("none")))),
    }
    for warning in value.get("warnings").and_then(Value::as_array).into_iter().flatten() {
        answer.notes.push(super::wire::said(warning.as_str().unwrap_or_default().as_bytes()));
    }
    Ok(answer)
}

impl Reply {
    /// Reads this reply as an answer to a query.
    pub fn answer(self, forward: bool) -> Result<LokiAnswer, LokiError> {
        read(&self.good()?, forward)
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
    fn the_longest_page_is_read_from_the_refusal() {
        let said = "max entries limit per query exceeded, limit > max_entries_limit_per_query (500 > 100)";
        assert_eq!(allowed(said), Some(100));
        assert_eq!(allowed("parse error at line 1, col 26 (5 > 3)"), None);
    }

    #[test]
    fn what_was_seen_is_left_out_once() {
        let entry = |time, line: &str| LokiEntry { time, line: line.into(), ..LokiEntry::default() };
        let mut seen = vec![entry(1, "a"), entry(1, "a"), entry(1, "b")];
        let page = vec![entry(1, "a"), entry(1, "a"), entry(1, "a"), entry(1, "b"), entry(2, "b")];
        assert_eq!(without(page, &mut seen), [entry(1, "a"), entry(2, "b")]);
    }

    #[test]
    fn strange_answers_are_errors() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"status":"error"}"#,
            r#"{"status":"success"}"#,
            r#"{"status":"success","data":{"resultType":"moon"}}"#,
        ] {
            assert!(matches!(read(body.as_bytes(), true), Err(LokiError::Odd { .. })), "{body}");
        }
        let empty = br#"{"status":"success","data":{"resultType":"streams","result":[]}}"#;
        assert_eq!(read(empty, true), Ok(LokiAnswer::default()));
    }
}
