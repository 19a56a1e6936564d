//! Slot part 2, mixes: closing a room's sum here, and completing it with those of the other workers (D5).
//!
//! In its mix slot a room is closed on every worker that has legs of it. One that lives here alone is complete at once.
//! Else each worker sends what it has to the others and completes its sum a margin of slots later, with what has come
//! by then. No one waits for anyone: a sum that misses even the margin is dropped, counted and faded.

use talkpath_graph::Shed;

use crate::priority::Priority;
use crate::proto::{Partial, RoomBody};

use super::Worker;
use super::bus::{self, Bus};
use super::io::{Io, Mesh, give_back, leak};
use super::stats::WorkerCounters;

impl Worker {
    /// Closes the rooms that mix in `slot`, and completes those that did a margin ago.
    ///
    /// Real-time: allocates no; blocks no; cost O(rooms due · workers).
    pub(super) fn mix_due(&mut self, slot: u64, io: &mut Io) {
        for id in self.schedule.mixing(slot) {
            let Some(room) = self.rooms.get_mut(*id) else {
                continue;
            };
            bus::close(&mut room.buses);
            room.closed = room.coming(slot);
            // What all its legs hear goes by the best of them.
            let best = core::mem::replace(&mut room.coming_best, Priority::Background);
            room.short = self.governor.sheds(best, Shed::Resampling);
            (room.owing, room.owing_epoch) = (room.peers, room.epoch);
            if room.margin == 0 {
                complete(room);
                continue;
            }
            for bus in &room.buses {
                let make = |partial: &mut Partial| {
                    (partial.room, partial.mix, partial.rate) = (*id, room.closed, bus.rate());
                    partial.epoch = room.epoch;
                    partial.samples[..bus.sum().len()].copy_from_slice(bus.sum());
                };
                send(room, make, &mut io.mesh, &mut self.counters);
            }
        }
        for id in self.schedule.summing(slot) {
            if let Some(room) = self.rooms.get_mut(*id) {
                complete_now(room, &mut io.mesh, &mut self.counters);
            }
        }
    }

    /// Puts what the other workers have sent where it is waited for.
    ///
    /// Real-time: allocates no; blocks no; cost O(partials waiting), at most one inventory of each worker.
    pub(super) fn take_partials(&mut self, io: &mut Io) {
        for peer in &mut io.mesh {
            for _ in 0..peer.partials_in.inventory() {
                let Some(partial) = peer.partials_in.recv() else {
                    break;
                };
                let wanted = self.rooms.get_mut(partial.room).filter(|room| {
                    partial.mix > room.mixes && room.inbox.len() < room.inbox.capacity()
                });
                match wanted {
                    Some(room) => room.inbox.push((peer.index, partial)),
                    None => {
                        self.counters.partials_stray += 1;
                        give_back(&mut peer.partials_in, partial, &mut self.counters.overflows);
                    }
                }
            }
        }
    }
}

/// Completes a sum that waits for those of other workers, with what has come.
pub(super) fn complete_now(room: &mut RoomBody, mesh: &mut Mesh, counters: &mut WorkerCounters) {
    if room.closed > room.mixes {
        add_far(room, mesh, counters);
        complete(room);
    }
}

/// Lets the room's buses hear each other: the sum is whole.
fn complete(room: &mut RoomBody) {
    bus::cross(&mut room.buses, room.short);
    room.mixes = room.closed;
}

/// Sends one bus's sum to every worker that has legs of the room.
fn send(
    room: &RoomBody,
    make: impl Fn(&mut Partial),
    mesh: &mut Mesh,
    counters: &mut WorkerCounters,
) {
    for peer in mesh
        .iter_mut()
        .filter(|peer| room.peers.contains(peer.index))
    {
        let Some(mut partial) = peer.partials_out.take() else {
            counters.partials_unsent += 1;
            continue;
        };
        make(&mut partial);
        if let Err(full) = peer.partials_out.send(partial) {
            counters.partials_unsent += 1;
            peer.partials_out.put_back(full.0);
        }
    }
}

/// Adds what has come to every bus; what belongs to this mix or an older one goes back. A sum that was made under
/// another membership of the room is as good as none: some leg may be in it twice, or not at all.
fn add_far(room: &mut RoomBody, mesh: &mut Mesh, counters: &mut WorkerCounters) {
    let (mix, owing, epoch) = (room.closed, room.owing, room.owing_epoch);
    // A bus that came since has nothing yet, on any worker.
    for bus in room.buses.iter_mut().filter(|bus| bus.has_been_closed()) {
        for worker in owing.iter() {
            let partial = room.inbox.iter().find(|(from, partial)| {
                *from == worker && partial.mix == mix && partial.rate == bus.rate()
            });
            counters.partials_late += u64::from(partial.is_none());
            let of_epoch = partial.filter(|(_, partial)| partial.epoch == epoch);
            counters.partials_other_epoch += u64::from(partial.is_some() && of_epoch.is_none());
            add_one(bus, worker, of_epoch.map(|(_, partial)| &**partial));
        }
    }
    clear_inbox(room, mix, mesh, counters);
}

fn add_one(bus: &mut Bus, worker: u8, partial: Option<&Partial>) {
    let len = bus.sum().len();
    bus.add_far(worker, partial.map(|partial| &partial.samples[..len]));
}

/// Gives back the boxes of mixes up to `mix`.
pub(super) fn clear_inbox(
    room: &mut RoomBody,
    mix: u64,
    mesh: &mut Mesh,
    counters: &mut WorkerCounters,
) {
    let mut at = 0;
    while at < room.inbox.len() {
        if room.inbox[at].1.mix > mix {
            at += 1;
            continue;
        }
        let (from, partial) = room.inbox.swap_remove(at);
        match mesh.iter_mut().find(|peer| peer.index == from) {
            Some(peer) => give_back(&mut peer.partials_in, partial, &mut counters.overflows),
            // From a worker that is not there: it cannot be.
            None => leak(partial, &mut counters.overflows),
        }
    }
}
