//! The locked screen: nothing of the cloud is seen, everything goes on behind it.

use crate::api::people::People;
use crate::api::{Request, Response};
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// Name of the locked screen.
pub const LOCKED: &str = "locked";

/// Locked by `user`, who alone unlocks it.
pub fn locked(user: &str) -> Box<dyn Screen> {
    Box::new(Form::new(
        Locked { user: user.to_owned() },
        vec![Field::secret("password", t!("field-password"))],
    ))
}

struct Locked {
    user: String,
}

impl Purpose for Locked {
    fn name(&self) -> &'static str {
        LOCKED
    }

    fn title(&self) -> Text {
        t!("locked-title")
    }

    fn intro(&self, cx: &Shared) -> Vec<Text> {
        let jobs = cx.data.running_jobs().len();
        let mut said = vec![t!("locked-by", name = self.user.as_str())];
        if jobs > 0 {
            said.push(t!("locked-jobs", count = jobs));
        }
        said
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        if fields.peek("password").is_empty() {
            fields.wrong("password", t!("fault-empty"));
            return Vec::new();
        }
        let password = fields.secret("password");
        vec![Effect::Call(Tag::Form, Request::People(People::Unlocked { password }))]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        fields.wipe();
        vec![Effect::Unlocked]
    }

    fn forgets(&self) -> bool {
        true
    }
}
