//! The one writer of all journals: many events, one flush.
//!
//! A thousand nodes at work have some hundred events a second, and a flush takes milliseconds: events that come while one runs
//! share the next. Each is checked against a copy of what it changes, the accepted ones are written together, and only when
//! they are on the disk they are applied and their senders are told: what is not in the journal has not happened. A disk that
//! takes nothing refuses all of them.
//!
//! Two events about the same node are never in one batch, and an event that changes what a job allows other nodes to do is
//! alone in its own; so each is checked against exactly what is on the disk when it gets there.

use super::jobs::{JobCell, Journalled};
use super::knowing::{Begun, learned_from};
use super::records::{JOURNAL, LEARNED, NODES, blocking};
use super::topics::Area;
use super::{Engine, now};
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::{JobEvent, JournalEntry, Renewal};
use crate::domain::node::Node;
use crate::domain::progress::Bar;
use crate::domain::usual::StepTimes;
use crate::store::{self, Stamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError, Weak};

/// Most events that share a flush.
const TOGETHER: usize = 512;

/// Tells the sender of an order what became of it.
type Tell<T> = Box<dyn FnOnce(store::Result<T>) + Send>;

/// Something to be written.
pub enum Order {
    /// An event of a job.
    Event {
        /// The job.
        cell: Arc<JobCell>,
        /// What happened.
        event: JobEvent,
        /// Hears of it.
        tell: Tell<Journalled>,
    },
    /// What was seen of a node.
    Note {
        /// Which node.
        node: NodeId,
        /// Changes its record.
        change: Box<dyn FnOnce(&mut Node) + Send>,
        /// Hears of it.
        tell: Tell<()>,
    },
}

/// The way to the writer.
pub struct Journal(Sender<Order>);

impl Journal {
    /// A way, and its other end for [`write_all`].
    pub fn new() -> (Self, Receiver<Order>) {
        let (send, receive) = channel();
        (Self(send), receive)
    }
}

/// The writer's life: ends with the engine.
pub fn write_all(engine: &Weak<Engine>, orders: &Receiver<Order>) {
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            match orders.recv() {
                Ok(order) => waiting.push_back(order),
                Err(_) => return,
            }
        }
        waiting.extend(orders.try_iter());
        let together = choose(&mut waiting, Order::about);
        // Whoever waits for an answer then hears that the store is closed.
        let Some(engine) = engine.upgrade() else { return };
        let answers = catch_unwind(AssertUnwindSafe(|| engine.write_orders(together))).unwrap_or_else(|_| {
            tracing::error!("the writer of the journals failed; see the panic above");
            Vec::new()
        });
        // First the engine: who has the answer may end it and open its data again.
        drop(engine);
        for answer in answers {
            answer();
        }
    }
}

impl Order {
    /// The only node that it changes; `None`: it changes more, and must be alone.
    fn about(&self) -> Option<NodeId> {
        match self {
            Self::Note { node, .. } => Some(*node),
            Self::Event { event, .. } if event.is_job_wide() => None,
            Self::Event { event, .. } => event.node(),
        }
    }
}

/// Takes the orders that may share a flush, first come first served; the others stay in their order.
fn choose<T>(waiting: &mut VecDeque<T>, about: impl Fn(&T) -> Option<NodeId>) -> Vec<T> {
    let mut chosen = Vec::new();
    let mut nodes: HashSet<NodeId> = HashSet::new();
    let mut left = VecDeque::new();
    while let Some(order) = waiting.pop_front() {
        match about(&order) {
            // Behind one of the same node it waits.
            Some(node) if !nodes.insert(node) => left.push_back(order),
            Some(_) => {
                chosen.push(order);
                if chosen.len() >= TOGETHER {
                    break;
                }
            }
            None => {
                if chosen.is_empty() {
                    chosen.push(order);
                } else {
                    left.push_back(order);
                }
                break;
            }
        }
    }
    left.append(waiting);
    *waiting = left;
    chosen
}

/// An answer on its way.
type Answer = Box<dyn FnOnce() + Send>;

/// The part of an order that is written.
struct Staged {
    /// Job and entry of an event.
    event: Option<(Arc<JobCell>, JournalEntry, bool)>,
    /// Records that change with it.
    nodes: Vec<Node>,
    /// What the event teaches.
    learned: Option<Lesson>,
    /// Hears of it: whether the job was resumed.
    tell: Box<dyn FnOnce(store::Result<Journalled>) + Send>,
}

/// Key and value of a learned time.
type Lesson = ((String, String), StepTimes);

impl Engine {
    /// Writes an event into a job's journal, with what follows from it for the nodes, then applies it. Blocks for a flush.
    pub fn journal(&self, cell: &Arc<JobCell>, event: JobEvent) -> store::Result<Journalled> {
        let (tell, told) = channel();
        self.order(cell, event, Box::new(move |done| drop(tell.send(done))));
        blocking(|| told.recv()).unwrap_or(Err(store::Error::Closed))
    }

    /// As [`Self::journal`], for a task.
    pub async fn journalled(&self, cell: &Arc<JobCell>, event: JobEvent) -> store::Result<Journalled> {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.order(cell, event, Box::new(move |done| drop(tell.send(done))));
        told.await.unwrap_or(Err(store::Error::Closed))
    }

    /// Changes what is known about a node without making a new revision, together with the events of that moment.
    pub async fn noted(
        &self,
        node: NodeId,
        change: impl FnOnce(&mut Node) + Send + 'static,
    ) -> store::Result<()> {
        let (tell, told) = tokio::sync::oneshot::channel();
        let tell: Tell<()> = Box::new(move |done| drop(tell.send(done)));
        let _ = self.journal.0.send(Order::Note { node, change: Box::new(change), tell });
        told.await.unwrap_or(Err(store::Error::Closed))
    }

    fn order(&self, cell: &Arc<JobCell>, event: JobEvent, tell: Tell<Journalled>) {
        // An order that cannot be sent is dropped, and its sender with it: the store is closed.
        let _ = self.journal.0.send(Order::Event { cell: Arc::clone(cell), event, tell });
    }

    /// Checks, writes and applies; the answers are to be given when the engine is let go of.
    fn write_orders(&self, orders: Vec<Order>) -> Vec<Answer> {
        let _write = self.write();
        let mut answers: Vec<Answer> = Vec::new();
        let mut staged = Vec::new();
        let mut before = Vec::new();
        for order in orders {
            match self.stage(order, &mut before) {
                Ok(one) => staged.push(one),
                Err(answer) => answers.push(answer),
            }
        }
        let done = self.write_staged(&staged);
        if let Err(why) = &done
            && !why.is_passing()
            && staged.len() > 1
        {
            // One of them cannot be written; the others must not suffer from it.
            for one in staged {
                let done = self.write_staged(std::slice::from_ref(&one));
                answers.extend(self.settle(vec![one], &done));
            }
            return answers;
        }
        if done.is_err() {
            let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, old) in before.into_iter().rev() {
                match old {
                    Some(old) => learned.insert(key, old),
                    None => learned.remove(&key),
                };
            }
        }
        answers.extend(self.settle(staged, &done));
        answers
    }

    /// Checks an order against the state of now. `before`: learned times as they were.
    fn stage(
        &self,
        order: Order,
        before: &mut Vec<((String, String), Option<StepTimes>)>,
    ) -> Result<Staged, Answer> {
        match order {
            Order::Event { cell, event, tell } => {
                let inner = cell.lock();
                let entry = JournalEntry { at: now(), event };
                let mut after = inner.job.excerpt(&entry.event);
                if let Err(refusal) = after.apply(&entry) {
                    tracing::info!(%refusal, "the journal refuses");
                    return Err(Box::new(move || tell(Ok(Journalled::Refused))));
                }
                let resumed = inner.job.state.is_over() && !after.state.is_over();
                let nodes = self.nodes_after(&inner.job, &after, &entry.event);
                let learned = {
                    let mut known = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
                    let lesson = learned_from(&cell, &inner, &entry.event, &known);
                    if let Some((key, value)) = &lesson {
                        before.push((key.clone(), known.insert(key.clone(), value.clone())));
                    }
                    lesson
                };
                drop(inner);
                Ok(Staged { event: Some((cell, entry, resumed)), nodes, learned, tell })
            }
            Order::Note { node, change, tell } => {
                let Ok(mut record) = self.node(node) else { return Err(Box::new(move || tell(Ok(())))) };
                let old = record.clone();
                change(&mut record);
                if record == old {
                    return Err(Box::new(move || tell(Ok(()))));
                }
                let tell = Box::new(move |done: store::Result<Journalled>| tell(done.map(drop)));
                Ok(Staged { event: None, nodes: vec![record], learned: None, tell })
            }
        }
    }

    /// Everything in one change of the store, on the disk when this returns.
    fn write_staged(&self, staged: &[Staged]) -> store::Result<()> {
        if staged.is_empty() {
            return Ok(());
        }
        let at = Stamp::engine(now());
        let mut numbers: HashMap<JobId, u64> = HashMap::new();
        let lessons: BTreeMap<_, _> =
            staged.iter().filter_map(|s| s.learned.as_ref()).map(|(key, value)| (key, value)).collect();
        self.records.try_change(|batch| {
            for one in staged {
                if let Some((cell, entry, _)) = &one.event {
                    let number = numbers.entry(cell.id).or_insert_with(|| cell.lock().entries);
                    JOURNAL.put(batch, &(cell.id, *number), entry, Stamp::engine(entry.at))?;
                    *number += 1;
                }
                for node in &one.nodes {
                    NODES.put(batch, &node.id, node, at)?;
                }
            }
            for (key, value) in &lessons {
                LEARNED.put(batch, key, value, at)?;
            }
            Ok(())
        })
    }

    /// Applies what is on the disk.
    fn settle(&self, staged: Vec<Staged>, done: &store::Result<()>) -> Vec<Answer> {
        let mut touched: BTreeMap<JobId, (Arc<JobCell>, EnvId)> = BTreeMap::new();
        let mut envs: BTreeSet<EnvId> = BTreeSet::new();
        let mut answers: Vec<Answer> = Vec::new();
        let mut records = Vec::new();
        for Staged { event, nodes, tell, .. } in staged {
            if let Err(why) = done {
                let why = why.clone();
                answers.push(Box::new(move || tell(Err(why))));
                continue;
            }
            envs.extend(nodes.iter().map(|n| n.env));
            records.extend(nodes);
            let mut outcome = Journalled::Accepted;
            if let Some((cell, entry, resumed)) = event {
                if resumed {
                    outcome = Journalled::Resumed;
                }
                let env = self.happened(&cell, &entry);
                envs.insert(env);
                touched.insert(cell.id, (cell, env));
            }
            answers.push(Box::new(move || tell(Ok(outcome))));
        }
        let mut model = self.model.write();
        for node in records {
            model.nodes.insert(node.id, node);
        }
        drop(model);
        for (cell, env) in touched.values() {
            self.job_changed(cell, *env);
        }
        for env in envs {
            self.topics.touch(Area::Nodes(env));
        }
        if done.is_ok() && !answers.is_empty() {
            self.topics.touch(Area::Environments);
        }
        answers
    }

    /// Lets an entry of the journal change the job and what is shown of it.
    fn happened(&self, cell: &JobCell, entry: &JournalEntry) -> EnvId {
        let mut inner = cell.lock();
        inner.entries += 1;
        // It was accepted by a copy: the job itself accepts it too.
        if let Err(refusal) = inner.job.apply(entry) {
            tracing::error!(%refusal, "the journal refuses");
        }
        self.note_failure(&mut inner, &entry.event);
        if let JobEvent::StepStarted { node, index, .. } | JobEvent::UndoStarted { node, index, .. } =
            entry.event
        {
            let live = inner.live.entry(node).or_default();
            live.tail.clear();
            live.last_output = None;
            live.begun = Some(Begun::now(index, true, entry.at));
        }
        if let Some(node) = taken_back(&entry.event) {
            // A bar waits at a retry, but what was undone or wiped is no longer done.
            inner.bar = Bar::default();
            inner.stage_bars.clear();
            inner.node_bars.remove(&node);
        }
        if inner.job.state.is_over() {
            inner.live.clear();
        }
        inner.job.env
    }
}

/// The node of which something that was done is not done any more.
fn taken_back(event: &JobEvent) -> Option<NodeId> {
    match event {
        JobEvent::UndoEnded { node, end, .. } if end.is_good() => Some(*node),
        JobEvent::ReinstallEnded { node, end: Renewal::Fresh { .. } }
        | JobEvent::ManualChecked { node, end: Renewal::Fresh { .. } } => Some(*node),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Orders are numbers with the node they are about; 0: about more than a node.
        #[test]
        fn what_shares_a_flush_shares_nothing_else(nodes in prop::collection::vec(0..6_u64, 0..40)) {
            let about = |order: &(usize, u64)| (order.1 > 0).then_some(NodeId(order.1));
            let mut waiting: VecDeque<(usize, u64)> = nodes.iter().copied().enumerate().collect();
            let mut written: Vec<(usize, u64)> = Vec::new();
            while !waiting.is_empty() {
                let together = choose(&mut waiting, about);
                prop_assert!(!together.is_empty());
                let alone = together.iter().any(|o| about(o).is_none());
                prop_assert!(!alone || together.len() == 1);
                let different: HashSet<_> = together.iter().map(about).collect();
                prop_assert_eq!(different.len(), together.len());
                written.extend(together);
            }
            prop_assert_eq!(written.len(), nodes.len());
            for (at, first) in written.iter().enumerate() {
                for then in written.iter().skip(at + 1) {
                    let ordered = first.1 == then.1 || about(first).is_none() || about(then).is_none();
                    prop_assert!(!ordered || first.0 < then.0, "{:?} came before {:?}", first, then);
                }
            }
        }
    }
}
