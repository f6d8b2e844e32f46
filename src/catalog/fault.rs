//! What is wrong in `roles/`, with file and line.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong. `Display` is `file:line: sentence`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; `None` where the whole file or its absence is meant.
    pub line: Option<usize>,
    /// The sentence for the operator.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.message)
    }
}

impl std::error::Error for Fault {}

/// Collects faults while files are read.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    /// A fault of a whole file, or of one that is missing.
    pub(super) fn file(&mut self, file: &Path, message: impl Into<String>) {
        self.0.push(Fault { file: file.to_owned(), line: None, message: message.into() });
    }

    /// A fault at a line.
    pub(super) fn line(&mut self, file: &Path, line: usize, message: impl Into<String>) {
        self.0.push(Fault { file: file.to_owned(), line: Some(line), message: message.into() });
    }

    /// The faults in the order of files and lines, each once.
    pub(super) fn sorted(mut self) -> Vec<Fault> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}

/// The line, from 1, in which the byte `offset` of `text` lies.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}
