//! The catalogue: every key in every language, every key that the code uses.

use crate::domain::accounts::{GeneratorFault, Place, Strength, ValueFault};
use crate::domain::check::CheckKind;
use crate::domain::cobbler::CobblerFault;
use crate::domain::environment::NameFault;
use crate::domain::facts::findings::{Hardware, Severity};
use crate::domain::facts::history::Fact;
use crate::domain::facts::same::Same;
use crate::domain::import::Why;
use crate::domain::ipam::{PoolKind, Source};
use crate::domain::job::forecast::Stop;
use crate::domain::job::{JobNodeState, JobState, ReinstallPhase};
use crate::domain::manual::ENGLISH;
use crate::domain::netplan;
use crate::domain::node::{NodeRole, NodeState};
use crate::domain::password::PasswordFault;
use crate::domain::plan::{PlanKind, StageKind};
use crate::domain::policy::OnFailure;
use crate::domain::timeline::Fill;
use crate::domain::user::UserRole;
use crate::domain::{export, import};
use crate::tui::bindings::BINDINGS;
use crate::tui::i18n::{Catalogue, Language, Text};
use crate::tui::keymap::{Action, Context};
use crate::tui::text::width;
use fluent_bundle::FluentResource;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Keys of a language and the arguments their texts use.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let source = language.source();
    FluentResource::try_new(source.to_owned()).unwrap_or_else(|(_, e)| panic!("{}: {e:?}", language.code()));
    let argument = Regex::new(r"\$(\w+)").unwrap();
    let mut found = BTreeMap::new();
    let mut key = String::new();
    for line in source.lines().filter(|l| !l.starts_with('#')) {
        if let Some((start, _)) = line.split_once(" =").filter(|(k, _)| !k.starts_with(' ') && !k.is_empty())
        {
            start.clone_into(&mut key);
            assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{key} is there twice");
        }
        let used = argument.captures_iter(line).map(|c| c[1].to_owned());
        found.entry(key.clone()).or_default().extend(used);
    }
    found
}

#[test]
fn languages_have_the_same_keys_and_arguments() {
    let en = keys(Language::En);
    let zh = keys(Language::ZhCn);
    let only = |a: &BTreeMap<String, _>, b: &BTreeMap<String, _>| -> Vec<String> {
        a.keys().filter(|k| !b.contains_key(*k)).cloned().collect()
    };
    assert_eq!(only(&en, &zh), Vec::<String>::new(), "missing in zh-CN");
    assert_eq!(only(&zh, &en), Vec::<String>::new(), "missing in en");
    for (key, arguments) in &zh {
        assert!(arguments.is_subset(&en[key]), "{key}: {arguments:?} is more than {:?}", en[key]);
    }
}

fn sources(dir: &Path, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Those of the report of an environment.
fn made_by_handover() -> Vec<String> {
    crate::domain::handover::ENGLISH.iter().map(|(key, _)| (*key).to_owned()).collect()
}

#[test]
fn the_report_reads_alike_on_the_command_line() {
    let en = Language::En.source();
    for (key, text) in crate::domain::handover::ENGLISH {
        let entry = en.lines().find_map(|l| l.strip_prefix(&format!("{key} = "))).unwrap();
        assert_eq!(entry, text, "{key}");
    }
}

/// Those of the connectivity check.
fn made_by_checks() -> Vec<String> {
    let mut all = Vec::new();
    for (cause, ..) in crate::domain::check::CAUSES {
        all.extend(["found", "expected", "mend"].map(|w| format!("check-{cause}-{w}")));
    }
    all.extend(CheckKind::ALL.map(|k| format!("check-kind-{}", k.word())));
    all.extend(["fault", "warning", "not-checked"].map(|w| format!("check-severity-{w}")));
    all.extend(["passed", "wire", "fault", "warning", "not-checked"].map(|w| format!("check-cell-{w}")));
    all.extend(["passed", "failed", "warned", "incomplete"].map(|w| format!("check-verdict-{w}")));
    all.extend(["plan", "nodes", "nics", "roles", "age"].map(|w| format!("check-changed-{w}")));
    all.extend(["ssh", "names", "clock", "repositories", "ports"].map(|w| format!("check-column-{w}")));
    all.extend(["missing", "stale", "passed"].map(|w| format!("check-gate-{w}")));
    all
}

fn made_by_loki() -> Vec<String> {
    use crate::domain::loki::{LokiFault as F, PushState as P};
    let faults = [F::Url, F::UrlHoldsLogin, F::Tenant, F::User, F::PasswordAlone, F::Authority, F::Job];
    let states = [P::Off, P::Level, P::Pushing, P::Waiting, P::Stopped, P::Unknown];
    let states = states.map(|s| format!("loki-state-{}", s.word()));
    faults.map(|f| f.key().to_owned()).into_iter().chain(states).collect()
}

/// Keys that the code makes from words.
#[expect(clippy::too_many_lines, reason = "a list")]
fn made() -> BTreeSet<String> {
    let mut all: Vec<String> = Vec::new();
    all.extend(NodeState::ALL.map(|s| format!("node-state-{}", s.word())));
    all.extend(StageKind::ALL.map(|s| format!("stage-{}", s.word())));
    all.extend(NodeRole::ALL.map(|s| format!("role-{}", s.word())));
    all.extend(NodeRole::ALL.map(|s| format!("role-short-{}", s.word())));
    all.extend(UserRole::ALL.map(|s| format!("user-role-{}", s.word())));
    all.extend(Context::ALL.map(|s| format!("context-{}", s.word())));
    all.extend(Action::ALL.iter().map(|s| format!("act-{}", s.word())));
    all.extend(BINDINGS.iter().filter(|b| b.hint.is_some()).map(|b| format!("hint-{}", b.action.word())));
    all.extend(JobState::ALL.map(|s| format!("job-state-{}", s.word())));
    for kind in ["stop-title", "stop-what", "stop-asked", "button-stop"] {
        all.extend(Stop::ALL.map(|s| format!("{kind}-{}", s.word())));
    }
    all.extend(ReinstallPhase::ALL.map(|s| format!("reinstall-{}", s.word())));
    all.extend(ENGLISH.iter().map(|(key, _)| (*key).to_owned()));
    for kind in [
        PlanKind::Install,
        PlanKind::DryRun,
        PlanKind::Reinstall,
        PlanKind::Rotate,
        PlanKind::Leave,
        PlanKind::RollOut,
        PlanKind::Task,
    ] {
        all.push(format!("plan-kind-{}", kind.word()));
    }
    all.extend(crate::domain::shells::Recorded::ALL.map(|r| format!("recorded-{r}")));
    for way in ["stop", "undo", "gone", "forget"] {
        all.extend(["", "-means"].map(|tail| format!("leave-{way}{tail}")));
    }
    all.extend(Source::ALL.iter().chain([&Source::Unknown]).map(|s| format!("ip-source-{}", s.word())));
    {
        use crate::domain::accounts::AccountUse as U;
        all.extend([U::Database, U::Url, U::Ini, U::Identity].map(|u| format!("account-use-{}", u.word())));
    }
    all.extend(PoolKind::ALL.map(|s| format!("pool-{}", s.word())));
    all.extend([Place::Set, Place::NotYet, Place::Unknown].map(|s| format!("rotation-has-{}", s.word())));
    all.extend(crate::domain::overrides::OptionFault::ALL.map(|f| f.key().to_owned()));
    for kind in ["strength", "strength-word"] {
        all.extend(
            [Strength::Weak, Strength::Fair, Strength::Strong].map(|s| format!("{kind}-{}", s.word())),
        );
    }
    {
        use GeneratorFault as G;
        use ValueFault as F;
        let faults = [
            F::Control,
            F::BlankAtEnd,
            F::NotAscii('x'),
            F::NotAsciiUrl('x'),
            F::InTemplate('x', 0),
            F::Dollar,
            F::Quoted,
            F::TooLongForKeystone,
            F::Name,
        ];
        all.extend(faults.map(|f| f.key().to_owned()));
        all.extend([G::Length(0), G::Classes, G::Dice].map(|f| f.key().to_owned()));
    }
    for way in OnFailure::ALL {
        all.extend(["", "-means"].map(|tail| format!("on-failure-{}{tail}", way.word())));
    }
    all.extend(Fill::ALL.iter().filter(|f| **f != Fill::Nothing).map(|f| format!("fill-{}", f.word())));
    all.extend(JobNodeState::ALL.map(|s| format!("job-node-{}", s.word())));
    {
        use NameFault as F;
        all.extend([F::Length, F::Characters, F::Edges, F::Digits].map(|f| f.key().to_owned()));
    }
    {
        use CobblerFault as F;
        all.extend([F::Url, F::UrlHoldsLogin, F::User, F::Authority].map(|f| f.key().to_owned()));
    }
    all.extend(crate::tui::presence::PLACES.map(|p| format!("place-{p}")));
    all.extend(made_by_loki());
    all.extend((0..=4).map(|n| format!("strength-score-{n}")));
    all.extend(PasswordFault::ALL.map(|f| f.key().to_owned()));
    all.extend(Why::ALL.map(|w| format!("import-why-{}", w.word())));
    all.push(format!("import-why-{}", Why::Unknown.word()));
    all.extend(import::Format::ALL.map(|f| format!("import-format-{}", f.word())));
    all.extend(export::Format::ALL.map(|f| format!("export-format-{}", f.word())));
    all.extend(["new", "changed", "same", "refused"].map(|v| format!("import-{v}")));
    let fields = ["name", "address", "port", "user", "roles", "password", "key"];
    all.extend(fields.map(|f| format!("import-field-{f}")));
    all.extend(Hardware::KEYS.map(str::to_owned));
    all.extend(Fact::ALL.map(|f| format!("fact-{}", f.word())));
    all.extend(Same::WORDS.map(|w| format!("same-{w}")));
    all.extend([Severity::Fault, Severity::Warning].map(|s| format!("severity-{}", s.word())));
    all.extend(netplan::KEYS.iter().map(|k| (*k).to_owned()));
    all.extend(netplan::Tag::ALL.map(|t| format!("net-about-{}", t.word())));
    all.extend(["length", "start", "characters"].map(|w| format!("user-name-{w}")));
    all.extend(made_by_checks());
    all.extend(made_by_handover());
    {
        use crate::domain::audit::AuditKind;
        let kinds = AuditKind::ALL.iter().chain([&AuditKind::Other]);
        all.extend(kinds.map(|k| format!("audit-kind-{}", k.word())));
    }
    {
        use crate::domain::proof::{ENGLISH, Outcome, RungKind, RungState};
        all.extend(RungKind::ALL.map(|k| format!("proof-rung-{}", k.word())));
        all.extend(RungState::ALL.map(|s| format!("proof-state-{}", s.word())));
        all.extend(Outcome::ALL.map(|o| format!("proof-outcome-{}", o.word())));
        all.extend(ENGLISH.iter().map(|(key, _)| format!("proof-said-{key}")));
    }
    all.into_iter().collect()
}

#[test]
fn findings_read_alike_on_the_command_line() {
    let en = Language::En.source();
    for (cause, found, expected, mend) in crate::domain::check::CAUSES {
        for (which, text) in [("found", found), ("expected", expected), ("mend", mend)] {
            let key = format!("check-{cause}-{which} = ");
            let entry = en.lines().find_map(|l| l.strip_prefix(&key)).unwrap();
            assert_eq!(entry.replace("{ $", "{").replace(" }", "}"), **text, "{key}");
        }
    }
}

#[test]
fn rungs_read_alike_on_the_command_line() {
    let en = Language::En.source();
    for (key, text) in crate::domain::proof::ENGLISH {
        let key = format!("proof-said-{key} = ");
        let entry = en.lines().find_map(|l| l.strip_prefix(&key)).unwrap();
        assert_eq!(entry.replace("{ $", "{").replace(" }", "}"), **text, "{key}");
    }
}

#[test]
fn every_key_that_is_used_exists_and_every_key_is_used() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui"), &mut files);
    let literal = Regex::new(r#"\bt!\(\s*"([a-z0-9-]+)""#).unwrap();
    let mut used: BTreeSet<String> = made();
    for file in &files {
        used.extend(literal.captures_iter(file).map(|c| c[1].to_owned()));
    }
    used.remove("key");
    let there: BTreeSet<String> = keys(Language::En).into_keys().collect();
    let missing: Vec<_> = used.difference(&there).collect();
    assert!(missing.is_empty(), "used and not in the catalogue: {missing:?}");
    // Sentences of the engine's refusals, of what is wrong with a filter, and those that are kept, are asked for by the keys that come with them.
    let mut all = Vec::new();
    for room in [
        "api",
        "catalog",
        "cobbler",
        "discovery",
        "domain",
        "engine",
        "install",
        "runner",
        "shell",
        "ssh",
        "store",
    ] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut all);
    }
    let keyed = Regex::new(r#"(?s)Said::keyed\((?:[^";]|"[^"]* [^"]*")*?"([a-z]+(?:-[a-z]+)+)"\)"#).unwrap();
    let kept: BTreeSet<String> =
        all.iter().flat_map(|file| keyed.captures_iter(file).map(|c| c[1].to_owned())).collect();
    assert!(kept.len() > 12 && kept.contains("step-end-status"), "{kept:?}");
    let missing: Vec<_> = kept.difference(&there).collect();
    assert!(missing.is_empty(), "kept and not in the catalogue: {missing:?}");
    // Those that the macro makes say on English screens what the trail says.
    let source = Language::En.source();
    let made = Regex::new(r#"sentence!\(\s*"([a-z-]+)",\s*"([^"]*)""#).unwrap();
    let mut sentences = 0;
    for found in all.iter().flat_map(|file| made.captures_iter(file)) {
        let (key, text) = (&found[1], &found[2]);
        let entry = source.lines().find_map(|l| l.strip_prefix(&format!("{key} = "))).unwrap_or_default();
        assert_eq!(entry.replace("{ $", "{").replace(" }", "}"), *text, "{key}");
        sentences += 1;
    }
    assert!(sentences > 200, "{sentences}");
    let named = |k: &str| all.iter().any(|file| file.contains(&format!("\"{k}\"")));
    let by_engine =
        |k: &str| k == "link-lost" || k.starts_with("error-") || k.starts_with("filter-fault-") || named(k);
    let dead: Vec<_> = there.difference(&used).filter(|k| !by_engine(k)).collect();
    assert!(dead.is_empty(), "in the catalogue and used nowhere: {dead:?}");
}

#[test]
fn the_manual_procedure_reads_alike_on_the_command_line() {
    let en = Language::En.source();
    for (key, text) in ENGLISH {
        let entry = en.lines().find_map(|l| l.strip_prefix(&format!("{key} = "))).unwrap();
        let entry = entry.replace("{ $", "{").replace(" }", "}");
        assert_eq!(entry, *text, "{key}");
    }
}

#[test]
fn plural_forms_are_right() {
    let en = Catalogue::new(Language::En);
    let text = |n: u64| en.tr(&Text::key("probe-started").with("count", n));
    assert_eq!(text(1), "Asking 1 node.");
    assert_eq!(text(3), "Asking 3 nodes.");
    let zh = Catalogue::new(Language::ZhCn);
    assert_eq!(zh.tr(&Text::key("button-trust").with("count", 1_u64)), "信任此密钥");
    assert_eq!(zh.tr(&Text::key("button-trust").with("count", 2_u64)), "信任这 2 个密钥");
}

#[test]
fn texts_are_harmless_and_columns_are_counted() {
    let en = Catalogue::new(Language::En);
    let evil = Text::key("probe-done").with("name", "a\u{1b}[2Jb\nc");
    assert_eq!(en.tr(&evil), "ab c answers; its facts are new.");
    assert_eq!(en.tr(&Text::plain("x\u{7}\u{1b}]0;t\u{7}y")), "x·y");
    assert_eq!(en.tr(&Text::key("no-such-key")), "⟨no-such-key⟩");
    for language in Language::ALL {
        let catalogue = Catalogue::new(language);
        for binding in BINDINGS.iter().filter(|b| b.hint.is_some()) {
            let hint = catalogue.tr(&Text::key(format!("hint-{}", binding.action.word())));
            assert!(width(&hint) <= 12, "too long for the footer: {hint}");
        }
    }
}

/// What stands in Chinese screens and is no text of ours: output and logs of nodes, names, titles in other people's files, and
/// sentences that the engine stores or that come without a key (see `docs/architecture.md`, Protocol).
const FROM_ELSEWHERE: [&str; 54] = [
    // A key that is typed into an app, in groups of four.
    "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
    // Output of steps and logs of services.
    "very long line of output that goes on and on",
    "flask GET http",
    "keystone GET http",
    "has more disk space than database expected",
    "agent Unable to enable dhcp for",
    "manager Host node",
    "Unable to fetch some archives",
    "maybe run apt",
    "get update or try with",
    "Setting up chrony",
    "Reading package lists",
    "Temporary failure resolving",
    "most recent call last",
    "journal of neutron",
    "parse error at line",
    "entry has timestamp too old",
    "create database keystone",
    "everything in place",
    // Names, reasons that operators typed.
    "name of forty characters",
    "of the northern region",
    "keep for the auditors",
    "with OpenStack Zed",
    // Sentences of the engine that are stored, or came without a key.
    "no engine answers at",
    "the user or the password is wrong",
    "the next try is",
    "the host key of",
    "new instead of the pinned SHA",
    "cluster is in parts of equal size",
    "one side is plugged in wrongly",
    "or the link between switches does not carry the VLAN of",
    "neither Perl nor Python",
    "the shell ended",
    "Loki does not answer",
    // A dialog that was opened while the language was another one; it closes with the next key.
    "the same machine as node",
    // What a shell that did not open was told stays as it was told.
    "The engine does not know this request",
    "it is of another release than this program",
    "clone of it",
    "same machine id",
    "same SSH host key",
    "same MAC address",
    "does not carry the VLAN of cluster",
    // Entries of the trail are kept as they were written; a command is a command.
    "its disk is being changed",
    "nodes worked on at once",
    "cpmg recording rules",
    "cpmg serve",
    "all of it anew",
    // Comments in the files of themes and keymaps, and what their parser says.
    "colours on the terminal",
    "dark or light",
    "expected one of",
    "in it actions with their keys",
    "keymap says only what differs",
    "md names them all",
    "section for each place",
];

#[test]
fn no_screen_in_chinese_has_an_english_sentence() {
    let words = Regex::new("[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui/snapshots");
    let mut looked_at = 0;
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with("zh-CN.snap") {
            continue;
        }
        looked_at += 1;
        for run in words.find_iter(&std::fs::read_to_string(&path).unwrap()) {
            // At an edge of the screen or of a dialog a sentence may be cut off, or begin in its middle.
            if !FROM_ELSEWHERE
                .iter()
                .any(|known| known.contains(run.as_str()) || run.as_str().contains(known))
            {
                found.insert(format!("{name}: {}", run.as_str()));
            }
        }
    }
    assert!(looked_at > 200, "{looked_at} snapshots");
    assert!(found.is_empty(), "not translated: {found:#?}");
}
