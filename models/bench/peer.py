"""SAM-Med3D as others run it, timed: the official PyTorch classes (PyPI `medim`), and a naive ONNX export of them.

  peer.py --checkpoint FILE [--threads N] [--repeat K] [--pair DIR] [--skip-onnx]
  peer.py --make FILE

The second writes a full-size checkpoint with random weights, which takes as long to run as a trained one.

Prints one JSON object. Times are milliseconds of wall clock, medians over K runs in which all contenders take
turns, so that a busy machine is busy for all of them; `cpu` has the same in CPU time, summed over threads.
`matmul_bound_ms` is what the machine needs for the encoder's matrix products alone, without the padding of the
windowed blocks, with PyTorch's own float32 multiplication (MKL on Intel). `--pair` takes the folder that `voxpoint model export` wrote
and times its encoder.onnx and decoder.onnx in the same turns; `pair_difference` is how far its embedding is from
the official one (norm of the difference by norm).
"""
import argparse
import json
import os
import sys
import tempfile
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--checkpoint", help="SAM-Med3D's checkpoint, .pth")
    what.add_argument("--make", metavar="FILE", help="write a checkpoint with random weights")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--clicks", type=int, default=3, help="points that the decoder gets")
    parser.add_argument("--pair", help="folder with an encoder.onnx and a decoder.onnx to time as well")
    parser.add_argument("--skip-onnx", action="store_true", help="without the export, which takes a minute")
    parser.add_argument("--trust", action="store_true",
                        help="load a checkpoint that holds more than tensors; it can run any code")
    return parser.parse_args()


options = arguments()
for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]:
    os.environ[name] = str(options.threads)

import numpy as np  # noqa: E402 (after the numbers of threads)
import torch  # noqa: E402

torch.set_num_threads(options.threads)


def load(path, trust):
    """The official model with a checkpoint's weights, built after the shapes."""
    from medim.models.sam_med3d import build_sam3D_vit_b_ori
    state = torch.load(path, map_location="cpu", weights_only=not trust)
    for key in ["model_state_dict", "state_dict"]:
        state = state.get(key, state)
    state = {name.removeprefix("module."): value.float() for name, value in state.items()}
    block = "image_encoder.blocks.{}.attn.rel_pos_d"
    depth = sum(name.endswith(".attn.rel_pos_d") for name in state)
    grid = state["image_encoder.pos_embed"].shape[1]
    embed = state["image_encoder.pos_embed"].shape[-1]
    model = build_sam3D_vit_b_ori(
        encoder_embed_dim=embed, encoder_depth=depth, encoder_num_heads=embed // state[block.format(0)].shape[1],
        encoder_global_attn_indexes=[n for n in range(depth) if len(state[block.format(n)]) == 2 * grid - 1],
        prompt_embed_dim=state["image_encoder.neck.0.weight"].shape[0])
    model.load_state_dict(state)
    return model.eval()


class Decoder(torch.nn.Module):
    """Prompt encoder and mask decoder in one, as everybody exports them."""

    def __init__(self, model):
        super().__init__()
        self.prompt_encoder, self.mask_decoder = model.prompt_encoder, model.mask_decoder

    def forward(self, image_embedding, point_coords, point_labels, prev_mask):
        sparse, dense = self.prompt_encoder(points=[point_coords, point_labels], boxes=None, masks=prev_mask)
        return self.mask_decoder(image_embeddings=image_embedding, image_pe=self.prompt_encoder.get_dense_pe(),
                                 sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense)


def products(model):
    """(batch, rows, columns, depth, count) of the encoder's matrix products, and their multiply-adds."""
    encoder = model.image_encoder
    width, hidden = encoder.blocks[0].mlp.lin1.in_features, encoder.blocks[0].mlp.lin1.out_features
    grid, depth = encoder.pos_embed.shape[1], len(encoder.blocks)
    heads = encoder.blocks[0].attn.num_heads
    tokens, patch = grid**3, encoder.patch_embed.proj.weight[0].numel()
    channels = encoder.neck[0].out_channels
    shapes = [(1, tokens, width, patch, 1), (1, tokens, 3 * width, width, depth), (1, tokens, width, width, depth),
              (1, tokens, hidden, width, depth), (1, tokens, width, hidden, depth),
              (heads, tokens, tokens, width // heads, depth), (heads, tokens, width // heads, tokens, depth),
              (1, tokens, channels, width, 1), (1, tokens, channels, 27 * channels, 1)]
    return shapes, sum(b * m * n * k * count for b, m, n, k, count in shapes)


def multiplier(shapes):
    """All products of an encode, one after the other."""
    pairs = []
    for batch, m, n, k, count in shapes:
        shape = (lambda *s: s) if batch == 1 else (lambda *s: (batch, *s))
        # Weights are stored as [out, in].
        right = torch.randn(*shape(n, k)).transpose(-1, -2)
        pairs.append((torch.randn(*shape(m, k)), right, torch.empty(*shape(m, n)), count))

    def run():
        for a, b, out, count in pairs:
            for _ in range(count):
                torch.matmul(a, b, out=out)
    return run


INPUTS = ["image_embedding", "point_coords", "point_labels", "prev_mask"]


def export(model, inputs, names, outputs, path):
    torch.onnx.export(model, inputs, path, input_names=names, output_names=outputs, opset_version=17, dynamo=False)


def session(path):
    import onnxruntime
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.log_severity_level = 3
    return onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])


def runners(folder, image, prompt):
    """Encoder and decoder of a folder as functions without arguments."""
    encode, decode = session(f"{folder}/encoder.onnx"), session(f"{folder}/decoder.onnx")
    wanted = [i.name for i in decode.get_inputs()]
    feeds = {name: value.numpy() for name, value in zip(INPUTS, prompt) if name in wanted}
    image = {"image": image.numpy()}
    return (lambda: encode.run(None, image)), (lambda: decode.run(None, feeds))


def measure(contenders, repeat):
    wall, cpu = {name: [] for name in contenders}, {name: [] for name in contenders}
    for turn in range(repeat + 1):
        for name, run in contenders.items():
            begin, begin_cpu = time.perf_counter(), time.process_time()
            run()
            if turn > 0:  # the first is a warm-up
                wall[name].append(time.perf_counter() - begin)
                cpu[name].append(time.process_time() - begin_cpu)
    median = lambda times: {f"{name}_ms": round(float(np.median(t)) * 1e3, 2) for name, t in times.items()}  # noqa: E731
    return {**median(wall), "cpu": median(cpu)}


@torch.no_grad()
def make(path):
    from medim.models.sam_med3d import build_sam3D_vit_b_ori
    torch.manual_seed(0)
    model = build_sam3D_vit_b_ori()
    for name, parameter in model.named_parameters():
        if "rel_pos" in name or "pos_embed" in name or name.endswith("bias"):  # zero before training
            parameter.normal_(0, 0.2)
    torch.save({"model_state_dict": model.state_dict()}, path)


@torch.no_grad()
def main():
    model = load(options.checkpoint, options.trust)
    decoder = Decoder(model)
    torch.manual_seed(0)
    image, side = torch.randn(1, 1, 128, 128, 128), 32
    embedding = model.image_encoder(image)
    points = torch.randint(0, 128, (1, options.clicks, 3)).float()
    labels = torch.ones(1, options.clicks, dtype=torch.int64)
    prompt = (embedding, points, labels, torch.zeros(1, 1, side, side, side))
    shapes, operations = products(model)
    contenders = {
        "matmul_bound": multiplier(shapes),
        "pytorch_encode": lambda: model.image_encoder(image),
        "pytorch_decode": lambda: decoder(*prompt),
    }
    versions = {"python": sys.version.split()[0], "torch": torch.__version__}
    facts = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.pair or not options.skip_onnx:
            import onnxruntime
            versions["onnxruntime"] = onnxruntime.__version__
        if not options.skip_onnx:
            export(model.image_encoder, (image,), ["image"], ["image_embedding"], f"{folder}/encoder.onnx")
            export(decoder, prompt, INPUTS, ["mask_logits", "iou"], f"{folder}/decoder.onnx")
            encode, decode = runners(folder, image, prompt)
            contenders |= {"naive_onnx_encode": encode, "naive_onnx_decode": decode}
        if options.pair:
            encode, decode = runners(options.pair, image, prompt)
            contenders |= {"pair_encode": encode, "pair_decode": decode}
            other = torch.from_numpy(encode()[0])
            facts["pair_difference"] = float((other - embedding).norm() / embedding.norm())
        times = measure(contenders, options.repeat)
    print(json.dumps({**times, **facts, "multiply_adds": operations, "threads": options.threads, "repeat": options.repeat,
                      "versions": versions}))


make(options.make) if options.make else main()
