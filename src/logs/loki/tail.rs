//! A live tail: a websocket that Loki sends entries through.
//!
//! The handshake is an ordinary request of this client, so that certificates, tenant and login are the same and a refusal arrives with
//! Loki's words. Loki pings often; pings are answered while the tail is read, and a tail that is not read stops being fed. Silence
//! without even a ping for a minute and a half is a dead connection.

use super::error::LokiError;
use super::streams;
use super::wire::{CATEGORIZE, Loki, Reply, fault, said, with_query};
use crate::domain::loki::LokiEntry;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, Upgraded};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// Longest frame, bytes.
const FRAME_MAX: usize = 64 << 20;
/// How long the handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// A connection on which nothing comes for so long, not even a ping, is dead.
const SILENCE: Duration = Duration::from_secs(90);

/// What came at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TailFrame {
    /// Entries, oldest first.
    pub entries: Vec<LokiEntry>,
    /// Entries that Loki left out, because this side or Loki itself was too slow.
    pub dropped: u64,
}

/// A live tail.
pub struct Tail {
    socket: WebSocketStream<Upgraded>,
    /// When something came last, a ping as well.
    heard: Instant,
}

impl Loki {
    /// Begins to follow `query`, a log query. The first frame is history: at most `limit` entries since `start` (nanoseconds).
    pub async fn tail(&self, query: &str, limit: u32, start: Option<i64>) -> Result<Tail, LokiError> {
        let mut params = vec![("query", query.to_owned()), ("limit", limit.to_string())];
        if let Some(start) = start {
            params.push(("start", start.to_string()));
        }
        let key = generate_key();
        let request = self
            .request(Method::GET, "loki/api/v1/tail")?
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", &key)
            .header(CATEGORIZE.0, CATEGORIZE.1);
        let request = with_query(request, &params)?;
        let shake = async {
            let response = request.send().await.map_err(|e| fault(&e))?;
            let status = response.status().as_u16();
            if status != 101 {
                let body = response.bytes().await.map_err(|e| fault(&e))?.to_vec();
                let good = (200..300).contains(&status);
                let why =
                    "it answers a websocket with a page: does a proxy in between let websockets through?";
                return Err(Reply { status, body, location: None }
                    .good()
                    .err()
                    .filter(|_| !good)
                    .unwrap_or_else(|| LokiError::Odd { why: why.to_owned() }));
            }
            let accept = response.headers().get("sec-websocket-accept").and_then(|a| a.to_str().ok());
            if accept != Some(derive_accept_key(key.as_bytes()).as_str()) {
                return Err(LokiError::Odd { why: "its handshake is not for this connection".to_owned() });
            }
            response.upgrade().await.map_err(|e| fault(&e))
        };
        let late = |_| LokiError::Broken { why: format!("no websocket within {} s", HANDSHAKE.as_secs()) };
        let stream = tokio::time::timeout(HANDSHAKE, shake).await.map_err(late)??;
        let config =
            WebSocketConfig::default().max_message_size(Some(FRAME_MAX)).max_frame_size(Some(FRAME_MAX));
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        Ok(Tail { socket, heard: Instant::now() })
    }
}

impl Tail {
    /// Waits for what comes next; `None`: Loki ended the tail in order. Cancel-safe: who waits again waits for the rest of the time in which
    /// a silent connection counts as alive.
    pub async fn next(&mut self) -> Result<Option<TailFrame>, LokiError> {
        loop {
            let broken = |why: String| LokiError::Broken { why };
            let next = tokio::time::timeout_at(self.heard + SILENCE, self.socket.next())
                .await
                .map_err(|_| broken(format!("nothing for {} s", SILENCE.as_secs())))?;
            self.heard = Instant::now();
            match next {
                Some(Ok(Message::Text(text))) => return frame(text.as_bytes()).map(Some),
                Some(Ok(Message::Binary(bytes))) => return frame(&bytes).map(Some),
                // The answer to a ping is queued by the reading of it, and goes out here rather than with the next frame.
                Some(Ok(Message::Ping(_))) => self.socket.flush().await.map_err(|e| broken(e.to_string()))?,
                Some(Ok(Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(close))) => {
                    let Some(close) = close else { return Ok(None) };
                    return match u16::from(close.code) {
                        1000 | 1001 => Ok(None),
                        status => Err(LokiError::Refused { status, said: said(close.reason.as_bytes()) }),
                    };
                }
                Some(Err(why)) => return Err(broken(said(why.to_string().as_bytes()))),
                None => return Ok(None),
            }
        }
    }

    /// Says goodbye; the connection is gone afterwards in any case.
    pub async fn close(mut self) {
        let bye = self.socket.close(None);
        if tokio::time::timeout(Duration::from_secs(1), bye).await.is_err() {
            tracing::debug!("a tail was left without a goodbye");
        }
    }
}

fn frame(body: &[u8]) -> Result<TailFrame, LokiError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|_| LokiError::Odd { why: "a frame that is no JSON".to_owned() })?;
    let (mut entries, _) = streams::entries(value.get("streams").unwrap_or(&Value::Null));
    entries.sort_by_key(|e| e.time);
    let dropped = value.get("dropped_entries").and_then(Value::as_array).map_or(0, Vec::len);
    Ok(TailFrame { entries, dropped: dropped as u64 })
}
