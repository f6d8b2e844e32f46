//! Frames to bytes and back.
//!
//! MessagePack with named fields, addresses as text: rows of unknown kinds are told apart by way of serde's buffer, which
//! knows only the forms for human readers. What does not decode is not an end of the connection: a client skips a frame it does not
//! understand, the engine refuses it by its number.

use super::message::ClientFrame;
use super::{ANSWER_MAX, FRAME_MAX, Request};
use crate::domain::said::whole;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::bytes::Bytes;
use tokio_util::codec::LengthDelimitedCodec;

/// The framing of the socket, for frames of at most `max` bytes.
pub fn framing(max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(max).new_codec()
}

/// A frame that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CodecFault {
    /// Cannot be written.
    #[error("the message cannot be encoded: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
    /// Cannot be read.
    #[error("the message cannot be understood: {0}")]
    Decode(#[from] rmp_serde::decode::Error),
    /// Too large for one frame.
    #[error("the message has {0} bytes, more than one frame takes")]
    TooLarge(usize),
}

/// A value as the content of one frame of a client.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes, CodecFault> {
    encode_within(value, FRAME_MAX)
}

/// A value as the content of one frame of the engine.
pub fn encode_answer<T: Serialize>(value: &T) -> Result<Bytes, CodecFault> {
    encode_within(value, ANSWER_MAX)
}

fn encode_within<T: Serialize>(value: &T, max: usize) -> Result<Bytes, CodecFault> {
    let mut bytes = Vec::new();
    let mut to = rmp_serde::Serializer::new(&mut bytes).with_struct_map().with_human_readable();
    whole(|| value.serialize(&mut to))?;
    if bytes.len() > max {
        return Err(CodecFault::TooLarge(bytes.len()));
    }
    Ok(bytes.into())
}

/// The value in one frame.
pub fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, CodecFault> {
    Ok(T::deserialize(&mut rmp_serde::Deserializer::from_read_ref(frame).with_human_readable())?)
}

/// A client's frame; a request that this release does not know becomes [`Request::Unknown`] with its number kept.
pub fn decode_request(frame: &[u8]) -> Result<ClientFrame, CodecFault> {
    #[derive(Deserialize)]
    struct OnlyId {
        id: u64,
    }
    decode::<ClientFrame>(frame).or_else(|fault| {
        let OnlyId { id } = decode(frame).map_err(|_| fault)?;
        Ok(ClientFrame { id, key: None, request: Request::Unknown })
    })
}

#[cfg(test)]
mod tests {
    use super::super::message::{EngineFrame, Hello, ShellBytes};
    use super::super::rows::{Row, Topic, Update};
    use super::*;
    use crate::domain::ids::{EnvId, ShellId};
    use crate::domain::said::Said;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_sentence_that_is_kept_comes_back_whole() {
        let inner = Said::keyed("10.0.0.1:22 refused", "error-ssh-refused").arg("host", "10.0.0.1:22");
        let said = Said::keyed("not known: 10.0.0.1:22 refused", "step-lost-unknown").arg("why", inner);
        assert_eq!(decode::<Said>(&encode(&said).unwrap()).unwrap(), said);
        // As records of before have it.
        assert_eq!(
            decode::<Said>(&encode(&"the node is off").unwrap()).unwrap(),
            Said::from("the node is off")
        );
    }

    #[test]
    fn round_trip_of_bytes_is_compact() {
        let frame = EngineFrame::Shell(ShellBytes {
            shell: ShellId(1),
            offset: 5,
            more: false,
            redraw: false,
            cols: 80,
            rows: 24,
            bytes: vec![0xff; 1000],
            ended: None,
        });
        let bytes = encode(&frame).unwrap();
        assert!(bytes.len() < 1_100, "{}", bytes.len());
        let EngineFrame::Shell(back) = decode(&bytes).unwrap() else { panic!("another frame") };
        assert_eq!(back.bytes, vec![0xff; 1000]);
    }

    #[test]
    fn only_the_engine_may_send_large_frames() {
        let large = vec!["x".repeat(1000); 2 * FRAME_MAX / 1000];
        assert!(matches!(encode(&large), Err(CodecFault::TooLarge(_))));
        assert!(encode_answer(&large).is_ok());
    }

    #[test]
    fn an_unknown_request_keeps_its_number() {
        #[derive(Serialize)]
        struct Future {
            id: u64,
            request: BTreeMap<&'static str, u8>,
        }
        let bytes = encode(&Future { id: 42, request: BTreeMap::from([("teleport", 1)]) }).unwrap();
        let frame = decode_request(&bytes).unwrap();
        assert_eq!(frame.id, 42);
        assert!(matches!(frame.request, Request::Unknown));
    }

    #[test]
    fn an_unknown_row_does_not_spoil_its_update() {
        #[derive(Serialize)]
        struct Future {
            topic: Topic,
            revision: u64,
            snapshot: bool,
            rows: Vec<BTreeMap<&'static str, BTreeMap<&'static str, u8>>>,
        }
        let rows = vec![BTreeMap::from([("hologram", BTreeMap::from([("x", 1)]))])];
        let bytes =
            encode(&Future { topic: Topic::Nodes(EnvId(3)), revision: 1, snapshot: true, rows }).unwrap();
        let update: Update = decode(&bytes).unwrap();
        assert_eq!(update.rows, vec![Row::Unknown]);
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let row = Row::Found(crate::api::rows::FoundRow {
            address: "10.0.0.7".parse().unwrap(),
            port: 22,
            banner: "SSH-2.0-OpenSSH_9.2".into(),
            ssh: true,
            node: None,
            first: crate::domain::time::Moment(1),
            last: crate::domain::time::Moment(2),
            new: false,
            missing: None,
            host_key: None,
            mac: None,
            twins: Vec::new(),
        });
        let rows = vec![row];
        let update = Update {
            topic: Topic::Nodes(EnvId(3)),
            revision: 1,
            snapshot: true,
            rows: rows.clone(),
            gone: vec![],
        };
        let back: Update = decode(&encode(&update).unwrap()).unwrap();
        assert_eq!(back.rows, rows);
    }

    #[test]
    fn fields_may_be_missing_or_new() {
        let bytes =
            rmp_serde::to_vec_named(&serde_json::json!({"protocol": 9, "release": "x", "mood": "good"}))
                .unwrap();
        let hello: Hello = decode(&bytes).unwrap();
        assert_eq!((hello.protocol, hello.first_start), (9, false));
    }

    proptest! {
        #[test]
        fn hostile_frames_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_request(&bytes);
            let _ = decode::<EngineFrame>(&bytes);
        }
    }
}
