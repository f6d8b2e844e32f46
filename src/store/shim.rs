//! Holds the place until the room itself lands.
#![allow(missing_docs, unused, clippy::pedantic)]
use super::*;
use std::path::*;
use std::sync::Arc;
#[derive(Clone)]
pub enum Opened {
    Fresh,
    Existing,
    Rebuilt { x: u8 },
}
impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
pub struct DataDir(Arc<dyn Store>, PathBuf);
impl DataDir {
    pub fn open(p: &Path) -> Result<Self> {
        files::private_dir(p)?;
        Ok(Self(Arc::new(SledStore::open(&p.join("db"), Options::default())?), p.into()))
    }
    pub fn opened(&self) -> &Opened {
        &Opened::Fresh
    }
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }
    pub fn sealer(&self) -> Result<Sealer> {
        let k = self.1.join("key");
        if k.exists() { Sealer::load(&k) } else { Sealer::create(&k) }
    }
}
pub fn private_dir(p: &Path) -> Result<()> {
    files::private_dir(p)
}
pub fn write_durably(p: &Path, b: &[u8]) -> Result<()> {
    files::write_whole(p, b)
}
pub fn free_bytes(p: &Path) -> Option<u64> {
    error::free_bytes(p)
}
