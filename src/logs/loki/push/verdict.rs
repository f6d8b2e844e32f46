//! What Loki's answer to a batch means. A pure table; every row of it was seen on a real Loki.
//!
//! | answer | what is done |
//! |---|---|
//! | 2xx | stored |
//! | 400, 422 | never sent again: its good lines are stored. Told and counted |
//! | 400 about the tenant, of a server that wants TLS, of a page (a proxy), of structured metadata that are switched off; 401, 403, 404, 405, a redirection, other 4xx | stop and say so: nothing would ever arrive |
//! | 413 | halves, at once |
//! | 429 "maximum active stream limit" | stop and say so: waiting does not help |
//! | 429 of a rate, for a batch above what a second allows | halves, after a pause: it may be above the burst, and then would be refused for ever |
//! | other 429, 408, 5xx, no answer | the same again after a pause |
//! | 500 "multiple org IDs present" | stop and say so: it is the tenant |

use crate::logs::loki::error::LokiError;
use crate::logs::loki::wire::Reply;

/// What to do with a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Loki has it.
    Stored,
    /// Something in it is refused for good.
    Refused {
        /// How many entries, if Loki counted them.
        entries: Option<u64>,
        /// Loki's words.
        said: String,
    },
    /// The same again, after a pause.
    Again(String),
    /// In halves; after a pause if the time for it is not now.
    Split {
        /// Whether to wait first.
        pause: bool,
        /// Loki's words.
        said: String,
    },
    /// Nothing more until somebody has done something.
    Stop(String),
}

/// What an answer, or none, means.
pub fn judge(outcome: &Result<Reply, LokiError>) -> Verdict {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(why) if why.heals() => return Verdict::Again(why.to_string()),
        Err(why) => return Verdict::Stop(why.to_string()),
    };
    let said = reply.said();
    let fault = || LokiError::of(reply.status, &said, reply.location.as_deref()).to_string();
    match reply.status {
        200..=299 => Verdict::Stored,
        400 if said.starts_with("tenant ID") || of_everything(&said) => Verdict::Stop(fault()),
        400 | 422 => Verdict::Refused { entries: ignored(&reply.body), said },
        413 => Verdict::Split { pause: false, said },
        429 if said.contains("active stream limit") => Verdict::Stop(format!(
            "Loki takes no further streams of this tenant, and waiting does not help: push fewer services, or have max_global_streams_per_user raised ({said})"
        )),
        429 if above_rate(&said) => Verdict::Split { pause: true, said: fault() },
        500 if said.contains("multiple org IDs") => Verdict::Stop(fault()),
        408 | 429 | 500..=599 => Verdict::Again(fault()),
        _ => Verdict::Stop(fault()),
    }
}

/// Whether a 400 is about whatever is sent, and not about entries: a server that wants TLS (Go's words), a proxy's page, and Loki without
/// structured metadata (`allow_structured_metadata`, off by default before schema 13).
fn of_everything(said: &str) -> bool {
    said.starts_with('<')
        || said.contains("HTTP request to an HTTPS server")
        || said.contains("structured metadata, but this feature is disallowed")
}

/// Entries that Loki says it ignored: `total ignored: 1 out of 3`, once a stream.
fn ignored(body: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(body);
    let counts = text.split("total ignored: ").skip(1);
    let mut all = None;
    for count in counts {
        let number: String = count.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(number) = number.parse::<u64>() {
            all = Some(all.unwrap_or(0) + number);
        }
    }
    all
}

/// Whether the batch was more than a second's allowance: `(limit: 52428 bytes/sec) … totaling '152000' bytes`.
fn above_rate(said: &str) -> bool {
    let number = |after: &str| {
        let (_, rest) = said.split_once(after)?;
        rest.chars()
            .skip_while(|c| *c == '\'')
            .take_while(char::is_ascii_digit)
            .collect::<String>()
            .parse::<u64>()
            .ok()
    };
    said.contains("bytes/sec")
        && matches!((number("limit: "), number("totaling ")), (Some(limit), Some(total)) if total > limit)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]

    use super::*;

    fn of(status: u16, body: &str) -> Verdict {
        judge(&Ok(Reply { status, body: body.as_bytes().to_vec(), location: None }))
    }

    #[test]
    fn the_table() {
        assert_eq!(of(204, ""), Verdict::Stored);
        for said in [
            "Client sent an HTTP request to an HTTPS server.",
            "<html><head><title>400 Bad Request</title></head>",
            "stream '{host=\"a\"}' includes structured metadata, but this feature is disallowed. Please see `limits_config.allow_structured_metadata`",
        ] {
            assert!(matches!(of(400, said), Verdict::Stop(_)), "{said}");
        }
        assert_eq!(of(400, "x"), Verdict::Refused { entries: None, said: "x".into() });
        assert!(matches!(of(422, "x"), Verdict::Refused { .. }));
        for status in [401, 403, 404, 405, 301, 418] {
            assert!(matches!(of(status, "no"), Verdict::Stop(_)), "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(of(status, "later"), Verdict::Again(_)), "{status}");
        }
        assert!(matches!(of(413, ""), Verdict::Split { pause: false, .. }));
        let gone = |e: LokiError| judge(&Err(e));
        assert!(matches!(gone(LokiError::Unreachable { why: "refused".into() }), Verdict::Again(_)));
        assert!(matches!(gone(LokiError::Broken { why: "reset".into() }), Verdict::Again(_)));
        assert!(matches!(gone(LokiError::Address { url: "x".into() }), Verdict::Stop(_)));
    }

    #[test]
    fn ignored_entries_are_added_up() {
        assert_eq!(ignored(b"user 'a', total ignored: 1 out of 1 for stream: {}\nuser 'a', total ignored: 12 out of 20 for"), Some(13));
        assert_eq!(ignored(b"has timestamp too old"), None);
    }
}
