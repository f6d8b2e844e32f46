//! A file that goes to the engine in parts, because a frame does not hold it: the forms that begin with one share this.

use crate::api::Request;
use crate::api::import::parts;
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::Text;
use crate::tui::widgets::form::Fields;
use std::collections::VecDeque;

/// What of a file is still to be sent, and the number that the engine gave it.
#[derive(Default)]
pub struct Upload {
    rest: VecDeque<Secret>,
    number: Option<u64>,
    sent: u64,
}

impl Upload {
    /// Its number, once the engine has any of it.
    pub fn number(&self) -> Option<u64> {
        self.number
    }

    /// Takes what was read of the file in the field `file`; false where there is nothing to send, which the field says then: `empty`, or
    /// why it could not be read.
    pub fn take(&mut self, fields: &mut Fields, read: Result<Secret, String>, empty: Text) -> bool {
        *self = Self::default();
        match read {
            Ok(text) if !text.is_empty() => {
                self.rest = parts(text.reveal()).into_iter().map(Secret::new).collect();
                return true;
            }
            Ok(_) => fields.wrong("file", empty),
            Err(why) => fields.wrong("file", Text::plain(why)),
        }
        false
    }

    /// The engine has got a part.
    pub fn arrived(&mut self, number: u64) {
        self.number = Some(number);
    }

    /// Sends the next part; `None`: all of it has arrived.
    pub fn next(&mut self) -> Option<Vec<Effect>> {
        let text = self.rest.pop_front()?;
        let offset = self.sent;
        self.sent += text.reveal().len() as u64;
        let request = Request::ImportText { upload: self.number, offset, text };
        Some(vec![Effect::Call(Tag::Item(offset), request)])
    }
}
