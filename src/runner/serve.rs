//! The channel to `runner.sh serve` and what goes over it.

use super::following::{Following, START};
use super::frames::{Frame, Frames, Key};
use super::{Attempt, PROTOCOL, RunnerError, StepState};
use crate::domain::secret::Secret;
use crate::domain::text::harmless;
use crate::ssh::{ExecStream, Input, Session, SshError, StreamEvent, quote};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::bytes::Bytes;
use zeroize::Zeroize;

/// How long the runner may take to say hello; a node with a busy disk is slow to start a shell.
const HELLO: Duration = Duration::from_secs(30);
/// How long it may take to answer.
pub(super) const ANSWER: Duration = Duration::from_mins(1);
/// How long uploads may take.
const UPLOAD: Duration = Duration::from_mins(2);
/// Between the signals of [`NodeRunner::cancel`].
const CANCEL_PACE: Duration = Duration::from_millis(200);
/// Answers are asked for one by one, so this much never waits unless the node misbehaves.
const BACKLOG: usize = 8 * 1024 * 1024;
/// What every step's environment begins with.
const ENVIRONMENT: &str = "HOME=/root PATH=";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Unpacks standard input as the job's folder `$1`.
const UNPACK: &str = r#"umask 077
part=$1.part.$$
rm -rf "$1".part.*
mkdir -p "$part" && tar -xf - -C "$part" || { rm -rf "$part"; exit 1; }
[ ! -e "$1/runner.sh" ] || { rm -rf "$part"; exit 0; }
mkdir -p "$1" || exit 1
for one in "$part"/*; do
  case $one in
    */runner.sh) ;;
    *) rm -rf "$1/${one##*/}" && mv "$one" "$1/" || exit 1 ;;
  esac
done
mv "$part/runner.sh" "$1/" && rmdir "$part""#;

/// An answer: perhaps output, always a state.
pub(super) struct Answer {
    pub(super) chunk: Option<(u64, Vec<u8>)>,
    pub(super) state: StepState,
}

#[derive(Default)]
struct Listeners {
    open: HashMap<Key, Vec<UnboundedSender<Answer>>>,
    gone: Option<String>,
}

type Shared = Arc<Mutex<Listeners>>;

struct Inner {
    session: Session,
    folder: String,
    boot_id: String,
    input: Input,
    listeners: Shared,
    reader: JoinHandle<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// The runner of one job on one node. Clones share it; dropping the last one ends `serve` on the node and no step.
#[derive(Clone)]
pub struct NodeRunner(Arc<Inner>);

impl NodeRunner {
    /// The job's folder on a node, under `base` (usually [`super::BASE`]).
    pub fn folder(base: &str, job: &str) -> String {
        format!("{base}/jobs/{job}")
    }

    /// Unpacks the job's files, unless they are there: beside their place and then moved, `runner.sh` last, so that a link that
    /// breaks or a disk that is full leaves no half of them. A tar archive with `runner.sh` ([`super::RUNNER_SH`]), `lib.sh`, `steps/MODULE/STEP.sh`,
    /// `vars/MODULE.sh`, `files/MODULE/…`.
    pub async fn upload(
        session: &Session,
        folder: &str,
        bundle: impl Into<Bytes>,
    ) -> Result<(), RunnerError> {
        let command = format!("sh -c {} sh {}", quote(UNPACK), quote(folder));
        Ok(session.run_ok("unpacking files", &command, bundle, UPLOAD).await.map(drop)?)
    }

    /// Attaches to the job in `folder`, where its files were uploaded before.
    pub async fn attach(session: &Session, folder: &str) -> Result<Self, RunnerError> {
        Self::attach_with_path(session, folder, PATH).await
    }

    pub(super) async fn attach_with_path(
        session: &Session,
        folder: &str,
        path: &str,
    ) -> Result<Self, RunnerError> {
        let mut dice = [0_u8; 12];
        getrandom::fill(&mut dice)
            .map_err(|e| RunnerError::Gone { host: session.host(), why: e.to_string() })?;
        let nonce = format!("cpmg{}", hex::encode(dice));
        let script = quote(&format!("{folder}/runner.sh"));
        let command = format!("exec env -i {ENVIRONMENT}{path} sh {script} serve");
        let mut stream = session.exec_stream(&command, BACKLOG).await?;
        let input = stream.input();
        input.write(format!("{nonce}\n")).await?;
        let mut frames = Frames::new(&nonce);
        let hello = timeout(HELLO, hello(session, &mut stream, &mut frames))
            .await
            .map_err(|_| RunnerError::Silent { host: session.host() })?;
        let (protocol, boot_id) = hello?;
        if protocol != PROTOCOL {
            return Err(RunnerError::Protocol { host: session.host(), theirs: protocol });
        }
        let listeners = Shared::default();
        let reader = tokio::spawn(read(stream, frames, Arc::clone(&listeners)));
        let folder = folder.to_owned();
        Ok(Self(Arc::new(Inner { session: session.clone(), folder, boot_id, input, listeners, reader })))
    }

    /// The node's boot id when this was attached.
    pub fn boot_id(&self) -> &str {
        &self.0.boot_id
    }

    /// The connection it uses.
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// Starts the attempt, or attaches to it where it was started before; its output follows from `offset`. The secrets
    /// reach the step as shell variables, by a file that it removes.
    pub async fn begin(
        &self,
        attempt: &Attempt,
        offset: u64,
        secrets: &[(String, Secret)],
    ) -> Result<Following, RunnerError> {
        if offset > 0 {
            // It printed something: it was started, whatever the node's files say now.
            return self.follow(attempt, offset).await;
        }
        let key = attempt.key();
        let file =
            if secrets.is_empty() { "-".to_owned() } else { self.upload_secrets(&key, secrets).await? };
        let answers = self.listen(&key);
        self.send("start", &key, &offset.to_string(), &file).await?;
        Ok(Following::new(self.clone(), key, answers, offset, true))
    }

    /// Follows an attempt that was begun before, from `offset`.
    pub async fn follow(&self, attempt: &Attempt, offset: u64) -> Result<Following, RunnerError> {
        let key = attempt.key();
        let answers = self.listen(&key);
        self.ask(&key, offset).await?;
        Ok(Following::new(self.clone(), key, answers, offset, false))
    }

    /// Where an attempt stands.
    pub async fn status(&self, attempt: &Attempt) -> Result<StepState, RunnerError> {
        let key = attempt.key();
        let mut answers = self.listen(&key);
        self.send("status", &key, "-", "-").await?;
        self.answer(&mut answers).await.map(|a| a.state)
    }

    /// Ends the attempt's whole process group: politely first, by force after `grace`. Returns when it is over or was never
    /// begun; who follows it is told, too.
    pub async fn cancel(&self, attempt: &Attempt, grace: Duration) -> Result<StepState, RunnerError> {
        let key = attempt.key();
        let mut answers = self.listen(&key);
        let force_at = Instant::now() + grace;
        let mut absences = 0;
        let began = Instant::now();
        loop {
            let signal = if Instant::now() < force_at { "TERM" } else { "KILL" };
            self.send("kill", &key, signal, "-").await?;
            let mut state = self.answer(&mut answers).await?.state;
            // Let it end; ask again if it takes its time. A start still on its way is waited for.
            let again_at = Instant::now() + CANCEL_PACE;
            while !state.is_over() {
                match timeout_at(again_at, answers.recv()).await {
                    Ok(Some(answer)) => state = answer.state,
                    Ok(None) => return Err(self.gone()),
                    Err(_) => break,
                }
            }
            absences += u32::from(state == StepState::Absent);
            // What was claimed by nobody who is alive does not start any more.
            let never = state == StepState::Starting && began.elapsed() > START;
            if state.is_over() || absences > 10 || never {
                return Ok(state);
            }
        }
    }

    /// Ends `serve` on the node; steps go on.
    pub async fn close(&self) {
        let bye = self.0.input.write("quit - - - - .\n");
        if timeout(Duration::from_secs(2), bye).await.is_err() {
            tracing::debug!("the runner on {} did not take the good-bye", self.0.session.host());
        }
    }

    async fn answer(&self, answers: &mut UnboundedReceiver<Answer>) -> Result<Answer, RunnerError> {
        match timeout(ANSWER, answers.recv()).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(self.gone()),
            Err(_) => Err(RunnerError::Silent { host: self.0.session.host() }),
        }
    }

    fn listen(&self, key: &Key) -> UnboundedReceiver<Answer> {
        let (send, receive) = unbounded_channel();
        let mut listeners = lock(&self.0.listeners);
        listeners.open.retain(|_, all| {
            all.retain(|one| !one.is_closed());
            !all.is_empty()
        });
        // Nobody would ever close it: the reader is gone.
        if listeners.gone.is_none() {
            listeners.open.entry(key.clone()).or_default().push(send);
        }
        receive
    }

    pub(super) fn gone(&self) -> RunnerError {
        let why = lock(&self.0.listeners).gone.clone().unwrap_or_else(|| "it was closed".into());
        RunnerError::Gone { host: self.0.session.host(), why }
    }

    pub(super) async fn ask(&self, key: &Key, offset: u64) -> Result<(), RunnerError> {
        self.send("follow", key, &offset.to_string(), "-").await
    }

    pub(super) fn silent(&self) -> RunnerError {
        RunnerError::Silent { host: self.0.session.host() }
    }

    async fn send(&self, verb: &str, key: &Key, a: &str, b: &str) -> Result<(), RunnerError> {
        let line = format!("{verb} {} {} {a} {b} .\n", key.step, key.attempt);
        match timeout(ANSWER, self.0.input.write(line)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(self.silent()),
        }
    }

    async fn upload_secrets(&self, key: &Key, secrets: &[(String, Secret)]) -> Result<String, RunnerError> {
        let mut dice = [0_u8; 8];
        getrandom::fill(&mut dice).map_err(|_| RunnerError::Secret("(no randomness)".into()))?;
        let name = format!("secrets-{}", hex::encode(dice));
        let folder = quote(&format!("{}/run/{}.{}", self.0.folder, key.step, key.attempt));
        let script = format!("umask 077; mkdir -p {folder} && cat >{folder}/{name}");
        let mut text = assignments(secrets)?;
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        text.zeroize();
        self.0
            .session
            .run_ok("giving a step its secrets", &format!("sh -c {}", quote(&script)), bytes, UPLOAD)
            .await?;
        Ok(name)
    }
}

/// One shell assignment a line.
fn assignments(secrets: &[(String, Secret)]) -> Result<String, RunnerError> {
    let mut text = String::new();
    for (name, value) in secrets {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !plain || !starts_well || value.reveal().contains('\0') {
            return Err(RunnerError::Secret(name.clone()));
        }
        // Revealed into the file's text, which is wiped after sending.
        let mut quoted = value.reveal().replace('\'', r"'\''");
        writeln!(text, "{name}='{quoted}'").map_err(|_| RunnerError::Secret(name.clone()))?;
        quoted.zeroize();
    }
    Ok(text)
}

fn lock(listeners: &Shared) -> std::sync::MutexGuard<'_, Listeners> {
    listeners.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the first frame; what comes instead is the reason why there is none.
async fn hello(
    session: &Session,
    stream: &mut ExecStream,
    frames: &mut Frames,
) -> Result<(u32, String), RunnerError> {
    let host = session.host();
    let mut said = Vec::new();
    let mut out = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            StreamEvent::Stdout(bytes) => {
                frames
                    .push(&bytes, &mut out)
                    .map_err(|e| RunnerError::Gone { host: host.clone(), why: e.to_string() })?;
                if let Some(Frame::Hello { protocol, boot_id }) = out.first() {
                    return Ok((*protocol, boot_id.clone()));
                }
            }
            StreamEvent::Stderr(bytes) if said.len() < 4096 => said.extend_from_slice(&bytes),
            StreamEvent::Refused => {
                return Err(SshError::RequestRefused { host, what: "to run a command" }.into());
            }
            _ => {}
        }
    }
    if !session.is_up() {
        return Err(session.lost().await.into());
    }
    let said = String::from_utf8_lossy(&said);
    let said = harmless(said.lines().last().unwrap_or("it said nothing"));
    Err(RunnerError::NotThere { host, said })
}

/// Reads frames until the channel ends and hands them to whoever listens.
async fn read(mut stream: ExecStream, mut frames: Frames, listeners: Shared) {
    let mut out = Vec::new();
    let mut chunk: Option<(Key, u64, Vec<u8>)> = None;
    let mut said = String::new();
    let why = loop {
        match stream.next().await {
            Some(StreamEvent::Stdout(bytes)) => {
                if let Err(e) = frames.push(&bytes, &mut out) {
                    break e.to_string();
                }
            }
            Some(StreamEvent::Stderr(bytes)) => said = harmless(String::from_utf8_lossy(&bytes).trim()),
            Some(StreamEvent::Overrun) => break "it sent more than was asked for".into(),
            Some(StreamEvent::Ended(_) | StreamEvent::Refused) => {}
            None => break if said.is_empty() { "its channel was closed".into() } else { said },
        }
        for frame in out.drain(..) {
            match frame {
                Frame::Chunk { key, start, bytes } => chunk = Some((key, start, bytes)),
                Frame::State { key, state } => {
                    let chunk =
                        chunk.take().filter(|(k, ..)| *k == key).map(|(_, start, bytes)| (start, bytes));
                    tell(&listeners, &key, chunk.as_ref(), &state);
                }
                Frame::Error(why) => tracing::warn!("runner: {}", harmless(&why)),
                Frame::Hello { .. } => {}
            }
        }
    };
    let mut listeners = lock(&listeners);
    listeners.gone = Some(why);
    listeners.open.clear();
}

fn tell(listeners: &Shared, key: &Key, chunk: Option<&(u64, Vec<u8>)>, state: &StepState) {
    if let Some(all) = lock(listeners).open.get_mut(key) {
        all.retain(|one| one.send(Answer { chunk: chunk.cloned(), state: state.clone() }).is_ok());
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn secrets_become_assignments() {
        let one = |name: &str, value: &str| assignments(&[(name.into(), Secret::new(value))]);
        assert_eq!(one("A_1", "it's $x\n").unwrap(), "A_1='it'\\''s $x\n'\n");
        for (name, value) in [("", ""), ("1A", ""), ("A;B", ""), ("A", "\0")] {
            assert!(one(name, value).is_err(), "{name}");
        }
    }
}
