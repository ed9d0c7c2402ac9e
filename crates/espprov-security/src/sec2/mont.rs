//! Arithmetic modulo the group's prime, in Montgomery form, for 32-bit and 64-bit words alike.
//!
//! A residue is held in `L` words, any value below `R = 2^(L·BITS)`: results are reduced to canonical form
//! only on the way out. Everything runs in time that depends on `L` and on the length of an exponent, never
//! on a value.
//!
//! Three properties of the prime are used. Its lowest word is all ones, so `-N^-1 mod 2^BITS` is 1 and the
//! multiplier of a reduction step is the lowest word itself: no product to find it. Nor is that word computed when
//! it has become zero: multiples of N + 1 are added instead of N's, which leaves the multiplier in its place, where
//! nobody looks. `2^(L·BITS) - N` is small against N, so a product with one word is reduced by one more
//! such product. And the generator is 5, so that the powers `5^0 … 5^(2^w - 1)` of a window fit one word.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "indices follow from L alone; word arithmetic that may wrap says so"
)]

mod block;
mod comb;
mod power;
mod rows;

pub(super) use comb::{Comb, LONGEST};
pub(super) use power::Power;
#[cfg(test)]
pub(super) use power::count;
pub(super) use rows::multiply_add;
use zeroize::DefaultIsZeroes;

/// A machine word and the few operations of it that long arithmetic needs.
pub(super) trait Word: Copy + Default + Eq + DefaultIsZeroes {
    const BITS: u32;
    const ONE: Self;
    /// Bits of exponent per digit of [`Power::generator_step`]: `5^(2^w - 1)` must fit a word.
    const GENERATOR_WINDOW: usize;

    fn from_u64(value: u64) -> Self;
    /// All ones for `true`.
    fn mask(bit: subtle::Choice) -> Self;
    /// From a carry, 0 or 1.
    fn choice(self) -> subtle::Choice;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn not(self) -> Self;
    /// `self + other + carry`, and the carry out (0 or 1).
    fn add_carry(self, other: Self, carry: Self) -> (Self, Self);
    /// `self · factor + addend + carry`: low and high word. They suffice for all values.
    fn mul_add(self, factor: Self, addend: Self, carry: Self) -> (Self, Self);
    /// `2 · self + bit`, and the bit that is shifted out.
    fn double(self, bit: Self) -> (Self, Self);
    /// Montgomery's product in the form that suits this word: [`rows::product`] or [`block::product`].
    fn product(a: &[Self], b: Option<&[Self]>, n1: &[Self], sum: &mut [Self]) -> Self;
}

macro_rules! word {
    ($word:ty, $double:ty, $generator_window:expr, $add_carry:path, $product:path) => {
        impl Word for $word {
            const BITS: u32 = <$word>::BITS;
            const ONE: Self = 1;
            const GENERATOR_WINDOW: usize = $generator_window;

            fn from_u64(value: u64) -> Self {
                value as Self
            }

            fn mask(bit: subtle::Choice) -> Self {
                Self::from(bit.unwrap_u8()).wrapping_neg()
            }

            fn choice(self) -> subtle::Choice {
                subtle::Choice::from((self & 1) as u8)
            }

            fn and(self, other: Self) -> Self {
                self & other
            }

            fn or(self, other: Self) -> Self {
                self | other
            }

            fn not(self) -> Self {
                !self
            }

            #[inline(always)]
            fn add_carry(self, other: Self, carry: Self) -> (Self, Self) {
                $add_carry(self, other, carry)
            }

            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self, carry: Self) -> (Self, Self) {
                let product = <$double>::from(self) * <$double>::from(factor);
                let sum = product + <$double>::from(addend) + <$double>::from(carry);
                (sum as Self, (sum >> Self::BITS) as Self)
            }

            #[inline(always)]
            fn double(self, bit: Self) -> (Self, Self) {
                ((self << 1) | bit, self >> (Self::BITS - 1))
            }

            fn product(a: &[Self], b: Option<&[Self]>, n1: &[Self], sum: &mut [Self]) -> Self {
                $product(a, b, n1, sum)
            }
        }
    };
}

// 5^15 < 2^64 and 5^7 < 2^32.
word!(u64, u128, 4, add_carry_u64, block::product);
word!(u32, u64, 3, add_carry_u32, rows::product);

fn add_carry_u32(a: u32, b: u32, carry: u32) -> (u32, u32) {
    let sum = u64::from(a) + u64::from(b) + u64::from(carry);
    (sum as u32, (sum >> 32) as u32)
}

#[cfg(not(all(target_arch = "x86_64", safe_carry)))]
#[inline(always)]
fn add_carry_u64(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(a) + u128::from(b) + u128::from(carry);
    (sum as u64, (sum >> 64) as u64)
}

/// Keeps to the carry flag, which the compiler does not with the portable form. Without `unsafe` it can be had from Rust
/// 1.93 on: see `build.rs`.
#[cfg(all(target_arch = "x86_64", safe_carry))]
#[inline(always)]
fn add_carry_u64(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let mut sum = 0;
    let carry = core::arch::x86_64::_addcarry_u64(carry as u8, a, b, &mut sum);
    (sum, u64::from(carry))
}

/// The prime N.
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Modulus<W, const L: usize> {
    /// N + 1, of which the lowest word is zero. N itself is read off it.
    n1: [W; L],
}

impl<W: Word, const L: usize> Modulus<W, L> {
    /// From N + 1, little-endian. N's lowest word is all ones, perhaps the second, not the third; so is its top word.
    pub(super) const fn from_successor(n1: [W; L]) -> Self {
        Self { n1 }
    }

    /// `n` little-endian, of the same shape.
    #[cfg(test)]
    pub(super) fn new(n: [W; L]) -> Self {
        let mut n1 = n;
        let mut carry = W::ONE;
        for word in &mut n1 {
            (*word, carry) = word.add_carry(W::default(), carry);
        }
        Self { n1 }
    }

    /// Adds `excess · (R - N)`, which modulo N is `excess · R`; what is carried out of the number. `2 · excess` must fit a
    /// word: R - N is the complement of N + 1, and 2.
    fn fold(&self, value: &mut [W; L], excess: W) -> W {
        let (mut carry, _) = excess.double(W::default());
        for (word, n1) in value.iter_mut().zip(&self.n1) {
            (*word, carry) = excess.mul_add(n1.not(), *word, carry);
        }
        carry
    }

    /// The same for what was carried out of a number, 0 or 1, when nothing can be carried once more.
    fn fold_carry(&self, value: &mut [W; L], carry: W) {
        self.fold(value, opaque(carry));
    }

    /// R mod N = R - N: 1 in Montgomery form. Put where it stays: another number on the stack would be the deepest.
    fn one(&self, to: &mut [W; L]) {
        to.fill(W::default());
        self.fold(to, W::ONE);
    }

    /// Brings a value below R into 0..N.
    pub(super) fn canonical(&self, value: &mut [W; L]) {
        // Adding R - N carries out if it is N or more.
        let (mut carry, _) = W::ONE.double(W::default());
        for (word, n1) in value.iter().zip(&self.n1) {
            (_, carry) = W::ONE.mul_add(n1.not(), *word, carry);
        }
        self.fold_carry(value, carry);
    }

    /// `a - b mod N` for `a` below R and `b` in 0..N; the result is below R.
    pub(super) fn sub(&self, a: &mut [W; L], b: &[W; L]) {
        // N - b is N + 1 and the complement of b, less R: so one of the two carries at least, and it is both or one.
        let (mut first, mut second) = (W::default(), W::default());
        for ((a, b), n1) in a.iter_mut().zip(b).zip(&self.n1) {
            (*a, first) = a.add_carry(*n1, first);
            (*a, second) = a.add_carry(b.not(), second);
        }
        self.fold_carry(a, first.and(second));
    }

    /// `a + b mod N`, both in 0..N, in 0..N.
    pub(super) fn add(&self, a: &mut [W; L], b: &[W; L]) {
        let mut carry = W::default();
        for (a, b) in a.iter_mut().zip(b) {
            (*a, carry) = a.add_carry(*b, carry);
        }
        self.fold_carry(a, carry);
        self.canonical(a);
    }
}

/// 0 or 1, by way of a `Choice`, so that the compiler does not know that it is: where it knows, it makes a branch of what is
/// multiplied by it (seen on x86-64 with masks; `tests/memory` looks).
fn opaque<W: Word>(bit: W) -> W {
    W::mask(bit.choice()).and(W::ONE)
}

#[cfg(test)]
#[path = "mont/kernel_tests.rs"]
mod kernel_tests;
