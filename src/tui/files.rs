//! Files of the operator's host that the interface reads and writes: themes and keymaps, keys and lists, exports.

use super::look::Kind;
use crate::domain::secret::Secret;
use std::io;
use std::path::PathBuf;

/// The keymaps in these directories, and what is wrong with others.
pub fn keymaps(theme_dirs: &[PathBuf]) -> (Vec<super::keys::Keymap>, Vec<super::keys::KeymapFault>) {
    let dirs: Vec<PathBuf> = theme_dirs.iter().map(|d| d.join("keys")).collect();
    super::keys::collect(&toml_files(&dirs))
}

/// Names and texts of the TOML files in these directories, each directory's in the order of their names.
pub fn toml_files(dirs: &[PathBuf]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for dir in dirs {
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        paths.sort();
        for path in paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            if let Ok(text) = std::fs::read_to_string(&path) {
                files.push((path.display().to_string(), text));
            }
        }
    }
    files
}

/// Longest file that is taken for a key, bytes.
pub const FILE_MAX: u64 = 64 * 1024;

/// A path as an operator types it.
pub fn place(path: &str) -> PathBuf {
    match path.strip_prefix("~/").or((path == "~").then_some("")) {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => PathBuf::from(path),
    }
}

/// Writes a new file, for the operator's eyes only; one that is there already stays as it is.
pub async fn write_file(path: &str, text: &str) -> Result<(), String> {
    use tokio::io::AsyncWriteExt;
    let path = place(path);
    let fault = |e: io::Error| format!("{}: {e}", path.display());
    let mut options = tokio::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&path).await.map_err(fault)?;
    file.write_all(text.as_bytes()).await.map_err(fault)?;
    file.sync_all().await.map_err(fault)
}

pub async fn read_file(path: &str, max: u64) -> Result<Secret, String> {
    let path = place(path);
    let shown = path.display();
    let meta = tokio::fs::metadata(&path).await.map_err(|e| format!("{shown}: {e}"))?;
    if !meta.is_file() || meta.len() > max {
        return Err(format!("{shown}: not a file of at most {max} bytes"));
    }
    tokio::fs::read_to_string(&path).await.map(Secret::new).map_err(|e| format!("{shown}: {e}"))
}

/// Keeps a theme or a keymap among the operator's own, in the file it came from or in a new one; answers where it lies. A file that
/// is there under a new one's name stays as it is.
pub async fn keep_look(
    dir: Option<PathBuf>,
    kind: Kind,
    name: &str,
    file: Option<String>,
    text: &str,
) -> Result<String, String> {
    use tokio::io::AsyncWriteExt;
    let dir = dir.ok_or("there is no directory for files of your own: HOME is not set")?;
    let dir = if kind == Kind::Keys { dir.join("keys") } else { dir };
    let new = file.is_none();
    let path = file.map_or_else(|| dir.join(format!("{name}.toml")), PathBuf::from);
    let shown = path.display().to_string();
    let fault = |e: io::Error| format!("{shown}: {e}");
    tokio::fs::create_dir_all(&dir).await.map_err(fault)?;
    if new && tokio::fs::try_exists(&path).await.map_err(fault)? {
        return Err(format!("{shown}: there is such a file already"));
    }
    // Beside its place first: what is there stays whole, whatever happens.
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let written = async {
        let mut out = tokio::fs::File::create(&aside).await?;
        out.write_all(text.as_bytes()).await?;
        out.sync_all().await?;
        tokio::fs::rename(&aside, &path).await
    };
    if let Err(e) = written.await {
        let _ = tokio::fs::remove_file(&aside).await;
        return Err(fault(e));
    }
    Ok(shown)
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

    #[tokio::test]
    async fn looks_are_kept_beside_what_is_there() {
        let home = tempfile::tempdir().unwrap();
        let dir = Some(home.path().join("themes"));
        let keep = |file, text| keep_look(dir.clone(), Kind::Keys, "mine", file, text);
        let place = keep(None, "one").await.unwrap();
        assert!(place.ends_with("themes/keys/mine.toml"), "{place}");
        let fault = keep(None, "two").await.unwrap_err();
        assert!(fault.contains("already"), "{fault}");
        keep(Some(place.clone()), "two").await.unwrap();
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "two");
        let files = std::fs::read_dir(home.path().join("themes/keys")).unwrap().count();
        assert_eq!(files, 1, "nothing is left aside");
        assert!(keep_look(None, Kind::Theme, "x", None, "").await.is_err());
    }
}
