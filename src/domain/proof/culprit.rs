//! Whom a service that failed was waiting for.
//!
//! The service that reports a fault is often not the one at fault: Nova says that a port could not be made because Neutron's API hung. What its
//! log (or its answer) says of another service is read here, so that the logs of that one are shown too.

/// How lines name another service: the module, and words of its address, its client or its protocol.
const SIGNS: &[(&str, &[&str])] = &[
    ("neutron", &[":9696", "neutronclient", "NeutronClient", "nova.network.neutron"]),
    ("placement", &[":8778", "nova.scheduler.client.report", "Placement API"]),
    ("glance", &[":9292", "glanceclient", "nova.image.glance"]),
    ("cinder", &[":8776", "cinderclient"]),
    ("nova", &[":8774", "novaclient", "neutron.notifiers.nova"]),
    ("keystone", &[":5000", ":35357", "keystonemiddleware", "KeystoneClient"]),
    ("memcached", &[":11211", "pymemcache", "MemcacheUnexpectedCloseError"]),
    ("rabbitmq", &["MessagingTimeout", "AMQP server", ":5672", "MessageDeliveryFailure"]),
    ("mariadb", &[":3306", "pymysql", "DBConnectionError", "MySQL server"]),
];

/// What waiting in vain is called.
const VAIN: &[&str] = &[
    "timed out",
    "Timed out",
    "timeout",
    "Timeout",
    "refused",
    "REFUSED",
    "ConnectFailure",
    "ConnectionError",
    "Unable to establish connection",
    "unreachable",
    "Service Unavailable",
    "Gateway Time-out",
    "HTTP 502",
    "HTTP 503",
    "HTTP 504",
    "Lost connection",
    "Connection reset",
    "Connection aborted",
    "Can't connect to",
    "MessageDeliveryFailure",
];

/// The module that a line of `of` says it waited for in vain.
fn waits(of: &str, line: &str) -> Option<&'static str> {
    if !VAIN.iter().any(|w| line.contains(w)) {
        return None;
    }
    let named = |words: &&[&str]| words.iter().any(|w| line.contains(w));
    SIGNS
        .iter()
        .filter(|(module, _)| *module != of)
        .find(|(_, words)| named(words))
        .map(|(module, _)| *module)
}

/// Modules that were waited for in vain, the most often named first, each with the module that waited. `lines`: the module whose line it is,
/// and the line.
pub fn culprits<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String, usize)> = Vec::new();
    for (of, line) in lines {
        let Some(module) = waits(of, line) else { continue };
        match all.iter_mut().find(|(m, ..)| *m == module) {
            Some((_, _, count)) => *count += 1,
            None => all.push((module, of.to_owned(), 1)),
        }
    }
    all.sort_by_key(|(_, _, count)| usize::MAX - count);
    all.into_iter().map(|(module, of, _)| (module, of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nova_names_neutron_which_hangs() {
        let lines = [
            (
                "nova",
                "2026-11-21 14:00:01.1 7 ERROR nova.compute.manager [instance: abc] keystoneauth1.exceptions.connection.ConnectTimeout: Request to http://ctl1:9696/networking/v2.0/ports timed out",
            ),
            (
                "nova",
                "2026-11-21 14:00:01.2 7 WARNING nova.network.neutron [-] Timeout asking for ports of abc",
            ),
            (
                "nova",
                "2026-11-21 14:00:02.1 7 ERROR oslo.messaging._drivers.impl_rabbit [-] AMQP server on ctl1:5672 is unreachable: [Errno 111] ECONNREFUSED",
            ),
            ("nova", "2026-11-21 14:00:03.1 7 INFO nova.x [-] GET http://ctl1:9292/v2/images 200"),
        ];
        let found = culprits(lines.into_iter());
        assert_eq!(found, [("neutron", "nova".to_owned()), ("rabbitmq", "nova".to_owned())]);
    }

    #[test]
    fn nobody_waits_for_itself_or_without_saying_so() {
        let lines = [
            ("neutron", "ERROR neutron.x [-] http://ctl1:9696 timed out"),
            ("nova", "ERROR nova.compute.manager [instance: abc] libvirtError: no space"),
            ("nova", "INFO keystonemiddleware: token is good"),
        ];
        assert_eq!(culprits(lines.into_iter()), []);
        let lost =
            "DBConnectionError: (pymysql.err.OperationalError) (2013, 'Lost connection to MySQL server')";
        assert_eq!(culprits([("keystone", lost)].into_iter()), [("mariadb", "keystone".to_owned())]);
    }
}
