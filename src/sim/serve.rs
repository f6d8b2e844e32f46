//! `runner.sh serve`, as `roles/runner.sh` describes it, over a channel.

use super::node::{Key, SimNode};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// The protocol spoken here.
const PROTOCOL: u32 = 1;
/// `dd`'s block.
const BLOCK: usize = 4096;
/// Most bytes of output in a frame.
const CHUNK_MAX: usize = 64 * BLOCK;
/// Longest command.
const COMMAND_MAX: usize = 4096;

/// One `serve`: bytes in, bytes out.
pub(super) struct Serve {
    node: Arc<SimNode>,
    folder: String,
    nonce: Option<String>,
    input: Vec<u8>,
    followed: BTreeMap<Key, usize>,
    /// `quit` came.
    pub(super) over: bool,
}

impl Serve {
    pub(super) fn new(node: Arc<SimNode>, folder: String) -> Self {
        Self { node, folder, nonce: None, input: Vec::new(), followed: BTreeMap::new(), over: false }
    }

    /// Takes input, returns what is to be sent.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.input.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some(end) = self.input.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.input.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if !self.over {
                self.line(&line, &mut out);
            }
        }
        if self.input.len() > COMMAND_MAX {
            self.over = true;
        }
        out
    }

    fn line(&mut self, line: &str, out: &mut Vec<u8>) {
        let Some(nonce) = self.nonce.clone() else {
            self.nonce = Some(line.to_owned());
            out.extend(format!("{line} hello {PROTOCOL} {}\n", self.node.boot_id()).into_bytes());
            return;
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let plain = |w: &&str| w.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
        match words.as_slice() {
            [] => {}
            [verb, step, attempt, a, b, "."] if words.iter().all(plain) => {
                let key = Key {
                    folder: self.folder.clone(),
                    step: (*step).to_owned(),
                    attempt: (*attempt).to_owned(),
                };
                match (*verb, a.parse::<usize>()) {
                    ("start", Ok(offset)) => {
                        self.followed.insert(key.clone(), offset);
                        if !self.node.start(&key, b) {
                            self.report(&nonce, &key, offset, out);
                        }
                    }
                    ("follow", Ok(offset)) => {
                        self.followed.insert(key.clone(), offset);
                        self.report(&nonce, &key, offset, out);
                    }
                    ("status", _) => {
                        let (state, _) = self.node.look(&key);
                        out.extend(state_frame(&nonce, &key, &state).into_bytes());
                    }
                    ("kill", _) => {
                        let state = self.node.kill(&key, if *a == "KILL" { 137 } else { 143 });
                        out.extend(state_frame(&nonce, &key, &state).into_bytes());
                    }
                    ("quit", _) => self.over = true,
                    _ => out.extend(format!("{nonce} error command not understood\n").into_bytes()),
                }
            }
            _ => out.extend(format!("{nonce} error command not understood\n").into_bytes()),
        }
    }

    /// Frames of followed attempts that are over, each told once.
    pub(super) fn ended(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let Some(nonce) = self.nonce.clone() else { return out };
        let now = self.node.clock.now();
        let over: Vec<(Key, usize)> = self
            .followed
            .iter()
            .filter(|(key, _)| self.node.over_at(key).is_some_and(|at| at <= now))
            .map(|(key, offset)| (key.clone(), *offset))
            .collect();
        for (key, offset) in over {
            self.report(&nonce, &key, offset, &mut out);
        }
        out
    }

    /// When the next followed attempt will be over.
    pub(super) fn next_end(&self) -> Option<tokio::time::Instant> {
        let ends = self.followed.keys().filter_map(|key| self.node.over_at(key));
        ends.min().map(|at| self.node.clock.when(at))
    }

    /// Its state and what it printed; one that is over is followed no more.
    fn report(&mut self, nonce: &str, key: &Key, offset: usize, out: &mut Vec<u8>) {
        let (state, text) = self.node.look(key);
        if !text.is_empty() {
            let start = offset / BLOCK * BLOCK;
            let bytes = text.as_bytes();
            let piece =
                bytes.get(start..bytes.len().min(start.saturating_add(CHUNK_MAX))).unwrap_or_default();
            out.extend(format!("{nonce} out {} {} {start}\n", key.step, key.attempt).into_bytes());
            out.extend_from_slice(piece);
            out.push(b'\n');
        }
        out.extend(state_frame(nonce, key, &state).into_bytes());
        if state.starts_with("ended") || state.starts_with("lost") {
            self.followed.remove(key);
        }
    }
}

fn state_frame(nonce: &str, key: &Key, state: &str) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{nonce} state {} {} {state}", key.step, key.attempt);
    out
}
