//! Which requests are deeds, and the sentence for each in the audit trail.
//!
//! The match has no "all others": a new request does not compile before somebody has said whether it changes something. Requests whose
//! work writes an entry that says more are here too; theirs wins (see [`super::trail`]).

use super::objects::{Object, object};
use super::{Engine, now};
use crate::api::Request;
use crate::api::accounts::AccountAsk;
use crate::api::cobbler::CobblerAsk;
use crate::api::day2::Day2;
use crate::api::discovery::{DiscoveryChange, SetChange};
use crate::api::door::DoorAsk;
use crate::api::keep::Keep;
use crate::api::logs::LogAsk;
use crate::api::loki::LokiAsk;
use crate::api::manual::ManualAsk;
use crate::api::message::{EnvChange, NodeChange};
use crate::api::people::People;
use crate::api::proof::ProofAsk;
use crate::api::shells::ShellAsk;
use crate::api::team::Team;
use crate::domain::audit::{AuditEntry, AuditKind as K};
use crate::domain::job::forecast::Stop;
use crate::domain::node::NodeRole;
use crate::domain::said::{self, Said, sentence};
use crate::domain::user::User;

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

fn of_env(change: &EnvChange) -> Said {
    match change {
        EnvChange::Rename(name) => sentence!("deed-rename", "renamed it to {name}", name = name),
        EnvChange::Hide(true) => sentence!("deed-env-hide", "hid it"),
        EnvChange::Hide(false) => sentence!("deed-env-show", "showed it again"),
        EnvChange::Platform(name) => sentence!("deed-env-platform", "chose the platform {name}", name = name),
        EnvChange::Modules(modules) => {
            sentence!("deed-env-modules", "chose the modules {modules}", modules = modules.join(", "))
        }
        EnvChange::Parallel(n) => sentence!("deed-env-parallel", "has {n} nodes worked on at once", n = n),
        EnvChange::Policy(_) => sentence!("deed-env-policy", "changed what is done about failures"),
        EnvChange::Options(text) => {
            sentence!("deed-env-options", "changed options of {file}", file = text.file)
        }
        EnvChange::Members(Some(names)) => {
            sentence!("deed-env-members", "limited it to {names}", names = names.join(", "))
        }
        EnvChange::Members(None) => sentence!("deed-env-open", "opened it to all users"),
    }
}

fn of_node(change: &NodeChange) -> Said {
    match change {
        NodeChange::Rename(name) => sentence!("deed-rename", "renamed it to {name}", name = name),
        NodeChange::Roles(roles) => {
            let words = said::list(roles.iter().map(NodeRole::said));
            sentence!("deed-node-roles", "gave it the roles {roles}",; roles = words)
        }
        NodeChange::Credential { user, .. } => {
            sentence!("deed-node-login", "changed how cpmg logs in to it, as {user}", user = user)
        }
        NodeChange::Address { address, port } => sentence!(
            "deed-node-address",
            "gave it the address {address}:{port}",
            address = address,
            port = port
        ),
        NodeChange::ForgetHostKey => sentence!("deed-key-forget", "forgot the pinned host key"),
        NodeChange::Jump(Some(jump)) => {
            sentence!("deed-node-jump", "has it reached through {place}", place = jump.place)
        }
        NodeChange::Jump(None) => sentence!("deed-node-no-jump", "has it reached without a jump host"),
        NodeChange::ForgetJumpKey => {
            sentence!("deed-jump-key-forget", "forgot the pinned host key of its jump host")
        }
    }
}

fn of_set(name: &str, change: &SetChange) -> Said {
    match change {
        SetChange::Add { user, .. } => sentence!(
            "deed-set-add",
            "added a login as {user} to the credential set {name}",
            user = user,
            name = name
        ),
        SetChange::Drop { entry } => sentence!(
            "deed-set-drop",
            "took login {entry} out of the credential set {name}",
            entry = entry,
            name = name
        ),
        SetChange::First { entry } => sentence!(
            "deed-set-first",
            "put login {entry} first in the credential set {name}",
            entry = entry,
            name = name
        ),
        SetChange::Remove => sentence!("deed-set-remove", "removed the credential set {name}", name = name),
    }
}

fn of_people(asked: &People) -> Option<(K, Said)> {
    Some(match asked {
        People::Sessions
        | People::Own
        | People::Unlocked { .. }
        // Nothing is on before the code was confirmed.
        | People::FactorBegin { .. }
        | People::Unknown => return None,
        People::Edit { name, .. } => (K::User, sentence!("deed-user-change", "changed the user {name}", name = name)),
        People::Delete { name } => (K::User, sentence!("deed-user-delete", "deleted the user {name}", name = name)),
        People::Unlock { name } => (K::User, sentence!("deed-user-unlock", "let {name} log in again at once", name = name)),
        People::FactorReset { name } => (K::User, sentence!("deed-factor-reset", "took the second factor of {name} away", name = name)),
        People::End(_) | People::EndOwn(_) => (K::Session, sentence!("deed-sessions-end", "ended sessions")),
        People::FactorConfirm { .. } => (K::User, sentence!("deed-factor-on", "switched the second factor on")),
        People::FactorOff { .. } => (K::User, sentence!("deed-factor-off", "switched the second factor off")),
        People::RecoveryRenew { .. } => (K::User, sentence!("deed-recovery", "made new recovery codes")),
    })
}

fn of_door(asked: &DoorAsk) -> Option<(K, Said)> {
    Some(match asked {
        DoorAsk::Status | DoorAsk::OwnKeys | DoorAsk::Keys { .. } => return None,
        DoorAsk::Set { on: true, .. } => (K::Engine, sentence!("deed-door-open", "opened the door over SSH")),
        DoorAsk::Set { on: false, .. } => {
            (K::Engine, sentence!("deed-door-close", "closed the door over SSH"))
        }
        DoorAsk::OwnKeyAdd { .. } => (K::User, sentence!("deed-key-add", "registered a key")),
        DoorAsk::OwnKeyRemove { .. } => (K::User, sentence!("deed-key-remove", "removed a key")),
        DoorAsk::KeyAdd { name, .. } => {
            (K::User, sentence!("deed-key-add-of", "registered a key of {name}", name = name))
        }
        DoorAsk::KeyRemove { name, .. } => {
            (K::User, sentence!("deed-key-remove-of", "removed a key of {name}", name = name))
        }
    })
}

fn of_day2(asked: &Day2) -> Option<(K, Said)> {
    match asked {
        Day2::LeavePreview { .. }
        | Day2::Services { .. }
        | Day2::OptionsPending { .. }
        | Day2::RollOutPreview { .. }
        | Day2::TaskPreview { .. } => None,
        Day2::Leave { .. } => Some((K::Leave, sentence!("deed-leave-cloud", "had it leave the cloud"))),
        Day2::Restart { unit, .. } => {
            Some((K::Service, sentence!("deed-restart", "restarted the service {unit}", unit = unit)))
        }
        Day2::RollOut { .. } => Some((K::Service, sentence!("deed-roll-out", "rolled options out"))),
        Day2::Task { task, .. } => {
            Some((K::Service, sentence!("deed-task", "began to {task}",; task = task.said())))
        }
    }
}

fn of_logs(asked: &LogAsk) -> Option<(K, Said)> {
    match asked {
        LogAsk::Sources { .. }
        | LogAsk::Window { .. }
        | LogAsk::Search { .. }
        | LogAsk::Histogram { .. }
        | LogAsk::Record { .. }
        | LogAsk::Trace { .. }
        | LogAsk::Marks { .. }
        // Notes of people who read.
        | LogAsk::Mark { .. }
        | LogAsk::Unmark { .. }
        | LogAsk::Views { .. }
        | LogAsk::ViewSave { .. }
        | LogAsk::ViewRemove { .. } => None,
        LogAsk::Collect { .. } => Some((K::Service, sentence!("deed-logs", "changed the collection of logs"))),
    }
}

fn of_shells(asked: &ShellAsk) -> Option<(K, Said)> {
    match asked {
        ShellAsk::Rules
        | ShellAsk::Recordings { .. }
        | ShellAsk::RecordingPart { .. }
        | ShellAsk::UploadPart { .. }
        | ShellAsk::UploadEnd { .. }
        | ShellAsk::DownloadPart { .. }
        | ShellAsk::TransferCancel { .. } => None,
        ShellAsk::RulesSet(_) => {
            Some((K::Shell, sentence!("deed-shell-rules-set", "changed the rules of shells")))
        }
        ShellAsk::Record { shell, on } => {
            let what = if *on {
                sentence!("deed-record", "began recording the shell {shell}", shell = shell)
            } else {
                sentence!("deed-record-end", "ended recording the shell {shell}", shell = shell)
            };
            Some((K::Shell, what))
        }
        ShellAsk::Upload { path, .. } => {
            Some((K::Shell, sentence!("deed-upload", "uploads {path}", path = path)))
        }
        ShellAsk::Download { path, .. } => {
            Some((K::Shell, sentence!("deed-download", "downloads {path}", path = path)))
        }
    }
}

fn of_loki(asked: &LokiAsk) -> Option<(K, Said)> {
    match asked {
        LokiAsk::Show { .. }
        | LokiAsk::Test { .. }
        | LokiAsk::Query { .. }
        | LokiAsk::Labels { .. }
        | LokiAsk::Values { .. }
        | LokiAsk::TailOpen { .. }
        | LokiAsk::TailNext { .. }
        | LokiAsk::TailClose { .. } => None,
        LokiAsk::Set { .. } => {
            Some((K::Service, sentence!("deed-loki-where", "changed where the Loki server is")))
        }
        LokiAsk::Push { on, .. } => Some((K::Service, pushing(*on))),
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
