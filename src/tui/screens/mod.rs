//! The screens, one story a file.

pub mod account;
pub mod env_forms;
pub mod environments;
pub mod gate;
pub mod help;
pub mod host_key;
pub mod messages;
pub mod palette;
pub mod users;
