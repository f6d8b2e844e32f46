//! What can go wrong with Cobbler, in words that say what to do.
//!
//! Cobbler's faults are Python exceptions in a text: `<class 'FULL.CLASS'>:message`. [`Fault::parse`] turns them into kinds; the
//! text is kept without secrets. `Unclear` is the important one: the call was sent and nobody knows whether it was done.

use super::redact;
use std::fmt;

/// What a fault means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Wrong user or password.
    LoginFailed,
    /// The token has expired, was logged out, or the server was restarted.
    InvalidToken,
    /// No token, or something that is none.
    TokenMissing,
    /// The server does not know the method.
    UnknownMethod,
    /// The method is not for the world.
    Forbidden,
    /// Wrong number or kind of arguments: another version than expected.
    Arguments,
    /// No system of that name.
    NoSystem,
    /// No profile of that name.
    NoProfile,
    /// The MAC address belongs to that system.
    DuplicateMac(String),
    /// The address belongs to that system.
    DuplicateAddress(String),
    /// The name is taken.
    DuplicateName,
    /// A system needs a profile.
    ProfileMissing,
    /// Not a MAC address.
    BadMac,
    /// Not an address.
    BadAddress,
    /// The power type is not installed on the server.
    BadPowerType,
    /// The system has no power type.
    NoPowerType,
    /// The power agent failed.
    PowerFailed,
    /// The object behind a handle is gone: removed, not saved in time, or the server was restarted.
    HandleGone,
    /// Something depends on it.
    HasChildren,
    /// No task of that id.
    NoTask,
    /// The server's disk or directories.
    Disk,
    /// The server cannot read its own log of installations.
    StatusUnreadable,
    /// Anything else.
    Other,
}

/// A fault of the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it means.
    pub kind: FaultKind,
    /// The Python class.
    pub class: String,
    /// Its message, without secrets.
    pub text: String,
}

impl Fault {
    /// Reads the text of a fault.
    pub fn parse(dirty: &str) -> Self {
        let (class, message) = match dirty.strip_prefix("<class '").and_then(|rest| rest.split_once("'>:")) {
            Some((class, message)) => (class, message),
            None => ("", dirty),
        };
        let message = unquoted(message);
        Self { kind: kind(class, message), class: class.to_owned(), text: redact::text(message) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({}: {})", self.kind, self.class, self.text)
    }
}

/// Python's `repr` of a text: quotes that fit, around the whole of it.
fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('\'').or_else(|| inner('"')).unwrap_or(text)
}

fn between<'a>(text: &'a str, before: &str) -> &'a str {
    text.split_once(before).map_or("", |(_, rest)| rest.trim_matches(['"', '\'', '.', ' ']))
}

fn kind(class: &str, text: &str) -> FaultKind {
    use FaultKind as K;
    let has = |what: &str| text.contains(what);
    match class.rsplit('.').next().unwrap_or(class) {
        _ if has("login failed") => K::LoginFailed,
        _ if has("invalid token") => K::InvalidToken,
        _ if has("\"token\" did not have the correct format") || text == "token" => K::TokenMissing,
        _ if has("unknown remote method") => K::UnknownMethod,
        _ if has("forbidden method") => K::Forbidden,
        "TypeError" => K::Arguments,
        _ if has("unknown system name") => K::NoSystem,
        _ if has("Profile with the") && has("is not existing") => K::NoProfile,
        _ if has("MAC address duplicate") => K::DuplicateMac(between(text, "has the name").to_owned()),
        _ if has("address duplicate found") || has("name duplicate found") => {
            K::DuplicateAddress(between(text, "has the name").to_owned())
        }
        _ if has("already exists with that name") => K::DuplicateName,
        _ if has("profile or image is required") => K::ProfileMissing,
        _ if has("Invalid mac address") => K::BadMac,
        "AddressValueError" => K::BadAddress,
        _ if has("power management type must be one of") => K::BadPowerType,
        _ if has("no power type set") => K::NoPowerType,
        _ if has("command failed (rc=") || has("command succeeded (rc=") || has("power operation") => {
            K::PowerFailed
        }
        "AttributeError" if has("power_type") => K::HandleGone,
        "KeyError" if has("___NEW___") => K::HandleGone,
        _ if has("removal would orphan") => K::HasChildren,
        _ if has("no event with that id") => K::NoTask,
        "FileNotFoundError" | "PermissionError" | "OSError" | "NotADirectoryError" => K::Disk,
        "ValueError" if has("values to unpack") => K::StatusUnreadable,
        _ => K::Other,
    }
}

/// Why something with Cobbler did not work out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CobblerError {
    /// Nobody said where a server is.
    NotSet,
    /// The address of the server cannot be used.
    Address {
        /// What was given.
        url: String,
    },
    /// A certificate authority was given that is none.
    Authority {
        /// Why.
        why: String,
    },
    /// Nothing was sent.
    Unreachable {
        /// Why.
        why: String,
    },
    /// The call was sent, but there is no answer: it may have been done.
    Unclear {
        /// Which call.
        method: &'static str,
        /// Why.
        why: String,
    },
    /// Something other than cobblerd answered.
    NotCobbler {
        /// What came.
        why: String,
    },
    /// Wrong user or password.
    LoginRefused {
        /// The user.
        user: String,
    },
    /// The server refused.
    Fault(Fault),
    /// The server's version is read only.
    ReadOnly {
        /// Its version.
        version: String,
    },
    /// The server's version is not known to work.
    TooOld {
        /// Its version.
        version: String,
    },
    /// The server said `False`, which is how it says that it did nothing.
    Ignored {
        /// What was asked.
        what: String,
    },
    /// An answer of another shape.
    Unexpected {
        /// Which call.
        method: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// No such system.
    NoSystem {
        /// Its name.
        name: String,
    },
    /// No such profile.
    NoProfile {
        /// Its name.
        name: String,
    },
    /// The system has no profile and none was named.
    WithoutProfile {
        /// The system.
        name: String,
    },
    /// The system has no power management.
    WithoutPower {
        /// The system.
        name: String,
    },
    /// It belongs to another system.
    Taken {
        /// Which address.
        what: String,
        /// The other's name.
        system: String,
    },
    /// The system is another machine's.
    OtherMachine {
        /// The system.
        name: String,
        /// What was expected.
        what: String,
    },
    /// Not a MAC address.
    BadMac(String),
    /// What was written does not read back.
    Mismatch {
        /// The system.
        system: String,
        /// The attribute.
        attribute: String,
        /// What was written.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// A change failed, and taking it back did, too.
    HalfWritten {
        /// The system.
        system: String,
        /// What may be changed.
        attributes: String,
        /// Why the change failed.
        why: String,
        /// Why taking it back failed.
        back: String,
    },
    /// A value from the journal that cannot be written.
    BadValue {
        /// Of what.
        attribute: String,
        /// What.
        value: String,
    },
    /// A task of the server failed.
    Task {
        /// The lines of its log that say so, without secrets.
        why: String,
    },
    /// The machine is not in the state into which it was switched.
    Power {
        /// The system.
        name: String,
        /// The word.
        wanted: &'static str,
        /// What the agent says.
        found: &'static str,
    },
    /// The server does not tell the time.
    NoClock,
}

impl CobblerError {
    /// The kind of fault, if it is one.
    pub fn fault(&self) -> Option<&FaultKind> {
        match self {
            Self::Fault(fault) => Some(&fault.kind),
            _ => None,
        }
    }

    /// Whether asking again later can help without anybody doing something.
    pub fn passes(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unclear { .. } => true,
            // apache answers so while cobblerd is being restarted.
            Self::NotCobbler { why } => why.starts_with("HTTP 50"),
            Self::Fault(f) => matches!(f.kind, FaultKind::InvalidToken | FaultKind::HandleGone),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]

    use super::*;

    #[test]
    fn every_fault_seen_has_its_kind() {
        use FaultKind as K;
        let seen = [
            ("<class 'cobbler.cexceptions.CX'>:'login failed (cobbler)'", K::LoginFailed),
            ("<class 'ValueError'>:login failed (cobbler)", K::LoginFailed),
            ("<class 'cobbler.cexceptions.CX'>:'invalid token: qJgP...=='", K::InvalidToken),
            ("<class 'ValueError'>:\"token\" did not have the correct format or type!", K::TokenMissing),
            ("<class 'cobbler.cexceptions.CX'>:\"unknown remote method 'x'\"", K::UnknownMethod),
            ("<class 'cobbler.cexceptions.CX'>:'forbidden method'", K::Forbidden),
            (
                "<class 'TypeError'>:CobblerXMLRPCInterface.login() missing 1 required positional argument: 'login_password'",
                K::Arguments,
            ),
            ("<class 'cobbler.cexceptions.CX'>:'internal error, unknown system name nope'", K::NoSystem),
            ("<class 'ValueError'>:Profile with the name \"x\" is not existing", K::NoProfile),
            (
                "<class 'ValueError'>:MAC address duplicate found \"52:54:00:aa:00:01\". Object with the conflict has the name \"ctl1\"",
                K::DuplicateMac("ctl1".into()),
            ),
            (
                "<class 'cobbler.cexceptions.CX'>:\"An object already exists with that name. Try 'edit'?\"",
                K::DuplicateName,
            ),
            (
                "<class 'cobbler.cexceptions.CX'>:'Error with system noprofile - profile or image is required'",
                K::ProfileMissing,
            ),
            ("<class 'ValueError'>:Invalid mac address format (zz:zz)", K::BadMac),
            ("<class 'ipaddress.AddressValueError'>:Invalid IPv4 address format (999.1.1.1)", K::BadAddress),
            (
                "<class 'cobbler.cexceptions.CX'>:'power management type must be one of: ack_manual,aliyun'",
                K::BadPowerType,
            ),
            ("<class 'cobbler.cexceptions.CX'>:'no power type set for system'", K::NoPowerType),
            (
                "<class 'cobbler.cexceptions.CX'>:'command failed (rc=1), please validate the physical setup and cobbler config'",
                K::PowerFailed,
            ),
            ("<class 'AttributeError'>:'NoneType' object has no attribute 'power_type'", K::HandleGone),
            ("<class 'KeyError'>:'___NEW___system::AAAA'", K::HandleGone),
            ("<class 'cobbler.cexceptions.CX'>:'removal would orphan system: ctl1'", K::HasChildren),
            ("<class 'cobbler.cexceptions.CX'>:'no event with that id'", K::NoTask),
            ("<class 'FileNotFoundError'>:[Errno 2] No such file or directory: 'x.json'", K::Disk),
            ("<class 'ValueError'>:not enough values to unpack (expected 5, got 2)", K::StatusUnreadable),
            ("<class 'ZeroDivisionError'>:division by zero", K::Other),
            ("no class at all", K::Other),
        ];
        for (text, kind) in seen {
            assert_eq!(Fault::parse(text).kind, kind, "{text}");
        }
        let fault = Fault::parse(
            "<class 'cobbler.cexceptions.CX'>:'invalid token: qJgPWeQu99c4c2Sn47tiRjzam49dG3aigg=='",
        );
        let shown = format!("{fault} {fault:?} {:?}", CobblerError::Fault(fault.clone()));
        assert!(!shown.contains("qJgP"), "{shown}");
    }
}
