//! `cpmg loki`: where it is, how far pushing is, queries, a live tail.

use super::args::Global;
use super::audit::moment;
use super::exit::{Code, Fault};
use super::interrupt::Interrupt;
use super::loki_args::{LokiCommand, QueryArgs, SetArgs};
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::loki::{LokiAsk, LokiReply};
use crate::api::{Request, Response};
use crate::domain::environment::Environment;
use crate::domain::loki::{LokiAnswer, LokiEntry, LokiPlace, LokiQuery, LokiView, PushState};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use serde_json::json;

/// `cpmg loki …`.
pub async fn run(global: &Global, command: LokiCommand) -> Result<Code, Fault> {
    let query = match &command {
        LokiCommand::Query(args) => Some(times(args)?),
        _ => None,
    };
    let talk = Talk::open(global).await?;
    let of = async |env: &str| Ok::<Environment, Fault>(find::environment(&talk, env, false).await?.env);
    match command {
        LokiCommand::Set(args) => {
            let env = of(&args.env).await?;
            set(&talk, &env, args).await?;
        }
        LokiCommand::Show { env } => {
            let env = of(&env).await?;
            let view = view(&talk, LokiAsk::Show { env: env.id }).await?;
            if talk.json {
                print::json(&view)?;
            } else {
                show(&env, &view)?;
            }
            if matches!(view.progress.state, PushState::Waiting | PushState::Stopped) {
                return Ok(Code::Failed);
            }
        }
        LokiCommand::Test { env } => {
            let env = of(&env).await?;
            let LokiReply::Tested { version, labels } = ask(&talk, LokiAsk::Test { env: env.id }).await?
            else {
                return Err(Talk::unexpected());
            };
            let text = format!("Loki {version} answers; labels: {}", print::words(&labels));
            talk.done(&text, &json!({ "version": version, "labels": labels }))?;
        }
        LokiCommand::On { env } => switch(&talk, &of(&env).await?, true).await?,
        LokiCommand::Off { env } => switch(&talk, &of(&env).await?, false).await?,
        LokiCommand::Forget { env, yes } => {
            let env = of(&env).await?;
            let old = view(&talk, LokiAsk::Show { env: env.id }).await?.settings;
            let Some(old) = old else {
                return Err(Fault::new(Code::NotFound, format!("{} has no Loki", env.name)));
            };
            if !yes && !prompt::confirmed(&format!("Forget {} and what is stored to log in there?", old.url))?
            {
                return Err(Fault::usage("nothing was done: say yes, or give --yes"));
            }
            ask(&talk, LokiAsk::Set { env: env.id, place: None }).await?;
            talk.done(&format!("{} has no Loki any more", env.name), &json!({ "environment": env.name }))?;
        }
        LokiCommand::Query(args) => {
            let env = of(&args.env).await?;
            let Some(query) = query else { return Err(Talk::unexpected()) };
            let LokiReply::Query(mut answer) = ask(&talk, LokiAsk::Query { env: env.id, query }).await?
            else {
                return Err(Talk::unexpected());
            };
            if !args.oldest && !args.newest_first {
                answer.entries.reverse();
            }
            if talk.json { print::json(&answer)? } else { answered(&answer)? }
        }
        LokiCommand::Tail { env, query, lines } => return tail(&talk, &of(&env).await?, query, lines).await,
        LokiCommand::Labels { env, label, of: selector } => {
            let env = of(&env).await?;
            let asked = match label {
                Some(label) => LokiAsk::Values { env: env.id, label, selector },
                None => LokiAsk::Labels { env: env.id },
            };
            let LokiReply::Names(names) = ask(&talk, asked).await? else { return Err(Talk::unexpected()) };
            if talk.json {
                print::json(&names)?;
            } else {
                names.iter().try_for_each(|name| print::line(name))?;
            }
        }
    }
    Ok(Code::Done)
}

async fn ask(talk: &Talk, asked: LokiAsk) -> Result<LokiReply, Fault> {
    match talk.call(Request::Loki(asked)).await? {
        Response::Loki(reply) => Ok(reply),
        _ => Err(Talk::unexpected()),
    }
}

async fn view(talk: &Talk, asked: LokiAsk) -> Result<LokiView, Fault> {
    match ask(talk, asked).await? {
        LokiReply::View(view) => Ok(*view),
        _ => Err(Talk::unexpected()),
    }
}

async fn set(talk: &Talk, env: &Environment, args: SetArgs) -> Result<(), Fault> {
    let password = match &args.user {
        Some(user) if !args.keep_password => {
            prompt::password(&format!("Password of {user} on the Loki server"), args.password_stdin)?
        }
        _ => Secret::default(),
    };
    let read = |path: std::path::PathBuf| {
        std::fs::read_to_string(&path).map_err(|e| Fault::usage(format!("{}: {e}", path.display())))
    };
    let place = LokiPlace {
        url: args.url,
        tenant: args.tenant,
        user: args.user,
        password,
        authority: args.authority.map(read).transpose()?,
        push: args.push,
        job: args.job,
        what: args.what.unwrap_or_default(),
    };
    let before = view(talk, LokiAsk::Show { env: env.id }).await?.settings;
    if before.is_some_and(|b| b.push) && !place.push {
        print::complain("nothing is pushed any more: what was pushed before needs --push, and --what, again");
    }
    let asked = LokiAsk::Set { env: env.id, place: Some(Box::new(place)) };
    let LokiReply::Set { view, version, silent } = ask(talk, asked).await? else {
        return Err(Talk::unexpected());
    };
    let Some(settings) = &view.settings else { return Err(Talk::unexpected()) };
    if settings.is_plain() && (settings.user.is_some() || settings.push) {
        print::complain(
            "logs and passwords travel to this server in clear text: use https where others could listen",
        );
    }
    let state = match (&version, &silent) {
        (Some(version), _) => format!("Loki {version} at {}", settings.url),
        (None, Some(why)) => {
            format!("Loki at {} is kept, and does not answer just now ({why})", settings.url)
        }
        (None, None) => format!("Loki at {}", settings.url),
    };
    talk.done(
        &format!("{}: {state}", env.name),
        &json!({ "settings": settings, "version": version, "silent": silent }),
    )
}

async fn switch(talk: &Talk, env: &Environment, on: bool) -> Result<(), Fault> {
    let view = view(talk, LokiAsk::Push { env: env.id, on }).await?;
    let text = if on { "what is collected is pushed to Loki" } else { "nothing more is pushed to Loki" };
    talk.done(&format!("{}: {text}", env.name), &view)
}

fn show(env: &Environment, view: &LokiView) -> Result<(), Fault> {
    let Some(settings) = &view.settings else {
        return print::line(&format!("{} has no Loki: say where it is with 'cpmg loki set'", env.name));
    };
    let progress = &view.progress;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let at = |micros: i64| when(micros.saturating_mul(1000));
    let what = match (settings.push, settings.what.as_str()) {
        (false, _) => "nothing".to_owned(),
        (true, "") => "everything that is collected".to_owned(),
        (true, what) => what.to_owned(),
    };
    let behind = match progress.behind {
        0 => String::new(),
        n => format!(
            "{n} records, the oldest is {} old",
            print::span(progress.behind_seconds.saturating_mul(1000))
        ),
    };
    let counts = format!("{} entries", progress.pushed);
    let number = |n: u64, what: &str| if n == 0 { String::new() } else { format!("{n} {what}") };
    let refused = match progress.refused_batches {
        0 => String::new(),
        batches => format!("{} entries or more, in {batches} batches, for good", progress.refused),
    };
    let last = progress.last_refusal.as_ref();
    let trouble = progress.trouble.as_ref();
    print::pairs(&[
        ("server", settings.url.clone()),
        ("tenant", or_none(&settings.tenant)),
        ("user", or_none(&settings.user)),
        ("authority", if settings.authority.is_some() { "its own".to_owned() } else { String::new() }),
        ("label job", settings.job.clone()),
        ("pushes", what),
        ("state", progress.state.word().to_owned()),
        ("pushed up to", progress.pushed_to.map(at).unwrap_or_default()),
        ("behind", behind),
        ("pushed", counts),
        ("refused", refused),
        ("last refusal", last.map(|(at, said)| format!("{} ({said})", print::ago(*at))).unwrap_or_default()),
        ("cut", number(progress.cut, "lines that were longer than Loki takes")),
        ("missed", number(progress.missed, "records that were not kept long enough to be pushed")),
        (
            "began anew",
            progress.anew.map_or_else(String::new, |at| {
                format!("{}, with the first record: the collected logs had been made anew", print::ago(at))
            }),
        ),
        ("trouble", trouble.map(|t| t.words.clone()).unwrap_or_default()),
        ("since", trouble.map(|t| format!("{}, {} tries", print::ago(t.since), t.tries)).unwrap_or_default()),
    ])?;
    if progress.state == PushState::Stopped {
        print::line(&format!("when that is mended: cpmg loki on {}", env.name))?;
    }
    Ok(())
}

/// A time in nanoseconds since 1970 as UTC, to the millisecond.
fn when(nanos: i64) -> String {
    let stamp = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default();
    stamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// An entry on a line: when, where, what.
fn printed(entry: &LokiEntry) -> Result<(), Fault> {
    let field = |name: &str| entry.field(name).unwrap_or("-");
    let service = entry.field("service").or_else(|| entry.field("service_name")).unwrap_or("-");
    print::line(&format!("{} {} {service} {}", when(entry.time), field("host"), entry.line))
}

fn answered(answer: &LokiAnswer) -> Result<(), Fault> {
    for entry in &answer.entries {
        printed(entry)?;
    }
    for series in &answer.series {
        let labels: Vec<String> = series.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        print::line(&format!("{{{}}}", labels.join(", ")))?;
        for (time, value) in &series.points {
            print::line(&format!("  {} {value}", when(time.saturating_mul(1_000_000))))?;
        }
    }
    if answer.entries.is_empty() && answer.series.is_empty() {
        print::complain("nothing fits");
    }
    for note in &answer.notes {
        print::complain(note);
    }
    if answer.more {
        print::complain("there are more entries: narrow the time, or raise --limit");
    }
    Ok(())
}

fn nanos(at: Moment) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}

fn times(args: &QueryArgs) -> Result<LokiQuery, Fault> {
    let now = print::now();
    let start = nanos(moment(&args.since, now)?);
    // The end is not included.
    let end = args.until.as_deref().map_or(Ok(now), |until| moment(until, now)).map(nanos)?.saturating_add(1);
    if start >= end {
        return Err(Fault::usage("the time ends before it begins: look at --since and --until"));
    }
    Ok(LokiQuery {
        query: args.query.clone(),
        start,
        end,
        limit: args.limit,
        forward: args.oldest,
        step: args.step,
    })
}

async fn tail(talk: &Talk, env: &Environment, query: String, lines: u32) -> Result<Code, Fault> {
    let mut interrupt = Interrupt::listen()?;
    let start = nanos(print::now()).saturating_sub(3_600 * 1_000_000_000);
    let asked = LokiAsk::TailOpen { env: env.id, query, limit: lines.max(1), start: Some(start) };
    let LokiReply::Tailing(tail) = ask(talk, asked).await? else { return Err(Talk::unexpected()) };
    let mut dropped = 0;
    loop {
        let next = tokio::select! {
            next = ask(talk, LokiAsk::TailNext { tail }) => next?,
            () = interrupt.next() => {
                // It would end by itself in a minute.
                let _ = ask(talk, LokiAsk::TailClose { tail }).await;
                return Ok(Code::Left);
            }
        };
        let LokiReply::Tail(came) = next else { return Err(Talk::unexpected()) };
        for entry in &came.entries {
            if talk.json { print::json(entry)? } else { printed(entry)? }
        }
        if came.dropped > 0 {
            dropped += came.dropped;
            print::complain(&format!(
                "{dropped} entries were left out: they came faster than they could be taken"
            ));
        }
        if let Some(why) = came.ended {
            return Err(Fault::new(Code::Failed, format!("the tail has ended: {why}")));
        }
    }
}
