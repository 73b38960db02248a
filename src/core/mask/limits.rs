//! How long and with how much memory an algorithm may go on, and why it gave up.

use crate::work::CancelToken;

/// What an algorithm may take: it goes on until it is asked to stop, and begins nothing that needs more memory.
#[derive(Clone, Debug)]
pub struct WorkLimits {
    /// Asked some hundred times a second.
    pub cancel: CancelToken,
    /// Bytes that it may hold at a time, beside what it was given and what it returns.
    pub bytes: u64,
}

impl WorkLimits {
    /// Neither stopped nor limited.
    pub fn none() -> Self {
        Self { cancel: CancelToken::new(), bytes: u64::MAX }
    }

    /// Stopped by `cancel`; memory as much as `bytes`.
    pub fn new(cancel: CancelToken, bytes: u64) -> Self {
        Self { cancel, bytes }
    }

    /// An error once it was asked to stop.
    pub fn check(&self) -> Result<(), MaskError> {
        self.cancel.check().map_err(|_| MaskError::Cancelled)
    }

    /// An error if so many values of so many bytes are too much; `None` is more than can be counted.
    pub(super) fn allow(&self, count: Option<usize>, size: usize) -> Result<(), MaskError> {
        let needed = count.and_then(|n| n.checked_mul(size)).map_or(u64::MAX, |n| n as u64);
        // No program may have more than the second.
        if needed > self.bytes.min(isize::MAX as u64) {
            return Err(MaskError::Memory { needed, limit: self.bytes });
        }
        Ok(())
    }

    /// So many copies of a value, or an error where there is no room for them.
    pub(super) fn buffer<T: Clone>(
        &self,
        value: T,
        count: Option<usize>,
    ) -> Result<Vec<T>, MaskError> {
        self.allow(count, size_of::<T>())?;
        let count = count.unwrap_or(usize::MAX);
        let needed = (count as u64).saturating_mul(size_of::<T>() as u64);
        let mut buffer = Vec::new();
        let refused = |_| MaskError::Memory { needed, limit: self.bytes };
        buffer.try_reserve_exact(count).map_err(refused)?;
        buffer.resize(count, value);
        Ok(buffer)
    }
}

impl From<CancelToken> for WorkLimits {
    fn from(cancel: CancelToken) -> Self {
        Self { cancel, ..Self::none() }
    }
}

/// Why there is no result. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum MaskError {
    /// Somebody asked for it.
    #[error("cancelled")]
    Cancelled,
    /// Not a number, infinite or below zero.
    #[error("{0} is not a size: give a number from 0 up")]
    NotASize(f64),
    /// More memory than there may be taken, bytes.
    #[error("this needs {} MB of memory; choose a smaller size or a smaller object", needed.div_ceil(1_000_000))]
    Memory {
        /// What it needs at least.
        needed: u64,
        /// What it may have.
        limit: u64,
    },
}

/// A number that can be a length or a volume.
pub(super) fn size(value: f64) -> Result<f64, MaskError> {
    // (Not `< 0.0`, which a NaN would pass.)
    if value >= 0.0 && value.is_finite() { Ok(value) } else { Err(MaskError::NotASize(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_from_zero_up() {
        for good in [0.0, 1e-300, 5.0, 1e300] {
            assert_eq!(size(good), Ok(good));
        }
        for bad in [-1e-9, -5.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(matches!(size(bad), Err(MaskError::NotASize(_))), "{bad}");
        }
    }

    #[test]
    fn memory_beyond_the_limit_is_not_taken() {
        let limits = WorkLimits::new(CancelToken::new(), 1000);
        assert_eq!(limits.buffer(0f32, Some(250)).map(|b| b.len()), Ok(250));
        let refused = MaskError::Memory { needed: 1004, limit: 1000 };
        assert_eq!(limits.buffer(0f32, Some(251)), Err(refused));
        // More than any machine has, and more than can be counted.
        for count in [Some(usize::MAX / 8), Some(usize::MAX), None] {
            let refused = WorkLimits::none().buffer(0u64, count);
            assert!(matches!(refused, Err(MaskError::Memory { .. })), "{count:?}");
        }
    }
}
