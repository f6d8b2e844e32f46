//! Backups, restorations, environments for some users only, and engines that are killed under writes.

use super::support::{Site, wait_until};
use cpmg::api::keep::Keep;
use cpmg::api::{Client, Request, Response, Row, Topic};
use cpmg::domain::secret::Secret;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn a_backup_is_restored_here_and_on_another_machine() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    site.ok_typing(
        &["node", "add", "prod", "127.8.0.1", "--name", "n1", "--password-stdin"],
        "of the node n1\n",
    );
    let secret = site.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]);
    let file = site.dir.path().join("cpmg.backup");
    let file = file.to_str().unwrap();
    site.refused_typing(&["backup", "--to", file, "--passphrase-stdin"], "short\n", 2, "fewer than 12");
    let text = site.ok_typing(&["backup", "--to", file, "--passphrase-stdin"], "four words of a phrase\n");
    assert!(text.contains("records and their key are in"), "{text}");
    assert!(site.ok(&["backup"]).contains("keep a copy of both"));
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(
        !kept.contains(secret.trim()) && !kept.contains("of the node n1"),
        "a secret stands in the backup"
    );
    site.ok(&["env", "add", "later"]);
    site.refused_typing(
        &["restore", file, "--yes", "--passphrase-stdin"],
        "four words of a phrase\n",
        5,
        "stop it first",
    );
    site.ok(&["engine", "stop"]);
    site.refused_typing(
        &["restore", file, "--yes", "--passphrase-stdin"],
        "wrong\n",
        8,
        "passphrase is wrong",
    );
    let text = site.ok_typing(&["restore", file, "--yes", "--passphrase-stdin"], "four words of a phrase\n");
    assert!(text.contains("are in place"), "{text}");
    let names = |site: &Site| -> Vec<String> {
        let envs = site.json(&["env", "list"]);
        envs.as_array().unwrap().iter().map(|e| e["env"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&site), ["prod"]);
    let trail = site.ok(&["audit", "--kind", "engine"]);
    assert!(
        trail.contains("restored") && site.ok(&["audit", "verify"]).contains("as they were written"),
        "{trail}"
    );

    // Another machine: nothing there but the file and the passphrase.
    let other = Site::new();
    other.ok(&["engine", "stop"]);
    other.ok_typing(&["restore", file, "--yes", "--passphrase-stdin"], "four words of a phrase\n");
    other.ok_typing(&["login", "ada", "--password-stdin"], "correct horse\n");
    assert_eq!(names(&other), ["prod"]);
    assert_eq!(other.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]), secret);
}

#[test]
fn an_environment_goes_to_another_machine_as_a_file() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    site.ok_typing(
        &["node", "add", "prod", "127.8.0.1", "--name", "n1", "--password-stdin"],
        "of the node n1\n",
    );
    site.ok(&["node", "role", "prod/n1", "controller"]);
    let secret = site.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]);
    let file = site.dir.path().join("prod.env");
    let file = file.to_str().unwrap();
    let phrase = "four words of a phrase\n";
    site.refused_typing(
        &["env", "export", "prod", file, "--passphrase-stdin"],
        "short\n",
        2,
        "fewer than 12",
    );
    let text = site.ok_typing(&["env", "export", "prod", file, "--passphrase-stdin"], phrase);
    assert!(text.contains("prod is in") && text.contains("jobs, logs and facts are not in it"), "{text}");
    site.refused_typing(
        &["env", "export", "prod", file, "--passphrase-stdin"],
        phrase,
        5,
        "is there already",
    );
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(!kept.contains(secret.trim()) && !kept.contains("127.8.0.1"), "something stands in the file");
    site.refused_typing(&["env", "import", file, "--passphrase-stdin"], phrase, 5, "--name NAME");
    site.refused_typing(
        &["env", "import", file, "--passphrase-stdin"],
        "a wrong passphrase\n",
        2,
        "passphrase is wrong",
    );
    site.ok_typing(&["env", "import", file, "--name", "twin", "--passphrase-stdin"], phrase);
    assert!(site.ok(&["env", "show", "twin"]).contains("n1"));

    let other = Site::new();
    let text = other.ok_typing(&["env", "import", file, "--passphrase-stdin"], phrase);
    assert!(text.contains("made environment prod"), "{text}");
    assert_eq!(other.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]), secret);
    assert!(other.ok(&["audit"]).contains("imported it from a file, with 1 nodes"));
    assert!(site.ok(&["audit"]).contains("exported it to a file, with 1 nodes"));
}

#[test]
fn exports_are_copied_to_another_directory_and_failures_are_told() {
    let site = Site::new();
    let share = site.dir.path().join("share");
    let text = share.to_str().unwrap();
    site.refused(&["backup", "rules", "--copies", text], 2, "is the share mounted?");
    site.refused(&["backup", "rules", "--kept", "0"], 2, "1 to 1000 exports");
    let data = site.json(&["backup"])["path"].as_str().unwrap().to_owned();
    let own = std::path::Path::new(&data).parent().unwrap().to_str().unwrap().to_owned();
    site.refused(&["backup", "rules", "--copies", &own], 2, "lies in the data directory");
    std::fs::create_dir(&share).unwrap();
    std::fs::write(share.join("cpmg-notes.jsonl"), "somebody else's").unwrap();
    let shown = site.ok(&["backup", "rules", "--copies", text, "--copies-kept", "2", "--kept", "3"]);
    assert!(shown.contains("the last of") && !shown.contains("FAILED"), "{shown}");
    for _ in 0..4 {
        site.ok(&["backup"]);
    }
    let names = |dir: &std::path::Path| -> Vec<String> {
        let all = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut all: Vec<String> =
            all.filter(|name| std::path::Path::new(name).extension().is_some_and(|e| e == "jsonl")).collect();
        all.sort();
        all
    };
    let there = names(&share);
    assert_eq!(there.len(), 3, "two copies, and what was there before: {there:?}");
    let mine = names(std::path::Path::new(&own));
    assert_eq!(mine.len(), 3);
    assert_eq!(there[1], format!("cpmg-{}", mine[2]), "the newest");
    // The share goes away: everybody is told, and the exports here go on.
    std::fs::rename(&share, site.dir.path().join("gone")).unwrap();
    site.ok(&["backup"]);
    let shown = site.ok(&["backup", "rules"]);
    assert!(shown.contains("FAILED since: it is not there: is the share mounted?"), "{shown}");
    let doctor = site.run(&["doctor"]);
    assert!(doctor.out.contains("no copy of the export could be written to"), "{doctor:?}");
    std::fs::rename(site.dir.path().join("gone"), &share).unwrap();
    site.ok(&["backup"]);
    assert!(!site.ok(&["backup", "rules"]).contains("FAILED"));
    // It outlives the engine.
    site.ok(&["engine", "stop"]);
    let kept = site.json(&["backup", "rules"]);
    assert_eq!((&kept["rules"]["copies_kept"], &kept["rules"]["copies"]), (&2.into(), &text.into()));
    site.ok(&["backup", "rules", "--no-copies"]);
    assert!(site.ok(&["audit"]).contains("rules for exports: 3 kept, no copies elsewhere"));
}

#[test]
fn the_key_is_changed_while_the_engine_is_stopped() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    let secret = site.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]);
    site.ok(&["backup"]);
    site.refused(&["key", "rotate", "--yes"], 5, "stop it first");
    site.ok(&["engine", "stop"]);
    let text = site.ok(&["key", "rotate", "--yes"]);
    assert!(text.contains("are sealed with the new key"), "{text}");
    assert_eq!(site.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]), secret);
    let trail = site.ok(&["audit", "--kind", "engine"]);
    assert!(trail.contains("changed the key of the sealed secrets"), "{trail}");
    assert!(site.ok(&["audit", "verify"]).contains("as they were written"));
}

#[test]
fn an_environment_is_limited_to_named_users() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    site.ok(&["env", "add", "open"]);
    site.ok_typing(
        &["node", "add", "prod", "127.8.0.1", "--name", "n1", "--password-stdin"],
        "of the node n1\n",
    );
    for name in ["bob", "eve"] {
        site.ok_typing(&["user", "add", name, "--password-stdin"], "correct horse\n");
        let ended = site.run_of(name, &["login", name, "--password-stdin"], "correct horse\n");
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    site.refused(&["env", "limit", "prod", "--to", "nobody"], 2, "no user called nobody");
    assert!(site.ok(&["env", "limit", "prod", "--to", "bob"]).contains("only bob and administrators"));
    assert!(site.ok(&["env", "show", "prod"]).contains("bob and administrators"));
    let bob = site.run_of("bob", &["env", "show", "prod"], "");
    assert_eq!(bob.code, 0, "{bob:?}");
    for args in
        [&["env", "show", "prod"][..], &["node", "show", "n1"], &["env", "limit", "open", "--to", "eve"]]
    {
        let eve = site.run_of("eve", args, "");
        assert!(eve.code == 4 || eve.code == 3, "{args:?}: {eve:?}");
    }
    let list = site.run_of("eve", &["env", "list"], "").out;
    assert!(list.contains("open") && !list.contains("prod"), "{list}");
    // By number as well, and in the trail.
    let trail = site.run_of("eve", &["audit"], "").out;
    assert!(!trail.contains("prod") && trail.contains("made the environment open"), "{trail}");
    site.ok(&["env", "limit", "prod", "--all"]);
    assert_eq!(site.run_of("eve", &["env", "show", "prod"], "").code, 0);
}

/// Rounds of killing; the long form is `CPMG_KILL_ROUNDS=1000`.
fn rounds() -> u64 {
    std::env::var("CPMG_KILL_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(12)
}

/// Rounds on one directory of data: with all that they leave behind, each takes longer than the one before.
const ROUNDS_OF_A_SITE: u64 = 100;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Makes environments until somebody ends the engine; answers the names of those that were acknowledged.
async fn make_environments(client: Client, first: u64, answers: Arc<AtomicU64>) -> Vec<String> {
    let mut done = Vec::new();
    for n in first..first + 1_000 {
        let name = format!("e{n}");
        let Ok(Response::Environment(_)) =
            client.call(Request::EnvAdd { name: name.clone(), platform: None }).await
        else {
            break;
        };
        answers.fetch_add(1, Ordering::Relaxed);
        done.push(name);
    }
    done
}

/// What was acknowledged is there, and the trail has an entry for each and is whole.
async fn nothing_is_lost(site: &Site, token: &Secret, accepted: &BTreeSet<String>, round: u64) {
    site.ok(&["whoami"]);
    let (client, _pushed) = Client::connect(&site.socket()).await.unwrap();
    client.call(Request::Resume { token: token.clone() }).await.unwrap();
    let Response::Rows(rows) = client.call(Request::Rows(Topic::Environments)).await.unwrap() else {
        panic!()
    };
    let there: BTreeSet<String> = rows
        .iter()
        .filter_map(|r| if let Row::Env(e) = r { Some(e.env.name.clone()) } else { None })
        .collect();
    let lost: Vec<&String> = accepted.difference(&there).collect();
    assert!(lost.is_empty(), "round {round}: {lost:?} were acknowledged and are gone");
    let Response::AuditVerified(report) = client.call(Request::Keep(Keep::AuditVerify)).await.unwrap() else {
        panic!()
    };
    assert_eq!(report.faults, [], "round {round}");
    // Both or neither: an entry for each environment, and none for what is not there.
    let trail = site.json(&["audit", "--kind", "environment", "--limit", "100000"]);
    assert_eq!(trail.as_array().unwrap().len(), there.len(), "round {round}");
    // What a killed engine was about to export does not stay for ever.
    let exports = std::fs::read_dir(site.data().join("exports")).unwrap().count();
    assert!(exports <= 12, "round {round}: {exports} files of exports");
}

/// Kills an engine so often, on data of its own; answers how many changes were acknowledged.
async fn kill(rounds: u64, dice: &mut Dice) -> usize {
    let site = Site::new();
    let sessions = site.dir.path().join("home/.local/state/cpmg");
    let file = std::fs::read_dir(sessions).unwrap().next().unwrap().unwrap().path();
    let token = Secret::new(std::fs::read_to_string(file).unwrap());
    let mut accepted = BTreeSet::new();
    let answers = Arc::new(AtomicU64::new(0));
    for round in 0..rounds {
        site.ok(&["whoami"]);
        let mut writers = Vec::new();
        for writer in 0..2 {
            let (client, _pushed) = Client::connect(&site.socket()).await.unwrap();
            client.call(Request::Resume { token: token.clone() }).await.unwrap();
            let first = (round * 2 + writer) * 1_000;
            writers.push(tokio::spawn(make_environments(client, first, Arc::clone(&answers))));
        }
        let wanted = answers.load(Ordering::Relaxed) + dice.roll(25);
        while answers.load(Ordering::Relaxed) < wanted
            && !writers.iter().any(tokio::task::JoinHandle::is_finished)
        {
            tokio::task::yield_now().await;
        }
        site.kill_engine();
        for writer in writers {
            accepted.extend(writer.await.unwrap());
        }
        if round % 10 == 9 || round + 1 == rounds {
            nothing_is_lost(&site, &token, &accepted, round).await;
        }
    }
    wait_until("the engine answers", || site.run(&["whoami"]).code == 0);
    accepted.len()
}

/// The engine is killed at a random moment while two clients write: what was acknowledged is there, nothing is half there, and the trail
/// has an entry for each and is whole.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_engines_that_are_killed() {
    let (mut dice, mut accepted, mut done) = (Dice(88_172_645_463_325_252), 0, 0);
    while done < rounds() {
        let now = (rounds() - done).min(ROUNDS_OF_A_SITE);
        accepted += kill(now, &mut dice).await;
        done += now;
        println!("{accepted} environments acknowledged in {done} rounds, all there");
    }
}

#[test]
fn a_hidden_environment_is_purged_with_all_that_is_its_own() {
    let site = Site::new();
    site.ok(&["env", "add", "prod"]);
    site.ok(&["env", "set", "prod", "--parallel", "7"]);
    site.ok_typing(
        &["node", "add", "prod", "127.8.0.1", "--name", "n1", "--password-stdin"],
        "of the node n1\n",
    );
    site.ok(&["account", "reveal", "prod", "ADMIN_PASSWORD"]);
    assert!(site.ok(&["env", "clone", "prod", "copy"]).contains("made environment copy"));
    let copy = site.json(&["env", "show", "copy"]);
    assert_eq!(
        (&copy["environment"]["env"]["parallel"], copy["nodes"].as_array().unwrap().len()),
        (&7.into(), 0)
    );
    site.refused(&["env", "purge", "prod", "--confirm", "prod", "--why", "over"], 4, "prod");
    site.ok(&["env", "hide", "prod"]);
    site.refused(
        &["env", "purge", "prod", "--confirm", "copy", "--why", "over"],
        2,
        "type the environment's name",
    );
    site.refused(&["env", "purge", "prod", "--confirm", "prod", "--why", " "], 2, "say why");
    site.ok(&["env", "purge", "prod", "--confirm", "prod", "--why", "the trial is over"]);
    assert_eq!(site.json(&["env", "list", "--hidden"]).as_array().unwrap().len(), 0);
    // Nothing of it is left in the data but what the trail tells.
    site.ok(&["backup"]);
    let exports = std::fs::read_dir(site.data().join("exports")).unwrap().map(|e| e.unwrap().path());
    let text = std::fs::read_to_string(exports.max().unwrap()).unwrap();
    for line in text.lines().filter(|l| !l.contains("\"kind\":\"audit\"") && !l.contains("\"kind\":\"meta\""))
    {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let key = value["key"].as_str().unwrap_or_default();
        let kind = value["kind"].as_str().unwrap_or_default();
        assert!(!key.starts_with("0000000000000001") || ["users", "learned"].contains(&kind), "{line}");
    }
    let trail = site.ok(&["audit", "--text", "purged"]);
    assert!(trail.contains("with 1 nodes") && trail.contains("the trial is over"), "{trail}");
    assert!(site.ok(&["audit", "verify"]).contains("as they were written"));
    site.kill_engine();
    assert_eq!(site.json(&["env", "list"]).as_array().unwrap().len(), 1);
    site.ok(&["env", "add", "prod"]);
}
