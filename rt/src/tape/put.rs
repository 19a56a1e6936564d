//! The tape of a ring's writing end.

use super::{Numbers, Patience, TapeOut};
use crate::flag::Flag;

/// What a [`Producer`](crate::ring::Producer) met with.
pub struct PutTape(Kind);

enum Kind {
    Records {
        out: TapeOut,
        /// Times there was room since there was none.
        taken: u64,
    },
    Plays {
        numbers: Numbers,
        /// Times there will be room before there is none; `None` when there always will be.
        left: Option<u64>,
        over: Flag,
    },
}

impl PutTape {
    /// Notes on `out`.
    #[must_use]
    pub fn recording(out: TapeOut) -> Self {
        Self(Kind::Records { out, taken: 0 })
    }

    /// Plays `numbers`; is over when somebody has raised `over`. After their end there always is room, since a tape of
    /// this kind says nothing where nothing was refused.
    #[must_use]
    pub fn playing(mut numbers: Numbers, over: Flag) -> Self {
        let left = numbers.next();
        Self(Kind::Plays {
            numbers,
            left,
            over,
        })
    }

    /// Whether there is room, now that `room` says what is so; playing, it waits for that where the tape says yes.
    /// `abandoned`: nobody takes anything out any more, so nobody will miss what goes in.
    pub(crate) fn has_room(
        &mut self,
        room: impl Fn() -> bool,
        abandoned: impl Fn() -> bool,
    ) -> Room {
        match &mut self.0 {
            Kind::Records { out, taken } => {
                if room() {
                    *taken += 1;
                    return Room::Yes;
                }
                out.note(&[*taken]);
                *taken = 0;
                Room::No
            }
            Kind::Plays {
                numbers,
                left,
                over,
            } => {
                match left {
                    Some(0) => {
                        *left = numbers.next();
                        return Room::No;
                    }
                    Some(left) => *left -= 1,
                    None => {}
                }
                let mut patience = Patience::default();
                loop {
                    if over.is_raised() {
                        return Room::No;
                    }
                    if room() {
                        return Room::Yes;
                    }
                    if abandoned() {
                        return Room::NoReader;
                    }
                    patience.wait();
                }
            }
        }
    }
}

/// Whether a ring takes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Yes,
    No,
    /// Nobody reads it any more: what is put in is dropped.
    NoReader,
}
