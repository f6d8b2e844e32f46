//! One field of a form.

use super::prompt::Line;
use super::secret_field::SecretField;
use crate::tui::i18n::Text;

/// What a field holds.
pub enum Value {
    /// A line of text.
    Text(Line),
    /// A password.
    Secret(SecretField),
    /// One of several.
    Choice {
        /// Identity and title of each.
        options: Vec<(String, Text)>,
        /// Which one.
        at: usize,
    },
    /// Several of several, each on, off, or left as it is.
    Ticks {
        /// Identity, title and state of each.
        options: Vec<(String, Text, Tick)>,
        /// Which one the cursor is at.
        at: usize,
    },
}

/// State of one tick box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Not ticked.
    Off,
    /// Ticked.
    On,
    /// The rows differ; they stay as they are.
    Mixed,
}

/// A field.
pub struct Field {
    /// Its name in requests and refusals.
    pub id: &'static str,
    /// Its title.
    pub label: Text,
    /// What it holds.
    pub value: Value,
    /// What it is for, shown while it has the focus.
    pub hint: Option<Text>,
    /// What is wrong with it.
    pub fault: Option<Text>,
    /// Shown only while that choice has that value.
    pub when: Option<(&'static str, &'static str)>,
}

impl Field {
    fn new(id: &'static str, label: Text, value: Value) -> Self {
        Self { id, label, value, hint: None, fault: None, when: None }
    }

    /// A line of text.
    pub fn text(id: &'static str, label: Text, start: &str) -> Self {
        Self::new(id, label, Value::Text(Line::new(start)))
    }

    /// A password.
    pub fn secret(id: &'static str, label: Text) -> Self {
        Self::new(id, label, Value::Secret(SecretField::default()))
    }

    /// One of several.
    pub fn choice(id: &'static str, label: Text, options: Vec<(String, Text)>, at: usize) -> Self {
        Self::new(id, label, Value::Choice { options, at })
    }

    /// Several of several.
    pub fn ticks(id: &'static str, label: Text, options: Vec<(String, Text, Tick)>) -> Self {
        Self::new(id, label, Value::Ticks { options, at: 0 })
    }

    /// Says what it is for.
    #[must_use]
    pub fn hint(mut self, hint: Text) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Shown only while the choice `field` has the value `is`.
    #[must_use]
    pub fn when(mut self, field: &'static str, is: &'static str) -> Self {
        self.when = Some((field, is));
        self
    }
}
