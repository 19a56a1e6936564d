//! `sipp` calls the built program: load with RTP, hold and resume, CANCEL, refusals, OPTIONS, drain.
//!
//! The scenarios stand in `tests/sipp`; sipp ends with 0 only if every call went as they say.

#[path = "clients/server.rs"]
mod server;
#[path = "clients/tools.rs"]
mod tools;

use std::process::{Child, Command, Stdio};

use server::Server;

/// Loopback only, ports of the system's choice; room for the load.
const SETTINGS: &str = r#"
[engine]
capacity = 300
[sip]
addr = "127.0.0.1:0"
max_legs_per_room = 250
max_calls_per_source = 250
max_invites_per_second = 500
max_invites_per_source = 500
[http]
addr = "127.0.0.1:0"
"#;

const CALLS: u32 = 200;

fn sipp_is_here() -> bool {
    tools::present(&[("sipp", "sip-tester")])
}

/// Starts `sipp` on a scenario; it ends by itself at the latest after `-timeout`, then with an error.
fn sipp(server: &Server, scenario: &str, user: &str, flags: &[&str]) -> Child {
    Command::new("sipp")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sipp"))
        .args(["-sf", &format!("{scenario}.xml"), "-s", user])
        .args(["-i", "127.0.0.1", "-nostdin"])
        .args(["-timeout", "300s", "-timeout_error"])
        .args(flags)
        .arg(server.host())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sipp")
}

/// Waits for its end, which must be without a failed call.
fn passed(sipp: Child, what: &str) {
    let end = sipp.wait_with_output().expect("a child");
    let said = String::from_utf8_lossy(&end.stdout);
    let tail = &said[said.rfind("Scenario Screen").unwrap_or(0)..];
    let errors = String::from_utf8_lossy(&end.stderr);
    assert!(
        end.status.success(),
        "{what}: {}\n{tail}\n{errors}",
        end.status
    );
}

#[test]
fn two_hundred_calls_into_a_room_with_rtp() {
    if !sipp_is_here() {
        return;
    }
    let server = Server::start("sipp-load", &[], SETTINGS);
    let calls = CALLS.to_string();
    let flags = ["-m", &calls, "-l", &calls, "-r", "50"];
    passed(sipp(&server, "uac_room", "room-load", &flags), "200 calls");

    server.until("legs", 0.0);
    server.until("rooms", 0.0);
    let calls = f64::from(CALLS);
    for counter in ["answered", "confirmed", "ended_by_caller"] {
        let name = format!("sip_calls_{counter}_total");
        assert_eq!(server.metric(&name), calls, "{name}");
    }
    // Two seconds of 50 packets each, both ways; a tenth of it even where the machine stood still.
    for way in ["net_rtp_in_total", "net_rtp_out_total"] {
        let packets = server.metric(way);
        assert!(packets >= calls * 10.0, "{way}: {packets}");
    }
    server.stop();
}

#[test]
fn hold_resume_cancel_refusal_and_options() {
    if !sipp_is_here() {
        return;
    }
    // It rings for a second, so that there is something to cancel.
    let settings = SETTINGS.replace("[sip]", "[sip]\nring_ms = 1000");
    let server = Server::start("sipp-signalling", &[], &settings);
    for (scenario, user, counter, count) in [
        ("uac_hold", "room-hold", "sip_reinvites_total", 3.0),
        (
            "uac_cancel",
            "room-cancel",
            "sip_calls_cancelled_total",
            1.0,
        ),
        ("uac_488", "room-488", "sip_refused_no_codec_total", 1.0),
        ("uac_options", "room-options", "sip_options_total", 1.0),
    ] {
        for (round, transport) in [(1.0, "u1"), (2.0, "t1")] {
            let call = sipp(&server, scenario, user, &["-m", "1", "-t", transport]);
            passed(call, &format!("{scenario} {transport}"));
            server.until(counter, round * count);
        }
    }
    server.until("legs", 0.0);
    server.stop();
}

#[test]
fn ctrl_c_says_bye_to_every_call() {
    if !sipp_is_here() {
        return;
    }
    let server = Server::start("sipp-drain", &[], SETTINGS);
    let calls = sipp(
        &server,
        "uac_drained",
        "room-drain",
        &["-m", "5", "-r", "50"],
    );
    server.until("sip_calls_confirmed_total", 5.0);
    server.stop();
    passed(calls, "BYE from the server");
}
