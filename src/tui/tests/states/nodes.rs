//! Finding nodes, adding them, what is known of them, shells on them.

use super::super::discovery::{history, opened as found};
use super::super::fixtures::{ENV, discovery, nodes, sweep};
use super::super::harness::Rig;
use super::super::imports::{LIST, file, opened as importing, previewed, view};
use super::super::nodes::opened;
use super::super::shell::{bytes, recordings, shell, shells};
use super::super::{daily, logs};
use super::{Never, Row as Line, Seen, Shown, keyed, lost, refused, row};
use crate::api::shells::ShellAnswer;
use crate::api::{Response, Row, Topic};
use crate::domain::user::UserRole::{self, Operator, Viewer};
use std::collections::BTreeMap;

/// The page of found machines after these rows.
fn swept(role: UserRole, rows: Vec<Row>) -> Rig {
    let mut rig = keyed(found(role), "U");
    rig.rows(Topic::Discovery(ENV), rows);
    rig
}

/// As many machines, all of them new.
fn machines(count: u8) -> Vec<Row> {
    let mut rows = sweep(254);
    let Some(Row::Found(like)) = rows.get(3).cloned() else { panic!() };
    rows.truncate(2);
    rows.extend((1..=count).map(|n| {
        let mut row = like.clone();
        row.address = std::net::Ipv4Addr::new(10, 20, 1, n).try_into().unwrap();
        Row::Found(row)
    }));
    rows
}

/// Sets with as many credentials.
fn sets(count: u32) -> Vec<Row> {
    let mut row = discovery();
    let first = row.sets[0].clone();
    row.sets = (0..count.div_ceil(2))
        .map(|n| {
            let mut set = first.clone();
            set.name = format!("机架 {n}");
            set.entries.truncate(usize::try_from(count - 2 * n).unwrap().min(2));
            set
        })
        .collect();
    vec![Row::Discovery(Box::new(row))]
}

fn facts(role: UserRole, count: usize) -> Rig {
    let mut rig = keyed(found(role), "jH");
    let all = history().into_iter().cycle().take(count).collect();
    rig.answer("FactsHistory", Ok(Response::FactsHistory(all)));
    rig
}

fn services(role: UserRole, count: usize) -> Rig {
    let mut rig = keyed(opened(role, daily::installed()), "u");
    let one = |n: usize| {
        let (state, sub) = [("active", "running"), ("failed", "failed"), ("activating", "start")][n % 3];
        daily::service(&format!("openstack-service-{n}"), state, sub, u32::try_from(n % 4).unwrap())
    };
    rig.answer("Day2", Ok(Response::Services((0..count).map(one).collect())));
    rig
}

fn recorded(count: u64) -> Rig {
    let mut rig = keyed(Rig::logged_in(Operator), ":recordings<Enter>");
    let rows = (0..count)
        .map(|n| {
            let mut row = recordings()[usize::try_from(n % 3).unwrap()].clone();
            row.number = count - n;
            row
        })
        .collect();
    rig.answer("Shells(Recordings", shells(ShellAnswer::Recordings(rows)));
    rig
}

/// Lines that an import is read from.
fn list(count: usize) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("[compute]\n");
    for n in 0..count {
        let _ = writeln!(out, "rack-2-node-{n} ansible_host=10.9.{}.{}", n / 200, 1 + n % 200);
    }
    out
}

#[expect(clippy::too_many_lines, reason = "a list: the table itself")]
pub fn rows() -> Vec<Line> {
    vec![
        row(
            "sweep",
            [
                Seen("discovery-empty"),
                Shown(|| swept(Operator, machines(1))),
                Shown(|| keyed(swept(Operator, machines(90)), "G")),
                Shown(|| {
                    let mut rig = keyed(found(Operator), "U");
                    rig.answer("Subscribe(Discovery", Err(refused()));
                    rig
                }),
                Shown(|| keyed(found(Operator), "U")),
                Shown(|| keyed(swept(Viewer, vec![Row::Discovery(Box::new(discovery()))]), "f")),
            ],
        ),
        row(
            "credential-sets",
            [
                Seen("credential-sets-empty"),
                Shown(|| keyed(swept(Operator, sets(1)), "c")),
                Shown(|| keyed(swept(Operator, sets(60)), "cG")),
                Shown(|| {
                    let mut rig = keyed(found(Operator), "Uc");
                    rig.answer("Subscribe(Discovery", Err(refused()));
                    rig
                }),
                Shown(|| keyed(found(Operator), "Uc")),
                Shown(|| keyed(swept(Viewer, sets(0)), "cn")),
            ],
        ),
        row(
            "facts",
            [
                Seen("facts-empty"),
                Shown(|| facts(Operator, 1)),
                Shown(|| facts(Operator, 40)),
                Shown(|| {
                    let mut rig = keyed(found(Operator), "jH");
                    rig.answer("FactsHistory", Err(refused()));
                    rig
                }),
                Shown(|| keyed(found(Operator), "jH")),
                Shown(|| keyed(facts(Viewer, 0), "p")),
            ],
        ),
        row(
            "services",
            [
                Shown(|| services(Operator, 0)),
                Shown(|| services(Operator, 1)),
                Shown(|| keyed(services(Operator, 60), "G")),
                Shown(|| {
                    let mut rig = keyed(opened(Operator, daily::installed()), "u");
                    rig.answer("Day2", Err(refused()));
                    rig
                }),
                Shown(|| keyed(opened(Operator, daily::installed()), "u")),
                Shown(|| keyed(services(Viewer, 2), "R")),
            ],
        ),
        row(
            "import",
            [
                Seen("import-empty"),
                Shown(|| previewed(&list(1))),
                Shown(|| keyed(previewed(&list(90)), "G")),
                Shown(|| {
                    let mut rig = keyed(previewed(LIST), "i<Tab><Enter>");
                    rig.answer("ImportApply", Err(refused()));
                    rig
                }),
                Shown(|| {
                    let mut rig = keyed(previewed(LIST), "K");
                    file(&mut rig, "PRIVATE KEY");
                    // What was shown stays while the list is looked at again.
                    assert!(!view(LIST, &BTreeMap::new()).preview.rows.is_empty());
                    rig
                }),
                Shown(|| keyed(importing(Viewer), "M")),
            ],
        ),
        row(
            "logs",
            [
                Seen("logs-off"),
                Never("one line looks as many do"),
                Seen("logs-rows"),
                Shown(|| {
                    let mut rig = logs::asked(Operator);
                    rig.answer("Logs(Sources", Err(refused()));
                    rig.answer("Logs(Window", Err(refused()));
                    rig
                }),
                Shown(|| logs::asked(Operator)),
                Shown(|| {
                    let mut rig = logs::asked(Viewer);
                    let none = logs::answer(crate::api::logs::LogAnswer::Sources(logs::sources(false)));
                    rig.answer("Logs(Sources", none);
                    rig.answer("Logs(Window", Ok(logs::window(0, 0, 0, (true, true))));
                    keyed(rig, "C")
                }),
            ],
        ),
        row(
            "shell",
            [
                Never("a page of shells opens with one and closes with the last"),
                Seen("shell"),
                Seen("shell-panes"),
                Shown(|| {
                    let mut rig = opened(Operator, nodes());
                    rig.screen(80, 24);
                    rig.keys("s");
                    rig.answer("ShellOpen", Err(refused()));
                    rig
                }),
                Shown(|| {
                    let mut rig = opened(Operator, nodes());
                    rig.screen(80, 24);
                    keyed(rig, "s")
                }),
                Shown(|| keyed(opened(Viewer, nodes()), "s")),
            ],
        ),
        row(
            "recordings",
            [
                Seen("recordings-empty"),
                Shown(|| recorded(1)),
                Shown(|| keyed(recorded(60), "G")),
                Shown(|| {
                    let mut rig = keyed(Rig::logged_in(Operator), ":recordings<Enter>");
                    rig.answer("Shells(Recordings", Err(refused()));
                    rig
                }),
                Shown(|| keyed(Rig::logged_in(Operator), ":recordings<Enter>")),
                Shown(|| {
                    let mut rig = Rig::logged_in(Viewer);
                    rig.rows(Topic::Environments, Vec::new());
                    keyed(rig, ":recordings<Enter>")
                }),
            ],
        ),
        row(
            "replay",
            [
                Never("a recording begins with its header"),
                Seen("replay"),
                Never("one recording is played at a time"),
                Shown(|| {
                    let mut rig = keyed(recorded(3), "j<Enter>");
                    rig.answer("Shells(RecordingPart", Err(refused()));
                    rig
                }),
                Shown(|| keyed(recorded(3), "j<Enter>")),
                Never("it opens from the recordings, which are not for viewers"),
            ],
        ),
        row(
            "starting",
            [
                Seen("starting"),
                Never("there is nothing to count"),
                Never("there is nothing to count"),
                Seen("starting-failed"),
                Seen("starting"),
                Never("nobody is logged in yet"),
            ],
        ),
    ]
}

/// The shell of an operator whose engine is away, for the tests of shells.
#[test]
fn a_lost_engine_is_told_over_the_shell() {
    let mut rig = shell();
    bytes(&mut rig, 40, false, "x", None);
    let mut rig = lost(rig);
    assert!(rig.screen(80, 24).contains("no engine answers"), "{}", rig.screen(80, 24));
}
