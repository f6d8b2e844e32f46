//! YAML files as options: a mapping is a section, its name the way to it (`network.bridges.br-ex`), a mapping within a list has its place in brackets
//! (`routes[0]`); a list of words is one value.

use saphyr_parser::{Event, Parser};

enum Node {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

struct Open {
    map: bool,
    nodes: Vec<Node>,
}

/// Section, key and value of each option.
pub fn options(text: &str) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    if let Some(root) = tree(text) {
        walk("", &root, &mut out);
    }
    out
}

fn tree(text: &str) -> Option<Node> {
    let mut stack: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) =
            event.unwrap_or_else(|fault| panic!("a YAML file of the plan cannot be read: {fault}"));
        let done = match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                stack.push(Open { map: matches!(event, Event::MappingStart(..)), nodes: Vec::new() });
                continue;
            }
            Event::Scalar(value, ..) => Node::Text(value.into_owned()),
            Event::MappingEnd | Event::SequenceEnd => {
                let open = stack.pop().unwrap();
                if open.map {
                    let mut nodes = open.nodes.into_iter();
                    let mut pairs = Vec::new();
                    while let (Some(Node::Text(key)), Some(value)) = (nodes.next(), nodes.next()) {
                        pairs.push((key, value));
                    }
                    Node::Map(pairs)
                } else {
                    Node::List(open.nodes)
                }
            }
            _ => continue,
        };
        match stack.last_mut() {
            Some(open) => open.nodes.push(done),
            None => return Some(done),
        }
    }
    None
}

fn walk(section: &str, node: &Node, out: &mut Vec<(String, String, String)>) {
    let Node::Map(pairs) = node else { return };
    for (key, value) in pairs {
        let deeper = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let mut push = |value: String| out.push((section.to_owned(), key.clone(), value));
        match value {
            Node::Text(text) => push(text.clone()),
            Node::Map(pairs) if pairs.is_empty() => push("{}".to_owned()),
            Node::Map(_) => walk(&deeper, value, out),
            Node::List(list) => {
                let words: Option<Vec<&str>> = list
                    .iter()
                    .map(|n| if let Node::Text(t) = n { Some(t.as_str()) } else { None })
                    .collect();
                if let Some(words) = words {
                    push(format!("[{}]", words.join(", ")));
                    continue;
                }
                for (at, node) in list.iter().enumerate() {
                    walk(&format!("{deeper}[{at}]"), node, out);
                }
            }
        }
    }
}
