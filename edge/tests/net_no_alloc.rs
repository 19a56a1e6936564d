//! The shard thread neither allocates nor frees while packets flow: counted on the live thread, whole slots, with
//! figures published and legs in learning, locked, flooded by strangers; and while RTCP is written and read.

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rig::{OWN, Phone, Rig, config};
use talkpath_edge::net::NetConfig;

#[path = "net/rig.rs"]
#[allow(dead_code, reason = "shared with the other tests of the network side")]
mod rig;

/// The system's allocator; while [`ON`], it counts the calls of the shard thread.
struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
/// One shard at a time: all have the same name.
static TURN: Mutex<()> = Mutex::new(());

/// Whether this is the shard thread, by its name: the switch must not need the thread's help.
fn on_shard() -> bool {
    let mut name = [0u8; 16];
    // SAFETY: PR_GET_NAME writes at most 16 octets, which `name` has.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name.starts_with(b"net-shard\0")
}

fn count() {
    if ON.load(Ordering::Relaxed) && on_shard() {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call is passed on unchanged to `System`, whose contract is the same; counting touches no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Heap calls of the shard thread during `work`.
fn calls(work: impl FnOnce()) -> u64 {
    let before = CALLS.load(Ordering::Relaxed);
    ON.store(true, Ordering::Release);
    work();
    ON.store(false, Ordering::Release);
    CALLS.load(Ordering::Relaxed) - before
}

/// Eight calls, attached; the phones and where they send to.
fn eight(rig: &Rig) -> Vec<(Phone, SocketAddr)> {
    let calls: Vec<_> = (0..8)
        .map(|index| {
            let phone = Phone::loopback(100 + index);
            let port = rig.call(index, phone.addr()).1;
            (phone, port)
        })
        .collect();
    rig.until("all attached", |s| s.legs.len() == 8);
    calls
}

#[test]
fn rtp_in_and_out_never_allocates() {
    let _turn = TURN.lock();
    let settings = NetConfig {
        rtcp_interval: Duration::from_secs(600),
        ..config(16_400..=16_999)
    };
    // Every packet waits three slots: the hold is used too.
    let rig = Rig::with(settings, 128, |packet, now| {
        packet.not_before = now + Duration::from_millis(3)
    });
    let mut phones = eight(&rig);
    let mut stranger = Phone::loopback(9);
    let before = rig.net.status();
    let calls = calls(|| {
        for _ in 0..20 {
            for (phone, port) in &mut phones {
                phone.send(*port);
                stranger.send(*port);
            }
            for (phone, port) in &mut phones {
                assert_eq!(phone.exchange(*port), OWN);
            }
        }
        rig.until("a figure of it", |s| s.counters.rtp_out == 320);
    });
    let after = rig.net.status();
    assert_eq!(calls, 0);
    let [before, after] = [before, after].map(|status| (status.counters, status.timing.slots));
    assert_eq!(after.0.datagrams_in - before.0.datagrams_in, 480);
    assert_eq!(after.0.drop_in_foreign + after.0.drop_in_probation, 160);
    assert!(after.1 > before.1, "timing was published meanwhile");
}

#[test]
fn rtcp_in_and_out_never_allocates() {
    let _turn = TURN.lock();
    let rig = Rig::start(config(17_000..=17_399));
    let mut phones = eight(&rig);
    for (phone, port) in &mut phones {
        phone.exchange(*port);
    }
    let before = rig.net.status().counters;
    // A report with a name, a receiver report on our stream, and a goodbye of somebody else.
    let told = calls(|| {
        for (phone, port) in &mut phones {
            let [a, b, c, d] = phone.ssrc.to_be_bytes();
            let compound = [
                0x81, 201, 0, 7, a, b, c, d, 0, 0, 0, 1, 9, 0, 0, 3, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0x81, 202, 0, 3, a, b, c, d, 1, 4, b'n', b'a', b'm', b'e', 0, 0,
                0x81, 203, 0, 1, 1, 2, 3, 4,
            ];
            let control = SocketAddr::new(port.ip(), port.port() + 1);
            phone.rtcp.send_to(&compound, control).unwrap();
        }
        rig.until("reports both ways", |s| {
            s.counters.rtcp_out >= before.rtcp_out + 40 && s.counters.rtcp_in >= before.rtcp_in + 8
        });
    });
    assert_eq!(told, 0);
    let status = rig.net.status();
    assert!(
        status
            .legs
            .iter()
            .all(|leg| leg.remote_cname.as_str() == "name")
    );
}

#[test]
fn the_counting_works() {
    let _turn = TURN.lock();
    let counted = calls(|| {
        let shard = std::thread::Builder::new().name("net-shard".to_owned());
        let thread = shard.spawn(|| drop(std::hint::black_box(Box::new(7))));
        thread.expect("a thread").join().expect("it ends");
    });
    assert!(counted >= 2, "{counted}");
}
