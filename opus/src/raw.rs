//! libopus over memory that is ours: the only `unsafe` of the crate.
//!
//! A state lies in a boxed slice whose size libopus names. It is initialised before it is handed out, and holds no pointer
//! into itself: libopus documents it as position independent and free to be copied, so moving the box and
//! copying the words are both sound. Two pointers to a state never live at a time, as every call borrows it.

#![allow(unsafe_code, reason = "the boundary to libopus")]

use crate::OpusFault;
use core::ffi::{CStr, c_int};
use opusic_sys as sys;

/// A state of libopus. Words, as its members need the alignment of a pointer at most.
#[derive(Clone, Debug)]
struct Memory(Box<[u64]>);

impl Memory {
    /// Zeros, `size` octets at least.
    fn new(size: c_int) -> Self {
        let size = usize::try_from(size).unwrap_or(0);
        Self(vec![0; size.div_ceil(8)].into_boxed_slice())
    }

    fn copy_from(&mut self, other: &Self) -> Result<(), OpusFault> {
        let (expected, actual) = (8 * other.0.len(), 8 * self.0.len());
        if expected != actual {
            return Err(OpusFault::OtherShape { expected, actual });
        }
        self.0.copy_from_slice(&other.0);
        Ok(())
    }

    fn encoder(&mut self) -> *mut sys::OpusEncoder {
        self.0.as_mut_ptr().cast()
    }

    fn decoder(&mut self) -> *mut sys::OpusDecoder {
        self.0.as_mut_ptr().cast()
    }
}

/// What libopus answers: a count, or the code of an error.
fn answer(code: c_int) -> Result<usize, c_int> {
    usize::try_from(code).map_err(|_| code)
}

/// A length for libopus, which counts in 32 bits.
fn length(len: usize) -> c_int {
    c_int::try_from(len).unwrap_or(c_int::MAX)
}

/// An initialised encoder.
#[derive(Clone, Debug)]
pub(crate) struct RawEncoder(Memory);

impl RawEncoder {
    pub(crate) fn new(rate: u32, channels: usize, application: c_int) -> Result<Self, c_int> {
        // SAFETY: a pure function of its argument.
        let size = unsafe { sys::opus_encoder_get_size(length(channels)) };
        let mut memory = Memory::new(size);
        if memory.0.is_empty() {
            return Err(sys::OPUS_BAD_ARG);
        }
        let rate = rate.cast_signed();
        // SAFETY: the memory has the size that libopus named for so many channels, and is aligned for pointers.
        let code = unsafe {
            sys::opus_encoder_init(memory.encoder(), rate, length(channels), application)
        };
        answer(code).map(|_| Self(memory))
    }

    /// `frame` samples of each channel. `pcm` holds at least `frame` times the channels the state was made for.
    pub(crate) fn encode(
        &mut self,
        pcm: &[f32],
        channels: usize,
        out: &mut [u8],
    ) -> Result<usize, c_int> {
        let frame = length(pcm.len() / channels.max(1));
        // SAFETY: the state is initialised for `channels`; both slices are as long as is said.
        answer(unsafe {
            sys::opus_encode_float(
                self.0.encoder(),
                pcm.as_ptr(),
                frame,
                out.as_mut_ptr(),
                length(out.len()),
            )
        })
    }

    /// A setting whose request takes one 32-bit number.
    pub(crate) fn set(&mut self, request: c_int, value: i32) -> Result<(), c_int> {
        // SAFETY: the state is initialised; every request of this crate's callers takes one `opus_int32`.
        answer(unsafe { sys::opus_encoder_ctl(self.0.encoder(), request, value) }).map(drop)
    }
}

/// An initialised decoder.
#[derive(Clone, Debug)]
pub(crate) struct RawDecoder(Memory);

impl RawDecoder {
    pub(crate) fn new(rate: u32, channels: usize) -> Result<Self, c_int> {
        // SAFETY: a pure function of its argument.
        let size = unsafe { sys::opus_decoder_get_size(length(channels)) };
        let mut memory = Memory::new(size);
        if memory.0.is_empty() {
            return Err(sys::OPUS_BAD_ARG);
        }
        let rate = rate.cast_signed();
        // SAFETY: the memory has the size that libopus named for so many channels, and is aligned for pointers.
        let code = unsafe { sys::opus_decoder_init(memory.decoder(), rate, length(channels)) };
        answer(code).map(|_| Self(memory))
    }

    /// Samples of each channel that were written to `out`. `None` is a packet that is lost; `fec` takes what a packet
    /// carries of the one before it.
    pub(crate) fn decode(
        &mut self,
        packet: Option<&[u8]>,
        channels: usize,
        out: &mut [f32],
        fec: bool,
    ) -> Result<usize, c_int> {
        let (octets, len) = packet.map_or((core::ptr::null(), 0), |octets| {
            (octets.as_ptr(), length(octets.len()))
        });
        let frame = length(out.len() / channels.max(1));
        // SAFETY: the state is initialised for `channels`; `out` has room for `frame` samples of each; the
        // packet is as long as is said, and no packet is a null pointer of no length, which means a loss.
        answer(unsafe {
            sys::opus_decode_float(
                self.0.decoder(),
                octets,
                len,
                out.as_mut_ptr(),
                frame,
                c_int::from(fec),
            )
        })
    }
}

/// What both have: their requests differ in the state and in the function that takes them.
macro_rules! control {
    ($coder:ty, $state:ident, $ctl:ident) => {
        impl $coder {
            /// A figure whose request writes one 32-bit number.
            pub(crate) fn get(&mut self, request: c_int) -> Result<i32, c_int> {
                let mut value = 0_i32;
                let place: *mut i32 = &raw mut value;
                // SAFETY: the state is initialised, and the request writes one `opus_int32`, or as many bits unsigned.
                answer(unsafe { sys::$ctl(self.0.$state(), request, place) })?;
                Ok(value)
            }

            /// The state of the range coder after the last packet.
            pub(crate) fn final_range(&mut self) -> u32 {
                let range = self.get(sys::OPUS_GET_FINAL_RANGE_REQUEST);
                range.map_or(0, i32::cast_unsigned)
            }

            /// Back to the start state.
            pub(crate) fn reset(&mut self) {
                // SAFETY: the state is initialised; the request takes nothing.
                let done = answer(unsafe { sys::$ctl(self.0.$state(), sys::OPUS_RESET_STATE) });
                // It takes no argument that could be wrong.
                debug_assert!(done.is_ok(), "{done:?}");
            }

            /// Goes on as `other` would; of another shape it changes nothing.
            pub(crate) fn copy_from(&mut self, other: &Self) -> Result<(), OpusFault> {
                self.0.copy_from(&other.0)
            }
        }
    };
}

control!(RawEncoder, encoder, opus_encoder_ctl);
control!(RawDecoder, decoder, opus_decoder_ctl);

/// Samples at `rate` that libopus sees in a packet: what our own reading is checked against.
#[cfg(test)]
pub(crate) fn samples_in(packet: &[u8], rate: u32) -> Result<usize, c_int> {
    // SAFETY: the packet is as long as is said.
    answer(unsafe {
        sys::opus_packet_get_nb_samples(packet.as_ptr(), length(packet.len()), rate.cast_signed())
    })
}

pub(crate) fn version() -> &'static str {
    // SAFETY: libopus gives a string that ends with a zero and is never freed.
    let name = unsafe { CStr::from_ptr(sys::opus_get_version_string()) };
    name.to_str().unwrap_or("libopus")
}
