//! From directories to a catalog: finding files, parsing them, turning them into types.
//!
//! Every file is looked for by its path relative to the directories; the last directory that has it wins. Faults are
//! collected, never only the first: a file that cannot be parsed is one fault and the others are still looked at.

use super::check;
use super::fault::{Fault, Faults, line_of};
use super::format::{ModuleFile, PlatformFile, Vars};
use super::{AccountSpec, Catalog, Module, PREFLIGHT, Platform, Step, Template};
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{StepId, StepSpec};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use toml::Spanned;

/// Largest file read, in bytes: a role is text written by a person.
const FILE_MAX: u64 = 1 << 20;

/// Time and length of every file, to see whether something changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp(Vec<(PathBuf, Option<SystemTime>, u64)>);

impl Stamp {
    /// The stamp of everything below `dirs`, down to templates.
    pub(super) fn of(dirs: &[PathBuf]) -> Self {
        let mut out = Vec::new();
        for dir in dirs {
            Self::walk(dir, 5, &mut out);
        }
        out.sort();
        Self(out)
    }

    fn walk(dir: &Path, depth: u32, out: &mut Vec<(PathBuf, Option<SystemTime>, u64)>) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(meta) = fs::metadata(&path) else { continue };
            if meta.is_dir() {
                if depth > 0 {
                    Self::walk(&path, depth - 1, out);
                }
            } else {
                out.push((path, meta.modified().ok(), meta.len()));
            }
        }
    }
}

/// A parsed file with its text, for lines.
pub(super) struct Loaded<T> {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) raw: T,
}

impl<T> Loaded<T> {
    /// The line of a piece.
    pub(super) fn line<U>(&self, piece: &Spanned<U>) -> usize {
        line_of(&self.text, piece.span().start)
    }
}

/// Everything found, before it is known to be right.
pub(super) struct Found {
    pub(super) files: Files,
    pub(super) platforms: BTreeMap<String, Loaded<PlatformFile>>,
    pub(super) modules: BTreeMap<String, Loaded<ModuleFile>>,
}

/// The overlaid directories.
pub(super) struct Files(Vec<PathBuf>);

impl Files {
    /// The file of that relative path in the last directory that has it.
    pub(super) fn find(&self, relative: &Path) -> Option<PathBuf> {
        self.0.iter().rev().map(|d| d.join(relative)).find(|p| p.is_file())
    }

    /// Where a missing file should have been.
    pub(super) fn missing(&self, relative: &Path) -> PathBuf {
        self.0.first().map_or_else(|| relative.to_owned(), |d| d.join(relative))
    }

    /// Names in a relative directory, of all directories.
    fn names(&self, relative: &str) -> BTreeSet<String> {
        let entries = self.0.iter().filter_map(|d| fs::read_dir(d.join(relative)).ok());
        entries.flatten().flatten().filter_map(|e| e.file_name().into_string().ok()).collect()
    }

    /// The text of the file, or a fault.
    pub(super) fn text(&self, relative: &Path, faults: &mut Faults) -> Option<(PathBuf, String)> {
        let Some(path) = self.find(relative) else {
            faults.file(&self.missing(relative), "the file is missing");
            return None;
        };
        match fs::metadata(&path) {
            Ok(m) if m.len() > FILE_MAX => {
                faults.file(&path, format!("the file has {} bytes; 1 MiB is the most", m.len()));
                return None;
            }
            _ => {}
        }
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) => {
                faults.file(&path, format!("the file cannot be read: {e}"));
                return None;
            }
        };
        match String::from_utf8(bytes) {
            Ok(text) => Some((path, text)),
            Err(e) => {
                let good = e.utf8_error().valid_up_to();
                let lines = e.as_bytes().iter().take(good).filter(|b| **b == b'\n').count();
                faults.line(&path, lines + 1, "the text is not UTF-8");
                None
            }
        }
    }

    fn parse<T: DeserializeOwned>(&self, relative: &Path, faults: &mut Faults) -> Option<Loaded<T>> {
        let (path, text) = self.text(relative, faults)?;
        match toml::from_str(&text) {
            Ok(raw) => Some(Loaded { path, text, raw }),
            Err(e) => {
                let line = e.span().map_or(1, |s| line_of(&text, s.start));
                faults.line(&path, line, e.message().replace('\n', "; "));
                None
            }
        }
    }
}

/// See [`Catalog::load`].
pub(super) fn load(dirs: &[PathBuf]) -> Result<Catalog, Vec<Fault>> {
    let mut faults = Faults::default();
    let stamp = Stamp::of(dirs);
    if !dirs.iter().any(|d| d.is_dir()) {
        let at = dirs.first().cloned().unwrap_or_else(|| PathBuf::from("roles"));
        faults.file(&at, "there is no directory of roles here: install cpmg again, or name one with --roles");
        return Err(faults.sorted());
    }
    let files = Files(dirs.to_vec());
    let mut found = Found { files, platforms: BTreeMap::new(), modules: BTreeMap::new() };
    for file in found.files.names("platforms") {
        let Some(name) = file.strip_suffix(".toml") else { continue };
        let relative = Path::new("platforms").join(&file);
        if let Some(loaded) = found.files.parse(&relative, &mut faults) {
            found.platforms.insert(name.to_owned(), loaded);
        }
    }
    let mut broken = BTreeSet::new();
    for name in found.files.names("modules") {
        if name.starts_with('.') {
            continue;
        }
        let relative = Path::new("modules").join(&name).join("module.toml");
        match found.files.parse(&relative, &mut faults) {
            Some(loaded) => {
                found.modules.insert(name, loaded);
            }
            None => {
                broken.insert(name);
            }
        }
    }
    let library = library(&found.files, &mut faults);
    let runner = found.files.text(Path::new("runner.sh"), &mut faults);
    check::check(&found, &broken, &mut faults);

    let platforms = found.platforms.iter().map(|(n, p)| (n.clone(), platform(&found, n, p))).collect();
    let modules =
        found.modules.iter().map(|(n, m)| (n.clone(), module(&found.files, n, m, &mut faults))).collect();
    let catalog = Catalog {
        dirs: dirs.to_vec(),
        stamp,
        platforms,
        modules,
        library,
        runner: runner.map(|(_, text)| text).unwrap_or_default(),
    };
    super::templates::check(&catalog, &mut faults);
    let faults = faults.sorted();
    if faults.is_empty() { Ok(catalog) } else { Err(faults) }
}

/// `lib.sh` and, behind it, `lib/*.sh` in the order of their names.
fn library(files: &Files, faults: &mut Faults) -> String {
    let parts =
        files.names("lib").into_iter().filter(|n| Path::new(n).extension().is_some_and(|e| e == "sh"));
    let paths = std::iter::once(PathBuf::from("lib.sh")).chain(parts.map(|name| Path::new("lib").join(name)));
    paths.filter_map(|path| files.text(&path, faults)).map(|(_, text)| text).collect()
}

fn texts(vars: &Vars) -> BTreeMap<String, String> {
    vars.iter().map(|(name, value)| (name.get_ref().clone(), value.0.clone())).collect()
}

fn names(list: &[Spanned<String>]) -> Vec<String> {
    list.iter().map(|s| s.get_ref().clone()).collect()
}

fn platform(found: &Found, name: &str, file: &Loaded<PlatformFile>) -> Platform {
    let raw = &file.raw;
    let mut modules = names(&raw.modules);
    for joined in super::check::listed(found, name, file) {
        if !modules.iter().any(|m| m == joined) {
            modules.push(joined.to_owned());
        }
    }
    Platform {
        name: raw.name.get_ref().clone(),
        title: raw.title.get_ref().clone(),
        os_id: raw.os.id.get_ref().clone(),
        os_version: raw.os.version.get_ref().clone(),
        release: raw.release.get_ref().clone(),
        modules,
        vars: texts(&raw.vars),
        module_vars: raw.module.iter().map(|(n, v)| (n.get_ref().clone(), texts(v))).collect(),
    }
}

/// `place` is the directory's name, which is the module's unless `check` has reported that.
fn module(files: &Files, place: &str, file: &Loaded<ModuleFile>, faults: &mut Faults) -> Module {
    let raw = &file.raw;
    let name = raw.name.get_ref();
    let everywhere = raw.base || name == PREFLIGHT;
    let roles: NodeRoles = if raw.roles.is_empty() && everywhere {
        NodeRole::ALL.into_iter().collect()
    } else {
        raw.roles.iter().copied().collect()
    };
    let steps = raw.step.iter().filter_map(|s| {
        // A name that is none was reported by `check`.
        let id: StepId = format!("{name}/{}", s.name.get_ref()).parse().ok()?;
        let dir = Path::new("modules").join(place);
        let script = super::script::script(files, file, s, &dir.join(s.script.get_ref()), faults)?;
        let templates = s.templates.iter().filter_map(|t| {
            let relative = dir.join("templates").join(t.get_ref());
            if files.find(&relative).is_none() {
                let line = file.line(t);
                faults.line(&file.path, line, format!("the template templates/{} is missing", t.get_ref()));
                return None;
            }
            let (path, text) = files.text(&relative, faults)?;
            Some(Template { name: t.get_ref().clone(), path, text })
        });
        let templates = templates.collect();
        Some(Step {
            id,
            spec: StepSpec {
                title: s.title.get_ref().clone(),
                weight: *s.weight.get_ref(),
                secrets: names(&s.secrets),
                retryable: s.retryable,
                irreversible: s.irreversible,
                reconnect: s.reconnect,
                ceiling: s.ceiling.as_ref().map(|c| *c.get_ref()),
                restarts: names(&s.restarts),
                packages: names(&s.packages),
                task: s.task.as_ref().map(|t| t.get_ref().clone()),
            },
            place: s.on.as_ref().map(|p| *p.get_ref()).unwrap_or_default(),
            moves: s.moves,
            stage: s.stage.as_ref().map(|k| *k.get_ref()),
            roles: s
                .roles
                .as_ref()
                .map_or_else(|| roles.clone(), |r| r.iter().map(|r| *r.get_ref()).collect()),
            script,
            templates,
        })
    });
    let steps = steps.collect();
    let accounts = raw.accounts.iter().map(|(n, a)| AccountSpec {
        name: n.get_ref().clone(),
        title: a.title.get_ref().clone(),
        module: name.clone(),
        kind: *a.kind.get_ref(),
        default: a.default.as_ref().map(|d| d.get_ref().clone()),
        uses: a.uses.clone(),
    });
    Module {
        name: name.clone(),
        title: raw.title.get_ref().clone(),
        roles,
        needs: names(&raw.needs),
        base: raw.base,
        optional: raw.optional,
        ports: raw.ports.clone(),
        units: raw.units.clone(),
        logs: raw.logs.clone(),
        configs: names(&raw.configs),
        conflicts: names(&raw.conflicts),
        memory: raw.memory.iter().map(|(role, mib)| (*role.get_ref(), *mib.get_ref())).collect(),
        proven: names(&raw.proven),
        accounts: accounts.collect(),
        vars: texts(&raw.vars),
        steps,
    }
}
