//! What an environment wants done about failures without asking.

use super::args::PolicyArgs;
use super::exit::Fault;
use super::talk::Talk;
use super::{envs, find, print};
use crate::api::message::EnvChange;
use crate::domain::policy::Policy;

/// `cpmg env policy`.
pub async fn run(talk: &Talk, wanted: &str, change: PolicyArgs) -> Result<(), Fault> {
    let mut env = find::environment(talk, wanted, false).await?.env;
    if change != PolicyArgs::default() {
        env = envs::edit(talk, &env, EnvChange::Policy(changed(env.policy, change))).await?;
    }
    if talk.json {
        return print::json(&env.policy);
    }
    let (p, may_fail) = (&env.policy, |budget: &dyn ToString| format!("{} may fail", budget.to_string()));
    print::pairs(&[
        ("environment", env.name.clone()),
        ("on failure", p.on_failure.word().to_owned()),
        ("retries", format!("{} of a step that declares itself retryable", p.retries)),
        ("controllers", may_fail(&p.budget.controllers)),
        ("computes", may_fail(&p.budget.computes)),
        ("storage", may_fail(&p.budget.storage)),
    ])
}

fn changed(mut policy: Policy, by: PolicyArgs) -> Policy {
    let budget = &mut policy.budget;
    budget.controllers = by.budget_controllers.unwrap_or(budget.controllers);
    budget.computes = by.budget_computes.unwrap_or(budget.computes);
    budget.storage = by.budget_storage.unwrap_or(budget.storage);
    policy.on_failure = by.on_failure.unwrap_or(policy.on_failure);
    policy.retries = by.retries.unwrap_or(policy.retries);
    policy
}

/// A policy in one line.
pub fn words(policy: &Policy) -> String {
    let budget = &policy.budget;
    format!(
        "{}; {} retries; may fail: {} controllers, {} computes, {} storage",
        policy.on_failure.word(),
        policy.retries,
        budget.controllers,
        budget.computes,
        budget.storage
    )
}
