"""Reads a Voxpoint session with nothing but Python's own modules, as docs/session-format.md says.

    python3 read_session.py SESSION.voxpoint             prints what it holds as JSON
    python3 read_session.py SESSION.voxpoint MASK.nii    compares its masks with an exported NIfTI (.nii or .nii.gz),
                                                         voxel by voxel, and the places of both
"""

import array
import gzip
import hashlib
import json
import sqlite3
import struct
import sys
import zlib


def mask_runs(blob):
    """(first voxel, number of voxels) of each run; voxels are counted x fastest, then y, then z."""
    numbers = array.array("I", zlib.decompress(blob))
    if sys.byteorder == "big":
        numbers.byteswap()
    end = 0
    for gap, length in zip(numbers[0::2], numbers[1::2]):
        start = end + gap
        end = start + length
        if length:
            yield start, length


def geometry(session, field):
    rows = session.execute("SELECT value FROM geometry WHERE field = ? ORDER BY place", (field,))
    return [value for (value,) in rows]


def label_map(session):
    nx, ny, nz = (int(n) for n in geometry(session, "dim"))
    labels = array.array("H", bytes(2 * nx * ny * nz))
    query = "SELECT object.id, mask.runs FROM object JOIN mask ON mask.id = object.region"
    for label, blob in session.execute(query):
        for start, length in mask_runs(blob):
            labels[start : start + length] = array.array("H", [label]) * length
    return (nx, ny, nz), labels


def scan(session):
    """Type, number of time points and stored numbers of the scan, if it is in the session; time points one after another,
    x fastest. Their values: number * slope + inter."""
    row = session.execute("SELECT data_type, time_points FROM scan").fetchone()
    if row is None:
        return None
    kind = {"uint8": "B", "int8": "b", "uint16": "H", "int16": "h", "uint32": "I", "int32": "i", "uint64": "Q",
            "int64": "q", "float32": "f", "float64": "d"}[row[0]]
    numbers = array.array(kind)
    for sha256, voxels in session.execute("SELECT sha256, voxels FROM scan_piece ORDER BY place"):
        piece = zlib.decompress(voxels)
        assert hashlib.sha256(piece).hexdigest() == sha256, "not what was written"
        numbers.frombytes(piece)
    if sys.byteorder == "big":
        numbers.byteswap()
    return {"data_type": row[0], "time_points": row[1], "voxels": runs_of(numbers)}


def prompt_shapes(session):
    """Number of the prompt, kind, axis across its slice, radius and places of each prompt that is more than a point."""
    shapes = []
    query = (
        "SELECT prompt, kind, axis, radius, places FROM prompt_shape JOIN object ON object.id = prompt_shape.object"
        " ORDER BY object.place, prompt_shape.place"
    )
    for prompt, kind, axis, radius, blob in session.execute(query):
        places = [list(place) for place in struct.iter_unpack("<2d", blob)]
        shapes.append([prompt, kind, axis, radius, places])
    return shapes


def runs_of(labels):
    runs = []
    for label in labels:
        if runs and runs[-1][0] == label:
            runs[-1][1] += 1
        else:
            runs.append([label, 1])
    return runs


def read_nifti(path):
    """Dimensions, labels and the rows of the sform of a NIfTI-1 label map."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    (size,) = struct.unpack_from("<i", data, 0)
    assert size == 348, "a little-endian NIfTI-1 is expected"
    dim = struct.unpack_from("<8h", data, 40)
    (datatype,) = struct.unpack_from("<h", data, 70)
    (offset,) = struct.unpack_from("<f", data, 108)
    rows = struct.unpack_from("<12f", data, 280)
    kind = {2: "B", 512: "H"}[datatype]
    count = dim[1] * dim[2] * dim[3]
    values = array.array(kind)
    values.frombytes(data[int(offset) : int(offset) + count * values.itemsize])
    return dim[1:4], array.array("H", values), rows


def main():
    session = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    (application,) = session.execute("PRAGMA application_id").fetchone()
    (version,) = session.execute("PRAGMA user_version").fetchone()
    assert application == 0x56585054, "no Voxpoint session"
    assert version in (1, 2, 3, 4, 5, 6), "another version"
    dims, labels = label_map(session)
    affine = geometry(session, "affine")
    if len(sys.argv) > 2:
        found, exported, rows = read_nifti(sys.argv[2])
        assert tuple(found) == dims, f"{found} voxels, not {dims}"
        assert exported == labels, "other labels"
        assert all(abs(a - b) < 1e-4 * max(1, abs(a)) for a, b in zip(affine, rows)), "another place"
        print(json.dumps({"same": True, "voxels": sum(1 for label in labels if label)}))
        return
    names = [name for (name,) in session.execute("SELECT name FROM object ORDER BY place")]
    prompt = session.execute(
        "SELECT prompt.id, positive, x, y, z FROM prompt JOIN object ON object.id = prompt.object"
        " ORDER BY object.place, prompt.place LIMIT 1"
    ).fetchone()
    inside = scan(session) if version >= 4 else None
    shapes = prompt_shapes(session) if version >= 6 else []
    report = {"dims": dims, "affine": affine, "names": names, "first_prompt": prompt, "labels": runs_of(labels)}
    report |= {"scan": inside, "shapes": shapes}
    print(json.dumps(report))


main()
