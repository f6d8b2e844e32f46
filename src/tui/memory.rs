//! What pages keep from one day to the next: the open tab, the order and the filter of lists, what is shown and what is not.
//!
//! A page names what it keeps in one function, [`super::screen::Screen::keep`]. It is called when the page was opened, to put
//! back what was kept, and after each event, to take down what there is now; so nothing can be put back that is not taken down. What is as
//! usual is not kept. Filters hide rows: they are kept for each environment apart, and that one was put back is said.

use super::app::App;
use super::bindings::BINDINGS;
use super::event::Level;
use super::i18n::t;
use super::update::say;
use super::widgets::chrome::environment;
use super::widgets::list::{self, Descending, List};
use super::widgets::tabs::Tab;
use std::collections::BTreeMap;

/// Most that is kept of one user, and longest value.
const VALUES: usize = 500;
const LONGEST: usize = 4_096;

/// What one page keeps, on its way in or out.
pub struct Memory<'a> {
    values: &'a mut BTreeMap<String, String>,
    page: &'static str,
    /// The environment that is looked at.
    place: Option<String>,
    recalls: bool,
    /// A filter that was put back.
    filter: Option<String>,
}

impl Memory<'_> {
    /// The page was opened: what is given is put back. Otherwise it is taken down.
    pub fn recalls(&self) -> bool {
        self.recalls
    }

    /// A value that is kept as a word, `None` for the usual one; returns what is to be put back.
    pub fn word(&mut self, what: &str, now: Option<String>) -> Option<String> {
        let key = format!("{}.{what}", self.page);
        if self.recalls {
            return self.values.get(&key).cloned();
        }
        match now.filter(|value| value.len() <= LONGEST) {
            Some(value) if self.values.get(&key) == Some(&value) => {}
            Some(value) if self.values.contains_key(&key) || self.values.len() < VALUES => {
                self.values.insert(key, value);
            }
            Some(_) => {}
            None => drop(self.values.remove(&key)),
        }
        None
    }

    /// A switch.
    pub fn flag(&mut self, what: &str, value: &mut bool, usual: bool) {
        let now = (*value != usual).then(|| if *value { "on" } else { "off" }.to_owned());
        match self.word(what, now).as_deref() {
            Some("on") => *value = true,
            Some("off") => *value = false,
            _ => {}
        }
    }

    /// The open tab, by its number.
    pub fn tab<T: Tab>(&mut self, tab: &mut T) {
        let at = T::ALL.iter().position(|one| *one == *tab).unwrap_or(0);
        let back = self.word("tab", (at > 0).then(|| (at + 1).to_string()));
        let number = back.and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
        if let Some(back) = number.and_then(|n| T::ALL.get(n)) {
            *tab = *back;
        }
    }

    /// Order and filter of a list; `what` tells it from the others of its page.
    pub fn list(&mut self, what: &str, list: &mut List) {
        self.order(what, list);
        let key = match &self.place {
            Some(place) => format!("{what}.filter.{place}"),
            None => format!("{what}.filter"),
        };
        // What is still being typed is not what was meant.
        if list.filter.is_editing() {
            return;
        }
        let now = Some(list.filter.text().to_owned()).filter(|text| !text.trim().is_empty());
        if let Some(text) = self.word(&key, now) {
            list.filter.set(&text);
            self.filter = Some(text);
        }
    }

    /// Of several lists this filter is the one in sight.
    pub fn shows(&mut self, filter: &str) {
        self.filter = Some(filter.to_owned()).filter(|f| self.recalls && !f.is_empty());
    }

    /// Order of a list.
    pub fn order(&mut self, what: &str, list: &mut List) {
        let now = list.sort.map(|(by, down)| match down {
            Descending::No => by.word().to_owned(),
            Descending::Yes => format!("{} down", by.word()),
        });
        let Some(back) = self.word(&format!("{what}.sort"), now) else { return };
        let (word, down) =
            back.strip_suffix(" down").map_or((back.as_str(), Descending::No), |w| (w, Descending::Yes));
        let by = BINDINGS.iter().map(|b| b.action).find(|a| a.word() == word && list::sorts(*a));
        list.sort = by.map(|by| (by, down));
    }
}

/// Puts back what was kept of the page that was just opened.
pub fn recall(app: &mut App) {
    if let Some(filter) = each(app, true) {
        say(app, Level::Info, t!("filter-kept", filter = filter));
    }
}

/// Takes down what pages keep, as they are now.
pub fn keep(app: &mut App) {
    each(app, false);
}

fn each(app: &mut App, recalls: bool) -> Option<String> {
    let place = environment(app).and_then(|env| app.shared.data.environment(env)).map(|e| e.env.name.clone());
    let from = if recalls { app.stack.len().saturating_sub(1) } else { 0 };
    let mut filter = None;
    for held in app.stack.iter_mut().skip(from) {
        let page = held.screen.name();
        let mut memory =
            Memory { values: &mut app.prefs.pages, page, place: place.clone(), recalls, filter: None };
        held.screen.keep(&app.shared, &mut memory);
        filter = memory.filter;
    }
    filter
}
