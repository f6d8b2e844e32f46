//! A tiny line editor and shell for terminals of simulated nodes. Pure: bytes in, bytes out.

use super::machine;
use super::node::SimNode;
use std::sync::Arc;

/// Longest line that can be typed.
const LINE_MAX: usize = 1024;

/// One terminal's shell.
pub(super) struct Shell {
    node: Arc<SimNode>,
    line: String,
    partial: Vec<u8>,
    escape: bool,
    /// Exit status, once it has ended.
    pub(super) ended: Option<u32>,
    last: u32,
}

impl Shell {
    pub(super) fn new(node: Arc<SimNode>) -> Self {
        Self { node, line: String::new(), partial: Vec::new(), escape: false, ended: None, last: 0 }
    }

    /// What is shown first.
    pub(super) fn greeting(&self) -> String {
        format!("This node is simulated; 'help' lists what it knows.\r\n{}", self.prompt())
    }

    fn prompt(&self) -> String {
        format!("\x1b[33m[simulated]\x1b[0m root@{}:~# ", self.node.name)
    }

    /// Takes keys, returns what the terminal shows.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        let mut out = String::new();
        self.partial.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.partial);
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.to_owned(),
            Err(e) if e.error_len().is_none() => {
                let (good, rest) = bytes.split_at(e.valid_up_to());
                self.partial = rest.to_vec();
                String::from_utf8_lossy(good).into_owned()
            }
            Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        for c in text.chars() {
            if self.ended.is_none() {
                self.key(c, &mut out);
            }
        }
        out
    }

    fn key(&mut self, c: char, out: &mut String) {
        // Arrow keys and the like are left out whole.
        if self.escape {
            self.escape = !(c.is_ascii_alphabetic() && c != 'O' || c == '~');
            return;
        }
        match c {
            '\x1b' => self.escape = true,
            '\r' | '\n' => {
                out.push_str("\r\n");
                self.enter(out);
            }
            '\x7f' | '\x08' => {
                if let Some(gone) = self.line.pop() {
                    let width = unicode_width::UnicodeWidthChar::width(gone).unwrap_or(1);
                    out.push_str(&"\x08 \x08".repeat(width));
                }
            }
            '\x03' => {
                self.line.clear();
                out.push_str("^C\r\n");
                out.push_str(&self.prompt());
            }
            '\x04' if self.line.is_empty() => {
                out.push_str("exit\r\n");
                self.ended = Some(self.last);
            }
            '\x0c' => {
                out.push_str("\x1b[H\x1b[2J");
                out.push_str(&self.prompt());
                out.push_str(&self.line);
            }
            c if c.is_control() => {}
            c if self.line.len() < LINE_MAX => {
                self.line.push(c);
                out.push(c);
            }
            _ => out.push('\x07'),
        }
    }

    fn enter(&mut self, out: &mut String) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim();
        let first = line.split_ascii_whitespace().next().unwrap_or_default();
        match first {
            "" => {}
            "exit" | "logout" => {
                let status = line.split_ascii_whitespace().nth(1).and_then(|s| s.parse().ok());
                self.ended = Some(status.unwrap_or(self.last));
                return;
            }
            "clear" => out.push_str("\x1b[H\x1b[2J"),
            _ => {
                let known = machine::command(&self.node, line);
                let (text, status) =
                    known.unwrap_or_else(|| (format!("sh: {first}: not found (simulated)\n"), 127));
                out.push_str(&text.replace('\n', "\r\n"));
                self.last = status;
            }
        }
        out.push_str(&self.prompt());
    }
}
