//! A sentence that is kept: why a node is silent, why a step was lost.
//!
//! It is stored in English, as it goes to commands and logs, and under the key of the message catalogue with its arguments, so that screens can say it in
//! the language of whoever reads it, today or after years. Records of before hold the bare sentence, which is read as one without a key.

use super::text::harmless;
use serde::{Deserialize, Serialize, Serializer};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

thread_local! {
    static WHOLE: Cell<bool> = const { Cell::new(false) };
}

/// Does something, a serialisation, in which such sentences are whole: on the wire and in the store. Elsewhere, in what scripts read above all,
/// each is its English text.
pub fn whole<T>(work: impl FnOnce() -> T) -> T {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            WHOLE.set(self.0);
        }
    }
    let _back = Back(WHOLE.replace(true));
    work()
}

/// Makes a sentence with its key and its arguments, which stand in the text by their names:
/// `sentence!("deed-rename", "renamed it to {name}", name = new)`. What comes after a semicolon is a sentence itself.
macro_rules! sentence {
    ($key:literal, $text:literal) => {
        $crate::domain::said::Said::keyed($text, $key)
    };
    ($key:literal, $text:literal, $($name:ident = $value:expr),* $(; $($inner:ident = $said:expr),+)?) => {{
        $(let $name = $value.to_string();)*
        $($(let $inner: $crate::domain::said::Said = $said.into();)+)?
        $crate::domain::said::Said::keyed(format!($text), $key)
            $(.arg(stringify!($name), $name))*
            $($(.arg(stringify!($inner), $inner))+)?
    }};
}
pub(crate) use sentence;

/// Several sentences or words, one after the other.
pub fn list(all: impl IntoIterator<Item = Said>) -> Said {
    let all: Vec<Said> = all.into_iter().collect();
    all.into_iter()
        .rev()
        .reduce(|rest, first| sentence!("said-and", "{first}, {rest}",; first = first, rest = rest))
        .unwrap_or_default()
}

/// A sentence, or an argument of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Said {
    text: String,
    /// Apart, where there is any: states of steps carry sentences, and of those there are tens of thousands.
    origin: Option<Box<Origin>>,
}

/// What a sentence is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Origin {
    key: String,
    args: BTreeMap<String, Said>,
}

/// On the wire and on disk: a text where there is no key.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Plain(String),
    Keyed {
        text: String,
        key: String,
        #[serde(default)]
        args: BTreeMap<String, Said>,
    },
}

#[derive(Serialize)]
struct Keyed<'a> {
    text: &'a str,
    key: &'a str,
    args: &'a BTreeMap<String, Said>,
}

impl Said {
    /// The English sentence and its key in the message catalogue.
    pub fn keyed(text: impl Into<String>, key: &str) -> Self {
        let origin = Origin { key: key.to_owned(), args: BTreeMap::new() };
        Self { text: text.into(), origin: Some(Box::new(origin)) }
    }

    /// An argument of it; it may be a sentence itself. A text without a key has none.
    #[must_use]
    pub fn arg(mut self, name: &str, value: impl Into<Self>) -> Self {
        if let Some(origin) = &mut self.origin {
            origin.args.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Several arguments.
    #[must_use]
    pub fn args(self, args: impl IntoIterator<Item = (String, String)>) -> Self {
        args.into_iter().fold(self, |said, (name, value)| said.arg(&name, value))
    }

    /// The same without what could move a cursor, in its arguments too: nodes have a say in them.
    #[must_use]
    pub fn harmless(self) -> Self {
        let origin = self.origin.map(|mut origin| {
            origin.args = origin.args.into_iter().map(|(name, value)| (name, value.harmless())).collect();
            origin
        });
        Self { text: harmless(&self.text), origin }
    }

    /// Its key, where it has one.
    pub fn key(&self) -> Option<&str> {
        self.origin.as_ref().map(|origin| origin.key.as_str())
    }

    /// Its arguments.
    pub fn arguments(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.origin.iter().flat_map(|o| &o.args).map(|(name, value)| (name.as_str(), value))
    }
}

/// The English sentence, for whoever only reads it.
impl Deref for Said {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Wire> for Said {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::Plain(text) => text.into(),
            Wire::Keyed { text, key, args } => Self { text, origin: Some(Box::new(Origin { key, args })) },
        }
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.origin.as_deref() {
            Some(Origin { key, args }) if WHOLE.get() => {
                Keyed { text: &self.text, key, args }.serialize(serializer)
            }
            _ => serializer.serialize_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn sentences_of_before_are_read_and_new_ones_come_back_whole() {
        let before: Said = serde_json::from_str("\"the node is off\"").unwrap();
        assert_eq!((&*before, before.key()), ("the node is off", None));
        assert_eq!(serde_json::to_string(&before).unwrap(), "\"the node is off\"");
        let inner = Said::keyed("10.0.0.1:22 refused", "error-ssh-refused").arg("host", "10.0.0.1:22");
        let new = Said::keyed("not known: 10.0.0.1:22 refused", "step-lost-unknown").arg("why", inner);
        let script = serde_json::to_string(&[&new]).unwrap();
        assert_eq!(script, r#"["not known: 10.0.0.1:22 refused"]"#);
        let kept = whole(|| serde_json::to_string(&new).unwrap());
        assert_eq!(serde_json::from_str::<Said>(&kept).unwrap(), new);
    }
}
