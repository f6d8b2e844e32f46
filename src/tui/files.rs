//! Files of the operator's host that the interface reads and writes: themes and keymaps, keys and lists, exports.

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
