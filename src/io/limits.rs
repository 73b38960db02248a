/// What may be read at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of voxels a file may claim.
    pub memory: u64,
}

/// Where the system can't be asked, what a small machine of today can hold.
const UNKNOWN: u64 = 4 << 30;

impl Default for Limits {
    /// What this machine can hold (four fifths of the memory that is free now).
    fn default() -> Self {
        let free = std::fs::read_to_string("/proc/meminfo").ok().and_then(|t| available(&t));
        Self { memory: free.map_or(UNKNOWN, |free| free / 5 * 4) }
    }
}

/// `MemAvailable` of Linux' `/proc/meminfo`, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read_from_meminfo() {
        let text = "MemTotal:       24689764 kB\nMemAvailable:   24068532 kB\nBuffers: 1 kB\n";
        assert_eq!(available(text), Some(24_068_532 * 1024));
        assert_eq!(available("MemTotal: 1 kB"), None);
        assert!(Limits::default().memory > 0);
    }
}
