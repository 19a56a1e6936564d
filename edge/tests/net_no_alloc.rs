//! The shard thread neither allocates nor frees while packets flow: counted on the live thread, whole slots, with
//! figures published and legs in learning, locked, flooded by strangers.
//!
//! RTCP is another matter: its builders and the list of a description's chunks are on the heap, a few allocations for
//! each compound, that is every few seconds for each leg. The second test says how many.

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
fn rtcp_allocates_a_little_for_each_compound() {
    let _turn = TURN.lock();
    let rig = Rig::start(config(17_000..=17_399));
    let mut phones = eight(&rig);
    for (phone, port) in &mut phones {
        phone.exchange(*port);
    }
    let before = rig.net.status().counters.rtcp_out;
    let mut sent = 0;
    let calls = calls(|| {
        let status = rig.until("reports", |s| s.counters.rtcp_out >= before + 40);
        sent = status.counters.rtcp_out - before;
    });
    println!("{calls} heap calls for {sent} compounds");
    assert!(calls > 0, "the counting works");
    // Reports go on between figures and switch, hence the slack; six allocations and their frees each, when written.
    assert!(calls <= 16 * (sent + 16), "{calls} for {sent}");
}
