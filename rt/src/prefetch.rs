//! Asking the cache for what is needed next.
//!
//! A worker walks over the states of thousands of strands, each touched once a period: all of it has left the cache
//! by then. Asked for while the strands before are computed, it is there in time.

/// Bytes in a cache line.
const LINE: usize = 64;
/// Asks for the first `most` bytes of `value` without waiting for them. A hint: nothing is read, nothing changes.
///
/// Ask for what will be used only: each line takes one of the dozen that a core can fetch at a time.
///
/// Real-time: allocates no; blocks no; cost O(lines).
#[inline]
pub fn prefetch<T: ?Sized>(value: &T, most: usize) {
    let at = core::ptr::from_ref(value).cast::<u8>();
    for offset in (0..size_of_val(value).min(most)).step_by(LINE) {
        line(at.wrapping_add(offset));
    }
}

#[inline]
fn line(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults and reads nothing, whatever the address.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
