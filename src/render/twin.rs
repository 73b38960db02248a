//! The shaders' twins: the same pictures stated in plain Rust, slowly. Slices share nothing with the GPU's
//! way of storing and windowing voxels; the 3D view shares where samples lie along a ray.
