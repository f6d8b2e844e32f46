//! The table of keys.
//!
//! After a change run `UPDATE_KEYS=1 cargo nextest run keys_reference`: it writes `docs/keys.md` anew.

use super::keymap::Action as A;
use super::keymap::{Binding, Context as C};
use crate::domain::access::Action as May;

const fn row(context: C, action: A, keys: &'static [&'static str]) -> Binding {
    Binding { action, keys, context, needs: None, hint: None }
}

impl Binding {
    const fn hint(mut self, place: u8) -> Self {
        self.hint = Some(place);
        self
    }

    const fn needs(mut self, what: May) -> Self {
        self.needs = Some(what);
        self
    }
}

/// Every binding, in the order in which help shows them.
pub static BINDINGS: &[Binding] = &[
    row(C::Global, A::Help, &["?", "f1"]).hint(90),
    row(C::Global, A::Palette, &[":"]).hint(91),
    row(C::Global, A::Back, &["esc"]),
    row(C::Global, A::Quit, &["q"]).hint(95),
    row(C::Global, A::Leave, &["ctrl-c"]),
    row(C::Global, A::Messages, &["ctrl-o"]),
    row(C::Global, A::Language, &["f3"]),
    row(C::Global, A::Theme, &["f4"]),
    row(C::Global, A::Mouse, &["f5"]),
    row(C::Global, A::Redraw, &["ctrl-l"]),
    row(C::Global, A::Suspend, &["ctrl-z"]),
    row(C::Global, A::Users, &[]).needs(May::Users),
    row(C::Global, A::OwnPassword, &[]),
    row(C::Global, A::Logout, &[]),
    row(C::Moving, A::Up, &["k", "up"]),
    row(C::Moving, A::Down, &["j", "down"]),
    row(C::Moving, A::Top, &["g g", "home"]),
    row(C::Moving, A::Bottom, &["G", "end"]),
    row(C::Moving, A::HalfUp, &["ctrl-u"]),
    row(C::Moving, A::HalfDown, &["ctrl-d"]),
    row(C::Moving, A::PageUp, &["pgup", "ctrl-b"]),
    row(C::Moving, A::PageDown, &["pgdn", "ctrl-f"]),
    row(C::List, A::Filter, &["/"]).hint(60),
    row(C::List, A::Yank, &["y"]),
    row(C::Marking, A::Mark, &["space"]).hint(55),
    row(C::Marking, A::MarkRange, &["v"]),
    row(C::Marking, A::MarkAll, &["a"]),
    row(C::Environments, A::Open, &["enter"]).hint(10),
    row(C::Environments, A::EnvNew, &["n"]).needs(May::Configure).hint(20),
    row(C::Environments, A::EnvRename, &["e"]).needs(May::Configure).hint(30),
    row(C::Environments, A::EnvHide, &["x"]).needs(May::Configure).hint(40),
    row(C::Environments, A::EnvHidden, &["."]).needs(May::Hidden),
    row(C::Environments, A::EnvRestore, &["b"]).needs(May::Hidden),
    row(C::Environments, A::Users, &["u"]).needs(May::Users).hint(50),
    row(C::Environments, A::SortName, &["N"]),
    row(C::Environments, A::SortState, &["S"]),
    row(C::Environment, A::TabNodes, &["1"]),
    row(C::Environment, A::TabModules, &["2"]),
    row(C::Environment, A::TabJobs, &["3"]),
    row(C::Environment, A::TabNext, &["tab"]).hint(70),
    row(C::Environment, A::TabBefore, &["shift-tab"]),
    row(C::Environment, A::Install, &["i"]).needs(May::Install).hint(15),
    row(C::Environment, A::EnvParallel, &[]).needs(May::Configure),
    row(C::Environment, A::EnvPlatform, &[]).needs(May::Configure),
    row(C::Nodes, A::Open, &["enter"]).hint(50),
    row(C::Nodes, A::Sweep, &["f"]).needs(May::Configure).hint(20),
    row(C::Nodes, A::NodeAdd, &["n"]).needs(May::Configure).hint(21),
    row(C::Nodes, A::NodeRoles, &["r"]).needs(May::Configure).hint(25),
    row(C::Nodes, A::NodeProbe, &["p"]).needs(May::Configure).hint(30),
    row(C::Nodes, A::Shell, &["s"]).needs(May::Shell).hint(35),
    row(C::Nodes, A::Logs, &["l"]),
    row(C::Nodes, A::Details, &["d"]),
    row(C::Nodes, A::NodeRename, &["e"]).needs(May::Configure),
    row(C::Nodes, A::NodeCredential, &["c"]).needs(May::Configure),
    row(C::Nodes, A::NodeAddress, &["o"]).needs(May::Configure),
    row(C::Nodes, A::NodeForget, &["F"]).needs(May::Configure),
    row(C::Nodes, A::NodeRemove, &["x"]).needs(May::Configure).hint(45),
    row(C::Nodes, A::SortName, &["N"]),
    row(C::Nodes, A::SortAddress, &["A"]),
    row(C::Nodes, A::SortState, &["S"]),
    row(C::Nodes, A::SortRoles, &["R"]),
    row(C::Modules, A::ModuleToggle, &["space"]).needs(May::Configure).hint(20),
    row(C::Jobs, A::Open, &["enter"]).hint(10),
    row(C::Jobs, A::JobRetry, &["r"]).needs(May::Install).hint(20),
    row(C::Sweep, A::SweepAdd, &["n", "enter"]).needs(May::Configure).hint(10),
    row(C::Sweep, A::SweepStop, &["x"]).needs(May::Configure).hint(20),
    row(C::Plan, A::PlanStart, &["i"]).needs(May::Install).hint(10),
    row(C::Job, A::PaneToggle, &["space", "enter"]).hint(16),
    row(C::Job, A::PaneNext, &["tab"]).hint(17),
    row(C::Job, A::PaneBefore, &["shift-tab"]),
    row(C::Job, A::Zoom, &["z"]).hint(18),
    row(C::Job, A::FirstError, &["e"]).hint(12),
    row(C::Job, A::JobRetry, &["r"]).needs(May::Install).hint(13),
    row(C::Job, A::JobCancel, &["x"]).needs(May::Install).hint(14),
    row(C::Job, A::Shell, &["s"]).needs(May::Shell).hint(25),
    row(C::Logs, A::Follow, &["f"]).hint(11),
    row(C::Logs, A::Wrap, &["w"]).hint(22),
    row(C::Logs, A::Search, &["/"]).hint(21),
    row(C::Logs, A::NextMatch, &["n"]),
    row(C::Logs, A::PreviousMatch, &["N"]),
    row(C::Logs, A::StepBefore, &["["]),
    row(C::Logs, A::StepNext, &["]"]),
    row(C::Logs, A::ScrollLeft, &["h", "left"]),
    row(C::Logs, A::ScrollRight, &["l", "right"]),
    row(C::Shell, A::ShellDetach, &["d"]).hint(10),
    row(C::Shell, A::ShellScroll, &["["]).hint(11),
    row(C::Shell, A::ShellNext, &["n"]).hint(12),
    row(C::Shell, A::ShellBefore, &["p"]),
    row(C::Shell, A::ShellClose, &["x"]).hint(13),
    row(C::Shell, A::Help, &["?"]).hint(90),
    row(C::Shell, A::ShellPrefix, &["ctrl-]"]),
    row(C::ShellScroll, A::ShellLive, &["q", "esc", "i"]).hint(10),
    row(C::Users, A::UserNew, &["n"]).needs(May::Users).hint(10),
    row(C::Users, A::UserPassword, &["p"]).needs(May::Users).hint(20),
    row(C::Users, A::UserDisable, &["x"]).needs(May::Users).hint(30),
    row(C::Form, A::FieldNext, &["tab", "down"]).hint(10),
    row(C::Form, A::FieldBefore, &["shift-tab", "up"]),
    row(C::Form, A::ChoiceBefore, &["left"]),
    row(C::Form, A::ChoiceNext, &["right"]),
    row(C::Form, A::Submit, &["ctrl-s"]).hint(20),
    row(C::Form, A::Cancel, &["esc"]).hint(30),
    row(C::Form, A::Language, &["f3"]).hint(80),
    row(C::Form, A::Leave, &["ctrl-c"]).hint(85),
    row(C::Dialog, A::ChoiceNext, &["right", "tab", "l"]).hint(10),
    row(C::Dialog, A::ChoiceBefore, &["left", "shift-tab", "h"]),
    row(C::Dialog, A::Choose, &["enter"]).hint(20),
    row(C::Dialog, A::Cancel, &["esc", "q"]).hint(30),
    row(C::Reading, A::Cancel, &["esc", "q", "enter"]).hint(10),
    row(C::Reading, A::Down, &["j", "down"]).hint(20),
    row(C::Reading, A::Yank, &["y"]).hint(30),
    row(C::Line, A::Choose, &["enter"]).hint(10),
    row(C::Line, A::FieldNext, &["tab"]).hint(20),
    row(C::Line, A::ChoiceNext, &["down"]).hint(30),
    row(C::Line, A::ChoiceBefore, &["up"]),
    row(C::Line, A::Cancel, &["esc"]).hint(40),
];

#[cfg(test)]
#[path = "bindings_tests.rs"]
mod tests;
