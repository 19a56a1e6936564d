//! Where the states of all strands sit: one typed slab per node kind (D7, D11).
//!
//! The same table makes both halves: [`Bank`] holds the contents and belongs to the worker;
//! [`Seating`] holds the free lists and belongs to the supervisor, which gives every op of a
//! new leg a [`Seat`] before the leg's body travels, and takes the seats back when the body
//! has returned. States move in and out by value (they are small, or boxes).

use talkpath_graph::node::Node;
use talkpath_nodes::arrival::Arrival;
use talkpath_nodes::conceal::Concealer;
use talkpath_nodes::decode_node::DecodeNode;
use talkpath_nodes::encode_node::EncodeNode;
use talkpath_nodes::fade::Fade;
use talkpath_nodes::gain::GainNode;
use talkpath_nodes::jitter::JitterBuffer;
use talkpath_nodes::limit::Limiter;
use talkpath_nodes::meter::Meter;
use talkpath_nodes::packetise::Packetiser;
use talkpath_nodes::player::{Clip, Tone};
use talkpath_nodes::relay::Relay;
use talkpath_nodes::resample::Resampler;
use talkpath_nodes::spec::Spec;
use talkpath_nodes::state::State;
use talkpath_rt::handle::Handle;
use talkpath_rt::slab::{FreeList, Slab};

macro_rules! kinds {
    ($($kind:ident $slab:ident $state:ty;)*) => {
        /// Where the state of one op sits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Seat {
            /// The op keeps nothing between frames.
            Stateless,
            $(#[doc = concat!("In the slab of `", stringify!($kind), "` states.")] $kind(Handle<$state>),)*
        }

        /// The states of all strands of a worker, by kind.
        pub struct Bank {
            $(pub(crate) $slab: Slab<$state>,)*
        }

        impl Bank {
            /// Slabs for `seats` states of each kind. Control side: allocates all it will ever need.
            #[must_use]
            pub fn new(seats: usize) -> Self {
                Self { $($slab: Slab::with_capacity(seats),)* }
            }

            /// Seats one state; gives it back when the seat is taken or of another kind.
            ///
            /// # Errors
            /// The state, untouched.
            ///
            /// Real-time: allocates no; blocks no; cost O(1).
            #[allow(clippy::result_large_err, reason = "the state goes back by value: a box would allocate")]
            pub fn seat(&mut self, seat: Seat, state: State) -> Result<(), State> {
                match (seat, state) {
                    (Seat::Stateless, State::Stateless) => Ok(()),
                    $((Seat::$kind(at), State::$kind(s)) => self.$slab.insert(at, s).map_err(|r| State::$kind(r.value)),)*
                    (_, state) => Err(state),
                }
            }

            /// Takes a state from its seat.
            ///
            /// Real-time: allocates no; blocks no; cost O(1).
            #[must_use]
            pub fn unseat(&mut self, seat: Seat) -> Option<State> {
                match seat {
                    Seat::Stateless => None,
                    $(Seat::$kind(at) => self.$slab.remove(at).map(State::$kind),)*
                }
            }

            /// Asks the cache for a state that will run soon.
            ///
            /// Real-time: allocates no; blocks no; cost O(1).
            pub fn prefetch(&self, seat: Seat) {
                match seat {
                    Seat::Stateless => {}
                    $(Seat::$kind(at) => self.$slab.prefetch(at),)*
                }
            }

            /// Exchanges the states of two seats of one kind; nothing happens for seats of two.
            ///
            /// Real-time: allocates no; blocks no; cost O(1).
            pub fn exchange(&mut self, a: Seat, b: Seat) {
                match (a, b) {
                    $((Seat::$kind(a), Seat::$kind(b)) => if let Some([a, b]) = self.$slab.get_disjoint_mut([a, b]) {
                        core::mem::swap(a, b);
                    },)*
                    _ => {}
                }
            }
        }

        impl core::fmt::Debug for Bank {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct("Bank")$(.field(stringify!($slab), &self.$slab.len()))*.finish()
            }
        }

        /// The supervisor's half: which seats are free.
        pub struct Seating {
            $($slab: FreeList<$state>,)*
        }

        impl core::fmt::Debug for Seating {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct("Seating")$(.field(stringify!($slab), &self.$slab.in_use()))*.finish()
            }
        }

        impl Seating {
            /// Free lists for a [`Bank`] of as many seats of each kind.
            #[must_use]
            pub fn new(seats: usize) -> Self {
                Self { $($slab: FreeList::with_capacity(seats),)* }
            }

            /// A seat for a state of this kind, or `None` when they are all taken.
            pub fn take(&mut self, state: &State) -> Option<Seat> {
                match state {
                    State::Stateless => Some(Seat::Stateless),
                    $(State::$kind(_) => self.$slab.take().map(Seat::$kind),)*
                }
            }

            /// A seat for the state of an op, or `None` when they are all taken.
            pub fn take_for(&mut self, spec: &Spec) -> Option<Seat> {
                match spec {
                    Spec::Contribute { .. } | Spec::MixMinus { .. } | Spec::Payload { .. } => {
                        Some(Seat::Stateless)
                    }
                    $(Spec::$kind { .. } => self.$slab.take().map(Seat::$kind),)*
                }
            }

            /// Kind of the op's state and seats of it that are free; `None` for an op that needs none.
            pub fn left_for(&self, spec: &Spec) -> Option<(&'static str, usize)> {
                match spec {
                    Spec::Contribute { .. } | Spec::MixMinus { .. } | Spec::Payload { .. } => None,
                    $(Spec::$kind { .. } => Some((stringify!($slab), self.$slab.available())),)*
                }
            }

            /// Takes a seat back once its state has returned. `false` for a seat that was not out.
            #[must_use]
            pub fn give(&mut self, seat: Seat) -> bool {
                match seat {
                    Seat::Stateless => true,
                    $(Seat::$kind(at) => self.$slab.give(at).is_ok(),)*
                }
            }

            /// Kind, seats taken, seats in all and the most that were ever taken, for the status page.
            pub fn fill(&self) -> impl Iterator<Item = (&'static str, usize, usize, usize)> {
                [$({
                    let list = &self.$slab;
                    (stringify!($slab), list.in_use(), list.in_use() + list.available(), list.high_water())
                },)*].into_iter()
            }
        }
    };
}

kinds! {
    Jitter jitter JitterBuffer;
    Decode decode DecodeNode;
    Conceal conceal Concealer;
    Resample resample Resampler;
    Gain gain GainNode;
    Meter meter Meter;
    Limit limit Limiter;
    Encode encode EncodeNode;
    Packetise packetise Packetiser;
    Arrival arrival Arrival;
    Relay relay Relay;
    Tone tone Tone;
    Clip clip Clip;
    Fade fade Fade;
    Ext ext Box<dyn Node>;
}

impl Bank {
    /// Seats the states of a body, last first; `false` when one found its seat taken: the caller
    /// takes the others out again with [`Bank::uninstall`].
    ///
    /// Real-time: allocates no (states keep their capacity); blocks no; cost O(states).
    #[must_use]
    pub fn install(&mut self, states: &mut Vec<(Seat, State)>) -> bool {
        while let Some((seat, state)) = states.pop() {
            if let Err(state) = self.seat(seat, state) {
                states.push((seat, state));
                return false;
            }
        }
        true
    }

    /// Moves the states of these seats into `states`, which has room for them.
    ///
    /// Real-time: allocates no; blocks no; cost O(seats).
    pub fn uninstall<'a>(
        &mut self,
        seats: impl Iterator<Item = &'a Seat>,
        states: &mut Vec<(Seat, State)>,
    ) {
        for &seat in seats {
            if states.len() < states.capacity()
                && let Some(state) = self.unseat(seat)
            {
                states.push((seat, state));
            }
        }
    }
}
