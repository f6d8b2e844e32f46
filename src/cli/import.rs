//! `cpmg node import` and `cpmg node export`.

use super::exit::{Code, Fault};
use super::import_args::{ExportArgs, ImportArgs, ListFormat};
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::import::{ImportAsk, ImportDone, ImportSource, ImportView, parts};
use crate::api::{Request, Response};
use crate::domain::export::{self, Exported};
use crate::domain::import::preview::{ImportRow, Verdict};
use crate::domain::import::{Format, Preview, TEXT_MAX};
use crate::domain::secret::Secret;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Largest private key that is read, bytes.
const KEY_MAX: u64 = 64 * 1024;

/// `cpmg node import`.
pub async fn import(talk: &Talk, args: ImportArgs) -> Result<(), Fault> {
    let env = find::environment(talk, &args.env, false).await?.env;
    let source = match (args.format, &args.file) {
        (Some(ListFormat::Cobbler), None) => ImportSource::Cobbler,
        (Some(ListFormat::Cobbler), Some(_)) => {
            return Err(Fault::usage("Cobbler's systems come from its server: name no file"));
        }
        (_, None) => return Err(Fault::usage("name the file, or - for the standard input")),
        (format, Some(file)) => {
            let format = match format {
                Some(ListFormat::File(format)) => format,
                _ => Format::guess(&file.to_string_lossy()),
            };
            ImportSource::Text { upload: send(talk, &text_of(file)?).await?, format }
        }
    };
    let mut ask = ImportAsk { env: env.id, source, user: args.user, port: args.port, keys: BTreeMap::new() };
    let mut view = preview(talk, ask.clone()).await?;
    if args.keys && !view.preview.keys.is_empty() {
        for path in &view.preview.keys {
            match key_text(path) {
                Ok(text) => drop(ask.keys.insert(path.clone(), text)),
                Err(why) => print::complain(&why),
            }
        }
        view = preview(talk, ask).await?;
    }
    let count = |verdict| view.preview.count(verdict);
    let work = count(Verdict::New) + count(Verdict::Changed);
    if args.dry_run {
        return if talk.json { print::json(&view.preview) } else { show(&view.preview) };
    }
    if !talk.json {
        show(&view.preview)?;
    }
    if work == 0 {
        let nothing = ImportDone { added: 0, changed: 0, refused: most(count(Verdict::Refused)) };
        return talk.done("nothing to do", &nothing);
    }
    let question = format!("Add {} nodes and change {}?", count(Verdict::New), count(Verdict::Changed));
    if !args.yes && !prompt::confirmed(&question)? {
        return Err(Fault::usage("nothing was done: say yes, or give --yes"));
    }
    let apply = Request::ImportApply { import: view.number, digest: view.preview.digest };
    let Response::Imported(done) = talk.call(apply).await? else { return Err(Talk::unexpected()) };
    let ImportDone { added, changed, refused } = done;
    talk.done(&format!("{added} nodes added, {changed} changed, {refused} lines left out"), &done)
}

fn most(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

async fn preview(talk: &Talk, ask: ImportAsk) -> Result<ImportView, Fault> {
    match talk.call(Request::ImportPreview(ask)).await? {
        Response::ImportPreview(view) => Ok(*view),
        _ => Err(Talk::unexpected()),
    }
}

/// Sends a text in parts; the number under which the engine keeps it.
pub(super) async fn send(talk: &Talk, text: &Secret) -> Result<u64, Fault> {
    let (mut upload, mut offset) = (None, 0);
    for part in parts(text.reveal()) {
        let request = Request::ImportText { upload, offset, text: Secret::new(part) };
        let Response::ImportText(number) = talk.call(request).await? else { return Err(Talk::unexpected()) };
        upload = Some(number);
        offset += part.len() as u64;
    }
    upload.ok_or_else(|| Fault::usage("the list is empty"))
}

/// The text of a file, `-` for the standard input.
pub(super) fn text_of(path: &Path) -> Result<Secret, Fault> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let limit = TEXT_MAX as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|f| f.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|e| Fault::usage(format!("{shown}: {e}")))?;
    if bytes.len() > TEXT_MAX {
        return Err(Fault::usage(format!("{shown}: a list has {TEXT_MAX} bytes at most: split it")));
    }
    String::from_utf8(bytes).map(Secret::new).map_err(|e| {
        let line = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let line = String::from_utf8_lossy(line).matches('\n').count() + 1;
        Fault::usage(format!("{shown}, line {line}: not UTF-8; convert the file first"))
    })
}

/// A key as the list names it.
fn key_text(path: &str) -> Result<Secret, String> {
    let place = match path.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => PathBuf::from(path),
    };
    let mut text = String::new();
    let read = std::fs::File::open(&place).and_then(|f| f.take(KEY_MAX).read_to_string(&mut text));
    read.map(|_| Secret::new(text)).map_err(|e| format!("the key {path}: {e}"))
}

/// What happens to a machine, in words.
fn what(row: &ImportRow) -> String {
    let changes = row.changes.iter().map(|c| match (c.from.is_empty(), c.to.is_empty()) {
        (true, _) => format!("{}: {}", c.field, c.to),
        (false, true) => format!("{}: {} → none", c.field, c.from),
        (false, false) => format!("{}: {} → {}", c.field, c.from, c.to),
    });
    let login =
        (row.verdict == Verdict::New && row.login == "password").then(|| "password: given".to_owned());
    let through =
        (row.verdict == Verdict::New && !row.jump.is_empty()).then(|| format!("through {}", row.jump));
    let reasons = row.reason.iter().chain(&row.notes).map(ToString::to_string);
    changes.chain(through).chain(login).chain(reasons).collect::<Vec<_>>().join("; ")
}

fn show(preview: &Preview) -> Result<(), Fault> {
    for note in &preview.notes {
        let place = if note.line > 0 { format!("line {}: ", note.line) } else { String::new() };
        print::line(&format!("{place}{}", note.reason))?;
    }
    let rows: Vec<[String; 6]> = preview
        .rows
        .iter()
        .filter(|r| r.verdict != Verdict::Same)
        .map(|r| {
            [
                if r.line > 0 { r.line.to_string() } else { "-".to_owned() },
                r.verdict.word().to_owned(),
                if r.name.is_empty() { r.label.clone() } else { r.name.clone() },
                match (r.address.as_str(), r.port) {
                    ("", _) => "-".to_owned(),
                    (address, 22) => address.to_owned(),
                    (address, port) => format!("{address}:{port}"),
                },
                print::words(&r.roles),
                what(r),
            ]
        })
        .collect();
    if !rows.is_empty() {
        print::table(["LINE", "", "NAME", "ADDRESS", "ROLES", "WHAT"], &rows, "")?;
    }
    let count = |verdict| preview.count(verdict);
    print::line(&format!(
        "{} new, {} changed, {} as they are, {} refused",
        count(Verdict::New),
        count(Verdict::Changed),
        count(Verdict::Same),
        count(Verdict::Refused)
    ))
}

/// `cpmg node export`.
pub async fn export(talk: &Talk, args: ExportArgs) -> Result<(), Fault> {
    let env = find::environment(talk, &args.env, false).await?.env;
    let nodes = find::nodes(talk, env.id).await?;
    let all: Vec<Exported<'_>> = nodes.iter().map(exported).collect();
    let format = if talk.json && args.output.is_none() { export::Format::Json } else { args.format };
    let text = export::export(format, &env.name, &all);
    let Some(path) = args.output else { return print::write(text.as_bytes()) };
    let cannot =
        |e: std::io::Error| Fault::new(Code::Failed, format!("{} cannot be written: {e}", path.display()));
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&path).map_err(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)?;
    let record = serde_json::json!({ "env": env.name, "file": path, "nodes": nodes.len() });
    talk.done(&format!("{} nodes of {} are in {}", nodes.len(), env.name, path.display()), &record)
}

/// A row of the node table as it is exported.
fn exported(node: &crate::api::rows::NodeRow) -> Exported<'_> {
    Exported {
        name: &node.name,
        address: node.address,
        port: node.port,
        jump: node.jump.as_ref().map(crate::domain::jump::Jump::place),
        user: &node.user,
        credential: node.credential.as_ref(),
        roles: &node.roles,
        state: node.state,
        facts: node.facts.as_ref(),
    }
}
