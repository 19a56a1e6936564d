//! Which sequence numbers have come from the source, and the probation of RFC 3550 appendix A.1.

/// Largest forward step of the sequence number that is still the same run (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;
/// Largest step back (RFC 3550 A.1); also what the memory of duplicates must cover.
const MAX_MISORDER: u16 = 100;
/// Packets in a row that make a jump believed.
const PROBATION: u8 = 3;

/// Verdict on a sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// New, in order or not.
    New,
    /// Seen before.
    Duplicate,
    /// So far off that it belongs to another run of numbers.
    Jump,
}

#[derive(Clone, Copy, Debug)]
struct Suspect {
    sequence: u16,
    timestamp: u32,
    count: u8,
}

/// The source being played.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub ssrc: u32,
    highest: u16,
    /// Bit n: `highest - n` has come.
    seen: u128,
    suspect: Option<Suspect>,
}

impl Source {
    pub fn new(ssrc: u32, sequence: u16) -> Self {
        Self {
            ssrc,
            highest: sequence,
            seen: 1,
            suspect: None,
        }
    }

    /// The newest sequence number.
    pub fn highest(&self) -> u16 {
        self.highest
    }

    /// A packet that fits has come: what went before it was no new run of numbers.
    pub fn clear_suspicion(&mut self) {
        self.suspect = None;
    }

    /// Judges `sequence` and remembers it unless it is a jump.
    pub fn judge(&mut self, sequence: u16) -> Order {
        let ahead = sequence.wrapping_sub(self.highest);
        let back = self.highest.wrapping_sub(sequence);
        if (1..MAX_DROPOUT).contains(&ahead) {
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.highest = sequence;
            return Order::New;
        }
        if back > MAX_MISORDER {
            return Order::Jump;
        }
        let bit = 1_u128 << back;
        if self.seen & bit != 0 {
            return Order::Duplicate;
        }
        self.seen |= bit;
        Order::New
    }

    /// A packet that fits nowhere. True when it is the last of enough that follow one another in sequence
    /// and time: then the source has really jumped.
    pub fn probation(&mut self, sequence: u16, timestamp: u32, ticks: u32) -> bool {
        let count = match self.suspect {
            Some(last) if last.sequence == sequence && last.timestamp == timestamp => {
                last.count + 1
            }
            _ => 1,
        };
        self.suspect = Some(Suspect {
            sequence: sequence.wrapping_add(1),
            timestamp: timestamp.wrapping_add(ticks),
            count,
        });
        count >= PROBATION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_repeat_and_jump() {
        let mut source = Source::new(1, 65_534);
        let steps = [
            (65_534, Order::Duplicate),
            (65_535, Order::New),
            (1, Order::New),
            (0, Order::New),
            (0, Order::Duplicate),
            (2999, Order::New),
            (2899, Order::New),
            (2899, Order::Duplicate),
            (2898, Order::Jump),
            (2999 + 3000, Order::Jump),
            (2999 + 2999, Order::New),
        ];
        for (sequence, expected) in steps {
            assert_eq!(source.judge(sequence), expected, "{sequence}");
        }
    }

    #[test]
    fn a_jump_needs_three_in_a_row() {
        let mut source = Source::new(1, 0);
        assert!(!source.probation(9000, 160, 160));
        assert!(!source.probation(9001, 320, 160));
        assert!(!source.probation(20, 320, 160), "another run starts over");
        assert!(!source.probation(21, 480, 160));
        assert!(source.probation(22, 640, 160));
    }
}
