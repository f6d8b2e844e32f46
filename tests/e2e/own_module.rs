//! The module of `docs/own-module.md`: an operator puts its files into a directory of their own, and the program installs it.

use super::as_before::{census, compare, differences, last_job};
use super::support::{Cpmg, Lab};
use std::fs;
use std::path::Path;

#[test]
#[ignore = "needs root and the lab"]
fn a_module_written_from_the_documentation_alone_is_installed_and_undone() {
    let lab = Lab::up("ownmod", &["one"]);
    let cpmg = Cpmg::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/exporter");
    let folder = cpmg.own_roles().join("modules/exporter");
    fs::create_dir_all(&folder).expect("a directory");
    for file in fs::read_dir(example).expect("the example").map(|f| f.expect("a file").path()) {
        fs::copy(&file, folder.join(file.file_name().expect("a name"))).expect("a copy");
    }
    cpmg.ok(&["catalog", "check"]);
    cpmg.ok(&["env", "add", "prod"]);
    cpmg.ok(&["env", "set", "prod", "--modules", "exporter"]);
    cpmg.adopt(&lab, "prod", "one", &["controller"]);
    assert!(cpmg.ok(&["plan", "prod"]).contains("exporter/configure"), "it is in the plan");

    let before = census(&lab, "one");
    cpmg.told(&["install", "prod", "--dry-run", "--follow"]);
    let looked = differences(&before, &census(&lab, "one"));
    assert!(looked.is_empty(), "a look changes nothing:\n{}", looked.join("\n"));

    cpmg.told(&["install", "prod", "--follow"]);
    let job = last_job(&cpmg);
    assert_eq!(job["state"], "succeeded", "{job}");
    let listens = lab.exec("one", "grep -i ':238C ' /proc/net/tcp /proc/net/tcp6");
    assert!(!listens.is_empty(), "the exporter listens on 9100");

    cpmg.ok(&["install", "prod", "--dry-run", "--follow"]);
    assert_eq!(
        last_job(&cpmg)["changed"],
        0,
        "a second time there would be nothing to do: {}",
        last_job(&cpmg)
    );

    cpmg.told(&["job", "undo", &job["id"].to_string(), "--all", "--yes", "--follow"]);
    compare("one", &before, &census(&lab, "one"));
}
