//! Files on their way to nodes and from them, as tasks beside the loop.

use super::event::{Event, Transfer};
use crate::api::Client;
use crate::api::transfer::{Sent, TransferFault, download, upload};
use crate::api::{ClientError, Failure, FailureKind};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Least time between two reports of progress.
const EVERY: Duration = Duration::from_millis(200);

fn here(path: &Path, why: &io::Error) -> Failure {
    let text = format!("{}: {why}", path.display());
    Failure::new(FailureKind::Invalid, &text).keyed("error-plain").arg("why", text)
}

fn fault(path: &Path, why: TransferFault) -> Failure {
    match why {
        TransferFault::Client(ClientError::Refused(failure)) => failure,
        TransferFault::Client(ClientError::Lost) => {
            Failure::new(FailureKind::Engine, ClientError::Lost.to_string()).keyed("link-lost")
        }
        TransferFault::File(why) => here(path, &why),
        other => Failure::new(FailureKind::Engine, other.to_string()),
    }
}

/// Tells how far it is, a few times a second.
fn teller(name: String, tell: impl Fn(Event)) -> impl FnMut(u64, u64) {
    let mut last: Option<Instant> = None;
    move |done, size| {
        if last.is_none_or(|at| at.elapsed() >= EVERY) {
            last = Some(Instant::now());
            tell(Event::Moving { name: name.clone(), done, size });
        }
    }
}

/// Moves a file; `tell` hears of its progress. Where it lies then, and how large it is.
pub async fn move_file(
    client: &Client,
    transfer: &Transfer,
    place: PathBuf,
    tell: impl Fn(Event),
) -> Result<(String, u64), Failure> {
    if transfer.send {
        send(client, transfer, &place, tell).await
    } else {
        fetch(client, transfer, place, tell).await
    }
}

async fn send(
    client: &Client,
    transfer: &Transfer,
    place: &Path,
    tell: impl Fn(Event),
) -> Result<(String, u64), Failure> {
    let mut file = tokio::fs::File::open(place).await.map_err(|e| here(place, &e))?;
    let meta = file.metadata().await.map_err(|e| here(place, &e))?;
    if !meta.is_file() {
        return Err(here(place, &io::ErrorKind::IsADirectory.into()));
    }
    let name = place.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let (size, mode) = (meta.len(), meta.permissions().mode());
    let sent = Sent {
        node: transfer.node,
        path: transfer.there.clone(),
        name: name.clone(),
        size,
        mode,
        replace: transfer.replace,
    };
    let mut progress = teller(name, tell);
    let written = upload(client, sent, &mut file, |done| progress(done, size)).await;
    Ok((format!("{}:{}", transfer.name, written.map_err(|f| fault(place, f))?), size))
}

async fn fetch(
    client: &Client,
    transfer: &Transfer,
    place: PathBuf,
    tell: impl Fn(Event),
) -> Result<(String, u64), Failure> {
    let name = transfer.there.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("file").to_owned();
    let place = if place.is_dir() { place.join(&name) } else { place };
    if place.exists() && !transfer.replace {
        return Err(here(&place, &io::ErrorKind::AlreadyExists.into()));
    }
    // Beside its place until it is complete.
    let mut part = place.clone().into_os_string();
    part.push(".cpmg-part");
    let part = PathBuf::from(part);
    let mut options = tokio::fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&part).await;
    let mut file = opened.map_err(|e| here(&part, &e))?;
    let got = download(client, transfer.node, transfer.there.clone(), &mut file, teller(name, tell)).await;
    let done = match got {
        Ok(bytes) => tokio::fs::rename(&part, &place).await.map(|()| bytes).map_err(|e| here(&place, &e)),
        Err(why) => Err(fault(&place, why)),
    };
    if done.is_err() {
        let _ = tokio::fs::remove_file(&part).await;
    }
    Ok((place.display().to_string(), done?))
}
