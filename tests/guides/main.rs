//! What the installation guides prescribe, against what the plans of their platforms do, in both directions.
//!
//! `fixtures/guides/PLATFORM.toml` holds every package, option, service, database, Keystone object and command of a guide, with
//! the line it stands on. `recorder.sh` runs the steps of a sample environment as the catalog bundles them, without touching
//! anything, and writes down what they ask for. Both become [`things`](things) – lines of text like
//! `option /etc/nova/nova.conf [DEFAULT] my_ip = 10.0.0.10` – and are compared:
//!
//! * every fact that the guide demands is a thing of the plan, or `fixtures/guides/reasons/` says why it is done otherwise or is missing;
//! * every package, service, database, Keystone object, endpoint and option of the plan is a fact, or carries a reason there.
//!
//! A reason that nothing needs any more fails as well, so that the lists stay true. The table in `docs/proven.md` is made by
//! `UPDATE_PROVEN=1 cargo nextest run -E 'binary(guides)'`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod compare;
mod files;
mod guide;
mod reasons;
mod record;
mod report;
mod yaml;

use compare::Comparison;
use cpmg::catalog::Catalog;
use std::path::Path;

/// The platforms that follow a guide.
const PLATFORMS: [&str; 3] = ["ubuntu-22.04-caracal", "centos-7-mitaka", "centos-7-ocata"];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn plans_do_what_the_guides_prescribe_and_nothing_else_without_a_reason() {
    let catalog = Catalog::load(&[top().join("roles")]).unwrap_or_else(|f| panic!("{f:#?}"));
    let mut common = reasons::Reasons::read("common");
    let mut faults = Vec::new();
    let mut tables = Vec::new();
    let only = std::env::var("GUIDES_ONLY").ok(); // a platform, while one works on it: neither the reasons in common nor the tables are looked at
    for name in PLATFORMS.into_iter().filter(|p| only.as_deref().is_none_or(|o| o == *p)) {
        let Some(platform) = catalog.platform(name) else { continue };
        let guide = guide::Guide::read(name);
        let mut own = reasons::Reasons::read(name);
        let mut nodes = record::record(&catalog, platform, &guide);
        for node in &mut nodes {
            node.things = node.things.iter().map(|thing| own.as_the_guide(thing)).collect();
        }
        let comparison = Comparison::of(&guide, &nodes, &mut own, &mut common);
        faults.extend(comparison.faults.iter().map(|f| format!("{name}: {f}")));
        faults.extend(own.stale().into_iter().map(|f| format!("{name}: {f}")));
        tables.push(report::table(platform, &guide, &comparison));
    }
    if only.is_none() {
        faults.extend(common.stale().into_iter().map(|f| format!("common: {f}")));
    }
    let text = tables.join("\n");
    println!("{text}");
    assert!(
        faults.is_empty(),
        "{} differences between guides and plans. Mend the module, or say why in fixtures/guides/reasons/:\n{}",
        faults.len(),
        faults.join("\n")
    );
    if only.is_none() {
        report::keep(&text);
    }
}
