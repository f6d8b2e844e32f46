//! The other contenders: what they are started with.

use crate::{Field, lines};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

pub const ALL: [&str; 3] = ["ansible", "pyinfra", "parallel-ssh"];

/// A contender that is installed.
pub struct Tool {
    name: &'static str,
    /// Folder of its programs.
    bin: PathBuf,
}

/// Looks into the folder that `run` fills.
pub fn find(name: &'static str) -> Option<Tool> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let bin = cache.join("cpmg-fleet").join(name).join("bin");
    let proof = match name {
        "ansible" => "ansible-playbook",
        "pyinfra" => "pyinfra",
        _ => "has-parallel-ssh",
    };
    bin.join(proof).exists().then_some(Tool { name, bin })
}

impl Tool {
    pub fn command(&self, field: &Field) -> Command {
        match self.name {
            "ansible" => self.ansible(field),
            "pyinfra" => self.pyinfra(field),
            _ => self.parallel_ssh(field),
        }
    }

    fn ansible(&self, field: &Field) -> Command {
        let write = |name: &str, text: &str| std::fs::write(field.scratch.join(name), text).unwrap();
        let mut inventory = String::from("[all]\n");
        for node in &field.nodes {
            let (address, folder) = (node.address, node.folder.display());
            writeln!(inventory, "{address} workdir={folder}").unwrap();
        }
        write("inventory", &inventory);
        let mut play = String::from("- hosts: all\n  gather_facts: false\n  tasks:\n");
        for k in 0..field.steps {
            writeln!(
                play,
                "    - name: step {k}\n      ansible.builtin.shell: |\n        DIR='{{{{ workdir }}}}'"
            )
            .unwrap();
            for line in lines(k).lines() {
                writeln!(play, "        {line}").unwrap();
            }
        }
        write("play.yml", &play);
        write(
            "ansible.cfg",
            &format!(
                "[defaults]\nforks = {}\nhost_key_checking = False\nremote_user = {}\nprivate_key_file = {}\n\
                 remote_port = {}\ninterpreter_python = /usr/bin/python3\nlocal_tmp = {}\n\
                 [ssh_connection]\npipelining = True\n\
                 ssh_args = -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=/dev/null\n\
                 control_path_dir = {}\n",
                field.nodes.len(),
                field.user,
                field.key.display(),
                field.port,
                field.scratch.join("tmp").display(),
                field.scratch.join("cp").display(),
            ),
        );
        let mut command = Command::new(self.bin.join("ansible-playbook"));
        command.args(["-i", "inventory", "play.yml"]).current_dir(&field.scratch);
        command.env("ANSIBLE_CONFIG", field.scratch.join("ansible.cfg"));
        command
    }

    fn pyinfra(&self, field: &Field) -> Command {
        let mut inventory = String::from("nodes = [\n");
        for node in &field.nodes {
            let folder = node.folder.display();
            writeln!(
                inventory,
                "    ('{}', {{'workdir': '{folder}', 'ssh_port': {}, 'ssh_user': '{}', 'ssh_key': '{}', \
                 'ssh_known_hosts_file': '/dev/null', 'ssh_strict_host_key_checking': 'off'}}),",
                node.address,
                field.port,
                field.user,
                field.key.display()
            )
            .unwrap();
        }
        inventory.push_str("]\n");
        std::fs::write(field.scratch.join("inventory.py"), inventory).unwrap();
        let mut deploy = String::from("from pyinfra import host\nfrom pyinfra.operations import server\n");
        for k in 0..field.steps {
            let text = format!("{:?}", lines(k));
            writeln!(
                deploy,
                "server.shell(name='step {k}', commands=[\"DIR='\" + host.data.workdir + \"'\\n\" + {text}])"
            )
            .unwrap();
        }
        std::fs::write(field.scratch.join("deploy.py"), deploy).unwrap();
        let mut command = Command::new(self.bin.join("pyinfra"));
        command.args(["-y", "inventory.py", "deploy.py"]).current_dir(&field.scratch);
        command
    }

    fn parallel_ssh(&self, field: &Field) -> Command {
        let hosts: Vec<String> = field.nodes.iter().map(|n| n.address.to_string()).collect();
        let folders: Vec<String> = field.nodes.iter().map(|n| n.folder.display().to_string()).collect();
        let steps: Vec<String> = (0..field.steps).map(lines).collect();
        let script = format!(
            "from pssh.clients import ParallelSSHClient\n\
             hosts = {hosts:?}\nfolders = {folders:?}\nsteps = {steps:?}\n\
             client = ParallelSSHClient(hosts, user='{}', port={}, pkey='{}', allow_agent=False, pool_size={})\n\
             size = 0\n\
             for step in steps:\n\
             \x20   commands = [\"DIR='\" + f + \"'\\n\" + step for f in folders]\n\
             \x20   output = client.run_command('%s', host_args=commands)\n\
             \x20   client.join(output)\n\
             \x20   for one in output:\n\
             \x20       size += sum(len(line) + 1 for line in one.stdout)\n\
             \x20       assert one.exit_code == 0\n\
             print(size)\n",
            field.user,
            field.port,
            field.key.display(),
            hosts.len(),
        );
        let path = field.scratch.join("race.py");
        std::fs::write(&path, script).unwrap();
        let mut command = Command::new(self.bin.join("python3"));
        command.arg(path);
        command
    }
}
