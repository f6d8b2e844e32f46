//! Forms of Cobbler: where the server is, and a node as a system.

use super::authority;
use crate::api::cobbler::CobblerAsk;
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::cobbler::{
    CobblerPlace, CobblerPower, CobblerSettings, POWER_SECONDS, POWER_SECONDS_RANGE,
};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// Says where the server is.
pub fn settings(env: EnvId, old: Option<&CobblerSettings>) -> Box<dyn Screen> {
    let server = old;
    let [choice, file] = authority::fields(server.is_some_and(|s| s.authority.is_some()));
    let seconds = server.map_or(POWER_SECONDS, |s| s.power_seconds);
    let password = Field::secret("password", t!("field-password"));
    let password = if old.is_some() { password.hint(t!("hint-cobbler-password")) } else { password };
    let fields = vec![
        Field::text("url", t!("field-url"), server.map_or("https://", |s| &s.url))
            .hint(t!("hint-cobbler-url")),
        Field::text("user", t!("field-user"), server.map_or("", |s| &s.user)),
        password,
        choice,
        file,
        Field::text("power-seconds", t!("field-power-seconds"), &seconds.to_string())
            .hint(t!("hint-power-seconds")),
    ];
    let authority = server.and_then(|s| s.authority.clone());
    Box::new(Form::new(Settings { env, authority, known: old.is_some() }, fields))
}

struct Settings {
    env: EnvId,
    authority: Option<String>,
    known: bool,
}

impl Settings {
    fn send(&self, fields: &mut Fields, authority: Option<String>) -> Vec<Effect> {
        let seconds = fields.text("power-seconds").parse().ok().filter(|s| POWER_SECONDS_RANGE.contains(s));
        if seconds.is_none() {
            let (least, most) = (*POWER_SECONDS_RANGE.start(), *POWER_SECONDS_RANGE.end());
            fields.wrong("power-seconds", t!("fault-power-seconds", least = least, most = most));
        }
        let place = CobblerPlace {
            url: fields.text("url").to_owned(),
            user: fields.text("user").to_owned(),
            password: fields.secret("password"),
            authority,
            power_seconds: seconds.unwrap_or(POWER_SECONDS),
        };
        if let Err(fault) = place.check() {
            authority::wrong(fields, fault.field(), fault.key());
        }
        if place.password.is_empty() && !self.known {
            fields.wrong("password", t!("fault-empty"));
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        vec![Effect::Call(Tag::Form, Request::Cobbler(CobblerAsk::Set { env: self.env, place: Some(place) }))]
    }
}

impl Purpose for Settings {
    fn name(&self) -> &'static str {
        "cobbler-settings"
    }

    fn title(&self) -> Text {
        t!("cobbler-settings-title")
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        match authority::chosen(fields, self.authority.as_ref()) {
            Ok(authority) => self.send(fields, authority),
            Err(effects) => effects,
        }
    }

    fn file(&mut self, _: &Shared, fields: &mut Fields, result: Result<Secret, String>) -> Vec<Effect> {
        match authority::read(fields, result) {
            Some(text) => self.send(fields, Some(text)),
            None => Vec::new(),
        }
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        fields.wipe();
        vec![Effect::Close, Effect::Say(Level::Good, t!("cobbler-set-done"))]
    }
}

/// Registers one of these nodes.
pub fn register(nodes: &[&NodeRow], profiles: &[&str]) -> Box<dyn Screen> {
    let choices: Vec<(String, Text)> = nodes
        .iter()
        .map(|n| (n.id.to_string(), Text::plain(format!("{} ({})", n.name, n.address))))
        .collect();
    let macs: Vec<(NodeId, String, Option<String>)> =
        nodes.iter().map(|n| (n.id, n.name.clone(), mac(n))).collect();
    let profiles = profiles.iter().map(|p| ((*p).to_owned(), Text::plain(*p))).collect();
    let switched = vec![("no".to_owned(), t!("power-no")), ("yes".to_owned(), t!("power-yes"))];
    let power = |id, label| Field::text(id, label, "").when("power", "yes");
    let fields = vec![
        Field::choice("node", t!("field-node"), choices, 0),
        Field::choice("profile", t!("field-profile"), profiles, 0),
        Field::text("mac", t!("field-mac"), "").hint(t!("hint-mac")),
        Field::choice("power", t!("field-power"), switched, 0),
        power("kind", t!("field-power-type")).hint(t!("hint-power-type")),
        power("address", t!("field-address")),
        power("user", t!("field-user")),
        power("identity", t!("field-identity")).hint(t!("hint-identity")),
        power("id", t!("field-power-id")).hint(t!("hint-power-id")),
    ];
    Box::new(Form::new(Register { nodes: macs }, fields))
}

/// The MAC address of the NIC with the node's address.
fn mac(node: &NodeRow) -> Option<String> {
    let address = format!("{}/", node.address);
    let nics = node.facts.iter().flat_map(|f| &f.nics);
    nics.filter(|n| n.addresses.iter().any(|a| a.starts_with(&address))).map(|n| n.mac.clone()).next()
}

struct Register {
    nodes: Vec<(NodeId, String, Option<String>)>,
}

impl Register {
    fn node(&self, fields: &Fields) -> Option<&(NodeId, String, Option<String>)> {
        self.nodes.iter().find(|(id, _, _)| id.to_string() == fields.choice("node"))
    }
}

impl Purpose for Register {
    fn name(&self) -> &'static str {
        "cobbler-register"
    }

    fn title(&self) -> Text {
        t!("cobbler-register-title")
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("cobbler-register-intro")]
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        let (_, name, mac) = self.node(fields)?;
        let typed = fields.text("mac");
        Some(match mac {
            _ if !typed.is_empty() => t!("cobbler-mac-typed", mac = typed),
            Some(mac) => t!("cobbler-mac-known", node = name.as_str(), mac = mac.as_str()),
            None => t!("cobbler-mac-unknown", node = name.as_str()),
        })
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let Some((node, _, known)) = self.node(fields).cloned() else { return Vec::new() };
        let typed = fields.text("mac").trim().to_owned();
        if typed.is_empty() && known.is_none() {
            fields.wrong("mac", t!("fault-empty"));
        }
        let switched = fields.choice("power") == "yes";
        for field in ["kind", "address"] {
            if switched && fields.text(field).is_empty() {
                fields.wrong(field, t!("fault-empty"));
            }
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        let of = |id: &str| fields.text(id).to_owned();
        let power = switched.then(|| CobblerPower {
            kind: of("kind"),
            address: of("address"),
            user: of("user"),
            password: Secret::default(),
            id: of("id"),
            identity_file: of("identity"),
        });
        let mac = Some(typed).filter(|m| !m.is_empty());
        let profile = fields.choice("profile").to_owned();
        let request = Request::Cobbler(CobblerAsk::Register { node, system: None, profile, mac, power });
        vec![Effect::Call(Tag::Form, request)]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        let Response::Registered(new) = response else { return vec![Effect::Close] };
        let name = self.node(fields).map(|(_, name, _)| name.clone()).unwrap_or_default();
        let said = if new {
            t!("cobbler-registered", name = name)
        } else {
            t!("cobbler-registered-before", name = name)
        };
        vec![Effect::Close, Effect::Say(Level::Good, said)]
    }
}
