//! `cpmg serve` and `cpmg ssh-key`: the door over SSH, and the keys that users come in with.

use super::args::Global;
use super::exit::Fault;
use super::talk::Talk;
use super::{print, prompt};
use crate::api::door::{DoorAnswer, DoorAsk, DoorView};
use crate::api::{Request, Response};
use crate::domain::door::UserKey;
use clap::Subcommand;

/// The door over SSH.
#[derive(Clone, Debug, Subcommand)]
pub enum ServeCommand {
    /// Show whether the engine serves SSH, where, and the fingerprint of its host key
    Status,
    /// Let users in over SSH: 'ssh -p PORT USER@HOST' opens the screens, a command behind it runs that command (administrators)
    On {
        /// An address of this machine and a port, as 192.0.2.10:2222 [default: as before; the first time it must be given]
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
    },
    /// Let nobody in over SSH any more; sessions over SSH end (administrators)
    Off,
}

/// Keys of users.
#[derive(Clone, Debug, Subcommand)]
pub enum SshKeyCommand {
    /// List your keys
    List {
        /// Those of this user (administrators)
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Register a public key, which is read from the standard input: 'cpmg ssh-key add <key.pub'
    Add {
        /// For this user (administrators)
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Read your password from the first line of the standard input, and the key from the next one
        #[arg(long, conflicts_with = "user")]
        password_stdin: bool,
    },
    /// Remove a key
    Remove {
        /// Its fingerprint, or enough of its beginning
        fingerprint: String,
        /// Of this user (administrators)
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
}

async fn ask(talk: &Talk, asked: DoorAsk) -> Result<DoorAnswer, Fault> {
    match talk.call(Request::Door(asked)).await? {
        Response::Door(answer) => Ok(*answer),
        _ => Err(Talk::unexpected()),
    }
}

/// What everywhere means, in words.
const EVERYWHERE: &str = "Careful: it listens at every address of this machine, also in networks where only nodes and tenants are. One address of \
     the operators' network is better: 'cpmg serve on --listen ADDRESS:PORT'.";

/// `cpmg serve`.
pub async fn serve(global: &Global, command: ServeCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let asked = match command {
        ServeCommand::Status => DoorAsk::Status,
        ServeCommand::On { listen } => DoorAsk::Set { on: true, listen },
        ServeCommand::Off => DoorAsk::Set { on: false, listen: None },
    };
    let DoorAnswer::Status(view) = ask(&talk, asked).await? else { return Err(Talk::unexpected()) };
    if talk.json {
        return print::json(&view);
    }
    told(&view)
}

fn told(view: &DoorView) -> Result<(), Fault> {
    let at = view.listen.as_deref().unwrap_or("no address was chosen");
    match (view.on, view.listening) {
        (false, _) => {
            print::line("off: nobody comes in over SSH ('cpmg serve on --listen ADDRESS:PORT' opens it)")?;
        }
        (true, true) => {
            print::line(&format!("on: listens at {at}, {} logged in", view.connections))?;
        }
        (true, false) => {
            let why = view.why.as_deref().unwrap_or("the engine has just started");
            print::line(&format!("on, but closed: {why}"))?;
        }
    }
    if let Some(fingerprint) = &view.fingerprint {
        print::line(&format!("host key: {fingerprint} (ED25519); tell it those who connect the first time"))?;
    }
    if view.on && view.everywhere {
        print::line(EVERYWHERE)?;
    }
    Ok(())
}

/// `cpmg ssh-key`.
pub async fn keys(global: &Global, command: SshKeyCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let (asked, said) = match command {
        SshKeyCommand::List { user: None } => (DoorAsk::OwnKeys, None),
        SshKeyCommand::List { user: Some(name) } => (DoorAsk::Keys { name }, None),
        SshKeyCommand::Add { user: None, password_stdin } => {
            let password = prompt::password("Your password", password_stdin)?;
            (DoorAsk::OwnKeyAdd { key: line()?, password }, Some("the key is registered"))
        }
        SshKeyCommand::Add { user: Some(name), .. } => {
            (DoorAsk::KeyAdd { name, key: line()? }, Some("the key is registered"))
        }
        SshKeyCommand::Remove { fingerprint, user: None } => {
            (DoorAsk::OwnKeyRemove { fingerprint }, Some("the key is removed"))
        }
        SshKeyCommand::Remove { fingerprint, user: Some(name) } => {
            (DoorAsk::KeyRemove { name, fingerprint }, Some("the key is removed"))
        }
    };
    let DoorAnswer::Keys(keys) = ask(&talk, asked).await? else { return Err(Talk::unexpected()) };
    if talk.json {
        return print::json(&keys);
    }
    if let Some(said) = said {
        return print::line(said);
    }
    let row = |k: &UserKey| {
        let kind = k.line.split(' ').next().unwrap_or_default().to_owned();
        [k.fingerprint.clone(), kind, k.comment.clone(), print::ago(k.added)]
    };
    let rows: Vec<[String; 4]> = keys.iter().map(row).collect();
    print::table(["FINGERPRINT", "KIND", "COMMENT", "ADDED"], &rows, "no keys")
}

/// A public key is no secret, but its line may be a private one by mistake.
fn line() -> Result<String, Fault> {
    if prompt::interactive() {
        print::complain("Paste the line of the public key:");
    }
    Ok(prompt::line_of_input("the public key")?.reveal().to_owned())
}
