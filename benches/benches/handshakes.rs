//! Times of the single operations.

use divan::Bencher;
use espprov_benches::{OpenSsl, Security1, Security2, two_x25519};

fn main() {
    divan::main();
}

#[divan::bench]
fn security_2_client(bencher: Bencher<'_, '_>) {
    let handshake = Security2::new();
    bencher.bench_local(|| handshake.run());
}

/// Exponents of 256, 512 and 1024 bits.
#[divan::bench(args = [0, 1, 2])]
fn openssl_power(bencher: Bencher<'_, '_>, index: usize) {
    let mut openssl = OpenSsl::new();
    bencher.bench_local(|| openssl.run_one(index));
}

#[divan::bench]
fn openssl_three_powers(bencher: Bencher<'_, '_>) {
    let mut openssl = OpenSsl::new();
    bencher.bench_local(|| openssl.run());
}

#[divan::bench]
fn security_1_client(bencher: Bencher<'_, '_>) {
    let handshake = Security1::new();
    bencher.bench_local(|| handshake.run());
}

#[divan::bench]
fn two_x25519_operations() {
    two_x25519(&[0x5a; 32], &[9; 32]);
}
