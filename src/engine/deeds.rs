//! Which requests are deeds, and the sentence for each in the audit trail.
//!
//! The match has no "all others": a new request does not compile before somebody has said whether it changes something. Requests whose
//! work writes an entry that says more are here too; theirs wins (see [`super::trail`]).

mod parts;

use super::objects::{Object, object};
use super::{Engine, now};
use crate::api::accounts::AccountAsk;
use crate::api::cobbler::CobblerAsk;
use crate::api::discovery::DiscoveryChange;
use crate::api::keep::Keep;
use crate::api::manual::ManualAsk;
use crate::api::proof::ProofAsk;
use crate::api::shells::ShellAsk;
use crate::api::team::Team;
use crate::api::{Failure, FailureKind, Request};
use crate::domain::audit::{AuditEntry, AuditKind as K, REASON_MAX, reason};
use crate::domain::job::forecast::Stop;
use crate::domain::said::{Said, sentence};
use crate::domain::user::User;
use parts::{of_day2, of_door, of_env, of_logs, of_loki, of_node, of_people, of_set, of_shells};

/// Kind and sentence of what `request` does; `None`: it only looks, or types.
#[expect(clippy::too_many_lines, reason = "one line a request: the table itself")]
fn told(request: &Request) -> Option<(K, Said)> {
    use Request as R;
    let (kind, what) = match request {
        R::Ping
        | R::Resume { .. }
        | R::WhoAmI
        | R::Users
        | R::Subscribe(_)
        | R::Unsubscribe(_)
        | R::Rows(_)
        | R::Catalog
        | R::ImportText { .. }
        | R::ImportPreview(_)
        | R::FactsHistory { .. }
        | R::NodeProbe { .. }
        | R::Cobbler(CobblerAsk::Settings { .. } | CobblerAsk::View { .. } | CobblerAsk::Unknown)
        | R::Ip { .. }
        | R::Accounts(AccountAsk::List { .. } | AccountAsk::RotationPreview { .. } | AccountAsk::Unknown)
        | R::Net { .. }
        | R::PlanPreview { .. }
        | R::StepScript { .. }
        | R::JobForecast { .. }
        | R::UndoPreview { .. }
        | R::JobReport { .. }
        | R::Output { .. }
        | R::ShellAttach { .. }
        | R::ShellWrite { .. }
        | R::ShellResize { .. }
        | R::ShellDetach { .. }
        | R::Audit { .. }
        | R::Keep(Keep::AuditVerify | Keep::ExportRules)
        | R::Diagnosis
        | R::Team(Team::Here(_) | Team::Unknown)
        | R::Manual(ManualAsk::Unknown)
        | R::Proof(ProofAsk::Unknown)
        | R::Unknown => return None,
        R::FirstAdministrator { name, .. } => (
            K::User,
            sentence!("deed-first-administrator", "made the first administrator, {name}", name = name),
        ),
        R::Login { .. } => (K::Session, sentence!("deed-login", "logged in")),
        R::Logout => (K::Session, sentence!("deed-logout", "logged out")),
        R::UserAdd { name, role, .. } => (
            K::User,
            sentence!("deed-user-add", "made the user {name}, {role}", name = name; role = role.said()),
        ),
        R::UserPassword { name, .. } => {
            (K::User, sentence!("deed-user-password", "set the password of {name}", name = name))
        }
        R::UserDisable { name, disabled: true } => {
            (K::User, sentence!("deed-user-disable", "disabled {name}", name = name))
        }
        R::UserDisable { name, disabled: false } => {
            (K::User, sentence!("deed-user-enable", "enabled {name}", name = name))
        }
        R::EnvAdd { name, .. } => {
            (K::Environment, sentence!("deed-env-add", "made the environment {name}", name = name))
        }
        R::EnvEdit { change, .. } => (K::Environment, of_env(change)),
        R::Keep(Keep::EnvPurge { .. }) => (K::Environment, sentence!("deed-env-purge", "purged it")),
        R::Keep(Keep::EnvClone { name, .. }) => {
            (K::Environment, sentence!("deed-env-clone", "copied it as {name}", name = name))
        }
        R::Keep(Keep::ExportRulesSet(_)) => {
            (K::Engine, sentence!("deed-export-rules", "changed the rules for exports"))
        }
        R::Keep(Keep::EnvExport { .. }) => {
            (K::Environment, sentence!("deed-env-export", "exported it to a file, with its secrets"))
        }
        R::Keep(Keep::EnvImport { .. }) => {
            (K::Environment, sentence!("deed-env-import", "imported an environment from a file"))
        }
        R::SweepStart { ranges, .. } => {
            (K::Node, sentence!("deed-sweep", "started a sweep of {ranges}", ranges = ranges.join(", ")))
        }
        R::SweepCancel { sweep } => {
            (K::Node, sentence!("deed-sweep-end", "ended the sweep {sweep}", sweep = sweep))
        }
        R::SightingsForget { .. } => {
            (K::Node, sentence!("deed-sightings", "forgot addresses at which nothing answers"))
        }
        R::DiscoveryEdit { change: DiscoveryChange::Schedule(_), .. } => {
            (K::Node, sentence!("deed-schedule", "changed the schedule of sweeps"))
        }
        R::DiscoveryEdit { change: DiscoveryChange::Limit(_), .. } => {
            (K::Node, sentence!("deed-limit", "changed the limit of refused logins"))
        }
        R::SetEdit { name, change, .. } => (K::Account, of_set(name, change)),
        R::NodeAdd { address, .. } => {
            (K::Node, sentence!("deed-node-add", "added a node at {address}", address = address))
        }
        R::NodeEdit { change, .. } => (K::Node, of_node(change)),
        R::NodeRemove { .. } => (K::Node, sentence!("deed-node-remove", "took it out of the environment")),
        R::ImportApply { .. } => (K::Node, sentence!("deed-node-import", "imported a list of nodes")),
        R::NodeTrust { jump, .. } => {
            let what = if *jump {
                sentence!("deed-jump-key-pin", "pinned the host key of its jump host")
            } else {
                sentence!("deed-key-pin", "pinned the host key")
            };
            (K::HostKey, what)
        }
        R::Cobbler(CobblerAsk::Set { place: Some(place), .. }) => (
            K::Service,
            sentence!(
                "deed-cobbler-set",
                "set the Cobbler server: {url}",
                url = crate::domain::text::without_login(&place.url)
            ),
        ),
        R::Cobbler(CobblerAsk::Set { place: None, .. }) => {
            (K::Service, sentence!("deed-cobbler-forget", "forgot the Cobbler server"))
        }
        R::Cobbler(CobblerAsk::Register { profile, .. }) => (
            K::Service,
            sentence!(
                "deed-cobbler-register",
                "registered it at Cobbler with the profile {profile}",
                profile = profile
            ),
        ),
        R::IpChange { .. } => (K::Network, sentence!("deed-addresses", "changed addresses")),
        R::Accounts(AccountAsk::Set { name, .. }) => {
            (K::Account, sentence!("deed-account-set", "set the account {name}", name = name))
        }
        R::Accounts(AccountAsk::Rotate { name, .. }) => {
            (K::Account, sentence!("deed-account-rotate", "rotated the account {name}", name = name))
        }
        R::Accounts(AccountAsk::Reveal { name, .. }) => {
            (K::Account, sentence!("deed-account-show", "showed the account {name}", name = name))
        }
        R::NetSet { .. } => (K::Network, sentence!("deed-network", "changed the network plan")),
        R::Install { dry_run: true, .. } => (K::Install, sentence!("deed-dry-run", "started a dry run")),
        R::Install { dry_run: false, .. } => {
            (K::Install, sentence!("deed-install", "started an installation"))
        }
        R::JobRetry { .. } => (K::Job, sentence!("deed-job-retry", "had it tried again")),
        R::JobStop { stop, .. } => {
            let how = match stop {
                Stop::Hold => sentence!("deed-job-hold", "held it"),
                Stop::Drain => sentence!("deed-job-drain", "had it finish running steps and end"),
                Stop::Now => sentence!("deed-job-stop", "stopped it at once"),
            };
            (K::Job, how)
        }
        R::JobRelease { .. } => (K::Job, sentence!("deed-job-release", "released it")),
        R::Team(Team::TakeOver { .. }) => (K::Job, sentence!("deed-job-take", "took it over")),
        R::NodeAgain { .. } => (K::Job, sentence!("deed-node-again", "had the node worked on again")),
        R::Undo { .. } => (K::Undo, sentence!("deed-undo", "asked to undo steps")),
        R::NodeReinstall { .. } => {
            (K::Reinstall, sentence!("deed-reinstall", "asked Cobbler to reinstall it"))
        }
        R::ReinstallExtend { minutes, .. } => (
            K::Job,
            sentence!(
                "deed-reinstall-more",
                "gave the reinstallation {minutes} minutes more",
                minutes = minutes
            ),
        ),
        R::Manual(ManualAsk::Start { .. }) => {
            (K::Reinstall, sentence!("deed-manual", "began to reinstall it by hand"))
        }
        R::Manual(ManualAsk::Confirm { number, .. }) => (
            K::Reinstall,
            sentence!("deed-manual-confirm", "confirmed instruction {number}", number = number),
        ),
        R::Manual(ManualAsk::Check { .. }) => {
            (K::Reinstall, sentence!("deed-manual-check", "had it checked what was done by hand"))
        }
        R::Manual(ManualAsk::Leave { .. }) => {
            (K::Reinstall, sentence!("deed-manual-leave", "gave the procedure by hand up"))
        }
        R::CeilingExtend { seconds, .. } => {
            (K::Job, sentence!("deed-ceiling", "gave the running step {seconds} s more", seconds = seconds))
        }
        R::NodeLock { why, .. } => (K::Lock, locked(why.is_some())),
        R::ShellOpen { .. } => (K::Shell, sentence!("deed-shell-open", "opened a shell")),
        R::ShellClose { shell } => {
            (K::Shell, sentence!("deed-shell-close", "closed the shell {shell}", shell = shell))
        }
        R::CheckRun { .. } => (K::Check, sentence!("deed-check", "started a connectivity check")),
        R::CheckCancel { .. } => (K::Check, sentence!("deed-check-end", "ended the connectivity check")),
        R::Proof(ProofAsk::Start { clean: true, .. }) => {
            (K::Proof, sentence!("deed-proof-clean", "had what proofs left removed"))
        }
        R::Proof(ProofAsk::Start { clean: false, .. }) => {
            (K::Proof, sentence!("deed-proof", "started a proof"))
        }
        R::Proof(ProofAsk::Cancel { .. }) => (K::Proof, sentence!("deed-proof-end", "ended the proof")),
        R::People(asked) => return of_people(asked),
        R::Door(asked) => return of_door(asked),
        R::Day2(asked) => return of_day2(asked),
        R::Logs(asked) => return of_logs(asked),
        R::Loki(asked) => return of_loki(asked),
        R::Shells(asked) => return of_shells(asked),
        R::Keep(Keep::Backup) => (K::Engine, sentence!("deed-backup", "wrote a backup")),
        R::Stop => (K::Engine, sentence!("deed-stop", "stopped the engine")),
    };
    Some((kind, what))
}

/// A reason as it is kept with a deed; `field` is where it was typed.
pub fn given_reason(field: &str, typed: &str) -> Result<String, Failure> {
    reason(typed).map_err(|words| {
        Failure::new(FailureKind::Invalid, words).at(field).keyed("fault-why").arg("most", REASON_MAX)
    })
}

/// Said of a node that is locked, or is no longer.
pub fn locked(on: bool) -> Said {
    if on { sentence!("deed-lock", "locked it") } else { sentence!("deed-unlock", "unlocked it") }
}

/// Said where lines of logs are sent to Loki, or no longer.
pub fn pushing(on: bool) -> Said {
    if on {
        sentence!("deed-push-on", "switched pushing to Loki on")
    } else {
        sentence!("deed-push-off", "switched pushing to Loki off")
    }
}

/// Whether the work on `request` writes an entry of its own, which says more, though perhaps not with its first change.
pub fn tells_itself(request: &Request) -> bool {
    use Request as R;
    matches!(
        request,
        R::FirstAdministrator { .. }
            | R::Login { .. }
            | R::Logout
            | R::UserAdd { .. }
            | R::UserPassword { .. }
            | R::UserDisable { .. }
            | R::People(_)
            | R::EnvAdd { .. }
            | R::SetEdit { .. }
            | R::NodeTrust { .. }
            | R::IpChange { .. }
            | R::Accounts(AccountAsk::Set { .. } | AccountAsk::Rotate { .. } | AccountAsk::Reveal { .. })
            | R::NetSet { .. }
            | R::Install { .. }
            | R::Undo { .. }
            | R::NodeReinstall { .. }
            | R::Manual(ManualAsk::Start { .. })
            | R::NodeLock { .. }
            | R::Team(_)
            | R::Proof(ProofAsk::Start { .. })
            | R::Day2(_)
            | R::Logs(_)
            | R::Loki(_)
            | R::Keep(_)
            | R::ShellOpen { .. }
            | R::Shells(ShellAsk::RulesSet(_) | ShellAsk::Upload { .. } | ShellAsk::Download { .. })
    )
}

impl Engine {
    /// The entry for `request`, with the names that things have now; `None` for what only looks.
    pub fn deed_asked(&self, by: Option<&User>, request: &Request) -> Option<AuditEntry> {
        let (kind, what) = told(request)?;
        let name = match request {
            Request::Login { name, .. } | Request::FirstAdministrator { name, .. } => name.as_str(),
            _ => by.map_or("", |u| u.name.as_str()),
        };
        let about = object(request);
        let mut entry = AuditEntry::new(now(), name, kind, what);
        if let Object::Node(node) | Object::JobNode(_, node) = about
            && let Ok(node) = self.node(node)
        {
            entry = entry.node(node.id, &node.name);
        }
        if let Object::Shell(shell) = about
            && let Some(node) = self.shells.node(shell)
            && let Ok(node) = self.node(node)
        {
            entry = entry.node(node.id, &node.name);
        }
        if let Object::Job(job) | Object::JobNode(job, _) = about {
            entry = entry.job(job);
        }
        if let Some(env) = self.env_of(about).and_then(|env| self.env(env).ok()) {
            entry = entry.env(env.id, &env.name);
        }
        Some(entry)
    }
}
