//! The pages that operators read are there in both languages, and say the same.
//!
//! Whoever changes a page changes its twin: headings, tables, lists, blocks of commands and everything in back quotes are
//! compared section by section; only the words between them and the comments of commands are a language's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// Names of the pages in a folder, sorted.
fn pages(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(top().join(folder)).unwrap().map(|e| e.unwrap());
    let names = entries.map(|e| e.file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|n| Path::new(n).extension().is_some_and(|e| e == "md")).collect();
    names.sort();
    names
}

/// Each page that is there in both languages: English, Chinese.
fn twins() -> Vec<(String, String)> {
    let mut all = vec![("README.md".to_owned(), "README.zh-CN.md".to_owned())];
    all.extend(pages("docs/zh-CN").into_iter().map(|n| (format!("docs/{n}"), format!("docs/zh-CN/{n}"))));
    all
}

/// What both languages must have alike under one heading.
#[derive(Default, PartialEq, Debug)]
struct Section {
    line: usize,
    title: String,
    level: usize,
    rows: usize,
    items: usize,
    /// Lines of commands and files without their comments. Of a block in a fence, which shows a screen, its first line only.
    code: Vec<String>,
    quoted: BTreeSet<String>,
}

fn sections(page: &str) -> Vec<Section> {
    static COMMENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(^|\s+)# .*$").unwrap());
    static ITEM: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*([-*]|[0-9]+\.) ").unwrap());
    let mut all = vec![Section::default()];
    let mut texts = vec![String::new()];
    let (mut fenced, mut blank, mut coded) = (false, true, false);
    for (number, line) in page.lines().enumerate() {
        let here = all.last_mut().unwrap();
        if line.starts_with("```") {
            fenced = !fenced;
            here.code.push(line.to_owned());
        } else if fenced {
            continue;
        } else if line.starts_with("    ") && (blank || coded) {
            let command = COMMENT.replace(line.trim(), "").trim_end().to_owned();
            here.code.extend(Some(command).filter(|c| !c.is_empty()));
            coded = true;
        } else if let Some(title) = line.strip_prefix('#') {
            let level = line.len() - title.trim_start_matches('#').len();
            let title = title.trim_start_matches('#').trim().to_owned();
            texts.push(format!("{title} "));
            all.push(Section { line: number + 1, title, level, ..Section::default() });
        } else {
            here.rows += usize::from(line.starts_with('|'));
            here.items += usize::from(ITEM.is_match(line));
            let text = texts.last_mut().unwrap();
            text.push_str(line.trim());
            text.push(' ');
            coded = coded && line.is_empty();
        }
        blank = line.trim().is_empty();
    }
    for (section, text) in all.iter_mut().zip(texts) {
        section.quoted = text.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    }
    all
}

#[test]
fn pages_say_the_same_in_both_languages() {
    let mut faults = Vec::new();
    for (en, zh) in twins() {
        let (english, chinese) = (sections(&read(&en)), sections(&read(&zh)));
        if english.len() != chinese.len() {
            faults.push(format!("{en} has {} headings, {zh} {}", english.len() - 1, chinese.len() - 1));
        }
        for (a, b) in english.iter().zip(&chinese) {
            let mut differs = |what: &str, en_has: String, zh_has: String| {
                if en_has != zh_has {
                    faults.push(format!(
                        "{en}:{} '{}' and {zh}:{} '{}' differ in {what}:\n  {en_has}\n  {zh_has}",
                        a.line, a.title, b.line, b.title
                    ));
                }
            };
            differs("the level of the heading", a.level.to_string(), b.level.to_string());
            differs("rows of tables", a.rows.to_string(), b.rows.to_string());
            differs("items of lists", a.items.to_string(), b.items.to_string());
            if a.code != b.code {
                let odd = a.code.iter().zip(&b.code).find(|(x, y)| x != y);
                let odd = odd.map_or((a.code.len().to_string(), b.code.len().to_string()), |(x, y)| {
                    (x.clone(), y.clone())
                });
                differs("a command", odd.0, odd.1);
            }
            let only = |x: &BTreeSet<String>, y: &BTreeSet<String>| {
                x.difference(y).map(|q| format!("`{q}`")).collect::<Vec<_>>().join(" ")
            };
            let (here, there) = (only(&a.quoted, &b.quoted), only(&b.quoted, &a.quoted));
            if here != there {
                differs(
                    "what is in back quotes",
                    format!("only here: {here}"),
                    format!("only there: {there}"),
                );
            }
        }
    }
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn each_page_leads_to_its_other_language() {
    for (en, zh) in twins() {
        let there = if en == "README.md" { zh.clone() } else { zh.replacen("docs/", "", 1) };
        let back = if en == "README.md" { en.clone() } else { en.replacen("docs/", "../", 1) };
        for (page, link) in [(&en, format!("[简体中文]({there})")), (&zh, format!("[English]({back})"))] {
            assert!(read(page).lines().take(5).any(|l| l == link), "{page} does not begin with {link}");
        }
    }
}

/// The names of a page's headings in links, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    sections(page)
        .iter()
        .map(|s| s.title.to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-"))
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)").unwrap();
    let mut all = vec!["README.md".to_owned(), "README.zh-CN.md".to_owned()];
    all.extend(pages("docs").into_iter().map(|n| format!("docs/{n}")));
    all.extend(pages("docs/zh-CN").into_iter().map(|n| format!("docs/zh-CN/{n}")));
    let mut dead = Vec::new();
    for page in all {
        let text = read(&page);
        for found in link.captures_iter(&text).filter(|f| !f[1].contains("://")) {
            let folder = top().join(&page).parent().unwrap().to_owned();
            let target: PathBuf =
                if found[1].is_empty() { top().join(&page) } else { folder.join(&found[1]) };
            let there = target.exists()
                && found.get(2).is_none_or(|anchor| {
                    anchors(&std::fs::read_to_string(&target).unwrap_or_default()).contains(anchor.as_str())
                });
            if !there {
                dead.push(format!("{page}: {}", &found[0]));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
}
