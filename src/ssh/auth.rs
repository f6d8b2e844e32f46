//! Logging in: credentials in the order given, a bounded number of attempts.

use super::connect::Handler;
use super::session::Link;
use super::{Credential, Hop, SshError};
use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, decode_secret_key};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// Servers end the connection after six failures.
const ATTEMPTS_MAX: usize = 5;

struct Attempts<'a> {
    handle: &'a mut Handle<Handler>,
    hop: &'a Hop,
    link: &'a watch::Receiver<Link>,
    tried: Vec<String>,
    allowed: String,
}

/// Tries the hop's credentials until one is accepted.
pub(super) async fn authenticate(
    handle: &mut Handle<Handler>,
    hop: &Hop,
    link: &watch::Receiver<Link>,
) -> Result<(), SshError> {
    let mut attempts =
        Attempts { handle, hop, link, tried: Vec::new(), allowed: "nothing it told us".to_owned() };
    for credential in &hop.credentials {
        let accepted = match credential {
            Credential::Password(password) => {
                let reply = attempts.handle.authenticate_password(&hop.user, password.reveal()).await;
                attempts.judge("a password".into(), reply)?
            }
            Credential::Key { private, passphrase } => {
                let key = decode(private.clone(), passphrase.clone()).await?;
                attempts.key(key).await?
            }
            Credential::Agent { socket } => attempts.agent(socket).await?,
        };
        if accepted {
            return Ok(());
        }
        if attempts.tried.len() >= ATTEMPTS_MAX {
            break;
        }
    }
    Err(attempts.refused())
}

impl Attempts<'_> {
    fn refused(&self) -> SshError {
        let tried = if self.tried.is_empty() {
            "nothing (no credential was given)".into()
        } else {
            self.tried.join(", ")
        };
        SshError::AuthRefused {
            host: self.hop.to_string(),
            user: self.hop.user.clone(),
            tried,
            allowed: self.allowed.clone(),
        }
    }

    /// Takes a server's answer to the attempt named `what`.
    fn judge(&mut self, what: String, reply: Result<AuthResult, russh::Error>) -> Result<bool, SshError> {
        self.tried.push(what);
        match reply {
            Ok(AuthResult::Success) => Ok(true),
            Ok(AuthResult::Failure { remaining_methods, .. }) => {
                let names: Vec<&str> = remaining_methods.iter().map(<&str>::from).collect();
                if !names.is_empty() {
                    self.allowed = names.join(", ");
                }
                // A server that has had enough hangs up instead of answering.
                if self.handle.is_closed() { Err(self.refused()) } else { Ok(false) }
            }
            Err(e) => {
                let why = match &*self.link.borrow() {
                    Link::Down(why) => why.to_string(),
                    Link::Up => e.to_string(),
                };
                Err(SshError::Lost { host: self.hop.to_string(), why })
            }
        }
    }

    async fn rsa_hash(&self, algorithm: &Algorithm) -> Option<HashAlg> {
        // Asking may take a second: only where it matters.
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return None;
        }
        self.handle.best_supported_rsa_hash().await.ok().flatten().unwrap_or(Some(HashAlg::Sha256))
    }

    async fn key(&mut self, key: PrivateKey) -> Result<bool, SshError> {
        let what = format!("the key {} {}", key.algorithm(), key.public_key().fingerprint(HashAlg::Sha256));
        let hash = self.rsa_hash(&key.algorithm()).await;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        let reply = self.handle.authenticate_publickey(&self.hop.user, key).await;
        self.judge(what, reply)
    }

    async fn agent(&mut self, socket: &Path) -> Result<bool, SshError> {
        let fault = |why: String| SshError::Agent { socket: socket.display().to_string(), why };
        let mut agent = AgentClient::connect_uds(socket).await.map_err(|e| fault(e.to_string()))?;
        let identities = agent.request_identities().await.map_err(|e| fault(e.to_string()))?;
        if identities.is_empty() {
            return Err(fault("it holds no key".into()));
        }
        for identity in identities {
            let AgentIdentity::PublicKey { key, .. } = identity else { continue };
            if self.tried.len() >= ATTEMPTS_MAX {
                break;
            }
            let what = format!("the agent's key {} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256));
            let hash = self.rsa_hash(&key.algorithm()).await;
            let user = self.hop.user.clone();
            match self.handle.authenticate_publickey_with(user, key, hash, &mut agent).await {
                Ok(reply) => {
                    if self.judge(what, Ok(reply))? {
                        return Ok(true);
                    }
                }
                // The agent declined to sign: its next key may do.
                Err(e) => self.tried.push(format!("{what} ({e})")),
            }
        }
        Ok(false)
    }
}

/// Opens a private key; the key derivation takes a while, so it has its own thread.
async fn decode(
    private: crate::domain::secret::Secret,
    passphrase: Option<crate::domain::secret::Secret>,
) -> Result<PrivateKey, SshError> {
    let work = tokio::task::spawn_blocking(move || {
        let given = passphrase.as_ref().map(crate::domain::secret::Secret::reveal).filter(|p| !p.is_empty());
        decode_secret_key(private.reveal(), given).map_err(|e| key_fault(&e, given.is_some()))
    });
    work.await.unwrap_or_else(|e| Err(SshError::UnreadableKey { why: e.to_string() }))
}

/// Whether a text is a private key that the passphrase opens. An encrypted key is slow to open, on purpose.
pub async fn check_key(
    private: crate::domain::secret::Secret,
    passphrase: Option<crate::domain::secret::Secret>,
) -> Result<(), SshError> {
    decode(private, passphrase).await.map(drop)
}

fn key_fault(e: &russh::keys::Error, passphrase_given: bool) -> SshError {
    use russh::keys::Error as E;
    use russh::keys::ssh_key::Error as K;
    match e {
        E::KeyIsEncrypted => SshError::PassphraseNeeded,
        E::SshKey(K::Crypto) | E::Unpad(_) | E::Pkcs8(_) if passphrase_given => SshError::WrongPassphrase,
        _ => SshError::UnreadableKey { why: e.to_string() },
    }
}
