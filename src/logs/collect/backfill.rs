//! Where in a file the last hours begin: looked for by halves, about twenty small reads for a gigabyte.

use super::CollectFault;
use super::link::{Link, Listed};
use crate::logs::format::{Line, Options, Parser};

/// Stretches shorter than this are taken whole, bytes.
const SMALL: u64 = 64 << 10;
/// Bytes of a look.
const LOOK: usize = 16 << 10;

/// The offset of the first line in a plain file of `size` bytes that is not older than `cutoff` (microseconds by the node's
/// clock), or of one somewhat before it. A compressed file is taken whole.
pub async fn find(
    link: &mut Link,
    file: &Listed,
    size: u64,
    cutoff: i64,
    (zone, now): (i32, i64),
) -> Result<u64, CollectFault> {
    if file.6 {
        return Ok(0);
    }
    let (mut low, mut high) = (0u64, size);
    while high - low > SMALL {
        let middle = u64::midpoint(low, high);
        let Ok(read) = link.read(&file.0, false, middle, LOOK).await? else { break };
        match first_time(&read.text, zone, now) {
            Some((at, time)) if time < cutoff => low = middle + at,
            Some(_) => high = middle,
            // Lines without times: nothing can be said, more is taken.
            None => break,
        }
    }
    if low == 0 {
        return Ok(0);
    }
    Ok(low)
}

/// Where the first line with a time begins that begins in `bytes`, and that time.
fn first_time(bytes: &[u8], zone: i32, now: i64) -> Option<(u64, i64)> {
    let mut at = memchr::memchr(b'\n', bytes)? + 1;
    let mut parser = Parser::new(Options { offset: Some(zone), reference: Some(now), ..Options::default() });
    while let Some(rest) = bytes.get(at..).filter(|r| !r.is_empty()) {
        let end = memchr::memchr(b'\n', rest)? + 1;
        if let Line::Head(record) = parser.line(rest.get(..end)?)
            && let Some(time) = record.time
        {
            return Some((at as u64, time));
        }
        at += end;
    }
    None
}

/// Where the last line begins that is not complete in the last bytes of a file: what follows from there on is new.
pub async fn line_start(link: &mut Link, file: &Listed) -> Result<u64, CollectFault> {
    let size = file.3;
    if file.6 || size == 0 {
        return Ok(if file.6 { u64::MAX } else { 0 });
    }
    let from = size.saturating_sub(4096);
    let Ok(read) = link.read(&file.0, false, from, usize::try_from(size - from).unwrap_or(4096)).await?
    else {
        return Ok(size);
    };
    Ok(match memchr::memrchr(b'\n', &read.text) {
        Some(end) => from + end as u64 + 1,
        None if from == 0 => 0,
        None => size,
    })
}
