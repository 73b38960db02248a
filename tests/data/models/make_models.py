"""Writes the models of this folder: a few hundred bytes each, no weights. Needs Python with onnx.

tiny/ is a pair that fulfils the contract in the way the demo model does not: S = 32, float labels, and
arithmetic simple enough to be repeated in a test. With follow/decoder.onnx instead of its decoder the mask is
what is bright, wherever it is clicked. The others are wrong in one point each.

  encoder   features_32 = mean of each 4x4x4 block of the image, level = largest value of the image
  decoder   mask_logits = features_32 - level + 0.5 prev_mask + 0.001 sum(point_coords)
            iou = mean of the labels
  follow/decoder  mask_logits = features_32 - 1 + 0.001 prev_mask, iou = mean of the labels
"""
import pathlib

from onnx import TensorProto as T, checker, helper as h, save

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


encoder("tiny/encoder.onnx")
decoder("tiny/decoder.onnx")
follower("follow/decoder.onnx")
encoder("encoder_other_input.onnx", image="picture")
decoder("decoder_other_mask.onnx", mask="mask_input")
decoder("decoder_other_feature.onnx", level="strength")
