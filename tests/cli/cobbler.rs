//! Settings of Cobbler, looking at a server, registering a node: against a server that speaks as cobblerd 3.3 and 4 do.

use super::jobs::World;
use super::support::Site;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const PASSWORD: &str = "cobbler pass";

/// What the server knows.
#[derive(Default)]
struct Known {
    /// Registered systems: name, MAC address, address.
    systems: Vec<(String, String, String)>,
    /// Attributes of the new system.
    draft: Vec<String>,
    /// Bodies that came.
    calls: Vec<String>,
}

/// A server on loopback; its version is what makes the difference.
struct Server {
    url: String,
    known: Arc<Mutex<Known>>,
}

fn string(text: &str) -> String {
    format!("<value><string>{text}</string></value>")
}

fn record(members: &[(&str, String)]) -> String {
    let all: Vec<String> =
        members.iter().map(|(n, v)| format!("<member><name>{n}</name>{v}</member>")).collect();
    let all = all.concat();
    format!("<value><struct>{all}</struct></value>")
}

fn list(items: &[String]) -> String {
    format!("<value><array><data>{}</data></array></value>", items.concat())
}

fn truth(yes: bool) -> String {
    format!("<value><boolean>{}</boolean></value>", u8::from(yes))
}

/// Texts of the call's parameters, in order.
fn texts(body: &str) -> Vec<String> {
    body.split("<string>").skip(1).filter_map(|r| r.split("</string>").next()).map(str::to_owned).collect()
}

impl Known {
    fn system(&self, name: &str) -> String {
        self.systems.iter().find(|s| s.0 == name).map_or_else(
            || string("~"),
            |(name, mac, address)| {
                let nic = record(&[("mac_address", string(mac)), ("ip_address", string(address))]);
                record(&[
                    ("name", string(name)),
                    ("profile", string("bookworm")),
                    ("netboot_enabled", truth(false)),
                    ("interfaces", record(&[("eno1", nic)])),
                    ("power_type", string("")),
                    ("power_pass", string("top secret")),
                ])
            },
        )
    }

    fn answer(&mut self, version: [u32; 3], method: &str, body: &str) -> Result<String, String> {
        let params = texts(body);
        let param = |i: usize| params.get(i).cloned().unwrap_or_default();
        Ok(match method {
            "extended_version" => {
                let numbers = version.map(|n| format!("<value><int>{n}</int></value>"));
                record(&[("version", string("3")), ("version_tuple", list(&numbers))])
            }
            "login" if param(1) == PASSWORD => string("qJgPqJgPqJgPqJgPqJgPqJgPqJgPqJgPqJ=="),
            "login" => return Err("&lt;class 'cobbler.cexceptions.CX'&gt;:'login failed (cobbler)'".into()),
            "get_settings" => record(&[("manage_dhcp", truth(false))]),
            "get_distros" => list(&[record(&[
                ("name", string("debian12")),
                ("breed", string("debian")),
                ("os_version", string("bookworm")),
                ("arch", string("x86_64")),
            ])]),
            "get_profiles" => {
                list(&[record(&[("name", string("bookworm")), ("distro", string("debian12"))])])
            }
            "get_systems" => {
                let names: Vec<String> = self.systems.iter().map(|s| s.0.clone()).collect();
                list(&names.iter().map(|n| self.system(n)).collect::<Vec<_>>())
            }
            "get_network_interfaces" => list(&[]),
            "get_profile" if param(0) == "bookworm" => record(&[("name", string("bookworm"))]),
            "get_profile" => string("~"),
            "get_system" => self.system(&param(0)),
            "find_system" => {
                let wanted = param(0);
                let found = self.systems.iter().filter(|s| s.1 == wanted || s.2 == wanted);
                list(&found.map(|s| string(&s.0)).collect::<Vec<_>>())
            }
            "new_system" => string("___NEW___system::AAAA"),
            "modify_system" => {
                self.draft.extend(params);
                truth(true)
            }
            "save_system" => {
                let looks = |want: &dyn Fn(&str) -> bool| self.draft.iter().find(|t| want(t)).cloned();
                let mac = looks(&|t| t.matches(':').count() == 5).unwrap_or_default();
                let address = looks(&|t| t.starts_with("127.77.")).unwrap_or_default();
                let name = self.draft.iter().skip_while(|t| *t != "name").nth(1).cloned().unwrap_or_default();
                self.systems.push((name, mac, address));
                truth(true)
            }
            other => {
                return Err(format!(
                    "&lt;class 'cobbler.cexceptions.CX'&gt;:\"unknown remote method '{other}'\""
                ));
            }
        })
    }
}

impl Server {
    fn start(version: [u32; 3]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/cobbler_api", listener.local_addr().unwrap());
        let known = Arc::new(Mutex::new(Known::default()));
        let shared = Arc::clone(&known);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, version, &shared);
            }
        });
        Self { url, known }
    }
}

fn serve(mut stream: TcpStream, version: [u32; 3], known: &Mutex<Known>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8(body).unwrap();
    let method = body.split("<methodName>").nth(1).and_then(|r| r.split('<').next()).unwrap_or_default();
    let mut known = known.lock().unwrap();
    known.calls.push(body.clone());
    let xml = match known.answer(version, method, &body) {
        Ok(value) => format!("<params><param>{value}</param></params>"),
        Err(fault) => {
            let code = "<value><int>1</int></value>".to_owned();
            format!("<fault>{}</fault>", record(&[("faultCode", code), ("faultString", string(&fault))]))
        }
    };
    let xml = format!("<?xml version='1.0'?><methodResponse>{xml}</methodResponse>");
    let head = format!("HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", xml.len());
    let _ = stream.write_all(format!("{head}{xml}").as_bytes());
}

#[test]
fn a_server_is_set_checked_and_forgotten_and_its_password_never_shown() {
    let site = Site::new();
    site.ok(&["env", "add", "lab"]);
    let server = Server::start([3, 3, 10]);
    for verb in ["show", "check", "forget"] {
        site.refused(&["cobbler", verb, "lab"], 4, "no Cobbler server");
    }
    site.refused(&["cobbler", "set", "lab", "--url", &server.url], 2, "--user");
    let to = |url: &str| {
        ["cobbler", "set", "lab", "--url", url, "--user", "cobbler", "--password-stdin"].map(str::to_owned)
    };
    let set = |url: &str, typed: &str, code: i32, why: &str| {
        let args = to(url);
        site.refused_typing(&args.each_ref().map(String::as_str), typed, code, why);
    };
    set(&server.url, "", 2, "password");
    set("cobbler.example", "x\n", 2, "http(s)://HOST");
    set("http://a:b@c/", "x\n", 2, "fields of their own");
    set("http://127.0.0.1:9/cobbler_api", "x\n", 6, "does not answer");
    set(&server.url, "wrong\n", 2, "does not accept user 'cobbler'");
    let noise = site.dir.path().join("noise.pem").display().to_string();
    std::fs::write(&noise, "no certificate").unwrap();
    let good = to(&server.url);
    let good = good.each_ref().map(String::as_str);
    let with_ca = [&good[..], &["--authority", &noise]].concat();
    site.refused_typing(&with_ca, "x\n", 2, "BEGIN CERTIFICATE");
    site.refused(&["cobbler", "show", "lab"], 4, "no Cobbler server");

    let said = site.ok_typing(&good, &format!("{PASSWORD}\n"));
    assert!(said.contains("Cobbler 3.3.10"), "{said}");
    let checked = site.json(&["cobbler", "check", "lab"]);
    assert_eq!((checked["version"].as_str(), checked["writes"].as_bool()), (Some("3.3.10"), Some(true)));
    assert_eq!((checked["profiles"].as_u64(), checked["plain"].as_bool()), (Some(1), Some(true)));
    assert!(site.ok(&["cobbler", "check", "lab"]).contains("as it is"), "http is warned of");
    assert!(site.ok(&["cobbler", "list", "lab", "distros"]).contains("bookworm"));
    assert_eq!(site.json(&["cobbler", "list", "lab", "profiles"])[0]["name"], "bookworm");
    site.refused(&["cobbler", "list", "lab", "images"], 2, "distros");
    // What is refused later leaves the old one as it is.
    set("http://127.0.0.1:9/cobbler_api", "x\n", 6, "does not answer");
    let shown = site.ok(&["cobbler", "show", "lab"]);
    assert!(shown.contains(&server.url) && !shown.contains(PASSWORD), "{shown}");

    // Viewers look, and change nothing.
    site.ok_typing(&["user", "add", "vic", "--role", "viewer", "--password-stdin"], "correct horse\n");
    let login = site.run_of("vic", &["login", "vic", "--password-stdin"], "correct horse\n");
    assert_eq!(login.code, 0, "{login:?}");
    assert_eq!(site.run_of("vic", &["cobbler", "show", "lab"], "").code, 0);
    assert_eq!(site.run_of("vic", &["cobbler", "forget", "lab", "--yes"], "").code, 3);
    assert_eq!(site.run_of("vic", &good, "x\n").code, 3);

    // It survives the engine, sealed.
    site.kill_engine();
    site.json(&["cobbler", "check", "lab"]);
    let found =
        std::process::Command::new("grep").args(["-rlaF", PASSWORD]).arg(site.data()).output().unwrap();
    assert!(found.stdout.is_empty(), "the password lies in {}", String::from_utf8_lossy(&found.stdout));
    site.refused(&["cobbler", "forget", "lab"], 2, "--yes");
    site.ok(&["cobbler", "forget", "lab", "--yes"]);
    site.refused(&["cobbler", "show", "lab"], 4, "no Cobbler server");
}

#[test]
fn a_node_is_registered_by_its_mac_and_never_on_a_server_that_is_only_read() {
    let world = World::new(1000.0, &[]);
    let site = &world.site;
    let set = |server: &Server| {
        let args = ["cobbler", "set", "lab", "--url", &server.url, "--user", "cobbler", "--password-stdin"];
        site.ok_typing(&args, &format!("{PASSWORD}\n"))
    };
    let server = Server::start([3, 3, 10]);
    site.refused(&["cobbler", "register", "ctl1", "--profile", "bookworm"], 4, "no Cobbler server");
    set(&server);
    site.refused(&["cobbler", "register", "ctl1"], 2, "--profile");
    site.refused(&["cobbler", "register", "ctl1", "--profile", "sid"], 4, "no profile 'sid'");
    site.refused(&["cobbler", "register", "ctl1", "--profile", "bookworm", "--mac", "zz"], 2, "zz");
    site.refused(&["cobbler", "register", "ctl9", "--profile", "bookworm"], 4, "ctl1");
    let orphan = ["cobbler", "register", "ctl1", "--profile", "bookworm", "--power-user", "admin"];
    site.refused(&orphan, 2, "--power");
    assert_eq!(site.json(&["cobbler", "register", "ctl1", "--profile", "bookworm"])["new"], true);
    let systems = site.json(&["cobbler", "list", "lab", "systems"]);
    let node = site.json(&["node", "show", "ctl1"]);
    let mac = node["facts"]["nics"][0]["mac"].as_str().unwrap();
    assert_eq!((systems[0]["name"].as_str(), systems[0]["macs"][0].as_str()), (Some("ctl1"), Some(mac)));
    assert!(!systems.to_string().contains("top secret"), "{systems}");
    let table = site.ok(&["cobbler", "list", "lab", "systems"]);
    assert!(table.contains("disk") && table.matches("ctl1").count() == 2, "system and node: {table}");
    assert!(site.ok(&["cobbler", "register", "ctl1", "--profile", "bookworm"]).contains("already"));
    // Another node with the same MAC address is refused.
    site.refused(&["cobbler", "register", "cmp1", "--profile", "bookworm", "--mac", mac], 5, "ctl1");

    let new = Server::start([4, 0, 0]);
    assert!(set(&new).contains("only read"));
    assert_eq!(site.json(&["cobbler", "check", "lab"])["writes"], false);
    site.refused(&["cobbler", "register", "cmp1", "--profile", "bookworm"], 6, "only read");
    assert!(new.known.lock().unwrap().systems.is_empty());
}
