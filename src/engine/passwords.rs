//! Passwords of users as hashes: argon2id with what RFC 9106 advises where memory counts.
//!
//! Hashing is slow on purpose and takes 64 MiB: two at a time, on threads that may wait. A user who does not exist has a hash too,
//! of the same cost, which no password fits; so an unknown name costs what a wrong password costs.

use crate::api::{Failure, FailureKind};
use crate::domain::password::{PasswordFault, REMEMBERED, password_faults};
use crate::domain::secret::Secret;
use crate::domain::user::User;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// Memory of one hashing, KiB.
const MEMORY_KIB: u32 = 64 * 1024;
/// How often the memory is gone through.
const PASSES: u32 = 3;
/// Threads of one hashing.
const LANES: u32 = 1;
/// Hashings at once: their memory is what they cost.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Memory and passes of one hashing.
#[cfg(not(test))]
fn price() -> (u32, u32) {
    (MEMORY_KIB, PASSES)
}

/// Set by tests that are about the price itself, before they start an engine; the others log in hundreds of times, and pay little.
#[cfg(test)]
pub static REAL_PRICE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[cfg(test)]
fn price() -> (u32, u32) {
    if REAL_PRICE.load(std::sync::atomic::Ordering::Relaxed) { (MEMORY_KIB, PASSES) } else { (64, 1) }
}

/// The beginning of every hash that was made with the cost of today.
pub fn cost() -> String {
    let (memory, passes) = price();
    format!("$argon2id$v=19$m={memory},t={passes},p={LANES}$")
}

fn argon() -> Result<Argon2<'static>, Failure> {
    let (memory, passes) = price();
    let params = Params::new(memory, passes, LANES, None).map_err(|e| failed(&e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn failed(what: &str) -> Failure {
    Failure::new(FailureKind::Engine, format!("the password could not be processed: {what}"))
        .keyed("error-password-failed")
        .arg("why", what)
}

/// The PHC string of a password. Slow on purpose: run it where blocking is allowed.
pub fn hash_password(password: &Secret) -> Result<String, Failure> {
    let hash = argon()?.hash_password(password.reveal().as_bytes()).map_err(|e| failed(&e.to_string()))?;
    Ok(hash.to_string())
}

/// A hash that no password fits, of the same cost as those of users.
pub fn nobodys_hash(dice: &[u8; 32]) -> String {
    // Hexadecimal digits are base 64, too; the last letter of each must carry no bits beyond its 16 and 32 bytes.
    let random = hex::encode(dice);
    let (salt, rest) = random.split_at(21);
    let tag: String = rest.chars().take(42).collect();
    format!("{}{salt}A${tag}A", cost())
}

fn fits(hash: &str, password: &Secret) -> bool {
    let parsed = PasswordHash::new(hash);
    parsed.is_ok_and(|h| Argon2::default().verify_password(password.reveal().as_bytes(), &h).is_ok())
}

async fn in_turn<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R, Failure> {
    let _turn = TURNS.acquire().await.map_err(|e| failed(&e.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|e| failed(&e.to_string()))
}

/// Whether `password` is the one of `hash`.
pub async fn verify(hash: String, password: Secret) -> Result<bool, Failure> {
    in_turn(move || fits(&hash, &password)).await
}

/// The hash of a new password.
pub async fn hash(password: Secret) -> Result<String, Failure> {
    in_turn(move || hash_password(&password)).await?
}

/// A refusal of a password.
pub fn refused(fault: PasswordFault) -> Failure {
    Failure::new(FailureKind::Invalid, fault.sentence()).at("password").keyed(fault.key())
}

/// Refuses a password that breaks a rule.
pub fn check(name: &str, password: &Secret) -> Result<(), Failure> {
    password_faults(name, password.reveal()).first().map_or(Ok(()), |fault| Err(refused(*fault)))
}

/// Refuses a password that the user has, or had lately.
pub async fn check_fresh(user: &User, password: &Secret) -> Result<(), Failure> {
    for hash in std::iter::once(&user.password_hash).chain(&user.old_hashes).take(REMEMBERED) {
        if verify(hash.clone(), password.clone()).await? {
            return Err(refused(PasswordFault::UsedBefore));
        }
    }
    Ok(())
}

/// Gives a user another hash, and remembers the one before.
pub fn replace(user: &mut User, hash: String) {
    let old = std::mem::replace(&mut user.password_hash, hash);
    user.old_hashes.insert(0, old);
    user.old_hashes.truncate(REMEMBERED - 1);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn nobodys_hash_is_a_hash_of_the_same_cost_that_nothing_fits() {
        REAL_PRICE.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(cost(), "$argon2id$v=19$m=65536,t=3,p=1$");
        let real = hash_password(&Secret::new("correct horse")).unwrap();
        let nobody = nobodys_hash(&[7; 32]);
        assert!(real.starts_with(&cost()), "{real}");
        assert_eq!(real.len(), nobody.len(), "{real} {nobody}");
        let (real, nobody) = (PasswordHash::new(&real).unwrap(), PasswordHash::new(&nobody).unwrap());
        assert_eq!(real.params, nobody.params);
        assert_eq!(real.hash.unwrap().len(), nobody.hash.unwrap().len());
        assert!(fits(&real.to_string(), &Secret::new("correct horse")));
        assert!(!fits(&nobody.to_string(), &Secret::new("correct horse")));
    }
}
