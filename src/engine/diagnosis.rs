//! What the engine tells about itself, for `cpmg doctor`.

use super::Engine;
use crate::api::message::Diagnosis;
use crate::catalog::Catalog;
use crate::domain::job::JobState;
use crate::store;

impl Engine {
    /// What the engine knows about itself.
    pub(super) fn diagnosis(&self) -> Diagnosis {
        let faults = Catalog::check(&self.options.roles);
        let jobs = self.whole_jobs();
        Diagnosis {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started: self.started,
            data: self.options.data.display().to_string(),
            free: store::free_bytes(&self.options.data).unwrap_or_default(),
            roles: self.options.roles.iter().map(|r| r.display().to_string()).collect(),
            catalog_faults: faults.iter().map(ToString::to_string).collect(),
            clients: u32::try_from(self.callers().len()).unwrap_or(u32::MAX),
            jobs: u32::try_from(jobs.iter().filter(|j| j.lock().job.state == JobState::Running).count())
                .unwrap_or(u32::MAX),
            memory: resident(),
            notices: self.notices(),
        }
    }
}

/// Resident memory of this process, bytes; 0 where it cannot be read.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|p| p.parse().ok()).unwrap_or_default();
    pages * rustix::param::page_size() as u64
}
