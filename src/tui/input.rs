//! The terminal's keys, in threads of their own, and the end of the terminal.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use tokio::sync::mpsc;

/// What the terminal says.
pub type Input = mpsc::UnboundedReceiver<io::Result<crossterm::event::Event>>;

/// Reads the terminal in a thread of its own. On a terminal that has gone away crossterm's reader turns in circles; here it
/// can do so without keeping the hang-up signal from ending the program. Not everybody gets that signal: a second thread waits
/// for the hang-up itself.
pub fn read_input() -> io::Result<Input> {
    let (send, input) = mpsc::unbounded_channel();
    let tell = send.clone();
    std::thread::Builder::new().name("hang-up".into()).spawn(move || {
        let _ = tell.send(Err(hung_up()));
    })?;
    std::thread::Builder::new().name("input".into()).spawn(move || {
        loop {
            let event = crossterm::event::read();
            let over = event.is_err();
            if send.send(event).is_err() || over {
                break;
            }
        }
    })?;
    Ok(input)
}

/// Waits until the terminal is gone; asks for no event, since hanging up is told unasked.
fn hung_up() -> io::Error {
    use rustix::event::{PollFd, PollFlags, poll};
    let wait = |terminal: BorrowedFd<'_>| {
        let mut watched = [PollFd::from_borrowed_fd(terminal, PollFlags::empty())];
        loop {
            match poll(&mut watched, None) {
                Ok(_) => return io::ErrorKind::BrokenPipe.into(),
                Err(rustix::io::Errno::INTR) => {}
                Err(why) => return why.into(),
            }
        }
    };
    // As crossterm chooses: the standard input where it is a terminal.
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return wait(stdin.as_fd());
    }
    match File::open("/dev/tty") {
        Ok(terminal) => wait(terminal.as_fd()),
        Err(why) => why,
    }
}
