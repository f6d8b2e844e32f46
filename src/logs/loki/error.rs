//! What can go wrong with Loki, in words that say what to do.

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LokiError {
    /// The environment has none.
    #[error("this environment has no Loki: say where it is with 'cpmg loki set'")]
    NotSet,
    /// The address cannot be used.
    #[error("'{url}' is not the address of a Loki: write http(s)://HOST:PORT")]
    Address {
        /// As typed, without a password.
        url: String,
    },
    /// The certificates of the authority cannot be used.
    #[error("the certificates of the authority cannot be used: {why}")]
    Authority {
        /// What is wrong with them.
        why: String,
    },
    /// Nobody answers there.
    #[error("Loki does not answer: {why}; look whether it runs, and whether this machine reaches it")]
    Unreachable {
        /// What happened.
        why: String,
    },
    /// It answered, and not to the end or not in time.
    #[error("Loki's answer broke off: {why}")]
    Broken {
        /// What happened.
        why: String,
    },
    /// 401 with Loki's own words.
    #[error("Loki wants a tenant and got none: set one with 'cpmg loki set --tenant'")]
    NoTenant,
    /// 401 or 403.
    #[error(
        "Loki, or what stands before it, refuses this user or tenant ({status} {said}): set user and password anew"
    )]
    Login {
        /// HTTP status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// 404, 405, a redirection, a page.
    #[error("this is no Loki: {why}; the address is the part before /loki/api/v1")]
    NotLoki {
        /// What was found.
        why: String,
    },
    /// 400: the request is wrong, usually the query.
    #[error("Loki refuses: {said}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Loki's sentence.
        said: String,
    },
    /// 429.
    #[error("Loki is asked too much: {said}")]
    TooMuch {
        /// Loki's sentence.
        said: String,
    },
    /// 5xx.
    #[error("Loki failed ({status}): {said}")]
    Failed {
        /// HTTP status.
        status: u16,
        /// Loki's sentence.
        said: String,
    },
    /// Not what Loki documents.
    #[error("Loki answered something unexpected: {why}")]
    Odd {
        /// What was odd.
        why: String,
    },
}

impl LokiError {
    /// Of an answer that is none of success. `location` is where a redirection leads.
    pub fn of(status: u16, said: &str, location: Option<&str>) -> Self {
        let said = said.to_owned();
        match status {
            300..=399 => Self::NotLoki {
                why: format!(
                    "it sends elsewhere, to {}",
                    location.unwrap_or("a place that it does not name")
                ),
            },
            401 if said.contains("no org id") => Self::NoTenant,
            401 | 403 | 407 => Self::Login { status, said },
            404 | 405 => Self::NotLoki { why: format!("HTTP {status} {said}") },
            429 => Self::TooMuch { said },
            500..=599 if said.contains("multiple org IDs") => Self::Refused { status, said },
            500..=599 => Self::Failed { status, said },
            _ => Self::Refused { status, said },
        }
    }

    /// Whether it may go away by waiting.
    pub fn heals(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Broken { .. } | Self::TooMuch { .. } | Self::Failed { .. }
        )
    }
}
