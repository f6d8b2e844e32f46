//! A program without a terminal and without an engine: keys in, commands and screens out.

use crate::api::client::Pushed;
use crate::api::message::{SessionView, UserView};
use crate::api::team::{Place, Team};
use crate::api::{Failure, Hello, PROTOCOL, Request, Response, Row, Topic, Update};
use crate::domain::ids::{Revision, UserId};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::user::UserRole;
use crate::tui::app::{App, Given, Looks};
use crate::tui::event::{Command, Event, ScreenId, Tag};
use crate::tui::i18n::Language;
use crate::tui::keymap::{Context, Found};
use crate::tui::keys::Keymap;
use crate::tui::prefs::Remembered;
use crate::tui::theme::{Colours, Theme};
use crate::tui::update::update;
use crate::tui::widgets::chrome;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use std::collections::VecDeque;

/// 2026-03-01 09:00:00 UTC.
pub const NOW: Moment = Moment(1_772_355_600_000);

/// A call that waits for its answer.
#[derive(Debug)]
pub struct Call {
    pub to: Option<ScreenId>,
    pub tag: Tag,
    pub request: Request,
}

/// The program.
pub struct Rig {
    pub app: App,
    pub at: Moment,
    pub calls: VecDeque<Call>,
    pub other: Vec<Command>,
    /// What the engine was told of where these screens are.
    pub here: Vec<Place>,
}

impl Rig {
    /// Just started.
    pub fn new() -> Self {
        Self::looking(Language::En, Colours::Basic)
    }

    pub fn looking(language: Language, colours: Colours) -> Self {
        let looks = Looks {
            language,
            colours,
            themes: Theme::built_in(),
            theme: None,
            keymaps: Keymap::built_in(),
            given: Given::default(),
            remembered: Remembered::default(),
            zone: jiff::tz::TimeZone::UTC,
            size: (80, 24),
            user: None,
            lock_after: Some(15 * 60_000),
        };
        let app = App::new(looks, None, NOW);
        Self { app, at: NOW, calls: VecDeque::new(), other: Vec::new(), here: Vec::new() }
    }

    /// Connected to an engine.
    pub fn connected(first_start: bool) -> Self {
        let mut rig = Self::new();
        rig.connect(first_start);
        rig
    }

    pub fn connect(&mut self, first_start: bool) {
        self.event(Event::Connected(Box::new(hello(first_start))));
    }

    /// Logged in.
    pub fn logged_in(role: UserRole) -> Self {
        let mut rig = Self::connected(false);
        rig.keys("ada<Enter>correct horse<Enter>");
        rig.answer("Login", Ok(session("ada", role)));
        rig
    }

    pub fn event(&mut self, event: Event) {
        for command in update(&mut self.app, self.at, event) {
            match command {
                Command::Call { request: Request::Team(Team::Here(place)), .. } => self.here.push(place),
                Command::Call { to, tag, request } => self.calls.push_back(Call { to, tag, request }),
                other => self.other.push(other),
            }
        }
    }

    /// Types: characters as they are, `<Enter>`, `<Esc>`, `<Tab>`, `<C-x>` and so on by name.
    pub fn keys(&mut self, keys: &str) {
        let mut rest = keys;
        while !rest.is_empty() {
            let (key, tail) = parse(rest);
            rest = tail;
            self.event(Event::Key(key));
        }
    }

    /// Rows of a topic arrive.
    pub fn rows(&mut self, topic: Topic, rows: Vec<Row>) {
        let update = Update { topic, revision: 1, snapshot: true, rows, gone: Vec::new() };
        self.event(Event::Pushed(Pushed::Update(update)));
    }

    /// Takes out the first call whose `Debug` starts with `what`.
    pub fn call(&mut self, what: &str) -> Call {
        let at = self.calls.iter().position(|c| format!("{:?}", c.request).starts_with(what));
        let all: Vec<String> = self.calls.iter().map(|c| format!("{:?}", c.request)).collect();
        self.calls.remove(at.unwrap_or_else(|| panic!("no call {what} in {all:#?}"))).unwrap()
    }

    /// Answers that call.
    pub fn answer(&mut self, what: &str, result: Result<Response, Failure>) {
        let call = self.call(what);
        self.event(Event::Answer { to: call.to, tag: call.tag, result });
    }

    /// Names of the screens, lowest first.
    pub fn stack(&self) -> Vec<&'static str> {
        self.app.gate.iter().chain(&self.app.stack).map(|held| held.screen.name()).collect()
    }

    /// The last message.
    pub fn notice(&self) -> String {
        self.app.notice.as_ref().map(|(_, t)| self.app.shared.tr(t)).unwrap_or_default()
    }

    /// The screen in that size.
    pub fn buffer(&mut self, columns: u16, rows: u16) -> Buffer {
        self.event(Event::Resize(columns, rows));
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| chrome::draw(&self.app, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text, one line a row, wide characters as they are.
    pub fn screen(&mut self, columns: u16, rows: u16) -> String {
        let buffer = self.buffer(columns, rows);
        let mut out = String::new();
        for y in 0..rows {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..columns {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                    skip = unicode_width::UnicodeWidthStr::width(symbol).max(1);
                }
                skip -= 1;
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

fn parse(keys: &str) -> (KeyEvent, &str) {
    if let Some((name, tail)) = keys.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        let plain = |code| (KeyEvent::new(code, KeyModifiers::NONE), tail);
        if let Some(c) = name.strip_prefix("C-") {
            let c = c.chars().next().unwrap();
            return (KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL), tail);
        }
        return plain(match name {
            "Enter" => KeyCode::Enter,
            "Esc" => KeyCode::Esc,
            "Tab" => KeyCode::Tab,
            "S-Tab" => KeyCode::BackTab,
            "Up" => KeyCode::Up,
            "Down" => KeyCode::Down,
            "Left" => KeyCode::Left,
            "Right" => KeyCode::Right,
            "Space" => KeyCode::Char(' '),
            "Backspace" => KeyCode::Backspace,
            "PgUp" => KeyCode::PageUp,
            "F2" => KeyCode::F(2),
            "F3" => KeyCode::F(3),
            "F4" => KeyCode::F(4),
            "F8" => KeyCode::F(8),
            other => panic!("no key {other}"),
        });
    }
    let c = keys.chars().next().unwrap();
    (KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE), &keys[c.len_utf8()..])
}

pub fn hello(first_start: bool) -> Hello {
    Hello {
        protocol: PROTOCOL,
        release: "0.1.0".into(),
        pid: 1,
        first_start,
        simulated: false,
        notices: Vec::new(),
    }
}

pub fn session(name: &str, role: UserRole) -> Response {
    Response::Session(SessionView { token: Secret::new("token-1"), user: user(1, name, role), expires: NOW })
}

pub fn user(id: u64, name: &str, role: UserRole) -> UserView {
    UserView {
        id: UserId(id),
        name: name.into(),
        role,
        full_name: String::new(),
        disabled: false,
        must_change: false,
        second_factor: false,
        locked_until: None,
        last_login: None,
        created: Moment(NOW.0 - 86_400_000),
        revision: Revision(1),
    }
}

/// What the footer says is what the keys do: the table finds the same action, and a letter is no hint where letters are text.
pub fn footer_is_true(rig: &Rig) {
    let Some(held) = rig.app.top() else { return };
    let mut contexts = held.screen.contexts();
    let typing = held.screen.types() || held.screen.prompt(&rig.app.shared).is_some();
    contexts.push(Context::Global);
    for (_, binding, key) in chrome::hints(&rig.app) {
        let pressed: Vec<String> = key.split(' ').map(str::to_owned).collect();
        let found = rig.app.shared.keymap.lookup(&contexts, &pressed);
        let word = binding.action.word();
        assert!(matches!(found, Found::Binding(b) if b.action == binding.action), "{key} does not {word}");
        assert!(!typing || key.chars().count() > 1, "{key} is typed here, it does not {word}");
    }
}

/// Compares the screen with its snapshot in both sizes and languages.
pub fn snapshots(name: &str, rig: &mut Rig) {
    footer_is_true(rig);
    for language in Language::ALL {
        rig.app.shared.catalogue = crate::tui::i18n::Catalogue::new(language);
        for (columns, rows) in [(80, 24), (160, 50)] {
            let screen = rig.screen(columns, rows);
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("../snapshots");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| {
                insta::assert_snapshot!(format!("{name}-{columns}x{rows}-{}", language.code()), screen);
            });
        }
    }
    rig.app.shared.catalogue = crate::tui::i18n::Catalogue::new(Language::En);
}
