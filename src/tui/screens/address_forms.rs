//! Forms about addresses: a pool, a subnet for an owner, an address for a machine. What is wrong is said while it is typed.

use crate::api::{Request, Response};
use crate::domain::ids::EnvId;
use crate::domain::ipam::{
    IpEvent, IpRequest, PoolKind, Refused, SubnetSize, TIMEOUT_S, address_of, net_of, owner_of, pool_of,
    timeout_of,
};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Pool,
    Subnet,
    Address,
}

fn kinds() -> Vec<(String, Text)> {
    let title = |k: PoolKind| (k.word().to_owned(), Text::key(format!("pool-{}", k.word())));
    [PoolKind::Tenant, PoolKind::Infrastructure].map(title).into()
}

/// A new pool.
pub fn pool(env: EnvId) -> Box<dyn Screen> {
    let fields = vec![
        Field::text("net", t!("field-network"), "").hint(t!("hint-pool-net")),
        Field::choice("kind", t!("field-pool-kind"), kinds(), 0),
    ];
    Box::new(Form::new(Change { env, what: What::Pool }, fields))
}

/// A subnet for an owner.
pub fn reserve(env: EnvId) -> Box<dyn Screen> {
    let sizes = SubnetSize::ALL.map(|n| (n.to_string(), t!("subnet-size", count = n, usable = n - 2)));
    let fields = vec![
        Field::text("owner", t!("field-owner"), "").hint(t!("hint-owner")),
        Field::choice("count", t!("field-size"), sizes.into(), 0),
        Field::choice("kind", t!("field-pool-kind"), kinds(), 0),
        Field::text("seconds", t!("field-timeout"), &TIMEOUT_S.to_string()).hint(t!("hint-timeout")),
        Field::text("net", t!("field-at"), "").hint(t!("hint-at")),
    ];
    Box::new(Form::new(Change { env, what: What::Subnet }, fields))
}

/// An address of a confirmed subnet.
pub fn allocate(env: EnvId, owners: &[String]) -> Box<dyn Screen> {
    let owners = owners.iter().map(|o| (o.clone(), Text::plain(o.as_str()))).collect();
    let fields = vec![
        Field::choice("owner", t!("field-subnet-of"), owners, 0),
        Field::text("to", t!("field-for"), "").hint(t!("hint-for")),
        Field::text("address", t!("field-address"), "").hint(t!("hint-any-address")),
    ];
    Box::new(Form::new(Change { env, what: What::Address }, fields))
}

struct Change {
    env: EnvId,
    what: What,
}

/// What is wrong, in the catalogue's words where it has them.
fn said(why: &Refused) -> Text {
    match why {
        Refused::Network(_) => t!("fault-network"),
        Refused::NotNormal { net, .. } => t!("fault-not-normal", net = net.to_string()),
        Refused::Unusable { .. } => t!("fault-pool-unusable"),
        Refused::PoolSize(_) => t!("fault-pool-size"),
        Refused::Owner => t!("fault-owner"),
        Refused::Timeout(_) => t!("fault-timeout"),
        Refused::Address(_) => t!("fault-ip-address"),
        other => Text::plain(other.to_string()),
    }
}

impl Change {
    fn check(&self, fields: &mut Fields, only_typed: bool) {
        let mut look = |id: &str, result: &dyn Fn(&str) -> Option<Refused>| {
            let text = fields.text(id).to_owned();
            if (only_typed && text.is_empty()) || fields.is_wrong() {
                return;
            }
            if let Some(why) = result(&text) {
                fields.wrong(id, said(&why));
            }
        };
        match self.what {
            What::Pool => look("net", &|s| pool_of(s).err()),
            What::Subnet => {
                look("owner", &|s| owner_of(s).err());
                look("seconds", &|s| {
                    s.parse().map_err(|_| Refused::Timeout(0)).and_then(|n| timeout_of(Some(n))).err()
                });
                look("net", &|s| (!s.is_empty()).then(|| net_of(s).err()).flatten());
            }
            What::Address => {
                look("to", &|s| owner_of(s).err());
                look("address", &|s| (!s.is_empty()).then(|| address_of(s).err()).flatten());
            }
        }
    }
}

impl Purpose for Change {
    fn name(&self) -> &'static str {
        match self.what {
            What::Pool => "pool-new",
            What::Subnet => "subnet-new",
            What::Address => "address-new",
        }
    }

    fn title(&self) -> Text {
        match self.what {
            What::Pool => t!("pool-new-title"),
            What::Subnet => t!("subnet-new-title"),
            What::Address => t!("address-new-title"),
        }
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        match self.what {
            What::Subnet => vec![t!("subnet-new-intro")],
            What::Pool | What::Address => Vec::new(),
        }
    }

    fn typed(&self, fields: &mut Fields) {
        self.check(fields, true);
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        self.check(fields, false);
        if fields.is_wrong() {
            return Vec::new();
        }
        let of = |id: &str| fields.text(id).to_owned();
        let some = |id: &str| Some(of(id)).filter(|s| !s.is_empty());
        let kind = fields.choice("kind").parse().unwrap_or(PoolKind::Tenant);
        let request = match self.what {
            What::Pool => IpRequest::AddPool { net: of("net"), kind },
            What::Subnet => IpRequest::Reserve {
                owner: of("owner"),
                kind,
                count: fields.choice("count").parse().unwrap_or_default(),
                seconds: of("seconds").parse().ok(),
                at: some("net"),
            },
            What::Address => IpRequest::Allocate {
                owner: fields.choice("owner").to_owned(),
                to: of("to"),
                address: some("address"),
            },
        };
        vec![Effect::Call(Tag::Form, Request::IpChange { env: self.env, request })]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        let Response::IpEvents(events) = response else { return vec![Effect::Close] };
        let said = match events.last() {
            Some(IpEvent::Reserved { subnet, owner, .. }) => {
                t!("subnet-new-done", subnet = subnet, owner = owner.as_str())
            }
            Some(IpEvent::Allocated { address, to, .. }) => {
                t!("address-new-done", address = address.to_string(), owner = to.as_str())
            }
            _ => t!("pool-new-done"),
        };
        vec![Effect::Close, Effect::Say(Level::Good, said)]
    }
}
