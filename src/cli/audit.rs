//! `cpmg audit`: who did what, oldest first.

use super::args::Global;
use super::check_args::AuditArgs;
use super::exit::Fault;
use super::talk::Talk;
use super::{find, print};
use crate::api::{Request, Response};
use crate::domain::audit::{AuditEntry, AuditFilter};
use crate::domain::time::{Moment, utc};

/// Entries asked for at once.
const PAGE: u32 = 500;

/// `cpmg audit`.
pub async fn run(global: &Global, args: AuditArgs) -> Result<(), Fault> {
    let since = args.since.as_deref().map(|text| moment(text, print::now())).transpose()?;
    let talk = Talk::open(global).await?;
    let mut filter = AuditFilter { user: args.user, kind: args.kind, since, ..AuditFilter::default() };
    if let Some(env) = &args.env {
        filter.env = Some(find::environment(&talk, env, false).await?.env.id);
    }
    if let Some(node) = &args.node {
        filter.node = Some(find::node(&talk, node).await?.id);
    }
    let wanted = args.limit as usize;
    let mut entries: Vec<(u64, AuditEntry)> = Vec::new();
    let mut before = None;
    loop {
        let request = Request::Audit { filter: filter.clone(), before, limit: args.limit.min(PAGE) };
        let Response::Audit(page) = talk.call(request).await? else { return Err(Talk::unexpected()) };
        entries.extend(page.entries);
        before = page.before;
        if before.is_none() || entries.len() >= wanted {
            break;
        }
    }
    entries.truncate(wanted);
    entries.reverse();
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
            let reason = e.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
            [utc(e.at), e.by.clone(), e.kind.to_string(), place, job, format!("{}{reason}", e.what)]
        })
        .collect();
    print::table(["WHEN", "WHO", "KIND", "WHERE", "JOB", "WHAT"], &rows, "nothing was done that fits")
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
