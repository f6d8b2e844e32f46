//! A server that behaves as Loki 3.7.6 was seen to behave, as far as the suite of `live.rs` goes: tenants, pushes with their limits, log
//! queries of one job with one filter, labels, tails.

use super::server::{Answer, Asked, read};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

const DAY: i64 = 86_400_000_000_000;

#[derive(Clone)]
struct Entry {
    tenant: String,
    labels: Value,
    time: i64,
    line: String,
    metadata: Value,
}

impl Entry {
    fn json(&self) -> Value {
        let value = json!([self.time.to_string(), self.line, { "structuredMetadata": self.metadata }]);
        json!({ "stream": self.labels, "values": [value] })
    }

    /// Whether a query's selector and its filter take it.
    fn fits(&self, tenant: &str, query: &str) -> bool {
        let word = |before: &str| query.split_once(before).and_then(|(_, rest)| rest.split('"').next());
        self.tenant == tenant
            && word("{job=\"").is_none_or(|job| self.labels["job"] == job)
            && word("request_id=\"").is_none_or(|id| self.metadata["request_id"] == id)
            && word("|= \"").is_none_or(|text| self.line.contains(text))
    }
}

struct Played {
    book: Mutex<Vec<Entry>>,
    /// How many entries there are.
    count: watch::Sender<usize>,
}

/// Serves until the test ends; the address of it.
pub async fn play() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let played = Arc::new(Played { book: Mutex::default(), count: watch::Sender::new(0) });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(one(stream, Arc::clone(&played)));
        }
    });
    url
}

async fn one(mut stream: TcpStream, played: Arc<Played>) {
    let Some(asked) = read(&mut stream).await else { return };
    let tenant = asked.headers.get("x-scope-orgid").cloned();
    if let (Some(tenant), true) = (&tenant, asked.path.ends_with("/tail")) {
        return tail(stream, &asked, tenant, &played).await;
    }
    let answer = match tenant {
        _ if asked.path.ends_with("/buildinfo") => Answer::of(200, r#"{"version":"3.7.6 (played)"}"#),
        Some(tenant) => played.answer(&asked, &tenant),
        None => Answer::of(401, "no org id"),
    };
    let head = format!(
        "HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&answer.body).await;
    let _ = stream.shutdown().await;
}

async fn tail(mut stream: TcpStream, asked: &Asked, tenant: &str, played: &Played) {
    let accept = derive_accept_key(asked.headers["sec-websocket-key"].as_bytes());
    let head = format!(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let (mut told, mut count) = (0, played.count.subscribe());
    loop {
        let news: Vec<Value> = {
            let book = played.book.lock().unwrap();
            let news = book[told..].iter().filter(|e| e.fits(tenant, &asked.params["query"]));
            let news = news.map(Entry::json).collect();
            told = book.len();
            news
        };
        if !news.is_empty()
            && socket.send(Message::text(json!({ "streams": news }).to_string())).await.is_err()
        {
            return;
        }
        tokio::select! {
            more = count.changed() => if more.is_err() { return },
            said = socket.next() => if said.is_none_or(|s| s.is_err()) { return },
        }
    }
}

impl Played {
    fn answer(&self, asked: &Asked, tenant: &str) -> Answer {
        let good = |data: Value| Answer::of(200, json!({ "status": "success", "data": data }).to_string());
        let query = asked.params.get("query").map_or("", String::as_str);
        let number = |name: &str| asked.params.get(name).and_then(|n| n.parse::<i64>().ok());
        if asked.path.ends_with("/push") {
            return self.push(&asked.body, tenant);
        }
        let book = self.book.lock().unwrap();
        let mine = book.iter().filter(|e| e.fits(tenant, query));
        if asked.path.ends_with("/query_range") {
            let limit = number("limit").unwrap_or(100);
            if query.contains("| |") {
                return Answer::of(400, "parse error at line 1, col 40: syntax error: unexpected |");
            }
            if limit > 5_000 {
                let said = format!(
                    "max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > 5000)"
                );
                return Answer::of(400, said);
            }
            let within = |e: &&Entry| e.time >= number("start").unwrap() && e.time < number("end").unwrap();
            let mut found: Vec<&Entry> = mine.filter(within).collect();
            found.sort_by_key(|e| e.time);
            if asked.params.get("direction").is_none_or(|d| d != "forward") {
                found.reverse();
            }
            found.truncate(usize::try_from(limit).unwrap());
            let result: Vec<Value> = found.into_iter().map(Entry::json).collect();
            return good(
                json!({ "resultType": "streams", "encodingFlags": ["categorize-labels"], "result": result }),
            );
        }
        let of = |e: &Entry| e.labels.as_object().unwrap().clone();
        if asked.path.ends_with("/labels") {
            return good(json!(
                mine.flat_map(|e| of(e).into_iter().map(|(k, _)| k)).collect::<BTreeSet<_>>()
            ));
        }
        if let Some(label) = asked.path.strip_suffix("/values").and_then(|p| p.rsplit('/').next()) {
            let values: BTreeSet<String> =
                mine.filter_map(|e| e.labels[label].as_str().map(str::to_owned)).collect();
            // An unknown label has no data at all.
            return if values.is_empty() {
                Answer::of(200, r#"{"status":"success"}"#)
            } else {
                good(json!(values))
            };
        }
        Answer::of(404, "404 page not found")
    }

    /// Takes the good entries and refuses the bad ones of the same batch.
    fn push(&self, body: &[u8], tenant: &str) -> Answer {
        let pushed: Value = serde_json::from_slice(body).unwrap();
        let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap();
        let mut refused = String::new();
        let mut book = self.book.lock().unwrap();
        for stream in pushed["streams"].as_array().unwrap() {
            for value in stream["values"].as_array().unwrap() {
                let line = value[1].as_str().unwrap().to_owned();
                let time: i64 = value[0].as_str().unwrap().parse().unwrap();
                let named = &stream["stream"];
                if time < now - 7 * DAY {
                    refused = format!("entry for stream '{named}' has timestamp too old: {time}");
                } else if time > now + 600_000_000_000 {
                    refused = format!("entry for stream '{named}' has timestamp too new: {time}");
                } else if line.len() > 256 << 10 {
                    let bytes = line.len();
                    refused = format!(
                        "max entry size '262144' bytes exceeded for stream '{named}' while adding an entry with length '{bytes}' bytes"
                    );
                } else {
                    let metadata = value.get(2).cloned().unwrap_or(json!({}));
                    book.push(Entry {
                        tenant: tenant.to_owned(),
                        labels: named.clone(),
                        time,
                        line,
                        metadata,
                    });
                }
            }
        }
        self.count.send_replace(book.len());
        if refused.is_empty() { Answer::of(204, "") } else { Answer::of(400, refused) }
    }
}
