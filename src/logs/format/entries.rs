//! Whole entries of a reader: lines joined, numbered and bounded.
//!
//! Memory is bounded whatever the bytes are: of a line at most [`LINE_MAX`] bytes are kept, of an entry's text about as many, and what
//! is left out is counted and said at the end of the text.

use super::{LINE_MAX, Line, Options, Parser, Record};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read};

/// Bytes read at once.
const CHUNK: usize = 1 << 18;

/// One log entry with its further lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number of its first line in the file, from 1.
    pub line: u64,
    /// Lines it consists of.
    pub lines: u64,
    /// The fields; the message holds all lines, with `\n` between them.
    pub record: Record<'static>,
}

/// The entries of a reader, in the order of the file.
pub struct Entries<R> {
    lines: Lines<R>,
    parser: Parser,
    /// Number of lines read.
    number: u64,
    open: Option<Open>,
}

/// An entry whose end has not been seen.
struct Open {
    entry: Entry,
    /// Empty lines that belong to the text if text follows.
    empty: u64,
    /// Bytes of its text that were left out.
    left_out: u64,
}

impl<R: Read> Entries<R> {
    /// The entries of `reader`.
    pub fn new(reader: R, options: Options) -> Self {
        Self { lines: Lines::new(reader), parser: Parser::new(options), number: 0, open: None }
    }

    fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let Some((line, left_out)) = self.lines.next()? else {
                return Ok(self.open.take().map(Open::close));
            };
            self.number += 1;
            match self.parser.line(line) {
                Line::Head(record) => {
                    let entry = Entry { line: self.number, lines: 1, record: record.into_owned() };
                    let before = self.open.replace(Open { entry, empty: 0, left_out });
                    if let Some(before) = before {
                        return Ok(Some(before.close()));
                    }
                }
                Line::Continuation(text) => {
                    if let Some(open) = &mut self.open {
                        open.add(&text, left_out);
                    }
                }
                Line::Empty => {
                    if let Some(open) = &mut self.open {
                        open.empty += 1;
                    }
                }
            }
        }
    }
}

impl<R: Read> Iterator for Entries<R> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().transpose()
    }
}

impl Open {
    fn add(&mut self, text: &str, left_out: u64) {
        self.left_out += left_out;
        self.entry.lines += self.empty + 1;
        let message = self.entry.record.message.to_mut();
        for _ in 0..std::mem::take(&mut self.empty) {
            if message.len() < LINE_MAX {
                message.push('\n');
            }
        }
        if message.len() + text.len() < LINE_MAX {
            // A head may be empty: a banner of RabbitMQ begins so.
            if !message.is_empty() {
                message.push('\n');
            }
            message.push_str(text);
        } else {
            self.left_out += text.len() as u64 + 1;
        }
    }

    fn close(mut self) -> Entry {
        if self.left_out > 0 {
            let _ = write!(self.entry.record.message.to_mut(), " … ({} more bytes)", self.left_out);
        }
        if let Cow::Owned(message) = &mut self.entry.record.message {
            message.truncate(message.trim_end_matches(['\n', ' ']).len());
        }
        self.entry
    }
}

/// The lines of a reader, none longer than [`LINE_MAX`].
struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where the unread bytes begin and end in the buffer.
    start: usize,
    end: usize,
    /// Bytes of the unread ones that hold no end of line.
    searched: usize,
    over: bool,
}

impl<R: Read> Lines<R> {
    fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; CHUNK], start: 0, end: 0, searched: 0, over: false }
    }

    /// The next line and how many of its bytes were left out; None at the end.
    fn next(&mut self) -> io::Result<Option<(&[u8], u64)>> {
        let mut left_out = 0u64;
        loop {
            let unread = self.buffer.get(self.start + self.searched..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', unread) {
                return Ok(Some(self.take(self.searched + at, 1, left_out)));
            }
            self.searched = self.end - self.start;
            if self.over {
                if self.searched == 0 {
                    return Ok(None);
                }
                return Ok(Some(self.take(self.searched, 0, left_out)));
            }
            // Of a line that is too long the end is read and forgotten.
            if self.searched > LINE_MAX {
                left_out += (self.searched - LINE_MAX) as u64;
                self.searched = LINE_MAX;
                self.end = self.start + LINE_MAX;
            }
            self.fill()?;
        }
    }

    /// A line of `length` bytes and `end` more for its end.
    fn take(&mut self, length: usize, end: usize, mut left_out: u64) -> (&[u8], u64) {
        let from = self.start;
        self.start += length + end;
        self.searched = 0;
        left_out += length.saturating_sub(LINE_MAX) as u64;
        (self.buffer.get(from..from + length.min(LINE_MAX)).unwrap_or_default(), left_out)
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + CHUNK / 2 {
            self.buffer.resize((self.end + CHUNK).next_power_of_two(), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        match self.reader.read(room) {
            Ok(0) => self.over = true,
            Ok(count) => self.end += count,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }
}
