//! The channel to the follower on a node.

use super::CollectFault;
use crate::domain::text::{harmless, sh_quote};
use crate::ssh::{ExecStream, Input, Session, Status, StreamEvent};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// The follower.
const FOLLOWER: &str = include_str!("follower.py");
/// Finds a Python that runs it; 127 says that there is none.
const START: &str =
    "for p in python3 python2 python; do command -v $p >/dev/null && exec $p -u -c \"$1\"; done; exit 127";
/// How long an answer may take; the disk of a busy node is slow.
const ANSWER: Duration = Duration::from_mins(2);
/// Most bytes of an answer.
const ANSWER_MAX: usize = 16 << 20;
/// Bytes that may wait unread: answers are asked for one by one.
const BACKLOG: usize = 2 * ANSWER_MAX;

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Listed(
    /// Path.
    pub String,
    /// Number of the pattern that it fits.
    pub usize,
    /// Inode.
    pub u64,
    /// Bytes; of a compressed one, compressed.
    pub u64,
    /// Changed last, seconds since 1970-01-01 UTC by the node's clock.
    pub i64,
    /// Hashes of its beginning, each with the number of bytes: 64, 256, 1024, what was asked for, or all of a short file.
    pub Vec<(u32, u64)>,
    /// It is compressed.
    pub bool,
);

/// What is there.
#[derive(Clone, Debug, Deserialize)]
pub struct Listing {
    /// The node's clock, microseconds since 1970-01-01 UTC.
    pub t: i64,
    /// Seconds east of UTC of its local time.
    pub z: i32,
    /// Files.
    pub files: Vec<Listed>,
    /// Files that are there and cannot be looked at, each with the reason.
    #[serde(default)]
    pub refused: Vec<String>,
}

/// Why nothing of a file came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is not there any more: the next list says what became of it.
    Away,
    /// It is there and cannot be read: why, harmless.
    Refused(String),
}

/// Bytes of a file.
#[derive(Clone, Debug, Default)]
pub struct Bytes {
    /// Inode of what was read.
    pub inode: u64,
    /// Hashes of its beginning.
    pub prints: Vec<(u32, u64)>,
    /// Nothing follows for now.
    pub eof: bool,
    /// False: a compressed file that is not complete yet.
    pub whole: bool,
    /// The bytes.
    pub text: Vec<u8>,
}

/// A conversation with a follower.
pub struct Link {
    host: String,
    stream: ExecStream,
    input: Input,
    got: Vec<u8>,
    errors: Vec<u8>,
}

impl Link {
    /// Starts the follower.
    pub async fn open(session: &Session) -> Result<Self, CollectFault> {
        let command = format!("exec sh -c {} sh {}", sh_quote(START), sh_quote(FOLLOWER));
        let stream = session.exec_stream(&command, BACKLOG).await?;
        let input = stream.input();
        Ok(Self { host: session.host(), stream, input, got: Vec::new(), errors: Vec::new() })
    }

    fn ended(&self, why: impl Into<String>) -> CollectFault {
        CollectFault::Ended { host: self.host.clone(), why: why.into() }
    }

    /// Which files fit these patterns, rotated ones included; `lens`: lengths of short beginnings that are known.
    pub async fn list(&mut self, globs: &[String], lens: &[u32]) -> Result<Listing, CollectFault> {
        let (answer, _) = self.ask(&serde_json::json!({"c": "list", "globs": globs, "lens": lens})).await?;
        serde_json::from_value(answer).map_err(|e| self.ended(format!("its list is no list: {e}")))
    }

    /// Bytes of a file, or why there are none.
    pub async fn read(
        &mut self,
        path: &str,
        packed: bool,
        from: u64,
        len: usize,
    ) -> Result<Result<Bytes, Gone>, CollectFault> {
        let ask = serde_json::json!({"c": "read", "path": path, "gz": packed, "off": from, "len": len});
        let (answer, bytes) = self.ask(&ask).await?;
        if let Some(why) = answer.get("gone") {
            let refused = answer.get("no").and_then(Value::as_bool).unwrap_or_default();
            let why = format!("{path}: {}", why.as_str().unwrap_or_default());
            return Ok(Err(if refused { Gone::Refused(harmless(&why)) } else { Gone::Away }));
        }
        let yes = |key: &str| answer.get(key).and_then(Value::as_bool).unwrap_or_default();
        let prints = answer.get("h").cloned().and_then(|h| serde_json::from_value(h).ok());
        Ok(Ok(Bytes {
            inode: answer.get("ino").and_then(Value::as_u64).unwrap_or_default(),
            prints: prints.unwrap_or_default(),
            eof: yes("eof"),
            whole: yes("whole"),
            text: bytes,
        }))
    }

    /// Entries of the journal: `UNIT TAB CURSOR TAB JSON` a line, and whether there are more; or why not, in words.
    pub async fn journal(
        &mut self,
        units: &[String],
        after: &str,
        since: Option<i64>,
        max: usize,
    ) -> Result<Result<(Vec<u8>, bool), String>, CollectFault> {
        let ask =
            serde_json::json!({"c": "journal", "units": units, "after": after, "since": since, "max": max});
        let (answer, bytes) = self.ask(&ask).await?;
        if let Some(why) = answer.get("gone").and_then(Value::as_str) {
            return Ok(Err(harmless(why)));
        }
        Ok(Ok((bytes, answer.get("more").and_then(Value::as_bool).unwrap_or_default())))
    }

    async fn ask(&mut self, what: &Value) -> Result<(Value, Vec<u8>), CollectFault> {
        self.input.write(format!("{what}\n")).await?;
        let answer = timeout(ANSWER, self.answer()).await;
        answer.unwrap_or_else(|_| Err(self.ended("it does not answer")))
    }

    async fn answer(&mut self) -> Result<(Value, Vec<u8>), CollectFault> {
        let end = loop {
            if let Some(end) = memchr::memchr(b'\n', &self.got) {
                break end;
            }
            self.more().await?;
        };
        let head: Value = serde_json::from_slice(self.got.get(..end).unwrap_or_default())
            .map_err(|_| self.ended("it says what it should not"))?;
        let body = head.get("n").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        if body > ANSWER_MAX {
            return Err(self.ended("its answer is too long"));
        }
        let whole = end + 1 + body;
        while self.got.len() < whole {
            self.more().await?;
        }
        let rest = self.got.split_off(whole);
        let mut bytes = std::mem::replace(&mut self.got, rest);
        bytes.drain(..=end);
        Ok((head, bytes))
    }

    async fn more(&mut self) -> Result<(), CollectFault> {
        loop {
            match self.stream.next().await {
                Some(StreamEvent::Stdout(bytes)) => {
                    self.got.extend_from_slice(&bytes);
                    if self.got.len() > BACKLOG {
                        return Err(self.ended("its answer is too long"));
                    }
                    return Ok(());
                }
                Some(StreamEvent::Stderr(bytes)) => {
                    let room = 2_000usize.saturating_sub(self.errors.len()).min(bytes.len());
                    self.errors.extend_from_slice(bytes.get(..room).unwrap_or_default());
                }
                Some(StreamEvent::Ended(Status::Exit(127))) => {
                    return Err(CollectFault::NoPython(self.host.clone()));
                }
                Some(StreamEvent::Ended(status)) => {
                    let said = harmless(String::from_utf8_lossy(&self.errors).trim());
                    let last = said.lines().last().unwrap_or_default();
                    return Err(self.ended(format!("{status} {last}").trim().to_owned()));
                }
                Some(StreamEvent::Refused) => return Err(self.ended("it was refused to start")),
                Some(StreamEvent::Overrun) | None => return Err(self.ended("the connection was lost")),
            }
        }
    }
}
