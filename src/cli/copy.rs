//! `cpmg copy`: a file to a node or from it, with progress.

use super::args::Global;
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, print};
use crate::api::transfer::{Sent, TransferFault, download, upload};
use clap::Args;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Least time between two looks at the progress.
const EVERY: Duration = Duration::from_millis(200);

/// What is copied.
#[derive(Clone, Debug, Args)]
pub struct CopyArgs {
    /// A file of this host, or NODE:PATH (NODE by name, number or ENV/NAME; PATH from the account's home unless it begins with /)
    from: String,
    /// A place on this host, or NODE:PATH
    to: String,
    /// Replace a file that is there
    #[arg(long)]
    replace: bool,
}

/// One end of it.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Here(PathBuf),
    Node(String, String),
}

/// `./a:b` is a file of this host, `a:b` one of the node `a`.
fn end(text: &str) -> End {
    match text.split_once(':') {
        Some((node, path)) if !node.is_empty() && !text.starts_with(['.', '/', '~']) => {
            let path = if path.is_empty() { "." } else { path };
            End::Node(node.to_owned(), path.to_owned())
        }
        _ => End::Here(PathBuf::from(text)),
    }
}

/// A line that says how far it is, on a terminal only.
struct Bar {
    shown: bool,
    since: Instant,
    last: Option<Instant>,
}

impl Bar {
    fn new(json: bool) -> Self {
        Self { shown: !json && std::io::stderr().is_terminal(), since: Instant::now(), last: None }
    }

    fn show(&mut self, done: u64, size: u64) {
        let now = Instant::now();
        if !self.shown || (done < size && self.last.is_some_and(|last| now - last < EVERY)) {
            return;
        }
        self.last = Some(now);
        let ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let share = done.saturating_mul(100).checked_div(size).unwrap_or(100);
        let speed = print::size(done.saturating_mul(1000) / ms);
        let line = format!("{share:>3}%  {} of {}  {speed}/s", print::size(done), print::size(size));
        let _ = write!(std::io::stderr().lock(), "\r{line:<60}");
    }

    fn end(&self) {
        if self.last.is_some() {
            let _ = writeln!(std::io::stderr().lock());
        }
    }
}

fn here(path: &Path, why: &std::io::Error) -> Fault {
    Fault::new(Code::Failed, format!("{}: {why}", path.display()))
}

fn fault(why: TransferFault) -> Fault {
    match why {
        TransferFault::Client(why) => why.into(),
        other => Fault::new(Code::Failed, other.to_string()),
    }
}

/// `cpmg copy`.
pub async fn run(global: &Global, args: CopyArgs) -> Result<(), Fault> {
    match (end(&args.from), end(&args.to)) {
        (End::Here(from), End::Node(node, path)) => {
            let talk = Talk::open(global).await?;
            send(&talk, &from, &node, path, args.replace).await
        }
        (End::Node(node, path), End::Here(to)) => {
            let talk = Talk::open(global).await?;
            fetch(&talk, &node, path, &to, args.replace).await
        }
        _ => Err(Fault::usage("one end is a file of this host, the other one NODE:PATH")),
    }
}

async fn send(talk: &Talk, from: &Path, node: &str, path: String, replace: bool) -> Result<(), Fault> {
    let mut file = tokio::fs::File::open(from).await.map_err(|e| here(from, &e))?;
    let meta = file.metadata().await.map_err(|e| here(from, &e))?;
    if !meta.is_file() {
        return Err(Fault::usage(format!("{} is not a file", from.display())));
    }
    let row = find::node(talk, node).await?;
    let name = from.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mode = meta.permissions().mode();
    let sent = Sent { node: row.id, path, name, size: meta.len(), mode, replace };
    let mut bar = Bar::new(talk.json);
    let written = upload(&talk.client(), sent, &mut file, |done| bar.show(done, meta.len())).await;
    bar.end();
    let written = written.map_err(fault)?;
    talk.done(
        &format!("{} bytes are in {}:{written}", meta.len(), row.name),
        &serde_json::json!({ "node": row.id, "path": written, "bytes": meta.len() }),
    )
}

async fn fetch(talk: &Talk, node: &str, path: String, to: &Path, replace: bool) -> Result<(), Fault> {
    let row = find::node(talk, node).await?;
    let name = path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("file").to_owned();
    let place = if to.is_dir() { to.join(name) } else { to.to_path_buf() };
    if place.exists() && !replace {
        return Err(Fault::new(Code::Conflict, format!("{} is there already: --replace", place.display())));
    }
    // Beside its place until it is complete.
    let mut part = place.clone().into_os_string();
    part.push(".cpmg-part");
    let part = PathBuf::from(part);
    let mut options = tokio::fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&part).await;
    let mut file = opened.map_err(|e| here(&part, &e))?;
    let mut bar = Bar::new(talk.json);
    let got = download(&talk.client(), row.id, path, &mut file, |done, size| bar.show(done, size)).await;
    bar.end();
    let done = match got {
        Ok(bytes) => tokio::fs::rename(&part, &place).await.map(|()| bytes).map_err(|e| here(&place, &e)),
        Err(why) => Err(fault(why)),
    };
    if done.is_err() {
        let _ = tokio::fs::remove_file(&part).await;
    }
    let bytes = done?;
    let shown = place.display().to_string();
    talk.done(
        &format!("{bytes} bytes of {} are in {shown}", row.name),
        &serde_json::json!({ "node": row.id, "file": shown, "bytes": bytes }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_end_is_where() {
        let node = |n: &str, p: &str| End::Node(n.into(), p.into());
        for (text, wanted) in [
            ("node-1:/etc/hosts", node("node-1", "/etc/hosts")),
            ("prod/node-1:notes", node("prod/node-1", "notes")),
            ("node-1:", node("node-1", ".")),
            ("./a:b", End::Here("./a:b".into())),
            ("/tmp/a:b", End::Here("/tmp/a:b".into())),
            ("file", End::Here("file".into())),
        ] {
            assert_eq!(end(text), wanted, "{text}");
        }
    }
}
