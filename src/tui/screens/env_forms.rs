//! Forms of environments: new, rename, nodes at once, platform.

use crate::api::message::EnvChange;
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
        }
    }

    fn opened(&mut self, _: &Shared) -> Vec<Effect> {
        match self.what {
            What::Platform => vec![Effect::Call(Tag::Content, Request::Catalog)],
            What::Name | What::Parallel => Vec::new(),
        }
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let change = match self.what {
            What::Name => {
                check(fields);
                EnvChange::Rename(fields.text("name").to_owned())
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
        self.fresh = env.revision;
        let value = match self.what {
            What::Name => ("name", env.name.clone()),
            What::Parallel => ("parallel", env.parallel.to_string()),
            What::Platform => ("platform", env.platform.clone()),
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
