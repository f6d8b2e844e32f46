//! How things look: a theme names a style for each part.
//!
//! Themes are TOML files. The default one uses the 16 colours on the terminal's own background; `dusk` uses 24 bit colours and
//! is offered only where the terminal has them; `mono` has no colour at all and is the one under `NO_COLOR`, because what
//! writes our cells would otherwise emit resets that wipe reverse and bold. A state is never told by colour alone.

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

/// A theme.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// It needs 24 bit colours.
    pub truecolor: bool,
    /// No colour may reach the terminal, those of shells included.
    pub colourless: bool,
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

const BUILT_IN: [(&str, &str); 3] = [
    ("default.toml", include_str!("../../themes/default.toml")),
    ("dusk.toml", include_str!("../../themes/dusk.toml")),
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
        Ok(Self { name: read.name, truecolor: read.truecolor, colourless: read.colourless, styles })
    }

    /// The themes built into the program.
    pub fn built_in() -> Vec<Self> {
        BUILT_IN.iter().filter_map(|(file, text)| Self::parse(file, text).ok()).collect()
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Theme { name: "bare".into(), truecolor: false, colourless: true, styles }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    #[test]
    fn built_in_themes_are_read_and_keep_their_promises() {
        let themes: Vec<Theme> = BUILT_IN.iter().map(|(f, t)| Theme::parse(f, t).unwrap()).collect();
        let names: Vec<&str> = themes.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["default", "dusk", "mono"]);
        for theme in &themes {
            assert!(theme.style(Part::Selection).add_modifier.contains(Modifier::REVERSED), "{}", theme.name);
            let coloured = theme.styles.values().any(|s| s.fg.is_some() || s.bg.is_some());
            assert_eq!(coloured, !theme.colourless, "{}", theme.name);
            let deep =
                theme.styles.values().flat_map(|s| [s.fg, s.bg]).any(|c| matches!(c, Some(Color::Rgb(..))));
            assert_eq!(deep, theme.truecolor, "{}", theme.name);
        }
    }

    #[test]
    fn the_terminal_decides_what_is_possible() {
        let themes = Theme::built_in();
        for (wanted, colours, got) in [
            (None, Colours::Basic, "default"),
            (Some("dusk"), Colours::Basic, "default"),
            (Some("dusk"), Colours::True, "dusk"),
            (Some("dusk"), Colours::None, "mono"),
            (None, Colours::None, "mono"),
            (Some("nonsense"), Colours::True, "default"),
        ] {
            assert_eq!(choose(&themes, wanted, colours).name, got, "{wanted:?} {colours:?}");
        }
    }

    #[test]
    fn faults_name_the_file() {
        for (text, part) in [
            ("name = 'x'\nhue = 3", "unknown field `hue`"),
            ("name = 'x'\n[styles]\ntext = { fg = 'mauvelous' }", "'mauvelous' is not a colour"),
            ("name = 'x'\n[styles]\ntxet = {}", "txet"),
        ] {
            let fault = Theme::parse("x.toml", text).unwrap_err().to_string();
            assert!(fault.starts_with("x.toml: ") && fault.contains(part), "{fault}");
        }
        let (themes, faults) = collect(&[("bad.toml".into(), "?".into())]);
        assert_eq!((themes.len(), faults.len()), (3, 1));
    }
}
