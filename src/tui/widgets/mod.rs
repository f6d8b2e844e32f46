//! What screens are made of: plain state with a way to draw it; they know nothing of the engine.

pub mod bar;
pub mod chrome;
pub mod dialog;
pub mod empty;
pub mod field;
pub mod form;
pub mod list;
pub mod prompt;
pub mod secret_field;
pub mod states;
pub mod table;
pub mod terminal_view;
