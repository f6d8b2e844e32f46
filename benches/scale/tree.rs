//! A role tree whose plan has as many steps a node as wanted, and what simulated nodes do at each of them.

use cpmg::domain::plan::StepId;
use cpmg::sim::recording::Take;
use cpmg::sim::{Provoked, Recording, Recordings, Trouble};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// Name of the platform.
pub const PLATFORM: &str = "scale";
/// Steps of one module.
const PER_MODULE: usize = 10;
/// The step of the project's own tree that every plan begins with.
const FIRST: &str = "preflight/node";
/// Lines that a step prints.
const LINES: u32 = 8;

/// Names of all steps but the first.
fn steps(count: usize) -> Vec<StepId> {
    (0..count.saturating_sub(1))
        .map(|i| format!("load-{}/s{:02}", i / PER_MODULE + 1, i % PER_MODULE + 1).parse().unwrap())
        .collect()
}

/// How long a step takes on a compute node of usual speed: 1 to 5 s, 3 s in the middle, the same in every run.
fn usual(index: usize) -> Duration {
    Duration::from_millis(1000 + (index as u64 * 1709) % 4001)
}

/// Writes platform and modules to `dir`. The first step of each module gets a secret.
pub fn write(dir: &Path, count: usize) {
    let all = steps(count);
    let modules: Vec<String> = (1..=all.len().div_ceil(PER_MODULE)).map(|m| format!("load-{m}")).collect();
    let file = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let platform = format!(
        "name = \"{PLATFORM}\"\ntitle = {{ en = \"Scale\", zh-CN = \"规模\" }}\nos = {{ id = \"debian\", version = \"12\" }}\n\
         release = \"zed\"\nmodules = {modules:?}\n"
    );
    file(&format!("platforms/{PLATFORM}.toml"), &platform);
    for (m, chunk) in all.chunks(PER_MODULE).enumerate() {
        let name = &modules[m];
        let account = format!("LOAD_{}_PASSWORD", m + 1);
        let mut text = format!(
            "name = \"{name}\"\ntitle = {{ en = \"Load {m}\", zh-CN = \"负载 {m}\" }}\nroles = [\"controller\", \"compute\"]\n\
             [accounts.{account}]\ntitle = {{ en = \"Load\", zh-CN = \"负载\" }}\nkind = \"password\"\n"
        );
        if m > 0 {
            text = text.replacen("roles =", &format!("needs = [\"{}\"]\nroles =", modules[m - 1]), 1);
        }
        for (s, step) in chunk.iter().enumerate() {
            let word = step.step();
            let secrets = if s == 0 { format!("secrets = [\"{account}\"]\n") } else { String::new() };
            let weight = usual(m * PER_MODULE + s).as_secs().max(1);
            let _ = write!(
                text,
                "\n[[step]]\nname = \"{word}\"\ntitle = {{ en = \"Work of {word}\", zh-CN = \"{word} 的工作\" }}\n\
                 script = \"{word}.sh\"\nweight = {weight}\nretryable = true\n{secrets}"
            );
            // As long as real ones are; nothing of it runs.
            let script = format!(
                "# {name}, {word}\nrun() {{\n{}}}\nundo() {{ :; }}\n",
                "    printf '%s\\n' \"work on $NODE_NAME\"\n".repeat(20)
            );
            file(&format!("modules/{name}/{word}.sh"), &script);
        }
        file(&format!("modules/{name}/module.toml"), &text);
    }
}

/// What simulated nodes do: compute nodes work and print, the controller is quick.
pub fn recordings(count: usize) -> Recordings {
    let (mut controller, mut compute) = (Recording::default(), Recording::default());
    let first: StepId = FIRST.parse().unwrap();
    for (index, step) in std::iter::once(first).chain(steps(count)).enumerate() {
        let end = usual(index);
        let line = |i: u32| {
            let text = format!("Get:{i} http://mirror.example/debian bookworm/main amd64 {step} [292 kB]\n");
            (end * i / LINES, text)
        };
        let out: Vec<_> = (0..LINES).map(line).collect();
        let quick = Take { out: out.clone(), end: Duration::from_millis(20), status: 0, changed: true };
        compute.push(step.clone(), Take { out, end, status: 0, changed: true });
        controller.push(step, quick);
    }
    Recordings { controller, compute }
}

/// Nodes are not equally fast: from 0.6 to 1.4 times the usual time.
pub fn speeds(nodes: usize) -> Vec<Provoked> {
    let width = nodes.to_string().len();
    (0..nodes)
        .map(|n| Provoked {
            node: format!("node-{:0width$}", n + 1),
            what: Trouble::Slow { factor: 0.6 + 0.8 * (n * 37 % 100) as f64 / 100.0 },
        })
        .collect()
}
