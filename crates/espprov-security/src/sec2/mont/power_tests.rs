//! What the reference cannot see from outside: rare carries, and that nothing stays behind.

use super::*;
use core::cell::Cell;
use std::thread_local;
use zeroize::DefaultIsZeroes;

const R: u128 = 1 << 96;

fn number(words: &[u32; 3]) -> u128 {
    words
        .iter()
        .rev()
        .fold(0, |number, word| number << 32 | u128::from(*word))
}

fn words(number: u128) -> [u32; 3] {
    core::array::from_fn(|index| (number >> (32 * index)) as u32)
}

/// A modulus of the prime's shape, so short that the compiler's own numbers are the reference. The last carry of a
/// product with one word falls out for values close below R only: once in 2^63 for random ones.
#[test]
fn one_word_products_carry() {
    for middle in [0_u32, 1, 0xc90f_daa2, 0xffff_fff0] {
        let modulus = Modulus::new([u32::MAX, middle, u32::MAX]);
        let n = number(&modulus.n1) - 1;
        let mut carried = false;
        for value in [0, 1, n / 3, n - 1, n, n + 1, R - 2, R - 1] {
            for factor in [1, 2, 5, 78125, u32::MAX >> 1] {
                let mut power = Power {
                    modulus: &modulus,
                    value: words(value),
                    scratch: [0; 3],
                };
                power.mul_word(factor);
                let product = value * u128::from(factor);
                carried |= product % R + (product / R) * (R - n) >= R;
                modulus.canonical(&mut power.value);
                assert_eq!(number(&power.value), product % n, "{value:x} * {factor:x}");
            }
        }
        assert!(carried, "the case that this is about");
    }
}

thread_local! {
    static WIPED: Cell<usize> = const { Cell::new(0) };
}

/// A word that counts how often it is overwritten by its default, which is what wiping does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Counted(u32);

impl Default for Counted {
    fn default() -> Self {
        WIPED.set(WIPED.get() + 1);
        Self(0)
    }
}

impl DefaultIsZeroes for Counted {}

/// Nothing is computed in it.
impl Word for Counted {
    const BITS: u32 = 32;
    const ONE: Self = Self(1);
    const GENERATOR_WINDOW: usize = 3;

    fn from_u64(_: u64) -> Self {
        unreachable!()
    }
    fn mask(_: subtle::Choice) -> Self {
        unreachable!()
    }
    fn choice(self) -> subtle::Choice {
        unreachable!()
    }
    fn and(self, _: Self) -> Self {
        unreachable!()
    }
    fn or(self, _: Self) -> Self {
        unreachable!()
    }
    fn not(self) -> Self {
        unreachable!()
    }
    fn add_carry(self, _: Self, _: Self) -> (Self, Self) {
        unreachable!()
    }
    fn double(self, _: Self) -> (Self, Self) {
        unreachable!()
    }
    fn product(_: &[Self], _: Option<&[Self]>, _: &[Self], _: &mut [Self]) -> Self {
        unreachable!()
    }
    fn mul_add(self, _: Self, _: Self, _: Self) -> (Self, Self) {
        unreachable!()
    }
}

#[test]
fn value_and_scratch_are_wiped_on_drop() {
    let secret = [Counted(7); 48];
    let modulus = Modulus::from_successor(secret);
    let power = Power {
        modulus: &modulus,
        value: secret,
        scratch: secret,
    };
    let before = WIPED.get();
    drop(power);
    assert_eq!(WIPED.get() - before, 2 * 48);
}
