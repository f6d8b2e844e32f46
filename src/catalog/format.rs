//! The files of `roles/` as they are written, unknown keys refused.
//!
//! Everything that may be wrong carries its span, so that a fault can name its line. `load` turns these into the types of
//! the room's own file.

use crate::domain::day2::TaskPlace;
use crate::domain::node::NodeRole;
use crate::domain::plan::{Localized, StageKind};
use serde::de::{self, Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// Variables as written: `NAME = "text"`, whole numbers and true/false too.
pub(super) type Vars = BTreeMap<Spanned<String>, VarText>;

/// `roles/platforms/NAME.toml`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlatformFile {
    pub name: Spanned<String>,
    pub title: Spanned<Localized>,
    pub os: OsFile,
    pub release: Spanned<String>,
    pub modules: Vec<Spanned<String>>,
    #[serde(default)]
    pub without: Vec<Spanned<String>>,
    #[serde(default)]
    pub vars: Vars,
    #[serde(default)]
    pub module: BTreeMap<Spanned<String>, Vars>,
}

/// The operating system a platform is for.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OsFile {
    pub id: Spanned<String>,
    pub version: Spanned<String>,
}

/// `roles/modules/NAME/module.toml`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModuleFile {
    pub name: Spanned<String>,
    pub title: Spanned<Localized>,
    #[serde(default)]
    pub roles: Vec<NodeRole>,
    #[serde(default)]
    pub needs: Vec<Spanned<String>>,
    #[serde(default)]
    pub base: bool,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub ports: Vec<u16>,
    #[serde(default)]
    pub units: Vec<String>,
    #[serde(default)]
    pub logs: Vec<String>,
    #[serde(default)]
    pub configs: Vec<Spanned<String>>,
    #[serde(default)]
    pub conflicts: Vec<Spanned<String>>,
    #[serde(default)]
    pub memory: BTreeMap<Spanned<NodeRole>, Spanned<u32>>,
    #[serde(default)]
    pub proven: Vec<Spanned<String>>,
    #[serde(default)]
    pub platforms: Vec<Spanned<String>>,
    #[serde(default)]
    pub accounts: BTreeMap<Spanned<String>, AccountFile>,
    #[serde(default)]
    pub vars: Vars,
    #[serde(default)]
    pub step: Vec<StepFile>,
}

/// `[accounts.NAME]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountFile {
    pub title: Spanned<Localized>,
    pub kind: Spanned<super::AccountKind>,
    pub default: Option<Spanned<String>>,
    #[serde(default)]
    pub uses: Vec<super::AccountUse>,
}

/// `[[step]]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "keys of a file")]
pub(super) struct StepFile {
    pub name: Spanned<String>,
    pub title: Spanned<Localized>,
    pub script: Spanned<String>,
    pub weight: Spanned<u32>,
    #[serde(default)]
    pub secrets: Vec<Spanned<String>>,
    #[serde(default)]
    pub templates: Vec<Spanned<String>>,
    #[serde(default)]
    pub retryable: bool,
    #[serde(default)]
    pub irreversible: bool,
    #[serde(default)]
    pub reconnect: bool,
    pub ceiling: Option<Spanned<u32>>,
    #[serde(default)]
    pub restarts: Vec<Spanned<String>>,
    #[serde(default)]
    pub packages: Vec<Spanned<String>>,
    pub stage: Option<Spanned<StageKind>>,
    pub task: Option<Spanned<String>>,
    pub on: Option<Spanned<TaskPlace>>,
    #[serde(default)]
    pub moves: bool,
    pub roles: Option<Vec<Spanned<NodeRole>>>,
}

/// The value of a variable; everything is text in a shell.
#[derive(Debug)]
pub(super) struct VarText(pub String);

impl<'de> Deserialize<'de> for VarText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl de::Visitor<'_> for V {
            type Value = VarText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a whole number, true or false")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<VarText, E> {
                if v.contains('\0') {
                    return Err(E::custom("a variable cannot hold a NUL character"));
                }
                Ok(VarText(v.to_owned()))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<VarText, E> {
                Ok(VarText(v.to_string()))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<VarText, E> {
                Ok(VarText(v.to_string()))
            }
            fn visit_bool<E: de::Error>(self, v: bool) -> Result<VarText, E> {
                Ok(VarText(v.to_string()))
            }
        }
        deserializer.deserialize_any(V)
    }
}
