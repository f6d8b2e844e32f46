//! Forms about finding machines: what is asked now, what is asked by itself, how carefully cpmg logs in.

use super::node_forms::port;
use super::sweep::SweepPage;
use crate::api::discovery::{DiscoveryChange, NO_SETTINGS};
use crate::api::rows::DiscoveryRow;
use crate::api::{Request, Response};
use crate::domain::ids::{EnvId, Revision};
use crate::domain::net::{AddressRange, NetFault};
use crate::domain::sweeps::{
    Discovery, Every, LoginLimit, OrderFault, PARALLEL_DEFAULT, RATE_DEFAULT, SweepOrder,
};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::stale::Theirs;

/// How long a silent address is waited for by the engine, milliseconds.
const CONNECT_MS: u64 = 1_500;

fn order_fields(order: Option<&SweepOrder>) -> Vec<Field> {
    let value = |n: Option<u32>, usual: u32| n.unwrap_or(usual).to_string();
    let ranges = order.map(|o| o.ranges.join(", ")).unwrap_or_default();
    let port = order.map_or(22, |o| o.port).to_string();
    vec![
        Field::text("ranges", t!("field-ranges"), &ranges).hint(t!("hint-ranges")),
        Field::text("port", t!("field-port"), &port).hint(t!("hint-port")),
        Field::text("rate", t!("field-rate"), &value(order.map(|o| o.rate), RATE_DEFAULT))
            .hint(t!("hint-rate")),
        Field::text(
            "parallel",
            t!("field-sweep-parallel"),
            &value(order.map(|o| o.parallel), PARALLEL_DEFAULT),
        )
        .hint(t!("hint-sweep-parallel")),
    ]
}

/// What is wrong with a range, in the language of the screen.
fn range_fault(fault: &NetFault) -> Text {
    match fault {
        NetFault::Backwards { start, end } => {
            t!("fault-range-backwards", start = start.to_string(), end = end.to_string())
        }
        NetFault::TooLarge(text, count) => t!("fault-range-large", range = text, count = *count),
        NetFault::Unusable(address, _) => t!("fault-range-unusable", address = address.to_string()),
        NetFault::Address(_) | NetFault::Network(_) | NetFault::Range(_) => t!("fault-range"),
    }
}

fn order_fault(fault: &OrderFault) -> Text {
    match fault {
        OrderFault::Range(fault) => range_fault(fault),
        OrderFault::NoRange => t!("fault-empty"),
        OrderFault::TooMany(count) => t!("fault-ranges-large", count = *count),
        OrderFault::Port => t!("fault-port"),
        OrderFault::Rate => t!("fault-rate"),
        OrderFault::Parallel => t!("fault-sweep-parallel"),
    }
}

fn split(ranges: &str) -> Vec<String> {
    ranges.split([',', ';']).map(str::trim).filter(|r| !r.is_empty()).map(str::to_owned).collect()
}

/// What is typed, without marking what is wrong.
fn typed_order(fields: &Fields) -> SweepOrder {
    let number = |id: &str| fields.text(id).parse::<u32>().unwrap_or(0);
    SweepOrder {
        ranges: split(fields.text("ranges")),
        port: fields.text("port").parse().unwrap_or(0),
        rate: number("rate"),
        parallel: number("parallel"),
    }
}

/// The order that is typed; what is wrong with it stands under its fields.
fn order(fields: &mut Fields) -> SweepOrder {
    let order = typed_order(fields);
    // Each range by itself: the fault of the second one counts as well.
    if let Some(fault) = order.ranges.iter().find_map(|r| r.parse::<AddressRange>().err()) {
        fields.wrong("ranges", range_fault(&fault));
    } else if let Err(fault) = order.check() {
        fields.wrong(fault.field(), order_fault(&fault));
    }
    port(fields);
    order
}

/// Marks a wrong range while it is typed, once it is more than a beginning.
fn typed_ranges(fields: &mut Fields) {
    let ranges = split(fields.text("ranges"));
    let (last, before) = match ranges.split_last() {
        Some((last, before)) => (last.clone(), before.to_vec()),
        None => return,
    };
    let begun = |r: &String| r.parse::<AddressRange>().err();
    let fault = before.iter().find_map(begun).or_else(|| {
        // A beginning of an address is no fault yet.
        let whole = last.contains('/') || last.contains('-') || last.split('.').count() > 4;
        begun(&last).filter(|f| whole && !matches!(f, NetFault::Range(_) | NetFault::Network(_)))
    });
    if let Some(fault) = fault {
        fields.wrong("ranges", range_fault(&fault));
    }
}

/// How many addresses are asked, and how long that takes at most.
fn outlook(fields: &Fields) -> Option<Text> {
    let order = typed_order(fields);
    let ranges = order.check().ok()?;
    let count: u32 = ranges.iter().map(|r| r.count()).sum();
    let span = text::duration(order.takes_ms(count, CONNECT_MS).max(1_000));
    Some(t!("sweep-outlook", count = count, span = span))
}

/// Asks for the ranges; `before` is what was asked last.
pub fn find(env: EnvId, before: Option<&SweepOrder>) -> Box<dyn Screen> {
    Box::new(Form::new(Ranges { env, on_page: before.is_some() }, order_fields(before)))
}

struct Ranges {
    env: EnvId,
    /// It was opened from the page that shows the sweep.
    on_page: bool,
}

impl Purpose for Ranges {
    fn name(&self) -> &'static str {
        "sweep-ranges"
    }

    fn title(&self) -> Text {
        t!("sweep-title")
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        outlook(fields)
    }

    fn typed(&self, fields: &mut Fields) {
        typed_ranges(fields);
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let order = order(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let SweepOrder { ranges, port, rate, parallel } = order;
        let request =
            Request::SweepStart { env: self.env, ranges, port, rate: Some(rate), parallel: Some(parallel) };
        vec![Effect::Call(Tag::Form, request)]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        match response {
            Response::Sweep(_) if !self.on_page => vec![Effect::Replace(Box::new(SweepPage::new(self.env)))],
            _ => vec![Effect::Close],
        }
    }
}

/// Asks for the sweep that is done by itself.
pub fn schedule(row: &DiscoveryRow, last: Option<&SweepOrder>) -> Box<dyn Screen> {
    let known = row.settings.schedule.as_ref();
    let mut fields = order_fields(known.map(|s| &s.order).or(last));
    let every = known.map(|s| s.every.to_string()).unwrap_or_default();
    fields.insert(0, Field::text("every", t!("field-every"), &every).hint(t!("hint-every")));
    let based_on = row.settings.revision;
    let purpose = Schedule { env: row.env, based_on, known: known.is_some(), fresh: (based_on, false) };
    Box::new(Form::new(purpose, fields))
}

struct Schedule {
    env: EnvId,
    based_on: Revision,
    known: bool,
    /// What somebody else has saved: its revision, and whether there is a schedule.
    fresh: (Revision, bool),
}

impl Purpose for Schedule {
    fn name(&self) -> &'static str {
        "sweep-schedule"
    }

    fn title(&self) -> Text {
        t!("schedule-title")
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![if self.known { t!("schedule-intro-off") } else { t!("schedule-intro") }]
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        outlook(fields)
    }

    fn typed(&self, fields: &mut Fields) {
        typed_ranges(fields);
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let text = fields.text("every").to_owned();
        let change = if text.is_empty() && self.known {
            DiscoveryChange::Schedule(None)
        } else {
            let order = order(fields);
            let Ok(every) = text.parse::<Every>() else {
                fields.wrong("every", t!("fault-every"));
                return Vec::new();
            };
            DiscoveryChange::Schedule(Some((order, every)))
        };
        if fields.is_wrong() {
            return Vec::new();
        }
        let based_on = if self.based_on == NO_SETTINGS { NO_SETTINGS } else { self.based_on };
        vec![Effect::Call(Tag::Form, Request::DiscoveryEdit { env: self.env, based_on, change })]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Close, Effect::Say(Level::Good, t!("schedule-set"))]
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let settings = newer(cx, self.env, self.based_on)?;
        let known = settings.schedule.as_ref();
        self.fresh = (settings.revision, known.is_some());
        let every = known.map(|s| s.every.to_string()).unwrap_or_default();
        let mut values = vec![("every", every)];
        if let Some(order) = known.map(|s| &s.order) {
            values.extend([
                ("ranges", order.ranges.join(", ")),
                ("port", order.port.to_string()),
                ("rate", order.rate.to_string()),
                ("parallel", order.parallel.to_string()),
            ]);
        }
        Some(Theirs { by: String::new(), values })
    }

    fn rebase(&mut self) {
        (self.based_on, self.known) = self.fresh;
    }
}

/// Asks how many refused logins are allowed.
pub fn limit(row: &DiscoveryRow) -> Box<dyn Screen> {
    let limit = row.settings.limit;
    let fields = vec![
        Field::text("attempts", t!("field-limit-attempts"), &limit.attempts.to_string())
            .hint(t!("hint-limit-attempts")),
        Field::text("minutes", t!("field-limit-minutes"), &limit.minutes.to_string()),
    ];
    let based_on = row.settings.revision;
    Box::new(Form::new(Limit { env: row.env, based_on, fresh: based_on }, fields))
}

struct Limit {
    env: EnvId,
    based_on: Revision,
    fresh: Revision,
}

/// How machines are found as somebody else has saved it, once that has come.
fn newer(cx: &Shared, env: EnvId, based_on: Revision) -> Option<&Discovery> {
    cx.data.discovery(env).map(|row| &row.settings).filter(|settings| settings.revision != based_on)
}

impl Purpose for Limit {
    fn name(&self) -> &'static str {
        "login-limit"
    }

    fn title(&self) -> Text {
        t!("limit-title")
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("limit-intro")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let number = |id: &str| fields.text(id).parse::<u32>().unwrap_or(0);
        let limit = LoginLimit { attempts: number("attempts"), minutes: number("minutes") };
        if let Err((field, _)) = limit.check() {
            let most = if field == "attempts" { LoginLimit::ATTEMPTS_MAX } else { LoginLimit::MINUTES_MAX };
            fields.wrong(field, t!("fault-number", most = most));
            return Vec::new();
        }
        let request = Request::DiscoveryEdit {
            env: self.env,
            based_on: self.based_on,
            change: DiscoveryChange::Limit(limit),
        };
        vec![Effect::Call(Tag::Form, request)]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Close, Effect::Say(Level::Good, t!("limit-set"))]
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let settings = newer(cx, self.env, self.based_on)?;
        self.fresh = settings.revision;
        let limit = settings.limit;
        let values = vec![("attempts", limit.attempts.to_string()), ("minutes", limit.minutes.to_string())];
        Some(Theirs { by: String::new(), values })
    }

    fn rebase(&mut self) {
        self.based_on = self.fresh;
    }
}
