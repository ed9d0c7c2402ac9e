//! What stays of secrets in memory after use, and whether branches or addresses depend on them.
//!
//! * [`watch`]: an allocator that looks into every block before it is freed, and a look at the stack below a function
//!   that has returned.
//! * [`known`]: a handshake with chosen numbers, and every secret that comes up in it, computed here by other means.
//! * [`valgrind`], [`cases`], [`report`]: computations with secrets marked as undefined, so that memcheck names every
//!   branch and every address that depends on one; and the few places where that is as it must be.
//!
//! Each of the two has planted faults to find: a check that finds nothing there is worth nothing.

pub mod cases;
pub mod known;
pub mod report;
pub mod valgrind;
pub mod watch;
