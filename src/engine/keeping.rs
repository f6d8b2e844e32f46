//! Data for bad days: exports that are asked for, and what the trail is told when a database was rebuilt or restored.

use super::{Engine, now};
use crate::api::Failure;
use crate::api::message::BackupView;
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::said::{Said, sentence};
use crate::domain::time::utc;
use crate::store::{Opened, backup, rotate};
use std::sync::Arc;

/// By whom an entry is that nobody asked for.
const ENGINE: &str = "cpmg";

impl Engine {
    /// Writes an export now.
    pub async fn backup(self: &Arc<Self>) -> Result<BackupView, Failure> {
        let made = self.export_now().await?;
        Ok(BackupView {
            path: made.path.display().to_string(),
            key: self.options.data.join("key").display().to_string(),
            at: made.at,
            records: made.records as u64,
        })
    }

    /// Writes into the trail what happened to the data while no engine could: a rebuilt database, a restored backup.
    pub(super) fn note_recovery(&self) -> Result<(), Failure> {
        if let Opened::Rebuilt { from, why, .. } = self.data.opened() {
            let what = if let Some(from) = from {
                sentence!(
                    "deed-rebuilt",
                    "rebuilt the database, which was unusable ({why}), from the export of {at}: what came after it is lost",
                    why = why,
                    at = utc(from.at)
                )
            } else {
                sentence!(
                    "deed-rebuilt-empty",
                    "began with an empty database: the old one was unusable ({why}), and there was no good export",
                    why = why
                )
            };
            self.audit(&AuditEntry::new(now(), ENGINE, AuditKind::Engine, what))?;
        }
        let told = self.data.opened();
        if let Opened::Shortened { changes } = told {
            let what = Said::keyed(told.to_string(), "deed-shortened").arg("changes", changes.to_string());
            self.audit(&AuditEntry::new(now(), ENGINE, AuditKind::Engine, what))?;
            self.notice(told.to_string());
        }
        if let Some(done) = backup::note(&self.options.data) {
            let what = sentence!(
                "deed-restored",
                "restored {records} records of {at} from {file}",
                records = done.records,
                at = utc(done.at),
                file = done.from.display()
            );
            let mut entry = AuditEntry::new(now(), ENGINE, AuditKind::Engine, what);
            entry.account = Some(format!("number {}", done.uid));
            self.audit(&entry)?;
            backup::noted(&self.options.data);
        }
        if let Some(done) = rotate::note(&self.options.data) {
            let lost = match done.unreadable.len() {
                0 => Said::default(),
                n => sentence!(
                    "deed-rekeyed-lost",
                    "; {count} exports could not be read, and their secrets are lost",
                    count = n
                ),
            };
            let what = sentence!(
                "deed-rekeyed",
                "changed the key of the sealed secrets ({at}): {secrets} secrets and {exports} exports are sealed with the new one{lost}",
                at = utc(done.at),
                secrets = done.secrets,
                exports = done.exports;
                lost = lost
            );
            let mut entry = AuditEntry::new(now(), ENGINE, AuditKind::Engine, what);
            entry.account = Some(format!("number {}", done.uid));
            self.audit(&entry)?;
            rotate::noted(&self.options.data);
        }
        Ok(())
    }
}
