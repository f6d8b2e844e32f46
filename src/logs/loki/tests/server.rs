//! A small HTTP server on loopback: one request a connection.

use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came; names of headers in small letters.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub params: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    /// Unpacked.
    pub body: Vec<u8>,
}

/// What to answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn of(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self { status, headers: Vec::new(), body: body.as_ref().to_vec() }
    }
}

/// Serves until the test ends; the address of it. No answer: the connection is closed.
pub async fn serve(handler: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let handler = Arc::new(handler);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = Arc::clone(&handler);
            tokio::spawn(async move { one(stream, &*handler).await });
        }
    });
    url
}

async fn one(mut stream: TcpStream, handler: &(impl Fn(&Asked) -> Option<Answer> + ?Sized)) {
    let Some(asked) = read(&mut stream).await else { return };
    let Some(answer) = handler(&asked) else { return };
    let mut head = format!(
        "HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n",
        answer.status,
        answer.body.len()
    );
    for (name, value) in &answer.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&answer.body).await;
    let _ = stream.shutdown().await;
}

/// Reads a request; `None`: the client went.
pub async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut asked = head(&String::from_utf8_lossy(&bytes[..end]));
    let length: usize = asked.headers.get("content-length").map_or(0, |l| l.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    if asked.headers.get("content-encoding").is_some_and(|e| e == "gzip") {
        let mut plain = Vec::new();
        GzDecoder::new(body.as_slice()).read_to_end(&mut plain).unwrap();
        body = plain;
    }
    asked.body = body;
    Some(asked)
}

/// Reads the head of a request.
pub fn head(text: &str) -> Asked {
    let mut lines = text.lines();
    let mut first = lines.next().unwrap().split(' ');
    let method = first.next().unwrap().to_owned();
    let target = reqwest::Url::parse("http://x").unwrap().join(first.next().unwrap()).unwrap();
    let params = target.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    let header = |line: &str| line.split_once(": ").map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned()));
    Asked {
        method,
        path: target.path().to_owned(),
        params,
        headers: lines.filter_map(header).collect(),
        body: Vec::new(),
    }
}
