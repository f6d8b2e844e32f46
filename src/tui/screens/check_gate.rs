//! Why an installation is to start although the connectivity check has not passed. The reason goes to the audit trail.

use super::job::JobPage;
use crate::api::{Request, Response};
use crate::domain::audit::{REASON_MAX, reason};
use crate::domain::check::gate::{Gate, GateState};
use crate::domain::ids::EnvId;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

struct Over {
    env: EnvId,
    gate: Gate,
    name: String,
}

/// Asks for the reason and installs.
pub fn over(env: EnvId, name: String, gate: Gate) -> Box<dyn Screen> {
    let field = Field::text("over", t!("field-why"), "").hint(t!("hint-why", most = REASON_MAX));
    Box::new(Form::new(Over { env, gate, name }, vec![field]))
}

/// How the check stands before an installation.
pub fn stands(gate: &Gate) -> Text {
    match gate.state {
        GateState::Findings => t!(
            "check-gate-findings",
            faults = gate.faults,
            warnings = gate.warnings,
            unchecked = gate.not_checked
        ),
        state => Text::key(format!("check-gate-{}", state.word())),
    }
}

impl Purpose for Over {
    fn name(&self) -> &'static str {
        "check-gate"
    }

    fn title(&self) -> Text {
        t!("check-over-title", name = self.name.as_str())
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![stands(&self.gate), t!("check-over-what")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let over = fields.text("over").to_owned();
        if reason(&over).is_err() {
            fields.wrong("over", t!("fault-why", most = REASON_MAX));
            return Vec::new();
        }
        let request = Request::Install { env: self.env, dry_run: false, only_new: false, over: Some(over) };
        vec![Effect::Call(Tag::Form, request)]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        match response {
            Response::Job(job) => vec![
                Effect::Close,
                Effect::Replace(Box::new(JobPage::new(job.id))),
                Effect::Say(Level::Good, t!("install-started")),
            ],
            _ => Vec::new(),
        }
    }
}
