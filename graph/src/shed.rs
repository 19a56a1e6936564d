//! Effects that can be left out when there is too little time, in the order in which they are.
//!
//! A node's [`Shape`](crate::Shape) says which of them it is, if any; the executor decides when.

/// An effect that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shed {
    /// Noise suppression: the signal passes as it came.
    NoiseSuppression,
    /// Automatic gain control: the signal passes as it came.
    GainControl,
    /// Echo cancellation: the near end passes as it came.
    EchoCancellation,
    /// Change of sample rate: a shorter filter.
    Resampling,
    /// Packet-loss concealment: gaps fade to silence.
    Concealment,
}

impl Shed {
    /// All, the first to be left out first. This is the declared order.
    pub const ALL: [Self; 5] = [
        Self::NoiseSuppression,
        Self::GainControl,
        Self::EchoCancellation,
        Self::Resampling,
        Self::Concealment,
    ];

    /// Its place in [`ALL`](Self::ALL).
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// As events and counters name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoiseSuppression => "noise_suppression",
            Self::GainControl => "gain_control",
            Self::EchoCancellation => "echo_cancellation",
            Self::Resampling => "resampling",
            Self::Concealment => "concealment",
        }
    }
}
