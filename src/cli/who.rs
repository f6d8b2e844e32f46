//! `cpmg who`: who is connected to the engine, and what their screens show.

use super::args::Global;
use super::exit::Fault;
use super::talk::Talk;
use super::{find, print};
use crate::api::team::SessionRow;
use crate::api::{Row, Topic};
use crate::domain::ids::EnvId;
use serde::Serialize;
use std::collections::BTreeMap;

/// A row with the name of the environment.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    row: &'a SessionRow,
    environment: Option<&'a str>,
}

/// `cpmg who`.
pub async fn run(global: &Global) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let names: BTreeMap<EnvId, String> =
        find::environments(&talk, false).await?.into_iter().map(|e| (e.env.id, e.env.name)).collect();
    let rows = find::rows(&talk, Topic::Sessions).await?;
    let mut rows: Vec<SessionRow> =
        rows.into_iter().filter_map(|r| if let Row::Session(r) = r { Some(r) } else { None }).collect();
    rows.sort_by(|a, b| (&a.name, a.number).cmp(&(&b.name, b.number)));
    let told: Vec<Told> = rows
        .iter()
        .map(|row| {
            let env = row.place.as_ref().and_then(|p| p.env);
            Told { row, environment: env.and_then(|env| names.get(&env)).map(String::as_str) }
        })
        .collect();
    if talk.json {
        return print::json(&told);
    }
    let lines: Vec<[String; 6]> = told
        .iter()
        .map(|t| {
            [
                t.row.name.clone(),
                t.row.account.clone(),
                print::ago(t.row.since),
                t.row.face.word().to_owned(),
                t.environment.unwrap_or("-").to_owned(),
                t.row.place.as_ref().map_or_else(|| "-".to_owned(), |p| p.page.clone()),
            ]
        })
        .collect();
    print::table(["USER", "ACCOUNT", "SINCE", "WITH", "ENVIRONMENT", "PAGE"], &lines, "nobody is here")
}
