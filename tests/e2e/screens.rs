//! The screens themselves, in a real terminal: log in, watch the bars of a real installation, type in a real shell.

use super::support::{Cpmg, Lab, PATIENCE, wait_until};
use cpmg::terminal::{Alacritty, Answers, Emulator, Size};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The program in a terminal of its own.
struct Screens {
    emulator: Arc<Mutex<Alacritty>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Screens {
    fn open(cpmg: &Cpmg, cols: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let command = cpmg.command(&[]);
        let mut builder = CommandBuilder::new(command.get_program());
        builder.env_clear();
        for (name, value) in command.get_envs() {
            builder.env(name, value.unwrap_or_default());
        }
        let child = pair.slave.spawn_command(builder).expect("the program");
        let emulator = Arc::new(Mutex::new(Alacritty::new(Size::new(cols, rows), Answers::Discard)));
        let mut output = pair.master.try_clone_reader().expect("its output");
        let screen = Arc::clone(&emulator);
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                screen.lock().unwrap().feed(&bytes[..n]);
            }
        });
        let keys = pair.master.take_writer().expect("its input");
        Self { emulator, keys, child, _master: pair.master }
    }

    fn text(&self) -> String {
        self.emulator.lock().unwrap().screen().lines().join("\n")
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it reads");
        self.keys.flush().expect("it reads");
    }

    fn wait_for(&self, what: &str) {
        let began = Instant::now();
        while !self.text().contains(what) {
            assert!(began.elapsed() < PATIENCE, "waited in vain for '{what}':\n{}", self.text());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// The job's share in percent, as the header shows it.
    fn percent(&self) -> Option<u32> {
        let text = self.text();
        let bar = text.lines().find(|l| l.contains("nodes done"))?;
        let number = bar.split('%').next()?.split_whitespace().last()?;
        number.parse().ok()
    }
}

impl Drop for Screens {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs root and the lab"]
fn log_in_watch_the_bars_and_type_in_a_shell() {
    let lab = Lab::up("screens", &["ctl1", "cmp1"]);
    let cpmg = Cpmg::new();
    cpmg.ok(&["env", "add", "prod"]);
    cpmg.ok(&["env", "set", "prod", "--modules", "memcached"]);
    cpmg.adopt(&lab, "prod", "ctl1", &["controller"]);
    cpmg.adopt(&lab, "prod", "cmp1", &["compute"]);

    let mut screens = Screens::open(&cpmg, 120, 40);
    screens.wait_for("Password");
    screens.press("ada\t");
    screens.press("wrong horse\r");
    screens.wait_for("rong user name or password");
    screens.press("\u{15}correct horse\r");
    screens.wait_for("prod");
    screens.press("\r");
    screens.wait_for("cmp1");
    screens.press("i");
    screens.wait_for("memcached/service");
    screens.press("i");
    screens.wait_for("Cancel");
    screens.press("\u{1b}[C\r");
    screens.wait_for("nodes done");
    let mut highest = 0;
    let mut seen = std::collections::BTreeSet::new();
    let began = Instant::now();
    while highest < 100 {
        assert!(began.elapsed() < PATIENCE, "the bar stands at {highest}:\n{}", screens.text());
        if let Some(percent) = screens.percent() {
            assert!(percent >= highest, "the bar went back from {highest} to {percent}:\n{}", screens.text());
            highest = percent;
            seen.insert(percent);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(seen.len() > 5, "the bar moved: {seen:?}");
    wait_until("both nodes are installed", || {
        let nodes = cpmg.json(&["node", "list", "prod"]);
        nodes.as_array().unwrap().iter().all(|n| n["state"] == "installed")
    });

    screens.press("q");
    screens.wait_for("[1 Nodes 2]");
    // The second row is cmp1 or ctl1, as the table is sorted: the shell says which.
    let name = if screens.text().lines().any(|l| l.starts_with('»') && l.contains("cmp1")) {
        "cmp1"
    } else {
        "ctl1"
    };
    screens.press("s");
    screens.wait_for(&format!("root@{name}"));
    screens.press("hostname; echo $((6 * 7))\r");
    screens.wait_for("42");
    assert!(screens.text().lines().any(|l| l.trim().trim_matches('│').trim() == name), "{}", screens.text());
}
