//! The settings of an environment: what is done about failures without asking, and how many nodes are worked on at once.

use super::env_forms::newer;
use crate::api::message::EnvChange;
use crate::api::{Request, Response};
use crate::domain::environment::{Environment, PARALLEL_MAX};
use crate::domain::ids::{EnvId, Revision};
use crate::domain::policy::{Budget, Budgets, OnFailure, Policy, RETRIES_MAX};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::{Field, Value};
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::stale::Theirs;

/// Fields that hold a budget.
const BUDGETS: [&str; 3] = ["controllers", "computes", "storage"];

struct Settings {
    env: EnvId,
    name: String,
    based_on: Revision,
    policy: Policy,
    parallel: u32,
    /// What is still to be sent after the first answer.
    rest: Option<EnvChange>,
    /// What somebody else has saved meanwhile.
    fresh: Option<(Revision, Policy, u32)>,
}

/// The settings of an environment.
pub fn settings(env: &Environment) -> Box<dyn Screen> {
    let ways = OnFailure::ALL.map(|w| (w.word().to_owned(), Text::key(format!("on-failure-{}", w.word()))));
    let at = OnFailure::ALL.iter().position(|w| *w == env.policy.on_failure).unwrap_or(0);
    let budget = |id, label, b: Budget| Field::text(id, label, &b.to_string()).hint(t!("hint-budget"));
    let budgets = env.policy.budget;
    let fields = vec![
        Field::choice("on-failure", t!("field-on-failure"), ways.to_vec(), at),
        Field::text("retries", t!("field-retries"), &env.policy.retries.to_string())
            .hint(t!("hint-retries", most = RETRIES_MAX)),
        budget("controllers", t!("field-budget-controllers"), budgets.controllers),
        budget("computes", t!("field-budget-computes"), budgets.computes),
        budget("storage", t!("field-budget-storage"), budgets.storage),
        Field::text("parallel", t!("field-parallel"), &env.parallel.to_string())
            .hint(t!("hint-parallel", most = PARALLEL_MAX)),
    ];
    let purpose = Settings {
        env: env.id,
        name: env.name.clone(),
        based_on: env.revision,
        policy: env.policy,
        parallel: env.parallel,
        rest: None,
        fresh: None,
    };
    Box::new(Form::new(purpose, fields))
}

/// What is wrong with the text of a field.
fn fault(id: &str, text: &str) -> Option<Text> {
    match id {
        "retries" => {
            let good = text.parse::<u32>().is_ok_and(|n| n <= RETRIES_MAX);
            (!good).then(|| t!("fault-retries", most = RETRIES_MAX))
        }
        "parallel" => {
            let good = text.parse::<u32>().is_ok_and(|n| (1..=PARALLEL_MAX).contains(&n));
            (!good).then(|| t!("fault-parallel", most = PARALLEL_MAX))
        }
        id if BUDGETS.contains(&id) => text.parse::<Budget>().is_err().then(|| t!("fault-budget")),
        _ => None,
    }
}

impl Settings {
    fn send(&self, change: EnvChange) -> Vec<Effect> {
        let request = Request::EnvEdit { env: self.env, based_on: self.based_on, change };
        vec![Effect::Call(Tag::Form, request)]
    }
}

impl Purpose for Settings {
    fn name(&self) -> &'static str {
        "env-settings"
    }

    fn title(&self) -> Text {
        t!("settings-title", name = &self.name)
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        let way = fields.choice("on-failure");
        Some(Text::key(format!("on-failure-{way}-means")))
    }

    fn typed(&self, fields: &mut Fields) {
        for field in &mut fields.all {
            if let Value::Text(line) = &field.value {
                field.fault = fault(field.id, line.text().trim());
            }
        }
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        for id in ["retries", "controllers", "computes", "storage", "parallel"] {
            if let Some(why) = fault(id, fields.text(id)) {
                fields.wrong(id, why);
            }
        }
        let budget = |id: &str| fields.text(id).parse::<Budget>();
        let (Ok(controllers), Ok(computes), Ok(storage)) =
            (budget("controllers"), budget("computes"), budget("storage"))
        else {
            return Vec::new();
        };
        if fields.is_wrong() {
            return Vec::new();
        }
        let policy = Policy {
            on_failure: fields.choice("on-failure").parse().unwrap_or_default(),
            retries: fields.text("retries").parse().unwrap_or_default(),
            budget: Budgets { controllers, computes, storage },
        };
        let parallel = fields.text("parallel").parse().unwrap_or(self.parallel);
        let more = (parallel != self.parallel).then_some(EnvChange::Parallel(parallel));
        if policy == self.policy {
            return more.map_or_else(|| vec![Effect::Close], |change| self.send(change));
        }
        self.rest = more;
        self.send(EnvChange::Policy(policy))
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        if let Response::Environment(env) = &response {
            (self.based_on, self.policy, self.parallel) = (env.revision, env.policy, env.parallel);
        }
        if let Some(change) = self.rest.take() {
            fields.busy = true;
            return self.send(change);
        }
        vec![Effect::Say(Level::Good, t!("env-changed", name = &self.name)), Effect::Close]
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let env = newer(cx, self.env, self.based_on)?;
        self.fresh = Some((env.revision, env.policy, env.parallel));
        let budget = env.policy.budget;
        let values = vec![
            ("on-failure", env.policy.on_failure.word().to_owned()),
            ("retries", env.policy.retries.to_string()),
            ("controllers", budget.controllers.to_string()),
            ("computes", budget.computes.to_string()),
            ("storage", budget.storage.to_string()),
            ("parallel", env.parallel.to_string()),
        ];
        Some(Theirs { by: env.changed_by.clone(), values })
    }

    fn rebase(&mut self) {
        if let Some((revision, policy, parallel)) = self.fresh.take() {
            (self.based_on, self.policy, self.parallel, self.rest) = (revision, policy, parallel, None);
        }
    }
}

/// The policy in a line.
pub fn sentence(cx: &Shared, policy: &Policy) -> String {
    let way = Text::key(format!("on-failure-{}", policy.on_failure.word()));
    let b = policy.budget;
    cx.tr(&t!(
        "policy-line",
        way = way,
        retries = policy.retries,
        controllers = b.controllers.to_string(),
        computes = b.computes.to_string(),
        storage = b.storage.to_string(),
    ))
}
