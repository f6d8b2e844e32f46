//! How many requests a client may make: a bucket of tokens that refills with time.

use super::time::Moment;

/// Tokens, taken one a request.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    most: u32,
    a_second: u32,
    /// Thousandths of a token.
    left: u64,
    filled: Moment,
}

impl Bucket {
    /// A full bucket of `most` tokens, refilled by `a_second`.
    pub fn new(most: u32, a_second: u32, now: Moment) -> Self {
        Self { most, a_second: a_second.max(1), left: u64::from(most) * 1_000, filled: now }
    }

    /// Takes a token. Milliseconds to wait before the request may be looked at; 0: now.
    pub fn take(&mut self, now: Moment) -> u64 {
        let fresh = now.since(self.filled).saturating_mul(u64::from(self.a_second));
        self.left = self.left.saturating_add(fresh).min(u64::from(self.most) * 1_000);
        self.filled = now;
        if self.left >= 1_000 {
            self.left -= 1_000;
            return 0;
        }
        let wait = (1_000 - self.left).div_ceil(u64::from(self.a_second));
        // The token that comes meanwhile is this request's.
        self.left = 0;
        self.filled = now.plus(wait);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_the_pace_counts() {
        let mut bucket = Bucket::new(3, 10, Moment(0));
        let burst: Vec<u64> = (0..3).map(|_| bucket.take(Moment(0))).collect();
        assert_eq!(burst, [0, 0, 0]);
        assert_eq!(bucket.take(Moment(0)), 100);
        // Who waits as told is served at the pace.
        assert_eq!(bucket.take(Moment(100)), 100);
        assert_eq!(bucket.take(Moment(200)), 100);
        // Rest fills it up to its brim, and not further.
        let rested: Vec<u64> = (0..4).map(|_| bucket.take(Moment(60_000))).collect();
        assert_eq!(rested, [0, 0, 0, 100]);
    }
}
