//! What every target does with its bytes.

use cpmg::logs::format::{Entries, Line, Options, Parser, json};

/// `first` is a whole line of the format, `beginnings` are beginnings of lines that the bytes are put behind.
pub fn run(first: &str, beginnings: &[&str], data: &[u8]) {
    let options = Options { offset: Some(-3600), reference: Some(1_796_083_200_000_000), ..Options::default() };
    let mut file = Vec::from(first.as_bytes());
    file.push(b'\n');
    for beginning in beginnings {
        let mut line = Vec::from(beginning.as_bytes());
        line.extend_from_slice(data);
        let mut parser = Parser::new(options.clone());
        parser.line(first.as_bytes());
        check(&line, &parser.line(&line));
        // And as somebody's first line.
        check(&line, &Parser::new(Options::default()).line(&line));
        file.extend_from_slice(&line);
        file.push(b'\n');
    }
    file.extend_from_slice(data);
    let mut before = 0;
    for entry in Entries::new(&*file, options) {
        let entry = entry.expect("memory is read");
        assert!(entry.line > before && entry.lines > 0);
        before = entry.line + entry.lines - 1;
        let mut out = Vec::new();
        json::write(&mut out, &entry).expect("memory is written");
        let text = String::from_utf8(out).expect("JSON is text");
        let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.chars().any(acts), "{text}");
    }
}

fn check(line: &[u8], parsed: &Line<'_>) {
    let most = 3 * line.len() + 64;
    match parsed {
        Line::Head(record) => {
            assert!(record.message.len() <= most);
            let ids = [&record.request_id, &record.global_request_id, &record.user_id, &record.project_id];
            for id in ids.into_iter().flatten() {
                assert!(!matches!(&**id, "" | "-" | "None"));
            }
            if let Some(instance) = &record.instance {
                assert!(!instance.is_empty());
            }
        }
        Line::Continuation(text) => assert!(text.len() <= most),
        Line::Empty => assert!(line.iter().all(|b| matches!(b, b'\r' | b'\n'))),
    }
}
