//! Looks for secrets where they should not be any more: in blocks of the heap that are freed, and on the stack below
//! where it is in use.

use core::cell::{Cell, RefCell};
use core::hint::black_box;
use std::alloc::{GlobalAlloc, Layout, System};

/// What is looked for at a time: so many bytes of a secret, wherever in it they stand. Fewer could be there by chance.
pub const WINDOW: usize = 12;

/// How far below the stack in use is looked: more than any of the computations takes.
const DEPTH: usize = 192 * 1024;

/// What the search itself takes of the stack, at most.
const SEARCH: usize = 4096;

/// A secret by name. The name is all that is ever shown.
#[derive(Clone)]
pub struct Secret {
    /// What it is.
    pub name: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Secret {
    /// A secret of this name.
    ///
    /// # Panics
    /// If it is too short to be told from chance.
    #[must_use]
    pub fn new(name: &'static str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= WINDOW, "{name} is too short to look for");
        Self {
            name,
            bytes: bytes.to_vec(),
        }
    }
}

/// Windows of all secrets, sorted, each with the place of its secret in the list.
struct Index {
    windows: Vec<([u8; WINDOW], usize)>,
    /// A bit for each pair of bytes that a window begins with.
    firsts: Vec<u64>,
    names: Vec<&'static str>,
}

impl Index {
    fn new(secrets: &[Secret]) -> Self {
        let mut windows: Vec<([u8; WINDOW], usize)> = Vec::new();
        for (number, secret) in secrets.iter().enumerate() {
            for window in secret.bytes.windows(WINDOW) {
                // Zeros in a row are everywhere.
                let varied = window.iter().filter(|&&byte| byte != window[0]).count();
                if varied >= WINDOW / 2 {
                    windows.push((window.try_into().expect("as long as a window"), number));
                }
            }
        }
        windows.sort_unstable();
        let mut firsts = vec![0; 1024];
        for (window, _) in &windows {
            let at = usize::from(u16::from_le_bytes([window[0], window[1]]));
            firsts[at / 64] |= 1 << (at % 64);
        }
        Self {
            windows,
            firsts,
            names: secrets.iter().map(|secret| secret.name).collect(),
        }
    }

    /// The first secret of which a part stands in `len` bytes from `start`, and how far from there.
    ///
    /// # Safety
    /// The bytes can be read.
    unsafe fn find(&self, start: *const u8, len: usize) -> Option<(&'static str, usize)> {
        for at in 0..len.saturating_sub(WINDOW - 1) {
            // SAFETY: inside the bytes; volatile, because the compiler holds that nobody writes there.
            let byte = |offset: usize| unsafe { start.add(at + offset).read_volatile() };
            // Most places differ from all secrets in their first bytes.
            if !self.may_begin([byte(0), byte(1)]) {
                continue;
            }
            let window: [u8; WINDOW] = core::array::from_fn(byte);
            if let Ok(found) = self.windows.binary_search_by(|(known, _)| known.cmp(&window)) {
                return Some((self.names[self.windows[found].1], at));
            }
        }
        None
    }

    fn may_begin(&self, first: [u8; 2]) -> bool {
        let at = usize::from(u16::from_le_bytes(first));
        self.firsts[at / 64] >> (at % 64) & 1 == 1
    }
}

thread_local! {
    /// This thread's frees are looked into.
    static ARMED: Cell<bool> = const { Cell::new(false) };
    static INDEX: RefCell<Option<Index>> = const { RefCell::new(None) };
    static FREED: Cell<Option<(&'static str, usize, usize)>> = const { Cell::new(None) };
}

/// The allocator that looks. Make it the `#[global_allocator]` of a test.
pub struct Watchful;

// SAFETY: all of it is the system's allocator's; blocks are only read, before they are freed.
unsafe impl GlobalAlloc for Watchful {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are handed on. Zeroed, so that nothing stale is found in what nobody wrote.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ARMED.get() {
            INDEX.with_borrow(|index| {
                // SAFETY: the block is whole until it is freed below.
                let found = index
                    .as_ref()
                    .and_then(|index| unsafe { index.find(block, layout.size()) });
                if let Some((name, at)) = found {
                    FREED.set(Some((name, at, layout.size())));
                }
            });
        }
        // SAFETY: the caller's promises are handed on.
        unsafe { System.dealloc(block, layout) }
    }
    // `realloc` stays the provided one: a new block, and the old one through `dealloc`.
}

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leak {
    /// In a block that was freed: how far into it, and how long it is.
    Heap(&'static str, usize, usize),
    /// Below the stack in use, and how many bytes below.
    Stack(&'static str, usize),
}

/// Runs `work` and says what it left behind. What `work` returns is dropped unlooked at, after the look at the stack;
/// `work` must not print or keep secrets itself.
pub fn leaks_of<T>(secrets: &[Secret], work: impl FnOnce() -> T) -> Vec<Leak> {
    INDEX.with_borrow_mut(|index| *index = Some(Index::new(secrets)));
    FREED.set(None);
    paint();
    ARMED.set(true);
    let result = call(work);
    let stack = below();
    drop(result);
    ARMED.set(false);
    let heap = FREED.take().map(|(name, at, len)| Leak::Heap(name, at, len));
    INDEX.with_borrow_mut(|index| *index = None);
    let stack = stack.map(|(name, depth)| Leak::Stack(name, depth));
    heap.into_iter().chain(stack).collect()
}

/// A frame of its own, that is gone when it returns: with room at its top that the search below may use.
#[inline(never)]
fn call<T>(work: impl FnOnce() -> T) -> T {
    let mut room = [0_u8; SEARCH];
    black_box(&mut room);
    let result = black_box(work());
    black_box(&room);
    result
}

/// Overwrites the stack below.
#[inline(never)]
fn paint() {
    let mut area = [0xa5_u8; DEPTH];
    black_box(&mut area);
}

/// What is left below this frame, and how far below.
#[inline(never)]
fn below() -> Option<(&'static str, usize)> {
    let mark = 0_u8;
    let top = black_box(&raw const mark);
    INDEX.with_borrow(|index| {
        let index = index.as_ref()?;
        let start = top.wrapping_sub(DEPTH - SEARCH);
        // SAFETY: `paint` has written further down than this, so the pages are there; they are this thread's. The frames
        // of this very search lie at the top, in the room that `call` left, and are left out.
        let found = unsafe { index.find(start, DEPTH - 2 * SEARCH) };
        found.map(|(name, at)| (name, DEPTH - 2 * SEARCH - at))
    })
}
