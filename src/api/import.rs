//! Imports of nodes: a list goes to the engine in parts, is previewed there, and applied with what was previewed.
//!
//! The engine reads the list, not the client: its rules are the ones that count, the preview and what is applied come from the same
//! text, and a password that stands in a list crosses the socket once and never comes back. A client's frame holds a mebibyte at
//! most and a list more, so it is sent in parts.

use crate::domain::ids::EnvId;
use crate::domain::import::{Format, Preview};
use crate::domain::secret::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most bytes of text in one part: escapes of the codec do not make it larger than a frame.
pub const PART_MAX: usize = 512 * 1024;

/// `text` in parts of at most [`PART_MAX`] bytes, whole characters each.
pub fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.floor_char_boundary(PART_MAX));
        parts.push(part);
        rest = after;
    }
    parts
}

/// Where a list comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportSource {
    /// A text that was sent before.
    Text {
        /// Number of the text.
        upload: u64,
        /// What it is written in.
        format: Format,
    },
    /// The systems of the environment's Cobbler server.
    Cobbler,
}

/// What is to be previewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportAsk {
    /// For which environment.
    pub env: EnvId,
    /// From where.
    pub source: ImportSource,
    /// Account of new nodes for which the list names none.
    pub user: String,
    /// Port of new nodes for which the list names none.
    pub port: u16,
    /// Texts of the private keys that the list names, by the name of the file.
    #[serde(default)]
    pub keys: BTreeMap<String, Secret>,
}

/// A preview, with the number under which it can be applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    /// Its number.
    pub number: u64,
    /// What would be done.
    pub preview: Preview,
}

/// What an import has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportDone {
    /// Nodes that are new.
    pub added: u32,
    /// Nodes that were changed.
    pub changed: u32,
    /// Machines of the list that were left out.
    pub refused: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_characters_and_all_of_it() {
        let text = "é中x".repeat(PART_MAX / 3);
        let parts = parts(&text);
        assert!(parts.len() > 1 && parts.iter().all(|p| p.len() <= PART_MAX));
        assert_eq!(parts.concat(), text);
        assert!(super::parts("").is_empty());
    }
}
