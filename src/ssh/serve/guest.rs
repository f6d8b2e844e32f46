//! One connection: logging in, and what may be asked for afterwards.

use super::keys::fingerprint;
use super::{Answer, Porter, Proof, TRIES_MAX, Terminal, Wanted, methods, pump};
use crate::domain::secret::Secret;
use russh::keys::Algorithm;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, Pty};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_util::sync::CancellationToken;

/// Channels at once on one connection.
const CHANNELS_MAX: usize = 4;
/// Longest command, bytes.
const COMMAND_MAX: usize = 8 * 1024;
/// Longest value of a variable, bytes, and how many there may be.
const VALUE_MAX: usize = 64;
const VARIABLES_MAX: usize = 20;
/// Largest terminal.
const SIDE_MAX: u32 = 1000;

/// Where logging in stands.
enum Step {
    /// Nothing was shown yet.
    First,
    /// A password was asked for.
    Password,
    /// All but the code of the second factor is right, for this user.
    Code(String, Proof),
    /// A sentence was shown; a refusal comes next.
    Told,
}

/// What a channel has asked for before its program is started.
struct Waiting {
    channel: Channel<Msg>,
    place: Place,
    terminal: Option<Terminal>,
    variables: Vec<(String, String)>,
}

/// One of a connection's channels; given back when dropped.
pub(super) struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(of: &Arc<AtomicUsize>) -> Option<Self> {
        let taken = of.fetch_add(1, Ordering::Relaxed);
        let place = Self(Arc::clone(of));
        (taken < CHANNELS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) struct Guest<P: Porter> {
    porter: Arc<P>,
    caller: Arc<P::Caller>,
    step: Step,
    tries: u32,
    inside: CancellationToken,
    farewell: CancellationToken,
    channels: HashMap<ChannelId, Waiting>,
    open: Arc<AtomicUsize>,
}

/// A variable that may come in: language and colours, with a value in which nothing can hide.
fn variable(name: &str, value: &str) -> bool {
    let known = matches!(name, "LANG" | "LANGUAGE" | "COLORTERM" | "TERM")
        || name
            .strip_prefix("LC_")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
    known && word(value)
}

/// The name of a language or of a kind of terminal.
fn word(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= VALUE_MAX
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@:+-".contains(&b))
}

fn side(length: u32, usual: u16) -> u16 {
    if length == 0 { usual } else { u16::try_from(length.min(SIDE_MAX)).unwrap_or(usual) }
}

impl<P: Porter> Guest<P> {
    pub(super) fn new(
        porter: Arc<P>,
        caller: Arc<P::Caller>,
        inside: CancellationToken,
        farewell: CancellationToken,
    ) -> Self {
        Self {
            porter,
            caller,
            step: Step::First,
            tries: 0,
            inside,
            farewell,
            channels: HashMap::new(),
            open: Arc::default(),
        }
    }

    /// What may be tried next.
    fn next(&self) -> MethodSet {
        match &self.step {
            _ if self.tries >= TRIES_MAX => MethodSet::empty(),
            Step::Code(..) => MethodSet::from([MethodKind::KeyboardInteractive].as_slice()),
            Step::First | Step::Password | Step::Told => methods(),
        }
    }

    fn refuse(&self) -> Auth {
        Auth::Reject { proceed_with_methods: Some(self.next()), partial_success: false }
    }

    /// All but the code is right: that is asked for question by question.
    fn half(&mut self, name: &str, proof: Proof) -> Auth {
        self.step = Step::Code(name.to_owned(), proof);
        Auth::Reject { proceed_with_methods: Some(self.next()), partial_success: true }
    }

    /// Asks the porter. Only one connection's tries at a time come here, and no more than [`TRIES_MAX`] wrong ones.
    async fn ask(&mut self, name: &str, proof: Proof, code: Option<Secret>) -> Answer {
        if self.tries >= TRIES_MAX {
            return Answer::Refused(None);
        }
        let answer = self.porter.login(&self.caller, name, proof, code).await;
        if matches!(answer, Answer::Refused(_)) {
            self.tries += 1;
            self.step = Step::First;
        }
        answer
    }

    fn question(text: &'static str) -> Auth {
        Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Borrowed(""),
            prompts: Cow::Owned(vec![(Cow::Borrowed(text), false)]),
        }
    }

    fn question_code() -> Auth {
        Self::question("Code of the second factor: ")
    }

    /// Tells a sentence; the client answers nothing to it, and is refused then.
    fn tell(&mut self, sentence: String) -> Auth {
        self.step = Step::Told;
        Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Owned(sentence),
            prompts: Cow::Owned(Vec::new()),
        }
    }

    async fn answered(&mut self, name: &str, typed: Secret) -> Auth {
        match std::mem::replace(&mut self.step, Step::First) {
            Step::Password => {
                let proof = Proof::Password(typed);
                match self.ask(name, proof.clone(), None).await {
                    Answer::In => Auth::Accept,
                    Answer::CodeNeeded => {
                        self.step = Step::Code(name.to_owned(), proof);
                        Self::question_code()
                    }
                    Answer::Refused(Some(sentence)) => self.tell(sentence),
                    Answer::Refused(None) => self.refuse(),
                }
            }
            Step::Code(of, proof) if of == name => match self.ask(name, proof.clone(), Some(typed)).await {
                Answer::In => Auth::Accept,
                Answer::Refused(Some(sentence)) => self.tell(sentence),
                // What was right before stays right: only the code is asked for again.
                Answer::Refused(None) | Answer::CodeNeeded => {
                    self.step = Step::Code(of, proof);
                    self.refuse()
                }
            },
            Step::First | Step::Told | Step::Code(..) => self.refuse(),
        }
    }

    /// Starts what a channel asks for.
    fn start(
        &mut self,
        id: ChannelId,
        command: Option<String>,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(Waiting { channel, place, terminal, variables }) = self.channels.remove(&id) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let wanted = Wanted { command, terminal, variables };
        let program = if wanted.command.is_none() && wanted.terminal.is_none() {
            Err("the screens need a terminal: leave '-T' out, or name a command".to_owned())
        } else {
            self.porter.start(&self.caller, wanted)
        };
        tokio::spawn(pump::run(channel, program, place, self.farewell.clone()));
        Ok(())
    }
}

impl<P: Porter> Handler for Guest<P> {
    type Error = russh::Error;

    async fn auth_none(&mut self, _: &str) -> Result<Auth, Self::Error> {
        Ok(self.refuse())
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let proof = Proof::Password(Secret::new(password));
        Ok(match self.ask(user, proof.clone(), None).await {
            Answer::In => Auth::Accept,
            Answer::CodeNeeded => self.half(user, proof),
            Answer::Refused(_) => self.refuse(),
        })
    }

    /// A key that is not known costs nothing: an agent offers all it has.
    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        // RSA with SHA-1 is not taken.
        let old = matches!(offer.algorithm, Algorithm::Rsa { hash: None } | Algorithm::Dsa);
        let known = !old && self.tries < TRIES_MAX && self.porter.knows(user, &fingerprint(offer.public_key));
        Ok(if known { Auth::Accept } else { self.refuse() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let proof = Proof::Key(fingerprint(key.public_key));
        Ok(match self.ask(user, proof.clone(), None).await {
            Answer::In => Auth::Accept,
            Answer::CodeNeeded => self.half(user, proof),
            Answer::Refused(_) => self.refuse(),
        })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut answers) = response else {
            if self.tries >= TRIES_MAX {
                return Ok(self.refuse());
            }
            if matches!(&self.step, Step::Code(of, _) if of == user) {
                return Ok(Self::question_code());
            }
            self.step = Step::Password;
            return Ok(Self::question("Password: "));
        };
        let typed = answers.next().and_then(|bytes| std::str::from_utf8(&bytes).ok().map(Secret::new));
        let Some(typed) = typed else {
            self.step = Step::First;
            return Ok(self.refuse());
        };
        Ok(self.answered(user, typed).await)
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Self::Error> {
        self.step = Step::First;
        self.inside.cancel();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        match Place::take(&self.open).filter(|_| !self.farewell.is_cancelled()) {
            Some(place) => {
                let id = channel.id();
                let waiting = Waiting { channel, place, terminal: None, variables: Vec::new() };
                self.channels.insert(id, waiting);
                reply.accept().await;
            }
            None => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&channel);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        cols: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(waiting) = self.channels.get_mut(&channel).filter(|w| w.terminal.is_none()) else {
            return session.channel_failure(channel);
        };
        let kind = if word(term) { term } else { "dumb" };
        let (cols, rows) = (side(cols, 80), side(rows, 24));
        waiting.terminal = Some(Terminal { kind: kind.to_owned(), cols, rows });
        session.channel_success(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let waiting = self.channels.get_mut(&channel).filter(|w| w.variables.len() < VARIABLES_MAX);
        match waiting.filter(|_| variable(name, value)) {
            Some(waiting) => {
                waiting.variables.push((name.to_owned(), value.to_owned()));
                session.channel_success(channel)
            }
            None => session.channel_failure(channel),
        }
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.start(channel, None, session)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match std::str::from_utf8(data).ok().filter(|c| c.len() <= COMMAND_MAX) {
            Some(command) => self.start(channel, Some(command.to_owned()), session),
            None => session.channel_failure(channel),
        }
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        cols: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        // A running program hears of it over its channel.
        if let Some(terminal) = self.channels.get_mut(&channel).and_then(|w| w.terminal.as_mut()) {
            (terminal.cols, terminal.rows) = (side(cols, terminal.cols), side(rows, terminal.rows));
        }
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn agent_request(&mut self, _: ChannelId, _: &mut Session) -> Result<bool, Self::Error> {
        Ok(false)
    }

    async fn tcpip_forward(&mut self, _: &str, _: &mut u32, _: &mut Session) -> Result<bool, Self::Error> {
        Ok(false)
    }

    async fn streamlocal_forward(&mut self, _: &str, _: &mut Session) -> Result<bool, Self::Error> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_language_and_colours_come_in() {
        for (name, value) in [("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C"), ("COLORTERM", "truecolor")] {
            assert!(variable(name, value), "{name}");
        }
        for (name, value) in [
            ("PATH", "/tmp"),
            ("LD_PRELOAD", "x"),
            ("CPMG_DATA", "x"),
            ("LC_", "x y"),
            ("LC_a", "C"),
            ("LANG", "../../etc/x"),
            ("LANG", ""),
            ("TERM", "x\u{1b}[2J"),
            ("HOME", "root"),
        ] {
            assert!(!variable(name, value), "{name}");
        }
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!((side(0, 80), side(132, 80), side(u32::MAX, 80)), (80, 132, 1000));
    }
}
