use super::super::Destination;
use super::*;

#[test]
fn times_read_as_rfc_3339_has_them() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00.250Z"),
        (951_782_399, "2000-02-28T23:59:59.250Z"),
        (951_782_400, "2000-02-29T00:00:00.250Z"),
        (1_709_251_200, "2024-03-01T00:00:00.250Z"),
        (1_795_188_760, "2026-11-20T15:32:40.250Z"),
        (4_107_542_400, "2100-03-01T00:00:00.250Z"),
    ] {
        assert_eq!(utc(Duration::from_millis(seconds * 1_000 + 250)), text);
    }
}

#[test]
fn a_call_that_never_joined_has_no_beginning() {
    let peer = ([192, 0, 2, 1], 5060).into();
    let story = Story::new("c1", peer, &Destination::Echo);
    let record = story.over(
        MediaFigures::default(),
        EndedBy::Server,
        &Reason::new(102, "no \"ACK\"\n"),
    );
    let json = serde_json::to_value(&record).unwrap();
    assert!(json["joined"].is_null() && json["room"].is_null());
    assert_eq!(
        (&json["duration_s"], &json["to"]),
        (&0.0.into(), &"echo".into())
    );
    assert!(json["packets_in"].is_null() && json["codecs"].as_array().unwrap().is_empty());
    let line = serde_json::to_string(&record).unwrap();
    assert!(!line.contains('\n'), "a record is one line: {line}");
}
