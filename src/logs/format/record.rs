//! The fields of one log entry, and what a single line can be.

use crate::domain::logs::Level;
use std::borrow::Cow;

/// Text of a log: borrowed from the line; owned where the line was not good UTF-8 (replacement characters stand for what was
/// not) or where it was wrapped in JSON. It may hold control characters: `domain::text::harmless` goes before a terminal.
pub type Text<'a> = Cow<'a, str>;

/// Which format a record was written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FormatId {
    /// OpenStack's services: `2026-03-01 07:02:09.123 4711 INFO nova.compute [req-…] text`.
    Oslo,
    /// The same with `use_json`.
    OsloJson,
    /// RabbitMQ.
    RabbitMq,
    /// MariaDB and `MySQL`.
    MariaDb,
    /// Apache's access logs.
    ApacheAccess,
    /// Apache's error logs.
    ApacheError,
    /// uwsgi's requests and its own lines.
    Uwsgi,
    /// libvirt's daemons.
    Libvirt,
    /// Logs of domains.
    Qemu,
    /// Open vSwitch and OVN.
    OpenVSwitch,
    /// syslog, and journald as text.
    Syslog,
    /// `journalctl -o json`.
    Journald,
    /// A format that is data, by its name.
    User(&'static str),
    /// Lines of no known format.
    #[default]
    Text,
}

impl FormatId {
    /// The name as JSON and the screens show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oslo => "oslo",
            Self::OsloJson => "oslo-json",
            Self::RabbitMq => "rabbitmq",
            Self::MariaDb => "mariadb",
            Self::ApacheAccess => "apache-access",
            Self::ApacheError => "apache-error",
            Self::Uwsgi => "uwsgi",
            Self::Libvirt => "libvirt",
            Self::Qemu => "qemu",
            Self::OpenVSwitch => "openvswitch",
            Self::Syslog => "syslog",
            Self::Journald => "journald",
            Self::User(name) => name,
            Self::Text => "text",
        }
    }
}

/// One log entry, as its first line gives it. `-` and `None` in the line are `None` here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// Microseconds since 1970-01-01 00:00 UTC; see [`Record::zone_known`]. None: the line does not say.
    pub time: Option<i64>,
    /// The time is a moment. Otherwise it is the reading of a clock whose zone nobody told.
    pub zone_known: bool,
    /// Process (libvirtd: thread).
    pub pid: Option<u32>,
    /// Severity.
    pub level: Option<Level>,
    /// Who wrote it: the logger (oslo), module (Apache, Open vSwitch), Erlang process (RabbitMQ), program (syslog).
    pub component: Option<Text<'a>>,
    /// Request, `req-…`.
    pub request_id: Option<Text<'a>>,
    /// The request of another service that led to this one.
    pub global_request_id: Option<Text<'a>>,
    /// User; with devstack's format a name.
    pub user_id: Option<Text<'a>>,
    /// Project; with devstack's format a name.
    pub project_id: Option<Text<'a>>,
    /// Domain that the token is scoped to.
    pub domain: Option<Text<'a>>,
    /// Domain of the user.
    pub user_domain: Option<Text<'a>>,
    /// Domain of the project.
    pub project_domain: Option<Text<'a>>,
    /// UUID of an instance.
    pub instance: Option<Text<'a>>,
    /// The text of the first line without what became fields.
    pub message: Text<'a>,
    /// The format.
    pub format: FormatId,
}

impl Record<'_> {
    /// The same record, borrowing nothing.
    pub fn into_owned(self) -> Record<'static> {
        fn own(text: Option<Text<'_>>) -> Option<Text<'static>> {
            text.map(|t| Cow::Owned(t.into_owned()))
        }
        Record {
            time: self.time,
            zone_known: self.zone_known,
            pid: self.pid,
            level: self.level,
            component: own(self.component),
            request_id: own(self.request_id),
            global_request_id: own(self.global_request_id),
            user_id: own(self.user_id),
            project_id: own(self.project_id),
            domain: own(self.domain),
            user_domain: own(self.user_domain),
            project_domain: own(self.project_domain),
            instance: own(self.instance),
            message: Cow::Owned(self.message.into_owned()),
            format: self.format,
        }
    }
}

/// What one line of a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every line is a head, and a box would be an allocation for each"
)]
pub enum Line<'a> {
    /// The first line of an entry.
    Head(Record<'a>),
    /// A further line of the entry before it (traceback, newline in a message), without a prefix that only repeats the entry's.
    Continuation(Text<'a>),
    /// Nothing; within an entry an empty line of its text.
    Empty,
}

/// Bytes as text: borrowed when they are good UTF-8.
pub(super) fn text(bytes: &[u8]) -> Text<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// A field: `-`, `None` and nothing are no value.
pub(super) fn field(bytes: &[u8]) -> Option<Text<'_>> {
    if matches!(bytes, b"" | b"-" | b"None") { None } else { Some(text(bytes)) }
}
