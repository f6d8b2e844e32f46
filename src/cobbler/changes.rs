//! Changing a system so that it is either changed or as it was.
//!
//! `modify_system` on an existing system changes the live object at once; only the disk and the boot files wait for `save_system`.
//! There is no way to discard. So after a refusal the old values are written back and nothing half-modified is ever saved.

use super::client::Cobbler;
use super::error::{CobblerError, FaultKind};
use super::value;
use super::wire::{text, yes};
use dxr::Value;
use std::collections::BTreeMap;

/// Attributes with their values as they stand in a job's journal: texts, truth values as `true` and `false`.
pub type Values = BTreeMap<String, String>;

/// All attributes that cpmg changes. None of them is a secret.
pub const ATTRIBUTES: [&str; 2] = ["profile", "netboot_enabled"];

/// The value in a system's record, as the journal writes it.
pub(super) fn old_value(record: &Value, attribute: &str) -> Option<String> {
    let found = value::field(record, attribute)?;
    match attribute {
        "netboot_enabled" => Some(value::truth(found).unwrap_or(false).to_string()),
        _ => Some(value::text(found).unwrap_or_default()),
    }
}

/// The value as Cobbler takes it. `netboot_enabled` takes any text, and takes what it does not know for no.
fn to_wire(attribute: &str, wanted: &str) -> Result<Value, CobblerError> {
    let bad = || CobblerError::BadValue { attribute: attribute.to_owned(), value: wanted.to_owned() };
    match attribute {
        "netboot_enabled" => wanted.parse().map(Value::Boolean).map_err(|_| bad()),
        "profile" if !wanted.is_empty() => Ok(text(wanted)),
        _ => Err(bad()),
    }
}

impl Cobbler {
    /// Writes the attributes of a system, saves it (which also rewrites its boot files), reads it again and compares. Doing it twice
    /// is the same as once. After a refusal the old values are back; after `Unreachable` or `Unclear` the system must be read.
    pub(super) async fn change(&self, name: &str, wanted: &Values) -> Result<(), CobblerError> {
        self.may_write()?;
        let _one_at_a_time = self.changing.lock().await;
        // A server that was restarted between a change and its saving has forgotten the change: the comparison says so.
        match self.change_once(name, wanted).await {
            Err(CobblerError::Mismatch { .. }) => self.change_once(name, wanted).await,
            other => other,
        }
    }

    async fn change_once(&self, name: &str, wanted: &Values) -> Result<(), CobblerError> {
        let mut steps = Vec::new();
        for (attribute, value) in wanted {
            steps.push((attribute.as_str(), to_wire(attribute, value)?));
        }
        let record =
            self.record(name).await?.ok_or_else(|| CobblerError::NoSystem { name: name.to_owned() })?;
        let handle = self.handle(name).await?;
        let mut begun: Values = Values::new();
        for (attribute, value) in steps {
            if let Some(old) = old_value(&record, attribute) {
                begun.insert(attribute.to_owned(), old);
            }
            if let Err(why) = self.modify(&handle, attribute, value).await {
                return Err(self.taken_back(name, &handle, &begun, why).await);
            }
        }
        if let Err(why) = self.save(&handle, "bypass").await {
            return Err(self.taken_back(name, &handle, &begun, why).await);
        }
        self.compare(name, wanted).await
    }

    /// Writes old values back after a change that failed, and says what became of that. A fault of the connection is left to whoever
    /// reads the system again: nothing was saved.
    async fn taken_back(&self, name: &str, handle: &str, old: &Values, why: CobblerError) -> CobblerError {
        if why.passes() || old.is_empty() {
            return why;
        }
        let back = async {
            for (attribute, value) in old {
                // What was empty cannot be written; then it was not changed either.
                if let Ok(value) = to_wire(attribute, value) {
                    self.modify(handle, attribute, value).await?;
                }
            }
            // The disk has the old values already; saving them keeps the boot files and other users in step.
            match self.save(handle, "bypass").await {
                Err(e) if e.fault() != Some(&FaultKind::Disk) => return Err(e),
                _ => {}
            }
            self.compare(name, old).await
        };
        match back.await {
            Ok(()) => why,
            Err(e) => CobblerError::HalfWritten {
                system: name.to_owned(),
                attributes: old.keys().cloned().collect::<Vec<_>>().join(", "),
                why: why.to_string(),
                back: e.to_string(),
            },
        }
    }

    /// Reads the system again and compares.
    pub(super) async fn compare(&self, name: &str, wanted: &Values) -> Result<(), CobblerError> {
        let record =
            self.record(name).await?.ok_or_else(|| CobblerError::NoSystem { name: name.to_owned() })?;
        for (attribute, wanted) in wanted {
            let found = old_value(&record, attribute).unwrap_or_default();
            if found != *wanted {
                return Err(CobblerError::Mismatch {
                    system: name.to_owned(),
                    attribute: attribute.clone(),
                    wanted: wanted.clone(),
                    found,
                });
            }
        }
        Ok(())
    }

    /// The handle of an existing system.
    pub(super) async fn handle(&self, name: &str) -> Result<String, CobblerError> {
        match self.tell("get_system_handle", vec![text(name)], Vec::new()).await {
            Err(e) if e.fault() == Some(&FaultKind::NoSystem) => {
                Err(CobblerError::NoSystem { name: name.to_owned() })
            }
            other => {
                let answer = other?;
                value::text(&answer)
                    .ok_or_else(|| super::client::unexpected("get_system_handle", "a text", &answer))
            }
        }
    }

    /// Changes one attribute behind a handle. An attribute that Cobbler does not know is `False`, not a fault.
    pub(super) async fn modify(
        &self,
        handle: &str,
        attribute: &str,
        value: Value,
    ) -> Result<(), CobblerError> {
        let answer =
            self.tell("modify_system", vec![text(handle), text(attribute), value], Vec::new()).await?;
        yes(&answer, || format!("attribute '{attribute}'"))
    }

    /// Saves what is behind a handle: `new`, or `bypass` for an existing system.
    pub(super) async fn save(&self, handle: &str, mode: &str) -> Result<(), CobblerError> {
        let answer = self.tell("save_system", vec![text(handle)], vec![text(mode)]).await?;
        yes(&answer, || "saving the system".to_owned())
    }
}
