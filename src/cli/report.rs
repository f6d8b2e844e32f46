//! `cpmg job report` and `cpmg job timeline`: what became of a job, and where its time went.

use super::exit::{Code, Fault};
use super::print;
use super::talk::Talk;
use crate::api::{Request, Response};
use crate::domain::ids::JobId;
use crate::domain::report::{self, JobReport};
use crate::domain::timeline::Timeline;
use std::path::Path;

/// Columns of a timeline when nobody says how wide the terminal is.
const COLUMNS: usize = 80;

/// Fetches the JSON of a job's report, part by part.
pub(super) async fn fetch(talk: &Talk, job: JobId) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let mut part = None;
    loop {
        let Response::Report(got) = talk.call(Request::JobReport { job, part }).await? else {
            return Err(Talk::unexpected());
        };
        let empty = got.bytes.is_empty();
        bytes.extend(got.bytes);
        let so_far = bytes.len() as u64;
        if so_far >= got.length || empty {
            return Ok(bytes);
        }
        part = Some((got.number, so_far));
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<JobReport, Fault> {
    serde_json::from_slice(bytes)
        .map_err(|e| Fault::new(Code::Engine, format!("the engine's report cannot be read: {e}")))
}

/// `cpmg job report`.
pub async fn run(talk: &Talk, job: JobId, output: Option<&Path>) -> Result<(), Fault> {
    let bytes = fetch(talk, job).await?;
    let json = talk.json || output.is_some_and(|p| p.extension().is_some_and(|e| e == "json"));
    let mut text = if json { bytes } else { report::text(&read(&bytes)?).into_bytes() };
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    let Some(path) = output else { return print::write(&text) };
    std::fs::write(path, &text)
        .map_err(|e| Fault::new(Code::Failed, format!("{} cannot be written: {e}", path.display())))?;
    if talk.json {
        return print::json(&serde_json::json!({ "job": job, "file": path, "bytes": text.len() }));
    }
    print::line(&format!("the report of job {job} is in {}", path.display()))
}

/// `cpmg job timeline`.
pub async fn timeline(talk: &Talk, job: JobId) -> Result<(), Fault> {
    let report = read(&fetch(talk, job).await?)?;
    let line = Timeline::of(&report);
    if talk.json {
        return print::json(&line);
    }
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(COLUMNS);
    print::write(line.text(columns).as_bytes())
}
