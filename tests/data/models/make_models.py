"""Writes the models of this folder: a few hundred bytes each, no weights. Needs Python with onnx.

tiny/ is a pair that fulfils the contract in the way the demo model does not: S = 32, float labels, and
arithmetic simple enough to be repeated in a test. With follow/decoder.onnx instead of its decoder the mask is
what is bright, wherever it is clicked. The others are wrong in one point each.

  encoder   features_32 = mean of each 4x4x4 block of the image, level = largest value of the image
  decoder   mask_logits = features_32 - level + 0.5 prev_mask + 0.001 sum(point_coords)
            iou = mean of the labels
  follow/decoder  mask_logits = features_32 - 1 + 0.001 prev_mask, iou = mean of the labels

outside/decoder.onnx is follow/decoder with its 1 in another file, bias.bin (float32). Those of hostile/ do harm:

  loop_encoder     level goes through a loop without end
  memory_encoder   level = largest of 1.5e9 equal numbers (6 GB)
  shape_decoder    mask_logits [1, 1, 16, 32, 64], said to be of free size: as many numbers as 32³
"""
import pathlib
import struct

from onnx import TensorProto as T, checker, helper as h, load, save

HERE = pathlib.Path(__file__).parent


def model(path, nodes, inputs, outputs, constants=()):
    value = lambda v: h.make_tensor_value_info(v[0], v[2] if len(v) > 2 else T.FLOAT, v[1])
    constants = [h.make_tensor(n, t, s, v) for n, t, s, v in constants]
    graph = h.make_graph(nodes, "g", [value(v) for v in inputs], [value(v) for v in outputs], constants)
    m = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
    checker.check_model(m)
    path.parent.mkdir(exist_ok=True)
    save(m, path)


def encoder(name, image="image", level="level"):
    model(HERE / name,
          [h.make_node("AveragePool", [image], ["features_32"], kernel_shape=[4] * 3, strides=[4] * 3),
           h.make_node("ReduceMax", [image], [level], keepdims=1)],
          [(image, [1, 1, 128, 128, 128])],
          [("features_32", [1, 1, 32, 32, 32]), (level, [1, 1, 1, 1, 1])])


def decoder(name, mask="prev_mask", level="level"):
    model(HERE / name,
          [h.make_node("Sub", ["features_32", level], ["a"]),
           h.make_node("Mul", [mask, "half"], ["b"]),
           h.make_node("ReduceSum", ["point_coords"], ["s"], keepdims=0),
           h.make_node("Mul", ["s", "milli"], ["c"]),
           h.make_node("Add", ["a", "b"], ["ab"]),
           h.make_node("Add", ["ab", "c"], ["mask_logits"]),
           h.make_node("ReduceMean", ["point_labels"], ["iou"], axes=[1], keepdims=1)],
          [("point_coords", [1, "N", 3]), ("point_labels", [1, "N"]), (mask, [1, 1, 32, 32, 32]),
           ("features_32", [1, 1, 32, 32, 32]), (level, [1, 1, 1, 1, 1])],
          [("mask_logits", [1, 1, 32, 32, 32]), ("iou", [1, 1])],
          [("half", T.FLOAT, [], [0.5]), ("milli", T.FLOAT, [], [0.001])])


def follower(name):
    model(HERE / name,
          [h.make_node("Sub", ["features_32", "one"], ["a"]),
           h.make_node("Mul", ["prev_mask", "milli"], ["b"]),
           h.make_node("Add", ["a", "b"], ["mask_logits"]),
           h.make_node("ReduceMean", ["point_labels"], ["iou"], axes=[1], keepdims=1)],
          [("point_coords", [1, "N", 3]), ("point_labels", [1, "N"]), ("prev_mask", [1, 1, 32, 32, 32]),
           ("features_32", [1, 1, 32, 32, 32])],
          [("mask_logits", [1, 1, 32, 32, 32]), ("iou", [1, 1])],
          [("one", T.FLOAT, [], [1.0]), ("milli", T.FLOAT, [], [0.001])])


def outside():
    follower("outside/decoder.onnx")
    path = HERE / "outside/decoder.onnx"
    m = load(path)
    one = next(t for t in m.graph.initializer if t.name == "one")
    one.ClearField("float_data")
    one.data_location = T.EXTERNAL
    for key, value in [("location", "bias.bin"), ("offset", "0"), ("length", "4")]:
        one.external_data.add(key=key, value=value)
    path.write_bytes(m.SerializeToString())
    (HERE / "outside/bias.bin").write_bytes(struct.pack("<f", 1.0))


IMAGE = ("image", [1, 1, 128, 128, 128])
FEATURES = [("features_32", [1, 1, 32, 32, 32]), ("level", [1, 1, 1, 1, 1])]
POOL = h.make_node("AveragePool", ["image"], ["features_32"], kernel_shape=[4] * 3, strides=[4] * 3)


def loop(name):
    scalar = lambda name, kind, shape=(): h.make_tensor_value_info(name, kind, shape)
    body = h.make_graph(
        [h.make_node("Identity", ["again"], ["again_out"]), h.make_node("Add", ["x", "x"], ["x_out"])], "body",
        [scalar("n", T.INT64), scalar("again", T.BOOL), scalar("x", T.FLOAT, [1] * 5)],
        [scalar("again_out", T.BOOL), scalar("x_out", T.FLOAT, [1] * 5)])
    model(HERE / name,
          [POOL, h.make_node("ReduceMax", ["image"], ["most"], keepdims=1),
           h.make_node("Loop", ["", "true", "most"], ["level"], body=body)],
          [IMAGE], FEATURES, [("true", T.BOOL, [], [True])])


def memory(name):
    model(HERE / name,
          [POOL, h.make_node("ReduceMax", ["image"], ["most"], keepdims=1),
           h.make_node("Expand", ["most", "size"], ["many"]),
           h.make_node("ReduceMax", ["many"], ["level"], keepdims=1)],
          [IMAGE], FEATURES, [("size", T.INT64, [5], [1, 1, 1, 30000, 50000])])


def shape(name):
    model(HERE / name,
          [h.make_node("Sub", ["features_32", "level"], ["a"]), h.make_node("Mul", ["prev_mask", "milli"], ["b"]),
           h.make_node("Add", ["a", "b"], ["c"]),
           h.make_node("ReduceMean", ["point_labels"], ["iou"], axes=[1], keepdims=1),
           # Depends on an input, so that nobody can tell the size beforehand.
           h.make_node("Shape", ["point_coords"], ["n"]), h.make_node("Mul", ["n", "zeros"], ["nothing"]),
           h.make_node("ReduceSum", ["nothing"], ["zero"], keepdims=1),
           h.make_node("Add", ["size", "zero"], ["sides"]), h.make_node("Reshape", ["c", "sides"], ["mask_logits"])],
          [("point_coords", [1, "N", 3]), ("point_labels", [1, "N"]), ("prev_mask", [1, 1, 32, 32, 32]), *FEATURES],
          [("mask_logits", [1, 1, "x", "y", "z"]), ("iou", [1, 1])],
          [("milli", T.FLOAT, [], [0.001]), ("zeros", T.INT64, [3], [0] * 3),
           ("size", T.INT64, [5], [1, 1, 16, 32, 64])])


encoder("tiny/encoder.onnx")
decoder("tiny/decoder.onnx")
follower("follow/decoder.onnx")
encoder("encoder_other_input.onnx", image="picture")
decoder("decoder_other_mask.onnx", mask="mask_input")
decoder("decoder_other_feature.onnx", level="strength")
outside()
loop("hostile/loop_encoder.onnx")
memory("hostile/memory_encoder.onnx")
shape("hostile/shape_decoder.onnx")
