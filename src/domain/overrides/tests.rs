//! Tests of the options that operators set: whose wins, what is refused, what a file becomes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
use super::*;
use proptest::prelude::*;

fn faults(text: &str) -> Vec<(usize, OptionFault)> {
    parse(text).1
}

#[test]
fn faults_stand_at_their_line() {
    use OptionFault as F;
    assert_eq!(faults("# c\n[a]\nk = v\n\n!gone\n"), []);
    assert_eq!(
        faults("k = v\n[a\n[]\n[a]\nword\n k = 1\nk\u{1b} = 1\n"),
        [
            (0, F::NoSection),
            (1, F::Section),
            (2, F::Section),
            (4, F::NotAnOption),
            (5, F::Indented),
            (6, F::Control),
        ]
    );
    assert_eq!(faults("[a]\nk = 1\n!k\n"), [(2, F::Both)]);
    assert_eq!(faults("[a]\nmy_password = x\n[b]\nurl = http://u:p@h/\n"), [(1, F::Secret), (3, F::Secret)]);
}

#[test]
fn what_looks_like_a_secret() {
    for (key, value) in [
        ("admin_password", "x"),
        ("metadata_proxy_shared_secret", "x"),
        ("connection", "mysql+pymysql://nova:pw@db/nova"),
        ("transport_url", "rabbit://openstack:pw@c"),
        ("token", "x"),
        ("auth_encryption_key", "x"),
    ] {
        assert!(is_secret(key, value), "{key}");
    }
    for (key, value) in [
        ("service_token_roles_required", "true"),
        ("max_token_size", "255"),
        ("connection", "sqlite:///x"),
        ("ssl_private_key", "/etc/ssl/key.pem"),
        ("www_authenticate_uri", "http://c:5000/"),
        ("password", ""),
    ] {
        assert!(!is_secret(key, value), "{key}");
    }
}

#[test]
fn the_narrower_scope_wins_and_keys_may_be_repeated() {
    use NodeRole::{Compute, Controller};
    let text = |scope, text: &str| OptionText { scope, file: "/etc/x.conf".into(), text: text.into() };
    let texts = [
        text(Scope::Node(NodeId(7)), "[a]\nk = node\n"),
        text(Scope::All, "[a]\nk = all\nm = 1\nm = 2\n"),
        text(Scope::Role(NodeRole::Compute), "[a]\nk = compute\n!n\n"),
        text(Scope::Role(NodeRole::Controller), "[a]\nk = controller\nn = 5\n"),
    ];
    let got =
        |id, roles: &[NodeRole]| lines(&effective(&texts, NodeId(id), &roles.iter().copied().collect()));
    let all = "set\t/etc/x.conf\ta\tk\tall\nset\t/etc/x.conf\ta\tm\t1\nset\t/etc/x.conf\ta\tm\t2\n";
    assert_eq!(got(1, &[]), all);
    assert!(got(1, &[Controller]).contains("\tk\tcontroller\n"));
    assert!(got(1, &[Controller, Compute]).contains("\tk\tcompute\n"));
    assert!(got(1, &[Controller, Compute]).contains("unset\t/etc/x.conf\ta\tn\t\n"));
    assert!(got(7, &[Compute]).contains("\tk\tnode\n"));
}

#[test]
fn unknown_sections_are_told_with_what_may_be_meant() {
    let known = ["token", "fernet_tokens"];
    let told =
        unknown_sections(&parse("[databse]\na = 1\n[token]\nb = 1\n[mine]\nc = 1\n").0, known.into_iter());
    let near: Vec<_> = told.iter().map(|u| (u.section.as_str(), u.near.as_deref())).collect();
    assert_eq!(near, [("databse", Some("database")), ("mine", None)]);
    assert!(
        unknown_sections(&parse("[default]\na = 1\n").0, [].into_iter())[0].near.as_deref()
            == Some("DEFAULT")
    );
}

#[test]
fn a_text_is_changed_where_the_option_stands() {
    let text = "# mine\n[a]\nk = 1\n\n[b]\nx = 1\n";
    assert_eq!(set(text, "a", "k", Some("2")), "# mine\n[a]\nk = 2\n\n[b]\nx = 1\n");
    assert_eq!(set(text, "a", "new", None), "# mine\n[a]\nk = 1\n!new\n\n[b]\nx = 1\n");
    assert_eq!(set("", "a", "k", Some("v")), "[a]\nk = v\n");
    assert_eq!(set(text, "c", "k", Some("v")), "# mine\n[a]\nk = 1\n\n[b]\nx = 1\n\n[c]\nk = v\n");
    assert_eq!(unset(text, "b", "x"), "# mine\n[a]\nk = 1\n\n[b]\n");
    assert_eq!(unset("[a]\nk = 1\n", "a", "k"), "");
}

proptest! {
    #[test]
    fn nothing_makes_it_panic_and_what_is_set_is_there(text in "([a-c=!#;: \\[\\]\n\t]|\\PC){0,60}", value in "[a-z0-9 ]{0,9}") {
        let _ = parse(&text);
        let after = set(&text, "sect", "key", Some(&value));
        let found = parse(&after).0;
        let mine = found.iter().find(|s| s.section == "sect" && s.key == "key");
        prop_assert_eq!(mine.map(|s| s.values.clone()), Some(vec![value.trim().to_owned()]));
    }
}

#[test]
fn a_change_is_told_before_and_after_without_secrets() {
    let before = "# mine\n[a]\nk = 1\nsame = x\n[b]\nold_password = hunter2\n";
    let after = "[a]\nk = 2\nsame = x\n!gone\n[b]\ndb = mysql://u:hunter2@h/x\n";
    let said = told(before, after);
    assert_eq!(said, "- [a] k = 1; - [b] old_password = ***; + [a] k = 2; + [a] !gone; + [b] db = ***");
    assert!(told("", "").contains("nothing"));
    let long = format!("[a]\nk = {}\n", "x".repeat(5000));
    assert!(told("", &long).chars().count() <= TOLD_MAX + 2);
}
