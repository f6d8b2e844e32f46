//! Keymaps: files that give actions other keys than the table does.
//!
//! A keymap says only what differs from `bindings.rs`: a section for each context, under it the actions by their words, each
//! with a list of keys. What is not named keeps its keys. A keymap is taken whole or not at all: a key with two meanings in
//! one place, one that is the start of another, one that a terminal cannot send, or a letter where letters are text, is a
//! fault that names the file.

use super::bindings::BINDINGS;
use super::i18n::{Text, t};
use super::keymap::{Action, Binding, Context, Found};
use super::theme::line_of;
use std::collections::{BTreeMap, HashMap};

/// Name of the keymap that is the table itself.
pub const DEFAULT: &str = "default";

/// Keys by what they do where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// Its name.
    pub name: String,
    own: HashMap<(Context, Action), Vec<String>>,
    /// The key before those of a shell's page, where the user has chosen one himself.
    prefix: Option<String>,
    /// The file it is from, and its text.
    pub source: (String, String),
}

/// The beginning of a keymap that differs in nothing yet.
const EMPTY: &str = "\
# A keymap says only what differs: a section for each place, in it actions with their keys.
# docs/keys.md names them all. For instance:
#
# [shell]
# shell-prefix = [\"ctrl-a\"]
name = \"own\"
";

/// Keys from which a user can choose the one before those of a shell's page, as long as nothing on that page has it.
pub const PREFIXES: [&str; 11] = [
    "ctrl-]", "ctrl-a", "ctrl-b", "ctrl-g", "ctrl-o", "ctrl-q", "ctrl-s", "ctrl-t", "ctrl-x", "ctrl-_", "f12",
];

/// Why a keymap cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeymapFault {
    /// Not what a keymap looks like.
    #[error("{file}: {why}")]
    Toml {
        /// File name.
        file: String,
        /// What the parser said.
        why: String,
    },
    /// No such place.
    #[error("{file}: there is no section [{context}]; docs/keys.md names them all")]
    Context {
        /// File name.
        file: String,
        /// What was given.
        context: String,
    },
    /// Nothing of that name can be done there.
    #[error("{file}: [{context}] has no action '{action}'; docs/keys.md names those it has")]
    Action {
        /// File name.
        file: String,
        /// Where.
        context: String,
        /// What was given.
        action: String,
    },
    /// Not a key.
    #[error(
        "{file}: [{context}] {action}: '{key}' is no key that every terminal sends: use a character, a name such as 'enter' or \
         'f5', 'ctrl-x', or several of them with spaces between"
    )]
    Key {
        /// File name.
        file: String,
        /// Where.
        context: String,
        /// For what.
        action: String,
        /// What was given.
        key: String,
    },
    /// A letter where letters are typed.
    #[error("{file}: [{context}] {action}: '{key}' is text there, not a key: use one with Ctrl or a name")]
    Typed {
        /// File name.
        file: String,
        /// Where.
        context: String,
        /// For what.
        action: String,
        /// What was given.
        key: String,
    },
    /// Two meanings.
    #[error("{file}: [{context}] '{key}' is for '{one}' and for '{other}': give one of them another key")]
    Twice {
        /// File name.
        file: String,
        /// Where.
        context: String,
        /// Which key.
        key: String,
        /// One meaning.
        one: String,
        /// The other.
        other: String,
    },
    /// Never reached.
    #[error("{file}: [{context}] '{key}' ({one}) hides '{longer}' ({other}), which begins with it")]
    Hides {
        /// File name.
        file: String,
        /// Where.
        context: String,
        /// The shorter one.
        key: String,
        /// Its meaning.
        one: String,
        /// The longer one.
        longer: String,
        /// Its meaning.
        other: String,
    },
    /// Not the key before those of a shell's page.
    #[error("{file}: [shell] shell-prefix: '{key}' {}", prefix_why(.taken.as_ref()))]
    Prefix {
        /// File name.
        file: String,
        /// What was given.
        key: String,
        /// Where it is something else, and what; none: it is text.
        taken: Option<(String, String)>,
    },
    /// No way out.
    #[error("{file}: [{context}] {action} must keep a key: without one there is no way out, or no help")]
    Needed {
        /// File name.
        file: String,
        /// Where.
        context: String,
        /// What has lost its keys.
        action: String,
    },
}

impl KeymapFault {
    /// What is wrong, for a screen.
    pub fn text(&self) -> Text {
        match self {
            Self::Toml { why, .. } => t!("look-fault-toml", what = why),
            Self::Context { context, .. } => t!("look-fault-context", context = context),
            Self::Action { context, action, .. } => {
                t!("look-fault-action", context = context, action = action)
            }
            Self::Key { key, .. } => t!("look-fault-key", key = key),
            Self::Typed { key, .. } => t!("look-fault-typed", key = key),
            Self::Twice { context, key, one, other, .. } => {
                t!("look-fault-twice", context = context, key = key, one = one, other = other)
            }
            Self::Hides { context, key, one, longer, other, .. } => {
                t!(
                    "look-fault-hides",
                    context = context,
                    key = key,
                    one = one,
                    longer = longer,
                    other = other
                )
            }
            Self::Prefix { key, taken, .. } => match taken {
                None => t!("look-fault-prefix", key = key),
                Some((context, action)) => {
                    let (one, other) = (Action::ShellPrefix.word(), action);
                    t!("look-fault-twice", context = context, key = key, one = one, other = other)
                }
            },
            Self::Needed { action, .. } => t!("look-fault-needed", action = action),
        }
    }

    /// In which line of the text, from 0.
    pub fn line(&self, text: &str) -> Option<usize> {
        let in_section = |context: &str, actions: &[&str]| {
            let head = format!("[{context}]");
            let from = text.lines().position(|line| line.trim() == head)?;
            let lines = text.lines().enumerate().skip(from + 1);
            let mut here = lines.take_while(|(_, line)| !line.trim_start().starts_with('['));
            let named =
                |line: &str| line.split('=').next().is_some_and(|word| actions.contains(&word.trim()));
            here.find(|(_, line)| named(line)).map(|(n, _)| n).or(Some(from))
        };
        match self {
            Self::Toml { .. } => {
                let fault = toml::from_str::<toml::Table>(text).err()?;
                fault.span().map(|span| line_of(text, span.start))
            }
            Self::Context { context, .. } => in_section(context, &[]),
            Self::Action { context, action, .. }
            | Self::Key { context, action, .. }
            | Self::Typed { context, action, .. }
            | Self::Needed { context, action, .. } => in_section(context, &[action.as_str()]),
            Self::Twice { context, one, other, .. } | Self::Hides { context, one, other, .. } => {
                in_section(context, &[one.as_str(), other.as_str()])
            }
            Self::Prefix { .. } => in_section(Context::Shell.word(), &[Action::ShellPrefix.word()]),
        }
    }
}

const BUILT_IN: [(&str, &str); 2] = [
    ("keys/vim.toml", include_str!("../../themes/keys/vim.toml")),
    ("keys/emacs.toml", include_str!("../../themes/keys/emacs.toml")),
];

impl Default for Keymap {
    fn default() -> Self {
        Self {
            name: DEFAULT.into(),
            own: HashMap::new(),
            prefix: None,
            source: (String::new(), EMPTY.into()),
        }
    }
}

impl Keymap {
    /// Reads a keymap; `file` is named in faults.
    #[expect(clippy::result_large_err, reason = "made a few times, when the program starts")]
    pub fn parse(file: &str, text: &str) -> Result<Self, KeymapFault> {
        let toml = |why: String| KeymapFault::Toml { file: file.to_owned(), why };
        let mut read: toml::Table = toml::from_str(text).map_err(|e| toml(e.message().to_owned()))?;
        let name = match read.remove("name") {
            Some(toml::Value::String(name)) if !name.trim().is_empty() && name != DEFAULT => name,
            _ => return Err(toml(format!("name = \"…\" is missing, or is \"{DEFAULT}\""))),
        };
        let mut own = HashMap::new();
        for (context, section) in read {
            let sections: BTreeMap<String, Vec<String>> = section
                .try_into()
                .map_err(|e: toml::de::Error| toml(format!("[{context}] {}", e.message())))?;
            let known: Vec<&Binding> = BINDINGS.iter().filter(|b| b.context.word() == context).collect();
            if known.is_empty() {
                return Err(KeymapFault::Context { file: file.to_owned(), context });
            }
            for (action, keys) in sections {
                let Some(binding) = known.iter().find(|b| b.action.word() == action) else {
                    return Err(KeymapFault::Action { file: file.to_owned(), context, action });
                };
                for key in &keys {
                    check_key(file, binding, key)?;
                }
                own.insert((binding.context, binding.action), keys);
            }
        }
        let source = (file.to_owned(), text.to_owned());
        let keymap = Self { name, own, prefix: None, source };
        keymap.conflicts(file)?;
        Ok(keymap)
    }

    /// The keymaps built into the program, that of the table first.
    pub fn built_in() -> Vec<Self> {
        let read = BUILT_IN.iter().filter_map(|(file, text)| Self::parse(file, text).ok());
        std::iter::once(Self::default()).chain(read).collect()
    }

    /// Keys of a row of the table, any of them.
    pub fn keys<'a>(&'a self, binding: &'a Binding) -> Vec<&'a str> {
        if let Some(prefix) = &self.prefix
            && is_prefix(binding)
        {
            return vec![prefix];
        }
        match self.own.get(&(binding.context, binding.action)) {
            Some(own) => own.iter().map(String::as_str).collect(),
            None => binding.keys.to_vec(),
        }
    }

    /// It came with the program.
    pub fn is_built_in(&self) -> bool {
        self.source.1 == EMPTY || BUILT_IN.iter().any(|(_, text)| *text == self.source.1)
    }

    /// The key that a shell does not get: what comes after it is for the page.
    pub fn prefix(&self) -> &str {
        let binding = BINDINGS.iter().find(|b| is_prefix(b));
        binding.and_then(|b| self.keys(b).first().copied()).unwrap_or("ctrl-]")
    }

    /// The same keymap with that key for the prefix; without one the keymap's own.
    #[must_use]
    pub fn with_prefix(&self, prefix: Option<&str>) -> Self {
        let map = Self { prefix: prefix.map(str::to_owned), ..self.clone() };
        // One that cannot be used is as if it were not chosen: a file may have been changed since.
        if map.prefix_fault().is_err() { Self { prefix: None, ..map } } else { map }
    }

    /// The keys that a user of this keymap can have for the prefix, besides the keymap's own.
    pub fn prefixes(&self) -> Vec<&'static str> {
        let free = |key: &&str| self.with_prefix(Some(key)).prefix.is_some();
        PREFIXES.into_iter().filter(free).collect()
    }

    /// The prefix is one that the user has chosen himself.
    pub fn has_own_prefix(&self) -> bool {
        self.prefix.is_some()
    }

    /// Whether the prefix cannot be one: it is text (`None`), or is something else where shells are.
    fn prefix_fault(&self) -> Result<(), Option<&'static Binding>> {
        let prefix = self.prefix();
        let one = !prefix.contains(' ');
        if !(one && (prefix.starts_with("ctrl-") || prefix.len() > 1 && prefix.starts_with('f'))) {
            return Err(None);
        }
        // While the history is looked at the prefix still is one, and whatever else it means there needs another key.
        let here = [Context::Shell, Context::ShellScroll, Context::Moving];
        let taken = |b: &&Binding| {
            let keys = self.keys(b);
            !is_prefix(b) && keys.contains(&prefix) && (b.context == Context::Shell || keys.len() == 1)
        };
        match BINDINGS.iter().filter(|b| here.contains(&b.context)).find(taken) {
            Some(taken) => Err(Some(taken)),
            None => Ok(()),
        }
    }

    /// How many rows of the table have other keys here.
    pub fn differs(&self) -> usize {
        self.own.len()
    }

    /// Looks keys up, innermost context first.
    pub fn lookup(&self, contexts: &[Context], pressed: &[String]) -> Found {
        let pressed = pressed.join(" ");
        let longer = format!("{pressed} ");
        for context in contexts {
            let mut begins = false;
            for binding in BINDINGS.iter().filter(|b| b.context == *context) {
                for key in self.keys(binding) {
                    if key == pressed {
                        return Found::Binding(binding);
                    }
                    begins |= key.starts_with(&longer);
                }
            }
            if begins {
                return Found::Prefix;
            }
        }
        Found::Nothing
    }

    #[expect(clippy::result_large_err, reason = "made a few times, when the program starts")]
    fn conflicts(&self, file: &str) -> Result<(), KeymapFault> {
        let mut all: Vec<(&Binding, &str)> = Vec::new();
        for binding in BINDINGS {
            let keys = self.keys(binding);
            if keys.is_empty() && is_needed(binding) && !binding.keys.is_empty() {
                return Err(KeymapFault::Needed {
                    file: file.to_owned(),
                    context: binding.context.word().into(),
                    action: binding.action.word().into(),
                });
            }
            all.extend(keys.into_iter().map(|key| (binding, key)));
        }
        if let Err(taken) = self.prefix_fault() {
            let taken = taken.map(|b| (b.context.word().to_owned(), b.action.word().to_owned()));
            return Err(KeymapFault::Prefix { file: file.to_owned(), key: self.prefix().to_owned(), taken });
        }
        for (n, (one, key)) in all.iter().enumerate() {
            let here = |(_, (other, _)): &(usize, &(&Binding, &str))| other.context == one.context;
            for (m, (other, theirs)) in all.iter().enumerate().filter(here) {
                let word = |b: &Binding| b.action.word().to_owned();
                let (file, context) = (file.to_owned(), one.context.word().to_owned());
                if m > n && theirs == key {
                    let (one, other) = (word(one), word(other));
                    return Err(KeymapFault::Twice { file, context, key: (*key).into(), one, other });
                }
                if theirs.strip_prefix(*key).is_some_and(|rest| rest.starts_with(' ')) {
                    let (one, other) = (word(one), word(other));
                    let (key, longer) = ((*key).to_owned(), (*theirs).to_owned());
                    return Err(KeymapFault::Hides { file, context, key, one, longer, other });
                }
            }
        }
        Ok(())
    }
}

fn prefix_why(taken: Option<&(String, String)>) -> String {
    match taken {
        Some((context, action)) => {
            format!("is for '{action}' in [{context}]: give one of them another key")
        }
        None => "would be missing in shells: use one key, with Ctrl or of F1 to F12".to_owned(),
    }
}

fn is_prefix(binding: &Binding) -> bool {
    (binding.context, binding.action) == (Context::Shell, Action::ShellPrefix)
}

/// Without these somebody would be caught on a screen.
fn is_needed(binding: &Binding) -> bool {
    use Action as A;
    matches!(
        (binding.context, binding.action),
        (Context::Global, A::Help | A::Palette | A::Back | A::Quit | A::Leave)
            | (_, A::Cancel | A::Choose | A::Submit | A::ShellDetach | A::ShellPrefix | A::ShellLive)
    )
}

#[expect(clippy::result_large_err, reason = "made a few times, when the program starts")]
fn check_key(file: &str, binding: &Binding, key: &str) -> Result<(), KeymapFault> {
    let (file, key) = (file.to_owned(), key.to_owned());
    let (context, action) = (binding.context.word().to_owned(), binding.action.word().to_owned());
    if key.is_empty() || !key.split(' ').all(can_be_sent) {
        return Err(KeymapFault::Key { file, context, action, key });
    }
    let typing = matches!(binding.context, Context::Form | Context::Line | Context::Editor);
    let first = key.split(' ').next().unwrap_or_default();
    if typing && (first.chars().count() == 1 || first == "space") {
        return Err(KeymapFault::Typed { file, context, action, key });
    }
    Ok(())
}

/// Whether a key is one that `keymap::spell` knows and every terminal tells from all others.
fn can_be_sent(key: &str) -> bool {
    const NAMES: [&str; 16] = [
        "space",
        "up",
        "down",
        "left",
        "right",
        "enter",
        "esc",
        "tab",
        "shift-tab",
        "pgup",
        "pgdn",
        "home",
        "end",
        "del",
        "ctrl-]",
        "ctrl-_",
    ];
    if NAMES.contains(&key) {
        return true;
    }
    if let Some(number) = key.strip_prefix('f').filter(|n| !n.is_empty()) {
        return number.parse::<u8>().is_ok_and(|n| (1..=12).contains(&n));
    }
    if let Some(letter) = key.strip_prefix("ctrl-") {
        // Ctrl-H, I, J and M are Backspace, Tab and Enter to a terminal.
        return matches!(letter.as_bytes(), [b'a'..=b'z']) && !matches!(letter, "h" | "i" | "j" | "m");
    }
    let mut chars = key.chars();
    matches!((chars.next(), chars.next()), (Some(c), None) if !c.is_control() && !c.is_whitespace())
}

/// The keymaps there are, later ones of the same name replacing earlier ones, and what was wrong with the others.
pub fn collect(files: &[(String, String)]) -> (Vec<Keymap>, Vec<KeymapFault>) {
    let mut maps = Keymap::built_in();
    let mut faults = Vec::new();
    for (file, text) in files {
        match Keymap::parse(file, text) {
            Ok(map) => {
                maps.retain(|m| m.name != map.name);
                maps.push(map);
            }
            Err(fault) => faults.push(fault),
        }
    }
    (maps, faults)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
