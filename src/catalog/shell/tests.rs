//! Scripts as people write them, and texts that nobody would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::prelude::*;

/// `LINE FUNCTION: WORDS > FILES` of each command.
fn told(script: &str) -> String {
    let one = |c: &Command| {
        let writes: Vec<String> = c.writes.iter().map(|w| format!(" >{w}")).collect();
        let function = c.function.as_deref().unwrap_or("-");
        format!("{} {function}: {}{}", c.line, c.words.join(" "), writes.concat())
    };
    commands(script).0.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn commands_are_found_where_they_stand() {
    let script = r#"# a comment; with commands
A=1 B="$(one 'x')" two arg >out 2>/dev/null
three <<END && four
five "not a command"
END
f() { # comment
if a | b; then c; elif ! d; then e; fi
case $x in
    p | q) g "$(h `i`)" ;;
    (*) { j; } ;;
esac
for k in l $(m); do n >&2; done
while o; do ( p ); done
inner() { q "${r:-$(s)}" $((1 + $(t))); }
}
'quoted' word
"$v" 3>file 4<in \
more
"#;
    let wanted = "\
2 -: one 'x'
2 -: two arg >out >/dev/null
3 -: three
3 -: four
7 f: a
7 f: b
7 f: c
7 f: d
7 f: e
9 f: h
9 f: i
9 f: g \"$(h `i`)\"
10 f: j
12 f: m
12 f: n
13 f: o
13 f: p
14 f: s
14 f: t
14 f: q \"${r:-$(s)}\" $((1 + $(t)))
16 -: 'quoted' word
17 -: \"$v\" more >file";
    assert_eq!(told(script), wanted);
    let names: Vec<Option<String>> =
        commands("a; 'b'; $c; ./d; [ x ]").0.iter().map(|c| c.name().map(str::to_owned)).collect();
    assert_eq!(names, [Some("a".into()), None, None, Some("./d".into()), Some("[".into())]);
}

#[test]
fn it_reads_the_real_scripts() {
    let roles = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
    let text = std::fs::read_to_string(roles.join("lib.sh")).unwrap();
    let (found, defined) = commands(&text);
    assert!(["say", "fail", "_ini", "undo_all"].iter().all(|f| defined.contains(*f)), "{defined:?}");
    let of = |f: &str| -> Vec<&str> {
        found.iter().filter(|c| c.function.as_deref() == Some(f)).filter_map(Command::name).collect()
    };
    assert_eq!(of("mark_changed"), ["_changes", "printf"]);
    assert_eq!(of("undo_on"), ["_changes", "_note"]);
    assert_eq!(of("file_install"), ["file_write"]);
    assert!(of("_ini").contains(&"awk") && of("_ini").contains(&"_put"), "{:?}", of("_ini"));
    assert!(found.iter().all(|c| c.function.is_some() || ["trap", ":"].contains(&c.name().unwrap_or("?"))));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic_or_hang(script in "([a-z $(){}\"'`;&|<>\n#=\\\\]|case |esac|in |\\$\\(\\(|<<E\n|;;){0,200}") {
        let _ = commands(&script);
    }
}
