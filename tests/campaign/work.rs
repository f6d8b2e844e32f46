//! What the nodes have to do: a module whose steps leave marks that a second run would betray, and print what can be foretold
//! to the byte.

use super::dice::Dice;
use std::fmt::Write as _;
use std::path::Path;

/// Where steps leave their marks on a node: names of empty files, which need no space of a full disk.
pub const MARKS: &str = "/var/lib/campaign";

/// What is special about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Plain,
    /// Prints nothing at all.
    Silent,
    /// Prints more than one answer of the runner holds.
    Bulky,
    /// Prints bytes that are no text, and no line end at the end.
    Raw,
    /// Fails at its first attempt of every job.
    FailsOnce,
    /// Finds its work done.
    Nothing,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// `s01` …
    pub name: String,
    /// What is special.
    pub kind: Kind,
    lines: u32,
    ticks: u32,
    pause_ms: u64,
}

impl Step {
    /// What the attempt prints when nothing ends it early.
    pub fn output(&self, host: &str, folder: &str, attempt: &str) -> Vec<u8> {
        let me = format!("{host} {folder} {} {attempt}", self.name);
        let mut text = String::new();
        let (lines, undoes) = (self.lines, attempt.starts_with('u'));
        if undoes {
            return format!("{me} undone\n").into_bytes();
        }
        if self.kind == Kind::Nothing {
            return format!("{me} found its work done\n").into_bytes();
        }
        for n in 1..=lines * self.ticks {
            let _ = writeln!(
                text,
                "{me} {n} of the lines that this step prints, with a tail long enough to fill blocks"
            );
        }
        let mut bytes = text.into_bytes();
        match self.kind {
            Kind::Raw => bytes.extend(b"\0\x01\x1b[31m\xff\xfe no line end"),
            Kind::FailsOnce if attempt == "1" => {
                bytes.extend(b"error: this step fails at its first attempt\n");
            }
            _ => {}
        }
        bytes
    }

    fn script(&self) -> String {
        let (lines, ticks) = (self.lines, self.ticks);
        let pause = format!("{}.{:03}", self.pause_ms / 1000, self.pause_ms % 1000);
        let last = match self.kind {
            Kind::Raw => "    printf '\\000\\001\\033[31m\\377\\376 no line end'\n",
            Kind::FailsOnce => {
                "    if [ \"$attempt\" = 1 ]; then\n        echo 'error: this step fails at its first attempt'\n        \
                 leave\n        return 7\n    fi\n"
            }
            _ => "",
        };
        let check = if self.kind == Kind::Nothing {
            "check() {\n    enter\n    echo \"$me found its work done\"\n    leave\n}\n"
        } else {
            ""
        };
        format!(
            "#!/bin/sh\n# Prints numbered lines and leaves marks that would betray a second run.\n\
             attempt=${{CPMG_ATTEMPT##*.}}\nread -r host </etc/hostname\njob=${{CPMG_JOB##*/}}\nme=\"$host $job ${{STEP#*/}} $attempt\"\n\
             mark() {{\n    : >\"{MARKS}/$job.${{STEP#*/}}.$attempt.$1.$run\"\n}}\n\
             # The holder is forgotten by a reboot, as processes are.\n\
             enter() {{\n    read -r run </proc/sys/kernel/random/uuid\n    mark begin || exit 9\n    holder=\n    \
             if [ -s /run/campaign ]; then read -r holder </run/campaign || :; fi\n    \
             if [ -n \"$holder\" ] && [ \"$holder\" != $$ ] && kill -0 \"$holder\" 2>/dev/null; then mark overlap; fi\n    \
             echo $$ >/run/campaign\n}}\n\
             leave() {{\n    : >/run/campaign\n    mark end\n}}\n{check}\
             run() {{\n    enter\n    n=0\n    t=0\n    while [ $t -lt {ticks} ]; do\n        t=$((t + 1))\n        l=0\n        \
             while [ $l -lt {lines} ]; do\n            l=$((l + 1))\n            n=$((n + 1))\n            \
             echo \"$me $n of the lines that this step prints, with a tail long enough to fill blocks\"\n        done\n        \
             sleep {pause}\n    done\n{last}    leave\n    mark_changed\n}}\n\
             undo() {{\n    enter\n    sleep {pause}\n    echo \"$me undone\"\n    leave\n    mark_changed\n}}\n"
        )
    }
}

/// Draws the steps: most of 10 to 500 ms, `long` of them for seconds between the bounds.
pub fn draw(dice: &mut Dice, count: u32, long: u32, seconds: (u64, u64)) -> Vec<Step> {
    let mut steps = Vec::new();
    for number in 1..=count {
        let ticks = u32::try_from(dice.between(1, 5)).expect("few");
        let lines = u32::try_from(dice.between(0, 40)).expect("few");
        let pause_ms = dice.between(2, 100);
        let kind = match number % 10 {
            2 => Kind::Silent,
            4 => Kind::Bulky,
            6 => Kind::Raw,
            8 => Kind::Nothing,
            _ => Kind::Plain,
        };
        let lines = match kind {
            Kind::Silent => 0,
            Kind::Bulky => 4000 / ticks,
            _ => lines,
        };
        steps.push(Step { name: format!("s{number:02}"), kind, lines, ticks, pause_ms });
    }
    for at in 0..long {
        let index = usize::try_from((at * 2 + 1) * count / (long * 2)).expect("few");
        let ms = dice.between(seconds.0 * 1000, seconds.1 * 1000);
        let name = steps[index].name.clone();
        steps[index] = Step {
            name,
            kind: Kind::Plain,
            lines: u32::try_from(dice.between(1, 5)).expect("few"),
            ticks: u32::try_from(ms / 100).expect("few"),
            pause_ms: 95,
        };
    }
    if let Some(step) = steps.iter_mut().filter(|s| s.kind == Kind::Plain).nth(2) {
        step.kind = Kind::FailsOnce;
    }
    steps
}

/// Writes a platform of one module with these steps. The preflight is another: the project's would refuse so small a disk.
pub fn write_roles(dir: &Path, steps: &[Step]) {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    };
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
    for folder in ["", "lib"] {
        for entry in std::fs::read_dir(project.join(folder)).expect("the project's roles").flatten() {
            if entry.path().is_file() {
                let name = Path::new(folder).join(entry.file_name());
                write(
                    name.to_str().expect("UTF-8"),
                    &std::fs::read_to_string(entry.path()).expect("a script"),
                );
            }
        }
    }
    write(
        "modules/preflight/module.toml",
        "name = \"preflight\"\ntitle = { en = \"Look\", zh-CN = \"看\" }\nroles = [\"controller\", \"compute\"]\nbase = true\n\n\
         [[step]]\nname = \"node\"\ntitle = { en = \"Look\", zh-CN = \"看\" }\nscript = \"node.sh\"\nweight = 1\n\
         stage = \"preflight\"\n",
    );
    write(
        "modules/preflight/node.sh",
        "#!/bin/sh\n# Looks at nothing.\nrun() {\n    echo 'good enough'\n}\n",
    );
    write(
        "platforms/debian-12-campaign.toml",
        "name = \"debian-12-campaign\"\ntitle = { en = \"Campaign\", zh-CN = \"演练\" }\n\
         os = { id = \"debian\", version = \"12\" }\nrelease = \"campaign\"\nmodules = [\"campaign\"]\n",
    );
    let mut module = "name = \"campaign\"\ntitle = { en = \"Campaign\", zh-CN = \"演练\" }\n\
                      roles = [\"controller\", \"compute\"]\nneeds = []\n\n[accounts.CAMPAIGN_SECRET]\n\
                      title = { en = \"Secret\", zh-CN = \"密\" }\nkind = \"password\"\n"
        .to_owned();
    for (number, step) in steps.iter().enumerate() {
        let weight = (u64::from(step.ticks) * step.pause_ms / 1000).max(1);
        let retryable = number % 2 == 1 || step.kind == Kind::FailsOnce;
        let secrets = if number % 7 == 3 { "secrets = [\"CAMPAIGN_SECRET\"]\n" } else { "" };
        let _ = write!(
            module,
            "\n[[step]]\nname = \"{0}\"\ntitle = {{ en = \"Step {0}\", zh-CN = \"步骤 {0}\" }}\nscript = \"{0}.sh\"\n\
             weight = {weight}\nretryable = {retryable}\n{secrets}",
            step.name
        );
        write(&format!("modules/campaign/{}.sh", step.name), &step.script());
    }
    write("modules/campaign/module.toml", &module);
}
