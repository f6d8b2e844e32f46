//! Passwords and answers from the terminal or the standard input; never from arguments.

use super::exit::{Code, Fault};
use crate::domain::password::PASSPHRASE_MIN;
use crate::domain::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use zeroize::Zeroize;

/// Longest line that is read.
const LINE_MAX: u64 = 4096;

/// The terminal without echo, until dropped.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn new(terminal: &File) -> std::io::Result<Self> {
        let terminal = terminal.try_clone()?;
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

fn terminal() -> Option<File> {
    File::options().read(true).write(true).open("/dev/tty").ok()
}

/// Whether a person sits at the standard input.
pub fn interactive() -> bool {
    isatty(std::io::stdin())
}

/// The next line of the standard input, without its end.
pub fn line_of_input(what: &str) -> Result<Secret, Fault> {
    let mut text = String::new();
    let read = std::io::Read::take(std::io::stdin().lock(), LINE_MAX).read_line(&mut text);
    let line = Secret::new(text.trim_end_matches(['\r', '\n']));
    text.zeroize();
    match read {
        Ok(0) => Err(Fault::usage(format!("{what} was expected on the standard input, which is empty"))),
        Ok(_) => Ok(line),
        Err(e) => Err(Fault::usage(format!("{what} cannot be read from the standard input: {e}"))),
    }
}

/// Asks on the terminal without echo.
pub fn hidden(question: &str, option: &str) -> Result<Secret, Fault> {
    let Some(terminal) = terminal() else {
        return Err(Fault::usage(format!("there is no terminal to ask on: give {option}")));
    };
    let failed = |e: std::io::Error| Fault::new(Code::Failed, format!("the terminal cannot be read: {e}"));
    let quiet = Quiet::new(&terminal).map_err(failed)?;
    (&terminal).write_all(format!("{question}: ").as_bytes()).map_err(failed)?;
    let mut text = String::new();
    let read =
        BufReader::new(std::io::Read::take(&terminal, LINE_MAX)).read_line(&mut text).map_err(failed)?;
    drop(quiet);
    let answer = Secret::new(text.trim_end_matches(['\r', '\n']));
    text.zeroize();
    if read == 0 { Err(Fault::new(Code::Left, "left")) } else { Ok(answer) }
}

/// A password: from the standard input when `from_input`, else asked for.
pub fn password(question: &str, from_input: bool) -> Result<Secret, Fault> {
    if from_input { line_of_input("the password") } else { hidden(question, "--password-stdin") }
}

/// The passphrase of a file.
pub fn passphrase(question: &str, from_input: bool) -> Result<Secret, Fault> {
    if from_input { line_of_input("the passphrase") } else { hidden(question, "--passphrase-stdin") }
}

/// A passphrase for a file, typed twice on a terminal.
pub fn new_passphrase(question: &str, from_input: bool) -> Result<Secret, Fault> {
    let first = passphrase(&format!("{question}, at least {PASSPHRASE_MIN} characters"), from_input)?;
    if first.reveal().chars().count() < PASSPHRASE_MIN {
        return Err(Fault::usage(format!(
            "the passphrase has fewer than {PASSPHRASE_MIN} characters: whoever finds the file may try as often as they like"
        )));
    }
    if !from_input && passphrase(&format!("{question}, once more"), false)? != first {
        return Err(Fault::usage("the two passphrases differ: nothing was done"));
    }
    Ok(first)
}

/// A new password, typed twice on a terminal.
pub fn new_password(question: &str, from_input: bool) -> Result<Secret, Fault> {
    let first = password(question, from_input)?;
    if !from_input && hidden(&format!("{question}, once more"), "--password-stdin")? != first {
        return Err(Fault::usage("the two passwords differ: nothing was done"));
    }
    Ok(first)
}

/// Asks a question that only `yes` answers with yes.
pub fn confirmed(question: &str) -> Result<bool, Fault> {
    Ok(typed(&format!("{question} Type yes"))?.is_some_and(|answer| answer == "yes"))
}

/// What a person types in answer to a question; nobody where there is no terminal to ask on.
pub fn typed(question: &str) -> Result<Option<String>, Fault> {
    let Some(terminal) = terminal().filter(|_| interactive()) else { return Ok(None) };
    let failed = |e: std::io::Error| Fault::new(Code::Failed, format!("the terminal cannot be read: {e}"));
    (&terminal).write_all(format!("{question}: ").as_bytes()).map_err(failed)?;
    let mut text = String::new();
    BufReader::new(std::io::Read::take(&terminal, LINE_MAX)).read_line(&mut text).map_err(failed)?;
    Ok(Some(text.trim().to_owned()))
}
