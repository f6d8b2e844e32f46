//! Users, one's own account, everybody's sessions, the trail, and the forms before everything.

use super::super::harness::{NOW, Rig, user};
use super::super::people::own;
use super::{Never, Row as Line, Seen, Shown, keyed, refused, row};
use crate::api::people::{LoginView, PeopleReply};
use crate::api::team::{Face, Place, SessionRow};
use crate::api::{Response, Row, Topic};
use crate::domain::audit::{AuditEntry, AuditKind, AuditPage};
use crate::domain::ids::UserId;
use crate::domain::secret::Secret;
use crate::domain::user::UserRole::{self, Administrator, Operator, Viewer};
use crate::tui::event::Event;

fn users(count: u64) -> Rig {
    let mut rig = keyed(Rig::logged_in(Administrator), "u");
    let all = (1..=count).map(|n| {
        let role = UserRole::ALL[usize::try_from(n % 3).unwrap()];
        let name = if n == 1 { "ada".to_owned() } else { format!("operator-{n:02}") };
        let mut one = user(n, &name, role);
        one.full_name = format!("运维 {n}");
        one
    });
    rig.answer("Users", Ok(Response::Users(all.collect())));
    rig
}

fn sessions(count: u64) -> Rig {
    let mut rig = keyed(Rig::logged_in(Administrator), ":login-sessions<Enter>");
    let one = |n: u64| LoginView {
        id: format!("{n:010x}"),
        user: UserId(n),
        name: if n == 1 { "ada".to_owned() } else { format!("operator-{n:02}") },
        account: "ops".into(),
        began: crate::domain::time::Moment(NOW.0 - n * 600_000),
        used: crate::domain::time::Moment(NOW.0 - n * 60_000),
        expires: NOW.plus(11 * 3_600_000),
        connections: u32::try_from(n % 3).unwrap(),
        mine: n == 1,
    };
    let all = (1..=count).map(one).collect();
    rig.answer("People(Sessions", Ok(Response::People(PeopleReply::Sessions(all))));
    rig
}

/// As many clients.
fn here(role: UserRole, count: u64) -> Rig {
    let mut rig = keyed(Rig::logged_in(role), "<F8>");
    let one = |n: u64| {
        let page = ["environments", "users", "messages"][usize::try_from(n % 3).unwrap()].to_owned();
        let place = (n % 4 != 3).then_some(Place { env: None, page });
        Row::Session(SessionRow {
            number: n,
            name: if n == 1 { "ada".to_owned() } else { format!("operator-{n:02}") },
            full_name: String::new(),
            account: "ops".into(),
            since: crate::domain::time::Moment(NOW.0 - n * 600_000),
            face: if place.is_some() { Face::Screens } else { Face::Command },
            place,
        })
    };
    rig.rows(Topic::Sessions, (1..=count).map(one).collect());
    rig
}

/// The page of one's own account before any answer.
fn mine() -> Rig {
    keyed(Rig::logged_in(Operator), ":own-account<Enter>")
}

fn trail(role: UserRole, count: u64) -> Rig {
    let mut rig = keyed(Rig::logged_in(role), "A");
    let entries = (0..count)
        .map(|n| {
            let at = crate::domain::time::Moment(NOW.0 - n * 60_000);
            (count - n, AuditEntry::new(at, "ada", AuditKind::Session, "logged in"))
        })
        .collect();
    rig.answer("Audit", Ok(Response::Audit(AuditPage { entries, before: None })));
    rig
}

/// The key of a second factor, with a code typed and sent.
fn enrolled() -> Rig {
    let mut rig = mine();
    rig.answer("People(Own)", Ok(own(false)));
    rig.keys("tcorrect horse<Enter>");
    let key = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let uri = crate::domain::totp::uri("ada", &key);
    rig.answer("People(FactorBegin", Ok(Response::People(PeopleReply::Factor { uri, key })));
    keyed(rig, "123456<Enter>")
}

fn locked() -> Rig {
    let mut rig = Rig::logged_in(Operator);
    rig.at = rig.app.locks_at().unwrap();
    rig.event(Event::Idle);
    keyed(rig, "correct horse<Enter>")
}

const FORM: &str = "a form has its fields and no rows";
const BEFORE: &str = "it stands before the login: nobody has a role yet";

#[expect(clippy::too_many_lines, reason = "a list: the table itself")]
pub fn rows() -> Vec<Line> {
    vec![
        row(
            "users",
            [
                Never("whoever looks is a user"),
                Shown(|| users(1)),
                Shown(|| keyed(users(60), "G")),
                Shown(|| {
                    let mut rig = keyed(Rig::logged_in(Administrator), "u");
                    rig.answer("Users", Err(refused()));
                    rig
                }),
                Shown(|| keyed(Rig::logged_in(Administrator), "u")),
                Shown(|| {
                    let mut rig = Rig::logged_in(Operator);
                    rig.rows(Topic::Environments, Vec::<Row>::new());
                    keyed(rig, "u")
                }),
            ],
        ),
        row(
            "own",
            [
                Never("whoever looks has a session"),
                Seen("own"),
                Never("the list is that of all sessions; see there"),
                Shown(|| {
                    let mut rig = mine();
                    rig.answer("People(Own)", Err(refused()));
                    rig
                }),
                Shown(mine),
                Never("it is one's own account"),
            ],
        ),
        row(
            "sessions",
            [
                Never("whoever looks has a session"),
                Shown(|| sessions(1)),
                Shown(|| keyed(sessions(60), "G")),
                Shown(|| {
                    let mut rig = keyed(Rig::logged_in(Administrator), ":login-sessions<Enter>");
                    rig.answer("People(Sessions", Err(refused()));
                    rig
                }),
                Shown(|| keyed(Rig::logged_in(Administrator), ":login-sessions<Enter>")),
                Shown(|| {
                    let mut rig = Rig::logged_in(Operator);
                    rig.rows(Topic::Environments, Vec::<Row>::new());
                    keyed(rig, ":login-sessions<Enter>")
                }),
            ],
        ),
        row(
            "who",
            [
                Shown(|| here(Operator, 0)),
                Shown(|| here(Operator, 1)),
                Shown(|| keyed(here(Operator, 60), "G")),
                Shown(|| {
                    let mut rig = keyed(Rig::logged_in(Operator), "<F8>");
                    rig.answer("Subscribe(Sessions", Err(refused()));
                    rig
                }),
                Shown(|| keyed(Rig::logged_in(Operator), "<F8>")),
                Never("whoever is logged in may see who is here; nothing is done here"),
            ],
        ),
        row(
            "second-factor-key",
            [
                Never("it shows a key"),
                Seen("factor-key"),
                Never("it shows one key"),
                Seen("factor-key-wrong"),
                Shown(enrolled),
                Never("it is one's own second factor"),
            ],
        ),
        row(
            "audit",
            [
                Seen("audit-empty"),
                Shown(|| trail(Administrator, 1)),
                Shown(|| keyed(trail(Administrator, 90), "G")),
                Shown(|| {
                    let mut rig = keyed(Rig::logged_in(Administrator), "A");
                    rig.answer("Audit", Err(refused()));
                    rig
                }),
                Shown(|| keyed(Rig::logged_in(Administrator), "A")),
                Shown(|| keyed(trail(Viewer, 0), "V")),
            ],
        ),
        row(
            "login",
            [Never(FORM), Seen("login"), Never(FORM), Seen("login-wrong"), Seen("login-busy"), Never(BEFORE)],
        ),
        row(
            "first-administrator",
            [
                Never(FORM),
                Seen("first-administrator"),
                Never(FORM),
                Seen("first-administrator-faults"),
                Shown(|| keyed(Rig::connected(true), "ada<Tab>correct horse 7<Tab>correct horse 7<Enter>")),
                Never(BEFORE),
            ],
        ),
        row(
            "password-first",
            [
                Never(FORM),
                Seen("password-first"),
                Never(FORM),
                Never("its faults stand under the fields, as on every form"),
                Never("it waits as every form does; see the login"),
                Never("everybody changes his own password"),
            ],
        ),
        row(
            "locked",
            [
                Never(FORM),
                Seen("locked"),
                Never(FORM),
                Shown(|| {
                    let mut rig = locked();
                    rig.answer("People(Unlocked", Err(refused().at("password")));
                    rig
                }),
                Shown(locked),
                Never("whoever locked it unlocks it"),
            ],
        ),
    ]
}
