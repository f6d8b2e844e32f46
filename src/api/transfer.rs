//! A client's side of a file on its way to a node or from it. Opening and naming the file is its caller's.

use super::client::{Client, ClientError};
use super::shells::{PART, ShellAnswer, ShellAsk};
use super::{Request, Response};
use crate::domain::ids::NodeId;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Why a file did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum TransferFault {
    /// The engine or the node refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The file on this side.
    #[error("the file on this host: {0}")]
    File(#[from] std::io::Error),
    /// It became shorter while it was read.
    #[error("the file on this host became shorter while it was sent: send it again")]
    Shorter,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// To which node.
    pub node: NodeId,
    /// Where to.
    pub path: String,
    /// Its own name.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// Its permissions.
    pub mode: u32,
    /// Replace one that is there.
    pub replace: bool,
}

async fn ask(client: &Client, asked: ShellAsk) -> Result<Option<ShellAnswer>, ClientError> {
    match client.call(Request::Shells(asked)).await? {
        Response::Shells(answer) => Ok(Some(*answer)),
        Response::Done => Ok(None),
        _ => Err(ClientError::Unexpected),
    }
}

async fn give_up(client: &Client, transfer: u64) {
    // Whether it was there any more does not matter.
    let _ = ask(client, ShellAsk::TransferCancel { transfer }).await;
}

/// Sends a file; `progress` hears how many bytes the node's connection has taken. Where it was written.
pub async fn upload(
    client: &Client,
    sent: Sent,
    file: &mut (impl AsyncRead + Unpin),
    mut progress: impl FnMut(u64),
) -> Result<String, TransferFault> {
    let Sent { node, path, name, size, mode, replace } = sent;
    let begin = ShellAsk::Upload { node, path, name, size, mode, replace };
    let Some(ShellAnswer::Transfer { transfer, .. }) = ask(client, begin).await? else {
        return Err(ClientError::Unexpected.into());
    };
    let done = parts(client, transfer, size, file, &mut progress).await;
    if let Err(why) = done {
        give_up(client, transfer).await;
        return Err(why);
    }
    match ask(client, ShellAsk::UploadEnd { transfer }).await? {
        Some(ShellAnswer::Written(path)) => Ok(path),
        _ => Err(ClientError::Unexpected.into()),
    }
}

async fn parts(
    client: &Client,
    transfer: u64,
    size: u64,
    file: &mut (impl AsyncRead + Unpin),
    progress: &mut impl FnMut(u64),
) -> Result<(), TransferFault> {
    let mut file = file.take(size);
    let mut done = 0;
    while done < size {
        let mut bytes = Vec::with_capacity(PART);
        (&mut file).take(PART as u64).read_to_end(&mut bytes).await?;
        if bytes.is_empty() {
            return Err(TransferFault::Shorter);
        }
        done += bytes.len() as u64;
        ask(client, ShellAsk::UploadPart { transfer, bytes }).await?;
        progress(done);
    }
    Ok(())
}

/// Fetches a file; `progress` hears how many bytes of how many are here. How many there were.
pub async fn download(
    client: &Client,
    node: NodeId,
    path: String,
    file: &mut (impl AsyncWrite + Unpin),
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, TransferFault> {
    let Some(ShellAnswer::Transfer { transfer, size }) =
        ask(client, ShellAsk::Download { node, path }).await?
    else {
        return Err(ClientError::Unexpected.into());
    };
    let mut done = 0;
    loop {
        let Some(ShellAnswer::Part(part)) = ask(client, ShellAsk::DownloadPart { transfer }).await? else {
            return Err(ClientError::Unexpected.into());
        };
        if let Err(why) = file.write_all(&part.bytes).await {
            give_up(client, transfer).await;
            return Err(why.into());
        }
        done += part.bytes.len() as u64;
        progress(done, size);
        if part.last {
            file.flush().await?;
            return Ok(done);
        }
    }
}
