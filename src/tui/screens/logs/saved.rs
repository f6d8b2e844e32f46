//! Views of an environment's logs that operators keep: filters of panes and how lines are shown.

use super::loki::micros;
use super::pane::FromLoki;
use super::{LogsPage, Stamps};
use crate::api::logs::LogView;
use crate::tui::event::Effect;
use crate::tui::screen::Shared;

impl LogsPage {
    /// What is shown now, to be saved.
    pub(super) fn view_now(&self) -> LogView {
        let all = self.all_panes();
        let queries: Vec<Option<&str>> =
            all.iter().map(|p| p.loki.as_ref().map(|l| l.query.as_str())).collect();
        let layout =
            serde_json::json!({"stamps": self.stamps.word(), "wrap": self.pane.wrap, "loki": queries})
                .to_string();
        LogView {
            panes: self.all_panes().into_iter().map(|p| p.filter.clone()).collect(),
            layout,
            ..LogView::default()
        }
    }

    /// Shows what was saved.
    pub(super) fn use_view(&mut self, cx: &Shared, view: &LogView) -> Vec<Effect> {
        let layout: serde_json::Value = serde_json::from_str(&view.layout).unwrap_or_default();
        let word = layout.get("stamps").and_then(|s| s.as_str());
        if let Some(stamps) = Stamps::ALL.into_iter().find(|s| Some(s.word()) == word) {
            self.stamps = stamps;
        }
        self.pane.wrap = layout.get("wrap").and_then(serde_json::Value::as_bool).unwrap_or(self.pane.wrap);
        while self.drop_pane() {}
        let queries = layout.get("loki").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        let mut effects = Vec::new();
        for (n, filter) in view.panes.iter().enumerate() {
            if n > 0 {
                effects.extend(self.add_pane());
            }
            effects.extend(self.pane.end_tail());
            let query = queries.get(n).and_then(serde_json::Value::as_str);
            self.pane.loki = query.map(|q| FromLoki::new(q, micros(cx)));
            effects.extend(self.pane.refilter(filter.clone()));
        }
        effects
    }
}
