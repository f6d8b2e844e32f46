//! The journal of a node: taken by its own positions, kept for each unit as if it were a file.

use super::{Collector, blocking, micros};
use crate::logs::collect::CollectFault;
use crate::logs::store::{Chunk, FileState};

/// Bytes of entries in one answer.
const PIECE: usize = 512 << 10;

impl Collector {
    /// Takes what is new in the journal.
    pub(super) async fn journal(&mut self, backfill: Option<i64>) -> Result<u64, CollectFault> {
        if self.places.units.is_empty() {
            let unread = self.unread.clone();
            self.status(|s| s.trouble = unread);
            return Ok(0);
        }
        let units: Vec<String> = self.places.units.keys().cloned().collect();
        let mut records = 0;
        // Without a position: from the moment on that was asked for, or from when it was looked at first.
        let ahead = self.clock / 1_000_000;
        let begun = self.since.unwrap_or(micros() / 1_000_000 + ahead);
        let since = Some(backfill.map_or(begun, |asked| begun.min(asked.saturating_add(ahead))));
        self.since = since;
        for _ in 0..8 {
            let asked = self.link.journal(&units, &self.journal, since, PIECE).await?;
            let (entries, more) = match asked {
                Ok(answer) => answer,
                Err(why) => {
                    self.status(|s| s.trouble = Some(why));
                    return Ok(records);
                }
            };
            let unread = self.unread.clone();
            self.status(|s| s.trouble = unread);
            records += self.entries(&entries).await?;
            if !more {
                break;
            }
        }
        Ok(records)
    }

    async fn entries(&mut self, entries: &[u8]) -> Result<u64, CollectFault> {
        let mut runs: Vec<(String, String, Vec<u8>)> = Vec::new();
        for line in entries.split_inclusive(|b| *b == b'\n') {
            let mut words = line.splitn(3, |b| *b == b'\t');
            let (Some(unit), Some(cursor), Some(json)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let (unit, cursor) = (String::from_utf8_lossy(unit), String::from_utf8_lossy(cursor));
            match runs.last_mut() {
                Some(run) if run.0 == unit => {
                    run.2.extend_from_slice(json);
                    run.1 = cursor.into_owned();
                }
                _ => runs.push((unit.into_owned(), cursor.into_owned(), json.to_vec())),
            }
        }
        let mut records = 0;
        for (unit, cursor, bytes) in runs {
            let service = self.places.units.get(&unit).cloned().unwrap_or_else(|| unit.clone());
            let source = self.source(service, unit, true).await?;
            let (zone, arrived, clock) = (0, micros(), self.clock);
            let note = cursor.clone();
            let taken = blocking(&self.store, move |store| {
                let file = if let Some(file) = store.files(source).first() {
                    file.clone()
                } else {
                    let id = store.file(&FileState { source, ..FileState::default() })?;
                    FileState { id, ..FileState::default() }
                };
                let chunk = Chunk {
                    file: file.id,
                    offset: file.cover.end().unwrap_or(0),
                    bytes: &bytes,
                    complete: true,
                    note: &note,
                    arrived,
                    clock,
                    zone,
                };
                store.append(&chunk)
            })
            .await?;
            records += u64::from(taken.records);
            self.journal = cursor;
        }
        Ok(records)
    }
}

/// The moment of a position in a journal (its `t=`), microseconds; 0 where it has none.
pub(super) fn time(cursor: &str) -> u64 {
    let at = cursor.split(';').find_map(|part| part.strip_prefix("t="));
    at.and_then(|t| u64::from_str_radix(t, 16).ok()).unwrap_or_default()
}
