//! Keystone: a token, and where the services are. Everything else goes through [`Cloud`].

use super::http::{Answer, Ask, Http, Place, Sent};
use super::{CloudError, list, text};
use crate::domain::secret::Secret;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::fmt;

/// Who logs in. The domain is Keystone's default one.
pub struct Login {
    /// User.
    pub user: String,
    /// Project.
    pub project: String,
    /// Password.
    pub password: Secret,
}

/// A service of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    kind: String,
    /// Region and URL of the public endpoints.
    public: Vec<(String, String)>,
}

/// A cloud one is logged in to.
#[derive(Clone)]
pub struct Cloud {
    http: Http,
    token: Secret,
    /// Of the project.
    pub project: String,
    /// When the token ends, as Keystone says.
    pub expires: String,
    region: Option<String>,
    catalogue: Vec<Service>,
    /// Headers that ask for a version of Nova's API; `None`: the oldest.
    pub(super) compute: Option<(u32, u32)>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cloud({:?}, project {})", self.http.session(), self.project)
    }
}

/// Services by the names that people use.
const NAMES: [(&str, &str); 6] = [
    ("identity", "Keystone"),
    ("image", "Glance"),
    ("compute", "Nova"),
    ("network", "Neutron"),
    ("volumev3", "Cinder"),
    ("placement", "Placement"),
];

fn named(kind: &str) -> &str {
    NAMES.iter().find(|(k, _)| *k == kind).map_or(kind, |(_, name)| name)
}

/// Version of an API that is put behind an address which has none.
fn version(kind: &str) -> Option<&'static str> {
    match kind {
        "identity" | "volumev3" => Some("v3"),
        "image" => Some("v2"),
        "compute" => Some("v2.1"),
        "network" => Some("v2.0"),
        _ => None,
    }
}

impl Cloud {
    /// Gets a token. `keystone`: where Keystone listens, with its version in the path.
    pub async fn login(
        http: Http,
        keystone: &Place,
        login: &Login,
        region: Option<String>,
    ) -> Result<Self, CloudError> {
        let domain = json!({"id": "default"});
        // Revealed to Keystone, over the connection of SSH.
        let user = json!({"name": login.user, "domain": domain, "password": login.password.reveal()});
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": login.project, "domain": domain}},
        }});
        let mut ask = Ask::get("Keystone", keystone, "/auth/tokens");
        (ask.method, ask.sent) = (Method::POST, Sent::Json(&body));
        let answer = http.send(&ask).await?;
        let odd = |why: &str| CloudError::Odd {
            service: "Keystone".into(),
            what: "POST /v3/auth/tokens".into(),
            why: why.into(),
        };
        let token = answer.headers.get("x-subject-token").and_then(|v| v.to_str().ok());
        let token = Secret::new(token.ok_or_else(|| odd("there is no token in it"))?);
        let body: Value =
            serde_json::from_slice(&answer.body).map_err(|e| odd(&format!("it is no JSON: {e}")))?;
        let told = body.get("token").ok_or_else(|| odd("it tells nothing about the token"))?;
        let catalogue = list(told, "catalog")
            .iter()
            .map(|s| Service {
                kind: text(s, "type"),
                public: list(s, "endpoints")
                    .iter()
                    .filter(|e| text(e, "interface") == "public")
                    .map(|e| (text(e, "region"), text(e, "url")))
                    .collect(),
            })
            .filter(|s| !s.kind.is_empty())
            .collect();
        let project = told.get("project").map(|p| text(p, "id")).unwrap_or_default();
        let expires = text(told, "expires_at");
        Ok(Self { http, token, project, expires, region, catalogue, compute: None })
    }

    /// The connection.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Types of all services of the catalogue.
    pub fn services(&self) -> Vec<&str> {
        self.catalogue.iter().map(|s| s.kind.as_str()).collect()
    }

    /// Whether the catalogue has a service of that type.
    pub fn has(&self, kind: &str) -> bool {
        self.catalogue.iter().any(|s| s.kind == kind)
    }

    /// Where a service listens, as its public endpoint says.
    pub fn place(&self, kind: &str) -> Result<Place, CloudError> {
        let ours = |region: &str| self.region.as_ref().is_none_or(|r| r == region);
        let url = self.catalogue.iter().filter(|s| s.kind == kind).flat_map(|s| &s.public);
        let url = url.clone().find(|(region, _)| ours(region)).or_else(|| {
            // A catalogue of an only region may spell it otherwise.
            let mut all = url;
            all.next().filter(|_| all.next().is_none())
        });
        let (_, url) = url.ok_or_else(|| CloudError::NoEndpoint {
            service: named(kind).to_owned(),
            region: self.region.as_ref().map(|r| format!(" in {r}")).unwrap_or_default(),
        })?;
        let bad = |why| CloudError::Url { service: named(kind).to_owned(), url: url.clone(), why };
        Place::parse(url).map_err(bad)
    }

    /// Asks a service's address for anything at all: every answer but a fault of the server is good. The status.
    pub async fn answers(&self, kind: &str) -> Result<StatusCode, CloudError> {
        let place = self.place(kind)?;
        // The root tells versions without asking the database; what is mounted below a path is asked there.
        let rooted = Place { path: place.path.split("/v").next().unwrap_or_default().to_owned(), ..place };
        let ask = Ask::get(named(kind), &rooted, "/");
        let answer = self.http.exchange(&ask).await?;
        if answer.status.is_server_error() {
            return self.http.send(&ask).await.map(|a| a.status);
        }
        Ok(answer.status)
    }

    /// Asks for the page that a console's address leads to; its host and port. The token in the address is not sent.
    pub async fn console_answers(&self, url: &str) -> Result<String, CloudError> {
        let service = "noVNC";
        let bad =
            |why| CloudError::Url { service: service.to_owned(), url: "of the console".to_owned(), why };
        let place = Place::parse(url).map_err(bad)?;
        self.http.send(&Ask::get(service, &place, if place.path.is_empty() { "/" } else { "" })).await?;
        Ok(place.to_string())
    }

    /// A call of a service. `path` follows the version. `None`: the answer has no body.
    pub(super) async fn call(
        &self,
        kind: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CloudError> {
        let sent = body.map_or(Sent::Nothing, Sent::Json);
        let answer = self.send(kind, method.clone(), path, sent, &[]).await?;
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|e| CloudError::Odd {
            service: named(kind).to_owned(),
            what: format!("{method} {path}"),
            why: format!("it is no JSON: {e}"),
        })
    }

    pub(super) async fn send(
        &self,
        kind: &str,
        method: Method,
        path: &str,
        sent: Sent<'_>,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<Answer, CloudError> {
        let place = self.place(kind)?;
        let place = version(kind).map_or_else(|| place.clone(), |v| place.clone().versioned(v));
        let mut all = headers.to_vec();
        if let ("compute", Some((major, minor))) = (kind, self.compute) {
            let new = HeaderValue::from_str(&format!("compute {major}.{minor}"));
            let old = HeaderValue::from_str(&format!("{major}.{minor}"));
            for (name, value) in [("openstack-api-version", new), ("x-openstack-nova-api-version", old)] {
                if let Ok(value) = value {
                    all.push((HeaderName::from_static(name), value));
                }
            }
        }
        let ask = Ask {
            service: named(kind),
            repeatable: method != Method::POST && !matches!(sent, Sent::File(..)),
            method,
            place: &place,
            path,
            token: Some(&self.token),
            headers: &all,
            sent,
        };
        self.http.send(&ask).await
    }

    pub(super) async fn get(&self, kind: &str, path: &str) -> Result<Value, CloudError> {
        self.call(kind, Method::GET, path, None).await
    }

    pub(super) async fn post(&self, kind: &str, path: &str, body: &Value) -> Result<Value, CloudError> {
        self.call(kind, Method::POST, path, Some(body)).await
    }

    pub(super) async fn put(&self, kind: &str, path: &str, body: &Value) -> Result<Value, CloudError> {
        self.call(kind, Method::PUT, path, Some(body)).await
    }

    /// Removes; what is not there is removed already.
    pub(super) async fn delete(&self, kind: &str, path: &str) -> Result<(), CloudError> {
        match self.call(kind, Method::DELETE, path, None).await {
            Err(fault) if fault.status() == Some(404) => Ok(()),
            other => other.map(drop),
        }
    }

    /// An answer without what it should hold.
    pub(super) fn odd(kind: &str, what: &str, why: &str) -> CloudError {
        CloudError::Odd { service: named(kind).to_owned(), what: what.to_owned(), why: why.to_owned() }
    }

    /// The text field of an answer, which must be there.
    pub(super) fn id(kind: &str, what: &str, value: &Value, outer: &str) -> Result<String, CloudError> {
        let id = value.get(outer).map(|v| text(v, "id")).unwrap_or_default();
        if id.is_empty() { Err(Self::odd(kind, what, "there is no identity in it")) } else { Ok(id) }
    }
}
