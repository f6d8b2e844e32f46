//! Where to keep the report of an environment for its owner.

use crate::api::Response;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// Asks where to keep the report.
pub fn keep(name: &str, html: String) -> Box<dyn Screen> {
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let path = format!("~/cpmg-{safe}.html");
    let fields = vec![Field::text("path", t!("field-report-path"), &path).hint(t!("hint-handover-path"))];
    Box::new(Form::new(Keep { name: name.to_owned(), html }, fields))
}

struct Keep {
    name: String,
    html: String,
}

impl Purpose for Keep {
    fn name(&self) -> &'static str {
        "handover"
    }

    fn title(&self) -> Text {
        t!("handover-form-title", name = self.name.as_str())
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("handover-form-intro")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let path = fields.text("path").to_owned();
        if path.is_empty() || path.ends_with('/') {
            fields.wrong("path", t!("report-no-path"));
            return Vec::new();
        }
        vec![Effect::Close, Effect::WriteFile { path, text: std::mem::take(&mut self.html) }]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        Vec::new()
    }
}
