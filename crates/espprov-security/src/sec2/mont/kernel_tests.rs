//! Both kernels with both words, on numbers short enough to try all combinations of extreme words, and for primes whose
//! second word is not the one that the group's has.

use super::{Word, block, rows};
use crypto_bigint::{NonZero, U2048};
use std::vec::Vec;

type Kernel<W> = fn(&[W], Option<&[W]>, &[W], &mut [W]) -> W;

fn number<W: Word + Into<u64>>(words: &[W]) -> U2048 {
    words.iter().rev().fold(U2048::ZERO, |number, word| {
        number.shl(W::BITS).wrapping_add(&U2048::from_u64((*word).into()))
    })
}

/// A number that is 0, 1, all ones or something in between, word by word.
fn extreme<W: Word>(len: usize, seed: &mut u64) -> Vec<W> {
    let mut word = || {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        match *seed >> 61 {
            0 | 1 => W::default(),
            2 => W::ONE,
            3..=5 => W::default().not(),
            _ => W::from_u64(*seed),
        }
    };
    (0..len).map(|_| word()).collect()
}

/// `n1`'s first word must be zero, which is all that a kernel asks of it; the other factors may be anything below R.
fn check<W: Word + Into<u64>>(kernel: Kernel<W>, a: &[W], b: Option<&[W]>, n1: &[W]) -> bool {
    let mut sum = a.to_vec(); // what was there does not matter
    let carry = kernel(a, b, n1, &mut sum);
    let n = NonZero::new(number(n1).wrapping_sub(&U2048::ONE)).unwrap();
    let r = W::BITS * a.len() as u32;
    let product = number(a).wrapping_mul(&number(b.unwrap_or(a)));
    let result = number(&sum).wrapping_add(&U2048::from_u64(carry.into()).shl(r));
    assert!(result <= U2048::ONE.shl(r).wrapping_add(&n), "two carries");
    assert_eq!(
        result.shl(r).rem(&n),
        product.rem(&n),
        "{a:?} {b:?} {n1:?}",
        a = number(a),
        b = b.map(number),
        n1 = number(n1)
    );
    carry != W::default()
}

fn check_all<W: Word + Into<u64>>(kernel: Kernel<W>) {
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let mut carried = 0;
    for round in 0..400 {
        let len = [4, 8, 12][round % 3];
        let (a, b) = (extreme(len, &mut seed), extreme(len, &mut seed));
        let mut n1: Vec<W> = extreme(len, &mut seed);
        n1[0] = W::default();
        n1[len - 1] = W::default().not();
        carried += u32::from(check(kernel, &a, Some(&b), &n1));
        carried += u32::from(check(kernel, &a, None, &n1));
        let ones = std::vec![W::default().not(); len];
        carried += u32::from(check(kernel, &ones, Some(&a), &n1));
        carried += u32::from(check(kernel, &ones, None, &n1));
    }
    assert!(carried > 100, "the carry at the end is tried, too: {carried}");
}

#[test]
fn rows_of_either_word() {
    check_all::<u32>(rows::product);
    check_all::<u64>(rows::product);
}

#[test]
fn blocks_of_either_word() {
    check_all::<u32>(block::product);
    check_all::<u64>(block::product);
}
