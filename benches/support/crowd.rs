//! Simulated nodes (real SSH, nothing runs) in a process of their own, so that their memory and CPU are not the engine's.

use cpmg::sim::{self, SimOptions};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddrV4;
use std::process::{Child, Command, Stdio};

/// The process of the nodes: prints a line for each, then `ready`; ends with its standard input.
pub fn serve(options: SimOptions) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let handle = runtime.block_on(sim::start(options)).expect("simulated nodes");
    for node in &handle.nodes {
        println!("{} {}", node.name, node.address);
    }
    println!("ready");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// The nodes, gone when dropped.
pub struct Crowd {
    child: Child,
    /// Names and addresses.
    pub all: Vec<(String, SocketAddrV4)>,
}

impl Crowd {
    /// Starts this program again; with `args` it must call [`serve`].
    pub fn start(args: &[String]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program again");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let all = lines
            .take_while(|l| l != "ready")
            .map(|l| {
                let (name, address) = l.split_once(' ').expect("name and address");
                (name.to_owned(), address.parse().unwrap())
            })
            .collect();
        Self { child, all }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
