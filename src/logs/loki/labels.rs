//! Names and values of labels, and streams, for completion.

use super::error::LokiError;
use super::wire::Loki;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where to look, nanoseconds since 1970: from, and up to.
pub type Range = Option<(i64, i64)>;

impl Loki {
    /// Names of labels.
    pub async fn labels(&self, range: Range) -> Result<Vec<String>, LokiError> {
        texts(&self.get("loki/api/v1/labels", &within(range), false).await?)
    }

    /// Values of a label; those of streams that `selector` selects, if there is one. An unknown label has none.
    pub async fn values(
        &self,
        label: &str,
        selector: Option<&str>,
        range: Range,
    ) -> Result<Vec<String>, LokiError> {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if label.is_empty() || !label.chars().all(good) {
            return Err(LokiError::Refused { status: 0, said: format!("'{label}' is no name of a label") });
        }
        let mut params = within(range);
        if let Some(selector) = selector {
            params.push(("query", selector.to_owned()));
        }
        texts(&self.get(&format!("loki/api/v1/label/{label}/values"), &params, false).await?)
    }

    /// Labels of the streams that `selector` selects.
    pub async fn series(
        &self,
        selector: &str,
        range: Range,
    ) -> Result<Vec<BTreeMap<String, String>>, LokiError> {
        let mut params = within(range);
        params.push(("match[]", selector.to_owned()));
        let data = data(&self.get("loki/api/v1/series", &params, false).await?)?;
        let one = |o: &Value| {
            let text = |(k, v): (&String, &Value)| Some((k.clone(), v.as_str()?.to_owned()));
            o.as_object().map(|o| o.iter().filter_map(text).collect())
        };
        Ok(data.as_array().into_iter().flatten().filter_map(one).collect())
    }
}

fn within(range: Range) -> Vec<(&'static str, String)> {
    range.map_or_else(Vec::new, |(from, to)| vec![("start", from.to_string()), ("end", to.to_string())])
}

/// The data of an answer; where there is none, Loki leaves the key out.
fn data(body: &[u8]) -> Result<Value, LokiError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|_| LokiError::NotLoki { why: "a page instead of an answer".to_owned() })?;
    if value.get("status").and_then(Value::as_str) != Some("success") {
        return Err(LokiError::Odd { why: "no success in it".to_owned() });
    }
    Ok(value.get("data").cloned().unwrap_or(Value::Null))
}

fn texts(body: &[u8]) -> Result<Vec<String>, LokiError> {
    let data = data(body)?;
    let mut all: Vec<String> =
        data.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect();
    all.sort();
    Ok(all)
}
