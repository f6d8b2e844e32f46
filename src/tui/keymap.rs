//! Keys: one table from which the footer, the help and `docs/keys.md` are made.
//!
//! A screen says in which [`Context`]s it is, innermost first; the first context with a binding for the pressed keys wins. A
//! binding may take several keys one after the other (`g g`). The table itself is in `bindings.rs`; a keymap file (`keys.rs`)
//! may give its rows other keys.

use crate::domain::access::{self, allowed};
use crate::domain::user::UserRole;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

macro_rules! actions {
    ($($name:ident $word:literal),+ $(,)?) => {
        /// Something an operator can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $word] $name),+ }

        impl Action {
            /// Every action.
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name on the command line of the interface; its text is `act-WORD` in the catalogue.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

actions! {
    Help "help", Settings "settings", EditUndo "edit-undo", EditRedo "edit-redo", EditFind "edit-find", Palette "palette", Messages "messages", Language "language", Theme "theme", Mouse "mouse",
    Redraw "redraw", Suspend "suspend", Logout "logout", OwnPassword "password", Back "back", Quit "quit",
    Leave "leave", Yank "yank",
    Up "up", Down "down", Top "top", Bottom "bottom", HalfUp "half-up", HalfDown "half-down", PageUp "page-up",
    PageDown "page-down", Open "open", Filter "filter", SortName "sort-name", SortState "sort-state",
    SortAddress "sort-address", SortRoles "sort-roles", LookEdit "look-edit", SortTime "sort-time",
    SortOwner "sort-owner", SortStrength "sort-strength", SortUse "sort-use",
    Mark "mark", MarkRange "mark-range", MarkAll "mark-all",
    EnvNew "env-new", EnvRename "env-rename", EnvHide "env-hide", EnvHidden "env-hidden", EnvRestore "env-restore",
    EnvParallel "env-parallel", EnvSettings "env-settings", Overview "overview", EnvPlatform "env-platform", Users "users",
    TabNodes "nodes", TabModules "modules", TabJobs "jobs", TabNext "tab-next", TabBefore "tab-before", Install "install",
    NodeAdd "node-add", Sweep "sweep", NodeProbe "probe", NodeRoles "roles", NodeRename "node-rename",
    NodeCredential "credentials", NodeAddress "node-address", NodeJump "node-jump", NodeForget "forget-key", NodeRemove "node-remove", NodeLock "lock",
    Details "details", Shell "shell", Logs "logs",
    NodeImport "import", NodeExport "export-nodes", ImportApply "import-apply", ImportKeys "import-keys", ImportNotes "import-notes",
    ModuleToggle "module-toggle", Options "options", OptionScope "option-scope", OptionRollOut "option-roll-out",
    Services "services", ServiceRestart "service-restart",
    SweepStop "sweep-stop", SweepAdd "sweep-add", SweepAgain "sweep-again", SweepSchedule "sweep-schedule",
    Discovered "found", CredentialSets "credential-sets", LoginLimit "login-limit", SightingsForget "sightings-forget",
    SetAdd "set-add", SetDrop "set-drop", SetFirst "set-first", FactsHistory "facts",
    PlanStart "plan-start", PlanDryRun "dry-run",
    JobRetry "retry", JobHold "hold", JobRelease "go-on", JobDrain "finish", JobCancel "cancel",
    NodeAgain "again", NodeUndo "undo", NodeReinstall "reinstall", NodeByHand "by-hand", NodeCheck "check",
    MoreTime "more-time", ScopeNode "scope-node", ScopeStep "scope-step", ScopeStage "scope-stage", ScopeAll "scope-all",
    ManualConfirm "confirm", ManualLeave "give-up", FirstError "first-error", Timeline "timeline", Attempts "attempts", Export "export",
    ZoomIn "zoom-in", ZoomOut "zoom-out", PaneNext "pane-next", PaneBefore "pane-before",
    Zoom "zoom", PaneToggle "pane-toggle",
    Follow "follow", Wrap "wrap", Search "search", NextMatch "next-match", PreviousMatch "previous-match",
    NodeOutput "output", ServiceLogs "service-logs", LogFilter "log-filter", LogFind "find", LogStamps "time-stamps",
    LogMark "mark-line", LogMarks "marks", LogAround "around", LogRequest "trace-request", LogInstance "trace-instance",
    LogViews "views", LogViewSave "save-view", LogCollect "collect", PickDrop "take-away",
    LogBars "histogram", LogEarlier "earlier", LogLater "later", PaneAdd "pane-add", PaneDrop "pane-close", PaneLink "link",
    Compare "compare", CompareNumbers "numbers",
    LogSpanAll "last-all", LogSpan5m "last-5m", LogSpan15m "last-15m", LogSpan1h "last-1h", LogSpan6h "last-6h",
    LogSpan24h "last-24h", LogSpan7d "last-7d",
    StepBefore "step-before", StepNext "step-next", ScrollLeft "left", ScrollRight "right",
    ShellDetach "shell-detach", ShellClose "shell-close", ShellScroll "shell-scroll", ShellNext "shell-next",
    ShellBefore "shell-before", ShellPrefix "shell-prefix", ShellLive "shell-live", ShellNew "shell-new",
    ShellRight "shell-right", ShellBelow "shell-below", ShellNumber "shell-number", ShellWider "shell-wider",
    ShellNarrower "shell-narrower", ShellTogether "shell-together", ShellAside "shell-aside", ShellSearch "shell-search",
    ShellSelect "select", ShellSelectLines "select-lines", WordNext "word-next", WordBefore "word-before",
    LineStart "line-start", LineEnd "line-end", ShellSend "shell-send", ShellRecord "shell-record",
    Recordings "recordings", RecordingExport "recording-export", ReplayPause "replay-pause",
    ReplayBack "replay-back", ReplayOn "replay-on",
    ReplayFaster "replay-faster", ReplaySlower "replay-slower",
    Cobbler "cobbler", CobblerSet "cobbler-set", CobblerCheck "cobbler-check", CobblerForget "cobbler-forget",
    CobblerRegister "cobbler-register", TabSystems "systems", TabProfiles "profiles", TabDistros "distros",
    Loki "loki", LokiSet "loki-set", LokiTest "loki-test", LokiPush "loki-push", LokiForget "loki-forget",
    Network "network", NetEdit "net-edit", NetRemove "net-remove", NetConfirm "net-confirm",
    TabNetworks "networks", TabNics "nics", TabFaults "faults",
    Addresses "addresses", TabPools "pools", TabSubnets "subnets", TabUsed "used", IpNew "ip-new", IpConfirm "ip-confirm",
    IpFree "ip-free", IpRefresh "ip-refresh", Accounts "accounts", AccountSet "account-set", AccountBack "account-back",
    Connectivity "connectivity", CheckRun "check-run", CheckAgain "check-again", CheckStop "check-stop",
    Proof "proof", ProofRun "prove", ProofClean "proof-clean", ProofStop "proof-stop",
    UserNew "user-new", UserPassword "user-password", UserDisable "user-disable",
    UserEdit "user-edit", UserDelete "user-delete", UserUnlock "user-unlock", UserFactor "user-factor",
    OwnAccount "own-account", LoginSessions "login-sessions", SessionEnd "session-end", SessionsEnd "sessions-end",
    FactorToggle "factor", FactorCodes "recovery-codes", LockScreen "lock-screen",
    Who "who", JobTakeOver "take-over", Trail "audit", AuditFilter "audit-filter", AuditVerify "audit-verify", AuditRefresh "audit-refresh",
    EnvMembers "env-members", EnvPurge "env-purge", EnvClone "env-clone",
    EnvExport "env-export", EnvImport "env-import",
    FieldNext "field-next", FieldBefore "field-before", Submit "submit", Choose "choose", Cancel "close",
    ChoiceNext "choice-next", ChoiceBefore "choice-before",
}

/// Where a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// Every screen.
    Global,
    /// Lists and texts that scroll.
    Moving,
    /// Lists.
    List,
    /// Lists whose rows can be marked.
    Marking,
    /// The environments.
    Environments,
    /// One environment.
    Environment,
    /// Its nodes.
    Nodes,
    /// Its modules.
    Modules,
    /// Its jobs.
    Jobs,
    /// What an import would do.
    Import,
    /// A sweep.
    Sweep,
    /// Sets of credentials.
    Sets,
    /// What a node's facts were.
    Facts,
    /// A plan.
    Plan,
    /// A step of a plan.
    PlanStep,
    /// A job.
    Job,
    /// A node of a job.
    JobNode,
    /// How far to undo.
    Undo,
    /// The manual procedure.
    Manual,
    /// A job over time.
    Timeline,
    /// The attempts on a node of a job.
    Attempts,
    /// Live output.
    Logs,
    /// Collected logs.
    LogPage,
    /// Where they come from.
    LogTree,
    /// Marked lines, saved views.
    LogPick,
    /// Output of two nodes.
    Compare,
    /// A shell, after its prefix key.
    Shell,
    /// What a shell printed before.
    ShellScroll,
    /// Shells and nodes to choose from.
    ShellPick,
    /// Recordings of shells.
    Recordings,
    /// A recording that is played.
    Replay,
    /// Users.
    Users,
    /// One's own account.
    Own,
    /// Sessions of users.
    LoginSessions,
    /// Who is here.
    Who,
    /// The audit trail.
    Audit,
    /// A Cobbler server.
    Cobbler,
    /// A Loki.
    Loki,
    /// The network plan.
    Network,
    /// Pools, subnets and addresses.
    Addresses,
    /// Accounts of services.
    Accounts,
    /// Options of services.
    Options,
    /// Services of a node.
    Services,
    /// A text that is edited.
    Editor,
    /// A connectivity check.
    Check,
    /// A proof.
    Proof,
    /// A form.
    Form,
    /// A question.
    Dialog,
    /// A text to read.
    Reading,
    /// The command line.
    Line,
    /// The operator's own settings.
    Settings,
    /// An environment at a glance.
    Overview,
    /// What saving would change.
    Changes,
}

impl Context {
    /// Every context, in the order of the reference.
    #[cfg(test)]
    pub const ALL: [Self; 53] = [
        Self::Global,
        Self::Moving,
        Self::List,
        Self::Marking,
        Self::Environments,
        Self::Environment,
        Self::Nodes,
        Self::Modules,
        Self::Jobs,
        Self::Import,
        Self::Sweep,
        Self::Sets,
        Self::Facts,
        Self::Plan,
        Self::PlanStep,
        Self::Job,
        Self::JobNode,
        Self::Undo,
        Self::Manual,
        Self::Timeline,
        Self::Attempts,
        Self::Logs,
        Self::LogPage,
        Self::LogTree,
        Self::LogPick,
        Self::Compare,
        Self::Shell,
        Self::ShellScroll,
        Self::ShellPick,
        Self::Recordings,
        Self::Replay,
        Self::Users,
        Self::Own,
        Self::LoginSessions,
        Self::Who,
        Self::Audit,
        Self::Cobbler,
        Self::Loki,
        Self::Network,
        Self::Addresses,
        Self::Accounts,
        Self::Options,
        Self::Services,
        Self::Editor,
        Self::Check,
        Self::Proof,
        Self::Form,
        Self::Dialog,
        Self::Reading,
        Self::Line,
        Self::Settings,
        Self::Overview,
        Self::Changes,
    ];

    /// Its title is `context-WORD` in the catalogue.
    pub fn word(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Moving => "moving",
            Self::List => "list",
            Self::Marking => "marking",
            Self::Environments => "environments",
            Self::Environment => "environment",
            Self::Nodes => "nodes",
            Self::Modules => "modules",
            Self::Jobs => "jobs",
            Self::Import => "import",
            Self::Sweep => "sweep",
            Self::Sets => "sets",
            Self::Facts => "facts",
            Self::Plan => "plan",
            Self::PlanStep => "plan-step",
            Self::Job => "job",
            Self::JobNode => "job-node",
            Self::Undo => "undo",
            Self::Manual => "manual",
            Self::Timeline => "timeline",
            Self::Attempts => "attempts",
            Self::Logs => "logs",
            Self::LogPage => "log-page",
            Self::LogTree => "log-tree",
            Self::LogPick => "log-pick",
            Self::Compare => "compare",
            Self::Shell => "shell",
            Self::ShellScroll => "shell-scroll",
            Self::ShellPick => "shell-pick",
            Self::Recordings => "recordings",
            Self::Replay => "replay",
            Self::Users => "users",
            Self::Own => "own",
            Self::LoginSessions => "login-sessions",
            Self::Who => "who",
            Self::Audit => "audit",
            Self::Cobbler => "cobbler",
            Self::Loki => "loki",
            Self::Network => "network",
            Self::Addresses => "addresses",
            Self::Accounts => "accounts",
            Self::Options => "options",
            Self::Services => "services",
            Self::Editor => "editor",
            Self::Check => "check",
            Self::Proof => "proof",
            Self::Form => "form",
            Self::Dialog => "dialog",
            Self::Reading => "reading",
            Self::Line => "line",
            Self::Settings => "settings",
            Self::Overview => "overview",
            Self::Changes => "changes",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// Keys, any of them; empty for what only the command line offers.
    pub keys: &'static [&'static str],
    /// Where.
    pub context: Context,
    /// What the user must be allowed to.
    pub needs: Option<access::Action>,
    /// Place in the footer, smallest first; `None`: not shown there.
    pub hint: Option<u8>,
}

impl Binding {
    /// What it needs; what reads needs no more than a role.
    pub fn needed(&self) -> access::Action {
        self.needs.unwrap_or(access::Action::Read)
    }

    /// Whether a user of that role may do it; a user who is not known yet may do what needs no permission.
    pub fn permitted(&self, role: Option<UserRole>) -> bool {
        match (self.needs, role) {
            (None, _) => true,
            (Some(needs), Some(role)) => allowed(role, needs),
            (Some(_), None) => false,
        }
    }
}

/// `ctrl-u` as `^U`, `g g` as `gg`, `space` as `Space`.
pub fn pretty(keys: &str) -> String {
    keys.split(' ').map(pretty_one).collect()
}

fn pretty_one(key: &str) -> String {
    if let Some(c) = key.strip_prefix("ctrl-") {
        return format!("^{}", c.to_uppercase());
    }
    match key {
        "up" => "↑".into(),
        "down" => "↓".into(),
        "left" => "←".into(),
        "right" => "→".into(),
        "space" => "Space".into(),
        "enter" => "Enter".into(),
        "esc" => "Esc".into(),
        "tab" => "Tab".into(),
        "shift-tab" => "S-Tab".into(),
        "pgup" => "PgUp".into(),
        "pgdn" => "PgDn".into(),
        "home" => "Home".into(),
        "end" => "End".into(),
        k if k.len() > 1 && k.starts_with('f') => k.to_uppercase(),
        k => k.to_owned(),
    }
}

/// A pressed key as the table spells it; `None` for what the table has no word for.
pub fn spell(key: &KeyEvent) -> Option<String> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    let name = match key.code {
        KeyCode::Char(' ') if !ctrl => "space".to_owned(),
        // Terminals send the bytes of Ctrl-] and Ctrl-5 alike.
        KeyCode::Char('5') if ctrl => "ctrl-]".to_owned(),
        KeyCode::Char(c) if ctrl => format!("ctrl-{}", c.to_lowercase()),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "shift-tab".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::Delete => "del".to_owned(),
        KeyCode::F(n) => format!("f{n}"),
        _ => return None,
    };
    Some(name)
}

/// What the keys pressed so far mean.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// This.
    Binding(&'static Binding),
    /// The start of something longer.
    Prefix,
    /// Nothing.
    Nothing,
}
