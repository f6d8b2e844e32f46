//! Who may do what: one table, asked by the engine for every request. Which permission each request needs, and which object it is
//! about, is the engine's (`authorise`, `objects`); `docs/permissions.md` lists both.
//!
//! Clients may ask it too, to leave out what would be refused; the engine's answer is the one that counts.

use super::user::UserRole;

/// What a request wants to do, as far as permission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look at environments, nodes, jobs, output.
    Read,
    /// Change own password, end own session.
    OwnAccount,
    /// Make and edit environments, nodes, roles; sweep; enter credentials; accept host keys.
    Configure,
    /// Start, stop, retry an installation.
    Install,
    /// Open a shell on a node.
    Shell,
    /// List, restore or purge hidden environments.
    Hidden,
    /// Say which users may reach an environment.
    Members,
    /// Make, edit, disable, delete users.
    Users,
    /// Stop the engine, back its data up, export and import environments with their secrets, prove the audit trail.
    Engine,
}

impl Action {
    /// Every action, for exhaustive tests and for the guide.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::OwnAccount,
        Self::Configure,
        Self::Install,
        Self::Shell,
        Self::Hidden,
        Self::Members,
        Self::Users,
        Self::Engine,
    ];

    /// The weakest role that may do it.
    pub fn needs(self) -> UserRole {
        match self {
            Self::Read | Self::OwnAccount => UserRole::Viewer,
            Self::Configure | Self::Install | Self::Shell => UserRole::Operator,
            Self::Hidden | Self::Members | Self::Users | Self::Engine => UserRole::Administrator,
        }
    }
}

/// Whether a user of `role` may do `action`.
pub fn allowed(role: UserRole, action: Action) -> bool {
    role >= action.needs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        let row =
            |role| Action::ALL.map(|a| if allowed(role, a) { 'x' } else { '.' }).iter().collect::<String>();
        assert_eq!(row(UserRole::Viewer), "xx.......");
        assert_eq!(row(UserRole::Operator), "xxxxx....");
        assert_eq!(row(UserRole::Administrator), "xxxxxxxxx");
    }
}
