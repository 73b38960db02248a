//! Running the program, and files made byte by byte (so that the program's own writer is not its witness).

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a run of the program left.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program without a display.
pub fn voxpoint<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_voxpoint"))
        .args(arguments)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .env_remove("RUST_LOG")
        .output()
        .expect("the program starts");
    Run {
        code: output.status.code().expect("the program was not killed"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

impl Run {
    /// The JSON it printed, and nothing else on stdout.
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }

    /// Checks that it failed as a program should: this code, one line on stderr, nothing on stdout.
    pub fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        &self.stderr
    }
}

/// A file of the sample.
pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample").join(name)
}

/// `assets/sample/sample.json`.
pub fn sample_json() -> serde_json::Value {
    let text = std::fs::read_to_string(sample("sample.json")).expect("sample.json");
    serde_json::from_str(&text).expect("sample.json is JSON")
}

/// A NIfTI-1 file: `code` and `bits` are NIfTI's type, `rows` its sform.
pub fn nifti(dims: [i16; 3], code: i16, bits: i16, rows: [[f32; 4]; 3], voxels: &[u8]) -> Vec<u8> {
    let mut file = vec![0u8; 352];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348i32.to_le_bytes());
    for (n, d) in [3, dims[0], dims[1], dims[2], 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * n, &d.to_le_bytes());
    }
    put(70, &code.to_le_bytes());
    put(72, &bits.to_le_bytes());
    put(76, &1f32.to_le_bytes());
    for axis in 0..3 {
        let length = rows.iter().map(|r| r[axis] * r[axis]).sum::<f32>().sqrt();
        put(80 + 4 * axis, &length.to_le_bytes());
    }
    put(108, &352f32.to_le_bytes());
    put(112, &1f32.to_le_bytes());
    put(123, &[2]);
    put(254, &1i16.to_le_bytes());
    for (n, value) in rows.iter().flatten().enumerate() {
        put(280 + 4 * n, &value.to_le_bytes());
    }
    put(344, b"n+1\0");
    file.extend_from_slice(voxels);
    file
}

/// Left, posterior, superior, so many millimetres a voxel.
pub fn lps(mm: f32) -> [[f32; 4]; 3] {
    [[-mm, 0.0, 0.0, 0.0], [0.0, -mm, 0.0, 0.0], [0.0, 0.0, mm, 0.0]]
}

/// Writes an int16 scan whose values `value` tells.
pub fn write_scan(path: &Path, dims: [i16; 3], mm: f32, value: impl Fn([i16; 3]) -> i16) {
    let mut voxels = Vec::new();
    for z in 0..dims[2] {
        for y in 0..dims[1] {
            for x in 0..dims[0] {
                voxels.extend_from_slice(&value([x, y, z]).to_le_bytes());
            }
        }
    }
    std::fs::write(path, nifti(dims, 4, 16, lps(mm), &voxels)).expect("the test's folder");
}

/// Writes a uint8 label map in which the first voxels have these labels and all others none.
pub fn write_labels(path: &Path, dims: [i16; 3], mm: f32, first: &[u8]) {
    let mut voxels = vec![0u8; dims.iter().map(|&d| d as usize).product()];
    voxels[..first.len()].copy_from_slice(first);
    std::fs::write(path, nifti(dims, 2, 8, lps(mm), &voxels)).expect("the test's folder");
}

/// Names of all files in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the test's folder")
        .map(|entry| entry.expect("the test's folder").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
