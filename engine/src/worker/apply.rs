//! Slot part 0: whole transactions, applied at the boundary (D12).
//!
//! A transaction is touched only when its acks and garbage have room, besides what departing
//! legs are owed; the supervisor's credits make that the rule. Each command ends in at most
//! one ack and one piece of garbage; one that names something gone is answered `Stale`, and
//! its value goes back.

use talkpath_rt::boxes::Borrower;
use talkpath_rt::command::{Next, Room, TxnId};
use talkpath_rt::outlet::{AckTx, GarbageTx};
use talkpath_rt::ring::Full;

use talkpath_nodes::packet::Packet;

use crate::proto::{Ack, Command, Garbage};

use super::Worker;
use super::io::{Io, Mesh, leak};

/// Most transactions applied in one slot.
pub(crate) const TRANSACTIONS_PER_SLOT: usize = 32;

/// How a command ended.
pub(super) enum Tried {
    Done,
    /// It named something that is not there.
    Stale(Option<Garbage>),
    /// Its place was taken, or its room not empty.
    Refused(Option<Garbage>),
    /// Done, and something is to be freed.
    Freed(Garbage),
    /// The way to another worker is full: nothing has changed.
    Full,
}

impl Worker {
    /// Applies the transactions that wait for this slot.
    ///
    /// Real-time: allocates no; blocks no; cost bounded by 32 transactions.
    pub(super) fn apply(&mut self, slot: u64, io: &mut Io) {
        for _ in 0..TRANSACTIONS_PER_SLOT {
            let owed = self.leaving.len() + self.swapping.len() + self.moves.owed();
            let room = Room {
                garbage: io.garbage.vacant().saturating_sub(owed),
                acks: io.acks.vacant().saturating_sub(owed),
            };
            match io.commands.next(slot, room) {
                Next::Empty => return,
                Next::NotYet => return self.stir(),
                Next::Deferred => {
                    self.counters.deferred += 1;
                    return self.stir();
                }
                Next::Txn(txn) => {
                    self.stir();
                    let id = txn.id();
                    for (index, command) in txn.enumerate() {
                        let tried = self.try_command(command, &mut io.packets_in, &mut io.mesh);
                        self.answer(tried, id, index as u32, &mut io.acks, &mut io.garbage);
                    }
                    self.counters.transactions += 1;
                    self.acknowledge(&mut io.acks, Ack::Done { txn: id, slot });
                }
            }
        }
    }

    fn try_command(
        &mut self,
        command: Command,
        packets: &mut Borrower<Packet>,
        mesh: &mut Mesh,
    ) -> Tried {
        match command {
            Command::AddPlan { plan, value } => match self.plans.insert(plan, value) {
                Ok(()) => Tried::Done,
                Err(refused) => Tried::Refused(Some(Garbage::Plan(plan, refused.value))),
            },
            Command::DropPlan { plan } => match self.plans.remove(plan) {
                Some(value) => Tried::Freed(Garbage::Plan(plan, value)),
                None => Tried::Stale(None),
            },
            Command::AddRoom { room, value } => self.add_room(room, value),
            Command::RemoveRoom { room } => self.remove_room(room, mesh),
            Command::AddBus { room, value } => self.add_bus(room, value),
            Command::RemoveBus { room, rate } => self.remove_bus(room, rate),
            Command::AddLeg { leg, value } => self.add_leg(leg, value),
            Command::RemoveLeg { leg } => self.remove_leg(leg),
            Command::SwapLeg { leg, value } => self.swap_leg(leg, value),
            Command::MoveLeg { leg, before, after } => self.move_leg(leg, before, after),
            Command::SetPeers {
                room,
                peers,
                margin,
                epoch,
            } => self.set_peers(room, peers, margin, epoch, mesh),
            Command::SendLeg { leg, to } => self.send_leg(leg, to, mesh),
            Command::AwaitLeg { leg, value } => self.await_leg(leg, value),
            Command::DropBerth { leg } => self.drop_berth(leg),
            Command::SetPeer { value } => self.set_peer(value, packets, mesh),
            Command::AddCall { call, value } => self.add_call(call, value),
            Command::RemoveCall { call } => self.remove_call(call),
            Command::ReplaceCall { call, value } => self.replace_call(call, value),
            Command::SendCall { call, to } => self.send_call(call, to, mesh),
            Command::SetFlows { call, open } => self.set_flows(call, open),
            Command::SetGain { leg, linear } => self.set_gain(leg, linear),
            Command::SetDirection { leg, direction } => self.set_direction(leg, direction, packets),
            Command::SendKeys { leg, value } => self.send_keys(leg, value),
            Command::SetSsrc { leg, ssrc } => self.set_ssrc(leg, ssrc),
            Command::SetPriority { leg, priority } => self.set_priority(leg, priority),
        }
    }

    fn answer(
        &mut self,
        tried: Tried,
        txn: TxnId,
        index: u32,
        acks: &mut AckTx<Ack>,
        garbage: &mut GarbageTx<Garbage>,
    ) {
        let freed = match tried {
            Tried::Done => None,
            Tried::Freed(freed) => Some(freed),
            Tried::Stale(freed) => {
                self.counters.stale_commands += 1;
                self.acknowledge(acks, Ack::Stale { txn, index });
                freed
            }
            Tried::Refused(freed) => {
                self.counters.refused_commands += 1;
                self.acknowledge(acks, Ack::Refused { txn, index });
                freed
            }
            Tried::Full => {
                self.acknowledge(acks, Ack::Refused { txn, index });
                None
            }
        };
        if let Some(freed) = freed {
            self.free(garbage, freed);
        }
    }

    /// Tells the supervisor; room was reserved, so a full ring is a fault, counted.
    pub(super) fn acknowledge(&mut self, acks: &mut AckTx<Ack>, ack: Ack) {
        if acks.push(ack).is_err() {
            self.counters.overflows += 1;
        }
    }

    /// Hands a box back; room was reserved. Should the ring be full all the same the box is
    /// leaked, not freed on this thread, and counted.
    pub(super) fn free(&mut self, garbage: &mut GarbageTx<Garbage>, freed: Garbage) {
        if let Err(Full(freed)) = garbage.push(freed) {
            leak(freed, &mut self.counters.overflows);
        }
    }
}
