//! Which leg is in which room or call, by the number of legs and the kind of scenario.

use super::error::BenchError;

/// Sizes of the rooms of `rooms`, round and round.
const SIZES: std::ops::RangeInclusive<usize> = 3..=10;
/// Legs a room takes (D4).
pub(super) const OF_ROOM: u32 = 4_000;

/// `legs` spread over `rooms`.
///
/// # Errors
/// [`BenchError::Flag`]: a room without a leg, or with more than it takes.
pub(super) fn even(legs: u32, rooms: u32) -> Result<Vec<usize>, BenchError> {
    if rooms > legs {
        return Err(BenchError::Flag {
            flag: "--rooms",
            actual: rooms.to_string(),
            allowed: format!("1 to {legs}, the legs there are"),
        });
    }
    let most = legs.div_ceil(rooms);
    if most > OF_ROOM {
        return Err(BenchError::Flag {
            flag: "--legs",
            actual: format!("{most} in a room"),
            allowed: format!("1 to {OF_ROOM} in a room; see --rooms"),
        });
    }
    Ok((0..legs).map(|leg| (leg % rooms) as usize).collect())
}

/// Rooms of 3, 4, … 10, 3, 4, … legs until all are in one; the last may be smaller.
pub(super) fn small(legs: u32) -> Vec<usize> {
    let sizes = SIZES.cycle().enumerate();
    let seats = sizes.flat_map(|(room, size)| std::iter::repeat_n(room, size));
    seats.take(legs as usize).collect()
}

/// Calls of two.
///
/// # Errors
/// [`BenchError::Flag`]: one leg too many.
pub(super) fn pairs(legs: u32) -> Result<Vec<usize>, BenchError> {
    if !legs.is_multiple_of(2) {
        return Err(BenchError::Flag {
            flag: "--legs",
            actual: legs.to_string(),
            allowed: "an even number, two legs to a call".into(),
        });
    }
    Ok((0..legs).map(|leg| leg as usize / 2).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_rooms_have_three_to_ten_legs() {
        let room_of = small(60);
        let sizes: Vec<_> = (0..11)
            .map(|room| room_of.iter().filter(|of| **of == room).count())
            .collect();
        assert_eq!(sizes, [3, 4, 5, 6, 7, 8, 9, 10, 3, 4, 1]);
        assert_eq!(small(1), [0]);
    }

    #[test]
    fn calls_have_two_legs_and_none_is_left_over() {
        assert_eq!(pairs(4).unwrap(), [0, 0, 1, 1]);
        for odd in [1, 5] {
            let why = pairs(odd).unwrap_err().to_string();
            assert!(why.contains(&format!("--legs: was {odd}")), "{why}");
        }
    }

    #[test]
    fn legs_are_spread_evenly_and_no_room_is_empty() {
        assert_eq!(even(5, 2).unwrap(), [0, 1, 0, 1, 0]);
        let why = even(5, 9).unwrap_err().to_string();
        assert!(why.contains("--rooms: was 9, allowed: 1 to 5"), "{why}");
        assert_eq!(even(2 * OF_ROOM, 2).unwrap().len(), 8_000);
        assert!(even(2 * OF_ROOM + 1, 2).is_err());
    }
}
