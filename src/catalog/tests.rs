//! Against fixture trees, each broken in one way, and the real roles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "small texts for people")]

use super::*;
use crate::domain::facts::Facts;
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::node::NodeRole;
use crate::domain::plan::Plan;
use crate::domain::plan::PlanKind;
use crate::domain::policy::Policy;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/roles")
}

fn good() -> Catalog {
    Catalog::load(&[fixtures().join("good")]).unwrap_or_else(|f| panic!("{f:#?}"))
}

#[test]
fn a_directory_that_is_not_there_is_a_fault() {
    let faults = Catalog::check(&["/nonexistent/roles".into()]);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].to_string().starts_with("/nonexistent/roles: there is no directory"), "{}", faults[0]);
}

/// Every directory of `fixtures/roles/broken` laid over the good one gives exactly the faults of its `faults.txt`.
/// With `CPMG_BLESS` set, the files are written instead; read the difference before it is committed.
#[test]
fn each_broken_tree_is_told_with_file_and_line() {
    let root = fixtures();
    let mut cases: Vec<_> = fs::read_dir(root.join("broken")).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 40, "{}", cases.len());
    for case in cases {
        let faults = Catalog::check(&[root.join("good"), case.clone()]);
        let told: String = faults
            .iter()
            .map(|f| {
                let file =
                    f.file.strip_prefix(&case).or_else(|_| f.file.strip_prefix(root.join("good"))).unwrap();
                format!("{}\n", Fault { file: file.to_owned(), ..f.clone() })
            })
            .collect();
        if std::env::var_os("CPMG_BLESS").is_some() {
            fs::write(case.join("faults.txt"), &told).unwrap();
        }
        assert_eq!(told, fs::read_to_string(case.join("faults.txt")).unwrap(), "{}", case.display());
        assert!(!told.is_empty(), "{} is not broken", case.display());
    }
}

#[test]
fn the_later_directory_wins_file_by_file() {
    let own = tempfile::tempdir().unwrap();
    let dirs = [fixtures().join("good"), own.path().to_owned()];
    let before = Catalog::load(&dirs).unwrap();
    assert!(before.reload().is_none(), "nothing changed");
    fs::create_dir_all(own.path().join("modules/agent")).unwrap();
    fs::write(own.path().join("modules/agent/run.sh"), "run() {\n    echo mine\n}\nundo() { :; }\n").unwrap();
    let after = before.reload().expect("a file came").unwrap();
    let id = "agent/install".parse().unwrap();
    assert!(after.step(&id).unwrap().script.contains("mine"));
    assert!(!before.step(&id).unwrap().script.contains("mine"), "a catalog in use does not change");
    assert_eq!(before.module("agent").unwrap().title, after.module("agent").unwrap().title);
}

#[test]
fn a_module_joins_a_platform_by_itself_and_a_platform_does_without_another() {
    let own = tempfile::tempdir().unwrap();
    let dirs = [fixtures().join("good"), own.path().to_owned()];
    let write = |path: &str, text: &str| {
        let path = own.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let title = r#"title = { en = "Mine", zh-CN = "我的" }"#;
    write(
        "modules/mine/module.toml",
        &format!(
            "name = \"mine\"\n{title}\nplatforms = [\"test-1\"]\nroles = [\"controller\"]\nneeds = [\"names\", \"other\"]\n\
             [[step]]\nname = \"ask\"\n{title}\nscript = \"run.sh\"\nweight = 1\nsecrets = [\"OTHER_PASSWORD\"]\n"
        ),
    );
    write("modules/mine/run.sh", "run() { :; }\nundo() { :; }\n");
    write(
        "modules/other/module.toml",
        &format!(
            "name = \"other\"\n{title}\nroles = [\"controller\"]\n[accounts.OTHER_PASSWORD]\n{title}\nkind = \"password\"\n\
             [[step]]\nname = \"be\"\n{title}\nscript = \"be.sh\"\nweight = 1\n"
        ),
    );
    write("modules/other/be.sh", "run() { :; }\nundo() { :; }\n");
    let told = Catalog::load(&dirs).unwrap_err();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].to_string().ends_with("platform 'test-1' does not list 'other', which this module needs"),
        "{}",
        told[0]
    );

    let platform = fs::read_to_string(fixtures().join("good/platforms/test-1.toml")).unwrap();
    write("platforms/test-1.toml", &platform.replace("\n[vars]", "without = [\"other\"]\n\n[vars]"));
    let catalog = Catalog::load(&dirs).unwrap();
    assert_eq!(catalog.platform("test-1").unwrap().modules.last().unwrap(), "mine");
    let chosen = PlanInput { modules: vec!["mine".into()], ..input(vec![node(1, &[Controller])]) };
    let plan = catalog.plan(&chosen).unwrap();
    let step = "mine/ask".parse().unwrap();
    assert!(plan.steps[&step].secrets.is_empty(), "nobody made a password of a module that is not there");
}

fn node(id: u64, roles: &[NodeRole]) -> PlanInputNode {
    PlanInputNode {
        id: NodeId(id),
        name: format!("node-{id}"),
        address: format!("10.0.0.{id}"),
        roles: roles.iter().copied().collect(),
        facts: Some(Facts {
            os_id: "test".into(),
            os_version: "1.4".into(),
            memory: 1 << 30,
            ..Facts::default()
        }),
    }
}

use NodeRole::{Compute, Controller, Storage};

fn input(nodes: Vec<PlanInputNode>) -> PlanInput {
    PlanInput {
        env: EnvId(1),
        kind: PlanKind::Install,
        policy: Policy::default(),
        platform: "test-1".into(),
        modules: vec!["agent".into()],
        nodes,
        parallel: 20,
        images: None,
    }
}

fn shown(plan: &Plan) -> String {
    let mut out = String::new();
    for (name, reason) in &plan.modules {
        out += &format!("{name} ({reason})\n");
    }
    for stage in &plan.stages {
        for item in &stage.items {
            let steps: Vec<String> = item.steps.iter().map(ToString::to_string).collect();
            out += &format!("{} {}: {}\n", stage.kind, item.node, steps.join(" "));
        }
    }
    out
}

#[test]
fn a_plan_is_in_order() {
    let nodes = vec![node(1, &[Compute]), node(2, &[Controller]), node(3, &[]), node(4, &[Storage])];
    let plan = good().plan(&input(nodes)).unwrap();
    assert_eq!(
        shown(&plan),
        "\
preflight (base)
names (base)
database (service)
service (agent)
agent (chosen)
preflight 1: preflight/node
preflight 2: preflight/node
preflight 4: preflight/node
controllers 2: names/names database/install service/install service/schema agent/install agent/register
computes 1: names/names agent/install
storage 4: names/names
verification 2: service/ask
"
    );
    assert!(plan.node(NodeId(3)).is_none(), "a node without a role is left out");
}

#[test]
fn an_all_in_one_node_is_done_with_the_controllers() {
    let plan = good().plan(&input(vec![node(1, &[Controller, Compute, Storage])])).unwrap();
    let kinds: Vec<StageKind> = plan.stages.iter().map(|s| s.kind).collect();
    assert_eq!(kinds, [StageKind::Preflight, StageKind::Controllers, StageKind::Verification]);
}

#[test]
fn refusals_are_sentences() {
    let catalog = good();
    let without_facts = |mut n: PlanInputNode| {
        n.facts = None;
        n
    };
    let other = |mut n: PlanInputNode| {
        n.facts =
            Some(Facts { os_id: "de\u{1b}[31mbian".into(), os_version: "12".into(), ..Facts::default() });
        n
    };
    let named = |mut n: PlanInputNode, name: &str| {
        n.name = name.into();
        n
    };
    let at = |mut n: PlanInputNode, address: &str| {
        n.address = address.into();
        n
    };
    for (nodes, sentence) in [
        (vec![], "the environment has no node: add one first"),
        (vec![node(1, &[])], "no node has a role: give one the role of controller"),
        (vec![node(1, &[Compute])], "no node is a controller: give one the role of controller"),
        (
            vec![node(1, &[Controller]), named(node(2, &[Compute]), "node-1")],
            "two nodes have the name node-1",
        ),
        (
            vec![node(1, &[Controller]), at(node(2, &[Compute]), "10.0.0.1")],
            "two nodes have the address 10.0.0.1",
        ),
        (vec![named(node(1, &[Controller]), "a b")], "'a b' cannot be a host name"),
        (
            vec![without_facts(node(1, &[Controller])), without_facts(node(2, &[Compute]))],
            "nothing is known yet about node-1, node-2",
        ),
        (
            vec![other(node(1, &[Controller]))],
            "the platform test-1 needs test 1, and these have something else: node-1 (debian 12)",
        ),
    ] {
        let why = catalog.plan(&input(nodes)).unwrap_err().to_string();
        assert!(why.starts_with(sentence), "{why}");
    }
    let mut wrong = input(vec![node(1, &[Controller])]);
    wrong.modules = vec!["nova".into()];
    assert!(catalog.plan(&wrong).unwrap_err().to_string().contains("has no module 'nova'"));
    wrong.platform = "test-3".into();
    assert!(catalog.plan(&wrong).unwrap_err().to_string().contains("there are: test-1"));
}

#[test]
fn version_ten_is_not_version_one() {
    let mut n = node(1, &[Controller]);
    n.facts.as_mut().unwrap().os_version = "10".into();
    assert!(matches!(good().plan(&input(vec![n])), Err(PlanFault::WrongSystem { .. })));
}

#[test]
fn accounts_follow_the_needs() {
    let names = |modules: &[&str]| -> Vec<String> {
        let modules: Vec<String> = modules.iter().map(|m| (*m).to_owned()).collect();
        good().accounts("test-1", &modules).unwrap().into_iter().map(|a| a.name).collect()
    };
    assert_eq!(names(&["database"]), ["DB_ROOT"]);
    assert_eq!(names(&["agent"]), ["DB_ROOT", "SERVICE_PASSWORD", "SERVICE_USER"]);
    assert_eq!(names(&[]), names(&["agent"]), "nothing chosen is everything");
}

fn bundle_of(vars: &BTreeMap<String, String>) -> Result<Bundle, BundleFault> {
    let catalog = good();
    let nodes = vec![node(1, &[Controller]), node(2, &[Compute])];
    let plan = catalog.plan(&input(nodes.clone())).unwrap();
    let facts = nodes[0].facts.clone().unwrap();
    catalog.bundle(BundleInput {
        plan: &plan,
        node: NodeId(1),
        job: JobId(7),
        facts: &facts,
        vars,
        options: "",
    })
}

fn text<'a>(bundle: &'a Bundle, path: &str) -> &'a str {
    let file = bundle.files.iter().find(|f| f.path == path).unwrap_or_else(|| panic!("no {path}"));
    std::str::from_utf8(&file.bytes).unwrap()
}

#[test]
fn a_bundle_holds_what_a_node_needs_and_no_secret() {
    let bundle = bundle_of(&BTreeMap::from([("EXTRA".into(), "it's".into())])).unwrap();
    let paths: Vec<String> = bundle.files.iter().map(|f| format!("{:o} {}", f.mode, f.path)).collect();
    assert_eq!(
        paths.join("\n"),
        "\
600 files/database/db.conf
600 lib.sh
600 nodes.sh
700 runner.sh
600 steps/agent/install.sh
600 steps/agent/register.sh
600 steps/database/install.sh
600 steps/names/names.sh
600 steps/preflight/node.sh
600 steps/service/ask.sh
600 steps/service/install.sh
600 steps/service/schema.sh
600 vars/agent.sh
600 vars/database.sh
600 vars/names.sh
600 vars/preflight.sh
600 vars/service.sh"
    );
    assert_eq!(
        text(&bundle, "vars/database.sh"),
        "\
# Made by cpmg for this job; changes are lost.
JOB_ID=7
PLATFORM=test-1
RELEASE=zed
OS_ID=test
OS_VERSION=1
NODE_NAME=node-1
NODE_ADDRESS=10.0.0.1
NODE_ROLES=controller
CONTROLLER_NAME=node-1
CONTROLLER_ADDRESS=10.0.0.1
DEBUG=false
EXTRA='it'\\''s'
PORT=3306
REGION=RegionOne
SERVICES='serverd cached'
SIZE=small
. \"$CPMG_JOB/nodes.sh\"
case $STEP in
database/install) CPMG_PACKAGES='' CPMG_RESTARTS='serverd cached' CPMG_SECRETS='' CPMG_STAGE='' ;;
esac
"
    );
    assert_eq!(
        text(&bundle, "nodes.sh"),
        "\
# Made by cpmg for this job; changes are lost.
CONTROLLERS='10.0.0.1 node-1'
COMPUTES='10.0.0.2 node-2'
NODES='10.0.0.1 node-1
10.0.0.2 node-2'
"
    );
    assert_eq!(
        text(&bundle, "files/database/db.conf"),
        "# node-1 in RegionOne\n[server]\nport = 3306\nmember = 10.0.0.1 node-1\n"
    );
    for file in &bundle.files {
        let what = String::from_utf8_lossy(&file.bytes);
        let sets = |name: &str| what.contains(&format!("\n{name}="));
        assert!(!sets("DB_ROOT") && !sets("SERVICE_PASSWORD"), "{}", file.path);
    }
}

#[test]
fn a_step_knows_its_passwords_by_name() {
    let bundle = bundle_of(&BTreeMap::new()).unwrap();
    let wanted = "service/install) CPMG_PACKAGES='' CPMG_RESTARTS='' CPMG_SECRETS='DB_ROOT SERVICE_PASSWORD' CPMG_STAGE='' ;;";
    assert!(text(&bundle, "vars/service.sh").contains(wanted), "{}", text(&bundle, "vars/service.sh"));
    assert!(text(&bundle, "vars/service.sh").contains("CPMG_STAGE=verification ;;"));
}

#[test]
fn a_step_is_shown_as_it_will_be_run() {
    let catalog = good();
    let nodes = vec![node(1, &[Controller])];
    let plan = catalog.plan(&input(nodes.clone())).unwrap();
    let facts = nodes[0].facts.clone().unwrap();
    let vars = BTreeMap::from([("SERVICES".to_owned(), "other".to_owned())]);
    let asked =
        BundleInput { plan: &plan, node: NodeId(1), job: JobId(7), facts: &facts, vars: &vars, options: "" };
    let shown = catalog.preview(asked, &"database/install".parse().unwrap()).unwrap();
    let bundle = catalog.bundle(asked).unwrap();
    assert_eq!(shown.script, text(&bundle, "steps/database/install.sh"));
    let (own, lists) = shown.vars.split_once("\nCONTROLLERS=").unwrap();
    assert!(text(&bundle, "vars/database.sh").starts_with(own));
    assert!(text(&bundle, "nodes.sh").ends_with(&format!("\nCONTROLLERS={lists}")), "{lists}");
    assert!(shown.vars.contains("\nNODE_NAME=node-1\n") && !shown.vars.contains("CPMG_"), "{}", shown.vars);
    assert_eq!(shown.files, [("db.conf".to_owned(), text(&bundle, "files/database/db.conf").to_owned())]);
    assert_eq!(shown.restarts, ["other"], "the environment's own option counts");
    let whole = shown.text();
    for part in ["# restarts: other\n", "- script\n# shellcheck", "- db.conf\n# node-1 in RegionOne\n"] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    let secret = catalog.preview(asked, &"service/install".parse().unwrap()).unwrap();
    assert!(secret.vars.ends_with("\nDB_ROOT='********'\nSERVICE_PASSWORD='********'\n"), "{}", secret.vars);
    let other = catalog.preview(asked, &"names/nothing".parse().unwrap()).unwrap_err();
    assert!(other.to_string().contains("step 'names/nothing'"), "{other}");
}

#[test]
fn a_plan_has_the_names_of_its_platform() {
    let plan = good().plan(&input(vec![node(1, &[Controller])])).unwrap();
    let spec = &plan.steps[&"database/install".parse().unwrap()];
    assert_eq!(spec.restarts, ["serverd", "cached"]);
    assert_eq!((spec.ceiling(), plan.ceiling(&"service/install".parse().unwrap())), (5000, 1800));
}

#[test]
fn a_variable_cannot_hide_an_account_or_break_the_shell() {
    for name in ["DB_ROOT", "NODE_NAME", "x", "A B", "A;rm"] {
        let vars = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        assert_eq!(bundle_of(&vars), Err(BundleFault::Variable(name.to_owned())));
    }
}

#[test]
fn the_tar_stream_is_read_by_tar() {
    let bundle = bundle_of(&BTreeMap::new()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.tar");
    let packed = bundle.clone().packed().unwrap();
    fs::write(&path, [packed.shared, packed.own].concat()).unwrap();
    let done =
        std::process::Command::new("tar").arg("-xf").arg(&path).arg("-C").arg(dir.path()).status().unwrap();
    assert!(done.success());
    for file in &bundle.files {
        use std::os::unix::fs::PermissionsExt;
        let there = dir.path().join(&file.path);
        assert_eq!(fs::read(&there).unwrap(), file.bytes);
        assert_eq!(fs::metadata(&there).unwrap().permissions().mode() & 0o777, file.mode, "{}", file.path);
    }
}

fn a_shell_reads(values: &[String]) -> Vec<u8> {
    let mut script = String::new();
    for (i, value) in values.iter().enumerate() {
        script += &format!("V{i}={}\n", crate::domain::text::sh_quote(value));
    }
    for i in 0..values.len() {
        script += &format!("printf '%s\\n' \"$V{i}\"\n");
    }
    std::process::Command::new("sh").arg("-c").arg(&script).output().unwrap().stdout
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_quoted_value_comes_back_from_a_shell(values in prop::collection::vec("([^\0]|['\"$`\\\\\n;&|!*~#]){0,20}", 20)) {
        let wanted: String = values.iter().map(|v| format!("{v}\n")).collect();
        prop_assert_eq!(a_shell_reads(&values), wanted.into_bytes());
    }

    /// Whatever needs whatever: what is needed comes before, everything once, and the base first.
    #[test]
    fn order_respects_needs(edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..40), chosen in prop::collection::vec(0_usize..12, 1..6)) {
        let names: Vec<String> = (0..12).map(|i| format!("m{i}")).collect();
        let mut needs: order::Needs<'_> = names.iter().map(|n| (n.as_str(), Vec::new())).collect();
        for (a, b) in edges.iter().filter(|(a, b)| a > b) {
            needs.get_mut(names[*a].as_str()).unwrap().push(names[*b].as_str());
        }
        let chosen: Vec<&str> = chosen.iter().map(|i| names[*i].as_str()).collect();
        let placed = order::order(&needs, &chosen);
        let at = |name: &str| placed.iter().position(|(n, _)| *n == name);
        for (i, (name, reason)) in placed.iter().enumerate() {
            prop_assert_eq!(at(name), Some(i), "once");
            prop_assert!(needs[name].iter().all(|n| at(n).is_some_and(|p| p < i)));
            prop_assert!(*reason == "chosen" || needs[reason].contains(name));
        }
        prop_assert!(order::cycles(&needs).is_empty());
        prop_assert!(chosen.iter().all(|c| at(c).is_some()));
    }
}
#[test]
fn the_real_roles_are_without_fault() {
    let faults = Catalog::check(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("roles")]);
    assert!(faults.is_empty(), "{}", faults.iter().map(|f| format!("{f}\n")).collect::<String>());
}
