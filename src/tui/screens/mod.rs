//! The screens, one story a file.

pub mod account;
pub mod env_forms;
pub mod environment;
pub mod environments;
pub mod gate;
pub mod help;
pub mod host_key;
pub mod job;
pub mod job_dialogs;
pub mod job_times;
pub mod job_view;
pub mod jobs;
pub mod log_pane;
pub mod log_text;
pub mod messages;
pub mod modules;
pub mod node_forms;
pub mod node_login;
pub mod nodes;
pub mod palette;
pub mod plan;
pub mod shell;
pub mod sweep;
pub mod users;
