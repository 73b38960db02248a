//! Area and volume of the triangle mesh that `PyRadiomics` lays around a mask.
//!
//! Marching cubes (Lorensen and Cline, SIGGRAPH 1987) between voxel centres, with vertices in the middle of edges, by the
//! table that Paul Bourke published ("Polygonising a scalar field", 1994) in the halved form that `PyRadiomics` 3.0.1
//! uses: a cube and its opposite have the same triangles. Such a mesh is not closed where two voxels meet at an edge
//! only, so its volume depends a little on where the volume is counted from: here as there from the voxel before the
//! first of the mask's box.

use crate::volume::{Region, VoxelBox};

/// Of each neighbourhood without corner 7 the edges that its triangles join, three for each, as hexadecimal digits.
#[rustfmt::skip]
const TRIANGLES: [&str; 128] = [
    "", "083", "190", "183198", "12a", "08312a", "92a029", "2832a8a98", "b23", "b2008b", "190b23", "b2119b98b",
    "3a1ba3", "a1008a8ba", "9033b9ba9", "98aba8", "478", "043473", "190478", "194147173", "12a478", "34730412a",
    "92a902478", "2a9297273479", "478b23", "b47b24204", "190478b23", "47b94bb29192", "3a1ba3478", "ba114b10447b",
    "4789033b9ba9", "47b4b99ba", "954", "954083", "054015", "854835315", "12a954", "08312a954", "2a5542240",
    "2a5325354834", "954b23", "b2008b954", "054015b23", "215258b28548", "3a1ba3954", "549a1008a8ba", "54050ba5bb03",
    "548a58ba8", "789579", "309539357", "780017715", "157173", "78957912a", "12a309395357", "0288258572a5",
    "2a5253357", "579789b23", "579972209b27", "b23018178157", "21b17b157", "7895793a1ba3", "5705097b0a10ba0",
    "ba003ba50078570", "ba557b", "65a", "08365a", "19065a", "18319865a", "165126", "165126083", "965906026",
    "598582526832", "b2365a", "b2008b65a", "190b2365a", "b2119b98b65a", "63b653513", "08b0b50515b6", "63b036065059",
    "65969bb98", "47865a", "04347365a", "19047865a", "19414717365a", "478165126", "043473165126", "478965906026",
    "739479329596269", "b2347865a", "b47b2420465a", "190b2347865a", "47b94bb2919265a", "47863b653513",
    "51b5b610b47b04b", "47863b036065059", "65969b4797b9", "a4964a", "a4964a083", "01aa60640", "18316886461a",
    "149124264", "149124264083", "024426", "832824426", "b23a4964a", "b2008ba4964a", "b2301aa60640",
    "64161a148b2118b", "964369139b63", "18b081b61149641", "63b036640", "86468b", "67a78a89a", "67a0a709a073",
    "67a1a7178018", "67a1a7173", "126168189678", "269129679309739", "078706602", "273267", "b2367a78a89a",
    "207b2709767a9a7", "67a1a7178018b23", "b2117ba61167", "896678169b63136", "09167b", "07870603bb60", "67b",
];

/// The corners of a cube: steps along x, y, z.
const CORNERS: [[u8; 3]; 8] =
    [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]];

/// The corners that each edge joins.
const EDGES: [[usize; 2]; 12] = [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 0],
    [4, 5],
    [5, 6],
    [6, 7],
    [7, 4],
    [0, 4],
    [1, 5],
    [2, 6],
    [3, 7],
];

/// What the mesh around a mask measures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeshNumbers {
    /// mm² (`PyRadiomics`: `SurfaceArea`, IBSI C0JK).
    pub area: f64,
    /// mm³ (`PyRadiomics`: `MeshVolume`, IBSI RNU0).
    pub volume: f64,
}

/// What a cube of one kind adds.
#[derive(Clone, Copy, Default)]
struct Piece {
    /// mm².
    area: f64,
    /// Six times the volume between its triangles and the cube's first corner, mm³.
    volume: f64,
    /// What that grows by for each millimetre that the cube is moved, mm².
    lean: [f64; 3],
}

fn pieces(spacing: [f64; 3]) -> [Piece; 256] {
    let middle = |edge: u8| -> [f64; 3] {
        let digit = char::from(edge).to_digit(16).unwrap_or_default() as usize;
        let [a, b] = EDGES[digit.min(11)].map(|corner| CORNERS[corner]);
        std::array::from_fn(|axis| f64::from(a[axis] + b[axis]) / 2.0 * spacing[axis])
    };
    let mut pieces = [Piece::default(); 256];
    for (code, triangles) in TRIANGLES.iter().enumerate() {
        let mut piece = Piece::default();
        for triangle in triangles.as_bytes().chunks_exact(3) {
            let [a, b, c] = [triangle[0], triangle[1], triangle[2]].map(middle);
            let normal = cross(minus(a, c), minus(b, c));
            piece.area += dot(normal, normal).sqrt() / 2.0;
            // The table is for axes in the order z, y, x, in which what turns left turns right here.
            piece.volume -= dot(cross(a, b), c);
            piece.lean = minus(piece.lean, normal);
        }
        let turned = |v: f64| -v;
        let opposite =
            Piece { area: piece.area, volume: turned(piece.volume), lean: piece.lean.map(turned) };
        pieces[code] = piece;
        pieces[255 - code] = opposite;
    }
    pieces
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|n| a[n] - b[n])
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl MeshNumbers {
    /// Of a mask that lies in `bounds`, on a grid of `dims` voxels `spacing` mm apart.
    pub fn of(mask: &Region, dims: [usize; 3], spacing: [f64; 3], bounds: &VoxelBox) -> Self {
        let codes = neighbourhoods(mask, dims, bounds);
        let [nx, ny, _] = bounds.size().map(|n| n + 1);
        // How often each kind occurs, and the sum of the places where.
        let mut counts = [0u64; 256];
        let mut places = [[0f64; 3]; 256];
        for (row, codes) in codes.chunks(nx).enumerate() {
            let (y, z) = ((row % ny) as f64, (row / ny) as f64);
            for (x, &code) in codes.iter().enumerate() {
                if code != 0 && code != 255 {
                    let kind = usize::from(code);
                    counts[kind] += 1;
                    let place = &mut places[kind];
                    *place = [place[0] + x as f64, place[1] + y, place[2] + z];
                }
            }
        }
        let mut found = Self::default();
        for (kind, piece) in pieces(spacing).iter().enumerate() {
            let count = counts[kind] as f64;
            let moved: [f64; 3] = std::array::from_fn(|a| places[kind][a] * spacing[a]);
            found.area += count * piece.area;
            found.volume += (count * piece.volume + dot(piece.lean, moved)) / 6.0;
        }
        found
    }

    /// How like a ball it is, `(36 π V²)^(1/3) / A`, 1 for a ball (`PyRadiomics`: Sphericity, IBSI QCFX).
    pub fn sphericity(&self) -> f64 {
        (36.0 * std::f64::consts::PI * self.volume.powi(2)).cbrt() / self.area
    }
}

/// Which of the eight voxels around each corner of the box's voxels are in a mask, x fastest; the bits are those of
/// [`CORNERS`].
pub(super) fn neighbourhoods(mask: &Region, dims: [usize; 3], bounds: &VoxelBox) -> Vec<u8> {
    let [nx, ny, nz] = bounds.size().map(|n| n + 1);
    let mut codes = vec![0u8; nx * ny * nz];
    for run in mask.runs() {
        let (x, line) = (run.start % dims[0], run.start / dims[0]);
        let at = [x, line % dims[1], line / dims[1]];
        let [x, y, z] = std::array::from_fn(|a| at[a] - bounds.min[a]);
        let len = run.len as usize;
        for (n, [dx, dy, dz]) in CORNERS.iter().map(|c| c.map(usize::from)).enumerate() {
            let row = nx * ((y + 1 - dy) + ny * (z + 1 - dz)) + x + 1 - dx;
            for code in &mut codes[row..row + len] {
                *code |= 1 << n;
            }
        }
    }
    codes
}
