#![no_main]
//! Requests of an administrator, one a line in JSON, asked of an engine. Nothing may panic, hang or end it.

#[path = "world.rs"]
mod world;

use cpmg::api::Request;
use std::cell::RefCell;
use std::time::Duration;
use world::World;

/// Requests of one input.
const MOST: usize = 6;
/// What waits for news or for a node is not waited for.
const EACH: Duration = Duration::from_millis(200);

thread_local!(static WORLD: RefCell<World> = RefCell::new(World::new()));

/// A password costs a tenth of a second: inputs with them are for others. An engine that is asked to stop does.
fn is_cheap(request: &Request) -> bool {
    use Request as R;
    !matches!(
        request,
        R::Stop | R::Login { .. } | R::FirstAdministrator { .. } | R::UserAdd { .. } | R::UserPassword { .. }
    )
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = text.lines().filter_map(|line| serde_json::from_str::<Request>(line).ok());
    let requests: Vec<Request> = read.filter(is_cheap).take(MOST).collect();
    if !requests.is_empty() {
        WORLD.with_borrow_mut(|world| world.ask(requests, EACH));
    }
});
