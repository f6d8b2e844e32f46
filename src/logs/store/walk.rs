//! Records that match, one after the other in the order of time, from any place in either direction.
//!
//! Blocks are in the order of arrival and overlap in time: a little when everything is followed live, a lot when old files are
//! fetched. So they are opened when the walk comes to their first time and merged; a block that cannot hold a match is never
//! read. A walk stops at its deadline and knows up to where it was complete.

use super::StoreFault;
use super::block::Entry;
use super::cache::{Cache, Loaded};
use super::frame;
use super::matching::Wanted;
use super::segment::{Sealed, Segment};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// A record's place in the order of views.
pub type Key = (i64, u64);

/// How long somebody waits for an answer.
#[derive(Clone, Debug, Default)]
pub struct Until {
    /// What there is by then is answered.
    pub deadline: Option<Instant>,
    /// Who asked is gone, once it is cancelled.
    pub left: Option<CancellationToken>,
}

impl Until {
    /// Time is up.
    pub fn is_over(&self) -> bool {
        self.is_left() || self.deadline.is_some_and(|d| Instant::now() >= d)
    }

    /// Nobody waits.
    pub fn is_left(&self) -> bool {
        self.left.as_ref().is_some_and(CancellationToken::is_cancelled)
    }
}

impl From<Option<Instant>> for Until {
    fn from(deadline: Option<Instant>) -> Self {
        Self { deadline, left: None }
    }
}

/// The blocks of a store at one moment.
pub struct Blocks {
    /// Sealed ones.
    pub sealed: Arc<Vec<Arc<Sealed>>>,
    /// The one that is being filled, and the stretch of the data file it covers.
    pub open: (Arc<Loaded>, (u64, u64), Arc<Segment>),
    /// Fingerprints of the open one are not kept sorted: it is always looked at.
    pub bounds: Option<(i64, i64)>,
}

/// One of them.
#[derive(Clone)]
enum Block {
    Sealed(Arc<Sealed>),
    Open,
}

/// A block that is being walked through.
struct Run {
    loaded: Arc<Loaded>,
    segment: Arc<Segment>,
    passes: Option<Vec<bool>>,
    /// The next place in the order of times.
    at: usize,
}

/// A record that was found.
#[derive(Clone)]
pub struct Step {
    /// Its place.
    pub key: Key,
    /// Its entry.
    pub entry: Entry,
    /// Where its text is.
    pub segment: Arc<Segment>,
}

/// What a walk came to.
pub enum Next {
    /// A record.
    Found(Step),
    /// There is nothing more.
    End,
    /// Time is up; everything before this key (in the direction of the walk) was looked at.
    Late(Key),
}

/// A walk.
pub struct Walk<'a> {
    blocks: &'a Blocks,
    cache: &'a Cache,
    wanted: &'a Wanted,
    forward: bool,
    /// Where it began: not included going back, included going forward.
    from: Key,
    /// Not opened yet; the next one last.
    closed: Vec<(i64, Block)>,
    runs: Vec<Run>,
    /// Smallest first: keys made so that smaller is nearer.
    heads: BinaryHeap<Reverse<((i64, u64), usize)>>,
    until: &'a Until,
    /// Bytes of text that were looked through.
    pub bytes: u64,
    /// Blocks that were opened.
    pub opened: u32,
}

impl<'a> Walk<'a> {
    /// Begins at `from`.
    pub fn new(
        blocks: &'a Blocks,
        cache: &'a Cache,
        wanted: &'a Wanted,
        from: Key,
        forward: bool,
        until: &'a Until,
    ) -> Self {
        let (low, high) = wanted.times();
        let near = |min: i64, max: i64| if forward { min } else { max.saturating_neg() };
        let reaches = |min: i64, max: i64| if forward { max >= from.0 } else { min <= from.0 };
        let mut closed: Vec<(i64, Block)> = blocks
            .sealed
            .iter()
            .filter(|b| reaches(b.summary.min, b.summary.max) && wanted.may_be_in(&b.summary))
            .map(|b| (near(b.summary.min, b.summary.max), Block::Sealed(Arc::clone(b))))
            .collect();
        if let Some((min, max)) = blocks.bounds
            && reaches(min, max)
            && max >= low
            && min < high
        {
            closed.push((near(min, max), Block::Open));
        }
        closed.sort_by_key(|(near, _)| Reverse(*near));
        Self {
            blocks,
            cache,
            wanted,
            forward,
            from,
            closed,
            runs: Vec::new(),
            heads: BinaryHeap::new(),
            until,
            bytes: 0,
            opened: 0,
        }
    }

    /// A key so that smaller is nearer.
    fn facing(&self, key: Key) -> (i64, u64) {
        if self.forward { key } else { (key.0.saturating_neg(), u64::MAX - key.1) }
    }

    /// The next record.
    pub fn next(&mut self) -> Result<Next, StoreFault> {
        loop {
            let head = self.heads.peek().map(|Reverse((key, _))| *key);
            let open_first = match (self.closed.last(), head) {
                (None, None) => return Ok(Next::End),
                (Some(_), None) => true,
                (Some((near, _)), Some(key)) => *near <= key.0,
                (None, Some(_)) => false,
            };
            if open_first {
                let late = self.gets_on() && self.opened > 0 && self.until.is_over();
                if late || self.until.is_left() {
                    let near = self.closed.last().map_or(0, |(near, _)| *near);
                    let time = if self.forward { near } else { near.saturating_neg() };
                    return Ok(Next::Late(if self.forward {
                        (time.max(self.from.0), 0)
                    } else {
                        (time.min(self.from.0), u64::MAX)
                    }));
                }
                if let Some((_, block)) = self.closed.pop() {
                    self.open(block)?;
                }
                continue;
            }
            let Some(Reverse((_, number))) = self.heads.pop() else { return Ok(Next::End) };
            let Some(run) = self.runs.get(number) else { continue };
            let Some((place, entry)) = run.loaded.nth(run.at) else { continue };
            let step = Step {
                key: (entry.time, run.loaded.first + u64::from(place)),
                entry: *entry,
                segment: Arc::clone(&run.segment),
            };
            self.advance(number, true);
            return Ok(Next::Found(step));
        }
    }

    /// Whether who goes on where the next block begins is further than we began: otherwise time is never up.
    fn gets_on(&self) -> bool {
        self.closed.last().is_some_and(|(near, _)| {
            if self.forward {
                *near > self.from.0
            } else {
                near.saturating_neg().saturating_add(1) < self.from.0
            }
        })
    }

    fn open(&mut self, block: Block) -> Result<(), StoreFault> {
        let (loaded, data, segment, sealed) = match block {
            Block::Open => {
                let (loaded, data, segment) = &self.blocks.open;
                (Arc::clone(loaded), *data, Arc::clone(segment), None)
            }
            Block::Sealed(sealed) => {
                if !has_ids(self.wanted, &sealed)? {
                    return Ok(());
                }
                let loaded = self.cache.get(&sealed)?;
                (loaded, sealed.summary.data, Arc::clone(&sealed.segment), Some(sealed))
            }
        };
        drop(sealed);
        self.opened += 1;
        let mut passes = None;
        if self.wanted.reads_text() {
            if !loaded.entries.iter().any(|e| self.wanted.takes(e)) {
                return Ok(());
            }
            let length = usize::try_from(data.1.saturating_sub(data.0)).unwrap_or(usize::MAX);
            let text = segment.read_data(data.0, length)?;
            self.bytes += text.len() as u64;
            let sifted = self.wanted.sift(&loaded, &text, data.0);
            if !sifted.contains(&true) {
                return Ok(());
            }
            passes = Some(sifted);
        }
        // Forward: the first that is not before the beginning; back: the last that is before it.
        let before = loaded.before(self.from);
        let at = if self.forward { before } else { before.wrapping_sub(1) };
        self.runs.push(Run { loaded, segment, passes, at });
        self.advance(self.runs.len() - 1, false);
        Ok(())
    }

    /// Goes to the next record of a block that passes, from the one after the present, or from the present one.
    fn advance(&mut self, number: usize, leave: bool) {
        let forward = self.forward;
        let Some(run) = self.runs.get_mut(number) else { return };
        let step = |at: usize| if forward { at.wrapping_add(1) } else { at.wrapping_sub(1) };
        if leave {
            run.at = step(run.at);
        }
        while let Some((place, entry)) = run.loaded.nth(run.at) {
            let passes = match &run.passes {
                Some(passes) => passes.get(usize::from(place)) == Some(&true),
                None => self.wanted.takes(entry),
            };
            if passes {
                let key = (entry.time, run.loaded.first + u64::from(place));
                let facing = self.facing(key);
                self.heads.push(Reverse((facing, number)));
                return;
            }
            run.at = step(run.at);
        }
        // Done with: its memory is not needed any more.
        run.loaded = Arc::default();
        run.passes = None;
    }
}

/// Whether a block has all fingerprints that are wanted.
pub(super) fn has_ids(wanted: &Wanted, sealed: &Sealed) -> Result<bool, StoreFault> {
    let wanted = wanted.ids();
    if wanted.is_empty() || sealed.segment.is_lines() {
        return Ok(true);
    }
    let (at, count) = sealed.summary.ids;
    let raw = sealed.segment.read_index(at, count as usize * 4)?;
    let has = |id: u32| {
        let (mut low, mut high) = (0, raw.len() / 4);
        while low < high {
            let middle = usize::midpoint(low, high);
            match frame::u32_at(&raw, middle * 4).map(|v| v.cmp(&id)) {
                Some(std::cmp::Ordering::Less) => low = middle + 1,
                Some(std::cmp::Ordering::Greater) => high = middle,
                Some(std::cmp::Ordering::Equal) | None => return true,
            }
        }
        false
    };
    Ok(wanted.iter().all(|id| has(*id)))
}
