//! What must hold within and between the files of `roles/`, told with file and line.

use super::fault::Faults;
use super::format::{ModuleFile, PlatformFile, StepFile, Vars};
use super::load::{Found, Loaded};
use super::order::{self, Needs};
use super::script::is_file_name;
use super::{AccountKind, PREFLIGHT};
use crate::domain::plan::{Localized, StageKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::Spanned;

/// Languages every title is written in.
const LANGUAGES: [&str; 2] = ["en", "zh-CN"];
/// Most seconds a step may claim to take.
const WEIGHT_MAX: u32 = 86_400;
/// Longest ceiling in seconds: a week.
const CEILING_MAX: u32 = 604_800;
/// Variables that the runner and the bundle set, or that a shell lives by.
const RESERVED: [&str; 27] = [
    "JOB_ID",
    "STEP",
    "ACTION",
    "PLATFORM",
    "OS_ID",
    "OS_VERSION",
    "RELEASE",
    "NODE_NAME",
    "NODE_ADDRESS",
    "NODE_ROLES",
    "CONTROLLER_NAME",
    "CONTROLLER_ADDRESS",
    "CONTROLLERS",
    "COMPUTES",
    "NODES",
    "PATH",
    "HOME",
    "IFS",
    "ENV",
    "LANG",
    "LC_ALL",
    "PWD",
    "OLDPWD",
    "SHELL",
    "TMPDIR",
    "PS4",
    "OPTIND",
];

/// Whether `name` is one of a module, a step or a platform.
fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether `name` is one of a shell variable as roles write them.
fn is_variable(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn is_reserved(name: &str) -> bool {
    name.starts_with("CPMG_") || RESERVED.contains(&name)
}

/// Whether `name` is a variable that a platform, a module or an environment may set.
pub(super) fn is_free_variable(name: &str) -> bool {
    is_variable(name) && !is_reserved(name)
}

/// Checks everything. `broken` are modules that exist and could not be parsed: not reported again as unknown.
pub(super) fn check(found: &Found, broken: &BTreeSet<String>, faults: &mut Faults) {
    let needs = needs(found);
    for (name, file) in &found.platforms {
        platform(found, broken, name, file, faults);
    }
    if found.platforms.is_empty() && faults.0.is_empty() {
        faults.file(&found.files.missing(Path::new("platforms")), "there is no platform here");
    }
    let mut accounts: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, file) in &found.modules {
        module(found, broken, &needs, name, file, faults);
        for account in file.raw.accounts.keys() {
            if let Some(other) = accounts.insert(account.get_ref(), name) {
                let line = file.line(account);
                let what = format!("account {} is declared by module '{other}' too", account.get_ref());
                faults.line(&file.path, line, what);
            }
        }
    }
    for chain in order::cycles(&needs) {
        cycle(found, &chain, faults);
    }
    if !found.modules.contains_key(PREFLIGHT) && !broken.contains(PREFLIGHT) {
        let at = found.files.missing(&Path::new("modules").join(PREFLIGHT).join("module.toml"));
        faults.file(&at, "the file is missing: without it nodes would be changed before they are looked at");
    }
}

fn needs(found: &Found) -> Needs<'_> {
    let each = found.modules.iter();
    each.map(|(n, f)| (n.as_str(), f.raw.needs.iter().map(|s| s.get_ref().as_str()).collect())).collect()
}

fn cycle(found: &Found, chain: &[&str], faults: &mut Faults) {
    let Some(first) = chain.first() else { return };
    let Some(file) = found.modules.get(*first) else { return };
    let after = chain.get(1).unwrap_or(first);
    let Some(need) = file.raw.needs.iter().find(|n| n.get_ref() == after) else { return };
    let round: Vec<&str> = chain.iter().chain([first]).copied().collect();
    let what = format!("these modules need each other in a circle: {}", round.join(" needs "));
    faults.line(&file.path, file.line(need), what);
}

fn title<T>(file: &Loaded<T>, title: &Spanned<Localized>, faults: &mut Faults) {
    for language in LANGUAGES {
        if title.get_ref().get(language).is_none_or(|t| t.trim().is_empty()) {
            let line = file.line(title);
            faults.line(&file.path, line, format!("the title has no text in '{language}'"));
        }
    }
    for text in title.get_ref().values().filter(|t| t.chars().any(char::is_control)) {
        faults.line(&file.path, file.line(title), format!("the title {text:?} has control characters"));
    }
}

fn name<T>(file: &Loaded<T>, what: &str, name: &Spanned<String>, place: &str, faults: &mut Faults) {
    let line = file.line(name);
    let text = name.get_ref();
    // a platform has the version of its system in its name, as 22.04
    let dotted = what == "platform" && !text.ends_with('.') && !text.contains("..");
    if !is_name(&if dotted { text.replace('.', "") } else { text.clone() }) {
        let rule = "1 to 40 lower-case letters, digits and hyphens, a letter first";
        faults.line(&file.path, line, format!("'{text}' is not the name of a {what}: {rule}"));
    } else if text != place {
        faults.line(&file.path, line, format!("the {what} is called '{text}' but lives in '{place}'"));
    }
}

fn variables<T>(file: &Loaded<T>, vars: &Vars, faults: &mut Faults) {
    for name in vars.keys() {
        variable(file, name, faults);
    }
}

fn variable<T>(file: &Loaded<T>, name: &Spanned<String>, faults: &mut Faults) {
    let (line, text) = (file.line(name), name.get_ref());
    if !is_variable(text) {
        let rule = "upper-case letters, digits and underscores, a letter first";
        faults.line(&file.path, line, format!("'{text}' is not the name of a variable: {rule}"));
    } else if is_reserved(text) {
        faults.line(
            &file.path,
            line,
            format!("the variable {text} is set by cpmg itself: choose another name"),
        );
    }
}

fn repeated<'a, T>(
    file: &Loaded<T>,
    what: &str,
    list: impl Iterator<Item = &'a Spanned<String>>,
    faults: &mut Faults,
) {
    let mut seen = BTreeSet::new();
    for item in list {
        if !seen.insert(item.get_ref()) {
            faults.line(&file.path, file.line(item), format!("{what} '{}' is named twice", item.get_ref()));
        }
    }
}

/// The modules of a platform: those it lists, and those that say by themselves that they join it.
pub(super) fn listed<'a>(found: &'a Found, name: &str, file: &'a Loaded<PlatformFile>) -> BTreeSet<&'a str> {
    let joins = |m: &&'a Loaded<ModuleFile>| m.raw.platforms.iter().any(|p| p.get_ref() == name);
    let joined = found.modules.values().filter(joins).map(|m| m.raw.name.get_ref().as_str());
    file.raw.modules.iter().map(|m| m.get_ref().as_str()).chain(joined).collect()
}

fn platform(
    found: &Found,
    broken: &BTreeSet<String>,
    place: &str,
    file: &Loaded<PlatformFile>,
    faults: &mut Faults,
) {
    let raw = &file.raw;
    name(file, "platform", &raw.name, place, faults);
    title(file, &raw.title, faults);
    for text in [&raw.os.id, &raw.os.version, &raw.release] {
        if text.get_ref().trim().is_empty() {
            faults.line(&file.path, file.line(text), "this must not be empty");
        }
    }
    repeated(file, "module", raw.modules.iter(), faults);
    let listed = listed(found, place, file);
    for item in &raw.without {
        let known = found.modules.contains_key(item.get_ref()) || broken.contains(item.get_ref());
        if !known || listed.contains(item.get_ref().as_str()) {
            let what = format!(
                "'{}' must be a module that this platform does not list: others then do without it",
                item.get_ref()
            );
            faults.line(&file.path, file.line(item), what);
        }
    }
    for item in &raw.modules {
        let (line, module) = (file.line(item), item.get_ref());
        if module == PREFLIGHT {
            faults.line(&file.path, line, "the module 'preflight' is part of every plan and not named here");
            continue;
        }
        let Some(m) = found.modules.get(module) else {
            if !broken.contains(module) {
                faults.line(&file.path, line, format!("there is no module '{module}'"));
            }
            continue;
        };
        for need in m.raw.needs.iter().map(Spanned::get_ref) {
            let known = listed.contains(need.as_str()) || raw.without.iter().any(|w| w.get_ref() == need);
            if !known && found.modules.contains_key(need) {
                let what = format!("module '{module}' needs '{need}', which this platform does not list");
                faults.line(&file.path, line, what);
            }
        }
    }
    variables(file, &raw.vars, faults);
    for (module, vars) in &raw.module {
        variables(file, vars, faults);
        let known = listed.contains(module.get_ref().as_str()) || module.get_ref() == PREFLIGHT;
        if !known {
            let what =
                format!("variables for module '{}', which this platform does not list", module.get_ref());
            faults.line(&file.path, file.line(module), what);
        }
    }
}

fn module(
    found: &Found,
    broken: &BTreeSet<String>,
    needs: &Needs<'_>,
    place: &str,
    file: &Loaded<ModuleFile>,
    faults: &mut Faults,
) {
    let raw = &file.raw;
    name(file, "module", &raw.name, place, faults);
    title(file, &raw.title, faults);
    let here = file.line(&raw.name);
    if raw.roles.is_empty() && !raw.base && place != PREFLIGHT {
        let what = "the module has no roles: name those of controller, compute and storage it runs on";
        faults.line(&file.path, here, what);
    }
    if raw.step.is_empty() {
        faults.line(&file.path, here, "the module has no step");
    }
    repeated(file, "module", raw.needs.iter(), faults);
    for need in &raw.needs {
        let (line, other) = (file.line(need), need.get_ref());
        match found.modules.get(other) {
            None if broken.contains(other) => {}
            None => faults.line(&file.path, line, format!("there is no module '{other}'")),
            Some(_) if other == PREFLIGHT || place == PREFLIGHT => {
                faults.line(
                    &file.path,
                    line,
                    "the module 'preflight' comes first by itself and needs nothing",
                );
            }
            Some(m) if raw.base && !m.raw.base => {
                let what = format!("'{place}' belongs to the base and needs '{other}', which does not");
                faults.line(&file.path, line, what);
            }
            Some(_) => {}
        }
    }
    for (account, spec) in &raw.accounts {
        variable(file, account, faults);
        title(file, &spec.title, faults);
        match (spec.kind.get_ref(), &spec.default) {
            (AccountKind::Password, Some(default)) => {
                faults.line(&file.path, file.line(default), "a password is generated and has no default");
            }
            (AccountKind::User, Some(default))
                if !crate::domain::accounts::name_faults(default.get_ref()).is_empty() =>
            {
                faults.line(
                    &file.path,
                    file.line(default),
                    crate::domain::accounts::ValueFault::Name.to_string(),
                );
            }
            (AccountKind::User, None) => {
                faults.line(&file.path, file.line(&spec.kind), "a user's name needs a default");
            }
            _ => {}
        }
        if let Some((var, _)) = raw.vars.get_key_value(account.get_ref().as_str()) {
            let what = format!("{} is an account and cannot be a variable as well", var.get_ref());
            faults.line(&file.path, file.line(var), what);
        }
    }
    variables(file, &raw.vars, faults);
    let closure = order::closure(needs, place);
    // With a misspelt or broken module among them nothing can be said about its secrets.
    let known = closure.iter().filter_map(|m| needs.get(m)).flatten().all(|n| found.modules.contains_key(*n));
    let secrets: BTreeSet<&str> = closure
        .into_iter()
        .filter_map(|m| found.modules.get(m))
        .flat_map(|m| m.raw.accounts.keys().map(|k| k.get_ref().as_str()))
        .collect();
    for (what, list) in [
        ("file", &raw.configs),
        ("module", &raw.conflicts),
        ("platform", &raw.proven),
        ("platform", &raw.platforms),
    ] {
        repeated(file, what, list.iter(), faults);
    }
    super::choice::check(found, broken, needs, place, file, faults);
    repeated(file, "step", raw.step.iter().map(|s| &s.name), faults);
    for s in &raw.step {
        step(file, place, s, known.then_some(&secrets), faults);
        for word in s.restarts.iter().chain(&s.packages) {
            name_or_variable(found, place, file, word, faults);
        }
    }
}

/// A unit or package by name, or `$VARIABLE` that every platform of the module sets.
fn name_or_variable(
    found: &Found,
    module: &str,
    file: &Loaded<ModuleFile>,
    word: &Spanned<String>,
    faults: &mut Faults,
) {
    let (line, text) = (file.line(word), word.get_ref());
    let Some(variable) = text.strip_prefix('$') else {
        let plain = |c: char| c.is_ascii_alphanumeric() || "@._:+-".contains(c);
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) || !text.chars().all(plain) {
            let what =
                format!("'{text}' is no name: one unit or package each, or $VARIABLE for those it holds");
            faults.line(&file.path, line, what);
        }
        return;
    };
    if !is_free_variable(variable) {
        let rule = "upper-case letters, digits and underscores, a letter first";
        faults.line(&file.path, line, format!("'{variable}' is not the name of a variable: {rule}"));
        return;
    }
    let set = |vars: &Vars| vars.contains_key(variable);
    for (name, platform) in &found.platforms {
        let raw = &platform.raw;
        let listed = module == PREFLIGHT || raw.modules.iter().any(|m| m.get_ref() == module);
        let here = set(&file.raw.vars) || set(&raw.vars) || raw.module.get(module).is_some_and(set);
        if listed && !here {
            faults.line(&file.path, line, format!("{text} is not set on platform '{name}'"));
        }
    }
}

fn step(
    file: &Loaded<ModuleFile>,
    module: &str,
    s: &StepFile,
    secrets: Option<&BTreeSet<&str>>,
    faults: &mut Faults,
) {
    name(file, "step", &s.name, s.name.get_ref(), faults);
    title(file, &s.title, faults);
    if !(1..=WEIGHT_MAX).contains(s.weight.get_ref()) {
        let what = "the weight is the number of seconds a step usually takes, from 1 to 86400";
        faults.line(&file.path, file.line(&s.weight), what);
    }
    if let Some(ceiling) = &s.ceiling
        && !(*s.weight.get_ref()..=CEILING_MAX).contains(ceiling.get_ref())
    {
        let what =
            "the ceiling is the number of seconds after which the step is ended, from its weight to 604800";
        faults.line(&file.path, file.line(ceiling), what);
    }
    repeated(file, "secret", s.secrets.iter(), faults);
    for secret in &s.secrets {
        if secrets.is_some_and(|s| !s.contains(secret.get_ref().as_str())) {
            let what = format!(
                "the secret {} is declared neither by this module nor by one it needs",
                secret.get_ref()
            );
            faults.line(&file.path, file.line(secret), what);
        }
    }
    repeated(file, "template", s.templates.iter(), faults);
    for template in s.templates.iter().filter(|t| !is_file_name(t.get_ref())) {
        let what = format!("'{}' is not a file name", template.get_ref());
        faults.line(&file.path, file.line(template), what);
    }
    if let Some(task) = s.task.as_ref().filter(|t| !is_name(t.get_ref())) {
        let rule = "1 to 40 lower-case letters, digits and hyphens, a letter first";
        faults.line(
            &file.path,
            file.line(task),
            format!("'{}' is not the name of a task: {rule}", task.get_ref()),
        );
    }
    if let (Some(on), None) = (&s.on, &s.task) {
        faults.line(&file.path, file.line(on), "'on' is for steps of a task: name the task, or say roles");
    }
    let stage = s.stage.as_ref().map(Spanned::get_ref);
    match (stage, &s.stage) {
        (Some(StageKind::Preflight | StageKind::Verification) | None, _) | (_, None) => {}
        (_, Some(at)) => {
            let what =
                "a step's stage is 'preflight' or 'verification'; the others follow from the node's roles";
            faults.line(&file.path, file.line(at), what);
        }
    }
    if module == PREFLIGHT && stage != Some(&StageKind::Preflight) {
        let what = "steps of the module 'preflight' have stage = \"preflight\"";
        faults.line(&file.path, file.line(&s.name), what);
    }
    let Some(roles) = &s.roles else { return };
    if roles.is_empty() {
        faults.line(
            &file.path,
            file.line(&s.name),
            "the step's list of roles is empty: leave it out or fill it",
        );
    }
    for role in roles {
        let all = file.raw.roles.is_empty();
        if !all && !file.raw.roles.contains(role.get_ref()) {
            let what = format!("the step runs on role '{}', the module does not", role.get_ref());
            faults.line(&file.path, file.line(role), what);
        }
    }
}
