//! `fixtures/guides/reasons/`: why a plan and its guide differ.
//!
//!     [[ours]]                     # in the plan and not in the guide
//!     what = "option /etc/keystone/keystone.conf [cache] *"
//!     because = "a sentence"
//!
//!     [[otherwise]]                # in the guide, and the plan does it in another way
//!     component = "keystone"       # component, what and lines narrow it down; at least one of what and lines, or missing with component alone
//!     what = "command mysql_secure_installation*"
//!     lines = [153, "410-423"]
//!     because = "a sentence"
//!
//!     [[missing]]                  # in the guide, and the plan does not do it yet
//!     component = "magnum"
//!     because = "a sentence"
//!
//!     [[placed]]                   # the guide has it on other nodes
//!     component = "horizon"
//!     on = "controller"
//!     because = "a sentence"
//!
//!     [[renamed]]                  # a file of the plan that stands for the guide's
//!     file = "/etc/netplan/90-cpmg.yaml"
//!     guide = "/etc/netplan/50-cloud-init.yaml"
//!     because = "a sentence"

use crate::guide::Fact;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ours: Vec<Entry>,
    #[serde(default)]
    otherwise: Vec<Entry>,
    #[serde(default)]
    missing: Vec<Entry>,
    #[serde(default)]
    placed: Vec<Placed>,
    #[serde(default)]
    renamed: Vec<Renamed>,
}

/// A component that the guide has on other nodes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placed {
    component: String,
    on: String,
    because: String,
}

/// A file that stands for another one of the guide.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Renamed {
    file: String,
    guide: String,
    because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    component: Option<String>,
    what: Option<Globs>,
    #[serde(default)]
    lines: Vec<Lines>,
    because: String,
    /// Whether each of its lines, or it as a whole where it has none, was needed.
    #[serde(skip)]
    used: Vec<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Globs {
    One(String),
    Many(Vec<String>),
}

impl Globs {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Lines {
    One(i64),
    Range(String),
}

impl Lines {
    fn has(&self, line: i64) -> bool {
        match self {
            Self::One(one) => *one == line,
            Self::Range(range) => {
                let (from, to) = range.split_once('-').expect("a range is written from-to");
                (from.parse::<i64>().unwrap()..=to.parse::<i64>().unwrap()).contains(&line)
            }
        }
    }
    fn told(&self) -> String {
        match self {
            Self::One(one) => one.to_string(),
            Self::Range(range) => range.clone(),
        }
    }
}

/// The reasons of one file.
pub struct Reasons(File);

/// What a reason says of a fact that the plan does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Otherwise,
    Missing,
}

impl Reasons {
    /// Reads `fixtures/guides/reasons/NAME.toml`.
    pub fn read(name: &str) -> Self {
        let path = crate::top().join(format!("fixtures/guides/reasons/{name}.toml"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut file: File = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for entry in file.ours.iter_mut().chain(&mut file.otherwise).chain(&mut file.missing) {
            assert!(entry.because.ends_with('.'), "a reason is a sentence: {}", entry.because);
            let parts = entry.lines.len() + entry.what.as_ref().map_or(0, |w| w.all().len());
            entry.used = vec![false; parts.max(1)];
        }
        let told = file.placed.iter().map(|p| &p.because).chain(file.renamed.iter().map(|r| &r.because));
        assert!(told.into_iter().all(|b| b.ends_with('.')), "a reason is a sentence");
        Self(file)
    }

    /// The role of the nodes where a component's facts are looked for, if it is not the guide's.
    pub fn placed(&self, component: &str) -> Option<&str> {
        self.0.placed.iter().find(|p| p.component == component).map(|p| p.on.as_str())
    }

    /// A thing of the plan with the guide's names for its files.
    pub fn as_the_guide(&self, thing: &str) -> String {
        let mut words: Vec<&str> = thing.split(' ').collect();
        for word in &mut words {
            if let Some(renamed) = self.0.renamed.iter().find(|r| r.file == *word) {
                *word = &renamed.guide;
            }
        }
        words.join(" ")
    }

    /// Why the plan has this, if there is a reason.
    pub fn ours(&mut self, thing: &str) -> bool {
        let mut found = false;
        for entry in &mut self.0.ours {
            for (at, what) in entry.what.iter().flat_map(Globs::all).enumerate() {
                if glob(what, thing) {
                    entry.used[at] = true;
                    found = true;
                }
            }
        }
        found
    }

    /// Why the plan does not have this fact, if there is a reason.
    pub fn fact(&mut self, fact: &Fact) -> Option<Verdict> {
        let told = fact.told();
        let lists = [(&mut self.0.otherwise, Verdict::Otherwise), (&mut self.0.missing, Verdict::Missing)];
        let mut found = None;
        for (entries, verdict) in lists {
            for entry in entries {
                if entry.component.as_ref().is_some_and(|c| *c != fact.component) {
                    continue;
                }
                let whats = entry.what.as_ref().map_or(&[][..], Globs::all);
                let what = whats.iter().position(|w| glob(w, &told));
                let line = entry.lines.iter().position(|l| l.has(fact.line));
                if (!whats.is_empty() && what.is_none()) || (!entry.lines.is_empty() && line.is_none()) {
                    continue;
                }
                if whats.is_empty() && entry.lines.is_empty() {
                    entry.used[0] = true;
                }
                if let Some(at) = what {
                    entry.used[at] = true;
                }
                if let Some(at) = line {
                    entry.used[whats.len() + at] = true;
                }
                found = found.or(Some(verdict));
            }
        }
        found
    }

    /// Entries, or lines of them, that nothing needed.
    pub fn stale(&self) -> Vec<String> {
        let mut out = Vec::new();
        let lists = [("ours", &self.0.ours), ("otherwise", &self.0.otherwise), ("missing", &self.0.missing)];
        for (list, entries) in lists {
            for entry in entries {
                let whats = entry.what.as_ref().map_or(&[][..], Globs::all);
                for at in (0..entry.used.len()).filter(|at| !entry.used[*at]) {
                    let part = whats.get(at).cloned().unwrap_or_else(|| {
                        entry
                            .lines
                            .get(at - whats.len())
                            .map_or_else(String::new, |l| format!("line {}", l.told()))
                    });
                    let component = entry.component.as_deref().unwrap_or_default();
                    out.push(format!(
                        "a reason that is not needed: [[{list}]] {component} {part}: {}",
                        entry.because
                    ));
                }
            }
        }
        out
    }
}

/// `*` stands for any text.
pub fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    if rest.is_empty() {
        return true;
    }
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.into_iter().any(|at| glob(rest, &text[at..]))
}
