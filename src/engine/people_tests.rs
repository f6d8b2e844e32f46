//! Users, sessions and second factors over the engine's socket, with a clock that the tests move.
#![allow(
    clippy::format_collect,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "statistics of a few dozen times"
)]

use super::auth::{SESSION_MAX_MS, SESSION_MS};
use super::passwords;
use super::tests::{Running, login, refusal};
use crate::api::people::{EndSessions, LoginView, OwnView, People, PeopleReply};
use crate::api::{Client, FailureKind, Request, Response};
use crate::domain::secret::Secret;
use crate::domain::totp;
use crate::domain::user::UserRole;
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse";

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn key<T: std::fmt::Debug>(result: Result<T, crate::api::ClientError>) -> String {
    match result {
        Err(crate::api::ClientError::Refused(failure)) => failure.key.unwrap_or(failure.message),
        other => panic!("not refused: {other:?}"),
    }
}

async fn add(ada: &Client, name: &str, role: UserRole) {
    let (name, full_name) = (name.to_owned(), String::new());
    let add = Request::UserAdd { name, role, password: secret(PASSWORD), full_name, must_change: false };
    ada.call(add).await.unwrap();
}

async fn ask(client: &Client, asked: People) -> PeopleReply {
    match client.call(Request::People(asked)).await.unwrap() {
        Response::People(reply) => reply,
        other => panic!("{other:?}"),
    }
}

async fn own(client: &Client) -> OwnView {
    match ask(client, People::Own).await {
        PeopleReply::Own(own) => *own,
        other => panic!("{other:?}"),
    }
}

async fn sessions(client: &Client) -> Vec<LoginView> {
    match ask(client, People::Sessions).await {
        PeopleReply::Sessions(all) => all,
        other => panic!("{other:?}"),
    }
}

fn with_code(name: &str, password: &str, code: &str) -> Request {
    Request::Login { name: name.into(), password: secret(password), code: Some(secret(code)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_out_grows_by_the_clock_and_ends_by_time_or_by_an_administrator() {
    let running = Running::new();
    let (ada, _) = running.administrator().await;
    add(&ada, "otto", UserRole::Operator).await;
    let (client, _) = running.client().await;
    let wait = async || match refusal(client.call(login("otto", PASSWORD)).await) {
        f if f.key.as_deref() == Some("error-login-delay") => f.args["seconds"].parse::<u64>().unwrap(),
        other => panic!("{other}"),
    };
    let clock = |ms| running.engine().auth.clock.advance(ms);
    for _ in 0..6 {
        clock(5_000);
        assert_eq!(key(client.call(login("otto", "wrong horse")).await), "error-wrong-password");
    }
    // Tests run on busy machines: some seconds may have gone by themselves.
    assert!((3..=8).contains(&wait().await));
    let Response::Users(users) = ada.call(Request::Users).await.unwrap() else { panic!() };
    assert!(users.iter().find(|u| u.name == "otto").unwrap().locked_until.is_some());
    clock(8_000);
    assert_eq!(key(client.call(login("otto", "wrong horse")).await), "error-wrong-password");
    clock(4_000);
    assert!((5..=12).contains(&wait().await), "sixteen seconds by now, of which four are over");
    clock(12_000);
    client.call(login("otto", PASSWORD)).await.unwrap();
    // The right password has wiped the slate; an administrator does it, too.
    for _ in 0..7 {
        client.call(login("otto", "wrong horse")).await.unwrap_err();
        clock(10_000);
    }
    client.call(login("otto", "wrong horse")).await.unwrap_err();
    wait().await;
    ask(&ada, People::Unlock { name: "otto".into() }).await;
    client.call(login("otto", PASSWORD)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_out_outlives_the_engine() {
    let mut running = Running::new();
    let (ada, pushed) = running.administrator().await;
    add(&ada, "otto", UserRole::Operator).await;
    let (client, clients) = running.client().await;
    for _ in 0..8 {
        client.call(login("otto", "wrong horse")).await.unwrap_err();
        client.call(login("a password in the wrong field", "wrong horse")).await.unwrap_err();
        running.engine().auth.clock.advance(400_000);
    }
    client.call(login("otto", "wrong horse")).await.unwrap_err();
    drop((ada, pushed, client, clients));
    running.restart().await;
    let (client, clients) = running.client().await;
    // A hundred seconds and more for the name, by the clock of the host; the test's own clock has gone with the engine.
    assert_eq!(key(client.call(login("otto", PASSWORD)).await), "error-login-delay");
    assert!(running.engine().locked_until("otto").is_some());
    let kept = running.engine().records.all(super::records::LOCKOUTS).unwrap();
    assert!(kept.keys().all(|k| !k.contains("wrong field")), "{kept:?}");
    // Let in by an administrator, and that lasts as well.
    running.engine().auth.clock.advance(900_000);
    client.call(login("ada", PASSWORD)).await.unwrap();
    ask(&client, People::Unlock { name: "otto".into() }).await;
    drop((client, clients));
    running.restart().await;
    let (client, _clients) = running.client().await;
    assert!(running.engine().locked_until("otto").is_none());
    running.engine().auth.clock.advance(900_000);
    client.call(login("otto", PASSWORD)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tries_at_once_are_no_more_than_one_after_the_other() {
    let running = Running::new();
    let (_ada, _) = running.administrator().await;
    let (client, _) = running.client().await;
    let tries = (0..24).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { key(client.call(login("ada", "wrong horse")).await) })
    });
    let mut looked_at = 0;
    for told in futures_util::future::join_all(tries).await {
        looked_at += usize::from(told.unwrap() == "error-wrong-password");
    }
    // Two are free, the third makes the others wait; slow machines pass a first second meanwhile.
    assert!((3..=6).contains(&looked_at), "{looked_at} guesses were looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_tries_many_names_waits_too() {
    let running = Running::new();
    let (_ada, _) = running.administrator().await;
    let (client, _) = running.client().await;
    for n in 0..10 {
        let told = key(client.call(login(&format!("user-{n}"), "wrong horse")).await);
        assert_eq!(told, "error-wrong-password", "{n}");
    }
    assert_eq!(key(client.call(login("ada", PASSWORD)).await), "error-login-delay");
    running.engine().auth.clock.advance(1_000);
    client.call(login("ada", PASSWORD)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_disuse_and_by_age() {
    let running = Running::new();
    let (ada, _) = running.administrator().await;
    running.engine().auth.clock.advance(SESSION_MS - 60_000);
    ada.call(Request::WhoAmI).await.unwrap();
    running.engine().auth.clock.advance(SESSION_MS - 60_000);
    ada.call(Request::WhoAmI).await.unwrap();
    running.engine().auth.clock.advance(SESSION_MS);
    assert_eq!(refusal(ada.call(Request::WhoAmI).await).kind, FailureKind::NotLoggedIn);
    ada.call(login("ada", PASSWORD)).await.unwrap();
    let step = SESSION_MS / 2;
    for _ in 0..SESSION_MAX_MS.div_ceil(step) - 1 {
        running.engine().auth.clock.advance(step);
        ada.call(Request::WhoAmI).await.unwrap();
    }
    running.engine().auth.clock.advance(step);
    assert_eq!(refusal(ada.call(Request::WhoAmI).await).kind, FailureKind::NotLoggedIn);
    ada.call(login("ada", PASSWORD)).await.unwrap();
    assert_eq!(sessions(&ada).await.len(), 1, "those that have expired are forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_by_their_owner_and_by_administrators() {
    let running = Running::new();
    let (ada, _) = running.administrator().await;
    add(&ada, "otto", UserRole::Operator).await;
    let (one, _) = running.client().await;
    let (two, _) = running.client().await;
    for client in [&one, &two] {
        client.call(login("otto", PASSWORD)).await.unwrap();
    }
    let mine = own(&one).await.sessions;
    assert_eq!(mine.len(), 2);
    assert!(mine.iter().all(|s| s.name == "otto" && !s.account.is_empty() && s.connections == 1));
    let of_ada = sessions(&ada).await.into_iter().find(|s| s.mine).unwrap();
    // Not somebody else's.
    let theirs = People::EndOwn(EndSessions::One(of_ada.id.clone()));
    assert_eq!(key(one.call(Request::People(theirs)).await), "error-no-session");
    let all = People::End(EndSessions::Of("ada".into()));
    assert_eq!(refusal(one.call(Request::People(all)).await).kind, FailureKind::NotAllowed);
    ask(&one, People::EndOwn(EndSessions::Others)).await;
    assert_eq!(refusal(two.call(Request::WhoAmI).await).kind, FailureKind::NotLoggedIn);
    let id = mine.iter().find(|s| s.mine).unwrap().id.clone();
    assert!(matches!(ask(&ada, People::End(EndSessions::One(id))).await, PeopleReply::Ended(1)));
    assert_eq!(refusal(one.call(Request::WhoAmI).await).kind, FailureKind::NotLoggedIn);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_somebody_else_is_changed_first_and_old_ones_do_not_come_back() {
    let mut running = Running::new();
    let (ada, _) = running.administrator().await;
    add(&ada, "otto", UserRole::Operator).await;
    let (otto, _) = running.client().await;
    otto.call(login("otto", PASSWORD)).await.unwrap();
    let set = |new: &str| Request::UserPassword { name: "otto".into(), old: None, new: secret(new) };
    assert_eq!(key(ada.call(set(PASSWORD)).await), "password-used-before");
    ada.call(set("battery staple")).await.unwrap();
    assert_eq!(refusal(otto.call(Request::WhoAmI).await).kind, FailureKind::NotLoggedIn, "sessions ended");
    otto.call(login("otto", "battery staple")).await.unwrap();
    let env = Request::EnvAdd { name: "prod".into(), platform: None };
    assert_eq!(key(otto.call(env.clone()).await), "error-must-change");
    let of_ada = Request::UserPassword { name: "ada".into(), old: None, new: secret("kitten sofa lamp") };
    assert_eq!(key(otto.call(of_ada).await), "error-must-change");
    let change = |old: &str, new: &str| Request::UserPassword {
        name: "otto".into(),
        old: Some(secret(old)),
        new: secret(new),
    };
    assert_eq!(key(otto.call(change("wrong", "kitten sofa lamp")).await), "error-old-password");
    for old in ["battery staple", PASSWORD] {
        assert_eq!(key(otto.call(change("battery staple", old)).await), "password-used-before");
    }
    otto.call(change("battery staple", "kitten sofa lamp")).await.unwrap();
    otto.call(env).await.expect("the session that changed the password goes on");
    drop((ada, otto));
    running.restart().await;
    let (otto, _) = running.client().await;
    otto.call(login("otto", "kitten sofa lamp")).await.unwrap();
    assert!(!own(&otto).await.user.must_change);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_edited_and_deleted_but_an_administrator_remains() {
    let running = Running::new();
    let (ada, _) = running.administrator().await;
    add(&ada, "eve", UserRole::Administrator).await;
    let (eve, _) = running.client().await;
    eve.call(login("eve", PASSWORD)).await.unwrap();
    let me = own(&eve).await.user;
    let edit = |role, full: Option<&str>, based_on| {
        Request::People(People::Edit { name: "eve".into(), based_on, role, full_name: full.map(Into::into) })
    };
    ada.call(edit(None, Some(" Eve  Moreau\u{1b} "), me.revision)).await.unwrap();
    assert_eq!(key(ada.call(edit(Some(UserRole::Viewer), None, me.revision)).await), "error-conflict");
    let now = own(&eve).await.user;
    assert!(now.full_name.starts_with("Eve Moreau"), "{:?}", now.full_name);
    ada.call(edit(Some(UserRole::Operator), None, now.revision)).await.unwrap();
    assert_eq!(refusal(eve.call(Request::Users).await).kind, FailureKind::NotLoggedIn, "fewer rights: anew");
    eve.call(login("eve", PASSWORD)).await.unwrap();
    assert_eq!(refusal(eve.call(Request::Users).await).kind, FailureKind::NotAllowed);
    let delete = |name: &str| Request::People(People::Delete { name: name.into() });
    assert_eq!(refusal(eve.call(delete("ada")).await).kind, FailureKind::NotAllowed);
    assert_eq!(key(ada.call(delete("ada")).await), "error-delete-own");
    let down = People::Edit {
        name: "ada".into(),
        based_on: own(&ada).await.user.revision,
        role: Some(UserRole::Viewer),
        full_name: None,
    };
    assert_eq!(key(ada.call(Request::People(down)).await), "error-last-administrator");
    ada.call(delete("eve")).await.unwrap();
    assert_eq!(refusal(eve.call(Request::WhoAmI).await).kind, FailureKind::NotLoggedIn);
    assert_eq!(key(ada.call(delete("eve")).await), "error-no-user");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_counts_once_and_can_be_lost() {
    let running = Running::new();
    let (ada, _) = running.administrator().await;
    add(&ada, "otto", UserRole::Operator).await;
    let (otto, _) = running.client().await;
    otto.call(login("otto", PASSWORD)).await.unwrap();
    let begin = |p: &str| Request::People(People::FactorBegin { password: secret(p) });
    assert_eq!(key(otto.call(begin("wrong horse")).await), "error-own-password");
    let Response::People(PeopleReply::Factor { uri, .. }) = otto.call(begin(PASSWORD)).await.unwrap() else {
        panic!()
    };
    assert!(uri.reveal().starts_with("otpauth://totp/cpmg:otto?secret="));
    let engine = running.engine();
    let confirm = |code: &str| Request::People(People::FactorConfirm { code: secret(code) });
    assert_eq!(key(otto.call(confirm("12345")).await), "error-wrong-code");
    // What an app would show.
    let typed = uri.reveal().split(['=', '&']).nth(1).unwrap().to_owned();
    let code_at = |ahead: u64| {
        let at = engine.auth.clock.now().plus(ahead);
        format!("{:06}", totp::code(&from_base32(&typed), at.0 / 30_000).unwrap())
    };
    let first = code_at(0);
    let Response::People(PeopleReply::Recovery(codes)) = otto.call(confirm(&first)).await.unwrap() else {
        panic!()
    };
    assert_eq!(codes.len(), 10);
    let (again, _) = running.client().await;
    assert_eq!(key(again.call(login("otto", PASSWORD)).await), "error-code-needed");
    assert_eq!(key(again.call(with_code("otto", "wrong horse", &code_at(0))).await), "error-wrong-password");
    assert_eq!(key(again.call(with_code("otto", PASSWORD, &first)).await), "error-wrong-code", "used");
    engine.auth.clock.advance(60_000);
    let second = code_at(0);
    again.call(with_code("otto", PASSWORD, &second)).await.unwrap();
    assert_eq!(key(again.call(with_code("otto", PASSWORD, &second)).await), "error-wrong-code");
    let recovery = codes[0].reveal().to_uppercase();
    again.call(with_code("otto", PASSWORD, &recovery)).await.unwrap();
    assert_eq!(key(again.call(with_code("otto", PASSWORD, &recovery)).await), "error-wrong-code");
    assert_eq!(own(&again).await.recovery_left, 9);
    engine.auth.clock.advance(60_000);
    let renew = People::RecoveryRenew { password: secret(PASSWORD), code: secret(&code_at(0)) };
    assert!(matches!(ask(&again, renew).await, PeopleReply::Recovery(fresh) if fresh.len() == 10));
    let old = with_code("otto", PASSWORD, codes[1].reveal());
    assert_eq!(key(again.call(old).await), "error-wrong-code");
    ask(&ada, People::FactorReset { name: "otto".into() }).await;
    again.call(login("otto", PASSWORD)).await.unwrap();
    assert!(!own(&again).await.user.second_factor);
}

fn from_base32(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = text.chars().map(|c| format!("{:05b}", alphabet.find(c).unwrap())).collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap())
        .collect()
}

/// How many standard deviations two samples are from being one: Mann and Whitney's rank sum.
fn deviation(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        a.iter().map(|v| (*v, true)).chain(b.iter().map(|v| (*v, false))).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let ranks: f64 = all.iter().enumerate().filter(|(_, v)| v.1).map(|(n, _)| n as f64 + 1.0).sum();
    let (n, m) = (a.len() as f64, b.len() as f64);
    (ranks - n * (n + m + 1.0) / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// The time of a refused login must not tell whether there is such a user. The long form is `CPMG_LOGIN_ROUNDS=300`.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let rounds = std::env::var("CPMG_LOGIN_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(30_usize);
    passwords::REAL_PRICE.store(true, std::sync::atomic::Ordering::Relaxed);
    let running = Running::new();
    let (ada, _) = running.administrator().await;
    add(&ada, "otto", UserRole::Operator).await;
    let (client, _) = running.client().await;
    let engine = running.engine();
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for round in 0..rounds + 2 {
        // One after the other, and which one is first changes: what disturbs the machine disturbs both.
        for turn in 0..2 {
            let known = (round + turn) % 2;
            let name = if known == 1 { "otto" } else { "nina" };
            let began = Instant::now();
            assert_eq!(key(client.call(login(name, "wrong horse")).await), "error-wrong-password");
            let took = began.elapsed();
            for name in ["otto", "nina"] {
                engine.auth.doors.lockout().unlock(name);
            }
            // The first rounds warm up.
            if round >= 2 {
                times[known].push(took.as_secs_f64() * 1e3);
            }
        }
    }
    let one = Instant::now();
    passwords::hash_password(&secret("wrong horse")).unwrap();
    println!("argon2: {} in {:.1} ms", passwords::cost(), one.elapsed().as_secs_f64() * 1e3);
    let z = deviation(&times[1], &times[0]);
    for (what, times) in ["unknown", "known"].iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let [low, middle, high] = [0.1, 0.5, 0.9].map(|q| quantile(times, q));
        println!("{what:>8}: median {middle:.2} ms, 10 % {low:.2} ms, 90 % {high:.2} ms of {rounds}");
    }
    let apart = (quantile(&times[1], 0.5) - quantile(&times[0], 0.5)).abs();
    let noise = quantile(&times[0], 0.9) - quantile(&times[0], 0.1);
    println!("rank sum: {z:.2} standard deviations; medians {apart:.2} ms apart, noise {noise:.2} ms");
    // One in 15,000 runs of equal distributions is further apart than four deviations; without the dummy hash it would be more than six.
    assert!(z.abs() < 4.0, "the distributions differ");
    assert!(
        quantile(&times[0], 0.1) > Duration::from_millis(10).as_secs_f64() * 1e3,
        "no password was hashed"
    );
}
