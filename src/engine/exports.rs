//! Exports that are written by themselves, and their copies in another directory.
//!
//! The copy is made by a thread of its own that nobody waits for: a share whose server is gone can hold a writer for ever, and the exports
//! in the data directory must go on meanwhile. What failed last is told to everybody who connects and to `cpmg doctor`, until it works again.

use super::records::{EXPORT_RULES, ONLY, refused};
use super::{Engine, now};
use crate::api::keep::ExportState;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::keeping::ExportRules;
use crate::domain::said::{Said, sentence};
use crate::domain::time::{Moment, utc};
use crate::domain::user::User;
use crate::store::export::{self, Summary};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How things stand with exports.
#[derive(Default)]
pub struct Exports(Mutex<State>);

#[derive(Default)]
struct State {
    rules: ExportRules,
    /// When the last one was written, and why a later one could not be.
    last: Option<Moment>,
    fault: Option<String>,
    copied: Option<Moment>,
    copy_fault: Option<String>,
    /// Since when a copy is being written.
    copying: Option<Moment>,
}

impl Exports {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up the rules that the disk has.
    pub fn load(&self, rules: ExportRules) {
        self.state().rules = rules;
    }

    /// What is wrong now, each in a sentence.
    pub fn faults(&self) -> Vec<String> {
        let state = self.state();
        let since = |at: Option<Moment>| {
            at.map_or_else(
                || "none was written since the engine started".to_owned(),
                |at| format!("the last one is of {}", utc(at)),
            )
        };
        let own = state
            .fault
            .as_ref()
            .map(|why| format!("no export could be written: {why}; {}", since(state.last)));
        let copy = state.copy_fault.as_ref().map(|why| {
            let dir = state.rules.copies.as_deref().unwrap_or_default();
            format!("no copy of the export could be written to {dir}: {why}; {}", since(state.copied))
        });
        own.into_iter().chain(copy).collect()
    }
}

impl Engine {
    /// The rules, and how things stand.
    pub fn export_state(&self) -> ExportState {
        let state = self.exports.state();
        ExportState {
            rules: state.rules.clone(),
            last: state.last,
            fault: state.fault.clone(),
            copied: state.copied,
            copy_fault: state.copy_fault.clone(),
        }
    }

    /// Other rules. A copy is made at once, so that whoever set a directory sees whether it works.
    pub async fn export_rules_set(
        self: &Arc<Self>,
        asks: &User,
        rules: ExportRules,
    ) -> Result<ExportState, Failure> {
        rules.check().map_err(|(field, why)| Failure::said(FailureKind::Invalid, &why).at(field))?;
        if let Some(dir) = rules.copies.clone() {
            let data = self.options.data.clone();
            let good = tokio::task::spawn_blocking(move || check_dir(&data, Path::new(&dir)));
            let good = good.await.map_err(|e| Failure::new(FailureKind::Engine, e.to_string()))?;
            good.map_err(|why| Failure::said(FailureKind::Invalid, &why).at("copies"))?;
        }
        {
            let _write = self.write();
            let what = match &rules.copies {
                None => sentence!(
                    "deed-export-kept",
                    "rules for exports: {kept} kept, no copies elsewhere",
                    kept = rules.kept
                ),
                Some(dir) => sentence!(
                    "deed-export-copies",
                    "rules for exports: {kept} kept, copies to {dir}, {there} kept there",
                    kept = rules.kept,
                    dir = dir,
                    there = rules.copies_kept
                ),
            };
            self.audit(&AuditEntry::new(now(), &asks.name, AuditKind::Engine, what))?;
            self.records.save(EXPORT_RULES, &ONLY.to_owned(), &rules)?;
            let mut state = self.exports.state();
            if state.rules.copies != rules.copies {
                (state.copied, state.copy_fault) = (None, None);
            }
            state.rules = rules;
        }
        self.export_now().await?;
        Ok(self.export_state())
    }

    /// Writes an export, and begins its copy.
    pub async fn export_now(self: &Arc<Self>) -> Result<Summary, Failure> {
        let engine = Arc::clone(self);
        self.data.keep(self.exports.state().rules.kept as usize);
        let made = tokio::task::spawn_blocking(move || engine.data.export(now())).await;
        let made = made.map_err(|e| Failure::new(FailureKind::Engine, e.to_string()));
        let made = made.and_then(|made| made.map_err(|f| refused(&f)));
        {
            let mut state = self.exports.state();
            match &made {
                Ok(made) => (state.last, state.fault) = (Some(made.at), None),
                Err(why) => state.fault = Some(why.message.clone()),
            }
        }
        let made = made?;
        self.copy_export(made.clone()).await;
        Ok(made)
    }

    /// Waits for the copy as long as a healthy directory takes; one that hangs is told of and left to itself.
    async fn copy_export(self: &Arc<Self>, made: Summary) {
        let (dir, kept) = {
            let mut state = self.exports.state();
            let Some(dir) = state.rules.copies.clone() else { return };
            if let Some(since) = state.copying {
                state.copy_fault = Some(format!("it does not answer since {}", utc(since)));
                return;
            }
            state.copying = Some(now());
            (dir, state.rules.copies_kept as usize)
        };
        // Not the engine itself: a thread that hangs must not keep its data directory from the next one.
        let (exports, data) = (Arc::clone(&self.exports), self.options.data.clone());
        let (done, wait) = tokio::sync::oneshot::channel();
        let work = move || {
            let result = check_dir(&data, Path::new(&dir))
                .map_err(|why| why.to_string())
                .and_then(|()| export::copy(&made.path, Path::new(&dir), kept).map_err(|f| f.to_string()));
            let mut state = exports.state();
            state.copying = None;
            // The rules may have changed meanwhile: then this says nothing about them.
            if state.rules.copies.as_deref() == Some(dir.as_str()) {
                match result {
                    Ok(()) => (state.copied, state.copy_fault) = (Some(made.at), None),
                    Err(why) => state.copy_fault = Some(why),
                }
            }
            drop(state);
            let _ = done.send(());
        };
        // Not one of the runtime's threads: the end of the engine waits for those.
        if let Err(why) = std::thread::Builder::new().name("export-copy".into()).spawn(work) {
            let mut state = self.exports.state();
            (state.copying, state.copy_fault) = (None, Some(why.to_string()));
            return;
        }
        if tokio::time::timeout(super::COPY_PATIENCE, wait).await.is_err() {
            self.exports.state().copy_fault = Some("it does not answer".into());
        }
    }
}

/// Refuses a directory that copies cannot go to.
fn check_dir(data: &Path, dir: &Path) -> Result<(), Said> {
    let meta = std::fs::metadata(dir).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            sentence!("error-copies-none", "it is not there: is the share mounted?")
        }
        _ => e.to_string().into(),
    })?;
    if !meta.is_dir() {
        return Err(sentence!("error-copies-file", "it is no directory"));
    }
    let real = |p: &Path| p.canonicalize().map_err(|e| Said::from(e.to_string()));
    if real(dir)?.starts_with(real(data)?) {
        return Err(sentence!(
            "error-copies-inside",
            "it lies in the data directory: a copy there is lost together with it"
        ));
    }
    Ok(())
}
