//! Our Montgomery arithmetic, with both word sizes, against crypto-bigint's.

use crate::sec2::group::{self, COMB, LEN, minimal, pad};
use crate::sec2::mont::{LONGEST, Modulus, Power, Word, count, multiply_add};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{NonZero, Odd, U256, U512, U1024, U3072};
use proptest::prelude::*;
use std::vec::Vec;

const N: U3072 = U3072::from_be_slice(&group::N);
const LIMBS: usize = U3072::LIMBS;
type Form = FixedMontyForm<LIMBS>;

fn reference(value: &U3072) -> Form {
    let params = FixedMontyParams::new_vartime(Odd::new(N).unwrap());
    Form::new(&value.rem(&NonZero::new(N).unwrap()), &params)
}

/// Words of either size from and to a number.
trait TestWord: Word {
    const BYTES: usize;
    fn from_le(bytes: &[u8]) -> Self;
    fn to_le(self) -> Vec<u8>;
}

impl TestWord for u32 {
    const BYTES: usize = 4;
    fn from_le(bytes: &[u8]) -> Self {
        Self::from_le_bytes(bytes.try_into().unwrap())
    }
    fn to_le(self) -> Vec<u8> {
        self.to_le_bytes().to_vec()
    }
}

impl TestWord for u64 {
    const BYTES: usize = 8;
    fn from_le(bytes: &[u8]) -> Self {
        Self::from_le_bytes(bytes.try_into().unwrap())
    }
    fn to_le(self) -> Vec<u8> {
        self.to_le_bytes().to_vec()
    }
}

fn words<W: TestWord, const L: usize>(value: &U3072) -> [W; L] {
    let bytes = value.to_le_bytes();
    let mut words = bytes.as_ref().chunks(W::BYTES).map(W::from_le);
    core::array::from_fn(|_| words.next().unwrap())
}

fn number<W: TestWord>(words: &[W]) -> U3072 {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le()).collect();
    U3072::from_le_slice(&bytes)
}

/// Numbers at the seams, above N included: residues may be any value below 2^3072.
fn corners() -> Vec<U3072> {
    let one = U3072::ONE;
    let mut corners = Vec::from([
        U3072::ZERO,
        one,
        U3072::from_u64(5),
        N.wrapping_sub(&one),
        N,
        N.wrapping_add(&one),
        U3072::MAX,
        U3072::MAX.wrapping_sub(&one),
        one.shl(3071),
        N.shr(1),
    ]);
    corners.push(U3072::ZERO.wrapping_sub(&N)); // 2^3072 − N
    for bits in [31, 32, 33, 63, 64, 65, 3008, 3040] {
        corners.push(one.shl(bits));
        corners.push(one.shl(bits).wrapping_sub(&one));
    }
    corners
}

/// A number in Montgomery form.
fn lifted<'m, W: Word, const L: usize>(modulus: &'m Modulus<W, L>, number: &[W; L]) -> Power<'m, W, L> {
    let mut power = Power::of(modulus, number);
    power.lift();
    power
}

/// The number out of Montgomery form.
fn lowered<W: TestWord, const L: usize>(mut power: Power<'_, W, L>) -> U3072 {
    power.lower();
    number(power.value())
}

fn check_product<W: TestWord, const L: usize>(a: &U3072, b: &U3072) {
    let modulus = Modulus::<W, L>::new(words(&N));
    let mut product = lifted(&modulus, &words(a));
    product.mul(lifted(&modulus, &words(b)).value());
    assert_eq!(
        lowered(product),
        (reference(a) * reference(b)).retrieve(),
        "{a} {b}"
    );

    // Normal form times Montgomery form is normal form.
    let mut product = lifted(&modulus, &words(a));
    product.lower_times(&words(b));
    assert_eq!(number(product.value()), (reference(a) * reference(b)).retrieve());

    let mut square = lifted(&modulus, &words(a));
    square.pow(&mut [[W::default(); L]; 4], &[2]);
    assert_eq!(lowered(square), reference(a).square().retrieve(), "{a}");

    let mut other = words(b);
    modulus.canonical(&mut other);
    let mut difference = Power::of(&modulus, &other);
    difference.subtract_from(&words(a));
    let mut difference = *difference.value();
    modulus.canonical(&mut difference);
    assert_eq!(
        number::<W>(&difference),
        (reference(a) - reference(b)).retrieve(),
        "{a} - {b}"
    );
    let mut sum = words(a);
    modulus.canonical(&mut sum);
    modulus.add(&mut sum, &other);
    assert_eq!(
        number::<W>(&sum),
        (reference(a) + reference(b)).retrieve(),
        "{a} + {b}"
    );
}

fn check_power<W: TestWord, const L: usize>(base: &U3072, exponent: &[u8]) {
    let modulus = Modulus::<W, L>::new(words(&N));
    let bits = 8 * exponent.len() as u32;
    let reference_exponent = U3072::from_be_slice(&pad(exponent).unwrap());
    let want = reference(base)
        .pow_bounded_exp(&reference_exponent, bits)
        .retrieve();
    for size in [4, 8, 16, 32] {
        let mut table = std::vec![[W::default(); L]; size];
        let mut power = lifted(&modulus, &words(base));
        power.pow(&mut table, exponent);
        assert_eq!(lowered(power), want, "{base} ^ {exponent:x?}, table of {size}");
    }

    // Left and taken up again after each step, of which each is one product at most.
    let mut table = std::vec![[W::default(); L]; 8];
    let mut value = *lifted(&modulus, &words(base)).value();
    for step in 0..Power::<W, L>::pow_steps(8, exponent) {
        count::taken();
        let mut power = Power::of(&modulus, &value);
        power.pow_step(&mut table, exponent, step);
        assert_eq!(count::taken(), 1);
        value = *power.value();
    }
    assert_eq!(lowered(Power::of(&modulus, &value)), want);

    let want = reference(&U3072::from_u64(5))
        .pow_bounded_exp(&reference_exponent, bits)
        .retrieve();
    for step in 0..Power::<W, L>::generator_steps(exponent) {
        count::taken();
        let mut power = Power::of(&modulus, &value);
        power.generator_step(exponent, step);
        assert_eq!(count::taken(), usize::from(step > 0));
        value = *power.value();
    }
    let power = lowered(Power::of(&modulus, &value));
    assert_eq!(power, want, "5 ^ {exponent:x?}");
}

#[test]
fn products_at_the_seams_with_both_word_sizes() {
    let corners = corners();
    for a in &corners {
        for b in &corners {
            check_product::<u64, 48>(a, b);
            check_product::<u32, 96>(a, b);
        }
    }
}

#[test]
fn powers_at_the_seams_with_both_word_sizes() {
    for base in corners() {
        for exponent in [&[0][..], &[1], &[0xff], &[0, 0, 1], &[0x80, 0, 0], &[0xff; 32]] {
            check_power::<u64, 48>(&base, exponent);
            check_power::<u32, 96>(&base, exponent);
        }
    }
}

/// The reduction relies on these.
#[test]
fn the_prime_has_the_shape_it_must_have() {
    assert_eq!(N.as_words()[0], !0);
    assert_eq!(N.as_words()[LIMBS - 1], !0);
    assert!(
        U3072::ZERO.wrapping_sub(&N) < U3072::ONE.shl(3006),
        "2^3072 - N is small"
    );
    assert_eq!(U1024::LIMBS * 3, LIMBS);
}

/// Numbers with long carries among them.
#[test]
fn the_exponent_is_the_sum_it_should_be() {
    let (zeros, ones) = ([0; 64], [0xff; 64]);
    let mixed = core::array::from_fn(|index| (index as u8).wrapping_mul(0x9d) ^ 0x3c);
    for u in [zeros, ones, mixed] {
        for x in [zeros, ones, mixed] {
            for a in [[0; 32], [0xff; 32], [0x5a; 32]] {
                let product: U1024 = U512::from_be_slice(&u).concatenating_mul(&U512::from_be_slice(&x));
                let want = product.wrapping_add(&U256::from_be_slice(&a).resize::<{ U1024::LIMBS }>());
                let mut sum = [0; 128];
                group::client_exponent(&a, &u, &x, &mut sum);
                assert_eq!(sum, want.to_be_bytes().as_ref());
                let word = |number: &[u8]| words::<u32, 96>(&U3072::from_be_slice(&pad(number).unwrap()));
                let mut narrow = word(&a);
                multiply_add(&mut narrow[..32], &word(&u)[..16], &word(&x)[..16]);
                assert_eq!(number(&narrow), U3072::from_be_slice(&pad(&sum).unwrap()));
            }
        }
    }
}

#[test]
fn padding_and_stripping() {
    assert_eq!(minimal(&[0, 0, 1, 0]), [1, 0]);
    assert_eq!(minimal(&[0, 0]), [0]);
    assert_eq!(minimal(&[]), [0_u8; 0]);
    assert_eq!(pad(&[1; LEN + 1]), None);
    assert_eq!(pad(&[1; LEN]), Some([1; LEN]));
    assert_eq!(pad(&[7]).unwrap()[LEN - 2..], [0, 7]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_products(a in proptest::collection::vec(any::<u8>(), LEN), b in proptest::collection::vec(any::<u8>(), LEN)) {
        let (a, b) = (U3072::from_be_slice(&a), U3072::from_be_slice(&b));
        check_product::<u64, 48>(&a, &b);
        check_product::<u32, 96>(&a, &b);
    }

    #[test]
    fn random_powers(base in proptest::collection::vec(any::<u8>(), LEN), exponent in proptest::collection::vec(any::<u8>(), 1..40)) {
        let base = U3072::from_be_slice(&base);
        check_power::<u64, 48>(&base, &exponent);
        check_power::<u32, 96>(&base, &exponent);
    }
}

#[test]
fn the_constants_of_the_group_are_right() {
    let modulus = Modulus::<u64, 48>::new(words(&N));
    assert!(group::GROUP.modulus() == &modulus);
}

fn power_of_five(exponent: &[u8]) -> U3072 {
    let number = U3072::from_be_slice(&pad(exponent).unwrap());
    let bits = 8 * exponent.len() as u32;
    reference(&U3072::from_u64(5))
        .pow_bounded_exp(&number, bits)
        .retrieve()
}

#[test]
fn the_comb_holds_the_powers_it_should() {
    let modulus = Modulus::<u64, 48>::new(words(&N));
    for (table, entries) in COMB.unwrap().iter().enumerate() {
        for (index, entry) in entries.iter().enumerate() {
            let mut exponent = [0; LONGEST];
            for tooth in (0..5).filter(|tooth| index >> tooth & 1 == 1) {
                let bit = 48 * (1 + 5 * table + tooth);
                exponent[LONGEST - 1 - bit / 8] = 1 << (bit % 8);
            }
            let power = lowered(Power::of(&modulus, entry));
            assert_eq!(power, power_of_five(&exponent), "table {table}, entry {index}");
        }
    }
}

/// By the comb, in steps of one product at most, each taken up from what the one before has left.
fn check_comb(exponent: &[u8]) {
    let modulus = Modulus::<u64, 48>::new(words(&N));
    let mut value = words(&U3072::MAX); // what was there does not matter
    for step in 0..Power::<u64, 48>::comb_steps(exponent) {
        count::taken();
        let mut power = Power::of(&modulus, &value);
        power.comb_step(COMB.unwrap(), exponent, step);
        assert_eq!(count::taken(), usize::from(step > 0));
        value = *power.value();
    }
    let power = lowered(Power::of(&modulus, &value));
    assert_eq!(power, power_of_five(exponent), "5 ^ {exponent:x?}");
}

#[test]
fn powers_by_the_comb() {
    // The lengths where the second table is needed, and where it ends.
    for len in [1, 32, 35, 36, 37, 64, LONGEST] {
        for byte in [0, 0xff, 0xa5] {
            check_comb(&std::vec![byte; len]);
        }
    }
    for bit in 0..8 * LONGEST {
        let mut exponent = [0; LONGEST];
        exponent[LONGEST - 1 - bit / 8] = 1 << (bit % 8);
        check_comb(&exponent[LONGEST - 1 - bit / 8..]);
    }
}

/// 48 columns of a squaring, but for the first, and a product with each table. Up to 36 bytes, the secret numbers of both
/// sides among them, need only one.
#[test]
fn a_short_exponent_takes_one_table() {
    for (len, products) in [(1, 1), (32, 1), (36, 1), (37, 2), (LONGEST, 2)] {
        let steps = Power::<u64, 48>::comb_steps(&std::vec![1; len]);
        assert_eq!(steps, 47 + 48 * products, "{len} bytes");
    }
}

/// A longer exponent is none for the comb.
#[test]
fn the_generator_takes_exponents_of_any_length() {
    for len in [LONGEST, LONGEST + 1, 128] {
        let exponent: Vec<u8> = (0..len).map(|index| index as u8 ^ 0x9d).collect();
        let mut power = [0; LEN];
        group::GROUP.generator_power(&exponent, &mut power);
        assert_eq!(U3072::from_be_slice(&power), power_of_five(&exponent), "{len}");
    }
}
