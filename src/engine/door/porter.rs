//! Who comes in: the engine's own logins, asked over SSH.

use super::super::auth::Caller;
use super::super::records::blocking;
use super::super::trail::{self, Asked};
use super::super::{Engine, now};
use super::program;
use crate::api::{Failure, FailureKind, Response};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::said::sentence;
use crate::domain::secret::Secret;
use crate::ssh::serve::{Answer, Porter, Program, Proof, Wanted};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often it is looked at least whether a session has expired.
const LOOK: Duration = Duration::from_secs(30);
/// Least time between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// Stands at the door.
pub struct Doorman {
    engine: Arc<Engine>,
}

impl Doorman {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

/// What a refusal means to somebody outside: how long to wait is told, what is wrong is not.
fn answer(refused: Failure) -> Answer {
    match (refused.kind, refused.key.as_deref()) {
        (_, Some("error-code-needed")) => Answer::CodeNeeded,
        (FailureKind::NotLoggedIn, _) => Answer::Refused(None),
        _ => Answer::Refused(Some(refused.message)),
    }
}

impl Porter for Doorman {
    type Caller = Arc<Caller>;

    fn arrived(&self, from: IpAddr) -> Arc<Caller> {
        Arc::new(Caller::at_door(&self.engine, from))
    }

    fn knows(&self, name: &str, key: &str) -> bool {
        let model = self.engine.model.read();
        let user = model.users.values().find(|u| u.name == name && !u.disabled);
        user.is_some_and(|u| u.keys.iter().any(|k| k.fingerprint == key))
    }

    async fn login(&self, caller: &Arc<Caller>, name: &str, proof: Proof, code: Option<Secret>) -> Answer {
        // The trail notes the address.
        let asked = Asked::new(caller, None, true);
        let login = async {
            let view = self.engine.login_by(caller, name.to_owned(), proof, code).await?;
            Ok(Response::Session(view))
        };
        match trail::during(&self.engine, asked, Box::pin(login)).await {
            Ok(_) => {
                self.engine.door.inside.fetch_add(1, Ordering::Relaxed);
                Answer::In
            }
            Err(refused) => answer(refused),
        }
    }

    fn start(&self, caller: &Arc<Caller>, wanted: Wanted) -> Result<Program, String> {
        if caller.user().is_none() {
            return Err("the session has ended".to_owned());
        }
        program::start(&self.engine, caller, &wanted)
    }

    async fn over(&self, caller: &Arc<Caller>) {
        let mut tick = self.engine.topics.watch();
        while caller.user().is_some() {
            tokio::time::sleep(PAUSE).await;
            tokio::select! {
                _ = tick.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    fn left(&self, caller: &Arc<Caller>) {
        let Some(hash) = caller.session() else { return };
        self.engine.door.inside.fetch_sub(1, Ordering::Relaxed);
        // Not the caller's: that one is empty once the session has ended for another reason, which stands in the trail.
        let Some(user) = caller.user() else { return };
        let (engine, caller) = (Arc::clone(&self.engine), Arc::clone(caller));
        self.engine.spawn(async move {
            let ended = blocking(|| {
                let what = sentence!("deed-left", "left; account {account}", account = caller.account);
                let mut entry = AuditEntry::new(now(), &user.name, AuditKind::Session, what);
                (entry.account, entry.from) = (Some(caller.account.clone()), caller.from.clone());
                engine.audit(&entry)?;
                engine.end_sessions(&[hash])
            });
            if let Err(why) = ended {
                tracing::warn!(%why, "a session over SSH could not be ended with its connection");
            }
        });
    }
}
