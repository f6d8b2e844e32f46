//! Which steps write which ini file, and with which sections: read from the scripts, for options that operators set.

use super::bundle::variables;
use super::{Catalog, Module, Platform, Step};
use std::collections::BTreeSet;

impl Catalog {
    /// Whether a step writes `file` on a platform: its `files` is told of the path, or of a variable that holds it.
    pub fn writes(&self, platform: &Platform, step: &Step, file: &str) -> bool {
        let Some(module) = self.module(step.id.module()) else { return false };
        if !step.script.contains("files()") {
            return false;
        }
        let vars = variables(platform, module);
        let holders = vars.iter().filter(|(_, value)| value.split_whitespace().any(|word| word == file));
        step.script.contains(file) || holders.map(|(name, _)| name).any(|name| mentions(&step.script, name))
    }

    /// Sections that a module's steps write in its ini files.
    pub(super) fn sections(module: &Module) -> Vec<String> {
        let mut out = BTreeSet::new();
        for line in module.steps.iter().flat_map(|s| s.script.lines()) {
            let words: Vec<&str> =
                line.split_whitespace().map(|w| w.trim_matches(['"', '\'', ';'])).collect();
            let Some(at) = words.iter().position(|w| matches!(*w, "ini_set" | "ini_add" | "ini_unset"))
            else {
                continue;
            };
            if let Some(section) = words.get(at + 2).filter(|s| !s.contains('$')) {
                out.insert((*section).to_owned());
            }
        }
        out.into_iter().collect()
    }
}

/// Whether a script uses a variable.
fn mentions(script: &str, name: &str) -> bool {
    script.match_indices(name).any(|(at, _)| {
        let before = script.get(..at).and_then(|t| t.chars().next_back());
        let after = script.get(at + name.len()..).and_then(|t| t.chars().next());
        matches!(before, Some('$' | '{')) && !after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
