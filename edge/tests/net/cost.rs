//! What a packet costs on the shard thread: `cargo test --release -p talkpath-edge --test net -- --ignored
//! --nocapture`. Prints; asserts only that nothing was lost.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::rig::{Rig, config, datagram, leg, session};
use talkpath_edge::net::NetConfig;
use talkpath_nodes::packet::Header;
use talkpath_rt::clock::{Clock, MonotonicClock};

const LEGS: u32 = 500;
const SECONDS: u32 = 5;

/// CPU time the thread of this process named `name` has used.
fn cpu_of(name: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let paths = tasks.filter_map(|task| Some(task.ok()?.path()));
    let mut named = paths.filter(|task| {
        std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name)
    });
    let stat = std::fs::read_to_string(named.next().unwrap().join("schedstat")).unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

fn rest(span: Duration) {
    MonotonicClock.sleep_until(MonotonicClock.now() + span);
}

#[test]
#[ignore = "a measurement, not a check"]
fn packet_in_and_out() {
    let settings = NetConfig {
        capacity: LEGS as usize,
        rtcp_interval: Duration::from_secs(5),
        status_interval: Duration::from_millis(100),
        ..config(30_000..=32_767)
    };
    let rig = Rig::with(settings, 8 * LEGS as usize, |_, _| ());
    let used = cpu_of("net-shard");
    rest(Duration::from_secs(2));
    println!(
        "shard without legs: {:.2} % of a core",
        (cpu_of("net-shard") - used).as_secs_f64() * 50.0
    );
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ports: Vec<SocketAddr> = (0..LEGS)
        .map(|index| {
            let lease = rig.net.open().unwrap();
            let port = lease.local_rtp();
            rig.net
                .attach(lease, session(index, sink.local_addr().unwrap()))
                .unwrap();
            rest(Duration::from_micros(200));
            port
        })
        .collect();
    rig.until("all attached", |s| s.legs.len() == LEGS as usize);
    let used = cpu_of("net-shard");
    rest(Duration::from_secs(2));
    println!(
        "shard with {LEGS} silent legs: {:.2} % of a core",
        (cpu_of("net-shard") - used).as_secs_f64() * 50.0
    );
    let used = cpu_of("net-shard");
    let begin = MonotonicClock.now();
    let packets = SECONDS * 50 * LEGS;
    for number in 0..packets {
        // Each leg once in 20 ms, evenly spread.
        MonotonicClock.sleep_until(begin + Duration::from_millis(20) * number / LEGS);
        let sequence = number / LEGS;
        let header = Header {
            sequence: sequence as u16,
            timestamp: sequence * 160,
            ssrc: leg(number % LEGS).index() + 1,
            ..Header::default()
        };
        sink.send_to(
            &datagram(header, &[0; 160]),
            ports[(number % LEGS) as usize],
        )
        .unwrap();
    }
    let status = rig.until("all through", |s| s.counters.rtp_out >= u64::from(packets));
    let cost = cpu_of("net-shard") - used;
    println!(
        "{packets} packets in and out: {:.2} µs of the shard each way (grid included); {:?}",
        cost.as_secs_f64() * 1e6 / f64::from(packets) / 2.0,
        status.timing
    );
    assert_eq!(status.counters.rtp_in, u64::from(packets));
}
