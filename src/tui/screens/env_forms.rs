//! Forms of environments: new, copy, rename, nodes at once, platform, members, and the end of one.

use crate::api::keep::Keep;
use crate::api::message::EnvChange;
use crate::api::rows::EnvRow;
use crate::api::{Request, Response};
use crate::domain::environment::{Environment, PARALLEL_MAX, check_name};
use crate::domain::ids::{EnvId, Revision};
use crate::domain::plan::localized;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::stale::Theirs;

fn check(fields: &mut Fields) {
    if let Err(fault) = check_name(fields.text("name")) {
        fields.wrong("name", Text::key(fault.key()));
    }
}

/// Makes an environment.
pub fn new() -> Box<dyn Screen> {
    let fields = vec![
        Field::text("name", t!("field-name"), "").hint(t!("hint-env-name")),
        Field::choice("platform", t!("field-platform"), vec![(String::new(), t!("loading"))], 0),
    ];
    Box::new(Form::new(New, fields))
}

struct New;

fn offer_platforms(cx: &Shared, fields: &mut Fields, response: &Response) {
    if let Response::Catalog(catalog) = response {
        let language = cx.language();
        let options = catalog
            .platforms
            .iter()
            .map(|p| (p.name.clone(), Text::plain(localized(&p.title, language))))
            .collect();
        fields.offer("platform", options);
    }
}

impl Purpose for New {
    fn name(&self) -> &'static str {
        "env-new"
    }

    fn title(&self) -> Text {
        t!("env-new-title")
    }

    fn opened(&mut self, _: &Shared) -> Vec<Effect> {
        vec![Effect::Call(Tag::Content, Request::Catalog)]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        check(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let platform = Some(fields.choice("platform").to_owned()).filter(|p| !p.is_empty());
        let name = fields.text("name").to_owned();
        vec![Effect::Call(Tag::Form, Request::EnvAdd { name, platform })]
    }

    fn done(&mut self, cx: &Shared, fields: &mut Fields, tag: Tag, response: Response) -> Vec<Effect> {
        if tag == Tag::Content {
            offer_platforms(cx, fields, &response);
            return Vec::new();
        }
        let Response::Environment(env) = response else { return vec![Effect::Close] };
        vec![Effect::Say(Level::Good, t!("env-made", name = env.name.as_str())), Effect::Close]
    }
}

/// What about an environment is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Name,
    Parallel,
    Platform,
    Members,
}

struct Edit {
    env: EnvId,
    based_on: Revision,
    what: What,
    name: String,
    fresh: Revision,
}

fn edit(env: &Environment, what: What, fields: Vec<Field>) -> Box<dyn Screen> {
    let purpose =
        Edit { env: env.id, based_on: env.revision, what, name: env.name.clone(), fresh: env.revision };
    Box::new(Form::new(purpose, fields))
}

/// Gives an environment another name.
pub fn rename(env: &Environment) -> Box<dyn Screen> {
    edit(env, What::Name, vec![Field::text("name", t!("field-name"), &env.name).hint(t!("hint-env-name"))])
}

/// Sets how many nodes a stage works on at once.
pub fn parallel(env: &Environment) -> Box<dyn Screen> {
    let field = Field::text("parallel", t!("field-parallel"), &env.parallel.to_string());
    edit(env, What::Parallel, vec![field.hint(t!("hint-parallel", most = PARALLEL_MAX))])
}

/// Chooses another platform.
pub fn platform(env: &Environment) -> Box<dyn Screen> {
    let now = vec![(env.platform.clone(), Text::plain(&env.platform))];
    edit(env, What::Platform, vec![Field::choice("platform", t!("field-platform"), now, 0)])
}

/// Says who may reach an environment.
pub fn members(row: &EnvRow) -> Box<dyn Screen> {
    let names = row.members.as_deref().unwrap_or_default().join(" ");
    edit(
        &row.env,
        What::Members,
        vec![Field::text("members", t!("field-members"), &names).hint(t!("hint-members"))],
    )
}

impl Purpose for Edit {
    fn name(&self) -> &'static str {
        "env-edit"
    }

    fn title(&self) -> Text {
        let name = self.name.as_str();
        match self.what {
            What::Name => t!("env-rename-title", name = name),
            What::Parallel => t!("env-parallel-title", name = name),
            What::Platform => t!("env-platform-title", name = name),
            What::Members => t!("env-members-title", name = name),
        }
    }

    fn opened(&mut self, _: &Shared) -> Vec<Effect> {
        match self.what {
            What::Platform => vec![Effect::Call(Tag::Content, Request::Catalog)],
            What::Name | What::Parallel | What::Members => Vec::new(),
        }
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let change = match self.what {
            What::Name => {
                check(fields);
                EnvChange::Rename(fields.text("name").to_owned())
            }
            What::Members => {
                let names: Vec<String> = fields
                    .text("members")
                    .split([' ', ','])
                    .filter(|n| !n.is_empty())
                    .map(str::to_owned)
                    .collect();
                EnvChange::Members((!names.is_empty()).then_some(names))
            }
            What::Platform => EnvChange::Platform(fields.choice("platform").to_owned()),
            What::Parallel => match fields.text("parallel").parse::<u32>() {
                Ok(n) if (1..=PARALLEL_MAX).contains(&n) => EnvChange::Parallel(n),
                _ => {
                    fields.wrong("parallel", t!("fault-parallel", most = PARALLEL_MAX));
                    return Vec::new();
                }
            },
        };
        if fields.is_wrong() {
            return Vec::new();
        }
        let request = Request::EnvEdit { env: self.env, based_on: self.based_on, change };
        vec![Effect::Call(Tag::Form, request)]
    }

    fn done(&mut self, cx: &Shared, fields: &mut Fields, tag: Tag, response: Response) -> Vec<Effect> {
        if tag == Tag::Content {
            offer_platforms(cx, fields, &response);
            return Vec::new();
        }
        vec![Effect::Say(Level::Good, t!("env-changed", name = self.name.as_str())), Effect::Close]
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let env = newer(cx, self.env, self.based_on)?;
        let row = cx.data.environment(self.env)?;
        self.fresh = env.revision;
        let value = match self.what {
            What::Name => ("name", env.name.clone()),
            What::Parallel => ("parallel", env.parallel.to_string()),
            What::Platform => ("platform", env.platform.clone()),
            What::Members => ("members", row.members.as_deref().unwrap_or_default().join(" ")),
        };
        Some(Theirs { by: env.changed_by.clone(), values: vec![value] })
    }

    fn rebase(&mut self) {
        self.based_on = self.fresh;
    }
}

/// The environment as somebody else has saved it, once its row has come.
pub fn newer(cx: &Shared, env: EnvId, based_on: Revision) -> Option<&Environment> {
    cx.data.environment(env).map(|row| &row.env).filter(|env| env.revision != based_on)
}

/// Makes an environment like another one.
pub fn copy(env: &Environment) -> Box<dyn Screen> {
    let purpose = Copy { env: env.id, name: env.name.clone() };
    Box::new(Form::new(purpose, vec![Field::text("name", t!("field-name"), "").hint(t!("hint-copy-name"))]))
}

struct Copy {
    env: EnvId,
    name: String,
}

impl Purpose for Copy {
    fn name(&self) -> &'static str {
        "env-clone"
    }

    fn title(&self) -> Text {
        t!("env-clone-title", name = self.name.as_str())
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        check(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let name = fields.text("name").to_owned();
        vec![Effect::Call(Tag::Form, Request::Keep(Keep::EnvClone { env: self.env, name }))]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Say(Level::Good, t!("env-made", name = fields.text("name"))), Effect::Close]
    }
}

/// Removes a hidden environment for good: its name is typed, and the reason.
pub fn purge(row: &EnvRow) -> Box<dyn Screen> {
    let fields = vec![
        Field::text("name", t!("field-typed-name"), "")
            .hint(t!("hint-typed-name", name = row.env.name.as_str())),
        Field::text("why", t!("field-why"), "").hint(t!("hint-purge-why")),
    ];
    Box::new(Form::new(Purge { env: row.env.id, name: row.env.name.clone(), nodes: row.nodes }, fields))
}

struct Purge {
    env: EnvId,
    name: String,
    nodes: u32,
}

impl Purpose for Purge {
    fn name(&self) -> &'static str {
        "env-purge"
    }

    fn title(&self) -> Text {
        t!("env-purge-title", name = self.name.as_str())
    }

    fn outro(&self, _: &Fields) -> Option<Text> {
        Some(t!("env-purge-what", nodes = self.nodes))
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let (name, why) = (fields.text("name").to_owned(), fields.text("why").trim().to_owned());
        if name != self.name {
            fields.wrong("name", t!("error-typed-env", name = self.name.as_str()));
        }
        if why.is_empty() {
            fields.wrong("why", t!("purge-no-why"));
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        vec![Effect::Call(Tag::Form, Request::Keep(Keep::EnvPurge { env: self.env, name, why }))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Say(Level::Good, t!("env-purged", name = self.name.as_str())), Effect::Close]
    }
}
