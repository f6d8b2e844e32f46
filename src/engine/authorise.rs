//! Which permission each request needs. The one place where a request meets the table of `domain::access`; what it is about, and whether
//! the user may reach that, is `objects`.

use super::auth::Caller;
use super::{Engine, door, objects};
use crate::api::accounts::AccountAsk;
use crate::api::cobbler::CobblerAsk;
use crate::api::day2::Day2;
use crate::api::door::DoorAsk;
use crate::api::keep::Keep;
use crate::api::logs::LogAsk;
use crate::api::loki::LokiAsk;
use crate::api::manual::ManualAsk;
use crate::api::message::EnvChange;
use crate::api::people::People;
use crate::api::proof::ProofAsk;
use crate::api::shells::ShellAsk;
use crate::api::team::Team;
use crate::api::{Failure, FailureKind, Request, Topic};
use crate::domain::access::{Action, allowed};
use crate::domain::user::User;

fn of_day2(request: &Day2) -> Action {
    match request {
        Day2::LeavePreview { .. }
        | Day2::Services { .. }
        | Day2::OptionsPending { .. }
        | Day2::RollOutPreview { .. }
        | Day2::TaskPreview { .. } => Action::Read,
        Day2::Leave { .. } | Day2::Restart { .. } | Day2::RollOut { .. } | Day2::Task { .. } => {
            Action::Install
        }
    }
}

fn of_team(request: &Team) -> Action {
    match request {
        Team::Here(_) | Team::Unknown => Action::Read,
        // Whoever may start and stop jobs. The reason in the trail is what keeps people from it: a runaway job at night must not wait for
        // an administrator.
        Team::TakeOver { .. } => Action::Install,
    }
}

/// The permission that `request` needs; `None`: anybody who reaches the socket may ask it.
pub fn needs(request: &Request) -> Option<Action> {
    use Request as R;
    Some(match request {
        R::Ping | R::FirstAdministrator { .. } | R::Login { .. } | R::Resume { .. } | R::Unknown => {
            return None;
        }
        R::Logout | R::WhoAmI | R::UserPassword { .. } => Action::OwnAccount,
        // Secrets leave, or somebody else's come in.
        R::Keep(
            Keep::AuditVerify
            | Keep::Backup
            | Keep::ExportRules
            | Keep::ExportRulesSet(_)
            | Keep::EnvExport { .. }
            | Keep::EnvImport { .. },
        )
        | R::Stop => Action::Engine,
        R::Users | R::UserAdd { .. } | R::UserDisable { .. } => Action::Users,
        R::People(asked) => of_people(asked),
        R::Team(asked) => of_team(asked),
        R::Door(asked) => of_door(asked),
        // Before the arms of everything else of these.
        R::Subscribe(Topic::Hidden)
        | R::Rows(Topic::Hidden)
        | R::EnvEdit { change: EnvChange::Hide(false), .. }
        | R::Keep(Keep::EnvPurge { .. }) => Action::Hidden,
        R::Subscribe(_)
        | R::Rows(_)
        | R::Unsubscribe(_)
        | R::Cobbler(CobblerAsk::Unknown | CobblerAsk::View { .. } | CobblerAsk::Settings { .. })
        | R::Accounts(AccountAsk::Unknown | AccountAsk::List { .. } | AccountAsk::RotationPreview { .. })
        | R::Manual(ManualAsk::Unknown)
        | R::Proof(ProofAsk::Unknown)
        | R::Catalog
        | R::Ip { .. }
        | R::FactsHistory { .. }
        | R::Net { .. }
        | R::PlanPreview { .. }
        | R::StepScript { .. }
        | R::JobForecast { .. }
        | R::JobReport { .. }
        | R::UndoPreview { .. }
        | R::Output { .. }
        | R::Audit { .. }
        | R::Diagnosis => Action::Read,
        R::Logs(asked) => of_logs(asked),
        R::Loki(asked) => of_loki(asked),
        R::Shells(asked) => of_shells(asked),
        R::Day2(asked) => of_day2(asked),
        R::EnvEdit { change: EnvChange::Members(_), .. } => Action::Members,
        R::EnvAdd { .. }
        | R::Keep(Keep::EnvClone { .. })
        | R::EnvEdit { .. }
        | R::CheckRun { .. }
        | R::CheckCancel { .. }
        | R::SweepStart { .. }
        | R::SweepCancel { .. }
        | R::SightingsForget { .. }
        | R::DiscoveryEdit { .. }
        | R::SetEdit { .. }
        | R::NodeAdd { .. }
        | R::NodeEdit { .. }
        | R::NodeRemove { .. }
        | R::ImportText { .. }
        | R::ImportPreview(_)
        | R::ImportApply { .. }
        | R::NodeProbe { .. }
        | R::NodeTrust { .. }
        | R::Cobbler(CobblerAsk::Set { .. } | CobblerAsk::Register { .. })
        | R::NetSet { .. }
        | R::IpChange { .. }
        | R::Accounts(AccountAsk::Set { .. } | AccountAsk::Reveal { .. }) => Action::Configure,
        R::Install { .. }
        | R::Proof(ProofAsk::Start { .. } | ProofAsk::Cancel { .. })
        | R::Accounts(AccountAsk::Rotate { .. })
        | R::JobRetry { .. }
        | R::JobStop { .. }
        | R::JobRelease { .. }
        | R::NodeAgain { .. }
        | R::Undo { .. }
        | R::NodeReinstall { .. }
        | R::ReinstallExtend { .. }
        | R::Manual(
            ManualAsk::Start { .. }
            | ManualAsk::Confirm { .. }
            | ManualAsk::Check { .. }
            | ManualAsk::Leave { .. },
        )
        | R::CeilingExtend { .. }
        | R::NodeLock { .. } => Action::Install,
        R::ShellOpen { .. }
        | R::ShellAttach { .. }
        | R::ShellWrite { .. }
        | R::ShellResize { .. }
        | R::ShellDetach { .. }
        | R::ShellClose { .. } => Action::Shell,
    })
}

fn of_people(asked: &People) -> Action {
    match asked {
        People::Edit { .. }
        | People::Delete { .. }
        | People::Unlock { .. }
        | People::FactorReset { .. }
        | People::Sessions
        | People::End(_) => Action::Users,
        People::Own
        | People::EndOwn(_)
        | People::Unlocked { .. }
        | People::FactorBegin { .. }
        | People::FactorConfirm { .. }
        | People::FactorOff { .. }
        | People::RecoveryRenew { .. }
        | People::Unknown => Action::OwnAccount,
    }
}

/// Who comes to the door must be able to learn its fingerprint from somebody; that is no secret.
fn of_door(asked: &DoorAsk) -> Action {
    match asked {
        DoorAsk::Status => Action::Read,
        DoorAsk::Set { .. } => Action::Engine,
        DoorAsk::OwnKeys | DoorAsk::OwnKeyAdd { .. } | DoorAsk::OwnKeyRemove { .. } => Action::OwnAccount,
        DoorAsk::Keys { .. } | DoorAsk::KeyAdd { .. } | DoorAsk::KeyRemove { .. } => Action::Users,
    }
}

/// What is allowed to somebody whose password another one has set: to set another one, or to leave.
fn before_own_password(request: &Request, user: &User) -> bool {
    match request {
        Request::UserPassword { name, .. } => *name == user.name,
        Request::Logout | Request::WhoAmI | Request::People(People::Own | People::Unlocked { .. }) => true,
        _ => false,
    }
}

fn of_logs(asked: &LogAsk) -> Action {
    match asked {
        LogAsk::Collect { .. } => Action::Configure,
        // Marks and views are notes of people who read: they change nothing of a cloud.
        LogAsk::Sources { .. }
        | LogAsk::Window { .. }
        | LogAsk::Search { .. }
        | LogAsk::Histogram { .. }
        | LogAsk::Record { .. }
        | LogAsk::Trace { .. }
        | LogAsk::Marks { .. }
        | LogAsk::Mark { .. }
        | LogAsk::Unmark { .. }
        | LogAsk::Views { .. }
        | LogAsk::ViewSave { .. }
        | LogAsk::ViewRemove { .. } => Action::Read,
    }
}

/// Whose recording it is the engine looks at itself: operators see their own.
fn of_shells(asked: &ShellAsk) -> Action {
    match asked {
        ShellAsk::Rules => Action::Read,
        ShellAsk::RulesSet(_) => Action::Engine,
        ShellAsk::Record { .. }
        | ShellAsk::Recordings { .. }
        | ShellAsk::RecordingPart { .. }
        | ShellAsk::Upload { .. }
        | ShellAsk::UploadPart { .. }
        | ShellAsk::UploadEnd { .. }
        | ShellAsk::Download { .. }
        | ShellAsk::DownloadPart { .. }
        | ShellAsk::TransferCancel { .. } => Action::Shell,
    }
}

/// Whoever may read logs may ask for them; where they go is configuration.
fn of_loki(asked: &LokiAsk) -> Action {
    match asked {
        LokiAsk::Set { .. } | LokiAsk::Push { .. } => Action::Configure,
        LokiAsk::Show { .. }
        | LokiAsk::Test { .. }
        | LokiAsk::Query { .. }
        | LokiAsk::Labels { .. }
        | LokiAsk::Values { .. }
        | LokiAsk::TailOpen { .. }
        | LokiAsk::TailNext { .. }
        | LokiAsk::TailClose { .. } => Action::Read,
    }
}

/// Refuses what the caller may not do, or not with this object; otherwise the user who asks, if somebody is logged in.
pub fn authorise(engine: &Engine, caller: &Caller, request: &Request) -> Result<Option<User>, Failure> {
    if caller.came_by_door() {
        door::not_from_afar(request)?;
    }
    if needs(request).is_none() {
        return Ok(caller.user());
    }
    let Some(user) = caller.user() else {
        return Err(Failure::new(
            FailureKind::NotLoggedIn,
            "log in first: 'cpmg login NAME', or start 'cpmg'",
        )
        .keyed("error-not-logged-in"));
    };
    if user.must_change && !before_own_password(request, &user) {
        return Err(Failure::new(
            FailureKind::NotAllowed,
            "your password was set by somebody else: set one of your own first ('cpmg user password')",
        )
        .keyed("error-must-change"));
    }
    permit(engine, &user, request)?;
    Ok(Some(user))
}

/// Refuses what a user may not do, or not with this object.
pub fn permit(engine: &Engine, user: &User, request: &Request) -> Result<(), Failure> {
    let Some(action) = needs(request) else { return Ok(()) };
    if allowed(user.role, action) {
        return engine.reach(user, objects::object(request));
    }
    let needed = action.needs();
    Err(Failure::new(
        FailureKind::NotAllowed,
        format!("{} is {}: this needs the role {needed}; ask an administrator", user.name, user.role),
    )
    .keyed("error-not-allowed")
    .arg("name", &user.name)
    .word("role", &format!("user-role-{}", user.role.word()))
    .word("needs", &format!("user-role-{}", needed.word())))
}
