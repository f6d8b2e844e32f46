//! `cpmg session`: who is logged in, and ending that.

use super::args::Global;
use super::exit::Fault;
use super::print;
use super::second_factor::{ask, own};
use super::talk::Talk;
use super::user_args::SessionCommand;
use crate::api::people::{EndSessions, LoginView, People, PeopleReply};
use crate::domain::user::UserRole;

/// `cpmg session …`.
pub async fn run(global: &Global, command: SessionCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    match command {
        SessionCommand::List { all } => list(&talk, all).await,
        SessionCommand::End { session, others, user } => {
            let which = match (session, user) {
                (Some(id), _) => EndSessions::One(id),
                (_, Some(name)) => EndSessions::Of(name),
                _ => EndSessions::Others,
            };
            let mine = own(&talk).await?;
            let anybodys = mine.user.role == UserRole::Administrator && !others;
            let asked = if anybodys { People::End(which) } else { People::EndOwn(which) };
            let PeopleReply::Ended(count) = ask(&talk, asked).await? else { return Err(Talk::unexpected()) };
            talk.done(&format!("{count} sessions ended"), &serde_json::json!({ "ended": count }))
        }
    }
}

async fn list(talk: &Talk, all: bool) -> Result<(), Fault> {
    let sessions: Vec<LoginView> = if all {
        let PeopleReply::Sessions(all) = ask(talk, People::Sessions).await? else {
            return Err(Talk::unexpected());
        };
        all
    } else {
        own(talk).await?.sessions
    };
    if talk.json {
        return print::json(&sessions);
    }
    let rows: Vec<[String; 6]> = sessions
        .iter()
        .map(|s| {
            let mine = if s.mine { " (this one)" } else { "" };
            [
                s.id.clone(),
                format!("{}{mine}", s.name),
                s.account.clone(),
                print::ago(s.began),
                print::ago(s.used),
                s.connections.to_string(),
            ]
        })
        .collect();
    print::table(["SESSION", "USER", "ACCOUNT", "BEGAN", "USED", "CONNECTIONS"], &rows, "no sessions")
}
