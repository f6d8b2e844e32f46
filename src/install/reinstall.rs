//! A node's operating system, installed anew through Cobbler.
//!
//! The phases are those of [`ReinstallPhase`]; each is journalled before it begins, and each can be done again, so a new engine goes on where
//! the dead one stood. What is changed in Cobbler is journalled with its old values first. Whatever fails after that leads to
//! `Restore`, which writes the old values back, and the end says in which state everything was left.
//!
//! Never here: a call that Cobbler might have done, repeated blindly. [`crate::cobbler`] reads the state first.

use super::worker::record;
use super::{Site, Waits};
use crate::cobbler::{Arming, Cobbler, CobblerError, PowerState, Progress, Target};
use crate::domain::ids::NodeId;
use crate::domain::job::{JobEvent, ReinstallPhase as Phase, ReinstallRun, Renewal};
use crate::domain::said::{Said, list, sentence};
use crate::domain::time::Moment;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long a Cobbler server may be away, being restarted perhaps, before a phase gives up.
const AWAY_MAX: Duration = Duration::from_mins(10);
/// Tries at a power agent that does not answer.
const POWER_TRIES: u32 = 3;
/// Between two looks at a machine that is being installed.
const LOOK: Duration = Duration::from_secs(10);
/// Between two tries at a server that is away.
const PAUSE: Duration = Duration::from_secs(2);
/// Key in the journalled old values under which the machine's power stands; no attribute of Cobbler.
const POWER: &str = "power";
/// The attributes that are changed.
const NETBOOT: &str = "netboot_enabled";
const PROFILE: &str = "profile";

/// What a phase leads to.
enum Next {
    /// Another phase.
    To(Phase),
    /// The end.
    End(Renewal),
}

/// How a phase ends otherwise: it failed, and the sentence says why.
type Step = Result<Next, Said>;

struct Drive<'a, S: Site> {
    site: &'a S,
    node: NodeId,
    cancel: &'a CancellationToken,
    /// The fresh system, once it answered.
    fresh: Option<Renewal>,
}

/// Goes on with the node's reinstallation from wherever the journal says it stands. False: the journal refuses.
pub(super) async fn run<S: Site>(site: &S, node: NodeId, cancel: &CancellationToken) -> bool {
    let mut drive = Drive { site, node, cancel, fresh: None };
    let Some(mut phase) = drive.journalled().map(|run| run.phase) else { return false };
    let mut failed = None;
    loop {
        if !record(site, JobEvent::ReinstallPhase { node, phase, why: failed.take() }).await {
            return false;
        }
        // Read again: the journal holds what the last phase found.
        let Some(run) = drive.journalled() else { return false };
        let next = match phase {
            Phase::Inspect => drive.inspect(&run).await,
            Phase::Arm => drive.arm(&run).await,
            Phase::Power => drive.power(&run).await,
            Phase::Install => drive.install(&run).await,
            Phase::Answer => drive.answer(&run).await,
            Phase::Disarm => drive.disarm(&run).await,
            Phase::Restore => Ok(Next::End(drive.restore(&run).await)),
        };
        site.waits(node, None);
        phase = match next {
            Ok(Next::To(phase)) => phase,
            Ok(Next::End(end)) => return record(site, JobEvent::ReinstallEnded { node, end }).await,
            // Before anything was journalled as changed there is nothing to write back.
            Err(why) if phase == Phase::Inspect => {
                let end = Renewal::Failed { why: unchanged(why) };
                return record(site, JobEvent::ReinstallEnded { node, end }).await;
            }
            Err(why) => {
                failed = Some(why);
                Phase::Restore
            }
        };
    }
}

/// Why there is no fresh system, where nothing was changed for it.
fn unchanged(why: Said) -> Said {
    sentence!("reinstall-unchanged", "{why}. Nothing was changed",; why = why)
}

fn system(run: &ReinstallRun) -> Result<String, Said> {
    run.system
        .clone()
        .ok_or_else(|| sentence!("reinstall-no-system", "the journal does not name Cobbler's system"))
}

impl<S: Site> Drive<'_, S> {
    fn journalled(&self) -> Option<ReinstallRun> {
        self.site.read(|job| {
            let run = job.nodes.get(&self.node)?.reinstall.as_deref()?;
            run.ended.is_none().then(|| run.clone())
        })
    }

    /// Asks Cobbler, and again as long as it is away. A power agent that does not answer is asked [`POWER_TRIES`] times.
    async fn ask<R: Send>(
        &self,
        stoppable: bool,
        what: impl for<'c> Fn(&'c Cobbler, &'c Target) -> BoxFuture<'c, Result<R, CobblerError>> + Send + Sync,
    ) -> Result<R, Said> {
        let end = Instant::now() + AWAY_MAX;
        let mut silent = 0;
        loop {
            let tried = async {
                let (cobbler, target) = self.site.cobbler(self.node).await?;
                what(&cobbler, &target).await
            };
            let tried = tokio::select! {
                tried = tried => tried,
                () = self.cancel.cancelled(), if stoppable => return Err(stopped()),
            };
            let why = match tried {
                Ok(done) => {
                    self.site.waits(self.node, None);
                    return Ok(done);
                }
                Err(why) => why,
            };
            if matches!(&why, CobblerError::Unclear { method: "power_system", .. }) {
                silent += 1;
            }
            if !why.passes() || silent >= POWER_TRIES || Instant::now() >= end {
                return Err(why.said().harmless());
            }
            self.site.waits(self.node, Some(Waits::Link(&why.said().harmless())));
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = self.cancel.cancelled(), if stoppable => return Err(stopped()),
            }
        }
    }

    /// Nothing is changed; what will be is journalled with its old values.
    async fn inspect(&self, run: &ReinstallRun) -> Step {
        let wanted = run.profile.clone();
        let (system, was) = self
            .ask(true, move |cobbler, target| {
                let target = Target { profile: wanted.clone(), ..target.clone() };
                Box::pin(async move {
                    let seen = cobbler.inspect(&target).await?;
                    let arming = cobbler.arm(&seen.system.name, target.profile.as_deref()).await?;
                    let mut was = arming.was;
                    was.insert(POWER.to_owned(), seen.power.word().to_owned());
                    Ok((arming.system, was))
                })
            })
            .await?;
        self.note(&system, was, None).await?;
        Ok(Next::To(Phase::Arm))
    }

    async fn note(
        &self,
        system: &str,
        was: BTreeMap<String, String>,
        server_time: Option<i64>,
    ) -> Result<(), Said> {
        let event = JobEvent::ReinstallArmed { node: self.node, system: system.to_owned(), was, server_time };
        if record(self.site, event).await {
            Ok(())
        } else {
            Err(sentence!("reinstall-no-journal", "the journal refused"))
        }
    }

    /// The system boots from the network next. What is half done by a restart of the server is done again.
    async fn arm(&self, run: &ReinstallRun) -> Step {
        let system = system(run)?;
        let mut wanted = BTreeMap::from([(NETBOOT.to_owned(), "true".to_owned())]);
        if let Some(profile) = run.profile.as_ref().filter(|_| run.was.contains_key(PROFILE)) {
            wanted.insert(PROFILE.to_owned(), profile.clone());
        }
        let arming = Arming { system: system.clone(), was: run.was.clone(), wanted };
        self.ask(false, move |cobbler, _| {
            let arming = arming.clone();
            Box::pin(async move { cobbler.write(&arming).await })
        })
        .await?;
        self.ask(false, |cobbler, _| {
            Box::pin(async move {
                if cobbler.manages_dhcp().await? {
                    let end = cobbler.sync().await?;
                    for warning in end.warnings {
                        tracing::warn!(%warning, "Cobbler's synchronisation");
                    }
                }
                Ok(())
            })
        })
        .await?;
        let clock = self.ask(true, |cobbler, _| Box::pin(cobbler.clock())).await?;
        self.note(&system, BTreeMap::new(), Some(clock)).await?;
        Ok(Next::To(Phase::Power))
    }

    /// Off and on, unless an installer reported already since the machine was armed: then an engine died between the two.
    async fn power(&self, run: &ReinstallRun) -> Step {
        let system = system(run)?;
        let since = run.server_time.unwrap_or(i64::MAX);
        let began = self.progress(&system, since).await;
        if !matches!(began, Ok(Progress::Silent) | Err(_)) {
            return Ok(Next::To(Phase::Install));
        }
        for word in [PowerState::Off, PowerState::On] {
            let system = system.clone();
            self.ask(true, move |cobbler, _| {
                let system = system.clone();
                Box::pin(async move { cobbler.power(&system, word).await })
            })
            .await?;
        }
        Ok(Next::To(Phase::Install))
    }

    async fn progress(&self, system: &str, since: i64) -> Result<Progress, CobblerError> {
        let (cobbler, _) = self.site.cobbler(self.node).await?;
        cobbler.progress(system, since).await
    }

    /// Follows the installer by Cobbler's log and by SSH, whichever comes first: a template need not report.
    async fn install(&mut self, run: &ReinstallRun) -> Step {
        let system = system(run)?;
        let since = run.server_time.unwrap_or(i64::MAX);
        let clock = Clock::new(run);
        let mut disarmed = false;
        loop {
            let progress = self.progress(&system, since).await;
            // From here on a restart must not install it once more; whether it worked is verified in a phase of its own.
            if !disarmed && matches!(progress, Ok(Progress::Installing(_) | Progress::Finished)) {
                disarmed = match self.site.cobbler(self.node).await {
                    Ok((cobbler, _)) => cobbler.disarm(&system).await.is_ok(),
                    Err(_) => false,
                };
            }
            let said = match progress {
                Ok(Progress::Finished) => return Ok(Next::To(Phase::Answer)),
                Ok(Progress::Silent) => {
                    Said::keyed("the installer has not reported to Cobbler yet", "reinstall-silent")
                }
                Ok(Progress::Installing(_)) => Said::keyed("the installer works", "reinstall-works"),
                Ok(Progress::Stalled) => {
                    Said::keyed("Cobbler calls the installation stalled", "reinstall-stalled")
                }
                Err(why) if Cobbler::log_unreadable(&why) => {
                    let text = "Cobbler cannot read its log of installations: only SSH tells when it is done";
                    Said::keyed(text, "reinstall-no-log")
                }
                Err(why) => why.said().harmless(),
            };
            match self.look(&clock, &said).await? {
                Some(fresh) => {
                    self.fresh = Some(fresh);
                    return Ok(Next::To(Phase::Disarm));
                }
                None => self.site.waits(self.node, Some(Waits::Link(&said))),
            }
        }
    }

    /// The installer is done: waits until the fresh system answers.
    async fn answer(&mut self, run: &ReinstallRun) -> Step {
        let clock = Clock::new(run);
        loop {
            let said = "the installer is done; its system does not answer yet";
            if let Some(fresh) = self.look(&clock, &Said::keyed(said, "reinstall-no-answer")).await? {
                self.fresh = Some(fresh);
                return Ok(Next::To(Phase::Disarm));
            }
        }
    }

    /// One look over SSH and a pause. An error: the time is up, or the job was stopped.
    async fn look(&self, clock: &Clock, said: &Said) -> Result<Option<Renewal>, Said> {
        let fresh = tokio::select! {
            fresh = self.site.fresh(self.node) => fresh,
            () = self.cancel.cancelled() => return Err(stopped()),
        };
        let missing = match fresh {
            Ok(fresh) => return Ok(Some(fresh)),
            Err(missing) => missing,
        };
        // An operator may have given it more time.
        let minutes = self.journalled().map_or(0, |run| run.minutes);
        if clock.passed() >= Duration::from_secs(u64::from(minutes) * 60) {
            return Err(sentence!(
                "reinstall-no-fresh",
                "no fresh system within {minutes} minutes: {said}; over SSH: {missing}",
                minutes = minutes; said = said.clone(), missing = missing
            ));
        }
        let text = format!("{said}; over SSH: {missing}");
        let waits = Said::keyed(text, "reinstall-looks").arg("said", said.clone()).arg("missing", missing);
        self.site.waits(self.node, Some(Waits::Link(&waits)));
        tokio::select! {
            () = sleep(LOOK) => Ok(None),
            () = self.cancel.cancelled() => Err(stopped()),
        }
    }

    /// The machine boots its own disk from now on, or its next restart would install it once more.
    async fn disarm(&mut self, run: &ReinstallRun) -> Step {
        let system = system(run)?;
        let fresh = match self.fresh.take() {
            Some(fresh) => fresh,
            // The engine died meanwhile.
            None => match self
                .look(&Clock::new(run), &sentence!("reinstall-seen", "the fresh system was seen before"))
                .await?
            {
                Some(fresh) => fresh,
                None => return Ok(Next::To(Phase::Disarm)),
            },
        };
        let name = system.clone();
        let done = self
            .ask(false, move |cobbler, _| {
                let name = name.clone();
                Box::pin(async move { cobbler.disarm(&name).await })
            })
            .await;
        Ok(Next::End(match done {
            Ok(()) => fresh,
            Err(why) => Renewal::Failed {
                why: sentence!(
                    "reinstall-still-armed",
                    "a fresh system answers, but Cobbler's system '{system}' could not be kept from booting from the network ({why}): switch netboot_enabled off there before the machine is restarted, or it is installed once more",
                    system = system; why = why
                ),
            },
        }))
    }

    /// Writes the old values back, and switches the machine as it was when no installer has touched it.
    async fn restore(&mut self, run: &ReinstallRun) -> Renewal {
        let why = run.why.clone().unwrap_or_else(|| {
            sentence!("reinstall-failed-before", "it failed before the engine was restarted")
        });
        let Ok(system) = system(run) else {
            return Renewal::Failed { why: unchanged(why) };
        };
        let mut left = Vec::new();
        let (name, was) = (system.clone(), run.was.clone());
        let back = self
            .ask(false, move |cobbler, _| {
                let (name, was) = (name.clone(), was.clone());
                Box::pin(async move { cobbler.restore(&name, &was).await })
            })
            .await;
        left.push(match back {
            Ok(()) => {
                sentence!("reinstall-restored", "Cobbler's system '{system}' has its old values again", system = system)
            }
            Err(fault) => {
                let values: Vec<String> = run
                    .was
                    .iter()
                    .filter(|(k, _)| k.as_str() != POWER)
                    .map(|(k, v)| format!("{k}={v}"))
                    .collect();
                sentence!(
                    "reinstall-not-restored",
                    "the old values of Cobbler's system '{system}' could not be written back ({fault}): set {values} there",
                    system = system,
                    values = values.join(", ");
                    fault = fault
                )
            }
        });
        left.push(match run.was.get(POWER).map(String::as_str) {
            _ if run.powered.is_some() => as_it_is(),
            Some("on") => self.back_to(&system, PowerState::On).await,
            Some("off") => self.back_to(&system, PowerState::Off).await,
            _ => as_it_is(),
        });
        let left = list(left);
        Renewal::Failed { why: sentence!("reinstall-undone", "{why}. {left}",; why = why, left = left) }
    }

    async fn back_to(&self, system: &str, power: PowerState) -> Said {
        let word = power.word();
        let done = match self.site.cobbler(self.node).await {
            Ok((cobbler, _)) => cobbler.power(system, power).await,
            Err(why) => Err(why),
        };
        match done {
            Ok(()) => sentence!("reinstall-power-back", "the machine is {word}, as before", word = word),
            Err(why) => sentence!(
                "reinstall-power-unclear",
                "the machine was {word} before and may not be now ({why})",
                word = word; why = why.said().harmless()
            ),
        }
    }
}

fn stopped() -> Said {
    sentence!("reinstall-stopped", "the job was stopped")
}

fn as_it_is() -> Said {
    sentence!("reinstall-as-it-is", "the machine was left as it is")
}

/// Time since the machine was switched on, over the deaths of engines. A clock that jumps while this engine lives changes nothing.
struct Clock {
    before: Duration,
    since: Instant,
}

impl Clock {
    fn new(run: &ReinstallRun) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let now = Moment(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let before = Duration::from_millis(now.since(run.powered.unwrap_or(run.since)));
        Self { before, since: Instant::now() }
    }

    fn passed(&self) -> Duration {
        self.before + self.since.elapsed()
    }
}
