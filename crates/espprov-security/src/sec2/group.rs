//! The 3072-bit group of RFC 5054 (appendix A), g = 5, and residues as bytes.

use super::mont::{Comb, LONGEST, Modulus, multiply_add};
use crate::HandshakeError;
use crate::budget::Spending;
use alloc::vec::Vec;
use zeroize::{Zeroize, Zeroizing};

/// The word to compute in.
#[cfg(target_pointer_width = "64")]
type Word = u64;
#[cfg(not(target_pointer_width = "64"))]
type Word = u32;

/// Bytes of N, and of a padded residue.
pub(super) const LEN: usize = 384;

/// The prime, big-endian. Not for use at run time: the group has it.
pub(super) const N: [u8; LEN] = unhex(include_str!("group/prime.hex"));

/// A number below 2^3072, lowest word first.
type Words = [Word; LIMBS];

const LIMBS: usize = LEN / size_of::<Word>();

/// Entries in the table of a window: 12 KB where memory is plentiful, 3 KB on a microcontroller.
const TABLE: usize = if cfg!(target_pointer_width = "64") { 32 } else { 8 };

/// Bytes of hex digits, at compile time.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which would refuse a mistake"
)]
pub(super) const fn unhex<const L: usize>(digits: &str) -> [u8; L] {
    const fn nibble(digit: u8) -> u8 {
        if digit <= b'9' {
            digit - b'0'
        } else {
            digit - b'A' + 10
        }
    }
    let digits = digits.as_bytes();
    let mut bytes = [0; L];
    let mut i = 0;
    while i < L {
        bytes[i] = nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]);
        i += 1;
    }
    bytes
}

/// The group, ready to compute in.
pub(super) struct Group(Modulus<Word, LIMBS>);

/// The one group there is, worked out at compile time.
pub(super) static GROUP: Group = Group(modulus());

type Power = super::mont::Power<'static, Word, LIMBS>;

/// What shortens the way to a power of the generator, where there is room for it.
#[cfg(target_pointer_width = "64")]
pub(super) const COMB: Option<&Comb<Word, LIMBS>> = Some(&comb::COMB);
#[cfg(not(target_pointer_width = "64"))]
pub(super) const COMB: Option<&Comb<Word, LIMBS>> = None;

#[cfg(target_pointer_width = "64")]
#[rustfmt::skip]
mod comb;

/// How many steps lead to a power of the generator.
fn generator_steps(exponent: &[u8]) -> usize {
    match COMB {
        Some(_) if exponent.len() <= LONGEST => Power::comb_steps(exponent),
        _ => Power::generator_steps(exponent),
    }
}

/// One of these steps.
fn generator_step(power: &mut Power, exponent: &[u8], step: usize) {
    match COMB {
        Some(comb) if exponent.len() <= LONGEST => power.comb_step(comb, exponent, step),
        _ => power.generator_step(exponent, step),
    }
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which would refuse a mistake"
)]
const fn modulus() -> Modulus<Word, LIMBS> {
    let mut n1: Words = [0; LIMBS];
    let mut i = 0;
    while i < LEN {
        n1[i / size_of::<Word>()] |= (N[LEN - 1 - i] as Word) << (i % size_of::<Word>() * 8);
        i += 1;
    }
    // N + 1: words that are all ones become zero and carry.
    i = 0;
    while n1[i] == Word::MAX {
        n1[i] = 0;
        i += 1;
    }
    n1[i] += 1;
    Modulus::from_successor(n1)
}

/// k, SRP's multiplier: H(N ǀ PAD(g)). The tests compute it.
pub(super) const MULTIPLIER: [u8; 64] = unhex(concat!(
    "A9C2E2559BF0EBB53F0CBBF62282906BEDE7F2182F00678211FBD5BDE5B28503",
    "3A4993503B87397F9BE5EC02080FEDBC0835587AD039060879B8621E8C3659E0",
));

/// What comes after a power of the generator.
#[derive(Clone, Copy)]
pub(super) enum Then<'a> {
    /// It is all.
    Nothing,
    /// The power is the client's g^x, and S = (B − k·g^x)^exponent, the exponent being a + u·x.
    ClientSecret { b_pub: &'a [u8], exponent: &'a [u8] },
}

/// A computation that can be left after any product and taken up again: how far it is, and its numbers, which are on the
/// heap and wiped when it goes.
pub(super) struct Work {
    step: usize,
    /// The value under way; then the table of its powers, if one is needed.
    rows: Zeroizing<Vec<Words>>,
}

impl Work {
    /// For a power of the generator.
    pub(super) fn on_generator() -> Result<Self, HandshakeError> {
        Self::of_rows(1)
    }

    /// For a power of something else.
    pub(super) fn with_table() -> Result<Self, HandshakeError> {
        const ROWS: usize = 1 + TABLE;
        Self::of_rows(ROWS)
    }

    fn of_rows(count: usize) -> Result<Self, HandshakeError> {
        let mut rows = Zeroizing::new(Vec::new());
        rows.try_reserve_exact(count)
            .map_err(|_| HandshakeError::OutOfMemory)?;
        rows.resize(count, [0; LIMBS]);
        Ok(Self { step: 0, rows })
    }

    /// Goes on up to step `steps`, or as far as the means go. Whether it got there.
    fn go_on(
        &mut self,
        steps: usize,
        spending: &mut Spending,
        mut take: impl FnMut(&mut Power, &mut [Words], usize),
    ) -> bool {
        let Some((value, table)) = self.rows.split_first_mut() else {
            return false;
        };
        let mut power = Power::of(&GROUP.0, value);
        while self.step < steps && spending.pay(1) {
            take(&mut power, table, self.step);
            self.step = self.step.saturating_add(1);
        }
        *value = *power.value();
        self.step >= steps
    }

    /// The number reached, into the 384 bytes of `out`.
    pub(super) fn result(&self, out: &mut [u8]) {
        if let Some(value) = self.rows.first() {
            to_bytes(value, out);
        }
    }
}

impl Group {
    #[cfg(test)]
    pub(super) const fn modulus(&self) -> &Modulus<Word, LIMBS> {
        &self.0
    }

    /// g^exponent, into the 384 bytes of `out`.
    pub(super) fn generator_power(&'static self, exponent: &[u8], out: &mut [u8]) {
        to_bytes(self.power_of_generator(exponent).value(), out);
    }

    /// The same as a number.
    fn power_of_generator(&'static self, exponent: &[u8]) -> Power {
        let mut power = Power::of(&self.0, &[0; LIMBS]);
        for step in 0..generator_steps(exponent) {
            generator_step(&mut power, exponent, step);
        }
        power.lower();
        power
    }

    /// Goes on with g^exponent, then with what comes of it. Whether it is the result.
    #[inline(never)]
    pub(super) fn go_on(work: &mut Work, exponent: &[u8], then: Then<'_>, spending: &mut Spending) -> bool {
        let base = generator_steps(exponent);
        let steps = match then {
            Then::Nothing => 0,
            Then::ClientSecret { exponent, .. } => Power::pow_steps(TABLE, exponent).saturating_add(2),
        };
        let lower = base.saturating_add(steps);
        work.go_on(lower.saturating_add(1), spending, |power, table, step| {
            if step < base {
                generator_step(power, exponent, step);
            } else if let Then::ClientSecret { b_pub, exponent } = then
                && step < lower
            {
                match step.saturating_sub(base) {
                    0 => Self::client_base(power, b_pub),
                    1 => power.lift(),
                    step => power.pow_step(table, exponent, step.saturating_sub(2)),
                }
            } else {
                power.lower();
            }
        })
    }

    /// B − k·g^x. Not inlined: what it has on the stack is gone before the long power.
    #[inline(never)]
    fn client_base(power: &mut Power, b_pub: &[u8]) {
        let mut number = [0; LIMBS];
        read_words(&MULTIPLIER, &mut number);
        power.lower_times(&number);
        read_words(b_pub, &mut number);
        power.subtract_from(&number);
    }

    /// The device's B = k·v + g^b.
    pub(super) fn device_public(&'static self, verifier: &[u8], b: &[u8]) -> Zeroizing<[u8; LEN]> {
        let mut product = Power::of(&self.0, &from_bytes(verifier));
        product.lift();
        product.lower_times(&from_bytes(&MULTIPLIER));
        let mut sum = Zeroizing::new(*product.value());
        self.0.add(&mut sum, self.power_of_generator(b).value());
        let mut bytes = Zeroizing::new([0; LEN]);
        to_bytes(&*sum, &mut *bytes);
        bytes
    }

    /// The device's S = (A·v^u)^b, into `out`.
    pub(super) fn device_secret(
        &'static self,
        a_pub: &[u8],
        verifier: &[u8],
        u: &[u8],
        b: &[u8],
        out: &mut [u8; LEN],
    ) {
        // Not `Zeroizing`: making one costs a second table on the stack. Nothing returns before it is wiped.
        let mut table = [[0; LIMBS]; TABLE];
        let mut power = Power::of(&self.0, &from_bytes(verifier));
        power.lift();
        power.pow(&mut table, u);
        let mut a_pub = Power::of(&self.0, &from_bytes(a_pub));
        a_pub.lift();
        power.mul(a_pub.value());
        power.pow(&mut table, b);
        table.zeroize();
        power.lower();
        to_bytes(power.value(), out);
    }

    /// Is the number 0 modulo N? For public values: in the time, it shows which words of it are 0.
    #[inline(never)] // a number on the stack, gone before anything is hashed
    pub(super) fn is_zero(&self, bytes: &[u8]) -> bool {
        let mut number = [0; LIMBS];
        read_words(bytes, &mut number);
        self.0.canonical(&mut number);
        // Not compared with zeros: those would be in the flash.
        number.iter().all(|word| *word == 0)
    }

    /// Is the number below N?
    pub(super) fn is_canonical(&self, number: &[u8]) -> bool {
        let mut canonical = from_bytes(number);
        self.0.canonical(&mut canonical);
        canonical == from_bytes(number)
    }
}

/// The client's a + u·x, for u and x of 64 bytes, into the 128 bytes of `out`.
#[inline(never)]
pub(super) fn client_exponent(a: &[u8; 32], u: &[u8; 64], x: &[u8; 64], out: &mut [u8]) {
    const FACTOR: usize = 64 / size_of::<Word>();
    let mut sum = Zeroizing::new([0; 2 * FACTOR]);
    let mut factors = Zeroizing::new([[0; FACTOR]; 2]);
    let [first, second] = &mut *factors;
    read_words(a, &mut *sum);
    read_words(u, first);
    read_words(x, second);
    multiply_add(&mut *sum, first, second);
    to_bytes(&*sum, out);
}

/// Left-pads with zeros to 384 bytes; `None` for more.
pub(super) fn pad(bytes: &[u8]) -> Option<[u8; LEN]> {
    let mut padded = [0; LEN];
    let start = LEN.checked_sub(bytes.len())?;
    padded.get_mut(start..)?.copy_from_slice(bytes);
    Some(padded)
}

/// The number without leading zero bytes; at least one byte stays.
pub(super) fn minimal(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let start = zeros.min(bytes.len().saturating_sub(1));
    bytes.get(start..).unwrap_or(bytes)
}

/// At most 384 big-endian bytes.
fn from_bytes(bytes: &[u8]) -> Zeroizing<Words> {
    let mut words = Zeroizing::new([0; LIMBS]);
    read_words(bytes, &mut *words);
    words
}

/// Big-endian bytes; what goes beyond the words is ignored, so callers check the length first.
fn read_words(bytes: &[u8], words: &mut [Word]) {
    let mut pieces = bytes.rchunks(size_of::<Word>());
    for word in words {
        let piece = pieces.next().unwrap_or_default();
        *word = piece.iter().fold(0, |word, byte| word << 8 | Word::from(*byte));
    }
}

/// The number into `out`, all 384 bytes or as many as it takes.
fn to_bytes(words: &[Word], out: &mut [u8]) {
    for (bytes, word) in out.rchunks_mut(size_of::<Word>()).zip(words) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
}
