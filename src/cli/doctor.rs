//! `cpmg doctor`: what is wrong with this installation, and how to mend it.
//!
//! Works without an engine and without a session; with them it tells more. A check that only warns never looks like one that
//! passed. Failures make the exit code 1.

use super::args::Global;
use super::connect::IfAbsent;
use super::exit::{Code, Fault};
use super::places::{Places, UNIT, roles};
use super::talk::Talk;
use super::{Hooks, print};
use crate::api::views::Diagnosis;
use crate::api::{Request, Response};
use rustix::termios::isatty;
use serde::Serialize;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// The key file in the data directory.
const KEY_FILE: &str = "key";
/// The database in the data directory.
const DATABASE: &str = "db";
/// Free space under which the engine is in danger, bytes.
const SPACE_LOW: u64 = 1 << 30;
/// Free space under which it stops working soon, bytes.
const SPACE_NONE: u64 = 64 << 20;
/// The start of 2026, milliseconds: no clock that is right shows less.
const CLOCK_LEAST: u64 = 1_767_225_600_000;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Level {
    Ok,
    Warning,
    Failure,
}

/// A finding.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    level: Level,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, level: Level::Ok, found: found.into(), expected: None, mend: None }
    }

    fn bad(
        level: Level,
        what: &'static str,
        found: impl Into<String>,
        expected: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let (expected, mend) = (Some(expected.into()), Some(mend.into()));
        Self { what, level, found: found.into(), expected, mend }
    }
}

/// Checks everything and prints the findings.
pub async fn run(global: &Global, hooks: Hooks) -> Result<Code, Fault> {
    let places = Places::find(global)?;
    let mut findings = engine(global, &places).await;
    findings.push(data(&places));
    findings.push(key(&places));
    findings.push(space(&places));
    findings.push(role_files(hooks));
    findings.push(service(&places));
    findings.push(clock());
    findings.extend(terminal());
    let worst = findings.iter().map(|f| f.level).max().unwrap_or(Level::Ok);
    if global.json {
        print::json(&findings)?;
    } else {
        tell(&findings)?;
    }
    Ok(if worst == Level::Failure { Code::Failed } else { Code::Done })
}

fn tell(findings: &[Finding]) -> Result<(), Fault> {
    for finding in findings {
        let word = match finding.level {
            Level::Ok => "ok      ",
            Level::Warning => "WARNING ",
            Level::Failure => "FAILURE ",
        };
        print::line(&format!("{word} {}: {}", finding.what, finding.found))?;
        if let Some(expected) = &finding.expected {
            print::line(&format!("           expected: {expected}"))?;
        }
        if let Some(mend) = &finding.mend {
            print::line(&format!("           mend: {mend}"))?;
        }
    }
    let count = |level| findings.iter().filter(|f| f.level == level).count();
    print::line(&format!(
        "{} ok, {} warnings, {} failures",
        count(Level::Ok),
        count(Level::Warning),
        count(Level::Failure)
    ))
}

async fn engine(global: &Global, places: &Places) -> Vec<Finding> {
    let what = "engine";
    let expected = format!("an engine that answers at {}", places.socket().display());
    let talk = match Talk::connect(global, IfAbsent::Tell).await {
        Ok(talk) => talk,
        Err(fault) if fault.code == Code::NoEngine && !places.socket().exists() => {
            let found = format!("none runs ({} does not exist)", places.socket().display());
            let level =
                if Path::new(UNIT).exists() && places.system { Level::Failure } else { Level::Warning };
            let mend = if level == Level::Failure {
                "systemctl start cpmg; journalctl -u cpmg says why it ended"
            } else {
                "nothing: the first command that needs an engine starts one"
            };
            return vec![Finding::bad(level, what, found, expected, mend)];
        }
        Err(fault) => {
            let mend = "end the process that owns the socket, or start an engine with 'cpmg engine'";
            return vec![Finding::bad(Level::Failure, what, fault.message, expected, mend)];
        }
    };
    let hello = talk.hello();
    let simulated = if hello.simulated { ", nodes are simulated" } else { "" };
    let found = format!("release {} (process {}) answers{simulated}", hello.release, hello.pid);
    let mut findings = vec![if hello.release == env!("CARGO_PKG_VERSION") {
        Finding::ok(what, found)
    } else {
        let expected = format!("release {}, as this program", env!("CARGO_PKG_VERSION"));
        let mend = "restart the engine: systemctl restart cpmg, or 'cpmg engine stop'";
        Finding::bad(Level::Warning, what, found, expected, mend)
    }];
    for notice in &hello.notices {
        findings.push(Finding::bad(Level::Warning, "notice", notice, "none", "see docs/guide.md, Troubles"));
    }
    findings.push(if hello.first_start {
        let mend = "cpmg user add NAME --role administrator";
        Finding::bad(Level::Warning, "users", "no user exists", "at least one administrator", mend)
    } else {
        match diagnosis(&talk).await {
            Ok(d) => inner(&d),
            Err(fault) => Finding {
                what: "inside the engine",
                level: Level::Warning,
                found: format!("not looked at: {}", fault.message),
                expected: None,
                mend: Some("log in as an administrator and run doctor again".to_owned()),
            },
        }
    });
    findings
}

async fn diagnosis(talk: &Talk) -> Result<Diagnosis, Fault> {
    talk.resume().await?;
    match talk.call(Request::Diagnosis).await? {
        Response::Diagnosis(diagnosis) => Ok(diagnosis),
        _ => Err(Talk::unexpected()),
    }
}

fn inner(d: &Diagnosis) -> Finding {
    let what = "inside the engine";
    let found = format!(
        "up {}, {} clients, {} jobs, {} of memory, {} free at {}, roles from {}",
        print::span(print::now().since(d.started)),
        d.clients,
        d.jobs,
        print::size(d.memory),
        print::size(d.free),
        d.data,
        print::words(&d.roles)
    );
    let faults: Vec<&str> = d.catalog_faults.iter().chain(&d.notices).map(String::as_str).collect();
    if faults.is_empty() {
        return Finding::ok(what, found);
    }
    Finding::bad(
        Level::Failure,
        what,
        format!("{found}; {}", faults.join("; ")),
        "no faults",
        "mend what is named",
    )
}

fn data(places: &Places) -> Finding {
    let what = "data directory";
    let shown = places.data.display();
    let meta = match std::fs::metadata(&places.data) {
        Ok(meta) => meta,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Finding::ok(what, format!("{shown} does not exist yet; the engine makes it"));
        }
        Err(e) => {
            let mend = "give another one with --data";
            return Finding::bad(Level::Failure, what, format!("{shown}: {e}"), "a directory", mend);
        }
    };
    let mode = meta.mode() & 0o7777;
    let found = format!("{shown}, owner {}, mode {mode:04o}", meta.uid());
    let me = rustix::process::geteuid();
    if !meta.is_dir() {
        return Finding::bad(Level::Failure, what, found, "a directory", "move the file away");
    }
    if mode & 0o077 != 0 {
        return Finding::bad(Level::Failure, what, found, "mode 0700", format!("chmod 0700 {shown}"));
    }
    let ours = me.is_root() || !places.system;
    if ours && meta.uid() != me.as_raw() {
        let mend = format!("chown -R {} {shown}, or run as its owner", me.as_raw());
        return Finding::bad(Level::Failure, what, found, format!("owner {}", me.as_raw()), mend);
    }
    Finding::ok(what, found)
}

fn key(places: &Places) -> Finding {
    let what = "key of the sealed secrets";
    let path = places.data.join(KEY_FILE);
    let shown = path.display();
    match std::fs::metadata(&path) {
        Ok(meta) if meta.mode() & 0o077 != 0 => {
            let found = format!("{shown} has mode {:04o}", meta.mode() & 0o7777);
            let mend = format!("chmod 0600 {shown}, and think about who may have read it");
            Finding::bad(Level::Failure, what, found, "mode 0600", mend)
        }
        Ok(_) => Finding::ok(what, format!("{shown}, readable by its owner only")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            if places.data.join(DATABASE).exists() {
                let mend =
                    "put the key back from your backup; without it every password must be entered anew";
                Finding::bad(Level::Failure, what, format!("{shown} is missing"), "the key file", mend)
            } else {
                Finding::ok(what, "none yet; the engine makes it")
            }
        }
        Err(e) if places.system && e.kind() == std::io::ErrorKind::PermissionDenied => {
            Finding::ok(what, "not visible to this account, as it should be")
        }
        Err(e) => {
            Finding::bad(Level::Failure, what, format!("{shown}: {e}"), "a readable file", "mend its mode")
        }
    }
}

fn space(places: &Places) -> Finding {
    let what = "disk space";
    let existing = places.data.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    let free = match rustix::fs::statvfs(existing) {
        Ok(fs) => fs.f_bavail.saturating_mul(fs.f_frsize),
        Err(e) => {
            let found = format!("{}: {e}", existing.display());
            return Finding::bad(Level::Warning, what, found, "a file system that can be asked", "mount it");
        }
    };
    let found = format!("{} free at {}", print::size(free), existing.display());
    let level = match free {
        SPACE_LOW.. => return Finding::ok(what, found),
        SPACE_NONE.. => Level::Warning,
        _ => Level::Failure,
    };
    let mend = "make room, or move the data directory (docs/guide.md)";
    Finding::bad(level, what, found, format!("at least {}", print::size(SPACE_LOW)), mend)
}

fn role_files(hooks: Hooks) -> Finding {
    let what = "roles";
    let given: Vec<_> = std::env::var_os("CPMG_ROLES").iter().flat_map(std::env::split_paths).collect();
    let dirs = roles(&given);
    if dirs.is_empty() {
        let mend = "run install.sh, or name a directory with CPMG_ROLES";
        return Finding::bad(Level::Failure, what, "no directory was found", "the installed roles", mend);
    }
    let shown = print::words(dirs.iter().map(|d| d.display()));
    match (hooks.check_roles)(&dirs) {
        Ok(size) => {
            let text = format!("{} platforms and {} modules in {shown}", size.platforms, size.modules);
            Finding::ok(what, text)
        }
        Err(faults) => Finding::bad(
            Level::Failure,
            what,
            faults.join("; "),
            "no faults",
            "mend the files, see 'cpmg catalog check'",
        ),
    }
}

fn service(places: &Places) -> Finding {
    let what = "service";
    if !Path::new("/run/systemd/system").exists() {
        return Finding::ok(what, "no systemd here: the first client starts the engine");
    }
    if !places.system {
        return Finding::ok(what, "not used: this engine has a data directory of its own");
    }
    if !Path::new(UNIT).exists() {
        let mend = "run install.sh as root";
        return Finding::bad(Level::Warning, what, "not installed", UNIT, mend);
    }
    let state = answer("systemctl", &["is-active", "cpmg"]);
    match state.as_deref() {
        Some("active") => Finding::ok(what, "active"),
        other => {
            let found = other.unwrap_or("unknown").to_owned();
            Finding::bad(Level::Failure, what, found, "active", "systemctl enable --now cpmg")
        }
    }
}

/// First line that a program prints.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(|l| l.trim().to_owned())
}

fn clock() -> Finding {
    let what = "clock";
    let now = print::now().0;
    let shown = i64::try_from(now)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_default();
    let mend = "set up chrony or systemd-timesyncd: nodes take their time from controllers, ages are shown by this clock";
    if now < CLOCK_LEAST {
        return Finding::bad(Level::Failure, what, shown, "the time of day", mend);
    }
    match answer("timedatectl", &["show", "--property=NTPSynchronized", "--value"]).as_deref() {
        Some("no") => {
            let found = format!("{shown}, not synchronised");
            Finding::bad(Level::Warning, what, found, "synchronised with a time server", mend)
        }
        Some("yes") => Finding::ok(what, format!("{shown}, synchronised")),
        _ => Finding::ok(what, shown),
    }
}

fn terminal() -> Vec<Finding> {
    let what = "terminal";
    if !isatty(std::io::stdout()) {
        return vec![Finding::ok(what, "none; the commands need none")];
    }
    let term = std::env::var("TERM").unwrap_or_default();
    let (cols, rows) = crossterm::terminal::size().unwrap_or((0, 0));
    let colours = if std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) {
        "no colours (NO_COLOR)"
    } else if matches!(std::env::var("COLORTERM").as_deref(), Ok("truecolor" | "24bit")) {
        "all colours"
    } else {
        "16 colours"
    };
    let found = format!("{cols}x{rows}, {term}, {colours}");
    let mut findings = vec![if term.is_empty() || term == "dumb" {
        let mend = "set TERM to what your terminal is, as xterm-256color";
        Finding::bad(Level::Failure, what, found, "a terminal with a cursor", mend)
    } else if cols < 80 || rows < 24 {
        Finding::bad(Level::Warning, what, found, "80x24 or larger", "make the window larger")
    } else {
        Finding::ok(what, found)
    }];
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|n| std::env::var(n).ok())
        .find(|v| !v.is_empty())
        .unwrap_or_default();
    let utf8 = locale.to_lowercase().replace('-', "").contains("utf8");
    findings.push(if utf8 {
        Finding::ok("characters", locale)
    } else {
        let found = if locale.is_empty() { "no locale is set".to_owned() } else { locale };
        Finding::bad(Level::Warning, "characters", found, "a UTF-8 locale", "export LANG=C.UTF-8")
    });
    findings
}
