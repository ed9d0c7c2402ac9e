//! A table on a terminal that changes while one looks at it.

use core::time::Duration;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the moving parts move.
const TICK: Duration = Duration::from_millis(120);

/// The table, drawn over itself. Interrupted, it stays as it was drawn last.
pub(crate) struct LiveTable(ProgressBar);

impl LiveTable {
    /// An empty one on stdout, and beside it what is going on.
    pub(super) fn new(doing: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        bar.set_prefix(doing.to_owned());
        style(&bar, "{spinner} {prefix}  {elapsed}");
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Draws these lines in the place of the ones before.
    pub(crate) fn draw(&self, lines: &[String]) {
        if self.0.message().is_empty() {
            style(&self.0, "{msg}\n{spinner} {prefix}  {elapsed}");
        }
        self.0.set_message(lines.join("\n"));
    }

    /// Takes it away: what is to stay is printed in the ordinary way.
    pub(crate) fn clear(self) {
        self.0.finish_and_clear();
    }
}

impl Drop for LiveTable {
    fn drop(&mut self) {
        // Nothing to do after `clear`.
        if !self.0.is_finished() {
            self.0.abandon();
        }
    }
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}
