//! Everything that proofs made is removed, in an order in which each thing lets the next go.

use super::climb::{Climb, Good, PAUSE, Red};
use crate::cloud::{CloudError, Thing, ThingKind};
use crate::domain::proof::{PREFIX, RungKind, Said};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a service may be silent, or a thing stay that was to go, before the rest is removed without it: one that hangs must not keep
/// the proof for a quarter of an hour. What stays is named, and the next proof removes it.
const EACH: Duration = Duration::from_mins(3);

/// The service that keeps such things.
fn keeper(kind: ThingKind) -> &'static str {
    match kind {
        ThingKind::Instance | ThingKind::Key | ThingKind::Flavor => "compute",
        ThingKind::Volume => "volume",
        ThingKind::Floating | ThingKind::Router | ThingKind::Network | ThingKind::Rules => "network",
        ThingKind::Image => "image",
    }
}

impl Climb {
    /// Removes everything that this proof and earlier ones made.
    pub async fn cleanup(&mut self) -> Result<Good, Red> {
        if self.cloud.is_none() {
            return Ok(Good::Skipped(Said::new("cleanup-nothing")));
        }
        // The token may be as old as the proof.
        if self.age() > 1200 {
            match self.login().await {
                Ok(fresh) => self.cloud = Some(fresh),
                Err(why) => tracing::warn!(%why, "no fresh token for removing what a proof made"),
            }
        }
        let count = self.remove_all(RungKind::Cleanup).await?;
        Ok(Good::Passed(vec![Said::new("cleanup-good").with("count", count)]))
    }

    /// Removes all that carries the name of a proof, and waits until it is gone; how many things that were.
    pub async fn remove_all(&mut self, rung: RungKind) -> Result<usize, Red> {
        let Some(cloud) = self.cloud.clone() else { return Ok(0) };
        let patience = Instant::now() + Duration::from_secs(u64::from(RungKind::Cleanup.ceiling_s(0)) - 60);
        let mut count = 0;
        let mut faults: BTreeMap<Thing, CloudError> = BTreeMap::new();
        let mut silent: BTreeMap<&str, Instant> = BTreeMap::new();
        let mut given_up: BTreeMap<&str, CloudError> = BTreeMap::new();
        for kind in ThingKind::ALL {
            let mut asked: BTreeMap<String, Instant> = BTreeMap::new();
            let patience = patience.min(Instant::now() + EACH);
            loop {
                let listed = match given_up.get(keeper(kind)) {
                    Some(why) => Err(CloudError::clone(why)),
                    None => cloud.things(kind, PREFIX).await,
                };
                let there = match listed {
                    Ok(there) => {
                        silent.remove(keeper(kind));
                        there
                    }
                    Err(why)
                        if why.is_passing()
                            && Instant::now() < patience
                            && silent.entry(keeper(kind)).or_insert_with(Instant::now).elapsed() < EACH =>
                    {
                        self.tell(rung, Said::new("waits").with("why", why));
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                    // One service that does not answer must not keep the others' things.
                    Err(why) => {
                        let all = Thing {
                            kind,
                            id: String::new(),
                            name: format!("{kind:?} (not listed)").to_lowercase(),
                        };
                        if why.is_passing() {
                            given_up.insert(keeper(kind), why.clone());
                        }
                        faults.insert(all, why);
                        break;
                    }
                };
                faults.retain(|t, _| t.kind != kind || there.contains(t));
                if there.is_empty() {
                    break;
                }
                if Instant::now() > patience {
                    for thing in there {
                        faults.entry(thing).or_insert_with(|| CloudError::Odd {
                            service: "the cloud".into(),
                            what: "DELETE".into(),
                            why: "it was accepted, but the thing is still there".into(),
                        });
                    }
                    break;
                }
                let left = Said::new("cleanup-waits").with("count", there.len());
                self.tell(rung, left);
                for thing in there {
                    // An instance takes a while to go; it is asked again in case the first request was lost.
                    if asked.get(&thing.id).is_some_and(|at| at.elapsed() < Duration::from_secs(20)) {
                        continue;
                    }
                    count += usize::from(!asked.contains_key(&thing.id));
                    match cloud.remove(&thing).await {
                        Ok(()) => {
                            asked.insert(thing.id.clone(), Instant::now());
                            faults.remove(&thing);
                        }
                        Err(why) => {
                            asked.entry(thing.id.clone()).or_insert_with(|| {
                                Instant::now()
                                    .checked_sub(Duration::from_secs(17))
                                    .unwrap_or_else(Instant::now)
                            });
                            faults.insert(thing, why);
                        }
                    }
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }
        if faults.is_empty() {
            self.left.clear();
            return Ok(count);
        }
        self.left = faults.keys().map(|t| t.name.clone()).collect();
        let mut red = Red::new(Said::new("cleanup-left").with("names", self.left.join(", ")));
        for (thing, why) in faults {
            red.said.push(Said::new("cleanup-why").with("name", thing.name).with("why", &why));
            red.marks.extend(why.request_id().map(str::to_owned));
        }
        Err(red)
    }
}
