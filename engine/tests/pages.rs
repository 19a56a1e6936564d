//! A worker's memory is first written by its own thread, before its first slot, and no slot waits for a page later.
//!
//! The figures are the kernel's: minor page faults of each thread. Nothing here is a matter of time.

use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use talkpath_engine::{
    CallConfig, Codec, Engine, EngineConfig, LegConfig, NetworkConfig, RoomConfig, SampleRate,
    ShardLink, Side,
};
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::thread::Task;

/// What one page holds.
const PAGE: usize = 4_096;
/// Bytes of a packet box, at least.
const BOX: usize = 1_280;

/// One engine at a time: its pages must not be those another test gave back.
static ONE: Mutex<()> = Mutex::new(());

fn config(name: &str) -> EngineConfig {
    EngineConfig {
        capacity_legs: 400,
        workers: 2,
        priority: None,
        name: name.to_owned(),
        watchdog: Duration::from_secs(60),
        ..EngineConfig::default()
    }
}

fn faults(task: Task) -> u64 {
    task.page_faults().expect("it runs")
}

fn worker(name: &str, index: usize) -> Task {
    Task::named(&format!("{name}-{index}")).expect("it runs")
}

#[test]
fn start_up_faults_are_those_of_the_workers_threads() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let config = config("touch");
    let here = Task::current();
    let before = faults(here);
    let engine = Engine::start(config.clone()).expect("the machine has threads");
    let ours = faults(here) - before;
    // Half of the legs and more, with two workers.
    let boxes = config.capacity_legs / 2 * (config.packets_in_per_leg + config.packets_out_per_leg);
    let pages = (boxes * BOX / PAGE) as u64;
    for index in 0..2 {
        let waited = faults(worker("touch", index));
        assert!(waited >= pages, "worker {index}: {waited}, boxes {pages}");
    }
    assert!(ours * 2 < pages, "{ours} pages of who starts it");
    engine.shutdown();
}

/// As the shard: one packet for every leg, and what is sent goes back. Returns how many were sent.
fn serve(link: &mut ShardLink, legs: &[u64], n: u16) -> usize {
    for leg in legs {
        let Some(mut packet) = link.to_worker.take() else {
            break;
        };
        packet.reset();
        packet.leg = *leg;
        packet.received = MonotonicClock.now();
        packet.header.sequence = n;
        packet.header.timestamp = u32::from(n) * 160;
        packet.set_payload(&[0x55; 160]).expect("it fits");
        if let Err(full) = link.to_worker.send(packet) {
            link.to_worker.put_back(full.0);
        }
    }
    let mut sent = 0;
    while let Some(packet) = link.from_worker.recv() {
        link.from_worker.give_back(packet).expect("room");
        sent += 1;
    }
    sent
}

/// Has all code and constants of this process mapped, as locked memory has them: what runs for the first time only when a
/// slot is late, or the tables of a function of the C library, would be waited for then. Reading them through the kernel
/// maps them.
fn map_files() -> std::io::Result<()> {
    let memory = std::fs::File::open("/proc/self/mem")?;
    for mapping in std::fs::read_to_string("/proc/self/maps")?.lines() {
        let mut fields = mapping.split_whitespace();
        let (Some(span), Some(rights)) = (fields.next(), fields.next()) else {
            continue;
        };
        let of_file = fields.nth(3).is_some_and(|path| path.starts_with('/'));
        let ends = span.split('-').map(|end| u64::from_str_radix(end, 16));
        if let ("r-xp" | "r--p", true, [Ok(from), Ok(to)]) =
            (rights, of_file, &ends.collect::<Vec<_>>()[..])
        {
            for page in (*from..*to).step_by(PAGE) {
                memory.read_exact_at(&mut [0], page)?;
            }
        }
    }
    Ok(())
}

#[test]
fn no_slot_waits_for_a_page() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    map_files().expect("a process may read itself");
    let engine = Engine::start(config("steady")).expect("the machine has threads");
    let mut link = engine.take_shard_link().expect("the first to ask");
    let workers = [worker("steady", 0), worker("steady", 1)];
    let ready = workers.map(faults);
    let phone = || NetworkConfig::new(Codec::Pcmu, 0);
    let mut legs = Vec::new();
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::L16(SampleRate::HZ_16000)];
    for n in 0..8 {
        let room = engine.create_room(RoomConfig::new(format!("room {n}")));
        let room = room.expect("capacity");
        for _ in 0..30 {
            let codec = codecs[legs.len() % codecs.len()];
            let leg = room.join(LegConfig::network(NetworkConfig::new(codec, 96)));
            legs.push(leg.expect("capacity").id().to_bits());
        }
        room.join(LegConfig::tone(440.0, -20.0)).expect("capacity");
    }
    for _ in 0..20 {
        let call = engine
            .create_call(CallConfig::new(phone(), phone()))
            .expect("capacity");
        legs.extend([Side::A, Side::B].map(|side| call.side(side).to_bits()));
    }
    let (mut sent, mut n) = (0, 0);
    while sent < 80 * legs.len() {
        n += 1;
        sent += serve(&mut link, &legs, n);
        let clock = MonotonicClock;
        clock.sleep_until(clock.now() + Duration::from_millis(20));
    }
    for (task, ready) in workers.into_iter().zip(ready) {
        assert_eq!(faults(task) - ready, 0, "{sent} packets were sent");
    }
    engine.shutdown();
}
