//! From where the person at the other end of the socket had logged in to this machine.
//!
//! sshd puts the address into the environment of the session, from which the client inherits it, and the kernel lets root and the same
//! account read it. It is a help for reading the trail, not a proof: who has an account here may set what he likes. The account itself comes
//! from the kernel and cannot be set.

use std::net::IpAddr;
use tokio::net::UnixStream;

/// Most bytes of an environment that are looked at.
const ENVIRONMENT_MAX: usize = 256 * 1024;

/// The address; `None` where somebody sits at the machine, or it cannot be seen.
pub fn of(stream: &UnixStream) -> Option<String> {
    let pid = stream.peer_cred().ok()?.pid()?;
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    address(bytes.get(..bytes.len().min(ENVIRONMENT_MAX))?)
}

fn address(environment: &[u8]) -> Option<String> {
    let value = environment
        .split(|b| *b == 0)
        .find_map(|v| v.strip_prefix(b"SSH_CONNECTION=").or_else(|| v.strip_prefix(b"SSH_CLIENT=")))?;
    let first = std::str::from_utf8(value).ok()?.split(' ').next()?;
    first.parse::<IpAddr>().ok().map(|ip| ip.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_is_taken() {
        assert_eq!(
            address(b"A=1\0SSH_CONNECTION=192.0.2.7 50000 10.0.0.1 22\0B=2").as_deref(),
            Some("192.0.2.7")
        );
        assert_eq!(address(b"SSH_CLIENT=2001:db8::1 5 22\0").as_deref(), Some("2001:db8::1"));
        assert_eq!(address(b"SSH_CONNECTION=\x1b[2J 1 2 3\0"), None);
        assert_eq!(address(b"HOME=/root\0"), None);
    }
}
