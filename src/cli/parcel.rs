//! `cpmg env export` and `cpmg env import`: one environment as one file.

use super::args::{EnvFileArgs, EnvImportArgs};
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, import, prompt};
use crate::api::keep::Keep;
use crate::api::{Request, Response};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

/// `cpmg env export`.
pub async fn export(talk: &Talk, args: EnvFileArgs) -> Result<(), Fault> {
    let env = find::environment(talk, &args.env, false).await?.env;
    let to = args.file;
    if to.exists() {
        return Err(Fault::new(
            Code::Conflict,
            format!("{} is there already: choose another name", to.display()),
        ));
    }
    let passphrase = prompt::new_passphrase(&format!("Passphrase for {}", env.name), args.passphrase_stdin)?;
    let answer = talk.call(Request::Keep(Keep::EnvExport { env: env.id, passphrase })).await?;
    let Response::EnvFile(file) = answer else { return Err(Talk::unexpected()) };
    let fault = |e: std::io::Error| Fault::new(Code::Failed, format!("{}: {e}", to.display()));
    let mut out = File::options().write(true).create_new(true).mode(0o600).open(&to).map_err(fault)?;
    if let Err(why) = out.write_all(file.reveal().as_bytes()).and_then(|()| out.sync_all()) {
        // Half a file is of no use to anybody.
        let _ = std::fs::remove_file(&to);
        return Err(fault(why));
    }
    let text = format!(
        "{} is in {}, with its nodes, their logins and its accounts, sealed with the passphrase; jobs, logs and facts are not in it. \
         'cpmg env import FILE' takes it in",
        env.name,
        to.display()
    );
    talk.done(&text, &serde_json::json!({ "env": env.id, "file": to, "bytes": file.reveal().len() }))
}

/// `cpmg env import`.
pub async fn take_in(talk: &Talk, args: EnvImportArgs) -> Result<(), Fault> {
    let text = import::text_of(&args.file)?;
    let passphrase = prompt::passphrase("Passphrase of the file", args.passphrase_stdin)?;
    let upload = import::send(talk, &text).await?;
    let renamed = args.name.is_some();
    let request = Request::Keep(Keep::EnvImport { upload, name: args.name, passphrase });
    let answer = talk.call(request).await.map_err(|fault| match fault.code {
        Code::Conflict if !renamed => {
            Fault::new(fault.code, format!("{fault}: give the new one another name with --name NAME"))
        }
        _ => fault,
    })?;
    let Response::Environment(env) = answer else { return Err(Talk::unexpected()) };
    let limited = if env.members.is_some() {
        "; it was limited to users there: only administrators reach it until 'cpmg env limit' says who may"
    } else {
        ""
    };
    let text = format!(
        "made environment {} (number {}) of {}{limited}. Its jobs and logs stayed behind; 'cpmg node probe' asks the nodes for their facts",
        env.name,
        env.id,
        args.file.display()
    );
    talk.done(&text, &env)
}
