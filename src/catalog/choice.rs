//! What must hold of the keys by which modules are chosen: `configs`, `conflicts`, `memory`, `proven`.

use super::PREFLIGHT;
use super::check::is_free_variable;
use super::fault::Faults;
use super::format::{ModuleFile, Vars};
use super::load::{Found, Loaded};
use super::order::{self, Needs};
use std::collections::BTreeSet;
use std::path::Path;
use toml::Spanned;

/// Most MiB that a module may claim to take.
const MEMORY_MAX: u32 = 1 << 20;

/// Checks the keys of one module. `broken` are modules that exist and could not be parsed.
pub(super) fn check(
    found: &Found,
    broken: &BTreeSet<String>,
    needs: &Needs<'_>,
    place: &str,
    file: &Loaded<ModuleFile>,
    faults: &mut Faults,
) {
    for config in &file.raw.configs {
        self::config(found, place, file, config, faults);
    }
    conflicts(found, broken, needs, place, file, faults);
    for (role, mib) in &file.raw.memory {
        if !file.raw.base && !file.raw.roles.contains(role.get_ref()) && place != PREFLIGHT {
            let what =
                format!("the module takes memory on role '{}', on which it does not run", role.get_ref());
            faults.line(&file.path, file.line(role), what);
        }
        if !(1..=MEMORY_MAX).contains(mib.get_ref()) {
            let what = format!("the memory is a number of MiB, from 1 to {MEMORY_MAX}");
            faults.line(&file.path, file.line(mib), what);
        }
    }
    for named in file.raw.proven.iter().chain(&file.raw.platforms) {
        let name = named.get_ref();
        // One that cannot be parsed was reported with its fault.
        if found.files.find(&Path::new("platforms").join(format!("{name}.toml"))).is_none() {
            faults.line(&file.path, file.line(named), format!("there is no platform '{name}'"));
        }
    }
    for joined in &file.raw.platforms {
        let Some(platform) = found.platforms.get(joined.get_ref()) else { continue };
        let listed = super::check::listed(found, joined.get_ref(), platform);
        for need in &file.raw.needs {
            let without = platform.raw.without.iter().any(|w| w.get_ref() == need.get_ref());
            if found.modules.contains_key(need.get_ref())
                && !listed.contains(need.get_ref().as_str())
                && !without
            {
                let what = format!(
                    "platform '{}' does not list '{}', which this module needs",
                    joined.get_ref(),
                    need.get_ref()
                );
                faults.line(&file.path, file.line(joined), what);
            }
        }
    }
}

/// An absolute path, or `$VARIABLE` that holds such on every platform of the module.
fn config(
    found: &Found,
    module: &str,
    file: &Loaded<ModuleFile>,
    word: &Spanned<String>,
    faults: &mut Faults,
) {
    let (line, text) = (file.line(word), word.get_ref());
    let Some(variable) = text.strip_prefix('$') else {
        if !is_path(text) {
            let what = format!(
                "'{text}' is no absolute path without blanks: one file each, or $VARIABLE for those it holds"
            );
            faults.line(&file.path, line, what);
        }
        return;
    };
    if !is_free_variable(variable) {
        let rule = "upper-case letters, digits and underscores, a letter first";
        faults.line(&file.path, line, format!("'{variable}' is not the name of a variable: {rule}"));
        return;
    }
    let held = |vars: &Vars| vars.get(variable).map(|v| v.0.clone());
    for (name, platform) in &found.platforms {
        let raw = &platform.raw;
        if module != PREFLIGHT && !raw.modules.iter().any(|m| m.get_ref() == module) {
            continue;
        }
        let value = raw
            .module
            .get(module)
            .and_then(held)
            .or_else(|| held(&raw.vars))
            .or_else(|| held(&file.raw.vars));
        match value {
            None => faults.line(&file.path, line, format!("{text} is not set on platform '{name}'")),
            Some(value) => {
                for path in value.split_whitespace().filter(|p| !is_path(p)) {
                    let what = format!("{text} is '{path}' on platform '{name}', which is no absolute path");
                    faults.line(&file.path, line, what);
                }
            }
        }
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.ends_with('/')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && !text.split('/').any(|part| part == "..")
}

fn conflicts(
    found: &Found,
    broken: &BTreeSet<String>,
    needs: &Needs<'_>,
    place: &str,
    file: &Loaded<ModuleFile>,
    faults: &mut Faults,
) {
    let needed = order::closure(needs, place);
    for conflict in &file.raw.conflicts {
        let (line, other) = (file.line(conflict), conflict.get_ref());
        let what = match found.modules.get(other) {
            None if broken.contains(other) => continue,
            None => format!("there is no module '{other}'"),
            Some(_) if other == place => "a module cannot be in conflict with itself".to_owned(),
            Some(m) if m.raw.base || other == PREFLIGHT => {
                format!("'{other}' is part of every plan: nothing can be in conflict with it")
            }
            Some(_) if needed.contains(other.as_str()) => {
                format!("the module needs '{other}' and cannot be in conflict with it")
            }
            Some(_) => continue,
        };
        faults.line(&file.path, line, what);
    }
}
