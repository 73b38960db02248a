//! Meshes are closed, as large as their masks, where these are, and no further away than was said.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::geom::{DAffine3, DMat3};

/// Whether each edge is gone along once in each direction.
fn is_closed(mesh: &TriangleMesh) -> bool {
    let mut edges: HashMap<(u32, u32), usize> = HashMap::new();
    for [a, b, c] in &mesh.triangles {
        for edge in [(*a, *b), (*b, *c), (*c, *a)] {
            *edges.entry(edge).or_default() += 1;
        }
    }
    edges.iter().all(|((a, b), &count)| count == 1 && a != b && edges.contains_key(&(*b, *a)))
}

fn grid(dims: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::new(dims, DAffine3::from_scale(DVec3::from_array(spacing))).unwrap()
}

/// A lobed organ of about 100 mL at its place in a turned and flipped grid.
fn organ() -> (Region, Grid) {
    let turn = DMat3::from_axis_angle(DVec3::new(1.0, 2.0, 3.0).normalize(), 0.3);
    let steps = DMat3::from_diagonal(DVec3::new(-1.5, 1.5, 3.0));
    let there = DAffine3::from_mat3_translation(turn * steps, DVec3::new(120.0, -700.0, 1400.0));
    let grid = Grid::new([64, 60, 34], there).unwrap();
    let mask = (0..grid.count()).map(|n| {
        let at = DVec3::new(
            (n % 64) as f64 * 1.5,
            (n / 64 % 60) as f64 * 1.5,
            (n / 64 / 60) as f64 * 3.0,
        );
        let away = at - DVec3::new(47.0, 44.0, 50.0);
        let lobes = 1.0 + 0.15 * (away.x / 7.0).sin() * (away.y / 9.0).cos();
        away.length() < 28.0 * lobes
    });
    (Region::from_mask(64, mask), grid)
}

fn distance_to_triangle(p: DVec3, [a, b, c]: [DVec3; 3]) -> f64 {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let normal = ab.cross(ac);
    let square = normal.length_squared();
    if square > 0.0 {
        let v = ap.cross(ac).dot(normal) / square;
        let w = ab.cross(ap).dot(normal) / square;
        if v >= 0.0 && w >= 0.0 && v + w <= 1.0 {
            return ap.dot(normal).abs() / square.sqrt();
        }
    }
    let to_side = |q: DVec3, r: DVec3| {
        let along = r - q;
        let t = ((p - q).dot(along) / along.length_squared()).clamp(0.0, 1.0);
        p.distance(q + along * t)
    };
    to_side(a, b).min(to_side(b, c)).min(to_side(c, a))
}

#[test]
fn an_organ_becomes_a_small_closed_mesh_of_its_size_at_its_place() {
    let ((mask, grid), limits) = (organ(), WorkLimits::none());
    let wanted = mask.count() as f64 * grid.voxel_volume_mm3();
    let plain = MeshOptions { error: 0.0, ..MeshOptions::of(&grid) };
    let exact = surface_mesh(&mask, &grid, &plain, &limits).unwrap();
    assert!(is_closed(&exact));
    assert!((exact.volume() / wanted - 1.0).abs() < 0.01, "{} {wanted}", exact.volume());
    let options = MeshOptions::of(&grid);
    assert_eq!(options.error, 1.5);
    let mesh = surface_mesh(&mask, &grid, &options, &limits).unwrap();
    assert!(is_closed(&mesh));
    assert!((mesh.volume() / wanted - 1.0).abs() < 0.003, "{} {wanted}", mesh.volume());
    let fewer = exact.triangles.len() as f64 / mesh.triangles.len() as f64;
    assert!(fewer > 2.0, "{} of {}", mesh.triangles.len(), exact.triangles.len());
    // Steps between slices are smoothed away: less surface.
    assert!(mesh.area() < 0.93 * exact.area(), "{} {}", mesh.area(), exact.area());
    let corners: Vec<[DVec3; 3]> = mesh.triangles.iter().map(|&t| mesh.corners(t)).collect();
    for &vertex in exact.vertices.iter().step_by(7) {
        let away = corners.iter().map(|&t| distance_to_triangle(vertex, t));
        let nearest = away.fold(f64::INFINITY, f64::min);
        assert!(nearest <= options.error, "{nearest} mm");
    }
    assert!(centroid(&mesh).distance(middle(&mask, &grid)) < 0.1);
}

/// Of what is inside.
fn centroid(mesh: &TriangleMesh) -> DVec3 {
    let origin = mesh.vertices[0];
    let mut sum = DVec3::ZERO;
    for &triangle in &mesh.triangles {
        let [a, b, c] = mesh.corners(triangle).map(|p| p - origin);
        sum += (a + b + c) / 4.0 * (a.cross(b).dot(c) / 6.0);
    }
    origin + sum / mesh.volume()
}

fn middle(mask: &Region, grid: &Grid) -> DVec3 {
    let [nx, ny, _] = grid.dims();
    let voxels = mask.runs().iter().flat_map(|run| run.start..run.end());
    let sum: DVec3 = voxels.map(|n| grid.world_of([n % nx, n / nx % ny, n / nx / ny])).sum();
    sum / mask.count() as f64
}

#[test]
fn one_voxel_is_an_octahedron_and_nothing_is_nothing() {
    let grid = grid([3, 3, 3], [2.0, 2.0, 2.0]);
    let one = Region::from_mask(3, (0..27).map(|n| n == 13));
    let plain = MeshOptions { error: 0.0, ..MeshOptions::of(&grid) };
    let mesh = surface_mesh(&one, &grid, &plain, &WorkLimits::none()).unwrap();
    assert_eq!((mesh.vertices.len(), mesh.triangles.len()), (6, 8));
    assert!((mesh.volume() - 4.0 / 3.0).abs() < 1e-12);
    let nothing =
        surface_mesh(&Region::default(), &grid, &MeshOptions::of(&grid), &WorkLimits::none());
    assert_eq!(nothing.unwrap(), TriangleMesh::default());
    let limits = WorkLimits::none();
    limits.cancel.cancel();
    assert_eq!(surface_mesh(&one, &grid, &plain, &limits), Err(MaskError::Cancelled));
}

proptest! {
    /// Noise has every neighbourhood, edges of the volume too.
    #[test]
    fn every_mask_has_a_closed_mesh(
        dims in [1usize..7, 1usize..6, 1usize..6],
        spacing in [0.5f64..3.0, 0.5f64..3.0, 0.5f64..3.0],
        share in 0.05f64..0.95,
        error in 0.0f64..3.0,
        flip in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let steps = DVec3::from_array(spacing) * DVec3::new(if flip { -1.0 } else { 1.0 }, 1.0, 1.0);
        let grid = Grid::new(dims, DAffine3::from_scale(steps)).unwrap();
        let mut random = fastrand::Rng::with_seed(seed);
        let mask: Vec<bool> = (0..grid.count()).map(|_| random.f64() < share).collect();
        let region = Region::from_mask(dims[0], mask.iter().copied());
        let options = MeshOptions { error, ..MeshOptions::of(&grid) };
        let mesh = surface_mesh(&region, &grid, &options, &WorkLimits::none()).unwrap();
        prop_assert!(is_closed(&mesh), "{} triangles", mesh.triangles.len());
        prop_assert!(region.is_empty() || mesh.volume() > 0.0);
        prop_assert!(mesh.vertices.iter().all(|v| v.is_finite()));
    }
}

/// What a file says of itself, and its numbers, read here byte by byte.
#[test]
fn files_say_in_which_space_they_are_and_keep_the_outer_side() {
    let grid = grid([3, 3, 3], [2.0, 2.0, 2.0]);
    let one = Region::from_mask(3, (0..27).map(|n| n == 13));
    let plain = MeshOptions { error: 0.0, ..MeshOptions::of(&grid) };
    let mesh = surface_mesh(&one, &grid, &plain, &WorkLimits::none()).unwrap();
    let named =
        |name: &str| NamedMesh { name: name.into(), colour: [255, 0, 51], mesh: mesh.clone() };
    let all = [named("left kidney"), named("b")];
    for (space, first) in [(MeshSpace::Ras, 1.0), (MeshSpace::Lps, -1.0)] {
        let stl = encode_meshes(&all[..1], MeshFormat::Stl, space);
        assert_eq!(stl.len(), 84 + 8 * 50);
        let header = String::from_utf8_lossy(&stl[..80]).into_owned();
        assert!(header.contains(&format!("SPACE={}", space.name())), "{header}");
        let number = |at: usize| f32::from_le_bytes(stl[at..at + 4].try_into().unwrap());
        let mut volume = 0.0;
        for triangle in 0..8 {
            let place = |corner: usize| {
                let at = 84 + 50 * triangle + 12 * (corner + 1);
                DVec3::new(number(at).into(), number(at + 4).into(), number(at + 8).into())
            };
            assert!(place(0).x * first >= 0.0 && place(0).z >= 0.0);
            volume += place(0).cross(place(1)).dot(place(2)) / 6.0;
        }
        assert!((volume - 4.0 / 3.0).abs() < 1e-6);
    }
    let obj = String::from_utf8(encode_meshes(&all, MeshFormat::Obj, MeshSpace::Lps)).unwrap();
    assert!(obj.starts_with("# Voxpoint") && obj.contains("SPACE=LPS; mm\no left_kidney\n"));
    assert_eq!(obj.matches("\nv ").count(), 12);
    assert!(
        obj.contains(" 1.0000 0.0000 0.2000\n") && obj.contains("\nf 12 ") | obj.contains(" 12\n")
    );
    let ply = encode_meshes(&all[..1], MeshFormat::Ply, MeshSpace::Ras);
    let end = ply.windows(11).position(|w| w == b"end_header\n").unwrap() + 11;
    assert_eq!(ply.len() - end, 6 * 15 + 8 * 13);
    let glb = encode_meshes(&all, MeshFormat::Glb, MeshSpace::Ras);
    assert_eq!(&glb[..4], b"glTF");
    let length = |at: usize| u32::from_le_bytes(glb[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(length(8), glb.len());
    let json: serde_json::Value = serde_json::from_slice(&glb[20..20 + length(12)]).unwrap();
    assert_eq!(json["nodes"][1]["name"], "left kidney");
    assert_eq!(json["asset"]["extras"]["space"], "RAS");
    assert_eq!(json["accessors"][0]["min"], serde_json::json!([1.0, 1.0, 1.0]));
    let none = encode_meshes(&[], MeshFormat::Glb, MeshSpace::Ras);
    assert_eq!(none.len() % 4, 0);
}

#[test]
fn formats_are_told_by_their_endings() {
    for (name, format) in [
        ("a.STL", Some(MeshFormat::Stl)),
        ("b.c.obj", Some(MeshFormat::Obj)),
        ("a.ply", Some(MeshFormat::Ply)),
        ("a.glb", Some(MeshFormat::Glb)),
        ("a.gltf", None),
        ("stl", None),
    ] {
        assert_eq!(MeshFormat::of_name(name), format, "{name}");
    }
}
