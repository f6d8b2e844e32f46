//! A small HTTP server for XML-RPC: one call a connection, as cobblerd does it.

use dxr::{Fault, FaultResponse, MethodCall, MethodResponse, Value};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a call.
pub enum Reply {
    /// Answers.
    Value(Value),
    /// Refuses, with HTTP 200.
    Fault(String),
    /// Answers with these bytes and this date.
    Raw { date: String, body: String },
    /// Says nothing for as long as the client waits.
    Hang,
    /// Ends the connection without an answer.
    Close,
    /// Answers with that status and no body.
    Status(u16),
}

pub const DATE: &str = "Fri, 20 Nov 2026 23:12:50 GMT";
/// The same in seconds since 1970.
pub const CLOCK: i64 = 1_795_216_370;

/// Serves until the test ends; the address of it.
pub async fn serve(handler: impl Fn(&str, &[Value]) -> Reply + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/cobbler_api", listener.local_addr().unwrap());
    let handler = Arc::new(handler);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = Arc::clone(&handler);
            tokio::spawn(async move { one(stream, &*handler).await });
        }
    });
    url
}

async fn one(mut stream: TcpStream, handler: &(impl Fn(&str, &[Value]) -> Reply + Send + Sync)) {
    let mut bytes = Vec::new();
    let body = loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| {
                    l.to_ascii_lowercase().strip_prefix("content-length:").map(str::trim).map(str::to_owned)
                })
                .map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                break body.to_owned();
            }
        }
        // Not HTTP: hung up on, as by any web server.
        let foreign = bytes.first().is_some_and(|b| !b.is_ascii_alphabetic());
        if foreign || stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let call = MethodCall::from_xml(&body).unwrap();
    let (date, body) = match handler(&call.name, &call.params) {
        Reply::Value(value) => (DATE.to_owned(), MethodResponse { value }.to_xml().unwrap()),
        Reply::Fault(text) => {
            (DATE.to_owned(), FaultResponse { fault: Fault::new(1, text) }.to_xml().unwrap())
        }
        Reply::Raw { date, body } => (date, body),
        Reply::Hang => {
            // Until the client has had enough.
            while stream.read_buf(&mut bytes).await.unwrap_or(0) > 0 {}
            return;
        }
        Reply::Close => return,
        Reply::Status(status) => {
            let _ = stream
                .write_all(format!("HTTP/1.0 {status} x\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .await;
            return;
        }
    };
    let head = format!(
        "HTTP/1.0 200 OK\r\nDate: {date}\r\nContent-type: text/xml\r\nContent-length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
    let _ = stream.shutdown().await;
}
