//! The border: everything that is unsafe about being called from C, once. What comes in is checked and copied, what goes out
//! is written whole, and a panic ends here.
#![expect(unsafe_code, reason = "pointers of C; each use says what it relies on")]

use crate::device::{Device, Refusal};
use crate::job::Copied;
use crate::types::*;
use core::ffi::{CStr, c_char, c_void};
use core::panic::AssertUnwindSafe;
use core::ptr;
use std::panic::catch_unwind;
use std::sync::{Mutex, TryLockError};
use zeroize::Zeroizing;

/// A device, the session with it and the call under way. Made by `espprov_new`; one thread's at a time.
// A lock: two threads at once are refused instead of racing, and a panic inside leaves it poisoned.
pub struct EspprovDevice(pub(crate) Mutex<Device>);

/// Longest struct that is taken for one: beyond it the size field was not set.
const LONGEST: usize = 4096;

/// A struct of the header.
///
/// # Safety
/// `repr(C)`, and its first field is `size: usize`.
pub(crate) unsafe trait Record: Copy {}

/// All of them, for this macro.
macro_rules! every_record {
    ($of_all:ident) => {
        $of_all!(
            EspprovConfig,
            EspprovSetupCode,
            EspprovAction,
            EspprovError,
            EspprovEvent,
            EspprovInfo,
            EspprovApp,
            EspprovAccessPoint,
            EspprovThreadNetwork,
            EspprovWifi,
            EspprovThread,
            EspprovAnswer
        );
    };
}

macro_rules! records {
    ($($name:ident),+) => {
        // SAFETY: each is `repr(C)` and begins with its size; `tests::every_record_begins_with_its_size` holds them to it.
        $(unsafe impl Record for $name {})+
    };
}

every_record!(records);

/// Ends a panic: nothing may unwind into C.
pub(crate) fn guard(work: impl FnOnce() -> i32) -> i32 {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(ESPPROV_ERROR_PANIC)
}

/// Lends a handle to `work`.
///
/// # Safety
/// `device` is NULL or a handle that was not freed.
pub(crate) unsafe fn with(
    device: *const EspprovDevice,
    work: impl FnOnce(&mut Device) -> Result<i32, Refusal>,
) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise.
        let Some(handle) = (unsafe { device.as_ref() }) else {
            return ESPPROV_ERROR_NULL;
        };
        let mut device = match handle.0.try_lock() {
            Ok(device) => device,
            Err(TryLockError::WouldBlock) => return ESPPROV_ERROR_THREAD,
            Err(TryLockError::Poisoned(_)) => return ESPPROV_ERROR_PANIC,
        };
        match work(&mut device) {
            Ok(status) => status,
            Err(Refusal { status, error }) => {
                if let Some(error) = error {
                    device.explain_refusal(error);
                }
                status
            }
        }
    })
}

/// Copies the caller's bytes; NULL is `None`.
///
/// # Safety
/// `from` is NULL, or points to `len` readable bytes; with [`ESPPROV_TEXT`], to text that ends with a NUL.
pub(crate) unsafe fn copy(from: *const c_void, len: usize) -> Result<Option<Copied>, Refusal> {
    if from.is_null() {
        return match len {
            0 => Ok(None),
            _ => Err(Refusal::new(ESPPROV_ERROR_NULL)),
        };
    }
    let bytes = if len == ESPPROV_TEXT {
        // SAFETY: the caller's promise of a NUL.
        unsafe { CStr::from_ptr(from.cast()) }.to_bytes()
    } else if isize::try_from(len).is_err() {
        return Err(Refusal::new(ESPPROV_ERROR_ARGUMENT));
    } else {
        // SAFETY: the caller's promise; not longer than any object may be.
        unsafe { core::slice::from_raw_parts(from.cast::<u8>(), len) }
    };
    let mut copied = Vec::new();
    if copied.try_reserve_exact(bytes.len()).is_err() {
        return Err(Refusal::new(ESPPROV_ERROR_MEMORY));
    }
    copied.extend_from_slice(bytes);
    Ok(Some(Zeroizing::new(copied)))
}

/// The same of text that ends with a NUL. What is no UTF-8 is refused.
///
/// # Safety
/// As [`copy`] with [`ESPPROV_TEXT`].
pub(crate) unsafe fn text(from: *const c_char) -> Result<String, Refusal> {
    if from.is_null() {
        return Err(Refusal::new(ESPPROV_ERROR_NULL));
    }
    // SAFETY: the caller's promise of a NUL.
    let text = unsafe { CStr::from_ptr(from) };
    let text = text.to_str().map_err(|_| Refusal::new(ESPPROV_ERROR_ARGUMENT))?;
    Ok(text.to_owned())
}

/// Copies a reply to where the engine wants it: the caller may have received it into any place, that of the request included.
///
/// # Safety
/// `from` points to as many readable bytes, or there are none.
pub(crate) unsafe fn copy_to(from: *const c_void, to: &mut [u8]) {
    if to.is_empty() {
        return;
    }
    // SAFETY: the caller's promise; `copy` allows both to overlap.
    unsafe { ptr::copy(from.cast::<u8>(), to.as_mut_ptr(), to.len()) }
}

/// The size that the caller says its struct has, checked against ours: newer callers have longer ones.
///
/// # Safety
/// `record` is NULL or points to a readable `usize`.
unsafe fn size_of_record<T: Record>(record: *const T) -> Result<usize, Refusal> {
    if record.is_null() {
        return Err(Refusal::new(ESPPROV_ERROR_NULL));
    }
    if !record.is_aligned() {
        return Err(Refusal::new(ESPPROV_ERROR_ARGUMENT));
    }
    // SAFETY: not NULL and aligned; a `Record` begins with its size.
    let size = unsafe { record.cast::<usize>().read() };
    if (size_of::<T>()..=LONGEST).contains(&size) {
        Ok(size)
    } else {
        Err(Refusal::new(ESPPROV_ERROR_SIZE))
    }
}

/// Reads a struct of the caller's. Fields of a newer header must be zero: what they ask for is not known here.
///
/// # Safety
/// `from` is NULL, or points to as many readable bytes as its size field says.
pub(crate) unsafe fn read<T: Record>(from: *const T) -> Result<T, Refusal> {
    // SAFETY: the caller's promise.
    let size = unsafe { size_of_record(from) }?;
    let newer = size.saturating_sub(size_of::<T>());
    // SAFETY: `size` bytes are readable, and `T` is the first of them.
    let rest = unsafe { core::slice::from_raw_parts(from.add(1).cast::<u8>(), newer) };
    if rest.iter().any(|&byte| byte != 0) {
        return Err(Refusal::new(ESPPROV_ERROR_SIZE));
    }
    // SAFETY: readable, aligned, and every field of an input takes any bytes: numbers and pointers.
    Ok(unsafe { from.read() })
}

/// Writes a struct for the caller, whole; fields that only a newer header has become zero.
///
/// # Safety
/// `to` is NULL, or points to as many writable bytes as its size field says.
pub(crate) unsafe fn write<T: Record>(to: *mut T, value: T) -> Result<(), Refusal> {
    // SAFETY: the caller's promise.
    let size = unsafe { size_of_record(to) }?;
    let newer = size.saturating_sub(size_of::<T>());
    // SAFETY: `size` bytes are writable, `T` is the first of them, and it begins with its size.
    unsafe {
        to.write(value);
        to.cast::<usize>().write(size);
        to.add(1).cast::<u8>().write_bytes(0, newer);
    }
    Ok(())
}

/// Checks a struct that is to be written later: nothing is done for a caller who could not hear of it.
///
/// # Safety
/// As [`write`].
pub(crate) unsafe fn check<T: Record>(to: *const T) -> Result<(), Refusal> {
    // SAFETY: the caller's promise.
    unsafe { size_of_record(to) }.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{MaybeUninit, offset_of};

    #[test]
    fn every_record_begins_with_its_size() {
        macro_rules! begin {
            ($($name:ident),+) => {
                $(assert_eq!(offset_of!($name, size), 0, stringify!($name));)+
            };
        }
        every_record!(begin);
    }

    fn answer() -> EspprovAnswer {
        EspprovAnswer {
            size: 0,
            data: ptr::null(),
            len: 7,
        }
    }

    #[test]
    fn a_newer_callers_fields_become_zero_and_an_older_caller_is_refused() {
        // As a caller sees it that was built with a header of one field more.
        let mut newer = [size_of::<EspprovAnswer>() + 8, 1, 1, 99];
        let to = newer.as_mut_ptr().cast::<EspprovAnswer>();
        // SAFETY: as long as it says.
        assert!(unsafe { write(to, answer()) }.is_ok());
        assert_eq!(newer, [size_of::<EspprovAnswer>() + 8, 0, 7, 0]);
        for wrong in [0, 8, size_of::<EspprovAnswer>() - 1, LONGEST + 1, usize::MAX] {
            newer[0] = wrong;
            // SAFETY: refused before anything beyond the size is touched.
            let refused = unsafe { write(newer.as_mut_ptr().cast::<EspprovAnswer>(), answer()) };
            assert_eq!(
                refused.err().map(|refusal| refusal.status),
                Some(ESPPROV_ERROR_SIZE)
            );
        }
    }

    #[test]
    fn a_newer_field_that_is_set_is_refused_on_the_way_in() {
        const WORDS: usize = size_of::<EspprovConfig>() / 8 + 1;
        let mut newer = [MaybeUninit::<usize>::zeroed(); WORDS].map(|word| {
            // SAFETY: zeroed.
            unsafe { word.assume_init() }
        });
        newer[0] = size_of_val(&newer);
        let from = newer.as_mut_ptr().cast::<EspprovConfig>();
        // SAFETY: as long as it says.
        assert!(unsafe { read(from.cast_const()) }.is_ok());
        newer[WORDS - 1] = 1;
        // SAFETY: as above.
        let refused = unsafe { read(newer.as_ptr().cast::<EspprovConfig>()) };
        assert_eq!(
            refused.err().map(|refusal| refusal.status),
            Some(ESPPROV_ERROR_SIZE)
        );
    }

    #[test]
    fn bytes_are_copied_or_refused() {
        // SAFETY: all of these are what they say.
        unsafe {
            let of =
                |bytes: &[u8], len| copy(bytes.as_ptr().cast(), len).map(|copied| copied.map(|c| c.to_vec()));
            assert!(matches!(of(b"abc\0d", ESPPROV_TEXT), Ok(Some(bytes)) if bytes == b"abc"));
            assert!(matches!(of(b"abc\0d", 5), Ok(Some(bytes)) if bytes == b"abc\0d"));
            assert!(matches!(of(b"", 0), Ok(Some(bytes)) if bytes.is_empty()));
            assert!(matches!(copy(ptr::null(), 0), Ok(None)));
            let status =
                |refused: Result<Option<Copied>, Refusal>| refused.err().map(|refusal| refusal.status);
            assert_eq!(status(copy(ptr::null(), 1)), Some(ESPPROV_ERROR_NULL));
            let beyond = copy(b"".as_ptr().cast(), usize::MAX - 1);
            assert_eq!(status(beyond), Some(ESPPROV_ERROR_ARGUMENT));
            assert_eq!(
                text(c"\xff".as_ptr()).err().map(|r| r.status),
                Some(ESPPROV_ERROR_ARGUMENT)
            );
            assert_eq!(
                text(ptr::null()).err().map(|r| r.status),
                Some(ESPPROV_ERROR_NULL)
            );
        }
    }

    #[test]
    fn a_panic_ends_at_the_border() {
        assert_eq!(guard(|| 7), 7);
        assert_eq!(guard(|| panic!("on purpose")), ESPPROV_ERROR_PANIC);
    }

    /// A handle, as C gets one.
    fn handle() -> *mut EspprovDevice {
        let config = EspprovConfig {
            size: size_of::<EspprovConfig>(),
            // SAFETY: numbers and pointers: all may be zero.
            ..unsafe { core::mem::zeroed() }
        };
        // SAFETY: as long as it says.
        let handle = unsafe { crate::espprov_new(&raw const config) };
        assert!(!handle.is_null());
        handle
    }

    #[test]
    fn a_handle_in_use_is_refused_and_is_as_it_was() {
        let handle = handle();
        // SAFETY: the handle is there until it is freed.
        unsafe {
            let inner = with(handle, |_| Ok(crate::espprov_info(handle)));
            assert_eq!(inner, ESPPROV_ERROR_THREAD);
            assert_eq!(crate::espprov_info(handle), ESPPROV_OK);
            crate::espprov_free(handle);
        }
    }

    #[test]
    fn after_a_panic_a_handle_is_good_for_nothing_but_to_be_freed() {
        let (broken, whole) = (handle(), handle());
        // SAFETY: the handles are there until they are freed.
        unsafe {
            assert_eq!(with(broken, |_| panic!("on purpose")), ESPPROV_ERROR_PANIC);
            assert_eq!(crate::espprov_info(broken), ESPPROV_ERROR_PANIC);
            assert_eq!(crate::espprov_close(broken), ESPPROV_ERROR_PANIC);
            assert_eq!(crate::espprov_info(whole), ESPPROV_OK, "the other one is well");
            crate::espprov_free(broken);
            crate::espprov_free(whole);
        }
    }
}
