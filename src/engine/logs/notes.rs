//! Marks and saved views: small, kept in the database, shared by everybody who may read.

use super::super::records::{LOG_MARKS, LOG_VIEWS, refused};
use super::super::topics::Area;
use super::super::{Engine, now};
use super::{invalid, no_record};
use crate::api::Failure;
use crate::api::FailureKind;
use crate::api::logs::{Cursor, LogMark, LogView, MARKS_MAX, NOTE_MAX};
use crate::domain::ids::EnvId;
use crate::domain::user::User;
use std::sync::Arc;

/// Most bytes that a screen may remember with a view.
const LAYOUT_MAX: usize = 4 * 1024;
/// Most bytes of a view in all: the list of all views must fit into one answer.
const VIEW_MAX: usize = 16 * 1024;
/// Most views of an environment.
const VIEWS_MAX: usize = 200;
/// Most panes of a view.
const PANES_MAX: usize = 16;

impl Engine {
    /// What was marked, oldest record first, with the rows that are kept still.
    pub(super) async fn log_marks(self: &Arc<Self>, env: EnvId) -> Result<Vec<LogMark>, Failure> {
        self.env(env)?;
        let all = self.records.under(LOG_MARKS, &env).map_err(|f| refused(&f))?;
        let mut marks: Vec<LogMark> = all.into_iter().map(|(_, mark)| mark).collect();
        marks.sort_by_key(|m| (m.time, m.cursor));
        let rows = self.log_rows(env, marks.iter().map(|m| m.cursor).collect()).await?;
        for (mark, row) in marks.iter_mut().zip(rows) {
            // Numbers are given again after the newest were lost: then it is another record.
            mark.row = row.filter(|row| row.time == mark.time);
        }
        Ok(marks)
    }

    /// Marks a record, or changes its note.
    pub(super) async fn log_mark(
        self: &Arc<Self>,
        user: &User,
        env: EnvId,
        cursor: Cursor,
        note: &str,
    ) -> Result<Vec<LogMark>, Failure> {
        if note.chars().count() > NOTE_MAX {
            return Err(invalid("note", format!("a note has at most {NOTE_MAX} characters"))
                .keyed("error-log-note")
                .arg("most", NOTE_MAX));
        }
        let row = self.log_rows(env, vec![cursor]).await?.pop().flatten();
        let row = row.ok_or_else(|| no_record(cursor))?;
        {
            let _write = self.write();
            let known = self.records.under(LOG_MARKS, &env).map_err(|f| refused(&f))?;
            if known.len() >= MARKS_MAX && !known.iter().any(|((_, c), _)| *c == cursor.0) {
                let why = format!("{MARKS_MAX} marks are the most that are kept: remove some first");
                return Err(invalid("cursor", why).keyed("error-log-marks").arg("most", MARKS_MAX));
            }
            let (note, by) = (note.to_owned(), user.name.clone());
            let mark = LogMark { cursor, time: row.time, note, by, at: now(), row: None };
            self.records.save(LOG_MARKS, &(env, cursor.0), &mark)?;
        }
        self.topics.touch(Area::Logs(env));
        self.log_marks(env).await
    }

    /// Takes a mark away.
    pub(super) async fn log_unmark(
        self: &Arc<Self>,
        env: EnvId,
        cursor: Cursor,
    ) -> Result<Vec<LogMark>, Failure> {
        self.env(env)?;
        {
            let _write = self.write();
            self.records.remove(LOG_MARKS, &(env, cursor.0))?;
        }
        self.topics.touch(Area::Logs(env));
        self.log_marks(env).await
    }

    /// Saved views by name.
    pub(super) fn log_views(&self, env: EnvId) -> Result<Vec<LogView>, Failure> {
        self.env(env)?;
        let all = self.records.under(LOG_VIEWS, &env).map_err(|f| refused(&f))?;
        Ok(all.into_iter().map(|(_, view)| view).collect())
    }

    /// Saves a view.
    pub(super) fn log_view_save(
        &self,
        user: &User,
        env: EnvId,
        mut view: LogView,
    ) -> Result<Vec<LogView>, Failure> {
        view.name = view.name.trim().to_owned();
        if view.name.is_empty() || view.name.chars().count() > NOTE_MAX {
            return Err(invalid("name", format!("a view needs a name of 1 to {NOTE_MAX} characters"))
                .keyed("error-log-view-name")
                .arg("most", NOTE_MAX));
        }
        if view.layout.len() > LAYOUT_MAX || view.panes.len() > PANES_MAX {
            return Err(invalid("panes", format!("a view has at most {PANES_MAX} panes"))
                .keyed("error-log-view-panes")
                .arg("most", PANES_MAX));
        }
        if serde_json::to_vec(&view).map_or(usize::MAX, |json| json.len()) > VIEW_MAX {
            return Err(invalid("panes", "the filters of this view are too long to be kept")
                .keyed("error-log-view-long"));
        }
        let known = self.log_views(env)?;
        if known.len() >= VIEWS_MAX && !known.iter().any(|v| v.name == view.name) {
            let why = format!("{VIEWS_MAX} views are the most that are kept: remove some first");
            return Err(invalid("name", why).keyed("error-log-views").arg("most", VIEWS_MAX));
        }
        let _write = self.write();
        view.by.clone_from(&user.name);
        view.at = now();
        self.records.save(LOG_VIEWS, &(env, view.name.clone()), &view)?;
        self.topics.touch(Area::Logs(env));
        self.log_views(env)
    }

    /// Forgets a view.
    pub(super) fn log_view_remove(&self, env: EnvId, name: &str) -> Result<Vec<LogView>, Failure> {
        if !self.log_views(env)?.iter().any(|v| v.name == name) {
            return Err(Failure::new(FailureKind::NotFound, format!("there is no view {name}"))
                .keyed("log-view-none")
                .arg("name", name));
        }
        let _write = self.write();
        self.records.remove(LOG_VIEWS, &(env, name.to_owned()))?;
        self.topics.touch(Area::Logs(env));
        self.log_views(env)
    }
}
