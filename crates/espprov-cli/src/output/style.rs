//! Colours, where they are wanted.

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;

/// Paints text for one stream, or leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(bool);

impl Paint {
    /// For stdout. `auto` heeds `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM=dumb`, and wants a terminal.
    pub(super) fn stdout(choice: ColorChoice) -> Self {
        Self::of(choice, || anstream::AutoStream::choice(&std::io::stdout()))
    }

    /// For stderr.
    pub(super) fn stderr(choice: ColorChoice) -> Self {
        Self::of(choice, || anstream::AutoStream::choice(&std::io::stderr()))
    }

    fn of(choice: ColorChoice, auto: impl FnOnce() -> anstream::ColorChoice) -> Self {
        Self(match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => auto() != anstream::ColorChoice::Never,
        })
    }

    /// Colours are wanted.
    #[cfg(feature = "line")]
    pub(super) const fn paints(self) -> bool {
        self.0
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.0 {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// A label.
    pub(super) fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// What went well.
    pub(super) fn success(self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    /// What did not.
    pub(super) fn error(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// What to be careful about.
    pub(super) fn warning(self, text: &str) -> String {
        self.with(AnsiColor::Yellow.on_default().bold(), text)
    }
}
