//! Everything about one record, to be read: its fields, its whole text with the traceback, what is known about it.

use super::draw::letter;
use super::stamps;
use crate::api::logs::LogRecord;
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::screens::job_dialogs;
use crate::tui::text;
use crate::tui::widgets::dialog::Reading;
use jiff::tz::TimeZone;

/// Columns of the names of fields.
const LABEL: usize = 16;

/// The record as a text to read; `y` copies it.
pub fn details(cx: &Shared, record: &LogRecord, note: Option<&String>) -> Reading {
    let row = &record.row;
    let title = t!("logs-record-title", service = row.service.as_str(), node = row.node.as_str());
    let mut lines: Vec<Text> = Vec::new();
    let mut field = |label: Text, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()).map(Text::plain) {
            lines.push(Text::Columns(vec![(label, LABEL), (value, 0)]));
        }
    };
    let local = stamps::at(&cx.zone, row.time, "%Y-%m-%d %H:%M:%S%.6f %Z");
    let utc = stamps::at(&TimeZone::UTC, row.time, "%Y-%m-%d %H:%M:%S%.6f UTC");
    field(t!("logs-time"), Some(local.clone()));
    if local != utc {
        field(Text::plain(""), Some(utc));
    }
    if row.guessed {
        lines.push(Text::Columns(vec![(Text::plain(""), LABEL), (t!("logs-guessed"), 0)]));
    }
    let mut field = |label: Text, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()).map(Text::plain) {
            lines.push(Text::Columns(vec![(label, LABEL), (value, 0)]));
        }
    };
    let level = row.level.map(|l| format!("{} {}", letter(Some(l)), l.upper()));
    field(t!("logs-level"), level);
    field(t!("col-node"), Some(row.node.clone()));
    field(t!("logs-service"), Some(row.service.clone()));
    field(t!("logs-pid"), row.pid.map(|p| p.to_string()));
    field(t!("logs-component"), row.component.clone());
    field(t!("logs-request"), row.request_id.clone());
    field(t!("logs-global-request"), record.global_request_id.clone());
    field(t!("logs-instance"), row.instance.clone());
    field(t!("logs-user"), join(record.user_id.as_ref(), record.user_domain.as_ref()));
    field(t!("logs-project"), join(record.project_id.as_ref(), record.project_domain.as_ref()));
    field(t!("logs-domain"), record.domain.clone());
    field(t!("logs-file"), Some(format!("{} @{}", record.path, record.offset)));
    field(t!("logs-format"), Some(record.format.clone()));
    field(t!("logs-finding"), row.finding.clone());
    field(t!("logs-note"), note.cloned());
    if let Some(error) = &record.known {
        lines.push(Text::plain(""));
        lines.extend(job_dialogs::known(error));
    }
    lines.push(Text::plain(""));
    lines.extend(record.message.lines().map(Text::plain));
    let raw = String::from_utf8_lossy(&record.raw);
    if raw.trim_end() != record.message.trim_end() {
        lines.extend([Text::plain(""), t!("logs-raw")]);
        lines.extend(raw.lines().map(Text::plain));
    }
    let had = u64::try_from(record.raw.len()).unwrap_or(u64::MAX);
    if record.len > had {
        lines.push(t!("logs-cut", size = text::bytes(record.len - had)));
    }
    Reading::new(title, lines)
}

fn join(id: Option<&String>, domain: Option<&String>) -> Option<String> {
    let domain = domain.map(|d| format!(" ({d})")).unwrap_or_default();
    id.map(|id| format!("{id}{domain}"))
}
