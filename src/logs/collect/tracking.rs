//! Which file became which: from what is known and what is there to what is to be done. Pure.
//!
//! Rotation is never announced; it is seen. The cases:
//! - *create*: the file has another name, its inode and beginning are the same. It is read to its end under the new name; a new
//!   file under the old name begins at 0.
//! - *copytruncate*: the old name has the same inode and another beginning (or is shorter than what was read); a copy with the old
//!   beginning lies beside it. The rest is read from the copy; the old name begins again at 0.
//! - *compressed*: no plain file has the beginning any more, a compressed one has. It is read from where we were.
//! - *while nobody looked*, any number of times: the same rules; files that nobody knows and that are no copies are read whole.

use super::link::Listed;
use crate::logs::store::FileState;

/// Seconds without a change after which a rotated file is taken to be complete.
const STILL: i64 = 30;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file that nobody knows, to be read from its beginning.
    New(Listed),
    /// A file that was there before anybody looked; it is followed from its end.
    Old(Listed),
    /// What is known of a file has changed.
    Changed(FileState),
    /// Bytes are to be read.
    Read(Read),
    /// A file was rotated and read to its end.
    Over(u32),
    /// A file cannot be found.
    Absent(u32),
}

/// Bytes that are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Of which file.
    pub file: u32,
    /// Where it is now.
    pub path: String,
    /// Compressed.
    pub packed: bool,
    /// From.
    pub from: u64,
    /// Up to; `None`: to the end.
    pub to: Option<u64>,
    /// Nothing will be added to it any more: a last line without its end is a line.
    pub complete: bool,
}

/// The place from which a file is followed on.
pub fn position(file: &FileState) -> u64 {
    file.cover.end().unwrap_or(0).max(file.follow)
}

/// The longest hash of a beginning, as [`FileState::print`] holds it.
pub fn print(prints: &[(u32, u64)]) -> (u32, u64) {
    prints.iter().max_by_key(|(length, _)| *length).copied().unwrap_or_default()
}

/// Whether a beginning is that of a known file; `None`: the file was empty.
pub fn same_beginning(file: &FileState, prints: &[(u32, u64)]) -> Option<bool> {
    (file.print.0 > 0).then(|| prints.contains(&file.print))
}

/// The log file that a path belongs to: the longest of `names` that it begins with, or what is left without what rotation adds.
pub fn base_of<'a>(path: &'a str, names: &'a [String]) -> &'a str {
    let fits = |name: &&String| {
        path.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    };
    names.iter().filter(fits).max_by_key(|n| n.len()).map_or_else(|| base_path(path), String::as_str)
}

/// The path without what rotation adds: `.gz`, numbers and dates.
pub fn base_path(path: &str) -> &str {
    let mut rest = path.strip_suffix(".gz").unwrap_or(path);
    loop {
        let bare = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        match bare.strip_suffix(['.', '-']) {
            Some(shorter) if bare.len() < rest.len() && !shorter.ends_with('/') => rest = shorter,
            _ => return rest,
        }
    }
}

fn find<'a>(file: &FileState, listed: &[&'a Listed]) -> Option<&'a Listed> {
    let at = position(file);
    let plain = |l: &&&Listed| !l.6;
    if file.print.0 == 0 {
        // It was empty: only the inode tells, and nothing can be lost.
        return listed.iter().filter(plain).find(|l| l.2 == file.inode && !file.over).copied();
    }
    let like: Vec<&&Listed> = listed.iter().filter(|l| same_beginning(file, &l.5) == Some(true)).collect();
    like.iter()
        .find(|l| !l.6 && l.2 == file.inode && l.3 >= at)
        .or_else(|| like.iter().filter(|l| !l.6 && l.3 >= at).max_by_key(|l| l.3))
        .or_else(|| like.iter().find(|l| l.6))
        .map(|l| **l)
}

/// What is to be done about one log file and what rotation made of it. `known` are the files that were it, `listed` those that are
/// there, `first`: nobody looked before; `now`: seconds by the node's clock.
pub fn decide(base: &str, known: &[FileState], listed: &[&Listed], first: bool, now: i64) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut taken: Vec<&Listed> = Vec::new();
    for file in known {
        let Some(found) = find(file, listed) else {
            if !file.over {
                steps.push(Step::Absent(file.id));
            } else if !file.gone {
                steps.push(Step::Changed(FileState { gone: true, ..file.clone() }));
            }
            continue;
        };
        taken.push(found);
        if file.gone {
            steps.push(Step::Changed(FileState { gone: false, ..file.clone() }));
        }
        let fresh = print(&found.5);
        if !found.6 && (found.2 != file.inode || fresh.0 > file.print.0) {
            let print = if fresh.0 > file.print.0 { fresh } else { file.print };
            steps.push(Step::Changed(FileState { inode: found.2, print, gone: false, ..file.clone() }));
        }
        let read = |from, to, complete| {
            let (path, packed) = (found.0.clone(), found.6);
            Step::Read(Read { file: file.id, path, packed, from, to, complete })
        };
        let at = position(file);
        let still = found.0 != base && now - found.4 > STILL;
        if found.6 {
            if !file.over && file.follow != u64::MAX {
                steps.push(read(at, None, true));
            }
        } else if found.3 > at {
            steps.push(read(at, None, still));
        } else if still && !file.over && file.print.0 > 0 {
            steps.push(Step::Over(file.id));
        }
        if file.start < file.follow
            && let (from, Some(to)) = file.cover.gap(file.start)
        {
            let to = to.min(file.follow);
            if from < to {
                steps.push(read(from, Some(to), true));
            }
        } else if file.start < file.follow && file.cover.begin().is_none() && file.follow != u64::MAX {
            steps.push(read(file.start, Some(file.follow), true));
        }
    }
    for one in listed {
        let is_copy = known.iter().any(|k| same_beginning(k, &one.5) == Some(true));
        // A compressed file without anything in it is none.
        if taken.contains(one) || is_copy || (one.6 && one.5.is_empty()) {
            continue;
        }
        steps.push(if first { Step::Old((*one).clone()) } else { Step::New((*one).clone()) });
    }
    steps
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
    use crate::logs::store::Cover;

    const LOG: &str = "/var/log/nova/nova-api.log";

    fn there(path: &str, inode: u64, size: u64, prints: &[(u32, u64)]) -> Listed {
        Listed(path.into(), 0, inode, size, 1_000, prints.to_vec(), path.contains(".gz"))
    }

    fn known(inode: u64, print: (u32, u64), to: u64) -> FileState {
        let mut cover = Cover::default();
        cover.add(0, to);
        FileState { id: 1, source: 1, inode, print, cover, ..FileState::default() }
    }

    fn steps(file: &FileState, listed: &[Listed]) -> Vec<Step> {
        let listed: Vec<&Listed> = listed.iter().collect();
        decide(LOG, std::slice::from_ref(file), &listed, false, 1_001)
    }

    fn reads(steps: &[Step]) -> Vec<(String, u64)> {
        let read = |s: &Step| if let Step::Read(r) = s { Some((r.path.clone(), r.from)) } else { None };
        steps.iter().filter_map(read).collect()
    }

    #[test]
    fn what_rotation_adds_to_names() {
        for (path, base) in [
            (LOG, LOG),
            ("/var/log/nova/nova-api.log.1", LOG),
            ("/var/log/nova/nova-api.log.12.gz", LOG),
            ("/var/log/nova/nova-api.log-20260301.gz", LOG),
            ("/var/log/nova/nova-api.log-20260301-1772323200", LOG),
            ("/x/y.log.bak", "/x/y.log.bak"),
            ("/x/1", "/x/1"),
        ] {
            assert_eq!(base_path(path), base, "{path}");
        }
    }

    #[test]
    fn created_anew() {
        let file = known(7, (64, 11), 100);
        let listed = [there(LOG, 8, 10, &[]), there(&format!("{LOG}.1"), 7, 130, &[(64, 11)])];
        let steps = steps(&file, &listed);
        assert_eq!(reads(&steps), [(format!("{LOG}.1"), 100)]);
        assert!(steps.contains(&Step::New(listed[0].clone())));
    }

    #[test]
    fn copied_and_cut() {
        let file = known(7, (256, 22), 300);
        // The copy is there, nothing is cut yet: the file itself goes on, the copy is nobody.
        let listed = [
            there(LOG, 7, 300, &[(64, 11), (256, 22)]),
            there(&format!("{LOG}.1"), 9, 300, &[(64, 11), (256, 22)]),
        ];
        assert_eq!(steps(&file, &listed), []);
        // Cut: the rest is in the copy, the name begins again.
        let listed = [there(LOG, 7, 5, &[]), there(&format!("{LOG}.1"), 9, 320, &[(64, 11), (256, 22)])];
        let all = steps(&file, &listed);
        assert_eq!(reads(&all), [(format!("{LOG}.1"), 300)]);
        assert!(matches!(&all[0], Step::Changed(f) if f.inode == 9));
        assert!(all.contains(&Step::New(listed[0].clone())));
        // Cut, and longer than before when we look again.
        let listed = [
            there(LOG, 7, 900, &[(64, 33), (256, 44)]),
            there(&format!("{LOG}.1"), 9, 320, &[(64, 11), (256, 22)]),
        ];
        let all = steps(&file, &listed);
        assert_eq!(reads(&all), [(format!("{LOG}.1"), 300)]);
        assert!(all.contains(&Step::New(listed[0].clone())));
        // Shorter than what beginnings usually are known by.
        let short = known(7, (40, 4), 40);
        let listed = [there(LOG, 7, 5, &[(5, 1)]), there(&format!("{LOG}.1"), 9, 50, &[(40, 4), (50, 6)])];
        assert_eq!(reads(&steps(&short, &listed)), [(format!("{LOG}.1"), 40)]);
    }

    #[test]
    fn compressed_while_nobody_looked() {
        let file = known(7, (64, 11), 100);
        let listed = [there(LOG, 7, 50, &[]), there(&format!("{LOG}.2.gz"), 12, 33, &[(64, 11)])];
        let all = steps(&file, &listed);
        assert_eq!(reads(&all), [(format!("{LOG}.2.gz"), 100)]);
        assert!(all.contains(&Step::New(listed[0].clone())), "the inode was used again");
        let over = FileState { over: true, ..file };
        assert_eq!(reads(&steps(&over, &listed)), []);
    }

    #[test]
    fn older_lines_are_asked_for_up_to_where_it_is_followed() {
        let mut file = known(7, (64, 11), 0);
        (file.follow, file.start) = (500, 200);
        let listed = [there(LOG, 7, 500, &[(64, 11)])];
        let all = steps(&file, &listed);
        let Step::Read(read) = &all[0] else { panic!("{all:?}") };
        assert_eq!((read.from, read.to), (200, Some(500)));
        file.cover.add(500, 600);
        file.cover.add(200, 300);
        let listed = [there(LOG, 7, 650, &[(64, 11)])];
        let all = steps(&file, &listed);
        assert_eq!(reads(&all), [(LOG.to_owned(), 600), (LOG.to_owned(), 300)]);
        file.cover.add(300, 500);
        assert_eq!(reads(&steps(&file, &listed)), [(LOG.to_owned(), 600)]);
    }

    #[test]
    fn those_that_were_there_before_anybody_looked() {
        let listed = [there(LOG, 7, 500, &[(64, 11)]), there(&format!("{LOG}.1"), 6, 900, &[(64, 10)])];
        let all = decide(LOG, &[], &listed.iter().collect::<Vec<_>>(), true, 1_001);
        assert_eq!(all, [Step::Old(listed[0].clone()), Step::Old(listed[1].clone())]);
    }
}
