//! Who is here and where: what these screens tell the engine of themselves, and what they show of others.

use super::app::App;
use super::event::{Command, Tag};
use super::i18n::{Text, t};
use super::screen::{Link, Shared};
use super::screens::lock;
use super::widgets::chrome;
use crate::api::Request;
use crate::api::team::{Place, SessionRow, Team};
use crate::domain::ids::EnvId;

/// Pages with a name of their own: `place-WORD`. Others are shown by their word.
pub const PLACES: [&str; 39] = [
    "environments",
    "nodes",
    "modules",
    "jobs",
    "overview",
    "job",
    "job-node",
    "timeline",
    "attempts",
    "compare",
    "plan",
    "plan-step",
    "sweep",
    "credential-sets",
    "facts",
    "services",
    "options",
    "option-editor",
    "accounts",
    "addresses",
    "network",
    "cobbler",
    "loki",
    "check",
    "proof",
    "import",
    "manual",
    "logs",
    "shell",
    "recordings",
    "replay",
    "audit",
    "users",
    "sessions",
    "own",
    "settings",
    "messages",
    "who",
    "locked",
];

/// What these screens show.
fn place(app: &App) -> Option<Place> {
    if let Some(gate) = &app.gate {
        let locked = gate.screen.name() == lock::LOCKED;
        return locked.then(|| Place { env: None, page: lock::LOCKED.to_owned() });
    }
    let page = app.stack.iter().rev().find(|held| !held.screen.is_dialog())?;
    Some(Place { env: chrome::environment(app), page: page.screen.page().to_owned() })
}

/// Tells the engine what these screens show, if that is something else now.
pub(super) fn tell(app: &mut App, out: &mut Vec<Command>) {
    if !app.resumed || app.shared.link != Link::Up {
        app.told = None;
        return;
    }
    let Some(place) = place(app).filter(|p| app.told.as_ref() != Some(p)) else { return };
    let request = Request::Team(Team::Here(place.clone()));
    out.push(Command::Call { to: None, tag: Tag::Unheard, request });
    app.told = Some(place);
}

/// The name of a page.
pub fn page(cx: &Shared, word: &str) -> String {
    if PLACES.contains(&word) { cx.tr(&Text::key(format!("place-{word}"))) } else { word.to_owned() }
}

/// Who else looks at an environment, each with the page: `also here: eve (nodes)`; nothing if nobody does.
pub fn also_here(cx: &Shared, env: EnvId) -> String {
    let me = cx.me.as_ref().map_or("", |me| me.name.as_str());
    let mut others: Vec<(&str, Vec<String>)> = Vec::new();
    let here = |s: &&&SessionRow| s.name != me && s.place.as_ref().is_some_and(|p| p.env == Some(env));
    let sessions = cx.data.sessions();
    for session in sessions.iter().filter(here) {
        let page = session.place.as_ref().map(|p| page(cx, &p.page)).unwrap_or_default();
        match others.iter_mut().find(|(name, _)| *name == session.name) {
            Some((_, pages)) if pages.contains(&page) => {}
            Some((_, pages)) => pages.push(page),
            None => others.push((&session.name, vec![page])),
        }
    }
    if others.is_empty() {
        return String::new();
    }
    let sep = cx.tr(&t!("list-separator"));
    let names: Vec<String> = others
        .into_iter()
        .map(|(name, pages)| cx.tr(&t!("here-one", name = name, pages = pages.join(&sep))))
        .collect();
    cx.tr(&t!("here-also", names = names.join(&sep)))
}
