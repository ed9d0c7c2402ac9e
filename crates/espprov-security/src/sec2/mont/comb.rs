//! Powers of the generator by way of products that are known beforehand: for hosts, to which 24 KB are nothing.
//!
//! The exponent is cut into rows of 48 bits, one below the other, and goes from the left to the right. A column takes one
//! squaring, and a product with what its bits stand for, which a table has: five rows to a table. The lowest row needs no
//! table: four bits of it are a power of 5 that fits a word.

use super::power::{digit, select};
use super::{Power, Word};

/// Bits in a row.
const ROW: usize = 48;

/// Rows of a table.
const TEETH: usize = 5;

/// Entry `i` of table `j` is the product of 5^(2^(48·(1 + 5·j + t))) for each bit `t` of `i`, in Montgomery form.
pub(in crate::sec2) type Comb<W, const L: usize> = [[[W; L]; 1 << TEETH]; 2];

/// The longest exponent, in bytes.
pub(in crate::sec2) const LONGEST: usize = (1 + 2 * TEETH) * ROW / 8;

/// How many tables an exponent takes.
const fn tables(exponent: &[u8]) -> usize {
    if exponent.len() <= (1 + TEETH) * ROW / 8 {
        1
    } else {
        2
    }
}

impl<W: Word, const L: usize> Power<'_, W, L> {
    /// How many steps lead to a power of the generator, with a comb. The exponent has at most [`LONGEST`] bytes.
    pub(in crate::sec2) const fn comb_steps(exponent: &[u8]) -> usize {
        ROW * (1 + tables(exponent)) - 1
    }

    /// One of the steps to 5^exponent (big-endian), in Montgomery form. They are counted from 0, which is the only one
    /// that needs no product. Each reads a whole table, as those of [`pow_step`](Power::pow_step) do.
    pub(in crate::sec2) fn comb_step(&mut self, comb: &Comb<W, L>, exponent: &[u8], step: usize) {
        // There is nothing to square in the first column.
        let (column, part) = (
            (step + 1) / (1 + tables(exponent)),
            (step + 1) % (1 + tables(exponent)),
        );
        let column = ROW - 1 - column;
        let Some(table) = part.checked_sub(1) else {
            self.square();
            return;
        };
        let mut index = 0;
        for tooth in 0..TEETH {
            let row = 1 + table * TEETH + tooth;
            index |= digit(exponent, row * ROW + column, 1) << tooth;
        }
        if step == 0 {
            select(&comb[table], index, &mut self.value);
        } else {
            self.mul_selected(&comb[table], index);
        }
        if part == tables(exponent) && column.is_multiple_of(W::GENERATOR_WINDOW) {
            self.mul_generator(digit(exponent, column / W::GENERATOR_WINDOW, W::GENERATOR_WINDOW));
        }
    }
}
