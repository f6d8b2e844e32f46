//! Users, their sessions and second factors: what administrators do for others, and everybody for themselves.

use super::views::UserView;
use crate::domain::ids::{Revision, UserId};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::user::UserRole;
use serde::{Deserialize, Serialize};

/// What may be asked about people.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum People {
    /// Changes a user's role or full name.
    Edit {
        /// Whose.
        name: String,
        /// Revision it is based on.
        based_on: Revision,
        /// The new role; `None` leaves it.
        role: Option<UserRole>,
        /// The new full name; `None` leaves it.
        full_name: Option<String>,
    },
    /// Deletes a user for good. What the user did stays in the audit trail.
    Delete {
        /// Whose.
        name: String,
    },
    /// Lets a user log in at once after too many wrong passwords.
    Unlock {
        /// Whose.
        name: String,
    },
    /// Takes a user's second factor away: the phone and the recovery codes are lost.
    FactorReset {
        /// Whose.
        name: String,
    },
    /// Sessions of all users.
    Sessions,
    /// Ends sessions.
    End(EndSessions),

    /// Who I am, with my sessions.
    Own,
    /// Ends sessions of my own.
    EndOwn(EndSessions),
    /// Whether this is my password: a locked screen asks.
    Unlocked {
        /// The password.
        password: Secret,
    },
    /// Begins to set up a second factor: answers its key.
    FactorBegin {
        /// My password.
        password: Secret,
    },
    /// Switches the second factor on with a code that the key makes: answers the recovery codes.
    FactorConfirm {
        /// The code.
        code: Secret,
    },
    /// Switches my second factor off.
    FactorOff {
        /// My password.
        password: Secret,
        /// A code, or a recovery code.
        code: Secret,
    },
    /// Makes new recovery codes; the old ones count no longer.
    RecoveryRenew {
        /// My password.
        password: Secret,
        /// A code, or a recovery code.
        code: Secret,
    },
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// Which sessions to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndSessions {
    /// The one of that [`LoginView::id`].
    One(String),
    /// All but the one that asks.
    Others,
    /// All of that user, by name.
    Of(String),
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeopleReply {
    /// A user after the change.
    User(UserView),
    /// Sessions, the latest used first.
    Sessions(Vec<LoginView>),
    /// How many sessions ended.
    Ended(u32),
    /// Me.
    Own(Box<OwnView>),
    /// The key of a second factor that is being set up.
    Factor {
        /// What the QR code says.
        uri: Secret,
        /// The key, for typing.
        key: Secret,
    },
    /// Recovery codes, shown this once.
    Recovery(Vec<Secret>),
    /// Done.
    Done,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// A session as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginView {
    /// Beginning of the hash of its token.
    pub id: String,
    /// Whose.
    pub user: UserId,
    /// Name of that user.
    pub name: String,
    /// Account on the management host that logged in.
    pub account: String,
    /// When.
    pub began: Moment,
    /// The last request, to the minute.
    pub used: Moment,
    /// When it ends if nothing more is asked.
    pub expires: Moment,
    /// Connections that use it now.
    pub connections: u32,
    /// It is the one that asks.
    pub mine: bool,
}

/// What people see of themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnView {
    /// The user.
    pub user: UserView,
    /// When the password was set.
    pub password_set: Moment,
    /// Recovery codes that are left.
    pub recovery_left: u32,
    /// Sessions.
    pub sessions: Vec<LoginView>,
}
