//! Services of a node: how they stand, their last lines, a restart by hand.

use super::Engine;
use crate::api::views::ServiceView;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::choice::choose;
use crate::domain::ids::NodeId;
use crate::domain::node::Node;
use crate::domain::said::sentence;
use crate::domain::text::{harmless, sh_quote};
use crate::domain::user::User;
use crate::ssh::SshError;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// A node that does not tell within this does not tell.
const DEADLINE: Duration = Duration::from_mins(1);
/// Longest that a restart may take.
const RESTART: Duration = Duration::from_mins(3);
/// Most lines of a service's log that are shown.
pub const LINES_MAX: u32 = 200;

fn at_node(why: &SshError) -> Failure {
    super::nodes::node_fault(why)
}

impl Engine {
    /// Units of the modules that are on a node, with the module's name.
    fn units_on(&self, node: &Node) -> Result<BTreeMap<String, String>, Failure> {
        let env = self.env(node.env)?;
        let catalog = self.catalog()?;
        let Some(platform) = catalog.platform(&env.platform) else { return Ok(BTreeMap::new()) };
        let chosen = choose(&catalog.specs(platform), &env.modules, &[]);
        let mut out = BTreeMap::new();
        for (name, _) in &chosen.modules {
            let moved = |m: &crate::catalog::Module| {
                env.shape.images == Some(node.id) && m.steps.iter().any(|s| s.moves)
            };
            let here = |m: &&crate::catalog::Module| !m.roles.is_disjoint(&node.roles) || moved(m);
            let Some(module) = catalog.module(name).filter(here) else {
                continue;
            };
            for unit in &module.units {
                out.entry(unit.clone()).or_insert_with(|| name.clone());
            }
        }
        Ok(out)
    }

    /// How the services of a node stand; of one unit, or of all that there are, with their last lines.
    pub async fn services(
        &self,
        id: NodeId,
        unit: Option<String>,
        lines: u32,
    ) -> Result<Vec<ServiceView>, Failure> {
        let node = self.node(id)?;
        let mut units = self.units_on(&node)?;
        if let Some(wanted) = &unit {
            units.retain(|name, _| name == wanted);
            if units.is_empty() {
                return Err(no_unit(&node, wanted));
            }
        }
        let session = self.connect_node(&node).await.map_err(|f| at_node(&f))?;
        let mut script = String::from("export LC_ALL=C\n");
        for name in units.keys() {
            // Writing into a String cannot fail.
            let _ = writeln!(script, "{}", asked(name, lines.min(LINES_MAX)));
        }
        let told = session.run_ok("asking for services", "sh -s", script, DEADLINE).await;
        session.close().await;
        let told = told.map_err(|f| at_node(&f))?;
        Ok(parse(&String::from_utf8_lossy(&told.stdout), &units))
    }

    /// Restarts a service by hand.
    pub async fn service_restart(
        &self,
        asks: &User,
        id: NodeId,
        unit: &str,
    ) -> Result<Vec<ServiceView>, Failure> {
        let node = self.node(id)?;
        if !self.units_on(&node)?.contains_key(unit) {
            return Err(no_unit(&node, unit));
        }
        super::jobs::refuse_locked(&node)?;
        self.refuse_while_busy(node.env)?;
        self.audit(&self.deed_on(
            asks,
            AuditKind::Service,
            &node,
            sentence!("deed-restart", "restarted the service {unit}", unit = unit),
        ))?;
        let session = self.connect_node(&node).await.map_err(|f| at_node(&f))?;
        let command = format!("systemctl restart {}", sh_quote(unit));
        let done = session.run_ok(&format!("restarting {unit}"), &command, "", RESTART).await;
        session.close().await;
        done.map_err(|f| at_node(&f))?;
        self.services(id, Some(unit.to_owned()), 10).await
    }
}

fn no_unit(node: &Node, unit: &str) -> Failure {
    Failure::new(
        FailureKind::NotFound,
        format!(
            "no module of {} has a service {unit}: 'cpmg service list {}' names them",
            node.name, node.name
        ),
    )
    .keyed("error-no-service")
    .arg("node", &node.name)
    .arg("unit", unit)
}

/// What a node is asked about one unit: properties, then lines, each with a mark in front that no log can begin with by chance.
fn asked(unit: &str, lines: u32) -> String {
    let unit = sh_quote(unit);
    let mut out = format!(
        "printf '@unit %s\\n' {unit}; systemctl show {unit} -p LoadState -p ActiveState -p SubState -p Result -p NRestarts \
         -p UnitFileState -p MainPID -p MemoryCurrent | sed 's/^/@is /'; \
         printf '@since %s\\n' \"$(date -d \"$(systemctl show -p StateChangeTimestamp --value {unit})\" +%s 2>/dev/null)\""
    );
    if lines > 0 {
        let _ = write!(
            out,
            "; journalctl -q --no-pager -o short-iso -n {lines} -u {unit} 2>/dev/null | sed 's/^/@line /'"
        );
    }
    out
}

/// The answer, units that a node does not have left out.
fn parse(text: &str, units: &BTreeMap<String, String>) -> Vec<ServiceView> {
    let mut out: Vec<ServiceView> = Vec::new();
    let mut there = true;
    for line in text.lines() {
        if let Some(unit) = line.strip_prefix("@unit ") {
            if !there {
                out.pop();
            }
            there = false;
            let module = units.get(unit).cloned().unwrap_or_default();
            out.push(ServiceView { unit: harmless(unit), module, ..ServiceView::default() });
            continue;
        }
        let Some(service) = out.last_mut() else { continue };
        if let Some((name, value)) = line.strip_prefix("@is ").and_then(|l| l.split_once('=')) {
            let value = harmless(value);
            match name {
                "LoadState" => there = value != "not-found",
                "ActiveState" => service.state = value,
                "SubState" => service.sub = value,
                "Result" => service.result = value,
                "UnitFileState" => service.enabled = value,
                "NRestarts" => service.restarts = value.parse().unwrap_or_default(),
                "MemoryCurrent" => service.memory = value.parse().ok(),
                _ => {}
            }
        } else if let Some(since) = line.strip_prefix("@since ") {
            service.since = since.trim().parse::<u64>().ok().map(|s| crate::domain::time::Moment(s * 1000));
        } else if let Some(line) = line.strip_prefix("@line ") {
            service.lines.push(harmless(line).chars().take(500).collect());
        }
    }
    if !there {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    #[test]
    fn what_a_node_tells_of_its_services() {
        let units = [("a", "m"), ("b", "m"), ("c", "n")].map(|(u, m)| (u.to_owned(), m.to_owned())).into();
        let told = "@unit a\n@is LoadState=loaded\n@is ActiveState=active\n@is SubState=running\n@is NRestarts=2\n\
            @is MemoryCurrent=[not set]\n@since 1700000000\n@line one\n@line \u{1b}[2Jtwo\n\
            @unit b\n@is LoadState=not-found\n@since \n@unit c\n@is LoadState=loaded\n@is ActiveState=failed\n@since \n";
        let got = parse(told, &units);
        let states: Vec<_> =
            got.iter().map(|s| (s.unit.as_str(), s.module.as_str(), s.state.as_str())).collect();
        assert_eq!(states, [("a", "m", "active"), ("c", "n", "failed")], "one that is not there is left out");
        assert_eq!(
            (got[0].restarts, got[0].memory, got[0].since.map(|m| m.0)),
            (2, None, Some(1_700_000_000_000))
        );
        assert_eq!(got[0].lines.len(), 2);
        assert!(!got[0].lines[1].contains('\u{1b}'));
        assert_eq!(got[1].since, None);
    }
}
