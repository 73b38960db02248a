"""A server that speaks nnInteractive's protocol with the (de)serialiser of nnInteractive's own client, and a model of
a few lines; what `voxpoint segment` gets from it is compared with what that client gets. Run by scripts/test-server.

    nninteractive.py VOXPOINT WORK_FOLDER"""

import json
import pathlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import blosc2
import nibabel
import numpy as np
from nnInteractive.inference.remote import nnInteractiveRemoteInferenceSession
from nnInteractive.inference.remote.serialization import pack_array, unpack_array

TOP = pathlib.Path(__file__).resolve().parents[3]
SAMPLE = TOP / "assets/sample/ct_thorax_cta.nii.gz"
KEY = "a-key-of-this-test"
CAPABILITIES = {
    "supported_interactions": {"scribble": True, "lasso": True, "points": True, "bbox2d": True, "bbox3d": False},
    "channel_mapping": {"points": [2, 3]},
    "num_interaction_channels": 8,
    "supports_initial_label": True,
    "supports_zero_shot_label_refinement": False,
    "preferred_scribble_thickness": [2, 2, 2],
    "interaction_decay": 0.98,
    "inference_session_version": "v2",
    "license": "CC BY-NC-SA 4.0",
    "supports_undo": True,
    "do_autozoom": True,
    "patch_size": [192, 192, 192],
}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.leases = {}
        self.log = []
        self.sent = {"/add_scribble_interaction": [], "/add_lasso_interaction": []}

    def point(self, session, asked):
        """What is about as bright as the point and not far from it, or a ball that is taken away."""
        image, mask = session["image"], session["mask"]
        at = asked["coordinates"]
        before = mask.copy()
        radius = 9 + session["points"] if asked["include_interaction"] else 5
        box = tuple(slice(max(0, c - radius), c + radius + 1) for c in at)
        ball = sum((g - c) ** 2 for g, c in zip(np.ogrid[box], at)) <= radius**2
        if asked["include_interaction"]:
            near = np.abs(image[box].astype(np.float32) - float(image[tuple(at)])) <= 80
            mask[box][ball & near] = 1
        else:
            mask[box][ball] = 0
        return self.changed(session, before)

    def cuboid(self, session, asked):
        """What a box in a slice has, and the slices beside it, the more the more prompts there were."""
        mask, box = session["mask"], asked["bbox_coords"]
        before = mask.copy()
        flat = [high - low == 1 for low, high in box]
        assert sum(flat) == 1, box
        more = 1 + session["points"]
        ends = [(max(0, a - more), b + more) if thin else (a, b) for (a, b), thin in zip(box, flat)]
        mask[tuple(slice(a, b) for a, b in ends)] = asked["include_interaction"]
        return self.changed(session, before)

    def drawn(self, session, asked, array, reach):
        """What a scribble or a lasso has, and what is beside it in all directions."""
        mask = session["mask"]
        before = mask.copy()
        box = asked["interaction_bbox"]
        whole = np.zeros(mask.shape, bool)
        if box is None:
            assert array.shape == mask.shape, array.shape
            whole |= array != 0
        else:
            assert list(array.shape) == [b - a for a, b in box], (array.shape, box)
            whole[tuple(slice(a, b) for a, b in box)] = array != 0
        for _ in range(reach):
            for axis in range(3):
                whole |= np.roll(whole, 1, axis) | np.roll(whole, -1, axis)
        mask[whole] = asked["include_interaction"]
        return self.changed(session, before)

    def changed(self, session, before):
        session["points"] += 1
        mask = session["mask"]
        changed = np.argwhere(mask != before)
        if not len(changed):
            return {"ran_prediction": True, "bbox": None, "dtype": None, "shape": None}, b""
        low, high = changed.min(0), changed.max(0) + 1
        part = mask[tuple(slice(a, b) for a, b in zip(low, high))]
        bbox = [[int(a), int(b)] for a, b in zip(low, high)]
        meta = {"ran_prediction": True, "bbox": bbox, "dtype": "uint8", "shape": list(part.shape)}
        # Packed as their server does, and with the other codec of their format.
        codec = blosc2.Codec.LZ4 if session["points"] % 2 == 0 else blosc2.Codec.ZSTD
        return meta, pack_array(part, codec=codec)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, told=None, status=200, meta=None, body=None):
        body = json.dumps(told or {}).encode() if body is None else body
        self.send_response(status)
        if meta is not None:
            self.send_header("X-Meta", json.dumps(meta))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server, path = self.server, self.path
        server.log.append(path)
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return self.answer({"detail": "missing or wrong API key"}, 401)
        if path == "/claim":
            token = f"lease-{len(server.leases)}"
            server.leases[token] = {}
            times = {"idle_timeout_seconds": 600.0, "liveness_timeout_seconds": 60.0}
            return self.answer({"lease_token": token, "max_sessions": 3, **times})
        session = server.leases.get(self.headers.get("X-Lease-Token"))
        if session is None:
            return self.answer({"detail": "lease expired or unknown"}, 410)
        if path == "/capabilities":
            return self.answer(CAPABILITIES)
        if path == "/release":
            del server.leases[self.headers.get("X-Lease-Token")]
            return self.answer()
        if path == "/heartbeat":
            return self.answer({"remaining_seconds": 600.0})
        meta = json.loads(self.headers.get("X-Meta", "null"))
        if path == "/set_image":
            assert set(meta) == {"image_properties"}, meta
            image = unpack_array(body)
            session["image"] = image[0]
            return self.answer({"original_image_shape": list(image.shape)})
        if path == "/set_target_buffer":
            assert json.loads(body)["dtype"] == "uint8"
            session["mask"], session["points"] = np.zeros(json.loads(body)["shape"], np.uint8), 0
            return self.answer()
        if path == "/reset_interactions":
            session["mask"][:], session["points"] = 0, 0
            return self.answer()
        if path == "/add_initial_seg_interaction":
            session["mask"], session["points"] = unpack_array(body).copy(), 0
            assert meta["run_prediction"] is False
            return self.answer(meta={"ran_prediction": False, "bbox": None}, body=b"")
        if path == "/add_point_interaction":
            meta, body = server.point(session, json.loads(body))
            return self.answer(meta=meta, body=body)
        if path == "/add_bbox_interaction":
            meta, body = server.cuboid(session, json.loads(body))
            return self.answer(meta=meta, body=body)
        if path in ("/add_scribble_interaction", "/add_lasso_interaction"):
            server.sent[path].append(len(body))
            reach = 1 if "lasso" in path else 2
            meta, body = server.drawn(session, meta, unpack_array(body), reach)
            return self.answer(meta=meta, body=body)
        return self.answer({"detail": "Not Found"}, 404)

    def do_POST(self):
        with self.server.lock:
            self.handle_one()

    do_GET = do_POST


def main():
    voxpoint, work = sys.argv[1], pathlib.Path(sys.argv[2])
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    key = work / "key"
    key.touch(mode=0o600)
    key.write_text(KEY + "\n")
    there = ["--key-file", key]

    def run(*arguments):
        return subprocess.run([voxpoint, *map(str, arguments)], capture_output=True, text=True)

    def good(*arguments):
        done = run(*arguments)
        if done.returncode:
            sys.exit(f"{arguments[0]} failed: {done.stderr}")
        return done.stdout

    print(good("model", "info", f"nninteractive+{url}", *there), end="")
    scan = nibabel.load(SAMPLE)
    # As SimpleITK has it: slices, rows, columns.
    image = np.ascontiguousarray(np.asarray(scan.dataobj).T)
    middle = [n // 2 for n in scan.shape]
    points = [(middle, True), ([c + 4 for c in middle], False), ([c - 9 for c in middle], True)]

    client = nnInteractiveRemoteInferenceSession(url, api_key=KEY)
    client.set_image(image[None])
    client.set_target_buffer(np.zeros(image.shape, np.uint8))

    def theirs(points, start=None):
        client.reset_interactions()
        if start is not None:
            client.add_initial_seg_interaction(start)
        for at, positive in points:
            client.add_point_interaction(at[::-1], include_interaction=positive)
        return client.target_buffer.copy()

    def ours(name, points, *more):
        mask = work / f"{name}.nii.gz"
        typed = [f"{x},{y},{z},{'+' if positive else '-'}" for (x, y, z), positive in points]
        typed = [part for point in typed for part in ("--point", point)]
        arguments = ["segment", SAMPLE, "--space", "voxel", *typed, "--out", mask, "--json"]
        arguments += ["--model", f"nninteractive+{url}", "--send-voxels", *there, *more]
        report = json.loads(good(*arguments))
        return report, np.asarray(nibabel.load(mask).dataobj).T, mask

    start = None
    for count in range(1, len(points) + 1):
        report, found, start = ours(f"mask{count}", points[:count])
        expected = theirs(points[:count])
        traffic = report["server"]
        print(
            f"{count} points: {int(found.sum())} voxels, {int((found != expected).sum())} differ; {traffic['requests']} "
            f"requests, {traffic['sent']} bytes sent, {traffic['received']} received, {report['device_reason']}"
        )
        assert found.any() and (found == expected).all(), count
        assert traffic["sent"] < image.nbytes + 2000, traffic
    beginning = np.ascontiguousarray(np.asarray(nibabel.load(start).dataobj).T.astype(np.uint8))
    away = [(points[2][0], False)]
    _, found, _ = ours("corrected", away, "--start-from", start)
    assert (found == theirs(away, beginning)).all() and (found != beginning).any(), "start"
    # What is drawn: theirs as arrays of the whole scan, ours as what lies in a box.
    x, y, z = middle
    box = [[z, z + 1], [y - 8, y + 9], [x - 10, x + 5]]
    line, loop = np.zeros(image.shape, np.uint8), np.zeros(image.shape, np.uint8)
    line[z - 2, y, x - 6 : x + 4] = 1
    loop[z + 3 : z + 4, y - 5 : y + 4, x + 1 : x + 7] = 1
    client.reset_interactions()
    client.add_bbox_interaction(box, include_interaction=True)
    client.add_scribble_interaction(line, include_interaction=False)
    client.add_lasso_interaction(loop, include_interaction=True)
    client.add_point_interaction([z, y, x - 9], include_interaction=True)
    left, right, low, high = x + 0.6, x + 6.4, y - 5.4, y + 3.4
    corners = ":".join(f"{u},{v},{z + 3}" for u, v in [(left, low), (left, high), (right, high), (right, low)])
    mask = work / "drawn.nii.gz"
    good(
        "segment", SAMPLE, "--space", "voxel", "--box", f"{x - 10},{y - 8},{z}:{x + 4},{y + 8},{z}", "--scribble",
        f"{x - 6},{y},{z - 2}:{x + 3},{y},{z - 2},-", "--scribble-radius", "0", "--lasso", corners, "--point",
        f"{x - 9},{y},{z}", "--out", mask, "--model", f"nninteractive+{url}", "--send-voxels", *there,
    )
    found = np.asarray(nibabel.load(mask).dataobj).T
    print(f"drawn: {int(found.sum())} voxels, {int((found != client.target_buffer).sum())} differ; {server.sent}")
    assert found.any() and (found == client.target_buffer).all(), "drawn"
    assert server.sent["/add_lasso_interaction"][1] < 1000, server.sent
    client.close()
    assert not server.leases, f"not given back: {list(server.leases)}"

    asked = len(server.log)
    refused = run(
        "segment", SAMPLE, "--space", "voxel", "--point", "9,9,9", "--out", work / "x.nii.gz",
        "--model", f"nninteractive+{url}", *there,
    )
    assert refused.returncode == 2 and "nothing was sent" in refused.stderr, refused
    assert len(server.log) == asked and KEY not in refused.stderr
    wrong = run("model", "info", f"nninteractive+{url}")
    assert wrong.returncode == 1 and "--key-file" in wrong.stderr, wrong
    print("masks are those of nnInteractive's own client, voxel for voxel")


main()
