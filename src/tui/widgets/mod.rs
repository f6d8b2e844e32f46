//! What screens are made of: plain state with a way to draw it; they know nothing of the engine.

pub(super) mod bar;
pub(super) mod beside;
pub(super) mod changes;
pub(super) mod chrome;
pub(super) mod decision;
pub(super) mod dialog;
pub(super) mod editor;
pub(super) mod empty;
pub(super) mod field;
pub(super) mod form;
pub(super) mod highlight;
pub(super) mod list;
pub(super) mod prompt;
pub(super) mod secret_field;
pub(super) mod stale;
pub(super) mod states;
pub(super) mod table;
pub(super) mod tabs;
pub mod terminal_view;
