//! How things look: a theme names a style for each part.
//!
//! Themes are TOML files. The default one uses the 16 colours on the terminal's own background; those of 24 bits are offered
//! only where the terminal has them; `mono` has no colour at all and is the one under `NO_COLOR`, because what
//! writes our cells would otherwise emit resets that wipe reverse and bold. A state is never told by colour alone.
//! What a theme must keep (contrast, states that colour-blind eyes tell apart) is tested in `theme_tests.rs`.

use super::i18n::{Text, t};
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// A part of the screen that has a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Plain text.
    Text,
    /// Less important text.
    Dim,
    /// Titles and column heads.
    Title,
    /// First line of the screen.
    Header,
    /// Keys in the footer.
    Key,
    /// The selected row.
    Selection,
    /// The selected row of a pane that has no focus.
    SelectionIdle,
    /// A marked row.
    Mark,
    /// Frame of a pane.
    Border,
    /// Frame of the pane that has the focus.
    BorderFocus,
    /// A field of a form.
    Field,
    /// The field that has the focus.
    FieldFocus,
    /// Good: installed, done.
    Good,
    /// Works.
    Busy,
    /// Needs a look.
    Warn,
    /// Failed.
    Bad,
    /// Filled part of a bar.
    BarDone,
    /// Rest of a bar.
    BarTodo,
    /// What a search found.
    Match,
    /// A banner over the whole width.
    Banner,
}

impl Part {
    /// Every part.
    #[cfg(test)]
    pub const ALL: [Self; 20] = [
        Self::Text,
        Self::Dim,
        Self::Title,
        Self::Header,
        Self::Key,
        Self::Selection,
        Self::SelectionIdle,
        Self::Mark,
        Self::Border,
        Self::BorderFocus,
        Self::Field,
        Self::FieldFocus,
        Self::Good,
        Self::Busy,
        Self::Warn,
        Self::Bad,
        Self::BarDone,
        Self::BarTodo,
        Self::Match,
        Self::Banner,
    ];
}

/// A theme.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// It needs 24 bit colours.
    pub truecolor: bool,
    /// No colour may reach the terminal, those of shells included.
    pub colourless: bool,
    /// The file it is from, and its text.
    pub source: (String, String),
    styles: BTreeMap<Part, Style>,
}

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeFault {
    /// Not what a theme looks like.
    #[error("{file}: {source}")]
    Toml {
        /// File name.
        file: String,
        /// What the parser said.
        source: Box<toml::de::Error>,
    },
    /// Not a colour.
    #[error(
        "{file}: '{colour}' is not a colour: use a name such as 'light-blue', a number from 0 to 255, or #rrggbb"
    )]
    Colour {
        /// File name.
        file: String,
        /// What was given.
        colour: String,
    },
}

impl ThemeFault {
    /// What is wrong, for a screen.
    pub fn text(&self) -> Text {
        match self {
            Self::Toml { source, .. } => t!("look-fault-toml", what = source.message()),
            Self::Colour { colour, .. } => t!("look-fault-colour", colour = colour),
        }
    }

    /// In which line of the text, from 0.
    pub fn line(&self, text: &str) -> Option<usize> {
        match self {
            Self::Toml { source, .. } => source.span().map(|span| line_of(text, span.start)),
            Self::Colour { colour, .. } => {
                let quoted = [format!("\"{colour}\""), format!("'{colour}'")];
                text.lines().position(|line| quoted.iter().any(|q| line.contains(q)))
            }
        }
    }
}

/// The line of a byte, from 0.
pub fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: String,
    #[serde(default)]
    truecolor: bool,
    #[serde(default)]
    colourless: bool,
    #[serde(default)]
    styles: BTreeMap<Part, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "the independent switches of a style")]
struct Entry {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    reverse: bool,
}

const BUILT_IN: [(&str, &str); 8] = [
    ("default.toml", include_str!("../../themes/default.toml")),
    ("dark.toml", include_str!("../../themes/dark.toml")),
    ("light.toml", include_str!("../../themes/light.toml")),
    ("contrast.toml", include_str!("../../themes/contrast.toml")),
    ("colour-blind.toml", include_str!("../../themes/colour-blind.toml")),
    ("solarized-dark.toml", include_str!("../../themes/solarized-dark.toml")),
    ("solarized-light.toml", include_str!("../../themes/solarized-light.toml")),
    ("mono.toml", include_str!("../../themes/mono.toml")),
];

impl Theme {
    /// Reads a theme; `file` is named in faults.
    pub fn parse(file: &str, text: &str) -> Result<Self, ThemeFault> {
        let read: File = toml::from_str(text)
            .map_err(|source| ThemeFault::Toml { file: file.to_owned(), source: Box::new(source) })?;
        let colour = |c: &str| {
            Color::from_str(c).map_err(|_| ThemeFault::Colour { file: file.to_owned(), colour: c.to_owned() })
        };
        let mut styles = BTreeMap::new();
        for (part, entry) in read.styles {
            let mut style = Style::new();
            if let Some(fg) = &entry.fg {
                style = style.fg(colour(fg)?);
            }
            if let Some(bg) = &entry.bg {
                style = style.bg(colour(bg)?);
            }
            for (on, modifier) in [
                (entry.bold, Modifier::BOLD),
                (entry.dim, Modifier::DIM),
                (entry.underline, Modifier::UNDERLINED),
                (entry.reverse, Modifier::REVERSED),
            ] {
                if on {
                    style = style.add_modifier(modifier);
                }
            }
            styles.insert(part, style);
        }
        let source = (file.to_owned(), text.to_owned());
        Ok(Self { name: read.name, truecolor: read.truecolor, colourless: read.colourless, source, styles })
    }

    /// The themes built into the program.
    pub fn built_in() -> Vec<Self> {
        BUILT_IN.iter().filter_map(|(file, text)| Self::parse(file, text).ok()).collect()
    }

    /// It came with the program.
    pub fn is_built_in(&self) -> bool {
        self.source.1.is_empty() || BUILT_IN.iter().any(|(_, text)| *text == self.source.1)
    }

    /// The style of a part; plain where the theme says nothing.
    pub fn style(&self, part: Part) -> Style {
        self.styles.get(&part).copied().unwrap_or_default()
    }
}

/// The themes there are, later ones of the same name replacing earlier ones, and what was wrong with the others.
pub fn collect(files: &[(String, String)]) -> (Vec<Theme>, Vec<ThemeFault>) {
    let mut themes = Theme::built_in();
    let mut faults = Vec::new();
    for (file, text) in files {
        match Theme::parse(file, text) {
            Ok(theme) => {
                themes.retain(|t| t.name != theme.name);
                themes.push(theme);
            }
            Err(fault) => faults.push(fault),
        }
    }
    (themes, faults)
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colours {
    /// The operator asked for none (`NO_COLOR`), or the terminal has none.
    None,
    /// The 16 (or 256) usual ones.
    Basic,
    /// 24 bits.
    True,
}

/// The theme to start with: the one asked for if the terminal can show it, else the default, or the one without colours.
pub fn choose(themes: &[Theme], wanted: Option<&str>, colours: Colours) -> Theme {
    let by_name = |name: &str| themes.iter().find(|t| t.name == name).cloned();
    let usable = |theme: &Theme| usable(theme, colours);
    let fallback = if colours == Colours::None { "mono" } else { "default" };
    wanted.and_then(by_name).filter(usable).or_else(|| by_name(fallback).filter(usable)).unwrap_or_else(bare)
}

/// Whether the terminal can show the theme.
pub fn usable(theme: &Theme, colours: Colours) -> bool {
    match colours {
        Colours::None => theme.colourless,
        Colours::Basic => !theme.truecolor,
        Colours::True => true,
    }
}

fn bare() -> Theme {
    let styles = BTreeMap::from([(Part::Selection, Style::new().add_modifier(Modifier::REVERSED))]);
    Theme {
        name: "bare".into(),
        truecolor: false,
        colourless: true,
        source: (String::new(), String::new()),
        styles,
    }
}

#[cfg(test)]
#[path = "theme_tests.rs"]
mod tests;
