//! How a command ends: exit codes and the sentence that goes with them.

use crate::api::{ClientError, FailureKind};
use serde::Serialize;

/// The table of exit codes, as help and the manual show it.
pub const TABLE: &str = "\
Exit codes:
    0  done
    1  refused by the state of things, a job that failed, a finding of doctor
    2  something in the command is wrong
    3  not logged in, or not allowed
    4  no such thing
    5  somebody else changed it, or it is in use
    6  a node did not do what was asked: unreachable, wrong key or password, new or changed host key
    7  no engine answers
    8  the engine cannot: disk full, store damaged
  130  left with Ctrl-C; what was started goes on";

/// Exit codes. [`TABLE`] says what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Done.
    Done = 0,
    /// Refused by the state of things; a job failed; doctor found something.
    Failed = 1,
    /// Something in the command is wrong.
    Usage = 2,
    /// Not logged in or not allowed.
    NotAllowed = 3,
    /// No such thing.
    NotFound = 4,
    /// Changed by somebody else, or in use.
    Conflict = 5,
    /// A node.
    Node = 6,
    /// No engine answers.
    NoEngine = 7,
    /// The engine cannot.
    Engine = 8,
    /// Left with Ctrl-C.
    Left = 130,
}

impl From<Code> for std::process::ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Why a command could not be done. An empty message is an ending without words: everything has been said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The exit code.
    pub code: Code,
    /// The sentence.
    pub message: String,
}

impl Fault {
    /// An ending with a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Something in the command is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// An ending without words.
    pub fn silent(code: Code) -> Self {
        Self::new(code, "")
    }

    /// Tells it on the standard error, as a sentence or as a JSON document.
    pub fn tell(&self, json: bool) {
        #[derive(Serialize)]
        struct Told<'a> {
            error: &'a str,
            code: u8,
        }
        if self.message.is_empty() {
            return;
        }
        let told = Told { error: &self.message, code: self.code as u8 };
        match serde_json::to_string(&told) {
            Ok(line) if json => super::print::complain(&line),
            _ => super::print::complain(&format!("cpmg: {}", self.message)),
        }
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        let code = match &error {
            ClientError::NoEngine { .. }
            | ClientError::NoHello { .. }
            | ClientError::OtherVersion { .. }
            | ClientError::Lost => Code::NoEngine,
            ClientError::Codec(_) => Code::Usage,
            ClientError::Unexpected => Code::Engine,
            ClientError::Refused(failure) => match failure.kind {
                FailureKind::NotLoggedIn | FailureKind::NotAllowed => Code::NotAllowed,
                FailureKind::NotFound => Code::NotFound,
                FailureKind::Invalid => Code::Usage,
                FailureKind::Conflict | FailureKind::Busy => Code::Conflict,
                FailureKind::Node => Code::Node,
                FailureKind::Engine => Code::Engine,
                FailureKind::Unknown => Code::Failed,
            },
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Failure;

    #[test]
    fn every_kind_of_refusal_has_its_code() {
        for (kind, code) in [
            (FailureKind::NotLoggedIn, 3),
            (FailureKind::NotAllowed, 3),
            (FailureKind::NotFound, 4),
            (FailureKind::Invalid, 2),
            (FailureKind::Conflict, 5),
            (FailureKind::Busy, 5),
            (FailureKind::Node, 6),
            (FailureKind::Engine, 8),
            (FailureKind::Unknown, 1),
        ] {
            let fault = Fault::from(ClientError::from(Failure::new(kind, "why")));
            assert_eq!((fault.code as u8, fault.message.as_str()), (code, "why"), "{kind:?}");
        }
        assert_eq!(Fault::from(ClientError::Lost).code as u8, 7);
    }

    #[test]
    fn the_table_names_every_code() {
        let codes = [
            Code::Done,
            Code::Failed,
            Code::Usage,
            Code::NotAllowed,
            Code::NotFound,
            Code::Conflict,
            Code::Node,
            Code::NoEngine,
            Code::Engine,
            Code::Left,
        ];
        let named: Vec<u8> =
            TABLE.lines().skip(1).filter_map(|l| l.split_whitespace().next()?.parse().ok()).collect();
        assert_eq!(named, codes.map(|c| c as u8));
    }
}
