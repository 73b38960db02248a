//! Where the vertices of files lie, read here byte by byte and compared with places found by hand.

use serde_json::Value;

use super::{MeshFormat, MeshSpace, NamedMesh, encode_meshes};
use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::mask::WorkLimits;
use crate::mesh::{MeshOptions, surface_mesh};
use crate::volume::Region;

/// Voxels of 2 mm to the left, 4 mm upwards and 3 mm to the back.
fn grid() -> Grid {
    let columns = DMat3::from_cols(
        DVec3::new(-2.0, 0.0, 0.0),
        DVec3::new(0.0, 0.0, 4.0),
        DVec3::new(0.0, -3.0, 0.0),
    );
    let affine = DAffine3 { matrix3: columns, translation: DVec3::new(10.0, 20.0, 30.0) };
    Grid::new([4, 5, 3], affine).unwrap()
}

/// The voxel 1, 2, 1 lies at R 8, A 17, S 38; its surface half a voxel from there along each axis.
const RAS: [[f64; 3]; 6] = [
    [7.0, 17.0, 38.0],
    [8.0, 15.5, 38.0],
    [8.0, 17.0, 36.0],
    [8.0, 17.0, 40.0],
    [8.0, 18.5, 38.0],
    [9.0, 17.0, 38.0],
];
const LPS: [[f64; 3]; 6] = [
    [-9.0, -17.0, 38.0],
    [-8.0, -18.5, 38.0],
    [-8.0, -17.0, 36.0],
    [-8.0, -17.0, 40.0],
    [-8.0, -15.5, 38.0],
    [-7.0, -17.0, 38.0],
];

fn number(bytes: &[u8], at: usize) -> f64 {
    f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()).into()
}

fn whole(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn place(bytes: &[u8], at: usize) -> [f64; 3] {
    [0, 4, 8].map(|more| number(bytes, at + more))
}

/// The corners of all triangles of a file.
fn corners(bytes: &[u8], format: MeshFormat) -> Vec<[[f64; 3]; 3]> {
    let (vertices, triangles) = match format {
        MeshFormat::Stl => {
            let triangle = |n: usize| [0, 1, 2].map(|c| place(bytes, 84 + 50 * n + 12 * (c + 1)));
            return (0..whole(bytes, 80)).map(triangle).collect();
        }
        MeshFormat::Obj => in_obj(std::str::from_utf8(bytes).unwrap()),
        MeshFormat::Ply => in_ply(bytes),
        MeshFormat::Glb => in_glb(bytes),
    };
    triangles.into_iter().map(|triangle| triangle.map(|n| vertices[n])).collect()
}

type Indexed = (Vec<[f64; 3]>, Vec<[usize; 3]>);

fn in_obj(text: &str) -> Indexed {
    fn words<T: std::str::FromStr>(line: &str) -> [T; 3] {
        let words = line.split(' ').take(3).map(|word| word.parse().ok().unwrap());
        words.collect::<Vec<T>>().try_into().ok().unwrap()
    }
    let of = |letter| text.lines().filter_map(move |line| line.strip_prefix(letter));
    let triangles = of("f ").map(words).map(|triangle: [usize; 3]| triangle.map(|n| n - 1));
    (of("v ").map(words).collect(), triangles.collect())
}

fn in_ply(bytes: &[u8]) -> Indexed {
    let begin = bytes.windows(11).position(|w| w == b"end_header\n").unwrap() + 11;
    let head = std::str::from_utf8(&bytes[..begin]).unwrap();
    let count = |what: &str| -> usize {
        let line = head.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        line.trim().parse().unwrap()
    };
    let (vertices, triangles) = (count("element vertex"), count("element face"));
    let faces = begin + 15 * vertices;
    let triangle = |n: usize| [1, 5, 9].map(|more| whole(bytes, faces + 13 * n + more));
    let vertices = (0..vertices).map(|n| place(bytes, begin + 15 * n)).collect();
    (vertices, (0..triangles).map(triangle).collect())
}

fn json_and_numbers(bytes: &[u8]) -> (Value, &[u8]) {
    let length = whole(bytes, 12);
    (serde_json::from_slice(&bytes[20..20 + length]).unwrap(), &bytes[28 + length..])
}

fn in_glb(bytes: &[u8]) -> Indexed {
    let (json, numbers) = json_and_numbers(bytes);
    let array = |accessor: &Value| {
        let accessor = &json["accessors"][accessor.as_u64().unwrap() as usize];
        let view = &json["bufferViews"][accessor["bufferView"].as_u64().unwrap() as usize];
        let of = |value: &Value| value.as_u64().unwrap() as usize;
        (of(&view["byteOffset"]), of(&accessor["count"]))
    };
    let primitive = &json["meshes"][0]["primitives"][0];
    let (at, count) = array(&primitive["attributes"]["POSITION"]);
    let vertices = (0..count).map(|n| place(numbers, at + 12 * n)).collect();
    let (at, count) = array(&primitive["indices"]);
    let triangle = |n: usize| [0, 4, 8].map(|more| whole(numbers, at + 12 * n + more));
    (vertices, (0..count / 3).map(triangle).collect())
}

fn sorted(mut places: Vec<[f64; 3]>) -> Vec<[f64; 3]> {
    places.sort_by(|a, b| a.partial_cmp(b).unwrap());
    places.dedup();
    places
}

fn one_voxel() -> NamedMesh {
    let grid = grid();
    let mask = (0..grid.count()).map(|n| n == grid.index([1, 2, 1]));
    let options = MeshOptions { error: 0.0, ..MeshOptions::of(&grid) };
    let region = Region::from_mask(4, mask);
    let mesh = surface_mesh(&region, &grid, &options, &WorkLimits::none()).unwrap();
    NamedMesh { name: "Node".to_owned(), colour: [10, 20, 30], mesh }
}

#[test]
fn vertices_lie_at_their_millimetres_in_every_format_and_space() {
    let all = [one_voxel()];
    for format in [MeshFormat::Stl, MeshFormat::Obj, MeshFormat::Ply, MeshFormat::Glb] {
        for (space, expected) in [(MeshSpace::Ras, RAS), (MeshSpace::Lps, LPS)] {
            let what = format!("{format:?}, {space:?}");
            let bytes = encode_meshes(&all, format, space);
            let says = format!("SPACE={}", space.name());
            let text = String::from_utf8_lossy(&bytes);
            let says = if format == MeshFormat::Glb { "\"space\":\"" } else { &says };
            assert!(text.contains(says), "{what}");
            let triangles = corners(&bytes, format);
            assert_eq!(triangles.len(), 8, "{what}");
            assert_eq!(sorted(triangles.concat()), expected, "{what}");
            // The outer side is outside in both: an octahedron of half axes 1, 1.5 and 2 mm.
            let six: f64 = triangles
                .iter()
                .map(|corners| corners.map(DVec3::from_array))
                .map(|[a, b, c]| a.cross(b).dot(c))
                .sum();
            assert!((six / 6.0 - 4.0).abs() < 1e-3, "{what}: {}", six / 6.0);
        }
    }
}

/// A viewer of glTF has metres, y upwards and z towards it.
#[test]
fn gltf_turns_millimetres_with_z_upwards_into_its_metres() {
    for (space, [x, y, z]) in
        [(MeshSpace::Ras, [9.0, 17.0, 40.0]), (MeshSpace::Lps, [-7.0, -17.0, 40.0])]
    {
        let bytes = encode_meshes(&[one_voxel()], MeshFormat::Glb, space);
        let (json, _) = json_and_numbers(&bytes);
        let root = &json["nodes"][0];
        assert_eq!((&root["children"][0], &json["nodes"][1]["mesh"]), (&1.into(), &0.into()));
        assert_eq!(
            (&root["extras"]["space"], &root["extras"]["unit"]),
            (&space.name().into(), &"mm".into())
        );
        let matrix: Vec<f64> =
            root["matrix"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        let place = [x, y, z, 1.0];
        let found =
            [0, 1, 2].map(|row| (0..4).map(|c| matrix[4 * c + row] * place[c]).sum::<f64>());
        for (found, expected) in found.into_iter().zip([x, z, -y]) {
            assert!((found - expected / 1000.0).abs() < 1e-12, "{space:?}: {found}");
        }
    }
}
