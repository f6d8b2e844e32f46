//! A connection to one Cobbler server: its version, its token, and what it has.

use super::dialect::{Dialect, Version};
use super::error::{CobblerError, FaultKind};
use super::value;
use super::views::{Distro, Mac, Others, Profile, System};
use super::wire::{self, Answer, Login, Timeouts, Wire, text};
use crate::domain::secret::Secret;
use dxr::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use tokio::sync::Mutex;

/// A Cobbler server to which somebody is logged in. Shared by reference; changes and power words go one after the other.
pub struct Cobbler {
    wire: Wire,
    login: Login,
    pub(super) timeouts: Timeouts,
    version: Version,
    dialect: Dialect,
    token: Mutex<Option<Secret>>,
    /// Held while a system is changed: a handle changes the live object, and there is no undo on the server.
    pub(super) changing: Mutex<()>,
    /// Held while a machine is switched: one at a time.
    pub(super) switching: Mutex<()>,
}

impl fmt::Debug for Cobbler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cobbler({:?}, {})", self.login, self.version)
    }
}

impl Cobbler {
    /// Connects, asks for the version and logs in.
    ///
    /// # Errors
    /// What is wrong with the address, the connection, the version or the login.
    pub async fn connect(login: Login, timeouts: Timeouts) -> Result<Self, CobblerError> {
        let wire = Wire::new(&login)?;
        let answer = wire.call("extended_version", Vec::new(), timeouts.call).await?;
        let version = Version::read(&answer.value)
            .ok_or_else(|| CobblerError::NotCobbler { why: "its version has no numbers".to_owned() })?;
        let cobbler = Self {
            wire,
            timeouts,
            version,
            dialect: Dialect::of(version)?,
            token: Mutex::new(None),
            changing: Mutex::new(()),
            switching: Mutex::new(()),
            login,
        };
        cobbler.token(None).await?;
        Ok(cobbler)
    }

    /// The server's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What may be done with this version.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Refuses when this version is only read.
    pub fn may_write(&self) -> Result<(), CobblerError> {
        if self.dialect.writes() {
            Ok(())
        } else {
            Err(CobblerError::ReadOnly { version: self.version.to_string() })
        }
    }

    /// A token: the one there is, or a new one when there is none or it is `dead`.
    async fn token(&self, dead: Option<&Secret>) -> Result<Secret, CobblerError> {
        let mut held = self.token.lock().await;
        if let Some(token) = held.as_ref().filter(|t| Some(*t) != dead) {
            return Ok(token.clone());
        }
        *held = None;
        let params = vec![text(&self.login.user), text(self.login.password.reveal())];
        let answer = match self.wire.call("login", params, self.timeouts.call).await {
            Err(e) if e.fault() == Some(&FaultKind::LoginFailed) => {
                return Err(CobblerError::LoginRefused { user: self.login.user.clone() });
            }
            other => other?.value,
        };
        let token = value::text(&answer).filter(|t| !t.is_empty()).map(Secret::new);
        let token = token.ok_or_else(|| unexpected("login", "a text", &answer))?;
        *held = Some(token.clone());
        Ok(token)
    }

    /// A call that needs no login.
    pub(super) async fn ask(&self, method: &'static str, params: Vec<Value>) -> Result<Value, CobblerError> {
        Ok(self.wire.call(method, params, self.timeouts.call).await?.value)
    }

    /// A call with the token between `before` and `after`. A token that has expired is replaced once; the server did nothing then.
    pub(super) async fn tell(
        &self,
        method: &'static str,
        before: Vec<Value>,
        after: Vec<Value>,
    ) -> Result<Value, CobblerError> {
        let within = if method == "power_system" { self.timeouts.power } else { self.timeouts.call };
        let params = |token: &Secret| {
            let mut all = before.clone();
            all.push(text(token.reveal()));
            all.extend(after.iter().cloned());
            all
        };
        let token = self.token(None).await?;
        match self.wire.call(method, params(&token), within).await {
            Err(e) if e.fault() == Some(&FaultKind::InvalidToken) => {
                let token = self.token(Some(&token)).await?;
                Ok(self.wire.call(method, params(&token), within).await?.value)
            }
            other => Ok(other?.value),
        }
    }

    /// The server's clock in seconds since 1970, from the header `Date`: it and this machine may differ.
    pub async fn clock(&self) -> Result<i64, CobblerError> {
        let Answer { date, .. } = self.wire.call("version", Vec::new(), self.timeouts.call).await?;
        date.ok_or(CobblerError::NoClock)
    }

    /// Operating systems, by name.
    pub async fn distros(&self) -> Result<Vec<Distro>, CobblerError> {
        let mut all: Vec<Distro> = self.items("get_distros").await?.iter().map(Distro::read).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Profiles, by name.
    pub async fn profiles(&self) -> Result<Vec<Profile>, CobblerError> {
        let items = self.items("get_profiles").await?;
        let mut all: Vec<Profile> = items.iter().map(Profile::read).collect();
        if self.dialect == Dialect::V4 {
            let distros = self.items("get_distros").await?;
            let names = |list: &[Value]| -> BTreeMap<String, String> {
                list.iter().map(|i| (value::text_of(i, "uid"), value::text_of(i, "name"))).collect()
            };
            let (distros, profiles) = (names(&distros), names(&items));
            for p in &mut all {
                p.distro = distros.get(&p.distro).cloned().unwrap_or_default();
                p.parent = profiles.get(&p.parent).cloned().unwrap_or_default();
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Systems, by name.
    pub async fn systems(&self) -> Result<Vec<System>, CobblerError> {
        let others = self.others().await?;
        let items = self.items("get_systems").await?;
        let mut all: Vec<System> = items.iter().map(|i| System::read(i, &others)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    async fn others(&self) -> Result<Others, CobblerError> {
        if self.dialect != Dialect::V4 {
            return Ok(Others::default());
        }
        let profiles = self.ask("get_profiles", Vec::new()).await?;
        let interfaces = self.ask("get_network_interfaces", Vec::new()).await?;
        Ok(Others::read(self.dialect, &profiles, &interfaces))
    }

    async fn items(&self, method: &'static str) -> Result<Vec<Value>, CobblerError> {
        list_of(method, self.ask(method, Vec::new()).await?)
    }

    /// One system, or that there is none of that name.
    pub async fn system(&self, name: &str) -> Result<Option<System>, CobblerError> {
        if self.dialect == Dialect::V4 {
            return Ok(self.systems().await?.into_iter().find(|s| s.name == name));
        }
        Ok(self.record(name).await?.map(|item| System::read(&item, &Others::default())))
    }

    /// A system's whole record, with its secrets: never kept, never shown. Nothing is the text `~`, without a fault.
    pub(super) async fn record(&self, name: &str) -> Result<Option<Value>, CobblerError> {
        match self.ask("get_system", vec![text(name)]).await? {
            item @ Value::Struct(_) => Ok(Some(item)),
            Value::String(_) => Ok(None),
            other => Err(unexpected("get_system", "a struct", &other)),
        }
    }

    /// Whether there is a profile of that name.
    pub async fn has_profile(&self, name: &str) -> Result<bool, CobblerError> {
        if self.dialect == Dialect::V4 {
            return Ok(self.profiles().await?.iter().any(|p| p.name == name));
        }
        // `get_profile` answers like `get_system`; `has_item` would take a glob for a name.
        let answer = self.ask("get_profile", vec![text(name)]).await?;
        Ok(value::text_of(&answer, "name") == name)
    }

    /// Which operating systems of a breed this server can install. They depend on its signatures file, so they are never assumed.
    pub async fn os_versions(&self, breed: &str) -> Result<Vec<String>, CobblerError> {
        let answer = self.ask("get_valid_os_versions_for_breed", vec![text(breed)]).await?;
        let mut all: Vec<String> = value::list(&answer).iter().filter_map(value::text).collect();
        all.sort();
        Ok(all)
    }

    /// Names of the systems that have that MAC address, in whatever case it was stored.
    pub async fn owners_of_mac(&self, mac: &Mac) -> Result<BTreeSet<String>, CobblerError> {
        let mut names = self.find("mac_address", mac.as_str()).await?;
        names.extend(self.find("mac_address", &mac.as_str().to_ascii_uppercase()).await?);
        Ok(names)
    }

    /// Names of the systems that have that address.
    pub async fn owners_of_address(&self, address: IpAddr) -> Result<BTreeSet<String>, CobblerError> {
        self.find(if address.is_ipv4() { "ip_address" } else { "ipv6_address" }, &address.to_string()).await
    }

    async fn find(&self, key: &str, wanted: &str) -> Result<BTreeSet<String>, CobblerError> {
        if self.dialect == Dialect::V4 {
            let has = |s: &System| {
                s.interfaces.iter().any(|i| {
                    i.mac.as_ref().is_some_and(|m| m.as_str().eq_ignore_ascii_case(wanted))
                        || i.address.is_some_and(|a| a.to_string() == wanted)
                })
            };
            return Ok(self.systems().await?.into_iter().filter(has).map(|s| s.name).collect());
        }
        let criteria = Value::Struct([(key.to_owned(), text(wanted))].into());
        let answer = self.ask("find_system", vec![criteria, Value::Boolean(false)]).await?;
        match &answer {
            Value::Array(names) => Ok(names.iter().filter_map(value::text).collect()),
            other => Err(unexpected("find_system", "a list", other)),
        }
    }

    /// Whether Cobbler writes the configuration of a DHCP server, so that a changed system needs a synchronisation.
    pub async fn manages_dhcp(&self) -> Result<bool, CobblerError> {
        // The record holds secrets: only these fields are looked at.
        let settings = self.ask("get_settings", Vec::new()).await?;
        let yes = |name: &str| value::field(&settings, name).and_then(value::truth).unwrap_or(false);
        Ok(["manage_dhcp", "manage_dhcp_v4", "manage_dhcp_v6"].into_iter().any(yes))
    }
}

/// An answer of another shape; what is in it is not said.
pub(super) fn unexpected(method: &'static str, wanted: &str, found: &Value) -> CobblerError {
    CobblerError::Unexpected { method, why: format!("{} instead of {wanted}", value::shape(found)) }
}

fn list_of(method: &'static str, answer: Value) -> Result<Vec<Value>, CobblerError> {
    match answer {
        Value::Array(items) => Ok(items),
        other => Err(unexpected(method, "a list", &other)),
    }
}

/// The systems in the text of an answer, as a server of version 3 gives them.
pub fn systems_in(answer: &str) -> Result<Vec<System>, CobblerError> {
    let items = list_of("get_systems", wire::read("get_systems", answer)?)?;
    Ok(items.iter().map(|item| System::read(item, &Others::default())).collect())
}
