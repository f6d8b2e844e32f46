//! Live tails: the captured frames through a real websocket.

use super::place;
use super::server::{Answer, read, serve};
use crate::logs::loki::{Loki, LokiError};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

/// The answer to a handshake with this key.
fn switching(key: &str) -> String {
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// A server of one tail that sends these and then closes with that code; it waits for the answer to every ping.
async fn serve_tail(frames: Vec<Message>, end: CloseFrame) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = read(&mut stream).await.unwrap();
        assert_eq!(asked.path, "/loki/api/v1/tail");
        assert_eq!(asked.headers["x-loki-response-encoding-flags"], "categorize-labels");
        assert_eq!(asked.params["query"], "{job=\"openstack\"}");
        stream.write_all(switching(&asked.headers["sec-websocket-key"]).as_bytes()).await.unwrap();
        let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        for frame in frames {
            let ping = frame.is_ping();
            socket.send(frame).await.unwrap();
            if ping {
                assert!(socket.next().await.unwrap().unwrap().is_pong());
            }
        }
        socket.close(Some(end)).await.unwrap();
        while socket.next().await.is_some() {}
    });
    url
}

fn normal() -> CloseFrame {
    CloseFrame { code: CloseCode::Normal, reason: "".into() }
}

/// Frames of a capture: text, and pings.
fn captured(name: &str) -> Vec<Message> {
    let text =
        std::fs::read_to_string(format!("{}/fixtures/loki/{name}.txt", env!("CARGO_MANIFEST_DIR"))).unwrap();
    text.lines()
        .filter_map(|line| {
            if line.starts_with("opcode 9") {
                return Some(Message::Ping(Vec::new().into()));
            }
            let json = line
                .strip_prefix("opcode 1: ")
                .or_else(|| line.strip_prefix("('frame', '")?.strip_suffix("')"))?;
            Some(Message::text(json))
        })
        .collect()
}

#[tokio::test]
async fn captured_tails() {
    // Lines, and whether structured metadata comes with the live ones.
    for (name, lines, metadata) in [
        ("50-tail-websocket", 5, false),
        ("80-tail-tenant-plain", 4, false),
        ("80b-tail-tenant-categorize", 4, true),
    ] {
        let frames = captured(name);
        assert!(frames.iter().filter(|f| f.is_text()).count() >= 2, "{name}");
        let url = serve_tail(frames, normal()).await;
        let mut tail =
            Loki::new(&place(&url)).unwrap().tail("{job=\"openstack\"}", 5, Some(1)).await.unwrap();
        let mut entries = Vec::new();
        while let Some(frame) = tail.next().await.unwrap() {
            assert!(frame.entries.is_sorted_by_key(|e| e.time) && frame.dropped == 0);
            entries.extend(frame.entries);
        }
        assert_eq!(entries.len(), lines, "{name}: {entries:?}");
        assert!(entries.is_sorted_by_key(|e| e.time));
        let last = entries.last().unwrap();
        assert_eq!(
            last.metadata.get("request_id").is_some_and(|r| r == "req-live"),
            metadata,
            "{name}: {last:?}"
        );
    }
}

#[tokio::test]
async fn what_was_dropped_is_counted() {
    let frame = r#"{"streams":[],"dropped_entries":[{"timestamp":"1","labels":"{}"},{"timestamp":"2","labels":"{}"}]}"#;
    let url = serve_tail(vec![Message::text(frame)], normal()).await;
    let mut tail = Loki::new(&place(&url)).unwrap().tail("{job=\"openstack\"}", 5, None).await.unwrap();
    assert_eq!(tail.next().await.unwrap().unwrap().dropped, 2);
    tail.close().await;
}

#[tokio::test]
async fn a_metric_query_is_refused_after_the_handshake() {
    let end = CloseFrame { code: CloseCode::Error, reason: "only log selector is supported".into() };
    let url = serve_tail(Vec::new(), end).await;
    let mut tail = Loki::new(&place(&url)).unwrap().tail("{job=\"openstack\"}", 5, None).await.unwrap();
    let why = tail.next().await.unwrap_err();
    assert_eq!(why, LokiError::Refused { status: 1011, said: "only log selector is supported".into() });
}

#[tokio::test]
async fn silence_counts_from_what_came_last_and_not_from_who_asks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = read(&mut stream).await.unwrap();
        stream.write_all(switching(&asked.headers["sec-websocket-key"]).as_bytes()).await.unwrap();
        // And nothing more, as of a machine that lost its current.
        std::future::pending::<()>().await;
    });
    let mut tail = Loki::new(&place(&url)).unwrap().tail("{job=\"openstack\"}", 5, None).await.unwrap();
    tokio::time::pause();
    let minute = Duration::from_mins(1);
    assert!(tokio::time::timeout(minute, tail.next()).await.is_err());
    let why = tokio::time::timeout(minute, tail.next()).await.unwrap().unwrap_err();
    assert_eq!(why, LokiError::Broken { why: "nothing for 90 s".into() });
}

#[tokio::test]
async fn a_page_is_no_websocket() {
    let url = serve(|_| Some(Answer::of(200, "<html>hello</html>"))).await;
    let why = Loki::new(&place(&url)).unwrap().tail("{job=\"openstack\"}", 5, None).await.err().unwrap();
    assert!(why.to_string().contains("proxy"), "{why}");
}
