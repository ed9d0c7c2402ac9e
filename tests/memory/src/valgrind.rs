//! Client requests: what a program can tell valgrind about its memory. Without valgrind they do nothing.
//!
//! The instruction sequences are part of valgrind's interface (`valgrind.h`): rotations that change nothing on a real
//! processor.

use core::arch::asm;

/// Requests of memcheck begin here: the letters M and C.
const MEMCHECK: usize = (0x4d << 24) | (0x43 << 16);
const RUNNING_ON_VALGRIND: usize = 0x1001;
const MAKE_MEM_UNDEFINED: usize = MEMCHECK + 1;
const MAKE_MEM_DEFINED: usize = MEMCHECK + 2;

#[cfg(target_arch = "x86_64")]
fn request(code: usize, address: usize, len: usize) -> usize {
    let arguments = [code, address, len, 0, 0, 0];
    let mut result = 0_usize;
    // SAFETY: the rotations add up to 128 bits, and a register is exchanged with itself: nothing changes but what
    // valgrind makes of it, a result in rdx.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") &raw const arguments,
            inout("rdx") result,
            out("rdi") _,
        );
    }
    result
}

#[cfg(target_arch = "aarch64")]
fn request(code: usize, address: usize, len: usize) -> usize {
    let arguments = [code, address, len, 0, 0, 0];
    let mut result = 0_usize;
    // SAFETY: as above.
    unsafe {
        asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") &raw const arguments,
            inout("x3") result,
            out("x12") _,
        );
    }
    result
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("valgrind's request sequence is known here for x86-64 and AArch64 only");

/// Whether the program runs under valgrind.
#[must_use]
pub fn is_running() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) != 0
}

/// From now on memcheck complains of every branch and address that depends on these bytes.
pub fn make_secret<T: ?Sized>(value: &mut T) {
    request(MAKE_MEM_UNDEFINED, (&raw const *value).addr(), size_of_val(value));
}

/// What was computed from secrets and may be known to everybody: it was sent.
pub fn make_public<T: ?Sized>(value: &mut T) {
    request(MAKE_MEM_DEFINED, (&raw const *value).addr(), size_of_val(value));
}
