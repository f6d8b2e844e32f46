//! CSV: a line of headings, then one machine a line. Commas, semicolons or tabs, whichever the headings have.
//!
//! Headings: `name address port user password key roles`, in any order and under a few usual names; only `address` must be there.
//! Roles are separated by blanks or one of `+ | ; ,`. What [`crate::domain::export`] writes comes back as it was.

use super::reason::{Note, Reason, Why, short};
use super::{Login, Record, Records, Wanted, address, node_name, port, user, way};
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::secret::Secret;

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Column {
    Name,
    Address,
    Port,
    User,
    Password,
    Key,
    Jump,
    Roles,
    /// Written by our own export, for people.
    Told,
    /// Nothing to us.
    Other,
}

/// Headings that our export writes and an import leaves aside.
pub const TOLD: [&str; 7] = ["login", "state", "system", "cpus", "memory", "machine-id", "macs"];

fn column(heading: &str) -> Column {
    let word = heading.trim().to_lowercase().replace([' ', '_'], "-");
    match word.as_str() {
        "name" | "hostname" | "host" | "host-name" | "node" => Column::Name,
        "address" | "ip" | "ip-address" | "ipv4" | "ansible-host" => Column::Address,
        "port" | "ssh-port" => Column::Port,
        "user" | "account" | "username" | "ssh-user" => Column::User,
        "password" | "ssh-password" | "pass" => Column::Password,
        "key" | "key-file" | "identity-file" | "private-key" => Column::Key,
        "jump" | "jump-host" | "proxy-jump" => Column::Jump,
        "roles" | "role" | "groups" => Column::Roles,
        word if TOLD.contains(&word) => Column::Told,
        _ => Column::Other,
    }
}

/// Reads a text. No cell of ours holds a line break: a line with a quote that is never closed is refused by itself and does not swallow the next ones.
pub fn read(text: &str) -> Records {
    let mut records = Records::default();
    let mut lines = (1_u32..)
        .zip(text.lines())
        .map(|(n, line)| (n, line.trim_end_matches('\r')))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let Some((first, headings)) = lines.next() else { return records };
    let count = |c: char| headings.matches(c).count();
    let delimiter = [';', '\t'].into_iter().find(|c| count(*c) > count(',')).unwrap_or(',');
    // One reader for all lines: making one takes longer than reading a line.
    let mut numbers = Vec::new();
    let mut closed = String::with_capacity(text.len());
    for (number, line) in std::iter::once((first, headings)).chain(lines) {
        if is_closed(line, delimiter) {
            numbers.push(number);
            closed.extend([line, "\n"]);
        } else {
            records.refuse(number, "", Reason::new(Why::Quotes));
        }
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(closed.as_bytes());
    // All that is left to fail is the reading itself, and a text in memory can be read.
    let mut rows = reader.records().map_while(Result::ok).map(|row| {
        let at = row.position().and_then(|p| usize::try_from(p.line()).ok()).unwrap_or(1);
        (numbers.get(at.saturating_sub(1)).copied().unwrap_or(first), row)
    });
    let columns = rows.next().filter(|(number, _)| *number == first).map(|(_, headings)| {
        let columns: Vec<Column> = headings.iter().map(column).collect();
        (headings, columns)
    });
    let Some((headings, columns)) = columns.filter(|(_, c)| c.contains(&Column::Address)) else {
        // What stands there may be a password of a list without headings: it is not repeated.
        records = Records::default();
        records.refuse(first, "", Reason::new(Why::NoHeadings));
        return records;
    };
    for (heading, _) in headings.iter().zip(&columns).filter(|(h, c)| **c == Column::Other && !h.is_empty()) {
        records.notes.push(Note { line: first, reason: Reason::of(Why::Column, heading) });
    }
    for (number, row) in rows {
        if !row.iter().all(str::is_empty) {
            records.push(machine(&columns, number, &row));
        }
    }
    records.all.sort_by_key(|r| r.line);
    records
}

/// Whether every quoted cell of a line ends in it.
fn is_closed(line: &str, delimiter: char) -> bool {
    let (mut begins, mut quoted) = (true, false);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => drop(rest.next()),
            '"' if quoted => quoted = false,
            '"' if begins => (quoted, begins) = (true, false),
            c if !quoted => begins = c == delimiter,
            _ => {}
        }
    }
    !quoted
}

fn machine(columns: &[Column], number: u32, line: &csv::StringRecord) -> Record {
    let cell = |wanted: Column| {
        let at = columns.iter().position(|c| *c == wanted)?;
        line.get(at).filter(|c| !c.is_empty())
    };
    if line.len() != columns.len() {
        // A shifted line may have its password anywhere.
        let wanted = Err(Reason::of(Why::Fields, line.len()).and(columns.len()));
        return Record { line: number, label: String::new(), wanted, notes: Vec::new() };
    }
    let wanted = || -> Result<Wanted, Reason> {
        let login = match (cell(Column::Password), cell(Column::Key)) {
            (Some(password), _) => Some(Login::Password(Secret::new(password))),
            (None, key) => key.map(|k| Login::Key(k.to_owned())),
        };
        Ok(Wanted {
            address: address(cell(Column::Address).ok_or_else(|| Reason::of(Why::NoAddress, "10.0.0.7"))?)?,
            name: cell(Column::Name).map(node_name).transpose()?.flatten(),
            port: cell(Column::Port).map(port).transpose()?,
            user: cell(Column::User).map(user).transpose()?,
            jump: cell(Column::Jump).map(way::place).transpose()?,
            roles: cell(Column::Roles).map(roles).transpose()?,
            login,
        })
    };
    let label = cell(Column::Name).or_else(|| cell(Column::Address)).map(short).unwrap_or_default();
    Record { line: number, label, wanted: wanted(), notes: Vec::new() }
}

fn roles(cell: &str) -> Result<NodeRoles, Reason> {
    cell.split([' ', '+', '|', ';', ','])
        .filter(|w| !w.is_empty() && *w != "-")
        .map(|w| w.to_lowercase().parse::<NodeRole>().map_err(|_| Reason::of(Why::BadRole, w)))
        .collect()
}
