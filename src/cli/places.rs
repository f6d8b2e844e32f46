//! Where things are: data, socket, roles, session.
//!
//! | what | root | others |
//! |---|---|---|
//! | data | `/var/lib/cpmg-engine` | `$XDG_DATA_HOME/cpmg` |
//! | socket | `/run/cpmg` | `$XDG_RUNTIME_DIR/cpmg`, else `DATA/run` |
//!
//! `--data DIR` alone puts the socket into `DIR/run`, so that a second engine is a matter of one option. Somebody who is not root
//! and gives neither option talks to the system's engine where one is installed, also while it is stopped: a second, empty one
//! would only confuse. (`/var/lib/cpmg` is what cpmg uses on nodes.)

use super::args::Global;
use super::exit::{Code, Fault};
use crate::api::socket_path;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Longest path of a unix socket, bytes: `sun_path` without its final zero.
const SOCKET_PATH_MAX: usize = 107;

/// The system's data directory.
pub const SYSTEM_DATA: &str = "/var/lib/cpmg-engine";
/// The system's directory for the socket.
pub const SYSTEM_RUN: &str = "/run/cpmg";

/// The unit of the system's engine.
pub const UNIT: &str = "/etc/systemd/system/cpmg.service";

/// Where an engine keeps its data and its socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Data directory.
    pub data: PathBuf,
    /// Directory of the socket; its path is [`Places::socket`].
    pub run: PathBuf,
    /// These are the system's own places, which a service may own.
    pub system: bool,
    /// Whoever uses them came in over SSH: the connection has a session already, and nothing is kept on this host.
    pub served: bool,
}

/// What the choice of places depends on besides the options.
struct Surroundings {
    root: bool,
    system_engine: bool,
    home: Option<PathBuf>,
    data_home: Option<PathBuf>,
    runtime: Option<PathBuf>,
}

fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|v: &OsString| !v.is_empty()).map(PathBuf::from)
}

impl Places {
    /// The places that the options and the account lead to.
    pub fn find(global: &Global) -> Result<Self, Fault> {
        if let Some(run) = &global.served {
            return Ok(Self { data: run.clone(), run: run.clone(), system: false, served: true });
        }
        let here = Surroundings {
            root: rustix::process::geteuid().is_root(),
            system_engine: Path::new(UNIT).exists() || Path::new(SYSTEM_RUN).is_dir(),
            home: set("HOME"),
            data_home: set("XDG_DATA_HOME"),
            runtime: set("XDG_RUNTIME_DIR"),
        };
        let mut places = Self::choose(global.data.clone(), global.socket.clone(), here)?;
        places.data = absolute(&places.data)?;
        places.run = absolute(&places.run)?;
        places.check()
    }

    fn choose(data: Option<PathBuf>, socket: Option<PathBuf>, here: Surroundings) -> Result<Self, Fault> {
        let system = data.is_none() && socket.is_none() && (here.root || here.system_engine);
        if system {
            return Ok(Self { data: SYSTEM_DATA.into(), run: SYSTEM_RUN.into(), system, served: false });
        }
        let given = data.is_some();
        let data = match data {
            Some(data) => data,
            None if here.root => SYSTEM_DATA.into(),
            None => here
                .data_home
                .or_else(|| here.home.map(|h| h.join(".local/share")))
                .ok_or_else(|| {
                    Fault::usage("HOME is not set: say with --data where the engine keeps its data")
                })?
                .join("cpmg"),
        };
        let run = match (socket, here.runtime) {
            (Some(run), _) => run,
            (None, Some(runtime)) if !given => runtime.join("cpmg"),
            _ => data.join("run"),
        };
        Ok(Self { data, run, system, served: false })
    }

    fn check(self) -> Result<Self, Fault> {
        let socket = self.socket();
        let length = socket.as_os_str().as_bytes().len();
        if length > SOCKET_PATH_MAX {
            return Err(Fault::usage(format!(
                "the path of the socket has {length} bytes, {SOCKET_PATH_MAX} are the most for a unix socket: give a shorter \
                 directory with --socket ({})",
                socket.display()
            )));
        }
        Ok(self)
    }

    /// Refuses while an engine works on the data.
    pub fn refuse_engine(&self) -> Result<(), Fault> {
        if self.socket().exists() && std::os::unix::net::UnixStream::connect(self.socket()).is_ok() {
            return Err(Fault::new(
                Code::Conflict,
                "an engine works on these data: stop it first ('cpmg engine stop', or 'systemctl stop cpmg')",
            ));
        }
        Ok(())
    }

    /// The engine's socket.
    pub fn socket(&self) -> PathBuf {
        socket_path(&self.run)
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Fault> {
    std::path::absolute(path).map_err(|e| Fault::usage(format!("{}: {e}", path.display())))
}

/// Directories with roles, later ones win: those given; else the installed ones and then the operator's own.
pub fn roles(given: &[PathBuf]) -> Vec<PathBuf> {
    if given.is_empty() { installed_and_own("roles") } else { given.to_vec() }
}

/// Directories with themes, later ones win: the installed ones and then the operator's own.
pub fn themes() -> Vec<PathBuf> {
    installed_and_own("themes")
}

/// Where themes and keymaps of the operator's own are kept, whether there are any or not.
pub fn own_themes() -> Option<PathBuf> {
    own().map(|o| o.join("themes"))
}

/// The directory of the operator's own files.
fn own() -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/etc/cpmg"));
    }
    set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|h| h.join(".config"))).map(|c| c.join("cpmg"))
}

fn installed_and_own(name: &str) -> Vec<PathBuf> {
    shared(name).into_iter().chain(own().map(|o| o.join(name)).filter(|o| o.is_dir())).collect()
}

/// A directory that belongs to the program: `PREFIX/share/cpmg/NAME` beside `PREFIX/bin`, or `NAME` in the tree the program was
/// built in.
pub fn shared(name: &str) -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().skip(1).find_map(|folder| {
        let built_here = folder.join("Cargo.toml").is_file();
        [folder.join("share/cpmg").join(name), folder.join(name)]
            .into_iter()
            .zip([true, built_here])
            .find_map(|(path, valid)| (valid && path.is_dir()).then_some(path))
    })
}

/// Where this account keeps its sessions: `$XDG_STATE_HOME/cpmg`, else `~/.local/state/cpmg`.
pub fn state() -> Result<PathBuf, Fault> {
    set("XDG_STATE_HOME")
        .or_else(|| set("HOME").map(|h| h.join(".local/state")))
        .map(|s| s.join("cpmg"))
        .ok_or_else(|| {
            Fault::usage("neither XDG_STATE_HOME nor HOME is set: there is no place for the session")
        })
}

/// Where this account keeps how its operators like the screens.
pub fn choices() -> Result<PathBuf, Fault> {
    state().map(|folder| folder.join("screens.toml"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn user() -> Surroundings {
        Surroundings {
            root: false,
            system_engine: false,
            home: Some("/home/ada".into()),
            data_home: None,
            runtime: Some("/run/user/1000".into()),
        }
    }

    fn chosen(data: Option<&str>, socket: Option<&str>, here: Surroundings) -> (String, String, bool) {
        let p = Places::choose(data.map(Into::into), socket.map(Into::into), here).unwrap();
        (p.data.display().to_string(), p.run.display().to_string(), p.system)
    }

    #[test]
    fn the_table() {
        let all = |d: &str, s: &str, system| (d.to_owned(), s.to_owned(), system);
        assert_eq!(
            chosen(None, None, user()),
            all("/home/ada/.local/share/cpmg", "/run/user/1000/cpmg", false)
        );
        assert_eq!(
            chosen(None, None, Surroundings { runtime: None, ..user() }),
            all("/home/ada/.local/share/cpmg", "/home/ada/.local/share/cpmg/run", false)
        );
        assert_eq!(chosen(Some("/d"), None, user()), all("/d", "/d/run", false));
        assert_eq!(chosen(Some("/d"), Some("/s"), user()), all("/d", "/s", false));
        let root = || Surroundings { root: true, ..user() };
        assert_eq!(chosen(None, None, root()), all(SYSTEM_DATA, SYSTEM_RUN, true));
        assert_eq!(chosen(Some("/d"), None, root()), all("/d", "/d/run", false));
        let member = Surroundings { system_engine: true, ..user() };
        assert_eq!(chosen(None, None, member), all(SYSTEM_DATA, SYSTEM_RUN, true));
        let nobody = Surroundings { home: None, ..user() };
        assert!(Places::choose(None, None, nobody).is_err());
    }

    #[test]
    fn a_long_socket_path_is_refused_in_words() {
        let run = PathBuf::from(format!("/{}", "x".repeat(100)));
        let why = Places { data: "/d".into(), run, system: false, served: false }.check().unwrap_err();
        assert!(why.message.contains("107") && why.message.contains("--socket"), "{why}");
    }
}
