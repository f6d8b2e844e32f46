//! Sessions, users, and the engine's own state.

use super::args::Global;
use super::connect::IfAbsent;
use super::exit::{Code, Fault};
use super::second_factor::{self, ask};
use super::talk::{Talk, first_start};
use super::user_args::UserCommand;
use super::{print, prompt, session, talk};
use crate::api::people::{People, PeopleReply};
use crate::api::views::UserView;
use crate::api::{ClientError, Request, Response};
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
    let session = match talk.try_begin(talk::login(name, password.clone(), None)).await? {
        Ok(session) => session,
        Err(failure) if failure.key.as_deref() == Some("error-code-needed") => {
            let code = second_factor::code("Code of the second factor", from_input)?;
            talk.begin(talk::login(name, password, Some(code))).await?
        }
        Err(failure) => return Err(ClientError::Refused(failure).into()),
    };
    let mut said = format!("logged in as {} ({})", session.user.name, session.user.role);
    if session.user.must_change {
        said.push_str("; your password was set by somebody else: set your own with 'cpmg user password' before anything else");
    }
    talk.done(&said, &session.user)
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
        UserCommand::Add { name, role, full_name, must_change, password_stdin } => {
            add(global, Added { name, role, full_name, must_change }, password_stdin).await
        }
        UserCommand::List => list(global).await,
        UserCommand::Password { name, password_stdin } => password(global, name, password_stdin).await,
        UserCommand::Disable { name } => disable(global, name, true).await,
        UserCommand::Enable { name } => disable(global, name, false).await,
        UserCommand::Edit { name, role, full_name } => edit(global, name, role, full_name).await,
        UserCommand::Unlock { name } => {
            let talk = Talk::open(global).await?;
            let reply = ask(&talk, People::Unlock { name: name.clone() }).await?;
            told(&talk, &format!("{name} may log in at once"), reply)
        }
        UserCommand::ResetFactor { name } => {
            let talk = Talk::open(global).await?;
            let reply = ask(&talk, People::FactorReset { name: name.clone() }).await?;
            told(&talk, &format!("{name} has no second factor any more"), reply)
        }
        UserCommand::Delete { name, confirm } => delete(global, name, confirm).await,
    }
}

/// Who is to be made.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Added {
    name: String,
    role: UserRole,
    #[serde(skip_serializing_if = "String::is_empty")]
    full_name: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    must_change: bool,
}

/// Tells of a user after a change.
fn told(talk: &Talk, sentence: &str, reply: PeopleReply) -> Result<(), Fault> {
    let PeopleReply::User(user) = reply else { return Err(Talk::unexpected()) };
    talk.done(sentence, &user)
}

async fn users(talk: &Talk) -> Result<Vec<UserView>, Fault> {
    let Response::Users(users) = talk.call(Request::Users).await? else { return Err(Talk::unexpected()) };
    Ok(users)
}

async fn edit(
    global: &Global,
    name: String,
    role: Option<UserRole>,
    full_name: Option<String>,
) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let found = users(&talk).await?.into_iter().find(|u| u.name == name);
    let Some(user) = found else {
        return Err(Fault::new(Code::NotFound, format!("there is no user called {name}")));
    };
    let reply = ask(&talk, People::Edit { name, based_on: user.revision, role, full_name }).await?;
    told(&talk, &format!("{} was changed", user.name), reply)
}

async fn delete(global: &Global, name: String, confirm: Option<String>) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let question = format!("{name} is deleted for good, open sessions and shells end. Type the name");
    let typed = match confirm {
        Some(typed) => Some(typed),
        None => prompt::typed(&question)?,
    };
    match typed {
        None => return Err(Fault::usage(format!("nobody can be asked here: add '--confirm {name}'"))),
        Some(typed) if typed != name => {
            return Err(Fault::usage("the name was not typed: nothing was done"));
        }
        Some(_) => {}
    }
    ask(&talk, People::Delete { name: name.clone() }).await?;
    talk.done(&format!("{name} is deleted"), &serde_json::json!({ "name": name, "deleted": true }))
}

async fn add(global: &Global, added: Added, from_input: bool) -> Result<(), Fault> {
    let Added { name, role, full_name, must_change } = &added;
    let (name, role) = (name.clone(), *role);
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
    if first {
        talk.begin(Request::FirstAdministrator { name: name.clone(), password }).await?;
        talk.done(&format!("the first administrator is {name}, and logged in"), &added)
    } else {
        let (full_name, must_change) = (full_name.clone(), *must_change);
        talk.call(Request::UserAdd { name: name.clone(), role, password, full_name, must_change }).await?;
        talk.done(&format!("{name} can log in as {role}"), &added)
    }
}

async fn list(global: &Global) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let users = users(&talk).await?;
    if talk.json {
        return print::json(&users);
    }
    let rows: Vec<[String; 7]> = users
        .iter()
        .map(|u| {
            let state = match u {
                UserView { disabled: true, .. } => "disabled".to_owned(),
                UserView { locked_until: Some(until), .. } => {
                    format!("locked for {}", print::span(until.since(print::now())))
                }
                UserView { must_change: true, .. } => "must set a password".to_owned(),
                _ => "active".to_owned(),
            };
            let factor = if u.second_factor { "on" } else { "off" };
            let last = u.last_login.as_ref();
            let last =
                last.map_or_else(|| "never".to_owned(), |l| format!("{} ({})", print::ago(l.at), l.account));
            [
                u.name.clone(),
                u.role.to_string(),
                state,
                factor.to_owned(),
                last,
                print::ago(u.created),
                u.full_name.clone(),
            ]
        })
        .collect();
    let headings = ["NAME", "ROLE", "STATE", "SECOND FACTOR", "LAST LOGIN", "MADE", "FULL NAME"];
    print::table(headings, &rows, "no users")
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
