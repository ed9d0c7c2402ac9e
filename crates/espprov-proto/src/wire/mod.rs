//! Protobuf without generated code and without a heap: reading borrows from the message, writing goes into the
//! caller's buffer.
//!
//! The generated messages cost a microcontroller some 20 KB of flash. A client needs a dozen replies and as many
//! requests, each a few fields deep, so it describes them by tables: a [`Shape`] says which fields of a message
//! go to which [`Slot`] (checked by the compiler, as a [`Table`]), a list of [`Field`]s with their [`Item`]s is a message to write. One reader and one
//! writer serve them all.
//!
//! What is accepted is what `prost` accepts, with these deliberate differences:
//!
//! * groups (proto3 has none) are malformed, instead of being skipped with recursion;
//! * a oneof case that the reader has no use for is not looked into: it counts as the case that is set, whatever
//!   it contains; nor is a page of scan results that another case has displaced since;
//! * text is not checked to be UTF-8: it arrives as bytes.
//!
//! The rest is protobuf's: unknown fields are skipped, the last value of a repeated scalar counts, embedded
//! messages that occur twice are merged, and of a oneof the last case counts.

mod list;
mod read;
mod shape;
mod write;

pub use list::List;
pub use read::{Fields, Packed, Value};
pub use shape::{Kind, Oneof, Rule, Shape, Slot, Table, read};
pub use write::{Field, Item, write};
