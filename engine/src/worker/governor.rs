//! The governor (D15): what is left out when the slots take longer than they may.
//!
//! Once a window it looks at the slot of the cycle that was fullest in at least four of its cycles, so that one
//! preemption is not taken for load. Above the upper mark it takes one step up the ladder, below the lower one, for as long as
//! the hold lasts, one down. A step that leaves out nothing just now is passed over. When a step down had to be taken back soon,
//! the next hold is twice as long: it does not flap.
//!
//! The steps are those of `ladder`; which is taken when, `decide` says.
//!
//! Every decision is made of times read from the cost clock. Owner: the worker.

use core::time::Duration;

use talkpath_graph::{FrameTime, Shed};

use crate::priority::{CLASSES, Priority};

pub use ladder::{Level, ROTATION, STEPS, Step, step};

mod decide;
mod ladder;

/// Cycles of a window.
const WINDOW: usize = 5;
/// Milliseconds of a cycle: a leg with frames of 10 ms is due twice in it.
const CYCLE: u32 = FrameTime::Ms20.as_millis();
/// Windows below the lower mark before a step down: about a second.
const HOLD: u32 = 10;
/// Most slots of a cycle: those of 250 µs.
const SLOTS: usize = 80;

/// A step taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The step.
    pub step: Step,
    /// Up the ladder: shed. Else recovered.
    pub up: bool,
    /// Legs it concerns.
    pub legs: u32,
    /// How full the fullest slot was, in thousandths.
    pub load: u32,
    /// Steps in force from now on: all below this number on the ladder.
    pub in_force: u32,
}

/// The marks, as parts of a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marks {
    /// Above it a step is taken.
    pub above: f32,
    /// Below it one is taken back.
    pub below: f32,
}

/// The state of the governor.
#[derive(Debug)]
pub struct Governor {
    marks: Marks,
    slot: Duration,
    slots: usize,
    /// Steps taken: those below it on the ladder are in force.
    taken: usize,
    /// Busy nanoseconds of the slots of a window, by cycle and slot.
    busy: [[u32; SLOTS]; WINDOW],
    /// Slots of the window so far.
    seen: usize,
    /// Windows in a row below the lower mark.
    calm: u32,
    /// Windows that must be.
    hold: u32,
    /// Windows since the last step down.
    since_down: u32,
    /// Milliseconds of the window for which legs ran that have such an op, by shed and class; and legs at all.
    coming: [[u32; CLASSES]; Shed::ALL.len() + 1],
    members: [[u32; CLASSES]; Shed::ALL.len() + 1],
    /// By class: what is bypassed, and how many periods of four are left out.
    masks: [(u8, u8); CLASSES],
    /// A step that has not been told yet.
    untold: Option<Taken>,
}

impl Governor {
    /// A governor for a cycle of `slots` slots of `slot` each. Control side.
    #[must_use]
    pub fn new(marks: Marks, slot: Duration, slots: usize) -> Self {
        Self {
            marks,
            slot,
            slots: slots.clamp(1, SLOTS),
            taken: 0,
            busy: [[0; SLOTS]; WINDOW],
            seen: 0,
            calm: 0,
            hold: HOLD,
            since_down: u32::MAX,
            coming: [[0; CLASSES]; Shed::ALL.len() + 1],
            members: [[0; CLASSES]; Shed::ALL.len() + 1],
            masks: [(0, 0); CLASSES],
            untold: None,
        }
    }

    /// Steps in force.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.taken
    }

    /// What is left out of a leg of this class: a bit for each [`Shed`], and periods of four.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn of(&self, class: Priority) -> (u8, u8) {
        self.masks[class.index()]
    }

    /// Whether this effect is left out of legs of this class.
    ///
    /// Real-time: allocates no; blocks no; cost O(1).
    #[must_use]
    pub fn sheds(&self, class: Priority, shed: Shed) -> bool {
        self.of(class).0 >> shed.index() & 1 == 1
    }

    /// A half of a leg is due for a frame of `span` that has these kinds of effects, not told of its other half; `counts`: it
    /// is the one by which the leg is counted.
    ///
    /// Real-time: allocates no; blocks no; cost O(kinds).
    pub fn saw(&mut self, class: Priority, effects: u8, counts: bool, span: FrameTime) {
        for (shed, classes) in self.coming.iter_mut().enumerate() {
            // The last row counts legs, whatever they have.
            let has = if shed == Shed::ALL.len() {
                counts
            } else {
                effects >> shed & 1 == 1
            };
            classes[class.index()] += u32::from(has) * span.as_millis();
        }
    }

    /// A slot has taken so long. At the end of a window a step may be taken.
    ///
    /// Real-time: allocates no; blocks no; cost O(1), at the end of a window O(slots of a cycle).
    pub fn slot(&mut self, busy: Duration) -> Option<Taken> {
        let (cycle, slot) = (self.seen / self.slots, self.seen % self.slots);
        self.busy[cycle][slot] = u32::try_from(busy.as_nanos()).unwrap_or(u32::MAX);
        self.seen += 1;
        if self.seen < self.slots * WINDOW {
            return None;
        }
        self.seen = 0;
        self.members = core::mem::take(&mut self.coming);
        self.decide()
    }

    /// A step that could not be told: it is told later, the newest first to go.
    pub fn keep(&mut self, taken: Taken) {
        self.untold = Some(taken);
    }

    /// A step to be told again.
    pub fn untold(&mut self) -> Option<Taken> {
        self.untold.take()
    }
}
