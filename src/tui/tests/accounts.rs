//! The page of accounts: masked values, the form while somebody types, a rotation before it is done and one that failed.

use super::fixtures::env;
use super::harness::{Rig, snapshots};
use crate::api::accounts::AccountAsk;
use crate::api::views::AccountView;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::accounts::{
    AccountKind, AccountUse, NewValue, Place, RotationPlan, RotationStep, RotationView, Strength,
};
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::JobState;
use crate::domain::time::Moment;
use crate::domain::user::UserRole;

pub(super) fn account(name: &str, title: (&str, &str), uses: &[AccountUse], installed: bool) -> AccountView {
    AccountView {
        name: name.into(),
        title: [("en".to_owned(), title.0.to_owned()), ("zh-CN".to_owned(), title.1.to_owned())].into(),
        module: "keystone".into(),
        length: 24,
        kind: AccountKind::Password,
        uses: uses.to_vec(),
        bits: 139,
        strength: Some(Strength::Strong),
        changed: Some(Moment(1)),
        used_on: if installed { vec!["ctl1".into()] } else { Vec::new() },
        rotation: None,
    }
}

pub(super) fn accounts(rotation: Option<RotationView>) -> Vec<AccountView> {
    let mut database = account(
        "KEYSTONE_DB_PASSWORD",
        ("Keystone's database password", "Keystone 数据库密码"),
        &[AccountUse::Database],
        true,
    );
    database.rotation = rotation;
    let user = AccountView {
        kind: AccountKind::User,
        strength: None,
        ..account("RABBIT_USER", ("Message queue user", "消息队列用户"), &[], true)
    };
    let mut weak =
        account("ADMIN_PASSWORD", ("Cloud administrator", "云管理员"), &[AccountUse::Identity], false);
    weak.strength = Some(Strength::Weak);
    vec![user, database, weak]
}

pub(super) fn opened(role: UserRole, accounts: Vec<AccountView>) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 1, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(EnvId(7)), super::fixtures::nodes());
    rig.keys("C");
    rig.answer("Accounts(List", Ok(Response::Accounts(accounts)));
    rig
}

pub(super) fn plan() -> RotationPlan {
    let step = |id: &str, restarts: &[&str], gets| RotationStep {
        node: NodeId(1),
        node_name: "ctl1".into(),
        step: id.parse().unwrap(),
        title: [("en".to_owned(), "x".to_owned())].into(),
        restarts: restarts.iter().map(|s| (*s).to_owned()).collect(),
        gets,
    };
    RotationPlan {
        name: "KEYSTONE_DB_PASSWORD".into(),
        steps: vec![
            step("keystone/database", &[], true),
            step("keystone/configure", &["keystone"], true),
            step("keystone/service", &["keystone"], false),
            step("keystone/token", &[], false),
        ],
        digest: 5,
    }
}

#[test]
fn values_are_masked_and_what_would_break_is_said_while_it_is_typed() {
    let mut rig = opened(UserRole::Operator, Vec::new());
    snapshots("accounts-empty", &mut rig);
    let mut rig = opened(UserRole::Operator, accounts(None));
    snapshots("accounts", &mut rig);
    rig.keys("e");
    assert!(rig.notice().contains("cannot be renamed"), "{}", rig.notice());
    rig.keys("je");
    snapshots("account-change", &mut rig);
    rig.keys("<Right><Tab>correct@horse");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("\"@\" would have to be encoded") && !screen.contains("correct"), "{screen}");
    snapshots("account-change-wrong", &mut rig);
    rig.keys("<C-u>kR7-qWz9.Lm3_Tb");
    assert!(rig.screen(80, 24).contains("■■■ strong"), "{}", rig.screen(80, 24));
    rig.keys("<Tab>kR7-qWz9.Lm3_Tb<C-s>");
    assert_eq!(rig.stack().last(), Some(&"rotation"));
    rig.answer("Accounts(RotationPreview", Ok(Response::Rotation(plan())));
    snapshots("rotation", &mut rig);
    rig.keys("<Tab><Enter>");
    let Request::Accounts(AccountAsk::Rotate { name, new: NewValue::Typed(value), digest, .. }) =
        rig.call("Accounts(Rotate").request
    else {
        panic!()
    };
    assert_eq!((name.as_str(), value.reveal(), digest), ("KEYSTONE_DB_PASSWORD", "kR7-qWz9.Lm3_Tb", 5));
}

#[test]
fn an_unused_account_is_generated_by_rules() {
    let mut rig = opened(UserRole::Operator, accounts(None));
    rig.keys("jje<Tab><C-u>8<C-s>");
    assert!(rig.screen(80, 24).contains("12 to 64"), "{}", rig.screen(80, 24));
    rig.keys("<C-u>40<C-s>");
    let Request::Accounts(AccountAsk::Set { name, new: NewValue::Generated(rules), .. }) =
        rig.call("Accounts(Set").request
    else {
        panic!()
    };
    assert_eq!((name.as_str(), rules.length, rules.readable), ("ADMIN_PASSWORD", 40, true));
}

#[test]
fn a_failed_rotation_tells_which_password_is_where_and_can_go_back() {
    let rotation = RotationView {
        job: JobId(12),
        state: JobState::Failed,
        by: "ada".into(),
        at: Moment(1),
        back: false,
        places: vec![
            ("ctl1".into(), "keystone/database".parse().unwrap(), Place::Set),
            ("ctl1".into(), "keystone/configure".parse().unwrap(), Place::Unknown),
        ],
    };
    let mut rig = opened(UserRole::Operator, accounts(Some(rotation)));
    snapshots("accounts-unsettled", &mut rig);
    rig.keys("b");
    assert!(rig.notice().contains("nothing to go back to"), "{}", rig.notice());
    rig.keys("je");
    assert!(rig.notice().contains("not settled"), "{}", rig.notice());
    rig.keys("b");
    rig.answer("Accounts(RotationPreview", Ok(Response::Rotation(plan())));
    assert!(rig.screen(80, 24).contains("The old password is set again"));
    rig.keys("<Tab><Enter>");
    assert!(matches!(
        rig.call("Accounts(Rotate").request,
        Request::Accounts(AccountAsk::Rotate { new: NewValue::Old, .. })
    ));
}
