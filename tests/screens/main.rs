//! The screens in a real terminal, with a real engine and without nodes: what no test of the state alone can see.
#![allow(
    clippy::similar_names,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the commands")]
mod support;
mod tasks;

use cpmg::terminal::{Alacritty, Answers, Color, Emulator, Size};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use support::{PASSWORD, Site, wait_until};

/// The program in a terminal of its own.
struct Terminal {
    emulator: Arc<Mutex<Alacritty>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    /// Bytes that came so far.
    came: Arc<AtomicUsize>,
}

/// How bad the way to the terminal is.
#[derive(Clone, Copy)]
struct Link {
    /// How long a byte is on its way.
    delay: Duration,
    /// How many get through in a second.
    bytes_a_second: u32,
}

fn pty_size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    fn open(site: &Site) -> Self {
        Self::start(site, &[], (80, 24), None)
    }

    /// With a variable of its environment.
    fn with(site: &Site, variable: (&str, &str)) -> Self {
        let mut command = site.command(&[]);
        command.env(variable.0, variable.1);
        Self::spawn(&command, (80, 24), None)
    }

    /// A command that has screens.
    fn running(site: &Site, args: &[&str]) -> Self {
        Self::start(site, args, (120, 40), None)
    }

    /// On the other end of a link.
    fn behind(site: &Site, link: Link) -> Self {
        Self::start(site, &[], (80, 24), Some(link))
    }

    fn start(site: &Site, args: &[&str], size: (u16, u16), link: Option<Link>) -> Self {
        Self::spawn(&site.command(args), size, link)
    }

    fn spawn(command: &std::process::Command, (cols, rows): (u16, u16), link: Option<Link>) -> Self {
        let pair = native_pty_system().openpty(pty_size(cols, rows)).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.env_clear();
        builder.env("TERM", "xterm-256color");
        for (name, value) in command.get_envs() {
            builder.env(name, value.unwrap_or_default());
        }
        builder.args(command.get_args());
        let child = pair.slave.spawn_command(builder).unwrap();
        let emulator = Arc::new(Mutex::new(Alacritty::new(Size::new(cols, rows), Answers::Discard)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let screen = Arc::clone(&emulator);
        let came = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&came);
        let (send, arrive) = mpsc::channel::<(Instant, Vec<u8>)>();
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            let most = link.map_or(8192, |_| 512);
            while let Ok(n @ 1..) = output.read(&mut bytes[..most]) {
                if let Some(link) = link {
                    // No more is read than the link takes: that is what fills the buffers before it.
                    std::thread::sleep(
                        Duration::from_secs(1) * u32::try_from(n).unwrap() / link.bytes_a_second,
                    );
                }
                let due = Instant::now() + link.map_or(Duration::ZERO, |l| l.delay);
                if send.send((due, bytes[..n].to_vec())).is_err() {
                    break;
                }
            }
        });
        std::thread::spawn(move || {
            for (due, bytes) in arrive {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                count.fetch_add(bytes.len(), Ordering::Relaxed);
                screen.lock().unwrap().feed(&bytes);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { emulator, keys, child, master: pair.master, came }
    }

    fn text(&self) -> String {
        self.emulator.lock().unwrap().screen().lines().join("\n")
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn wait_for(&self, what: &str) {
        let seen = AssertUnwindSafe(|| {
            wait_until(&format!("'{what}' is on the screen"), || self.text().contains(what));
        });
        if let Err(vain) = catch_unwind(seen) {
            eprintln!("{}", self.text());
            resume_unwind(vain);
        }
    }

    fn resize(&self, cols: u16, rows: u16) {
        self.emulator.lock().unwrap().resize(Size::new(cols, rows));
        self.master.resize(pty_size(cols, rows)).unwrap();
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.process_id().unwrap().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    fn wait_for_end(&mut self) {
        wait_until("the program has ended", || self.child.try_wait().unwrap().is_some());
    }

    fn has_full_screen(&self) -> bool {
        self.emulator.lock().unwrap().modes().alternate_screen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn from_the_first_administrator_to_an_environment() {
    let site = Site::empty();
    let mut terminal = Terminal::open(&site);
    terminal.wait_for("First administrator");
    terminal.press("ada\tshort\tshort\r");
    terminal.wait_for("Too short");
    terminal.press(&format!("\u{15}{PASSWORD}\t\u{15}{PASSWORD}\r"));
    terminal.wait_for("No environment yet");
    terminal.press("n");
    terminal.wait_for("New environment");
    terminal.press("cloud 9\u{13}");
    terminal.wait_for("cloud 9 was made");
    // F3: the other language; every text is drawn anew.
    terminal.press("\u{1b}OR");
    terminal.wait_for("名称");
    terminal.resize(20, 5);
    terminal.wait_for("50x14");
    terminal.resize(120, 40);
    terminal.wait_for("cloud 9");
    // Ctrl-Z gives the terminal back; woken up, the screen is there again.
    terminal.press("\u{1a}");
    wait_until("the terminal is given back", || !terminal.has_full_screen());
    terminal.signal(Signal::CONT);
    wait_until("the screen is back", || terminal.has_full_screen() && terminal.text().contains("cloud 9"));
    terminal.press("q");
    terminal.wait_for_end();
    // Its last bytes may still be on their way to our emulator when the program is gone.
    wait_until("the terminal is as it was", || !terminal.has_full_screen());
}

#[test]
fn a_killed_engine_comes_back_with_the_session() {
    let site = Site::new();
    site.ok_typing(&["login", "ada", "--password-stdin"], &format!("{PASSWORD}\n"));
    site.ok(&["env", "add", "cloud 9"]);
    let mut terminal = Terminal::open(&site);
    terminal.wait_for("Password");
    terminal.press("ada\twrong one\r");
    terminal.wait_for("Wrong user name or password");
    terminal.press(&format!("{PASSWORD}\r"));
    terminal.wait_for("cloud 9");
    let engine = site.engine().unwrap();
    kill_process(Pid::from_raw(engine.cast_signed()).unwrap(), Signal::KILL).unwrap();
    wait_until("another engine answers", || site.engine().is_some_and(|pid| pid != engine));
    terminal.wait_for("engine +");
    // What is shown may be the old connection still: a key that comes while the new one is made is refused.
    wait_until("the form is open", || {
        let open = terminal.text().contains("New environment");
        if !open {
            terminal.press("n");
        }
        open
    });
    terminal.press("\u{15}cloud 10\u{13}");
    terminal.wait_for("cloud 10 was made");
}

#[test]
fn signals_leave_the_terminal_whole() {
    let site = Site::new();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut terminal = Terminal::open(&site);
        terminal.wait_for("Password");
        assert!(terminal.has_full_screen());
        terminal.signal(signal);
        terminal.wait_for_end();
        wait_until("the terminal is given back", || !terminal.has_full_screen());
    }
}

#[test]
fn a_slow_link_loses_frames_and_no_key() {
    let site = Site::new();
    site.ok_typing(&["login", "ada", "--password-stdin"], &format!("{PASSWORD}\n"));
    for n in 0..12 {
        site.ok(&["env", "add", &format!("cloud {n}")]);
    }
    let link = Link { delay: Duration::from_millis(300), bytes_a_second: 10_000 };
    let mut terminal = Terminal::behind(&site, link);
    terminal.wait_for("Password");
    terminal.press(&format!("ada\r{PASSWORD}\r"));
    terminal.wait_for("cloud 11");
    // Held keys: the selection goes up and down through the whole list. Each is taken, but not each is drawn.
    let before = terminal.came.load(Ordering::Relaxed);
    for _ in 0..40 {
        terminal.press(&"j".repeat(11));
        terminal.press(&"k".repeat(11));
    }
    terminal.press("jjjn");
    terminal.wait_for("New environment");
    let drawn = terminal.came.load(Ordering::Relaxed) - before;
    assert!(drawn < 40_000, "{drawn} bytes for 884 keys: 4 s of this link");
    terminal.press("typed while frames were on their way\u{13}");
    terminal.wait_for("typed while frames were on their way was made");
    terminal.press("q");
    terminal.wait_for_end();
    wait_until("the terminal is as it was", || !terminal.has_full_screen());
}

#[test]
fn a_storm_of_sizes_ends_with_a_whole_screen() {
    let site = Site::new();
    site.ok_typing(&["login", "ada", "--password-stdin"], &format!("{PASSWORD}\n"));
    site.ok(&["env", "add", "cloud 9"]);
    let mut terminal = Terminal::open(&site);
    terminal.wait_for("Password");
    terminal.press(&format!("ada\r{PASSWORD}\r"));
    terminal.wait_for("cloud 9");
    let mut dice = 88_172_645_463_325_252_u64;
    for _ in 0..300 {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let size = |least: u64, span: u64, shift: u32| u16::try_from(least + (dice >> shift) % span).unwrap();
        terminal.resize(size(20, 381, 8), size(5, 116, 32));
    }
    terminal.press("n");
    terminal.resize(400, 120);
    terminal.wait_for("New environment");
    terminal.press("typed in the storm\u{13}");
    terminal.resize(80, 24);
    terminal.wait_for("typed in the storm was made");
    terminal.press("q");
    terminal.wait_for_end();
    wait_until("the terminal is as it was", || !terminal.has_full_screen());
}

#[test]
fn without_colours_none_is_sent() {
    let site = Site::new();
    site.ok_typing(&["login", "ada", "--password-stdin"], &format!("{PASSWORD}\n"));
    site.ok(&["env", "add", "cloud 9"]);
    for variable in [("NO_COLOR", "1"), ("TERM", "vt220")] {
        let mut terminal = Terminal::with(&site, variable);
        terminal.wait_for("Password");
        terminal.press(&format!("ada\r{PASSWORD}\r"));
        terminal.wait_for("cloud 9");
        terminal.press("?");
        terminal.wait_for("Keys");
        let emulator = terminal.emulator.lock().unwrap();
        let coloured = |cell: &&cpmg::terminal::Cell| cell.fg != Color::Default || cell.bg != Color::Default;
        let screen = emulator.screen();
        assert_eq!(screen.cells.iter().find(coloured), None, "{variable:?}");
    }
}
