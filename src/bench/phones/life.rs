//! The life of the phones' thread, slot by slot.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use talkpath_rt::clock::Clock;
use talkpath_rt::thread;

use super::ear::Ear;
use super::wheel::Due;
use super::{Heard, Order, Phones, Wire};

impl<W: Wire> Phones<W> {
    /// Talks and listens, slot by slot, until told to finish. Returns what was heard in each window (the first is
    /// what was before the first [`Order::Window`]), and the wire.
    pub(super) fn run(mut self, clock: &impl Clock, orders: &Receiver<Order>) -> (Vec<Heard>, W) {
        self.listen(true);
        self.open(clock.now());
        let slot = self.setup.slot;
        let since_base = clock.now().saturating_sub(self.setup.base);
        let mut k = (since_base.as_nanos() / slot.as_nanos()) as u64 + 2;
        loop {
            // A little before the slot, as the shard does.
            let due = self.setup.base + slot.mul_f64(k as f64 - 0.25);
            clock.sleep_until(due);
            let now = clock.now();
            let late = now.saturating_sub(due);
            self.now.slots += 1;
            self.now.wake.record(late);
            self.now.late_wakes += u64::from(late >= slot.max(Duration::from_millis(1)));
            loop {
                match orders.try_recv() {
                    Ok(Order::Finish) | Err(TryRecvError::Disconnected) => {
                        return self.finish(clock.now());
                    }
                    Ok(order) => self.obey(order, k, now),
                    Err(TryRecvError::Empty) => break,
                }
            }
            self.turn(k, clock);
            k += 1;
        }
    }

    /// One slot.
    pub(super) fn turn(&mut self, k: u64, clock: &impl Clock) {
        let mut due = self.wheel.take(k);
        for due in due.drain(..) {
            match due {
                Due::Talk { seat, call } => self.talk(seat, call, k, clock),
                Due::Packet { seat, call, packet } => {
                    self.send(seat, call, packet, clock.now());
                }
            }
        }
        self.wheel.give_back(k, due);
        self.listen(false);
    }

    pub(super) fn obey(&mut self, order: Order, k: u64, now: Duration) {
        match order {
            Order::Connect {
                seat,
                way,
                talk,
                hears,
                asked,
            } => self.connect(seat, way, talk, hears, asked, k),
            Order::Speak { seat, talk } => {
                let mouth = self
                    .seats
                    .get_mut(seat)
                    .and_then(|seat| seat.mouth.as_mut());
                if let Some(mouth) = mouth.filter(|_| talk < self.sounds.len()) {
                    mouth.talk = talk;
                }
            }
            Order::Disconnect { seat } => {
                if let Some(seat) = self.seats.get_mut(seat) {
                    (seat.mouth, seat.ear) = (None, None);
                }
            }
            Order::Window => {
                self.close(now);
                self.open(now);
            }
            Order::Finish => {}
        }
    }

    pub(super) fn open(&mut self, now: Duration) {
        self.since = now;
        self.cpu = thread::thread_cpu_time();
    }

    fn close(&mut self, now: Duration) {
        let mut heard = std::mem::take(&mut self.now);
        heard.span = now.saturating_sub(self.since);
        heard.cpu = thread::thread_cpu_time().saturating_sub(self.cpu);
        let ears = self.seats.iter().filter_map(|seat| seat.ear.as_ref());
        ears.filter_map(Ear::jitter)
            .for_each(|jitter| heard.jitter.record(jitter));
        self.closed.push(heard);
    }

    pub(super) fn finish(mut self, now: Duration) -> (Vec<Heard>, W) {
        self.listen(false);
        self.close(now);
        self.find_markers();
        (self.closed, self.wire)
    }
}
