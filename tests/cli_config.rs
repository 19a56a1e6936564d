//! Settings: every bad key or flag says what it was and what is allowed, and ends with exit code 2.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use talkpath::config::{Config, documented};
use talkpath_engine::Priority;

/// Text of a file, and what the message must hold.
const BAD: &[(&str, &[&str])] = &[
    (
        "[engine]\nslot_us = 700",
        &["engine.slot_us: was 700", "250, 500, 1000, 2000 or 5000"],
    ),
    (
        "[engine]\nslot_us = \"fast\"",
        &["engine.slot_us: was \"fast\"", "microseconds"],
    ),
    (
        "[engine]\ncapacity = 0",
        &["engine.capacity: was 0", "1 to 20000 legs"],
    ),
    (
        "[engine]\ncapacity = 1e3",
        &["engine.capacity: was 1000.0", "1 to 20000 legs"],
    ),
    (
        "[engine]\nworkers = 17",
        &["engine.workers: was 17", "1 to 16"],
    ),
    (
        "[engine]\ncores = [1023]",
        &["engine.cores: was 1023", "cores this process may run on: 0"],
    ),
    (
        "[engine]\ncores = \"a\"",
        &["engine.cores: was \"a\"", "core numbers"],
    ),
    (
        "[engine]\ncores = [0, 0]",
        &["engine.cores: was 0,0", "one core for each worker, so 1"],
    ),
    (
        "[engine]\npriority = 99",
        &["engine.priority: was 99", "2 to 90"],
    ),
    (
        "[engine]\nlock_memory = 1",
        &["engine.lock_memory: was 1", "true or false"],
    ),
    (
        "[engine]\njitter_target_ms = 501",
        &["engine.jitter_target_ms: was 501", "0 to 500"],
    ),
    (
        "[engine]\nwatchdog_ms = 99",
        &["engine.watchdog_ms: was 99", "100 to 60000"],
    ),
    (
        "[engine]\nmax_stuck = 65",
        &["engine.max_stuck: was 65", "1 to 64"],
    ),
    (
        "[engine]\nrebalance_s = 3601",
        &["engine.rebalance_s: was 3601", "0 to 3600"],
    ),
    (
        "[engine]\nadmit_budget = 1.5",
        &["engine.admit_budget: was 1.5", "0.05 to 1"],
    ),
    (
        "[engine.reserves]\nemergency = 1.5",
        &["engine.reserves.emergency: was 1.5", "0 to 0.9"],
    ),
    (
        "[engine]\nreserves.critical = -0.1",
        &["engine.reserves.critical: was -0.1", "0 to 0.9"],
    ),
    (
        "[engine]\nreserves = { high = \"most\" }",
        &["engine.reserves.high: was \"most\"", "0 to 0.9"],
    ),
    (
        "[engine.reserves]\nnormal = true",
        &["engine.reserves.normal: was true", "0 to 0.9"],
    ),
    (
        "[engine.reserves]\nlow = 0.91",
        &["engine.reserves.low: was 0.91", "0 to 0.9"],
    ),
    (
        "[engine.reserves]\nlow = 0.6\nhigh = 0.3",
        &[
            "engine.reserves: was 0.95",
            "at most 0.9, all classes together",
        ],
    ),
    (
        "[engine.reserves]\nlowest = 0.6",
        &[
            "engine.reserves.lowest: no such key",
            "did you mean engine.reserves.low?",
        ],
    ),
    (
        "[engine]\nreserves = 0.5",
        &[
            "engine.reserves: no such key",
            "did you mean engine.reserves.low?",
        ],
    ),
    (
        "[priority]\ntrusted = [\"everybody\"]",
        &[
            "priority.trusted: was [\"everybody\"]",
            "a list of networks",
        ],
    ),
    (
        "[priority]\nsos_users = 112",
        &["priority.sos_users: was 112", "a list of users"],
    ),
    (
        "[priority]\nsos = \"police\"",
        &["priority.sos: was \"police\"", "such as \"room-sos\""],
    ),
    (
        "[priority]\nnamespaces.esnet = \"best\"",
        &[
            "priority.namespaces.esnet: was \"best\"",
            "\"emergency\", \"critical\"",
        ],
    ),
    (
        "[priority.namespaces]\n\"a.b.c\" = \"low\"",
        &[
            "priority.namespaces.a.b.c: was \"low\"",
            "NAMESPACE or NAMESPACE.VALUE",
        ],
    ),
    (
        "[priority]\nheader.urgent = 1",
        &["priority.header.urgent: was 1", "a value of Priority"],
    ),
    (
        "[priority]\ndialled.room-music = \"quiet\"",
        &[
            "priority.dialled.room-music: was \"quiet\"",
            "the beginning of one and *",
        ],
    ),
    (
        "[priority.dialled]\n\"*-music\" = \"low\"",
        &[
            "priority.dialled.*-music: was \"low\"",
            "the beginning of one and *",
        ],
    ),
    (
        "[engine]\nshed_above = 2",
        &["engine.shed_above: was 2", "0.3 to 1.5"],
    ),
    (
        "[engine]\nshed_below = 0",
        &["engine.shed_below: was 0", "0.1 to 1.4"],
    ),
    (
        "[engine]\nprice_quantile = \"most\"",
        &["engine.price_quantile: was \"most\"", "0.5 to 1"],
    ),
    (
        "[engine]\nmax_stuck = 0",
        &["engine.max_stuck: was 0", "1 to 64"],
    ),
    (
        "[engine]\npackets_in_per_leg = 1",
        &["engine.packets_in_per_leg: was 1", "2 to 64"],
    ),
    (
        "[engine]\npackets_out_per_leg = 33",
        &["engine.packets_out_per_leg: was 33", "1 to 32"],
    ),
    (
        "[engine]\nmesh_margin = 6",
        &["engine.mesh_margin: was 6", "1 to 5"],
    ),
    (
        "[engine]\nworkers = 2\nslot_us = 5000",
        &["engine.mesh_margin: was 3", "fewer slots than 10 ms have"],
    ),
    (
        "[engine]\njitter_max_ms = 10",
        &["engine.jitter_max_ms: was 10", "20 to 1000"],
    ),
    (
        "[engine]\nshed_above = 0.5\nshed_below = 0.9",
        &["engine.shed_below: was 0.9", "below engine.shed_above, 0.5"],
    ),
    (
        "[engine]\njitter_target_ms = 300",
        &[
            "engine.jitter_max_ms: was 200",
            "at least engine.jitter_target_ms, 300",
        ],
    ),
    (
        "[sip]\naddr = \"localhost\"",
        &["sip.addr: was \"localhost\"", "an address with port"],
    ),
    (
        "[sip]\nadvertised = \"example.org\"",
        &["sip.advertised: was \"example.org\"", "an IP address"],
    ),
    (
        "[sip]\nadvertised = \"2001:db8::7\"",
        &[
            "sip.advertised: was 2001:db8::7",
            "an IPv4 address, as sip.addr is 127.0.0.1",
        ],
    ),
    (
        "[sip]\naddr = \"[::1]:5060\"\nadvertised = \"203.0.113.7\"",
        &[
            "sip.advertised: was 203.0.113.7",
            "an IPv6 address, as sip.addr is ::1",
        ],
    ),
    (
        "[sip]\nallow = [\"10.0.0.0/40\"]",
        &["sip.allow: was [\"10.0.0.0/40\"]", "a list of networks"],
    ),
    (
        "[sip]\ndeny = \"10.0.0.0/8\"",
        &["sip.deny: was \"10.0.0.0/8\"", "a list of networks"],
    ),
    (
        "[sip]\nmax_rooms = 0",
        &["sip.max_rooms: was 0", "1 to 20000"],
    ),
    (
        "[sip]\nmax_legs_per_room = 5000",
        &["sip.max_legs_per_room: was 5000", "1 to 4000"],
    ),
    (
        "[sip]\nmax_calls_per_source = -1",
        &["sip.max_calls_per_source: was -1", "1 to 20000"],
    ),
    (
        "[sip]\nmax_invites_per_second = 0",
        &["sip.max_invites_per_second: was 0", "1 to 10000"],
    ),
    (
        "[sip]\nmax_invites_per_source = 0",
        &["sip.max_invites_per_source: was 0", "1 to 10000"],
    ),
    (
        "[sip]\nring_ms = -1",
        &["sip.ring_ms: was -1", "0 to 60000"],
    ),
    (
        "[sip]\nmax_connections = \"all\"",
        &["sip.max_connections: was \"all\"", "1 to 60000"],
    ),
    ("[rtp]\naddr = 5", &["rtp.addr: was 5", "an IP address"]),
    (
        "[rtp]\naddr = \"::1\"",
        &["rtp.addr: was ::1", "the same IP version as sip.addr"],
    ),
    (
        "[rtp]\nports = \"30000-20000\"",
        &["rtp.ports: was \"30000-20000\"", "LOW-HIGH"],
    ),
    (
        "[rtp]\nports = \"4001-4002\"",
        &[
            "rtp.ports: was \"4001-4002\"",
            "LOW not above HIGH, holding at least an even port and the odd one after it",
        ],
    ),
    (
        "[rtp]\nports = \"80-90\"",
        &["rtp.ports: was \"80-90\"", "1024-65535"],
    ),
    ("[rtp]\ndscp = 64", &["rtp.dscp: was 64", "0 to 63"]),
    (
        "[rtp]\nadvertised = \"0.0.0.0\"",
        &["rtp.advertised: was \"0.0.0.0\"", "an IP address"],
    ),
    (
        "[rtp]\nadvertised = \"2001:db8::7\"",
        &[
            "rtp.advertised: was 2001:db8::7",
            "an IPv4 address, as rtp.addr is 127.0.0.1",
        ],
    ),
    (
        "[rtp]\nmedia_timeout_s = 1",
        &["rtp.media_timeout_s: was 1", "2 to 3600"],
    ),
    (
        "[rtp]\nsend_promptly = 1",
        &["rtp.send_promptly: was 1", "true or false"],
    ),
    (
        "[rtp]\nquarantine_s = 61",
        &["rtp.quarantine_s: was 61", "0 to 60"],
    ),
    (
        "[http]\naddr = 7070",
        &["http.addr: was 7070", "an address with port"],
    ),
    (
        "[calls]\nlog = \"/no/such/calls.jsonl\"",
        &[
            "calls.log: was \"/no/such/calls.jsonl\"",
            "a folder that exists",
        ],
    ),
    (
        "[calls]\nlog = \"/\"",
        &["calls.log: was \"/\"", "a file in a folder"],
    ),
    (
        "[record]\nfile = \"/no/such/session.rec\"",
        &[
            "record.file: was \"/no/such/session.rec\"",
            "a file in a folder",
        ],
    ),
    (
        "[record]\nmax_mb = 0",
        &["record.max_mb: was 0", "1 to 1000000"],
    ),
    (
        "[calls]\nkept = 100001",
        &["calls.kept: was 100001", "0 to 100000 calls"],
    ),
    (
        "[play]\nfolder = \"/no/such\"",
        &["play.folder: was \"/no/such\"", "a folder that exists"],
    ),
    (
        "[engine]\nslots_us = 1000",
        &[
            "engine.slots_us: no such key",
            "did you mean engine.slot_us?",
        ],
    ),
    (
        "[rpt]\nports = \"2000-3000\"",
        &["rpt.ports: no such key", "did you mean rtp.ports?"],
    ),
    (
        "[transcoding]\nquality = 9",
        &[
            "no such key",
            "sections are engine, priority, sip, rtp, http, calls, play",
        ],
    ),
    ("capacity = 3", &["capacity: no such key"]),
    ("[engine\n", &["not valid TOML", "line 1"]),
];

fn talkpath(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_talkpath"))
        .args(arguments)
        .output()
        .unwrap()
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn refused(arguments: &[&str], wanted: &[&str]) {
    let output = talkpath(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(
        output.stdout.is_empty(),
        "{arguments:?} printed before refusing"
    );
    for part in wanted {
        assert!(
            message.contains(part),
            "{arguments:?}: {message:?} lacks {part:?}"
        );
    }
}

#[test]
fn every_bad_key_says_what_is_allowed() {
    for (n, (text, wanted)) in BAD.iter().enumerate() {
        let path = file(&format!("bad-{n}.toml"), text);
        refused(&["serve", "--config", path.to_str().unwrap()], wanted);
    }
}

#[test]
fn every_key_has_a_bad_value_in_the_table() {
    for (key, _) in documented() {
        let tried = BAD
            .iter()
            .any(|(_, wanted)| wanted[0].starts_with(&format!("{key}: was")));
        assert!(tried, "{key} is never set wrong");
    }
}

#[test]
fn a_bad_flag_is_named_as_the_flag() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["--slot-us", "7"], &["--slot-us: was 7", "250, 500"]),
        (
            &["--sip", "here"],
            &["--sip: was \"here\"", "an address with port"],
        ),
        (
            &["--rtp", "here"],
            &["--rtp: was \"here\"", "an IP address"],
        ),
        (
            &["--rtp-ports", "1-2"],
            &["--rtp-ports: was \"1-2\"", "1024-65535"],
        ),
        (
            &["--http", "7070"],
            &["--http: was 7070", "an address with port"],
        ),
        (&["--workers", "17"], &["--workers: was 17", "1 to 16"]),
        (&["--cores", "x"], &["--cores: was \"x\"", "core numbers"]),
        (
            &["--cores", "1023"],
            &["--cores: was 1023", "cores this process may run on: "],
        ),
        (
            &["--sip", "[::1]:0", "--rtp", "127.0.0.1"],
            &["--rtp: was 127.0.0.1", "as --sip, [::1]:0"],
        ),
        (
            &["--capacity", "many"],
            &["--capacity: was \"many\"", "1 to 20000 legs"],
        ),
        (
            &["--config", "/no/such.toml"],
            &["/no/such.toml: cannot be read"],
        ),
        (
            &["--colour", "--cores", "0"],
            &[
                "unexpected argument '--colour'",
                "Usage: talkpath serve [OPTIONS]\n",
            ],
        ),
    ];
    for (flags, wanted) in cases {
        let arguments: Vec<_> = ["serve"].iter().chain(*flags).copied().collect();
        refused(&arguments, wanted);
    }
}

/// Bound to all addresses of both families, callers of one are told the advertised address and the others the bound one.
#[test]
fn any_address_may_be_advertised_by_a_server_on_all() {
    for advertised in ["203.0.113.7", "2001:db8::7"] {
        let text = format!("[sip]\naddr = \"[::]:5060\"\nadvertised = \"{advertised}\"");
        let config = Config::parse(&text).unwrap();
        assert!(config.check(&[0]).is_ok(), "{advertised}");
    }
}

#[test]
fn the_example_file_holds_every_key_at_its_default() {
    let text = include_str!("../docs/talkpath.toml");
    assert_eq!(Config::parse(text).unwrap(), Config::default());
    for (key, _) in documented() {
        let name = key.split_once('.').unwrap().1;
        let stands = |line: &str| {
            line.trim_start_matches("# ")
                .starts_with(&format!("{name} = "))
        };
        assert!(
            text.lines().any(stands),
            "{key} is missing in docs/talkpath.toml"
        );
    }
}

/// A message about a path names the whole of it, which begins where the file is and not where the program was started.
#[test]
fn relative_paths_begin_at_the_folder_of_the_file() {
    let beside = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let folder = beside.join("sounds-beside");
    std::fs::create_dir_all(&folder).unwrap();
    let text = "[play]\nfolder = \"sounds-beside\"\n[calls]\nlog = \"beside.jsonl\"\n";
    let config = Config::load(&file("beside.toml", text)).unwrap();
    assert_eq!(config.play.folder, Some(folder));
    assert_eq!(config.calls.log, Some(beside.join("beside.jsonl")));
    let path = file("astray.toml", "[play]\nfolder = \"no-sounds\"\n");
    let tried = format!("play.folder: was {:?}", beside.join("no-sounds"));
    refused(
        &["serve", "--config", path.to_str().unwrap()],
        &[&tried, "a folder that exists"],
    );
}

/// What a table says goes over the defaults, key by key; a table of its own and dotted keys are the same.
#[test]
fn classes_and_reserves_are_read_from_tables() {
    let text = "[engine.reserves]\nhigh = 0.2\n[priority]\nnamespaces = { ets = \"off\", \"wps.0\" = \"emergency\" }\n\
                dialled.\"room-a.b*\" = \"low\"\n";
    let config = Config::parse(text).unwrap();
    assert!(config.check(&[0]).is_ok());
    assert_eq!(config.engine.reserves, [0.05, 0.0, 0.2, 0.0, 0.0, 0.0]);
    let priority = &config.priority;
    let class = |name: &str| priority.namespaces.get(name).copied();
    assert_eq!(class("ets"), None);
    assert_eq!(class("wps.0"), Some(Priority::Emergency));
    assert_eq!(class("esnet"), Some(Priority::Emergency));
    assert_eq!(priority.dialled.get("room-a.b*"), Some(&Priority::Low));
}

#[test]
fn no_cores_are_the_default_ones() {
    let config = Config::parse("[engine]\ncores = []\n").unwrap();
    assert_eq!(config, Config::default());
}

/// RFC 5737: 203.0.113.7 is nobody's, 127.0.0.1 ours.
#[test]
fn an_address_of_another_machine_is_refused_with_its_key() {
    let cases: &[(&[&str], &[&str])] = &[
        (
            &[
                "--sip",
                "127.0.0.1:0",
                "--rtp",
                "203.0.113.7",
                "--http",
                "127.0.0.1:0",
            ],
            &[
                "talkpath: rtp.addr (--rtp): cannot bind media to 203.0.113.7",
                "rtp.advertised",
            ],
        ),
        (
            &["--sip", "203.0.113.7:5060", "--http", "127.0.0.1:0"],
            &[
                "talkpath: sip.addr (--sip): ",
                "203.0.113.7",
                "sip.advertised",
            ],
        ),
        (
            &[
                "--sip",
                "203.0.113.7:5060",
                "--rtp",
                "127.0.0.1",
                "--http",
                "127.0.0.1:0",
            ],
            &[
                "talkpath: sip.addr (--sip): cannot listen on 203.0.113.7:5060",
                "sip.advertised",
            ],
        ),
        (
            &["--sip", "127.0.0.1:0", "--http", "203.0.113.7:80"],
            &[
                "talkpath: http.addr (--http): cannot listen on 203.0.113.7:80",
                "none of this machine",
            ],
        ),
    ];
    for (flags, wanted) in cases {
        let arguments: Vec<_> = ["serve"].iter().chain(*flags).copied().collect();
        refused(&arguments, wanted);
    }
}

#[test]
fn the_file_for_the_load_is_one_that_serves() {
    let config = Config::parse(include_str!("../examples/big.toml")).unwrap();
    config.check(&[0]).unwrap();
    assert_eq!(config.sip.max_legs_per_room, 4_000);
}

#[test]
fn every_key_reaches_its_field() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let text = format!(
        "[engine]\nrebalance_s = 3\nslot_us = 500\ncapacity = 7\nworkers = 1\ncores = [0]\npriority = \"off\"\n\
         lock_memory = false\nwatchdog_ms = 700\nmax_stuck = 2\njitter_target_ms = 30\njitter_max_ms = 90\npackets_in_per_leg = 20\npackets_out_per_leg = 8\nmesh_margin = 2\nadmit_budget = 0.6\nprice_quantile = 1\nshed_above = 0.9\nshed_below = 0.5\n\
         [sip]\naddr = \"[::1]:5070\"\nadvertised = \"2001:db8::1\"\nallow = [\"fd00::/8\"]\n\
         deny = [\"10.0.0.0/8\"]\nmax_rooms = 2\nmax_legs_per_room = 3\nmax_calls_per_source = 4\n\
         max_invites_per_second = 5\nmax_invites_per_source = 6\nmax_connections = 7\nring_ms = 8\n\
         [rtp]\naddr = \"::1\"\nports = \"4000-4999\"\ndscp = \"off\"\nadvertised = \"2001:db8::2\"\n\
         media_timeout_s = 9\nquarantine_s = 0\nsend_promptly = true\n\
         [http]\naddr = \"[::1]:8000\"\n[calls]\nlog = \"calls.jsonl\"\n\
         [record]\nfile = \"session.rec\"\nmax_mb = 11\n[play]\nfolder = {folder:?}\n"
    );
    let config = Config::parse(&text).unwrap();
    let (default, rest) = (Config::default(), &config);
    assert_eq!(rest.engine.slot, Duration::from_micros(500));
    assert_eq!((rest.engine.capacity, rest.engine.priority), (7, None));
    assert_eq!(
        (rest.engine.admit_budget, rest.engine.price_quantile),
        (0.6, 1.0)
    );
    assert_eq!((rest.engine.shed_above, rest.engine.shed_below), (0.9, 0.5));
    assert_eq!(
        (rest.engine.jitter_target, rest.engine.jitter_max),
        (Duration::from_millis(30), Duration::from_millis(90))
    );
    let boxes = (
        rest.engine.packets_in_per_leg,
        rest.engine.packets_out_per_leg,
    );
    assert_eq!((boxes, rest.engine.mesh_margin), ((20, 8), 2));
    assert!(!rest.engine.lock_memory);
    assert_eq!(rest.engine.watchdog, Duration::from_millis(700));
    assert_eq!(rest.engine.max_stuck, 2);
    assert_eq!(rest.engine.rebalance, Duration::from_secs(3));
    assert_eq!(rest.engine.cores, [0]);
    assert_eq!(rest.sip.addr, "[::1]:5070".parse().unwrap());
    assert_eq!(rest.sip.advertised, Some("2001:db8::1".parse().unwrap()));
    assert_eq!(rest.sip.allow, ["fd00::/8".parse().unwrap()]);
    assert_eq!(rest.sip.deny, ["10.0.0.0/8".parse().unwrap()]);
    let sip = &rest.sip;
    assert_eq!((sip.max_invites_per_source, sip.max_connections), (6, 7));
    assert_eq!(sip.ring, Duration::from_millis(8));
    assert_eq!(
        (
            sip.max_rooms,
            sip.max_legs_per_room,
            sip.max_calls_per_source,
            sip.max_invites_per_second
        ),
        (2, 3, 4, 5)
    );
    assert_eq!(rest.rtp_addr(), "::1".parse::<std::net::IpAddr>().unwrap());
    assert_eq!(rest.rtp_advertised(), Some("2001:db8::2".parse().unwrap()));
    assert_eq!((rest.rtp.ports.clone(), rest.rtp.dscp), (4000..=4999, None));
    assert_eq!(
        (rest.rtp.media_timeout, rest.rtp.quarantine),
        (Duration::from_secs(9), Duration::ZERO)
    );
    assert!(rest.rtp.send_promptly);
    assert_eq!(rest.http.addr, "[::1]:8000".parse().unwrap());
    assert_eq!(rest.calls.log, Some("calls.jsonl".into()));
    assert_eq!(rest.record.file, Some("session.rec".into()));
    assert_eq!(rest.record.max_mb, 11);
    assert_eq!(rest.play.folder, Some(folder.into()));
    assert_ne!(config, default);
}
