//! Logs are collected from a real node: numbered lines arrive exactly once and in order, whatever rotates, reboots or is cut.

use super::support::{Cpmg, Lab, wait_until};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A module without steps of its own weight, whose logs are collected.
fn module(roles: &Path) {
    let dir = roles.join("modules/counter");
    fs::create_dir_all(&dir).unwrap();
    let text = "name = \"counter\"\ntitle = { en = \"Counter\", zh-CN = \"计数\" }\nroles = [\"controller\"]\nneeds = []\n\
        units = [\"counter\"]\nlogs = [\"/var/log/counter/*.log\"]\n\n[[step]]\nname = \"nothing\"\n\
        title = { en = \"Nothing\", zh-CN = \"无\" }\nscript = \"nothing.sh\"\nweight = 1\n";
    fs::write(dir.join("module.toml"), text).unwrap();
    fs::write(dir.join("nothing.sh"), "check() { return 0; }\nrun() { :; }\nundo() { :; }\n").unwrap();
    fs::create_dir_all(roles.join("platforms")).unwrap();
    let text = "name = \"debian-12-counter\"\ntitle = { en = \"Counter\", zh-CN = \"计数\" }\nos = { id = \"debian\", version = \"12\" }\n\
        release = \"counter\"\nmodules = [\"counter\"]\n[module.counter]\n";
    fs::write(roles.join("platforms/debian-12-counter.toml"), text).unwrap();
}

/// Writes numbered lines, one every few milliseconds, to two files and the journal until it is ended; goes on with its numbers when
/// it is started again. Like services do, it opens its files anew when it gets HUP.
const COUNTER: &str = r"#!/usr/bin/env python3
import os, signal, time
state = '/var/lib/counter'
n = int(open(state).read()) if os.path.exists(state) else 0
files = {}
def reopen(*_):
    for name in ('created', 'copied'):
        old = files.get(name)
        files[name] = os.open('/var/log/counter/%s.log' % name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if old is not None:
            os.close(old)
signal.signal(signal.SIGHUP, reopen)
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
reopen()
while not ended:
    if not os.path.exists('/run/counter-hold'):
        now = time.time()
        stamp = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now)) + '.%03d' % (now % 1 * 1000)
        line = '%s %d INFO counter [-] n=%d\n' % (stamp, os.getpid(), n)
        for name in ('created', 'copied'):
            os.write(files[name], line.encode())
        if n % 50 == 0:
            print('n=%d' % n, flush=True)
        n += 1
        with open(state + '.part', 'w') as f:
            f.write(str(n))
        os.rename(state + '.part', state)
    else:
        open('/run/counter-holds', 'w').close()
    time.sleep(0.002)
";

const UNIT: &str = "[Service]\nExecStart=/usr/local/bin/counter\n[Install]\nWantedBy=multi-user.target\n";

/// logrotate's rules: one file moved away and compressed the next time, the other copied and cut.
const RULES: &str = "/var/log/counter/created.log {\n rotate 30\n create\n compress\n delaycompress\n postrotate\n \
    systemctl kill -s HUP counter\n endscript\n}\n/var/log/counter/copied.log {\n rotate 30\n copytruncate\n compress\n delaycompress\n}\n";

struct Site {
    lab: Lab,
    cpmg: Cpmg,
}

impl Site {
    fn rotate(&self) {
        // Lines that are written between copying and cutting are lost by logrotate itself: nothing is written meanwhile.
        self.hold(true);
        self.lab.exec("ctl1", "logrotate -f /etc/counter.rotate");
        self.hold(false);
    }

    fn hold(&self, hold: bool) {
        self.lab.exec("ctl1", if hold {
            "rm -f /run/counter-holds; : >/run/counter-hold; until [ -e /run/counter-holds ]; do sleep 0.05; done"
        } else {
            "rm -f /run/counter-hold"
        });
    }

    /// The number that is written next.
    fn next(&self) -> u64 {
        self.lab.exec("ctl1", "cat /var/lib/counter").trim().parse().unwrap()
    }

    /// Waits until so many numbers were written.
    fn write_on(&self, more: u64) {
        let wanted = self.next() + more;
        wait_until("more lines are written", || self.next() >= wanted);
    }

    /// Numbers collected of a file, in order.
    fn numbers(&self, file: &str) -> Vec<u64> {
        let path = self.cpmg.data().join(format!("{file}.jsonl"));
        let service = format!("service={file}");
        self.cpmg.ok(&["logs", "prod", &service, "--export", path.to_str().unwrap(), "--json"]);
        let text = fs::read_to_string(path).unwrap();
        let number = |line: &str| {
            let row: Value = serde_json::from_str(line).unwrap();
            let message = row["message"].as_str().unwrap().to_owned();
            message.rsplit_once("n=").unwrap_or_else(|| panic!("{line}")).1.trim().parse().unwrap()
        };
        text.lines().map(number).collect()
    }

    /// Everything up to the last line that was written is here, once and in order.
    fn check(&self) {
        self.hold(true);
        let next = self.next();
        for file in ["created", "copied"] {
            wait_until("the last line is here", || self.numbers(file).last() == Some(&(next - 1)));
            let numbers = self.numbers(file);
            let first = numbers[0];
            let wrong = numbers.iter().copied().zip(first..).find(|(has, wanted)| has != wanted);
            assert_eq!(wrong, None, "{file}: {} lines from {first} to {next}", numbers.len());
            assert_eq!(numbers.len() as u64, next - first, "{file}");
            println!("{file}: {} lines, each once and in order", numbers.len());
        }
        self.hold(false);
    }
}

#[test]
#[ignore = "needs root and the lab"]
fn numbered_lines_arrive_once_and_in_order() {
    let lab = Lab::up_with("logs", &["ctl1"], &["python3", "logrotate", "gzip"]);
    lab.exec("ctl1", "mkdir -p /var/log/counter /var/lib");
    lab.exec_with("ctl1", "cat >/usr/local/bin/counter; chmod 755 /usr/local/bin/counter", COUNTER);
    lab.exec_with("ctl1", "cat >/etc/systemd/system/counter.service", UNIT);
    lab.exec_with("ctl1", "cat >/etc/counter.rotate; chmod 644 /etc/counter.rotate", RULES);
    lab.exec("ctl1", "systemctl daemon-reload; systemctl enable --now counter");
    let cpmg = Cpmg::new();
    module(&cpmg.own_roles());
    cpmg.ok(&["catalog", "check"]);
    cpmg.ok(&["env", "add", "prod", "--platform", "debian-12-counter"]);
    cpmg.ok(&["env", "set", "prod", "--modules", "counter"]);
    cpmg.adopt(&lab, "prod", "ctl1", &["controller"]);
    let site = Site { lab, cpmg };
    site.write_on(500);

    site.cpmg.ok(&["logs", "collect", "prod", "on", "--backfill", "1"]);
    wait_until("the node is followed", || {
        let told = site.cpmg.json(&["logs", "sources", "prod"]);
        told["nodes"][0]["state"].get("following").is_some() && told["records"].as_u64() > Some(500)
    });
    site.check();
    assert_eq!(site.numbers("created")[0], 0, "the last hour is all there is");

    for _ in 0..3 {
        site.write_on(300);
        site.rotate();
    }
    site.check();

    // The link is cut, and the logs are rotated so often that the one that was followed is compressed.
    site.lab.run(&["cut", "ctl1"]);
    for _ in 0..3 {
        site.write_on(300);
        site.rotate();
    }
    site.lab.run(&["mend", "ctl1"]);
    site.check();

    // The engine dies.
    site.write_on(100);
    site.cpmg.kill_engine();
    site.write_on(300);
    site.rotate();
    site.rotate();
    site.check();

    // The node boots anew.
    site.write_on(100);
    site.lab.run(&["reboot", "ctl1"]);
    site.write_on(300);
    site.rotate();
    site.check();

    let told = site.cpmg.json(&["logs", "sources", "prod"]);
    let journal = told["sources"].as_array().unwrap().iter().find(|s| s["kind"] == "journal");
    assert!(
        journal.is_some_and(|s| s["records"].as_u64() > Some(5)),
        "the journal's entries are here: {told}"
    );
    let found = site.cpmg.ok(&["logs", "prod", "service=created", "text=n=17$"]);
    assert_eq!(found.lines().count(), 1, "{found}");
    site.cpmg.ok(&["logs", "collect", "prod", "off"]);
    let audit = site.cpmg.ok(&["audit"]);
    assert!(audit.contains("stopped collecting logs"), "{audit}");
}
