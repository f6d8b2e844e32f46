//! Bars: weighted, and never going back.
//!
//! A step that is done counts its whole weight; a running one counts what its usual time lets expect, but never more than
//! nine tenths, so that a bar does not stand at its end while work goes on. Shares are in permille.

/// Weight done and weight in all, in milliseconds of usual time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Done, running steps included as far as they are thought to be.
    pub done: u64,
    /// All.
    pub total: u64,
}

impl Weight {
    /// Adds a step that is done.
    pub fn finished(&mut self, usual_ms: u64) {
        self.done = self.done.saturating_add(usual_ms);
        self.total = self.total.saturating_add(usual_ms);
    }

    /// Adds a step that has run for `elapsed_ms`.
    pub fn running(&mut self, usual_ms: u64, elapsed_ms: u64) {
        let most = usual_ms.saturating_mul(9) / 10;
        self.done = self.done.saturating_add(elapsed_ms.min(most));
        self.total = self.total.saturating_add(usual_ms);
    }

    /// Adds a step that has not begun.
    pub fn waiting(&mut self, usual_ms: u64) {
        self.total = self.total.saturating_add(usual_ms);
    }

    /// Share that is done, 0 to 1000. Nothing to do is done; 1000 only when everything is.
    pub fn permille(self) -> u16 {
        if self.done >= self.total {
            return 1000;
        }
        u16::try_from(u128::from(self.done) * 1000 / u128::from(self.total.max(1))).unwrap_or(999).min(999)
    }

    /// Usual time of what is left, in milliseconds.
    pub fn left_ms(self) -> u64 {
        self.total.saturating_sub(self.done)
    }
}

/// A bar that keeps its highest position: a retry makes it wait, not go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bar {
    high: u16,
}

impl Bar {
    /// Reports a position, gives the one to show.
    pub fn show(&mut self, permille: u16) -> u16 {
        self.high = self.high.max(permille.min(1000));
        self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_running_step_never_fills_the_bar() {
        let mut w = Weight::default();
        w.running(1_000, 1_000_000);
        assert_eq!(w.permille(), 900);
        assert_eq!(Weight::default().permille(), 1000);
    }

    proptest! {
        #[test]
        fn bars_never_go_back(positions in prop::collection::vec(0_u16..2000, 1..50)) {
            let mut bar = Bar::default();
            let shown: Vec<u16> = positions.iter().map(|p| bar.show(*p)).collect();
            prop_assert!(shown.windows(2).all(|w| w[0] <= w[1]));
            prop_assert!(shown.iter().all(|p| *p <= 1000));
        }
    }
}
