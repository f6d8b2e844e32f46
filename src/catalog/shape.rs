//! What tasks have made of a cloud, as variables of a node's steps.

use crate::domain::day2::Shape;
use crate::domain::ids::NodeId;
use crate::domain::node::NodeRole;
use crate::domain::plan::PlanNode;
use std::collections::BTreeMap;

/// * `FLAT_NETWORKS`: `NAME:NIC` of the flat networks that this node has a NIC for, separated by blanks; `FLAT_NAMES`: the names of all.
///   `FLAT_PLACES`: `NAME NODE` a line, for every node that carries one.
/// * `SELF_SERVICE`: `yes` where networks of people's own and routers are there, else blank.
/// * `IMAGE_NAME`, `IMAGE_ADDRESS`: the node that serves images, one of `known`, else the first controller; `IMAGES_HERE`: `yes` on it.
pub fn variables(shape: &Shape, known: &[PlanNode], node: NodeId) -> BTreeMap<String, String> {
    let flat: Vec<String> =
        shape.flat.iter().filter_map(|(name, nics)| Some(format!("{name}:{}", nics.of(node)?))).collect();
    let names: Vec<&str> = shape.flat.keys().map(String::as_str).collect();
    let served =
        |n: &&PlanNode| n.roles.contains(&NodeRole::Controller) || n.roles.contains(&NodeRole::Compute);
    let mut places = Vec::new();
    for (name, nics) in &shape.flat {
        let carriers = known.iter().filter(served).filter(|n| nics.of(n.id).is_some());
        places.extend(carriers.map(|n| format!("{name} {}", n.name)));
    }
    let first = known.iter().find(|n| n.roles.contains(&NodeRole::Controller));
    let images = known.iter().find(|n| Some(n.id) == shape.images).or(first);
    let yes = |is: bool| if is { "yes" } else { "" }.to_owned();
    [
        ("FLAT_NETWORKS", flat.join(" ")),
        ("FLAT_NAMES", names.join(" ")),
        ("FLAT_PLACES", places.join("\n")),
        ("SELF_SERVICE", yes(!shape.provider_only)),
        ("IMAGE_NAME", images.map(|n| n.name.clone()).unwrap_or_default()),
        ("IMAGE_ADDRESS", images.map(|n| n.address.clone()).unwrap_or_default()),
        ("IMAGES_HERE", yes(images.is_some_and(|n| n.id == node))),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
