//! `cpmg second-factor`: switching it on, off, and its recovery codes.

use super::args::Global;
use super::connect::IfAbsent;
use super::exit::Fault;
use super::talk::Talk;
use super::user_args::FactorCommand;
use super::{print, prompt};
use crate::api::people::{OwnView, People, PeopleReply};
use crate::api::{Request, Response};
use crate::domain::secret::Secret;
use crate::domain::{qr, totp};

/// Asks about people.
pub async fn ask(talk: &Talk, asked: People) -> Result<PeopleReply, Fault> {
    match talk.call(Request::People(asked)).await? {
        Response::People(reply) => Ok(reply),
        _ => Err(Talk::unexpected()),
    }
}

/// Who I am.
pub async fn own(talk: &Talk) -> Result<OwnView, Fault> {
    match ask(talk, People::Own).await? {
        PeopleReply::Own(own) => Ok(*own),
        _ => Err(Talk::unexpected()),
    }
}

fn password(from_input: bool) -> Result<Secret, Fault> {
    prompt::password("Your password", from_input)
}

/// A code, typed or from the next line of the standard input.
pub fn code(question: &str, from_input: bool) -> Result<Secret, Fault> {
    if from_input { prompt::line_of_input("the code") } else { prompt::hidden(question, "--password-stdin") }
}

fn both(from_input: bool) -> Result<(Secret, Secret), Fault> {
    Ok((password(from_input)?, code("Code, or a recovery code", from_input)?))
}

/// `cpmg second-factor …`.
pub async fn run(global: &Global, command: FactorCommand) -> Result<(), Fault> {
    let talk = Talk::connect(global, IfAbsent::Start).await?;
    talk.me().await?;
    match command {
        FactorCommand::Status => {
            let own = own(&talk).await?;
            let on = own.user.second_factor;
            let text = match (on, own.recovery_left) {
                (false, _) => "off: 'cpmg second-factor on' switches it on".to_owned(),
                (true, left) => format!("on; {left} recovery codes left"),
            };
            talk.done(&text, &serde_json::json!({ "on": on, "recovery-codes": own.recovery_left }))
        }
        FactorCommand::On { password_stdin } => on(&talk, password_stdin).await,
        FactorCommand::Off { password_stdin } => {
            let (password, code) = both(password_stdin)?;
            ask(&talk, People::FactorOff { password, code }).await?;
            talk.done("the second factor is off", &serde_json::json!({ "on": false }))
        }
        FactorCommand::Codes { password_stdin } => {
            let (password, code) = both(password_stdin)?;
            let reply = ask(&talk, People::RecoveryRenew { password, code }).await?;
            recovery(&talk, reply)
        }
    }
}

async fn on(talk: &Talk, from_input: bool) -> Result<(), Fault> {
    let password = password(from_input)?;
    let PeopleReply::Factor { uri, key } = ask(talk, People::FactorBegin { password }).await? else {
        return Err(Talk::unexpected());
    };
    // The one place where a key leaves for a person's eyes: without it no app can be set up.
    if talk.json {
        print::json(&serde_json::json!({ "uri": uri, "key": key }))?;
    } else {
        let dark_on_light = rustix::termios::isatty(std::io::stdout());
        for line in qr::lines(uri.reveal()).unwrap_or_default() {
            let line = if dark_on_light { format!("\u{1b}[30;107m{line}\u{1b}[0m\n") } else { line + "\n" };
            print::write(line.as_bytes())?;
        }
        print::line(&format!(
            "Scan it with an authenticator app, or type this key: {}",
            totp::grouped(key.reveal())
        ))?;
    }
    let code = code("The code that the app shows", from_input)?;
    let reply = ask(talk, People::FactorConfirm { code }).await?;
    if !talk.json {
        print::line("The second factor is on: each login asks for a code.")?;
    }
    recovery(talk, reply)
}

fn recovery(talk: &Talk, reply: PeopleReply) -> Result<(), Fault> {
    let PeopleReply::Recovery(codes) = reply else { return Err(Talk::unexpected()) };
    if talk.json {
        return print::json(&serde_json::json!({ "recovery-codes": codes }));
    }
    print::line(
        "Recovery codes, each good for one login without the app. Keep them apart from the phone; they are shown this once:",
    )?;
    codes.iter().try_for_each(|code| print::line(&format!("  {}", code.reveal())))
}
