//! Looks for secrets where none may be: in arguments and environments of processes while something runs, in logs and histories afterwards.

use super::support::{Cpmg, Lab};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks at all processes of this machine, which are the lab's nodes' as well.
const PAUSE: Duration = Duration::from_millis(100);

/// The generated passwords of an environment.
pub fn secrets(cpmg: &Cpmg, env: &str) -> Vec<String> {
    let accounts = cpmg.json(&["account", "list", env]);
    let passwords = accounts.as_array().expect("accounts").iter().filter(|a| a["kind"] == "password");
    let names = passwords.map(|a| a["name"].as_str().expect("a name"));
    names.map(|name| cpmg.ok(&["account", "reveal", env, name]).trim().to_owned()).collect()
}

/// Watches the processes of this machine until it is asked what it saw.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(BTreeSet<String>, u64)>,
}

impl Watch {
    /// Begins.
    pub fn begin(secrets: Vec<String>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut told, mut looks) = (BTreeSet::new(), 0);
            while !asked.load(Ordering::Relaxed) {
                look(&secrets, &mut told);
                looks += 1;
                std::thread::sleep(PAUSE);
            }
            (told, looks)
        });
        Self { stop, thread }
    }

    /// Ends. No process may have told a secret.
    pub fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let (told, looks) = self.thread.join().expect("the watcher");
        println!("== looked {looks} times at all processes");
        assert!(looks > 10, "it looked");
        assert!(
            told.is_empty(),
            "secrets in processes:\n{}",
            told.into_iter().collect::<Vec<_>>().join("\n")
        );
    }
}

/// One look at every process; `told` gets what was found, without the secret.
fn look(secrets: &[String], told: &mut BTreeSet<String>) {
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let path = process.path();
        if !process.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        for part in ["cmdline", "environ"] {
            let Ok(bytes) = std::fs::read(path.join(part)) else { continue };
            for secret in secrets.iter().filter(|s| holds(&bytes, s.as_bytes())) {
                let words = std::fs::read(path.join("cmdline")).unwrap_or_default();
                let words =
                    String::from_utf8_lossy(&words).replace('\0', " ").replace(secret.as_str(), "***");
                told.insert(format!("{part} of {words}"));
            }
        }
    }
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|w| w == secret)
}

/// No log, journal or history of a node, and nothing that cpmg left there of its jobs, may hold a secret.
pub fn logs_are_silent(lab: &Lab, node: &str, secrets: &[String]) {
    // `found` is last so that a grep that finds nothing is no failure.
    let script = r"umask 077; cat >/run/words
        { grep -rlaFf /run/words /var/log /var/lib/cpmg/jobs /tmp /root /home 2>/dev/null
          journalctl -q --no-pager -o cat 2>/dev/null | grep -aqFf /run/words && echo the journal
          dmesg 2>/dev/null | grep -aqFf /run/words && echo dmesg; } || :
        rm /run/words";
    let found = lab.exec_with(node, script, &(secrets.join("\n") + "\n"));
    assert!(found.trim().is_empty(), "secrets on {node} in:\n{found}");
}

/// Nothing that the engine keeps may hold a secret as it is: they are sealed.
pub fn engine_is_silent(dir: &Path, secrets: &[String]) {
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        // The engine goes on writing: a file may be gone, or have its last name, by the time it is read.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            engine_is_silent(&path, secrets);
        } else if about.is_file() {
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                Err(e) => panic!("{}: {e}", path.display()),
            };
            let told = secrets.iter().any(|s| holds(&bytes, s.as_bytes()));
            assert!(!told, "{} holds a secret", path.display());
        }
    }
}
