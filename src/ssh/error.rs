//! Everything that can go wrong, each with what to do about it.

use crate::domain::said::Said;
use crate::domain::time::{Moment, clock_utc};
use crate::ssh::HostKey;
use std::time::Duration;

/// Why a text is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// Not a public key.
    #[error(
        "this is not a host key: it reads like 'ssh-ed25519 AAAAC3…', as ssh-keyscan prints it after the address"
    )]
    HostKey,
}

impl ValueFault {
    /// Key of the sentence in the catalogue of the screens.
    pub fn key(&self) -> &'static str {
        match self {
            Self::HostKey => "error-host-key-form",
        }
    }
}

/// A fault of SSH. `Display` is the sentence for the operator.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SshError {
    /// Nothing listens there.
    #[error(
        "{host} refused the connection: nothing listens on that port; start sshd there or correct the port"
    )]
    Refused {
        /// Address and port.
        host: String,
    },
    /// No way to it.
    #[error("{host} cannot be reached ({why}): check its power, cable and address")]
    Unreachable {
        /// Address and port.
        host: String,
        /// The operating system's words.
        why: String,
    },
    /// No answer in time.
    #[error(
        "{host} did not answer within {after:?} while {doing}: check its power, its network and any firewall on the way"
    )]
    Timeout {
        /// Address and port.
        host: String,
        /// What was waited for.
        doing: &'static str,
        /// How long.
        after: Duration,
    },
    /// Something else listens there.
    #[error("{host} is not an SSH server{}: correct the port", in_brackets(.said))]
    NotSsh {
        /// Address and port.
        host: String,
        /// Its first words, harmless and short; empty if it said nothing.
        said: String,
    },
    /// No common algorithm, protocol errors.
    #[error(
        "{host} and cpmg found no common language ({why}): update its SSH server or allow a current algorithm there"
    )]
    Negotiation {
        /// Address and port.
        host: String,
        /// Details.
        why: String,
    },
    /// Never seen before.
    #[error("the host key of {host} is new: {} {}; compare it with the one on the node (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub) and accept it", .offered.kind(), .offered.fingerprint())]
    HostKeyUnknown {
        /// Address and port.
        host: String,
        /// What it showed.
        offered: Box<HostKey>,
    },
    /// Not the pinned one.
    #[error("the host key of {host} has CHANGED: {} {} was pinned, it now shows {} {}. Either the machine was reinstalled, or somebody sits in between. Nothing was sent. Forget the old key only if you know why it changed", .pinned.kind(), .pinned.fingerprint(), .offered.kind(), .offered.fingerprint())]
    HostKeyChanged {
        /// Address and port.
        host: String,
        /// What was pinned.
        pinned: Box<HostKey>,
        /// What it showed.
        offered: Box<HostKey>,
    },
    /// No credential was accepted.
    #[error(
        "{host} did not accept {user}: tried {tried}; the server allows {allowed}. Check user name, password or authorized_keys"
    )]
    AuthRefused {
        /// Address and port.
        host: String,
        /// Account.
        user: String,
        /// What was tried, in words.
        tried: String,
        /// Methods the server names.
        allowed: String,
    },
    /// Key is encrypted and the passphrase is wrong.
    #[error("the passphrase does not open the private key: type it again")]
    WrongPassphrase,
    /// Key is encrypted and there is no passphrase.
    #[error("the private key is encrypted: give its passphrase")]
    PassphraseNeeded,
    /// Not a private key.
    #[error(
        "the private key cannot be read ({why}): give the whole file, from '-----BEGIN' to '-----END', not the .pub file"
    )]
    UnreadableKey {
        /// Details without any part of the key.
        why: String,
    },
    /// Agent cannot be used.
    #[error(
        "the SSH agent at {socket} cannot be used ({why}): start it, add a key with ssh-add, and see that the engine may open its socket"
    )]
    Agent {
        /// Path.
        socket: String,
        /// Details.
        why: String,
    },
    /// The server gives no more channels.
    #[error(
        "{host} refused another channel ({why}): its MaxSessions is reached or it forbids this; close shells or raise MaxSessions in its sshd_config"
    )]
    ChannelRefused {
        /// Address and port.
        host: String,
        /// Details.
        why: String,
    },
    /// The server refused a command, a terminal …
    #[error(
        "{host} refused {what}: look for a forced command or a restriction in its authorized_keys and sshd_config"
    )]
    RequestRefused {
        /// Address and port.
        host: String,
        /// What was asked for.
        what: &'static str,
    },
    /// More than an SSH server takes.
    #[error("a command of {0} bytes is too long for a shell: upload it as a file")]
    CommandTooLong(usize),
    /// The link broke.
    #[error("the connection to {host} was lost ({why})")]
    Lost {
        /// Address and port.
        host: String,
        /// Details.
        why: String,
    },
    /// Nothing was tried: the node has refused enough logins lately.
    #[error(
        "{host} refused {refused} logins within {minutes} minutes; so that no account is locked out there, cpmg does not try before {} UTC. Correct the credentials meanwhile; 'cpmg sweep limit' changes the limit", clock_utc(*.until)
    )]
    HeldBack {
        /// Address and port.
        host: String,
        /// Refused logins that count.
        refused: u32,
        /// Within how many minutes.
        minutes: u32,
        /// When it may be tried again.
        until: Moment,
    },
    /// Command failed where it must not.
    #[error("'{what}' failed on {host} ({status}): {said}")]
    Command {
        /// Address and port.
        host: String,
        /// In words.
        what: String,
        /// Exit status in words.
        status: String,
        /// Last words, harmless.
        said: String,
    },
}

impl From<&SshError> for Said {
    fn from(fault: &SshError) -> Self {
        match fault.key() {
            Some(key) => Self::keyed(fault.to_string(), key).args(fault.args()),
            None => fault.to_string().into(),
        }
    }
}

impl SshError {
    /// Key of the sentence in the catalogue of the screens; `None` where it is not one of usual work.
    pub fn key(&self) -> Option<&'static str> {
        Some(match self {
            Self::Refused { .. } => "error-ssh-refused",
            Self::Unreachable { .. } => "error-ssh-unreachable",
            Self::Timeout { .. } => "error-ssh-timeout",
            Self::NotSsh { .. } => "error-ssh-not-ssh",
            Self::Negotiation { .. } => "error-ssh-negotiation",
            Self::HostKeyUnknown { .. } => "error-host-key-unknown",
            Self::HostKeyChanged { .. } => "error-host-key-changed",
            Self::AuthRefused { .. } => "error-ssh-login",
            Self::WrongPassphrase => "error-wrong-passphrase",
            Self::PassphraseNeeded => "error-passphrase-needed",
            Self::UnreadableKey { .. } => "error-unreadable-key",
            Self::Agent { .. } => "error-ssh-agent",
            Self::ChannelRefused { .. } => "error-ssh-channel",
            Self::Lost { .. } => "error-ssh-lost",
            Self::HeldBack { .. } => "error-ssh-held-back",
            Self::Command { .. } => "error-ssh-command",
            Self::RequestRefused { .. } | Self::CommandTooLong(_) => return None,
        })
    }

    /// Arguments of that sentence.
    pub fn args(&self) -> Vec<(String, String)> {
        let shown = |key: &HostKey| format!("{} {}", key.kind(), key.fingerprint());
        let all: Vec<(&str, String)> = match self {
            Self::Refused { host } => vec![("host", host.clone())],
            Self::Unreachable { host, why }
            | Self::Negotiation { host, why }
            | Self::ChannelRefused { host, why }
            | Self::Lost { host, why } => vec![("host", host.clone()), ("why", why.clone())],
            Self::Timeout { host, after, .. } => {
                vec![("host", host.clone()), ("seconds", after.as_secs().to_string())]
            }
            Self::NotSsh { host, said } => vec![("host", host.clone()), ("said", said.clone())],
            Self::HostKeyUnknown { host, offered } => {
                vec![("host", host.clone()), ("offered", shown(offered))]
            }
            Self::HostKeyChanged { host, pinned, offered } => {
                vec![("host", host.clone()), ("pinned", shown(pinned)), ("offered", shown(offered))]
            }
            Self::AuthRefused { host, user, tried, allowed } => vec![
                ("host", host.clone()),
                ("user", user.clone()),
                ("tried", tried.clone()),
                ("allowed", allowed.clone()),
            ],
            Self::UnreadableKey { why } => vec![("why", why.clone())],
            Self::Agent { socket, why } => vec![("socket", socket.clone()), ("why", why.clone())],
            Self::HeldBack { host, refused, minutes, until } => vec![
                ("host", host.clone()),
                ("refused", refused.to_string()),
                ("minutes", minutes.to_string()),
                ("until", clock_utc(*until)),
            ],
            Self::Command { host, what, status, said } => vec![
                ("host", host.clone()),
                ("what", what.clone()),
                ("status", status.clone()),
                ("said", said.clone()),
            ],
            Self::WrongPassphrase
            | Self::PassphraseNeeded
            | Self::RequestRefused { .. }
            | Self::CommandTooLong(_) => Vec::new(),
        };
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whether trying again later may help without anybody changing anything.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::ChannelRefused { .. }
                | Self::Lost { .. }
        )
    }
}

fn in_brackets(words: &str) -> String {
    if words.is_empty() { " (it said nothing)".to_owned() } else { format!(" (it said '{words}')") }
}
