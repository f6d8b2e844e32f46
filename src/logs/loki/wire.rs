//! One request, one answer: HTTP or HTTPS, with tenant, user and authority.
//!
//! Proxies of the environment are not used and redirections are not followed: a request carries a password. Answers are bounded, and
//! what is said in them is made harmless before it becomes part of an error.

use super::error::LokiError;
use crate::domain::loki::LokiPlace;
use crate::domain::text::{causes, harmless, without_login as shown};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, Url};
use std::fmt;
use std::time::Duration;

/// The longest answer that is taken, bytes: 5,000 entries of long lines.
const ANSWER_MAX: usize = 64 << 20;
/// Most characters of a sentence of Loki's that are kept: some repeat themselves for every line of a batch.
const SAID_MAX: usize = 400;
/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a question may take. Loki's own limit is a minute, unless somebody raised it.
pub(super) const QUESTION: Duration = Duration::from_secs(75);
/// How long a batch may take.
pub(super) const PUSH: Duration = Duration::from_secs(30);

/// Asks Loki for metadata and parsed fields apart from labels.
pub(super) const CATEGORIZE: (&str, &str) = ("x-loki-response-encoding-flags", "categorize-labels");

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body of a success; of anything else, what it says, shortened and harmless.
    pub body: Vec<u8>,
    /// Where a redirection leads.
    pub location: Option<String>,
}

impl Reply {
    /// What it says.
    pub fn said(&self) -> String {
        said(&self.body)
    }

    /// The body of a success; otherwise the error.
    pub fn good(self) -> Result<Vec<u8>, LokiError> {
        match self.status {
            200..=299 => Ok(self.body),
            status => Err(LokiError::of(status, &self.said(), self.location.as_deref())),
        }
    }
}

/// Text of a body: harmless, on one line, shortened.
pub(super) fn said(body: &[u8]) -> String {
    let text = harmless(&String::from_utf8_lossy(body.get(..SAID_MAX * 4).unwrap_or(body)));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SAID_MAX) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// A client of one server, tenant and user.
#[derive(Clone)]
pub struct Loki {
    http: reqwest::Client,
    base: Url,
    tenant: Option<HeaderValue>,
    login: Option<(String, crate::domain::secret::Secret)>,
}

impl fmt::Debug for Loki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loki({})", self.base)
    }
}

impl Loki {
    /// Reads address and certificates; connects to nothing yet.
    pub fn new(place: &LokiPlace) -> Result<Self, LokiError> {
        let wrong = || LokiError::Address { url: shown(&place.url) };
        let mut base = Url::parse(place.url.trim()).map_err(|_| wrong())?;
        let plain = base.username().is_empty() && base.password().is_none() && base.query().is_none();
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() || !plain {
            return Err(wrong());
        }
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        // The first one wins; it is the same each time.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .user_agent(concat!("cpmg/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = &place.authority {
            let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|e| LokiError::Authority { why: chain(&e) })?;
            if certificates.is_empty() {
                return Err(LokiError::Authority { why: "there is no certificate in it".to_owned() });
            }
            builder = builder.tls_certs_only(certificates);
        }
        let http = builder.build().map_err(|e| LokiError::Authority { why: chain(&e) })?;
        let tenant = place.tenant.as_deref().map(HeaderValue::from_str).transpose();
        let tenant = tenant.map_err(|_| LokiError::Refused {
            status: 0,
            said: "the tenant is no text for a header".to_owned(),
        })?;
        let login = place.user.clone().map(|user| (user, place.password.clone()));
        Ok(Self { http, base, tenant, login })
    }

    /// A request to `path` (without a slash at its beginning) of this server.
    pub(super) fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, LokiError> {
        let url = self.base.join(path).map_err(|e| LokiError::Odd { why: e.to_string() })?;
        let mut request = self.http.request(method, url);
        if let Some(tenant) = &self.tenant {
            request = request.header("x-scope-orgid", tenant.clone());
        }
        if let Some((user, password)) = &self.login {
            // Revealed to the server it was set for.
            request = request.basic_auth(user, Some(password.reveal()));
        }
        Ok(request)
    }

    /// Asks; `params` become the query of the address.
    pub(super) async fn get(
        &self,
        path: &str,
        params: &[(&str, String)],
        categorize: bool,
    ) -> Result<Vec<u8>, LokiError> {
        let mut request = self.request(Method::GET, path)?.timeout(QUESTION);
        if categorize {
            request = request.header(CATEGORIZE.0, CATEGORIZE.1);
        }
        let request = with_query(request, params)?;
        send(request).await?.good()
    }

    /// Sends a batch as it is encoded: gzipped JSON.
    pub async fn push(&self, gzipped: Vec<u8>) -> Result<Reply, LokiError> {
        let headers: HeaderMap = [
            (HeaderName::from_static("content-type"), HeaderValue::from_static("application/json")),
            (HeaderName::from_static("content-encoding"), HeaderValue::from_static("gzip")),
        ]
        .into_iter()
        .collect();
        let request = self.request(Method::POST, "loki/api/v1/push")?.headers(headers).timeout(PUSH);
        send(request.body(gzipped)).await
    }

    /// The server's version; any answer that is Loki's shows that address, tenant and login are right.
    pub async fn version(&self) -> Result<String, LokiError> {
        let body = self.get("loki/api/v1/status/buildinfo", &[], false).await?;
        let info: serde_json::Value = serde_json::from_slice(&body)
            .map_err(|_| LokiError::NotLoki { why: "a page instead of a version".to_owned() })?;
        let version = info.get("version").and_then(serde_json::Value::as_str);
        let version = version
            .ok_or_else(|| LokiError::NotLoki { why: "there is no version in its answer".to_owned() })?;
        // The version is told to anybody: only a question that needs the tenant shows whether it is right.
        self.labels(None).await?;
        Ok(harmless(version))
    }
}

/// With a query in the address.
pub(super) fn with_query(
    request: RequestBuilder,
    params: &[(&str, String)],
) -> Result<RequestBuilder, LokiError> {
    let (client, built) = request.build_split();
    let mut built = built.map_err(|e| LokiError::Odd { why: chain(&e) })?;
    if !params.is_empty() {
        let mut query = built.url_mut().query_pairs_mut();
        for (name, value) in params {
            query.append_pair(name, value);
        }
        drop(query);
    }
    Ok(RequestBuilder::from_parts(client, built))
}

/// Sends it and reads the answer, whatever its status.
async fn send(request: RequestBuilder) -> Result<Reply, LokiError> {
    let mut response = request.send().await.map_err(|e| fault(&e))?;
    let status = response.status().as_u16();
    let location =
        response.headers().get(LOCATION).and_then(|l| l.to_str().ok()).map(|l| shown(&harmless(l)));
    let good = response.status().is_success();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| fault(&e))? {
        if body.len() + chunk.len() > ANSWER_MAX {
            return Err(LokiError::Odd {
                why: format!("an answer of more than {} MiB: ask for less", ANSWER_MAX >> 20),
            });
        }
        // The words of a refusal are its beginning and its end: enough is enough.
        if good || body.len() < 256 * 1024 {
            body.extend_from_slice(&chunk);
        }
    }
    Ok(Reply { status, body, location })
}

/// What became of a request that got no answer.
pub(super) fn fault(error: &reqwest::Error) -> LokiError {
    let why = if error.is_timeout() { "nothing came in time".to_owned() } else { chain(error) };
    if error.is_connect() { LokiError::Unreachable { why } } else { LokiError::Broken { why } }
}

/// An error with what caused it, without addresses and secrets.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    harmless(&causes(error))
}
