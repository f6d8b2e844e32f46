//! The first line of an SSH server, and a stream that gives back what was read of it.
//!
//! RFC 4253 4.2: a server may send other lines before the one that starts with `SSH-`; we read at most 32 lines or 8 KiB.

use crate::domain::text::harmless;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

const BYTES_MAX: usize = 8 * 1024;
const LINES_MAX: usize = 32;

/// What a listening port said first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// An SSH server: its line, as `SSH-2.0-OpenSSH_9.2p1`, harmless.
    Ssh(String),
    /// Something else: its first words, harmless, at most 60 characters; empty if it closed without a word.
    Other(String),
}

/// Reads until the greeting is known. Bytes read are in `seen`.
pub async fn read_greeting<S: AsyncRead + Unpin>(stream: &mut S, seen: &mut Vec<u8>) -> io::Result<Greeting> {
    let mut chunk = [0_u8; 512];
    loop {
        let n = stream.read(&mut chunk).await?;
        seen.extend_from_slice(chunk.get(..n).unwrap_or_default());
        if let Some(greeting) = judge(seen, n == 0) {
            return Ok(greeting);
        }
    }
}

/// The greeting in `seen`, if it is complete; `ended` says that nothing will follow.
fn judge(seen: &[u8], ended: bool) -> Option<Greeting> {
    let mut lines = 0;
    let mut rest = seen;
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let (line, tail) = rest.split_at(end);
        if line.starts_with(b"SSH-") {
            return Some(Greeting::Ssh(words(line, 255)));
        }
        lines += 1;
        rest = tail.get(1..).unwrap_or_default();
    }
    // Protocols that speak first in binary or with their own words are told apart early.
    let hopeless = lines >= LINES_MAX || seen.len() >= BYTES_MAX || seen.contains(&0);
    (ended || hopeless)
        .then(|| Greeting::Other(words(seen.split(|b| *b == b'\n').next().unwrap_or_default(), 60)))
}

fn words(line: &[u8], most: usize) -> String {
    harmless(String::from_utf8_lossy(line).trim_end()).chars().take(most).collect()
}

/// A stream with some bytes put back in front.
pub(super) struct Replayed<S> {
    front: Vec<u8>,
    at: usize,
    inner: S,
}

impl<S> Replayed<S> {
    pub(super) fn new(front: Vec<u8>, inner: S) -> Self {
        Self { front, at: 0, inner }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Replayed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.front.get(self.at..).unwrap_or_default();
        if left.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let n = left.len().min(buf.remaining());
        buf.put_slice(left.get(..n).unwrap_or_default());
        self.at += n;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Replayed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn greet(bytes: &[u8]) -> Greeting {
        read_greeting(&mut &*bytes, &mut Vec::new()).await.unwrap()
    }

    #[tokio::test]
    async fn greetings() {
        assert_eq!(greet(b"SSH-2.0-x\r\n").await, Greeting::Ssh("SSH-2.0-x".into()));
        assert_eq!(greet(b"hello\r\nSSH-2.0-x\r\n").await, Greeting::Ssh("SSH-2.0-x".into()));
        assert_eq!(greet(b"HTTP/1.1 400 Bad\r\n\r\n").await, Greeting::Other("HTTP/1.1 400 Bad".into()));
        assert_eq!(greet(b"").await, Greeting::Other(String::new()));
        assert_eq!(greet(&b"x\n".repeat(100)).await, Greeting::Other("x".into()));
        assert_eq!(greet(b"\x1b[2Jboo\n").await, Greeting::Other("boo".into()));
    }

    #[tokio::test]
    async fn replayed_bytes_come_first() {
        let mut s = Replayed::new(b"ab".to_vec(), &b"cd"[..]);
        let mut all = String::new();
        s.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "abcd");
    }
}
