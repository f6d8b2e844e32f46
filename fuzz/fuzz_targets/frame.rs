#![no_main]
//! What comes over the socket, cut into pieces as it may: frames of clients to the engine, of the engine to clients, and the first words of both.

use cpmg::api::codec::{decode, decode_request, encode, framing};
use cpmg::api::message::{ClientFrame, EngineFrame};
use cpmg::api::{FRAME_MAX, Hello};
use tokio_util::bytes::BytesMut;
use tokio_util::codec::Decoder;

/// What was understood is understood again after it was written.
fn again(frame: &ClientFrame) {
    let Ok(bytes) = encode(frame) else { return };
    let back = decode_request(&bytes).expect("what we wrote is read");
    assert_eq!(encode(&back).expect("what we read is written"), bytes);
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // The content of one frame.
    if let Ok(frame) = decode_request(data) {
        again(&frame);
    }
    let _ = decode::<EngineFrame>(data);
    let _ = decode::<Hello>(data);
    // Frames in a stream of pieces; the first byte says how long pieces are.
    let Some((size, stream)) = data.split_first() else { return };
    let (mut codec, mut held) = (framing(FRAME_MAX), BytesMut::new());
    for piece in stream.chunks(usize::from(*size).max(1)) {
        held.extend_from_slice(piece);
        loop {
            match codec.decode(&mut held) {
                Ok(Some(frame)) => drop(decode_request(&frame)),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
});
