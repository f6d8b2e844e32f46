//! Which authority signed a server's certificate, in the forms of servers (Cobbler, Loki): those this machine trusts, one
//! from a file, or the one that was given before.

use crate::domain::secret::Secret;
use crate::tui::event::Effect;
use crate::tui::i18n::{Text, t};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::Fields;

/// The two fields; `known`: one was given before and can be kept.
pub fn fields(known: bool) -> [Field; 2] {
    let mut choices =
        vec![("host".to_owned(), t!("authority-host")), ("file".to_owned(), t!("authority-file"))];
    if known {
        choices.insert(0, ("keep".to_owned(), t!("authority-keep")));
    }
    let file = Field::text("file", t!("field-authority-file"), "").hint(t!("hint-authority"));
    [Field::choice("authority", t!("field-authority"), choices, 0), file.when("authority", "file")]
}

/// What was chosen, as certificates (PEM). `Err`: not known yet, a file is to be read first, or it has no name.
pub fn chosen(fields: &mut Fields, known: Option<&String>) -> Result<Option<String>, Vec<Effect>> {
    match fields.choice("authority") {
        "file" if fields.text("file").is_empty() => {
            fields.wrong("file", t!("fault-empty"));
            Err(Vec::new())
        }
        "file" => Err(vec![Effect::ReadFile(fields.text("file").to_owned())]),
        "keep" => Ok(known.cloned()),
        _ => Ok(None),
    }
}

/// The file was read; `None`: it could not be, and its field says why.
pub fn read(fields: &mut Fields, result: Result<Secret, String>) -> Option<String> {
    match result {
        // Certificates are no secret; they came the way of keys.
        Ok(text) => Some(text.reveal().to_owned()),
        Err(why) => {
            fields.wrong("file", Text::plain(why));
            None
        }
    }
}

/// Says what is wrong with a setting at the field that holds it.
pub fn wrong(fields: &mut Fields, field: &'static str, key: &'static str) {
    fields.wrong(if field == "authority" { "file" } else { field }, Text::key(key));
}
