//! Forms of an environment as one file: where it goes, where it comes from, and the passphrase.

use super::upload::Upload;
use crate::api::keep::Keep;
use crate::api::{Request, Response};
use crate::domain::environment::{Environment, check_name};
use crate::domain::ids::EnvId;
use crate::domain::password::PASSPHRASE_MIN;
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// Asks where an environment goes, and for its passphrase.
pub fn export(env: &Environment) -> Box<dyn Screen> {
    let safe = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '-' };
    let path = format!("~/{}.cpmg-env", env.name.chars().map(safe).collect::<String>());
    let fields = vec![
        Field::text("path", t!("field-parcel-path"), &path).hint(t!("hint-parcel-path")),
        Field::secret("passphrase", t!("field-passphrase"))
            .hint(t!("hint-parcel-passphrase", least = PASSPHRASE_MIN)),
        Field::secret("again", t!("field-again")),
    ];
    Box::new(Form::new(Export { env: env.id, name: env.name.clone() }, fields))
}

struct Export {
    env: EnvId,
    name: String,
}

impl Purpose for Export {
    fn name(&self) -> &'static str {
        "env-export"
    }

    fn title(&self) -> Text {
        t!("parcel-export-title", name = self.name.as_str())
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("parcel-export-what"), t!("parcel-export-not")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let path = fields.text("path");
        if path.is_empty() || path.ends_with('/') {
            fields.wrong("path", t!("report-no-path"));
        }
        let passphrase = fields.secret("passphrase");
        if passphrase.reveal().chars().count() < PASSPHRASE_MIN {
            fields.wrong("passphrase", t!("error-passphrase-short", least = PASSPHRASE_MIN));
        } else if passphrase != fields.secret("again") {
            fields.wrong("again", t!("parcel-differ"));
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        vec![Effect::Call(Tag::Form, Request::Keep(Keep::EnvExport { env: self.env, passphrase }))]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        let Response::EnvFile(file) = response else { return vec![Effect::Close] };
        // Sealed: it may be written as any text.
        let text = file.reveal().to_owned();
        vec![Effect::WriteFile { path: fields.text("path").to_owned(), text }, Effect::Close]
    }
}

/// Asks for the file of an environment and its passphrase.
pub fn import() -> Box<dyn Screen> {
    let fields = vec![
        Field::text("file", t!("field-file"), "").hint(t!("hint-parcel-file")),
        Field::secret("passphrase", t!("field-passphrase")).hint(t!("hint-parcel-opens")),
        Field::text("name", t!("field-parcel-name"), "").hint(t!("hint-parcel-name")),
    ];
    Box::new(Form::new(Import { upload: Upload::default() }, fields))
}

struct Import {
    upload: Upload,
}

impl Import {
    fn send(&mut self, fields: &Fields) -> Vec<Effect> {
        if let Some(part) = self.upload.next() {
            return part;
        }
        let Some(upload) = self.upload.number() else { return Vec::new() };
        let name = Some(fields.text("name").to_owned()).filter(|n| !n.is_empty());
        let import = Keep::EnvImport { upload, name, passphrase: fields.secret("passphrase") };
        vec![Effect::Call(Tag::Form, Request::Keep(import))]
    }
}

impl Purpose for Import {
    fn name(&self) -> &'static str {
        "env-import"
    }

    fn title(&self) -> Text {
        t!("parcel-import-title")
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("parcel-import-what")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let file = fields.text("file").to_owned();
        if file.is_empty() {
            fields.wrong("file", t!("fault-empty"));
        }
        if fields.secret("passphrase").is_empty() {
            fields.wrong("passphrase", t!("fault-empty"));
        }
        let name = fields.text("name").to_owned();
        if !name.is_empty()
            && let Err(fault) = check_name(&name)
        {
            fields.wrong("name", Text::key(fault.key()));
        }
        if fields.is_wrong() { Vec::new() } else { vec![Effect::ReadText(file)] }
    }

    fn file(&mut self, _: &Shared, fields: &mut Fields, result: Result<Secret, String>) -> Vec<Effect> {
        let there = self.upload.take(fields, result, t!("error-parcel-foreign"));
        if there { self.send(fields) } else { Vec::new() }
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        match response {
            Response::ImportText(number) => {
                self.upload.arrived(number);
                self.send(fields)
            }
            Response::Environment(env) => {
                let name = env.name.as_str();
                let said = if env.members.is_some() {
                    t!("parcel-imported-limited", name = name)
                } else {
                    t!("parcel-imported", name = name)
                };
                vec![Effect::Say(Level::Good, said), Effect::Close]
            }
            _ => vec![Effect::Close],
        }
    }
}
