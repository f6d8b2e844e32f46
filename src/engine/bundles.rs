//! The files of a job's nodes on the management host: one file for all of them, what nodes have in common only once.
//!
//! `bundles` holds pieces of tar streams, `bundles.json` says which two of them make the stream of a node: the scripts, which
//! nodes with the same roles share, and what is the node's own.

use crate::catalog::{BundleFault, Bundled};
use crate::domain::ids::NodeId;
use crate::domain::said::Said;
use crate::store;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Result, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

const PIECES: &str = "bundles";
const INDEX: &str = "bundles.json";

/// Place of a piece: offset and length, bytes.
type Piece = (u64, u64);

/// Which pieces make the stream of each node.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index(BTreeMap<NodeId, [Piece; 2]>);

/// Writes the files of all nodes of a job.
pub struct Writer {
    out: BufWriter<File>,
    length: u64,
    shared: HashMap<[u8; 32], Piece>,
    index: Index,
}

/// Why they cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    /// The disk does not take them.
    #[error("the files of the nodes cannot be kept: {0}")]
    Io(#[from] Error),
    /// They cannot be made.
    #[error(transparent)]
    Bundle(#[from] BundleFault),
    /// The index cannot be kept.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl WriteFault {
    /// The sentence with its key in the message catalogue.
    pub fn said(&self) -> Said {
        match self {
            Self::Io(why) => Said::keyed(self.to_string(), "error-bundle-kept").arg("why", why.to_string()),
            Self::Bundle(why) => why.said(),
            Self::Store(why) => why.said(),
        }
    }
}

impl Writer {
    /// Into the folder of a job, which must exist.
    pub fn new(dir: &Path) -> Result<Self> {
        let mut options = File::options();
        let file = options.create(true).write(true).truncate(true).mode(0o600).open(dir.join(PIECES))?;
        Ok(Self { out: BufWriter::new(file), length: 0, shared: HashMap::new(), index: Index::default() })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<Piece> {
        self.out.write_all(bytes)?;
        let piece = (self.length, bytes.len() as u64);
        self.length += piece.1;
        Ok(piece)
    }

    /// Adds a node.
    pub fn add(&mut self, node: NodeId, bundle: &Bundled) -> Result<()> {
        let digest: [u8; 32] = Sha256::digest(&bundle.shared).into();
        let shared = match self.shared.get(&digest) {
            Some(piece) => *piece,
            None => self.put(&bundle.shared)?,
        };
        self.shared.insert(digest, shared);
        let own = self.put(&bundle.own)?;
        self.index.0.insert(node, [shared, own]);
        Ok(())
    }

    /// Everything is on the disk when this returns.
    pub fn finish(self, dir: &Path) -> std::result::Result<(), WriteFault> {
        self.out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        let index = serde_json::to_vec(&self.index).map_err(Error::other)?;
        Ok(store::write_durably(&dir.join(INDEX), &index)?)
    }
}

impl Index {
    /// Of a job's folder.
    pub fn read(dir: &Path) -> Result<Self> {
        serde_json::from_slice(&std::fs::read(dir.join(INDEX))?).map_err(Error::other)
    }

    /// The tar stream of a node.
    pub fn stream(&self, dir: &Path, node: NodeId) -> Result<Vec<u8>> {
        let pieces = self.0.get(&node).ok_or_else(|| Error::from(ErrorKind::NotFound))?;
        let file = File::open(dir.join(PIECES))?;
        let length = |piece: u64| usize::try_from(piece).map_err(Error::other);
        // As large as it must be: many nodes are told at the same time.
        let mut out = Vec::with_capacity(length(pieces.iter().map(|(_, length)| length).sum())?);
        for (offset, size) in pieces {
            let at = out.len();
            out.resize(at + length(*size)?, 0);
            file.read_exact_at(out.get_mut(at..).unwrap_or_default(), *offset)?;
        }
        Ok(out)
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
    fn what_nodes_share_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(dir.path()).unwrap();
        let bundle = |shared: &str, own: &str| Bundled { shared: shared.into(), own: own.into() };
        for (node, bundle) in
            [(1, bundle("scripts", "a")), (2, bundle("scripts", "bc")), (3, bundle("others", ""))]
        {
            writer.add(NodeId(node), &bundle).unwrap();
        }
        writer.finish(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join(PIECES)).unwrap(), "scriptsabcothers");
        let index = Index::read(dir.path()).unwrap();
        for (node, stream) in [(1, "scriptsa"), (2, "scriptsbc"), (3, "others")] {
            assert_eq!(index.stream(dir.path(), NodeId(node)).unwrap(), stream.as_bytes());
        }
        assert!(index.stream(dir.path(), NodeId(4)).is_err());
    }
}
