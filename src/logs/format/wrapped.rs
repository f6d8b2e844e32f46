//! Entries wrapped in JSON, one object a line: oslo.log with `use_json`, and `journalctl -o json`.
//!
//! journald writes a field as text, as an array of bytes (what is no UTF-8), as an array of texts (a field that came twice) or as null
//! (longer than it likes); [`Loose`] takes them all.

use super::record::{FormatId, Record, Text};
use super::{oslo, scan, syslog};
use crate::domain::logs::Level;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Reads a line that begins with a brace.
pub fn read(line: &[u8]) -> Option<Record<'static>> {
    let line = String::from_utf8_lossy(line);
    if memchr::memmem::find(line.as_bytes(), b"\"__REALTIME_TIMESTAMP\"").is_some() {
        return journald(serde_json::from_str(&line).ok()?);
    }
    if memchr::memmem::find(line.as_bytes(), b"\"levelname\"").is_some() {
        return oslo_json(serde_json::from_str(&line).ok()?);
    }
    None
}

/// Text, whatever it was written as.
#[derive(Debug, Default)]
struct Loose(Option<String>);

impl Loose {
    fn text(self) -> Option<Text<'static>> {
        self.0.filter(|t| !matches!(t.as_str(), "" | "-" | "None")).map(Cow::Owned)
    }

    /// The first of several.
    fn first(self) -> Option<Text<'static>> {
        let first = self.0.as_deref().and_then(|t| t.lines().next()).map(str::to_owned);
        Self(first).text()
    }

    fn number<T: std::str::FromStr>(&self) -> Option<T> {
        self.0.as_deref()?.parse().ok()
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyText).map(Self)
    }
}

struct AnyText;

impl<'de> Visitor<'de> for AnyText {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, bytes, a list of texts, or null")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut bytes, mut texts) = (Vec::new(), Vec::new());
        while let Some(item) = list.next_element::<Item>()? {
            match item {
                Item::Byte(byte) => bytes.push(byte),
                Item::Text(text) => texts.push(text),
            }
        }
        if texts.is_empty() {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
        Ok(Some(texts.join("\n")))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Byte(u8),
    Text(String),
}

#[derive(Deserialize)]
struct Journal {
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    arrived: Loose,
    #[serde(rename = "_SOURCE_REALTIME_TIMESTAMP", default)]
    sent: Loose,
    #[serde(rename = "PRIORITY", default)]
    priority: Loose,
    #[serde(rename = "MESSAGE", default)]
    message: Loose,
    #[serde(rename = "_PID", default)]
    pid: Loose,
    #[serde(rename = "SYSLOG_PID", default)]
    syslog_pid: Loose,
    #[serde(rename = "SYSLOG_IDENTIFIER", default)]
    identifier: Loose,
    #[serde(rename = "_COMM", default)]
    command: Loose,
    #[serde(rename = "LOGGER_NAME", default)]
    logger: Loose,
    #[serde(rename = "LOGGER_LEVEL", default)]
    level: Loose,
    #[serde(rename = "REQUEST_ID", default)]
    request: Loose,
    #[serde(rename = "GLOBAL_REQUEST_ID", default)]
    global_request: Loose,
    #[serde(rename = "USER_ID", default)]
    user: Loose,
    #[serde(rename = "PROJECT_ID", default)]
    project: Loose,
    #[serde(rename = "INSTANCE_UUID", default)]
    instance: Loose,
    #[serde(rename = "EXCEPTION_TEXT", default)]
    exception: Loose,
}

/// The program's own fields win over those that its text holds, and these over journald's.
fn journald(j: Journal) -> Option<Record<'static>> {
    let mut message = j.message.0.unwrap_or_default();
    if let Some(exception) = j.exception.0.filter(|e| !message.contains(e.trim_end())) {
        message.push('\n');
        message.push_str(&exception);
    }
    let time: i64 = j.sent.number().or_else(|| j.arrived.number())?;
    let (first, rest) = message.split_once('\n').unwrap_or((&message, ""));
    let priority = j.priority.number().and_then(Level::from_syslog);
    let mut record = Record {
        time: Some(time),
        zone_known: true,
        pid: j.pid.number().or_else(|| j.syslog_pid.number()),
        component: j.identifier.first().or_else(|| j.command.text()),
        format: FormatId::Journald,
        ..Record::default()
    };
    syslog::inner(&mut record, first.as_bytes());
    // What a service prints goes to the journal as information, whatever it is.
    let said = j.level.0.as_deref().and_then(|w| Level::from_word(w.as_bytes()));
    record.level = said.or(match priority {
        Some(Level::Info) | None => record.level.or(priority),
        worse => worse,
    });
    let mut record = record.into_owned();
    let fill = |to: &mut Option<Text<'static>>, from: Loose| {
        if let Some(text) = from.text() {
            *to = Some(text);
        }
    };
    fill(&mut record.component, j.logger);
    fill(&mut record.request_id, j.request);
    fill(&mut record.global_request_id, j.global_request);
    fill(&mut record.user_id, j.user);
    fill(&mut record.project_id, j.project);
    fill(&mut record.instance, j.instance);
    if !rest.is_empty() {
        let text = record.message.to_mut();
        text.push('\n');
        text.push_str(rest.trim_end_matches('\n'));
    }
    Some(record)
}

#[derive(Deserialize)]
struct OsloJson {
    #[serde(default)]
    message: Loose,
    levelname: Loose,
    #[serde(default)]
    name: Loose,
    #[serde(default)]
    created: Option<f64>,
    #[serde(default)]
    asctime: Loose,
    #[serde(default)]
    process: Loose,
    #[serde(default)]
    traceback: Loose,
    #[serde(default)]
    context: Option<Context>,
    #[serde(default)]
    extra: Option<Extra>,
}

#[derive(Default, Deserialize)]
struct Context {
    #[serde(default)]
    request_id: Loose,
    #[serde(default)]
    global_request_id: Loose,
    #[serde(default)]
    user_id: Loose,
    #[serde(default)]
    user: Loose,
    #[serde(default)]
    project_id: Loose,
    #[serde(default)]
    project: Loose,
    #[serde(default)]
    tenant: Loose,
    #[serde(default)]
    domain_id: Loose,
    #[serde(default)]
    domain: Loose,
    #[serde(default)]
    user_domain: Loose,
    #[serde(default)]
    project_domain: Loose,
    #[serde(default)]
    resource_uuid: Loose,
}

#[derive(Default, Deserialize)]
struct Extra {
    #[serde(default)]
    instance_uuid: Loose,
    #[serde(default)]
    instance: Loose,
}

fn oslo_json(j: OsloJson) -> Option<Record<'static>> {
    let mut message = j.message.0.unwrap_or_default();
    if let Some(traceback) = j.traceback.0.filter(|t| !t.is_empty()) {
        message.push('\n');
        message.push_str(traceback.trim_end_matches('\n'));
    }
    let context = j.context.unwrap_or_default();
    let extra = j.extra.unwrap_or_default();
    let mut record = Record {
        level: Some(Level::from_word(j.levelname.0.as_deref()?.as_bytes())?),
        component: j.name.text(),
        pid: j.process.number(),
        request_id: context.request_id.text(),
        global_request_id: context.global_request_id.text(),
        user_id: context.user_id.text().or(context.user.text()),
        project_id: context.project_id.text().or(context.project.text()).or(context.tenant.text()),
        domain: context.domain_id.text().or(context.domain.text()),
        user_domain: context.user_domain.text(),
        project_domain: context.project_domain.text(),
        instance: [extra.instance_uuid, extra.instance, context.resource_uuid]
            .into_iter()
            .filter_map(Loose::text)
            .find(|t| scan::uuid(t.as_bytes()).is_some_and(|(_, rest)| rest.is_empty())),
        format: FormatId::OsloJson,
        ..Record::default()
    };
    match (j.created, j.asctime.0.as_deref().map(str::as_bytes).and_then(scan::stamp)) {
        (Some(created), _) if created.is_finite() && created.abs() < 1e12 => {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "bounded by the guard; a fraction of a microsecond is none"
            )]
            let micros = (created * 1e6).round() as i64;
            record.time = Some(micros);
            record.zone_known = true;
        }
        (_, Some((time, _, rest))) => {
            record.time = Some(time + scan::fraction(rest).map_or(0, |(micros, _, _)| micros));
        }
        _ => {}
    }
    let mut given = Record::default();
    let rest = oslo::instance(&mut given, message.as_bytes()).len();
    if let Some(uuid) = given.instance {
        record.instance = Some(Cow::Owned(uuid.into_owned()));
        message.drain(..message.len() - rest);
    }
    record.message = Cow::Owned(message);
    Some(record)
}
