//! The audit trail on syslog besides: one datagram an entry, whole, with number and hash, so that what was written can be compared with a
//! copy on another machine. journald listens on the same socket. It is told after the entry is on the disk; a log that does not take it
//! holds nothing up.

use crate::domain::audit::AuditEntry;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

/// Facility authpriv, severity notice.
const PRIORITY: u8 = 10 * 8 + 5;

/// Sends an entry.
pub fn tell(socket: &Path, number: u64, entry: &AuditEntry) {
    if let Err(why) = send(socket, number, entry) {
        tracing::warn!(socket = %socket.display(), %why, number, "syslog did not take an entry of the audit trail");
    }
}

fn send(socket: &Path, number: u64, entry: &AuditEntry) -> std::io::Result<()> {
    let text = format!(
        "<{PRIORITY}>cpmg[{}]: audit {}",
        std::process::id(),
        serde_json::json!({ "number": number, "entry": entry })
    );
    let out = UnixDatagram::unbound()?;
    out.set_nonblocking(true)?;
    out.send_to(text.as_bytes(), socket).map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::audit::AuditKind;
    use crate::domain::time::Moment;

    #[test]
    fn an_entry_is_one_datagram() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = UnixDatagram::bind(&path).unwrap();
        tell(&path, 7, &AuditEntry::new(Moment(5), "ada", AuditKind::Lock, "locked it"));
        let mut bytes = [0; 2048];
        let length = log.recv(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(bytes.get(..length).unwrap()).into_owned();
        assert!(text.starts_with("<85>cpmg[") && text.contains("\"number\":7"), "{text}");
        assert!(text.contains("\"what\":\"locked it\""), "{text}");
        // Nobody there: nothing happens.
        tell(&dir.path().join("none"), 8, &AuditEntry::new(Moment(5), "ada", AuditKind::Lock, "x"));
    }
}
