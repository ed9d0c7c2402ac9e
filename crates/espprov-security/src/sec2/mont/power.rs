//! Products and powers of residues. A power is a row of steps, one long product each, so that whoever computes it can
//! stop after any of them.

use super::{Modulus, Word};
use core::mem;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A residue being computed, with the scratch space for it; both are wiped on drop.
pub(in crate::sec2) struct Power<'m, W: Word, const L: usize> {
    modulus: &'m Modulus<W, L>,
    pub(super) value: [W; L],
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
    /// Any value below R: a number, or one in Montgomery form.
    pub(in crate::sec2) fn of(modulus: &'m Modulus<W, L>, value: &[W; L]) -> Self {
        Self {
            modulus,
            value: *value,
            scratch: [W::default(); L],
        }
    }

    /// Brings a number into Montgomery form: times R, by way of shifts that fit one word. All of them cost about one
    /// product.
    #[inline(never)]
    pub(in crate::sec2) fn lift(&mut self) {
        let mut left = L * W::BITS as usize;
        while left > 0 {
            let bits = left.min(W::BITS as usize - 1);
            self.mul_word(W::from_u64(1 << bits));
            left -= bits;
        }
    }

    /// How many steps lead to a power of the generator.
    pub(in crate::sec2) fn generator_steps(exponent: &[u8]) -> usize {
        1 + (windows(exponent, W::GENERATOR_WINDOW) - 1) * W::GENERATOR_WINDOW
    }

    /// One of the steps to 5^exponent (big-endian), in Montgomery form. They are counted from 0, which is the only one
    /// that needs no product.
    pub(in crate::sec2) fn generator_step(&mut self, exponent: &[u8], step: usize) {
        let window = W::GENERATOR_WINDOW;
        if step == 0 {
            self.modulus.one(&mut self.value);
        } else {
            self.square();
        }
        if !step.is_multiple_of(window) {
            return;
        }
        self.mul_generator(digit(
            exponent,
            windows(exponent, window) - 1 - step / window,
            window,
        ));
    }

    /// Multiplies by 5^digit, which fits a word.
    pub(super) fn mul_generator(&mut self, digit: u32) {
        let mut factor = W::default();
        let mut candidate = 1_u64;
        for value in 0..1_u32 << W::GENERATOR_WINDOW {
            factor = factor.or(W::from_u64(candidate).and(W::mask(value.ct_eq(&digit))));
            candidate = candidate.wrapping_mul(5);
        }
        self.mul_word(factor);
    }

    /// How many steps raise to a power, with a table of so many entries: 4, 8, 16 or 32.
    pub(in crate::sec2) fn pow_steps(table: usize, exponent: &[u8]) -> usize {
        let window = table.trailing_zeros() as usize;
        table - 2 + (windows(exponent, window) - 1) * (window + 1)
    }

    /// One of the steps from a residue in Montgomery form to its power, a product each: first those that fill the table,
    /// then windows of `log2(table.len())` bits from the top. Each digit reads the whole table, so that which entry it
    /// needs shows neither in timing nor in the cache. The table belongs to the caller, who wipes it.
    pub(in crate::sec2) fn pow_step(&mut self, table: &mut [[W; L]], exponent: &[u8], step: usize) {
        let window = table.len().trailing_zeros() as usize;
        if step == 0 {
            self.modulus.one(&mut table[0]);
            table[1] = self.value;
        }
        let Some(step) = (step + 2).checked_sub(table.len()) else {
            self.mul(&table[1]);
            table[step + 2] = self.value;
            return;
        };
        let top = windows(exponent, window) - 1;
        if step == 0 {
            select(table, digit(exponent, top, window), &mut self.value);
        }
        if step % (window + 1) < window {
            self.square();
        } else {
            let index = top - 1 - step / (window + 1);
            self.mul_selected(table, digit(exponent, index, window));
        }
    }

    /// Multiplies by `table[digit]`, reading every entry.
    pub(super) fn mul_selected(&mut self, table: &[[W; L]], digit: u32) {
        // Not `Zeroizing`: making one costs a second number on the stack.
        let mut factor = [W::default(); L];
        select(table, digit, &mut factor);
        self.mul(&factor);
        factor.zeroize();
    }

    /// All of these steps.
    pub(in crate::sec2) fn pow(&mut self, table: &mut [[W; L]], exponent: &[u8]) {
        for step in 0..Self::pow_steps(table.len(), exponent) {
            self.pow_step(table, exponent, step);
        }
    }

    /// Multiplies by a residue in Montgomery form (any value below R).
    pub(in crate::sec2) fn mul(&mut self, other: &[W; L]) {
        self.product(Some(other));
    }

    pub(super) fn square(&mut self) {
        self.product(None);
    }

    /// The product with `other`, or with itself.
    fn product(&mut self, other: Option<&[W; L]>) {
        #[cfg(test)]
        count::product();
        let other = other.map(|other| other.as_slice());
        let carry = W::product(&self.value, other, &self.modulus.n1, &mut self.scratch);
        self.take_scratch(carry);
    }

    /// Multiplies by one word, of half its range. R - N is so small that what is folded back is carried out once more at
    /// most, and then no further.
    fn mul_word(&mut self, factor: W) {
        let mut excess = W::default();
        for word in &mut self.value {
            (*word, excess) = factor.mul_add(*word, W::default(), excess);
        }
        let carry = self.modulus.fold(&mut self.value, excess);
        self.modulus.fold_carry(&mut self.value, carry);
    }

    /// The result stands in `scratch`, plus `carry · R`.
    fn take_scratch(&mut self, carry: W) {
        mem::swap(&mut self.value, &mut self.scratch);
        self.modulus.fold_carry(&mut self.value, carry);
    }

    /// In Montgomery form, below R but perhaps not canonical; after [`lower`](Self::lower) the number itself.
    pub(in crate::sec2) const fn value(&self) -> &[W; L] {
        &self.value
    }

    /// Brings the value into normal form, canonical.
    #[inline(never)]
    pub(in crate::sec2) fn lower(&mut self) {
        let mut one = [W::default(); L];
        one[0] = W::ONE;
        self.lower_times(&one);
    }

    /// The same with the product with `other`, which is in normal form.
    pub(in crate::sec2) fn lower_times(&mut self, other: &[W; L]) {
        self.mul(other);
        self.modulus.canonical(&mut self.value);
    }

    /// Takes the canonical value away from `minuend`.
    pub(in crate::sec2) fn subtract_from(&mut self, minuend: &[W; L]) {
        self.scratch = *minuend;
        self.modulus.sub(&mut self.scratch, &self.value);
        mem::swap(&mut self.value, &mut self.scratch);
    }
}

/// Copies `table[digit]`, reading every entry.
pub(super) fn select<W: Word, const L: usize>(table: &[[W; L]], digit: u32, to: &mut [W; L]) {
    *to = [W::default(); L];
    for (index, entry) in (0_u32..).zip(table) {
        let mask = W::mask(index.ct_eq(&digit));
        for (to, word) in to.iter_mut().zip(entry) {
            *to = to.or(word.and(mask));
        }
    }
}

/// How many windows of `width` bits cover `exponent`.
const fn windows(exponent: &[u8], width: usize) -> usize {
    (exponent.len() * 8).div_ceil(width)
}

/// Bits `index · width ..` of a big-endian number, counted from its end. `width` is at most 8.
pub(super) fn digit(exponent: &[u8], index: usize, width: usize) -> u32 {
    let position = index * width;
    let byte = |offset: usize| {
        let from_end = position / 8 + offset;
        exponent.iter().rev().nth(from_end).copied().map_or(0, u32::from)
    };
    let pair = byte(0) | (byte(1) << 8);
    (pair >> (position % 8)) & ((1 << width) - 1)
}

/// How many products this thread has computed.
#[cfg(test)]
pub(in crate::sec2) mod count {
    use core::cell::Cell;
    use std::thread_local;

    thread_local! {
        static PRODUCTS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn product() {
        PRODUCTS.set(PRODUCTS.get() + 1);
    }

    /// Since this was asked last.
    pub(in crate::sec2) fn taken() -> usize {
        PRODUCTS.take()
    }
}

#[cfg(test)]
#[path = "power_tests.rs"]
mod tests;
