//! A filter made ready for searching.
//!
//! Three sieves, the cheap ones first: the summary of a block (times, levels, sources, fingerprints of UUIDs), the entry of a
//! record, its text. Texts of a block are searched as one piece of memory; only where something is found is a record looked at.

use super::StoreFault;
use super::block::{Entry, Summary};
use super::cache::Loaded;
use super::ids;
use super::write::Source;
use crate::domain::logs::{Level, LogFilter, TextMatch};
use crate::logs::format::{Formats, Line, Options, Parser, Record};
use regex::bytes::{Regex, RegexBuilder};

/// Memory that one compiled expression may take.
const REGEX_MAX: usize = 4 << 20;

/// A filter made ready.
#[derive(Debug, Default)]
pub struct Wanted {
    from: Option<i64>,
    to: Option<i64>,
    level: Option<Level>,
    /// Numbers of the sources that pass, in order; `None`: all.
    sources: Option<Vec<u32>>,
    /// Fingerprints, all of which a block must have.
    ids: Vec<u32>,
    /// Fields that are looked at after parsing.
    fields: Option<LogFilter>,
    /// Texts that must be there; the first one leads the search.
    must: Vec<Regex>,
    /// Texts that must not.
    must_not: Vec<Regex>,
    /// The first text speaks of its surroundings (`^`, `\b`): it is true of a record alone, not of a block in which heads of frames lie
    /// between the records.
    alone: bool,
}

/// A pattern as people mean it: small letters match large ones, too, unless there is a large one in it.
fn compile(pattern: &str) -> Result<Regex, StoreFault> {
    let (mut chars, mut large) = (pattern.chars(), false);
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        } else {
            large |= c.is_uppercase();
        }
    }
    let built = RegexBuilder::new(pattern)
        .case_insensitive(!large)
        .multi_line(true)
        .size_limit(REGEX_MAX)
        .dfa_size_limit(REGEX_MAX)
        .build();
    built.map_err(|_| {
        let why = crate::domain::logs::check_pattern(pattern).err().map(|f| f.why);
        StoreFault::Pattern(why.unwrap_or_else(|| format!("the regular expression {pattern} is too large")))
    })
}

/// The text that a pattern without any special character stands for.
fn plain(pattern: &str) -> Option<String> {
    let text = pattern.replace("\\-", "-");
    (!text.contains(['\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$'])).then_some(text)
}

/// Whether a pattern speaks of what is beside a match. Too often is harmless.
fn looks_around(pattern: &str) -> bool {
    pattern.contains(['^', '$'])
        || ["\\A", "\\z", "\\b", "\\B", "\\<", "\\>"].iter().any(|p| pattern.contains(p))
}

impl Wanted {
    /// Makes a filter ready. `sources` are all that there are; `now` is in microseconds.
    pub fn new<'a>(
        filter: &LogFilter,
        sources: impl Iterator<Item = &'a Source>,
        now: i64,
    ) -> Result<Self, StoreFault> {
        let mut out = Self {
            from: filter.from.map(|w| w.at(now)),
            to: filter.to.map(|w| w.at(now)),
            level: filter.level,
            ..Self::default()
        };
        if !(filter.nodes.is_empty() && filter.services.is_empty() && filter.sources.is_empty()) {
            let passes = |s: &&Source| filter.takes_source(s.id, &s.node_name, &s.words());
            let mut numbers: Vec<u32> = sources.filter(passes).map(|s| s.id).collect();
            numbers.sort_unstable();
            out.sources = Some(numbers);
        }
        for text in &filter.text {
            out.text(text)?;
        }
        let ids = [&filter.request, &filter.instance, &filter.user, &filter.project];
        for id in ids.into_iter().flatten() {
            // It stands in the text as it is, in whatever format.
            out.must.push(compile(&regex::escape(id))?);
            ids::each(id.as_bytes(), |id| out.ids.push(id));
        }
        if filter.pid.is_some() || !filter.components.is_empty() || ids.iter().any(|id| id.is_some()) {
            if let [one] = filter.components.as_slice() {
                out.must.push(compile(&regex::escape(one))?);
            }
            if let Some(pid) = filter.pid {
                out.must.push(compile(&pid.to_string())?);
            }
            out.fields = Some(filter.clone());
        }
        Ok(out)
    }

    /// Adds a text.
    pub fn text(&mut self, text: &TextMatch) -> Result<(), StoreFault> {
        let pattern = compile(&text.pattern)?;
        if text.inverted {
            self.must_not.push(pattern);
            return Ok(());
        }
        if let Some(plain) = plain(&text.pattern) {
            ids::each(plain.as_bytes(), |id| self.ids.push(id));
        }
        if self.must.is_empty() {
            self.alone = looks_around(&text.pattern);
        }
        self.must.push(pattern);
        Ok(())
    }

    /// Only times from here on, and before there.
    pub fn within(&mut self, from: Option<i64>, to: Option<i64>) {
        self.from = self.from.max(from);
        self.to = match (self.to, to) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// Times that may match: from, and up to.
    pub fn times(&self) -> (i64, i64) {
        (self.from.unwrap_or(i64::MIN), self.to.unwrap_or(i64::MAX))
    }

    /// Whether texts have to be read.
    pub fn reads_text(&self) -> bool {
        self.fields.is_some() || !self.must.is_empty() || !self.must_not.is_empty()
    }

    /// Whether every record passes.
    pub fn takes_all(&self) -> bool {
        !self.reads_text() && self.from.is_none() && self.to.is_none() && self.takes_all_at_a_time()
    }

    /// Whether every record of the right time passes.
    pub fn takes_all_at_a_time(&self) -> bool {
        !self.reads_text() && self.level.is_none() && self.sources.is_none()
    }

    /// Whether nothing but times and levels is looked at.
    pub fn sees_levels_only(&self) -> bool {
        !self.reads_text() && self.sources.is_none()
    }

    /// The fingerprints that a block must have.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Whether a block may have such records, by its summary.
    pub fn may_be_in(&self, block: &Summary) -> bool {
        let (from, to) = self.times();
        block.max >= from && block.min < to && self.about(block) > 0
    }

    /// About how many records of a block pass, by its summary.
    pub fn about(&self, block: &Summary) -> u32 {
        let levels = block.at_least(self.level);
        let Some(wanted) = &self.sources else { return levels };
        let has = block.sources.iter().filter(|(id, ..)| wanted.binary_search(id).is_ok());
        levels.min(has.map(|(_, records, _)| records).sum())
    }

    /// Whether a record may pass, by its entry.
    pub fn takes(&self, entry: &Entry) -> bool {
        let (from, to) = self.times();
        entry.time >= from
            && entry.time < to
            && self.level.is_none_or(|least| entry.level.unwrap_or(Level::Info) >= least)
            && self.sources.as_ref().is_none_or(|s| s.binary_search(&entry.source).is_ok())
    }

    /// Whether a level passes.
    pub fn takes_level(&self, level: Option<Level>) -> bool {
        self.level.is_none_or(|least| level.unwrap_or(Level::Info) >= least)
    }

    /// Marks the records of a block that pass, by their places. `data` holds the block's stretch of the data file, which
    /// begins at `base`.
    pub fn sift(&self, block: &Loaded, data: &[u8], base: u64) -> Vec<bool> {
        let mut passes: Vec<bool> = block.entries.iter().map(|e| self.takes(e)).collect();
        let text = |entry: &Entry| {
            let at = usize::try_from(u64::from(entry.at).checked_sub(base)?).ok()?;
            data.get(at..at + entry.len as usize)
        };
        let Some((lead, rest)) = self.must.split_first() else {
            for (entry, pass) in block.entries.iter().zip(&mut passes) {
                *pass = *pass && text(entry).is_some_and(|t| self.takes_text(t, &[]));
            }
            return passes;
        };
        let few = passes.iter().filter(|p| **p).count() * 8 < passes.len();
        if few || self.alone {
            for (entry, pass) in block.entries.iter().zip(&mut passes) {
                *pass = *pass && text(entry).is_some_and(|t| lead.is_match(t) && self.takes_text(t, rest));
            }
            return passes;
        }
        let mut hits = vec![false; passes.len()];
        let mut at = 0;
        while let Some(found) = lead.find_at(data, at.min(data.len())) {
            let absolute = base + found.start() as u64;
            let after = block.entries.partition_point(|e| u64::from(e.at) <= absolute);
            let place = after.saturating_sub(1);
            let Some(entry) = block.entries.get(place) else { break };
            let end = u64::from(entry.at) + u64::from(entry.len);
            if absolute >= end || absolute < u64::from(entry.at) {
                // Before the first record, or between two: heads of frames.
                let next = block.entries.get(after).map_or(u64::MAX, |e| u64::from(e.at));
                at = usize::try_from(next.max(absolute + 1).saturating_sub(base)).unwrap_or(usize::MAX);
            } else {
                if passes.get(place) == Some(&true)
                    && let Some(hit) = hits.get_mut(place)
                {
                    *hit = text(entry).is_some_and(|t| lead.is_match(t) && self.takes_text(t, rest));
                }
                at = usize::try_from(end - base).unwrap_or(usize::MAX);
            }
            if at >= data.len() {
                break;
            }
        }
        hits
    }

    fn takes_text(&self, text: &[u8], must: &[Regex]) -> bool {
        must.iter().all(|r| r.is_match(text))
            && !self.must_not.iter().any(|r| r.is_match(text))
            && self.fields.as_ref().is_none_or(|f| has_fields(f, text))
    }
}

/// The record at the beginning of its own text.
pub fn record(text: &[u8], zone: i32) -> Record<'_> {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    match Parser::new(Options { offset: Some(zone), reference: Some(0), formats: Formats::known() })
        .line(text.get(..end).unwrap_or_default())
    {
        Line::Head(record) => record,
        Line::Continuation(message) => Record { message, ..Record::default() },
        Line::Empty => Record::default(),
    }
}

fn has_fields(filter: &LogFilter, text: &[u8]) -> bool {
    let record = record(text, 0);
    let same = |wanted: &Option<String>, has: &[&Option<crate::logs::format::Text<'_>>]| {
        wanted
            .as_ref()
            .is_none_or(|w| has.iter().any(|h| h.as_deref().is_some_and(|h| h.eq_ignore_ascii_case(w))))
    };
    let component = record.component.as_deref().unwrap_or_default();
    (filter.components.is_empty() || filter.components.iter().any(|c| component.starts_with(c.as_str())))
        && filter.pid.is_none_or(|pid| record.pid == Some(pid))
        && same(&filter.request, &[&record.request_id, &record.global_request_id])
        && same(&filter.instance, &[&record.instance])
        && same(&filter.user, &[&record.user_id])
        && same(&filter.project, &[&record.project_id])
}
