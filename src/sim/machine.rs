//! What a simulated node says about itself and what its commands answer. Made up, the same for the same number.

use super::node::SimNode;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the node's system is called.
const SYSTEM: &str = "Debian GNU/Linux 12 (bookworm)";
/// Version of its kernel.
const KERNEL: &str = "6.1.0-28-amd64";

/// Answer to the script of facts: one `key=value` a line between `facts=1` and `end=1`.
pub(super) fn facts(node: &SimNode) -> String {
    let n = node.index + 1;
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    let mut out = format!(
        "facts=1\nclock_ms={clock}\nhostname={}\nmachine_id={n:032x}\nboot_id={}\nos_id=debian\nos_version=12\n\
         os_pretty={SYSTEM}\nkernel={KERNEL}\narch=x86_64\ncpus={}\ncpu_model=Simulated CPU @ 2.40GHz\nvirt_flags=vmx\n\
         memory_kb={}\nuid=0\nutc_offset=+0000\nvirt_kind=none\nkvm=yes\nroot=468843604 402653184\n\
         clock_synchronised=yes\nclock_service=systemd-timesyncd\n",
        node.name,
        node.boot_id(),
        cpus(n),
        memory_mb(n) * 1024,
    );
    let _ = writeln!(out, "disk=sda {} 0", 480_103_981_056_u64);
    if n % 3 != 1 {
        let _ = writeln!(out, "disk=sdb {} 1", 4_000_787_030_016_u64);
    }
    for (i, (name, speed)) in
        [("eno1", 1_000), ("ens2f0", 25_000), ("ens2f1", 25_000)].into_iter().enumerate()
    {
        let mac = format!("02:51:{:02x}:{:02x}:00:{i:02x}", n / 256 % 256, n % 256);
        let _ = writeln!(out, "nic={name} {mac} {speed}:1:1500 {} up", if i == 0 { "igb" } else { "ice" });
    }
    let _ = write!(
        out,
        "address=eno1 {}/16\ngateway=127.77.255.254\ngateway_nic=eno1\nsystemd=running\npython=3.11\n\
         package_manager=apt\nend=1\n",
        node.address.ip()
    );
    out
}

fn cpus(n: usize) -> usize {
    if n.is_multiple_of(2) { 32 } else { 16 }
}

fn memory_mb(n: usize) -> usize {
    if n.is_multiple_of(2) { 131_072 } else { 65_536 }
}

/// What a command printed and its exit status; `None` for one that a simulated node does not know.
pub(super) fn command(node: &SimNode, line: &str) -> Option<(String, u32)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (name, rest) = words.split_first()?;
    let up = node.clock.now().as_secs();
    let text = match *name {
        "true" | ":" | "clear" => String::new(),
        "false" => return Some((String::new(), 1)),
        "hostname" => format!("{}\n", node.name),
        "whoami" => "root\n".to_owned(),
        "id" if rest == ["-u"] => "0\n".to_owned(),
        "id" => "uid=0(root) gid=0(root) groups=0(root)\n".to_owned(),
        "pwd" => "/root\n".to_owned(),
        "echo" => format!("{}\n", rest.join(" ")),
        "ls" => "openrc  simulated.txt\n".to_owned(),
        "uname" if rest == ["-n"] => format!("{}\n", node.name),
        "uname" if rest == ["-r"] => format!("{KERNEL}\n"),
        "uname" if rest == ["-m"] => "x86_64\n".to_owned(),
        "uname" if rest.is_empty() => "Linux\n".to_owned(),
        "uname" => format!("Linux {} {KERNEL} #1 SMP simulated x86_64 GNU/Linux\n", node.name),
        "uptime" => {
            format!(" up {} min,  1 user,  load average: 0.42, 0.31, 0.20 (simulated time)\n", up / 60)
        }
        "nproc" => format!("{}\n", cpus(node.index + 1)),
        "free" => format!("Mem: {} MB in all, half of them used\n", memory_mb(node.index + 1)),
        "cat" if rest == ["/etc/os-release"] => {
            format!("PRETTY_NAME=\"{SYSTEM}\"\nID=debian\nVERSION_ID=\"12\"\n")
        }
        "cat" if rest == ["simulated.txt"] => {
            "This node is simulated: nothing that is typed here runs.\n".to_owned()
        }
        "cat" if rest == ["/proc/sys/kernel/random/boot_id"] => format!("{}\n", node.boot_id()),
        "help" => {
            "This node is simulated. It knows: cat clear echo exit free help hostname id ls nproc pwd uname \
                   uptime whoami\n"
                .to_owned()
        }
        _ => return None,
    };
    Some((text, 0))
}
