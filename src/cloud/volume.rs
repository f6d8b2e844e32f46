//! Cinder: a volume.

use super::{Cloud, CloudError, text};
use serde_json::json;

const CINDER: &str = "volumev3";

impl Cloud {
    /// Makes a volume of 1 GiB; its identity.
    pub async fn volume_make(&self, name: &str) -> Result<String, CloudError> {
        let answer = self.post(CINDER, "/volumes", &json!({"volume": {"name": name, "size": 1}})).await?;
        Self::id(CINDER, "POST /volumes", &answer, "volume")
    }

    /// Status of a volume: `available`, `in-use`, `error` …
    pub async fn volume_status(&self, id: &str) -> Result<String, CloudError> {
        let answer = self.get(CINDER, &format!("/volumes/{id}")).await?;
        Ok(answer.get("volume").map(|v| text(v, "status")).unwrap_or_default())
    }
}
