//! X25519 (RFC 7748) in a fifth of the code, for processors with 32-bit words: there flash is dear, and what the usual
//! libraries write out limb by limb is a loop here.
//!
//! A field element is eight words, a number below 2^255 + 2^24; only the result is brought below the prime, 2^255 - 19. What is
//! above 2^255 comes back 19 times, for that is what it is worth modulo the prime. Branches and addresses depend on
//! nothing that is secret: the ladder's steps are the same for each bit of the private key, and the bit selects by masks.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "all indices are constants or loop over fixed lengths; why no sum overflows is said where it is formed"
)]

use core::cell::Cell;
use zeroize::{DefaultIsZeroes, Zeroizing};

/// A number below 2^255 + 2^24, the least significant word first.
type Element = [u32; 8];

/// Where a number stands, by the names of RFC 7748, section 5.
const X1: usize = 0;
const X2: usize = 1;
const Z2: usize = 2;
const X3: usize = 3;
const Z3: usize = 4;
const A: usize = 5;
const B: usize = 6;
const C: usize = 7;
const D: usize = 8;

/// All numbers there are, and the product that is being formed. In one place, which is wiped: they tell the private key.
#[derive(Clone, Copy, Default)]
struct Ladder([Element; 9], [u32; 16]);

impl DefaultIsZeroes for Ladder {}

#[derive(Clone, Copy)]
enum Do {
    Add,
    Subtract,
    /// Adds this number 121 665 times: a property of the curve.
    AddMany,
    Multiply,
}

/// One round of the ladder: the number on the left is the one on its right with the last, as it says between them.
const ROUND: [(u8, u8, Do, u8); 16] = {
    use Do::{Add, AddMany, Multiply, Subtract};
    const fn row(to: usize, a: usize, how: Do, b: usize) -> (u8, u8, Do, u8) {
        (to as u8, a as u8, how, b as u8)
    }
    [
        row(A, X2, Add, Z2),
        row(B, X2, Subtract, Z2),
        row(C, X3, Add, Z3),
        row(D, X3, Subtract, Z3),
        row(D, D, Multiply, A),
        row(C, C, Multiply, B),
        row(X3, D, Add, C),
        row(X3, X3, Multiply, X3),
        row(Z3, D, Subtract, C),
        row(Z3, Z3, Multiply, Z3),
        row(Z3, Z3, Multiply, X1),
        row(A, A, Multiply, A),
        row(B, B, Multiply, B),
        row(X2, A, Multiply, B),
        row(B, A, Subtract, B),
        row(A, A, AddMany, B),
    ]
};

impl Ladder {
    /// `to` = `a` + `b` · `times`, which has at most 17 bits, or `a` - `b` for -1.
    #[inline(never)]
    fn add(&mut self, to: usize, a: usize, times: i32, b: usize) {
        // A difference begins with four times the prime, 2 · 2^256 - 76, and so is not negative.
        let (mut carry, more) = if times < 0 { (-76_i64, 2) } else { (0, 0) };
        // Cells, because they may be the same number.
        let numbers = Cell::from_mut(&mut self.0[..]).as_slice_of_cells();
        let words = |at: usize| (&numbers[at] as &Cell<[u32]>).as_slice_of_cells();
        for ((to, a), b) in words(to).iter().zip(words(a)).zip(words(b)) {
            carry += i64::from(a.get()) + i64::from(times) * i64::from(b.get());
            to.set(carry as u32);
            carry >>= 32;
        }
        fold(&mut self.0[to], (carry + more) as u32);
    }

    /// `to` = `a` · `b`.
    #[inline(never)]
    fn multiply(&mut self, to: usize, a: usize, b: usize) {
        let Self(numbers, product) = self;
        product.fill(0);
        let b = &numbers[b];
        for (at, factor) in numbers[a].iter().enumerate() {
            product[at + 8] = multiply_add(*factor, b, &mut product[at..]);
        }
        let to = &mut numbers[to];
        let mut carry = 0;
        for at in 0..8 {
            (to[at], carry) = mul_add(38, product[at + 8], product[at], carry);
        }
        fold(to, carry);
    }

    fn round(&mut self) {
        for &(to, a, how, b) in &ROUND {
            let (to, a, b) = (usize::from(to), usize::from(a), usize::from(b));
            match how {
                Do::Add => self.add(to, a, 1, b),
                Do::Subtract => self.add(to, a, -1, b),
                Do::AddMany => self.add(to, a, 121_665, b),
                Do::Multiply => self.multiply(to, a, b),
            }
        }
        self.multiply(Z2, A, B);
    }

    /// Exchanges the two points where `mask` is all ones, and not where it is 0.
    fn exchange(&mut self, mask: u32) {
        let [_, x2, z2, x3, z3, ..] = &mut self.0;
        let second = x3.iter_mut().chain(z3);
        for (a, b) in x2.iter_mut().chain(z2).zip(second) {
            let difference = (*a ^ *b) & mask;
            *a ^= difference;
            *b ^= difference;
        }
    }

    /// A = 1 / Z2, which is Z2 to the power of the prime less 2; 0 for 0.
    fn invert(&mut self) {
        // To the power of 2^250 - 1, a number of 250 ones: twice as many ones, or one more.
        self.0[A] = self.0[Z2];
        let mut ones = 1;
        for bit in (0..7).rev() {
            self.0[B] = self.0[A];
            for _ in 0..ones {
                self.multiply(A, A, A);
            }
            self.multiply(A, A, B);
            ones *= 2;
            if 250 >> bit & 1 == 1 {
                self.multiply(A, A, A);
                self.multiply(A, A, Z2);
                ones += 1;
            }
        }
        // 2^255 - 21 ends in 01011 after them.
        for bit in (0..5).rev() {
            self.multiply(A, A, A);
            if 0b01011 >> bit & 1 == 1 {
                self.multiply(A, A, Z2);
            }
        }
    }
}

/// Adds `over` · 2^256, with `over` below 2^18.
#[inline(never)]
fn fold(element: &mut Element, over: u32) {
    let top = over << 1 | element[7] >> 31;
    element[7] &= u32::MAX >> 1;
    add_small(element, 19 * top);
}

/// Adds to the lowest word. Nothing is carried out of the highest, which has room.
fn add_small(element: &mut Element, small: u32) {
    let mut carry = small;
    for word in element {
        let over;
        (*word, over) = word.overflowing_add(carry);
        carry = over.into();
    }
}

/// Below the prime.
fn reduce(element: &mut Element) {
    fold(element, 0); // below 2^255 + 19 now
    let mut above = *element;
    add_small(&mut above, 19);
    // 1 where it is the prime or more: then 19 more and the top bit less is the prime less.
    add_small(element, 19 * (above[7] >> 31));
    element[7] &= u32::MAX >> 1;
}

/// `factor` · `word` + `addend` + `carry`: low and high word. They suffice for all values, and a Cortex-M4 has an instruction
/// for it (UMAAL).
#[inline(always)]
fn mul_add(factor: u32, word: u32, addend: u32, carry: u32) -> (u32, u32) {
    let product = u64::from(factor) * u64::from(word) + u64::from(addend) + u64::from(carry);
    (product as u32, (product >> 32) as u32)
}

/// Adds `factor` · `words` to the words at the beginning of `sum`, and returns what is carried out of that.
#[inline(never)]
fn multiply_add(factor: u32, words: &Element, sum: &mut [u32]) -> u32 {
    let mut carry = 0;
    for (words, sum) in words.as_chunks::<4>().0.iter().zip(sum.as_chunks_mut::<4>().0) {
        // Half of all the time is spent here: in a straight line, which compilers that save code would not make of a loop.
        macro_rules! each {
            ($($at:literal)*) => { $( (sum[$at], carry) = mul_add(factor, words[$at], sum[$at], carry); )* };
        }
        each!(0 1 2 3);
    }
    carry
}

/// The x of `private` times the point with this x.
pub(super) fn x25519(private: &[u8; 32], point: &[u8; 32]) -> [u8; 32] {
    let mut ladder = Zeroizing::new(Ladder::default());
    let numbers = &mut ladder.0;
    for (word, bytes) in numbers[X1].iter_mut().zip(point.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    numbers[X1][7] &= u32::MAX >> 1; // the highest bit does not count
    numbers[X2][0] = 1;
    numbers[X3] = numbers[X1];
    numbers[Z3][0] = 1;
    let mut before = 0;
    for at in (0..255).rev() {
        let bit = match at {
            254 => 1,
            0..3 => 0,
            _ => u32::from(private[at / 8] >> (at % 8) & 1),
        };
        ladder.exchange((before ^ bit).wrapping_neg());
        before = bit;
        ladder.round();
    }
    // The last bit is 0: nothing is left to be exchanged.
    ladder.invert();
    ladder.multiply(A, A, X2);
    let result = &mut ladder.0[A];
    reduce(result);
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(result) {
        *bytes = word.to_le_bytes();
    }
    bytes
}

#[cfg(test)]
#[path = "curve_tests.rs"]
mod tests;
