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
use crate::domain::user::User;

/// Kind and sentence of what `request` does; `None`: it only looks, or types.
#[expect(clippy::too_many_lines, reason = "one line a request: the table itself")]
fn told(request: &Request) -> Option<(K, String)> {
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
        R::FirstAdministrator { name, .. } => (K::User, format!("made the first administrator, {name}")),
        R::Login { .. } => (K::Session, "logged in".into()),
        R::Logout => (K::Session, "logged out".into()),
        R::UserAdd { name, role, .. } => (K::User, format!("made the user {name}, {role}")),
        R::UserPassword { name, .. } => (K::User, format!("set the password of {name}")),
        R::UserDisable { name, disabled: true } => (K::User, format!("disabled {name}")),
        R::UserDisable { name, disabled: false } => (K::User, format!("enabled {name}")),
        R::EnvAdd { name, .. } => (K::Environment, format!("made the environment {name}")),
        R::EnvEdit { change, .. } => (K::Environment, of_env(change)),
        R::Keep(Keep::EnvPurge { .. }) => (K::Environment, "purged it".into()),
        R::Keep(Keep::EnvClone { name, .. }) => (K::Environment, format!("copied it as {name}")),
        R::Keep(Keep::ExportRulesSet(_)) => (K::Engine, "changed the rules for exports".into()),
        R::Keep(Keep::EnvExport { .. }) => (K::Environment, "exported it to a file, with its secrets".into()),
        R::Keep(Keep::EnvImport { .. }) => (K::Environment, "imported an environment from a file".into()),
        R::SweepStart { ranges, .. } => (K::Node, format!("started a sweep of {}", ranges.join(", "))),
        R::SweepCancel { sweep } => (K::Node, format!("ended the sweep {sweep}")),
        R::SightingsForget { .. } => (K::Node, "forgot addresses at which nothing answers".into()),
        R::DiscoveryEdit { change: DiscoveryChange::Schedule(_), .. } => {
            (K::Node, "changed the schedule of sweeps".into())
        }
        R::DiscoveryEdit { change: DiscoveryChange::Limit(_), .. } => {
            (K::Node, "changed the limit of refused logins".into())
        }
        R::SetEdit { name, change, .. } => (K::Account, of_set(name, change)),
        R::NodeAdd { address, .. } => (K::Node, format!("added a node at {address}")),
        R::NodeEdit { change, .. } => (K::Node, of_node(change)),
        R::NodeRemove { .. } => (K::Node, "took it out of the environment".into()),
        R::ImportApply { .. } => (K::Node, "imported a list of nodes".into()),
        R::NodeTrust { jump, .. } => {
            (K::HostKey, format!("pinned the host key{}", if *jump { " of its jump host" } else { "" }))
        }
        R::Cobbler(CobblerAsk::Set { place: Some(place), .. }) => (
            K::Service,
            format!("set the Cobbler server: {}", crate::domain::text::without_login(&place.url)),
        ),
        R::Cobbler(CobblerAsk::Set { place: None, .. }) => (K::Service, "forgot the Cobbler server".into()),
        R::Cobbler(CobblerAsk::Register { profile, .. }) => {
            (K::Service, format!("registered it at Cobbler with the profile {profile}"))
        }
        R::IpChange { .. } => (K::Network, "changed addresses".into()),
        R::Accounts(AccountAsk::Set { name, .. }) => (K::Account, format!("set the account {name}")),
        R::Accounts(AccountAsk::Rotate { name, .. }) => (K::Account, format!("rotated the account {name}")),
        R::Accounts(AccountAsk::Reveal { name, .. }) => (K::Account, format!("showed the account {name}")),
        R::NetSet { .. } => (K::Network, "changed the network plan".into()),
        R::Install { dry_run: true, .. } => (K::Install, "started a dry run".into()),
        R::Install { dry_run: false, .. } => (K::Install, "started an installation".into()),
        R::JobRetry { .. } => (K::Job, "had it tried again".into()),
        R::JobStop { stop, .. } => {
            let how = match stop {
                Stop::Hold => "held it",
                Stop::Drain => "had it finish running steps and end",
                Stop::Now => "stopped it at once",
            };
            (K::Job, how.into())
        }
        R::JobRelease { .. } => (K::Job, "released it".into()),
        R::Team(Team::TakeOver { .. }) => (K::Job, "took it over".into()),
        R::NodeAgain { .. } => (K::Job, "had the node worked on again".into()),
        R::Undo { .. } => (K::Undo, "asked to undo steps".into()),
        R::NodeReinstall { .. } => (K::Reinstall, "asked Cobbler to reinstall it".into()),
        R::ReinstallExtend { minutes, .. } => {
            (K::Job, format!("gave the reinstallation {minutes} minutes more"))
        }
        R::Manual(ManualAsk::Start { .. }) => (K::Reinstall, "began to reinstall it by hand".into()),
        R::Manual(ManualAsk::Confirm { number, .. }) => {
            (K::Reinstall, format!("confirmed instruction {number}"))
        }
        R::Manual(ManualAsk::Check { .. }) => (K::Reinstall, "had it checked what was done by hand".into()),
        R::Manual(ManualAsk::Leave { .. }) => (K::Reinstall, "gave the procedure by hand up".into()),
        R::CeilingExtend { seconds, .. } => (K::Job, format!("gave the running step {seconds} s more")),
        R::NodeLock { why, .. } => (K::Lock, if why.is_some() { "locked it" } else { "unlocked it" }.into()),
        R::ShellOpen { .. } => (K::Shell, "opened a shell".into()),
        R::ShellClose { shell } => (K::Shell, format!("closed the shell {shell}")),
        R::CheckRun { .. } => (K::Check, "started a connectivity check".into()),
        R::CheckCancel { .. } => (K::Check, "ended the connectivity check".into()),
        R::Proof(ProofAsk::Start { clean: true, .. }) => (K::Proof, "had what proofs left removed".into()),
        R::Proof(ProofAsk::Start { clean: false, .. }) => (K::Proof, "started a proof".into()),
        R::Proof(ProofAsk::Cancel { .. }) => (K::Proof, "ended the proof".into()),
        R::People(asked) => return of_people(asked),
        R::Door(asked) => return of_door(asked),
        R::Day2(asked) => return of_day2(asked),
        R::Logs(asked) => return of_logs(asked),
        R::Loki(asked) => return of_loki(asked),
        R::Shells(asked) => return of_shells(asked),
        R::Keep(Keep::Backup) => (K::Engine, "wrote a backup".into()),
        R::Stop => (K::Engine, "stopped the engine".into()),
    };
    Some((kind, what))
}

fn of_env(change: &EnvChange) -> String {
    match change {
        EnvChange::Rename(name) => format!("renamed it to {name}"),
        EnvChange::Hide(true) => "hid it".into(),
        EnvChange::Hide(false) => "showed it again".into(),
        EnvChange::Platform(name) => format!("chose the platform {name}"),
        EnvChange::Modules(modules) => format!("chose the modules {}", modules.join(", ")),
        EnvChange::Parallel(n) => format!("has {n} nodes worked on at once"),
        EnvChange::Policy(_) => "changed what is done about failures".into(),
        EnvChange::Options(text) => format!("changed options of {}", text.file),
        EnvChange::Members(Some(names)) => format!("limited it to {}", names.join(", ")),
        EnvChange::Members(None) => "opened it to all users".into(),
    }
}

fn of_node(change: &NodeChange) -> String {
    match change {
        NodeChange::Rename(name) => format!("renamed it to {name}"),
        NodeChange::Roles(roles) => {
            let words: Vec<String> = roles.iter().map(ToString::to_string).collect();
            format!("gave it the roles {}", words.join(", "))
        }
        NodeChange::Credential { user, .. } => format!("changed how cpmg logs in to it, as {user}"),
        NodeChange::Address { address, port } => format!("gave it the address {address}:{port}"),
        NodeChange::ForgetHostKey => "forgot the pinned host key".into(),
        NodeChange::Jump(Some(jump)) => format!("has it reached through {}", jump.place),
        NodeChange::Jump(None) => "has it reached without a jump host".into(),
        NodeChange::ForgetJumpKey => "forgot the pinned host key of its jump host".into(),
    }
}

fn of_set(name: &str, change: &SetChange) -> String {
    match change {
        SetChange::Add { user, .. } => format!("added a login as {user} to the credential set {name}"),
        SetChange::Drop { entry } => format!("took login {entry} out of the credential set {name}"),
        SetChange::First { entry } => format!("put login {entry} first in the credential set {name}"),
        SetChange::Remove => format!("removed the credential set {name}"),
    }
}

fn of_people(asked: &People) -> Option<(K, String)> {
    Some(match asked {
        People::Sessions
        | People::Own
        | People::Unlocked { .. }
        // Nothing is on before the code was confirmed.
        | People::FactorBegin { .. }
        | People::Unknown => return None,
        People::Edit { name, .. } => (K::User, format!("changed the user {name}")),
        People::Delete { name } => (K::User, format!("deleted the user {name}")),
        People::Unlock { name } => (K::User, format!("let {name} log in again at once")),
        People::FactorReset { name } => (K::User, format!("took the second factor of {name} away")),
        People::End(_) | People::EndOwn(_) => (K::Session, "ended sessions".into()),
        People::FactorConfirm { .. } => (K::User, "switched the second factor on".into()),
        People::FactorOff { .. } => (K::User, "switched the second factor off".into()),
        People::RecoveryRenew { .. } => (K::User, "made new recovery codes".into()),
    })
}

fn of_door(asked: &DoorAsk) -> Option<(K, String)> {
    Some(match asked {
        DoorAsk::Status | DoorAsk::OwnKeys | DoorAsk::Keys { .. } => return None,
        DoorAsk::Set { on: true, .. } => (K::Engine, "opened the door over SSH".into()),
        DoorAsk::Set { on: false, .. } => (K::Engine, "closed the door over SSH".into()),
        DoorAsk::OwnKeyAdd { .. } => (K::User, "registered a key".into()),
        DoorAsk::OwnKeyRemove { .. } => (K::User, "removed a key".into()),
        DoorAsk::KeyAdd { name, .. } => (K::User, format!("registered a key of {name}")),
        DoorAsk::KeyRemove { name, .. } => (K::User, format!("removed a key of {name}")),
    })
}

fn of_day2(asked: &Day2) -> Option<(K, String)> {
    match asked {
        Day2::LeavePreview { .. }
        | Day2::Services { .. }
        | Day2::OptionsPending { .. }
        | Day2::RollOutPreview { .. }
        | Day2::TaskPreview { .. } => None,
        Day2::Leave { .. } => Some((K::Leave, "had it leave the cloud".into())),
        Day2::Restart { unit, .. } => Some((K::Service, format!("restarted the service {unit}"))),
        Day2::RollOut { .. } => Some((K::Service, "rolled options out".into())),
        Day2::Task { task, .. } => Some((K::Service, format!("began to {task}"))),
    }
}

fn of_logs(asked: &LogAsk) -> Option<(K, String)> {
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
        LogAsk::Collect { .. } => Some((K::Service, "changed the collection of logs".into())),
    }
}

fn of_shells(asked: &ShellAsk) -> Option<(K, String)> {
    match asked {
        ShellAsk::Rules
        | ShellAsk::Recordings { .. }
        | ShellAsk::RecordingPart { .. }
        | ShellAsk::UploadPart { .. }
        | ShellAsk::UploadEnd { .. }
        | ShellAsk::DownloadPart { .. }
        | ShellAsk::TransferCancel { .. } => None,
        ShellAsk::RulesSet(_) => Some((K::Shell, "changed the rules of shells".into())),
        ShellAsk::Record { shell, on } => {
            Some((K::Shell, format!("{} recording the shell {shell}", if *on { "began" } else { "ended" })))
        }
        ShellAsk::Upload { path, .. } => Some((K::Shell, format!("uploads {path}"))),
        ShellAsk::Download { path, .. } => Some((K::Shell, format!("downloads {path}"))),
    }
}

fn of_loki(asked: &LokiAsk) -> Option<(K, String)> {
    match asked {
        LokiAsk::Show { .. }
        | LokiAsk::Test { .. }
        | LokiAsk::Query { .. }
        | LokiAsk::Labels { .. }
        | LokiAsk::Values { .. }
        | LokiAsk::TailOpen { .. }
        | LokiAsk::TailNext { .. }
        | LokiAsk::TailClose { .. } => None,
        LokiAsk::Set { .. } => Some((K::Service, "changed where the Loki server is".into())),
        LokiAsk::Push { on, .. } => {
            Some((K::Service, format!("switched pushing to Loki {}", if *on { "on" } else { "off" })))
        }
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
