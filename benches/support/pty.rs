//! The program in a pseudo-terminal, seen through cpmg's own emulator.

use super::site::Site;
use cpmg::terminal::{Alacritty, Answers, Emulator, Size};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Longest that a screen is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program, ended when dropped.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    /// Kept open: its end would be a hang-up.
    _master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    output: Receiver<(Instant, Vec<u8>)>,
    emulator: Alacritty,
    /// Bytes that have come.
    pub bytes: u64,
    /// Whole frames among them: ends of synchronised output.
    pub frames: u64,
}

/// What ends a frame of cpmg.
const FRAME: &[u8] = b"\x1b[?2026l";

impl Pty {
    /// Starts the program without arguments: the screens.
    pub fn start(site: &Site, grid: (u16, u16)) -> Self {
        Self::run(site, grid, &[])
    }

    /// Starts the program.
    pub fn run(site: &Site, grid: (u16, u16), args: &[&str]) -> Self {
        let mut command = CommandBuilder::new(&site.program);
        command.args(args);
        command.env_clear();
        for (name, value) in site.environment() {
            command.env(name, value);
        }
        Self::of(command, grid)
    }

    /// Starts any program.
    pub fn of(command: CommandBuilder, (columns, rows): (u16, u16)) -> Self {
        let area = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(area).expect("a pseudo-terminal");
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let input = pair.master.take_writer().expect("its input");
        let (tell, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(n @ 1..) = reader.read(&mut bytes) {
                if tell.send((Instant::now(), bytes[..n].to_vec())).is_err() {
                    break;
                }
            }
        });
        let child = pair.slave.spawn_command(command).expect("the program");
        let emulator = Alacritty::new(Size::new(columns, rows), Answers::Discard);
        Self { child, _master: pair.master, input, output, emulator, bytes: 0, frames: 0 }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.frames += bytes.windows(FRAME.len()).filter(|w| *w == FRAME).count() as u64;
        self.emulator.feed(bytes);
    }

    pub fn type_in(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).expect("it reads");
        self.input.flush().expect("it reads");
    }

    /// Waits until the lines on the screen are as wanted; gives when the last byte for that had come. Frames lie inside
    /// synchronised output, of which the emulator shows nothing before its end: what is on the screen is always whole.
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&[String]) -> bool) -> Instant {
        let mut at = Instant::now();
        let deadline = at + PATIENCE;
        loop {
            if wanted(&self.emulator.screen().lines()) {
                return at;
            }
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((when, bytes)) => {
                    at = when;
                    self.feed(&bytes);
                }
                Err(why) => panic!("{what}: {why}\n{}", self.emulator.screen().lines().join("\n")),
            }
        }
    }

    /// The lines on the screen, with everything that has come.
    pub fn lines(&mut self) -> Vec<String> {
        while let Ok((_, bytes)) = self.output.try_recv() {
            self.feed(&bytes);
        }
        self.emulator.screen().lines()
    }

    /// What the screen shows after each piece that came, for so long.
    pub fn watch(&mut self, long: Duration, mut seen: impl FnMut(&[String])) {
        let end = Instant::now() + long;
        while let Ok((_, bytes)) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.feed(&bytes);
            seen(&self.emulator.screen().lines());
        }
    }

    /// Waits until nothing was painted for that long.
    pub fn settle(&mut self, quiet: Duration) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(quiet) {
                Ok((_, bytes)) => self.feed(&bytes),
                Err(RecvTimeoutError::Timeout) => return,
                Err(why) => panic!("the program: {why}"),
            }
            assert!(Instant::now() < deadline, "the screen does not come to rest");
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
