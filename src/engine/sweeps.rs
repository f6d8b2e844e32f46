//! Sweeps for SSH: begun, watched, cancelled, forgotten with the process.

use super::topics::Area;
use super::{Engine, now};
use crate::api::rows::{FoundRow, SweepRow};
use crate::api::{Failure, FailureKind, Row};
use crate::discovery::{self, Found, Probe, SweepOptions};
use crate::domain::ids::{EnvId, SweepId};
use crate::domain::net::{AddressRange, RANGE_MAX};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Sweeps that are remembered.
const KEPT: usize = 16;

struct Cell {
    row: SweepRow,
    found: Vec<FoundRow>,
    cancel: CancellationToken,
}

/// All sweeps of this process.
#[derive(Default)]
pub struct Sweeps {
    cells: Mutex<BTreeMap<SweepId, Cell>>,
    last: AtomicU64,
}

impl Sweeps {
    fn with<R>(&self, id: SweepId, change: impl FnOnce(&mut Cell) -> R) -> Option<R> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&id).map(change)
    }

    /// Rows of a sweep; addresses that are nodes already say so.
    pub fn rows(&self, id: SweepId, engine: &Engine) -> Vec<Row> {
        let Some((row, found)) = self.with(id, |c| (c.row.clone(), c.found.clone())) else {
            return Vec::new();
        };
        let model = engine.model.read();
        let mut rows = vec![Row::Sweep(row.clone())];
        rows.extend(found.into_iter().map(|mut f| {
            let same =
                model.nodes.values().find(|n| n.env == row.env && n.address == f.address && n.port == f.port);
            f.node = same.map(|n| n.id);
            Row::Found(f)
        }));
        rows
    }
}

impl Sweeps {
    /// What answered SSH in the sweeps that are remembered, with what it said it is.
    pub fn alive(&self) -> Vec<(std::net::Ipv4Addr, String)> {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let found = cells.values().flat_map(|c| &c.found);
        found.map(|f| (f.address.ip(), crate::domain::text::harmless(&f.banner))).collect()
    }
}

impl Engine {
    /// Starts to look for SSH.
    pub fn sweep_start(
        self: &Arc<Self>,
        env: EnvId,
        ranges: &[String],
        port: u16,
    ) -> Result<SweepId, Failure> {
        self.env(env)?;
        let invalid = |field: &str, why: String| Failure::new(FailureKind::Invalid, why).at(field);
        if port == 0 {
            return Err(invalid("port", "a port is a number from 1 to 65535".into()));
        }
        let ranges = ranges
            .iter()
            .map(|r| r.parse::<AddressRange>().map_err(|f| invalid("ranges", f.to_string())))
            .collect::<Result<Vec<_>, _>>()?;
        let total: u32 = ranges.iter().map(|r| r.count()).sum();
        if total == 0 {
            return Err(invalid("ranges", "give at least one range, as in 10.0.0.0/24".into()));
        }
        if total > RANGE_MAX {
            return Err(invalid(
                "ranges",
                format!(
                    "the ranges hold {total} addresses; {RANGE_MAX} are the most for one sweep: split it"
                ),
            ));
        }
        let id = SweepId(self.sweeps.last.fetch_add(1, Ordering::Relaxed) + 1);
        let cancel = CancellationToken::new();
        let row =
            SweepRow { id, env, done: 0, total, found: 0, started: now(), ended: None, cancelled: false };
        {
            let mut cells = self.sweeps.cells.lock().unwrap_or_else(PoisonError::into_inner);
            cells.insert(id, Cell { row, found: Vec::new(), cancel: cancel.clone() });
            while cells.len() > KEPT {
                let Some(oldest) = cells.iter().find(|(_, c)| c.row.ended.is_some()).map(|(i, _)| *i) else {
                    break;
                };
                cells.remove(&oldest);
            }
        }
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            let options = SweepOptions { port, ..SweepOptions::default() };
            let mut sweep = discovery::sweep(&ranges, options);
            loop {
                let event = tokio::select! {
                    event = sweep.next() => event,
                    () = cancel.cancelled() => None,
                };
                let Some(event) = event else { break };
                engine.sweeps.with(id, |cell| {
                    cell.row.done = event.progress.done;
                    cell.row.total = event.progress.total;
                    cell.row.found = event.progress.found;
                    let Some(Found { address, probe }) = event.found else { return };
                    let (ssh, banner) = match probe {
                        Probe::Ssh(line) => (true, line),
                        Probe::NotSsh(words) => (false, words),
                        // A machine without a server on that port cannot be taken in.
                        Probe::Closed | Probe::Silent => return,
                    };
                    cell.found.push(FoundRow { address, port, banner, ssh, node: None });
                });
                engine.topics.touch(Area::Sweep(id));
            }
            engine.sweeps.with(id, |cell| {
                cell.row.cancelled = cancel.is_cancelled();
                cell.row.ended = Some(now());
            });
            engine.topics.touch(Area::Sweep(id));
        });
        Ok(id)
    }

    /// Ends a sweep.
    pub fn sweep_cancel(&self, id: SweepId) -> Result<(), Failure> {
        self.sweeps
            .with(id, |c| c.cancel.cancel())
            .ok_or_else(|| Failure::new(FailureKind::NotFound, format!("there is no sweep {id}")))
    }
}
