"""Writes demo_lumbar.json: the demo model's answers on ct_lumbar_crop.nii.gz, by nibabel, NumPy and Python's
onnxruntime. The scan has 1.5 mm voxels, so the crop is a permutation with padding: no resampling."""
import json, pathlib, sys
import nibabel as nib, numpy as np, onnxruntime as ort

here = pathlib.Path(__file__).parent
models = here.parents[2] / "models" / "demo"
ref = json.load(open(here / "spine_ct" / "reference.json"))
image = nib.as_closest_canonical(nib.load(here / "ct_lumbar_crop.nii.gz"))
whole = np.asarray(image.dataobj).astype(np.float32)
start = np.array(ref["crop_start"])
crop = np.zeros((128,) * 3, np.float32)
lo, hi = np.maximum(start, 0), np.minimum(start + 128, whole.shape)
inside = tuple(slice(a - s, b - s) for a, b, s in zip(lo, hi, start))
crop[inside] = whole[tuple(slice(a, b) for a, b in zip(lo, hi))]
fg = crop[crop > 0].astype(np.float64)
x = ((crop - fg.mean()) / fg.std(ddof=1)).astype(np.float32)[None, None]
encoder, decoder = (ort.InferenceSession(models / f"{n}.onnx", providers=["CPUExecutionProvider"]) for n in ("encoder", "decoder"))
features = dict(zip([o.name for o in encoder.get_outputs()], encoder.run(None, {"image": x})))


def upsample(low):
    at = np.clip((np.arange(128) + 0.5) * low.shape[0] / 128 - 0.5, 0, low.shape[0] - 1)
    i = np.floor(at).astype(int)
    j, t = np.minimum(i + 1, low.shape[0] - 1), at - i
    for axis in range(3):
        shape = [1, 1, 1]; shape[axis] = 128
        w = t.reshape(shape)
        low = np.take(low, i, axis) * (1 - w) + np.take(low, j, axis) * w
    return low


low, points, labels, steps = np.zeros((1, 1, 64, 64, 64), np.float32), [], [], []
for step in ref["steps"]:
    points.append(step["point"]); labels.append(step["label"])
    low, iou = decoder.run(["mask_logits", "iou"], dict(features, point_coords=np.array([points], np.float32),
                           point_labels=np.array([labels], np.int64), prev_mask=low))
    steps.append(dict(click_world=step["click_world"], label=step["label"], iou=float(iou.ravel()[0]),
                      logits_mean=float(low.mean(dtype=np.float64)), logits_norm=float(np.linalg.norm(low.astype(np.float64))),
                      voxels=int((upsample(low[0, 0].astype(np.float64))[inside] > 0).sum())))
json.dump(steps, open(here / "demo_lumbar.json", "w"), indent=1)
print(json.dumps(steps, indent=0))
