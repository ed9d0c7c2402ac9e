//! Products row by row, two rows at a time: for processors with few registers.
//!
//! A word of one factor goes along the other and adds its products to the sum, in memory. Each product is added together
//! with two words, one of the sum and what the product before has carried: two words can hold that, whatever the three
//! are, and a Cortex-M4 has an instruction for it (UMAAL). Two words on the way together read and write the sum once.
//! More of them, or more than two steps in a straight line, find no room in its registers.

use super::Word;
use core::cell::Cell;

/// Two words of one factor on their way along the other, the second one word behind.
struct Rows<W> {
    factors: [W; 2],
    carries: [W; 2],
    /// Where the second factor is.
    previous: W,
    /// What doubling has shifted out of it.
    bit: W,
}

impl<W: Word> Rows<W> {
    fn new(factors: [W; 2]) -> Self {
        Self {
            factors,
            carries: [W::default(); 2],
            previous: W::default(),
            bit: W::default(),
        }
    }

    /// The next word of the sum.
    #[inline(always)]
    fn step(&mut self, word: W, mut sum: W) -> W {
        let [first, second] = self.factors;
        let [of_first, of_second] = &mut self.carries;
        (sum, *of_first) = first.mul_add(word, sum, *of_first);
        (sum, *of_second) = second.mul_add(self.previous, sum, *of_second);
        self.previous = word;
        sum
    }

    /// The same with the double of the word.
    #[inline(always)]
    fn step_doubled(&mut self, word: W, sum: W) -> W {
        let (double, bit) = word.double(self.bit);
        self.bit = bit;
        self.step(double, sum)
    }

    /// Along an even number of words. The sum is read in one place and written in another, which may be the same.
    #[inline(never)]
    fn go(&mut self, words: &[W], from: &[Cell<W>], to: &[Cell<W>]) {
        let (words, from, to) = (words.as_chunks().0, from.as_chunks().0, to.as_chunks().0);
        let mut rows = Self { ..*self };
        for (([w0, w1], [from0, from1]), [to0, to1]) in words.iter().zip(from).zip(to) {
            to0.set(rows.step(*w0, from0.get()));
            to1.set(rows.step(*w1, from1.get()));
        }
        *self = rows;
    }

    /// Along the double of an even number of words.
    #[inline(never)]
    fn go_doubled(&mut self, words: &[W], sum: &mut [W]) {
        let mut rows = Self { ..*self };
        for ([w0, w1], [s0, s1]) in words.as_chunks().0.iter().zip(sum.as_chunks_mut().0) {
            *s0 = rows.step_doubled(*w0, *s0);
            *s1 = rows.step_doubled(*w1, *s1);
        }
        *self = rows;
    }

    /// What they carry beyond the last word, added to what is there.
    fn end(mut self, [first, second, third]: [W; 3]) -> [W; 3] {
        let first = self.step(self.bit, first);
        let second = self.step(W::default(), second);
        let [left, right] = self.carries;
        let (third, _) = third.add_carry(left, W::default());
        [first, second, third.add_carry(right, W::default()).0]
    }
}

/// Montgomery's product of `a` and `b`, or with no `b` of `a` and itself, over N, of which `n1` is the successor: into
/// `sum`, and what is carried out of that. All have the same even number of words.
#[inline(never)]
pub(super) fn product<W: Word>(a: &[W], b: Option<&[W]>, n1: &[W], sum: &mut [W]) -> W {
    sum.fill(W::default());
    let zero = W::default();
    let mut top = zero;
    for i in (0..a.len()).step_by(2) {
        let mut rows = Rows::new([a[i], a[i + 1]]);
        if let Some(b) = b {
            let cells = Cell::from_mut(&mut *sum).as_slice_of_cells();
            rows.go(b, cells, cells);
        } else {
            // The square of the two, but for that of the second: with this, its way along the rest begins.
            let [first, second] = rows.factors;
            let carry;
            (sum[i], carry) = first.mul_add(first, sum[i], zero);
            (sum[i + 1], rows.carries[0]) = first.mul_add(second, sum[i + 1], carry);
            (sum[i + 1], rows.carries[1]) = first.mul_add(second, sum[i + 1], zero);
            rows.previous = second;
            rows.go_doubled(&a[i + 2..], &mut sum[i + 2..]);
        }
        let over = rows.end([top, zero, zero]);

        // The multipliers are what stands in the two lowest words, the second with what the first makes of it. They
        // would be zero then, and are left out: the others move down.
        let (second, carry) = sum[0].mul_add(n1[1], sum[1], zero);
        let mut rows = Rows::new([sum[0], second]);
        rows.carries[0] = carry;
        rows.previous = n1[1];
        let cells = Cell::from_mut(&mut *sum).as_slice_of_cells();
        rows.go(&n1[2..], &cells[2..], cells);
        let end = sum.len() - 2;
        [sum[end], sum[end + 1], top] = rows.end(over);
    }
    top
}

/// Adds `u·x` to `sum`. The factors have the same even number of words, the sum twice that, and zeros in its upper half.
pub(in crate::sec2) fn multiply_add<W: Word>(sum: &mut [W], u: &[W], x: &[W]) {
    for (i, factors) in u.as_chunks().0.iter().enumerate() {
        let mut rows = Rows::new(*factors);
        let sum = &mut sum[2 * i..];
        let cells = Cell::from_mut(&mut *sum).as_slice_of_cells();
        rows.go(x, cells, cells);
        [sum[x.len()], sum[x.len() + 1], _] = rows.end([W::default(); 3]);
    }
}
