//! A command's conversation with the engine: connected, logged in, and how the answers are to be shown.

use super::args::Global;
use super::connect::{IfAbsent, connect};
use super::exit::{Code, Fault};
use super::places::Places;
use super::session;
use crate::api::client::Pushes;
use crate::api::views::{SessionView, UserView};
use crate::api::{Client, ClientError, Failure, FailureKind, Hello, Request, Response};
use crate::domain::plan::{Localized, localized};
use crate::domain::secret::Secret;

/// A connection with what a command needs to know about its call.
pub struct Talk {
    client: Client,
    /// What the engine sends unasked.
    pub pushed: Pushes,
    /// Where the engine is.
    pub places: Places,
    /// Print JSON.
    pub json: bool,
    language: String,
}

impl Talk {
    /// Connects, without logging in.
    pub async fn connect(global: &Global, if_absent: IfAbsent) -> Result<Self, Fault> {
        let places = Places::find(global)?;
        let (client, pushed) = connect(&places, if_absent).await?;
        let language = global.lang.clone().unwrap_or_else(language_of_locale);
        Ok(Self { client, pushed, places, json: global.json, language })
    }

    /// Connects and takes the session up that this account has.
    pub async fn open(global: &Global) -> Result<Self, Fault> {
        let talk = Self::connect(global, IfAbsent::Start).await?;
        talk.resume().await?;
        Ok(talk)
    }

    /// Takes up the session that this account has.
    pub async fn resume(&self) -> Result<SessionView, Fault> {
        if self.hello().first_start {
            return Err(first_start());
        }
        let Some(token) = session::kept(&self.places)? else { return Err(not_logged_in()) };
        match self.client.call(Request::Resume { token }).await {
            Ok(Response::Session(session)) => Ok(session),
            Ok(_) => Err(Self::unexpected()),
            Err(ClientError::Refused(failure)) if failure.kind == FailureKind::NotLoggedIn => {
                session::forget(&self.places)?;
                Err(not_logged_in())
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Connects anew after the engine was lost; the engine must be there.
    pub async fn again(&mut self) -> Result<(), Fault> {
        let (client, pushed) = connect(&self.places, IfAbsent::Tell).await?;
        (self.client, self.pushed) = (client, pushed);
        self.resume().await.map(drop)
    }

    /// What the engine said first.
    pub fn hello(&self) -> &Hello {
        self.client.hello()
    }

    /// Asks and waits for the answer.
    pub async fn call(&self, request: Request) -> Result<Response, Fault> {
        Ok(self.client.call(request).await?)
    }

    /// A handle for a task of its own.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Begins a session and keeps it.
    pub async fn begin(&self, request: Request) -> Result<SessionView, Fault> {
        self.try_begin(request).await?.map_err(|failure| ClientError::Refused(failure).into())
    }

    /// The same, with the engine's refusal as it came.
    pub async fn try_begin(&self, request: Request) -> Result<Result<SessionView, Failure>, Fault> {
        match self.client.call(request).await {
            Ok(Response::Session(session)) => {
                session::keep(&self.places, &session.token)?;
                Ok(Ok(session))
            }
            Ok(_) => Err(Self::unexpected()),
            Err(ClientError::Refused(failure)) => Ok(Err(failure)),
            Err(other) => Err(other.into()),
        }
    }

    /// Who is logged in.
    pub async fn me(&self) -> Result<UserView, Fault> {
        self.resume().await.map(|session| session.user)
    }

    /// The code of the language of this call.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// A title in the language of this call.
    pub fn title<'a>(&self, text: &'a Localized) -> &'a str {
        localized(text, &self.language)
    }

    /// Tells that something was done: a sentence, or the record as JSON.
    pub fn done<T: serde::Serialize>(&self, sentence: &str, record: &T) -> Result<(), Fault> {
        if self.json { super::print::json(record) } else { super::print::line(sentence) }
    }

    /// An answer of another kind than was asked for.
    pub fn unexpected() -> Fault {
        ClientError::Unexpected.into()
    }
}

/// A request that begins a session.
pub fn login(name: &str, password: Secret, code: Option<Secret>) -> Request {
    Request::Login { name: name.to_owned(), password, code }
}

fn not_logged_in() -> Fault {
    Fault::new(Code::NotAllowed, "you are not logged in, or the session has expired: run 'cpmg login NAME'")
}

/// Nobody exists yet.
pub fn first_start() -> Fault {
    Fault::new(
        Code::NotAllowed,
        "no user exists yet: make the first administrator with 'cpmg user add NAME --role administrator'",
    )
}

/// `zh-CN` where the locale says Chinese, else `en`.
pub fn language_of_locale() -> String {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    if locale.starts_with("zh") { "zh-CN" } else { "en" }.to_owned()
}
