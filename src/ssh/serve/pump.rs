//! The bytes between a channel and its program.

use super::guest::Place;
use super::{Held, Program};
use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Most bytes in one message.
const CHUNK: usize = 16 * 1024;
/// How long a program may take to end after its client has gone.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Exit status of what was not started.
const NOT_STARTED: u32 = 126;
/// Exit status of what was cut off.
const CUT_OFF: u32 = 129;

/// What the client wants of the program besides input.
enum Order {
    Resize(u16, u16),
    HangUp,
}

/// Runs to the end of the program or of the channel.
pub(super) async fn run(
    channel: Channel<Msg>,
    program: Result<Program, String>,
    place: Place,
    farewell: CancellationToken,
) {
    let (from, to) = channel.split();
    let status = match program {
        Ok(program) => serve(from, &to, program, farewell).await,
        Err(sentence) => {
            let _ = to.extended_data_bytes(1, format!("cpmg: {sentence}\r\n")).await;
            NOT_STARTED
        }
    };
    // Before the client hears of the end: it may open the next one at once.
    drop(place);
    let _ = to.exit_status(status).await;
    let _ = to.eof().await;
    let _ = to.close().await;
}

async fn serve(
    from: ChannelReadHalf,
    to: &ChannelWriteHalf<Msg>,
    program: Program,
    farewell: CancellationToken,
) -> u32 {
    let Program { input, output, errors, mut held } = program;
    let (order, mut orders) = mpsc::channel(8);
    let up = upwards(from, input, order);
    let down = async {
        tokio::join!(downwards(output, to, None), async {
            if let Some(errors) = errors {
                downwards(errors, to, Some(1)).await;
            }
        });
    };
    let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
    let mut fed = false;
    loop {
        tokio::select! {
            () = &mut down => break,
            () = &mut up, if !fed => fed = true,
            Some(order) = orders.recv() => match order {
                Order::Resize(cols, rows) => held.resize(cols, rows),
                Order::HangUp => return cut(&mut down, held).await,
            },
            () = farewell.cancelled() => {
                let status = cut(&mut down, held).await;
                let _ = to.extended_data_bytes(1, "cpmg: this session has ended\r\n").await;
                return status;
            }
        }
    }
    tokio::time::timeout(LAST_WORDS, held.ended()).await.unwrap_or(CUT_OFF)
}

/// The program's terminal hangs up; what it says to that still goes out.
async fn cut(down: &mut (impl Future<Output = ()> + Unpin), mut held: Box<dyn Held>) -> u32 {
    held.hang_up();
    let _ = tokio::time::timeout(LAST_WORDS, down).await;
    let _ = tokio::time::timeout(LAST_WORDS, held.ended()).await;
    CUT_OFF
}

async fn upwards(
    mut from: ChannelReadHalf,
    input: Box<dyn AsyncWrite + Send + Unpin>,
    order: mpsc::Sender<Order>,
) {
    let mut input = Some(input);
    loop {
        match from.wait().await {
            Some(ChannelMsg::Data { data }) => {
                if let Some(to) = &mut input
                    && (to.write_all(&data).await.is_err() || to.flush().await.is_err())
                {
                    // It reads no more; what it prints goes on.
                    input = None;
                }
            }
            Some(ChannelMsg::WindowChange { col_width, row_height, .. }) => {
                let side = |n: u32| u16::try_from(n.clamp(1, 1000)).unwrap_or(80);
                let _ = order.send(Order::Resize(side(col_width), side(row_height))).await;
            }
            Some(ChannelMsg::Eof) => input = None,
            Some(ChannelMsg::Close) | None => {
                let _ = order.send(Order::HangUp).await;
                return;
            }
            Some(_) => {}
        }
    }
}

async fn downwards(
    mut output: Box<dyn AsyncRead + Send + Unpin>,
    to: &ChannelWriteHalf<Msg>,
    kind: Option<u32>,
) {
    let mut chunk = vec![0; CHUNK];
    // A terminal whose program has ended gives an error: that is its end.
    while let Ok(n) = output.read(&mut chunk).await {
        let Some(bytes) = chunk.get(..n).filter(|b| !b.is_empty()) else { return };
        let sent = match kind {
            None => to.data_bytes(bytes.to_vec()).await,
            Some(kind) => to.extended_data_bytes(kind, bytes.to_vec()).await,
        };
        if sent.is_err() {
            return;
        }
    }
}
