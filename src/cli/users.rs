//! Sessions, users, and the engine's own state.

use super::args::{Global, UserCommand};
use super::connect::IfAbsent;
use super::exit::{Code, Fault};
use super::talk::{Talk, first_start};
use super::{print, prompt, session, talk};
use crate::api::{Request, Response};
use crate::domain::user::UserRole;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How long an engine may take to put everything away.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// `cpmg login`.
pub async fn login(global: &Global, name: &str, from_input: bool) -> Result<(), Fault> {
    let talk = Talk::connect(global, IfAbsent::Start).await?;
    if talk.hello().first_start {
        return Err(first_start());
    }
    let password = prompt::password(&format!("Password of {name}"), from_input)?;
    let session = talk.begin(talk::login(name, password)).await?;
    talk.done(&format!("logged in as {} ({})", session.user.name, session.user.role), &session.user)
}

/// `cpmg logout`.
pub async fn logout(global: &Global) -> Result<(), Fault> {
    let talk = Talk::connect(global, IfAbsent::Start).await?;
    if session::kept(&talk.places)?.is_none() {
        return talk.done("nobody was logged in", &serde_json::json!({"logged-out": false}));
    }
    // An expired session is as good as one that was ended.
    if talk.resume().await.is_ok() {
        talk.call(Request::Logout).await?;
    }
    session::forget(&talk.places)?;
    talk.done("logged out", &serde_json::json!({"logged-out": true}))
}

/// `cpmg whoami`.
pub async fn whoami(global: &Global) -> Result<(), Fault> {
    let talk = Talk::connect(global, IfAbsent::Start).await?;
    let me = talk.me().await?;
    talk.done(&format!("{} ({})", me.name, me.role), &me)
}

/// `cpmg user …`.
pub async fn run(global: &Global, command: UserCommand) -> Result<(), Fault> {
    match command {
        UserCommand::Add { name, role, password_stdin } => add(global, name, role, password_stdin).await,
        UserCommand::List => list(global).await,
        UserCommand::Password { name, password_stdin } => password(global, name, password_stdin).await,
        UserCommand::Disable { name } => disable(global, name, true).await,
        UserCommand::Enable { name } => disable(global, name, false).await,
    }
}

async fn add(global: &Global, name: String, role: UserRole, from_input: bool) -> Result<(), Fault> {
    #[derive(Serialize)]
    struct Added<'a> {
        name: &'a str,
        role: UserRole,
    }
    let talk = Talk::connect(global, IfAbsent::Start).await?;
    let first = talk.hello().first_start;
    if first && role != UserRole::Administrator {
        return Err(Fault::new(
            Code::Failed,
            "the first user must be an administrator: add '--role administrator'",
        ));
    }
    if !first {
        talk.resume().await?;
    }
    let password = prompt::new_password(&format!("Password for {name}"), from_input)?;
    let added = Added { name: &name, role };
    if first {
        talk.begin(Request::FirstAdministrator { name: name.clone(), password }).await?;
        talk.done(&format!("the first administrator is {name}, and logged in"), &added)
    } else {
        talk.call(Request::UserAdd { name: name.clone(), role, password }).await?;
        talk.done(&format!("{name} can log in as {role}"), &added)
    }
}

async fn list(global: &Global) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let Response::Users(users) = talk.call(Request::Users).await? else { return Err(Talk::unexpected()) };
    if talk.json {
        return print::json(&users);
    }
    let rows: Vec<[String; 4]> = users
        .iter()
        .map(|u| {
            let state = if u.disabled { "disabled" } else { "active" };
            [u.name.clone(), u.role.to_string(), state.to_owned(), print::ago(u.created)]
        })
        .collect();
    print::table(["NAME", "ROLE", "STATE", "MADE"], &rows, "no users")
}

async fn password(global: &Global, name: Option<String>, from_input: bool) -> Result<(), Fault> {
    let talk = Talk::connect(global, IfAbsent::Start).await?;
    let me = talk.me().await?;
    let name = name.unwrap_or_else(|| me.name.clone());
    let old = if name == me.name { Some(prompt::password("Old password", from_input)?) } else { None };
    let new = prompt::new_password(&format!("New password for {name}"), from_input)?;
    talk.call(Request::UserPassword { name: name.clone(), old, new }).await?;
    talk.done(&format!("the password of {name} is changed"), &serde_json::json!({ "name": name }))
}

async fn disable(global: &Global, name: String, disabled: bool) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    talk.call(Request::UserDisable { name: name.clone(), disabled }).await?;
    let what = if disabled { "cannot log in any more" } else { "can log in again" };
    talk.done(&format!("{name} {what}"), &serde_json::json!({ "name": name, "disabled": disabled }))
}

/// `cpmg engine status`: no login needed, no engine started.
pub async fn status(global: &Global) -> Result<(), Fault> {
    let talk = Talk::connect(global, IfAbsent::Tell).await?;
    let hello = talk.hello();
    let mut text = format!(
        "engine {} answers at {} (process {})",
        hello.release,
        talk.places.socket().display(),
        hello.pid
    );
    if hello.simulated {
        text.push_str("; its nodes are simulated");
    }
    if hello.first_start {
        text.push_str("; no user exists yet");
    }
    for notice in &hello.notices {
        text.push_str("\nnotice: ");
        text.push_str(notice);
    }
    talk.done(&text, hello)
}

/// `cpmg engine stop`.
pub async fn stop(global: &Global) -> Result<(), Fault> {
    let mut talk = Talk::connect(global, IfAbsent::Tell).await?;
    let pid = talk.hello().pid;
    talk.resume().await?;
    talk.call(Request::Stop).await?;
    // The engine closes its connections first and then puts everything away; the next one must find the data free.
    while talk.pushed.recv().await.is_some() {}
    let process = std::path::PathBuf::from(format!("/proc/{pid}"));
    let began = Instant::now();
    while process.exists() && began.elapsed() < STOP_DEADLINE {
        tokio::time::sleep(ASK_EVERY).await;
    }
    talk.done(
        &format!("the engine (process {pid}) has stopped; what runs on nodes goes on there"),
        &serde_json::json!({ "stopped": pid }),
    )
}
