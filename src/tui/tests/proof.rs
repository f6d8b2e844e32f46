//! The page of a proof: never proven, under way, red with the lines of the logs, proven; the form, ending, cleaning.

use super::fixtures::{env, known_error, ms_ago};
use super::harness::{Rig, snapshots};
use crate::api::proof::ProofAsk;
use crate::api::proof::ProofRow;
use crate::api::{Request, Row, Topic};
use crate::domain::ids::EnvId;
use crate::domain::proof::{LogPart, Proof, RungKind, RungState, Said};
use crate::domain::user::UserRole;

const ENV: EnvId = EnvId(7);

/// A proof that climbed the first `good` rungs in a second and a half each.
pub(super) fn climbed(good: usize) -> Proof {
    let usual = |k: RungKind| (u64::from(k.weight_s()) * 1000, k == RungKind::Volume);
    let mut proof = Proof::new(ENV, 3, "ada", ms_ago(90_000), false, usual);
    for (n, kind) in RungKind::ALL.into_iter().enumerate().take(good) {
        let at = ms_ago(90_000 - n as u64 * 1_500);
        proof.begin(kind, at);
        let (state, said) = match kind {
            RungKind::Token => (
                RungState::Passed,
                Said::new("token-good").with("until", "2026-11-21T13:00:00Z").with("count", 5),
            ),
            RungKind::Instance => {
                (RungState::Passed, Said::new("instance-good").with("node", "node-2").with("seconds", 14))
            }
            RungKind::Volume => (RungState::Skipped, Said::new("no-cinder")),
            _ => (RungState::Passed, Said::new("rules-good")),
        };
        proof.finish(kind, state, at.plus(1_500), vec![said]);
    }
    proof
}

pub(super) fn red() -> Proof {
    let mut proof = climbed(11);
    proof.begin(RungKind::Address, ms_ago(60_000));
    let said = Said::new("address-none").with("node", "node-2").with("address", "192.168.254.17");
    let last = Said::new("console-last").with("node", "node-2").with("line", "guest: up");
    proof.finish(RungKind::Address, RungState::Failed, ms_ago(30_000), vec![said, last]);
    let lines = vec![
        "2026-11-21 12:00:01.123 77 ERROR neutron.agent.dhcp.agent [-] Unable to enable dhcp".to_owned(),
        "2026-11-21 12:00:01.124 77 ERROR neutron.agent.dhcp.agent PermissionError: no".to_owned(),
    ];
    let part = |source: &str, earlier, lines| LogPart {
        node: "node-1".into(),
        module: "neutron".into(),
        source: source.into(),
        earlier,
        lines,
    };
    proof.logs = vec![
        part("/var/log/neutron/neutron-dhcp-agent.log", false, lines),
        part("journal of neutron-dhcp-agent", true, vec!["Nov 21 Stopped neutron-dhcp-agent.".to_owned()]),
    ];
    proof.begin(RungKind::Cleanup, ms_ago(30_000));
    let said = Said::new("cleanup-good").with("count", 9);
    proof.finish(RungKind::Cleanup, RungState::Passed, ms_ago(20_000), vec![said]);
    proof.conclude(ms_ago(20_000));
    proof
}

pub(super) fn opened(role: UserRole, proof: Option<Proof>) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.keys("<Enter>V");
    let image = "/srv/images/guest.img".to_owned();
    let known = proof.as_ref().and_then(Proof::red).map(|_| known_error());
    let row = ProofRow { env: ENV, proof, image, earlier: Vec::new(), known };
    rig.rows(Topic::Proof(ENV), vec![Row::Proof(Box::new(row))]);
    rig
}

#[test]
fn never_proven_and_the_form_for_it() {
    let mut rig = opened(UserRole::Operator, None);
    snapshots("proof-empty", &mut rig);
    rig.keys("c");
    snapshots("proof-form", &mut rig);
    rig.keys("<C-s>");
    let Request::Proof(ProofAsk::Start { env: ENV, image, clean: false }) = rig.call("Proof(Start").request
    else {
        panic!()
    };
    assert_eq!(image.as_deref(), Some("/srv/images/guest.img"));
}

#[test]
fn under_way() {
    let mut proof = climbed(10);
    proof.begin(RungKind::Instance, ms_ago(9_000));
    let said = Said::new("instance-waits").with("active", 1).with("total", 2).with("node", "node-3");
    proof.progress(RungKind::Instance, said.with("state", "spawning"));
    let mut rig = opened(UserRole::Operator, Some(proof));
    snapshots("proof-running", &mut rig);
    rig.keys("c");
    assert!(rig.notice().contains("a proof runs"), "{}", rig.notice());
    rig.keys("x");
    assert!(rig.screen(80, 24).contains("What it made is removed first"));
}

#[test]
fn red_with_the_lines_of_those_responsible() {
    let mut rig = opened(UserRole::Viewer, Some(red()));
    snapshots("proof-red", &mut rig);
    rig.keys("/DHCP<Enter><Enter>");
    let screen = rig.screen(100, 30);
    assert!(screen.contains("guest: up") && screen.contains("Unable to enable dhcp"), "{screen}");
}

#[test]
fn proven_and_interrupted() {
    let mut proof = climbed(18);
    proof.conclude(ms_ago(50_000));
    let mut rig = opened(UserRole::Operator, Some(proof));
    snapshots("proof-proven", &mut rig);
    rig.keys("X");
    assert!(rig.screen(80, 24).contains("cpmg-proof-"));
    let mut proof = climbed(12);
    proof.interrupt(ms_ago(1_000));
    let mut rig = opened(UserRole::Operator, Some(proof));
    let screen = rig.screen(100, 30);
    assert!(screen.contains("Interrupted") && screen.contains("may still be there"), "{screen}");
}
