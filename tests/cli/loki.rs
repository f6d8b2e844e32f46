//! Settings of Loki, queries, completion, a live tail: against a server that behaves as Loki 3.7 was seen to behave.

use super::jobs::World;
use flate2::read::GzDecoder;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

const PASSWORD: &str = "loki pass";
/// `ops:loki pass`.
const LOGIN: &str = "Basic b3BzOmxva2kgcGFzcw==";

/// What the server has: time, line, labels, metadata.
type Entry = (String, String, Value, Value);

/// A server on loopback, of one tenant.
pub struct Server {
    pub url: String,
    pub entries: Arc<Mutex<Vec<Entry>>>,
    _runtime: Runtime,
}

impl Server {
    /// Wants `cloud-a` and the login, if `locked`.
    pub fn start(locked: bool) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let entries = Arc::<Mutex<Vec<Entry>>>::default();
        let book = Arc::clone(&entries);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let book = Arc::clone(&book);
                tokio::spawn(async move { serve(stream, locked, &book).await });
            }
        });
        Self { url, entries, _runtime: runtime }
    }
}

async fn serve(mut stream: TcpStream, locked: bool, book: &Mutex<Vec<Entry>>) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            match bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if stream.read_buf(&mut bytes).await.ok()? == 0 => return None,
                None => {}
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |name: &str| {
            let found =
                head.lines().filter_map(|l| l.split_once(": ")).find(|(k, _)| k.eq_ignore_ascii_case(name));
            found.map(|(_, v)| v.trim().to_owned())
        };
        let length: usize = header("content-length").map_or(0, |l| l.parse().unwrap());
        while bytes.len() < end + length {
            stream.read_buf(&mut bytes).await.ok()?;
        }
        let body: Vec<u8> = bytes.drain(..end + length).skip(end).collect();
        let target = head.split(' ').nth(1).unwrap().to_owned();
        if locked && header("x-scope-orgid").as_deref() != Some("cloud-a") {
            answer(&mut stream, 401, "no org id").await?;
        } else if locked && header("authorization").as_deref() != Some(LOGIN) {
            answer(&mut stream, 401, "Unauthorized").await?;
        } else if target.contains("/tail?") {
            let accept = derive_accept_key(header("sec-websocket-key").unwrap().as_bytes());
            let head = format!(
                "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.ok()?;
            let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            let frame = json!({ "streams": streams(book), "dropped_entries": [{ "timestamp": "1", "labels": "{}" }] });
            socket.send(Message::text(frame.to_string())).await.ok()?;
            while socket.next().await.is_some() {}
            return None;
        } else {
            let (status, text) = reply(&target, &body, book);
            answer(&mut stream, status, &text).await?;
        }
    }
}

async fn answer(stream: &mut TcpStream, status: u16, text: &str) -> Option<()> {
    let whole = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}", text.len());
    stream.write_all(whole.as_bytes()).await.ok()
}

fn streams(book: &Mutex<Vec<Entry>>) -> Vec<Value> {
    let stream = |(time, line, labels, metadata): &Entry| json!({ "stream": labels, "values": [[time, line, { "structuredMetadata": metadata }]] });
    book.lock().unwrap().iter().map(stream).collect()
}

fn reply(target: &str, body: &[u8], book: &Mutex<Vec<Entry>>) -> (u16, String) {
    let good = |data: Value| (200, json!({ "status": "success", "data": data }).to_string());
    if target.ends_with("/buildinfo") {
        return (200, json!({ "version": "3.7.6" }).to_string());
    }
    if target.ends_with("/push") {
        let mut plain = Vec::new();
        GzDecoder::new(body).read_to_end(&mut plain).unwrap();
        let pushed: Value = serde_json::from_slice(&plain).unwrap();
        for stream in pushed["streams"].as_array().unwrap() {
            for value in stream["values"].as_array().unwrap() {
                let text = |at: usize| value[at].as_str().unwrap().to_owned();
                let metadata = value.get(2).cloned().unwrap_or(json!({}));
                book.lock().unwrap().push((text(0), text(1), stream["stream"].clone(), metadata));
            }
        }
        return (204, String::new());
    }
    if target.contains("/query_range") {
        if target.contains("broken") {
            return (400, "parse error at line 1, col 8: syntax error: unexpected $end".into());
        }
        return good(json!({ "resultType": "streams", "result": streams(book) }));
    }
    match target.split('?').next().unwrap().rsplit('/').next().unwrap() {
        "labels" => good(json!(["service", "host", "job"])),
        "values" if target.contains("nosuch") => (200, r#"{"status":"success"}"#.into()),
        "values" => good(json!(["nova-api", "neutron-server"])),
        _ => (404, "404 page not found".into()),
    }
}

#[test]
fn settings_are_tried_kept_sealed_and_forgotten() {
    let world = World::new(1000.0, &[]);
    let site = &world.site;
    let server = Server::start(true);
    site.refused(&["loki", "test", "lab"], 4, "no Loki");
    assert!(site.ok(&["loki", "show", "lab"]).contains("no Loki"));
    let set = |more: &[&str], typed: &str| {
        let args: Vec<&str> =
            ["loki", "set", "lab", "--url"].into_iter().chain(more.iter().copied()).collect();
        site.run_of("home", &args, typed)
    };
    let refused = |more: &[&str], typed: &str, code: i32, word: &str| {
        let ended = set(more, typed);
        assert!(ended.code == code && ended.err.contains(word), "{ended:?}");
    };
    refused(&["loki:3100"], "", 2, "http(s)://HOST:PORT");
    refused(&[&server.url], "", 2, "wants a tenant");
    refused(&[&server.url, "--tenant", "a|b"], "", 2, "tenant is");
    let login = ["--tenant", "cloud-a", "--user", "ops", "--password-stdin"];
    let with = |url: &str| -> Vec<String> { std::iter::once(url).chain(login).map(str::to_owned).collect() };
    let full = with(&server.url);
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    refused(&full, "wrong\n", 2, "user and password");
    let done = set(&full, &format!("{PASSWORD}\n"));
    assert!(done.code == 0 && done.out.contains("Loki 3.7.6") && done.err.contains("clear text"), "{done:?}");
    // The password goes to the same server and user only.
    let keep = [&server.url, "--tenant", "cloud-a", "--user", "ops", "--keep-password"];
    assert_eq!(set(&keep, "").code, 0);
    refused(&["http://127.0.0.1:9", "--user", "ops", "--keep-password"], "", 2, "password");
    refused(&[&server.url, "--push", "--what", "level>=loud"], "", 2, "column");
    assert!(site.ok(&["loki", "test", "lab"]).contains("host,job,service"));
    assert_eq!(site.json(&["loki", "test", "lab"])["version"], "3.7.6");
    let shown = site.json(&["loki", "show", "lab"]);
    assert_eq!(
        (&shown["settings"]["tenant"], &shown["settings"]["push"]),
        (&json!("cloud-a"), &json!(false))
    );
    assert!(!shown.to_string().contains(PASSWORD));

    // Viewers look and ask, and change nothing.
    site.ok_typing(&["user", "add", "vic", "--role", "viewer", "--password-stdin"], "correct horse\n");
    assert_eq!(site.run_of("vic", &["login", "vic", "--password-stdin"], "correct horse\n").code, 0);
    for (args, code) in [
        (vec!["loki", "show", "lab"], 0),
        (vec!["loki", "labels", "lab"], 0),
        (vec!["loki", "on", "lab"], 3),
        (vec!["loki", "off", "lab"], 3),
        (vec!["loki", "forget", "lab", "--yes"], 3),
        (vec!["loki", "set", "lab", "--url", &server.url], 3),
    ] {
        assert_eq!(site.run_of("vic", &args, "").code, code, "{args:?}");
    }

    // It survives the engine, sealed, and the trail knows who did it.
    site.kill_engine();
    site.ok(&["loki", "test", "lab"]);
    let found =
        std::process::Command::new("grep").args(["-rlaF", PASSWORD]).arg(site.data()).output().unwrap();
    assert!(found.stdout.is_empty(), "the password lies in {}", String::from_utf8_lossy(&found.stdout));
    let trail = site.ok(&["audit"]);
    assert!(trail.contains(&format!("set the Loki at {}, tenant cloud-a, user ops", server.url)), "{trail}");
    site.refused(&["loki", "forget", "lab"], 2, "--yes");
    site.ok(&["loki", "forget", "lab", "--yes"]);
    site.refused(&["loki", "test", "lab"], 4, "no Loki");

    // One that is away is kept, and that is said.
    let away = set(&["http://127.0.0.1:9"], "");
    assert!(away.code == 0 && away.out.contains("does not answer just now"), "{away:?}");
    site.refused(&["loki", "test", "lab"], 6, "does not answer");
}

#[test]
fn queries_completion_and_a_live_tail() {
    let world = World::new(1000.0, &[]);
    let site = &world.site;
    let server = Server::start(false);
    let labels = json!({ "job": "openstack", "service": "nova-api", "host": "ctl1" });
    for (time, line) in [("1795216548294985728", "second \u{1b}[31mred"), ("1795216547294985728", "first")] {
        let metadata = json!({ "request_id": "req-1" });
        server.entries.lock().unwrap().push((time.into(), line.into(), labels.clone(), metadata));
    }
    site.ok(&["loki", "set", "lab", "--url", &server.url]);
    let asked = site.ok(&["loki", "query", "lab", "{job=\"openstack\"}"]);
    assert_eq!(
        asked,
        "2026-11-20T23:15:47.294Z ctl1 nova-api first\n2026-11-20T23:15:48.294Z ctl1 nova-api second red\n"
    );
    let asked = site.json(&["loki", "query", "lab", "{job=\"openstack\"}", "--newest-first"]);
    assert_eq!(asked["entries"][1]["line"], "first");
    assert_eq!(asked["entries"][0]["metadata"]["request_id"], "req-1");
    site.refused(&["loki", "query", "lab", "{broken"], 2, "parse error at line 1, col 8");
    site.refused(&["loki", "query", "lab", "{}", "--since", "1h", "--until", "2h"], 2, "before it begins");
    site.refused(&["loki", "query", "lab", "{}", "--limit", "0"], 2, "--limit");
    assert_eq!(site.ok(&["loki", "labels", "lab"]), "host\njob\nservice\n");
    assert_eq!(site.json(&["loki", "labels", "lab", "service"]), json!(["neutron-server", "nova-api"]));
    assert_eq!(site.json(&["loki", "labels", "lab", "nosuch"]), json!([]));

    let mut child = site.command(&["loki", "tail", "lab", "{job=\"openstack\"}", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let next = |lines: &mut dyn Iterator<Item = std::io::Result<String>>| -> Value {
        serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap()
    };
    assert_eq!(next(&mut lines)["line"], "first");
    assert_eq!(next(&mut lines)["metadata"]["request_id"], "req-1");
    let mut complaint = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut complaint).unwrap();
    assert!(complaint.contains("1 entries were left out"), "{complaint}");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
