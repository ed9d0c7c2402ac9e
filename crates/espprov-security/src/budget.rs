//! How much long arithmetic is done at a time.

/// How much of a handshake's long arithmetic to do before control comes back, for programs that have something else to
/// do meanwhile. See [`Handshake::compute`](crate::Handshake::compute); the drivers of `espprov-core` call it.
///
/// The unit is a product of two numbers of 3072 bits, of which the client half of security 2 takes about 2150 on a
/// microcontroller. One is some 70 000 to 120 000 instructions of a Cortex-M4, so that `Budget::products(6)` gives
/// control back after at most 11 ms at 64 MHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(u32);

impl Budget {
    /// Everything at once.
    pub const UNLIMITED: Self = Self(u32::MAX);

    /// So many products. 0 counts as 1: there is always some progress.
    #[must_use]
    pub const fn products(products: u32) -> Self {
        Self(products)
    }

    /// How many products it is, for a scheme of your own; `u32::MAX` is everything.
    #[must_use]
    pub const fn as_products(self) -> u32 {
        self.0
    }
}

/// Whether long arithmetic is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Some is: go on with [`Handshake::compute`](crate::Handshake::compute), when it suits.
    Busy,
    /// None is.
    Done,
}

/// A budget being spent.
#[cfg(feature = "sec2")]
pub(crate) struct Spending {
    left: u32,
    untouched: bool,
}

#[cfg(feature = "sec2")]
impl Spending {
    pub(crate) const fn new(budget: Budget) -> Self {
        Self {
            left: budget.as_products(),
            untouched: true,
        }
    }

    /// Pays for work that costs as much as so many products. What costs more than the whole budget is done by itself.
    pub(crate) const fn pay(&mut self, products: u32) -> bool {
        let pays = self.untouched || self.left >= products;
        if pays {
            self.untouched = false;
            self.left = self.left.saturating_sub(products);
        }
        pays
    }
}

#[cfg(all(test, feature = "sec2"))]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_not_overdrawn_unless_nothing_else_would_be_done() {
        let mut spending = Spending::new(Budget::products(5));
        assert!(spending.pay(2));
        assert!(!spending.pay(4));
        assert!(spending.pay(3));
        assert!(!spending.pay(1));
        for small in [0, 1, 3] {
            let mut spending = Spending::new(Budget::products(small));
            assert!(spending.pay(4), "more than there is, but the first");
            assert!(!spending.pay(1));
        }
    }
}
