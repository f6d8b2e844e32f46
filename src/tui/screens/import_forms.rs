//! Forms of lists of nodes: what is to be imported, and where an export goes.

use super::import::ImportPage;
use super::node_forms::port;
use super::upload::Upload;
use crate::api::import::{ImportAsk, ImportSource};
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::export::{self, Exported};
use crate::domain::ids::EnvId;
use crate::domain::import::{Format, is_account};
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use std::collections::BTreeMap;

/// Asks what is to be imported.
pub fn import(env: EnvId) -> Box<dyn Screen> {
    let sources = vec![("file".to_owned(), t!("import-file")), ("cobbler".to_owned(), t!("import-cobbler"))];
    let mut formats = vec![("guess".to_owned(), t!("import-guess"))];
    let key = |f: Format| Text::key(format!("import-format-{}", f.word()));
    formats.extend(Format::ALL.map(|f| (f.word().to_owned(), key(f))));
    let fields = vec![
        Field::choice("source", t!("field-source"), sources, 0),
        Field::text("file", t!("field-file"), "").hint(t!("hint-import-file")).when("source", "file"),
        Field::choice("format", t!("field-format"), formats, 0).when("source", "file"),
        Field::text("user", t!("field-user"), "root").hint(t!("hint-import-user")),
        Field::text("port", t!("field-port"), "22").hint(t!("hint-import-port")),
    ];
    Box::new(Form::new(Import { env, upload: Upload::default() }, fields))
}

struct Import {
    env: EnvId,
    upload: Upload,
}

impl Import {
    fn send(&mut self, fields: &Fields) -> Vec<Effect> {
        self.upload.next().unwrap_or_else(|| self.ask(fields))
    }

    fn wanted(&self, fields: &Fields) -> ImportAsk {
        let source = match self.upload.number() {
            Some(upload) => {
                let format = fields.choice("format").parse();
                let format = format.unwrap_or_else(|_| Format::guess(fields.text("file")));
                ImportSource::Text { upload, format }
            }
            None => ImportSource::Cobbler,
        };
        ImportAsk {
            env: self.env,
            source,
            user: fields.text("user").to_owned(),
            port: fields.text("port").parse().unwrap_or(22),
            keys: BTreeMap::new(),
        }
    }

    fn ask(&self, fields: &Fields) -> Vec<Effect> {
        vec![Effect::Call(Tag::Form, Request::ImportPreview(self.wanted(fields)))]
    }
}

impl Purpose for Import {
    fn name(&self) -> &'static str {
        "import-form"
    }

    fn title(&self) -> Text {
        t!("import-title")
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("import-intro")]
    }

    fn typed(&self, fields: &mut Fields) {
        if !is_account(fields.text("user")) {
            fields.wrong("user", t!("import-why-bad-user", what = fields.text("user")));
        }
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        self.upload = Upload::default();
        self.typed(fields);
        port(fields);
        let file = fields.text("file").to_owned();
        let from_file = fields.choice("source") == "file";
        if from_file && file.is_empty() {
            fields.wrong("file", t!("fault-empty"));
        }
        match (fields.is_wrong(), from_file) {
            (true, _) => Vec::new(),
            (false, true) => vec![Effect::ReadText(file)],
            (false, false) => self.ask(fields),
        }
    }

    fn file(&mut self, _: &Shared, fields: &mut Fields, result: Result<Secret, String>) -> Vec<Effect> {
        let there = self.upload.take(fields, result, t!("import-why-empty"));
        if there { self.send(fields) } else { Vec::new() }
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        match response {
            Response::ImportText(number) => {
                self.upload.arrived(number);
                self.send(fields)
            }
            Response::ImportPreview(view) => {
                vec![Effect::Replace(Box::new(ImportPage::new(self.wanted(fields), *view)))]
            }
            _ => vec![Effect::Close],
        }
    }
}

/// Asks where an export of the nodes goes.
pub fn export(name: &str, nodes: &[&NodeRow]) -> Box<dyn Screen> {
    let key = |f: export::Format| Text::key(format!("export-format-{}", f.word()));
    let formats = export::Format::ALL.map(|f| (f.word().to_owned(), key(f))).to_vec();
    let texts = export::Format::ALL.map(|format| {
        let all: Vec<Exported<'_>> = nodes
            .iter()
            .map(|n| Exported {
                name: &n.name,
                address: n.address,
                port: n.port,
                jump: n.jump.as_ref().map(crate::domain::jump::Jump::place),
                user: &n.user,
                credential: n.credential.as_ref(),
                roles: &n.roles,
                state: n.state,
                facts: n.facts.as_ref(),
            })
            .collect();
        (format, export::export(format, name, &all))
    });
    let fields = vec![
        Field::choice("format", t!("field-format"), formats, 0),
        Field::text("file", t!("field-file"), "~/nodes").hint(t!("hint-export-file")),
    ];
    Box::new(Form::new(Export { texts, count: nodes.len() }, fields))
}

struct Export {
    texts: [(export::Format, String); 3],
    count: usize,
}

impl Purpose for Export {
    fn name(&self) -> &'static str {
        "export-form"
    }

    fn title(&self) -> Text {
        t!("export-title", count = self.count)
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("export-intro")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let file = fields.text("file").to_owned();
        if file.is_empty() {
            fields.wrong("file", t!("fault-empty"));
        }
        let chosen = self.texts.iter().find(|(f, _)| f.word() == fields.choice("format"));
        let (Some((format, text)), false) = (chosen, fields.is_wrong()) else { return Vec::new() };
        // A name without an ending gets the usual one.
        let plain = !file.rsplit('/').next().unwrap_or(&file).contains('.');
        let path = if plain { format!("{file}.{}", format.ending()) } else { file };
        vec![Effect::WriteFile { path, text: text.clone() }, Effect::Close]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Close]
    }
}
