//! The door over SSH: opening and closing it, who is inside, the keys that users come in with.
//!
//! The protocol is `ssh::serve`'s. Logging in is the same code as over the socket (`porter`), and whoever is in gets the same
//! program that people on this host start (`program`), on a connection that has the session already: it is known by the number of
//! its process, so that no token is handed over.

mod keys;
mod porter;
mod program;

use super::auth::Caller;
use super::records::{DOOR, ONLY};
use super::{Engine, now};
use crate::api::discovery::SetChange;
use crate::api::door::{DoorAnswer, DoorAsk, DoorView};
use crate::api::keep::Keep;
use crate::api::message::{Credential, NodeChange};
use crate::api::proof::ProofAsk;
use crate::api::{Failure, FailureKind, Request};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::door::{DoorSettings, everywhere, listen_at};
use crate::domain::said::{Said, sentence};
use crate::domain::user::User;
use crate::ssh::serve::{self, Limits, ServerKey};
use crate::store::Stamp;
use porter::Doorman;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::{TcpListener, UnixStream};
use tokio_util::sync::CancellationToken;

/// The host key, in the data directory.
const HOST_KEY: &str = "ssh_host_ed25519_key";

#[derive(Default)]
struct State {
    settings: DoorSettings,
    /// Closes it.
    open: Option<CancellationToken>,
    /// Why it is not open although it should be.
    why: Option<String>,
    key: Option<ServerKey>,
}

/// The door.
#[derive(Default)]
pub struct Door {
    state: Mutex<State>,
    /// Programs that were started and have not connected yet, by process.
    expected: Mutex<HashMap<i32, Arc<Caller>>>,
    inside: AtomicU32,
    /// One change of it at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Door {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expected(&self) -> MutexGuard<'_, HashMap<i32, Arc<Caller>>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what was stored.
    pub fn load(&self, settings: Option<DoorSettings>) {
        self.state().settings = settings.unwrap_or_default();
    }

    /// Whose program it is that has just connected to the socket; each is let in once.
    pub fn visitor(&self, stream: &UnixStream) -> Option<Arc<Caller>> {
        let peer = stream.peer_cred().ok()?;
        let mine = peer.uid() == rustix::process::geteuid().as_raw();
        // Held while a program is started, so that none is quicker than its entry here.
        self.expected().remove(&peer.pid()?).filter(|_| mine)
    }
}

/// What nobody may ask from afar, because it names something on the management host or is about the process that serves the door.
pub fn not_from_afar(request: &Request) -> Result<(), Failure> {
    let agent = |c: &Credential| matches!(c, Credential::Agent { .. });
    let why = match request {
        Request::Login { .. } | Request::FirstAdministrator { .. } => {
            "this connection belongs to whoever opened it: connect anew to log in as somebody else"
        }
        Request::Proof(ProofAsk::Start { image: Some(_), .. }) => {
            "the image is a file of the management host"
        }
        Request::NodeAdd { credential, .. } if agent(credential) => "the agent is one of the management host",
        Request::NodeEdit { change: NodeChange::Credential { credential, .. }, .. } if agent(credential) => {
            "the agent is one of the management host"
        }
        Request::SetEdit { change: SetChange::Add { credential, .. }, .. } if agent(credential) => {
            "the agent is one of the management host"
        }
        Request::Keep(Keep::ExportRulesSet(_)) => "copies go to a directory of the management host",
        Request::Stop => "who stops the engine from here can not start it again",
        _ => return Ok(()),
    };
    Err(Failure::new(
        FailureKind::NotAllowed,
        format!("not in a session over SSH ({why}): do it on the management host"),
    )
    .keyed("error-not-from-afar"))
}

/// Nobody can listen there.
fn no_place(why: &Said) -> Failure {
    Failure::said(FailureKind::Invalid, why).at("listen")
}

impl Engine {
    /// Answers what is asked about the door. Permission was checked before.
    pub(super) async fn about_door(
        self: &Arc<Self>,
        caller: &Caller,
        user: &User,
        asked: DoorAsk,
    ) -> Result<DoorAnswer, Failure> {
        Ok(match asked {
            DoorAsk::Status => DoorAnswer::Status(self.door_view()),
            DoorAsk::Set { on, listen } => DoorAnswer::Status(self.door_set(user, on, listen).await?),
            DoorAsk::OwnKeys => DoorAnswer::Keys(self.user_named(user, &user.name)?.keys),
            DoorAsk::OwnKeyAdd { key, password } => {
                self.own_password(caller, user, password, "password").await?;
                DoorAnswer::Keys(self.key_add(user, &user.name, &key)?)
            }
            DoorAsk::OwnKeyRemove { fingerprint } => {
                DoorAnswer::Keys(self.key_remove(user, &user.name, &fingerprint)?)
            }
            DoorAsk::Keys { name } => DoorAnswer::Keys(self.user_named(user, &name)?.keys),
            DoorAsk::KeyAdd { name, key } => DoorAnswer::Keys(self.key_add(user, &name, &key)?),
            DoorAsk::KeyRemove { name, fingerprint } => {
                DoorAnswer::Keys(self.key_remove(user, &name, &fingerprint)?)
            }
        })
    }

    fn door_view(&self) -> DoorView {
        let state = self.door.state();
        DoorView {
            on: state.settings.on,
            listen: state.settings.listen.map(|at| at.to_string()),
            listening: state.open.is_some(),
            everywhere: state.settings.listen.as_ref().is_some_and(everywhere),
            why: state.why.clone(),
            fingerprint: state.key.as_ref().map(ServerKey::fingerprint),
            host_key: state.key.as_ref().map(ServerKey::public),
            connections: self.door.inside.load(Ordering::Relaxed),
        }
    }

    /// Opens or closes the door. What is wrong with an address shows before anything is kept.
    async fn door_set(
        self: &Arc<Self>,
        user: &User,
        on: bool,
        listen: Option<String>,
    ) -> Result<DoorView, Failure> {
        let _turn = self.door.turn.lock().await;
        let before = self.door.state().settings.clone();
        let listen = match listen {
            Some(text) => Some(listen_at(&text).map_err(|why| no_place(&why))?),
            None => before.listen,
        };
        let settings = DoorSettings { on, listen };
        if !on {
            self.keep_door(user, &settings)?;
            self.close_door();
            return Ok(self.door_view());
        }
        let at = listen.ok_or_else(|| {
            no_place(&sentence!(
                "error-listen-nowhere",
                "say where to listen: an address of this machine and a port, as in 192.0.2.10:2222"
            ))
        })?;
        let open = self.door.state().open.is_some();
        if open && before.listen == Some(at) {
            return Ok(self.door_view());
        }
        let (listener, key) = self.door_parts(at).await.map_err(|why| no_place(&why))?;
        self.keep_door(user, &settings)?;
        self.close_door();
        self.open_door(listener, key);
        Ok(self.door_view())
    }

    fn keep_door(&self, user: &User, settings: &DoorSettings) -> Result<(), Failure> {
        let what = match settings.listen.filter(|_| settings.on) {
            Some(at) => sentence!("deed-door-open-at", "opened the door over SSH at {at}", at = at),
            None if settings.on => sentence!("deed-door-open", "opened the door over SSH"),
            None => sentence!("deed-door-close", "closed the door over SSH"),
        };
        let entry = AuditEntry::new(now(), &user.name, AuditKind::Engine, what);
        let _write = self.write();
        self.audited(Some(entry), |batch| DOOR.put(batch, &ONLY.to_owned(), settings, Stamp::engine(now())))?;
        self.door.state().settings = settings.clone();
        Ok(())
    }

    async fn door_parts(&self, at: SocketAddr) -> Result<(TcpListener, ServerKey), Said> {
        let key = ServerKey::open(&self.options.data.join(HOST_KEY)).map_err(|e| Said::from(&e))?;
        let listener = TcpListener::bind(at).await.map_err(|e| {
            sentence!(
                "error-listen",
                "nothing can listen at {at} ({why}): choose an address that 'ip addr' shows and a port that is free",
                at = at,
                why = e
            )
        })?;
        Ok((listener, key))
    }

    fn open_door(self: &Arc<Self>, listener: TcpListener, key: ServerKey) {
        let close = self.stop.child_token();
        {
            let mut state = self.door.state();
            (state.open, state.why, state.key) = (Some(close.clone()), None, Some(key.clone()));
        }
        let porter = Arc::new(Doorman::new(Arc::clone(self)));
        self.spawn(serve::listen(listener, key, porter, Limits::default(), close));
    }

    fn close_door(&self) {
        let mut state = self.door.state();
        state.why = None;
        if let Some(open) = state.open.take() {
            open.cancel();
        }
    }

    /// Opens the door as it stood when the last engine ended.
    pub(super) fn reopen_door(self: &Arc<Self>) {
        let settings = self.door.state().settings.clone();
        let (true, Some(at)) = (settings.on, settings.listen) else { return };
        let engine = Arc::clone(self);
        self.spawn(async move {
            let _turn = engine.door.turn.lock().await;
            match engine.door_parts(at).await {
                Ok((listener, key)) => engine.open_door(listener, key),
                Err(why) => {
                    engine
                        .notice(format!("The door over SSH is closed: {why}; 'cpmg serve on' tries again."));
                    engine.door.state().why = Some(why.to_string());
                }
            }
        });
    }
}
