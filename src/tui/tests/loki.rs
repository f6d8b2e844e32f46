//! The page of Loki: empty, level, in trouble, and its form.

use super::fixtures::env;
use super::harness::{Rig, snapshots};
use crate::api::loki::{LokiAsk, LokiReply};
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::EnvId;
use crate::domain::loki::{JOB, LokiProgress, LokiSettings, LokiTrouble, LokiView, PushState};
use crate::domain::time::Moment;
use crate::domain::user::UserRole;

pub(super) fn settings() -> LokiSettings {
    LokiSettings {
        url: "http://loki.example:3100".into(),
        tenant: Some("cloud-a".into()),
        user: Some("ops".into()),
        authority: None,
        push: true,
        job: JOB.into(),
        what: String::new(),
    }
}

pub(super) fn shown(settings: Option<LokiSettings>, progress: LokiProgress) -> Response {
    Response::Loki(LokiReply::View(Box::new(LokiView { settings, progress })))
}

pub(super) fn opened(role: UserRole, view: Response) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 1, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(EnvId(7)), super::fixtures::nodes());
    rig.keys("K");
    rig.answer("Loki(Show", Ok(view));
    rig
}

#[test]
fn without_one_the_page_says_what_to_do() {
    let mut rig = opened(UserRole::Operator, shown(None, LokiProgress::default()));
    snapshots("loki-empty", &mut rig);
    rig.keys("p");
    assert!(rig.notice().contains("say first where"), "{}", rig.notice());
    rig.keys("e");
    snapshots("loki-settings", &mut rig);
    rig.keys("<C-u>loki.example<Tab>a|b<Tab>ops<Tab>secret<C-s>");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("Write the address as") && !screen.contains("secret"), "{screen}");
    rig.keys("<C-u>https://loki.example:3100<C-s>");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("A tenant is"), "{screen}");
    rig.keys("<C-u>cloud-a<C-s>");
    let call = rig.call("Loki(Set").request;
    let Request::Loki(LokiAsk::Set { place: Some(place), .. }) = call else { panic!("{call:?}") };
    assert_eq!((place.tenant.as_deref(), place.push, place.job.as_str()), (Some("cloud-a"), false, JOB));
}

#[test]
fn how_far_it_is_and_what_goes_wrong() {
    let progress = LokiProgress {
        state: PushState::Waiting,
        position: Some(900),
        pushed_to: Some(1_795_216_548_294_985),
        behind: 1_234,
        behind_seconds: 75,
        pushed: 901,
        refused_batches: 1,
        refused: 2,
        anew: Some(Moment(0)),
        last_refusal: Some((Moment(0), "entry has timestamp too old \u{1b}[31m".into())),
        trouble: Some(LokiTrouble {
            words: "Loki does not answer: connection refused".into(),
            since: Moment(0),
            tries: 4,
        }),
        ..LokiProgress::default()
    };
    let mut rig = opened(UserRole::Operator, shown(Some(settings()), progress));
    assert!(rig.screen(80, 24).contains("is asked"));
    let labels = ["host", "job", "service"].map(str::to_owned).to_vec();
    rig.answer("Loki(Test", Ok(Response::Loki(LokiReply::Tested { version: "3.7.6".into(), labels })));
    snapshots("loki", &mut rig);
    rig.keys("p");
    assert!(matches!(rig.call("Loki(Push").request, Request::Loki(LokiAsk::Push { on: false, .. })));
    rig.keys("c");
    rig.answer("Loki(Test", Err(Failure::new(FailureKind::Node, "Loki does not answer: connection refused")));
    assert!(rig.screen(80, 24).contains("✗ Loki does not answer"));
    rig.keys("x");
    assert!(rig.screen(80, 24).contains("Forget Loki?"));
}

#[test]
fn viewers_look_only() {
    let stopped = LokiProgress { state: PushState::Stopped, ..LokiProgress::default() };
    let mut rig = opened(UserRole::Viewer, shown(Some(settings()), stopped));
    for key in ["e", "p", "x"] {
        rig.keys(key);
    }
    let screen = rig.screen(80, 24);
    assert!(screen.contains("Pushing has stopped") && !screen.contains("Forget Loki?"), "{screen}");
}
