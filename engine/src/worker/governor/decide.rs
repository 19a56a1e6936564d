//! The decision at the end of a window: a step up the ladder, one down, or none.

use talkpath_graph::Shed;

use crate::priority::CLASSES;

use super::{CYCLE, Governor, HOLD, Level, STEPS, Step, Taken, WINDOW, step};

/// Cycles of a window in which a slot must have been as full as it is taken for.
const AGREE: usize = 4;

/// The longest hold, in windows: about half a minute.
const LONGEST_HOLD: u32 = 320;

impl Governor {
    /// How full the fullest slot was, as a part of it.
    fn load(&self) -> f32 {
        let fullest = (0..self.slots).map(|slot| {
            let mut cycles: [u32; WINDOW] = core::array::from_fn(|cycle| self.busy[cycle][slot]);
            cycles.sort_unstable();
            cycles[WINDOW - AGREE]
        });
        fullest.max().unwrap_or(0) as f32 / self.slot.as_nanos() as f32
    }

    pub(super) fn decide(&mut self) -> Option<Taken> {
        let load = self.load();
        self.since_down = self.since_down.saturating_add(1);
        if load > self.marks.above {
            self.calm = 0;
            return self.up(load);
        }
        if load >= self.marks.below || self.taken == 0 {
            self.calm = 0;
            return None;
        }
        self.calm += 1;
        if self.calm < self.hold {
            return None;
        }
        self.calm = 0;
        self.down(load)
    }

    /// Takes the next step that concerns somebody.
    fn up(&mut self, load: f32) -> Option<Taken> {
        let next = (self.taken..STEPS).find(|n| self.concerned(step(*n)) > 0)?;
        if self.since_down <= 2 * self.hold {
            // Taken back too early: the next time it is waited for longer.
            self.hold = (2 * self.hold).min(LONGEST_HOLD);
        }
        self.taken = next + 1;
        self.set_masks();
        Some(self.told(next, true, load))
    }

    /// Takes the last step back, and with it those that concern nobody any more.
    fn down(&mut self, load: f32) -> Option<Taken> {
        let mut concerned = (0..self.taken)
            .rev()
            .filter(|n| self.concerned(step(*n)) > 0);
        let (last, below) = (concerned.next().unwrap_or(self.taken - 1), concerned.next());
        if self.since_down > 4 * self.hold {
            self.hold = HOLD;
        }
        self.taken = below.map_or(0, |below| below + 1);
        self.since_down = 0;
        self.set_masks();
        Some(self.told(last, false, load))
    }

    fn told(&self, n: usize, up: bool, load: f32) -> Taken {
        let step = step(n);
        Taken {
            step,
            up,
            legs: self.concerned(step),
            load: (load * 1_000.0) as u32,
            in_force: self.taken as u32,
        }
    }

    /// Legs that a step concerns, on average over the cycles of the last window.
    fn concerned(&self, step: Step) -> u32 {
        let row = match step.level {
            Level::Effect(shed) => shed.index(),
            Level::Periods(_) => Shed::ALL.len(),
        };
        self.members[row][step.class.index()].div_ceil(WINDOW as u32 * CYCLE)
    }

    fn set_masks(&mut self) {
        self.masks = [(0, 0); CLASSES];
        for n in 0..self.taken {
            let Step { level, class } = step(n);
            let (effects, periods) = &mut self.masks[class.index()];
            match level {
                Level::Effect(shed) => *effects |= 1 << shed.index(),
                Level::Periods(count) => *periods = count,
            }
        }
    }
}
