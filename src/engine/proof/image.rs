//! The image's file on the management host: only what is a disk image and readable for everybody is taken, so that nobody gets a file of
//! the management host into a cloud by way of the engine.

use crate::domain::proof::judge::{disk_format, disk_size};
use crate::domain::said::{Said, sentence};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Largest file, bytes.
const LARGEST: u64 = 64 << 30;

/// A disk image, and what boots it if it cannot boot by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The disk.
    pub disk: File,
    /// Kernel and initial RAM disk: files beside it with `.kernel` and `.initrd` at the end of the same name.
    pub boots_with: Option<(File, File)>,
}

/// A file to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path.
    pub path: PathBuf,
    /// Bytes.
    pub length: u64,
    /// Format as Glance names it.
    pub format: &'static str,
    /// Size of the disk in it, bytes.
    pub holds: u64,
}

/// Looks at a file; the reason if it is not taken.
pub fn look(path: &str) -> Result<Found, Said> {
    let path = Path::new(path);
    if !path.is_absolute() {
        return Err(sentence!(
            "error-image-path",
            "{path}: name the image by its whole path on the management host",
            path = path.display()
        ));
    }
    let (head, length) = head(path)?;
    let beside = |end: &str| path.with_extension(end);
    let parts = [beside("kernel"), beside("initrd")];
    let boots_with = if parts.iter().all(|p| p.exists()) {
        let [kernel, initrd] = parts;
        let part = |path: PathBuf, format| {
            head_of_part(&path).map(|length| File { path, length, format, holds: length })
        };
        Some((part(kernel, "aki")?, part(initrd, "ari")?))
    } else {
        None
    };
    let format = disk_format(&head).or(boots_with.as_ref().map(|_| "raw"));
    let Some(format) = format else {
        return Err(sentence!(
            "error-image-form",
            "{path} is not a disk image: give a qcow2, raw, vmdk or iso file (CirrOS, or the cloud image of a distribution)",
            path = path.display()
        ));
    };
    let disk = File { path: path.to_owned(), length, format, holds: disk_size(&head, length) };
    Ok(Found { disk, boots_with })
}

fn head_of_part(path: &Path) -> Result<u64, Said> {
    head(path).map(|(_, length)| length)
}

/// The first bytes of a file, and its length.
fn head(path: &Path) -> Result<(Vec<u8>, u64), Said> {
    let bad = |why: Said| {
        sentence!(
            "error-image",
            "the image {path} cannot be used: {why}; name one with --image FILE",
            path = path.display();
            why = why
        )
    };
    let failed = |e: std::io::Error| bad(e.to_string().into());
    let no_file = || bad(sentence!("error-image-file", "it is not a file"));
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(no_file());
    }
    // What is asked is the file that is read: the name may be another one's meanwhile.
    let file = std::fs::File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(no_file());
    }
    if about.permissions().mode() & 0o004 == 0 {
        return Err(bad(sentence!(
            "error-image-private",
            "not everybody may read it (chmod a+r), and the engine takes no other files"
        )));
    }
    if about.len() == 0 || about.len() > LARGEST {
        return Err(bad(sentence!("error-image-size", "it is empty, or larger than 64 GiB")));
    }
    let mut head = Vec::new();
    file.take(65_536).read_to_end(&mut head).map_err(failed)?;
    Ok((head, about.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_images_that_everybody_may_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("guest.img");
        let text = path.to_str().unwrap();
        let mode = |m| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(m)).unwrap();
        assert!(look(text).unwrap_err().contains("--image FILE"));
        std::fs::write(&path, b"root:$y$secret").unwrap();
        mode(0o644);
        assert!(look(text).unwrap_err().contains("not a disk image"));
        let mut disk = vec![0; 4096];
        disk.splice(510..512, [0x55, 0xaa]);
        std::fs::write(&path, &disk).unwrap();
        mode(0o600);
        assert!(look(text).unwrap_err().contains("may read it"));
        mode(0o644);
        assert_eq!(look(text).unwrap().disk.format, "raw");
        assert!(look("guest.img").unwrap_err().contains("whole path"));
        assert!(look(dir.path().to_str().unwrap()).unwrap_err().contains("not a file"));
        for part in ["kernel", "initrd"] {
            std::fs::write(dir.path().join(format!("guest.{part}")), b"x").unwrap();
            std::fs::set_permissions(
                dir.path().join(format!("guest.{part}")),
                std::fs::Permissions::from_mode(0o644),
            )
            .unwrap();
        }
        std::fs::write(&path, vec![1; 4096]).unwrap();
        let found = look(text).unwrap();
        assert_eq!((found.disk.format, found.boots_with.unwrap().1.format), ("raw", "ari"));
    }
}
