//! Recordings of shells: files under the data directory, asciicast v2, for the operator who typed and for administrators.
//!
//! The files are the truth: whose a recording is stands in its first line. The list is read from them when it is asked for.

use super::{Engine, now};
use crate::api::shells::{PART, Part, RecordingRow};
use crate::api::{Failure, FailureKind};
use crate::domain::asciicast::{Event, Header, Origin};
use crate::domain::audit::AuditKind;
use crate::domain::said::sentence;
use crate::domain::shells::{Recorded, ShellRules};
use crate::domain::user::{User, UserRole};
use crate::shell::Recorder;
use crate::terminal::{Size, TERM};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Bytes at the end of a file in which its last event is looked for.
const TAIL: u64 = 256 * 1024;
/// Recordings in one answer at most.
const ROWS: usize = 500;

/// All recordings.
pub struct Recordings {
    dir: PathBuf,
    /// What is known of files that do not change any more.
    done: Mutex<BTreeMap<u64, RecordingRow>>,
    /// Numbers of those that are written now.
    open: Mutex<Vec<u64>>,
    /// The rules for shells.
    pub rules: watch::Sender<ShellRules>,
}

impl Recordings {
    /// Recordings under the data directory.
    pub fn new(data: &Path) -> Self {
        Self {
            dir: data.join("recordings"),
            done: Mutex::default(),
            open: Mutex::default(),
            rules: watch::Sender::new(ShellRules::default()),
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:08}.cast"))
    }

    fn numbers(&self) -> Vec<u64> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Vec::new() };
        let number = |name: &str| name.strip_suffix(".cast")?.parse().ok();
        let mut all: Vec<u64> = entries.flatten().filter_map(|e| number(e.file_name().to_str()?)).collect();
        all.sort_unstable();
        all
    }

    fn is_open(&self, number: u64) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).contains(&number)
    }

    /// A recording as the list shows it; none when the file is none of ours.
    fn row(&self, number: u64) -> Option<RecordingRow> {
        let open = self.is_open(number);
        if !open && let Some(row) = self.done.lock().unwrap_or_else(PoisonError::into_inner).get(&number) {
            return Some(row.clone());
        }
        let mut file = File::open(self.path(number)).ok()?;
        let bytes = file.metadata().ok()?.len();
        let mut first = String::new();
        BufReader::new((&file).take(8192)).read_line(&mut first).ok()?;
        let origin = Header::parse(first.trim_end())?.cpmg?;
        file.seek(SeekFrom::Start(bytes.saturating_sub(TAIL))).ok()?;
        let mut tail = Vec::new();
        (&file).take(TAIL).read_to_end(&mut tail).ok()?;
        let tail = String::from_utf8_lossy(&tail);
        let lasts = tail.lines().rev().find_map(Event::parse).map_or(0, |e| e.at);
        let row = RecordingRow { number, origin, bytes, lasts, open };
        if !open {
            self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(number, row.clone());
        }
        Some(row)
    }

    /// A new file and its number.
    fn create(&self) -> std::io::Result<(u64, File)> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let mut number = self.numbers().last().map_or(1, |n| n + 1);
        loop {
            let mut options = std::fs::OpenOptions::new();
            match options.write(true).create_new(true).mode(0o600).open(self.path(number)) {
                Ok(file) => return Ok((number, file)),
                Err(why) if why.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(why) => return Err(why),
            }
        }
    }

    /// Begins a recording.
    pub fn begin(&self, origin: Origin, size: Size) -> std::io::Result<(u64, Recorder)> {
        let (number, file) = self.create()?;
        let header = Header::new(origin, (size.columns(), size.lines()), TERM);
        let recorder = Recorder::begin(file, &header)?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(number);
        Ok((number, recorder))
    }

    /// A recording has ended.
    pub fn ended(&self, number: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|n| *n != number);
    }

    /// Removes what the rules keep no longer.
    pub fn tidy(&self) {
        let rows: Vec<RecordingRow> =
            self.numbers().into_iter().filter_map(|n| self.row(n)).filter(|r| !r.open).collect();
        let all: Vec<(u64, u64, u64)> = rows.iter().map(|r| (r.number, r.origin.began.0, r.bytes)).collect();
        for number in self.rules.borrow().outdated(&all, now().0) {
            if let Err(why) = std::fs::remove_file(self.path(number)) {
                tracing::warn!(%why, number, "an old recording of a shell is not removed");
            }
            self.done.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        }
    }

    fn part(&self, number: u64, offset: u64) -> std::io::Result<Part> {
        let mut file = File::open(self.path(number))?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(offset.min(size)))?;
        let mut bytes = Vec::new();
        file.take(PART as u64).read_to_end(&mut bytes)?;
        let last = offset.saturating_add(bytes.len() as u64) >= size;
        Ok(Part { bytes, size, last })
    }
}

/// A recording that does not say which user it is of, only a name, is the administrators'.
fn may_see(user: &User, origin: &Origin) -> bool {
    user.role == UserRole::Administrator || origin.user == Some(user.id)
}

impl Engine {
    /// The recording of a new shell, where the rules say so; a disk that is full refuses the shell when all are to be recorded.
    pub fn recorder(&self, origin: Origin, size: Size) -> Result<Option<(u64, Recorder)>, Failure> {
        if self.recordings.rules.borrow().recorded != Recorded::Always {
            return Ok(None);
        }
        self.recordings.tidy();
        self.recordings.begin(origin, size).map(Some).map_err(|why| no_recording(&why))
    }

    /// Recordings, newest first.
    pub fn recording_rows(&self, user: &User, wanted: impl Fn(&Origin) -> bool) -> Vec<RecordingRow> {
        let rows = self.recordings.numbers().into_iter().rev().filter_map(|n| self.recordings.row(n));
        rows.filter(|r| may_see(user, &r.origin) && wanted(&r.origin)).take(ROWS).collect()
    }

    /// A part of a recording. That somebody looks at another's goes to the trail.
    pub fn recording_part(&self, user: &User, number: u64, offset: u64) -> Result<Part, Failure> {
        let row = self.recordings.row(number).filter(|r| may_see(user, &r.origin)).ok_or_else(|| {
            Failure::new(
                FailureKind::NotFound,
                format!("there is no recording {number}, or it is another operator's"),
            )
            .keyed("error-no-recording")
            .arg("number", number)
        })?;
        if offset == 0 && row.origin.user != Some(user.id) {
            let what = sentence!(
                "deed-recording-look",
                "looked at recording {number} of a shell of {user}",
                number = number,
                user = row.origin.by
            );
            let node = (row.origin.node, row.origin.name.clone());
            let entry = crate::domain::audit::AuditEntry::new(now(), &user.name, AuditKind::Shell, what);
            self.audit(&entry.node(node.0, &node.1))?;
        }
        self.recordings.part(number, offset).map_err(|why| {
            Failure::new(FailureKind::Engine, format!("recording {number} cannot be read: {why}"))
                .keyed("error-recording-unreadable")
                .arg("number", number)
                .arg("why", why)
        })
    }

    /// Begins or ends the recording of a shell by hand.
    pub fn shell_record(
        &self,
        user: &User,
        shell: crate::domain::ids::ShellId,
        on: bool,
    ) -> Result<(), Failure> {
        let recorded = self.recordings.rules.borrow().recorded;
        if recorded != Recorded::Asked {
            return Err(Failure::new(
                FailureKind::NotAllowed,
                format!(
                    "the rules say that shells are {recorded} recorded: an administrator can change them"
                ),
            )
            .keyed("error-recorded-by-rule")
            .word("rule", &format!("recorded-{recorded}")));
        }
        self.shells.record(
            user,
            shell,
            |origin, size| {
                if !on {
                    return Ok(None);
                }
                self.recordings.tidy();
                self.recordings.begin(origin, size).map(Some).map_err(|why| no_recording(&why))
            },
            |number| self.recordings.ended(number),
        )?;
        self.topics.touch(super::topics::Area::Shells);
        Ok(())
    }

    /// Changes the rules for shells.
    pub fn shell_rules_set(&self, user: &User, rules: ShellRules) -> Result<(), Failure> {
        rules.check().map_err(|(field, why)| Failure::said(FailureKind::Invalid, &why).at(field))?;
        let what = sentence!(
            "deed-shell-rules",
            "rules for shells: kept {minutes} min without a client, recorded {recorded}, recordings kept {days} days and {mib} MiB",
            minutes = rules.keep_minutes,
            recorded = rules.recorded,
            days = rules.recording_days,
            mib = rules.recordings_mib
        );
        let _write = self.write();
        let entry = crate::domain::audit::AuditEntry::new(now(), &user.name, AuditKind::Shell, what);
        self.audit(&entry)?;
        self.records.save(super::records::SHELL_RULES, &super::records::ONLY.to_owned(), &rules)?;
        self.recordings.rules.send_replace(rules);
        self.recordings.tidy();
        Ok(())
    }
}

fn no_recording(why: &std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Engine,
        format!("the shell cannot be recorded, and the rules ask for it: {why}; look for room in the data directory"),
    )
    .keyed("error-not-recorded")
    .arg("why", why)
}
