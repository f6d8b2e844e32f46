//! The sentences of requests that have lists of their own: changes of environments and nodes, people, doors, day 2, logs, shells, Loki.

use super::pushing;
use crate::api::day2::Day2;
use crate::api::discovery::SetChange;
use crate::api::door::DoorAsk;
use crate::api::logs::LogAsk;
use crate::api::loki::LokiAsk;
use crate::api::message::{EnvChange, NodeChange};
use crate::api::people::People;
use crate::api::shells::ShellAsk;
use crate::domain::audit::AuditKind as K;
use crate::domain::node::NodeRole;
use crate::domain::said::{self, Said, sentence};

pub(super) fn of_env(change: &EnvChange) -> Said {
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

pub(super) fn of_node(change: &NodeChange) -> Said {
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

pub(super) fn of_set(name: &str, change: &SetChange) -> Said {
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

pub(super) fn of_people(asked: &People) -> Option<(K, Said)> {
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

pub(super) fn of_door(asked: &DoorAsk) -> Option<(K, Said)> {
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

pub(super) fn of_day2(asked: &Day2) -> Option<(K, Said)> {
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

pub(super) fn of_logs(asked: &LogAsk) -> Option<(K, Said)> {
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

pub(super) fn of_shells(asked: &ShellAsk) -> Option<(K, Said)> {
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

pub(super) fn of_loki(asked: &LokiAsk) -> Option<(K, Said)> {
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
