//! Printing, following and exporting what was collected.

use super::super::args::Global;
use super::super::exit::{Code, Fault};
use super::super::talk::Talk;
use super::super::{find, print};
use crate::api::client::Pushed;
use crate::api::logs::{LogAnswer, LogAsk, LogAt, LogRecord, LogRow, LogWindow, MESSAGE_MAX, ROWS_MAX};
use crate::api::{Request, Response, Topic};
use crate::domain::ids::EnvId;
use crate::domain::logs::LogFilter;
use crate::domain::text::harmless;
use clap::{Args, ValueHint};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// Records of other nodes may come so much later and are still shown while following, microseconds.
const LATE: i64 = 60_000_000;

/// What to show.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// Environment, by name or number
    #[arg(required = true)]
    pub env: Option<String>,
    /// Which records: FIELD=VALUE words (level, node, service, source, component, request, instance, user, project, pid, since,
    /// until; job, step, attempt for what an installation printed) and regular expressions; !TEXT leaves out, as in: 'level>=warning' service=nova since=1h 'No valid host' '!DEBUG'
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// The last so many records
    #[arg(long, short = 'n', default_value_t = 100, value_name = "N")]
    pub lines: u32,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short, conflicts_with = "export")]
    pub follow: bool,
    /// Write all that fit into a file instead of printing the last ones, each with all its lines; with --json as JSON, one a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub export: Option<PathBuf>,
}

/// Words of a shell as the text of a filter: what was one word there stays one.
fn filter(words: &[String]) -> Result<LogFilter, Fault> {
    let mut text = String::new();
    for word in words {
        let plain = !word.contains(char::is_whitespace) || word.contains('"');
        let _ = match word.split_once('=') {
            _ if plain => write!(text, " {word}"),
            Some((field, value)) if field.chars().all(|c| c.is_ascii_lowercase() || "_->".contains(c)) => {
                write!(text, " {field}=\"{value}\"")
            }
            _ => match word.strip_prefix('!') {
                Some(rest) => write!(text, " !\"{rest}\""),
                None => write!(text, " \"{word}\""),
            },
        };
    }
    text.trim().parse().map_err(|why| Fault::usage(format!("the filter {text}: {why}")))
}

async fn window(
    talk: &Talk,
    env: EnvId,
    filter: &LogFilter,
    at: LogAt,
    sides: (u32, u32),
) -> Result<LogWindow, Fault> {
    let ask = LogAsk::Window { env, filter: filter.clone(), at, before: sides.0, after: sides.1 };
    if let Response::Logs(answer) = talk.call(Request::Logs(ask)).await?
        && let LogAnswer::Window(window) = *answer
    {
        return Ok(window);
    }
    Err(Talk::unexpected())
}

/// Everything about a record; `None`: it is not kept any more.
async fn record(talk: &Talk, env: EnvId, row: &LogRow) -> Result<Option<LogRecord>, Fault> {
    let answer = match talk.call(Request::Logs(LogAsk::Record { env, cursor: row.cursor })).await {
        Err(fault) if fault.code == Code::NotFound => return Ok(None),
        answer => answer?,
    };
    if let Response::Logs(answer) = answer
        && let LogAnswer::Record(record) = *answer
    {
        return Ok(Some(*record));
    }
    Err(Talk::unexpected())
}

/// A record with all its lines: the first as in a list, the others as they came.
fn whole(row: &LogRow, record: &LogRecord) -> String {
    let mut out = text(&LogRow { lines: 1, ..row.clone() });
    for line in record.message.lines().skip(1) {
        let _ = write!(out, "\n{}", harmless(line));
    }
    out
}

/// One record on one line.
fn text(row: &LogRow) -> String {
    let time = jiff::Timestamp::from_microsecond(row.time)
        .map_or_else(|_| "?".to_owned(), |t| t.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string());
    let level = row.level.map_or("-", |l| l.upper());
    let mut out = format!(
        "{time}{} {} {} {level}",
        if row.guessed { "~" } else { "" },
        row.node,
        if row.service.is_empty() { "-" } else { &row.service },
    );
    for part in [&row.component, &row.request_id].into_iter().flatten() {
        let _ = write!(out, " {part}");
    }
    let _ = write!(out, " {}", row.message);
    if row.lines > 1 {
        let _ = write!(out, " (+{} lines)", row.lines - 1);
    }
    harmless(&out).replace('\n', " ")
}

fn put(talk: &Talk, row: &LogRow) -> Result<(), Fault> {
    if talk.json { print::json(row) } else { print::line(&text(row)) }
}

fn json(row: &LogRow) -> Result<String, Fault> {
    serde_json::to_string(row).map_err(|e| Fault::new(Code::Engine, e.to_string()))
}

/// `cpmg logs ENV …`.
pub async fn run(global: &Global, args: ShowArgs) -> Result<(), Fault> {
    let filter = filter(&args.filter)?;
    let mut talk = Talk::open(global).await?;
    let wanted = args.env.as_deref().unwrap_or_default();
    let env = find::environment(&talk, wanted, false).await?.env.id;
    if let Some(path) = &args.export {
        return export(&talk, env, &filter, path).await;
    }
    if args.follow && filter.is_of_a_job() {
        return Err(Fault::usage("the output of a job is followed with 'cpmg job follow'"));
    }
    if args.follow {
        talk.call(Request::Subscribe(Topic::Logs(env))).await?;
    }
    let mut rows = Vec::new();
    let mut at = LogAt::End;
    while rows.len() < args.lines as usize {
        let missing = args.lines.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        let page = window(&talk, env, &filter, at, (missing.min(ROWS_MAX), 0)).await?;
        let next = match (page.rows.first(), page.searched_to) {
            (Some(first), _) => LogAt::Cursor(first.cursor),
            (None, Some(time)) => LogAt::Time(time.saturating_add(1)),
            (None, None) => break,
        };
        rows.splice(0..0, page.rows);
        if page.reaches_begin || next == at {
            break;
        }
        at = next;
    }
    if talk.json && !args.follow {
        return print::json(&rows);
    }
    for row in &rows {
        put(&talk, row)?;
    }
    if !args.follow {
        return Ok(());
    }
    let mut newest = rows.iter().map(|r| r.cursor).max().unwrap_or_default();
    let mut time = rows.iter().map(|r| r.time).max().unwrap_or(i64::MIN);
    let begin = i64::try_from(print::now().0).unwrap_or(i64::MAX).saturating_mul(1000);
    loop {
        match talk.pushed.recv().await {
            Some(Pushed::Update(update)) if update.topic == Topic::Logs(env) => {}
            Some(Pushed::SessionEnded) | None => {
                return Err(Fault::new(Code::NoEngine, "the engine ended the connection"));
            }
            Some(_) => continue,
        }
        // A record that says it is of the future must not hide what comes until then.
        let now = i64::try_from(print::now().0).unwrap_or(i64::MAX).saturating_mul(1000);
        let from = if time == i64::MIN { begin } else { time.min(now) };
        let mut at = LogAt::Time(from.saturating_sub(LATE));
        let before = newest;
        loop {
            let page = window(&talk, env, &filter, at, (0, ROWS_MAX)).await?;
            for row in page.rows.iter().filter(|r| r.cursor > before) {
                put(&talk, row)?;
                newest = newest.max(row.cursor);
                time = time.max(row.time);
            }
            let next = match (page.rows.last(), page.searched_to) {
                (_, Some(time)) => Some(LogAt::Time(time)),
                (Some(row), None) => Some(LogAt::Cursor(row.cursor)),
                (None, None) => None,
            };
            match next {
                Some(next) if !page.reaches_end && next != at => at = next,
                _ => break,
            }
        }
    }
}

/// Writes everything that fits into a file that is complete or not there.
async fn export(talk: &Talk, env: EnvId, filter: &LogFilter, path: &PathBuf) -> Result<(), Fault> {
    let fault =
        |e: std::io::Error| Fault::new(Code::Failed, format!("{} cannot be written: {e}", path.display()));
    let part = path.with_added_extension("part");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&part).map_err(fault)?);
    let (mut at, mut count, mut last) = (LogAt::Begin, 0u64, None);
    loop {
        let page = window(talk, env, filter, at, (0, ROWS_MAX)).await?;
        // A page that begins at a record has that one, too.
        let fresh: Vec<&LogRow> = page.rows.iter().filter(|r| Some(r.cursor) != last).collect();
        for row in fresh.iter().copied() {
            // A row has a record's first line, and of that a beginning.
            let short = row.lines > 1 || row.message.len() + 4 > MESSAGE_MAX;
            let all = if short { record(talk, env, row).await? } else { None };
            let line = match (&all, talk.json) {
                (Some(all), true) => json(&LogRow { message: all.message.clone(), ..row.clone() })?,
                (None, true) => json(row)?,
                (Some(all), false) => whole(row, all),
                (None, false) => text(row),
            };
            writeln!(file, "{line}").map_err(fault)?;
            count += 1;
        }
        let next = match (fresh.last(), page.searched_to) {
            (Some(row), _) => LogAt::Cursor(row.cursor),
            (None, Some(time)) => LogAt::Time(time),
            (None, None) => break,
        };
        last = fresh.last().map(|r| r.cursor).or(last);
        if page.reaches_end {
            break;
        }
        if next == at {
            let why =
                format!("the engine does not get on after {count} records; they are in {}", part.display());
            return Err(Fault::new(Code::Engine, why));
        }
        at = next;
    }
    file.into_inner().map_err(|e| fault(e.into_error()))?.sync_all().map_err(fault)?;
    std::fs::rename(&part, path).map_err(fault)?;
    print::complain(&format!("{count} records in {}", path.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    #[test]
    fn what_is_one_word_in_the_shell_stays_one() {
        let words = ["level>=warning", "No valid host", "!not this", "node=a b", "x.*y"].map(str::to_owned);
        let filter = filter(&words).unwrap();
        let texts: Vec<_> = filter.text.iter().map(|t| (t.pattern.as_str(), t.inverted)).collect();
        assert_eq!(texts, [("No valid host", false), ("not this", true), ("x.*y", false)]);
        assert_eq!(filter.nodes, ["a b"]);
        assert_eq!(super::filter(&["color=red".to_owned()]).unwrap_err().code, Code::Usage);
    }

    #[test]
    fn an_export_has_every_line_of_a_record() {
        let row = LogRow { message: "two".into(), lines: 3, node: "ctl1".into(), ..LogRow::default() };
        let record = LogRecord { message: "two\nTraceback\n  \u{1b}[31mx".into(), ..LogRecord::default() };
        assert_eq!(whole(&row, &record), "1970-01-01 00:00:00.000 ctl1 - - two\nTraceback\n  x");
        assert!(text(&row).ends_with("two (+2 lines)"));
    }
}
