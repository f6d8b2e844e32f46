//! The editor of a theme or a keymap of one's own: TOML, with what is wrong said by line while it is typed, and the difference
//! before it is kept.
//!
//! What comes with the program is not changed: its text is the beginning of one with another name. What was kept counts at once.

use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Level};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::keys::Keymap;
use crate::tui::look::{Kind, Look};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::{Part, Theme};
use crate::tui::widgets::changes::{Change, Changes, changes};
use crate::tui::widgets::editor::Editor;
use crate::tui::widgets::highlight::Syntax;
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines for what is wrong.
const BELOW: u16 = 4;

/// The editor.
pub struct LookEditor {
    kind: Kind,
    /// The file it came from; none: it is a new one.
    file: Option<String>,
    /// Its name then.
    name: String,
    /// The text as it was when the editor was opened.
    before: String,
    editor: Editor,
    fault: Option<Text>,
    /// Leaving without keeping was asked once.
    warned: bool,
}

/// The text with another name.
fn renamed(text: &str, name: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("name") { format!("name = \"{name}\"\n") } else { format!("{line}\n") }
    };
    text.lines().map(line).collect()
}

impl LookEditor {
    /// The theme of the moment, or a new one that begins as it is.
    pub fn theme(cx: &Shared) -> Self {
        let theme = &cx.theme;
        Self::new(Kind::Theme, &theme.name, &theme.source, theme.is_built_in())
    }

    /// The keymap of the moment, or a new one that begins as it is.
    pub fn keys(cx: &Shared) -> Self {
        let map = &cx.keymap;
        Self::new(Kind::Keys, &map.name, &map.source, map.is_built_in())
    }

    fn new(kind: Kind, name: &str, (file, text): &(String, String), built_in: bool) -> Self {
        let (name, before, file) = if built_in {
            let name = format!("{name}-own");
            (name.clone(), renamed(text, &name), None)
        } else {
            (name.to_owned(), text.clone(), Some(file.clone()))
        };
        let editor = Editor::new(&before, Syntax::Toml);
        Self { kind, file, name, before, editor, fault: None, warned: false }
    }

    fn text(&self) -> String {
        self.editor.lines().join("\n").trim_end().to_owned() + "\n"
    }

    fn is_changed(&self) -> bool {
        self.text().trim_end() != self.before.trim_end()
    }

    /// Its name, or what is wrong and in which line.
    fn judged(&self) -> Result<String, (Option<usize>, Text)> {
        let text = self.text();
        match self.kind {
            Kind::Theme => {
                Theme::parse("", &text).map(|t| t.name).map_err(|fault| (fault.line(&text), fault.text()))
            }
            Kind::Keys => {
                Keymap::parse("", &text).map(|m| m.name).map_err(|fault| (fault.line(&text), fault.text()))
            }
        }
    }

    fn keep(&mut self) -> Vec<Effect> {
        let name = match self.judged() {
            Ok(name) => name,
            Err((line, what)) => {
                self.fault = Some(at(line, what));
                return Vec::new();
            }
        };
        if self.file.is_some() && !self.is_changed() {
            return vec![Effect::Close, Effect::Say(Level::Info, t!("look-unchanged"))];
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !name.chars().all(plain) || name.len() > 40 {
            self.fault = Some(t!("look-name"));
            return Vec::new();
        }
        let text = self.text();
        // Under another name it is another file.
        let file = self.file.clone().filter(|_| name == self.name);
        let before = if file.is_some() { self.before.as_str() } else { "" };
        let lines: Vec<Change> = changes(before, &text);
        let save = vec![Effect::KeepLook { kind: self.kind, name: name.clone(), file, text }];
        vec![Effect::Push(Box::new(Changes::new(t!("look-changes", name = name), lines, save)))]
    }
}

fn at(line: Option<usize>, what: Text) -> Text {
    match line {
        Some(line) => t!("option-line", line = line + 1, what = what),
        None => what,
    }
}

impl Screen for LookEditor {
    fn name(&self) -> &'static str {
        "look-editor"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(Text::plain(self.name.clone()))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Editor]
    }

    fn types(&self) -> bool {
        true
    }

    fn key(&mut self, cx: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        if !self.editor.key(cx, key) {
            return None;
        }
        (self.fault, self.warned) = (None, false);
        Some(Vec::new())
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.editor.prompt()
    }

    fn paste(&mut self, _: &Shared, pasted: &str) -> Vec<Effect> {
        self.editor.paste(pasted);
        Vec::new()
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            _ if self.editor.act(action) => Some(Vec::new()),
            Action::Submit => Some(self.keep()),
            Action::Cancel if self.is_changed() && !self.warned => {
                self.warned = true;
                self.fault = Some(t!("form-discard"));
                Some(Vec::new())
            }
            Action::Cancel => Some(vec![Effect::Close]),
            _ => None,
        }
    }

    fn file(&mut self, _: &Shared, result: Result<Secret, String>) -> Vec<Effect> {
        match result {
            Ok(path) => {
                let own = Look::Own(self.kind, path.reveal().to_owned(), self.text());
                vec![Effect::Close, Effect::Look(own)]
            }
            Err(why) => {
                self.fault = Some(t!("file-not-written", why = why));
                Vec::new()
            }
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let head = match (self.kind, &self.file) {
            (Kind::Theme, None) => t!("look-theme-new", name = &self.name),
            (Kind::Theme, Some(file)) => t!("look-theme", file = file),
            (Kind::Keys, None) => t!("look-keys-new", name = &self.name),
            (Kind::Keys, Some(file)) => t!("look-keys", file = file),
        };
        let head = text::fit(&format!(" {}", cx.tr(&head)), usize::from(area.width));
        frame.render_widget(
            Line::styled(head, cx.style(Part::Title)),
            Rect { height: 1.min(area.height), ..area },
        );
        let below = BELOW.min(area.height.saturating_sub(3));
        let room = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + below), ..area };
        self.editor.view(cx, frame, room);
        let (said, part) = match (&self.fault, self.judged()) {
            (Some(fault), _) => (format!("✗ {}", cx.tr(fault)), Part::Bad),
            (None, Err((line, what))) => (cx.tr(&at(line, what)), Part::Bad),
            (None, Ok(_)) if self.kind == Kind::Theme => (cx.tr(&t!("look-theme-good")), Part::Dim),
            (None, Ok(_)) => (cx.tr(&t!("look-keys-good")), Part::Dim),
        };
        let wrapped = text::wrap(&said, usize::from(area.width.saturating_sub(2)).max(10));
        for (y, line) in (room.bottom() + 1..area.bottom()).zip(wrapped) {
            let line = Line::styled(format!(" {line}"), cx.style(part));
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }
}
