//! The second factor: its key as a QR code, the first code, the recovery codes, and switching it off.

use crate::api::people::{People, PeopleReply};
use crate::api::{Failure, Request, Response};
use crate::domain::secret::Secret;
use crate::domain::{qr, totp};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Reading;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::secret_field::SecretField;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::Line;

/// Columns between the code and the text beside it.
const GAP: u16 = 2;
/// Least columns for the text.
const TEXT: u16 = 30;

/// What is to be done about one's second factor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Switch it on.
    On,
    /// Switch it off.
    Off,
    /// New recovery codes.
    Codes,
}

/// Asks for what proves that it is oneself.
pub fn ask(wish: Wish) -> Box<dyn Screen> {
    let mut fields = vec![Field::secret("password", t!("field-password"))];
    if wish != Wish::On {
        fields.push(Field::secret("code", t!("field-code")).hint(t!("hint-code")));
    }
    Box::new(Form::new(Ask { wish }, fields))
}

struct Ask {
    wish: Wish,
}

impl Purpose for Ask {
    fn name(&self) -> &'static str {
        "second-factor"
    }

    fn title(&self) -> Text {
        match self.wish {
            Wish::On => t!("factor-on-title"),
            Wish::Off => t!("factor-off-title"),
            Wish::Codes => t!("factor-codes-title"),
        }
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![match self.wish {
            Wish::On => t!("factor-on-what"),
            Wish::Off => t!("factor-off-what"),
            Wish::Codes => t!("factor-codes-what"),
        }]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let asked: &[&str] = if self.wish == Wish::On { &["password"] } else { &["password", "code"] };
        for id in asked {
            if fields.peek(id).is_empty() {
                fields.wrong(id, t!("fault-empty"));
            }
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        let (password, code) = (fields.secret("password"), fields.secret("code"));
        let asked = match self.wish {
            Wish::On => People::FactorBegin { password },
            Wish::Off => People::FactorOff { password, code },
            Wish::Codes => People::RecoveryRenew { password, code },
        };
        vec![Effect::Call(Tag::Form, Request::People(asked))]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        fields.wipe();
        match response {
            Response::People(PeopleReply::Factor { uri, key }) => {
                vec![Effect::Replace(Box::new(Enrol::new(&uri, &key)))]
            }
            Response::People(PeopleReply::Recovery(codes)) => vec![Effect::Replace(recovery(&codes))],
            _ => vec![Effect::Close, Effect::Say(Level::Good, t!("factor-is-off"))],
        }
    }

    fn forgets(&self) -> bool {
        true
    }
}

/// Recovery codes, this once.
fn recovery(codes: &[Secret]) -> Box<dyn Screen> {
    let mut lines = vec![t!("factor-recovery-what"), Text::plain(String::new())];
    // They are made to be read and kept by a person; this page is the only place that shows them.
    lines.extend(codes.iter().map(|code| Text::plain(format!("  {}", code.reveal()))));
    Box::new(Reading::new(t!("factor-recovery-title"), lines))
}

/// The key, and the first code that an app makes of it.
struct Enrol {
    code: Vec<String>,
    key: Secret,
    typed: SecretField,
    fault: Option<Text>,
    busy: bool,
}

impl Drop for Enrol {
    fn drop(&mut self) {
        // The picture is the key.
        use zeroize::Zeroize;
        self.code.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl Enrol {
    fn new(uri: &Secret, key: &Secret) -> Self {
        Self {
            code: qr::lines(uri.reveal()).unwrap_or_default(),
            key: key.clone(),
            typed: SecretField::default(),
            fault: None,
            busy: false,
        }
    }

    fn submit(&mut self) -> Vec<Effect> {
        if self.busy {
            return Vec::new();
        }
        if self.typed.peek().is_empty() {
            self.fault = Some(t!("fault-empty"));
            return Vec::new();
        }
        self.busy = true;
        let code = self.typed.secret();
        vec![Effect::Call(Tag::Form, Request::People(People::FactorConfirm { code }))]
    }

    /// Size of the picture, where it and the text beside it fit.
    fn picture(&self, area: Rect) -> Option<(u16, u16)> {
        let rows = cells(self.code.len());
        let columns = cells(self.code.first().map_or(0, |l| l.chars().count()));
        (rows > 0 && area.height >= rows && area.width >= columns + GAP + TEXT).then_some((columns, rows))
    }
}

impl Screen for Enrol {
    fn name(&self) -> &'static str {
        "second-factor-key"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-second-factor"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Form]
    }

    fn is_secret(&self) -> bool {
        true
    }

    fn types(&self) -> bool {
        true
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        if key.code == KeyCode::Enter {
            return Some(self.submit());
        }
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return None;
        }
        self.typed.key(key).then(|| {
            self.fault = None;
            Vec::new()
        })
    }

    fn paste(&mut self, _: &Shared, text: &str) -> Vec<Effect> {
        self.typed.paste(text);
        Vec::new()
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Submit => Some(self.submit()),
            Action::Cancel | Action::Back => Some(vec![Effect::Close]),
            Action::FieldNext | Action::FieldBefore | Action::ChoiceNext | Action::ChoiceBefore => {
                Some(Vec::new())
            }
            _ => None,
        }
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        self.busy = false;
        self.typed.clear();
        match result {
            Ok(Response::People(PeopleReply::Recovery(codes))) => {
                let said = Effect::Say(Level::Good, t!("factor-is-on"));
                vec![Effect::Replace(recovery(&codes)), said]
            }
            Ok(_) => vec![Effect::Close],
            Err(failure) => {
                self.fault = Some(cx.catalogue.failure(&failure));
                Vec::new()
            }
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let mut beside = area;
        let picture = self.picture(area);
        if let Some((columns, _)) = picture {
            // Cameras want dark on light, whatever the terminal's colours are.
            let style = Style::new().fg(Color::Black).bg(Color::White);
            for (n, line) in self.code.iter().enumerate() {
                // Without colours a terminal is taken for a dark one: light modules are drawn.
                let shown =
                    if cx.theme.colourless { line.chars().map(inverse).collect() } else { line.clone() };
                let place = Rect { y: area.y + cells(n), height: 1, width: columns, ..area };
                frame.render_widget(Line::styled(shown, style), place);
            }
            let used = columns + GAP;
            beside = Rect { x: area.x + used, width: area.width - used, ..area };
        } else {
            beside.x += 1;
            beside.width = beside.width.saturating_sub(2);
        }
        self.text(cx, frame, beside, picture.is_some());
    }
}

impl Enrol {
    fn text(&self, cx: &Shared, frame: &mut Frame, area: Rect, pictured: bool) {
        let width = usize::from(area.width);
        let mut lines: Vec<(String, Part)> = Vec::new();
        let mut say = |sentence: &str, part| {
            lines.extend(text::wrap(sentence, width).into_iter().map(|l| (l, part)));
        };
        let first = if pictured { t!("factor-scan") } else { t!("factor-no-room") };
        say(&cx.tr(&first), Part::Text);
        say(" ", Part::Text);
        // Some phones have no camera: the key is typed.
        say(&totp::grouped(self.key.reveal()), Part::Title);
        say(" ", Part::Text);
        say(&cx.tr(&t!("factor-type")), Part::Text);
        let (dots, cursor) = self.typed.shown();
        let at = lines.len();
        lines.push((text::left(&dots, 20.min(width)), Part::FieldFocus));
        if let Some(fault) = &self.fault {
            let wrapped = text::wrap(&format!("✗ {}", cx.tr(fault)), width);
            lines.extend(wrapped.into_iter().map(|l| (l, Part::Bad)));
        } else if self.busy {
            lines.push((cx.tr(&t!("form-busy")), Part::Busy));
        }
        for (n, (line, part)) in lines.into_iter().enumerate().take(usize::from(area.height)) {
            let place = Rect { y: area.y + cells(n), height: 1, ..area };
            frame.render_widget(Line::styled(line, cx.style(part)), place);
            if n == at {
                frame.set_cursor_position(Position { x: place.x + cells(cursor.min(19)), y: place.y });
            }
        }
    }
}

fn inverse(c: char) -> char {
    match c {
        '█' => ' ',
        '▀' => '▄',
        '▄' => '▀',
        _ => '█',
    }
}
