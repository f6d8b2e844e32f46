//! Records as the engine would send them.

mod plans;

pub use plans::{catalog, plan};

use super::harness::NOW;
use crate::api::Row;
use crate::api::discovery::{SetEntryRow, SetRow};
use crate::api::rows::{
    CurrentStep, DiscoveryRow, EnvRow, FirstError, FoundRow, JobNodeRow, JobRow, KnownError, NodeRow,
    StageRow, StepRow, SweepRow,
};
use crate::domain::environment::Environment;
use crate::domain::estimate::Left;
use crate::domain::facts::same::{Same, Twin};
use crate::domain::facts::{Disk, Facts, Nic};
use crate::domain::ids::{EnvId, JobId, NodeId, Revision, SweepId};
use crate::domain::job::waits::WaitsFor;
use crate::domain::job::{JobNodeState, JobState, StepAction, StepEnd, StepState};
use crate::domain::node::{CredentialKind, NodeRole, NodeRoles, NodeState, Reach};
use crate::domain::plan::{Localized, PlanKind, StageKind};
use crate::domain::policy::Policy;
use crate::domain::said::Said;
use crate::domain::sweeps::{Discovery, Schedule, SweepOrder};
use crate::domain::time::Moment;
use crate::domain::usual::{Basis, Usual};

pub const ENV: EnvId = EnvId(7);
pub const JOB: JobId = JobId(12);

pub fn ms_ago(ms: u64) -> Moment {
    Moment(NOW.0 - ms)
}

pub fn both(en: &str, zh: &str) -> Localized {
    Localized::from([("en".into(), en.into()), ("zh-CN".into(), zh.into())])
}

pub fn env(id: u64, name: &str, nodes: u32, installed: u32, failed: u32) -> EnvRow {
    EnvRow {
        env: Environment {
            options: Vec::new(),
            shape: crate::domain::day2::Shape::default(),
            policy: Policy::default(),
            id: EnvId(id),
            name: name.into(),
            platform: "debian-12-zed".into(),
            modules: vec!["keystone".into()],
            parallel: 20,
            members: None,
            hidden: false,
            created: ms_ago(90_000_000),
            created_by: "ada".into(),
            changed_by: "grace".into(),
            changed: ms_ago(240_000),
            revision: Revision(3),
        },
        nodes,
        installed,
        failed,
        job: None,
        members: None,
    }
}

pub fn roles(words: &str) -> NodeRoles {
    words.split_whitespace().map(|w| w.parse::<NodeRole>().unwrap()).collect()
}

pub fn node(id: u64, name: &str, words: &str, state: NodeState) -> NodeRow {
    NodeRow {
        lock: None,
        jump: None,
        twins: Vec::new(),
        logins: None,
        id: NodeId(id),
        env: ENV,
        name: name.into(),
        address: format!("10.20.0.{id}").parse().unwrap(),
        port: 22,
        user: "root".into(),
        credential: Some(CredentialKind::Key),
        host_key: Some(format!("SHA256:{}", "k3yAbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcd")),
        roles: roles(words),
        state,
        reach: Reach::Answers { at: ms_ago(60_000) },
        facts: Some(Facts {
            gathered: ms_ago(60_000),
            hostname: name.into(),
            os_id: "debian".into(),
            os_version: "12".into(),
            os_pretty: "Debian GNU/Linux 12 (bookworm)".into(),
            kernel: "6.1.0-28-amd64".into(),
            arch: "x86_64".into(),
            cpus: 16,
            cpu_model: "AMD EPYC 7302P".into(),
            virt_flags: "svm".into(),
            virt_kind: "none".into(),
            memory: 67_000_000_000,
            disks: vec![
                Disk { name: "nvme0n1".into(), bytes: 960_000_000_000, rotational: false },
                Disk { name: "sda".into(), bytes: 4_000_000_000_000, rotational: true },
            ],
            nics: vec![
                Nic {
                    name: "eno1".into(),
                    mac: "3c:ec:ef:00:00:01".into(),
                    carrier: true,
                    addresses: vec![format!("10.20.0.{id}/24")],
                    ..Nic::default()
                },
                Nic { name: "eno2".into(), mac: "3c:ec:ef:00:00:02".into(), carrier: true, ..Nic::default() },
            ],
            gateway: Some("10.20.0.254".into()),
            gateway_nic: Some("eno1".into()),
            clock_offset_ms: -3,
            python: "3.11".into(),
            ..Facts::default()
        }),
        job: None,
        probing: None,
        revision: Revision(4),
    }
}

pub fn nodes() -> Vec<Row> {
    let mut silent = node(13, "node-3", "compute", NodeState::Failed);
    let why = "10.20.0.13:22 refused the connection: nothing listens on that port. Start sshd there, or correct the port";
    let why = Said::keyed(why, "error-ssh-refused").arg("host", "10.20.0.13:22");
    silent.reach = Reach::Silent { since: ms_ago(400_000), why };
    let mut fresh = node(14, "node-10-20-0-14", "", NodeState::Discovered);
    (fresh.reach, fresh.facts, fresh.host_key, fresh.credential) = (Reach::Unknown, None, None, None);
    let mut all = vec![
        node(11, "node-1", "controller compute storage", NodeState::Installed),
        node(12, "node-2", "compute", NodeState::Installing),
        silent,
        fresh,
    ];
    all[0].job = Some(JOB);
    all[1].job = Some(JOB);
    all.into_iter().map(|n| Row::Node(Box::new(n))).collect()
}

pub fn job(state: JobState) -> JobRow {
    JobRow {
        kind: PlanKind::Install,
        held_by: None,
        over_budget: None,
        id: JOB,
        env: ENV,
        state,
        by: "ada".into(),
        owner: None,
        created: ms_ago(312_000),
        ended: state.is_over().then_some(ms_ago(2_000)),
        cancelled_by: (state == JobState::Cancelled).then(|| "grace".into()),
        permille: if state == JobState::Succeeded { 1000 } else { 437 },
        left: (!state.is_over()).then_some(left(400_000)),
        stages: vec![
            stage(StageKind::Preflight, 1000, (3, 3), None),
            stage(StageKind::Controllers, 610, (0, 1), Some(90_000)),
            stage(StageKind::Computes, 0, (0, 2), Some(360_000)),
            stage(StageKind::Verification, 0, (0, 3), Some(400_000)),
        ],
        nodes_done: 0,
        nodes_failed: 0,
        nodes: 3,
        changed: 9,
        unchanged: 4,
        first_error: None,
    }
}

/// Time left, with a range around it.
pub fn left(mid: u64) -> Left {
    Left { low: mid / 2, mid, high: mid * 2, guess: false }
}

fn stage(kind: StageKind, permille: u16, (done, nodes): (u32, u32), mid: Option<u64>) -> StageRow {
    StageRow { kind, permille, done, nodes, left: mid.map(left) }
}

pub fn current(state: StepState, line: &str) -> CurrentStep {
    CurrentStep {
        index: 5,
        stage: StageKind::Controllers,
        step: "mariadb/packages".parse().unwrap(),
        title: both("Install the database's packages", "安装数据库软件包"),
        attempt: 1,
        state,
        action: StepAction::Run,
        usual_ms: 50_000,
        usual: Some(Usual {
            low: 40_000,
            mid: 50_000,
            high: 80_000,
            silence: Some(50_000),
            basis: Basis::Learned,
        }),
        ceiling: None,
        last_output: Some(ms_ago(1_000)),
        line: line.into(),
    }
}

pub fn job_node(id: u64, name: &str, words: &str, state: JobNodeState, permille: u16) -> JobNodeRow {
    JobNodeRow {
        undo: None,
        reinstall: None,
        manual: None,
        known: None,
        node: NodeId(id),
        name: name.into(),
        roles: roles(words),
        state,
        permille,
        done: 5,
        steps: 19,
        changed: 4,
        current: None,
        why: None,
        waits: None,
        left: None,
        link_down: None,
    }
}

pub fn running_job() -> Vec<Row> {
    let mut one = job_node(11, "node-1", "controller", JobNodeState::Running, 610);
    one.current = Some(current(
        StepState::Running { since: ms_ago(48_000) },
        "Unpacking mariadb-server-10.5 (1:10.11.6-0+deb12u1) over a very long line of output that goes on and on …",
    ));
    let mut two = job_node(12, "node-2", "compute", JobNodeState::Waiting, 60);
    two.waits = Some(WaitsFor::Stage { stage: StageKind::Controllers, nodes: 1 });
    let mut three = job_node(13, "node-3", "compute", JobNodeState::Running, 200);
    let mut silent = current(StepState::Running { since: ms_ago(252_000) }, "Setting up chrony …");
    silent.last_output = Some(ms_ago(250_000));
    three.current = Some(silent);
    let mut rows = vec![Row::from(job(JobState::Running))];
    rows.extend([one, two, three].map(Row::from));
    rows
}

/// An error that is known, in both languages.
pub fn known_error() -> KnownError {
    KnownError {
        id: "name-not-resolved".into(),
        title: both("A name cannot be resolved", "名称无法解析"),
        meaning: both("The node has no name server that answers.", "该节点没有可用的域名服务器。"),
        mend: both("Look at /etc/resolv.conf on the node.", "请检查该节点的 /etc/resolv.conf。"),
    }
}

pub fn failed_job() -> Vec<Row> {
    let mut row = job(JobState::Failed);
    row.nodes_failed = 1;
    row.first_error = Some(FirstError {
        node: NodeId(11),
        name: "node-1".into(),
        step: Some("mariadb/packages".parse().unwrap()),
        attempt: 2,
        what: Said::keyed("ended with status 100", "step-end-status").arg("status", "100"),
        tail: vec![
            "Err:1 http://mirror.example/debian bookworm/main amd64 galera-4".into(),
            "  Temporary failure resolving 'mirror.example'".into(),
            "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?".into(),
        ],
        known: Some(known_error()),
    });
    let end = StepEnd::Failed { status: 100 };
    let mut one = job_node(11, "node-1", "controller", JobNodeState::Failed, 610);
    one.known = Some(known_error());
    one.current = Some(current(
        StepState::Ended { since: ms_ago(60_000), at: ms_ago(2_000), end },
        "E: Unable to fetch",
    ));
    let mut two = job_node(12, "node-2", "compute", JobNodeState::Cancelled, 60);
    two.why = Some("not begun: node-1 failed".into());
    let three = job_node(13, "node-3", "compute", JobNodeState::Done, 1000);
    let mut rows = vec![Row::from(row)];
    rows.extend([one, two, three].map(Row::from));
    rows
}

pub fn steps(running: u64) -> Vec<Row> {
    let step = |index: u32, stage, id: &str, en: &str, zh: &str, state, output| {
        Row::Step(StepRow {
            touched: false,
            irreversible: false,
            undo: None,
            undo_output: 0,
            history: Vec::new(),
            index,
            stage,
            step: id.parse().unwrap(),
            title: both(en, zh),
            action: StepAction::Run,
            attempt: u32::from(!matches!(state, StepState::Waiting)),
            state,
            usual_ms: 5_000,
            output,
        })
    };
    let ended = |end| StepState::Ended { since: ms_ago(70_000), at: ms_ago(58_000), end };
    vec![
        step(
            0,
            StageKind::Preflight,
            "hosts/check",
            "Look at the machine",
            "检查机器",
            ended(StepEnd::Unchanged),
            21,
        ),
        step(
            1,
            StageKind::Controllers,
            "time/packages",
            "Install chrony",
            "安装 chrony",
            ended(StepEnd::Changed),
            64,
        ),
        step(
            5,
            StageKind::Controllers,
            "mariadb/packages",
            "Install the database's packages",
            "安装数据库软件包",
            StepState::Running { since: ms_ago(48_000) },
            running,
        ),
        step(
            6,
            StageKind::Controllers,
            "mariadb/database",
            "Start the database",
            "启动数据库",
            StepState::Waiting,
            0,
        ),
    ]
}

/// An environment in which machines are looked for, with one that is new and one that is gone.
pub fn sweep(done: u32) -> Vec<Row> {
    let found = |last: u8, banner: &str, ssh, node: Option<u64>| FoundRow {
        address: std::net::Ipv4Addr::new(10, 20, 0, last).try_into().unwrap(),
        port: 22,
        banner: banner.into(),
        ssh,
        node: node.map(NodeId),
        first: ms_ago(9 * 86_400_000),
        last: ms_ago(3_000),
        new: false,
        missing: None,
        host_key: None,
        mac: None,
        twins: Vec::new(),
    };
    let mut twin = found(22, "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3", true, None);
    twin.host_key = Some("SHA256:k3yAbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcd".into());
    twin.mac = Some("3c:ec:ef:00:00:02".into());
    (twin.new, twin.first) = (true, ms_ago(3_000));
    twin.twins = vec![Twin {
        node: NodeId(12),
        name: "node-2".into(),
        env: ENV,
        why: vec![Same::Mac("3c:ec:ef:00:00:02".into()), Same::HostKey],
    }];
    let mut gone = found(40, "SSH-2.0-OpenSSH_7.4", true, None);
    (gone.last, gone.missing) = (ms_ago(86_400_000), Some(ms_ago(3_000)));
    let order = SweepOrder::new(vec!["10.20.0.0/24".into()], 22);
    let mut rows = vec![
        Row::Discovery(Box::new(discovery())),
        Row::Sweep(SweepRow {
            id: SweepId(3),
            env: ENV,
            order,
            by: Some("ada".into()),
            done,
            total: 254,
            found: 3,
            unasked: 0,
            started: ms_ago(4_000),
            ended: (done == 254).then_some(NOW),
            cancelled: false,
        }),
    ];
    let all = [
        found(11, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", true, Some(11)),
        found(21, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", true, None),
        twin,
        found(30, "220 mail.example ESMTP", false, None),
        gone,
    ];
    rows.extend(all.into_iter().map(Row::Found));
    rows
}

/// A schedule and a set of two credentials.
pub fn discovery() -> DiscoveryRow {
    let order = SweepOrder::new(vec!["10.20.0.0/24".into()], 22);
    let entry = |id, user: &str, kind| SetEntryRow { id, user: user.into(), kind };
    DiscoveryRow {
        env: ENV,
        settings: Discovery {
            schedule: Some(Schedule { order, every: "6h".parse().unwrap(), since: ms_ago(90_000_000) }),
            changed_by: "ada".into(),
            revision: Revision(2),
            ..Discovery::default()
        },
        next: Some(NOW.plus(7_200_000)),
        sets: vec![SetRow {
            name: "rack".into(),
            entries: vec![entry(0, "root", CredentialKind::Key), entry(2, "admin", CredentialKind::Password)],
            changed_by: "ada".into(),
            changed: ms_ago(90_000_000),
        }],
    }
}
