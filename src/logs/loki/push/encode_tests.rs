//! Batches: nothing lost, nothing over its bounds, order kept in every stream.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use flate2::read::GzDecoder;
use proptest::prelude::*;
use std::io::Read;

fn record() -> impl Strategy<Value = PushRecord> {
    let text = prop_oneof![
        8 => "[ -~]{0,60}",
        1 => "\\PC{0,40}",
        1 => (0_usize..9_000).prop_map(|n| "x".repeat(n)),
        1 => (0_usize..1_500).prop_map(|n| "\u{0}\u{1b}\"ü".repeat(n)),
    ];
    let time = prop_oneof![1 => Just(None), 9 => (1_000_000_i64..1_000_020).prop_map(Some)];
    ("[ab]", "[xyz]", time, text, "(req-[0-9]{1,4})?").prop_map(|(host, service, time, text, request)| {
        PushRecord {
            cursor: 0,
            time,
            host,
            service,
            text,
            metadata: vec![("request_id", request), ("level", "info".into())],
        }
    })
}

/// All entries of batches: stream, time, line, in the order in which they are in the JSON of their stream.
fn sent(batches: &[Batch]) -> BTreeMap<String, Vec<(i64, String)>> {
    let mut all: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for batch in batches {
        let value: Value = serde_json::from_slice(&batch.json()).unwrap();
        for stream in value["streams"].as_array().unwrap() {
            for entry in stream["values"].as_array().unwrap() {
                let time = entry[0].as_str().unwrap().parse().unwrap();
                let line = entry[1].as_str().unwrap().to_owned();
                assert!(entry.get(2).is_none_or(|m| m.as_object().unwrap().values().all(Value::is_string)));
                all.entry(stream["stream"].to_string()).or_default().push((time, line));
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_is_lost_and_nothing_is_over_its_bounds(mut records in prop::collection::vec(record(), 0..40), entries in 1_usize..20, bytes in 4_096_usize..20_000) {
        for (at, record) in records.iter_mut().enumerate() {
            record.cursor = 10 + at as u64;
        }
        let bounds = Bounds { bytes, entries, line: 8_000 };
        let upto = records.last().map(|r| r.cursor + 3);
        let batches = Encoder::new("openstack", "prod", bounds).batches(records.clone(), upto, 5_000_000);
        prop_assert_eq!(batches.last().and_then(Batch::upto), upto);
        let mut before = 0;
        for batch in &batches {
            prop_assert!(batch.json().len() <= bytes, "{} of {bytes} bytes", batch.json().len());
            prop_assert!(batch.len() <= entries && batch.upto().unwrap() > before);
            before = batch.upto().unwrap();
        }
        let sent = sent(&batches);
        prop_assert_eq!(sent.values().map(Vec::len).sum::<usize>(), records.len());
        for (stream, lines) in &sent {
            let labels: Value = serde_json::from_str(stream).unwrap();
            prop_assert_eq!(labels.as_object().unwrap().len(), 4);
            let mine: Vec<&PushRecord> = records.iter().filter(|r| labels["host"] == r.host.as_str() && labels["service"] == r.service.as_str()).collect();
            prop_assert_eq!(mine.len(), lines.len());
            let mut ids = std::collections::BTreeSet::new();
            for (record, (time, line)) in mine.iter().zip(lines) {
                let text = record.text.trim_end_matches(['\n', '\r']);
                let whole = line == text;
                let cut_and_said = line.contains("cut by cpmg") && line.len() <= 8_000;
                prop_assert!(whole || cut_and_said || text.len() > 2_000, "{line}");
                prop_assert!(record.time.is_none_or(|t| (t * 1000..t * 1000 + 1000).contains(time)));
                // Same moment and same text would be one entry to Loki; runs of the same moment are told apart.
                let _ = ids.insert((*time, line.clone()));
            }
            let mut runs = lines.iter().zip(lines.iter().skip(1)).zip(mine.iter().zip(mine.iter().skip(1)));
            prop_assert!(runs.all(|((a, b), (x, y))| x.time != y.time || a.0 < b.0));
        }
    }

    #[test]
    fn halves_are_the_whole(records in prop::collection::vec(record(), 1..30)) {
        let records: Vec<PushRecord> = records.into_iter().enumerate().map(|(at, r)| PushRecord { cursor: at as u64, ..r }).collect();
        let upto = Some(99);
        let mut todo = Encoder::new("j", "e", Bounds::default()).batches(records, upto, 1);
        let whole = sent(&todo);
        let mut single = Vec::new();
        while !todo.is_empty() {
            match todo.remove(0).split() {
                Ok((a, b)) => {
                    prop_assert!(a.upto() < b.upto());
                    todo.insert(0, b);
                    todo.insert(0, a);
                }
                Err(one) => single.push(one),
            }
        }
        prop_assert_eq!(sent(&single), whole);
        prop_assert_eq!(single.last().and_then(Batch::upto), upto);
    }
}

#[test]
fn a_batch_is_what_a_real_loki_took() {
    let record = PushRecord {
        cursor: 7,
        time: Some(1_795_216_548_294_985),
        host: "ctl1".into(),
        service: "nova-api".into(),
        text: "line \"one\"\n".into(),
        metadata: vec![("request_id", "req-1".into()), ("instance", String::new())],
    };
    let twin = PushRecord { cursor: 8, ..record.clone() };
    let batches = Encoder::new("openstack", "prod", Bounds::default()).batches(vec![record, twin], None, 0);
    let json = String::from_utf8(batches[0].json()).unwrap();
    assert_eq!(
        json,
        r#"{"streams":[{"stream":{"environment":"prod","host":"ctl1","job":"openstack","service":"nova-api"},"values":[["1795216548294985000","line \"one\"",{"request_id":"req-1"}],["1795216548294985001","line \"one\"",{"request_id":"req-1"}]]}]}"#
    );
    let mut plain = String::new();
    GzDecoder::new(batches[0].gzip().unwrap().as_slice()).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, json);
    assert_eq!((batches[0].upto(), batches[0].newest()), (Some(8), Some(1_795_216_548_294_985)));
}

#[test]
fn what_is_not_wanted_still_moves_the_position() {
    let mut encoder = Encoder::new("j", "e", Bounds::default());
    let batches = encoder.batches(Vec::new(), Some(12), 0);
    assert_eq!((batches.len(), batches[0].len(), batches[0].upto()), (1, 0, Some(12)));
    assert!(encoder.batches(Vec::new(), None, 0).is_empty());
}

#[test]
fn a_long_line_is_cut_at_a_character_and_says_so() {
    let (short, cut) = line(&"ü".repeat(1_000), 101);
    assert!(cut && short.len() <= 101 && short.ends_with("[cut by cpmg: 2000 bytes in all]"), "{short}");
    assert_eq!(line("whole\r\n", 5), ("whole".into(), false));
}

const HOUR: i64 = 3_600_000_000;
const NOW: i64 = 500_000 * HOUR;

/// Entries of a file at these times; of each the number of its stream.
fn lanes(encoder: &mut Encoder, times: &[i64]) -> (Vec<u8>, Vec<Batch>) {
    let one = |(at, time): (usize, &i64)| PushRecord {
        cursor: 1 + at as u64,
        time: Some(NOW + time),
        host: "ctl1".into(),
        service: "nova-api".into(),
        text: format!("at {time}"),
        metadata: Vec::new(),
    };
    let batches = encoder.batches(times.iter().enumerate().map(one).collect(), None, NOW);
    (batches.iter().flat_map(|b| &b.entries).map(|e| e.labels().backfill).collect(), batches)
}

#[test]
fn lines_that_came_too_late_for_their_stream_go_into_one_beside() {
    let mut encoder = Encoder::new("openstack", "prod", Bounds::default());
    // Live; two days that were fetched afterwards, the younger one first; live again, one of them somewhat late.
    let times = [-60, 0, -24 * HOUR, -23 * HOUR, -48 * HOUR, -47 * HOUR, 5, -HOUR / 2, -23 * HOUR];
    let (seen, batches) = lanes(&mut encoder, &times);
    assert_eq!(seen, [0, 0, 1, 1, 2, 2, 0, 0, 1]);
    let json: Value = serde_json::from_slice(&batches[0].json()).unwrap();
    let streams = json["streams"].as_array().unwrap();
    let labels: Vec<Option<&str>> = streams.iter().map(|s| s["stream"]["backfill"].as_str()).collect();
    assert_eq!(labels, [None, Some("1"), Some("2")]);
    // A new engine knows how far each stream was, also to the nanosecond.
    let mut kept = Streams::default();
    batches[0].note(&mut kept);
    let kept: Streams = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
    let mut second = Encoder::new("openstack", "prod", Bounds::default());
    second.resume(kept);
    let (seen, batches) = lanes(&mut second, &[-23 * HOUR, -47 * HOUR, 6]);
    assert_eq!(seen, [1, 2, 0]);
    let given: Vec<i64> = batches[0].entries.iter().map(|e| e.time - NOW * 1000).collect();
    assert_eq!(given, [-23 * HOUR * 1000 + 2, -47 * HOUR * 1000 + 1, 6000]);
}

#[test]
fn a_clock_far_ahead_does_not_push_what_follows_aside_and_streams_are_bounded() {
    let mut encoder = Encoder::new("openstack", "prod", Bounds::default());
    assert_eq!(lanes(&mut encoder, &[0, 20 * HOUR, 1, 2]).0, [0, 0, 0, 0]);
    let times: Vec<i64> = (1..40).map(|day| -24 * day * HOUR).collect();
    let (seen, _) = lanes(&mut encoder, &times);
    let full = usize::from(LANES) - 1;
    assert_eq!(seen[..full], (1..LANES).collect::<Vec<_>>(), "{seen:?}");
    assert!(seen[full..].iter().all(|lane| *lane == LANES - 1), "{seen:?}");
}
