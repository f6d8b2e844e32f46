//! The message catalogue: every text a person reads.
//!
//! A [`Text`] is a key with its arguments; it becomes a sentence only while a frame is drawn, so that the language can change
//! at run time. Write one with `t!("key")` or `t!("key", name = value)`: a test finds these by their spelling and refuses
//! a key that a language lacks. Sentences that come from the engine or a node travel as [`Text::Plain`] and are made
//! harmless here, once and for all.

use crate::api::Failure;
use crate::api::message::WORD;
use crate::domain::logs::FilterFault;
use crate::domain::plan::{Localized, localized};
use crate::domain::said::Said;
use crate::domain::text::harmless;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::borrow::Cow;
use std::collections::BTreeMap;
use unic_langid::langid;

/// A language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::En, Self::ZhCn];

    /// The code, as role files and the option `--language` spell it.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::ZhCn => "简体中文",
        }
    }

    /// The next language of [`Self::ALL`].
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::En => Self::ZhCn,
            Self::ZhCn => Self::En,
        }
    }

    /// The language that a code (`zh-CN`) or a locale (`zh_CN.UTF-8`) asks for; `None` when we do not have it.
    pub fn from_locale(locale: &str) -> Option<Self> {
        let low = locale.to_ascii_lowercase();
        if low.starts_with("zh") {
            Some(Self::ZhCn)
        } else if low.starts_with("en") || low == "c" || low == "posix" || low.starts_with("c.") {
            Some(Self::En)
        } else {
            None
        }
    }

    pub(super) fn source(self) -> &'static str {
        match self {
            Self::En => concat!(
                include_str!("i18n/en.ftl"),
                "\n",
                include_str!("i18n/en-people.ftl"),
                "\n",
                include_str!("i18n/en-jobs.ftl"),
                "\n",
                include_str!("i18n/en-times.ftl"),
                "\n",
                include_str!("i18n/en-cobbler.ftl"),
                "\n",
                include_str!("i18n/en-loki.ftl"),
                "\n",
                include_str!("i18n/en-import.ftl"),
                "\n",
                include_str!("i18n/en-discovery.ftl"),
                "\n",
                include_str!("i18n/en-network.ftl"),
                "\n",
                include_str!("i18n/en-accounts.ftl"),
                "\n",
                include_str!("i18n/en-modules.ftl"),
                "\n",
                include_str!("i18n/en-check.ftl"),
                "\n",
                include_str!("i18n/en-proof.ftl"),
                "\n",
                include_str!("i18n/en-logs.ftl"),
                "\n",
                include_str!("i18n/en-face.ftl"),
                "\n",
                include_str!("i18n/en-shells.ftl"),
                "\n",
                include_str!("i18n/en-audit.ftl"),
                "\n",
                include_str!("i18n/en-team.ftl"),
                "\n",
                include_str!("i18n/en-errors.ftl"),
                "\n",
                include_str!("i18n/en-deeds.ftl"),
                include_str!("i18n/en-faults.ftl")
            ),
            Self::ZhCn => concat!(
                include_str!("i18n/zh-CN.ftl"),
                "\n",
                include_str!("i18n/zh-CN-people.ftl"),
                "\n",
                include_str!("i18n/zh-CN-jobs.ftl"),
                "\n",
                include_str!("i18n/zh-CN-times.ftl"),
                "\n",
                include_str!("i18n/zh-CN-cobbler.ftl"),
                "\n",
                include_str!("i18n/zh-CN-loki.ftl"),
                "\n",
                include_str!("i18n/zh-CN-import.ftl"),
                "\n",
                include_str!("i18n/zh-CN-discovery.ftl"),
                "\n",
                include_str!("i18n/zh-CN-network.ftl"),
                "\n",
                include_str!("i18n/zh-CN-accounts.ftl"),
                "\n",
                include_str!("i18n/zh-CN-modules.ftl"),
                "\n",
                include_str!("i18n/zh-CN-check.ftl"),
                "\n",
                include_str!("i18n/zh-CN-proof.ftl"),
                "\n",
                include_str!("i18n/zh-CN-logs.ftl"),
                "\n",
                include_str!("i18n/zh-CN-face.ftl"),
                "\n",
                include_str!("i18n/zh-CN-shells.ftl"),
                "\n",
                include_str!("i18n/zh-CN-audit.ftl"),
                "\n",
                include_str!("i18n/zh-CN-team.ftl"),
                "\n",
                include_str!("i18n/zh-CN-errors.ftl"),
                "\n",
                include_str!("i18n/zh-CN-deeds.ftl"),
                include_str!("i18n/zh-CN-faults.ftl")
            ),
        }
    }
}

/// A text for a person, not yet in a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// From the catalogue.
    Keyed {
        /// Its key.
        key: String,
        /// Its arguments.
        args: Vec<(Cow<'static, str>, Arg)>,
    },
    /// As it came: a name, a number, a sentence of the engine.
    Plain(String),
    /// In the languages that it has, of a role's files: by code.
    Local(Localized),
    /// Parts beside each other, each as wide as said at least.
    Columns(Vec<(Text, usize)>),
}

/// An argument of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// Text as it came.
    Plain(String),
    /// A number, for plural forms.
    Number(u64),
    /// A text of the catalogue.
    Text(Box<Text>),
}

impl Text {
    /// The text under `key`, without arguments yet.
    pub fn key(key: impl Into<String>) -> Self {
        Self::Keyed { key: key.into(), args: Vec::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, arg: impl Into<Arg>) -> Self {
        if let Self::Keyed { args, .. } = &mut self {
            args.push((name.into(), arg.into()));
        }
        self
    }

    /// Adds arguments that came with a key: of a refusal, a finding, a fault of a plan.
    #[must_use]
    pub fn with_all<'a>(self, args: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let arg = |value: &String| match value.strip_prefix(WORD) {
            Some(key) => Arg::Text(Box::new(Self::key(key))),
            None => Arg::from(value),
        };
        args.into_iter().fold(self, |text, (name, value)| text.with(name.clone(), arg(value)))
    }

    /// A text as it came.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }
}

impl From<&str> for Arg {
    fn from(s: &str) -> Self {
        Self::Plain(s.to_owned())
    }
}
impl From<&String> for Arg {
    fn from(s: &String) -> Self {
        Self::Plain(s.clone())
    }
}
impl From<String> for Arg {
    fn from(s: String) -> Self {
        Self::Plain(s)
    }
}
impl From<u64> for Arg {
    fn from(n: u64) -> Self {
        Self::Number(n)
    }
}
impl From<u32> for Arg {
    fn from(n: u32) -> Self {
        Self::Number(n.into())
    }
}
impl From<u16> for Arg {
    fn from(n: u16) -> Self {
        Self::Number(n.into())
    }
}
impl From<usize> for Arg {
    fn from(n: usize) -> Self {
        Self::Number(u64::try_from(n).unwrap_or(u64::MAX))
    }
}
impl From<Text> for Arg {
    fn from(t: Text) -> Self {
        Self::Text(Box::new(t))
    }
}

/// A text of the catalogue, with its arguments by name.
macro_rules! t {
    ($key:literal) => { $crate::tui::i18n::Text::key($key) };
    ($key:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::tui::i18n::Text::key($key)$(.with(stringify!($name), $value))+
    };
}
pub(crate) use t;

/// The texts of one language.
pub struct Catalogue {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Catalogue {
    /// Reads the catalogue that is built into the program.
    pub fn new(language: Language) -> Self {
        let id = match language {
            Language::En => langid!("en"),
            Language::ZhCn => langid!("zh-CN"),
        };
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        bundle.set_use_isolating(false);
        // What could be read counts even when something could not; a test reads every entry.
        let (Ok(resource) | Err((resource, _))) = FluentResource::try_new(language.source().to_owned());
        let _ = bundle.add_resource(resource);
        Self { language, bundle }
    }

    /// Which language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether there is a text under `key`.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The sentence in this language, without anything that a terminal would act on.
    pub fn tr(&self, text: &Text) -> String {
        match text {
            Text::Plain(s) => harmless(s).replace('\n', " "),
            Text::Local(all) => harmless(localized(all, self.language.code())).replace('\n', " "),
            Text::Columns(parts) => {
                let part = |(text, width): &(Text, usize)| {
                    let words = self.tr(text);
                    if super::text::width(&words) < *width {
                        super::text::left(&words, *width)
                    } else {
                        words
                    }
                };
                parts.iter().map(part).collect::<Vec<_>>().join(" ").trim_end().to_owned()
            }
            Text::Keyed { key, args } => self.keyed(key, args),
        }
    }

    fn keyed(&self, key: &str, args: &[(Cow<'static, str>, Arg)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|m| m.value()) else {
            return format!("⟨{}⟩", harmless(key));
        };
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, arg) in args {
            match arg {
                Arg::Plain(s) => values.set(name.clone(), harmless(s).replace('\n', " ")),
                Arg::Number(n) => values.set(name.clone(), *n),
                Arg::Text(t) => values.set(name.clone(), FluentValue::from(self.tr(t))),
            }
        }
        self.bundle.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned()
    }

    /// What the engine refused, in this language where the catalogue has the sentence.
    pub fn failure(&self, failure: &Failure) -> Text {
        self.said(failure.key.as_deref(), &failure.args, &failure.message)
    }

    /// What is wrong with a filter or a pattern.
    pub fn filter_fault(&self, fault: &FilterFault) -> Text {
        self.said(Some(&fault.key), &fault.args, &fault.why)
    }

    /// A sentence of the engine: under its key with its arguments, where the catalogue has it; as it came otherwise.
    pub fn said(&self, key: Option<&str>, args: &BTreeMap<String, String>, plain: &str) -> Text {
        match key {
            Some(key) if self.has(key) => {
                // An engine of an older release sends no arguments: its own sentence is better than one with holes.
                let text = Text::key(key.to_owned()).with("message", plain).with_all(args);
                if self.is_whole(&text) { text } else { Text::plain(plain) }
            }
            _ => Text::plain(plain),
        }
    }

    /// A sentence that is kept, in this language where the catalogue has it; its arguments may be such sentences.
    pub fn kept(&self, said: &Said) -> Text {
        let Some(key) = said.key().filter(|key| self.has(key)) else { return Text::plain(&**said) };
        let arg = |value: &Said| match (value.key(), value.strip_prefix(WORD)) {
            (Some(_), _) => Arg::Text(Box::new(self.kept(value))),
            (None, Some(word)) => Arg::Text(Box::new(Text::key(word.to_owned()))),
            (None, None) => Arg::from(&**value),
        };
        let text = Text::key(key.to_owned()).with("message", &**said);
        let text = said.arguments().fold(text, |text, (name, value)| text.with(name.to_owned(), arg(value)));
        if self.is_whole(&text) { text } else { Text::plain(&**said) }
    }

    /// Whether every argument that the sentence uses is there.
    fn is_whole(&self, text: &Text) -> bool {
        let Text::Keyed { key, args } = text else { return true };
        let Some(pattern) = self.bundle.get_message(key).and_then(|m| m.value()) else { return false };
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, _) in args {
            values.set(name.clone(), "");
        }
        let mut faults = Vec::new();
        let _ = self.bundle.format_pattern(pattern, Some(&values), &mut faults);
        faults.is_empty()
    }
}
