"""Starts the real tritonserver of nvidia-pytriton with a repository that `voxpoint model export --triton` wrote, and
compares what `voxpoint segment` gets from it with what it computes itself. Run by scripts/test-server.

    compare.py VOXPOINT WORK_FOLDER"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nibabel
import numpy
import onnxruntime
import pytriton
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
SAMPLE = TOP / "assets/sample/ct_thorax_cta.nii.gz"
POINTS = ["8.7,179.2,751.7,+", "20,170,740,-", "8,175,760,+"]
MODELS = ["sam_med3d_encoder", "sam_med3d_decoder"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{arguments[0]} failed: {done.stderr}")
    return done.stdout


def check_configs(repository):
    """What is in each config.pbtxt is what Triton's own schema knows, and what the network takes and gives: Triton's ONNX
    Runtime backend, which would load it as it is, is not in the package."""
    types = {"tensor(float)": "TYPE_FP32", "tensor(float16)": "TYPE_FP16", "tensor(int64)": "TYPE_INT64"}
    types["tensor(int32)"] = "TYPE_INT32"
    for name in MODELS:
        config = model_config_pb2.ModelConfig()
        # An unknown field, or a value of another type, is an error.
        text_format.Parse((repository / name / "config.pbtxt").read_text(), config)
        assert (config.name, config.backend, config.max_batch_size) == (name, "onnxruntime", 0), config
        model = repository / name / "1" / (config.default_model_filename or "model.onnx")
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        for declared, found in [(config.input, session.get_inputs()), (config.output, session.get_outputs())]:
            told = {
                port.name: (model_config_pb2.DataType.Name(port.data_type), list(port.dims)) for port in declared
            }
            needed = {
                port.name: (types[port.type], [side if isinstance(side, int) else -1 for side in port.shape])
                for port in found
            }
            assert told == needed, (name, told, needed)
    print("config.pbtxt: Triton's schema knows all of it, and it says what the networks take and give")


def as_python_backend(repository):
    """The package has no ONNX Runtime backend: the same files, run by Python."""
    for name in MODELS:
        config = repository / name / "config.pbtxt"
        text = config.read_text()
        assert 'backend: "onnxruntime"' in text
        config.write_text(text.replace('backend: "onnxruntime"', 'backend: "python"'))
        shutil.copy(HERE / "model.py", repository / name / "1/model.py")


def start(repository, work, port):
    package = pathlib.Path(pytriton.__file__).parent
    server = work / "tritonserver"
    shutil.copytree(package / "tritonserver", server)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    shutil.copy(stub, server / "backends/python/triton_python_backend_stub")
    libraries = package.parent / "nvidia_pytriton.libs"
    path = [str(libraries), os.environ.get("LD_LIBRARY_PATH", "")]
    environment = dict(os.environ)
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, path))
    environment["PATH"] = f"{pathlib.Path(sys.executable).parent}:{environment['PATH']}"
    environment["PYTHONPATH"] = ":".join(p for p in sys.path if p)
    log = open(work / "tritonserver.log", "w")
    return subprocess.Popen(
        [
            server / "bin/tritonserver",
            f"--model-repository={repository}",
            f"--backend-directory={server / 'backends'}",
            f"--cache-directory={server / 'caches'}",
            "--disable-auto-complete-config",
            "--http-address=127.0.0.1",
            f"--http-port={port}",
            "--allow-grpc=false",
            "--allow-metrics=false",
        ],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )


def wait(server, port, work):
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    print((work / "tritonserver.log").read_text()[-4000:], file=sys.stderr)
    sys.exit("tritonserver did not start")


def main():
    voxpoint, work = sys.argv[1], pathlib.Path(sys.argv[2])
    repository = work / "repository"
    run(voxpoint, "model", "export", TOP / "models/demo", "--triton", repository)
    check_configs(repository)
    as_python_backend(repository)
    port = free_port()
    server = start(repository, work, port)
    try:
        wait(server, port, work)
        url = f"http://127.0.0.1:{port}"
        print(run(voxpoint, "model", "info", url), end="")
        told = json.loads(run(voxpoint, "model", "info", url, "--json"))
        assert told["problem"] is None, told
        assert [model["name"] for model in told["models"]] == sorted(MODELS), told

        def segment(name, *more):
            mask, logits = work / f"{name}.nii.gz", work / f"{name}_logits.nii.gz"
            points = [part for point in POINTS for part in ("--point", point)]
            report = run(
                voxpoint, "segment", SAMPLE, *points, "--out", mask, "--logits", logits, "--json", *more
            )
            values = [numpy.asarray(nibabel.load(file).dataobj) for file in (mask, logits)]
            return json.loads(report), *values

        _, mask, logits = segment("here", "--device", "cpu")
        assert mask.any()
        there = ["--model", url, "--send-voxels"]
        for name, more in [
            ("decoder_here", []),
            ("all_there", ["--decode-there"]),
            ("packed", ["--decode-there", "--pack"]),
        ]:
            report, found, values = segment(name, *there, *more)
            scale = max(1.0, float(numpy.abs(logits).max()))
            apart = float(numpy.abs(values - logits).max()) / scale
            voxels = int((found != mask).sum())
            traffic = report["server"]
            print(
                f"{name}: logits differ by {apart:.1e}, {voxels} voxels of {int(mask.sum())}; {traffic['requests']} "
                f"requests, {traffic['sent']} bytes sent, network {traffic['network_ms']:.0f} ms, "
                f"model {traffic['server_ms']:.0f} ms; {report['device']}, {report['device_reason']}"
            )
            assert apart <= 1e-4 and voxels == 0, name
            assert traffic["requests"] == (1 if name == "decoder_here" else 1 + len(POINTS)), traffic
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
    print("the real tritonserver answers as this machine does")


main()
