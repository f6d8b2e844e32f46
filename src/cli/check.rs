//! `cpmg check`: runs connectivity checks, follows them, prints their reports.

use super::args::Global;
use super::check_args::CheckCommand;
use super::exit::{Code, Fault};
use super::interrupt::Interrupt;
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::check::{CheckPhase, CheckRow, CheckRunRow, CheckScope};
use crate::api::client::Pushed;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::check::{Cell, CellState, CheckReport, Column, Severity, Verdict, words};
use crate::domain::ids::EnvId;
use crate::domain::text::sh_quote;
use crate::domain::time::Moment;

/// `cpmg check …`.
pub async fn run(global: &Global, command: CheckCommand) -> Result<Code, Fault> {
    let mut talk = Talk::open(global).await?;
    match command {
        CheckCommand::Run { env, node, only } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let mut scope = CheckScope { nodes: Vec::new(), kinds: only };
            for name in &node {
                let wanted = if name.contains('/') { name.clone() } else { format!("{}/{name}", env.name) };
                scope.nodes.push(find::node(&talk, &wanted).await?.id);
            }
            let interrupt = Interrupt::listen()?;
            talk.call(Request::Subscribe(Topic::Check(env.id))).await?;
            let request = Request::CheckRun { env: env.id, scope };
            let Response::CheckRun(run) = talk.call(request).await? else { return Err(Talk::unexpected()) };
            follow(&mut talk, env.id, run.started, interrupt).await?;
            show(&talk, env.id, &env.name).await
        }
        CheckCommand::Show { env } => {
            let env = find::environment(&talk, &env, false).await?.env;
            show(&talk, env.id, &env.name).await
        }
        CheckCommand::Cancel { env } => {
            let env = find::environment(&talk, &env, false).await?.env;
            talk.call(Request::CheckCancel { env: env.id }).await?;
            talk.done(&format!("the check of {} ends; it leaves no report", env.name), &env.id)?;
            Ok(Code::Done)
        }
    }
}

/// Waits for the end of the check that was just started. Ctrl-C ends it.
async fn follow(talk: &mut Talk, env: EnvId, started: Moment, mut interrupt: Interrupt) -> Result<(), Fault> {
    let person = prompt::interactive() && !talk.json;
    let mut shown: Option<CheckRunRow> = None;
    loop {
        let pushed = tokio::select! {
            pushed = talk.pushed.recv() => pushed,
            () = interrupt.next() => {
                talk.call(Request::CheckCancel { env }).await?;
                continue;
            }
        };
        let Some(pushed) = pushed else {
            return Err(Fault::new(
                Code::NoEngine,
                "the connection to the engine was lost; the check goes on",
            ));
        };
        let Pushed::Update(update) = pushed else { continue };
        if update.topic != Topic::Check(env) {
            continue;
        }
        for row in update.rows {
            let Row::CheckRun(row) = row else { continue };
            // The first row may still be of the check before.
            if row.started < started {
                continue;
            }
            if row.ended.is_some() {
                return ended(&row);
            }
            let step = |r: &CheckRunRow| (r.phase, r.done * 4 / r.total.max(1));
            if person && shown.as_ref().is_none_or(|s| step(s) != step(&row)) {
                print::complain(&progress(&row));
            }
            shown = Some(row);
        }
    }
}

fn progress(row: &CheckRunRow) -> String {
    let what = match row.phase {
        CheckPhase::Facts => "logged in, facts gathered",
        CheckPhase::Asking => "checked",
        CheckPhase::Over | CheckPhase::Unknown => "done",
    };
    let left = row.usual_ms.map(|usual| usual.saturating_sub(print::now().since(row.started)));
    let left =
        left.filter(|ms| *ms > 0).map(|ms| format!(", about {} left", print::span(ms))).unwrap_or_default();
    format!("{}: {} of {} nodes{left}", what, row.done, row.total)
}

fn ended(row: &CheckRunRow) -> Result<(), Fault> {
    match &row.fault {
        _ if row.cancelled => Err(Fault::new(Code::Left, "the check was ended early: it left no report")),
        Some(why) => Err(Fault::new(Code::Failed, format!("the check could not be made: {why}"))),
        None => Ok(()),
    }
}

/// Prints the last report.
async fn show(talk: &Talk, env: EnvId, name: &str) -> Result<Code, Fault> {
    let rows = find::rows(talk, Topic::Check(env)).await?;
    let row = rows.into_iter().find_map(|r| if let Row::Check(row) = r { Some(*row) } else { None });
    let Some(row) = row else { return Err(Talk::unexpected()) };
    let passed =
        row.report.as_ref().is_some_and(|r| r.verdict() == Verdict::Passed) && row.changed.is_empty();
    let code = if passed { Code::Done } else { Code::Failed };
    if talk.json {
        print::json(&json(&row))?;
        return Ok(code);
    }
    let Some(report) = &row.report else {
        print::line(&format!("{name} was never checked: run 'cpmg check run {name}'"))?;
        return Ok(code);
    };
    matrix(report)?;
    findings(report, name)?;
    segments(report)?;
    let took = print::span(report.ended.since(report.at));
    print::line(&format!(
        "\n{name}: {} ({} faults, {} warnings, {} not checked); made {} by {} in {took}",
        report.verdict().word(),
        report.count(Severity::Fault),
        report.count(Severity::Warning),
        report.count(Severity::NotChecked),
        print::ago(report.ended),
        report.by,
    ))?;
    if !row.changed.is_empty() {
        let what: Vec<&str> = row.changed.iter().map(|c| c.word()).collect();
        print::line(&format!("out of date: changed since or too old: {}", what.join(", ")))?;
    }
    Ok(code)
}

/// The row with the sentences of its findings.
fn json(row: &CheckRow) -> serde_json::Value {
    let mut value = serde_json::json!(row);
    if let Some(report) = &row.report {
        let told: Vec<serde_json::Value> = report
            .findings
            .iter()
            .map(|f| {
                let mut told = serde_json::json!(f);
                let words = words(f, |id| report.name(id));
                if let Some(map) = told.as_object_mut() {
                    map.insert("words".to_owned(), serde_json::json!(words));
                    map.insert("node_name".to_owned(), serde_json::json!(f.node.map(|n| report.name(n))));
                }
                told
            })
            .collect();
        if let Some(map) = value.get_mut("report").and_then(serde_json::Value::as_object_mut) {
            map.insert("findings".to_owned(), told.into());
            map.insert("verdict".to_owned(), report.verdict().word().into());
        }
    }
    value
}

/// A cell in a word.
fn shown(cell: Option<&Cell>) -> String {
    let Some(cell) = cell else { return "-".to_owned() };
    let word = match (cell.state, cell.wire_only) {
        (CellState::Passed, true) => "wire ok",
        (CellState::Passed, false) => "ok",
        (CellState::Fault, _) => "FAULT",
        (CellState::Warning, _) => "warning",
        (CellState::NotChecked, _) => "not checked",
    };
    let reached = cell.reached.map(|(n, of)| format!(" {n}/{of}")).unwrap_or_default();
    format!("{word}{reached}")
}

fn matrix(report: &CheckReport) -> Result<(), Fault> {
    let cell = |node, column: &Column| report.cells.iter().find(|c| c.node == node && c.column == *column);
    // A table has as many columns as are known when it is compiled: this one is made of lines.
    let mut lines: Vec<Vec<String>> = vec![
        std::iter::once("NODE".to_owned())
            .chain(report.columns.iter().map(|c| c.word().to_uppercase()))
            .collect(),
    ];
    for line in &report.nodes {
        let cells = report.columns.iter().map(|c| shown(cell(line.node, c)));
        lines.push(std::iter::once(line.name.clone()).chain(cells).collect());
    }
    let widths: Vec<usize> = (0..=report.columns.len())
        .map(|i| lines.iter().filter_map(|l| l.get(i)).map(|c| c.chars().count()).max().unwrap_or(0))
        .collect();
    for line in lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(c, w)| format!("{c:w$}")).collect();
        print::line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

fn findings(report: &CheckReport, env: &str) -> Result<(), Fault> {
    for finding in &report.findings {
        let words = words(finding, |id| report.name(id));
        let node = finding.node.map(|n| report.name(n)).unwrap_or_default();
        let nic = finding.nic.as_deref().unwrap_or_default();
        let place = format!("{node} {nic}").trim().to_owned();
        let place = if place.is_empty() { String::new() } else { format!(" {place}:") };
        print::line(&format!("\n{} ({}){place} {}", finding.severity, finding.check, words.found))?;
        print::pairs(&[
            ("  expected", words.expected),
            ("  mend", words.mend),
            ("  since", print::ago(finding.since)),
            ("  again", again(env, finding.node.map(|n| report.name(n)), finding.check.word())),
        ])?;
    }
    Ok(())
}

fn again(env: &str, node: Option<String>, kind: &str) -> String {
    let node = node.map(|n| format!(" --node {n}")).unwrap_or_default();
    format!("cpmg check run {}{node} --only {kind}", sh_quote(env))
}

fn segments(report: &CheckReport) -> Result<(), Fault> {
    if report.segments.is_empty() {
        return Ok(());
    }
    print::line("\nsegments")?;
    for segment in &report.segments {
        let places: Vec<String> =
            segment.places.iter().map(|p| format!("{} {}", report.name(p.node), p.nic)).collect();
        let vlans =
            if segment.vlans.is_empty() { String::new() } else { format!("; VLANs {}", segment.vlans) };
        print::line(&format!("  {}{vlans}", places.join(", ")))?;
    }
    Ok(())
}
