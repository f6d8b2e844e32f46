//! `cpmg node sweep`: looks for SSH at many addresses.

use super::exit::{Code, Fault};
use super::interrupt::Interrupt;
use super::sweep_args::SweepArgs;
use super::talk::Talk;
use super::{discovery, find, print, prompt};
use crate::api::client::Pushed;
use crate::api::rows::{FoundRow, SweepRow};
use crate::api::{Request, Response, Row, Topic};
use std::collections::BTreeMap;

/// Sweeps and prints what was found. Ctrl-C ends the sweep and prints what was found so far.
pub async fn run(talk: &mut Talk, env: &str, ranges: Vec<String>, how: &SweepArgs) -> Result<(), Fault> {
    let env = find::environment(talk, env, false).await?;
    let mut interrupt = Interrupt::listen()?;
    let start = Request::SweepStart {
        env: env.env.id,
        ranges,
        port: how.port,
        rate: how.rate,
        parallel: how.parallel,
    };
    let Response::Sweep(sweep) = talk.call(start).await? else { return Err(Talk::unexpected()) };
    talk.call(Request::Subscribe(Topic::Sweep(sweep))).await?;
    let mut found: BTreeMap<_, FoundRow> = BTreeMap::new();
    let mut progress: Option<SweepRow> = None;
    // Progress is for people; a script waits for the result.
    let person = prompt::interactive() && !talk.json;
    while progress.as_ref().is_none_or(|p| p.ended.is_none()) {
        let pushed = tokio::select! {
            pushed = talk.pushed.recv() => pushed,
            () = interrupt.next() => {
                talk.call(Request::SweepCancel { sweep }).await?;
                continue;
            }
        };
        let Some(pushed) = pushed else {
            return Err(Fault::new(Code::NoEngine, "the connection to the engine was lost during the sweep"));
        };
        let Pushed::Update(update) = pushed else { continue };
        if update.topic != Topic::Sweep(sweep) {
            continue;
        }
        for row in update.rows {
            match row {
                Row::Sweep(row) => {
                    if person
                        && progress
                            .as_ref()
                            .is_none_or(|p| p.done * 10 / p.total.max(1) != row.done * 10 / row.total.max(1))
                    {
                        print::complain(&format!(
                            "{} of {} addresses asked, SSH at {}",
                            row.done, row.total, row.found
                        ));
                    }
                    progress = Some(row);
                }
                Row::Found(row) => drop(found.insert(row.address, row)),
                _ => {}
            }
        }
    }
    let Some(progress) = progress else { return Err(Talk::unexpected()) };
    let found: Vec<FoundRow> = found.into_values().collect();
    if talk.json {
        return print::json(&serde_json::json!({ "sweep": progress, "found": found }));
    }
    let rows: Vec<[String; 3]> = found
        .iter()
        .map(|f| {
            let node = f.node.map_or_else(|| "-".to_owned(), |n| format!("node {n}"));
            let mut what = if f.ssh { f.banner.clone() } else { format!("not SSH: {}", f.banner) };
            for twin in discovery::twins(&f.twins) {
                what = format!("{what} (! {twin})");
            }
            let what = if f.new { format!("new: {what}") } else { what };
            [format!("{}:{}", f.address, f.port), node, what]
        })
        .collect();
    print::table(["ADDRESS", "KNOWN AS", "WHAT ANSWERS"], &rows, "nothing answered")?;
    let word = if progress.cancelled { "ended early: " } else { "" };
    let took = progress.ended.map(|e| print::span(e.since(progress.started))).unwrap_or_default();
    if progress.unasked > 0 {
        print::line(&format!(
            "{} addresses could not be asked: this host had no file or buffer left; try fewer at a time (--parallel)",
            progress.unasked
        ))?;
    }
    print::line(&format!(
        "{word}{} of {} addresses asked in {took}, SSH at {}",
        progress.done, progress.total, progress.found
    ))
}
