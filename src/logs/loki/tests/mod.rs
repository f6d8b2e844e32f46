//! Tests against recorded exchanges, and against a small server that behaves as Loki was seen to behave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod live;
mod played;
mod pushing;
mod replay;
pub(crate) mod server;
mod tailing;

use crate::domain::loki::{JOB, LokiPlace};
use crate::domain::secret::Secret;

/// Settings for a server of a test.
fn place(url: &str) -> LokiPlace {
    LokiPlace {
        url: url.to_owned(),
        tenant: None,
        user: None,
        password: Secret::default(),
        authority: None,
        push: true,
        job: JOB.into(),
        what: String::new(),
    }
}
