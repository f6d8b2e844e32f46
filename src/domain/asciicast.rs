//! Recordings of shells in the format asciicast v2: a line of JSON about the recording, then one for each event.
//!
//! What belongs to cpmg (who, on which node, for which job) stands in the first line under a key of its own, which other
//! players skip. Input is never recorded: it may be a password.

use super::ids::{EnvId, JobId, NodeId, ShellId, UserId};
use super::time::Moment;
use serde::{Deserialize, Serialize};

/// Longest line that is read, bytes: a larger one is no recording of ours.
pub const LINE_MAX: usize = 1024 * 1024;

/// Whose recording it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Which shell.
    pub shell: ShellId,
    /// The operator's name then.
    pub by: String,
    /// Who that is: a name may be another's later.
    #[serde(default)]
    pub user: Option<UserId>,
    /// On which node.
    pub node: NodeId,
    /// Its name then.
    pub name: String,
    /// In which environment.
    pub env: EnvId,
    /// The job it was opened from, or that ran in its environment.
    #[serde(default)]
    pub job: Option<JobId>,
    /// When it began.
    pub began: Moment,
}

/// The environment of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Env {
    /// Terminal type.
    #[serde(rename = "TERM", default)]
    pub term: String,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Of the format: 2.
    pub version: u8,
    /// Columns at the beginning.
    pub width: u16,
    /// Rows at the beginning.
    pub height: u16,
    /// Seconds since 1970.
    #[serde(default)]
    pub timestamp: u64,
    /// What it is called.
    #[serde(default)]
    pub title: String,
    /// The environment.
    #[serde(default)]
    pub env: Env,
    /// Whose it is; players of others skip it.
    #[serde(default)]
    pub cpmg: Option<Origin>,
}

impl Header {
    /// The first line of a recording.
    pub fn new(origin: Origin, (width, height): (u16, u16), term: &str) -> Self {
        Self {
            version: 2,
            width,
            height,
            timestamp: origin.began.0 / 1000,
            title: format!("{} on {}", origin.by, origin.name),
            env: Env { term: term.to_owned() },
            cpmg: Some(origin),
        }
    }

    /// The line, with its end.
    pub fn line(&self) -> String {
        serde_json::to_string(self).map(|line| line + "\n").unwrap_or_default()
    }

    /// Reads the line; `None`: not a recording.
    pub fn parse(line: &str) -> Option<Self> {
        serde_json::from_str::<Self>(line).ok().filter(|h| h.version == 2)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The program printed.
    Output(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Something to know.
    Marker(String),
    /// An event of another kind.
    Other,
}

/// An event and when, in milliseconds after the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: u64,
    /// What.
    pub what: What,
}

impl Event {
    /// The line, with its end.
    pub fn line(&self) -> String {
        let (code, data) = match &self.what {
            What::Output(text) => ("o", text.clone()),
            What::Resize(columns, rows) => ("r", format!("{columns}x{rows}")),
            What::Marker(text) => ("m", text.clone()),
            What::Other => return String::new(),
        };
        let data = serde_json::Value::from(data);
        format!("[{}.{:03}, \"{code}\", {data}]\n", self.at / 1000, self.at % 1000)
    }

    /// Reads a line; `None`: it is none, or torn.
    pub fn parse(line: &str) -> Option<Self> {
        let (at, code, data): (f64, String, String) = serde_json::from_str(line).ok()?;
        if !(0.0..1e10).contains(&at) {
            return None;
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within bounds, see above"
        )]
        let at = (at * 1000.0).round() as u64;
        let what = match code.as_str() {
            "o" => What::Output(data),
            "r" => match data.split_once('x').map(|(c, r)| (c.parse(), r.parse())) {
                Some((Ok(columns), Ok(rows))) => What::Resize(columns, rows),
                _ => What::Other,
            },
            "m" => What::Marker(data),
            _ => What::Other,
        };
        Some(Self { at, what })
    }
}

/// Makes text of bytes that come in any portions: a character that is cut in two waits for its rest, what is none becomes `U+FFFD`.
#[derive(Debug, Default)]
pub struct Texts {
    rest: Vec<u8>,
}

impl Texts {
    /// The text that is complete.
    pub fn take(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let mut text = String::with_capacity(all.len());
        let mut left = all.as_slice();
        loop {
            match std::str::from_utf8(left) {
                Ok(whole) => {
                    text.push_str(whole);
                    return text;
                }
                Err(fault) => {
                    let (good, bad) = left.split_at(fault.valid_up_to());
                    text.push_str(std::str::from_utf8(good).unwrap_or_default());
                    let Some(length) = fault.error_len() else {
                        self.rest = bad.to_vec();
                        return text;
                    };
                    text.push('\u{fffd}');
                    left = bad.get(length..).unwrap_or_default();
                }
            }
        }
    }
}

/// Takes complete lines out of a text that comes in portions of bytes; what is too long is left out.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// The lines that are complete, without their ends.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let Some(end) = self.rest.iter().rposition(|b| *b == b'\n') else {
            if self.rest.len() > LINE_MAX {
                self.rest.clear();
            }
            return Vec::new();
        };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
    }
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
    use proptest::prelude::*;

    fn origin() -> Origin {
        Origin {
            shell: ShellId(4),
            by: "ada".into(),
            user: Some(UserId(1)),
            node: NodeId(7),
            name: "node-1".into(),
            env: EnvId(1),
            job: Some(JobId(3)),
            began: Moment(1_772_355_600_500),
        }
    }

    #[test]
    fn lines_are_those_of_the_format() {
        let header = Header::new(origin(), (80, 24), "xterm-256color");
        let line = header.line();
        assert!(line.starts_with(r#"{"version":2,"width":80,"height":24,"timestamp":1772355600,"#), "{line}");
        assert_eq!(Header::parse(line.trim_end()).unwrap(), header);
        assert_eq!(Header::parse(r#"{"version":1,"width":80,"height":24}"#), None);
        assert_eq!(Header::parse(r#"{"version":2,"width":80,"height":24}"#).unwrap().cpmg, None);
        let event = Event { at: 1_042, what: What::Output("a\u{1b}[m\"\r\n中".into()) };
        assert_eq!(event.line(), "[1.042, \"o\", \"a\\u001b[m\\\"\\r\\n中\"]\n");
        assert_eq!(Event::parse(event.line().trim_end()).unwrap(), event);
        let size = Event { at: 5, what: What::Resize(100, 30) };
        assert_eq!(size.line(), "[0.005, \"r\", \"100x30\"]\n");
        assert_eq!(Event::parse("[1.5, \"i\", \"x\"]").unwrap().what, What::Other);
        for torn in ["[1.5, \"o\", \"x", "", "[-1, \"o\", \"\"]", "{}", "[1e300, \"o\", \"\"]"] {
            assert_eq!(Event::parse(torn), None, "{torn}");
        }
    }

    proptest! {
        /// However the bytes are cut, the text is the same, and lines come back as they were written.
        #[test]
        fn portions_do_not_matter(bytes in prop::collection::vec(any::<u8>(), 0..200), cuts in prop::collection::vec(1_usize..7, 0..60)) {
            let mut texts = Texts::default();
            let (mut left, mut text) = (bytes.as_slice(), String::new());
            for cut in cuts {
                let (now, later) = left.split_at(cut.min(left.len()));
                text.push_str(&texts.take(now));
                left = later;
            }
            text.push_str(&texts.take(left));
            text.push_str(&String::from_utf8_lossy(&texts.rest));
            prop_assert_eq!(&text, &*String::from_utf8_lossy(&bytes));
            let event = Event { at: 7, what: What::Output(text) };
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for byte in event.line().as_bytes() {
                found.extend(lines.take(&[*byte]));
            }
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(Event::parse(&found[0]), Some(event));
        }
    }
}
