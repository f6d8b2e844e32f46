//! A scripted cobblerd: a live object and a disk, handles, tokens, a power agent; and rules by which a test breaks it.

use super::server::{Reply, serve};
use crate::cobbler::{Cobbler, Login, Timeouts};
use crate::domain::secret::Secret;
use dxr::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub type Record = BTreeMap<String, Value>;
type Rule = Box<dyn FnMut(&mut State, &str, &[Value]) -> Option<Reply> + Send>;

pub fn s(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// What the server knows.
#[derive(Default)]
pub struct State {
    /// What everybody sees.
    pub live: BTreeMap<String, Record>,
    /// What is stored.
    pub disk: BTreeMap<String, Record>,
    /// New objects that are not saved.
    pub new: BTreeMap<String, Record>,
    /// What is installed when it boots from the network.
    pub profiles: Vec<String>,
    /// Tokens that are good.
    pub tokens: Vec<String>,
    /// How many there were.
    pub logins: usize,
    /// Every call: method and parameters.
    pub calls: Vec<(String, Vec<Value>)>,
    /// Whether the machine has power.
    pub on: bool,
    /// What `get_status` says.
    pub status: Record,
    /// Whether DHCP is managed.
    pub dhcp: bool,
    /// State and log of the last task.
    pub task: (String, String),
}

impl State {
    pub fn restart(&mut self) {
        self.live.clone_from(&self.disk);
        self.new.clear();
        self.tokens.clear();
    }

    /// How often a method was called, with that text among its parameters.
    pub fn count(&self, method: &str, with: &str) -> usize {
        let has = |params: &[Value]| with.is_empty() || params.iter().any(|p| *p == s(with));
        self.calls.iter().filter(|(m, p)| m == method && has(p)).count()
    }
}

/// The server.
#[derive(Clone)]
pub struct Fake {
    pub state: Arc<Mutex<State>>,
    rules: Arc<Mutex<Vec<Rule>>>,
    pub url: String,
}

/// A machine as it is before: with power, an own profile, not armed.
pub fn machine(name: &str, mac: &str, ip: &str) -> Record {
    let interface = [("mac_address", mac), ("ip_address", ip)].map(|(k, v)| (k.to_owned(), s(v)));
    [
        ("name", s(name)),
        ("profile", s("old")),
        ("hostname", s(name)),
        ("netboot_enabled", Value::Boolean(false)),
        ("power_type", s("lab")),
        ("power_pass", s("s3cr3t-pw")),
        ("power_options", s("hush=1")),
        ("interfaces", Value::Struct([("eth0".to_owned(), Value::Struct(interface.into()))].into())),
    ]
    .map(|(k, v)| (k.to_owned(), v))
    .into()
}

impl Fake {
    pub async fn start() -> Self {
        let mut state = State { profiles: vec!["old".into(), "fresh".into()], on: true, ..State::default() };
        state.task = ("complete".into(), String::new());
        for (name, mac, ip) in
            [("ctl1", "52:54:00:aa:00:01", "10.0.0.1"), ("ctl2", "52:54:00:aa:00:02", "10.0.0.2")]
        {
            state.live.insert(name.into(), machine(name, mac, ip));
        }
        state.disk.clone_from(&state.live);
        let state = Arc::new(Mutex::new(state));
        let rules: Arc<Mutex<Vec<Rule>>> = Arc::default();
        let (theirs, ours) = (Arc::clone(&state), Arc::clone(&rules));
        let url = serve(move |method, params| {
            let mut state = theirs.lock().unwrap();
            state.calls.push((method.to_owned(), params.to_vec()));
            for rule in ours.lock().unwrap().iter_mut() {
                if let Some(reply) = rule(&mut state, method, params) {
                    return reply;
                }
            }
            answer(&mut state, method, params)
        })
        .await;
        Self { state, rules, url }
    }

    /// Breaks something.
    pub fn rule(&self, rule: impl FnMut(&mut State, &str, &[Value]) -> Option<Reply> + Send + 'static) {
        self.rules.lock().unwrap().push(Box::new(rule));
    }

    pub fn heal(&self) {
        self.rules.lock().unwrap().clear();
    }

    pub async fn client(&self) -> Cobbler {
        let long = Duration::from_secs(20);
        self.client_with(Timeouts { call: long, power: long, task: long, pause: Duration::from_millis(1) })
            .await
    }

    pub async fn client_with(&self, timeouts: Timeouts) -> Cobbler {
        let login = Login {
            url: self.url.clone(),
            user: "cobbler".into(),
            password: Secret::new("l0gin-pw"),
            authority: None,
        };
        Cobbler::connect(login, timeouts).await.unwrap()
    }

    /// An attribute as everybody sees it, and as it is stored.
    pub fn both(&self, system: &str, attribute: &str) -> (Value, Value) {
        let state = self.state.lock().unwrap();
        (state.live[system][attribute].clone(), state.disk[system][attribute].clone())
    }
}

fn fault(text: &str) -> Reply {
    Reply::Fault(text.to_owned())
}

fn cx(text: &str) -> Reply {
    Reply::Fault(format!("<class 'cobbler.cexceptions.CX'>:'{text}'"))
}

fn words(params: &[Value]) -> Vec<String> {
    params.iter().map(|p| if let Value::String(s) = p { s.clone() } else { String::new() }).collect()
}

/// What a healthy 3.3 answers, as far as the client asks.
#[allow(clippy::too_many_lines, reason = "one arm for each method")]
fn answer(state: &mut State, method: &str, params: &[Value]) -> Reply {
    let p = words(params);
    let at = |i: usize| p.get(i).map_or("", String::as_str);
    let position = match method {
        "get_system_handle" | "save_system" | "remove_system" | "get_status" | "background_sync" => Some(1),
        "modify_system" => Some(3),
        "power_system" => Some(2),
        "new_system" => Some(0),
        _ => None,
    };
    if let Some(position) = position
        && !state.tokens.iter().any(|t| t == at(position))
    {
        return cx(&format!("invalid token: {}", at(position)));
    }
    match method {
        "extended_version" => Reply::Value(Value::Struct(
            [("version_tuple".to_owned(), Value::Array([3, 3, 10].map(Value::Integer).to_vec()))].into(),
        )),
        "version" => Reply::Value(Value::Double(3.31)),
        "login" if at(1) == "l0gin-pw" => {
            state.logins += 1;
            let token = format!("t0ken{:030}=", state.logins);
            state.tokens.push(token.clone());
            Reply::Value(s(&token))
        }
        "login" => cx("login failed (cobbler)"),
        "get_systems" => {
            Reply::Value(Value::Array(state.live.values().cloned().map(Value::Struct).collect()))
        }
        "get_system" => Reply::Value(state.live.get(at(0)).cloned().map_or(s("~"), Value::Struct)),
        "get_profile" if state.profiles.iter().any(|x| x == at(0)) => {
            Reply::Value(Value::Struct([("name".to_owned(), s(at(0)))].into()))
        }
        "get_profile" => Reply::Value(s("~")),
        "get_profiles" => Reply::Value(Value::Array(
            state
                .profiles
                .iter()
                .map(|name| {
                    Value::Struct([("name".to_owned(), s(name)), ("distro".to_owned(), s("debian"))].into())
                })
                .collect(),
        )),
        "get_distros" => Reply::Value(Value::Array(vec![Value::Struct(
            [("name", "debian"), ("breed", "debian"), ("os_version", "bullseye")]
                .map(|(k, v)| (k.to_owned(), s(v)))
                .into(),
        )])),
        "get_settings" => {
            Reply::Value(Value::Struct([("manage_dhcp".to_owned(), Value::Boolean(state.dhcp))].into()))
        }
        "find_system" => {
            let Value::Struct(criteria) = &params[0] else { return fault("criteria") };
            let (key, wanted) = criteria.iter().next().unwrap();
            let has = |r: &Record| {
                let Value::Struct(interfaces) = &r["interfaces"] else { return false };
                interfaces.values().any(|i| matches!(i, Value::Struct(i) if i.get(key) == Some(wanted)))
            };
            Reply::Value(Value::Array(state.live.iter().filter(|(_, r)| has(r)).map(|(n, _)| s(n)).collect()))
        }
        "get_system_handle" if state.live.contains_key(at(0)) => {
            Reply::Value(s(&format!("system::{}", at(0))))
        }
        "get_system_handle" => cx(&format!("internal error, unknown system name {}", at(0))),
        "new_system" => {
            let handle = format!("___NEW___system::{}", state.new.len());
            let empty = Value::Struct(Record::new());
            state.new.insert(handle.clone(), [("interfaces".to_owned(), empty)].into());
            Reply::Value(s(&handle))
        }
        "modify_system" => modify(state, at(0), at(1), &params[2]),
        "save_system" => save(state, at(0)),
        "remove_system" => {
            state.live.remove(at(0));
            state.disk.remove(at(0));
            Reply::Value(Value::Boolean(true))
        }
        "power_system" => {
            match at(1) {
                "on" => state.on = true,
                "off" => state.on = false,
                "status" => return Reply::Value(Value::Boolean(state.on)),
                other => return cx(&format!("invalid power operation {other}")),
            }
            Reply::Value(Value::Boolean(true))
        }
        "get_status" => Reply::Value(Value::Struct(state.status.clone())),
        "background_sync" => Reply::Value(s("2026-11-20_231035_Sync_0123456789abcdef0123456789abcdef")),
        "get_task_status" => {
            // The first look finds it at work, in the word of 3.3.10 for that.
            let first = state.count("get_task_status", "") == 1;
            let word = if first { "notification".to_owned() } else { state.task.0.clone() };
            Reply::Value(Value::Array(vec![
                Value::Double(1.0),
                s("Sync"),
                s(&word),
                Value::Array(Vec::new()),
            ]))
        }
        "get_event_log" => Reply::Value(s(&state.task.1)),
        _ => cx(&format!("unknown remote method {method}")),
    }
}

fn modify(state: &mut State, handle: &str, attribute: &str, value: &Value) -> Reply {
    const KNOWN: [&str; 10] = [
        "name",
        "profile",
        "hostname",
        "netboot_enabled",
        "power_type",
        "power_address",
        "power_user",
        "power_pass",
        "power_id",
        "modify_interface",
    ];
    if !KNOWN.contains(&attribute) {
        return Reply::Value(Value::Boolean(false));
    }
    if attribute == "profile"
        && let Value::String(name) = value
        && !state.profiles.contains(name)
    {
        return fault(&format!("<class 'ValueError'>:Profile with the name \"{name}\" is not existing"));
    }
    let record = match handle.strip_prefix("system::") {
        Some(name) => state.live.get_mut(name),
        None => state.new.get_mut(handle),
    };
    let Some(record) = record else { return fault(&format!("<class 'KeyError'>:'{handle}'")) };
    if let (true, Value::Struct(members)) = (attribute == "modify_interface", value) {
        let interface =
            members.iter().map(|(k, v)| (k.split('-').next().unwrap().to_owned(), v.clone())).collect();
        record.insert(
            "interfaces".into(),
            Value::Struct([("eth0".to_owned(), Value::Struct(interface))].into()),
        );
    } else {
        record.insert(attribute.to_owned(), value.clone());
    }
    Reply::Value(Value::Boolean(true))
}

fn save(state: &mut State, handle: &str) -> Reply {
    if let Some(name) = handle.strip_prefix("system::") {
        let Some(record) = state.live.get(name).cloned() else {
            return cx("internal error, unknown system name");
        };
        state.disk.insert(name.to_owned(), record);
    } else {
        let Some(record) = state.new.remove(handle) else {
            return fault(&format!("<class 'KeyError'>:'{handle}'"));
        };
        let Value::String(name) = record["name"].clone() else { return cx("no name") };
        state.live.insert(name.clone(), record.clone());
        state.disk.insert(name, record);
    }
    Reply::Value(Value::Boolean(true))
}
