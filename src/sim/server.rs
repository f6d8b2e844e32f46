//! Real SSH for simulated nodes: russh's server side, one listener a node.

use super::Credentials;
use super::fault::Trouble;
use super::machine;
use super::node::SimNode;
use super::serve::Serve;
use super::shell::Shell;
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelMsg, ChannelOpenFailure, SshId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Channels at once on one connection, as sshd's `MaxSessions`.
const CHANNELS_MAX: usize = 10;
/// Most bytes taken from a command's standard input.
const STDIN_MAX: usize = 64 << 20;
/// Account that may log in.
pub(super) const USER: &str = "root";

/// What all nodes share.
pub(super) struct Door {
    pub(super) credentials: Credentials,
    pub(super) public: PublicKey,
}

fn config(key: PrivateKey) -> Arc<Config> {
    Arc::new(Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-OpenSSH_9.2p1 simulated")),
        auth_rejection_time: Duration::from_millis(300),
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        inactivity_timeout: None,
        max_auth_attempts: 6,
        nodelay: true,
        ..Config::default()
    })
}

/// Serves one node until `stop`.
pub(super) async fn listen(
    node: Arc<SimNode>,
    listener: TcpListener,
    keys: [PrivateKey; 2],
    door: Arc<Door>,
    stop: CancellationToken,
) {
    let [first, other] = keys.map(config);
    let mut connections = 0_u64;
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors: others may be given back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        connections += 1;
        let changed = connections > 1 && node.has(&Trouble::HostKey);
        let config = Arc::clone(if changed { &other } else { &first });
        let connection = connection(Arc::clone(&node), stream, config, Arc::clone(&door));
        let (stop, link) = (stop.clone(), node.link());
        tokio::spawn(async move {
            tokio::select! {
                () = connection => {}
                () = stop.cancelled() => {}
                () = link.cancelled() => {}
            }
        });
    }
}

/// One connection. The bytes go through a pipe of ours, so that dropping this future breaks the connection at once.
async fn connection(node: Arc<SimNode>, mut stream: TcpStream, config: Arc<Config>, door: Arc<Door>) {
    let _ = stream.set_nodelay(true);
    let (mut near, far) = tokio::io::duplex(256 * 1024);
    let handler = Guest { node, door, channels: HashMap::new(), open: Arc::default() };
    let session = async move {
        if let Ok(session) = russh::server::run_stream(config, far, handler).await
            && let Err(e) = session.await
        {
            tracing::debug!("a connection to a simulated node ended: {e}");
        }
    };
    // The bytes to the client go on after the session has ended, hence no select.
    let _ = tokio::join!(session, tokio::io::copy_bidirectional(&mut stream, &mut near));
}

struct Guest {
    node: Arc<SimNode>,
    door: Arc<Door>,
    channels: HashMap<ChannelId, (Channel<Msg>, Place)>,
    open: Arc<AtomicUsize>,
}

/// One of a connection's channels; given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(of: &Arc<AtomicUsize>) -> Option<Self> {
        let taken = of.fetch_add(1, Ordering::Relaxed);
        let place = Self(Arc::clone(of));
        (taken < CHANNELS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        // Compared, not kept.
        let good = user == USER && password == self.door.credentials.password.reveal();
        Ok(if good { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        let good = user == USER && offer.public_key.key_data() == self.door.public.key_data();
        Ok(if good { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let good = user == USER && key.public_key.key_data() == self.door.public.key_data();
        Ok(if good { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        match Place::take(&self.open) {
            Some(place) => {
                self.channels.insert(channel.id(), (channel, place));
                reply.accept().await;
            }
            None => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        let Some((channel, place)) = self.channels.remove(&channel) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel.id())?;
        tokio::spawn(shell(Arc::clone(&self.node), channel, place));
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some((channel, place)) = self.channels.remove(&channel) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel.id())?;
        let command = String::from_utf8_lossy(data).into_owned();
        tokio::spawn(exec(Arc::clone(&self.node), channel, command, place));
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&channel);
        Ok(())
    }
}

async fn shell(node: Arc<SimNode>, mut channel: Channel<Msg>, _place: Place) {
    let mut shell = Shell::new(node);
    let mut out = shell.greeting();
    loop {
        if !out.is_empty() && channel.data_bytes(std::mem::take(&mut out)).await.is_err() {
            return;
        }
        if let Some(status) = shell.ended {
            let _ = channel.exit_status(status).await;
            break;
        }
        match channel.wait().await {
            Some(ChannelMsg::Data { data }) => out = shell.push(&data),
            Some(ChannelMsg::Eof | ChannelMsg::Close) | None => break,
            Some(_) => {}
        }
    }
    let _ = channel.eof().await;
    let _ = channel.close().await;
}

async fn exec(node: Arc<SimNode>, mut channel: Channel<Msg>, command: String, _place: Place) {
    let status = if let Some(folder) = runner_folder(&command) {
        serve(node, &mut channel, folder).await
    } else if command.contains("program perl") {
        // The connectivity check: there are no wires, and to say that all is well would be a lie.
        let words = "this node is simulated: it has no wires that could be checked\n";
        let _ = channel.extended_data_bytes(1, words).await;
        1
    } else {
        let stdin = read_stdin(&mut channel).await;
        let (out, err, status) = once(&node, &command, &stdin);
        let _ = channel.data_bytes(out).await;
        if !err.is_empty() {
            let _ = channel.extended_data_bytes(1, err).await;
        }
        status
    };
    let _ = channel.exit_status(status).await;
    let _ = channel.eof().await;
    let _ = channel.close().await;
}

async fn read_stdin(channel: &mut Channel<Msg>) -> Vec<u8> {
    let mut stdin = Vec::new();
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } if stdin.len() + data.len() <= STDIN_MAX => {
                stdin.extend_from_slice(&data);
            }
            ChannelMsg::Eof | ChannelMsg::Close => break,
            _ => {}
        }
    }
    stdin
}

/// The job's folder of a command that starts `runner.sh serve`.
fn runner_folder(command: &str) -> Option<String> {
    let before =
        command.strip_suffix("serve")?.trim_end().trim_end_matches(['\'', '"']).strip_suffix("/runner.sh")?;
    Some(before.rsplit([' ', '\'', '"']).next().unwrap_or_default().to_owned())
}

/// The word after the last `mark` of a command.
fn word_after<'a>(command: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = command.rsplit_once(mark)?;
    let rest = rest.trim_start().trim_start_matches(['\'', '"', '\\']);
    rest.split([' ', '\'', '"', '\\', ';', '&']).next().filter(|w| !w.is_empty())
}

/// A command that ends by itself: what it printed on standard output and standard error, and its exit status.
fn once(node: &SimNode, command: &str, stdin: &[u8]) -> (String, String, u32) {
    let good = |out: String| (out, String::new(), 0);
    // A job's files: the folder is the script's only argument.
    if command.contains("tar -x")
        && let Some(folder) = word_after(command, " sh ")
    {
        return match node.unpack(folder, stdin) {
            Ok(()) => good(String::new()),
            Err(e) => (String::new(), format!("tar: {e}\n"), 2),
        };
    }
    if command.contains("cat >")
        && let Some(path) = word_after(command, "cat >")
    {
        // A secret is told by its name alone.
        let bytes = if path.contains("/secrets-") { Vec::new() } else { stdin.to_vec() };
        node.write(path.to_owned(), bytes);
        return good(String::new());
    }
    if command.contains("rm -rf ")
        && let Some(path) = word_after(command, "rm -rf ")
    {
        node.remove(path);
        return good(String::new());
    }
    let script = String::from_utf8_lossy(stdin);
    if command.contains("os-release") || script.contains("os-release") {
        return good(machine::facts(node));
    }
    if script.contains("systemctl show") || command.starts_with("systemctl ") {
        // As of the wires: a list of services that nobody runs would be made up.
        return (String::new(), "this node is simulated: no service runs on it\n".to_owned(), 1);
    }
    let plain = command.strip_prefix("sh -c ").map_or(command, |c| c.trim_matches('\''));
    let first = plain.split_ascii_whitespace().next().unwrap_or_default();
    match machine::command(node, plain) {
        Some((out, status)) => (out, String::new(), status),
        None => (String::new(), format!("sh: {first}: not found (this node is simulated)\n"), 127),
    }
}

async fn serve(node: Arc<SimNode>, channel: &mut Channel<Msg>, folder: String) -> u32 {
    let script = format!("{folder}/runner.sh");
    if !node.has_file(&script) {
        let text = format!("sh: 0: cannot open {script}: No such file\n");
        let _ = channel.extended_data_bytes(1, text).await;
        return 2;
    }
    let mut news = node.news.subscribe();
    let mut serve = Serve::new(node, folder);
    loop {
        let end = serve.next_end();
        let at_end = async {
            match end {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let mut out = tokio::select! {
            message = channel.wait() => match message {
                Some(ChannelMsg::Data { data }) => serve.push(&data),
                Some(ChannelMsg::Eof | ChannelMsg::Close) | None => return 0,
                Some(_) => Vec::new(),
            },
            () = at_end => Vec::new(),
            _ = news.changed() => Vec::new(),
        };
        out.extend(serve.ended());
        if !out.is_empty() && channel.data_bytes(out).await.is_err() {
            return 1;
        }
        if serve.over {
            return 0;
        }
    }
}
