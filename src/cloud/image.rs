//! Glance: an image from a file.

use super::http::Sent;
use super::{Cloud, CloudError, text};
use hyper::Method;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

const GLANCE: &str = "image";

/// What is to be uploaded.
#[derive(Clone, Debug)]
pub struct Upload<'a> {
    /// Name of the image.
    pub name: &'a str,
    /// The file on the management host.
    pub path: &'a Path,
    /// Its length, bytes.
    pub length: u64,
    /// Format of the disk: `qcow2`, `raw` …; `aki` and `ari` for a kernel and its RAM disk.
    pub format: &'a str,
    /// Images of the kernel and of its RAM disk, for a disk that cannot boot by itself.
    pub boots_with: Option<(&'a str, &'a str)>,
}

impl Cloud {
    /// Makes an image without content; its identity.
    pub async fn image_make(&self, upload: &Upload<'_>) -> Result<String, CloudError> {
        let container = if matches!(upload.format, "aki" | "ari") { upload.format } else { "bare" };
        let mut body = json!({
            "name": upload.name,
            "disk_format": upload.format,
            "container_format": container,
            "visibility": "private",
        });
        if let (Some((kernel, ramdisk)), Some(map)) = (upload.boots_with, body.as_object_mut()) {
            map.insert("kernel_id".into(), json!(kernel));
            map.insert("ramdisk_id".into(), json!(ramdisk));
        }
        let answer = self.post(GLANCE, "/images", &body).await?;
        let id = text(&answer, "id");
        if id.is_empty() {
            Err(Self::odd(GLANCE, "POST /images", "there is no identity in it"))
        } else {
            Ok(id)
        }
    }

    /// Sends an image's content; `sent` counts the bytes.
    pub async fn image_send(
        &self,
        id: &str,
        upload: &Upload<'_>,
        sent: Arc<AtomicU64>,
    ) -> Result<(), CloudError> {
        let path = format!("/images/{id}/file");
        let file = Sent::File(upload.path, upload.length, sent);
        self.send(GLANCE, Method::PUT, &path, file, &[]).await.map(drop)
    }

    /// Status of an image: `active` when it can be used.
    pub async fn image_status(&self, id: &str) -> Result<String, CloudError> {
        Ok(text(&self.get(GLANCE, &format!("/images/{id}")).await?, "status"))
    }
}
