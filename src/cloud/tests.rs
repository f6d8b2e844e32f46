//! The client against captured answers, through a real OpenSSH server on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::http::Ask;
use super::{Cloud, CloudError, Http, Login, Place, ThingKind, Upload};
use crate::domain::net::HostAddress;
use crate::domain::secret::Secret;
use crate::ssh::testing::{Sshd, own_address};
use crate::ssh::{self, Credential, Hop, HostKeyCheck, Session, Target};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What a request brought: its first line and headers in lower case, and its body.
type Asked = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A server that gives these answers in order, one a connection; `None` breaks the connection off.
fn server(answers: Vec<String>) -> (Place, Asked) {
    let listener = TcpListener::bind((own_address(), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read(&mut stream);
            seen.lock().unwrap().push(request);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (Place { host: own_address().to_string(), port, path: "/v3".into() }, asked)
}

fn read(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head.to_lowercase(), body)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

async fn session(sshd: &Sshd) -> Session {
    ssh::connect(&Target::from(Hop {
        address: HostAddress::try_from(sshd.address).unwrap(),
        port: sshd.port,
        user: sshd.user.clone(),
        credentials: vec![Credential::Key { private: Secret::new(sshd.key.clone()), passphrase: None }],
        host_key: HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
    }))
    .await
    .unwrap()
}

/// A token as Keystone 22 gave it, shortened.
fn token(place: &Place) -> String {
    let url = |port: u16, path: &str| format!("http://{}:{port}{path}", place.host);
    let endpoint = |url: String| {
        format!(
            r#"[{{"id":"1","interface":"internal","region_id":"RegionOne","url":"http://other:1","region":"RegionOne"}},
            {{"id":"2","interface":"public","region_id":"RegionOne","url":"{url}","region":"RegionOne"}}]"#
        )
    };
    let body = format!(
        r#"{{"token":{{"methods":["password"],"expires_at":"2026-11-21T12:00:00.000000Z",
        "project":{{"domain":{{"id":"default","name":"Default"}},"id":"f00","name":"admin"}},
        "catalog":[{{"endpoints":{},"id":"x","type":"compute","name":"nova"}},
                   {{"endpoints":{},"id":"y","type":"network","name":"neutron"}},
                   {{"endpoints":{},"id":"z","type":"image","name":"glance"}},
                   {{"endpoints":[],"id":"w","type":"volumev3","name":"cinder"}}]}}}}"#,
        endpoint(url(place.port, "/v2.1")),
        endpoint(url(place.port, "")),
        endpoint(url(place.port, "/"))
    );
    answer("201 CREATED", "X-Subject-Token: gAAAA-secret\r\n", &body)
}

async fn cloud(http: Http, place: &Place) -> Cloud {
    let login = Login { user: "admin".into(), project: "admin".into(), password: Secret::new("pw") };
    Cloud::login(http, place, &login, Some("RegionOne".into())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_a_catalogue_and_calls_with_it() {
    let sshd = Sshd::start();
    let http = Http::new(session(&sshd).await);
    // The catalogue must name the server's port: it is bound first.
    let (place, asked) = {
        let listener = TcpListener::bind((own_address(), 0)).unwrap();
        let place = Place {
            host: own_address().to_string(),
            port: listener.local_addr().unwrap().port(),
            path: "/v3".into(),
        };
        let asked = Asked::default();
        let (seen, at) = (Arc::clone(&asked), place.clone());
        std::thread::spawn(move || {
            let servers = r#"{"servers":[{"id":"a","name":"cpmg-proof-1-1-cmp1"},{"id":"b","name":"theirs"},{"id":7}]}"#;
            let answers = vec![
                token(&at),
                answer("200 OK", "", servers),
                answer("404 Not Found", "x-openstack-request-id: req-1\r\n", "{}"),
                String::new(), // hung up on
                answer(
                    "200 OK",
                    "",
                    r#"{"agents":[{"binary":"neutron-l3-agent","host":"ctl1","alive":true,"admin_state_up":true}]}"#,
                ),
                answer(
                    "409 Conflict",
                    "X-Openstack-Request-Id: req-9f\r\n",
                    r#"{"NeutronError":{"message":"No more IP addresses available on network n."}}"#,
                ),
            ];
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                seen.lock().unwrap().push(read(&mut stream));
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        (place, asked)
    };
    let cloud = cloud(http, &place).await;
    assert_eq!((cloud.project.as_str(), cloud.services().len()), ("f00", 4));
    assert_eq!(cloud.place("network").unwrap().versioned("v2.0").path, "/v2.0");
    let CloudError::NoEndpoint { service, .. } = cloud.place("volumev3").unwrap_err() else { panic!() };
    assert_eq!(service, "Cinder");
    let found = cloud.things(ThingKind::Instance, "cpmg-proof-").await.unwrap();
    assert_eq!(found.len(), 1, "only what carries the name: {found:?}");
    cloud.remove(&found[0]).await.expect("what is gone is removed");
    assert!(cloud.agents().await.unwrap()[0].alive, "a connection that was reset is tried again");
    let fault = cloud.floating_make("n", "p", "cpmg-proof-1-1-ip").await.unwrap_err();
    assert_eq!((fault.status(), fault.request_id()), (Some(409), Some("req-9f")));
    let words = fault.to_string();
    assert!(
        words.contains("Neutron refused 'POST /v2.0/floatingips'") && words.contains("No more IP"),
        "{words}"
    );
    let asked = asked.lock().unwrap();
    assert!(asked[0].1.windows(4).any(|w| w == b"\"pw\""), "the password goes to Keystone");
    assert!(asked[1].0.contains("x-auth-token: gaaaa-secret"));
    assert!(asked[1].0.starts_with("get /v2.1/servers/detail"));
    assert!(!words.contains("secret") && !format!("{cloud:?}").contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_as_a_stream_of_its_length() {
    let sshd = Sshd::start();
    let http = Http::new(session(&sshd).await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    std::fs::write(&path, &content).unwrap();
    let (place, asked) = server(vec![answer("204 No Content", "", "")]);
    let counter = Arc::new(AtomicU64::new(0));
    let mut ask = Ask::get("Glance", &place, "/images/x/file");
    ask.method = hyper::Method::PUT;
    ask.repeatable = false;
    ask.sent = super::http::Sent::File(&path, content.len() as u64, Arc::clone(&counter));
    http.send(&ask).await.unwrap();
    assert_eq!(counter.load(Ordering::Relaxed), content.len() as u64);
    let (head, body) = asked.lock().unwrap()[0].clone();
    assert!(head.contains("application/octet-stream"), "{head}");
    assert!(body == content, "every byte arrived");
    let gone =
        Upload { name: "n", path: &folder.path().join("no"), length: 1, format: "raw", boots_with: None };
    ask.sent = super::http::Sent::File(gone.path, gone.length, Arc::clone(&counter));
    assert!(matches!(http.send(&ask).await, Err(CloudError::File { .. })));
    // Looked at, and replaced by a link to what only its owner may read.
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
    std::fs::set_permissions(&path, mode).unwrap();
    ask.sent = super::http::Sent::File(&path, content.len() as u64, counter);
    assert!(matches!(http.send(&ask).await, Err(CloudError::File { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_where_nobody_listens_and_answers_that_are_none() {
    let sshd = Sshd::start();
    let http = Http::new(session(&sshd).await);
    let nobody = TcpListener::bind((own_address(), 0)).unwrap().local_addr().unwrap().port();
    let place = Place { host: own_address().to_string(), port: nobody, path: String::new() };
    let fault = http.send(&Ask::get("Nova", &place, "/")).await.unwrap_err();
    assert!(matches!(fault, CloudError::Unreachable { .. }) && fault.is_passing(), "{fault}");
    assert!(fault.to_string().contains("see that its unit runs"), "{fault}");
    let (place, _) =
        server(vec![answer("500 Internal Server Error", "", "<html><body>Traceback\u{1b}[2J</body></html>")]);
    let fault = http.send(&Ask::get("Nova", &place, "/")).await.unwrap_err().to_string();
    assert!(fault.contains("Traceback") && !fault.contains('\u{1b}'), "{fault}");
    let long = "x".repeat(super::BODY_LIMIT + 1);
    let (place, _) = server(vec![answer("200 OK", "", &long)]);
    assert!(matches!(http.send(&Ask::get("Nova", &place, "/")).await, Err(CloudError::Odd { .. })));
}

#[test]
fn addresses_of_a_catalogue() {
    let place = |url: &str| Place::parse(url).map(|p| (p.host, p.port, p.path));
    assert_eq!(place("http://ctl1:8774/v2.1").unwrap(), ("ctl1".into(), 8774, "/v2.1".into()));
    assert_eq!(place("http://10.0.0.1:9292/").unwrap(), ("10.0.0.1".into(), 9292, String::new()));
    assert_eq!(place("http://ctl1/identity/v3/").unwrap(), ("ctl1".into(), 80, "/identity/v3".into()));
    assert_eq!(place("http://[fd00::1]:5000").unwrap(), ("fd00::1".into(), 5000, String::new()));
    for bad in ["https://ctl1:5000", "ctl1:5000", "http://", "http://a b:1", "http://ctl1:port"] {
        assert!(place(bad).is_err(), "{bad}");
    }
    let versioned = |url: &str| Place::parse(url).unwrap().versioned("v2.0").path;
    assert_eq!(versioned("http://c:9696"), "/v2.0");
    assert_eq!(versioned("http://c:8774/v2.1/f00"), "/v2.1/f00");
    assert_eq!(versioned("http://c/volume"), "/volume/v2.0");
}
