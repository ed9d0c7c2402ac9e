//! Products by blocks of four words: the sixteen products of two blocks stand in a straight line, and what they are added
//! to stays in registers. For processors that have enough of them, and are told to make fast code.

use super::Word;

/// Words in a block. A number has a multiple of them.
const BLOCK: usize = 4;

type Block<W> = [W; BLOCK];

/// The sum of one column of a product of blocks: two blocks, and a word for what is carried out of them.
#[derive(Clone, Copy, Default)]
struct Column<W>([W; 2 * BLOCK + 1]);

impl<W: Word> Column<W> {
    /// Adds the products of `a` read forwards and `b` read backwards.
    #[inline(always)]
    fn dot(&mut self, a: &[Block<W>], b: &[Block<W>]) {
        let zero = W::default();
        let [
            mut s0,
            mut s1,
            mut s2,
            mut s3,
            mut s4,
            mut s5,
            mut s6,
            mut s7,
            mut s8,
        ] = self.0;
        for ([a0, a1, a2, a3], b) in a.iter().zip(b.iter().rev()) {
            let (mut t0, mut t1, mut t2, mut t3) = (zero, zero, zero, zero);
            // What a row carries out of itself is the last word of the next one.
            let mut t4 = row(*a0, b, [&mut t0, &mut t1, &mut t2, &mut t3]);
            let mut t5 = row(*a1, b, [&mut t1, &mut t2, &mut t3, &mut t4]);
            let mut t6 = row(*a2, b, [&mut t2, &mut t3, &mut t4, &mut t5]);
            let t7 = row(*a3, b, [&mut t3, &mut t4, &mut t5, &mut t6]);
            let mut carry;
            (s0, carry) = s0.add_carry(t0, zero);
            (s1, carry) = s1.add_carry(t1, carry);
            (s2, carry) = s2.add_carry(t2, carry);
            (s3, carry) = s3.add_carry(t3, carry);
            (s4, carry) = s4.add_carry(t4, carry);
            (s5, carry) = s5.add_carry(t5, carry);
            (s6, carry) = s6.add_carry(t6, carry);
            (s7, carry) = s7.add_carry(t7, carry);
            (s8, _) = s8.add_carry(zero, carry);
        }
        self.0 = [s0, s1, s2, s3, s4, s5, s6, s7, s8];
    }

    /// Adds the same of `a` and itself, which is a column of a square. Each product of two different blocks is computed
    /// once and doubled.
    #[inline(always)]
    fn dot_square(&mut self, a: &[Block<W>]) {
        let (half, odd) = (a.len() / 2, a.len() % 2);
        let mut sum = Self::default();
        sum.dot(&a[..half], &a[half + odd..]);
        let mut bit = W::default();
        for word in &mut sum.0 {
            (*word, bit) = word.double(bit);
        }
        let middle = &a[half..half + odd];
        sum.dot(middle, middle);
        let mut carry = W::default();
        for (to, word) in self.0.iter_mut().zip(sum.0) {
            (*to, carry) = to.add_carry(word, carry);
        }
    }

    /// Adds the product of `low` and the lowest block, in which each word is what the ones before have made of it: the
    /// block of multipliers. The first word of `low` is zero, so none changes itself.
    #[inline(always)]
    fn reduce(&mut self, low: &Block<W>) {
        for i in 0..BLOCK {
            let (factor, mut carry) = (self.0[i], W::default());
            for (to, word) in self.0[i + 1..].iter_mut().zip(&low[1..]) {
                (*to, carry) = factor.mul_add(*word, *to, carry);
            }
            for to in &mut self.0[i + BLOCK..] {
                (*to, carry) = to.add_carry(carry, W::default());
            }
        }
    }

    /// Takes the finished block off and moves on to the next column.
    #[inline(always)]
    fn shift(&mut self) -> Block<W> {
        let [s0, s1, s2, s3, s4, s5, s6, s7, s8] = self.0;
        let zero = W::default();
        self.0 = [s4, s5, s6, s7, s8, zero, zero, zero, zero];
        [s0, s1, s2, s3]
    }
}

/// Adds `factor · b` to four words; what is carried out of them.
#[inline(always)]
fn row<W: Word>(factor: W, b: &Block<W>, to: [&mut W; BLOCK]) -> W {
    let [t0, t1, t2, t3] = to;
    let mut carry;
    (*t0, carry) = factor.mul_add(b[0], *t0, W::default());
    (*t1, carry) = factor.mul_add(b[1], *t1, carry);
    (*t2, carry) = factor.mul_add(b[2], *t2, carry);
    (*t3, carry) = factor.mul_add(b[3], *t3, carry);
    carry
}

/// Montgomery's product of `a` and `b`, or with no `b` of `a` and itself, over N, of which `n1` is the successor: into
/// `sum`, and what is carried out of that. All have the same number of words, whole blocks.
pub(super) fn product<W: Word>(a: &[W], b: Option<&[W]>, n1: &[W], sum: &mut [W]) -> W {
    let (a, n1, sum) = (a.as_chunks().0, n1.as_chunks().0, sum.as_chunks_mut().0);
    match b {
        Some(b) => {
            let b = b.as_chunks().0;
            product_of(|sum, from, to| sum.dot(&a[from..to], &b[from..to]), n1, sum)
        }
        None => product_of(|sum, from, to| sum.dot_square(&a[from..to]), n1, sum),
    }
}

/// The same by way of what adds a column of the product proper, of the blocks in a range of both factors.
#[inline(always)]
fn product_of<W: Word>(add: impl Fn(&mut Column<W>, usize, usize), n1: &[Block<W>], m: &mut [Block<W>]) -> W {
    let len = m.len();
    let mut sum = Column::default();
    for i in 0..len {
        add(&mut sum, 0, i + 1);
        sum.dot(&m[..i], &n1[1..=i]);
        sum.reduce(&n1[0]);
        m[i] = sum.shift();
    }
    for i in 0..len {
        add(&mut sum, i + 1, len);
        sum.dot(&m[i + 1..], &n1[i + 1..]);
        m[i] = sum.shift(); // the multiplier is not needed any more
    }
    sum.0[0]
}
