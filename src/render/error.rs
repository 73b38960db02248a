use crate::work::memory::Short;

/// Why something can't be drawn.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// There is no usable graphics adapter.
    #[error(
        "no graphics adapter found; install a Vulkan or OpenGL driver (mesa-vulkan-drivers draws without a GPU): {0}"
    )]
    NoAdapter(String),
    /// The adapter gives no device.
    #[error("the graphics adapter {adapter} can't be used; update its driver: {reason}")]
    NoDevice {
        /// Its name.
        adapter: String,
        /// The driver's words.
        reason: String,
    },
    /// Too few threads for a graphics driver.
    #[error(
        "a graphics driver needs {needed} threads and the system gives {given} more; raise the limit on processes (ulimit -u)"
    )]
    Threads {
        /// Threads that can be started.
        given: usize,
        /// Threads that are needed.
        needed: usize,
    },
    /// A dimension is larger than this GPU's 3D textures may be.
    #[error("the scan has {} × {} × {} voxels, more along one axis than this graphics adapter's limit of {limit}; crop or downsample it to see it (segmenting and saving still work)", .dims[0], .dims[1], .dims[2])]
    TooLarge {
        /// Voxels along x, y, z.
        dims: [usize; 3],
        /// The largest number of voxels along one axis.
        limit: u32,
    },
    /// The GPU has no room.
    #[error(
        "the graphics adapter has no memory for {megabytes} MB of voxels; close other programs, or crop the scan"
    )]
    NoMemory {
        /// Size of the texture.
        megabytes: u64,
    },
    /// Memory was short while something was drawn.
    #[error(
        "the graphics adapter ran out of memory; close other programs, draw a smaller picture, or crop the scan"
    )]
    DeviceMemory,
    /// The machine has no memory for a device and what it draws.
    #[error("drawing {0}")]
    Short(#[from] Short),
    /// The device is gone.
    #[error("the graphics adapter stopped working ({0}); update its driver, or try again")]
    Lost(String),
    /// wgpu refused a call.
    #[error("the graphics adapter refused to draw: {0}")]
    Refused(String),
    /// A picture could not be read back.
    #[error("the picture can't be read back from the graphics adapter: {0}")]
    ReadBack(String),
}
