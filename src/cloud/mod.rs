//! OpenStack's own APIs, over a connection of SSH to a controller.
//!
//! The addresses of a cloud's services are often reachable from its controller only, and the names in Keystone's catalogue are known
//! there. So each request is one HTTP/1.1 connection through a channel of an SSH session ([`Http`], `http`), opened by the controller.
//! [`Cloud`] adds a token and the catalogue (`identity`); `compute`, `network`, `image` and `volume` are the few calls that cpmg needs,
//! and `things` finds and removes what carries a name.
//!
//! What services answer is read leniently: a field that is missing is blank, an answer that is no JSON is an error that names service,
//! request and how to go on ([`CloudError`]). Never here: what a proof is made of (`domain::proof`), stored passwords.

mod compute;
mod error;
mod http;
mod identity;
mod image;
mod network;
#[cfg(test)]
mod tests;
mod things;
mod volume;

pub use compute::{FlavorSpec, Instance, InstanceSpec};
pub use error::CloudError;
pub use http::{BODY_LIMIT, Http, Place};
pub use identity::{Cloud, Login};
pub use image::Upload;
pub use network::{Net, Subnet};
pub use things::{Thing, ThingKind};

use serde_json::Value;

/// A text field, blank where it is missing or no text.
fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::Bool(b)) => b.to_string(),
        _ => String::new(),
    }
}

/// A list field, empty where it is missing or no list.
fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
