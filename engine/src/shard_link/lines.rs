//! What was last sent on each leg, so that a leg built anew goes on with it. Owned by the shard's thread.
//!
//! A leg whose worker was lost begins with a packetiser that knows nothing of the old one; only who sends knows what
//! was sent. So its numbers are moved here: the sequence goes on without a hole, the timestamp by the time that has
//! passed. One addition a packet; nothing has to be asked of anybody while a worker is replaced.

use std::time::Duration;

use talkpath_nodes::packet::Packet;
use talkpath_rt::handle::Handle;
use talkpath_rt::pages;

use crate::proto::LegTag;

/// By index of the leg.
#[derive(Debug)]
pub(super) struct Lines(Box<[Line]>);

/// One leg's stream.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    /// Bits of its handle; 0 before the first packet.
    leg: u64,
    life: u16,
    /// Of the packet furthest on.
    sequence: u16,
    timestamp: u32,
    /// When it was mixed: legs run at several distances from that.
    at: Duration,
    /// Added to what its packetiser writes.
    shift: (u16, u32),
}

impl Lines {
    /// For legs of index 0 to `legs`. Control side: allocates.
    pub fn new(legs: usize) -> Self {
        Self(vec![Line::default(); legs].into())
    }

    /// Puts them into [pages] that the calling thread writes first.
    pub fn settle(&mut self) {
        self.0 = pages::copied(&self.0).into();
    }

    /// Lets `packet` follow what was sent on its leg before.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    pub fn go_on(&mut self, packet: &mut Packet) {
        let leg = Handle::<LegTag>::from_bits(packet.leg);
        let line = leg.and_then(|leg| self.0.get_mut(leg.index() as usize));
        let Some(line) = line else { return };
        if line.leg != packet.leg {
            *line = Line {
                leg: packet.leg,
                life: packet.life,
                sequence: packet.header.sequence.wrapping_sub(1),
                timestamp: packet.header.timestamp,
                at: packet.mixed(),
                ..Line::default()
            };
        } else if line.life != packet.life {
            line.life = packet.life;
            line.shift = line.shift_to(packet);
        }
        let header = &mut packet.header;
        header.sequence = header.sequence.wrapping_add(line.shift.0);
        header.timestamp = header.timestamp.wrapping_add(line.shift.1);
        // Of a leg that has moved, what two workers sent may come crosswise.
        if header.sequence.wrapping_sub(line.sequence) < 1 << 15 {
            line.sequence = header.sequence;
            // The packets of a key all have the timestamp of the first, which is that of its time.
            if header.timestamp != line.timestamp {
                line.timestamp = header.timestamp;
                line.at = packet.mixed();
            }
        }
    }
}

impl Line {
    /// What makes `packet` the next of this line.
    fn shift_to(&self, packet: &Packet) -> (u16, u32) {
        let gap = packet.mixed().saturating_sub(self.at).as_nanos();
        let second = Duration::from_secs(1).as_nanos();
        let ticks = (gap * u128::from(packet.clock_rate) + second / 2) / second;
        // Timestamps wrap, so this may.
        let timestamp = self.timestamp.wrapping_add(ticks as u32);
        let sequence = self.sequence.wrapping_add(1);
        (
            sequence.wrapping_sub(packet.header.sequence),
            timestamp.wrapping_sub(packet.header.timestamp),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    /// A packet of leg 1 in its `life`; what becomes of sequence and timestamp.
    fn pass(
        lines: &mut Lines,
        tenant: u32,
        life: u16,
        (n, ticks, ms): (u16, u32, u64),
    ) -> (u16, u32) {
        let tenant = NonZeroU32::new(tenant).expect("not zero");
        let mut packet = Packet::empty();
        packet.leg = Handle::<LegTag>::new(1, tenant).to_bits();
        (packet.life, packet.clock_rate) = (life, 8_000);
        (packet.header.sequence, packet.header.timestamp) = (n, ticks);
        packet.not_before = Duration::from_millis(ms);
        lines.go_on(&mut packet);
        (packet.header.sequence, packet.header.timestamp)
    }

    #[test]
    fn a_leg_built_anew_goes_on_by_one_packet_and_by_the_time_that_passed() {
        let mut lines = Lines::new(2);
        assert_eq!(
            pass(&mut lines, 1, 0, (65_534, u32::MAX - 159, 100)),
            (65_534, u32::MAX - 159)
        );
        assert_eq!(pass(&mut lines, 1, 0, (65_535, 0, 120)), (65_535, 0));
        // A second and a half later it begins at its old beginning.
        assert_eq!(pass(&mut lines, 1, 1, (65_534, 7, 1_620)), (0, 12_000));
        assert_eq!(pass(&mut lines, 1, 1, (65_535, 167, 1_640)), (1, 12_160));
        assert_eq!(pass(&mut lines, 1, 2, (9, 9, 1_700)), (2, 12_640));
    }

    #[test]
    fn a_leg_lost_in_a_key_goes_on_by_the_time_since_the_key_began() {
        let mut lines = Lines::new(2);
        pass(&mut lines, 1, 0, (10, 800, 100));
        for n in 0..5 {
            pass(&mut lines, 1, 0, (11 + n, 960, 120 + 20 * u64::from(n)));
        }
        assert_eq!(pass(&mut lines, 1, 1, (0, 0, 320)), (16, 960 + 1_600));
    }

    #[test]
    fn another_tenant_has_numbers_of_its_own_whatever_its_life() {
        let mut lines = Lines::new(2);
        pass(&mut lines, 1, 3, (10, 1_000, 0));
        assert_eq!(pass(&mut lines, 2, 1, (500, 77, 20)), (500, 77));
        assert_eq!(pass(&mut lines, 2, 1, (501, 237, 40)), (501, 237));
    }

    #[test]
    fn packets_that_come_crosswise_do_not_turn_the_line_back() {
        let mut lines = Lines::new(2);
        pass(&mut lines, 1, 0, (11, 160, 20));
        assert_eq!(pass(&mut lines, 1, 0, (10, 0, 0)), (10, 0));
        assert_eq!(pass(&mut lines, 1, 1, (0, 0, 40)), (12, 320));
    }

    #[test]
    fn a_leg_beyond_the_table_passes_untouched() {
        let mut lines = Lines::new(1);
        assert_eq!(pass(&mut lines, 1, 0, (3, 4, 0)), (3, 4));
        assert_eq!(pass(&mut lines, 1, 1, (3, 4, 20)), (3, 4));
    }
}
