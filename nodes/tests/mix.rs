//! The bus: exact sums, whatever the order, and one's own voice out of them to the bit.

use proptest::prelude::*;
use talkpath_nodes::mix::{FULL_SCALE, MAX_CONTRIBUTORS, contribute, mix_minus, to_q19};

/// The same by the book: `f64`, rounding, one sample at a time.
fn naive_q19(sample: f32) -> i32 {
    if sample.is_nan() {
        return 0;
    }
    let full = f64::from(FULL_SCALE);
    (f64::from(sample) * full)
        .round_ties_even()
        .clamp(-full, full) as i32
}

fn naive_mix_minus(bus: &[i32], own: &[i32], cross: &[f32], len: usize) -> Vec<f32> {
    let at = |list: &[i32], i: usize| list.get(i).copied().unwrap_or(0);
    let heard = |i| at(bus, i).wrapping_sub(if i < bus.len() { at(own, i) } else { 0 });
    let sample = |i| heard(i) as f32 / FULL_SCALE as f32;
    (0..len)
        .map(|i| cross.get(i).map_or(sample(i), |cross| sample(i) + cross))
        .collect()
}

fn pcm(len: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec(prop_oneof![9 => -1.5_f32..1.5, 1 => any::<f32>()], len)
}

#[test]
fn sixteen_bit_samples_are_exact_and_the_rest_saturates() {
    for sample in i16::MIN..=i16::MAX {
        assert_eq!(to_q19(f32::from(sample) / 32768.0), i32::from(sample) << 4);
    }
    for (sample, expected) in [
        (1.0, FULL_SCALE),
        (7.0, FULL_SCALE),
        (f32::INFINITY, FULL_SCALE),
        (f32::NEG_INFINITY, -FULL_SCALE),
        (f32::NAN, 0),
        (-f32::NAN, 0),
        (-0.0, 0),
    ] {
        assert_eq!(to_q19(sample), expected, "{sample}");
    }
}

#[test]
fn a_bus_full_of_full_scale_does_not_overflow() {
    for sign in [1.0, -1.0] {
        let mut bus = [0; 3];
        for _ in 0..MAX_CONTRIBUTORS {
            contribute(&[sign; 3], &mut [0; 3], &mut bus);
        }
        let sum = i64::from(FULL_SCALE) * MAX_CONTRIBUTORS as i64;
        assert_eq!(i64::from(bus[0]), sum * sign as i64);
    }
}

#[test]
fn unequal_lengths_are_no_panic() {
    for a in 0..5 {
        for b in 0..5 {
            for c in 0..5 {
                let (mut own, mut bus, mut out) = ([0; 5], [1; 5], [9.0; 5]);
                contribute(&[0.5; 5][..a], &mut own[..b], &mut bus[..c]);
                mix_minus(&bus[..a], &own[..b], &[0.25; 5][..c], &mut out);
                assert_eq!(
                    out[..],
                    naive_mix_minus(&bus[..a], &own[..b], &[0.25; 5][..c], 5)
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn kernels_equal_their_twins(samples in pcm(0..70), start in -1_000_000_i32..1_000_000, cross in pcm(0..70)) {
        let mut own = vec![0; samples.len()];
        let mut bus = vec![start; samples.len()];
        contribute(&samples, &mut own, &mut bus);
        let expected: Vec<i32> = samples.iter().copied().map(naive_q19).collect();
        prop_assert_eq!(&own, &expected);
        prop_assert!(bus.iter().zip(&own).all(|(bus, own)| bus - own == start));
        let mut out = vec![0.0; samples.len()];
        mix_minus(&bus, &own, &cross, &mut out);
        let twin = naive_mix_minus(&bus, &own, &cross, samples.len());
        prop_assert!(out.iter().zip(&twin).all(|(a, b)| a.to_bits() == b.to_bits()));
        mix_minus(&bus, &[], &[], &mut out);
        prop_assert_eq!(&out, &naive_mix_minus(&bus, &[], &[], samples.len()));
    }

    #[test]
    fn what_a_leg_hears_does_not_depend_on_what_it_says_nor_on_the_order(
        legs in proptest::collection::vec(pcm(33..=33), 2..8), other in pcm(33..=33), who in 0_usize..8, turn in 0_usize..8,
    ) {
        let who = who % legs.len();
        let heard = |legs: &[Vec<f32>], order: &[usize]| {
            let mut owns = vec![vec![0; 33]; legs.len()];
            let mut bus = vec![0; 33];
            for leg in order {
                contribute(&legs[*leg], &mut owns[*leg], &mut bus);
            }
            let mut out = vec![0.0; 33];
            mix_minus(&bus, &owns[who], &[], &mut out);
            (out.iter().map(|x| x.to_bits()).collect::<Vec<u32>>(), bus)
        };
        let order: Vec<usize> = (0..legs.len()).collect();
        let mut turned = order.clone();
        turned.rotate_left(turn % legs.len());
        turned.reverse();
        let (first, bus) = heard(&legs, &order);
        prop_assert_eq!(&(first.clone(), bus), &heard(&legs, &turned));
        let mut changed = legs.clone();
        changed[who] = other;
        prop_assert_eq!(&first, &heard(&changed, &order).0);
    }
}
