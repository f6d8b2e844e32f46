//! The state of one file: what each of its lines is.
//!
//! Lines must come in the order of the file. A traceback is recognised by repeating time, process and logger of the entry
//! before it; a line that no format knows belongs to the entry before it, once the file has shown that it has entries at all.
//! Before that each such line stands for itself.

use super::record::{FormatId, Line, Record, text};
use super::{Formats, LINE_MAX, apache, libvirt, mariadb, oslo, ovs, rabbitmq, scan, syslog, uwsgi, wrapped};
use std::sync::Arc;

/// Lines of a file in which formats that are data are looked for.
const GUESS: u32 = 64;

/// What a file does not say about itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Seconds east of Greenwich of the machine that wrote the file, for times without a zone. None: nobody knows.
    pub offset: Option<i32>,
    /// A moment that the file's newest line is not more than a day younger than, microseconds since 1970-01-01 UTC: the year of formats
    /// without one (syslog). None: such lines have no time.
    pub reference: Option<i64>,
    /// Formats that are data; they are tried before those that are built in.
    pub formats: Arc<Formats>,
}

/// Reads the lines of one file, one after the other.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "facts about a file that do not depend on each other")]
pub struct Parser {
    options: Options,
    /// Time, process and logger of the newest oslo entry.
    last: Last,
    /// There was a line of a known format.
    known: bool,
    /// Something that continuation lines can belong to.
    open: bool,
    /// Lines begin with the name of their file, as `grep` prints it.
    named: bool,
    /// Length of such a name with what follows it.
    name: usize,
    /// There was a line of uwsgi.
    uwsgi: bool,
    /// The newest line was RabbitMQ's: what it repeats.
    rabbit: Option<Record<'static>>,
    /// Process and thread of the newest line of an application in Apache's error log.
    thread: Vec<u8>,
    /// That line was one of a traceback, which ends with its first line that is not indented.
    in_traceback: bool,
    /// The format that is data in which a line was written, by its number.
    user: Option<usize>,
    /// Lines in which formats that are data were looked for.
    guessed: u32,
}

#[derive(Clone, Debug, Default)]
struct Last {
    time: Option<i64>,
    pid: Option<u32>,
    logger: Vec<u8>,
}

impl Parser {
    /// A parser at the beginning of a file.
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// What the next line is; an end of line (`\n`, `\r\n`) may be there or not. Of a line longer than [`LINE_MAX`] only the
    /// beginning is looked at.
    pub fn line<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
        let line = bare(line);
        let line = line.get(..LINE_MAX).unwrap_or(line);
        if line.is_empty() {
            return Line::Empty;
        }
        if let Some(found) = self.data(line).map(|r| self.head(r)).or_else(|| self.find(line)) {
            self.open = true;
            return found;
        }
        let stands_alone =
            self.user.and_then(|n| self.options.formats.get(n)).is_some_and(|f| !f.continues(line));
        if !stands_alone && self.open && (self.known || line.first().is_some_and(u8::is_ascii_whitespace)) {
            return Line::Continuation(text(oslo::without_colour(line)));
        }
        self.open = true;
        Line::Head(Record { message: text(line), format: FormatId::Text, ..Record::default() })
    }

    /// Tries the formats that are data: the one of the line before, and at the beginning of a file all.
    fn data<'a>(&mut self, line: &'a [u8]) -> Option<Record<'a>> {
        let formats = &self.options.formats;
        if let Some(record) = self.user.and_then(|n| formats.get(n)).and_then(|f| f.read(line)) {
            return Some(record);
        }
        if formats.is_empty() || self.guessed >= GUESS {
            return None;
        }
        self.guessed += 1;
        let (number, record) = formats.iter().enumerate().find_map(|(n, f)| Some((n, f.read(line)?)))?;
        self.user = Some(number);
        Some(record)
    }

    fn find<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        if self.named {
            // The next line mostly has a name of the same length.
            let rest =
                line.get(self.name..).filter(|r| scan::stamp(r).is_some()).or_else(|| after_name(line));
            let found = rest.and_then(|rest| {
                self.name = line.len() - rest.len();
                self.formats(rest)
            });
            return found.or_else(|| self.formats(line));
        }
        if let Some(found) = self.formats(line) {
            return Some(found);
        }
        let found = self.formats(after_name(line)?)?;
        self.named = true;
        Some(found)
    }

    /// Tries what the first bytes of the line allow.
    fn formats<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        match line.first()? {
            b'0'..=b'9' => self.number_first(line),
            b'[' => self.bracket_first(line),
            b'{' => wrapped::read(line).map(|r| self.head(r)),
            b'=' => rabbitmq::report(line).map(|r| self.head(r)),
            b'-' => syslog::note(line).map(|r| self.head(r)),
            b'<' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'!' | b'.' => self.word_first(line),
            b':' | b'_' => apache::access(line).map(|r| self.head(r)),
            _ => None,
        }
    }

    fn number_first<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let Some((time, between, rest)) = scan::stamp(line) else {
            let found = mariadb::old(line).or_else(|| syslog::unix(line)).or_else(|| apache::access(line))?;
            return Some(self.head(found));
        };
        if let Some(line) = self.oslo(time, rest) {
            return Some(line);
        }
        if between == b'T' {
            return self.iso(time, rest);
        }
        if let Some(found) = rabbitmq::read(time, rest) {
            return Some(self.rabbit(found));
        }
        if let Some((_, 6, [b' ', inner @ ..])) = scan::fraction(rest)
            && let Some((time, b' ', rest)) = scan::stamp(inner)
            && let Some(line) = self.oslo(time, rest)
        {
            // keystone under Apache: an oslo line behind Apache's time.
            return Some(line);
        }
        let found = mariadb::read(time, false, rest)
            .or_else(|| libvirt::read(time, rest))
            .or_else(|| apache::keystone(time, rest))?;
        Some(self.head(found))
    }

    fn iso<'a>(&mut self, time: i64, rest: &'a [u8]) -> Option<Line<'a>> {
        let (micros, after) = scan::fraction(rest).map_or((0, rest), |(micros, _, after)| (micros, after));
        if let [b'Z', after @ ..] = after {
            let time = time + micros;
            let found = ovs::read(time, after)
                .or_else(|| libvirt::qemu(time, after.strip_prefix(b" ")?))
                .or_else(|| mariadb::read(time, true, after));
            if let Some(found) = found {
                return Some(self.head(found));
            }
        }
        syslog::iso(time, rest).map(|r| self.head(r))
    }

    fn bracket_first<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        if let Some(found) = uwsgi::request(line) {
            self.uwsgi = true;
            return Some(self.head(found));
        }
        if let Some(found) = apache::error(line) {
            return Some(self.apache(found));
        }
        let found = uwsgi::saying(line, self.uwsgi).or_else(|| syslog::monotonic(line))?;
        Some(self.head(found))
    }

    fn word_first<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        if let Some(found) = uwsgi::saying(line, self.uwsgi) {
            self.uwsgi = true;
            return Some(self.head(found));
        }
        // The reference in the file's own local time.
        let reference =
            self.options.reference.map(|r| r + i64::from(self.options.offset.unwrap_or(0)) * scan::SECOND);
        let found = syslog::read(line, reference)
            .or_else(|| syslog::full(line))
            .or_else(|| libvirt::untimed(line))
            .or_else(|| apache::access(line))?;
        Some(self.head(found))
    }

    /// An entry of a format without rules of its own.
    fn head<'a>(&mut self, mut record: Record<'a>) -> Line<'a> {
        self.known = true;
        self.last.time = None;
        self.rabbit = None;
        self.thread.clear();
        if !record.zone_known {
            self.local(&mut record);
        }
        record.message = trim(record.message);
        Line::Head(record)
    }

    fn rabbit<'a>(&mut self, record: Record<'a>) -> Line<'a> {
        if self.rabbit.as_ref().is_some_and(|before| rabbitmq::same(before, &record)) {
            return Line::Continuation(record.message);
        }
        let line = self.head(record);
        if let Line::Head(record) = &line {
            let repeated = Record { message: text(b""), ..record.clone() };
            self.rabbit = Some(repeated.into_owned());
        }
        line
    }

    fn apache<'a>(&mut self, found: apache::Found<'a>) -> Line<'a> {
        let apache::Found { mut record, inner, thread } = found;
        if let Some((time, b' ', rest)) = scan::stamp(inner)
            && let Some(line) = self.oslo(time, rest)
        {
            return line;
        }
        // Each line of a traceback has a time of its own; what is indented belongs to the line before of the same thread.
        let indented = inner.first().is_some_and(|b| *b == b' ');
        if !thread.is_empty() && self.thread == thread && (indented || self.in_traceback) {
            self.in_traceback &= indented;
            return Line::Continuation(text(inner));
        }
        let in_traceback = inner.starts_with(b"Traceback (most recent call last)");
        if let Some(logged) = oslo::tail(inner).filter(|f| memchr::memchr(b'.', f.logger).is_some()) {
            let logged = logged.record();
            record.level = logged.level;
            record.component = logged.component;
            record.request_id = logged.request_id;
        } else if let Some(level) = apache::said_level(inner) {
            record.level = Some(level);
        }
        let line = self.head(record);
        self.thread.extend_from_slice(thread);
        self.in_traceback = in_traceback;
        line
    }

    fn oslo<'a>(&mut self, time: i64, rest: &'a [u8]) -> Option<Line<'a>> {
        if let Some(head) = oslo::read(time, rest) {
            return Some(self.oslo_line(head));
        }
        // Colours (log_color) may stand between the words.
        memchr::memchr(0x1b, rest)?;
        let plain = without_colours(rest);
        Some(match self.oslo_line(oslo::read(time, &plain)?) {
            Line::Head(record) => Line::Head(record.into_owned()),
            Line::Continuation(text) => Line::Continuation(text.into_owned().into()),
            Line::Empty => Line::Empty,
        })
    }

    fn oslo_line<'a>(&mut self, head: oslo::Head<'a>) -> Line<'a> {
        self.known = true;
        self.rabbit = None;
        self.thread.clear();
        let last = &mut self.last;
        if last.time == head.time
            && last.pid == head.pid
            && last.logger == head.logger
            && let Some(line) = head.traceback()
        {
            return Line::Continuation(text(oslo::without_colour(line)));
        }
        last.time = head.time;
        last.pid = head.pid;
        last.logger.clear();
        last.logger.extend_from_slice(head.logger);
        let mut record = head.record();
        self.local(&mut record);
        Line::Head(record)
    }

    /// Makes a moment of a local time, where the zone is known.
    fn local(&self, record: &mut Record<'_>) {
        if let Some(offset) = self.options.offset {
            record.time = record.time.map(|t| t - i64::from(offset) * scan::SECOND);
            record.zone_known = true;
        }
    }
}

/// A line without its end.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What follows a word that is the name of a log file: `nova-api.log.1 2017-…`, `nova-api.log:2017-…`.
fn after_name(line: &[u8]) -> Option<&[u8]> {
    let near = line.get(..line.len().min(256))?;
    let space = memchr::memchr(b' ', near).unwrap_or(near.len());
    let name = near.get(..space)?;
    let log = memchr::memmem::find(name, b".log")?;
    // The name's own end may hold colons (a date of a rotation), so a colon counts only right before a year.
    let colon = name
        .iter()
        .enumerate()
        .skip(log)
        .find(|(at, b)| **b == b':' && line.get(at + 1..).is_some_and(|r| scan::stamp(r).is_some()))
        .map(|(at, _)| at);
    line.get(colon.unwrap_or(space) + 1..)
}

/// A text without the sequence that ends a colour.
fn trim(message: super::Text<'_>) -> super::Text<'_> {
    use std::borrow::Cow;
    let kept = oslo::without_colour(message.as_bytes()).len();
    if kept == message.len() {
        return message;
    }
    match message {
        Cow::Borrowed(message) => Cow::Borrowed(message.get(..kept).unwrap_or(message)),
        Cow::Owned(mut message) => {
            message.truncate(kept);
            Cow::Owned(message)
        }
    }
}

/// Bytes without any sequence that sets colours.
fn without_colours(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        plain.extend_from_slice(before);
        // ESC [ digits and semicolons m; any other sequence stays.
        let end = after.iter().skip(2).position(|b| !(b.is_ascii_digit() || *b == b';')).map(|n| n + 2);
        match end {
            Some(end) if after.get(1) == Some(&b'[') && after.get(end) == Some(&b'm') => {
                rest = after.get(end + 1..).unwrap_or_default();
            }
            _ => {
                plain.push(0x1b);
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    plain.extend_from_slice(rest);
    plain
}
