//! What functions leave on the stack.

use zeroize::Zeroize;

/// More than the frames take in which ciphers are made and keys pass through; less than the arithmetic takes that every
/// handshake does anyway, so a firmware's stack need not be deeper for it.
const DEPTH: usize = if cfg!(target_pointer_width = "64") {
    24 * 1024
} else {
    1536
};

/// Does `work` in frames of its own and overwrites them when it is done.
///
/// A cipher or a digest is returned by value from one function to the next, and a copy may stay in each of their frames:
/// the type wipes itself where it ends up, not where it has been. (Found by `tests/memory`.)
pub(crate) fn wiped_after<T>(work: impl FnOnce() -> T) -> T {
    let result = in_its_own_frame(work);
    overwrite();
    result
}

#[inline(never)]
fn in_its_own_frame<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn overwrite() {
    [0_usize; DEPTH / size_of::<usize>()].zeroize();
}
