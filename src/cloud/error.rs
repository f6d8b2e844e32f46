//! What can go wrong between cpmg and a cloud's API, each with what to do about it.

use crate::domain::text::harmless;
use crate::ssh::SshError;
use serde_json::Value;

/// Characters of a service's own words that are told.
const SAID_MAX: usize = 300;

/// A fault of a call. `Display` is the sentence for the operator.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CloudError {
    /// Nothing listens there, as seen from the controller.
    #[error(
        "{service} does not listen at {place} (asked from {from}: {why}): see that its unit runs, and that this name leads to the controller in its hosts file"
    )]
    Unreachable {
        /// Which service.
        service: String,
        /// Host and port.
        place: String,
        /// Address of the controller.
        from: String,
        /// Details.
        why: String,
    },
    /// The connection broke, more than once.
    #[error(
        "{service} broke the connection off while answering '{what}' ({why}): look whether its workers die, in its log"
    )]
    Broken {
        /// Which service.
        service: String,
        /// The request.
        what: String,
        /// Details.
        why: String,
    },
    /// No answer in time.
    #[error(
        "{service} did not answer '{what}' within {seconds} s: look at its log, and whether it reaches its database and RabbitMQ"
    )]
    Timeout {
        /// Which service.
        service: String,
        /// The request.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// A status of 400 or more.
    #[error("{service} refused '{what}' with status {status}{}: {said}{}", request(.id), hint(*.status))]
    Refused {
        /// Which service.
        service: String,
        /// The request.
        what: String,
        /// Status of HTTP.
        status: u16,
        /// Identity of the request, as it stands in the service's log; blank if none was told.
        id: String,
        /// The service's own words, harmless and cut.
        said: String,
    },
    /// An answer that cannot be used.
    #[error(
        "the answer of {service} to '{what}' cannot be used ({why}): look at its log, and whether something else listens on its port"
    )]
    Odd {
        /// Which service.
        service: String,
        /// The request.
        what: String,
        /// Details.
        why: String,
    },
    /// The catalogue does not have it.
    #[error(
        "Keystone's catalogue has no public address of {service}{region}: its endpoint was not registered"
    )]
    NoEndpoint {
        /// Type of the service.
        service: String,
        /// ` in REGION`, or blank.
        region: String,
    },
    /// A URL that cannot be used.
    #[error("the address {url} of {service} cannot be used: {why}")]
    Url {
        /// Which service.
        service: String,
        /// As it stands in the catalogue.
        url: String,
        /// Details.
        why: String,
    },
    /// A file of the management host.
    #[error("the image {path} cannot be read: {why}")]
    File {
        /// Path.
        path: String,
        /// Details.
        why: String,
    },
    /// The connection to the controller.
    #[error(transparent)]
    Ssh(#[from] SshError),
}

impl CloudError {
    /// Status of HTTP, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        if let Self::Refused { status, .. } = self { Some(*status) } else { None }
    }

    /// Identity of the request in the service's log.
    pub fn request_id(&self) -> Option<&str> {
        if let Self::Refused { id, .. } = self {
            Some(id).filter(|i| !i.is_empty()).map(String::as_str)
        } else {
            None
        }
    }

    /// Whether trying again a little later may help without anybody changing anything.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Timeout { .. } => true,
            Self::Refused { status, .. } => matches!(status, 409 | 429 | 500 | 502 | 503 | 504),
            Self::Ssh(fault) => fault.is_passing(),
            _ => false,
        }
    }
}

fn request(id: &str) -> String {
    if id.is_empty() { String::new() } else { format!(" (request {id})") }
}

fn hint(status: u16) -> &'static str {
    match status {
        401 => {
            "; the password that cpmg keeps is not the one that Keystone knows, or the service cannot check tokens"
        }
        403 => "; a quota or a policy forbids it",
        404 => "; it is not there (any more), or the service is of another version",
        409 => "; something of that name or address is there already, or there is none left",
        413 | 429 => "; there are too many requests or a quota is used up",
        500 => "; the service's log says why, under that request",
        502..=504 => "; what stands behind it does not answer: see that its unit runs",
        _ => "",
    }
}

/// What a service says about a refusal: the message in one of the shapes that OpenStack's services use, else its first words.
pub(super) fn said(body: &[u8]) -> String {
    let cut = |s: &str| {
        let line = harmless(s).split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(SAID_MAX).collect::<String>()
    };
    let message = |v: &Value| {
        ["message", "detail", "description", "faultstring"]
            .iter()
            .find_map(|k| v.get(k).and_then(Value::as_str).filter(|s| !s.is_empty()).map(str::to_owned))
    };
    let found = serde_json::from_slice::<Value>(body).ok().and_then(|value| {
        let inside = value.as_object().into_iter().flat_map(|o| o.values()).find_map(|v| match v {
            Value::Object(_) => message(v),
            Value::Array(all) => all.first().and_then(message),
            _ => None,
        });
        // `{"NeutronError": "text"}` and `{"error_message": "…"}`.
        let plain = || value.as_object().and_then(|o| o.values().find_map(Value::as_str)).map(str::to_owned);
        message(&value).or(inside).or_else(plain)
    });
    let text = found.unwrap_or_else(|| without_tags(&String::from_utf8_lossy(body)));
    let text = cut(text.trim_end().trim_end_matches('.'));
    if text.is_empty() { "it gives no reason".to_owned() } else { text }
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars().take(4096) {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_every_service() {
        for (body, words) in [
            (
                r#"{"itemNotFound": {"code": 404, "message": "Instance x could not be found."}}"#,
                "Instance x could not be found",
            ),
            (
                r#"{"NeutronError": {"type": "IpAddressGenerationFailure", "message": "No more IP addresses available on network n.", "detail": ""}}"#,
                "No more IP addresses available on network n",
            ),
            (
                r#"{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#,
                "The request you have made requires authentication",
            ),
            (
                r#"{"errors": [{"status": 409, "title": "Conflict", "detail": "There was a conflict"}]}"#,
                "There was a conflict",
            ),
            (r#"{"message": "flat", "code": "400 Bad Request"}"#, "flat"),
            (
                "<html><head><title>500 Internal Server Error</title></head><body>x</body></html>",
                "500 Internal Server Error x",
            ),
            ("\u{1b}[2Jhostile\nwords", "hostile words"),
            ("", "it gives no reason"),
        ] {
            assert_eq!(said(body.as_bytes()), words, "{body}");
        }
        assert!(said("x".repeat(9000).as_bytes()).len() <= SAID_MAX);
    }
}
