//! Holds the place until the room itself lands.
#![allow(missing_docs, unused, clippy::pedantic)]
use std::sync::Arc;
pub enum Read {
    Bytes { offset: u64, bytes: Vec<u8> },
    Redraw { offset: u64, bytes: Vec<u8> },
}
pub struct ShellSession;
impl ShellSession {
    pub fn open(p: crate::ssh::PtyChannel, c: u16, r: u16) -> Arc<Self> {
        Arc::new(Self)
    }
    pub async fn news(&self, o: u64) {}
    pub fn read_from(&self, o: u64) -> Read {
        Read::Bytes { offset: 0, bytes: vec![] }
    }
    pub fn redraw(&self) -> Read {
        Read::Bytes { offset: 0, bytes: vec![] }
    }
    pub fn ended(&self) -> Option<String> {
        None
    }
    pub fn length(&self) -> u64 {
        0
    }
    pub async fn closed(&self) -> String {
        String::new()
    }
    pub fn resize(&self, c: u16, r: u16) {}
    pub fn write(&self, b: Vec<u8>) {}
    pub fn close(&self) {}
}
