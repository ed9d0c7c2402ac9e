//! Work in pieces: a peer that always has more to say must not keep an executor's other tasks waiting.

use core::future::poll_fn;
use core::task::Poll;

/// Lets the executor's other tasks run.
pub(crate) async fn breathe() {
    let mut breathed = false;
    poll_fn(|cx| {
        if breathed {
            return Poll::Ready(());
        }
        breathed = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
