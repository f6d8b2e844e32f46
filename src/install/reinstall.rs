//! A node's operating system, installed anew through Cobbler.

use super::Site;
use super::worker::record;
use crate::domain::ids::NodeId;
use crate::domain::job::{JobEvent, Renewal};
use tokio_util::sync::CancellationToken;

/// Goes on with the node's reinstallation from wherever the journal says it stands. False: the journal refuses.
pub(super) async fn run<S: Site>(site: &S, node: NodeId, _cancel: &CancellationToken) -> bool {
    let why = "this environment has no Cobbler server: install the node by hand".to_owned();
    record(site, JobEvent::ReinstallEnded { node, end: Renewal::Failed { why } }).await
}
