//! The hand-written reader and writer against the generated messages: the same bytes out, the same values in, and
//! the same verdict on bytes that are no message.

mod device;
mod handshake;
mod noise;
mod referee;
mod replies;
mod requests;
mod values;
