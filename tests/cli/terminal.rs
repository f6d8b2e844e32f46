//! The screens in a real terminal.

use super::support::{PATIENCE, Site, gone, wait_until};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::Read;
use std::time::Instant;

/// The screens under a program that is not told when the terminal hangs up; closing the terminal is all that happens.
#[test]
fn screens_end_with_their_terminal() {
    let site = Site::new();
    let pty = native_pty_system()
        .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
        .expect("a pseudo-terminal");
    let mut reader = pty.master.try_clone_reader().unwrap();
    let like = site.command(&[]);
    let mut command = CommandBuilder::new(like.get_program());
    // The kernel sends SIGHUP to the one that owns the terminal, and to its group in the foreground: here that is another.
    command.set_controlling_tty(false);
    command.env_clear();
    for (name, value) in like.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("TERM", "xterm-256color");
    let mut child = pty.slave.spawn_command(command).expect("the program");
    let pid = child.process_id().unwrap();
    drop(pty.slave);
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    let began = Instant::now();
    while !String::from_utf8_lossy(&seen).contains("Password") {
        let n = reader.read(&mut buffer).expect("output");
        assert!(n > 0 && began.elapsed() < PATIENCE, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..n]);
    }
    drop((reader, pty.master));
    let mut ended = false;
    wait_until("the screens have ended", || {
        ended = ended || child.try_wait().is_ok_and(|status| status.is_some());
        ended || gone(pid)
    });
    assert!(site.engine().is_some(), "the engine stays");
}
