//! What may be asked about shells besides typing: rules, recordings, files to and from nodes.

use crate::domain::asciicast::Origin;
use crate::domain::ids::{JobId, NodeId, ShellId};
use crate::domain::shells::ShellRules;
use serde::{Deserialize, Serialize};

/// Bytes of a file in one message.
pub const PART: usize = 256 * 1024;

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShellAsk {
    /// The rules.
    Rules,
    /// Changes the rules.
    RulesSet(ShellRules),
    /// Begins or ends the recording of a shell, where the rules leave that to its operator.
    Record {
        /// Which.
        shell: ShellId,
        /// Begin.
        on: bool,
    },
    /// Recordings, newest first: one's own; all of them for administrators.
    Recordings {
        /// Of this node.
        #[serde(default)]
        node: Option<NodeId>,
        /// Of this operator.
        #[serde(default)]
        by: Option<String>,
        /// Of this job.
        #[serde(default)]
        job: Option<JobId>,
    },
    /// A part of a recording.
    RecordingPart {
        /// Which.
        number: u64,
        /// From this byte.
        offset: u64,
    },
    /// Begins to write a file on a node; parts follow.
    Upload {
        /// Which node.
        node: NodeId,
        /// Where; a folder that is there takes the file under `name`.
        path: String,
        /// The file's own name.
        name: String,
        /// Its bytes.
        size: u64,
        /// Its permissions, as in `chmod`.
        mode: u32,
        /// Replace a file that is there.
        #[serde(default)]
        replace: bool,
    },
    /// The next part of a file that is being written; answered when the node's connection has taken it.
    UploadPart {
        /// Which transfer.
        transfer: u64,
        /// The bytes.
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
    },
    /// All parts were sent: the file takes its place.
    UploadEnd {
        /// Which transfer.
        transfer: u64,
    },
    /// Begins to read a file of a node.
    Download {
        /// Which node.
        node: NodeId,
        /// Where.
        path: String,
    },
    /// The next part of a file that is being read; empty at its end.
    DownloadPart {
        /// Which transfer.
        transfer: u64,
    },
    /// Gives a transfer up; nothing of it is left on the node.
    TransferCancel {
        /// Which.
        transfer: u64,
    },
}

/// Answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShellAnswer {
    /// The rules.
    Rules(ShellRules),
    /// Recordings.
    Recordings(Vec<RecordingRow>),
    /// A part of a recording or of a file.
    Part(Part),
    /// A transfer has begun.
    Transfer {
        /// Its number.
        transfer: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// Where a file was written.
    Written(String),
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// Bytes, and whether there are more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The bytes.
    #[serde(with = "super::bytes")]
    pub bytes: Vec<u8>,
    /// How many there are in all, as far as is known.
    #[serde(default)]
    pub size: u64,
    /// Nothing follows.
    #[serde(default)]
    pub last: bool,
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingRow {
    /// Its number.
    pub number: u64,
    /// Whose.
    pub origin: Origin,
    /// Bytes of the file.
    pub bytes: u64,
    /// Milliseconds it lasts.
    pub lasts: u64,
    /// It is still being written.
    #[serde(default)]
    pub open: bool,
}
