//! Reads a POSIX shell script as far as it takes to say which commands its functions call, and where.
//!
//! Not an interpreter: quoting, substitutions, redirections, here-documents, `case`, groups and function definitions are
//! followed, arithmetic and parameter expansions are passed over but for the commands in them. Whatever it cannot read is
//! left out, never a panic: the shell itself, and shellcheck, complain about broken syntax.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

/// Deepest nesting of substitutions and groups that is followed.
const DEPTH_MAX: u32 = 60;
const RESERVED: [&str; 11] = ["if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!", "{"];

/// One simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// From 1.
    pub(super) line: usize,
    /// The outermost function it stands in.
    pub(super) function: Option<String>,
    /// Its words as written, quotes included; the first is the command.
    pub(super) words: Vec<String>,
    /// Files that its redirections write, as written.
    pub(super) writes: Vec<String>,
}

impl Command {
    /// The command's name, if it is plain text.
    pub(super) fn name(&self) -> Option<&str> {
        let word = self.words.first()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./[:+".contains(c);
        word.chars().all(plain).then_some(word)
    }
}

/// The commands of a script, in the order in which they begin, and the functions it defines outside of others.
pub(super) fn commands(script: &str) -> (Vec<Command>, BTreeSet<String>) {
    let mut reader = Reader {
        text: script.as_bytes(),
        at: 0,
        line: 1,
        depth: 0,
        functions: Vec::new(),
        pending: Vec::new(),
        found: Vec::new(),
        defined: BTreeSet::new(),
    };
    reader.list(End::Text);
    reader.found.sort_by_key(|c| c.line);
    (reader.found, reader.defined)
}

/// What ends a list of commands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    Parenthesis,
    Brace,
    Backquote,
    /// `;;` or `esac`.
    Clause,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    depth: u32,
    functions: Vec<String>,
    /// Ends of here-documents whose text begins with the next line, and whether tabs before them count.
    pending: Vec<(String, bool)>,
    found: Vec<Command>,
    defined: BTreeSet<String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next_is(&self, what: &str) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(what.as_bytes()))
    }

    fn step(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }

    fn taken(&self, from: usize) -> String {
        String::from_utf8_lossy(self.text.get(from..self.at).unwrap_or_default()).into_owned()
    }

    /// Blanks, continued lines and comments; not the end of a line.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => {
                    self.step();
                }
                Some(b'\\') if self.next_is("\\\n") => {
                    self.step();
                    self.step();
                }
                Some(b'#') => {
                    while self.peek().is_some_and(|b| b != b'\n') {
                        self.step();
                    }
                }
                _ => return,
            }
        }
    }

    /// The end of a line, and the here-documents that begin behind it.
    fn newline(&mut self) {
        self.step();
        for (end, tabs) in std::mem::take(&mut self.pending) {
            while self.peek().is_some() {
                let from = self.at;
                while self.peek().is_some_and(|b| b != b'\n') {
                    self.step();
                }
                let line = self.taken(from);
                self.step();
                if (if tabs { line.trim_start_matches('\t') } else { &line }) == end {
                    break;
                }
            }
        }
    }

    /// Commands up to `end`, which is taken. Returns whether it was `esac`.
    fn list(&mut self, end: End) -> bool {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            self.at = self.text.len();
        }
        let esac = self.list_inside(end);
        self.depth -= 1;
        esac
    }

    fn list_inside(&mut self, end: End) -> bool {
        loop {
            self.blanks();
            let Some(byte) = self.peek() else { return true };
            match byte {
                b'\n' => self.newline(),
                b';' if self.next_is(";;") => {
                    self.at += 2;
                    if end == End::Clause {
                        return false;
                    }
                }
                b';' | b'&' | b'|' => {
                    self.step();
                }
                b')' => {
                    self.step();
                    if end == End::Parenthesis {
                        return false;
                    }
                }
                b'`' if end == End::Backquote => {
                    self.step();
                    return false;
                }
                b'(' => {
                    self.step();
                    self.list(End::Parenthesis);
                }
                _ => match self.command() {
                    Some(Ended::Brace) if end == End::Brace => return false,
                    Some(Ended::Esac) if end == End::Clause => return true,
                    _ => {}
                },
            }
        }
    }

    /// One command or reserved word.
    fn command(&mut self) -> Option<Ended> {
        let (from, line) = (self.at, self.line);
        let mut words: Vec<String> = Vec::new();
        let mut writes = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                Some(b'(') if words.len() == 1 => {
                    let name = words.pop().unwrap_or_default();
                    self.define(name);
                    return None;
                }
                None | Some(b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'`') => break,
                Some(b'<' | b'>') => self.redirect(&mut writes),
                Some(_) => {
                    let word = self.word();
                    if word.is_empty() {
                        // Nothing this reader knows: not to stay here for ever.
                        self.step();
                        continue;
                    }
                    let number = word.bytes().all(|b| b.is_ascii_digit());
                    if number && matches!(self.peek(), Some(b'<' | b'>')) {
                        continue;
                    }
                    if words.is_empty() {
                        match word.as_str() {
                            "}" => return Some(Ended::Brace),
                            "esac" => return Some(Ended::Esac),
                            "case" => {
                                self.case();
                                return None;
                            }
                            "for" => {
                                self.for_words();
                                return None;
                            }
                            "{" => {
                                self.list(End::Brace);
                                return None;
                            }
                            w if RESERVED.contains(&w) => return None,
                            w if is_assignment(w) => continue,
                            _ => {}
                        }
                    }
                    words.push(word);
                }
            }
        }
        if !words.is_empty() || !writes.is_empty() {
            let function = self.functions.first().cloned();
            self.found.push(Command { line, function, words, writes });
        } else if self.at == from {
            self.step();
        }
        None
    }

    /// `NAME` was read and `(` is next.
    fn define(&mut self, name: String) {
        self.step();
        self.blanks();
        if self.peek() == Some(b')') {
            self.step();
        }
        self.blanks();
        while self.peek() == Some(b'\n') {
            self.newline();
            self.blanks();
        }
        if self.functions.is_empty() {
            self.defined.insert(name.clone());
        }
        self.functions.push(name);
        match self.peek() {
            Some(b'{') => {
                self.step();
                self.list(End::Brace);
            }
            Some(b'(') => {
                self.step();
                self.list(End::Parenthesis);
            }
            _ => {
                self.command();
            }
        }
        self.functions.pop();
    }

    /// The words behind `for`, up to `do`.
    fn for_words(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'\n' | b';') => return,
                Some(_) => {
                    if self.word().is_empty() {
                        self.step();
                    }
                }
            }
        }
    }

    /// Behind `case`, up to and with `esac`.
    fn case(&mut self) {
        self.blanks();
        self.word();
        self.skip_lines();
        self.word();
        loop {
            self.skip_lines();
            if self.peek() == Some(b'(') {
                self.step();
            }
            if self.next_is("esac") {
                self.at += 4;
                return;
            }
            loop {
                self.blanks();
                match self.peek() {
                    None => return,
                    Some(b')') => break,
                    Some(b'|' | b'\n') => {
                        self.step();
                    }
                    Some(_) => {
                        if self.word().is_empty() {
                            self.step();
                        }
                    }
                }
            }
            self.step();
            if self.list(End::Clause) {
                return;
            }
        }
    }

    fn skip_lines(&mut self) {
        self.blanks();
        while self.peek() == Some(b'\n') {
            self.newline();
            self.blanks();
        }
    }

    fn redirect(&mut self, writes: &mut Vec<String>) {
        let document = self.next_is("<<");
        let writing = self.peek() == Some(b'>') || self.next_is("<>");
        let from = self.at;
        while matches!(self.peek(), Some(b'<' | b'>' | b'|' | b'-' | b'&')) {
            self.step();
        }
        let operator = self.taken(from);
        self.blanks();
        let word = self.word();
        if document {
            let end = word.replace(['\'', '"', '\\'], "");
            self.pending.push((end, operator.ends_with('-')));
        } else if writing && !operator.ends_with('&') && !operator.ends_with("&-") {
            writes.push(word);
        }
    }

    /// A word as written; empty where none begins. Commands substituted in it are found.
    fn word(&mut self) -> String {
        let from = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                // A backquote outside of quotes only separates: what is between two is read as commands all the same.
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' | b'`' => break,
                _ => self.piece(),
            }
        }
        self.taken(from)
    }

    /// One character of a word, or one quoted or substituted part.
    fn piece(&mut self) {
        match self.step() {
            Some(b'\\') => {
                self.step();
            }
            Some(b'\'') => while self.step().is_some_and(|b| b != b'\'') {},
            Some(b'"') => {
                while let Some(byte) = self.peek() {
                    match byte {
                        b'"' => {
                            self.step();
                            return;
                        }
                        b'\\' => {
                            self.step();
                            self.step();
                        }
                        b'$' => self.piece(),
                        b'`' => {
                            self.step();
                            self.list(End::Backquote);
                        }
                        _ => {
                            self.step();
                        }
                    }
                }
            }
            Some(b'$') => self.dollar(),
            _ => {}
        }
    }

    /// Behind a `$`.
    fn dollar(&mut self) {
        if self.next_is("((") {
            let mut open = 0_u32;
            while let Some(byte) = self.peek() {
                match byte {
                    b'$' => {
                        self.step();
                        self.dollar();
                        continue;
                    }
                    b'(' => open += 1,
                    b')' => open = open.saturating_sub(1),
                    _ => {}
                }
                self.step();
                if open == 0 {
                    return;
                }
            }
        } else if self.peek() == Some(b'(') {
            self.step();
            self.list(End::Parenthesis);
        } else if self.peek() == Some(b'{') {
            self.step();
            while self.peek().is_some_and(|b| b != b'}') {
                self.piece();
            }
            self.step();
        }
    }
}

/// What a reserved word at the place of a command ended.
enum Ended {
    Brace,
    Esac,
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
