//! From requests to what is done about them. Permission was checked before.

use super::auth::Caller;
use super::connection::Shared;
use super::jobs::JobCell;
use super::nodes::NodeAsk;
use super::people::NewUser;
use super::records::blocking;
use super::shells::How;
use super::transfers::Upload;
use super::{Engine, rows};
use crate::api::accounts::AccountAsk;
use crate::api::cobbler::CobblerAsk;
use crate::api::day2::Day2;
use crate::api::keep::Keep;
use crate::api::manual::ManualAsk;
use crate::api::message::{CatalogView, EnvChange, PlatformView};
use crate::api::proof::ProofAsk;
use crate::api::shells::{ShellAnswer, ShellAsk};
use crate::api::team::Team;
use crate::api::{Failure, FailureKind, Request, Response};
use crate::domain::asciicast::Origin;
use crate::domain::job::JobEvent;
use crate::domain::plan::PlanKind;
use crate::domain::sweeps::SweepOrder;
use crate::domain::user::User;
use crate::install::Attempt;
use std::sync::Arc;

/// The refusal of what an older engine does not know.
pub(super) fn unknown() -> Failure {
    Failure::new(
        FailureKind::Unknown,
        "the engine does not know this request: it is of another release than this program",
    )
    .keyed("error-unknown-request")
}

fn job(cell: &Arc<JobCell>) -> Response {
    Response::Job(Box::new(rows::job_row(cell, &mut cell.lock())))
}

impl Engine {
    /// Answers a request.
    #[expect(clippy::too_many_lines, reason = "one line a request: the table itself")]
    pub async fn answer(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        user: Option<User>,
        shared: &Arc<Shared>,
        request: Request,
    ) -> Result<Response, Failure> {
        use Request as R;
        match request {
            R::Ping => return Ok(Response::Pong),
            R::FirstAdministrator { name, password } => {
                return Ok(Response::Session(self.first_administrator(caller, name, password).await?));
            }
            R::Login { name, password, code } => {
                return Ok(Response::Session(self.login(caller, name, password, code).await?));
            }
            R::Resume { token } => return Ok(Response::Session(self.resume(caller, &token)?)),
            _ => {}
        }
        let user = user.ok_or_else(|| {
            Failure::new(FailureKind::NotLoggedIn, "log in first").keyed("error-not-logged-in")
        })?;
        Ok(match request {
            R::Logout => {
                self.logout(caller)?;
                Response::Done
            }
            R::WhoAmI => Response::Users(vec![super::auth::view(&user)]),
            R::Users => Response::Users(self.users()),
            R::UserAdd { name, role, password, full_name, must_change } => {
                let new = NewUser { name, role, full_name, must_change };
                Response::Users(vec![super::auth::view(&self.new_user(new, password, Some(&user)).await?)])
            }
            R::UserPassword { name, old, new } => {
                self.user_password(caller, &user, &name, old, new).await?;
                Response::Done
            }
            R::People(asked) => Response::People(Box::pin(self.people(caller, &user, asked)).await?),
            R::Team(Team::Here(place)) => {
                self.here(caller, place)?;
                Response::Done
            }
            R::Team(Team::TakeOver { job: id, why }) => job(&self.take_over(&user, id, &why)?),
            R::Door(asked) => {
                Response::Door(Box::new(Box::pin(self.about_door(caller, &user, asked)).await?))
            }
            R::UserDisable { name, disabled } => {
                self.user_disable(&user, &name, disabled)?;
                Response::Done
            }
            R::Rows(topic) => Response::Rows(self.rows_for(&user, topic)),
            R::Catalog => Response::Catalog(self.catalog_view()?),
            R::EnvAdd { name, platform } => Response::Environment(self.env_add(&user, &name, platform)?),
            R::EnvEdit { env, based_on, change } => {
                let named = matches!(change, EnvChange::Rename(_) | EnvChange::Hide(_));
                let env = self.env_edit(&user, env, based_on, change)?;
                if named {
                    self.pushing_follows(&env);
                }
                Response::Environment(env)
            }
            R::Keep(Keep::EnvPurge { env, name, why }) => {
                self.env_purge(&user, env, &name, &why)?;
                Response::Done
            }
            R::Keep(Keep::EnvClone { env, name }) => {
                Response::Environment(self.env_clone(&user, env, &name)?)
            }
            R::Keep(Keep::EnvExport { env, passphrase }) => {
                Response::EnvFile(Box::pin(self.env_export(&user, env, passphrase)).await?)
            }
            R::Keep(Keep::EnvImport { upload, name, passphrase }) => {
                Response::Environment(Box::pin(self.env_import(&user, upload, name, passphrase)).await?)
            }
            R::SweepStart { env, ranges, port, rate, parallel } => {
                let usual = SweepOrder::new(ranges, port);
                let order = SweepOrder {
                    rate: rate.unwrap_or(usual.rate),
                    parallel: parallel.unwrap_or(usual.parallel),
                    ..usual
                };
                Response::Sweep(self.sweep_start(env, order, Some(user.name))?)
            }
            R::SightingsForget { env } => {
                self.sightings_forget(env)?;
                Response::Done
            }
            R::DiscoveryEdit { env, based_on, change } => {
                self.discovery_edit(&user, env, based_on, change)?;
                Response::Done
            }
            R::SetEdit { env, name, change } => {
                self.set_edit(&user, env, &name, change).await?;
                Response::Done
            }
            R::FactsHistory { node } => Response::FactsHistory(self.facts_history(node)?),
            R::SweepCancel { sweep } => {
                self.sweep_cancel(sweep)?;
                Response::Done
            }
            R::NodeAdd { env, name, address, port, user, credential, jump } => {
                let node =
                    self.node_add(env, NodeAsk { name, address, port, user, credential, jump }).await?;
                Response::Node(Box::new(node))
            }
            R::NodeEdit { node, based_on, change } => {
                Response::Node(Box::new(self.node_edit(&user, node, based_on, change).await?))
            }
            R::NodeRemove { node, based_on } => {
                self.node_remove(node, based_on)?;
                Response::Done
            }
            R::Day2(asked) => Box::pin(self.day2(&user, asked)).await?,
            R::ImportText { upload, offset, text } => {
                Response::ImportText(self.import_text(&user, upload, offset, &text)?)
            }
            R::ImportPreview(ask) => {
                Response::ImportPreview(Box::new(self.import_preview(&user, ask).await?))
            }
            R::ImportApply { import, digest } => {
                Response::Imported(self.import_apply(&user, import, digest)?)
            }
            R::NodeProbe { node } => self.node_probe(node).await?,
            R::NodeTrust { node, key, jump } => {
                Response::Node(Box::new(self.node_trust(&user, node, &key, jump)?))
            }
            R::Cobbler(CobblerAsk::Set { env, place }) => {
                self.cobbler_set(&user, env, place).await?;
                Response::Done
            }
            R::Cobbler(CobblerAsk::View { env }) => {
                Response::Cobbler(Box::new(self.cobbler_view(env).await?))
            }
            R::Cobbler(CobblerAsk::Settings { env }) => {
                Response::CobblerSettings(self.cobbler_settings(env)?)
            }
            R::Cobbler(CobblerAsk::Register { node, system, profile, mac, power }) => {
                Response::Registered(self.cobbler_register(&user, node, system, profile, mac, power).await?)
            }
            R::Ip { env } => Response::Ip(Box::new(self.ip_view(env)?)),
            R::IpChange { env, request } => Response::IpEvents(self.ip_change(&user, env, &request)?),
            R::Accounts(AccountAsk::List { env }) => Response::Accounts(self.account_views(env)?),
            R::Accounts(AccountAsk::Set { env, name, new }) => {
                self.account_set(&user, env, &name, new)?;
                Response::Done
            }
            R::Accounts(AccountAsk::RotationPreview { env, name }) => {
                Response::Rotation(self.rotation_preview(env, &name)?)
            }
            R::Accounts(AccountAsk::Rotate { env, name, new, digest }) => {
                job(&self.account_rotate(&user, env, &name, new, digest)?)
            }
            R::Accounts(AccountAsk::Reveal { env, name }) => {
                Response::Account(self.account_reveal(&user, env, &name)?)
            }
            R::Net { env } => Response::Net(Box::new(self.net(env)?)),
            R::NetSet { env, based_on, plan } => {
                Response::Net(Box::new(self.net_set(&user, env, based_on, *plan)?))
            }
            R::PlanPreview { env } => {
                Response::Plan(Box::new(self.plan(&self.env(env)?, PlanKind::Install)?))
            }
            R::StepScript { env, node, step } => {
                Response::Script(self.step_script(&self.env(env)?, node, &step)?)
            }
            R::Install { env, dry_run, only_new, over } => {
                let kind = if dry_run { PlanKind::DryRun } else { PlanKind::Install };
                job(&self.install(&user, env, kind, only_new, over)?)
            }
            R::JobRetry { job: id } => job(&self.job_retry(&user, id)?),
            R::JobStop { job: id, stop } => job(&self.job_stop(&user, id, stop)?),
            R::JobRelease { job: id } => job(&self.job_release(&user, id)?),
            R::JobForecast { job, stop } => Response::Forecast(self.job(job)?.lock().job.forecast(stop)),
            R::NodeAgain { job: id, node } => job(&self.node_again(&user, id, node)?),
            R::UndoPreview { job, scope } => Response::UndoList(self.undo_preview(job, &scope)?),
            R::Undo { job: id, scope, digest } => job(&self.undo(&user, id, &scope, digest)?),
            R::NodeReinstall { node, name, profile, minutes } => {
                job(&self.node_reinstall(&user, node, &name, profile, minutes)?)
            }
            R::ReinstallExtend { job: id, node, minutes } => {
                job(&self.reinstall_extend(&user, id, node, minutes)?)
            }
            R::Manual(ManualAsk::Start { node }) => job(&self.manual_start(&user, node)?),
            R::Manual(ManualAsk::Confirm { job: id, node, number }) => {
                job(&self.manual(id, JobEvent::ManualConfirmed { node, number, by: user.name })?)
            }
            R::Manual(ManualAsk::Check { job: id, node }) => {
                job(&self.manual(id, JobEvent::ManualCheck { node, by: user.name })?)
            }
            R::Manual(ManualAsk::Leave { job: id, node }) => {
                job(&self.manual(id, JobEvent::ManualLeft { node, by: user.name })?)
            }
            R::CeilingExtend { job: id, node, seconds } => {
                job(&self.ceiling_extend(&user, id, node, seconds)?)
            }
            R::JobReport { job, part } => Response::Report(self.report_part(job, part).await?),
            R::NodeLock { node, why } => Response::Node(Box::new(self.node_lock(&user, node, why)?)),
            R::Output { job, node, step, action, attempt, offset, max } => {
                let attempt = Attempt { node, index: 0, step, action, number: attempt };
                Response::Window(self.output_window(job, &attempt, offset, max)?)
            }
            R::Shells(asked) => Box::pin(self.about_shells(&user, asked)).await?,
            R::ShellOpen { node, cols, rows, job, locale } => {
                let how = How { size: (cols, rows), job, locale };
                Response::Shell(self.shell_open(&user, shared, node, how).await?)
            }
            R::ShellAttach { shell, cols, rows } => {
                self.shell_attach(&user, shared, shell, cols, rows)?;
                Response::Done
            }
            R::ShellWrite { shell, bytes } => {
                self.shell_write(&user, shell, &bytes)?;
                Response::Done
            }
            R::ShellResize { shell, cols, rows } => {
                self.shell_resize(&user, shell, cols, rows)?;
                Response::Done
            }
            R::ShellDetach { shell } => {
                shared.detach(shell);
                Response::Done
            }
            R::ShellClose { shell } => {
                self.shell_close(&user, shell)?;
                Response::Done
            }
            R::CheckRun { env, scope } => Response::CheckRun(Box::new(self.check_run(&user, env, scope)?)),
            R::CheckCancel { env } => {
                self.check_cancel(env)?;
                Response::Done
            }
            R::Proof(ProofAsk::Start { env, image, clean }) => {
                Response::Proof(Box::new(self.prove(&user, env, image.as_deref(), clean)?))
            }
            R::Proof(ProofAsk::Cancel { env }) => {
                self.prove_cancel(&user, env)?;
                Response::Done
            }
            R::Audit { filter, before, limit } => {
                Response::Audit(self.audit_page(&user, &filter, before, limit)?)
            }
            R::Keep(Keep::ExportRules) => Response::Exports(self.export_state()),
            R::Keep(Keep::ExportRulesSet(rules)) => {
                Response::Exports(self.export_rules_set(&user, rules).await?)
            }
            R::Keep(Keep::Backup) => Response::Backup(self.backup().await?),
            R::Keep(Keep::AuditVerify) => Response::AuditVerified(self.audit_verify()?),
            R::Loki(asked) => Response::Loki(Box::pin(self.loki(&user, asked)).await?),
            R::Logs(asked) => Response::Logs(Box::new(Box::pin(self.logs(&user, asked)).await?)),
            R::Diagnosis => Response::Diagnosis(self.diagnosis()),
            R::Stop => {
                tracing::info!(user = %user.name, "told to stop");
                self.stop.cancel();
                Response::Done
            }
            R::Team(Team::Unknown)
            | R::Cobbler(CobblerAsk::Unknown)
            | R::Accounts(AccountAsk::Unknown)
            | R::Manual(ManualAsk::Unknown)
            | R::Proof(ProofAsk::Unknown)
            | R::Unknown
            | R::Ping
            | R::FirstAdministrator { .. }
            | R::Login { .. }
            | R::Resume { .. }
            | R::Subscribe(_)
            | R::Unsubscribe(_) => return Err(unknown()),
        })
    }

    async fn about_shells(self: &Arc<Self>, user: &User, asked: ShellAsk) -> Result<Response, Failure> {
        let answer = match asked {
            ShellAsk::Rules => ShellAnswer::Rules(self.recordings.rules.borrow().clone()),
            ShellAsk::RulesSet(rules) => {
                self.shell_rules_set(user, rules)?;
                return Ok(Response::Done);
            }
            ShellAsk::Record { shell, on } => {
                self.shell_record(user, shell, on)?;
                return Ok(Response::Done);
            }
            ShellAsk::Recordings { node, by, job } => {
                let wanted = |o: &Origin| {
                    node.is_none_or(|n| n == o.node)
                        && by.as_ref().is_none_or(|by| *by == o.by)
                        && job.is_none_or(|j| o.job == Some(j))
                };
                ShellAnswer::Recordings(blocking(|| self.recording_rows(user, wanted)))
            }
            ShellAsk::RecordingPart { number, offset } => {
                ShellAnswer::Part(blocking(|| self.recording_part(user, number, offset))?)
            }
            ShellAsk::Upload { node, path, name, size, mode, replace } => {
                let file = Upload { path: &path, name: &name, size, mode, replace };
                ShellAnswer::Transfer { transfer: self.upload(user, node, file).await?, size }
            }
            ShellAsk::UploadPart { transfer, bytes } => {
                self.upload_part(user, transfer, bytes).await?;
                return Ok(Response::Done);
            }
            ShellAsk::UploadEnd { transfer } => ShellAnswer::Written(self.upload_end(user, transfer).await?),
            ShellAsk::Download { node, path } => {
                let (transfer, size) = self.download(user, node, &path).await?;
                ShellAnswer::Transfer { transfer, size }
            }
            ShellAsk::DownloadPart { transfer } => {
                ShellAnswer::Part(self.download_part(user, transfer).await?)
            }
            ShellAsk::TransferCancel { transfer } => {
                self.transfer_cancel(user, transfer).await?;
                return Ok(Response::Done);
            }
        };
        Ok(Response::Shells(Box::new(answer)))
    }

    async fn day2(self: &Arc<Self>, user: &User, asked: Day2) -> Result<Response, Failure> {
        Ok(match asked {
            Day2::LeavePreview { node, how } => Response::Plan(Box::new(self.leave_plan(node, how)?)),
            Day2::Leave { node, how } => job(&self.node_leave(user, node, how)?),
            Day2::Services { node, unit, lines } => {
                Response::Services(self.services(node, unit, lines).await?)
            }
            Day2::Restart { node, unit } => {
                Response::Services(self.service_restart(user, node, &unit).await?)
            }
            Day2::OptionsPending { env } => Response::OptionsPending(self.options_pending(env)?),
            Day2::RollOutPreview { env } => Response::Plan(Box::new(self.roll_out_plan(env)?)),
            Day2::RollOut { env, dry_run } => job(&self.roll_out(user, env, dry_run)?),
            Day2::TaskPreview { env, task } => Response::Plan(Box::new(self.task_plan(env, &task)?)),
            Day2::Task { env, task, dry_run } => job(&self.task(user, env, &task, dry_run)?),
        })
    }

    fn catalog_view(&self) -> Result<CatalogView, Failure> {
        let catalog = self.catalog()?;
        let usual = catalog.usual_platform().map(|p| p.name.clone()).unwrap_or_default();
        let mut listed: Vec<_> = catalog.platforms().collect();
        listed.sort_by_key(|p| p.name != usual);
        let platforms = listed
            .into_iter()
            .map(|p| PlatformView { name: p.name.clone(), title: p.title.clone(), modules: catalog.specs(p) })
            .collect();
        Ok(CatalogView { platforms })
    }
}
