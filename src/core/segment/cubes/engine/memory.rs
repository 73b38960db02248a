//! How much memory the models may take. ONNX Runtime has no limit of its own: a file of a few hundred bytes can
//! ask for all that the machine has (and the system then ends some program, perhaps this one). All sessions on the CPU
//! share one arena with a limit; what it can't give is an error of the run.

use std::ffi::c_char;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use ort::AsPointer as _;
use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::SessionBuilder;

/// Of one model at work, in MB: SAM-Med3D takes 0.6 GB at most, all of it together.
const USUAL_MB: usize = 4096;
/// Sets another number of MB.
const VARIABLE: &str = "VOXPOINT_MODEL_MB";

/// How many models are at work at once.
static MODELS: AtomicUsize = AtomicUsize::new(1);
/// Bytes of the arena, if there is one with a limit. A process has one arena, ever.
static ARENA: OnceLock<Option<usize>> = OnceLock::new();

/// Makes room for so many models at work at once. Before the first one is opened.
pub fn expect_models(count: usize) {
    MODELS.store(count.max(1), Ordering::Relaxed);
}

/// Bytes that all models together may take.
pub(super) fn limit() -> usize {
    let text = std::env::var(VARIABLE).ok();
    let mb = text.and_then(|t| t.trim().parse().ok()).filter(|&mb: &usize| mb > 0);
    mb.unwrap_or(USUAL_MB).saturating_mul(MODELS.load(Ordering::Relaxed)).saturating_mul(1 << 20)
}

/// A builder of sessions that take their memory from the limited arena.
pub(super) fn limited(
    builder: SessionBuilder,
    environment: &Environment,
) -> ort::Result<SessionBuilder> {
    let arena = ARENA.get_or_init(|| {
        let limit = limit();
        match register(environment, limit) {
            Ok(()) => Some(limit),
            Err(why) => {
                tracing::warn!("the models' memory has no limit: {why}");
                None
            }
        }
    });
    if arena.is_some() { Ok(builder.with_env_allocators()?) } else { Ok(builder) }
}

/// What to say of an error of ONNX Runtime, if it is that the arena is used up.
pub(super) fn exhausted(text: &str) -> Option<String> {
    let limit = ARENA.get().copied().flatten()?;
    (text.contains("bfc_arena") && text.contains("Available memory")).then(|| {
        let mb = limit >> 20;
        format!(
            "it wants more memory than the {mb} MB that models may take; use another model, or set {VARIABLE} to more"
        )
    })
}

/// Gives the environment an arena on the CPU that never takes more than `limit` bytes.
#[allow(unsafe_code)]
fn register(environment: &Environment, limit: usize) -> ort::Result<()> {
    let place =
        MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Arena, MemoryType::Default)?;
    let keys: [*const c_char; 1] = [c"max_mem".as_ptr()];
    let values = [limit];
    let mut config = ptr::null_mut();
    // SAFETY: both arrays have the one entry that is said to be in them, and outlive the call, which copies them;
    // `config` is written on success only.
    let made = unsafe {
        ort::Error::result_from_status((ort::api().CreateArenaCfgV2)(
            keys.as_ptr(),
            values.as_ptr(),
            keys.len(),
            &raw mut config,
        ))
    };
    made?;
    // SAFETY: the three pointers are of live objects; the environment is one that is meant to be changed by this
    // call, which locks it, and keeps copies of the other two.
    let registered = unsafe {
        ort::Error::result_from_status((ort::api().CreateAndRegisterAllocator)(
            environment.ptr().cast_mut(),
            place.ptr(),
            config,
        ))
    };
    // SAFETY: made above, not used any more, released once.
    unsafe { (ort::api().ReleaseArenaCfg)(config) };
    registered
}
