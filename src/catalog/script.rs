//! What must hold within a step's script: told with file and line, from reading it alone.
//!
//! * It has `run`, and `undo` unless the step is irreversible or belongs to a stage that changes nothing.
//! * `files`, which a dry run calls on a node that must not change, calls the file helpers and commands that only read.
//! * `run` calls `files`, and writes no file by a helper elsewhere, where a dry run would not see it; a comment
//!   `# not previewed: REASON` on the line, or alone on the one above, allows it.
//! * `pkg_install` installs what `module.toml` declares.

use super::fault::{Faults, line_of};
use super::format::{ModuleFile, StepFile};
use super::load::{Files, Loaded};
use super::shell::{self, Command};
use crate::domain::plan::StageKind;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

/// Helpers that put content into files.
const WRITERS: [&str; 8] = [
    "file_write",
    "file_install",
    "file_edit",
    "ini_set",
    "ini_add",
    "ini_unset",
    "auth_set",
    "authtoken_set",
];
/// Other helpers that are harmless in a dry run.
const HELPERS: [&str; 11] = [
    "dir_ensure",
    "link_ensure",
    "made_by_step",
    "save_file",
    "url_quote",
    "database_url",
    "message_url",
    "network_files",
    "network_resolver",
    "say",
    "fail",
];
/// Builtins and commands that change nothing by themselves.
const READERS: [&str; 45] = [
    ":",
    "[",
    "test",
    "true",
    "false",
    "printf",
    "echo",
    "set",
    "shift",
    "return",
    "read",
    "awk",
    "basename",
    "cat",
    "cmp",
    "cut",
    "date",
    "dirname",
    "expr",
    "getconf",
    "getent",
    "grep",
    "head",
    "hostname",
    "id",
    "ip",
    "ls",
    "nproc",
    "paste",
    "readlink",
    "sed",
    "seq",
    "sort",
    "stat",
    "systemd-detect-virt",
    "tail",
    "tr",
    "uname",
    "uniq",
    "wc",
    "break",
    "continue",
    "unset",
    "sha256sum",
    "df",
];
/// What allows a file helper outside of `files`.
const EXEMPT: &str = "# not previewed:";

/// Whether `name` is that of a file in one folder.
pub(super) fn is_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        && !name.chars().any(char::is_control)
        && !name.ends_with('/')
}

/// The text of a step's script, or faults.
pub(super) fn script(
    files: &Files,
    file: &Loaded<ModuleFile>,
    step: &StepFile,
    relative: &Path,
    faults: &mut Faults,
) -> Option<String> {
    let name = step.script.get_ref();
    let line = file.line(&step.script);
    if !is_file_name(name) {
        faults.line(&file.path, line, format!("'{name}' is not a file name"));
        return None;
    }
    if files.find(relative).is_none() {
        faults.line(&file.path, line, format!("the script {name} is missing"));
        return None;
    }
    let (path, text) = files.text(relative, faults)?;
    if let Some(offset) = text.find('\r') {
        faults.line(
            &path,
            line_of(&text, offset),
            "the script has Windows line ends, which no POSIX shell takes",
        );
    }
    Script::new(&path, &text).check(file, step, faults);
    Some(text)
}

struct Script<'a> {
    path: &'a Path,
    text: &'a str,
    commands: Vec<Command>,
    functions: BTreeSet<String>,
}

impl<'a> Script<'a> {
    fn new(path: &'a Path, text: &'a str) -> Self {
        let (commands, functions) = shell::commands(text);
        Self { path, text, commands, functions }
    }

    fn check(&self, file: &Loaded<ModuleFile>, step: &StepFile, faults: &mut Faults) {
        if !self.functions.contains("run") {
            faults.file(self.path, "the script has no function 'run'");
            return;
        }
        let quiet = matches!(
            step.stage.as_ref().map(|s| *s.get_ref()),
            Some(StageKind::Preflight | StageKind::Verification)
        );
        // What a task did is taken back by another task, not by an undo.
        let quiet = quiet || step.task.is_some();
        if !self.functions.contains("undo") && !step.irreversible && !quiet {
            let what = format!(
                "{} has no function 'undo': write one, or say irreversible = true and why in a comment",
                step.script.get_ref()
            );
            faults.line(&file.path, file.line(&step.script), what);
        }
        self.check_packages(file, step, faults);
        let seen = self.reach("files");
        for command in self.within(&seen) {
            self.check_previewed(command, faults);
        }
        let done = self.reach("run");
        if self.functions.contains("files") && !done.contains("files") {
            faults.file(
                self.path,
                "the function 'run' does not call 'files': a dry run would show what never happens",
            );
        }
        for command in self.within(&done) {
            let name = command.name().filter(|n| WRITERS.contains(n) && !self.functions.contains(*n));
            let within = command.function.as_ref().is_some_and(|f| seen.contains(f.as_str()));
            if let Some(name) = name.filter(|_| !within && !self.exempt(command.line)) {
                let what = format!(
                    "{name} is called outside of the function 'files', where a dry run does not see it: move it there, or write '{EXEMPT} REASON' above it"
                );
                faults.line(self.path, command.line, what);
            }
        }
    }

    fn check_packages(&self, file: &Loaded<ModuleFile>, step: &StepFile, faults: &mut Faults) {
        let installs = self.commands.iter().find(|c| c.name() == Some("pkg_install"));
        match (installs, step.packages.first()) {
            (Some(command), None) => faults.line(
                self.path,
                command.line,
                "pkg_install installs what a dry run cannot name: add packages = [\"$PACKAGES\"] to the step in module.toml",
            ),
            (None, Some(first)) => {
                let what = format!("{} installs no packages: it does not call pkg_install", step.script.get_ref());
                faults.line(&file.path, file.line(first), what);
            }
            _ => {}
        }
    }

    /// The functions that calling `first` may call, itself included.
    fn reach(&self, first: &str) -> BTreeSet<&str> {
        let mut calls: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for command in &self.commands {
            let called = command.words.iter().filter_map(|w| self.functions.get(w.as_str()));
            let by = command.function.as_deref().unwrap_or_default();
            calls.entry(by).or_default().extend(called.map(String::as_str));
        }
        let mut seen = BTreeSet::new();
        let mut queue: Vec<&str> = self.functions.get(first).map(String::as_str).into_iter().collect();
        while let Some(name) = queue.pop() {
            if seen.insert(name) {
                queue.extend(calls.get(name).into_iter().flatten());
            }
        }
        seen
    }

    fn within<'s>(&'s self, functions: &'s BTreeSet<&str>) -> impl Iterator<Item = &'s Command> {
        self.commands.iter().filter(|c| c.function.as_ref().is_some_and(|f| functions.contains(f.as_str())))
    }

    /// A command that a dry run would run.
    fn check_previewed(&self, command: &Command, faults: &mut Faults) {
        let mut say = |what: String| faults.line(self.path, command.line, what);
        for target in &command.writes {
            let own =
                ["/dev/null", "\"$CPMG_ATTEMPT/", "$CPMG_ATTEMPT/"].iter().any(|p| target.starts_with(p));
            if !own {
                say(format!("'files' must not write {target} by itself: pipe it into file_write"));
            }
        }
        let Some(word) = command.words.first() else { return };
        let Some(name) = command.name() else {
            say(format!(
                "'files' must not call what {word} stands for: a dry run cannot know what that changes"
            ));
            return;
        };
        let edits =
            name == "sed" && command.words.iter().any(|w| w.starts_with("-i") || w.starts_with("--in-place"));
        let asks = name == "command" && command.words.get(1).is_some_and(|w| w == "-v");
        let known = WRITERS.contains(&name)
            || HELPERS.contains(&name)
            || READERS.contains(&name)
            || asks
            || self.functions.contains(name);
        if edits {
            say("'files' must not change a file by sed -i: use file_edit".to_owned());
        } else if !known {
            say(format!(
                "'files' must not call {name}: a dry run calls 'files', and only the file helpers and commands that read are harmless then. Call it in 'run'"
            ));
        }
    }

    /// Whether a comment allows that the command in `line` is not shown by a dry run.
    fn exempt(&self, line: usize) -> bool {
        let of =
            |number: usize| self.text.lines().nth(number.wrapping_sub(1)).unwrap_or_default().trim_start();
        let above = of(line.saturating_sub(1));
        of(line).contains(EXEMPT) || above.starts_with(EXEMPT)
    }
}
