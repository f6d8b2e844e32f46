#![no_main]
//! Files of environments: as they lie on a disk, and, sealed again with a passphrase that its reader knows, with a content that was
//! not made by cpmg. Nothing of one that is refused stays.

#[path = "world.rs"]
mod world;

use cpmg::api::accounts::AccountAsk;
use cpmg::api::keep::Keep;
use cpmg::api::{Request, Response, Topic};
use cpmg::domain::secret::Secret;
use cpmg::store::parcel;
use std::cell::RefCell;
use std::time::Duration;
use world::World;

const PHRASE: &str = "four words of a phrase";
/// Two passphrases become keys meanwhile.
const EACH: Duration = Duration::from_secs(20);

thread_local!(static WORLD: RefCell<World> = RefCell::new(World::new()));

fn phrase() -> Secret {
    Secret::new(PHRASE)
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.starts_with("{\"cpmg_environment\"") {
        let _ = parcel::open(text, &phrase());
        return;
    }
    // What is no JSON at all is refused by its reader, and would cost as much as the rest.
    if serde_json::from_str::<serde_json::Value>(text).is_err() {
        return;
    }
    let file = parcel::seal(&Secret::new(text), &phrase()).expect("anything is sealed");
    WORLD.with_borrow_mut(|world| {
        let sent = Request::ImportText { upload: None, offset: 0, text: Secret::new(file) };
        let answers = world.ask(vec![sent], EACH);
        let Some(Ok(Response::ImportText(upload))) = answers.into_iter().next() else { return };
        let import = Keep::EnvImport { upload, name: None, passphrase: phrase() };
        let answers = world.ask(vec![Request::Keep(import), Request::Rows(Topic::Environments)], EACH);
        let mut answers = answers.into_iter();
        if let Some(Ok(Response::Environment(env))) = answers.next() {
            // What came in can be looked at, planned and exported.
            let (id, passphrase) = (env.id, phrase());
            world.ask(
                vec![
                    Request::Rows(Topic::Nodes(id)),
                    Request::Net { env: id },
                    Request::Ip { env: id },
                    Request::Accounts(AccountAsk::List { env: id }),
                    Request::PlanPreview { env: id },
                    Request::Keep(Keep::EnvExport { env: id, passphrase }),
                    Request::EnvEdit {
                        env: id,
                        based_on: env.revision,
                        change: cpmg::api::message::EnvChange::Hide(true),
                    },
                    Request::Keep(Keep::EnvPurge { env: id, name: env.name, why: "seen".into() }),
                ],
                EACH,
            );
        }
    });
});
