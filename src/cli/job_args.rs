//! The part of the command line that is about jobs, and about nodes that a job left in need of care.

use crate::domain::plan::{StageKind, StepId};
use crate::domain::policy::{Budget, OnFailure};
use clap::{ArgGroup, Args, Subcommand};

/// Commands about jobs.
#[derive(Clone, Debug, Subcommand)]
pub enum JobCommand {
    /// List jobs of an environment, or those that run
    List {
        /// Environment, by name or number [default: jobs of all environments that are not over]
        env: Option<String>,
    },
    /// Show a job with its nodes and steps, and the ways on from where each node stands
    Show {
        /// Number of the job
        job: u64,
    },
    /// Show steps and output from the beginning until the job is over
    Follow {
        /// Number of the job
        job: u64,
    },
    /// Let the running steps end, then wait; 'job release' goes on
    Hold {
        /// Number of the job
        job: u64,
        /// Only show in which state each node would be
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short, conflicts_with = "dry_run")]
        yes: bool,
    },
    /// Go on with a job that is held
    Release {
        /// Number of the job
        job: u64,
        /// Show steps and output until the job is over; the exit code is the job's result
        #[arg(long, short)]
        follow: bool,
    },
    /// Take a job over from the operator who has it in hand; everybody else only watches it while it works
    Take {
        /// Number of the job
        job: u64,
        /// Why: the other operator sees it, and it stands in the audit trail
        #[arg(long, value_name = "WHY")]
        reason: String,
    },
    /// End a job; nothing is undone
    #[command(group = ArgGroup::new("when").required(true))]
    Stop {
        /// Number of the job
        job: u64,
        /// End the running steps
        #[arg(long, group = "when")]
        now: bool,
        /// Let the running steps end first
        #[arg(long, group = "when")]
        after_steps: bool,
        /// Only show in which state each node would be
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short, conflicts_with = "dry_run")]
        yes: bool,
    },
    /// End a job now without being asked: the same as 'job stop --now --yes'
    Cancel {
        /// Number of the job
        job: u64,
    },
    /// Go on with a job that failed, was cancelled or undone
    Retry {
        /// Number of the job
        job: u64,
        /// Only on this node, by name or number
        #[arg(long)]
        node: Option<String>,
        /// Show steps and output until the job is over; the exit code is the job's result
        #[arg(long, short)]
        follow: bool,
    },
    /// Undo steps in reverse order, after showing which
    #[command(group = ArgGroup::new("scope").required(true))]
    Undo {
        /// Number of the job
        job: u64,
        /// What was done on this node, by name or number
        #[arg(long, group = "scope")]
        node: Option<String>,
        /// Back to this step of the node, itself included, as in keystone/database [default: all steps]
        #[arg(long, value_name = "STEP", requires = "node")]
        back_to: Option<StepId>,
        /// What was done in this stage and after it: preflight, controllers, computes, storage or verification
        #[arg(long, group = "scope", value_parser = stage)]
        stage: Option<StageKind>,
        /// Everything that the job did
        #[arg(long, group = "scope")]
        all: bool,
        /// Only show what would be undone
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short, conflicts_with = "dry_run")]
        yes: bool,
        /// Show steps and output until the job is over; the exit code says whether all of it was undone
        #[arg(long, short)]
        follow: bool,
    },
    /// Give a node's reinstallation more time
    ExtendReinstall {
        /// Number of the job
        job: u64,
        /// Node, by name or number
        node: String,
        /// Minutes more
        #[arg(long)]
        minutes: u32,
    },
    /// Give the step that runs on a node more time than its ceiling
    ExtendStep {
        /// Number of the job
        job: u64,
        /// Node, by name or number
        node: String,
        /// Minutes more
        #[arg(long)]
        minutes: u32,
    },
    /// Tell what became of a job and where its time went: every attempt with its times, the slowest steps and nodes
    Report {
        /// Number of the job
        job: u64,
        /// Into this file instead; one that ends in .json gets JSON
        #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        output: Option<std::path::PathBuf>,
    },
    /// Draw a job over time, one row a node
    Timeline {
        /// Number of the job
        job: u64,
    },
    /// Print the output of a step
    Output {
        /// Number of the job
        job: u64,
        /// Node, by name or number
        node: String,
        /// Step, as in keystone/database
        step: String,
        /// Which attempt [default: the last one]
        #[arg(long)]
        attempt: Option<u32>,
        /// Of its undo
        #[arg(long)]
        undo: bool,
        /// Print the bytes as they came from the node, escape sequences included
        #[arg(long)]
        raw: bool,
    },
}

/// The manual procedure of a node.
#[derive(Clone, Debug, Subcommand)]
pub enum ManualCommand {
    /// Take a node into your own hands: its job waits until you are done
    Start {
        /// Node, by name, number or ENV/NAME
        node: String,
    },
    /// Show the instructions for a node, and which are confirmed
    Show {
        /// Node, by name, number or ENV/NAME
        node: String,
    },
    /// Confirm that an instruction was carried out; they are confirmed in order
    Confirm {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Number of the instruction
        number: u32,
    },
    /// Have the fresh system looked at; if it is good, the installation goes on
    Check {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Show what happens until the job is over; the exit code is the job's result
        #[arg(long, short)]
        follow: bool,
    },
    /// Give it up: the node is a failed one again
    Leave {
        /// Node, by name, number or ENV/NAME
        node: String,
    },
}

/// What is done about failures without asking; nothing is changed where nothing is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct PolicyArgs {
    /// With a node on which a step failed for good: ask (leave it as it is), undo (its steps), or reinstall (its operating system)
    #[arg(long, value_name = "WHAT")]
    pub on_failure: Option<OnFailure>,
    /// How often a step that declares itself retryable is tried again first
    #[arg(long, value_name = "N")]
    pub retries: Option<u32>,
    /// Controllers that may fail before the job begins nothing new: a number, or a share as in 10%
    #[arg(long, value_name = "BUDGET")]
    pub budget_controllers: Option<Budget>,
    /// Compute nodes that may fail
    #[arg(long, value_name = "BUDGET")]
    pub budget_computes: Option<Budget>,
    /// Storage nodes that may fail
    #[arg(long, value_name = "BUDGET")]
    pub budget_storage: Option<Budget>,
}

fn stage(text: &str) -> Result<StageKind, String> {
    StageKind::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| {
        let words: Vec<&str> = StageKind::ALL.iter().map(|s| s.word()).collect();
        format!("'{text}' is no stage; the stages are {}", words.join(", "))
    })
}
