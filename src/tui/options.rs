//! How the interface is started, and how it ends.

use super::i18n::Language;
use super::prefs::{Prefs, Remembered};
use super::theme::Colours;
use crate::api::client::Pushes;
use crate::api::{Client, ClientError};
use crate::domain::secret::Secret;
use crate::domain::shells;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

/// Why no connection could be made, a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectFault(pub String);

impl From<ClientError> for ConnectFault {
    fn from(fault: ClientError) -> Self {
        Self(fault.to_string())
    }
}

/// A connection that is being made.
pub type Connecting = Pin<Box<dyn Future<Output = Result<(Client, Pushes), ConnectFault>> + Send>>;

/// Gets every new token, and nothing when the session has ended.
pub type OnToken = Box<dyn FnMut(Option<&Secret>) + Send>;

/// Gets what a user has chosen, whenever that changes.
pub type OnChoice = Box<dyn FnMut(&str, &Prefs) + Send>;

/// How the interface is started.
pub struct Options {
    /// Makes a connection, starting an engine if that is wanted; called again whenever the connection is lost.
    pub connect: Arc<dyn Fn() -> Connecting + Send + Sync>,
    /// Token of an earlier session.
    pub token: Option<Secret>,
    /// Told of every new token, and of its end.
    pub on_token: OnToken,
    /// Language to start with.
    pub language: Language,
    /// What the terminal can show.
    pub colours: Colours,
    /// Directories of further themes, later ones win.
    pub theme_dirs: Vec<PathBuf>,
    /// Directory of the operator's own themes, which may not be there yet.
    pub own_themes: Option<PathBuf>,
    /// Name of the theme to start with.
    pub theme: Option<String>,
    /// The language was asked for, not found in the environment.
    pub language_given: bool,
    /// What operators chose before.
    pub remembered: Remembered,
    /// Told whenever a user has chosen something.
    pub on_choice: OnChoice,
    /// Name to offer at the login.
    pub user: Option<String>,
    /// Where to write a record for a report of a defect.
    pub record: Option<PathBuf>,
    /// Milliseconds without a key after which the screen locks itself; `None`: never.
    pub lock_after: Option<u64>,
    /// Whoever sits here came in over SSH: no file of this host is read or written, and when the connection ends, all does.
    pub served: bool,
    /// The operator's locale, for shells: `LANG`, `LC_…`.
    pub locale: Vec<(String, String)>,
}

/// Whether terminals of this name have no colours: DEC's, and those that say so, as terminfo knows them.
fn colourless(term: &str) -> bool {
    term == "dumb" || term.starts_with("vt") || term.ends_with("-m") || term.ends_with("-mono")
}

impl Options {
    /// Options as the environment asks for them: `LC_ALL`, `LC_MESSAGES`, `LANG`, `NO_COLOR`, `COLORTERM`, `TERM`, `USER`.
    pub fn from_environment(connect: Arc<dyn Fn() -> Connecting + Send + Sync>) -> Self {
        let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(var);
        let colours = if var("NO_COLOR").is_some() || var("TERM").is_some_and(|term| colourless(&term)) {
            Colours::None
        } else if matches!(var("COLORTERM").as_deref(), Some("truecolor" | "24bit")) {
            Colours::True
        } else {
            Colours::Basic
        };
        Self {
            connect,
            token: None,
            on_token: Box::new(|_| {}),
            language: locale.as_deref().and_then(Language::from_locale).unwrap_or(Language::En),
            colours,
            theme_dirs: Vec::new(),
            own_themes: None,
            theme: None,
            language_given: false,
            remembered: Remembered::default(),
            on_choice: Box::new(|_, _| {}),
            user: None,
            record: None,
            lock_after: None,
            served: false,
            locale: shells::locale(
                std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))),
            ),
        }
    }
}

/// How the interface was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The operator left; what runs goes on. Carries how many jobs run.
    Left {
        /// Jobs that go on.
        jobs: usize,
    },
    /// A signal ended it.
    Signal,
}

/// Why the interface cannot run.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// Not a terminal, or one that does not answer.
    #[error("the terminal cannot be used: {0}; the commands of 'cpmg --help' work without one")]
    Terminal(#[from] io::Error),
    /// The theme's file cannot be read.
    #[error("the theme {path} cannot be read: {source}")]
    Theme {
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The record cannot be written.
    #[error("the record {path} cannot be written: {source}")]
    Record {
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}
