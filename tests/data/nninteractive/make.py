"""Makes the frames beside it with the packer of nnInteractive's own client (nninteractive-client 2.6.0 from PyPI,
Apache-2.0), which is also the server's. The masks are formulas that the test has, too
(src/core/segment/remote/nninteractive/nnia.rs).

    pip install nninteractive-client==2.6.0
    python make.py"""

import pathlib
import struct

import blosc2
import numpy as np
from nnInteractive.inference.remote.serialization import pack_array, unpack_array

HERE = pathlib.Path(__file__).resolve().parent
PLAIN = [blosc2.Filter.NOFILTER]


def grid(*shape):
    return np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")


def noise(z, y, x):
    n = (z * 1_000_003 + y * 10_007 + x).astype(np.uint32)
    for _ in range(2):
        n = (n ^ (n >> np.uint32(16))) * np.uint32(0x045D9F3B)
    return (n >> np.uint32(24)).astype(np.uint8)


def blocks():
    z, y, x = grid(90, 64, 128)
    values = np.zeros(z.shape, np.uint8)
    values[20:60] = 1
    values[60:64] = noise(z, y, x)[60:64] & 1
    values[64:68] = noise(z, y, x)[64:68]
    return values


def in_chunks(values, count):
    """As pack_array writes what is longer than its chunks."""
    name = values.dtype.name.encode()
    raw = values.tobytes()
    step = -(-len(raw) // count)
    frame = b"NNIA" + bytes([1, 1, values.ndim, len(name)]) + name
    frame += struct.pack(f"<{values.ndim}qI", *values.shape, count)
    for start in range(0, len(raw), step):
        part = raw[start : start + step]
        chunk = blosc2.compress2(part, typesize=1, codec=blosc2.Codec.ZSTD, clevel=3, filters=PLAIN)
        frame += struct.pack("<QQ", len(part), len(chunk)) + chunk
    return frame


z, y, x = grid(24, 36, 48)
blob = ((z - 11) ** 2 + (y - 17) ** 2 + (x - 23) ** 2 <= 81).astype(np.uint8)
frames = {
    "blob": pack_array(blob, filters=PLAIN),
    "bool": pack_array(blob.astype(bool), filters=PLAIN),
    "zeros": pack_array(blob * 0, filters=PLAIN),
    "ones": pack_array(blob * 0 + 1, filters=PLAIN),
    "one": pack_array(np.ones((1, 1, 1), np.uint8), filters=PLAIN),
    "stored": pack_array(noise(*grid(3, 20, 30)), filters=PLAIN),
    "blocks": pack_array(blocks(), filters=PLAIN),
    "chunks": in_chunks(blob, 5),
    "lz4": pack_array(blob, codec=blosc2.Codec.LZ4, filters=PLAIN),
    "lz4_ones": pack_array(blob * 0 + 1, codec=blosc2.Codec.LZ4, filters=PLAIN),
    "lz4_stored": pack_array(noise(*grid(3, 20, 30)), codec=blosc2.Codec.LZ4, filters=PLAIN),
    "lz4_blocks": pack_array(blocks(), codec=blosc2.Codec.LZ4, filters=PLAIN),
    "float": pack_array(np.ones((2, 3, 4), np.float32)),
}
for name, frame in frames.items():
    unpack_array(frame)
    (HERE / f"{name}.nnia").write_bytes(frame)
