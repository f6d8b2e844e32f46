//! Operators who work at the same time: who is here, and who has a job in hand.
//!
//! A job that works locks its environment (`environments::refuse_while_busy`), and whoever has it in hand is the only one who steers it. That
//! is who started it, or who went on with it after it was over; everybody else watches. Whoever may steer jobs can take one over, with a
//! reason that goes into the audit trail. A dry run changes nothing and is everybody's.

use super::Engine;
use super::auth::Caller;
use super::deeds::given_reason;
use super::jobs::JobCell;
use super::topics::Area;
use crate::api::team::{Face, Place, SessionRow};
use crate::api::{Failure, FailureKind, Row};
use crate::domain::audit::AuditKind;
use crate::domain::ids::JobId;
use crate::domain::job::JobEvent;
use crate::domain::plan::PlanKind;
use crate::domain::said::sentence;
use crate::domain::user::User;
use std::sync::Arc;

impl Engine {
    /// The screens of a client show something else.
    pub fn here(&self, caller: &Caller, place: Place) -> Result<(), Failure> {
        if !place.is_sound() {
            return Err(Failure::new(FailureKind::Invalid, "a page is a word of a-z, 0-9 and hyphens")
                .at("page")
                .keyed("error-page"));
        }
        if caller.went(place) {
            self.topics.touch(Area::Sessions);
        }
        Ok(())
    }

    /// Who is here.
    pub fn session_rows(&self) -> Vec<Row> {
        let callers = self.callers();
        let rows = callers.iter().filter_map(|c| {
            let (user, place) = (c.user()?, c.place());
            Some(Row::Session(SessionRow {
                number: c.number,
                name: user.name,
                full_name: user.full_name,
                account: c.account.clone(),
                since: c.since,
                face: if place.is_some() { Face::Screens } else { Face::Command },
                place,
            }))
        });
        rows.collect()
    }

    /// Refuses to steer a job that somebody else has in hand.
    pub(super) fn refuse_foreign(cell: &JobCell, by: &str) -> Result<(), Failure> {
        let inner = cell.lock();
        let job = &inner.job;
        let free = job.state.is_over() || job.plan.kind == PlanKind::DryRun || job.owner.by == by;
        if free {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::Busy,
            format!(
                "{} has job {} in hand: watch it, or take it over with a reason ('cpmg job take {} --reason WHY')",
                job.owner.by, job.id, job.id
            ),
        )
        .keyed("error-job-foreign")
        .arg("by", &job.owner.by)
        .arg("job", job.id))
    }

    /// Takes a job that works over.
    pub fn take_over(self: &Arc<Self>, asks: &User, id: JobId, why: &str) -> Result<Arc<JobCell>, Failure> {
        let why = given_reason("why", why)?;
        let cell = self.job(id)?;
        let (over, env, owner) = {
            let inner = cell.lock();
            (inner.job.state.is_over(), inner.job.env, inner.job.owner.by.clone())
        };
        if over {
            return Err(Failure::new(
                FailureKind::Busy,
                format!("job {id} is over: whoever goes on with it has it in hand"),
            )
            .keyed("error-job-over-free")
            .arg("job", id));
        }
        if owner == asks.name {
            return Err(Failure::new(FailureKind::Busy, format!("you have job {id} in hand already"))
                .keyed("error-job-mine")
                .arg("job", id));
        }
        let env = self.env(env)?;
        // It may have ended meanwhile: what was refused is no deed, so the entry comes after it, as with every word to a job that works.
        self.ask(&cell, JobEvent::TakenOver { by: asks.name.clone(), why: why.clone() })?;
        let deed = Self::deed(
            asks,
            AuditKind::Job,
            &env,
            sentence!("deed-job-taken", "took it over from {owner}", owner = owner),
        )
        .job(id);
        if let Err(failed) = self.audit(&deed.because(Some(why))) {
            self.notice(format!(
                "the audit trail lacks an entry ({} took job {id} over): {failed}",
                asks.name
            ));
        }
        Ok(cell)
    }
}
