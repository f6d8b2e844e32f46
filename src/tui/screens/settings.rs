//! The operator's own settings. Each counts at once, and beside them stands what every part of a screen looks like with them.
//!
//! Administrators see the door over SSH among them; it is opened and closed by command, where its address can be looked at first.

use super::look_editor::LookEditor;
use crate::api::door::{DoorAnswer, DoorAsk, DoorView};
use crate::api::{Failure, Request, Response};
use crate::domain::access;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Language, Text, t};
use crate::tui::keymap::{Action, Context, pretty};
use crate::tui::look::Look;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::{Part, usable};
use crate::tui::widgets::list::List;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Columns of the settings where the sample stands beside them.
const LEFT: u16 = 56;
/// Least columns in which it stands beside and not below.
const BESIDE: u16 = 110;

/// The page.
#[derive(Default)]
pub struct Settings {
    list: List,
    /// How the door over SSH stands, once the engine has told.
    door: Option<DoorView>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Language,
    Theme,
    Keys,
    Prefix,
    Mouse,
    /// The door over SSH.
    Door,
}

impl Item {
    /// Those that are shown.
    fn all(cx: &Shared) -> Vec<Self> {
        let mut all = vec![Self::Language, Self::Theme, Self::Keys, Self::Prefix, Self::Mouse];
        all.extend(cx.may(access::Action::Engine).then_some(Self::Door));
        all
    }

    fn title(self) -> Text {
        match self {
            Self::Language => t!("setting-language"),
            Self::Theme => t!("setting-theme"),
            Self::Keys => t!("setting-keys"),
            Self::Prefix => t!("setting-prefix"),
            Self::Mouse => t!("setting-mouse"),
            Self::Door => t!("setting-door"),
        }
    }

    fn what(self, cx: &Shared, door: Option<&DoorView>) -> Vec<Text> {
        let what = match self {
            Self::Door => return door.map(door_what).unwrap_or_default(),
            Self::Language => t!("setting-language-what"),
            Self::Theme => {
                let hidden = cx.themes.iter().filter(|t| !usable(t, cx.colours)).count();
                if hidden == 0 {
                    t!("setting-theme-what")
                } else {
                    t!("setting-theme-hidden", count = hidden)
                }
            }
            Self::Keys => match cx.keymap.differs() {
                0 => t!("setting-keys-what"),
                count => t!("setting-keys-differs", count = count),
            },
            Self::Prefix => t!("setting-prefix-what", prefix = pretty(cx.keymap.prefix())),
            Self::Mouse => t!("setting-mouse-what"),
        };
        vec![what]
    }

    /// What can be chosen, and which it is now.
    fn choices(self, cx: &Shared) -> (Vec<String>, usize) {
        let of = |names: Vec<String>, now: &str| {
            let at = names.iter().position(|n| n == now).unwrap_or(0);
            (names, at)
        };
        match self {
            Self::Language => of(
                Language::ALL.iter().map(|l| l.name().to_owned()).collect(),
                cx.catalogue.language().name(),
            ),
            Self::Theme => {
                let usable = cx.themes.iter().filter(|t| usable(t, cx.colours));
                of(usable.map(|t| t.name.clone()).collect(), &cx.theme.name)
            }
            Self::Keys => of(cx.keymaps.iter().map(|k| k.name.clone()).collect(), &cx.keymap.name),
            Self::Prefix => {
                let own = pretty(cx.keymap.with_prefix(None).prefix());
                let mut names = vec![cx.tr(&t!("setting-prefix-keymap", prefix = own))];
                names.extend(cx.keymap.prefixes().into_iter().map(pretty));
                let now = pretty(cx.keymap.prefix());
                let at = names.iter().position(|n| *n == now && cx.keymap.has_own_prefix()).unwrap_or(0);
                (names, at)
            }
            Self::Mouse => (
                vec![cx.tr(&t!("setting-mouse-terminal")), cx.tr(&t!("setting-mouse-here"))],
                cx.mouse.into(),
            ),
            Self::Door => (Vec::new(), 0),
        }
    }

    fn look(self, cx: &Shared, forward: bool) -> Option<Look> {
        let (names, at) = self.choices(cx);
        let count = names.len().max(1);
        let to = if forward { (at + 1) % count } else { (at + count - 1) % count };
        let name = names.get(to).cloned();
        Some(match self {
            Self::Language => Look::Language(Language::ALL.get(to).copied()?),
            Self::Theme => Look::Theme(name?),
            Self::Keys => Look::Keys(name?),
            Self::Prefix => {
                let key = to.checked_sub(1).and_then(|n| cx.keymap.prefixes().get(n).copied());
                Look::Prefix(key.map(str::to_owned))
            }
            Self::Mouse => Look::Mouse(to == 1),
            Self::Door => return None,
        })
    }
}

/// The door in a word or two.
fn door_state(view: Option<&DoorView>) -> Text {
    match view {
        None => t!("setting-door-asking"),
        Some(DoorView { listening: true, listen, .. }) => {
            t!("setting-door-open", at = listen.as_deref().unwrap_or_default())
        }
        Some(DoorView { on: true, .. }) => t!("setting-door-wrong"),
        Some(_) => t!("setting-door-closed"),
    }
}

/// What there is to know and to do about the door.
fn door_what(view: &DoorView) -> Vec<Text> {
    let mut what = vec![match (view.listening, view.on) {
        (true, _) => t!("setting-door-open-what"),
        (false, true) => t!("setting-door-why", why = view.why.as_deref().unwrap_or("-")),
        (false, false) => t!("setting-door-closed-what"),
    }];
    what.extend((view.on && view.everywhere).then(|| t!("setting-door-everywhere")));
    what.extend(view.fingerprint.as_ref().map(|key| t!("setting-door-key", key = key.as_str())));
    what
}

impl Settings {
    fn keys(cx: &Shared) -> Vec<u64> {
        (0..Item::all(cx).len() as u64).collect()
    }

    fn item(&self, cx: &Shared) -> Item {
        let at = self.list.index(&Self::keys(cx)).unwrap_or(0);
        Item::all(cx).get(at).copied().unwrap_or(Item::Language)
    }
}

impl Screen for Settings {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-settings"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Settings, Context::Moving]
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        let ask = || Effect::Call(Tag::Content, Request::Door(DoorAsk::Status));
        cx.may(access::Action::Engine).then(ask).into_iter().collect()
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Door(answer)) => {
                if let DoorAnswer::Status(view) = *answer {
                    self.door = Some(view);
                }
                Vec::new()
            }
            Ok(_) => Vec::new(),
            Err(why) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&why))],
        }
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let chooses = matches!(action, Action::ChoiceNext | Action::ChoiceBefore);
        match (action, self.item(cx)) {
            (_, Item::Door) if chooses => Some(t!("refused-door")),
            (Action::LookEdit, Item::Theme | Item::Keys) => {
                // Files of this host are not for whoever came in over SSH.
                cx.served.then(|| Text::key("error-not-from-afar"))
            }
            (Action::LookEdit, _) => Some(t!("refused-look-edit")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let forward = match action {
            Action::ChoiceNext => true,
            Action::ChoiceBefore => false,
            Action::LookEdit => {
                let editor = match self.item(cx) {
                    Item::Theme => LookEditor::theme(cx),
                    _ => LookEditor::keys(cx),
                };
                return Some(vec![Effect::Push(Box::new(editor))]);
            }
            _ => return self.list.act(action, &Self::keys(cx)).then(Vec::new),
        };
        Some(self.item(cx).look(cx, forward).map(Effect::Look).into_iter().collect())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let beside = area.width >= BESIDE;
        let left = if beside { Rect { width: LEFT, ..area } } else { area };
        let used = self.settings(cx, frame, left);
        let rest = if beside {
            Rect { x: area.x + LEFT, width: area.width - LEFT, ..area }
        } else {
            Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area }
        };
        for (y, line) in (rest.y..rest.bottom()).zip(sample(cx)) {
            frame.render_widget(line, Rect { y, height: 1, ..rest });
        }
    }
}

impl Settings {
    /// Draws the settings; returns the rows they took.
    fn settings(&self, cx: &Shared, frame: &mut Frame, area: Rect) -> u16 {
        let room = usize::from(area.width).saturating_sub(2);
        let mut lines: Vec<Line> = Vec::new();
        let user = cx.me.as_ref().map_or("", |me| me.name.as_str());
        for line in text::wrap(&cx.tr(&t!("settings-intro", user = user)), room) {
            lines.push(Line::styled(format!(" {line}"), cx.style(Part::Dim)));
        }
        lines.push(Line::default());
        let here = self.item(cx);
        let all = Item::all(cx);
        let wide = all.iter().map(|i| text::width(&cx.tr(&i.title()))).max().unwrap_or(0);
        for item in all {
            let (names, at) = item.choices(cx);
            let style = if item == here { cx.style(Part::Selection) } else { cx.style(Part::Text) };
            let lead = if item == here { " » " } else { "   " };
            let title = text::left(&cx.tr(&item.title()), wide);
            let name = names.get(at).map_or("", String::as_str);
            let value = if item == Item::Door {
                cx.tr(&door_state(self.door.as_ref()))
            } else {
                format!("‹ {name} ›  {}/{}", at + 1, names.len())
            };
            lines.push(Line::styled(text::left(&format!("{lead}{title}  {value}"), room), style));
        }
        lines.push(Line::default());
        let what = here.what(cx, self.door.as_ref());
        for line in what.iter().flat_map(|what| text::wrap(&cx.tr(what), room)) {
            lines.push(Line::styled(format!(" {line}"), cx.style(Part::Dim)));
        }
        lines.push(Line::default());
        let rows = cells(lines.len()).min(area.height);
        for (y, line) in (area.y..area.bottom()).zip(lines) {
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
        rows
    }
}

/// Every part of a screen once, in a row or two that look like the real ones.
fn sample(cx: &Shared) -> Vec<Line<'static>> {
    let part = |p: Part, words: String| Span::styled(words, cx.style(p));
    let word = |text: Text| cx.tr(&text);
    let state = |p: Part, glyph: &str, text: Text| part(p, format!("{glyph} {}   ", word(text)));
    let mut lines = vec![
        Line::styled(format!(" cpmg  {} ", word(t!("sample-header"))), cx.style(Part::Header)),
        Line::from(vec![
            part(Part::Border, " ┌─ ".into()),
            part(Part::Title, word(t!("sample-title"))),
            part(Part::Border, format!(" {}", "─".repeat(20))),
            part(Part::BorderFocus, format!(" ━━ {}", word(t!("sample-focus")))),
        ]),
        Line::styled(format!(" » node-1   {} ", word(t!("sample-selected"))), cx.style(Part::Selection)),
        Line::styled(format!("   node-2   {} ", word(t!("sample-idle"))), cx.style(Part::SelectionIdle)),
        Line::from(vec![
            part(Part::Mark, " * node-3   ".into()),
            part(Part::Mark, word(t!("sample-marked"))),
        ]),
        Line::from(vec![
            part(Part::Text, "   node-4   ".into()),
            part(Part::Dim, word(t!("sample-dim"))),
            part(Part::Text, "  ".into()),
            part(Part::Match, word(t!("sample-match"))),
        ]),
        Line::default(),
        Line::from(vec![
            part(Part::Text, "   ".into()),
            state(Part::Good, "✓", t!("sample-good")),
            state(Part::Busy, "▸", t!("sample-busy")),
            state(Part::Warn, "!", t!("sample-warn")),
            state(Part::Bad, "✗", t!("sample-bad")),
        ]),
        Line::from(vec![
            part(Part::Text, "   ".into()),
            part(Part::BarDone, "█".repeat(18)),
            part(Part::BarTodo, "░".repeat(12)),
            part(Part::Text, "  60 %".into()),
        ]),
        Line::default(),
        Line::from(vec![
            part(Part::Text, format!("   {} ", word(t!("sample-field")))),
            part(Part::Field, "10.20.0.0/24      ".into()),
            part(Part::Text, "  ".into()),
            part(Part::FieldFocus, "10.20.0.254       ".into()),
        ]),
        Line::styled(format!(" ! {} ", word(t!("sample-banner"))), cx.style(Part::Banner)),
        Line::default(),
    ];
    lines.push(Line::from(footer(cx)));
    lines
}

/// Keys as this keymap has them.
fn footer(cx: &Shared) -> Vec<Span<'static>> {
    let wanted = [
        (Context::Moving, Action::Down),
        (Context::Moving, Action::Top),
        (Context::List, Action::Filter),
        (Context::Nodes, Action::NodeRemove),
        (Context::Form, Action::Submit),
        (Context::Global, Action::Quit),
    ];
    let mut spans = vec![Span::raw("   ")];
    for (context, action) in wanted {
        let binding =
            crate::tui::bindings::BINDINGS.iter().find(|b| b.context == context && b.action == action);
        let key = binding.and_then(|b| cx.keymap.keys(b).first().map(|k| pretty(k))).unwrap_or_default();
        let short = binding.is_some_and(|b| b.hint.is_some());
        let what = cx.tr(&Text::key(format!("{}-{}", if short { "hint" } else { "act" }, action.word())));
        spans.push(Span::styled(key, cx.style(Part::Key)));
        spans.push(Span::styled(format!(" {what}  "), cx.style(Part::Text)));
    }
    spans
}
