//! A step as it will be run on a node, to be read before it is: made from the bundle itself, so that both say the same.

use super::Catalog;
use super::bundle::{Bundle, BundleFault, BundleInput, gone};
use super::plan::names_of;
use crate::domain::plan::StepId;
use std::fmt::Write as _;

/// What stands in the place of a secret.
pub const MASK: &str = "********";

/// What a step sources and runs on a node. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepPreview {
    /// Its variables as shell assignments, accounts with [`MASK`] for their value.
    pub vars: String,
    /// Its script.
    pub script: String,
    /// The rendered templates it needs: name in the module's folder of files, text.
    pub files: Vec<(String, String)>,
    /// Packages it installs, by their names on the platform.
    pub packages: Vec<String>,
    /// Units that are restarted because of it, or started by it.
    pub restarts: Vec<String>,
}

impl StepPreview {
    /// All of it as one text of shell comments and scripts, for a pager or a file.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (what, names) in [("packages", &self.packages), ("restarts", &self.restarts)] {
            if !names.is_empty() {
                // Writing into a String cannot fail.
                let _ = writeln!(out, "# {what}: {}", names.join(" "));
            }
        }
        let parts = [("variables", &self.vars), ("script", &self.script)];
        let files = self.files.iter().map(|(name, text)| (name.as_str(), text));
        for (name, text) in parts.into_iter().chain(files) {
            let _ = write!(out, "\n# ---------------------------------------- {name}\n{text}");
            if !text.ends_with('\n') {
                out.push('\n');
            }
        }
        out
    }
}

impl Catalog {
    /// The step as it will be run on `input.node`; a step that the plan does not have for this node is refused.
    pub fn preview(&self, input: BundleInput<'_>, id: &StepId) -> Result<StepPreview, BundleFault> {
        let missing = || gone("step", &id.to_string());
        let bundle = self.bundle(input)?;
        let script = text(&bundle, &format!("steps/{}/{}.sh", id.module(), id.step())).ok_or_else(missing)?;
        let step = self.step(id).ok_or_else(missing)?;
        let all = text(&bundle, &format!("vars/{}.sh", id.module())).ok_or_else(missing)?;
        // Behind the variables stands what the library knows of the module's steps.
        let mut vars =
            all.split_once("\ncase $STEP in\n").map_or(all.clone(), |(vars, _)| format!("{vars}\n"));
        // Nobody who looks at it has that file.
        let lists = text(&bundle, super::bundle::LISTS).ok_or_else(missing)?;
        let (_, lists) = lists.split_once('\n').unwrap_or_default();
        vars = vars.replace(&format!(". \"$CPMG_JOB/{}\"\n", super::bundle::LISTS), lists);
        for secret in &step.spec.secrets {
            let _ = writeln!(vars, "{secret}='{MASK}'");
        }
        let one =
            |name: &String| Some((name.clone(), text(&bundle, &format!("files/{}/{name}", id.module()))?));
        let files = step.templates.iter().filter_map(|t| one(&t.name)).collect();
        let values = self.variables_of(&input, id.module());
        Ok(StepPreview {
            vars,
            script,
            files,
            packages: names_of(&step.spec.packages, &values),
            restarts: names_of(&step.spec.restarts, &values),
        })
    }
}

fn text(bundle: &Bundle, path: &str) -> Option<String> {
    let file = bundle.files.iter().find(|f| f.path == path)?;
    Some(String::from_utf8_lossy(&file.bytes).into_owned())
}
