//! The file in which the choices of operators are kept.
//!
//! Two programs of one account may run at once: what is kept is read again before one user's part is put in its place, and the
//! file is replaced as a whole. That it cannot be written hinders nobody: the next program looks as the first one did.

use super::prefs::{Prefs, Remembered};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// What is kept.
pub fn read(file: &Path) -> Remembered {
    fs::read_to_string(file).map(|text| Remembered::read(&text)).unwrap_or_default()
}

/// Keeps what a user has chosen.
pub fn keep(file: &Path, user: &str, prefs: &Prefs) {
    let mut all = read(file);
    all.keep(user, prefs.clone());
    if let Some(folder) = file.parent() {
        let _ = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    }
    let aside = file.with_extension(std::process::id().to_string());
    let written = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)
        .and_then(|mut f| f.write_all(all.text().as_bytes()))
        .and_then(|()| fs::rename(&aside, file));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn users_are_kept_beside_each_other_and_for_their_eyes_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/screens.toml");
        assert_eq!(read(&file), Remembered::default());
        let light = Prefs { theme: Some("light".into()), ..Prefs::default() };
        keep(&file, "ada", &light);
        keep(&file, "linus", &Prefs { keys: Some("vim".into()), ..Prefs::default() });
        let all = read(&file);
        assert_eq!((all.last.as_deref(), all.of("ada")), (Some("linus"), Some(&light)));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left aside");
    }
}
