//! Proofs of environments as clients see them.

use super::rows::KnownError;
use crate::domain::ids::EnvId;
use crate::domain::proof::{Outcome, Proof, RungKind};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// An earlier proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofSummary {
    /// Its number.
    pub number: u64,
    /// Who started it.
    pub by: String,
    /// When.
    pub started: Moment,
    /// When it was over.
    pub ended: Option<Moment>,
    /// How it ended.
    pub outcome: Outcome,
    /// The red rung.
    #[serde(default)]
    pub red: Option<RungKind>,
}

impl From<&Proof> for ProofSummary {
    fn from(proof: &Proof) -> Self {
        Self {
            number: proof.number,
            by: proof.by.clone(),
            started: proof.started,
            ended: proof.ended,
            outcome: proof.outcome,
            red: proof.red().map(|r| r.kind),
        }
    }
}

/// The proof of an environment that goes on, or the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofRow {
    /// Of which environment.
    pub env: EnvId,
    /// None: there was never one.
    pub proof: Option<Proof>,
    /// The image's file on the management host that the next one takes.
    pub image: String,
    /// Earlier ones, newest first.
    #[serde(default)]
    pub earlier: Vec<ProofSummary>,
    /// What is known about what the red rung and the services said.
    #[serde(default)]
    pub known: Option<KnownError>,
}

/// What may be asked about the proof of an environment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofAsk {
    /// Starts the proof of an environment; see [`super::Topic::Proof`].
    Start {
        /// Which.
        env: EnvId,
        /// The image's file on the management host, kept for the next time; `None`: the one that was named last.
        #[serde(default)]
        image: Option<String>,
        /// Only remove what earlier proofs could not.
        #[serde(default)]
        clean: bool,
    },
    /// Ends the proof that runs; what it made is still removed.
    Cancel {
        /// Of which environment.
        env: EnvId,
    },
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}
