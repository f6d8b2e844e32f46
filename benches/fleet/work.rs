//! The two contenders made of Rust: cpmg's own layers, as in production, and a bare russh program.

use crate::{Field, NodeSpec, lines};
use cpmg::domain::job::StepAction;
use cpmg::domain::net::HostAddress;
use cpmg::domain::secret::Secret;
use cpmg::runner::{Attempt, NodeRunner, RUNNER_SH, StepEvent};
use cpmg::ssh::{Credential, Hop, HostKeyCheck, connect};
use futures_util::future::join_all;
use russh::ChannelMsg;
use russh::client;
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use std::path::Path;
use std::sync::Arc;

/// What every bundle has.
const LIB_SH: &str = concat!(
    include_str!("../../roles/lib.sh"),
    include_str!("../../roles/lib/data.sh"),
    include_str!("../../roles/lib/dry_run.sh"),
    include_str!("../../roles/lib/identity.sh"),
    include_str!("../../roles/lib/packages.sh"),
    include_str!("../../roles/lib/services.sh"),
);

pub fn run(contender: &str, field: &Path) {
    let field: Arc<Field> = Arc::new(serde_json::from_slice(&std::fs::read(field).unwrap()).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let nodes = (0..field.nodes.len()).map(|i| {
            let field = Arc::clone(&field);
            let cpmg = contender == "cpmg";
            tokio::spawn(async move {
                let node = &field.nodes[i];
                if cpmg { by_cpmg(&field, node).await } else { by_bare_russh(&field, node).await }
            })
        });
        for bytes in join_all(nodes).await {
            let expected: usize =
                (0..field.steps).map(|k| format!("step {k} begins\nstep {k} ends\n").len()).sum();
            assert_eq!(bytes.unwrap(), expected, "bytes of output");
        }
    });
}

async fn by_cpmg(field: &Field, node: &NodeSpec) -> usize {
    let private = Secret::new(std::fs::read_to_string(&field.key).unwrap());
    let hop = Hop {
        address: HostAddress::try_from(node.address).unwrap(),
        port: field.port,
        user: field.user.clone(),
        credentials: vec![Credential::Key { private, passphrase: None }],
        host_key: HostKeyCheck::Pinned(node.host_key.parse().unwrap()),
    };
    let session = connect(&hop.into()).await.unwrap();
    let base = field.scratch.join(node.address.to_string());
    let folder = NodeRunner::folder(base.to_str().unwrap(), "1");
    NodeRunner::upload(&session, &folder, bundle(field, node)).await.unwrap();
    let runner = NodeRunner::attach(&session, &folder).await.unwrap();
    let mut bytes = 0;
    for k in 0..field.steps {
        let step = format!("bench/s{k}").parse().unwrap();
        let attempt = Attempt { step, action: StepAction::Run, number: 1 };
        let mut following = runner.begin(&attempt, 0, &[]).await.unwrap();
        loop {
            match following.next().await.unwrap() {
                StepEvent::Output { bytes: b, .. } => bytes += b.len(),
                end => {
                    assert_eq!(end, StepEvent::Ended { status: 0, changed: true });
                    break;
                }
            }
        }
    }
    runner.close().await;
    session.close().await;
    bytes
}

fn bundle(field: &Field, node: &NodeSpec) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |name: &str, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    };
    add("runner.sh", RUNNER_SH);
    add("lib.sh", LIB_SH);
    add("vars/bench.sh", &format!("DIR='{}'\n", node.folder.display()));
    for k in 0..field.steps {
        add(&format!("steps/bench/s{k}.sh"), &format!("run() {{\n{}mark_changed\n}}\n", lines(k)));
    }
    tar.into_inner().unwrap()
}

struct Accepts;

impl client::Handler for Accepts {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

async fn by_bare_russh(field: &Field, node: &NodeSpec) -> usize {
    let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
    let mut handle = client::connect(config, (node.address, field.port), Accepts).await.unwrap();
    let key = PrivateKeyWithHashAlg::new(Arc::new(load_secret_key(&field.key, None).unwrap()), None);
    assert!(handle.authenticate_publickey(&field.user, key).await.unwrap().success());
    let mut bytes = 0;
    for k in 0..field.steps {
        let mut channel = handle.channel_open_session().await.unwrap();
        channel.exec(true, format!("DIR='{}'\n{}", node.folder.display(), lines(k))).await.unwrap();
        let mut status = None;
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => bytes += data.len(),
                ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
                _ => {}
            }
        }
        assert_eq!(status, Some(0));
    }
    bytes
}
