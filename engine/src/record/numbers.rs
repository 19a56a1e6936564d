//! Numbers as they lie in a recording: seven bits a byte, the lowest first, the top bit set on all but the last
//! (LEB128). Most are times since the one before, so most take one to three bytes.

/// Appends `number`.
pub(crate) fn put(number: u64, to: &mut Vec<u8>) {
    let mut rest = number;
    while rest >= 0x80 {
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

/// Takes a number off the front of `bytes`; `None` when they end within it or it has more than 64 bits.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(first & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Takes `count` bytes off the front.
pub(crate) fn take_bytes<'a>(bytes: &mut &'a [u8], count: u64) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(count).ok()?)?;
    *bytes = rest;
    Some(taken)
}

/// A difference as a number: small ones of either sign stay small.
pub(crate) fn zigzag(difference: i64) -> u64 {
    ((difference << 1) ^ (difference >> 63)) as u64
}

/// And back.
pub(crate) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_put_is_taken(numbers: Vec<u64>, differences: Vec<i64>) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|number| put(*number, &mut bytes));
            let mut rest = &bytes[..];
            for number in numbers {
                prop_assert_eq!(take(&mut rest), Some(number));
            }
            prop_assert!(rest.is_empty() && take(&mut rest).is_none());
            for difference in differences {
                prop_assert_eq!(unzigzag(zigzag(difference)), difference);
            }
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let mut rest = &bytes[..];
            while take(&mut rest).is_some() {}
        }
    }

    #[test]
    fn more_than_64_bits_are_refused() {
        assert_eq!(
            take(&mut &[0xff; 9].into_iter().chain([1]).collect::<Vec<_>>()[..]),
            Some(u64::MAX)
        );
        assert_eq!(
            take(&mut &[0xff; 9].into_iter().chain([2]).collect::<Vec<_>>()[..]),
            None
        );
        assert_eq!(take(&mut &[0x80; 11][..]), None);
        assert_eq!(take_bytes(&mut &[1, 2][..], 3), None);
    }
}
