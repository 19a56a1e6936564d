//! The tape of a ring's reading end.

use super::{Numbers, Patience, TapeOut};
use crate::flag::Flag;

/// What a [`Consumer`](crate::ring::Consumer) met with.
pub struct TakeTape(Kind);

enum Kind {
    Records {
        out: TapeOut,
        vain: u64,
        found: u64,
    },
    Plays {
        numbers: Numbers,
        vain: u64,
        found: u64,
        over: Flag,
    },
}

impl TakeTape {
    /// Notes on `out`.
    #[must_use]
    pub fn recording(out: TapeOut) -> Self {
        let (vain, found) = (0, 0);
        Self(Kind::Records { out, vain, found })
    }

    /// Plays `numbers`; raises `over` at their end, and is over when somebody else has raised it.
    #[must_use]
    pub fn playing(numbers: Numbers, over: Flag) -> Self {
        let (vain, found) = (0, 0);
        Self(Kind::Plays {
            numbers,
            vain,
            found,
            over,
        })
    }

    /// Looks once: `look` finds something or not, `abandoned` says that nothing more will come.
    pub(crate) fn take<C, R>(
        &mut self,
        ring: &mut C,
        mut look: impl FnMut(&mut C) -> Option<R>,
        abandoned: impl Fn(&C) -> bool,
    ) -> Option<R> {
        match &mut self.0 {
            Kind::Records { out, vain, found } => {
                let taken = look(ring);
                match taken {
                    Some(_) => *found += 1,
                    None => {
                        close(out, vain, found, true);
                        *vain += 1;
                    }
                }
                taken
            }
            Kind::Plays {
                numbers,
                vain,
                found,
                over,
            } => {
                if !next(numbers, vain, found, over)? {
                    return None;
                }
                let mut patience = Patience::default();
                loop {
                    // In this order: nothing that came before the end of the other side is missed.
                    let gone = abandoned(ring);
                    let taken = look(ring);
                    if taken.is_some() {
                        return taken;
                    }
                    if gone || over.is_raised() {
                        over.raise();
                        return None;
                    }
                    patience.wait();
                }
            }
        }
    }

    /// Notes what has been gathered.
    pub(crate) fn flush(&mut self) {
        if let Kind::Records { out, vain, found } = &mut self.0 {
            close(out, vain, found, false);
        }
    }
}

/// Notes a turn; `ended` when it is only to be noted if something was found in it.
fn close(out: &mut TapeOut, vain: &mut u64, found: &mut u64, ended: bool) {
    if *found > 0 || (!ended && *vain > 0) {
        out.note(&[*vain, *found]);
        (*vain, *found) = (0, 0);
    }
}

/// Whether there was something; `None` when it is over.
fn next(numbers: &mut Numbers, vain: &mut u64, found: &mut u64, over: &Flag) -> Option<bool> {
    if over.is_raised() {
        return None;
    }
    while *vain == 0 && *found == 0 {
        let turn = numbers.next().zip(numbers.next());
        let Some(turn) = turn else {
            over.raise();
            return None;
        };
        (*vain, *found) = turn;
    }
    let there = *vain == 0;
    *(if there { found } else { vain }) -= 1;
    Some(there)
}
