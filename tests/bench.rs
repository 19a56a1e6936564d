//! Every scenario of `talkpath bench` for a moment: it runs, and its report has what it is said to have.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .arg("bench")
        .args(arguments)
        .output()
        .unwrap()
}

/// Standard output of a run that must succeed: no allocation on a worker, too.
fn said(arguments: &[&str]) -> String {
    let output = bench(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// The report of a run of a second, as JSON.
fn report(arguments: &[&str]) -> Value {
    let text = said(&[arguments, &["--seconds", "1", "--json"]].concat());
    serde_json::from_str(&text).unwrap()
}

/// Message of a run that must end with exit code 2.
fn refusal(arguments: &[&str]) -> String {
    let output = bench(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "lacks {part:?}:\n{text}");
    }
}

/// What every report must have, and what must be so in every run however busy the machine.
fn is_whole(report: &Value) {
    for distribution in [
        "wake_us",
        "busy_us",
        "end_us",
        "processing_us",
        "sent_us",
        "shard_busy_us",
        "gap_ms",
        "jitter_ms",
        "delay_ms",
        "join_ms",
    ] {
        for figure in ["count", "mean", "p50", "p99", "p999", "max"] {
            assert!(
                report[distribution][figure].is_number(),
                "{distribution}.{figure} in {report}"
            );
        }
    }
    for number in [
        "legs",
        "rooms",
        "workers",
        "ptime_ms",
        "slot_us",
        "seconds",
        "slots",
        "late_slots",
        "missed_slots",
        "partials_late",
        "legs_moved",
        "plans_swapped",
        "long_gaps",
        "markers_expected",
        "worker_cpu_percent",
        "cpu_ms_per_leg_second",
        "received_percent",
    ] {
        assert!(report[number].is_number(), "{number} in {report}");
    }
    assert_eq!(report["allocations"], 0);
    let traffic = &report["traffic"];
    assert_eq!(traffic["packets_out_foreign"], 0);
    for figure in [
        "/slots",
        "/cpu_ms_per_leg_second",
        "/wake_us/count",
        "/processing_us/count",
    ] {
        let value = report.pointer(figure).and_then(Value::as_f64);
        assert!(
            value.is_some_and(|value| value > 0.0),
            "{figure} in {report}"
        );
    }
    for figure in ["packets_in", "packets_out"] {
        assert!(
            traffic[figure].as_u64().unwrap() > 0,
            "{figure} in {report}"
        );
    }
    let environment = &report["environment"];
    assert!(environment["calibration_ns"]["before"].as_f64().unwrap() > 0.0);
    assert!(!environment["cores_allowed"].as_array().unwrap().is_empty());
    assert!(report["reference"]["wake_us"]["count"].as_u64().unwrap() > 0);
    // A capacity, or the reason why there is none.
    let verdict = &report["verdict"];
    assert_ne!(
        verdict["capacity_legs"].is_null(),
        verdict["no_capacity_because"].is_null(),
        "{verdict}"
    );
    assert_eq!(
        verdict["real_time"].as_bool().unwrap(),
        report["priority"].is_number(),
        "{report}"
    );
}

#[test]
fn help_names_every_scenario_and_flag() {
    holds(
        &said(&["--help"]),
        &[
            "room",
            "rooms",
            "transcode",
            "relay",
            "churn",
            "migrate",
            "swap",
            "overload",
            "three to ten legs",
        ],
    );
    holds(
        &said(&["churn", "--help"]),
        &[
            "--legs <N>",
            "--rooms <N>",
            "--seconds <S>",
            "--codec <NAME>",
            "--workers <N>",
            "--slot-us <N>",
            "--cores <LIST>",
            "--sockets",
            "--floor",
            "--burst",
            "--loss <PCT>",
            "--jitter <MS>",
            "--rate <N>",
            "--json",
            "--html <FILE>",
        ],
    );
}

#[test]
fn what_is_impossible_says_what_is_possible() {
    for (arguments, parts) in [
        (
            &["room", "--cores", "1023"][..],
            &["--cores: was 1023", "cores this process may run on: 0"][..],
        ),
        (
            &["room", "--cores", "0,0"],
            &["--cores: was 0,0", "one for each of 1 workers"],
        ),
        (
            &["room", "--slot-us", "300"],
            &["--slot-us: was 300", "250, 500, 1000, 2000 or 5000"],
        ),
        (&["room", "--loss", "101"], &["--loss: was 101", "0 to 100"]),
        (&["room", "--codec", "g729"], &["g729", "PCMU/8000"]),
        (
            &["migrate", "--workers", "1"],
            &["--workers: was 1", "2 to 16"],
        ),
        (
            &["room", "--sockets", "--floor", "--codec", "pcma"],
            &["--floor: was room with PCMA/8000", "PCMU/8000"],
        ),
        (
            &["relay", "--sockets", "--floor"],
            &["--floor: was relay", "room and rooms"],
        ),
        (
            &["room", "--floor"],
            &["--floor: was in process", "with --sockets"],
        ),
        (
            &["relay", "--legs", "5"],
            &["--legs: was 5", "an even number"],
        ),
        (
            &["room", "--rooms", "9", "--legs", "5"],
            &["--rooms: was 9", "1 to 5"],
        ),
        (
            &["room", "--legs", "10,5"],
            &["--legs: was 10,5", "ascending numbers"],
        ),
        (
            &["room", "--legs", "5,10", "--html", "page"],
            &["--html: was with --legs 5,10", "with one number"],
        ),
        (
            &["churn", "--legs", "5,10"],
            &["--legs: was 5,10", "of room a list"],
        ),
        (
            &["overload", "--admit-budget", "2"],
            &["--admit-budget: was 2", "0.001 to 1"],
        ),
        (&["rooms", "--legs", "0"], &["--legs", "1..=20000"]),
        (
            &["room", "--legs", "4001"],
            &["--legs: was 4001 in a room", "1 to 4000 in a room"],
        ),
        (&["nothing"], &["nothing"]),
    ] {
        holds(&refusal(arguments), parts);
    }
}

#[test]
fn a_room_in_process() {
    let report = report(&["room", "--legs", "5"]);
    is_whole(&report);
    assert_eq!(report["scenario"], "room");
    assert_eq!(report["transport"], "in process");
    assert_eq!((&report["legs"], &report["rooms"]), (&5.into(), &1.into()));
    assert_eq!(report["codec"], "PCMU/8000");
    assert!(report["quiet"].is_null() && report["shard_cpu_percent"].is_null());
    assert_eq!(report["sent_us"]["count"], 0);
    // Five legs say nothing of a full core.
    let why = report["verdict"]["no_capacity_because"].as_str().unwrap();
    assert!(report["verdict"]["capacity_legs"].is_null() && !why.is_empty());
    // Between one packet time and the search's end.
    let delay = &report["delay_ms"];
    assert!(delay["count"].as_u64().unwrap() > 0, "{report}");
    assert!(
        (1.0..400.0).contains(&delay["p50"].as_f64().unwrap()),
        "{report}"
    );
}

#[test]
fn a_room_as_a_table_at_another_rate_and_slot() {
    let text = said(&[
        "room",
        "--legs",
        "2",
        "--seconds",
        "1",
        "--codec",
        "l16/48000",
        "--slot-us",
        "500",
        "--loss",
        "2",
        "--jitter",
        "5",
    ]);
    holds(
        &text,
        &[
            "2 legs talking in 1 room, L16/48000 at 10 ms, 2 % lost, up to 5 ms late",
            "slot 500 µs",
            "woke late by, µs",
            "processing, µs",
            "RTP jitter out, ms",
            "bare loop late, µs",
            "CPU ms per leg-second",
            "calibration loop",
            "tails: ",
            "capacity: ",
        ],
    );
    let line = text
        .lines()
        .find(|line| line.starts_with("allocations on the worker"));
    assert!(line.unwrap().ends_with(" 0"), "{text}");
}

#[test]
fn rooms_of_several_sizes_in_turns_show_what_one_leg_more_costs() {
    let report = report(&["room", "--legs", "3,6,12", "--rounds", "2"]);
    assert_eq!(
        (&report["rounds"], &report["allocations"]),
        (&2.into(), &0.into())
    );
    is_whole(&report["last"]);
    assert_eq!(report["last"]["legs"], 12);
    let of = |list: &str, name: &str| -> Vec<u64> {
        let list = report[list].as_array().unwrap().iter();
        list.map(|item| item[name].as_u64().unwrap()).collect()
    };
    assert_eq!(of("sizes", "legs"), [3, 6, 12]);
    assert_eq!(
        (of("marginal", "from"), of("marginal", "to")),
        (vec![3, 6], vec![6, 12])
    );
    for size in report["sizes"].as_array().unwrap() {
        let busy = &size["busy_us_per_leg_second"];
        let at = |name: &str| busy[name].as_f64().unwrap();
        assert!(at("min") > 0.0 && at("min") <= at("median") && at("median") <= at("max"));
    }
}

#[test]
fn small_rooms_on_two_workers() {
    let report = report(&["rooms", "--legs", "16", "--workers", "2"]);
    is_whole(&report);
    assert_eq!(
        (&report["rooms"], &report["workers"]),
        (&4.into(), &2.into())
    );
}

#[test]
fn legs_come_and_go() {
    let report = report(&["churn", "--legs", "16", "--rate", "40"]);
    is_whole(&report);
    for figure in [
        "/done/joins",
        "/done/leaves",
        "/join_ms/count",
        "/quiet/slots",
    ] {
        let value = report.pointer(figure).and_then(Value::as_u64);
        assert!(value.is_some_and(|value| value > 0), "{figure} in {report}");
    }
    assert_eq!(report["quiet"]["done"]["joins"], 0);
    assert!(report["added"]["late_slots_per_million"].is_number());
}

#[test]
fn legs_go_from_worker_to_worker_and_nothing_is_missing() {
    let report = report(&["migrate", "--legs", "8", "--rate", "20"]);
    is_whole(&report);
    assert_eq!(report["workers"], 2);
    assert!(report["legs_moved"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(report["quiet"]["legs_moved"], 0);
    assert_eq!(report["traffic"]["packets_out_missing"], 0);
}

#[test]
fn legs_change_plan_and_nothing_is_missing() {
    for transport in [&[][..], &["--sockets"]] {
        let report = report(&[&["swap", "--legs", "8", "--rate", "40"], transport].concat());
        is_whole(&report);
        assert_eq!(report["codec"], "PCMU/8000 and PCMA/8000");
        assert!(report["plans_swapped"].as_u64() > Some(20), "{report}");
        assert_eq!(report["quiet"]["plans_swapped"], 0);
        assert_eq!(report["traffic"]["packets_out_missing"], 0, "{report}");
        for added in ["late_slots_per_million", "long_gaps_per_million"] {
            assert!(report["added"][added].as_f64() >= Some(0.0), "{report}");
        }
    }
}

#[test]
fn legs_join_until_they_are_refused_or_all_are_in() {
    let report = report(&["overload", "--legs", "40", "--rate", "20"]);
    is_whole(&report);
    let overload = &report["overload"];
    assert_eq!(overload["offered"], 40);
    let steps = overload["ramp"].as_array().unwrap();
    assert!(!steps.is_empty());
    let legs: Vec<_> = steps.iter().map(|step| step["legs"].as_u64()).collect();
    assert!(legs.is_sorted(), "{overload}");
    match overload["refusal"].as_str() {
        // A machine at hand has room for forty.
        None => {
            assert_eq!(
                (&overload["admitted"], &report["legs"]),
                (&40.into(), &40.into())
            );
            assert!(report["verdict"]["capacity_legs"].is_null(), "{report}");
        }
        Some(_) => assert!(overload["admitted"].as_u64().unwrap() < 40),
    }
    // A stretch may be a second longer than the other on a busy machine.
    let a_second = |stretch: &Value| {
        let packets = stretch["traffic"]["packets_in"].as_f64().unwrap();
        packets / stretch["seconds"].as_f64().unwrap()
    };
    assert!(a_second(&report) > a_second(&report["quiet"]), "{report}");
}

#[test]
fn with_a_small_budget_legs_are_refused_and_go_on_asking() {
    let report = report(&[
        "overload",
        "--legs",
        "400",
        "--rate",
        "100",
        "--admit-budget",
        "0.02",
    ]);
    is_whole(&report);
    let overload = &report["overload"];
    let admitted = overload["admitted"].as_u64().unwrap();
    assert!((1..400).contains(&admitted), "{overload}");
    assert!(
        overload["refusal"].as_str().unwrap().contains("slot time"),
        "{overload}"
    );
    assert!(report["done"]["refused"].as_u64().unwrap() > 0, "{report}");
    assert!(
        overload["counters"]["refused_capacity_total"].as_f64() > Some(0.0),
        "{overload}"
    );
    assert!(report["legs"].as_u64() < Some(400), "{report}");
    // What was met, unless phones or slots were late.
    let verdict = &report["verdict"];
    if verdict["no_capacity_because"].is_null() {
        assert_eq!(verdict["capacity_legs"], admitted);
        assert_eq!(verdict["capacity_met"], true);
    }
}

#[test]
fn every_pair_of_codecs_has_its_cost() {
    let few = [
        "--codecs",
        "pcmu,g722,opus",
        "--calls",
        "2",
        "--periods",
        "3",
    ];
    let run = |flags: &[&str]| said(&[&["codecs"][..], flags, &few].concat());
    let report: Value = serde_json::from_str(&run(&["--json"])).unwrap();
    let pairs = report["pairs"].as_array().expect("pairs");
    assert_eq!(pairs.len(), 9);
    for pair in pairs {
        let relayed = pair["from"] == pair["to"];
        assert!(pair["us"].as_f64() > Some(0.0), "{pair}");
        assert_eq!(pair["bare_us"].is_null(), relayed, "{pair}");
        assert_eq!(pair["times_bare"].is_null(), relayed, "{pair}");
        assert!(pair["calls_per_core"].as_f64() > Some(1.0), "{pair}");
    }
    holds(
        &run(&[]),
        &["opus/48000/2  PCMU/8000", "relayed", "calls a core"],
    );
}

#[test]
fn a_room_over_sockets_with_phones_in_a_process_of_their_own() {
    let report = report(&[
        "room",
        "--legs",
        "20",
        "--sockets",
        "--loss",
        "5",
        "--jitter",
        "5",
    ]);
    is_whole(&report);
    assert_eq!(report["transport"], "sockets");
    for part in ["sent_us", "shard_busy_us"] {
        assert!(report[part]["count"].as_u64().unwrap() > 0, "{report}");
    }
    for figure in ["shard_cpu_percent", "rest_cpu_percent"] {
        assert!(report[figure].as_f64().unwrap() >= 0.0, "{report}");
    }
    assert!(report["traffic"]["packets_in_lost"].as_u64().unwrap() > 0);
    assert!(
        report["delay_ms"]["count"].as_u64().unwrap() > 0,
        "{report}"
    );
    assert!(report["generator"]["slots"].as_u64().unwrap() > 0);
}

#[test]
fn the_floor_is_measured_with_the_same_phones() {
    let report = report(&["rooms", "--legs", "12", "--sockets", "--floor"]);
    is_whole(&report);
    let floor = &report["floor"];
    for turn in ["before", "after"] {
        let taken = floor[turn]["cpu_ms_per_leg_second"].as_f64().unwrap();
        let received = floor[turn]["received_percent"].as_f64().unwrap();
        assert!(taken > 0.0 && received > 50.0, "{floor}");
    }
    assert!(floor["ratio"].as_f64().unwrap() > 0.0, "{floor}");
}

/// The names of a report, at every depth; those of counters have a document of their own.
fn names(report: &Value, into: &mut BTreeSet<String>) {
    match report {
        Value::Array(items) => items.iter().for_each(|item| names(item, into)),
        Value::Object(fields) => {
            for (name, value) in fields {
                into.insert(name.clone());
                if name != "counters" {
                    names(value, into);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_document_names_what_is_in_a_report_and_nothing_else() {
    const DOCUMENT: &str = include_str!("../docs/performance.md");
    let section = DOCUMENT.split("### Names in JSON").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let documented: BTreeSet<String> = section
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| *name != "call")
        .map(str::to_owned)
        .collect();
    let mut met = BTreeSet::new();
    for arguments in [
        &["room", "--legs", "4", "--sockets", "--floor"][..],
        &["overload", "--legs", "12", "--rate", "8"],
        &["room", "--legs", "2,4", "--rounds", "1"],
    ] {
        names(&report(arguments), &mut met);
    }
    assert_eq!(met, documented);
}

#[test]
fn calls_are_passed_on_or_transcoded() {
    for (scenario, codec) in [
        ("relay", "PCMU/8000"),
        ("transcode", "PCMU/8000 and PCMA/8000"),
    ] {
        for transport in [&[][..], &["--sockets", "--slot-us", "250"]] {
            let report = report(&[&[scenario, "--legs", "6"], transport].concat());
            is_whole(&report);
            assert_eq!(report["codec"], codec);
            assert_eq!(
                (&report["meeting"], &report["rooms"]),
                (&"call".into(), &3.into())
            );
            // The marker comes through either way, long before a jitter buffer would let it go.
            let delay = &report["delay_ms"];
            assert!(delay["count"].as_u64().unwrap() > 0, "{report}");
            assert!(delay["p50"].as_f64().unwrap() < 15.0, "{report}");
        }
    }
}

#[test]
fn a_burst_over_sockets_and_legs_that_come_and_go() {
    let report = report(&[
        "churn",
        "--legs",
        "16",
        "--rate",
        "20",
        "--sockets",
        "--burst",
    ]);
    is_whole(&report);
    assert_eq!(report["burst"], true);
    assert!(report["done"]["joins"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn the_page_is_whole_and_needs_nothing_else() {
    let file = std::env::temp_dir().join(format!("talkpath-bench-{}.html", std::process::id()));
    let path = file.to_str().unwrap();
    let output = bench(&["room", "--legs", "4", "--seconds", "1", "--html", path]);
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    holds(&told, &["wrote ", path]);
    let page = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    is_well_formed(&page);
    for outside in ["http", "src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    holds(
        &page,
        &[
            "<polyline class=\"curve first\"",
            "99.999 %",
            "Workers: wake-up lateness",
            ">bare loop</text>",
            "Marker delay",
            "calibration loop",
        ],
    );

    let nowhere = bench(&[
        "room",
        "--legs",
        "2",
        "--seconds",
        "1",
        "--html",
        "/no/such/page",
    ]);
    assert_eq!(nowhere.status.code(), Some(1));
    let complaint = String::from_utf8(nowhere.stderr).unwrap();
    holds(
        &complaint,
        &["the report cannot be written to /no/such/page"],
    );
}

/// Every element that is opened is closed, in order.
fn is_well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            _ if name.starts_with('!') || name == "meta" || tag.ends_with('/') => {}
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
