use super::super::Destination;
use super::*;

#[test]
fn a_call_that_never_joined_has_no_beginning() {
    let peer = ([192, 0, 2, 1], 5060).into();
    let story = Story::new("c1", peer, &Destination::Echo);
    let record = story.over(
        (MediaFigures::default(), Shedding::default()),
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
