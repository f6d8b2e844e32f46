//! `cpmg audit`: who did what, oldest first; the trail as JSON lines; whether it is as it was written.

use super::args::Global;
use super::audit_args::{AuditArgs, AuditCommand, AuditWanted};
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, print};
use crate::api::keep::Keep;
use crate::api::{Request, Response};
use crate::domain::audit::{AuditEntry, AuditFilter};
use crate::domain::time::{Moment, utc};
use crate::domain::trail::{Line, TrailReport, Verifier};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Entries asked for at once.
const PAGE: u32 = 500;

/// `cpmg audit …`.
pub async fn run(global: &Global, args: AuditArgs) -> Result<Code, Fault> {
    match args.command {
        None => show(global, &args.wanted, args.limit).await.map(|()| Code::Done),
        Some(AuditCommand::Export { file, wanted }) => {
            export(global, &wanted, file.as_deref()).await.map(|()| Code::Done)
        }
        Some(AuditCommand::Verify { file: Some(file) }) => verified(global, &of_file(&file)?, true),
        Some(AuditCommand::Verify { file: None }) => {
            let talk = Talk::open(global).await?;
            let Response::AuditVerified(report) = talk.call(Request::Keep(Keep::AuditVerify)).await? else {
                return Err(Talk::unexpected());
            };
            verified(global, &report, false)
        }
    }
}

async fn filter(talk: &Talk, wanted: &AuditWanted) -> Result<AuditFilter, Fault> {
    let at = |text: &Option<String>| text.as_deref().map(|text| moment(text, print::now())).transpose();
    let mut filter = AuditFilter {
        user: wanted.user.clone(),
        kind: wanted.kind,
        since: at(&wanted.since)?,
        until: at(&wanted.until)?,
        text: wanted.text.clone(),
        ..AuditFilter::default()
    };
    if let Some(env) = &wanted.env {
        filter.env = Some(find::environment(talk, env, false).await?.env.id);
    }
    if let Some(node) = &wanted.node {
        filter.node = Some(find::node(talk, node).await?.id);
    }
    Ok(filter)
}

/// The newest entries that fit, at most `most`, oldest first.
async fn entries(talk: &Talk, wanted: &AuditWanted, most: usize) -> Result<Vec<(u64, AuditEntry)>, Fault> {
    let filter = filter(talk, wanted).await?;
    let mut entries: Vec<(u64, AuditEntry)> = Vec::new();
    let mut before = None;
    loop {
        let limit = u32::try_from(most).unwrap_or(PAGE).min(PAGE);
        let request = Request::Audit { filter: filter.clone(), before, limit };
        let Response::Audit(page) = talk.call(request).await? else { return Err(Talk::unexpected()) };
        entries.extend(page.entries);
        before = page.before;
        if before.is_none() || entries.len() >= most {
            break;
        }
    }
    entries.truncate(most);
    entries.reverse();
    Ok(entries)
}

async fn show(global: &Global, wanted: &AuditWanted, limit: u32) -> Result<(), Fault> {
    // What is wrong with a time is said before an engine is asked for.
    for text in [&wanted.since, &wanted.until].into_iter().flatten() {
        moment(text, print::now())?;
    }
    let talk = Talk::open(global).await?;
    let entries = entries(&talk, wanted, limit as usize).await?;
    if talk.json {
        let entries: Vec<&AuditEntry> = entries.iter().map(|(_, e)| e).collect();
        return print::json(&entries);
    }
    let rows: Vec<[String; 6]> = entries
        .iter()
        .map(|(_, e)| {
            let env = e.env.as_ref().map_or("-", |(_, name)| name.as_str());
            let place = e.node.as_ref().map_or_else(|| env.to_owned(), |(_, node)| format!("{env}/{node}"));
            let job = e.job.map_or_else(|| "-".to_owned(), |j| j.to_string());
            [utc(e.at), e.who(), e.kind.to_string(), place, job, e.sentence()]
        })
        .collect();
    print::table(["WHEN", "WHO", "KIND", "WHERE", "JOB", "WHAT"], &rows, "nothing was done that fits")
}

async fn export(global: &Global, wanted: &AuditWanted, to: Option<&Path>) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let entries = entries(&talk, wanted, usize::MAX).await?;
    let mut text = String::new();
    for (number, entry) in entries {
        let line = Line { number, entry }.json();
        text.push_str(&line.map_err(|e| Fault::new(Code::Engine, e.to_string()))?);
        text.push('\n');
    }
    let Some(to) = to else { return print::write(text.as_bytes()) };
    let fault = |e: std::io::Error| Fault::new(Code::Failed, format!("{}: {e}", to.display()));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(to).map_err(fault)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
    let count = text.lines().count();
    let record = serde_json::json!({ "file": to, "entries": count });
    talk.done(&format!("{count} entries are in {}", to.display()), &record)
}

/// What a look at an exported trail finds.
fn of_file(path: &Path) -> Result<TrailReport, Fault> {
    let fault = |e: String| Fault::new(Code::Failed, format!("{}: {e}", path.display()));
    let file = BufReader::new(File::open(path).map_err(|e| fault(e.to_string()))?);
    let mut verifier = Verifier::default();
    for (at, line) in (1_u32..).zip(file.lines()) {
        let line = line.map_err(|e| fault(e.to_string()))?;
        let Line { number, entry } = serde_json::from_str(&line)
            .map_err(|e| fault(format!("line {at} is no entry of the trail: {e}")))?;
        verifier.take(number, &entry);
    }
    Ok(verifier.end(None))
}

fn verified(global: &Global, report: &TrailReport, file: bool) -> Result<Code, Fault> {
    let code = if report.faults.is_empty() { Code::Done } else { Code::Failed };
    if global.json {
        return print::json(report).map(|()| code);
    }
    for fault in &report.faults {
        print::line(&format!("FAULT at entry {}: {}", fault.number, fault.why))?;
    }
    if report.older > 0 {
        print::line(&format!(
            "{} entries are from before there was a chain: nothing proves them",
            report.older
        ))?;
    }
    let end =
        report.head.as_ref().map_or_else(String::new, |(number, hash)| format!(", up to {number} ({hash})"));
    match code {
        Code::Done if file => print::line(&format!(
            "{} entries are one chain{end}; compare its end with the engine's: 'cpmg audit verify'",
            report.entries
        ))?,
        Code::Done => print::line(&format!("{} entries are as they were written{end}", report.entries))?,
        _ => print::line(&format!(
            "the trail is not as it was written ({} entries looked at): compare it with an export or with syslog",
            report.entries
        ))?,
    }
    Ok(code)
}

/// `12h` before now, or a date or time.
pub fn moment(text: &str, now: Moment) -> Result<Moment, Fault> {
    let bad = || {
        Fault::usage(format!(
            "'{text}' is no time: say how long ago (90m, 12h, 7d), or a date or time (2026-03-01, 2026-03-01T07:02:09Z)"
        ))
    };
    let text = text.trim();
    let unit = match text.chars().last() {
        Some('s') => 1_000,
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        _ => 0,
    };
    if unit > 0
        && let Some((number, _)) = text.split_at_checked(text.len() - 1)
        && let Ok(number) = number.parse::<u64>()
    {
        return Ok(Moment(now.0.saturating_sub(number.saturating_mul(unit))));
    }
    let stamp = text
        .parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| {
            let date = text.parse::<jiff::civil::Date>().ok()?;
            date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
        })
        .ok_or_else(bad)?;
    u64::try_from(stamp.as_millisecond()).map(Moment).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_write_them() {
        let now = Moment(1_772_348_529_000);
        for (text, at) in [
            ("90m", now.0 - 5_400_000),
            ("12h", now.0 - 43_200_000),
            ("7d", now.0 - 604_800_000),
            ("2026-03-01", 1_772_323_200_000),
            ("2026-03-01T07:02:09Z", 1_772_348_529_000),
        ] {
            assert_eq!(moment(text, now).unwrap(), Moment(at), "{text}");
        }
        for bad in ["", "soon", "-3h", "2026-13-01", "h", "1960-01-01"] {
            assert!(moment(bad, now).unwrap_err().message.contains("is no time"), "{bad}");
        }
    }
}
