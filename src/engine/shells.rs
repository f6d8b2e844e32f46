//! Shells on nodes: they live here, clients attach to them.
//!
//! A shell belongs to the operator who opened it and outlives that operator's connection. Each attached client remembers
//! how far it has come; what it gets next is either the bytes after that or, when it fell too far behind, a redrawn screen.

use super::connection::Shared;
use super::nodes::node_fault;
use super::topics::Area;
use super::{Engine, now};
use crate::api::message::ShellBytes;
use crate::api::rows::ShellRow;
use crate::api::{Failure, FailureKind, Row};
use crate::domain::ids::{NodeId, ShellId};
use crate::domain::user::User;
use crate::shell::{ShellError, ShellSession};
use crate::terminal::Size;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, select_all};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a redrawn screen that one frame carries.
const PART: usize = 512 * 1024;

/// Shells that may be open at once.
const SHELLS_MAX: usize = 200;

struct Cell {
    row: ShellRow,
    session: Arc<ShellSession>,
}

/// All shells.
#[derive(Default)]
pub struct Shells {
    cells: Mutex<BTreeMap<ShellId, Cell>>,
    last: AtomicU64,
}

impl Shells {
    /// Rows of the shells that are open.
    pub fn rows(&self) -> Vec<Row> {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.values().map(|c| Row::Shell(c.row.clone())).collect()
    }

    fn get(&self, user: &User, id: ShellId) -> Result<Arc<ShellSession>, Failure> {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        match cells.get(&id) {
            Some(cell) if cell.row.by == user.name => Ok(Arc::clone(&cell.session)),
            Some(cell) => Err(Failure::new(
                FailureKind::NotAllowed,
                format!("shell {id} belongs to {}: open one of your own", cell.row.by),
            )),
            None => Err(Failure::new(FailureKind::NotFound, format!("shell {id} has ended"))),
        }
    }
}

/// A shell as one client follows it.
pub struct Attached {
    id: ShellId,
    session: Arc<ShellSession>,
    offset: Option<u64>,
    over: bool,
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
        let frame = |redraw, bytes: &[u8]| ShellBytes {
            shell: self.id,
            offset,
            redraw,
            cols: chunk.size.columns(),
            rows: chunk.size.lines(),
            bytes: bytes.to_vec(),
            ended: None,
        };
        // The first part of a large screen empties the client's, the others go on.
        let mut parts = chunk.bytes.chunks(PART);
        let mut frames = vec![frame(chunk.redraw, parts.next().unwrap_or_default())];
        frames.extend(parts.map(|part| frame(false, part)));
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
        cols: u16,
        rows: u16,
    ) -> Result<ShellId, Failure> {
        let node = self.node(node)?;
        if self.shells.cells.lock().unwrap_or_else(PoisonError::into_inner).len() >= SHELLS_MAX {
            return Err(Failure::new(
                FailureKind::Busy,
                format!("{SHELLS_MAX} shells are open: close one first"),
            ));
        }
        let connection = self.connect_node(&node).await.map_err(|f| node_fault(&f))?;
        let size = Size::new(cols, rows);
        let session = ShellSession::over_ssh(&connection, size).await.map_err(|f| node_fault(&f))?;
        let session = Arc::new(session);
        let id = ShellId(self.shells.last.fetch_add(1, Ordering::Relaxed) + 1);
        let row =
            ShellRow { id, node: node.id, name: node.name.clone(), by: user.name.clone(), opened: now() };
        tracing::info!(user = %user.name, node = %node.name, shell = %id, "shell opened");
        self.shells
            .cells
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Cell { row, session: Arc::clone(&session) });
        self.topics.touch(Area::Shells);
        shared.attach(Attached { id, session: Arc::clone(&session), offset: None, over: false });
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            let mut changed = session.changed();
            let why = match changed.wait_for(|p| p.closed.is_some()).await {
                Ok(progress) => progress.closed.as_ref().map(ToString::to_string).unwrap_or_default(),
                Err(_) => String::new(),
            };
            tracing::info!(shell = %id, %why, "shell ended");
            engine.shells.cells.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            engine.topics.touch(Area::Shells);
            connection.close().await;
        });
        Ok(id)
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
        let session = self.shells.get(user, id)?;
        session.resize(Size::new(cols, rows));
        shared.attach(Attached { id, session, offset: None, over: false });
        Ok(())
    }

    /// Types.
    pub fn shell_write(&self, user: &User, id: ShellId, bytes: &[u8]) -> Result<(), Failure> {
        self.shells.get(user, id)?.write(bytes).map_err(|fault| {
            let kind = match fault {
                ShellError::Busy => FailureKind::Busy,
                ShellError::Closed(_) => FailureKind::NotFound,
            };
            Failure::new(kind, fault.to_string())
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
