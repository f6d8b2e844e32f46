//! The phases of a reinstallation, each of which can be repeated: whoever drives them journals where it stands between two of them.
//!
//! [`Cobbler::inspect`] changes nothing. [`Cobbler::arm`] says what will be changed, with the old values, and changes nothing either, so that the
//! old values are in a journal before [`Cobbler::write`]. Then [`Cobbler::sync`] where Cobbler manages DHCP, [`Cobbler::power`] off and on,
//! [`Cobbler::progress`] until the installer is done, [`Cobbler::disarm`]; after a failure [`Cobbler::restore`].

use super::changes::{ATTRIBUTES, Values, old_value};
use super::client::{Cobbler, unexpected};
use super::error::{CobblerError, FaultKind};
use super::power::PowerState;
use super::value;
use super::views::{Distro, Mac, Profile, System};
use super::wire::text;
use dxr::Value;
use std::net::IpAddr;

/// Most parents of a profile that are followed.
const PARENTS_MAX: usize = 10;

/// A machine that is to be installed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Cobbler's name of the system; `None`: the one with its MAC address, or else with its address.
    pub system: Option<String>,
    /// Its MAC addresses, as far as known.
    pub macs: Vec<Mac>,
    /// Its address.
    pub address: Option<IpAddr>,
    /// The profile that is to be installed; `None`: the one that the system has.
    pub profile: Option<String>,
}

/// What Cobbler knows about it, before anything is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The system.
    pub system: System,
    /// The profile that will be installed.
    pub profile: String,
    /// The operating system of that profile, if Cobbler says.
    pub distro: Option<Distro>,
    /// Whether the machine runs.
    pub power: PowerState,
    /// Whether a synchronisation is needed after a change.
    pub manages_dhcp: bool,
}

/// What will be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arming {
    /// Cobbler's name of the system.
    pub system: String,
    /// The attributes with their old values. To be journalled before [`Cobbler::write`].
    pub was: Values,
    /// The same attributes with their new values.
    pub wanted: Values,
}

/// How far the installer is, as Cobbler knows. It never says that one failed: a deadline is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The installer has not reported yet.
    Silent,
    /// It began at that second of the server's clock.
    Installing(i64),
    /// It has finished.
    Finished,
    /// It began more than 100 minutes ago and has not finished.
    Stalled,
}

impl Cobbler {
    /// The name of the one system that has the machine's MAC address; when none has, of the one that has its address.
    pub async fn locate(&self, macs: &[Mac], address: Option<IpAddr>) -> Result<String, CobblerError> {
        let mut names = std::collections::BTreeSet::new();
        for mac in macs {
            names.extend(self.owners_of_mac(mac).await?);
        }
        if let (true, Some(address)) = (names.is_empty(), address) {
            names = self.owners_of_address(address).await?;
        }
        let what =
            macs.first().map(ToString::to_string).or(address.map(|a| a.to_string())).unwrap_or_default();
        let mut all = names.into_iter();
        match (all.next(), all.next()) {
            (Some(name), None) => Ok(name),
            (None, _) => Err(CobblerError::NoSystem { name: what }),
            (Some(one), Some(other)) => {
                Err(CobblerError::Taken { what, system: format!("{one}' and to '{other}") })
            }
        }
    }

    /// Looks whether the machine can be installed anew: its system is this machine's and nobody else's, the profile is there, and the power
    /// agent answers. Changes nothing.
    pub async fn inspect(&self, target: &Target) -> Result<Inspection, CobblerError> {
        self.may_write()?;
        let name = match &target.system {
            Some(name) => name.clone(),
            None => self.locate(&target.macs, target.address).await?,
        };
        let system =
            self.system(&name).await?.ok_or_else(|| CobblerError::NoSystem { name: name.clone() })?;
        if !target.macs.is_empty() && !target.macs.iter().any(|m| system.has_mac(m)) {
            let what = target.macs.iter().map(Mac::as_str).collect::<Vec<_>>().join(" or ");
            return Err(CobblerError::OtherMachine { name, what });
        }
        let known = match target.address {
            Some(address) => system.has_address(address),
            None => true,
        };
        if target.macs.is_empty() && !known {
            let what = target.address.map(|a| a.to_string()).unwrap_or_default();
            return Err(CobblerError::OtherMachine { name, what });
        }
        self.nobody_elses(&name, &target.macs, target.address).await?;
        let profile = match &target.profile {
            Some(profile) => profile.clone(),
            None => system.profile.clone(),
        };
        if profile.is_empty() {
            return Err(CobblerError::WithoutProfile { name });
        }
        let profiles = self.profiles().await?;
        if !profiles.iter().any(|p| p.name == profile) {
            return Err(CobblerError::NoProfile { name: profile });
        }
        let distro = distro_of(&profile, &profiles, self.distros().await?);
        let power = self.power_status(&name).await?;
        Ok(Inspection { system, profile, distro, power, manages_dhcp: self.manages_dhcp().await? })
    }

    /// What has to be changed so that the machine is installed anew, with the old values. Changes nothing.
    pub async fn arm(&self, system: &str, profile: Option<&str>) -> Result<Arming, CobblerError> {
        self.may_write()?;
        let record =
            self.record(system).await?.ok_or_else(|| CobblerError::NoSystem { name: system.to_owned() })?;
        let mut wanted = Values::from([("netboot_enabled".to_owned(), "true".to_owned())]);
        let mut was = Values::new();
        if let Some(profile) = profile {
            wanted.insert("profile".to_owned(), profile.to_owned());
        }
        // What is the same already is not changed, and so never written back.
        wanted.retain(|attribute, value| match old_value(&record, attribute) {
            Some(old) if attribute == "profile" && old == *value => false,
            old => {
                was.insert(attribute.clone(), old.unwrap_or_default());
                true
            }
        });
        Ok(Arming { system: system.to_owned(), was, wanted })
    }

    /// Writes, saves, reads again and compares.
    pub async fn write(&self, arming: &Arming) -> Result<(), CobblerError> {
        self.change(&arming.system, &arming.wanted).await
    }

    /// Has the machine start from its own disk from now on, and verifies that.
    pub async fn disarm(&self, system: &str) -> Result<(), CobblerError> {
        self.change(system, &Values::from([("netboot_enabled".to_owned(), "false".to_owned())])).await
    }

    /// Writes old values back and verifies them. Attributes that cpmg does not change are not touched, whatever is in `was`.
    pub async fn restore(&self, system: &str, was: &Values) -> Result<(), CobblerError> {
        let ours = |(attribute, old): &(&String, &String)| {
            ATTRIBUTES.contains(&attribute.as_str()) && !(attribute.as_str() == "profile" && old.is_empty())
        };
        let old: Values = was.iter().filter(ours).map(|(a, v)| (a.clone(), v.clone())).collect();
        if old.is_empty() { Ok(()) } else { self.change(system, &old).await }
    }

    /// How far the installer is. Only an installation that began at or after `since` (seconds since 1970 on the server's clock, see
    /// [`Cobbler::clock`]) counts: old ones stay in Cobbler's log for ever.
    pub async fn progress(&self, system: &str, since: i64) -> Result<Progress, CobblerError> {
        // The token is needed, although the signature says otherwise.
        let answer = self.tell("get_status", vec![text("normal")], Vec::new()).await?;
        match &answer {
            Value::Struct(_) => Ok(newest(&answer, system, since)),
            other => Err(unexpected("get_status", "a struct", other)),
        }
    }

    /// Whether this error only says that Cobbler cannot read its log of installations: SSH alone can tell then.
    pub fn log_unreadable(error: &CobblerError) -> bool {
        error.fault() == Some(&FaultKind::StatusUnreadable)
    }
}

/// The newest installation of a system. Entries are kept by the address from which the installer reported, which an address translation
/// changes, so the values are searched.
fn newest(status: &Value, system: &str, since: i64) -> Progress {
    let target = format!("system:{system}");
    let entries = value::members(status).filter_map(|(_, entry)| {
        let entry = value::list(entry);
        let at = |i: usize| entry.get(i);
        if at(2).and_then(value::text).as_deref() != Some(target.as_str()) {
            return None;
        }
        let start = at(0).and_then(value::number)?;
        let stop = at(1).and_then(value::number).unwrap_or(-1.0);
        Some((start, stop, at(5).and_then(value::text).unwrap_or_default()))
    });
    let fresh = entries.filter(|(start, ..)| value::seconds(*start).is_some_and(|s| s >= since));
    match fresh.max_by(|a, b| a.0.total_cmp(&b.0)) {
        None => Progress::Silent,
        // Within one second Cobbler goes on saying "installing", so its word alone does not count.
        Some((start, stop, word)) if word == "finished" || (stop > 0.0 && stop >= start) => {
            Progress::Finished
        }
        Some((.., word)) if word.contains("stalled") => Progress::Stalled,
        Some((start, ..)) => Progress::Installing(value::seconds(start).unwrap_or(since)),
    }
}

/// The distro of a profile, or of its nearest parent that has one.
fn distro_of(profile: &str, profiles: &[Profile], distros: Vec<Distro>) -> Option<Distro> {
    let mut name = profile;
    for _ in 0..PARENTS_MAX {
        let found = profiles.iter().find(|p| p.name == name)?;
        if !found.distro.is_empty() {
            return distros.into_iter().find(|d| d.name == found.distro);
        }
        name = &found.parent;
    }
    None
}
