//! Ways into the page: all logs, those of a node, of a second of it, of a step of a job, what was typed.

use super::loki::micros;
use super::pane::FromLoki;
use super::{About, LogsPage, Pane, Stamps, Tree, bars, panes};
use crate::api::logs::LogAt;
use crate::api::rows::JobNodeRow;
use crate::domain::ids::{EnvId, JobId};
use crate::domain::job::StepState;
use crate::domain::logs::LogFilter;
use crate::domain::plan::StepId;
use crate::domain::time::Moment;
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use std::collections::BTreeMap;

impl LogsPage {
    /// The logs of an environment, the newest at the end.
    pub fn new(env: EnvId, filter: LogFilter) -> Self {
        Self::about(env, filter, LogAt::End, About::Filter)
    }

    /// The logs of a node.
    pub fn of_node(env: EnvId, node: &str) -> Self {
        Self::new(env, LogFilter { nodes: vec![node.to_owned()], ..LogFilter::default() })
    }

    /// The logs of a node, at the lines of that second.
    pub fn of_node_at(env: EnvId, node: &str, at: Moment) -> Self {
        let filter = LogFilter { nodes: vec![node.to_owned()], ..LogFilter::default() };
        // The line that tells why comes before the step notices: its second is in sight, too.
        let time = i64::try_from(at.0).unwrap_or(i64::MAX).saturating_sub(1_000).saturating_mul(1_000);
        Self::about(env, filter, LogAt::Time(time), About::Filter)
    }

    /// The logs of a node of a job: at the second in which its step failed, at the end where none has.
    pub fn of_job_node(env: EnvId, node: &JobNodeRow) -> Self {
        let ended = node.current.as_ref().and_then(|step| match &step.state {
            StepState::Ended { at, end, .. } if !end.is_good() => Some(*at),
            _ => None,
        });
        match ended {
            Some(at) => Self::of_node_at(env, &node.name, at),
            None => Self::of_node(env, &node.name),
        }
    }

    /// What a job printed: on every node or one, in every step or one.
    pub fn of_job(env: EnvId, job: JobId, node: Option<&str>, step: Option<&StepId>) -> Self {
        let filter = LogFilter {
            job: Some(job.0),
            nodes: node.into_iter().map(str::to_owned).collect(),
            step: step.map(ToString::to_string),
            ..LogFilter::default()
        };
        Self::new(env, filter)
    }

    /// What an environment's Loki has, as far as this query takes it.
    pub fn of_loki(cx: &Shared, env: EnvId, query: &str) -> Self {
        let mut page = Self::new(env, LogFilter::default());
        page.pane.loki = Some(FromLoki::new(query, micros(cx)));
        page.initial_query = Some(query.to_owned());
        page
    }

    /// What is typed after `:logs`: the name of a node, or a filter.
    pub fn typed(cx: &Shared, env: EnvId, text: &str) -> Result<Self, Text> {
        if cx.data.nodes(env).iter().any(|n| n.name == text) {
            return Ok(Self::of_node(env, text));
        }
        match text.parse::<LogFilter>() {
            Ok(filter) => Ok(Self::new(env, filter)),
            Err(fault) => Err(t!(
                "logs-fault",
                column = u64::from(fault.column),
                why = cx.catalogue.filter_fault(&fault)
            )),
        }
    }

    /// A page about something, beginning at a place.
    pub(super) fn about(env: EnvId, filter: LogFilter, start: LogAt, about: About) -> Self {
        let mut pane = Pane::new(env, 1, filter.clone());
        if let About::Trace(of) = &about {
            pane.trace = Some(of.clone());
        }
        Self {
            env,
            about,
            pane,
            panes: panes::Panes::default(),
            bars: bars::Bars::default(),
            initial: filter,
            start,
            stamps: Stamps::default(),
            sources: None,
            sources_asked: 0,
            version: 0,
            marks: BTreeMap::new(),
            typing: None,
            history: BTreeMap::new(),
            tree: Tree::default(),
            tree_focus: false,
            export: None,
            wanted_view: None,
            loki: None,
            labels: super::loki::ql::Labels::default(),
            wanted_label: None,
            initial_query: None,
        }
    }
}
