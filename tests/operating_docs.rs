//! The documents for operators name what exists: metrics in the dashboard and in the troubleshooting tables, flags in the unit.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use talkpath_edge::http::PAGES;

const README: &str = include_str!("../README.md");
const COUNTERS: &str = include_str!("../docs/counters.md");
const EVENTS: &str = include_str!("../docs/events.md");
const INTEGRATION: &str = include_str!("../docs/integration.md");
const DASHBOARD: &str = include_str!("../docs/grafana.json");
const TROUBLE: &str = include_str!("../docs/troubleshooting.md");
const DEPLOYMENT: &str = include_str!("../docs/deployment.md");
const UNIT: &str = include_str!("../docs/talkpath.service");

/// Metrics without a panel on purpose, without their prefix: they explain another one that has a panel, grow on any healthy
/// server, or are looked up by who follows a row of `docs/troubleshooting.md`.
const NO_PANEL: &[&str] = &[
    "packets_stale_total",
    "packets_held_total",
    "keys_unheard_total",
    "packets_crowded_total",
    "packets_relayed_total",
    "packets_transcoded_total",
    "packets_passed_total",
    "legs_arrived_total",
    "calls_arrived_total",
    "worker_stale_commands_total",
    "calls",
    "calls_begun_total",
    "calls_ended_total",
    "rooms_created_total",
    "legs_joined_total",
    "legs_left_total",
    "refused_caller_total",
    "edits_failed_total",
    "boxes_freed_total",
    "events_lost_critical_total",
    "recording_bytes_total",
    "numa_nodes",
    "rooms_across_nodes",
    "packets_fenced_total",
    "packet_boxes_lost_total",
    "net_datagrams_in_total",
    "net_rtcp_in_total",
    "net_rtcp_out_total",
    "net_sent_early_total",
    "net_ssrc_collisions_total",
    "net_source_changes_total",
    "net_media_timeouts_total",
    "net_byes_in_total",
    "net_attach_refused_total",
    "net_stale_commands_total",
    "sip_calls_confirmed_total",
    "sip_reinvites_total",
    "sip_reinvites_refused_total",
    "sip_options_total",
    "sip_malformed_total",
    "sip_too_long_total",
    "sip_refused_connection_total",
    "sip_refused_bad_body_total",
    "sip_refused_extension_total",
    "sip_priority_honoured_total",
    "sip_priority_ignored_total",
    "sip_refused_priority_unknown_total",
    "sip_refused_priority_untrusted_total",
    "sip_refused_merged_total",
    "sip_refused_no_dialog_total",
    "sip_refused_out_of_order_total",
    "sip_refused_method_total",
];

/// Names of metrics as they stand in a text.
fn named(text: &str) -> BTreeSet<&str> {
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let names = text.match_indices("talkpath_").map(|(at, _)| {
        let rest = &text[at..];
        rest.split(|c| !part(c)).next().unwrap_or(rest)
    });
    // Crates begin like that, too, and the beginning alone is spoken of.
    let others = [
        "talkpath_",
        "talkpath_edge",
        "talkpath_engine",
        "talkpath_rt",
    ];
    names.filter(|name| !others.contains(name)).collect()
}

/// Metrics that `docs/counters.md` explains; another test holds that against the code.
fn explained() -> BTreeSet<&'static str> {
    let rows = COUNTERS.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split('`').next());
    names.filter(|name| name.starts_with("talkpath_")).collect()
}

#[track_caller]
fn all_explained(document: &str, text: &str, at_least: usize) {
    let named = named(text);
    let explained = explained();
    let unknown: Vec<_> = named.difference(&explained).collect();
    assert!(
        unknown.is_empty(),
        "{document} names {unknown:?}, which docs/counters.md does not explain"
    );
    assert!(named.len() >= at_least, "{document} names only {named:?}");
}

#[test]
fn the_dashboard_asks_for_metrics_that_exist() {
    let board: Value = serde_json::from_str(DASHBOARD).expect("it is JSON");
    let panels = board["panels"].as_array().expect("a list");
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(
            ids.insert(panel["id"].as_u64().expect("a number")),
            "{panel}"
        );
        if panel["type"] == "row" {
            continue;
        }
        for target in panel["targets"].as_array().expect("a list") {
            let ask = target["expr"].as_str().expect("PromQL");
            assert!(!named(ask).is_empty(), "{ask} asks for nothing of ours");
            // A counter is looked at by its rate, a gauge as it is; totals and marks may stand for themselves.
            let counts = named(ask).iter().all(|name| name.ends_with("_total"));
            assert!(
                counts || !ask.contains("rate("),
                "{ask} is the rate of a gauge"
            );
        }
    }
    all_explained("docs/grafana.json", DASHBOARD, 60);
    let left_out: BTreeSet<_> = NO_PANEL.iter().copied().collect();
    let shown = named(DASHBOARD);
    let known = |short: &&str| explained().contains(format!("talkpath_{short}").as_str());
    assert!(left_out.iter().all(known), "{left_out:?}");
    for name in explained() {
        let short = name.trim_start_matches("talkpath_");
        assert!(
            shown.contains(name) != left_out.contains(short),
            "{name}: a panel, or a row of NO_PANEL, and not both"
        );
    }
}

#[test]
fn the_troubleshooting_tables_name_metrics_that_exist() {
    all_explained("docs/troubleshooting.md", TROUBLE, 40);
    for line in TROUBLE.lines().filter(|line| line.starts_with("| ")) {
        assert_eq!(
            line.matches(" | ").count(),
            2,
            "symptom, where to look, cure: {line}"
        );
    }
}

/// What stands in backticks.
fn marked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_troubleshooting_tables_name_fields_events_and_keys_that_exist() {
    let explained = |document: &'static str| marked(document).collect::<BTreeSet<_>>();
    let (fields, events) = (explained(COUNTERS), explained(EVENTS));
    let keys: BTreeSet<_> = talkpath::config::documented().map(|(key, _)| key).collect();
    // Words of the answer of `/health` and of a BYE.
    let said = ["reason", "preemption"];
    let is_name = |word: &&str| {
        let part = |c: char| c.is_ascii_lowercase() || c == '_' || c == '.';
        word.chars().all(part) && !word.starts_with("talkpath_")
    };
    let known = |word: &str| {
        fields.contains(word)
            || events.contains(word)
            || keys.contains(word)
            || said.contains(&word)
    };
    let names: Vec<_> = marked(TROUBLE).filter(is_name).collect();
    let unknown: Vec<_> = names.iter().filter(|name| !known(name)).collect();
    assert!(
        unknown.is_empty(),
        "docs/troubleshooting.md names {unknown:?}"
    );
    assert!(names.len() > 20, "{names:?}");
}

#[test]
fn the_documents_name_pages_that_exist() {
    let documents = [COUNTERS, EVENTS, TROUBLE, DEPLOYMENT, INTEGRATION, README];
    let is_page = |word: &&str| {
        let rest = word.strip_prefix('/').unwrap_or_default();
        let first = rest.starts_with(|c: char| c.is_ascii_lowercase());
        let of_the_kernel = rest.starts_with("proc/") || rest.starts_with("sys/");
        first && !of_the_kernel && !rest.contains(' ')
    };
    let mut named = BTreeSet::new();
    for word in documents.into_iter().flat_map(marked) {
        let word = word.strip_prefix("GET ").unwrap_or(word);
        named.extend(Some(word).filter(is_page));
    }
    for page in &named {
        let path = page.split('?').next().unwrap_or(page);
        assert!(PAGES.contains(&path), "{page} is none of {PAGES:?}");
    }
    for page in PAGES.iter().filter(|page| **page != "/") {
        assert!(named.contains(page), "{page} is nowhere explained");
    }
}

#[test]
fn the_deployment_guide_names_metrics_that_exist() {
    all_explained("docs/deployment.md", DEPLOYMENT, 5);
}

#[test]
fn the_unit_starts_the_program_with_flags_it_has() {
    let start = UNIT
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let words: Vec<_> = start.expect("it starts something").split(' ').collect();
    assert_eq!(&words[..2], ["/usr/local/bin/talkpath", "serve"]);
    let help = Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .args(["serve", "--help"])
        .output()
        .expect("the program that cargo built");
    let help = String::from_utf8(help.stdout).expect("text");
    for flag in words.iter().filter(|word| word.starts_with("--")) {
        assert!(
            help.contains(&format!("{flag} <")),
            "{flag} is none of\n{help}"
        );
    }
}
