//! Our Montgomery arithmetic, with both word sizes, against crypto-bigint's.

use crate::sec2::group::{self, LEN, minimal, pad};
use crate::sec2::mont::{Modulus, Power, Word};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{NonZero, Odd, U1024, U3072};
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

fn check_product<W: TestWord, const L: usize>(a: &U3072, b: &U3072) {
    let modulus = Modulus::<W, L>::new(words(&N));
    let r2 = modulus.r2();
    let mut product = Power::new(&modulus, &r2, &words(a));
    product.mul(Power::new(&modulus, &r2, &words(b)).value());
    assert_eq!(
        number(&*product.finish()),
        (reference(a) * reference(b)).retrieve(),
        "{a} {b}"
    );

    // Normal form times Montgomery form is normal form.
    let product = Power::new(&modulus, &r2, &words(a)).finish_times(&words(b));
    assert_eq!(number(&*product), (reference(a) * reference(b)).retrieve());

    let mut square = Power::new(&modulus, &r2, &words(a));
    square.pow(&[2]);
    assert_eq!(number(&*square.finish()), reference(a).square().retrieve(), "{a}");

    let (mut sum, mut difference, mut other) = (words(a), words(a), words(b));
    modulus.canonical(&mut other);
    modulus.sub(&mut difference, &other);
    modulus.canonical(&mut difference);
    assert_eq!(
        number::<W>(&difference),
        (reference(a) - reference(b)).retrieve(),
        "{a} - {b}"
    );
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
    let mut power = Power::new(&modulus, &modulus.r2(), &words(base));
    power.pow(exponent);
    let want = reference(base)
        .pow_bounded_exp(&reference_exponent, bits)
        .retrieve();
    assert_eq!(number(&*power.finish()), want, "{base} ^ {exponent:x?}");

    let power = Power::of_generator(&modulus, exponent).finish();
    let want = reference(&U3072::from_u64(5))
        .pow_bounded_exp(&reference_exponent, bits)
        .retrieve();
    assert_eq!(number(&*power), want, "5 ^ {exponent:x?}");
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
