//! Proofs of environments: one at a time for each, in the background, through OpenStack's own APIs.
//!
//! This file is what clients ask for, the record, and the ladder's loop: the rung that `domain::proof` names is climbed (`climb`, `guests`) until it
//! is good, red, ended by an operator, or over its ceiling; then what the responsible services logged since is fetched (`evidence`), and in
//! any case what was made is removed (`cleanup`). The record is stored at the beginning and after each rung, so that a proof whose engine
//! died is known to have been interrupted, and the next one finds what it left by name.
//!
//! Never here: the administrator's password in a record, a message or a log; it goes to Keystone alone.

mod cleanup;
mod climb;
mod evidence;
mod ground;
mod guests;
mod image;

use super::records::{LEARNED, PROOF_IMAGES, PROOFS, refused};
use super::topics::Area;
use super::{Engine, now};
use crate::api::proof::{ProofRow, ProofSummary};
use crate::api::rows::KnownError;
use crate::api::{Failure, FailureKind, Row};
use crate::domain::audit::AuditKind;
use crate::domain::ids::EnvId;
use crate::domain::proof::{Proof, RungKind, RungState, Said};
use crate::domain::said::sentence;
use crate::domain::user::User;
use crate::domain::usual::{NodeSize, Observed, Usual};
use crate::store::{Kind, Stamp};
use climb::{Climb, Good, Red};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Proofs that are kept of an environment.
const KEPT: usize = 10;

/// What is known of an environment's proofs.
#[derive(Default)]
struct Cell {
    /// The one that goes on, or the last one.
    proof: Option<Proof>,
    cancel: CancellationToken,
    /// Newest first.
    earlier: Vec<ProofSummary>,
    image: Option<String>,
}

/// Proofs of all environments.
#[derive(Default)]
pub struct Proofs(Mutex<BTreeMap<EnvId, Cell>>);

impl Proofs {
    fn with<R>(&self, env: EnvId, work: impl FnOnce(&mut Cell) -> R) -> R {
        work(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(env).or_default())
    }

    /// Takes up what was stored. Gives those that were interrupted by the end of an engine, to be stored again.
    pub fn load(&self, all: BTreeMap<(EnvId, u64), Proof>, images: BTreeMap<EnvId, String>) -> Vec<Proof> {
        let mut interrupted = Vec::new();
        for ((env, _), mut proof) in all {
            if proof.ended.is_none() {
                proof.interrupt(now());
                interrupted.push(proof.clone());
            }
            self.with(env, |cell| {
                if let Some(before) = cell.proof.replace(proof) {
                    cell.earlier.insert(0, (&before).into());
                }
            });
        }
        for (env, image) in images {
            self.with(env, |cell| cell.image = Some(image));
        }
        interrupted
    }
}

impl Engine {
    /// Rows of an environment's proof.
    pub fn proof_rows(&self, env: EnvId) -> Vec<Row> {
        if self.env(env).is_err() {
            return Vec::new();
        }
        let (proof, earlier, image) =
            self.proofs.with(env, |c| (c.proof.clone(), c.earlier.clone(), c.image.clone()));
        let image = image.unwrap_or_else(|| self.default_image());
        let known = proof.as_ref().and_then(|p| self.known_of_proof(p));
        vec![Row::Proof(Box::new(ProofRow { env, proof, image, earlier, known }))]
    }

    /// What is known about a red rung: what was seen on it says it nearest, then the lines of the services, the last ones first.
    fn known_of_proof(&self, proof: &Proof) -> Option<KnownError> {
        let red = proof.red()?;
        let said = red.said.iter().rev().flat_map(|s| s.args.values());
        let lines =
            proof.logs.iter().flat_map(|p| p.lines.iter().rev().map(|line| (p.module.as_str(), line)));
        said.map(|s| (None, s))
            .chain(lines.map(|(module, line)| (Some(module), line)))
            .find_map(|(module, text)| self.known_error(module, text))
    }

    /// Starts a proof, or only the removal of what earlier ones left.
    pub fn prove(
        self: &Arc<Self>,
        asks: &User,
        id: EnvId,
        image: Option<&str>,
        clean_only: bool,
    ) -> Result<Proof, Failure> {
        let env = self.env(id)?;
        self.refuse_while_busy(id)?;
        let busy = |proof: &Proof| {
            Failure::new(
                FailureKind::Busy,
                format!("{} proves this environment already: wait, or cancel that proof", proof.by),
            )
            .keyed("error-proof-runs")
        };
        let running = |cell: &mut Cell| cell.proof.clone().filter(|p| p.ended.is_none());
        if let Some(proof) = self.proofs.with(id, running) {
            return Err(busy(&proof));
        }
        let file = match (image, clean_only) {
            (Some(typed), false) => typed.to_owned(),
            _ => self.proofs.with(id, |c| c.image.clone()).unwrap_or_else(|| self.default_image()),
        };
        if !clean_only {
            image::look(&file).map_err(|why| Failure::said(FailureKind::Invalid, &why).at("image"))?;
        }
        let ground = ground::Ground::of(self, &env)?;
        let size = ground.size;
        let number = self.records.next_id(Kind::Proofs)?;
        let platform = env.platform.clone();
        let usual = |kind: RungKind| {
            let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
            let known = learned.get(&(platform.clone(), kind.learned())).and_then(|t| t.usual(size));
            let usual = known.unwrap_or_else(|| Usual::guess(kind.weight_s()));
            (usual.mid, usual.is_guess())
        };
        let mut proof = Proof::new(id, number, &asks.name, now(), clean_only, usual);
        proof.image.clone_from(&file);
        let what = if clean_only {
            sentence!("deed-proof-clear", "began to remove what proofs left in {name}", name = env.name)
        } else {
            sentence!(
                "deed-proof-began",
                "began the proof {number} of {name}",
                number = number,
                name = env.name
            )
        };
        let stored = self.records.under(PROOFS, &id).map_err(|f| refused(&f))?;
        let over = (stored.len() + 1).saturating_sub(KEPT);
        let cancel = CancellationToken::new();
        {
            let _write = self.write();
            self.refuse_while_busy(id)?;
            if let Some(proof) = self.proofs.with(id, running) {
                return Err(busy(&proof));
            }
            self.audited(Some(Self::deed(asks, AuditKind::Proof, &env, what)), |batch| {
                for (key, _) in stored.iter().take(over) {
                    PROOFS.remove(batch, key);
                }
                if image.is_some() && !clean_only {
                    PROOF_IMAGES.put(batch, &id, &file, Stamp::engine(proof.started))?;
                }
                PROOFS.put(batch, &(id, number), &proof, Stamp::engine(proof.started))
            })?;
            self.proofs.with(id, |cell| {
                if let Some(before) = cell.proof.replace(proof.clone()) {
                    cell.earlier.insert(0, (&before).into());
                    cell.earlier.truncate(KEPT - 1);
                }
                cell.cancel = cancel.clone();
                if image.is_some() && !clean_only {
                    cell.image = Some(file.clone());
                }
            });
        }
        self.topics.touch(Area::Proof(id));
        let engine = Arc::clone(self);
        self.spawn(async move { Box::pin(engine.climb(ground, cancel)).await });
        Ok(proof)
    }

    /// Refuses while a proof of the environment runs: a job would change what it looks at.
    pub fn refuse_while_proving(&self, env: EnvId) -> Result<(), Failure> {
        let by =
            self.proofs.with(env, |c| c.proof.as_ref().filter(|p| p.ended.is_none()).map(|p| p.by.clone()));
        match by {
            None => Ok(()),
            Some(by) => Err(Failure::new(
                FailureKind::Busy,
                format!("{by} proves this environment: wait for the end of that proof, or cancel it"),
            )
            .keyed("error-env-proving")
            .arg("by", by)),
        }
    }

    /// Ends the proof that runs; what it made is still removed.
    pub fn prove_cancel(&self, asks: &User, env: EnvId) -> Result<(), Failure> {
        self.env(env)?;
        self.proofs.with(env, |cell| {
            let Some(proof) = cell.proof.as_mut().filter(|p| p.ended.is_none()) else {
                return Err(Failure::new(FailureKind::Busy, "no proof runs").keyed("error-proof-idle"));
            };
            proof.cancelled_by = Some(asks.name.clone());
            cell.cancel.cancel();
            Ok(())
        })?;
        self.topics.touch(Area::Proof(env));
        Ok(())
    }

    /// The image that is taken when none was ever named.
    fn default_image(&self) -> String {
        self.options.data.join("proof.img").display().to_string()
    }

    /// Changes the record in memory, and says so.
    fn proof_note(&self, env: EnvId, change: impl FnOnce(&mut Proof)) {
        self.proofs.with(env, |cell| cell.proof.as_mut().map(change));
        self.topics.touch(Area::Proof(env));
    }

    /// Stores the record.
    fn proof_keep(&self, env: EnvId) {
        let Some(proof) = self.proofs.with(env, |c| c.proof.clone()) else { return };
        if let Err(why) = self.records.save(PROOFS, &(env, proof.number), &proof) {
            tracing::warn!(%why, "how far the proof is could not be stored");
        }
    }

    /// Stores proofs that an engine's end interrupted.
    pub fn keep_interrupted(&self, interrupted: &[Proof]) -> Result<(), Failure> {
        interrupted.iter().try_for_each(|p| self.records.save(PROOFS, &(p.env, p.number), p))
    }

    /// The ladder.
    async fn climb(self: Arc<Self>, ground: ground::Ground, cancel: CancellationToken) {
        let (env, size, platform) = (ground.env.id, ground.size, ground.env.platform.clone());
        let Some(proof) = self.proofs.with(env, |c| c.proof.clone()) else { return };
        let mut climb = Climb::new(Arc::clone(&self), ground, &proof);
        while let Some(kind) = self.proofs.with(env, |c| c.proof.as_ref().and_then(Proof::next)) {
            self.proof_note(env, |p| p.begin(kind, now()));
            self.proof_keep(env);
            let began = Instant::now();
            let ceiling = proof.rung(kind).map_or(60, |r| r.ceiling_s);
            let patience = Duration::from_secs(u64::from(ceiling));
            // Removing goes on when a proof is ended: that is what ending means.
            let told = cancel.clone();
            let ends = async move {
                if kind == RungKind::Cleanup {
                    std::future::pending::<()>().await;
                } else {
                    told.cancelled_owned().await;
                }
            };
            let result = tokio::select! {
                result = tokio::time::timeout(patience, climb.rung(kind)) => result.ok(),
                () = ends => {
                    self.proof_note(env, |p| p.finish(kind, RungState::Ended, now(), vec![Said::new("ended")]));
                    self.proof_keep(env);
                    continue;
                }
            };
            let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            match result.unwrap_or_else(|| Err(self.given_up(env, kind, ceiling))) {
                Ok(Good::Passed(said)) => {
                    self.proof_note(env, |p| p.finish(kind, RungState::Passed, now(), said));
                    self.learn_rung(&platform, kind, size, took);
                }
                Ok(Good::Skipped(said)) => {
                    self.proof_note(env, |p| p.finish(kind, RungState::Skipped, now(), vec![said]));
                }
                Err(red) => {
                    let left = climb.left.clone();
                    // Red first: the logs take a moment.
                    self.proof_note(env, |p| {
                        p.finish(kind, RungState::Failed, now(), red.said.clone());
                        p.left = left;
                    });
                    self.proof_keep(env);
                    let first =
                        self.proofs.with(env, |c| c.proof.as_ref().is_some_and(|p| p.logs.is_empty()));
                    if first {
                        let (logs, more) = climb.logs(kind, red, began.elapsed()).await;
                        self.proof_note(env, |p| {
                            p.logs = logs;
                            p.add(kind, more);
                        });
                    }
                }
            }
            self.proof_keep(env);
        }
        climb.close().await;
        self.proof_note(env, |p| p.conclude(now()));
        self.proof_keep(env);
    }

    /// A rung that is over its ceiling: red with what it waited for.
    fn given_up(&self, env: EnvId, kind: RungKind, seconds: u32) -> Red {
        let last = self.proofs.with(env, |c| {
            let rung = c.proof.as_ref()?.rung(kind)?;
            rung.said.first().map(Said::words)
        });
        let why = last.unwrap_or_else(|| "no answer".to_owned());
        Red::new(Said::new("ceiling").with("seconds", seconds).with("why", why))
    }

    fn learn_rung(&self, platform: &str, kind: RungKind, size: NodeSize, took_ms: u64) {
        let key = (platform.to_owned(), kind.learned());
        let after = {
            let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
            let known = learned.entry(key.clone()).or_default();
            *known = known.with(size, Observed { took_ms, silence_ms: None });
            known.clone()
        };
        if let Err(why) = self.records.save(LEARNED, &key, &after) {
            tracing::warn!(%why, "how long a rung took could not be stored");
        }
    }
}
