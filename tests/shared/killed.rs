//! A writer that is killed: the test binary runs itself, with the "test" `the_writer`, which says `ready` and then what was accepted.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Numbers that look random and are the same every time.
pub struct Dice(u64);

impl Dice {
    pub fn new() -> Self {
        Self(88_172_645_463_325_252)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Rounds of killing; others with `CPMG_CRASH_ROUNDS`.
pub fn rounds(usual: u64) -> u64 {
    std::env::var("CPMG_CRASH_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(usual)
}

/// Starts the writer with `variable` set to `dir`, takes so many of its answers, lets it go on for `more` turns of a loop, and kills it.
/// `note` gets every line that it has said.
pub fn round(variable: &str, dir: &Path, answers: u64, more: u64, mut note: impl FnMut(&str)) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["the_writer", "--exact", "--ignored", "--nocapture"])
        .env(variable, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The line of the test harness ends where ours begins.
    let began = lines.by_ref().any(|line| line.unwrap().ends_with("ready"));
    assert!(began, "the writer did not begin");
    for line in lines.by_ref().take(usize::try_from(answers).unwrap()) {
        note(&line.unwrap());
    }
    // Not at the moment of an answer, but somewhere in the next writes.
    for _ in 0..more {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    for line in lines {
        note(&line.unwrap());
    }
    child.wait().unwrap();
}
