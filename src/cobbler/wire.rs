//! One call, one answer: XML-RPC over HTTP or HTTPS.
//!
//! Each call has a connection of its own (cobblerd closes it anyway), so a call is never sent again behind our back. An error says
//! whether the call was sent: `Unreachable` was not, `Unclear` may have been done. Proxies of the environment are not used, and
//! redirections are not followed: a call carries a password or a token.

use super::error::{CobblerError, Fault};
use super::{redact, value};
use crate::domain::secret::Secret;
use crate::domain::text::{causes, without_login as shown};
use dxr::{FaultResponse, MethodCall, MethodResponse, Value};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::fmt;
use std::time::Duration;

/// The longest answer that is taken, in bytes: some 8,000 systems.
const ANSWER_MAX: usize = 64 << 20;
/// Most elements inside each other; Cobbler's are some 20 deep.
const DEPTH_MAX: usize = 100;
/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Where the server is, and as whom to log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// `http(s)://HOST/cobbler_api`, or `http://127.0.0.1:25151/` on the server itself or through a tunnel.
    pub url: String,
    /// The user.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// Certificates (PEM) of the authority that signed the server's; `None` takes those that this machine trusts.
    pub authority: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({} at {})", self.user, shown(&self.url))
    }
}

/// How long to wait for answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For what Cobbler answers by itself.
    pub call: Duration,
    /// For a word to a power agent, which is tried three times: at least a minute on real servers.
    pub power: Duration,
    /// For a task such as a synchronisation to end.
    pub task: Duration,
    /// Between two looks at something that takes time.
    pub pause: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            call: Duration::from_mins(1),
            power: Duration::from_mins(2),
            task: Duration::from_mins(5),
            pause: Duration::from_secs(2),
        }
    }
}

/// An answer.
pub struct Answer {
    /// What it says.
    pub value: Value,
    /// The server's clock, in seconds since 1970.
    pub date: Option<i64>,
}

/// A server to which calls go.
pub struct Wire {
    http: reqwest::Client,
    url: reqwest::Url,
}

impl Wire {
    /// Reads the address and the certificates; connects to nothing yet.
    pub fn new(login: &Login) -> Result<Self, CobblerError> {
        let wrong = || CobblerError::Address { url: shown(&login.url) };
        let url = reqwest::Url::parse(login.url.trim()).map_err(|_| wrong())?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || !plain {
            return Err(wrong());
        }
        // The first one wins; it is the same each time.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT)
            .user_agent(concat!("cpmg/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = &login.authority {
            let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|e| CobblerError::Authority { why: chain(&e) })?;
            if certificates.is_empty() {
                return Err(CobblerError::Authority { why: "there is no certificate in it".to_owned() });
            }
            builder = builder.tls_certs_only(certificates);
        }
        let http = builder.build().map_err(|e| CobblerError::Authority { why: chain(&e) })?;
        Ok(Self { http, url })
    }

    /// Calls a method. `within` is the time for the whole of it.
    pub async fn call(
        &self,
        method: &'static str,
        params: Vec<Value>,
        within: Duration,
    ) -> Result<Answer, CobblerError> {
        let body = MethodCall { name: method.into(), params }.to_xml().map_err(|_| {
            CobblerError::Unexpected { method, why: "the call cannot be written as XML".to_owned() }
        })?;
        let failed = |e: reqwest::Error| {
            let why =
                if e.is_timeout() { format!("nothing within {} s", within.as_secs_f64()) } else { chain(&e) };
            if e.is_connect() {
                CobblerError::Unreachable { why }
            } else {
                CobblerError::Unclear { method, why }
            }
        };
        let request =
            self.http.post(self.url.clone()).header("Content-Type", "text/xml").timeout(within).body(body);
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            return Err(CobblerError::NotCobbler { why: format!("HTTP {}", status.as_u16()) });
        }
        let date = response.headers().get("date").and_then(|d| d.to_str().ok()).and_then(clock);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > ANSWER_MAX {
                return Err(CobblerError::NotCobbler {
                    why: format!("an answer of more than {} MiB", ANSWER_MAX >> 20),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        read(method, &String::from_utf8_lossy(&bytes)).map(|value| Answer { value, date })
    }
}

/// Reads an answer: a value or a fault, which comes with HTTP 200, too.
pub fn read(method: &'static str, xml: &str) -> Result<Value, CobblerError> {
    let stranger = |why: &str| CobblerError::NotCobbler {
        why: format!("{why} instead of an answer in XML-RPC to {method}"),
    };
    if !xml.contains("<methodResponse>") {
        return Err(stranger("a page"));
    }
    if is_too_deep(xml) {
        return Err(stranger("something too deep"));
    }
    // The crate's errors quote what they read: they are not passed on.
    if let Ok(answer) = MethodResponse::from_xml(xml) {
        return Ok(answer.value);
    }
    match FaultResponse::from_xml(xml) {
        Ok(answer) => Err(CobblerError::Fault(Fault::parse(answer.fault.string()))),
        Err(_) => Err(stranger("something unreadable")),
    }
}

/// Whether elements are inside each other more than [`DEPTH_MAX`] deep, as the reader sees them that goes down as deep.
fn is_too_deep(xml: &str) -> bool {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    (config.check_end_names, config.allow_unmatched_ends) = (false, true);
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) if depth == DEPTH_MAX => return true,
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

/// Reads the header `Date`.
fn clock(header: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(header).ok().map(|z| z.timestamp().as_second())
}

/// An error with what caused it, without addresses and secrets.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    redact::text(&causes(error))
}

/// A text as a parameter.
pub fn text(s: impl Into<String>) -> Value {
    Value::String(s.into())
}

/// The truth value that an answer must be. Cobbler says `False` when it did nothing.
pub fn yes(answer: &Value, what: impl FnOnce() -> String) -> Result<(), CobblerError> {
    match value::truth(answer) {
        Some(true) => Ok(()),
        _ => Err(CobblerError::Ignored { what: what() }),
    }
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

    #[test]
    fn strange_answers_are_refused_without_quoting_them() {
        let deep = format!("<methodResponse>{}", "<value><array><data>".repeat(10_000));
        let hides = |value: &str| {
            let arrays = format!("<methodResponse><params><param>{}", value.repeat(100_000));
            arrays + "<value>1</value></data></array></value>"
        };
        let spaced = hides("<value ><array><data>");
        let commented = hides("<value><!--</value>--><array><data>");
        for xml in ["", "<html>hello secret</html>", "<methodResponse>secret", &deep, &spaced, &commented] {
            let error = read("ping", xml).unwrap_err();
            assert!(matches!(error, CobblerError::NotCobbler { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }

    #[test]
    fn the_server_s_clock_is_read() {
        assert_eq!(clock("Fri, 20 Nov 2026 23:05:03 GMT"), Some(1_795_215_903));
        assert_eq!(clock("yesterday"), None);
    }

    #[test]
    fn addresses_are_checked_and_shown_without_passwords() {
        let login = |url: &str| Login {
            url: url.into(),
            user: "u".into(),
            password: Secret::new("p"),
            authority: None,
        };
        for bad in ["", "cobbler", "ftp://x/", "http://", "http://a:b@x/", "http://x/?token=1"] {
            assert!(Wire::new(&login(bad)).is_err(), "{bad}");
        }
        assert!(Wire::new(&login("https://cobbler.example/cobbler_api")).is_ok());
        assert_eq!(shown("http://a:b@x/"), "http://x/");
        assert!(Wire::new(&Login { authority: Some("no pem".into()), ..login("https://x/") }).is_err());
    }
}
