//! One node: the program is sent, its lines are read, what it does not answer is noted.

use super::ProbeError;
use super::answer::{Line, line};
use super::coordinate::{Mile, Options, Phase, ProbeEvent};
use super::script::{Question, Script, command, program, script};
use crate::domain::check::probe::{ProbeResult, Task, TaskKind};
use crate::domain::ids::NodeId;
use crate::domain::time::Moment;
use crate::ssh::{ExecStream, Input, Session, SshError, StreamEvent};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Most bytes of a node's answers.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// Longest line, bytes: a heard NIC with 256 marks is far below.
const LINE_MAX: usize = 64 * 1024;
/// How often the clock is asked; the quickest answer counts.
const CLOCK_TRIES: usize = 5;
/// Words of stderr that are kept for the operator.
const WORDS_MAX: usize = 400;
/// The node's own repositories that are reported.
const REPOSITORIES_MAX: usize = 16;

/// What a node's task needs from its run.
pub(super) struct Probe {
    pub node: NodeId,
    pub run: [u8; 8],
    pub options: Arc<Options>,
    pub deadline: Instant,
    pub known: Arc<BTreeSet<NodeId>>,
    pub now: fn() -> Moment,
    pub phase: watch::Receiver<Phase>,
    pub miles: mpsc::UnboundedSender<(NodeId, Mile)>,
    pub events: mpsc::Sender<(NodeId, ProbeEvent)>,
    pub cancel: CancellationToken,
}

/// Asks one node, to the end; reports everything it was asked.
pub(super) async fn probe(mut with: Probe, session: Session, tasks: Vec<Task>) {
    let limit = with.options.deadline.as_secs() + 5;
    let mut script = script(with.run, with.node, limit, &tasks);
    for refused in std::mem::take(&mut script.refused) {
        with.tell(ProbeEvent::Result(refused)).await;
    }
    let cancel = with.cancel.clone();
    let (deadline, whole) = (with.deadline, with.options.deadline);
    let ended = {
        let work = ask(&mut with, &session, &mut script);
        tokio::select! {
            () = cancel.cancelled() => Err(ProbeError::Cancelled),
            done = timeout_at(deadline, work) => done.unwrap_or(Err(ProbeError::Silent(whole))),
        }
    };
    let why = match &ended {
        Ok(()) => "the program did not answer this".to_owned(),
        Err(e) => e.to_string(),
    };
    // The barrier first: nobody waits for somebody who is gone.
    with.pass(Mile::Ended);
    for question in &script.open {
        with.tell(ProbeEvent::Result(question.not_checked(&why))).await;
    }
    with.tell(ProbeEvent::Ended(ended)).await;
}

impl Probe {
    /// Tells the run's owner; nobody there to listen means that the run is over.
    async fn tell(&self, event: ProbeEvent) {
        let _ = self.events.send((self.node, event)).await;
    }

    fn pass(&self, mile: Mile) {
        let _ = self.miles.send((self.node, mile));
    }
}

/// The conversation with a program.
struct Talk<'a> {
    with: &'a mut Probe,
    script: &'a mut Script,
    input: Input,
    /// NICs of the tasks.
    nics: BTreeSet<String>,
    /// NICs that were described and pairs that were heard, each once.
    told: BTreeSet<(String, Option<(NodeId, String)>)>,
    /// When the clock was asked, and how often it answered.
    asked: Option<(Moment, Instant)>,
    clocks: usize,
    /// Best comparison: offset and uncertainty, ms.
    clock: Option<(f64, f64)>,
    ready: bool,
    /// Answers about the node's own repositories.
    own: usize,
}

async fn ask(with: &mut Probe, session: &Session, script: &mut Script) -> Result<(), ProbeError> {
    let mut stream = session.exec_stream(&command(&with.options.interpreters), ANSWER_MAX).await?;
    let nics = script.open.iter().filter_map(|q| q.nic().map(str::to_owned)).collect();
    let input = stream.input();
    let mut talk = Talk {
        with,
        script,
        input,
        nics,
        told: BTreeSet::new(),
        asked: None,
        clocks: 0,
        clock: None,
        ready: false,
        own: 0,
    };
    let (mut said, mut words, mut total) = (Vec::new(), Vec::new(), 0);
    let mut phase = talk.with.phase.clone();
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            Ok(()) = phase.changed() => {
                let at = *phase.borrow_and_update();
                talk.turn(at).await?;
                continue;
            }
        };
        match event {
            Some(StreamEvent::Stdout(bytes)) => {
                total += bytes.len();
                said.extend_from_slice(&bytes);
                if total > ANSWER_MAX || said.len() > LINE_MAX + bytes.len() {
                    return Err(ProbeError::TooMuch(ANSWER_MAX));
                }
                let Some(end) = said.iter().rposition(|b| *b == b'\n') else { continue };
                let rest = said.split_off(end + 1);
                for text in std::mem::replace(&mut said, rest).split(|b| *b == b'\n') {
                    if let Some(line) = line(String::from_utf8_lossy(text).trim_end())
                        && talk.heed(line).await?
                    {
                        finish(&mut stream).await;
                        return Ok(());
                    }
                }
            }
            Some(StreamEvent::Stderr(bytes)) => {
                let room = WORDS_MAX.saturating_sub(words.len()).min(bytes.len());
                words.extend_from_slice(bytes.get(..room).unwrap_or_default());
            }
            Some(StreamEvent::Refused) => {
                return Err(
                    SshError::RequestRefused { host: session.host(), what: "to run a command" }.into()
                );
            }
            Some(StreamEvent::Overrun) => return Err(ProbeError::TooMuch(ANSWER_MAX)),
            Some(StreamEvent::Ended(_)) => {}
            None if !session.is_up() => return Err(session.lost().await.into()),
            None => return Err(ProbeError::Ended(String::from_utf8_lossy(&words).into_owned())),
        }
    }
}

/// Lets the node end by itself, so that what follows finds it as it was.
async fn finish(stream: &mut ExecStream) {
    stream.input().end().await;
    let until = Instant::now() + Duration::from_secs(2);
    while let Ok(Some(event)) = timeout_at(until, stream.next()).await {
        if matches!(event, StreamEvent::Ended(_)) {
            break;
        }
    }
}

impl Talk<'_> {
    /// The others have come to `phase`.
    async fn turn(&mut self, phase: Phase) -> Result<(), ProbeError> {
        if !self.ready {
            return Ok(());
        }
        match phase {
            Phase::Prepare => {}
            Phase::Go => self.input.write("go\n").await?,
            // A second go is nothing to it.
            Phase::Stop => self.input.write("go\nstop\n").await?,
        }
        Ok(())
    }

    /// True: that was the last line.
    async fn heed(&mut self, line: Line) -> Result<bool, ProbeError> {
        match line {
            Line::Found(word) => {
                let text = program(&word).ok_or(ProbeError::NoInterpreter)?;
                self.input.write(text + &self.script.text).await?;
            }
            Line::Hello(program) => self.with.tell(ProbeEvent::Started(program)).await,
            Line::Ready if self.script.clock => self.ask_clock().await?,
            Line::Ready => self.ready().await?,
            Line::Time(ms) => return self.compare(ms).await.map(|()| false),
            Line::Sent => self.with.pass(Mile::Sent),
            Line::Fault(fault) => self.fault(&fault).await,
            Line::Clock(source, synchronised) => {
                if let Some((offset, uncertainty)) = self.clock
                    && self.script.open.remove(&Question::Clock)
                {
                    let result = ProbeResult::Clock {
                        offset_ms: whole(offset),
                        uncertainty_ms: u32::try_from(whole(uncertainty.ceil())).unwrap_or(u32::MAX),
                        synchronised,
                        source,
                    };
                    self.with.tell(ProbeEvent::Result(result)).await;
                }
            }
            Line::Result(result, question) => self.result(result, question).await,
            Line::Done => {
                // What was heard is complete only now.
                let own = self.own > 0;
                self.script
                    .open
                    .retain(|q| q.kind() != TaskKind::Frames && !(own && *q == Question::Configured));
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn ready(&mut self) -> Result<(), ProbeError> {
        if std::mem::replace(&mut self.ready, true) {
            return Ok(());
        }
        self.with.tell(ProbeEvent::Ready).await;
        let phase = *self.with.phase.borrow();
        if phase > Phase::Prepare {
            // Too late to be heard by all: no answer about frames is right from here on.
            let late = |q: &Question| {
                q.not_checked(
                    "the node was ready only after the others had begun: check again when it is less busy",
                )
            };
            let frames: Vec<Question> =
                self.script.open.iter().filter(|q| q.kind() == TaskKind::Frames).cloned().collect();
            for question in &frames {
                self.script.open.remove(question);
                self.with.tell(ProbeEvent::Result(late(question))).await;
            }
            self.turn(Phase::Go).await?;
        }
        if phase == Phase::Stop {
            self.turn(Phase::Stop).await?;
        }
        self.with.pass(Mile::Ready);
        Ok(())
    }

    async fn ask_clock(&mut self) -> Result<(), ProbeError> {
        self.asked = Some(((self.with.now)(), Instant::now()));
        self.input.write("time\n").await?;
        Ok(())
    }

    /// The node's clock against the middle of question and answer.
    async fn compare(&mut self, ms: f64) -> Result<(), ProbeError> {
        let Some((asked, since)) = self.asked.take() else { return Ok(()) };
        let half = since.elapsed().as_secs_f64() * 500.0;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
        let offset = ms - (asked.0 as f64 + half);
        if self.clock.is_none_or(|(_, best)| half < best) {
            self.clock = Some((offset, half));
        }
        self.clocks += 1;
        if self.clocks < CLOCK_TRIES { self.ask_clock().await } else { self.ready().await }
    }

    async fn fault(&mut self, fault: &super::answer::Fault) {
        let about: Vec<Question> = self.script.open.iter().filter(|q| fault.answers(q)).cloned().collect();
        if about.is_empty() && fault.task == TaskKind::Repositories && self.is_own() {
            let own = Question::Url(fault.subject.clone());
            self.with.tell(ProbeEvent::Result(own.not_checked(&fault.why))).await;
        }
        for question in about {
            self.script.open.remove(&question);
            self.with.tell(ProbeEvent::Result(question.not_checked(&fault.why))).await;
        }
    }

    /// Counts one of the node's own repositories: whether it is to be told.
    fn is_own(&mut self) -> bool {
        self.own += 1;
        self.script.open.contains(&Question::Configured) && self.own <= REPOSITORIES_MAX
    }

    async fn result(&mut self, result: ProbeResult, question: Option<Question>) {
        let asked = match (&result, &question) {
            (ProbeResult::Nic { nic, .. }, _) => {
                self.nics.contains(nic) && self.told.insert((nic.clone(), None))
            }
            (ProbeResult::Heard { nic, from, from_nic, .. }, _) => {
                self.nics.contains(nic)
                    && self.with.known.contains(from)
                    && self.told.insert((nic.clone(), Some((*from, from_nic.clone()))))
            }
            (ProbeResult::Repository { .. }, Some(question)) if !self.script.open.contains(question) => {
                self.is_own()
            }
            (_, Some(question)) => self.script.open.remove(question),
            (_, None) => false,
        };
        if asked {
            self.with.tell(ProbeEvent::Result(result)).await;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
fn whole(ms: f64) -> i64 {
    ms.round() as i64
}
