//! Pages made from the command line's definition: completions, manual, reference; and the check of role files.

use super::args::Cli;
use super::exit::{Code, Fault, TABLE};
use super::places::roles;
use super::{Hooks, print};
use crate::cli::args::Global;
use clap::{Command, CommandFactory};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// `cpmg completions`.
pub fn completions(shell: clap_complete::Shell) -> Result<(), Fault> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cpmg", &mut script);
    print::write(&script)
}

/// `cpmg man`: the page on the standard output, or all pages in a directory.
pub fn man(dir: Option<&Path>) -> Result<(), Fault> {
    let cannot = |e: std::io::Error| Fault::new(Code::Failed, format!("the manual cannot be written: {e}"));
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir).map_err(cannot)?;
        return clap_mangen::generate_to(Cli::command(), dir).map_err(cannot);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(cannot)?;
    print::write(&page)
}

/// `cpmg catalog check`.
pub fn check(global: &Global, dirs: &[PathBuf], hooks: Hooks) -> Result<(), Fault> {
    let dirs = roles(dirs);
    let shown: Vec<String> = dirs.iter().map(|d| d.display().to_string()).collect();
    if dirs.is_empty() {
        return Err(Fault::new(Code::NotFound, "no directory with roles was found: name one"));
    }
    if let Some(missing) = dirs.iter().find(|d| !d.is_dir()) {
        return Err(Fault::new(Code::NotFound, format!("{} is no directory", missing.display())));
    }
    let checked = (hooks.check_roles)(&dirs);
    if global.json {
        let faults = checked.as_ref().err().cloned().unwrap_or_default();
        print::json(&serde_json::json!({ "roles": shown, "faults": faults }))?;
    }
    match checked {
        Ok(size) if !global.json => print::line(&format!(
            "{}: {} platforms and {} modules, nothing wrong",
            shown.join(", "),
            size.platforms,
            size.modules
        )),
        Ok(_) => Ok(()),
        Err(_) if global.json => Err(Fault::silent(Code::Failed)),
        Err(faults) => {
            for fault in &faults {
                print::line(fault)?;
            }
            Err(Fault::new(Code::Failed, format!("{} faults in the roles", faults.len())))
        }
    }
}

/// The command line as Markdown: `docs/cli.md`.
pub fn reference() -> String {
    let mut out = String::from(
        "# The command line\n\n\
         Made by `cpmg reference` from the definition of the command line; a test fails when it is out of date.\n\n\
         Everything the screens can do has a command. With `--json` a command prints one JSON document on the standard\n\
         output (with `--follow`: one a line), and complaints as `{\"error\": …, \"code\": …}` on the standard error.\n\
         Environments and nodes are given by name or number, nodes also as `ENV/NAME`. Passwords are never arguments: they\n\
         are asked for on the terminal, or read from the standard input with `--password-stdin`.\n\n",
    );
    let _ = writeln!(out, "```\n{TABLE}\n```\n");
    let mut root = Cli::command();
    root.build();
    section(&mut out, &root, "cpmg");
    out
}

fn section(out: &mut String, command: &Command, path: &str) {
    let children: Vec<&Command> =
        command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help").collect();
    let _ = writeln!(out, "## {path}\n");
    if let Some(about) = command.get_long_about().or_else(|| command.get_about()) {
        let _ = writeln!(out, "{about}\n");
    }
    let usage = command.clone().render_usage().to_string();
    for line in usage.trim_start_matches("Usage:").lines() {
        let _ = writeln!(out, "    {}", line.trim());
    }
    out.push('\n');
    let arguments: Vec<(String, String)> = command
        .get_arguments()
        .filter(|a| !a.is_hide_set() && (path == "cpmg" || !a.is_global_set()))
        .filter(|a| !matches!(a.get_id().as_str(), "help" | "version"))
        .map(|a| {
            let name = if a.is_positional() {
                a.get_value_names()
                    .and_then(|n| n.first())
                    .map_or_else(|| a.get_id().to_string(), ToString::to_string)
            } else {
                a.to_string()
            };
            let mut help = a.get_help().map(ToString::to_string).unwrap_or_default();
            if let Some(value) = a.get_default_values().first().filter(|_| a.get_action().takes_values()) {
                let _ = write!(help, " [default: {}]", value.to_string_lossy());
            }
            if let Some(name) = a.get_env() {
                let _ = write!(help, " [also: {}]", name.to_string_lossy());
            }
            (name, help)
        })
        .collect();
    if !arguments.is_empty() {
        out.push_str("| | |\n|---|---|\n");
        for (name, help) in arguments {
            let _ = writeln!(out, "| `{}` | {} |", name.replace('|', "\\|"), help.replace('|', "\\|"));
        }
        out.push('\n');
    }
    for child in children {
        section(out, child, &format!("{path} {}", child.get_name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        fn look(command: &Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(look);
        }
        look(&Cli::command());
    }
}
