//! Shells on nodes: they live here, clients attach to them.
//!
//! A shell belongs to the operator who opened it and outlives that operator's connection. Each attached client remembers
//! how far it has come; what it gets next is either the bytes after that or, when it fell too far behind, a redrawn screen.
//! A shell to which nobody is attached any more is kept as long as the rules say, then closed.

use super::connection::Shared;
use super::nodes::node_fault;
use super::topics::Area;
use super::{Engine, now};
use crate::api::message::ShellBytes;
use crate::api::rows::ShellRow;
use crate::api::{Failure, FailureKind, Row};
use crate::domain::asciicast::Origin;
use crate::domain::audit::AuditKind;
use crate::domain::ids::{EnvId, JobId, NodeId, ShellId, UserId};
use crate::domain::said::Said;
use crate::domain::shells::{self, ShellRules};
use crate::domain::time::Moment;
use crate::domain::user::User;
use crate::shell::{Floor, Recorder, ShellError, ShellSession};
use crate::terminal::Size;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, select_all};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Bytes of a redrawn screen that one frame carries.
const PART: usize = 512 * 1024;

/// Shells that may be open at once.
const SHELLS_MAX: usize = 200;

/// Who is attached: how many clients, and since when it is that many.
type Presence = watch::Sender<(u32, Moment)>;

/// Counts a client as long as it is there.
struct Here(Arc<Presence>, Arc<watch::Sender<u64>>);

impl Here {
    fn new(presence: &Arc<Presence>, changed: &Arc<watch::Sender<u64>>) -> Self {
        presence.send_modify(|(clients, since)| (*clients, *since) = (*clients + 1, now()));
        changed.send_modify(|n| *n += 1);
        Self(Arc::clone(presence), Arc::clone(changed))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.send_modify(|(clients, since)| (*clients, *since) = (clients.saturating_sub(1), now()));
        self.1.send_modify(|n| *n += 1);
    }
}

/// How a shell is to be opened.
pub struct How {
    /// Columns and rows.
    pub size: (u16, u16),
    /// The job it is opened from.
    pub job: Option<JobId>,
    /// The operator's locale.
    pub locale: Vec<(String, String)>,
}

struct Cell {
    row: ShellRow,
    /// Whose: names may be another's later.
    user: UserId,
    env: EnvId,
    session: Arc<ShellSession>,
    presence: Arc<Presence>,
}

/// All shells.
pub struct Shells {
    cells: Mutex<BTreeMap<ShellId, Cell>>,
    last: AtomicU64,
    floor: Floor,
    /// Grows when somebody comes or goes.
    pub comings: Arc<watch::Sender<u64>>,
}

impl Default for Shells {
    fn default() -> Self {
        Self {
            cells: Mutex::default(),
            last: AtomicU64::default(),
            floor: Floor::default(),
            comings: Arc::new(watch::Sender::new(0)),
        }
    }
}

impl Shells {
    /// Rows of the shells that are open.
    pub fn rows(&self, rules: &ShellRules) -> Vec<Row> {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let row = |cell: &Cell| {
            let (clients, since) = *cell.presence.borrow();
            let alone = (clients == 0).then_some(since);
            let closes = alone.and_then(|since| Some(since.plus(rules.keep_ms()?)));
            Row::Shell(ShellRow { clients, alone, closes, ..cell.row.clone() })
        };
        cells.values().map(row).collect()
    }

    /// The node on which a shell is open.
    pub fn node(&self, id: ShellId) -> Option<NodeId> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner).get(&id).map(|c| c.row.node)
    }

    fn mine<'a>(
        cells: &'a mut BTreeMap<ShellId, Cell>,
        user: &User,
        id: ShellId,
    ) -> Result<&'a mut Cell, Failure> {
        match cells.get_mut(&id) {
            Some(cell) if cell.user == user.id => Ok(cell),
            Some(cell) => Err(Failure::new(
                FailureKind::NotAllowed,
                format!("shell {id} belongs to {}: open one of your own", cell.row.by),
            )
            .keyed("error-shell-of-another")
            .arg("number", id)
            .arg("name", &cell.row.by)),
            None => Err(Failure::new(FailureKind::NotFound, format!("shell {id} has ended"))
                .keyed("error-shell-ended")
                .arg("number", id)),
        }
    }

    fn get(&self, user: &User, id: ShellId) -> Result<Arc<ShellSession>, Failure> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        Self::mine(&mut cells, user, id).map(|cell| Arc::clone(&cell.session))
    }

    fn attached(&self, user: &User, id: ShellId) -> Result<Attached, Failure> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = Self::mine(&mut cells, user, id)?;
        let (session, here) = (Arc::clone(&cell.session), Here::new(&cell.presence, &self.comings));
        Ok(Attached { id, session, offset: None, over: false, _here: here })
    }

    /// Begins or ends the recording of a shell.
    pub fn record(
        &self,
        user: &User,
        id: ShellId,
        begin: impl FnOnce(Origin, Size) -> Result<Option<(u64, Recorder)>, Failure>,
        ended: impl FnOnce(u64),
    ) -> Result<(), Failure> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = Self::mine(&mut cells, user, id)?;
        let (number, recorder) = begin(cell.origin(now()), cell.session.size())?.unzip();
        cell.session.record(recorder);
        if let Some(before) = std::mem::replace(&mut cell.row.recording, number) {
            ended(before);
        }
        Ok(())
    }
}

impl Cell {
    fn origin(&self, began: Moment) -> Origin {
        let ShellRow { id, node, name, by, job, .. } = &self.row;
        Origin {
            shell: *id,
            by: by.clone(),
            user: Some(self.user),
            node: *node,
            name: name.clone(),
            env: self.env,
            job: *job,
            began,
        }
    }
}

/// Waits until nobody was attached for as long as the rules say.
async fn deserted(presence: &Presence, mut rules: watch::Receiver<ShellRules>) {
    let mut who = presence.subscribe();
    loop {
        let keep = rules.borrow_and_update().keep_ms();
        let (clients, since) = *who.borrow_and_update();
        let left = keep.filter(|_| clients == 0).map(|keep| since.plus(keep).since(now()));
        if left == Some(0) {
            return;
        }
        let over = async {
            match left {
                Some(left) => tokio::time::sleep(Duration::from_millis(left)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            Ok(()) = who.changed() => {}
            Ok(()) = rules.changed() => {}
            else => return,
        }
    }
}

/// A shell as one client follows it.
pub struct Attached {
    id: ShellId,
    session: Arc<ShellSession>,
    offset: Option<u64>,
    over: bool,
    _here: Here,
}

impl Attached {
    /// Which shell.
    pub fn id(&self) -> ShellId {
        self.id
    }

    /// Whether its end was told.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Wakes when one of `shells` has something its client does not have; never when there is none.
    pub fn any_news(shells: &[Self]) -> BoxFuture<'static, ()> {
        let news: Vec<BoxFuture<'static, ()>> = shells
            .iter()
            .map(|s| {
                let (session, offset) = (Arc::clone(&s.session), s.offset);
                async move {
                    let mut changed = session.changed();
                    let news = |end: u64, closed| closed || offset.is_none_or(|offset| end > offset);
                    drop(changed.wait_for(|p| news(p.end, p.closed.is_some())).await);
                }
                .boxed()
            })
            .collect();
        if news.is_empty() {
            return std::future::pending().boxed();
        }
        select_all(news).map(drop).boxed()
    }

    /// What the client does not have yet.
    pub fn take(&mut self) -> Vec<ShellBytes> {
        // Asked first: what comes before the end is read after it.
        let closed = self.session.closed();
        let chunk = match self.offset {
            Some(offset) => self.session.read_from(offset),
            None => self.session.attach(),
        };
        let ended =
            closed.filter(|_| chunk.next >= self.session.changed().borrow().end).map(|c| c.to_string());
        if chunk.bytes.is_empty() && ended.is_none() && !chunk.redraw {
            return Vec::new();
        }
        let offset = if chunk.redraw { chunk.next } else { self.offset.unwrap_or_default() };
        self.offset = Some(chunk.next);
        self.over = ended.is_some();
        let frame = |redraw, more, bytes: &[u8]| ShellBytes {
            shell: self.id,
            offset,
            redraw,
            more,
            cols: chunk.size.columns(),
            rows: chunk.size.lines(),
            bytes: bytes.to_vec(),
            ended: None,
        };
        // The first part of a large screen empties the client's, the others go on.
        let mut parts = chunk.bytes.chunks(PART);
        let mut frames = vec![frame(chunk.redraw, false, parts.next().unwrap_or_default())];
        frames.extend(parts.map(|part| frame(false, true, part)));
        if let Some(last) = frames.last_mut() {
            last.ended = ended;
        }
        frames
    }
}

impl Engine {
    /// Opens a shell on a node, over a connection of its own.
    pub async fn shell_open(
        self: &Arc<Self>,
        user: &User,
        shared: &Shared,
        node: NodeId,
        How { size: (cols, rows), job, locale }: How,
    ) -> Result<ShellId, Failure> {
        let node = self.node(node)?;
        if self.shells.cells.lock().unwrap_or_else(PoisonError::into_inner).len() >= SHELLS_MAX {
            return Err(Failure::new(
                FailureKind::Busy,
                format!("{SHELLS_MAX} shells are open: close one first"),
            )
            .keyed("error-shells-many")
            .arg("most", SHELLS_MAX));
        }
        let connection = self.connect_node(&node).await.map_err(|f| node_fault(&f))?;
        let size = Size::new(cols, rows);
        let id = ShellId(self.shells.last.fetch_add(1, Ordering::Relaxed) + 1);
        let job = job.or_else(|| self.running_job(node.env));
        let row = ShellRow {
            id,
            node: node.id,
            name: node.name.clone(),
            by: user.name.clone(),
            opened: now(),
            clients: 0,
            alone: None,
            closes: None,
            recording: None,
            job,
        };
        let mut deed = self.deed_on(user, AuditKind::Shell, &node, format!("opened shell {id}"));
        deed.job = job;
        self.audit(&deed)?;
        let session = ShellSession::over_ssh(&connection, size, &shells::locale(locale), &self.shells.floor)
            .await
            .map_err(|f| node_fault(&f))?;
        let session = Arc::new(session);
        let presence = Arc::new(watch::Sender::new((0, now())));
        let mut cell = Cell { row, user: user.id, env: node.env, session, presence };
        let origin = cell.origin(cell.row.opened);
        let (number, recorder) = self.recorder(origin, size)?.unzip();
        cell.row.recording = number;
        cell.session.record(recorder);
        tracing::info!(user = %user.name, node = %node.name, shell = %id, "shell opened");
        let (session, presence) = (Arc::clone(&cell.session), Arc::clone(&cell.presence));
        self.shells.cells.lock().unwrap_or_else(PoisonError::into_inner).insert(id, cell);
        self.topics.touch(Area::Shells);
        shared.attach(self.shells.attached(user, id)?);
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            let rules = engine.recordings.rules.subscribe();
            tokio::select! {
                () = session.ended() => {}
                () = deserted(&presence, rules) => session.close(),
            }
            let why = session.closed().map(|c| c.to_string()).unwrap_or_default();
            tracing::info!(shell = %id, %why, "shell ended");
            let cell = engine.shells.cells.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            if let Some(number) = cell.and_then(|c| c.row.recording) {
                engine.recordings.ended(number);
            }
            engine.topics.touch(Area::Shells);
            connection.close().await;
        });
        Ok(id)
    }

    /// Tells lists of shells who comes and goes, as long as the engine lives.
    pub async fn watch_shells(self: &Arc<Self>) {
        let mut comings = self.shells.comings.subscribe();
        while comings.changed().await.is_ok() {
            self.topics.touch(Area::Shells);
        }
    }

    /// Attaches to a shell that is open.
    pub fn shell_attach(
        &self,
        user: &User,
        shared: &Shared,
        id: ShellId,
        cols: u16,
        rows: u16,
    ) -> Result<(), Failure> {
        let attached = self.shells.attached(user, id)?;
        attached.session.resize(Size::new(cols, rows));
        shared.attach(attached);
        Ok(())
    }

    /// Types.
    pub fn shell_write(&self, user: &User, id: ShellId, bytes: &[u8]) -> Result<(), Failure> {
        self.shells.get(user, id)?.write(bytes).map_err(|fault| {
            let kind = match fault {
                ShellError::Busy => FailureKind::Busy,
                ShellError::Closed(_) => FailureKind::NotFound,
            };
            Failure::said(kind, &Said::from(&fault))
        })
    }

    /// The pane has a new size.
    pub fn shell_resize(&self, user: &User, id: ShellId, cols: u16, rows: u16) -> Result<(), Failure> {
        self.shells.get(user, id)?.resize(Size::new(cols, rows));
        Ok(())
    }

    /// Ends a shell.
    pub fn shell_close(&self, user: &User, id: ShellId) -> Result<(), Failure> {
        self.shells.get(user, id)?.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing waits for time to pass here: what is long past is over, what is new is not.
    #[tokio::test]
    async fn a_shell_is_kept_as_long_as_the_rules_say() {
        let rules = watch::Sender::new(ShellRules { keep_minutes: 1, ..ShellRules::default() });
        let presence = Arc::new(watch::Sender::new((1, Moment(0))));
        let comings = Arc::new(watch::Sender::new(0));
        let gone = deserted(&presence, rules.subscribe());
        let mut gone = std::pin::pin!(gone);
        assert!((&mut gone).now_or_never().is_none(), "somebody is there");
        let here = Here::new(&presence, &comings);
        presence.send_modify(|(clients, _)| *clients -= 1);
        assert!((&mut gone).now_or_never().is_none());
        drop(here);
        assert!((&mut gone).now_or_never().is_none(), "left just now");
        assert_eq!(*comings.borrow(), 2);
        rules.send_modify(|r| r.keep_minutes = 0);
        presence.send_replace((0, Moment(0)));
        assert!((&mut gone).now_or_never().is_none(), "kept for ever");
        rules.send_modify(|r| r.keep_minutes = 1);
        gone.await;
    }
}
