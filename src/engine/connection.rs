//! One client.
//!
//! Hello first; then requests are answered by tasks of their own, while one loop writes: answers as they come, and, for
//! each subscription whose area was touched, the difference between what this client has and what is. The loop waits for
//! this client's socket and for nobody else's; the engine waits for neither.

use super::auth::Caller;
use super::objects::Object;
use super::records::blocking;
use super::shells::Attached;
use super::trail::Asked;
use super::{Engine, authorise, deeds, trail};
use crate::api::codec::{decode, decode_request, encode_answer, framing};
use crate::api::message::{ClientFrame, EngineFrame, Hello};
use crate::api::{
    ANSWER_MAX, FRAME_MAX, Failure, FailureKind, HELLO_DEADLINE_MS, PROTOCOL, Request, Response, Row, RowKey,
    Topic, Update,
};
use crate::domain::job::JobState;
use crate::domain::rate::Bucket;
use crate::domain::user::User;
use futures_util::{SinkExt, StreamExt};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};
use tokio_util::sync::CancellationToken;

/// Rows in one frame: far below the largest frame even when every row is a node with all its facts.
const ROWS_PER_FRAME: usize = 100;
/// Shortest time between two rounds of updates.
const ROUND: Duration = Duration::from_millis(50);
/// At most every so manieth part of the time goes into updates of one client: a job of a thousand nodes is looked at less often
/// than one of ten.
const SHARE: u32 = 15;
/// Longest time between two rounds while there is something to tell.
const ROUND_MAX: Duration = Duration::from_millis(750);
/// How often what moves by itself (elapsed times, bars of running steps) is looked at.
const MOVING: Duration = Duration::from_secs(1);
/// Requests of one client that may be under way at once.
const REQUESTS_MAX: usize = 64;
/// Answers with rows, the largest there are, of one client that may wait for it to read: a client that reads nothing costs so many.
const ROWS_WAITING: usize = 4;
/// Requests of one connection that are free at once, and how many a second go on.
const BURST: u32 = 4_000;
const A_SECOND: u32 = 1_000;
/// The same before anybody has logged in on it.
const STRANGERS_BURST: u32 = 40;
const STRANGERS_A_SECOND: u32 = 10;
/// How long an engine that stops waits for its last answers to go out.
pub const LAST_WORDS: Duration = Duration::from_secs(1);
/// Answers to keyed requests that are remembered.
const REMEMBERED: usize = 256;

/// A frame that is to be written, and the place that it takes meanwhile.
type Waiting = (EngineFrame, Option<OwnedSemaphorePermit>);
type Sink = FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>;

/// What one client holds of one topic.
#[derive(Default)]
struct Held {
    seen: Option<u64>,
    revision: u64,
    rows: BTreeMap<RowKey, Row>,
    moving: bool,
}

/// Serves a connection to its end.
pub async fn serve(engine: Arc<Engine>, caller: Caller, stream: UnixStream, stop: CancellationToken) {
    let (source, sink) = stream.into_split();
    let mut source = FramedRead::new(source, framing(FRAME_MAX));
    let mut sink = FramedWrite::new(sink, framing(ANSWER_MAX));
    let mine = Hello {
        protocol: PROTOCOL,
        release: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        first_start: engine.model.read().users.is_empty(),
        simulated: engine.options.simulated,
        notices: engine.notices(),
    };
    let exchange = async {
        sink.send(encode_answer(&mine).ok()?).await.ok()?;
        let frame = source.next().await?.ok()?;
        decode::<Hello>(&frame).ok()
    };
    let theirs =
        tokio::time::timeout(Duration::from_millis(HELLO_DEADLINE_MS), exchange).await.ok().flatten();
    // Whoever speaks another version has our hello and says so to its operator.
    if theirs.is_none_or(|h| h.protocol != PROTOCOL) {
        return;
    }
    let caller = Arc::new(caller);
    engine.arrived(&caller);
    let (tell, told) = mpsc::channel(REQUESTS_MAX);
    let shared = Arc::new(Shared::default());
    let read = read(Arc::clone(&engine), Arc::clone(&caller), source, tell, Arc::clone(&shared));
    let mut write = std::pin::pin!(write(Arc::clone(&engine), Arc::clone(&caller), sink, told, shared));
    tokio::select! {
        () = read => {}
        () = &mut write => {}
        () = stop.cancelled() => {}
    }
    if stop.is_cancelled() {
        // No more requests; answers that are under way still go out, the one to the request to stop among them.
        let _ = tokio::time::timeout(LAST_WORDS, write).await;
    }
    engine.left(&caller);
}

/// What reader and writer of one connection share.
#[derive(Default)]
pub struct Shared {
    topics: Mutex<HashMap<Topic, Held>>,
    shells: Mutex<Vec<Attached>>,
    /// Something in here changed: the writer looks again.
    poke: tokio::sync::Notify,
    answered: Mutex<Vec<(String, Result<Response, Failure>)>>,
}

impl Shared {
    /// Attaches a shell to this connection.
    pub fn attach(&self, shell: Attached) {
        let mut shells = self.shells.lock().unwrap_or_else(PoisonError::into_inner);
        shells.retain(|s| s.id() != shell.id());
        shells.push(shell);
        self.poke.notify_one();
    }

    /// Detaches a shell.
    pub fn detach(&self, id: crate::domain::ids::ShellId) {
        self.shells.lock().unwrap_or_else(PoisonError::into_inner).retain(|s| s.id() != id);
    }
}

async fn read(
    engine: Arc<Engine>,
    caller: Arc<Caller>,
    mut source: FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
    tell: mpsc::Sender<Waiting>,
    shared: Arc<Shared>,
) {
    let turns = Arc::new(Semaphore::new(REQUESTS_MAX));
    let places = Arc::new(Semaphore::new(ROWS_WAITING));
    let at = engine.auth.clock.steady();
    let mut of_everybody = Bucket::new(BURST, A_SECOND, at);
    let mut of_strangers = Bucket::new(STRANGERS_BURST, STRANGERS_A_SECOND, at);
    while let Some(Ok(frame)) = source.next().await {
        // Whoever asks too much is slowed down by not being read: the client's own socket fills up.
        let at = engine.auth.clock.steady();
        let mut wait = of_everybody.take(at);
        if caller.session().is_none() {
            wait = wait.max(of_strangers.take(at));
        }
        if wait > 0 {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        let Ok(ClientFrame { id, key, request }) = decode_request(&frame) else { continue };
        // Typing keeps its order: it is done here and now, and its answer is not waited for by anybody.
        if matches!(request, Request::ShellWrite { .. } | Request::ShellResize { .. }) {
            let result = Box::pin(answer(&engine, &caller, &shared, request)).await;
            let _ = tell.send((EngineFrame::Reply { id, result }, None)).await;
            continue;
        }
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        let (engine, caller, shared, tell) =
            (Arc::clone(&engine), Arc::clone(&caller), Arc::clone(&shared), tell.clone());
        let places = matches!(request, Request::Rows(_)).then(|| Arc::clone(&places));
        // What only looks ends with its client; what changes something is done to its end.
        let only_looks = matches!(&request, Request::Logs(ask) if ask.only_looks());
        tokio::spawn(async move {
            let place = match places {
                Some(places) => places.acquire_owned().await.ok(),
                None => None,
            };
            let result = tokio::select! {
                biased;
                result = Box::pin(keyed(&engine, &caller, &shared, key, request)) => result,
                () = tell.closed(), if only_looks => return,
            };
            let _ = tell.send((EngineFrame::Reply { id, result }, place)).await;
            drop(turn);
        });
    }
}

/// Answers a request whose key was seen before from memory.
async fn keyed(
    engine: &Arc<Engine>,
    caller: &Arc<Caller>,
    shared: &Arc<Shared>,
    key: Option<String>,
    request: Request,
) -> Result<Response, Failure> {
    let Some(key) = key else { return Box::pin(answer(engine, caller, shared, request)).await };
    let known = {
        let answered = shared.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().find(|(k, _)| *k == key).map(|(_, r)| r.clone())
    };
    if let Some(known) = known {
        return known;
    }
    let result = Box::pin(answer(engine, caller, shared, request)).await;
    let mut answered = shared.answered.lock().unwrap_or_else(PoisonError::into_inner);
    if answered.len() >= REMEMBERED {
        answered.drain(..1);
    }
    answered.push((key, result.clone()));
    result
}

async fn answer(
    engine: &Arc<Engine>,
    caller: &Arc<Caller>,
    shared: &Arc<Shared>,
    request: Request,
) -> Result<Response, Failure> {
    let user = authorise::authorise(engine, caller, &request)?;
    engine.touch_session(caller);
    let deed = engine.deed_asked(user.as_ref(), &request);
    let waits = deeds::tells_itself(&request);
    match request {
        Request::Subscribe(topic) => {
            let mut topics = shared.topics.lock().unwrap_or_else(PoisonError::into_inner);
            topics.insert(topic, Held::default());
            shared.poke.notify_one();
            Ok(Response::Done)
        }
        Request::Unsubscribe(topic) => {
            shared.topics.lock().unwrap_or_else(PoisonError::into_inner).remove(&topic);
            Ok(Response::Done)
        }
        request => {
            let asked = Asked::new(caller, deed, waits);
            trail::during(engine, asked, Box::pin(engine.answer(caller, user, shared, request))).await
        }
    }
}

async fn write(
    engine: Arc<Engine>,
    caller: Arc<Caller>,
    mut sink: Sink,
    mut told: mpsc::Receiver<Waiting>,
    shared: Arc<Shared>,
) {
    let mut tick = engine.topics.watch();
    let mut was_logged_in = false;
    let mut last_round = Instant::now();
    let mut pause = ROUND;
    let mut due: Option<Instant> = None;
    loop {
        let moving = shared.topics.lock().unwrap_or_else(PoisonError::into_inner).values().any(|h| h.moving);
        let shell_news = Attached::any_news(&shared.shells.lock().unwrap_or_else(PoisonError::into_inner));
        let round = tokio::select! {
            frame = told.recv() => {
                let Some((frame, _place)) = frame else { return };
                if send(&mut sink, &frame).await.is_err() { return }
                false
            }
            _ = tick.changed() => {
                // Changes come in bursts: one round for a burst. Answers are not held up by it.
                due.get_or_insert(last_round + pause);
                false
            }
            () = shared.poke.notified() => {
                due.get_or_insert(last_round);
                false
            }
            () = shell_news => false,
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => true,
            () = tokio::time::sleep(MOVING), if moving => true,
        };
        for frame in shell_frames(&engine, &caller, &shared) {
            if send(&mut sink, &frame).await.is_err() {
                return;
            }
        }
        if !round {
            continue;
        }
        due = None;
        let began = Instant::now();
        tick.borrow_and_update();
        let user = caller.user();
        let logged_in = user.is_some();
        if was_logged_in && !logged_in && send(&mut sink, &EngineFrame::SessionEnded).await.is_err() {
            return;
        }
        was_logged_in = logged_in;
        let Some(user) = user else {
            last_round = began;
            continue;
        };
        let updates = blocking(|| updates(&engine, &user, &shared));
        last_round = Instant::now();
        pause = (last_round.duration_since(began) * SHARE).clamp(ROUND, ROUND_MAX);
        for update in updates {
            if send(&mut sink, &EngineFrame::Update(update)).await.is_err() {
                return;
            }
        }
    }
}

fn shell_frames(engine: &Engine, caller: &Caller, shared: &Shared) -> Vec<EngineFrame> {
    let mut shells = shared.shells.lock().unwrap_or_else(PoisonError::into_inner);
    // Whoever may not reach the node any more sees no more of it.
    if !shells.is_empty() {
        let user = caller.user();
        shells.retain(|s| user.as_ref().is_some_and(|u| engine.reach(u, Object::Shell(s.id())).is_ok()));
    }
    let frames: Vec<EngineFrame> =
        shells.iter_mut().flat_map(Attached::take).map(EngineFrame::Shell).collect();
    shells.retain(|s| !s.is_over());
    frames
}

async fn send(sink: &mut Sink, frame: &EngineFrame) -> Result<(), ()> {
    let bytes = match encode_answer(frame) {
        Ok(bytes) => bytes,
        Err(why) => {
            tracing::error!(%why, "a frame could not be encoded");
            let EngineFrame::Reply { id, .. } = frame else { return Ok(()) };
            let failure = Failure::new(FailureKind::Engine, why.to_string());
            encode_answer(&EngineFrame::Reply { id: *id, result: Err(failure) }).map_err(drop)?
        }
    };
    sink.send(bytes).await.map_err(drop)
}

/// What this client does not have yet.
fn updates(engine: &Arc<Engine>, user: &User, shared: &Shared) -> Vec<Update> {
    let mut topics = shared.topics.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = Vec::new();
    for (topic, held) in topics.iter_mut() {
        let version = engine.topics.version(*topic);
        if held.seen == Some(version) && !held.moving {
            continue;
        }
        let first = held.seen.is_none();
        held.seen = Some(version);
        let now: BTreeMap<RowKey, Row> =
            engine.rows_for(user, *topic).into_iter().map(|r| (r.key(), r)).collect();
        held.moving = now.values().any(moves);
        let changed: Vec<Row> =
            now.iter().filter(|(k, r)| held.rows.get(*k) != Some(*r)).map(|(_, r)| r.clone()).collect();
        let gone: Vec<RowKey> = held.rows.keys().filter(|k| !now.contains_key(k)).copied().collect();
        held.rows = now;
        if !first && changed.is_empty() && gone.is_empty() {
            continue;
        }
        let mut snapshot = first;
        let mut gone = Some(gone);
        let mut chunks = changed.chunks(ROWS_PER_FRAME).map(<[Row]>::to_vec).collect::<Vec<_>>();
        if chunks.is_empty() {
            chunks.push(Vec::new());
        }
        for rows in chunks {
            held.revision += 1;
            out.push(Update {
                topic: *topic,
                revision: held.revision,
                snapshot,
                rows,
                gone: gone.take().unwrap_or_default(),
            });
            snapshot = false;
        }
    }
    out
}

/// Whether a row changes with time alone.
fn moves(row: &Row) -> bool {
    let running = |s: JobState| matches!(s, JobState::Running | JobState::Cancelling);
    match row {
        Row::Job(job) => running(job.state),
        Row::Env(env) => env.job.as_ref().is_some_and(|j| running(j.state)),
        Row::Sweep(sweep) => sweep.ended.is_none(),
        _ => false,
    }
}
