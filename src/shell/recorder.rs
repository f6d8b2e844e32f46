//! Writes what a shell prints into a file, in a thread of its own: a slow disk holds up no shell.
//!
//! What the thread cannot take in time is left out, and a mark says how much. A recording has a largest size.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;

use tokio_util::bytes::Bytes;

use crate::domain::asciicast::{Event, Header, Texts, What};
use crate::terminal::Size;

/// Portions of output, some ten kilobytes each at most, that may wait for the disk.
const WAITING: usize = 256;
/// Largest recording, bytes.
const MOST: u64 = 64 * 1024 * 1024;

enum Told {
    Output(Bytes),
    Resize(Size),
    Lost(u64),
}

/// A recording that is being written. Dropping it ends it.
#[derive(Debug)]
pub struct Recorder {
    send: SyncSender<(u64, Told)>,
    began: Instant,
    lost: u64,
}

impl Recorder {
    /// Begins a recording in a file that is empty. The thread ends with the recorder.
    pub fn begin(file: File, header: &Header) -> std::io::Result<Self> {
        Self::limited(file, header, MOST)
    }

    fn limited(file: File, header: &Header, most: u64) -> std::io::Result<Self> {
        let (send, told) = sync_channel(WAITING);
        let mut out = BufWriter::with_capacity(64 * 1024, file);
        out.write_all(header.line().as_bytes())?;
        out.flush()?;
        std::thread::Builder::new().name("recording".into()).spawn(move || {
            if let Err(why) = write(&mut out, &told, most) {
                tracing::warn!(%why, "a shell is not recorded any more");
            }
        })?;
        Ok(Self { send, began: Instant::now(), lost: 0 })
    }

    fn tell(&mut self, what: Told) -> bool {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A recorder that has ended takes nothing, and nothing is to be done about it.
        !matches!(self.send.try_send((at, what)), Err(TrySendError::Full(_)))
    }

    /// The program printed.
    pub fn output(&mut self, bytes: &Bytes) {
        if self.lost > 0 {
            if self.tell(Told::Lost(self.lost)) {
                self.lost = 0;
            } else {
                self.lost += bytes.len() as u64;
                return;
            }
        }
        if !self.tell(Told::Output(bytes.clone())) {
            self.lost += bytes.len() as u64;
        }
    }

    /// The terminal has another size.
    pub fn resize(&mut self, size: Size) {
        self.tell(Told::Resize(size));
    }
}

fn write(out: &mut impl Write, told: &Receiver<(u64, Told)>, most: u64) -> std::io::Result<()> {
    let mut texts = Texts::default();
    let mut written = 0;
    while let Ok(first) = told.recv() {
        // What is there already goes out together; then the file is as far as the shell.
        for (at, what) in std::iter::once(first).chain(told.try_iter()) {
            let what = match what {
                Told::Output(bytes) => What::Output(texts.take(&bytes)),
                Told::Resize(size) => What::Resize(size.columns(), size.lines()),
                Told::Lost(bytes) => What::Marker(format!("{bytes} bytes of output are missing here")),
            };
            let line = Event { at, what }.line();
            written += line.len() as u64;
            if written > most {
                let what = What::Marker("the recording is full and ends here; the shell went on".into());
                out.write_all(Event { at, what }.line().as_bytes())?;
                return out.flush();
            }
            out.write_all(line.as_bytes())?;
        }
        out.flush()?;
    }
    out.flush()
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
    use crate::domain::asciicast::Origin;
    use crate::domain::ids::{EnvId, NodeId, ShellId};
    use crate::domain::time::Moment;
    use std::time::Duration;

    fn header() -> Header {
        let origin = Origin {
            shell: ShellId(1),
            by: "ada".into(),
            user: Some(crate::domain::ids::UserId(1)),
            node: NodeId(1),
            name: "node-1".into(),
            env: EnvId(1),
            job: None,
            began: Moment(1000),
        };
        Header::new(origin, (80, 24), "xterm-256color")
    }

    fn lines(path: &std::path::Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let since = Instant::now();
        loop {
            let text = std::fs::read_to_string(path).unwrap();
            if wanted(&text) {
                return text.lines().map(str::to_owned).collect();
            }
            assert!(since.elapsed() < Duration::from_secs(30), "never came to it: {text}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_is_printed_is_in_the_file() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("1.cast");
        let mut recorder = Recorder::begin(File::create(&path).unwrap(), &header()).unwrap();
        recorder.output(&Bytes::from_static(b"a\xe4\xb8"));
        recorder.output(&Bytes::from_static(b"\xad\xff"));
        recorder.resize(Size::new(100, 30));
        drop(recorder);
        let lines = lines(&path, |text| text.contains("100x30"));
        assert_eq!(Header::parse(&lines[0]).unwrap(), header());
        let events: Vec<What> = lines[1..].iter().map(|l| Event::parse(l).unwrap().what).collect();
        let output = |text: &str| What::Output(text.into());
        assert_eq!(events, [output("a"), output("中\u{fffd}"), What::Resize(100, 30)]);
    }

    #[test]
    fn a_recording_has_a_largest_size() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("1.cast");
        let mut recorder = Recorder::limited(File::create(&path).unwrap(), &header(), 2000).unwrap();
        for _ in 0..100 {
            recorder.output(&Bytes::from(vec![b'x'; 100]));
        }
        let lines = lines(&path, |text| text.contains("is full"));
        assert!(lines.iter().map(String::len).sum::<usize>() < 4000);
        recorder.output(&Bytes::from_static(b"nobody takes it"));
    }
}
