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

use core::mem;
use subtle::ConstantTimeEq;
use zeroize::{DefaultIsZeroes, Zeroize, Zeroizing};

/// A machine word and the few operations of it that long arithmetic needs.
pub(super) trait Word: Copy + Default + Eq + DefaultIsZeroes {
    const BITS: u32;
    const ONE: Self;
    /// Bits of exponent per step of [`Power::of_generator`]: `5^(2^w - 1)` must fit a word.
    const GENERATOR_WINDOW: usize;

    fn from_u64(value: u64) -> Self;
    /// All ones for `true`.
    fn mask(bit: subtle::Choice) -> Self;
    /// From a carry or borrow, 0 or 1.
    fn choice(self) -> subtle::Choice;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    /// `self + other + carry`, and the carry out (0 or 1).
    fn add_carry(self, other: Self, carry: Self) -> (Self, Self);
    /// `self - other - borrow`, and the borrow out (0 or 1).
    fn sub_borrow(self, other: Self, borrow: Self) -> (Self, Self);
    /// `self · factor + carry`: low and high word.
    fn mul_carry(self, factor: Self, carry: Self) -> (Self, Self);
    /// Adds the products of `a` read forwards and `b` read backwards to a column sum.
    fn dot(sum: &mut Column<Self>, a: &[Self], b: &[Self]);
    /// [`Power::pow`] with the window that suits the machine.
    fn pow<const L: usize>(power: &mut Power<'_, Self, L>, exponent: &[u8]);
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
    ($word:ty, $double:ty, $generator_window:expr, $table:expr, $unroll:expr, $add_product:ident) => {
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

            fn pow<const L: usize>(power: &mut Power<'_, Self, L>, exponent: &[u8]) {
                power.pow_by_table::<{ $table }>(exponent);
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
#[cfg(not(target_arch = "x86_64"))]
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
/// plain loop of the portable form takes 7.1).
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn add_product_u64(sum: &mut Column<u64>, x: u64, y: u64) {
    use core::arch::x86_64::_addcarry_u64 as add_carry;
    let product = u128::from(x) * u128::from(y);
    let carry = add_carry(0, sum.low, product as u64, &mut sum.low);
    let carry = add_carry(carry, sum.middle, (product >> 64) as u64, &mut sum.middle);
    add_carry(carry, sum.high, 0, &mut sum.high);
}

/// Entries in the table of a window: 6 KB where stack is plentiful, 3 KB on a microcontroller.
const TABLE: usize = if cfg!(target_pointer_width = "64") { 16 } else { 8 };
/// Products per round of the inner loop; 1 = a plain loop, which is fastest when the compiler is told to make
/// small code.
const UNROLL: usize = if cfg!(target_pointer_width = "64") { 4 } else { 1 };

// 5^15 < 2^64 and 5^7 < 2^32.
word!(u64, u128, 4, TABLE, UNROLL, add_product_u64);
word!(u32, u64, 3, 4, 1, add_product_u32);

/// The prime N and what is derived from it.
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Modulus<W, const L: usize> {
    n: [W; L],
    /// (N + 1) >> BITS; its top word is zero.
    n1: [W; L],
    /// R mod N = R - N: 1 in Montgomery form.
    one: [W; L],
}

impl<W: Word, const L: usize> Modulus<W, L> {
    /// N, (N + 1) >> BITS and 2^(L·BITS) - N, all little-endian; N's lowest word all ones and its top word too.
    pub(super) const fn from_parts(n: [W; L], n1: [W; L], one: [W; L]) -> Self {
        Self { n, n1, one }
    }

    /// `n` little-endian, its lowest word all ones and its top word too.
    #[cfg(test)]
    pub(super) fn new(n: [W; L]) -> Self {
        let zero = W::default();
        let mut n1 = [zero; L];
        let mut one = [zero; L];
        let mut carry = W::ONE; // N + 1 carries out of its lowest word
        for (to, from) in n1.iter_mut().zip(&n[1..]) {
            (*to, carry) = from.add_carry(zero, carry);
        }
        let mut borrow = zero;
        for (to, from) in one.iter_mut().zip(&n) {
            (*to, borrow) = zero.sub_borrow(*from, borrow);
        }
        Self { n, n1, one }
    }

    /// R² mod N, which brings a number into Montgomery form.
    #[inline(never)]
    pub(super) fn r2(&self) -> [W; L] {
        // 2^(L·BITS) · R by squaring: the square of x·R is x²·R.
        let bits = L * W::BITS as usize;
        let squarings = bits.trailing_zeros();
        let mut power = Power::one(self);
        for _ in 0..bits >> squarings {
            power.mul_word(W::from_u64(2));
        }
        for _ in 0..squarings {
            power.square();
        }
        power.value
    }

    /// Subtracts N, `mask` being all ones or zero. Gives the borrow.
    fn sub_n(&self, value: &mut [W; L], mask: W) -> W {
        let mut borrow = W::default();
        for (to, n) in value.iter_mut().zip(&self.n) {
            (*to, borrow) = to.sub_borrow(n.and(mask), borrow);
        }
        borrow
    }

    /// Adds N, `mask` being all ones or zero.
    fn add_n(&self, value: &mut [W; L], mask: W) {
        let mut carry = W::default();
        for (to, n) in value.iter_mut().zip(&self.n) {
            (*to, carry) = to.add_carry(n.and(mask), carry);
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

/// A mask from a carry or borrow. By way of a `Choice`, of which the compiler does not know that it is 0 or 1: where it
/// knows, it makes a branch of what is masked (seen on x86-64; `tests/memory` looks).
fn all_ones_if_one<W: Word>(bit: W) -> W {
    W::mask(bit.choice())
}

/// A residue being computed, with the scratch space for it; both are wiped on drop.
pub(super) struct Power<'m, W: Word, const L: usize> {
    modulus: &'m Modulus<W, L>,
    value: [W; L],
    /// Multipliers of the reduction, then the result.
    scratch: [W; L],
}

impl<W: Word, const L: usize> Drop for Power<'_, W, L> {
    fn drop(&mut self) {
        self.value.zeroize();
        self.scratch.zeroize();
    }
}

impl<'m, W: Word, const L: usize> Power<'m, W, L> {
    /// 1 in Montgomery form.
    pub(super) fn one(modulus: &'m Modulus<W, L>) -> Self {
        Self {
            modulus,
            value: modulus.one,
            scratch: [W::default(); L],
        }
    }

    /// A value below R, brought into Montgomery form by [`Modulus::r2`].
    pub(super) fn new(modulus: &'m Modulus<W, L>, r2: &[W; L], value: &[W; L]) -> Self {
        let mut power = Self {
            modulus,
            value: *value,
            scratch: [W::default(); L],
        };
        power.mul(r2);
        power
    }

    /// Takes another value below R, and brings it into Montgomery form.
    #[inline(never)]
    pub(super) fn lift(&mut self, value: &[W; L]) {
        self.value = *value;
        self.mul(&self.modulus.r2());
    }

    /// 5^exponent (big-endian) in Montgomery form.
    pub(super) fn of_generator(modulus: &'m Modulus<W, L>, exponent: &[u8]) -> Self {
        let mut power = Self::one(modulus);
        power.raise_generator(exponent);
        power
    }

    /// From 1 to 5^exponent (big-endian).
    #[inline(never)]
    pub(super) fn raise_generator(&mut self, exponent: &[u8]) {
        let window = W::GENERATOR_WINDOW;
        let top = windows(exponent, window) - 1;
        for index in (0..=top).rev() {
            if index != top {
                self.square_times(window);
            }
            let digit = digit(exponent, index, window);
            let mut factor = W::default();
            let mut candidate = 1_u64;
            for value in 0..1_u32 << window {
                factor = factor.or(W::from_u64(candidate).and(W::mask(value.ct_eq(&digit))));
                candidate = candidate.wrapping_mul(5);
            }
            self.mul_word(factor);
        }
    }

    /// Raises to `exponent` (big-endian).
    pub(super) fn pow(&mut self, exponent: &[u8]) {
        W::pow(self, exponent);
    }

    #[inline(never)]
    fn pow_by_table<const T: usize>(&mut self, exponent: &[u8]) {
        // Not `Zeroizing`: making one costs a second table on the stack.
        let mut table = [[W::default(); L]; T];
        self.pow_in(&mut table, exponent);
    }

    /// Windows of `log2(T)` bits from the top. Each step reads the whole table, so that which entry it
    /// needs shows neither in timing nor in the cache. The table is wiped in the end; nothing returns before.
    #[inline(always)]
    fn pow_in<const T: usize>(&mut self, table: &mut [[W; L]; T], exponent: &[u8]) {
        let window = T.trailing_zeros() as usize;
        table[1] = self.value;
        self.value = self.modulus.one;
        for index in 0..T {
            if index != 1 {
                table[index] = self.value;
            }
            self.mul(&table[1]);
        }
        let mut factor = Zeroizing::new([W::default(); L]);
        let top = windows(exponent, window) - 1;
        for index in (0..=top).rev() {
            select(table, digit(exponent, index, window), &mut factor);
            if index == top {
                self.value = *factor;
            } else {
                self.square_times(window);
                self.mul(&factor);
            }
        }
        table.zeroize();
    }

    /// Multiplies by a residue in Montgomery form (any value below R).
    #[inline(never)]
    pub(super) fn mul(&mut self, other: &[W; L]) {
        let (a, b, m, n1) = (&self.value, other, &mut self.scratch, &self.modulus.n1);
        let mut sum = Column::default();
        for i in 0..L {
            W::dot(&mut sum, &a[..=i], &b[..=i]);
            W::dot(&mut sum, &m[..i], &n1[..i]);
            m[i] = sum.shift();
        }
        for i in 0..L {
            W::dot(&mut sum, &a[i + 1..], &b[i + 1..]);
            W::dot(&mut sum, &m[i + 1..], &n1[i..L - 1]);
            m[i] = sum.shift(); // the multiplier is not needed any more
        }
        self.take_scratch(sum.low);
    }

    /// Squares `times` times.
    fn square_times(&mut self, times: usize) {
        for _ in 0..times {
            self.square();
        }
    }

    /// Squares. Each product of two different words is computed once and doubled.
    #[inline(never)]
    fn square(&mut self) {
        let (a, m, n1) = (&self.value, &mut self.scratch, &self.modulus.n1);
        let mut sum = Column::default();
        for i in 0..L {
            square_column(&mut sum, &a[..=i]);
            W::dot(&mut sum, &m[..i], &n1[..i]);
            m[i] = sum.shift();
        }
        for i in 0..L {
            square_column(&mut sum, &a[i + 1..]);
            W::dot(&mut sum, &m[i + 1..], &n1[i..L - 1]);
            m[i] = sum.shift();
        }
        self.take_scratch(sum.low);
    }

    /// Multiplies by one word. The excess `h · R` is `h · (R - N)` modulo N, and R - N is so small that one
    /// subtraction of N settles the rest.
    fn mul_word(&mut self, factor: W) {
        let mut excess = W::default();
        for word in &mut self.value {
            (*word, excess) = word.mul_carry(factor, excess);
        }
        let (mut carry, mut high) = (W::default(), W::default());
        for (word, one) in self.value.iter_mut().zip(&self.modulus.one) {
            let low;
            (low, high) = one.mul_carry(excess, high);
            (*word, carry) = word.add_carry(low, carry);
        }
        self.modulus.sub_n(&mut self.value, all_ones_if_one(carry));
    }

    /// The result stands in `scratch`, plus `carry · R`.
    fn take_scratch(&mut self, carry: W) {
        mem::swap(&mut self.value, &mut self.scratch);
        self.modulus.sub_n(&mut self.value, all_ones_if_one(carry));
    }

    /// In Montgomery form, below R but perhaps not canonical; after [`lower`](Self::lower) the number itself.
    pub(super) fn value(&self) -> &[W; L] {
        &self.value
    }

    /// In normal form, canonical.
    pub(super) fn finish(mut self) -> Zeroizing<[W; L]> {
        self.lower();
        Zeroizing::new(self.value)
    }

    /// The product with `other`, which is in normal form, in normal form and canonical.
    pub(super) fn finish_times(mut self, other: &[W; L]) -> Zeroizing<[W; L]> {
        self.lower_times(other);
        Zeroizing::new(self.value)
    }

    /// Brings the value into normal form, canonical: the last thing to do with it.
    #[inline(never)]
    pub(super) fn lower(&mut self) {
        let mut one = [W::default(); L];
        one[0] = W::ONE;
        self.lower_times(&one);
    }

    /// The same with the product with `other`, which is in normal form.
    pub(super) fn lower_times(&mut self, other: &[W; L]) {
        self.mul(other);
        self.modulus.canonical(&mut self.value);
    }
}

/// Adds one column of a square: the products of `a` forwards and backwards.
fn square_column<W: Word>(sum: &mut Column<W>, a: &[W]) {
    let half = a.len() / 2;
    let mut column = Column::default();
    W::dot(&mut column, &a[..half], &a[a.len() - half..]);
    column.double();
    if a.len() % 2 == 1 {
        let middle = core::slice::from_ref(&a[half]);
        W::dot(&mut column, middle, middle);
    }
    sum.add(&column);
}

/// Copies `table[digit]`, reading every entry.
fn select<W: Word, const L: usize>(table: &[[W; L]], digit: u32, to: &mut [W; L]) {
    *to = [W::default(); L];
    for (index, entry) in (0_u32..).zip(table) {
        let mask = W::mask(index.ct_eq(&digit));
        for (to, word) in to.iter_mut().zip(entry) {
            *to = to.or(word.and(mask));
        }
    }
}

/// How many windows of `width` bits cover `exponent`.
fn windows(exponent: &[u8], width: usize) -> usize {
    (exponent.len() * 8).div_ceil(width)
}

/// Bits `index · width ..` of a big-endian number, counted from its end. `width` is at most 8.
fn digit(exponent: &[u8], index: usize, width: usize) -> u32 {
    let position = index * width;
    let byte = |offset: usize| {
        let from_end = position / 8 + offset;
        exponent.iter().rev().nth(from_end).copied().map_or(0, u32::from)
    };
    let pair = byte(0) | (byte(1) << 8);
    (pair >> (position % 8)) & ((1 << width) - 1)
}

#[cfg(test)]
#[path = "mont_tests.rs"]
mod tests;
