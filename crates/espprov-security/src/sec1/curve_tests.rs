//! The curve in 32-bit words against the standard's numbers and against another implementation.

use super::*;
use proptest::prelude::*;
use std::vec::Vec;
use x25519_dalek::X25519_BASEPOINT_BYTES as BASE;

const M: u32 = u32::MAX;
/// 2^255 - 19.
const PRIME: [u32; 8] = [M - 18, M, M, M, M, M, M, M >> 1];

fn hex(text: &str) -> [u8; 32] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// RFC 7748, section 5.2. The second point has its highest bit set, which does not count.
#[test]
fn the_standards_examples() {
    for (private, point, expected) in [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ] {
        assert_eq!(x25519(&hex(private), &hex(point)), hex(expected));
    }
}

/// The same section's thousand rounds, each with the results of those before.
#[test]
fn a_thousand_rounds() {
    let (mut private, mut point) = (BASE, BASE);
    for round in 1..=1000 {
        (private, point) = (x25519(&private, &point), private);
        if round == 1 {
            let once = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";
            assert_eq!(private, hex(once));
        }
    }
    let thousand = "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51";
    assert_eq!(private, hex(thousand));
}

/// Points of small order, and numbers of the prime and more: all that is special about an encoding.
#[test]
fn odd_points() {
    let mut above = Vec::new();
    for low in 0..=255_u8 {
        // 2^255 - 256 + low: the prime is at 237.
        let mut point = [0xff; 32];
        (point[0], point[31]) = (low, 0x7f);
        above.push(point);
        point[31] = 0xff;
        above.push(point);
        let mut small = [0; 32];
        small[0] = low;
        above.push(small);
    }
    above.push(hex(
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    ));
    above.push(hex(
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ));
    let private = hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    for point in above {
        assert_eq!(
            x25519(&private, &point),
            x25519_dalek::x25519(private, point),
            "{point:02x?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn agrees_with_another_implementation(private: [u8; 32], point: [u8; 32]) {
        prop_assert_eq!(x25519(&private, &point), x25519_dalek::x25519(private, point));
        prop_assert_eq!(x25519(&private, &BASE), x25519_dalek::x25519(private, BASE));
    }

    /// Sums and products of numbers at the ends of the words, where carries run through all of them.
    #[test]
    fn carries_are_not_lost(a in edge(), b in edge()) {
        let many = number(121_665);
        prop_assert_eq!(sum(a, 1, b), sum(b, 1, a));
        prop_assert_eq!(sum(sum(a, -1, b), 1, b), value(a));
        prop_assert_eq!(sum(a, -1, a), number(0));
        prop_assert_eq!(sum(a, 1, PRIME), value(a));
        prop_assert_eq!(product(a, b), product(b, a));
        prop_assert_eq!(product(a, number(1)), value(a));
        // (a + b)² - (a - b)² = 4ab.
        let (plus, minus) = (sum(a, 1, b), sum(a, -1, b));
        let squares = sum(product(plus, plus), -1, product(minus, minus));
        prop_assert_eq!(squares, sum(number(0), 4, product(a, b)));
        // 121665 times, by adding and by multiplying.
        prop_assert_eq!(sum(a, 121_665, b), sum(a, 1, product(b, many)));
        let mut ladder = Ladder::default();
        ladder.0[Z2] = a;
        ladder.invert();
        let one = u32::from(value(a) != number(0));
        prop_assert_eq!(product(a, ladder.0[A]), number(one));
    }
}

fn number(small: u32) -> Element {
    [small, 0, 0, 0, 0, 0, 0, 0]
}

/// In its one form below the prime; no number grows beyond what it may be.
fn value(mut element: Element) -> Element {
    assert!(
        element[7] >> 31 == 0 || element[1..7] == [0; 6] && element[7] == 1 << 31 && element[0] < 1 << 24
    );
    reduce(&mut element);
    element
}

fn sum(a: Element, times: i32, b: Element) -> Element {
    let mut ladder = Ladder::default();
    (ladder.0[A], ladder.0[B]) = (a, b);
    ladder.add(C, A, times, B);
    value(ladder.0[C])
}

fn product(a: Element, b: Element) -> Element {
    let mut ladder = Ladder::default();
    (ladder.0[A], ladder.0[B]) = (a, b);
    ladder.multiply(C, A, B);
    value(ladder.0[C])
}

/// Words that are 0, all ones or nearly so, and whole numbers around the prime and at the upper end.
fn edge() -> impl Strategy<Value = [u32; 8]> {
    let word = prop_oneof![
        Just(0),
        Just(u32::MAX),
        Just(1),
        Just(u32::MAX - 37),
        any::<u32>()
    ];
    let any = prop::array::uniform8(word).prop_map(|mut words| {
        words[7] >>= 1;
        words
    });
    let below = (u32::MAX - 80..=u32::MAX).prop_map(|low| [low, M, M, M, M, M, M, M >> 1]);
    let above = (0..1_u32 << 24).prop_map(|low| [low, 0, 0, 0, 0, 0, 0, 1 << 31]);
    prop_oneof![any, below, above]
}
