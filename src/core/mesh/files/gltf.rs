//! Binary glTF 2.0 (Khronos; ISO/IEC 12113): a header, a chunk of JSON and a chunk of numbers.

use serde_json::{Value, json};

use super::{MeshSpace, NamedMesh};

const JSON: u32 = 0x4E4F_534A;
const BINARY: u32 = 0x004E_4942;
/// OpenGL's numbers for what an array holds and is for.
const FLOAT: u32 = 5126;
const UNSIGNED_INT: u32 = 5125;
const VERTICES: u32 = 34962;
const INDICES: u32 = 34963;

/// A node for each structure, with its name and a material of its colour, below one that goes from millimetres with z
/// upwards to glTF's metres with y upwards. Coordinates of vertices are the file's millimetres.
pub(super) fn glb(meshes: &[NamedMesh], space: MeshSpace) -> Vec<u8> {
    let mut numbers = Vec::new();
    let (mut views, mut accessors) = (Vec::new(), Vec::new());
    let (mut nodes, mut of_nodes, mut materials) = (vec![Value::Null], Vec::new(), Vec::new());
    for (n, NamedMesh { name, colour, mesh }) in meshes.iter().enumerate() {
        let places: Vec<[f32; 3]> = mesh.vertices.iter().map(|&v| space.place(v)).collect();
        let normals: Vec<[f32; 3]> = mesh.normals().into_iter().map(|v| space.place(v)).collect();
        let bounds = |pick: fn(f32, f32) -> f32| {
            places.iter().copied().reduce(|a, b| std::array::from_fn(|c| pick(a[c], b[c])))
        };
        let first = accessors.len();
        let mut view = |bytes: &mut dyn Iterator<Item = u8>, target: u32| {
            let from = numbers.len();
            numbers.extend(bytes);
            views.push(json!({
                "buffer": 0, "byteOffset": from, "byteLength": numbers.len() - from, "target": target
            }));
            views.len() - 1
        };
        let bytes = |of: &[[f32; 3]]| -> Vec<u8> {
            of.iter().flatten().flat_map(|v| v.to_le_bytes()).collect()
        };
        let (count, indices) = (places.len(), 3 * mesh.triangles.len());
        let place_view = view(&mut bytes(&places).into_iter(), VERTICES);
        let normal_view = view(&mut bytes(&normals).into_iter(), VERTICES);
        let index_view =
            view(&mut mesh.triangles.iter().flatten().flat_map(|n| n.to_le_bytes()), INDICES);
        accessors.extend([
            json!({"bufferView": place_view, "componentType": FLOAT, "count": count, "type": "VEC3",
                "min": bounds(f32::min), "max": bounds(f32::max)}),
            json!({"bufferView": normal_view, "componentType": FLOAT, "count": count, "type": "VEC3"}),
            json!({"bufferView": index_view, "componentType": UNSIGNED_INT, "count": indices, "type": "SCALAR"}),
        ]);
        materials.push(json!({"name": name, "pbrMetallicRoughness": {
            "baseColorFactor": linear(*colour), "metallicFactor": 0.0, "roughnessFactor": 0.6}}));
        of_nodes.push(json!({"name": name, "primitives": [{
            "attributes": {"POSITION": first, "NORMAL": first + 1}, "indices": first + 2, "material": n}]}));
        nodes.push(json!({"name": name, "mesh": n}));
    }
    let children: Vec<usize> = (1..nodes.len()).collect();
    // Column by column: x stays, z becomes y, y becomes -z.
    let mm = 0.001;
    let matrix = [mm, 0.0, 0.0, 0.0, 0.0, 0.0, -mm, 0.0, 0.0, mm, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    nodes[0] = json!({
        "name": format!("{} mm", space.name()), "matrix": matrix, "children": children,
        "extras": {"space": space.name(), "unit": "mm"}});
    let mut root = json!({
        "asset": {"version": "2.0", "generator": concat!("Voxpoint ", env!("CARGO_PKG_VERSION")),
            "extras": {"space": space.name(), "unit": "mm"}},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": nodes});
    if !meshes.is_empty() {
        root["meshes"] = of_nodes.into();
        root["materials"] = materials.into();
        root["accessors"] = accessors.into();
        root["bufferViews"] = views.into();
        root["buffers"] = json!([{"byteLength": numbers.len()}]);
    } else if let Some(node) = root["nodes"][0].as_object_mut() {
        node.remove("children");
    }
    container(root.to_string().into_bytes(), numbers)
}

/// A colour as glTF has it: linear, with opacity.
fn linear(srgb: [u8; 3]) -> [f64; 4] {
    let of = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    [of(srgb[0]), of(srgb[1]), of(srgb[2]), 1.0]
}

fn container(mut json: Vec<u8>, mut numbers: Vec<u8>) -> Vec<u8> {
    // Chunks are whole words long.
    json.resize(json.len().next_multiple_of(4), b' ');
    numbers.resize(numbers.len().next_multiple_of(4), 0);
    let mut chunks = Vec::new();
    for (kind, bytes) in [(JSON, json), (BINARY, numbers)] {
        if kind == BINARY && bytes.is_empty() {
            continue;
        }
        chunks.extend((bytes.len() as u32).to_le_bytes());
        chunks.extend(kind.to_le_bytes());
        chunks.extend(bytes);
    }
    let mut out = b"glTF".to_vec();
    out.extend(2u32.to_le_bytes());
    out.extend((12 + chunks.len() as u32).to_le_bytes());
    out.extend(chunks);
    out
}
