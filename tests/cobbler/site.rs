//! The fixture: `tests/cobbler/site` and `tests/cobbler/rack`, ended when dropped.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

fn program(name: &str) -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name))
}

/// A Cobbler server and machines.
pub struct Site {
    instance: String,
    /// Where the server is.
    pub url: String,
    rack: Child,
    said: Arc<(Mutex<Vec<String>>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Site {
    /// Sets it up with these machines; they run, and Cobbler does not know them yet.
    pub fn up(instance: &str, nodes: &[&str]) -> Self {
        let up =
            program("cobbler/site").args([instance, "up", &nodes.join(",")]).output().expect("a program");
        let words = String::from_utf8_lossy(&up.stderr).into_owned();
        assert!(up.status.success(), "the site could not be set up: {words}");
        let url = String::from_utf8_lossy(&up.stdout).trim().to_owned();
        let mut rack = program("cobbler/rack")
            .arg(instance)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the rack");
        let said: Arc<(Mutex<Vec<String>>, Condvar)> = Arc::default();
        let (theirs, lines) =
            (Arc::clone(&said), BufReader::new(rack.stdout.take().expect("its output")).lines());
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                theirs.0.lock().unwrap().push(line);
                theirs.1.notify_all();
            }
        });
        let site = Self { instance: instance.to_owned(), url, rack, said, reader: Some(reader) };
        site.wait("ready");
        site
    }

    /// Waits until the rack has said that line; how often it did.
    pub fn wait(&self, line: &str) -> usize {
        let (lines, more) = &*self.said;
        let count = |l: &Vec<String>| l.iter().filter(|l| *l == line).count();
        let (guard, over) = more
            .wait_timeout_while(lines.lock().unwrap(), crate::lab::PATIENCE, |l| count(l) == 0)
            .expect("a lock");
        assert!(!over.timed_out(), "the rack never said '{line}': {:?}", *guard);
        count(&guard)
    }

    /// What the rack has said so far.
    pub fn said(&self, line: &str) -> usize {
        self.said.0.lock().unwrap().iter().filter(|l| *l == line).count()
    }

    /// Orders the rack: `fail`, `hang`, `dead`, `well`.
    pub fn order(&mut self, node: &str, order: &str) {
        let before = self.said(&format!("told {node} {order}"));
        writeln!(self.rack.stdin.as_mut().expect("its input"), "{node} {order}").expect("it reads");
        crate::lab::wait_until("the rack has its order", || {
            self.said(&format!("told {node} {order}")) > before
        });
    }

    /// Runs a command of the site, which must succeed.
    pub fn run(&self, args: &[&str]) {
        let done = program("cobbler/site").arg(&self.instance).args(args).output().expect("a program");
        assert!(done.status.success(), "site {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Runs a command of the lab, which must succeed.
    pub fn lab(&self, args: &[&str]) -> String {
        let done = program("lab/lab")
            .args(["--instance", &self.instance])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("a program");
        assert!(done.status.success(), "lab {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// Runs a shell command on the Cobbler server.
    pub fn server(&self, script: &str) -> String {
        self.lab(&["exec", "cobbler", "sh", "-c", script])
    }

    /// MAC address, address of a machine.
    pub fn machine(&self, name: &str) -> (String, String) {
        let status: Value = serde_json::from_str(&self.lab(&["status", "--json"])).expect("JSON of the lab");
        let node = status["nodes"]
            .as_array()
            .expect("nodes")
            .iter()
            .find(|n| n["name"] == name)
            .expect("the machine");
        let text = |key: &str| node[key].as_str().expect("a text").to_owned();
        (text("mac"), text("address"))
    }

    /// What a machine would boot from the network now.
    pub fn boot_file(&self, name: &str) -> String {
        let mac = self.machine(name).0.replace(':', "-");
        self.server(&format!("cat /srv/tftpboot/pxelinux.cfg/01-{mac}"))
    }

    /// The machine id of a machine; a new one means that it was installed anew.
    pub fn machine_id(&self, name: &str) -> String {
        self.lab(&["exec", name, "cat", "/etc/machine-id"]).trim().to_owned()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.rack.stdin.take()); // that ends it
        let _ = self.rack.kill();
        let _ = self.rack.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let _ = program("cobbler/site").args([&self.instance, "down"]).status();
    }
}
