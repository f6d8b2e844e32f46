//! A recording of the harness, played again: the same screens, and no secret.

use super::{Player, Recording, lines, print};
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use crate::tui::app::{App, Given, Looks};
use crate::tui::event::Event;
use crate::tui::i18n::Language;
use crate::tui::keys::Keymap;
use crate::tui::prefs::Remembered;
use crate::tui::record;
use crate::tui::tests::harness::Rig;
use crate::tui::theme::{Colours, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt::Write as _;
use std::path::Path;

/// A rig that writes down its events.
struct Recorder {
    rig: Rig,
    log: String,
}

impl Recorder {
    /// With the token of a session of before, or none.
    fn new(token: Option<Secret>) -> Self {
        let looks = Looks {
            language: Language::En,
            colours: Colours::Basic,
            themes: Theme::built_in(),
            theme: None,
            zone: jiff::tz::TimeZone::UTC,
            size: (80, 24),
            user: None,
            keymaps: Keymap::built_in(),
            given: Given::default(),
            remembered: Remembered::default(),
            lock_after: None,
        };
        let mut rig = Rig::new();
        let log = format!("{}\n", record::head(&looks, token.is_some(), rig.at));
        rig.app = App::new(looks, token, rig.at);
        Self { rig, log }
    }

    fn event(&mut self, event: Event) {
        let line = record::event(&self.rig.app, self.rig.at, &event);
        writeln!(self.log, "{line}").unwrap();
        self.rig.event(event);
        writeln!(self.log, "{}", record::state(&self.rig.app)).unwrap();
    }

    fn keys(&mut self, keys: &str) {
        for c in keys.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }
}

fn recorded() -> (Recorder, Recording) {
    let mut recorder = Recorder::new(None);
    recorder.event(Event::Connected(Box::new(crate::tui::tests::harness::hello(false))));
    recorder.keys("ada\nsecret words\n");
    let to = recorder.rig.app.gate.as_ref().map(|held| held.id);
    let result = Ok(crate::tui::tests::harness::session("ada", UserRole::Operator));
    recorder.event(Event::Answer { to, tag: crate::tui::event::Tag::Form, result });
    recorder.keys("?");
    let recording =
        Recording::parse(Path::new("a"), &recorder.log, &Theme::built_in(), &Keymap::built_in()).unwrap();
    (recorder, recording)
}

#[test]
fn a_replay_ends_with_the_screen_that_was_recorded() {
    let (mut recorder, recording) = recorded();
    let mut player = Player::new(&recording);
    player.go(usize::MAX);
    assert_eq!(player.done, recording.steps.len());
    let expected = recorder.rig.screen(80, 24);
    assert!(expected.contains("╔ Keys"), "{expected}");
    assert_eq!(lines(&player.frame()), expected);
    // Back and forth it is the same.
    player.go(3);
    let early = lines(&player.frame());
    player.go(recording.steps.len());
    assert_eq!(lines(&player.frame()), expected);
    player.go(3);
    assert_eq!(lines(&player.frame()), early);
    let mut out = Vec::new();
    print(&recording, &mut out).unwrap();
    let printed = String::from_utf8(out).unwrap();
    assert!(printed.contains("== start 80x24") && printed.ends_with(&format!("{expected}\n")), "{printed}");
    assert!(!printed.contains("secret words"));
}

#[test]
fn the_cost_of_its_frames_is_told() {
    let (_, recording) = recorded();
    let mut out = Vec::new();
    super::times(&recording, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    // In the harness no time passes: one frame shows it all.
    assert!(out.starts_with(&format!("{} events, 1 frames\ncomputed: ", recording.steps.len())), "{out}");
    let written =
        out.lines().find_map(|l| l.strip_prefix("written: ")?.split(' ').next()?.parse::<u64>().ok());
    assert!(written.unwrap() > 1_000, "a whole screen: {out}");
}

/// The pages of a session that is taken up have other numbers than those of one that begins with a login.
#[test]
fn a_session_that_was_taken_up_is_replayed_as_such() {
    let mut recorder = Recorder::new(Some(Secret::new("a token".to_owned())));
    recorder.event(Event::Connected(Box::new(crate::tui::tests::harness::hello(false))));
    let result = Ok(crate::tui::tests::harness::session("ada", UserRole::Operator));
    recorder.event(Event::Answer { to: None, tag: crate::tui::event::Tag::Resume, result });
    let first = recorder.rig.app.stack.first().map(|held| held.id);
    let recording =
        Recording::parse(Path::new("a"), &recorder.log, &Theme::built_in(), &Keymap::built_in()).unwrap();
    let mut player = Player::new(&recording);
    player.go(usize::MAX);
    assert!(first.is_some());
    assert_eq!(player.app.stack.first().map(|held| held.id), first);
    assert_eq!(lines(&player.frame()), recorder.rig.screen(80, 24));
    assert!(!recorder.log.contains("a token"));
}

#[test]
fn lines_that_are_damaged_are_counted_and_the_rest_is_played() {
    let (recorder, whole) = recorded();
    let damaged = recorder.log.replacen("\"replay\":\"", "\"replay\":\"!", 1) + "{\"at\":1,\"event\":\"cut";
    let recording =
        Recording::parse(Path::new("a"), &damaged, &Theme::built_in(), &Keymap::built_in()).unwrap();
    assert_eq!(recording.steps.len(), whole.steps.len() - 1);
    assert_eq!(recording.lost.as_ref().map(|(n, _)| *n), Some(2), "{:?}", recording.lost);
    let mut player = Player::new(&recording);
    player.go(usize::MAX);
}

#[test]
fn what_is_no_recording_says_so() {
    let none = Recording::parse(Path::new("a"), "{}\nx\n", &[], &[]).err().unwrap();
    assert!(none.to_string().contains("not a recording"), "{none}");
    let (recorder, _) = recorded();
    let other = recorder.log.replacen("\"recording\":1", "\"recording\":7", 1);
    let other = Recording::parse(Path::new("a"), &other, &[], &[]).err().unwrap();
    assert!(other.to_string().contains("form 7"), "{other}");
}
