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
    /// Bit n: `highest - n` was no audio. As many as fit beside the rest without making it larger.
    others: u64,
    suspect: Option<Suspect>,
}

impl Source {
    pub fn new(ssrc: u32, sequence: u16) -> Self {
        Self {
            ssrc,
            highest: sequence,
            seen: 1,
            others: 0,
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
            let ahead = u32::from(ahead);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.others = self.others.checked_shl(ahead).unwrap_or(0);
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

    /// A number that a packet of the same stream has which is no audio: it is not missing. Judged as others are.
    pub fn pass_by(&mut self, sequence: u16) -> Order {
        let order = self.judge(sequence);
        if order == Order::New {
            let back = u32::from(self.highest.wrapping_sub(sequence));
            self.others |= 1_u64.checked_shl(back).unwrap_or(0);
        }
        order
    }

    /// The newest number was of no audio: the sender sends something else at the moment.
    pub fn is_aside(&self) -> bool {
        self.others & 1 != 0
    }

    /// Whether no audio is missing between two packets: every number after `after` and before `before` was of none.
    pub fn nothing_between(&self, after: u16, before: u16) -> bool {
        let count = u32::from(before.wrapping_sub(after).wrapping_sub(1));
        let back = u32::from(self.highest.wrapping_sub(before).wrapping_add(1));
        if count == 0 {
            return true;
        }
        if count + back > u64::BITS {
            return false;
        }
        let between = (u64::MAX >> (u64::BITS - count)) << back;
        self.others & between == between
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
    fn numbers_that_are_no_audio_are_not_missing() {
        let mut source = Source::new(1, 65_530);
        for sequence in [65_531, 65_532, 65_534, 65_535, 0] {
            assert_eq!(source.pass_by(sequence), Order::New);
        }
        assert!(source.is_aside());
        assert_eq!(source.pass_by(0), Order::Duplicate);
        assert_eq!(source.judge(1), Order::New);
        assert!(!source.is_aside());
        assert!(source.nothing_between(65_530, 65_533));
        assert!(source.nothing_between(65_533, 1));
        assert!(!source.nothing_between(65_530, 1), "one is missing");
        assert!(source.nothing_between(0, 1));
        assert!(!source.nothing_between(2, 1), "overtaken");
        // Late, but there.
        assert_eq!(source.pass_by(65_533), Order::New);
        assert!(source.nothing_between(65_530, 1));
        assert_eq!(source.judge(200), Order::New);
        assert!(!source.nothing_between(65_530, 1), "too long ago to tell");
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
