//! Arithmetic modulo the group's prime, in Montgomery form, for 32-bit and 64-bit words alike.
//!
//! A residue is held in `L` words, any value below `R = 2^(L·BITS)`: results are reduced to canonical form
//! only on the way out. Everything runs in time that depends on `L` and on the length of an exponent, never
//! on a value.
//!
//! Three properties of the prime are used. Its lowest word is all ones, so `-N^-1 mod 2^BITS` is 1 and a
//! reduction step is `t = (t >> BITS) + (t mod 2^BITS) · N'` with `N' = (N + 1) >> BITS`: no product to find
//! the multiplier. `2^(L·BITS) - N` is small against N, so a product with one word is reduced by one more
//! such product. And the generator is 5, so that the powers `5^0 … 5^(2^w - 1)` of a window fit one word.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "indices follow from L alone; word arithmetic that may wrap says so"
)]

mod power;

pub(super) use power::Power;
#[cfg(test)]
pub(super) use power::count;
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
    /// From a carry or borrow, 0 or 1.
    fn choice(self) -> subtle::Choice;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn not(self) -> Self;
    /// `self + other + carry`, and the carry out (0 or 1).
    fn add_carry(self, other: Self, carry: Self) -> (Self, Self);
    /// `self - other - borrow`, and the borrow out (0 or 1).
    fn sub_borrow(self, other: Self, borrow: Self) -> (Self, Self);
    /// `self · factor + carry`: low and high word.
    fn mul_carry(self, factor: Self, carry: Self) -> (Self, Self);
    /// Adds the products of `a` read forwards and `b` read backwards to a column sum.
    fn dot(sum: &mut Column<Self>, a: &[Self], b: &[Self]);
}

/// The sum of one column of a product: three words.
#[derive(Clone, Copy, Default)]
pub(super) struct Column<W> {
    low: W,
    middle: W,
    high: W,
}

impl<W: Word> Column<W> {
    fn add(&mut self, other: &Self) {
        let (low, carry) = self.low.add_carry(other.low, W::default());
        let (middle, carry) = self.middle.add_carry(other.middle, carry);
        let (high, _) = self.high.add_carry(other.high, carry);
        *self = Self { low, middle, high };
    }

    fn double(&mut self) {
        let copy = *self;
        self.add(&copy);
    }

    /// Takes the finished word off and moves on to the next column.
    fn shift(&mut self) -> W {
        let low = self.low;
        *self = Self {
            low: self.middle,
            middle: self.high,
            high: W::default(),
        };
        low
    }
}

macro_rules! word {
    ($word:ty, $double:ty, $generator_window:expr, $unroll:expr, $add_product:ident) => {
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

            fn add_carry(self, other: Self, carry: Self) -> (Self, Self) {
                let sum = <$double>::from(self) + <$double>::from(other) + <$double>::from(carry);
                (sum as Self, (sum >> Self::BITS) as Self)
            }

            fn sub_borrow(self, other: Self, borrow: Self) -> (Self, Self) {
                let (difference, first) = self.overflowing_sub(other);
                let (difference, second) = difference.overflowing_sub(borrow);
                (difference, Self::from(first | second))
            }

            fn mul_carry(self, factor: Self, carry: Self) -> (Self, Self) {
                let product = <$double>::from(self) * <$double>::from(factor) + <$double>::from(carry);
                (product as Self, (product >> Self::BITS) as Self)
            }

            #[inline]
            fn dot(sum: &mut Column<Self>, a: &[Self], b: &[Self]) {
                if $unroll == 1 {
                    // The form that small code comes out of.
                    let mut low = <$double>::from(sum.low) | (<$double>::from(sum.middle) << Self::BITS);
                    let mut high = sum.high;
                    for (x, y) in a.iter().zip(b.iter().rev()) {
                        let (total, carry) = low.overflowing_add(<$double>::from(*x) * <$double>::from(*y));
                        low = total;
                        high = high.wrapping_add(Self::from(carry));
                    }
                    sum.high = high;
                    sum.low = low as Self;
                    sum.middle = (low >> Self::BITS) as Self;
                    return;
                }
                let (a, a_rest) = a.as_chunks::<$unroll>();
                let (b_rest, b) = b.as_rchunks::<$unroll>();
                let mut total = *sum;
                for (a, b) in a.iter().zip(b.iter().rev()) {
                    for (x, y) in a.iter().zip(b.iter().rev()) {
                        $add_product(&mut total, *x, *y);
                    }
                }
                for (x, y) in a_rest.iter().zip(b_rest.iter().rev()) {
                    $add_product(&mut total, *x, *y);
                }
                *sum = total;
            }
        }
    };
}

/// Adds `x · y` to a column.
#[inline(always)]
fn add_product_u32(sum: &mut Column<u32>, x: u32, y: u32) {
    let low = u64::from(sum.low) | (u64::from(sum.middle) << 32);
    let (total, carry) = low.overflowing_add(u64::from(x) * u64::from(y));
    sum.low = total as u32;
    sum.middle = (total >> 32) as u32;
    sum.high = sum.high.wrapping_add(u32::from(carry));
}

/// Adds `x · y` to a column.
#[cfg(not(all(target_arch = "x86_64", safe_carry)))]
#[inline(always)]
fn add_product_u64(sum: &mut Column<u64>, x: u64, y: u64) {
    let low = u128::from(sum.low) | (u128::from(sum.middle) << 64);
    let (total, carry) = low.overflowing_add(u128::from(x) * u128::from(y));
    sum.low = total as u64;
    sum.middle = (total >> 64) as u64;
    sum.high = sum.high.wrapping_add(u64::from(carry));
}

/// Adds `x · y` to a column. The compiler turns the portable form of an unrolled loop into code that stores
/// every carry in a register; this one keeps to the carry flag (a client handshake in 5.6 ms instead of 9.3; a
/// plain loop of the portable form takes 7.1). Without `unsafe` it can be had from Rust 1.93 on: see `build.rs`.
#[cfg(all(target_arch = "x86_64", safe_carry))]
#[inline(always)]
fn add_product_u64(sum: &mut Column<u64>, x: u64, y: u64) {
    use core::arch::x86_64::_addcarry_u64 as add_carry;
    let product = u128::from(x) * u128::from(y);
    let carry = add_carry(0, sum.low, product as u64, &mut sum.low);
    let carry = add_carry(carry, sum.middle, (product >> 64) as u64, &mut sum.middle);
    add_carry(carry, sum.high, 0, &mut sum.high);
}

/// Products per round of the inner loop; 1 = a plain loop, which is fastest when the compiler is told to make
/// small code.
const UNROLL: usize = if cfg!(target_pointer_width = "64") { 4 } else { 1 };

// 5^15 < 2^64 and 5^7 < 2^32.
word!(u64, u128, 4, UNROLL, add_product_u64);
word!(u32, u64, 3, 1, add_product_u32);

/// The prime N.
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Modulus<W, const L: usize> {
    /// (N + 1) >> BITS; its top word is zero. N itself is read off it.
    n1: [W; L],
}

impl<W: Word, const L: usize> Modulus<W, L> {
    /// From (N + 1) >> BITS, little-endian. N's lowest word is all ones, perhaps the second, not the third; so is its top
    /// word.
    pub(super) const fn from_reduced(n1: [W; L]) -> Self {
        Self { n1 }
    }

    /// `n` little-endian, of the same shape.
    #[cfg(test)]
    pub(super) fn new(n: [W; L]) -> Self {
        let mut n1 = [W::default(); L];
        let mut carry = W::ONE; // N + 1 carries out of its lowest word
        for (to, from) in n1.iter_mut().zip(&n[1..]) {
            (*to, carry) = from.add_carry(W::default(), carry);
        }
        Self { n1 }
    }

    /// A word of N.
    fn n(&self, index: usize) -> W {
        let Some(index) = index.checked_sub(1) else {
            return W::default().not();
        };
        // The carry from there went into the next word, and out of it if that was all ones, too (so it is with 32 bits).
        let carried = index == 0 || index == 1 && self.n1[0] == W::default();
        let carry = if carried { W::ONE } else { W::default() };
        self.n1[index].sub_borrow(carry, W::default()).0
    }

    /// R mod N = R - N: 1 in Montgomery form. Put where it stays: another number on the stack would be the deepest.
    fn one(&self, to: &mut [W; L]) {
        for (index, word) in to.iter_mut().enumerate() {
            *word = if index == 0 { W::ONE } else { self.n(index).not() };
        }
    }

    /// Subtracts N, `mask` being all ones or zero. Gives the borrow.
    fn sub_n(&self, value: &mut [W; L], mask: W) -> W {
        let mut borrow = W::default();
        for (index, to) in value.iter_mut().enumerate() {
            (*to, borrow) = to.sub_borrow(self.n(index).and(mask), borrow);
        }
        borrow
    }

    /// Adds N, `mask` being all ones or zero.
    fn add_n(&self, value: &mut [W; L], mask: W) {
        let mut carry = W::default();
        for (index, to) in value.iter_mut().enumerate() {
            (*to, carry) = to.add_carry(self.n(index).and(mask), carry);
        }
    }

    /// Brings a value below R into 0..N.
    pub(super) fn canonical(&self, value: &mut [W; L]) {
        let all = W::mask(subtle::Choice::from(1));
        let borrow = self.sub_n(value, all);
        self.add_n(value, all_ones_if_one(borrow));
    }

    /// `a - b mod N` for `a` below R and `b` in 0..N; the result is below R.
    pub(super) fn sub(&self, a: &mut [W; L], b: &[W; L]) {
        let mut borrow = W::default();
        for (a, b) in a.iter_mut().zip(b) {
            (*a, borrow) = a.sub_borrow(*b, borrow);
        }
        self.add_n(a, all_ones_if_one(borrow));
    }

    /// `a + b mod N`, both in 0..N, in 0..N.
    pub(super) fn add(&self, a: &mut [W; L], b: &[W; L]) {
        let mut carry = W::default();
        for (a, b) in a.iter_mut().zip(b) {
            (*a, carry) = a.add_carry(*b, carry);
        }
        self.sub_n(a, all_ones_if_one(carry));
        self.canonical(a);
    }
}

/// Adds `u·x` to `sum`, lowest words first. The factors have the same length, the sum twice that.
pub(super) fn multiply_add<W: Word>(sum: &mut [W], u: &[W], x: &[W]) {
    let (mut column, mut carry) = (Column::default(), W::default());
    for (index, word) in sum.iter_mut().enumerate() {
        let factors = (index + 1).saturating_sub(u.len())..(index + 1).min(u.len());
        W::dot(&mut column, &u[factors.clone()], &x[factors]);
        (*word, carry) = word.add_carry(column.shift(), carry);
    }
}

/// A mask from a carry or borrow. By way of a `Choice`, of which the compiler does not know that it is 0 or 1: where it
/// knows, it makes a branch of what is masked (seen on x86-64; `tests/memory` looks).
fn all_ones_if_one<W: Word>(bit: W) -> W {
    W::mask(bit.choice())
}
